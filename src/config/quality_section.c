/* Section `quality`: rules, and how they make a grade. */
#include "config/load.h"

#include <stdio.h>
#include <string.h>

enum { MOST_RULES = 4096 };

struct rules {
    struct cpl_loading *loading;
    struct cpl_rule_spec *specs;
    struct cpl_named *named;
    size_t n, capacity;
};

static const enum cpl_grade severities[] = {CPL_GRADE_REJECTED, CPL_GRADE_BRONZE, CPL_GRADE_SILVER,
                                            CPL_GRADE_GOLD};

static struct cpl_rule_spec *next_spec(struct rules *rules)
{
    struct cpl_loading *loading = rules->loading;
    if (rules->n == rules->capacity) {
        size_t capacity = rules->capacity ? 2 * rules->capacity : 32;
        struct cpl_rule_spec *specs = cpl_arena_alloc(loading->arena, capacity * sizeof *specs,
                                                      loading->err);
        struct cpl_named *named = cpl_arena_alloc(loading->arena, capacity * sizeof *named,
                                                  loading->err);
        if (!specs || !named)
            return NULL;
        if (rules->n) {
            memcpy(specs, rules->specs, rules->n * sizeof *specs);
            memcpy(named, rules->named, rules->n * sizeof *named);
        }
        rules->specs = specs;
        rules->named = named;
        rules->capacity = capacity;
    }
    return &rules->specs[rules->n];
}

static bool has_id(const struct rules *rules, const char *id)
{
    for (size_t i = 0; i < rules->n; i++)
        if (!strcmp(rules->specs[i].id, id))
            return true;
    return false;
}

/* The id that was given, with the column behind it where one item makes several rules; else kind and column, and a number where that
 * is not enough. */
static const char *make_id(struct rules *rules, const struct cpl_rule_item *item, const char *kind,
                           const char *column, bool several)
{
    char text[320];
    const char *stem = item->id ? item->id : kind;
    if (item->id && !several)
        return item->id;
    int length = snprintf(text, sizeof text - 20, "%.120s%s%.150s", stem, column ? "." : "",
                          column ? column : "");
    for (int i = 2; !item->id && has_id(rules, text) && i < MOST_RULES; i++)
        snprintf(text + length, 20, ".%d", i);
    return cpl_arena_strndup(rules->loading->arena, text, strlen(text), rules->loading->err);
}

static bool add_rule(struct rules *rules, const struct cpl_item *item,
                     const struct cpl_rule_item *beside, const char *column, bool several)
{
    const struct cpl_rule_ops *ops = item->component->ops;
    struct cpl_rule_spec *spec = next_spec(rules);
    const char *id = spec ? make_id(rules, beside, ops->name, column, several) : NULL;
    if (!id)
        return false;
    if (rules->n == MOST_RULES)
        return cpl_tree_fail(item->node, rules->loading->err, CPL_E_LIMIT,
                             "there are more than %d rules", MOST_RULES);
    *spec = (struct cpl_rule_spec){.ops = ops,
                                   .options = item->options,
                                   .id = id,
                                   .message = beside->message,
                                   .column = column,
                                   .severity = severities[beside->severity],
                                   .metric = beside->metric_set ? (enum cpl_metric)beside->metric
                                                                : ops->metric,
                                   .weight = beside->weight,
                                   .node = item->node};
    rules->named[rules->n++] = (struct cpl_named){.name = id, .node = item->node};
    return true;
}

/* The columns of an item whose kind makes a rule of each. */
static const struct cpl_strings *columns_of(const struct cpl_item *item)
{
    const struct cpl_option *row = cpl_option_find(item->component->options, "columns");
    return (const struct cpl_strings *)(const void *)((const char *)item->options + row->offset);
}

static bool check_weight(struct cpl_loading *loading, const struct cpl_node *map, const char *key,
                         double weight)
{
    if (weight >= 0 && weight <= 1e6)
        return true;
    cpl_tree_fail(cpl_tree_place_of(map, key), loading->err, CPL_E_CONFIG,
                  "`%s` is a weight: 0 to 1000000", key);
    return cpl_loading_wrong(loading);
}

static bool load_rule(struct rules *rules, const struct cpl_node *node)
{
    struct cpl_loading *loading = rules->loading;
    struct cpl_rule_item beside = {0};
    struct cpl_item item;
    if (!cpl_load_item(loading, node, CPL_COMPONENT_RULE, cpl_rule_item_options, &beside, &item))
        return false;
    if (!item.component)
        return true;
    if (!check_weight(loading, node, "weight", beside.weight))
        return false;
    const struct cpl_rule_ops *ops = item.component->ops;
    if (!ops->per_column)
        return add_rule(rules, &item, &beside, NULL, false);
    const struct cpl_strings *columns = columns_of(&item);
    for (size_t i = 0; i < columns->n; i++)
        if (!add_rule(rules, &item, &beside, columns->items[i], columns->n > 1))
            return false;
    return true;
}

static bool load_rules(struct cpl_loading *loading, const struct cpl_node *list,
                       struct cpl_grading_config *grading)
{
    struct rules rules = {.loading = loading};
    if (!list || list->kind == CPL_NODE_NULL)
        return true;
    if (list->kind != CPL_NODE_LIST) {
        cpl_tree_fail(list, loading->err, CPL_E_CONFIG,
                      "`rules` is a list: `- not_null: [order_id]`");
        return cpl_loading_wrong(loading);
    }
    for (const struct cpl_node *node = list->first; node; node = node->next)
        if (!load_rule(&rules, node))
            return false;
    grading->rules = rules.specs;
    grading->n_rules = rules.n;
    /* the order of rules stays: names are put into order in a copy */
    struct cpl_named *named =
        rules.n ? cpl_arena_alloc(loading->arena, rules.n * sizeof *named, loading->err) : NULL;
    if (!rules.n)
        return true;
    if (!named)
        return false;
    memcpy(named, rules.named, rules.n * sizeof *named);
    return cpl_names_unique(loading, named, rules.n, "rule");
}

static bool load_weights(struct cpl_loading *loading, const struct cpl_node *map,
                         struct cpl_grading_config *grading)
{
    if (!cpl_options_parse_all(cpl_weight_options, map, "quality.weights", loading->arena,
                               grading->weight, cpl_loading_problems(loading), loading->err))
        return false;
    for (int m = 0; m < CPL_METRICS; m++)
        if (!check_weight(loading, map, cpl_metric_name((enum cpl_metric)m), grading->weight[m]))
            return false;
    return true;
}

static bool load_thresholds(struct cpl_loading *loading, const struct cpl_node *map,
                            struct cpl_grading_config *grading)
{
    double thresholds[2];
    if (!cpl_options_parse_all(cpl_threshold_options, map, "quality.thresholds", loading->arena,
                               thresholds, cpl_loading_problems(loading), loading->err))
        return false;
    grading->gold = thresholds[0];
    grading->silver = thresholds[1];
    if (grading->silver >= 0 && grading->silver <= grading->gold && grading->gold <= 1)
        return true;
    cpl_tree_fail(map, loading->err, CPL_E_CONFIG,
                  "thresholds are scores: 0 <= silver <= gold <= 1");
    return cpl_loading_wrong(loading);
}

bool cpl_load_quality(struct cpl_loading *loading, const struct cpl_node *node,
                      struct cpl_quality_config *quality)
{
    struct cpl_quality_section section;
    if (!cpl_load_section(loading, CPL_SECTION_QUALITY, node, &section))
        return false;
    *quality = (struct cpl_quality_config){.graded = node && node->kind == CPL_NODE_MAP &&
                                                     node->n_children,
                                           .grade = (enum cpl_grade_output)section.grade,
                                           .original = (enum cpl_original)section.original};
    return load_weights(loading, section.weights, &quality->grading) &&
           load_thresholds(loading, section.thresholds, &quality->grading) &&
           load_rules(loading, section.rules, &quality->grading);
}

bool cpl_load_grade_folder(struct cpl_loading *loading, const struct cpl_node *quality,
                           struct cpl_pipeline *pipeline)
{
    struct cpl_strings *keys = &pipeline->sink.partition_by;
    if (!pipeline->quality.graded || pipeline->quality.grade != CPL_GRADE_IN_FOLDER)
        return true;
    if (pipeline->sink.single_file) {
        cpl_tree_fail(cpl_tree_place_of(quality, "grade"), loading->err, CPL_E_CONFIG,
                      "quality.grade: folder makes many files, but sink.path is one file: give a "
                      "directory");
        return cpl_loading_wrong(loading);
    }
    const char **items = cpl_arena_alloc(loading->arena, (keys->n + 1) * sizeof *items,
                                         loading->err);
    if (!items)
        return false;
    items[0] = "_grade";
    for (size_t i = 0; i < keys->n; i++)
        items[i + 1] = keys->items[i];
    *keys = (struct cpl_strings){.items = items, .n = keys->n + 1};
    return true;
}

/* Which tables there are, and how one row reads: what all generators of documentation share. */
#include "config/describe.h"
#include "config/metadata.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const section_summaries[CPL_SECTION_COUNT] = {
    [CPL_SECTION_SOURCE] = "Where rows come from.",
    [CPL_SECTION_SCHEMA] = "Which columns there are, and of which types.",
    [CPL_SECTION_QUALITY] = "What rows must be, and how they are graded.",
    [CPL_SECTION_SINK] = "Where rows land.",
    [CPL_SECTION_LIMITS] = "What a run may use, touch and reject.",
};

static bool add(struct cpl_described_list *list, struct cpl_arena *arena, const char *prefix,
                const char *name, struct cpl_described described, struct cpl_error *err)
{
    size_t size = strlen(prefix) + strlen(name) + 2;
    char *path = cpl_arena_alloc(arena, size, err);
    if (!path)
        return false;
    snprintf(path, size, "%s%s%s", prefix, *prefix ? "." : "", name);
    described.path = path;
    list->items[list->n++] = described;
    return true;
}

static bool add_components(struct cpl_described_list *list, struct cpl_arena *arena,
                           enum cpl_section section, struct cpl_error *err)
{
    static const struct cpl_option none[] = {{.name = NULL}};
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        struct cpl_described described = {.summary = row->summary,
                                          .options = row->options ? row->options : none,
                                          .component = row};
        if (row->kind == cpl_section_formats(section) &&
            !add(list, arena, cpl_section_name(section), row->name, described, err))
            return false;
    }
    return true;
}

/* The kinds of a list's items, and what may stand beside them: "quality.rules[].range", "transform[].filter". */
static bool add_kinds(struct cpl_described_list *list, struct cpl_arena *arena,
                      enum cpl_component_kind kind, struct cpl_error *err)
{
    bool rule = kind == CPL_COMPONENT_RULE;
    const char *path = rule ? "quality.rules[]" : "transform[]";
    const struct cpl_described beside = {
        .summary = rule ? "One rule: its kind with options, and beside it:"
                        : "One step: its kind with options, and beside it:",
        .options = rule ? cpl_rule_item_options : cpl_transform_item_options};
    if (!add(list, arena, "", path, beside, err))
        return false;
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        struct cpl_described described = {
            .summary = row->summary, .options = row->options, .component = row};
        if (row->kind == kind && !add(list, arena, path, row->name, described, err))
            return false;
    }
    return true;
}

bool cpl_described_pipeline(struct cpl_arena *arena, struct cpl_described_list *list,
                            struct cpl_error *err)
{
    size_t most = 1 + CPL_SECTION_COUNT + 4; /* items of rules and steps, weights, thresholds */
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        most++;
    list->n = 0;
    list->items = cpl_arena_alloc(arena, most * sizeof *list->items, err);
    if (!list->items || !add(list, arena, "", "pipeline",
                             (struct cpl_described){.summary = "A pipeline file's top level.",
                                                    .options = cpl_top_options},
                             err))
        return false;
    for (int section = 0; section < CPL_SECTION_COUNT; section++) {
        struct cpl_described described = {.summary = section_summaries[section]};
        described.options = cpl_section_table((enum cpl_section)section, true, arena, err);
        if (!described.options ||
            !add(list, arena, "", cpl_section_name((enum cpl_section)section), described, err) ||
            !add_components(list, arena, (enum cpl_section)section, err))
            return false;
    }
    return add(list, arena, "", "quality.weights",
               (struct cpl_described){.summary = "How much each metric counts in a row's score.",
                                      .options = cpl_weight_options},
               err) &&
           add(list, arena, "", "quality.thresholds",
               (struct cpl_described){.summary = "The least score of each grade.",
                                      .options = cpl_threshold_options},
               err) &&
           add_kinds(list, arena, CPL_COMPONENT_RULE, err) &&
           add_kinds(list, arena, CPL_COMPONENT_TRANSFORM, err);
}

bool cpl_described_metadata(struct cpl_arena *arena, struct cpl_described_list *list,
                            struct cpl_error *err)
{
    const struct cpl_described levels[] = {
        {.path = "metadata",
         .summary = "The file's top level: one group.",
         .options = cpl_metadata_top_options},
        {.path = "source_config",
         .summary = "What all datasets' sources share.",
         .options = cpl_metadata_source_config_options},
        {.path = "source_config.sec_config",
         .summary = "Credentials.",
         .options = cpl_metadata_sec_config_options},
        {.path = "dataset_config[]",
         .summary = "One dataset.",
         .options = cpl_metadata_dataset_options},
        {.path = "dataset_config[].source",
         .summary = "What is read. Options of the files' format may stand here too.",
         .options = cpl_metadata_source_options},
        {.path = "dataset_config[].source.features[]",
         .summary = "One column; a name alone will do.",
         .options = cpl_metadata_feature_options},
        {.path = "dataset_config[].destination",
         .summary = "What is written. Options of the output's format may stand here too.",
         .options = cpl_metadata_destination_options},
    };
    list->n = sizeof levels / sizeof *levels;
    list->items = cpl_arena_alloc(arena, sizeof levels, err);
    if (list->items)
        memcpy(list->items, levels, sizeof levels);
    return list->items != NULL;
}

static void list_values(const char *values, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of `");
    for (; *values && used + 8 < size; values++)
        used += (size_t)snprintf(text + used, size - used, *values == '|' ? "`, `" : "%c", *values);
    snprintf(text + used, size - used, "`");
}

const char *cpl_option_type_text(const struct cpl_option *option, char *text, size_t size)
{
    static const char *const names[] = {
        [CPL_OPTION_BOOL] = "`true` or `false`",
        [CPL_OPTION_INT] = "whole number",
        [CPL_OPTION_SIZE] = "size",
        [CPL_OPTION_DURATION] = "duration",
        [CPL_OPTION_DOUBLE] = "number",
        [CPL_OPTION_STRING] = "text",
        [CPL_OPTION_CHAR] = "character",
        [CPL_OPTION_STRINGS] = "text or list of texts",
        [CPL_OPTION_PAIRS] = "map of texts",
        [CPL_OPTION_NODE] = "map or list",
    };
    if (option->type == CPL_OPTION_ENUM)
        list_values(option->values, text, size);
    else
        snprintf(text, size, "%s", names[option->type]);
    return text;
}

const char *cpl_option_range_text(const struct cpl_option *option, char *text, size_t size)
{
    *text = 0;
    if (!option->min && !option->max)
        return text;
    if (option->max == INT64_MAX)
        snprintf(text, size, "at least %" PRId64, option->min);
    else
        snprintf(text, size, "%" PRId64 " to %" PRId64, option->min, option->max);
    return text;
}

const char *cpl_option_variable(const char *section, const struct cpl_option *option, char *text,
                                size_t size)
{
    *text = 0;
    if (cpl_section_find(section, strlen(section)) == CPL_SECTION_COUNT ||
        option->type == CPL_OPTION_NODE || option->type == CPL_OPTION_PAIRS)
        return text;
    snprintf(text, size, "CUPEL_%s_%s", section, option->name);
    for (char *c = text; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    return text;
}

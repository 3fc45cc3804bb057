/* A list's item that is a component with its options: rules and transforms. */
#include "base/text.h"
#include "config/load.h"

#include <stdio.h>
#include <string.h>

enum { MOST_KINDS = 64 };

/* An error for a key that is neither a kind nor an option that stands beside one. */
static bool unknown_key(struct cpl_loading *loading, enum cpl_component_kind kind,
                        const struct cpl_option *common, const struct cpl_node *key)
{
    const char *names[2 * MOST_KINDS] = {NULL};
    size_t n = 0;
    for (const struct cpl_component *row = cpl_components(); row->name && n < MOST_KINDS; row++)
        if (row->kind == kind)
            names[n++] = row->name;
    for (; common->name && n + 1 < sizeof names / sizeof *names; common++)
        names[n++] = common->name;
    const char *near = cpl_nearest(key->key, names);
    const char *what = cpl_component_kind_name(kind);
    if (near)
        return cpl_tree_fail(key, loading->err, CPL_E_CONFIG,
                             "there is no %s `%.80s`; did you mean `%s`?", what, key->key, near);
    return cpl_tree_fail(key, loading->err, CPL_E_CONFIG,
                         "there is no %s `%.80s`; `cupel describe` lists those of this build", what,
                         key->key);
}

/* The item's members but the component's own, for the options beside it. */
static struct cpl_node *without(struct cpl_loading *loading, const struct cpl_node *map,
                                const struct cpl_node *left_out)
{
    struct cpl_node *rest = cpl_make_node(loading, CPL_NODE_MAP, map, map->key, NULL);
    struct cpl_node **tail = rest ? &rest->first : NULL;
    for (const struct cpl_node *child = map->first; rest && child; child = child->next) {
        struct cpl_node *copy = child == left_out ? NULL
                                                  : cpl_make_alias(loading, child, child->key);
        if (child != left_out && !copy)
            return NULL;
        if (copy)
            cpl_make_item(rest, &tail, copy);
    }
    return rest;
}

/* *value: the member that names a component, if all members are known and exactly one does. */
static bool find_component(struct cpl_loading *loading, const struct cpl_node *node,
                           enum cpl_component_kind kind, const struct cpl_option *common,
                           const struct cpl_component **component, const struct cpl_node **value)
{
    const char *what = cpl_component_kind_name(kind);
    *component = NULL;
    if (node->kind != CPL_NODE_MAP)
        return cpl_tree_fail(
            node, loading->err, CPL_E_CONFIG,
            "a %s is written as its kind with its options: `kind: {option: value}`", what);
    for (const struct cpl_node *child = node->first; child; child = child->next) {
        const struct cpl_component *row = cpl_component_find(kind, child->key);
        if (!row && !cpl_option_find(common, child->key))
            return unknown_key(loading, kind, common, child);
        if (row && *component)
            return cpl_tree_fail(child, loading->err, CPL_E_CONFIG,
                                 "`%s` stands beside `%s`: each %s is an item of its own",
                                 row->name, (*component)->name, what);
        if (row) {
            *component = row;
            *value = child;
        }
    }
    return *component ||
           cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "the item names no kind of %s", what);
}

/* Is a map the shorthand's own value, `rename: {old: new}`, and not the options? */
static bool is_own_map(const struct cpl_component *component, const struct cpl_node *map)
{
    const struct cpl_option *own = cpl_option_find(component->options, component->shorthand);
    if (map->kind != CPL_NODE_MAP || own->type != CPL_OPTION_PAIRS)
        return false;
    for (const struct cpl_node *child = map->first; child; child = child->next)
        if (!cpl_option_find(component->options, child->key))
            return true;
    const struct cpl_node *given = cpl_tree_get(map, own->name);
    return given && given->kind == CPL_NODE_SCALAR; /* a column of the option's name */
}

/* `not_null: [a, b]` for `not_null: {columns: [a, b]}`. */
static const struct cpl_node *long_form(struct cpl_loading *loading,
                                        const struct cpl_component *component,
                                        const struct cpl_node *value)
{
    bool is_short = value->kind == CPL_NODE_SCALAR || value->kind == CPL_NODE_LIST;
    if (!component->shorthand || (!is_short && !is_own_map(component, value)))
        return value;
    struct cpl_node *map = cpl_make_node(loading, CPL_NODE_MAP, value, value->key, NULL);
    struct cpl_node *member = map ? cpl_make_alias(loading, value, component->shorthand) : NULL;
    if (!member)
        return NULL;
    cpl_make_member(map, member);
    return map;
}

static bool parse_options(struct cpl_loading *loading, struct cpl_item *item, const char *where)
{
    const struct cpl_component *component = item->component;
    const char *key = NULL;
    struct cpl_error why = {0};
    size_t problems = loading->n_problems;
    item->options = cpl_arena_alloc(loading->arena, component->options_size + 1, loading->err);
    if (!item->options)
        return false;
    memset(item->options, 0, component->options_size);
    if (!cpl_options_parse_all(component->options, item->value, where, loading->arena,
                               item->options, cpl_loading_problems(loading), loading->err))
        return false;
    if (problems == loading->n_problems && component->check &&
        !component->check(item->options, &key, &why)) {
        cpl_tree_fail(key ? cpl_tree_place_of(item->value, key) : item->value, loading->err,
                      why.code, "%s: %s", where, why.message);
        if (!cpl_loading_wrong(loading))
            return false;
    }
    if (problems != loading->n_problems)
        item->component = NULL;
    return true;
}

bool cpl_load_item(struct cpl_loading *loading, const struct cpl_node *node,
                   enum cpl_component_kind kind, const struct cpl_option *common, void *beside,
                   struct cpl_item *found)
{
    char where[80];
    *found = (struct cpl_item){.node = node};
    if (!find_component(loading, node, kind, common, &found->component, &found->value)) {
        found->component = NULL;
        return cpl_loading_wrong(loading);
    }
    const struct cpl_node *rest = without(loading, node, found->value);
    found->value = rest ? long_form(loading, found->component, found->value) : NULL;
    if (!found->value)
        return false;
    cpl_text_set(where, sizeof where, "%s", found->component->name);
    size_t problems = loading->n_problems;
    if (!cpl_options_parse_all(common, rest, cpl_component_kind_name(kind), loading->arena, beside,
                               cpl_loading_problems(loading), loading->err) ||
        !parse_options(loading, found, where))
        return false;
    if (problems != loading->n_problems)
        found->component = NULL;
    return true;
}

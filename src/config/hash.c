/* config_hash: which configuration a run had, without saying what its secrets were.
 *
 * XXH3-128 over the pipeline's tree after overrides: kinds, keys, texts with their lengths. A
 * secret value enters as it was written (`${DB_PASSWORD}`); one of an option marked secret does not
 * enter at all. Left out as well: what never changes what is written (limits.memory, .threads,
 * .spill), null members, order of lines and quotes. */
#include "config/load.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static bool table_has_secret(const struct cpl_option *table, const char *key)
{
    const struct cpl_option *row = table ? cpl_option_find(table, key) : NULL;
    return row && row->flags & CPL_OPTION_SECRET;
}

/* An option of a step: transform[].hash.salt */
static bool is_step_secret(const struct cpl_node *node)
{
    const struct cpl_node *kind = node->parent, *list = kind->parent->parent;
    if (!kind->key || !list->key || strcmp(list->key, "transform") != 0)
        return false;
    const struct cpl_component *component = cpl_component_find(CPL_COMPONENT_TRANSFORM, kind->key);
    return component && table_has_secret(component->options, node->key);
}

/* Is the value of `node` one of an option marked secret: sink.password, source.csv.token, or a step's. */
static bool is_secret(const struct cpl_loading *loading, const struct cpl_node *node, int depth)
{
    if (depth < 2 || depth > 4 || !node->key)
        return false;
    if (depth == 4)
        return is_step_secret(node);
    const struct cpl_node *section_node = depth == 2 ? node->parent : node->parent->parent;
    if (!section_node->key)
        return false;
    enum cpl_section section = cpl_section_find(section_node->key, strlen(section_node->key));
    if (section == CPL_SECTION_COUNT)
        return false;
    if (depth == 2)
        return table_has_secret(loading->tables[section], node->key);
    const struct cpl_component *component = cpl_component_find(cpl_section_formats(section),
                                                               node->parent->key);
    return component && table_has_secret(component->options, node->key);
}

static bool leaves_output_alone(const struct cpl_node *node)
{
    const char *section = node->parent && node->parent->key ? node->parent->key : "";
    return !strcmp(section, "limits") &&
           (!strcmp(node->key, "memory") || !strcmp(node->key, "threads") ||
            !strcmp(node->key, "spill"));
}

static void add_text(XXH3_state_t *state, char tag, const char *text)
{
    char head[32];
    int n = snprintf(head, sizeof head, "%c%zu:", tag, strlen(text));
    XXH3_128bits_update(state, head, (size_t)n);
    XXH3_128bits_update(state, text, strlen(text));
}

/* Nothing of a member enters: it is null, leaves the output alone, or is a map of such. */
static bool is_silent(const struct cpl_node *node)
{
    if (!node->key || node->kind == CPL_NODE_NULL)
        return node->key != NULL;
    if (leaves_output_alone(node))
        return true;
    if (node->kind != CPL_NODE_MAP)
        return false;
    for (const struct cpl_node *child = node->first; child; child = child->next)
        if (!is_silent(child))
            return false;
    return true;
}

static void add_node(const struct cpl_loading *loading, XXH3_state_t *state,
                     const struct cpl_node *node, int depth)
{
    if (is_silent(node))
        return;
    if (node->key)
        add_text(state, 'k', node->key);
    if (is_secret(loading, node, depth))
        return;
    switch (node->kind) {
    case CPL_NODE_NULL:
        XXH3_128bits_update(state, "n", 1);
        return;
    case CPL_NODE_SCALAR:
        add_text(state, node->secret ? 'x' : 's', cpl_tree_shown(node));
        return;
    case CPL_NODE_LIST:
    case CPL_NODE_MAP:
        break;
    }
    XXH3_128bits_update(state, node->kind == CPL_NODE_LIST ? "[" : "{", 1);
    for (const struct cpl_node *child = node->first; child; child = child->next)
        add_node(loading, state, child, depth + 1);
    XXH3_128bits_update(state, "]", 1);
}

bool cpl_load_hash(struct cpl_loading *loading, const struct cpl_node *root, char hash[40])
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return cpl_fail(loading->err, CPL_E_MEMORY, "out of memory");
    XXH3_128bits_reset(state);
    add_node(loading, state, root, 0);
    XXH128_hash_t value = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(hash, 40, "xxh3:%016llx%016llx", (unsigned long long)value.high64,
             (unsigned long long)value.low64);
    return true;
}

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
    const struct cpl_option *row = cpl_option_find(table, key);
    return row && row->flags & CPL_OPTION_SECRET;
}

/* Some table calls an option of this name secret: better one too many than one too few. */
static bool is_secret_key(const struct cpl_loading *loading, const char *key)
{
    for (int section = 0; section < CPL_SECTION_COUNT; section++)
        if (table_has_secret(loading->tables[section], key))
            return true;
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (table_has_secret(row->options, key))
            return true;
    return false;
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

static void add_node(const struct cpl_loading *loading, XXH3_state_t *state,
                     const struct cpl_node *node)
{
    if (node->key) {
        if (node->kind == CPL_NODE_NULL || leaves_output_alone(node))
            return;
        add_text(state, 'k', node->key);
        if (is_secret_key(loading, node->key))
            return;
    }
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
        add_node(loading, state, child);
    XXH3_128bits_update(state, "]", 1);
}

bool cpl_load_hash(struct cpl_loading *loading, const struct cpl_node *root, char hash[40])
{
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return cpl_fail(loading->err, CPL_E_MEMORY, "out of memory");
    XXH3_128bits_reset(state);
    add_node(loading, state, root);
    XXH128_hash_t value = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(hash, 40, "xxh3:%016llx%016llx", (unsigned long long)value.high64,
             (unsigned long long)value.low64);
    return true;
}

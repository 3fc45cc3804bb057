/* Nodes that no parser made. */
#include "config/load.h"

#include <string.h>

struct cpl_node *cpl_make_node(struct cpl_loading *loading, enum cpl_node_kind kind,
                               const struct cpl_node *origin, const char *key, const char *text)
{
    struct cpl_node *node = cpl_arena_alloc(loading->arena, sizeof *node, loading->err);
    if (!node)
        return NULL;
    *node = (struct cpl_node){.kind = kind, .key = key, .text = text};
    if (origin) {
        node->file = origin->file;
        node->line = origin->line;
        node->column = origin->column;
        node->secret = origin->secret;
        node->open = origin->open;
        node->written = origin->written;
    }
    return node;
}

struct cpl_node *cpl_make_alias(struct cpl_loading *loading, const struct cpl_node *from,
                                const char *key)
{
    struct cpl_node *node = cpl_make_node(loading, from->kind, from, key, from->text);
    if (node) {
        node->quoted = from->quoted;
        node->first = from->first;
        node->n_children = from->n_children;
    }
    return node;
}

void cpl_make_member(struct cpl_node *parent, struct cpl_node *child)
{
    struct cpl_node **at = &parent->first;
    while (*at && strcmp((*at)->key, child->key))
        at = &(*at)->next;
    child->next = *at ? (*at)->next : NULL;
    parent->n_children += *at == NULL;
    child->parent = parent;
    *at = child;
}

void cpl_make_item(struct cpl_node *list, struct cpl_node ***tail, struct cpl_node *item)
{
    item->parent = list;
    item->next = NULL;
    **tail = item;
    *tail = &item->next;
    list->n_children++;
}

bool cpl_make_text(struct cpl_loading *loading, struct cpl_node *map, const char *key,
                   const char *text, const struct cpl_node *origin)
{
    if (!text)
        return true;
    struct cpl_node *node = cpl_make_node(loading, CPL_NODE_SCALAR, origin, key, text);
    if (node)
        cpl_make_member(map, node);
    return node != NULL;
}

const struct cpl_node *cpl_tree_place_of(const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = cpl_tree_get(map, key);
    return node ? node : map;
}

/* What the YAML and the JSON reader share: making nodes within the limits, and refusing doubled
 * keys.
 *
 * Only base/tree*.c include this. A reader makes a node, hangs it behind its elder sibling through
 * a tail pointer of its own, and calls cpl_tree_check_keys when a map is complete. Threads: a
 * builder belongs to one parse. */
#pragma once
#include "base/tree.h"

enum {
    CPL_TREE_MAX_DEPTH = 64,
    CPL_TREE_MAX_BYTES = 16 << 20,
    CPL_TREE_MAX_NODES = 1000000,
    CPL_TREE_MAX_ANCHORS = 256,
};

struct cpl_tree_builder {
    struct cpl_arena *arena;
    const char *file;
    struct cpl_error *err;
    struct cpl_problems *problems; /* of doubled keys; NULL: the first ends the reading */
    size_t n_nodes, max_nodes;
    const struct cpl_tree_items *items; /* JSON: lists whose items are handed out */
    size_t n_items;
};
/* A place in the text, 1-based; columns count characters. */
struct cpl_tree_place {
    uint32_t line, column;
};

/* A new node without a parent; NULL when a limit or memory stops it. */
struct cpl_node *cpl_tree_node(struct cpl_tree_builder *builder, enum cpl_node_kind kind,
                               struct cpl_tree_place place);
/* Append to `parent` behind *tail (start with &parent->first). */
void cpl_tree_append(struct cpl_node *parent, struct cpl_node ***tail, struct cpl_node *child);
/* Refuse a key that occurs twice in `map`, at the second one's place. */
bool cpl_tree_check_keys(struct cpl_tree_builder *builder, const struct cpl_node *map) CPL_CHECKED;
/* CONFIG error at a place; returns false. */
bool cpl_tree_fail_at(struct cpl_tree_builder *builder, struct cpl_tree_place place,
                      const char *format, ...) CPL_PRINTF(3, 4);

/* The documents, linked by .next. */
bool cpl_tree_read_yaml(struct cpl_tree_builder *builder, const char *text, size_t length,
                        struct cpl_node **documents) CPL_CHECKED;
bool cpl_tree_read_json(struct cpl_tree_builder *builder, const char *text, size_t length,
                        struct cpl_node **document) CPL_CHECKED;

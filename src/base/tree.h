/* A parsed document — YAML or JSON — as a tree that remembers where everything stood.
 *
 * Scalars keep their text; `quoted` tells "5" from 5. Keys keep their order; a doubled key is an
 * error. The whole tree lives in one arena. Depth and size are bounded (64 levels, 16 MiB, 1 M
 * nodes; YAML aliases expand within them). Threads: read-only after parsing. */
#pragma once
#include "base/memory.h"

enum cpl_node_kind { CPL_NODE_NULL, CPL_NODE_SCALAR, CPL_NODE_LIST, CPL_NODE_MAP };
struct cpl_node {
    enum cpl_node_kind kind;
    bool quoted; /* SCALAR: written in quotes, so always a string */
    bool secret; /* came from ${…} with file/exec/env, or an option marked secret: never print it */
    bool open; /* secret, but what takes words or numbers may show it: the variable of an option */
    const char *key;  /* in a map: the member's name, else NULL */
    const char *text; /* SCALAR: its value, NUL-terminated (an embedded NUL is an error) */
    const char
        *written;     /* SCALAR that is secret: the text with its ${…}, safe to show; else NULL */
    const char *file; /* for messages */
    uint32_t line, column;  /* 1-based, of the value (of the key for maps' members) */
    struct cpl_node *first; /* LIST, MAP: children in order */
    struct cpl_node *next;
    struct cpl_node *parent;
    uint32_t n_children;
};

/* Every document of a YAML stream, or the one of a JSON text; `file` is copied. YAML is YAML 1.1
 * with 1.2's booleans (true/false only), merge keys (`<<: *defaults`), and no tags but !!str !!int
 * !!float !!bool !!null !!map !!seq. JSON has a strict parser of its own (RFC 8259; no doubled
 * keys, no lone surrogates, no U+0000). A name ending in .json is JSON, one in .yaml or .yml is
 * YAML; any other is JSON when its first byte past brackets and blanks is a quote, brace or
 * bracket. */
struct cpl_node **cpl_tree_parse(const char *text, size_t length, const char *file,
                                 struct cpl_arena *arena, size_t *n_documents,
                                 struct cpl_error *err) CPL_CHECKED;
/* The same; a doubled key is told to `problems` (option.h; NULL: it is the error), and reading goes on. */
struct cpl_problems;
struct cpl_node **cpl_tree_parse_all(const char *text, size_t length, const char *file,
                                     struct cpl_problems *problems, struct cpl_arena *arena,
                                     size_t *n_documents, struct cpl_error *err) CPL_CHECKED;
/* One JSON text of a size that the caller has checked, with limits of its own: for what this program has written. */
struct cpl_node *cpl_tree_parse_json(const char *text, size_t length, const char *file,
                                     size_t max_nodes, struct cpl_arena *arena,
                                     struct cpl_error *err) CPL_CHECKED;
/* The same, but for long lists: the items of the top map's member `key` are handed to `take` as they are met, and forgotten behind it;
 * the list in the tree knows only how many there were. `take` tells its error itself. */
struct cpl_tree_items {
    const char *key;
    bool (*take)(void *context, const struct cpl_node *item);
    void *context;
};
struct cpl_node *cpl_tree_parse_json_items(const char *text, size_t length, const char *file,
                                           size_t max_nodes, const struct cpl_tree_items *items,
                                           size_t n_items, struct cpl_arena *arena,
                                           struct cpl_error *err) CPL_CHECKED;
const struct cpl_node *cpl_tree_get(const struct cpl_node *map,
                                    const char *key); /* NULL when absent or not a map */
/* Of a list's item `{kind: {key: value}, …}`: the option, else the kind's value, else the item itself. NULL of NULL. */
const struct cpl_node *cpl_tree_option(const struct cpl_node *item, const char *kind,
                                       const char *key);
/* cpl_fail with "file:line:column: " in front. */
bool cpl_tree_fail(const struct cpl_node *node, struct cpl_error *err, enum cpl_code code,
                   const char *format, ...) CPL_PRINTF(4, 5);
/* What a message may show of a scalar: its text, or as it was written when secret. Never NULL. */
const char *cpl_tree_shown(const struct cpl_node *node);
/* "section.key[2].name" of a node, for messages. */
bool cpl_tree_path(const struct cpl_node *node, struct cpl_buffer *out,
                   struct cpl_error *err) CPL_CHECKED;
/* The candidate nearest to `word` (edit distance ≤ 1/3 of its length, or a shared prefix), or NULL.
 * Candidates NULL-terminated. */
const char *cpl_nearest(const char *word, const char *const *candidates);

/* ---- writing JSON, for receipts, plans, results and logs ---- */
struct cpl_json_writer {
    struct cpl_buffer *out;
    struct cpl_error *err;
    bool failed, comma;
    int indent, depth; /* at most 64 deep */
    uint64_t lists;    /* bit d: level d is a list */
};
/* indent 0 = one line. Check cpl_json_end at last: true when nothing failed. */
void cpl_json_begin(struct cpl_json_writer *writer, struct cpl_buffer *out, int indent,
                    struct cpl_error *err);
void cpl_json_object(struct cpl_json_writer *writer,
                     const char *key); /* key NULL inside lists and at the top */
void cpl_json_list(struct cpl_json_writer *writer, const char *key);
void cpl_json_close(struct cpl_json_writer *writer); /* the innermost object or list */
void cpl_json_string(struct cpl_json_writer *writer, const char *key,
                     const char *value); /* NULL value → null */
void cpl_json_bytes(struct cpl_json_writer *writer, const char *key, const void *data,
                    size_t size); /* invalid UTF-8 → U+FFFD */
void cpl_json_int(struct cpl_json_writer *writer, const char *key, int64_t value);
void cpl_json_uint(struct cpl_json_writer *writer, const char *key, uint64_t value);
void cpl_json_double(struct cpl_json_writer *writer, const char *key, double value);
void cpl_json_bool(struct cpl_json_writer *writer, const char *key, bool value);
void cpl_json_raw(struct cpl_json_writer *writer, const char *key, const char *json);
/* A node under its own key, all scalars as strings. */
void cpl_json_node(struct cpl_json_writer *writer, const struct cpl_node *node);
bool cpl_json_end(struct cpl_json_writer *writer);

/* One row of JSON text, straight into columns: no document tree is built in between.
 *
 *   row text ─▶ key predicted? ─yes─▶ value parsed in place ─▶ builder of the key's node
 *                    │no
 *                    ▼ read the key, look it up, remember its bytes for the next row
 *
 * A row that fails leaves the builders with a part of it: the caller truncates them to the rows
 * before. The fault, its place and its node are in the walk. Threads: one walk a decoder. */
#pragma once
#include "decode/json_lex.h"
#include "decode/json_node.h"

enum json_duplicates { JSON_DUPLICATES_REJECT, JSON_DUPLICATES_FIRST, JSON_DUPLICATES_LAST };
enum json_unknown { JSON_UNKNOWN_ADD, JSON_UNKNOWN_IGNORE, JSON_UNKNOWN_REJECT };

struct json_walk {
    struct json_lex lex;
    struct cpl_arena *arena;  /* unescaped strings of the batch */
    struct cpl_arena scratch; /* unescaped keys, map checks; reset by the caller with the batch */
    struct cpl_error *err;    /* for JSON_MEMORY */
    const struct json_node *node; /* where the fault is */
    bool widenable;               /* the fault asks for a wider schema */
    enum json_duplicates duplicates;
    enum json_unknown unknown;     /* fields that a column's struct lacks */
    enum json_unknown unknown_top; /* fields that no column stands for */
};

/* Append the row at p (no white space before it); returns behind it, or NULL and lex.fault. */
const uint8_t *json_walk_row(struct json_walk *walk, struct json_node *root, const uint8_t *p);

/* The schema as the walker sees it: a tree of expected keys, each leading to a column's builder.
 *
 *   schema: id int64, user struct<name: string>        flatten: id int64, user.name string
 *   root OBJECT ─┬─ "id"   INT ──▶ builder 0            root OBJECT ─┬─ "id"   INT ──▶ builder 0
 *                └─ "user" OBJECT ─▶ builder 1                       └─ "user" OBJECT (no builder)
 *                     └─ "name" STRING ─▶ its child                       └─ "name" STRING ─▶
 * builder 1
 *
 * Keys are predicted: an object's node remembers which member came first in the last object, a
 * member which one followed it, and the very bytes ("lead") between the comma before and the value
 * behind. If these bytes are there again, the key is known without being read.
 *
 * Nodes belong to one decoder: predictions change with every row. */
#pragma once
#include "batch/builder.h"
#include "decode/decoder.h"
#include "decode/json_keys.h"

enum json_op {
    JSON_OP_SKIP,
    JSON_OP_OBJECT,
    JSON_OP_LIST,
    JSON_OP_MAP,
    JSON_OP_BOOL,
    JSON_OP_INT,
    JSON_OP_UINT,
    JSON_OP_DECIMAL64,
    JSON_OP_DECIMAL128,
    JSON_OP_DOUBLE,
    JSON_OP_FLOAT,
    JSON_OP_STRING,
    JSON_OP_BINARY,
    JSON_OP_DOCUMENT,
    JSON_OP_UUID,
    JSON_OP_DATE,
    JSON_OP_TIME,
    JSON_OP_TIMESTAMP,
};
enum { JSON_LEAD_MAX = 48, JSON_NO_LEAD = 0xFF };

struct json_node {
    uint8_t op;               /* enum json_op */
    uint8_t width;            /* INT, UINT: bytes of a value */
    uint8_t scale, precision; /* DECIMAL* */
    bool nullable;
    bool inferred;       /* a value that does not fit asks for a wider type */
    uint8_t lead_length; /* JSON_NO_LEAD: not known */
    uint8_t lead[JSON_LEAD_MAX];
    struct json_node *next;      /* the member that followed last time */
    struct json_node *first;     /* OBJECT: the member that came first last time */
    uint64_t seen;               /* `instance` of the parent when last met */
    uint64_t instance;           /* OBJECT: objects begun so far */
    struct cpl_builder *builder; /* NULL: OBJECT without a column, SKIP */
    struct json_keys keys;       /* OBJECT: members' names */
    struct json_node *children;
    uint32_t n_children, capacity;
    uint32_t depth;     /* containers around the value */
    int64_t min;        /* INT */
    uint64_t max;       /* INT, UINT */
    const char *format; /* DATE, TIME, TIMESTAMP: how they are written; NULL = ISO 8601 */
    const struct cpl_text_check *check; /* STRING; NULL = any text */
    const char *name;
    const struct json_node *parent;
    const struct cpl_field *field; /* NULL without a column */
    const struct cpl_field
        *column; /* the top-level field this is part of, NULL for OBJECTs without a column */
};

struct json_tree_plan {
    const struct cpl_schema *schema;
    const struct cpl_column_plan *columns; /* NULL: all declared */
    struct cpl_builder *builders;          /* schema->n_fields of them */
    const char *separator;                 /* of flattened names; NULL = not flattened */
    int document;                          /* field that takes the row's own text, or -1 */
    bool row_is_value;                     /* field 0 is the row itself, whatever kind of value */
};
/* The tree, in `arena`. NULL on failure. */
struct json_node *json_node_tree(const struct json_tree_plan *plan, struct cpl_arena *arena,
                                 struct cpl_error *err);
/* "user.tags" of a node, into `out`; "" for the root. */
void json_node_path(const struct json_node *node, char *out, size_t size);

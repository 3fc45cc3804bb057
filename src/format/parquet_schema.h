/* Between a cpl_schema and Parquet's list of SchemaElements, both ways (LogicalTypes.md).
 *
 * Writing gives three-level lists and maps, logical types with their converted twins, and field
 * ids. Reading also takes what old writers left: two-level lists, unannotated repeated fields,
 * MAP_KEY_VALUE, converted types only, INT96. Second-unit times and timestamps are written as
 * milliseconds and so come back as such; a map without values is read as a list of its keys.
 *
 * Levels, for shredding and assembly, hang in a tree of nodes that follows the fields:
 *     definition level of an entry ≥ node.def         the value is there (not null)
 *                                  ≥ node.element_def  a list or map has an element here
 *     repetition level = node.rep                      a further element of this list or map
 * Leaves stand in the order of the file's columns. Everything lives in the arena. */
#pragma once
#include "format/parquet.h"

struct cpl_parquet_leaf {
    const struct cpl_field *field; /* the leaf's own: "element" inside a list */
    const struct cpl_parquet_element *element;
    const struct cpl_bytes *path; /* path_in_schema */
    uint32_t n_path;
    uint32_t column; /* index in row_group.columns */
    int16_t max_def, max_rep;
    enum cpl_parquet_type type;
    int32_t type_length; /* FIXED_LEN_BYTE_ARRAY */
    bool
        in_nullable_struct; /* required itself, but null where its struct is (no list in between) */
    const char *unreadable; /* why this column cannot be read; NULL = it can */
};
struct cpl_parquet_node {
    const struct cpl_field *field;
    int16_t def;         /* definition level from which the value is not null */
    int16_t element_def; /* LIST, MAP: definition level from which an element exists */
    int16_t
        rep; /* LIST, MAP: repetition level of further elements; others: of the enclosing list */
    uint32_t leaf, n_leaves;           /* the leaves beneath, consecutive; a leaf: itself */
    struct cpl_parquet_node *children; /* field->type.n_children of them */
};
struct cpl_parquet_schema {
    const struct cpl_parquet_element *elements; /* for FileMetaData.schema */
    uint32_t n_elements;
    const struct cpl_field *fields;
    uint32_t n_fields;
    struct cpl_parquet_node *nodes; /* n_fields of them */
    struct cpl_parquet_leaf *leaves;
    uint32_t n_leaves;
};

/* For writing. `schema` is borrowed: the fields pointed to are its own. A map's key is always
 * REQUIRED, whatever the field says (a null key is the caller's error). UNSUPPORTED for a struct
 * without members. */
bool cpl_parquet_schema_of(const struct cpl_schema *schema, struct cpl_arena *arena,
                           struct cpl_parquet_schema *out, struct cpl_error *err) CPL_CHECKED;
/* For reading. `elements` is borrowed (FileMetaData.schema). DATA when they are no tree. */
bool cpl_parquet_schema_parse(const struct cpl_parquet_element *elements, uint32_t n,
                              struct cpl_arena *arena, struct cpl_parquet_schema *out,
                              struct cpl_error *err) CPL_CHECKED;
/* "a.list.element" of a leaf; cut when it does not fit. */
const char *cpl_parquet_leaf_path(const struct cpl_parquet_leaf *leaf, char *text, size_t size);
/* The way to a leaf: a field of the schema, then children (n_path of them at most). How many. */
uint32_t cpl_parquet_leaf_steps(const struct cpl_parquet_schema *schema, uint32_t leaf,
                                uint32_t *steps);
/* Bytes of FIXED_LEN_BYTE_ARRAY that hold every decimal of so many digits: 38 → 16. */
int32_t cpl_parquet_decimal_length(int precision);

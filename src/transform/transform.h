/* Transforms: rows in, rows out, in the order in which a pipeline lists them.
 *
 * A kind (rename, derive, filter …) is one `const struct cpl_transform_ops` at its file's end, a table of options, and a line in src/registry.c.
 *
 *   options ──bind(schema in)──▶ transform, schema out ──apply(batch)──▶ batch
 *
 * bind says what the rows will look like, before any is read; a mistake (a column that is not there, a clash of types) is found then. apply
 * must be a function of the row, the options and the environment. What it can't do with a row, because a value does not fit, is the
 * row's fault: by the `on_error` of its options the row is rejected, with its bytes, or the value made null where the user said so.
 *
 * Rows: `keep` of the result names the rows that stay (ascending; NULL = all): a filter. The caller drops the others and counts them. No kind makes
 * rows of rows yet: one that does must give each the origin of the row that it came from, and be counted (account.h, derived).
 *
 * Memory: columns that are not touched are handed on as they are; new ones live in the worker's arena until the next batch.
 * Threads: a bound transform is read-only and shared; `struct cpl_transform_scratch` is a worker's. */
#pragma once
#include "base/option.h"
#include "expression/expression.h"

struct cpl_transform_env {
    struct cpl_expression_env expression;
};
struct cpl_transform_scratch {
    struct cpl_evaluator *evaluator;
    struct cpl_arena arena; /* until the batch is done */
};
/* A row that the transform cannot do, for the reject list. */
struct cpl_transform_fault {
    uint32_t row;
    const char *column;  /* schema-owned; NULL = the whole row */
    const char *message; /* in the arena */
};
struct cpl_transformed {
    struct cpl_batch *batch; /* of the schema out; may be the one that came in, changed */
    const uint32_t *keep;    /* NULL = all; else `n_keep` rows of the batch */
    uint32_t n_keep;
    const struct cpl_transform_fault
        *faults; /* ascending by row; these rows are rejected, and are not in `keep` */
    uint32_t n_faults;
};
struct cpl_transform_ops {
    const char *name, *summary, *example;
    const struct cpl_option *options;
    size_t options_size;
    const char *shorthand; /* the option that a value sets which is no map; NULL = none */
    bool filters;          /* rows that it drops are filtered, not lost: counted under its id */
    bool (*check_options)(const void *options, const char **key, struct cpl_error *why);
    /* The schema out is made with cpl_schema_new and freed by the caller. */
    bool (*bind)(const void *options, const struct cpl_schema *in,
                 const struct cpl_transform_env *env, void **transform, struct cpl_schema **out,
                 const char **key, struct cpl_error *err);
    void (*unbind)(void *transform);
    bool (*apply)(const void *transform, struct cpl_transform_scratch *scratch,
                  struct cpl_batch *batch, struct cpl_transformed *result, struct cpl_error *err);
};

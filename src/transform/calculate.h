/* Columns that are calculated from others: what derive and the kinds that replace columns have in common.
 *
 *   pairs: column, expression ──bind──▶ compiled, schema out ──step──▶ columns, rows at fault
 *
 * A column that is there is replaced where it stands, another comes last; all expressions look at the columns that came in. Kinds
 * whose options are no expressions have theirs written for them (cpl_calculate_written): names and texts are quoted, so that
 * no option can become a piece of an expression.
 *
 * Threads: as transform.h says. */
#pragma once
#include "expression/quoted.h"
#include "transform/transform.h"

/* ---- of cpl_transform_ops ---- */
bool cpl_calculate_bind(const struct cpl_pairs *columns, bool null_on_error,
                        const struct cpl_schema *in, const struct cpl_transform_env *env,
                        void **transform, struct cpl_schema **out,
                        struct cpl_error *err) CPL_CHECKED;
void cpl_calculate_unbind(void *transform);
bool cpl_calculate_step(const void *transform, struct cpl_transform_scratch *scratch,
                        struct cpl_batch *batch, struct cpl_transformed *result,
                        struct cpl_error *err);

/* ---- expressions that are written ---- */
/* Appends the expression of a column; `value` is its pair's, NULL where the option is a list. */
typedef bool cpl_calculate_write(const void *options, const struct cpl_field *field,
                                 const char *value, struct cpl_buffer *text, struct cpl_error *err);
/* cpl_calculate_bind for columns that are there. */
bool cpl_calculate_written(const struct cpl_pairs *columns, cpl_calculate_write *write,
                           const void *options, bool null_on_error, const struct cpl_schema *in,
                           const struct cpl_transform_env *env, void **transform,
                           struct cpl_schema **out, struct cpl_error *err) CPL_CHECKED;
bool cpl_calculate_each(const struct cpl_strings *columns, cpl_calculate_write *write,
                        const void *options, const struct cpl_schema *in,
                        const struct cpl_transform_env *env, void **transform,
                        struct cpl_schema **out, struct cpl_error *err) CPL_CHECKED;
/* The column as text: itself, or cast. */
bool cpl_put_column_text(struct cpl_buffer *text, const struct cpl_field *field,
                         struct cpl_error *err) CPL_CHECKED;

/* What transforms share that only choose, order and name columns: a batch with other columns in front of the same rows.
 *
 * Threads: as transform.h says. */
#pragma once
#include "transform/transform.h"

struct cpl_columns_plan {
    uint32_t *from; /* per column out: which column in; UINT32_MAX = one that apply fills in */
    uint32_t n;
    struct cpl_schema *schema; /* out; borrowed */
};
/* The column's index; CONFIG that names the nearest otherwise. */
bool cpl_transform_column(const struct cpl_schema *schema, const char *name, uint32_t *column,
                          struct cpl_error *err) CPL_CHECKED;
/* A new batch in the scratch's arena: the same rows and origins, columns as planned. */
struct cpl_batch *cpl_columns_apply(const struct cpl_columns_plan *plan,
                                    struct cpl_transform_scratch *scratch,
                                    const struct cpl_batch *batch,
                                    struct cpl_error *err) CPL_CHECKED;
/* A plan of the columns named in `from` (n of them), with the fields given; the schema is made. */
bool cpl_columns_plan_init(struct cpl_columns_plan *plan, const struct cpl_field *fields,
                           const uint32_t *from, uint32_t n, struct cpl_schema **schema,
                           struct cpl_error *err) CPL_CHECKED;
void cpl_columns_plan_release(struct cpl_columns_plan *plan);

/* ---- for kinds that do nothing else: of cpl_transform_ops ---- */
/* The transform of a plan with these columns, in front of `in`'s rows. */
bool cpl_columns_bind(const struct cpl_field *fields, const uint32_t *from, uint32_t n,
                      void **transform, struct cpl_schema **out, struct cpl_error *err) CPL_CHECKED;
void cpl_columns_unbind(void *transform);
bool cpl_columns_step(const void *transform, struct cpl_transform_scratch *scratch,
                      struct cpl_batch *batch, struct cpl_transformed *result,
                      struct cpl_error *err);
/* cpl_columns_bind of columns of `in`, as they are: those that `choose` names in `from`, which has room for all. */
typedef bool cpl_columns_choice(const void *options, const struct cpl_schema *in, uint32_t *from,
                                uint32_t *n, struct cpl_error *err);
bool cpl_columns_pick(const struct cpl_schema *in, cpl_columns_choice *choose, const void *options,
                      void **transform, struct cpl_schema **out, struct cpl_error *err) CPL_CHECKED;

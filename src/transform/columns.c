/* Batches with other columns in front of the same rows. */
#include "transform/columns.h"

#include "batch/name_order.h"

#include <string.h>

bool cpl_transform_column(const struct cpl_schema *schema, const char *name, uint32_t *column,
                          struct cpl_error *err)
{
    int at = cpl_schema_find(schema, name);
    if (at < 0)
        return cpl_schema_no_column(schema, "there is no column ", name, err);
    *column = (uint32_t)at;
    return true;
}

static bool names_differ(const struct cpl_field *fields, uint32_t n, struct cpl_error *err)
{
    struct cpl_name_order order = {0};
    bool ok = cpl_name_order_init(&order, fields, sizeof *fields, n, err);
    for (uint32_t i = 0; ok && i < n; i++)
        if (cpl_name_order_find(&order, fields[i].name) != (int64_t)i)
            ok = cpl_fail(err, CPL_E_CONFIG, "two columns would be called `%.100s`",
                          fields[i].name);
    cpl_name_order_release(&order);
    return ok;
}

bool cpl_columns_plan_init(struct cpl_columns_plan *plan, const struct cpl_field *fields,
                           const uint32_t *from, uint32_t n, struct cpl_schema **schema,
                           struct cpl_error *err)
{
    *plan = (struct cpl_columns_plan){.n = n};
    *schema = NULL;
    if (!n)
        return cpl_fail(err, CPL_E_CONFIG, "no column would be left");
    if (!names_differ(fields, n, err))
        return false;
    plan->from = cpl_alloc(n * sizeof *plan->from, err);
    *schema = plan->from ? cpl_schema_new(fields, n, err) : NULL;
    plan->schema = *schema;
    if (!*schema) {
        cpl_columns_plan_release(plan);
        return false;
    }
    memcpy(plan->from, from, n * sizeof *from);
    return true;
}

void cpl_columns_plan_release(struct cpl_columns_plan *plan)
{
    cpl_free(plan->from);
    *plan = (struct cpl_columns_plan){0};
}

struct cpl_batch *cpl_columns_apply(const struct cpl_columns_plan *plan,
                                    struct cpl_transform_scratch *scratch,
                                    const struct cpl_batch *batch, struct cpl_error *err)
{
    struct cpl_batch *out = cpl_arena_alloc(&scratch->arena, sizeof *out, err);
    struct cpl_column *columns = cpl_arena_alloc(&scratch->arena, plan->n * sizeof *columns, err);
    if (!out || !columns)
        return NULL;
    *out = *batch;
    out->schema = plan->schema;
    out->columns = columns;
    for (uint32_t i = 0; i < plan->n; i++) {
        columns[i] = plan->from[i] == UINT32_MAX ? (struct cpl_column){.length = batch->rows}
                                                 : batch->columns[plan->from[i]];
        columns[i].field = &plan->schema->fields[i];
    }
    return out;
}

bool cpl_columns_bind(const struct cpl_field *fields, const uint32_t *from, uint32_t n,
                      void **transform, struct cpl_schema **out, struct cpl_error *err)
{
    struct cpl_columns_plan *plan = cpl_alloc_zero(1, sizeof *plan, err);
    if (!plan || !cpl_columns_plan_init(plan, fields, from, n, out, err)) {
        cpl_free(plan);
        return false;
    }
    *transform = plan;
    return true;
}

bool cpl_columns_pick(const struct cpl_schema *in, cpl_columns_choice *choose, const void *options,
                      void **transform, struct cpl_schema **out, struct cpl_error *err)
{
    uint32_t n = 0, *from = cpl_alloc((in->n_fields + 1) * sizeof *from, err);
    struct cpl_field *fields = from ? cpl_alloc((in->n_fields + 1) * sizeof *fields, err) : NULL;
    bool ok = fields && choose(options, in, from, &n, err);
    for (uint32_t i = 0; ok && i < n; i++)
        fields[i] = in->fields[from[i]];
    ok = ok && cpl_columns_bind(fields, from, n, transform, out, err);
    cpl_free(from);
    cpl_free(fields);
    return ok;
}

void cpl_columns_unbind(void *transform)
{
    cpl_columns_plan_release(transform);
    cpl_free(transform);
}

bool cpl_columns_step(const void *transform, struct cpl_transform_scratch *scratch,
                      struct cpl_batch *batch, struct cpl_transformed *result,
                      struct cpl_error *err)
{
    result->batch = cpl_columns_apply(transform, scratch, batch, err);
    return result->batch != NULL;
}

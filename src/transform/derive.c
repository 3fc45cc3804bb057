/* Transform derive: columns that are calculated from others. */
#include "transform/columns.h"
#include "transform/transform_kinds.h"

#include <stddef.h>
#include <string.h>

enum { ON_ERROR_REJECT, ON_ERROR_NULL };

struct derive_options {
    struct cpl_pairs columns;
    int on_error;
};
struct derive {
    struct cpl_columns_plan plan;
    struct cpl_expression **expressions;
    uint32_t *column; /* out, of each expression */
    uint32_t n;
    bool null_on_error;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_PAIRS,
     .offset = offsetof(struct derive_options, columns),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The columns and what they are, as expressions over the columns that came in: a "
                "name that is there is replaced, a new one comes last.",
     .example = "{total: qty * price}"},
    {.name = "on_error",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct derive_options, on_error),
     .values = "reject|null",
     .default_text = "reject",
     .summary = "What becomes of a row whose value cannot be calculated (a division by zero, an "
                "overflow, a cast that does not fit): it is rejected, or the value is null."},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct derive_options *o = of;
    size_t at;
    *key = "columns";
    for (size_t i = 0; i < o->columns.n; i++)
        if (!cpl_expression_check(o->columns.items[i].value, &at, why))
            return false;
    return o->columns.n || cpl_fail(why, CPL_E_CONFIG, "no column is named");
}

static void unbind(void *of)
{
    struct derive *derive = of;
    for (uint32_t i = 0; derive->expressions && i < derive->n; i++)
        cpl_expression_free(derive->expressions[i]);
    cpl_free(derive->expressions);
    cpl_free(derive->column);
    cpl_columns_plan_release(&derive->plan);
    cpl_free(derive);
}

/* A deep copy of the type is made by cpl_schema_new. */
static bool add_column(struct derive *derive, const struct derive_options *o, uint32_t i,
                       const struct cpl_schema *in, const struct cpl_transform_env *env,
                       struct cpl_field *fields, uint32_t *from, uint32_t *n, struct cpl_error *err)
{
    const struct cpl_pair *pair = &o->columns.items[i];
    size_t byte;
    derive->expressions[i] = cpl_expression_compile(pair->value, in, &env->expression, &byte, err);
    if (!derive->expressions[i])
        return cpl_fail_in(err, pair->key);
    int at = cpl_schema_find(in, pair->key);
    uint32_t column = at >= 0 ? (uint32_t)at : (*n)++;
    derive->column[i] = column;
    from[column] = UINT32_MAX;
    fields[column] = (struct cpl_field){
        .name = pair->key,
        .type = *cpl_expression_type(derive->expressions[i]),
        .nullable = cpl_expression_nullable(derive->expressions[i]) || derive->null_on_error,
        .field_id = at >= 0 ? in->fields[at].field_id : -1};
    return true;
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct derive_options *o = of;
    uint32_t n = in->n_fields, most = n + (uint32_t)o->columns.n;
    *key = "columns";
    uint32_t *from = cpl_alloc((most + 1) * sizeof *from, err);
    struct cpl_field *fields = from ? cpl_alloc((most + 1) * sizeof *fields, err) : NULL;
    struct derive *derive = fields ? cpl_alloc_zero(1, sizeof *derive, err) : NULL;
    bool ok = derive != NULL;
    if (ok) {
        derive->n = (uint32_t)o->columns.n;
        derive->null_on_error = o->on_error == ON_ERROR_NULL;
        derive->expressions = cpl_alloc_zero(o->columns.n + 1, sizeof *derive->expressions, err);
        derive->column = cpl_alloc_zero(o->columns.n + 1, sizeof *derive->column, err);
        ok = derive->expressions && derive->column;
    }
    for (uint32_t i = 0; ok && i < n; i++) {
        fields[i] = in->fields[i];
        from[i] = i;
    }
    for (uint32_t i = 0; ok && i < derive->n; i++)
        ok = add_column(derive, o, i, in, env, fields, from, &n, err);
    ok = ok && cpl_columns_plan_init(&derive->plan, fields, from, n, out, err);
    cpl_free(from);
    cpl_free(fields);
    if (ok)
        *transform = derive;
    else if (derive)
        unbind(derive);
    return ok;
}

/* Where a value cannot be calculated the row is at fault, or the value null. */
static bool settle_faults(const struct derive *derive, struct cpl_transform_scratch *scratch,
                          const struct cpl_values *values, struct cpl_column *column,
                          uint8_t *at_fault, struct cpl_error *err)
{
    uint32_t rows = column->length;
    if (!derive->null_on_error) {
        for (uint32_t i = 0; i < rows; i++)
            if (values->faults[i] && !at_fault[i])
                at_fault[i] = values->faults[i];
        return true;
    }
    uint8_t *validity = cpl_arena_alloc(&scratch->arena, (rows + 7) / 8 + 8, err);
    if (!validity)
        return false;
    if (column->validity)
        memcpy(validity, column->validity, (rows + 7) / 8);
    else
        memset(validity, 0xFF, (rows + 7) / 8);
    for (uint32_t i = 0; i < rows; i++)
        if (values->faults[i]) {
            column->null_count += validity[i >> 3] >> (i & 7) & 1;
            cpl_bit_clear(validity, i);
        }
    column->validity = validity;
    return true;
}

static bool list_faults(const uint8_t *at_fault, uint32_t rows,
                        struct cpl_transform_scratch *scratch, struct cpl_transformed *result,
                        struct cpl_error *err)
{
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < rows; i++)
        n += at_fault[i] != 0;
    if (!n)
        return true;
    struct cpl_transform_fault *faults = cpl_arena_alloc(&scratch->arena, n * sizeof *faults, err);
    uint32_t *keep = faults ? cpl_arena_alloc(&scratch->arena, rows * sizeof *keep, err) : NULL;
    if (!keep)
        return false;
    for (uint32_t i = 0; i < rows; i++) {
        if (at_fault[i])
            faults[result->n_faults++] = (struct cpl_transform_fault){
                .row = i, .message = cpl_fault_text((enum cpl_fault_kind)at_fault[i])};
        else
            keep[kept++] = i;
    }
    result->faults = faults;
    result->keep = keep;
    result->n_keep = kept;
    return true;
}

static bool apply(const void *of, struct cpl_transform_scratch *scratch, struct cpl_batch *batch,
                  struct cpl_transformed *result, struct cpl_error *err)
{
    const struct derive *derive = of;
    uint8_t *at_fault = cpl_arena_alloc(&scratch->arena, batch->rows + 64, err);
    result->batch = at_fault ? cpl_columns_apply(&derive->plan, scratch, batch, err) : NULL;
    if (!result->batch)
        return false;
    memset(at_fault, 0, batch->rows);
    for (uint32_t i = 0; i < derive->n; i++) {
        struct cpl_values values = {0};
        struct cpl_column *column = &result->batch->columns[derive->column[i]];
        const struct cpl_field *field = column->field;
        if (!cpl_evaluate(scratch->evaluator, derive->expressions[i], batch, &values, err))
            return false;
        *column = values.column;
        column->field = field;
        if (values.n_faults && !settle_faults(derive, scratch, &values, column, at_fault, err))
            return false;
    }
    return list_faults(at_fault, batch->rows, scratch, result, err);
}

const struct cpl_transform_ops cpl_transform_derive = {
    .name = "derive",
    .summary = "Calculates columns from others.",
    .example = "derive: {total: qty * price, day: date_trunc('day', ordered_at)}",
    .options = options,
    .options_size = sizeof(struct derive_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = unbind,
    .apply = apply,
};

/* Columns from expressions: bound once, calculated a batch at a time (picture: calculate.h). */
#include "transform/calculate.h"

#include "transform/columns.h"

#include <string.h>

struct calculation {
    struct cpl_columns_plan plan;
    struct cpl_expression **expressions;
    uint32_t *column; /* out, of each expression */
    uint32_t n;
    bool null_on_error;
};

/* ---- binding ---- */

void cpl_calculate_unbind(void *of)
{
    struct calculation *made = of;
    for (uint32_t i = 0; made->expressions && i < made->n; i++)
        cpl_expression_free(made->expressions[i]);
    cpl_free(made->expressions);
    cpl_free(made->column);
    cpl_columns_plan_release(&made->plan);
    cpl_free(made);
}

static struct calculation *calculation_new(size_t n, bool null_on_error, struct cpl_error *err)
{
    struct calculation *made = cpl_alloc_zero(1, sizeof *made, err);
    if (!made)
        return NULL;
    made->n = (uint32_t)n;
    made->null_on_error = null_on_error;
    made->expressions = cpl_alloc_zero(n + 1, sizeof *made->expressions, err);
    made->column = made->expressions ? cpl_alloc_zero(n + 1, sizeof *made->column, err) : NULL;
    if (made->column)
        return made;
    cpl_calculate_unbind(made);
    return NULL;
}

/* The columns out while they are gathered. */
struct gathered {
    struct cpl_field *fields;
    uint32_t *from, n;
};

static bool gather(struct gathered *out, const struct cpl_schema *in, size_t more,
                   struct cpl_error *err)
{
    size_t most = in->n_fields + more + 1;
    *out = (struct gathered){.n = in->n_fields};
    out->fields = cpl_alloc(most * sizeof *out->fields, err);
    out->from = out->fields ? cpl_alloc(most * sizeof *out->from, err) : NULL;
    for (uint32_t i = 0; out->from && i < in->n_fields; i++) {
        out->fields[i] = in->fields[i];
        out->from[i] = i;
    }
    return out->from != NULL;
}

/* A deep copy of the type is made by cpl_schema_new. */
static bool add_column(struct calculation *made, uint32_t i, const struct cpl_pair *pair,
                       const struct cpl_schema *in, const struct cpl_transform_env *env,
                       struct gathered *out, struct cpl_error *err)
{
    size_t byte;
    made->expressions[i] = cpl_expression_compile(pair->value, in, &env->expression, &byte, err);
    if (!made->expressions[i])
        return cpl_fail_in(err, pair->key);
    int at = cpl_schema_find(in, pair->key);
    uint32_t column = at >= 0 ? (uint32_t)at : out->n++;
    if (at >= 0 && out->from[column] == UINT32_MAX)
        return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` is named twice", pair->key);
    made->column[i] = column;
    out->from[column] = UINT32_MAX;
    out->fields[column] = (struct cpl_field){
        .name = pair->key,
        .type = *cpl_expression_type(made->expressions[i]),
        .nullable = cpl_expression_nullable(made->expressions[i]) || made->null_on_error,
        .field_id = at >= 0 ? in->fields[at].field_id : -1};
    return true;
}

bool cpl_calculate_bind(const struct cpl_pairs *columns, bool null_on_error,
                        const struct cpl_schema *in, const struct cpl_transform_env *env,
                        void **transform, struct cpl_schema **out, struct cpl_error *err)
{
    struct gathered gathered;
    struct calculation *made = calculation_new(columns->n, null_on_error, err);
    if (!made)
        return false;
    bool ok = gather(&gathered, in, columns->n, err);
    for (uint32_t i = 0; ok && i < made->n; i++)
        ok = add_column(made, i, &columns->items[i], in, env, &gathered, err);
    ok = ok &&
         cpl_columns_plan_init(&made->plan, gathered.fields, gathered.from, gathered.n, out, err);
    cpl_free(gathered.fields);
    cpl_free(gathered.from);
    if (ok)
        *transform = made;
    else
        cpl_calculate_unbind(made);
    return ok;
}

/* ---- rows ---- */

/* Where a value cannot be calculated it is null. */
static bool put_nulls(const struct cpl_values *values, struct cpl_column *column,
                      struct cpl_arena *arena, struct cpl_error *err)
{
    uint32_t rows = column->length;
    uint8_t *validity = cpl_arena_alloc(arena, (rows + 7) / 8 + 8, err);
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

/* The first expression that cannot be calculated for a row: which, and why. */
struct at_fault {
    uint8_t *kind; /* a row each, enum cpl_fault_kind */
    uint32_t *expression;
};

static void note_faults(const struct cpl_values *values, uint32_t expression, uint32_t rows,
                        struct at_fault *at_fault)
{
    for (uint32_t i = 0; i < rows; i++)
        if (values->faults[i] && !at_fault->kind[i]) {
            at_fault->kind[i] = values->faults[i];
            at_fault->expression[i] = expression;
        }
}

static bool calculate_column(const struct calculation *made, uint32_t i,
                             struct cpl_transform_scratch *scratch, const struct cpl_batch *batch,
                             struct cpl_batch *out, struct at_fault *at_fault,
                             struct cpl_error *err)
{
    struct cpl_values values = {0};
    struct cpl_column *column = &out->columns[made->column[i]];
    const struct cpl_field *field = column->field;
    if (!cpl_evaluate(scratch->evaluator, made->expressions[i], batch, &values, err))
        return false;
    if (!values.borrowed)
        *column = values.column;
    else if (!cpl_column_copy(&values.column, column, &scratch->arena, err))
        return false;
    column->field = field;
    if (values.n_faults && made->null_on_error)
        return put_nulls(&values, column, &scratch->arena, err);
    if (values.n_faults)
        note_faults(&values, i, batch->rows, at_fault);
    return true;
}

static bool list_faults(const struct calculation *made, const struct at_fault *at_fault,
                        uint32_t rows, struct cpl_transform_scratch *scratch,
                        struct cpl_transformed *result, struct cpl_error *err)
{
    uint32_t n = 0, kept = 0;
    for (uint32_t i = 0; i < rows; i++)
        n += at_fault->kind[i] != 0;
    if (!n)
        return true;
    struct cpl_transform_fault *faults = cpl_arena_alloc(&scratch->arena, n * sizeof *faults, err);
    uint32_t *keep = faults ? cpl_arena_alloc(&scratch->arena, rows * sizeof *keep, err) : NULL;
    if (!keep)
        return false;
    for (uint32_t i = 0; i < rows; i++) {
        if (!at_fault->kind[i]) {
            keep[kept++] = i;
            continue;
        }
        uint32_t column = made->column[at_fault->expression[i]];
        faults[result->n_faults++] = (struct cpl_transform_fault){
            .row = i,
            .column = made->plan.schema->fields[column].name,
            .message = cpl_fault_text((enum cpl_fault_kind)at_fault->kind[i])};
    }
    result->faults = faults;
    result->keep = keep;
    result->n_keep = kept;
    return true;
}

bool cpl_calculate_step(const void *of, struct cpl_transform_scratch *scratch,
                        struct cpl_batch *batch, struct cpl_transformed *result,
                        struct cpl_error *err)
{
    const struct calculation *made = of;
    uint32_t rows = batch->rows;
    struct at_fault at_fault = {.kind = cpl_arena_alloc(&scratch->arena, rows + 64, err)};
    at_fault.expression = at_fault.kind
                              ? cpl_arena_alloc(&scratch->arena,
                                                (rows + 1) * sizeof *at_fault.expression, err)
                              : NULL;
    result->batch = at_fault.expression ? cpl_columns_apply(&made->plan, scratch, batch, err)
                                        : NULL;
    if (!result->batch)
        return false;
    memset(at_fault.kind, 0, rows);
    for (uint32_t i = 0; i < made->n; i++)
        if (!calculate_column(made, i, scratch, batch, result->batch, &at_fault, err))
            return false;
    return list_faults(made, &at_fault, rows, scratch, result, err);
}

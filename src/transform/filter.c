/* Transform filter: rows for which a condition is true stay; the others are filtered, and counted. */
#include "transform/transform_kinds.h"

#include <stddef.h>

struct filter_options {
    const char *condition;
};

static const struct cpl_option options[] = {
    {.name = "condition",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct filter_options, condition),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What is true of the rows that stay, as an expression. Rows for which it is false "
                "or null are filtered; one for which it cannot be calculated is rejected.",
     .example = "status <> 'test'"},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct filter_options *o = of;
    size_t at;
    *key = "condition";
    return cpl_expression_check(o->condition, &at, why);
}

static void unbind(void *expression)
{
    cpl_expression_free(expression);
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct filter_options *o = of;
    size_t at;
    *key = "condition";
    struct cpl_expression *expression = cpl_expression_compile(o->condition, in, &env->expression,
                                                               &at, err);
    if (!expression)
        return false;
    bool ok = cpl_expression_type(expression)->kind == CPL_BOOL ||
              cpl_fail(err, CPL_E_CONFIG, "`%.200s` is no condition: it is neither true nor false",
                       o->condition);
    *out = ok ? cpl_schema_new(in->fields, in->n_fields, err) : NULL;
    if (*out) {
        *transform = expression;
        return true;
    }
    cpl_expression_free(expression);
    return false;
}

/* The rows that cannot be judged. */
static bool list_faults(const struct cpl_values *values, uint32_t rows,
                        struct cpl_transform_scratch *scratch, struct cpl_transformed *result,
                        struct cpl_error *err)
{
    struct cpl_transform_fault *faults = cpl_arena_alloc(&scratch->arena,
                                                         values->n_faults * sizeof *faults, err);
    if (!faults)
        return false;
    for (uint32_t i = 0; i < rows; i++)
        if (values->faults[i])
            faults[result->n_faults++] = (struct cpl_transform_fault){
                .row = i, .message = cpl_fault_text((enum cpl_fault_kind)values->faults[i])};
    result->faults = faults;
    return true;
}

static bool apply(const void *expression, struct cpl_transform_scratch *scratch,
                  struct cpl_batch *batch, struct cpl_transformed *result, struct cpl_error *err)
{
    struct cpl_values values = {0};
    uint32_t *keep = cpl_arena_alloc(&scratch->arena, (batch->rows + 64) * sizeof *keep, err);
    uint8_t *stays = keep ? cpl_arena_alloc(&scratch->arena, batch->rows + 64, err) : NULL;
    if (!stays ||
        !cpl_evaluate_test(scratch->evaluator, expression, batch, stays, NULL, &values, err))
        return false;
    uint32_t n = 0;
    for (uint32_t i = 0; i < batch->rows; i++) {
        keep[n] = i;
        n += stays[i];
    }
    result->batch = batch;
    result->keep = n < batch->rows ? keep : NULL;
    result->n_keep = n;
    return !values.n_faults || list_faults(&values, batch->rows, scratch, result, err);
}

const struct cpl_transform_ops cpl_transform_filter = {
    .name = "filter",
    .summary = "Keeps the rows for which a condition is true; the others are counted as filtered.",
    .example = "filter: status <> 'test'",
    .options = options,
    .options_size = sizeof(struct filter_options),
    .shorthand = "condition",
    .filters = true,
    .check_options = check_options,
    .bind = bind,
    .unbind = unbind,
    .apply = apply,
};

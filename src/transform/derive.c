/* Transform derive: columns that are calculated from others. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

enum { ON_ERROR_REJECT, ON_ERROR_NULL };

struct derive_options {
    struct cpl_pairs columns;
    int on_error;
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
                "overflow, a cast that does not fit): it is rejected, or the value is null (in "
                "quotes: 'null')."},
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

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct derive_options *o = of;
    *key = "columns";
    return cpl_calculate_bind(&o->columns, o->on_error == ON_ERROR_NULL, in, env, transform, out,
                              err);
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
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};

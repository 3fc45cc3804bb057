/* Transform fill: values for nulls. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

struct fill_options {
    struct cpl_pairs columns;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_PAIRS,
     .offset = offsetof(struct fill_options, columns),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What stands in a column instead of null, as an expression over the columns that "
                "came in; texts stand in single quotes. A column's type stays: a row whose value "
                "does not fit it is rejected.",
     .example = "{city: \"'unknown'\", quantity: 0}"},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct fill_options *o = of;
    size_t at;
    *key = "columns";
    for (size_t i = 0; i < o->columns.n; i++)
        if (!cpl_expression_check(o->columns.items[i].value, &at, why))
            return false;
    return o->columns.n || cpl_fail(why, CPL_E_CONFIG, "no column is named");
}

/* cast(coalesce("name", (value)) as its type) */
static bool write(const void *of, const struct cpl_field *field, const char *value,
                  struct cpl_buffer *text, struct cpl_error *err)
{
    (void)of;
    bool cast = !cpl_kind_is_nested(field->type.kind) && field->type.kind != CPL_STRING;
    return cpl_buffer_append_text(text, cast ? "cast(coalesce(" : "coalesce(", err) &&
           cpl_put_column(text, field->name, err) && cpl_buffer_append_text(text, ", (", err) &&
           cpl_buffer_append_text(text, value, err) && cpl_buffer_append_text(text, "))", err) &&
           (!cast ||
            (cpl_buffer_append_text(text, " as ", err) &&
             cpl_type_format(&field->type, text, err) && cpl_buffer_append_text(text, ")", err)));
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct fill_options *o = of;
    *key = "columns";
    return cpl_calculate_written(&o->columns, write, o, false, in, env, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_fill = {
    .name = "fill",
    .summary = "Puts values where columns are null.",
    .example = "fill: {city: \"'unknown'\", quantity: 0}",
    .options = options,
    .options_size = sizeof(struct fill_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};

/* Rule range: values between bounds, of any type that has an order. */
#include "quality/expression_rule.h"
#include "quality/rule_kinds.h"

#include <stddef.h>

struct range_options {
    struct cpl_strings columns;
    const char *min, *max;
    bool exclusive;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct range_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns meant; each makes a rule of its own.",
     .example = "[quantity]"},
    {.name = "min",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct range_options, min),
     .summary = "The least value, written as the column's type is: a number, a date, a text. Left "
                "out: any.",
     .example = "1"},
    {.name = "max",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct range_options, max),
     .summary = "The greatest value. Left out: any.",
     .example = "1000"},
    {.name = "exclusive",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct range_options, exclusive),
     .default_text = "false",
     .summary = "Whether the bounds themselves are out of range."},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct range_options *o = of;
    *key = "columns";
    return o->min || o->max || cpl_fail(why, CPL_E_CONFIG, "a range needs `min`, `max` or both");
}

static bool put_bound(struct cpl_buffer *text, const char *column, const char *comparison,
                      const char *bound, const struct cpl_type *type, struct cpl_error *err)
{
    return !bound ||
           (cpl_buffer_append_text(text, text->size ? " and " : "", err) &&
            cpl_put_column(text, column, err) && cpl_buffer_append_text(text, comparison, err) &&
            cpl_put_literal(text, bound, type, err));
}

static bool say_bounds(const struct range_options *o, struct cpl_buffer *text,
                       struct cpl_error *err)
{
    const char *out = o->exclusive ? " (bounds excluded)" : "";
    if (o->min && o->max)
        return cpl_buffer_printf(text, err, "which is not between %.60s and %.60s%s", o->min,
                                 o->max, out);
    return cpl_buffer_printf(text, err, "which is %s %.60s%s", o->min ? "below" : "above",
                             o->min ? o->min : o->max, out);
}

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct range_options *o = of;
    struct cpl_buffer text = {0}, wanted = {0};
    uint32_t column;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    const struct cpl_type *type = &schema->fields[column].type;
    *key = o->min ? "min" : "max";
    bool written = put_bound(&text, name, o->exclusive ? " > " : " >= ", o->min, type, err);
    if (written && o->max)
        *key = "max";
    written = written && put_bound(&text, name, o->exclusive ? " < " : " <= ", o->max, type, err) &&
              say_bounds(o, &wanted, err);
    return cpl_expression_rule_bind(written, &text, &wanted, schema, env, rule, err);
}

const struct cpl_rule_ops cpl_rule_range = {
    .name = "range",
    .summary = "Values must lie between bounds.",
    .example = "range: {columns: [quantity], min: 1, max: 1000}",
    .options = options,
    .options_size = sizeof(struct range_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_expression_rule_free,
    .test = cpl_expression_rule_test,
    .explain = cpl_expression_rule_explain,
};

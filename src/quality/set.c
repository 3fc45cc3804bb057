/* Rule set: values of a list. */
#include "quality/expression_rule.h"
#include "quality/rule_kinds.h"

#include <stddef.h>

struct set_options {
    struct cpl_strings columns, values;
    bool none_of;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct set_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns meant; each makes a rule of its own.",
     .example = "[status]"},
    {.name = "values",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct set_options, values),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The values that there may be, written as the column's type is.",
     .example = "[open, paid, shipped]"},
    {.name = "none_of",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct set_options, none_of),
     .default_text = "false",
     .summary = "Whether the list holds the values that there may not be."},
    {.name = NULL}};

static bool put_condition(const struct set_options *o, const char *name,
                          const struct cpl_type *type, struct cpl_buffer *text,
                          struct cpl_error *err)
{
    bool ok = cpl_put_column(text, name, err) &&
              cpl_buffer_append_text(text, o->none_of ? " not in (" : " in (", err);
    for (size_t i = 0; ok && i < o->values.n; i++)
        ok = cpl_buffer_append_text(text, i ? ", " : "", err) &&
             cpl_put_literal(text, o->values.items[i], type, err);
    return ok && cpl_buffer_append_text(text, ")", err);
}

static bool say_values(const struct set_options *o, struct cpl_buffer *text, struct cpl_error *err)
{
    enum { SHOWN = 8 };
    bool ok = cpl_buffer_append_text(text, o->none_of ? "which is one of " : "which is none of ",
                                     err);
    for (size_t i = 0; ok && i < o->values.n && i < SHOWN; i++)
        ok = cpl_buffer_printf(text, err, "%s%.40s", i ? ", " : "", o->values.items[i]);
    return ok &&
           (o->values.n <= SHOWN || cpl_buffer_printf(text, err, " … (%zu in all)", o->values.n));
}

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct set_options *o = of;
    *key = "values";
    return o->values.n || cpl_fail(why, CPL_E_CONFIG, "the list of values is empty");
}

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct set_options *o = of;
    struct cpl_buffer text = {.max = 64 << 20}, wanted = {0};
    uint32_t column;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    *key = "values";
    bool written = put_condition(o, name, &schema->fields[column].type, &text, err) &&
                   say_values(o, &wanted, err);
    return cpl_expression_rule_bind(written, &text, &wanted, schema, env, rule, err);
}

const struct cpl_rule_ops cpl_rule_set = {
    .name = "set",
    .summary = "Values must be of a list.",
    .example = "set: {columns: [status], values: [open, paid, shipped]}",
    .options = options,
    .options_size = sizeof(struct set_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_expression_rule_free,
    .test = cpl_expression_rule_test,
    .explain = cpl_expression_rule_explain,
};

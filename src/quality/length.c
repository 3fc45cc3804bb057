/* Rule length: how many characters a text has. */
#include "quality/expression_rule.h"
#include "quality/rule_kinds.h"

#include <inttypes.h>
#include <stddef.h>

struct length_options {
    struct cpl_strings columns;
    int64_t min, max;
    bool min_set, max_set;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct length_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns of text meant; each makes a rule of its own.",
     .example = "[sku]"},
    {.name = "min",
     .type = CPL_OPTION_INT,
     .offset = offsetof(struct length_options, min),
     .set_offset = offsetof(struct length_options, min_set),
     .max = INT32_MAX,
     .summary = "The fewest characters. Left out: none.",
     .example = "8"},
    {.name = "max",
     .type = CPL_OPTION_INT,
     .offset = offsetof(struct length_options, max),
     .set_offset = offsetof(struct length_options, max_set),
     .max = INT32_MAX,
     .summary = "The most characters. Left out: any number.",
     .example = "8"},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct length_options *o = of;
    *key = "columns";
    if (!o->min_set && !o->max_set)
        return cpl_fail(why, CPL_E_CONFIG, "a length needs `min`, `max` or both");
    *key = "max";
    return !o->max_set || o->max >= o->min ||
           cpl_fail(why, CPL_E_CONFIG, "`max` is less than `min`");
}

static bool put_condition(const struct length_options *o, const char *name, struct cpl_buffer *text,
                          struct cpl_error *err)
{
    bool ok = cpl_buffer_append_text(text, "length(", err) && cpl_put_column(text, name, err);
    if (ok && !o->max_set)
        return cpl_buffer_printf(text, err, ") >= %" PRId64, o->min);
    return ok && cpl_buffer_printf(text, err, ") between %" PRId64 " and %" PRId64, o->min, o->max);
}

static bool say(const struct length_options *o, struct cpl_buffer *text, struct cpl_error *err)
{
    if (!o->max_set)
        return cpl_buffer_printf(text, err, "which has less than %" PRId64 " characters", o->min);
    return cpl_buffer_printf(text, err, "which has not %" PRId64 " to %" PRId64 " characters",
                             o->min, o->max);
}

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct length_options *o = of;
    struct cpl_buffer text = {0}, wanted = {0};
    uint32_t column;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    if (schema->fields[column].type.kind != CPL_STRING)
        return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` is no text", name);
    bool written = put_condition(o, name, &text, err) && say(o, &wanted, err);
    return cpl_expression_rule_bind(written, &text, &wanted, schema, env, rule, err);
}

const struct cpl_rule_ops cpl_rule_length = {
    .name = "length",
    .summary = "Texts must have so many characters.",
    .example = "length: {columns: [sku], min: 8, max: 8}",
    .options = options,
    .options_size = sizeof(struct length_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_expression_rule_free,
    .test = cpl_expression_rule_test,
    .explain = cpl_expression_rule_explain,
};

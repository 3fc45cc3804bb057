/* Rule check: a condition in the language of expressions, over any columns of the row. */
#include "quality/expression_rule.h"
#include "quality/rule_kinds.h"

#include <stddef.h>

struct check_options {
    const char *condition;
};

static const struct cpl_option options[] = {
    {.name = "condition",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct check_options, condition),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What must be true, as an expression. Where it is null, because a value that it "
                "needs is, the rule does not apply.",
     .example = "ship_date >= order_date"},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct check_options *o = of;
    size_t at;
    *key = "condition";
    return cpl_expression_check(o->condition, &at, why);
}

static bool bind(const void *of, const char *column, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct check_options *o = of;
    struct cpl_buffer wanted = {0};
    (void)column;
    *key = "condition";
    bool ok = cpl_buffer_printf(&wanted, err, "so `%.300s` does not hold", o->condition);
    const char *text = ok ? cpl_buffer_text(&wanted, err) : NULL;
    *rule = text ? cpl_expression_rule_new(o->condition, text, schema, env, err) : NULL;
    cpl_buffer_release(&wanted);
    return *rule != NULL;
}

const struct cpl_rule_ops cpl_rule_check = {
    .name = "check",
    .summary = "A condition must hold: comparisons and arithmetic between columns.",
    .example = "check: ship_date >= order_date",
    .options = options,
    .options_size = sizeof(struct check_options),
    .shorthand = "condition",
    .metric = CPL_METRIC_CONSISTENCY,
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_expression_rule_free,
    .test = cpl_expression_rule_test,
    .explain = cpl_expression_rule_explain,
};

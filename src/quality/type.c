/* Rule type: texts that read as values of a type, exactly.
 *
 * It is a cast that may fail: what the rule lets pass, `derive: {x: cast(x as …)}` takes. A column that is of the type already holds. */
#include "quality/expression_rule.h"
#include "quality/rule_kinds.h"

#include <stddef.h>

struct type_options {
    struct cpl_strings columns;
    const char *is;
};

static bool check_type(const char *text, struct cpl_error *why)
{
    struct cpl_arena arena = {0};
    struct cpl_type type;
    bool ok = cpl_type_parse(text, &arena, &type, why);
    if (ok && cpl_kind_is_nested(type.kind))
        ok = cpl_fail(why, CPL_E_CONFIG, "`%.100s` holds several values; a text is read as one",
                      text);
    cpl_arena_release(&arena);
    return ok;
}

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct type_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns meant; each makes a rule of its own.",
     .example = "[amount]"},
    {.name = "is",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct type_options, is),
     .flags = CPL_OPTION_REQUIRED,
     .check = check_type,
     .pattern = CPL_TYPE_PATTERN,
     .summary = "The type as which the values must read, without anything lost.",
     .example = "decimal(10,2)"},
    {.name = NULL}};

/* In the notation that the language knows; null stays null, so that the rule does not apply. */
static bool put_condition(const char *name, const char *type, struct cpl_buffer *text,
                          struct cpl_error *err)
{
    return cpl_buffer_append_text(text, "case when ", err) && cpl_put_column(text, name, err) &&
           cpl_buffer_append_text(text, " is not null then try_cast(", err) &&
           cpl_put_column(text, name, err) &&
           cpl_buffer_printf(text, err, " as %s) is not null end", type);
}

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct type_options *o = of;
    struct cpl_arena arena = {0};
    struct cpl_buffer text = {0}, wanted = {0}, type_text = {0};
    struct cpl_type type;
    uint32_t column;
    const char *type_name;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    *key = "is";
    bool written = cpl_type_parse(o->is, &arena, &type, err) &&
                   cpl_type_format(&type, &type_text, err) &&
                   (type_name = cpl_buffer_text(&type_text, err)) &&
                   put_condition(name, type_name, &text, err) &&
                   cpl_buffer_printf(&wanted, err, "which does not read as %s", type_name);
    cpl_buffer_release(&type_text);
    cpl_arena_release(&arena);
    return cpl_expression_rule_bind(written, &text, &wanted, schema, env, rule, err);
}

const struct cpl_rule_ops cpl_rule_type = {
    .name = "type",
    .summary = "Values must read as those of a type.",
    .example = "type: {columns: [amount], is: 'decimal(10,2)'}",
    .options = options,
    .options_size = sizeof(struct type_options),
    .per_column = true,
    .metric = CPL_METRIC_COMPLIANCE,
    .bind = bind,
    .unbind = cpl_expression_rule_free,
    .test = cpl_expression_rule_test,
    .explain = cpl_expression_rule_explain,
};

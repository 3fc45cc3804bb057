/* Rule pattern: texts that match a regular expression. */
#include "quality/rule_kinds.h"

#include <stddef.h>
#include <string.h>

struct pattern_options {
    struct cpl_strings columns;
    const char *matches;
    bool ignore_case;
};
struct pattern_rule {
    uint32_t column;
    struct cpl_pattern *pattern;
    const char *text; /* the options' */
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct pattern_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns of text meant; each makes a rule of its own.",
     .example = "[sku]"},
    {.name = "matches",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct pattern_options, matches),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "A regular expression as PCRE2 writes it, found anywhere in the text unless `^` "
                "and `$` say otherwise.",
     .example = "'^[A-Z]{3}-\\d{4}$'"},
    {.name = "ignore_case",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct pattern_options, ignore_case),
     .default_text = "false",
     .summary = "Whether letters of either case match."},
    {.name = NULL}};

static struct cpl_pattern *compile(const struct pattern_options *o, struct cpl_error *err)
{
    size_t at = 0;
    return cpl_pattern_compile(o->matches, strlen(o->matches), o->ignore_case, &at, err);
}

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    *key = "matches";
    struct cpl_pattern *pattern = compile(of, why);
    cpl_pattern_free(pattern);
    return pattern != NULL;
}

static void unbind(void *of)
{
    struct pattern_rule *rule = of;
    cpl_pattern_free(rule->pattern);
    cpl_free(rule);
}

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **bound, const char **key,
                 struct cpl_error *err)
{
    const struct pattern_options *o = of;
    uint32_t column;
    (void)env;
    *key = "columns";
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    if (schema->fields[column].type.kind != CPL_STRING)
        return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` is no text: a pattern needs one", name);
    struct pattern_rule *rule = cpl_alloc_zero(1, sizeof *rule, err);
    if (!rule)
        return false;
    *rule = (struct pattern_rule){.column = column, .text = o->matches};
    *key = "matches";
    rule->pattern = compile(o, err);
    *bound = rule;
    if (rule->pattern)
        return true;
    unbind(rule);
    *bound = NULL;
    return false;
}

static bool test(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                 struct cpl_verdict *verdict, struct cpl_error *err)
{
    const struct pattern_rule *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    uint8_t *broken = verdict->broken, any = 0;
    uint32_t effort;
    if (!cpl_pattern_test(rule->pattern, scratch->patterns, column->slices, batch->rows, broken,
                          &effort, err))
        return false;
    cpl_verdict_spare_nulls(verdict, column);
    for (uint32_t i = 0; i < batch->rows; i++) {
        broken[i] = (uint8_t)((broken[i] != CPL_PATTERN_YES) & !verdict->spared[i]);
        any |= broken[i];
    }
    verdict->any_broken = any;
    return true;
}

static bool explain(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                    uint32_t row, struct cpl_buffer *text, struct cpl_error *err)
{
    const struct pattern_rule *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    uint8_t result[64]; /* cpl_pattern_test writes one, and may overrun */
    uint32_t effort = 0;
    return cpl_pattern_test(rule->pattern, scratch->patterns, &column->slices[row], 1, result,
                            &effort, err) &&
           cpl_buffer_printf(text, err, "%.100s is ", column->field->name) &&
           cpl_rule_value_text(column, row, text, err) &&
           cpl_buffer_printf(text, err, ", which %s %.200s",
                             effort ? "takes too long to match against" : "does not match",
                             rule->text);
}

const struct cpl_rule_ops cpl_rule_pattern = {
    .name = "pattern",
    .summary = "Texts must match a regular expression.",
    .example = "pattern: {columns: [sku], matches: '^[A-Z]{3}-\\d{4}$'}",
    .options = options,
    .options_size = sizeof(struct pattern_options),
    .per_column = true,
    .metric = CPL_METRIC_ACCURACY,
    .check_options = check_options,
    .bind = bind,
    .unbind = unbind,
    .test = test,
    .explain = explain,
};

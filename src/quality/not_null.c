/* Rule not_null: columns in which a value must stand. */
#include "quality/rule_kinds.h"

#include <stddef.h>
#include <string.h>

struct not_null_options {
    struct cpl_strings columns;
    bool blank;
};
struct not_null {
    uint32_t column;
    bool blank;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct not_null_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "The columns in which a value must stand; each makes a rule of its own.",
     .example = "[order_id, customer_id]"},
    {.name = "blank",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct not_null_options, blank),
     .default_text = "false",
     .summary = "Whether a text that is empty, or blanks alone, counts as missing, too."},
    {.name = NULL}};

static bool bind(const void *of, const char *name, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    const struct not_null_options *o = of;
    (void)env;
    *key = "columns";
    uint32_t column;
    if (!cpl_rule_column(schema, name, &column, err))
        return false;
    struct not_null *bound = cpl_alloc_zero(1, sizeof *bound, err);
    if (!bound)
        return false;
    bound->column = column;
    bound->blank = o->blank && cpl_kind_is_slice(schema->fields[column].type.kind);
    *rule = bound;
    return true;
}

static bool is_blank(const struct cpl_slice *text)
{
    for (uint32_t i = 0; i < text->length; i++)
        if (!memchr(" \t\r\n\v\f", text->data[i], 6))
            return false;
    return true;
}

static bool test(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                 struct cpl_verdict *verdict, struct cpl_error *err)
{
    const struct not_null *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    (void)scratch;
    (void)err;
    for (uint32_t i = 0; column->null_count && i < batch->rows; i++)
        verdict->broken[i] = (uint8_t)!cpl_is_valid(column, i);
    verdict->any_broken = column->null_count > 0;
    for (uint32_t i = 0; rule->blank && i < batch->rows; i++)
        if (!verdict->broken[i] && is_blank(&column->slices[i]))
            verdict->broken[i] = verdict->any_broken = true;
    return true;
}

static bool explain(const void *of, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                    uint32_t row, struct cpl_buffer *text, struct cpl_error *err)
{
    const struct not_null *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    (void)scratch;
    return cpl_buffer_printf(text, err, "%.100s is %s", column->field->name,
                             cpl_is_valid(column, row) ? "blank" : "null");
}

const struct cpl_rule_ops cpl_rule_not_null = {
    .name = "not_null",
    .summary = "A value must stand there.",
    .example = "not_null: [order_id, customer_id]",
    .options = options,
    .options_size = sizeof(struct not_null_options),
    .shorthand = "columns",
    .per_column = true,
    .metric = CPL_METRIC_COMPLETENESS,
    .bind = bind,
    .unbind = cpl_free,
    .test = test,
    .explain = explain,
};

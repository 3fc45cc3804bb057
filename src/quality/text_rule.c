/* Rules that look at one column of texts. */
#include "quality/text_rule.h"

#include "format/text.h"

struct cpl_text_rule *cpl_text_rule_new(const struct cpl_text_rule *like, struct cpl_error *err)
{
    struct cpl_text_rule *rule = cpl_alloc(sizeof *rule, err);
    if (rule)
        *rule = *like;
    else
        cpl_pattern_free(like->pattern);
    return rule;
}

void cpl_text_rule_free(void *of)
{
    struct cpl_text_rule *rule = of;
    if (!rule)
        return;
    cpl_pattern_free(rule->pattern);
    cpl_free(rule);
}

/* broken[i]: by the function as well, whatever is null. */
static void test_texts(const struct cpl_text_rule *rule, const struct cpl_column *column,
                       uint32_t rows, uint8_t *broken)
{
    if (column->field->type.kind == CPL_STRING) {
        for (uint32_t i = 0; i < rows; i++)
            broken[i] |= !rule->fits(column->slices[i].data, column->slices[i].length);
        return;
    }
    for (uint32_t i = 0; i < rows; i++) {
        char text[CPL_TEXT_MAX];
        size_t length = cpl_print_value(column, i, text);
        broken[i] |= !rule->fits((const uint8_t *)text, length);
    }
}

static bool test_pattern(const struct cpl_text_rule *rule, struct cpl_rule_scratch *scratch,
                         const struct cpl_column *column, uint32_t rows, uint8_t *broken,
                         struct cpl_error *err)
{
    uint32_t effort;
    if (!cpl_pattern_test(rule->pattern, scratch->patterns, column->slices, rows, broken, &effort,
                          err))
        return false;
    for (uint32_t i = 0; i < rows; i++)
        broken[i] = broken[i] != CPL_PATTERN_YES;
    return true;
}

bool cpl_text_rule_test(const void *of, struct cpl_rule_scratch *scratch,
                        const struct cpl_batch *batch, struct cpl_verdict *verdict,
                        struct cpl_error *err)
{
    const struct cpl_text_rule *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    uint8_t *broken = verdict->broken, any = 0;
    cpl_verdict_spare_nulls(verdict, column);
    if (rule->always)
        return true;
    if (rule->pattern && !test_pattern(rule, scratch, column, batch->rows, broken, err))
        return false;
    if (rule->fits)
        test_texts(rule, column, batch->rows, broken);
    for (uint32_t i = 0; i < batch->rows; i++) {
        broken[i] = (uint8_t)(broken[i] & !verdict->spared[i]);
        any |= broken[i];
    }
    verdict->any_broken = any;
    return true;
}

bool cpl_text_rule_explain(const void *of, struct cpl_rule_scratch *scratch,
                           const struct cpl_batch *batch, uint32_t row, struct cpl_buffer *text,
                           struct cpl_error *err)
{
    const struct cpl_text_rule *rule = of;
    const struct cpl_column *column = &batch->columns[rule->column];
    (void)scratch;
    return cpl_buffer_printf(text, err, "%.100s is ", column->field->name) &&
           cpl_rule_value_text(column, row, text, err) &&
           cpl_buffer_printf(text, err, ", %s", rule->wanted);
}

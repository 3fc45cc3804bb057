/* Rules that are an expression: compiled once, tested over whole columns. */
#include "quality/expression_rule.h"

#include "format/text.h"

#include <string.h>

/* Of columns without nulls: are there still rows for which it is null? */
static bool makes_null(const char *text, const struct cpl_schema *schema,
                       const struct cpl_rule_env *env, bool *nulls, struct cpl_error *err)
{
    size_t at;
    struct cpl_schema *full = cpl_schema_new(schema->fields, schema->n_fields, err);
    for (uint32_t i = 0; full && i < full->n_fields; i++)
        full->fields[i].nullable = false;
    struct cpl_expression *expression =
        full ? cpl_expression_compile(text, full, &env->expression, &at, err) : NULL;
    *nulls = expression && cpl_expression_nullable(expression);
    bool ok = expression != NULL;
    cpl_expression_free(expression);
    cpl_schema_free(full);
    return ok;
}

struct cpl_expression_rule *cpl_expression_rule_new(const char *text, const char *wanted,
                                                    const struct cpl_schema *schema,
                                                    const struct cpl_rule_env *env,
                                                    struct cpl_error *err)
{
    size_t at = 0;
    struct cpl_expression_rule *rule = cpl_alloc_zero(1, sizeof *rule, err);
    if (!rule)
        return NULL;
    rule->expression = cpl_expression_compile(text, schema, &env->expression, &at, err);
    rule->wanted = rule->expression ? cpl_strdup(wanted, err) : NULL;
    bool ok = rule->wanted && makes_null(text, schema, env, &rule->makes_null, err);
    if (ok && cpl_expression_type(rule->expression)->kind != CPL_BOOL)
        ok = cpl_fail(err, CPL_E_CONFIG, "`%.200s` is no condition: it is neither true nor false",
                      text);
    if (ok) {
        rule->columns = cpl_expression_columns(rule->expression, &rule->n_columns);
        return rule;
    }
    cpl_expression_rule_free(rule);
    return NULL;
}

bool cpl_expression_rule_bind(bool written, struct cpl_buffer *text, struct cpl_buffer *wanted,
                              const struct cpl_schema *schema, const struct cpl_rule_env *env,
                              void **rule, struct cpl_error *err)
{
    const char *condition = written ? cpl_buffer_text(text, err) : NULL;
    const char *words = condition ? cpl_buffer_text(wanted, err) : NULL;
    *rule = words ? cpl_expression_rule_new(condition, words, schema, env, err) : NULL;
    cpl_buffer_release(text);
    cpl_buffer_release(wanted);
    return *rule != NULL;
}

void cpl_expression_rule_free(void *of)
{
    struct cpl_expression_rule *rule = of;
    if (!rule)
        return;
    cpl_expression_free(rule->expression);
    cpl_free(rule->wanted);
    cpl_free(rule);
}

static bool has_nulls(const struct cpl_expression_rule *rule, const struct cpl_batch *batch)
{
    for (uint32_t i = 0; i < rule->n_columns; i++)
        if (batch->columns[rule->columns[i]].null_count)
            return true;
    return rule->makes_null;
}

/* What is not true breaks the rule. */
static uint8_t negate(uint8_t *restrict bytes, uint32_t n)
{
    uint8_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        bytes[i] ^= 1;
        any |= bytes[i];
    }
    return any;
}

/* Nor is what is null, but that spares its row. */
static uint8_t take_out(uint8_t *restrict broken, const uint8_t *restrict spared, uint32_t n)
{
    uint8_t any = 0;
    for (uint32_t i = 0; i < n; i++) {
        broken[i] = (uint8_t)(broken[i] & (spared[i] ^ 1));
        any |= broken[i];
    }
    return any;
}

static bool any_of(const uint8_t *bytes, uint32_t n)
{
    uint8_t any = 0;
    for (uint32_t i = 0; i < n; i++)
        any |= bytes[i];
    return any;
}

bool cpl_expression_rule_test(const void *of, struct cpl_rule_scratch *scratch,
                              const struct cpl_batch *batch, struct cpl_verdict *verdict,
                              struct cpl_error *err)
{
    const struct cpl_expression_rule *rule = of;
    struct cpl_values faults = {0};
    bool nulls = has_nulls(rule, batch);
    if (!cpl_evaluate_test(scratch->evaluator, rule->expression, batch, verdict->broken,
                           nulls ? verdict->spared : NULL, &faults, err))
        return false;
    verdict->any_faults = faults.n_faults > 0;
    verdict->any_broken = negate(verdict->broken, batch->rows);
    if (!nulls)
        return true;
    verdict->any_spared = any_of(verdict->spared, batch->rows);
    if (verdict->any_spared)
        verdict->any_broken = take_out(verdict->broken, verdict->spared, batch->rows);
    return true;
}

/* The values of the columns that it reads: "qty is -5, price is null". */
static bool put_values(const struct cpl_expression_rule *rule, const struct cpl_batch *batch,
                       uint32_t row, struct cpl_buffer *text, struct cpl_error *err)
{
    for (uint32_t i = 0; i < rule->n_columns; i++) {
        const struct cpl_column *column = &batch->columns[rule->columns[i]];
        if (!cpl_buffer_printf(text, err, "%s%.100s is ", i ? ", " : "", column->field->name) ||
            !cpl_rule_value_text(column, row, text, err))
            return false;
    }
    return true;
}

/* The batch's row as a batch of its own, as far as the rule reads it. */
static bool view_row(const struct cpl_expression_rule *rule, struct cpl_rule_scratch *scratch,
                     const struct cpl_batch *batch, uint32_t row, struct cpl_batch *one,
                     struct cpl_error *err)
{
    uint32_t n = batch->schema->n_fields;
    struct cpl_column *columns = cpl_arena_alloc(&scratch->arena, n * sizeof *columns, err);
    uint8_t *bits = columns ? cpl_arena_alloc(&scratch->arena, n, err) : NULL;
    if (!bits)
        return false;
    memcpy(columns, batch->columns, n * sizeof *columns);
    for (uint32_t i = 0; i < rule->n_columns; i++) {
        struct cpl_column *column = &columns[rule->columns[i]];
        bool valid = cpl_is_valid(column, row);
        bits[i] = valid;
        column->values = (uint8_t *)column->values + row * cpl_type_width(&column->field->type);
        column->validity = valid ? NULL : &bits[i];
        column->null_count = !valid;
        column->length = 1;
    }
    *one = (struct cpl_batch){.schema = batch->schema, .columns = columns, .rows = 1};
    return true;
}

static bool reads_nested(const struct cpl_expression_rule *rule, const struct cpl_batch *batch)
{
    for (uint32_t i = 0; i < rule->n_columns; i++)
        if (cpl_kind_is_nested(batch->schema->fields[rule->columns[i]].type.kind))
            return true;
    return false;
}

/* The fault for which it cannot be calculated for the row, if there is one. */
static bool find_fault(const struct cpl_expression_rule *rule, struct cpl_rule_scratch *scratch,
                       const struct cpl_batch *batch, uint32_t row, enum cpl_fault_kind *fault,
                       struct cpl_error *err)
{
    struct cpl_values values;
    struct cpl_batch one;
    bool whole = reads_nested(rule, batch);
    cpl_evaluator_reset(scratch->evaluator); /* verdicts stand in arrays of their own */
    if (!whole && !view_row(rule, scratch, batch, row, &one, err))
        return false;
    if (!cpl_evaluate(scratch->evaluator, rule->expression, whole ? batch : &one, &values, err))
        return false;
    *fault = values.n_faults ? (enum cpl_fault_kind)values.faults[whole ? row : 0] : CPL_FAULT_NONE;
    return true;
}

bool cpl_expression_rule_explain(const void *of, struct cpl_rule_scratch *scratch,
                                 const struct cpl_batch *batch, uint32_t row,
                                 struct cpl_buffer *text, struct cpl_error *err)
{
    const struct cpl_expression_rule *rule = of;
    enum cpl_fault_kind fault = CPL_FAULT_NONE;
    if ((scratch->any_faults && !find_fault(rule, scratch, batch, row, &fault, err)) ||
        !put_values(rule, batch, row, text, err))
        return false;
    if (fault != CPL_FAULT_NONE)
        return cpl_buffer_printf(text, err, ": %s", cpl_fault_text(fault));
    return cpl_buffer_printf(text, err, ", %s", rule->wanted);
}

static bool is_number(const char *value)
{
    double number;
    enum cpl_text_result result;
    char padded[160] = "";
    size_t length = strlen(value);
    if (!length || length > 64 || strchr("nNiI", value[value[0] == '-' && value[1]]))
        return false;
    memcpy(padded, value, length);
    result = cpl_parse_double((const uint8_t *)padded, length, &(struct cpl_text_style){0},
                              &number);
    return result !=
           CPL_TEXT_NO; /* more digits than a double has are fine: the language counts in decimals */
}

bool cpl_put_literal(struct cpl_buffer *text, const char *value, const struct cpl_type *type,
                     struct cpl_error *err)
{
    bool number = type->kind >= CPL_I8 && type->kind <= CPL_DECIMAL;
    if (number && !is_number(value))
        return cpl_fail(err, CPL_E_CONFIG, "`%.100s` is no number, and the column is one", value);
    if (type->kind == CPL_BOOL && strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return cpl_fail(err, CPL_E_CONFIG, "`%.100s` is neither true nor false", value);
    if (number || type->kind == CPL_BOOL)
        return cpl_buffer_append_text(text, value, err);
    return cpl_put_text(text, value, err);
}

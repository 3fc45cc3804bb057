/* Any text as an expression: compiled for a fixed schema, and if that goes, calculated for a fixed batch. What comes out must be whole: as
 * a value and as a test the same, and the same once more. */
#define FIXTURE_WITHOUT_CMOCKA
#include "expression/expression_fixture.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static void run(struct fixture *fixture, const struct cpl_expression *expression)
{
    struct cpl_error err = {0};
    struct cpl_values values, again, faults;
    uint8_t out[FIXTURE_ROWS + 64], nulls[FIXTURE_ROWS + 64];
    char first[256], second[256];
    cpl_evaluator_reset(fixture->evaluator);
    if (!cpl_evaluate(fixture->evaluator, expression, &fixture->batch, &values, &err)) {
        must(err.code == CPL_E_LIMIT);
        return;
    }
    must(cpl_evaluate(fixture->evaluator, expression, &fixture->batch, &again, &err));
    if (cpl_kind_is_nested(cpl_expression_type(expression)->kind))
        return;
    for (uint32_t i = 0; i < FIXTURE_ROWS; i++)
        must(!strcmp(fixture_show(&values, i, first), fixture_show(&again, i, second)));
    if (cpl_expression_type(expression)->kind != CPL_BOOL)
        return;
    must(cpl_evaluate_test(fixture->evaluator, expression, &fixture->batch, out, nulls, &faults,
                           &err));
    must(faults.n_faults == values.n_faults);
    for (uint32_t i = 0; i < FIXTURE_ROWS; i++) {
        bool fault = faults.faults && faults.faults[i];
        must(out[i] == (cpl_is_valid(&values.column, i) && values.column.u8[i]));
        must(nulls[i] == (!cpl_is_valid(&values.column, i) && !fault));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fixture fixture;
    const struct cpl_expression_env env = {.now_ms = 1768136399999};
    struct cpl_error err = {0};
    size_t at = 0;
    if (!fixture.schema)
        fixture_init(&fixture);
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = 0;
    bool well_formed = cpl_expression_check(text, &at, &err);
    must(well_formed || (err.message[0] && at <= size));
    struct cpl_expression *expression = cpl_expression_compile(text, fixture.schema, &env, &at,
                                                               &err);
    must(well_formed || !expression);
    must(expression || (err.message[0] && at <= size));
    if (expression)
        run(&fixture, expression);
    cpl_expression_free(expression);
    free(text);
    return 0;
}

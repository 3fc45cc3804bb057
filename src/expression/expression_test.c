/* Grammar, precedence, types, three-valued logic, faults, and errors with their place. */
#include "expression/expression_fixture.h"

#include <stdlib.h>

struct row {
    const char *text, *want;
};

static void check_rows(const struct row *rows, size_t n, uint32_t row)
{
    struct fixture fixture;
    char shown[256];
    fixture_init(&fixture);
    for (size_t i = 0; i < n; i++)
        if (strcmp(fixture_value(&fixture, rows[i].text, row, shown), rows[i].want) != 0)
            fail_msg("%s gives %s, not %s", rows[i].text, shown, rows[i].want);
    fixture_release(&fixture);
}
#define CHECK_ROWS(rows, row) check_rows(rows, sizeof(rows) / sizeof *(rows), row)

static void precedence(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 2 - 3", "5"},
        {"2 * 7 % 4", "2"},
        {"- 2 * 3", "-6"},
        {"-(2)", "-2"},
        {"- -2", "2"},
        {"1 < 2 or 1 / 0 = 1 and false", "true"},
        {"not 1 = 2 and true", "true"},
        {"not (true and false)", "true"},
        {"not not true", "true"},
        {"1 + 1 = 2", "true"},
        {"'a' || 'b' = 'ab'", "true"},
        {"2 between 1 + 0 and 3 and true", "true"},
        {"2 not between 1 and 3 or false", "false"},
        {"3 not in (1, 2)", "true"},
        {"1 IN (1) AND TRUE", "true"},
        {"'x' not like '%y' and 'x' not matches 'y'", "true"},
        {"null is null", "true"},
        {"1 is not null", "true"},
        {"case 1 when 2 then 'a' when 1 then 'b' end", "b"},
        {"case when false then 1 else 2 end + 1", "3"},
        {"1e3", "1000.0"},
        {"1.50", "1.50"},
        {".5", "0.5"},
        {"'it''s'", "it's"},
        {"\"i\" + 1", "8"},
        {"o.a + o.\"a\"", "14"},
        {"date '2026-01-31' < date '2026-02-01'", "true"},
        {"time '12:00:00' = time '12:00:00.000'", "true"},
        {"timestamp '2026-01-11 12:59:59.999' = ts", "true"},
        {"timestamp '2026-01-11T12:59:59Z' = utc", "true"},
        {"9223372036854775807", "9223372036854775807"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775808", "9223372036854775808"},
    };
    CHECK_ROWS(rows, 0);
}

/* The tables at the top of logic.c. T, F, N and X stand for what follows. */
static void three_valued_logic(void **state)
{
    (void)state;
    static const char *const values[] = {"b", "not b", "b = null", "i / 0 = 1"};
    static const char *const shown[] = {"true", "false", "null", "!2"};
    static const int and[4][4] = {{0, 1, 2, 3}, {1, 1, 1, 1}, {2, 1, 2, 3}, {3, 1, 3, 3}};
    static const int or [4][4] = {{0, 0, 0, 0}, {0, 1, 2, 3}, {0, 2, 2, 3}, {0, 3, 3, 3}};
    struct row rows[32];
    char texts[32][64];
    for (int i = 0; i < 16; i++) {
        snprintf(texts[i], 64, "(%s) and (%s)", values[i / 4], values[i % 4]);
        rows[i] = (struct row){texts[i], shown[and[i / 4][i % 4]]};
        snprintf(texts[16 + i], 64, "(%s) or (%s)", values[i / 4], values[i % 4]);
        rows[16 + i] = (struct row){texts[16 + i], shown[or [i / 4][i % 4]]};
    }
    CHECK_ROWS(rows, 0);
}

static void nulls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"i + 1", "null"},
        {"j + i", "null"},
        {"s || 'x'", "null"},
        {"i = i", "null"},
        {"i is null", "true"},
        {"not (i = 1)", "null"},
        {"i in (1, 2)", "null"},
        {"1 in (2, i)", "null"},
        {"0 in (j, i)", "true"},
        {"1 not in (2, i)", "null"},
        {"1 not in (2, 3, 4, 5, 6, 7, 8, null)", "null"},
        {"'a' in ('b', 'c', 'd', null)", "null"},
        {"1 between i and 0", "false"},
        {"1 between i and 2", "null"},
        {"case when i = 1 then 'a' else 'b' end", "b"},
        {"case i when null then 'a' end", "null"},
        {"coalesce(i, small, 3)", "3"},
        {"nullif(i, 1)", "null"},
        {"cast(i as string)", "null"},
        {"cast(null as date)", "null"},
        {"abs(i) + length(s) + year(day)", "null"},
        {"b", "null"},
        {"not b", "null"},
        {"-d", "null"},
        {"null + null", "null"},
        {"null || 'a'", "null"},
        {"null = null", "null"},
        {"i / 0", "null"},
        {"json_text(doc, '$.a')", "null"},
        {"o.a is null and o.\"b c\".d is null and list is null", "true"},
        {"s like 'a%'", "null"},
        {"w * w", "null"},
        {"case when b then 1 / 0 else 1.0 end", "1.0"},
    };
    CHECK_ROWS(rows, 2);
}

static void faults(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"i + 1", "!1"},
        {"j - 1", "!1"},
        {"-j", "!1"},
        {"i * i", "!1"},
        {"i * -1", "-9223372036854775807"},
        {"i + j", "-1"},
        {"f * 10", "!1"},
        {"1 / 0 is null", "!2"},
        {"1 / 0 + null", "!2"},
        {"1 in (1 / 0, 1)", "true"},
        {"1 in (1 / 0, 2)", "!2"},
        {"i = 1 and i + 1 = 2", "false"},
        {"i <> 1 or i + 1 = 2", "true"},
        {"case when i = 1 then i + 1 else 0 end", "0"},
        {"case when i + 1 = 1 then 1 else 0 end", "!1"},
        {"case when true then i + 1 end", "!1"},
        {"if(i < 0, i + 1, 5)", "5"},
        {"coalesce(5, i + 1)", "5"},
        {"coalesce(null, i + 1, 5)", "!1"},
        {"try_cast(s as int64)", "null"},
        {"cast(s as int64)", "!3"},
        {"try_cast(i + 1 as string)", "!1"},
        {"cast(i as int32)", "!3"},
        {"cast(f as float)", "!3"},
        {"cast(1.5 as int64)", "!3"},
        {"cast(1.50 as decimal(5,1))", "1.5"},
        {"cast(1.55 as decimal(5,1))", "!3"},
        {"cast(0.1e0 as decimal(5,1))", "0.1"},
        {"cast(1e300 as int64)", "!3"},
        {"cast(cast(0.1 as float) as decimal(3,1))", "0.1"},
        {"cast('NaN' as double) = 1", "false"},
        {"cast(cast('NaN' as double) as int64)", "!3"},
        {"cast(-1 as uint8)", "!3"},
        {"cast(u as int64)", "!3"},
        {"cast('18446744073709551615' as uint64) = u", "true"},
        {"'(a+)+$' matches '(x+x+)+y'", "false"},
    };
    CHECK_ROWS(rows, 1);
}

static void decimals(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"d + e", "0.00"},
        {"d * e", "-99999999999999800000000000.0001"},
        {"d * d - d * d", "0.0000"},
        {"w", "9999999999999999999999999999999999.9999"},
        {"w + 0.0001", "!1"},
        {"w - 0.0001", "9999999999999999999999999999999999.9998"},
        {"-w - 0.0001", "!1"},
        {"w * 1", "9999999999999999999999999999999999.9999"},
        {"w * 2", "!1"},
        {"w > 1e34", "false"},
        {"w = 9999999999999999999999999999999999.9999", "true"},
        {"w > d", "true"},
        {"w > 99999999999999999999999999999999999999", "false"},
        {"w < 99999999999999999999999999999999999999", "true"},
        {"abs(-w) = w", "true"},
        {"u + 1", "18446744073709551616"},
        {"u > i", "true"},
        {"u - u", "0"},
        {"i + 0.5", "9223372036854775807.5"},
        {"i = 9223372036854775807.0", "true"},
        {"j = -9223372036854775808.00", "true"},
        {"0.1 + 0.2 = 0.3", "true"},
        {"1.5 = 1.50", "true"},
        {"1.5 in (1, 1.50, 2)", "true"},
        {"99999999999999999999999999999999999999 + 1", "!1"},
        {"99999999999999999999999999999999999999 * 0.1", "9999999999999999999999999999999999999.9"},
        {"round(w)", "10000000000000000000000000000000000"},
        {"cast(w as decimal(38,2))", "!3"},
        {"div(w, 3)", "3333333333333333333333333333333333"},
        {"w % 7.5", "2.4999"},
        {"d / 2", "4999999999999.995"},
        {"abs(d + e) < 0.01", "true"},
    };
    CHECK_ROWS(rows, 1);
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *text, *type;
        bool nullable;
    } rows[] = {
        {"small", "int8", true},
        {"small + small", "int64", true},
        {"j + 1", "int64", false},
        {"d + e", "decimal(16,2)", true},
        {"d * e", "decimal(30,4)", true},
        {"d * 2", "decimal(16,2)", true},
        {"d + small", "decimal(16,2)", true},
        {"d + i", "decimal(22,2)", true},
        {"w * d", "decimal(38,6)", true},
        {"d + f", "double", true},
        {"r + r", "double", true},
        {"i / i", "double", true},
        {"u + i", "decimal(21,0)", true},
        {"coalesce(small, small)", "int8", true},
        {"coalesce(i, j)", "int64", false},
        {"case when b then d else 1 end", "decimal(15,2)", true},
        {"case when j = 1 then 1 else 2 end", "int64", false},
        {"case when j = 1 then 1 end", "int64", true},
        {"i is null", "boolean", false},
        {"try_cast(j as int8)", "int8", true},
        {"coalesce(ts, '2026-01-01 00:00:00')", "timestamp(us)", false},
        {"coalesce(ts, '2026-01-01 00:00:00.123456789')", "timestamp(ns)", false},
        {"floor(d)", "decimal(14,0)", true},
        {"o", "struct<a: int64, \"b c\": struct<d: string>>", true},
    };
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cpl_buffer shown = {0};
        struct cpl_expression *expression = fixture_compile(&fixture, rows[i].text);
        assert_true(cpl_type_format(cpl_expression_type(expression), &shown, NULL));
        if (strcmp(cpl_buffer_text(&shown, NULL), rows[i].type) != 0)
            fail_msg("%s is %s, not %s", rows[i].text, cpl_buffer_text(&shown, NULL), rows[i].type);
        if (cpl_expression_nullable(expression) != rows[i].nullable)
            fail_msg("%s: nullable", rows[i].text);
        cpl_buffer_release(&shown);
        cpl_expression_free(expression);
    }
    fixture_release(&fixture);
}

static void columns_are_listed(void **state)
{
    (void)state;
    struct fixture fixture;
    uint32_t n;
    fixture_init(&fixture);
    struct cpl_expression *expression = fixture_compile(&fixture,
                                                        "o.a + d * i between d and i or b");
    const uint32_t *columns = cpl_expression_columns(expression, &n);
    assert_int_equal(n, 4);
    assert_int_equal(columns[0], 0);
    assert_int_equal(columns[1], 7);
    assert_int_equal(columns[2], 15);
    assert_int_equal(columns[3], 19);
    cpl_expression_free(expression);
    fixture_release(&fixture);
}

static const struct {
    const char *text;
    size_t at;
    const char *says;
    bool well_formed;
} mistakes[] = {
    {"", 0, "the end", false},
    {"i = '\xC3'", 5, "UTF-8", false},
    {"1 < 2 = true", 6, "and", false},
    {"1 +", 3, "the end", false},
    {"(1", 2, "')'", false},
    {"1)", 1, "operator", false},
    {"'a", 0, "not closed", false},
    {"\"a", 0, "not closed", false},
    {"1 == 2", 2, "=", false},
    {"1 != 2", 2, "<>", false},
    {"a ; b", 2, "';'", false},
    {"1x", 1, "behind a number", false},
    {"1 < 2 < 3", 6, "and", false},
    {"i in ()", 6, "a value", false},
    {"i between 1", 11, "and", false},
    {"i not 1", 6, "in, between", false},
    {"s like t", 7, "in quotes", false},
    {"case end", 5, "a value", false},
    {"case when b 1 end", 12, "then", false},
    {"cast(i as)", 9, "", false},
    {"cast(i as strin)", 10, "string", false},
    {"date '2026-02-30'", 5, "no date", false},
    {"time '25:00:00'", 5, "no time", false},
    {"timestamp 'x'", 10, "no timestamp", false},
    {"nosuch(1)", 0, "no function", false},
    {"absolute(1)", 0, "", false},
    {"cats(1 as int)", 0, "", false},
    {"123456789012345678901234567890123456789", 0, "38 digits", false},
    {"1e999", 0, "double", false},
    {"o.", 2, "member", false},
    {"qty + 1", 0, "no column", true},
    {"smal + 1", 0, "'small'", true},
    {"o.x", 0, "no member", true},
    {"i.a", 0, "no members", true},
    {"s = 1", 4, "cannot compare", true},
    {"i + s", 4, "needs numbers", true},
    {"day + 1", 0, "date_add", true},
    {"i and b", 0, "boolean", true},
    {"not i", 4, "boolean", true},
    {"i || 'a'", 0, "joined", true},
    {"i like 'a'", 0, "texts", true},
    {"s matches '('", 12, "closing", true},
    {"day = 'x'", 6, "no date", true},
    {"id = 'x'", 5, "no uuid", true},
    {"ts = utc", 5, "zone", true},
    {"doc = doc", 4, "compared", true},
    {"list = list", 5, "compared", true},
    {"cast(day as int64)", 0, "cannot be cast", true},
    {"0.00000000000000000001 * 0.0000000000000000001", 23, "39 digits", true},
    {"case when b then 1 else 'a' end", 24, "give both", true},
};

static void mistakes_have_their_place(void **state)
{
    (void)state;
    const struct cpl_expression_env env = {0};
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct cpl_error err = {0};
        size_t at = 999;
        if (cpl_expression_compile(mistakes[i].text, fixture.schema, &env, &at, &err))
            fail_msg("%s is taken", mistakes[i].text);
        if (err.code != CPL_E_CONFIG || at != mistakes[i].at ||
            !strstr(err.message, mistakes[i].says))
            fail_msg("%s: %zu: %s", mistakes[i].text, at, err.message);
        if (cpl_expression_check(mistakes[i].text, &at, &err) != mistakes[i].well_formed)
            fail_msg("%s: check", mistakes[i].text);
    }
    fixture_release(&fixture);
}

static char *repeated(const char *begin, const char *part, size_t n, const char *end)
{
    char *text = malloc(strlen(begin) + n * strlen(part) + strlen(end) + 1),
         *to = stpcpy(text, begin);
    for (size_t i = 0; i < n; i++)
        to = stpcpy(to, part);
    strcpy(to, end);
    return text;
}

static void check_bomb(char *text, const char *says)
{
    struct cpl_error err = {0};
    size_t at;
    bool ok = cpl_expression_check(text, &at, &err);
    if (ok != !says || (says && !strstr(err.message, says)))
        fail_msg("%.40s…: %s", text, err.message);
    free(text);
}

static void bounds(void **state)
{
    (void)state;
    check_bomb(repeated("", "(", 30000, "1"), "64 levels");
    check_bomb(repeated("", "not ", 10000, "true"), "64 levels");
    check_bomb(repeated("", "-(", 10000, "1"), "64 levels");
    check_bomb(repeated("", "- ", 10000, "i"), "64 levels");
    check_bomb(repeated("", "abs(", 10000, "1"), "64 levels");
    check_bomb(repeated("", "case when ", 6000, "1"), "64 levels");
    check_bomb(repeated("", "cast(", 6000, "1"), "64 levels");
    check_bomb(repeated("1", " + 1", 100, ""), "64 levels");
    check_bomb(repeated("1", " + 1", 60, ""), NULL);
    check_bomb(repeated("true", " and true", 4000, ""), NULL);
    check_bomb(repeated("i in (1", ", 1", 4000, ")"), NULL);
    check_bomb(repeated("i in (1", ", 1", 5000, ")"), "4096");
    check_bomb(repeated("'", "a", 70000, "'"), "64 KiB");
    check_bomb(repeated("'", "a", 60000, "'"), NULL);
}

/* Each allocation of compiling and evaluating fails once. */
static void memory_fails(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "abs(d - e * d) < 0.01 and s in ('a', 'b', 'c') or case when b then 1 / i else 2 end > 1",
        "regexp_replace(lower(s) || lpad(t, 9), '[a-z]', '<\\0>') like '%x'",
        "json_text(doc, '$.a.b[1]') || cast(i as string)",
        "i in (1, 2, 3, 4, 5, 6, 7, 8) and o.\"b c\".d in ('a', 'b', 'c', 'd', null)",
        ("to_date('31.' || '01.2026', '%d.%m.%Y') < day and id = "
         "'12340000-0000-0000-0000-000000000000'"),
        "least(w * w, d + 1) > round(w, 1) or date_add('month', 1, day) in (day, '2026-01-31')"};
    const struct cpl_expression_env env = {0};
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (uint64_t fail_at = 1, failed = 1; failed; fail_at++) {
            struct cpl_error err = {0};
            struct cpl_values values;
            size_t at;
            uint64_t before = cpl_memory_allocations();
            cpl_memory_fail_at(fail_at);
            struct cpl_evaluator *evaluator = cpl_evaluator_new(&err);
            struct cpl_expression *expression =
                evaluator ? cpl_expression_compile(texts[i], fixture.schema, &env, &at, &err)
                          : NULL;
            bool ok = expression &&
                      cpl_evaluate(evaluator, expression, &fixture.batch, &values, &err);
            failed = cpl_memory_allocations() - before >= fail_at;
            cpl_memory_fail_at(0);
            if (!ok && err.code != CPL_E_MEMORY)
                fail_msg("%s: %s", texts[i], err.message);
            assert_true(ok || failed);
            cpl_expression_free(expression);
            cpl_evaluator_free(evaluator);
        }
    fixture_release(&fixture);
}

static void check_test(struct fixture *fixture, const char *text, const char *out,
                       const char *nulls, uint32_t n_faults)
{
    uint8_t is[FIXTURE_ROWS + 64], null[FIXTURE_ROWS + 64];
    struct cpl_values faults;
    struct cpl_expression *expression = fixture_compile(fixture, text);
    assert_true(cpl_evaluate_test(fixture->evaluator, expression, &fixture->batch, is, null,
                                  &faults, NULL));
    for (int i = 0; i < FIXTURE_ROWS; i++)
        if (is[i] != out[i] - '0' || null[i] != nulls[i] - '0')
            fail_msg("%s: row %d: %d, %d", text, i, is[i], null[i]);
    assert_int_equal(faults.n_faults, n_faults);
    memset(is, 9, sizeof is);
    assert_true(cpl_evaluate_test(fixture->evaluator, expression, &fixture->batch, is, NULL,
                                  &faults, NULL));
    assert_int_equal(is[0], out[0] - '0');
    cpl_expression_free(expression);
}

static void rows_are_tested(void **state)
{
    (void)state;
    struct fixture fixture;
    struct cpl_values faults;
    struct cpl_error err = {0};
    uint8_t out[FIXTURE_ROWS + 64];
    fixture_init(&fixture);
    check_test(&fixture, "i > 1", "1100", "0010", 0);
    check_test(&fixture, "i + 1 > 1", "1000", "0010", 1);
    check_test(&fixture, "b", "1000", "0010", 0);
    check_test(&fixture, "true", "1111", "0000", 0);
    check_test(&fixture, "null", "0000", "1111", 0);
    check_test(&fixture, "1 / 0 = 1", "0000", "0000", 4);
    check_test(&fixture, "i is null or s like 'G%'", "1010", "0000", 0);
    struct cpl_expression *number = fixture_compile(&fixture, "i + 1");
    assert_false(
        cpl_evaluate_test(fixture.evaluator, number, &fixture.batch, out, NULL, &faults, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    cpl_expression_free(number);
    fixture_release(&fixture);
}

/* Until the reset, the values of several expressions stand beside each other. */
static void values_stay(void **state)
{
    (void)state;
    struct fixture fixture;
    struct cpl_values first, second;
    char shown[256];
    fixture_init(&fixture);
    struct cpl_expression *a = fixture_compile(&fixture, "s || '!'"),
                          *b = fixture_compile(&fixture, "i + 1");
    assert_true(cpl_evaluate(fixture.evaluator, a, &fixture.batch, &first, NULL));
    assert_true(cpl_evaluate(fixture.evaluator, b, &fixture.batch, &second, NULL));
    assert_string_equal(fixture_show(&first, 0, shown), "Gold and silver!");
    assert_string_equal(fixture_show(&second, 0, shown), "8");
    assert_string_equal(fixture_show(&second, 1, shown), "!1");
    assert_int_equal(second.n_faults, 1);
    fixture.batch.rows = 0;
    cpl_evaluator_reset(fixture.evaluator);
    assert_true(cpl_evaluate(fixture.evaluator, a, &fixture.batch, &first, NULL));
    assert_int_equal(first.column.length, 0);
    cpl_expression_free(a);
    cpl_expression_free(b);
    fixture_release(&fixture);
}

static void faults_are_named(void **state)
{
    (void)state;
    for (int i = 0; i <= CPL_FAULT_EFFORT; i++)
        assert_true(strlen(cpl_fault_text((enum cpl_fault_kind)i)) > 5);
    assert_string_equal(cpl_fault_text(CPL_FAULT_ZERO), "a division by zero");
}

/* A pattern that would take for ever is its row's fault. */
static void effort(void **state)
{
    (void)state;
    char text[400], shown[256];
    struct fixture fixture;
    fixture_init(&fixture);
    const char *pattern = "^(a|a)*\\1c";
    snprintf(text, sizeof text, "left(lpad(t, 90, 'a'), 60) || 'bc' matches '%s'", pattern);
    assert_string_equal(fixture_value(&fixture, text, 0, shown), "!4");
    snprintf(text, sizeof text, "b or left(lpad(t, 90, 'a'), 60) || 'bc' matches '%s'", pattern);
    assert_string_equal(fixture_value(&fixture, text, 0, shown), "true");
    snprintf(text, sizeof text, "regexp_extract(left(lpad(t, 90, 'a'), 60) || 'bc', '%s')",
             pattern);
    assert_string_equal(fixture_value(&fixture, text, 0, shown), "!4");
    snprintf(text, sizeof text, "regexp_replace(left(lpad(t, 90, 'a'), 60) || 'bc', '%s', 'x')",
             pattern);
    assert_string_equal(fixture_value(&fixture, text, 0, shown), "!4");
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_tested),
        cmocka_unit_test(values_stay),
        cmocka_unit_test(precedence),
        cmocka_unit_test(three_valued_logic),
        cmocka_unit_test(nulls),
        cmocka_unit_test(faults),
        cmocka_unit_test(decimals),
        cmocka_unit_test(types),
        cmocka_unit_test(columns_are_listed),
        cmocka_unit_test(mistakes_have_their_place),
        cmocka_unit_test(bounds),
        cmocka_unit_test(memory_fails),
        cmocka_unit_test(faults_are_named),
        cmocka_unit_test(effort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

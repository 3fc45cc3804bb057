/* Every row of the table of functions: its example gives its result. */
#include "expression/expression_fixture.h"

static void examples(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    for (const struct cpl_function_row *row = cpl_expression_functions(); row->name; row++) {
        char call[600], shown[256];
        snprintf(call, sizeof call, "cast(%s as string)", row->example);
        fixture_value(&fixture, call, 0, shown);
        if (strcmp(shown, row->result ? row->result : "null") != 0)
            fail_msg("%s gives %s, not %s", row->example, shown,
                     row->result ? row->result : "null");
        assert_non_null(strstr(row->signature, row->name));
    }
    fixture_release(&fixture);
}

static void rows_are_sorted(void **state)
{
    (void)state;
    const struct cpl_function_row *row = cpl_expression_functions();
    for (; row[1].name; row++)
        assert_true(strcmp(row[0].name, row[1].name) < 0);
}

/* Results of row 0: edges that the examples do not show. */
static const struct {
    const char *text, *want;
} edges[] = {
    {"abs(-9223372036854775807 - 1)", "!1"},
    {"abs(cast(-1e0 as double))", "1.0"},
    {"ceil(-1.2)", "-1"},
    {"ceil(5)", "5"},
    {"floor(1e-300)", "0.0"},
    {"round(-2.5)", "-3"},
    {"round(2.5)", "3"},
    {"round(12355, -1)", "12360"},
    {"round(1.005, 2)", "1.01"},
    {"round(9.99, 1)", "10.0"},
    {"round(5.5, -38)", "0"},
    {"round(0.15, 5)", "0.15"},
    {"sign(0)", "0"},
    {"mod(-9223372036854775807 - 1, -1)", "0"},
    {"div(-9223372036854775807 - 1, -1)", "!1"},
    {"div(1, 0)", "!2"},
    {"5.5 % 2", "1.5"},
    {"-5.5 % 2", "-1.5"},
    {"sqrt(-1)", "!3"},
    {"ln(0)", "!3"},
    {"exp(1000)", "!1"},
    {"power(10, 400)", "!1"},
    {"least('b', 'a', 'ab')", "a"},
    {"greatest(1, null)", "null"},
    {"least(date '2026-01-02', '2026-01-01')", "2026-01-01"},
    {"length('')", "0"},
    {"length('aé€😀')", "4"},
    {"octet_length('aé€😀')", "10"},
    {"length(list)", "2"},
    {"lower('ÄÉΣÐ😀A')", "äéσð😀a"},
    {"upper('straße ÿ')", "STRAßE Ÿ"},
    {"trim('')", ""},
    {"trim('   ')", ""},
    {"trim('éaé', 'é')", "a"},
    {"ltrim('xxaxx', 'x')", "axx"},
    {"rtrim('xxaxx', 'x')", "xxa"},
    {"substr('cupel', 1)", "cupel"},
    {"substr('cupel', 0, 2)", "cu"},
    {"substr('cupel', -2)", "el"},
    {"substr('cupel', -9, 5)", "c"},
    {"substr('cupel', 9)", ""},
    {"substr('cupel', 2, -1)", ""},
    {"substr('aéb', 2, 1)", "é"},
    {"substr('abc', 9223372036854775807, 9223372036854775807)", ""},
    {"left('cupel', -2)", "cup"},
    {"left('cupel', 99)", "cupel"},
    {"right('cupel', -2)", "pel"},
    {"right('cupel', 99)", "cupel"},
    {"right('cupel', -99)", ""},
    {"left('cupel', -9223372036854775807 - 1)", ""},
    {"replace('aaa', 'a', 'bb')", "bbbbbb"},
    {"replace('abc', '', 'x')", "abc"},
    {"replace('abc', 'abc', '')", ""},
    {"contains('abc', '')", "true"},
    {"starts_with('ab', 'abc')", "false"},
    {"ends_with('abc', 'c')", "true"},
    {"position('é', 'aéb')", "2"},
    {"position('x', 'a')", "0"},
    {"split_part('a,b,c', ',', -1)", "c"},
    {"split_part('a,b,c', ',', 4)", ""},
    {"split_part('a,b,c', ',', -4)", ""},
    {"split_part('abc', '', 1)", "abc"},
    {"split_part(',', ',', 2)", ""},
    {"lpad('abc', 2)", "ab"},
    {"lpad('a', 6, 'é1')", "é1é1éa"},
    {"rpad('a', 0)", ""},
    {"rpad('a', -5)", ""},
    {"rpad('a', 5, '')", "a"},
    {"rpad('a', 9223372036854775807)", "!1"},
    {"reverse('aé😀')", "😀éa"},
    {"regexp_replace('aaa', '^a', 'b')", "baa"},
    {"regexp_replace('abc', 'x*', '-')", "-a-b-c-"},
    {"regexp_replace('ab', '(a)|(b)', '[\\1|\\2]')", "[a|][|b]"},
    {"regexp_replace('a.b', '\\.', '\\\\')", "a\\b"},
    {"regexp_replace('', '^', 'x')", "x"},
    {"regexp_replace('foo bar', '\\b', '|')", "|foo| |bar|"},
    {"regexp_extract('abc', 'x')", "null"},
    {"regexp_extract('abc', 'b(x)?', 1)", "null"},
    {"regexp_extract(s, '[a-z]+ver')", "silver"},
    {"day_of_week(date '2026-01-11')", "7"},
    {"week(date '2021-01-03')", "53"},
    {"week(date '2024-12-30')", "1"},
    {"day_of_year(date '2024-12-31')", "366"},
    {"hour(ts)", "12"},
    {"second(ts)", "59"},
    {"year(timestamp '0001-01-01 00:00:00')", "1"},
    {"hour(timestamp '1969-12-31 23:00:00')", "23"},
    {"date_trunc('week', date '2026-01-11')", "2026-01-05"},
    {"date_trunc('quarter', date '2026-05-11')", "2026-04-01"},
    {"date_trunc('minute', ts)", "2026-01-11T12:59:00"},
    {"date_trunc('hour', timestamp '1969-12-31 23:30:00')", "1969-12-31T23:00:00"},
    {"date_add('month', -1, date '2024-03-31')", "2024-02-29"},
    {"date_add('year', 1, date '2024-02-29')", "2025-02-28"},
    {"date_add('day', 1, date '9999-12-31')", "+10000-01-01"},
    {"date_add('second', -1, timestamp '1970-01-01 00:00:00')", "1969-12-31T23:59:59"},
    {"date_add('day', 9223372036854775807, date '2026-01-01')", "!1"},
    {"date_add('year', 9223372036854775807, ts)", "!1"},
    {"date_diff('month', date '2026-01-31', date '2026-02-01')", "1"},
    {"date_diff('year', date '2026-01-01', date '2025-12-31')", "-1"},
    {"date_diff('hour', timestamp '2026-01-01 00:59:59', timestamp '2026-01-01 01:00:00')", "1"},
    {"date_diff('week', date '2026-01-11', date '2026-01-12')", "1"},
    {"to_date('2026-02-30')", "!3"},
    {"to_timestamp('2026-01-11 12:00:00+0100', '%Y-%m-%d %H:%M:%S%z')", "2026-01-11T11:00:00Z"},
    {"coalesce(1 / 0, 2.0)", "!2"},
    {"coalesce(2.0, 1 / 0)", "2.0"},
    {"nullif(1, 1.0)", "null"},
    {"nullif(2, null)", "2"},
    {"if(null, 1, 2)", "2"},
    {"if(true, 1, 1 / 0)", "1.0"},
    {"if(1 / 0 = 1, 1, 2)", "!2"},
    {"json_text(doc, '$.a')", "{\"b\": [1, \"x\\u00e9\"]}"},
    {"json_text(doc, '$.a.b[0]')", "1"},
    {"json_text(doc, '$.a.b[1]')", "xé"},
    {"json_text(doc, '$[\"a\"].b[2]')", "null"},
    {"json_text(doc, '$.n')", "null"},
    {"json_text(doc, '$.a.b.c')", "null"},
    {"json_text(cast('\"\\ud83d\\ude00\\n\\ud800\"' as json), '$')", "😀\n\xEF\xBF\xBD"},
    {"json_text(cast('[[],{\"x\":[1,{\"y\":\"]\"}]},true]' as json), '$[2]')", "true"},
    {"json_text(cast('{\"\\u0061\": 1.50}' as json), '$.a')", "1.50"},
    {"sha256('')", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"today()", "2026-01-11"},
    {"to_date('31.01.2026', '%d.' || '%m.%Y')", "2026-01-31"},
    {"json_text(doc, '$.' || 'a.b[0]')", "1"},
    {"date_trunc('mon' || 'th', day)", "2026-01-01"},
    {"day = '2026-01-' || '11'", "true"},
    {"lower(rpad('A', 100, 'Ⱥ')) = rpad('a', 100, 'ⱥ')", "true"},
    {"octet_length(upper(rpad('ȿ', 1000, 'ȿ')))", "3000"},
};

static void edge_cases(void **state)
{
    (void)state;
    struct fixture fixture;
    char shown[256];
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++)
        if (strcmp(fixture_value(&fixture, edges[i].text, 0, shown), edges[i].want) != 0)
            fail_msg("%s gives %s, not %s", edges[i].text, shown, edges[i].want);
    fixture_release(&fixture);
}

static const struct {
    const char *text;
    size_t at;
    const char *says;
} mistakes[] = {
    {"lenght(s)", 0, "'length'"},
    {"round(d, i)", 9, "constant"},
    {"length(i)", 7, "a text"},
    {"left(s, 'a')", 8, "whole number"},
    {"left(s)", 0, "2 arguments, not 1"},
    {"substr(s)", 0, "at least 2"},
    {"left(s, 1, 2)", 0, "2 arguments, not 3"},
    {"year(s)", 5, "date"},
    {"hour(day)", 5, "time"},
    {"date_trunc('hour', day)", 11, "no hours"},
    {"date_trunc('days', day)", 11, "no unit"},
    {"date_trunc(s, day)", 11, "constant text"},
    {"to_date(s, '%H')", 11, ""},
    {"regexp_replace(s, '(', 'x')", 20, "closing"},
    {"json_text(s, '$.a')", 10, "json"},
    {"json_text(doc, 'a')", 15, "no path"},
    {"split_part(s, ',', 0)", 19, "from 1"},
    {"div(f, 2)", 0, "div"},
    {"least(s, i)", 9, "order"},
    {"coalesce(list, list)", 0, "simple"},
    {"if(i, 1, 2)", 3, "boolean"},
    {"day = 'x' || 'y'", 10, "'xy' is no date"},
};

static void mistakes_have_their_place(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture);
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        const struct cpl_expression_env env = {0};
        struct cpl_error err = {0};
        size_t at = 999;
        if (cpl_expression_compile(mistakes[i].text, fixture.schema, &env, &at, &err))
            fail_msg("%s is taken", mistakes[i].text);
        if (err.code != CPL_E_CONFIG || at != mistakes[i].at ||
            !strstr(err.message, mistakes[i].says))
            fail_msg("%s: %zu: %s", mistakes[i].text, at, err.message);
    }
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples), cmocka_unit_test(rows_are_sorted), cmocka_unit_test(edge_cases),
        cmocka_unit_test(mistakes_have_their_place)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

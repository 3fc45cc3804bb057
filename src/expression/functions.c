/* The table of functions: what is called, bound, checked, suggested, documented and tested comes from these rows.
 *
 * An example is an expression of constants; its result is what cast(… as string) gives, or null. Both are run by functions_test.c. */
#include "expression/functions.h"
#include "base/tree.h"
#include "expression/choose.h"

#include <pthread.h>
#include <strings.h>

enum { MANY = CPL_TERMS_MAX };
#define ROW(name_, signature_, summary_, example_, result_)                                        \
    .row = {.name = name_,                                                                         \
            .signature = signature_,                                                               \
            .summary = summary_,                                                                   \
            .example = example_,                                                                   \
            .result = result_}

static const struct cpl_function functions[] = {
    {ROW("abs", "abs(x)", "the value without its sign", "abs(-1.50)", "1.50"), 1, 1, cpl_bind_abs,
     NULL},
    {ROW("ceil", "ceil(x)", "the least whole number that is not below x", "ceil(1.2)", "2"), 1, 1,
     cpl_bind_ceil, NULL},
    {ROW("coalesce", "coalesce(x, y, …)", "the first of them that is not null",
         "coalesce(null, 'b', 'c')", "b"),
     1, MANY, cpl_bind_coalesce, NULL},
    {ROW("concat", "concat(s, t, …)", "texts joined, as by ||; null when one is null",
         "concat('a', 'b', 'c')", "abc"),
     1, MANY, cpl_bind_concat_call, NULL},
    {ROW("contains", "contains(s, part)", "does the text hold that part?",
         "contains('cupel', 'up')", "true"),
     2, 2, cpl_bind_search, "contains"},
    {ROW("date_add", "date_add(unit, n, x)",
         "a date or timestamp n units later; a month's end stays within the month (unit: year, "
         "quarter, month, week, "
         "day, and for timestamps hour, minute, second)",
         "date_add('month', 1, date '2026-01-31')", "2026-02-28"),
     3, 3, cpl_bind_date_add, NULL},
    {ROW("date_diff", "date_diff(unit, a, b)",
         "how many boundaries of the unit lie between a and b: years are the difference of the "
         "years' numbers",
         "date_diff('day', date '2026-01-31', date '2026-03-01')", "29"),
     3, 3, cpl_bind_date_diff, NULL},
    {ROW("date_trunc", "date_trunc(unit, x)",
         "the begin of the unit that x lies in; weeks begin on Monday",
         "date_trunc('month', date '2026-03-17')", "2026-03-01"),
     2, 2, cpl_bind_date_trunc, NULL},
    {ROW("day", "day(x)", "the day of the month, 1 to 31", "day(date '2026-03-17')", "17"), 1, 1,
     cpl_bind_date_part, "day"},
    {ROW("day_of_week", "day_of_week(x)", "1 (Monday) to 7 (Sunday), as ISO 8601 counts",
         "day_of_week(date '2026-03-17')", "2"),
     1, 1, cpl_bind_date_part, "day_of_week"},
    {ROW("day_of_year", "day_of_year(x)", "1 to 366", "day_of_year(date '2026-03-17')", "76"), 1, 1,
     cpl_bind_date_part, "day_of_year"},
    {ROW("div", "div(a, b)", "the whole quotient, without the fraction; not for doubles",
         "div(-7, 2)", "-3"),
     2, 2, cpl_bind_div, NULL},
    {ROW("ends_with", "ends_with(s, part)", "does the text end with that part?",
         "ends_with('cupel', 'el')", "true"),
     2, 2, cpl_bind_search, "ends_with"},
    {ROW("exp", "exp(x)", "e to the power of x, a double", "exp(0)", "1.0"), 1, 1, cpl_bind_exp,
     NULL},
    {ROW("floor", "floor(x)", "the greatest whole number that is not above x", "floor(-1.2)", "-2"),
     1, 1, cpl_bind_floor, NULL},
    {ROW("greatest", "greatest(x, y, …)", "the greatest of them; null when one is null",
         "greatest(3, 1.5, 2)", "3.0"),
     1, MANY, cpl_bind_greatest, NULL},
    {ROW("hour", "hour(x)", "0 to 23", "hour(timestamp '2026-03-17 08:09:10')", "8"), 1, 1,
     cpl_bind_date_part, "hour"},
    {ROW("if", "if(condition, x, y)", "x where the condition is true, else y",
         "if(1 < 2, 'yes', 'no')", "yes"),
     3, 3, cpl_bind_if, NULL},
    {ROW("json_text", "json_text(j, path)",
         "the value at a path like $.a.b[0] in a json column, as text: strings without quotes, the "
         "rest as it is "
         "written; null when it is not there, or null",
         "json_text(cast('{\"a\": {\"b\": [\"x\", 2]}}' as json), '$.a.b[0]')", "x"),
     2, 2, cpl_bind_json_text, NULL},
    {ROW("least", "least(x, y, …)", "the least of them; null when one is null", "least(3, 1.5, 2)",
         "1.5"),
     1, MANY, cpl_bind_least, NULL},
    {ROW("left", "left(s, n)", "the first n characters; a negative n: all but the last",
         "left('cupel', 2)", "cu"),
     2, 2, cpl_bind_left, NULL},
    {ROW("length", "length(x)",
         "characters (code points) of a text, elements of a list, entries of a map",
         "length('Straße')", "6"),
     1, 1, cpl_bind_length, NULL},
    {ROW("ln", "ln(x)", "the natural logarithm, a double; a fault for what is not above zero",
         "ln(1)", "0.0"),
     1, 1, cpl_bind_ln, NULL},
    {ROW("lower", "lower(s)",
         "in lower case, by Unicode's simple mapping of each character, in no language's own way; "
         "needs ICU "
         "(libicu72), whatever the text",
         "lower('ÀB')", "àb"),
     1, 1, cpl_bind_case_mapping, "lower"},
    {ROW("lpad", "lpad(s, n[, fill])",
         "filled from the left to n characters, or cut to the first n", "lpad('7', 3, '0')", "007"),
     2, 3, cpl_bind_pad, "left"},
    {ROW("ltrim", "ltrim(s[, characters])", "without spaces (or those characters) at the begin",
         "ltrim('  a ')", "a "),
     1, 2, cpl_bind_trim, "left"},
    {ROW("md5", "md5(s)",
         "the MD5 digest of the bytes, 32 hexadecimal digits; needs OpenSSL's libcrypto",
         "md5('abc')", "900150983cd24fb0d6963f7d28e17f72"),
     1, 1, cpl_bind_digest, "md5"},
    {ROW("minute", "minute(x)", "0 to 59", "minute(time '08:09:10')", "9"), 1, 1,
     cpl_bind_date_part, "minute"},
    {ROW("mod", "mod(a, b)", "the remainder of div, with the sign of a; as a % b", "mod(-7, 2)",
         "-1"),
     2, 2, cpl_bind_mod, NULL},
    {ROW("month", "month(x)", "1 to 12", "month(date '2026-03-17')", "3"), 1, 1, cpl_bind_date_part,
     "month"},
    {ROW("now", "now()",
         "the plan's instant, a timestamp(ms,utc): the same in all rows, and when a range is "
         "repeated",
         "now() >= timestamp '1970-01-01 00:00:00Z'", "true"),
     0, 0, cpl_bind_now, NULL},
    {ROW("nullif", "nullif(x, y)", "null where x = y, else x", "nullif('-', '-')", NULL), 2, 2,
     cpl_bind_nullif, NULL},
    {ROW("octet_length", "octet_length(s)", "bytes of a text", "octet_length('Straße')", "7"), 1, 1,
     cpl_bind_octet_length, NULL},
    {ROW("position", "position(part, s)",
         "where the part begins in the text, counted from 1; 0 when it is not there",
         "position('pe', 'cupel')", "3"),
     2, 2, cpl_bind_position, NULL},
    {ROW("power", "power(x, y)", "x to the power of y, a double", "power(2, 10)", "1024.0"), 2, 2,
     cpl_bind_power, NULL},
    {ROW("regexp_extract", "regexp_extract(s, pattern[, group])",
         "what the first match of a PCRE2 pattern, or that group of it, holds; null when there is "
         "none",
         "regexp_extract('a=12', '([a-z])=([0-9]+)', 2)", "12"),
     2, 3, cpl_bind_regexp_extract, NULL},
    {ROW("regexp_replace", "regexp_replace(s, pattern, text)",
         "all matches of a PCRE2 pattern replaced; in the new text \\0 to \\9 are groups and \\\\ "
         "is a \\",
         "regexp_replace('a1b22', '[0-9]+', '<\\0>')", "a<1>b<22>"),
     3, 3, cpl_bind_regexp_replace, NULL},
    {ROW("replace", "replace(s, part, text)", "every occurrence of the part replaced",
         "replace('a-b-c', '-', '+')", "a+b+c"),
     3, 3, cpl_bind_replace, NULL},
    {ROW("reverse", "reverse(s)", "the characters (code points) from the last to the first",
         "reverse('abc')", "cba"),
     1, 1, cpl_bind_reverse, NULL},
    {ROW("right", "right(s, n)", "the last n characters; a negative n: all but the first",
         "right('cupel', 2)", "el"),
     2, 2, cpl_bind_right, NULL},
    {ROW("round", "round(x[, n])",
         "rounded to n digits behind the point (0; a constant, may be negative), halves away from "
         "zero",
         "round(2.345, 2)", "2.35"),
     1, 2, cpl_bind_round, NULL},
    {ROW("rpad", "rpad(s, n[, fill])",
         "filled from the right to n characters, or cut to the first n", "rpad('a', 3, '.')",
         "a.."),
     2, 3, cpl_bind_pad, "right"},
    {ROW("rtrim", "rtrim(s[, characters])", "without spaces (or those characters) at the end",
         "rtrim(' a  ')", " a"),
     1, 2, cpl_bind_trim, "right"},
    {ROW("second", "second(x)", "0 to 59, without the fraction", "second(time '08:09:10')", "10"),
     1, 1, cpl_bind_date_part, "second"},
    {ROW("sha256", "sha256(s)",
         "the SHA-256 digest of the bytes, 64 hexadecimal digits; needs OpenSSL's libcrypto",
         "sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
     1, 1, cpl_bind_digest, "sha256"},
    {ROW("sign", "sign(x)", "-1, 0 or 1", "sign(-2.5)", "-1"), 1, 1, cpl_bind_sign, NULL},
    {ROW("split_part", "split_part(s, separator, n)",
         "the n-th part between separators, counted from 1, or from the end when n is negative; "
         "empty when there are "
         "fewer",
         "split_part('a,b,c', ',', 2)", "b"),
     3, 3, cpl_bind_split_part, NULL},
    {ROW("sqrt", "sqrt(x)", "the square root, a double; a fault below zero", "sqrt(2.25)", "1.5"),
     1, 1, cpl_bind_sqrt, NULL},
    {ROW("starts_with", "starts_with(s, part)", "does the text begin with that part?",
         "starts_with('cupel', 'cu')", "true"),
     2, 2, cpl_bind_search, "starts_with"},
    {ROW("substr", "substr(s, start[, n])",
         "n characters (all the rest) from the start-th on, counted from 1, or from the end when "
         "it is negative",
         "substr('cupel', 2, 3)", "upe"),
     2, 3, cpl_bind_substr, NULL},
    {ROW("to_date", "to_date(s[, format])",
         "a text as a date, written as 2026-01-31 or as the format says (%d.%m.%Y); a fault when "
         "it is none",
         "to_date('31.01.2026', '%d.%m.%Y')", "2026-01-31"),
     1, 2, cpl_bind_to_date, NULL},
    {ROW("to_timestamp", "to_timestamp(s[, format])",
         "a text as a timestamp(us), with utc when the format has %z; a fault when it is none",
         "to_timestamp('31.01.2026 08:05', '%d.%m.%Y %H:%M')", "2026-01-31T08:05:00"),
     1, 2, cpl_bind_to_timestamp, NULL},
    {ROW("today", "today()", "the date of now(), in UTC", "today() >= date '1970-01-01'", "true"),
     0, 0, cpl_bind_today, NULL},
    {ROW("trim", "trim(s[, characters])", "without spaces (or those characters) at both ends",
         "trim('..a.', '.')", "a"),
     1, 2, cpl_bind_trim, "both"},
    {ROW("upper", "upper(s)",
         "in upper case, by Unicode's simple mapping of each character (ß stays); needs ICU "
         "(libicu72), whatever the "
         "text",
         "upper('àß')", "Àß"),
     1, 1, cpl_bind_case_mapping, "upper"},
    {ROW("week", "week(x)", "the week of the year as ISO 8601 counts, 1 to 53",
         "week(date '2026-03-17')", "12"),
     1, 1, cpl_bind_date_part, "week"},
    {ROW("xxh3", "xxh3(s)",
         "the XXH3 hash of the bytes, 16 hexadecimal digits: fast, and no protection",
         "xxh3('abc')", "78af5f94892f3950"),
     1, 1, cpl_bind_xxh3, NULL},
    {ROW("year", "year(x)", "the year", "year(date '2026-03-17')", "2026"), 1, 1,
     cpl_bind_date_part, "year"},
};
enum { COUNT = sizeof functions / sizeof *functions };

static struct cpl_function_row rows[COUNT + 1];

static void list_rows(void)
{
    for (size_t i = 0; i < COUNT; i++)
        rows[i] = functions[i].row;
}

const struct cpl_function_row *cpl_expression_functions(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, list_rows);
    return rows;
}

const struct cpl_function *cpl_function_find(const char *name)
{
    for (size_t i = 0; i < COUNT; i++)
        if (strcasecmp(functions[i].row.name, name) == 0)
            return &functions[i];
    return NULL;
}

const char *cpl_function_nearest(const char *name)
{
    const char *names[COUNT + 3];
    for (size_t i = 0; i < COUNT; i++)
        names[i] = functions[i].row.name;
    names[COUNT] = "cast";
    names[COUNT + 1] = "try_cast";
    names[COUNT + 2] = NULL;
    return cpl_nearest(name, names);
}

/* ---- arguments ---- */

struct cpl_term *cpl_arg_refused(struct cpl_binder *binder, const struct cpl_term *call, uint32_t i,
                                 const char *wanted)
{
    char shown[96];
    return CPL_TERM_FAIL(
        binder, call->args[i]->at, "%s needs %s, not %s: %s", call->function->row.name, wanted,
        cpl_type_shown(&call->args[i]->type, shown), call->function->row.signature);
}

bool cpl_arg_is_text(struct cpl_binder *binder, struct cpl_term *call, uint32_t i)
{
    if (call->args[i]->type.kind != CPL_STRING && !cpl_is_null_literal(call->args[i]))
        return cpl_arg_refused(binder, call, i, "a text"), false;
    call->args[i] = cpl_bind_coerce(binder, call->args[i], &(struct cpl_type){.kind = CPL_STRING},
                                    false);
    return call->args[i] != NULL;
}

bool cpl_arg_is_integer(struct cpl_binder *binder, struct cpl_term *call, uint32_t i)
{
    enum cpl_kind kind = call->args[i]->type.kind;
    if ((!cpl_kind_is_integer(kind) || kind == CPL_U64) && !cpl_is_null_literal(call->args[i]))
        return cpl_arg_refused(binder, call, i, "a whole number"), false;
    call->args[i] = cpl_bind_coerce(binder, call->args[i], &(struct cpl_type){.kind = CPL_I64},
                                    false);
    return call->args[i] != NULL;
}

const struct cpl_slice *cpl_arg_constant_text(struct cpl_binder *binder, struct cpl_term *call,
                                              uint32_t i)
{
    if (cpl_is_text_literal(call->args[i]))
        return &call->args[i]->value.slice;
    cpl_term_fail(binder, call->args[i]->at, "%s needs a constant text here: %s",
                  call->function->row.name, call->function->row.signature);
    return NULL;
}

bool cpl_arg_constant_integer(struct cpl_binder *binder, struct cpl_term *call, uint32_t i,
                              int64_t least, int64_t most, int64_t *value)
{
    const struct cpl_term *arg = call->args[i];
    if (arg->kind != CPL_TERM_LITERAL || arg->is_null || arg->type.kind != CPL_I64 ||
        arg->value.i64 < least || arg->value.i64 > most)
        return cpl_term_fail(binder, arg->at,
                             "%s needs a constant whole number of %lld to %lld here: %s",
                             call->function->row.name, (long long)least, (long long)most,
                             call->function->row.signature);
    *value = arg->value.i64;
    return true;
}

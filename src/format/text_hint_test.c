/* What is said to people whose dates and numbers are written otherwise. */
#include "batch/batch.h"
#include "format/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(enum cpl_kind kind, const char *a, const char *b, const char *wanted)
{
    char hint[CPL_TEXT_HINT_MAX];
    const struct cpl_text_style plain = {0};
    const struct cpl_slice texts[] = {{.data = (const uint8_t *)a, .length = (uint32_t)strlen(a)},
                                      {.data = (const uint8_t *)b, .length = (uint32_t)strlen(b)}};
    const struct cpl_type type = {
        .kind = kind, .unit = CPL_MICRO, .precision = 18, .scale = kind == CPL_DECIMAL ? 2 : 0};
    bool found = cpl_text_hint(texts, 2, &type, &plain, hint);
    assert_int_equal(found, *wanted != 0);
    assert_string_equal(hint, wanted);
}

static const struct {
    enum cpl_kind kind;
    const char *a, *b, *wanted;
} cases[] = {
    /* dates */
    {CPL_DATE, "31.12.2025", "1.2.2026", "date_format: %d.%m.%Y"},
    {CPL_DATE, "12/31/2025", "1/2/2026", "date_format: %m/%d/%Y"},
    {CPL_DATE, "3/1/2025", "1/2/2026", "date_format: %d/%m/%Y or %m/%d/%Y"},
    {CPL_DATE, "31.12.2025", "soon", ""},
    {CPL_DATE, "32.12.2025", "31.12.2025", ""},
    {CPL_TIMESTAMP, "31.12.2025 10:15", "1.2.2026 9:00", "timestamp_format: %d.%m.%Y %H:%M"},
    {CPL_TIMESTAMP, "31.12.2025 10:15:07", "1.2.2026", ""},
    /* numbers */
    {CPL_DECIMAL, "1,5", "2", "decimal_point: ','"},
    {CPL_F64, "1.234,50", "12.000,00", "decimal_point: ',' and thousands: '.'"},
    {CPL_DECIMAL, "1,23", "12", "decimal_point: ','"},
    {CPL_I64, "1,234", "12", "thousands: ','"}, /* 1.234 is no whole number */
    {CPL_DECIMAL, "1,234.50", "12", "thousands: ','"},
    {CPL_DECIMAL, "1 234,50", "12", "decimal_point: ',' and thousands: space"},
    {CPL_DECIMAL, "12,34.50", "12", ""},
    {CPL_DECIMAL, "0815", "12", ""},
    {CPL_STRING, "1,5", "2", ""},
    /* what is promised to fit fits the declared type, not just some number's */
    {CPL_I32, "2,147,483,647", "12", "thousands: ','"},
    {CPL_I32, "2,147,483,648", "12", ""},
    {CPL_I32, "3,5", "12", ""},
    {CPL_U8, "1,000", "12", ""},
    {CPL_U8, "-1,5", "12", ""},
    {CPL_U16, "1,000", "12", "thousands: ','"},
    {CPL_F32, "16.777.217,5", "1", ""},
    {CPL_F64, "16.777.217,5", "1", "decimal_point: ',' and thousands: '.'"},
    {CPL_DECIMAL, "1,255", "12,5", ""},
    {CPL_TIMESTAMP, "31.12.2025 10:15:07.1234567", "1.2.2026 10:15:07.1", ""},
    /* booleans */
    {CPL_BOOL, "Ja", "NEIN", "true_words and false_words"},
    {CPL_BOOL, "Ja", "vielleicht", ""},
};

static void an_option_under_which_all_fit_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(cases[i].kind, cases[i].a, cases[i].b, cases[i].wanted);
}

static void numbers_stay_what_they_are(void **state)
{
    (void)state;
    char hint[CPL_TEXT_HINT_MAX];
    const struct cpl_text_style comma = {.decimal_point = ','};
    const struct cpl_slice fine = {.data = (const uint8_t *)"9,999", .length = 5};
    const struct cpl_type decimal = {.kind = CPL_DECIMAL, .precision = 18, .scale = 2};
    assert_false(cpl_text_hint(&fine, 1, &decimal, &comma, hint)); /* never 9999 */
}

static void a_text_without_zone(void **state)
{
    (void)state;
    const struct cpl_type utc = {.kind = CPL_TIMESTAMP, .unit = CPL_MICRO, .utc = true};
    const struct cpl_slice text = {.data = (const uint8_t *)"31.12.2025 10:15", .length = 16};
    const struct cpl_text_style plain = {0};
    char hint[CPL_TEXT_HINT_MAX];
    assert_false(cpl_text_hint(&text, 1, &utc, &plain, hint)); /* it has no zone */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_option_under_which_all_fit_is_named),
        cmocka_unit_test(numbers_stay_what_they_are),
        cmocka_unit_test(a_text_without_zone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

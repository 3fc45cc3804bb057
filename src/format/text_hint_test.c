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

static void dates(void **state)
{
    (void)state;
    expect(CPL_DATE, "31.12.2025", "1.2.2026", "date_format: %d.%m.%Y");
    expect(CPL_DATE, "12/31/2025", "1/2/2026", "date_format: %m/%d/%Y");
    expect(CPL_DATE, "3/1/2025", "1/2/2026", "date_format: %d/%m/%Y or %m/%d/%Y");
    expect(CPL_DATE, "31.12.2025", "soon", "");
    expect(CPL_DATE, "32.12.2025", "31.12.2025", "");
    expect(CPL_TIMESTAMP, "31.12.2025 10:15", "1.2.2026 9:00", "timestamp_format: %d.%m.%Y %H:%M");
    expect(CPL_TIMESTAMP, "31.12.2025 10:15:07", "1.2.2026", "");
}

static void numbers(void **state)
{
    (void)state;
    expect(CPL_DECIMAL, "1,5", "2", "decimal_point: ','");
    expect(CPL_F64, "1.234,50", "12.000,00", "decimal_point: ',' and thousands: '.'");
    expect(CPL_DECIMAL, "1,23", "12", "decimal_point: ','");
    expect(CPL_I64, "1,234", "12", "thousands: ','"); /* 1.234 is no whole number */
    expect(CPL_DECIMAL, "1,234.50", "12", "thousands: ','");
    expect(CPL_DECIMAL, "1 234,50", "12", "decimal_point: ',' and thousands: space");
    expect(CPL_DECIMAL, "12,34.50", "12", "");
    expect(CPL_DECIMAL, "0815", "12", "");
    expect(CPL_STRING, "1,5", "2", "");
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

/* What is promised to fit fits the declared type, not just some number's. */
static void the_declared_type(void **state)
{
    (void)state;
    expect(CPL_I32, "2,147,483,647", "12", "thousands: ','");
    expect(CPL_I32, "2,147,483,648", "12", "");
    expect(CPL_I32, "3,5", "12", "");
    expect(CPL_U8, "1,000", "12", "");
    expect(CPL_U8, "-1,5", "12", "");
    expect(CPL_U16, "1,000", "12", "thousands: ','");
    expect(CPL_F32, "16.777.217,5", "1", "");
    expect(CPL_F64, "16.777.217,5", "1", "decimal_point: ',' and thousands: '.'");
    expect(CPL_DECIMAL, "1,255", "12,5", "");
    expect(CPL_TIMESTAMP, "31.12.2025 10:15:07.1234567", "1.2.2026 10:15:07.1", "");
    const struct cpl_type utc = {.kind = CPL_TIMESTAMP, .unit = CPL_MICRO, .utc = true};
    const struct cpl_slice text = {.data = (const uint8_t *)"31.12.2025 10:15", .length = 16};
    const struct cpl_text_style plain = {0};
    char hint[CPL_TEXT_HINT_MAX];
    assert_false(cpl_text_hint(&text, 1, &utc, &plain, hint)); /* it has no zone */
}

static void booleans(void **state)
{
    (void)state;
    expect(CPL_BOOL, "Ja", "NEIN", "true_words and false_words");
    expect(CPL_BOOL, "Ja", "vielleicht", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates),
        cmocka_unit_test(numbers),
        cmocka_unit_test(numbers_stay_what_they_are),
        cmocka_unit_test(the_declared_type),
        cmocka_unit_test(booleans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Dates and times: all days of the years 1–9999 against a calendar counted day by day, the shapes
 * that are taken and refused, zones, units, patterns. */
#include "format/text_fast.h"
#include "format/text_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static unsigned plain_month_days(unsigned year, unsigned month)
{
    static const unsigned days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
    return days[month] + (month == 2 && leap);
}

static void check_day(unsigned year, unsigned month, unsigned day, int32_t want)
{
    char text[CPL_TEXT_MAX + 1] = {0}, spelled[40];
    int32_t days;
    int y;
    unsigned m, d;
    snprintf(spelled, sizeof spelled, "%04u-%02u-%02u", year, month, day);
    bool ok = cpl_print_date(want, text) == 10 && strcmp(text, spelled) == 0 &&
              cpl_parse_date(padded(text), 10, NULL, &days) == CPL_TEXT_EXACT && days == want &&
              cpl_days_from_civil((int)year, month, day) == want;
    cpl_civil_from_days(want, &y, &m, &d);
    if (!ok || y != (int)year || m != month || d != day)
        fail_msg("%s (day %d) came back as %s", spelled, want, text);
}

static void every_day(void **state)
{
    (void)state;
    int32_t count = -719162; /* 0001-01-01 */
    for (unsigned year = 1; year <= 9999; year++)
        for (unsigned month = 1; month <= 12; month++) {
            unsigned last = plain_month_days(year, month);
            int32_t ignored;
            for (unsigned day = 1; day <= last; day++)
                check_day(year, month, day, count++);
            char beyond[40];
            snprintf(beyond, sizeof beyond, "%04u-%02u-%02u", year, month, last + 1);
            assert_int_equal(cpl_parse_date(padded(beyond), 10, NULL, &ignored), CPL_TEXT_NO);
        }
    assert_int_equal(count, 2932897);
}

static void bad_dates(void **state)
{
    (void)state;
    int32_t days;
    static const char *const bad[] = {
        "",           "2024-1-1",   "2024-13-01",          "2024-00-01", "2024-01-00",
        "0000-01-01", "2023-02-29", "2024/01/01",          "20240101",   "2024-01-01x",
        "2024-01-0",  "-024-01-01", "2024-01-01T00:00:00", "2024-0a-01", "24-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(cpl_parse_date(padded(bad[i]), strlen(bad[i]), NULL, &days), CPL_TEXT_NO);
    assert_int_equal(cpl_parse_date(padded(" 1970-01-02\t"), 12, NULL, &days), CPL_TEXT_EXACT);
    assert_int_equal(days, 1);
}

static void check_time(const char *text, enum cpl_unit unit, enum cpl_text_result want,
                       int64_t value)
{
    int64_t got = 0;
    enum cpl_text_result result = cpl_parse_time(padded(text), strlen(text), NULL, unit, &got);
    if (result != want || (want == CPL_TEXT_EXACT && got != value))
        fail_msg("\"%s\": %d, %lld", text, result, (long long)got);
}

static void times(void **state)
{
    (void)state;
    for (int64_t second = 0; second < 86400; second++) {
        char text[CPL_TEXT_MAX + 1] = {0};
        cpl_print_time(second * 1000 + 7, CPL_MILLI, text);
        check_time(text, CPL_MILLI, CPL_TEXT_EXACT, second * 1000 + 7);
    }
    check_time("23:59", CPL_SECOND, CPL_TEXT_EXACT, 86340);
    check_time("00:00:00.123456789", CPL_NANO, CPL_TEXT_EXACT, 123456789);
    check_time("00:00:00.1200", CPL_MILLI, CPL_TEXT_EXACT, 120);
    check_time("00:00:00.1204", CPL_MILLI, CPL_TEXT_RANGE, 0);
    static const char *const bad[] = {
        "",          "24:00:00", "12:60:00", "12:00:60", "12:00:00.",
        "1:00:00",   "12:0",     "12:00:0",  "12-00-00", "12:00:00.1234567890",
        "12:00:00Z", "12:00.5",  "12:00:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_time(bad[i], CPL_NANO, CPL_TEXT_NO, 0);
}

static void check_timestamp(const char *text, const struct cpl_text_style *style,
                            enum cpl_unit unit, bool utc, enum cpl_text_result want, int64_t value)
{
    int64_t got = 0;
    enum cpl_text_result result = cpl_parse_timestamp(padded(text), strlen(text), style, unit, utc,
                                                      &got);
    if (result != want || (want == CPL_TEXT_EXACT && got != value))
        fail_msg("\"%s\": %d, %lld", text, result, (long long)got);
}

static void dates_are_midnights_where_declared(void **state)
{
    (void)state;
    const struct cpl_text_style lenient = {.lenient = true},
                                german = {.lenient = true, .date_format = "%d.%m.%Y"},
                                formatted = {.lenient = true, .timestamp_format = "%Y-%m-%d %H:%M"};
    check_timestamp("1970-01-02", &lenient, CPL_MICRO, false, CPL_TEXT_EXACT, 86400000000);
    check_timestamp(" 1969-12-31 ", &lenient, CPL_SECOND, false, CPL_TEXT_EXACT, -86400);
    check_timestamp("02.01.1970", &german, CPL_SECOND, false, CPL_TEXT_EXACT, 86400);
    check_timestamp("9999-12-31", &lenient, CPL_NANO, false, CPL_TEXT_RANGE, 0);
    check_timestamp("1970-02-30", &lenient, CPL_SECOND, false, CPL_TEXT_NO, 0);
    check_timestamp("1970-01-02", &lenient, CPL_MICRO, true, CPL_TEXT_NO, 0);
    check_timestamp("1970-01-02", NULL, CPL_MICRO, false, CPL_TEXT_NO, 0);
    check_timestamp("1970-01-02", &formatted, CPL_MICRO, false, CPL_TEXT_NO, 0);
}

static void finer_units(void **state)
{
    (void)state;
    const struct cpl_type micro = {.kind = CPL_TIMESTAMP, .unit = CPL_MICRO},
                          second = {.kind = CPL_TIME, .unit = CPL_SECOND},
                          date = {.kind = CPL_DATE};
    const char *fine = "2024-01-01T00:00:00.1234567";
    enum cpl_unit unit;
    assert_true(cpl_text_finer_unit(padded(fine), strlen(fine), NULL, &micro, &unit));
    assert_int_equal(unit, CPL_NANO);
    assert_true(cpl_text_finer_unit(padded("10:00:00.5"), 10, NULL, &second, &unit));
    assert_int_equal(unit, CPL_MILLI);
    assert_false(cpl_text_finer_unit(padded("x"), 1, NULL, &micro, &unit));
    assert_false(cpl_text_finer_unit(padded(fine), strlen(fine), NULL, &date, &unit));
}

static void timestamps(void **state)
{
    (void)state;
    check_timestamp("1970-01-01T00:00:01.331Z", NULL, CPL_MILLI, true, CPL_TEXT_EXACT, 1331);
    check_timestamp("1970-01-01 00:00:01.331", NULL, CPL_MICRO, false, CPL_TEXT_EXACT, 1331000);
    check_timestamp("1970-01-01 00:01", NULL, CPL_SECOND, false, CPL_TEXT_EXACT, 60);
    check_timestamp("1970-01-01T02:00:00+02:00", NULL, CPL_SECOND, true, CPL_TEXT_EXACT, 0);
    check_timestamp("1970-01-01T00:00:00-0530", NULL, CPL_SECOND, true, CPL_TEXT_EXACT, 19800);
    check_timestamp("1970-01-01T00:00:00+14", NULL, CPL_SECOND, true, CPL_TEXT_EXACT, -50400);
    check_timestamp("1969-12-31T23:59:59.5", NULL, CPL_MILLI, false, CPL_TEXT_EXACT, -500);
    check_timestamp("2262-04-11T23:47:16.854775807", NULL, CPL_NANO, false, CPL_TEXT_EXACT,
                    INT64_MAX);
    check_timestamp("2262-04-11T23:47:16.854775808", NULL, CPL_NANO, false, CPL_TEXT_RANGE, 0);
    check_timestamp("1677-09-21T00:12:43.145224192", NULL, CPL_NANO, false, CPL_TEXT_EXACT,
                    INT64_MIN);
    check_timestamp("1677-09-21T00:12:43.145224191", NULL, CPL_NANO, false, CPL_TEXT_RANGE, 0);
    check_timestamp("9999-12-31T23:59:59.999999", NULL, CPL_MICRO, false, CPL_TEXT_EXACT,
                    253402300799999999);
    check_timestamp("2024-01-01T00:00:00.1234560", NULL, CPL_MICRO, false, CPL_TEXT_EXACT,
                    INT64_C(1704067200123456));
    check_timestamp("2024-01-01T00:00:00", NULL, CPL_MICRO, true, CPL_TEXT_NO, 0);
    check_timestamp("2024-01-01T00:00:00Z", NULL, CPL_MICRO, false, CPL_TEXT_NO, 0);
    check_timestamp("2024-01-01T00:00:00.1234567", NULL, CPL_MICRO, false, CPL_TEXT_RANGE, 0);
    static const char *const bad[] = {"",
                                      "2024-01-01",
                                      "2024-01-01T",
                                      "2024-01-01T24:00:00",
                                      "2024-01-01T12:00:60",
                                      "2024-02-30T12:00:00",
                                      "2024-01-01X12:00:00",
                                      "2024-01-01T12:00:00+",
                                      "2024-01-01T12:00:00+1",
                                      "2024-01-01T12:00:00+14:01",
                                      "2024-01-01T12:00:00+05:60",
                                      "2024-01-01T12:00:00+05:3",
                                      "2024-01-01T12:00:00ZZ",
                                      "2024-01-01T12:00:00 Z",
                                      "2024-01-01T12:00:00,5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_timestamp(bad[i], NULL, CPL_NANO, false, CPL_TEXT_NO, 0);
        check_timestamp(bad[i], NULL, CPL_NANO, true, CPL_TEXT_NO, 0);
    }
}

static void timestamps_come_back(void **state)
{
    (void)state;
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        enum cpl_unit unit = (enum cpl_unit)(i % 4);
        int64_t spread[4] = {200000000000, 200000000000000, 200000000000000000, INT64_MAX};
        int64_t value = (int64_t)random % spread[unit];
        if (unit != CPL_NANO && value < 0)
            value /= 4; /* not before the year 1 */
        char text[CPL_TEXT_MAX + 1] = {0};
        cpl_print_timestamp(value, unit, i & 8, text);
        check_timestamp(text, NULL, unit, i & 8, CPL_TEXT_EXACT, value);
    }
}

static void check_pattern(const char *pattern, const char *text, enum cpl_text_result want,
                          const char *iso)
{
    struct cpl_text_style style = {.timestamp_format = pattern};
    int64_t value = 0;
    bool utc = iso[strlen(iso) - 1] == 'Z';
    cpl_parse_timestamp(padded(iso), strlen(iso), NULL, CPL_MICRO, utc, &value);
    check_timestamp(text, &style, CPL_MICRO, utc, want, value);
}

static void patterns(void **state)
{
    (void)state;
    check_pattern("%d.%m.%Y %H:%M", "31.12.2024 23:59", CPL_TEXT_EXACT, "2024-12-31T23:59:00");
    check_pattern("%m/%d/%y %I:%M %p", "1/2/69 12:05 am", CPL_TEXT_EXACT, "1969-01-02T00:05:00");
    check_pattern("%D %T.%f", "02/29/68 12:13:14.5", CPL_TEXT_EXACT, "2068-02-29T12:13:14.5");
    check_pattern("%d %B %Y %T %z", "5 may 2024 01:02:03 +0200", CPL_TEXT_EXACT,
                  "2024-05-04T23:02:03Z");
    check_pattern("%b %d, %Y %T", "September 30, 2024 01:02:03", CPL_TEXT_EXACT,
                  "2024-09-30T01:02:03");
    check_pattern("%Y%m%d%H%M%S", "20240229235959", CPL_TEXT_EXACT, "2024-02-29T23:59:59");
    check_pattern("%Y-%j", "2024-366", CPL_TEXT_EXACT, "2024-12-31T00:00:00");
    check_pattern("%F%%%T", "2024-02-03%04:05:06", CPL_TEXT_EXACT, "2024-02-03T04:05:06");
    check_pattern("%Y-%j", "2023-366", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m.%Y", "30.02.2024", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m.%Y %d", "03.02.2024 04", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m.%Y %I:%M", "03.02.2024 10:00", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m.%Y %H:%M %p", "03.02.2024 10:00 pm", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m.%Y", "03.02.2024 ", CPL_TEXT_EXACT, "2024-02-03T00:00:00");
    check_pattern("%d.%m.%Y", "03.02.20245", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%d.%m", "03.02", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%Q", "x", CPL_TEXT_NO, "2024-12-31T00:00:00");
    check_pattern("%T", "01:02:03", CPL_TEXT_NO, "2024-12-31T00:00:00");
}

static void patterns_of_dates_lose_no_time(void **state)
{
    (void)state;
    struct cpl_text_style style = {.date_format = "%F %T", .time_format = "%I:%M%p"};
    int32_t days;
    int64_t value;
    assert_int_equal(cpl_parse_date(padded("1970-01-02 00:00:00"), 19, &style, &days),
                     CPL_TEXT_EXACT);
    assert_int_equal(days, 1);
    assert_int_equal(cpl_parse_date(padded("1970-01-02 00:00:01"), 19, &style, &days), CPL_TEXT_NO);
    assert_int_equal(cpl_parse_time(padded("12:30PM"), 7, &style, CPL_SECOND, &value),
                     CPL_TEXT_EXACT);
    assert_int_equal(value, 45000);
}

static void check_format(const char *format, enum cpl_text_format what, const char *problem)
{
    struct cpl_error err = {0};
    bool ok = cpl_text_format_check(format, what, &err);
    if (ok != !problem || (problem && !strstr(err.message, problem)))
        fail_msg("%s: %d %s", format, ok, err.message);
}

static void formats_are_checked(void **state)
{
    (void)state;
    check_format("%d.%m.%Y", CPL_FORMAT_DATE, NULL);
    check_format("%Y-%j", CPL_FORMAT_DATE, NULL);
    check_format("%F %I:%M %p %z 100%%", CPL_FORMAT_TIMESTAMP, NULL);
    check_format("%H%M%S.%f", CPL_FORMAT_TIME, NULL);
    check_format("%d.%m.%Q", CPL_FORMAT_DATE, "%Q at character 7");
    check_format("%F %", CPL_FORMAT_DATE, "at character 4");
    check_format("%d.%m", CPL_FORMAT_DATE, "year");
    check_format("%T", CPL_FORMAT_TIMESTAMP, "year");
    check_format("%F %z", CPL_FORMAT_DATE, "zone");
    check_format("%M", CPL_FORMAT_TIME, "hour");
    check_format("%F %I", CPL_FORMAT_TIMESTAMP, "%p");
    check_format("%F %T", CPL_FORMAT_TIME, "no date");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day),
        cmocka_unit_test(bad_dates),
        cmocka_unit_test(times),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(dates_are_midnights_where_declared),
        cmocka_unit_test(finer_units),
        cmocka_unit_test(timestamps_come_back),
        cmocka_unit_test(patterns),
        cmocka_unit_test(patterns_of_dates_lose_no_time),
        cmocka_unit_test(formats_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

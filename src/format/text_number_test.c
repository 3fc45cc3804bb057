/* Integers, decimals, booleans and UUIDs against 128-bit arithmetic and the C library. */
#include "format/text_fast.h"
#include "format/text_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct cpl_text_style lenient = {.lenient = true};
static const struct cpl_text_style german = {.decimal_point = ',', .thousands = '.'};

static void check_int(const char *text, const struct cpl_text_style *style,
                      enum cpl_text_result want, int64_t value)
{
    int64_t got = 0;
    enum cpl_text_result result = cpl_parse_int(padded(text), strlen(text), style, INT64_MIN,
                                                INT64_MAX, &got);
    if (result != want || (want == CPL_TEXT_EXACT && got != value))
        fail_msg("\"%s\": result %d, value %lld", text, result, (long long)got);
}

static void integers(void **state)
{
    (void)state;
    check_int("0", NULL, CPL_TEXT_EXACT, 0);
    check_int("-5", NULL, CPL_TEXT_EXACT, -5);
    check_int(" 5\t", NULL, CPL_TEXT_EXACT, 5);
    check_int("9223372036854775807", NULL, CPL_TEXT_EXACT, INT64_MAX);
    check_int("-9223372036854775808", NULL, CPL_TEXT_EXACT, INT64_MIN);
    check_int("9223372036854775808", NULL, CPL_TEXT_RANGE, 0);
    check_int("-9223372036854775809", NULL, CPL_TEXT_RANGE, 0);
    check_int("123456789012345678901234567890123456789012345678", NULL, CPL_TEXT_RANGE, 0);
    static const char *const bad[] = {"",    " ",        "-",   "+5",   "-0",  "007", "00",
                                      "1e3", "5.0",      "5.",  ".5",   "1 2", "0x1", "1a",
                                      "--1", "\xA0\x35", "1,2", "12/3", "1:1", "1e",  "e1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_int(bad[i], NULL, CPL_TEXT_NO, 0);
}

static void lenient_integers(void **state)
{
    (void)state;
    check_int("+5", &lenient, CPL_TEXT_EXACT, 5);
    check_int("-0", &lenient, CPL_TEXT_EXACT, 0);
    check_int("007", &lenient, CPL_TEXT_EXACT, 7);
    check_int("1e3", &lenient, CPL_TEXT_EXACT, 1000);
    check_int("1.5e1", &lenient, CPL_TEXT_EXACT, 15);
    check_int("5.", &lenient, CPL_TEXT_EXACT, 5);
    check_int("5.00", &lenient, CPL_TEXT_EXACT, 5);
    check_int("5.01", &lenient, CPL_TEXT_NO, 0);
    check_int("1e-1", &lenient, CPL_TEXT_NO, 0);
    check_int("1e400", &lenient, CPL_TEXT_RANGE, 0);
    check_int("1e999999999999999999999999", &lenient, CPL_TEXT_RANGE, 0);
    check_int(".", &lenient, CPL_TEXT_NO, 0);
    check_int("+-5", &lenient, CPL_TEXT_NO, 0);
}

static void separators(void **state)
{
    (void)state;
    check_int("1.234.567", &german, CPL_TEXT_EXACT, 1234567);
    check_int("1234567", &german, CPL_TEXT_EXACT, 1234567);
    check_int("1.23.456", &german, CPL_TEXT_NO, 0);
    check_int("1234.567", &german, CPL_TEXT_NO, 0);
    check_int(".123", &german, CPL_TEXT_NO, 0);
    check_int("1.234.", &german, CPL_TEXT_NO, 0);
    int64_t value;
    double number;
    assert_int_equal(cpl_parse_decimal64(padded("-1.234,5"), 8, &german, 18, 2, &value), 0);
    assert_int_equal(value, -123450);
    assert_int_equal(cpl_parse_decimal64(padded("1.234,567"), 9, &german, 18, 2, &value),
                     CPL_TEXT_RANGE);
    assert_int_equal(cpl_parse_double(padded("1.234,5"), 7, &german, &number), 0);
    assert_true(number == 1234.5);
}

static void random_integers_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 300000; i++) {
        int64_t value = (int64_t)(rnd() >> (rnd() % 64)) * (rnd() & 1 ? -1 : 1);
        char text[CPL_TEXT_MAX + 1], want[64];
        size_t n = cpl_print_int(value, text);
        text[n] = 0;
        snprintf(want, sizeof want, "%lld", (long long)value);
        assert_string_equal(text, want);
        check_int(text, NULL, CPL_TEXT_EXACT, value);
        uint64_t back;
        n = cpl_print_uint((uint64_t)value, text);
        text[n] = 0;
        assert_int_equal(cpl_parse_uint(padded(text), n, NULL, UINT64_MAX, &back), CPL_TEXT_EXACT);
        assert_true(back == (uint64_t)value);
    }
    uint64_t unused;
    assert_int_equal(cpl_parse_uint(padded("-1"), 2, NULL, 255, &unused), CPL_TEXT_RANGE);
    assert_int_equal(cpl_parse_uint(padded("256"), 3, NULL, 255, &unused), CPL_TEXT_RANGE);
    assert_int_equal(cpl_parse_uint(padded("18446744073709551616"), 20, NULL, UINT64_MAX, &unused),
                     CPL_TEXT_RANGE);
}

/* ---- decimals ---- */

/* digits · 10^-places as text, the slow and obvious way. */
static void spell(cpl_int128 digits, int places, char *out)
{
    char reversed[64];
    int n = 0;
    cpl_uint128 magnitude = digits < 0 ? -(cpl_uint128)digits : (cpl_uint128)digits;
    for (int written = 0; magnitude || written <= places; written++, magnitude /= 10) {
        if (written == places && places)
            reversed[n++] = '.';
        reversed[n++] = (char)('0' + (int)(magnitude % 10));
    }
    if (digits < 0)
        *out++ = '-';
    while (n)
        *out++ = reversed[--n];
    *out = 0;
}

static cpl_int128 power(int n)
{
    cpl_int128 value = 1;
    while (n-- > 0)
        value *= 10;
    return value;
}

static void check_decimal(cpl_int128 digits, int places, int precision, int scale)
{
    char text[100];
    spell(digits, places, text);
    bool whole = places <= scale || digits % power(places - scale) == 0;
    cpl_int128 value = places <= scale ? digits : digits / power(places - scale);
    bool fits = true;
    for (int i = places; i < scale && fits; i++) {
        fits = value < power(37) && value > -power(37);
        value *= fits ? 10 : 1;
    }
    enum cpl_text_result want = whole && fits && value < power(precision) &&
                                        value > -power(precision)
                                    ? CPL_TEXT_EXACT
                                    : CPL_TEXT_RANGE;
    cpl_int128 got;
    int64_t narrow;
    enum cpl_text_result result = cpl_parse_decimal128(padded(text), strlen(text), NULL, precision,
                                                       scale, &got);
    if (result != want || (want == CPL_TEXT_EXACT && got != value))
        fail_msg("%s as decimal(%d,%d): %d, not %d", text, precision, scale, result, want);
    if (precision > 18)
        return;
    result = cpl_parse_decimal64(padded(text), strlen(text), NULL, precision, scale, &narrow);
    if (result != want || (want == CPL_TEXT_EXACT && narrow != value))
        fail_msg("%s as decimal64(%d,%d): %d, not %d", text, precision, scale, result, want);
}

static void decimals_against_wide_arithmetic(void **state)
{
    (void)state;
    for (int i = 0; i < 300000; i++) {
        cpl_int128 digits = (cpl_int128)(((cpl_uint128)rnd() << 64 | rnd()) %
                                         (cpl_uint128)power(1 + (int)(rnd() % 37)));
        digits += digits == 0;
        if (rnd() % 3 == 0)
            digits = digits / 1000 * 1000 + 1000;
        int precision = 1 + (int)(rnd() % 38);
        check_decimal(rnd() & 1 ? -digits : digits, (int)(rnd() % 20), precision,
                      (int)(rnd() % (unsigned)(precision + 1)));
    }
}

static void check_decimal_text(const char *text, const struct cpl_text_style *style, int precision,
                               int scale, enum cpl_text_result want, int64_t value)
{
    int64_t got = 0;
    cpl_int128 wide = 0;
    size_t n = strlen(text);
    if (cpl_parse_decimal64(padded(text), n, style, precision, scale, &got) != want ||
        cpl_parse_decimal128(padded(text), n, style, precision, scale, &wide) != want ||
        (want == CPL_TEXT_EXACT && (got != value || wide != value)))
        fail_msg("\"%s\" as decimal(%d,%d): %lld", text, precision, scale, (long long)got);
}

static void decimal_texts(void **state)
{
    (void)state;
    check_decimal_text("1.005", NULL, 10, 2, CPL_TEXT_RANGE, 0);
    check_decimal_text("1.500", NULL, 10, 2, CPL_TEXT_EXACT, 150);
    check_decimal_text("1.5", NULL, 10, 2, CPL_TEXT_EXACT, 150);
    check_decimal_text("0.00", NULL, 10, 2, CPL_TEXT_EXACT, 0);
    check_decimal_text("15e-1", NULL, 10, 2, CPL_TEXT_EXACT, 150);
    check_decimal_text("1.5E+3", NULL, 10, 2, CPL_TEXT_EXACT, 150000);
    check_decimal_text("1e-3", NULL, 10, 2, CPL_TEXT_RANGE, 0);
    check_decimal_text("999.99", NULL, 5, 2, CPL_TEXT_EXACT, 99999);
    check_decimal_text("1000.00", NULL, 5, 2, CPL_TEXT_RANGE, 0);
    check_decimal_text("999999999999999999", NULL, 18, 0, CPL_TEXT_EXACT, 999999999999999999);
    check_decimal_text("9999999999999999999", NULL, 18, 0, CPL_TEXT_RANGE, 0);
    check_decimal_text("0e999999999999", NULL, 18, 0, CPL_TEXT_EXACT, 0);
    check_decimal_text("-0.0", &lenient, 10, 2, CPL_TEXT_EXACT, 0);
    check_decimal_text(".5", &lenient, 10, 2, CPL_TEXT_EXACT, 50);
    check_decimal_text("+007.5", &lenient, 10, 2, CPL_TEXT_EXACT, 750);
    static const char *const bad[] = {"",    "-0.0", ".5",  "5.", "007.5", "1..5", "1.5.",
                                      "1,5", "1.5e", "NaN", "-",  "1-5",   "1.-5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_decimal_text(bad[i], NULL, 10, 2, CPL_TEXT_NO, 0);
}

static void random_decimals_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 100000; i++) {
        int scale = (int)(rnd() % 39);
        cpl_int128 value = (cpl_int128)(((cpl_uint128)rnd() << 64 | rnd()) >> 1 >> (rnd() % 127)) %
                           power(38),
                   wide;
        value = rnd() & 1 ? -value : value;
        char text[CPL_TEXT_MAX + 1];
        size_t n = cpl_print_decimal128(value, scale, text);
        text[n] = 0;
        assert_int_equal(cpl_parse_decimal128(padded(text), n, NULL, 38, scale, &wide),
                         CPL_TEXT_EXACT);
        assert_true(wide == value);
        int64_t narrow = (int64_t)(value % power(18)), back;
        n = cpl_print_decimal64(narrow, scale % 19, text);
        text[n] = 0;
        assert_int_equal(cpl_parse_decimal64(padded(text), n, NULL, 18, scale % 19, &back),
                         CPL_TEXT_EXACT);
        assert_int_equal(back, narrow);
    }
}

/* ---- words ---- */

static void booleans(void **state)
{
    (void)state;
    bool value;
    static const char *const yes[] = {"J", "ja", NULL}, *const no[] = {"N", NULL};
    struct cpl_text_style words = {.true_words = yes, .false_words = no};
    assert_int_equal(cpl_parse_bool(padded("TruE"), 4, NULL, &value), CPL_TEXT_EXACT);
    assert_true(value);
    assert_int_equal(cpl_parse_bool(padded(" false "), 7, NULL, &value), CPL_TEXT_EXACT);
    assert_false(value);
    assert_int_equal(cpl_parse_bool(padded("1"), 1, NULL, &value), CPL_TEXT_NO);
    assert_int_equal(cpl_parse_bool(padded("ja"), 2, &words, &value), CPL_TEXT_EXACT);
    assert_true(value);
    assert_int_equal(cpl_parse_bool(padded("true"), 4, &words, &value), CPL_TEXT_NO);
}

/* Every byte at every place of a UUID: the fast parser takes lower-case hex digits and dashes only. */
static void fast_uuids(void **state)
{
    (void)state;
    const char *plain = "00112233-4455-6677-8899-aabbccddeeff";
    uint8_t expected[16], value[16];
    for (uint8_t i = 0; i < 16; i++)
        expected[i] = (uint8_t)(i << 4 | i);
    for (int at = 0; at < 36; at++)
        for (int byte = 0; byte < 256; byte++) {
            uint8_t text[80] = {0};
            memcpy(text, plain, 36);
            text[at] = (uint8_t)byte;
            bool dash = plain[at] == '-';
            bool hex = byte && strchr("0123456789abcdef", byte);
            assert_int_equal(cpl_fast_uuid(text, 36, value), dash ? byte == '-' : hex);
            if (byte == plain[at])
                assert_memory_equal(value, expected, 16);
        }
    assert_false(cpl_fast_uuid((const uint8_t *)plain, 35, value));
}

static void uuids(void **state)
{
    (void)state;
    uint8_t value[16];
    char text[CPL_TEXT_MAX];
    const char *lower = "00112233-4455-6677-8899-aabbccddeeff";
    assert_int_equal(cpl_parse_uuid(padded(lower), 36, true, value), CPL_TEXT_EXACT);
    for (int i = 0; i < 16; i++)
        assert_int_equal(value[i], i * 0x11);
    assert_int_equal(cpl_print_uuid(value, text), 36);
    assert_memory_equal(text, lower, 36);
    const char *upper = "00112233-4455-6677-8899-AABBCCDDEEFF";
    assert_int_equal(cpl_parse_uuid(padded(upper), 36, true, value), CPL_TEXT_NO);
    assert_int_equal(cpl_parse_uuid(padded(upper), 36, false, value), CPL_TEXT_EXACT);
    assert_int_equal(
        cpl_parse_uuid(padded("00112233-4455-6677-8899-aabbccddeefg"), 36, true, value),
        CPL_TEXT_NO);
    assert_int_equal(
        cpl_parse_uuid(padded("00112233x4455-6677-8899-aabbccddeeff"), 36, true, value),
        CPL_TEXT_NO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(lenient_integers),
        cmocka_unit_test(separators),
        cmocka_unit_test(random_integers_come_back),
        cmocka_unit_test(decimals_against_wide_arithmetic),
        cmocka_unit_test(decimal_texts),
        cmocka_unit_test(random_decimals_come_back),
        cmocka_unit_test(booleans),
        cmocka_unit_test(uuids),
        cmocka_unit_test(fast_uuids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

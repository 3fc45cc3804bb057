/* Doubles and floats against strtod, strtof and printf of the C library: nearest value, proof that
 * the digits come back, shortest print. */
#include "format/text.h"
#include "format/text_fixture.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}
static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* The significant digits of a text, trailing zeros aside, and the exponent of the first. */
static int digits_of(const char *text, char *digits, int *exponent)
{
    const char *e = strpbrk(text, "eE");
    int n = 0, point = 0, leading = 0;
    bool behind = false;
    for (const char *p = text; *p && p != e; p++) {
        behind |= *p == '.';
        if (*p < '0' || *p > '9')
            continue;
        point += !behind;
        if (n == 0 && *p == '0')
            leading++;
        else
            digits[n++] = *p;
    }
    while (n && digits[n - 1] == '0')
        n--;
    *exponent = point - leading - 1 + (e ? atoi(e + 1) : 0);
    return n;
}

/* What text.h promises, by printf. */
static bool comes_back(const char *text, double value)
{
    char want[2000], got[2000], printed[2100];
    int want_exponent, got_exponent;
    int n = digits_of(text, want, &want_exponent);
    if (n == 0 || isinf(value) || value == 0)
        return n == 0 && value == 0;
    snprintf(printed, sizeof printed, "%.*e", n - 1, value);
    return digits_of(printed, got, &got_exponent) == n && memcmp(want, got, (size_t)n) == 0 &&
           want_exponent == got_exponent;
}

static void check_text(const char *text)
{
    double got, want = strtod(text, NULL);
    enum cpl_text_result result = cpl_parse_double(padded(text), strlen(text), NULL, &got);
    if (!same_double(got, want))
        fail_msg("%s: %a, not %a", text, got, want);
    bool exact = comes_back(text, want);
    char shortest[CPL_TEXT_MAX + 1] = {0}, a[2000], b[2000];
    int ea, eb;
    cpl_print_double(want, shortest);
    int n = digits_of(text, a, &ea);
    exact |= digits_of(shortest, b, &eb) == n && !memcmp(a, b, (size_t)n) && ea == eb;
    if (exact != (result == CPL_TEXT_EXACT))
        fail_msg("%s: result %d", text, result);
}

static void random_texts(void **state)
{
    (void)state;
    char text[200];
    for (int i = 0; i < 200000; i++) {
        int whole = 1 + (int)(rnd() % 3), n = 0, digits = 1 + (int)(rnd() % 24);
        if (rnd() & 1)
            text[n++] = '-';
        for (int k = 0; k < digits + (digits > whole); k++)
            text[n++] = k == whole ? '.' : (char)('0' + (k == 0 ? 1 + rnd() % 9 : rnd() % 10));
        snprintf(text + n, sizeof text - (size_t)n, "e%d", (int)(rnd() % 700) - 350);
        check_text(text);
        text[n] = 0;
        check_text(text);
    }
}

static double random_double(void)
{
    uint64_t bits = rnd();
    double value;
    if (bits % 5 == 0)
        bits &= 0xFFF0000000000000u; /* powers of two */
    if (bits % 7 == 0)
        bits &= 0x800FFFFFFFFFFFFFu; /* subnormals */
    if (bits % 3 == 0)
        bits = (bits & 0x800FFFFFFFFFFFFFu) | (1023 - 30 + rnd() % 60) << 52;
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 1.0;
}

static void random_values_come_back(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        double value = random_double(), back;
        char text[CPL_TEXT_MAX + 1] = {0}, exact[40];
        size_t n = cpl_print_double(value, text);
        assert_true(n < 40 && same_double(strtod(text, NULL), value));
        assert_int_equal(cpl_parse_double(padded(text), n, NULL, &back), CPL_TEXT_EXACT);
        assert_true(same_double(back, value));
        for (int precision = 16; precision <= 17; precision++) {
            snprintf(exact, sizeof exact, "%.*e", precision - 1, value);
            check_text(exact);
        }
        float narrow = (float)value, narrow_back;
        if (!isfinite(narrow))
            continue;
        memset(text, 0, sizeof text);
        n = cpl_print_float(narrow, text);
        assert_true(same_float(strtof(text, NULL), narrow));
        assert_int_equal(cpl_parse_float(padded(text), n, NULL, &narrow_back), CPL_TEXT_EXACT);
        assert_true(same_float(narrow_back, narrow));
    }
}

/* No text with fewer digits may give the value back. */
static void prints_are_shortest(void **state)
{
    (void)state;
    for (int i = 0; i < 50000; i++) {
        double value = random_double();
        char text[CPL_TEXT_MAX + 1] = {0}, digits[64], shorter[40];
        int exponent;
        cpl_print_double(value, text);
        int n = digits_of(text, digits, &exponent);
        if (n < 2)
            continue;
        snprintf(shorter, sizeof shorter, "%.*e", n - 2, value);
        assert_false(same_double(strtod(shorter, NULL), value));
    }
}

static void hard_cases(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0.0",
        "0e5",
        "1e23",
        "8.5e22",
        "9007199254740993",
        "9007199254740992.5",
        "9007199254740993.0000000000000000000000000000000000001",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "4.9e-324",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-324",
        "1e-400",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "2.225073858507201136057409796709131975934819546351645648e-308",
        "6.631236846766476e-316",
        "3.237883913302901e-319",
        "1.23456789e-320",
        "0.1000000000000000055511151231257827021181583404541015625",
        "7.2057594037927933e16",
        "5e-20",
        "1e19",
        "18446744073709551616",
        "123456789012345678901234567890",
        "0.000000000000000000000000000000000000000000000000000000000000000000000000000000000001",
        "100000000000000000000000000000000000000000000000000000000000000000",
        "1.5",
        "0.3",
        "0.30000000000000004",
        "9214843084008499",
        "6929495644600920e15",
        "3.14159265358979323846",
        "1e0000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check_text(texts[i]);
    char half[900] = "1.00000000000000011102230246251565404236316680908203125";
    check_text(half); /* half way between 1 and the next double */
    memset(half + strlen(half), '0', 800);
    half[850] = '1';
    half[851] = 0;
    check_text(half); /* just above it */
}

static void check_result(const char *text, const struct cpl_text_style *style,
                         enum cpl_text_result want)
{
    double value;
    if (cpl_parse_double(padded(text), strlen(text), style, &value) != want)
        fail_msg("\"%s\" is not %d", text, want);
}

static void shapes(void **state)
{
    (void)state;
    static const char *const good[] = {"inf",   "-inf", "Infinity", "NaN", "nan",
                                       " 1.5 ", "1E5",  "1e+5",     "0.0"};
    static const char *const bad[] = {
        "",     ".",    "-",  "+1",      "01",  "1.",  ".5",   "e5",   "1e",  "1e+", "1e5.5",
        "0x10", "-nan", "in", "infinit", "1,5", "1_0", "1.5f", "1 .5", "--1", "1d5", "- 1"};
    const struct cpl_text_style lenient = {.lenient = true};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        check_result(good[i], NULL, CPL_TEXT_EXACT);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_result(bad[i], NULL, CPL_TEXT_NO);
    check_result("+007.50", &lenient, CPL_TEXT_EXACT);
    check_result(".5", &lenient, CPL_TEXT_EXACT);
    check_result("5.", &lenient, CPL_TEXT_EXACT);
    check_result("0.1000000000000000001", NULL, CPL_TEXT_RANGE);
    check_result("9007199254740993", NULL, CPL_TEXT_RANGE);
    check_result("1e400", NULL, CPL_TEXT_RANGE);
    check_result("1e-400", NULL, CPL_TEXT_RANGE);
    float value;
    assert_int_equal(cpl_parse_float(padded("16777217"), 8, NULL, &value), CPL_TEXT_RANGE);
    assert_int_equal(cpl_parse_float(padded("0.1"), 3, NULL, &value), CPL_TEXT_EXACT);
    assert_int_equal(cpl_parse_float(padded("3.5e38"), 6, NULL, &value), CPL_TEXT_RANGE);
}

static void random_floats_are_nearest(void **state)
{
    (void)state;
    for (int i = 0; i < 200000; i++) {
        char text[60];
        snprintf(text, sizeof text, "%.*fe%d", (int)(rnd() % 18), (double)(rnd() % 1000000) / 1e3,
                 (int)(rnd() % 100) - 50);
        float got, want = strtof(text, NULL);
        const struct cpl_text_style lenient = {.lenient = true};
        enum cpl_text_result result = cpl_parse_float(padded(text), strlen(text), &lenient, &got);
        assert_true(same_float(got, want));
        bool exact = comes_back(text, want);
        char shortest[CPL_TEXT_MAX + 1] = {0}, a[200], b[200];
        int ea, eb;
        cpl_print_float(want, shortest);
        int n = digits_of(text, a, &ea);
        exact |= digits_of(shortest, b, &eb) == n && !memcmp(a, b, (size_t)n) && ea == eb;
        if (exact != (result == CPL_TEXT_EXACT))
            fail_msg("%s: result %d", text, result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_texts),
        cmocka_unit_test(random_values_come_back),
        cmocka_unit_test(prints_are_shortest),
        cmocka_unit_test(hard_cases),
        cmocka_unit_test(shapes),
        cmocka_unit_test(random_floats_are_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

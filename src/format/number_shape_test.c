/* What separators prove: tables of numbers and what is none, and that the parsers read a shape as it is told. */
#include "format/text.h"
#include "format/text_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct cpl_number_shape shape_of(const char *text)
{
    return cpl_number_shape(padded(text), strlen(text));
}

static void separators(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char decimal, groups;
        bool proven, short_lead;
    } cases[] = {
        {.text = "0", .short_lead = true},
        {.text = "-1234"},
        {.text = "1,234", .decimal = ',', .short_lead = true},
        {.text = " -123.456 ", .decimal = '.'},
        {.text = "1,5", .decimal = ',', .proven = true, .short_lead = true},
        {.text = "0,125", .decimal = ',', .proven = true, .short_lead = true},
        {.text = "1234,567", .decimal = ',', .proven = true},
        {.text = "1.2345", .decimal = '.', .proven = true, .short_lead = true},
        {.text = "1.234e5", .decimal = '.', .proven = true, .short_lead = true},
        {.text = "1,234,567", .groups = ',', .short_lead = true},
        {.text = "123.456.789", .groups = '.'},
        {.text = "1.234,50", .decimal = ',', .groups = '.', .proven = true, .short_lead = true},
        {.text = "-12,345,678.9",
         .decimal = '.',
         .groups = ',',
         .proven = true,
         .short_lead = true},
        {.text = "1.234,567", .decimal = ',', .groups = '.', .proven = true, .short_lead = true},
        {.text = "1 234", .groups = ' ', .short_lead = true},
        {.text = "1\u00A0234\u202F567", .groups = ' ', .short_lead = true},
        {.text = "12\u00A0345,6",
         .decimal = ',',
         .groups = ' ',
         .proven = true,
         .short_lead = true},
        {.text = "1'234", .groups = '\'', .short_lead = true},
        {.text = "1\u2019234.50",
         .decimal = '.',
         .groups = '\'',
         .proven = true,
         .short_lead = true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cpl_number_shape shape = shape_of(cases[i].text);
        if (!shape.number || shape.decimal != cases[i].decimal || shape.groups != cases[i].groups ||
            shape.proven != cases[i].proven || shape.short_lead != cases[i].short_lead)
            fail_msg("\"%s\" is %d '%c' '%c' %d %d", cases[i].text, shape.number, shape.decimal,
                     shape.groups, shape.proven, shape.short_lead);
    }
}

static void what_is_no_number(void **state)
{
    (void)state;
    static const char *const cases[] = {"",
                                        "-",
                                        ".",
                                        "1.",
                                        ",5",
                                        "007",
                                        "00,5",
                                        "1..2",
                                        "1,2,3",
                                        "1,23,456",
                                        "1234,567,890",
                                        "0,123,456",
                                        "1.234,567.890",
                                        "1,234.567,8",
                                        "10.0.0.1",
                                        "31.12.2026",
                                        "1 23",
                                        "1 234 56",
                                        "1'2",
                                        "1 234.567 890",
                                        "1,5e",
                                        "1,234x",
                                        "+5",
                                        "1\u200A234",
                                        "1\xC2",
                                        "1\xE2\x80",
                                        "x"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (shape_of(cases[i]).number)
            fail_msg("\"%s\" is taken for a number", cases[i]);
}

/* Random texts of digits and separators: whatever has a shape is a number in that style. */
static void shapes_are_read(void **state)
{
    (void)state;
    static const char *const parts[] = {".", ",", " ", "'", "\u00A0", "\u202F", "\u2019"};
    unsigned grouped = 0;
    for (int i = 0; i < 300000; i++) {
        char text[80];
        size_t n = (size_t)snprintf(text, sizeof text, "%s%u", rnd() & 1 ? "-" : "",
                                    (unsigned)(1 + rnd() % 999));
        for (unsigned k = rnd() % 4; k; k--)
            n += (size_t)snprintf(text + n, sizeof text - n, rnd() % 5 ? "%s%03u" : "%s%u",
                                  parts[rnd() % (rnd() & 1 ? 3 : 7)], (unsigned)(rnd() % 1000));
        struct cpl_number_shape shape = shape_of(text);
        if (!shape.number)
            continue;
        const struct cpl_text_style style = {.decimal_point = shape.decimal         ? shape.decimal
                                                              : shape.groups == '.' ? ','
                                                                                    : '.',
                                             .thousands = shape.groups};
        enum cpl_text_class class = cpl_text_classify(padded(text), strlen(text), &style).class;
        if (class != CPL_CLASS_INT && class != CPL_CLASS_DECIMAL)
            fail_msg("\"%s\" has a shape, and is of class %d", text, class);
        grouped += shape.groups != 0;
    }
    assert_true(grouped > 1000);
}

static void spaces_and_apostrophes_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        char thousands, point;
        enum cpl_text_result result;
        int64_t value;
    } cases[] = {
        {"1 234", ' ', '.', CPL_TEXT_EXACT, 123400},
        {"1\u00A0234\u202F567,5", ' ', ',', CPL_TEXT_EXACT, 123456750},
        {"1'234\u2019567.25", '\'', '.', CPL_TEXT_EXACT, 123456725},
        {"12\u00A034", ' ', '.', CPL_TEXT_NO, 0},
        {"1\u2019234", ' ', '.', CPL_TEXT_NO, 0},
        {"1\u00A0234", '\'', '.', CPL_TEXT_NO, 0},
        {"1\u00A0234", 0, '.', CPL_TEXT_NO, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct cpl_text_style style = {.decimal_point = cases[i].point,
                                             .thousands = cases[i].thousands};
        int64_t value = 0;
        enum cpl_text_result result = cpl_parse_decimal64(
            padded(cases[i].text), strlen(cases[i].text), &style, 18, 2, &value);
        if (result != cases[i].result || (result == CPL_TEXT_EXACT && value != cases[i].value))
            fail_msg("\"%s\" gives %d, %lld", cases[i].text, result, (long long)value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(shapes_are_read),
        cmocka_unit_test(spaces_and_apostrophes_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* How numbers are written, by what the file proves: separators and types of whole files. */
#include "decode/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on
#include "decode/csv_fixture.h"

/* Checks the types of the columns, and separators: those of the options and of detection. */
static void check(const char *const *options, const char *text, char point, char thousands,
                  const char *types)
{
    struct csv_inferred found;
    struct cpl_buffer shown = {0};
    struct cpl_error err = {0};
    csv_infer_text(options, text, &found);
    const struct cpl_text_style *style = &found.dialect.style;
    for (uint32_t f = 0; f < found.schema->n_fields; f++) {
        assert_true(cpl_buffer_append_text(&shown, f ? " " : "", &err));
        assert_true(cpl_type_format(&found.schema->fields[f].type, &shown, &err));
    }
    assert_string_equal(cpl_buffer_text(&shown, &err), types);
    assert_int_equal(style->decimal_point ? style->decimal_point : '.', point);
    assert_int_equal(style->thousands, thousands);
    cpl_buffer_release(&shown);
    csv_release_inferred(&found);
}

static void commas_before_three_digits_prove_nothing(void **state)
{
    (void)state;
    check(NULL, "item\tqty\nA\t1,234\nB\t2,500\nC\t999\nD\t12,000\n", '.', 0, "string string");
    check(NULL, "price\n1,234\n5,678\n", '.', 0, "string");
    check(NULL, "a;b\nx;1,234,567\ny;2,500\n", '.', 0, "string string");
    check(NULL, "a;b;c\nx;1,234;1.5\ny;2,500;2.25\n", '.', 0, "string string decimal(18,2)");
}

static void a_comma_is_proven(void **state)
{
    (void)state;
    check(NULL, "a;b\nx;1,5\ny;2,500\n", ',', 0, "string decimal(18,3)");
    check(NULL, "a;b\nx;0,125\ny;2,500\n", ',', 0, "string decimal(18,3)");
    check(NULL, "a;b;c\nx;1,234;1,50\ny;2,500;2,75\n", ',', 0,
          "string decimal(18,3) decimal(18,2)");
    check(NULL, "a;b\nx;1.234,567\ny;2.500,125\n", ',', '.', "string decimal(18,3)");
}

static void points_beside_a_decimal_comma_are_none(void **state)
{
    (void)state;
    check(NULL, "a;p;m\nA;1,50;1.000\nB;2,75;2.500\nC;10,00;1.250\n", ',', 0,
          "string decimal(18,2) string");
    check(NULL, "a;p;m\nA;1.001,50;1.000\nB;2,75;2.500\nC;10,00;1.2.3\n", ',', '.',
          "string decimal(18,2) string");
    check(NULL, "a;p\nA;1,50\nB;2,75\nC;1.234\n", ',', 0, "string string");
    /* a point that is proven, too: neither is adopted, as nothing tells which column is wrong */
    check(NULL, "a;p;m\nA;1,50;1.5\nB;2,75;2.25\n", '.', 0, "string string decimal(18,2)");
}

static void a_proven_point_leaves_commas_alone(void **state)
{
    (void)state;
    check(NULL, "a\tp\tm\nA\t1.50\t1,000\nB\t2.75\t2,500\n", '.', 0, "string decimal(18,2) string");
    check(NULL, "a\tp\tm\nA\t1,000.50\t1,000\nB\t2.75\t2,500\n", '.', ',',
          "string decimal(18,2) string");
    const char *const options[] = {"thousands", ",", NULL};
    check(options, "item\tqty\nA\t1,234\nB\t12\n", '.', ',', "string int64");
    check(options, "a,\"b\"\nA,\"1,234\"\nB,12\n", '.', ',', "string int64");
}

static void spaces_and_apostrophes(void **state)
{
    (void)state;
    check(NULL, "a;p;m\nA;1\u00A0234,50;1\u202F000\nB;2,75;12 500\n", ',', ' ',
          "string decimal(18,2) string");
    check(NULL, "a;p;m\nA;1'234.50;1'000.5\nB;2.75;12\u2019500\n", '.', '\'',
          "string decimal(18,2) decimal(18,1)");
    /* nine digits in threes may be a code, as the French SIREN */
    check(NULL, "a;p;m\nA;1,50;732 829 320\nB;2,75;404 833 048\n", ',', 0,
          "string decimal(18,2) string");
    const char *const space[] = {"thousands", "space", NULL};
    check(space, "a,b\nA,1\u00A0234\nB,1 234.5\n", '.', ' ', "string decimal(18,1)");
    const char *const none[] = {"thousands", "none", NULL};
    check(none, "a;p;m\nA;1,50;1.000\nB;2,75;2.500\n", ',', 0, "string decimal(18,2) string");
}

static void no_column_proves_another_ones_groups(void **state)
{
    (void)state;
    check(NULL, "sku;firmware;price\nA;1.100;3,50\nB;2.200;1.004,75\n", ',', '.',
          "string string decimal(18,2)");
    check(NULL, "v;price\n10.100.200;1.004,75\n2.200.300;1,5\n", ',', '.', "string decimal(18,2)");
    check(NULL, "phone;code;sum\n602 123 456;12 345;1 234,50\n777 654 321;67 890;2 500,00\n", ',',
          ' ', "string string decimal(18,2)");
    check(NULL, "a;b\n1'234.5;12'345\n2.5;67'890\n", '.', '\'', "decimal(18,1) string");
    check(NULL, "a;b\n1,234.5;1,234\n2.5;5,678\n", '.', ',', "decimal(18,1) string");
    /* in the column that proves them they need no decimals */
    check(NULL, "a;b\n1.234,5;1\n1.234;2\n1.234.567;3\n7,5;4\n", ',', '.', "decimal(18,1) int64");
}

static void columns_with_thousands_can_be_said(void **state)
{
    (void)state;
    const char *const options[] = {"thousands", ".", "decimal_point", ",", "thousands_columns",
                                   "[m]",       NULL};
    check(options, "p;m\n1.000;1.000\n2.500;2.500\n", ',', '.', "string int64");
    const char *const all[] = {"thousands", ".", "decimal_point", ",", NULL};
    check(all, "p;m\n1.000;1.000\n2.500;2.500\n", ',', '.', "int64 int64");
    check(options, "p;m\n1.000,5;1.000\n2,5;2.500\n", ',', '.', "decimal(18,1) int64");
}

static void check_doubt(const char *const *options, const char *text, uint32_t column,
                        const char *part)
{
    struct csv_inferred found;
    csv_infer_text(options, text, &found);
    const char *doubt = found.columns[column].doubt;
    if (!part)
        assert_null(doubt);
    else if (!doubt || !strstr(doubt, part))
        fail_msg("%s lacks %s", doubt ? doubt : "(none)", part);
    csv_release_inferred(&found);
}

static void it_says_why_groups_stay_text(void **state)
{
    (void)state;
    check_doubt(NULL, "a;b\n1.100;3,50\n2.200;4,75\n", 0, "points stay text");
    check_doubt(NULL, "a;b\n1.100;1.003,50\n2.200;4,75\n", 0, "source.csv.thousands to '.'");
    check_doubt(NULL, "a;b\n602 123 456;1 234,50\n777 654 321;2 500,00\n", 0, "spaces stay text");
    check_doubt(NULL, "a;b\n1,234.5;1,234\n2.5;5,678\n", 1, "commas stay text");
    check_doubt(NULL, "a;b\n602 123 456;1,50\n777 654 321;2,25\n", 0, NULL);
    check_doubt(NULL, "a,b\n1.2.3,1.5\n1.2.4,2\n", 0, NULL);
    const char *const none[] = {"thousands", "none", NULL};
    check_doubt(none, "a;b\n1.100;3,50\n2.200;4,75\n", 0, NULL);
}

static void the_more_frequent_separator_wins(void **state)
{
    (void)state;
    check(NULL, "a;p;m\nA;1.234,50;1 000\nB;2.345,75;2\nC;3.456,75;3\n", ',', '.',
          "string decimal(18,2) string");
    check(NULL, "a;p;m\nA;1.234,50;1 000\nB;2,75;2\nC;3,75;3\n", ',', '.',
          "string decimal(18,2) string");
    check(NULL, "a;p;m\nA;1.234,50;1 000,5\nB;2,75;2\nC;3,75;3\n", ',', 0, "string string string");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_before_three_digits_prove_nothing),
        cmocka_unit_test(a_comma_is_proven),
        cmocka_unit_test(points_beside_a_decimal_comma_are_none),
        cmocka_unit_test(a_proven_point_leaves_commas_alone),
        cmocka_unit_test(spaces_and_apostrophes),
        cmocka_unit_test(no_column_proves_another_ones_groups),
        cmocka_unit_test(columns_with_thousands_can_be_said),
        cmocka_unit_test(it_says_why_groups_stay_text),
        cmocka_unit_test(the_more_frequent_separator_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

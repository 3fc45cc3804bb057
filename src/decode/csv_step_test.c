/* Samples from an object's middle: what is counted from them begins at a row for sure, or nothing is. */
#include "decode/csv_sniff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* Where the first sure row of the sample begins; -1: nowhere. Two columns. */
static int first_row(const char *text, struct cpl_csv_rules rules, bool lines_in_quotes)
{
    size_t size = strlen(text);
    char *copy = calloc(1, size + 64);
    struct cpl_sample sample = {.data = memcpy(copy, text, size), .size = size};
    struct csv_walk walk;
    assert_true(cpl_csv_walk_init(&walk, &sample, rules, NULL));
    int at = cpl_csv_fall_in_step(&walk, 2, lines_in_quotes) ? (int)walk.at : -1;
    cpl_csv_walk_release(&walk);
    free(copy);
    return at;
}

static const struct cpl_csv_rules usual = {
    .delimiter = ',', .quote = '"', .escape = '"', .newline = '\n'};

static void without_quotes(void **state)
{
    (void)state;
    assert_int_equal(first_row("x,y\n1,a\n2,b\n", usual, false), 4);
    /* it may all be the text of one quoted field */
    assert_int_equal(first_row("x,y\n1,a\n2,b\n", usual, true), -1);
    assert_int_equal(first_row("x,y\n1,a\ntext\n2,b\n", usual, false), -1);
    struct cpl_csv_rules plain = usual;
    plain.quote = plain.escape = 0;
    assert_int_equal(first_row("x\"y\n1,a\ntext\n", plain, true), 4);
    assert_int_equal(first_row("xy", usual, false), -1);
    assert_int_equal(first_row("", usual, false), -1);
}

static void with_quotes(void **state)
{
    (void)state;
    /* begins outside or inside: from 3,c on there is no doubt */
    assert_int_equal(first_row("Sir, thank\nyou, best\"\n2,b\n", usual, true), 22);
    assert_int_equal(first_row("x,y\n1,\"a\nb\"\n2,c\n", usual, true), 12);
    assert_int_equal(first_row("x,y\n1,\"a, b\"\n2,c\n", usual, false), 13);
    /* doubled quotes close nothing */
    assert_int_equal(first_row("say \"\"hi\"\",\nsay \"\"hi\"\",\n", usual, true), -1);
    /* text that holds rows with quotes of their own: both views stay possible */
    assert_int_equal(first_row("x,\n\",\n\",\n\",\n\",", usual, true), -1);
}

static void with_escapes_and_comments(void **state)
{
    (void)state;
    struct cpl_csv_rules rules = usual;
    rules.escape = '\\';
    assert_int_equal(first_row("a \\\" b\nc \\\" d\"\n1,x\n", rules, true), 15);
    rules = usual;
    rules.comment = '#';
    assert_int_equal(first_row("or \"so\n1,\"x\ny\"\n2,b\n", rules, true), 7);
}

/* Wherever the sample begins, what is sure is a row. */
static void never_inside_a_field(void **state)
{
    (void)state;
    static const char text[] =
        "1,a\n2,\"b, c\nd, e\n\"\n3,\"\"\"x\"\"\n4,y\n\"\n5,\"z\"\n6,w\n7,\"v\"\n";
    static const size_t rows[] = {0, 4, 19, 34, 40, 44, sizeof text - 1};
    for (size_t from = 1; from + 1 < sizeof text; from++) {
        int at = first_row(text + from, usual, true);
        bool row = at < 0;
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            row |= at >= 0 && from + (size_t)at == rows[i];
        assert_true(row);
    }
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {T(without_quotes), T(with_quotes),
                                       T(with_escapes_and_comments), T(never_inside_a_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Column names from headers: valid, bounded, unique, and fast when a hostile header repeats one. */
#include "decode/csv_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void expect_name(const char *text, size_t length, const char *name)
{
    struct cpl_arena arena = {0};
    assert_string_equal(cpl_csv_name(&arena, text, length, NULL), name);
    cpl_arena_release(&arena);
}

static void names_are_valid(void **state)
{
    (void)state;
    expect_name("", 0, "");
    expect_name(" \t ", 3, "");
    expect_name(" unit price\t", 12, "unit price");
    expect_name("\xC3\xA9t\xC3\xA9", 5, "\xC3\xA9t\xC3\xA9");
    expect_name("a\xFF"
                "b",
                3,
                "a\xEF\xBF\xBD"
                "b");
    expect_name("a\0b", 3,
                "a\xEF\xBF\xBD"
                "b");
    expect_name("\xE2\x82", 2, "\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void long_names_end_at_a_character(void **state)
{
    (void)state;
    char text[5001];
    struct cpl_arena arena = {0};
    text[0] = 'x';
    for (size_t i = 1; i < sizeof text; i += 2)
        memcpy(text + i, "\xC3\xA4", i + 1 < sizeof text ? 2 : 1);
    assert_int_equal(strlen(cpl_csv_name(&arena, text, 5000, NULL)), 4095);
    cpl_arena_release(&arena);
}

static void names_are_unique(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    const char *names[] = {"a", "", "a", "a_2", "a", "column2", "", "A"};
    const char *unique[] = {"a", "column2_2", "a_3", "a_2", "a_4", "column2", "column7", "A"};
    assert_true(cpl_csv_names_unique(&arena, names, 8, NULL));
    for (int i = 0; i < 8; i++)
        assert_string_equal(names[i], unique[i]);
    cpl_arena_release(&arena);
}

static void a_double_takes_no_name_of_another(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    const char *names[] = {"a", "a", "a_2", "a_2", "", "column5", "column5_2"};
    const char *unique[] = {"a", "a_3", "a_2", "a_2_2", "column5_3", "column5", "column5_2"};
    assert_true(cpl_csv_names_unique(&arena, names, 7, NULL));
    for (int i = 0; i < 7; i++)
        assert_string_equal(names[i], unique[i]);
    cpl_arena_release(&arena);
}

static void many_of_one_name(void **state)
{
    (void)state;
    enum { MANY = 500000 };
    struct cpl_arena arena = {0};
    const char **names = calloc(MANY, sizeof *names);
    for (int i = 0; i < MANY; i++)
        names[i] = "a";
    assert_true(cpl_csv_names_unique(&arena, names, MANY, NULL));
    assert_string_equal(names[MANY - 1], "a_500000");
    free(names);
    cpl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_valid),  cmocka_unit_test(long_names_end_at_a_character),
        cmocka_unit_test(names_are_unique), cmocka_unit_test(a_double_takes_no_name_of_another),
        cmocka_unit_test(many_of_one_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

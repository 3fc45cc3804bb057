#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "format/parquet_checksum.h"
#include <string.h>

#define PAIR   CPL_PARQUET_CHECKSUM "\x18\x25xxh3:"
#define DIGITS "0123456789abcdef0123456789abcdef"

static size_t place(const char *footer)
{
    return cpl_parquet_checksum_place((const uint8_t *)footer, strlen(footer));
}

static void test_the_last_pair_counts(void **state)
{
    (void)state;
    assert_int_equal(place(PAIR DIGITS "cupel"), strlen(PAIR));
    assert_int_equal(place("x" PAIR DIGITS PAIR DIGITS), 1 + 2 * strlen(PAIR) + strlen(DIGITS));
    assert_true(place(PAIR "0123") == SIZE_MAX);
    assert_true(place("") == SIZE_MAX);
    assert_true(place("cupel.checksum xxh3:" DIGITS) == SIZE_MAX);
}

static bool ours(const char *created_by)
{
    struct cpl_parquet_file_metadata metadata = {.created_by = cpl_bytes_of(created_by)};
    return cpl_parquet_is_ours(&metadata);
}

static bool bytes_are_ours(const char *footer)
{
    return cpl_parquet_bytes_are_ours((const uint8_t *)footer, strlen(footer));
}

/* A damaged name is ours still; a file that others rewrote, with the pair of ours copied, is not. */
static void test_whose_file_it_is(void **state)
{
    (void)state;
    assert_true(ours("cupel version 0.1.0 (build release)"));
    assert_true(ours("cuqel verrion 0.1.0 (build release)"));
    assert_false(ours(NULL));
    assert_false(ours("cupe"));
    assert_false(ours("parquet-cpp-arrow version 20.0.0"));
    assert_false(ours("DuckDB version v1.4.0 (build 1234567890)"));
    assert_false(ours("Polars"));
    assert_true(bytes_are_ours(PAIR DIGITS ".\x18.cupel version 0.1.0"));
    assert_false(bytes_are_ours(PAIR DIGITS ".\x18.parquet-cpp-arrow version 20.0.0"));
    assert_true(bytes_are_ours("more " CPL_PARQUET_CHECKSUM "?%xxh3;" DIGITS
                               "...cupel Version 0.1.0 more"));
    assert_false(bytes_are_ours(PAIR DIGITS ".\x18"));
    assert_false(bytes_are_ours("cupel version 0.1.0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_the_last_pair_counts),
                                       cmocka_unit_test(test_whose_file_it_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

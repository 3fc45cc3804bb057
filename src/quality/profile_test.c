/* Profiles: bounds, nulls, distinct values exact and estimated, under every kind of order. */
#include "quality/profile.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_profile *profile_of(struct cpl_field *field, void *values, uint8_t *validity,
                                      uint32_t rows, struct cpl_column_profile *out)
{
    struct cpl_error err;
    struct cpl_schema schema = {.fields = field, .n_fields = 1};
    struct cpl_column column = {
        .field = field, .length = rows, .validity = validity, .values = values};
    struct cpl_batch batch = {.schema = &schema, .columns = &column, .rows = rows};
    struct cpl_profile *profile = cpl_profile_new(&schema, &err);
    assert_non_null(profile);
    assert_true(cpl_profile_add(profile, &batch, &err));
    assert_true(cpl_profile_column(profile, 0, out, &err));
    return profile;
}

static void integers(void **state)
{
    (void)state;
    int64_t values[] = {5, INT64_MIN, 5, INT64_MAX, 0, 7};
    uint8_t validity = 0x2f; /* the fifth is null */
    struct cpl_field field = {.name = "n", .type = {.kind = CPL_I64}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, values, &validity, 6, &p));
    assert_int_equal(p.nulls, 1);
    assert_int_equal(p.values, 6);
    assert_int_equal(p.distinct, 4);
    assert_true(p.distinct_exact);
    assert_string_equal(p.min, "-9223372036854775808");
    assert_string_equal(p.max, "9223372036854775807");
    assert_int_equal(p.n_samples, 3);
    assert_string_equal(p.samples[0], "5");
}

static void unsigned_and_decimals(void **state)
{
    (void)state;
    uint64_t wide[] = {UINT64_MAX, 1};
    struct cpl_field field = {.name = "u", .type = {.kind = CPL_U64}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, wide, NULL, 2, &p));
    assert_string_equal(p.max, "18446744073709551615");
    assert_string_equal(p.min, "1");
    cpl_int128 decimals[] = {-150, 225};
    field.type = (struct cpl_type){.kind = CPL_DECIMAL, .precision = 30, .scale = 2};
    cpl_profile_free(profile_of(&field, decimals, NULL, 2, &p));
    assert_string_equal(p.min, "-1.50");
    assert_string_equal(p.max, "2.25");
}

static void doubles_without_nan(void **state)
{
    (void)state;
    double values[] = {NAN, 2.5, -1, INFINITY};
    struct cpl_field field = {.name = "d", .type = {.kind = CPL_F64}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, values, NULL, 4, &p));
    assert_string_equal(p.min, "-1.0");
    assert_string_equal(p.max, "Infinity");
    assert_int_equal(p.distinct, 4);
    cpl_profile_free(profile_of(&field, values, NULL, 1, &p));
    assert_false(p.has_bounds);
}

static void strings_cut_at_a_character(void **state)
{
    (void)state;
    char text[200] = "";
    for (int i = 0; i < 60; i++)
        strcat(text, "ü");
    struct cpl_slice values[] = {{.data = (const uint8_t *)text, .length = 120},
                                 {.data = (const uint8_t *)"a\nb", .length = 3}};
    struct cpl_field field = {.name = "s", .type = {.kind = CPL_STRING}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, values, NULL, 2, &p));
    assert_string_equal(p.min, "a?b");
    assert_true(strlen(p.max) < sizeof p.max);
    assert_string_equal(p.max + strlen(p.max) - 5, "ü…");
}

static void expect_shown(const char *bytes, size_t length, size_t size, const char *text,
                         size_t shown)
{
    char out[100];
    assert_int_equal(cpl_bytes_text((const uint8_t *)bytes, length, out, size), shown);
    assert_string_equal(out, text);
}

/* All bytes one way, whatever stands beside them. */
static void bytes_that_are_no_text_are_marked(void **state)
{
    (void)state;
    expect_shown("1;caf\xE9;2\n", 9, 100, "1;caf\\xE9;2\n", 9);
    expect_shown("1;caf\xC3\xA9", 7, 100, "1;caf\xC3\xA9", 7);
    expect_shown("\xC3\xA9\xC3", 3, 100, "\xC3\xA9\\xC3", 3);
    expect_shown("C:\\xE9 \\n \\", 11, 100, "C:\\x5CxE9 \\n \\", 11);
    expect_shown("a\0\x80\xF0\x9F\x98\x80\xFF", 8, 100, "a\\x00\\x80\xF0\x9F\x98\x80\\xFF", 8);
    expect_shown("ab\xE9", 3, 6, "ab", 2);
    expect_shown("ab\xE9", 3, 7, "ab\\xE9", 3);
    expect_shown("ab\xC3\xA9", 4, 4, "ab", 2);
    uint8_t bytes[90];
    memset(bytes, 0xFF, sizeof bytes);
    struct cpl_slice values[] = {{.data = bytes, .length = sizeof bytes},
                                 {.data = (const uint8_t *)"1\r\n", .length = 3}};
    struct cpl_field field = {.name = "b", .type = {.kind = CPL_BINARY}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, values, NULL, 2, &p));
    assert_string_equal(p.min, "1??");
    assert_int_equal(strlen(p.max), 19 * 4 + 3);
    assert_string_equal(p.max + 18 * 4, "\\xFF…");
}

static void many_distinct_are_estimated(void **state)
{
    (void)state;
    enum { ROWS = 100000 };
    static int32_t values[ROWS];
    for (int32_t i = 0; i < ROWS; i++)
        values[i] = i;
    struct cpl_field field = {.name = "n", .type = {.kind = CPL_I32}};
    struct cpl_column_profile p;
    cpl_profile_free(profile_of(&field, values, NULL, 65536, &p));
    assert_true(p.distinct_exact);
    assert_int_equal(p.distinct, 65536);
    cpl_profile_free(profile_of(&field, values, NULL, ROWS, &p));
    assert_false(p.distinct_exact);
    assert_in_range(p.distinct, ROWS * 95 / 100, ROWS);
    assert_string_equal(p.max, "99999");
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    int64_t values[600];
    for (int i = 0; i < 600; i++)
        values[i] = i;
    struct cpl_field field = {.name = "n", .type = {.kind = CPL_I64}};
    struct cpl_schema schema = {.fields = &field, .n_fields = 1};
    struct cpl_column column = {.field = &field, .length = 600, .values = values};
    struct cpl_batch batch = {.schema = &schema, .columns = &column, .rows = 600};
    for (uint64_t n = 1;; n++) {
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        struct cpl_profile *profile = cpl_profile_new(&schema, &err);
        bool ok = profile && cpl_profile_add(profile, &batch, &err);
        cpl_memory_fail_at(0);
        cpl_profile_free(profile);
        if (ok)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(unsigned_and_decimals),
        cmocka_unit_test(doubles_without_nan),
        cmocka_unit_test(strings_cut_at_a_character),
        cmocka_unit_test(bytes_that_are_no_text_are_marked),
        cmocka_unit_test(many_distinct_are_estimated),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

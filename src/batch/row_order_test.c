/* Orders of rows: every type against hand-made sequences, several keys, nulls, members of structs, batches cut anywhere. */
#include "batch/row_order.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_arena types;

static int release_types(void **state)
{
    (void)state;
    cpl_arena_release(&types);
    return 0;
}

static struct cpl_field field_of(const char *text)
{
    struct cpl_field field = {.name = "x", .nullable = true, .field_id = -1};
    assert_true(cpl_type_parse(text, &types, &field.type, NULL));
    return field;
}

/* The first stray of `n` values of one column, of the batch cut before row `cut`; -1 = all in order. */
static int stray_of(struct cpl_column *column, struct cpl_order_key key, uint32_t cut)
{
    static const uint32_t first_column = 0;
    uint32_t stray, n = column->length, parts[2][2] = {{0, cut}, {cut, n - cut}};
    struct cpl_batch batch = {.columns = column, .rows = n};
    if (!key.steps) {
        key.steps = &first_column;
        key.n_steps = 1;
    }
    struct cpl_row_order *order = cpl_row_order_new(&key, 1, NULL);
    int found = -1;
    assert_non_null(order);
    for (int i = 0; i < 2; i++) {
        assert_true(cpl_row_order_add(order, &batch, NULL, parts[i][0], parts[i][1], &stray, NULL));
        if (stray != UINT32_MAX && found < 0)
            found = (int)stray;
    }
    cpl_row_order_free(order);
    return found;
}

/* Ascending values are in order, wherever the batch is cut; backwards they are so descending, and not ascending. */
static void check_ascending(const char *type, void *ascending, void *backwards, uint32_t n)
{
    struct cpl_field field = field_of(type);
    struct cpl_column up = {.field = &field, .length = n, .values = ascending};
    struct cpl_column down = {.field = &field, .length = n, .values = backwards};
    for (uint32_t cut = 0; cut <= n; cut++) {
        assert_int_equal(stray_of(&up, (struct cpl_order_key){0}, cut), -1);
        assert_int_equal(stray_of(&down, (struct cpl_order_key){.descending = true}, cut), -1);
        assert_int_equal(stray_of(&down, (struct cpl_order_key){0}, cut), 1);
        assert_int_equal(stray_of(&up, (struct cpl_order_key){.descending = true}, cut), 1);
    }
}

#define CHECK(type_text, c_type, ...)                                                              \
    do {                                                                                           \
        c_type up[] = {__VA_ARGS__}, down[sizeof up / sizeof *up];                                 \
        enum { N = sizeof up / sizeof *up };                                                       \
        for (int i = 0; i < N; i++)                                                                \
            memcpy(&down[i], &up[N - 1 - i], sizeof *up);                                          \
        check_ascending(type_text, up, down, N);                                                   \
    } while (0)

static void test_every_type(void **state)
{
    (void)state;
    CHECK("boolean", uint8_t, 0, 1);
    CHECK("int8", int8_t, -128, -1, 0, 127);
    CHECK("int16", int16_t, INT16_MIN, -1, 0, INT16_MAX);
    CHECK("int32", int32_t, INT32_MIN, -1, 0, INT32_MAX);
    CHECK("int64", int64_t, INT64_MIN, -1, 0, INT64_MAX);
    CHECK("uint8", uint8_t, 0, 127, 128, 255);
    CHECK("uint16", uint16_t, 0, 32767, 32768, 65535);
    CHECK("uint32", uint32_t, 0, INT32_MAX, 1u << 31, UINT32_MAX);
    CHECK("uint64", uint64_t, 0, INT64_MAX, 1ull << 63, UINT64_MAX);
    CHECK("float", float, -INFINITY, -1.5f, 0, 1e-30f, INFINITY, NAN);
    CHECK("double", double, -INFINITY, -1.5, 0, 1e-300, INFINITY, NAN);
    CHECK("decimal(9,2)", int64_t, -100, 0, 1, 100);
    CHECK("decimal(38,2)", cpl_int128, -((cpl_int128)1 << 100), -1, 0, (cpl_int128)1 << 100);
    CHECK("date", int32_t, -5, 0, 20000);
    CHECK("time(us)", int64_t, 0, 1, 86399999999);
    CHECK("timestamp(ns)", int64_t, INT64_MIN, 0, INT64_MAX);
}

static struct cpl_slice slice_of(const char *text)
{
    return (struct cpl_slice){.data = (const uint8_t *)text, .length = (uint32_t)strlen(text)};
}

static void test_bytes_are_unsigned(void **state)
{
    (void)state;
    struct cpl_slice a = slice_of(""), b = slice_of("a"), c = slice_of("aa"), d = slice_of("b"),
                     e = slice_of("\xc3\xa9");
    CHECK("string", struct cpl_slice, a, b, c, d, e);
    CHECK("binary", struct cpl_slice, a, b, c, d, e);
    typedef struct {
        uint8_t bytes[16];
    } uuid;
    CHECK("uuid", uuid, {{0}}, {{0, 1}}, {{0x80}}, {{0xff, 1}});
}

static void test_equal_values_are_in_order(void **state)
{
    (void)state;
    struct cpl_field field = field_of("double");
    double zeros[] = {0.0, -0.0, 0.0, -0.0}, nans[] = {1, NAN, NAN};
    struct cpl_column column = {.field = &field, .length = 4, .values = zeros};
    assert_int_equal(stray_of(&column, (struct cpl_order_key){0}, 2), -1);
    assert_int_equal(stray_of(&column, (struct cpl_order_key){.descending = true}, 2), -1);
    column = (struct cpl_column){.field = &field, .length = 3, .values = nans};
    assert_int_equal(stray_of(&column, (struct cpl_order_key){0}, 1), -1);
}

static void test_nulls_stand_at_their_end(void **state)
{
    (void)state;
    struct cpl_field field = field_of("int32");
    int32_t values[] = {0, 0, 5, 6};
    uint8_t front = 0x0c, back = 0x03; /* bits of the rows that are not null */
    struct cpl_column column = {
        .field = &field, .length = 4, .null_count = 2, .validity = &front, .values = values};
    assert_int_equal(stray_of(&column, (struct cpl_order_key){.nulls_first = true}, 2), -1);
    assert_int_equal(stray_of(&column, (struct cpl_order_key){0}, 2), 2);
    column.validity = &back;
    assert_int_equal(stray_of(&column, (struct cpl_order_key){0}, 2), -1);
    assert_int_equal(stray_of(&column, (struct cpl_order_key){.descending = true}, 2), -1);
    assert_int_equal(stray_of(&column, (struct cpl_order_key){.nulls_first = true}, 2), 2);
}

/* (name, number desc) in struct members, through a selection. */
static void test_second_keys_members_and_selections(void **state)
{
    (void)state;
    struct cpl_field field = field_of("struct<name: string, number: int32>");
    struct cpl_slice names[] = {slice_of("a"), slice_of("z"), slice_of("a"), slice_of("b"),
                                slice_of("b")};
    int32_t numbers[] = {9, 0, 3, 4, 7};
    struct cpl_column members[] = {
        {.field = &field.type.children[0], .length = 5, .values = names},
        {.field = &field.type.children[1], .length = 5, .values = numbers}};
    struct cpl_column column = {.field = &field, .length = 5, .children = members, .n_children = 2};
    struct cpl_batch batch = {.columns = &column, .rows = 5};
    uint32_t name_steps[] = {0, 0}, number_steps[] = {0, 1}, stray;
    struct cpl_order_key keys[] = {{.steps = name_steps, .n_steps = 2},
                                   {.steps = number_steps, .n_steps = 2, .descending = true}};
    struct cpl_row_order *order = cpl_row_order_new(keys, 2, NULL);
    static const uint32_t selection[] = {0, 2, 4, 3};
    assert_non_null(order);
    assert_true(cpl_row_order_add(order, &batch, selection, 0, 4, &stray, NULL));
    assert_int_equal(stray, UINT32_MAX);
    cpl_row_order_restart(order);
    assert_true(cpl_row_order_add(order, &batch, selection, 0, 2, &stray, NULL));
    assert_true(cpl_row_order_add(order, &batch, NULL, 2, 3, &stray, NULL)); /* a3, b4, b7 */
    assert_int_equal(stray, 4);
    cpl_row_order_restart(order);
    assert_true(cpl_row_order_add(order, &batch, NULL, 0, 1, &stray, NULL));
    assert_int_equal(stray, UINT32_MAX);
    cpl_row_order_free(order);
}

/* The last row is remembered when its batch's memory is gone. */
static void test_strings_outlive_their_batch(void **state)
{
    (void)state;
    struct cpl_field field = field_of("string");
    char text[] = "mmm";
    struct cpl_slice value = slice_of(text);
    struct cpl_column column = {.field = &field, .length = 1, .values = &value};
    struct cpl_batch batch = {.columns = &column, .rows = 1};
    static const uint32_t first_column = 0;
    struct cpl_order_key key = {.steps = &first_column, .n_steps = 1};
    struct cpl_row_order *order = cpl_row_order_new(&key, 1, NULL);
    uint32_t stray;
    assert_non_null(order);
    assert_true(cpl_row_order_add(order, &batch, NULL, 0, 1, &stray, NULL));
    memcpy(text, "aaa", 3);
    assert_true(cpl_row_order_add(order, &batch, NULL, 0, 1, &stray, NULL));
    assert_int_equal(stray, 0);
    cpl_row_order_free(order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_type),
        cmocka_unit_test(test_bytes_are_unsigned),
        cmocka_unit_test(test_equal_values_are_in_order),
        cmocka_unit_test(test_nulls_stand_at_their_end),
        cmocka_unit_test(test_second_keys_members_and_selections),
        cmocka_unit_test(test_strings_outlive_their_batch),
    };
    return cmocka_run_group_tests(tests, NULL, release_types);
}

/* Builders and cpl_batch_select, on a nested schema, against plain arrays. */
#include "batch/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* row: struct<id int64, name string, tags list<int32>, pair map<string, double>, wide
 * decimal(38,0)> */
static struct cpl_field tag_element = {.name = "element", .type.kind = CPL_I32, .nullable = true};
static struct cpl_field map_members[2] = {{.name = "key", .type.kind = CPL_STRING},
                                          {.name = "value", .type.kind = CPL_F64}};
static struct cpl_field members[5] = {
    {.name = "id", .type.kind = CPL_I64, .nullable = true},
    {.name = "name", .type.kind = CPL_STRING, .nullable = true},
    {.name = "tags",
     .type = {.kind = CPL_LIST, .n_children = 1, .children = &tag_element},
     .nullable = true},
    {.name = "pair", .type = {.kind = CPL_MAP, .n_children = 2, .children = map_members}},
    {.name = "wide", .type = {.kind = CPL_DECIMAL, .precision = 38}, .nullable = true}};
static const struct cpl_field root_field = {
    .name = "root", .type = {.kind = CPL_STRUCT, .n_children = 5, .children = members}};

static bool append_tags(struct cpl_builder *tags, uint32_t row, struct cpl_error *err)
{
    if (row % 5 == 3)
        return cpl_builder_null(tags, err);
    for (uint32_t i = 0; i < row % 4; i++) {
        bool ok = i == 2 ? cpl_builder_null(&tags->children[0], err)
                         : cpl_builder_i32(&tags->children[0], (int32_t)(row * 10 + i), err);
        if (!ok)
            return false;
    }
    return cpl_builder_list(tags, err);
}

static bool append_pair(struct cpl_builder *pair, uint32_t row, struct cpl_error *err)
{
    for (uint32_t i = 0; i < row % 3; i++)
        if (!cpl_builder_slice(&pair->children[0], (const uint8_t *)"k", 1, err) ||
            !cpl_builder_f64(&pair->children[1], row + i / 4.0, err))
            return false;
    return cpl_builder_list(pair, err);
}

static bool append_row(struct cpl_builder *root, uint32_t row, struct cpl_error *err)
{
    static const char text[] = "abcdefghijklmnopqrstuvwxyz";
    struct cpl_builder *c = root->children;
    if (row % 11 == 7)
        return cpl_builder_null(root, err);
    return (row % 3 ? cpl_builder_i64(&c[0], row, err) : cpl_builder_null(&c[0], err)) &&
           cpl_builder_slice(&c[1], (const uint8_t *)text, row % 26, err) &&
           append_tags(&c[2], row, err) && append_pair(&c[3], row, err) &&
           cpl_builder_i128(&c[4], (cpl_int128)row << 70, err) && cpl_builder_struct(root, err);
}

static void check_tags(const struct cpl_column *tags, uint32_t at, uint32_t row)
{
    uint32_t from = (uint32_t)tags->offsets[at], to = (uint32_t)tags->offsets[at + 1];
    assert_int_equal(cpl_is_valid(tags, at), row % 5 != 3);
    assert_int_equal(to - from, row % 5 == 3 ? 0 : row % 4);
    const struct cpl_column *element = &tags->children[0];
    for (uint32_t i = 0; i < to - from; i++) {
        assert_int_equal(cpl_is_valid(element, from + i), i != 2);
        assert_int_equal(element->i32[from + i], i == 2 ? 0 : row * 10 + i);
    }
}

static void check_row(const struct cpl_column *root, uint32_t at, uint32_t row)
{
    const struct cpl_column *c = root->children;
    assert_int_equal(cpl_is_valid(root, at), row % 11 != 7);
    if (row % 11 == 7) {
        for (uint32_t i = 0; i < 5; i++)
            assert_false(cpl_is_valid(&c[i], at));
        return;
    }
    assert_int_equal(cpl_is_valid(&c[0], at), row % 3 != 0);
    assert_int_equal(c[0].i64[at], row % 3 ? row : 0);
    assert_int_equal(c[1].slices[at].length, row % 26);
    check_tags(&c[2], at, row);
    assert_int_equal(c[3].offsets[at + 1] - c[3].offsets[at], row % 3);
    for (uint32_t i = 0; i < row % 3; i++)
        assert_true(c[3].children[1].f64[c[3].offsets[at] + (int32_t)i] == row + i / 4.0);
    assert_true(c[4].i128[at] == (cpl_int128)row << 70);
}

static void rows_come_back(void **state)
{
    (void)state;
    struct cpl_builder root;
    assert_true(cpl_builder_init(&root, &root_field, 3, NULL));
    for (int round = 0; round < 2; round++) {
        for (uint32_t row = 0; row < 1000; row++)
            assert_true(append_row(&root, row, NULL));
        const struct cpl_column *column = cpl_builder_finish(&root);
        assert_int_equal(column->length, 1000);
        for (uint32_t row = 0; row < 1000; row++)
            check_row(column, row, row);
        cpl_builder_clear(&root);
    }
    cpl_builder_release(&root);
}

static void bad_rows_are_taken_back(void **state)
{
    (void)state;
    struct cpl_builder root;
    assert_true(cpl_builder_init(&root, &root_field, 1, NULL));
    for (uint32_t row = 0; row < 500; row++) {
        assert_true(append_row(&root, row + 3, NULL)); /* a whole row ... */
        cpl_builder_truncate(&root, row);
        assert_true(cpl_builder_null(&root.children[0], NULL)); /* ... and half a row */
        assert_true(cpl_builder_i32(&root.children[2].children[0], 1, NULL));
        cpl_builder_truncate(&root, row);
        assert_true(append_row(&root, row, NULL));
    }
    const struct cpl_column *column = cpl_builder_finish(&root);
    for (uint32_t row = 0; row < 500; row++)
        check_row(column, row, row);
    cpl_builder_truncate(&root, 0);
    assert_null(cpl_builder_finish(&root)->children[0].validity);
    cpl_builder_release(&root);
}

static void select_keeps_the_named_rows(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_arena scratch = {0};
    struct cpl_schema schema = {.fields = members, .n_fields = 5};
    for (uint32_t step = 1; step < 40; step += 3) {
        assert_true(cpl_builder_init(&root, &root_field, 300, NULL));
        uint32_t starts[300], keep[300], n = 0;
        for (uint32_t row = 0; row < 300; row++) {
            assert_true(append_row(&root, row * 11, NULL));
            starts[row] = row * 100;
            if (row % step == step / 2)
                keep[n++] = row;
        }
        struct cpl_column *column = cpl_builder_finish(&root);
        struct cpl_batch batch = {.schema = &schema,
                                  .columns = column->children,
                                  .rows = 300,
                                  .row_start = starts,
                                  .row_end = starts};
        assert_true(cpl_batch_select(&batch, keep, n, &scratch, NULL));
        assert_int_equal(batch.rows, n);
        for (uint32_t i = 0; i < n; i++) {
            check_row(column, i, keep[i] * 11);
            assert_int_equal(batch.row_start[i], keep[i] * 100);
        }
        cpl_builder_release(&root);
    }
    cpl_arena_release(&scratch);
}

static void every_failing_allocation_is_clean(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct cpl_builder root;
        struct cpl_error err = {0};
        uint32_t row = 0;
        cpl_memory_fail_at(n);
        if (!cpl_builder_init(&root, &root_field, 2, &err)) {
            assert_int_equal(err.code, CPL_E_MEMORY);
            continue;
        }
        while (row < 300 && append_row(&root, row, &err))
            row++;
        cpl_memory_fail_at(0);
        bool failed = row < 300;
        cpl_builder_truncate(&root, row); /* what stood before the failure stands after it */
        const struct cpl_column *column = cpl_builder_finish(&root);
        for (uint32_t i = 0; i < row; i++)
            check_row(column, i, i);
        cpl_builder_release(&root);
        if (!failed)
            break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(bad_rows_are_taken_back),
        cmocka_unit_test(select_keeps_the_named_rows),
        cmocka_unit_test(every_failing_allocation_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

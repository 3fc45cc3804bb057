/* Exports: formats of every type, layout of every buffer, ranges, moved children, failing allocations. */
#include "batch/builder.h"
#include "batch/c_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_field fields[9];
static struct cpl_schema schema;
static struct cpl_arena types;

static int make_schema(void **state)
{
    (void)state;
    static const char *const texts[9] = {
        "boolean",     "decimal(10,2)",     "time(ms)",
        "string",      "timestamp(ns,utc)", "uuid",
        "list<int32>", "map<string, json>", "struct<a: date, b: decimal(38,3)>"};
    static const char *const names[9] = {"flag", "price", "at",    "name", "when",
                                         "id",   "tags",  "attrs", "pair"};
    for (int i = 0; i < 9; i++) {
        fields[i] = (struct cpl_field){
            .name = names[i], .nullable = i != 1, .field_id = i == 1 ? 42 : -1};
        if (!cpl_type_parse(texts[i], &types, &fields[i].type, NULL))
            return -1;
    }
    schema = (struct cpl_schema){.fields = fields, .n_fields = 9};
    return 0;
}

static int drop_schema(void **state)
{
    (void)state;
    cpl_arena_release(&types);
    return 0;
}

static void formats(void **state)
{
    (void)state;
    static const char *const want[9] = {"b",    "d:10,2", "ttm", "u", "tsn:UTC",
                                        "w:16", "+l",     "+m",  "+s"};
    struct ArrowSchema out;
    assert_true(cpl_export_schema(&schema, &out, NULL));
    assert_string_equal(out.format, "+s");
    assert_int_equal(out.n_children, 9);
    for (int i = 0; i < 9; i++) {
        assert_string_equal(out.children[i]->format, want[i]);
        assert_string_equal(out.children[i]->name, fields[i].name);
        assert_int_equal(out.children[i]->flags, i == 1 ? 0 : ARROW_FLAG_NULLABLE);
    }
    const struct ArrowSchema *entries = out.children[7]->children[0];
    assert_string_equal(entries->format, "+s");
    assert_int_equal(entries->flags, 0);
    assert_string_equal(entries->children[0]->name, "key");
    assert_int_equal(entries->children[0]->flags, 0);
    assert_memory_equal(entries->children[1]->metadata + 4,
                        "\x14\0\0\0ARROW:extension:name\x0a\0\0\0arrow.json", 38);
    assert_memory_equal(out.children[1]->metadata,
                        "\1\0\0\0\x10\0\0\0PARQUET:field_id\2\0\0\0"
                        "42",
                        30);
    assert_string_equal(out.children[8]->children[0]->format, "tdD");
    out.release(&out);
    assert_null(out.release);
}

static bool append_row(struct cpl_builder *c, uint32_t i, struct cpl_error *err)
{
    static const uint8_t uuid[16] = {1, 2, 3}, json[] = "{}";
    for (uint32_t k = 0; k < i % 3; k++)
        if (!cpl_builder_i32(&c[6].children[0], (int32_t)(i * 10 + k), err) ||
            !cpl_builder_slice(&c[7].children[0], (const uint8_t *)"key", k + 1, err) ||
            !cpl_builder_slice(&c[7].children[1], json, 2, err))
            return false;
    return cpl_builder_u8(&c[0], i % 3 == 1, err) && cpl_builder_i64(&c[1], -(int64_t)i, err) &&
           cpl_builder_i64(&c[2], i * 1000, err) &&
           (i % 4 == 3 ? cpl_builder_null(&c[3], err)
                       : cpl_builder_slice(&c[3], (const uint8_t *)"abcdefgh", i % 8, err)) &&
           cpl_builder_i64(&c[4], (int64_t)i << 40, err) && cpl_builder_uuid(&c[5], uuid, err) &&
           cpl_builder_list(&c[6], err) && cpl_builder_list(&c[7], err) &&
           (i % 5 == 4 ? cpl_builder_null(&c[8], err)
                       : cpl_builder_i32(&c[8].children[0], (int32_t)i, err) &&
                             cpl_builder_i128(&c[8].children[1], (cpl_int128)i << 80, err) &&
                             cpl_builder_struct(&c[8], err));
}

static bool bit(const void *bits, uint32_t i)
{
    return ((const uint8_t *)bits)[i / 8] >> (i % 8) & 1;
}

static void check_strings(const struct ArrowArray *name, uint32_t from, uint32_t n)
{
    const int32_t *offsets = name->buffers[1];
    for (uint32_t i = 0; i < n; i++) {
        bool null = (from + i) % 4 == 3;
        assert_int_equal(!name->buffers[0] || bit(name->buffers[0], i), !null);
        assert_int_equal(offsets[i + 1] - offsets[i], null ? 0 : (from + i) % 8);
        assert_memory_equal((const char *)name->buffers[2] + offsets[i], "abcdefgh",
                            (size_t)(offsets[i + 1] - offsets[i]));
    }
}

static void check_export(const struct ArrowArray *out, uint32_t from, uint32_t n)
{
    struct ArrowArray **c = out->children;
    assert_int_equal(out->length, n);
    check_strings(c[3], from, n);
    const int32_t *tags = c[6]->buffers[1];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = from + i;
        assert_int_equal(bit(c[0]->buffers[1], i), row % 3 == 1);
        assert_true(((const cpl_int128 *)c[1]->buffers[1])[i] == -(cpl_int128)row);
        assert_int_equal(((const int32_t *)c[2]->buffers[1])[i], row * 1000);
        assert_true(((const int64_t *)c[4]->buffers[1])[i] == (int64_t)row << 40);
        assert_int_equal(((const uint8_t *)c[5]->buffers[1])[16 * i + 2], 3);
        assert_int_equal(tags[i + 1] - tags[i], row % 3);
        for (uint32_t k = 0; k < row % 3; k++)
            assert_int_equal(((const int32_t *)c[6]->children[0]->buffers[1])[tags[i] + (int32_t)k],
                             row * 10 + k);
        assert_int_equal(!c[8]->buffers[0] || bit(c[8]->buffers[0], i), row % 5 != 4);
        assert_true(((const cpl_int128 *)c[8]->children[1]->buffers[1])[i] ==
                    (row % 5 == 4 ? 0 : (cpl_int128)row << 80));
    }
    assert_int_equal(c[7]->children[0]->length, tags[n]);
    assert_int_equal(c[7]->children[0]->n_children, 2);
}

static bool build(struct cpl_builder *root, struct cpl_batch *batch, uint32_t rows)
{
    static struct cpl_field field;
    field = (struct cpl_field){.name = "root",
                               .type = {.kind = CPL_STRUCT, .n_children = 9, .children = fields}};
    if (!cpl_builder_init(root, &field, rows, NULL))
        return false;
    for (uint32_t i = 0; i < rows; i++)
        if (!append_row(root->children, i, NULL) || !cpl_builder_struct(root, NULL))
            return false;
    *batch = (struct cpl_batch){
        .schema = &schema, .columns = cpl_builder_finish(root)->children, .rows = rows};
    return true;
}

static void layouts(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_batch batch;
    assert_true(build(&root, &batch, 100));
    static const struct {
        uint32_t from, n;
    } ranges[] = {{0, 100}, {0, 0}, {7, 50}, {99, 1}, {100, 0}, {0, 3}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        struct ArrowArray out;
        assert_true(cpl_export_batch(&batch, ranges[i].from, ranges[i].n, &out, NULL));
        check_export(&out, ranges[i].from, ranges[i].n);
        out.release(&out);
    }
    assert_int_equal(cpl_export_fit(&batch, 10), 90);
    batch.columns[3].slices[50].length = INT32_MAX;
    batch.columns[3].slices[51].length = 10;
    assert_in_range(cpl_export_fit(&batch, 0), 1, 50);
    assert_int_equal(cpl_export_fit(&batch, 50), 1);
    struct ArrowArray out;
    struct cpl_error err;
    assert_false(cpl_export_batch(&batch, 50, 2, &out, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    cpl_builder_release(&root);
}

/* The specification lets a consumer move a child out, release the parent, and keep the child. */
static void a_moved_child_lives_on(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_batch batch;
    struct ArrowArray out, moved;
    assert_true(build(&root, &batch, 40));
    assert_true(cpl_export_batch(&batch, 0, 40, &out, NULL));
    cpl_builder_release(&root);
    moved = *out.children[3];
    out.children[3]->release = NULL;
    out.release(&out);
    check_strings(&moved, 0, 40);
    moved.release(&moved);
}

static void failing_allocations(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_batch batch;
    assert_true(build(&root, &batch, 40));
    for (uint64_t n = 1;; n++) {
        struct ArrowArray array = {0};
        struct ArrowSchema described = {0};
        cpl_memory_fail_at(n);
        bool ok = cpl_export_schema(&schema, &described, NULL) &&
                  cpl_export_batch(&batch, 0, 40, &array, NULL);
        cpl_memory_fail_at(0);
        if (described.release)
            described.release(&described);
        if (ok) {
            array.release(&array);
            break;
        }
        assert_null(array.release);
    }
    cpl_builder_release(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(layouts),
        cmocka_unit_test(a_moved_child_lives_on),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}

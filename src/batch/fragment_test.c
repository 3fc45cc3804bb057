/* Rows to bytes and back: random batches of every type, nested twice, selections, cuts, damaged bytes, failing memory. */
#include "batch/fragment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char *const type_texts[] = {"boolean",
                                         "int8",
                                         "int16",
                                         "int32",
                                         "int64",
                                         "uint8",
                                         "uint64",
                                         "float",
                                         "double",
                                         "decimal(9,2)",
                                         "decimal(38,4)",
                                         "string",
                                         "binary",
                                         "json",
                                         "uuid",
                                         "date",
                                         "time(us)",
                                         "timestamp(ns,utc)",
                                         "struct<a: int32, b: string, c: struct<d: list<int16>>>",
                                         "list<string>",
                                         "list<list<int64>>",
                                         "map<string, struct<x: double, y: list<binary>>>"};
enum { N_TYPES = sizeof type_texts / sizeof *type_texts, ROWS = 700 };

static struct cpl_arena types;
static struct cpl_field fields[N_TYPES];
static struct cpl_schema schema = {.fields = fields, .n_fields = N_TYPES};
static struct cpl_field root_field;
static uint64_t seed;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static int make_schema(void **state)
{
    (void)state;
    static char names[N_TYPES][8];
    for (int i = 0; i < N_TYPES; i++) {
        snprintf(names[i], sizeof names[i], "c%d", i);
        fields[i] = (struct cpl_field){.name = names[i], .nullable = true, .field_id = -1};
        if (!cpl_type_parse(type_texts[i], &types, &fields[i].type, NULL))
            return -1;
    }
    root_field = (struct cpl_field){
        .name = "row", .type = {.kind = CPL_STRUCT, .n_children = N_TYPES, .children = fields}};
    return 0;
}

static int drop_schema(void **state)
{
    (void)state;
    cpl_arena_release(&types);
    return 0;
}

static void append_value(struct cpl_builder *b, uint32_t nulls);

static void append_fixed(struct cpl_builder *b)
{
    size_t width = cpl_type_width(&b->column.field->type);
    assert_true(cpl_builder_room(b, NULL));
    uint8_t *to = b->column.u8 + width * b->column.length++;
    for (size_t i = 0; i < width; i++)
        to[i] = (uint8_t)chance(256);
}

static void append_value(struct cpl_builder *b, uint32_t nulls)
{
    static const uint8_t text[64] = "The quick brown fox jumps over the lazy dog.";
    enum cpl_kind kind = b->column.field->type.kind;
    if (nulls && chance(nulls) == 0) {
        assert_true(cpl_builder_null(b, NULL));
    } else if (cpl_kind_is_slice(kind)) {
        assert_true(cpl_builder_slice(b, text, chance(45), NULL));
    } else if (kind == CPL_STRUCT) {
        for (uint32_t i = 0; i < b->column.n_children; i++)
            append_value(&b->children[i], nulls);
        assert_true(cpl_builder_struct(b, NULL));
    } else if (kind == CPL_LIST || kind == CPL_MAP) {
        for (uint32_t n = chance(4); n; n--)
            for (uint32_t i = 0; i < b->column.n_children; i++)
                append_value(&b->children[i], nulls);
        assert_true(cpl_builder_list(b, NULL));
    } else {
        append_fixed(b);
    }
}

/* nulls: one value in so many; 0 = none. */
static struct cpl_batch make_batch(struct cpl_builder *root, uint32_t rows, uint32_t nulls)
{
    assert_true(cpl_builder_init(root, &root_field, 16, NULL));
    for (uint32_t r = 0; r < rows; r++) {
        for (uint32_t c = 0; c < N_TYPES; c++)
            append_value(&root->children[c], nulls);
        assert_true(cpl_builder_struct(root, NULL));
    }
    return (struct cpl_batch){
        .schema = &schema, .columns = cpl_builder_finish(root)->children, .rows = rows};
}

static void same_value(const struct cpl_column *a, uint32_t i, const struct cpl_column *b,
                       uint32_t j)
{
    enum cpl_kind kind = a->field->type.kind;
    size_t width = cpl_type_width(&a->field->type);
    assert_int_equal(cpl_is_valid(a, i), cpl_is_valid(b, j));
    if (!cpl_is_valid(a, i))
        return;
    if (cpl_kind_is_slice(kind)) {
        assert_int_equal(a->slices[i].length, b->slices[j].length);
        assert_memory_equal(a->slices[i].data, b->slices[j].data, a->slices[i].length);
    } else if (kind == CPL_STRUCT) {
        for (uint32_t c = 0; c < a->n_children; c++)
            same_value(&a->children[c], i, &b->children[c], j);
    } else if (kind == CPL_LIST || kind == CPL_MAP) {
        int32_t n = a->offsets[i + 1] - a->offsets[i];
        assert_int_equal(n, b->offsets[j + 1] - b->offsets[j]);
        for (uint32_t c = 0; c < a->n_children; c++)
            for (int32_t k = 0; k < n; k++)
                same_value(&a->children[c], (uint32_t)(a->offsets[i] + k), &b->children[c],
                           (uint32_t)(b->offsets[j] + k));
    } else {
        assert_memory_equal(a->u8 + width * i, b->u8 + width * j, width);
    }
}

/* Read everything in pieces of `most` rows, and compare with the selected rows. */
static void check(const struct cpl_batch *batch, const uint32_t *selection, uint32_t n,
                  const struct cpl_buffer *bytes, uint32_t most)
{
    struct cpl_fragment_reader reader;
    uint32_t row = 0;
    assert_true(cpl_fragment_reader_init(&reader, &schema, NULL));
    for (size_t at = 0; at < bytes->size;) {
        assert_true(cpl_fragment_read(&reader, bytes->data, bytes->size, &at, most, NULL));
        assert_in_range(reader.batch.rows, 1, most);
        for (uint32_t r = 0; r < reader.batch.rows; r++, row++)
            for (uint32_t c = 0; c < N_TYPES; c++)
                same_value(&batch->columns[c], selection ? selection[row] : row,
                           &reader.batch.columns[c], r);
    }
    assert_int_equal(row, n);
    cpl_fragment_reader_release(&reader);
}

static void round_trip(void **state)
{
    (void)state;
    static const uint32_t nulls[] = {0, 2, 10, 1};
    for (int turn = 0; turn < 4; turn++) {
        struct cpl_builder root;
        struct cpl_buffer bytes = {0};
        size_t ends[ROWS];
        seed = 88172645463325252u + (uint64_t)turn;
        struct cpl_batch batch = make_batch(&root, ROWS, nulls[turn]);
        assert_true(cpl_fragment_write(&batch, NULL, ROWS, &bytes, ends, NULL));
        assert_int_equal(ends[ROWS - 1], bytes.size);
        check(&batch, NULL, ROWS, &bytes, 1 + chance(300));
        cpl_buffer_release(&bytes);
        cpl_builder_release(&root);
    }
}

static void selected(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_buffer bytes = {0};
    uint32_t selection[ROWS], n = 0;
    seed = 4711;
    struct cpl_batch batch = make_batch(&root, ROWS, 5);
    for (uint32_t i = 0; i < ROWS; i++)
        if (chance(3) == 0)
            selection[n++] = i;
    /* in two appends: fragments may be joined */
    assert_true(cpl_fragment_write(&batch, selection, n / 2, &bytes, NULL, NULL));
    assert_true(cpl_fragment_write(&batch, selection + n / 2, n - n / 2, &bytes, NULL, NULL));
    check(&batch, selection, n, &bytes, 64);
    cpl_buffer_release(&bytes);
    cpl_builder_release(&root);
}

static void rows_in_another_order(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_buffer bytes = {0}, back = {0};
    size_t ends[50];
    uint32_t order[50];
    seed = 99;
    struct cpl_batch batch = make_batch(&root, 50, 4);
    assert_true(cpl_fragment_write(&batch, NULL, 50, &bytes, ends, NULL));
    for (uint32_t i = 0; i < 50; i++) {
        uint32_t row = order[i] = 49 - i;
        size_t begin = row ? ends[row - 1] : 0;
        assert_true(cpl_buffer_append(&back, bytes.data + begin, ends[row] - begin, NULL));
    }
    check(&batch, order, 50, &back, 7);
    cpl_buffer_release(&bytes);
    cpl_buffer_release(&back);
    cpl_builder_release(&root);
}

/* Whatever the bytes: rows or CORRUPT, never beyond the end (the sanitizers watch an exact allocation). */
static void damaged(void **state)
{
    (void)state;
    struct cpl_builder root;
    struct cpl_buffer bytes = {0};
    struct cpl_fragment_reader reader;
    int refused = 0;
    seed = 7;
    struct cpl_batch batch = make_batch(&root, 20, 4);
    assert_true(cpl_fragment_write(&batch, NULL, 20, &bytes, NULL, NULL));
    assert_true(cpl_fragment_reader_init(&reader, &schema, NULL));
    for (int turn = 0; turn < 2000; turn++) {
        struct cpl_error err = {0};
        size_t size = chance(4) ? bytes.size : chance((uint32_t)bytes.size), at = 0;
        uint8_t *copy = cpl_alloc(size + 16, NULL);
        assert_non_null(copy);
        memcpy(copy, bytes.data, size);
        for (uint32_t n = chance(4); size && n; n--)
            copy[chance((uint32_t)size)] ^= (uint8_t)(1u << chance(8));
        while (at < size && cpl_fragment_read(&reader, copy, size, &at, 8, &err))
            ;
        assert_true(err.code == CPL_E_NONE || err.code == CPL_E_CORRUPT);
        refused += err.code == CPL_E_CORRUPT;
        cpl_free(copy);
    }
    assert_in_range(refused, 200, 1999);
    cpl_fragment_reader_release(&reader);
    cpl_buffer_release(&bytes);
    cpl_builder_release(&root);
}

static void memory_fails(void **state)
{
    (void)state;
    struct cpl_builder root;
    seed = 3;
    struct cpl_batch batch = make_batch(&root, 300, 5);
    bool done = false;
    for (uint64_t at = 1; !done; at++) {
        struct cpl_buffer bytes = {0};
        struct cpl_fragment_reader reader = {0};
        struct cpl_error err = {0};
        size_t place = 0;
        cpl_memory_fail_at(at);
        done = cpl_fragment_write(&batch, NULL, 300, &bytes, NULL, &err) &&
               cpl_fragment_reader_init(&reader, &schema, &err) &&
               cpl_fragment_read(&reader, bytes.data, bytes.size, &place, 300, &err);
        cpl_memory_fail_at(0);
        assert_int_equal(err.code, done ? CPL_E_NONE : CPL_E_MEMORY);
        if (done)
            assert_int_equal(reader.batch.rows, 300);
        cpl_fragment_reader_release(&reader);
        cpl_buffer_release(&bytes);
    }
    cpl_builder_release(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(selected),
                                       cmocka_unit_test(rows_in_another_order),
                                       cmocka_unit_test(damaged), cmocka_unit_test(memory_fails)};
    return cmocka_run_group_tests(tests, make_schema, drop_schema);
}

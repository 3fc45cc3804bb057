/* The reader and verify on a file built here byte by byte: its values, every truncation, every flipped bit, every failing
 * allocation, and footers that lie. What other writers make is read in tests/interop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "decode/parquet_layout.h"
#include "decode/parquet_verify.h"
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* struct<a: int32, l: list<string>>: (1, ["x", "yz"]), (null, []), (3, null) */
static const uint8_t page_a[] = {2, 0, 0, 0, 0x03, 0x05, 1, 0, 0, 0, 3, 0, 0, 0};
static const uint8_t levels_l[] = {0x03, 0x02, 0x03, 0x1f, 0x00}; /* repetition, definition */
static const uint8_t values_l[] = {1, 0, 0, 0, 'x', 2, 0, 0, 0, 'y', 'z'};

struct built { /* what tests may falsify before the footer is written */
    struct cpl_parquet_file_metadata metadata;
    struct cpl_parquet_row_group group;
    struct cpl_parquet_column_chunk chunks[2];
    struct cpl_parquet_column_order orders[2];
    enum cpl_parquet_encoding encodings[2];
    struct cpl_arena arena;
    struct cpl_parquet_schema schema;
    struct cpl_buffer bytes;
};

static void append(struct cpl_buffer *out, const void *data, size_t size)
{
    assert_true(cpl_buffer_append(out, data, size, NULL));
}

static void put_page(struct built *file, struct cpl_parquet_page_header *header,
                     const struct cpl_buffer *body)
{
    header->compressed_size = (int32_t)body->size;
    header->has_crc = true;
    header->crc = (int32_t)libdeflate_crc32(0, body->data, body->size);
    assert_true(cpl_parquet_write_page_header(header, &file->bytes, NULL));
    append(&file->bytes, body->data, body->size);
}

static void start_chunk(struct built *file, uint32_t column, enum cpl_codec codec, int64_t values)
{
    struct cpl_parquet_column_metadata *metadata = &file->chunks[column].metadata;
    const struct cpl_parquet_leaf *leaf = &file->schema.leaves[column];
    file->chunks[column].has_metadata = true;
    metadata->type = leaf->type;
    metadata->codec = codec;
    metadata->num_values = values;
    metadata->encodings.items = file->encodings;
    metadata->encodings.n = 2;
    metadata->path.items = (struct cpl_bytes *)leaf->path;
    metadata->path.n = leaf->n_path;
    metadata->data_page_offset = (int64_t)file->bytes.size;
}

static void end_chunk(struct built *file, uint32_t column, size_t uncompressed)
{
    struct cpl_parquet_column_metadata *metadata = &file->chunks[column].metadata;
    metadata->total_compressed_size = (int64_t)file->bytes.size - metadata->data_page_offset;
    metadata->total_uncompressed_size = metadata->total_compressed_size + (int64_t)uncompressed;
}

static void put_chunk_a(struct built *file)
{
    struct cpl_buffer body = {0};
    struct cpl_parquet_page_header header = {.type = CPL_PARQUET_DATA_PAGE,
                                             .uncompressed_size = sizeof page_a,
                                             .has_data = true,
                                             .data = {.num_values = 3,
                                                      .encoding = CPL_PARQUET_PLAIN,
                                                      .definition_encoding = CPL_PARQUET_RLE,
                                                      .repetition_encoding = CPL_PARQUET_RLE}};
    append(&body, page_a, sizeof page_a);
    start_chunk(file, 0, CPL_CODEC_NONE, 3);
    put_page(file, &header, &body);
    end_chunk(file, 0, 0);
    struct cpl_parquet_column_metadata *metadata = &file->chunks[0].metadata;
    metadata->has_statistics = true;
    metadata->statistics = (struct cpl_parquet_statistics){.has_null_count = true,
                                                           .null_count = 1,
                                                           .min_value = {page_a + 6, 4},
                                                           .max_value = {page_a + 10, 4},
                                                           .has_min_exact = true,
                                                           .min_exact = true,
                                                           .has_max_exact = true,
                                                           .max_exact = true};
    cpl_buffer_release(&body);
}

static void put_chunk_l(struct built *file)
{
    struct cpl_buffer body = {0};
    struct cpl_codec_state codec = {0};
    struct cpl_parquet_page_header header = {.type = CPL_PARQUET_DATA_PAGE_V2,
                                             .uncompressed_size = sizeof levels_l + sizeof values_l,
                                             .has_data_v2 = true,
                                             .data_v2 = {.num_values = 4,
                                                         .num_nulls = 2,
                                                         .num_rows = 3,
                                                         .encoding = CPL_PARQUET_PLAIN,
                                                         .repetition_bytes = 2,
                                                         .definition_bytes = 3}};
    append(&body, levels_l, sizeof levels_l);
    assert_true(
        cpl_codec_compress(CPL_CODEC_ZSTD, 1, &codec, values_l, sizeof values_l, &body, NULL));
    start_chunk(file, 1, CPL_CODEC_ZSTD, 4);
    put_page(file, &header, &body);
    end_chunk(file, 1, sizeof levels_l + sizeof values_l - body.size);
    cpl_buffer_release(&body);
    cpl_codec_state_release(&codec);
}

/* Everything but the footer. */
static void build(struct built *file)
{
    *file = (struct built){.encodings = {CPL_PARQUET_PLAIN, CPL_PARQUET_RLE},
                           .orders = {{CPL_PARQUET_TYPE_ORDER}, {CPL_PARQUET_TYPE_ORDER}}};
    static struct cpl_field element = {
        .name = "element", .type = {.kind = CPL_STRING}, .nullable = true, .field_id = -1};
    static struct cpl_field fields[] = {
        {.name = "a", .type = {.kind = CPL_I32}, .nullable = true, .field_id = -1},
        {.name = "l",
         .type = {.kind = CPL_LIST, .n_children = 1, .children = &element},
         .nullable = true,
         .field_id = -1}};
    struct cpl_schema schema = {.fields = fields, .n_fields = 2};
    assert_true(cpl_parquet_schema_of(&schema, &file->arena, &file->schema, NULL));
    append(&file->bytes, "PAR1", 4);
    put_chunk_a(file);
    put_chunk_l(file);
    file->group.num_rows = file->metadata.num_rows = 3;
    file->group.columns.items = file->chunks;
    file->group.columns.n = 2;
    file->metadata.version = 2;
    file->metadata.schema.items = (struct cpl_parquet_element *)file->schema.elements;
    file->metadata.schema.n = file->schema.n_elements;
    file->metadata.row_groups.items = &file->group;
    file->metadata.row_groups.n = 1;
    file->metadata.column_orders.items = file->orders;
    file->metadata.column_orders.n = 2;
}

static void put_footer(struct built *file)
{
    size_t start = file->bytes.size;
    assert_true(cpl_parquet_write_file_metadata(&file->metadata, &file->bytes, NULL));
    uint32_t length = (uint32_t)(file->bytes.size - start);
    append(&file->bytes, &length, 4);
    append(&file->bytes, "PAR1", 4);
}

static void release(struct built *file)
{
    cpl_arena_release(&file->arena);
    cpl_buffer_release(&file->bytes);
}

/* ---- reading it ---- */

static char path[64];
static struct cpl_storage *storage;

static int make_storage(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "/tmp/parquet_test.%d", (int)getpid());
    storage = cpl_storage_local(&(struct cpl_storage_limits){0}, NULL);
    return storage ? 0 : 1;
}

static int drop_storage(void **state)
{
    (void)state;
    unlink(path);
    cpl_storage_free(storage);
    return 0;
}

static void store(const uint8_t *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, data, size) == (ssize_t)size && close(fd) == 0);
}

static bool scan_all(const struct cpl_parquet_file *file, uint32_t batch_rows,
                     struct cpl_error *err)
{
    struct cpl_parquet_scan_options options = {.batch_rows = batch_rows};
    struct cpl_parquet_scan *scan = cpl_parquet_scan_new(file, &options, err);
    struct cpl_batch *batch;
    bool ok = scan != NULL;
    do
        ok = ok && cpl_parquet_scan_next(scan, &batch, err);
    while (ok && batch->rows);
    cpl_parquet_scan_free(scan);
    return ok;
}

static bool describe(const struct cpl_parquet_file *file, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    cpl_json_begin(&json, &text, 0, err);
    bool ok = cpl_parquet_layout(file, &json, NULL, err) && cpl_json_end(&json);
    cpl_buffer_release(&text);
    return ok;
}

/* Opened, scanned, described and verified: everything that a stored file can be asked. */
static bool ask_everything(struct cpl_error *err)
{
    struct cpl_reader *reader = cpl_reader_open(storage, path, err);
    struct cpl_parquet_file *file = reader ? cpl_parquet_open(reader, path, err) : NULL;
    struct cpl_parquet_report report = {0};
    bool ok = file && scan_all(file, 2, err) && describe(file, err) &&
              cpl_parquet_verify(file, &report, err);
    cpl_parquet_report_release(&report);
    cpl_parquet_close(file);
    if (reader)
        cpl_reader_close(reader);
    return ok;
}

static void check_batch(const struct cpl_batch *batch)
{
    const struct cpl_column *a = &batch->columns[0], *l = &batch->columns[1], *e = &l->children[0];
    assert_int_equal(batch->rows, 3);
    assert_true(a->i32[0] == 1 && a->i32[1] == 0 && a->i32[2] == 3);
    assert_true(cpl_is_valid(a, 0) && !cpl_is_valid(a, 1) && a->null_count == 1);
    assert_true(cpl_is_valid(l, 1) && !cpl_is_valid(l, 2));
    assert_true(l->offsets[0] == 0 && l->offsets[1] == 2 && l->offsets[2] == 2 &&
                l->offsets[3] == 2);
    assert_int_equal(e->length, 2);
    assert_memory_equal(e->slices[1].data, "yz", 2);
}

static void test_values(void **state)
{
    (void)state;
    struct built built;
    struct cpl_error err;
    struct cpl_batch *batch;
    build(&built);
    put_footer(&built);
    store(built.bytes.data, built.bytes.size);
    struct cpl_reader *reader = cpl_reader_open(storage, path, &err);
    struct cpl_parquet_file *file = cpl_parquet_open(reader, path, &err);
    assert_non_null(file);
    struct cpl_parquet_scan *scan = cpl_parquet_scan_new(
        file, &(struct cpl_parquet_scan_options){0}, &err);
    assert_true(cpl_parquet_scan_next(scan, &batch, &err));
    check_batch(batch);
    assert_true(cpl_parquet_scan_next(scan, &batch, &err) && batch->rows == 0);
    cpl_parquet_scan_free(scan);
    const uint32_t wanted[] = {1};
    struct cpl_parquet_scan_options options = {.columns = wanted, .n_columns = 1, .batch_rows = 1};
    scan = cpl_parquet_scan_new(file, &options, &err);
    assert_true(cpl_parquet_scan_next(scan, &batch, &err));
    assert_int_equal(batch->rows, 1);
    assert_int_equal(batch->columns[0].offsets[1], 2);
    cpl_parquet_scan_free(scan);
    assert_null(
        cpl_parquet_scan_new(file, &(struct cpl_parquet_scan_options){.first_row_group = 2}, &err));
    assert_int_equal(err.code, CPL_E_NOT_FOUND);
    cpl_parquet_close(file);
    cpl_reader_close(reader);
    release(&built);
}

static void test_every_truncation_is_an_error(void **state)
{
    (void)state;
    struct built built;
    struct cpl_error err;
    build(&built);
    put_footer(&built);
    for (size_t size = 0; size < built.bytes.size; size++) {
        store(built.bytes.data, size);
        assert_false(ask_everything(&err));
        assert_true(err.code == CPL_E_DATA || err.code == CPL_E_CORRUPT);
    }
    store(built.bytes.data, built.bytes.size);
    if (!ask_everything(&err))
        fail_msg("%s", err.message);
    release(&built);
}

/* Flipped anywhere: never a crash; flipped in a page's bytes: found by the CRC. */
static void test_every_flipped_bit(void **state)
{
    (void)state;
    struct built built;
    struct cpl_error err;
    build(&built);
    size_t pages_end = built.bytes.size;
    put_footer(&built);
    for (size_t bit = 0; bit < built.bytes.size * 8; bit++) {
        built.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        store(built.bytes.data, built.bytes.size);
        bool ok = ask_everything(&err);
        built.bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        bool in_body = bit / 8 >= pages_end - 20 && bit / 8 < pages_end;
        assert_false(ok && in_body);
    }
    release(&built);
}

static void test_every_failing_allocation(void **state)
{
    (void)state;
    struct built built;
    struct cpl_error err;
    build(&built);
    put_footer(&built);
    store(built.bytes.data, built.bytes.size);
    for (uint64_t n = 1;; n++) {
        cpl_memory_fail_at(n);
        bool ok = ask_everything(&err);
        cpl_memory_fail_at(0);
        if (ok)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
        assert_true(n < 1000);
    }
    release(&built);
}

/* ---- footers that lie ---- */

typedef void falsify(struct built *file);
static void lie_max(struct built *file)
{
    file->chunks[0].metadata.statistics.max_value.data = page_a + 6;
}
static void lie_min(struct built *file)
{
    file->chunks[0].metadata.statistics.min_value.data = page_a + 10;
}
static void lie_exact(struct built *file)
{
    static const uint8_t hundred[] = {100, 0, 0, 0};
    file->chunks[0].metadata.statistics.max_value.data = hundred; /* bounds, but is not attained */
}
static void lie_nulls(struct built *file)
{
    file->chunks[0].metadata.statistics.null_count = 2;
}
static void lie_rows(struct built *file)
{
    file->group.num_rows = file->metadata.num_rows = 4;
}
static void lie_sum(struct built *file)
{
    file->metadata.num_rows = 7;
}
static void lie_values(struct built *file)
{
    file->chunks[1].metadata.num_values = 5;
}
static void lie_size(struct built *file)
{
    file->chunks[0].metadata.total_uncompressed_size++;
}
static void lie_offset(struct built *file)
{
    file->chunks[1].metadata.data_page_offset = 4;
}
static void lie_type(struct built *file)
{
    file->chunks[0].metadata.type = CPL_PARQUET_INT64;
}
static void lie_histogram(struct built *file)
{
    static int64_t counts[] = {2, 1};
    file->chunks[0].metadata.has_size_statistics = true;
    file->chunks[0].metadata.size_statistics.definition_histogram.items = counts;
    file->chunks[0].metadata.size_statistics.definition_histogram.n = 2;
}

static void test_lies_are_found(void **state)
{
    (void)state;
    falsify *const lies[] = {lie_max,    lie_min,  lie_exact,  lie_nulls, lie_rows,     lie_sum,
                             lie_values, lie_size, lie_offset, lie_type,  lie_histogram};
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct built built;
        struct cpl_error err = {0};
        build(&built);
        lies[i](&built);
        put_footer(&built);
        store(built.bytes.data, built.bytes.size);
        if (ask_everything(&err))
            fail_msg("lie %zu was not found", i);
        assert_true(err.code == CPL_E_CORRUPT || err.code == CPL_E_DATA);
        assert_non_null(strstr(err.message, path));
        release(&built);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_every_truncation_is_an_error),
        cmocka_unit_test(test_every_flipped_bit),
        cmocka_unit_test(test_every_failing_allocation),
        cmocka_unit_test(test_lies_are_found),
    };
    return cmocka_run_group_tests(tests, make_storage, drop_storage);
}

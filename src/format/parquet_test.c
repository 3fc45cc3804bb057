/* The metadata model: what is written is what is parsed, optional fields and all; and damaged
 * Thrift never passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "format/parquet.h"
#include <string.h>

static struct cpl_parquet_file_metadata sample(void)
{
    static struct cpl_parquet_element elements[] = {
        {.name = {(const uint8_t *)"schema", 6}, .has_num_children = true, .num_children = 1},
        {.name = {(const uint8_t *)"amount", 6},
         .has_type = true,
         .type = CPL_PARQUET_INT64,
         .has_repetition = true,
         .repetition = CPL_PARQUET_OPTIONAL,
         .has_field_id = true,
         .field_id = -7,
         .logical = {.kind = CPL_PARQUET_LOGICAL_DECIMAL, .scale = 2, .precision = 15}}};
    static struct cpl_bytes path = {(const uint8_t *)"amount", 6};
    static enum cpl_parquet_encoding encodings[20] = {CPL_PARQUET_RLE_DICTIONARY, CPL_PARQUET_RLE};
    static int64_t histogram[] = {3, INT64_MAX};
    static struct cpl_parquet_column_chunk chunk;
    static struct cpl_parquet_row_group group;
    static struct cpl_parquet_column_order order = {CPL_PARQUET_TYPE_ORDER};
    chunk = (struct cpl_parquet_column_chunk){
        .has_metadata = true,
        .has_column_index_offset = true,
        .column_index_offset = 77,
        .metadata = {.type = CPL_PARQUET_INT64,
                     .codec = CPL_CODEC_ZSTD,
                     .num_values = 5,
                     .total_compressed_size = INT64_MAX,
                     .data_page_offset = 4,
                     .has_statistics = true,
                     .statistics = {.has_null_count = true,
                                    .null_count = 3,
                                    .has_max_exact = true,
                                    .max_value = {(const uint8_t *)"", 0}},
                     .has_size_statistics = true}};
    chunk.metadata.encodings.items = encodings;
    chunk.metadata.encodings.n = 20;
    chunk.metadata.path.items = &path;
    chunk.metadata.path.n = 1;
    chunk.metadata.size_statistics.definition_histogram.items = histogram;
    chunk.metadata.size_statistics.definition_histogram.n = 2;
    group = (struct cpl_parquet_row_group){.num_rows = 5, .has_ordinal = true, .ordinal = -3};
    group.columns.items = &chunk;
    group.columns.n = 1;
    struct cpl_parquet_file_metadata metadata = {.version = 2, .num_rows = 5};
    metadata.schema.items = elements;
    metadata.schema.n = 2;
    metadata.row_groups.items = &group;
    metadata.row_groups.n = 1;
    metadata.column_orders.items = &order;
    metadata.column_orders.n = 1;
    metadata.created_by = cpl_bytes_of("cupel");
    return metadata;
}

static void test_file_metadata_comes_back(void **state)
{
    (void)state;
    struct cpl_parquet_file_metadata in = sample(), out;
    struct cpl_buffer bytes = {0}, again = {0};
    struct cpl_arena arena = {0};
    struct cpl_error err;
    assert_true(cpl_parquet_write_file_metadata(&in, &bytes, &err));
    assert_true(cpl_parquet_parse_file_metadata(bytes.data, bytes.size, &arena, &out, &err));
    const struct cpl_parquet_element *element = &out.schema.items[1];
    assert_string_equal(element->name.data, "amount");
    assert_int_equal(element->field_id, -7);
    assert_int_equal(element->logical.kind, CPL_PARQUET_LOGICAL_DECIMAL);
    assert_int_equal(element->logical.precision, 15);
    const struct cpl_parquet_column_metadata *column =
        &out.row_groups.items[0].columns.items[0].metadata;
    assert_int_equal(column->encodings.n, 20);
    assert_int_equal(column->encodings.items[1], CPL_PARQUET_RLE);
    assert_true(column->total_compressed_size == INT64_MAX);
    assert_true(column->statistics.has_max_exact && !column->statistics.max_exact);
    assert_non_null(column->statistics.max_value.data); /* empty is not absent */
    assert_null(column->statistics.min_value.data);
    assert_true(column->size_statistics.definition_histogram.items[1] == INT64_MAX);
    assert_int_equal(out.row_groups.items[0].ordinal, -3);
    assert_int_equal(out.column_orders.items[0].kind, CPL_PARQUET_TYPE_ORDER);
    assert_true(cpl_parquet_write_file_metadata(&out, &again, &err));
    assert_int_equal(again.size, bytes.size);
    assert_memory_equal(again.data, bytes.data, bytes.size);
    cpl_buffer_release(&bytes);
    cpl_buffer_release(&again);
    cpl_arena_release(&arena);
}

static void test_page_header_comes_back(void **state)
{
    (void)state;
    struct cpl_parquet_page_header in = {.type = CPL_PARQUET_DATA_PAGE_V2,
                                         .uncompressed_size = 1000,
                                         .compressed_size = 100,
                                         .has_crc = true,
                                         .crc = INT32_MIN,
                                         .has_data_v2 = true,
                                         .data_v2 = {.num_values = 7,
                                                     .num_nulls = 1,
                                                     .num_rows = 6,
                                                     .encoding = CPL_PARQUET_DELTA_BYTE_ARRAY,
                                                     .has_is_compressed = true}};
    struct cpl_parquet_page_header out;
    struct cpl_buffer bytes = {0};
    struct cpl_arena arena = {0};
    struct cpl_error err;
    size_t used;
    assert_true(cpl_parquet_write_page_header(&in, &bytes, &err));
    size_t size = bytes.size;
    assert_true(cpl_buffer_append_text(&bytes, "page", &err));
    assert_true(cpl_parquet_parse_page_header(bytes.data, bytes.size, &used, &arena, &out, &err));
    assert_int_equal(used, size);
    assert_int_equal(out.crc, INT32_MIN);
    assert_true(out.has_data_v2 && out.data_v2.has_is_compressed && !out.data_v2.is_compressed);
    assert_int_equal(out.data_v2.encoding, CPL_PARQUET_DELTA_BYTE_ARRAY);
    cpl_buffer_release(&bytes);
    cpl_arena_release(&arena);
}

static void test_indexes_come_back(void **state)
{
    (void)state;
    bool nulls[] = {false, true};
    struct cpl_bytes bounds[] = {cpl_bytes_of("ab"), cpl_bytes_of("")};
    struct cpl_parquet_column_index in = {.null_pages = {.items = nulls, .n = 2},
                                          .min_values = {.items = bounds, .n = 2},
                                          .max_values = {.items = bounds, .n = 2},
                                          .boundary_order = CPL_PARQUET_DESCENDING};
    struct cpl_parquet_column_index out;
    struct cpl_parquet_bloom_header bloom = {.num_bytes = 1024}, bloom_out;
    struct cpl_buffer bytes = {0};
    struct cpl_arena arena = {0};
    struct cpl_error err;
    assert_true(cpl_parquet_write_column_index(&in, &bytes, &err));
    assert_true(cpl_parquet_parse_column_index(bytes.data, bytes.size, &arena, &out, &err));
    assert_true(!out.null_pages.items[0] && out.null_pages.items[1]);
    assert_int_equal(out.max_values.items[1].size, 0);
    assert_int_equal(out.boundary_order, CPL_PARQUET_DESCENDING);
    bytes.size = 0;
    assert_true(cpl_parquet_write_bloom_header(&bloom, &bytes, &err));
    assert_true(
        cpl_parquet_parse_bloom_header(bytes.data, bytes.size, NULL, &arena, &bloom_out, &err));
    assert_int_equal(bloom_out.num_bytes, 1024);
    assert_int_equal(bloom_out.hash, 1);
    cpl_buffer_release(&bytes);
    cpl_arena_release(&arena);
}

/* A footer in three pieces is the footer, however many row groups there are. */
static void test_around_groups(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 14, 15, 127, 128, 300};
    struct cpl_error err;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct cpl_parquet_file_metadata metadata = sample();
        struct cpl_parquet_row_group groups[300], back;
        struct cpl_buffer whole = {0}, pieces = {0}, after = {0};
        struct cpl_arena arena = {0};
        for (uint32_t g = 0; g < counts[i]; g++)
            groups[g] = metadata.row_groups.items[0];
        metadata.row_groups.items = groups;
        metadata.row_groups.n = counts[i];
        assert_true(cpl_parquet_write_file_metadata(&metadata, &whole, &err));
        assert_true(cpl_parquet_write_around_groups(&metadata, counts[i], &pieces, &after, &err));
        for (uint32_t g = 0; g < counts[i]; g++) {
            struct cpl_buffer once = {0};
            assert_true(cpl_parquet_write_row_group(&groups[g], &once, &err));
            assert_true(cpl_parquet_parse_row_group(once.data, once.size, &arena, &back, &err));
            assert_true(cpl_parquet_write_row_group(&back, &pieces, &err));
            cpl_buffer_release(&once);
        }
        assert_true(cpl_buffer_append(&pieces, after.data, after.size, &err));
        assert_int_equal(pieces.size, whole.size);
        assert_memory_equal(pieces.data, whole.data, whole.size);
        cpl_arena_release(&arena);
        cpl_buffer_release(&whole);
        cpl_buffer_release(&pieces);
        cpl_buffer_release(&after);
    }
}

static void test_every_truncation_is_an_error(void **state)
{
    (void)state;
    struct cpl_parquet_file_metadata in = sample(), out;
    struct cpl_buffer bytes = {0};
    struct cpl_arena arena = {0};
    struct cpl_error err;
    assert_true(cpl_parquet_write_file_metadata(&in, &bytes, &err));
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *cut = cpl_alloc(size, &err); /* its own block, so that ASan sees an overrun */
        memcpy(cut, bytes.data, size);
        assert_false(cpl_parquet_parse_file_metadata(cut, size, &arena, &out, &err));
        assert_int_equal(err.code, CPL_E_DATA);
        cpl_arena_reset(&arena);
        cpl_free(cut);
    }
    cpl_buffer_release(&bytes);
    cpl_arena_release(&arena);
}

static void test_unknown_fields_are_skipped_to_a_depth(void **state)
{
    (void)state;
    struct cpl_parquet_bloom_header out;
    struct cpl_arena arena = {0};
    struct cpl_error err;
    /* bloom header, then field 15: a map of one i32 to a list of two doubles, field 16: true */
    const uint8_t extra[] = {0x15, 0x10, 0x1c, 0x1c, 0,    0,    0x1c, 0x1c, 0, 0,    0x1c, 0x1c, 0,
                             0,    0xbb, 0x01, 0x59, 0x02, 0x27, 0,    0,    0, 0,    0,    0,    0,
                             0,    0,    0,    0,    0,    0,    0,    0,    0, 0x11, 0};
    assert_true(cpl_parquet_parse_bloom_header(extra, sizeof extra, NULL, &arena, &out, &err));
    assert_int_equal(out.num_bytes, 8);
    uint8_t bomb[200];
    memset(bomb, 0x19, sizeof bomb); /* lists in lists */
    bomb[0] = 0xf9;
    assert_false(cpl_parquet_parse_bloom_header(bomb, sizeof bomb, NULL, &arena, &out, &err));
    memset(bomb, 0x5c, sizeof bomb); /* structs in structs */
    assert_false(cpl_parquet_parse_bloom_header(bomb, sizeof bomb, NULL, &arena, &out, &err));
    assert_non_null(strstr(err.message, "too deeply"));
    cpl_arena_release(&arena);
}

static void test_every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    struct cpl_parquet_file_metadata in = sample(), out;
    struct cpl_error err;
    for (uint64_t n = 1;; n++) {
        struct cpl_buffer bytes = {0};
        struct cpl_arena arena = {0};
        cpl_memory_fail_at(n);
        bool ok = cpl_parquet_write_file_metadata(&in, &bytes, &err) &&
                  cpl_parquet_parse_file_metadata(bytes.data, bytes.size, &arena, &out, &err);
        cpl_memory_fail_at(0);
        cpl_buffer_release(&bytes);
        cpl_arena_release(&arena);
        if (ok)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file_metadata_comes_back),
        cmocka_unit_test(test_page_header_comes_back),
        cmocka_unit_test(test_indexes_come_back),
        cmocka_unit_test(test_around_groups),
        cmocka_unit_test(test_every_truncation_is_an_error),
        cmocka_unit_test(test_unknown_fields_are_skipped_to_a_depth),
        cmocka_unit_test(test_every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Decoders against bytes worked out by hand from Encodings.md, in one go and value by value; and bytes cut off anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "format/parquet_encoding.h"
#include <string.h>

static void check_rle(const uint8_t *data, size_t size, uint32_t width, const uint32_t *expected,
                      uint32_t n, uint32_t step)
{
    struct cpl_rle_decoder decoder;
    struct cpl_error err;
    uint32_t out[64];
    cpl_rle_decoder_init(&decoder, data, size, width);
    for (uint32_t i = 0; i < n; i += step) {
        uint32_t take = n - i < step ? n - i : step;
        assert_true(cpl_rle_decoder_read(&decoder, out, take, &err));
        for (uint32_t j = 0; j < take; j++)
            assert_int_equal(out[j], expected[i + j]);
    }
}

static void test_rle_hybrid(void **state)
{
    (void)state;
    /* Encodings.md's example, 0..7 in 3 bits, then 4 × 5 run-length encoded */
    const uint8_t data[] = {0x03, 0x88, 0xc6, 0xfa, 0x08, 0x05};
    const uint32_t expected[] = {0, 1, 2, 3, 4, 5, 6, 7, 5, 5, 5, 5};
    struct cpl_rle_decoder decoder;
    struct cpl_error err;
    uint32_t out[64];
    check_rle(data, sizeof data, 3, expected, 12, 12);
    check_rle(data, sizeof data, 3, expected, 12, 1);
    check_rle(data, sizeof data, 3, expected, 12, 5);
    cpl_rle_decoder_init(&decoder, data, sizeof data, 3);
    assert_false(cpl_rle_decoder_read(&decoder, out, 13, &err));
    assert_int_equal(err.code, CPL_E_DATA);
    const uint8_t wide[] = {0x02, 0x08}; /* a run of 8, which needs 4 bits, in 3 */
    cpl_rle_decoder_init(&decoder, wide, sizeof wide, 3);
    assert_false(cpl_rle_decoder_read(&decoder, out, 1, &err));
    cpl_rle_decoder_init(&decoder, data, 0, 0); /* no bits: zeros without end */
    assert_true(cpl_rle_decoder_read(&decoder, out, 64, &err));
    assert_int_equal(out[63], 0);
}

static void test_bit_widths(void **state)
{
    (void)state;
    assert_int_equal(cpl_parquet_bit_width(0), 0);
    assert_int_equal(cpl_parquet_bit_width(1), 1);
    assert_int_equal(cpl_parquet_bit_width(4), 3);
    assert_int_equal(cpl_parquet_bit_width(UINT32_MAX), 32);
}

/* 7, 5, 3, 1, 2, 3, 4, 5 (Encodings.md, second example): deltas -2 -2 -2 1 1 1 1, least -2, in 2 bits */
static const uint8_t deltas[] = {0x80, 0x01, 0x04, 0x08, 0x0e, 0x03, 0x02, 0x00, 0x00,
                                 0x00, 0xc0, 0x3f, 0,    0,    0,    0,    0,    0};

static void test_deltas(void **state)
{
    (void)state;
    const int64_t expected[] = {7, 5, 3, 1, 2, 3, 4, 5};
    struct cpl_delta_decoder decoder;
    struct cpl_error err;
    int64_t out[8];
    const uint8_t *end;
    assert_true(cpl_delta_decoder_init(&decoder, deltas, sizeof deltas, &err));
    assert_true(cpl_delta_decoder_end(&decoder, &end, &err));
    assert_ptr_equal(end, deltas + sizeof deltas);
    assert_true(cpl_delta_decoder_read(&decoder, out, 3, &err));
    assert_true(cpl_delta_decoder_read(&decoder, out + 3, 5, &err));
    assert_memory_equal(out, expected, sizeof expected);
    assert_false(cpl_delta_decoder_read(&decoder, out, 1, &err));
}

static void test_deltas_of_64_bits_wrap(void **state)
{
    (void)state;
    /* INT64_MIN then INT64_MAX: one delta of -1 (all 64 bits by the miniblock, least 0) */
    uint8_t data[32 * 8 + 32] = {0x80, 0x01, 0x04, 0x02};
    size_t n = 4;
    for (int i = 0; i < 9; i++)
        data[n++] = 0xff; /* zigzag of INT64_MIN */
    data[n++] = 0x01;
    data[n++] = 0x00; /* least delta 0 */
    data[n] = 64;
    n += 4;
    memset(data + n, 0xff, 8);
    struct cpl_delta_decoder decoder;
    struct cpl_error err;
    int64_t out[2];
    assert_true(cpl_delta_decoder_init(&decoder, data, n + 256, &err));
    assert_true(cpl_delta_decoder_read(&decoder, out, 2, &err));
    assert_true(out[0] == INT64_MIN && out[1] == INT64_MAX);
}

static bool read_all(enum cpl_parquet_encoding encoding, enum cpl_parquet_type type, int32_t length,
                     const uint8_t *data, size_t size, uint32_t n, void *out,
                     struct cpl_arena *arena)
{
    struct cpl_parquet_values values = {0};
    struct cpl_error err;
    bool ok = cpl_parquet_values_init(&values, encoding, type, length, data, size, NULL, &err) &&
              cpl_parquet_values_read(&values, out, n, arena, &err);
    cpl_parquet_values_release(&values);
    return ok;
}

/* Lengths 1, 3 then "ahat"; prefixes 0, 1: "a", "ahat" (DELTA_BYTE_ARRAY puts them in front) */
static const uint8_t prefixes[] = {0x80, 0x01, 0x04, 0x02, 0x00, 0x02, 0x00, 0x00,
                                   0x00, 0x00, 0x80, 0x01, 0x04, 0x02, 0x02, 0x04,
                                   0x00, 0x00, 0x00, 0x00, 'a',  'h',  'a',  't'};

static void test_strings_by_prefix(void **state)
{
    (void)state;
    struct cpl_slice out[2];
    struct cpl_arena arena = {0};
    assert_true(read_all(CPL_PARQUET_DELTA_BYTE_ARRAY, CPL_PARQUET_BYTE_ARRAY, 0, prefixes,
                         sizeof prefixes, 2, out, &arena));
    assert_int_equal(out[0].length, 1);
    assert_int_equal(out[1].length, 4);
    assert_memory_equal(out[1].data, "ahat", 4);
    assert_true(read_all(CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY, CPL_PARQUET_BYTE_ARRAY, 0,
                         prefixes + 10, sizeof prefixes - 10, 2, out, &arena));
    assert_memory_equal(out[1].data, "hat", 3);
    cpl_arena_release(&arena);
}

static void test_split_bytes(void **state)
{
    (void)state;
    const uint8_t data[] = {1, 2, 3, 11, 12, 13}; /* three values of two bytes */
    uint8_t out[6];
    const uint8_t expected[] = {1, 11, 2, 12, 3, 13};
    struct cpl_arena arena = {0};
    assert_true(read_all(CPL_PARQUET_BYTE_STREAM_SPLIT, CPL_PARQUET_FIXED_LEN_BYTE_ARRAY, 2, data,
                         6, 3, out, &arena));
    assert_memory_equal(out, expected, 6);
    assert_false(read_all(CPL_PARQUET_BYTE_STREAM_SPLIT, CPL_PARQUET_FIXED_LEN_BYTE_ARRAY, 2, data,
                          5, 2, out, &arena));
    cpl_arena_release(&arena);
}

static void test_plain(void **state)
{
    (void)state;
    const uint8_t bools[] = {0xa5, 0x01};
    const uint8_t strings[] = {2, 0, 0, 0, 'h', 'i', 0, 0, 0, 0};
    uint8_t out[9];
    struct cpl_slice slices[3];
    struct cpl_arena arena = {0};
    assert_true(read_all(CPL_PARQUET_PLAIN, CPL_PARQUET_BOOLEAN, 0, bools, 2, 9, out, &arena));
    const uint8_t expected[] = {1, 0, 1, 0, 0, 1, 0, 1, 1};
    assert_memory_equal(out, expected, 9);
    assert_true(
        read_all(CPL_PARQUET_PLAIN, CPL_PARQUET_BYTE_ARRAY, 0, strings, 10, 2, slices, &arena));
    assert_int_equal(slices[1].length, 0);
    assert_false(
        read_all(CPL_PARQUET_PLAIN, CPL_PARQUET_BYTE_ARRAY, 0, strings, 10, 3, slices, &arena));
    assert_false(read_all(CPL_PARQUET_DELTA_BINARY_PACKED, CPL_PARQUET_BYTE_ARRAY, 0, strings, 10,
                          1, slices, &arena));
    cpl_arena_release(&arena);
}

static void test_indices_beyond_the_dictionary(void **state)
{
    (void)state;
    const int32_t words[] = {10, 20, 30};
    struct cpl_parquet_dictionary dictionary = {.values = words, .n = 3};
    const uint8_t good[] = {2, 0x03, 0x24, 0x00}; /* 0 1 2 0 0 0 0 0 */
    const uint8_t bad[] = {2, 0x03, 0x34, 0x00};  /* 0 1 3 … */
    struct cpl_parquet_values values = {0};
    struct cpl_error err;
    int32_t out[3];
    assert_true(cpl_parquet_values_init(&values, CPL_PARQUET_RLE_DICTIONARY, CPL_PARQUET_INT32, 0,
                                        good, sizeof good, &dictionary, &err));
    assert_true(cpl_parquet_values_read(&values, out, 3, NULL, &err));
    assert_int_equal(out[2], 30);
    assert_true(cpl_parquet_values_init(&values, CPL_PARQUET_PLAIN_DICTIONARY, CPL_PARQUET_INT32, 0,
                                        bad, sizeof bad, &dictionary, &err));
    assert_false(cpl_parquet_values_read(&values, out, 3, NULL, &err));
    assert_non_null(strstr(err.message, "dictionary index 3"));
    assert_false(cpl_parquet_values_init(&values, CPL_PARQUET_RLE_DICTIONARY, CPL_PARQUET_INT32, 0,
                                         good, sizeof good, NULL, &err));
}

/* In blocks of their own, so that ASan sees any byte read behind the end. */
static void test_cut_off_anywhere(void **state)
{
    (void)state;
    struct cpl_slice out[2];
    struct cpl_arena arena = {0};
    for (size_t size = 0; size < sizeof prefixes; size++) {
        uint8_t *cut = cpl_alloc(size, NULL);
        memcpy(cut, prefixes, size);
        assert_false(read_all(CPL_PARQUET_DELTA_BYTE_ARRAY, CPL_PARQUET_BYTE_ARRAY, 0, cut, size, 2,
                              out, &arena));
        cpl_free(cut);
    }
    for (size_t size = 0; size < sizeof deltas; size++) {
        int64_t numbers[8];
        uint8_t *cut = cpl_alloc(size, NULL);
        memcpy(cut, deltas, size);
        assert_false(read_all(CPL_PARQUET_DELTA_BINARY_PACKED, CPL_PARQUET_INT64, 0, cut, size, 8,
                              numbers, &arena));
        cpl_free(cut);
    }
    cpl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rle_hybrid),
        cmocka_unit_test(test_bit_widths),
        cmocka_unit_test(test_deltas),
        cmocka_unit_test(test_deltas_of_64_bits_wrap),
        cmocka_unit_test(test_strings_by_prefix),
        cmocka_unit_test(test_split_bytes),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_indices_beyond_the_dictionary),
        cmocka_unit_test(test_cut_off_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

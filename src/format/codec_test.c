/* Every codec gives back what it took, at its lowest and highest level; and never more than was
 * announced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "format/codec.h"
#include <string.h>

static const enum cpl_codec written[] = {CPL_CODEC_NONE,   CPL_CODEC_SNAPPY, CPL_CODEC_GZIP,
                                         CPL_CODEC_BROTLI, CPL_CODEC_ZSTD,   CPL_CODEC_LZ4_RAW};
enum { N_WRITTEN = sizeof written / sizeof written[0], SIZE = 5000 };

static void fill(uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i % 7 * (i / 100));
}

static void round_trip(enum cpl_codec codec, int level, size_t size)
{
    struct cpl_codec_state state = {0};
    struct cpl_buffer packed = {0};
    struct cpl_error err;
    uint8_t data[SIZE], back[SIZE];
    fill(data, size);
    assert_true(cpl_buffer_append_text(&packed, "before", &err));
    assert_true(cpl_codec_compress(codec, level, &state, data, size, &packed, &err));
    assert_true(
        cpl_codec_decompress(codec, &state, packed.data + 6, packed.size - 6, back, size, &err));
    assert_memory_equal(data, back, size);
    if (size) { /* more or less than announced is an error */
        assert_false(cpl_codec_decompress(codec, &state, packed.data + 6, packed.size - 6, back,
                                          size - 1, &err));
        assert_int_equal(err.code, CPL_E_DATA);
        assert_false(cpl_codec_decompress(codec, &state, packed.data + 6, packed.size - 7, back,
                                          size, &err));
    }
    cpl_buffer_release(&packed);
    cpl_codec_state_release(&state);
}

static void test_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_WRITTEN; i++) {
        int lowest, highest;
        cpl_codec_levels(written[i], &lowest, &highest);
        round_trip(written[i], lowest, SIZE);
        round_trip(written[i], highest, SIZE);
        round_trip(written[i], CPL_CODEC_DEFAULT_LEVEL, SIZE);
        round_trip(written[i], 1000, 0);
    }
}

static void test_gzip_members_join(void **state)
{
    (void)state;
    struct cpl_codec_state codec = {0};
    struct cpl_buffer packed = {0};
    struct cpl_error err;
    uint8_t back[6];
    assert_true(cpl_codec_compress(CPL_CODEC_GZIP, 6, &codec, "abc", 3, &packed, &err));
    assert_true(cpl_codec_compress(CPL_CODEC_GZIP, 1, &codec, "def", 3, &packed, &err));
    assert_true(
        cpl_codec_decompress(CPL_CODEC_GZIP, &codec, packed.data, packed.size, back, 6, &err));
    assert_memory_equal(back, "abcdef", 6);
    cpl_buffer_release(&packed);
    cpl_codec_state_release(&codec);
}

static void test_hadoop_lz4_is_read(void **state)
{
    (void)state;
    struct cpl_codec_state codec = {0};
    struct cpl_buffer packed = {0};
    struct cpl_error err;
    uint8_t back[3];
    assert_true(cpl_buffer_append(&packed, "\0\0\0\3\0\0\0\4", 8, &err));
    assert_true(cpl_codec_compress(CPL_CODEC_LZ4_RAW, 0, &codec, "abc", 3, &packed, &err));
    assert_true(
        cpl_codec_decompress(CPL_CODEC_LZ4, &codec, packed.data, packed.size, back, 3, &err));
    assert_memory_equal(back, "abc", 3);
    assert_false(cpl_codec_compress(CPL_CODEC_LZ4, 0, &codec, "abc", 3, &packed, &err));
    assert_int_equal(err.code, CPL_E_UNSUPPORTED);
    assert_false(cpl_codec_decompress(CPL_CODEC_LZO, &codec, "x", 1, back, 3, &err));
    assert_false(cpl_codec_decompress((enum cpl_codec)99, &codec, "x", 1, back, 3, &err));
    cpl_buffer_release(&packed);
    cpl_codec_state_release(&codec);
}

static void test_names(void **state)
{
    (void)state;
    enum cpl_codec codec;
    assert_true(cpl_codec_of_name("zstd", 4, &codec) && codec == CPL_CODEC_ZSTD);
    assert_true(cpl_codec_of_name("uncompressed", 12, &codec) && codec == CPL_CODEC_NONE);
    assert_false(cpl_codec_of_name("zst", 3, &codec));
    assert_string_equal(cpl_codec_name((enum cpl_codec)8), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_gzip_members_join),
        cmocka_unit_test(test_hadoop_lz4_is_read),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

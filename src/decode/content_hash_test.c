#include "decode/content_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include <cmocka.h>

enum { WHOLE = 2 * CPL_CONTENT_PIECE + 12345 };

static uint8_t *content(size_t size)
{
    uint8_t *data = cpl_alloc(size + 1, NULL);
    assert_non_null(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    return data;
}

static void read_range(const uint8_t *data, size_t size, struct cpl_content_hash *hash,
                       uint64_t from, uint64_t to, size_t step)
{
    struct cpl_error err = {0};
    struct cpl_stream *memory = cpl_stream_memory(data, size, &err);
    memory->position = from;
    struct cpl_stream *stream = cpl_stream_hash(memory, hash, to, &err);
    assert_non_null(stream);
    uint8_t *piece = cpl_alloc(step, &err);
    size_t got = 1;
    while (got && stream->position < to + 1000) { /* as decoders do: a little further */
        assert_true(cpl_stream_read(stream, piece, step, &got, &err));
        assert_true(!got || !memcmp(piece, data + stream->position - got, got));
    }
    cpl_free(piece);
    cpl_stream_close(stream);
}

static void expected(const uint8_t *data, size_t size, char text[CPL_CONTENT_HASH_TEXT])
{
    XXH128_canonical_t digests[3], whole;
    size_t n = 0;
    for (size_t at = 0; at < size || !n; at += CPL_CONTENT_PIECE, n++) {
        size_t left = size - at < CPL_CONTENT_PIECE ? size - at : CPL_CONTENT_PIECE;
        XXH128_canonicalFromHash(&digests[n], XXH3_128bits(data + at, left));
    }
    whole = digests[0];
    if (n > 1)
        XXH128_canonicalFromHash(&whole, XXH3_128bits(digests, n * 16));
    int at = snprintf(text, CPL_CONTENT_HASH_TEXT, n > 1 ? "xxh3-splits:" : "xxh3:");
    for (int i = 0; i < 16; i++)
        at += snprintf(text + at, 3, "%02x", whole.digest[i]);
}

static void check(const struct cpl_content_hash *hash, const char *want)
{
    char text[CPL_CONTENT_HASH_TEXT];
    cpl_content_hash_text(hash, text);
    assert_string_equal(text, want);
}

static void splits_in_any_order(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    struct cpl_content_hash hash;
    char want[CPL_CONTENT_HASH_TEXT];
    uint8_t *data = content(WHOLE);
    expected(data, WHOLE, want);
    assert_true(cpl_content_hash_init(&hash, WHOLE, &err));
    read_range(data, WHOLE, &hash, 2 * (uint64_t)CPL_CONTENT_PIECE, UINT64_MAX / 2, 99991);
    read_range(data, WHOLE, &hash, 0, CPL_CONTENT_PIECE, 262144);
    check(&hash, "");
    /* a split worked again from where the one before ended: its bytes begin in the middle */
    read_range(data, WHOLE, &hash, CPL_CONTENT_PIECE + 77, 2 * (uint64_t)CPL_CONTENT_PIECE, 99991);
    check(&hash, "");
    read_range(data, WHOLE, &hash, CPL_CONTENT_PIECE, 2 * (uint64_t)CPL_CONTENT_PIECE, 99991);
    check(&hash, want);
    cpl_content_hash_reset(&hash);
    check(&hash, "");
    read_range(data, WHOLE, &hash, 0, UINT64_MAX / 2, 70001);
    check(&hash, want);
    data[WHOLE - 1] ^= 1;
    read_range(data, WHOLE, &hash, 0, UINT64_MAX / 2, 70001);
    char other[CPL_CONTENT_HASH_TEXT];
    cpl_content_hash_text(&hash, other);
    assert_string_not_equal(other, want);
    cpl_content_hash_release(&hash);
    cpl_free(data);
}

static void sizes_around_a_piece(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, CPL_CONTENT_PIECE - 1, CPL_CONTENT_PIECE,
                                   CPL_CONTENT_PIECE + 1};
    struct cpl_error err = {0};
    uint8_t *data = content(CPL_CONTENT_PIECE + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cpl_content_hash hash;
        char want[CPL_CONTENT_HASH_TEXT];
        expected(data, sizes[i], want);
        assert_true(cpl_content_hash_init(&hash, sizes[i], &err));
        read_range(data, sizes[i], &hash, 0, UINT64_MAX / 2, 1 << 20);
        check(&hash, want);
        cpl_content_hash_release(&hash);
    }
    cpl_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(splits_in_any_order),
                                       cmocka_unit_test(sizes_around_a_piece)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

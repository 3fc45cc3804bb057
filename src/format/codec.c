#include "format/codec.h"
#include "base/plural.h"
#include "format/snappy.h"

#include <brotli/decode.h>
#include <brotli/encode.h>
#include <libdeflate.h>
#include <limits.h>
#include <lz4.h>
#include <snappy-c.h>
#include <string.h>
#include <zstd.h>

enum { ZSTD_LEVEL = 3, GZIP_LEVEL = 6, BROTLI_LEVEL = 4 };

static const struct {
    const char *name;
    int lowest, highest, usual;
} codecs[] = {
    [CPL_CODEC_NONE] = {.name = "none"},
    [CPL_CODEC_SNAPPY] = {.name = "snappy"},
    [CPL_CODEC_GZIP] = {.name = "gzip", .lowest = 1, .highest = 12, .usual = GZIP_LEVEL},
    [CPL_CODEC_LZO] = {.name = "lzo"},
    [CPL_CODEC_BROTLI] = {.name = "brotli", .lowest = 0, .highest = 11, .usual = BROTLI_LEVEL},
    [CPL_CODEC_LZ4] = {.name = "lz4"},
    [CPL_CODEC_ZSTD] = {.name = "zstd", .lowest = -7, .highest = 22, .usual = ZSTD_LEVEL},
    [CPL_CODEC_LZ4_RAW] = {.name = "lz4_raw"},
};
enum { N_CODECS = sizeof codecs / sizeof codecs[0] };

void cpl_codec_state_release(struct cpl_codec_state *state)
{
    ZSTD_freeCCtx(state->zstd_compressor);
    ZSTD_freeDCtx(state->zstd_decompressor);
    if (state->deflate_compressor)
        libdeflate_free_compressor(state->deflate_compressor);
    if (state->deflate_decompressor)
        libdeflate_free_decompressor(state->deflate_decompressor);
    cpl_free(state->snappy);
    *state = (struct cpl_codec_state){0};
}

const char *cpl_codec_name(enum cpl_codec codec)
{
    return (size_t)codec < N_CODECS ? codecs[codec].name : "?";
}

bool cpl_codec_of_name(const char *name, size_t length, enum cpl_codec *codec)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (strlen(codecs[i].name) == length && !memcmp(codecs[i].name, name, length)) {
            *codec = (enum cpl_codec)i;
            return true;
        }
    *codec = CPL_CODEC_NONE;
    return length == 12 && !memcmp(name, "uncompressed", 12);
}

void cpl_codec_levels(enum cpl_codec codec, int *lowest, int *highest)
{
    *lowest = (size_t)codec < N_CODECS ? codecs[codec].lowest : 0;
    *highest = (size_t)codec < N_CODECS ? codecs[codec].highest : 0;
}

static int level_within(enum cpl_codec codec, int level)
{
    if (level == CPL_CODEC_DEFAULT_LEVEL)
        return codecs[codec].usual;
    if (level < codecs[codec].lowest)
        return codecs[codec].lowest;
    return level > codecs[codec].highest ? codecs[codec].highest : level;
}

static bool no_context(struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_MEMORY, "out of memory: a compression library got no context");
}

/* ---- compressing: each appends at dst->data + dst->size, where room has been made ---- */

static bool failed_to_compress(enum cpl_codec codec, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_INTERNAL, "%s could not compress a buffer", cpl_codec_name(codec));
}

static bool compress_snappy(struct cpl_codec_state *state, const void *src, size_t size,
                            struct cpl_buffer *dst, struct cpl_error *err)
{
    if (!state->snappy && !(state->snappy = cpl_alloc(sizeof *state->snappy, err)))
        return false;
    if (!cpl_buffer_reserve(dst, cpl_snappy_bound(size), err))
        return false;
    size_t written = cpl_snappy_compress(src, size, dst->data + dst->size, state->snappy);
    dst->size += written;
    return written || failed_to_compress(CPL_CODEC_SNAPPY, err);
}

static bool compress_gzip(int level, struct cpl_codec_state *state, const void *src, size_t size,
                          struct cpl_buffer *dst, struct cpl_error *err)
{
    if (state->deflate_compressor && state->deflate_level != level) {
        libdeflate_free_compressor(state->deflate_compressor);
        state->deflate_compressor = NULL;
    }
    if (!state->deflate_compressor)
        state->deflate_compressor = libdeflate_alloc_compressor(level);
    if (!state->deflate_compressor)
        return no_context(err);
    state->deflate_level = level;
    size_t room = libdeflate_gzip_compress_bound(state->deflate_compressor, size);
    if (!cpl_buffer_reserve(dst, room, err))
        return false;
    size_t written = libdeflate_gzip_compress(state->deflate_compressor, src, size,
                                              dst->data + dst->size, room);
    dst->size += written;
    return written || failed_to_compress(CPL_CODEC_GZIP, err);
}

static bool compress_brotli(int level, const void *src, size_t size, struct cpl_buffer *dst,
                            struct cpl_error *err)
{
    size_t room = BrotliEncoderMaxCompressedSize(size);
    if (!room)
        return failed_to_compress(CPL_CODEC_BROTLI, err);
    if (!cpl_buffer_reserve(dst, room, err))
        return false;
    if (!BrotliEncoderCompress(level, BROTLI_DEFAULT_WINDOW, BROTLI_MODE_GENERIC, size, src, &room,
                               dst->data + dst->size))
        return failed_to_compress(CPL_CODEC_BROTLI, err);
    dst->size += room;
    return true;
}

static bool compress_zstd(int level, struct cpl_codec_state *state, const void *src, size_t size,
                          struct cpl_buffer *dst, struct cpl_error *err)
{
    if (!state->zstd_compressor)
        state->zstd_compressor = ZSTD_createCCtx();
    if (!state->zstd_compressor)
        return no_context(err);
    size_t room = ZSTD_compressBound(size);
    if (!cpl_buffer_reserve(dst, room, err))
        return false;
    size_t written = ZSTD_compressCCtx(state->zstd_compressor, dst->data + dst->size, room, src,
                                       size, level);
    if (ZSTD_isError(written))
        return failed_to_compress(CPL_CODEC_ZSTD, err);
    dst->size += written;
    return true;
}

static bool compress_lz4(const void *src, size_t size, struct cpl_buffer *dst,
                         struct cpl_error *err)
{
    if (size > LZ4_MAX_INPUT_SIZE)
        return cpl_fail(err, CPL_E_LIMIT, "lz4 takes at most %d bytes at once, not %zu",
                        LZ4_MAX_INPUT_SIZE, size);
    int room = LZ4_compressBound((int)size);
    if (!cpl_buffer_reserve(dst, (size_t)room, err))
        return false;
    int written = LZ4_compress_default(src, (char *)dst->data + dst->size, (int)size, room);
    dst->size += written > 0 ? (size_t)written : 0;
    return written > 0 || failed_to_compress(CPL_CODEC_LZ4_RAW, err);
}

static bool unsupported(enum cpl_codec codec, const char *what, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_UNSUPPORTED,
                    "the compression codec %s (%d) cannot be %s; use zstd, snappy, gzip, brotli, "
                    "lz4_raw or none",
                    cpl_codec_name(codec), (int)codec, what);
}

bool cpl_codec_compress(enum cpl_codec codec, int level, struct cpl_codec_state *state,
                        const void *src, size_t size, struct cpl_buffer *dst, struct cpl_error *err)
{
    static const char nothing[1];
    if (!src)
        src = nothing;
    if ((size_t)codec < N_CODECS)
        level = level_within(codec, level);
    switch (codec) {
    case CPL_CODEC_NONE:
        return cpl_buffer_append(dst, src, size, err);
    case CPL_CODEC_SNAPPY:
        return compress_snappy(state, src, size, dst, err);
    case CPL_CODEC_GZIP:
        return compress_gzip(level, state, src, size, dst, err);
    case CPL_CODEC_BROTLI:
        return compress_brotli(level, src, size, dst, err);
    case CPL_CODEC_ZSTD:
        return compress_zstd(level, state, src, size, dst, err);
    case CPL_CODEC_LZ4_RAW:
        return compress_lz4(src, size, dst, err);
    default:
        return unsupported(codec, "written", err);
    }
}

/* ---- decompressing ---- */

static bool damaged(enum cpl_codec codec, size_t size, size_t expected, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_DATA, "%s of %s data %s damaged, or do not give the %s announced",
                    CPL_COUNTED(size, "byte"), cpl_codec_name(codec), cpl_are(size),
                    CPL_COUNTED(expected, "byte"));
}

static bool expand_snappy(const uint8_t *src, size_t size, uint8_t *dst, size_t expected)
{
    size_t length;
    return snappy_uncompressed_length((const char *)src, size, &length) == SNAPPY_OK &&
           length == expected &&
           snappy_uncompress((const char *)src, size, (char *)dst, &length) == SNAPPY_OK &&
           length == expected;
}

/* Members are simply put behind each other (RFC 1952 §2.2). */
static bool expand_gzip(struct libdeflate_decompressor *context, const uint8_t *src, size_t size,
                        uint8_t *dst, size_t expected)
{
    size_t taken, given;
    do {
        if (libdeflate_gzip_decompress_ex(context, src, size, dst, expected, &taken, &given) !=
            LIBDEFLATE_SUCCESS)
            return false;
        src += taken;
        size -= taken;
        dst += given;
        expected -= given;
    } while (size);
    return expected == 0;
}

static bool expand_brotli(const uint8_t *src, size_t size, uint8_t *dst, size_t expected)
{
    size_t length = expected;
    return BrotliDecoderDecompress(size, src, &length, dst) == BROTLI_DECODER_RESULT_SUCCESS &&
           length == expected;
}

static bool expand_lz4(const uint8_t *src, size_t size, uint8_t *dst, size_t expected)
{
    if (size > INT_MAX || expected > INT_MAX)
        return false;
    int length = LZ4_decompress_safe((const char *)src, (char *)dst, (int)size, (int)expected);
    return length >= 0 && (size_t)length == expected;
}

static uint32_t load_be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Hadoop's frames: decompressed size, compressed size (both big endian), block; again and again. */
static bool expand_hadoop_lz4(const uint8_t *src, size_t size, uint8_t *dst, size_t expected)
{
    while (size >= 8) {
        size_t length = load_be32(src), packed = load_be32(src + 4);
        src += 8;
        size -= 8;
        if (packed > size || length > expected || !expand_lz4(src, packed, dst, length))
            return false;
        src += packed;
        size -= packed;
        dst += length;
        expected -= length;
    }
    return size == 0 && expected == 0;
}

static bool expand(enum cpl_codec codec, struct cpl_codec_state *state, const uint8_t *src,
                   size_t size, uint8_t *dst, size_t expected)
{
    switch (codec) {
    case CPL_CODEC_SNAPPY:
        return expand_snappy(src, size, dst, expected);
    case CPL_CODEC_GZIP:
        return expand_gzip(state->deflate_decompressor, src, size, dst, expected);
    case CPL_CODEC_BROTLI:
        return expand_brotli(src, size, dst, expected);
    case CPL_CODEC_ZSTD:
        return ZSTD_decompressDCtx(state->zstd_decompressor, dst, expected, src, size) == expected;
    case CPL_CODEC_LZ4:
        return expand_hadoop_lz4(src, size, dst, expected) || expand_lz4(src, size, dst, expected);
    default:
        return expand_lz4(src, size, dst, expected);
    }
}

static bool make_context(enum cpl_codec codec, struct cpl_codec_state *state, struct cpl_error *err)
{
    if (codec == CPL_CODEC_ZSTD && !state->zstd_decompressor) {
        state->zstd_decompressor = ZSTD_createDCtx();
        return state->zstd_decompressor || no_context(err);
    }
    if (codec == CPL_CODEC_GZIP && !state->deflate_decompressor) {
        state->deflate_decompressor = libdeflate_alloc_decompressor();
        return state->deflate_decompressor || no_context(err);
    }
    return true;
}

bool cpl_codec_decompress(enum cpl_codec codec, struct cpl_codec_state *state, const void *src,
                          size_t size, void *dst, size_t expected, struct cpl_error *err)
{
    uint8_t nothing[1];
    if ((size_t)codec >= N_CODECS || codec == CPL_CODEC_LZO)
        return unsupported(codec, "read", err);
    if (!dst)
        dst = nothing;
    if (codec == CPL_CODEC_NONE) {
        if (size != expected)
            return damaged(codec, size, expected, err);
        if (size)
            memcpy(dst, src, size);
        return true;
    }
    if (size == 0 && expected == 0) /* some writers store an empty page as nothing at all */
        return true;
    if (!make_context(codec, state, err))
        return false;
    return expand(codec, state, src, size, dst, expected) || damaged(codec, size, expected, err);
}

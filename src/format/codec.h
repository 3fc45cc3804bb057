/* Compression of one buffer at a time, as Parquet pages and Avro blocks use it.
 *
 * Numbers are parquet.thrift's CompressionCodec. Compressing appends to a buffer; decompressing
 * writes exactly `expected` bytes, never more, so that a bomb costs nothing. gzip may have several
 * members. LZ4 is the deprecated Hadoop framing, and is only read; LZO is not supported.
 * A cpl_codec_state keeps the libraries' contexts between calls; it belongs to one thread. */
#pragma once
#include "base/memory.h"

enum cpl_codec {
    CPL_CODEC_NONE = 0,
    CPL_CODEC_SNAPPY = 1,
    CPL_CODEC_GZIP = 2,
    CPL_CODEC_LZO = 3,
    CPL_CODEC_BROTLI = 4,
    CPL_CODEC_LZ4 = 5,
    CPL_CODEC_ZSTD = 6,
    CPL_CODEC_LZ4_RAW = 7,
};
/* The library's usual choice: zstd 3, gzip 6, brotli 4. */
enum { CPL_CODEC_DEFAULT_LEVEL = INT32_MIN };

/* Contexts, made when first used. Start from {0}. */
struct cpl_codec_state {
    void *zstd_compressor, *zstd_decompressor, *deflate_compressor, *deflate_decompressor;
    struct cpl_snappy_scratch *snappy;
    int deflate_level;
};
void cpl_codec_state_release(struct cpl_codec_state *state);

/* "none" "snappy" "gzip" "lzo" "brotli" "lz4" "zstd" "lz4_raw"; "?" when unknown. */
const char *cpl_codec_name(enum cpl_codec codec);
/* The codec of a name as a user writes it ("uncompressed" too); false when there is none. */
bool cpl_codec_of_name(const char *name, size_t length, enum cpl_codec *codec);
/* Levels that make sense, for option checks: zstd -7..22, gzip 1..12, brotli 0..11; others 0..0. */
void cpl_codec_levels(enum cpl_codec codec, int *lowest, int *highest);

/* Append src, compressed, to dst. Levels outside the range are brought into it. */
bool cpl_codec_compress(enum cpl_codec codec, int level, struct cpl_codec_state *state,
                        const void *src, size_t size, struct cpl_buffer *dst,
                        struct cpl_error *err) CPL_CHECKED;
/* Exactly `expected` bytes to dst (which has room for them); anything else is a DATA error. */
bool cpl_codec_decompress(enum cpl_codec codec, struct cpl_codec_state *state, const void *src,
                          size_t size, void *dst, size_t expected,
                          struct cpl_error *err) CPL_CHECKED;

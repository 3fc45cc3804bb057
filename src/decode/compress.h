/* What a compression format brings: compress.c drives one of these over members (gzip, xz, bzip2)
 * or frames (zstd, lz4).
 *
 * A codec sees one member at a time. It moves io on as it consumes and produces; that nothing moves
 * means that it needs more input. Everything about offsets, concatenation, padding, limits and
 * cut-off input is the driver's. */
#pragma once
#include "decode/stream.h"

struct cpl_codec_io {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
};
enum cpl_codec_step { CPL_CODEC_MORE, CPL_CODEC_MEMBER_END, CPL_CODEC_FAILED };

enum { CPL_MAX_WINDOW_LOG = 27 }; /* 128 MiB: what zstd itself takes, and twice of xz -9 */

struct cpl_codec {
    const char *name;
    void *(*open)(struct cpl_error *err);
    /* Ready for the next member. */
    bool (*begin)(void *state, struct cpl_error *err);
    /* FAILED: *err says why (DATA, LIMIT or MEMORY), without offsets. What was produced before
     * counts. */
    enum cpl_codec_step (*step)(void *state, struct cpl_codec_io *io, struct cpl_error *err);
    void (*close)(void *state);
};
extern const struct cpl_codec cpl_codec_gzip, cpl_codec_zstd, cpl_codec_bzip2, cpl_codec_xz,
    cpl_codec_lz4;

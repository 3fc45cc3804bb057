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
    /* All of the member is here, and may be taken at once. Else its blocks come one a step, so that those in front of a damaged one come out,
     * however the bytes arrive. */
    bool whole;
    size_t held; /* FAILED: the damage lies behind the bytes consumed, but for as many as these */
};
enum cpl_codec_step { CPL_CODEC_MORE, CPL_CODEC_MEMBER_END, CPL_CODEC_FAILED };

enum { CPL_MAX_WINDOW_LOG = 27 };  /* 128 MiB: what zstd itself takes, and twice of xz -9 */
enum { CPL_XZ_MEMORY = 96 << 20 }; /* for several threads; two at xz -6 */

/* Compressed bytes at a member's begin, for finding its end without decoding it. */
struct cpl_member_view {
    const uint8_t *data;
    size_t size;
    bool whole;     /* nothing comes behind them */
    bool may_guess; /* what looks like the next member's begin will do */
};

struct cpl_codec {
    const char *name;
    /* > 0: input is handed over up to multiples of it from the member's begin, or to the object's end: how much of
     * a damaged member the library decodes depends on where its input was cut. */
    size_t chunk;
    bool reads_ahead; /* what was consumed and produced does not tell where the damage is */
    /* A call that fails does not tell what it produced: what comes out in front of damage depends on its room. */
    bool loses_output;
    /* `threads`: how many the library may use for one member. */
    void *(*open)(unsigned threads, struct cpl_error *err);
    /* Ready for the next member. */
    bool (*begin)(void *state, struct cpl_error *err);
    /* FAILED: *err says why (DATA, LIMIT or MEMORY), without offsets. What was produced before
     * counts. */
    enum cpl_codec_step (*step)(void *state, struct cpl_codec_io *io, struct cpl_error *err);
    void (*close)(void *state);
    /* The member's length; 0 = not to be seen here. *out, when it says so: the decompressed length, else 0.
     * NULL = members are not looked for. */
    size_t (*member_length)(const struct cpl_member_view *view, size_t *out);
};
extern const struct cpl_codec cpl_codec_gzip, cpl_codec_zstd, cpl_codec_bzip2, cpl_codec_xz,
    cpl_codec_lz4;
const struct cpl_codec *cpl_codec_of(enum cpl_compression compression);
/* Do these bytes begin with a member, or a frame to be skipped? */
bool cpl_member_starts(enum cpl_compression compression, const uint8_t *head, size_t size);

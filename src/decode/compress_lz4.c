/* LZ4 frames (the lz4 frame format 1.6), skippable ones too. Their blocks are 4 MiB at most, so
 * memory is bounded by the format. */
#include "decode/compress.h"

#include <lz4frame.h>

struct lz4 {
    LZ4F_dctx *context;
    size_t wanted; /* bytes up to the end of the next block */
    size_t held;   /* bytes of it that were taken */
    bool full;     /* the last output was filled: there may be more of the block */
};

enum { BLOCK_HEADER = 4 };

static void lz4_close(void *state)
{
    LZ4F_freeDecompressionContext(((struct lz4 *)state)->context);
    cpl_free(state);
}

static void *lz4_open(unsigned threads, struct cpl_error *err)
{
    struct lz4 *lz4 = cpl_alloc_zero(1, sizeof *lz4, err);
    (void)threads;
    if (!lz4)
        return NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&lz4->context, LZ4F_VERSION))) {
        cpl_fail(err, CPL_E_MEMORY, "out of memory for lz4");
        cpl_free(lz4);
        return NULL;
    }
    return lz4;
}

static bool lz4_begin(void *state, struct cpl_error *err)
{
    struct lz4 *lz4 = state;
    (void)err;
    LZ4F_resetDecompressionContext(lz4->context);
    lz4->held = 0;
    lz4->full = false;
    lz4->wanted = 7; /* the least that a frame begins with */
    return true;
}

/* A call that fails says nothing of what came out in it. So a block, what is left of it, and the next block's header
 * are given in calls of their own. */
static size_t bytes_to_give(const struct lz4 *lz4, const struct cpl_codec_io *io)
{
    size_t most = lz4->wanted > BLOCK_HEADER ? lz4->wanted - BLOCK_HEADER : lz4->wanted;
    if (lz4->full)
        return 0;
    return io->whole || io->in_size < most ? io->in_size : most;
}

static enum cpl_codec_step lz4_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    struct lz4 *lz4 = state;
    size_t in_size, out_size, result;
    bool more;
    do {
        in_size = bytes_to_give(lz4, io);
        out_size = io->out_size;
        more = lz4->full;
        result = LZ4F_decompress(lz4->context, io->out, &out_size, io->in, &in_size, NULL);
        lz4->full = out_size == io->out_size;
    } while (more && !out_size && !LZ4F_isError(result));
    io->held = lz4->held;
    if (LZ4F_isError(result)) {
        cpl_fail(err, CPL_E_DATA, "%s", LZ4F_getErrorName(result));
        return CPL_CODEC_FAILED;
    }
    lz4->held = in_size < lz4->wanted ? lz4->held + in_size : 0;
    lz4->wanted = result;
    io->in += in_size;
    io->in_size -= in_size;
    io->out += out_size;
    io->out_size -= out_size;
    return result == 0 ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

/* ---- where a frame ends ---- */

enum {
    MAGIC = 4,
    BLOCK_CHECKSUM = 0x10,
    CONTENT_SIZE = 0x08,
    CONTENT_CHECKSUM = 0x04,
    DICTIONARY = 0x01
};

static size_t le32(const uint8_t *data)
{
    return (size_t)data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 | (size_t)data[3] << 24;
}

/* Blocks say their lengths, and a length of 0 ends the frame. */
static size_t lz4_member_length(const struct cpl_member_view *view, size_t *out)
{
    const uint8_t *data = view->data;
    size_t size = view->size, length = 0;
    *out = 0;
    if (size < MAGIC + 4)
        return 0;
    if (data[0] != 0x04) { /* a frame to be skipped */
        length = MAGIC + 4 + le32(data + MAGIC);
        return length <= size ? length : 0;
    }
    uint8_t flags = data[MAGIC];
    size_t at = MAGIC + 3 + (flags & CONTENT_SIZE ? 8u : 0u) + (flags & DICTIONARY ? 4u : 0u);
    while (at + 4 <= size && (length = le32(data + at) & 0x7FFFFFFF) != 0)
        at += 4 + length + (flags & BLOCK_CHECKSUM ? 4u : 0u);
    if (at + 4 > size)
        return 0;
    at += 4 + (flags & CONTENT_CHECKSUM ? 4u : 0u);
    return at <= size ? at : 0;
}

const struct cpl_codec cpl_codec_lz4 = {.name = "lz4",
                                        .open = lz4_open,
                                        .begin = lz4_begin,
                                        .step = lz4_step,
                                        .close = lz4_close,
                                        .member_length = lz4_member_length};

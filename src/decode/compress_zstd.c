/* Zstandard frames (RFC 8878), skippable ones too. Windows above 128 MiB are refused before they
 * are allocated.
 *
 * A frame is always handed over block by block: given one whole, the library decodes it by another way, which takes
 * windows and blocks that this one refuses. */
#include "decode/compress.h"

#include <zstd.h>
#include <zstd_errors.h>

struct zstd {
    ZSTD_DCtx *context;
    size_t wanted; /* bytes up to the end of the next block */
    size_t held;   /* bytes of it that were taken */
    bool full;     /* the last output was filled: there may be more of the block */
};

enum { BLOCK_HEADER = 3 };

static void zstd_close(void *state)
{
    ZSTD_freeDCtx(((struct zstd *)state)->context);
    cpl_free(state);
}

static void *zstd_open(unsigned threads, struct cpl_error *err)
{
    struct zstd *zstd = cpl_alloc_zero(1, sizeof *zstd, err);
    (void)threads;
    if (!zstd)
        return NULL;
    zstd->context = ZSTD_createDCtx();
    if (!zstd->context) {
        cpl_fail(err, CPL_E_MEMORY, "out of memory for zstd");
        cpl_free(zstd);
        return NULL;
    }
    ZSTD_DCtx_setParameter(zstd->context, ZSTD_d_windowLogMax, CPL_MAX_WINDOW_LOG);
    return zstd;
}

static bool zstd_begin(void *state, struct cpl_error *err)
{
    struct zstd *zstd = state;
    (void)err;
    ZSTD_DCtx_reset(zstd->context, ZSTD_reset_session_only);
    zstd->held = 0;
    zstd->full = false;
    zstd->wanted = 5; /* the least that a frame begins with */
    return true;
}

static enum cpl_codec_step failed(size_t result, struct cpl_error *err)
{
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_frameParameter_windowTooLarge:
        cpl_fail(err, CPL_E_LIMIT,
                 "the frame needs a window above 128 MiB; decompress it with zstd -d --long=31, or "
                 "compress it again with "
                 "--long=27 or less");
        break;
    case ZSTD_error_memory_allocation:
        cpl_fail(err, CPL_E_MEMORY, "out of memory for zstd");
        break;
    case ZSTD_error_dictionary_wrong:
    case ZSTD_error_dictionary_corrupted:
        cpl_fail(err, CPL_E_UNSUPPORTED,
                 "the frame needs a dictionary; decompress it with zstd -d -D first");
        break;
    case ZSTD_error_dstSize_tooSmall: /* or corruption: as large as the buffers of earlier frames were */
        cpl_fail(err, CPL_E_DATA, "%s", ZSTD_getErrorString(ZSTD_error_corruption_detected));
        break;
    default:
        cpl_fail(err, CPL_E_DATA, "%s", ZSTD_getErrorName(result));
    }
    return CPL_CODEC_FAILED;
}

/* A call that fails says nothing of what came out in it. So a block, what is left of it, and the next block's header
 * are given in calls of their own. */
static size_t bytes_to_give(const struct zstd *zstd, size_t in_size)
{
    size_t most = zstd->wanted > BLOCK_HEADER ? zstd->wanted - BLOCK_HEADER : zstd->wanted;
    return zstd->full ? 0 : in_size < most ? in_size : most;
}

static enum cpl_codec_step zstd_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    struct zstd *zstd = state;
    ZSTD_inBuffer in = {.src = io->in};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_size};
    size_t result;
    bool more;
    do {
        in.size = bytes_to_give(zstd, io->in_size);
        more = zstd->full;
        result = ZSTD_decompressStream(zstd->context, &out, &in);
        zstd->full = out.pos == out.size;
    } while (more && !out.pos && !ZSTD_isError(result));
    io->in += in.pos;
    io->in_size -= in.pos;
    io->out += out.pos;
    io->out_size -= out.pos;
    io->held = zstd->held;
    if (ZSTD_isError(result))
        return failed(result, err);
    zstd->held = in.pos < zstd->wanted ? zstd->held + in.pos : 0;
    zstd->wanted = result;
    return result == 0 ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

/* A frame's blocks say their lengths. */
static size_t zstd_member_length(const struct cpl_member_view *view, size_t *out)
{
    unsigned long long content = ZSTD_getFrameContentSize(view->data, view->size);
    size_t length = ZSTD_findFrameCompressedSize(view->data, view->size);
    bool known = content != ZSTD_CONTENTSIZE_UNKNOWN && content != ZSTD_CONTENTSIZE_ERROR;
    *out = known && content <= SIZE_MAX ? (size_t)content : 0;
    return ZSTD_isError(length) ? 0 : length;
}

const struct cpl_codec cpl_codec_zstd = {.name = "zstd",
                                         .open = zstd_open,
                                         .begin = zstd_begin,
                                         .step = zstd_step,
                                         .close = zstd_close,
                                         .member_length = zstd_member_length};

/* Zstandard frames (RFC 8878), skippable ones too. Windows above 128 MiB are refused before they
 * are allocated. */
#include "decode/compress.h"

#include <zstd.h>
#include <zstd_errors.h>

static void zstd_close(void *state)
{
    ZSTD_freeDCtx(state);
}

static void *zstd_open(struct cpl_error *err)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        cpl_fail(err, CPL_E_MEMORY, "out of memory for zstd");
    else
        ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, CPL_MAX_WINDOW_LOG);
    return context;
}

static bool zstd_begin(void *state, struct cpl_error *err)
{
    (void)err;
    ZSTD_DCtx_reset(state, ZSTD_reset_session_only);
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
    default:
        cpl_fail(err, CPL_E_DATA, "%s", ZSTD_getErrorName(result));
    }
    return CPL_CODEC_FAILED;
}

static enum cpl_codec_step zstd_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    ZSTD_inBuffer in = {.src = io->in, .size = io->in_size};
    ZSTD_outBuffer out = {.dst = io->out, .size = io->out_size};
    size_t result = ZSTD_decompressStream(state, &out, &in);
    io->in += in.pos;
    io->in_size -= in.pos;
    io->out += out.pos;
    io->out_size -= out.pos;
    if (ZSTD_isError(result))
        return failed(result, err);
    return result == 0 ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

const struct cpl_codec cpl_codec_zstd = {
    .name = "zstd", .open = zstd_open, .begin = zstd_begin, .step = zstd_step, .close = zstd_close};

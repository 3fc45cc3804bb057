/* LZ4 frames (the lz4 frame format 1.6), skippable ones too. Their blocks are 4 MiB at most, so
 * memory is bounded by the format. */
#include "decode/compress.h"

#include <lz4frame.h>

static void lz4_close(void *state)
{
    LZ4F_freeDecompressionContext(state);
}

static void *lz4_open(struct cpl_error *err)
{
    LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION))) {
        cpl_fail(err, CPL_E_MEMORY, "out of memory for lz4");
        return NULL;
    }
    return context;
}

static bool lz4_begin(void *state, struct cpl_error *err)
{
    (void)err;
    LZ4F_resetDecompressionContext(state);
    return true;
}

static enum cpl_codec_step lz4_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    size_t in_size = io->in_size, out_size = io->out_size;
    size_t result = LZ4F_decompress(state, io->out, &out_size, io->in, &in_size, NULL);
    if (LZ4F_isError(result)) {
        cpl_fail(err, CPL_E_DATA, "%s", LZ4F_getErrorName(result));
        return CPL_CODEC_FAILED;
    }
    io->in += in_size;
    io->in_size -= in_size;
    io->out += out_size;
    io->out_size -= out_size;
    return result == 0 ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

const struct cpl_codec cpl_codec_lz4 = {
    .name = "lz4", .open = lz4_open, .begin = lz4_begin, .step = lz4_step, .close = lz4_close};

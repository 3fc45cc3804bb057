/* xz streams by liblzma. A dictionary above 128 MiB (twice that of xz -9) is refused before it is
 * allocated. */
#include "decode/compress.h"

#include <lzma.h>

static const uint64_t MEMORY_LIMIT = (UINT64_C(1) << CPL_MAX_WINDOW_LOG) + (UINT64_C(4) << 20);

static void *xz_open(struct cpl_error *err)
{
    lzma_stream *stream = cpl_alloc(sizeof *stream, err);
    if (stream)
        *stream = (lzma_stream)LZMA_STREAM_INIT;
    return stream;
}

static bool xz_begin(void *state, struct cpl_error *err)
{
    if (lzma_stream_decoder(state, MEMORY_LIMIT, LZMA_TELL_UNSUPPORTED_CHECK) != LZMA_OK)
        return cpl_fail(err, CPL_E_MEMORY, "out of memory for xz");
    return true;
}

static enum cpl_codec_step failed(lzma_ret result, struct cpl_error *err)
{
    switch (result) {
    case LZMA_MEMLIMIT_ERROR:
        cpl_fail(err, CPL_E_LIMIT,
                 "it needs a dictionary above 128 MiB; decompress it with xz -d, or compress it "
                 "again with xz -9 or less");
        break;
    case LZMA_MEM_ERROR:
        cpl_fail(err, CPL_E_MEMORY, "out of memory for xz");
        break;
    case LZMA_UNSUPPORTED_CHECK:
        cpl_fail(err, CPL_E_UNSUPPORTED, "an integrity check of a kind that liblzma does not know");
        break;
    case LZMA_OPTIONS_ERROR:
        cpl_fail(err, CPL_E_UNSUPPORTED, "a filter or option that liblzma does not know");
        break;
    case LZMA_FORMAT_ERROR:
        cpl_fail(err, CPL_E_DATA, "an invalid xz header");
        break;
    default:
        cpl_fail(err, CPL_E_DATA, "a damaged xz stream");
    }
    return CPL_CODEC_FAILED;
}

static enum cpl_codec_step xz_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    lzma_stream *stream = state;
    stream->next_in = io->in;
    stream->avail_in = io->in_size;
    stream->next_out = io->out;
    stream->avail_out = io->out_size;
    lzma_ret result = lzma_code(stream, LZMA_RUN);
    io->in = stream->next_in;
    io->in_size = stream->avail_in;
    io->out = stream->next_out;
    io->out_size = stream->avail_out;
    if (result == LZMA_OK || result == LZMA_BUF_ERROR) /* BUF: no progress, the driver sees that */
        return CPL_CODEC_MORE;
    return result == LZMA_STREAM_END ? CPL_CODEC_MEMBER_END : failed(result, err);
}

static void xz_close(void *state)
{
    if (state)
        lzma_end(state);
    cpl_free(state);
}

const struct cpl_codec cpl_codec_xz = {
    .name = "xz", .open = xz_open, .begin = xz_begin, .step = xz_step, .close = xz_close};

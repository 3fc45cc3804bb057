/* xz streams by liblzma, which decodes the blocks of one stream on several threads where their
 * headers say their sizes (as xz -T writes them) and CPL_XZ_MEMORY allows it. A dictionary above
 * 128 MiB (twice that of xz -9) is refused before it is allocated.
 *
 * liblzma sees damage when a call ends, so how many bytes in front of it come out depends on how much room each call
 * has, and each thread: it alone may differ, so the error does not name it. */
#include "decode/compress.h"

#include <lzma.h>

static const uint64_t MEMORY_LIMIT = (UINT64_C(1) << CPL_MAX_WINDOW_LOG) + (UINT64_C(4) << 20);

struct xz {
    lzma_stream stream;
    unsigned threads;
};

static void *xz_open(unsigned threads, struct cpl_error *err)
{
    struct xz *xz = cpl_alloc(sizeof *xz, err);
    if (xz)
        *xz = (struct xz){.stream = LZMA_STREAM_INIT, .threads = threads};
    return xz;
}

static bool xz_begin(void *state, struct cpl_error *err)
{
    struct xz *xz = state;
    lzma_mt options = {.flags = LZMA_TELL_UNSUPPORTED_CHECK,
                       .threads = xz->threads,
                       .memlimit_threading = CPL_XZ_MEMORY,
                       .memlimit_stop = MEMORY_LIMIT};
    lzma_ret result = xz->threads > 1 ? lzma_stream_decoder_mt(&xz->stream, &options)
                                      : lzma_stream_decoder(&xz->stream, MEMORY_LIMIT,
                                                            LZMA_TELL_UNSUPPORTED_CHECK);
    return result == LZMA_OK || cpl_fail(err, CPL_E_MEMORY, "out of memory for xz");
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
    lzma_stream *stream = &((struct xz *)state)->stream;
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
        lzma_end(&((struct xz *)state)->stream);
    cpl_free(state);
}

const struct cpl_codec cpl_codec_xz = {.name = "xz",
                                       .reads_ahead = true,
                                       .open = xz_open,
                                       .begin = xz_begin,
                                       .step = xz_step,
                                       .close = xz_close};

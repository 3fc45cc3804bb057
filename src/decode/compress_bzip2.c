/* bzip2 streams by libbz2; parallel compressors write many of them one after the other. */
#include "decode/compress.h"

#include <bzlib.h>
#include <string.h>

struct bzip2 {
    bz_stream stream;
    bool begun;
};

static void *bzip2_open(unsigned threads, struct cpl_error *err)
{
    (void)threads;
    return cpl_alloc_zero(1, sizeof(struct bzip2), err);
}

static void end(struct bzip2 *bzip2)
{
    if (bzip2->begun)
        BZ2_bzDecompressEnd(&bzip2->stream);
    bzip2->begun = false;
}

static bool bzip2_begin(void *state, struct cpl_error *err)
{
    struct bzip2 *bzip2 = state;
    end(bzip2);
    memset(&bzip2->stream, 0, sizeof bzip2->stream);
    if (BZ2_bzDecompressInit(&bzip2->stream, 0, 0) != BZ_OK)
        return cpl_fail(err, CPL_E_MEMORY, "out of memory for bzip2");
    bzip2->begun = true;
    return true;
}

static enum cpl_codec_step bzip2_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    struct bzip2 *bzip2 = state;
    const unsigned most = 1u << 30;
    unsigned in_size = io->in_size < most ? (unsigned)io->in_size : most;
    unsigned out_size = io->out_size < most ? (unsigned)io->out_size : most;
    bzip2->stream.next_in = (char *)(uintptr_t)io->in; /* libbz2 only reads it */
    bzip2->stream.avail_in = in_size;
    bzip2->stream.next_out = (char *)io->out;
    bzip2->stream.avail_out = out_size;
    int result = BZ2_bzDecompress(&bzip2->stream);
    io->in += in_size - bzip2->stream.avail_in;
    io->in_size -= in_size - bzip2->stream.avail_in;
    io->out += out_size - bzip2->stream.avail_out;
    io->out_size -= out_size - bzip2->stream.avail_out;
    if (result == BZ_OK)
        return CPL_CODEC_MORE;
    if (result == BZ_STREAM_END)
        return CPL_CODEC_MEMBER_END;
    if (result == BZ_MEM_ERROR)
        cpl_fail(err, CPL_E_MEMORY, "out of memory for bzip2");
    else
        cpl_fail(err, CPL_E_DATA, "%s",
                 result == BZ_DATA_ERROR_MAGIC ? "an invalid bzip2 header"
                                               : "a damaged bzip2 block");
    return CPL_CODEC_FAILED;
}

static void bzip2_close(void *state)
{
    if (state)
        end(state);
    cpl_free(state);
}

/* What looks like the next stream's begin; the first block's magic makes it a good guess. */
static size_t bzip2_member_length(const struct cpl_member_view *view, size_t *out)
{
    enum { HEADER = 4, MAGIC = 6, LEAST = 14 };
    const uint8_t *data = view->data;
    *out = 0;
    if (!view->may_guess)
        return 0;
    for (size_t at = LEAST; at + HEADER + MAGIC <= view->size; at++) {
        const uint8_t *next = memmem(data + at, view->size - at, "BZh", 3);
        if (!next)
            break;
        at = (size_t)(next - data);
        if (cpl_member_starts(CPL_BZIP2, next, view->size - at))
            return at;
    }
    return view->whole ? view->size : 0;
}

const struct cpl_codec cpl_codec_bzip2 = {.name = "bzip2",
                                          .loses_output = true,
                                          .open = bzip2_open,
                                          .begin = bzip2_begin,
                                          .step = bzip2_step,
                                          .close = bzip2_close,
                                          .member_length = bzip2_member_length};

/* gzip members (RFC 1952) by ISA-L, the fastest inflate there is; it checks each member's CRC-32
 * and length. */
#include "decode/compress.h"

#include <isa-l/igzip_lib.h>

static void *gzip_open(struct cpl_error *err)
{
    return cpl_alloc(sizeof(struct inflate_state), err);
}

static bool gzip_begin(void *state, struct cpl_error *err)
{
    struct inflate_state *inflate = state;
    (void)err;
    isal_inflate_init(inflate);
    inflate->crc_flag = ISAL_GZIP;
    return true;
}

static const char *reason(int result)
{
    switch (result) {
    case ISAL_INVALID_BLOCK:
        return "an invalid deflate block";
    case ISAL_INVALID_SYMBOL:
        return "an invalid deflate symbol";
    case ISAL_INVALID_LOOKBACK:
        return "a match that reaches back before the member's beginning";
    case ISAL_INVALID_WRAPPER:
        return "an invalid gzip header";
    case ISAL_UNSUPPORTED_METHOD:
        return "a compression method other than deflate";
    case ISAL_INCORRECT_CHECKSUM:
        return "a wrong checksum or length";
    default:
        return "a damaged gzip member";
    }
}

static enum cpl_codec_step gzip_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    struct inflate_state *inflate = state;
    const uint32_t most = UINT32_C(1) << 30;
    uint32_t in_size = io->in_size < most ? (uint32_t)io->in_size : most;
    uint32_t out_size = io->out_size < most ? (uint32_t)io->out_size : most;
    inflate->next_in = (uint8_t *)(uintptr_t)io->in; /* ISA-L only reads it */
    inflate->avail_in = in_size;
    inflate->next_out = io->out;
    inflate->avail_out = out_size;
    int result = isal_inflate(inflate);
    io->in += in_size - inflate->avail_in;
    io->in_size -= in_size - inflate->avail_in;
    io->out += out_size - inflate->avail_out;
    io->out_size -= out_size - inflate->avail_out;
    if (result < 0 || result == ISAL_NEED_DICT) {
        cpl_fail(err, CPL_E_DATA, "%s", reason(result));
        return CPL_CODEC_FAILED;
    }
    return inflate->block_state == ISAL_BLOCK_FINISH ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

const struct cpl_codec cpl_codec_gzip = {
    .name = "gzip", .open = gzip_open, .begin = gzip_begin, .step = gzip_step, .close = cpl_free};

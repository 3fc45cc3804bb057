/* gzip members (RFC 1952) by ISA-L, the fastest inflate there is; it checks each member's CRC-32
 * and length. */
#include "decode/compress.h"

#include <isa-l/igzip_lib.h>
#include <string.h>

static void *gzip_open(unsigned threads, struct cpl_error *err)
{
    (void)threads;
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

/* ---- where a member ends ---- */

enum { HEADER = 10, TRAILER = 8, HAS_EXTRA = 4, RESERVED_FLAGS = 0xE0, BLOCK_MOST = 64 << 10 };

static size_t le16(const uint8_t *data)
{
    return (size_t)data[0] | (size_t)data[1] << 8;
}

static size_t le32(const uint8_t *data)
{
    return le16(data) | le16(data + 2) << 16;
}

/* A BGZF block says its length in the extra field "BC" (SAM format, 4.1); 0 = it is none. */
static size_t block_length(const uint8_t *data, size_t size)
{
    if (size < HEADER + 2 || !(data[3] & HAS_EXTRA))
        return 0;
    size_t extra = le16(data + HEADER), at = HEADER + 2, end = at + extra;
    while (at + 6 <= end && end <= size) {
        size_t length = le16(data + at + 2);
        if (data[at] == 'B' && data[at + 1] == 'C' && length == 2)
            return le16(data + at + 4) + 1;
        at += 4 + length;
    }
    return 0;
}

static bool looks_like_header(const uint8_t *data)
{
    return data[0] == 0x1F && data[1] == 0x8B && data[2] == 8 && !(data[3] & RESERVED_FLAGS) &&
           (data[8] == 0 || data[8] == 2 || data[8] == 4) && (data[9] <= 13 || data[9] == 255);
}

static size_t guess_length(const struct cpl_member_view *view)
{
    for (size_t at = HEADER + TRAILER; at + HEADER <= view->size; at++) {
        const uint8_t *next = memchr(view->data + at, 0x1F, view->size - HEADER + 1 - at);
        if (!next)
            break;
        at = (size_t)(next - view->data);
        if (looks_like_header(next))
            return at;
    }
    return view->whole ? view->size : 0;
}

static size_t gzip_member_length(const struct cpl_member_view *view, size_t *out)
{
    size_t length = block_length(view->data, view->size);
    *out = 0;
    if (!length)
        return view->may_guess ? guess_length(view) : 0;
    if (length < HEADER + TRAILER || length > view->size)
        return 0;
    *out = le32(view->data + length - 4);
    return *out <= BLOCK_MOST ? length : 0;
}

const struct cpl_codec cpl_codec_gzip = {.name = "gzip",
                                         .open = gzip_open,
                                         .begin = gzip_begin,
                                         .step = gzip_step,
                                         .close = cpl_free,
                                         .member_length = gzip_member_length};

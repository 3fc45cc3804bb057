/* gzip members (RFC 1952): their headers here, the rest by ISA-L, the fastest inflate there is; it checks
 * each member's CRC-32 and length.
 *
 * ISA-L reads headers too, but forgets between two calls which parts of one are still to come. In a damaged
 * deflate block, how many of the bytes in front of the damage it decodes depends on where its input was cut: the
 * cuts are therefore at fixed places of the member (`chunk`). What it decoded and still holds then comes out first. */
#include "decode/compress.h"

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <string.h>

enum { FIXED = 10, TRAILER = 8, RESERVED_FLAGS = 0xE0 };
enum { HAS_CHECK = 2, HAS_EXTRA = 4, HAS_NAME = 8, HAS_COMMENT = 16 };

/* The parts of a header, in their order. */
enum part { PART_FIXED, PART_EXTRA_LENGTH, PART_EXTRA, PART_NAME, PART_COMMENT, PART_CHECK, BODY };

struct gzip {
    struct inflate_state inflate;
    enum part part;
    uint32_t at, extra; /* bytes of the part that were read; of the extra field */
    uint32_t crc, check;
    uint8_t flags;
    int wrong; /* ISA-L's result when it failed, else 0 */
};

static void *gzip_open(unsigned threads, struct cpl_error *err)
{
    (void)threads;
    return cpl_alloc_zero(1, sizeof(struct gzip), err);
}

/* What a damaged block finds in an incomplete table, or in front of its member, must not be the last member's. */
static void forget_member(struct inflate_state *inflate)
{
    enum { BEHIND = 1024 }; /* that copies may have written to */
    size_t used = (size_t)inflate->total_out + BEHIND;
    if (inflate->block_state != ISAL_BLOCK_FINISH || used > sizeof inflate->tmp_out_buffer)
        used = sizeof inflate->tmp_out_buffer;
    memset(inflate->tmp_out_buffer, 0, used);
    memset(&inflate->lit_huff_code, 0, sizeof inflate->lit_huff_code);
    memset(&inflate->dist_huff_code, 0, sizeof inflate->dist_huff_code);
}

static bool gzip_begin(void *state, struct cpl_error *err)
{
    struct gzip *gzip = state;
    (void)err;
    forget_member(&gzip->inflate);
    isal_inflate_init(&gzip->inflate);
    gzip->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
    gzip->part = PART_FIXED;
    gzip->at = gzip->crc = gzip->check = gzip->extra = gzip->flags = 0;
    gzip->wrong = 0;
    return true;
}

/* ---- the header ---- */

static bool has_part(const struct gzip *gzip, enum part part)
{
    static const uint8_t flag[] = {[PART_EXTRA_LENGTH] = HAS_EXTRA,
                                   [PART_EXTRA] = HAS_EXTRA,
                                   [PART_NAME] = HAS_NAME,
                                   [PART_COMMENT] = HAS_COMMENT,
                                   [PART_CHECK] = HAS_CHECK};
    if (part == PART_EXTRA && !gzip->extra)
        return false;
    return part == BODY || (gzip->flags & flag[part]) != 0;
}

static void end_part(struct gzip *gzip)
{
    do
        gzip->part++;
    while (!has_part(gzip, gzip->part));
    gzip->at = 0;
}

static const char *fixed_byte(struct gzip *gzip, uint8_t byte)
{
    static const uint8_t magic[] = {0x1F, 0x8B};
    if (gzip->at < 2 && byte != magic[gzip->at])
        return "an invalid gzip header";
    if (gzip->at == 2 && byte != 8)
        return "a compression method other than deflate";
    if (gzip->at == 3 && (byte & RESERVED_FLAGS) != 0)
        return "an invalid gzip header";
    if (gzip->at == 3)
        gzip->flags = byte;
    if (++gzip->at == FIXED)
        end_part(gzip);
    return NULL;
}

/* What is wrong with it; NULL = nothing so far. */
static const char *header_byte(struct gzip *gzip, uint8_t byte)
{
    uint32_t crc = gzip->crc, at = gzip->at;
    gzip->crc = crc32_gzip_refl(crc, &byte, 1);
    if (gzip->part == PART_FIXED)
        return fixed_byte(gzip, byte);
    gzip->at++;
    if (gzip->part == PART_EXTRA_LENGTH)
        gzip->extra |= (uint32_t)byte << 8 * at;
    if (gzip->part == PART_CHECK) {
        gzip->check |= (uint32_t)byte << 8 * at;
        gzip->crc = crc; /* of what is in front of it */
    }
    bool two = gzip->part == PART_EXTRA_LENGTH || gzip->part == PART_CHECK;
    bool ended = two                        ? gzip->at == 2
                 : gzip->part == PART_EXTRA ? gzip->at == gzip->extra
                                            : byte == 0;
    if (ended && gzip->part == PART_CHECK && gzip->check != (gzip->crc & 0xFFFF))
        return "a wrong checksum of the gzip header";
    if (ended)
        end_part(gzip);
    return NULL;
}

/* ---- the body ---- */

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

/* The bytes in front of the damage that ISA-L has decoded but not handed out, then the failure. */
static enum cpl_codec_step fail_behind_held(struct gzip *gzip, struct cpl_codec_io *io,
                                            struct cpl_error *err)
{
    struct inflate_state *inflate = &gzip->inflate;
    int32_t held = inflate->tmp_out_valid - inflate->tmp_out_processed;
    size_t take = held < 0 ? 0 : (size_t)held < io->out_size ? (size_t)held : io->out_size;
    memcpy(io->out, inflate->tmp_out_buffer + inflate->tmp_out_processed, take);
    inflate->tmp_out_processed += (int32_t)take;
    io->out += take;
    io->out_size -= take;
    if (held > (int32_t)take)
        return CPL_CODEC_MORE;
    cpl_fail(err, CPL_E_DATA, "%s", reason(gzip->wrong));
    return CPL_CODEC_FAILED;
}

static enum cpl_codec_step inflate_body(struct gzip *gzip, struct cpl_codec_io *io,
                                        struct cpl_error *err)
{
    struct inflate_state *inflate = &gzip->inflate;
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
        gzip->wrong = result;
        return fail_behind_held(gzip, io, err);
    }
    return inflate->block_state == ISAL_BLOCK_FINISH ? CPL_CODEC_MEMBER_END : CPL_CODEC_MORE;
}

static enum cpl_codec_step gzip_step(void *state, struct cpl_codec_io *io, struct cpl_error *err)
{
    struct gzip *gzip = state;
    const char *wrong = NULL;
    if (gzip->wrong)
        return fail_behind_held(gzip, io, err);
    for (; gzip->part != BODY && io->in_size && !wrong; io->in++, io->in_size--)
        wrong = header_byte(gzip, *io->in);
    if (wrong)
        cpl_fail(err, CPL_E_DATA, "%s", wrong);
    if (wrong || gzip->part != BODY)
        return wrong ? CPL_CODEC_FAILED : CPL_CODEC_MORE;
    return inflate_body(gzip, io, err);
}

/* ---- where a member ends ---- */

enum { BLOCK_MOST = 64 << 10 };

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
    if (size < FIXED + 2 || !(data[3] & HAS_EXTRA))
        return 0;
    size_t extra = le16(data + FIXED), at = FIXED + 2, end = at + extra;
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
    for (size_t at = FIXED + TRAILER; at + FIXED <= view->size; at++) {
        const uint8_t *next = memchr(view->data + at, 0x1F, view->size - FIXED + 1 - at);
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
    if (length < FIXED + TRAILER || length > view->size)
        return 0;
    *out = le32(view->data + length - 4);
    return *out <= BLOCK_MOST ? length : 0;
}

const struct cpl_codec cpl_codec_gzip = {.name = "gzip",
                                         .chunk = 32 << 10,
                                         .open = gzip_open,
                                         .begin = gzip_begin,
                                         .step = gzip_step,
                                         .close = cpl_free,
                                         .member_length = gzip_member_length};

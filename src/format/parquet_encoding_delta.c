/* DELTA_BINARY_PACKED: a header, then blocks of miniblocks of bit-packed deltas. Sums wrap around,
 * as the format wants it, so unsigned arithmetic is used throughout. */
#include "format/parquet_encoding.h"

#include <string.h>

static bool malformed(struct cpl_error *err, const char *what)
{
    cpl_fail(err, CPL_E_DATA, "malformed page: %s", what);
    return false;
}

static bool read_varint(struct cpl_delta_decoder *decoder, uint64_t *value, struct cpl_error *err)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (decoder->next == decoder->end)
            return malformed(err, "the delta-encoded data end too early");
        uint8_t byte = *decoder->next++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return malformed(err, "a delta-encoded number has more than 64 bits");
}

static bool read_zigzag(struct cpl_delta_decoder *decoder, uint64_t *value, struct cpl_error *err)
{
    uint64_t raw;
    if (!read_varint(decoder, &raw, err))
        return false;
    *value = (raw >> 1) ^ (0 - (raw & 1));
    return true;
}

bool cpl_delta_decoder_init(struct cpl_delta_decoder *decoder, const uint8_t *data, size_t size,
                            struct cpl_error *err)
{
    uint64_t block, minis, total;
    *decoder = (struct cpl_delta_decoder){.next = data, .end = size ? data + size : data};
    if (!read_varint(decoder, &block, err) || !read_varint(decoder, &minis, err) ||
        !read_varint(decoder, &total, err) || !read_zigzag(decoder, &decoder->last, err))
        return false;
    if (block == 0 || block > 1u << 24 || minis == 0 || minis > block || block % minis != 0 ||
        block / minis % 8 != 0)
        return malformed(err, "the delta encoding's block sizes are invalid");
    if (total > UINT32_MAX)
        return malformed(err, "the delta encoding announces more than 4 billion values");
    decoder->total = (uint32_t)total;
    decoder->minis = (uint32_t)minis;
    decoder->mini_size = (uint32_t)(block / minis);
    decoder->mini = decoder->minis;
    return true;
}

static bool start_block(struct cpl_delta_decoder *decoder, struct cpl_error *err)
{
    if (!read_zigzag(decoder, &decoder->min_delta, err))
        return false;
    if ((size_t)(decoder->end - decoder->next) < decoder->minis)
        return malformed(err, "the delta-encoded data end too early");
    decoder->widths = decoder->next;
    decoder->next += decoder->minis;
    decoder->mini = 0;
    return true;
}

static bool start_mini(struct cpl_delta_decoder *decoder, struct cpl_error *err)
{
    if (decoder->mini == decoder->minis && !start_block(decoder, err))
        return false;
    uint32_t width = decoder->widths[decoder->mini];
    uint64_t bytes = (uint64_t)decoder->mini_size / 8 * width;
    if (width > 64)
        return malformed(err, "a miniblock's deltas have more than 64 bits");
    if (bytes > (size_t)(decoder->end - decoder->next))
        return malformed(err, "the delta-encoded data end too early");
    decoder->mini_data = decoder->next;
    decoder->next += bytes;
    decoder->mini_bit = 0;
    decoder->mini_left = decoder->mini_size;
    decoder->mini++;
    return true;
}

/* `width` bits (≤ 64) from the bit `at` on; the miniblock's bytes hold them. */
static uint64_t load_delta(const uint8_t *data, uint64_t at, uint32_t width)
{
    uint64_t value = 0;
    const uint8_t *from = data + (at >> 3);
    unsigned shift = at & 7;
    size_t bytes = (shift + width + 7) / 8;
    memcpy(&value, from, bytes < 8 ? bytes : 8);
    value >>= shift;
    if (bytes > 8)
        value |= (uint64_t)from[8] << (64 - shift);
    return width < 64 ? value & (((uint64_t)1 << width) - 1) : value;
}

static bool next_value(struct cpl_delta_decoder *decoder, struct cpl_error *err)
{
    if (decoder->given == decoder->total)
        return malformed(err, "it has fewer delta-encoded values than its header says");
    if (decoder->given++ == 0)
        return true; /* the first value stands in the header */
    if (decoder->mini_left == 0 && !start_mini(decoder, err))
        return false;
    uint32_t width = decoder->widths[decoder->mini - 1];
    uint64_t delta = width ? load_delta(decoder->mini_data, decoder->mini_bit, width) : 0;
    decoder->mini_bit += width;
    decoder->mini_left--;
    decoder->last += decoder->min_delta + delta;
    return true;
}

bool cpl_delta_decoder_read(struct cpl_delta_decoder *decoder, int64_t *out, uint32_t n,
                            struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        if (!next_value(decoder, err))
            return false;
        out[i] = (int64_t)decoder->last;
    }
    return true;
}

/* Only block and miniblock headers need be looked at. */
bool cpl_delta_decoder_end(const struct cpl_delta_decoder *decoder, const uint8_t **end,
                           struct cpl_error *err)
{
    struct cpl_delta_decoder walk = *decoder;
    uint32_t left = walk.total ? walk.total - 1 : 0;
    while (left) {
        if (!start_mini(&walk, err))
            return false;
        left -= left < walk.mini_size ? left : walk.mini_size;
    }
    *end = walk.next;
    return true;
}

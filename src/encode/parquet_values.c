#include "encode/parquet_values.h"

#include <string.h>

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        *out++ = (uint8_t)(value | 0x80);
    *out++ = (uint8_t)value;
    return out;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

/* ---- RLE / bit-packing hybrid ---- */

static void put_literals(const struct cpl_parquet_kernels *k, const uint32_t *values, uint32_t n,
                         unsigned width, struct cpl_buffer *out)
{
    if (!n)
        return;
    uint32_t groups = (n + 7) / 8;
    uint8_t *at = put_varint(out->data + out->size, (uint64_t)groups << 1 | 1);
    k->pack32(values, (size_t)groups * 8, width, at);
    out->size = (size_t)(at - out->data) + (size_t)groups * width;
}

static void put_run(uint32_t value, uint64_t n, unsigned width, struct cpl_buffer *out)
{
    uint8_t *at = put_varint(out->data + out->size, n << 1);
    memcpy(at, &value, 4);
    out->size = (size_t)(at - out->data) + (width + 7) / 8;
}

static bool eight_equal(const uint32_t *v)
{
    uint32_t differ = 0;
    for (unsigned i = 1; i < 8; i++)
        differ |= v[i] ^ v[0];
    return !differ;
}

bool cpl_put_hybrid(const struct cpl_parquet_kernels *k, uint32_t *values, uint32_t n,
                    unsigned width, struct cpl_buffer *out, struct cpl_error *err)
{
    /* worst case: all literal, or runs of eight with their headers */
    if (!cpl_buffer_reserve(out, (size_t)n / 8 * (width + 6) + width + 64, err))
        return false;
    memset(values + n, 0, 8 * sizeof *values);
    uint32_t literal = 0, i = 0;
    while (i + 8 <= n) {
        if (!eight_equal(values + i)) {
            i += 8;
            continue;
        }
        size_t run = k->run(values + i, n - i);
        if (run < 16 && width <= 8 &&
            i > literal) { /* a short run inside literals costs more than it saves */
            i += 8;
            continue;
        }
        put_literals(k, values + literal, i - literal, width, out);
        put_run(values[i], run, width, out);
        i += (uint32_t)run;
        literal = i;
    }
    put_literals(k, values + literal, n - literal, width, out);
    return true;
}

bool cpl_put_constant_levels(uint32_t level, uint32_t n, unsigned max, struct cpl_buffer *out,
                             struct cpl_error *err)
{
    if (!cpl_buffer_reserve(out, 16, err))
        return false;
    if (n)
        put_run(level, n, cpl_bit_width(max), out);
    return true;
}

bool cpl_put_levels(const struct cpl_parquet_kernels *k, const uint8_t *levels, uint32_t n,
                    unsigned max, struct cpl_buffer *out, struct cpl_error *err)
{
    uint32_t *wide = cpl_alloc((n + 8) * sizeof *wide, err);
    if (!wide)
        return false;
    for (uint32_t i = 0; i < n; i++)
        wide[i] = levels[i];
    bool ok = cpl_put_hybrid(k, wide, n, cpl_bit_width(max), out, err);
    cpl_free(wide);
    return ok;
}

/* ---- delta binary packed ---- */

static void pack64(const uint64_t *values, unsigned width, uint8_t *out)
{
    uint64_t word = 0;
    unsigned filled = 0;
    for (unsigned i = 0; i < 32; i++) {
        word |= values[i] << filled;
        if (filled + width >= 64) {
            memcpy(out, &word, 8);
            out += 8;
            unsigned used = 64 - filled;
            word = used < 64 ? values[i] >> used : 0;
            filled = filled + width - 64;
            if (!filled)
                word = 0;
        } else {
            filled += width;
        }
    }
    memcpy(out, &word, (filled + 7) / 8);
}

static uint8_t *put_miniblock(const struct cpl_parquet_kernels *k, const uint64_t *rest,
                              unsigned width, uint8_t *out)
{
    if (!width)
        return out;
    if (width > 32) {
        pack64(rest, width, out);
        return out + 4 * (size_t)width;
    }
    uint32_t narrow[32];
    for (unsigned i = 0; i < 32; i++)
        narrow[i] = (uint32_t)rest[i];
    k->pack32(narrow, 32, width, out);
    return out + 4 * (size_t)width;
}

/* INT32 deltas live in 32 bits: a difference beyond wraps, as its reader's sum will. */
static int64_t narrow_deltas(const int64_t *values, uint32_t n, uint8_t widths[4], uint64_t *rest)
{
    int64_t least = INT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        int32_t delta = (int32_t)((uint32_t)values[i] - (uint32_t)(values - 1)[i]);
        rest[i] = (uint64_t)(int64_t)delta;
        least = delta < least ? delta : least;
    }
    memset(widths, 0, 4);
    for (uint32_t i = 0; i < 128; i++) {
        rest[i] = i < n ? (uint32_t)((uint32_t)rest[i] - (uint32_t)least) : 0;
        unsigned width = cpl_bit_width((uint32_t)rest[i]);
        if (width > widths[i / 32])
            widths[i / 32] = (uint8_t)width;
    }
    return least;
}

static bool fits_32(const int64_t *values, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t delta = values[i] - (values - 1)[i];
        if (delta != (int32_t)delta)
            return false;
    }
    return true;
}

bool cpl_put_delta(const struct cpl_parquet_kernels *k, const int64_t *values, uint32_t n,
                   unsigned bytes, struct cpl_buffer *out, struct cpl_error *err)
{
    uint64_t rest[128 + 8];
    if (!cpl_buffer_reserve(out, ((size_t)n + 255) / 128 * (128 * 8 + 16) + 64, err))
        return false;
    uint8_t *at = out->data + out->size;
    at = put_varint(at, 128);
    at = put_varint(at, 4);
    at = put_varint(at, n);
    at = put_varint(at, zigzag(!n           ? 0
                               : bytes == 4 ? (int32_t)values[0]
                                            : values[0])); /* unsigned ones wrap */
    for (uint32_t first = 1; first < n; first += 128) {
        uint32_t left = n - first < 128 ? n - first : 128, minis = (left + 31) / 32;
        uint8_t widths[4];
        bool wraps = bytes == 4 && !fits_32(values + first, left);
        int64_t least = wraps ? narrow_deltas(values + first, left, widths, rest)
                              : k->deltas(values + first, left, widths, rest);
        at = put_varint(at, zigzag(least));
        memcpy(at, widths, 4);
        at += 4;
        for (uint32_t mini = 0; mini < minis; mini++)
            at = put_miniblock(k, rest + 32 * mini, widths[mini], at);
    }
    out->size = (size_t)(at - out->data);
    return true;
}

uint64_t cpl_delta_size(const struct cpl_parquet_kernels *k, const int64_t *values, uint32_t n)
{
    uint64_t size = 0, rest[128];
    for (uint32_t first = 1; first < n; first += 128) {
        uint32_t left = n - first < 128 ? n - first : 128;
        uint8_t widths[4], scratch[10];
        int64_t least = k->deltas(values + first, left, widths, rest);
        size += (uint64_t)(put_varint(scratch, zigzag(least)) - scratch) + 4;
        for (uint32_t mini = 0; mini < (left + 31) / 32; mini++)
            size += 4u * widths[mini];
    }
    return size;
}

/* ---- plain and byte stream split ---- */

bool cpl_put_plain(const int64_t *values, uint32_t n, unsigned bytes, struct cpl_buffer *out,
                   struct cpl_error *err)
{
    if (!cpl_buffer_reserve(out, (size_t)n * bytes, err))
        return false;
    uint8_t *at = out->data + out->size;
    if (n == 0) /* a page of nulls only */
        return true;
    if (bytes == 8)
        memcpy(at, values, (size_t)n * 8);
    else
        for (uint32_t i = 0; i < n; i++) {
            int32_t narrow = (int32_t)values[i];
            memcpy(at + 4 * (size_t)i, &narrow, 4);
        }
    out->size += (size_t)n * bytes;
    return true;
}

bool cpl_put_stream_split(const int64_t *values, uint32_t n, unsigned bytes, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    if (!cpl_buffer_reserve(out, (size_t)n * bytes, err))
        return false;
    uint8_t *at = out->data + out->size;
    for (unsigned b = 0; b < bytes; b++)
        for (uint32_t i = 0; i < n; i++)
            at[(size_t)b * n + i] = (uint8_t)((uint64_t)values[i] >> 8 * b);
    out->size += (size_t)n * bytes;
    return true;
}

/* ---- byte arrays ---- */

bool cpl_put_plain_bytes(const uint8_t *bytes, const uint32_t *lengths, uint32_t n,
                         struct cpl_buffer *out, struct cpl_error *err)
{
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += lengths[i];
    if (!cpl_buffer_reserve(out, total + 4 * (size_t)n, err))
        return false;
    uint8_t *at = out->data + out->size;
    for (uint32_t i = 0; i < n; i++) {
        memcpy(at, &lengths[i], 4);
        memcpy(at + 4, bytes, lengths[i]);
        at += 4 + (size_t)lengths[i];
        bytes += lengths[i];
    }
    out->size = (size_t)(at - out->data);
    return true;
}

static bool put_lengths(const struct cpl_parquet_kernels *k, const uint32_t *lengths, uint32_t n,
                        struct cpl_buffer *out, struct cpl_error *err)
{
    int64_t *wide = cpl_alloc((size_t)n * sizeof *wide, err);
    if (!wide)
        return false;
    for (uint32_t i = 0; i < n; i++)
        wide[i] = lengths[i];
    bool ok = cpl_put_delta(k, wide, n, 4, out, err);
    cpl_free(wide);
    return ok;
}

bool cpl_put_delta_length(const struct cpl_parquet_kernels *k, const uint8_t *bytes, size_t size,
                          const uint32_t *lengths, uint32_t n, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    return put_lengths(k, lengths, n, out, err) && cpl_buffer_append(out, bytes, size, err);
}

static uint32_t shared(const uint8_t *a, uint32_t a_length, const uint8_t *b, uint32_t b_length)
{
    uint32_t most = a_length < b_length ? a_length : b_length, i = 0;
    while (i < most && a[i] == b[i])
        i++;
    return i;
}

uint64_t cpl_shared_prefixes(const uint8_t *bytes, const uint32_t *lengths, uint32_t n)
{
    uint64_t total = 0;
    for (uint32_t i = 1; i < n; i++) {
        const uint8_t *next = bytes + lengths[i - 1];
        total += shared(bytes, lengths[i - 1], next, lengths[i]);
        bytes = next;
    }
    return total;
}

bool cpl_put_delta_bytes(const struct cpl_parquet_kernels *k, const uint8_t *bytes,
                         const uint32_t *lengths, uint32_t n, struct cpl_buffer *out,
                         struct cpl_error *err)
{
    uint32_t *prefixes = cpl_alloc((size_t)n * sizeof *prefixes, err);
    uint32_t *suffixes = prefixes ? cpl_alloc((size_t)n * sizeof *suffixes, err) : NULL;
    struct cpl_buffer tail = {0};
    bool ok = suffixes != NULL;
    const uint8_t *before = bytes;
    for (uint32_t i = 0; ok && i < n; i++) {
        prefixes[i] = i ? shared(before, lengths[i - 1], bytes, lengths[i]) : 0;
        suffixes[i] = lengths[i] - prefixes[i];
        ok = cpl_buffer_append(&tail, bytes + prefixes[i], suffixes[i], err);
        before = bytes;
        bytes += lengths[i];
    }
    ok = ok && put_lengths(k, prefixes, n, out, err) &&
         cpl_put_delta_length(k, tail.data, tail.size, suffixes, n, out, err);
    cpl_buffer_release(&tail);
    cpl_free(suffixes);
    cpl_free(prefixes);
    return ok;
}

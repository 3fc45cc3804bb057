/* Bodies of the kernels; the including file defines KERNELS, the name of its table. */
#include "encode/parquet_kernels.h"

#include <string.h>
#if defined(__BMI2__)
#include <immintrin.h>
#endif

static inline void store64(uint8_t *out, uint64_t word)
{
    memcpy(out, &word, 8);
}

/* Any width up to 32, eight values at a time through one accumulator. */
static void pack_any(const uint32_t *values, size_t n, unsigned width, uint8_t *out)
{
    for (size_t i = 0; i < n; i += 8, out += width) {
        uint64_t word = 0;
        unsigned filled = 0;
        uint8_t *at = out;
        for (unsigned k = 0; k < 8; k++) {
            word |= (uint64_t)values[i + k] << filled;
            filled += width;
            if (filled >= 32) {
                memcpy(at, &word, 4);
                at += 4;
                word >>= 32;
                filled -= 32;
            }
        }
        memcpy(at, &word, (filled + 7) / 8);
    }
}

#if defined(__BMI2__)
/* Up to 8 bits: eight values fit one word, and pext squeezes the gaps out. */
static void pack_8(const uint32_t *values, size_t n, unsigned width, uint8_t *out)
{
    uint64_t keep = 0x0101010101010101ull * ((1u << width) - 1);
    for (size_t i = 0; i < n; i += 8, out += width) {
        uint8_t bytes[8];
        for (unsigned k = 0; k < 8; k++)
            bytes[k] = (uint8_t)values[i + k];
        uint64_t word;
        memcpy(&word, bytes, 8);
        store64(out, _pext_u64(word, keep));
    }
}

static void pack_16(const uint32_t *values, size_t n, unsigned width, uint8_t *out)
{
    uint64_t keep = 0x0001000100010001ull * ((1u << width) - 1);
    unsigned half = 4 * width; /* 36..64 bits */
    for (size_t i = 0; i < n; i += 8, out += width) {
        uint16_t words[8];
        for (unsigned k = 0; k < 8; k++)
            words[k] = (uint16_t)values[i + k];
        uint64_t low, high;
        memcpy(&low, words, 8);
        memcpy(&high, words + 4, 8);
        low = _pext_u64(low, keep);
        high = _pext_u64(high, keep);
        store64(out, half < 64 ? low | high << half : low);
        store64(out + 8, half < 64 ? high >> (64 - half) : high);
    }
}

static void pack32(const uint32_t *values, size_t n, unsigned width, uint8_t *out)
{
    if (width == 0)
        return;
    if (width <= 8)
        pack_8(values, n, width, out);
    else if (width <= 16)
        pack_16(values, n, width, out);
    else
        pack_any(values, n, width, out);
}
#else
static void pack32(const uint32_t *values, size_t n, unsigned width, uint8_t *out)
{
    if (width)
        pack_any(values, n, width, out);
}
#endif

static void bounds(const int64_t *values, size_t n, int64_t *min, int64_t *max)
{
    int64_t least = *min, most = *max;
    for (size_t i = 0; i < n; i++) {
        least = values[i] < least ? values[i] : least;
        most = values[i] > most ? values[i] : most;
    }
    *min = least;
    *max = most;
}

static unsigned bits_of(uint64_t any)
{
    return any ? 64 - (unsigned)__builtin_clzll(any) : 0;
}

static int64_t deltas(const int64_t *values, size_t n, uint8_t widths[4], uint64_t *rest)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        int64_t delta = (int64_t)((uint64_t)values[i] - (uint64_t)(values - 1)[i]);
        rest[i] = (uint64_t)delta;
        least = delta < least ? delta : least;
    }
    for (size_t i = 0; i < n; i++)
        rest[i] -= (uint64_t)least;
    for (size_t i = n; i < 128; i++)
        rest[i] = 0;
    for (size_t mini = 0; mini < 4; mini++) {
        uint64_t any = 0;
        for (size_t i = 0; i < 32; i++)
            any |= rest[32 * mini + i];
        widths[mini] = (uint8_t)bits_of(any);
    }
    return least;
}

static size_t run(const uint32_t *values, size_t n)
{
    size_t i = 1;
    while (i < n && values[i] == values[0])
        i++;
    return i;
}

static void widen32(const int32_t *values, size_t n, int64_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = values[i];
}

const struct cpl_parquet_kernels KERNELS = {
    .pack32 = pack32, .bounds = bounds, .deltas = deltas, .run = run, .widen32 = widen32};

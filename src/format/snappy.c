#include "format/snappy.h"
#include "base/cpu.h"

#include <snappy-c.h>
#include <stdbool.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#if defined(__SSE2__)
static inline uint64_t equal_mask(const uint8_t *a, const uint8_t *b)
{
    __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)a),
                                   _mm_loadu_si128((const __m128i *)(const void *)b));
    return (uint64_t)_mm_movemask_epi8(equal);
}

static inline uint32_t equal_bytes(const uint8_t *a, const uint8_t *b)
{
    uint64_t equal = equal_mask(a, b) | equal_mask(a + 16, b + 16) << 16;
    return (uint32_t)__builtin_ctzll(~equal);
}
#else
static inline uint32_t equal_bytes(const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 0; i < 32; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, sizeof x);
        memcpy(&y, b + i, sizeof y);
        if (x != y)
            return i + (unsigned)__builtin_ctzll(x ^ y) / 8;
    }
    return 32;
}
#endif

static inline size_t put_copies(const uint32_t *found, size_t n, uint8_t **out, size_t *misses)
{
    uint8_t *to = *out;
    size_t i = 0;
    *misses = 0;
    for (; i < n && found[i] >= 4 << 16; i++) {
        uint32_t offset = found[i] & 0xffff, length = found[i] >> 16;
        uint32_t is_short = ((length - 12) & (offset - 2048)) >> 31; /* both negative */
        uint32_t three = 4 * length - 2 + (offset << 8);
        uint32_t two = (offset >> 8 << 5) + 4 * length - 15 + ((offset & 255) << 8);
        uint32_t copy = three ^ ((three ^ two) & (0 - is_short));
        memcpy(to, &copy, sizeof copy);
        to += 3 - is_short;
    }
    *out = to;
    return i;
}

#include "format/snappy_lanes.h"

enum { PROBE = 16 << 10, SMALLEST = 256 << 10, LONG_MATCH = 9 };

uint8_t *cpl_snappy_round(const uint8_t *in, size_t size, uint8_t *out,
                          struct cpl_snappy_scratch *scratch)
{
    return snappy_round(in, size, out, scratch);
}

#if !defined(__x86_64__)
#define cpl_snappy_round_avx512 cpl_snappy_round
#endif

size_t cpl_snappy_bound(size_t size)
{
    return snappy_max_compressed_length(size) + 64;
}

static uint8_t *put_length(size_t size, uint8_t *out)
{
    for (; size >= 128; size >>= 7)
        *out++ = (uint8_t)(size | 128);
    *out++ = (uint8_t)size;
    return out;
}

/* The library's elements, without the length in front; NULL when it fails. */
static uint8_t *by_library(const uint8_t *in, size_t size, uint8_t *out)
{
    size_t room = snappy_max_compressed_length(size), prefix = 1;
    if (snappy_compress((const char *)in, size, (char *)out, &room) != SNAPPY_OK)
        return NULL;
    while (out[prefix - 1] & 128)
        prefix++;
    memmove(out, out + prefix, room - prefix);
    return out + room - prefix;
}

/* Many short matches: what lanes are good for. Looks at elements [from, to). */
static bool is_our_kind(const uint8_t *from, const uint8_t *to)
{
    size_t copies = 0, copied = 0, literals = 0;
    while (from < to) {
        size_t tag = *from, n = tag >> 2;
        if ((tag & 3) == 0) {
            size_t wide = n < 60 ? 0 : n - 59; /* bytes of a long length */
            for (size_t i = 0, value = 0; i < wide; i++, n = value)
                value |= (size_t)from[1 + i] << (8 * i);
            literals += n + 1;
            from += 1 + wide + n + 1;
        } else {
            copied += (tag & 3) == 1 ? 4 + (n & 7) : n + 1;
            copies++;
            from += (tag & 3) == 1 ? 2 : 3;
        }
    }
    return copied > 4 * literals && copied < LONG_MATCH * copies;
}

size_t cpl_snappy_compress(const uint8_t *in, size_t size, uint8_t *out,
                           struct cpl_snappy_scratch *scratch)
{
    uint8_t *(*round)(const uint8_t *, size_t, uint8_t *, struct cpl_snappy_scratch *) =
        cpl_cpu_level() >= CPL_CPU_AVX512 ? cpl_snappy_round_avx512 : cpl_snappy_round;
    uint8_t *to = put_length(size, out), *end;
    /* the middle tells: a page may begin with the lengths of its texts */
    if (size >= SMALLEST && (end = by_library(in + size / 2, PROBE, to)) && is_our_kind(to, end)) {
        size_t rounds = (size + CPL_SNAPPY_ROUND - 1) / CPL_SNAPPY_ROUND;
        for (; rounds; rounds--) {
            size_t n = size / rounds;
            to = round(in, n, to, scratch);
            in += n;
            size -= n;
        }
    }
    if (size && !(to = by_library(in, size, to)))
        return 0;
    return (size_t)(to - out);
}

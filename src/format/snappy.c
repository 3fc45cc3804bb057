#include "format/snappy.h"
#include "base/cpu.h"

#include <snappy-c.h>
#include <stdbool.h>
#include <string.h>

static inline uint64_t equal_bytes(const uint8_t *a, const uint8_t *b)
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

#include "format/snappy_parse.h"

enum { PAIR = 2 * CPL_SNAPPY_FRAGMENT, PROBE = 16 << 10, SMALLEST = 256 << 10, LONG_MATCH = 9 };

uint8_t *cpl_snappy_pair(const uint8_t *in, size_t first, size_t second, uint8_t *out,
                         struct cpl_snappy_scratch *scratch)
{
    return snappy_two(in, first, second, out, scratch);
}

#if !defined(__x86_64__)
#define cpl_snappy_pair_avx2 cpl_snappy_pair
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

/* Many short matches: what two fragments in turns are good for. Looks at elements [from, to). */
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
    uint8_t *(*pair)(const uint8_t *, size_t, size_t, uint8_t *, struct cpl_snappy_scratch *) =
        cpl_cpu_level() >= CPL_CPU_AVX2 ? cpl_snappy_pair_avx2 : cpl_snappy_pair;
    uint8_t *to = put_length(size, out);
    /* the middle tells: a page may begin with the lengths of its texts */
    if (size >= SMALLEST &&
        is_our_kind(to, pair(in + size / 2, PROBE / 2, PROBE / 2, to, scratch))) {
        for (size_t n = PAIR; size >= n; size -= n, in += n)
            to = pair(in, n / 2, n / 2, to, scratch);
    }
    if (size && !(to = by_library(in, size, to)))
        return 0;
    return (size_t)(to - out);
}

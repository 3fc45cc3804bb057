/* The CSV scan for any machine: eight bytes at a time in ordinary registers. */
#include "decode/csv_scan.h"

#include <string.h>

struct csv_masks {
    uint64_t quote, separator, newline, cr, high;
};

/* One bit a byte: set where the byte of `word` is zero. */
static inline uint64_t zero_bytes(uint64_t word)
{
    uint64_t low7 = 0x7F7F7F7F7F7F7F7Full;
    uint64_t zero = ~(((word & low7) + low7) | word | low7);
    return (zero >> 7) * 0x0102040810204080ull >> 56;
}

static inline struct csv_masks csv_masks(const uint8_t *data, const struct cpl_csv_scan *scan)
{
    struct csv_masks m = {0};
    const uint64_t ones = 0x0101010101010101ull;
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word;
        memcpy(&word, data + 8 * i, 8);
        uint64_t newline = zero_bytes(word ^ ones * scan->newline);
        m.newline |= newline << 8 * i;
        m.separator |= (newline | zero_bytes(word ^ ones * scan->delimiter)) << 8 * i;
        if (scan->quote)
            m.quote |= zero_bytes(word ^ ones * scan->quote) << 8 * i;
        m.cr |= zero_bytes(word ^ ones * '\r') << 8 * i;
        m.high |= ((word & 0x8080808080808080ull) >> 7) * 0x0102040810204080ull >> 56 << 8 * i;
    }
    return m;
}

static inline uint64_t csv_prefix_xor(uint64_t mask)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        mask ^= mask << shift;
    return mask;
}

static inline uint32_t *csv_emit(uint32_t *out, uint32_t base, uint64_t mask)
{
    for (; mask; mask &= mask - 1)
        *out++ = base + (uint32_t)__builtin_ctzll(mask);
    return out;
}

#define CSV_SCAN cpl_csv_scan_portable
#include "decode/csv_scan_impl.h"

/* The CSV scan for AVX2. */
#include "decode/csv_scan.h"
#if defined(__x86_64__)
#include <immintrin.h>

struct csv_masks {
    uint64_t quote, separator, newline, cr, high;
};

static inline uint64_t pair(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

static inline uint64_t equal(__m256i low, __m256i high, uint8_t byte)
{
    __m256i wanted = _mm256_set1_epi8((char)byte);
    return pair(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
}

static inline struct csv_masks csv_masks(const uint8_t *data, const struct cpl_csv_scan *scan)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)data),
            high = _mm256_loadu_si256((const __m256i *)(data + 32));
    uint64_t newline = equal(low, high, scan->newline);
    return (struct csv_masks){
        .quote = scan->quote ? equal(low, high, scan->quote) : 0,
        .separator = newline | equal(low, high, scan->delimiter),
        .newline = newline,
        .cr = equal(low, high, '\r'),
        .high = pair(low, high),
    };
}

static inline uint64_t csv_prefix_xor(uint64_t mask)
{
    __m128i ones = _mm_set1_epi8((char)0xFF);
    return (uint64_t)_mm_cvtsi128_si64(
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)mask), ones, 0));
}

static inline uint32_t *csv_emit(uint32_t *out, uint32_t base, uint64_t mask)
{
    for (; mask; mask &= mask - 1)
        *out++ = base + (uint32_t)__builtin_ctzll(mask);
    return out;
}

#define CSV_SCAN cpl_csv_scan_avx2
#include "decode/csv_scan_impl.h"
#endif

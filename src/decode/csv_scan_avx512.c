/* The CSV scan for AVX-512 with VBMI2 (compressing stores) and carry-less multiply. */
#include "decode/csv_scan.h"
#if defined(__x86_64__)
#include <immintrin.h>

struct csv_masks {
    uint64_t quote, separator, newline, cr, high;
};

static inline struct csv_masks csv_masks(const uint8_t *data, const struct cpl_csv_scan *scan)
{
    __m512i bytes = _mm512_loadu_si512(data);
    uint64_t newline = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)scan->newline));
    return (struct csv_masks){
        .quote = scan->quote ? _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)scan->quote))
                             : 0,
        .separator = newline |
                     _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8((char)scan->delimiter)),
        .newline = newline,
        .cr = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\r')),
        .high = _mm512_movepi8_mask(bytes),
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
    const __m512i iota = _mm512_set_epi8(
        63, 62, 61, 60, 59, 58, 57, 56, 55, 54, 53, 52, 51, 50, 49, 48, 47, 46, 45, 44, 43, 42, 41,
        40, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18,
        17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    __m512i packed = _mm512_maskz_compress_epi8(mask, iota), bases = _mm512_set1_epi32((int)base);
    unsigned count = (unsigned)__builtin_popcountll(mask);
    _mm512_storeu_si512(
        out, _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_castsi512_si128(packed))));
    if (__builtin_expect(count > 16, 0)) {
        _mm512_storeu_si512(
            out + 16,
            _mm512_add_epi32(bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 1))));
        if (count > 32) {
            _mm512_storeu_si512(
                out + 32, _mm512_add_epi32(
                              bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 2))));
            _mm512_storeu_si512(
                out + 48, _mm512_add_epi32(
                              bases, _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(packed, 3))));
        }
    }
    return out + count;
}

#define CSV_SCAN cpl_csv_scan_avx512
#include "decode/csv_scan_impl.h"
#endif

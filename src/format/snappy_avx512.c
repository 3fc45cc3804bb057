/* A round with 32 bytes compared at once, and sixteen copies written at once. */
#include "format/snappy.h"
#if defined(__x86_64__)
#include <immintrin.h>

static inline uint32_t equal_bytes(const uint8_t *a, const uint8_t *b)
{
    return _tzcnt_u32(
        _mm256_cmpneq_epi8_mask(_mm256_loadu_si256((const __m256i *)(const void *)a),
                                _mm256_loadu_si256((const __m256i *)(const void *)b)));
}

/* In each 32 bits a copy of three bytes, or of two: length 4 to 11, offset below 2048. */
static inline __m512i copies_of(__m512i found, __mmask16 is_short)
{
    __m512i offset = _mm512_and_si512(found, _mm512_set1_epi32(0xffff));
    __m512i four = _mm512_slli_epi32(_mm512_srli_epi32(found, 16), 2); /* times the length */
    __m512i up = _mm512_slli_epi32(offset, 8);
    __m512i two = _mm512_or_si512(_mm512_slli_epi32(_mm512_srli_epi32(offset, 8), 5),
                                  _mm512_and_si512(up, _mm512_set1_epi32(0xff00)));
    return _mm512_mask_add_epi32(_mm512_add_epi32(up, _mm512_sub_epi32(four, _mm512_set1_epi32(2))),
                                 is_short, two, _mm512_sub_epi32(four, _mm512_set1_epi32(15)));
}

static inline size_t put_copies(const uint32_t *from, size_t n, uint8_t **out, size_t *misses)
{
    __m512i found = _mm512_loadu_si512(from);
    uint32_t miss = _mm512_cmplt_epu32_mask(found, _mm512_set1_epi32(4 << 16));
    size_t k = _tzcnt_u32(miss | 1u << 16);
    k = k < n ? k : n;
    *misses = _tzcnt_u32(~(miss >> k));
    __mmask16 is_short = _mm512_mask_cmplt_epu32_mask(
        _mm512_cmplt_epu32_mask(found, _mm512_set1_epi32(12 << 16)),
        _mm512_and_si512(found, _mm512_set1_epi32(0xffff)), _mm512_set1_epi32(2048));
    __m512i sizes = _mm512_mask_mov_epi32(_mm512_set1_epi32(0x03030303), is_short,
                                          _mm512_set1_epi32(0x02020202));
    __mmask64 bytes = _mm512_cmplt_epu8_mask(_mm512_set1_epi32(0x03020100), sizes);
    bytes = _bzhi_u64(bytes, (unsigned)(4 * k));
    _mm512_storeu_si512(*out, _mm512_maskz_compress_epi8(bytes, copies_of(found, is_short)));
    *out += _mm_popcnt_u64(bytes);
    return k;
}

#include "format/snappy_lanes.h"

uint8_t *cpl_snappy_round_avx512(const uint8_t *in, size_t size, uint8_t *out,
                                 struct cpl_snappy_scratch *scratch)
{
    return snappy_round(in, size, out, scratch);
}
#endif

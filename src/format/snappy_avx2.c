/* The pair of fragments with 32 bytes compared at once. */
#include "format/snappy.h"
#if defined(__x86_64__)
#include <immintrin.h>

static inline uint64_t equal_bytes(const uint8_t *a, const uint8_t *b)
{
    __m256i equal = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)a),
                                      _mm256_loadu_si256((const __m256i *)(const void *)b));
    return _tzcnt_u32(~(uint32_t)_mm256_movemask_epi8(equal));
}

#include "format/snappy_parse.h"

uint8_t *cpl_snappy_pair_avx2(const uint8_t *in, size_t first, size_t second, uint8_t *out,
                              struct cpl_snappy_scratch *scratch)
{
    return snappy_two(in, first, second, out, scratch);
}
#endif

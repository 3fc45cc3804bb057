/* UTF-8 validation, 32 bytes at a time; see utf8.h for the method. */
#include "decode/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

struct check {
    __m256i previous; /* the block before */
    __m256i error;    /* any bit set: invalid */
    __m256i first_high, first_low, second_high;
};

static inline __m256i table(const uint8_t entries[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)entries));
}

static inline __m256i high_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

static inline void check_block(struct check *check, __m256i block)
{
    __m256i carried = _mm256_permute2x128_si256(check->previous, block, 0x21);
    __m256i one_before = _mm256_alignr_epi8(block, carried, 15);
    __m256i two_before = _mm256_alignr_epi8(block, carried, 14);
    __m256i three_before = _mm256_alignr_epi8(block, carried, 13);
    __m256i low = _mm256_and_si256(one_before, _mm256_set1_epi8(0x0F));
    __m256i wrong = _mm256_and_si256(
        _mm256_and_si256(_mm256_shuffle_epi8(check->first_high, high_nibbles(one_before)),
                         _mm256_shuffle_epi8(check->first_low, low)),
        _mm256_shuffle_epi8(check->second_high, high_nibbles(block)));
    /* Third and fourth bytes must be continuations, and then TWO_CONTS is right. */
    __m256i third = _mm256_subs_epu8(two_before, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(three_before, _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i expected = _mm256_and_si256(_mm256_or_si256(third, fourth),
                                        _mm256_set1_epi8((char)0x80));
    check->error = _mm256_or_si256(check->error, _mm256_xor_si256(wrong, expected));
    check->previous = block;
}

/* A sequence that the end of the previous block leaves open, when an ASCII block follows. */
static inline __m256i left_open(__m256i previous)
{
    const __m256i most = _mm256_setr_epi8(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                          -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                          -1, (char)0xEF, (char)0xDF, (char)0xBF);
    return _mm256_subs_epu8(previous, most);
}

bool cpl_utf8_valid_avx2(const uint8_t *data, size_t size)
{
    static const uint8_t first_high[16] = {CPL_UTF8_FIRST_HIGH};
    static const uint8_t first_low[16] = {CPL_UTF8_FIRST_LOW};
    static const uint8_t second_high[16] = {CPL_UTF8_SECOND_HIGH};
    struct check check = {.previous = _mm256_setzero_si256(),
                          .error = _mm256_setzero_si256(),
                          .first_high = table(first_high),
                          .first_low = table(first_low),
                          .second_high = table(second_high)};
    size_t i = 0;
    for (; size - i >= 128; i += 128) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(data + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(data + i + 32));
        __m256i c = _mm256_loadu_si256((const __m256i *)(const void *)(data + i + 64));
        __m256i d = _mm256_loadu_si256((const __m256i *)(const void *)(data + i + 96));
        __m256i any = _mm256_or_si256(_mm256_or_si256(a, b), _mm256_or_si256(c, d));
        if (!_mm256_movemask_epi8(any)) {
            check.error = _mm256_or_si256(check.error, left_open(check.previous));
            check.previous = d;
            continue;
        }
        check_block(&check, a);
        check_block(&check, b);
        check_block(&check, c);
        check_block(&check, d);
        if (!_mm256_testz_si256(check.error, check.error))
            return false;
    }
    for (; i < size; i += 32) {
        uint8_t rest[32] = {0};
        memcpy(rest, data + i, size - i < 32 ? size - i : 32);
        check_block(&check, _mm256_loadu_si256((const __m256i *)(const void *)rest));
    }
    check.error = _mm256_or_si256(check.error, left_open(check.previous));
    return _mm256_testz_si256(check.error, check.error);
}
#endif

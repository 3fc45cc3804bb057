/* UTF-8 validation, 64 bytes at a time; see utf8.h for the method. */
#include "decode/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>

struct check {
    __m512i previous; /* the block before */
    __m512i error;    /* any bit set: invalid */
    __m512i first_high, first_low, second_high;
};

static inline __m512i table(const uint8_t entries[16])
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)entries));
}

static inline __m512i high_nibbles(__m512i bytes)
{
    return _mm512_and_si512(_mm512_srli_epi16(bytes, 4), _mm512_set1_epi8(0x0F));
}

/* block, moved up by 1 to 3 bytes, with the last bytes of the previous one in front */
static inline __m512i shifted(__m512i carried, __m512i block, int bytes)
{
    switch (bytes) {
    case 1:
        return _mm512_alignr_epi8(block, carried, 15);
    case 2:
        return _mm512_alignr_epi8(block, carried, 14);
    default:
        return _mm512_alignr_epi8(block, carried, 13);
    }
}

static inline void check_block(struct check *check, __m512i block)
{
    /* each 16-byte lane of `carried` is the lane before that of `block` */
    __m512i carried = _mm512_alignr_epi64(block, check->previous, 6);
    __m512i one_before = shifted(carried, block, 1);
    __m512i low = _mm512_and_si512(one_before, _mm512_set1_epi8(0x0F));
    __m512i a = _mm512_shuffle_epi8(check->first_high, high_nibbles(one_before));
    __m512i b = _mm512_shuffle_epi8(check->first_low, low);
    __m512i c = _mm512_shuffle_epi8(check->second_high, high_nibbles(block));
    __m512i wrong = _mm512_ternarylogic_epi64(a, b, c, 0x80); /* a & b & c */
    /* Third and fourth bytes must be continuations, and then TWO_CONTS is right. */
    __m512i third = _mm512_subs_epu8(shifted(carried, block, 2), _mm512_set1_epi8(0xE0 - 0x80));
    __m512i fourth = _mm512_subs_epu8(shifted(carried, block, 3),
                                      _mm512_set1_epi8((char)(0xF0 - 0x80)));
    __m512i expected = _mm512_and_si512(_mm512_or_si512(third, fourth),
                                        _mm512_set1_epi8((char)0x80));
    check->error = _mm512_or_si512(check->error, _mm512_xor_si512(wrong, expected));
    check->previous = block;
}

/* A sequence that the end of the previous block leaves open, when an ASCII block follows. */
static inline __m512i left_open(__m512i previous)
{
    const uint64_t tail = UINT64_C(
        0xBFDFEFFFFFFFFFFF); /* the last three bytes: at most EF, DF, BF */
    const __m512i most = _mm512_set_epi64((long long)tail, -1, -1, -1, -1, -1, -1, -1);
    return _mm512_subs_epu8(previous, most);
}

static inline bool any_bit(__m512i bits)
{
    return _mm512_test_epi64_mask(bits, bits) != 0;
}

bool cpl_utf8_valid_avx512(const uint8_t *data, size_t size)
{
    static const uint8_t first_high[16] = {CPL_UTF8_FIRST_HIGH};
    static const uint8_t first_low[16] = {CPL_UTF8_FIRST_LOW};
    static const uint8_t second_high[16] = {CPL_UTF8_SECOND_HIGH};
    struct check check = {.previous = _mm512_setzero_si512(),
                          .error = _mm512_setzero_si512(),
                          .first_high = table(first_high),
                          .first_low = table(first_low),
                          .second_high = table(second_high)};
    size_t i = 0;
    for (; size - i >= 256; i += 256) {
        __m512i a = _mm512_loadu_si512(data + i), b = _mm512_loadu_si512(data + i + 64);
        __m512i c = _mm512_loadu_si512(data + i + 128), d = _mm512_loadu_si512(data + i + 192);
        __m512i any = _mm512_or_si512(_mm512_or_si512(a, b), _mm512_or_si512(c, d));
        if (!_mm512_movepi8_mask(any)) {
            check.error = _mm512_or_si512(check.error, left_open(check.previous));
            check.previous = d;
            continue;
        }
        check_block(&check, a);
        check_block(&check, b);
        check_block(&check, c);
        check_block(&check, d);
        if (any_bit(check.error))
            return false;
    }
    for (; i < size; i += 64) {
        __mmask64 present = size - i < 64 ? ~UINT64_C(0) >> (64 - (size - i)) : ~UINT64_C(0);
        check_block(&check, _mm512_maskz_loadu_epi8(present, data + i));
    }
    check.error = _mm512_or_si512(check.error, left_open(check.previous));
    return !any_bit(check.error);
}
#endif

/* Column kernels with AVX-512: eight cells in eight 64-bit lanes.
 *
 * A cell of up to 16 bytes is loaded right-aligned as two words, `low` (its last 8 bytes) and `high`
 * (the 8 before): the last digit is always in the top byte of low, so that no lane needs a shift
 * by length, only a mask. A decimal point is squeezed out by moving the bytes before it up by one. */
#include "decode/csv_column.h"
#if defined(__x86_64__)
#include <immintrin.h>

typedef __m512i lanes;

struct number {     /* what eight cells hold */
    lanes mantissa; /* all digits as one integer, sign applied */
    lanes fraction; /* digits behind the point */
    lanes digits;   /* digits in all */
    __mmask8 ok, empty, has_point, negative;
};

static const int64_t powers[16] __attribute__((aligned(64))) = {1,
                                                                10,
                                                                100,
                                                                1000,
                                                                10000,
                                                                100000,
                                                                1000000,
                                                                10000000,
                                                                100000000,
                                                                1000000000,
                                                                10000000000,
                                                                100000000000,
                                                                1000000000000,
                                                                10000000000000,
                                                                100000000000000,
                                                                1000000000000000};

static inline lanes power_of_ten(lanes exponent)
{
    return _mm512_permutex2var_epi64(_mm512_load_si512(powers), exponent,
                                     _mm512_load_si512(powers + 8));
}

/* Bytes kept of a word of which only the last `count` belong to the cell (count ≥ 8: all; ≤ 0: none). */
static inline lanes keep_last(lanes count)
{
    lanes bits = _mm512_slli_epi64(
        _mm512_sub_epi64(_mm512_set1_epi64(8), _mm512_max_epi64(count, _mm512_setzero_si512())), 3);
    return _mm512_sllv_epi64(_mm512_set1_epi64(-1), _mm512_max_epi64(bits, _mm512_setzero_si512()));
}

/* Eight digit bytes (values 0..9, the first most significant) of each lane to a number. */
static inline lanes eight_digits(lanes bytes)
{
    lanes pairs = _mm512_maddubs_epi16(bytes, _mm512_set1_epi16(0x010A));
    lanes quads = _mm512_madd_epi16(pairs, _mm512_set1_epi32(0x00010064));
    return _mm512_add_epi64(_mm512_mul_epu32(quads, _mm512_set1_epi64(10000)),
                            _mm512_srli_epi64(quads, 32));
}

static inline __mmask8 any_byte_above_9(lanes bytes)
{
    return _mm512_test_epi64_mask(
        _mm512_movm_epi8(_mm512_cmpgt_epu8_mask(bytes, _mm512_set1_epi8(9))),
        _mm512_set1_epi64(-1));
}

/* Top bit of each byte that equals '.', in one word a lane. */
static inline lanes points(lanes word)
{
    return _mm512_and_si512(_mm512_movm_epi8(_mm512_cmpeq_epi8_mask(word, _mm512_set1_epi8('.'))),
                            _mm512_set1_epi64((int64_t)0x8080808080808080ull));
}

struct step {
    __m256i start, end;
    const uint32_t *ends; /* in memory; all eight are there when live is full */
    __mmask8 live;
};

/* The eight bytes in front of eight cells' ends, less `back`. Plain loads: a gather takes three times the work here. */
static inline lanes load_before(const uint8_t *data, const struct step *s, size_t back)
{
    const uint8_t *base = data - back;
    if (__builtin_expect(s->live != 0xFF, 0))
        return _mm512_i32gather_epi64(s->end, base, 1);
    const uint32_t *e = s->ends;
#define PAIR(i)                                                                                    \
    _mm_castpd_si128(_mm_loadh_pd(                                                                 \
        _mm_castsi128_pd(_mm_loadl_epi64((const __m128i *)(const void *)(base + e[i]))),           \
        (const double *)(const void *)(base + e[(i) + 1])))
    __m256i low = _mm256_inserti128_si256(_mm256_castsi128_si256(PAIR(0)), PAIR(2), 1);
    __m256i high = _mm256_inserti128_si256(_mm256_castsi128_si256(PAIR(4)), PAIR(6), 1);
#undef PAIR
    return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

static inline struct number parse(const uint8_t *data, const struct step *s, bool points_allowed)
{
    __m256i start32 = s->start, end32 = s->end;
    struct number r = {.fraction = _mm512_setzero_si512()};
    lanes length = _mm512_cvtepi32_epi64(_mm256_sub_epi32(end32, start32)),
          eight = _mm512_set1_epi64(8);
    lanes low = load_before(data, s, 8), high = _mm512_setzero_si512();
    __mmask8 two = _mm512_cmpgt_epi64_mask(length, eight);
    if (two)
        high = _mm512_maskz_mov_epi64(two, load_before(data, s, 16));
    r.empty = _mm512_cmple_epi64_mask(length, _mm512_setzero_si512());
    __mmask8 wide = _mm512_cmpgt_epi64_mask(length, _mm512_set1_epi64(16));

    lanes back = _mm512_slli_epi64(length, 3);
    lanes first_low = _mm512_srlv_epi64(low, _mm512_sub_epi64(_mm512_set1_epi64(64), back));
    lanes first_high = _mm512_srlv_epi64(high, _mm512_sub_epi64(_mm512_set1_epi64(128), back));
    lanes first = _mm512_and_si512(_mm512_mask_blend_epi64(two, first_low, first_high),
                                   _mm512_set1_epi64(0xFF));
    r.negative = _mm512_cmpeq_epi64_mask(first, _mm512_set1_epi64('-'));
    lanes count = _mm512_mask_sub_epi64(length, r.negative, length,
                                        _mm512_set1_epi64(1)); /* digits and point */

    if (points_allowed) {
        lanes point = _mm512_and_si512(points(low), keep_last(count));
        r.has_point = _mm512_test_epi64_mask(point, point);
        lanes fraction = _mm512_srli_epi64(_mm512_lzcnt_epi64(point), 3);
        r.fraction = _mm512_maskz_mov_epi64(r.has_point, fraction);
        lanes behind = keep_last(r.fraction);
        lanes shifted = _mm512_or_si512(_mm512_slli_epi64(low, 8), _mm512_srli_epi64(high, 56));
        low = _mm512_mask_ternarylogic_epi64(low, r.has_point, behind, shifted,
                                             0xE2 /* behind ? low : shifted */);
        high = _mm512_mask_slli_epi64(high, r.has_point, high, 8);
        count = _mm512_mask_sub_epi64(count, r.has_point, count, _mm512_set1_epi64(1));
    }
    r.digits = count;
    lanes zeros = _mm512_set1_epi8('0');
    low = _mm512_and_si512(_mm512_sub_epi8(low, zeros), keep_last(count));
    __mmask8 bad = any_byte_above_9(low);
    r.mantissa = eight_digits(low);
    if (two) {
        high = _mm512_and_si512(_mm512_sub_epi8(high, zeros),
                                keep_last(_mm512_sub_epi64(count, eight)));
        bad |= any_byte_above_9(high);
        r.mantissa = _mm512_add_epi64(
            r.mantissa, _mm512_mul_epu32(eight_digits(high), _mm512_set1_epi64(100000000)));
    }
    /* leading zeros, no digit before or behind the point, minus nothing */
    lanes whole = _mm512_sub_epi64(count, r.fraction), one = _mm512_set1_epi64(1);
    bad |= _mm512_cmplt_epi64_mask(whole, one);
    bad |= r.has_point & _mm512_cmplt_epi64_mask(r.fraction, one);
    __mmask8 long_whole = _mm512_cmpgt_epi64_mask(whole, one);
    bad |= long_whole &
           _mm512_cmplt_epi64_mask(r.mantissa, power_of_ten(_mm512_sub_epi64(count, one)));
    bad |= r.negative & _mm512_cmpeq_epi64_mask(r.mantissa, _mm512_setzero_si512());
    r.mantissa = _mm512_mask_sub_epi64(r.mantissa, r.negative, _mm512_setzero_si512(), r.mantissa);
    r.ok = (__mmask8) ~(bad | wide | r.empty);
    return r;
}

/* Lanes of the last step that lie behind the cells. */
static inline __mmask8 lanes_left(uint32_t left)
{
    return left >= 8 ? 0xFF : (__mmask8)((1u << left) - 1);
}

static inline void mark(struct cpl_csv_marks *marks, uint32_t at, __mmask8 sure, __mmask8 empty,
                        __mmask8 live)
{
    marks->unsure[at / 8] = (uint8_t)(~(sure | empty) & live);
    marks->empty[at / 8] = (uint8_t)(empty & live);
    marks->any_unsure |= marks->unsure[at / 8] != 0;
    marks->any_empty |= marks->empty[at / 8] != 0;
}

static inline struct step load(const struct cpl_csv_cells *cells, uint32_t at)
{
    __mmask8 live = lanes_left(cells->n - at);
    return (struct step){.start = _mm256_maskz_loadu_epi32(live, cells->start + at),
                         .end = _mm256_maskz_loadu_epi32(live, cells->end + at),
                         .ends = cells->end + at,
                         .live = live};
}

void cpl_csv_integers_avx512(const struct cpl_csv_cells *cells, int64_t min, int64_t max,
                             int64_t *values, struct cpl_csv_marks *marks)
{
    lanes least = _mm512_set1_epi64(min), most = _mm512_set1_epi64(max);
    for (uint32_t at = 0; at < cells->n; at += 8) {
        struct step s = load(cells, at);
        struct number r = parse(cells->data, &s, false);
        r.ok &= _mm512_cmpge_epi64_mask(r.mantissa, least) &
                _mm512_cmple_epi64_mask(r.mantissa, most);
        _mm512_mask_storeu_epi64(values + at, s.live, _mm512_maskz_mov_epi64(r.ok, r.mantissa));
        mark(marks, at, r.ok, r.empty, s.live);
    }
}

void cpl_csv_decimals_avx512(const struct cpl_csv_cells *cells, int scale, int64_t limit,
                             int64_t *values, struct cpl_csv_marks *marks)
{
    lanes scales = _mm512_set1_epi64(scale), most = _mm512_set1_epi64(limit),
          least = _mm512_set1_epi64(-limit);
    for (uint32_t at = 0; at < cells->n; at += 8) {
        struct step s = load(cells, at);
        struct number r = parse(cells->data, &s, true);
        lanes missing = _mm512_sub_epi64(scales, r.fraction);
        /* the product must stay below 10^18: digits + missing ≤ 18 */
        r.ok &= _mm512_cmpge_epi64_mask(missing, _mm512_setzero_si512()) &
                _mm512_cmple_epi64_mask(missing, _mm512_set1_epi64(15)) &
                _mm512_cmple_epi64_mask(_mm512_add_epi64(r.digits, missing), _mm512_set1_epi64(18));
        lanes value = r.mantissa;
        if (_mm512_test_epi64_mask(missing, missing) & s.live)
            value = _mm512_mullo_epi64(value, power_of_ten(missing));
        r.ok &= _mm512_cmple_epi64_mask(value, most) & _mm512_cmpge_epi64_mask(value, least);
        _mm512_mask_storeu_epi64(values + at, s.live, _mm512_maskz_mov_epi64(r.ok, value));
        mark(marks, at, r.ok, r.empty, s.live);
    }
}

void cpl_csv_doubles_avx512(const struct cpl_csv_cells *cells, double *values,
                            struct cpl_csv_marks *marks)
{
    for (uint32_t at = 0; at < cells->n; at += 8) {
        struct step s = load(cells, at);
        struct number r = parse(cells->data, &s, true);
        /* ≤ 15 digits are an exact double, and so is 10^k: one correctly rounded division */
        r.ok &= _mm512_cmple_epi64_mask(r.digits, _mm512_set1_epi64(15));
        __m512d value = _mm512_div_pd(_mm512_cvtepi64_pd(r.mantissa),
                                      _mm512_cvtepi64_pd(power_of_ten(r.fraction)));
        _mm512_mask_storeu_pd(values + at, s.live, _mm512_maskz_mov_pd(r.ok, value));
        mark(marks, at, r.ok, r.empty, s.live);
    }
}

/* ---- dates ---- */

static const int64_t days_before_month[16]
    __attribute__((aligned(64))) = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
static const int64_t month_length[16]
    __attribute__((aligned(64))) = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static inline lanes by_month(const int64_t *table, lanes month)
{
    return _mm512_permutex2var_epi64(_mm512_load_si512(table), month, _mm512_load_si512(table + 8));
}

/* Two-digit fields of "CCYY-MM-DD": 16-bit YY MM DD CC from low to high in each lane. */
static inline lanes date_fields(lanes tail, lanes head, __mmask8 *bad)
{
    const lanes pick_tail = _mm512_set1_epi64((int64_t)0x8080070604030100ull),
                pick_head = _mm512_set1_epi64(0x0100808080808080ll);
    const lanes upper = _mm512_set_epi64(0x0808080808080808, 0, 0x0808080808080808, 0,
                                         0x0808080808080808, 0, 0x0808080808080808, 0);
    lanes bytes = _mm512_or_si512(_mm512_shuffle_epi8(tail, _mm512_or_si512(pick_tail, upper)),
                                  _mm512_shuffle_epi8(head, _mm512_or_si512(pick_head, upper)));
    bytes = _mm512_sub_epi8(bytes, _mm512_set1_epi8('0'));
    lanes dashes = _mm512_and_si512(tail, _mm512_set1_epi64(0x0000FF0000FF0000));
    *bad = any_byte_above_9(bytes) |
           _mm512_cmpneq_epi64_mask(dashes, _mm512_set1_epi64(0x00002D00002D0000));
    return _mm512_maddubs_epi16(bytes, _mm512_set1_epi16(0x010A));
}

static inline lanes date_days(lanes fields, __mmask8 *bad)
{
    const lanes field = _mm512_set1_epi64(0xFFFF), one = _mm512_set1_epi64(1),
                three = _mm512_set1_epi64(3);
    lanes yy = _mm512_and_si512(fields, field),
          mm = _mm512_and_si512(_mm512_srli_epi64(fields, 16), field);
    lanes dd = _mm512_and_si512(_mm512_srli_epi64(fields, 32), field),
          cc = _mm512_srli_epi64(fields, 48);
    lanes year = _mm512_add_epi64(_mm512_mul_epu32(cc, _mm512_set1_epi64(100)), yy);
    __mmask8 leap = (_mm512_testn_epi64_mask(yy, three) & _mm512_test_epi64_mask(yy, yy)) |
                    (_mm512_testn_epi64_mask(yy, yy) & _mm512_testn_epi64_mask(cc, three));
    lanes length = by_month(month_length, mm);
    length = _mm512_mask_add_epi64(length, leap & _mm512_cmpeq_epi64_mask(mm, _mm512_set1_epi64(2)),
                                   length, one);
    *bad |= _mm512_cmpgt_epu64_mask(mm, _mm512_set1_epi64(12)) | _mm512_cmplt_epu64_mask(mm, one) |
            _mm512_cmplt_epu64_mask(dd, one) | _mm512_cmpgt_epu64_mask(dd, length) |
            _mm512_cmplt_epu64_mask(year, one);
    /* years from March, so that the leap day is the last */
    lanes y = _mm512_mask_sub_epi64(year, _mm512_cmplt_epu64_mask(mm, three), year, one);
    lanes century = _mm512_srli_epi64(_mm512_mul_epu32(y, _mm512_set1_epi64(5243)), 19);
    lanes days = _mm512_add_epi64(_mm512_mul_epu32(y, _mm512_set1_epi64(365)),
                                  _mm512_srli_epi64(y, 2));
    days = _mm512_add_epi64(_mm512_sub_epi64(days, century), _mm512_srli_epi64(century, 2));
    days = _mm512_add_epi64(days, _mm512_add_epi64(by_month(days_before_month, mm), dd));
    return _mm512_sub_epi64(days, _mm512_set1_epi64(719469));
}

void cpl_csv_dates_avx512(const struct cpl_csv_cells *cells, int32_t *values,
                          struct cpl_csv_marks *marks)
{
    for (uint32_t at = 0; at < cells->n; at += 8) {
        struct step s = load(cells, at);
        __m256i length = _mm256_sub_epi32(s.end, s.start);
        __mmask8 empty = _mm256_cmple_epi32_mask(length, _mm256_setzero_si256());
        __mmask8 ok = _mm256_cmpeq_epi32_mask(length, _mm256_set1_epi32(10));
        lanes tail = load_before(cells->data, &s, 8), head = load_before(cells->data, &s, 10);
        __mmask8 bad = 0;
        lanes fields = date_fields(tail, head, &bad);
        lanes days = date_days(fields, &bad);
        ok &= (__mmask8)~bad;
        _mm256_mask_storeu_epi32(values + at, s.live,
                                 _mm256_maskz_mov_epi32(ok, _mm512_cvtepi64_epi32(days)));
        mark(marks, at, ok, empty, s.live);
    }
}

/* ---- cells and slices ---- */

void cpl_csv_take_cells_avx512(const uint32_t *ends, uint32_t stride, const uint32_t *row_start,
                               uint32_t n, uint32_t *start, uint32_t *end)
{
    const __m256i steps = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                             _mm256_set1_epi32((int)stride));
    const __m256i one = _mm256_set1_epi32(1);
    uint32_t i = 0;
    /* a cell's end and the end before it are neighbours: one 64-bit load gives both */
    for (; !row_start && i + 8 <= n; i += 8) {
        const uint32_t *e = ends + (size_t)i * stride - 1;
#define PAIR(k)                                                                                    \
    _mm_loadh_pd(_mm_castsi128_pd(                                                                 \
                     _mm_loadl_epi64((const __m128i *)(const void *)(e + (k) * (size_t)stride))),  \
                 (const double *)(const void *)(e + ((k) + 1) * (size_t)stride))
        __m256 low = _mm256_castpd_ps(
            _mm256_insertf128_pd(_mm256_castpd128_pd256(PAIR(0)), PAIR(4), 1));
        __m256 high = _mm256_castpd_ps(
            _mm256_insertf128_pd(_mm256_castpd128_pd256(PAIR(2)), PAIR(6), 1));
#undef PAIR
        __m256i before = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0x88)),
                end_at = _mm256_castps_si256(_mm256_shuffle_ps(low, high, 0xDD));
        _mm256_storeu_si256((__m256i *)(start + i), _mm256_add_epi32(before, one));
        _mm256_storeu_si256((__m256i *)(end + i), end_at);
    }
    for (; row_start && i + 8 <= n; i += 8) {
        _mm256_storeu_si256((__m256i *)(start + i),
                            _mm256_loadu_si256((const __m256i *)(row_start + i)));
        _mm256_storeu_si256(
            (__m256i *)(end + i),
            _mm256_i32gather_epi32((const int *)(ends + (size_t)i * stride), steps, 4));
    }
    for (; i < n; i++) {
        start[i] = row_start ? row_start[i] : (ends + (size_t)i * stride)[-1] + 1;
        end[i] = ends[(size_t)i * stride];
    }
}

/* Eight (address, length) pairs. */
static inline void store_slices(struct cpl_slice *out, lanes address, lanes length, uint32_t n)
{
    const lanes low = _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11),
                high = _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15);
    __mmask8 first = lanes_left(2 * (n < 4 ? n : 4)), second = n > 4 ? lanes_left(2 * (n - 4)) : 0;
    _mm512_mask_storeu_epi64(out, first, _mm512_permutex2var_epi64(address, low, length));
    _mm512_mask_storeu_epi64(out + 4, second, _mm512_permutex2var_epi64(address, high, length));
}

void cpl_csv_slices_avx512(const struct cpl_csv_cells *cells, uint8_t quote, struct cpl_slice *out,
                           struct cpl_csv_marks *marks)
{
    const __m256i quotes = _mm256_set1_epi32(quote), byte = _mm256_set1_epi32(0xFF);
    const lanes base = _mm512_set1_epi64((long long)(uintptr_t)cells->data);
    for (uint32_t at = 0; at < cells->n; at += 8) {
        struct step s = load(cells, at);
        __m256i length = _mm256_sub_epi32(s.end, s.start);
        __mmask8 empty = _mm256_cmple_epi32_mask(length, _mm256_setzero_si256()), unsure = 0,
                 quoted = 0;
        if (quote) {
            __m256i head = _mm256_and_si256(
                _mm256_i32gather_epi32((const int *)(const void *)cells->data, s.start, 1), byte);
            quoted = _mm256_cmpeq_epi32_mask(head, quotes) & (__mmask8)~empty;
        }
        if (quoted) {
            __m256i tail = _mm256_and_si256(
                _mm256_i32gather_epi32((const int *)(const void *)(cells->data - 1), s.end, 1),
                byte);
            unsure = quoted & (_mm256_cmpneq_epi32_mask(tail, quotes) |
                               _mm256_cmplt_epi32_mask(length, _mm256_set1_epi32(2)));
        }
        lanes one = _mm512_maskz_set1_epi64(quoted, 1), from = _mm512_cvtepu32_epi64(s.start);
        lanes size = _mm512_cvtepu32_epi64(_mm256_maskz_mov_epi32((__mmask8)~empty, length));
        size = _mm512_sub_epi64(size, _mm512_slli_epi64(one, 1));
        size = _mm512_and_si512(size, _mm512_set1_epi64(0xFFFFFFFF));
        store_slices(out + at, _mm512_add_epi64(base, _mm512_add_epi64(from, one)), size,
                     cells->n - at);
        mark(marks, at, (__mmask8)~unsure, empty, s.live);
    }
}

/* The byte at each of eight offsets. */
static inline __m256i bytes_at(const uint8_t *data, __m256i offsets)
{
    return _mm256_and_si256(_mm256_i32gather_epi32((const int *)(const void *)data, offsets, 1),
                            _mm256_set1_epi32(0xFF));
}

void cpl_csv_strip_quotes_avx512(const uint8_t *data, uint8_t quote, uint32_t n, uint32_t *start,
                                 uint32_t *end)
{
    const __m256i quotes = _mm256_set1_epi32(quote), one = _mm256_set1_epi32(1);
    for (uint32_t at = 0; at < n; at += 8) {
        __mmask8 live = lanes_left(n - at);
        __m256i from = _mm256_maskz_loadu_epi32(live, start + at),
                to = _mm256_maskz_loadu_epi32(live, end + at);
        __mmask8 quoted = _mm256_mask_cmpgt_epi32_mask(live, _mm256_sub_epi32(to, from),
                                                       _mm256_set1_epi32(2));
        quoted = _mm256_mask_cmpeq_epi32_mask(quoted, bytes_at(data, from), quotes);
        quoted = _mm256_mask_cmpeq_epi32_mask(quoted, bytes_at(data - 1, to), quotes);
        _mm256_mask_storeu_epi32(start + at, live, _mm256_mask_add_epi32(from, quoted, from, one));
        _mm256_mask_storeu_epi32(end + at, live, _mm256_mask_sub_epi32(to, quoted, to, one));
    }
}

/* Bit i: an odd number of bits of `bits` up to and with i. */
static inline uint64_t parity_so_far(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)bits), _mm_set1_epi8(-1),
                                           0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

uint8_t *cpl_csv_undouble_avx512(uint8_t quote, const uint8_t *from, uint32_t length, uint8_t *to)
{
    const __m512i quotes = _mm512_set1_epi8((char)quote);
    uint64_t open = 0, alone = 0; /* open: the last byte of the step before was a pair's first */
    for (uint32_t at = 0; at < length; at += 64) {
        uint32_t left = length - at;
        __mmask64 live = left >= 64 ? ~0ull : (1ull << left) - 1;
        __m512i bytes = _mm512_maskz_loadu_epi8(live, from + at);
        uint64_t found = _mm512_mask_cmpeq_epi8_mask(live, bytes, quotes);
        uint64_t odd = parity_so_far(found) ^ (0 - open);
        uint64_t second = found & ~odd, first = found & odd;
        alone |= second ^ ((first << 1 | open) & (live | 1));
        open = first >> 63;
        if (left < 64)
            alone |= first >> (left - 1) & 1;
        _mm512_storeu_si512(to, _mm512_maskz_compress_epi8(live & ~second, bytes));
        to += _mm_popcnt_u64(live & ~second);
    }
    return alone | open ? NULL : to;
}
#endif

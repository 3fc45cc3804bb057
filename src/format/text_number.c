/* Integers and decimals. The plain shapes go through text_fast.h; the rest is scanned by its
 * grammar and brought to an integer below 10^38, which then must fit. */
#include "format/text_fast.h"
#include "format/text_scan.h"

/* An integer's magnitude: never "-0" and no point or exponent unless lenient. */
static enum cpl_text_result integer(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, bool *negative,
                                    cpl_uint128 *magnitude)
{
    struct cpl_number number;
    if (!cpl_scan_number(text, length, style, &number))
        return CPL_TEXT_NO;
    bool lenient = cpl_style_is_lenient(style);
    if (!lenient && (number.has_point || number.has_exponent))
        return CPL_TEXT_NO;
    enum cpl_scaled scaled = cpl_number_scaled(&number, 0, magnitude);
    if (scaled != CPL_SCALED_OK)
        return scaled == CPL_SCALED_TOO_BIG ? CPL_TEXT_RANGE : CPL_TEXT_NO;
    if (!lenient && number.negative && *magnitude == 0)
        return CPL_TEXT_NO;
    *negative = number.negative && *magnitude != 0;
    return CPL_TEXT_EXACT;
}

enum cpl_text_result cpl_parse_int(const uint8_t *text, size_t length,
                                   const struct cpl_text_style *style, int64_t min, int64_t max,
                                   int64_t *value)
{
    cpl_trim(&text, &length);
    if (length && cpl_fast_int(text, length, value))
        return *value >= min && *value <= max ? CPL_TEXT_EXACT : CPL_TEXT_RANGE;
    bool negative = false;
    cpl_uint128 magnitude = 0;
    enum cpl_text_result result = integer(text, length, style, &negative, &magnitude);
    if (result != CPL_TEXT_EXACT)
        return result;
    cpl_int128 wide = negative ? -(cpl_int128)magnitude : (cpl_int128)magnitude;
    if (wide < min || wide > max)
        return CPL_TEXT_RANGE;
    *value = (int64_t)wide;
    return CPL_TEXT_EXACT;
}

enum cpl_text_result cpl_parse_uint(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, uint64_t max,
                                    uint64_t *value)
{
    int64_t small;
    cpl_trim(&text, &length);
    if (length && cpl_fast_int(text, length, &small)) {
        *value = (uint64_t)small;
        return small >= 0 && *value <= max ? CPL_TEXT_EXACT : CPL_TEXT_RANGE;
    }
    bool negative = false;
    cpl_uint128 magnitude = 0;
    enum cpl_text_result result = integer(text, length, style, &negative, &magnitude);
    if (result != CPL_TEXT_EXACT)
        return result;
    if (negative || magnitude > max)
        return CPL_TEXT_RANGE;
    *value = (uint64_t)magnitude;
    return CPL_TEXT_EXACT;
}

/* ---- decimals ---- */

static cpl_uint128 pow10_u128(int n)
{
    return n <= 19 ? cpl_pow10_u64[n] : (cpl_uint128)cpl_pow10_u64[19] * cpl_pow10_u64[n - 19];
}

enum cpl_text_result cpl_parse_decimal128(const uint8_t *text, size_t length,
                                          const struct cpl_text_style *style, int precision,
                                          int scale, cpl_int128 *value)
{
    struct cpl_number number;
    cpl_uint128 magnitude;
    cpl_trim(&text, &length);
    if (!cpl_scan_number(text, length, style, &number))
        return CPL_TEXT_NO;
    enum cpl_scaled scaled = cpl_number_scaled(&number, scale, &magnitude);
    if (scaled != CPL_SCALED_OK || magnitude >= pow10_u128(precision))
        return CPL_TEXT_RANGE;
    if (number.negative && magnitude == 0 && !cpl_style_is_lenient(style))
        return CPL_TEXT_NO; /* a decimal has no minus zero */
    *value = number.negative ? -(cpl_int128)magnitude : (cpl_int128)magnitude;
    return CPL_TEXT_EXACT;
}

/* "12.5" or "12" for a scale of 2: fewer fraction digits than the scale. */
static bool short_fraction(const uint8_t *text, size_t length, int precision, int scale,
                           int64_t *value)
{
    size_t window = length < 19 ? length : 19, at = 0;
    while (at < window && text[at] != '.')
        at++;
    int digits = at < length ? (int)(length - at - 1) : 0;
    if (at >= 19 || digits > scale || (at < length && digits == 0))
        return false;
    bool ok = digits ? cpl_fast_decimal64(text, length, 18, digits, value)
                     : cpl_fast_int(text, length, value);
    int64_t factor = (int64_t)cpl_pow10_u64[scale - digits];
    if (!ok || __builtin_mul_overflow(*value, factor, value))
        return false;
    uint64_t magnitude = *value < 0 ? 0 - (uint64_t)*value : (uint64_t)*value;
    return magnitude < cpl_pow10_u64[precision];
}

enum cpl_text_result cpl_parse_decimal64(const uint8_t *text, size_t length,
                                         const struct cpl_text_style *style, int precision,
                                         int scale, int64_t *value)
{
    cpl_trim(&text, &length);
    if (length && cpl_style_is_plain(style) &&
        ((scale && cpl_fast_decimal64(text, length, precision, scale, value)) ||
         short_fraction(text, length, precision, scale, value)))
        return CPL_TEXT_EXACT;
    cpl_int128 wide;
    enum cpl_text_result result = cpl_parse_decimal128(text, length, style, precision, scale,
                                                       &wide);
    if (result == CPL_TEXT_EXACT)
        *value = (int64_t)wide;
    return result;
}

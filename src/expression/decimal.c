#include "expression/decimal.h"
#include "format/text_fast.h"

#include <math.h>

cpl_int128 cpl_pow10_i128(int digits)
{
    return digits < 20 ? (cpl_int128)cpl_pow10_u64[digits]
                       : (cpl_int128)cpl_pow10_u64[19] * (cpl_int128)cpl_pow10_u64[digits - 19];
}

bool cpl_decimal_fits(cpl_int128 value, int digits)
{
    cpl_int128 limit = cpl_pow10_i128(digits);
    return value < limit && value > -limit;
}

bool cpl_mul_i128(cpl_int128 a, cpl_int128 b, cpl_int128 *out)
{
    if (cpl_fits_i64(a) && cpl_fits_i64(b)) {
        *out = a * b;
        return true;
    }
    bool negative = (a < 0) != (b < 0);
    cpl_uint128 x = a < 0 ? 0 - (cpl_uint128)a : (cpl_uint128)a;
    cpl_uint128 y = b < 0 ? 0 - (cpl_uint128)b : (cpl_uint128)b;
    if (y >> 64) {
        cpl_uint128 swap = x;
        x = y;
        y = swap;
    }
    cpl_uint128 high = (x >> 64) * y, low = (cpl_uint128)(uint64_t)x * y;
    if (y >> 64 || (high += low >> 64) >> 63)
        return false;
    cpl_uint128 product = high << 64 | (uint64_t)low;
    *out = negative ? -(cpl_int128)product : (cpl_int128)product;
    return true;
}

double cpl_decimal_double(cpl_int128 value, int scale)
{
    const int64_t exact = (int64_t)1 << 53;
    if (scale <= 22 && value <= exact && value >= -exact)
        return (double)value / (double)cpl_pow10_i128(scale);
    char text[CPL_TEXT_MAX + 32]; /* 32 bytes behind may be read */
    double result = 0;
    size_t n = cpl_print_decimal128(value, scale, text);
    enum cpl_text_result ignored = cpl_parse_double((const uint8_t *)text, n,
                                                    &(struct cpl_text_style){0}, &result);
    (void)ignored; /* not all digits need come back: the nearest is what is asked for */
    return result;
}

bool cpl_double_decimal(double value, int scale, cpl_int128 *out)
{
    char text[CPL_TEXT_MAX + 32];
    if (value - value != 0)
        return false;
    size_t n = cpl_print_double(value, text);
    struct cpl_text_style style = {.lenient = true}; /* -0 */
    return cpl_parse_decimal128((const uint8_t *)text, n, &style, 38, scale, out) == CPL_TEXT_EXACT;
}

/* Arithmetic of decimals in 128 bits that says when it leaves them. Threads: any. */
#pragma once
#include "batch/schema.h"

#define CPL_I128_MAX ((cpl_int128)(~(cpl_uint128)0 >> 1))
/* 10^digits, digits 0..38. */
cpl_int128 cpl_pow10_i128(int digits);
/* |value| < 10^digits */
bool cpl_decimal_fits(cpl_int128 value, int digits);
static inline bool cpl_fits_i64(cpl_int128 value)
{
    return value == (int64_t)value;
}
bool cpl_mul_i128(cpl_int128 a, cpl_int128 b, cpl_int128 *out);
static inline bool cpl_add_i128(cpl_int128 a, cpl_int128 b, cpl_int128 *out)
{
    return !__builtin_add_overflow(a, b, out);
}
static inline bool cpl_sub_i128(cpl_int128 a, cpl_int128 b, cpl_int128 *out)
{
    return !__builtin_sub_overflow(a, b, out);
}
/* The nearest double to value / 10^scale. */
double cpl_decimal_double(cpl_int128 value, int scale);
/* The shortest digits of a double as a decimal of that scale; false: too many, or no number. */
bool cpl_double_decimal(double value, int scale, cpl_int128 *out);

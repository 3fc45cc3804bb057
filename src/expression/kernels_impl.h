/* The loops of kernels.h, for the files that are compiled for one instruction set each: they define KERNELS, the name of their
 * table. Plain C that compilers turn into vector code. */
#include "expression/kernels.h"

#include <math.h>
#include <string.h>

#define COMPARE(name, type, op)                                                                    \
    static void name(const void *left, const void *right, uint32_t b_step, uint8_t *restrict out,  \
                     uint32_t n)                                                                   \
    {                                                                                              \
        const type *a = left, *b = right;                                                          \
        if (b_step) {                                                                              \
            for (uint32_t i = 0; i < n; i++)                                                       \
                out[i] = a[i] op b[i];                                                             \
        } else {                                                                                   \
            type with = *b;                                                                        \
            for (uint32_t i = 0; i < n; i++)                                                       \
                out[i] = a[i] op with;                                                             \
        }                                                                                          \
    }
#define COMPARES(name, type)                                                                       \
    COMPARE(name##_eq, type, ==)                                                                   \
    COMPARE(name##_ne, type, !=)                                                                   \
    COMPARE(name##_lt, type, <)                                                                    \
    COMPARE(name##_le, type, <=)                                                                   \
    COMPARE(name##_gt, type, >)                                                                    \
    COMPARE(name##_ge, type, >=)

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wfloat-equal"
#endif
COMPARES(u8, uint8_t)
COMPARES(i32, int32_t)
COMPARES(i64, int64_t)
COMPARES(f64, double)

#define LOOP3(a_type, expression)                                                                  \
    if (a_step && b_step) {                                                                        \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            a_type x = a[i], y = b[i];                                                             \
            out[i] = expression;                                                                   \
        }                                                                                          \
    } else if (a_step) {                                                                           \
        a_type y = *b;                                                                             \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            a_type x = a[i];                                                                       \
            out[i] = expression;                                                                   \
        }                                                                                          \
    } else {                                                                                       \
        a_type x = *a;                                                                             \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            a_type y = b[i];                                                                       \
            out[i] = expression;                                                                   \
        }                                                                                          \
    }
#define ARITHMETIC_I64(name, op)                                                                   \
    static void name(const int64_t *a, uint32_t a_step, const int64_t *b, uint32_t b_step,         \
                     int64_t *out, uint32_t n)                                                     \
    {                                                                                              \
        LOOP3(int64_t, (int64_t)((uint64_t)x op(uint64_t) y))                                      \
    }
#define ARITHMETIC_F64(name, op)                                                                   \
    static void name(const double *a, uint32_t a_step, const double *b, uint32_t b_step,           \
                     double *out, uint32_t n)                                                      \
    {                                                                                              \
        LOOP3(double, x op y)                                                                      \
    }
ARITHMETIC_I64(add, +)
ARITHMETIC_I64(sub, -)
ARITHMETIC_I64(mul, *)
ARITHMETIC_F64(add_f64, +)
ARITHMETIC_F64(sub_f64, -)
ARITHMETIC_F64(mul_f64, *)
__attribute__((no_sanitize("float-divide-by-zero"))) ARITHMETIC_F64(div_f64, /)

    static uint64_t magnitudes(const int64_t *a, uint32_t n)
{
    uint64_t all = 0;
    for (uint32_t i = 0; i < n; i++)
        all |= (uint64_t)(a[i] ^ (a[i] < 0 ? -1 : 0));
    return all;
}

static void abs_i64(const int64_t *a, int64_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint64_t sign = a[i] < 0 ? ~(uint64_t)0 : 0;
        out[i] = (int64_t)(((uint64_t)a[i] ^ sign) - sign);
    }
}
static void abs_f64(const double *a, double *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = fabs(a[i]);
}
static void to_double(const int64_t *a, double divisor, double *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = (double)a[i] / divisor;
}
static void widen_i32(const int32_t *a, int64_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = a[i];
}
static void and_bytes(const uint8_t *a, const uint8_t *b, uint8_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = a[i] & b[i];
}
static void or_bytes(const uint8_t *a, const uint8_t *b, uint8_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = a[i] | b[i];
}
static void blend_i64(const uint8_t *take, const int64_t *a, uint32_t step, int64_t *out,
                      uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t mask = -(int64_t)(take[i] != 0);
        out[i] = (a[i * step] & mask) | (out[i] & ~mask);
    }
}
static bool any_byte(const uint8_t *a, uint32_t n)
{
    uint8_t all = 0;
    for (uint32_t i = 0; i < n; i++)
        all |= a[i];
    return all != 0;
}

#define SIX(name) {name##_eq, name##_ne, name##_lt, name##_le, name##_gt, name##_ge}
const struct cpl_kernels KERNELS = {
    .compare = {[CPL_CLASS_U8] = SIX(u8),
                [CPL_CLASS_I32] = SIX(i32),
                [CPL_CLASS_I64] = SIX(i64),
                [CPL_CLASS_F64] = SIX(f64)},
    .add = add,
    .sub = sub,
    .mul = mul,
    .add_f64 = add_f64,
    .sub_f64 = sub_f64,
    .mul_f64 = mul_f64,
    .div_f64 = div_f64,
    .magnitudes = magnitudes,
    .abs = abs_i64,
    .abs_f64 = abs_f64,
    .to_double = to_double,
    .widen_i32 = widen_i32,
    .and_bytes = and_bytes,
    .or_bytes = or_bytes,
    .blend_i64 = blend_i64,
    .any_byte = any_byte,
};

/* Loops over whole vectors of numbers: each is compiled for every instruction set that the machine may have.
 *
 * A step of 0 takes one value for all rows. Not both steps are 0, unless n is 1. Outputs do not overlap inputs, unless they are
 * the same. Sums and products wrap around: the caller has looked at the magnitudes before. */
#pragma once
#include "batch/schema.h"

enum cpl_class { CPL_CLASS_U8, CPL_CLASS_I32, CPL_CLASS_I64, CPL_CLASS_F64, CPL_CLASSES };
typedef void cpl_compare_loop(const void *a, const void *b, uint32_t b_step, uint8_t *out,
                              uint32_t n);
typedef void cpl_i64_loop(const int64_t *a, uint32_t a_step, const int64_t *b, uint32_t b_step,
                          int64_t *out, uint32_t n);
typedef void cpl_f64_loop(const double *a, uint32_t a_step, const double *b, uint32_t b_step,
                          double *out, uint32_t n);
struct cpl_kernels {
    cpl_compare_loop *compare[CPL_CLASSES][6]; /* = <> < <= > >= */
    cpl_i64_loop *add, *sub, *mul;
    cpl_f64_loop *add_f64, *sub_f64, *mul_f64, *div_f64;
    /* All bits that are set in one of the magnitudes (x, or -x-1). */
    uint64_t (*magnitudes)(const int64_t *a, uint32_t n);
    void (*abs)(const int64_t *a, int64_t *out, uint32_t n);
    void (*abs_f64)(const double *a, double *out, uint32_t n);
    void (*to_double)(const int64_t *a, double divisor, double *out, uint32_t n);
    void (*widen_i32)(const int32_t *a, int64_t *out, uint32_t n);
    void (*and_bytes)(const uint8_t *a, const uint8_t *b, uint8_t *out, uint32_t n);
    void (*or_bytes)(const uint8_t *a, const uint8_t *b, uint8_t *out, uint32_t n);
    /* Where take[i]: out[i] = a[i * step]. */
    void (*blend_i64)(const uint8_t *take, const int64_t *a, uint32_t step, int64_t *out,
                      uint32_t n);
    bool (*any_byte)(const uint8_t *a, uint32_t n);
};
extern const struct cpl_kernels cpl_kernels_portable;
#if defined(__x86_64__)
extern const struct cpl_kernels cpl_kernels_avx2, cpl_kernels_avx512;
#endif
const struct cpl_kernels *cpl_kernels(void);

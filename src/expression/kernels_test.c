/* The loops of every instruction set that this machine has give what the portable ones give, at every length and step. */
#include "base/cpu.h"
#include "expression/expression_tree.h"
#include "expression/kernels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { N = 131 };
static union {
    uint8_t u8[8 * N];
    int32_t i32[2 * N];
    int64_t i64[N];
    double f64[N];
} a, b, out, want;

static uint64_t state = 88172645463325252u;
static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* Small, great and equal numbers; no NaN, which no two loops need give the same bits of. */
static void fill(enum cpl_class class)
{
    for (uint32_t i = 0; i < N; i++) {
        uint64_t x = any(), y = any() % 3 ? any() >> any() % 64 : x;
        if (class == CPL_CLASS_F64) {
            a.f64[i] = (double)(int64_t)x;
            b.f64[i] = (double)(int64_t)y;
        } else {
            a.i64[i] = (int64_t)x;
            b.i64[i] = (int64_t)y;
        }
    }
}

static void check_compares(const struct cpl_kernels *kernels)
{
    for (int class = 0; class < CPL_CLASSES; class ++)
        for (int op = 0; op < 6; op++)
            for (uint32_t n = 0; n < N; n++) {
                fill((enum cpl_class) class);
                kernels->compare[class][op](&a, &b, n % 2, out.u8, n);
                cpl_kernels_portable.compare[class][op](&a, &b, n % 2, want.u8, n);
                assert_memory_equal(out.u8, want.u8, n);
            }
}

static void check_arithmetic(const struct cpl_kernels *kernels)
{
    const struct cpl_kernels *portable = &cpl_kernels_portable;
    cpl_i64_loop *const loops[][2] = {{kernels->add, portable->add},
                                      {kernels->sub, portable->sub},
                                      {kernels->mul, portable->mul}};
    cpl_f64_loop *const doubles[][2] = {{kernels->add_f64, portable->add_f64},
                                        {kernels->sub_f64, portable->sub_f64},
                                        {kernels->mul_f64, portable->mul_f64},
                                        {kernels->div_f64, portable->div_f64}};
    for (uint32_t n = 0; n < N; n++) {
        uint32_t a_step = n % 3 != 1, b_step = n % 3 != 2;
        fill(CPL_CLASS_I64);
        for (int i = 0; i < 3; i++) {
            loops[i][0](a.i64, a_step, b.i64, b_step, out.i64, n);
            loops[i][1](a.i64, a_step, b.i64, b_step, want.i64, n);
            assert_memory_equal(out.i64, want.i64, 8 * n);
        }
        fill(CPL_CLASS_F64);
        for (uint32_t i = 0; i < N; i++)
            b.f64[i] += b.f64[i] == 0;
        for (int i = 0; i < 4; i++) {
            doubles[i][0](a.f64, a_step, b.f64, b_step, out.f64, n);
            doubles[i][1](a.f64, a_step, b.f64, b_step, want.f64, n);
            assert_memory_equal(out.f64, want.f64, 8 * n);
        }
    }
}

static void check_rest(const struct cpl_kernels *kernels)
{
    const struct cpl_kernels *portable = &cpl_kernels_portable;
    uint8_t take[N];
    for (uint32_t n = 0; n < N; n++) {
        fill(CPL_CLASS_I64);
        for (uint32_t i = 0; i < N; i++)
            take[i] = (uint8_t)(any() % 2);
        assert_true(kernels->magnitudes(a.i64, n) == portable->magnitudes(a.i64, n));
        assert_true(kernels->any_byte(take, n) == portable->any_byte(take, n));
        memcpy(&out, &b, sizeof out);
        memcpy(&want, &b, sizeof want);
        kernels->blend_i64(take, a.i64, n % 2, out.i64, n);
        portable->blend_i64(take, a.i64, n % 2, want.i64, n);
        assert_memory_equal(&out, &want, sizeof out);
        kernels->abs(a.i64, out.i64, n);
        portable->abs(a.i64, want.i64, n);
        assert_memory_equal(&out, &want, sizeof out);
        kernels->to_double(a.i64, 100, out.f64, n);
        portable->to_double(a.i64, 100, want.f64, n);
        assert_memory_equal(&out, &want, sizeof out);
        kernels->and_bytes(a.u8, b.u8, out.u8, n);
        portable->and_bytes(a.u8, b.u8, want.u8, n);
        kernels->or_bytes(a.u8, b.u8, out.u8 + N, n);
        portable->or_bytes(a.u8, b.u8, want.u8 + N, n);
        assert_memory_equal(&out, &want, sizeof out);
    }
}

static void all_levels_agree(void **unused)
{
    (void)unused;
    const struct cpl_kernels *levels[3] = {&cpl_kernels_portable};
    int n = 1;
#if defined(__x86_64__)
    if (cpl_cpu_level() >= CPL_CPU_AVX2)
        levels[n++] = &cpl_kernels_avx2;
    if (cpl_cpu_level() >= CPL_CPU_AVX512)
        levels[n++] = &cpl_kernels_avx512;
#endif
    for (int i = 0; i < n; i++) {
        check_compares(levels[i]);
        check_arithmetic(levels[i]);
        check_rest(levels[i]);
    }
    assert_ptr_equal(cpl_kernels(), levels[n - 1]);
}

/* The least int64 has 63 bits as a magnitude, so that nothing trusts its negation. */
static void magnitudes(void **unused)
{
    (void)unused;
    const int64_t least = INT64_MIN, most = INT64_MAX, minus_one = -1;
    assert_true(cpl_kernels()->magnitudes(&least, 1) == INT64_MAX);
    assert_true(cpl_kernels()->magnitudes(&most, 1) == INT64_MAX);
    assert_true(cpl_kernels()->magnitudes(&minus_one, 1) == 0);
    assert_true(cpl_kernels()->magnitudes(&least, 0) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_levels_agree),
                                       cmocka_unit_test(magnitudes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

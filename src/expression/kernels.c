/* The portable loops, and the choice between them. */
#define KERNELS cpl_kernels_portable
#include "base/cpu.h"
#include "expression/kernels_impl.h"

const struct cpl_kernels *cpl_kernels(void)
{
#if defined(__x86_64__)
    if (cpl_cpu_level() >= CPL_CPU_AVX512)
        return &cpl_kernels_avx512;
    if (cpl_cpu_level() >= CPL_CPU_AVX2)
        return &cpl_kernels_avx2;
#endif
    return &cpl_kernels_portable;
}

#include "encode/parquet_kernels.h"
#include "base/cpu.h"

const struct cpl_parquet_kernels *cpl_parquet_kernels(void)
{
#if defined(__x86_64__)
    if (cpl_cpu_level() == CPL_CPU_AVX512)
        return &cpl_parquet_kernels_avx512;
    if (cpl_cpu_level() == CPL_CPU_AVX2)
        return &cpl_parquet_kernels_avx2;
#endif
    return &cpl_parquet_kernels_portable;
}

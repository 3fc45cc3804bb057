#include "base/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static enum cpl_cpu detect(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("pclmul"))
        return CPL_CPU_PORTABLE;
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl") ||
        !__builtin_cpu_supports("avx512vbmi") || !__builtin_cpu_supports("avx512vbmi2") ||
        !__builtin_cpu_supports("avx512cd"))
        return CPL_CPU_AVX2;
    return CPL_CPU_AVX512;
#else
    return CPL_CPU_PORTABLE;
#endif
}

enum cpl_cpu cpl_cpu_level(void)
{
    static _Atomic int known = -1;
    int level = atomic_load_explicit(&known, memory_order_relaxed);
    if (level >= 0)
        return (enum cpl_cpu)level;
    enum cpl_cpu found = detect();
    const char *wanted = getenv("CUPEL_CPU");
    if (wanted && !strcmp(wanted, "portable"))
        found = CPL_CPU_PORTABLE;
    else if (wanted && !strcmp(wanted, "avx2") && found > CPL_CPU_AVX2)
        found = CPL_CPU_AVX2;
    atomic_store_explicit(&known, (int)found, memory_order_relaxed);
    return found;
}

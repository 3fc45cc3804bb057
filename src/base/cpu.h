/* Which instruction sets this machine has; asked once. CUPEL_CPU=portable|avx2|avx512 lowers the level
 * (never raises it), so that the same bytes can be proven from each. */
#pragma once

enum cpl_cpu { CPL_CPU_PORTABLE, CPL_CPU_AVX2, CPL_CPU_AVX512 };
enum cpl_cpu cpl_cpu_level(void);

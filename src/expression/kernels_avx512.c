/* The loops of kernels.h for AVX-512; a file without code on other machines. */
#if defined(__x86_64__)
#define KERNELS cpl_kernels_avx512
#include "expression/kernels_impl.h"
#else
typedef int cpl_no_kernels_avx512;
#endif

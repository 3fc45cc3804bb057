/* The Parquet writer's hot loops, for AVX-512. */
#define KERNELS cpl_parquet_kernels_avx512
#include "encode/parquet_kernels_impl.h"

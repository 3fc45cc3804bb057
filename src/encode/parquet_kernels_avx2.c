/* The Parquet writer's hot loops, for AVX2. */
#define KERNELS cpl_parquet_kernels_avx2
#include "encode/parquet_kernels_impl.h"

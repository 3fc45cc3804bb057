/* The Parquet writer's hot loops, for any machine. */
#define KERNELS cpl_parquet_kernels_portable
#include "encode/parquet_kernels_impl.h"

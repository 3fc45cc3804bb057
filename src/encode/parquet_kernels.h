/* The hot loops of the Parquet writer, compiled for AVX-512, AVX2 and any machine
 * (parquet_kernels_impl.h): the same bytes from each.
 *
 * Outputs may be overrun by up to 64 bytes; inputs are read exactly. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cpl_parquet_kernels {
    /* Bit-pack n values (a multiple of 8) of `width` ≤ 32 bits, LSB first (Encodings.md, RLE/bit-packing hybrid): n/8*width bytes. */
    void (*pack32)(const uint32_t *values, size_t n, unsigned width, uint8_t *out);
    void (*bounds)(const int64_t *values, size_t n, int64_t *min, int64_t *max);
    /* n ≤ 128 deltas of values[-1 .. n-1]; returns the least; widths[4]: bits each 32 need above it; rest[128]: delta - least, zero behind n. */
    int64_t (*deltas)(const int64_t *values, size_t n, uint8_t widths[4], uint64_t *rest);
    /* How many values from `values` on equal the first. */
    size_t (*run)(const uint32_t *values, size_t n);
    void (*widen32)(const int32_t *values, size_t n, int64_t *out);
};
extern const struct cpl_parquet_kernels cpl_parquet_kernels_avx512, cpl_parquet_kernels_avx2,
    cpl_parquet_kernels_portable;
const struct cpl_parquet_kernels *cpl_parquet_kernels(void);

/* Value encodings of Parquet (Encodings.md), from arrays to appended bytes. */
#pragma once
#include "batch/batch.h"
#include "encode/parquet_kernels.h"

/* RLE / bit-packing hybrid without a length in front. `width` = bits a value, 0..32. Reads up to 7 values behind n, which must be 0-padded room. */
bool cpl_put_hybrid(const struct cpl_parquet_kernels *k, uint32_t *values, uint32_t n,
                    unsigned width, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* Levels as the hybrid of their maximum's width. */
bool cpl_put_levels(const struct cpl_parquet_kernels *k, const uint8_t *levels, uint32_t n,
                    unsigned max, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* One level for all n entries. */
bool cpl_put_constant_levels(uint32_t level, uint32_t n, unsigned max, struct cpl_buffer *out,
                             struct cpl_error *err) CPL_CHECKED;
/* DELTA_BINARY_PACKED; `bytes` = 4 for INT32: deltas that leave 32 bits wrap there. */
bool cpl_put_delta(const struct cpl_parquet_kernels *k, const int64_t *values, uint32_t n,
                   unsigned bytes, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* Exactly the size that cpl_put_delta would take, but for its header. */
uint64_t cpl_delta_size(const struct cpl_parquet_kernels *k, const int64_t *values, uint32_t n);
/* PLAIN little endian of `bytes` (4 or 8) each. */
bool cpl_put_plain(const int64_t *values, uint32_t n, unsigned bytes, struct cpl_buffer *out,
                   struct cpl_error *err) CPL_CHECKED;
bool cpl_put_stream_split(const int64_t *values, uint32_t n, unsigned bytes, struct cpl_buffer *out,
                          struct cpl_error *err) CPL_CHECKED;
/* Strings that lie behind each other in `bytes`. */
bool cpl_put_plain_bytes(const uint8_t *bytes, const uint32_t *lengths, uint32_t n,
                         struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
bool cpl_put_delta_length(const struct cpl_parquet_kernels *k, const uint8_t *bytes, size_t size,
                          const uint32_t *lengths, uint32_t n, struct cpl_buffer *out,
                          struct cpl_error *err) CPL_CHECKED;
bool cpl_put_delta_bytes(const struct cpl_parquet_kernels *k, const uint8_t *bytes,
                         const uint32_t *lengths, uint32_t n, struct cpl_buffer *out,
                         struct cpl_error *err) CPL_CHECKED;
/* Bytes that neighbours share at their start, for choosing the above. */
uint64_t cpl_shared_prefixes(const uint8_t *bytes, const uint32_t *lengths, uint32_t n);

static inline unsigned cpl_bit_width(uint32_t max)
{
    return max ? 32 - (unsigned)__builtin_clz(max) : 0;
}

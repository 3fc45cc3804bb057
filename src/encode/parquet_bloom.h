/* Split-block bloom filters (parquet-format BloomFilter.md): XXH64 of each value's PLAIN bytes. */
#pragma once
#include "encode/parquet.h"

/* Collect the hashes of values (u64 each) in `hashes`. `width`: bytes of a number. */
bool cpl_bloom_collect(struct cpl_buffer *hashes, const struct cpl_leaf_values *values,
                       enum cpl_leaf_class class, unsigned width,
                       struct cpl_error *err) CPL_CHECKED;
/* Header and bitset for what was collected, at 1 % false positives, at most 1 MiB. */
bool cpl_bloom_write(struct cpl_buffer *hashes, struct cpl_buffer *out,
                     struct cpl_error *err) CPL_CHECKED;

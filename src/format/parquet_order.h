/* The order of a column's values, as statistics and column indexes mean it (ColumnOrder TYPE_ORDER).
 *
 * A value is its PLAIN bytes without a length in front: 4 or 8 bytes for numbers, the bytes
 * themselves for byte arrays. NaN has no place in the order; INT96 and INTERVAL have none at all.
 * Threads: nothing is shared. */
#pragma once
#include "batch/batch.h"
#include "format/parquet_schema.h"

enum cpl_parquet_ordering {
    CPL_PARQUET_ORDER_NONE, /* undefined: minimum and maximum mean nothing */
    CPL_PARQUET_ORDER_BOOLEAN,
    CPL_PARQUET_ORDER_I32,
    CPL_PARQUET_ORDER_I64,
    CPL_PARQUET_ORDER_U32,
    CPL_PARQUET_ORDER_U64,
    CPL_PARQUET_ORDER_F16,
    CPL_PARQUET_ORDER_F32,
    CPL_PARQUET_ORDER_F64,
    CPL_PARQUET_ORDER_BYTES,   /* unsigned, shorter first */
    CPL_PARQUET_ORDER_DECIMAL, /* two's complement, big endian */
};
enum cpl_parquet_ordering cpl_parquet_ordering_of(const struct cpl_parquet_leaf *leaf);
/* Bytes that a value must have; 0 = any number. */
uint32_t cpl_parquet_ordering_width(enum cpl_parquet_ordering ordering);
/* < 0, 0, > 0. Both must have the ordering's width, and be no NaN. */
int cpl_parquet_compare(enum cpl_parquet_ordering ordering, const struct cpl_slice *a,
                        const struct cpl_slice *b);
bool cpl_parquet_is_nan(enum cpl_parquet_ordering ordering, const struct cpl_slice *value);
/* IEEE half precision, exactly. */
float cpl_parquet_float_of_half(uint16_t half);

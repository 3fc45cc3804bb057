/* The least and greatest value of a page and of a chunk, by the rules of parquet.thrift's ColumnOrder:
 * integers signed or unsigned, floats with -0.0 / +0.0 as bounds, bytes unsigned lexicographic,
 * decimals in FIXED_LEN_BYTE_ARRAY signed. Floats among which is a NaN are written without bounds:
 * the specification lets bounds leave NaNs out, but readers that take them for all there is (DuckDB,
 * pyarrow's filters) would then skip the rows that hold one, or take every row for a match. Bounds that are longer than 64 bytes are
 * cut so that they still bound (text stays valid UTF-8), and are marked inexact. */
#pragma once
#include "batch/batch.h"
#include "format/parquet.h"

enum cpl_bound_order {
    CPL_ORDER_SIGNED,
    CPL_ORDER_UNSIGNED,
    CPL_ORDER_F32,
    CPL_ORDER_F64,
    CPL_ORDER_BYTES,
    CPL_ORDER_FIXED_SIGNED,
    CPL_ORDER_BOOL
};
enum { CPL_BOUND_BYTES = 64 };

struct cpl_bounds {
    bool any;         /* some value that counts (not null, not NaN) */
    int64_t min, max; /* numbers, as the leaf's int64 image */
    struct cpl_buffer min_bytes,
        max_bytes; /* BYTES, FIXED_SIGNED: at most a byte more than is written */
    uint64_t nans; /* other than 0: nothing is written */
};
void cpl_bounds_release(struct cpl_bounds *bounds);
void cpl_bounds_clear(struct cpl_bounds *bounds);
bool cpl_bounds_add_slice(struct cpl_bounds *bounds, enum cpl_bound_order order,
                          const struct cpl_slice *value, struct cpl_error *err) CPL_CHECKED;
void cpl_bounds_add_floats(struct cpl_bounds *bounds, enum cpl_bound_order order,
                           const int64_t *bits, uint32_t n);
/* Take another's in (a page's into its chunk's). */
bool cpl_bounds_join(struct cpl_bounds *bounds, enum cpl_bound_order order,
                     const struct cpl_bounds *other, struct cpl_error *err) CPL_CHECKED;
/* Bounds as PLAIN bytes, `width` for numbers (1 for BOOL). Empty when there are none, or a NaN. */
struct cpl_bound_text {
    uint8_t min[CPL_BOUND_BYTES], max[CPL_BOUND_BYTES];
    uint8_t min_size, max_size;
    bool any, min_exact, max_exact;
    bool no_max; /* none of at most CPL_BOUND_BYTES bytes bounds the values */
};
void cpl_bounds_write(const struct cpl_bounds *bounds, enum cpl_bound_order order, unsigned width,
                      bool utf8, struct cpl_bound_text *text);
/* -1, 0, 1 */
int cpl_bounds_compare(enum cpl_bound_order order, const struct cpl_bounds *a, bool a_max,
                       const struct cpl_bounds *b, bool b_max);

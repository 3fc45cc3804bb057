/* Are rows in the order that somebody says they are in: by one column, where equal by the next, and so on.
 *
 * Values compare as Parquet's type-defined order has it: integers, decimals, dates and times as numbers, booleans false first,
 * strings, binary and UUIDs by their bytes, unsigned; -0.0 equals 0.0, and NaN comes behind every number. Nulls stand in
 * front or behind, whatever the direction. Used by the Parquet writer (a claim that it will write down) and by
 * `verify` (a claim that stands in a file).
 *
 * An order sees batches one after the other and remembers the last row. One thread. */
#pragma once
#include "batch/batch.h"

struct cpl_order_key {
    const uint32_t *steps; /* a column of the batch, then members of structs: no lists, no maps */
    uint32_t n_steps;
    bool descending, nulls_first;
};
struct cpl_row_order;
/* The keys are borrowed. */
struct cpl_row_order *cpl_row_order_new(const struct cpl_order_key *keys, uint32_t n,
                                        struct cpl_error *err) CPL_CHECKED;
void cpl_row_order_free(struct cpl_row_order *order);
/* The next row may be anything: a new row group begins. */
void cpl_row_order_restart(struct cpl_row_order *order);
/* Rows first, first + 1 … of the batch go on, n of them; or rows selection[first] …, unless it is NULL. *stray is the first of them
 * (counted as `first` is) that belongs in front of the row before it, or UINT32_MAX. Fails only for want of memory. */
bool cpl_row_order_add(struct cpl_row_order *order, const struct cpl_batch *batch,
                       const uint32_t *selection, uint32_t first, uint32_t n, uint32_t *stray,
                       struct cpl_error *err) CPL_CHECKED;

/* `sorted_by`: the user says that rows come in an order. The writer proves it on every row and writes it into each row
 * group (parquet.thrift, RowGroup.sorting_columns), so that readers may rely on it. It never sorts.
 *
 * The claim is about each row group, as Parquet's is: splits of an input make row groups of their own. */
#pragma once
#include "base/option.h"
#include "batch/row_order.h"
#include "format/parquet_schema.h"

struct cpl_parquet_sorting {
    struct cpl_order_key *keys;
    struct cpl_parquet_sorting_column *columns;
    uint32_t n; /* 0 = nothing is claimed */
};
/* From texts as "day", "user.id desc", "amount desc nulls first", by the schema's leaves. Lives in the arena. CONFIG errors name the text. */
bool cpl_parquet_sorting_of(const struct cpl_strings *texts,
                            const struct cpl_parquet_schema *schema, struct cpl_arena *arena,
                            struct cpl_parquet_sorting *out, struct cpl_error *err) CPL_CHECKED;

/* The proof. A row out of order is kept in mind until `verdict`, since what a split decodes before its types are settled is
 * thrown away, order and all. */
struct cpl_parquet_sorted {
    const struct cpl_parquet_sorting *sorting;
    struct cpl_row_order *order; /* NULL: nothing is claimed */
    bool stray;
    uint64_t rows; /* in this row group, up to the stray */
    bool has_position;
    uint64_t position; /* the stray's first byte in its decompressed object */
};
bool cpl_parquet_sorted_init(struct cpl_parquet_sorted *sorted,
                             const struct cpl_parquet_sorting *sorting,
                             struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_sorted_release(struct cpl_parquet_sorted *sorted);
bool cpl_parquet_sorted_add(struct cpl_parquet_sorted *sorted, const struct cpl_batch *batch,
                            const uint32_t *selection, uint32_t first, uint32_t n,
                            struct cpl_error *err) CPL_CHECKED;
/* A row group ends. */
void cpl_parquet_sorted_end_group(struct cpl_parquet_sorted *sorted);
/* Forget all rows. */
void cpl_parquet_sorted_reset(struct cpl_parquet_sorted *sorted);
/* True: every row was in order. DATA otherwise, with the first that was not. */
bool cpl_parquet_sorted_verdict(const struct cpl_parquet_sorted *sorted, struct cpl_error *err);

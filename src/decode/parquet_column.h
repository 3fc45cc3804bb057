/* One leaf column of a Parquet row group, read row by row: levels and dense physical values.
 *
 * For every batch: begin, then read(rows). After it `definition` and `repetition` hold one entry a
 * value or null (absent when the leaf's maximum is 0), `values` the physical values of the entries
 * at the maximum definition level, densely. They are valid until the next begin. Pages are opened
 * one at a time; those that slices point into are kept until the next begin, the dictionary while
 * the row group lasts. Threads: one. */
#pragma once
#include "decode/parquet_page.h"
#include "format/parquet_encoding.h"

enum { CPL_PARQUET_LOOK = 1024 };

struct cpl_leaf_reader {
    const struct cpl_parquet_leaf *leaf;
    struct cpl_parquet_pages pages;
    struct cpl_parquet_page page;
    struct cpl_rle_decoder repetition_levels, definition_levels;
    struct cpl_parquet_values decoder;
    struct cpl_parquet_dictionary dictionary;
    uint8_t *dictionary_body;
    struct cpl_arena dictionary_arena;
    uint64_t entries_left;  /* in the chunk */
    uint32_t page_left;     /* in the page, behind the look-ahead */
    uint32_t look, look_at; /* look-ahead: levels decoded, levels taken */
    uint32_t look_repetition[CPL_PARQUET_LOOK], look_definition[CPL_PARQUET_LOOK];
    struct cpl_buffer retired; /* uint8_t *: bodies of finished pages of this batch */
    struct cpl_arena *arena;   /* of the batch */
    /* what the batch has */
    struct cpl_buffer repetition, definition; /* uint16_t */
    struct cpl_buffer values;
    uint32_t n_entries, n_values;
};

/* Start a row group's chunk. `column` starts as {0}, and may have read another chunk before. */
bool cpl_leaf_reader_open(struct cpl_leaf_reader *column, struct cpl_reader *reader,
                          const struct cpl_parquet_column_chunk *chunk,
                          const struct cpl_parquet_leaf *leaf, struct cpl_codec_state *codec,
                          size_t window_step, struct cpl_error *err) CPL_CHECKED;
void cpl_leaf_reader_release(struct cpl_leaf_reader *column);
/* Forget the last batch; slices made from now on may lie in `arena`. */
void cpl_leaf_reader_begin(struct cpl_leaf_reader *column, struct cpl_arena *arena);
/* Exactly `rows` more rows; fewer is a DATA error. */
bool cpl_leaf_reader_read(struct cpl_leaf_reader *column, uint32_t rows,
                          struct cpl_error *err) CPL_CHECKED;

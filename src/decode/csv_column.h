/* Column kernels of CSV: the cells of one column, a tile of rows at a time, to values.
 *
 * A kernel runs over cells given as start and end offsets. What it is not sure of — quotes, blanks,
 * signs in odd places, more digits than a register, words for null — it leaves to the caller by a bit
 * in `unsure`, and csv_cell.c decides those one by one with the functions of format/text.h. So the
 * kernels are only ever fast, and the rules stand in one place. */
#pragma once
#include "decode/csv.h"

enum { CPL_CSV_TILE = 512 }; /* cells a kernel call; multiple of 64 */

struct cpl_csv_cells {
    const uint8_t *data; /* 64 readable bytes in front and behind */
    const uint32_t *start, *end;
    uint32_t n; /* ≤ CPL_CSV_TILE */
};
/* Bits, LSB first; the last byte's surplus bits are undefined. `empty` are cells of no bytes. Values of unsure and empty cells are 0. */
struct cpl_csv_marks {
    uint8_t unsure[CPL_CSV_TILE / 8], empty[CPL_CSV_TILE / 8];
    bool any_unsure, any_empty;
};

/* Integers without leading zeros in [min, max], and decimals of up to `scale` fraction digits scaled to it, |value| ≤ limit. */
void cpl_csv_integers(const struct cpl_csv_cells *cells, int64_t min, int64_t max, int64_t *values,
                      struct cpl_csv_marks *marks);
void cpl_csv_decimals(const struct cpl_csv_cells *cells, int scale, int64_t limit, int64_t *values,
                      struct cpl_csv_marks *marks);
/* Doubles written in fixed notation with at most 15 digits. */
void cpl_csv_doubles(const struct cpl_csv_cells *cells, double *values,
                     struct cpl_csv_marks *marks);
/* YYYY-MM-DD */
void cpl_csv_dates(const struct cpl_csv_cells *cells, int32_t *values, struct cpl_csv_marks *marks);

/* Where the n cells of one column are: ends[i * stride] is a cell's end, and behind ends[i * stride - 1] it starts, or at
 * row_start[i] when that is given (the first column). */
void cpl_csv_take_cells(const uint32_t *ends, uint32_t stride, const uint32_t *row_start,
                        uint32_t n, uint32_t *start, uint32_t *end);
/* Cells as slices, without their quotes. Unsure: quoted cells whose quoting is broken. */
void cpl_csv_slices(const struct cpl_csv_cells *cells, uint8_t quote, struct cpl_slice *out,
                    struct cpl_csv_marks *marks);
/* "12" → 12 in front of a kernel; "" stays, for it is not null. */
void cpl_csv_strip_quotes(const uint8_t *data, uint8_t quote, uint32_t n, uint32_t *start,
                          uint32_t *end);
/* RFC 4180: a quote inside stands twice. Copies `from` with single ones to `to`, of which 63 bytes behind the end may be
 * written too; returns the end, or NULL where a quote stands alone. */
uint8_t *cpl_csv_undouble(uint8_t quote, const uint8_t *from, uint32_t length, uint8_t *to);

/* The AVX-512 bodies of the same. */
void cpl_csv_integers_avx512(const struct cpl_csv_cells *cells, int64_t min, int64_t max,
                             int64_t *values, struct cpl_csv_marks *marks);
void cpl_csv_decimals_avx512(const struct cpl_csv_cells *cells, int scale, int64_t limit,
                             int64_t *values, struct cpl_csv_marks *marks);
void cpl_csv_doubles_avx512(const struct cpl_csv_cells *cells, double *values,
                            struct cpl_csv_marks *marks);
void cpl_csv_dates_avx512(const struct cpl_csv_cells *cells, int32_t *values,
                          struct cpl_csv_marks *marks);
void cpl_csv_take_cells_avx512(const uint32_t *ends, uint32_t stride, const uint32_t *row_start,
                               uint32_t n, uint32_t *start, uint32_t *end);
void cpl_csv_slices_avx512(const struct cpl_csv_cells *cells, uint8_t quote, struct cpl_slice *out,
                           struct cpl_csv_marks *marks);
void cpl_csv_strip_quotes_avx512(const uint8_t *data, uint8_t quote, uint32_t n, uint32_t *start,
                                 uint32_t *end);
uint8_t *cpl_csv_undouble_avx512(uint8_t quote, const uint8_t *from, uint32_t length, uint8_t *to);

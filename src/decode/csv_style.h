/* How numbers are written in a CSV: what the values of its columns prove.
 *
 * Threads: none of its own; all state is the caller's. */
#pragma once
#include "decode/csv.h"

enum { CPL_CSV_SEPARATORS = 4 }; /* . , space apostrophe */

/* Of a column: how many of its values have which separators (format/text.h, cpl_number_shape). */
struct cpl_csv_shapes {
    uint32_t seen, numbers;
    uint32_t marked, returns; /* begin with a byte-order mark; end in a carriage return */
    uint32_t decimals[CPL_CSV_SEPARATORS]; /* it may be the decimal separator; and */
    uint32_t proofs[CPL_CSV_SEPARATORS];   /* it must be */
    uint32_t groups[CPL_CSV_SEPARATORS];   /* it stands between thousands, not in a code; and */
    uint32_t grouped_decimals[CPL_CSV_SEPARATORS]; /* with a decimal separator behind them */
    uint32_t codes[CPL_CSV_SEPARATORS]; /* it stands between groups of three that may be a code */
};

/* How values are written, by the options. */
bool cpl_csv_settle_style(struct cpl_csv_dialect *d, struct cpl_error *err) CPL_CHECKED;
void cpl_csv_count_shape(struct cpl_csv_shapes *shapes, const uint8_t *text, size_t length);
/* Complete decimal separator and thousands by what the columns prove, and which of the named columns have thousands (grouped[c]: all
 * are true before); *changed: values are now read otherwise. */
bool cpl_csv_adopt_style(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns,
                         bool *grouped, bool *changed, struct cpl_error *err) CPL_CHECKED;
/* What in a text column's values no file is meant to have, and where it comes from; NULL = nothing. */
const char *cpl_csv_doubtful_text(const struct cpl_csv_shapes *shapes);
/* Why a column of numbers stays text, and what to set; NULL = it is none. */
const char *cpl_csv_doubtful_style(const struct cpl_csv_dialect *d,
                                   const struct cpl_csv_shapes *shapes, bool grouped);

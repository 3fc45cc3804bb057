/* One CSV cell, decided with care: quotes, escapes, null words, blanks, every type. */
#pragma once
#include "decode/csv.h"

enum cpl_csv_cell {
    CPL_CELL_VALUE,
    CPL_CELL_NULL,
    CPL_CELL_UNFIT /* not of the type */,
    CPL_CELL_BAD_QUOTE
};

struct cpl_csv_text {
    const uint8_t *data;
    uint32_t length;
    bool quoted;
};

/* The cell's text without quotes and escapes; `arena` takes the copy where one is needed. BAD_QUOTE when text follows the
 * closing quote. CPL_CELL_NULL for null words. *err is only set when memory runs out: the result is then CPL_CELL_UNFIT. */
enum cpl_csv_cell cpl_csv_cell_text(const struct cpl_csv_dialect *dialect, const uint8_t *data,
                                    uint32_t length, struct cpl_arena *arena,
                                    struct cpl_csv_text *text, struct cpl_error *err);
/* Parse a text into row `row` of the column (values only; the caller keeps validity). `inferred`: the text must come back exactly. */
enum cpl_text_result cpl_csv_cell_value(const struct cpl_text_style *style,
                                        const struct cpl_csv_text *text, struct cpl_column *column,
                                        uint32_t row, bool inferred);

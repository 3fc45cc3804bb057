/* Rows over limits.max_row_bytes, passed over as their bytes come: never held whole, yet followed to their true end.
 *
 * The same machine as cpl_csv_record, but it can be left in the middle of a row and gone on with. The books count every byte; the
 * reject keeps the row's first ones. A comment is no row, and none is too long. A quoted field that is open for so long may also be a quote that nothing closes:
 * cpl_csv_looks_unclosed tells by the lines behind it, which look like rows then. */
#pragma once
#include "base/memory.h"
#include "decode/csv_scan.h"

struct cpl_csv_block;

enum { CPL_CSV_GIANT_SHOWN = 64 << 10 }; /* bytes that its reject keeps */

struct cpl_csv_giant {
    uint64_t position, length; /* in the object */
    uint64_t line;             /* newlines before it */
    struct cpl_buffer raw;     /* its first bytes, as they stand in the object */
    uint64_t bytes;            /* of the stream: what has been passed over */
    size_t shown;              /* how many of them are in raw */
    bool comment;
    /* where in the row */
    enum cpl_csv_giant_state {
        GIANT_FIELD_START,
        GIANT_FIELD,
        GIANT_QUOTED,
        GIANT_QUOTE,
        GIANT_COMMENT
    } state;
    bool escaped; /* the next byte means nothing */
};

/* How many of the bytes belong to the row; *done: the last of them ends it. */
size_t cpl_csv_giant_end(struct cpl_csv_giant *giant, const struct cpl_csv_rules *rules,
                         const uint8_t *data, size_t size, bool *done);
/* More than max_row_bytes lie behind `start`. Does the record there open a quote that none of them closes, and are the lines
 * behind it rows of their own? Nothing behind them is looked at. */
bool cpl_csv_looks_unclosed(struct cpl_csv_block *block, size_t start);
/* The record [start, end) has text behind a closing quote, perhaps because that is the opening one of another field: are the lines behind its
 * first one rows of their own? They have as many fields as rows have, and no quote but around whole fields; text inside a quoted field does
 * not look like that. Overwrites the index from scan.n on. */
bool cpl_csv_hides_rows(struct cpl_csv_block *block, size_t start, size_t end);
/* Pass over the row that the block begins with, and hand it to block->giant. */
bool cpl_csv_drop_giant(struct cpl_csv_block *block, struct cpl_error *err) CPL_CHECKED;

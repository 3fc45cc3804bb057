/* Where a split starts: behind preamble and header, or, in the middle of an object, at the first row that begins behind its
 * start. A guess there is proven by the rows that follow; the loop checks it against where the split before ends. */
#include "decode/csv_decoder.h"

#include <string.h>

static size_t skip_line(const struct cpl_csv_block *block, size_t at)
{
    const uint8_t *newline = memchr(block->data + at, block->rules.newline, block->filled - at);
    return newline ? (size_t)(newline - block->data) + 1 : block->filled;
}

/* Byte-order mark, preamble and header: [0, end). False in *whole when the block must grow first. */
static size_t head_end(struct csv_decoder *d, bool *whole)
{
    struct cpl_csv_block *block = &d->block;
    size_t at = block->filled >= 3 && !memcmp(block->data, "\xEF\xBB\xBF", 3) ? 3 : 0;
    for (int64_t i = 0; i < d->dialect->skip_lines && at < block->filled; i++)
        at = skip_line(block, at);
    if (d->dialect->header == CPL_HEADER_YES) {
        while (block->rules.comment && at < block->filled &&
               block->data[at] == block->rules.comment)
            at = skip_line(block, at);
        size_t end = at;
        enum cpl_csv_record result = at < block->filled
                                         ? cpl_csv_record(&block->scan, &block->rules, block->data,
                                                          at, block->filled, &end)
                                         : CPL_RECORD_OK;
        block->scan.n = block->scan.rows = 0;
        if (result == CPL_RECORD_CUT || result == CPL_RECORD_OPEN) {
            *whole = block->at_end;
            return block->filled;
        }
        at = end;
    }
    *whole = block->at_end || at < block->filled;
    return at;
}

static bool skip_head(struct csv_decoder *d)
{
    struct cpl_csv_block *block = &d->block;
    bool whole = false;
    size_t end = 0;
    while (!whole) {
        if (!cpl_csv_block_read(block, d->err))
            return false;
        end = head_end(d, &whole);
        if (!whole && block->filled > block->max_row_bytes)
            return cpl_fail(d->err, CPL_E_LIMIT,
                            "the header and what precedes it are longer than limits.max_row_bytes; "
                            "is this CSV?");
    }
    block->header_bytes += end;
    if (!cpl_csv_block_count(block, 0, end, &block->object.header, d->err))
        return false;
    cpl_csv_block_advance(block, end);
    return true;
}

enum { PROOF_ROWS = 16 };

/* Do the records from `at` look like rows? */
static bool plausible_start(struct csv_decoder *d, size_t at)
{
    struct cpl_csv_block *block = &d->block;
    unsigned good = 0, seen = 0;
    for (; seen < PROOF_ROWS && at < block->filled; seen++) {
        size_t end = 0;
        uint32_t before = block->scan.n = 0;
        enum cpl_csv_record result = cpl_csv_record(&block->scan, &block->rules, block->data, at,
                                                    block->filled, &end);
        if (result == CPL_RECORD_CUT)
            break;
        good += result == CPL_RECORD_OK && block->scan.n - before == d->dialect->n_columns;
        if (result == CPL_RECORD_OPEN) {
            seen++;
            break;
        }
        at = end;
    }
    block->scan.n = block->scan.rows = 0;
    return 2 * good >= seen;
}

/* The first row behind the split's start; the loop proves the guess by the seam. */
static bool find_row_start(struct csv_decoder *d)
{
    struct cpl_csv_block *block = &d->block;
    if (!cpl_csv_block_read(block, d->err))
        return false;
    for (;;) {
        size_t first = 0;
        for (size_t at = 0; (at = skip_line(block, at)) < block->filled;) {
            first = first ? first : at;
            if (!plausible_start(d, at))
                continue;
            cpl_csv_block_advance(block, at);
            return true;
        }
        if (block->at_end || block->filled > block->max_row_bytes) {
            cpl_csv_block_advance(block, first ? first : block->filled);
            return true;
        }
        if (!cpl_csv_block_read(block, d->err))
            return false;
    }
}

bool cpl_csv_start(struct csv_decoder *d)
{
    d->started = true;
    d->block.base = d->from;
    d->true_start = d->from;
    if (d->from == 0)
        return skip_head(d) && cpl_csv_block_fill(&d->block, d->err);
    if (!d->at_row_start) {
        if (!find_row_start(d))
            return false;
        d->true_start = d->block.base;
        d->block.lines_before = 0;
    }
    return cpl_csv_block_fill(&d->block, d->err);
}

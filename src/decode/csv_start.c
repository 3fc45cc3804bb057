/* Where a split starts: behind preamble and header, or, in the middle of an object, at the first row that begins behind its
 * start. A guess there is proven by the rows that follow; the loop checks it against where the split before ends. */
#include "decode/csv_decoder.h"

#include <string.h>

static size_t skip_line(const struct cpl_csv_block *block, size_t at)
{
    const uint8_t *newline = memchr(block->data + at, block->rules.newline, block->filled - at);
    return newline ? (size_t)(newline - block->data) + 1 : block->filled;
}

static bool is_comment_line(const struct cpl_csv_block *block, size_t at)
{
    return block->rules.comment && block->data[at] == block->rules.comment;
}

/* Behind `filled` stand zeros. */
static bool is_blank_line(const struct cpl_csv_block *block, size_t at)
{
    const uint8_t *line = block->data + at;
    return line[0] == block->rules.newline ||
           (block->rules.newline == '\n' && line[0] == '\r' && line[1] == '\n');
}

/* ---- what precedes the rows: byte-order mark and preamble, then blank lines and comments up to the header row ---- */

/* Give up what lies before *at, and read on until `most` bytes behind it are in the block or the input ends. */
static bool see(struct csv_decoder *d, size_t *at, size_t most)
{
    struct cpl_csv_block *block = &d->block;
    if (block->filled - *at >= most || block->at_end)
        return true;
    cpl_csv_block_advance(block, *at);
    *at = 0;
    while (block->filled < most && !block->at_end)
        if (!cpl_csv_block_read(block, d->err))
            return false;
    return true;
}

/* Pass over the line at *at, of any length, and count it. */
static bool pass_line(struct csv_decoder *d, size_t *at, uint64_t *bytes, uint64_t *object)
{
    struct cpl_csv_block *block = &d->block;
    uint64_t from, to;
    if (!cpl_csv_block_object_offset(block, *at, &from, d->err))
        return false;
    for (bool ended = false; !ended;) {
        if (!see(d, at, 1))
            return false;
        size_t end = skip_line(block, *at);
        ended = end == *at || block->data[end - 1] == block->rules.newline;
        *bytes += end - *at;
        *at = end;
    }
    if (!cpl_csv_block_object_offset(block, *at, &to, d->err))
        return false;
    *object += to - from;
    return true;
}

static bool pass_mark(struct csv_decoder *d, size_t *at)
{
    struct cpl_csv_block *block = &d->block;
    if (!see(d, at, 3))
        return false;
    if (block->filled < 3 || memcmp(block->data, "\xEF\xBB\xBF", 3) != 0)
        return true;
    *at = 3;
    block->header_bytes += 3;
    return cpl_csv_block_count(block, 0, 3, &block->object.header, d->err);
}

static bool pass_blanks_and_comments(struct csv_decoder *d, size_t *at)
{
    struct cpl_csv_block *block = &d->block;
    for (;;) {
        if (!see(d, at, 2))
            return false;
        if (*at < block->filled && is_comment_line(block, *at)) {
            if (!pass_line(d, at, &block->comment_bytes, &block->object.comment))
                return false;
        } else if (*at < block->filled && is_blank_line(block, *at)) {
            if (!pass_line(d, at, &block->blank_bytes, &block->object.blank))
                return false;
        } else {
            return true;
        }
    }
}

/* The header row's end, as rows end. A quote in it that nothing closes takes its own line. */
static bool find_header_end(struct csv_decoder *d, size_t *at, size_t *end)
{
    struct cpl_csv_block *block = &d->block;
    enum cpl_csv_record result = CPL_RECORD_CUT;
    for (bool whole = false; !whole;) {
        result = cpl_csv_block_record(block, *at, end);
        size_t size = block->filled - *at;
        whole = result != CPL_RECORD_CUT || block->at_end || size > block->max_row_bytes;
        if (!whole && !see(d, at, size + 1))
            return false;
    }
    block->scan.n = block->scan.rows = 0;
    if (result == CPL_RECORD_OPEN)
        *end = skip_line(block, *at);
    size_t newline = result != CPL_RECORD_CUT;
    return *end - *at - newline <= block->max_row_bytes ||
           cpl_fail(d->err, CPL_E_LIMIT,
                    "the header is longer than limits.max_row_bytes (%llu bytes); is this CSV?",
                    (unsigned long long)block->max_row_bytes);
}

static bool pass_header(struct csv_decoder *d, size_t *at)
{
    struct cpl_csv_block *block = &d->block;
    size_t end = *at;
    if (*at < block->filled && !find_header_end(d, at, &end))
        return false;
    struct cpl_header_row *row = &block->header_row;
    block->header_bytes += end - *at;
    bool ok = cpl_csv_block_object_offset(block, *at, &row->at, d->err) &&
              cpl_csv_block_count(block, *at, end, &row->size, d->err);
    block->object.header += row->size;
    *at = end;
    return ok;
}

static bool is_all_passed(const struct cpl_csv_block *block, size_t at)
{
    return block->at_end && at == block->filled;
}

static bool skip_head(struct csv_decoder *d)
{
    struct cpl_csv_block *block = &d->block;
    size_t at = 0;
    if (!pass_mark(d, &at))
        return false;
    for (int64_t i = 0; i < d->dialect->skip_lines && !is_all_passed(block, at); i++)
        if (!pass_line(d, &at, &block->header_bytes, &block->object.header))
            return false;
    bool header = d->dialect->header == CPL_HEADER_YES;
    bool comments = block->rules.comment && block->rules.comments_lead;
    if ((header || comments) && !pass_blanks_and_comments(d, &at))
        return false;
    if (header && !pass_header(d, &at))
        return false;
    cpl_csv_block_advance(block, at);
    return true;
}

enum { PROOF_ROWS = 16, PROOF_LINES = 64 };

/* Do the records from `at` look like rows? Blank lines and comments say nothing. */
static bool plausible_start(struct csv_decoder *d, size_t at)
{
    struct cpl_csv_block *block = &d->block;
    unsigned good = 0, seen = 0;
    for (unsigned looked = 0; looked < PROOF_LINES && seen < PROOF_ROWS && at < block->filled;
         looked++) {
        size_t end = 0;
        uint32_t before = block->scan.n = 0;
        enum cpl_csv_record result = cpl_csv_record(&block->scan, &block->rules, block->data, at,
                                                    block->filled, &end);
        if (result == CPL_RECORD_CUT)
            break;
        bool says_nothing = is_comment_line(block, at) || is_blank_line(block, at);
        at = end;
        if (says_nothing)
            continue;
        seen++;
        good += result == CPL_RECORD_OK && block->scan.n - before == d->dialect->n_columns;
        if (result == CPL_RECORD_OPEN)
            break;
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
    if (d->from == 0 && !skip_head(d))
        return false;
    if (d->block.rules.comments_lead)
        d->block.rules.comment = 0;
    if (d->from == 0)
        return cpl_csv_block_fill(&d->block, d->err);
    if (!d->at_row_start) {
        if (!find_row_start(d))
            return false;
        d->true_start = d->block.base;
        d->block.lines_before = 0;
    }
    return cpl_csv_block_fill(&d->block, d->err);
}

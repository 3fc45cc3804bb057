/* Where a split starts: behind preamble and header, or, in the middle of an object, at the first row that begins behind its
 * start. A guess there is proven by the rows that follow; the loop checks it against where the split before ends. */
#include "decode/csv_decoder.h"

#include <string.h>

static size_t skip_line(const struct cpl_csv_block *block, size_t at)
{
    const uint8_t *newline = memchr(block->data + at, block->rules.newline, block->filled - at);
    return newline ? (size_t)(newline - block->data) + 1 : block->filled;
}

/* What precedes the rows: [0, preamble) byte-order mark and preamble, then blank lines and comments up to `header`, the header
 * row up to `end`. Without a header all three are one. */
struct head {
    size_t preamble, header, end;
    bool whole; /* else the block must grow first */
};

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

/* The header row's end. A quote in it that nothing closes takes its own line, as it does in rows. */
static size_t header_end(struct cpl_csv_block *block, size_t at, bool *whole)
{
    size_t end = at;
    enum cpl_csv_record result = cpl_csv_record(&block->scan, &block->rules, block->data, at,
                                                block->filled, &end);
    block->scan.n = block->scan.rows = 0;
    bool ended = result == CPL_RECORD_OK || result == CPL_RECORD_BAD_QUOTE;
    *whole = block->at_end || (ended && block->data[end - 1] == block->rules.newline);
    return result == CPL_RECORD_OPEN ? skip_line(block, at) : end;
}

static struct head find_head(struct csv_decoder *d)
{
    struct cpl_csv_block *block = &d->block;
    size_t at = block->filled >= 3 && !memcmp(block->data, "\xEF\xBB\xBF", 3) ? 3 : 0;
    for (int64_t i = 0; i < d->dialect->skip_lines && at < block->filled; i++)
        at = skip_line(block, at);
    struct head head = {.preamble = at, .header = at, .end = at};
    head.whole = block->at_end || at < block->filled;
    if (d->dialect->header != CPL_HEADER_YES)
        return head;
    while (at < block->filled && (is_blank_line(block, at) || is_comment_line(block, at)))
        at = skip_line(block, at);
    head.header = head.end = at;
    head.whole = block->at_end;
    if (at < block->filled)
        head.end = header_end(block, at, &head.whole);
    return head;
}

static bool count_header(struct cpl_csv_block *block, size_t from, size_t to, struct cpl_error *err)
{
    block->header_bytes += to - from;
    return cpl_csv_block_count(block, from, to, &block->object.header, err);
}

/* Blank lines and comments above the header are in the books as such. */
static bool count_head(struct csv_decoder *d, const struct head *head)
{
    struct cpl_csv_block *block = &d->block;
    for (size_t at = head->preamble, next; at < head->header; at = next) {
        bool comment = is_comment_line(block, at);
        next = skip_line(block, at);
        *(comment ? &block->comment_bytes : &block->blank_bytes) += next - at;
        if (!cpl_csv_block_count(block, at, next,
                                 comment ? &block->object.comment : &block->object.blank, d->err))
            return false;
    }
    return count_header(block, 0, head->preamble, d->err) &&
           count_header(block, head->header, head->end, d->err);
}

static bool skip_head(struct csv_decoder *d)
{
    struct cpl_csv_block *block = &d->block;
    struct head head = {0};
    while (!head.whole) {
        if (!cpl_csv_block_read(block, d->err))
            return false;
        head = find_head(d);
        if (!head.whole && block->filled > block->max_row_bytes)
            return cpl_fail(d->err, CPL_E_LIMIT,
                            "the header and what precedes it are longer than limits.max_row_bytes; "
                            "is this CSV?");
    }
    if (!count_head(d, &head))
        return false;
    cpl_csv_block_advance(block, head.end);
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

/* Where the records of a block end: the vector scan's index, and the scalar machine's where it declines.
 *
 * Which bytes are a record follows from the bytes and the limits alone, never from how much of the input the block
 * holds: what lies behind max_row_bytes decides nothing until the record is known to reach there. A quote that
 * nothing closes costs its line when the input ends within max_row_bytes of the record's start, or when that many
 * bytes look like rows (cpl_csv_looks_unclosed), or when another field's quote closes it behind many lines that do (cpl_csv_hides_rows); else the record goes on to its true end, and is too long.
 *
 * Where the stream tells of rows' ends (rejects that are read again), each row is an input of its own: no record goes on behind its end, and a
 * quote that nothing in it closes costs all of it. Nothing is guessed then. */
#include "decode/csv_block.h"

#include <string.h>

/* The records indexed so far end here. */
static size_t last_record_end(const struct cpl_csv_block *block, size_t from)
{
    const struct cpl_csv_scan *scan = &block->scan;
    for (uint32_t i = scan->n; i-- > 0;)
        if (block->data[scan->positions[i]] == block->rules.newline)
            return (size_t)scan->positions[i] + 1;
    return from;
}

/* Forget separators at or behind `offset`, a record's start. */
static void unindex(struct cpl_csv_block *block, size_t offset)
{
    struct cpl_csv_scan *scan = &block->scan;
    while (scan->n && scan->positions[scan->n - 1] >= offset)
        scan->rows -= block->data[scan->positions[--scan->n]] == block->rules.newline;
    scan->inside = 0;
    scan->after_quote = false;
}

static bool note_odd(struct cpl_csv_block *block, size_t start, enum cpl_csv_record result,
                     struct cpl_error *err)
{
    if (block->n_odd == block->odd_capacity) {
        uint32_t capacity = block->odd_capacity ? 2 * block->odd_capacity : 64;
        struct cpl_csv_odd *odd = cpl_realloc(block->odd, capacity * sizeof *odd, err);
        if (!odd)
            return false;
        block->odd = odd;
        block->odd_capacity = capacity;
    }
    block->odd[block->n_odd++] = (struct cpl_csv_odd){
        .start = (uint32_t)start,
        .oddity = result == CPL_RECORD_OPEN      ? CPL_ODD_OPEN_QUOTE
                  : result == CPL_RECORD_ESCAPED ? CPL_ODD_ESCAPE
                                                 : CPL_ODD_QUOTE};
    return true;
}

static void end_record(struct cpl_csv_scan *scan, size_t newline)
{
    scan->positions[scan->n++] = (uint32_t)newline;
    scan->rows++;
}

/* The input's bytes in the block. */
static size_t real_size(const struct cpl_csv_block *block)
{
    return block->filled - block->virtual_newline;
}

/* ---- rows' ends that the stream tells ---- */

static bool knows_rows(const struct cpl_csv_block *block)
{
    return block->bytes->ops->ends_row != NULL;
}

bool cpl_csv_block_note_row_end(struct cpl_csv_block *block, struct cpl_error *err)
{
    if (block->data[block->filled - 1] != block->rules.newline ||
        !block->bytes->ops->ends_row(block->bytes))
        return true;
    if (block->n_row_ends == block->row_ends_capacity) {
        size_t capacity = block->row_ends_capacity ? 2 * block->row_ends_capacity : 64;
        uint64_t *ends = cpl_realloc(block->row_ends, capacity * sizeof *ends, err);
        if (!ends)
            return false;
        block->row_ends = ends;
        block->row_ends_capacity = capacity;
    }
    block->row_ends[block->n_row_ends++] = block->base + block->filled;
    return true;
}

/* How many of them are not behind `offset`. */
static size_t row_ends_until(const struct cpl_csv_block *block, uint64_t offset)
{
    size_t low = 0, high = block->n_row_ends;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (block->row_ends[middle] <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void cpl_csv_block_forget_row_ends(struct cpl_csv_block *block)
{
    size_t gone = row_ends_until(block, block->base);
    block->n_row_ends -= gone;
    if (gone)
        memmove(block->row_ends, block->row_ends + gone,
                block->n_row_ends * sizeof *block->row_ends);
}

size_t cpl_csv_block_row_end(const struct cpl_csv_block *block, size_t at, bool *known)
{
    size_t i = row_ends_until(block, block->base + at);
    *known = i < block->n_row_ends;
    return *known ? (size_t)(block->row_ends[i] - block->base) : real_size(block);
}

/* ---- records by the scalar machine ---- */

/* Is the record [start, end) with bad quotes, indexed from scan.n == n on, one line with an unclosed quote, and rows behind it? Then it is no
 * longer indexed. */
static bool hides_rows(struct cpl_csv_block *block, size_t start, size_t end, uint32_t n)
{
    struct cpl_csv_scan *scan = &block->scan, indexed = *scan;
    if (!memchr(block->data + start, block->rules.newline, end - start - 1))
        return false;
    scan->n = n;
    scan->rows--;
    if (cpl_csv_hides_rows(block, start, end))
        return true;
    (void)cpl_csv_record(scan, &block->rules, block->data, start, end, &end);
    *scan = indexed;
    return false;
}

/* Over the limit and without an end so far: is it one line with a quote that nothing closes? */
static bool is_unclosed(struct cpl_csv_block *block, size_t start)
{
    return !knows_rows(block) && cpl_csv_looks_unclosed(block, start);
}

/* The row ends here, though no record does: the input lacks its last newline, or an escape stands before the one
 * that must end the row. */
static enum cpl_csv_record end_with_row(struct cpl_csv_block *block, size_t newline, size_t *end,
                                        enum cpl_csv_record result)
{
    end_record(&block->scan, newline);
    *end = newline + 1;
    if (result != CPL_RECORD_CUT)
        return result;
    return newline < real_size(block) ? CPL_RECORD_ESCAPED : CPL_RECORD_OK;
}

enum cpl_csv_record cpl_csv_block_record(struct cpl_csv_block *block, size_t start, size_t *end)
{
    struct cpl_csv_scan *scan = &block->scan;
    uint32_t n = scan->n, rows = scan->rows;
    bool told;
    size_t size = cpl_csv_block_row_end(block, start, &told);
    bool long_rest = size - start > block->max_row_bytes;
    size_t to = long_rest ? start + block->max_row_bytes + 1 : size;
    enum cpl_csv_record result = cpl_csv_record(scan, &block->rules, block->data, start, to, end);
    if (scan->rows > rows && result == CPL_RECORD_BAD_QUOTE && !knows_rows(block) &&
        hides_rows(block, start, *end, n))
        return CPL_RECORD_OPEN;
    if (scan->rows == rows && long_rest) {
        scan->n = n;
        if (is_unclosed(block, start))
            return CPL_RECORD_OPEN;
        result = cpl_csv_record(scan, &block->rules, block->data, start, size, end);
    }
    if (scan->rows > rows)
        return result;
    if (result != CPL_RECORD_OPEN && (told || block->virtual_newline) && !long_rest)
        return end_with_row(block, told ? size - 1 : size, end, result);
    scan->n = n;
    return result == CPL_RECORD_OPEN && (told || block->at_end) && !long_rest ? CPL_RECORD_OPEN
                                                                              : CPL_RECORD_CUT;
}

/* A quote that nothing closes: its line alone is bad, so end the record at the line's end, or where the stream tells. */
static size_t end_open_record(struct cpl_csv_block *block, size_t start)
{
    bool told;
    size_t end = cpl_csv_block_row_end(block, start, &told);
    if (!told) {
        const uint8_t *newline = memchr(block->data + start, block->rules.newline,
                                        block->filled - start);
        if (!newline)
            return block->filled;
        end = (size_t)(newline - block->data) + 1;
    }
    end_record(&block->scan, end - 1);
    return end;
}

/* Records that the vector scan declined, by the scalar machine, until behind `until`. *at moves from record start to record start. */
static bool index_slowly(struct cpl_csv_block *block, size_t *at, size_t until, bool *cut,
                         struct cpl_error *err)
{
    while (*at < block->filled && *at <= until) {
        size_t end = 0;
        enum cpl_csv_record result = cpl_csv_block_record(block, *at, &end);
        *cut = result == CPL_RECORD_CUT;
        if (*cut)
            return true;
        if (result == CPL_RECORD_OPEN)
            end = end_open_record(block, *at);
        if (result != CPL_RECORD_OK && !note_odd(block, *at, result, err))
            return false;
        *at = end;
    }
    return true;
}

/* The first record from `start` on that only a quote that is never closed makes longer than rows may be; its separators are
 * those from `first` on. `filled` when there is none. */
static size_t find_unclosed(struct cpl_csv_block *block, uint32_t first, size_t start)
{
    const struct cpl_csv_scan *scan = &block->scan;
    size_t size = real_size(block);
    for (uint32_t i = first; i <= scan->n; i++) {
        size_t end = i < scan->n ? scan->positions[i] : size;
        if (i < scan->n && block->data[end] != block->rules.newline)
            continue;
        if (end > start && end - start > block->max_row_bytes &&
            cpl_csv_looks_unclosed(block, start))
            return start;
        start = end + 1;
    }
    return block->filled;
}

/* The vector scan from `at`, a record's start. Where it declined, or an unclosed quote misled it; `filled` when all is well. */
static size_t index_fast(struct cpl_csv_block *block, size_t at)
{
    struct cpl_csv_scan *scan = &block->scan;
    uint32_t first = scan->n;
    size_t stop = cpl_csv_scan(scan, block->data, at, block->filled, true);
    if (block->filled - at > block->max_row_bytes) {
        size_t unclosed = find_unclosed(block, first, at);
        stop = unclosed < stop ? unclosed : stop;
    }
    return stop;
}

bool cpl_csv_block_index(struct cpl_csv_block *block, size_t from, struct cpl_error *err)
{
    struct cpl_csv_scan *scan = &block->scan;
    scan->n = scan->rows = 0;
    scan->inside = 0;
    scan->after_quote = scan->non_ascii = scan->doubled = scan->carriage_returns = false;
    block->n_odd = block->odd_cursor = 0;
    bool slow = block->rules.comment || block->rules.escape != block->rules.quote ||
                block->rules.delimiter == 0 || knows_rows(block);
    size_t at = from;
    bool cut = false;
    while (at < block->filled && !cut) {
        size_t stop = slow ? at : index_fast(block, at);
        /* at the input's end a quote may still be open */
        if (stop >= block->filled && !(scan->inside && block->at_end))
            break;
        unindex(block, stop);
        size_t record = slow ? at : last_record_end(block, at);
        unindex(block, record);
        if (!index_slowly(block, &record, slow ? block->filled : stop + 64, &cut, err))
            return false;
        at = record;
    }
    block->usable = last_record_end(block, from);
    block->touched = scan->n > block->touched ? scan->n : block->touched;
    return true;
}

#include "decode/csv_giant.h"
#include "decode/csv_block.h"

#include <string.h>

enum {
    PROOF_ROWS = 64,
    LEAST_ROWS = 16, /* fewer lines of a text may happen to look like rows */
};

/* ---- its end ---- */

static void inside_quotes(struct cpl_csv_giant *giant, const struct cpl_csv_rules *rules,
                          uint8_t byte)
{
    if (rules->escape && rules->escape != rules->quote && byte == rules->escape)
        giant->escaped = true;
    else if (byte == rules->quote)
        giant->state = rules->escape == rules->quote ? GIANT_QUOTE : GIANT_FIELD;
}

/* True when the byte ends the row. */
static bool outside_quotes(struct cpl_csv_giant *giant, const struct cpl_csv_rules *rules,
                           uint8_t byte)
{
    bool first = giant->state == GIANT_FIELD_START;
    giant->state = byte == rules->delimiter ? GIANT_FIELD_START : GIANT_FIELD;
    if (byte == rules->newline)
        return true;
    if (byte == rules->delimiter)
        return false;
    if (first && rules->quote && byte == rules->quote)
        giant->state = GIANT_QUOTED;
    else if (cpl_csv_escapes_outside(rules, byte))
        giant->escaped = true;
    return false;
}

size_t cpl_csv_giant_end(struct cpl_csv_giant *giant, const struct cpl_csv_rules *rules,
                         const uint8_t *data, size_t size, bool *done)
{
    *done = false;
    for (size_t i = 0; i < size; i++) {
        if (giant->state == GIANT_COMMENT) {
            *done = data[i] == rules->newline;
            if (*done)
                return i + 1;
        } else if (giant->escaped) {
            giant->escaped = false;
        } else if (giant->state == GIANT_QUOTED) {
            inside_quotes(giant, rules, data[i]);
        } else if (giant->state == GIANT_QUOTE && data[i] == rules->quote) {
            giant->state = GIANT_QUOTED; /* it was doubled */
        } else if (outside_quotes(giant, rules, data[i])) {
            *done = true;
            return i + 1;
        }
    }
    return size;
}

/* ---- is it one? ---- */

/* Is a quote in the field [at, end) but around all of it? */
static bool has_stray_quote(const struct cpl_csv_block *block, size_t at, size_t end)
{
    const uint8_t *data = block->data, quote = block->rules.quote;
    bool quoted = at < end && data[at] == quote;
    const uint8_t *next = memchr(data + at + quoted, quote, end - at - quoted);
    if (!quoted || !next)
        return next != NULL;
    size_t behind = (size_t)(next - data) + 1;
    return behind < end && !(behind + 1 == end && data[behind] == '\r');
}

/* A row as any file would have it. */
static bool is_plain_row(struct cpl_csv_block *block, size_t at, size_t to, size_t *end)
{
    struct cpl_csv_scan *scan = &block->scan;
    uint32_t first = scan->n, rows = scan->rows;
    enum cpl_csv_record result = cpl_csv_record(scan, &block->rules, block->data, at, to, end);
    bool plain = result == CPL_RECORD_OK && scan->rows > rows &&
                 scan->n - first == block->dialect->n_columns;
    for (uint32_t i = first; plain && i < scan->n; i++) {
        plain = !has_stray_quote(block, at, scan->positions[i]);
        at = scan->positions[i] + 1;
    }
    scan->n = first;
    return plain;
}

/* Is the record's quote still open when its bytes are more than rows may have? */
static bool is_open_at(struct cpl_csv_block *block, size_t start, size_t to)
{
    size_t end;
    return cpl_csv_record(&block->scan, &block->rules, block->data, start, to, &end) ==
           CPL_RECORD_OPEN;
}

/* Of the lines behind the first of [start, to), how many were looked at? *rows: most of them are rows. */
static unsigned count_rows(struct cpl_csv_block *block, size_t start, size_t to, bool *rows)
{
    const uint8_t *newline = memchr(block->data + start, block->rules.newline, to - start);
    size_t at = newline ? (size_t)(newline - block->data) + 1 : to;
    unsigned good = 0, seen = 0;
    for (; seen < PROOF_ROWS && at < to; seen++)
        good += is_plain_row(block, at, to, &at);
    *rows = seen && good >= seen - seen / 8;
    return seen;
}

bool cpl_csv_looks_unclosed(struct cpl_csv_block *block, size_t start)
{
    struct cpl_csv_scan before = block->scan;
    size_t to = start + block->max_row_bytes + 1;
    bool rows = false;
    if (is_open_at(block, start, to)) {
        block->scan.n = before.n;
        count_rows(block, start, to, &rows);
    }
    block->scan = before;
    return rows;
}

bool cpl_csv_hides_rows(struct cpl_csv_block *block, size_t start, size_t end)
{
    struct cpl_csv_scan before = block->scan;
    bool rows,
        many = block->dialect->n_columns > 1 && count_rows(block, start, end, &rows) >= LEAST_ROWS;
    block->scan = before;
    return many && rows;
}

/* ---- passing over ---- */

/* [0, size) of the block belongs to the giant: keep it as far as the reject shows it. A character may be cut in two
 * between calls; then both lead to its bytes in the object, and they are kept once. */
static bool take_bytes(struct cpl_csv_block *block, struct cpl_csv_giant *giant, size_t size,
                       struct cpl_error *err)
{
    size_t room = CPL_CSV_GIANT_SHOWN - giant->shown, take = size < room ? size : room;
    uint64_t from, to, end = giant->position + giant->raw.size;
    size_t before = giant->raw.size;
    giant->bytes += size;
    giant->shown += take;
    if (!take || !block->bytes->ops->locate)
        return !take || cpl_buffer_append(&giant->raw, block->data, take, err);
    if (!cpl_stream_locate(block->bytes, block->base, block->base + take, &from, &to, &giant->raw,
                           err))
        return false;
    size_t again = end > from ? (size_t)(end - from) : 0;
    giant->raw.size -= again;
    memmove(giant->raw.data + before, giant->raw.data + before + again, giant->raw.size - before);
    return true;
}

/* Its bytes in the block; *done: the last of them ends it. */
static size_t giant_size(const struct cpl_csv_block *block, struct cpl_csv_giant *giant, bool *done)
{
    bool told;
    size_t most = cpl_csv_block_row_end(block, 0, &told);
    size_t size = cpl_csv_giant_end(giant, &block->rules, block->data, most, done);
    *done = *done || (told && size == most);
    return size;
}

static bool pass_over(struct cpl_csv_block *block, struct cpl_csv_giant *giant,
                      struct cpl_error *err)
{
    for (bool done = false; !done;) {
        size_t size = giant_size(block, giant, &done);
        if (!take_bytes(block, giant, size, err))
            return false;
        cpl_csv_block_advance(block, size);
        if (!done && block->at_end && !block->filled)
            return true;
        if (!done && !cpl_csv_block_read(block, err))
            return false;
    }
    return true;
}

static bool hand_out(struct cpl_csv_block *block, const struct cpl_csv_giant *giant,
                     struct cpl_error *err)
{
    if (giant->comment) {
        block->comment_bytes += giant->bytes;
        block->object.comment += giant->length;
        return true;
    }
    block->reject_bytes += giant->bytes;
    block->object.reject += giant->length;
    block->rows_rejected++;
    return block->giant(block->context, giant, err);
}

bool cpl_csv_drop_giant(struct cpl_csv_block *block, struct cpl_error *err)
{
    struct cpl_csv_giant giant = {.line = block->lines_before};
    giant.comment = block->rules.comment && block->data[0] == block->rules.comment;
    giant.state = giant.comment ? GIANT_COMMENT : GIANT_FIELD_START;
    uint64_t end = 0;
    bool ok = cpl_csv_block_object_offset(block, 0, &giant.position, err) &&
              cpl_buffer_reserve(&giant.raw, 1, err) && pass_over(block, &giant, err) &&
              cpl_csv_block_object_offset(block, 0, &end, err);
    giant.length = end - giant.position;
    ok = ok && hand_out(block, &giant, err);
    cpl_buffer_release(&giant.raw);
    return ok;
}

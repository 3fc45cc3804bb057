#include "decode/csv_block.h"
#include "decode/csv_sniff.h"

#include <string.h>

enum { FRONT = 64, BACK = 128 };

bool cpl_csv_block_init(struct cpl_csv_block *block, struct cpl_error *err)
{
    const struct cpl_csv_dialect *d = block->dialect;
    block->capacity = d->block_size ? d->block_size : CPL_CSV_BLOCK;
    block->memory = cpl_alloc_zero(1, FRONT + block->capacity + BACK, err);
    block->scan.positions = block->memory
                                ? cpl_alloc((block->capacity + BACK) * sizeof(uint32_t), err)
                                : NULL;
    if (!block->scan.positions)
        return false;
    block->data = block->memory + FRONT;
    block->rules = cpl_csv_rules_of(d);
    block->scan.delimiter = block->rules.delimiter;
    block->scan.quote = block->rules.quote;
    block->scan.newline = block->rules.newline;
    size_t cells = block->capacity / 2;
    size_t rows = d->n_columns ? cells / d->n_columns : cells;
    block->tile_rows = rows < 1 ? 1 : rows > 8192 ? 8192 : (uint32_t)rows;
    return true;
}

void cpl_csv_block_release(struct cpl_csv_block *block)
{
    cpl_free(block->memory);
    cpl_free(block->scan.positions);
    cpl_free(block->ends);
    cpl_free(block->row_start);
    cpl_free(block->row_end);
    cpl_free(block->odd);
    cpl_free(block->row_ends);
}

uint64_t cpl_csv_block_memory(const struct cpl_csv_block *block)
{
    return block->capacity + block->touched * sizeof *block->scan.positions +
           block->odd_capacity * sizeof *block->odd +
           block->row_ends_capacity * sizeof *block->row_ends;
}

static uint64_t count_bytes(const uint8_t *data, size_t size, uint8_t byte)
{
    uint64_t count = 0;
    while (size) {
        size_t step = size < 128 ? size : 128; /* fits a byte, so that it vectorises well */
        uint8_t part = 0;
        for (size_t i = 0; i < step; i++)
            part = (uint8_t)(part + (data[i] == byte));
        count += part;
        data += step;
        size -= step;
    }
    return count;
}

uint64_t cpl_csv_block_lines(const struct cpl_csv_block *block, size_t from, size_t to)
{
    return count_bytes(block->data + from, to - from, block->rules.newline);
}

void cpl_csv_block_advance(struct cpl_csv_block *block, size_t offset)
{
    if (!offset)
        return;
    size_t real = block->virtual_newline && offset == block->filled ? offset - 1 : offset;
    block->lines_before += cpl_csv_block_lines(block, 0, real);
    block->base += real;
    cpl_stream_forget(block->bytes, block->base);
    cpl_csv_block_forget_row_ends(block);
    block->filled -= offset;
    memmove(block->data, block->data + offset, block->filled);
}

bool cpl_csv_block_count(struct cpl_csv_block *block, size_t from, size_t to,
                         uint64_t *object_class, struct cpl_error *err)
{
    return cpl_stream_count(block->bytes, block->base + from, block->base + to, object_class, err);
}

bool cpl_csv_block_object_offset(const struct cpl_csv_block *block, size_t at, uint64_t *offset,
                                 struct cpl_error *err)
{
    uint64_t end;
    return cpl_stream_locate(block->bytes, block->base + at, block->base + at, offset, &end, NULL,
                             err);
}

static bool grow(struct cpl_csv_block *block, struct cpl_error *err)
{
    size_t capacity = block->capacity * 2;
    uint8_t *memory = cpl_realloc(block->memory, FRONT + capacity + BACK, err);
    if (!memory)
        return false;
    block->memory = memory;
    block->data = memory + FRONT;
    uint32_t *positions = cpl_realloc(block->scan.positions, (capacity + BACK) * sizeof *positions,
                                      err);
    if (!positions)
        return false;
    block->scan.positions = positions;
    block->capacity = capacity;
    return true;
}

static bool read_on(struct cpl_csv_block *block, struct cpl_error *err)
{
    while (!block->at_end && block->filled < block->capacity) {
        size_t got = 0;
        if (!cpl_stream_read(block->bytes, block->data + block->filled,
                             block->capacity - block->filled, &got, err))
            return false;
        block->at_end = got == 0;
        block->filled += got;
        if (got && block->bytes->ops->ends_row && !cpl_csv_block_note_row_end(block, err))
            return false;
    }
    memset(block->data + block->filled, 0, BACK);
    return true;
}

bool cpl_csv_block_read(struct cpl_csv_block *block, struct cpl_error *err)
{
    if (block->filled == block->capacity && !block->at_end && !grow(block, err))
        return false;
    return read_on(block, err);
}

/* The input's last row may lack its newline: give it one behind the end. Not to a giant, which is never held whole. */
static bool close_last_record(struct cpl_csv_block *block, size_t from, struct cpl_error *err)
{
    if (!block->at_end || block->usable == block->filled || block->virtual_newline ||
        block->filled - block->usable > block->max_row_bytes)
        return true;
    block->data[block->filled++] = block->rules.newline;
    block->virtual_newline = true;
    return cpl_csv_block_index(block, from, err);
}

static bool is_blank_record(const struct cpl_csv_block *block, uint32_t start, uint32_t newline,
                            uint32_t fields)
{
    bool empty = newline == start || (newline == start + 1 && block->data[start] == '\r');
    return fields == 1 && empty &&
           (block->dialect->n_columns > 1 ||
            (block->virtual_newline && newline + 1 == block->filled));
}

/* A blank line without a newline at the input's very end is no row, not even of one column. */
static bool ends_blank(const struct cpl_csv_block *block, uint32_t n)
{
    const uint32_t *ends = block->scan.positions;
    return block->virtual_newline && n &&
           is_blank_record(block, n > 1 ? ends[n - 2] + 1 : 0, ends[n - 1], 1);
}

/* Is no row of a regular block over the limit? */
static bool rows_are_short(const struct cpl_csv_block *block)
{
    uint32_t columns = block->dialect->n_columns, start = 0;
    if (block->usable <= block->max_row_bytes)
        return true;
    for (uint32_t i = columns; i <= block->scan.n; i += columns) {
        uint32_t newline = block->scan.positions[i - 1];
        if (newline - start > block->max_row_bytes)
            return false;
        start = newline + 1;
    }
    return true;
}

bool cpl_csv_block_fill(struct cpl_csv_block *block, struct cpl_error *err)
{
    for (;;) {
        if (!read_on(block, err) || !cpl_csv_block_index(block, 0, err) ||
            !close_last_record(block, 0, err))
            return false;
        block->cursor = 0;
        block->record_start = 0;
        if (block->usable || (block->at_end && !block->filled))
            break;
        if (block->filled > block->max_row_bytes || block->capacity > UINT32_MAX / 4) {
            if (!cpl_csv_drop_giant(block, err))
                return false;
        } else if (block->filled == block->capacity && !grow(block, err)) {
            return false;
        }
    }
    const struct cpl_csv_scan *scan = &block->scan;
    uint32_t columns = block->dialect->n_columns, n = scan->n;
    while (n && block->data[scan->positions[n - 1]] != block->rules.newline)
        n--;
    block->scan.n = n;
    bool short_fields = !block->max_field_bytes || block->capacity <= block->max_field_bytes;
    block->regular = !block->n_odd && !block->rules.comment && n == scan->rows * columns &&
                     short_fields;
    for (uint32_t i = columns; block->regular && i <= n; i += columns)
        block->regular = block->data[scan->positions[i - 1]] == block->rules.newline;
    if (columns == 1 && ends_blank(block, n))
        block->regular = false;
    block->regular = block->regular && rows_are_short(block);
    if (block->regular && scan->non_ascii)
        block->regular = cpl_utf8_valid(block->data, block->usable);
    return true;
}

/* ---- tiles ---- */

static bool tile_memory(struct cpl_csv_block *block, struct cpl_error *err)
{
    if (block->row_start)
        return true;
    size_t rows = block->tile_rows,
           columns = block->dialect->n_columns ? block->dialect->n_columns : 1;
    block->ends = cpl_alloc((rows * columns + 1) * sizeof(uint32_t), err);
    block->row_start = block->ends ? cpl_alloc((rows + 1) * sizeof(uint32_t), err) : NULL;
    block->row_end = block->row_start ? cpl_alloc((rows + 1) * sizeof(uint32_t), err) : NULL;
    return block->row_end != NULL;
}

static uint32_t raw_end(const struct cpl_csv_block *block, uint32_t newline)
{
    uint32_t end = newline + 1;
    return block->virtual_newline && end == block->filled ? newline : end;
}

static void regular_tile(struct cpl_csv_block *block, struct cpl_csv_tile *tile)
{
    uint32_t columns = block->dialect->n_columns;
    uint32_t rows = (block->scan.n - block->cursor) / columns;
    if (rows > block->tile_rows)
        rows = block->tile_rows;
    const uint32_t *ends = block->scan.positions + block->cursor;
    uint32_t start = block->record_start, taken = 0;
    for (; taken < rows && block->base + start <= block->to; taken++) {
        block->row_start[taken] = start;
        start = ends[(size_t)taken * columns + columns - 1] + 1;
        block->row_end[taken] = start;
    }
    if (taken)
        block->row_end[taken - 1] = raw_end(block, start - 1);
    if (taken < rows)
        block->finished = true;
    *tile = (struct cpl_csv_tile){.ends = ends,
                                  .row_start = block->row_start,
                                  .row_end = block->row_end,
                                  .stride = columns,
                                  .rows = taken};
    block->cursor += taken * columns;
    block->record_start = start;
    if (taken)
        block->row_bytes += block->row_end[taken - 1] - block->row_start[0];
}

static const struct cpl_csv_odd *odd_record(struct cpl_csv_block *block, uint32_t start)
{
    while (block->odd_cursor < block->n_odd && block->odd[block->odd_cursor].start < start)
        block->odd_cursor++;
    return block->odd_cursor < block->n_odd && block->odd[block->odd_cursor].start == start
               ? &block->odd[block->odd_cursor]
               : NULL;
}

static bool reject_record(struct cpl_csv_block *block, enum cpl_csv_oddity oddity, uint32_t start,
                          uint32_t end, uint32_t fields, struct cpl_error *err)
{
    block->reject_bytes += end - start;
    block->rows_rejected++;
    return block->irregular(block->context, oddity, start, end, fields, err);
}

/* Where the record's last field ends; the carriage return of CR LF is no part of it. */
static uint32_t last_field_end(const struct cpl_csv_block *block, const uint32_t *ends,
                               uint32_t fields, uint32_t start)
{
    uint32_t end = ends[fields - 1], field = fields > 1 ? ends[fields - 2] + 1 : start;
    return block->rules.newline == '\n' && end > field && block->data[end - 1] == '\r' ? end - 1
                                                                                       : end;
}

/* Put the record's cells into the tile; missing ones (padding) are empty. A row of full width keeps its carriage return:
 * whoever reads the last column cuts it off. */
static void take_record(struct cpl_csv_block *block, struct cpl_csv_tile *tile,
                        const uint32_t *ends, uint32_t fields, uint32_t start, uint32_t end)
{
    uint32_t *to = block->ends + (size_t)tile->rows * tile->stride;
    memcpy(to, ends, fields * sizeof *to);
    if (fields < tile->stride)
        to[fields - 1] = last_field_end(block, ends, fields, start);
    for (uint32_t i = fields; i < tile->stride; i++)
        to[i] = to[fields - 1];
    block->row_start[tile->rows] = start;
    block->row_end[tile->rows] = end;
    block->row_bytes += end - start;
    tile->rows++;
}

/* Is some field of the record longer than fields may be? */
static bool long_field(const struct cpl_csv_block *block, const uint32_t *ends, uint32_t fields,
                       uint32_t start)
{
    for (uint32_t i = 0; i < fields; i++) {
        if (ends[i] - start > block->max_field_bytes)
            return true;
        start = ends[i] + 1;
    }
    return false;
}

static bool one_record(struct cpl_csv_block *block, struct cpl_csv_tile *tile,
                       struct cpl_error *err)
{
    const uint32_t *ends = block->scan.positions + block->cursor;
    uint32_t fields = 1, columns = block->dialect->n_columns, start = block->record_start;
    while (block->data[ends[fields - 1]] != block->rules.newline)
        fields++;
    uint32_t newline = ends[fields - 1], end = raw_end(block, newline);
    block->cursor += fields;
    block->record_start = newline + 1;
    if (block->rules.comment && block->data[start] == block->rules.comment && newline > start) {
        block->comment_bytes += end - start;
        return cpl_csv_block_count(block, start, end, &block->object.comment, err);
    }
    if (is_blank_record(block, start, newline, fields)) {
        block->blank_bytes += end - start;
        return cpl_csv_block_count(block, start, end, &block->object.blank, err);
    }
    if (newline - start > block->max_row_bytes)
        return reject_record(block, CPL_ODD_LIMIT, start, end, fields, err);
    const struct cpl_csv_odd *odd = odd_record(block, start);
    if (odd)
        return reject_record(block, odd->oddity, start, end, fields, err);
    if (block->max_field_bytes && newline - start > block->max_field_bytes &&
        long_field(block, ends, fields, start))
        return reject_record(block, CPL_ODD_FIELD_LIMIT, start, end, fields, err);
    if (block->scan.non_ascii && !cpl_utf8_valid(block->data + start, newline - start))
        return reject_record(block, CPL_ODD_CHARSET, start, end, fields, err);
    if (fields != columns && !(block->dialect->ragged == CPL_RAGGED_PAD && fields < columns))
        return reject_record(block, CPL_ODD_RAGGED, start, end, fields, err);
    take_record(block, tile, ends, fields, start, end);
    return true;
}

static bool irregular_tile(struct cpl_csv_block *block, struct cpl_csv_tile *tile,
                           struct cpl_error *err)
{
    *tile = (struct cpl_csv_tile){.ends = block->ends,
                                  .row_start = block->row_start,
                                  .row_end = block->row_end,
                                  .stride = block->dialect->n_columns};
    while (block->cursor < block->scan.n && tile->rows < block->tile_rows) {
        if (block->base + block->record_start > block->to) {
            block->finished = true;
            return true;
        }
        if (!one_record(block, tile, err))
            return false;
    }
    return true;
}

bool cpl_csv_block_tile(struct cpl_csv_block *block, struct cpl_csv_tile *tile,
                        struct cpl_error *err)
{
    *tile = (struct cpl_csv_tile){0};
    if (!tile_memory(block, err))
        return false;
    while (!block->finished) {
        if (block->cursor >= block->scan.n) {
            cpl_csv_block_advance(block,
                                  block->virtual_newline ? block->filled : block->record_start);
            block->record_start = 0;
            if (block->at_end && !block->filled) {
                block->finished = true;
                break;
            }
            if (block->base > block->to) {
                block->finished = true;
                break;
            }
            if (!cpl_csv_block_fill(block, err))
                return false;
            continue;
        }
        if (block->regular)
            regular_tile(block, tile);
        else if (!irregular_tile(block, tile, err))
            return false;
        if (tile->rows)
            break;
    }
    return true;
}

/* The CSV decoder: blocks to tiles to columns. See csv.h for the picture. */
#include "decode/csv.h"
#include "batch/builder.h"
#include "batch/name_order.h"
#include "decode/csv_block.h"
#include "decode/csv_cell.h"
#include "decode/csv_column.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 24 << 10 };

struct bad_cell {
    uint32_t row, field, start, end;
    bool quote, null, conflict;
};

struct field_state {
    uint32_t source; /* which cell of the row; UINT32_MAX = none: always null */
    bool strip;      /* cells are mostly quoted: strip before the kernel */
    bool widened;
    uint8_t *validity; /* tile_rows bits */
    void *values;
    struct cpl_text_facts facts;
    struct cpl_text_style style; /* how its values are written */
};

struct csv_decoder {
    struct cpl_decoder base;
    const struct cpl_decode_plan *plan;
    const struct cpl_csv_dialect *dialect;
    struct cpl_reject_sink *rejects;
    struct cpl_csv_block block;
    struct cpl_csv_tile tile;
    struct field_state *fields;
    struct cpl_batch batch;
    struct cpl_arena arena; /* unescaped text of the current batch */
    struct cpl_text_facts *facts;
    struct bad_cell *bad; /* first bad cell of each bad row of the tile */
    uint8_t *bad_rows;
    uint32_t n_bad, *keep;
    uint64_t from, true_start, rows_decoded, rows_rejected;
    bool at_row_start, started, widened;
    uint32_t n_fields;
    struct {
        uint64_t base,
            lines; /* newlines in the block's first `to` bytes, when it began at `base` */
        uint32_t to;
    } counted;
    struct cpl_error *err; /* of the current call */
};

/* ---- rejects ---- */

enum { WHOLE_ROW = UINT32_MAX };

/* Newlines before `at`. Rejects mostly come in order, so that each byte is looked at a few times at most. */
static uint64_t lines_before(struct csv_decoder *d, uint32_t at)
{
    if (d->counted.base != d->block.base || d->counted.to > at)
        d->counted.to = 0, d->counted.lines = 0, d->counted.base = d->block.base;
    d->counted.lines += cpl_count_newlines(d->block.data + d->counted.to, at - d->counted.to);
    d->counted.to = at;
    return d->block.lines_before + d->counted.lines;
}

/* Where in the row from `from` on the fault at `at` is. */
static struct cpl_fault place_fault(const struct csv_decoder *d, uint32_t from, uint32_t at)
{
    const uint8_t *row = d->block.data + from, *fault = d->block.data + at;
    if (at == (uint32_t)WHOLE_ROW || at < from)
        return (struct cpl_fault){0};
    const uint8_t *newline = memrchr(row, '\n', at - from);
    return (struct cpl_fault){
        .line = cpl_count_newlines(row, at - from),
        .column = (uint64_t)(fault - (newline ? newline + 1 : row)) + 1,
    };
}

/* Row [from, to), in which the fault is at `at` (or WHOLE_ROW); `what`: column, rule, message and whether it is a conflict. */
static bool send_reject(struct csv_decoder *d, uint32_t from, uint32_t to, uint32_t at,
                        const struct cpl_reject *what)
{
    struct cpl_csv_block *block = &d->block;
    struct cpl_reject reject = *what;
    reject.fault = place_fault(d, from, at);
    reject.fault.conflict = what->fault.conflict;
    reject.position = block->base + from;
    reject.length = reject.raw_length = to - from;
    reject.raw = block->data + from;
    reject.line = lines_before(d, from);
    struct cpl_buffer raw = {.max = 2 * block->max_row_bytes + 4096};
    struct cpl_stream *bytes = block->bytes;
    bool ok = true;
    if (bytes->ops->locate) {
        uint64_t start = 0, end = 0;
        ok = bytes->ops->locate(bytes, reject.position, reject.position + reject.length, &start,
                                &end, &raw, d->err);
        reject.position = start;
        reject.length = end - start;
        reject.raw = raw.data;
        reject.raw_length = raw.size;
    }
    block->object.reject += reject.length;
    ok = ok && d->rejects->add(d->rejects, &reject, d->err);
    cpl_buffer_release(&raw);
    return ok;
}

static void say_row_limit(const struct csv_decoder *d, char *message, size_t size)
{
    snprintf(message, size, "the row is longer than limits.max_row_bytes (%llu bytes)",
             (unsigned long long)d->block.max_row_bytes);
}

/* Name and start of the record's first field over max_field_bytes; the record has just been taken off the index. */
static const char *find_long_field(const struct csv_decoder *d, uint32_t from, uint32_t fields,
                                   uint32_t *at)
{
    const struct cpl_csv_block *block = &d->block;
    const uint32_t *ends = block->scan.positions + block->cursor - fields;
    uint32_t i = 0;
    for (*at = from; i < fields && ends[i] - *at <= block->max_field_bytes; i++)
        *at = ends[i] + 1;
    return i < d->dialect->n_columns ? d->dialect->column_names[i] : NULL;
}

static bool reject_irregular(void *context, enum cpl_csv_oddity oddity, uint32_t from, uint32_t to,
                             uint32_t fields, struct cpl_error *err)
{
    struct csv_decoder *d = context;
    char message[160];
    const char *rule = "quote", *column = NULL;
    uint32_t at = WHOLE_ROW;
    d->err = err;
    switch (oddity) {
    case CPL_ODD_RAGGED:
        rule = "ragged";
        snprintf(message, sizeof message, "the row has %u field%s where %u are expected", fields,
                 fields == 1 ? "" : "s", d->dialect->n_columns);
        break;
    case CPL_ODD_QUOTE:
        snprintf(
            message, sizeof message,
            "text follows a closing quote; a quote inside a quoted field must be written twice");
        break;
    case CPL_ODD_OPEN_QUOTE:
        snprintf(message, sizeof message, "a quoted field is never closed");
        break;
    case CPL_ODD_CHARSET:
        rule = "charset";
        snprintf(message, sizeof message,
                 "the row holds bytes that are not valid in the input's character set");
        break;
    case CPL_ODD_FIELD_LIMIT:
        rule = "limit";
        column = find_long_field(d, from, fields, &at);
        snprintf(message, sizeof message,
                 "a field is longer than limits.max_field_bytes (%llu bytes)",
                 (unsigned long long)d->plan->max_field_bytes);
        break;
    case CPL_ODD_LIMIT:
        rule = "limit";
        say_row_limit(d, message, sizeof message);
        break;
    }
    return send_reject(d, from, to, at,
                       &(struct cpl_reject){.column = column, .rule = rule, .message = message});
}

static bool reject_giant(void *context, const struct cpl_csv_giant *giant, struct cpl_error *err)
{
    struct csv_decoder *d = context;
    char message[160];
    say_row_limit(d, message, sizeof message);
    const struct cpl_reject reject = {.position = giant->position,
                                      .length = giant->length,
                                      .line = giant->line,
                                      .rule = "limit",
                                      .message = message,
                                      .raw = giant->raw.data,
                                      .raw_length = giant->raw.size};
    return d->rejects->add(d->rejects, &reject, err);
}

/* The cell's text for a message: printable, shortened. */
static void quote_cell(const uint8_t *data, uint32_t length, char out[64])
{
    size_t n = 0;
    for (uint32_t i = 0; i < length && n < 40; i++)
        out[n++] = data[i] < 0x20 || data[i] == 0x7F ? '?' : (char)data[i];
    while (n && length > 40 && ((uint8_t)out[n - 1] & 0xC0) == 0x80)
        n--;
    if (n && length > 40 && ((uint8_t)out[n - 1] & 0xC0) == 0xC0)
        n--;
    if (length > 40) {
        memcpy(out + n, "…", sizeof "…");
        n += sizeof "…" - 1;
    }
    out[n] = 0;
}

/* A number that only its length keeps out of a float column. */
static bool too_many_digits(const struct csv_decoder *d, const struct bad_cell *bad)
{
    enum cpl_kind kind = d->plan->schema->fields[bad->field].type.kind;
    if ((kind != CPL_F64 && kind != CPL_F32) || bad->end <= bad->start)
        return false;
    struct cpl_text_facts facts = cpl_text_classify(d->block.data + bad->start,
                                                    bad->end - bad->start, &d->dialect->style);
    return facts.class == CPL_CLASS_INT || facts.class == CPL_CLASS_DECIMAL ||
           facts.class == CPL_CLASS_DOUBLE;
}

static bool reject_cell(struct csv_decoder *d, const struct bad_cell *bad)
{
    const struct cpl_field *field = &d->plan->schema->fields[bad->field];
    char cell[64], message[256];
    struct cpl_buffer type = {0};
    uint32_t row_start = d->tile.row_start[bad->row], row_end = d->tile.row_end[bad->row];
    bool ok = true;
    const char *rule = bad->quote ? "quote" : bad->null ? "null" : "type";
    if (bad->quote) {
        snprintf(
            message, sizeof message,
            "text follows a closing quote; a quote inside a quoted field must be written twice");
    } else if (bad->null) {
        snprintf(message, sizeof message, "column %.100s must not be null", field->name);
    } else {
        quote_cell(d->block.data + bad->start, bad->end > bad->start ? bad->end - bad->start : 0,
                   cell);
        ok = cpl_type_format(&field->type, &type, d->err);
        const char *name = ok ? cpl_buffer_text(&type, d->err) : NULL;
        ok = name != NULL;
        snprintf(message, sizeof message, "\"%s\" does not fit %.80s%s", cell, name ? name : "",
                 too_many_digits(d, bad)
                     ? ": it has more digits than are given back; declare decimal or string"
                     : "");
    }
    const struct cpl_reject what = {.column = field->name,
                                    .rule = rule,
                                    .message = message,
                                    .fault = {.conflict = bad->conflict}};
    ok = ok && send_reject(d, row_start, row_end, bad->start, &what);
    d->block.row_bytes -= row_end - row_start;
    d->block.reject_bytes += row_end - row_start;
    d->rows_rejected++;
    cpl_buffer_release(&type);
    return ok;
}

static void mark_bad(struct csv_decoder *d, struct bad_cell bad)
{
    if (d->bad_rows[bad.row >> 3] >> (bad.row & 7) & 1)
        return;
    cpl_bit_set(d->bad_rows, bad.row);
    d->bad[d->n_bad++] = bad;
}

/* ---- cells ---- */

static void set_null(struct csv_decoder *d, uint32_t f, uint32_t row)
{
    struct cpl_column *column = &d->batch.columns[f];
    if (!column->validity) {
        column->validity = d->fields[f].validity;
        memset(column->validity, 0xFF, (d->block.tile_rows + 7) / 8);
    }
    cpl_bit_clear(column->validity, row);
    column->null_count++;
}

static void clear_value(struct cpl_column *column, uint32_t row)
{
    size_t width = cpl_type_width(&column->field->type);
    memset((uint8_t *)column->values + row * width, 0, width);
}

static void cell_extent(const struct csv_decoder *d, uint32_t f, uint32_t row, uint32_t *start,
                        uint32_t *end)
{
    const struct cpl_csv_tile *tile = &d->tile;
    uint32_t c = d->fields[f].source;
    size_t at = (size_t)row * tile->stride + c;
    *start = c ? tile->ends[at - 1] + 1 : tile->row_start[row];
    *end = tile->ends[at];
    if (c + 1 == tile->stride && *end > *start && d->block.data[*end - 1] == '\r' &&
        d->block.rules.newline == '\n')
        --*end;
    if (*end < *start)
        *end = *start;
}

static void null_cell(struct csv_decoder *d, uint32_t f, uint32_t row)
{
    clear_value(&d->batch.columns[f], row);
    set_null(d, f, row);
    if (d->plan->schema->fields[f].nullable)
        return;
    struct bad_cell bad = {.row = row, .field = f, .start = WHOLE_ROW, .null = true};
    if (d->fields[f].source != UINT32_MAX)
        cell_extent(d, f, row, &bad.start, &bad.end);
    mark_bad(d, bad);
}

/* A value that an inferred column's type cannot hold, and that may widen it. */
static void note_need(struct csv_decoder *d, uint32_t f, const struct cpl_csv_text *text)
{
    struct field_state *state = &d->fields[f];
    state->facts = cpl_text_join(state->facts,
                                 cpl_text_classify(text->data, text->length, &d->dialect->style));
    state->widened = d->widened = true;
}

static bool decide_cell(struct csv_decoder *d, uint32_t f, uint32_t row)
{
    const struct cpl_column_plan *plan = &d->plan->columns[f];
    struct cpl_column *column = &d->batch.columns[f];
    struct cpl_csv_text text;
    uint32_t start, end;
    cell_extent(d, f, row, &start, &end);
    struct cpl_error problem = {0};
    enum cpl_csv_cell kind = cpl_csv_cell_text(d->dialect, d->block.data + start, end - start,
                                               &d->arena, &text, &problem);
    if (problem.code != CPL_E_NONE) {
        if (d->err)
            *d->err = problem;
        return false;
    }
    if (kind == CPL_CELL_NULL) {
        null_cell(d, f, row);
        return true;
    }
    if (kind == CPL_CELL_VALUE) {
        const struct cpl_text_style *style = &d->fields[f].style;
        if (cpl_csv_cell_value(style, &text, column, row, plan->inferred) == CPL_TEXT_EXACT)
            return true;
    }
    clear_value(column, row);
    bool unfit = kind == CPL_CELL_VALUE && plan->inferred;
    if (unfit && d->plan->on_type_conflict == CPL_CONFLICT_WIDEN) {
        note_need(d, f, &text);
        return true;
    }
    mark_bad(
        d, (struct bad_cell){.row = row,
                             .field = f,
                             .start = start,
                             .end = end,
                             .quote = kind == CPL_CELL_BAD_QUOTE,
                             .conflict = unfit && d->plan->on_type_conflict == CPL_CONFLICT_FAIL});
    return true;
}

/* ---- columns ---- */

struct cells {
    uint32_t start[CPL_CSV_TILE], end[CPL_CSV_TILE];
};

static void gather_cells(const struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n,
                         struct cells *cells)
{
    const struct cpl_csv_tile *tile = &d->tile;
    const uint8_t *data = d->block.data;
    uint32_t c = d->fields[f].source, stride = tile->stride;
    cpl_csv_take_cells(tile->ends + (size_t)first * stride + c, stride,
                       c ? NULL : tile->row_start + first, n, cells->start, cells->end);
    if (c + 1 == stride && d->block.scan.carriage_returns && d->block.rules.newline == '\n')
        for (uint32_t i = 0; i < n; i++)
            cells->end[i] -= cells->end[i] > cells->start[i] && data[cells->end[i] - 1] == '\r';
}

/* Texts in which quotes may stand doubled are copied with single ones; broken ones become unsure. */
static bool undouble_slices(struct csv_decoder *d, const struct cpl_csv_cells *cells,
                            struct cpl_slice *out, struct cpl_csv_marks *marks)
{
    size_t most = 64;
    for (uint32_t i = 0; i < cells->n; i++)
        most += out[i].length;
    uint8_t *to = cpl_arena_alloc(&d->arena, most, d->err);
    if (!to)
        return false;
    for (uint32_t i = 0; i < cells->n; i++) {
        bool quoted = out[i].data == cells->data + cells->start[i] + 1;
        if (!quoted || cells->end[i] - cells->start[i] < 2)
            continue;
        uint8_t *end = cpl_csv_undouble(d->block.rules.quote, out[i].data, out[i].length, to);
        if (!end) {
            cpl_bit_set(marks->unsure, i);
            marks->any_unsure = true;
        } else if (end != to + out[i].length) {
            out[i] = (struct cpl_slice){.data = to, .length = (uint32_t)(end - to)};
            to = end;
        }
    }
    return true;
}

static bool slices(struct csv_decoder *d, const struct cpl_csv_cells *cells, struct cpl_slice *out,
                   struct cpl_csv_marks *marks)
{
    const struct cpl_csv_dialect *dialect = d->dialect;
    bool doubled = d->block.scan.doubled, own_escape = dialect->escape != dialect->quote;
    cpl_csv_slices(cells, d->block.rules.quote, out, marks);
    if (dialect->nulls.n || dialect->trim || (doubled && own_escape) ||
        (dialect->quoted_null && dialect->empty_is_null)) {
        memset(marks->unsure, 0xFF, sizeof marks->unsure);
        marks->any_unsure = true;
        return true;
    }
    return !doubled || undouble_slices(d, cells, out, marks);
}

static int64_t decimal_limit(int precision)
{
    int64_t limit = 1;
    for (int i = 0; i < precision; i++)
        limit *= 10;
    return limit - 1;
}

static bool plain_numbers(const struct cpl_csv_dialect *dialect)
{
    return (!dialect->style.decimal_point || dialect->style.decimal_point == '.') &&
           !dialect->style.thousands;
}

static void narrow(const int64_t *from, uint32_t n, size_t width, void *to)
{
    for (uint32_t i = 0; i < n; i++) {
        if (width == 4)
            ((int32_t *)to)[i] = (int32_t)from[i];
        else if (width == 2)
            ((int16_t *)to)[i] = (int16_t)from[i];
        else
            ((int8_t *)to)[i] = (int8_t)from[i];
    }
}

static void small_integers(const struct cpl_csv_cells *cells, enum cpl_kind kind, void *values,
                           struct cpl_csv_marks *marks)
{
    static const int64_t bounds[][2] = {
        [CPL_I8] = {INT8_MIN, INT8_MAX},    [CPL_I16] = {INT16_MIN, INT16_MAX},
        [CPL_I32] = {INT32_MIN, INT32_MAX}, [CPL_U8] = {0, UINT8_MAX},
        [CPL_U16] = {0, UINT16_MAX},        [CPL_U32] = {0, UINT32_MAX}};
    int64_t wide[CPL_CSV_TILE];
    cpl_csv_integers(cells, bounds[kind][0], bounds[kind][1], wide, marks);
    size_t width = kind == CPL_I8 || kind == CPL_U8     ? 1
                   : kind == CPL_I16 || kind == CPL_U16 ? 2
                                                        : 4;
    narrow(wide, cells->n, width, values);
}

/* Values that are no text. False when the type has no kernel: then every cell is decided one by one. */
static bool run_kernel(struct csv_decoder *d, uint32_t f, uint32_t first,
                       const struct cpl_csv_cells *cells, struct cpl_csv_marks *marks)
{
    struct cpl_column *column = &d->batch.columns[f];
    const struct cpl_type *type = &column->field->type;
    bool numbers = plain_numbers(d->dialect);
    switch (type->kind) {
    case CPL_I64:
        if (numbers)
            cpl_csv_integers(cells, INT64_MIN, INT64_MAX, column->i64 + first, marks);
        return numbers;
    case CPL_I8:
    case CPL_I16:
    case CPL_I32:
    case CPL_U8:
    case CPL_U16:
    case CPL_U32:
        if (numbers)
            small_integers(cells, type->kind, column->u8 + first * cpl_type_width(type), marks);
        return numbers;
    case CPL_DECIMAL:
        if (!numbers || type->precision > 18 || type->scale > 15)
            return false;
        cpl_csv_decimals(cells, type->scale, decimal_limit(type->precision), column->i64 + first,
                         marks);
        return true;
    case CPL_F64:
        if (numbers)
            cpl_csv_doubles(cells, column->f64 + first, marks);
        return numbers;
    case CPL_DATE:
        if (d->fields[f].style.date_format)
            return false;
        cpl_csv_dates(cells, column->i32 + first, marks);
        return true;
    default:
        return false;
    }
}

static void settle_empties(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n,
                           const struct cpl_csv_marks *marks)
{
    for (uint32_t i = 0; i < n; i++)
        if (marks->empty[i >> 3] >> (i & 7) & 1)
            null_cell(d, f, first + i);
}

static bool settle_unsure(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n,
                          const struct cpl_csv_marks *marks)
{
    uint32_t quoted = 0;
    for (uint32_t byte = 0; byte < (n + 7) / 8; byte++)
        for (unsigned bits = marks->unsure[byte]; bits; bits &= bits - 1) {
            uint32_t row = first + 8 * byte + (uint32_t)__builtin_ctz(bits), start, end;
            if (row >= first + n)
                break;
            cell_extent(d, f, row, &start, &end);
            quoted += d->block.rules.quote && d->block.data[start] == d->block.rules.quote;
            if (!decide_cell(d, f, row))
                return false;
        }
    if (quoted > n / 4 && !cpl_kind_is_slice(d->plan->schema->fields[f].type.kind))
        d->fields[f].strip = true;
    return true;
}

static bool decide_all(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!decide_cell(d, f, first + i))
            return false;
    return true;
}

static bool decode_tile_column(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n)
{
    struct cells extents;
    struct cpl_csv_marks marks;
    marks.any_unsure = marks.any_empty = false;
    gather_cells(d, f, first, n, &extents);
    if (d->fields[f].strip)
        cpl_csv_strip_quotes(d->block.data, d->block.rules.quote, n, extents.start, extents.end);
    struct cpl_csv_cells cells = {
        .data = d->block.data, .start = extents.start, .end = extents.end, .n = n};
    struct cpl_column *column = &d->batch.columns[f];
    enum cpl_kind kind = column->field->type.kind;
    if (kind == CPL_STRING || kind == CPL_BINARY) {
        if (!slices(d, &cells, column->slices + first, &marks))
            return false;
    } else if (!run_kernel(d, f, first, &cells, &marks)) {
        return decide_all(d, f, first, n);
    }
    if (marks.any_empty && d->dialect->empty_is_null)
        settle_empties(d, f, first, n, &marks);
    else if (marks.any_empty && !cpl_kind_is_slice(kind)) {
        for (uint32_t i = 0; i < sizeof marks.unsure; i++)
            marks.unsure[i] |= marks.empty[i];
        marks.any_unsure = true;
    }
    if (marks.any_unsure && d->dialect->empty_is_null && marks.any_empty)
        for (uint32_t i = 0; i < sizeof marks.unsure; i++)
            marks.unsure[i] &= (uint8_t)~marks.empty[i];
    return !marks.any_unsure || settle_unsure(d, f, first, n, &marks);
}

static void all_null(struct csv_decoder *d, uint32_t f, uint32_t rows)
{
    for (uint32_t i = 0; i < rows; i++)
        null_cell(d, f, i);
}

static void start_column(struct csv_decoder *d, uint32_t f)
{
    d->batch.columns[f] = (struct cpl_column){.field = &d->plan->schema->fields[f],
                                              .length = d->tile.rows,
                                              .values = d->fields[f].values};
    if (d->fields[f].source == UINT32_MAX)
        all_null(d, f, d->tile.rows);
}

/* Rows at a time so that their bytes, their index and the values made of them stay in the L1 cache. */
static uint32_t chunk_rows(const struct csv_decoder *d)
{
    uint32_t bytes = d->tile.row_end[d->tile.rows - 1] - d->tile.row_start[0], rows = d->tile.rows;
    uint64_t fit = (uint64_t)CHUNK_BYTES * rows / (bytes ? bytes : 1) & ~63ull;
    return fit < 64 ? 64 : fit > CPL_CSV_TILE ? CPL_CSV_TILE : (uint32_t)fit;
}

static bool decode_columns(struct csv_decoder *d)
{
    uint32_t rows = d->tile.rows, chunk = chunk_rows(d);
    for (uint32_t f = 0; f < d->n_fields; f++)
        start_column(d, f);
    for (uint32_t first = 0; first < rows; first += chunk)
        for (uint32_t f = 0; f < d->n_fields; f++)
            if (d->fields[f].source != UINT32_MAX &&
                !decode_tile_column(d, f, first, rows - first < chunk ? rows - first : chunk))
                return false;
    return true;
}

/* ---- rows ---- */

static int by_row(const void *a, const void *b)
{
    uint32_t x = ((const struct bad_cell *)a)->row, y = ((const struct bad_cell *)b)->row;
    return x < y ? -1 : x > y;
}

static bool drop_bad_rows(struct csv_decoder *d)
{
    if (!d->n_bad)
        return true;
    qsort(d->bad, d->n_bad, sizeof *d->bad, by_row);
    for (uint32_t i = 0; i < d->n_bad; i++)
        if (!reject_cell(d, &d->bad[i]))
            return false;
    uint32_t kept = 0;
    for (uint32_t row = 0; row < d->batch.rows; row++)
        if (!(d->bad_rows[row >> 3] >> (row & 7) & 1))
            d->keep[kept++] = row;
    memset(d->bad_rows, 0, (d->block.tile_rows + 7) / 8);
    d->n_bad = 0;
    return cpl_batch_select(&d->batch, d->keep, kept, &d->arena, d->err);
}

static bool decode_tile(struct csv_decoder *d)
{
    d->batch.rows = d->tile.rows;
    d->batch.origin_base = d->block.base;
    d->batch.row_start = d->tile.row_start;
    d->batch.row_end = d->tile.row_end;
    d->batch.block = d->block.data;
    d->batch.line_base = d->block.lines_before;
    if (!decode_columns(d) || !drop_bad_rows(d))
        return false;
    d->rows_decoded += d->batch.rows;
    return true;
}

/* ---- where a split starts ---- */

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

static bool start(struct csv_decoder *d)
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

/* ---- the component ---- */

static bool field_memory(struct csv_decoder *d, uint32_t f, struct cpl_error *err)
{
    struct field_state *state = &d->fields[f];
    size_t width = cpl_type_width(&d->plan->schema->fields[f].type), rows = d->block.tile_rows;
    if (!width)
        return cpl_fail(
            err, CPL_E_CONFIG,
            "column %.200s: CSV cells cannot be a nested type; declare it json or string",
            d->plan->schema->fields[f].name);
    state->values = cpl_alloc(rows * width + 64, err);
    state->validity = state->values ? cpl_alloc((rows + 7) / 8 + 8, err) : NULL;
    return state->validity != NULL;
}

static struct cpl_text_style style_of(const struct csv_decoder *d,
                                      const struct cpl_column_plan *column)
{
    struct cpl_text_style style = d->dialect->style;
    style.lenient = !column->inferred && d->dialect->lenient;
    if (column->format)
        style.date_format = style.time_format = style.timestamp_format = column->format;
    return style;
}

static bool find_sources(struct csv_decoder *d, struct cpl_error *err)
{
    struct cpl_name_order order;
    const struct cpl_csv_dialect *dialect = d->dialect;
    if (!cpl_name_order_init(&order, dialect->column_names, sizeof *dialect->column_names,
                             dialect->n_columns, err))
        return false;
    for (uint32_t f = 0; f < d->n_fields; f++) {
        int64_t at = cpl_name_order_find(&order, d->plan->schema->fields[f].name);
        d->fields[f].source = at < 0 ? UINT32_MAX : (uint32_t)at;
    }
    cpl_name_order_release(&order);
    return true;
}

static void csv_close(struct cpl_decoder *decoder)
{
    struct csv_decoder *d = (struct csv_decoder *)decoder;
    if (!d)
        return;
    for (uint32_t f = 0; d->fields && f < d->n_fields; f++) {
        cpl_free(d->fields[f].values);
        cpl_free(d->fields[f].validity);
    }
    cpl_free(d->fields);
    cpl_free(d->batch.columns);
    cpl_free(d->facts);
    cpl_free(d->bad);
    cpl_free(d->bad_rows);
    cpl_free(d->keep);
    cpl_arena_release(&d->arena);
    cpl_csv_block_release(&d->block);
    cpl_free(d);
}

static bool csv_memory(struct csv_decoder *d, struct cpl_error *err)
{
    uint32_t n = d->n_fields, rows = d->block.tile_rows;
    d->fields = cpl_alloc_zero(n, sizeof *d->fields, err);
    d->batch.columns = d->fields ? cpl_alloc_zero(n, sizeof *d->batch.columns, err) : NULL;
    d->facts = d->batch.columns ? cpl_alloc_zero(n, sizeof *d->facts, err) : NULL;
    d->bad = d->facts ? cpl_alloc(rows * sizeof *d->bad, err) : NULL;
    d->bad_rows = d->bad ? cpl_alloc_zero(1, (rows + 7) / 8, err) : NULL;
    d->keep = d->bad_rows ? cpl_alloc(rows * sizeof *d->keep, err) : NULL;
    if (!d->keep)
        return false;
    for (uint32_t f = 0; f < n; f++) {
        d->fields[f].style = style_of(d, &d->plan->columns[f]);
        if (!field_memory(d, f, err))
            return false;
    }
    return find_sources(d, err);
}

static struct cpl_decoder *csv_open(const struct cpl_decode_plan *plan, struct cpl_stream *bytes,
                                    uint64_t from, uint64_t to, bool at_row_start,
                                    struct cpl_reject_sink *rejects, struct cpl_error *err)
{
    struct csv_decoder *d = cpl_alloc_zero(1, sizeof *d, err);
    if (!d)
        return NULL;
    const struct cpl_csv_dialect *dialect = plan->settings;
    d->base.ops = &cpl_decoder_csv;
    d->plan = plan;
    d->dialect = dialect;
    d->rejects = rejects;
    d->from = from;
    d->at_row_start = at_row_start;
    d->n_fields = plan->schema->n_fields;
    d->batch.schema = plan->schema;
    d->block = (struct cpl_csv_block){.dialect = dialect,
                                      .bytes = bytes,
                                      .max_field_bytes = plan->max_field_bytes,
                                      .max_row_bytes = plan->max_row_bytes ? plan->max_row_bytes
                                                                           : 8u << 20,
                                      .to = to,
                                      .context = d,
                                      .irregular = reject_irregular,
                                      .giant = reject_giant};
    if (!cpl_csv_block_init(&d->block, err))
        goto fail;
    if (plan->batch_rows && plan->batch_rows < d->block.tile_rows)
        d->block.tile_rows = plan->batch_rows;
    if (csv_memory(d, err))
        return &d->base;
fail:
    csv_close(&d->base);
    return NULL;
}

static bool csv_next(struct cpl_decoder *decoder, struct cpl_batch **batch, struct cpl_error *err)
{
    struct csv_decoder *d = (struct csv_decoder *)decoder;
    d->err = err;
    *batch = &d->batch;
    if (!d->started && !start(d))
        return false;
    do {
        cpl_arena_reset(&d->arena);
        if (!cpl_csv_block_tile(&d->block, &d->tile, err))
            return false;
        if (!d->tile.rows) {
            d->batch.rows = 0;
            return true;
        }
        if (!decode_tile(d))
            return false;
    } while (!d->batch.rows);
    return true;
}

static void csv_report(const struct cpl_decoder *decoder, struct cpl_split_report *report)
{
    const struct csv_decoder *d = (const struct csv_decoder *)decoder;
    const struct cpl_csv_block *block = &d->block;
    for (uint32_t f = 0; f < d->n_fields; f++)
        d->facts[f] = d->fields[f].facts;
    uint64_t rejected = d->rows_rejected + block->rows_rejected;
    *report = (struct cpl_split_report){
        .true_start = d->true_start,
        .true_end = block->base +
                    (block->virtual_newline && block->record_start == block->filled && block->filled
                         ? block->record_start - 1
                         : block->record_start),
        .rows_read = d->rows_decoded + rejected,
        .rows_decoded = d->rows_decoded,
        .rows_rejected = rejected,
        .header_bytes = block->header_bytes,
        .comment_bytes = block->comment_bytes,
        .blank_bytes = block->blank_bytes,
        .row_bytes = block->row_bytes,
        .reject_bytes = block->reject_bytes,
        .object = block->object,
        .lines = block->lines_before + cpl_count_newlines(block->data, block->record_start),
        .widened = d->widened,
        .facts = d->facts,
    };
}

/* needs = {u32 field, facts} of each widened column. */
struct need {
    uint32_t field;
    struct cpl_text_facts facts;
};

static bool csv_needs(const struct cpl_decoder *decoder, struct cpl_buffer *needs,
                      struct cpl_error *err)
{
    const struct csv_decoder *d = (const struct csv_decoder *)decoder;
    for (uint32_t f = 0; f < d->n_fields; f++) {
        struct need need;
        memset(&need, 0, sizeof need);
        need.field = f;
        need.facts = d->fields[f].facts;
        if (d->fields[f].widened && !cpl_buffer_append(needs, &need, sizeof need, err))
            return false;
    }
    return true;
}

static bool csv_widen(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                      struct cpl_schema **schema, struct cpl_column_plan **columns,
                      struct cpl_error *err)
{
    *schema = cpl_schema_new(plan->schema->fields, plan->schema->n_fields, err);
    *columns = *schema ? cpl_alloc_zero(plan->schema->n_fields, sizeof **columns, err) : NULL;
    if (!*columns) {
        cpl_schema_free(*schema);
        return false;
    }
    memcpy(*columns, plan->columns, plan->schema->n_fields * sizeof **columns);
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; at + sizeof(struct need) <= needs[i].size; at += sizeof(struct need)) {
            struct need need;
            memcpy(&need, needs[i].data + at, sizeof need);
            if (need.field >= plan->schema->n_fields)
                continue;
            struct cpl_column_plan *column = &(*columns)[need.field];
            struct cpl_field *field = &(*schema)->fields[need.field];
            column->facts = cpl_text_join(column->facts, need.facts);
            struct cpl_type type = cpl_text_type(column->facts, field->type.kind != CPL_F64);
            /* a type that the facts give again, though it failed, could go round for ever: end at string */
            field->type = cpl_type_equal(&type, &plan->schema->fields[need.field].type)
                              ? (struct cpl_type){.kind = CPL_STRING}
                              : type;
        }
    return true;
}

const struct cpl_decoder_ops cpl_decoder_csv = {
    .name = "csv",
    .summary = "Delimited text: RFC 4180 and its many relatives",
    .splittable = true,
    .options = cpl_csv_options,
    .settings_size = sizeof(struct cpl_csv_dialect),
    .sniff = cpl_csv_sniff,
    .infer = cpl_csv_infer,
    .release_settings = cpl_csv_release,
    .for_object = cpl_csv_for_object,
    .describe = cpl_csv_describe,
    .open = csv_open,
    .next = csv_next,
    .report = csv_report,
    .needs = csv_needs,
    .widen = csv_widen,
    .close = csv_close,
};

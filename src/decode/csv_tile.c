/* A tile of regular rows to columns: the kernels first, cell by cell what they are not sure of. */
#include "decode/csv_column.h"
#include "decode/csv_decoder.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 24 << 10 };

static void mark_bad(struct csv_decoder *d, struct csv_bad_cell bad)
{
    if (d->bad_rows[bad.row >> 3] >> (bad.row & 7) & 1)
        return;
    cpl_bit_set(d->bad_rows, bad.row);
    d->bad[d->n_bad++] = bad;
}

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
    struct csv_bad_cell bad = {.row = row, .field = f, .start = WHOLE_ROW, .null = true};
    if (d->fields[f].source != UINT32_MAX)
        cell_extent(d, f, row, &bad.start, &bad.end);
    mark_bad(d, bad);
}

/* A value that an inferred column's type cannot hold, and that may widen it. */
static void note_need(struct csv_decoder *d, uint32_t f, uint32_t row,
                      const struct cpl_csv_text *text)
{
    struct csv_field_state *state = &d->fields[f];
    struct cpl_text_facts facts = cpl_text_classify(text->data, text->length, &d->fields[f].style);
    bool stray = cpl_text_join(d->plan->columns[f].facts, facts).class == CPL_CLASS_STRING;
    state->facts = cpl_text_join(state->facts, facts);
    state->widened = d->widened = true;
    if (!stray || state->has_stray)
        return;
    state->has_stray = true;
    state->stray_line = cpl_csv_lines_before(d, d->tile.row_start[row]);
    cpl_csv_quote_cell(text->data, text->length, state->stray);
}

static bool is_header_again(const struct csv_decoder *d, uint32_t row)
{
    const struct cpl_slice *header = &d->dialect->header_line;
    const uint8_t *data = d->block.data + d->tile.row_start[row];
    uint32_t size = d->tile.row_end[row] - d->tile.row_start[row];
    if (d->dialect->header != CPL_HEADER_YES || !header->length || size < header->length ||
        size > header->length + 2 || memcmp(data, header->data, header->length) != 0)
        return false;
    for (uint32_t i = header->length; i < size; i++)
        if (data[i] != '\r' && data[i] != d->block.rules.newline)
            return false;
    return true;
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
    bool header = kind == CPL_CELL_VALUE && is_header_again(d, row);
    bool unfit = kind == CPL_CELL_VALUE && plan->inferred && !header;
    enum cpl_type_conflict policy = d->plan->on_type_conflict;
    if (policy == CPL_CONFLICT_WIDEN && plan->kept)
        policy = CPL_CONFLICT_FAIL;
    if (unfit && policy == CPL_CONFLICT_WIDEN) {
        note_need(d, f, row, &text);
        return true;
    }
    mark_bad(d, (struct csv_bad_cell){.row = row,
                                      .field = f,
                                      .start = start,
                                      .end = end,
                                      .quote = kind == CPL_CELL_BAD_QUOTE,
                                      .header = header,
                                      .conflict = unfit && policy == CPL_CONFLICT_FAIL});
    return true;
}

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

/* Numbers with separators between thousands are none to the kernels: they are decided one by one. */
static bool plain_numbers(const struct cpl_csv_dialect *dialect)
{
    return !dialect->style.decimal_point || dialect->style.decimal_point == '.';
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

/* Values that are of the type and yet cannot go where the column goes. */
static void check_texts(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n)
{
    const struct cpl_text_check *check = d->plan->columns[f].check;
    const struct cpl_column *column = &d->batch.columns[f];
    for (uint32_t row = first; row < first + n; row++) {
        const struct cpl_slice *text = &column->slices[row];
        const char *refused = cpl_is_valid(column, row)
                                  ? check->refuse(check, text->data, text->length)
                                  : NULL;
        if (!refused)
            continue;
        struct csv_bad_cell bad = {.row = row, .field = f, .refused = refused};
        cell_extent(d, f, row, &bad.start, &bad.end);
        mark_bad(d, bad);
    }
}

/* What a column is whose values nobody has seen before; over as soon as it is text. */
static void learn_type(struct csv_decoder *d, uint32_t f, uint32_t first, uint32_t n)
{
    struct csv_field_state *state = &d->fields[f];
    const struct cpl_column *column = &d->batch.columns[f];
    for (uint32_t row = first; row < first + n && state->undecided; row++) {
        const struct cpl_slice *text = &column->slices[row];
        if (!cpl_is_valid(column, row))
            continue;
        state->facts = cpl_text_join(
            state->facts, cpl_text_classify(text->data, text->length, &d->fields[f].style));
        state->undecided = state->facts.class != CPL_CLASS_STRING;
    }
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
    if (marks.any_unsure && !settle_unsure(d, f, first, n, &marks))
        return false;
    if (kind == CPL_STRING && d->plan->columns[f].check)
        check_texts(d, f, first, n);
    if (d->fields[f].undecided)
        learn_type(d, f, first, n);
    return true;
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

/* No column takes what stands behind the last delimiter: it must not get lost. */
static void check_row_ends(struct csv_decoder *d)
{
    const struct cpl_csv_tile *tile = &d->tile;
    for (uint32_t row = 0; row < tile->rows && d->ends_empty; row++) {
        const uint32_t *end = tile->ends + (size_t)(row + 1) * tile->stride - 1;
        uint32_t start = end[-1] + 1, size = *end > start ? *end - start : 0;
        bool carriage = size == 1 && d->block.data[start] == '\r' && d->block.rules.newline == '\n';
        if (size && !carriage)
            mark_bad(d, (struct csv_bad_cell){.row = row, .start = start, .extra = true});
    }
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

static int by_row(const void *a, const void *b)
{
    uint32_t x = ((const struct csv_bad_cell *)a)->row, y = ((const struct csv_bad_cell *)b)->row;
    return x < y ? -1 : x > y;
}

static bool drop_bad_rows(struct csv_decoder *d)
{
    if (!d->n_bad)
        return true;
    qsort(d->bad, d->n_bad, sizeof *d->bad, by_row);
    for (uint32_t i = 0; i < d->n_bad; i++)
        if (!cpl_csv_reject_cell(d, &d->bad[i]))
            return false;
    uint32_t kept = 0;
    for (uint32_t row = 0; row < d->batch.rows; row++)
        if (!(d->bad_rows[row >> 3] >> (row & 7) & 1))
            d->keep[kept++] = row;
    memset(d->bad_rows, 0, (d->block.tile_rows + 7) / 8);
    d->n_bad = 0;
    return cpl_batch_select(&d->batch, d->keep, kept, &d->arena, d->err);
}

bool cpl_csv_decode_tile(struct csv_decoder *d)
{
    d->batch.rows = d->tile.rows;
    d->batch.origin_base = d->block.base;
    d->batch.row_start = d->tile.row_start;
    d->batch.row_end = d->tile.row_end;
    d->batch.block = d->block.data;
    d->batch.line_base = d->block.lines_before;
    check_row_ends(d);
    if (!decode_columns(d) || !drop_bad_rows(d))
        return false;
    d->rows_decoded += d->batch.rows;
    return true;
}

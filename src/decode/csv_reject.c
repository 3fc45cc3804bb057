/* Rejects of CSV: which row, where, and why, in words that name the column. */
#include "base/plural.h"
#include "decode/csv_decoder.h"

#include <stdio.h>
#include <string.h>

/* Newlines before `at`. Rejects mostly come in order, so that each byte is looked at a few times at most. */
uint64_t cpl_csv_lines_before(struct csv_decoder *d, uint32_t at)
{
    if (d->counted.base != d->block.base || d->counted.to > at)
        d->counted.to = 0, d->counted.lines = 0, d->counted.base = d->block.base;
    d->counted.lines += cpl_csv_block_lines(&d->block, d->counted.to, at);
    d->counted.to = at;
    return d->block.lines_before + d->counted.lines;
}

/* Where in the row from `from` on the fault at `at` is. */
static struct cpl_fault place_fault(const struct csv_decoder *d, uint32_t from, uint32_t at)
{
    const uint8_t *row = d->block.data + from, *fault = d->block.data + at;
    if (at == WHOLE_ROW || at < from)
        return (struct cpl_fault){0};
    const uint8_t *newline = memrchr(row, d->block.rules.newline, at - from);
    return (struct cpl_fault){
        .line = cpl_csv_block_lines(&d->block, from, at),
        .column = (uint64_t)(fault - (newline ? newline + 1 : row)) + 1,
    };
}

/* The first `shown` bytes of the reject, which the stream does not have as they stand in the object. */
static bool locate_reject(struct csv_decoder *d, struct cpl_reject *reject, uint64_t shown,
                          struct cpl_buffer *raw)
{
    struct cpl_stream *bytes = d->block.bytes;
    uint64_t from = reject->position, start = 0, end = 0, shown_from, shown_to;
    if (!cpl_stream_locate(bytes, from, from + reject->length, &start, &end, NULL, d->err) ||
        !cpl_stream_locate(bytes, from, from + shown, &shown_from, &shown_to, raw, d->err))
        return false;
    reject->position = start;
    reject->length = end - start;
    reject->raw = raw->data;
    reject->raw_length = raw->size;
    return true;
}

/* Row [from, to), in which the fault is at `at` (or WHOLE_ROW); `what`: column, rule, message, whether it is a conflict, and
 * how many of its bytes are shown. */
static bool send_reject(struct csv_decoder *d, uint32_t from, uint32_t to, uint32_t at,
                        const struct cpl_reject *what)
{
    struct cpl_csv_block *block = &d->block;
    struct cpl_reject reject = *what;
    reject.fault = place_fault(d, from, at);
    reject.fault.conflict = what->fault.conflict;
    reject.position = block->base + from;
    reject.length = to - from;
    if (reject.raw_length > reject.length)
        reject.raw_length = reject.length;
    reject.raw = block->data + from;
    reject.line = cpl_csv_lines_before(d, from);
    /* a byte of UTF-8 stands for four of UTF-32 */
    struct cpl_buffer raw = {.max = 4 * block->max_row_bytes + CPL_CSV_GIANT_SHOWN};
    bool ok = !block->bytes->ops->locate || locate_reject(d, &reject, reject.raw_length, &raw);
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

bool cpl_csv_reject_irregular(void *context, enum cpl_csv_oddity oddity, uint32_t from, uint32_t to,
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
        snprintf(message, sizeof message, "the row has %s where %u %s expected",
                 CPL_COUNTED(fields, "field"), d->dialect->n_columns,
                 d->dialect->n_columns == 1 ? "is" : "are");
        break;
    case CPL_ODD_QUOTE:
        snprintf(
            message, sizeof message,
            "text follows a closing quote; a quote inside a quoted field must be written twice");
        break;
    case CPL_ODD_OPEN_QUOTE:
        snprintf(message, sizeof message, "a quoted field is never closed");
        break;
    case CPL_ODD_ESCAPE:
        snprintf(message, sizeof message, "an escape stands before the newline that ends the row");
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
    /* a long row's first bytes, however many of it the block holds */
    const struct cpl_reject what = {.column = column,
                                    .rule = rule,
                                    .message = message,
                                    .raw_length = oddity == CPL_ODD_LIMIT ? CPL_CSV_GIANT_SHOWN
                                                                          : SIZE_MAX};
    return send_reject(d, from, to, at, &what);
}

bool cpl_csv_reject_giant(void *context, const struct cpl_csv_giant *giant, struct cpl_error *err)
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
void cpl_csv_quote_cell(const uint8_t *data, uint32_t length, char out[64])
{
    static const char mark[] = "\xEF\xBB\xBF", seen[] = "\\ufeff"; /* else it is not seen */
    bool marked = length >= 3 && !memcmp(data, mark, 3);
    size_t n = marked ? sizeof seen - 1 : 0, most = n + 40;
    memcpy(out, seen, n);
    data += marked ? 3 : 0;
    length -= marked ? 3 : 0;
    for (uint32_t i = 0; i < length && n < most; i++)
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
static bool too_many_digits(const struct csv_decoder *d, const struct csv_bad_cell *bad)
{
    enum cpl_kind kind = d->plan->schema->fields[bad->field].type.kind;
    if ((kind != CPL_F64 && kind != CPL_F32) || bad->end <= bad->start)
        return false;
    struct cpl_text_facts facts = cpl_text_classify(
        d->block.data + bad->start, bad->end - bad->start, &d->fields[bad->field].style);
    return facts.class == CPL_CLASS_INT || facts.class == CPL_CLASS_DECIMAL ||
           facts.class == CPL_CLASS_DOUBLE;
}

/* Which option or type would make the cell fit, if one would. */
static void add_hint(const struct csv_decoder *d, const struct csv_bad_cell *bad, char *message,
                     size_t size)
{
    char hint[CPL_TEXT_HINT_MAX];
    const struct csv_field_state *state = &d->fields[bad->field];
    const uint8_t *data = d->block.data + bad->start;
    uint32_t length = bad->end > bad->start ? bad->end - bad->start : 0;
    uint8_t quote = (uint8_t)d->dialect->quote;
    bool quoted = length > 1 && quote && data[0] == quote && data[length - 1] == quote;
    const struct cpl_slice text = {.data = data + quoted, .length = length - 2 * quoted};
    size_t at = strlen(message);
    const struct cpl_type *type = &d->plan->schema->fields[bad->field].type;
    struct cpl_type finer = *type;
    struct cpl_buffer name = {0};
    if (length >= CPL_TEXT_MAX)
        return;
    if (cpl_text_finer_unit(text.data, text.length, &state->style, type, &finer.unit) &&
        cpl_type_format(&finer, &name, NULL))
        snprintf(message + at, size - at, "; %.*s would take it", (int)name.size, name.data);
    else if (cpl_text_hint(&text, 1, type, &state->style, hint))
        snprintf(message + at, size - at, "; it would with csv.%s", hint);
    cpl_buffer_release(&name);
}

/* The type that the cell asks for, where its column keeps another. */
static bool add_need(struct csv_decoder *d, const struct csv_bad_cell *bad, char *message,
                     size_t size)
{
    const struct cpl_column_plan *column = &d->plan->columns[bad->field];
    struct cpl_csv_text text;
    struct cpl_buffer name = {0};
    struct cpl_error why = {0};
    size_t at = strlen(message);
    if (!bad->conflict || !column->kept || bad->end <= bad->start ||
        cpl_csv_cell_text(d->dialect, d->block.data + bad->start, bad->end - bad->start, &d->arena,
                          &text, &why) != CPL_CELL_VALUE)
        return why.code == CPL_E_NONE || cpl_fail_with(d->err, &why);
    struct cpl_type type = cpl_text_type(
        cpl_text_join(column->facts,
                      cpl_text_classify(text.data, text.length, &d->fields[bad->field].style)),
        true);
    const char *needed = cpl_type_format(&type, &name, d->err) ? cpl_buffer_text(&name, d->err)
                                                               : NULL;
    if (needed)
        snprintf(message + at, size - at, ": this run would need %.80s", needed);
    cpl_buffer_release(&name);
    return needed != NULL;
}

bool cpl_csv_reject_cell(struct csv_decoder *d, const struct csv_bad_cell *bad)
{
    const struct cpl_field *field = &d->plan->schema->fields[bad->field];
    char cell[64], message[400];
    struct cpl_buffer type = {0};
    uint32_t row_start = d->tile.row_start[bad->row], row_end = d->tile.row_end[bad->row];
    bool ok = true;
    const char *rule = bad->refused  ? d->plan->columns[bad->field].check->rule
                       : bad->quote  ? "quote"
                       : bad->header ? "header"
                       : bad->extra  ? "ragged"
                       : bad->null   ? "null"
                                     : "type";
    if (bad->refused) {
        cpl_csv_quote_cell(d->block.data + bad->start, bad->end - bad->start, cell);
        snprintf(message, sizeof message, "%s: %s", bad->refused, cell);
    } else if (bad->quote) {
        snprintf(
            message, sizeof message,
            "text follows a closing quote; a quote inside a quoted field must be written twice");
    } else if (bad->extra) {
        snprintf(message, sizeof message,
                 "the row has text behind its last delimiter, where the header has no column; see "
                 "csv.trailing_delimiter");
    } else if (bad->header) {
        snprintf(message, sizeof message, "the header once more, and no row");
    } else if (bad->null) {
        snprintf(message, sizeof message, "column %.100s must not be null", field->name);
    } else {
        cpl_csv_quote_cell(d->block.data + bad->start,
                           bad->end > bad->start ? bad->end - bad->start : 0, cell);
        ok = cpl_type_format(&field->type, &type, d->err);
        const char *name = ok ? cpl_buffer_text(&type, d->err) : NULL;
        ok = name != NULL;
        snprintf(message, sizeof message, "\"%s\" does not fit %.80s%s", cell, name ? name : "",
                 too_many_digits(d, bad)
                     ? ": it has more digits than are given back; declare decimal or string"
                     : "");
        add_hint(d, bad, message, sizeof message);
        ok = ok && add_need(d, bad, message, sizeof message);
    }
    const struct cpl_reject what = {.column = bad->header || bad->extra ? NULL : field->name,
                                    .rule = rule,
                                    .message = message,
                                    .fault = {.conflict = bad->conflict},
                                    .raw_length = SIZE_MAX};
    ok = ok && send_reject(d, row_start, row_end, bad->header ? WHOLE_ROW : bad->start, &what);
    d->block.row_bytes -= row_end - row_start;
    d->block.reject_bytes += row_end - row_start;
    d->rows_rejected++;
    cpl_buffer_release(&type);
    return ok;
}

bool cpl_csv_refuse(struct cpl_decoder *decoder, const struct cpl_batch *batch, uint32_t row,
                    const struct cpl_reject *what, struct cpl_error *err)
{
    struct csv_decoder *d = (struct csv_decoder *)decoder;
    struct cpl_reject reject = *what;
    uint32_t from = batch->row_start[row], to = batch->row_end[row];
    d->err = err;
    reject.raw_length = SIZE_MAX;
    d->block.row_bytes -= to - from;
    d->block.reject_bytes += to - from;
    d->rows_decoded--;
    d->rows_rejected++;
    return send_reject(d, from, to, WHOLE_ROW, &reject);
}

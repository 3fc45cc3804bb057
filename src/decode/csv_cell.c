#include "decode/csv_cell.h"
#include "decode/csv_column.h"
#include "format/json_text.h"

#include <string.h>

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static bool is_null_word(const struct cpl_csv_dialect *dialect, const struct cpl_csv_text *text)
{
    if (text->quoted && !dialect->quoted_null)
        return false;
    if (!text->length)
        return dialect->empty_is_null;
    for (size_t i = 0; i < dialect->nulls.n; i++)
        if (strlen(dialect->nulls.items[i]) == text->length &&
            !memcmp(dialect->nulls.items[i], text->data, text->length))
            return true;
    return false;
}

/* A run of escapes escapes itself and what follows where that is a quote, be it the closing one; all others are text. */
static int64_t unescape_quotes(uint8_t quote, uint8_t escape, const uint8_t *from, uint32_t length,
                               uint8_t *to)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < length;) {
        uint32_t run = i;
        while (run < length && from[run] == escape)
            run++;
        uint32_t escapes = run - i;
        bool at_quote = run == length || from[run] == quote;
        if (run < length && from[run] == quote && escapes % 2 == 0)
            return -1;
        uint32_t kept = at_quote ? escapes / 2 : escapes;
        memset(to + n, escape, kept);
        n += kept;
        if (run < length)
            to[n++] = from[run];
        i = run + 1;
    }
    return n;
}

/* Copy without escapes. Returns the length, or -1 when the quoting is broken. */
static int64_t unescape(const struct cpl_csv_dialect *dialect, const uint8_t *from, uint32_t length,
                        bool quoted, uint8_t *to)
{
    uint8_t quote = (uint8_t)dialect->quote, escape = (uint8_t)dialect->escape;
    uint32_t n = 0;
    if (quoted && escape == quote) {
        const uint8_t *end = cpl_csv_undouble(quote, from, length, to);
        return end ? end - to : -1;
    }
    if (quoted && dialect->escapes == CPL_ESCAPES_QUOTE)
        return unescape_quotes(quote, escape, from, length, to);
    for (uint32_t i = 0; i < length; i++) {
        if (escape && from[i] == escape && i + 1 < length)
            i++;
        else if (quoted && quote && from[i] == quote)
            return -1;
        to[n++] = from[i];
    }
    return n;
}

static enum cpl_csv_cell copy_text(const struct cpl_csv_dialect *dialect, struct cpl_csv_text *text,
                                   struct cpl_arena *arena, struct cpl_error *err)
{
    uint8_t *copy = cpl_arena_alloc(arena, (size_t)text->length + 64, err);
    if (!copy)
        return CPL_CELL_UNFIT;
    int64_t length = unescape(dialect, text->data, text->length, text->quoted, copy);
    if (length < 0)
        return CPL_CELL_BAD_QUOTE;
    text->data = copy;
    text->length = (uint32_t)length;
    return CPL_CELL_VALUE;
}

enum cpl_csv_cell cpl_csv_cell_text(const struct cpl_csv_dialect *dialect, const uint8_t *data,
                                    uint32_t length, struct cpl_arena *arena,
                                    struct cpl_csv_text *text, struct cpl_error *err)
{
    uint8_t quote = (uint8_t)dialect->quote, escape = (uint8_t)dialect->escape;
    *text = (struct cpl_csv_text){.data = data, .length = length};
    if (quote && length && data[0] == quote) {
        if (length < 2 || data[length - 1] != quote)
            return CPL_CELL_BAD_QUOTE;
        *text = (struct cpl_csv_text){.data = data + 1, .length = length - 2, .quoted = true};
    } else if (dialect->trim) {
        while (text->length && is_blank(text->data[0]))
            text->data++, text->length--;
        while (text->length && is_blank(text->data[text->length - 1]))
            text->length--;
    }
    /* an escaped word is that text: \N may mean null, \\N is backslash and N (as in PostgreSQL's COPY) */
    bool null = is_null_word(dialect, text);
    bool escapes = escape && escape != quote &&
                   (text->quoted || dialect->escapes == CPL_ESCAPES_ANY);
    bool copy = text->length && ((text->quoted && memchr(text->data, quote, text->length)) ||
                                 (escapes && memchr(text->data, escape, text->length)));
    if (copy) {
        enum cpl_csv_cell result = copy_text(dialect, text, arena, err);
        if (result != CPL_CELL_VALUE)
            return result;
        null = text->quoted ? is_null_word(dialect, text) : null;
    }
    return null ? CPL_CELL_NULL : CPL_CELL_VALUE;
}

struct int_range {
    int64_t min, max;
};

static struct int_range range_of(enum cpl_kind kind)
{
    switch (kind) {
    case CPL_I8:
        return (struct int_range){INT8_MIN, INT8_MAX};
    case CPL_I16:
        return (struct int_range){INT16_MIN, INT16_MAX};
    case CPL_I32:
        return (struct int_range){INT32_MIN, INT32_MAX};
    case CPL_U8:
        return (struct int_range){0, UINT8_MAX};
    case CPL_U16:
        return (struct int_range){0, UINT16_MAX};
    case CPL_U32:
        return (struct int_range){0, UINT32_MAX};
    default:
        return (struct int_range){INT64_MIN, INT64_MAX};
    }
}

static enum cpl_text_result integer_value(const struct cpl_text_style *style,
                                          const struct cpl_csv_text *text,
                                          struct cpl_column *column, uint32_t row)
{
    enum cpl_kind kind = column->field->type.kind;
    if (kind == CPL_U64)
        return cpl_parse_uint(text->data, text->length, style, UINT64_MAX, &column->u64[row]);
    struct int_range range = range_of(kind);
    int64_t value = 0;
    enum cpl_text_result result = cpl_parse_int(text->data, text->length, style, range.min,
                                                range.max, &value);
    if (result != CPL_TEXT_EXACT)
        return result;
    switch (cpl_type_width(&column->field->type)) {
    case 1:
        column->i8[row] = (int8_t)value;
        break;
    case 2:
        column->i16[row] = (int16_t)value;
        break;
    case 4:
        column->i32[row] = (int32_t)value;
        break;
    default:
        column->i64[row] = value;
    }
    return result;
}

enum cpl_text_result cpl_csv_cell_value(const struct cpl_text_style *style,
                                        const struct cpl_csv_text *text, struct cpl_column *column,
                                        uint32_t row, bool inferred)
{
    const struct cpl_type *type = &column->field->type;
    bool flag = false;
    enum cpl_text_result result;
    switch (type->kind) {
    case CPL_BOOL:
        result = cpl_parse_bool(text->data, text->length, style, &flag);
        column->u8[row] = flag;
        return result;
    case CPL_F32:
        return cpl_parse_float(text->data, text->length, style, &column->f32[row]);
    case CPL_F64:
        return cpl_parse_double(text->data, text->length, style, &column->f64[row]);
    case CPL_DECIMAL:
        if (type->precision <= 18)
            return cpl_parse_decimal64(text->data, text->length, style, type->precision,
                                       type->scale, &column->i64[row]);
        return cpl_parse_decimal128(text->data, text->length, style, type->precision, type->scale,
                                    &column->i128[row]);
    case CPL_DATE:
        return cpl_parse_date(text->data, text->length, style, &column->i32[row]);
    case CPL_TIME:
        return cpl_parse_time(text->data, text->length, style, type->unit, &column->i64[row]);
    case CPL_TIMESTAMP:
        return cpl_parse_timestamp(text->data, text->length, style, type->unit, type->utc,
                                   &column->i64[row]);
    case CPL_UUID:
        return cpl_parse_uuid(text->data, text->length, inferred, column->uuid[row]);
    case CPL_JSON:
        if (!cpl_json_text_valid(text->data, text->length))
            return CPL_TEXT_NO;
        column->slices[row] = (struct cpl_slice){.data = text->data, .length = text->length};
        return CPL_TEXT_EXACT;
    case CPL_STRING:
    case CPL_BINARY:
        column->slices[row] = (struct cpl_slice){.data = text->data, .length = text->length};
        return CPL_TEXT_EXACT;
    default:
        return integer_value(style, text, column, row);
    }
}

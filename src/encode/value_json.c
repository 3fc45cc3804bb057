#include "encode/value_json.h"
#include "encode/put.h"
#include "format/text.h"

#include <math.h>
#include <string.h>

/* ---- base64 ---- */

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void put_sextets(uint32_t triple, uint8_t out[4])
{
    for (int i = 3; i >= 0; i--, triple >>= 6)
        out[i] = (uint8_t)base64[triple & 63];
}

bool cpl_base64_put(struct cpl_buffer *out, const uint8_t *data, size_t length,
                    struct cpl_error *err)
{
    if (!cpl_put_room(out, length / 3 * 4 + 4, err))
        return false;
    uint8_t *to = out->data + out->size;
    for (; length >= 3; length -= 3, data += 3, to += 4)
        put_sextets((uint32_t)data[0] << 16 | (uint32_t)data[1] << 8 | data[2], to);
    if (length) {
        uint32_t second = length == 2 ? data[1] : 0;
        put_sextets((uint32_t)data[0] << 16 | second << 8, to);
        to[3] = '=';
        if (length == 1)
            to[2] = '=';
        to += 4;
    }
    out->size = (size_t)(to - out->data);
    return true;
}

/* ---- strings ---- */

/* Bytes from `data` on that need no escape. */
static size_t plain_run(const uint8_t *data, size_t length)
{
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    size_t n = 0;
    for (; n + 8 <= length; n += 8) {
        uint64_t word;
        memcpy(&word, data + n, sizeof word);
        uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        uint64_t special = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                           ((backslash - ones) & ~backslash);
        if (special & tops)
            break;
    }
    while (n < length && data[n] >= 0x20 && data[n] != '"' && data[n] != '\\')
        n++;
    return n;
}

static size_t put_escape(uint8_t c, uint8_t *out)
{
    static const char letters[] = "btn\0fr"; /* \b is 8 */
    static const char hex[] = "0123456789abcdef";
    char letter = c == '"' || c == '\\' ? (char)c : c >= 8 && c <= 13 ? letters[c - 8] : 0;
    out[0] = '\\';
    if (letter) {
        out[1] = (uint8_t)letter;
        return 2;
    }
    memcpy(out + 1, "u00", 3);
    out[4] = (uint8_t)hex[c >> 4];
    out[5] = (uint8_t)hex[c & 15];
    return 6;
}

bool cpl_json_put_string(struct cpl_buffer *out, const uint8_t *data, size_t length,
                         struct cpl_error *err)
{
    if (!cpl_put_char(out, '"', err))
        return false;
    for (size_t at = 0; at < length;) {
        size_t run = plain_run(data + at, length - at);
        if (!cpl_put(out, data + at, run, err))
            return false;
        at += run;
        if (at == length)
            break;
        if (!cpl_put_room(out, 6, err))
            return false;
        out->size += put_escape(data[at++], out->data + out->size);
    }
    return cpl_put_char(out, '"', err);
}

/* A line break inside JSON text can only stand between tokens, where a blank says the same. */
static bool put_json(struct cpl_buffer *out, const struct cpl_slice *json, struct cpl_error *err)
{
    size_t start = out->size;
    if (!cpl_put(out, json->data, json->length, err))
        return false;
    for (size_t i = start; i < out->size; i++)
        if (out->data[i] == '\n' || out->data[i] == '\r')
            out->data[i] = ' ';
    return true;
}

static bool put_base64(struct cpl_buffer *out, const struct cpl_slice *slice, struct cpl_error *err)
{
    return cpl_put_char(out, '"', err) && cpl_base64_put(out, slice->data, slice->length, err) &&
           cpl_put_char(out, '"', err);
}

/* ---- scalars ---- */

static bool put_quoted(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                       struct cpl_error *err)
{
    if (!cpl_put_room(out, CPL_TEXT_MAX + 2, err))
        return false;
    out->data[out->size++] = '"';
    out->size += cpl_print_value(column, row, (char *)out->data + out->size);
    out->data[out->size++] = '"';
    return true;
}

static bool put_bare(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                     struct cpl_error *err)
{
    if (!cpl_put_room(out, CPL_TEXT_MAX, err))
        return false;
    out->size += cpl_print_value(column, row, (char *)out->data + out->size);
    return true;
}

static bool put_floating(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                         enum cpl_non_finite non_finite, struct cpl_error *err)
{
    double value = column->field->type.kind == CPL_F32 ? (double)column->f32[row]
                                                       : column->f64[row];
    if (isfinite(value))
        return put_bare(out, column, row, err);
    if (non_finite == CPL_NON_FINITE_NULL)
        return cpl_put(out, "null", 4, err);
    if (non_finite == CPL_NON_FINITE_STRING)
        return put_quoted(out, column, row, err);
    return cpl_fail(err, CPL_E_TYPE,
                    "column %s holds %s, which JSON has no number for; set non_finite to string "
                    "or null",
                    column->field->name, isnan(value) ? "NaN" : "an infinity");
}

/* ---- nested ---- */

static bool put_struct(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                       enum cpl_non_finite non_finite, struct cpl_error *err)
{
    for (uint32_t i = 0; i < column->n_children; i++) {
        const struct cpl_column *child = &column->children[i];
        const char *name = child->field->name;
        if (!cpl_put_char(out, i ? ',' : '{', err) ||
            !cpl_json_put_string(out, (const uint8_t *)name, strlen(name), err) ||
            !cpl_put_char(out, ':', err) || !cpl_json_put_value(out, child, row, non_finite, err))
            return false;
    }
    return cpl_put(out, column->n_children ? "}" : "{}", column->n_children ? 1 : 2, err);
}

static bool put_list(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                     enum cpl_non_finite non_finite, struct cpl_error *err)
{
    if (!cpl_put_char(out, '[', err))
        return false;
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++)
        if ((i > column->offsets[row] && !cpl_put_char(out, ',', err)) ||
            !cpl_json_put_value(out, &column->children[0], (uint32_t)i, non_finite, err))
            return false;
    return cpl_put_char(out, ']', err);
}

static bool put_entry(struct cpl_buffer *out, const struct cpl_column *map, uint32_t entry,
                      bool string_keys, enum cpl_non_finite non_finite, struct cpl_error *err)
{
    const struct cpl_column *key = &map->children[0], *value = &map->children[1];
    return cpl_buffer_append_text(out, string_keys ? "" : "{\"key\":", err) &&
           cpl_json_put_value(out, key, entry, non_finite, err) &&
           cpl_buffer_append_text(out, string_keys ? ":" : ",\"value\":", err) &&
           cpl_json_put_value(out, value, entry, non_finite, err) &&
           cpl_buffer_append_text(out, string_keys ? "" : "}", err);
}

static bool put_map(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                    enum cpl_non_finite non_finite, struct cpl_error *err)
{
    bool string_keys = column->children[0].field->type.kind == CPL_STRING;
    if (!cpl_put_char(out, string_keys ? '{' : '[', err))
        return false;
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++)
        if ((i > column->offsets[row] && !cpl_put_char(out, ',', err)) ||
            !put_entry(out, column, (uint32_t)i, string_keys, non_finite, err))
            return false;
    return cpl_put_char(out, string_keys ? '}' : ']', err);
}

bool cpl_json_put_value(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                        enum cpl_non_finite non_finite, struct cpl_error *err)
{
    if (!cpl_is_valid(column, row))
        return cpl_put(out, "null", 4, err);
    switch (column->field->type.kind) {
    case CPL_F32:
    case CPL_F64:
        return put_floating(out, column, row, non_finite, err);
    case CPL_STRING:
        return cpl_json_put_string(out, column->slices[row].data, column->slices[row].length, err);
    case CPL_BINARY:
        return put_base64(out, &column->slices[row], err);
    case CPL_JSON:
        return put_json(out, &column->slices[row], err);
    case CPL_UUID:
    case CPL_DATE:
    case CPL_TIME:
    case CPL_TIMESTAMP:
        return put_quoted(out, column, row, err);
    case CPL_STRUCT:
        return put_struct(out, column, row, non_finite, err);
    case CPL_LIST:
        return put_list(out, column, row, non_finite, err);
    case CPL_MAP:
        return put_map(out, column, row, non_finite, err);
    default:
        return put_bare(out, column, row, err);
    }
}

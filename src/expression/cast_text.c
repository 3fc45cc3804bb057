/* Casts from and to text, by the parsers and printers of format/text.h. */
#include "expression/cast.h"
#include "expression/characters.h"
#include "format/json_text.h"
#include "format/text.h"

#include <string.h>

/* ---- to text ---- */

/* One value as a column of one row, for the printer. */
static size_t print(const struct cpl_vector *v, const struct cpl_type *type, uint32_t i, char *out)
{
    struct cpl_field field = {.type = *type};
    union cpl_value value;
    struct cpl_column column = {.field = &field, .length = 1, .values = &value};
    if (type->kind == CPL_DECIMAL)
        return cpl_print_decimal128(cpl_arg_decimal(v, i), type->scale, out);
    size_t width = cpl_type_width(type);
    memcpy(&value, v->u8 + (size_t)i * v->step * width, width);
    return cpl_print_value(&column, 0, out);
}

bool cpl_cast_to_text(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        char text[CPL_TEXT_MAX];
        size_t length = print(a, &call->term->args[0]->type, i, text);
        uint8_t *to = cpl_call_text(call, i, length);
        if (!to)
            return false;
        memcpy(to, text, length);
    }
    return true;
}

/* Texts whose bytes stay: binary to text must be UTF-8, and to json must be JSON. */
bool cpl_cast_same_text(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    enum cpl_kind from = call->term->args[0]->type.kind, to = call->term->type.kind;
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        call->out->slices[i] = *text;
        bool ok = (from != CPL_BINARY || to == CPL_BINARY ||
                   cpl_valid_characters(text->data, text->length) == text->length) &&
                  (to != CPL_JSON || from == CPL_JSON ||
                   cpl_json_text_valid(text->data, text->length));
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

/* ---- from text ---- */

static const struct cpl_text_style lenient = {.lenient = true};

static enum cpl_text_result read_int(const struct cpl_slice *text, enum cpl_kind kind,
                                     int64_t *value)
{
    static const struct {
        int64_t least, most;
    } ranges[] = {[CPL_I8] = {INT8_MIN, INT8_MAX},    [CPL_I16] = {INT16_MIN, INT16_MAX},
                  [CPL_I32] = {INT32_MIN, INT32_MAX}, [CPL_I64] = {INT64_MIN, INT64_MAX},
                  [CPL_U8] = {0, UINT8_MAX},          [CPL_U16] = {0, UINT16_MAX},
                  [CPL_U32] = {0, UINT32_MAX}};
    return cpl_parse_int(text->data, text->length, &lenient, ranges[kind].least, ranges[kind].most,
                         value);
}

static enum cpl_text_result read_decimal(const struct cpl_slice *text, const struct cpl_type *type,
                                         cpl_int128 *value)
{
    return cpl_parse_decimal128(text->data, text->length, &lenient, type->precision, type->scale,
                                value);
}

/* `value` in the layout of the type; decimals as __int128. */
static enum cpl_text_result read(const struct cpl_slice *text, const struct cpl_type *type,
                                 union cpl_value *value)
{
    const uint8_t *data = text->data;
    size_t length = text->length;
    bool yes = false;
    uint64_t number = 0;
    float single = 0;
    enum cpl_text_result result;
    switch (type->kind) {
    case CPL_BOOL:
        result = cpl_parse_bool(data, length, &lenient, &yes);
        value->u8 = yes;
        return result;
    case CPL_U64:
        result = cpl_parse_uint(data, length, &lenient, UINT64_MAX, &number);
        memcpy(value, &number, sizeof number);
        return result;
    case CPL_F32:
        result = cpl_parse_float(data, length, &lenient, &single);
        memcpy(value, &single, sizeof single);
        return result;
    case CPL_F64:
        return cpl_parse_double(data, length, &lenient, &value->f64);
    case CPL_DECIMAL:
        return read_decimal(text, type, &value->i128);
    case CPL_UUID:
        return cpl_parse_uuid(data, length, false, value->uuid);
    case CPL_DATE:
        return cpl_parse_date(data, length, &lenient, &value->i32);
    case CPL_TIME:
        return cpl_parse_time(data, length, &lenient, type->unit, &value->i64);
    case CPL_TIMESTAMP:
        return cpl_parse_timestamp(data, length, &lenient, type->unit, type->utc, &value->i64);
    default:
        return read_int(text, type->kind, &value->i64);
    }
}

bool cpl_cast_from_text(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *type = &call->term->type;
    size_t width = type->kind == CPL_DECIMAL ? 16 : cpl_type_width(type);
    call->out->v.wide = type->kind == CPL_DECIMAL;
    for (uint32_t i = 0; i < call->n; i++) {
        union cpl_value value = {.i128 = 0};
        if (read(cpl_arg_text(a, i), type, &value) != CPL_TEXT_EXACT) {
            value.i128 = 0;
            cpl_call_raise(call, i, CPL_FAULT_CAST);
        }
        memcpy(call->out->u8 + i * width, &value, width); /* small integers: the low bytes */
    }
    return true;
}

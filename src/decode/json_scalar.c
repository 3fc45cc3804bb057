#include "decode/json_scalar.h"
#include "format/text_fast.h"

static const struct cpl_text_style plain_style;

/* ---- null and misfits ---- */

const uint8_t *json_misfit(struct json_walk *walk, const struct json_node *node, const uint8_t *p,
                           const char *message)
{
    walk->node = node;
    walk->widenable = node->inferred;
    return json_fail(&walk->lex, JSON_TYPE, p, message);
}

bool json_put_null(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    if (node->builder) {
        if (!node->nullable) {
            walk->node = node;
            walk->widenable = false;
            return json_fail(&walk->lex, JSON_NULL, p,
                             "null or missing, but the column is not null");
        }
        return cpl_builder_null(node->builder, walk->err) || json_no_memory(walk, p);
    }
    for (uint32_t i = 0; node->op == JSON_OP_OBJECT && i < node->n_children; i++)
        if (!json_put_null(walk, &node->children[i], p))
            return false;
    return true;
}

const uint8_t *json_put_other(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    if (*p == 'n') {
        const uint8_t *end = json_word(&walk->lex, p, "null", 4);
        return end && json_put_null(walk, node, p) ? end : NULL;
    }
    return json_skip(&walk->lex, p, node->depth)
               ? json_misfit(walk, node, p, "the value is of another type")
               : NULL;
}

static const uint8_t *put(struct json_walk *walk, bool appended, const uint8_t *end)
{
    return __builtin_expect(appended, 1) ? end : json_no_memory(walk, end);
}

/* ---- numbers ---- */

/* Up to 8 digits at p: their value, and how many. */
static inline uint32_t digits8(const uint8_t *p, uint64_t *value)
{
    uint64_t word = cpl_text_load64(p) ^ 0x3030303030303030u;
    uint64_t others = cpl_swar_not_digits(word);
    uint32_t n = others ? (uint32_t)__builtin_ctzll(others) >> 3 : 8;
    if (n)
        *value = cpl_swar_value(word << (64 - 8 * n));
    return n;
}

/* [-]digits[.digits], at most 8 of each, no exponent: what most numbers are. */
struct small_number {
    bool negative;
    uint32_t int_digits, scale;
    uint64_t whole, fraction;
};
static inline const uint8_t *small_number(const uint8_t *p, struct small_number *number)
{
    number->negative = *p == '-';
    p += number->negative;
    number->int_digits = digits8(p, &number->whole);
    if (!number->int_digits || (*p == '0' && number->int_digits > 1))
        return NULL;
    p += number->int_digits;
    number->scale = 0;
    number->fraction = 0;
    if (*p == '.') {
        number->scale = digits8(p + 1, &number->fraction);
        if (!number->scale)
            return NULL;
        p += 1 + number->scale;
    }
    /* A ninth digit or an exponent: not small. */
    return (uint8_t)(*p - '0') < 10 || (*p | 0x20) == 'e' || *p == '.' ? NULL : p;
}

static bool append_int(struct json_node *node, int64_t value, struct cpl_error *err)
{
    switch (node->width) {
    case 1:
        return cpl_builder_i8(node->builder, (int8_t)value, err);
    case 2:
        return cpl_builder_i16(node->builder, (int16_t)value, err);
    case 4:
        return cpl_builder_i32(node->builder, (int32_t)value, err);
    default:
        return cpl_builder_i64(node->builder, value, err);
    }
}

static bool append_uint(struct json_node *node, uint64_t value, struct cpl_error *err)
{
    switch (node->width) {
    case 1:
        return cpl_builder_u8(node->builder, (uint8_t)value, err);
    case 2:
        return cpl_builder_u16(node->builder, (uint16_t)value, err);
    case 4:
        return cpl_builder_u32(node->builder, (uint32_t)value, err);
    default:
        return cpl_builder_u64(node->builder, value, err);
    }
}

const uint8_t *json_put_int(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct small_number number;
    const uint8_t *end = small_number(p, &number);
    if (!end || number.scale || (number.negative && !number.whole))
        return json_put_number(walk, node, p);
    int64_t value = number.negative ? -(int64_t)number.whole : (int64_t)number.whole;
    if (value < node->min || (value > 0 && (uint64_t)value > node->max))
        return json_misfit(walk, node, p, "the number is outside the column's range");
    return put(walk, append_int(node, value, walk->err), end);
}

const uint8_t *json_put_decimal(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct small_number number;
    const uint8_t *end = small_number(p, &number);
    if (!end || number.scale > node->scale || node->scale - number.scale > 9 ||
        number.int_digits + node->scale > node->precision ||
        (number.negative && !number.whole && !number.fraction))
        return json_put_number(walk, node, p);
    uint64_t unscaled = (number.whole * cpl_pow10_u64[number.scale] + number.fraction) *
                        cpl_pow10_u64[node->scale - number.scale];
    int64_t value = number.negative ? -(int64_t)unscaled : (int64_t)unscaled;
    return put(walk, cpl_builder_i64(node->builder, value, walk->err), end);
}

/* Up to 15 digits and a power of ten that a double holds exactly: one correctly rounded division.
 */
const uint8_t *json_put_double(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct small_number number;
    const uint8_t *end = small_number(p, &number);
    if (!end || number.int_digits + number.scale > 15)
        return json_put_number(walk, node, p);
    double value = (double)(number.whole * cpl_pow10_u64[number.scale] + number.fraction) /
                   (double)cpl_pow10_u64[number.scale];
    return put(walk, cpl_builder_f64(node->builder, number.negative ? -value : value, walk->err),
               end);
}

/* The number in [p, end) by format/text.h. */
static enum cpl_text_result append_number(struct json_walk *walk, struct json_node *node,
                                          const uint8_t *p, size_t length, bool *appended)
{
    enum cpl_text_result result = CPL_TEXT_NO;
    struct cpl_builder *builder = node->builder;
    union {
        int64_t i64;
        uint64_t u64;
        double f64;
        float f32;
        cpl_int128 i128;
    } value;
    switch (node->op) {
    case JSON_OP_INT:
        result = cpl_parse_int(p, length, &plain_style, node->min, (int64_t)node->max, &value.i64);
        *appended = result || append_int(node, value.i64, walk->err);
        break;
    case JSON_OP_UINT:
        result = cpl_parse_uint(p, length, &plain_style, node->max, &value.u64);
        *appended = result || append_uint(node, value.u64, walk->err);
        break;
    case JSON_OP_DECIMAL64:
        result = cpl_parse_decimal64(p, length, &plain_style, node->precision, node->scale,
                                     &value.i64);
        *appended = result || cpl_builder_i64(builder, value.i64, walk->err);
        break;
    case JSON_OP_DECIMAL128:
        result = cpl_parse_decimal128(p, length, &plain_style, node->precision, node->scale,
                                      &value.i128);
        *appended = result || cpl_builder_i128(builder, value.i128, walk->err);
        break;
    case JSON_OP_DOUBLE:
        result = cpl_parse_double(p, length, &plain_style, &value.f64);
        *appended = result || cpl_builder_f64(builder, value.f64, walk->err);
        break;
    case JSON_OP_FLOAT:
        result = cpl_parse_float(p, length, &plain_style, &value.f32);
        *appended = result || cpl_builder_f32(builder, value.f32, walk->err);
        break;
    default:
        break;
    }
    return result;
}

const uint8_t *json_put_number(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    bool integer, appended = true;
    if (*p != '-' && (uint8_t)(*p - '0') >= 10)
        return json_put_other(walk, node, p);
    const uint8_t *end = json_number(&walk->lex, p, &integer);
    if (!end)
        return NULL;
    if (append_number(walk, node, p, (size_t)(end - p), &appended) != CPL_TEXT_EXACT)
        return json_misfit(walk, node, p, "the number cannot be held exactly by the column's type");
    return put(walk, appended, end);
}

/* ---- words ---- */

const uint8_t *json_put_bool(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    if (*p != 't' && *p != 'f')
        return json_put_other(walk, node, p);
    bool value = *p == 't';
    const uint8_t *end = value ? json_word(&walk->lex, p, "true", 4)
                               : json_word(&walk->lex, p, "false", 5);
    return end ? put(walk, cpl_builder_u8(node->builder, value, walk->err), end) : NULL;
}

/* ---- strings ---- */

/* The string at p ('"'), unescaped into the batch's arena if need be. Returns the closing quote. */
static inline const uint8_t *string_at(struct json_walk *walk, const uint8_t *p,
                                       struct cpl_slice *slice)
{
    bool plain;
    const uint8_t *text = p + 1, *end = json_string(&walk->lex, text, &plain);
    if (!end)
        return NULL;
    *slice = (struct cpl_slice){.data = text, .length = (uint32_t)(end - text)};
    if (__builtin_expect(plain, 1))
        return end;
    uint8_t *copy = cpl_arena_alloc(walk->arena, slice->length, walk->err);
    if (!copy)
        return json_no_memory(walk, p);
    *slice = (struct cpl_slice){.data = copy, .length = (uint32_t)json_unescape(text, end, copy)};
    return end;
}

/* A text that is of the type and yet cannot go where the column goes. */
static bool check_text(struct json_walk *walk, const struct json_node *node,
                       const struct cpl_slice *text, const uint8_t *p)
{
    const char *refused = node->check->refuse(node->check, text->data, text->length);
    if (!refused)
        return true;
    walk->node = node;
    walk->widenable = false;
    return json_fail(&walk->lex, JSON_REFUSED, p, refused);
}

const uint8_t *json_put_string(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct cpl_slice slice;
    if (*p != '"')
        return json_put_other(walk, node, p);
    const uint8_t *end = string_at(walk, p, &slice);
    if (!end || (node->check && !check_text(walk, node, &slice, p)))
        return NULL;
    return put(walk, cpl_builder_slice(node->builder, slice.data, slice.length, walk->err),
               end + 1);
}

static enum cpl_text_result append_timelike(struct json_walk *walk, struct json_node *node,
                                            const struct cpl_slice *text, bool *appended)
{
    const struct cpl_type *type = &node->field->type;
    enum cpl_text_result result;
    const struct cpl_text_style style = {.date_format = node->format,
                                         .time_format = node->format,
                                         .timestamp_format = node->format,
                                         .lenient = !node->inferred};
    uint8_t uuid[16];
    int32_t days;
    int64_t value;
    switch (node->op) {
    case JSON_OP_UUID:
        result = cpl_parse_uuid(text->data, text->length, node->inferred, uuid);
        *appended = result || cpl_builder_uuid(node->builder, uuid, walk->err);
        return result;
    case JSON_OP_DATE:
        result = cpl_parse_date(text->data, text->length, &style, &days);
        *appended = result || cpl_builder_i32(node->builder, days, walk->err);
        return result;
    case JSON_OP_TIME:
        result = cpl_parse_time(text->data, text->length, &style, type->unit, &value);
        *appended = result || cpl_builder_i64(node->builder, value, walk->err);
        return result;
    default:
        result = cpl_parse_timestamp(text->data, text->length, &style, type->unit, type->utc,
                                     &value);
        *appended = result || cpl_builder_i64(node->builder, value, walk->err);
        return result;
    }
}

/* Blanks around are no part of a date in JSON. */
static bool has_blanks(const struct cpl_slice *text)
{
    uint8_t first = text->length ? text->data[0] : ' ';
    uint8_t last = text->length ? text->data[text->length - 1] : ' ';
    return first == ' ' || first == '\t' || last == ' ' || last == '\t';
}

/* The canonical writing of the commonest types, by the inline parsers. */
static inline bool append_fast(struct json_walk *walk, struct json_node *node,
                               const struct cpl_slice *text, bool *appended)
{
    const struct cpl_type *type = &node->field->type;
    uint8_t uuid[16];
    int32_t days;
    int64_t value;
    if (node->op == JSON_OP_UUID && cpl_fast_uuid(text->data, text->length, uuid))
        *appended = cpl_builder_uuid(node->builder, uuid, walk->err);
    else if (node->op == JSON_OP_DATE && cpl_fast_date(text->data, text->length, &days))
        *appended = cpl_builder_i32(node->builder, days, walk->err);
    else if (node->op == JSON_OP_TIMESTAMP &&
             cpl_fast_timestamp(text->data, text->length, type->unit, type->utc, &value))
        *appended = cpl_builder_i64(node->builder, value, walk->err);
    else
        return false;
    return true;
}

const uint8_t *json_put_timelike(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct cpl_slice text;
    bool appended = true;
    if (*p != '"')
        return json_put_other(walk, node, p);
    const uint8_t *end = string_at(walk, p, &text);
    if (!end)
        return NULL;
    if (!node->format && append_fast(walk, node, &text, &appended))
        return put(walk, appended, end + 1);
    if (has_blanks(&text) || append_timelike(walk, node, &text, &appended) != CPL_TEXT_EXACT)
        return json_misfit(walk, node, p, "the string is not a value of the column's type");
    return put(walk, appended, end + 1);
}

static int base64_digit(uint8_t c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/* Decode in place; false if it is not base64 with padding and zero spare bits. */
static bool base64(struct cpl_slice *text, uint8_t *out)
{
    uint32_t n = text->length, used = 0, bits = 0, held = 0;
    if (n % 4)
        return false;
    while (n && text->length - n < 2 && text->data[n - 1] == '=')
        n--;
    for (uint32_t i = 0; i < n; i++) {
        int digit = base64_digit(text->data[i]);
        if (digit < 0)
            return false;
        bits = (bits << 6 | (uint32_t)digit) & 0xFFFF;
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[used++] = (uint8_t)(bits >> held);
        }
    }
    bool clean = !(bits & ((1u << held) - 1)) && held < 6;
    *text = (struct cpl_slice){.data = out, .length = used};
    return clean;
}

const uint8_t *json_put_binary(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    struct cpl_slice slice;
    if (*p != '"')
        return json_put_other(walk, node, p);
    const uint8_t *end = string_at(walk, p, &slice);
    if (!end)
        return NULL;
    uint8_t *bytes = cpl_arena_alloc(walk->arena, slice.length, walk->err);
    if (!bytes)
        return json_no_memory(walk, p);
    if (!base64(&slice, bytes))
        return json_misfit(walk, node, p, "the string is not base64 (RFC 4648, padded)");
    return put(walk, cpl_builder_slice(node->builder, slice.data, slice.length, walk->err),
               end + 1);
}

const uint8_t *json_put_document(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    if (*p == 'n')
        return json_put_other(walk, node, p);
    const uint8_t *end = json_skip(&walk->lex, p, node->depth);
    if (!end)
        return NULL;
    return put(walk, cpl_builder_slice(node->builder, p, (uint32_t)(end - p), walk->err), end);
}

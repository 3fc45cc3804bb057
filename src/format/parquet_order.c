#include "format/parquet_order.h"

#include <string.h>

static enum cpl_parquet_ordering order_of_bytes(const struct cpl_parquet_leaf *leaf)
{
    const struct cpl_parquet_element *element = leaf->element;
    if (leaf->field->type.kind == CPL_DECIMAL)
        return CPL_PARQUET_ORDER_DECIMAL;
    if (leaf->field->type.kind == CPL_F32)
        return CPL_PARQUET_ORDER_F16;
    if (element->has_converted && element->converted == CPL_PARQUET_CONVERTED_INTERVAL)
        return CPL_PARQUET_ORDER_NONE;
    return CPL_PARQUET_ORDER_BYTES;
}

enum cpl_parquet_ordering cpl_parquet_ordering_of(const struct cpl_parquet_leaf *leaf)
{
    enum cpl_kind kind = leaf->field->type.kind;
    bool is_unsigned = kind >= CPL_U8 && kind <= CPL_U64;
    if (leaf->unreadable)
        return CPL_PARQUET_ORDER_NONE;
    switch (leaf->type) {
    case CPL_PARQUET_BOOLEAN:
        return CPL_PARQUET_ORDER_BOOLEAN;
    case CPL_PARQUET_INT32:
        return is_unsigned ? CPL_PARQUET_ORDER_U32 : CPL_PARQUET_ORDER_I32;
    case CPL_PARQUET_INT64:
        return is_unsigned ? CPL_PARQUET_ORDER_U64 : CPL_PARQUET_ORDER_I64;
    case CPL_PARQUET_FLOAT:
        return CPL_PARQUET_ORDER_F32;
    case CPL_PARQUET_DOUBLE:
        return CPL_PARQUET_ORDER_F64;
    case CPL_PARQUET_INT96:
        return CPL_PARQUET_ORDER_NONE;
    default:
        return order_of_bytes(leaf);
    }
}

uint32_t cpl_parquet_ordering_width(enum cpl_parquet_ordering ordering)
{
    switch (ordering) {
    case CPL_PARQUET_ORDER_BOOLEAN:
        return 1;
    case CPL_PARQUET_ORDER_F16:
        return 2;
    case CPL_PARQUET_ORDER_I32:
    case CPL_PARQUET_ORDER_U32:
    case CPL_PARQUET_ORDER_F32:
        return 4;
    case CPL_PARQUET_ORDER_I64:
    case CPL_PARQUET_ORDER_U64:
    case CPL_PARQUET_ORDER_F64:
        return 8;
    default:
        return 0;
    }
}

float cpl_parquet_float_of_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31;
    uint32_t fraction = half & 0x3ff, bits;
    float value;
    if (exponent == 0) { /* zero and subnormals: fraction × 2^-24 */
        value = (float)fraction * 0x1p-24f;
        return sign ? -value : value;
    }
    exponent = exponent == 31 ? 255 : exponent + 112;
    bits = sign | exponent << 23 | fraction << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double load_float(enum cpl_parquet_ordering ordering, const uint8_t *data)
{
    float f32;
    double f64;
    if (ordering == CPL_PARQUET_ORDER_F16)
        return (double)cpl_parquet_float_of_half((uint16_t)(data[0] | data[1] << 8));
    if (ordering == CPL_PARQUET_ORDER_F32) {
        memcpy(&f32, data, sizeof f32);
        return (double)f32;
    }
    memcpy(&f64, data, sizeof f64);
    return f64;
}

bool cpl_parquet_is_nan(enum cpl_parquet_ordering ordering, const struct cpl_slice *value)
{
    if (ordering < CPL_PARQUET_ORDER_F16 || ordering > CPL_PARQUET_ORDER_F64)
        return false;
    double number = load_float(ordering, value->data);
    return number != number;
}

/* Brought to unsigned order by turning the sign bit. */
static uint64_t load_key(enum cpl_parquet_ordering ordering, const uint8_t *data)
{
    uint32_t u32;
    uint64_t u64;
    switch (ordering) {
    case CPL_PARQUET_ORDER_I32:
    case CPL_PARQUET_ORDER_U32:
        memcpy(&u32, data, sizeof u32);
        return ordering == CPL_PARQUET_ORDER_I32 ? u32 ^ 0x80000000u : u32;
    case CPL_PARQUET_ORDER_I64:
    case CPL_PARQUET_ORDER_U64:
        memcpy(&u64, data, sizeof u64);
        return ordering == CPL_PARQUET_ORDER_I64 ? u64 ^ (uint64_t)1 << 63 : u64;
    default:
        return data[0];
    }
}

static int compare_bytes(const struct cpl_slice *a, const struct cpl_slice *b)
{
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = shorter ? memcmp(a->data, b->data, shorter) : 0;
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Byte i of the number stretched to `length` bytes, the sign turned for unsigned comparison. */
static uint8_t stretched(const struct cpl_slice *value, uint32_t length, uint32_t i)
{
    uint32_t missing = length - value->length;
    bool negative = value->length && value->data[0] & 0x80;
    uint8_t byte = i < missing ? (negative ? 0xff : 0) : value->data[i - missing];
    return i == 0 ? byte ^ 0x80 : byte;
}

static int compare_decimals(const struct cpl_slice *a, const struct cpl_slice *b)
{
    uint32_t length = a->length > b->length ? a->length : b->length;
    for (uint32_t i = 0; i < length; i++) {
        int order = stretched(a, length, i) - stretched(b, length, i);
        if (order)
            return order;
    }
    return 0;
}

int cpl_parquet_compare(enum cpl_parquet_ordering ordering, const struct cpl_slice *a,
                        const struct cpl_slice *b)
{
    if (ordering == CPL_PARQUET_ORDER_NONE)
        return 0;
    if (ordering == CPL_PARQUET_ORDER_BYTES)
        return compare_bytes(a, b);
    if (ordering == CPL_PARQUET_ORDER_DECIMAL)
        return compare_decimals(a, b);
    if (ordering >= CPL_PARQUET_ORDER_F16) {
        double x = load_float(ordering, a->data), y = load_float(ordering, b->data);
        return (x > y) - (x < y);
    }
    uint64_t x = load_key(ordering, a->data), y = load_key(ordering, b->data);
    return (x > y) - (x < y);
}

/* Physical Parquet values to the values of batches. Nothing is changed silently: what its column's
 * type cannot hold is an error. */
#include "decode/parquet_assemble.h"
#include "decode/stream.h"
#include "format/parquet_order.h"

#include <string.h>

__extension__ typedef __int128 int128;

enum { JULIAN_DAY_OF_1970 = 2440588 };

static bool out_of_range(const struct cpl_parquet_leaf *leaf, struct cpl_error *err)
{
    cpl_fail(err, CPL_E_DATA, "a stored value does not fit the type of '%s'", leaf->field->name);
    return false;
}

/* INT32 with an INTEGER annotation of 8 or 16 bits. */
#define NARROW(name, type)                                                                         \
    static bool name(const struct cpl_parquet_leaf *leaf, const int32_t *in, uint32_t n,           \
                     type *out, struct cpl_error *err)                                             \
    {                                                                                              \
        bool fits = true;                                                                          \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            out[i] = (type)in[i];                                                                  \
            fits &= out[i] == in[i];                                                               \
        }                                                                                          \
        return fits || out_of_range(leaf, err);                                                    \
    }
NARROW(narrow_i8, int8_t)
NARROW(narrow_u8, uint8_t)
NARROW(narrow_i16, int16_t)
NARROW(narrow_u16, uint16_t)

static void widen_i32(const int32_t *in, uint32_t n, int64_t *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = in[i];
}

/* A two's-complement, big-endian number of any length. */
static bool load_big_endian(const uint8_t *data, size_t length, int128 *value)
{
    uint8_t sign = length && data[0] & 0x80 ? 0xff : 0;
    __extension__ unsigned __int128 bits = 0;
    for (; length > 16; length--, data++)
        if (*data != sign)
            return false;
    if (length == 16 && (data[0] & 0x80) != (sign & 0x80))
        return false;
    if (sign)
        bits = ~bits;
    for (size_t i = 0; i < length; i++)
        bits = bits << 8 | data[i];
    *value = (int128)bits;
    return true;
}

static bool load_decimal(const struct cpl_parquet_leaf *leaf, const uint8_t *in, uint32_t i,
                         int128 *value)
{
    int32_t i32;
    int64_t i64;
    struct cpl_slice slice;
    switch (leaf->type) {
    case CPL_PARQUET_INT32:
        memcpy(&i32, in + 4 * (size_t)i, 4);
        *value = i32;
        return true;
    case CPL_PARQUET_INT64:
        memcpy(&i64, in + 8 * (size_t)i, 8);
        *value = i64;
        return true;
    case CPL_PARQUET_BYTE_ARRAY:
        memcpy(&slice, in + sizeof slice * i, sizeof slice);
        return load_big_endian(slice.data, slice.length, value);
    default:
        return load_big_endian(in + (size_t)leaf->type_length * i, (size_t)leaf->type_length,
                               value);
    }
}

static bool convert_decimals(const struct cpl_parquet_leaf *leaf, const uint8_t *in, uint32_t n,
                             void *out, struct cpl_error *err)
{
    bool narrow = cpl_type_width(&leaf->field->type) == 8;
    for (uint32_t i = 0; i < n; i++) {
        int128 value;
        if (!load_decimal(leaf, in, i, &value) || (narrow && value != (int64_t)value))
            return out_of_range(leaf, err);
        if (narrow)
            ((int64_t *)out)[i] = (int64_t)value;
        else
            ((int128 *)out)[i] = value;
    }
    return true;
}

/* INT96: nanoseconds within the day, then the Julian day. */
static bool convert_int96(const struct cpl_parquet_leaf *leaf, const uint8_t *in, uint32_t n,
                          int64_t *out, struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++, in += 12) {
        int64_t nanos, day_nanos;
        uint32_t day;
        memcpy(&nanos, in, 8);
        memcpy(&day, in + 8, 4);
        if (__builtin_mul_overflow((int64_t)day - JULIAN_DAY_OF_1970, 86400000000000, &day_nanos) ||
            __builtin_add_overflow(day_nanos, nanos, &out[i]))
            return out_of_range(leaf, err);
    }
    return true;
}

static void convert_halves(const uint8_t *in, uint32_t n, float *out)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = cpl_parquet_float_of_half(
            (uint16_t)(in[2 * (size_t)i] | in[2 * (size_t)i + 1] << 8));
}

static bool is_ascii(const uint8_t *data, size_t size)
{
    uint64_t word, all = 0;
    for (; size >= 8; size -= 8, data += 8) {
        memcpy(&word, data, 8);
        all |= word;
    }
    while (size--)
        all |= *data++;
    return !(all & 0x8080808080808080u);
}

static bool convert_text(const struct cpl_parquet_leaf *leaf, const struct cpl_slice *in,
                         uint32_t n, struct cpl_slice *out, struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = in[i];
        if (!is_ascii(in[i].data, in[i].length) && !cpl_utf8_valid(in[i].data, in[i].length))
            return cpl_fail(err, CPL_E_DATA, "a stored string of '%s' is not valid UTF-8",
                            leaf->field->name);
    }
    return true;
}

/* Fixed-length values become slices into the physical values, which last as long as the batch. */
static void convert_fixed(const struct cpl_parquet_leaf *leaf, const uint8_t *in, uint32_t n,
                          struct cpl_slice *out)
{
    size_t width = (size_t)leaf->type_length;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct cpl_slice){.data = in + width * i, .length = (uint32_t)width};
}

static void copy(const void *in, size_t size, void *out)
{
    if (size)
        memcpy(out, in, size);
}

bool cpl_parquet_convert(const struct cpl_parquet_leaf *leaf, const void *physical, uint32_t n,
                         void *out, struct cpl_error *err)
{
    const struct cpl_type *type = &leaf->field->type;
    size_t size = (size_t)n * cpl_type_width(type);
    switch (type->kind) {
    case CPL_I8:
        return narrow_i8(leaf, physical, n, out, err);
    case CPL_U8:
        return narrow_u8(leaf, physical, n, out, err);
    case CPL_I16:
        return narrow_i16(leaf, physical, n, out, err);
    case CPL_U16:
        return narrow_u16(leaf, physical, n, out, err);
    case CPL_DECIMAL:
        return convert_decimals(leaf, physical, n, out, err);
    case CPL_STRING:
    case CPL_JSON:
        return convert_text(leaf, physical, n, out, err);
    case CPL_TIMESTAMP:
        if (leaf->type == CPL_PARQUET_INT96)
            return convert_int96(leaf, physical, n, out, err);
        break;
    case CPL_TIME:
        if (leaf->type == CPL_PARQUET_INT32) {
            widen_i32(physical, n, out);
            return true;
        }
        break;
    case CPL_F32:
        if (leaf->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY) {
            convert_halves(physical, n, out);
            return true;
        }
        break;
    case CPL_BINARY:
        if (leaf->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY) {
            convert_fixed(leaf, physical, n, out);
            return true;
        }
        break;
    default:
        break;
    }
    copy(physical, size, out);
    return true;
}

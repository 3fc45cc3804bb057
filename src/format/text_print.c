/* Scalars to text, in the notation that the parsers of text.h take back. Years outside 0001–9999,
 * which no parser takes, are written with a sign and as many digits as they have. */
#include "batch/batch.h"
#include "format/text.h"
#include "format/text_date.h"
#include "format/text_fast.h"

static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233"
                            "34353637383940414243444546474849505152535455565758596061626364656667"
                            "68697071727374757677787980818283848586878889909192939495969798"
                            "99";

_Static_assert(sizeof pairs == 201, "a hundred pairs of digits");

static void put_two(unsigned value, char *out)
{
    memcpy(out, pairs + 2 * (size_t)value, 2);
}

/* Exactly `width` digits. */
static void put_padded(uint64_t value, size_t width, char *out)
{
    for (; width >= 2; width -= 2, value /= 100)
        put_two((unsigned)(value % 100), out + width - 2);
    if (width)
        *out = (char)('0' + value % 10);
}

static size_t digits_of(uint64_t value)
{
    size_t n = 1;
    while (n < 20 && value >= cpl_pow10_u64[n])
        n++;
    return n;
}

size_t cpl_print_uint(uint64_t value, char *out)
{
    size_t n = digits_of(value);
    put_padded(value, n, out);
    return n;
}

size_t cpl_print_int(int64_t value, char *out)
{
    if (value >= 0)
        return cpl_print_uint((uint64_t)value, out);
    *out = '-';
    return 1 + cpl_print_uint(0 - (uint64_t)value, out + 1);
}

/* ---- decimals ---- */

static size_t print_u128(cpl_uint128 value, char *out)
{
    const cpl_uint128 half = cpl_pow10_u64[19];
    if (value < half)
        return cpl_print_uint((uint64_t)value, out);
    size_t n = print_u128(value / half, out);
    put_padded((uint64_t)(value % half), 19, out + n);
    return n + 19;
}

/* digits[0..n) with a point before the last `scale` of them, and a zero before that. */
static size_t insert_point(char *digits, size_t n, size_t scale)
{
    if (scale == 0)
        return n;
    if (n <= scale) {
        size_t zeros = scale + 1 - n;
        memmove(digits + zeros, digits, n);
        memset(digits, '0', zeros);
        n += zeros;
    }
    memmove(digits + n - scale + 1, digits + n - scale, scale);
    digits[n - scale] = '.';
    return n + 1;
}

size_t cpl_print_decimal128(cpl_int128 value, int scale, char *out)
{
    size_t sign = value < 0;
    *out = '-';
    cpl_uint128 magnitude = sign ? 0 - (cpl_uint128)value : (cpl_uint128)value;
    return sign + insert_point(out + sign, print_u128(magnitude, out + sign), (size_t)scale);
}

size_t cpl_print_decimal64(int64_t value, int scale, char *out)
{
    size_t sign = value < 0;
    *out = '-';
    uint64_t magnitude = sign ? 0 - (uint64_t)value : (uint64_t)value;
    return sign + insert_point(out + sign, cpl_print_uint(magnitude, out + sign), (size_t)scale);
}

/* ---- dates ---- */

static size_t put_year(int year, char *out)
{
    if (year >= 0 && year <= 9999) {
        put_padded((uint64_t)year, 4, out);
        return 4;
    }
    uint64_t magnitude = (uint64_t)(year < 0 ? -(int64_t)year : year);
    size_t width = digits_of(magnitude) < 4 ? 4 : digits_of(magnitude);
    *out = year < 0 ? '-' : '+';
    put_padded(magnitude, width, out + 1);
    return 1 + width;
}

size_t cpl_print_date(int32_t days, char *out)
{
    int year;
    unsigned month, day;
    cpl_civil_from_days(days, &year, &month, &day);
    size_t n = put_year(year, out);
    out[n] = out[n + 3] = '-';
    put_two(month, out + n + 1);
    put_two(day, out + n + 4);
    return n + 6;
}

/* hh:mm:ss, and the unit's digits when they are not all zero. */
static size_t put_time(int64_t value, enum cpl_unit unit, char *out)
{
    unsigned seconds = (unsigned)(value / cpl_units_per_second(unit));
    uint64_t fraction = (uint64_t)(value % cpl_units_per_second(unit));
    put_two(seconds / 3600 % 100, out);
    put_two(seconds / 60 % 60, out + 3);
    put_two(seconds % 60, out + 6);
    out[2] = out[5] = ':';
    if (fraction == 0)
        return 8;
    size_t width = 3 * (size_t)unit;
    out[8] = '.';
    put_padded(fraction, width, out + 9);
    return 9 + width;
}

size_t cpl_print_time(int64_t value, enum cpl_unit unit, char *out)
{
    if (value >= 0 && value < 86400 * cpl_units_per_second(unit))
        return put_time(value, unit, out);
    return cpl_print_int(value, out); /* no time of day: show what is there */
}

size_t cpl_print_timestamp(int64_t value, enum cpl_unit unit, bool utc, char *out)
{
    int64_t per_day = 86400 * cpl_units_per_second(unit);
    int64_t days = value / per_day, rest = value % per_day;
    if (rest < 0) {
        rest += per_day;
        days--;
    }
    if (days < INT32_MIN || days > INT32_MAX)
        return cpl_print_int(value, out); /* seconds beyond the calendar */
    size_t n = cpl_print_date((int32_t)days, out);
    out[n++] = 'T';
    n += put_time(rest, unit, out + n);
    if (utc)
        out[n++] = 'Z';
    return n;
}

size_t cpl_print_uuid(const uint8_t value[16], char *out)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[n++] = '-';
        out[n++] = hex[value[i] >> 4];
        out[n++] = hex[value[i] & 15];
    }
    return n;
}

/* ---- a column's value ---- */

static size_t print_bool(bool value, char *out)
{
    memcpy(out, value ? "true" : "false", value ? 4 : 5);
    return value ? 4 : 5;
}

static size_t print_decimal(const struct cpl_column *column, uint32_t row, char *out)
{
    const struct cpl_type *type = &column->field->type;
    return type->precision <= 18 ? cpl_print_decimal64(column->i64[row], type->scale, out)
                                 : cpl_print_decimal128(column->i128[row], type->scale, out);
}

size_t cpl_print_value(const struct cpl_column *column, uint32_t row, char *out)
{
    const struct cpl_type *type = &column->field->type;
    if (!cpl_is_valid(column, row))
        return 0;
    switch (type->kind) {
    case CPL_BOOL:
        return print_bool(column->u8[row] != 0, out);
    case CPL_I8:
        return cpl_print_int(column->i8[row], out);
    case CPL_I16:
        return cpl_print_int(column->i16[row], out);
    case CPL_I32:
        return cpl_print_int(column->i32[row], out);
    case CPL_I64:
        return cpl_print_int(column->i64[row], out);
    case CPL_U8:
        return cpl_print_uint(column->u8[row], out);
    case CPL_U16:
        return cpl_print_uint(column->u16[row], out);
    case CPL_U32:
        return cpl_print_uint(column->u32[row], out);
    case CPL_U64:
        return cpl_print_uint(column->u64[row], out);
    case CPL_F32:
        return cpl_print_float(column->f32[row], out);
    case CPL_F64:
        return cpl_print_double(column->f64[row], out);
    case CPL_DECIMAL:
        return print_decimal(column, row, out);
    case CPL_UUID:
        return cpl_print_uuid(column->uuid[row], out);
    case CPL_DATE:
        return cpl_print_date(column->i32[row], out);
    case CPL_TIME:
        return cpl_print_time(column->i64[row], type->unit, out);
    case CPL_TIMESTAMP:
        return cpl_print_timestamp(column->i64[row], type->unit, type->utc, out);
    default:
        return 0;
    }
}

/* The hot shapes of numbers and dates, inline, for the kernels of column decoders.
 *
 * Each function takes one plain shape (no blanks, '.' as decimal point, no exponent) and says true
 * when the text is of that shape and the value is exact. False means nothing more than "not this
 * shape": ask the full parser of text.h, which is slower and decides. So a kernel is
 *     if (!cpl_fast_int(text, length, &value)) result = cpl_parse_int(text, length, style, …);
 * 32 bytes behind text+length are read; callers guarantee that they are mapped. Eight digits at a
 * time are parsed in one register (SWAR). Little-endian only, which the build checks. Thread-safe.
 */
#pragma once
#include "format/text.h"
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "SWAR parsing reads little-endian words");

static const uint64_t cpl_pow10_u64[20] = {1u,
                                           10u,
                                           100u,
                                           1000u,
                                           10000u,
                                           100000u,
                                           1000000u,
                                           10000000u,
                                           100000000u,
                                           1000000000u,
                                           10000000000u,
                                           100000000000u,
                                           1000000000000u,
                                           10000000000000u,
                                           100000000000000u,
                                           1000000000000000u,
                                           10000000000000000u,
                                           100000000000000000u,
                                           1000000000000000000u,
                                           10000000000000000000u};

static inline uint64_t cpl_text_load64(const uint8_t *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Bytes of `digits` (already less '0') that are no digit have their top bit set. */
static inline uint64_t cpl_swar_not_digits(uint64_t digits)
{
    return ((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u;
}

/* Eight digit values, the first text byte lowest, as one number. */
static inline uint64_t cpl_swar_value(uint64_t digits)
{
    digits = digits * 10 + (digits >> 8);
    return ((digits & 0x000000FF000000FFu) * 0x000F424000000064u +
            ((digits >> 16) & 0x000000FF000000FFu) * 0x0000271000000001u) >>
           32;
}

/* 1 to 8 digits. */
static inline bool cpl_fast_digits8(const uint8_t *text, size_t n, uint64_t *value)
{
    uint64_t digits = (cpl_text_load64(text) ^ 0x3030303030303030u) << (64 - 8 * n);
    *value = cpl_swar_value(digits);
    return cpl_swar_not_digits(digits) == 0;
}

/* 1 to 19 digits. */
static inline bool cpl_fast_digits(const uint8_t *text, size_t n, uint64_t *value)
{
    if (n <= 8)
        return cpl_fast_digits8(text, n, value);
    uint64_t high, low, rest = 0;
    size_t first = n > 16 ? n - 16 : n - 8;
    bool ok = cpl_fast_digits8(text, first, &high);
    ok &= cpl_fast_digits8(text + first, 8, &low);
    *value = high * 100000000u + low;
    if (n > 16) {
        ok &= cpl_fast_digits8(text + n - 8, 8, &rest);
        *value = *value * 100000000u + rest;
    }
    return ok;
}

/* [-]digits, at most 18 of them, no leading zero, not "-0". */
static inline bool cpl_fast_int(const uint8_t *text, size_t length, int64_t *value)
{
    bool negative = *text == '-';
    size_t n = length - negative;
    const uint8_t *digits = text + negative;
    if (n - 1 > 17 || (*digits == '0' && length > 1))
        return false;
    uint64_t magnitude;
    bool ok = cpl_fast_digits(digits, n, &magnitude);
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return ok;
}

/* [-]digits.digits with exactly `scale` digits behind the point (1..17), at most 18 in all, no
 * superfluous leading zero, not minus zero. */
static inline bool cpl_fast_decimal64(const uint8_t *text, size_t length, int precision, int scale,
                                      int64_t *value)
{
    bool negative = *text == '-';
    const uint8_t *digits = text + negative;
    size_t n = length - negative, fraction = (size_t)scale, whole = n - fraction - 1;
    if (n - 1 > 18 || whole - 1 > 17 || digits[whole] != '.' || (*digits == '0' && whole > 1))
        return false;
    uint64_t high, low;
    bool ok = cpl_fast_digits(digits, whole, &high);
    ok &= cpl_fast_digits(digits + whole + 1, fraction, &low);
    uint64_t magnitude = high * cpl_pow10_u64[fraction] + low;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return ok && magnitude < cpl_pow10_u64[precision] && !(negative && magnitude == 0);
}

/* Without branches: dates of mixed months would mispredict every few rows. */
static inline unsigned cpl_is_leap_year(unsigned year)
{
    return ((year & 3) == 0) & ((year % 25 != 0) | ((year & 15) == 0));
}

/* Days of a month, 28 to 31; month 1..12. */
static inline unsigned cpl_month_days(unsigned year, unsigned month)
{
    unsigned february = month == 2;
    return 30 + ((month + (month >> 3)) & 1) - february * (2 - cpl_is_leap_year(year));
}

/* Days since 1970-01-01 of a valid date in the years 1..9999. March is counted as the year's first
 * month, so that the leap day is its last. */
static inline int32_t cpl_fast_days(unsigned year, unsigned month, unsigned day)
{
    unsigned shifted = month <= 2;
    unsigned y = year - shifted, m = month + 12 * shifted - 3;
    return (int32_t)(365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day) - 719469;
}

/* "YYYY-MM-DD" (10 bytes) split into numbers and checked against the calendar. */
static inline bool cpl_fast_date_fields(const uint8_t *text, unsigned *year, unsigned *month,
                                        unsigned *day)
{
    uint64_t word = cpl_text_load64(text);
    uint64_t digits = (word & 0xFFFFFFFFu) | ((word >> 8) & 0x0000FFFF00000000u) |
                      (uint64_t)text[8] << 48 | (uint64_t)text[9] << 56;
    digits ^= 0x3030303030303030u;
    bool shape = (word & 0xFF0000FF00000000u) == 0x2D00002D00000000u &&
                 !cpl_swar_not_digits(digits);
    digits = digits * 10 + (digits >> 8);
    *year = (unsigned)(digits & 0xFF) * 100 + (unsigned)(digits >> 16 & 0xFF);
    *month = (unsigned)(digits >> 32 & 0xFF);
    *day = (unsigned)(digits >> 48 & 0xFF);
    return shape & (*month - 1 < 12) & (*day - 1 < cpl_month_days(*year, *month)) & (*year != 0);
}

static inline bool cpl_fast_date(const uint8_t *text, size_t length, int32_t *days)
{
    unsigned year, month, day;
    if (length != 10 || !cpl_fast_date_fields(text, &year, &month, &day))
        return false;
    *days = cpl_fast_days(year, month, day);
    return true;
}

/* "HH:MM:SS" (8 bytes) as seconds since midnight. */
static inline bool cpl_fast_time_of_day(const uint8_t *text, uint32_t *seconds)
{
    uint64_t word = cpl_text_load64(text);
    if ((word & 0x0000FF0000FF0000u) != 0x00003A00003A0000u)
        return false;
    uint64_t digits = (word ^ 0x3030303030303030u) & 0xFFFF00FFFF00FFFFu;
    if (cpl_swar_not_digits(digits))
        return false;
    digits = digits * 10 + (digits >> 8);
    uint32_t hour = digits & 0xFF, minute = digits >> 24 & 0xFF, second = digits >> 48 & 0xFF;
    *seconds = hour * 3600 + minute * 60 + second;
    return hour < 24 && minute < 60 && second < 60;
}

/* "YYYY-MM-DDTHH:MM:SS[.fraction]" ('T' or ' '), with 'Z' behind it exactly when `utc`, and no more fraction digits than
 * the unit has. */
static inline bool cpl_fast_timestamp(const uint8_t *text, size_t length, enum cpl_unit unit,
                                      bool utc, int64_t *value)
{
    unsigned year, month, day;
    uint32_t seconds;
    uint64_t fraction = 0;
    size_t n = length - utc, places = 3 * (size_t)unit, digits = n - 20;
    if (n < 19 || n > 29 || (utc && text[n] != 'Z') || (text[10] != 'T' && text[10] != ' ') ||
        !cpl_fast_date_fields(text, &year, &month, &day) ||
        !cpl_fast_time_of_day(text + 11, &seconds))
        return false;
    if (n > 19) {
        if (text[19] != '.' || digits - 1 >= places ||
            !cpl_fast_digits(text + 20, digits, &fraction))
            return false;
        fraction *= cpl_pow10_u64[places - digits];
    }
    int64_t since = (int64_t)cpl_fast_days(year, month, day) * 86400 + seconds;
    return !__builtin_mul_overflow(since, (int64_t)cpl_pow10_u64[places], value) &&
           !__builtin_add_overflow(*value, (int64_t)fraction, value);
}

/* Eight lower-case hex digits as four bytes, the first digit highest; false if one is none. */
static inline bool cpl_swar_hex(uint64_t text, uint32_t *value)
{
    const uint64_t tops = 0x8080808080808080u, ones = 0x0101010101010101u;
    uint64_t low = text & ~tops; /* so that no sum below leaves its byte */
    uint64_t digit = (low + 0x50 * ones) & ~(low + 0x46 * ones);
    uint64_t letter = (low + 0x1F * ones) & ~(low + 0x19 * ones);
    if ((((digit | letter) & ~text) & tops) != tops)
        return false;
    uint64_t nibbles = (text & 0x0F * ones) + ((letter & tops) >> 7) * 9;
    uint64_t bytes = (nibbles << 4 | nibbles >> 8) & 0x00FF00FF00FF00FFu;
    bytes = (bytes | bytes >> 8) & 0x0000FFFF0000FFFFu;
    *value = (uint32_t)(bytes | bytes >> 16);
    return true;
}

static inline uint64_t cpl_swar_halves(const uint8_t *first, const uint8_t *second)
{
    uint32_t a, b;
    memcpy(&a, first, sizeof a);
    memcpy(&b, second, sizeof b);
    return a | (uint64_t)b << 32;
}

/* A UUID in its canonical text: 36 bytes, lower case. */
static inline bool cpl_fast_uuid(const uint8_t *text, size_t length, uint8_t value[16])
{
    uint32_t parts[4];
    if (length != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        return false;
    bool ok = cpl_swar_hex(cpl_text_load64(text), &parts[0]) &&
              cpl_swar_hex(cpl_swar_halves(text + 9, text + 14), &parts[1]) &&
              cpl_swar_hex(cpl_swar_halves(text + 19, text + 24), &parts[2]) &&
              cpl_swar_hex(cpl_text_load64(text + 28), &parts[3]);
    if (ok)
        memcpy(value, parts, sizeof parts);
    return ok;
}

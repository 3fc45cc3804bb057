#include "format/text_scan.h"

static const int64_t EXPONENT_MAX = 1000000000000000;

struct cursor {
    const uint8_t *at, *end;
};

static size_t skip_digits(struct cursor *cursor)
{
    const uint8_t *start = cursor->at;
    while (cursor->at < cursor->end && cpl_is_digit(*cursor->at))
        cursor->at++;
    return (size_t)(cursor->at - start);
}

static bool take(struct cursor *cursor, uint8_t c)
{
    if (cursor->at >= cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

/* "1,234,567": one to three digits, then groups of exactly three. */
static bool scan_groups(struct cursor *cursor, char separator, struct cpl_number *number)
{
    const uint8_t *group = cursor->at - number->n_whole;
    size_t n = number->n_whole;
    number->n_whole = 0;
    while (number->n_whole + n <= CPL_GROUPED_MAX) {
        for (size_t i = 0; i < n; i++)
            number->grouped[number->n_whole++] = group[i];
        size_t size = cpl_separator_size(cursor->at, cursor->end, separator);
        if (!size) {
            number->whole = number->grouped;
            return true;
        }
        cursor->at += size;
        group = cursor->at;
        n = skip_digits(cursor);
        if (n != 3)
            return false;
    }
    return false;
}

static bool scan_whole(struct cursor *cursor, const struct cpl_text_style *style, bool lenient,
                       struct cpl_number *number)
{
    number->whole = cursor->at;
    number->n_whole = skip_digits(cursor);
    bool grouped = style && style->thousands &&
                   cpl_separator_size(cursor->at, cursor->end, style->thousands);
    if (grouped && (number->n_whole == 0 || number->n_whole > 3 ||
                    !scan_groups(cursor, style->thousands, number)))
        return false;
    return lenient || number->n_whole == 1 || (number->n_whole > 1 && *number->whole != '0');
}

/* Without a decimal separator, groups of digits may be a code, a version or a telephone number. */
static bool groups_count(const struct cpl_text_style *style, const struct cpl_number *number)
{
    bool grouped = number->whole == number->grouped && number->n_whole > 3;
    return !grouped || number->has_point || !style->groups_with_point;
}

static bool scan_fraction(struct cursor *cursor, const struct cpl_text_style *style, bool lenient,
                          struct cpl_number *number)
{
    uint8_t point = style && style->decimal_point ? (uint8_t)style->decimal_point : '.';
    number->has_point = take(cursor, point);
    number->fraction = cursor->at;
    number->n_fraction = number->has_point ? skip_digits(cursor) : 0;
    if (number->n_whole + number->n_fraction == 0)
        return false;
    return !number->has_point || number->n_fraction || lenient;
}

static bool scan_exponent(struct cursor *cursor, struct cpl_number *number)
{
    number->exponent = 0;
    number->has_exponent = take(cursor, 'e') || take(cursor, 'E');
    if (!number->has_exponent)
        return true;
    bool negative = take(cursor, '-');
    if (!negative)
        take(cursor, '+');
    const uint8_t *digit = cursor->at;
    if (skip_digits(cursor) == 0)
        return false;
    int64_t exponent = 0;
    for (; digit < cursor->at; digit++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*digit - '0');
    exponent = exponent < EXPONENT_MAX ? exponent : EXPONENT_MAX;
    number->exponent = negative ? -exponent : exponent;
    return true;
}

bool cpl_scan_number(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                     struct cpl_number *number)
{
    struct cursor cursor = {.at = text, .end = text + length};
    bool lenient = cpl_style_is_lenient(style);
    number->negative = take(&cursor, '-');
    if (!number->negative && lenient)
        take(&cursor, '+');
    return scan_whole(&cursor, style, lenient, number) &&
           scan_fraction(&cursor, style, lenient, number) && groups_count(style, number) &&
           scan_exponent(&cursor, number) && cursor.at == cursor.end;
}

/* ---- values ---- */

/* First and last digit that is not zero, as [*from, *to); empty for zero. */
static void significant(const struct cpl_number *number, size_t *from, size_t *to)
{
    size_t n = number->n_whole + number->n_fraction, first = 0;
    while (first < n && cpl_number_digit(number, first) == '0')
        first++;
    while (n > first && cpl_number_digit(number, n - 1) == '0')
        n--;
    *from = first;
    *to = n;
}

struct cpl_digits cpl_number_digits(const struct cpl_number *number)
{
    size_t from, to;
    significant(number, &from, &to);
    struct cpl_digits digits = {.n = to - from};
    if (from == to)
        return digits;
    for (size_t i = from; i < to && i < from + 19; i++)
        digits.value = digits.value * 10 + (uint64_t)(cpl_number_digit(number, i) - '0');
    digits.exponent = number->exponent + (int64_t)number->n_whole - (int64_t)to;
    return digits;
}

enum cpl_scaled cpl_number_scaled(const struct cpl_number *number, int scale, cpl_uint128 *value)
{
    size_t from, to;
    significant(number, &from, &to);
    *value = 0;
    if (from == to)
        return CPL_SCALED_OK;
    int64_t zeros = number->exponent + (int64_t)number->n_whole - (int64_t)to + scale;
    if (zeros < 0)
        return CPL_SCALED_INEXACT;
    if (zeros > 38 || to - from > 38u - (size_t)zeros)
        return CPL_SCALED_TOO_BIG;
    for (size_t i = from; i < to; i++)
        *value = *value * 10u + (cpl_number_digit(number, i) & 15u);
    while (zeros-- > 0)
        *value *= 10;
    return CPL_SCALED_OK;
}

/* The grammar of numbers, shared by the parsers and the inference of this folder; not for others.
 *
 *   number   = [ "-" | "+"* ] ( whole [ point fraction* ] | point* fraction ) [ ( "e" | "E" ) [ "+"
 * | "-" ] digits ] whole    = "0" | digit without 0, digits… | groups of three with the style's
 * separator What is starred (+5, .5, 5.) and leading zeros (007) need style->lenient. The scan only
 * finds the pieces and allocates nothing; a piece points into the text, or into .grouped when
 * separators were taken out. */
#pragma once
#include "format/text.h"

enum {
    CPL_GROUPED_MAX = 400
}; /* digits of a number with separators: beyond 1e308 there is nothing */

struct cpl_number {
    bool negative;
    bool has_point, has_exponent;
    const uint8_t *whole, *fraction; /* digits before and behind the point */
    size_t n_whole, n_fraction;
    int64_t exponent; /* of the text, clamped to ±10^15 */
    uint8_t grouped[CPL_GROUPED_MAX];
};

bool cpl_scan_number(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                     struct cpl_number *number);

enum cpl_scaled { CPL_SCALED_OK, CPL_SCALED_TOO_BIG, CPL_SCALED_INEXACT };
/* |number| · 10^scale as an integer below 10^38. */
enum cpl_scaled cpl_number_scaled(const struct cpl_number *number, int scale, cpl_uint128 *value);

/* The digits of a number without leading and trailing zeros: value = digits · 10^exponent. */
struct cpl_digits {
    uint64_t value;   /* the first 19 of them */
    uint64_t n;       /* how many there are */
    int64_t exponent; /* of the last of them */
};
struct cpl_digits cpl_number_digits(const struct cpl_number *number);
/* The shortest digits that round to a value; finite and above zero. */
struct cpl_digits cpl_shortest_double(double value);
struct cpl_digits cpl_shortest_float(float value);
/* Digit i (0 = the first, leading zeros counted) of whole and fraction taken as one. */
static inline uint8_t cpl_number_digit(const struct cpl_number *number, size_t i)
{
    return i < number->n_whole ? number->whole[i] : number->fraction[i - number->n_whole];
}

static inline bool cpl_is_digit(uint8_t c)
{
    return (uint8_t)(c - '0') < 10;
}
static inline bool cpl_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}
static inline void cpl_trim(const uint8_t **text, size_t *length)
{
    while (*length && cpl_is_blank((*text)[*length - 1]))
        --*length;
    while (*length && cpl_is_blank(**text))
        ++*text, --*length;
}
/* Bytes of the separator that stands there; 0 = another thing does. ' ' and '\'' are each written in several ways. */
static inline size_t cpl_separator_size(const uint8_t *at, const uint8_t *end, char separator)
{
    size_t room = (size_t)(end - at);
    if (room && *at == (uint8_t)separator)
        return 1;
    if (separator == ' ' && room >= 2 && at[0] == 0xC2 && at[1] == 0xA0)
        return 2;
    if (room < 3 || at[0] != 0xE2 || at[1] != 0x80)
        return 0;
    bool same = separator == ' ' ? at[2] == 0xAF : separator == '\'' && at[2] == 0x99;
    return same ? 3 : 0;
}
/* '.' and no separators: what the fast paths take. */
static inline bool cpl_style_is_plain(const struct cpl_text_style *style)
{
    return !style || (!style->thousands && (!style->decimal_point || style->decimal_point == '.'));
}
static inline bool cpl_style_is_lenient(const struct cpl_text_style *style)
{
    return style && style->lenient;
}

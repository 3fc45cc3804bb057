/* Text to the nearest double or float, and the proof that no digit was lost.
 *
 *   text ──scan──▶ w · 10^q (w: the first 19 digits)
 *     w ≤ 2^53 and |q| ≤ 22 ──▶ one multiplication or division of exact doubles (Clinger 1990)
 *     else w × 128-bit power of ten (Eisel–Lemire 2021): nearly always decides the rounding
 *     else strtod on at most 800 digits without a decimal point, so that the locale plays no part
 *   Up to 15 digits (6 for a float) always come back from a normal value. For more, the value is
 *   multiplied out again in 128-bit arithmetic and must lie within half a unit of the last digit.
 */
#include "format/text_fast.h"
#include "format/text_powers.h"
#include "format/text_scan.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_THAT_MATTER = 800 }; /* a double's decimal expansion ends within 767 digits */

struct decimal {
    uint64_t w; /* first 19 significant digits */
    int64_t q;  /* w · 10^q, had the other digits not been cut off */
    bool cut;   /* more digits than w holds */
    bool negative;
};

/* ---- binary formats ---- */

struct binary_format {
    int mantissa_bits, min_exponent, infinite_power;
    int even_min, even_max; /* powers of ten at which a product can be exactly half way */
    int min_power, max_power;
};
static const struct binary_format binary64 = {.mantissa_bits = 52,
                                              .min_exponent = -1023,
                                              .infinite_power = 0x7FF,
                                              .even_min = -4,
                                              .even_max = 23,
                                              .min_power = -342,
                                              .max_power = 308};
static const struct binary_format binary32 = {.mantissa_bits = 23,
                                              .min_exponent = -127,
                                              .infinite_power = 0xFF,
                                              .even_min = -17,
                                              .even_max = 10,
                                              .min_power = -64,
                                              .max_power = 38};

static uint64_t infinity_bits(const struct binary_format *format)
{
    return (uint64_t)format->infinite_power << format->mantissa_bits;
}

/* A mantissa that rounds up to the hidden bit is, bit for bit, the least normal value. */
static uint64_t round_subnormal(uint64_t mantissa, int power2)
{
    if (1 - power2 >= 64)
        return 0;
    mantissa >>= 1 - power2;
    return (mantissa + (mantissa & 1)) >> 1;
}

/* The bits of the format's value nearest to w · 10^q, w ≠ 0; false when 128 bits do not decide. */
static bool eisel_lemire(uint64_t w, int64_t q, const struct binary_format *format, uint64_t *bits)
{
    *bits = q < format->min_power ? 0 : infinity_bits(format);
    if (q < format->min_power || q > format->max_power)
        return true;
    int zeros = __builtin_clzll(w), p = (int)q;
    w <<= zeros;
    struct cpl_power_of_ten power = cpl_power_of_ten(p);
    cpl_uint128 product = (cpl_uint128)w * power.high;
    uint64_t low_bits = UINT64_MAX >> (format->mantissa_bits + 3);
    if (((uint64_t)(product >> 64) & low_bits) == low_bits)
        product += (uint64_t)((cpl_uint128)w * power.low >> 64);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;
    if (low == UINT64_MAX && (p < -27 || p > 55))
        return false;
    int upper = (int)(high >> 63), shift = upper + 64 - format->mantissa_bits - 3;
    uint64_t mantissa = high >> shift;
    int power2 = cpl_power_log2(p) + 63 + upper - zeros - format->min_exponent;
    if (power2 <= 0) {
        *bits = round_subnormal(mantissa, power2);
        return true;
    }
    if (low <= 1 && p >= format->even_min && p <= format->even_max && (mantissa & 3) == 1 &&
        mantissa << shift == high)
        mantissa &= ~(uint64_t)1; /* exactly half way: to even */
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    /* A mantissa of 2^(bits+1) carries into the exponent by itself. */
    uint64_t exponent = (uint64_t)(power2 - 1) << format->mantissa_bits;
    *bits = exponent + mantissa;
    if (*bits > infinity_bits(format))
        *bits = infinity_bits(format);
    return true;
}

/* ---- the undecidable rest ---- */

/* "digitsE±n" of the number; a digit 1 stands for all that was cut off. */
static void write_digits(const struct cpl_number *number, const struct decimal *decimal, char *out,
                         size_t size)
{
    if (!decimal->cut) {
        snprintf(out, size, "%llue%lld", (unsigned long long)decimal->w, (long long)decimal->q);
        return;
    }
    size_t n = number->n_whole + number->n_fraction, i = 0, used = 0;
    while (i < n && cpl_number_digit(number, i) == '0')
        i++;
    for (; i < n && used < DIGITS_THAT_MATTER; i++)
        out[used++] = (char)cpl_number_digit(number, i);
    int64_t exponent = number->exponent + (int64_t)number->n_whole - (int64_t)i;
    if (i < n) {
        out[used++] = '1';
        exponent--;
    }
    snprintf(out + used, size - used, "e%lld", (long long)exponent);
}

static uint64_t by_strtod(const struct cpl_number *number, const struct decimal *decimal,
                          const struct binary_format *format)
{
    char text[DIGITS_THAT_MATTER + 40];
    uint64_t bits = 0;
    write_digits(number, decimal, text, sizeof text);
    if (format == &binary32) {
        float value = strtof(text, NULL);
        memcpy(&bits, &value, sizeof value);
    } else {
        double value = strtod(text, NULL);
        memcpy(&bits, &value, sizeof value);
    }
    return bits;
}

static uint64_t nearest(const struct cpl_number *number, const struct decimal *decimal,
                        const struct binary_format *format)
{
    uint64_t bits, above;
    if (decimal->w == 0)
        return 0;
    if (!eisel_lemire(decimal->w, decimal->q, format, &bits))
        return by_strtod(number, decimal, format);
    if (decimal->cut &&
        (!eisel_lemire(decimal->w + 1, decimal->q, format, &above) || above != bits))
        return by_strtod(number, decimal, format);
    return bits;
}

/* ---- the proof ---- */

/* |value| printed with n digits, against the number's own. */
static bool printed_digits_equal(const struct cpl_number *number, const struct cpl_digits *digits,
                                 double value)
{
    if (digits->n > DIGITS_THAT_MATTER)
        return false;
    char text[DIGITS_THAT_MATTER + 40];
    snprintf(text, sizeof text, "%.*e", (int)digits->n - 1, value);
    size_t first = 0;
    while (cpl_number_digit(number, first) == '0')
        first++;
    const char *printed = text;
    for (uint64_t i = 0; i < digits->n; i++) {
        while (!cpl_is_digit((uint8_t)*printed))
            printed++; /* the decimal point, whatever it is here */
        if ((uint8_t)*printed++ != cpl_number_digit(number, first + i))
            return false;
    }
    return strtoll(printed + 1, NULL, 10) == digits->exponent + (int64_t)digits->n - 1;
}

enum proof { LOST, KEPT, UNDECIDED };

/* Is w · 10^q, w < 10^17, within half a unit of its last digit from the (positive) value? */
static enum proof prove(uint64_t w, int64_t q, double value, const struct binary_format *format)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    int exponent = (int)(bits >> 52) - 1075;
    uint64_t mantissa = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1 << 52;
    if (exponent == -1075 || -q < CPL_POWER_FIRST || -q > CPL_POWER_LAST)
        return UNDECIDED; /* subnormal */
    if (w < mantissa && format == &binary64)
        return KEPT; /* the double's spacing is below a unit of the last digit */
    struct cpl_power_of_ten power = cpl_power_of_ten(-(int)q);
    /* value / 10^q with `point` binary places, at most 3 units off */
    cpl_uint128 back = (cpl_uint128)mantissa * power.high +
                       (uint64_t)((cpl_uint128)mantissa * power.low >> 64);
    int point = -(exponent + cpl_power_log2(-(int)q) - 127 + 64);
    if (point < 8 || point > 68)
        return UNDECIDED;
    cpl_int128 distance = (cpl_int128)(back - ((cpl_uint128)w << point));
    cpl_int128 half = (cpl_int128)1 << (point - 1);
    distance = distance < 0 ? -distance : distance;
    if (distance < half - 4)
        return KEPT;
    return distance > half + 4 ? LOST : UNDECIDED;
}

static struct cpl_digits without_trailing_zeros(const struct decimal *decimal)
{
    struct cpl_digits digits = {.value = decimal->w, .exponent = decimal->q};
    for (; digits.value % 10 == 0; digits.value /= 10)
        digits.exponent++;
    while (digits.n < 20 && cpl_pow10_u64[digits.n] <= digits.value)
        digits.n++;
    return digits;
}

/* At a power of two the shortest digits may not be the nearest of their length; programs print them
 * all the same, and so do we. */
static bool is_shortest(const struct cpl_digits *digits, const struct binary_format *format,
                        double value)
{
    struct cpl_digits shortest = format == &binary32 ? cpl_shortest_float((float)value)
                                                     : cpl_shortest_double(value);
    return shortest.value == digits->value && shortest.exponent == digits->exponent;
}

/* value > 0; the text is scanned again only when 128 bits did not decide. */
static bool digits_come_back(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                             const struct decimal *decimal, const struct binary_format *format,
                             double value)
{
    if (!decimal->cut) {
        struct cpl_digits digits = without_trailing_zeros(decimal);
        enum proof proof = digits.n <= 17 ? prove(digits.value, digits.exponent, value, format)
                                          : UNDECIDED;
        if (proof == KEPT || (digits.n <= 17 && is_shortest(&digits, format, value)))
            return true;
        if (proof == LOST)
            return false;
    }
    struct cpl_number number;
    if (!cpl_scan_number(text, length, style, &number))
        return false;
    struct cpl_digits digits = cpl_number_digits(&number);
    return printed_digits_equal(&number, &digits, value);
}

/* ---- reading ---- */

static size_t run_of_digits(const uint8_t **at, const uint8_t *end, uint64_t *w)
{
    const uint8_t *start = *at, *p = start;
    for (; end - p >= 8; p += 8) {
        uint64_t eight = cpl_text_load64(p) ^ 0x3030303030303030u;
        if (cpl_swar_not_digits(eight))
            break;
        *w = *w * 100000000u + cpl_swar_value(eight);
    }
    for (; p < end && cpl_is_digit(*p); p++)
        *w = *w * 10 + (uint64_t)(*p - '0');
    *at = p;
    return (size_t)(p - start);
}

static bool short_exponent(const uint8_t **at, const uint8_t *end, int64_t *exponent)
{
    const uint8_t *p = *at + 1;
    uint64_t magnitude = 0;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    size_t n = run_of_digits(&p, end, &magnitude);
    *exponent = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    *at = p;
    return n > 0 && n < 5;
}

/* The usual shape, at most 19 digits in all, read in one pass; false: ask cpl_scan_number. */
static bool quick_scan(const uint8_t *text, size_t length, struct decimal *decimal)
{
    const uint8_t *at = text, *end = text + length;
    *decimal = (struct decimal){.negative = length && *text == '-'};
    at += decimal->negative;
    const uint8_t *whole = at;
    if (end - whole > 28)
        return false;
    size_t n = run_of_digits(&at, end, &decimal->w);
    if (n == 0 || (n > 1 && *whole == '0'))
        return false;
    int64_t exponent = 0;
    size_t n_fraction = 0;
    if (at < end && *at == '.') {
        at++;
        n_fraction = run_of_digits(&at, end, &decimal->w);
        if (n_fraction == 0)
            return false;
    }
    if (at < end && (*at | 0x20) == 'e' && !short_exponent(&at, end, &exponent))
        return false;
    decimal->q = exponent - (int64_t)n_fraction;
    return at == end && n + n_fraction <= 19;
}

static struct decimal decimal_of(const struct cpl_number *number)
{
    struct cpl_digits digits = cpl_number_digits(number);
    bool cut = digits.n > 19;
    return (struct decimal){.w = digits.value,
                            .q = digits.exponent + (cut ? (int64_t)digits.n - 19 : 0),
                            .cut = cut,
                            .negative = number->negative};
}

static bool special(const uint8_t *text, size_t length, double *value)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"inf", INFINITY}, {"infinity", INFINITY}, {"nan", NAN}};
    bool negative = length && *text == '-';
    text += negative;
    length -= negative;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i].word), same = 0;
        while (n == length && same < n && (text[same] | 0x20) == words[i].word[same])
            same++;
        if (n == length && same == n && !(negative && isnan(words[i].value))) {
            *value = negative ? -words[i].value : words[i].value;
            return true;
        }
    }
    return false;
}

static const double exact_powers[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* At most 15 digits and a small exponent: both factors are exact, so one operation rounds once. */
static bool clinger(const struct decimal *decimal, double *value)
{
    if (decimal->w >= 1000000000000000u || decimal->q < -22 || decimal->q > 22)
        return false;
    double w = (double)decimal->w;
    w = decimal->q < 0 ? w / exact_powers[-decimal->q] : w * exact_powers[decimal->q];
    *value = decimal->negative ? -w : w;
    return true;
}

/* Digits that always come back, so that no proof is needed. */
static bool few_digits(const struct decimal *decimal, uint64_t limit, double magnitude,
                       double least)
{
    return decimal->w == 0 || (!decimal->cut && decimal->w < limit && magnitude >= least);
}

/* As a double, the nearest value of `format`; `limit` is 10^(digits that always come back). */
static enum cpl_text_result parse(const uint8_t *text, size_t length,
                                  const struct cpl_text_style *style,
                                  const struct binary_format *format, uint64_t limit, double least,
                                  double *value)
{
    struct cpl_number number;
    struct decimal decimal;
    bool quick = cpl_style_is_plain(style) && quick_scan(text, length, &decimal);
    if (quick && format == &binary64 && clinger(&decimal, value))
        return CPL_TEXT_EXACT;
    if (!quick) {
        if (!cpl_scan_number(text, length, style, &number))
            return special(text, length, value) ? CPL_TEXT_EXACT : CPL_TEXT_NO;
        decimal = decimal_of(&number);
    }
    uint64_t bits = nearest(&number, &decimal, format);
    double magnitude;
    if (format == &binary32) {
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        magnitude = narrow;
    } else {
        memcpy(&magnitude, &bits, sizeof magnitude);
    }
    *value = decimal.negative ? -magnitude : magnitude;
    if (few_digits(&decimal, limit, magnitude, least) && !isinf(magnitude))
        return CPL_TEXT_EXACT;
    if (isinf(magnitude) || magnitude == 0)
        return CPL_TEXT_RANGE;
    return digits_come_back(text, length, style, &decimal, format, magnitude) ? CPL_TEXT_EXACT
                                                                              : CPL_TEXT_RANGE;
}

enum cpl_text_result cpl_parse_double(const uint8_t *text, size_t length,
                                      const struct cpl_text_style *style, double *value)
{
    cpl_trim(&text, &length);
    return parse(text, length, style, &binary64, 1000000000000000u, DBL_MIN, value);
}

enum cpl_text_result cpl_parse_float(const uint8_t *text, size_t length,
                                     const struct cpl_text_style *style, float *value)
{
    double wide = 0;
    cpl_trim(&text, &length);
    enum cpl_text_result result = parse(text, length, style, &binary32, 1000000u, FLT_MIN, &wide);
    *value = (float)wide;
    return result;
}

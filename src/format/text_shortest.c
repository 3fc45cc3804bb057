/* Doubles and floats as text: the shortest digits that give the value back, the nearest of those.
 *
 * Giulietti's Schubfach ("The Schubfach way to render doubles", 2020): the interval of reals that
 * round to the value holds one or two candidates at the right power of ten; three products with a
 * 126-bit power of ten, rounded to odd so that comparisons stay right, decide. No loop over digits,
 * no big integers. */
#include "format/text_fast.h"
#include "format/text_powers.h"
#include "format/text_scan.h"

#include <math.h>

/* floor(log10(2^e)) and floor(log10(3/4 · 2^e)) for |e| ≤ 1000. */
static int log10_pow2(int e)
{
    return (e * 1262611) >> 22;
}
static int log10_three_quarters_pow2(int e)
{
    return (e * 1262611 - 524031) >> 22;
}

/* The table cuts off where this algorithm wants the next integer above. */
static cpl_uint128 power_above(int k)
{
    struct cpl_power_of_ten power = cpl_power_of_ten(k);
    return ((cpl_uint128)power.high << 64 | power.low) + (k < -27 || k > 55);
}

/* floor(power · factor / 2^128), its last bit set when anything was cut off. */
static uint64_t round_to_odd(cpl_uint128 power, uint64_t factor)
{
    cpl_uint128 low = (cpl_uint128)(uint64_t)power * factor;
    cpl_uint128 high = (cpl_uint128)(uint64_t)(power >> 64) * factor + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* value = c · 2^q > 0; `narrow_below` at powers of two, where the neighbour below is half as far.
 */
static struct cpl_digits schubfach(uint64_t c, int q, bool narrow_below)
{
    uint64_t odd = c & 1;
    int k = narrow_below ? log10_three_quarters_pow2(q) : log10_pow2(q);
    int shift = q + cpl_power_log2(-k) + 1;
    cpl_uint128 power = power_above(-k);
    uint64_t middle = round_to_odd(power, (4 * c) << shift);
    uint64_t left = round_to_odd(power, (4 * c - 2 + narrow_below) << shift) + odd;
    uint64_t right = round_to_odd(power, (4 * c + 2) << shift) - odd;
    uint64_t s = middle / 4;
    if (s >= 10) { /* one digit fewer? */
        uint64_t below = s / 10 * 10, above = below + 10;
        bool below_in = left <= 4 * below, above_in = 4 * above <= right;
        if (below_in != above_in)
            return (struct cpl_digits){.value = below_in ? below : above, .exponent = k};
    }
    bool s_in = left <= 4 * s, next_in = 4 * (s + 1) <= right;
    if (s_in != next_in)
        return (struct cpl_digits){.value = s_in ? s : s + 1, .exponent = k};
    uint64_t half = 4 * s + 2;
    bool up = middle > half || (middle == half && (s & 1));
    return (struct cpl_digits){.value = s + up, .exponent = k};
}

/* The fields of an IEEE 754 value; q of the least binade is `least` + 1. */
struct binary {
    uint64_t fraction;
    int biased, bits, least, infinite;
    bool negative;
};

static struct binary fields_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (struct binary){.fraction = bits & 0xFFFFFFFFFFFFFu,
                           .biased = (int)(bits >> 52 & 0x7FF),
                           .bits = 52,
                           .least = -1075,
                           .infinite = 0x7FF,
                           .negative = bits >> 63};
}

static struct binary fields_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (struct binary){.fraction = bits & 0x7FFFFFu,
                           .biased = (int)(bits >> 23 & 0xFF),
                           .bits = 23,
                           .least = -150,
                           .infinite = 0xFF,
                           .negative = bits >> 31};
}

static struct cpl_digits shortest(const struct binary *binary)
{
    uint64_t c = binary->fraction | (uint64_t)(binary->biased != 0) << binary->bits;
    int q = (binary->biased ? binary->biased : 1) + binary->least;
    struct cpl_digits digits = schubfach(c, q, binary->fraction == 0 && binary->biased > 1);
    for (; digits.value % 10 == 0; digits.value /= 10)
        digits.exponent++;
    return digits;
}

struct cpl_digits cpl_shortest_double(double value)
{
    struct binary binary = fields_of_double(value);
    return shortest(&binary);
}

struct cpl_digits cpl_shortest_float(float value)
{
    struct binary binary = fields_of_float(value);
    return shortest(&binary);
}

/* ---- layout: like Python's repr ---- */

static size_t put_exponent(int exponent, char *out)
{
    out[0] = 'e';
    return 1 + cpl_print_int(exponent, out + 1);
}

static void move_right(char *text, size_t n, size_t by)
{
    memmove(text + by, text, n);
}

/* digits[0..n) · 10^(point - n): 0.00012, 123.4, 12300.0, 1.5e16 */
static size_t lay_out(char *digits, size_t n, int point)
{
    if (point > -4 && point <= 0) {
        size_t zeros = (size_t)-point;
        move_right(digits, n, 2 + zeros);
        memset(digits, '0', 2 + zeros);
        digits[1] = '.';
        return n + 2 + zeros;
    }
    if (point > 0 && point <= 16) {
        size_t whole = (size_t)point;
        if (whole >= n) {
            memset(digits + n, '0', whole - n + 2);
            digits[whole] = '.';
            return whole + 2;
        }
        move_right(digits + whole, n - whole, 1);
        digits[whole] = '.';
        return n + 1;
    }
    if (n > 1) {
        move_right(digits + 1, n - 1, 1);
        digits[1] = '.';
        n++;
    }
    return n + put_exponent(point - 1, digits + n);
}

static size_t put_word(const char *word, char *out)
{
    size_t n = strlen(word);
    memcpy(out, word, n);
    return n;
}

static size_t put_binary(const struct binary *binary, char *out)
{
    size_t sign = binary->negative;
    *out = '-';
    if (binary->biased == binary->infinite)
        return binary->fraction ? put_word("NaN", out) : sign + put_word("Infinity", out + sign);
    if (binary->biased == 0 && binary->fraction == 0)
        return sign + put_word("0.0", out + sign);
    struct cpl_digits digits = shortest(binary);
    size_t n = cpl_print_uint(digits.value, out + sign);
    return sign + lay_out(out + sign, n, (int)n + (int)digits.exponent);
}

size_t cpl_print_double(double value, char *out)
{
    struct binary binary = fields_of_double(value);
    return put_binary(&binary, out);
}

size_t cpl_print_float(float value, char *out)
{
    struct binary binary = fields_of_float(value);
    return put_binary(&binary, out);
}

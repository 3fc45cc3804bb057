/* One option's value from text: sizes, durations, numbers, characters, words.
 * Nothing here knows of files or places; option.c puts those around. */
#include "base/option_value.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits with at most one point, as mantissa × 10^-decimals; *end stands behind them. */
static bool read_fixed(const char *text, uint64_t *mantissa, int *decimals, const char **end)
{
    const char *at = text;
    int digits = 0;
    bool point = false;
    *mantissa = 0;
    *decimals = 0;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !point); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (++digits > 18 && *mantissa > (UINT64_MAX - 9) / 10)
            return false;
        *mantissa = *mantissa * 10 + (uint64_t)(*at - '0');
        *decimals += point;
    }
    *end = at;
    return digits > 0 && at[-1] != '.';
}

/* mantissa × 10^-decimals × unit, exactly, or false. */
static bool scale_exact(uint64_t mantissa, int decimals, uint64_t unit, uint64_t *value)
{
    __extension__ unsigned __int128 product = (unsigned __int128)mantissa * unit;
    for (; decimals > 0; decimals--) {
        if (product % 10)
            return false;
        product /= 10;
    }
    *value = (uint64_t)product;
    return product <= UINT64_MAX;
}

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"", 1},
    {"b", 1},
    {"k", 1ull << 10},
    {"kb", 1000},
    {"kib", 1ull << 10},
    {"m", 1ull << 20},
    {"mb", 1000000},
    {"mib", 1ull << 20},
    {"g", 1ull << 30},
    {"gb", 1000000000},
    {"gib", 1ull << 30},
    {"t", 1ull << 40},
    {"tb", 1000000000000},
    {"tib", 1ull << 40},
    {NULL, 0},
};

bool cpl_parse_size(const char *text, uint64_t *bytes)
{
    uint64_t mantissa;
    int decimals;
    const char *end;
    if (!read_fixed(text, &mantissa, &decimals, &end))
        return false;
    if (*end == ' ')
        end++;
    for (const struct unit *unit = size_units; unit->name; unit++)
        if (!strcasecmp(end, unit->name))
            return scale_exact(mantissa, decimals, unit->factor, bytes);
    return false;
}

static const struct unit duration_units[] = {
    {"ms", 1},      {"s", 1000},     {"min", 60000},   {"m", 60000},
    {"h", 3600000}, {"d", 86400000}, {"w", 604800000}, {NULL, 0},
};

static const struct unit *duration_unit(const char *text, size_t length)
{
    for (const struct unit *unit = duration_units; unit->name; unit++)
        if (strlen(unit->name) == length && !strncmp(unit->name, text, length))
            return unit;
    return NULL;
}

bool cpl_parse_duration(const char *text, int64_t *milliseconds)
{
    if (!strcmp(text, "0")) {
        *milliseconds = 0;
        return true;
    }
    uint64_t total = 0;
    do {
        uint64_t mantissa, part;
        int decimals;
        const char *end;
        if (!read_fixed(text, &mantissa, &decimals, &end))
            return false;
        size_t length = strspn(end, "abcdefghijklmnopqrstuvwxyz");
        const struct unit *unit = duration_unit(end, length);
        if (!unit || !scale_exact(mantissa, decimals, unit->factor, &part) ||
            part > (uint64_t)INT64_MAX - total)
            return false;
        total += part;
        text = end + length;
    } while (*text);
    *milliseconds = (int64_t)total;
    return true;
}

bool cpl_value_int(const char *text, int64_t *value)
{
    const char *digits = text + (*text == '-' || *text == '+');
    if (!*digits || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0;
}

/* strtod that always takes a point, whatever locale the host program has set. */
static double strtod_c(const char *text, char **end)
{
    static _Atomic(locale_t) c_locale;
    locale_t locale = atomic_load(&c_locale);
    if (!locale) {
        locale_t none = (locale_t)0, made = newlocale(LC_ALL_MASK, "C", none);
        if (made && !atomic_compare_exchange_strong(&c_locale, &none, made))
            freelocale(made);
        locale = atomic_load(&c_locale);
    }
    return locale ? strtod_l(text, end, locale) : strtod(text, end);
}

bool cpl_value_double(const char *text, double *value)
{
    if (!*text || text[strspn(text, "+-.0123456789eE")])
        return false;
    char *end;
    *value = strtod_c(text, &end);
    return !*end && isfinite(*value);
}

bool cpl_value_char(const char *text, char *value)
{
    static const struct {
        const char *name;
        char value;
    } names[] = {
        {"\\t", '\t'},  {"\\n", '\n'},  {"\\r", '\r'},  {"\\0", 0},
        {"\\\\", '\\'}, {"tab", '\t'},  {"comma", ','}, {"semicolon", ';'},
        {"pipe", '|'},  {"space", ' '}, {"none", 0},    {"", 0},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(text, names[i].name)) {
            *value = names[i].value;
            return true;
        }
    *value = *text;
    return !text[1] && (unsigned char)*text < 0x80;
}

static bool find_word(const char *values, const char *text, int *index)
{
    size_t length = strlen(text);
    *index = 0;
    for (const char *word = values;; (*index)++) {
        size_t n = strcspn(word, "|");
        if (n == length && !memcmp(word, text, n))
            return true;
        if (!word[n])
            return false;
        word += n + 1;
    }
}

bool cpl_value_bool(const char *text, bool *value)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcasecmp(text, words[i])) {
            *value = i % 2;
            return true;
        }
    return false;
}

bool cpl_value_enum(const char *values, const char *text, int *index)
{
    if (find_word(values, text, index))
        return true;
    bool yes;
    return cpl_value_bool(text, &yes) && find_word(values, yes ? "yes" : "no", index);
}

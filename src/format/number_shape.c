/* How a number is written, read without knowing the style: what its separators are, and what that proves.
 *
 * "1,234" is one thousand and something, or one and a quarter: it proves nothing. "1,5", "0,125" and "1.234,567" can only
 * have a decimal comma, "1,234,567" can only have commas between thousands. */
#include "format/text_scan.h"

#include <string.h>

struct run {
    const uint8_t *at, *end;
    size_t first, last; /* lengths of the first and last run of digits */
    size_t n;           /* separators seen */
    char inner, final;  /* what stands between groups; what stands last */
    bool groups;        /* all runs behind a separator but the last have three digits */
};

static size_t digits(struct run *run)
{
    const uint8_t *start = run->at;
    while (run->at < run->end && cpl_is_digit(*run->at))
        run->at++;
    return (size_t)(run->at - start);
}

static char take_separator(struct run *run)
{
    static const char separators[] = {'.', ',', ' ', '\''};
    for (size_t i = 0; i < sizeof separators; i++) {
        size_t size = cpl_separator_size(run->at, run->end, separators[i]);
        run->at += size;
        if (size)
            return separators[i];
    }
    return 0;
}

/* All runs of digits; false when the separators are not those of one number. */
static bool take_runs(struct run *run)
{
    char separator;
    run->groups = true;
    run->first = run->last = digits(run);
    while (run->last && (separator = take_separator(run)) != 0) {
        if (run->n > 0) {
            if (run->n > 1 && run->final != run->inner)
                return false; /* something stands behind the decimal point */
            run->groups &= run->last == 3;
            run->inner = run->final;
        }
        run->final = separator;
        run->n++;
        run->last = digits(run);
    }
    return run->last > 0;
}

static bool skip_exponent(struct run *run)
{
    const uint8_t *start = run->at;
    if (run->at == run->end || (*run->at | 0x20) != 'e')
        return false;
    run->at++;
    run->at += run->at < run->end && (*run->at == '-' || *run->at == '+');
    if (digits(run))
        return true;
    run->at = start;
    return false;
}

static bool is_point(char separator)
{
    return separator == '.' || separator == ',';
}

struct cpl_number_shape cpl_number_shape(const uint8_t *text, size_t length)
{
    const struct cpl_number_shape none = {0};
    cpl_trim(&text, &length);
    struct run run = {.at = text, .end = text + length};
    run.at += length && *text == '-';
    bool zero = run.at < run.end && *run.at == '0';
    if (!take_runs(&run))
        return none;
    bool exponent = skip_exponent(&run);
    if (run.at != run.end || (zero && run.first > 1))
        return none;
    struct cpl_number_shape shape = {.number = true, .short_lead = run.first < 3};
    if (!run.n)
        return shape;
    bool grouped = run.groups && run.first <= 3 && !zero; /* but for the last run */
    bool all = grouped && run.last == 3 && !exponent && (run.n == 1 || run.inner == run.final);
    if (all && (run.n > 1 || !is_point(run.final))) {
        shape.groups = run.final;
        return shape;
    }
    if (!is_point(run.final) || (run.n > 1 && (!grouped || run.inner == run.final)))
        return none;
    shape.decimal = run.final;
    shape.proven = !all;
    shape.groups = run.n > 1 ? run.inner : 0;
    return shape;
}

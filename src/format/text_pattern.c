/* Dates and times in a notation of the user's own: strptime's directives, English names, no locale.
 *
 * The pattern is walked beside the text, fields are collected, and at the end checked as a whole:
 * 30 February, hour 24 and second 60 are no matches, and neither are two fields that contradict
 * each other. */
#include "format/text_date.h"
#include "format/text_fast.h"
#include "format/text_scan.h"

enum field { YEAR, MONTH, DAY, YEAR_DAY, HOUR, HOUR12, MINUTE, SECOND, HALF, FIELD_COUNT };

struct match {
    const uint8_t *at, *end;
    struct cpl_moment *moment;
    unsigned value[FIELD_COUNT];
    bool has[FIELD_COUNT];
};

static const char *const months[12] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};

static bool put(struct match *match, enum field field, unsigned value)
{
    bool same = !match->has[field] || match->value[field] == value;
    match->has[field] = true;
    match->value[field] = value;
    return same;
}

/* Between `least` and `most` digits. */
static bool number(struct match *match, unsigned least, unsigned most, unsigned *value)
{
    unsigned n = 0;
    *value = 0;
    while (n < most && match->at < match->end && cpl_is_digit(*match->at)) {
        *value = *value * 10 + (unsigned)(*match->at++ - '0');
        n++;
    }
    return n >= least;
}

static bool number_field(struct match *match, enum field field, unsigned least, unsigned most)
{
    unsigned value;
    return number(match, least, most, &value) && put(match, field, value);
}

/* Two digits of a year: 69–99 are 19xx, 00–68 are 20xx, as POSIX says. */
static bool short_year(struct match *match)
{
    unsigned value;
    return number(match, 2, 2, &value) && put(match, YEAR, value + (value < 69 ? 2000 : 1900));
}

/* How many letters of `word` (lower case) stand at the cursor, in any case. */
static size_t common_letters(const struct match *match, const char *word)
{
    size_t n = 0;
    while (word[n] && match->at + n < match->end && (match->at[n] | 0x20) == (uint8_t)word[n])
        n++;
    return n;
}

/* A month's full name, or its first three letters. */
static bool month_name(struct match *match)
{
    for (unsigned month = 0; month < 12; month++) {
        size_t n = common_letters(match, months[month]);
        if (n < 3)
            continue;
        match->at += months[month][n] ? 3 : n;
        return put(match, MONTH, month + 1);
    }
    return false;
}

static bool half_of_day(struct match *match)
{
    bool pm = common_letters(match, "pm") == 2;
    if (!pm && common_letters(match, "am") != 2)
        return false;
    match->at += 2;
    return put(match, HALF, pm);
}

static bool fraction(struct match *match)
{
    const uint8_t *start = match->at;
    unsigned value;
    if (!number(match, 1, 9, &value) || match->moment->fraction_digits)
        return false;
    size_t n = (size_t)(match->at - start);
    match->moment->nanoseconds = (uint32_t)(value * cpl_pow10_u64[9 - n]);
    match->moment->fraction_digits = (uint8_t)n;
    return true;
}

static bool zone(struct match *match)
{
    return !match->moment->has_zone && match->at < match->end &&
           cpl_scan_zone(&match->at, match->end, match->moment);
}

static bool walk(struct match *match, const char *pattern);

static bool directive(struct match *match, char letter)
{
    switch (letter) {
    case 'Y':
        return number_field(match, YEAR, 4, 4);
    case 'y':
        return short_year(match);
    case 'm':
        return number_field(match, MONTH, 1, 2);
    case 'd':
        return number_field(match, DAY, 1, 2);
    case 'j':
        return number_field(match, YEAR_DAY, 1, 3);
    case 'H':
        return number_field(match, HOUR, 1, 2);
    case 'I':
        return number_field(match, HOUR12, 1, 2);
    case 'M':
        return number_field(match, MINUTE, 1, 2);
    case 'S':
        return number_field(match, SECOND, 1, 2);
    case 'b':
    case 'B':
        return month_name(match);
    case 'p':
        return half_of_day(match);
    case 'f':
        return fraction(match);
    case 'z':
        return zone(match);
    case 'T':
        return walk(match, "%H:%M:%S");
    case 'D':
        return walk(match, "%m/%d/%y");
    case 'F':
        return walk(match, "%Y-%m-%d");
    default:
        return false;
    }
}

static bool literal(struct match *match, char c)
{
    if (match->at >= match->end || *match->at != (uint8_t)c)
        return false;
    match->at++;
    return true;
}

/* A blank in the pattern stands for one or more in the text. */
static bool blanks(struct match *match)
{
    const uint8_t *start = match->at;
    while (match->at < match->end && cpl_is_blank(*match->at))
        match->at++;
    return match->at > start;
}

static bool walk(struct match *match, const char *pattern)
{
    for (; *pattern; pattern++) {
        bool ok;
        if (*pattern == '%' && pattern[1] && *++pattern != '%')
            ok = directive(match, *pattern);
        else
            ok = *pattern == ' ' ? blanks(match) : literal(match, *pattern);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- the fields as a whole ---- */

static bool check_date(struct match *match)
{
    const unsigned *v = match->value;
    bool by_month = match->has[MONTH] && match->has[DAY];
    if (!match->has[YEAR] && !match->has[MONTH] && !match->has[DAY] && !match->has[YEAR_DAY])
        return true; /* a time alone */
    if (!match->has[YEAR] || v[YEAR] == 0 || match->has[MONTH] != match->has[DAY] ||
        (!by_month && !match->has[YEAR_DAY]))
        return false;
    if (by_month && (v[MONTH] - 1 > 11 || v[DAY] - 1 >= cpl_month_days(v[YEAR], v[MONTH])))
        return false;
    int32_t new_year = cpl_fast_days(v[YEAR], 1, 1);
    int32_t by_year_day = new_year + (int32_t)v[YEAR_DAY] - 1;
    if (match->has[YEAR_DAY] && v[YEAR_DAY] - 1 > 364u + cpl_is_leap_year(v[YEAR]))
        return false;
    match->moment->days = by_month ? cpl_fast_days(v[YEAR], v[MONTH], v[DAY]) : by_year_day;
    match->moment->has_date = true;
    return !match->has[YEAR_DAY] || match->moment->days == by_year_day;
}

/* %I needs %p; %p with %H must agree with it. */
static bool resolve_hour(struct match *match)
{
    const unsigned *v = match->value;
    if (match->has[HOUR12]) {
        if (!match->has[HALF] || v[HOUR12] - 1 > 11)
            return false;
        return put(match, HOUR, v[HOUR12] % 12 + 12 * v[HALF]);
    }
    return !match->has[HALF] || (match->has[HOUR] && v[HOUR] / 12 == v[HALF]);
}

static bool check_time(struct match *match)
{
    const unsigned *v = match->value;
    if (!resolve_hour(match) || v[HOUR] > 23 || v[MINUTE] > 59 || v[SECOND] > 59)
        return false;
    match->moment->seconds = v[HOUR] * 3600 + v[MINUTE] * 60 + v[SECOND];
    match->moment->has_time = match->has[HOUR];
    bool finer = match->has[MINUTE] || match->has[SECOND] || match->moment->fraction_digits;
    return match->has[HOUR] || !finer;
}

bool cpl_match_pattern(const uint8_t *text, size_t length, const char *pattern,
                       struct cpl_moment *moment)
{
    *moment = (struct cpl_moment){0};
    struct match match = {.at = text, .end = text + length, .moment = moment};
    return walk(&match, pattern) && match.at == match.end && check_date(&match) &&
           check_time(&match);
}

/* ---- is the pattern one? ---- */

struct promised {
    bool year, month, day, year_day, hour, hour12, half, zone;
};

static bool promise(struct promised *fields, char letter)
{
    switch (letter) {
    case 'T':
        fields->hour = true;
        return true;
    case 'D':
    case 'F':
        fields->year = fields->month = fields->day = true;
        return true;
    case 'Y':
    case 'y':
        return fields->year = true;
    case 'm':
    case 'b':
    case 'B':
        return fields->month = true;
    case 'd':
        return fields->day = true;
    case 'j':
        return fields->year_day = true;
    case 'H':
        return fields->hour = true;
    case 'I':
        return fields->hour12 = true;
    case 'p':
        return fields->half = true;
    case 'z':
        return fields->zone = true;
    default:
        return letter && strchr("MSf%", letter);
    }
}

static const char *missing(const struct promised *fields, enum cpl_text_format what)
{
    bool date = fields->year && (fields->year_day || (fields->month && fields->day));
    bool any_date = fields->year || fields->month || fields->day || fields->year_day;
    bool hour = fields->hour || (fields->hour12 && fields->half);
    if (what != CPL_FORMAT_TIME && !date)
        return "a year with month and day (%Y %m %d, %F) or day of the year (%j) is needed";
    if (what == CPL_FORMAT_TIME && (any_date || fields->zone))
        return "a time has no date and no zone";
    if (what == CPL_FORMAT_TIME && !hour)
        return "an hour (%H, %T, or %I with %p) is needed";
    if (what == CPL_FORMAT_DATE && fields->zone)
        return "a date has no zone";
    return fields->hour12 && !fields->half ? "%I needs %p" : NULL;
}

bool cpl_text_format_check(const char *format, enum cpl_text_format what, struct cpl_error *err)
{
    struct promised fields = {0};
    for (const char *at = format; *at; at++)
        if (*at == '%' && !promise(&fields, *++at))
            return cpl_fail(
                err, CPL_E_CONFIG,
                "\"%s\": %%%.1s at character %d is no directive; known are %%Y %%y %%m %%d %%j "
                "%%b %%B %%H %%I %%p %%M %%S %%f %%z %%T %%D %%F %%%%",
                format, at, (int)(at - format));
    const char *problem = missing(&fields, what);
    return !problem || cpl_fail(err, CPL_E_CONFIG, "\"%s\": %s", format, problem);
}

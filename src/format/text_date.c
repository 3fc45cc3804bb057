/* Calendar, dates, times and timestamps in ISO 8601 / RFC 3339 notation. Formats of the user's own
 * are matched by text_pattern.c; both end in the same checked fields. */
#include "format/text_date.h"
#include "format/text_fast.h"
#include "format/text_scan.h"

/* ---- calendar ---- */

/* 400 years are 146097 days; a year begins in March so that the leap day ends it. */
int32_t cpl_days_from_civil(int year, unsigned month, unsigned day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * 146097 + day_of_era - 719468);
}

void cpl_civil_from_days(int32_t days, int *year, unsigned *month, unsigned *day)
{
    int64_t z = (int64_t)days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    *day = (unsigned)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (unsigned)(m < 10 ? m + 3 : m - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* ---- ISO ---- */

/* ".5" … ".123456789" → nanoseconds; nothing there is fine. */
static bool scan_fraction(const uint8_t **at, const uint8_t *end, struct cpl_moment *moment)
{
    if (*at >= end || **at != '.')
        return true;
    const uint8_t *digit = *at + 1;
    uint64_t strange = cpl_swar_not_digits(cpl_text_load64(digit) ^ 0x3030303030303030u);
    size_t n = strange ? (size_t)__builtin_ctzll(strange) / 8 : 8u + cpl_is_digit(digit[8]);
    size_t room = (size_t)(end - digit);
    uint64_t value;
    n = n < room ? n : room;
    *at = digit + n;
    if (n == 0 || !cpl_fast_digits(digit, n, &value))
        return false;
    moment->nanoseconds = (uint32_t)(value * cpl_pow10_u64[9 - n]);
    moment->fraction_digits = (uint8_t)n;
    return true;
}

static bool two_digits(const uint8_t *at, unsigned *value)
{
    *value = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    return cpl_is_digit(at[0]) && cpl_is_digit(at[1]);
}

/* hh:mm or hh:mm:ss[.fraction] */
static bool scan_time(const uint8_t **at, const uint8_t *end, struct cpl_moment *moment)
{
    unsigned hour, minute;
    if (end - *at >= 8 && cpl_fast_time_of_day(*at, &moment->seconds)) {
        *at += 8;
        return scan_fraction(at, end, moment);
    }
    if (end - *at < 5 || !two_digits(*at, &hour) || (*at)[2] != ':' ||
        !two_digits(*at + 3, &minute) || hour > 23 || minute > 59)
        return false;
    moment->seconds = hour * 3600 + minute * 60;
    *at += 5;
    return true;
}

bool cpl_scan_zone(const uint8_t **at, const uint8_t *end, struct cpl_moment *moment)
{
    if (*at >= end)
        return true;
    moment->has_zone = true;
    if (**at == 'Z' || **at == 'z') {
        ++*at;
        return true;
    }
    unsigned hour, minute = 0;
    int sign = **at == '-' ? -1 : 1;
    if ((**at != '+' && **at != '-') || end - ++*at < 2 || !two_digits(*at, &hour))
        return false;
    *at += 2;
    if (*at < end && (**at == ':' || cpl_is_digit(**at))) {
        *at += **at == ':';
        if (end - *at < 2 || !two_digits(*at, &minute))
            return false;
        *at += 2;
    }
    moment->zone_minutes = sign * (int)(hour * 60 + minute);
    return minute < 60 && hour * 60 + minute <= 14 * 60;
}

static bool scan_iso_timestamp(const uint8_t *text, size_t length, struct cpl_moment *moment)
{
    unsigned year, month, day;
    *moment = (struct cpl_moment){0};
    if (length < 16 || (text[10] != 'T' && text[10] != ' ' && text[10] != 't') ||
        !cpl_fast_date_fields(text, &year, &month, &day))
        return false;
    moment->days = cpl_fast_days(year, month, day);
    const uint8_t *at = text + 11, *end = text + length;
    return scan_time(&at, end, moment) && cpl_scan_zone(&at, end, moment) && at == end;
}

static bool scan_iso_time(const uint8_t *text, size_t length, struct cpl_moment *moment)
{
    const uint8_t *at = text, *end = text + length;
    *moment = (struct cpl_moment){0};
    return scan_time(&at, end, moment) && at == end;
}

/* ---- fields to values ---- */

/* Nanoseconds in units; false when the unit is too coarse. */
static bool fraction_in_unit(const struct cpl_moment *moment, enum cpl_unit unit, int64_t *value)
{
    uint32_t nanos_per_unit = (uint32_t)(1000000000 / cpl_units_per_second(unit));
    *value = moment->nanoseconds / nanos_per_unit;
    return moment->nanoseconds % nanos_per_unit == 0;
}

enum cpl_text_result cpl_moment_timestamp(const struct cpl_moment *moment, enum cpl_unit unit,
                                          bool utc, int64_t *value)
{
    int64_t fraction;
    if (moment->has_zone != utc)
        return CPL_TEXT_NO;
    if (!fraction_in_unit(moment, unit, &fraction))
        return CPL_TEXT_RANGE;
    int64_t seconds = (int64_t)moment->days * 86400 + moment->seconds - moment->zone_minutes * 60;
    if (seconds < 0 &&
        fraction) { /* so that the product cannot leave 64 bits before the sum is back */
        seconds++;
        fraction -= cpl_units_per_second(unit);
    }
    if (__builtin_mul_overflow(seconds, cpl_units_per_second(unit), value) ||
        __builtin_add_overflow(*value, fraction, value))
        return CPL_TEXT_RANGE;
    return CPL_TEXT_EXACT;
}

/* ---- the parsers ---- */

enum cpl_text_result cpl_parse_date(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, int32_t *days)
{
    struct cpl_moment moment;
    bool pattern = style && style->date_format;
    if (!pattern && cpl_fast_date(text, length, days))
        return CPL_TEXT_EXACT;
    cpl_trim(&text, &length);
    if (!pattern)
        return cpl_fast_date(text, length, days) ? CPL_TEXT_EXACT : CPL_TEXT_NO;
    if (!cpl_match_pattern(text, length, style->date_format, &moment) || !moment.has_date)
        return CPL_TEXT_NO;
    if (moment.seconds || moment.nanoseconds || moment.has_zone)
        return CPL_TEXT_NO; /* a date would lose them */
    *days = moment.days;
    return CPL_TEXT_EXACT;
}

bool cpl_scan_time_of_day(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                          struct cpl_moment *moment)
{
    if (style && style->time_format)
        return cpl_match_pattern(text, length, style->time_format, moment) && moment->has_time &&
               !moment->has_date && !moment->has_zone;
    return scan_iso_time(text, length, moment);
}

enum cpl_text_result cpl_parse_time(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, enum cpl_unit unit,
                                    int64_t *value)
{
    struct cpl_moment moment;
    int64_t fraction;
    cpl_trim(&text, &length);
    if (!cpl_scan_time_of_day(text, length, style, &moment))
        return CPL_TEXT_NO;
    if (!fraction_in_unit(&moment, unit, &fraction))
        return CPL_TEXT_RANGE;
    *value = (int64_t)moment.seconds * cpl_units_per_second(unit) + fraction;
    return CPL_TEXT_EXACT;
}

bool cpl_scan_timestamp(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                        struct cpl_moment *moment)
{
    if (style && style->timestamp_format)
        return cpl_match_pattern(text, length, style->timestamp_format, moment) && moment->has_date;
    return scan_iso_timestamp(text, length, moment);
}

enum cpl_text_result cpl_parse_timestamp(const uint8_t *text, size_t length,
                                         const struct cpl_text_style *style, enum cpl_unit unit,
                                         bool utc, int64_t *value)
{
    struct cpl_moment moment;
    cpl_trim(&text, &length);
    if (!(style && style->timestamp_format) && cpl_fast_timestamp(text, length, unit, utc, value))
        return CPL_TEXT_EXACT;
    if (cpl_scan_timestamp(text, length, style, &moment))
        return cpl_moment_timestamp(&moment, unit, utc, value);
    if (utc || !cpl_style_is_lenient(style) || style->timestamp_format)
        return CPL_TEXT_NO;
    moment = (struct cpl_moment){0};
    enum cpl_text_result date = cpl_parse_date(text, length, style, &moment.days);
    return date == CPL_TEXT_EXACT ? cpl_moment_timestamp(&moment, unit, utc, value) : date;
}

bool cpl_text_finer_unit(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                         const struct cpl_type *type, enum cpl_unit *unit)
{
    for (unsigned finer = type->unit + 1u; finer <= CPL_NANO; finer++) {
        int64_t value;
        *unit = (enum cpl_unit)finer;
        enum cpl_text_result result = type->kind == CPL_TIMESTAMP
                                          ? cpl_parse_timestamp(text, length, style, *unit,
                                                                type->utc, &value)
                                      : type->kind == CPL_TIME
                                          ? cpl_parse_time(text, length, style, *unit, &value)
                                          : CPL_TEXT_NO;
        if (result == CPL_TEXT_EXACT)
            return true;
    }
    return false;
}

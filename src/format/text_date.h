/* A date, time or timestamp taken from text, before it becomes a number; shared by this folder's
 * files. */
#pragma once
#include "format/text.h"

struct cpl_moment {
    int32_t days;     /* since 1970-01-01 */
    uint32_t seconds; /* since midnight */
    uint32_t nanoseconds;
    int zone_minutes; /* east of UTC */
    uint8_t fraction_digits;
    bool has_date, has_time, has_zone; /* has_date and has_time are set by patterns only */
};

static inline int64_t cpl_units_per_second(enum cpl_unit unit)
{
    static const int64_t units[4] = {1, 1000, 1000000, 1000000000};
    return units[unit];
}

/* Split by the style's format, or ISO; true when the text is a valid moment. No blanks around it.
 */
bool cpl_scan_timestamp(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                        struct cpl_moment *moment);
bool cpl_scan_time_of_day(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                          struct cpl_moment *moment);
/* Z, ±hh, ±hhmm or ±hh:mm up to 14 hours; nothing there leaves has_zone false. */
bool cpl_scan_zone(const uint8_t **at, const uint8_t *end, struct cpl_moment *moment);
/* The whole text against a strptime-like pattern (text.h lists the directives). */
bool cpl_match_pattern(const uint8_t *text, size_t length, const char *pattern,
                       struct cpl_moment *moment);
enum cpl_text_result cpl_moment_timestamp(const struct cpl_moment *moment, enum cpl_unit unit,
                                          bool utc, int64_t *value);

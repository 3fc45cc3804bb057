/* Scalars as text: parse and print every simple type without losing anything.
 *
 * A parser takes exactly the bytes [text, text+length) and says how the value fared:
 *   CPL_TEXT_EXACT    the value gives the text's meaning back
 *   CPL_TEXT_NO       the text is not of this type at all
 *   CPL_TEXT_RANGE    of this type, but outside its range, precision, scale or unit; or a double
 *                     that would not give the digits back
 * Nothing is ever rounded: "1.005" is RANGE for decimal(10,2), 2^63 is RANGE for int64, "30 February" is NO.
 * Surrounding blanks (space, tab) are accepted by all but string types. Locale is never consulted.
 * No parser or printer allocates on its own account; all are thread-safe. 32 bytes behind text+length may be read by vector code:
 * callers guarantee that they are mapped. */
#pragma once
#include "batch/schema.h"

enum cpl_text_result { CPL_TEXT_EXACT, CPL_TEXT_NO, CPL_TEXT_RANGE };

/* How numbers and dates are written in one input. Zero is the default: '.' and ISO 8601 / RFC 3339. */
struct cpl_text_style {
    char decimal_point; /* 0 = '.' */
    char
        thousands; /* 0 = none; when set, groups of three are required. ' ' is the space, the no-break
                           space (U+00A0) and the narrow one (U+202F); '\'' also U+2019 */
    bool
        groups_with_point; /* thousands are only read in numbers that have a decimal separator, too: 1.234,50 but not 1.234 */
    const char *
        date_format; /* NULL = ISO; strptime-like: %Y %y %m %d %H %I %M %S %f(fraction) %p %b %B %z %j %T %D %F, literal text */
    const char *time_format;
    const char *timestamp_format;
    const char *const *true_words,
        *const *false_words; /* NULL = true/false, case-insensitive; NULL-terminated lists */
    bool
        lenient; /* declared types: also accept +5, 007, 1e3 for integers, .5, 5., and a date for a timestamp */
};

/* Is this a date, time or timestamp format that the parsers know, with all the fields that such a value needs (a year,
 * month and day or day of the year; an hour; both)? Ask before a run: a wrong format fits no value at all. */
enum cpl_text_format { CPL_FORMAT_DATE, CPL_FORMAT_TIME, CPL_FORMAT_TIMESTAMP };
bool cpl_text_format_check(const char *format, enum cpl_text_format what,
                           struct cpl_error *err) CPL_CHECKED;

enum cpl_text_result cpl_parse_bool(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, bool *value);
/* [-]digits without leading zeros ("0", "-5"); not "-0", "+5", "007" unless style->lenient. Fits if min ≤ v ≤ max. */
enum cpl_text_result cpl_parse_int(const uint8_t *text, size_t length,
                                   const struct cpl_text_style *style, int64_t min, int64_t max,
                                   int64_t *value);
enum cpl_text_result cpl_parse_uint(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, uint64_t max,
                                    uint64_t *value);
/* Fixed notation (and exponents when exact). Fewer fraction digits than `scale` are fine ("1.5" = 1.50), trailing zeros beyond it too. */
enum cpl_text_result cpl_parse_decimal64(const uint8_t *text, size_t length,
                                         const struct cpl_text_style *style, int precision,
                                         int scale, int64_t *value);
enum cpl_text_result cpl_parse_decimal128(const uint8_t *text, size_t length,
                                          const struct cpl_text_style *style, int precision,
                                          int scale, cpl_int128 *value);
/* The nearest double; RANGE when the significant digits (trailing zeros aside) would not come back by printing
 * the double with as many digits (≤ 15 digits always do), or when it overflows. "inf", "nan", "Infinity", "NaN", "-inf" are accepted. */
enum cpl_text_result cpl_parse_double(const uint8_t *text, size_t length,
                                      const struct cpl_text_style *style, double *value);
enum cpl_text_result cpl_parse_float(const uint8_t *text, size_t length,
                                     const struct cpl_text_style *style, float *value);
enum cpl_text_result cpl_parse_date(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, int32_t *days);
enum cpl_text_result cpl_parse_time(const uint8_t *text, size_t length,
                                    const struct cpl_text_style *style, enum cpl_unit unit,
                                    int64_t *value);
/* utc: the text must carry a zone (Z, ±hh, ±hhmm, ±hh:mm) and is brought to UTC; else it must carry none. 'T' or ' '.
 * RANGE when the fraction is finer than unit, or the value leaves 64 bits. A leap second (:60) is NO. With style->lenient, and
 * without utc and timestamp_format, a date is its midnight. */
enum cpl_text_result cpl_parse_timestamp(const uint8_t *text, size_t length,
                                         const struct cpl_text_style *style, enum cpl_unit unit,
                                         bool utc, int64_t *value);
/* For people: the unit in which a time or timestamp would take the text that is too fine for `type`. */
bool cpl_text_finer_unit(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                         const struct cpl_type *type, enum cpl_unit *unit);
/* 8-4-4-4-12 hex digits, lower case (upper case is value-exact, not text-exact: `lower_only` decides). */
enum cpl_text_result cpl_parse_uuid(const uint8_t *text, size_t length, bool lower_only,
                                    uint8_t value[16]);

/* What a piece of text could be, for inference: facts about one value, joined over a column by text_join. */
enum cpl_text_class {
    CPL_CLASS_NULL,
    CPL_CLASS_BOOL,
    CPL_CLASS_INT,
    CPL_CLASS_DECIMAL,
    CPL_CLASS_DOUBLE,
    CPL_CLASS_DATE,
    CPL_CLASS_TIME,
    CPL_CLASS_TIMESTAMP,
    CPL_CLASS_TIMESTAMP_UTC,
    CPL_CLASS_UUID,
    CPL_CLASS_STRING
};
struct cpl_text_facts {
    enum cpl_text_class class;
    uint8_t int_digits; /* INT, DECIMAL: significant digits before the point */
    uint8_t scale;      /* DECIMAL: digits behind it */
    bool negative;
    uint8_t fraction; /* TIME, TIMESTAMP*: digits of fraction, 0..9 */
    bool not_double;  /* INT, DECIMAL: some value has digits that no double gives back */
    bool
        not_nano; /* TIMESTAMP*: some value lies outside 1677..2262, the years of 64-bit nanoseconds */
};
/* Classify one value (an empty or blank text is STRING: the caller has taken nulls out). Integers beyond int64, up to 38
 * digits, are DECIMAL with scale 0. Beyond 38 digits: DOUBLE when one gives them back, else STRING. Never lenient: "007", "+5", "-0",
 * "1.", ".5", "NaN" and "inf" are STRING; "-0.0" and "1e5" are DOUBLE; blanks around a value are not part of it. */
struct cpl_text_facts cpl_text_classify(const uint8_t *text, size_t length,
                                        const struct cpl_text_style *style);
/* The least class that both fit without loss; commutative and associative, NULL is neutral.
 * INT+DECIMAL → DECIMAL (max int_digits, max scale); over 38 digits → DOUBLE or STRING; number+DOUBLE → DOUBLE unless not_double, else
 * STRING; anything else unequal → STRING. */
struct cpl_text_facts cpl_text_join(struct cpl_text_facts a, struct cpl_text_facts b);
/* The column type for joined facts: every value that was joined is exact in it. INT → int64; DECIMAL → decimal(18,s) if it fits, else
 * decimal(38,s). A DECIMAL with a scale over 9 (a float was printed), or any with a fraction when decimals=false, is DOUBLE unless not_double.
 * TIMESTAMP* unit by fraction (≤3 ms, ≤6 us, else ns), NULL → STRING. */
struct cpl_type cpl_text_type(struct cpl_text_facts facts, bool decimals);

/* How a text is written if it is a number, whatever the style: the separators in it, and what they prove. */
struct cpl_number_shape {
    bool number;     /* [-]digits, with separators or without, with an exponent or without */
    char decimal;    /* what could be its decimal separator, '.' or ','; 0 = none */
    bool proven;     /* it can be nothing else: 1,5 and 0,125 and 1.234,567, but not 1,234 */
    char groups;     /* what can only stand between its thousands: . , ' or space; 0 = none */
    bool short_lead; /* fewer than three digits in front: not a code in groups of three */
};
struct cpl_number_shape cpl_number_shape(const uint8_t *text, size_t length);

/* For people: the options under which texts that do not fit a type would fit it, as "date_format: %d.%m.%Y": the type's own
 * parser has taken them so. False when no usual
 * way of writing dates, timestamps or numbers fits all of them. `out` of the size given is always ended. */
struct cpl_slice;
enum { CPL_TEXT_HINT_MAX = 128 };
bool cpl_text_hint(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                   const struct cpl_text_style *style, char out[CPL_TEXT_HINT_MAX]);

/* Printers: write at most `CPL_TEXT_MAX` bytes to out, return the count; what a parser of the same type takes back exactly.
 * Doubles: shortest digits that round-trip; "NaN", "Infinity", "-Infinity". */
enum { CPL_TEXT_MAX = 64 };
size_t cpl_print_int(int64_t value, char *out);
size_t cpl_print_uint(uint64_t value, char *out);
size_t cpl_print_decimal64(int64_t value, int scale, char *out);
size_t cpl_print_decimal128(cpl_int128 value, int scale, char *out);
size_t cpl_print_double(double value, char *out);
size_t cpl_print_float(float value, char *out);
size_t cpl_print_date(int32_t days, char *out);
size_t cpl_print_time(int64_t value, enum cpl_unit unit, char *out);
size_t cpl_print_timestamp(int64_t value, enum cpl_unit unit, bool utc,
                           char *out); /* 2026-11-01T00:00:00.331Z */
size_t cpl_print_uuid(const uint8_t value[16], char *out);
/* Any simple value of a batch column (strings excluded); 0 for null. */
struct cpl_column;
size_t cpl_print_value(const struct cpl_column *column, uint32_t row, char *out);

/* Calendar: proleptic Gregorian, years 0001..9999 in text. */
int32_t cpl_days_from_civil(int year, unsigned month, unsigned day);
void cpl_civil_from_days(int32_t days, int *year, unsigned *month, unsigned *day);

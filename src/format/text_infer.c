/* What a text could be, the join of such facts over a column, and the column's type.
 *
 * The join must not depend on the order or grouping of values (splits are joined as they come), so
 * every fact is a maximum or an "or", and a class is given up only by facts that cannot go away
 * again:
 *   - numbers keep the most digits before and behind the point, and whether any of them has digits
 * that no double gives back (.not_double);
 *   - DOUBLE is left for STRING when such a number comes, and DECIMAL for DOUBLE (or STRING) beyond
 * 38 digits;
 *   - timestamps keep the most fraction digits, and whether any lies outside the years of
 * nanoseconds. STRING and DOUBLE carry no other facts, so that equal joins are equal structs. */
#include "format/text_date.h"
#include "format/text_fast.h"
#include "format/text_scan.h"

enum { DECIMAL_DIGITS = 38, NANO_FRACTION = 7 };

static struct cpl_text_facts only(enum cpl_text_class class)
{
    return (struct cpl_text_facts){.class = class};
}

/* ---- one value ---- */

/* What every fact obeys, joined or not. */
static struct cpl_text_facts settle(struct cpl_text_facts facts)
{
    switch (facts.class) {
    case CPL_CLASS_DOUBLE:
        return only(facts.not_double ? CPL_CLASS_STRING : CPL_CLASS_DOUBLE);
    case CPL_CLASS_DECIMAL:
        if (facts.int_digits + facts.scale > DECIMAL_DIGITS)
            return only(facts.not_double ? CPL_CLASS_STRING : CPL_CLASS_DOUBLE);
        return facts;
    case CPL_CLASS_TIMESTAMP:
    case CPL_CLASS_TIMESTAMP_UTC:
        return facts.not_nano && facts.fraction >= NANO_FRACTION ? only(CPL_CLASS_STRING) : facts;
    default:
        return facts;
    }
}

static size_t leading_zeros(const uint8_t *digits, size_t n)
{
    size_t zeros = 0;
    while (zeros < n && digits[zeros] == '0')
        zeros++;
    return zeros;
}

/* 15 digits always come back from a normal double; the exponent of fixed notation is small. */
static bool no_double(const uint8_t *text, size_t length, const struct cpl_text_style *style,
                      size_t digits)
{
    double value;
    return digits > 15 && cpl_parse_double(text, length, style, &value) != CPL_TEXT_EXACT;
}

static uint8_t clamp_digits(size_t n)
{
    return (uint8_t)(n < 200 ? n : 200);
}

static bool all_zero(const struct cpl_number *number)
{
    return leading_zeros(number->whole, number->n_whole) == number->n_whole &&
           leading_zeros(number->fraction, number->n_fraction) == number->n_fraction;
}

static struct cpl_text_facts classify_double(const uint8_t *text, size_t length,
                                             const struct cpl_text_style *style)
{
    double value;
    bool exact = cpl_parse_double(text, length, style, &value) == CPL_TEXT_EXACT;
    return only(exact ? CPL_CLASS_DOUBLE : CPL_CLASS_STRING);
}

static struct cpl_text_facts classify_number(const uint8_t *text, size_t length,
                                             const struct cpl_text_style *style,
                                             const struct cpl_number *number)
{
    bool minus_zero = number->negative && all_zero(number);
    if (number->has_exponent || (minus_zero && number->has_point))
        return classify_double(text, length, style);
    if (minus_zero)
        return only(CPL_CLASS_STRING);
    size_t whole = number->n_whole - leading_zeros(number->whole, number->n_whole);
    int64_t value;
    bool integer = !number->has_point && cpl_parse_int(text, length, style, INT64_MIN, INT64_MAX,
                                                       &value) == CPL_TEXT_EXACT;
    return settle((struct cpl_text_facts){
        .class = integer ? CPL_CLASS_INT : CPL_CLASS_DECIMAL,
        .int_digits = clamp_digits(whole),
        .scale = clamp_digits(number->n_fraction),
        .negative = number->negative,
        .not_double = no_double(text, length, style, whole + number->n_fraction)});
}

static struct cpl_text_facts classify_timestamp(const struct cpl_moment *moment)
{
    int64_t value;
    enum cpl_text_result nano = cpl_moment_timestamp(moment, CPL_NANO, moment->has_zone, &value);
    return settle((struct cpl_text_facts){.class = moment->has_zone ? CPL_CLASS_TIMESTAMP_UTC
                                                                    : CPL_CLASS_TIMESTAMP,
                                          .fraction = moment->fraction_digits,
                                          .not_nano = nano != CPL_TEXT_EXACT});
}

/* true, True, TRUE and false, False, FALSE — or the style's own words. */
static bool is_bool(const uint8_t *text, size_t length, const struct cpl_text_style *style)
{
    bool value;
    if (cpl_parse_bool(text, length, style, &value) != CPL_TEXT_EXACT)
        return false;
    if (style && (value ? style->true_words : style->false_words))
        return true;
    bool upper = text[1] < 'a', first_upper = text[0] < 'a';
    for (size_t i = 2; i < length; i++)
        if ((text[i] < 'a') != upper)
            return false;
    return first_upper || !upper;
}

static bool is_blank_text(const uint8_t *text, size_t length)
{
    cpl_trim(&text, &length);
    return length == 0;
}

static struct cpl_text_facts classify_other(const uint8_t *text, size_t length,
                                            const struct cpl_text_style *style)
{
    uint8_t uuid[16];
    int32_t days;
    struct cpl_moment moment;
    if (is_bool(text, length, style))
        return only(CPL_CLASS_BOOL);
    if (cpl_parse_date(text, length, style, &days) == CPL_TEXT_EXACT)
        return only(CPL_CLASS_DATE);
    if (cpl_scan_timestamp(text, length, style, &moment))
        return classify_timestamp(&moment);
    if (cpl_scan_time_of_day(text, length, style, &moment))
        return (struct cpl_text_facts){.class = CPL_CLASS_TIME, .fraction = moment.fraction_digits};
    if (cpl_parse_uuid(text, length, true, uuid) == CPL_TEXT_EXACT)
        return only(CPL_CLASS_UUID);
    return only(CPL_CLASS_STRING);
}

struct cpl_text_facts cpl_text_classify(const uint8_t *text, size_t length,
                                        const struct cpl_text_style *style)
{
    struct cpl_text_style strict = style ? *style : (struct cpl_text_style){0};
    struct cpl_number number;
    strict.lenient = false;
    if (is_blank_text(text, length))
        return only(CPL_CLASS_STRING);
    cpl_trim(&text, &length);
    if (cpl_scan_number(text, length, &strict, &number))
        return classify_number(text, length, &strict, &number);
    return classify_other(text, length, &strict);
}

/* ---- many values ---- */

static bool is_number(enum cpl_text_class class)
{
    return class == CPL_CLASS_INT || class == CPL_CLASS_DECIMAL || class == CPL_CLASS_DOUBLE;
}

static uint8_t most(uint8_t a, uint8_t b)
{
    return a > b ? a : b;
}

/* Most values say nothing new of their column. */
static bool covers(struct cpl_text_facts a, struct cpl_text_facts b)
{
    return a.class == b.class && a.int_digits >= b.int_digits && a.scale >= b.scale &&
           a.fraction >= b.fraction && a.negative >= b.negative && a.not_double >= b.not_double &&
           a.not_nano >= b.not_nano;
}

struct cpl_text_facts cpl_text_join(struct cpl_text_facts a, struct cpl_text_facts b)
{
    if (covers(a, b))
        return a;
    if (a.class == CPL_CLASS_NULL)
        return b;
    if (b.class == CPL_CLASS_NULL)
        return a;
    bool numbers = is_number(a.class) && is_number(b.class);
    if ((a.class != b.class && !numbers) || a.class == CPL_CLASS_STRING)
        return only(CPL_CLASS_STRING);
    return settle((struct cpl_text_facts){.class = a.class > b.class ? a.class : b.class,
                                          .int_digits = most(a.int_digits, b.int_digits),
                                          .scale = most(a.scale, b.scale),
                                          .negative = a.negative || b.negative,
                                          .fraction = most(a.fraction, b.fraction),
                                          .not_double = a.not_double || b.not_double,
                                          .not_nano = a.not_nano || b.not_nano});
}

/* ---- the type ---- */

static struct cpl_type decimal_type(unsigned digits, unsigned scale)
{
    return (struct cpl_type){.kind = CPL_DECIMAL,
                             .precision = digits <= 18 ? 18 : DECIMAL_DIGITS,
                             .scale = (int8_t)scale};
}

/* Many digits behind the point mean that a program printed a double. */
static struct cpl_type number_type(struct cpl_text_facts facts, bool decimals)
{
    bool printed_double = facts.scale > 9 || (!decimals && facts.scale > 0);
    if (printed_double && !facts.not_double)
        return (struct cpl_type){.kind = CPL_F64};
    return decimal_type(facts.int_digits + 0u + facts.scale, facts.scale);
}

static enum cpl_unit unit_of(uint8_t fraction)
{
    return fraction <= 3 ? CPL_MILLI : fraction <= 6 ? CPL_MICRO : CPL_NANO;
}

struct cpl_type cpl_text_type(struct cpl_text_facts facts, bool decimals)
{
    switch (facts.class) {
    case CPL_CLASS_BOOL:
        return (struct cpl_type){.kind = CPL_BOOL};
    case CPL_CLASS_INT:
        return (struct cpl_type){.kind = CPL_I64};
    case CPL_CLASS_DECIMAL:
        return number_type(facts, decimals);
    case CPL_CLASS_DOUBLE:
        return (struct cpl_type){.kind = CPL_F64};
    case CPL_CLASS_DATE:
        return (struct cpl_type){.kind = CPL_DATE};
    case CPL_CLASS_TIME:
        return (struct cpl_type){.kind = CPL_TIME, .unit = unit_of(facts.fraction)};
    case CPL_CLASS_TIMESTAMP:
    case CPL_CLASS_TIMESTAMP_UTC:
        return (struct cpl_type){.kind = CPL_TIMESTAMP,
                                 .unit = unit_of(facts.fraction),
                                 .utc = facts.class == CPL_CLASS_TIMESTAMP_UTC};
    case CPL_CLASS_UUID:
        return (struct cpl_type){.kind = CPL_UUID};
    default:
        return (struct cpl_type){.kind = CPL_STRING};
    }
}

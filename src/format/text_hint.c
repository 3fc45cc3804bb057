/* What people usually write, and what one has to say so that it is read. */
#include "batch/batch.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const dates[] = {"%d.%m.%Y",  "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y",
                                    "%Y/%m/%d",  "%Y.%m.%d", "%Y%m%d",   "%d %b %Y", "%d-%b-%Y",
                                    "%b %d, %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"};
static const char *const clocks[] = {"%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M:%S %p", "%I:%M %p"};

/* Parsers read behind a text: a copy with room there. What is too long to be a date or number is empty, and fits nothing. */
struct padded {
    uint8_t data[CPL_TEXT_MAX + 64];
    size_t length;
};

static struct padded pad(const struct cpl_slice *text)
{
    struct padded copy = {.length = text->length <= CPL_TEXT_MAX ? text->length : 0};
    memcpy(copy.data, text->data, copy.length);
    return copy;
}

static bool fits_date(const struct cpl_slice *text, const struct cpl_type *type, const char *format)
{
    (void)type;
    const struct cpl_text_style style = {.date_format = format};
    const struct padded copy = pad(text);
    int32_t days;
    return cpl_parse_date(copy.data, copy.length, &style, &days) == CPL_TEXT_EXACT;
}

static bool fits_timestamp(const struct cpl_slice *text, const struct cpl_type *type,
                           const char *format)
{
    const struct cpl_text_style style = {.timestamp_format = format};
    const struct padded copy = pad(text);
    int64_t value;
    return cpl_parse_timestamp(copy.data, copy.length, &style, type->unit, type->utc, &value) ==
           CPL_TEXT_EXACT;
}

static bool all_fit(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                    bool (*fits)(const struct cpl_slice *, const struct cpl_type *, const char *),
                    const char *format)
{
    size_t i = 0;
    while (i < n && fits(&texts[i], type, format))
        i++;
    return n && i == n;
}

/* Behind what is said already: a further possibility. False when two are said: more would not help. */
static bool say(char *out, const char *option, const char *format, unsigned said)
{
    size_t at = strlen(out);
    snprintf(out + at, CPL_TEXT_HINT_MAX - at, "%s%s%s", said ? " or " : option, said ? "" : ": ",
             format);
    return said < 1;
}

static bool hint_date(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                      char *out)
{
    unsigned said = 0;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (all_fit(texts, n, type, fits_date, dates[i]) &&
            !say(out, "date_format", dates[i], said++))
            break;
    return said > 0;
}

static bool hint_timestamp(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                           char *out)
{
    unsigned said = 0;
    char format[40];
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++) {
            snprintf(format, sizeof format, "%s %s", dates[i], clocks[k]);
            if (all_fit(texts, n, type, fits_timestamp, format) &&
                !say(out, "timestamp_format", format, said++))
                return true;
        }
    return said > 0;
}

static bool is_number(const struct cpl_slice *text, const struct cpl_text_style *style)
{
    const struct padded copy = pad(text);
    enum cpl_text_class class = cpl_text_classify(copy.data, copy.length, style).class;
    return class == CPL_CLASS_INT || class == CPL_CLASS_DECIMAL || class == CPL_CLASS_DOUBLE;
}

static bool fits_int(const struct padded *copy, const struct cpl_type *type,
                     const struct cpl_text_style *style)
{
    static const struct {
        int64_t min, max;
    } ranges[] = {[CPL_I8] = {INT8_MIN, INT8_MAX},
                  [CPL_I16] = {INT16_MIN, INT16_MAX},
                  [CPL_I32] = {INT32_MIN, INT32_MAX},
                  [CPL_I64] = {INT64_MIN, INT64_MAX}};
    int64_t value;
    return cpl_parse_int(copy->data, copy->length, style, ranges[type->kind].min,
                         ranges[type->kind].max, &value) == CPL_TEXT_EXACT;
}

static bool fits_uint(const struct padded *copy, const struct cpl_type *type,
                      const struct cpl_text_style *style)
{
    static const uint64_t most[] = {[CPL_U8] = UINT8_MAX,
                                    [CPL_U16] = UINT16_MAX,
                                    [CPL_U32] = UINT32_MAX,
                                    [CPL_U64] = UINT64_MAX};
    uint64_t value;
    return cpl_parse_uint(copy->data, copy->length, style, most[type->kind], &value) ==
           CPL_TEXT_EXACT;
}

static bool fits_real(const struct padded *copy, const struct cpl_type *type,
                      const struct cpl_text_style *style)
{
    double wide;
    float narrow;
    cpl_int128 decimal;
    if (type->kind == CPL_DECIMAL)
        return cpl_parse_decimal128(copy->data, copy->length, style, type->precision, type->scale,
                                    &decimal) == CPL_TEXT_EXACT;
    if (type->kind == CPL_F32)
        return cpl_parse_float(copy->data, copy->length, style, &narrow) == CPL_TEXT_EXACT;
    return cpl_parse_double(copy->data, copy->length, style, &wide) == CPL_TEXT_EXACT;
}

/* Would the type's own parser take the text, were it read in this style? */
static bool fits_number(const struct cpl_slice *text, const struct cpl_type *type,
                        const struct cpl_text_style *style)
{
    const struct padded copy = pad(text);
    if (type->kind >= CPL_I8 && type->kind <= CPL_I64)
        return fits_int(&copy, type, style);
    if (type->kind >= CPL_U8 && type->kind <= CPL_U64)
        return fits_uint(&copy, type, style);
    return fits_real(&copy, type, style);
}

/* A text that is a number as things are has another fault (it is too large, too fine), and another way of reading would change it. */
static bool hint_number(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                        const struct cpl_text_style *style, char *out)
{
    static const struct {
        char point, thousands;
        const char *text;
    } ways[] = {{',', 0, "decimal_point: ','"},
                {'.', ',', "thousands: ','"},
                {',', '.', "decimal_point: ',' and thousands: '.'"},
                {',', ' ', "decimal_point: ',' and thousands: space"},
                {'.', ' ', "thousands: space"},
                {'.', '\'', "thousands: \"'\""},
                {'.', 0, "decimal_point: '.'"}};
    if (n == 1 && is_number(&texts[0], style))
        return false;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct cpl_text_style other = *style;
        other.decimal_point = ways[i].point;
        other.thousands = ways[i].thousands;
        other.groups_with_point = false;
        bool same = !style->groups_with_point &&
                    (style->decimal_point ? style->decimal_point : '.') == ways[i].point &&
                    style->thousands == ways[i].thousands;
        size_t fit = 0;
        while (!same && fit < n && fits_number(&texts[fit], type, &other))
            fit++;
        if (n && fit == n && !same)
            return snprintf(out, CPL_TEXT_HINT_MAX, "%s", ways[i].text) > 0;
    }
    return false;
}

static bool hint_boolean(const struct cpl_slice *texts, size_t n, char *out)
{
    static const char *const words[] = {"yes", "no", "y",  "n",   "ja", "nein", "j", "oui",
                                        "non", "si", "on", "off", "t",  "f",    "1", "0"};
    size_t fit = 0;
    for (; fit < n; fit++) {
        size_t i = 0, known = sizeof words / sizeof *words;
        while (i < known &&
               (strlen(words[i]) != texts[fit].length ||
                strncasecmp(words[i], (const char *)texts[fit].data, texts[fit].length) != 0))
            i++;
        if (i == known)
            return false;
    }
    return n && snprintf(out, CPL_TEXT_HINT_MAX, "true_words and false_words") > 0;
}

bool cpl_text_hint(const struct cpl_slice *texts, size_t n, const struct cpl_type *type,
                   const struct cpl_text_style *style, char out[CPL_TEXT_HINT_MAX])
{
    enum cpl_kind kind = type->kind;
    *out = 0;
    if (kind == CPL_DATE)
        return hint_date(texts, n, type, out);
    if (kind == CPL_TIMESTAMP)
        return hint_timestamp(texts, n, type, out);
    if (kind == CPL_BOOL)
        return hint_boolean(texts, n, out);
    return kind >= CPL_I8 && kind <= CPL_DECIMAL && hint_number(texts, n, type, style, out);
}

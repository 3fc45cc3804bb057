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

static bool fits_date(const struct cpl_slice *text, const char *format)
{
    const struct cpl_text_style style = {.date_format = format};
    const struct padded copy = pad(text);
    int32_t days;
    return cpl_parse_date(copy.data, copy.length, &style, &days) == CPL_TEXT_EXACT;
}

static bool fits_timestamp(const struct cpl_slice *text, const char *format)
{
    const struct cpl_text_style style = {.timestamp_format = format};
    const struct padded copy = pad(text);
    int64_t value;
    return cpl_parse_timestamp(copy.data, copy.length, &style, CPL_NANO, false, &value) ==
           CPL_TEXT_EXACT;
}

static bool all_fit(const struct cpl_slice *texts, size_t n,
                    bool (*fits)(const struct cpl_slice *, const char *), const char *format)
{
    size_t i = 0;
    while (i < n && fits(&texts[i], format))
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

static bool hint_date(const struct cpl_slice *texts, size_t n, char *out)
{
    unsigned said = 0;
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (all_fit(texts, n, fits_date, dates[i]) && !say(out, "date_format", dates[i], said++))
            break;
    return said > 0;
}

static bool hint_timestamp(const struct cpl_slice *texts, size_t n, char *out)
{
    unsigned said = 0;
    char format[40];
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++) {
            snprintf(format, sizeof format, "%s %s", dates[i], clocks[k]);
            if (all_fit(texts, n, fits_timestamp, format) &&
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

/* A text that is a number as things are has another fault (it is too large, too fine), and another way of reading would change it. */
static bool hint_number(const struct cpl_slice *texts, size_t n, const struct cpl_text_style *style,
                        char *out)
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
        const struct cpl_text_style other = {.decimal_point = ways[i].point,
                                             .thousands = ways[i].thousands};
        bool same = (style->decimal_point ? style->decimal_point : '.') == ways[i].point &&
                    style->thousands == ways[i].thousands;
        size_t fit = 0;
        while (!same && fit < n && is_number(&texts[fit], &other))
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

bool cpl_text_hint(const struct cpl_slice *texts, size_t n, enum cpl_kind kind,
                   const struct cpl_text_style *style, char out[CPL_TEXT_HINT_MAX])
{
    *out = 0;
    if (kind == CPL_DATE)
        return hint_date(texts, n, out);
    if (kind == CPL_TIMESTAMP)
        return hint_timestamp(texts, n, out);
    if (kind == CPL_BOOL)
        return hint_boolean(texts, n, out);
    return kind >= CPL_I8 && kind <= CPL_DECIMAL && hint_number(texts, n, style, out);
}

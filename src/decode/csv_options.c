/* The options of CSV, each declared once; and a settled dialect in words for inspect and receipts. */
#include "base/tree.h"
#include "decode/csv.h"

#include <string.h>

static bool check_date_format(const char *text, struct cpl_error *why)
{
    return cpl_text_format_check(text, CPL_FORMAT_DATE, why);
}

static bool check_time_format(const char *text, struct cpl_error *why)
{
    return cpl_text_format_check(text, CPL_FORMAT_TIME, why);
}

static bool check_timestamp_format(const char *text, struct cpl_error *why)
{
    return cpl_text_format_check(text, CPL_FORMAT_TIMESTAMP, why);
}

/* Two options that cannot be one character; `a` is the one to point at. */
struct apart {
    const char *a, *b;
    char a_is, b_is;
};

bool cpl_csv_check_options(const void *settings, const char **key, struct cpl_error *why)
{
    const struct cpl_csv_dialect *d = settings;
    char delimiter = d->delimiter_set ? d->delimiter : 0;
    char escape = d->escape == d->quote ? 0 : d->escape;
    char point = d->decimal_point ? d->decimal_point : d->thousands == '.' ? ',' : '.';
    const struct apart pairs[] = {{"delimiter", "quote", delimiter, d->quote},
                                  {"escape", "delimiter", escape, delimiter},
                                  {"comment", "delimiter", d->comment, delimiter},
                                  {"comment", "quote", d->comment, d->quote},
                                  {"thousands", "decimal_point", d->thousands, point}};
    const struct apart breaks[] = {{"delimiter", "", delimiter, 0},
                                   {"quote", "", d->quote, 0},
                                   {"escape", "", escape, 0},
                                   {"comment", "", d->comment, 0}};
    if (d->thousands_columns_set && !d->thousands) {
        *key = "thousands_columns";
        return cpl_fail(why, CPL_E_CONFIG, "%s needs thousands: what stands between them?", *key);
    }
    for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
        if (breaks[i].a_is == '\n' || breaks[i].a_is == '\r') {
            *key = breaks[i].a;
            return cpl_fail(why, CPL_E_CONFIG, "%s cannot be a line break", *key);
        }
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].a_is && pairs[i].a_is == pairs[i].b_is) {
            *key = pairs[i].a;
            return cpl_fail(why, CPL_E_CONFIG, "%s and %s are the same character", pairs[i].a,
                            pairs[i].b);
        }
    return true;
}

#define AT(member) offsetof(struct cpl_csv_dialect, member)

const struct cpl_option cpl_csv_options[] = {
    {.name = "delimiter",
     .type = CPL_OPTION_CHAR,
     .offset = AT(delimiter),
     .set_offset = AT(delimiter_set),
     .summary = "The character between fields; detected among , ; tab and |, "
                "and : or space where they stand in no times, dates or other numbers.",
     .example = ";"},
    {.name = "quote",
     .type = CPL_OPTION_CHAR,
     .offset = AT(quote),
     .set_offset = AT(quote_set),
     .default_text = "\"",
     .summary = "The character around fields that hold delimiters or newlines; none = no quoting.",
     .example = "'"},
    {.name = "escape",
     .type = CPL_OPTION_CHAR,
     .offset = AT(escape),
     .set_offset = AT(escape_set),
     .default_text = "\"",
     .summary = "The character that makes the next one ordinary (it is dropped itself), inside "
                "quotes and outside; the quote itself means doubling, as in RFC 4180. A "
                "backslash is detected where it stands before quotes; see escape_before.",
     .example = "\\"},
    {.name = "escape_before",
     .type = CPL_OPTION_ENUM,
     .offset = AT(escapes),
     .set_offset = AT(escapes_set),
     .default_text = "any",
     .values = "any|quote",
     .flags = CPL_OPTION_ADVANCED,
     .summary = "What an escape acts on: any character; or, inside quotes, on a quote alone, with "
                "the escapes directly in front of it (every other one is text, as Spark writes). "
                "quote where the escape is detected."},
    {.name = "comment",
     .type = CPL_OPTION_CHAR,
     .offset = AT(comment),
     .set_offset = AT(comment_set),
     .summary = "Lines that begin with it are comments, wherever they stand. None by default; # is "
                "detected at the top of a file and then holds for the lines above the header and "
                "the first row alone: further down, # begins a row.",
     .example = "#"},
    {.name = "comment_lines",
     .type = CPL_OPTION_ENUM,
     .offset = AT(comments),
     .set_offset = AT(comments_set),
     .default_text = "all",
     .values = "all|leading",
     .flags = CPL_OPTION_ADVANCED,
     .summary = "Which lines may be comments: all, or those alone above the header and the first "
                "row. leading where the comment character is detected."},
    {.name = "newline",
     .type = CPL_OPTION_ENUM,
     .offset = AT(newline),
     .set_offset = AT(newline_set),
     .default_text = "auto",
     .values = "auto|lf|cr",
     .summary = "What ends a row: lf takes LF and CRLF, cr is the old Macintosh's."},
    {.name = "header",
     .type = CPL_OPTION_ENUM,
     .offset = AT(header),
     .set_offset = AT(header_set),
     .default_text = "auto",
     .values = "auto|yes|no",
     .summary = "Whether the first row names the columns. auto: a row of words does, with a remark "
                "where all columns are text and it looks like the rows below it; where names is "
                "set, only one that repeats these, or stands above numbers, dates or other values "
                "that are not text. A header that comes again further down "
                "is rejected (rule header) where a cell of it does not fit its column."},
    {.name = "skip_lines",
     .type = CPL_OPTION_INT,
     .offset = AT(skip_lines),
     .set_offset = AT(skip_set),
     .default_text = "0",
     .min = 0,
     .max = 1000000,
     .summary = "Lines to leave out before the header. When neither they nor the header are set, a "
                "few lines of prose above the table, or lines filled up with delimiters above a "
                "header of words, are left out, in each file its own, with a warning."},
    {.name = "trailing_delimiter",
     .type = CPL_OPTION_BOOL,
     .offset = AT(short_header),
     .set_offset = AT(short_header_set),
     .default_text = "false",
     .flags = CPL_OPTION_ADVANCED,
     .summary =
         "Rows end in a delimiter, and the header does not: nothing may stand behind it, and it "
         "is no column. Detected; where rows do have something there, it is a column without "
         "a name."},
    {.name = "columns",
     .type = CPL_OPTION_INT,
     .offset = AT(width),
     .set_offset = AT(width_set),
     .min = 1,
     .max = 100000,
     .flags = CPL_OPTION_ADVANCED,
     .summary =
         "How many fields a row has, where the header does not tell; detected. Those that it "
         "does not name are called column3, column4 and so on.",
     .example = "4"},
    {.name = "names",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(names),
     .set_offset = AT(names_set),
     .summary = "Column names to use instead of the header's, in order. With header: auto the "
                "first row is left out only where it is sure to be a header (see header).",
     .example = "[id, name, price]"},
    {.name = "ragged",
     .type = CPL_OPTION_ENUM,
     .offset = AT(ragged),
     .set_offset = AT(ragged_set),
     .default_text = "reject",
     .values = "reject|pad",
     .summary = "Rows with too few fields: reject them, or pad with nulls. Rows with too many are "
                "always rejected."},
    {.name = "trim",
     .type = CPL_OPTION_ENUM,
     .offset = AT(trim),
     .set_offset = AT(trim_set),
     .default_text = "no",
     .values = "no|yes",
     .summary = "Remove blanks around unquoted strings (other types never mind them)."},
    {.name = "nulls",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(nulls),
     .set_offset = AT(nulls_set),
     .summary = "Unquoted words that mean null, besides the empty field.",
     .example = "[NULL, NA, \"\\\\N\"]"},
    {.name = "empty_is_null",
     .type = CPL_OPTION_BOOL,
     .offset = AT(empty_is_null),
     .set_offset = AT(empty_is_null_set),
     .default_text = "true",
     .summary = "The unquoted empty field is null; \"\" is an empty string all the same."},
    {.name = "quoted_null",
     .type = CPL_OPTION_BOOL,
     .offset = AT(quoted_null),
     .set_offset = AT(quoted_null_set),
     .default_text = "false",
     .summary = "Quoted null words and the quoted empty field are null too."},
    {.name = "decimal_point",
     .type = CPL_OPTION_CHAR,
     .offset = AT(decimal_point),
     .set_offset = AT(decimal_point_set),
     .summary = "The decimal separator of numbers. A comma is detected where the delimiter allows "
                "it and some number proves it (1,5 does, 1,234 does not), and where thousands is "
                "set to a point.",
     .example = ","},
    {.name = "thousands",
     .type = CPL_OPTION_CHAR,
     .offset = AT(thousands),
     .set_offset = AT(thousands_set),
     .summary =
         "The separator between groups of three digits; detected where some "
         "number proves it by a decimal separator behind it (1.234,50). space also takes no-break "
         "spaces, ' also takes ’.",
     .example = "."},
    {.name = "thousands_columns",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(thousands_columns),
     .set_offset = AT(thousands_columns_set),
     .flags = CPL_OPTION_ADVANCED,
     .summary = "The columns in which thousands make a number without a decimal separator, too "
                "(1.234); elsewhere it may be a code, a version or a telephone number. All where "
                "thousands is set; where it is detected, those that have some number with both.",
     .example = "[price, amount]"},
    {.name = "date_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(date_format),
     .set_offset = AT(date_format_set),

     .check = check_date_format,
     .summary = "How dates are written, as for strptime; ISO 8601 by default.",
     .example = "%d.%m.%Y"},
    {.name = "time_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(time_format),
     .set_offset = AT(time_format_set),

     .check = check_time_format,
     .summary = "How times of day are written, as for strptime.",
     .example = "%H:%M"},
    {.name = "timestamp_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(timestamp_format),
     .set_offset = AT(timestamp_format_set),

     .check = check_timestamp_format,
     .summary = "How timestamps are written, as for strptime.",
     .example = "%d.%m.%Y %H:%M:%S"},
    {.name = "true_words",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(true_words),
     .set_offset = AT(true_words_set),
     .summary = "Words for true; by default true in any case.",
     .example = "[yes, y, 1]"},
    {.name = "false_words",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(false_words),
     .set_offset = AT(false_words_set),
     .summary = "Words for false; by default false in any case.",
     .example = "[no, n, 0]"},
    {.name = "lenient",
     .type = CPL_OPTION_BOOL,
     .offset = AT(lenient),
     .set_offset = AT(lenient_set),
     .default_text = "true",
     .summary =
         "Declared numeric columns also take +5, 007, .5 and 5., and declared timestamps without "
         "a zone a date, as its midnight; inferred ones never do."},
    {0},
};

static void describe_char(struct cpl_json_writer *json, const char *key, char value, bool set)
{
    char text[2] = {value, 0};
    cpl_json_object(json, key);
    cpl_json_string(json, "value", value ? text : NULL);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

static void describe_word(struct cpl_json_writer *json, const char *key, const char *value,
                          bool set)
{
    cpl_json_object(json, key);
    cpl_json_string(json, "value", value);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

/* A separator line says what it is; other lines that are left out are guessed to be no rows. */
static void describe_preamble(struct cpl_json_writer *json, const struct cpl_csv_dialect *d)
{
    cpl_json_object(json, "skip_lines");
    cpl_json_int(json, "value", d->skip_lines);
    cpl_json_string(json, "from",
                    d->skip_set         ? "option"
                    : d->separator_line ? "separator line"
                                        : "detected");
    cpl_json_close(json);
}

static void describe_flag(struct cpl_json_writer *json, const char *key, bool value, bool set)
{
    cpl_json_object(json, key);
    cpl_json_bool(json, "value", value);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

/* Settled by looking, or given: described always. */
static bool is_detected(const char *name)
{
    static const char *const names[] = {
        "delimiter",         "quote",     "escape",     "comment", "newline",       "header",
        "decimal_point",     "thousands", "skip_lines", "columns", "escape_before", "comment_lines",
        "thousands_columns", NULL};
    size_t i = 0;
    while (names[i] && strcmp(names[i], name) != 0)
        i++;
    return names[i] || !strcmp(name, "trailing_delimiter");
}

static void describe_list(struct cpl_json_writer *json, const char *key,
                          const struct cpl_strings *list, bool set)
{
    cpl_json_object(json, key);
    cpl_json_strings(json, "value", list);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

static void describe_given(struct cpl_json_writer *json, const struct cpl_option *option,
                           const struct cpl_csv_dialect *d)
{
    struct cpl_option value[] = {*option, {0}};
    value[0].name = "value";
    if (option->type == CPL_OPTION_CHAR) {
        describe_char(json, option->name, *((const char *)d + option->offset), true);
        return;
    }
    if (option->type == CPL_OPTION_STRINGS) {
        describe_list(json, option->name, (const void *)((const char *)d + option->offset), true);
        return;
    }
    cpl_json_object(json, option->name);
    cpl_options_write(value, d, json);
    cpl_json_string(json, "from", "option");
    cpl_json_close(json);
}

static void describe_all_given(struct cpl_json_writer *json, const struct cpl_csv_dialect *d)
{
    for (const struct cpl_option *option = cpl_csv_options; option->name; option++)
        if (!is_detected(option->name) && *((const bool *)d + option->set_offset))
            describe_given(json, option, d);
}

/* Whatever differs from the defaults: a replay reads rejected rows by nothing else. */
bool cpl_csv_describe(const void *settings, struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_csv_dialect *d = settings;
    struct cpl_json_writer json;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    describe_char(&json, "delimiter", d->delimiter, d->delimiter_set);
    describe_char(&json, "quote", d->quote, d->quote_set);
    describe_char(&json, "escape", d->escape, d->escape_set);
    describe_char(&json, "comment", d->comment, d->comment_set);
    if (d->escapes == CPL_ESCAPES_QUOTE || d->escapes_set)
        describe_word(&json, "escape_before", d->escapes == CPL_ESCAPES_QUOTE ? "quote" : "any",
                      d->escapes_set);
    if ((d->comment && d->comments == CPL_COMMENTS_LEADING) || d->comments_set)
        describe_word(&json, "comment_lines",
                      d->comments == CPL_COMMENTS_LEADING ? "leading" : "all", d->comments_set);
    describe_word(&json, "newline", d->newline == CPL_NEWLINE_CR ? "cr" : "lf", d->newline_set);
    describe_word(&json, "header", d->header == CPL_HEADER_YES ? "yes" : "no", d->header_set);
    describe_char(&json, "decimal_point", d->decimal_point ? d->decimal_point : '.',
                  d->decimal_point_set);
    if (d->thousands || d->thousands_set)
        describe_char(&json, "thousands", d->thousands, d->thousands_set);
    if (d->thousands_columns_set || (d->thousands && !d->thousands_in_all))
        describe_list(&json, "thousands_columns", &d->thousands_columns, d->thousands_columns_set);
    describe_preamble(&json, d);
    if (d->short_header || d->short_header_set)
        describe_flag(&json, "trailing_delimiter", d->short_header, d->short_header_set);
    describe_all_given(&json, d);
    cpl_json_uint(&json, "columns", d->n_columns);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

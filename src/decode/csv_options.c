/* The options of CSV, each declared once; and a settled dialect in words for inspect and receipts. */
#include "base/tree.h"
#include "decode/csv.h"

#define AT(member) offsetof(struct cpl_csv_dialect, member)

const struct cpl_option cpl_csv_options[] = {
    {.name = "delimiter",
     .type = CPL_OPTION_CHAR,
     .offset = AT(delimiter),
     .set_offset = AT(delimiter_set),
     .summary = "The character between fields; detected among , ; tab | : and space.",
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
     .summary = "The character that makes the next one ordinary; the quote itself means doubling, "
                "as in RFC 4180.",
     .example = "\\"},
    {.name = "comment",
     .type = CPL_OPTION_CHAR,
     .offset = AT(comment),
     .set_offset = AT(comment_set),
     .summary = "Lines that begin with it are comments; none by default, # is detected at the top "
                "of a file.",
     .example = "#"},
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
     .summary = "Whether the first row names the columns."},
    {.name = "skip_lines",
     .type = CPL_OPTION_INT,
     .offset = AT(skip_lines),
     .set_offset = AT(skip_set),
     .default_text = "0",
     .min = 0,
     .max = 1000000,
     .summary = "Lines to leave out before the header; a preamble is detected."},
    {.name = "names",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(names),
     .summary = "Column names to use instead of the header's, in order.",
     .example = "[id, name, price]"},
    {.name = "ragged",
     .type = CPL_OPTION_ENUM,
     .offset = AT(ragged),
     .default_text = "reject",
     .values = "reject|pad",
     .summary = "Rows with too few fields: reject them, or pad with nulls. Rows with too many are "
                "always rejected."},
    {.name = "trim",
     .type = CPL_OPTION_ENUM,
     .offset = AT(trim),
     .default_text = "no",
     .values = "no|yes",
     .summary = "Remove blanks around unquoted strings (other types never mind them)."},
    {.name = "nulls",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(nulls),
     .summary = "Unquoted words that mean null, besides the empty field.",
     .example = "[NULL, NA, \"\\\\N\"]"},
    {.name = "empty_is_null",
     .type = CPL_OPTION_BOOL,
     .offset = AT(empty_is_null),
     .default_text = "true",
     .summary = "The unquoted empty field is null; \"\" is an empty string all the same."},
    {.name = "quoted_null",
     .type = CPL_OPTION_BOOL,
     .offset = AT(quoted_null),
     .default_text = "false",
     .summary = "Quoted null words and the quoted empty field are null too."},
    {.name = "decimal_point",
     .type = CPL_OPTION_CHAR,
     .offset = AT(decimal_point),
     .summary =
         "The decimal separator of numbers; a comma is detected where the delimiter allows it.",
     .example = ","},
    {.name = "thousands",
     .type = CPL_OPTION_CHAR,
     .offset = AT(thousands),
     .summary = "The separator between groups of three digits; none by default.",
     .example = "."},
    {.name = "date_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(date_format),
     .summary = "How dates are written, as for strptime; ISO 8601 by default.",
     .example = "%d.%m.%Y"},
    {.name = "time_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(time_format),
     .summary = "How times of day are written, as for strptime.",
     .example = "%H:%M"},
    {.name = "timestamp_format",
     .type = CPL_OPTION_STRING,
     .offset = AT(timestamp_format),
     .summary = "How timestamps are written, as for strptime.",
     .example = "%d.%m.%Y %H:%M:%S"},
    {.name = "true_words",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(true_words),
     .summary = "Words for true; by default true in any case.",
     .example = "[yes, y, 1]"},
    {.name = "false_words",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(false_words),
     .summary = "Words for false; by default false in any case.",
     .example = "[no, n, 0]"},
    {.name = "lenient",
     .type = CPL_OPTION_BOOL,
     .offset = AT(lenient),
     .default_text = "true",
     .summary = "Declared numeric columns also take +5, 007, .5 and 5.; inferred ones never do."},
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

static void describe_number(struct cpl_json_writer *json, const char *key, int64_t value, bool set)
{
    cpl_json_object(json, key);
    cpl_json_int(json, "value", value);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

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
    describe_word(&json, "newline", d->newline == CPL_NEWLINE_CR ? "cr" : "lf", d->newline_set);
    describe_word(&json, "header", d->header == CPL_HEADER_YES ? "yes" : "no", d->header_set);
    describe_char(&json, "decimal_point", d->decimal_point ? d->decimal_point : '.', false);
    describe_number(&json, "skip_lines", d->skip_lines, d->skip_set);
    cpl_json_uint(&json, "columns", d->n_columns);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

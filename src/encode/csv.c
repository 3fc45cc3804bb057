/* CSV out (RFC 4180), such that a reader can tell everything apart that differs here.
 *
 *   null            `null_text`, never quoted; a value that reads the same is quoted
 *   empty string    "" (so the default null_text, nothing, stays null)
 *   string          quoted when it holds the delimiter, a quote or a line break, begins or ends with a blank, or could be
 *                   taken for a comment or a byte order mark at the start of a line
 *   number, date …  as format/text.h prints them; NaN, Infinity
 *   binary          base64
 *   json, nested    JSON text (value_json.h), non-finite numbers as strings
 * What cannot be written so that it reads back (quote: never and a delimiter inside; a null that would be an
 * empty line) fails, and the text says which option helps. Metadata is not written. */
#include "encode/put.h"
#include "encode/text_part.h"
#include "encode/value_json.h"
#include "format/text.h"

#include <string.h>

struct cpl_csv_encode_options {
    char delimiter, quote;
    int quoting, line_ending;
    bool header;
    const char *null_text;
};
enum quoting { MINIMAL, STRINGS, ALL, NEVER };

static const struct cpl_option options[] = {
    {.name = "delimiter",
     .type = CPL_OPTION_CHAR,
     .offset = offsetof(struct cpl_csv_encode_options, delimiter),
     .default_text = ",",
     .summary = "The character between fields.",
     .example = "tab"},
    {.name = "quote",
     .type = CPL_OPTION_CHAR,
     .offset = offsetof(struct cpl_csv_encode_options, quote),
     .default_text = "\"",
     .summary = "The character around quoted fields; inside it is doubled."},
    {.name = "quoting",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_csv_encode_options, quoting),
     .default_text = "minimal",
     .values = "minimal|strings|all|never",
     .summary = "Quote where needed, all strings, all values, or fail where it would be needed. "
                "Nulls are never quoted."},
    {.name = "header",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_csv_encode_options, header),
     .default_text = "true",
     .summary = "Begin the file with the columns' names."},
    {.name = "null_text",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_csv_encode_options, null_text),
     .default_text = "",
     .summary =
         "What stands for null; the default is nothing at all, an empty string is then \"\".",
     .example = "\\N"},
    {.name = "line_ending",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_csv_encode_options, line_ending),
     .default_text = "lf",
     .values = "lf|crlf",
     .summary = "How lines end."},
    {.name = NULL}};

struct csv_builder {
    struct cpl_text_builder text;
    const struct cpl_csv_encode_options *options;
    const struct cpl_schema *schema;
    struct cpl_buffer cell; /* a cell's text before it is quoted */
    size_t null_length;
    bool scalars_may_clash; /* a printed number or date may hold the delimiter or equal null_text */
};

/* ---- one cell ---- */

static uint64_t load64(const uint8_t *data)
{
    uint64_t word;
    memcpy(&word, data, sizeof word);
    return word;
}

/* Top bits set if a byte of the word is zero (and perhaps in bytes above it). */
static uint64_t zero_byte(uint64_t word)
{
    return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

/* Does the word hold the delimiter, the quote or a line break? */
static bool special_word(uint64_t word, uint8_t delimiter, uint8_t quote)
{
    const uint64_t ones = 0x0101010101010101u;
    return (zero_byte(word ^ ones * delimiter) | zero_byte(word ^ ones * quote) |
            zero_byte(word ^ ones * '\n') | zero_byte(word ^ ones * '\r')) != 0;
}

static bool has_special(const uint8_t *data, size_t length, uint8_t delimiter, uint8_t quote)
{
    if (length < 8) {
        bool found = false;
        for (size_t i = 0; i < length; i++)
            found |= data[i] == delimiter || data[i] == quote || data[i] == '\n' || data[i] == '\r';
        return found;
    }
    for (size_t i = 0; i + 8 < length; i += 8)
        if (special_word(load64(data + i), delimiter, quote))
            return true;
    return special_word(load64(data + length - 8), delimiter, quote);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool needs_quotes(const struct csv_builder *builder, const uint8_t *data, size_t length)
{
    const struct cpl_csv_encode_options *o = builder->options;
    if (length == builder->null_length && memcmp(data, o->null_text, length) == 0)
        return true;
    if (length == 0) /* many readers take it for null, and an empty line for none */
        return o->quoting != NEVER || builder->schema->n_fields == 1;
    return is_blank(data[0]) || is_blank(data[length - 1]) || data[0] == '#' ||
           (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) ||
           has_special(data, length, (uint8_t)o->delimiter, (uint8_t)o->quote);
}

static bool put_quoted(struct cpl_buffer *out, const uint8_t *data, size_t length, uint8_t quote,
                       struct cpl_error *err)
{
    if (!cpl_put_char(out, (char)quote, err))
        return false;
    while (length) {
        const uint8_t *inside = memchr(data, quote, length);
        size_t run = inside ? (size_t)(inside - data) + 1 : length;
        if (!cpl_put(out, data, run, err) || (inside && !cpl_put_char(out, (char)quote, err)))
            return false;
        data += run;
        length -= run;
    }
    return cpl_put_char(out, (char)quote, err);
}

static bool cannot_quote(const char *column, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_TYPE,
                    "column %s holds a value that CSV must quote (a delimiter, quote, line break, "
                    "or what reads as null), but quoting is \"never\"; set quoting: minimal, or "
                    "another delimiter or null_text",
                    column);
}

static bool put_text(struct csv_builder *builder, struct cpl_buffer *out, const uint8_t *data,
                     size_t length, bool string, const char *column, struct cpl_error *err)
{
    const struct cpl_csv_encode_options *o = builder->options;
    bool quotes = o->quoting == ALL || (o->quoting == STRINGS && string) ||
                  needs_quotes(builder, data, length);
    if (!quotes)
        return cpl_put(out, data, length, err);
    if (o->quoting == NEVER)
        return cannot_quote(column, err);
    return put_quoted(out, data, length, (uint8_t)o->quote, err);
}

static bool put_null(struct csv_builder *builder, const struct cpl_column *column,
                     struct cpl_error *err)
{
    if (builder->null_length == 0 && builder->schema->n_fields == 1)
        return cpl_fail(err, CPL_E_TYPE,
                        "column %s is the only one, so that its null would be an empty line, which "
                        "readers skip; set null_text",
                        column->field->name);
    return cpl_put(&builder->text.staging, builder->options->null_text, builder->null_length, err);
}

/* Numbers, dates and other printed values. */
static bool put_scalar(struct csv_builder *builder, const struct cpl_column *column, uint32_t row,
                       struct cpl_error *err)
{
    struct cpl_buffer *out = &builder->text.staging;
    if (builder->scalars_may_clash || builder->options->quoting == ALL) {
        char text[CPL_TEXT_MAX];
        size_t n = cpl_print_value(column, row, text);
        return put_text(builder, out, (const uint8_t *)text, n, false, column->field->name, err);
    }
    if (!cpl_put_room(out, CPL_TEXT_MAX, err))
        return false;
    out->size += cpl_print_value(column, row, (char *)out->data + out->size);
    return true;
}

/* Binary, JSON and nested values: text first, then quotes. */
static bool put_composed(struct csv_builder *builder, const struct cpl_column *column, uint32_t row,
                         struct cpl_error *err)
{
    struct cpl_buffer *cell = &builder->cell;
    cell->size = 0;
    bool ok = column->field->type.kind == CPL_BINARY
                  ? cpl_base64_put(cell, column->slices[row].data, column->slices[row].length, err)
                  : cpl_json_put_value(cell, column, row, CPL_NON_FINITE_STRING, err);
    return ok && put_text(builder, &builder->text.staging, cell->data, cell->size, true,
                          column->field->name, err);
}

static bool put_cell(struct csv_builder *builder, const struct cpl_column *column, uint32_t row,
                     struct cpl_error *err)
{
    if (!cpl_is_valid(column, row))
        return put_null(builder, column, err);
    switch (column->field->type.kind) {
    case CPL_STRING:
        return put_text(builder, &builder->text.staging, column->slices[row].data,
                        column->slices[row].length, true, column->field->name, err);
    case CPL_BINARY:
    case CPL_JSON:
    case CPL_STRUCT:
    case CPL_LIST:
    case CPL_MAP:
        return put_composed(builder, column, row, err);
    default:
        return put_scalar(builder, column, row, err);
    }
}

static bool end_line(struct cpl_buffer *out, const struct cpl_csv_encode_options *o,
                     struct cpl_error *err)
{
    return o->line_ending ? cpl_put(out, "\r\n", 2, err) : cpl_put(out, "\n", 1, err);
}

static bool put_row(struct cpl_text_builder *text, const struct cpl_batch *batch, uint32_t row,
                    struct cpl_error *err)
{
    struct csv_builder *builder = (struct csv_builder *)text;
    for (uint32_t i = 0; i < builder->schema->n_fields; i++)
        if ((i && !cpl_put_char(&text->staging, builder->options->delimiter, err)) ||
            !put_cell(builder, &batch->columns[i], row, err))
            return false;
    return end_line(&text->staging, builder->options, err);
}

/* ---- builder ---- */

static bool is_line_break_or_none(char c)
{
    return c == 0 || c == '\n' || c == '\r';
}

static bool check_options(const void *given, const char **key, struct cpl_error *err)
{
    const struct cpl_csv_encode_options *o = given;
    *key = is_line_break_or_none(o->quote) ? "quote" : "delimiter";
    if (is_line_break_or_none(o->delimiter) || is_line_break_or_none(o->quote))
        return cpl_fail(err, CPL_E_CONFIG,
                        "delimiter and quote must each be one character, not a line break");
    if (o->delimiter == o->quote)
        return cpl_fail(err, CPL_E_CONFIG, "delimiter and quote are the same character");
    *key = "null_text";
    size_t length = strlen(o->null_text);
    if (has_special((const uint8_t *)o->null_text, length, (uint8_t)o->delimiter,
                    (uint8_t)o->quote))
        return cpl_fail(err, CPL_E_CONFIG,
                        "null_text holds the delimiter, the quote or a line break");
    return true;
}

/* Characters that printed scalars are made of. */
static bool in_scalars(char c)
{
    return c && strchr("0123456789+-.:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", c);
}

static void init_builder(struct csv_builder *builder, const struct cpl_schema *schema,
                         const struct cpl_csv_encode_options *o)
{
    *builder = (struct csv_builder){.text.put_row = put_row,
                                    .options = o,
                                    .schema = schema,
                                    .null_length = strlen(o->null_text),
                                    .scalars_may_clash = in_scalars(o->delimiter) ||
                                                         in_scalars(o->quote) ||
                                                         in_scalars(*o->null_text)};
}

static struct cpl_part_builder *builder_new(const struct cpl_schema *schema, const void *given,
                                            struct cpl_error *err)
{
    const char *key;
    if (!check_options(given, &key, err))
        return NULL;
    struct csv_builder *builder = cpl_alloc(sizeof *builder, err);
    if (builder)
        init_builder(builder, schema, given);
    return (struct cpl_part_builder *)builder;
}

static void builder_free(struct cpl_part_builder *part_builder)
{
    struct csv_builder *builder = (struct csv_builder *)part_builder;
    if (!builder)
        return;
    cpl_text_builder_release(&builder->text);
    cpl_buffer_release(&builder->cell);
    cpl_free(builder);
}

/* ---- file ---- */

struct csv_file {
    struct cpl_write_sink *sink;
};

static bool put_header(const struct cpl_schema *schema, const struct cpl_csv_encode_options *o,
                       struct cpl_write_sink *sink, struct cpl_error *err)
{
    struct csv_builder builder;
    struct cpl_buffer out = {0};
    bool ok = true;
    init_builder(&builder, schema, o);
    for (uint32_t i = 0; ok && i < schema->n_fields; i++) {
        const char *name = schema->fields[i].name;
        ok = (!i || cpl_put_char(&out, o->delimiter, err)) &&
             put_text(&builder, &out, (const uint8_t *)name, strlen(name), true, name, err);
    }
    ok = ok && end_line(&out, o, err) && sink->write(sink, out.data, out.size, err);
    cpl_buffer_release(&out);
    return ok;
}

static struct cpl_file_encoder *file_new(const struct cpl_schema *schema, const void *given,
                                         struct cpl_write_sink *sink,
                                         const struct cpl_pairs *metadata, struct cpl_error *err)
{
    const char *key;
    const struct cpl_csv_encode_options *o = given;
    (void)metadata;
    if (!check_options(o, &key, err) || (o->header && !put_header(schema, o, sink, err)))
        return NULL;
    struct csv_file *file = cpl_alloc_zero(1, sizeof *file, err);
    if (file)
        file->sink = sink;
    return (struct cpl_file_encoder *)file;
}

static bool file_add(struct cpl_file_encoder *encoder, struct cpl_part *part, struct cpl_error *err)
{
    struct csv_file *file = (struct csv_file *)encoder;
    bool ok = cpl_text_part_write(part, file->sink, err);
    cpl_text_part_free(part);
    return ok;
}

static bool file_finish(struct cpl_file_encoder *encoder, struct cpl_error *err)
{
    (void)encoder;
    (void)err;
    return true;
}

static void file_free(struct cpl_file_encoder *file)
{
    cpl_free(file);
}

const struct cpl_encoder_ops cpl_encoder_csv = {
    .name = "csv",
    .summary = "CSV (RFC 4180): text in lines and columns",
    .extension = ".csv",
    .options = options,
    .options_size = sizeof(struct cpl_csv_encode_options),
    .check_options = check_options,
    .builder_new = builder_new,
    .use_budget = cpl_text_use_budget,
    .append = cpl_text_append,
    .finish = cpl_text_finish,
    .cut = cpl_text_cut,
    .discard = cpl_text_discard,
    .builder_free = builder_free,
    .part_info = cpl_text_part_info,
    .part_free = cpl_text_part_free,
    .file_new = file_new,
    .file_add = file_add,
    .file_finish = file_finish,
    .file_free = file_free,
};

/* CSV in blocks of any size, by reads of any size: the same rows, rejects and books as from one block. */
#include "decode/csv.h"
#include "decode/csv_giant.h"
#include "decode/stream_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { ONE_BLOCK = 1 << 20, MOST_BLOCK = 150 };

struct reading {
    const char *text;
    size_t size;
    const char *const *options;
    const char *charset; /* NULL = none; `text` is in it */
    uint64_t max_row_bytes;
    size_t block_size, piece;
    const size_t
        *row_ends; /* that the stream tells, a zero behind the last; NULL = it tells none */
};

/* The pieces of a text whose rows' ends are known. */
struct rows {
    struct cpl_stream base;
    struct cpl_stream *inner;
    const size_t *ends;
};

static bool rows_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                      struct cpl_error *err)
{
    struct rows *rows = (struct rows *)base;
    const size_t *end = rows->ends;
    while (*end && *end <= base->position)
        end++;
    if (*end && size > *end - base->position)
        size = *end - base->position;
    bool ok = cpl_stream_read(rows->inner, data, size, got, err);
    base->position = rows->inner->position;
    return ok;
}

static bool rows_ends_row(const struct cpl_stream *base)
{
    const struct rows *rows = (const struct rows *)base;
    for (const size_t *end = rows->ends; *end; end++)
        if (*end == base->position)
            return true;
    return false;
}

static void rows_close(struct cpl_stream *base)
{
    cpl_stream_close(((struct rows *)base)->inner);
    free(base);
}

static const struct cpl_stream_ops rows_ops = {
    .name = "rows", .read = rows_read, .ends_row = rows_ends_row, .close = rows_close};

static struct cpl_stream *rows_new(struct cpl_stream *inner, const size_t *ends)
{
    struct rows *rows = calloc(1, sizeof *rows);
    assert_non_null(rows);
    *rows = (struct rows){.base = {.ops = &rows_ops}, .inner = inner, .ends = ends};
    return &rows->base;
}

struct printing_sink {
    struct cpl_reject_sink base;
    struct cpl_buffer *out;
    const struct reading *reading;
};

static bool print_reject(struct cpl_reject_sink *base, const struct cpl_reject *r,
                         struct cpl_error *err)
{
    struct printing_sink *sink = (struct printing_sink *)base;
    assert_in_range(r->position + r->length, 0, sink->reading->size);
    assert_memory_equal(r->raw, sink->reading->text + r->position, r->raw_length);
    return cpl_buffer_printf(sink->out, err, "%s@%llu+%llu line %llu raw %zu\n", r->rule,
                             (unsigned long long)r->position, (unsigned long long)r->length,
                             (unsigned long long)r->line, r->raw_length);
}

static void print_rows(struct cpl_buffer *out, const struct cpl_batch *batch)
{
    for (uint32_t row = 0; row < batch->rows; row++)
        for (uint32_t f = 0; f < batch->schema->n_fields; f++) {
            const struct cpl_column *c = &batch->columns[f];
            if (cpl_is_valid(c, row))
                assert_true(
                    cpl_buffer_append(out, c->slices[row].data, c->slices[row].length, NULL));
            assert_true(
                cpl_buffer_append_text(out, f + 1 < batch->schema->n_fields ? "|" : "\n", NULL));
        }
}

static void print_books(struct cpl_buffer *out, const struct reading *reading,
                        const struct cpl_split_report *r)
{
    const struct cpl_object_bytes *o = &r->object;
    assert_int_equal(r->true_end, r->header_bytes + r->comment_bytes + r->blank_bytes +
                                      r->row_bytes + r->reject_bytes);
    if (!reading->charset) {
        assert_int_equal(r->true_end, reading->size);
        assert_int_equal(o->header, r->header_bytes);
        assert_int_equal(o->comment, r->comment_bytes);
        assert_int_equal(o->blank, r->blank_bytes);
        assert_int_equal(o->reject, r->reject_bytes);
    }
    assert_true(cpl_buffer_printf(
        out, NULL, "header %llu comment %llu blank %llu reject %llu lines %llu",
        (unsigned long long)o->header, (unsigned long long)o->comment, (unsigned long long)o->blank,
        (unsigned long long)o->reject, (unsigned long long)r->lines));
}

static void decode(const struct reading *reading, const struct cpl_decode_plan *plan,
                   struct cpl_buffer *out)
{
    struct cpl_error err = {0};
    struct cpl_buffer rows = {0};
    struct printing_sink sink = {.base = {.add = print_reject}, .out = out, .reading = reading};
    struct cpl_stream *stream = pieces_new(reading->text, reading->size, reading->piece);
    struct cpl_batch *batch = NULL;
    struct cpl_split_report report;
    if (reading->row_ends)
        stream = rows_new(stream, reading->row_ends);
    if (reading->charset)
        stream = cpl_stream_transcode(stream, reading->charset, &err);
    struct cpl_decoder *d = cpl_decoder_csv.open(plan, stream, 0, UINT64_MAX, true, &sink.base,
                                                 &err);
    assert_non_null(d);
    bool ok = true;
    do {
        ok = cpl_decoder_csv.next(d, &batch, &err);
        if (ok)
            print_rows(&rows, batch);
    } while (ok && batch->rows);
    assert_true(cpl_buffer_append(out, rows.data, rows.size, NULL));
    cpl_decoder_csv.report(d, &report);
    if (ok)
        print_books(out, reading, &report);
    else
        assert_true(cpl_buffer_append_text(out, err.message, NULL));
    cpl_buffer_release(&rows);
    cpl_decoder_csv.close(d);
    cpl_stream_close(stream);
}

/* Rejects, then rows, then the books; of two columns of text, a and b. The caller frees. */
static char *read_csv(const struct reading *reading)
{
    struct cpl_error err = {0};
    struct cpl_csv_dialect dialect = {0};
    struct cpl_arena arena = {0};
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_buffer out = {0};
    static const char sampled[64 + 64] = "a,b\nx,x\ny,y\n";
    const struct cpl_sample sample = {
        .data = (const uint8_t *)sampled, .size = strlen(sampled), .at_start = true};
    assert_true(cpl_options_parse(cpl_csv_options, NULL, "csv", &arena, &dialect, &err));
    for (const char *const *o = reading->options; o && *o; o += 2)
        assert_true(cpl_option_set(cpl_csv_options, o[0], o[1], "csv", &arena, &dialect, &err));
    assert_true(cpl_csv_infer(&dialect, &sample, 1, NULL, true, &schema, &columns, &err));
    dialect.block_size = reading->block_size;
    const struct cpl_decode_plan plan = {.ops = &cpl_decoder_csv,
                                         .settings = &dialect,
                                         .schema = schema,
                                         .columns = columns,
                                         .max_row_bytes = reading->max_row_bytes};
    decode(reading, &plan, &out);
    char *copy = strdup(cpl_buffer_text(&out, NULL));
    cpl_csv_release(&dialect);
    cpl_schema_free(schema);
    cpl_free(columns);
    cpl_arena_release(&arena);
    cpl_buffer_release(&out);
    return copy;
}

static void expect_in_blocks_of(struct reading reading, size_t block_size, const char *expected)
{
    static const size_t pieces[] = {1, 7, SIZE_MAX};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        reading.block_size = block_size;
        reading.piece = pieces[i];
        char *found = read_csv(&reading);
        if (strcmp(found, expected) != 0)
            fail_msg("blocks of %zu, pieces of %zu: %s\nexpected: %s", block_size, pieces[i], found,
                     expected);
        free(found);
    }
}

static void expect(struct reading reading, const char *expected)
{
    if (!reading.size)
        reading.size = strlen(reading.text);
    expect_in_blocks_of(reading, ONE_BLOCK, expected);
    for (size_t block_size = 16; block_size < MOST_BLOCK; block_size++)
        expect_in_blocks_of(reading, block_size, expected);
}

/* `pattern` over and over, between what stands before and behind it. The caller frees. */
static char *around(const char *before, const char *pattern, size_t times, const char *behind)
{
    struct cpl_buffer out = {0};
    assert_true(cpl_buffer_append_text(&out, before, NULL));
    for (size_t i = 0; i < times; i++)
        assert_true(cpl_buffer_append_text(&out, pattern, NULL));
    assert_true(cpl_buffer_append_text(&out, behind, NULL));
    char *text = strdup(cpl_buffer_text(&out, NULL));
    cpl_buffer_release(&out);
    return text;
}

static void expect_around(const char *before, const char *pattern, size_t times, const char *behind,
                          struct reading reading, const char *expected)
{
    char *text = around(before, pattern, times, behind);
    reading.text = text;
    expect(reading, expected);
    free(text);
}

static void edges(void **state)
{
    (void)state;
    static const char *const escape[] = {"escape", "\\", NULL};
    expect(
        (struct reading){
            .text = "\xEF\xBB\xBF\"a\"\"\",b\r\n1,\"x\"\r\n\r\n2,\"\"\"y\"\"\r\n\"\r\n"},
        "1|x\n2|\"y\"\r\n\nheader 12 comment 0 blank 2 reject 0 lines 5");
    expect((struct reading){.text = "a,\"b\"b,c\n1,2\n\"1\"2,3\n4,5,6\n7,8"},
           "quote@13+7 line 2 raw 7\nragged@20+6 line 3 raw 6\n1|2\n7|8\n"
           "header 9 comment 0 blank 0 reject 13 lines 4");
    expect((struct reading){.text = "a,b\n1,x\\", .options = escape},
           "1|x\\\nheader 4 comment 0 blank 0 reject 0 lines 1");
    expect((struct reading){.text = "a,b\n1,x\\\ny\n2,\\", .options = escape},
           "1|x\ny\n2|\\\nheader 4 comment 0 blank 0 reject 0 lines 3");
}

/* Whatever lies behind max_row_bytes, an unclosed quote costs its line where the bytes before look like rows. */
static void unclosed_quotes(void **state)
{
    (void)state;
    struct reading reading = {.max_row_bytes = 60};
    expect_around("a,b\n1,x\n2,\"y\n", "3,z\n", 14, "", reading,
                  "quote@8+5 line 2 raw 5\n1|x\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n"
                  "3|z\n3|z\n3|z\n3|z\nheader 4 comment 0 blank 0 reject 5 lines 17");
    /* closed, but too late */
    expect_around("a,b\n1,x\n2,\"y\n", "3,z\n", 15, "4,\"\n", reading,
                  "quote@8+5 line 2 raw 5\nquote@73+4 line 18 raw 4\n1|x\n3|z\n3|z\n3|z\n3|z\n3|z\n"
                  "3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n3|z\n"
                  "header 4 comment 0 blank 0 reject 9 lines 19");
    /* no rows: one field, too long, whether the input's end is in sight or not */
    expect_around(
        "a,b\n1,x\n2,\"y\n", "prose\n", 20, "", reading,
        "limit@8+125 line 2 raw 125\n1|x\nheader 4 comment 0 blank 0 reject 125 lines 23");
    expect_around("a,b\n1,x\n2,\"y\n", "prose\n", 20, "\"\n3,z", reading,
                  "limit@8+127 line 2 raw 127\n1|x\n3|z\n"
                  "header 4 comment 0 blank 0 reject 127 lines 24");
    /* no more than max_row_bytes are left: the line */
    expect_around("a,b\n1,x\n2,\"y\n", "prose\n", 9, "!", reading,
                  "quote@8+5 line 2 raw 5\nragged@13+6 line 3 raw 6\nragged@19+6 line 4 raw 6\n"
                  "ragged@25+6 line 5 raw 6\nragged@31+6 line 6 raw 6\nragged@37+6 line 7 raw 6\n"
                  "ragged@43+6 line 8 raw 6\nragged@49+6 line 9 raw 6\nragged@55+6 line 10 raw 6\n"
                  "ragged@61+6 line 11 raw 6\nragged@67+1 line 12 raw 1\n1|x\n"
                  "header 4 comment 0 blank 0 reject 60 lines 12");
}

static void long_rows(void **state)
{
    (void)state;
    struct reading reading = {.max_row_bytes = 60};
    expect_around("a,b\n1,", "x", 58, "\n2,y\r\n", reading,
                  "1|xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n2|y\n"
                  "header 4 comment 0 blank 0 reject 0 lines 3");
    expect_around("a,b\n1,", "x", 59, "\n2,y\n", reading,
                  "limit@4+62 line 1 raw 62\n2|y\nheader 4 comment 0 blank 0 reject 62 lines 3");
    expect_around("a,b\n2,y\n1,", "x", 59, "", reading,
                  "limit@8+61 line 2 raw 61\n2|y\nheader 4 comment 0 blank 0 reject 61 lines 2");
    /* too long, and its quotes are wrong, too */
    expect_around("a,b\n1,\"y\"", "x", 59, "\n2,y\n", reading,
                  "limit@4+65 line 1 raw 65\n2|y\nheader 4 comment 0 blank 0 reject 65 lines 3");
}

static void shown_bytes(void **state)
{
    (void)state;
    char *text = around("a,b\n1,", "x", 100000, "\n2,y\n");
    struct reading reading = {.text = text, .size = strlen(text), .max_row_bytes = 80000};
    static const char expected[] = "limit@4+100003 line 1 raw 65536\n2|y\n"
                                   "header 4 comment 0 blank 0 reject 100003 lines 3";
    expect_in_blocks_of(reading, ONE_BLOCK, expected);
    expect_in_blocks_of(reading, 64, expected);
    free(text);
}

static void comments_and_headers(void **state)
{
    (void)state;
    static const char *const comment[] = {"comment", "#", NULL};
    static const char *const names[] = {"names", "a,b", "header", "no", "skip_lines", "1", NULL};
    struct reading reading = {.max_row_bytes = 40, .options = comment};
    expect_around("#", "c", 60, "\na,b\n1,x\n", reading,
                  "1|x\nheader 4 comment 62 blank 0 reject 0 lines 3");
    expect_around("\n\r\na,b\n#", "\"", 61, "\n1,x\n#", reading,
                  "1|x\nheader 4 comment 64 blank 3 reject 0 lines 5");
    reading.options = names;
    expect_around("title ", "t", 100, "\n1,x\n", reading,
                  "1|x\nheader 107 comment 0 blank 0 reject 0 lines 2");
    reading.options = NULL;
    expect_around("a,b", "b", 37, "\n1,x\n", reading,
                  "1|x\nheader 41 comment 0 blank 0 reject 0 lines 2");
    expect_around("a,b", "b", 38, "\n1,x\n", reading,
                  "the header is longer than limits.max_row_bytes (40 bytes); is this CSV?");
    expect_around("a,\"b\n", "1,x\n", 10, "", reading,
                  "1|x\n1|x\n1|x\n1|x\n1|x\n1|x\n1|x\n1|x\n1|x\n1|x\n"
                  "header 5 comment 0 blank 0 reject 0 lines 11");
}

/* A character of four bytes, cut by every block's end somewhere, in a row that no block holds. */
static void characters(void **state)
{
    (void)state;
    struct reading reading = {.max_row_bytes = 40, .charset = "UTF-16LE"};
    char text[1000];
    size_t size = 0;
    for (const char *c = "a,b\n1,"; *c; c++)
        text[size++] = *c, text[size++] = 0;
    for (int i = 0; i < 60; i++, size += 4)
        memcpy(text + size, "\x3D\xD8\x00\xDE", 4); /* U+1F600 */
    for (const char *c = "\n2,y\n"; *c; c++)
        text[size++] = *c, text[size++] = 0;
    reading.text = text;
    reading.size = size;
    expect(reading, "limit@8+246 line 1 raw 246\n2|y\n"
                    "header 8 comment 0 blank 0 reject 246 lines 3");
}

/* The text of rows, each of which ends where the stream says. */
struct told {
    char text[400];
    size_t size, ends[16];
};

/* `rows` ends with NULL; `width` bytes a character, little-endian. */
static struct told tell(const char *const *rows, size_t width)
{
    struct told told = {0};
    for (size_t i = 0; rows[i]; i++) {
        for (const char *c = rows[i]; *c; c++, told.size += width)
            told.text[told.size] = *c;
        told.ends[i] = told.size;
    }
    return told;
}

static void expect_told(const char *const *rows, size_t width, struct reading reading,
                        const char *expected)
{
    struct told told = tell(rows, width);
    reading.text = told.text;
    reading.size = told.size;
    reading.row_ends = told.ends;
    expect(reading, expected);
}

/* No record goes on behind a row's end that the stream tells, whatever the row leaves open. */
static void rows_that_are_told(void **state)
{
    (void)state;
    static const char *const none[] = {"quote", "none", NULL};
    static const char *const escape[] = {"escape", "\\", NULL};
    static const char *const quotes[] = {"a,b\n",        "1,\"x\n", "2,\"y\n",
                                         "3,\"z\nz\"\n", "\"4\n",   NULL};
    static const char rejected[] = "quote@4+5 line 1 raw 5\nquote@9+5 line 2 raw 5\n"
                                   "quote@22+3 line 5 raw 3\n3|z\nz\n"
                                   "header 4 comment 0 blank 0 reject 13 lines 6";
    expect_told(quotes, 1, (struct reading){0}, rejected);
    expect_told(quotes, 2, (struct reading){.charset = "UTF-16LE"},
                "quote@8+10 line 1 raw 10\nquote@18+10 line 2 raw 10\n"
                "quote@44+6 line 5 raw 6\n3|z\nz\n"
                "header 8 comment 0 blank 0 reject 26 lines 6");
    /* without quotes the lines of a row are rows, but never those of two */
    expect_told(quotes, 1, (struct reading){.options = none},
                "ragged@19+3 line 4 raw 3\nragged@22+3 line 5 raw 3\n1|\"x\n2|\"y\n3|\"z\n"
                "header 4 comment 0 blank 0 reject 6 lines 6");
    /* all of a row that opens a quote, all of one that is too long */
    expect_told((const char *const[]){"a,b\n", "1,\"x\n2,y\n", "3,\"z\n", NULL}, 1,
                (struct reading){0},
                "quote@4+9 line 1 raw 9\nquote@13+5 line 3 raw 5\n"
                "header 4 comment 0 blank 0 reject 14 lines 4");
    expect_told(
        (const char *const[]){"a,b\n", "1,\"x\n2,y\n3,z\n4,z\n5,z\n", "6,\"z\n", "7,\"\"\n", NULL},
        1, (struct reading){.max_row_bytes = 12},
        "limit@4+21 line 1 raw 21\nquote@25+5 line 6 raw 5\n7|\n"
        "header 4 comment 0 blank 0 reject 26 lines 8");
    expect_told((const char *const[]){"a,b\n", "1,x\\\n", "2,y\n", "3,\"z\\\"\n", "4,\"\"\n",
                                      "5,\\\n", NULL},
                1, (struct reading){.options = escape},
                "quote@4+5 line 1 raw 5\nquote@13+7 line 3 raw 7\nquote@25+4 line 5 raw 4\n"
                "2|y\n4|\nheader 4 comment 0 blank 0 reject 16 lines 6");
    /* a header that opens a quote is a row's, too */
    expect_told((const char *const[]){"a,\"b\n", "1,\"x\"\n", NULL}, 1, (struct reading){0},
                "1|x\nheader 5 comment 0 blank 0 reject 0 lines 2");
}

/* Whatever quotes and escapes a line holds: it lands or is rejected, alone. */
static void any_line_that_is_told_is_one_row(void **state)
{
    (void)state;
    enum { LINES = 14, MOST = 8 };
    static const char alphabet[] = "ab,\"\"\\";
    static const char *const escape[] = {"escape", "\\", NULL};
    srand(5);
    for (int round = 0; round < 3000; round++) {
        char lines[LINES][MOST + 2] = {{0}};
        const char *rows[LINES + 2] = {"a,b\n"};
        for (int i = 0; i < LINES; i++) {
            int length = 1 + rand() % MOST;
            for (int k = 0; k < length; k++)
                lines[i][k] = alphabet[rand() % (int)(sizeof alphabet - 1)];
            lines[i][length] = '\n';
            rows[i + 1] = lines[i];
        }
        struct told told = tell(rows, 1);
        char *found = read_csv(&(struct reading){.text = told.text,
                                                 .size = told.size,
                                                 .row_ends = told.ends,
                                                 .options = round % 2 ? escape : NULL,
                                                 .max_row_bytes = round % 3 ? 0 : 4,
                                                 .block_size = 16 + (size_t)(rand() % MOST_BLOCK),
                                                 .piece = 1 + (size_t)(rand() % 40)});
        int n = 0;
        for (const char *c = found; *c; c++)
            n += *c == '\n';
        if (n != LINES)
            fail_msg("round %d, %s: %s", round, told.text, found);
        free(found);
    }
}

/* Where no newline stands, none ends a row. */
static void told_ends_without_newline(void **state)
{
    (void)state;
    expect_told((const char *const[]){"a,b\n", "1,x", "y\n", "2,\"z\n", "3,z\n", NULL}, 1,
                (struct reading){0},
                "quote@9+5 line 2 raw 5\n1|xy\n3|z\nheader 4 comment 0 blank 0 reject 5 lines 4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edges),
        cmocka_unit_test(unclosed_quotes),
        cmocka_unit_test(long_rows),
        cmocka_unit_test(shown_bytes),
        cmocka_unit_test(comments_and_headers),
        cmocka_unit_test(characters),
        cmocka_unit_test(rows_that_are_told),
        cmocka_unit_test(any_line_that_is_told_is_one_row),
        cmocka_unit_test(told_ends_without_newline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* CSV: dialects, rows, cells, rejects; the same rows from every cut, instruction set and read size. */
#include "decode/csv.h"
#include "decode/csv_column.h"
#include "decode/csv_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

struct run {
    struct cpl_arena arena;
    struct cpl_csv_dialect dialect;
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_decode_plan plan;
    struct cpl_reject_sink sink;
    struct cpl_buffer rows, rejects; /* printed */
    struct cpl_split_report report;
    uint64_t bytes; /* header + comments + blanks + rows + rejects, over all splits */
};
static struct run *current;

static bool note_reject(struct cpl_reject_sink *sink, const struct cpl_reject *r,
                        struct cpl_error *err)
{
    (void)sink;
    return cpl_buffer_printf(&current->rejects, err, "%s@%llu+%llu:%s ", r->rule,
                             (unsigned long long)r->position, (unsigned long long)r->length,
                             r->column ? r->column : "-");
}

static void print_batch(struct run *run, const struct cpl_batch *batch)
{
    for (uint32_t row = 0; row < batch->rows; row++) {
        for (uint32_t f = 0; f < batch->schema->n_fields; f++) {
            const struct cpl_column *c = &batch->columns[f];
            char text[CPL_TEXT_MAX];
            assert_true(cpl_buffer_append_text(&run->rows, f ? "|" : "", NULL));
            if (!cpl_is_valid(c, row))
                assert_true(cpl_buffer_append_text(&run->rows, "~", NULL));
            else if (cpl_kind_is_slice(c->field->type.kind))
                assert_true(cpl_buffer_append(&run->rows, c->slices[row].data,
                                              c->slices[row].length, NULL));
            else
                assert_true(
                    cpl_buffer_append(&run->rows, text, cpl_print_value(c, row, text), NULL));
        }
        assert_true(cpl_buffer_append_text(&run->rows, "\n", NULL));
    }
}

/* The text with the slack that samples promise. */
static char *padded(const char *text, size_t size)
{
    char *copy = calloc(1, size + 64);
    memcpy(copy, text, size);
    return copy;
}

static void begin(struct run *run, const char *text, size_t size, const char *const *options,
                  const struct cpl_schema *declared)
{
    struct cpl_error err = {0};
    *run = (struct run){.sink = {.add = note_reject}};
    current = run;
    assert_true(cpl_options_parse(cpl_csv_options, NULL, "csv", &run->arena, &run->dialect, &err));
    for (; options && *options; options += 2)
        if (!cpl_option_set(cpl_csv_options, options[0], options[1], "csv", &run->arena,
                            &run->dialect, &err))
            fail_msg("%s", err.message);
    char *copy = padded(text, size);
    struct cpl_sample sample = {
        .data = (uint8_t *)copy, .size = size, .at_start = true, .whole = true};
    if (!cpl_csv_infer(&run->dialect, &sample, 1, declared, true, &run->schema, &run->columns,
                       &err))
        fail_msg("%s", err.message);
    free(copy);
    run->plan = (struct cpl_decode_plan){.ops = &cpl_decoder_csv,
                                         .settings = &run->dialect,
                                         .schema = run->schema,
                                         .columns = run->columns};
}

static void end(struct run *run)
{
    cpl_csv_release(&run->dialect);
    cpl_schema_free(run->schema);
    cpl_free(run->columns);
    cpl_arena_release(&run->arena);
    cpl_buffer_release(&run->rows);
    cpl_buffer_release(&run->rejects);
}

static void decode_split(struct run *run, const char *text, size_t size, uint64_t from, uint64_t to,
                         bool at_row_start)
{
    struct cpl_error err = {0};
    struct cpl_stream *stream = cpl_stream_memory(text + from, size - from, &err);
    struct cpl_decoder *d = cpl_decoder_csv.open(&run->plan, stream, from, to, at_row_start,
                                                 &run->sink, &err);
    if (!d)
        fail_msg("%s", err.message);
    struct cpl_batch *batch;
    do {
        if (!cpl_decoder_csv.next(d, &batch, &err))
            fail_msg("%s", err.message);
        print_batch(run, batch);
    } while (batch->rows);
    cpl_decoder_csv.report(d, &run->report);
    const struct cpl_split_report *r = &run->report;
    assert_int_equal(r->rows_read, r->rows_decoded + r->rows_rejected);
    run->bytes += r->header_bytes + r->comment_bytes + r->blank_bytes + r->row_bytes +
                  r->reject_bytes;
    cpl_decoder_csv.close(d);
    cpl_stream_close(stream);
}

static const char *rows_of(struct run *run)
{
    return cpl_buffer_text(&run->rows, NULL);
}
static const char *rejects_of(struct run *run)
{
    return cpl_buffer_text(&run->rejects, NULL);
}

static void expect(const char *text, const char *const *options, const char *rows,
                   const char *rejects)
{
    struct run run;
    begin(&run, text, strlen(text), options, NULL);
    decode_split(&run, text, strlen(text), 0, UINT64_MAX, true);
    assert_string_equal(rows_of(&run), rows);
    assert_string_equal(rejects_of(&run), rejects);
    assert_int_equal(run.bytes, strlen(text)); /* every byte */
    assert_int_equal(run.report.true_end, strlen(text));
    end(&run);
}
#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void dialects(void **state)
{
    (void)state;
    expect("a,b\n1,x\n2,y\n", NULL, "1|x\n2|y\n", "");
    expect("a;b\r\n1;x\r\n2;\"y;z\"\r\n", NULL, "1|x\n2|y;z\n", "");
    expect("a\tb\n1\tx\n2\ty", NULL, "1|x\n2|y\n", "");
    expect("a|b\r1|x\r2|y\r", NULL, "1|x\n2|y\n", "");
    expect("# made by hand\n# twice\na,b\n1,x\n", NULL, "1|x\n", "");
    expect("Report of May\n\na,b\n1,x\n2,y\n", NULL, "1|x\n2|y\n", "");
    expect("\xEF\xBB\xBF"
           "a,b\n1,x\n",
           NULL, "1|x\n", "");
    expect("1,2\n3,4\n", NULL, "1|2\n3|4\n", "");
    expect("a;b\n1;x;\n2;y;\n", NULL, "1|x\n2|y\n", "");
    expect("Report of May\na;b\n1;x;\n2;y;\n3;z;\n", NULL, "1|x\n2|y\n3|z\n", "");
    expect("7,8,9\n1,2\n1,3\n1,4\n1,5\n", NULL, "1|2\n1|3\n1|4\n1|5\n", "ragged@0+6:- ");
    expect("a;b\n1,5;x\n2,25;y\n", NULL, "1.50|x\n2.25|y\n", "");
    expect("a,b\n\"x\\\"y\",1\n\"z\",2\n", NULL, "x\"y|1\nz|2\n", "");
    expect("name\nAnn Lee\nBob Ray\n", NULL, "Ann Lee\nBob Ray\n", "");
    expect("url\nhttp://a.com/x\nhttp://b.com/y\n", NULL, "http://a.com/x\nhttp://b.com/y\n", "");
    expect("address\nMain St 5, Berlin\nFoo 3, Paris\n", NULL, "Main St 5, Berlin\nFoo 3, Paris\n",
           "");
    expect("ts\n2026-01-01 10:00:00\n2026-01-01 11:00:00\n", NULL,
           "2026-01-01T10:00:00\n2026-01-01T11:00:00\n", "");
    expect("a;b\n2,5;x\nbad;y\n4,5;z\n", NULL, "2,5|x\nbad|y\n4,5|z\n", "");
    expect("a,b\n'x,1',2\n'y,2',3\n", OPTIONS("quote", "'"), "x,1|2\ny,2|3\n", "");
}

/* The header says what the rows should be, though none is it; columns of which nothing is known are strings. */
static void no_row_is_good(void **state)
{
    (void)state;
    expect("a,b,c\n1,2,3\n1,2\n1,3\n", NULL, "1|2|3\n", "ragged@12+4:- ragged@16+4:- ");
    expect("a,b,c\n1,2\n1,3\n", NULL, "", "ragged@6+4:- ragged@10+4:- ");
    expect("a;b\nx\ny\n", NULL, "", "ragged@4+2:- ragged@6+2:- ");
    expect("a,b\nx\n1,2,3\n", NULL, "", "ragged@4+2:- ragged@6+6:- ");
    expect("a; b\nx\ny\n", NULL, "x\ny\n", ""); /* a sentence, not a header */
    struct run run;
    const char *text = "a,b\nx\ny\nz\n";
    begin(&run, text, strlen(text), NULL, NULL);
    assert_int_equal(run.schema->n_fields, 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(run.schema->fields[i].type.kind, CPL_STRING);
    end(&run);
}

/* Where the width is said, rows of no other one are taken, but for a header that names more. */
static void width_is_said(void **state)
{
    (void)state;
    expect("a,b\n1,2\n1,2,3\n", OPTIONS("columns", "3"), "1|2|3\n", "ragged@4+4:- ");
    expect("a,b,c\n1,2\n1,2,3\n", OPTIONS("columns", "2"), "1|2|3\n", "ragged@6+4:- ");
    expect("1,2\n3,4\n", OPTIONS("columns", "3", "header", "no"), "", "ragged@0+4:- ragged@4+4:- ");
    expect("1,2\n3,4\n", OPTIONS("columns", "1", "header", "no"), "", "ragged@0+4:- ragged@4+4:- ");
}

/* A sample of bad rows asks for a longer one, until there is none or enough were seen. */
static void bad_rows_ask_for_more(void **state)
{
    (void)state;
    char text[64 + 64] = "a,b\nx\ny\nz\n";
    struct cpl_sample sample = {
        .data = (const uint8_t *)text, .size = strlen(text), .at_start = true};
    for (int longest = 0; longest < 2; longest++) {
        struct cpl_csv_dialect dialect = {.quote = '"', .escape = '"', .empty_is_null = true};
        struct cpl_schema *schema = NULL;
        struct cpl_column_plan *columns = NULL;
        struct cpl_error err = {0};
        sample.longest = longest;
        bool ok = cpl_csv_infer(&dialect, &sample, 1, NULL, true, &schema, &columns, &err);
        assert_int_equal(ok, longest);
        assert_int_equal(err.code, longest ? CPL_E_NONE : CPL_E_DATA);
        cpl_schema_free(schema);
        cpl_free(columns);
        cpl_csv_release(&dialect);
    }
}

static void blanks_above_the_header(void **state)
{
    (void)state;
    expect("\na,b\n1,x\n", NULL, "1|x\n", "");
    expect("\r\n\r\na,b\r\n1,x\r\n", NULL, "1|x\n", "");
    expect("\r\ra,b\r1,x\r2,y\r", NULL, "1|x\n2|y\n", "");
    expect("\xEF\xBB\xBF\n\"a\",\"b\"\n1,x\n", NULL, "1|x\n", "");
    expect("\n\na,b\n1,x\n", OPTIONS("header", "yes"), "1|x\n", "");
    expect("#c,\"\n\n#d\n\na,b\n1,x\n", OPTIONS("comment", "#"), "1|x\n", "");
    expect("sep=;\n\na;b\n1;x\n", NULL, "1|x\n", "");
    expect("Report\n\na,b\n1,x\n", OPTIONS("skip_lines", "1"), "1|x\n", "");
    expect("\nname\nx\n\ny\n", NULL, "x\n~\ny\n", "");
    struct run run;
    const char *text = "\n#c\n\r\na,b\n1,x\n";
    begin(&run, text, strlen(text), OPTIONS("comment", "#"), NULL);
    decode_split(&run, text, strlen(text), 0, UINT64_MAX, true);
    assert_int_equal(run.report.blank_bytes, 3);
    assert_int_equal(run.report.comment_bytes, 3);
    assert_int_equal(run.report.header_bytes, 4);
    assert_int_equal(run.report.object.blank, 3);
    assert_string_equal(run.dialect.column_names[0], "a");
    end(&run);
}

/* What is taken for a preamble does not look like rows; where the header is said, or lines to skip, nothing is. */
static void rows_are_no_preamble(void **state)
{
    (void)state;
    expect("Report, May 2026\n\nid,n,x\n1,2,3\n4,5,6\n", NULL, "1|2|3\n4|5|6\n", "");
    expect("1,y\n1,a,b\n2,c,d\n3,e,f\n", NULL, "1|a|b\n2|c|d\n3|e|f\n", "ragged@0+4:- ");
    expect("7\n1,a\n2,c\n3,e\n", NULL, "1|a\n2|c\n3|e\n", "ragged@0+2:- ");
    expect("1, 2\nx, y, z\nu, v, w\nr, s, t\n", NULL, "x| y| z\nu| v| w\nr| s| t\n",
           "ragged@0+5:- ");
    expect("id,txt\n1,a,b\n2,a,b\n3,a,b\n", NULL, "1|a|b\n2|a|b\n3|a|b\n", "");
    expect("Title of it\na,b\n1,2,\n3,4,\n5,6,\n", OPTIONS("header", "yes"), "",
           "ragged@12+4:- ragged@16+5:- ragged@21+5:- ragged@26+5:- ");
    expect("id,txt\n1,a,b\n2,a\n", OPTIONS("header", "yes"), "2|a\n", "ragged@7+6:- ");
    expect("Title\n1,a\n2,b\n3,c\n", OPTIONS("header", "no"), "1|a\n2|b\n3|c\n", "ragged@0+6:- ");
    expect("a,b\n1,2,\n3,4,\n", OPTIONS("header", "no"), "1|2|~\n3|4|~\n", "ragged@0+4:- ");
    expect("a,b\n1,2,\n3,4,\n", OPTIONS("header", "yes"), "1|2\n3|4\n", "");
    expect("a,b\n1,2,\n3,4,x\n", NULL, "1|2|~\n3|4|x\n", "");
    expect("a,b\r\n1,2,\r\n3,4,x\r\n", OPTIONS("trailing_delimiter", "true"), "1|2\n",
           "ragged@11+7:- ");
    expect("x,\"y\nTitle\n1,a\n2,b\n3,c\n", OPTIONS("skip_lines", "1", "header", "no"),
           "1|a\n2|b\n3|c\n", "ragged@5+6:- ");
    struct cpl_buffer text = {0}, want = {0}, rejects = {0};
    for (int i = 0; i < 60; i++) {
        bool ragged = i < 25;
        unsigned long long at = text.size;
        assert_true(cpl_buffer_printf(&text, NULL, "w%02d%s\n", i, ragged ? "" : ",full"));
        if (ragged)
            assert_true(cpl_buffer_printf(&rejects, NULL, "ragged@%llu+4:- ", at));
        else
            assert_true(cpl_buffer_printf(&want, NULL, "w%02d|full\n", i));
    }
    expect(cpl_buffer_text(&text, NULL), OPTIONS("header", "no"), cpl_buffer_text(&want, NULL),
           cpl_buffer_text(&rejects, NULL));
    cpl_buffer_release(&text);
    cpl_buffer_release(&want);
    cpl_buffer_release(&rejects);
}

/* ---- further objects ---- */

/* The rows of `text` behind an object that looks like `first`; NULL: it is refused. */
static void expect_further(const char *first, const char *text, const char *const *options,
                           const char *rows, const char *rejects)
{
    struct run run;
    void *own = NULL;
    struct cpl_error err = {0};
    begin(&run, first, strlen(first), options, NULL);
    char *copy = padded(text, strlen(text));
    struct cpl_sample head = {
        .data = (uint8_t *)copy, .size = strlen(text), .at_start = true, .whole = true};
    bool ok = cpl_csv_for_object(&run.dialect, NULL, &head, run.schema, false, &own, &err);
    assert_int_equal(ok, rows != NULL);
    if (own)
        run.plan.settings = own;
    if (ok) {
        decode_split(&run, text, strlen(text), 0, UINT64_MAX, true);
        assert_string_equal(rows_of(&run), rows);
        assert_string_equal(rejects_of(&run), rejects);
        assert_int_equal(run.bytes, strlen(text));
    }
    if (own)
        cpl_csv_release(own);
    cpl_free(own);
    free(copy);
    end(&run);
}

static void objects_have_their_own(void **state)
{
    (void)state;
    const char *first = "a,b\n1,x\n2,y\n";
    expect_further(first, "\n\nb,a\nz,3\n", NULL, "3|z\n", "");
    expect_further(first, "a;b\n3;z\n", NULL, "3|z\n", "");
    expect_further(first, "a;b\n3;z\n", OPTIONS("delimiter", ","), NULL, NULL);
    expect_further(first, "a,b\r3,z\r4,w\r", NULL, "3|z\n4|w\n", "");
    expect_further(first, "a,b\r3,z\r4,w\r", OPTIONS("newline", "lf"), NULL, NULL);
    expect_further(first, "a,\"b\n3,z\n4,w\n", NULL, NULL, NULL); /* not swallowed */
    expect_further(first, "\n\n", NULL, "", "");
    expect_further("# by hand\na,b\nk,x\n", "a,b\nl,z\n#c,w\n", NULL, "l|z\n#c|w\n", "");
    expect_further("Title of it\n1,x\n2,y\n", "3,z\n4,w\n", NULL, "3|z\n4|w\n", "");
    expect_further("1,x\n2,y\n", "Title of it\n3,z\n4,w\n", NULL, "3|z\n4|w\n", "");
    expect_further("1,x\n2,y\n", "Title of it\n3,z\n4,w\n", OPTIONS("header", "no"), "3|z\n4|w\n",
                   "ragged@0+12:- ");
    expect_further("1;2,5;x\n2;3,5;y\n", "3;4,5;z,z,z\n", NULL, "3|4.5|z,z,z\n", "");
    expect_further("1,x\n2,y\n", "3\n4,z\n5\n", NULL, "4|z\n", "ragged@0+2:- ragged@6+2:- ");
}

/* What is said of an object alone goes before what the first one is, and nothing is guessed. */
static void said_of_one_object(void **state)
{
    (void)state;
    struct run run;
    const char *text = "a|b\r3|z\rbad\r";
    begin(&run, "a,b\n1,x\n", 8, NULL, NULL);
    struct cpl_csv_dialect said = {.delimiter = '|',
                                   .delimiter_set = true,
                                   .quote = 0,
                                   .quote_set = true,
                                   .escape_set = true,
                                   .comment_set = true,
                                   .newline = CPL_NEWLINE_CR,
                                   .newline_set = true,
                                   .header = CPL_HEADER_YES,
                                   .header_set = true,
                                   .skip_set = true,
                                   .empty_is_null = true};
    struct cpl_error err = {0};
    void *own = NULL;
    char *copy = padded(text, strlen(text));
    struct cpl_sample head = {
        .data = (uint8_t *)copy, .size = strlen(text), .at_start = true, .whole = true};
    assert_true(cpl_csv_for_object(&run.dialect, &said, &head, run.schema, false, &own, &err));
    assert_non_null(own);
    run.plan.settings = own;
    decode_split(&run, text, strlen(text), 0, UINT64_MAX, true);
    assert_string_equal(rows_of(&run), "3|z\n");
    assert_string_equal(rejects_of(&run), "ragged@8+4:- ");
    cpl_csv_release(own);
    cpl_free(own);
    free(copy);
    end(&run);
}

static void memory_failures_of_further_objects(void **state)
{
    (void)state;
    struct run run;
    begin(&run, "a,b\n1,x\n", 8, NULL, NULL);
    char *copy = padded("sep=;\nb;a\nz;3\n", 14);
    struct cpl_sample head = {.data = (uint8_t *)copy, .size = 14, .at_start = true, .whole = true};
    for (uint64_t n = 1;; n++) {
        struct cpl_error err = {0};
        void *own = NULL;
        head.data = (uint8_t *)copy + (n & 1 ? 0 : 6); /* with and without its separator line */
        head.size = n & 1 ? 14 : 8;
        cpl_memory_fail_at((n + 1) / 2);
        bool ok = cpl_csv_for_object(&run.dialect, NULL, &head, run.schema, false, &own, &err);
        cpl_memory_fail_at(0);
        if (own)
            cpl_csv_release(own);
        cpl_free(own);
        if (ok && !(n & 1))
            break;
        assert_true(ok || err.code == CPL_E_MEMORY);
    }
    free(copy);
    end(&run);
}

static void comments_are_told_from_rows(void **state)
{
    (void)state;
    expect("#a,1\n#b,2\n#c,3\nd,4\n", OPTIONS("header", "no"), "#a|1\n#b|2\n#c|3\nd|4\n", "");
    expect("#red\n#blue\ngreen\n", OPTIONS("header", "no"), "#red\n#blue\ngreen\n", "");
    expect("# size,\"5 inch\n# by hand\na,b\n1,x\n", NULL, "1|x\n", "");
    expect("# one\r# two\ra,b\r1,x\r", NULL, "1|x\n", "");
    expect("\n# one\na,b\n1,x\n", NULL, "1|x\n", "");
    expect("#id,name\n1,x\n", NULL, "1|x\n", "");
}

static void newlines_outside_quotes(void **state)
{
    (void)state;
    expect("a,b\r1,\"x\ny\"\r2,z\r", NULL, "1|x\ny\n2|z\n", "");
    expect("a,b\n1,\"x\ry\"\n2,z\n", NULL, "1|x\ry\n2|z\n", "");
    expect("a,b\r1,\"x\"\"\ny\"\r2,\"\"\r", NULL, "1|x\"\ny\n2|\n", "");
    expect("a^b\r1^\"x\ny\"\r2^z\r", OPTIONS("delimiter", "^"), "1|x\ny\n2|z\n", "");
}

static void cells(void **state)
{
    (void)state;
    expect("a,b\n,\"\"\nx,y\n", NULL, "~|\nx|y\n", "");
    expect("a,b\nNA,1\nx,NULL\n", OPTIONS("nulls", "NA,NULL"), "~|1\nx|~\n", "");
    expect("a,b\n\\N,1\nx,\\N\n\\\\N,2\n", OPTIONS("nulls", "\\N", "escape", "\\"),
           "~|1\nx|~\n\\N|2\n", "");
    expect("a,b\n\"x\"\"y\",\"line\nbreak\"\n", NULL, "x\"y|line\nbreak\n", "");
    expect("a,b\n5\" pipe,he said \"hi\"\n", NULL, "5\" pipe|he said \"hi\"\n", "");
    expect("a,b\n\"1\",\"2024-02-29\"\n\"22\",\"2024-03-01\"\n", NULL,
           "1|2024-02-29\n22|2024-03-01\n", "");
    expect("a\n007\n8\n", NULL, "007\n8\n", "");
    expect("a\n-5\n 7 \n", NULL, "-5\n7\n", "");
    expect("a,b\n1.10,9223372036854775807\n2.5,1\n", NULL, "1.10|9223372036854775807\n2.50|1\n",
           "");
    expect("a,b\n9223372036854775808,1\n2,1\n", NULL, "9223372036854775808|1\n2|1\n", "");
}

static void bad_rows(void **state)
{
    (void)state;
    expect("a,b\n1,x\n2\n3,y,z\n4,w\n", NULL, "1|x\n4|w\n", "ragged@8+2:- ragged@10+6:- ");
    expect("a,b\n1,x\n2\n", OPTIONS("ragged", "pad"), "1|x\n2|~\n", "");
    expect("a,b,c\r\n1,x,y\r\n2,z\r\n3\r\n4,\r\n5,\"q\"\r\n\"6\"\r\n7,\r\r\n8\n9,w\r",
           OPTIONS("ragged", "pad"),
           "1|x|y\n2|z|~\n3|~|~\n4|~|~\n5|q|~\n6|~|~\n7|\r|~\n8|~|~\n9|w|~\n", "");
    expect("a,b,c\r1,x,y\r2,z\r3\r4,\"q\"", OPTIONS("ragged", "pad"),
           "1|x|y\n2|z|~\n3|~|~\n4|q|~\n", "");
    expect("a,b\n1,\"x\"y\n2,z\n", NULL, "2|z\n", "quote@4+7:- ");
    expect("a,b\n1,x\n2,\"open\n3,y\n4,z\n", NULL, "1|x\n3|y\n4|z\n", "quote@8+8:- ");
    expect("a\nx\n\r", NULL, "x\n", "");
    expect("a\nx\n\n\r\ny", NULL, "x\n~\n~\ny\n", "");
    expect("a,b\n1,x\n\n2,\xFF\n3,\xC3\xA9\n", NULL, "1|x\n3|\xC3\xA9\n", "charset@9+4:- ");
    expect("a,b\n1,\"x\"\ry\"\n2,\"x\"\r\n3,\"x\"\r", NULL, "2|x\n3|x\n", "quote@4+9:- ");
    expect("a,b\n1,\\\xFF\n2,\"\\\xFF\"\n3,\\\xC3\xA9\n4,\\\r\n", OPTIONS("escape", "\\"),
           "3|\xC3\xA9\n4|\\\n", "charset@4+5:- charset@9+7:- ");
}

static void declared_types_reject(void **state)
{
    (void)state;
    const char *text = "id,day\n1,2024-01-01\nx,2024-01-02\n3,2024-02-30\n,2024-01-04\n5,\n";
    struct cpl_field fields[] = {
        {.name = "id", .type = {.kind = CPL_I32}, .nullable = false, .field_id = -1},
        {.name = "day", .type = {.kind = CPL_DATE}, .nullable = true, .field_id = -1}};
    struct cpl_schema *declared = cpl_schema_new(fields, 2, NULL);
    struct run run;
    begin(&run, text, strlen(text), NULL, declared);
    decode_split(&run, text, strlen(text), 0, UINT64_MAX, true);
    assert_string_equal(rows_of(&run), "1|2024-01-01\n5|~\n");
    assert_string_equal(rejects_of(&run), "type@20+13:id type@33+13:day null@46+12:id ");
    assert_int_equal(run.bytes, strlen(text));
    end(&run);
    cpl_schema_free(declared);
}

/* Decodes `text` by a plan from `sample`: the schema joined with what it needs; the report is in *run, which the caller ends. */
static struct cpl_schema *widen_by(struct run *run, const char *sample, const char *text)
{
    struct cpl_buffer needs = {0};
    struct cpl_error err = {0};
    begin(run, sample, strlen(sample), NULL, NULL);
    struct cpl_stream *stream = cpl_stream_memory(text, strlen(text), &err);
    struct cpl_decoder *d = cpl_decoder_csv.open(&run->plan, stream, 0, UINT64_MAX, true,
                                                 &run->sink, &err);
    struct cpl_batch *batch;
    do
        assert_true(cpl_decoder_csv.next(d, &batch, &err));
    while (batch->rows);
    cpl_decoder_csv.report(d, &run->report);
    assert_true(cpl_decoder_csv.needs(d, &needs, &err));
    cpl_decoder_csv.close(d);
    cpl_stream_close(stream);
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    assert_true(cpl_decoder_csv.widen(&run->plan, &needs, 1, &schema, &columns, &err));
    cpl_free(columns);
    cpl_buffer_release(&needs);
    return schema;
}

/* The type of column `f` after widening, which must have been asked for as said. */
static enum cpl_kind kind_after(const char *sample, const char *text, uint32_t f, bool widened,
                                bool closer)
{
    struct run run;
    struct cpl_schema *schema = widen_by(&run, sample, text);
    enum cpl_kind kind = schema->fields[f].type.kind;
    assert_int_equal(run.report.widened, widened);
    assert_int_equal(run.report.closer, closer);
    cpl_schema_free(schema);
    end(&run);
    return kind;
}

/* Where no sample has a value, the rows say what the column is. */
static void a_column_without_samples_gets_its_type(void **state)
{
    (void)state;
    const char *sample = "a,b\n1,\n2,\n";
    assert_int_equal(kind_after(sample, "a,b\n1,\n2,7\n", 1, false, true), CPL_I64);
    assert_int_equal(kind_after(sample, "a,b\n1,\n2,\"7\"\n3,1.5\n", 1, false, true), CPL_DECIMAL);
    assert_int_equal(kind_after(sample, "a,b\n1,\n2,7\n3,x\n", 1, false, false), CPL_STRING);
    assert_int_equal(kind_after(sample, "a,b\n1,\n2,\n", 1, false, false), CPL_STRING);
    assert_int_equal(kind_after(sample, "a,b\nx,\n2,7\n", 1, true, true), CPL_I64);
}

static void inferred_types_widen(void **state)
{
    (void)state;
    const char *sample = "a,b\n1,1.5\n2,2.5\n", *text = "a,b\n1,1.5\n2,2.125\nx,3.5\n";
    struct run run;
    struct cpl_schema *schema = widen_by(&run, sample, text);
    assert_true(run.report.widened);
    assert_int_equal(run.report.rows_rejected, 0);
    assert_int_equal(schema->fields[0].type.kind, CPL_STRING);
    assert_int_equal(schema->fields[1].type.kind, CPL_DECIMAL);
    assert_int_equal(schema->fields[1].type.scale, 3);
    cpl_schema_free(schema);
    end(&run);
}

/* ---- the same rows from any cut ---- */

static char *random_table(unsigned seed, size_t rows, size_t *size)
{
    struct cpl_buffer out = {0};
    srand(seed);
    if (seed % 2) /* these lines are comments, and those further down are rows */
        assert_true(cpl_buffer_append_text(&out, "# made by hand\n\n# twice, \"so\n", NULL));
    assert_true(cpl_buffer_append_text(&out, "id,text,amount\n", NULL));
    static const char *const texts[] = {
        "plain", "\"with, comma\"", "\"two\nlines\"",       "\"a \"\"quote\"\"\"", "",
        "\"\"",  "inch 5\"",        "\xC3\xA4\xE2\x82\xAC", "\"\n\n,\n\""};
    for (size_t i = 0; i < rows; i++) {
        if (rand() % 23 == 0)
            assert_true(cpl_buffer_printf(&out, NULL, "%d,ragged\n", rand()));
        else if (rand() % 29 == 0)
            assert_true(cpl_buffer_append_text(&out, "\n", NULL));
        else if (rand() % 31 == 0)
            assert_true(cpl_buffer_append_text(&out, "# remark, \"so\"\n", NULL));
        else
            assert_true(cpl_buffer_printf(&out, NULL, "%d,%s,%d.%02d%s", rand() % 100000,
                                          texts[rand() % 9], rand() % 1000, rand() % 100,
                                          rand() % 7 ? "\n" : "\r\n"));
    }
    *size = out.size;
    char *text = padded((char *)out.data, out.size);
    cpl_buffer_release(&out);
    return text;
}

static void any_cut_gives_the_same(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        size_t size;
        char *text = random_table(seed, 40, &size);
        struct run whole;
        begin(&whole, text, size, NULL, NULL);
        decode_split(&whole, text, size, 0, UINT64_MAX, true);
        char *expected = strdup(rows_of(&whole)), *rejected = strdup(rejects_of(&whole));
        assert_int_equal(whole.bytes, size);
        for (uint64_t cut = 1; cut < size; cut += 1 + seed % 3) {
            whole.rows.size = whole.rejects.size = 0;
            whole.bytes = 0;
            decode_split(&whole, text, size, 0, cut, true);
            uint64_t seam = whole.report.true_end;
            size_t rows_before = whole.rows.size, rejects_before = whole.rejects.size;
            uint64_t bytes_before = whole.bytes;
            decode_split(&whole, text, size, cut, UINT64_MAX, false);
            if (whole.report.true_start !=
                seam) { /* as the loop does: worked again from the true start */
                whole.rows.size = rows_before;
                whole.rejects.size = rejects_before;
                whole.bytes = bytes_before;
                decode_split(&whole, text, size, seam, UINT64_MAX, true);
            }
            assert_string_equal(rows_of(&whole), expected);
            assert_string_equal(rejects_of(&whole), rejected);
            assert_int_equal(whole.bytes, size);
        }
        free(expected);
        free(rejected);
        end(&whole);
        free(text);
    }
}

static void batches_of_any_size(void **state)
{
    (void)state;
    size_t size;
    char *text = random_table(99, 3000, &size);
    struct run run;
    begin(&run, text, size, NULL, NULL);
    decode_split(&run, text, size, 0, UINT64_MAX, true);
    char *expected = strdup(rows_of(&run));
    for (uint32_t rows = 1; rows < 2000; rows = rows * 3 + 1) {
        run.rows.size = 0;
        run.plan.batch_rows = rows;
        decode_split(&run, text, size, 0, UINT64_MAX, true);
        assert_string_equal(rows_of(&run), expected);
    }
    free(expected);
    end(&run);
    free(text);
}

static void long_rows(void **state)
{
    (void)state;
    size_t field = 3u << 20, size = field + 40;
    char *text = calloc(1, size + 64);
    int at = sprintf(text, "a,b\n1,\"");
    memset(text + at, 'x', field);
    sprintf(text + at + field, "\"\n2,y\n");
    size = strlen(text);
    const char *sample = "a,b\n1,x\n";
    struct run run;
    begin(&run, sample, strlen(sample), NULL, NULL);
    decode_split(&run, text, size, 0, UINT64_MAX, true);
    assert_int_equal(run.report.rows_decoded, 2);
    assert_int_equal(run.bytes, size);
    run.plan.max_row_bytes = 1u << 20; /* now it is too long: a reject of its own */
    run.rows.size = 0;
    run.bytes = 0;
    decode_split(&run, text, size, 0, UINT64_MAX, true);
    assert_string_equal(rows_of(&run), "2|y\n");
    assert_int_equal(run.report.rows_rejected, 1);
    assert_int_equal(run.bytes, size);
    end(&run);
    free(text);
}

/* ---- instruction sets ---- */

static void scans_agree(void **state)
{
    (void)state;
#if defined(__x86_64__)
    if (!__builtin_cpu_supports("avx512vbmi2"))
        skip();
    static const char alphabet[] = ",,,\n\n\"\"\"ab\r\x80";
    enum { N = 1000 };
    uint8_t data[N + 128] = {0};
    uint32_t positions[3][N + 128];
    srand(7);
    for (int round = 0; round < 20000; round++) {
        size_t n = 1 + (size_t)rand() % N, stops[3];
        int density = 1 + rand() % 12;
        for (size_t i = 0; i < n; i++)
            data[i] = (uint8_t)(rand() % density ? 'x'
                                                 : alphabet[rand() % (int)(sizeof alphabet - 1)]);
        cpl_csv_scan_function *scans[3] = {cpl_csv_scan_portable, cpl_csv_scan_avx2,
                                           cpl_csv_scan_avx512};
        struct cpl_csv_scan results[3];
        for (int i = 0; i < 3; i++) {
            results[i] = (struct cpl_csv_scan){
                .delimiter = ',', .quote = '"', .newline = '\n', .positions = positions[i]};
            stops[i] = scans[i](&results[i], data, 0, n, true);
            assert_int_equal(stops[i], stops[0]);
            assert_int_equal(results[i].n, results[0].n);
            assert_int_equal(results[i].rows, results[0].rows);
            assert_int_equal(results[i].inside, results[0].inside);
            assert_int_equal(results[i].non_ascii, results[0].non_ascii);
            assert_int_equal(results[i].doubled, results[0].doubled);
            assert_memory_equal(positions[i], positions[0], results[0].n * sizeof(uint32_t));
        }
    }
#else
    skip();
#endif
}

/* Every kernel's verdict against the functions of format/text.h, over odd cells. */
static void kernels_agree(void **state)
{
    (void)state;
    static const char *const pieces[] = {"0",
                                         "1",
                                         "-1",
                                         "12",
                                         "007",
                                         "-0",
                                         "1.5",
                                         "-2.25",
                                         "1.",
                                         ".5",
                                         "12345678",
                                         "123456789",
                                         "1234567890123456",
                                         "12345678901234567",
                                         "-999999999999999",
                                         "99999999.99",
                                         "100000000000000.5",
                                         "0.000001",
                                         "00.5",
                                         "1e5",
                                         "x",
                                         "1x",
                                         "1.2.3",
                                         "-",
                                         "--1",
                                         "2024-02-29",
                                         "2023-02-29",
                                         "1900-02-29",
                                         "2000-02-29",
                                         "0001-01-01",
                                         "9999-12-31",
                                         "0000-01-01",
                                         "2024-13-01",
                                         "2024-00-10",
                                         "2024-01-00",
                                         "2024-01-32",
                                         "20240101",
                                         "2024/01/01",
                                         "2024-1-1",
                                         "",
                                         " 5"};
    enum { N = sizeof pieces / sizeof *pieces };
    uint8_t data[64 + 2048] = {0};
    uint32_t start[N], stop[N];
    uint32_t at = 64;
    for (uint32_t i = 0; i < N; i++) {
        start[i] = at;
        memcpy(data + at, pieces[i], strlen(pieces[i]));
        at += (uint32_t)strlen(pieces[i]);
        stop[i] = at++;
    }
    struct cpl_csv_cells cells = {.data = data, .start = start, .end = stop, .n = N};
    int64_t ints[N + 8], decimals[N + 8];
    double doubles[N + 8];
    int32_t dates[N + 8];
    struct cpl_csv_marks a = {0}, b = {0}, c = {0}, d = {0};
    cpl_csv_integers(&cells, INT64_MIN, INT64_MAX, ints, &a);
    cpl_csv_decimals(&cells, 2, 999999999999999999, decimals, &b);
    cpl_csv_doubles(&cells, doubles, &c);
    cpl_csv_dates(&cells, dates, &d);
    struct cpl_text_style style = {0};
    for (uint32_t i = 0; i < N; i++) {
        const uint8_t *text = data + start[i];
        size_t length = stop[i] - start[i];
        int64_t number;
        double real;
        int32_t day;
#define SURE(m) (!((m).unsure[i / 8] >> (i % 8) & 1) && !((m).empty[i / 8] >> (i % 8) & 1))
        if (SURE(a)) {
            assert_int_equal(cpl_parse_int(text, length, &style, INT64_MIN, INT64_MAX, &number),
                             CPL_TEXT_EXACT);
            assert_int_equal(number, ints[i]);
        }
        if (SURE(b)) {
            assert_int_equal(cpl_parse_decimal64(text, length, &style, 18, 2, &number),
                             CPL_TEXT_EXACT);
            assert_int_equal(number, decimals[i]);
        }
        if (SURE(c)) {
            assert_int_equal(cpl_parse_double(text, length, &style, &real), CPL_TEXT_EXACT);
            assert_memory_equal(&real, &doubles[i], sizeof real);
        }
        if (SURE(d)) {
            assert_int_equal(cpl_parse_date(text, length, &style, &day), CPL_TEXT_EXACT);
            assert_int_equal(day, dates[i]);
        }
    }
    assert_true(!(a.unsure[0] & 1) &&
                !(d.unsure[25 / 8] >> 25 % 8 & 1)); /* the plain ones are sure */
}

static void every_day_by_kernel(void **state)
{
    (void)state;
    static uint8_t data[64 + CPL_CSV_TILE * 16 + 64];
    uint32_t start[CPL_CSV_TILE], stop[CPL_CSV_TILE];
    int32_t dates[CPL_CSV_TILE + 8];
    for (int year = 1; year <= 9999; year += year > 1500 && year < 2500 ? 1 : 37)
        for (unsigned month = 1; month <= 12; month++) {
            for (unsigned day = 1; day <= 31; day++) {
                start[day - 1] = 64 + 16 * day;
                stop[day - 1] = start[day - 1] + 10;
                snprintf((char *)data + start[day - 1], 16, "%04d-%02u-%02u", year, month, day);
            }
            struct cpl_csv_cells cells = {.data = data, .start = start, .end = stop, .n = 31};
            struct cpl_csv_marks marks = {0};
            cpl_csv_dates(&cells, dates, &marks);
            static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
            bool leap = year % 4 == 0 && (year % 100 || year % 400 == 0);
            for (unsigned day = 1; day <= 31; day++) {
                bool exists = day <= lengths[month - 1] + (month == 2 && leap),
                     sure = !(marks.unsure[(day - 1) / 8] >> (day - 1) % 8 & 1);
                assert_int_equal(sure, exists);
                if (exists)
                    assert_int_equal(dates[day - 1], cpl_days_from_civil(year, month, day));
            }
        }
}

static void memory_failures(void **state)
{
    (void)state;
    const char *text = "a,b\n1,\"x\"\"y\"\n2,z\nbad\n";
    for (uint64_t n = 1;; n++) {
        struct cpl_error err = {0};
        struct run run = {.sink = {.add = note_reject}};
        current = &run;
        assert_true(
            cpl_options_parse(cpl_csv_options, NULL, "csv", &run.arena, &run.dialect, &err));
        char *copy = padded(text, strlen(text));
        struct cpl_sample sample = {
            .data = (uint8_t *)copy, .size = strlen(text), .at_start = true, .whole = true};
        struct cpl_stream *stream = cpl_stream_memory(text, strlen(text), &err);
        struct cpl_decoder *d = NULL;
        struct cpl_batch *batch = NULL;
        cpl_memory_fail_at(n);
        bool ok = cpl_csv_infer(&run.dialect, &sample, 1, NULL, true, &run.schema, &run.columns,
                                &err);
        run.plan = (struct cpl_decode_plan){.ops = &cpl_decoder_csv,
                                            .settings = &run.dialect,
                                            .schema = run.schema,
                                            .columns = run.columns};
        ok = ok &&
             (d = cpl_decoder_csv.open(&run.plan, stream, 0, UINT64_MAX, true, &run.sink, &err));
        do
            ok = ok && cpl_decoder_csv.next(d, &batch, &err);
        while (ok && batch->rows);
        cpl_memory_fail_at(0);
        if (d)
            cpl_decoder_csv.close(d);
        cpl_stream_close(stream);
        free(copy);
        end(&run);
        if (ok)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
    }
}

/* One by one, as RFC 4180 says it; -1 where a quote stands alone. */
static int plain_undouble(const uint8_t *from, uint32_t length, uint8_t *to)
{
    int n = 0;
    for (uint32_t i = 0; i < length; i++) {
        if (from[i] == '"' && (++i == length || from[i] != '"'))
            return -1;
        to[n++] = from[i];
    }
    return n;
}

static void doubled_quotes_become_single(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        uint8_t text[300], expected[300], got[300 + 64];
        uint32_t length = (uint32_t)rand() % 280;
        int density = 1 + rand() % 60;
        for (uint32_t i = 0; i < length; i++)
            text[i] = rand() % density ? (uint8_t)('a' + rand() % 26) : '"';
        for (uint32_t i = 0; rand() % 4 && i + 1 < length; i += 1 + (text[i] == '"'))
            if (text[i] == '"') /* mostly right ones */
                text[i + 1] = '"';
        int n = plain_undouble(text, length, expected);
        const uint8_t *end = cpl_csv_undouble('"', text, length, got);
        assert_int_equal(end ? end - got : -1, n);
        if (n > 0)
            assert_memory_equal(got, expected, (size_t)n);
    }
}

static void quotes_around_numbers_go(void **state)
{
    (void)state;
    static const char cells[] = ",\"12\",7,\"\",\",\"3,x\",,\"a\"b\",\"\"\",\"1\",22,";
    uint8_t data[256] = {0};
    memcpy(data + 64, cells, sizeof cells);
    uint32_t start[] = {1, 6, 8, 11, 13, 16, 19, 20, 26, 30, 34};
    uint32_t end[] = {5, 7, 10, 12, 15, 18, 19, 25, 29, 33, 36};
    uint32_t want_start[] = {2, 6, 8, 11, 13, 16, 19, 21, 27, 31, 34};
    uint32_t want_end[] = {4, 7, 10, 12, 15, 18, 19, 24, 28, 32, 36};
    cpl_csv_strip_quotes(data + 64, '"', 11, start, end);
    assert_memory_equal(start, want_start, sizeof start);
    assert_memory_equal(end, want_end, sizeof end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects),
        cmocka_unit_test(no_row_is_good),
        cmocka_unit_test(bad_rows_ask_for_more),
        cmocka_unit_test(width_is_said),
        cmocka_unit_test(blanks_above_the_header),
        cmocka_unit_test(rows_are_no_preamble),
        cmocka_unit_test(comments_are_told_from_rows),
        cmocka_unit_test(objects_have_their_own),
        cmocka_unit_test(said_of_one_object),
        cmocka_unit_test(memory_failures_of_further_objects),
        cmocka_unit_test(newlines_outside_quotes),
        cmocka_unit_test(cells),
        cmocka_unit_test(bad_rows),
        cmocka_unit_test(declared_types_reject),
        cmocka_unit_test(inferred_types_widen),
        cmocka_unit_test(a_column_without_samples_gets_its_type),
        cmocka_unit_test(any_cut_gives_the_same),
        cmocka_unit_test(batches_of_any_size),
        cmocka_unit_test(long_rows),
        cmocka_unit_test(scans_agree),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(every_day_by_kernel),
        cmocka_unit_test(doubled_quotes_become_single),
        cmocka_unit_test(quotes_around_numbers_go),
        cmocka_unit_test(memory_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The machine that follows giant rows ends them where the machine of ordinary rows does, however their bytes come. */
#include "decode/csv.h"
#include "decode/csv_giant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

enum { LONGEST = 60 };

static void fill_randomly(uint8_t *data, size_t size)
{
    static const char alphabet[] = "a,\"\"\\\n\r";
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)alphabet[rand() % (int)(sizeof alphabet - 1)];
}

static void ends_as_records_do(void **state)
{
    (void)state;
    static const struct cpl_csv_rules rules[] = {
        {.delimiter = ',', .quote = '"', .escape = '"', .newline = '\n'},
        {.delimiter = ',', .quote = '"', .escape = '\\', .newline = '\n'},
        {.delimiter = ',', .quote = '"', .escape = '"', .newline = '\r'},
        {.delimiter = ',', .newline = '\n'}};
    srand(11);
    unsigned ended = 0;
    for (int round = 0; round < 40000; round++) {
        const struct cpl_csv_rules *rule = &rules[round % 4];
        uint8_t data[LONGEST + 64] = {0};
        uint32_t positions[LONGEST + 64];
        struct cpl_csv_scan scan = {.positions = positions};
        size_t size = 1 + (size_t)rand() % LONGEST, end, found = 0;
        fill_randomly(data, size);
        enum cpl_csv_record result = cpl_csv_record(&scan, rule, data, 0, size, &end);
        bool whole = scan.rows == 1, done = false;
        struct cpl_csv_giant giant = {0};
        while (!done && found < size) {
            size_t piece = 1 + (size_t)rand() % 9;
            piece = piece < size - found ? piece : size - found;
            found += cpl_csv_giant_end(&giant, rule, data + found, piece, &done);
        }
        assert_int_equal(done, whole);
        assert_int_equal(found, whole ? end : size);
        assert_true(whole || result != CPL_RECORD_OK);
        ended += done;
    }
    assert_in_range(ended, 1000, 39000);
}

/* ---- through the decoder ---- */

static uint64_t
    seen_from; /* what positions and lines of rejects are counted from: rows of four bytes stand before it */

struct seen {
    struct cpl_reject_sink sink;
    char text[400];
};

static bool note(struct cpl_reject_sink *sink, const struct cpl_reject *r, struct cpl_error *err)
{
    struct seen *seen = (struct seen *)sink;
    size_t at = strlen(seen->text);
    (void)err;
    snprintf(seen->text + at, sizeof seen->text - at, "%s@%llu+%llu line %llu raw %zu; ", r->rule,
             (unsigned long long)(r->position - seen_from), (unsigned long long)r->length,
             (unsigned long long)(r->line - seen_from / 4), r->raw_length);
    return true;
}

/* Two columns, then `pattern` over and over, `count` times, then `tail`: what is rejected, and how many rows land. */
static uint64_t decode(const char *head, const char *pattern, size_t count, const char *tail,
                       struct seen *seen)
{
    struct cpl_error err = {0};
    struct cpl_csv_dialect dialect = {0};
    struct cpl_arena arena = {0};
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_buffer text = {0};
    static const char sampled[64 + 64] = "a,b\n1,x\n2,y\n";
    const struct cpl_sample sample = {
        .data = (const uint8_t *)sampled, .size = strlen(sampled), .at_start = true};
    assert_true(cpl_options_parse(cpl_csv_options, NULL, "csv", &arena, &dialect, &err));
    assert_true(cpl_csv_infer(&dialect, &sample, 1, NULL, true, &schema, &columns, &err));
    assert_true(cpl_buffer_append_text(&text, head, NULL));
    for (size_t i = 0; i < count; i++)
        assert_true(cpl_buffer_append_text(&text, pattern, NULL));
    assert_true(cpl_buffer_append_text(&text, tail, NULL));
    const struct cpl_decode_plan plan = {.ops = &cpl_decoder_csv,
                                         .settings = &dialect,
                                         .schema = schema,
                                         .columns = columns,
                                         .on_type_conflict = CPL_CONFLICT_REJECT,
                                         .max_row_bytes = 1000};
    struct cpl_stream *stream = cpl_stream_memory(text.data, text.size, &err);
    *seen = (struct seen){.sink = {.add = note}};
    struct cpl_decoder *d = cpl_decoder_csv.open(&plan, stream, 0, UINT64_MAX, true, &seen->sink,
                                                 &err);
    struct cpl_batch *batch;
    do
        if (!d || !cpl_decoder_csv.next(d, &batch, &err))
            fail_msg("%s", err.message);
    while (batch->rows);
    struct cpl_split_report r;
    cpl_decoder_csv.report(d, &r);
    assert_int_equal(r.header_bytes + r.row_bytes + r.reject_bytes, text.size);
    assert_int_equal(r.object.header + r.object.reject + r.row_bytes, text.size);
    cpl_decoder_csv.close(d);
    cpl_stream_close(stream);
    cpl_csv_release(&dialect);
    cpl_schema_free(schema);
    cpl_free(columns);
    cpl_arena_release(&arena);
    cpl_buffer_release(&text);
    return r.rows_decoded;
}

static void lengths_are_true(void **state)
{
    (void)state;
    struct seen seen;
    enum { HALF = 500000 };
    assert_int_equal(decode("a,b\n1,x\n2,\"", "\n\n", HALF, "\"\n3,y\n", &seen), 2);
    assert_string_equal(seen.text, "limit@8+1000005 line 2 raw 65536; ");
    assert_int_equal(decode("a,b\n1,x\n2,", "zz", HALF, "\n3,y\n", &seen), 2);
    assert_string_equal(seen.text, "limit@8+1000003 line 2 raw 65536; ");
    assert_int_equal(decode("a,b\n1,x\n2,\"", "\"\"say\"\", it\n", HALF, "\"\n3,y\n", &seen), 2);
    assert_string_equal(seen.text, "limit@8+6000005 line 2 raw 65536; ");
    assert_int_equal(decode("a,b\n1,x\n2,\"", "w\n", HALF, "\"", &seen), 1); /* cut off */
    assert_string_equal(seen.text, "limit@8+1000004 line 2 raw 65536; ");
}

/* A row over the limit that the block has room for, all rows around it being as they should. */
static void long_rows_in_a_block(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(decode("a,b\n1,x\n2,", "z", 998, "\n3,y\n", &seen), 3);
    assert_string_equal(seen.text, "");
    assert_int_equal(decode("a,b\n1,x\n2,", "z", 999, "\n3,y\n", &seen), 2);
    assert_string_equal(seen.text, "limit@8+1002 line 2 raw 1002; ");
}

static void an_unclosed_quote_costs_its_line(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,z\n", 200000, "", &seen), 200001);
    assert_string_equal(seen.text, "quote@8+5 line 2 raw 5; ");
}

/* Rows with empty texts in quotes say as much: in a quoted field they would hold one quote each. */
static void an_unclosed_quote_among_quotes(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,\"\"\n", 200000, "", &seen), 200001);
    assert_string_equal(seen.text, "quote@8+5 line 2 raw 5; ");
    /* but embedded CSV has them doubled: a row over the limit */
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,\"\"\"\"\n", 2000, "\"\n3,y\n", &seen), 2);
    assert_string_equal(seen.text, "limit@8+14007 line 2 raw 14007; ");
}

/* A quote that only another field's quote closes, many rows later. */
static void an_unclosed_quote_hides_no_rows(void **state)
{
    (void)state;
    struct seen seen;
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,z\n", 100, "4,\"u, v\"\n5,w\n", &seen), 103);
    assert_string_equal(seen.text, "quote@8+5 line 2 raw 5; ");
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,z\n", 15, "4,\"u, v\"\n5,w\n", &seen), 18);
    assert_string_equal(seen.text, "quote@8+5 line 2 raw 5; ");
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "3,z\n", 14, "4,\"u, v\"\n5,w\n", &seen), 2);
    assert_string_equal(seen.text, "quote@8+70 line 2 raw 70; ");
    /* a text of many lines with a slip in it */
    assert_int_equal(decode("a,b\n1,x\n2,\"y\n", "words\n", 100, "\"so\" it went\"\n5,w\n", &seen),
                     2);
    assert_string_equal(seen.text, "quote@8+619 line 2 raw 619; ");
}

/* What becomes of them does not depend on where in a block they stand, nor on how large it has become. */
static void blocks_have_no_say(void **state)
{
    (void)state;
    enum { BLOCK = 256 << 10, ROW = 4 };
    static const struct {
        const char *head, *pattern, *tail;
        size_t count;
    } cases[] = {
        {"2,\"y\n", "3,z\n", "3,u", 500},    {"2,\"y\n", "3,z\n", "4,\"\"\n4,\"u\"\n", 240},
        {"2,\"", "say\n", "\"\n3,z\n", 255}, {"2,\"", "3,z\n", "\"\n3,z\n", 255},
        {"2,\"", "say\n", "", 255},          {"2,\"", "say\n", "\" it\n3,z\n", 240},
        {"2,", "long", "\n3,z", 260}};
    struct cpl_buffer text = {0};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char first[400] = "";
        uint64_t landed = 0;
        for (size_t back = 0; back < 1300; back += 61) {
            struct seen seen;
            size_t before = (BLOCK - back) / ROW;
            text.size = 0;
            assert_true(cpl_buffer_append_text(&text, "a,b\n", NULL));
            for (size_t i = 0; i < before; i++)
                assert_true(cpl_buffer_append_text(&text, "1,x\n", NULL));
            assert_true(cpl_buffer_append_text(&text, cases[c].head, NULL));
            seen_from = 4 + before * ROW;
            uint64_t rows = decode(cpl_buffer_text(&text, NULL), cases[c].pattern, cases[c].count,
                                   cases[c].tail, &seen) -
                            before;
            seen_from = 0;
            if (!back)
                strcpy(first, seen.text);
            landed = back ? landed : rows;
            assert_string_equal(seen.text, first);
            assert_int_equal(rows, landed);
        }
        assert_true(*first);
    }
    cpl_buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_as_records_do),
        cmocka_unit_test(lengths_are_true),
        cmocka_unit_test(long_rows_in_a_block),
        cmocka_unit_test(an_unclosed_quote_costs_its_line),
        cmocka_unit_test(an_unclosed_quote_among_quotes),
        cmocka_unit_test(an_unclosed_quote_hides_no_rows),
        cmocka_unit_test(blocks_have_no_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* CSV out: what is quoted, nulls against empty strings, every type, options, refusals. */
#include "encode/text_encoders_test.h"

#include <math.h>

static void strings_and_nulls(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain",
                                        "",
                                        NULL,
                                        "a,b",
                                        "say \"hi\"",
                                        "two\nlines",
                                        " blank",
                                        "blank\t",
                                        "#no comment",
                                        "\xEF\xBB\xBF"
                                        "bom",
                                        "caf\xC3\xA9",
                                        "\r"};
    struct sample sample;
    sample_init(&sample, "struct<text: string, \"n,\": int64>");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put_string(sample_column(&sample, 0), texts[i]);
        assert_true(i == 1 ? cpl_builder_null(sample_column(&sample, 1), NULL)
                           : cpl_builder_i64(sample_column(&sample, 1), (int64_t)i, NULL));
    }
    check_encoded(&cpl_encoder_csv, &sample, "",
                  "text,\"n,\"\nplain,0\n\"\",\n,2\n\"a,b\",3\n\"say "
                  "\"\"hi\"\"\",4\n\"two\nlines\",5\n\" blank\",6\n\"blank\t\",7\n"
                  "\"#no comment\",8\n\"\xEF\xBB\xBF"
                  "bom\",9\ncaf\xC3\xA9,10\n\"\r\",11\n");
    sample_release(&sample);
}

static void options(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<a: string, b: int64>");
    static const char *const texts[] = {"x;y", "NULL", NULL, "a'b"};
    for (int i = 0; i < 4; i++) {
        put_string(sample_column(&sample, 0), texts[i]);
        assert_true(cpl_builder_i64(sample_column(&sample, 1), 7 - i, NULL));
    }
    check_encoded(&cpl_encoder_csv, &sample, "delimiter=; quote=' null_text=NULL line_ending=crlf",
                  "a;b\r\n'x;y';7\r\n'NULL';6\r\nNULL;5\r\n'a''b';4\r\n");
    check_encoded(&cpl_encoder_csv, &sample, "quoting=strings header=false",
                  "\"x;y\",7\n\"NULL\",6\n,5\n\"a'b\",4\n");
    check_encoded(&cpl_encoder_csv, &sample, "quoting=all",
                  "\"a\",\"b\"\n\"x;y\",\"7\"\n\"NULL\",\"6\"\n,\"5\"\n\"a'b\",\"4\"\n");
    check_encoded(&cpl_encoder_csv, &sample, "null_text=5", "a,b\nx;y,7\nNULL,6\n5,\"5\"\na'b,4\n");
    check_encoded(&cpl_encoder_csv, &sample, "quoting=never", "a,b\nx;y,7\nNULL,6\n,5\na'b,4\n");
    check_refused(&cpl_encoder_csv, &sample, "quoting=never delimiter=;", CPL_E_TYPE, "column a");
    check_refused(&cpl_encoder_csv, &sample, "quote=,", CPL_E_CONFIG, "same character");
    check_refused(&cpl_encoder_csv, &sample, "null_text=a,b", CPL_E_CONFIG, "null_text");
    sample_release(&sample);
}

static void every_type(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<b: boolean, i: int8, u: uint64, f: float, d: double, n: "
                         "decimal(10,2), w: decimal(38,0), x: binary, "
                         "j: json, t: time(ms), ts: timestamp(us,utc), day: date, l: list<double>, "
                         "m: map<string, int32>>");
    struct cpl_builder *c = sample.builder.children;
    assert_true(cpl_builder_u8(&c[0], 1, NULL) && cpl_builder_i8(&c[1], -128, NULL) &&
                cpl_builder_u64(&c[2], UINT64_MAX, NULL) && cpl_builder_f32(&c[3], 0.1f, NULL) &&
                cpl_builder_f64(&c[4], -INFINITY, NULL) && cpl_builder_i64(&c[5], -5, NULL) &&
                cpl_builder_i128(&c[6], (cpl_int128)1 << 100, NULL) &&
                cpl_builder_i64(&c[9], 1500, NULL) && cpl_builder_i64(&c[10], -1, NULL) &&
                cpl_builder_i32(&c[11], -1, NULL));
    put_string(&c[7], "\xff\xfe");
    put_string(&c[8], "{\"a\":\n1}");
    assert_true(cpl_builder_f64(&c[12].children[0], 1.5, NULL) &&
                cpl_builder_f64(&c[12].children[0], NAN, NULL) && cpl_builder_list(&c[12], NULL));
    put_string(&c[13].children[0], "k");
    assert_true(cpl_builder_i32(&c[13].children[1], 3, NULL) && cpl_builder_list(&c[13], NULL));
    check_encoded(&cpl_encoder_csv, &sample, "header=false",
                  "true,-128,18446744073709551615,0.1,-Infinity,-0.05,"
                  "1267650600228229401496703205376,//4=,\"{\"\"a\"\": 1}\","
                  "00:00:01.500,1969-12-31T23:59:59.999999Z,1969-12-31,\"[1.5,\"\"NaN\"\"]\",\"{"
                  "\"\"k\"\":3}\"\n");
    check_encoded(
        &cpl_encoder_csv, &sample, "header=false delimiter=. quote='",
        "true.-128.18446744073709551615.'0.1'.-Infinity.'-0.05'.1267650600228229401496703205376.//"
        "4=.{\"a\": 1}."
        "'00:00:01.500'.'1969-12-31T23:59:59.999999Z'.1969-12-31.'[1.5,\"NaN\"]'.{\"k\":3}\n");
    check_failing_allocations(&cpl_encoder_csv, &sample);
    sample_release(&sample);
}

static void a_single_columns_null_is_no_empty_line(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<a: string>");
    put_string(sample_column(&sample, 0), "");
    check_encoded(&cpl_encoder_csv, &sample, "", "a\n\"\"\n");
    put_string(sample_column(&sample, 0), NULL);
    check_refused(&cpl_encoder_csv, &sample, "", CPL_E_TYPE, "null_text");
    check_encoded(&cpl_encoder_csv, &sample, "null_text=-", "a\n\"\"\n-\n");
    sample_release(&sample);
}

static void big_parts_are_chunked(void **state)
{
    (void)state;
    static char big[700000];
    struct sample sample;
    sample_init(&sample, "struct<a: string, b: string>");
    memset(big, 'x', sizeof big - 1);
    for (int i = 0; i < 6; i++) {
        put_string(sample_column(&sample, 0), big);
        put_string(sample_column(&sample, 1), "end");
    }
    union {
        char bytes[256];
        void *align;
    } given = {{0}};
    struct cpl_arena arena = {0};
    struct buffer_sink sink = {0};
    parse_settings(&cpl_encoder_csv, "header=false", &arena, &given);
    assert_true(encode(&cpl_encoder_csv, sample_batch(&sample), &given, 5, &sink, NULL));
    assert_int_equal(sink.bytes.size, 6 * (sizeof big - 1 + 5));
    assert_memory_equal(sink.bytes.data + sink.bytes.size - 5, ",end\n", 5);
    cpl_buffer_release(&sink.bytes);
    cpl_arena_release(&arena);
    sample_release(&sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_and_nulls),
        cmocka_unit_test(options),
        cmocka_unit_test(every_type),
        cmocka_unit_test(a_single_columns_null_is_no_empty_line),
        cmocka_unit_test(big_parts_are_chunked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* JSON out: every type, escapes, nested values, the two layouts, non-finite numbers. */
#include "encode/text_encoders_test.h"

#include <math.h>

static void every_type(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<\"a \"\"q\": boolean, i: int64, n: decimal(38,30), f: float, x: "
                         "binary, u: uuid, j: json, s: struct<p: date, q: string>, "
                         "l: list<list<int32>>, m: map<string, boolean>, k: map<int32, boolean>, "
                         "e: struct<ts: timestamp(s)>>");
    static const uint8_t uuid[16] = {0xAB};
    for (int row = 0; row < 2; row++) {
        struct cpl_builder *c = sample.builder.children;
        if (row == 1) {
            for (int i = 0; i < 12; i++)
                assert_true(cpl_builder_null(&c[i], NULL));
            break;
        }
        assert_true(cpl_builder_u8(&c[0], 0, NULL) && cpl_builder_i64(&c[1], INT64_MIN, NULL) &&
                    cpl_builder_i128(&c[2], 1, NULL) && cpl_builder_f32(&c[3], 16777216.0f, NULL) &&
                    cpl_builder_uuid(&c[5], uuid, NULL));
        put_string(&c[4], "abc");
        put_string(&c[6], "[1,\r\n2]");
        assert_true(cpl_builder_i32(&c[7].children[0], 0, NULL));
        put_string(&c[7].children[1], "q\"\\\n\t\x01\x7f\xC3\xA9");
        assert_true(cpl_builder_struct(&c[7], NULL));
        assert_true(cpl_builder_list(&c[8].children[0], NULL) &&
                    cpl_builder_i32(&c[8].children[0].children[0], 7, NULL) &&
                    cpl_builder_null(&c[8].children[0].children[0], NULL) &&
                    cpl_builder_list(&c[8].children[0], NULL) && cpl_builder_list(&c[8], NULL));
        put_string(&c[9].children[0], "key");
        assert_true(cpl_builder_u8(&c[9].children[1], 1, NULL) && cpl_builder_list(&c[9], NULL));
        assert_true(cpl_builder_i32(&c[10].children[0], 5, NULL) &&
                    cpl_builder_u8(&c[10].children[1], 1, NULL) && cpl_builder_list(&c[10], NULL));
        assert_true(cpl_builder_i64(&c[11].children[0], 0, NULL) &&
                    cpl_builder_struct(&c[11], NULL));
    }
    const char *full =
        "{\"a "
        "\\\"q\":false,\"i\":-9223372036854775808,\"n\":0.000000000000000000000000000001,\"f\":"
        "16777216.0,\"x\":\"YWJj\","
        "\"u\":\"ab000000-0000-0000-0000-000000000000\",\"j\":[1,  "
        "2],\"s\":{\"p\":\"1970-01-01\",\"q\":\"q\\\"\\\\\\n\\t\\u0001\x7f\xC3\xA9\"},"
        "\"l\":[[],[7,null]],\"m\":{\"key\":true},\"k\":[{\"key\":5,\"value\":true}],\"e\":{\"ts\":"
        "\"1970-01-01T00:00:00\"}}";
    const char *nulls = "{\"a "
                        "\\\"q\":null,\"i\":null,\"n\":null,\"f\":null,\"x\":null,\"u\":null,\"j\":"
                        "null,\"s\":null,\"l\":null,\"m\":null,\"k\":null,\"e\":null}";
    char want[2000];
    snprintf(want, sizeof want, "%s\n%s\n", full, nulls);
    check_encoded(&cpl_encoder_json, &sample, "", want);
    snprintf(want, sizeof want, "%s\n{}\n", full);
    check_encoded(&cpl_encoder_json, &sample, "omit_nulls=true", want);
    snprintf(want, sizeof want, "[\n%s,\n%s\n]\n", full, nulls);
    check_encoded(&cpl_encoder_json, &sample, "layout=array", want);
    check_failing_allocations(&cpl_encoder_json, &sample);
    sample_release(&sample);
}

static void no_rows(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<a: int64>");
    check_encoded(&cpl_encoder_json, &sample, "", "");
    check_encoded(&cpl_encoder_json, &sample, "layout=array", "[\n]\n");
    sample_release(&sample);
}

static void non_finite_numbers(void **state)
{
    (void)state;
    struct sample sample;
    sample_init(&sample, "struct<a: double>");
    assert_true(cpl_builder_f64(sample_column(&sample, 0), NAN, NULL) &&
                cpl_builder_f64(sample_column(&sample, 0), -INFINITY, NULL));
    check_encoded(&cpl_encoder_json, &sample, "", "{\"a\":\"NaN\"}\n{\"a\":\"-Infinity\"}\n");
    check_encoded(&cpl_encoder_json, &sample, "non_finite=null", "{\"a\":null}\n{\"a\":null}\n");
    check_refused(&cpl_encoder_json, &sample, "non_finite=fail", CPL_E_TYPE, "column a");
    sample_release(&sample);
}

/* Escapes at every place in and around an eight-byte word. */
static void escapes_at_every_place(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 128; c++)
        for (size_t at = 0; at < 19; at++) {
            char text[20] = "", want[64], escaped[8];
            memset(text, 'z', 19);
            text[at] = (char)c;
            const char *letter = strchr("\bb\tt\nn\ff\rr\"\"\\\\", (int)c);
            if (letter && (c < 0x20 || c == '"' || c == '\\'))
                snprintf(escaped, sizeof escaped, "\\%c", letter[1]);
            else
                snprintf(escaped, sizeof escaped, c < 0x20 ? "\\u%04x" : "%c", c);
            snprintf(want, sizeof want, "{\"a\":\"%.*s%s%s\"}\n", (int)at, "zzzzzzzzzzzzzzzzzzz",
                     escaped, text + at + 1);
            struct sample sample;
            sample_init(&sample, "struct<a: string>");
            put_string(sample_column(&sample, 0), text);
            check_encoded(&cpl_encoder_json, &sample, "", want);
            sample_release(&sample);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(no_rows),
        cmocka_unit_test(non_finite_numbers),
        cmocka_unit_test(escapes_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

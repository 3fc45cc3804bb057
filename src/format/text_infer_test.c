/* Inference: the class of single texts, the join's laws on random triples, and the promise that
 * every value that was joined is exact in the type that comes out. */
#include "format/text.h"
#include "format/text_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_text_facts classify(const char *text)
{
    return cpl_text_classify(padded(text), strlen(text), NULL);
}

static void classes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum cpl_text_class class;
    } cases[] = {
        {.text = "0", .class = CPL_CLASS_INT},
        {.text = "-17", .class = CPL_CLASS_INT},
        {.text = " 5 ", .class = CPL_CLASS_INT},
        {.text = "9223372036854775807", .class = CPL_CLASS_INT},
        {.text = "9223372036854775808", .class = CPL_CLASS_DECIMAL},
        {.text = "99999999999999999999999999999999999999", .class = CPL_CLASS_DECIMAL},
        {.text = "999999999999999999999999999999999999999", .class = CPL_CLASS_STRING},
        {.text = "1000000000000000000000000000000000000000000", .class = CPL_CLASS_DOUBLE},
        {.text = "1.50", .class = CPL_CLASS_DECIMAL},
        {.text = "-0.5", .class = CPL_CLASS_DECIMAL},
        {.text = "1e5", .class = CPL_CLASS_DOUBLE},
        {.text = "-0.0", .class = CPL_CLASS_DOUBLE},
        {.text = "1.00000000000000000001e5", .class = CPL_CLASS_STRING},
        {.text = "1e999", .class = CPL_CLASS_STRING},
        {.text = "007", .class = CPL_CLASS_STRING},
        {.text = "+5", .class = CPL_CLASS_STRING},
        {.text = "-0", .class = CPL_CLASS_STRING},
        {.text = "1.", .class = CPL_CLASS_STRING},
        {.text = ".5", .class = CPL_CLASS_STRING},
        {.text = "NaN", .class = CPL_CLASS_STRING},
        {.text = "inf", .class = CPL_CLASS_STRING},
        {.text = "", .class = CPL_CLASS_STRING},
        {.text = "  ", .class = CPL_CLASS_STRING},
        {.text = "true", .class = CPL_CLASS_BOOL},
        {.text = "False", .class = CPL_CLASS_BOOL},
        {.text = "TRUE", .class = CPL_CLASS_BOOL},
        {.text = "tRUE", .class = CPL_CLASS_STRING},
        {.text = "TRue", .class = CPL_CLASS_STRING},
        {.text = "2024-02-29", .class = CPL_CLASS_DATE},
        {.text = "2023-02-29", .class = CPL_CLASS_STRING},
        {.text = "12:30:00", .class = CPL_CLASS_TIME},
        {.text = "2024-02-29T12:30:00", .class = CPL_CLASS_TIMESTAMP},
        {.text = "2024-02-29 12:30:00+02", .class = CPL_CLASS_TIMESTAMP_UTC},
        {.text = "3024-02-29 12:30:00.123456789", .class = CPL_CLASS_STRING},
        {.text = "00112233-4455-6677-8899-aabbccddeeff", .class = CPL_CLASS_UUID},
        {.text = "00112233-4455-6677-8899-AABBCCDDEEFF", .class = CPL_CLASS_STRING},
        {.text = "hello", .class = CPL_CLASS_STRING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (classify(cases[i].text).class != cases[i].class)
            fail_msg("\"%s\" is %d", cases[i].text, classify(cases[i].text).class);
}

/* ---- random texts that meet the rules' edges ---- */

static size_t random_digits(char *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (char)('0' + (rnd() % 3 ? rnd() % 10 : 0));
    if (n > 1 && out[0] == '0')
        out[0] = '1';
    return n;
}

static void random_text(char *out)
{
    static const char *const others[] = {"true",
                                         "FALSE",
                                         "2024-02-29",
                                         "12:30",
                                         "12:30:00.1234",
                                         "2024-02-29T12:30:00",
                                         "2024-02-29T12:30:00.1234567",
                                         "0900-02-28T12:30:00",
                                         "2024-02-29T12:30:00Z",
                                         "9999-02-28T12:30:00.123Z",
                                         "1e300",
                                         "-0.0",
                                         "2.5e-3",
                                         "x",
                                         "007",
                                         "00112233-4455-6677-8899-aabbccddeeff"};
    if (rnd() % 3 == 0) {
        strcpy(out, others[rnd() % (sizeof others / sizeof *others)]);
        return;
    }
    size_t n = random_digits(out, 1 + rnd() % (rnd() % 3 ? 12 : 40));
    if (rnd() & 1) {
        out[n++] = '.';
        n += random_digits(out + n, 1 + rnd() % (rnd() % 3 ? 5 : 30));
    }
    out[n] = 0;
}

static bool same(struct cpl_text_facts a, struct cpl_text_facts b)
{
    return a.class == b.class && a.int_digits == b.int_digits && a.scale == b.scale &&
           a.negative == b.negative && a.fraction == b.fraction && a.not_double == b.not_double &&
           a.not_nano == b.not_nano;
}

static void join_obeys_its_laws(void **state)
{
    (void)state;
    const struct cpl_text_facts null = {.class = CPL_CLASS_NULL};
    for (int i = 0; i < 200000; i++) {
        char text[3][128];
        struct cpl_text_facts f[3];
        for (int k = 0; k < 3; k++) {
            random_text(text[k]);
            f[k] = classify(text[k]);
        }
        struct cpl_text_facts left = cpl_text_join(cpl_text_join(f[0], f[1]), f[2]);
        struct cpl_text_facts right = cpl_text_join(f[0], cpl_text_join(f[1], f[2]));
        struct cpl_text_facts back = cpl_text_join(f[2], cpl_text_join(f[1], f[0]));
        if (!same(left, right) || !same(left, back))
            fail_msg("%s, %s, %s: %d, %d, %d", text[0], text[1], text[2], left.class, right.class,
                     back.class);
        assert_true(same(cpl_text_join(f[0], f[0]), f[0]));
        assert_true(same(cpl_text_join(f[0], null), f[0]) && same(cpl_text_join(null, f[0]), f[0]));
        assert_true(same(cpl_text_join(left, f[1]), left));
    }
}

static enum cpl_text_result parse_as(const char *text, const struct cpl_type *type)
{
    int64_t i64;
    int32_t i32;
    double f64;
    bool flag;
    uint8_t uuid[16];
    cpl_int128 i128;
    const uint8_t *bytes = padded(text);
    size_t n = strlen(text);
    switch (type->kind) {
    case CPL_BOOL:
        return cpl_parse_bool(bytes, n, NULL, &flag);
    case CPL_I64:
        return cpl_parse_int(bytes, n, NULL, INT64_MIN, INT64_MAX, &i64);
    case CPL_DECIMAL:
        return type->precision <= 18
                   ? cpl_parse_decimal64(bytes, n, NULL, type->precision, type->scale, &i64)
                   : cpl_parse_decimal128(bytes, n, NULL, type->precision, type->scale, &i128);
    case CPL_F64:
        return cpl_parse_double(bytes, n, NULL, &f64);
    case CPL_DATE:
        return cpl_parse_date(bytes, n, NULL, &i32);
    case CPL_TIME:
        return cpl_parse_time(bytes, n, NULL, type->unit, &i64);
    case CPL_TIMESTAMP:
        return cpl_parse_timestamp(bytes, n, NULL, type->unit, type->utc, &i64);
    case CPL_UUID:
        return cpl_parse_uuid(bytes, n, true, uuid);
    default:
        return CPL_TEXT_EXACT;
    }
}

static void joined_values_are_exact_in_the_type(void **state)
{
    (void)state;
    int typed = 0;
    for (int i = 0; i < 200000; i++) {
        char text[4][128];
        struct cpl_text_facts facts = {.class = CPL_CLASS_NULL};
        unsigned n = 1 + (unsigned)(rnd() % 4);
        for (unsigned k = 0; k < n; k++) {
            random_text(text[k]);
            facts = cpl_text_join(facts, classify(text[k]));
        }
        struct cpl_type type = cpl_text_type(facts, rnd() & 1);
        typed += type.kind != CPL_STRING;
        for (unsigned k = 0; k < n; k++)
            if (parse_as(text[k], &type) != CPL_TEXT_EXACT)
                fail_msg("%s is not exact in kind %d (%d,%d)", text[k], type.kind, type.precision,
                         type.scale);
    }
    assert_true(typed > 50000);
}

static struct cpl_type type_of(const char *a, const char *b, bool decimals)
{
    return cpl_text_type(cpl_text_join(classify(a), classify(b)), decimals);
}

static void types(void **state)
{
    (void)state;
    assert_int_equal(type_of("1", "-9223372036854775808", true).kind, CPL_I64);
    assert_int_equal(type_of("1.5", "-2", true).precision, 18);
    assert_int_equal(type_of("1.5", "-2.25", true).scale, 2);
    assert_int_equal(type_of("1.5", "1234567890123456789", true).precision, 38);
    assert_int_equal(type_of("1.5", "-2", false).kind, CPL_F64);
    assert_int_equal(type_of("12345678901234567.8", "-2", false).kind, CPL_DECIMAL);
    assert_int_equal(type_of("9223372036854775808", "-2", false).kind, CPL_DECIMAL);
    assert_int_equal(type_of("0.1234567891", "2", true).kind, CPL_F64);
    assert_int_equal(type_of("1e5", "2", true).kind, CPL_F64);
    assert_int_equal(type_of("1e5", "9007199254740993", true).kind, CPL_STRING);
    assert_int_equal(type_of("12:30", "12:30:00.123456", true).unit, CPL_MICRO);
    assert_int_equal(type_of("2024-02-29", "2024-02-29T12:30:00", true).kind, CPL_STRING);
    assert_int_equal(cpl_text_type((struct cpl_text_facts){.class = CPL_CLASS_NULL}, true).kind,
                     CPL_STRING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes),
        cmocka_unit_test(join_obeys_its_laws),
        cmocka_unit_test(joined_values_are_exact_in_the_type),
        cmocka_unit_test(types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Inference against the parsers and printers: what classify promises, the parser of the type keeps, the printer
 * writes, and classify sees again.
 *
 * Input: first byte = style, the rest = up to three values between NUL bytes. Checked: each value is EXACT in the type
 * of its own facts and of their join; join is commutative and associative; print → parse gives the value back; every
 * parser survives every text under the style. */
#include "format/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct value {
    int64_t i64;
    int32_t i32;
    double f64;
    bool flag;
    uint8_t uuid[16];
    cpl_int128 i128;
};

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static enum cpl_text_result parse(const uint8_t *text, size_t n, const struct cpl_text_style *style,
                                  const struct cpl_type *type, struct value *v)
{
    switch (type->kind) {
    case CPL_BOOL:
        return cpl_parse_bool(text, n, style, &v->flag);
    case CPL_I64:
        return cpl_parse_int(text, n, style, INT64_MIN, INT64_MAX, &v->i64);
    case CPL_DECIMAL:
        return type->precision <= 18
                   ? cpl_parse_decimal64(text, n, style, type->precision, type->scale, &v->i64)
                   : cpl_parse_decimal128(text, n, style, type->precision, type->scale, &v->i128);
    case CPL_F64:
        return cpl_parse_double(text, n, style, &v->f64);
    case CPL_DATE:
        return cpl_parse_date(text, n, style, &v->i32);
    case CPL_TIME:
        return cpl_parse_time(text, n, style, type->unit, &v->i64);
    case CPL_TIMESTAMP:
        return cpl_parse_timestamp(text, n, style, type->unit, type->utc, &v->i64);
    case CPL_UUID:
        return cpl_parse_uuid(text, n, true, v->uuid);
    default:
        return CPL_TEXT_EXACT;
    }
}

static size_t print(const struct cpl_type *type, const struct value *v, char *out)
{
    switch (type->kind) {
    case CPL_BOOL:
        memcpy(out, v->flag ? "true" : "false", v->flag ? 4 : 5);
        return v->flag ? 4 : 5;
    case CPL_I64:
        return cpl_print_int(v->i64, out);
    case CPL_DECIMAL:
        return type->precision <= 18 ? cpl_print_decimal64(v->i64, type->scale, out)
                                     : cpl_print_decimal128(v->i128, type->scale, out);
    case CPL_F64:
        return cpl_print_double(v->f64, out);
    case CPL_DATE:
        return cpl_print_date(v->i32, out);
    case CPL_TIME:
        return cpl_print_time(v->i64, type->unit, out);
    case CPL_TIMESTAMP:
        return cpl_print_timestamp(v->i64, type->unit, type->utc, out);
    case CPL_UUID:
        return cpl_print_uuid(v->uuid, out);
    default:
        return 0;
    }
}

/* What was parsed, printed and parsed again is the same value. */
static void check_round_trip(const struct cpl_type *type, const struct value *v)
{
    char out[CPL_TEXT_MAX + 32];
    struct value back;
    memset(&back, 0, sizeof back);
    if (type->kind == CPL_STRING)
        return;
    memset(out, '7', sizeof out);
    size_t n = print(type, v, out);
    MUST(n > 0 && n <= CPL_TEXT_MAX);
    /* A zone may carry the first or last day out of the years that texts have. */
    bool year_off = type->kind == CPL_TIMESTAMP &&
                    (out[0] == '-' || out[0] == '+' || !memcmp(out, "0000", 4));
    if (year_off)
        return;
    MUST(parse((const uint8_t *)out, n, NULL, type, &back) == CPL_TEXT_EXACT);
    MUST(memcmp(&back, v, sizeof back) == 0);
}

static void check_exact(const uint8_t *text, size_t n, const struct cpl_text_style *style,
                        struct cpl_text_facts facts, bool decimals)
{
    struct cpl_type type = cpl_text_type(facts, decimals);
    struct value v;
    memset(&v, 0, sizeof v);
    MUST(parse(text, n, style, &type, &v) == CPL_TEXT_EXACT);
    check_round_trip(&type, &v);
}

static bool same(struct cpl_text_facts a, struct cpl_text_facts b)
{
    return a.class == b.class && a.int_digits == b.int_digits && a.scale == b.scale &&
           a.negative == b.negative && a.fraction == b.fraction && a.not_double == b.not_double &&
           a.not_nano == b.not_nano;
}

/* No text may upset any parser, fitting or not. */
static void check_all_parsers(const uint8_t *text, size_t n, const struct cpl_text_style *style)
{
    struct value v;
    float narrow;
    uint64_t u64;
    for (int scale = 0; scale <= 38; scale += 19) {
        (void)cpl_parse_decimal128(text, n, style, 38, scale, &v.i128);
        (void)cpl_parse_decimal64(text, n, style, 18, scale / 3, &v.i64);
    }
    (void)cpl_parse_uint(text, n, style, UINT32_MAX, &u64);
    (void)cpl_parse_int(text, n, style, INT8_MIN, INT8_MAX, &v.i64);
    (void)cpl_parse_float(text, n, style, &narrow);
    double wide, by_library;
    enum cpl_text_result result = cpl_parse_double(text, n, NULL, &wide);
    char copy[512];
    if (n < sizeof copy && result != CPL_TEXT_NO) {
        memcpy(copy, text, n);
        copy[n] = 0;
        by_library = strtod(copy, NULL);
        MUST(memcmp(&wide, &by_library, sizeof wide) == 0 || isnan(wide));
    }
    for (enum cpl_unit unit = CPL_SECOND; unit <= CPL_NANO; unit++) {
        (void)cpl_parse_time(text, n, style, unit, &v.i64);
        (void)cpl_parse_timestamp(text, n, style, unit, true, &v.i64);
        (void)cpl_parse_timestamp(text, n, style, unit, false, &v.i64);
    }
    (void)cpl_parse_date(text, n, style, &v.i32);
    (void)cpl_parse_bool(text, n, style, &v.flag);
    (void)cpl_parse_uuid(text, n, false, v.uuid);
}

static const char *const yes[] = {"ja", "1", NULL}, *const no[] = {"nein", "0", NULL};
static const struct cpl_text_style styles[] = {
    {0},
    {.decimal_point = ',', .thousands = '.'},
    {.thousands = ','},
    {.date_format = "%d.%m.%Y",
     .time_format = "%I:%M:%S.%f %p",
     .timestamp_format = "%d %b %Y %T %z"},
    {.timestamp_format = "%y%j%H", .true_words = yes, .false_words = no},
    {.lenient = true, .date_format = "%D"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 2000)
        return 0;
    const struct cpl_text_style *style = &styles[data[0] % (sizeof styles / sizeof *styles)];
    bool decimals = data[0] & 0x80;
    uint8_t *memory = malloc(size + 32); /* 32 readable bytes behind, and not one more */
    MUST(memory);
    memcpy(memory, data + 1, size - 1);
    memset(memory + size - 1, data[0], 33);
    struct cpl_text_facts facts[3] = {{0}};
    const uint8_t *text[3];
    size_t length[3], n = 0;
    for (size_t at = 0; n < 3 && at < size - 1; at += length[n++] + 1) {
        text[n] = memory + at;
        length[n] = strnlen((const char *)text[n], size - 1 - at);
        facts[n] = cpl_text_classify(text[n], length[n], style);
        check_exact(text[n], length[n], style, facts[n], decimals);
        check_all_parsers(text[n], length[n], style);
    }
    struct cpl_text_facts joined = cpl_text_join(cpl_text_join(facts[0], facts[1]), facts[2]);
    MUST(same(joined, cpl_text_join(facts[0], cpl_text_join(facts[1], facts[2]))));
    MUST(same(joined, cpl_text_join(facts[2], cpl_text_join(facts[1], facts[0]))));
    for (size_t i = 0; i < n; i++)
        check_exact(text[i], length[i], style, joined, decimals);
    free(memory);
    return 0;
}

/* Kinds of rules over a few rows: held, broken, spared; what they say, and the mistakes that binding finds. Options are read from
 * YAML, as a user writes them. */
#include "quality/rule_kinds.h"

#include "base/tree.h"
#include "format/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants those first */
#include <cmocka.h>

enum { ROWS = 32 };
/* 2026-01-11T12:00:00Z */
static const struct cpl_rule_env env = {.expression = {.now_ms = INT64_C(1768132800000)}};

/* A table of a column `x` whose values are read from texts, NULL for null; and `y` and `quantity`, whole numbers that count from 1. */
struct table {
    struct cpl_arena arena;
    struct cpl_schema *schema;
    struct cpl_column columns[3];
    struct cpl_batch batch;
    uint8_t validity[ROWS / 8];
    int64_t y[ROWS];
    union {
        struct cpl_slice slices[ROWS];
        int64_t i64[ROWS];
        int32_t i32[ROWS];
        double f64[ROWS];
        cpl_int128 i128[ROWS];
        uint8_t uuid[ROWS][16];
    } x;
    char text[ROWS][512];
};

static void set_value(struct table *t, uint32_t row, const char *value)
{
    static const struct cpl_text_style style;
    const struct cpl_type *type = &t->schema->fields[0].type;
    char *text = t->text[row];
    size_t length = strlen(value);
    enum cpl_text_result result = CPL_TEXT_EXACT;
    assert_true(length < sizeof t->text[0] - 64);
    memcpy(text, value, length);
    const uint8_t *bytes = (const uint8_t *)text;
    switch (type->kind) {
    case CPL_STRING:
        t->x.slices[row] = (struct cpl_slice){.data = bytes, .length = (uint32_t)length};
        break;
    case CPL_I64:
        result = cpl_parse_int(bytes, length, &style, INT64_MIN, INT64_MAX, &t->x.i64[row]);
        break;
    case CPL_F64:
        result = cpl_parse_double(bytes, length, &style, &t->x.f64[row]);
        break;
    case CPL_DECIMAL:
        result = type->precision <= 18
                     ? cpl_parse_decimal64(bytes, length, &style, type->precision, type->scale,
                                           &t->x.i64[row])
                     : cpl_parse_decimal128(bytes, length, &style, type->precision, type->scale,
                                            &t->x.i128[row]);
        break;
    case CPL_DATE:
        result = cpl_parse_date(bytes, length, &style, &t->x.i32[row]);
        break;
    case CPL_TIMESTAMP:
        result = cpl_parse_timestamp(bytes, length, &style, type->unit, type->utc, &t->x.i64[row]);
        break;
    case CPL_UUID:
        result = cpl_parse_uuid(bytes, length, false, t->x.uuid[row]);
        break;
    default:
        fail_msg("no values of this type here");
    }
    assert_int_equal(result, CPL_TEXT_EXACT);
}

static void table_init(struct table *t, const char *type, const char *const *values)
{
    struct cpl_error err = {0};
    struct cpl_field fields[] = {{.name = "x", .nullable = true, .field_id = -1},
                                 {.name = "y", .type = {.kind = CPL_I64}, .field_id = -1},
                                 {.name = "quantity", .type = {.kind = CPL_I64}, .field_id = -1}};
    memset(t, 0, sizeof *t);
    assert_true(cpl_type_parse(type, &t->arena, &fields[0].type, &err));
    t->schema = cpl_schema_new(fields, 3, &err);
    assert_non_null(t->schema);
    t->columns[0] = (struct cpl_column){.field = &t->schema->fields[0], .values = &t->x};
    t->columns[1] = (struct cpl_column){.field = &t->schema->fields[1], .i64 = t->y};
    t->columns[2] = (struct cpl_column){.field = &t->schema->fields[2], .i64 = t->y};
    uint32_t n = 0;
    for (; values[n] != (const char *)-1; n++) {
        assert_true(n < ROWS);
        t->y[n] = n + 1;
        if (values[n]) {
            cpl_bit_set(t->validity, n);
            set_value(t, n, values[n]);
        } else {
            t->columns[0].null_count++;
            if (t->schema->fields[0].type.kind == CPL_STRING)
                t->x.slices[n] = (struct cpl_slice){.data = cpl_no_bytes};
        }
    }
    t->columns[0].validity = t->columns[0].null_count ? t->validity : NULL;
    t->columns[0].length = t->columns[1].length = t->columns[2].length = n;
    t->batch = (struct cpl_batch){.schema = t->schema, .columns = t->columns, .rows = n};
}

static void table_release(struct table *t)
{
    cpl_schema_free(t->schema);
    cpl_arena_release(&t->arena);
}

/* Everything of one rule, as the grader keeps it. */
struct bound {
    struct cpl_arena arena;
    const struct cpl_rule_ops *ops;
    void *options, *rule;
    struct cpl_rule_scratch scratch;
    struct cpl_verdict verdict;
    uint8_t broken[ROWS + 64], spared[ROWS + 64];
    float score[ROWS + 64];
};

static bool read_options(struct bound *b, const struct cpl_rule_ops *ops, const char *yaml,
                         struct cpl_error *err)
{
    const char *key;
    size_t n = 0;
    *b = (struct bound){.ops = ops};
    struct cpl_node **documents = cpl_tree_parse(yaml, strlen(yaml), "rule.yaml", &b->arena, &n,
                                                 err);
    b->options = documents ? cpl_arena_alloc(&b->arena, ops->options_size, err) : NULL;
    if (b->options)
        memset(b->options, 0, ops->options_size);
    return b->options &&
           cpl_options_parse(ops->options, documents[0], ops->name, &b->arena, b->options, err) &&
           (!ops->check_options || ops->check_options(b->options, &key, err));
}

static bool begin(struct bound *b, const struct table *t, struct cpl_error *err)
{
    const char *key = NULL;
    b->verdict = (struct cpl_verdict){.broken = b->broken, .spared = b->spared};
    for (uint32_t i = 0; i < ROWS; i++)
        b->score[i] = 1;
    b->verdict.score = b->ops->scores ? b->score : NULL;
    b->scratch.evaluator = cpl_evaluator_new(err);
    b->scratch.patterns = b->scratch.evaluator ? cpl_pattern_scratch_new(err) : NULL;
    return b->scratch.patterns && b->ops->bind(b->options, b->ops->per_column ? "x" : NULL,
                                               t->schema, &env, &b->rule, &key, err);
}

static void end(struct bound *b)
{
    if (b->rule)
        b->ops->unbind(b->rule);
    cpl_evaluator_free(b->scratch.evaluator);
    cpl_pattern_scratch_free(b->scratch.patterns);
    cpl_arena_release(&b->scratch.arena);
    cpl_arena_release(&b->arena);
}

/* A letter a row: x broken, - spared, . held. */
static void letters(const struct bound *b, uint32_t rows, char *out)
{
    bool any_broken = false, any_spared = false;
    for (uint32_t i = 0; i < rows; i++) {
        assert_true(b->broken[i] <= 1 && b->spared[i] <= 1 && !(b->broken[i] & b->spared[i]));
        out[i] = b->broken[i] ? 'x' : b->spared[i] ? '-' : '.';
        any_broken |= b->broken[i];
        any_spared |= b->spared[i];
    }
    out[rows] = 0;
    assert_int_equal(b->verdict.any_broken, any_broken);
    assert_true(b->verdict.any_spared || !any_spared);
}

/* Any allocation fails: the step that needed it does, with that error, and nothing leaks. */
static bool run(const struct table *t, const struct cpl_rule_ops *ops, const char *yaml, char *out,
                struct cpl_buffer *why, struct cpl_error *err)
{
    struct bound b;
    bool ok = read_options(&b, ops, yaml, err) && begin(&b, t, err) &&
              ops->test(b.rule, &b.scratch, &t->batch, &b.verdict, err);
    if (ok)
        letters(&b, t->batch.rows, out);
    b.scratch.any_faults = b.verdict.any_faults;
    bool first = true;
    for (uint32_t i = 0; ok && i < t->batch.rows; i++) {
        if (!b.broken[i])
            continue;
        ok = cpl_buffer_append_text(why, first ? "" : "\n", err) &&
             ops->explain(b.rule, &b.scratch, &t->batch, i, why, err);
        first = false;
    }
    ok = ok && cpl_buffer_text(why, err);
    end(&b);
    return ok;
}

#define END         ((const char *)-1)
#define VALUES(...) ((const char *const[]){__VA_ARGS__, END})

/* Verdicts as letters; the sentences of the broken rows, one a line. */
static void expect(const struct cpl_rule_ops *ops, const char *yaml, const char *type,
                   const char *const *values, const char *verdicts, const char *sentences)
{
    struct table t;
    struct cpl_error err = {0};
    struct cpl_buffer why = {0};
    char out[ROWS + 1];
    table_init(&t, type, values);
    if (!run(&t, ops, yaml, out, &why, &err))
        fail_msg("%s %s: %s", ops->name, yaml, err.message);
    if (strcmp(out, verdicts) != 0)
        fail_msg("%s %s of %s: %s, not %s", ops->name, yaml, type, out, verdicts);
    if (sentences)
        assert_string_equal(cpl_buffer_text(&why, NULL), sentences);
    cpl_buffer_release(&why);
    for (uint64_t n = 1; sentences; n++) {
        err = (struct cpl_error){0};
        cpl_memory_fail_at(n);
        bool ok = run(&t, ops, yaml, out, &why, &err);
        cpl_memory_fail_at(0);
        cpl_buffer_release(&why);
        if (ok)
            break;
        assert_int_equal(err.code, CPL_E_MEMORY);
    }
    table_release(&t);
}

/* The mistake that binding finds, and the option that it is told of. */
static void expect_mistake(const struct cpl_rule_ops *ops, const char *yaml, const char *type,
                           const char *column, const char *key_wanted, const char *words)
{
    struct table t;
    struct bound b;
    struct cpl_error err = {0};
    const char *key = NULL;
    table_init(&t, type, VALUES(NULL));
    if (!read_options(&b, ops, yaml, &err))
        fail_msg("%s: %s", yaml, err.message);
    assert_false(ops->bind(b.options, column, t.schema, &env, &b.rule, &key, &err));
    assert_null(b.rule);
    assert_int_equal(err.code, CPL_E_CONFIG);
    assert_string_equal(key, key_wanted);
    if (!strstr(err.message, words))
        fail_msg("`%s` does not say `%s`", err.message, words);
    end(&b);
    table_release(&t);
}

/* The mistake that the options alone show. */
static void expect_wrong(const struct cpl_rule_ops *ops, const char *yaml, const char *words)
{
    struct bound b;
    struct cpl_error err = {0};
    assert_false(read_options(&b, ops, yaml, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    if (!strstr(err.message, words))
        fail_msg("`%s` does not say `%s`", err.message, words);
    end(&b);
}

/* ---- kinds ---- */

static void not_null(void **state)
{
    (void)state;
    expect(&cpl_rule_not_null, "{columns: [x]}", "string", VALUES("a", NULL, "", " "), ".x..",
           "x is null");
    expect(&cpl_rule_not_null, "{columns: [x], blank: true}", "string",
           VALUES("a", NULL, "", " \t", " b"), ".xxx.", "x is null\nx is blank\nx is blank");
    expect(&cpl_rule_not_null, "{columns: [x], blank: true}", "int64", VALUES("0", NULL), ".x",
           "x is null");
    expect(&cpl_rule_not_null, "{columns: [x]}", "int64", VALUES("0", "1"), "..", "");
}

static void range(void **state)
{
    (void)state;
    expect(&cpl_rule_range, "{columns: [x], min: 1, max: 9}", "int64",
           VALUES("0", "1", "9", "10", NULL), "x..x-",
           "x is 0, which is not between 1 and 9\nx is 10, which is not between 1 and 9");
    expect(&cpl_rule_range, "{columns: [x], min: 1, max: 9, exclusive: true}", "int64",
           VALUES("1", "2", "9"), "x.x", NULL);
    expect(&cpl_rule_range, "{columns: [x], min: -9223372036854775808}", "int64",
           VALUES("-9223372036854775808", "9223372036854775807"), "..", NULL);
    expect(&cpl_rule_range, "{columns: [x], min: 0.10}", "decimal(10,2)",
           VALUES("0.09", "0.10", NULL), "x.-", "x is 0.09, which is below 0.10");
    expect(&cpl_rule_range, "{columns: [x], max: 99999999999999999999.5}", "decimal(38,4)",
           VALUES("99999999999999999999.5", "99999999999999999999.5001"), ".x", NULL);
    expect(&cpl_rule_range, "{columns: [x], min: 0.5, max: 1e3}", "double",
           VALUES("0.25", "0.5", "1000", "1001", NULL, "NaN"), "x..x-x", NULL);
    expect(&cpl_rule_range, "{columns: [x], min: 2026-01-01, max: 2026-12-31}", "date",
           VALUES("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"), "x..x",
           "x is 2025-12-31, which is not between 2026-01-01 and 2026-12-31\n"
           "x is 2027-01-01, which is not between 2026-01-01 and 2026-12-31");
    expect(&cpl_rule_range, "{columns: [x], max: '2026-01-01 00:00:00'}", "timestamp(us)",
           VALUES("2026-01-01T00:00:00", "2026-01-01T00:00:00.000001"), ".x", NULL);
    expect(&cpl_rule_range, "{columns: [x], min: b, max: d}", "string",
           VALUES("a", "b", "c", "da", NULL), "x..x-",
           "x is \"a\", which is not between b and d\nx is \"da\", which is not between b and d");
}

static void range_mistakes(void **state)
{
    (void)state;
    expect_wrong(&cpl_rule_range, "{columns: [x]}", "needs `min`, `max` or both");
    expect_mistake(&cpl_rule_range, "{columns: [x], min: 1}", "int64", "quantty", "columns",
                   "did you mean `quantity`");
    expect_mistake(&cpl_rule_range, "{columns: [x], min: a}", "int64", "x", "min",
                   "`a` is no number");
    expect_mistake(&cpl_rule_range, "{columns: [x], min: 1, max: 1 or 1=1}", "int64", "x", "max",
                   "is no number");
    expect_mistake(&cpl_rule_range, "{columns: [x], min: tomorrow}", "date", "x", "min", "");
}

static void set(void **state)
{
    (void)state;
    expect(&cpl_rule_set, "{columns: [x], values: [open, 'it''s']}", "string",
           VALUES("open", "it's", "Open", "", NULL), "..xx-",
           "x is \"Open\", which is none of open, it's\nx is \"\", which is none of open, it's");
    expect(&cpl_rule_set, "{columns: [x], values: [1, 2]}", "int64", VALUES("1", "2", "3", NULL),
           "..x-", "x is 3, which is none of 1, 2");
    expect(&cpl_rule_set, "{columns: [x], values: [1, 2], none_of: true}", "int64",
           VALUES("1", "3", NULL), "x.-", "x is 1, which is one of 1, 2");
    expect(&cpl_rule_set, "{columns: [x], values: [2026-01-01]}", "date",
           VALUES("2026-01-01", "2026-01-02"), ".x", NULL);
    expect(&cpl_rule_set, "{columns: [x], values: [1,2,3,4,5,6,7,8,9]}", "int64", VALUES("0"), "x",
           "x is 0, which is none of 1, 2, 3, 4, 5, 6, 7, 8 … (9 in all)");
    expect_wrong(&cpl_rule_set, "{columns: [x], values: []}", "empty");
    expect_mistake(&cpl_rule_set, "{columns: [x], values: [1, two]}", "int64", "x", "values",
                   "`two` is no number");
    expect_mistake(&cpl_rule_set, "{columns: [x], values: [a]}", "string", "z", "columns",
                   "no column `z`");
}

static void length(void **state)
{
    (void)state;
    expect(&cpl_rule_length, "{columns: [x], min: 2, max: 3}", "string",
           VALUES("a", "\xC3\xA9\xC3\xA9", "abc", "abcd", NULL), "x..x-",
           "x is \"a\", which has not 2 to 3 characters\n"
           "x is \"abcd\", which has not 2 to 3 characters");
    expect(&cpl_rule_length, "{columns: [x], min: 1}", "string", VALUES("", "a"), "x.",
           "x is \"\", which has less than 1 characters");
    expect_wrong(&cpl_rule_length, "{columns: [x]}", "needs `min`, `max` or both");
    expect_wrong(&cpl_rule_length, "{columns: [x], min: 3, max: 2}", "less than `min`");
    expect_mistake(&cpl_rule_length, "{columns: [x], min: 3}", "int64", "x", "columns", "no text");
}

static void pattern(void **state)
{
    (void)state;
    expect(&cpl_rule_pattern, "{columns: [x], matches: '^[A-Z]{2}-\\d+$'}", "string",
           VALUES("AB-1", "ab-1", "AB-", "", NULL), ".xxx-",
           "x is \"ab-1\", which does not match ^[A-Z]{2}-\\d+$\n"
           "x is \"AB-\", which does not match ^[A-Z]{2}-\\d+$\n"
           "x is \"\", which does not match ^[A-Z]{2}-\\d+$");
    expect(&cpl_rule_pattern, "{columns: [x], matches: b, ignore_case: true}", "string",
           VALUES("aBc", "ac"), ".x", NULL);
    expect(&cpl_rule_pattern, "{columns: [x], matches: '^(a+)+\\1$'}", "string",
           VALUES("aa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"), ".x",
           "x is \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\", which takes too long to "
           "match against ^(a+)+\\1$");
    expect_wrong(&cpl_rule_pattern, "{columns: [x], matches: '(['}", "");
    expect_mistake(&cpl_rule_pattern, "{columns: [x], matches: a}", "int64", "x", "columns",
                   "no text");
}

static void check(void **state)
{
    (void)state;
    expect(&cpl_rule_check, "{condition: x >= y}", "int64", VALUES("1", "1", NULL), ".x-",
           "x is 1, y is 2, so `x >= y` does not hold");
    expect(&cpl_rule_check, "{condition: 'div(12, x) > 1'}", "int64", VALUES("0", "3", NULL), "x.-",
           "x is 0: a division by zero");
    expect_wrong(&cpl_rule_check, "{condition: 'x >'}", "");
    expect_mistake(&cpl_rule_check, "{condition: x + 1}", "int64", NULL, "condition",
                   "is no condition");
    expect_mistake(&cpl_rule_check, "{condition: quantty > 1}", "int64", NULL, "condition",
                   "is 'quantity' meant");
    expect_mistake(&cpl_rule_check, "{condition: x > 1}", "string", NULL, "condition", "");
}

static void type(void **state)
{
    (void)state;
    expect(&cpl_rule_type, "{columns: [x], is: 'decimal(4,2)'}", "string",
           VALUES("12.50", "12.505", "123.00", "", "a", NULL), ".xxxx-",
           "x is \"12.505\", which does not read as decimal(4,2)\n"
           "x is \"123.00\", which does not read as decimal(4,2)\n"
           "x is \"\", which does not read as decimal(4,2)\n"
           "x is \"a\", which does not read as decimal(4,2)");
    expect(&cpl_rule_type, "{columns: [x], is: date}", "string",
           VALUES("2026-02-28", "2026-02-30", "28.02.2026"), ".xx", NULL);
    expect(&cpl_rule_type, "{columns: [x], is: int8}", "int64", VALUES("127", "128", NULL), ".x-",
           "x is 128, which does not read as int8");
    expect(&cpl_rule_type, "{columns: [x], is: date}", "date", VALUES("2026-02-28", NULL), ".-",
           NULL);
    expect(&cpl_rule_type, "{columns: [x], is: int}", "string", VALUES("2147483648", "-5"), "x.",
           NULL);
    expect(&cpl_rule_type, "{columns: [x], is: json}", "string", VALUES("[1]", "[1", NULL), ".x-",
           NULL);
    expect_wrong(&cpl_rule_type, "{columns: [x], is: dat}", "date");
    expect_wrong(&cpl_rule_type, "{columns: [x], is: 'list<int32>'}", "several values");
    expect_mistake(&cpl_rule_type, "{columns: [x], is: int32}", "date", "x", "is", "");
    expect_mistake(&cpl_rule_type, "{columns: [x], is: int32}", "date", "quantit", "columns",
                   "did you mean `quantity`");
}

static void format_addresses(void **state)
{
    (void)state;
    expect(&cpl_rule_format, "{columns: [x], is: email}", "string",
           VALUES("ann@example.org", "a.b+c@x-y.co.uk", "ann@example", "@example.org",
                  "ann@@example.org", "ann example@a.org", "a..b@c.org", ".a@c.org", "a@-c.org",
                  "a@c.org\n", NULL),
           "..xxxxxxxx-", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: email}", "string", VALUES("ann"), "x",
           "x is \"ann\", which is no e-mail address");
    expect(&cpl_rule_format, "{columns: [x], is: email}", "string",
           VALUES("aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggg@example.org",
                  "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg@example.org"),
           ".x", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: url}", "string",
           VALUES("https://example.org", "http://u:p@h.org:8080/a/b?c=d#e", "HTTP://[::1]/",
                  "https://example.org/\xC3\xA9", "example.org", "javascript:alert(1)", "http://",
                  "http://a b", "http://a/b c", "http:///x", ""),
           "....xxxxxxx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: ipv4}", "string",
           VALUES("192.168.0.1", "256.1.1.1", "1.2.3", "01.2.3.4", "1.2.3.4 ", ""), ".xxxxx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: ipv6}", "string",
           VALUES("::1", "2001:db8::ff00:42:8329", "::ffff:1.2.3.4", "1::2::3", "fe80::1%eth0",
                  ":::", "2001:db8:0:0:0:0:0:0:1"),
           "...xxxx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: uuid}", "string",
           VALUES("0190a6a0-7b1c-7def-8abc-0123456789AB", "0190a6a07b1c7def8abc0123456789ab", ""),
           ".xx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: uuid}", "uuid",
           VALUES("0190a6a0-7b1c-7def-8abc-0123456789ab", NULL), ".-", "");
}

static void format_codes(void **state)
{
    (void)state;
    expect(&cpl_rule_format, "{columns: [x], is: iso_country}", "string",
           VALUES("AD", "DE", "ZW", "de", "DEU", "DX", "AA", "ZZ", "", NULL), "...xxxxxx-", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: iso_country3}", "string",
           VALUES("ABW", "DEU", "ZWE", "DE", "D E"), "...xx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: iso_currency}", "string",
           VALUES("AED", "EUR", "ZWG", "DEM", "eur", "UR "), "...xxx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: iso_language}", "string",
           VALUES("aa", "de", "zu", "DE", "xx"), "...xx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: bcp47}", "string",
           VALUES("de", "de-CH", "zh-Hant-TW", "sl-rozaj-biske-1994", "en-a-bbb-x-a", "d", "de_CH",
                  "de-", "en-a"),
           ".....xxxx", NULL);
    expect(&cpl_rule_format, "{columns: [x], is: iso_country}", "string", VALUES("DX"), "x",
           "x is \"DX\", which is no country code (ISO 3166-1 alpha-2)");
    expect_wrong(&cpl_rule_format, "{columns: [x], is: mail}", "email");
    expect_mistake(&cpl_rule_format, "{columns: [x], is: email}", "int64", "x", "columns",
                   "no text");
    expect_mistake(&cpl_rule_format, "{columns: [x], is: email}", "uuid", "x", "columns",
                   "no text");
}

static void checksum(void **state)
{
    (void)state;
    expect(
        &cpl_rule_checksum, "{columns: [x], of: luhn}", "string",
        VALUES("4539 1488 0343 6467", "4539-1488-0343-6468", "79927398713", "0", "", "7992a", NULL),
        ".x.xxx-", NULL);
    expect(&cpl_rule_checksum, "{columns: [x], of: luhn}", "int64",
           VALUES("79927398713", "79927398710", "-18", NULL), ".x.-",
           "x is 79927398710, whose last digit is not the one that Luhn's sum proves");
    expect(&cpl_rule_checksum, "{columns: [x], of: iban}", "string",
           VALUES("DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "NO9386011117947",
                  "DE88370400440532013000", "DE8937040044053201300", "XX89370400440532013000",
                  "de89370400440532013000", "", "DE", NULL),
           "...xxxxxx-", NULL);
    expect(&cpl_rule_checksum, "{columns: [x], of: iban}", "string",
           VALUES("MT84MALT011000012345MTLCAST001S",
                  "MT84 MALT 0110 0001 2345 MTLC AST0 01S ................................"),
           ".x", NULL);
    expect(&cpl_rule_checksum, "{columns: [x], of: ean13}", "string",
           VALUES("4006381333931", "4006381333932", "400638133393", "40063813339310", NULL),
           ".xxx-", NULL);
    expect(&cpl_rule_checksum, "{columns: [x], of: ean13}", "decimal(20,0)",
           VALUES("4006381333931", "4006381333932"), ".x", NULL);
    expect(&cpl_rule_checksum, "{columns: [x], of: isbn13}", "string",
           VALUES("978-3-16-148410-0", "978-3-16-148410-1", "4006381333931"), ".xx",
           "x is \"978-3-16-148410-1\", which is no ISBN-13: 978 or 979 in front, or its last "
           "digit, is wrong\nx is \"4006381333931\", which is no ISBN-13: 978 or 979 in front, or "
           "its last digit, is wrong");
    expect_mistake(&cpl_rule_checksum, "{columns: [x], of: luhn}", "double", "x", "columns",
                   "neither text nor a whole number");
    expect_mistake(&cpl_rule_checksum, "{columns: [x], of: luhn}", "decimal(9,2)", "x", "columns",
                   "neither text nor a whole number");
}

static void fresh(void **state)
{
    (void)state;
    expect(&cpl_rule_fresh, "{columns: [x], within: 24h}", "timestamp(s,utc)",
           VALUES("2026-01-10T12:00:00Z", "2026-01-10T11:59:59Z", "2026-01-11T12:05:00Z",
                  "2026-01-11T12:05:01Z", NULL),
           ".x.x-",
           "x is 2026-01-10T11:59:59Z, which is 1 d 00:00:01 old; it may be 1 d 00:00:00\n"
           "x is 2026-01-11T12:05:01Z, which lies 00:05:01 in the future; it may by 00:05:00");
    expect(&cpl_rule_fresh, "{columns: [x], within: 1h, ahead: 0s}", "timestamp(ns)",
           VALUES("2026-01-11T11:00:00", "2026-01-11T10:59:59.999999999",
                  "2026-01-11T12:00:00.000000001"),
           ".xx", NULL);
    expect(&cpl_rule_fresh, "{columns: [x], within: 1d}", "timestamp(s)",
           VALUES("0001-01-01T00:00:00", "9999-12-31T23:59:59"), "xx", NULL);
    /* a day is as young as its end, and as early as its beginning */
    expect(&cpl_rule_fresh, "{columns: [x], within: 12h}", "date",
           VALUES("2026-01-11", "2026-01-10", "2026-01-09", "2026-01-12", NULL), "..xx-",
           "x is 2026-01-09, which is 1 d 12:00:00 old; it may be 12:00:00\n"
           "x is 2026-01-12, which lies 12:00:00 in the future; it may by 00:05:00");
    expect_wrong(&cpl_rule_fresh, "{columns: [x]}", "within");
    expect_wrong(&cpl_rule_fresh, "{columns: [x], within: 0s}", "within");
    expect_mistake(&cpl_rule_fresh, "{columns: [x], within: 1h}", "string", "x", "columns",
                   "neither a date nor a timestamp");
}

static void fresh_scores(void **state)
{
    (void)state;
    struct table t;
    struct bound b;
    struct cpl_error err = {0};
    table_init(&t, "timestamp(ms,utc)",
               VALUES("2026-01-11T11:00:00Z", "2026-01-11T10:00:00Z", "2026-01-11T08:00:00Z",
                      "2026-01-11T13:00:00Z"));
    assert_true(read_options(&b, &cpl_rule_fresh, "{columns: [x], within: 1h}", &err));
    assert_true(begin(&b, &t, &err));
    assert_true(b.ops->test(b.rule, &b.scratch, &t.batch, &b.verdict, &err));
    assert_true(b.score[0] == 1.0f && b.score[1] == 0.5f && b.score[2] == 0.25f &&
                b.score[3] == 0.0f);
    end(&b);
    table_release(&t);
}

/* What stands in `describe` and in the reference is taken by the kind itself. */
static void kinds_describe_themselves(void **state)
{
    (void)state;
    static const struct cpl_rule_ops *const kinds[] = {
        &cpl_rule_check,    &cpl_rule_checksum, &cpl_rule_format, &cpl_rule_fresh, &cpl_rule_length,
        &cpl_rule_not_null, &cpl_rule_pattern,  &cpl_rule_range,  &cpl_rule_set,   &cpl_rule_type};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct bound b;
        struct cpl_error err = {0};
        size_t name = strlen(kinds[i]->name);
        const char *value = kinds[i]->example + name + 2;
        assert_memory_equal(kinds[i]->example, kinds[i]->name, name);
        assert_non_null(kinds[i]->summary);
        char map[256];
        snprintf(map, sizeof map, value[0] == '{' ? "%.0s%s" : "{%s: %s}",
                 kinds[i]->shorthand ? kinds[i]->shorthand : "", value);
        if (!read_options(&b, kinds[i], map, &err))
            fail_msg("%s: %s", kinds[i]->example, err.message);
        end(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_null),
        cmocka_unit_test(range),
        cmocka_unit_test(range_mistakes),
        cmocka_unit_test(set),
        cmocka_unit_test(length),
        cmocka_unit_test(pattern),
        cmocka_unit_test(check),
        cmocka_unit_test(type),
        cmocka_unit_test(format_addresses),
        cmocka_unit_test(format_codes),
        cmocka_unit_test(checksum),
        cmocka_unit_test(fresh),
        cmocka_unit_test(fresh_scores),
        cmocka_unit_test(kinds_describe_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Keys of partitions: escapes, parts of dates, nulls, what is refused. */
#include "run/partition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const texts[] = {"string",       "date",         "timestamp(us,utc)",
                                    "int64",        "decimal(9,2)", "double",
                                    "timestamp(s)", "boolean",      "list<int32>"};
static const char *const names[] = {"country", "day",   "at",   "id",  "price",
                                    "share",   "local", "flag", "tags"};
enum { COLUMNS = 9, ROWS = 4 };
static struct cpl_arena arena;
static struct cpl_field fields[COLUMNS];
static struct cpl_schema schema = {.fields = fields, .n_fields = COLUMNS};

static struct cpl_slice countries[ROWS];
static int32_t days[ROWS] = {20778, 0, -1,
                             -719162}; /* 2026-11-21 1970-01-01 1969-12-31 0001-01-01 */
static int64_t at[ROWS] = {1795268096000000, -1, 3599999999, 0};
static int64_t local[ROWS] = {1795268096, -3601, 0, 0};
static int64_t ids[ROWS] = {1, -2, INT64_MIN, 4};
static int64_t prices[ROWS] = {150, -5, 0, 1};
static uint8_t flags[ROWS] = {1, 0, 1, 0};
static uint8_t no_last[1] = {0x07};
static struct cpl_column columns[COLUMNS];
static struct cpl_batch batch = {.schema = &schema, .columns = columns, .rows = ROWS};

static int setup(void **state)
{
    (void)state;
    void *values[COLUMNS] = {countries, days, at, ids, prices, prices, local, flags, NULL};
    const char *words[ROWS] = {"DE", "a/b=c%{d}\"'", "\x01\x7f\xc3\xbc x", ""};
    for (int i = 0; i < COLUMNS; i++) {
        fields[i] = (struct cpl_field){.name = names[i], .nullable = true, .field_id = -1};
        if (!cpl_type_parse(texts[i], &arena, &fields[i].type, NULL))
            return -1;
        columns[i] = (struct cpl_column){.field = &fields[i], .length = ROWS, .values = values[i]};
    }
    for (int i = 0; i < ROWS; i++)
        countries[i] = (struct cpl_slice){.data = (const uint8_t *)words[i],
                                          .length = (uint32_t)strlen(words[i])};
    for (int i = 0; i < COLUMNS; i++) {
        columns[i].validity = no_last; /* row 3 is null everywhere */
        columns[i].null_count = 1;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cpl_arena_release(&arena);
    return 0;
}

static struct cpl_partition_plan *plan_of(const char *const *keys, struct cpl_error *err)
{
    struct cpl_sink_config sink = {.max_open_partitions = 3};
    sink.partition_by.items = (void *)keys;
    while (keys[sink.partition_by.n])
        sink.partition_by.n++;
    return cpl_partition_plan_new(&schema, &sink, err);
}

static void expect_text(const char *key, uint32_t row, const char *want)
{
    const char *keys[] = {key, NULL};
    struct cpl_buffer out = {0};
    struct cpl_partition_plan *plan = plan_of(keys, NULL);
    assert_non_null(plan);
    assert_true(cpl_partition_text(plan, &batch, row, &out, NULL));
    assert_string_equal(cpl_buffer_text(&out, NULL), want);
    cpl_buffer_release(&out);
    cpl_partition_plan_free(plan);
}

static void expect_refused(const char *key, const char *text)
{
    const char *keys[] = {key, NULL};
    struct cpl_error err = {0};
    assert_null(plan_of(keys, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    assert_non_null(strstr(err.message, text));
}

static void values(void **state)
{
    (void)state;
    expect_text("country", 0, "country=DE");
    expect_text("country", 1, "country=a%2Fb%3Dc%25%7Bd}%22%27");
    expect_text("country", 2, "country=%01%7F\xc3\xbc x");
    expect_text("country", 3, "country=__HIVE_DEFAULT_PARTITION__");
    expect_text("id", 2, "id=-9223372036854775808");
    expect_text("price", 0, "price=1.50");
    expect_text("price", 1, "price=-0.05");
    expect_text("flag", 0, "flag=true");
    expect_text("day", 0, "day=2026-11-21");
    expect_text("at", 0, "at=2026-11-21T13%3A34%3A56Z");
}

static void parts(void **state)
{
    (void)state;
    expect_text("year(day)", 0, "day_year=2026");
    expect_text("month(day)", 0, "day_month=2026-11");
    expect_text("day(day)", 2, "day_day=1969-12-31");
    expect_text("YEAR(at)", 0, "at_year=2026");
    expect_text("hour(at)", 0, "at_hour=2026-11-21-13");
    expect_text("hour(at)", 1, "at_hour=1969-12-31-23");
    expect_text("hour(at)", 2, "at_hour=1970-01-01-00");
    expect_text("hour(local)", 1, "local_hour=1969-12-31-22");
    expect_text("month(at)", 3, "at_month=__HIVE_DEFAULT_PARTITION__");
}

static void several(void **state)
{
    (void)state;
    const char *keys[] = {"country", "month(day)", NULL};
    struct cpl_partition_plan *plan = plan_of(keys, NULL);
    struct cpl_buffer out = {0}, a = {0}, b = {0};
    assert_non_null(plan);
    assert_int_equal(plan->schema->n_fields, COLUMNS - 1);
    assert_int_equal(cpl_schema_find(plan->schema, "country"), -1);
    assert_string_equal(plan->schema->fields[0].name, "day");
    assert_int_equal(plan->kept[0], 1);
    assert_true(cpl_partition_text(plan, &batch, 0, &out, NULL));
    assert_string_equal(cpl_buffer_text(&out, NULL), "country=DE/day_month=2026-11");
    for (uint32_t i = 0; i < ROWS; i++) {
        a.size = 0;
        assert_true(cpl_partition_binary(plan, &batch, i, &a, NULL));
        for (uint32_t j = 0; j < ROWS; j++) {
            b.size = 0;
            assert_true(cpl_partition_binary(plan, &batch, j, &b, NULL));
            assert_int_equal(a.size == b.size && !memcmp(a.data, b.data, a.size), i == j);
        }
    }
    cpl_buffer_release(&out);
    cpl_buffer_release(&a);
    cpl_buffer_release(&b);
    cpl_partition_plan_free(plan);
}

static void refused(void **state)
{
    (void)state;
    expect_refused("share", "column share is double");
    expect_refused("tags", "column tags is list<int32>");
    expect_refused("contry", "did you mean `country`?");
    expect_refused("month(da)", "there is no column `da`");
    expect_refused("month(country)", "needs a date or timestamp column");
    expect_refused("hour(day)", "needs a timestamp column");
    const char *twice[] = {"country", "country", NULL};
    struct cpl_error err = {0};
    assert_null(plan_of(twice, &err));
    assert_non_null(strstr(err.message, "twice"));
}

static void refused_text(const char *text, size_t length, enum cpl_code code)
{
    const char *keys[] = {"country", NULL};
    struct cpl_partition_plan *plan = plan_of(keys, NULL);
    struct cpl_slice was = countries[0];
    struct cpl_buffer out = {0};
    struct cpl_error err = {0};
    countries[0] = (struct cpl_slice){.data = (const uint8_t *)text, .length = (uint32_t)length};
    assert_false(cpl_partition_text(plan, &batch, 0, &out, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.message, "country"));
    countries[0] = was;
    cpl_buffer_release(&out);
    cpl_partition_plan_free(plan);
}

/* Texts that no directory gives back. */
static void refused_values(void **state)
{
    (void)state;
    char text[300];
    memset(text, '%', sizeof text);
    refused_text("", 0, CPL_E_DATA);
    refused_text("__HIVE_DEFAULT_PARTITION__", 26, CPL_E_DATA);
    refused_text(text, 256, CPL_E_LIMIT);
    refused_text(text, 100, CPL_E_LIMIT); /* 300 bytes when escaped */
}

static void memory_fails(void **state)
{
    (void)state;
    const char *keys[] = {"country", "hour(at)", NULL};
    struct cpl_partition_plan *plan = NULL;
    for (uint64_t n = 1; !plan; n++) {
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        plan = plan_of(keys, &err);
        cpl_memory_fail_at(0);
        assert_int_equal(err.code, plan ? CPL_E_NONE : CPL_E_MEMORY);
    }
    cpl_partition_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),         cmocka_unit_test(parts),
        cmocka_unit_test(several),        cmocka_unit_test(refused),
        cmocka_unit_test(refused_values), cmocka_unit_test(memory_fails)};
    return cmocka_run_group_tests(tests, setup, teardown);
}

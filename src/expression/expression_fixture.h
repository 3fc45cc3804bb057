/* For tests of expressions: a batch of a few rows of each type, and a row's result as text.
 *
 *   row  i      j      small  u       f     d       e                 w        s      t       day         ts      b      id  doc
 * Row 0 has ordinary values, row 1 extremes, row 2 nulls in all columns that may have them, row 3 zeros and empty texts. */
#pragma once
#include "expression/expression.h"
#include "format/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(FIXTURE_WITHOUT_CMOCKA) /* fuzz targets */
#define assert_true(what)     ((what) ? (void)0 : abort())
#define assert_false(what)    assert_true(!(what))
#define assert_non_null(what) assert_true((what) != NULL)
#define fail_msg(...)         abort()
#else
#include <cmocka.h>
#endif

enum { FIXTURE_ROWS = 4, FIXTURE_COLUMNS = 20 };

struct fixture {
    struct cpl_arena arena;
    struct cpl_schema *schema;
    struct cpl_batch batch;
    struct cpl_column columns[FIXTURE_COLUMNS], element, members[2], text;
    struct cpl_evaluator *evaluator;
};

static uint8_t fixture_validity[1] = {0xFB}; /* not row 2 */
static int64_t fixture_i[] = {7, INT64_MAX, 0, 0}, fixture_j[] = {-3, INT64_MIN, 0, 0};
static int8_t fixture_small[] = {5, INT8_MIN, 0, 0};
static int32_t fixture_i32[] = {12, INT32_MAX, 0, 0};
static uint64_t fixture_u[] = {9, UINT64_MAX, 0, 0};
static double fixture_f[] = {1.5, 1e308, 0, 0};
static float fixture_r[] = {0.5f, 1e38f, 0, 0};
static int64_t fixture_d[] = {1250, 999999999999999, 0, 0}; /* decimal(15,2) */
static int64_t fixture_e[] = {-5, -999999999999999, 0, 0};
static cpl_int128 fixture_w[4]; /* decimal(38,4) */
static struct cpl_slice fixture_s[] = {
    {.data = (const uint8_t *)"Gold and silver                 ", .length = 15},
    {.data = (const uint8_t *)"\xC3\xA9t\xC3\xA9                      ", .length = 5},
    {.data = cpl_no_bytes},
    {.data = cpl_no_bytes}};
static struct cpl_slice fixture_t[] = {
    {.data = (const uint8_t *)"Gold and bronze                 ", .length = 15},
    {.data = (const uint8_t *)"12.50                           ", .length = 5},
    {.data = cpl_no_bytes},
    {.data = cpl_no_bytes}};
static int32_t fixture_day[] = {20464, INT32_MAX, 0, 0};           /* 2026-01-11 */
static int64_t fixture_ts[] = {1768136399999000, INT64_MAX, 0, 0}; /* 2026-01-11T12:59:59.999 */
static int64_t fixture_utc[] = {1768136399, 1, 0, 0};
static uint8_t fixture_b[] = {1, 0, 0, 0};
static uint8_t fixture_id[4][16] = {{0x12, 0x34}, {0xFF}, {0}, {0}};
static struct cpl_slice fixture_doc[] = {
    {.data =
         (const uint8_t *)"{\"a\": {\"b\": [1, \"x\\u00e9\"]}, \"n\": null}                    ",
     .length = 40},
    {.data = (const uint8_t *)"[]                                ", .length = 2},
    {.data = cpl_no_bytes},
    {.data = (const uint8_t *)"\"\"                                ", .length = 2}};
static int32_t fixture_offsets[] = {0, 2, 3, 3, 3};
static int64_t fixture_elements[4] = {1, 2, 3, 0};

static inline void fixture_column(struct fixture *fixture, uint32_t i, struct cpl_field *fields,
                                  const char *name, const char *type, void *values)
{
    struct cpl_error err = {0};
    fields[i] = (struct cpl_field){.name = name, .nullable = values != fixture_j, .field_id = -1};
    if (!cpl_type_parse(type, &fixture->arena, &fields[i].type, &err))
        fail_msg("%s", err.message);
    bool nullable = fields[i].nullable;
    fixture->columns[i] = (struct cpl_column){.length = FIXTURE_ROWS,
                                              .null_count = nullable,
                                              .validity = nullable ? fixture_validity : NULL,
                                              .values = values};
}

static inline void fixture_init(struct fixture *fixture)
{
    struct cpl_field fields[FIXTURE_COLUMNS];
    const struct {
        const char *name, *type;
        void *values;
    } columns[FIXTURE_COLUMNS] = {{"i", "int64", fixture_i},
                                  {"j", "int64", fixture_j},
                                  {"small", "int8", fixture_small},
                                  {"i32", "int32", fixture_i32},
                                  {"u", "uint64", fixture_u},
                                  {"f", "double", fixture_f},
                                  {"r", "float", fixture_r},
                                  {"d", "decimal(15,2)", fixture_d},
                                  {"e", "decimal(15,2)", fixture_e},
                                  {"w", "decimal(38,4)", fixture_w},
                                  {"s", "string", fixture_s},
                                  {"t", "string", fixture_t},
                                  {"day", "date", fixture_day},
                                  {"ts", "timestamp(us)", fixture_ts},
                                  {"utc", "timestamp(s,utc)", fixture_utc},
                                  {"b", "boolean", fixture_b},
                                  {"id", "uuid", fixture_id},
                                  {"doc", "json", fixture_doc},
                                  {"list", "list<int64>", NULL},
                                  {"o", "struct<a: int64, \"b c\": struct<d: string>>", NULL}};
    *fixture = (struct fixture){0};
    fixture_w[0] = 10000;
    fixture_w[1] = 1;
    for (int i = 0; i < 38; i++)
        fixture_w[1] *= 10;
    fixture_w[1]--;
    for (uint32_t i = 0; i < FIXTURE_COLUMNS; i++)
        fixture_column(fixture, i, fields, columns[i].name, columns[i].type, columns[i].values);
    fixture->schema = cpl_schema_new(fields, FIXTURE_COLUMNS, NULL);
    fixture->evaluator = cpl_evaluator_new(NULL);
    assert_non_null(fixture->schema);
    assert_non_null(fixture->evaluator);
    for (uint32_t i = 0; i < FIXTURE_COLUMNS; i++)
        fixture->columns[i].field = &fixture->schema->fields[i];
    fixture->columns[18].offsets = fixture_offsets;
    fixture->columns[18].children = &fixture->element;
    fixture->element = (struct cpl_column){
        .field = fixture->schema->fields[18].type.children, .length = 3, .i64 = fixture_elements};
    fixture->members[0] = fixture->columns[0];
    fixture->members[1] = fixture->columns[19];
    fixture->members[1].children = &fixture->text;
    fixture->text = fixture->columns[10];
    fixture->columns[19].children = fixture->members;
    fixture->batch = (struct cpl_batch){
        .schema = fixture->schema, .columns = fixture->columns, .rows = FIXTURE_ROWS};
}

static inline void fixture_release(struct fixture *fixture)
{
    cpl_evaluator_free(fixture->evaluator);
    cpl_schema_free(fixture->schema);
    cpl_arena_release(&fixture->arena);
}

static inline struct cpl_expression *fixture_compile(struct fixture *fixture, const char *text)
{
    const struct cpl_expression_env env = {.now_ms = 1768136399999};
    struct cpl_error err = {0};
    size_t at;
    struct cpl_expression *expression = cpl_expression_compile(text, fixture->schema, &env, &at,
                                                               &err);
    if (!expression)
        fail_msg("%s\n%*s %s", text, (int)at + 1, "^", err.message);
    return expression;
}

/* A row of a result: its text, "null", or "!" and the number of the fault. */
static inline const char *fixture_show(const struct cpl_values *values, uint32_t row, char out[256])
{
    if (values->faults && values->faults[row]) {
        snprintf(out, 256, "!%u", values->faults[row]);
        assert_false(cpl_is_valid(&values->column, row));
        return out;
    }
    if (!cpl_is_valid(&values->column, row))
        return strcpy(out, "null");
    if (cpl_kind_is_slice(values->column.field->type.kind)) {
        const struct cpl_slice *text = &values->column.slices[row];
        snprintf(out, 256, "%.*s", (int)text->length, (const char *)text->data);
        return out;
    }
    out[cpl_print_value(&values->column, row, out)] = 0;
    return out;
}

/* What `text` gives for the row. */
static inline const char *fixture_value(struct fixture *fixture, const char *text, uint32_t row,
                                        char out[256])
{
    struct cpl_error err = {0};
    struct cpl_values values;
    struct cpl_expression *expression = fixture_compile(fixture, text);
    cpl_evaluator_reset(fixture->evaluator);
    if (!cpl_evaluate(fixture->evaluator, expression, &fixture->batch, &values, &err))
        fail_msg("%s: %s", text, err.message);
    fixture_show(&values, row, out);
    if (!strcmp(out, "null"))
        assert_true(cpl_expression_nullable(expression));
    cpl_expression_free(expression);
    return out;
}

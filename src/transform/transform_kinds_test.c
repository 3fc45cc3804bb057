/* The kinds of transforms: schema out, values, rows at fault, mistakes with the option that they name, memory that runs out.
 *
 * Options are read as a pipeline's are, from YAML, and rows are given as columns of text, int64 and nothing else. */
#include "transform/transform_kinds.h"

#include "base/tree.h"
#include "format/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants those first */
#include <cmocka.h>

enum { ROWS = 4, COLUMNS = 3 };

/* name string, null in row 1; n int64, null in row 2; d int64, 0 in row 3 */
struct rows {
    struct cpl_arena arena;
    struct cpl_schema *schema;
    struct cpl_batch batch;
    struct cpl_column columns[COLUMNS];
    uint8_t validity[2];
    struct cpl_slice names[ROWS];
    int64_t n[ROWS], d[ROWS];
    uint32_t row_start[ROWS], row_end[ROWS];
};
static const uint8_t texts[ROWS][32] = {" Ann ", "", "bo", "Cyril"};

static void rows_init(struct rows *rows)
{
    const struct cpl_field fields[COLUMNS] = {
        {.name = "name", .type = {.kind = CPL_STRING}, .nullable = true, .field_id = 7},
        {.name = "n", .type = {.kind = CPL_I64}, .nullable = true, .field_id = -1},
        {.name = "d", .type = {.kind = CPL_I64}, .field_id = -1}};
    *rows = (struct rows){.validity = {0xFF & ~2, 0xFF & ~4},
                          .n = {10, 20, 0, 40},
                          .d = {1, 2, 3, 0},
                          .row_start = {0, 10, 20, 30},
                          .row_end = {10, 20, 30, 40}};
    for (int i = 0; i < ROWS; i++)
        rows->names[i] = (struct cpl_slice){.data = texts[i],
                                            .length = (uint32_t)strlen((const char *)texts[i])};
    rows->schema = cpl_schema_new(fields, COLUMNS, NULL);
    assert_non_null(rows->schema);
    rows->columns[0] = (struct cpl_column){
        .null_count = 1, .validity = &rows->validity[0], .slices = rows->names};
    rows->columns[1] = (struct cpl_column){
        .null_count = 1, .validity = &rows->validity[1], .i64 = rows->n};
    rows->columns[2] = (struct cpl_column){.i64 = rows->d};
    for (uint32_t i = 0; i < COLUMNS; i++) {
        rows->columns[i].field = &rows->schema->fields[i];
        rows->columns[i].length = ROWS;
    }
    rows->batch = (struct cpl_batch){.schema = rows->schema,
                                     .columns = rows->columns,
                                     .rows = ROWS,
                                     .row_start = rows->row_start,
                                     .row_end = rows->row_end};
}

static void rows_release(struct rows *rows)
{
    cpl_schema_free(rows->schema);
    cpl_arena_release(&rows->arena);
}

/* ---- a transform from its options to its rows ---- */

struct step {
    const struct cpl_transform_ops *ops;
    void *options, *transform;
    struct cpl_schema *out;
    struct cpl_transform_scratch scratch;
    struct cpl_transformed result;
    const char *key; /* that a mistake names */
};

static bool step_options(struct step *step, const char *yaml, struct cpl_arena *arena,
                         struct cpl_error *err)
{
    size_t n;
    step->options = cpl_arena_alloc(arena, step->ops->options_size, err);
    if (!step->options)
        return false;
    memset(step->options, 0, step->ops->options_size);
    struct cpl_node **roots = cpl_tree_parse(yaml, strlen(yaml), "t.yaml", arena, &n, err);
    return roots &&
           cpl_options_parse(step->ops->options, roots[0], "step", arena, step->options, err) &&
           (!step->ops->check_options || step->ops->check_options(step->options, &step->key, err));
}

static bool step_apply(struct step *step, struct rows *rows, struct cpl_error *err)
{
    struct cpl_transformed *result = &step->result;
    *result = (struct cpl_transformed){0};
    step->scratch.evaluator = cpl_evaluator_new(err);
    return step->scratch.evaluator &&
           step->ops->apply(step->transform, &step->scratch, &rows->batch, result, err) &&
           (!result->keep || cpl_batch_select(result->batch, result->keep, result->n_keep,
                                              &step->scratch.arena, err));
}

static bool step_run(struct step *step, struct rows *rows, const struct cpl_transform_ops *ops,
                     const char *yaml, struct cpl_error *err)
{
    const struct cpl_transform_env env = {.expression = {.now_ms = 1768136399999}};
    *step = (struct step){.ops = ops};
    return step_options(step, yaml, &rows->arena, err) &&
           ops->bind(step->options, rows->schema, &env, &step->transform, &step->out, &step->key,
                     err) &&
           step_apply(step, rows, err);
}

static void step_end(struct step *step)
{
    if (step->transform)
        step->ops->unbind(step->transform);
    cpl_schema_free(step->out);
    cpl_evaluator_free(step->scratch.evaluator);
    cpl_arena_release(&step->scratch.arena);
}

/* ---- what came out, as text ---- */

static void show_value(const struct cpl_column *column, uint32_t row, char out[200])
{
    if (!cpl_is_valid(column, row)) {
        strcpy(out, "null");
    } else if (cpl_kind_is_slice(column->field->type.kind)) {
        snprintf(out, 200, "%.*s", (int)column->slices[row].length,
                 (const char *)column->slices[row].data);
    } else {
        out[cpl_print_value(column, row, out)] = 0;
    }
}

/* "name n | a 1 | b 2 ! d 3": columns, rows, and behind ! the column and number of each row at fault. */
static const char *show(const struct step *step, char out[2000])
{
    const struct cpl_batch *batch = step->result.batch;
    size_t at = 0;
    *out = 0;
    for (uint32_t i = 0; i < batch->schema->n_fields; i++)
        at += (size_t)snprintf(out + at, 2000 - at, "%s%s", i ? "," : "",
                               batch->schema->fields[i].name);
    for (uint32_t row = 0; row < batch->rows; row++)
        for (uint32_t i = 0; i < batch->schema->n_fields; i++) {
            char value[200];
            show_value(&batch->columns[i], row, value);
            assert_int_equal(batch->columns[i].length, batch->rows);
            at += (size_t)snprintf(out + at, 2000 - at, "%s%s", i ? "," : "|", value);
        }
    for (uint32_t i = 0; i < step->result.n_faults; i++)
        at += (size_t)snprintf(out + at, 2000 - at, "!%s@%u",
                               step->result.faults[i].column ? step->result.faults[i].column : "",
                               step->result.faults[i].row);
    return out;
}

static void expect(const struct cpl_transform_ops *ops, const char *yaml, const char *wanted)
{
    struct rows rows;
    struct step step;
    struct cpl_error err = {0};
    char shown[2000];
    rows_init(&rows);
    if (!step_run(&step, &rows, ops, yaml, &err))
        fail_msg("%s %s: %s", ops->name, yaml, err.message);
    assert_string_equal(show(&step, shown), wanted);
    step_end(&step);
    rows_release(&rows);
}

static void refused(const struct cpl_transform_ops *ops, const char *yaml, const char *key,
                    const char *part)
{
    struct rows rows;
    struct step step;
    struct cpl_error err = {0};
    rows_init(&rows);
    assert_false(step_run(&step, &rows, ops, yaml, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    if (!strstr(err.message, part))
        fail_msg("%s %s: `%s` lacks `%s`", ops->name, yaml, err.message, part);
    if (key)
        assert_string_equal(step.key, key);
    assert_null(step.transform);
    step_end(&step);
    rows_release(&rows);
}

/* ---- columns that are chosen and named ---- */

static void columns_are_chosen_and_ordered(void **state)
{
    (void)state;
    expect(&cpl_transform_select, "columns: [d, name]", "d,name|1, Ann |2,null|3,bo|0,Cyril");
    expect(&cpl_transform_drop, "columns: [name, name]", "n,d|10,1|20,2|null,3|40,0");
    refused(&cpl_transform_select, "columns: [nam]", "columns", "name");
    refused(&cpl_transform_select, "columns: [d, d]", "columns", "d");
    refused(&cpl_transform_select, "columns: [d, d, d, d]", "columns", "twice");
    refused(&cpl_transform_select, "columns: []", NULL, "");
    refused(&cpl_transform_drop, "columns: [x]", "columns", "there is no column `x`");
    refused(&cpl_transform_drop, "columns: [d, n, name]", "columns", "no column would be left");
}

static void names_may_be_swapped(void **state)
{
    (void)state;
    expect(&cpl_transform_rename, "columns: {n: d, d: n}",
           "name,d,n| Ann ,10,1|null,20,2|bo,null,3|Cyril,40,0");
    refused(&cpl_transform_rename, "columns: {n: d}", "columns", "`d`");
    refused(&cpl_transform_rename, "columns: {x: y}", "columns", "there is no column `x`");
    refused(&cpl_transform_rename, "columns: {n: ''}", "columns", "needs a name");
}

/* ---- columns that are calculated ---- */

static void columns_are_derived(void **state)
{
    (void)state;
    expect(&cpl_transform_derive, "columns: {n: n + d, e: n}",
           "name,n,d,e| Ann ,11,1,10|null,22,2,20|bo,null,3,null|Cyril,40,0,40");
    refused(&cpl_transform_derive, "columns: {e: m + 1}", "columns", "m");
    refused(&cpl_transform_derive, "columns: {e: 'n +'}", "columns", "");
    refused(&cpl_transform_derive, "columns: {}", "columns", "no column");
}

static void what_cannot_be_calculated_is_rejected_or_null(void **state)
{
    (void)state;
    expect(&cpl_transform_derive, "columns: {e: 'div(12, d)', f: 'div(d, n - 20)'}",
           "name,n,d,e,f| Ann ,10,1,12,0|bo,null,3,4,null!f@1!e@3");
    expect(&cpl_transform_derive, "{columns: {d: 'div(12, d)'}, on_error: 'null'}",
           "name,n,d| Ann ,10,12|null,20,6|bo,null,4|Cyril,40,null");
    struct rows rows;
    struct step step;
    rows_init(&rows);
    assert_true(step_run(&step, &rows, &cpl_transform_derive,
                         "{columns: {d: 'div(12, d)', name: \"'x'\"}, on_error: 'null'}", NULL));
    assert_true(step.out->fields[2].nullable);
    assert_int_equal(step.result.batch->columns[2].null_count, 1);
    assert_int_equal(step.out->fields[0].field_id, 7); /* the same column, as stored */
    assert_null(step.result.keep);
    step_end(&step);
    rows_release(&rows);
}

/* Rows are selected in place: a column that stands in the batch twice must not share its arrays. */
static void a_copied_column_keeps_its_rows(void **state)
{
    (void)state;
    expect(&cpl_transform_derive, "columns: {m: n, who: name, e: 'div(1, 10 - n)'}",
           "name,n,d,m,who,e|null,20,2,20,null,0|bo,null,3,null,bo,null|Cyril,40,0,40,Cyril,0!e@0");
}

static void null_is_a_word_in_quotes(void **state)
{
    (void)state;
    refused(&cpl_transform_derive, "{columns: {e: n}, on_error: null}", NULL, "in quotes");
    refused(&cpl_transform_cast, "{columns: {n: int8}, on_error: ~}", NULL, "in quotes");
}

static void casts_keep_values_or_fault(void **state)
{
    (void)state;
    expect(&cpl_transform_cast, "columns: {n: int8, d: string}",
           "name,n,d| Ann ,10,1|null,20,2|bo,null,3|Cyril,40,0");
    expect(&cpl_transform_cast, "columns: {name: int64}",
           "name,n,d|null,20,2!name@0!name@2!name@3");
    expect(&cpl_transform_cast, "{columns: {name: int64}, on_error: 'null'}",
           "name,n,d|null,10,1|null,20,2|null,null,3|null,40,0");
    refused(&cpl_transform_cast, "columns: {n: intt64}", "columns", "int64");
    refused(&cpl_transform_cast, "columns: {n: 'int64) + (1'}", "columns", "");
    refused(&cpl_transform_cast, "columns: {m: int64}", "columns", "there is no column `m`");
}

static void nulls_are_filled(void **state)
{
    (void)state;
    expect(&cpl_transform_fill, "columns: {n: d * 2, name: \"'-'\"}",
           "name,n,d| Ann ,10,1|-,20,2|bo,6,3|Cyril,40,0");
    expect(&cpl_transform_fill, "columns: {n: 0.5}",
           "name,n,d| Ann ,10,1|null,20,2|Cyril,40,0!n@2"); /* an int64 stays one */
    refused(&cpl_transform_fill, "columns: {n: '0), (1'}", "columns", "");
    refused(&cpl_transform_fill, "columns: {n: \"'x'\"}", "columns", "n");
}

static void texts_are_standardised(void **state)
{
    (void)state;
    expect(&cpl_transform_standardise, "columns: [name]",
           "name,n,d|Ann,10,1|null,20,2|bo,null,3|Cyril,40,0");
    refused(&cpl_transform_standardise, "{columns: [name], trim: false}", "case", "neither");
    refused(&cpl_transform_standardise, "columns: [n]", "columns", "n");
    refused(&cpl_transform_standardise, "{columns: [name, name]}", "columns", "twice");
}

static void values_are_hashed(void **state)
{
    (void)state;
    expect(&cpl_transform_hash, "{columns: [n], with: xxh3}", /* XXH3 of 10, 20, 40 */
           "name,n,d| Ann "
           ",d0698444ed39c832,1|null,e4f7ce4c0f09ecfd,2|bo,null,3|Cyril,290b6225d65a7e4d,0");
}

static void values_are_masked(void **state)
{
    (void)state;
    expect(&cpl_transform_mask, "{columns: [name, n], keep_last: 2}",
           "name,n,d|***n ,**,1|null,**,2|**,null,3|***il,**,0");
    expect(&cpl_transform_mask, "{columns: [d, name], with: \xC3\xA9}",
           "name,n,d|\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9,10,\xC3\xA9|null,20,\xC3\xA9|"
           "\xC3\xA9\xC3\xA9,null,\xC3\xA9|\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9,40,\xC3\xA9");
    refused(&cpl_transform_mask, "{columns: [name], with: '**'}", NULL, "one character");
    refused(&cpl_transform_mask, "{columns: [name], with: ''}", NULL, "");
    refused(&cpl_transform_mask, "{columns: [name], keep_last: -1}", NULL, "keep_last");
}

/* ---- rows that stay ---- */

static void rows_are_filtered(void **state)
{
    (void)state;
    expect(&cpl_transform_filter, "condition: n > 15", "name,n,d|null,20,2|Cyril,40,0");
    expect(&cpl_transform_filter, "condition: d >= 0",
           "name,n,d| Ann ,10,1|null,20,2|bo,null,3|Cyril,40,0");
    expect(&cpl_transform_filter, "condition: 'div(12, d) < 10'",
           "name,n,d|null,20,2|bo,null,3!@3");
    refused(&cpl_transform_filter, "condition: n + 1", "condition", "no condition");
    refused(&cpl_transform_filter, "condition: m > 1", "condition", "m");
    refused(&cpl_transform_filter, "condition: n >", "condition", "");
}

static void rows_that_stay_keep_their_origin(void **state)
{
    (void)state;
    struct rows rows;
    struct step step;
    rows_init(&rows);
    assert_true(step_run(&step, &rows, &cpl_transform_filter, "condition: n > 15", NULL));
    assert_int_equal(step.result.batch->row_start[0], 10);
    assert_int_equal(step.result.batch->row_end[1], 40);
    step_end(&step);
    rows_release(&rows);
}

/* ---- memory that runs out ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const struct {
        const struct cpl_transform_ops *ops;
        const char *yaml;
    } steps[] = {{&cpl_transform_select, "columns: [d, name]"},
                 {&cpl_transform_drop, "columns: [d]"},
                 {&cpl_transform_rename, "columns: {n: d, d: n}"},
                 {&cpl_transform_derive, "columns: {e: 'div(1, d)', m: n}"},
                 {&cpl_transform_derive, "{columns: {e: 'div(1, d)'}, on_error: 'null'}"},
                 {&cpl_transform_filter, "condition: 'div(1, d) >= 0'"},
                 {&cpl_transform_cast, "columns: {name: date}"},
                 {&cpl_transform_fill, "columns: {n: d, name: \"'-'\"}"},
                 {&cpl_transform_standardise, "columns: [name]"},
                 {&cpl_transform_hash, "{columns: [name], with: xxh3, salt: \"it's\"}"},
                 {&cpl_transform_mask, "{columns: [name, n], keep_last: 2}"}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        bool ok = false;
        uint64_t n = 0;
        while (!ok) {
            struct rows rows;
            struct step step;
            struct cpl_error err = {0};
            rows_init(&rows);
            cpl_memory_fail_at(++n);
            ok = step_run(&step, &rows, steps[i].ops, steps[i].yaml, &err);
            cpl_memory_fail_at(0);
            if (!ok)
                assert_int_equal(err.code, CPL_E_MEMORY);
            step_end(&step);
            rows_release(&rows);
        }
        assert_true(n > 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_chosen_and_ordered),
        cmocka_unit_test(names_may_be_swapped),
        cmocka_unit_test(columns_are_derived),
        cmocka_unit_test(what_cannot_be_calculated_is_rejected_or_null),
        cmocka_unit_test(a_copied_column_keeps_its_rows),
        cmocka_unit_test(null_is_a_word_in_quotes),
        cmocka_unit_test(casts_keep_values_or_fault),
        cmocka_unit_test(nulls_are_filled),
        cmocka_unit_test(texts_are_standardised),
        cmocka_unit_test(values_are_hashed),
        cmocka_unit_test(values_are_masked),
        cmocka_unit_test(rows_are_filtered),
        cmocka_unit_test(rows_that_stay_keep_their_origin),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

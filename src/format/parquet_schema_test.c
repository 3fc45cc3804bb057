/* Schemas to SchemaElements and back, levels, and the lists and maps of old writers (LogicalTypes.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "format/parquet_schema.h"
#include <stdio.h>
#include <string.h>

/* Parse a notation of types as the columns of a struct; cpl_type_parse is tested elsewhere. */
static struct cpl_schema schema_of(const char *text, struct cpl_arena *arena)
{
    struct cpl_type type;
    struct cpl_error err;
    if (!cpl_type_parse(text, arena, &type, &err))
        fail_msg("%s", err.message);
    return (struct cpl_schema){.fields = type.children, .n_fields = type.n_children};
}

static const char *const everything =
    "struct<a: boolean, b: int8 not null, c: uint16, d: int32, e: uint64, f: float, g: double, "
    "h: decimal(9, 2), i: decimal(18, 3), j: decimal(38, 0), k: string, l: binary, m: json, n: "
    "uuid, "
    "o: date, p: time(ms), q: time(ns), r: timestamp(us, utc), s: timestamp(ms), "
    "t: struct<x: int64 not null, y: list<string>> not null, u: list<list<int32 not null>>, "
    "v: map<string not null, struct<z: double>>>";

static void test_there_and_back(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_schema schema = schema_of(everything, &arena);
    struct cpl_parquet_schema written, read;
    struct cpl_error err;
    schema.fields[3].field_id = 42;
    assert_true(cpl_parquet_schema_of(&schema, &arena, &written, &err));
    assert_true(
        cpl_parquet_schema_parse(written.elements, written.n_elements, &arena, &read, &err));
    struct cpl_schema back = {.fields = (struct cpl_field *)read.fields, .n_fields = read.n_fields};
    assert_true(cpl_schema_equal(&schema, &back));
    assert_int_equal(back.fields[3].field_id, 42);
    assert_int_equal(read.n_leaves, written.n_leaves);
    for (uint32_t i = 0; i < read.n_leaves; i++) {
        assert_int_equal(read.leaves[i].max_def, written.leaves[i].max_def);
        assert_int_equal(read.leaves[i].max_rep, written.leaves[i].max_rep);
    }
    cpl_arena_release(&arena);
}

static void test_converted_types_alone_suffice(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_schema schema = schema_of(
        "struct<a: int8, b: decimal(20, 4), c: string, d: list<date>, "
        "e: timestamp(ms, utc), f: map<string not null, uint64>>",
        &arena);
    struct cpl_parquet_schema written, read;
    struct cpl_error err;
    assert_true(cpl_parquet_schema_of(&schema, &arena, &written, &err));
    struct cpl_parquet_element *elements = (struct cpl_parquet_element *)written.elements;
    for (uint32_t i = 0; i < written.n_elements; i++)
        elements[i].logical = (struct cpl_parquet_logical){0};
    assert_true(cpl_parquet_schema_parse(elements, written.n_elements, &arena, &read, &err));
    struct cpl_schema back = {.fields = (struct cpl_field *)read.fields, .n_fields = read.n_fields};
    assert_true(cpl_schema_equal(&schema, &back));
    cpl_arena_release(&arena);
}

static void check_leaf(const struct cpl_parquet_leaf *leaf, const char *path, int max_def,
                       int max_rep)
{
    char text[100];
    assert_string_equal(cpl_parquet_leaf_path(leaf, text, sizeof text), path);
    assert_int_equal(leaf->max_def, max_def);
    assert_int_equal(leaf->max_rep, max_rep);
}

static void test_levels(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_schema schema = schema_of(
        "struct<a: int32 not null, b: list<struct<c: string, d: list<int8 not null> "
        "not null>>, m: map<string, int32>>",
        &arena);
    struct cpl_parquet_schema out;
    struct cpl_error err;
    assert_true(cpl_parquet_schema_of(&schema, &arena, &out, &err));
    assert_int_equal(out.n_leaves, 5);
    check_leaf(&out.leaves[0], "a", 0, 0);
    check_leaf(&out.leaves[1], "b.list.element.c", 4, 1);
    check_leaf(&out.leaves[2], "b.list.element.d.list.element", 4, 2);
    check_leaf(&out.leaves[3], "m.key_value.key", 2, 1);
    check_leaf(&out.leaves[4], "m.key_value.value", 3, 1);
    assert_int_equal(out.nodes[1].def, 1);
    assert_int_equal(out.nodes[1].element_def, 2);
    assert_int_equal(out.nodes[1].n_leaves, 2);
    assert_ptr_equal(out.leaves[0].field, &schema.fields[0]);
    cpl_arena_release(&arena);
}

#define GROUP(label, repeat, children)                                                             \
    {.name = {(const uint8_t *)label, sizeof label - 1},                                           \
     .has_repetition = true,                                                                       \
     .repetition = CPL_PARQUET_##repeat,                                                           \
     .has_num_children = true,                                                                     \
     .num_children = children}
#define LIST(label, repeat)                                                                        \
    {.name = {(const uint8_t *)label, sizeof label - 1},                                           \
     .has_repetition = true,                                                                       \
     .repetition = CPL_PARQUET_##repeat,                                                           \
     .has_num_children = true,                                                                     \
     .num_children = 1,                                                                            \
     .has_converted = true,                                                                        \
     .converted = CPL_PARQUET_CONVERTED_LIST}
#define LEAF(label, repeat)                                                                        \
    {.name = {(const uint8_t *)label, sizeof label - 1},                                           \
     .has_repetition = true,                                                                       \
     .repetition = CPL_PARQUET_##repeat,                                                           \
     .has_type = true,                                                                             \
     .type = CPL_PARQUET_INT32}

/* The columns of `elements` (a root is put before them) in notation. */
static void check_legacy(const struct cpl_parquet_element *elements, uint32_t n,
                         const char *expected)
{
    struct cpl_parquet_element all[16] = {GROUP("schema", REQUIRED, 1)};
    struct cpl_arena arena = {0};
    struct cpl_parquet_schema out;
    struct cpl_buffer text = {0};
    struct cpl_error err;
    memcpy(all + 1, elements, n * sizeof *elements);
    assert_true(cpl_parquet_schema_parse(all, n + 1, &arena, &out, &err));
    assert_true(cpl_type_format(&out.fields[0].type, &text, &err));
    assert_string_equal(cpl_buffer_text(&text, &err), expected);
    cpl_buffer_release(&text);
    cpl_arena_release(&arena);
}

static void test_old_lists(void **state)
{
    (void)state;
    const struct cpl_parquet_element two_level[] = {LIST("l", OPTIONAL), LEAF("element", REPEATED)};
    check_legacy(two_level, 2, "list<int32 not null>");
    const struct cpl_parquet_element pairs[] = {LIST("l", OPTIONAL), GROUP("element", REPEATED, 2),
                                                LEAF("x", REQUIRED), LEAF("y", OPTIONAL)};
    check_legacy(pairs, 4, "list<struct<x: int32 not null, y: int32> not null>");
    const struct cpl_parquet_element array[] = {LIST("l", OPTIONAL), GROUP("array", REPEATED, 1),
                                                LEAF("x", REQUIRED)};
    check_legacy(array, 3, "list<struct<x: int32 not null> not null>");
    const struct cpl_parquet_element tuple[] = {LIST("l", OPTIONAL), GROUP("l_tuple", REPEATED, 1),
                                                LEAF("x", REQUIRED)};
    check_legacy(tuple, 3, "list<struct<x: int32 not null> not null>");
    const struct cpl_parquet_element other[] = {LIST("l", OPTIONAL), GROUP("bag", REPEATED, 1),
                                                LEAF("x", OPTIONAL)};
    check_legacy(other, 3, "list<int32>");
    const struct cpl_parquet_element bare[] = {LEAF("l", REPEATED)};
    check_legacy(bare, 1, "list<int32 not null>");
    const struct cpl_parquet_element group[] = {GROUP("g", REPEATED, 1), LEAF("l", REPEATED)};
    check_legacy(group, 2, "list<struct<l: list<int32 not null> not null> not null>");
}

static void test_broken_trees(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_parquet_schema out;
    struct cpl_error err;
    const struct cpl_parquet_element short_of_children[] = {GROUP("s", REQUIRED, 2),
                                                            LEAF("a", OPTIONAL)};
    assert_false(cpl_parquet_schema_parse(short_of_children, 2, &arena, &out, &err));
    const struct cpl_parquet_element orphans[] = {GROUP("s", REQUIRED, 1), LEAF("a", OPTIONAL),
                                                  LEAF("b", OPTIONAL)};
    assert_false(cpl_parquet_schema_parse(orphans, 3, &arena, &out, &err));
    const struct cpl_parquet_element hollow[] = {GROUP("s", REQUIRED, 1), GROUP("g", OPTIONAL, 0)};
    assert_false(cpl_parquet_schema_parse(hollow, 2, &arena, &out, &err));
    assert_false(cpl_parquet_schema_parse(hollow, 0, &arena, &out, &err));
    struct cpl_parquet_element deep[500];
    for (int i = 0; i < 500; i++)
        deep[i] = (struct cpl_parquet_element)GROUP("g", REQUIRED, 1);
    deep[499] = (struct cpl_parquet_element)LEAF("x", REQUIRED);
    assert_false(cpl_parquet_schema_parse(deep, 500, &arena, &out, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    struct cpl_schema schema = schema_of("struct<a: struct<b: int32>>", &arena);
    schema.fields[0].type.n_children = 0;
    assert_false(cpl_parquet_schema_of(&schema, &arena, &out, &err));
    assert_int_equal(err.code, CPL_E_UNSUPPORTED);
    cpl_arena_release(&arena);
}

static void test_decimal_lengths(void **state)
{
    (void)state;
    assert_int_equal(cpl_parquet_decimal_length(1), 1);
    assert_int_equal(cpl_parquet_decimal_length(3), 2);
    assert_int_equal(cpl_parquet_decimal_length(19), 9);
    assert_int_equal(cpl_parquet_decimal_length(38), 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_converted_types_alone_suffice),
        cmocka_unit_test(test_levels),         cmocka_unit_test(test_old_lists),
        cmocka_unit_test(test_broken_trees),   cmocka_unit_test(test_decimal_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

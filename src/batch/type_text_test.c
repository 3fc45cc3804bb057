/* The notation of types: what is written is read back, aliases, refusals with their place, bounds. */
#include "batch/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* `text` parsed and written again must be `want`. */
static void check(const char *text, const char *want)
{
    struct cpl_arena arena = {0};
    struct cpl_buffer out = {0};
    struct cpl_error err = {0};
    struct cpl_type type;
    if (!cpl_type_parse(text, &arena, &type, &err))
        fail_msg("%s: %s", text, err.message);
    assert_true(cpl_type_format(&type, &out, NULL));
    assert_string_equal(cpl_buffer_text(&out, NULL), want);
    cpl_buffer_release(&out);
    cpl_arena_release(&arena);
}

static void written_types_are_read_back(void **state)
{
    (void)state;
    static const char *const types[] = {
        "boolean",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float",
        "double",
        "decimal(38,10)",
        "string",
        "binary",
        "json",
        "uuid",
        "date",
        "time(s)",
        "time(ns)",
        "timestamp(ms)",
        "timestamp(us,utc)",
        "list<int64 not null>",
        "map<string, list<double>>",
        "map<int32, date not null>",
        "struct<a: int64, \"b \"\"c: \": string not null, d: struct<e.f: uuid>>"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check(types[i], types[i]);
}

static void aliases_and_blanks(void **state)
{
    (void)state;
    check(" BOOL ", "boolean");
    check("integer", "int32");
    check("bigint", "int64");
    check("float64", "double");
    check("Float32", "float");
    check("list<str>", "list<string>");
    check("varchar( 20 )", "string");
    check("datetime", "timestamp(us)");
    check("time", "time(us)");
    check("numeric( 10 )", "decimal(10,0)");
    check("array<struct<a:int,b:text  NOT NULL>>", "list<struct<a: int32, b: string not null>>");
}

static void check_refused(const char *text, const char *part)
{
    struct cpl_arena arena = {0};
    struct cpl_error err = {0};
    struct cpl_type type;
    assert_false(cpl_type_parse(text, &arena, &type, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    if (!strstr(err.message, part))
        fail_msg("%s: \"%s\" lacks \"%s\"", text, err.message, part);
    cpl_arena_release(&arena);
}

static void refusals_say_where_and_what(void **state)
{
    (void)state;
    check_refused("strng", "did you mean string?");
    check_refused("number", "did you mean double?");
    check_refused("datetime64", "did you mean timestamp?");
    check_refused("list<int64, a>", "expected '>' at character 11");
    check_refused("decimal", "decimal(15,2)");
    check_refused("decimal(39,0)", "38 digits are the most");
    check_refused("decimal(5,6)", "precision");
    check_refused("decimal(0,0)", "precision");
    check_refused("decimal(99999999999999999999,0)", "number");
    check_refused("timestamp(min)", "unit");
    check_refused("time(us,utc)", "expected ')'");
    check_refused("struct<a: int32, a: int32>", "twice");
    check_refused("struct<>", "name");
    check_refused("struct<a int32>", "expected ':'");
    check_refused("struct<\"a: int32>", "not closed at character 8");
    check_refused("int64 not", "behind the type");
    check_refused("list<int64 not>", "expected null");
    check_refused("", "name of a type");
    char deep[600] = "";
    for (int i = 0; i < 65; i++)
        strcat(deep, "list<");
    check_refused(deep, "64 levels");
}

static void schemas_are_deep_copies(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_field field = {.name = "a", .nullable = true, .field_id = 7};
    assert_true(
        cpl_type_parse("struct<x: list<int64>, y: map<string, uuid>>", &arena, &field.type, NULL));
    struct cpl_schema *one = cpl_schema_new(&field, 1, NULL),
                      *two = cpl_schema_new(&field, 1, NULL);
    assert_true(cpl_schema_equal(one, two));
    assert_int_equal(cpl_schema_find(one, "a"), 0);
    assert_int_equal(cpl_schema_find(one, "A"), -1);
    two->fields[0].type.children[0].type.children[0].nullable = false;
    assert_false(cpl_schema_equal(one, two));
    cpl_arena_release(&arena);
    cpl_schema_free(one);
    cpl_schema_free(two);
}

static void failing_allocations(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        struct cpl_arena arena = {0};
        struct cpl_buffer out = {0};
        struct cpl_error err = {0};
        struct cpl_field field = {.name = "a"};
        struct cpl_schema *schema = NULL;
        cpl_memory_fail_at(n);
        bool ok = cpl_type_parse("struct<x: list<int64>, \"y\": int32>", &arena, &field.type,
                                 &err) &&
                  cpl_type_format(&field.type, &out, &err) &&
                  (schema = cpl_schema_new(&field, 1, &err)) != NULL;
        cpl_memory_fail_at(0);
        cpl_schema_free(schema);
        cpl_buffer_release(&out);
        cpl_arena_release(&arena);
        if (ok)
            return;
        assert_int_equal(err.code, CPL_E_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_types_are_read_back), cmocka_unit_test(aliases_and_blanks),
        cmocka_unit_test(refusals_say_where_and_what), cmocka_unit_test(schemas_are_deep_copies),
        cmocka_unit_test(failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "batch/schema_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_schema *take(const char *text, struct cpl_arena *arena)
{
    struct cpl_error err = {0};
    struct cpl_node *top = cpl_tree_parse_json(text, strlen(text), "t.json", 1000, arena, &err);
    assert_non_null(top);
    struct cpl_schema *schema = cpl_schema_take(cpl_tree_get(top, "s"), &err);
    assert_non_null(schema);
    return schema;
}

static void a_schema_comes_back(void **state)
{
    (void)state;
    static const char text[] =
        "{\"s\":[{\"name\":\"id\",\"type\":\"int64\",\"nullable\":false},"
        "{\"name\":\"x\",\"type\":\"struct<a: decimal(9,2), b: list<timestamp(us,utc)>>\","
        "\"nullable\":true}]}";
    struct cpl_arena arena = {0};
    struct cpl_buffer out = {0};
    struct cpl_error err = {0};
    struct cpl_json_writer json;
    struct cpl_schema *schema = take(text, &arena);
    assert_int_equal(schema->n_fields, 2);
    assert_false(schema->fields[0].nullable);
    assert_int_equal(schema->fields[1].type.kind, CPL_STRUCT);
    cpl_json_begin(&json, &out, 0, &err);
    cpl_json_object(&json, NULL);
    cpl_schema_put(&json, "s", schema);
    cpl_json_close(&json);
    assert_true(cpl_json_end(&json));
    assert_string_equal(cpl_buffer_text(&out, &err), text);
    cpl_schema_free(schema);
    cpl_buffer_release(&out);
    cpl_arena_release(&arena);
}

static void what_cannot_be_read_is_left_out(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_schema *schema = take(
        "{\"s\":[{\"name\":\"a\",\"type\":\"no such\"},3,{\"type\":\"date\"},"
        "{\"name\":\"b\",\"type\":\"date\"}]}",
        &arena);
    assert_int_equal(schema->n_fields, 1);
    assert_string_equal(schema->fields[0].name, "b");
    cpl_schema_free(schema);
    schema = take("{\"s\":7}", &arena);
    assert_int_equal(schema->n_fields, 0);
    cpl_schema_free(schema);
    cpl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_comes_back),
        cmocka_unit_test(what_cannot_be_read_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

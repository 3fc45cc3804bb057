/* What a reject file remembers comes back; what somebody else put there does no harm. */
#include "source/rejects_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void it_comes_back(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    struct cpl_buffer text = {0};
    struct cpl_arena arena = {0};
    struct cpl_field fields[] = {{.name = "id", .type = {.kind = CPL_I64}, .field_id = -1}};
    struct cpl_schema schema = {.fields = fields, .n_fields = 1}, *back_schema;
    struct cpl_rejects_bytes headers[] = {{(const uint8_t *)"\xff\0i,n\n", 6},
                                          {(const uint8_t *)"", 0}};
    struct cpl_rejects_from objects[] = {
        {.path = "in/a.csv", .charset = "UTF-16LE", .header = 0, .dialect = 1, .rows = 3},
        {.path = "b\"\n", .charset = "", .header = CPL_NO_HEADER, .dialect = 0, .rows = 1},
        {.path = "in/a.csv",
         .charset = "UTF-8",
         .header = 1,
         .dialect = CPL_NO_DIALECT,
         .rows = 2}};
    const char *dialects[] = {"{}", "{\"delimiter\":{\"value\":\";\",\"from\":"
                                    "\"sniffed\"},\"quote\":\"'\",\"nulls\":"
                                    "{\"value\":[\"N/A\",\"a, \\\"b\"]},\"thousands\":null}"};
    struct cpl_rejects_record back, record = {.decoder = "csv",
                                              .dialects_json = dialects,
                                              .n_dialects = 2,
                                              .schema = &schema,
                                              .headers = headers,
                                              .n_headers = 2,
                                              .objects = objects,
                                              .n_objects = 3};
    assert_true(cpl_rejects_record_encode(&record, &text, &err));
    if (!cpl_rejects_record_parse(text.data, text.size, "r.parquet", 6, &arena, &back, &back_schema,
                                  &err))
        fail_msg("%s", err.message);
    assert_string_equal(back.decoder, "csv");
    assert_int_equal(back.n_dialects, 2);
    assert_int_equal(back.dialects[0].n, 0);
    assert_int_equal(back.dialects[1].n, 4);
    const struct cpl_pair *pairs = back.dialects[1].items;
    assert_string_equal(pairs[0].value, ";");
    assert_string_equal(pairs[1].key, "quote");
    assert_string_equal(pairs[2].value, "[\"N/A\",\"a, \\\"b\"]");
    assert_null(pairs[3].value);
    assert_false(back.header_may_be_cut);
    assert_int_equal(back.n_headers, 2);
    assert_memory_equal(back.headers[0].data, headers[0].data, 6);
    assert_int_equal(back.headers[1].size, 0);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(back.objects[i].path, objects[i].path);
        assert_string_equal(back.objects[i].charset, objects[i].charset);
        assert_int_equal(back.objects[i].header, objects[i].header);
        assert_int_equal(back.objects[i].dialect, objects[i].dialect);
        assert_int_equal(back.objects[i].rows, objects[i].rows);
    }
    assert_true(cpl_schema_equal(back_schema, &schema));
    cpl_schema_free(back_schema);
    cpl_arena_release(&arena);
    cpl_buffer_release(&text);
}

/* One dialect for all. */
static void the_first_version_is_read(void **state)
{
    (void)state;
    const char text[] = "{\"version\":1,\"decoder\":\"csv\",\"settings\":{\"quote\":\"'\"},"
                        "\"schema\":[{\"name\":\"a\",\"type\":\"int64\"}],"
                        "\"headers\":[],\"objects\":[{\"path\":\"a\",\"charset\":\"\","
                        "\"header\":null,\"rows\":1}]}";
    struct cpl_error err = {0};
    struct cpl_arena arena = {0};
    struct cpl_rejects_record record;
    struct cpl_schema *schema;
    if (!cpl_rejects_record_parse(text, strlen(text), "r.parquet", 1, &arena, &record, &schema,
                                  &err))
        fail_msg("%s", err.message);
    assert_int_equal(record.n_dialects, 1);
    assert_string_equal(record.dialects[0].items[0].value, "'");
    assert_int_equal(record.objects[0].dialect, 0);
    assert_true(record.header_may_be_cut);
    cpl_schema_free(schema);
    cpl_arena_release(&arena);
}

static void what_is_hostile_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "[]",
        "null",
        "{}",
        "{\"version\":1}",
        "{\"version\":2}",
        "{\"version\":3}",
        "{\"version\":2,\"decoder\":\"csv\",\"headers\":[],\"objects\":[]}",
        "{\"version\":2,\"decoder\":\"csv\",\"dialects\":[3],\"headers\":[],\"objects\":[]}",
        "{\"version\":2,\"decoder\":\"csv\",\"dialects\":[{}],\"headers\":[],\"objects\":[{"
        "\"path\":\"a\",\"charset\":\"\",\"header\":null,\"dialect\":1,\"rows\":1}]}",
        "{\"version\":2,\"decoder\":\"csv\",\"dialects\":[{}],\"headers\":[],\"objects\":[{"
        "\"path\":\"a\",\"charset\":\"\",\"header\":null,\"dialect\":null,\"rows\":1}]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":3,\"objects\":[]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[\"abc\"],\"objects\":[]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[\"zz\"],\"objects\":[]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[[]],\"objects\":[]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":{}}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":[7]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":[{\"path\":\"a\","
        "\"charset\":\"\","
        "\"header\":0,\"rows\":1}]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":[{\"path\":\"a\","
        "\"charset\":\"\","
        "\"header\":null,\"rows\":-1}]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":[{\"path\":\"a\","
        "\"charset\":\"\","
        "\"header\":null,\"rows\":2}]}",
        "{\"version\":1,\"decoder\":\"csv\",\"headers\":[],\"objects\":[{\"path\":\"a\","
        "\"charset\":\"\","
        "\"header\":null,\"rows\":18446744073709551615},{\"path\":\"a\",\"charset\":\"\","
        "\"header\":null,\"rows\":2}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cpl_error err = {0};
        struct cpl_arena arena = {0};
        struct cpl_rejects_record record;
        struct cpl_schema *schema;
        if (cpl_rejects_record_parse(texts[i], strlen(texts[i]), "r.parquet", 1, &arena, &record,
                                     &schema, &err))
            fail_msg("%s", texts[i]);
        assert_true(err.code == CPL_E_CORRUPT || err.code == CPL_E_UNSUPPORTED);
        assert_null(schema);
        cpl_arena_release(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back),
        cmocka_unit_test(the_first_version_is_read),
        cmocka_unit_test(what_is_hostile_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

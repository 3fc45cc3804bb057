/* JSON writing: structure, escapes, numbers, and the reader taking back what was written. */
#include "base/tree.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool write_sample(struct cpl_buffer *out, int indent, struct cpl_error *err)
{
    struct cpl_json_writer w;
    cpl_json_begin(&w, out, indent, err);
    cpl_json_object(&w, NULL);
    cpl_json_string(&w, "a", "q\"\\\n\x01é");
    cpl_json_bytes(&w, "b", "x\xff\0y", 4);
    cpl_json_list(&w, "l");
    cpl_json_int(&w, NULL, INT64_MIN);
    cpl_json_uint(&w, NULL, UINT64_MAX);
    cpl_json_bool(&w, NULL, true);
    cpl_json_object(&w, NULL);
    cpl_json_close(&w);
    cpl_json_close(&w);
    cpl_json_string(&w, "n", NULL);
    cpl_json_double(&w, "d", 0.1);
    cpl_json_double(&w, "i", INFINITY);
    cpl_json_raw(&w, "r", "[1]");
    cpl_json_close(&w);
    return cpl_json_end(&w);
}

static void test_one_line(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    assert_true(write_sample(&out, 0, NULL));
    assert_string_equal(
        cpl_buffer_text(&out, NULL),
        "{\"a\":\"q\\\"\\\\\\n\\u0001é\",\"b\":\"x\xef\xbf\xbd\\u0000y\","
        "\"l\":[-9223372036854775808,18446744073709551615,true,{}],\"n\":null,\"d\":0.1,"
        "\"i\":null,\"r\":[1]}");
    cpl_buffer_release(&out);
}

static void test_indented(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_json_writer w;
    cpl_json_begin(&w, &out, 2, NULL);
    cpl_json_object(&w, NULL);
    cpl_json_list(&w, "a");
    cpl_json_int(&w, NULL, 1);
    cpl_json_int(&w, NULL, 2);
    cpl_json_close(&w);
    cpl_json_object(&w, "b");
    cpl_json_close(&w);
    cpl_json_close(&w);
    assert_true(cpl_json_end(&w));
    assert_string_equal(cpl_buffer_text(&out, NULL),
                        "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
    cpl_buffer_release(&out);
}

static void test_doubles_come_back(void **state)
{
    (void)state;
    const double values[] = {0,       -0.0,   1.0 / 3, DBL_MAX,
                             DBL_MIN, 5e-324, 1e22,    123456789012345678.0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct cpl_buffer out = {0};
        struct cpl_json_writer w;
        cpl_json_begin(&w, &out, 0, NULL);
        cpl_json_double(&w, NULL, values[i]);
        assert_true(cpl_json_end(&w));
        assert_true(strtod(cpl_buffer_text(&out, NULL), NULL) == values[i]);
        cpl_buffer_release(&out);
    }
}

static void test_wrong_use(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_json_writer w;
    struct cpl_error err;
    cpl_json_begin(&w, &out, 0, &err);
    cpl_json_object(&w, NULL);
    assert_false(cpl_json_end(&w));
    assert_int_equal(err.code, CPL_E_INTERNAL);
    cpl_json_begin(&w, &out, 0, &err);
    cpl_json_close(&w);
    assert_false(cpl_json_end(&w));
    cpl_buffer_release(&out);
}

static void test_read_back(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_json_writer w;
    cpl_json_begin(&w, &out, 1, NULL);
    cpl_json_object(&w, NULL);
    cpl_json_string(&w, "k\t\"", "é\u2028\x7f😀\r\b\f");
    cpl_json_close(&w);
    assert_true(cpl_json_end(&w));
    struct cpl_arena arena = {0};
    size_t n;
    struct cpl_node **roots = cpl_tree_parse((const char *)out.data, out.size, "x.json", &arena, &n,
                                             NULL);
    assert_non_null(roots);
    assert_string_equal(roots[0]->first->key, "k\t\"");
    assert_string_equal(roots[0]->first->text, "é\u2028\x7f😀\r\b\f");
    cpl_arena_release(&arena);
    cpl_buffer_release(&out);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 100);
        struct cpl_buffer out = {0};
        struct cpl_error err;
        cpl_memory_fail_at(n);
        done = write_sample(&out, 2, &err);
        cpl_memory_fail_at(0);
        assert_true(done || err.code == CPL_E_MEMORY);
        cpl_buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),          cmocka_unit_test(test_indented),
        cmocka_unit_test(test_doubles_come_back), cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_read_back),         cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

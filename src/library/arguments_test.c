/* Every function of the library with NULL where an ordinary caller may leave one: an error that says
 * which argument it was, or nothing, and never a crash. */
#include "cupel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static cupel *instance;

static void expect(bool result, const cupel_error *err, const char *argument)
{
    assert_false(result);
    assert_string_equal(cupel_code_name(err->code), "USAGE");
    assert_int_equal(err->exit_status, 2);
    assert_non_null(strstr(err->message, argument));
    assert_non_null(strstr(err->message, "is NULL"));
}

static void test_nothing_to_do(void **state)
{
    (void)state;
    cupel_free(NULL);
    cupel_free_text(NULL);
    cupel_stop(NULL);
    assert_null(cupel_result(NULL));
    assert_null(cupel_result(instance));
    cupel *other = cupel_new(NULL, NULL);
    assert_non_null(other);
    cupel_free(other);
}

static void test_settings(void **state)
{
    cupel_error err;
    (void)state;
    expect(cupel_set(NULL, "limits.threads", "1", &err), &err, "instance");
    expect(cupel_set(instance, NULL, "1", &err), &err, "option");
    assert_true(cupel_set(instance, "limits.threads", NULL, &err));
    assert_false(cupel_set(NULL, NULL, NULL, NULL));
    assert_null(cupel_describe(NULL, &err));
    expect(false, &err, "what");
    assert_null(cupel_describe(NULL, NULL));
}

static void test_runs(void **state)
{
    cupel_error err;
    static const char text[] = "source: {path: absent.csv}\nsink: {path: absent}\n";
    (void)state;
    expect(cupel_run_file(NULL, "a.yaml", NULL, NULL, &err), &err, "instance");
    expect(cupel_run_file(instance, NULL, NULL, NULL, &err), &err, "path");
    expect(cupel_run_text(NULL, text, sizeof text - 1, "t", NULL, NULL, &err), &err, "instance");
    expect(cupel_run_text(instance, NULL, 0, "t", NULL, NULL, &err), &err, "text");
    assert_false(cupel_run_text(instance, text, sizeof text - 1, NULL, NULL, NULL, &err));
    assert_string_equal(cupel_code_name(err.code), "NOT_FOUND");
    assert_false(cupel_run_file(NULL, NULL, NULL, NULL, NULL));
}

static void test_convert(void **state)
{
    cupel_error err;
    static const char *const inputs[] = {"absent.csv", NULL};
    (void)state;
    expect(cupel_convert(NULL, inputs, 1, "o.parquet", &err), &err, "instance");
    expect(cupel_convert(instance, NULL, 1, "o.parquet", &err), &err, "inputs");
    expect(cupel_convert(instance, inputs, 2, "o.parquet", &err), &err, "inputs");
    expect(cupel_convert(instance, inputs, 1, NULL, &err), &err, "output");
    assert_false(cupel_convert(NULL, NULL, 1, NULL, NULL));
}

static void test_no_inputs(void **state)
{
    cupel_error err;
    static const char *const inputs[] = {"absent.csv"};
    (void)state;
    assert_false(cupel_convert(instance, inputs, 0, "o.parquet", &err));
    assert_string_equal(cupel_code_name(err.code), "CONFIG");
    assert_non_null(strstr(err.message, "source.path is empty"));
    assert_false(cupel_convert(instance, NULL, 0, "o.parquet", &err));
    assert_non_null(strstr(err.message, "source.path is empty"));
}

static void test_read(void **state)
{
    cupel_error err;
    struct ArrowArrayStream stream;
    (void)state;
    memset(&stream, 0xFF, sizeof stream);
    expect(cupel_read(NULL, "a.csv", &stream, &err), &err, "instance");
    assert_null(stream.release);
    expect(cupel_read(instance, NULL, &stream, &err), &err, "path");
    expect(cupel_read(instance, "a.csv", NULL, &err), &err, "stream");
    assert_false(cupel_read(instance, "a.csv", NULL, NULL));
}

static int begin(void **state)
{
    (void)state;
    instance = cupel_new(NULL, NULL);
    return instance ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    cupel_free(instance);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_settings),
        cmocka_unit_test(test_runs),          cmocka_unit_test(test_convert),
        cmocka_unit_test(test_no_inputs),     cmocka_unit_test(test_read),
    };
    return cmocka_run_group_tests(tests, begin, end);
}

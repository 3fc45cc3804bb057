/* Rows that cannot be read: each is told to `reject`, or their number to `log`, and never to both. */
#include "cupel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct told {
    unsigned rejects, warnings;
    char warning[200];
};

static void on_reject(void *context, const char *object, uint64_t line, const char *column,
                      const char *rule, const char *message)
{
    struct told *told = context;
    (void)object, (void)column, (void)rule, (void)message;
    assert_true(line == 3 || line == 5);
    told->rejects++;
}

static void on_log(void *context, const char *level, const char *message)
{
    struct told *told = context;
    assert_string_equal(level, "warning");
    snprintf(told->warning, sizeof told->warning, "%s", message);
    told->warnings++;
}

static int64_t read_all(const cupel_callbacks *callbacks, const char *path)
{
    struct ArrowArrayStream stream;
    int64_t rows = 0;
    cupel_error err;
    cupel *instance = cupel_new(callbacks, &err);
    if (!cupel_read(instance, path, &stream, &err))
        fail_msg("%s", err.message);
    for (bool more = true; more;) {
        struct ArrowArray batch;
        assert_int_equal(stream.get_next(&stream, &batch), 0);
        more = batch.release != NULL;
        rows += more ? batch.length : 0;
        if (more)
            batch.release(&batch);
    }
    struct ArrowArray none;
    assert_int_equal(stream.get_next(&stream, &none), 0); /* the end, again */
    stream.release(&stream);
    cupel_free(instance);
    return rows;
}

static void rows_are_told_of(void **state)
{
    char path[] = "/tmp/cupel-left-out-XXXXXX";
    struct told told = {0};
    (void)state;
    int descriptor = mkstemp(path);
    static const char text[] = "a,b\n1,2\n3\n4,5\n6,7,8\n";
    assert_int_equal(write(descriptor, text, sizeof text - 1), sizeof text - 1);
    close(descriptor);
    cupel_callbacks callbacks = {.size = sizeof callbacks, .context = &told, .log = on_log};
    assert_int_equal(read_all(&callbacks, path), 2);
    assert_int_equal(told.warnings, 1);
    assert_non_null(strstr(told.warning, "2 rows could not be read"));

    told = (struct told){0};
    callbacks.reject = on_reject;
    assert_int_equal(read_all(&callbacks, path), 2);
    assert_int_equal(told.rejects, 2);
    assert_int_equal(told.warnings, 0);
    assert_int_equal(read_all(NULL, path), 2);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_are_told_of)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/error.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

static void cuts_leave_whole_characters(void **state)
{
    (void)state;
    struct cpl_error err;
    cpl_fail(&err, CPL_E_DATA, "`%.3s` is no date", "a\xE6\x9D\xB1\xE4\xBA\xAC");
    assert_string_equal(err.message, "`a?` is no date");
    cpl_fail(&err, CPL_E_DATA, "`%.4s` is no date", "a\xE6\x9D\xB1\xE4\xBA\xAC");
    assert_string_equal(err.message, "`a\xE6\x9D\xB1` is no date");
    cpl_fail(&err, CPL_E_DATA, "%.5s", "\xF0\x9F\x98\x80\xF0\x9F\x98\x80");
    assert_string_equal(err.message, "\xF0\x9F\x98\x80?");
}

static void long_messages_end_with_a_whole_character(void **state)
{
    (void)state;
    struct cpl_error err;
    char text[3 * sizeof err.message + 1];
    for (size_t shift = 0; shift < 3; shift++) {
        for (size_t i = 0; i + 1 < sizeof text; i++)
            text[i] = "\xE6\x9D\xB1"[i % 3];
        text[sizeof text - 1] = 0;
        cpl_fail(&err, CPL_E_DATA, "%.*s%s", (int)shift, "xy", text);
        size_t length = strlen(err.message);
        assert_true((length - shift) % 3 == 0 || err.message[length - 1] == '?');
    }
}

static void a_reason_stands_behind_the_longest_path(void **state)
{
    (void)state;
    struct cpl_error err;
    char path[2 * sizeof err.message];
    memset(path, 'p', sizeof path);
    memcpy(path, "/\xE6\x9D\xB1", 4);
    path[sizeof path - 1] = 0;
    cpl_fail_errno(&err, ENOENT, "cannot open %s", path);
    assert_int_equal(err.code, CPL_E_NOT_FOUND);
    const char *reason = ": No such file or directory";
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    assert_string_equal(err.message + strlen(err.message) - strlen(reason), reason);
}

static void contexts_leave_whole_characters(void **state)
{
    (void)state;
    struct cpl_error err;
    char name[sizeof err.message] = "x";
    for (size_t i = 1; i < sizeof name; i++)
        name[i] = "\xE6\x9D\xB1"[(i + 2) % 3];
    name[sizeof name - 1] = 0;
    cpl_fail(&err, CPL_E_DATA, "damaged");
    cpl_fail_context(&err, "%s", name);
    assert_string_equal(err.message + strlen(err.message) - 10, "?: damaged");
}

static void a_path_is_said_once(void **state)
{
    (void)state;
    struct cpl_error err;
    cpl_fail_errno(&err, ENOENT, "cannot open %s", "a.csv");
    cpl_fail_in(&err, "a.csv");
    assert_string_equal(err.message, "cannot open a.csv: No such file or directory");
    cpl_fail(&err, CPL_E_DATA, "not a Parquet file");
    cpl_fail_in(&err, "a.parquet");
    cpl_fail_in(&err, "a.parquet");
    assert_string_equal(err.message, "a.parquet: not a Parquet file");
    cpl_fail(&err, CPL_E_IO, "cannot read %s at byte 7: %s", "d/a.csv", "damaged");
    cpl_fail_in(&err, "d/a.csv");
    assert_string_equal(err.message, "cannot read d/a.csv at byte 7: damaged");
    cpl_fail_in(&err, "d"); /* its folder */
    assert_string_equal(err.message, "cannot read d/a.csv at byte 7: damaged");
    cpl_fail_in(&err, "a.csv"); /* another file */
    assert_string_equal(err.message, "a.csv: cannot read d/a.csv at byte 7: damaged");
    cpl_fail(&err, CPL_E_DATA, "the row is too long");
    cpl_fail_in(&err, "row"); /* a word of the sentence */
    assert_string_equal(err.message, "row: the row is too long");
    cpl_fail(&err, CPL_E_DATA, "a.zip is an archive");
    cpl_fail_in(&err, "a.zip");
    assert_string_equal(err.message, "a.zip is an archive");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_stands_behind_the_longest_path),
        cmocka_unit_test(contexts_leave_whole_characters),
        cmocka_unit_test(a_path_is_said_once),
        cmocka_unit_test(cuts_leave_whole_characters),
        cmocka_unit_test(long_messages_end_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/error.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_leave_whole_characters),
        cmocka_unit_test(long_messages_end_with_a_whole_character),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

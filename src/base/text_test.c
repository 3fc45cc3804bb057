#include "base/text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

static void a_buffers_end_cuts_between_characters(void **state)
{
    (void)state;
    char text[6];
    cpl_text_set(text, sizeof text, "%s", "abc\xE6\x9D\xB1");
    assert_string_equal(text, "abc?");
    cpl_text_set(text, sizeof text, "%s", "ab\xE6\x9D\xB1");
    assert_string_equal(text, "ab\xE6\x9D\xB1");
}

static void a_precision_cuts_between_characters(void **state)
{
    (void)state;
    char text[40];
    cpl_text_set(text, sizeof text, "`%.3s` is cut", "\xF0\x9F\x98\x80");
    assert_string_equal(text, "`?` is cut");
}

static void check_printable(const char *from, const char *to)
{
    char text[40];
    cpl_text_set(text, sizeof text, "%s", from);
    cpl_text_printable(text, strlen(text));
    assert_string_equal(text, to);
}

static void control_characters_are_shown(void **state)
{
    (void)state;
    check_printable("a\x1b[31mb\n\x7f", "a?[31mb??");
    check_printable("\xC2\x9B"
                    "31m",
                    "??31m");
    check_printable("\xC2\xA0\xC3\xA9", "\xC2\xA0\xC3\xA9");
    char half[] = "\xC2\x9B";
    cpl_text_printable(half, 1); /* what stands behind the text is not looked at */
    assert_string_equal(half, "\xC2\x9B");
}

static void bytes_that_are_no_text_are_shown(void **state)
{
    char text[16];
    (void)state;
    cpl_text_escape(text, sizeof text, "d/n\xE4.csv");
    assert_string_equal(text, "d/n\\xE4.csv");
    cpl_text_escape(text, sizeof text, "\xE4\xE4\xE4\xE4");
    assert_string_equal(text, "\\xE4\\xE4\\xE4");
    cpl_text_escape(text, 1, "a");
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_no_text_are_shown),
        cmocka_unit_test(a_buffers_end_cuts_between_characters),
        cmocka_unit_test(a_precision_cuts_between_characters),
        cmocka_unit_test(control_characters_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

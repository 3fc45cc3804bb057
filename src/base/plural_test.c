#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/plural.h"

static void test_counts(void **state)
{
    (void)state;
    char text[CPL_COUNTED_TEXT];
    assert_string_equal(cpl_counted(0, "row", text), "0 rows");
    assert_string_equal(cpl_counted(1, "row", text), "1 row");
    assert_string_equal(cpl_counted(2, "file", text), "2 files");
    assert_string_equal(cpl_counted(1234567, "row", text), "1,234,567 rows");
    assert_string_equal(cpl_counted(UINT64_MAX, "outstanding column of a row", text),
                        "18,446,744,073,709,551,615 outstanding column of a rows");
    assert_string_equal(CPL_COUNTED(1, "file"), "1 file");
}

static void test_verbs(void **state)
{
    (void)state;
    assert_string_equal(cpl_were(1), "was");
    assert_string_equal(cpl_were(0), "were");
    assert_string_equal(cpl_are(1), "is");
    assert_string_equal(cpl_are(2), "are");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts), cmocka_unit_test(test_verbs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "format/json_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static bool valid(const char *text)
{
    size_t size = strlen(text);
    uint8_t *copy = malloc(size + 1); /* exactly so long, for the sanitizer */
    memcpy(copy, text, size);
    bool result = cpl_json_text_valid(copy, size);
    free(copy);
    return result;
}

static void values(void **state)
{
    (void)state;
    static const char *const good[] = {"{}",
                                       "[]",
                                       " [1, 2.5e-3, -0] ",
                                       "{\"a\":{\"b\":[true,false,null]}}",
                                       "\"\\u00e9\\n\"",
                                       "0",
                                       "[[],[{}]]"};
    static const char *const bad[] = {"",        "{a}",   "{\"a\":}",  "[1,]",    "{\"a\":1,}",
                                      "01",      "1.",    "+1",        "nul",     "\"open",
                                      "\"\\x\"", "[1 2]", "{\"a\" 1}", "[]]",     "\"\\u12\"",
                                      "NaN",     "{,}",   "[",         "{\"a\":1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!valid(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (valid(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    enum { N = 100000 };
    char *deep = malloc(N + 1);
    memset(deep, '[', N);
    deep[N] = 0;
    assert_false(valid(deep));
    memset(deep + 200, ']', 200);
    deep[400] = 0;
    assert_true(valid(deep));
    free(deep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(values),
                                       cmocka_unit_test(depth_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

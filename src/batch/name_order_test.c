#include "batch/name_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct entry {
    int before;
    const char *name;
};

static void finds_the_first_of_its_name(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    const struct entry entries[] = {{0, "b"}, {0, ""}, {0, "a"}, {0, "b"}, {0, "B"}, {0, "ab"}};
    struct cpl_name_order order;
    assert_true(cpl_name_order_init(&order, &entries[0].name, sizeof *entries, 6, &err));
    assert_int_equal(cpl_name_order_find(&order, "b"), 0);
    assert_int_equal(cpl_name_order_find(&order, ""), 1);
    assert_int_equal(cpl_name_order_find(&order, "a"), 2);
    assert_int_equal(cpl_name_order_find(&order, "B"), 4);
    assert_int_equal(cpl_name_order_find(&order, "ab"), 5);
    assert_int_equal(cpl_name_order_find(&order, "abc"), -1);
    assert_int_equal(cpl_name_order_find(&order, "zz"), -1);
    cpl_name_order_release(&order);
}

static void many_and_none(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    struct cpl_name_order order;
    enum { N = 20000 };
    static char texts[N][12];
    static const char *names[N];
    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "c%d", (i * 7919) % N);
        names[i] = texts[i];
    }
    assert_true(cpl_name_order_init(&order, names, sizeof *names, N, &err));
    for (int i = 0; i < N; i++)
        assert_int_equal(cpl_name_order_find(&order, texts[i]), i);
    cpl_name_order_release(&order);
    assert_true(cpl_name_order_init(&order, names, sizeof *names, 0, &err));
    assert_int_equal(cpl_name_order_find(&order, "c1"), -1);
    cpl_name_order_release(&order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_the_first_of_its_name),
                                       cmocka_unit_test(many_and_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* NULL means that memory ran out, so that nothing at all must not give it. */
static void no_bytes_are_no_failure(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_error err = {0};
    assert_non_null(cpl_arena_alloc(&arena, 0, &err));
    assert_non_null(cpl_arena_alloc(&arena, 0, &err));
    cpl_arena_release(&arena);
    void *block = cpl_alloc(0, &err);
    assert_non_null(block);
    cpl_free(block);
}

static void sizes_that_overflow_fail(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_buffer buffer = {.max = 100};
    struct cpl_error err = {0};
    assert_null(cpl_arena_alloc(&arena, SIZE_MAX - 3, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_false(cpl_buffer_reserve(&buffer, SIZE_MAX, &err));
    assert_true(cpl_buffer_reserve(&buffer, 100, &err));
    cpl_buffer_release(&buffer);
    cpl_arena_release(&arena);
}

static void the_chosen_allocation_fails_once(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    cpl_memory_fail_at(2);
    void *first = cpl_alloc(8, &err), *second = cpl_alloc(8, &err), *third = cpl_alloc(8, &err);
    assert_non_null(first);
    assert_null(second);
    assert_int_equal(err.code, CPL_E_MEMORY);
    assert_non_null(third);
    cpl_free(first);
    cpl_free(third);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bytes_are_no_failure),
        cmocka_unit_test(sizes_that_overflow_fail),
        cmocka_unit_test(the_chosen_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

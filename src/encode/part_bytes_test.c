/* Bytes come back as they were added, wherever they waited; what was held is given back. */
#include "encode/part_bytes.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

enum { BLOCKS = 40, BLOCK = 10000 };

static bool collect(void *context, const void *data, size_t size, struct cpl_error *err)
{
    return cpl_buffer_append(context, data, size, err);
}

/* BLOCKS blocks of two halves each; *all is what they are together. */
static bool add_all(struct cpl_part_bytes *bytes, struct cpl_part_store *store,
                    struct cpl_buffer *all, struct cpl_error *err)
{
    bool ok = true;
    for (unsigned i = 0; ok && i < BLOCKS; i++) {
        uint8_t text[BLOCK];
        for (unsigned k = 0; k < BLOCK; k++)
            text[k] = (uint8_t)(i * 7 + k * 13 + k / 256);
        struct cpl_buffer head = {.data = text, .size = i * 100},
                          tail = {.data = text + i * 100, .size = BLOCK - i * 100};
        ok = cpl_part_bytes_add(bytes, store, &head, &tail, err) &&
             cpl_buffer_append(all, text, BLOCK, err);
    }
    return ok;
}

static void round_trip(uint64_t room, bool must_put_down)
{
    struct cpl_budget budget = {.most = room, .for_later = room};
    struct cpl_part_store store = {.budget = &budget};
    struct cpl_part_bytes bytes = {0};
    struct cpl_buffer all = {0}, back = {0};
    struct cpl_error err = {0};
    assert_true(add_all(&bytes, &store, &all, &err));
    assert_int_equal(bytes.size, BLOCKS * BLOCK);
    assert_true(budget.held <= room);
    assert_int_equal(store.file != 0, must_put_down);
    assert_true(cpl_part_bytes_each(&bytes, &store, collect, &back, &err));
    assert_int_equal(back.size, all.size);
    assert_memory_equal(back.data, all.data, all.size);
    cpl_part_bytes_release(&bytes);
    cpl_part_store_release(&store);
    assert_int_equal(budget.held, 0);
    cpl_buffer_release(&all);
    cpl_buffer_release(&back);
}

static void wait_in_memory(void **state)
{
    (void)state;
    round_trip(UINT64_MAX / 2, false);
}

static void wait_in_a_file(void **state)
{
    (void)state;
    round_trip(0, true);
}

static void wait_in_both(void **state)
{
    (void)state;
    round_trip(BLOCKS * BLOCK / 2, true);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct cpl_budget budget = {.most = 3 * BLOCK, .for_later = 3 * BLOCK};
        struct cpl_part_store store = {.budget = &budget};
        struct cpl_part_bytes bytes = {0};
        struct cpl_buffer all = {0}, back = {0};
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        done = add_all(&bytes, &store, &all, &err) &&
               cpl_part_bytes_each(&bytes, &store, collect, &back, &err);
        cpl_memory_fail_at(0);
        if (!done)
            assert_int_equal(err.code, CPL_E_MEMORY);
        cpl_part_bytes_release(&bytes);
        cpl_part_store_release(&store);
        assert_int_equal(budget.held, 0);
        cpl_buffer_release(&all);
        cpl_buffer_release(&back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wait_in_memory),
        cmocka_unit_test(wait_in_a_file),
        cmocka_unit_test(wait_in_both),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Scratch logs: what was appended is read back, at any moment and place, and failing writes are told. */
#include "storage/storage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { TOTAL = 7 << 20 };

static uint64_t seed = 88172645463325252u;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static uint8_t *random_bytes(void)
{
    uint8_t *bytes = cpl_alloc(TOTAL, NULL);
    assert_non_null(bytes);
    for (size_t i = 0; i + 8 <= TOTAL; i += 8) {
        chance(2);
        memcpy(bytes + i, &seed, 8);
    }
    return bytes;
}

static void check_range(struct cpl_scratch_log *log, const uint8_t *bytes, uint8_t *got,
                        uint32_t from, uint32_t size)
{
    assert_true(cpl_scratch_log_get(log, from, got, size, NULL));
    assert_memory_equal(got, bytes + from, size);
}

static void test_read_back_while_it_grows(void **state)
{
    (void)state;
    uint8_t *bytes = random_bytes(), *got = cpl_alloc(TOTAL, NULL);
    struct cpl_scratch_log *log = cpl_scratch_log_open(NULL, NULL);
    assert_non_null(log);
    for (uint32_t size = 0, n; size < TOTAL; size += n) {
        n = chance(300000);
        n = n < TOTAL - size ? n : TOTAL - size;
        assert_true(cpl_scratch_log_append(log, bytes + size, n, NULL));
        if (chance(6) == 0) {
            uint32_t from = chance(size + n + 1);
            check_range(log, bytes, got, from, chance(size + n - from + 1));
        }
    }
    check_range(log, bytes, got, 0, TOTAL);
    assert_false(cpl_scratch_log_get(log, TOTAL - 5, got, 6, NULL));
    cpl_scratch_log_close(log);
    cpl_free(bytes);
    cpl_free(got);
}

static void test_never_read(void **state)
{
    (void)state;
    uint8_t *bytes = random_bytes();
    struct cpl_scratch_log *log = cpl_scratch_log_open("/nonexistent", NULL); /* elsewhere, then */
    assert_non_null(log);
    assert_true(cpl_scratch_log_append(log, bytes, TOTAL, NULL));
    cpl_scratch_log_close(log);
    cpl_free(bytes);
}

/* The n-th write fails: an append or the reading says so, and never gives other bytes. */
static void test_failing_writes(void **state)
{
    (void)state;
    static const int errnums[] = {ENOSPC, EIO};
    uint8_t *bytes = random_bytes(), *got = cpl_alloc(TOTAL, NULL);
    for (unsigned n = 1; n <= 7; n++) {
        struct cpl_error err = {0};
        struct cpl_scratch_log *log = cpl_scratch_log_open(NULL, NULL);
        assert_non_null(log);
        cpl_storage_fault(CPL_FAULT_WRITE, n, errnums[n % 2]);
        bool ok = true;
        for (uint32_t at = 0; ok && at < TOTAL; at += 1 << 19)
            ok = cpl_scratch_log_append(log, bytes + at, 1 << 19, &err);
        ok = ok && cpl_scratch_log_get(log, 0, got, TOTAL, &err);
        cpl_storage_fault(CPL_FAULT_WRITE, 0, 0);
        assert_false(ok);
        assert_int_equal(err.code, n % 2 ? CPL_E_IO : CPL_E_SPACE);
        cpl_scratch_log_close(log);
    }
    cpl_free(bytes);
    cpl_free(got);
}

static void test_short_and_interrupted_writes(void **state)
{
    (void)state;
    uint8_t *bytes = random_bytes(), *got = cpl_alloc(TOTAL, NULL);
    for (unsigned n = 1; n <= 7; n++) {
        struct cpl_scratch_log *log = cpl_scratch_log_open(NULL, NULL);
        assert_non_null(log);
        cpl_storage_fault(CPL_FAULT_SHORT_WRITE, n, 1);
        assert_true(cpl_scratch_log_append(log, bytes, TOTAL, NULL));
        check_range(log, bytes, got, 0, TOTAL);
        cpl_storage_fault(CPL_FAULT_SHORT_WRITE, 0, 0);
        cpl_scratch_log_close(log);
    }
    cpl_free(bytes);
    cpl_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_back_while_it_grows),
        cmocka_unit_test(test_never_read),
        cmocka_unit_test(test_failing_writes),
        cmocka_unit_test(test_short_and_interrupted_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

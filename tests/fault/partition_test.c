/* Partitioned runs that write partitions on their way: killed, out of space, and with a failing spill file.
 *
 * The store is made so small that it is written after every input, so that files of one partition are written in several goes while rows
 * still come in. What is staged by then must never be seen without its record. And standard input's spill, which a second round reads. */
#include "whole.h"

#include "run/partition_store.h"

#include <errno.h>
#include <fcntl.h>

enum { INPUTS = 8, MOST_POINTS = 300, BIG = 1600000 };

static const struct job partitioned = {
    .config = "name: j\nsource: {path: '@/in'}\nschema: {columns: {n: int64}}\n"
              "sink: {path: '@/ds', partition_by: day}\nlimits: {threads: 1}\n",
    .run_id = "new"};
static const struct job threaded = {
    .config = "name: j\nsource: {path: '@/in'}\nschema: {columns: {n: int64}}\n"
              "sink: {path: '@/ds', partition_by: day}\nlimits: {threads: 4}\n",
    .run_id = "new"};

static void write_days(struct bench *bench)
{
    char path[200], text[200];
    snprintf(path, sizeof path, "%s/in", bench->root);
    mkdir(path, 0755);
    for (int i = 0; i < INPUTS; i++) {
        snprintf(path, sizeof path, "in/%d.csv", i);
        snprintf(text, sizeof text, "n,day\n%d,a\n%d,b\nbad,a\n%d,c%d\n", i, i, i, i % 2);
        write_input(bench, path, text);
    }
    cpl_partition_store_limit(1);
}

/* Rows 3 × INPUTS, of which each partition's came in several goes. */
static void assert_whole_dataset(struct bench *bench)
{
    char path[300];
    struct stat status;
    assert_verified(bench, 3 * INPUTS, INPUTS, 0);
    snprintf(path, sizeof path, "%s/day=a/part-new-%05d.parquet", bench->dataset, INPUTS - 1);
    assert_int_equal(stat(path, &status), 0); /* it was written on the way */
}

static void killed_on_the_way_nothing_is_seen(void **state)
{
    struct bench *bench = *state;
    int status = -1, n = 1;
    write_days(bench);
    for (; status == -1; n++) {
        assert_true(n < MOST_POINTS);
        remove_below(bench, "ds");
        status = child_job(bench, &partitioned, n);
        bool landed = has_landed(bench, "new");
        if (!landed)
            assert_int_equal(visible_rows(bench), 0);
        run_well(bench, &partitioned);
        assert_whole_dataset(bench);
    }
    assert_int_equal(status, 0);
    assert_true(n > 4 * 2 * INPUTS); /* points before and behind each of some 26 files */
}

static void killed_and_swept_they_come_back(void **state)
{
    struct bench *bench = *state;
    int status = -1;
    write_days(bench);
    for (int n = 50; status == -1; n += 7) {
        remove_below(bench, "ds");
        status = child_job(bench, &partitioned, n);
        remove_below(bench, "ds/_cupel/staging");
        run_well(bench, &threaded);
        assert_whole_dataset(bench);
    }
}

/* Calls that data go through, of which the spill makes its own. */
static bool is_of_data(size_t f)
{
    return faults[f].call == CPL_FAULT_READ || faults[f].call == CPL_FAULT_WRITE ||
           faults[f].call == CPL_FAULT_SHORT_WRITE;
}

static void assert_failed_well(struct bench *bench, const char *name, uint64_t n,
                               enum cpl_code wanted)
{
    struct cpl_error err = bench->err;
    bool landed = has_landed(bench, "new");
    if (wanted == CPL_E_NONE || (err.code != wanted && err.code != CPL_E_UNKNOWN))
        fail_msg("%s %llu: %s: %s", name, (unsigned long long)n, cpl_code_name(err.code),
                 err.message);
    if (!landed)
        assert_int_equal(visible_rows(bench), 0);
    if (landed && err.code != CPL_E_UNKNOWN && !strstr(err.message, "is committed"))
        fail_msg("%s %llu: committed without a word: %s", name, (unsigned long long)n, err.message);
}

/* With several threads, too: then n is no certain place, but a place. */
static void fail_each(struct bench *bench, const struct job *job, size_t f)
{
    uint64_t left = 0, failures = 0;
    for (uint64_t n = 1; !left; n++) {
        struct cpl_run_result result;
        remove_below(bench, "ds");
        cpl_storage_fault(faults[f].call, n, faults[f].errnum);
        bool ok = run_job(bench, job, &result);
        left = cpl_storage_fault_left(faults[f].call);
        cpl_storage_fault(faults[f].call, 0, 0);
        cpl_run_result_release(&result);
        failures += !ok;
        if (ok)
            assert_whole_dataset(bench);
        else
            assert_failed_well(bench, faults[f].name, n, faults[f].code);
        run_well(bench, job);
        assert_whole_dataset(bench);
    }
    assert_true(faults[f].code == CPL_E_NONE || failures > 5);
}

static void a_failing_spill_file_fails_the_run_alone(void **state)
{
    struct bench *bench = *state;
    write_days(bench);
    for (size_t f = 0; f < FAULTS; f++)
        if (is_of_data(f))
            fail_each(bench, &partitioned, f);
    fail_each(bench, &threaded, fault_of(CPL_FAULT_WRITE, ENOSPC));
    fail_each(bench, &threaded, fault_of(CPL_FAULT_READ, EIO));
}

/* ---- standard input ---- */

/* More than the head that stays in memory; its last value makes the column wider. */
static void write_big(struct bench *bench, bool widens)
{
    char path[200];
    snprintf(path, sizeof path, "%s/big.csv", bench->root);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("n\n", file);
    for (int i = 0; i < BIG / 8; i++)
        fputs("1234567\n", file);
    fputs(widens ? "x\n" : "7\n", file);
    assert_int_equal(fclose(file), 0);
}

static bool run_from_stdin(struct bench *bench, const struct job *job)
{
    char path[200];
    struct cpl_run_result result;
    snprintf(path, sizeof path, "%s/big.csv", bench->root);
    int fd = open(path, O_RDONLY), saved = dup(STDIN_FILENO);
    assert_true(fd >= 0 && dup2(fd, STDIN_FILENO) == STDIN_FILENO);
    close(fd);
    bool ok = run_job(bench, job, &result);
    cpl_run_result_release(&result);
    if (saved >= 0) {
        dup2(saved, STDIN_FILENO);
        close(saved);
    }
    return ok;
}

static void standard_inputs_spill_may_fail(void **state)
{
    struct bench *bench = *state;
    static const struct job job = {
        .config = "name: j\nsource: {path: '-', format: csv}\nsink: {path: '@/ds'}\n"
                  "limits: {threads: 1}\n",
        .run_id = "new"};
    for (int widens = 0; widens < 2; widens++) {
        write_big(bench, widens);
        for (size_t f = 0; f < FAULTS; f++)
            for (uint64_t n = 1; is_of_data(f) && n < 12; n++) {
                remove_below(bench, "ds");
                cpl_storage_fault(faults[f].call, n, faults[f].errnum);
                bool ok = run_from_stdin(bench, &job);
                cpl_storage_fault(faults[f].call, 0, 0);
                bool no_second = faults[f].errnum == ENOSPC && widens && /* it says what to do */
                                 strstr(bench->err.message, "declare");
                if (!ok && !no_second)
                    assert_failed_well(bench, faults[f].name, n, faults[f].code);
                if (!ok && !run_from_stdin(bench, &job))
                    fail_msg("%s %llu: again: %s", faults[f].name, (unsigned long long)n,
                             bench->err.message);
                assert_verified(bench, BIG / 8 + 1, 0, 0);
            }
    }
}

static int teardown(void **state)
{
    cpl_partition_store_limit(0);
    return bench_teardown(state);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, teardown)
    const struct CMUnitTest tests[] = {
        T(killed_on_the_way_nothing_is_seen),
        T(killed_and_swept_they_come_back),
        T(a_failing_spill_file_fails_the_run_alone),
        T(standard_inputs_spill_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

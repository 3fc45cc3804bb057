/* Every system call fails once, at every index, and every allocation.
 *
 * A run that replaces another's rows is made to fail at the n-th fsync, rename, write … Whatever it answers, storage
 * shows nothing torn and nothing doubled, and what it answers is true: success means that the rows are there; a
 * failure that is not UNKNOWN and comes before the decision means that the old ones are. The
 * same run, done again, lands exactly once. */
#include "replacing.h"

#include <errno.h>

enum { MOST_CALLS = 400 };

static uint64_t lane_of_new_run(struct bench *bench)
{
    struct cpl_log *log;
    if (!cpl_log_open(bench->storage, bench->dataset, &log, &bench->err))
        fail_msg("%s", bench->err.message);
    uint64_t next = cpl_log_lane(log, "run/new", NULL);
    cpl_log_free(log);
    return next;
}

/* One run with the fault armed, judged, and done again. Returns whether it failed. */
static bool run_and_judge(struct bench *bench, const char *what, uint64_t n)
{
    bool prior;
    bool ok = run_all(bench, &new_run, &prior);
    struct cpl_error err = bench->err;
    for (int call = 0; call < CPL_FAULT_COUNT; call++)
        cpl_storage_fault((enum cpl_fault_call)call, 0, 0);
    cpl_memory_fail_at(0);
    assert_nothing_torn(bench);
    uint64_t landed = lane_of_new_run(bench);
    if (ok && (!landed || visible_rows(bench) != NEW_ROWS))
        fail_msg("%s %llu: success was reported, and the rows are not there", what,
                 (unsigned long long)n);
    if (!ok && !landed && visible_rows(bench) != OLD_ROWS)
        fail_msg("%s %llu: not committed, and the old rows are gone", what, (unsigned long long)n);
    if (!ok && !err.message[0])
        fail_msg("%s %llu: failed without a word", what, (unsigned long long)n);
    if (!run_all(bench, &new_run, &prior))
        fail_msg("%s %llu: the second run: %s", what, (unsigned long long)n, bench->err.message);
    assert_complete(bench, NEW_ROWS);
    return !ok;
}

/* Until `quiet` indices in a row do no harm: then there are no more such calls in a run. */
static void fail_each(struct bench *bench, enum cpl_fault_call call, int errnum, const char *what,
                      int least)
{
    int failures = 0, quiet = 0;
    for (uint64_t n = 1; quiet < 4; n++) {
        assert_true(n < MOST_CALLS);
        prepare(bench);
        cpl_storage_fault(call, n, errnum);
        bool failed = run_and_judge(bench, what, n);
        failures += failed;
        quiet = failed ? 0 : quiet + 1;
    }
    if (failures < least)
        fail_msg("%s: only %d indices failed, %d were expected", what, failures, least);
}

static void fsync_fails(void **state)
{
    fail_each(*state, CPL_FAULT_FSYNC, EIO, "fsync", 12);
}
static void rename_fails(void **state)
{
    fail_each(*state, CPL_FAULT_RENAME, EIO, "rename", 5);
}
static void rename_has_no_space(void **state)
{
    fail_each(*state, CPL_FAULT_RENAME, ENOSPC, "rename", 5);
}
static void write_has_no_space(void **state)
{
    fail_each(*state, CPL_FAULT_WRITE, ENOSPC, "write", 5);
}
static void open_fails(void **state)
{
    fail_each(*state, CPL_FAULT_OPEN, EMFILE, "open", 12);
}
static void mkdir_fails(void **state)
{
    fail_each(*state, CPL_FAULT_MKDIR, ENOSPC, "mkdir", 2);
}
static void read_fails(void **state)
{
    fail_each(*state, CPL_FAULT_READ, EIO, "read", 1);
}
static void close_fails(void **state)
{
    fail_each(*state, CPL_FAULT_CLOSE, EIO, "close", 2);
}

static void interruptions_and_short_writes_do_no_harm(void **state)
{
    struct bench *bench = *state;
    static const struct {
        enum cpl_fault_call call;
        int errnum;
    } harmless[] = {{CPL_FAULT_SHORT_WRITE, 0}, {CPL_FAULT_FSYNC, EINTR}, {CPL_FAULT_WRITE, EINTR},
                    {CPL_FAULT_RENAME, EINTR},  {CPL_FAULT_OPEN, EINTR},  {CPL_FAULT_READ, EINTR}};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        for (uint64_t n = 1; n <= 8; n++) {
            prepare(bench);
            cpl_storage_fault(harmless[i].call, n, harmless[i].errnum);
            if (run_and_judge(bench, "harmless", n))
                fail_msg("fault %zu at %llu made the run fail", i, (unsigned long long)n);
        }
}

static void every_allocation_fails(void **state)
{
    struct bench *bench = *state;
    bool prior;
    prepare(bench);
    uint64_t before = cpl_memory_allocations();
    assert_true(run_all(bench, &new_run, &prior));
    uint64_t count = cpl_memory_allocations() - before;
    uint64_t failures = 0;
    /* Every one at the beginning, then samples: a run has thousands, and they repeat. */
    for (uint64_t n = 1; n <= count; n += n < 40 ? 1 : 7) {
        prepare(bench);
        cpl_memory_fail_at(n);
        failures += run_and_judge(bench, "allocation", n);
    }
    assert_true(failures > 40);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(fsync_fails),
        T(rename_fails),
        T(rename_has_no_space),
        T(write_has_no_space),
        T(open_fails),
        T(mkdir_fails),
        T(read_fails),
        T(close_fails),
        T(interruptions_and_short_writes_do_no_harm),
        T(every_allocation_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

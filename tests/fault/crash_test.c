/* SIGKILL between every pair of the protocol's rules 4 to 12, and again in the recovery from it.
 *
 * A dataset holds the rows of one run; a second run that replaces them (so that files are added and removed)
 * is killed at its n-th crash point, for every n. Then storage must show nothing torn, and recovery must
 * lead to exactly the old rows or exactly the new ones; which, the log says. */
#include "replacing.h"

enum { MAX_POINTS = 200 };

static bool is_committed(struct bench *bench, const struct run *run)
{
    struct cpl_log *log;
    char lane[64];
    snprintf(lane, sizeof lane, "run/%s", run->id);
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    bool committed = cpl_log_lane(log, lane, NULL) == 1;
    cpl_log_free(log);
    return committed;
}

static void killed_anywhere_it_recovers(void **state)
{
    struct bench *bench = *state;
    int status = -1, before = 0, after = 0;
    for (int n = 1; status == -1; n++) {
        assert_true(n < MAX_POINTS);
        prepare(bench);
        status = child_run(bench, &new_run, n);
        assert_nothing_torn(bench);
        bool committed = is_committed(bench, &new_run);
        if (!committed)
            assert_int_equal(visible_rows(bench), OLD_ROWS);
        recover(bench);
        assert_complete(bench, committed ? NEW_ROWS : OLD_ROWS);
        assert_int_equal(child_run(bench, &new_run, 0), 0);
        assert_complete(bench, NEW_ROWS);
        before += !committed;
        after += committed;
    }
    assert_int_equal(status, 0);
    assert_true(before >= 5 && after >= 10); /* the points are where they should be */
}

static void killed_again_in_recovery_it_recovers(void **state)
{
    struct bench *bench = *state;
    int first = -1;
    for (int n = 1; first == -1; n++) {
        int second = -1;
        for (int m = 1; second == -1; m++) {
            prepare(bench);
            first = child_run(bench, &new_run, n);
            second = child_run(bench, &new_run, m);
            assert_nothing_torn(bench);
            if (second == -1)
                assert_int_equal(child_run(bench, &new_run, 0), 0);
            assert_complete(bench, NEW_ROWS);
            if (first != -1)
                break;
        }
    }
}

static void killed_single_files_are_whole_or_absent(void **state)
{
    struct bench *bench = *state;
    char out[96];
    struct stat status;
    snprintf(out, sizeof out, "%s/out.parquet", bench->root);
    struct run first = {
        .id = "a", .rows = OLD_ROWS, .rejected = 3, .single_file = out, .mode = CPL_MODE_OVERWRITE};
    struct run second = {
        .id = "b", .rows = NEW_ROWS, .rejected = 1, .single_file = out, .mode = CPL_MODE_OVERWRITE};
    int ended = -1;
    for (int n = 1; ended == -1; n++) {
        assert_int_equal(child_run(bench, &first, 0), 0);
        ended = child_run(bench, &second, n);
        assert_int_equal(stat(out, &status), 0);
        assert_true(status.st_size == OLD_ROWS * 6 || status.st_size == NEW_ROWS * 6);
        assert_int_equal(child_run(bench, &second, 0), 0);
        assert_int_equal(stat(out, &status), 0);
        assert_int_equal(status.st_size, NEW_ROWS * 6);
    }
    assert_int_equal(ended, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(killed_anywhere_it_recovers),
        T(killed_again_in_recovery_it_recovers),
        T(killed_single_files_are_whole_or_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

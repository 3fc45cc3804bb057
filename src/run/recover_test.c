#include "run/recover.h"

#include "run/attempt_test.h"

/* Committed, and its writer gone before it published anything. */
static void commit_and_vanish(struct bench *bench, const struct run *run)
{
    struct cpl_attempt *attempt;
    enum cpl_commit_outcome outcome;
    if (!run_begin(bench, run, &attempt) || !run_work(attempt, run, &bench->err) ||
        !run_commit(attempt, run, &outcome, &bench->err))
        fail_msg("%s", bench->err.message);
    cpl_attempt_close(attempt);
}

static void sweep_staging_away(struct bench *bench)
{
    char path[200];
    snprintf(path, sizeof path, "%s/_cupel/staging", bench->dataset);
    assert_true(cpl_storage_remove_tree(bench->storage, path, &bench->err));
}

static struct cpl_recover_report recover(struct bench *bench, const struct cpl_recover_hooks *hooks)
{
    struct cpl_recover_report report = {0};
    struct cpl_log *log;
    if (!cpl_log_open(bench->storage, bench->dataset, &log, &bench->err) ||
        !cpl_recover(log, hooks, 0, &report, &bench->err))
        fail_msg("%s", bench->err.message);
    cpl_log_free(log);
    return report;
}

static uint64_t problems(struct bench *bench, const char *kind)
{
    struct cpl_verify_report report;
    uint64_t n = 0;
    assert_true(cpl_verify(bench->storage, bench->dataset, &report, &bench->err));
    for (size_t i = 0; i < report.n_findings; i++)
        n += report.findings[i].problem && !strcmp(report.findings[i].kind, kind);
    cpl_verify_report_release(&report);
    return n;
}

static const struct run run1 = {.id = "r1", .rows = 8, .rejected = 2, .partition = "day=1"};

static void another_process_publishes(void **state)
{
    struct bench *bench = *state;
    commit_and_vanish(bench, &run1);
    assert_int_equal(visible_rows(bench), 0);
    struct cpl_recover_report report = recover(bench, NULL);
    assert_int_equal(report.records, 1);
    assert_int_equal(report.files, 3);
    assert_int_equal(visible_rows(bench), 8);
    assert_int_equal(recover(bench, NULL).records, 0);
}

static void what_cannot_be_published_is_declared_lost(void **state)
{
    struct bench *bench = *state;
    bool prior;
    struct run again = run1, next = {.id = "r2", .rows = 5};
    commit_and_vanish(bench, &run1);
    sweep_staging_away(bench);
    struct cpl_attempt *attempt;
    assert_true(run_begin(bench, &again, &attempt));
    const struct cpl_recover_report *report = cpl_attempt_recovered(attempt);
    assert_int_equal(report->lost_files, 3);
    assert_int_equal(report->lost_rows, 10);
    assert_string_equal(report->first_lost, "day=1/part-r1-00000.txt");
    assert_non_null(cpl_attempt_prior(attempt));
    cpl_attempt_close(attempt);
    assert_true(run_all(bench, &next, &prior)); /* life goes on … */
    assert_int_equal(visible_rows(bench), 5);
    assert_int_equal(problems(bench, "lost"), 3); /* … and the loss is not forgotten */
}

/* ---- repair ---- */

struct hook {
    int calls;
    const char *line;      /* six bytes, written once a row */
    size_t leave;          /* how many files it cannot repair */
    enum cpl_code failing; /* NONE: it does not */
};

static bool repair(void *context, struct cpl_log *log, const struct cpl_log_record *record,
                   const struct cpl_missing *missing, size_t n, const char *staging_dir,
                   struct cpl_staged *staged, struct cpl_error *err)
{
    struct hook *hook = context;
    assert_string_equal(record->run_id, "r1");
    hook->calls++;
    if (hook->failing)
        return cpl_fail(err, hook->failing, "not now");
    n -= hook->leave;
    for (size_t i = 0; i < n; i++) {
        char target[CPL_LOG_PATH_MAX];
        assert_true(cpl_log_path(log, missing[i].file->path, target, err));
        struct cpl_writer *writer = cpl_writer_open(cpl_log_storage(log), staging_dir, target, err);
        assert_non_null(writer);
        for (uint64_t row = 0; row < missing[i].file->rows; row++)
            assert_true(cpl_writer_write(writer, hook->line, 6, err));
        assert_true(cpl_writer_finish(writer, &staged[i], err));
        cpl_writer_close(writer);
    }
    return true;
}

/* The receipt stays: of the three files, it alone would need the run's own times. */
static void sweep_data_away(struct bench *bench)
{
    struct cpl_log *log;
    char path[CPL_LOG_PATH_MAX];
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    for (size_t i = 0; i < cpl_log_file_count(log); i++) {
        const struct cpl_file_entry *entry = &cpl_log_file(log, i)->entry;
        assert_true(cpl_log_path(log, entry->token, path, &bench->err));
        if (entry->role != CPL_FILE_RECEIPT)
            assert_true(cpl_storage_remove(bench->storage, path, &bench->err));
    }
    cpl_log_free(log);
}

/* Of a run whose process died behind its decision only the log and the receipt are left. */
static void lose_data(struct bench *bench)
{
    commit_and_vanish(bench, &run1);
    sweep_data_away(bench);
}

static struct cpl_recover_report recover_by(struct bench *bench, struct hook *hook)
{
    struct cpl_recover_hooks hooks = {.context = hook, .repair = repair};
    return recover(bench, &hooks);
}

static void missing_files_are_worked_again(void **state)
{
    struct bench *bench = *state;
    struct hook hook = {.line = "a row\n"};
    lose_data(bench);
    struct cpl_recover_report report = recover_by(bench, &hook);
    assert_int_equal(hook.calls, 1);
    assert_int_equal(report.repaired_files, 2);
    assert_int_equal(report.lost_files, 0);
    assert_int_equal(visible_rows(bench), 8);
    assert_int_equal(problems(bench, "checksum") + problems(bench, "missing"), 0);
    assert_int_equal(recover_by(bench, &hook).records, 0);
    assert_int_equal(hook.calls, 1);
}

static void a_repair_of_other_bytes_is_refused(void **state)
{
    struct bench *bench = *state;
    struct hook hook = {.line = "again\n"};
    lose_data(bench);
    struct cpl_recover_report report = recover_by(bench, &hook);
    assert_int_equal(report.repaired_files, 0);
    assert_int_equal(report.lost_files, 2);
    assert_int_equal(report.lost_rows, 10);
    assert_int_equal(visible_rows(bench), 0);
}

static void what_can_be_repaired_is_and_the_rest_is_lost(void **state)
{
    struct bench *bench = *state;
    struct hook hook = {.line = "a row\n", .leave = 1};
    lose_data(bench);
    struct cpl_recover_report report = recover_by(bench, &hook);
    assert_int_equal(report.repaired_files, 1);
    assert_int_equal(report.lost_files, 1);
    assert_int_equal(visible_rows(bench), 8);
    assert_int_equal(problems(bench, "lost"), 1);
}

/* Nothing is declared lost because the disk was full. */
static void a_repair_that_fails_decides_nothing(void **state)
{
    struct bench *bench = *state;
    struct hook hook = {.line = "a row\n", .failing = CPL_E_SPACE};
    struct cpl_recover_hooks hooks = {.context = &hook, .repair = repair};
    struct cpl_recover_report report;
    struct cpl_log *log;
    lose_data(bench);
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    assert_false(cpl_recover(log, &hooks, 0, &report, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_SPACE);
    cpl_log_free(log);
    hook.failing = CPL_E_NONE;
    assert_int_equal(recover_by(bench, &hook).repaired_files, 2);
    assert_int_equal(visible_rows(bench), 8);
}

/* ---- others in the way ---- */

static void a_foreign_file_in_the_way_is_never_overwritten(void **state)
{
    struct bench *bench = *state;
    char path[200];
    struct cpl_attempt *attempt;
    commit_and_vanish(bench, &run1);
    snprintf(path, sizeof path, "%s/day=1", bench->dataset);
    assert_true(cpl_storage_make_dirs(bench->storage, path, NULL));
    snprintf(path, sizeof path, "%s/day=1/part-r1-00000.txt", bench->dataset);
    FILE *file = fopen(path, "w");
    fputs("theirs", file);
    fclose(file);
    assert_false(run_begin(bench, &run1, &attempt));
    assert_int_equal(bench->err.code, CPL_E_CONFLICT);
    assert_non_null(strstr(bench->err.message, path));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 6);
    unlink(path);
    recover(bench, NULL);
    assert_int_equal(visible_rows(bench), 8);
}

/* A file that is removed by a later record before it was ever published stays invisible for good. */
static void what_is_removed_before_it_was_visible_never_comes(void **state)
{
    struct bench *bench = *state;
    struct run over = {.id = "r2", .rows = 3, .partition = "day=1", .mode = CPL_MODE_OVERWRITE};
    struct cpl_attempt *first, *second;
    enum cpl_commit_outcome outcome;
    assert_true(run_begin(bench, &run1, &first));
    assert_true(run_begin(bench, &over, &second));
    assert_true(run_work(first, &run1, &bench->err));
    assert_true(run_work(second, &over, &bench->err));
    assert_true(run_commit(first, &run1, &outcome, &bench->err));
    assert_true(run_commit(second, &over, &outcome, &bench->err));
    assert_true(cpl_attempt_publish(second, &bench->err));
    assert_int_equal(visible_rows(bench), 3);
    assert_true(cpl_attempt_publish(first, &bench->err));
    assert_int_equal(visible_rows(bench), 3);
    cpl_attempt_close(first);
    cpl_attempt_close(second);
    assert_int_equal(problems(bench, "stray") + problems(bench, "missing"), 0);
}

/* ---- sweeping ---- */

static void only_old_leftovers_are_swept(void **state)
{
    struct bench *bench = *state;
    struct cpl_log *log;
    char path[300];
    uint64_t removed;
    commit_and_vanish(bench, &run1);
    snprintf(path, sizeof path, "%s/_cupel/staging/killed-1", bench->dataset);
    assert_true(cpl_storage_make_dirs(bench->storage, path, NULL));
    snprintf(path, sizeof path, "%s/_cupel/staging/killed-1/file", bench->dataset);
    fclose(fopen(path, "w"));
    snprintf(path, sizeof path, "%s/_cupel/plans/killed-1.json", bench->dataset);
    fclose(fopen(path, "w"));
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    assert_true(cpl_sweep(log, CPL_SWEEP_AGE_S, &removed, &bench->err));
    assert_int_equal(removed, 0);
    assert_true(cpl_sweep(log, -10, &removed, &bench->err)); /* everything is old now */
    assert_int_equal(removed, 2);
    cpl_log_free(log);
    assert_int_equal(recover(bench, NULL).lost_files, 0); /* what a record needs stayed */
    assert_int_equal(visible_rows(bench), 8);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(another_process_publishes),
        T(what_cannot_be_published_is_declared_lost),
        T(missing_files_are_worked_again),
        T(a_repair_of_other_bytes_is_refused),
        T(what_can_be_repaired_is_and_the_rest_is_lost),
        T(a_repair_that_fails_decides_nothing),
        T(a_foreign_file_in_the_way_is_never_overwritten),
        T(what_is_removed_before_it_was_visible_never_comes),
        T(only_old_leftovers_are_swept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

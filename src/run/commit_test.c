#include "run/attempt_test.h"

static void assert_run(struct bench *bench, const struct run *run)
{
    bool prior;
    if (!run_all(bench, run, &prior))
        fail_msg("%s", bench->err.message);
    assert_false(prior);
}

static void assert_refused(struct bench *bench, const struct run *run, enum cpl_code code)
{
    bool prior;
    assert_false(run_all(bench, run, &prior));
    assert_int_equal(bench->err.code, code);
}

static bool is_there(struct bench *bench, const char *format, const char *path)
{
    char text[CPL_LOG_PATH_MAX + 512];
    bool exists = false;
    snprintf(text, sizeof text, format, path);
    assert_true(cpl_storage_exists(bench->storage, text, &exists, NULL));
    return exists;
}

static void a_run_lands_once(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r1", .rows = 5, .rejected = 2};
    assert_run(bench, &run);
    assert_int_equal(visible_rows(bench), 5);
    assert_true(is_there(bench, "%s/part-r1-00000.txt", bench->dataset));
    assert_true(is_there(bench, "%s/_cupel/rejects/r1-00000.txt", bench->dataset));
    assert_true(is_there(bench, "%s/_cupel/receipts/r1.json", bench->dataset));
    assert_true(is_there(bench, "%s/_cupel/log/00000000000000000001.done", bench->dataset));
    struct cpl_object_list list;
    char staging[200];
    snprintf(staging, sizeof staging, "%s/_cupel/staging", bench->dataset);
    assert_false(cpl_storage_list(bench->storage, staging, &list, NULL));

    bool prior;
    assert_true(run_all(bench, &run, &prior));
    assert_true(prior);
    assert_int_equal(visible_rows(bench), 5);
}

static void the_prior_run_is_described(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r1", .rows = 5, .rejected = 2};
    struct cpl_attempt *attempt;
    assert_run(bench, &run);
    assert_true(run_begin(bench, &run, &attempt));
    const struct cpl_prior *prior = cpl_attempt_prior(attempt);
    assert_non_null(prior);
    assert_int_equal(prior->seq, 1);
    assert_int_equal(prior->rows.rejected, 2);
    assert_true(is_there(bench, "%s", prior->receipt));
    cpl_attempt_close(attempt);
}

static void modes_do_what_they_say(void **state)
{
    struct bench *bench = *state;
    assert_run(bench,
               &(struct run){.id = "r1", .rows = 5, .partition = "day=1", .mode = CPL_MODE_ERROR});
    assert_refused(bench, &(struct run){.id = "r2", .rows = 1, .mode = CPL_MODE_ERROR},
                   CPL_E_CONFLICT);
    assert_run(bench, &(struct run){.id = "r3", .rows = 7, .partition = "day=2"});
    assert_int_equal(visible_rows(bench), 12);
    assert_run(bench, &(struct run){.id = "r4",
                                    .rows = 1,
                                    .partition = "day=2",
                                    .mode = CPL_MODE_OVERWRITE_PARTITIONS});
    assert_int_equal(visible_rows(bench), 6);
    assert_run(bench, &(struct run){
                          .id = "r5", .rows = 3, .partition = "day=9", .mode = CPL_MODE_OVERWRITE});
    assert_int_equal(visible_rows(bench), 3);
    assert_false(is_there(bench, "%s/day=1/part-r1-00000.txt", bench->dataset));
}

static void foreign_files_are_never_deleted(void **state)
{
    struct bench *bench = *state;
    char path[200];
    assert_run(bench, &(struct run){.id = "r1", .rows = 5, .partition = "day=1"});
    snprintf(path, sizeof path, "%s/day=1/theirs.parquet", bench->dataset);
    FILE *file = fopen(path, "w");
    fclose(file);
    assert_refused(bench, &(struct run){.id = "r2", .rows = 1, .mode = CPL_MODE_OVERWRITE},
                   CPL_E_CONFLICT);
    assert_refused(
        bench,
        &(struct run){
            .id = "r3", .rows = 1, .partition = "day=1", .mode = CPL_MODE_OVERWRITE_PARTITIONS},
        CPL_E_CONFLICT);
    assert_run(bench, &(struct run){.id = "r4",
                                    .rows = 1,
                                    .partition = "day=2",
                                    .mode = CPL_MODE_OVERWRITE_PARTITIONS});
    assert_true(is_there(bench, "%s", path));
}

static void of_two_runs_with_one_id_one_wins(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r1", .rows = 5};
    struct cpl_attempt *first, *second;
    enum cpl_commit_outcome outcome;
    assert_true(run_begin(bench, &run, &first));
    assert_true(run_begin(bench, &run, &second));
    assert_true(run_work(first, &run, &bench->err));
    assert_true(run_work(second, &run, &bench->err));
    assert_true(run_commit(second, &run, &outcome, &bench->err));
    assert_false(run_commit(first, &run, &outcome, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_CONFLICT);
    assert_int_equal(outcome, CPL_COMMIT_REFUSED);
    cpl_attempt_close(first);
    assert_true(cpl_attempt_publish(second, &bench->err));
    cpl_attempt_close(second);
    assert_int_equal(visible_rows(bench), 5);
}

static void a_taken_number_is_no_conflict(void **state)
{
    struct bench *bench = *state;
    struct run one = {.id = "r1", .rows = 5}, two = {.id = "r2", .rows = 2};
    struct cpl_attempt *first;
    enum cpl_commit_outcome outcome;
    assert_true(run_begin(bench, &one, &first));
    assert_true(run_work(first, &one, &bench->err));
    assert_run(bench, &two);
    assert_true(run_commit(first, &one, &outcome, &bench->err));
    assert_true(cpl_attempt_publish(first, &bench->err));
    assert_int_equal(cpl_log_head(cpl_attempt_log(first)), 2);
    assert_int_equal(visible_rows(bench), 7);
    cpl_attempt_close(first);
}

static void unbalanced_books_decide_nothing(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r1", .rows = 5}, lie = {.id = "r1", .rows = 6};
    struct cpl_attempt *attempt;
    enum cpl_commit_outcome outcome;
    assert_true(run_begin(bench, &run, &attempt));
    assert_true(run_work(attempt, &run, &bench->err));
    assert_false(run_commit(attempt, &lie, &outcome, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_BOOKS);
    assert_non_null(strstr(bench->err.message, "rows in data files = 5"));
    assert_non_null(strstr(bench->err.message, "rows landed = 6"));
    cpl_attempt_close(attempt);
    assert_false(is_there(bench, "%s/_cupel/log/00000000000000000001.json", bench->dataset));
    assert_int_equal(visible_rows(bench), 0);
}

static void bad_names_are_refused(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r1", .rows = 5};
    struct cpl_attempt *attempt;
    static const char *const ids[] = {"", ".x", "-x", "a/b", "..", "a b", "\xc3\xa4"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct run bad = {.id = ids[i]};
        assert_refused(bench, &bad, CPL_E_CONFIG);
    }
    assert_true(run_begin(bench, &run, &attempt));
    static const char *const paths[] = {"", "/x", "a/../b", "a//b", "..", "a/", "\xff"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(cpl_attempt_open(attempt, paths[i], &bench->err));
    cpl_attempt_close(attempt);
}

/* ---- single files ---- */

static uint64_t size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) ? UINT64_MAX : (uint64_t)status.st_size;
}

static void a_single_file_leaves_nothing_else(void **state)
{
    struct bench *bench = *state;
    char out[96], rejects[128], receipt[128], command[256];
    snprintf(out, sizeof out, "%s/out.parquet", bench->root);
    snprintf(rejects, sizeof rejects, "%s.rejects.parquet", out);
    snprintf(receipt, sizeof receipt, "%s/receipt.json", bench->root);
    struct run run = {.id = "r1", .rows = 5, .rejected = 1, .single_file = out};
    assert_run(bench, &run);
    assert_int_equal(size_of(out), 30);
    assert_int_equal(size_of(rejects), 6);
    assert_refused(bench, &run, CPL_E_CONFLICT);
    run.mode = CPL_MODE_APPEND;
    assert_refused(bench, &run, CPL_E_CONFLICT);
    run = (struct run){.id = "r2",
                       .rows = 2,
                       .single_file = out,
                       .mode = CPL_MODE_OVERWRITE,
                       .receipt_path = receipt};
    assert_run(bench, &run);
    assert_int_equal(size_of(out), 12);
    assert_int_equal(size_of(rejects), UINT64_MAX);
    assert_true(size_of(receipt) > 100 && size_of(receipt) < 10000);
    snprintf(command, sizeof command, "test \"$(ls -A %s | wc -l)\" = 2", bench->root);
    assert_int_equal(system(command), 0);
}

/* Both begin before either has landed: the second learns at its commit that the first lies otherwise. */
static void one_dataset_has_one_layout(void **state)
{
    struct bench *bench = *state;
    struct run by_day = {.id = "r1", .rows = 3, .partition = "day=1/hour=2"},
               by_month = {.id = "r2", .rows = 4, .partition = "month=1"};
    struct cpl_attempt *first, *second;
    enum cpl_commit_outcome outcome;
    assert_true(run_begin(bench, &by_day, &first));
    assert_true(run_begin(bench, &by_month, &second));
    assert_true(cpl_attempt_layout(first, "day/hour", &bench->err));
    assert_true(cpl_attempt_layout(second, "month", &bench->err));
    assert_true(run_work(first, &by_day, &bench->err) && run_work(second, &by_month, &bench->err));
    assert_true(run_commit(first, &by_day, &outcome, &bench->err));
    assert_false(run_commit(second, &by_month, &outcome, &bench->err));
    assert_int_equal(bench->err.code, CPL_E_CONFLICT);
    assert_non_null(
        strstr(bench->err.message, "by day/hour, and this run would add files by month"));
    cpl_attempt_close(first);
    cpl_attempt_close(second);
    assert_true(run_begin(bench, &by_month, &second)); /* which publishes the first */
    assert_false(cpl_attempt_layout(second, "month", &bench->err));
    assert_false(cpl_attempt_layout(second, "", &bench->err));
    assert_true(cpl_attempt_layout(second, "day/hour", &bench->err));
    cpl_attempt_close(second);
    assert_int_equal(visible_rows(bench), 3);
    by_month.mode = CPL_MODE_OVERWRITE; /* who replaces all may lay it out anew */
    assert_true(run_begin(bench, &by_month, &second));
    assert_true(cpl_attempt_layout(second, "month", &bench->err));
    cpl_attempt_close(second);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(a_run_lands_once),
        T(the_prior_run_is_described),
        T(modes_do_what_they_say),
        T(foreign_files_are_never_deleted),
        T(of_two_runs_with_one_id_one_wins),
        T(a_taken_number_is_no_conflict),
        T(unbalanced_books_decide_nothing),
        T(one_dataset_has_one_layout),
        T(bad_names_are_refused),
        T(a_single_file_leaves_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

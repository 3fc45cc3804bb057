#include "run/retention.h"

#include "format/text.h"
#include "run/attempt_test.h"

static const int64_t DAY = 86400000;

static void land(struct bench *bench, const char *id, const char *partition)
{
    bool prior;
    struct run run = {.id = id, .rows = 3, .partition = partition};
    if (!run_all(bench, &run, &prior))
        fail_msg("%s", bench->err.message);
}

static bool apply(struct bench *bench, int64_t keep_ms, struct cpl_retention_report *report)
{
    struct cpl_log *log;
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    bool ok = cpl_retention_apply(log, "ingest_date", keep_ms, cpl_days_from_civil(2026, 3, 31),
                                  "r", 1774915200000, report, &bench->err);
    cpl_log_free(log);
    return ok;
}

static bool is_there(struct bench *bench, const char *name)
{
    char path[300];
    bool exists;
    snprintf(path, sizeof path, "%s/%s", bench->dataset, name);
    assert_true(cpl_storage_exists(bench->storage, path, &exists, NULL));
    return exists;
}

static void older_folders_go_and_the_rest_stays(void **state)
{
    struct bench *bench = *state;
    struct cpl_retention_report report;
    struct cpl_verify_report verified;
    land(bench, "a", "ingest_date=2026-02-28/country=CH");
    land(bench, "b", "ingest_date=2026-03-01"); /* 30 days before: stays */
    land(bench, "c", "ingest_date=2026-03-31");
    land(bench, "d", "ingest_date=2026-02-30"); /* no date: never removed */
    land(bench, "e", "other=2020-01-01");
    assert_true(apply(bench, 30 * DAY, &report));
    assert_int_equal(report.folders, 1);
    assert_int_equal(report.files, 1);
    assert_int_equal(report.rows, 3);
    assert_int_equal(report.kept, 0);
    assert_false(is_there(bench, "ingest_date=2026-02-28"));
    assert_int_equal(visible_rows(bench), 12);
    assert_true(cpl_verify(bench->storage, bench->dataset, &verified, &bench->err));
    assert_int_equal(verified.problems, 0);
    cpl_verify_report_release(&verified);
    assert_true(apply(bench, 30 * DAY, &report));
    assert_int_equal(report.files, 0);
    assert_true(apply(bench, 29 * DAY, &report));
    assert_int_equal(report.files, 1);
}

static void what_is_not_ours_stays(void **state)
{
    struct bench *bench = *state;
    struct cpl_retention_report report;
    char path[300];
    land(bench, "a", "ingest_date=2026-01-01");
    snprintf(path, sizeof path, "%s/ingest_date=2026-01-01/notes.txt", bench->dataset);
    FILE *file = fopen(path, "w");
    fclose(file);
    assert_true(apply(bench, 30 * DAY, &report));
    assert_int_equal(report.files, 1);
    assert_int_equal(report.folders, 0);
    assert_int_equal(report.kept, 1);
    assert_true(is_there(bench, "ingest_date=2026-01-01/notes.txt"));
}

static void parts_of_days_are_refused(void **state)
{
    struct bench *bench = *state;
    struct cpl_retention_report report;
    land(bench, "a", "ingest_date=2026-01-01");
    static const int64_t wrong[] = {0, -86400000, 3600000, 86400001};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(apply(bench, wrong[i], &report));
        assert_int_equal(bench->err.code, CPL_E_CONFIG);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(older_folders_go_and_the_rest_stays),
        T(what_is_not_ours_stays),
        T(parts_of_days_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files that vanish between their record and their publication are worked again, whatever was killed when.
 *
 * Each run is killed at each of its crash points; then all that it had staged is deleted, as a careless cleaner would. Whoever comes next, with another
 * configuration, finds either no record, and nothing happened, or a record, and makes the very same files again. What cannot be made again is
 * lost, and is said to be. */
#include "whole.h"

#include <errno.h>

enum { MOST_POINTS = 200 };

static const char orders[] =
    "id,country,amount\n1,DE,10\n2,FR,20\nx,DE,30\n4,IT,40\n5,DE\n6,FR,60\n";
static const char events[] =
    "{\"id\":1,\"a\":{\"b\":[1,2]}}\n{\"id\":oops}\n{\"id\":2.5,\"a\":null}\n";

static const struct job csv_job = {
    .config = "name: orders\nsource: {path: '@/in'}\nschema: {columns: {id: int64}}\n"
              "sink: {path: '@/ds', partition_by: country, parquet: {compression: 'zstd:5'}}\n",
    .run_id = "first"};
static const struct job next_job = {
    .config = "name: others\nsource: {path: '@/next.csv'}\nschema: {columns: {id: int64}}\n"
              "sink: {path: '@/ds', partition_by: country}\n",
    .run_id = "next"};

static void begin_anew(struct bench *bench)
{
    char in[100];
    remove_below(bench, "ds");
    remove_below(bench, "in");
    snprintf(in, sizeof in, "%s/in", bench->root);
    assert_int_equal(mkdir(in, 0755), 0);
    write_input(bench, "in/a.csv", orders);
    write_input(bench, "in/b.csv", "id,country,amount\n7,DE,70.5\n");
    write_input(bench, "next.csv", "id,country\n100,DE\n");
}

/* The run after: its rows land in any case. */
static void recover_by(struct bench *bench, const struct job *job)
{
    struct cpl_run_result result;
    if (!run_job(bench, job, &result))
        fail_msg("%s\n%s", bench->err.message, whole_log);
    cpl_run_result_release(&result);
}

static void killed_and_swept_anywhere_it_is_repaired(void **state)
{
    struct bench *bench = *state;
    int status = -1, repaired = 0;
    for (int n = 1; status == -1; n++) {
        assert_true(n < MOST_POINTS);
        begin_anew(bench);
        status = child_job(bench, &csv_job, n);
        remove_below(bench, "ds/_cupel/staging");
        bool landed = has_landed(bench, "first");
        recover_by(bench, &next_job);
        assert_verified(bench, landed ? 6 : 1, landed ? 2 : 0, 0);
        repaired += strstr(whole_log, "worked again what had gone") != NULL;
        recover_by(bench, &csv_job); /* lands once, in any case */
        assert_verified(bench, 6, 2, 0);
    }
    assert_int_equal(status, 0);
    assert_true(repaired >= 5);
}

static void killed_while_repairing_it_is_repaired(void **state)
{
    struct bench *bench = *state;
    int first = -1;
    for (int n = 1; first == -1; n += 7) { /* a sample: each goes with each */
        int second = -1;
        for (int m = 1; second == -1; m++) {
            begin_anew(bench);
            first = child_job(bench, &csv_job, n);
            bool landed = has_landed(bench, "first");
            remove_below(bench, "ds/_cupel/staging");
            second = child_job(bench, &next_job, m);
            if (m % 2) /* and what the repair had staged goes, too */
                remove_below(bench, "ds/_cupel/staging");
            recover_by(bench, &next_job);
            assert_verified(bench, landed ? 6 : 1, landed ? 2 : 0, 0);
            if (first != -1)
                break;
        }
    }
}

/* Killed when the record stands and nothing is visible yet; what was staged is gone. */
static void lose_staging(struct bench *bench, const struct job *job)
{
    int n = 1;
    bool landed = false;
    for (; !landed; n++) {
        remove_below(bench, "ds");
        assert_int_equal(child_job(bench, job, n), -1);
        landed = has_landed(bench, job->run_id);
    }
    assert_int_equal(visible_rows(bench), 0);
    remove_below(bench, "ds/_cupel/staging");
}

static void each_kind_of_run_is_repaired(void **state)
{
    struct bench *bench = *state;
    static const struct {
        struct job job;
        uint64_t rows, rejects;
    } kinds[] = {
        {{.config = "name: j\nsource: {path: '@/e.ndjson'}\nsink: {path: '@/ds'}\n",
          .run_id = "first"},
         2,
         1},
        {{.config = "name: j\nsource: {path: '@/in', csv: {nulls: ['$DE', '$']}}\n"
                    "schema: {select: [country, id], columns: {amount: 'decimal(9,2)'}}\n"
                    "sink: {path: '@/ds', dated: ingest_date, json: {}}\n"
                    "limits: {on_reject: limit(50%)}\n",
          .run_id = "first"},
         6,
         1},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct job again = kinds[i].job;
        begin_anew(bench);
        write_input(bench, "e.ndjson", events);
        lose_staging(bench, &kinds[i].job);
        recover_by(bench, &again); /* the same command, again */
        assert_non_null(strstr(whole_log, "worked again what had gone"));
        assert_verified(bench, kinds[i].rows, kinds[i].rejects, 0);
    }
}

/* Its plan keeps the types that the dataset had when it ran, whatever has become of them. */
static void types_that_were_there_are_repaired(void **state)
{
    struct bench *bench = *state;
    static const struct job
        before = {.config = "name: orders\nsource: {path: '@/in/a.csv'}\n"
                            "schema: {columns: {id: int64, amount: 'decimal(12,3)'}}\n"
                            "sink: {path: '@/ds', partition_by: country}\n",
                  .run_id = "before"},
        job = {.config = "name: orders\nsource: {path: '@/in/b.csv'}\n"
                         "sink: {path: '@/ds', partition_by: country}\n",
               .run_id = "first"};
    int status = -1, repaired = 0;
    for (int n = 1; status == -1; n++) {
        begin_anew(bench);
        run_well(bench, &before);
        status = child_job(bench, &job, n);
        remove_below(bench, "ds/_cupel/staging");
        struct job after = next_job;
        after.run_id = "after";
        bool landed = has_landed(bench, "first");
        recover_by(bench, &after);
        repaired += strstr(whole_log, "worked again what had gone") != NULL;
        assert_verified(bench, landed ? 6 : 5, 2, 0);
    }
    assert_true(repaired > 0);
}

static void a_replay_is_repaired(void **state)
{
    struct bench *bench = *state;
    static const struct job replay = {
        .config = "name: orders\nsource: {path: '@/ds/_cupel/rejects/first-00000.parquet', csv: "
                  "{ragged: pad}}\nsink: {path: '@/ds', partition_by: country}\n"
                  "schema: {columns: {id: int64}}\n",
        .run_id = "second",
        .rejects = true};
    int status = -1;
    for (int n = 1; status == -1; n++) {
        begin_anew(bench);
        run_well(bench, &csv_job);
        status = child_job(bench, &replay, n);
        bool landed = has_landed(bench, "second");
        remove_below(bench, "ds/_cupel/staging");
        recover_by(bench, &next_job);
        assert_verified(bench, landed ? 7 : 6, landed ? 1 : 2, 0);
    }
}

/* What it replaces goes only when what replaces it is there. */
static void a_replacing_run_is_repaired(void **state)
{
    struct bench *bench = *state;
    static const struct job replacing = {
        .config = "name: orders\nsource: {path: '@/in'}\nschema: {columns: {id: int64}}\n"
                  "sink: {path: '@/ds', partition_by: country, mode: overwrite}\n",
        .run_id = "first"};
    struct job later = next_job;
    later.run_id = "later";
    int status = -1;
    for (int n = 1; status == -1; n++) {
        begin_anew(bench);
        run_well(bench, &next_job);
        status = child_job(bench, &replacing, n);
        bool landed = has_landed(bench, "first");
        assert_true(landed || visible_rows(bench) > 0);
        remove_below(bench, "ds/_cupel/staging");
        recover_by(bench, &later);
        assert_verified(bench, landed ? 5 + 1 : 1 + 1, landed ? 2 : 0, 0);
    }
    assert_int_equal(status, 0);
}

/* The same bytes under another time are the same input; a further file in the folder is none of the plan's. */
static void inputs_are_known_by_their_bytes(void **state)
{
    struct bench *bench = *state;
    begin_anew(bench);
    lose_staging(bench, &csv_job);
    write_input(bench, "in/a.csv", orders);
    write_input(bench, "in/aa.csv", "id,country,amount\n8,DE,80\n");
    recover_by(bench, &next_job);
    assert_verified(bench, 6, 2, 0);
}

static void assert_lost(struct bench *bench, const struct job *job, uint64_t files,
                        const char *reason)
{
    struct cpl_run_result result;
    assert_false(run_job(bench, job, &result));
    cpl_run_result_release(&result);
    assert_int_equal(bench->err.code, CPL_E_CORRUPT);
    assert_non_null(strstr(bench->err.message, "this run landed"));
    if (!strstr(whole_log, reason))
        fail_msg("%s", whole_log);
    assert_non_null(strstr(whole_log, "ds/country=DE/part-first-00000.parquet of run first is "
                                      "lost, with 2 rows"));
    assert_verified(bench, 1, 0, files);
    recover_by(bench, job); /* said once; verify says it for ever */
}

static void what_changed_inputs_made_is_lost(void **state)
{
    struct bench *bench = *state;
    begin_anew(bench);
    lose_staging(bench, &csv_job);
    write_input(bench, "in/a.csv", "id,country,amount\n1,DE,10\n");
    assert_lost(bench, &next_job, 5, "in/a.csv has changed");
    begin_anew(bench);
    lose_staging(bench, &csv_job);
    remove_below(bench, "in/b.csv");
    assert_lost(bench, &next_job, 5, "in/b.csv");
}

/* One value of the same length: only the file that it went into is another; the others come back. */
static void what_differs_is_lost_and_the_rest_is_not(void **state)
{
    struct bench *bench = *state;
    struct cpl_run_result result;
    begin_anew(bench);
    lose_staging(bench, &csv_job);
    write_input(bench, "in/a.csv",
                "id,country,amount\n1,DE,10\n2,FR,21\nx,DE,30\n4,IT,40\n5,DE\n6,FR,60\n");
    assert_false(run_job(bench, &next_job, &result));
    cpl_run_result_release(&result);
    assert_int_equal(bench->err.code, CPL_E_CORRUPT);
    assert_non_null(strstr(whole_log, "country=FR/part-first-00000.parquet of run first is lost, "
                                      "with 2 rows: working it again gave other bytes"));
    assert_verified(bench, 4, 2,
                    2); /* DE 2, IT 1, next 1; the receipt names the input's checksum */
}

static void what_needs_a_secret_is_lost(void **state)
{
    struct bench *bench = *state;
    static const struct job secret = {
        .config = "name: orders\nsource: {path: '@/in', csv: {nulls: ['${CPL_TEST_NULL}']}}\n"
                  "schema: {columns: {id: int64}}\n"
                  "sink: {path: '@/ds', partition_by: country}\n",
        .run_id = "first"};
    begin_anew(bench);
    setenv("CPL_TEST_NULL", "hush", 1);
    lose_staging(bench, &secret);
    char command[200];
    snprintf(command, sizeof command, "grep -rq hush %s/_cupel/plans", bench->dataset);
    assert_int_not_equal(system(command), 0);
    assert_lost(bench, &next_job, 5, "secret");
}

/* Where data lies is no secret: paths of the environment do not hinder. */
static void paths_of_the_environment_are_kept(void **state)
{
    struct bench *bench = *state;
    static const struct job job = {
        .config = "name: orders\nsource: {path: '${CPL_TEST_ROOT}/in'}\n"
                  "schema: {columns: {id: int64}}\n"
                  "sink: {path: '${CPL_TEST_ROOT}/ds', partition_by: country}\n",
        .run_id = "first"};
    begin_anew(bench);
    setenv("CPL_TEST_ROOT", bench->root, 1);
    lose_staging(bench, &job);
    unsetenv("CPL_TEST_ROOT");
    setenv("CUPEL_LIMITS_MAX_DEPTH", "7", 1); /* not the kept run's business */
    recover_by(bench, &next_job);
    unsetenv("CUPEL_LIMITS_MAX_DEPTH");
    assert_verified(bench, 6, 2, 0);
}

/* Reasons that may pass decide nothing. */
static void an_input_that_may_not_be_read_decides_nothing(void **state)
{
    struct bench *bench = *state;
    struct cpl_run_result result;
    begin_anew(bench);
    lose_staging(bench, &csv_job);
    cpl_storage_fault(CPL_FAULT_WRITE, 1, ENOSPC);
    assert_false(run_job(bench, &next_job, &result));
    cpl_storage_fault(CPL_FAULT_WRITE, 0, 0);
    cpl_run_result_release(&result);
    assert_int_equal(bench->err.code, CPL_E_SPACE);
    assert_non_null(strstr(bench->err.message, "run again"));
    recover_by(bench, &next_job);
    assert_verified(bench, 6, 2, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(killed_and_swept_anywhere_it_is_repaired),
        T(killed_while_repairing_it_is_repaired),
        T(each_kind_of_run_is_repaired),
        T(types_that_were_there_are_repaired),
        T(a_replay_is_repaired),
        T(a_replacing_run_is_repaired),
        T(inputs_are_known_by_their_bytes),
        T(what_changed_inputs_made_is_lost),
        T(what_differs_is_lost_and_the_rest_is_not),
        T(what_needs_a_secret_is_lost),
        T(paths_of_the_environment_are_kept),
        T(an_input_that_may_not_be_read_decides_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

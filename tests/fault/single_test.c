/* One file as the target: killed anywhere, failing anywhere, raced and meddled with, the file stands beside the rejects and the receipt
 * of one and the same run, once any command has looked at it. */
#include "whole.h"

#include "run/single_settle.h"

enum { ABSENT = -1, MAX_POINTS = 60 };

struct change {
    struct run old, new;
    bool receipts;
};
#define RUN(i, n, bad) {.id = i, .rows = n, .rejected = bad, .mode = CPL_MODE_OVERWRITE}
static const struct change changes[] = {
    {.old = RUN("old", 10, 3), .new = RUN("new", 7, 1)},
    {.old = RUN("old", 10, 3), .new = RUN("new", 7, 0)},
    {.old = RUN("old", 10, 0), .new = RUN("new", 7, 2)},
    {.old = RUN("old", 10, 0), .new = RUN("new", 7, 0)},
    {.old = RUN("old", 10, 3), .new = RUN("new", 7, 1), .receipts = true},
    {.old = RUN("old", 10, 0), .new = RUN("new", 7, 0), .receipts = true},
};
enum { CHANGES = sizeof changes / sizeof *changes };

/* ---- a target of its own directory ---- */

static char out[128], rejects[160], receipt[160], hidden[160], record[200];

static struct run placed(const struct change *change, const struct run *run)
{
    struct run copy = *run;
    copy.single_file = out;
    copy.receipt_path = change->receipts ? receipt : NULL;
    return copy;
}

static void land(struct bench *bench, const struct change *change, const struct run *run)
{
    bool prior;
    struct run copy = placed(change, run);
    if (!run_all(bench, &copy, &prior))
        fail_msg("%s: %s", run->id, bench->err.message);
}

static void begin_anew(struct bench *bench, const struct change *change)
{
    snprintf(out, sizeof out, "%s/o.parquet", bench->dataset);
    snprintf(rejects, sizeof rejects, "%s.rejects.parquet", out);
    snprintf(receipt, sizeof receipt, "%s/r.json", bench->dataset);
    snprintf(hidden, sizeof hidden, "%s/.o.parquet.cupel", bench->dataset);
    snprintf(record, sizeof record, "%s/%s", hidden, CPL_SINGLE_RECORD);
    start_over(bench);
    land(bench, change, &change->old);
}

/* ---- judging ---- */

static long size_of(const char *path)
{
    struct stat status;
    return stat(path, &status) ? ABSENT : (long)status.st_size;
}

static bool tells_of(const char *path, const char *run_id)
{
    char text[8192], wanted[64];
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    snprintf(wanted, sizeof wanted, "\"run_id\": \"%s\"", run_id);
    return strstr(text, wanted) != NULL;
}

static bool is_of(const struct change *change, const struct run *run)
{
    return size_of(out) == (long)run->rows * 6 &&
           size_of(rejects) == (run->rejected ? (long)run->rejected * 6 : ABSENT) &&
           (!change->receipts || tells_of(receipt, run->id));
}

static void assert_of_one(const struct change *change, int n, const char *what)
{
    if (!is_of(change, &change->old) && !is_of(change, &change->new))
        fail_msg("change %d, %s %d: %ld bytes beside %ld of rejects", (int)(change - changes), what,
                 n, size_of(out), size_of(rejects));
}

static void assert_new(const struct change *change)
{
    if (!is_of(change, &change->new))
        fail_msg("change %d: %ld bytes beside %ld of rejects", (int)(change - changes),
                 size_of(out), size_of(rejects));
}

/* As a command does that comes to the file, or to its rejects. */
static bool settle(struct bench *bench, const char *path)
{
    bench->err = (struct cpl_error){0};
    return cpl_single_settle_both(bench->storage, path, &bench->err);
}

static void assert_settled(struct bench *bench, const char *path)
{
    if (!settle(bench, path))
        fail_msg("%s", bench->err.message);
    assert_int_equal(size_of(record), ABSENT);
}

/* ---- killed ---- */

static void killed_anywhere_it_is_of_one_run(void **state)
{
    struct bench *bench = *state;
    for (const struct change *change = changes; change < changes + CHANGES; change++) {
        struct run new = placed(change, &change->new);
        int ended = -1, before = 0, after = 0;
        for (int n = 1; ended == -1; n++) {
            assert_true(n < MAX_POINTS);
            begin_anew(bench, change);
            ended = child_run(bench, &new, n);
            assert_settled(bench, n % 2 ? out : rejects);
            assert_of_one(change, n, "killed at");
            *(is_of(change, &change->new) ? &after : &before) += 1;
            land(bench, change, &change->new);
            assert_new(change);
        }
        assert_int_equal(ended, 0);
        assert_true(before >= 2 && after >= 2); /* the points are where they should be */
    }
}

static void killed_again_when_it_is_finished(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[4];
    struct run new = placed(change, &change->new);
    for (int n = 1, first = -1; first == -1; n++) {
        for (int m = 1, second = -1; second == -1; m++) {
            begin_anew(bench, change);
            first = child_run(bench, &new, n);
            second = child_run(bench, &new, m);
            assert_settled(bench, out);
            assert_of_one(change, n, "killed twice, first at");
        }
    }
}

/* ---- failing ---- */

static bool try_run(struct bench *bench, const struct run *run, bool *decided)
{
    struct cpl_attempt *attempt;
    enum cpl_commit_outcome outcome = CPL_COMMIT_REFUSED;
    *decided = false;
    bench->err = (struct cpl_error){0};
    if (!run_begin(bench, run, &attempt))
        return false;
    bool ok = run_work(attempt, run, &bench->err) &&
              run_commit(attempt, run, &outcome, &bench->err) &&
              cpl_attempt_publish(attempt, &bench->err);
    *decided = outcome != CPL_COMMIT_REFUSED;
    cpl_attempt_close(attempt);
    return ok;
}

static void assert_judged(struct bench *bench, const struct change *change, bool ok, bool decided,
                          int n, const char *what)
{
    struct cpl_error err = bench->err;
    if (!ok && !decided && !is_of(change, &change->old))
        fail_msg("change %d, %s %d: refused, and not as it was: %s", (int)(change - changes), what,
                 n, err.message);
    if (!ok && !decided && size_of(hidden) != ABSENT && err.code != CPL_E_PERMISSION)
        assert_int_equal(err.code, CPL_E_IO); /* nothing could be removed, perhaps */
    assert_settled(bench, out);
    assert_of_one(change, n, what);
    if (ok || (decided && err.code != CPL_E_UNKNOWN))
        assert_new(change);
}

static void each_call_fails(void **state)
{
    struct bench *bench = *state;
    for (const struct change *change = changes; change < changes + CHANGES; change++)
        for (size_t f = 0; f < FAULTS; f++) {
            struct run new = placed(change, &change->new);
            uint64_t left = 0;
            for (int n = 1; !left; n++) {
                bool decided;
                begin_anew(bench, change);
                cpl_storage_fault(faults[f].call, (uint64_t)n, faults[f].errnum);
                bool ok = try_run(bench, &new, &decided);
                left = cpl_storage_fault_left(faults[f].call);
                cpl_storage_fault(faults[f].call, 0, 0);
                assert_judged(bench, change, ok, decided, n, faults[f].name);
                land(bench, change, &change->new);
                assert_new(change);
            }
        }
}

static void each_allocation_fails(void **state)
{
    struct bench *bench = *state;
    for (const struct change *change = changes; change < changes + CHANGES; change++) {
        struct run new = placed(change, &change->new);
        bool ok = false, decided;
        for (int n = 1; !ok; n++) {
            begin_anew(bench, change);
            cpl_memory_fail_at((uint64_t)n);
            ok = try_run(bench, &new, &decided);
            cpl_memory_fail_at(0);
            assert_judged(bench, change, ok, decided, n, "allocation");
            land(bench, change, &change->new);
            assert_new(change);
        }
    }
}

/* Killed behind its decision. */
static void leave_decided(struct bench *bench, const struct change *change)
{
    struct run new = placed(change, &change->new);
    for (int n = 1;; n++) {
        assert_true(n < MAX_POINTS);
        begin_anew(bench, change);
        assert_int_equal(child_run(bench, &new, n), -1);
        if (size_of(record) != ABSENT)
            break;
    }
    assert_true(is_of(change, &change->old));
}

static void each_call_fails_while_it_is_finished(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[4];
    for (size_t f = 0; f < FAULTS; f++) {
        uint64_t left = 0;
        for (int n = 1; !left; n++) {
            leave_decided(bench, change);
            cpl_storage_fault(faults[f].call, (uint64_t)n, faults[f].errnum);
            bool ok = settle(bench, out);
            left = cpl_storage_fault_left(faults[f].call);
            cpl_storage_fault(faults[f].call, 0, 0);
            if (ok)
                assert_new(change);
            assert_settled(bench, out);
            assert_new(change);
        }
    }
}

/* ---- whole runs ---- */

static long lines_of(const char *path)
{
    FILE *file = fopen(path, "r");
    long n = 0;
    for (int c; file && (c = fgetc(file)) != EOF;)
        n += c == '\n';
    if (file)
        fclose(file);
    return n;
}

/* Each rename of an overwriting run fails; whatever comes next, though it is refused, finishes what was decided. */
static void the_next_run_finishes_it(void **state)
{
    struct bench *bench = *state;
    const struct job old = {
        .config = "name: j\nsource: {path: '@/old.csv'}\nschema: {columns: {id: "
                  "int64}}\nsink: {path: '@/ds/o.csv', single_file: true, "
                  "mode: overwrite}\n",
        .run_id = "old"};
    const struct job new = {
        .config = "name: j\nsource: {path: '@/new.csv'}\nschema: {columns: {id: "
                  "int64}}\nsink: {path: '@/ds/o.csv', single_file: true, "
                  "mode: overwrite}\n",
        .run_id = "new"};
    const struct job refused = {.config = "name: j\nsource: {path: '@/old.csv'}\nsink: {path: "
                                          "'@/ds/o.csv', single_file: true, mode: error}\n",
                                .run_id = "refused"};
    struct cpl_run_result result;
    bool finished = false;
    write_input(bench, "old.csv", "id,n\n1,1\nbad,1\n");
    write_input(bench, "new.csv", "id,n\n1,1\n2,2\n");
    snprintf(out, sizeof out, "%s/o.csv", bench->dataset);
    snprintf(rejects, sizeof rejects, "%s.rejects.parquet", out);
    for (int n = 1, ok = 0; !ok; n++) {
        start_over(bench);
        run_well(bench, &old);
        cpl_storage_fault(CPL_FAULT_RENAME, (uint64_t)n, EIO);
        ok = run_job(bench, &new, &result);
        bool committed = result.committed;
        cpl_storage_fault(CPL_FAULT_RENAME, 0, 0);
        cpl_run_result_release(&result);
        assert_false(run_job(bench, &refused, &result));
        assert_int_equal(bench->err.code, CPL_E_CONFLICT);
        cpl_run_result_release(&result);
        assert_int_equal(lines_of(out), committed ? 3 : 2);
        assert_int_equal(size_of(rejects) == ABSENT, committed);
        finished = finished || (committed && !ok);
    }
    assert_true(finished);
}

/* ---- others ---- */

static void the_second_waits_for_the_first(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[0];
    struct run new = placed(change, &change->new), old = placed(change, &change->old);
    for (int n = 1, first = -2; first == -2; n++) {
        begin_anew(bench, change);
        pid_t stopped = start_run(bench, &new, n, SIGSTOP);
        first = wait_run(stopped);
        pid_t other = start_run(bench, &old, 0, 0);
        usleep(20000); /* either order is right: it waits, or has landed */
        if (first == -2) {
            assert_int_equal(kill(stopped, SIGCONT), 0);
            assert_int_equal(wait_run(stopped), 0);
        }
        assert_int_equal(wait_run(other), 0);
        assert_of_one(change, n, "stopped at");
        assert_int_equal(size_of(hidden), ABSENT);
    }
}

static void what_others_put_in_the_way_stays(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[4];
    char aside[200];
    leave_decided(bench, change);
    assert_int_equal(remove(out), 0);
    FILE *foreign = fopen(out, "w");
    fputs("of somebody else", foreign);
    fclose(foreign);
    for (int i = 0; i < 2; i++) {
        assert_false(settle(bench, out));
        assert_int_equal(bench->err.code, CPL_E_CONFLICT);
        assert_int_equal(size_of(out), 16);
        assert_int_equal(size_of(rejects), 18);
    }
    snprintf(aside, sizeof aside, "%s/aside", bench->dataset);
    assert_int_equal(rename(out, aside), 0);
    assert_settled(bench, out);
    assert_new(change);
}

static void what_has_gone_is_told_once(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[0];
    char command[400];
    leave_decided(bench, change);
    snprintf(command, sizeof command, "rm %s/*/*-o.parquet", hidden);
    assert_int_equal(system(command), 0);
    assert_false(settle(bench, out));
    assert_int_equal(bench->err.code, CPL_E_CORRUPT);
    assert_true(is_of(change, &change->old));
    assert_settled(bench, out);
    land(bench, change, &change->new);
    assert_new(change);
}

static void a_damaged_record_is_followed_nowhere(void **state)
{
    struct bench *bench = *state;
    const struct change *change = &changes[0];
    leave_decided(bench, change);
    FILE *file = fopen(record, "r+");
    fseek(file, 20, SEEK_SET);
    fputc('#', file);
    fclose(file);
    assert_false(settle(bench, out));
    assert_int_equal(bench->err.code, CPL_E_CORRUPT);
    assert_non_null(strstr(bench->err.message, "move it away"));
    assert_true(is_of(change, &change->old));
    assert_int_equal(remove(record), 0);
    land(bench, change, &change->new);
    assert_new(change);
}

static void long_names_do_not_share_a_record(void **state)
{
    (void)state;
    char a[240], b[240], root[2][CPL_LOG_PATH_MAX];
    struct cpl_error err;
    memset(a, 'x', sizeof a - 1);
    a[sizeof a - 1] = 0;
    strcpy(b, a);
    b[sizeof b - 2] = 'y';
    assert_true(cpl_single_root(a, root[0], &err) && cpl_single_root(b, root[1], &err));
    assert_string_not_equal(root[0], root[1]);
    assert_true(strlen(root[0]) < 256);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(killed_anywhere_it_is_of_one_run),
        T(killed_again_when_it_is_finished),
        T(each_call_fails),
        T(each_allocation_fails),
        T(each_call_fails_while_it_is_finished),
        T(the_next_run_finishes_it),
        T(the_second_waits_for_the_first),
        T(what_others_put_in_the_way_stays),
        T(what_has_gone_is_told_once),
        T(a_damaged_record_is_followed_nowhere),
        T(long_names_do_not_share_a_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the fault tests share: doing a run in a process of its own that dies, stops or fails at a chosen
 * place, and judging a dataset by what lies in storage. */
#pragma once
#include "run/attempt_test.h"

#include "run/crash_point.h"

#include <signal.h>
#include <sys/wait.h>

static inline void start_over(struct bench *bench)
{
    struct cpl_error err = {0};
    if (!cpl_storage_remove_tree(bench->storage, bench->dataset, &err))
        fail_msg("%s", err.message);
}

/* ---- dying at the n-th crash point ---- */

static int points_left;
static int point_signal;

static inline void hit_point(const char *name)
{
    (void)name;
    if (points_left > 0 && !--points_left)
        raise(point_signal);
}

static inline void arm_point(int n, int signal_number)
{
    points_left = n;
    point_signal = signal_number;
    cpl_crash_hook(hit_point);
}

/* The run in a child that gets `signal_number` at its n-th crash point (0 = never). */
static inline pid_t start_run(struct bench *bench, const struct run *run, int n, int signal_number)
{
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child)
        return child;
    bool prior;
    arm_point(n, signal_number);
    bool ok = run_all(bench, run, &prior);
    _exit(ok ? 0 : cpl_code_exit_status(bench->err.code));
}

/* Exit status, −1 when a signal ended it, −2 when it was stopped. */
static inline int wait_run(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, WUNTRACED), child);
    return WIFSTOPPED(status) ? -2 : WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int child_run(struct bench *bench, const struct run *run, int n)
{
    return wait_run(start_run(bench, run, n, SIGKILL));
}

/* ---- judging ---- */

static inline void assert_whole(struct bench *bench, struct cpl_log *log,
                                const struct cpl_log_file *file)
{
    char path[CPL_LOG_PATH_MAX], checksum[40];
    uint64_t size;
    assert_true(cpl_log_path(log, file->entry.path, path, &bench->err));
    if (!cpl_storage_checksum(bench->storage, path, &size, checksum, &bench->err))
        fail_msg("%s", bench->err.message);
    assert_int_equal(size, file->entry.size);
    assert_string_equal(checksum, file->entry.checksum);
}

/* (I1) everything visible is in the log, whole, and not removed by a finished record. */
static inline void assert_nothing_torn(struct bench *bench)
{
    struct cpl_object_list list;
    struct cpl_log *log;
    if (!cpl_log_open(bench->storage, bench->dataset, &log, &bench->err))
        fail_msg("%s", bench->err.message);
    if (cpl_storage_list(bench->storage, bench->dataset, &list, NULL)) {
        for (size_t i = 0; i < list.n; i++) {
            const char *name = list.items[i].path + strlen(bench->dataset) + 1;
            const struct cpl_log_file *file = cpl_log_find(log, name);
            if (!file)
                fail_msg("%s is visible without a record", name);
            assert_whole(bench, log, file);
            bool done = false;
            if (file->removed_by)
                assert_true(cpl_log_is_done(log, file->removed_by, &done, NULL));
            assert_false(done);
        }
        cpl_object_list_release(&list);
    }
    cpl_log_free(log);
}

/* (I5) and after recovery everything in the log is there, and its receipts tell the truth. */
static inline void assert_complete(struct bench *bench, uint64_t rows)
{
    struct cpl_log *log;
    assert_nothing_torn(bench);
    assert_true(cpl_log_open(bench->storage, bench->dataset, &log, &bench->err));
    for (size_t i = 0; i < cpl_log_file_count(log); i++) {
        const struct cpl_log_file *file = cpl_log_file(log, i);
        assert_int_equal(file->lost_by, 0);
        if (!file->removed_by)
            assert_whole(bench, log, file);
    }
    for (uint64_t seq = 1; seq <= cpl_log_head(log); seq++) {
        bool done = false;
        assert_true(cpl_log_is_done(log, seq, &done, NULL));
        assert_true(done);
    }
    cpl_log_free(log);
    assert_int_equal(visible_rows(bench), rows);
}

/* Start, recover, and do nothing more. */
static inline void recover(struct bench *bench)
{
    struct run idle = {.id = "idle"};
    struct cpl_attempt *attempt;
    if (!run_begin(bench, &idle, &attempt))
        fail_msg("%s", bench->err.message);
    assert_int_equal(cpl_attempt_recovered(attempt)->lost_files, 0);
    cpl_attempt_close(attempt);
}

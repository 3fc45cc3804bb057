/* Whole runs for the fault tests: pipelines over real inputs, from the configuration's text to what verify finds.
 *
 * In a configuration's text, @ stands for the bench's directory. */
#pragma once
#include "fault.h"

#include "run/run.h"

#include <errno.h>

struct job {
    const char *config, *run_id;
    bool rejects; /* a replay: source.path names reject files */
};

static inline void write_input(struct bench *bench, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", bench->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline void remove_below(struct bench *bench, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", bench->root, name);
    if (!cpl_storage_remove_tree(bench->storage, path, &bench->err))
        fail_msg("%s", bench->err.message);
}

static inline void load_job(struct bench *bench, const struct job *job, struct cpl_config *config)
{
    char text[2000];
    size_t n = 0;
    for (const char *c = job->config; *c && n < sizeof text - 100; c++)
        n += (size_t)sprintf(text + n, *c == '@' ? "%s" : "%.1s", *c == '@' ? bench->root : c);
    text[n] = 0;
    if (!cpl_config_parse(text, n, "test.yaml", &(struct cpl_config_env){0}, config, &bench->err))
        fail_msg("%s", bench->err.message);
    config->pipelines[0].source.rejects = job->rejects;
}

/* What runs said to their log, the last ones. */
static char whole_log[4000];

static inline void note_log(void *context, const char *level, const char *message)
{
    (void)context;
    size_t n = strlen(whole_log);
    if (n > sizeof whole_log / 2)
        whole_log[n = 0] = 0;
    snprintf(whole_log + n, sizeof whole_log - n, "%s: %s\n", level, message);
}

static inline bool run_config(struct bench *bench, const struct cpl_config *config,
                              const char *run_id, struct cpl_run_result *result)
{
    struct cpl_run_options options = {.pipeline = &config->pipelines[0],
                                      .run_id = run_id,
                                      .now_ms = 1700000000000,
                                      .log = note_log};
    whole_log[0] = 0;
    bench->err = (struct cpl_error){0};
    return cpl_run(&options, result, &bench->err);
}

static inline bool run_job(struct bench *bench, const struct job *job,
                           struct cpl_run_result *result)
{
    struct cpl_config config;
    load_job(bench, job, &config);
    bool ok = run_config(bench, &config, job->run_id, result);
    cpl_config_release(&config);
    return ok;
}

static inline void run_well(struct bench *bench, const struct job *job)
{
    struct cpl_run_result result;
    if (!run_job(bench, job, &result))
        fail_msg("%s: %s", job->run_id, bench->err.message);
    cpl_run_result_release(&result);
}

/* In a child that is killed at its n-th crash point (0: never). Its exit status; −1: killed. */
static inline int child_job(struct bench *bench, const struct job *job, int n)
{
    struct cpl_config config;
    load_job(bench, job, &config);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        struct cpl_run_result result;
        arm_point(n, SIGKILL);
        bool ok = run_config(bench, &config, job->run_id, &result);
        _exit(ok ? 0 : cpl_code_exit_status(bench->err.code));
    }
    cpl_config_release(&config);
    return wait_run(child);
}

static inline bool has_landed(struct bench *bench, const char *run_id)
{
    struct cpl_log *log;
    char lane[64];
    snprintf(lane, sizeof lane, "run/%s", run_id);
    if (!cpl_log_open(bench->storage, bench->dataset, &log, &bench->err))
        fail_msg("%s", bench->err.message);
    bool landed = cpl_log_lane(log, lane, NULL) == 1;
    cpl_log_free(log);
    return landed;
}

/* As verify counts: rows in data files, and no problem but `lost` files. */
static inline void assert_verified(struct bench *bench, uint64_t rows, uint64_t rejects,
                                   uint64_t lost)
{
    struct cpl_verify_report report;
    uint64_t found = 0;
    if (!cpl_verify(bench->storage, bench->dataset, &report, &bench->err))
        fail_msg("%s", bench->err.message);
    for (size_t i = 0; i < report.n_findings; i++) {
        const struct cpl_finding *finding = &report.findings[i];
        bool is_lost = !strcmp(finding->kind, "lost");
        found += is_lost;
        if (finding->problem && !is_lost)
            fail_msg("%s: %s %s", finding->kind, finding->path, finding->text);
    }
    assert_int_equal(found, lost);
    assert_int_equal(report.rows, rows);
    assert_int_equal(report.outstanding_rejects, rejects);
    cpl_verify_report_release(&report);
}

/* ---- system calls that fail ---- */

static const struct fault {
    const char *name;
    enum cpl_fault_call call;
    int errnum;
    enum cpl_code code; /* NONE: it does no harm */
} faults[] = {
    {"open: EMFILE", CPL_FAULT_OPEN, EMFILE, CPL_E_IO},
    {"open: EACCES", CPL_FAULT_OPEN, EACCES, CPL_E_PERMISSION},
    {"read: EIO", CPL_FAULT_READ, EIO, CPL_E_IO},
    {"write: ENOSPC", CPL_FAULT_WRITE, ENOSPC, CPL_E_SPACE},
    {"write: EIO", CPL_FAULT_WRITE, EIO, CPL_E_IO},
    {"fsync: EIO", CPL_FAULT_FSYNC, EIO, CPL_E_IO},
    {"fsync: ENOSPC", CPL_FAULT_FSYNC, ENOSPC, CPL_E_SPACE},
    {"rename: EIO", CPL_FAULT_RENAME, EIO, CPL_E_IO},
    {"rename: ENOSPC", CPL_FAULT_RENAME, ENOSPC, CPL_E_SPACE},
    {"mkdir: ENOSPC", CPL_FAULT_MKDIR, ENOSPC, CPL_E_SPACE},
    {"close: EIO", CPL_FAULT_CLOSE, EIO, CPL_E_IO},
    {"a short write", CPL_FAULT_SHORT_WRITE, 0, CPL_E_NONE},
    {"open: EINTR", CPL_FAULT_OPEN, EINTR, CPL_E_NONE},
    {"read: EINTR", CPL_FAULT_READ, EINTR, CPL_E_NONE},
    {"write: EINTR", CPL_FAULT_WRITE, EINTR, CPL_E_NONE},
    {"fsync: EINTR", CPL_FAULT_FSYNC, EINTR, CPL_E_NONE},
    {"rename: EINTR", CPL_FAULT_RENAME, EINTR, CPL_E_NONE},
};
enum { FAULTS = sizeof faults / sizeof *faults };

static inline size_t fault_of(enum cpl_fault_call call, int errnum)
{
    for (size_t f = 0; f < FAULTS; f++)
        if (faults[f].call == call && faults[f].errnum == errnum)
            return f;
    fail_msg("there is no such fault");
    return 0;
}

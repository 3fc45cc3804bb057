/* Run a pipeline: plan, work, commit, publish.
 *
 * Errors are values; progress and log lines go to callbacks (may be NULL), always from the calling thread.
 * Any number of runs may go on in one process. */
#pragma once
#include "config/pipeline.h"
#include "run/account.h"
#include <stdatomic.h>

struct cpl_progress {
    uint64_t bytes_done, bytes_total; /* decompressed bytes read; total 0 = unknown */
    uint64_t rows, rejects;
    double seconds;
    double counted_seconds; /* since rows and bytes began to be counted: wider types begin anew */
    bool whole;             /* all has been read: these are the result's rows and rejects */
    const char *phase;      /* "plan" "work" "partition" "commit" "publish" "widen" */
};
struct cpl_run_options {
    const struct cpl_pipeline *pipeline;
    const char *run_id; /* NULL = made from the clock and chance */
    int64_t now_ms;     /* 0 = the clock's */
    const char *
        receipt_path; /* where the receipt of a single file goes, or a copy of a dataset's; NULL = none */
    bool replace_receipt; /* a file that stands there */
    _Atomic bool *stop;   /* set by a signal handler: stop cleanly; may be NULL */
    void *context;
    void (*progress)(void *context, const struct cpl_progress *progress);
    void (*log)(void *context, const char *level, const char *message);
};
struct cpl_output_file {
    char *path;
    uint64_t rows, bytes;
    char checksum[40];
};
struct cpl_run_result {
    char run_id[101];
    struct cpl_row_counts rows;
    struct cpl_output_file *files, *rejects;
    size_t n_files, n_rejects;
    struct cpl_named_count *rules; /* rejected by rule; names static, or in `names` */
    size_t n_rules;
    struct cpl_arena names;
    size_t rejects_skipped;     /* replay: reject files that were replayed before */
    char *receipt;              /* NULL = none */
    struct cpl_strings remarks; /* what people should know of columns' types; in `names` */
    char *chain;                /* JSON of what steps and grades came to, or NULL */
    bool graded;
    uint64_t grades[CPL_GRADES];
    char *first_reject; /* "file:line:column: field: message", NULL = none */
    double seconds;
    bool repeated;   /* this run id had landed before: nothing was done */
    bool committed;  /* decided by this call: also when finishing it failed */
    unsigned rounds; /* how often the schema widened */
};
/* false: nothing of this run is visible, unless the code is UNKNOWN (nobody knows; the same run id tells), or `committed` is set: then the rows
 * have landed or will with the next start, and the same run id finishes it. The result is filled as far as the run came. */
bool cpl_run(const struct cpl_run_options *options, struct cpl_run_result *result,
             struct cpl_error *err) CPL_CHECKED;
/* One JSON object: {run_id, pipeline, rows_read, rows_written, rows_rejected, rows_filtered, files, rejects,
 * rejected_by_rule, first_reject, remarks, rejects_skipped, receipt, repeated, committed, seconds} and, when `problem` is given, {error}. */
bool cpl_run_result_write(const struct cpl_run_result *result, const char *pipeline,
                          const struct cpl_error *problem, struct cpl_buffer *out,
                          struct cpl_error *err) CPL_CHECKED;
void cpl_run_result_release(struct cpl_run_result *result);

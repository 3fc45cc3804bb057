/* Recover: what every start does before anything else (rule 13).
 *
 * All records without `.done` are published, in order. Recovery reads what is staged, never a
 * source. A file whose staged copy has gone (somebody swept it) and which is not visible is first
 * offered to `repair`, which works the recorded plan again; what cannot be repaired is declared
 * *lost* by a log record, is reported, and must make the process fail. Recovery may be interrupted
 * and repeated anywhere.
 *
 * Sweeping is apart: staging that no record refers to is garbage left by killed attempts. It is
 * removed when it is older than a week: an attempt older than a day may not commit. */
#pragma once
#include "run/publish.h"

struct cpl_recover_hooks {
    void *context;
    /* Work the plan of `record` again, and stage new copies of the `n` missing files: fill staged[i]
     * where the file has the bytes that the record tells of, and leave it empty where not (the source
     * has gone): these files are lost. false: nothing is decided yet. NULL = never repair. */
    bool (*repair)(void *context, struct cpl_log *log, const struct cpl_log_record *record,
                   const struct cpl_missing *missing, size_t n, const char *staging_dir,
                   struct cpl_staged *staged, struct cpl_error *err);
};
struct cpl_recover_report {
    uint64_t records; /* records that were finished */
    uint64_t files;   /* files that became visible by it */
    uint64_t repaired_files;
    uint64_t lost_files, lost_rows;
    char first_lost[512]; /* path of the first lost file, for the message */
};
bool cpl_recover(struct cpl_log *log, const struct cpl_recover_hooks *hooks, int64_t now_ms,
                 struct cpl_recover_report *report, struct cpl_error *err) CPL_CHECKED;

enum { CPL_SWEEP_AGE_S = 7 * 24 * 3600 };
/* Staged attempts (directories of _cupel/staging) that no unfinished record needs and that are
 * older than `age_s`: removed, and counted. */
bool cpl_sweep(struct cpl_log *log, int64_t age_s, uint64_t *removed,
               struct cpl_error *err) CPL_CHECKED;

#include "run/recover.h"

#include "run/crash_point.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_ROUNDS = 1000 }; /* each means that another process went ahead of us */

/* A file that is neither staged nor visible is missing only as long as no record says more of it.
 */
static bool still_missing(const struct cpl_log *log, const struct cpl_missing *missing)
{
    const struct cpl_log_file *file = cpl_log_find(log, missing->file->path);
    return !file->removed_by && !file->lost_by && !strcmp(file->entry.token, missing->file->token);
}

static size_t keep_missing(const struct cpl_log *log, struct cpl_publish_report *report)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->n_missing; i++)
        if (still_missing(log, &report->missing[i]))
            report->missing[kept++] = report->missing[i];
    return report->n_missing = kept;
}

static void count_lost(const struct cpl_publish_report *found, struct cpl_recover_report *report)
{
    if (!report->lost_files)
        snprintf(report->first_lost, sizeof report->first_lost, "%s", found->missing[0].file->path);
    report->lost_files += found->n_missing;
    for (size_t i = 0; i < found->n_missing; i++)
        report->lost_rows += found->missing[i].file->rows;
}

static bool declare_lost(struct cpl_log *log, uint64_t seq, const struct cpl_publish_report *found,
                         int64_t now_ms, struct cpl_recover_report *report, struct cpl_error *err)
{
    char nonce[33];
    enum cpl_commit_outcome outcome;
    const char **paths = cpl_alloc(found->n_missing * sizeof *paths, err);
    if (!paths || !cpl_log_nonce(nonce, err)) {
        cpl_free(paths);
        return false;
    }
    for (size_t i = 0; i < found->n_missing; i++)
        paths[i] = found->missing[i].file->path;
    struct cpl_log_record record = {
        .kind = CPL_RECORD_LOST,
        .nonce = nonce,
        .program = "cupel " CUPEL_VERSION,
        .now_ms = now_ms,
        .about = seq,
        .removed = paths,
        .n_removed = found->n_missing,
    };
    bool ok = cpl_log_append(log, &record, &outcome, err);
    if (ok && outcome == CPL_COMMIT_DONE)
        count_lost(found, report);
    cpl_free(paths);
    return ok;
}

/* ---- repair ---- */

struct repair {
    char attempt[64], staging[CPL_LOG_PATH_MAX], nonce[33];
    struct cpl_staged *staged;
    struct cpl_file_entry *entries;
    char (*tokens)[512];
};

static bool repair_init(struct repair *repair, struct cpl_log *log, size_t n, struct cpl_error *err)
{
    char relative[128];
    if (!cpl_log_nonce(repair->nonce, err))
        return false;
    snprintf(repair->attempt, sizeof repair->attempt, "repair-%s", repair->nonce);
    snprintf(relative, sizeof relative, "_cupel/staging/%s", repair->attempt);
    repair->staged = cpl_alloc_zero(n, sizeof *repair->staged, err);
    repair->entries = repair->staged ? cpl_alloc_zero(n, sizeof *repair->entries, err) : NULL;
    repair->tokens = repair->entries ? cpl_alloc_zero(n, sizeof *repair->tokens, err) : NULL;
    return repair->tokens && cpl_log_path(log, relative, repair->staging, err);
}

static void repair_release(struct repair *repair, size_t n)
{
    for (size_t i = 0; repair->staged && i < n; i++)
        cpl_staged_release(&repair->staged[i]);
    cpl_free(repair->staged);
    cpl_free(repair->entries);
    cpl_free(repair->tokens);
}

static bool append_repair(struct cpl_log *log, uint64_t seq, const struct cpl_publish_report *found,
                          struct repair *repair, int64_t now_ms, struct cpl_recover_report *report,
                          struct cpl_error *err)
{
    enum cpl_commit_outcome outcome;
    for (size_t i = 0; i < found->n_missing; i++) {
        const char *slash = strrchr(repair->staged[i].token, '/');
        snprintf(repair->tokens[i], sizeof repair->tokens[i], "_cupel/staging/%s/%s",
                 repair->attempt, slash ? slash + 1 : repair->staged[i].token);
        repair->entries[i] = *found->missing[i].file;
        repair->entries[i].token = repair->tokens[i];
        repair->entries[i].size = repair->staged[i].size;
        repair->entries[i].checksum = repair->staged[i].checksum;
    }
    struct cpl_log_record record = {
        .kind = CPL_RECORD_REPAIR,
        .nonce = repair->nonce,
        .attempt = repair->attempt,
        .program = "cupel " CUPEL_VERSION,
        .now_ms = now_ms,
        .about = seq,
        .added = repair->entries,
        .n_added = found->n_missing,
    };
    if (!cpl_storage_sync_dir(cpl_log_storage(log), repair->staging, err) ||
        !cpl_log_append(log, &record, &outcome, err))
        return false;
    if (outcome == CPL_COMMIT_DONE)
        report->repaired_files += found->n_missing;
    return true;
}

/* *repaired stays false when the hook cannot: then the files are lost. */
static bool try_repair(struct cpl_log *log, uint64_t seq, const struct cpl_publish_report *found,
                       const struct cpl_recover_hooks *hooks, int64_t now_ms,
                       struct cpl_recover_report *report, bool *repaired, struct cpl_error *err)
{
    struct repair repair = {0};
    *repaired = false;
    if (!hooks || !hooks->repair)
        return true;
    bool ok = repair_init(&repair, log, found->n_missing, err) &&
              hooks->repair(hooks->context, log, cpl_log_record(log, seq), found->missing,
                            found->n_missing, repair.staging, repair.staged, repaired, err);
    if (ok && *repaired)
        ok = append_repair(log, seq, found, &repair, now_ms, report, err);
    repair_release(&repair, found->n_missing);
    return ok;
}

/* ---- one record, then all ---- */

static bool settle_missing(struct cpl_log *log, uint64_t seq, struct cpl_publish_report *found,
                           const struct cpl_recover_hooks *hooks, int64_t now_ms,
                           struct cpl_recover_report *report, struct cpl_error *err)
{
    bool repaired;
    if (!cpl_log_refresh(log, err))
        return false;
    if (!keep_missing(log, found))
        return true;
    return try_repair(log, seq, found, hooks, now_ms, report, &repaired, err) &&
           (repaired || declare_lost(log, seq, found, now_ms, report, err));
}

static bool recover_record(struct cpl_log *log, uint64_t seq, const struct cpl_recover_hooks *hooks,
                           int64_t now_ms, struct cpl_recover_report *report, struct cpl_error *err)
{
    for (int round = 0; round < MAX_ROUNDS; round++) {
        struct cpl_publish_report found = {0};
        bool ok = cpl_publish_record(log, seq, &found, err);
        bool finished = ok && !found.n_missing;
        report->files += found.published;
        if (ok && !finished)
            ok = settle_missing(log, seq, &found, hooks, now_ms, report, err);
        cpl_publish_report_release(&found);
        if (!ok || finished)
            return ok;
    }
    return cpl_fail(err, CPL_E_CONFLICT,
                    "record %llu of %s cannot be settled: others keep changing the log",
                    (unsigned long long)seq, cpl_log_dataset(log));
}

bool cpl_recover(struct cpl_log *log, const struct cpl_recover_hooks *hooks, int64_t now_ms,
                 struct cpl_recover_report *report, struct cpl_error *err)
{
    *report = (struct cpl_recover_report){0};
    for (uint64_t seq = 1; seq <= cpl_log_head(log);
         seq++) { /* the head moves when files are lost */
        bool done;
        if (!cpl_log_is_done(log, seq, &done, err))
            return false;
        if (done)
            continue;
        cpl_crash_point("recover/before-record");
        if (!recover_record(log, seq, hooks, now_ms, report, err))
            return false;
        report->records++;
    }
    return true;
}

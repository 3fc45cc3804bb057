#include "run/recover.h"
#include "base/text.h"

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
        cpl_text_set(report->first_lost, sizeof report->first_lost, "%s",
                     found->missing[0].file->path);
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
    struct cpl_staged *staged;      /* of each missing file */
    struct cpl_file_entry *entries; /* of those that were repaired */
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

/* Bytes that are not those of the record are no repair. */
static bool is_repaired(const struct cpl_missing *missing, const struct cpl_staged *staged)
{
    return staged->token && staged->size == missing->file->size &&
           !strcmp(staged->checksum, missing->file->checksum);
}

/* The entries of what was repaired; `found` keeps the rest. */
static size_t split_repaired(struct cpl_publish_report *found, struct repair *repair)
{
    size_t n = 0, lost = 0;
    for (size_t i = 0; i < found->n_missing; i++) {
        const struct cpl_missing missing = found->missing[i];
        if (!is_repaired(&missing, &repair->staged[i])) {
            found->missing[lost++] = missing;
            continue;
        }
        const char *slash = strrchr(repair->staged[i].token, '/');
        snprintf(repair->tokens[n], sizeof repair->tokens[n], "_cupel/staging/%s/%s",
                 repair->attempt, slash ? slash + 1 : repair->staged[i].token);
        repair->entries[n] = *missing.file;
        repair->entries[n].token = repair->tokens[n];
        n++;
    }
    found->n_missing = lost;
    return n;
}

static bool append_repair(struct cpl_log *log, uint64_t seq, const struct repair *repair, size_t n,
                          int64_t now_ms, enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    struct cpl_log_record record = {
        .kind = CPL_RECORD_REPAIR,
        .nonce = repair->nonce,
        .attempt = repair->attempt,
        .program = "cupel " CUPEL_VERSION,
        .now_ms = now_ms,
        .about = seq,
        .added = repair->entries,
        .n_added = n,
    };
    *outcome = CPL_COMMIT_REFUSED;
    if (!cpl_storage_sync_dir(cpl_log_storage(log), repair->staging, err))
        return false;
    cpl_crash_point("repair/staged");
    return cpl_log_append(log, &record, outcome, err);
}

static void drop_repair(struct cpl_log *log, const struct repair *repair)
{
    bool removed = cpl_storage_remove_tree(cpl_log_storage(log), repair->staging, NULL);
    (void)removed; /* what stays is swept later */
}

/* `found` keeps what was not repaired; *again: another process went ahead, so look anew. */
static bool try_repair(struct cpl_log *log, uint64_t seq, struct cpl_publish_report *found,
                       const struct cpl_recover_hooks *hooks, int64_t now_ms,
                       struct cpl_recover_report *report, bool *again, struct cpl_error *err)
{
    struct repair repair = {0};
    enum cpl_commit_outcome outcome = CPL_COMMIT_REFUSED;
    size_t all = found->n_missing, n = 0;
    *again = false;
    if (!hooks || !hooks->repair)
        return true;
    bool ok = repair_init(&repair, log, all, err) &&
              hooks->repair(hooks->context, log, cpl_log_record(log, seq), found->missing, all,
                            repair.staging, repair.staged, err);
    if (ok && (n = split_repaired(found, &repair)) > 0)
        ok = append_repair(log, seq, &repair, n, now_ms, &outcome, err);
    *again = ok && n && outcome != CPL_COMMIT_DONE;
    if (outcome == CPL_COMMIT_DONE)
        report->repaired_files += n;
    else if (outcome == CPL_COMMIT_REFUSED && repair.staging[0])
        drop_repair(log, &repair);
    repair_release(&repair, all);
    return ok;
}

/* ---- one record, then all ---- */

static bool settle_missing(struct cpl_log *log, uint64_t seq, struct cpl_publish_report *found,
                           const struct cpl_recover_hooks *hooks, int64_t now_ms,
                           struct cpl_recover_report *report, struct cpl_error *err)
{
    const struct cpl_log_record *record = cpl_log_record(log, seq);
    uint64_t about = record->kind == CPL_RECORD_REPAIR ? record->about : seq; /* whose files */
    bool again;
    if (!cpl_log_refresh(log, err))
        return false;
    if (!keep_missing(log, found))
        return true;
    if (!try_repair(log, about, found, hooks, now_ms, report, &again, err))
        return false;
    return again || !found->n_missing || declare_lost(log, about, found, now_ms, report, err);
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

/* The redo of one record:
 *
 *   each file added ── token ──rename──▶ target     (removed or repaired since: its token is
 * discarded) fsync of the targets' directories each file removed ── unlink, fsync of their
 * directories <seq>.done, then the attempt's staging directory goes
 *
 * A token of a file that a later record has removed is discarded before that record's removals run,
 * so that a late publisher cannot bring the file back. */
#include "run/publish.h"

#include "run/crash_point.h"
#include "run/log_state.h"
#include "run/name_index.h"

#include <stdio.h>
#include <string.h>

void cpl_publish_report_release(struct cpl_publish_report *report)
{
    cpl_free(report->missing);
    *report = (struct cpl_publish_report){0};
}

/* ---- directories to be synced ---- */

struct directories {
    struct cpl_name_index index;
    struct cpl_arena arena; /* the names */
};

static void directories_release(struct directories *set)
{
    cpl_name_index_release(&set->index);
    cpl_arena_release(&set->arena);
}

/* Every directory from that of `relative` up to the dataset: one that a killed publisher made is not durable
 * yet, and does not look it. */
static bool directories_add(struct directories *set, const struct cpl_log *log,
                            const char *relative, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    size_t dataset = strlen(cpl_log_dataset(log));
    if (!cpl_log_path(log, relative, path, err))
        return false;
    for (char *slash = strrchr(path, '/'); slash && slash >= path + dataset;
         slash = strrchr(path, '/')) {
        *slash = 0;
        if (cpl_name_index_find(&set->index, path))
            break; /* and those above it */
        char *name = cpl_arena_strndup(&set->arena, path, strlen(path), err);
        if (!name || !cpl_name_index_reserve(&set->index, 1, err))
            return false;
        cpl_name_index_add(&set->index, name, 0);
    }
    return true;
}

/* A directory that has gone since needs no sync. */
static bool directories_sync(struct directories *set, struct cpl_storage *storage,
                             struct cpl_error *err)
{
    for (size_t i = 0; i < set->index.capacity; i++) {
        struct cpl_error why = {0};
        const char *name = set->index.slots[i].name;
        if (name && !cpl_storage_sync_dir(storage, name, &why) && why.code != CPL_E_NOT_FOUND)
            return cpl_fail_with(err, &why);
    }
    directories_release(set);
    return true;
}

/* Is the directory gone, since nothing was in it? */
static bool dropped(struct cpl_storage *storage, const char *path)
{
    bool there = true;
    return cpl_storage_remove_empty_dir(storage, path, NULL) &&
           cpl_storage_exists(storage, path, &there, NULL) && !there;
}

/* Folders that a removal left empty, and those above them that hold no more, but not the dataset. Only tidiness:
 * a run that wants one makes it again. Retention has its own, which it counts. */
static void drop_empty_folders(const struct cpl_log *log, const struct cpl_log_record *record)
{
    char path[CPL_LOG_PATH_MAX], last[CPL_LOG_PATH_MAX] = "";
    size_t dataset = strlen(cpl_log_dataset(log));
    for (size_t i = 0; i < record->n_removed; i++) {
        const char *name = strrchr(record->removed[i], '/');
        size_t folder = name ? (size_t)(name - record->removed[i]) : 0;
        if (!folder || (strlen(last) == folder && !memcmp(last, record->removed[i], folder)) ||
            !cpl_log_path(log, record->removed[i], path, NULL))
            continue;
        snprintf(last, sizeof last, "%.*s", (int)folder, record->removed[i]);
        for (char *slash = strrchr(path, '/'); slash && slash > path + dataset;
             slash = strrchr(path, '/')) {
            *slash = 0;
            if (!dropped(cpl_log_storage(log), path))
                break;
        }
    }
}

/* ---- files ---- */

static bool add_missing(struct cpl_publish_report *report, uint64_t seq,
                        const struct cpl_file_entry *file, struct cpl_error *err)
{
    size_t n = report->n_missing;
    if (!(n & (n - 1))) { /* full at each power of two */
        struct cpl_missing *grown = cpl_realloc(report->missing, (n ? 2 * n : 1) * sizeof *grown,
                                                err);
        if (!grown)
            return false;
        report->missing = grown;
    }
    report->missing[report->n_missing++] = (struct cpl_missing){.seq = seq, .file = file};
    return true;
}

static bool fail_taken(const char *token, const char *target, struct cpl_storage *storage,
                       struct cpl_error *err)
{
    bool staged = false;
    if (!cpl_storage_exists(storage, token, &staged, err))
        return false;
    if (staged)
        return cpl_fail(
            err, CPL_E_CONFLICT,
            "%s is committed but not visible yet, and another file that is not ours stands "
            "in its place; move that file away and run again",
            target);
    return cpl_fail(
        err, CPL_E_CORRUPT,
        "%s differs from what its commit recorded; bring it back from a copy, or move it away "
        "and run again to have it declared lost",
        target);
}

static bool publish_file(struct cpl_log *log, uint64_t seq, const struct cpl_file_entry *file,
                         struct cpl_publish_report *report, struct cpl_error *err)
{
    char token[CPL_LOG_PATH_MAX], target[CPL_LOG_PATH_MAX];
    struct cpl_staged staged = {.token = token, .final_path = target, .size = file->size};
    enum cpl_publish_result result;
    snprintf(staged.checksum, sizeof staged.checksum, "%s", file->checksum);
    cpl_crash_point("publish/before-file");
    if (!cpl_log_path(log, file->token, token, err) ||
        !cpl_log_path(log, file->path, target, err) ||
        !cpl_storage_publish(cpl_log_storage(log), &staged, &result, err))
        return false;
    cpl_crash_point("publish/after-file");
    switch (result) {
    case CPL_PUBLISHED:
        report->published++;
        return true;
    case CPL_ALREADY_PUBLISHED:
        report->already++;
        return true;
    case CPL_TOKEN_GONE:
        return add_missing(report, seq, file, err);
    case CPL_TARGET_TAKEN:
        break;
    }
    return fail_taken(token, target, cpl_log_storage(log), err);
}

static bool discard_token(struct cpl_log *log, const struct cpl_file_entry *file,
                          struct cpl_error *err)
{
    char token[CPL_LOG_PATH_MAX];
    return cpl_log_path(log, file->token, token, err) &&
           cpl_storage_remove(cpl_log_storage(log), token, err);
}

static bool publish_added(struct cpl_log *log, const struct cpl_log_record *record,
                          struct directories *touched, struct cpl_publish_report *report,
                          struct cpl_error *err)
{
    for (size_t i = 0; i < record->n_added; i++) {
        const struct cpl_file_entry *file = &record->added[i];
        const struct cpl_log_file *now = cpl_log_find(log, file->path);
        bool current = !strcmp(now->entry.token, file->token);
        bool ok = !current || now->lost_by || now->removed_by
                      ? discard_token(log, file, err)
                      : publish_file(log, record->seq, file, report, err) &&
                            directories_add(touched, log, file->path, err);
        if (!ok)
            return false;
    }
    return true;
}

static bool remove_files(struct cpl_log *log, const struct cpl_log_record *record,
                         struct directories *touched, struct cpl_publish_report *report,
                         struct cpl_error *err)
{
    char target[CPL_LOG_PATH_MAX];
    if (record->kind == CPL_RECORD_LOST)
        return true;
    for (size_t i = 0; i < record->n_removed; i++) {
        cpl_crash_point("publish/before-removal");
        if (!cpl_log_path(log, record->removed[i], target, err) ||
            !cpl_storage_remove(cpl_log_storage(log), target, err) ||
            !directories_add(touched, log, record->removed[i], err))
            return false;
        report->removed++;
    }
    return true;
}

/* Garbage by now; if this fails, sweeping does it later. */
static void drop_staging(struct cpl_log *log, const struct cpl_log_record *record)
{
    char relative[512], path[CPL_LOG_PATH_MAX];
    int length = snprintf(relative, sizeof relative, "_cupel/staging/%s", record->attempt);
    if (!record->attempt[0] || length < 0 || (size_t)length >= sizeof relative ||
        strchr(record->attempt, '/') || !cpl_relative_path_valid(relative) ||
        !cpl_log_path(log, relative, path, NULL))
        return;
    bool removed = cpl_storage_remove_tree(cpl_log_storage(log), path, NULL);
    (void)removed;
}

bool cpl_publish_record(struct cpl_log *log, uint64_t seq, struct cpl_publish_report *report,
                        struct cpl_error *err)
{
    const struct cpl_log_record *record = cpl_log_record(log, seq);
    struct directories touched = {0};
    size_t missing_before = report->n_missing;
    bool ok = cpl_log_settle(log, err) && publish_added(log, record, &touched, report, err) &&
              directories_sync(&touched, cpl_log_storage(log), err);
    if (!ok || report->n_missing > missing_before)
        goto out;
    cpl_crash_point("publish/added");
    ok = remove_files(log, record, &touched, report, err) &&
         directories_sync(&touched, cpl_log_storage(log), err);
    if (!ok)
        goto out;
    cpl_crash_point("publish/before-done");
    ok = cpl_log_mark_done(log, seq, err);
    if (ok) {
        cpl_crash_point("publish/after-done");
        drop_staging(log, record);
        if (record->kind == CPL_RECORD_COMMIT)
            drop_empty_folders(log, record);
    }
out:
    directories_release(&touched);
    if (!ok)
        cpl_fail_context(err, "publishing record %llu of %s", (unsigned long long)seq,
                         cpl_log_dataset(log));
    return ok;
}

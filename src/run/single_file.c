/* One file as the target: no log, no `_cupel` beside the user's data.
 *
 *   staged in <dir>/.<name>.cupel/<nonce>/ ── fsync ──▶ rename of the rejects, then of the file
 * (the decision), then of the receipt; fsync of their directories
 *
 * The receipt comes last, so that it never tells of a file that is not there; an older receipt goes
 * first, so that it is never beside a file that it does not tell of. Rejects come before the file,
 * so that a file never stands without its rejects. What replays landed of the file before goes behind the decision. A kill leaves a hidden directory, which the next
 * run for the same target removes when it is older than a day. */
#include "run/commit_state.h"

#include "run/crash_point.h"
#include "run/target.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { LEFTOVER_AGE_S = 24 * 3600 };

/* "a/b.parquet", ".cupel" → "a/.b.parquet.cupel" */
static bool hidden_beside(const char *path, const char *suffix, char out[CPL_LOG_PATH_MAX],
                          struct cpl_error *err)
{
    const char *slash = strrchr(path, '/');
    int directory = slash ? (int)(slash - path) + 1 : 0;
    const char *name = path + directory;
    int length = snprintf(out, CPL_LOG_PATH_MAX, "%.*s.%.200s%s", directory, path, name, suffix);
    return (name[0] && length < CPL_LOG_PATH_MAX - 100) ||
           cpl_fail(err, CPL_E_CONFIG, "%s is no path of a file", path);
}

static void remove_leftovers(struct cpl_attempt *attempt, const char *root)
{
    struct cpl_object_list list = {0};
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (!cpl_storage_list(attempt->storage, root, &list, NULL))
        return; /* mostly there are none */
    for (size_t i = 0; i < list.n; i++) {
        bool old = list.items[i].mtime_ns / 1000000000 < now.tv_sec - LEFTOVER_AGE_S;
        bool removed = old && cpl_storage_remove(attempt->storage, list.items[i].path, NULL);
        char *slash = strrchr(list.items[i].path, '/');
        if (removed && slash) {
            *slash = 0;
            removed = cpl_storage_remove_empty_dir(attempt->storage, list.items[i].path, NULL);
        }
    }
    cpl_object_list_release(&list);
}

/* Rejects that lie there while their file has gone are rows that nobody has replayed, perhaps. */
static bool check_old_rejects(const struct cpl_attempt *attempt, const char *path,
                              struct cpl_error *err)
{
    bool there;
    if (!cpl_storage_exists(attempt->storage, path, &there, err))
        return false;
    return !there ||
           cpl_fail(err, CPL_E_CONFLICT,
                    "%s is there, with rows that an earlier run rejected; replay it or move it "
                    "away, or ask for it to be overwritten",
                    path);
}

/* The same of rows that were repaired: with the file made anew they would be there twice. */
static bool check_replays(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    struct cpl_replays_beside replays;
    struct cpl_arena arena = {0};
    bool ok = cpl_replays_beside(attempt->storage, attempt->path, &arena, &replays, err);
    if (ok && replays.files.n)
        ok = cpl_fail(err, CPL_E_CONFLICT,
                      "%s is there, with rows that a replay repaired of the file that this run "
                      "makes anew; move it away, or ask for it to be overwritten",
                      replays.files.items[0]);
    cpl_arena_release(&arena);
    return ok;
}

/* As it stands before the work, and again before the commit. */
static bool check_mode(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    bool taken;
    char rejects[CPL_LOG_PATH_MAX];
    if (!cpl_attempt_rejects_path(attempt, 0, ".parquet", rejects, err) ||
        !cpl_target_check_file(attempt->storage, attempt->path, err) ||
        !cpl_target_check_file(attempt->storage, rejects, err))
        return false;
    if (attempt->mode == CPL_MODE_OVERWRITE_PARTITIONS)
        return cpl_fail(err, CPL_E_CONFIG, "%s is one file and has no partitions to overwrite",
                        attempt->path);
    if (attempt->mode == CPL_MODE_OVERWRITE)
        return true;
    if (!cpl_storage_exists(attempt->storage, attempt->path, &taken, err))
        return false;
    if (taken)
        return cpl_fail(
            err, CPL_E_CONFLICT,
            "%s is there already%s; ask for it to be overwritten, or choose another path",
            attempt->path,
            attempt->mode == CPL_MODE_APPEND ? ", and a file cannot be appended to" : "");
    return check_old_rejects(attempt, rejects, err) && check_replays(attempt, err);
}

bool cpl_single_begin(struct cpl_attempt *attempt, struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX];
    if (!check_mode(attempt, err) || !hidden_beside(attempt->path, ".cupel", root, err))
        return false;
    remove_leftovers(attempt, root);
    snprintf(attempt->staging, sizeof attempt->staging, "%.3980s/%.32s", root, attempt->nonce);
    return true;
}

void cpl_single_close(struct cpl_attempt *attempt)
{
    char root[CPL_LOG_PATH_MAX];
    if (!attempt->staging[0] || !hidden_beside(attempt->path, ".cupel", root, NULL))
        return;
    bool removed = cpl_storage_remove_tree(attempt->storage, attempt->staging, NULL) &&
                   cpl_storage_remove_empty_dir(attempt->storage, root, NULL);
    (void)removed; /* the next run tries again */
}

/* ---- commit ---- */

static bool sync_parent(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    char parent[CPL_LOG_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) : 1;
    snprintf(parent, sizeof parent, "%.*s", length ? length : 1,
             slash ? (length ? path : "/") : ".");
    return cpl_storage_sync_dir(attempt->storage, parent, err);
}

static bool put(struct cpl_attempt *attempt, const struct cpl_staged *staged, bool over,
                bool *renamed, struct cpl_error *err)
{
    enum cpl_publish_result result = CPL_PUBLISHED;
    bool ok = over ? cpl_storage_publish_over(attempt->storage, staged, err)
                   : cpl_storage_publish(attempt->storage, staged, &result, err);
    if (ok && result != CPL_PUBLISHED)
        ok = cpl_fail(err, CPL_E_CONFLICT, "%s appeared while this run worked, and was left alone",
                      staged->final_path);
    *renamed = ok;
    return ok && sync_parent(attempt, staged->final_path, err);
}

/* Rejects of the run before would tell lies beside the new file. */
static bool remove_old_rejects(struct cpl_attempt *attempt, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    for (size_t i = 0; i < attempt->n_files; i++)
        if (attempt->files[i].role == CPL_FILE_REJECTS)
            return true;
    if (attempt->mode != CPL_MODE_OVERWRITE)
        return true;
    return cpl_attempt_rejects_path(attempt, 0, ".parquet", path, err) &&
           cpl_storage_remove(attempt->storage, path, err);
}

/* So would the rows that were repaired of them: they are in the new file, or among its own rejects. */
static bool find_replays(struct cpl_attempt *attempt, struct cpl_error *err)
{
    return attempt->mode != CPL_MODE_OVERWRITE ||
           cpl_replays_beside(attempt->storage, attempt->path, &attempt->arena, &attempt->replays,
                              err);
}

static bool remove_replays(struct cpl_attempt *attempt, struct cpl_error *err)
{
    return !attempt->replays.remove.n ||
           (cpl_replays_beside_remove(attempt->storage, &attempt->replays, err) &&
            sync_parent(attempt, attempt->path, err));
}

static bool put_files(struct cpl_attempt *attempt, enum cpl_file_role role, bool over,
                      bool *renamed, struct cpl_error *err)
{
    for (size_t i = 0; i < attempt->n_files; i++) {
        if (attempt->files[i].role != role)
            continue;
        cpl_crash_point("single/before-rename");
        if (!put(attempt, &attempt->staged[i], over, renamed, err))
            return false;
    }
    return true;
}

/* The file did not come, so its rejects must not stay; where they replaced others they do. */
static void take_back_rejects(struct cpl_attempt *attempt)
{
    for (size_t i = 0; i < attempt->n_files; i++)
        if (attempt->files[i].role == CPL_FILE_REJECTS) {
            bool removed = cpl_storage_remove(attempt->storage, attempt->staged[i].final_path,
                                              NULL);
            (void)removed;
        }
}

static bool stage_receipt(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                          struct cpl_staged *staged, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    char staging[CPL_LOG_PATH_MAX], suffix[32];
    snprintf(suffix, sizeof suffix, ".%.16s.tmp", attempt->nonce);
    /* Beside its target, which may be on another file system than the data. */
    bool ok = hidden_beside(attempt->receipt_path, suffix, staging, err) &&
              cpl_receipt_encode(receipt, &text, err) &&
              cpl_attempt_stage_text(attempt, staging, attempt->receipt_path, &text, staged, err);
    cpl_buffer_release(&text);
    return ok;
}

static void drop_receipt_staging(struct cpl_attempt *attempt, struct cpl_staged *staged)
{
    char *slash = staged->token ? strrchr(staged->token, '/') : NULL;
    if (slash) {
        *slash = 0;
        bool removed = cpl_storage_remove_tree(attempt->storage, staged->token, NULL);
        (void)removed;
    }
    cpl_staged_release(staged);
}

/* After the decision: what failed now does not undo it. */
static bool finish(struct cpl_attempt *attempt, const struct cpl_staged *receipt,
                   struct cpl_error *err)
{
    bool renamed;
    cpl_crash_point("single/after-decision");
    if (!remove_old_rejects(attempt, err) || !remove_replays(attempt, err) ||
        (receipt->token && !put(attempt, receipt, attempt->replace_receipt, &renamed, err)))
        return cpl_fail_context(err, "%s is written whole, but", attempt->path);
    if (receipt->token)
        snprintf(attempt->receipt, sizeof attempt->receipt, "%s", attempt->receipt_path);
    return true;
}

static bool put_rejects_then_file(struct cpl_attempt *attempt, enum cpl_commit_outcome *outcome,
                                  struct cpl_error *err)
{
    bool over = attempt->mode == CPL_MODE_OVERWRITE;
    bool rejects_there = false, file_there = false;
    bool ok = put_files(attempt, CPL_FILE_REJECTS, over, &rejects_there, err);
    cpl_crash_point("single/before-decision");
    ok = ok && put_files(attempt, CPL_FILE_DATA, over, &file_there, err);
    if (ok)
        *outcome = CPL_COMMIT_DONE;
    else if (file_there)
        *outcome = CPL_COMMIT_UNKNOWN; /* visible; its directory could not be synced */
    else if (rejects_there && !over)
        take_back_rejects(attempt);
    return ok;
}

bool cpl_single_commit(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                       enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    struct cpl_staged staged_receipt = {0};
    bool wanted = attempt->receipt_path[0] != 0;
    bool ok = check_mode(attempt, err) && find_replays(attempt, err) &&
              (!wanted || stage_receipt(attempt, receipt, &staged_receipt, err)) &&
              (!wanted || !attempt->replace_receipt ||
               cpl_storage_remove(attempt->storage, attempt->receipt_path, err)) &&
              cpl_storage_sync_dir(attempt->storage, attempt->staging, err) &&
              put_rejects_then_file(attempt, outcome, err) && finish(attempt, &staged_receipt, err);
    drop_receipt_staging(attempt, &staged_receipt);
    return ok;
}

/* One file as the target: no log, no `_cupel` beside the user's data.
 *
 *   staged in <dir>/.<name>.cupel/<nonce>/ ── fsync ──▶ lock ──▶ commit.json, created exclusively (the decision)
 *   ──▶ rejects, file, what goes with the file before, receipt: renamed or removed ──▶ fsync ──▶ commit.json goes ──▶ unlock
 *
 * Where one rename is all there is to do (no rejects and no replays of them come or go, no receipt stands beside), that rename is the decision, and there is no
 * record. Rejects come before the file, so that a file never stands without its rejects; single_settle.c does the steps, also those that
 * a killed run left.
 *
 * A receipt that stands beside the file is part of the record. Elsewhere, perhaps on another file system, it comes last, so that it
 * never tells of a file that is not there, and an older one goes before the decision. A run that is killed before the decision leaves a hidden directory,
 * which the next run for the same target removes when it is older than a day. */
#include "run/commit_state.h"

#include "run/crash_point.h"
#include "run/single_settle.h"
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
    bool found;
    if (!cpl_single_settle(attempt->storage, attempt->path, &found, err) ||
        !check_mode(attempt, err) || !cpl_single_root(attempt->path, root, err))
        return false;
    attempt->recovered.records += found;
    remove_leftovers(attempt, root);
    snprintf(attempt->staging, sizeof attempt->staging, "%.3980s/%.32s", root, attempt->nonce);
    return true;
}

/* Others may remove the hidden directory, empty as it is, before ours is in it. */
bool cpl_single_make_staging(struct cpl_attempt *attempt, struct cpl_error *err)
{
    enum { TRIES = 100 };
    struct cpl_error why = {0};
    for (int i = 0; i < TRIES; i++) {
        why = (struct cpl_error){0};
        if (cpl_storage_make_dirs(attempt->storage, attempt->staging, &why))
            return true;
        if (why.code != CPL_E_NOT_FOUND)
            break;
    }
    return cpl_fail_with(err, &why);
}

/* ---- what is to be done ---- */

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *keep(struct cpl_attempt *attempt, const char *text, struct cpl_error *err)
{
    return cpl_arena_strndup(&attempt->arena, text, strlen(text), err);
}

/* What stands at a path, as it is recognised later; "" = nothing. */
static const char *etag_of(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    struct cpl_object_info info;
    struct cpl_error why = {0};
    bool there = cpl_storage_stat(attempt->storage, path, &info, &why);
    cpl_free(info.path);
    if (!there && why.code != CPL_E_NOT_FOUND) {
        cpl_fail_with(err, &why);
        return NULL;
    }
    return there ? keep(attempt, info.etag, err) : "";
}

/* `staged` NULL: the file at `path` goes. */
static bool add_step(struct cpl_attempt *attempt, const char *path, const struct cpl_staged *staged,
                     struct cpl_error *err)
{
    char token[CPL_LOG_PATH_MAX] = "";
    if (staged)
        snprintf(token, sizeof token, "%s/%s", attempt->nonce, last_name(staged->token));
    struct cpl_single_step step = {.name = keep(attempt, last_name(path), err),
                                   .token = keep(attempt, token, err),
                                   .size = staged ? staged->size : 0,
                                   .checksum = keep(attempt, staged ? staged->checksum : "", err),
                                   .replaces = etag_of(attempt, path, err)};
    return step.name && step.token && step.checksum && step.replaces &&
           cpl_single_record_add(&attempt->decided, &step, err);
}

static bool add_files(struct cpl_attempt *attempt, enum cpl_file_role role, size_t *n,
                      struct cpl_error *err)
{
    for (size_t i = 0; i < attempt->n_files; i++)
        if (attempt->files[i].role == role) {
            ++*n;
            if (!add_step(attempt, attempt->staged[i].final_path, &attempt->staged[i], err))
                return false;
        }
    return true;
}

static bool add_removal(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    bool there;
    return cpl_storage_exists(attempt->storage, path, &there, err) &&
           (!there || add_step(attempt, path, NULL, err));
}

/* Rejects of the run before would tell lies beside the new file. So would the rows that were repaired of them: they are in the
 * new file, or among its own rejects. */
static bool add_removals(struct cpl_attempt *attempt, bool rejects, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    if (attempt->mode != CPL_MODE_OVERWRITE)
        return true;
    if (!cpl_attempt_rejects_path(attempt, 0, ".parquet", path, err) ||
        (!rejects && !add_removal(attempt, path, err)) ||
        !cpl_replays_beside(attempt->storage, attempt->path, &attempt->arena, &attempt->replays,
                            err))
        return false;
    for (size_t i = 0; i < attempt->replays.remove.n; i++)
        if (!add_removal(attempt, attempt->replays.remove.items[i], err))
            return false;
    return true;
}

/* ---- the receipt ---- */

static bool parent_of(struct cpl_attempt *attempt, const char *path,
                      struct cpl_file_identity *identity, struct cpl_error *err)
{
    char parent[CPL_LOG_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 1;
    snprintf(parent, sizeof parent, "%.*s", length, slash ? path : ".");
    return cpl_storage_identify(attempt->storage, parent, identity, err);
}

static bool is_beside(struct cpl_attempt *attempt, bool *beside, struct cpl_error *err)
{
    struct cpl_file_identity a, b;
    if (!parent_of(attempt, attempt->path, &a, err) ||
        !parent_of(attempt, attempt->receipt_path, &b, err))
        return false;
    *beside = a.there && b.there && a.device == b.device && a.inode == b.inode;
    return true;
}

/* Beside the file it is a step like the others; elsewhere it is staged beside its own target. */
static bool stage_receipt(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                          struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_staged staged = {0};
    char staging[CPL_LOG_PATH_MAX], suffix[32];
    bool beside;
    if (!attempt->receipt_path[0])
        return true;
    snprintf(suffix, sizeof suffix, ".%.16s.tmp", attempt->nonce);
    bool ok = is_beside(attempt, &beside, err) &&
              hidden_beside(attempt->receipt_path, suffix, staging, err) &&
              cpl_receipt_encode(receipt, &text, err) &&
              cpl_attempt_stage_text(attempt, beside ? attempt->staging : staging,
                                     attempt->receipt_path, &text, &staged, err);
    cpl_buffer_release(&text);
    if (ok && beside)
        ok = add_step(attempt, attempt->receipt_path, &staged, err);
    if (ok && beside && !attempt->replace_receipt &&
        attempt->decided.steps[attempt->decided.n - 1].replaces[0])
        ok = cpl_fail(err, CPL_E_CONFLICT, "%s appeared while this run worked, and was left alone",
                      attempt->receipt_path);
    if (!ok || beside)
        cpl_staged_release(&staged);
    else
        attempt->receipt_elsewhere = staged;
    return ok;
}

static bool sync_parent(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    char parent[CPL_LOG_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 1;
    snprintf(parent, sizeof parent, "%.*s", length, slash ? path : ".");
    return cpl_storage_sync_dir(attempt->storage, parent, err);
}

static bool put_receipt_elsewhere(struct cpl_attempt *attempt, struct cpl_error *err)
{
    const struct cpl_staged *staged = &attempt->receipt_elsewhere;
    enum cpl_publish_result result = CPL_PUBLISHED;
    if (!staged->token)
        return true;
    cpl_crash_point("single/before-receipt");
    bool ok = attempt->replace_receipt
                  ? cpl_storage_publish_over(attempt->storage, staged, err)
                  : cpl_storage_publish(attempt->storage, staged, &result, err);
    if (ok && result != CPL_PUBLISHED)
        ok = cpl_fail(err, CPL_E_CONFLICT, "%s appeared while this run worked, and was left alone",
                      attempt->receipt_path);
    return (ok && sync_parent(attempt, attempt->receipt_path, err)) ||
           cpl_fail_context(err, "%s is written whole, but", attempt->path);
}

static void drop_receipt_staging(struct cpl_attempt *attempt)
{
    char *slash = attempt->receipt_elsewhere.token ? strrchr(attempt->receipt_elsewhere.token, '/')
                                                   : NULL;
    if (slash) {
        *slash = 0;
        bool removed = cpl_storage_remove_tree(attempt->storage, attempt->receipt_elsewhere.token,
                                               NULL);
        (void)removed;
    }
    cpl_staged_release(&attempt->receipt_elsewhere);
}

/* ---- the decision ---- */

static bool make_steps(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                       struct cpl_error *err)
{
    size_t data = 0, rejects = 0;
    cpl_single_record_release(&attempt->decided);
    attempt->decided.run_id = attempt->run_id;
    attempt->decided.nonce = attempt->nonce;
    return add_files(attempt, CPL_FILE_REJECTS, &rejects, err) &&
           add_files(attempt, CPL_FILE_DATA, &data, err) &&
           add_removals(attempt, rejects > 0, err) && stage_receipt(attempt, receipt, err) &&
           (!attempt->receipt_elsewhere.token || !attempt->replace_receipt ||
            cpl_storage_remove(attempt->storage, attempt->receipt_path, err)) &&
           cpl_storage_sync_dir(attempt->storage, attempt->staging, err);
}

static bool is_unknown(struct cpl_attempt *attempt, enum cpl_commit_outcome *outcome,
                       struct cpl_error *err)
{
    *outcome = CPL_COMMIT_UNKNOWN;
    char why[sizeof err->message];
    snprintf(why, sizeof why, "%s", err ? err->message : "");
    return cpl_fail(
        err, CPL_E_UNKNOWN,
        "nobody knows whether %s was written (%.700s); the next command on it finds out",
        attempt->path, why);
}

/* One rename is its own decision. */
static bool decide_by_step(struct cpl_attempt *attempt, enum cpl_commit_outcome *outcome,
                           struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX], token[CPL_LOG_PATH_MAX];
    bool there = true;
    if (cpl_single_steps(attempt->storage, attempt->path, &attempt->decided, err)) {
        *outcome = CPL_COMMIT_DONE;
        return true;
    }
    if (cpl_single_root(attempt->path, root, NULL) &&
        cpl_single_below(root, attempt->decided.steps[0].token, token, NULL) &&
        cpl_storage_exists(attempt->storage, token, &there, NULL) && there)
        return false;
    return is_unknown(attempt, outcome, err);
}

/* Exclusive creation, as a dataset's record has it; what a kill leaves of it lies in staging. */
static bool create_record(struct cpl_attempt *attempt, const char *root, const char *path,
                          const struct cpl_buffer *text, enum cpl_publish_result *result,
                          struct cpl_error *err)
{
    struct cpl_staged staged = {0};
    bool ok = cpl_attempt_stage_text(attempt, attempt->staging, path, text, &staged, err);
    if (ok) {
        cpl_crash_point("single/before-decision");
        ok = cpl_storage_publish(attempt->storage, &staged, result, err);
    }
    cpl_staged_release(&staged);
    if (ok)
        cpl_crash_point("single/before-durable");
    return ok && (*result != CPL_PUBLISHED || cpl_storage_sync_dir(attempt->storage, root, err));
}

static bool decide_by_record(struct cpl_attempt *attempt, enum cpl_commit_outcome *outcome,
                             struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX], path[CPL_LOG_PATH_MAX];
    struct cpl_buffer text = {0};
    enum cpl_publish_result result = CPL_TARGET_TAKEN;
    bool there = true;
    if (!cpl_single_root(attempt->path, root, err) ||
        !cpl_single_below(root, CPL_SINGLE_RECORD, path, err))
        return false;
    bool ok = cpl_single_record_encode(&attempt->decided, &text, err) &&
              create_record(attempt, root, path, &text, &result, err);
    cpl_buffer_release(&text);
    if (ok && result != CPL_PUBLISHED)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "another run is at its commit of %s; run this one again", attempt->path);
    if (ok) {
        *outcome = CPL_COMMIT_DONE;
        cpl_crash_point("single/decided");
        return true;
    }
    if (cpl_storage_exists(attempt->storage, path, &there, NULL) && !there)
        return false;
    return is_unknown(attempt, outcome, err);
}

bool cpl_single_commit(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                       enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    bool found;
    struct cpl_error scratch = {0};
    err = err ? err : &scratch;
    *outcome = CPL_COMMIT_REFUSED;
    if (!cpl_single_make_staging(attempt, err) ||
        (!attempt->lock &&
         !cpl_single_lock(attempt->storage, attempt->path, &attempt->lock, err)) ||
        !cpl_single_finish_left(attempt->storage, attempt->path, &found, err) ||
        !check_mode(attempt, err) || !make_steps(attempt, receipt, err))
        return false;
    return attempt->decided.n == 1 ? decide_by_step(attempt, outcome, err)
                                   : decide_by_record(attempt, outcome, err);
}

bool cpl_single_publish(struct cpl_attempt *attempt, struct cpl_error *err)
{
    bool ok = attempt->decided.n == 1 ||
              (cpl_single_steps(attempt->storage, attempt->path, &attempt->decided, err) &&
               cpl_single_forget(attempt->storage, attempt->path, attempt->nonce, err));
    if (!ok)
        return cpl_fail_context(err,
                                "%s is not wholly in place yet (any cupel command on it "
                                "finishes that)",
                                attempt->path);
    ok = put_receipt_elsewhere(attempt, err);
    if (ok && attempt->receipt_path[0])
        snprintf(attempt->receipt, sizeof attempt->receipt, "%s", attempt->receipt_path);
    return ok;
}

void cpl_single_close(struct cpl_attempt *attempt)
{
    char root[CPL_LOG_PATH_MAX];
    bool decided = attempt->decided.n > 1 && attempt->stage != ATTEMPT_OPEN;
    drop_receipt_staging(attempt);
    if (attempt->staging[0] && cpl_single_root(attempt->path, root, NULL)) {
        /* What was decided, or may have been, is needed by whoever finishes it. */
        bool removed = decided || cpl_storage_remove_tree(attempt->storage, attempt->staging, NULL);
        removed = cpl_storage_remove_empty_dir(attempt->storage, root, NULL) && removed;
        (void)removed; /* the next run tries again */
    }
    cpl_single_record_release(&attempt->decided);
    cpl_storage_unlock(attempt->lock);
}

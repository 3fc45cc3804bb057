#include "run/single_settle.h"

#include "run/crash_point.h"
#include "run/log_state.h"

#include <stdio.h>
#include <string.h>

enum { WAIT_MS = 30000, LONG_NAME = 200, KEPT_OF_NAME = 150 };

/* ---- places ---- */

/* Length of "a/" in "a/b"; 0 for "b". */
static int directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (int)(slash - path) + 1 : 0;
}

bool cpl_single_root(const char *path, char root[CPL_LOG_PATH_MAX], struct cpl_error *err)
{
    int directory = directory_length(path);
    const char *name = path + directory;
    char hash[CPL_HASH_TEXT] = "";
    size_t length = strlen(name);
    if (length > LONG_NAME) /* two long names may begin alike */
        cpl_hash_text(name, length, hash);
    int written = snprintf(root, CPL_LOG_PATH_MAX, "%.*s.%.*s%s%s.cupel", directory, path,
                           *hash ? KEPT_OF_NAME : LONG_NAME, name, *hash ? "-" : "",
                           *hash ? hash + strlen("xxh3:") : "");
    return (length && written < CPL_LOG_PATH_MAX - 300) ||
           cpl_fail(err, CPL_E_CONFIG, "%s is no path of a file", path);
}

bool cpl_single_below(const char *root, const char *name, char path[CPL_LOG_PATH_MAX],
                      struct cpl_error *err)
{
    int length = snprintf(path, CPL_LOG_PATH_MAX, "%s/%s", root, name);
    return length < CPL_LOG_PATH_MAX ||
           cpl_fail(err, CPL_E_LIMIT, "the path %s/%s is too long", root, name);
}

static bool record_path(const char *path, char record[CPL_LOG_PATH_MAX], struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX];
    return cpl_single_root(path, root, err) &&
           cpl_single_below(root, CPL_SINGLE_RECORD, record, err);
}

/* ---- one step ---- */

enum step_state {
    STEP_DONE,
    STEP_NEW,   /* nothing stands there */
    STEP_OVER,  /* what stands there is what the run saw */
    STEP_TAKEN, /* by a file that the run did not see */
    STEP_LOST
};

struct step {
    const struct cpl_single_step *said;
    char target[CPL_LOG_PATH_MAX], token[CPL_LOG_PATH_MAX];
    enum step_state state;
};

static bool look(struct cpl_storage *storage, const char *path, struct cpl_object_info *info,
                 bool *there, struct cpl_error *err)
{
    struct cpl_error why = {0};
    *there = cpl_storage_stat(storage, path, info, &why);
    cpl_free(info->path);
    info->path = NULL;
    return *there || why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
}

static bool is_what_was_staged(struct cpl_storage *storage, const struct step *step, bool *is,
                               struct cpl_error *err)
{
    uint64_t size;
    char checksum[40];
    if (!cpl_storage_checksum(storage, step->target, &size, checksum, err))
        return false;
    *is = size == step->said->size && !strcmp(checksum, step->said->checksum);
    return true;
}

static bool judge(struct cpl_storage *storage, struct step *step, struct cpl_error *err)
{
    struct cpl_object_info target, token = {0};
    bool there, staged = false, same = false;
    bool puts = step->said->token[0] != 0;
    if (!look(storage, step->target, &target, &there, err) ||
        (puts && !look(storage, step->token, &token, &staged, err)))
        return false;
    bool seen = there && !strcmp(target.etag, step->said->replaces);
    bool linked = there && staged && target.device == token.device && target.inode == token.inode;
    if (puts && !staged) {
        if (there && !is_what_was_staged(storage, step, &same, err))
            return false;
        step->state = same ? STEP_DONE : STEP_LOST;
    } else if (!there || linked) { /* linked: cut off between link and unlink */
        step->state = puts ? STEP_NEW : STEP_DONE;
    } else {
        step->state = seen ? STEP_OVER : STEP_TAKEN;
    }
    return true;
}

static bool put_new(struct cpl_storage *storage, const struct step *step,
                    const struct cpl_staged *staged, const char *run_id, struct cpl_error *err)
{
    enum cpl_publish_result result;
    if (!cpl_storage_publish(storage, staged, &result, err))
        return false;
    return result == CPL_PUBLISHED || result == CPL_ALREADY_PUBLISHED ||
           cpl_fail(err, CPL_E_CONFLICT, "%s appeared while run %s was writing it", step->target,
                    run_id);
}

static bool do_step(struct cpl_storage *storage, struct step *step, const char *run_id,
                    struct cpl_error *err)
{
    struct cpl_staged staged = {
        .token = step->token, .final_path = step->target, .size = step->said->size};
    struct cpl_error why = {0};
    cpl_crash_point("single/before-step");
    if (step->state == STEP_DONE)
        return true;
    if (!step->said->token[0])
        return cpl_storage_remove(storage, step->target, err);
    snprintf(staged.checksum, sizeof staged.checksum, "%s", step->said->checksum);
    if (step->state == STEP_OVER) {
        if (cpl_storage_publish_over(storage, &staged, &why))
            return true;
        if (why.code != CPL_E_NOT_FOUND) /* a helper was faster, where there are no locks */
            return cpl_fail_with(err, &why);
    }
    return put_new(storage, step, &staged, run_id, err);
}

/* ---- a record ---- */

static bool locate(const char *path, const struct cpl_single_step *said, struct step *step,
                   struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX];
    int length = snprintf(step->target, sizeof step->target, "%.*s%s", directory_length(path), path,
                          said->name);
    step->said = said;
    if (length >= (int)sizeof step->target)
        return cpl_fail(err, CPL_E_LIMIT, "the path of %s is too long", said->name);
    return cpl_single_root(path, root, err) &&
           cpl_single_below(root, said->token, step->token, err);
}

static bool sync_directory_of(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    char directory[CPL_LOG_PATH_MAX];
    int length = directory_length(path);
    snprintf(directory, sizeof directory, "%.*s", length ? length : 1, length ? path : ".");
    return cpl_storage_sync_dir(storage, directory, err);
}

/* Before the first step: a run whose steps cannot all be done is not begun. */
static bool judge_all(struct cpl_storage *storage, const char *path,
                      const struct cpl_single_record *record, enum step_state *states,
                      struct cpl_error *err)
{
    for (size_t i = 0; i < record->n; i++) {
        struct step step;
        if (!locate(path, &record->steps[i], &step, err) || !judge(storage, &step, err))
            return false;
        states[i] = step.state;
        if (step.state == STEP_TAKEN)
            return cpl_fail(err, CPL_E_CONFLICT,
                            "%s was put there, or changed, by somebody else while run %s was "
                            "writing it, and was left alone; move it away",
                            step.target, record->run_id);
        if (step.state == STEP_LOST)
            return cpl_fail(err, CPL_E_CORRUPT,
                            "%s is not there as run %s wrote it, and what it had staged for it is "
                            "gone: somebody removed or changed one of them; run it again",
                            step.target, record->run_id);
    }
    return true;
}

bool cpl_single_steps(struct cpl_storage *storage, const char *path,
                      const struct cpl_single_record *record, struct cpl_error *err)
{
    enum step_state *states = cpl_alloc_zero(record->n, sizeof *states, err);
    bool ok = states && judge_all(storage, path, record, states, err);
    for (size_t i = 0; ok && i < record->n; i++) {
        struct step step;
        ok = locate(path, &record->steps[i], &step, err);
        step.state = states[i];
        ok = ok && do_step(storage, &step, record->run_id, err);
    }
    cpl_free(states);
    cpl_crash_point("single/before-sync");
    return ok && sync_directory_of(storage, path, err);
}

bool cpl_single_forget(struct cpl_storage *storage, const char *path, const char *nonce,
                       struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX], staging[CPL_LOG_PATH_MAX], record[CPL_LOG_PATH_MAX];
    cpl_crash_point("single/before-forget");
    if (!cpl_single_root(path, root, err) || !cpl_single_below(root, nonce, staging, err) ||
        !record_path(path, record, err) || !cpl_storage_remove_tree(storage, staging, err))
        return false;
    cpl_crash_point("single/before-record-goes");
    if (!cpl_storage_remove(storage, record, err))
        return false;
    cpl_crash_point("single/record-gone");
    return cpl_storage_sync_dir(storage, root, err);
}

/* ---- what others left ---- */

static bool read_record(struct cpl_storage *storage, const char *name,
                        struct cpl_single_record *record, bool *found, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_error why = {0};
    *found = cpl_storage_read_all(storage, name, CPL_SINGLE_RECORD_MAX, &text, &why);
    bool ok = *found || why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    if (*found)
        ok = cpl_single_record_parse((const char *)text.data, text.size, name, record, err) ||
             cpl_fail_context(err, "what a run had decided cannot be read; move it away");
    if (*found && ok && (strchr(record->nonce, '/') || !cpl_relative_path_valid(record->nonce))) {
        cpl_single_record_release(record);
        ok = cpl_fail(err, CPL_E_CORRUPT, "%s names no directory of its own", name);
    }
    cpl_buffer_release(&text);
    return ok;
}

bool cpl_single_finish_left(struct cpl_storage *storage, const char *path, bool *found,
                            struct cpl_error *err)
{
    struct cpl_single_record record = {0};
    struct cpl_error why = {0};
    char name[CPL_LOG_PATH_MAX], root[CPL_LOG_PATH_MAX];
    if (!record_path(path, name, err) || !cpl_single_root(path, root, err) ||
        !read_record(storage, name, &record, found, err))
        return false;
    if (!*found)
        return true;
    bool ok = cpl_storage_sync_dir(storage, root,
                                   &why) && /* it may have been found before it was durable */
              cpl_single_steps(storage, path, &record, &why);
    if (ok || why.code == CPL_E_CORRUPT)
        ok = cpl_single_forget(storage, path, record.nonce, ok ? &why : NULL) && ok;
    cpl_single_record_release(&record);
    if (ok)
        return true;
    cpl_fail_with(err, &why);
    return why.code == CPL_E_CORRUPT || why.code == CPL_E_MEMORY
               ? false
               : cpl_fail_context(err,
                                  "finishing what a run had decided for %s (%s; the next command "
                                  "on that file tries again)",
                                  path, name);
}

bool cpl_single_lock(struct cpl_storage *storage, const char *path, struct cpl_lock **lock,
                     struct cpl_error *err)
{
    char root[CPL_LOG_PATH_MAX];
    enum cpl_lock_result result;
    *lock = NULL;
    return cpl_single_root(path, root, err) &&
           cpl_storage_lock(storage, root, WAIT_MS, lock, &result, err) &&
           (result != CPL_LOCK_BUSY ||
            cpl_fail(err, CPL_E_CONFLICT,
                     "another process has been at its commit of %s for %d seconds; wait for it, "
                     "or end it (it may be suspended), and start again",
                     path, WAIT_MS / 1000));
}

bool cpl_single_settle(struct cpl_storage *storage, const char *path, bool *found,
                       struct cpl_error *err)
{
    char record[CPL_LOG_PATH_MAX], root[CPL_LOG_PATH_MAX];
    struct cpl_lock *lock;
    bool there;
    *found = false;
    if (!cpl_single_root(path, root, err) || !record_path(path, record, err) ||
        !cpl_storage_exists(storage, record, &there, err))
        return false;
    if (!there)
        return true;
    if (!cpl_single_lock(storage, path, &lock, err))
        return false;
    bool ok = !lock || (cpl_single_finish_left(storage, path, found, err) &&
                        cpl_storage_remove_empty_dir(storage, root, err));
    cpl_storage_unlock(lock);
    return ok;
}

bool cpl_single_settle_both(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    static const char suffix[] = ".rejects.parquet";
    size_t length = strlen(path), end = sizeof suffix - 1;
    bool found, ok = true;
    if (!length || path[length - 1] == '/')
        return true;
    if (length > end && !strcmp(path + length - end, suffix) && path[length - end - 1] != '/') {
        char *file = cpl_strndup(path, length - end, err);
        ok = file && cpl_single_settle(storage, file, &found, err);
        cpl_free(file);
    }
    return ok && cpl_single_settle(storage, path, &found, err);
}

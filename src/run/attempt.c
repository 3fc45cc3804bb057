/* Everything of an attempt but its decision: beginning, staging, closing. commit.c decides. */
#include "run/commit_state.h"

#include "decode/stream.h"
#include "run/crash_point.h"
#include "run/log_state.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

bool cpl_run_id_valid(const char *run_id)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    size_t length = strlen(run_id);
    return length >= 1 && length <= 100 && run_id[0] != '.' && run_id[0] != '-' &&
           strspn(run_id, allowed) == length;
}

/* ---- beginning ---- */

static const char *keep(struct cpl_attempt *attempt, const char *text, struct cpl_error *err)
{
    return text && *text ? cpl_arena_strndup(&attempt->arena, text, strlen(text), err) : "";
}

/* "a/b/" and "a/b" are one dataset. */
static const char *keep_path(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    return cpl_arena_strndup(&attempt->arena, path, length, err);
}

static bool copy_options(struct cpl_attempt *attempt, const struct cpl_attempt_options *options,
                         struct cpl_error *err)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    attempt->storage = options->storage;
    attempt->single_file = options->single_file;
    attempt->mode = options->mode;
    attempt->replace_receipt = options->replace_receipt;
    attempt->now_ms = options->now_ms;
    attempt->hooks = options->hooks;
    attempt->begun_s = now.tv_sec;
    attempt->plan = "";
    attempt->path = keep_path(attempt, options->path, err);
    attempt->pipeline = attempt->path ? keep(attempt, options->pipeline, err) : NULL;
    attempt->receipt_path = attempt->pipeline ? keep(attempt, options->receipt_path, err) : NULL;
    if (!attempt->receipt_path || !cpl_log_nonce(attempt->nonce, err))
        return false;
    snprintf(attempt->run_id, sizeof attempt->run_id, "%s", options->run_id);
    snprintf(attempt->lane, sizeof attempt->lane, "run/%s", attempt->run_id);
    snprintf(attempt->name, sizeof attempt->name, "%s-%.16s", attempt->run_id, attempt->nonce);
    return true;
}

/* Directories that a killed process made are not durable yet, and nobody knows: so the first commit
 * of a dataset syncs them all. */
static bool make_home(struct cpl_attempt *attempt, struct cpl_error *err)
{
    static const char *const below[] = {"_cupel/log", "_cupel/staging", "_cupel"};
    char path[CPL_LOG_PATH_MAX];
    bool home, dataset;
    if (!cpl_log_path(attempt->log, "_cupel", path, err) ||
        !cpl_storage_exists(attempt->storage, path, &home, err) ||
        !cpl_storage_exists(attempt->storage, attempt->path, &dataset, err))
        return false;
    attempt->made_home = !home;
    attempt->made_dataset = !dataset;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        if (!cpl_log_path(attempt->log, below[i], path, err) ||
            !cpl_storage_make_dirs(attempt->storage, path, err) ||
            !cpl_storage_sync_dir(attempt->storage, path, err))
            return false;
    if (!cpl_storage_sync_dir(attempt->storage, attempt->path, err))
        return false;
    snprintf(path, sizeof path, "%s/..", attempt->path);
    struct cpl_error why = {0}; /* above the approved roots is not ours to sync */
    if (cpl_storage_sync_dir(attempt->storage, path, &why) || why.code == CPL_E_PERMISSION)
        return true;
    return cpl_fail_with(err, &why);
}

/* Rule 9: of two creations of one name the second must be refused. */
static bool probe(struct cpl_attempt *attempt, struct cpl_error *err)
{
    char relative[64], path[CPL_LOG_PATH_MAX];
    enum cpl_create_result first = CPL_EXISTS, second = CPL_CREATED;
    snprintf(relative, sizeof relative, "_cupel/probe-%s", attempt->nonce);
    bool ok = cpl_log_path(attempt->log, relative, path, err) &&
              cpl_storage_create_exclusive(attempt->storage, path, "1", 1, &first, err) &&
              cpl_storage_create_exclusive(attempt->storage, path, "2", 1, &second, err) &&
              cpl_storage_remove(attempt->storage, path, err);
    if (!ok)
        return cpl_fail_context(err, "probing the storage of %s", attempt->path);
    return (first == CPL_CREATED && second == CPL_EXISTS) ||
           cpl_fail(err, CPL_E_UNSUPPORTED,
                    "the storage of %s lets two writers create one name, so that no commit there "
                    "would be safe; choose another target",
                    attempt->path);
}

static bool look_for_prior(struct cpl_attempt *attempt, struct cpl_error *err)
{
    uint64_t seq;
    if (!cpl_log_lane(attempt->log, attempt->lane, &seq))
        return true;
    const struct cpl_log_record *record = cpl_log_record(attempt->log, seq);
    attempt->has_prior = true;
    attempt->prior = (struct cpl_prior){.seq = seq, .rows = record->rows};
    for (size_t i = 0; i < record->n_added; i++)
        if (record->added[i].role == CPL_FILE_RECEIPT)
            return cpl_log_path(attempt->log, record->added[i].path, attempt->prior.receipt, err);
    return true;
}

static bool begin_dataset(struct cpl_attempt *attempt, struct cpl_error *err)
{
    char relative[200];
    snprintf(relative, sizeof relative, "_cupel/staging/%s", attempt->name);
    if (!cpl_log_open(attempt->storage, attempt->path, &attempt->log, err) ||
        !cpl_log_path(attempt->log, relative, attempt->staging, err))
        return false;
    if (!cpl_log_head(attempt->log) && (!make_home(attempt, err) || !probe(attempt, err)))
        return false;
    return cpl_recover(attempt->log, attempt->hooks, attempt->now_ms, &attempt->recovered, err) &&
           look_for_prior(attempt, err) &&
           (attempt->has_prior || cpl_attempt_check_target(attempt, err));
}

bool cpl_attempt_begin(const struct cpl_attempt_options *options, struct cpl_attempt **attempt,
                       struct cpl_error *err)
{
    *attempt = NULL;
    if (!cpl_run_id_valid(options->run_id))
        return cpl_fail(
            err, CPL_E_CONFIG,
            "the run id `%.120s` is not 1 to 100 letters, digits or any of _ . - that begin "
            "with neither . nor -",
            options->run_id);
    struct cpl_attempt *begun = cpl_alloc_zero(1, sizeof *begun, err);
    if (!begun)
        return false;
    struct cpl_lane_step own = {.lane = begun->lane, .from = 0, .next = 1};
    bool ok = copy_options(begun, options, err) &&
              cpl_attempt_grow((void **)&begun->lanes, &begun->lanes_capacity, 0,
                               sizeof *begun->lanes, err);
    if (ok) {
        begun->lanes[begun->n_lanes++] = own;
        ok = begun->single_file ? cpl_single_begin(begun, err) : begin_dataset(begun, err);
    }
    if (!ok) {
        cpl_attempt_close(begun);
        return false;
    }
    *attempt = begun;
    return true;
}

struct cpl_attempt *cpl_attempt_again(struct cpl_log *log, const char *run_id, const char *staging,
                                      struct cpl_error *err)
{
    struct cpl_attempt *attempt = cpl_alloc_zero(1, sizeof *attempt, err);
    if (!attempt)
        return NULL;
    attempt->storage = cpl_log_storage(log);
    attempt->path = cpl_log_dataset(log);
    attempt->log = log;
    attempt->again = true;
    attempt->plan = "";
    snprintf(attempt->run_id, sizeof attempt->run_id, "%s", run_id);
    snprintf(attempt->staging, sizeof attempt->staging, "%s", staging);
    return attempt;
}

const struct cpl_prior *cpl_attempt_prior(const struct cpl_attempt *attempt)
{
    return attempt->has_prior ? &attempt->prior : NULL;
}

const struct cpl_recover_report *cpl_attempt_recovered(const struct cpl_attempt *attempt)
{
    return &attempt->recovered;
}

struct cpl_log *cpl_attempt_log(struct cpl_attempt *attempt)
{
    return attempt->log;
}
bool cpl_attempt_committed(const struct cpl_attempt *attempt)
{
    return attempt->stage == ATTEMPT_COMMITTED;
}

const struct cpl_replays_beside *cpl_attempt_replays_gone(const struct cpl_attempt *attempt)
{
    return &attempt->replays;
}

const char *cpl_attempt_receipt(const struct cpl_attempt *attempt)
{
    return attempt->receipt;
}

/* ---- the plan ---- */

bool cpl_attempt_plan(struct cpl_attempt *attempt, const void *json, size_t size,
                      char hash[CPL_HASH_TEXT], struct cpl_error *err)
{
    char relative[256], path[CPL_LOG_PATH_MAX];
    enum cpl_create_result created;
    cpl_hash_text(json, size, attempt->plan_hash);
    memcpy(hash, attempt->plan_hash, CPL_HASH_TEXT);
    if (attempt->single_file)
        return true;
    snprintf(relative, sizeof relative, "_cupel/plans/%s.json", attempt->name);
    attempt->plan = keep(attempt, relative, err);
    if (!attempt->plan || !cpl_log_path(attempt->log, relative, path, err) ||
        !cpl_storage_create_exclusive(attempt->storage, path, json, size, &created, err))
        return false;
    cpl_crash_point("plan/stored");
    return created == CPL_CREATED ||
           cpl_fail(err, CPL_E_INTERNAL, "the plan %s is there already", path);
}

/* ---- staging ---- */

bool cpl_attempt_stem(const struct cpl_attempt *attempt, const char *file_name, char out[256],
                      struct cpl_error *err)
{
    int length = snprintf(out, 256, "%s-%s", file_name, attempt->run_id);
    return (length > 0 && length < 200 && !strchr(file_name, '/')) ||
           cpl_fail(err, CPL_E_CONFIG, "the file name `%.80s` is too long, or holds a slash",
                    file_name);
}

bool cpl_attempt_rejects_path(const struct cpl_attempt *attempt, unsigned ordinal,
                              const char *extension, char out[CPL_LOG_PATH_MAX],
                              struct cpl_error *err)
{
    int length = attempt->single_file
                     ? snprintf(out, CPL_LOG_PATH_MAX, "%s.rejects%s", attempt->path, extension)
                     : snprintf(out, CPL_LOG_PATH_MAX, "_cupel/rejects/%s-%05u%s", attempt->run_id,
                                ordinal, extension);
    return (length > 0 && length < CPL_LOG_PATH_MAX) ||
           cpl_fail(err, CPL_E_LIMIT, "the path of the rejects of %s is too long", attempt->path);
}

static bool final_path(const struct cpl_attempt *attempt, const char *path,
                       char out[CPL_LOG_PATH_MAX], struct cpl_error *err)
{
    if (attempt->single_file) {
        int length = snprintf(out, CPL_LOG_PATH_MAX, "%s", path ? path : attempt->path);
        return length < CPL_LOG_PATH_MAX ||
               cpl_fail(err, CPL_E_LIMIT, "the path %s is too long", attempt->path);
    }
    if (!path || !cpl_relative_path_valid(path) ||
        !cpl_utf8_valid((const uint8_t *)path, strlen(path)))
        return cpl_fail(err, CPL_E_INTERNAL,
                        "`%s` is no path below a dataset: UTF-8, relative, names of 1 to 255 bytes",
                        path ? path : "");
    return cpl_log_path(attempt->log, path, out, err);
}

struct cpl_writer *cpl_attempt_open(struct cpl_attempt *attempt, const char *path,
                                    struct cpl_error *err)
{
    char target[CPL_LOG_PATH_MAX];
    if (!final_path(attempt, path, target, err) ||
        (attempt->single_file && !cpl_single_make_staging(attempt, err)))
        return NULL;
    return cpl_writer_open(attempt->storage, attempt->staging, target, err);
}

bool cpl_attempt_scratch(struct cpl_attempt *attempt, const char **dir, struct cpl_error *err)
{
    *dir = attempt->single_file ? NULL : attempt->staging;
    return !*dir || cpl_storage_make_dirs(attempt->storage, *dir, err);
}

bool cpl_attempt_grow(void **items, size_t *capacity, size_t n, size_t item_size,
                      struct cpl_error *err)
{
    if (n < *capacity)
        return true;
    size_t wanted = n ? 2 * n : 8;
    void *grown = cpl_realloc(*items, wanted * item_size, err);
    if (!grown)
        return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

/* Both arrays, or neither; the capacity is theirs together. */
static bool grow_files(struct cpl_attempt *attempt, struct cpl_error *err)
{
    size_t entries = attempt->files_capacity, staged = attempt->files_capacity;
    bool ok = cpl_attempt_grow((void **)&attempt->files, &entries, attempt->n_files,
                               sizeof *attempt->files, err) &&
              cpl_attempt_grow((void **)&attempt->staged, &staged, attempt->n_files,
                               sizeof *attempt->staged, err);
    if (ok)
        attempt->files_capacity = entries;
    return ok;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool make_entry(struct cpl_attempt *attempt, const struct cpl_attempt_file *file,
                       struct cpl_staged *staged, struct cpl_file_entry *entry,
                       struct cpl_error *err)
{
    char token[CPL_LOG_PATH_MAX];
    snprintf(token, sizeof token, "_cupel/staging/%s/%s", attempt->name, last_name(staged->token));
    const char *path = attempt->single_file ? last_name(staged->final_path) : file->path;
    const char *name = last_name(path);
    size_t folder = file->role == CPL_FILE_DATA && name > path ? (size_t)(name - path) - 1 : 0;
    *entry = (struct cpl_file_entry){
        .role = file->role,
        .path = keep(attempt, path, err),
        .token = keep(attempt, token, err),
        .size = staged->size,
        .rows = file->rows,
        .checksum = keep(attempt, staged->checksum, err),
        .partition = file->partition && file->partition[0]
                         ? keep(attempt, file->partition, err)
                         : cpl_arena_strndup(&attempt->arena, path, folder, err),
        .grade = keep(attempt, file->grade, err),
        .table = keep(attempt, file->table, err),
    };
    return entry->path && entry->token && entry->checksum && entry->partition && entry->grade &&
           entry->table;
}

bool cpl_attempt_add(struct cpl_attempt *attempt, const struct cpl_attempt_file *file,
                     struct cpl_staged *staged, struct cpl_error *err)
{
    struct cpl_file_entry entry;
    if (!grow_files(attempt, err) || !make_entry(attempt, file, staged, &entry, err)) {
        cpl_staged_release(staged); /* the staged file goes with the attempt's directory */
        return false;
    }
    attempt->files[attempt->n_files] = entry;
    attempt->staged[attempt->n_files++] = *staged;
    *staged = (struct cpl_staged){0};
    cpl_crash_point("work/staged");
    return true;
}

bool cpl_attempt_stage_text(struct cpl_attempt *attempt, const char *staging, const char *path,
                            const struct cpl_buffer *text, struct cpl_staged *staged,
                            struct cpl_error *err)
{
    struct cpl_writer *writer = cpl_writer_open(attempt->storage, staging, path, err);
    bool ok = writer && cpl_writer_write(writer, text->data, text->size, err) &&
              cpl_writer_finish(writer, staged, err);
    cpl_writer_close(writer);
    return ok;
}

/* ---- further lanes, replays ---- */

bool cpl_attempt_lane(struct cpl_attempt *attempt, const struct cpl_lane_step *step,
                      struct cpl_error *err)
{
    uint64_t now = attempt->single_file ? step->from : cpl_log_lane(attempt->log, step->lane, NULL);
    if (now != step->from)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "lane %s of %s stands at %llu, not at %llu: that range has landed already",
                        step->lane, attempt->path, (unsigned long long)now,
                        (unsigned long long)step->from);
    if (!cpl_attempt_grow((void **)&attempt->lanes, &attempt->lanes_capacity, attempt->n_lanes,
                          sizeof *attempt->lanes, err))
        return false;
    struct cpl_lane_step copy = *step;
    copy.lane = keep(attempt, step->lane, err);
    if (!copy.lane)
        return false;
    attempt->lanes[attempt->n_lanes++] = copy;
    return true;
}

bool cpl_attempt_replays(struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    const struct cpl_log_file *file = attempt->log ? cpl_log_find(attempt->log, path) : NULL;
    if (!file || file->entry.role != CPL_FILE_REJECTS)
        return cpl_fail(err, CPL_E_NOT_FOUND, "%s is no reject file of %s", path, attempt->path);
    if (file->replayed_by)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "%s of %s was replayed by run %s already (record %llu)", path,
                        attempt->path, cpl_log_record(attempt->log, file->replayed_by)->run_id,
                        (unsigned long long)file->replayed_by);
    if (!cpl_attempt_grow((void **)&attempt->replayed, &attempt->replayed_capacity,
                          attempt->n_replayed, sizeof *attempt->replayed, err))
        return false;
    const char *copy = keep(attempt, path, err);
    if (copy)
        attempt->replayed[attempt->n_replayed++] = copy;
    return copy != NULL;
}

/* ---- closing ---- */

/* A first run that lands nothing leaves nothing, but what is another's: its staging is not empty, and its record makes
 * the folder again. */
static void drop_home(const struct cpl_attempt *attempt)
{
    static const char *const below[] = {"_cupel/staging", "_cupel/plans", "_cupel/log", "_cupel"};
    char path[CPL_LOG_PATH_MAX];
    bool tidy = true;
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        tidy = cpl_log_path(attempt->log, below[i], path, NULL) &&
               cpl_storage_remove_empty_dir(attempt->storage, path, NULL) && tidy;
    if (tidy && attempt->made_dataset)
        tidy = cpl_storage_remove_empty_dir(attempt->storage, attempt->path, NULL);
    (void)tidy;
}

void cpl_attempt_close(struct cpl_attempt *attempt)
{
    if (!attempt)
        return;
    if (attempt->single_file)
        cpl_single_close(attempt);
    else if (attempt->log && attempt->staging[0] && attempt->stage == ATTEMPT_OPEN &&
             !attempt->again) {
        bool removed = cpl_storage_remove_tree(attempt->storage, attempt->staging, NULL);
        char plan[CPL_LOG_PATH_MAX];
        if (attempt->plan[0] && cpl_log_path(attempt->log, attempt->plan, plan, NULL))
            removed = cpl_storage_remove(attempt->storage, plan, NULL) && removed;
        (void)removed; /* what stays is swept later */
        if (attempt->made_home && !cpl_log_head(attempt->log))
            drop_home(attempt);
    }
    for (size_t i = 0; i < attempt->n_files; i++)
        cpl_staged_release(&attempt->staged[i]);
    if (!attempt->again)
        cpl_log_free(attempt->log);
    cpl_free(attempt->files);
    cpl_free(attempt->staged);
    cpl_free(attempt->lanes);
    cpl_free(attempt->replayed);
    cpl_arena_release(&attempt->arena);
    cpl_free(attempt);
}

#include "run/retention.h"

#include "format/text.h"
#include "run/crash_point.h"
#include "run/name_index.h"
#include "run/recover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FILES_A_RECORD = 50000, MAX_ROUNDS = 1000 };
static const int64_t DAY_MS = 86400000;

struct retention {
    struct cpl_log *log;
    const char *name, *run_id;
    int32_t today, keep_days;
    int64_t now_ms;
    struct cpl_retention_report *report;
};

/* ---- which folders are due ---- */

static bool parse_date(const char *text, size_t length, int32_t *days)
{
    int number[3] = {0};
    static const int ends[3] = {4, 7, 10};
    if (length != 10)
        return false;
    for (int part = 0, i = 0; part < 3; part++, i++) {
        for (; i < ends[part]; i++) {
            if (text[i] < '0' || text[i] > '9')
                return false;
            number[part] = number[part] * 10 + (text[i] - '0');
        }
        if (part < 2 && text[i] != '-')
            return false;
    }
    if (number[0] < 1 || number[1] < 1 || number[1] > 12 || number[2] < 1 || number[2] > 31)
        return false;
    *days = cpl_days_from_civil(number[0], (unsigned)number[1], (unsigned)number[2]);
    int year;
    unsigned month, day;
    cpl_civil_from_days(*days, &year, &month, &day); /* 30 February comes back as another day */
    return year == number[0] && month == (unsigned)number[1] && day == (unsigned)number[2];
}

/* Length of the path of the dated folder that `path` lies in, when that is due; else 0. */
static size_t due_folder(const struct retention *r, const char *path)
{
    size_t name_length = strlen(r->name);
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, "/");
        int32_t date;
        if (!at[length])
            return 0; /* the file's own name */
        if (length > name_length && at[name_length] == '=' && !memcmp(at, r->name, name_length) &&
            parse_date(at + name_length + 1, length - name_length - 1, &date))
            return (int64_t)r->today - date > r->keep_days ? (size_t)(at - path) + length : 0;
        at += length + 1;
    }
    return 0;
}

/* ---- the record ---- */

static size_t collect_due(const struct retention *r, const char **paths, uint64_t *rows)
{
    size_t n = 0;
    *rows = 0;
    for (size_t i = 0; i < cpl_log_file_count(r->log) && n < MOST_FILES_A_RECORD; i++) {
        const struct cpl_log_file *file = cpl_log_file(r->log, i);
        if (file->entry.role != CPL_FILE_DATA || file->removed_by || file->lost_by ||
            !due_folder(r, file->entry.path))
            continue;
        paths[n++] = file->entry.path;
        *rows += file->entry.rows;
    }
    return n;
}

/* *more: there was something to remove, or somebody else was faster; look again. */
static bool remove_some(struct retention *r, const char **paths, bool *more, struct cpl_error *err)
{
    char nonce[33];
    enum cpl_commit_outcome outcome;
    uint64_t rows;
    size_t n = collect_due(r, paths, &rows);
    *more = n > 0;
    if (!n)
        return true;
    if (!cpl_log_nonce(nonce, err))
        return false;
    struct cpl_log_record record = {
        .kind = CPL_RECORD_REMOVE,
        .nonce = nonce,
        .run_id = r->run_id,
        .program = "cupel " CUPEL_VERSION,
        .now_ms = r->now_ms,
        .removed = paths,
        .n_removed = n,
    };
    if (!cpl_log_append(r->log, &record, &outcome, err))
        return false;
    if (outcome == CPL_COMMIT_DONE) {
        r->report->files += n;
        r->report->rows += rows;
    }
    return true;
}

static bool remove_due(struct retention *r, struct cpl_error *err)
{
    bool more = true;
    for (int round = 0; more && round < MAX_ROUNDS; round++) {
        size_t count = cpl_log_file_count(r->log);
        const char **paths = cpl_alloc(
            (count < MOST_FILES_A_RECORD ? count : MOST_FILES_A_RECORD) * sizeof *paths, err);
        bool ok = paths && remove_some(r, paths, &more, err);
        cpl_free(paths);
        if (!ok)
            return false;
    }
    return true;
}

/* ---- the folders ---- */

struct folders {
    struct cpl_name_index index; /* value 1: a dated folder itself; 0: one below it */
    struct cpl_arena arena;
};

static bool folders_add(struct folders *folders, const char *path, size_t length, size_t value,
                        struct cpl_error *err)
{
    char *name = cpl_arena_strndup(&folders->arena, path, length, err);
    if (!name || !cpl_name_index_reserve(&folders->index, 1, err))
        return false;
    if (!cpl_name_index_find(&folders->index, name))
        cpl_name_index_add(&folders->index, name, value);
    return true;
}

/* Also of files that an interrupted run removed: its empty folders are still to go. */
static bool collect_folders(const struct retention *r, struct folders *folders,
                            struct cpl_error *err)
{
    for (size_t i = 0; i < cpl_log_file_count(r->log); i++) {
        const char *path = cpl_log_file(r->log, i)->entry.path;
        size_t dated = due_folder(r, path);
        for (size_t length = strlen(path); dated && length >= dated; length--)
            if (path[length] == '/' && !folders_add(folders, path, length, length == dated, err))
                return false;
    }
    return true;
}

static int deepest_first(const void *a, const void *b)
{
    size_t x = strlen(*(const char *const *)a), y = strlen(*(const char *const *)b);
    return x < y ? 1 : x > y ? -1 : 0;
}

static bool remove_folder(struct retention *r, const char *name, bool dated, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    bool before, after;
    struct cpl_storage *storage = cpl_log_storage(r->log);
    if (!cpl_log_path(r->log, name, path, err) ||
        !cpl_storage_exists(storage, path, &before, err) ||
        !cpl_storage_remove_empty_dir(storage, path, err) ||
        !cpl_storage_exists(storage, path, &after, err))
        return false;
    r->report->folders += dated && before && !after;
    r->report->kept += dated && after;
    return true;
}

static bool remove_folders(struct retention *r, struct cpl_error *err)
{
    struct folders folders = {0};
    bool ok = collect_folders(r, &folders, err);
    const char **names = ok ? cpl_alloc(folders.index.n * sizeof *names, err) : NULL;
    size_t n = 0;
    ok = names != NULL;
    for (size_t i = 0; ok && i < folders.index.capacity; i++)
        if (folders.index.slots[i].name)
            names[n++] = folders.index.slots[i].name;
    if (n)
        qsort(names, n, sizeof *names, deepest_first);
    for (size_t i = 0; ok && i < n; i++)
        ok = remove_folder(r, names[i], *cpl_name_index_find(&folders.index, names[i]) == 1, err);
    cpl_free(names);
    cpl_name_index_release(&folders.index);
    cpl_arena_release(&folders.arena);
    return ok;
}

bool cpl_retention_apply(struct cpl_log *log, const char *name, int64_t keep_ms, int32_t today,
                         const char *run_id, int64_t now_ms, struct cpl_retention_report *report,
                         struct cpl_error *err)
{
    struct cpl_recover_report published;
    *report = (struct cpl_retention_report){0};
    if (keep_ms < DAY_MS || keep_ms % DAY_MS || keep_ms / DAY_MS > INT32_MAX)
        return cpl_fail(
            err, CPL_E_CONFIG,
            "`keep` must be a whole number of days, at least 1d: folders have a date and no "
            "time of day");
    struct retention r = {
        .log = log,
        .name = name,
        .run_id = run_id,
        .today = today,
        .keep_days = (int32_t)(keep_ms / DAY_MS),
        .now_ms = now_ms,
        .report = report,
    };
    if (!cpl_log_refresh(log, err) || !remove_due(&r, err))
        return false;
    cpl_crash_point("retention/recorded");
    return cpl_recover(log, NULL, now_ms, &published, err) && remove_folders(&r, err);
}

/* Sweeping: staging and plans that killed attempts left behind. Slow, never urgent, never in
 * recovery's way. */
#include "run/recover.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "run/name_index.h"

/* One attempt, as its files show it. */
struct leftover {
    char *path; /* directory or plan file */
    int64_t newest_ns;
};
struct leftovers {
    struct leftover *items;
    size_t n, capacity;
};

static void leftovers_release(struct leftovers *list)
{
    for (size_t i = 0; i < list->n; i++)
        cpl_free(list->items[i].path);
    cpl_free(list->items);
}

/* Listed paths come in name order, so that one attempt's files stand together. */
static bool leftovers_add(struct leftovers *list, const char *path, size_t length, int64_t mtime_ns,
                          struct cpl_error *err)
{
    struct leftover *last = list->n ? &list->items[list->n - 1] : NULL;
    if (last && strlen(last->path) == length && !memcmp(last->path, path, length)) {
        if (mtime_ns > last->newest_ns)
            last->newest_ns = mtime_ns;
        return true;
    }
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 16;
        struct leftover *items = cpl_realloc(list->items, capacity * sizeof *items, err);
        if (!items)
            return false;
        list->items = items;
        list->capacity = capacity;
    }
    char *copy = cpl_strndup(path, length, err);
    if (!copy)
        return false;
    list->items[list->n++] = (struct leftover){.path = copy, .newest_ns = mtime_ns};
    return true;
}

/* Children of `relative`, each with the time of its newest file. */
static bool collect(struct cpl_log *log, const char *relative, struct leftovers *list,
                    struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_object_list objects = {0};
    struct cpl_error why = {0};
    if (!cpl_log_path(log, relative, path, err))
        return false;
    if (!cpl_storage_list(cpl_log_storage(log), path, &objects, &why))
        return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    bool ok = true;
    size_t base = strlen(path) + 1;
    for (size_t i = 0; ok && i < objects.n; i++) {
        const char *entry = objects.items[i].path;
        size_t length = base + strcspn(entry + base, "/");
        ok = leftovers_add(list, entry, length, objects.items[i].mtime_ns, err);
    }
    cpl_object_list_release(&objects);
    return ok;
}

/* Attempts that records name: staging matters until they are done, plans for as long as the record.
 */
static bool collect_needed(struct cpl_log *log, bool only_open, struct cpl_name_index *needed,
                           struct cpl_error *err)
{
    if (!cpl_name_index_reserve(needed, cpl_log_head(log), err))
        return false;
    for (uint64_t seq = 1; seq <= cpl_log_head(log); seq++) {
        bool done = false;
        if (only_open && !cpl_log_is_done(log, seq, &done, err))
            return false;
        if (!done)
            cpl_name_index_add(needed, cpl_log_record(log, seq)->attempt, 0);
    }
    return true;
}

static bool is_needed(const struct cpl_name_index *needed, const char *path)
{
    char name[256];
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s", slash ? slash + 1 : path);
    char *suffix = strstr(name, ".json");
    if (suffix)
        *suffix = 0;
    return cpl_name_index_find(needed, name) != NULL;
}

static bool sweep_in(struct cpl_log *log, const char *relative, bool only_open, int64_t before_ns,
                     uint64_t *removed, struct cpl_error *err)
{
    struct leftovers list = {0};
    struct cpl_name_index needed = {0};
    /* First what is there, then what is needed: an attempt that commits in between is found. */
    bool ok = collect(log, relative, &list, err) && cpl_log_refresh(log, err) &&
              collect_needed(log, only_open, &needed, err);
    for (size_t i = 0; ok && i < list.n; i++) {
        if (list.items[i].newest_ns >= before_ns || is_needed(&needed, list.items[i].path))
            continue;
        ok = cpl_storage_remove_tree(cpl_log_storage(log), list.items[i].path, err);
        *removed += ok;
    }
    cpl_name_index_release(&needed);
    leftovers_release(&list);
    return ok;
}

bool cpl_sweep(struct cpl_log *log, int64_t age_s, uint64_t *removed, struct cpl_error *err)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t before_ns = ((int64_t)now.tv_sec - age_s) * 1000000000;
    *removed = 0;
    return sweep_in(log, "_cupel/staging", true, before_ns, removed, err) &&
           sweep_in(log, "_cupel/plans", false, before_ns, removed, err);
}

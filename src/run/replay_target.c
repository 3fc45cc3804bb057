#include "run/replay_target.h"

#include "run/log_record.h"
#include "run/single_settle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 12, PREFIX = 5 /* "xxh3:" */ };

struct checksums {
    char (*items)[CPL_HASH_TEXT];
    size_t n;
};

static bool add_listed(struct cpl_storage *storage, const struct cpl_object_list *list,
                       struct checksums *sums, struct cpl_error *err)
{
    void *grown = cpl_realloc(sums->items, (sums->n + list->n) * sizeof *sums->items, err);
    if (!grown)
        return false;
    sums->items = grown;
    for (size_t i = 0; i < list->n; i++) {
        uint64_t size;
        if (!cpl_storage_checksum(storage, list->items[i].path, &size, sums->items[sums->n], err))
            return false;
        sums->n++;
    }
    return true;
}

static bool collect(struct cpl_storage *storage, const struct cpl_strings *paths,
                    struct checksums *sums, struct cpl_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < paths->n; i++) {
        struct cpl_object_list list = {0};
        if (!strcmp(paths->items[i], "-"))
            continue;
        ok = cpl_storage_list(storage, paths->items[i], &list, err) &&
             (!list.n || add_listed(storage, &list, sums, err));
        cpl_object_list_release(&list);
    }
    return ok;
}

static int by_text(const void *a, const void *b)
{
    return memcmp(a, b, CPL_HASH_TEXT);
}

/* One hash for all of them, in whichever order and how often they are named. */
static bool name_rejects(struct cpl_storage *storage, const struct cpl_strings *paths,
                         char hash[CPL_HASH_TEXT], struct cpl_error *err)
{
    struct checksums sums = {0};
    bool ok = collect(storage, paths, &sums, err);
    size_t n = 0;
    if (ok && sums.n)
        qsort(sums.items, sums.n, sizeof *sums.items, by_text);
    for (size_t i = 0; ok && i < sums.n; i++)
        if (!i || strcmp(sums.items[i], sums.items[n - 1]) != 0)
            memmove(sums.items[n++], sums.items[i], sizeof *sums.items);
    if (ok)
        cpl_hash_text(n ? sums.items[0] : "", n * sizeof *sums.items, hash);
    cpl_free(sums.items);
    return ok;
}

const char *cpl_replay_extension(const char *path)
{
    static const char *const packed[] = {".gz", ".zst", ".bz2", ".xz", ".lz4"};
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *dot = strrchr(name, '.'), *end = name + strlen(name);
    if (!dot || dot == name)
        return end;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (!strcmp(dot, packed[i]))
            for (const char *at = dot - 1; at > name; at--)
                if (*at == '.')
                    return at;
    return dot;
}

/* Rows have landed in it, or were rejected on the way to it. */
static bool is_taken(struct cpl_storage *storage, const char *path, bool *taken,
                     struct cpl_error *err)
{
    bool found;
    char *rejects = cpl_format(err, "%s.rejects.parquet", path);
    bool ok = rejects && cpl_single_settle(storage, path, &found, err) &&
              cpl_storage_exists(storage, path, taken, err) &&
              (*taken || cpl_storage_exists(storage, rejects, taken, err));
    cpl_free(rejects);
    return ok;
}

bool cpl_replay_target(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                       struct cpl_arena *arena, const char **path, struct cpl_error *err)
{
    const char *file = pipeline->sink.path;
    char hash[CPL_HASH_TEXT];
    bool taken;
    *path = file;
    if (!is_taken(storage, file, &taken, err))
        return false;
    if (!taken)
        return true;
    if (!name_rejects(storage, &pipeline->source.paths, hash, err))
        return false;
    const char *extension = cpl_replay_extension(file);
    char *beside = cpl_format(err, "%.*s.replay-%.*s%s", (int)(extension - file), file, DIGITS,
                              hash + PREFIX, extension);
    bool ok = beside && (*path = cpl_arena_strndup(arena, beside, strlen(beside), err)) != NULL &&
              is_taken(storage, beside, &taken, err);
    cpl_free(beside);
    return ok && (!taken ||
                  cpl_fail(err, CPL_E_CONFLICT,
                           "these rejects were replayed before: their rows stand in %s", *path));
}

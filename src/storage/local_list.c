/* Listing: a path, a directory or a glob → the files it stands for.
 *
 * A path that exists literally is taken literally, whatever characters it has. A directory gives
 * everything below it but names that begin with `.` or `_`; such files that look like data are
 * counted, so that it can be told. A glob gives the files that it matches;
 * a directory that it matches is descended into only when the pattern ends in "/". `**` matches any
 * number of directories, none included.
 *
 * Symlinks are followed. A directory that is its own ancestor adds nothing but doubles and is left
 * out; what is left (trees of links that multiply) is bounded by MAX_ENTRIES, so that no tree can
 * hang us. A link that leads nowhere, or out of the approved roots, is an error: leaving it out
 * would lose data in silence. */
#include "storage/local.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { MAX_DEPTH = 128, MAX_ENTRIES = 20 << 20 };

struct ancestor {
    const struct ancestor *parent;
    dev_t device;
    ino_t inode;
    int depth;
};

struct listing {
    struct cpl_storage *storage;
    struct cpl_object_list *list;
    size_t capacity, entries;
};

static bool add_object(struct listing *listing, const char *path, const struct stat *status,
                       struct cpl_error *err)
{
    struct cpl_object_list *list = listing->list;
    if (list->n == listing->capacity) {
        size_t capacity = listing->capacity ? listing->capacity * 2 : 16;
        struct cpl_object_info *items = cpl_realloc(list->items, capacity * sizeof *items, err);
        if (!items)
            return false;
        list->items = items;
        listing->capacity = capacity;
    }
    struct cpl_object_info *item = &list->items[list->n];
    *item = (struct cpl_object_info){.path = cpl_strdup(path, err)};
    if (!item->path)
        return false;
    cpl_local_info(status, item);
    list->n++;
    return true;
}

/* ---- directories ---- */

struct names {
    char **items;
    size_t n, capacity;
};

static void names_release(struct names *names)
{
    cpl_glob_free(names->items, names->n);
}

static bool add_name(struct names *names, const char *name, struct cpl_error *err)
{
    if (names->n == names->capacity) {
        size_t capacity = names->capacity ? names->capacity * 2 : 32;
        char **items = cpl_realloc(names->items, capacity * sizeof *items, err);
        if (!items)
            return false;
        names->items = items;
        names->capacity = capacity;
    }
    names->items[names->n] = cpl_strdup(name, err);
    return names->items[names->n] && ++names->n;
}

static bool read_names(struct listing *listing, DIR *entries, const char *path, struct names *names,
                       struct cpl_error *err)
{
    errno = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL; errno = 0) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (++listing->entries > MAX_ENTRIES)
            return cpl_fail(err, CPL_E_LIMIT,
                            "more than %d files and directories; name a smaller part of them",
                            (int)MAX_ENTRIES);
        if (!add_name(names, entry->d_name, err))
            return false;
    }
    return !errno || cpl_fail_errno(err, errno, "cannot list directory %s", path);
}

/* Names in a directory, and what it is, for finding loops. */
static bool open_directory(struct listing *listing, const char *path, struct names *names,
                           struct stat *status, struct cpl_error *err)
{
    int fd = cpl_local_open(listing->storage, path[0] ? path : ".", O_RDONLY | O_DIRECTORY, err);
    if (fd < 0)
        return false;
    DIR *entries = fstat(fd, status) ? NULL : fdopendir(fd);
    if (!entries) {
        cpl_fail_errno(err, errno, "cannot list directory %s", path);
        close(fd);
        return false;
    }
    bool ok = read_names(listing, entries, path, names, err);
    closedir(entries);
    return ok;
}

enum presence { ABSENT, PRESENT, FAILED };

/* stat through symlinks; ABSENT also for what vanished meanwhile. */
static enum presence look(const char *path, struct stat *status, struct cpl_error *err)
{
    if (lstat(path, status)) {
        if (errno == ENOENT || errno == ENOTDIR)
            return ABSENT;
        cpl_fail_errno(err, errno, "cannot look at %s", path);
        return FAILED;
    }
    if (!S_ISLNK(status->st_mode) || !stat(path, status))
        return PRESENT;
    cpl_fail_errno(err, errno, "the symbolic link %s leads nowhere", path);
    return FAILED;
}

/* The same for what will be listed, which must be within the roots. (Directories on the way are
 * checked when opened.) */
static enum presence look_within(struct listing *listing, const char *path, struct stat *status,
                                 struct cpl_error *err)
{
    if (listing->storage->restricted) {
        char *resolved = cpl_storage_resolve(listing->storage, path, err);
        if (!resolved)
            return FAILED;
        cpl_free(resolved);
    }
    return look(path, status, err);
}

/* ---- everything below a directory ---- */

static bool is_loop(const struct ancestor *ancestor, const struct stat *status)
{
    for (; ancestor; ancestor = ancestor->parent)
        if (ancestor->device == status->st_dev && ancestor->inode == status->st_ino)
            return true;
    return false;
}

static bool list_below(struct listing *listing, const char *path, const struct ancestor *parent,
                       struct cpl_error *err);

static bool list_entry(struct listing *listing, const char *path, const struct ancestor *parent,
                       struct cpl_error *err)
{
    struct stat status;
    enum presence presence = look_within(listing, path, &status, err);
    if (presence != PRESENT)
        return presence == ABSENT;
    if (S_ISDIR(status.st_mode))
        return is_loop(parent, &status) || list_below(listing, path, parent, err);
    return !S_ISREG(status.st_mode) || add_object(listing, path, &status, err);
}

static bool ends_with(const char *name, size_t length, const char *ending)
{
    size_t n = strlen(ending);
    return length > n && !strncasecmp(name + length - n, ending, n);
}

/* By its ending, that of a compression aside. What macOS puts beside a file ("._a.csv") doesn't. */
static bool looks_like_data(const char *name)
{
    static const char *const packed[] = {".gz", ".zst", ".bz2", ".xz", ".lz4"};
    static const char *const data[] = {".csv",  ".tsv",    ".psv",  ".txt",
                                       ".json", ".ndjson", ".jsonl"};
    size_t length = strlen(name);
    if (!strncmp(name, "._", 2))
        return false;
    for (size_t i = 0; i < sizeof packed / sizeof *packed; i++)
        if (ends_with(name, length, packed[i])) {
            length -= strlen(packed[i]);
            break;
        }
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        if (ends_with(name, length, data[i]))
            return true;
    return false;
}

/* Keeps the path (takes it) when it is the first in order. */
static void note_file(struct listing *listing, char **path)
{
    struct cpl_object_list *list = listing->list;
    list->left_out++;
    if (!list->left_out_path || strcmp(*path, list->left_out_path) < 0) {
        char *other = list->left_out_path;
        list->left_out_path = *path;
        *path = other;
    }
}

static bool note_left_out(struct listing *listing, const char *directory, const char *name,
                          const struct ancestor *parent, struct cpl_error *err);

static bool note_below(struct listing *listing, const char *path, const struct ancestor *parent,
                       struct cpl_error *err)
{
    struct names names = {0};
    struct stat status;
    if (parent->depth >= MAX_DEPTH || access(path, R_OK | X_OK))
        return true;
    bool ok = open_directory(listing, path, &names, &status, err);
    struct ancestor here = {.parent = parent,
                            .device = status.st_dev,
                            .inode = status.st_ino,
                            .depth = parent->depth + 1};
    for (size_t i = 0; ok && !is_loop(parent, &status) && i < names.n; i++)
        ok = note_left_out(listing, path, names.items[i], &here, err);
    names_release(&names);
    return ok;
}

/* Something whose name, or a directory's above it, begins with `_`: what looks like data is counted, so that somebody
 * may say so. A dataset's own directory and what other programs hide are not meant to be read. */
static bool note_left_out(struct listing *listing, const char *directory, const char *name,
                          const struct ancestor *parent, struct cpl_error *err)
{
    struct stat status;
    if (!strcmp(name, "_cupel"))
        return true;
    char *path = cpl_path_join(directory, name, err);
    bool ok = path != NULL, there = ok && !stat(path, &status);
    if (there && S_ISREG(status.st_mode) && looks_like_data(name))
        note_file(listing, &path);
    else if (there && S_ISDIR(status.st_mode) && name[0] != '.')
        ok = note_below(listing, path, parent, err);
    cpl_free(path);
    return ok;
}

static bool list_below(struct listing *listing, const char *path, const struct ancestor *parent,
                       struct cpl_error *err)
{
    struct names names = {0};
    struct stat status;
    if (parent && parent->depth >= MAX_DEPTH)
        return cpl_fail(err, CPL_E_LIMIT, "%s lies deeper than %d directories", path,
                        (int)MAX_DEPTH);
    bool ok = open_directory(listing, path, &names, &status, err);
    struct ancestor here = {.parent = parent,
                            .device = status.st_dev,
                            .inode = status.st_ino,
                            .depth = parent ? parent->depth + 1 : 1};
    for (size_t i = 0; ok && i < names.n; i++) {
        if (names.items[i][0] == '.' || names.items[i][0] == '_') {
            ok = note_left_out(listing, path, names.items[i], &here, err);
            continue;
        }
        char *entry = cpl_path_join(path, names.items[i], err);
        ok = entry && list_entry(listing, entry, &here, err);
        cpl_free(entry);
    }
    names_release(&names);
    return ok;
}

/* ---- globs ---- */

static bool expand(struct listing *listing, const char *base, const char *pattern,
                   const struct ancestor *parent, struct cpl_error *err);

/* What a whole pattern led to. `inside`: the pattern ended in "/". */
static bool arrive(struct listing *listing, const char *path, bool inside, struct cpl_error *err)
{
    struct stat status;
    enum presence presence = look_within(listing, path, &status, err);
    if (presence != PRESENT)
        return presence == ABSENT;
    if (S_ISDIR(status.st_mode))
        return !inside || list_below(listing, path, NULL, err);
    return inside || !S_ISREG(status.st_mode) || add_object(listing, path, &status, err);
}

/* Go on with the rest of the pattern at base/name, when that is what the rest needs. */
static bool go_on(struct listing *listing, const char *base, const char *name, const char *rest,
                  const struct ancestor *parent, struct cpl_error *err)
{
    char *path = cpl_path_join(base, name, err);
    bool ok = path != NULL;
    struct stat status;
    if (ok && (!rest || !rest[strspn(rest, "/")])) {
        ok = arrive(listing, path, rest != NULL, err);
    } else if (ok) {
        enum presence presence = look(path, &status, err);
        ok = presence == PRESENT && S_ISDIR(status.st_mode)
                 ? expand(listing, path, rest, parent, err)
                 : presence != FAILED;
    }
    cpl_free(path);
    return ok;
}

static bool expand_any_depth(struct listing *listing, const char *base, const char *whole,
                             const char *rest, const struct names *names,
                             const struct ancestor *here, struct cpl_error *err)
{
    const char *name_pattern = rest ? rest : "*"; /* a last `**` is every file below */
    if (!expand(listing, base, name_pattern, here, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < names->n; i++) {
        struct stat status;
        if (names->items[i][0] == '.')
            continue;
        char *path = cpl_path_join(base, names->items[i], err);
        if (path && names->items[i][0] == '_') {
            bool directory = !stat(path, &status) && S_ISDIR(status.st_mode);
            cpl_free(path);
            ok = !directory || note_left_out(listing, base, names->items[i], here, err);
            continue;
        }
        enum presence presence = path ? look(path, &status, err) : FAILED;
        ok = presence != FAILED;
        if (presence == PRESENT && S_ISDIR(status.st_mode) && !is_loop(here, &status))
            ok = expand(listing, path, whole, here, err);
        cpl_free(path);
    }
    return ok;
}

/* One component of the pattern, in the directory `base`. */
static bool expand_component(struct listing *listing, const char *base, const char *whole,
                             const char *component, const char *rest, const struct ancestor *parent,
                             struct cpl_error *err)
{
    struct names names = {0};
    struct stat status;
    if (parent && parent->depth >= MAX_DEPTH)
        return cpl_fail(err, CPL_E_LIMIT, "%s lies deeper than %d directories", base,
                        (int)MAX_DEPTH);
    bool ok = open_directory(listing, base, &names, &status, err);
    struct ancestor here = {.parent = parent,
                            .device = status.st_dev,
                            .inode = status.st_ino,
                            .depth = parent ? parent->depth + 1 : 1};
    if (ok && !strcmp(component, "**")) {
        ok = expand_any_depth(listing, base, whole, rest, &names, &here, err);
    } else {
        for (size_t i = 0; ok && i < names.n; i++)
            if (cpl_glob_match(component, names.items[i]))
                ok = go_on(listing, base, names.items[i], rest, parent, err);
    }
    names_release(&names);
    return ok;
}

static bool expand(struct listing *listing, const char *base, const char *pattern,
                   const struct ancestor *parent, struct cpl_error *err)
{
    pattern += strspn(pattern, "/");
    const char *slash = strchr(pattern, '/');
    const char *rest = slash;
    size_t length = slash ? (size_t)(slash - pattern) : strlen(pattern);
    char *component = cpl_strndup(pattern, length, err);
    if (!component)
        return false;
    bool ok = strpbrk(component, "*?[\\")
                  ? expand_component(listing, base, pattern, component, rest, parent, err)
                  : go_on(listing, base, component, rest, parent, err);
    cpl_free(component);
    return ok;
}

/* ---- the list ---- */

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct cpl_object_info *)a)->path,
                  ((const struct cpl_object_info *)b)->path);
}

static void sort_and_unite(struct cpl_object_list *list)
{
    if (list->n < 2)
        return;
    qsort(list->items, list->n, sizeof *list->items, by_path);
    size_t kept = 1;
    for (size_t i = 1; i < list->n; i++) {
        if (strcmp(list->items[i].path, list->items[kept - 1].path))
            list->items[kept++] = list->items[i];
        else
            cpl_free(list->items[i].path);
    }
    list->n = kept;
}

static bool list_globs(struct listing *listing, const char *pattern, struct cpl_error *err)
{
    char **texts;
    size_t n;
    if (!cpl_glob_braces(pattern, &texts, &n, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++)
        ok = expand(listing, texts[i][0] == '/' ? "/" : "", texts[i], NULL, err);
    cpl_glob_free(texts, n);
    return ok;
}

/* A path that stands as it is written. */
static bool list_literal(struct listing *listing, const char *path, const struct stat *status,
                         struct cpl_error *err)
{
    if (!S_ISDIR(status->st_mode))
        return add_object(listing, path, status, err);
    return list_below(listing, path, NULL, err);
}

bool cpl_storage_list(struct cpl_storage *storage, const char *pattern,
                      struct cpl_object_list *list, struct cpl_error *err)
{
    struct stat status;
    *list = (struct cpl_object_list){0};
    struct listing listing = {.storage = storage, .list = list};
    enum presence presence = look_within(&listing, pattern, &status, err);
    bool ok = presence != FAILED;
    if (presence == PRESENT)
        ok = list_literal(&listing, pattern, &status, err);
    else if (ok && cpl_glob_has_magic(pattern))
        ok = list_globs(&listing, pattern, err);
    if (ok && !list->n)
        ok = presence == PRESENT
                 ? cpl_fail(err, CPL_E_NOT_FOUND,
                            "directory %s has no files (names that begin with . or _ don't count)",
                            pattern)
                 : cpl_fail(err, CPL_E_NOT_FOUND, "no file matches %s", pattern);
    if (!ok) {
        cpl_object_list_release(list);
        return false;
    }
    sort_and_unite(list);
    return true;
}

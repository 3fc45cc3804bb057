/* Local files: opening a storage, looking, making and removing directories.
 *
 * Durability of new directories: make_dirs remembers which directory got a new entry, and
 * cpl_storage_sync_dir(p) syncs p and every such directory above it, each once. So a publisher of
 * 10,000 partitions pays one fsync a partition and one for their parent. */
#include "storage/local.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX_TREE_DEPTH = 200, MOST_RESTING = 4096 };

/* ---- opening ---- */

static bool add_roots(struct cpl_storage *storage, const struct cpl_storage_limits *limits,
                      struct cpl_error *err)
{
    storage->roots = cpl_alloc_zero(limits->n_allowed, sizeof *storage->roots, err);
    if (!storage->roots)
        return false;
    for (size_t i = 0; i < limits->n_allowed; i++) {
        storage->roots[i] = cpl_storage_resolve(storage, limits->allowed_paths[i], err);
        if (!storage->roots[i])
            return cpl_fail_context(err, "limits.allowed_paths");
        storage->n_roots = i + 1;
    }
    storage->restricted = true;
    return true;
}

/* A quarter of what the process may open: files that are written and other storages need theirs. */
static unsigned most_resting(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur / 4 > MOST_RESTING)
        return MOST_RESTING;
    return (unsigned)(files.rlim_cur / 4);
}

struct cpl_storage *cpl_storage_local(const struct cpl_storage_limits *limits,
                                      struct cpl_error *err)
{
    struct cpl_storage *storage = cpl_alloc_zero(1, sizeof *storage, err);
    if (!storage)
        return NULL;
    pthread_mutex_init(&storage->lock, NULL);
    storage->most_resting = most_resting();
    if (limits && limits->allowed_paths && !add_roots(storage, limits, err)) {
        cpl_storage_free(storage);
        return NULL;
    }
    return storage;
}

void cpl_storage_free(struct cpl_storage *storage)
{
    if (!storage)
        return;
    for (size_t i = 0; i < storage->n_roots; i++)
        cpl_free(storage->roots[i]);
    for (size_t i = 0; i < storage->n_unsynced; i++)
        cpl_free(storage->unsynced[i]);
    cpl_free(storage->roots);
    cpl_free(storage->unsynced);
    pthread_mutex_destroy(&storage->lock);
    cpl_free(storage);
}

/* ---- looking ---- */

void cpl_local_info(const struct stat *status, struct cpl_object_info *info)
{
    info->size = (uint64_t)status->st_size;
    info->mtime_ns = (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    info->device = status->st_dev;
    info->inode = status->st_ino;
    snprintf(info->etag, sizeof info->etag, "%llu-%lld-%llu", (unsigned long long)info->size,
             (long long)info->mtime_ns, (unsigned long long)status->st_ino);
}

static bool stat_path(struct cpl_storage *storage, const char *path, struct stat *status,
                      struct cpl_error *err)
{
    if (!storage->restricted)
        return !stat(path, status) || cpl_fail_errno(err, errno, "cannot look at %s", path);
    int fd = cpl_local_open(storage, path, O_PATH, err);
    if (fd < 0)
        return false;
    bool ok = !fstat(fd, status) || cpl_fail_errno(err, errno, "cannot look at %s", path);
    close(fd);
    return ok;
}

bool cpl_storage_stat(struct cpl_storage *storage, const char *path, struct cpl_object_info *info,
                      struct cpl_error *err)
{
    struct stat status;
    *info = (struct cpl_object_info){0};
    if (!stat_path(storage, path, &status, err))
        return false;
    info->path = cpl_strdup(path, err);
    if (!info->path)
        return false;
    cpl_local_info(&status, info);
    return true;
}

bool cpl_storage_exists(struct cpl_storage *storage, const char *path, bool *exists,
                        struct cpl_error *err)
{
    struct stat status;
    struct cpl_error why = {0};
    *exists = stat_path(storage, path, &status, &why);
    if (*exists || why.code == CPL_E_NOT_FOUND)
        return true;
    if (err)
        *err = why;
    return false;
}

static enum cpl_place_kind kind_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return CPL_PLACE_FILE;
    case S_IFDIR:
        return CPL_PLACE_DIRECTORY;
    case S_IFLNK:
        return CPL_PLACE_LINK;
    case S_IFIFO:
        return CPL_PLACE_FIFO;
    case S_IFSOCK:
        return CPL_PLACE_SOCKET;
    default:
        return CPL_PLACE_DEVICE;
    }
}

bool cpl_storage_kind(struct cpl_storage *storage, const char *path, enum cpl_place_kind *kind,
                      struct cpl_error *err)
{
    struct cpl_place place;
    struct stat status;
    struct cpl_error why = {0};
    *kind = CPL_PLACE_FREE;
    if (!cpl_place_open(storage, path, &place, &why))
        return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    bool ok = true;
    if (!fstatat(place.dir, place.name, &status, AT_SYMLINK_NOFOLLOW))
        *kind = kind_of(status.st_mode);
    else if (errno != ENOENT && errno != ENOTDIR)
        ok = cpl_fail_errno(err, errno, "cannot look at %s", path);
    cpl_place_close(&place);
    return ok;
}

bool cpl_storage_identify(struct cpl_storage *storage, const char *path,
                          struct cpl_file_identity *identity, struct cpl_error *err)
{
    struct stat status;
    struct cpl_error why = {0};
    *identity = (struct cpl_file_identity){.there = false};
    if (!stat_path(storage, path, &status, &why))
        return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    *identity = (struct cpl_file_identity){
        .there = true, .device = status.st_dev, .inode = status.st_ino};
    return true;
}

void cpl_object_list_release(struct cpl_object_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        cpl_free(list->items[i].path);
    cpl_free(list->items);
    cpl_free(list->left_out_path);
    cpl_free(list->double_path);
    cpl_free(list->double_of);
    *list = (struct cpl_object_list){0};
}

/* ---- directories ---- */

static bool note_unsynced(struct cpl_storage *storage, const char *directory, struct cpl_error *err)
{
    bool ok = true;
    pthread_mutex_lock(&storage->lock);
    for (size_t i = 0; i < storage->n_unsynced; i++)
        if (!strcmp(storage->unsynced[i], directory))
            goto out;
    if (storage->n_unsynced == storage->unsynced_capacity) {
        size_t capacity = storage->unsynced_capacity ? storage->unsynced_capacity * 2 : 16;
        char **more = cpl_realloc(storage->unsynced, capacity * sizeof *more, err);
        ok = more != NULL;
        if (!ok)
            goto out;
        storage->unsynced = more;
        storage->unsynced_capacity = capacity;
    }
    char *copy = cpl_strdup(directory, err);
    ok = copy != NULL;
    if (ok)
        storage->unsynced[storage->n_unsynced++] = copy;
out:
    pthread_mutex_unlock(&storage->lock);
    return ok;
}

static bool make_one(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    struct cpl_place place;
    char *parent = cpl_path_parent(path, err);
    bool ok = parent && note_unsynced(storage, parent, err) &&
              cpl_place_open(storage, path, &place, err);
    cpl_free(parent);
    if (!ok)
        return false;
    if (cpl_call_mkdir(place.dir, place.name, 0777) < 0 && errno != EEXIST)
        ok = cpl_fail_errno(err, errno, "cannot make directory %s", path);
    cpl_place_close(&place);
    return ok;
}

static bool is_directory(const char *path)
{
    struct stat status;
    return !stat(path, &status) && S_ISDIR(status.st_mode);
}

bool cpl_storage_make_dirs(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    char *resolved = cpl_storage_resolve(storage, path, err);
    bool ok = resolved != NULL;
    for (char *end = resolved; ok && end && !is_directory(resolved);) {
        end = strchr(end + 1, '/');
        if (end)
            *end = 0;
        if (!is_directory(resolved))
            ok = make_one(storage, resolved, err);
        if (end)
            *end = '/';
    }
    if (ok && !is_directory(resolved))
        ok = cpl_fail(err, CPL_E_IO, "%s is not a directory", path);
    cpl_free(resolved);
    return ok;
}

static bool sync_one(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    int fd = cpl_local_open(storage, path, O_RDONLY | O_DIRECTORY, err);
    if (fd < 0)
        return false;
    bool ok = cpl_call_fsync(fd) == 0 ||
              cpl_fail_errno(err, errno, "cannot sync directory %s", path);
    close(fd);
    return ok;
}

/* Take one noted directory that is `path` or above it; NULL when there is none. */
static char *take_unsynced(struct cpl_storage *storage, const char *path)
{
    char *found = NULL;
    pthread_mutex_lock(&storage->lock);
    for (size_t i = 0; !found && i < storage->n_unsynced; i++) {
        size_t length = strlen(storage->unsynced[i]);
        bool above = !strncmp(storage->unsynced[i], path, length) &&
                     (length == 1 || path[length] == '/' || !path[length]);
        if (above) {
            found = storage->unsynced[i];
            storage->unsynced[i] = storage->unsynced[--storage->n_unsynced];
        }
    }
    pthread_mutex_unlock(&storage->lock);
    return found;
}

static bool sync_noted(struct cpl_storage *storage, const char *resolved, struct cpl_error *err)
{
    bool ok = true;
    for (char *noted; ok && (noted = take_unsynced(storage, resolved)) != NULL; cpl_free(noted)) {
        ok = sync_one(storage, noted, err);
        if (!ok && !note_unsynced(storage, noted, NULL))
            cpl_fail_context(err, "and memory ran out");
    }
    return ok;
}

bool cpl_storage_sync_dir(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    char *resolved = cpl_storage_resolve(storage, path, err);
    bool ok = resolved && sync_one(storage, resolved, err) && sync_noted(storage, resolved, err);
    cpl_free(resolved);
    return ok;
}

/* ---- removing ---- */

bool cpl_storage_remove(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    struct cpl_place place;
    struct cpl_error why = {0};
    if (!cpl_place_open(storage, path, &place, &why)) {
        if (why.code == CPL_E_NOT_FOUND)
            return true;
        if (err)
            *err = why;
        return false;
    }
    bool ok = !unlinkat(place.dir, place.name, 0) || errno == ENOENT || errno == ENOTDIR;
    if (!ok)
        cpl_fail_errno(err, errno, "cannot remove %s", path);
    cpl_place_close(&place);
    return ok;
}

bool cpl_storage_remove_empty_dir(struct cpl_storage *storage, const char *path,
                                  struct cpl_error *err)
{
    struct cpl_place place;
    struct cpl_error why = {0};
    if (!cpl_place_open(storage, path, &place, &why)) {
        if (why.code != CPL_E_NOT_FOUND && err)
            *err = why;
        return why.code == CPL_E_NOT_FOUND;
    }
    bool ok = !unlinkat(place.dir, place.name, AT_REMOVEDIR) || errno == ENOENT ||
              errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
    if (!ok)
        cpl_fail_errno(err, errno, "cannot remove directory %s", path);
    cpl_place_close(&place);
    return ok;
}

static bool remove_in(int dir, const char *name, int depth, struct cpl_error *err);

static bool empty_directory(int dir, const char *name, int depth, struct cpl_error *err)
{
    int fd = cpl_call_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    DIR *entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries) {
        int errnum = errno;
        if (fd >= 0)
            close(fd);
        return errnum == ENOENT || cpl_fail_errno(err, errnum, "cannot open directory %s", name);
    }
    bool ok = true;
    errno = 0;
    for (struct dirent *entry; ok && (entry = readdir(entries)) != NULL; errno = 0)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            ok = remove_in(fd, entry->d_name, depth + 1, err);
    if (ok && errno)
        ok = cpl_fail_errno(err, errno, "cannot list directory %s", name);
    closedir(entries);
    return ok;
}

static bool remove_in(int dir, const char *name, int depth, struct cpl_error *err)
{
    if (depth > MAX_TREE_DEPTH)
        return cpl_fail(err, CPL_E_LIMIT, "%s lies deeper than %d directories", name,
                        (int)MAX_TREE_DEPTH);
    if (!unlinkat(dir, name, 0) || errno == ENOENT || errno == ENOTDIR)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return cpl_fail_errno(err, errno, "cannot remove %s", name);
    if (!empty_directory(dir, name, depth, err))
        return false;
    return !unlinkat(dir, name, AT_REMOVEDIR) || errno == ENOENT ||
           cpl_fail_errno(err, errno, "cannot remove directory %s", name);
}

bool cpl_storage_remove_tree(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    struct cpl_place place;
    struct cpl_error why = {0};
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *trimmed = cpl_strndup(path, length, err);
    if (!trimmed)
        return false;
    bool ok = cpl_place_open(storage, trimmed, &place, &why);
    if (ok) {
        ok = remove_in(place.dir, place.name, 0, &why) || cpl_fail_in(&why, path);
        cpl_place_close(&place);
    } else if (why.code == CPL_E_NOT_FOUND && strcmp(trimmed, "/")) {
        ok = true;
    }
    if (!ok && err)
        *err = why;
    cpl_free(trimmed);
    return ok;
}

/* Paths: resolving, approved roots, and the places that calls work on.
 *
 * cpl_storage_resolve walks the components as the kernel would: symlinks are read (at most 40),
 * ".." goes up from where the symlink led. What doesn't exist yet is kept as written, so that a
 * path to be created can be checked too, and a dangling symlink counts as what it points to. */
#include "storage/local.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { MAX_LINKS = 40, MAX_PATH = 16384 };

struct walk {
    struct cpl_buffer done; /* "/a/b", no trailing slash; empty = "/" */
    struct cpl_buffer rest; /* what is still to be walked */
    size_t at;              /* in rest */
    int links;
};

static bool start(struct walk *walk, const char *path, struct cpl_error *err)
{
    walk->done.max = walk->rest.max = MAX_PATH;
    if (path[0] != '/') {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here))
            return cpl_fail_errno(err, errno, "cannot find out the current directory");
        if (!cpl_buffer_append_text(&walk->rest, here, err) ||
            !cpl_buffer_append_text(&walk->rest, "/", err))
            return false;
    }
    return cpl_buffer_append_text(&walk->rest, path, err);
}

/* Replace what is still to be walked by a symlink's target and the old rest. */
static bool follow(struct walk *walk, const char *path, const char *target, struct cpl_error *err)
{
    if (++walk->links > MAX_LINKS)
        return cpl_fail(err, CPL_E_NOT_FOUND,
                        "%s leads through more than %d symbolic links: is there a loop?", path,
                        (int)MAX_LINKS);
    struct cpl_buffer next = {.max = MAX_PATH};
    bool ok = cpl_buffer_append_text(&next, target, err) &&
              cpl_buffer_append_text(&next, "/", err) &&
              cpl_buffer_append(&next, walk->rest.data + walk->at, walk->rest.size - walk->at, err);
    if (!ok) {
        cpl_buffer_release(&next);
        return false;
    }
    cpl_buffer_release(&walk->rest);
    walk->rest = next;
    walk->at = 0;
    if (target[0] == '/')
        walk->done.size = 0;
    return true;
}

static void go_up(struct walk *walk)
{
    while (walk->done.size && walk->done.data[--walk->done.size] != '/')
        ;
}

/* One component that is not "", "." or "..". */
static bool enter(struct walk *walk, const char *path, const char *name, size_t length,
                  struct cpl_error *err)
{
    size_t before = walk->done.size;
    if (!cpl_buffer_append_text(&walk->done, "/", err) ||
        !cpl_buffer_append(&walk->done, name, length, err))
        return false;
    const char *so_far = cpl_buffer_text(&walk->done, err);
    if (!so_far)
        return false;
    char target[PATH_MAX];
    ssize_t size = readlink(so_far, target, sizeof target - 1);
    if (size >= 0) {
        target[size] = 0;
        walk->done.size = before;
        return follow(walk, path, target, err);
    }
    if (errno == EINVAL || errno == ENOENT || errno == ENOTDIR)
        return true; /* not a link, or not there (yet) */
    return cpl_fail_errno(err, errno, "cannot resolve %s at %s", path, so_far);
}

static bool step(struct walk *walk, const char *path, struct cpl_error *err)
{
    char name[NAME_MAX + 2];
    const char *text = (const char *)walk->rest.data + walk->at;
    size_t left = walk->rest.size - walk->at;
    const char *slash = memchr(text, '/', left);
    size_t length = slash ? (size_t)(slash - text) : left;
    if (length > NAME_MAX)
        return cpl_fail(err, CPL_E_NOT_FOUND, "a name in %.200s… is longer than %d bytes", path,
                        NAME_MAX);
    memcpy(name, text, length);
    name[length] = 0;
    walk->at += length + (slash != NULL);
    if (!length || !strcmp(name, "."))
        return true;
    if (!strcmp(name, "..")) {
        go_up(walk);
        return true;
    }
    return enter(walk, path, name, length, err);
}

static char *resolve(const char *path, struct cpl_error *err)
{
    struct walk walk = {0};
    char *result = NULL;
    if (!path[0]) {
        cpl_fail(err, CPL_E_NOT_FOUND, "the path is empty");
        return NULL;
    }
    bool ok = start(&walk, path, err);
    while (ok && walk.at < walk.rest.size)
        ok = step(&walk, path, err);
    if (ok)
        result = walk.done.size ? cpl_strndup((const char *)walk.done.data, walk.done.size, err)
                                : cpl_strdup("/", err);
    cpl_buffer_release(&walk.done);
    cpl_buffer_release(&walk.rest);
    return result;
}

static bool within(const char *root, const char *path)
{
    size_t length = strlen(root);
    if (length == 1)
        return true; /* "/" */
    return !strncmp(root, path, length) && (path[length] == '/' || !path[length]);
}

static bool approved(const struct cpl_storage *storage, const char *resolved)
{
    if (!storage->restricted)
        return true;
    for (size_t i = 0; i < storage->n_roots; i++)
        if (within(storage->roots[i], resolved))
            return true;
    return false;
}

char *cpl_storage_resolve(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    char *resolved = resolve(path, err);
    if (!resolved || approved(storage, resolved))
        return resolved;
    if (!strcmp(resolved, path))
        cpl_fail(err, CPL_E_PERMISSION,
                 "%s is outside the approved roots; add its directory to limits.allowed_paths",
                 path);
    else
        cpl_fail(err, CPL_E_PERMISSION,
                 "%s leads to %s, outside the approved roots; add that directory to "
                 "limits.allowed_paths",
                 path, resolved);
    cpl_free(resolved);
    return NULL;
}

/* ---- places ---- */

char *cpl_path_parent(const char *path, struct cpl_error *err)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    while (end && path[end - 1] != '/')
        end--;
    if (!end)
        return cpl_strdup(".", err);
    while (end > 1 && path[end - 1] == '/')
        end--;
    return cpl_strndup(path, end, err);
}

const char *cpl_path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *cpl_path_join(const char *directory, const char *name, struct cpl_error *err)
{
    size_t length = strlen(directory);
    bool slash = length && directory[length - 1] == '/';
    return cpl_format(err, "%s%s%s", directory, slash || !length ? "" : "/", name);
}

bool cpl_path_nonce(char nonce[17], struct cpl_error *err)
{
    uint64_t bits = 0;
    ssize_t got;
    do
        got = getrandom(&bits, sizeof bits, 0);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof bits)
        return cpl_fail_errno(err, errno, "cannot get random bytes for a temporary name");
    snprintf(nonce, 17, "%016llx", (unsigned long long)bits);
    return true;
}

bool cpl_place_open(struct cpl_storage *storage, const char *path, struct cpl_place *place,
                    struct cpl_error *err)
{
    const char *name = cpl_path_name(path);
    *place = (struct cpl_place){.dir = AT_FDCWD};
    if (!name[0] || !strcmp(name, ".") || !strcmp(name, ".."))
        return cpl_fail(err, CPL_E_NOT_FOUND, "%s does not name a file", path);
    place->name = cpl_strdup(storage->restricted ? name : path, err);
    if (!place->name)
        return false;
    if (!storage->restricted)
        return true;
    char *parent = cpl_path_parent(path, err);
    char *resolved = parent ? cpl_storage_resolve(storage, parent, err) : NULL;
    if (resolved) {
        place->dir = cpl_call_open_beneath(AT_FDCWD, resolved, O_PATH | O_DIRECTORY, 0);
        if (place->dir < 0)
            cpl_fail_errno(err, errno, "cannot open directory %s", resolved);
    }
    bool ok = resolved && place->dir >= 0;
    cpl_free(parent);
    cpl_free(resolved);
    if (!ok)
        cpl_place_close(place);
    return ok;
}

void cpl_place_close(struct cpl_place *place)
{
    if (place->dir >= 0)
        close(place->dir);
    cpl_free(place->name);
    *place = (struct cpl_place){.dir = AT_FDCWD};
}

int cpl_local_open(struct cpl_storage *storage, const char *path, int flags, struct cpl_error *err)
{
    int fd;
    if (storage->restricted) {
        char *resolved = cpl_storage_resolve(storage, path, err);
        if (!resolved)
            return -1;
        fd = cpl_call_open_beneath(AT_FDCWD, resolved, flags, 0);
        int errnum = errno;
        cpl_free(resolved);
        errno = errnum;
    } else {
        fd = cpl_call_open(AT_FDCWD, path, flags, 0);
    }
    if (fd < 0 && storage->restricted && errno == ELOOP)
        cpl_fail(err, CPL_E_PERMISSION,
                 "%s became a symbolic link while it was opened: refused, because of "
                 "limits.allowed_paths",
                 path);
    else if (fd < 0)
        cpl_fail_errno(err, errno, "cannot open %s", path);
    return fd;
}

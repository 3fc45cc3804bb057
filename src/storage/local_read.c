/* Reading: ranged reads of a regular file.
 *
 * The size is taken once, at opening: what is appended later belongs to a later run, and a file
 * that shrinks under us is seen by the object stream. The file is opened without blocking, so that
 * a FIFO can't hang us.
 *
 * A run of 90,000 inputs may not hold 90,000 descriptors. A reader is held by whoever opened it and
 * by every stream over it; one that nobody holds rests. The first few that rest stay open (a run of
 * few files opens each once), the others are closed and opened again when they are needed: then
 * they must be the same file still, unchanged, by device, inode, size and time of change. */
#include "base/plural.h"
#include "storage/local.h"

#include <errno.h>
#include <unistd.h>

struct cpl_reader {
    struct cpl_storage *storage;
    char *path;
    uint64_t size;
    struct stat status;   /* at the first opening */
    pthread_mutex_t lock; /* guards what follows */
    int fd;               /* -1: rests, closed */
    unsigned holders;
    bool stays; /* counted in storage->resting */
};

static bool check_regular(int fd, const char *path, struct stat *status, struct cpl_error *err)
{
    if (fstat(fd, status) < 0)
        return cpl_fail_errno(err, errno, "cannot look at %s", path);
    if (S_ISDIR(status->st_mode))
        return cpl_fail(err, CPL_E_IO, "%s is a directory, not a file", path);
    if (!S_ISREG(status->st_mode))
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s is not a regular file; give it as standard input: … - < %s", path,
                        path);
    return true;
}

static bool open_file(struct cpl_reader *reader, struct stat *status, struct cpl_error *err)
{
    reader->fd = cpl_local_open(reader->storage, reader->path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
                                err);
    return reader->fd >= 0 && check_regular(reader->fd, reader->path, status, err);
}

static void close_file(struct cpl_reader *reader)
{
    if (reader->fd >= 0)
        close(reader->fd);
    reader->fd = -1;
}

struct cpl_reader *cpl_reader_open(struct cpl_storage *storage, const char *path,
                                   struct cpl_error *err)
{
    struct cpl_reader *reader = cpl_alloc_zero(1, sizeof *reader, err);
    if (!reader)
        return NULL;
    pthread_mutex_init(&reader->lock, NULL);
    reader->storage = storage;
    reader->fd = -1;
    reader->holders = 1;
    reader->path = cpl_strdup(path, err);
    if (!reader->path || !open_file(reader, &reader->status, err)) {
        cpl_reader_close(reader);
        return NULL;
    }
    reader->size = (uint64_t)reader->status.st_size;
    return reader;
}

void cpl_reader_close(struct cpl_reader *reader)
{
    if (!reader)
        return;
    if (reader->stays)
        atomic_fetch_sub(&reader->storage->resting, 1);
    close_file(reader);
    pthread_mutex_destroy(&reader->lock);
    cpl_free(reader->path);
    cpl_free(reader);
}

/* ---- resting ---- */

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool open_again(struct cpl_reader *reader, struct cpl_error *err)
{
    struct stat status;
    if (open_file(reader, &status, err) &&
        (is_same_file(&reader->status, &status) ||
         cpl_fail(err, CPL_E_DATA, "%s was changed or replaced while the run went on; run again",
                  reader->path)))
        return true;
    close_file(reader);
    return false;
}

bool cpl_reader_hold(struct cpl_reader *reader, struct cpl_error *err)
{
    pthread_mutex_lock(&reader->lock);
    bool ok = reader->fd >= 0 || open_again(reader, err);
    reader->holders += ok;
    pthread_mutex_unlock(&reader->lock);
    return ok;
}

static bool may_stay(struct cpl_storage *storage)
{
    if (atomic_fetch_add(&storage->resting, 1) < storage->most_resting)
        return true;
    atomic_fetch_sub(&storage->resting, 1);
    return false;
}

void cpl_reader_rest(struct cpl_reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    if (--reader->holders == 0 && !reader->stays && !(reader->stays = may_stay(reader->storage)))
        close_file(reader);
    pthread_mutex_unlock(&reader->lock);
}

uint64_t cpl_reader_size(const struct cpl_reader *reader)
{
    return reader->size;
}

static bool read_at(struct cpl_reader *reader, uint64_t offset, void *data, size_t size,
                    size_t *got, struct cpl_error *err)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = cpl_call_pread(reader->fd, (char *)data + done, size - done,
                                   (off_t)(offset + done));
        if (n < 0)
            return cpl_fail_errno(err, errno, "cannot read %s at byte %llu", reader->path,
                                  (unsigned long long)(offset + done));
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return true;
}

bool cpl_reader_at(struct cpl_reader *reader, uint64_t offset, void *data, size_t size, size_t *got,
                   struct cpl_error *err)
{
    *got = 0;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return cpl_fail(err, CPL_E_INTERNAL, "offset %llu is beyond any file",
                        (unsigned long long)offset);
    if (!cpl_reader_hold(reader, err))
        return false;
    bool ok = read_at(reader, offset, data, size, got, err);
    cpl_reader_rest(reader);
    return ok;
}

bool cpl_storage_read_all(struct cpl_storage *storage, const char *path, size_t max,
                          struct cpl_buffer *out, struct cpl_error *err)
{
    size_t got = 0;
    struct cpl_reader *reader = cpl_reader_open(storage, path, err);
    if (!reader)
        return false;
    bool ok = reader->size <= max ||
              cpl_fail(err, CPL_E_LIMIT, "%s has %s; at most %zu are read here", path,
                       CPL_COUNTED(reader->size, "byte"), max);
    ok = ok && cpl_buffer_reserve(out, (size_t)reader->size, err) &&
         cpl_reader_at(reader, 0, out->data + out->size, (size_t)reader->size, &got, err);
    if (ok)
        out->size += got;
    cpl_reader_close(reader);
    return ok;
}

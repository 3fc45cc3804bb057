/* Reading: ranged reads of a regular file.
 *
 * The size is taken once, at opening: what is appended later belongs to a later run, and a file
 * that shrinks under us is seen by the object stream. The file is opened without blocking, so that
 * a FIFO can't hang us. */
#include "base/plural.h"
#include "storage/local.h"

#include <errno.h>
#include <unistd.h>

struct cpl_reader {
    int fd;
    uint64_t size;
    char *path;
};

static bool check_regular(int fd, const char *path, uint64_t *size, struct cpl_error *err)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return cpl_fail_errno(err, errno, "cannot look at %s", path);
    if (S_ISDIR(status.st_mode))
        return cpl_fail(err, CPL_E_IO, "%s is a directory, not a file", path);
    if (!S_ISREG(status.st_mode))
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s is not a regular file; give it as standard input: … - < %s", path,
                        path);
    *size = (uint64_t)status.st_size;
    return true;
}

struct cpl_reader *cpl_reader_open(struct cpl_storage *storage, const char *path,
                                   struct cpl_error *err)
{
    struct cpl_reader *reader = cpl_alloc_zero(1, sizeof *reader, err);
    if (!reader)
        return NULL;
    reader->fd = -1;
    reader->path = cpl_strdup(path, err);
    bool ok = reader->path != NULL;
    if (ok) {
        reader->fd = cpl_local_open(storage, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, err);
        ok = reader->fd >= 0 && check_regular(reader->fd, path, &reader->size, err);
    }
    if (!ok) {
        cpl_reader_close(reader);
        return NULL;
    }
    return reader;
}

void cpl_reader_close(struct cpl_reader *reader)
{
    if (!reader)
        return;
    if (reader->fd >= 0)
        close(reader->fd);
    cpl_free(reader->path);
    cpl_free(reader);
}

uint64_t cpl_reader_size(const struct cpl_reader *reader)
{
    return reader->size;
}

bool cpl_reader_at(struct cpl_reader *reader, uint64_t offset, void *data, size_t size, size_t *got,
                   struct cpl_error *err)
{
    size_t done = 0;
    *got = 0;
    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return cpl_fail(err, CPL_E_INTERNAL, "offset %llu is beyond any file",
                        (unsigned long long)offset);
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

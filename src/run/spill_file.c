/* The file behind partition_route.h. */
#include "run/partition_route.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_nameless(const char *dir)
{
    char name[4096];
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
        return fd;
    /* a file system without O_TMPFILE: a name, for a moment */
    if (snprintf(name, sizeof name, "%s/.cupel-spill-XXXXXX", dir) >= (int)sizeof name)
        return -1;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        unlink(name);
    return fd;
}

bool cpl_spill_file_open(struct cpl_spill_file *spill, const char *dir, uint64_t limit,
                         struct cpl_error *err)
{
    *spill = (struct cpl_spill_file){.limit = limit};
    spill->fd = dir ? open_nameless(dir) : -1;
    if (spill->fd >= 0)
        return true;
    dir = getenv("TMPDIR");
    dir = dir && *dir ? dir : "/tmp";
    spill->fd = open_nameless(dir);
    return spill->fd >= 0 ||
           cpl_fail_errno(err, errno, "cannot make a spill file in %s (set TMPDIR)", dir);
}

bool cpl_spill_file_put(struct cpl_spill_file *spill, const void *data, size_t size,
                        uint64_t *offset, struct cpl_error *err)
{
    const uint8_t *bytes = data;
    uint64_t at = *offset = atomic_fetch_add(&spill->end, size);
    if (at + size - atomic_load(&spill->freed) > spill->limit)
        return cpl_fail(err, CPL_E_LIMIT,
                        "partitioning put down more than limits.spill allows (%llu bytes); raise "
                        "it, or partition by less",
                        (unsigned long long)spill->limit);
    while (size) {
        ssize_t n = pwrite(spill->fd, bytes, size, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cpl_fail_errno(err, n ? errno : EIO, "cannot write the spill file");
        bytes += n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

bool cpl_spill_file_get(struct cpl_spill_file *spill, uint64_t offset, void *data, size_t size,
                        struct cpl_error *err)
{
    uint8_t *bytes = data;
    while (size) {
        ssize_t n = pread(spill->fd, bytes, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return cpl_fail_errno(err, n ? errno : EIO, "cannot read the spill file back");
        bytes += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

void cpl_spill_file_free(struct cpl_spill_file *spill, uint64_t offset, uint64_t size)
{
    if (size && fallocate(spill->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset,
                          (off_t)size) == 0)
        atomic_fetch_add(&spill->freed, size);
}

void cpl_spill_file_clear(struct cpl_spill_file *spill)
{
    if (spill->fd >= 0 && ftruncate(spill->fd, 0) == 0) {
        atomic_store(&spill->end, 0);
        atomic_store(&spill->freed, 0);
    }
}

void cpl_spill_file_close(struct cpl_spill_file *spill)
{
    if (spill->fd >= 0)
        close(spill->fd);
    spill->fd = -1;
}

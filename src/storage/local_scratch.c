/* Files without a name. */
#include "storage/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int open_nameless(const char *dir)
{
    char name[4096];
    int fd = cpl_call_open(AT_FDCWD, dir, O_TMPFILE | O_RDWR, 0600);
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

int cpl_scratch_open(const char *dir, struct cpl_error *err)
{
    int fd = dir ? open_nameless(dir) : -1;
    if (fd >= 0)
        return fd;
    dir = getenv("TMPDIR");
    dir = dir && *dir ? dir : "/tmp";
    fd = open_nameless(dir);
    if (fd < 0)
        cpl_fail_errno(err, errno, "cannot make a spill file in %s (set TMPDIR)", dir);
    return fd;
}

bool cpl_scratch_put(int fd, uint64_t offset, const void *data, size_t size, struct cpl_error *err)
{
    const uint8_t *bytes = data;
    while (size) {
        ssize_t n = cpl_call_pwrite(fd, bytes, size, (off_t)offset);
        if (n <= 0)
            return cpl_fail_errno(err, n ? errno : EIO, "cannot write the spill file");
        bytes += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

bool cpl_scratch_get(int fd, uint64_t offset, void *data, size_t size, struct cpl_error *err)
{
    uint8_t *bytes = data;
    while (size) {
        ssize_t n = cpl_call_pread(fd, bytes, size, (off_t)offset);
        if (n <= 0)
            return cpl_fail_errno(err, n ? errno : EIO, "cannot read the spill file back");
        bytes += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return true;
}

/* System calls as the rest of local storage wants them: repeated on EINTR, and with a place for
 * tests to make the n-th one fail.
 *
 * The counters cost one relaxed atomic load a call while no fault is armed. */
#include "storage/local.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    _Atomic uint64_t left; /* calls until the fault; 0 = not armed */
    _Atomic int errnum;
} faults[CPL_FAULT_COUNT];

void cpl_storage_fault(enum cpl_fault_call call, uint64_t n, int errnum)
{
    atomic_store(&faults[call].errnum, errnum);
    atomic_store(&faults[call].left, n);
}

uint64_t cpl_storage_fault_left(enum cpl_fault_call call)
{
    return atomic_load(&faults[call].left);
}

/* Is it this call's turn? Sets errno. */
static bool faulty(enum cpl_fault_call call)
{
    uint64_t left = atomic_load_explicit(&faults[call].left, memory_order_relaxed);
    while (left && !atomic_compare_exchange_weak(&faults[call].left, &left, left - 1))
        ;
    if (left != 1)
        return false;
    errno = atomic_load(&faults[call].errnum);
    return true;
}

int cpl_call_open(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    do
        fd = faulty(CPL_FAULT_OPEN) ? -1 : openat(dir, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* For kernels without openat2 (before 5.6): open, then see where it led. `path` is absolute and
 * free of symlinks. */
static int open_and_check(int dir, const char *path, int flags, mode_t mode)
{
    int fd = openat(dir, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return fd;
    char link[64], target[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, target, sizeof target - 1);
    bool same = length >= 0;
    if (same) {
        target[length] = 0;
        for (ssize_t i = 0; same && i <= length; i++)
            same = target[i] == path[i];
    }
    if (same)
        return fd;
    close(fd);
    errno = ELOOP;
    return -1;
}

int cpl_call_open_beneath(int dir, const char *path, int flags, mode_t mode)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .mode = flags & O_CREAT ? mode : 0,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd;
    do
        fd = faulty(CPL_FAULT_OPEN) ? -1 : syscall(SYS_openat2, dir, path, &how, sizeof how);
    while (fd < 0 && (errno == EINTR || errno == EAGAIN));
    /* EPERM: some container sandboxes refuse calls that they don't know. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM) && path[0] == '/')
        return open_and_check(dir, path, flags, mode);
    return (int)fd;
}

int cpl_call_close(int fd)
{
    bool fail = faulty(CPL_FAULT_CLOSE);
    int errnum = errno;
    int result = close(fd);
    if (fail) {
        errno = errnum;
        result = -1;
    }
    /* Linux has closed the descriptor even when interrupted. */
    return result < 0 && errno == EINTR ? 0 : result;
}

ssize_t cpl_call_pread(int fd, void *data, size_t size, off_t offset)
{
    ssize_t got;
    do
        got = faulty(CPL_FAULT_READ) ? -1 : pread(fd, data, size, offset);
    while (got < 0 && errno == EINTR);
    return got;
}

ssize_t cpl_call_read(int fd, void *data, size_t size)
{
    ssize_t got;
    do
        got = faulty(CPL_FAULT_READ) ? -1 : read(fd, data, size);
    while (got < 0 && errno == EINTR);
    return got;
}

ssize_t cpl_call_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    if (faulty(CPL_FAULT_SHORT_WRITE) && size > 1)
        size = size / 2;
    ssize_t put;
    do
        put = faulty(CPL_FAULT_WRITE) ? -1 : pwrite(fd, data, size, offset);
    while (put < 0 && errno == EINTR);
    return put;
}

int cpl_call_fsync(int fd)
{
    int result;
    do
        result = faulty(CPL_FAULT_FSYNC) ? -1 : fsync(fd);
    while (result < 0 && errno == EINTR);
    return result;
}

/* Without renameat2's flag: a second name, then the first one goes. A crash between the two leaves
 * two names of one file, which publish recognises. */
static int link_and_unlink(int from_dir, const char *from, int to_dir, const char *to)
{
    if (linkat(from_dir, from, to_dir, to, 0) < 0)
        return -1;
    return unlinkat(from_dir, from, 0);
}

int cpl_call_rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
    int result;
    do
        result = faulty(CPL_FAULT_RENAME) ? -1
                                          : renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE);
    while (result < 0 && errno == EINTR);
    if (result < 0 && (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP))
        return link_and_unlink(from_dir, from, to_dir, to);
    return result;
}

int cpl_call_rename_over(int from_dir, const char *from, int to_dir, const char *to)
{
    int result;
    do
        result = faulty(CPL_FAULT_RENAME) ? -1 : renameat(from_dir, from, to_dir, to);
    while (result < 0 && errno == EINTR);
    return result;
}

int cpl_call_mkdir(int dir, const char *path, mode_t mode)
{
    int result;
    do
        result = faulty(CPL_FAULT_MKDIR) ? -1 : mkdirat(dir, path, mode);
    while (result < 0 && errno == EINTR);
    return result;
}

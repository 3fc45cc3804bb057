/* Locks on directories: the kernel gives one back when its holder dies, so that none is ever stale. */
#include "storage/local.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_MS = 5 };

struct cpl_lock {
    int fd;
};

/* Where a file system knows no locks there is nothing to wait for. */
static bool has_no_locks(int errnum)
{
    return errnum == ENOLCK || errnum == EOPNOTSUPP || errnum == ENOSYS || errnum == EINVAL;
}

/* Was the directory removed while we waited, or made anew? Then others lock another one. */
static bool still_leads_here(struct cpl_storage *storage, const char *directory, int fd)
{
    struct stat ours;
    struct cpl_file_identity there;
    return !fstat(fd, &ours) && cpl_storage_identify(storage, directory, &there, NULL) &&
           there.there && there.device == ours.st_dev && there.inode == ours.st_ino;
}

static bool try_lock(struct cpl_storage *storage, const char *directory, int *locked,
                     enum cpl_lock_result *result, struct cpl_error *err)
{
    struct cpl_error why = {0};
    int fd = cpl_local_open(storage, directory, O_RDONLY | O_DIRECTORY, &why);
    if (fd < 0) {
        *result = CPL_LOCK_NO_DIRECTORY;
        return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) && !has_no_locks(errno)) {
        *result = CPL_LOCK_BUSY;
        bool busy = errno == EWOULDBLOCK || errno == EINTR;
        if (!busy)
            cpl_fail_errno(err, errno, "cannot lock %s", directory);
        close(fd);
        return busy;
    }
    *result = still_leads_here(storage, directory, fd) ? CPL_LOCKED : CPL_LOCK_BUSY;
    if (*result == CPL_LOCKED)
        *locked = fd;
    else
        close(fd);
    return true;
}

bool cpl_storage_lock(struct cpl_storage *storage, const char *directory, unsigned wait_ms,
                      struct cpl_lock **lock, enum cpl_lock_result *result, struct cpl_error *err)
{
    int fd = -1;
    *lock = NULL;
    for (unsigned waited = 0;; waited += PAUSE_MS) {
        if (!try_lock(storage, directory, &fd, result, err))
            return false;
        if (*result != CPL_LOCK_BUSY || waited >= wait_ms)
            break;
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    }
    if (*result != CPL_LOCKED)
        return true;
    *lock = cpl_alloc(sizeof **lock, err);
    if (*lock)
        (*lock)->fd = fd;
    else
        close(fd);
    return *lock != NULL;
}

void cpl_storage_unlock(struct cpl_lock *lock)
{
    if (lock)
        close(lock->fd);
    cpl_free(lock);
}

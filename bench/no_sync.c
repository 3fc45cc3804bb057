/* no_sync.so — for LD_PRELOAD: a program's writes are no longer synced to the disk.
 *
 * The bench runs us a second time with it, to show what our syncs cost: the peers don't sync.
 * Everything else stays as it is, direct writes included. For measuring only. */
#include <sys/types.h>
#include <unistd.h>

int fsync(int fd)
{
    (void)fd;
    return 0;
}

int fdatasync(int fd)
{
    (void)fd;
    return 0;
}

int syncfs(int fd)
{
    (void)fd;
    return 0;
}

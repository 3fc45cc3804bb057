/* Writing behind: one thread that hands full buffers to the kernel while their owner fills the next.
 *
 *   writer's buffer ⇄ give ⇄ spare ◀── thread ◀── full   (three buffers of 1 MiB go round)
 *
 * Order is kept, since there is one thread and one way. After the first failed write the thread only gives buffers back.
 * Threads: give and stop are the writer's; the target belongs to the thread in between. */
#include "storage/local.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

enum { N_SPARE = 2 };

struct piece {
    uint8_t *block, *buffer;
};

struct cpl_behind {
    struct cpl_target *target;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct piece spare[N_SPARE], full[N_SPARE]; /* full: oldest first */
    unsigned n_spare, n_full;
    bool stopped;
    int errnum;
};

/* ---- one piece ---- */

static void clear_direct(struct cpl_target *target)
{
    int flags = fcntl(target->fd, F_GETFL);
    if (flags >= 0)
        fcntl(target->fd, F_SETFL, flags & ~O_DIRECT);
    target->direct = false;
}

int cpl_target_put(struct cpl_target *target, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        size_t left = size - done;
        if (target->direct && (left % CPL_WRITE_ALIGNMENT || done % CPL_WRITE_ALIGNMENT))
            clear_direct(target);
        ssize_t put = cpl_call_pwrite(target->fd, data + done, left, (off_t)target->written);
        if (put < 0 && errno == EINVAL && target->direct) {
            clear_direct(target);
            continue;
        }
        if (put <= 0)
            return put < 0 ? errno : EIO;
        done += (size_t)put;
        target->written += (uint64_t)put;
    }
    return 0;
}

/* ---- the thread ---- */

/* The oldest full piece; false when none will come any more. */
static bool take_full(struct cpl_behind *behind, struct piece *piece, bool *failed)
{
    pthread_mutex_lock(&behind->lock);
    while (!behind->n_full && !behind->stopped)
        pthread_cond_wait(&behind->changed, &behind->lock);
    bool found = behind->n_full > 0;
    if (found)
        *piece = behind->full[0];
    *failed = behind->errnum != 0;
    pthread_mutex_unlock(&behind->lock);
    return found;
}

static void *write_behind(void *argument)
{
    struct cpl_behind *behind = argument;
    struct piece piece;
    for (bool failed; take_full(behind, &piece, &failed);) {
        int errnum = failed ? 0 : cpl_target_put(behind->target, piece.buffer, CPL_WRITE_PIECE);
        pthread_mutex_lock(&behind->lock);
        if (errnum)
            behind->errnum = errnum;
        for (unsigned i = 1; i < behind->n_full; i++)
            behind->full[i - 1] = behind->full[i];
        behind->n_full--;
        behind->spare[behind->n_spare++] = piece;
        pthread_cond_broadcast(&behind->changed);
        pthread_mutex_unlock(&behind->lock);
    }
    return NULL;
}

/* ---- the writer's side ---- */

static void release(struct cpl_behind *behind)
{
    for (unsigned i = 0; i < behind->n_spare; i++)
        cpl_free(behind->spare[i].block);
    pthread_mutex_destroy(&behind->lock);
    pthread_cond_destroy(&behind->changed);
    cpl_free(behind);
}

static bool add_spare(struct cpl_behind *behind)
{
    uint8_t *block = cpl_alloc(CPL_WRITE_PIECE + CPL_WRITE_ALIGNMENT, NULL);
    if (!block)
        return false;
    size_t over = (uintptr_t)block % CPL_WRITE_ALIGNMENT;
    uint8_t *buffer = block + (over ? CPL_WRITE_ALIGNMENT - over : 0);
    behind->spare[behind->n_spare++] = (struct piece){.block = block, .buffer = buffer};
    return true;
}

/* Signals are for the threads that expect them. */
static bool start_thread(struct cpl_behind *behind)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&behind->thread, NULL, write_behind, behind);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum == 0;
}

struct cpl_behind *cpl_behind_start(struct cpl_target *target)
{
    struct cpl_behind *behind = cpl_alloc_zero(1, sizeof *behind, NULL);
    if (!behind)
        return NULL;
    behind->target = target;
    pthread_mutex_init(&behind->lock, NULL);
    pthread_cond_init(&behind->changed, NULL);
    while (behind->n_spare < N_SPARE)
        if (!add_spare(behind))
            break;
    if (behind->n_spare == N_SPARE && start_thread(behind))
        return behind;
    release(behind);
    return NULL;
}

int cpl_behind_give(struct cpl_behind *behind, uint8_t **block, uint8_t **buffer)
{
    pthread_mutex_lock(&behind->lock);
    while (!behind->n_spare)
        pthread_cond_wait(&behind->changed, &behind->lock);
    int errnum = behind->errnum;
    if (!errnum) {
        struct piece empty = behind->spare[--behind->n_spare];
        behind->full[behind->n_full++] = (struct piece){.block = *block, .buffer = *buffer};
        *block = empty.block;
        *buffer = empty.buffer;
        pthread_cond_broadcast(&behind->changed);
    }
    pthread_mutex_unlock(&behind->lock);
    return errnum;
}

int cpl_behind_stop(struct cpl_behind *behind)
{
    pthread_mutex_lock(&behind->lock);
    behind->stopped = true;
    pthread_cond_broadcast(&behind->changed);
    pthread_mutex_unlock(&behind->lock);
    pthread_join(behind->thread, NULL);
    int errnum = behind->errnum;
    release(behind);
    return errnum;
}

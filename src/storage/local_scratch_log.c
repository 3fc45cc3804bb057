/* A scratch file that grows at its end and can be read back: standard input on its way, kept for a second reading.
 *
 *   append ──▶ aligned buffer of 1 MiB ──full──▶ O_DIRECT, from the third on by a thread (local_behind.c)
 *   get    ◀── file [0, written) · buffer [written, size)
 *
 * It is written in any case and hardly ever read, so what copying it into the page cache would cost (some 2 CPU
 * seconds a GB) is for nothing. Reading waits for what is on its way. */
#include "storage/local.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { BEHIND_AFTER = 2 }; /* pieces */

struct cpl_scratch_log {
    struct cpl_target target;
    struct cpl_behind *behind; /* NULL while the caller's thread writes itself */
    bool can_direct;           /* the file system takes O_DIRECT */
    uint8_t *block, *buffer;   /* buffer: aligned, inside block */
    size_t fill;
    unsigned n_pieces;
};

static void set_direct(struct cpl_scratch_log *log, bool direct)
{
    int flags = fcntl(log->target.fd, F_GETFL);
    if (log->target.direct == direct || flags < 0)
        return;
    flags = direct ? flags | O_DIRECT : flags & ~O_DIRECT;
    if (fcntl(log->target.fd, F_SETFL, flags) == 0)
        log->target.direct = direct;
}

struct cpl_scratch_log *cpl_scratch_log_open(const char *dir, struct cpl_error *err)
{
    struct cpl_scratch_log *log = cpl_alloc_zero(1, sizeof *log, err);
    if (!log)
        return NULL;
    log->target.fd = -1;
    log->block = cpl_alloc(CPL_WRITE_PIECE + CPL_WRITE_ALIGNMENT, err);
    if (!log->block || (log->target.fd = cpl_scratch_open(dir, err)) < 0) {
        cpl_scratch_log_close(log);
        return NULL;
    }
    size_t over = (uintptr_t)log->block % CPL_WRITE_ALIGNMENT;
    log->buffer = log->block + (over ? CPL_WRITE_ALIGNMENT - over : 0);
    set_direct(log, true);
    log->can_direct = log->target.direct;
    return log;
}

void cpl_scratch_log_close(struct cpl_scratch_log *log)
{
    if (!log)
        return;
    if (log->behind)
        cpl_behind_stop(log->behind);
    if (log->target.fd >= 0)
        close(log->target.fd);
    cpl_free(log->block);
    cpl_free(log);
}

/* The full buffer goes on its way. 0, or an errno. */
static int hand_over(struct cpl_scratch_log *log)
{
    int errnum;
    if (!log->behind && log->n_pieces++ >= BEHIND_AFTER)
        log->behind = cpl_behind_start(&log->target); /* NULL: go on without */
    if (log->behind)
        errnum = cpl_behind_give(log->behind, &log->block, &log->buffer);
    else
        errnum = cpl_target_put(&log->target, log->buffer, CPL_WRITE_PIECE);
    if (!errnum)
        log->fill = 0;
    return errnum;
}

bool cpl_scratch_log_append(struct cpl_scratch_log *log, const void *data, size_t size,
                            struct cpl_error *err)
{
    const uint8_t *bytes = data;
    if (!log->behind)
        set_direct(log, log->can_direct);
    while (size) {
        size_t room = CPL_WRITE_PIECE - log->fill, n = size < room ? size : room;
        memcpy(log->buffer + log->fill, bytes, n);
        log->fill += n;
        bytes += n;
        size -= n;
        int errnum = log->fill == CPL_WRITE_PIECE ? hand_over(log) : 0;
        if (errnum)
            return cpl_fail_errno(err, errnum, "cannot write the spill file");
    }
    return true;
}

/* Everything but the buffer is in the file, which may be read at any offset. */
static bool settle(struct cpl_scratch_log *log, struct cpl_error *err)
{
    int errnum = log->behind ? cpl_behind_stop(log->behind) : 0;
    log->behind = NULL;
    set_direct(log, false);
    return !errnum || cpl_fail_errno(err, errnum, "cannot write the spill file");
}

bool cpl_scratch_log_get(struct cpl_scratch_log *log, uint64_t offset, void *data, size_t size,
                         struct cpl_error *err)
{
    if (!settle(log, err))
        return false;
    uint64_t written = log->target.written;
    if (offset > written + log->fill || size > written + log->fill - offset)
        return cpl_fail(err, CPL_E_INTERNAL, "the spill file is read behind its end");
    size_t stored = offset >= written         ? 0
                    : size < written - offset ? size
                                              : (size_t)(written - offset);
    if (stored && !cpl_scratch_get(log->target.fd, offset, data, stored, err))
        return false;
    if (size > stored)
        memcpy((uint8_t *)data + stored, log->buffer + (offset + stored - written), size - stored);
    return true;
}

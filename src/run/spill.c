#include "run/spill.h"

#include "storage/storage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cpl_spill {
    int fd;
    struct cpl_scratch_log *file; /* NULL: nothing spilled */
    struct cpl_buffer head;       /* the first bytes */
    uint64_t spilled, limit;      /* bytes behind the head that are in the file */
    uint64_t consumed;            /* bytes taken from fd in all */
    bool dropped;                 /* bytes went by without being kept: no second reading */
    enum cpl_code why;            /* SPACE, LIMIT: nothing is kept any more */
    bool ended;
    _Atomic bool *stop;
};
struct spill_stream {
    struct cpl_stream base;
    struct cpl_spill *spill;
    bool keep;
};

struct cpl_spill *cpl_spill_new(int fd, uint64_t limit, _Atomic bool *stop, struct cpl_error *err)
{
    struct cpl_spill *spill = cpl_alloc_zero(1, sizeof *spill, err);
    if (!spill)
        return NULL;
    spill->fd = fd;
    spill->limit = limit;
    spill->stop = stop;
    return spill;
}

void cpl_spill_free(struct cpl_spill *spill)
{
    if (!spill)
        return;
    cpl_scratch_log_close(spill->file);
    cpl_buffer_release(&spill->head);
    cpl_free(spill);
}

size_t cpl_spill_head_size(const struct cpl_spill *spill)
{
    return spill->head.size;
}

/* Wait until there is something to read, looking now and then whether to stop. */
static bool wait_for_input(const struct cpl_spill *spill, struct cpl_error *err)
{
    struct pollfd poll_fd = {.fd = spill->fd, .events = POLLIN};
    while (poll(&poll_fd, 1, 100) <= 0)
        if (spill->stop && atomic_load(spill->stop))
            return cpl_fail(err, CPL_E_INTERRUPTED, "stopped while waiting for standard input");
    return true;
}

static bool read_input(struct cpl_spill *spill, void *data, size_t size, size_t *got,
                       struct cpl_error *err)
{
    ssize_t n;
    if (!wait_for_input(spill, err))
        return false;
    do
        n = read(spill->fd, data, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return cpl_fail_errno(err, errno, "cannot read standard input");
    *got = (size_t)n;
    spill->ended |= n == 0;
    spill->consumed += (uint64_t)n;
    return true;
}

bool cpl_spill_head(struct cpl_spill *spill, size_t size, const uint8_t **data, size_t *got,
                    struct cpl_error *err)
{
    if (!cpl_buffer_reserve(&spill->head, size > spill->head.size ? size - spill->head.size : 0,
                            err))
        return false;
    while (spill->head.size < size && !spill->ended) {
        size_t more = 0;
        if (!read_input(spill, spill->head.data + spill->head.size, size - spill->head.size, &more,
                        err))
            return false;
        spill->head.size += more;
    }
    *data = spill->head.data;
    *got = spill->head.size < size ? spill->head.size : size;
    return true;
}

/* No place for more: the run goes on, and only a second reading is refused (cpl_spill_whole). */
static void give_up(struct cpl_spill *spill, enum cpl_code why)
{
    spill->why = why;
    cpl_scratch_log_close(spill->file);
    spill->file = NULL;
    spill->spilled = 0;
    spill->dropped = true;
}

static bool keep_bytes(struct cpl_spill *spill, const uint8_t *data, size_t size,
                       struct cpl_error *err)
{
    if (spill->dropped)
        return true;
    if (size > spill->limit - spill->spilled) {
        give_up(spill, CPL_E_LIMIT);
        return true;
    }
    struct cpl_error why = {0};
    if (!spill->file && !(spill->file = cpl_scratch_log_open(NULL, err)))
        return false;
    if (cpl_scratch_log_append(spill->file, data, size, &why)) {
        spill->spilled += size;
        return true;
    }
    if (why.code != CPL_E_SPACE) {
        cpl_fail_with(err, &why);
        return cpl_fail_context(err, "keeping standard input for a second reading");
    }
    give_up(spill, CPL_E_SPACE);
    return true;
}

bool cpl_spill_whole(const struct cpl_spill *spill)
{
    return !spill->dropped;
}

static bool spill_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                       struct cpl_error *err)
{
    struct spill_stream *s = (struct spill_stream *)base;
    struct cpl_spill *spill = s->spill;
    uint64_t at = base->position, head = spill->head.size;
    *got = 0;
    if (at < head) {
        *got = size < head - at ? size : (size_t)(head - at);
        memcpy(data, spill->head.data + at, *got);
    } else if (at < head + spill->spilled) {
        uint64_t left = head + spill->spilled - at;
        *got = size < left ? size : (size_t)left;
        if (!cpl_scratch_log_get(spill->file, at - head, data, *got, err))
            return false;
    } else if (!spill->ended) {
        if (!read_input(spill, data, size, got, err))
            return false;
        if (s->keep && *got && !keep_bytes(spill, data, *got, err))
            return false;
        spill->dropped |= !s->keep && *got;
    }
    base->position += *got;
    return true;
}

static void spill_close(struct cpl_stream *base)
{
    cpl_free(base);
}

static const struct cpl_stream_ops spill_ops = {
    .name = "standard input", .read = spill_read, .close = spill_close};

struct cpl_stream *cpl_spill_stream(struct cpl_spill *spill, bool keep, struct cpl_error *err)
{
    if (spill->dropped) {
        cpl_fail(err, spill->why ? spill->why : CPL_E_UNSUPPORTED,
                 "standard input would have to be read a second time, and %s; declare the schema, "
                 "or set schema.on_type_conflict to reject",
                 spill->why == CPL_E_SPACE   ? "the disk was too full to keep it"
                 : spill->why == CPL_E_LIMIT ? "it is longer than limits.spill"
                                             : "it was not kept");
        return NULL;
    }
    struct spill_stream *s = cpl_alloc_zero(1, sizeof *s, err);
    if (!s)
        return NULL;
    s->base.ops = &spill_ops;
    s->spill = spill;
    s->keep = keep;
    return &s->base;
}

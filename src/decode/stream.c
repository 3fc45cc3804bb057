/* The streams at the beginning of the way: an object, a descriptor, memory.
 *
 * All bytes there are as they are: locate is the identity (NULL), raw bytes come from elsewhere. */
#include "decode/stream.h"

#include "storage/storage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- object ---- */

struct object_stream {
    struct cpl_stream base;
    struct cpl_reader *reader;
    uint64_t to;
};

static bool object_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                        struct cpl_error *err)
{
    struct object_stream *stream = (struct object_stream *)base;
    uint64_t left = stream->to - base->position;
    size_t n = left < size ? (size_t)left : size;
    *got = 0;
    if (!n)
        return true;
    if (!cpl_reader_at(stream->reader, base->position, data, n, got, err))
        return false;
    if (!*got)
        return cpl_fail(err, CPL_E_DATA,
                        "the file shrank while it was read: it ends at byte %llu, not %llu",
                        (unsigned long long)base->position, (unsigned long long)stream->to);
    base->position += *got;
    return true;
}

static bool object_reread(struct cpl_stream *base, uint64_t offset, void *data, size_t size,
                          size_t *got, struct cpl_error *err)
{
    struct object_stream *stream = (struct object_stream *)base;
    return cpl_reader_at(stream->reader, offset, data, size, got, err);
}

static void free_stream(struct cpl_stream *base)
{
    cpl_free(base);
}

static void object_close(struct cpl_stream *base)
{
    cpl_reader_rest(((struct object_stream *)base)->reader);
    free_stream(base);
}

static const struct cpl_stream_ops object_ops = {
    .name = "object", .read = object_read, .reread = object_reread, .close = object_close};

struct cpl_stream *cpl_stream_object(struct cpl_reader *reader, uint64_t from, uint64_t to,
                                     struct cpl_error *err)
{
    struct object_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream || !cpl_reader_hold(reader, err)) {
        cpl_free(stream);
        return NULL;
    }
    uint64_t size = cpl_reader_size(reader);
    stream->base.ops = &object_ops;
    stream->reader = reader;
    stream->to = to < size ? to : size;
    stream->base.position = from < stream->to ? from : stream->to;
    return &stream->base;
}

/* ---- descriptor ---- */

struct fd_stream {
    struct cpl_stream base;
    int fd;
};

static bool fd_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                    struct cpl_error *err)
{
    struct fd_stream *stream = (struct fd_stream *)base;
    ssize_t n;
    do
        n = read(stream->fd, data, size);
    while (n < 0 && errno == EINTR);
    *got = 0;
    if (n < 0)
        return cpl_fail_errno(err, errno, "cannot read %s at byte %llu",
                              stream->fd == STDIN_FILENO ? "standard input" : "a descriptor",
                              (unsigned long long)base->position);
    *got = (size_t)n;
    base->position += (uint64_t)n;
    return true;
}

static const struct cpl_stream_ops fd_ops = {.name = "fd", .read = fd_read, .close = free_stream};

struct cpl_stream *cpl_stream_fd(int fd, struct cpl_error *err)
{
    struct fd_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    stream->base.ops = &fd_ops;
    stream->fd = fd;
    return &stream->base;
}

/* ---- memory ---- */

struct memory_stream {
    struct cpl_stream base;
    const uint8_t *data;
    size_t size;
};

static bool memory_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                        struct cpl_error *err)
{
    struct memory_stream *stream = (struct memory_stream *)base;
    size_t left = stream->size - (size_t)base->position;
    (void)err;
    *got = size < left ? size : left;
    if (*got)
        memcpy(data, stream->data + base->position, *got);
    base->position += *got;
    return true;
}

static bool memory_reread(struct cpl_stream *base, uint64_t offset, void *data, size_t size,
                          size_t *got, struct cpl_error *err)
{
    struct memory_stream *stream = (struct memory_stream *)base;
    size_t left = offset < stream->size ? stream->size - (size_t)offset : 0;
    (void)err;
    *got = size < left ? size : left;
    if (*got)
        memcpy(data, stream->data + offset, *got);
    return true;
}

static const struct cpl_stream_ops memory_ops = {
    .name = "memory", .read = memory_read, .reread = memory_reread, .close = free_stream};

struct cpl_stream *cpl_stream_memory(const void *data, size_t size, struct cpl_error *err)
{
    struct memory_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    stream->base.ops = &memory_ops;
    stream->data = data;
    stream->size = size;
    return &stream->base;
}

#include "run/file_writer.h"
#include "run/plan.h"

#include <errno.h>
#include <unistd.h>

static bool write_all(int fd, const uint8_t *data, size_t size, struct cpl_error *err)
{
    while (size) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return cpl_fail_errno(err, errno, "cannot write to standard output");
        data += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_through(struct cpl_write_sink *sink, const void *data, size_t size,
                          struct cpl_error *err)
{
    struct cpl_file_writer *w = (struct cpl_file_writer *)sink;
    w->bytes += size;
    return w->writer ? cpl_writer_write(w->writer, data, size, err)
                     : write_all(STDOUT_FILENO, data, size, err);
}

void cpl_staged_file_release(struct cpl_staged_file *file)
{
    cpl_staged_release(&file->staged);
    cpl_free(file->path);
    cpl_free(file->partition);
    *file = (struct cpl_staged_file){0};
}

void cpl_file_writer_close(struct cpl_file_writer *w)
{
    if (!w)
        return;
    if (w->file)
        w->encoder->file_free(w->file);
    cpl_writer_close(w->writer);
    cpl_free(w->path);
    cpl_free(w);
}

struct cpl_file_writer *cpl_file_writer_open(struct cpl_attempt *attempt, const char *path,
                                             const struct cpl_encoder_ops *encoder,
                                             const struct cpl_schema *schema, const void *options,
                                             struct cpl_error *err)
{
    struct cpl_file_writer *w = cpl_alloc_zero(1, sizeof *w, err);
    if (!w)
        return NULL;
    w->sink.write = write_through;
    w->encoder = encoder;
    bool ok = (!path || (w->path = cpl_strdup(path, err))) &&
              (!attempt || (w->writer = cpl_attempt_open(attempt, path, err))) &&
              (w->file = encoder->file_new(schema, options, &w->sink, NULL, err));
    if (ok)
        return w;
    cpl_file_writer_close(w);
    return NULL;
}

bool cpl_file_writer_add(struct cpl_file_writer *w, struct cpl_part *part, struct cpl_error *err)
{
    if (!part)
        return true;
    struct cpl_part_info info = w->encoder->part_info(part);
    if (!w->encoder->file_add(w->file, part, err))
        return false;
    w->rows += info.rows;
    w->largest = info.bytes > w->largest ? info.bytes : w->largest;
    return true;
}

uint64_t cpl_part_target(uint64_t target_file_size)
{
    return target_file_size < 2 * CPL_SPLIT_BYTES ? target_file_size / 2 : 0;
}

bool cpl_file_writer_full(const struct cpl_file_writer *w, uint64_t target)
{
    return target && w->bytes + w->largest / 2 >= target;
}

bool cpl_file_writer_finish(struct cpl_file_writer *w, enum cpl_file_role role,
                            struct cpl_staged_file *file, struct cpl_error *err)
{
    *file = (struct cpl_staged_file){.rows = w->rows, .role = role};
    bool ok = w->encoder->file_finish(w->file, err) &&
              (!w->writer || cpl_writer_finish(w->writer, &file->staged, err));
    if (ok) {
        file->path = w->path;
        w->path = NULL;
    }
    cpl_file_writer_close(w);
    return ok;
}

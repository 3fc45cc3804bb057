/* The staged writer: big aligned pieces past the page cache, a checksum on the way, one fsync at the end.
 *
 *   write(data) ──▶ XXH3-128 ──▶ aligned buffer (64 KiB, then 1 MiB) ──▶ pwrite, O_DIRECT
 *                                       └─ the last, unaligned piece ──▶ pwrite, O_DIRECT cleared
 *
 * Copying into the page cache costs the kernel up to 25 times the CPU time of a direct write. A file system that
 * refuses O_DIRECT, at opening or at any write, gets ordinary writes. A direct write blocks its caller for the disk's time,
 * so from the third buffer on a thread does it (local_behind.c) while the caller fills the next one.
 * Any failure poisons the writer: the first error is kept and every later call gives it again. An fsync that failed may
 * have dropped the dirty pages, so that a second one would succeed and lie. */
#define XXH_STATIC_LINKING_ONLY /* the size of XXH3_state_t */
#include "base/xxhash.h"
#include "storage/local.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    ALIGNMENT = CPL_WRITE_ALIGNMENT,
    SMALL_BUFFER = 64 << 10,
    BIG_BUFFER = CPL_WRITE_PIECE,
    MAX_NAME = 200
};
enum { BEHIND_AFTER = 2 };  /* buffers */
enum { HASH_BLOCK = 4096 }; /* cpl_alloc aligns it to 64, as the state needs */
_Static_assert(sizeof(XXH3_state_t) <= HASH_BLOCK, "the hash state fits");

struct cpl_writer {
    struct cpl_storage *storage;
    struct cpl_place place; /* of the staged file */
    char *token, *final_path;
    struct cpl_target target;
    struct cpl_behind *behind; /* NULL while the caller's thread writes itself */
    bool finished, failed;
    struct cpl_error error;  /* why it failed */
    uint8_t *block, *buffer; /* buffer: aligned, inside block */
    size_t capacity, fill;
    uint64_t accepted;  /* bytes given to us */
    unsigned n_drained; /* whole buffers */
    XXH3_state_t *hash;
};

/* ---- opening ---- */

/* What is staged keeps the end of its final name, so that a person who looks can tell what it was
 * to become. */
static char *token_path(const char *staging_dir, const char *final_path, struct cpl_error *err)
{
    char nonce[17];
    if (!cpl_path_nonce(nonce, err))
        return NULL;
    const char *name = cpl_path_name(final_path);
    size_t length = strlen(name);
    if (length > MAX_NAME)
        name += length - MAX_NAME;
    return cpl_format(err, "%s/%s-%s", staging_dir, nonce, name);
}

static bool resize_buffer(struct cpl_writer *writer, size_t capacity, struct cpl_error *err)
{
    uint8_t *block = cpl_alloc(capacity + ALIGNMENT, err);
    if (!block)
        return false;
    uint8_t *buffer = block + (ALIGNMENT - (uintptr_t)block % ALIGNMENT) % ALIGNMENT;
    if (writer->fill)
        memcpy(buffer, writer->buffer, writer->fill);
    cpl_free(writer->block);
    writer->block = block;
    writer->buffer = buffer;
    writer->capacity = capacity;
    return true;
}

static bool create(struct cpl_writer *writer, struct cpl_error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    writer->target.direct = true;
    writer->target.fd = cpl_call_open(writer->place.dir, writer->place.name, flags | O_DIRECT,
                                      0666);
    if (writer->target.fd < 0 && (errno == EINVAL || errno == ENOTSUP)) {
        /* Some kernels have created the file before they refuse the flag. */
        unlinkat(writer->place.dir, writer->place.name, 0);
        writer->target.direct = false;
        writer->target.fd = cpl_call_open(writer->place.dir, writer->place.name, flags, 0666);
    }
    return writer->target.fd >= 0 || cpl_fail_errno(err, errno, "cannot create %s", writer->token);
}

static bool open_staged(struct cpl_writer *writer, const char *staging_dir, const char *final_path,
                        struct cpl_error *err)
{
    char *resolved = cpl_storage_resolve(writer->storage, final_path, err);
    cpl_free(resolved);
    if (!resolved || !cpl_storage_make_dirs(writer->storage, staging_dir, err))
        return false;
    writer->final_path = cpl_strdup(final_path, err);
    writer->token = writer->final_path ? token_path(staging_dir, final_path, err) : NULL;
    writer->hash = writer->token ? cpl_alloc(HASH_BLOCK, err) : NULL;
    if (!writer->hash || !resize_buffer(writer, SMALL_BUFFER, err))
        return false;
    XXH3_128bits_reset(writer->hash);
    return cpl_place_open(writer->storage, writer->token, &writer->place, err) &&
           create(writer, err);
}

struct cpl_writer *cpl_writer_open(struct cpl_storage *storage, const char *staging_dir,
                                   const char *final_path, struct cpl_error *err)
{
    struct cpl_writer *writer = cpl_alloc_zero(1, sizeof *writer, err);
    if (!writer)
        return NULL;
    writer->storage = storage;
    writer->target.fd = -1;
    writer->place.dir = AT_FDCWD;
    if (!open_staged(writer, staging_dir, final_path, err)) {
        cpl_writer_close(writer);
        return NULL;
    }
    return writer;
}

/* ---- writing ---- */

static bool poison(struct cpl_writer *writer, int errnum, const char *doing)
{
    writer->failed = true;
    return cpl_fail_errno(&writer->error, errnum, "cannot %s %s", doing, writer->token);
}

static bool give_again(const struct cpl_writer *writer, struct cpl_error *err)
{
    if (err)
        *err = writer->error;
    return false;
}

/* Hand the whole buffer to the kernel. */
static bool drain(struct cpl_writer *writer)
{
    int errnum = cpl_target_put(&writer->target, writer->buffer, writer->fill);
    if (errnum)
        return poison(writer, errnum, "write");
    writer->fill = 0;
    return true;
}

/* A full buffer: write it, or exchange it for an empty one. */
static bool drain_full(struct cpl_writer *writer)
{
    if (!writer->behind && writer->n_drained++ >= BEHIND_AFTER)
        writer->behind = cpl_behind_start(&writer->target); /* NULL: go on without */
    if (!writer->behind)
        return drain(writer);
    int errnum = cpl_behind_give(writer->behind, &writer->block, &writer->buffer);
    if (errnum)
        return poison(writer, errnum, "write");
    writer->fill = 0;
    return true;
}

bool cpl_writer_write(struct cpl_writer *writer, const void *data, size_t size,
                      struct cpl_error *err)
{
    const uint8_t *bytes = data;
    if (writer->failed)
        return give_again(writer, err);
    XXH3_128bits_update(writer->hash, data, size);
    writer->accepted += size;
    while (size) {
        if (writer->fill == writer->capacity) {
            if (writer->capacity < BIG_BUFFER &&
                !resize_buffer(writer, BIG_BUFFER, &writer->error)) {
                writer->failed = true;
                return give_again(writer, err);
            }
            if (writer->fill == writer->capacity && !drain_full(writer))
                return give_again(writer, err);
        }
        size_t room = writer->capacity - writer->fill;
        size_t n = size < room ? size : room;
        memcpy(writer->buffer + writer->fill, bytes, n);
        writer->fill += n;
        bytes += n;
        size -= n;
    }
    return true;
}

uint64_t cpl_writer_offset(const struct cpl_writer *writer)
{
    return writer->accepted;
}

/* ---- finishing ---- */

/* The whole aligned part direct, then the rest. */
static bool drain_tail(struct cpl_writer *writer)
{
    int errnum = writer->behind ? cpl_behind_stop(writer->behind) : 0;
    writer->behind = NULL;
    if (errnum)
        return poison(writer, errnum, "write");
    size_t tail = writer->fill % ALIGNMENT;
    size_t whole = writer->fill - tail;
    if (writer->target.direct && tail && whole >= SMALL_BUFFER) {
        writer->fill = whole;
        if (!drain(writer))
            return false;
        memmove(writer->buffer, writer->buffer + whole, tail);
        writer->fill = tail;
    }
    return drain(writer);
}

static bool seal(struct cpl_writer *writer)
{
    if (!drain_tail(writer))
        return false;
    if (cpl_call_fsync(writer->target.fd) < 0)
        return poison(writer, errno, "sync");
    int fd = writer->target.fd;
    writer->target.fd = -1;
    return cpl_call_close(fd) == 0 || poison(writer, errno, "close");
}

void cpl_staged_release(struct cpl_staged *staged)
{
    cpl_free(staged->token);
    cpl_free(staged->final_path);
    *staged = (struct cpl_staged){0};
}

static void format_checksum(const XXH3_state_t *hash, char checksum[40])
{
    XXH128_hash_t digest = XXH3_128bits_digest(hash);
    snprintf(checksum, 40, "xxh3:%016llx%016llx", (unsigned long long)digest.high64,
             (unsigned long long)digest.low64);
}

bool cpl_writer_finish(struct cpl_writer *writer, struct cpl_staged *staged, struct cpl_error *err)
{
    *staged = (struct cpl_staged){0};
    if (writer->failed || !seal(writer))
        return give_again(writer, err);
    format_checksum(writer->hash, staged->checksum);
    staged->size = writer->accepted;
    staged->token = writer->token;
    staged->final_path = writer->final_path;
    writer->token = writer->final_path = NULL;
    writer->finished = writer->failed = true; /* nothing may be written any more */
    cpl_fail(&writer->error, CPL_E_INTERNAL, "the writer was finished before");
    return true;
}

void cpl_writer_close(struct cpl_writer *writer)
{
    if (!writer)
        return;
    if (writer->behind)
        cpl_behind_stop(writer->behind);
    if (writer->target.fd >= 0)
        close(writer->target.fd);
    if (!writer->finished && writer->place.name)
        unlinkat(writer->place.dir, writer->place.name, 0);
    cpl_place_close(&writer->place);
    cpl_free(writer->block);
    cpl_free(writer->hash);
    cpl_free(writer->token);
    cpl_free(writer->final_path);
    cpl_free(writer);
}

/* ---- checksums of what stands ---- */

bool cpl_storage_checksum(struct cpl_storage *storage, const char *path, uint64_t *size,
                          char checksum[40], struct cpl_error *err)
{
    uint8_t *piece = NULL;
    XXH3_state_t *hash = cpl_alloc(HASH_BLOCK, err);
    struct cpl_reader *reader = hash ? cpl_reader_open(storage, path, err) : NULL;
    bool ok = reader && (piece = cpl_alloc(BIG_BUFFER, err)) != NULL;
    if (ok)
        XXH3_128bits_reset(hash);
    *size = 0;
    for (size_t got = BIG_BUFFER; ok && got == BIG_BUFFER; *size += got) {
        ok = cpl_reader_at(reader, *size, piece, BIG_BUFFER, &got, err);
        if (ok)
            XXH3_128bits_update(hash, piece, got);
    }
    if (ok)
        format_checksum(hash, checksum);
    cpl_reader_close(reader);
    cpl_free(piece);
    cpl_free(hash);
    return ok;
}

/* ---- small files ---- */

static bool write_and_sync(int fd, const char *path, const uint8_t *data, size_t size,
                           struct cpl_error *err)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = cpl_call_pwrite(fd, data + done, size - done, (off_t)done);
        if (put <= 0)
            return cpl_fail_errno(err, put < 0 ? errno : EIO, "cannot write %s", path);
        done += (size_t)put;
    }
    return cpl_call_fsync(fd) == 0 || cpl_fail_errno(err, errno, "cannot sync %s", path);
}

bool cpl_local_write_new(struct cpl_place *place, const char *path, const void *data, size_t size,
                         struct cpl_error *err)
{
    int fd = cpl_call_open(place->dir, place->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
    if (fd < 0)
        return cpl_fail_errno(err, errno, "cannot create %s", path);
    bool ok = write_and_sync(fd, path, data, size, err);
    if (cpl_call_close(fd) < 0 && ok)
        ok = cpl_fail_errno(err, errno, "cannot close %s", path);
    if (!ok)
        unlinkat(place->dir, place->name, 0);
    return ok;
}

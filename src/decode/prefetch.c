/* A stream on a thread of its own, some blocks ahead.
 *
 *   inner ──▶ [producer thread] ──▶ ring of blocks ──▶ read
 *
 * The producer fills a block at a time; the reader follows it within the block, so that a slow pipe isn't held back. A block
 * that was read to its end goes back to the producer. An error travels behind the good bytes. Closing early wakes the producer and
 * waits for the one read that it may be in.
 * Threads: `lock` guards the ring; `inner_lock` guards the stream below, which locate and reread use from the reader's
 * thread. The producer never waits for the ring while it holds inner_lock. */
#include "decode/stream.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

struct block {
    uint8_t *data;
    size_t size; /* what the reader may read */
};

struct prefetch_stream {
    struct cpl_stream base;
    struct cpl_stream *inner;
    pthread_t thread;
    bool running;
    pthread_mutex_t lock, inner_lock;
    pthread_cond_t filled, emptied;
    struct block *blocks;
    unsigned n_blocks;
    size_t block_size;
    unsigned first,
        n_filled; /* blocks[first … first+n_filled) are full; the one behind is being filled */
    size_t at;    /* read of blocks[first] */
    _Atomic bool stopped;
    bool ended, failed;
    struct cpl_error error;
};

/* ---- producer ---- */

/* Show the reader what was read. */
static void publish(struct prefetch_stream *stream, struct block *block, size_t got)
{
    pthread_mutex_lock(&stream->lock);
    block->size += got;
    if (block->size == stream->block_size)
        stream->n_filled++;
    pthread_cond_signal(&stream->filled);
    pthread_mutex_unlock(&stream->lock);
}

static void end(struct prefetch_stream *stream, bool failed, const struct cpl_error *error)
{
    pthread_mutex_lock(&stream->lock);
    stream->ended = true;
    stream->failed = failed;
    stream->error = *error;
    pthread_cond_signal(&stream->filled);
    pthread_mutex_unlock(&stream->lock);
}

/* Fill one block; false = nothing comes after it. */
static bool fill(struct prefetch_stream *stream, struct block *block)
{
    for (size_t size = 0, got = 0; size < stream->block_size && !atomic_load(&stream->stopped);
         size += got) {
        struct cpl_error error = {0};
        pthread_mutex_lock(&stream->inner_lock);
        bool ok = cpl_stream_read(stream->inner, block->data + size, stream->block_size - size,
                                  &got, &error);
        pthread_mutex_unlock(&stream->inner_lock);
        if (!ok || !got) {
            end(stream, !ok, &error);
            return false;
        }
        publish(stream, block, got);
    }
    return true;
}

/* The next free block, or NULL when the stream is being closed. */
static struct block *wait_for_room(struct prefetch_stream *stream)
{
    struct block *block = NULL;
    pthread_mutex_lock(&stream->lock);
    while (stream->n_filled == stream->n_blocks && !atomic_load(&stream->stopped))
        pthread_cond_wait(&stream->emptied, &stream->lock);
    if (!atomic_load(&stream->stopped))
        block = &stream->blocks[(stream->first + stream->n_filled) % stream->n_blocks];
    pthread_mutex_unlock(&stream->lock);
    return block;
}

static void *produce(void *argument)
{
    struct prefetch_stream *stream = argument;
    struct block *block;
    while ((block = wait_for_room(stream)) != NULL && fill(stream, block))
        ;
    return NULL;
}

/* ---- reader ---- */

/* The first block has been read: the producer may have it. With the lock held. */
static void give_back(struct prefetch_stream *stream)
{
    stream->blocks[stream->first].size = 0;
    stream->first = (stream->first + 1) % stream->n_blocks;
    stream->n_filled--;
    stream->at = 0;
    pthread_cond_signal(&stream->emptied);
}

/* How many bytes can be read at blocks[first] + at; 0 = the end, or an error. */
static size_t wait_for_bytes(struct prefetch_stream *stream, bool *failed)
{
    pthread_mutex_lock(&stream->lock);
    if (stream->n_filled && stream->at == stream->block_size)
        give_back(stream);
    while (stream->at == stream->blocks[stream->first].size && !stream->ended)
        pthread_cond_wait(&stream->filled, &stream->lock);
    size_t left = stream->blocks[stream->first].size - stream->at;
    *failed = !left && stream->failed;
    pthread_mutex_unlock(&stream->lock);
    return left;
}

static bool prefetch_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                          struct cpl_error *err)
{
    struct prefetch_stream *stream = (struct prefetch_stream *)base;
    bool failed = false;
    size_t left = size ? wait_for_bytes(stream, &failed) : 0;
    *got = size < left ? size : left;
    if (failed && err)
        *err = stream->error;
    if (*got)
        memcpy(data, stream->blocks[stream->first].data + stream->at, *got);
    stream->at += *got;
    base->position += *got;
    return !failed;
}

static bool prefetch_locate(struct cpl_stream *base, uint64_t from, uint64_t to,
                            uint64_t *object_from, uint64_t *object_to, struct cpl_buffer *raw,
                            struct cpl_error *err)
{
    struct prefetch_stream *stream = (struct prefetch_stream *)base;
    pthread_mutex_lock(&stream->inner_lock);
    bool ok = stream->inner->ops->locate(stream->inner, from, to, object_from, object_to, raw, err);
    pthread_mutex_unlock(&stream->inner_lock);
    return ok;
}

/* A hint: not worth waiting for a read that is under way. */
static void prefetch_forget(struct cpl_stream *base, uint64_t before)
{
    struct prefetch_stream *stream = (struct prefetch_stream *)base;
    if (pthread_mutex_trylock(&stream->inner_lock))
        return;
    cpl_stream_forget(stream->inner, before);
    pthread_mutex_unlock(&stream->inner_lock);
}

static bool prefetch_reread(struct cpl_stream *base, uint64_t offset, void *data, size_t size,
                            size_t *got, struct cpl_error *err)
{
    struct prefetch_stream *stream = (struct prefetch_stream *)base;
    pthread_mutex_lock(&stream->inner_lock);
    bool ok = stream->inner->ops->reread(stream->inner, offset, data, size, got, err);
    pthread_mutex_unlock(&stream->inner_lock);
    return ok;
}

static void prefetch_close(struct cpl_stream *base)
{
    struct prefetch_stream *stream = (struct prefetch_stream *)base;
    if (stream->running) {
        pthread_mutex_lock(&stream->lock);
        atomic_store(&stream->stopped, true);
        pthread_cond_signal(&stream->emptied);
        pthread_mutex_unlock(&stream->lock);
        pthread_join(stream->thread, NULL);
    }
    cpl_stream_close(stream->inner);
    for (unsigned i = 0; stream->blocks && i < stream->n_blocks; i++)
        cpl_free(stream->blocks[i].data);
    cpl_free(stream->blocks);
    pthread_mutex_destroy(&stream->lock);
    pthread_mutex_destroy(&stream->inner_lock);
    pthread_cond_destroy(&stream->filled);
    pthread_cond_destroy(&stream->emptied);
    cpl_free(stream);
}

/* ---- opening ---- */

/* One table for each of what the stream below can do: a function that is NULL says so to the caller. */
#define PREFETCH_OPS .name = "prefetch", .read = prefetch_read, .close = prefetch_close
static const struct cpl_stream_ops plain_ops = {PREFETCH_OPS};
static const struct cpl_stream_ops locating_ops = {PREFETCH_OPS, .locate = prefetch_locate,
                                                   .forget = prefetch_forget};
static const struct cpl_stream_ops rereading_ops = {PREFETCH_OPS, .reread = prefetch_reread};

/* Signals are for the threads that expect them. */
static int start_thread(struct prefetch_stream *stream)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int errnum = pthread_create(&stream->thread, NULL, produce, stream);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return errnum;
}

static bool start(struct prefetch_stream *stream, struct cpl_error *err)
{
    stream->blocks = cpl_alloc_zero(stream->n_blocks, sizeof *stream->blocks, err);
    if (!stream->blocks)
        return false;
    for (unsigned i = 0; i < stream->n_blocks; i++) {
        stream->blocks[i].data = cpl_alloc(stream->block_size, err);
        if (!stream->blocks[i].data)
            return false;
    }
    int errnum = start_thread(stream);
    stream->running = !errnum;
    return !errnum || cpl_fail_errno(err, errnum, "cannot start a thread for reading ahead");
}

struct cpl_stream *cpl_stream_prefetch(struct cpl_stream *inner, size_t block_size, unsigned blocks,
                                       struct cpl_error *err)
{
    struct prefetch_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream) {
        cpl_stream_close(inner);
        return NULL;
    }
    stream->base.ops = inner->ops->locate   ? &locating_ops
                       : inner->ops->reread ? &rereading_ops
                                            : &plain_ops;
    stream->base.position = inner->position;
    stream->inner = inner;
    stream->n_blocks = blocks > 1 ? blocks : 2;
    stream->block_size = block_size ? block_size : 1 << 20;
    pthread_mutex_init(&stream->lock, NULL);
    pthread_mutex_init(&stream->inner_lock, NULL);
    pthread_cond_init(&stream->filled, NULL);
    pthread_cond_init(&stream->emptied, NULL);
    if (!start(stream, err)) {
        prefetch_close(&stream->base);
        return NULL;
    }
    return &stream->base;
}

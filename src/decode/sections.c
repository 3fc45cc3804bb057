#include "decode/sections.h"

#include <pthread.h>
#include <string.h>

enum { BLOCK = 1 << 20, SPARE_BLOCKS = 16 };

struct cpl_sections {
    struct cpl_stream *inner; /* of whoever has set `reading` */
    pthread_mutex_t lock;     /* guards all that follows */
    pthread_cond_t arrived;
    bool reading, ended, failed;
    struct cpl_error error;
    uint64_t end;     /* bytes that have come */
    uint64_t first;   /* number of blocks[0]: all before are given up */
    uint8_t **blocks; /* block k holds the bytes from k × BLOCK */
    size_t n, capacity;
    uint8_t *spare[SPARE_BLOCKS];
    unsigned n_spare;
    struct section_stream *readers;
};

struct section_stream {
    struct cpl_stream base;
    struct cpl_sections *sections;
    uint64_t give_up_to; /* 0: what it reads is kept */
    uint64_t furthest;   /* a reader that keeps what it reads is lost behind this */
    uint64_t copied;     /* where it copies from at this moment; else UINT64_MAX */
    bool lost;
    struct section_stream *next;
};

/* ---- blocks; with the lock held ---- */

static bool add_block(struct cpl_sections *s, struct cpl_error *err)
{
    if (s->n == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 16;
        uint8_t **blocks = cpl_realloc(s->blocks, capacity * sizeof *blocks, err);
        if (!blocks)
            return false;
        s->blocks = blocks;
        s->capacity = capacity;
    }
    uint8_t *block = s->n_spare ? s->spare[--s->n_spare] : cpl_alloc(BLOCK, err);
    if (block)
        s->blocks[s->n++] = block;
    return block != NULL;
}

/* What a reader copies from at this moment stays; it goes with the next call. */
static uint64_t not_copied(const struct cpl_sections *s, uint64_t offset)
{
    for (const struct section_stream *r = s->readers; r; r = r->next)
        offset = r->copied < offset ? r->copied : offset;
    return offset;
}

static void give_up(struct cpl_sections *s, uint64_t offset)
{
    size_t passed = 0;
    offset = not_copied(s, offset);
    while (passed < s->n && (s->first + passed + 1) * BLOCK <= offset) {
        uint8_t *block = s->blocks[passed++];
        if (s->n_spare < SPARE_BLOCKS)
            s->spare[s->n_spare++] = block;
        else
            cpl_free(block);
    }
    if (!passed)
        return;
    s->n -= passed;
    s->first += passed;
    memmove(s->blocks, s->blocks + passed, s->n * sizeof *s->blocks);
}

static uint8_t *byte_at(const struct cpl_sections *s, uint64_t offset)
{
    return s->blocks[offset / BLOCK - s->first] + offset % BLOCK;
}

/* ---- reading on ---- */

/* One read of inner; the lock is open meanwhile. */
static void read_on(struct cpl_sections *s)
{
    struct cpl_error error = {0};
    size_t got = 0, room = BLOCK - (size_t)(s->end % BLOCK);
    bool ok = s->first * BLOCK + s->n * BLOCK > s->end || add_block(s, &error);
    if (ok) {
        uint8_t *to = byte_at(s, s->end);
        s->reading = true;
        pthread_mutex_unlock(&s->lock);
        ok = cpl_stream_read(s->inner, to, room, &got, &error);
        pthread_mutex_lock(&s->lock);
        s->reading = false;
    }
    s->end += got;
    s->ended = ok && !got;
    s->failed = !ok;
    if (!ok)
        s->error = error;
    pthread_cond_broadcast(&s->arrived);
}

/* Until there is a byte at `offset`, or never will be. With the lock held. */
static bool arrive(struct cpl_sections *s, uint64_t offset)
{
    while (offset >= s->end && !s->ended && !s->failed) {
        if (s->reading)
            pthread_cond_wait(&s->arrived, &s->lock);
        else
            read_on(s);
    }
    return offset < s->end;
}

bool cpl_sections_reach(struct cpl_sections *sections, uint64_t offset)
{
    pthread_mutex_lock(&sections->lock);
    bool there = arrive(sections, offset);
    pthread_mutex_unlock(&sections->lock);
    return there;
}

void cpl_sections_forget(struct cpl_sections *sections, uint64_t offset)
{
    pthread_mutex_lock(&sections->lock);
    give_up(sections, offset < sections->end ? offset : sections->end);
    pthread_mutex_unlock(&sections->lock);
}

/* ---- a reader ---- */

/* Up to `size` bytes at the reader's position, from one block; NULL: there are none, or *ok is false. With the lock held. */
static const uint8_t *find_bytes(struct section_stream *stream, size_t size, size_t *got, bool *ok,
                                 struct cpl_error *err)
{
    struct cpl_sections *s = stream->sections;
    uint64_t at = stream->base.position;
    *ok = stream->lost || !size || arrive(s, at) || !s->failed;
    if (!*ok && err)
        *err = s->error;
    stream->lost |= at / BLOCK < s->first;
    if (stream->lost)
        *ok = cpl_fail(err, CPL_E_INTERNAL,
                       "a section at byte %llu was given up before it was read",
                       (unsigned long long)at);
    if (!*ok || !size || at >= s->end)
        return NULL;
    uint64_t left = s->end - at, whole = BLOCK - at % BLOCK;
    *got = (size_t)(left < whole ? left : whole);
    *got = size < *got ? size : *got;
    return byte_at(s, at);
}

static bool section_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                         struct cpl_error *err)
{
    struct section_stream *stream = (struct section_stream *)base;
    struct cpl_sections *s = stream->sections;
    bool ok;
    *got = 0;
    pthread_mutex_lock(&s->lock);
    give_up(s, base->position < stream->give_up_to ? base->position : stream->give_up_to);
    const uint8_t *from = find_bytes(stream, size, got, &ok, err);
    stream->copied = from ? base->position : UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    if (!from)
        return ok;
    memcpy(data, from, *got);
    pthread_mutex_lock(&s->lock);
    stream->copied = UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
    base->position += *got;
    return ok;
}

/* Where its rows are beyond its section, the next one starts at `before` or behind it: a row that runs through many sections
 * leaves nothing behind it. Who only guesses where it started is not worth going on so far. */
static void section_forget(struct cpl_stream *base, uint64_t before)
{
    struct section_stream *stream = (struct section_stream *)base;
    if (!stream->give_up_to)
        stream->lost |= before > stream->furthest;
    else if (before > stream->give_up_to)
        stream->give_up_to = before;
}

static void section_close(struct cpl_stream *base)
{
    struct section_stream *stream = (struct section_stream *)base;
    struct cpl_sections *s = stream->sections;
    pthread_mutex_lock(&s->lock);
    struct section_stream **link = &s->readers;
    while (*link != stream)
        link = &(*link)->next;
    *link = stream->next;
    pthread_mutex_unlock(&s->lock);
    cpl_free(base);
}

static const struct cpl_stream_ops section_ops = {
    .name = "section", .read = section_read, .forget = section_forget, .close = section_close};

struct cpl_stream *cpl_sections_open(struct cpl_sections *sections, uint64_t from,
                                     uint64_t give_up_to, uint64_t furthest, struct cpl_error *err)
{
    struct section_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    pthread_mutex_lock(&sections->lock);
    *stream = (struct section_stream){.base = {.ops = &section_ops, .position = from},
                                      .sections = sections,
                                      .give_up_to = give_up_to,
                                      .furthest = furthest,
                                      .copied = UINT64_MAX,
                                      .next = sections->readers};
    sections->readers = stream;
    pthread_mutex_unlock(&sections->lock);
    return &stream->base;
}

bool cpl_sections_lost(const struct cpl_stream *stream)
{
    return ((const struct section_stream *)stream)->lost;
}

void cpl_sections_give_up(struct cpl_stream *stream, uint64_t give_up_to)
{
    ((struct section_stream *)stream)->give_up_to = give_up_to;
}

/* ---- opening and closing ---- */

struct cpl_sections *cpl_sections_new(struct cpl_stream *inner, struct cpl_error *err)
{
    struct cpl_sections *sections = cpl_alloc_zero(1, sizeof *sections, err);
    if (!sections) {
        cpl_stream_close(inner);
        return NULL;
    }
    sections->inner = inner;
    pthread_mutex_init(&sections->lock, NULL);
    pthread_cond_init(&sections->arrived, NULL);
    return sections;
}

void cpl_sections_free(struct cpl_sections *sections)
{
    if (!sections)
        return;
    cpl_stream_close(sections->inner);
    for (size_t i = 0; i < sections->n; i++)
        cpl_free(sections->blocks[i]);
    while (sections->n_spare)
        cpl_free(sections->spare[--sections->n_spare]);
    cpl_free(sections->blocks);
    pthread_mutex_destroy(&sections->lock);
    pthread_cond_destroy(&sections->arrived);
    cpl_free(sections);
}

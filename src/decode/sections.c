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
};

struct section_stream {
    struct cpl_stream base;
    struct cpl_sections *sections;
    uint64_t give_up_to;
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

static void give_up(struct cpl_sections *s, uint64_t offset)
{
    size_t passed = 0;
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

static bool section_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                         struct cpl_error *err)
{
    struct section_stream *stream = (struct section_stream *)base;
    struct cpl_sections *s = stream->sections;
    const uint8_t *from = NULL;
    pthread_mutex_lock(&s->lock);
    give_up(s, base->position < stream->give_up_to ? base->position : stream->give_up_to);
    *got = 0;
    bool ok = !size || arrive(s, base->position) || !s->failed;
    if (!ok && err)
        *err = s->error;
    if (ok && size && base->position < s->end) {
        uint64_t left = s->end - base->position, whole = BLOCK - base->position % BLOCK;
        *got = (size_t)(left < whole ? left : whole);
        *got = size < *got ? size : *got;
        from = byte_at(s, base->position);
    }
    pthread_mutex_unlock(&s->lock);
    if (from)
        memcpy(data, from, *got);
    base->position += *got;
    return ok;
}

static void section_close(struct cpl_stream *base)
{
    cpl_free(base);
}

static const struct cpl_stream_ops section_ops = {
    .name = "section", .read = section_read, .close = section_close};

struct cpl_stream *cpl_sections_open(struct cpl_sections *sections, uint64_t from,
                                     uint64_t give_up_to, struct cpl_error *err)
{
    struct section_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    *stream = (struct section_stream){.base = {.ops = &section_ops, .position = from},
                                      .sections = sections,
                                      .give_up_to = give_up_to};
    return &stream->base;
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

#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLACK = 64, ARENA_CHUNK = 64 << 10 };
static const size_t DEFAULT_MAX = (size_t)1 << 30;

static _Atomic uint64_t allocations;
static _Atomic uint64_t fail_at; /* absolute number of the allocation that fails; 0 = none */

static bool refused(void)
{
    uint64_t number = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    uint64_t target = atomic_load_explicit(&fail_at, memory_order_relaxed);
    return target && number == target;
}

void cpl_memory_fail_at(uint64_t n)
{
    atomic_store(&fail_at, n ? atomic_load(&allocations) + n : 0);
}
uint64_t cpl_memory_allocations(void)
{
    return atomic_load(&allocations);
}

static void *out_of_memory(size_t size, struct cpl_error *err)
{
    cpl_fail(err, CPL_E_MEMORY, "out of memory: %zu bytes were asked for", size);
    return NULL;
}

void *cpl_alloc(size_t size, struct cpl_error *err)
{
    if (refused())
        return out_of_memory(size, err);
    void *block = size >= 4096 ? aligned_alloc(64, (size + 63) & ~(size_t)63)
                               : malloc(size ? size : 1);
    return block ? block : out_of_memory(size, err);
}

void *cpl_alloc_zero(size_t count, size_t size, struct cpl_error *err)
{
    if (refused())
        return out_of_memory(count * size, err);
    void *block = calloc(count ? count : 1, size ? size : 1);
    return block ? block : out_of_memory(count * size, err);
}

void *cpl_realloc(void *block, size_t size, struct cpl_error *err)
{
    if (refused())
        return out_of_memory(size, err);
    void *bigger = realloc(block, size ? size : 1);
    return bigger ? bigger : out_of_memory(size, err);
}

char *cpl_strndup(const char *text, size_t length, struct cpl_error *err)
{
    char *copy = cpl_alloc(length + 1, err);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

char *cpl_strdup(const char *text, struct cpl_error *err)
{
    return cpl_strndup(text, strlen(text), err);
}

char *cpl_format(struct cpl_error *err, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length < 0 ? NULL : cpl_alloc((size_t)length + 1, err);
    if (text)
        vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void cpl_memory_keep(void)
{
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 2 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
    /* What one thread frees serves the next. We ask for few and large blocks, so nobody waits. */
    mallopt(M_ARENA_MAX, 1);
#endif
}

void cpl_free(void *block)
{
    free(block);
}

/* ---- buffer ---- */

void cpl_buffer_release(struct cpl_buffer *buffer)
{
    cpl_free(buffer->data);
    size_t max = buffer->max;
    *buffer = (struct cpl_buffer){.max = max};
}

bool cpl_buffer_reserve(struct cpl_buffer *buffer, size_t extra, struct cpl_error *err)
{
    size_t max = buffer->max ? buffer->max : DEFAULT_MAX;
    if (buffer->capacity >= SLACK && extra <= buffer->capacity - SLACK - buffer->size)
        return true;
    if (extra > max || buffer->size > max - extra)
        return cpl_fail(err, CPL_E_LIMIT, "a buffer would grow beyond its limit of %zu bytes", max);
    size_t want = buffer->size + extra;
    size_t capacity = buffer->capacity + buffer->capacity / 2;
    if (capacity < want)
        capacity = want;
    if (capacity < 192)
        capacity = 192;
    uint8_t *data = cpl_realloc(buffer->data, capacity + SLACK, err);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity + SLACK;
    return true;
}

bool cpl_buffer_append(struct cpl_buffer *buffer, const void *data, size_t size,
                       struct cpl_error *err)
{
    if (!cpl_buffer_reserve(buffer, size, err))
        return false;
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return true;
}

bool cpl_buffer_append_text(struct cpl_buffer *buffer, const char *text, struct cpl_error *err)
{
    return cpl_buffer_append(buffer, text, strlen(text), err);
}

bool cpl_buffer_vprintf(struct cpl_buffer *buffer, struct cpl_error *err, const char *format,
                        va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    bool ok = length >= 0 && cpl_buffer_reserve(buffer, (size_t)length + 1, err);
    if (ok) {
        vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, again);
        buffer->size += (size_t)length;
    }
    va_end(again);
    return ok;
}

bool cpl_buffer_printf(struct cpl_buffer *buffer, struct cpl_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = cpl_buffer_vprintf(buffer, err, format, args);
    va_end(args);
    return ok;
}

const char *cpl_buffer_text(struct cpl_buffer *buffer, struct cpl_error *err)
{
    if (!cpl_buffer_reserve(buffer, 1, err))
        return NULL;
    buffer->data[buffer->size] = 0;
    return (const char *)buffer->data;
}

/* ---- arena ---- */

struct cpl_arena_chunk {
    struct cpl_arena_chunk *older;
    size_t capacity;
    uint8_t bytes[] __attribute__((aligned(64)));
};

void cpl_arena_release(struct cpl_arena *arena)
{
    for (struct cpl_arena_chunk *chunk = arena->chunks; chunk;) {
        struct cpl_arena_chunk *older = chunk->older;
        cpl_free(chunk);
        chunk = older;
    }
    size_t max = arena->max;
    *arena = (struct cpl_arena){.max = max};
}

void cpl_arena_reset(struct cpl_arena *arena)
{
    struct cpl_arena_chunk *keep = arena->chunks;
    for (struct cpl_arena_chunk *chunk = keep; chunk; chunk = chunk->older)
        if (chunk->capacity > keep->capacity)
            keep = chunk;
    for (struct cpl_arena_chunk *chunk = arena->chunks; chunk;) {
        struct cpl_arena_chunk *older = chunk->older;
        if (chunk != keep)
            cpl_free(chunk);
        chunk = older;
    }
    size_t max = arena->max;
    *arena = (struct cpl_arena){.max = max, .chunks = keep};
    if (keep) {
        keep->older = NULL;
        arena->next = keep->bytes;
        arena->end = keep->bytes + keep->capacity;
        arena->used = keep->capacity;
    }
}

void *cpl_arena_alloc_slow(struct cpl_arena *arena, size_t size, struct cpl_error *err)
{
    size_t max = arena->max ? arena->max : DEFAULT_MAX;
    size_t rounded = size ? (size + 7u) & ~(size_t)7u : 8;
    if (rounded < size || rounded > max || arena->used > max - rounded) {
        cpl_fail(err, CPL_E_LIMIT, "an arena would grow beyond its limit of %zu bytes", max);
        return NULL;
    }
    size_t capacity = arena->used < ARENA_CHUNK ? ARENA_CHUNK : arena->used;
    if (capacity > max - arena->used)
        capacity = max - arena->used;
    if (capacity > ((size_t)4 << 20))
        capacity = (size_t)4 << 20;
    if (capacity < rounded)
        capacity = rounded;
    struct cpl_arena_chunk *chunk = cpl_alloc(sizeof *chunk + capacity + SLACK, err);
    if (!chunk)
        return NULL;
    chunk->older = arena->chunks;
    chunk->capacity = capacity;
    arena->chunks = chunk;
    arena->used += capacity;
    arena->next = chunk->bytes + rounded;
    arena->end = chunk->bytes + capacity;
    return chunk->bytes;
}

char *cpl_arena_strndup(struct cpl_arena *arena, const char *text, size_t length,
                        struct cpl_error *err)
{
    char *copy = cpl_arena_alloc(arena, length + 1, err);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

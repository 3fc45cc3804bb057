/* Allocation that can be made to fail, and the two shapes that nearly everything uses.
 *
 * cpl_alloc & co. are malloc with an error value, and with a test hook: cpl_memory_fail_at(n) makes
 * the n-th allocation from now fail, so that tests walk every failing path.
 * struct cpl_buffer grows up to a stated maximum. struct cpl_arena hands out memory that is given
 * back all at once; one arena belongs to one batch or one parsed file.
 * Threads: cpl_alloc is safe from any thread; a buffer or arena belongs to one thread at a time. */
#pragma once
#include "base/error.h"
#include <stdint.h>

/* Contents undefined, aligned to 16 (64 for sizes ≥ 4 KiB). NULL + CPL_E_MEMORY on failure; size 0 gives a valid pointer. */
void *cpl_alloc(size_t size, struct cpl_error *err) CPL_CHECKED;
void *cpl_alloc_zero(size_t count, size_t size, struct cpl_error *err) CPL_CHECKED;
/* NULL on failure, the old block then still stands. */
void *cpl_realloc(void *block, size_t size, struct cpl_error *err) CPL_CHECKED;
char *cpl_strdup(const char *text, struct cpl_error *err) CPL_CHECKED;
char *cpl_strndup(const char *text, size_t length, struct cpl_error *err) CPL_CHECKED;
/* Allocated, formatted text; NULL on failure. */
char *cpl_format(struct cpl_error *err, const char *format, ...) CPL_PRINTF(2, 3) CPL_CHECKED;
void cpl_free(void *block);

/* For programs, never for the library: have the allocator keep what is freed for the next page, part and block, instead of
 * giving it to the kernel and faulting it in again. Call once, before the first thread. */
void cpl_memory_keep(void);

/* Tests only: the n-th allocation from now (1 = the next) fails, once; 0 = never. */
void cpl_memory_fail_at(uint64_t n);
/* Allocations made since the start of the program. */
uint64_t cpl_memory_allocations(void);

/* ---- buffer: contiguous bytes that grow, never beyond .max (0 = 1 GiB) ---- */
struct cpl_buffer {
    uint8_t *data;
    size_t size, capacity, max;
};
void cpl_buffer_release(struct cpl_buffer *buffer);
/* Room for `extra` more bytes behind .size (plus 64 bytes of slack that vector code may overrun). */
bool cpl_buffer_reserve(struct cpl_buffer *buffer, size_t extra, struct cpl_error *err) CPL_CHECKED;
bool cpl_buffer_append(struct cpl_buffer *buffer, const void *data, size_t size,
                       struct cpl_error *err) CPL_CHECKED;
bool cpl_buffer_append_text(struct cpl_buffer *buffer, const char *text,
                            struct cpl_error *err) CPL_CHECKED;
bool cpl_buffer_printf(struct cpl_buffer *buffer, struct cpl_error *err, const char *format, ...)
    CPL_PRINTF(3, 4) CPL_CHECKED;
bool cpl_buffer_vprintf(struct cpl_buffer *buffer, struct cpl_error *err, const char *format,
                        va_list args) CPL_PRINTF(3, 0) CPL_CHECKED;
/* The bytes as a C string (a NUL is put behind .size); NULL only when memory ran out. Borrowed. */
const char *cpl_buffer_text(struct cpl_buffer *buffer, struct cpl_error *err);

/* ---- arena ---- */
struct cpl_arena_chunk;
struct cpl_arena {
    struct cpl_arena_chunk *chunks;
    uint8_t *next, *end;
    size_t used, max; /* max 0 = 1 GiB */
};
void cpl_arena_release(struct cpl_arena *arena);
/* Forget all content, keep the largest chunk for reuse. */
void cpl_arena_reset(struct cpl_arena *arena);
void *cpl_arena_alloc_slow(struct cpl_arena *arena, size_t size, struct cpl_error *err);
/* Aligned to 8. A further 64 bytes behind what is returned may be read (not written) by vector code. */
static inline void *cpl_arena_alloc(struct cpl_arena *arena, size_t size, struct cpl_error *err)
{
    size_t rounded = size ? (size + 7u) & ~(size_t)7u : 8; /* size 0 gives a valid pointer, too */
    if (__builtin_expect(rounded < size || (size_t)(arena->end - arena->next) < rounded, 0))
        return cpl_arena_alloc_slow(arena, size, err);
    void *block = arena->next;
    arena->next += rounded;
    return block;
}
char *cpl_arena_strndup(struct cpl_arena *arena, const char *text, size_t length,
                        struct cpl_error *err);

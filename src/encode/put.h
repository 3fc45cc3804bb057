/* Appending to a buffer in the inner loops of text encoders: inline, with one comparison when there is room. */
#pragma once
#include "base/memory.h"
#include <string.h>

enum { CPL_PUT_SLACK = 64 }; /* what cpl_buffer_reserve keeps behind the buffer's end */

/* Room for n more bytes? */
static inline bool cpl_put_room(struct cpl_buffer *out, size_t n, struct cpl_error *err)
{
    if (__builtin_expect(out->capacity > out->size + CPL_PUT_SLACK &&
                             n <= out->capacity - out->size - CPL_PUT_SLACK,
                         1))
        return true;
    return cpl_buffer_reserve(out, n, err);
}

static inline bool cpl_put(struct cpl_buffer *out, const void *data, size_t n,
                           struct cpl_error *err)
{
    if (!cpl_put_room(out, n, err))
        return false;
    memcpy(out->data + out->size, data, n);
    out->size += n;
    return true;
}

static inline bool cpl_put_char(struct cpl_buffer *out, char c, struct cpl_error *err)
{
    if (!cpl_put_room(out, 1, err))
        return false;
    out->data[out->size++] = (uint8_t)c;
    return true;
}

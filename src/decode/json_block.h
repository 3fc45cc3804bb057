/* The bytes at hand: a window of the stream that slides forward, NULs behind it.
 *
 *   base ─▶ [ consumed │ at …… unread …… │ size ) 64 NULs
 *
 * Blocks are filled up to their capacity or the end, whatever the sizes that reads return, so that
 * batches are the same for all of them. A row longer than the window makes it grow, up to `most`.
 */
#pragma once
#include "decode/stream.h"

struct json_block {
    struct cpl_stream *bytes;
    uint8_t *data;
    size_t size, capacity, most;
    size_t at;     /* first byte not consumed */
    uint64_t base; /* position of data[0] */
    bool whole;    /* the stream has ended */
};

bool json_block_init(struct json_block *block, struct cpl_stream *bytes, uint64_t position,
                     size_t capacity, size_t most, struct cpl_error *err) CPL_CHECKED;
void json_block_release(struct json_block *block);
/* Drop what is consumed (nothing of it will be located any more) and read on. When nothing was consumed the window grows first; false with
 * CPL_E_LIMIT cannot happen: ask json_block_is_full. */
bool json_block_fill(struct json_block *block, struct cpl_error *err) CPL_CHECKED;
/* One row fills the window, and it may not grow. */
static inline bool json_block_is_full(const struct json_block *block)
{
    return !block->at && block->size == block->capacity && block->capacity >= block->most;
}
static inline const uint8_t *json_block_end(const struct json_block *block)
{
    return block->data + block->size;
}
static inline uint64_t json_block_position(const struct json_block *block)
{
    return block->base + block->at;
}

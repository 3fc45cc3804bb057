#include "decode/json_block.h"
#include "decode/json_lex.h"

bool json_block_init(struct json_block *block, struct cpl_stream *bytes, uint64_t position,
                     size_t capacity, size_t most, struct cpl_error *err)
{
    *block = (struct json_block){.bytes = bytes, .capacity = capacity, .base = position};
    block->most = most > capacity ? most : capacity;
    block->data = cpl_alloc(capacity + JSON_PADDING, err);
    if (block->data)
        memset(block->data, 0, JSON_PADDING);
    return block->data != NULL;
}

void json_block_release(struct json_block *block)
{
    cpl_free(block->data);
    block->data = NULL;
}

static bool grow(struct json_block *block, struct cpl_error *err)
{
    size_t capacity = block->capacity < block->most / 2 ? block->capacity * 2 : block->most;
    uint8_t *data = cpl_realloc(block->data, capacity + JSON_PADDING, err);
    if (!data)
        return false;
    block->data = data;
    block->capacity = capacity;
    return true;
}

bool json_block_fill(struct json_block *block, struct cpl_error *err)
{
    if (block->at) {
        memmove(block->data, block->data + block->at, block->size - block->at);
        block->base += block->at;
        block->size -= block->at;
        block->at = 0;
        cpl_stream_forget(block->bytes, block->base);
    }
    if (block->size == block->capacity && block->capacity < block->most && !grow(block, err))
        return false;
    while (block->size < block->capacity && !block->whole) {
        size_t got;
        if (!cpl_stream_read(block->bytes, block->data + block->size, block->capacity - block->size,
                             &got, err))
            return false;
        block->size += got;
        block->whole = !got;
    }
    memset(block->data + block->size, 0, JSON_PADDING);
    return true;
}

/* Which source bytes became which output: blocks of up to 32 KiB of source with both offsets.
 *
 * When the stream below can be read again (a plain file) a block is just those offsets; otherwise
 * its bytes are kept, LZ4-compressed, as long as their output lies within the window. So memory is
 * at most the window's source (64 MiB of output: a third of it compressed, typically), and only for
 * compressed or piped input that is not UTF-8. */
#include "decode/charset.h"

#include <lz4.h>
#include <string.h>

bool cpl_history_init(struct cpl_history *history, bool keep_bytes, struct cpl_error *err)
{
    *history = (struct cpl_history){.keep_bytes = keep_bytes};
    if (!keep_bytes)
        return true;
    history->open = cpl_alloc(CPL_HISTORY_BLOCK, err);
    history->scratch = history->open ? cpl_alloc(LZ4_COMPRESSBOUND(CPL_HISTORY_BLOCK), err) : NULL;
    return history->scratch != NULL;
}

void cpl_history_release(struct cpl_history *history)
{
    for (size_t i = history->head; i < history->end; i++)
        cpl_free(history->blocks[i].stored);
    cpl_free(history->blocks);
    cpl_free(history->open);
    cpl_free(history->scratch);
    *history = (struct cpl_history){0};
}

static struct cpl_history_block *newest(const struct cpl_history *history)
{
    return history->head < history->end ? &history->blocks[history->end - 1] : NULL;
}

/* The newest block will grow no more: keep its bytes, smaller if that works. */
static bool seal(struct cpl_history *history, struct cpl_error *err)
{
    struct cpl_history_block *block = newest(history);
    if (!block || !history->keep_bytes || block->stored)
        return true;
    const uint8_t *bytes = history->scratch;
    int size = LZ4_compress_default((const char *)history->open, (char *)history->scratch,
                                    (int)block->size, LZ4_COMPRESSBOUND(CPL_HISTORY_BLOCK));
    if (size <= 0 || (uint32_t)size >= block->size) {
        bytes = history->open;
        size = (int)block->size;
    }
    block->stored = cpl_alloc((size_t)size, err);
    if (!block->stored)
        return false;
    memcpy(block->stored, bytes, (size_t)size);
    block->stored_size = (uint32_t)size;
    return true;
}

static bool make_room(struct cpl_history *history, struct cpl_error *err)
{
    if (history->end < history->capacity)
        return true;
    size_t alive = history->end - history->head;
    if (history->head > alive) {
        memmove(history->blocks, history->blocks + history->head, alive * sizeof *history->blocks);
        history->head = 0;
        history->end = alive;
        return true;
    }
    size_t capacity = history->capacity ? history->capacity * 2 : 64;
    struct cpl_history_block *blocks = cpl_realloc(history->blocks, capacity * sizeof *blocks, err);
    if (!blocks)
        return false;
    history->blocks = blocks;
    history->capacity = capacity;
    return true;
}

bool cpl_history_add(struct cpl_history *history, uint64_t source, uint64_t out, const uint8_t *raw,
                     size_t size, struct cpl_error *err)
{
    struct cpl_history_block *block = newest(history);
    if (!block || block->size + size > CPL_HISTORY_BLOCK) {
        if (!seal(history, err) || !make_room(history, err))
            return false;
        block = &history->blocks[history->end++];
        *block = (struct cpl_history_block){.source = source, .out = out};
    }
    if (history->keep_bytes)
        memcpy(history->open + block->size, raw, size);
    block->size += (uint32_t)size;
    return true;
}

void cpl_history_forget(struct cpl_history *history, uint64_t out)
{
    while (history->head + 1 < history->end && history->blocks[history->head + 1].out <= out)
        cpl_free(history->blocks[history->head++].stored);
}

const struct cpl_history_block *cpl_history_find(const struct cpl_history *history, uint64_t offset,
                                                 bool by_source)
{
    size_t low = history->head, high = history->end;
    while (low < high) { /* the first block that begins behind offset */
        size_t middle = low + (high - low) / 2;
        const struct cpl_history_block *block = &history->blocks[middle];
        if ((by_source ? block->source : block->out) <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low == history->head ? NULL : &history->blocks[low - 1];
}

const uint8_t *cpl_history_bytes(struct cpl_history *history, const struct cpl_history_block *block)
{
    if (!block->stored)
        return history->open;
    if (block->stored_size == block->size)
        return block->stored;
    int size = LZ4_decompress_safe((const char *)block->stored, (char *)history->scratch,
                                   (int)block->stored_size, CPL_HISTORY_BLOCK);
    return size == (int)block->size ? history->scratch : NULL;
}

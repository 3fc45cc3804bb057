#include "encode/part_bytes.h"
#include "storage/storage.h"

#include <string.h>
#include <unistd.h>

enum { PIECE = 256 << 10 };

struct cpl_part_block {
    uint8_t *data; /* NULL: in the store's file, at `offset` */
    uint64_t offset;
    size_t size;
};

void cpl_part_store_release(struct cpl_part_store *store)
{
    if (store->file)
        close(store->file - 1);
    store->file = 0;
    store->end = 0;
}

void cpl_part_bytes_release(struct cpl_part_bytes *bytes)
{
    for (uint32_t i = 0; i < bytes->n; i++)
        cpl_free(bytes->blocks[i].data);
    cpl_free(bytes->blocks);
    cpl_budget_count(bytes->budget, &bytes->counted, 0);
    *bytes = (struct cpl_part_bytes){0};
}

static bool grow(struct cpl_part_bytes *bytes, struct cpl_error *err)
{
    if (bytes->n < bytes->capacity)
        return true;
    uint32_t capacity = bytes->capacity ? 2 * bytes->capacity : 4;
    struct cpl_part_block *blocks = cpl_realloc(bytes->blocks, capacity * sizeof *blocks, err);
    if (!blocks)
        return false;
    bytes->blocks = blocks;
    bytes->capacity = capacity;
    return true;
}

static bool put_down(struct cpl_part_store *store, const struct cpl_buffer *bytes,
                     struct cpl_error *err)
{
    if (!store->file && !(store->file = cpl_scratch_open(NULL, err) + 1))
        return false;
    if (!cpl_scratch_put(store->file - 1, store->end, bytes->data, bytes->size, err))
        return false;
    store->end += bytes->size;
    return true;
}

static bool keep(struct cpl_part_block *block, const struct cpl_buffer *head,
                 const struct cpl_buffer *tail, struct cpl_error *err)
{
    block->data = cpl_alloc(block->size, err);
    if (!block->data)
        return false;
    if (head->size)
        memcpy(block->data, head->data, head->size);
    if (tail->size)
        memcpy(block->data + head->size, tail->data, tail->size);
    return true;
}

bool cpl_part_bytes_add(struct cpl_part_bytes *bytes, struct cpl_part_store *store,
                        const struct cpl_buffer *head, const struct cpl_buffer *tail,
                        struct cpl_error *err)
{
    struct cpl_part_block block = {.offset = store->end, .size = head->size + tail->size};
    if (!block.size)
        return true;
    if (!grow(bytes, err))
        return false;
    bool fits = cpl_budget_fits(store->budget, block.size);
    bool ok = fits ? keep(&block, head, tail, err)
                   : put_down(store, head, err) && put_down(store, tail, err);
    if (!ok)
        return false;
    bytes->blocks[bytes->n++] = block;
    bytes->size += block.size;
    bytes->budget = store->budget;
    cpl_budget_count(bytes->budget, &bytes->counted, bytes->counted + (fits ? block.size : 0));
    return true;
}

bool cpl_part_bytes_block(const struct cpl_part_bytes *bytes, const struct cpl_part_store *store,
                          uint32_t i, struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_part_block *block = &bytes->blocks[i];
    out->size = 0;
    if (block->data)
        return cpl_buffer_append(out, block->data, block->size, err);
    if (!cpl_buffer_reserve(out, block->size, err) ||
        !cpl_scratch_get(store->file - 1, block->offset, out->data, block->size, err))
        return false;
    out->size = block->size;
    return true;
}

static bool give_stored(const struct cpl_part_block *block, const struct cpl_part_store *store,
                        cpl_give_bytes *give, void *context, struct cpl_error *err)
{
    uint8_t *piece = cpl_alloc(PIECE, err);
    bool ok = piece != NULL;
    for (size_t at = 0, n; ok && at < block->size; at += n) {
        n = block->size - at < PIECE ? block->size - at : PIECE;
        ok = cpl_scratch_get(store->file - 1, block->offset + at, piece, n, err) &&
             give(context, piece, n, err);
    }
    cpl_free(piece);
    return ok;
}

bool cpl_part_bytes_each(const struct cpl_part_bytes *bytes, const struct cpl_part_store *store,
                         cpl_give_bytes *give, void *context, struct cpl_error *err)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < bytes->n; i++) {
        const struct cpl_part_block *block = &bytes->blocks[i];
        ok = block->data ? give(context, block->data, block->size, err)
                         : give_stored(block, store, give, context, err);
    }
    return ok;
}

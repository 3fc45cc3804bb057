#include "encode/text_part.h"
#include "encode/part_bytes.h"

enum { CHUNK_BYTES = 1 << 20 };

struct cpl_text_part {
    struct cpl_part_info info;
    struct cpl_part_bytes bytes;
    struct cpl_part_store store;
};

static struct cpl_text_builder *text_builder(struct cpl_part_builder *builder)
{
    return (struct cpl_text_builder *)builder;
}

void cpl_text_use_budget(struct cpl_part_builder *builder, struct cpl_budget *budget)
{
    text_builder(builder)->budget = budget;
}

static struct cpl_text_part *new_part(const struct cpl_text_builder *builder, struct cpl_error *err)
{
    struct cpl_text_part *part = cpl_alloc_zero(1, sizeof *part, err);
    if (part)
        part->store.budget = builder->budget;
    return part;
}

/* Move what is staged into a block of its own. */
static bool flush(struct cpl_text_builder *builder, struct cpl_error *err)
{
    static const struct cpl_buffer nothing;
    struct cpl_buffer *staging = &builder->staging;
    struct cpl_text_part *part = builder->part;
    if (staging->size == 0)
        return true;
    if (!cpl_part_bytes_add(&part->bytes, &part->store, &nothing, staging, err))
        return false;
    part->info.bytes += staging->size;
    staging->size = 0;
    return true;
}

bool cpl_text_append(struct cpl_part_builder *part_builder, const struct cpl_batch *batch,
                     const uint32_t *selection, uint32_t n, struct cpl_error *err)
{
    struct cpl_text_builder *builder = text_builder(part_builder);
    uint32_t rows = selection ? n : batch->rows;
    if (rows && !builder->part && !(builder->part = new_part(builder, err)))
        return false;
    for (uint32_t i = 0; i < rows; i++) {
        if (!builder->put_row(builder, batch, selection ? selection[i] : i, err))
            return false;
        builder->part->info.rows++;
        if (builder->staging.size >= CHUNK_BYTES && !flush(builder, err))
            return false;
    }
    return true;
}

bool cpl_text_finish(struct cpl_part_builder *part_builder, struct cpl_part **part,
                     struct cpl_error *err)
{
    struct cpl_text_builder *builder = text_builder(part_builder);
    *part = NULL;
    if (!flush(builder, err))
        return false;
    *part = (struct cpl_part *)builder->part;
    builder->part = NULL;
    return true;
}

bool cpl_text_cut(struct cpl_part_builder *part_builder, uint64_t bytes, struct cpl_part **part,
                  struct cpl_error *err)
{
    const struct cpl_text_builder *builder = text_builder(part_builder);
    uint64_t held = builder->part ? builder->part->info.bytes + builder->staging.size : 0;
    *part = NULL;
    return !held || held < bytes || cpl_text_finish(part_builder, part, err);
}

void cpl_text_discard(struct cpl_part_builder *part_builder)
{
    struct cpl_text_builder *builder = text_builder(part_builder);
    cpl_text_part_free((struct cpl_part *)builder->part);
    builder->part = NULL;
    builder->staging.size = 0;
}

void cpl_text_builder_release(struct cpl_text_builder *builder)
{
    cpl_text_discard((struct cpl_part_builder *)builder);
    cpl_buffer_release(&builder->staging);
}

uint64_t cpl_text_rows(const struct cpl_text_builder *builder)
{
    return builder->part->info.rows;
}

struct cpl_part_info cpl_text_part_info(const struct cpl_part *part)
{
    return ((const struct cpl_text_part *)part)->info;
}

void cpl_text_part_free(struct cpl_part *part)
{
    struct cpl_text_part *text = (struct cpl_text_part *)part;
    if (!text)
        return;
    cpl_part_bytes_release(&text->bytes);
    cpl_part_store_release(&text->store);
    cpl_free(text);
}

static bool give(void *context, const void *data, size_t size, struct cpl_error *err)
{
    struct cpl_write_sink *sink = context;
    return sink->write(sink, data, size, err);
}

bool cpl_text_part_write(const struct cpl_part *part, struct cpl_write_sink *sink,
                         struct cpl_error *err)
{
    const struct cpl_text_part *text = (const struct cpl_text_part *)part;
    return cpl_part_bytes_each(&text->bytes, &text->store, give, sink, err);
}

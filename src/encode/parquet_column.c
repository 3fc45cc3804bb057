/* One column chunk: values into pages, the choice of encoding and codec, statistics and page index (picture:
 * parquet_column.h). Page cuts depend on the values alone, never on how they were cut into batches. */
#include "encode/parquet_column.h"
#include "encode/parquet_bloom.h"

#include <string.h>

enum { SHRINK_ABOVE = 64 << 10 };

enum cpl_leaf_class cpl_leaf_class(const struct cpl_parquet_leaf *leaf)
{
    switch (leaf->type) {
    case CPL_PARQUET_BOOLEAN:
        return CPL_LEAF_BOOL;
    case CPL_PARQUET_FLOAT:
    case CPL_PARQUET_DOUBLE:
        return CPL_LEAF_FLOAT;
    case CPL_PARQUET_BYTE_ARRAY:
        return CPL_LEAF_BYTES;
    case CPL_PARQUET_FIXED_LEN_BYTE_ARRAY:
        return CPL_LEAF_FIXED;
    default:
        return CPL_LEAF_NUMBER;
    }
}

static enum cpl_bound_order order_of(const struct cpl_parquet_leaf *leaf)
{
    enum cpl_kind kind = leaf->field->type.kind;
    switch (cpl_leaf_class(leaf)) {
    case CPL_LEAF_BOOL:
        return CPL_ORDER_BOOL;
    case CPL_LEAF_FLOAT:
        return leaf->type == CPL_PARQUET_FLOAT ? CPL_ORDER_F32 : CPL_ORDER_F64;
    case CPL_LEAF_NUMBER:
        return kind == CPL_U8 || kind == CPL_U16 || kind == CPL_U32 || kind == CPL_U64
                   ? CPL_ORDER_UNSIGNED
                   : CPL_ORDER_SIGNED;
    default:
        return kind == CPL_DECIMAL ? CPL_ORDER_FIXED_SIGNED : CPL_ORDER_BYTES;
    }
}

static unsigned number_width(const struct cpl_parquet_leaf *leaf)
{
    switch (leaf->type) {
    case CPL_PARQUET_BOOLEAN:
        return 1;
    case CPL_PARQUET_INT32:
    case CPL_PARQUET_FLOAT:
        return 4;
    default:
        return 8;
    }
}

void cpl_parquet_chunk_release(struct cpl_parquet_chunk *chunk)
{
    cpl_part_bytes_release(&chunk->dictionary);
    cpl_part_bytes_release(&chunk->pages);
    cpl_buffer_release(&chunk->bloom);
    cpl_buffer_release(&chunk->records);
    cpl_buffer_release(&chunk->page_histograms);
    cpl_free(chunk->def_histogram);
    cpl_free(chunk->rep_histogram);
    *chunk = (struct cpl_parquet_chunk){0};
}

struct cpl_parquet_column *cpl_parquet_column_new(const struct cpl_parquet_leaf *leaf,
                                                  const struct cpl_parquet_options *options,
                                                  struct cpl_parquet_scratch *scratch,
                                                  struct cpl_error *err)
{
    struct cpl_parquet_column *c = cpl_alloc_zero(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->leaf = leaf;
    c->options = options;
    c->scratch = scratch;
    c->kernels = cpl_parquet_kernels();
    c->class = cpl_leaf_class(leaf);
    c->order = order_of(leaf);
    c->width = number_width(leaf);
    char path[512];
    cpl_parquet_leaf_path(leaf, path, sizeof path);
    for (size_t i = 0; i < options->bloom_filters.n; i++)
        c->wants_bloom |= !strcmp(path, options->bloom_filters.items[i]);
    cpl_parquet_column_reset(c);
    return c;
}

/* Everything that grew while pages were filled. */
static void give_memory_back(struct cpl_parquet_column *c)
{
    struct column_page *p = &c->page;
    cpl_free(p->def);
    cpl_free(p->rep);
    cpl_free(p->numbers);
    cpl_free(p->codes);
    cpl_free(p->lengths);
    cpl_free(p->bools);
    cpl_buffer_release(&p->bytes);
    cpl_bounds_release(&p->bounds);
    *p = (struct column_page){0};
    cpl_int_dictionary_release(&c->ints);
    cpl_bytes_dictionary_release(&c->strings);
    cpl_bounds_release(&c->bounds);
    cpl_bounds_release(&c->previous);
    cpl_buffer_release(&c->hashes);
}

uint64_t cpl_parquet_column_memory(const struct cpl_parquet_column *c)
{
    const struct column_page *p = &c->page;
    size_t width = c->class == CPL_LEAF_BOOL ? 1 : column_is_slices(c->class) ? 4 : 8;
    return 2 * (uint64_t)p->level_capacity + p->value_capacity * width +
           4 * (uint64_t)p->code_capacity + p->bytes.capacity +
           cpl_int_dictionary_memory(&c->ints) + cpl_bytes_dictionary_memory(&c->strings) +
           c->hashes.capacity;
}

/* What is in the page goes by what its values took in the pages before; in the first one, half of what they are. */
uint64_t cpl_parquet_column_size(const struct cpl_parquet_column *c)
{
    const struct column_page *p = &c->page;
    const struct cpl_parquet_chunk *chunk = &c->chunk;
    uint64_t dictionary = column_is_slices(c->class) ? c->strings.bytes.size + 4 * c->strings.n
                                                     : (uint64_t)c->ints.n * c->width;
    uint64_t raw = column_is_slices(c->class) ? p->bytes.size + p->n_values
                                              : (uint64_t)p->n_values * c->width;
    uint64_t page = chunk->values ? p->n_levels * chunk->pages.size / chunk->values : raw / 2;
    return (c->mode == MODE_DICTIONARY ? dictionary : chunk->dictionary.size) + chunk->pages.size +
           page;
}

/* Beyond what pages usually take to be encoded and compressed, which is the scratch's. */
static uint64_t to_be_put(const struct cpl_parquet_column *c)
{
    uint64_t size = c->page.bytes.size, usual = 2 * c->options->page_bytes;
    return size > usual ? 2 * size + size / 4 : 0;
}

static void count_memory(struct cpl_parquet_column *c)
{
    cpl_budget_count(c->scratch->store.budget, &c->counted,
                     cpl_parquet_column_memory(c) + to_be_put(c));
}

void cpl_parquet_column_free(struct cpl_parquet_column *c)
{
    if (!c)
        return;
    give_memory_back(c);
    count_memory(c);
    cpl_parquet_chunk_release(&c->chunk);
    cpl_free(c);
}

/* A long value's room goes with its page. */
static void shrink_bytes(struct cpl_parquet_column *c)
{
    if (c->page.bytes.capacity > 2 * c->options->page_bytes + SHRINK_ABOVE)
        cpl_buffer_release(&c->page.bytes);
}

void cpl_column_clear_page(struct cpl_parquet_column *c)
{
    struct column_page *p = &c->page;
    shrink_bytes(c);
    p->n_levels = p->n_values = p->n_rows = p->n_nulls = 0;
    p->has_def = c->leaf->max_rep > 0;
    p->bytes.size = 0;
    cpl_bounds_clear(&p->bounds);
    c->page_dictionary = c->class == CPL_LEAF_NUMBER || c->class == CPL_LEAF_FLOAT ? c->ints.n
                                                                                   : c->strings.n;
    c->page_dictionary_bytes = c->strings.bytes.size;
}

void cpl_parquet_column_reset(struct cpl_parquet_column *c)
{
    cpl_parquet_chunk_release(&c->chunk);
    c->mode = c->class == CPL_LEAF_BOOL ? MODE_RAW : MODE_FIRST;
    c->encoding = c->class == CPL_LEAF_BOOL && c->options->encodings == CPL_ENCODINGS_AUTO
                      ? CPL_PARQUET_RLE
                      : CPL_PARQUET_PLAIN;
    c->codec_chosen = c->dictionary_used = c->has_previous = false;
    c->rows = 0;
    c->chunk.codec = c->options->codec;
    cpl_bounds_clear(&c->bounds);
    c->hashes.size = 0;
    cpl_column_clear_page(c);
    count_memory(c);
}

static bool page_full(const struct cpl_parquet_column *c)
{
    return c->page.n_levels >= (uint32_t)c->options->page_rows ||
           c->page.bytes.size >= c->options->page_bytes;
}

/* How many levels from `at` go into this page before it must be looked at again. Large strings shorten the step. */
static uint32_t step(const struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                     uint32_t at, uint32_t value_at)
{
    uint32_t left = v->n_levels - at, room = (uint32_t)c->options->page_rows - c->page.n_levels;
    uint32_t n = left < room ? left : room;
    if (v->rep) /* nested: up to the next row start at or behind the room's end */
        for (n = n < 1 ? 1 : n; n < left && v->rep[at + n] != 0; n++)
            ;
    if (!column_is_slices(c->class) || c->mode == MODE_DICTIONARY)
        return n;
    uint64_t bytes = c->page.bytes.size;
    uint32_t value = value_at;
    for (uint32_t i = 0; i < n; i++) {
        bool valid = !v->def || v->def[at + i] == c->leaf->max_def;
        if (i && bytes >= c->options->page_bytes && (!v->rep || v->rep[at + i] == 0))
            return i;
        bytes += valid ? v->slices[value++].length : 0;
    }
    return n;
}

static uint32_t count_valid(const struct cpl_parquet_column *c, const uint8_t *def, uint32_t n)
{
    if (!def)
        return n;
    uint32_t valid = 0;
    for (uint32_t i = 0; i < n; i++)
        valid += def[i] == c->leaf->max_def;
    return valid;
}

static bool start_histograms(struct cpl_parquet_column *c, struct cpl_error *err)
{
    if (c->leaf->max_rep == 0 && c->leaf->max_def <= 1)
        return true;
    c->chunk.def_histogram = cpl_alloc_zero((size_t)c->leaf->max_def + 1, sizeof(uint64_t), err);
    c->chunk.rep_histogram = c->chunk.def_histogram ? cpl_alloc_zero((size_t)c->leaf->max_rep + 1,
                                                                     sizeof(uint64_t), err)
                                                    : NULL;
    return c->chunk.rep_histogram != NULL;
}

bool cpl_parquet_column_add(struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                            struct cpl_error *err)
{
    uint32_t value = 0;
    if (!c->chunk.def_histogram && !start_histograms(c, err))
        return false;
    if (c->wants_bloom && !cpl_bloom_collect(&c->hashes, v, c->class, c->width, err))
        return false;
    for (uint32_t at = 0; at < v->n_levels;) {
        /* a nested page may only end where a row does */
        bool row_start = !v->rep || v->rep[at] == 0;
        if (page_full(c) && row_start && !cpl_column_flush_page(c, false, err))
            return false;
        uint32_t n = step(c, v, at, value);
        const uint8_t *def = v->def ? v->def + at : NULL;
        uint32_t valid = count_valid(c, def, n);
        if (!cpl_column_add_values(c, v, value, valid, err) ||
            !cpl_column_add_levels(c, def, v->rep ? v->rep + at : NULL, n, valid, err))
            return false;
        at += n;
        value += valid;
    }
    count_memory(c);
    return true;
}

static bool put_dictionary(struct cpl_parquet_column *c, struct cpl_error *err)
{
    uint32_t entries = column_is_slices(c->class) ? c->strings.n : c->ints.n;
    struct cpl_buffer *body = &c->scratch->body;
    body->size = 0;
    bool ok = true;
    if (!column_is_slices(c->class))
        ok = cpl_put_plain(c->ints.values, entries, c->width, body, err);
    for (uint32_t i = 0; ok && column_is_slices(c->class) && i < entries; i++) {
        const struct cpl_bytes_entry *e = &c->strings.entries[i];
        if (c->class == CPL_LEAF_BYTES)
            ok = cpl_buffer_append(body, &e->length, 4, err);
        ok = ok && cpl_buffer_append(body, c->strings.bytes.data + e->offset, e->length, err);
    }
    struct cpl_parquet_page_header header = {
        .type = CPL_PARQUET_DICTIONARY_PAGE,
        .has_dictionary = true,
        .dictionary = {.num_values = (int32_t)entries, .encoding = CPL_PARQUET_PLAIN}};
    c->codec_chosen = true;
    return ok && cpl_column_put_page(c, &header, body, 0, &c->chunk.dictionary, err);
}

bool cpl_parquet_column_finish(struct cpl_parquet_column *c, struct cpl_parquet_chunk *chunk,
                               struct cpl_error *err)
{
    *chunk = (struct cpl_parquet_chunk){0};
    if (!cpl_column_flush_page(c, c->chunk.n_records == 0, err) ||
        (c->dictionary_used && !put_dictionary(c, err)))
        return false;
    if (c->wants_bloom && !cpl_bloom_write(&c->hashes, &c->chunk.bloom, err))
        return false;
    bool utf8 = c->leaf->field->type.kind == CPL_STRING || c->leaf->field->type.kind == CPL_JSON;
    cpl_bounds_write(&c->bounds, c->order, c->width, utf8, &c->chunk.bounds);
    *chunk = c->chunk;
    c->chunk = (struct cpl_parquet_chunk){0};
    if (c->options->wide || c->scratch->give_back)
        give_memory_back(c);
    cpl_parquet_column_reset(c);
    return true;
}

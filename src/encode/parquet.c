/* Parts (row groups of one split) and files (parts behind each other, then indexes and footer). */
#include "encode/parquet.h"
#include "base/xxhash.h"
#include "format/parquet_checksum.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_FOR_FOOTER = 2 << 20, LONG_PAGE = 4 << 20 };

struct group {
    uint64_t rows;
    struct cpl_parquet_chunk *chunks;
};
struct cpl_part {
    struct group *groups;
    uint32_t n_groups, n_leaves;
    uint64_t rows, bytes;
    struct cpl_part_store store; /* of its chunks */
};

struct cpl_part_builder {
    struct cpl_parquet_options options;
    struct cpl_arena arena;
    struct cpl_parquet_schema schema;
    struct cpl_parquet_sorting sorting;
    struct cpl_parquet_sorted sorted;
    struct cpl_shredder *shredder;
    struct cpl_parquet_scratch scratch;
    struct cpl_parquet_column **columns;
    uint64_t group_rows;
    struct cpl_part *part; /* row groups finished so far */
    uint64_t counted;      /* of the scratch, in the budget */
};

/* ---- options ---- */

static bool settle_options(const void *options, struct cpl_parquet_options *out,
                           struct cpl_error *err)
{
    *out = *(const struct cpl_parquet_options *)options;
    return cpl_parquet_compression(out->compression ? out->compression : "snappy", &out->codec,
                                   &out->level, err);
}

/* ---- parts ---- */

static void part_free(struct cpl_part *part)
{
    if (!part)
        return;
    for (uint32_t g = 0; g < part->n_groups; g++) {
        for (uint32_t l = 0; part->groups[g].chunks && l < part->n_leaves; l++)
            cpl_parquet_chunk_release(&part->groups[g].chunks[l]);
        cpl_free(part->groups[g].chunks);
    }
    cpl_free(part->groups);
    cpl_part_store_release(&part->store);
    cpl_free(part);
}

static struct cpl_part_info part_info(const struct cpl_part *part)
{
    return (struct cpl_part_info){.rows = part->rows, .bytes = part->bytes};
}

/* What pages are made in; the columns count their own. */
static void count_memory(struct cpl_part_builder *b)
{
    cpl_budget_count(b->scratch.store.budget, &b->counted,
                     b->scratch.body.capacity + b->scratch.packed.capacity +
                         cpl_shredder_memory(b->shredder));
}

static void use_budget(struct cpl_part_builder *b, struct cpl_budget *budget)
{
    b->scratch.store.budget = budget;
}

static void builder_free(struct cpl_part_builder *b)
{
    if (!b)
        return;
    for (uint32_t l = 0; b->columns && l < b->schema.n_leaves; l++)
        cpl_parquet_column_free(b->columns[l]);
    cpl_free(b->columns);
    cpl_shredder_free(b->shredder);
    cpl_parquet_sorted_release(&b->sorted);
    cpl_codec_state_release(&b->scratch.codec);
    cpl_buffer_release(&b->scratch.header);
    cpl_buffer_release(&b->scratch.body);
    cpl_buffer_release(&b->scratch.packed);
    cpl_budget_count(b->scratch.store.budget, &b->counted, 0);
    cpl_part_store_release(&b->scratch.store);
    part_free(b->part);
    cpl_arena_release(&b->arena);
    cpl_free(b);
}

static bool no_column(const struct cpl_part_builder *b, const char *name, struct cpl_error *err)
{
    char path[512];
    const char *near = cpl_parquet_nearest(&b->schema, name, path, sizeof path);
    return cpl_fail(err, CPL_E_CONFIG, "parquet.bloom_filters: there is no column `%.80s`%s%.80s%s",
                    name, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
}

static bool known_bloom_columns(const struct cpl_part_builder *b, struct cpl_error *err)
{
    for (size_t i = 0; i < b->options.bloom_filters.n; i++) {
        char path[512];
        bool found = false;
        for (uint32_t l = 0; l < b->schema.n_leaves && !found; l++)
            found = !strcmp(cpl_parquet_leaf_path(&b->schema.leaves[l], path, sizeof path),
                            b->options.bloom_filters.items[i]);
        if (!found)
            return no_column(b, b->options.bloom_filters.items[i], err);
    }
    return true;
}

/* Tables of many columns get shorter pages, so that the pages being filled stay within some 24 MiB in all. */
static void bound_pages(struct cpl_part_builder *b)
{
    enum { CELLS = 2 << 20, LEAST = 128 };
    int64_t rows = CELLS / (b->schema.n_leaves ? b->schema.n_leaves : 1);
    if (rows < LEAST)
        rows = LEAST;
    if (b->options.page_rows > rows)
        b->options.page_rows = rows;
    b->options.wide = b->schema.n_leaves > 256;
}

static struct cpl_part_builder *builder_new(const struct cpl_schema *schema, const void *options,
                                            struct cpl_error *err)
{
    struct cpl_part_builder *b = cpl_alloc_zero(1, sizeof *b, err);
    if (!b)
        return NULL;
    bool ok = settle_options(options, &b->options, err) &&
              cpl_parquet_schema_of(schema, &b->arena, &b->schema, err) &&
              known_bloom_columns(b, err) &&
              cpl_parquet_sorting_of(&b->options.sorted_by, &b->schema, &b->arena, &b->sorting,
                                     err) &&
              cpl_parquet_sorted_init(&b->sorted, &b->sorting, err) &&
              (b->shredder = cpl_shredder_new(&b->schema, err)) &&
              (b->columns = cpl_alloc_zero(b->schema.n_leaves, sizeof *b->columns, err));
    if (ok)
        bound_pages(b);
    for (uint32_t l = 0; ok && l < b->schema.n_leaves; l++)
        ok = (b->columns[l] = cpl_parquet_column_new(&b->schema.leaves[l], &b->options, &b->scratch,
                                                     err));
    if (ok)
        return b;
    builder_free(b);
    return NULL;
}

static bool give_leaf(void *context, uint32_t leaf, const struct cpl_leaf_values *values,
                      struct cpl_error *err)
{
    struct cpl_part_builder *b = context;
    return cpl_parquet_column_add(b->columns[leaf], values, err);
}

static bool new_group(struct cpl_part_builder *b, struct group **group, struct cpl_error *err)
{
    if (!b->part && !(b->part = cpl_alloc_zero(1, sizeof *b->part, err)))
        return false;
    struct cpl_part *part = b->part;
    struct group *groups = cpl_realloc(part->groups, (part->n_groups + 1) * sizeof *groups, err);
    if (!groups)
        return false;
    part->groups = groups;
    part->n_leaves = b->schema.n_leaves;
    groups[part->n_groups] = (struct group){
        .rows = b->group_rows,
        .chunks = cpl_alloc_zero(b->schema.n_leaves, sizeof(struct cpl_parquet_chunk), err)};
    *group = &groups[part->n_groups];
    if (!(*group)->chunks)
        return false;
    part->n_groups++;
    return true;
}

/* Columns keep their room for the next row group, up to so much in all. */
static bool holds_much(const struct cpl_part_builder *b)
{
    enum { KEPT = 24 << 20 };
    uint64_t held = 0;
    for (uint32_t l = 0; l < b->schema.n_leaves; l++)
        held += cpl_parquet_column_memory(b->columns[l]);
    return held > KEPT;
}

static bool finish_group(struct cpl_part_builder *b, struct cpl_error *err)
{
    struct group *group = NULL;
    if (!b->group_rows)
        return true;
    b->scratch.give_back = holds_much(b);
    if (!new_group(b, &group, err))
        return false;
    for (uint32_t l = 0; l < b->schema.n_leaves; l++) {
        if (!cpl_parquet_column_finish(b->columns[l], &group->chunks[l], err))
            return false;
        b->part->bytes += group->chunks[l].dictionary.size + group->chunks[l].pages.size +
                          group->chunks[l].bloom.size;
    }
    b->part->rows += b->group_rows;
    b->group_rows = 0;
    cpl_parquet_sorted_end_group(&b->sorted);
    return true;
}

static bool append(struct cpl_part_builder *b, const struct cpl_batch *batch,
                   const uint32_t *selection, uint32_t n, struct cpl_error *err)
{
    n = selection ? n : batch->rows;
    for (uint32_t first = 0; first < n;) {
        uint64_t room = (uint64_t)b->options.row_group_rows - b->group_rows;
        uint32_t take = n - first < room ? n - first : (uint32_t)room;
        if (!cpl_parquet_sorted_add(&b->sorted, batch, selection, first, take, err) ||
            !cpl_shred(b->shredder, batch, selection ? selection + first : NULL, first, take,
                       give_leaf, b, err))
            return false;
        first += take;
        b->group_rows += take;
        if (b->group_rows == (uint64_t)b->options.row_group_rows && !finish_group(b, err))
            return false;
    }
    count_memory(b);
    return true;
}

static bool finish_part(struct cpl_part_builder *b, struct cpl_part **part, struct cpl_error *err)
{
    if (!finish_group(b, err))
        return false;
    struct cpl_part_store *store = &b->scratch.store;
    *part = b->part;
    b->part = NULL;
    if (*part) {
        (*part)->store = *store;
        *store = (struct cpl_part_store){.budget = store->budget};
    }
    count_memory(b);
    return true;
}

static bool finish(struct cpl_part_builder *b, struct cpl_part **part, struct cpl_error *err)
{
    return cpl_parquet_sorted_verdict(&b->sorted, err) && finish_part(b, part, err);
}

static bool cut(struct cpl_part_builder *b, uint64_t bytes, struct cpl_part **part,
                struct cpl_error *err)
{
    uint64_t held = b->part ? b->part->bytes : 0;
    *part = NULL;
    for (uint32_t l = 0; b->group_rows && l < b->schema.n_leaves; l++)
        held += cpl_parquet_column_size(b->columns[l]);
    return !held || held < bytes || finish_part(b, part, err);
}

static void discard(struct cpl_part_builder *b)
{
    part_free(b->part);
    b->part = NULL;
    b->group_rows = 0;
    cpl_parquet_sorted_reset(&b->sorted);
    for (uint32_t l = 0; l < b->schema.n_leaves; l++)
        cpl_parquet_column_reset(b->columns[l]);
    cpl_part_store_release(&b->scratch.store);
    if (b->scratch.body.capacity > LONG_PAGE)
        cpl_buffer_release(&b->scratch.body);
    if (b->scratch.packed.capacity > LONG_PAGE)
        cpl_buffer_release(&b->scratch.packed);
    count_memory(b);
}

/* ---- files ---- */

/* What the end of the file must know of each row group is kept serialised, most of it in a scratch file: of a long
 * file it is more than memory has room for. Offsets of page indexes are counted from the first of them until then. */
struct cpl_file_encoder {
    struct cpl_parquet_options options;
    struct cpl_arena arena, group_arena; /* of the file; of one row group */
    struct cpl_parquet_schema schema;
    struct cpl_parquet_sorting sorting;
    struct cpl_write_sink *sink;
    XXH3_state_t *checksum; /* of everything put so far */
    uint64_t offset, rows;
    struct cpl_budget kept;
    struct cpl_part_store store;
    struct cpl_part_bytes groups, indexes; /* a block each row group */
    struct cpl_buffer index, footer;       /* of one row group */
    uint32_t n_groups;
    struct cpl_parquet_key_value *metadata;
    uint32_t n_metadata;
};

static void file_free(struct cpl_file_encoder *f)
{
    if (!f)
        return;
    XXH3_freeState(f->checksum);
    cpl_part_bytes_release(&f->groups);
    cpl_part_bytes_release(&f->indexes);
    cpl_part_store_release(&f->store);
    cpl_buffer_release(&f->index);
    cpl_buffer_release(&f->footer);
    cpl_free(f->metadata);
    cpl_arena_release(&f->group_arena);
    cpl_arena_release(&f->arena);
    cpl_free(f);
}

static bool put(void *file, const void *data, size_t size, struct cpl_error *err)
{
    struct cpl_file_encoder *f = file;
    f->offset += size;
    if (size)
        XXH3_128bits_update(f->checksum, data, size);
    return !size || f->sink->write(f->sink, data, size, err);
}

static struct cpl_bytes keep_bytes(struct cpl_arena *arena, const void *data, size_t size,
                                   struct cpl_error *err)
{
    char *copy = cpl_arena_strndup(arena, data, size, err);
    return (struct cpl_bytes){.data = (const uint8_t *)copy, .size = copy ? (uint32_t)size : 0};
}

static bool file_metadata(struct cpl_file_encoder *f, const char *key, const void *value,
                          size_t size, struct cpl_error *err)
{
    struct cpl_parquet_key_value *grown = cpl_realloc(f->metadata,
                                                      (f->n_metadata + 1) * sizeof *grown, err);
    if (!grown)
        return false;
    f->metadata = grown;
    if (size > INT32_MAX)
        return cpl_fail(err, CPL_E_LIMIT, "%zu bytes are too many for a footer's value", size);
    grown[f->n_metadata] = (struct cpl_parquet_key_value){
        .key = keep_bytes(&f->arena, key, strlen(key), err),
        .value = keep_bytes(&f->arena, value, size, err)};
    bool ok = grown[f->n_metadata].key.data && grown[f->n_metadata].value.data;
    f->n_metadata += ok;
    return ok;
}

static bool keep_metadata(struct cpl_file_encoder *f, const struct cpl_pairs *metadata,
                          struct cpl_error *err)
{
    for (size_t i = 0; metadata && i < metadata->n; i++)
        if (!file_metadata(f, metadata->items[i].key, metadata->items[i].value,
                           strlen(metadata->items[i].value), err))
            return false;
    return true;
}

static struct cpl_file_encoder *file_new(const struct cpl_schema *schema, const void *options,
                                         struct cpl_write_sink *sink,
                                         const struct cpl_pairs *metadata, struct cpl_error *err)
{
    struct cpl_file_encoder *f = cpl_alloc_zero(1, sizeof *f, err);
    if (!f)
        return NULL;
    f->sink = sink;
    f->kept.for_later = KEPT_FOR_FOOTER;
    f->store.budget = &f->kept;
    f->checksum = XXH3_createState();
    if (!f->checksum) {
        cpl_fail(err, CPL_E_MEMORY, "no memory for a checksum");
        goto out;
    }
    XXH3_128bits_reset(f->checksum);
    f->arena.max = (size_t)1 << 30;
    if (settle_options(options, &f->options, err) &&
        cpl_parquet_schema_of(schema, &f->arena, &f->schema, err) &&
        cpl_parquet_sorting_of(&f->options.sorted_by, &f->schema, &f->arena, &f->sorting, err) &&
        keep_metadata(f, metadata, err) && put(f, "PAR1", 4, err))
        return f;
out:
    file_free(f);
    return NULL;
}

#define KEEP_ARRAY(arena, type, n)                                                                 \
    ((type *)cpl_arena_alloc(arena, ((size_t)(n) + 1) * sizeof(type), err))

static bool fill_statistics(struct cpl_file_encoder *f, const struct cpl_parquet_chunk *chunk,
                            struct cpl_parquet_column_metadata *m, struct cpl_error *err)
{
    if (!f->options.statistics)
        return true;
    struct cpl_parquet_statistics *s = &m->statistics;
    const struct cpl_bound_text *b = &chunk->bounds;
    m->has_statistics = true;
    s->has_null_count = true;
    s->null_count = (int64_t)chunk->nulls;
    if (!b->any)
        return true;
    s->min_value = keep_bytes(&f->group_arena, b->min, b->min_size, err);
    s->has_min_exact = true;
    s->min_exact = b->min_exact;
    if (b->no_max)
        return s->min_value.data != NULL;
    s->max_value = keep_bytes(&f->group_arena, b->max, b->max_size, err);
    s->has_max_exact = true;
    s->max_exact = b->max_exact;
    return s->min_value.data && s->max_value.data;
}

static bool fill_sizes(struct cpl_file_encoder *f, const struct cpl_parquet_leaf *leaf,
                       const struct cpl_parquet_chunk *chunk, struct cpl_parquet_column_metadata *m,
                       struct cpl_error *err)
{
    struct cpl_parquet_size_statistics *s = &m->size_statistics;
    m->has_size_statistics = leaf->type == CPL_PARQUET_BYTE_ARRAY || chunk->def_histogram;
    s->has_unencoded_bytes = leaf->type == CPL_PARQUET_BYTE_ARRAY;
    s->unencoded_bytes = (int64_t)chunk->unencoded;
    if (!chunk->def_histogram)
        return true;
    uint32_t n_def = (uint32_t)leaf->max_def + 1,
             n_rep = leaf->max_rep ? (uint32_t)leaf->max_rep + 1 : 0;
    s->definition_histogram.items = KEEP_ARRAY(&f->group_arena, int64_t, n_def);
    s->repetition_histogram.items = KEEP_ARRAY(&f->group_arena, int64_t, n_rep);
    if (!s->definition_histogram.items || !s->repetition_histogram.items)
        return false;
    memcpy(s->definition_histogram.items, chunk->def_histogram, n_def * sizeof(int64_t));
    memcpy(s->repetition_histogram.items, chunk->rep_histogram, n_rep * sizeof(int64_t));
    s->definition_histogram.n = n_def;
    s->repetition_histogram.n = n_rep;
    return true;
}

static bool fill_encodings(struct cpl_file_encoder *f, const struct cpl_parquet_chunk *chunk,
                           struct cpl_parquet_column_metadata *m, struct cpl_error *err)
{
    const struct cpl_page_record *records =
        (const struct cpl_page_record *)(const void *)chunk->records.data;
    int32_t counts[16] = {0};
    for (uint32_t i = 0; i < chunk->n_records; i++)
        counts[records[i].encoding & 15]++;
    m->encodings.items = KEEP_ARRAY(&f->group_arena, enum cpl_parquet_encoding, 18);
    m->encoding_stats.items = KEEP_ARRAY(&f->group_arena, struct cpl_parquet_encoding_stats, 18);
    if (!m->encodings.items || !m->encoding_stats.items)
        return false;
    enum cpl_parquet_page_type data_page = f->options.page_version ? CPL_PARQUET_DATA_PAGE_V2
                                                                   : CPL_PARQUET_DATA_PAGE;
    if (chunk->dictionary.size) {
        m->encodings.items[m->encodings.n++] = CPL_PARQUET_PLAIN;
        m->encoding_stats.items[m->encoding_stats.n++] = (struct cpl_parquet_encoding_stats){
            CPL_PARQUET_DICTIONARY_PAGE, CPL_PARQUET_PLAIN, 1};
    }
    m->encodings.items[m->encodings.n++] = CPL_PARQUET_RLE; /* levels */
    for (int e = 0; e < 16; e++) {
        if (!counts[e])
            continue;
        bool listed = e == CPL_PARQUET_RLE || (e == CPL_PARQUET_PLAIN && chunk->dictionary.size);
        if (!listed)
            m->encodings.items[m->encodings.n++] = (enum cpl_parquet_encoding)e;
        m->encoding_stats.items[m->encoding_stats.n++] = (struct cpl_parquet_encoding_stats){
            data_page, (enum cpl_parquet_encoding)e, counts[e]};
    }
    return true;
}

/* Orders hold when every page with values is no smaller (no greater) than the one before. */
static enum cpl_parquet_order boundary_order(const struct cpl_page_record *records, uint32_t n)
{
    bool ascending = true, descending = true;
    for (uint32_t i = 0; i < n; i++) {
        if (records[i].min_order == 2)
            continue;
        ascending &= records[i].min_order >= 0 && records[i].max_order >= 0;
        descending &= records[i].min_order <= 0 && records[i].max_order <= 0;
    }
    return ascending    ? CPL_PARQUET_ASCENDING
           : descending ? CPL_PARQUET_DESCENDING
                        : CPL_PARQUET_UNORDERED;
}

/* The levels of each page, page after page. Those of columns that do not repeat are left out: they say nothing. */
static bool fill_histograms(struct cpl_arena *arena, const struct cpl_parquet_leaf *leaf,
                            const struct cpl_parquet_chunk *chunk,
                            struct cpl_parquet_column_index *index, struct cpl_error *err)
{
    const uint64_t *counts = (const uint64_t *)(const void *)chunk->page_histograms.data;
    size_t n_rep = (size_t)leaf->max_rep + 1, n_def = (size_t)leaf->max_def + 1;
    uint32_t n = chunk->n_records;
    if (!chunk->def_histogram)
        return true;
    int64_t *definitions = cpl_arena_alloc(arena, n * n_def * sizeof(int64_t) + 1, err);
    int64_t *repetitions = cpl_arena_alloc(arena, n * n_rep * sizeof(int64_t) + 1, err);
    if (!definitions || !repetitions)
        return false;
    for (uint32_t i = 0; i < n; i++, counts += n_rep + n_def) {
        memcpy(repetitions + i * n_rep, counts, n_rep * sizeof *counts);
        memcpy(definitions + i * n_def, counts + n_rep, n_def * sizeof *counts);
    }
    index->definition_histograms.items = definitions;
    index->definition_histograms.n = n * (uint32_t)n_def;
    if (leaf->max_rep) {
        index->repetition_histograms.items = repetitions;
        index->repetition_histograms.n = n * (uint32_t)n_rep;
    }
    return true;
}

static bool put_column_index(struct cpl_file_encoder *f, const struct cpl_parquet_leaf *leaf,
                             const struct cpl_parquet_chunk *chunk,
                             struct cpl_parquet_column_chunk *out, struct cpl_error *err)
{
    const struct cpl_page_record *records =
        (const struct cpl_page_record *)(const void *)chunk->records.data;
    uint32_t n = chunk->n_records;
    for (uint32_t i = 0; i < n; i++)
        if ((!records[i].bounds.any && records[i].nulls < records[i].values) ||
            records[i].bounds.no_max)
            return true; /* a page that has no bounds (for a NaN, or a greatest text that cannot
                            be cut): no column index at all */
    struct cpl_arena arena = {0};
    struct cpl_parquet_column_index index = {.boundary_order = boundary_order(records, n)};
    index.null_pages.items = cpl_arena_alloc(&arena, n * sizeof(bool), err);
    index.min_values.items = index.null_pages.items
                                 ? cpl_arena_alloc(&arena, n * sizeof(struct cpl_bytes), err)
                                 : NULL;
    index.max_values.items = index.min_values.items
                                 ? cpl_arena_alloc(&arena, n * sizeof(struct cpl_bytes), err)
                                 : NULL;
    index.null_counts.items = index.max_values.items
                                  ? cpl_arena_alloc(&arena, n * sizeof(int64_t), err)
                                  : NULL;
    bool ok = index.null_counts.items && fill_histograms(&arena, leaf, chunk, &index, err);
    index.null_pages.n = index.min_values.n = index.max_values.n = index.null_counts.n = n;
    for (uint32_t i = 0; ok && i < n; i++) {
        const struct cpl_bound_text *b = &records[i].bounds;
        index.null_pages.items[i] = !b->any;
        index.min_values.items[i] = (struct cpl_bytes){.data = b->min, .size = b->min_size};
        index.max_values.items[i] = (struct cpl_bytes){.data = b->max, .size = b->max_size};
        index.null_counts.items[i] = (int64_t)records[i].nulls;
    }
    size_t at = f->index.size;
    ok = ok && cpl_parquet_write_column_index(&index, &f->index, err);
    out->has_column_index_offset = out->has_column_index_length = true;
    out->column_index_offset = (int64_t)(f->indexes.size + at);
    out->column_index_length = (int32_t)(f->index.size - at);
    cpl_arena_release(&arena);
    return ok;
}

static bool put_offset_index(struct cpl_file_encoder *f, const struct cpl_parquet_leaf *leaf,
                             const struct cpl_parquet_chunk *chunk, uint64_t pages_at,
                             struct cpl_parquet_column_chunk *out, struct cpl_error *err)
{
    const struct cpl_page_record *records =
        (const struct cpl_page_record *)(const void *)chunk->records.data;
    uint32_t n = chunk->n_records;
    struct cpl_arena arena = {0};
    struct cpl_parquet_offset_index index = {0};
    index.pages.items = cpl_arena_alloc(&arena, n * sizeof(struct cpl_parquet_page_location), err);
    index.pages.n = n;
    bool ok = index.pages.items != NULL, byte_array = leaf->type == CPL_PARQUET_BYTE_ARRAY;
    if (ok &&
        byte_array) { /* absent for other types: an empty list would be one of a wrong length */
        index.unencoded_bytes.items = cpl_arena_alloc(&arena, n * sizeof(int64_t), err);
        index.unencoded_bytes.n = n;
        ok = index.unencoded_bytes.items != NULL;
    }
    for (uint32_t i = 0; ok && i < n; i++) {
        index.pages.items[i] = (struct cpl_parquet_page_location){
            .offset = (int64_t)(pages_at + records[i].offset),
            .size = (int32_t)records[i].size,
            .first_row = (int64_t)records[i].first_row};
        if (byte_array)
            index.unencoded_bytes.items[i] = (int64_t)records[i].unencoded;
    }
    size_t at = f->index.size;
    ok = ok && cpl_parquet_write_offset_index(&index, &f->index, err);
    out->has_offset_index_offset = out->has_offset_index_length = true;
    out->offset_index_offset = (int64_t)(f->indexes.size + at);
    out->offset_index_length = (int32_t)(f->index.size - at);
    cpl_arena_release(&arena);
    return ok;
}

static bool add_chunk(struct cpl_file_encoder *f, const struct cpl_part *part, uint32_t l,
                      struct cpl_parquet_chunk *chunk, struct cpl_parquet_column_chunk *out,
                      struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = &f->schema.leaves[l];
    struct cpl_parquet_column_metadata *m = &out->metadata;
    *out = (struct cpl_parquet_column_chunk){.has_metadata = true};
    m->type = leaf->type;
    m->codec = chunk->codec;
    m->path.items = (struct cpl_bytes *)(uintptr_t)leaf->path;
    m->path.n = leaf->n_path;
    m->num_values = (int64_t)chunk->values;
    m->total_uncompressed_size = (int64_t)chunk->uncompressed;
    m->total_compressed_size = (int64_t)(chunk->dictionary.size + chunk->pages.size);
    m->has_dictionary_page_offset = chunk->dictionary.size > 0;
    m->dictionary_page_offset = (int64_t)f->offset;
    uint64_t pages_at = f->offset + chunk->dictionary.size;
    m->data_page_offset = (int64_t)pages_at;
    if (chunk->bloom.size) {
        m->has_bloom_filter_offset = m->has_bloom_filter_length = true;
        m->bloom_filter_offset = (int64_t)(pages_at + chunk->pages.size);
        m->bloom_filter_length = (int32_t)chunk->bloom.size;
    }
    if (!fill_encodings(f, chunk, m, err) || !fill_statistics(f, chunk, m, err) ||
        !fill_sizes(f, leaf, chunk, m, err))
        return false;
    if (f->options.page_index &&
        ((f->options.statistics && !put_column_index(f, leaf, chunk, out, err)) ||
         !put_offset_index(f, leaf, chunk, pages_at, out, err)))
        return false;
    return cpl_part_bytes_each(&chunk->dictionary, &part->store, put, f, err) &&
           cpl_part_bytes_each(&chunk->pages, &part->store, put, f, err) &&
           put(f, chunk->bloom.data, chunk->bloom.size, err);
}

/* What the footer must know of the row group, put aside. */
static bool keep_group(struct cpl_file_encoder *f, const struct cpl_parquet_row_group *group,
                       struct cpl_error *err)
{
    static const struct cpl_buffer nothing;
    f->footer.size = 0;
    return cpl_parquet_write_row_group(group, &f->footer, err) &&
           cpl_part_bytes_add(&f->groups, &f->store, &f->footer, &nothing, err) &&
           cpl_part_bytes_add(&f->indexes, &f->store, &f->index, &nothing, err);
}

static bool add_group(struct cpl_file_encoder *f, const struct cpl_part *part, struct group *group,
                      struct cpl_error *err)
{
    struct cpl_parquet_row_group out = {.num_rows = (int64_t)group->rows,
                                        .has_file_offset = true,
                                        .file_offset = (int64_t)f->offset,
                                        .has_total_compressed_size = true,
                                        .has_ordinal = f->n_groups <= INT16_MAX,
                                        .ordinal = (int16_t)f->n_groups};
    cpl_arena_reset(&f->group_arena);
    f->index.size = 0;
    out.columns.items = KEEP_ARRAY(&f->group_arena, struct cpl_parquet_column_chunk,
                                   f->schema.n_leaves);
    if (!out.columns.items)
        return false;
    out.columns.n = f->schema.n_leaves;
    out.sorting_columns.items = f->sorting.columns;
    out.sorting_columns.n = f->sorting.n;
    for (uint32_t l = 0; l < f->schema.n_leaves; l++) {
        if (!add_chunk(f, part, l, &group->chunks[l], &out.columns.items[l], err))
            return false;
        out.total_byte_size += out.columns.items[l].metadata.total_uncompressed_size;
        out.total_compressed_size += out.columns.items[l].metadata.total_compressed_size;
        cpl_parquet_chunk_release(&group->chunks[l]); /* written: give the memory back at once */
    }
    f->n_groups++;
    f->rows += group->rows;
    return keep_group(f, &out, err);
}

static bool file_add(struct cpl_file_encoder *f, struct cpl_part *part, struct cpl_error *err)
{
    bool ok = true;
    for (uint32_t g = 0; ok && g < part->n_groups; g++)
        ok = add_group(f, part, &part->groups[g], err);
    part_free(part);
    return ok;
}

/* The checksum's pair, with zeros for digits, comes last: that is where it is looked for. */
static bool announce_checksum(struct cpl_file_encoder *f, struct cpl_error *err)
{
    char text[CPL_PARQUET_CHECKSUM_TEXT + 1];
    snprintf(text, sizeof text, "xxh3:%0*d", CPL_PARQUET_CHECKSUM_DIGITS, 0);
    return file_metadata(f, CPL_PARQUET_CHECKSUM, text, CPL_PARQUET_CHECKSUM_TEXT, err);
}

/* `footer` holds all bytes that are still to be put: the end of the footer. */
static bool fill_checksum(struct cpl_file_encoder *f, struct cpl_buffer *footer,
                          struct cpl_error *err)
{
    char digits[CPL_PARQUET_CHECKSUM_DIGITS + 1];
    size_t place = cpl_parquet_checksum_place(footer->data, footer->size);
    if (place == SIZE_MAX)
        return cpl_fail(err, CPL_E_INTERNAL, "the footer has no place for its checksum");
    XXH3_128bits_update(f->checksum, footer->data, footer->size);
    XXH128_hash_t hash = XXH3_128bits_digest(f->checksum);
    snprintf(digits, sizeof digits, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    memcpy(footer->data + place, digits, CPL_PARQUET_CHECKSUM_DIGITS);
    return true;
}

static bool fill_footer(struct cpl_file_encoder *f, struct cpl_parquet_file_metadata *m,
                        struct cpl_error *err)
{
    static const char created_by[] = "cupel version " CUPEL_VERSION " (build release)";
    *m = (struct cpl_parquet_file_metadata){.version = 2, .num_rows = (int64_t)f->rows};
    m->schema.items = (struct cpl_parquet_element *)(uintptr_t)f->schema.elements;
    m->schema.n = f->schema.n_elements;
    m->key_values.items = f->metadata;
    m->key_values.n = f->n_metadata;
    m->created_by = (struct cpl_bytes){.data = (const uint8_t *)created_by,
                                       .size = sizeof created_by - 1};
    m->column_orders.items = KEEP_ARRAY(&f->arena, struct cpl_parquet_column_order,
                                        f->schema.n_leaves);
    m->column_orders.n = f->schema.n_leaves;
    for (uint32_t l = 0; m->column_orders.items && l < f->schema.n_leaves; l++)
        m->column_orders.items[l] = (struct cpl_parquet_column_order){CPL_PARQUET_TYPE_ORDER};
    return m->column_orders.items != NULL;
}

/* Row group `i` as it was put aside, its indexes now at their place in the file. */
static bool put_group(struct cpl_file_encoder *f, uint32_t i, uint64_t indexes_at,
                      struct cpl_error *err)
{
    struct cpl_parquet_row_group group;
    cpl_arena_reset(&f->group_arena);
    if (!cpl_part_bytes_block(&f->groups, &f->store, i, &f->footer, err) ||
        !cpl_parquet_parse_row_group(f->footer.data, f->footer.size, &f->group_arena, &group, err))
        return false;
    for (uint32_t l = 0; l < group.columns.n; l++) {
        struct cpl_parquet_column_chunk *chunk = &group.columns.items[l];
        chunk->column_index_offset += (int64_t)indexes_at;
        chunk->offset_index_offset += (int64_t)indexes_at;
    }
    f->footer.size = 0;
    return cpl_parquet_write_row_group(&group, &f->footer, err) &&
           put(f, f->footer.data, f->footer.size, err);
}

static bool file_finish(struct cpl_file_encoder *f, struct cpl_error *err)
{
    struct cpl_parquet_file_metadata m;
    struct cpl_buffer before = {0}, after = {0};
    uint64_t indexes_at = f->offset;
    bool ok = cpl_part_bytes_each(&f->indexes, &f->store, put, f, err) &&
              announce_checksum(f, err) && fill_footer(f, &m, err) &&
              cpl_parquet_write_around_groups(&m, f->n_groups, &before, &after, err);
    uint64_t begin = f->offset;
    ok = ok && put(f, before.data, before.size, err);
    for (uint32_t i = 0; ok && i < f->n_groups; i++)
        ok = put_group(f, i, indexes_at, err);
    uint64_t size = f->offset - begin + after.size;
    uint32_t length = (uint32_t)size;
    if (ok && size > INT32_MAX)
        ok = cpl_fail(
            err, CPL_E_LIMIT,
            "the footer of the Parquet file would take %llu bytes, which no reader takes; "
            "write larger row groups, or several files (sink.target_file_size)",
            (unsigned long long)size);
    ok = ok && cpl_buffer_append(&after, &length, 4, err) &&
         cpl_buffer_append(&after, "PAR1", 4, err) && fill_checksum(f, &after, err) &&
         put(f, after.data, after.size, err);
    cpl_buffer_release(&before);
    cpl_buffer_release(&after);
    return ok;
}

const struct cpl_encoder_ops cpl_encoder_parquet = {
    .name = "parquet",
    .summary = "Apache Parquet",
    .extension = ".parquet",
    .options = cpl_parquet_options,
    .options_size = sizeof(struct cpl_parquet_options),
    .builder_new = builder_new,
    .use_budget = use_budget,
    .append = append,
    .finish = finish,
    .cut = cut,
    .discard = discard,
    .builder_free = builder_free,
    .part_info = part_info,
    .part_free = part_free,
    .file_new = file_new,
    .file_add = file_add,
    .file_metadata = file_metadata,
    .file_finish = file_finish,
    .file_free = file_free,
};

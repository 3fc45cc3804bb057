#include "decode/parquet_layout.h"
#include "decode/parquet_assemble.h"
#include "format/parquet_order.h"
#include "format/text.h"

#include <string.h>

enum { MAX_SHOWN = 60 }; /* bytes of a long string's bound */

static void put_bytes(struct cpl_json_writer *json, const char *key, const struct cpl_bytes *bytes)
{
    if (bytes->data)
        cpl_json_bytes(json, key, bytes->data, bytes->size);
    else
        cpl_json_string(json, key, NULL);
}

/* A statistic as text: converted like any value of the column, then printed. */
static void put_bound(struct cpl_json_writer *json, const char *key,
                      const struct cpl_parquet_leaf *leaf, const struct cpl_bytes *bound)
{
    enum cpl_parquet_ordering ordering = cpl_parquet_ordering_of(leaf);
    uint32_t width = cpl_parquet_ordering_width(ordering);
    struct cpl_slice slice = {.data = bound->data, .length = bound->size};
    const void *physical = leaf->type == CPL_PARQUET_BYTE_ARRAY ? (const void *)&slice
                                                                : bound->data;
    _Alignas(16) uint8_t value[32] = {0};
    char text[CPL_TEXT_MAX];
    bool fixed = leaf->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY;
    if (!bound->data || ordering == CPL_PARQUET_ORDER_NONE || (width && bound->size != width) ||
        (fixed && bound->size != (uint32_t)leaf->type_length)) {
        cpl_json_string(json, key, NULL);
        return;
    }
    if (cpl_kind_is_slice(leaf->field->type.kind)) {
        cpl_json_bytes(json, key, bound->data, bound->size < MAX_SHOWN ? bound->size : MAX_SHOWN);
        return;
    }
    struct cpl_column column = {.field = leaf->field, .length = 1, .values = value};
    if (cpl_parquet_convert(leaf, physical, 1, value, NULL))
        cpl_json_bytes(json, key, text, cpl_print_value(&column, 0, text));
    else
        cpl_json_string(json, key, NULL);
}

/* Data pages, as far as the footer tells; -1 = it does not. */
static int64_t count_pages(const struct cpl_parquet_column_metadata *metadata)
{
    int64_t pages = 0;
    for (uint32_t i = 0; i < metadata->encoding_stats.n; i++)
        if (metadata->encoding_stats.items[i].page_type != CPL_PARQUET_DICTIONARY_PAGE)
            pages += metadata->encoding_stats.items[i].count;
    return metadata->encoding_stats.n ? pages : -1;
}

/* The offset index knows how many pages there are; one that cannot be read is verify's matter, not inspect's. */
static int64_t count_indexed_pages(const struct cpl_parquet_file *file,
                                   const struct cpl_parquet_column_chunk *chunk)
{
    struct cpl_arena arena = {0};
    struct cpl_parquet_offset_index index;
    size_t got, size = (size_t)chunk->offset_index_length;
    int64_t pages = -1;
    if (!chunk->has_offset_index_offset || !chunk->has_offset_index_length ||
        chunk->offset_index_length <= 0 || chunk->offset_index_offset < 0 ||
        size > cpl_reader_size(cpl_parquet_reader(file)))
        return -1;
    uint8_t *data = cpl_arena_alloc(&arena, size, NULL);
    if (data &&
        cpl_reader_at(cpl_parquet_reader(file), (uint64_t)chunk->offset_index_offset, data, size,
                      &got, NULL) &&
        got == size && cpl_parquet_parse_offset_index(data, size, &arena, &index, NULL))
        pages = index.pages.n;
    cpl_arena_release(&arena);
    return pages;
}

static void put_encodings(struct cpl_json_writer *json,
                          const struct cpl_parquet_column_metadata *metadata)
{
    cpl_json_list(json, "encodings");
    for (uint32_t i = 0; i < metadata->encodings.n; i++)
        cpl_json_string(json, NULL, cpl_parquet_encoding_name(metadata->encodings.items[i]));
    cpl_json_close(json);
}

static void put_statistics(struct cpl_json_writer *json, const struct cpl_parquet_leaf *leaf,
                           const struct cpl_parquet_column_metadata *metadata)
{
    const struct cpl_parquet_statistics *statistics = &metadata->statistics;
    if (statistics->has_null_count)
        cpl_json_int(json, "nulls", statistics->null_count);
    else
        cpl_json_string(json, "nulls", NULL);
    put_bound(json, "min", leaf, &statistics->min_value);
    put_bound(json, "max", leaf, &statistics->max_value);
}

static void put_column(struct cpl_json_writer *json, const struct cpl_parquet_file *file,
                       const struct cpl_parquet_column_chunk *chunk,
                       const struct cpl_parquet_leaf *leaf)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->metadata;
    char path[300];
    int64_t pages = count_indexed_pages(file, chunk);
    if (pages < 0)
        pages = count_pages(metadata);
    cpl_json_object(json, NULL);
    cpl_parquet_leaf_path(leaf, path, sizeof path);
    cpl_json_bytes(json, "path", path, strlen(path));
    cpl_json_string(json, "type", cpl_parquet_type_name(leaf->type));
    cpl_json_string(json, "codec", cpl_codec_name(metadata->codec));
    put_encodings(json, metadata);
    if (pages >= 0)
        cpl_json_int(json, "pages", pages);
    else
        cpl_json_string(json, "pages", NULL);
    cpl_json_int(json, "values", metadata->num_values);
    put_statistics(json, leaf, metadata);
    cpl_json_int(json, "compressed", metadata->total_compressed_size);
    cpl_json_int(json, "uncompressed", metadata->total_uncompressed_size);
    cpl_json_bool(json, "dictionary",
                  metadata->has_dictionary_page_offset && metadata->dictionary_page_offset > 0);
    cpl_json_bool(json, "column_index", chunk->has_column_index_offset);
    cpl_json_bool(json, "offset_index", chunk->has_offset_index_offset);
    cpl_json_bool(json, "bloom_filter", metadata->has_bloom_filter_offset);
    cpl_json_close(json);
}

bool cpl_parquet_sorted_by(const struct cpl_parquet_file *file, uint32_t group,
                           struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_parquet_schema *schema = cpl_parquet_levels(file);
    const struct cpl_parquet_row_group *stated =
        &cpl_parquet_metadata(file)->row_groups.items[group];
    for (uint32_t i = 0; i < stated->sorting_columns.n; i++) {
        const struct cpl_parquet_sorting_column *key = &stated->sorting_columns.items[i];
        char path[300] = "?"; /* no column of the file: verify's matter */
        if (key->column >= 0 && (uint32_t)key->column < schema->n_leaves)
            cpl_parquet_leaf_path(&schema->leaves[key->column], path, sizeof path);
        if (!cpl_buffer_printf(out, err, "%s%s%s%s", i ? ", " : "", path,
                               key->descending ? " desc" : "",
                               key->nulls_first ? " nulls first" : ""))
            return false;
    }
    return true;
}

static bool put_sorted_by(struct cpl_json_writer *json, const struct cpl_parquet_file *file,
                          uint32_t group, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = cpl_parquet_sorted_by(file, group, &text, err);
    if (ok && text.size)
        cpl_json_bytes(json, "sorted_by", text.data, text.size);
    cpl_buffer_release(&text);
    return ok;
}

static bool put_row_group(struct cpl_json_writer *json, const struct cpl_parquet_file *file,
                          uint32_t number, struct cpl_error *err)
{
    const struct cpl_parquet_row_group *group =
        &cpl_parquet_metadata(file)->row_groups.items[number];
    int64_t compressed = 0;
    for (uint32_t i = 0; i < group->columns.n; i++)
        if (__builtin_add_overflow(
                compressed, group->columns.items[i].metadata.total_compressed_size, &compressed))
            compressed = -1;
    cpl_json_object(json, NULL);
    cpl_json_int(json, "rows", group->num_rows);
    cpl_json_int(json, "compressed", compressed);
    cpl_json_int(json, "uncompressed", group->total_byte_size);
    if (!put_sorted_by(json, file, number, err))
        return false;
    cpl_json_list(json, "columns");
    for (uint32_t i = 0; i < group->columns.n; i++)
        put_column(json, file, &group->columns.items[i], &cpl_parquet_levels(file)->leaves[i]);
    cpl_json_close(json);
    cpl_json_close(json);
    return true;
}

static bool put_schema(struct cpl_json_writer *json, const struct cpl_parquet_file *file,
                       struct cpl_error *err)
{
    const struct cpl_schema *schema = cpl_parquet_file_schema(file);
    struct cpl_type root = {
        .kind = CPL_STRUCT, .n_children = schema->n_fields, .children = schema->fields};
    struct cpl_buffer text = {0};
    bool ok = cpl_type_format(&root, &text, err);
    if (ok)
        cpl_json_bytes(json, "schema", text.data, text.size);
    cpl_buffer_release(&text);
    return ok;
}

static void put_key_values(struct cpl_json_writer *json,
                           const struct cpl_parquet_file_metadata *metadata)
{
    cpl_json_object(json, "metadata");
    for (uint32_t i = 0; i < metadata->key_values.n; i++)
        put_bytes(json, (const char *)metadata->key_values.items[i].key.data,
                  &metadata->key_values.items[i].value);
    cpl_json_close(json);
}

bool cpl_parquet_layout(const struct cpl_parquet_file *file, struct cpl_json_writer *json,
                        const char *key, struct cpl_error *err)
{
    const struct cpl_parquet_file_metadata *metadata = cpl_parquet_metadata(file);
    cpl_json_object(json, key);
    cpl_json_string(json, "format", "parquet");
    cpl_json_int(json, "version", metadata->version);
    put_bytes(json, "created_by", &metadata->created_by);
    cpl_json_int(json, "rows", metadata->num_rows);
    cpl_json_uint(json, "size", cpl_reader_size(cpl_parquet_reader(file)));
    if (!put_schema(json, file, err))
        return false;
    put_key_values(json, metadata);
    cpl_json_list(json, "row_groups");
    for (uint32_t i = 0; i < metadata->row_groups.n; i++)
        if (!put_row_group(json, file, i, err))
            return false;
    cpl_json_close(json);
    cpl_json_close(json);
    return true;
}

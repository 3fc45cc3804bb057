#include "decode/parquet_column.h"
#include "base/plural.h"

#include <string.h>

enum { MAX_DICTIONARY = 64 << 20, MAX_LEVELS = 256 << 20 };

static bool malformed(struct cpl_error *err, const char *what)
{
    cpl_fail(err, CPL_E_DATA, "malformed column: %s", what);
    return false;
}

static void drop_retired(struct cpl_leaf_reader *column)
{
    uint8_t **bodies = (uint8_t **)(void *)column->retired.data;
    for (size_t i = 0; i < column->retired.size / sizeof *bodies; i++)
        cpl_free(bodies[i]);
    column->retired.size = 0;
}

static void drop_chunk(struct cpl_leaf_reader *column)
{
    drop_retired(column);
    cpl_free(column->page.body);
    cpl_free(column->dictionary_body);
    cpl_arena_reset(&column->dictionary_arena);
    column->page = (struct cpl_parquet_page){0};
    column->dictionary = (struct cpl_parquet_dictionary){0};
    column->dictionary_body = NULL;
    column->page_left = column->look = column->look_at = 0;
}

bool cpl_leaf_reader_open(struct cpl_leaf_reader *column, struct cpl_reader *reader,
                          const struct cpl_parquet_column_chunk *chunk,
                          const struct cpl_parquet_leaf *leaf, struct cpl_codec_state *codec,
                          size_t window_step, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->metadata;
    drop_chunk(column);
    column->leaf = leaf;
    column->repetition.max = column->definition.max = MAX_LEVELS;
    if (chunk->file_path.data && chunk->file_path.size)
        return cpl_fail(err, CPL_E_UNSUPPORTED, "its data stand in another file, %s",
                        (const char *)chunk->file_path.data);
    if (!chunk->has_metadata)
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "it has no metadata; encrypted columns are not read");
    if (leaf->unreadable)
        return cpl_fail(err, CPL_E_UNSUPPORTED, "%s", leaf->unreadable);
    if (metadata->type != leaf->type)
        return malformed(err, "its type is not that of the schema");
    if (metadata->num_values < 0)
        return malformed(err, "its number of values is negative");
    column->entries_left = (uint64_t)metadata->num_values;
    return cpl_parquet_pages_init(&column->pages, reader, metadata, leaf, codec, window_step, err);
}

void cpl_leaf_reader_release(struct cpl_leaf_reader *column)
{
    drop_chunk(column);
    cpl_parquet_pages_release(&column->pages);
    cpl_parquet_values_release(&column->decoder);
    cpl_arena_release(&column->dictionary_arena);
    cpl_buffer_release(&column->retired);
    cpl_buffer_release(&column->repetition);
    cpl_buffer_release(&column->definition);
    cpl_buffer_release(&column->values);
}

void cpl_leaf_reader_begin(struct cpl_leaf_reader *column, struct cpl_arena *arena)
{
    drop_retired(column);
    column->arena = arena;
    column->repetition.size = column->definition.size = column->values.size = 0;
    column->n_entries = column->n_values = 0;
}

/* ---- pages ---- */

static bool take_dictionary(struct cpl_leaf_reader *column, struct cpl_parquet_page *page,
                            struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = column->leaf;
    size_t width = cpl_parquet_value_width(leaf->type, leaf->type_length);
    column->dictionary_body = page->body;
    if (page->num_values > MAX_DICTIONARY)
        return cpl_fail(err, CPL_E_LIMIT, "its dictionary has %u values; the limit is %d",
                        page->num_values, (int)MAX_DICTIONARY);
    if (leaf->type == CPL_PARQUET_BYTE_ARRAY && page->num_values > page->values_size / 4)
        return malformed(err, "its dictionary has fewer values than its header says");
    void *values = cpl_arena_alloc(&column->dictionary_arena, width * page->num_values + 1, err);
    if (!values)
        return false;
    column->dictionary = (struct cpl_parquet_dictionary){.values = values, .n = page->num_values};
    return cpl_parquet_values_init(&column->decoder, CPL_PARQUET_PLAIN, leaf->type,
                                   leaf->type_length, page->values, page->values_size, NULL, err) &&
           cpl_parquet_values_read(&column->decoder, values, page->num_values, column->arena, err);
}

static void start_levels(struct cpl_leaf_reader *column)
{
    const struct cpl_parquet_page *page = &column->page;
    cpl_rle_decoder_init(&column->repetition_levels, page->repetition, page->repetition_size,
                         cpl_parquet_bit_width((uint32_t)column->leaf->max_rep));
    cpl_rle_decoder_init(&column->definition_levels, page->definition, page->definition_size,
                         cpl_parquet_bit_width((uint32_t)column->leaf->max_def));
}

/* Numbers are copied out of a page, strings are not: those pages must outlive the batch. */
static bool retire_page(struct cpl_leaf_reader *column, struct cpl_error *err)
{
    uint8_t *body = column->page.body;
    if (column->leaf->type == CPL_PARQUET_BYTE_ARRAY && body) {
        if (!cpl_buffer_append(&column->retired, &body, sizeof body, err))
            return false; /* the page stays where it is, and is freed with the column */
    } else {
        cpl_free(body);
    }
    column->page.body = NULL;
    return true;
}

static bool next_page(struct cpl_leaf_reader *column, struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = column->leaf;
    struct cpl_parquet_page *page = &column->page;
    if (!retire_page(column, err) || !cpl_parquet_pages_next(&column->pages, page, err))
        return false;
    if (page->header.type == CPL_PARQUET_DICTIONARY_PAGE) {
        if (column->dictionary.values)
            return malformed(err, "it has a second dictionary page");
        bool ok = take_dictionary(column, page, err);
        page->body = NULL; /* dictionary_body has it */
        return ok;
    }
    if (page->num_values > column->entries_left)
        return malformed(err, "its pages have more values than its metadata say");
    column->entries_left -= page->num_values;
    column->page_left = page->num_values;
    start_levels(column);
    return cpl_parquet_values_init(&column->decoder, page->encoding, leaf->type, leaf->type_length,
                                   page->values, page->values_size,
                                   column->dictionary.values ? &column->dictionary : NULL, err);
}

/* ---- entries ---- */

static bool levels_within(const uint32_t *levels, uint32_t n, int16_t max)
{
    uint32_t highest = 0;
    for (uint32_t i = 0; i < n; i++)
        highest = levels[i] > highest ? levels[i] : highest;
    return highest <= (uint32_t)max;
}

/* More levels into the look-ahead; none (look == look_at) when the chunk is at its end. */
static bool look_ahead(struct cpl_leaf_reader *column, struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = column->leaf;
    column->look = column->look_at = 0;
    while (column->page_left == 0) {
        if (column->entries_left == 0)
            return true;
        if (!next_page(column, err))
            return false;
    }
    uint32_t n = column->page_left < CPL_PARQUET_LOOK ? column->page_left : CPL_PARQUET_LOOK;
    if (leaf->max_rep &&
        !cpl_rle_decoder_read(&column->repetition_levels, column->look_repetition, n, err))
        return false;
    if (leaf->max_def &&
        !cpl_rle_decoder_read(&column->definition_levels, column->look_definition, n, err))
        return false;
    if ((leaf->max_rep && !levels_within(column->look_repetition, n, leaf->max_rep)) ||
        (leaf->max_def && !levels_within(column->look_definition, n, leaf->max_def)))
        return malformed(err, "a level passes its maximum");
    column->page_left -= n;
    column->look = n;
    return true;
}

/* Entries of the look-ahead that belong to the next `*rows` rows; *rows is lowered by those begun.
 * *full: an entry of a further row was seen, so that the last one is complete. */
static uint32_t entries_of(const struct cpl_leaf_reader *column, uint32_t *rows, bool *full)
{
    uint32_t have = column->look - column->look_at, n = 0;
    if (!column->leaf->max_rep) {
        n = have < *rows ? have : *rows;
        *rows -= n;
        *full = *rows == 0;
        return n;
    }
    for (; n < have; n++) {
        if (column->look_repetition[column->look_at + n])
            continue;
        if (*rows == 0) {
            *full = true;
            break;
        }
        --*rows;
    }
    return n;
}

static bool append_levels(struct cpl_buffer *to, const uint32_t *levels, uint32_t n,
                          struct cpl_error *err)
{
    if (!cpl_buffer_reserve(to, n * sizeof(uint16_t), err))
        return false;
    uint16_t *out = (uint16_t *)(void *)(to->data + to->size);
    for (uint32_t i = 0; i < n; i++)
        out[i] = (uint16_t)levels[i];
    to->size += n * sizeof(uint16_t);
    return true;
}

static uint32_t count_at(const uint32_t *levels, uint32_t n, int16_t level)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < n; i++)
        count += levels[i] == (uint32_t)level;
    return count;
}

static bool take_entries(struct cpl_leaf_reader *column, uint32_t n, struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = column->leaf;
    const uint32_t *definition = column->look_definition + column->look_at;
    uint32_t n_values = leaf->max_def ? count_at(definition, n, leaf->max_def) : n;
    size_t size = (size_t)n_values * column->decoder.width;
    if (leaf->max_rep &&
        !append_levels(&column->repetition, column->look_repetition + column->look_at, n, err))
        return false;
    if (leaf->max_def && !append_levels(&column->definition, definition, n, err))
        return false;
    if (!cpl_buffer_reserve(&column->values, size, err) ||
        !cpl_parquet_values_read(&column->decoder, column->values.data + column->values.size,
                                 n_values, column->arena, err))
        return false;
    column->values.size += size;
    column->n_values += n_values;
    column->n_entries += n;
    column->look_at += n;
    return true;
}

bool cpl_leaf_reader_read(struct cpl_leaf_reader *column, uint32_t rows, struct cpl_error *err)
{
    uint32_t left = rows;
    bool full = rows == 0;
    while (!full) {
        if (column->look_at == column->look && !look_ahead(column, err))
            return false;
        if (column->look == 0)
            break; /* the chunk's end completes the last row */
        if (column->n_entries == 0 && column->leaf->max_rep &&
            column->look_repetition[column->look_at])
            return malformed(err, "it starts in the middle of a row");
        if (!take_entries(column, entries_of(column, &left, &full), err))
            return false;
    }
    if (left)
        return cpl_fail(err, CPL_E_DATA, "malformed column: %s of its row group %s missing",
                        CPL_COUNTED(left, "row"), cpl_are(left));
    return true;
}

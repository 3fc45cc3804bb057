#include "decode/parquet_verify.h"
#include "base/plural.h"
#include "decode/parquet_assemble.h"
#include "decode/parquet_facts.h"
#include "decode/parquet_verify_order.h"
#include "decode/parquet_verify_whole.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { STEP = 1024, WINDOW = 256 << 10, MAX_INDEX = 64 << 20, MAX_BLOOM = 128 << 20 };

/* One column chunk under examination. */
struct chunk {
    const struct cpl_parquet_file *file;
    const struct cpl_parquet_leaf *leaf;
    const struct cpl_parquet_column_chunk *stated;
    enum cpl_parquet_ordering ordering;
    bool ordered; /* the file says that minimum and maximum follow the type's order */
    bool has_column_index, has_offset_index;
    struct cpl_parquet_column_index column_index;
    struct cpl_parquet_offset_index offset_index;
    struct cpl_buffer bloom; /* its blocks; empty = none */
    struct cpl_parquet_pages pages;
    struct cpl_parquet_values decoder;
    struct cpl_parquet_dictionary dictionary;
    struct cpl_parquet_page dictionary_page;
    struct cpl_parquet_facts page, all;
    struct cpl_arena arena, values_arena;
    struct cpl_buffer raw, physical, converted;
    uint64_t n_data_pages, uncompressed;
    uint64_t first_dictionary, first_data; /* offsets; 0 = none */
    uint32_t seen_encodings;               /* bits */
    uint32_t encoding_counts[4][16];       /* page type × encoding */
    struct cpl_parquet_column_report *report;
    struct cpl_parquet_report *file_report;
};

static bool corrupt(struct cpl_error *err, const char *what)
{
    cpl_fail(err, CPL_E_CORRUPT, "%s", what);
    return false;
}

static bool remark(const struct chunk *chunk, struct cpl_error *err, const struct cpl_error *found)
{
    return cpl_parquet_remark(chunk->file, chunk->file_report, "column", chunk->leaf->field->name,
                              found, err);
}

static void release_chunk(struct chunk *chunk)
{
    cpl_parquet_pages_release(&chunk->pages);
    cpl_parquet_values_release(&chunk->decoder);
    cpl_parquet_facts_release(&chunk->page);
    cpl_parquet_facts_release(&chunk->all);
    cpl_free(chunk->dictionary_page.body);
    cpl_arena_release(&chunk->arena);
    cpl_arena_release(&chunk->values_arena);
    cpl_buffer_release(&chunk->bloom);
    cpl_buffer_release(&chunk->raw);
    cpl_buffer_release(&chunk->physical);
    cpl_buffer_release(&chunk->converted);
}

/* ---- indexes and filters, read before the pages ---- */

static bool read_range(struct chunk *chunk, int64_t offset, int64_t length, const char *what,
                       struct cpl_error *err)
{
    struct cpl_reader *reader = cpl_parquet_reader(chunk->file);
    uint64_t size = cpl_reader_size(reader);
    chunk->raw.size = 0;
    if (offset < 0 || length < 0 || (uint64_t)offset > size ||
        (uint64_t)length > size - (uint64_t)offset)
        return cpl_fail(err, CPL_E_CORRUPT, "the %s lies outside the file", what);
    if (length > MAX_INDEX)
        return cpl_fail(err, CPL_E_LIMIT, "the %s has %" PRId64 " bytes", what, length);
    if (!cpl_buffer_reserve(&chunk->raw, (size_t)length, err) ||
        !cpl_reader_at(reader, (uint64_t)offset, chunk->raw.data, (size_t)length, &chunk->raw.size,
                       err))
        return false;
    return chunk->raw.size == (size_t)length ||
           cpl_fail(err, CPL_E_IO, "the file became shorter while it was read");
}

static bool check_index_lengths(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_index *index = &chunk->column_index;
    uint32_t n = index->null_pages.n;
    uint64_t repetitions = (uint64_t)n * ((uint32_t)chunk->leaf->max_rep + 1);
    uint64_t definitions = (uint64_t)n * ((uint32_t)chunk->leaf->max_def + 1);
    if (index->min_values.n != n || index->max_values.n != n ||
        (index->null_counts.n && index->null_counts.n != n) ||
        (index->repetition_histograms.n && index->repetition_histograms.n != repetitions) ||
        (index->definition_histograms.n && index->definition_histograms.n != definitions) ||
        (chunk->has_offset_index && chunk->offset_index.pages.n != n))
        return corrupt(err, "the lists of the column index have different lengths");
    return true;
}

static bool read_indexes(struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_chunk *stated = chunk->stated;
    chunk->has_offset_index = stated->has_offset_index_offset && stated->has_offset_index_length;
    chunk->has_column_index = stated->has_column_index_offset && stated->has_column_index_length;
    if (chunk->has_offset_index &&
        (!read_range(chunk, stated->offset_index_offset, stated->offset_index_length,
                     "offset index", err) ||
         !cpl_parquet_parse_offset_index(chunk->raw.data, chunk->raw.size, &chunk->arena,
                                         &chunk->offset_index, err)))
        return false;
    if (chunk->has_offset_index && chunk->offset_index.unencoded_bytes.n &&
        chunk->offset_index.unencoded_bytes.n != chunk->offset_index.pages.n)
        return corrupt(err, "the lists of the offset index have different lengths");
    if (!chunk->has_column_index)
        return true;
    return read_range(chunk, stated->column_index_offset, stated->column_index_length,
                      "column index", err) &&
           cpl_parquet_parse_column_index(chunk->raw.data, chunk->raw.size, &chunk->arena,
                                          &chunk->column_index, err) &&
           check_index_lengths(chunk, err);
}

static bool read_bloom(struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    struct cpl_parquet_bloom_header header;
    uint64_t size = cpl_reader_size(cpl_parquet_reader(chunk->file));
    size_t used;
    if (!metadata->has_bloom_filter_offset)
        return true;
    int64_t offset = metadata->bloom_filter_offset;
    int64_t head = offset >= 0 && (uint64_t)offset < size && size - (uint64_t)offset < 64
                       ? (int64_t)(size - (uint64_t)offset)
                       : 64;
    if (!read_range(chunk, offset, head, "bloom filter", err) ||
        !cpl_parquet_parse_bloom_header(chunk->raw.data, chunk->raw.size, &used, &chunk->arena,
                                        &header, err))
        return false;
    if (header.num_bytes <= 0 || header.num_bytes % 32 || header.num_bytes > MAX_BLOOM)
        return corrupt(err, "the bloom filter's size is invalid");
    if (metadata->has_bloom_filter_length &&
        (int64_t)used + header.num_bytes != metadata->bloom_filter_length)
        return corrupt(err, "the bloom filter has another length than the footer says");
    return read_range(chunk, offset + (int64_t)used, header.num_bytes, "bloom filter", err) &&
           cpl_buffer_append(&chunk->bloom, chunk->raw.data, chunk->raw.size, err);
}

/* Split-block bloom filter (parquet-format BloomFilter.md). */
static bool bloom_has(const struct cpl_buffer *blocks, uint64_t hash)
{
    static const uint32_t salts[8] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d,
                                      0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
    uint64_t block = (hash >> 32) * (blocks->size / 32) >> 32;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word;
        memcpy(&word, blocks->data + block * 32 + i * 4, 4);
        if (!(word >> ((uint32_t)hash * salts[i] >> 27) & 1))
            return false;
    }
    return true;
}

/* ---- values ---- */

static struct cpl_slice value_at(const struct chunk *chunk, uint32_t i)
{
    const uint8_t *at = chunk->physical.data + (size_t)chunk->decoder.width * i;
    struct cpl_slice slice = {.data = at, .length = chunk->decoder.width};
    if (chunk->leaf->type == CPL_PARQUET_BYTE_ARRAY)
        memcpy(&slice, at, sizeof slice);
    return slice;
}

static bool check_values(struct chunk *chunk, uint32_t n, struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        struct cpl_slice value = value_at(chunk, i);
        if (!cpl_parquet_facts_value(&chunk->page, chunk->ordering, &value, err))
            return false;
        if (chunk->leaf->type == CPL_PARQUET_BYTE_ARRAY)
            chunk->page.unencoded += value.length;
        if (chunk->bloom.size && !bloom_has(&chunk->bloom, XXH64(value.data, value.length, 0)))
            return corrupt(err, "a value is missing from the bloom filter");
    }
    chunk->converted.size = 0;
    return chunk->leaf->unreadable ||
           (cpl_buffer_reserve(&chunk->converted, n * cpl_type_width(&chunk->leaf->field->type) + 1,
                               err) &&
            cpl_parquet_convert(chunk->leaf, chunk->physical.data, n, chunk->converted.data, err));
}

static bool read_values(struct chunk *chunk, uint32_t n, struct cpl_error *err)
{
    chunk->physical.size = 0;
    cpl_arena_reset(&chunk->values_arena);
    return cpl_buffer_reserve(&chunk->physical, (size_t)n * chunk->decoder.width + 1, err) &&
           cpl_parquet_values_read(&chunk->decoder, chunk->physical.data, n, &chunk->values_arena,
                                   err) &&
           check_values(chunk, n, err);
}

/* Levels into the histograms; how many of them stand for a value, or UINT32_MAX for a level beyond the maximum. */
static uint32_t count_levels(struct chunk *chunk, const uint32_t *repetition,
                             const uint32_t *definition, uint32_t n)
{
    const struct cpl_parquet_leaf *leaf = chunk->leaf;
    uint32_t values = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (repetition[i] > (uint32_t)leaf->max_rep || definition[i] > (uint32_t)leaf->max_def)
            return UINT32_MAX;
        chunk->page.repetition[repetition[i]]++;
        chunk->page.definition[definition[i]]++;
        chunk->page.rows += repetition[i] == 0;
        values += definition[i] == (uint32_t)leaf->max_def;
    }
    return values;
}

static bool read_entries(struct chunk *chunk, const struct cpl_parquet_page *page,
                         struct cpl_error *err)
{
    uint32_t repetition[STEP] = {0}, definition[STEP] = {0};
    struct cpl_rle_decoder repetitions, definitions;
    cpl_rle_decoder_init(&repetitions, page->repetition, page->repetition_size,
                         cpl_parquet_bit_width((uint32_t)chunk->leaf->max_rep));
    cpl_rle_decoder_init(&definitions, page->definition, page->definition_size,
                         cpl_parquet_bit_width((uint32_t)chunk->leaf->max_def));
    for (uint32_t left = page->num_values, n; left; left -= n) {
        n = left < STEP ? left : STEP;
        if (!cpl_rle_decoder_read(&repetitions, repetition, n, err) ||
            !cpl_rle_decoder_read(&definitions, definition, n, err))
            return false;
        uint32_t values = count_levels(chunk, repetition, definition, n);
        if (values == UINT32_MAX)
            return corrupt(err, "a level passes its maximum");
        chunk->page.entries += n;
        chunk->page.values += values;
        if (!read_values(chunk, values, err))
            return false;
    }
    return true;
}

/* ---- a page against what is said of it ---- */

static bool check_page_header(struct chunk *chunk, const struct cpl_parquet_page *page,
                              struct cpl_error *err)
{
    const struct cpl_parquet_page_header *header = &page->header;
    const struct cpl_parquet_facts *facts = &chunk->page;
    bool v2 = header->type == CPL_PARQUET_DATA_PAGE_V2;
    bool has = v2 ? header->data_v2.has_statistics : header->data.has_statistics;
    if (v2 && (!cpl_parquet_check_equal(header->data_v2.num_nulls, facts->entries - facts->values,
                                        "the page header's null count", err) ||
               !cpl_parquet_check_equal(header->data_v2.num_rows, facts->rows,
                                        "the page header's row count", err)))
        return false;
    return !has || !chunk->ordered ||
           cpl_parquet_check_statistics(facts, chunk->leaf, chunk->ordering,
                                        v2 ? &header->data_v2.statistics : &header->data.statistics,
                                        "the page header's statistics", err);
}

static bool check_offset_index(const struct chunk *chunk, const struct cpl_parquet_page *page,
                               uint64_t number, struct cpl_error *err)
{
    if (number >= chunk->offset_index.pages.n)
        return corrupt(err, "the offset index has fewer pages than the column");
    const struct cpl_parquet_page_location *location = &chunk->offset_index.pages.items[number];
    int64_t size = (int64_t)page->header_size + page->header.compressed_size;
    return cpl_parquet_check_equal(location->offset, page->offset, "the offset index's page offset",
                                   err) &&
           cpl_parquet_check_equal(location->size, (uint64_t)size, "the offset index's page size",
                                   err) &&
           cpl_parquet_check_equal(location->first_row, chunk->all.rows,
                                   "the offset index's first row", err);
}

static bool check_indexed_size(const struct chunk *chunk, uint64_t number, struct cpl_error *err)
{
    struct cpl_error found;
    const int64_t *stated = chunk->offset_index.unencoded_bytes.items;
    return chunk->offset_index.unencoded_bytes.n == 0 ||
           cpl_parquet_check_equal(stated[number], chunk->page.unencoded,
                                   "the offset index's unencoded size", &found) ||
           remark(chunk, err, &found);
}

static bool check_column_index(const struct chunk *chunk, uint64_t number, struct cpl_error *err)
{
    const struct cpl_parquet_column_index *index = &chunk->column_index;
    const struct cpl_parquet_facts *facts = &chunk->page;
    uint32_t repetitions = (uint32_t)chunk->leaf->max_rep + 1,
             definitions = (uint32_t)chunk->leaf->max_def + 1;
    if (number >= index->null_pages.n)
        return corrupt(err, "the column index has fewer pages than the column");
    if (index->null_pages.items[number] != (facts->values == 0))
        return corrupt(err, "the column index is wrong about a page of nulls only");
    struct cpl_parquet_bounds bounds = {.min = index->min_values.items[number],
                                        .max = index->max_values.items[number]};
    if (index->null_counts.n &&
        !cpl_parquet_check_nulls(facts, chunk->leaf, index->null_counts.items[number],
                                 "the column index's null count", err))
        return false;
    const int64_t *repetition = index->repetition_histograms.n
                                    ? index->repetition_histograms.items + number * repetitions
                                    : NULL;
    const int64_t *definition = index->definition_histograms.n
                                    ? index->definition_histograms.items + number * definitions
                                    : NULL;
    return cpl_parquet_check_bounds(facts, chunk->ordering, &bounds, "the column index", err) &&
           cpl_parquet_check_histogram(facts->repetition, repetitions, repetition,
                                       "the column index's repetition histogram", err) &&
           cpl_parquet_check_histogram(facts->definition, definitions, definition,
                                       "the column index's definition histogram", err);
}

static bool note_encoding(struct chunk *chunk, enum cpl_parquet_page_type type,
                          enum cpl_parquet_encoding encoding)
{
    if ((uint32_t)encoding >= 16)
        return false;
    chunk->seen_encodings |= 1u << encoding;
    chunk->encoding_counts[type][encoding]++;
    return true;
}

static bool verify_data_page(struct chunk *chunk, const struct cpl_parquet_page *page,
                             struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = chunk->leaf;
    uint64_t number = chunk->n_data_pages++;
    if (!chunk->first_data)
        chunk->first_data = page->offset;
    if (!note_encoding(chunk, page->header.type, page->encoding))
        return corrupt(err, "the page's encoding is unknown");
    cpl_parquet_facts_clear(&chunk->page, leaf);
    bool ok = cpl_parquet_values_init(&chunk->decoder, page->encoding, leaf->type,
                                      leaf->type_length, page->values, page->values_size,
                                      chunk->dictionary.values ? &chunk->dictionary : NULL, err) &&
              read_entries(chunk, page, err) && check_page_header(chunk, page, err);
    if (ok && chunk->has_offset_index)
        ok = check_offset_index(chunk, page, number, err) && check_indexed_size(chunk, number, err);
    if (ok && chunk->has_column_index && chunk->ordered)
        ok = check_column_index(chunk, number, err);
    return ok && cpl_parquet_facts_add(&chunk->all, &chunk->page, leaf, err);
}

static bool take_dictionary(struct chunk *chunk, struct cpl_parquet_page *page,
                            struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = chunk->leaf;
    size_t width = cpl_parquet_value_width(leaf->type, leaf->type_length);
    if (chunk->dictionary.values || chunk->first_data)
        return corrupt(err, "a dictionary page does not stand first");
    note_encoding(chunk, page->header.type, page->header.dictionary.encoding);
    chunk->first_dictionary = page->offset;
    chunk->dictionary_page = *page;
    page->body = NULL;
    void *values = cpl_arena_alloc(&chunk->arena, width * page->num_values + 1, err);
    if (!values)
        return false;
    chunk->dictionary = (struct cpl_parquet_dictionary){.values = values, .n = page->num_values};
    chunk->report->dictionary_pages++;
    return cpl_parquet_values_init(&chunk->decoder, CPL_PARQUET_PLAIN, leaf->type,
                                   leaf->type_length, page->values, page->values_size, NULL, err) &&
           cpl_parquet_values_read(&chunk->decoder, values, page->num_values, &chunk->arena, err);
}

/* ---- the chunk against what is said of it ---- */

/* PLAIN_DICTIONARY is the old name of RLE_DICTIONARY in data pages, and of PLAIN in dictionary pages. */
static uint32_t same_encodings(uint32_t bits)
{
    enum { DICTIONARY = 1u << CPL_PARQUET_PLAIN_DICTIONARY | 1u << CPL_PARQUET_RLE_DICTIONARY };
    return bits & DICTIONARY ? bits | DICTIONARY | 1u << CPL_PARQUET_PLAIN : bits;
}

static bool check_encoding_list(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    uint32_t stated = 0;
    for (uint32_t i = 0; i < metadata->encodings.n; i++)
        if ((uint32_t)metadata->encodings.items[i] < 16)
            stated |= 1u << metadata->encodings.items[i];
    return !(chunk->seen_encodings & ~same_encodings(stated)) ||
           corrupt(err, "a page has an encoding that the footer does not name");
}

static bool check_encoding_stats(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    for (uint32_t i = 0; i < metadata->encoding_stats.n; i++) {
        const struct cpl_parquet_encoding_stats *stats = &metadata->encoding_stats.items[i];
        if ((uint32_t)stats->page_type < 4 && (uint32_t)stats->encoding < 16 &&
            !cpl_parquet_check_equal(stats->count,
                                     chunk->encoding_counts[stats->page_type][stats->encoding],
                                     "the footer's encoding statistics", err))
            return false;
    }
    return true;
}

static bool check_encodings(const struct chunk *chunk, struct cpl_error *err)
{
    struct cpl_error found;
    return (check_encoding_list(chunk, &found) && check_encoding_stats(chunk, &found)) ||
           remark(chunk, err, &found);
}

static bool check_places(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    uint64_t start = cpl_parquet_chunk_start(metadata);
    if (chunk->first_data && (uint64_t)metadata->data_page_offset != chunk->first_data)
        return corrupt(err, "the footer's data page offset is not that of the first data page");
    if (metadata->has_dictionary_page_offset && metadata->dictionary_page_offset > 0 &&
        (uint64_t)metadata->dictionary_page_offset != chunk->first_dictionary)
        return corrupt(err,
                       "the footer's dictionary page offset is not that of the dictionary page");
    return cpl_parquet_check_equal(metadata->total_compressed_size, chunk->pages.next - start,
                                   "the column chunk's compressed size", err) &&
           cpl_parquet_check_equal(metadata->total_uncompressed_size, chunk->uncompressed,
                                   "the column chunk's uncompressed size", err);
}

static bool check_size_statistics(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_size_statistics *sizes = &chunk->stated->metadata.size_statistics;
    uint32_t repetitions = (uint32_t)chunk->leaf->max_rep + 1,
             definitions = (uint32_t)chunk->leaf->max_def + 1;
    if (!chunk->stated->metadata.has_size_statistics)
        return true;
    struct cpl_error found;
    if (sizes->has_unencoded_bytes &&
        !cpl_parquet_check_equal(sizes->unencoded_bytes, chunk->all.unencoded,
                                 "the column's unencoded size", &found) &&
        !remark(chunk, err, &found))
        return false;
    if ((sizes->repetition_histogram.n && sizes->repetition_histogram.n != repetitions) ||
        (sizes->definition_histogram.n && sizes->definition_histogram.n != definitions))
        return corrupt(err, "a level histogram of the column has the wrong length");
    return cpl_parquet_check_histogram(
               chunk->all.repetition, repetitions,
               sizes->repetition_histogram.n ? sizes->repetition_histogram.items : NULL,
               "the column's repetition histogram", err) &&
           cpl_parquet_check_histogram(
               chunk->all.definition, definitions,
               sizes->definition_histogram.n ? sizes->definition_histogram.items : NULL,
               "the column's definition histogram", err);
}

/* Are the bounds of the pages in the order that the column index claims? */
static bool check_boundary_order(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_column_index *index = &chunk->column_index;
    int sign = index->boundary_order == CPL_PARQUET_DESCENDING ? -1 : 1;
    uint32_t width = cpl_parquet_ordering_width(chunk->ordering), before = UINT32_MAX;
    if (index->boundary_order == CPL_PARQUET_UNORDERED || chunk->ordering == CPL_PARQUET_ORDER_NONE)
        return true;
    for (uint32_t i = 0; i < index->null_pages.n; i++) {
        const struct cpl_bytes *min = index->min_values.items, *max = index->max_values.items;
        if (index->null_pages.items[i] || (width && (min[i].size != width || max[i].size != width)))
            continue;
        struct cpl_slice low = {.data = min[i].data, .length = min[i].size};
        struct cpl_slice high = {.data = max[i].data, .length = max[i].size};
        if (before != UINT32_MAX) {
            struct cpl_slice last_low = {.data = min[before].data, .length = min[before].size};
            struct cpl_slice last_high = {.data = max[before].data, .length = max[before].size};
            if (cpl_parquet_compare(chunk->ordering, &last_low, &low) * sign > 0 ||
                cpl_parquet_compare(chunk->ordering, &last_high, &high) * sign > 0)
                return corrupt(err, "the column index's boundary order does not hold");
        }
        before = i;
    }
    return true;
}

static bool check_chunk(const struct chunk *chunk, uint64_t rows, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    if (chunk->all.rows != rows)
        return cpl_fail(err, CPL_E_CORRUPT, "the row group says %s, the column has %" PRIu64,
                        CPL_COUNTED(rows, "row"), chunk->all.rows);
    if (metadata->has_statistics && chunk->ordered &&
        !cpl_parquet_check_statistics(&chunk->all, chunk->leaf, chunk->ordering,
                                      &metadata->statistics, "the column's statistics", err))
        return false;
    if (chunk->has_offset_index && chunk->offset_index.pages.n != chunk->n_data_pages)
        return corrupt(err, "the offset index has more pages than the column");
    if (chunk->has_column_index && chunk->column_index.null_pages.n != chunk->n_data_pages)
        return corrupt(err, "the column index has more pages than the column");
    return check_encodings(chunk, err) && check_places(chunk, err) &&
           check_size_statistics(chunk, err) &&
           (!chunk->has_column_index || check_boundary_order(chunk, err));
}

static bool walk_pages(struct chunk *chunk, struct cpl_error *err)
{
    uint64_t entries = (uint64_t)chunk->stated->metadata.num_values;
    uint64_t end = cpl_parquet_chunk_start(&chunk->stated->metadata) +
                   (uint64_t)chunk->stated->metadata.total_compressed_size;
    while (chunk->all.entries < entries || chunk->pages.next < end) {
        struct cpl_parquet_page page;
        if (!cpl_parquet_pages_next(&chunk->pages, &page, err))
            return false;
        chunk->uncompressed += page.header_size + (uint64_t)page.header.uncompressed_size;
        chunk->report->pages++;
        chunk->report->crcs += page.header.has_crc;
        bool dictionary = page.header.type == CPL_PARQUET_DICTIONARY_PAGE;
        bool ok = dictionary ? take_dictionary(chunk, &page, err)
                             : verify_data_page(chunk, &page, err);
        cpl_free(page.body);
        if (!ok)
            return false;
        if (chunk->all.entries > entries)
            return corrupt(err, "the pages have more values than the footer says");
    }
    return true;
}

/* The path repeats the names of the schema. */
static bool check_path(const struct chunk *chunk, struct cpl_error *err)
{
    const struct cpl_parquet_leaf *leaf = chunk->leaf;
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    bool same = metadata->path.n == leaf->n_path;
    for (uint32_t i = 0; same && i < leaf->n_path; i++)
        same = metadata->path.items[i].size == leaf->path[i].size &&
               !memcmp(metadata->path.items[i].data, leaf->path[i].data, leaf->path[i].size);
    return same || corrupt(err, "its path in the footer is not its name in the schema");
}

static bool open_chunk(struct chunk *chunk, struct cpl_codec_state *codec, struct cpl_error *err)
{
    const struct cpl_parquet_column_metadata *metadata = &chunk->stated->metadata;
    const struct cpl_parquet_file_metadata *file = cpl_parquet_metadata(chunk->file);
    uint32_t column = chunk->leaf->column;
    if (!chunk->stated->has_metadata || metadata->num_values < 0 ||
        metadata->type != chunk->leaf->type)
        return corrupt(err, "its metadata are missing or contradict the schema");
    if (!check_path(chunk, err))
        return false;
    chunk->ordering = cpl_parquet_ordering_of(chunk->leaf);
    chunk->ordered = column < file->column_orders.n &&
                     file->column_orders.items[column].kind == CPL_PARQUET_TYPE_ORDER;
    return cpl_parquet_facts_init(&chunk->page, chunk->leaf, err) &&
           cpl_parquet_facts_init(&chunk->all, chunk->leaf, err) && read_indexes(chunk, err) &&
           read_bloom(chunk, err) &&
           cpl_parquet_pages_init(&chunk->pages, cpl_parquet_reader(chunk->file), metadata,
                                  chunk->leaf, codec, WINDOW, err);
}

static bool verify_chunk(const struct cpl_parquet_file *file, uint32_t group, uint32_t column,
                         struct cpl_codec_state *codec, struct cpl_parquet_report *report,
                         struct cpl_error *err)
{
    const struct cpl_parquet_row_group *stated =
        &cpl_parquet_metadata(file)->row_groups.items[group];
    struct chunk chunk = {.file = file,
                          .leaf = &cpl_parquet_levels(file)->leaves[column],
                          .stated = &stated->columns.items[column],
                          .report = &report->columns[column],
                          .file_report = report};
    bool ok = open_chunk(&chunk, codec, err) && walk_pages(&chunk, err) &&
              check_chunk(&chunk, (uint64_t)stated->num_rows, err);
    chunk.report->entries += chunk.all.entries;
    chunk.report->nulls += chunk.all.entries - chunk.all.values;
    chunk.report->bytes += chunk.pages.next
                               ? chunk.pages.next - cpl_parquet_chunk_start(&chunk.stated->metadata)
                               : 0;
    report->indexes += (uint64_t)chunk.has_column_index + chunk.has_offset_index +
                       (chunk.bloom.size != 0);
    report->histograms += chunk.column_index.definition_histograms.n > 0;
    if (!ok) {
        char path[300];
        cpl_fail_context(err, "row group %u, column %s, page %" PRIu64, group,
                         cpl_parquet_leaf_path(chunk.leaf, path, sizeof path), chunk.pages.n_pages);
        cpl_fail_in(err, cpl_parquet_name(file));
    }
    release_chunk(&chunk);
    return ok;
}

/* ---- the file ---- */

/* Leaves of one nested column must agree in their levels: assembling them shows it. */
static bool verify_assembly(const struct cpl_parquet_file *file, struct cpl_error *err)
{
    const struct cpl_schema *schema = cpl_parquet_file_schema(file);
    struct cpl_parquet_scan_options options = {0};
    struct cpl_parquet_scan *scan = NULL;
    struct cpl_batch *batch;
    bool ok = false;
    uint32_t *columns = cpl_alloc(schema->n_fields * sizeof *columns, err);
    if (!columns)
        return false;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (cpl_kind_is_nested(schema->fields[i].type.kind))
            columns[options.n_columns++] = i;
    options.columns = columns;
    if (options.n_columns == 0) {
        ok = true;
        goto out;
    }
    scan = cpl_parquet_scan_new(file, &options, err);
    if (!scan)
        goto out;
    do
        ok = cpl_parquet_scan_next(scan, &batch, err);
    while (ok && batch->rows);
out:
    cpl_parquet_scan_free(scan);
    cpl_free(columns);
    return ok;
}

/* Others' NaNs and old string orders may well be ordered by other rules. */
static bool in_group(const struct cpl_parquet_file *file, uint32_t group, struct cpl_error *err)
{
    cpl_fail_context(err, "row group %u", group);
    return cpl_fail_in(err, cpl_parquet_name(file));
}

static bool verify_order(const struct cpl_parquet_file *file, uint32_t group,
                         struct cpl_parquet_report *report, struct cpl_error *err)
{
    struct cpl_error found;
    char number[16];
    report->orders += cpl_parquet_metadata(file)->row_groups.items[group].sorting_columns.n > 0;
    if (cpl_parquet_verify_order(file, group, &found))
        return true;
    if (found.code != CPL_E_CORRUPT)
        return cpl_fail_with(err, &found);
    snprintf(number, sizeof number, "%u", group);
    return cpl_parquet_remark(file, report, "row group", number, &found, err) ||
           in_group(file, group, err);
}

/* Writers differ on what counts in it. */
static bool check_group_bytes(const struct cpl_parquet_file *file, uint32_t group,
                              struct cpl_parquet_report *report, struct cpl_error *err)
{
    const struct cpl_parquet_row_group *stated =
        &cpl_parquet_metadata(file)->row_groups.items[group];
    struct cpl_error found;
    char number[16];
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < stated->columns.n; i++)
        bytes += (uint64_t)stated->columns.items[i].metadata.total_uncompressed_size;
    snprintf(number, sizeof number, "%u", group);
    return cpl_parquet_check_equal(stated->total_byte_size, bytes, "the row group's size",
                                   &found) ||
           cpl_parquet_remark(file, report, "row group", number, &found, err);
}

static bool verify_group(const struct cpl_parquet_file *file, uint32_t group,
                         struct cpl_codec_state *codec, struct cpl_parquet_report *report,
                         struct cpl_error *err)
{
    const struct cpl_parquet_row_group *stated =
        &cpl_parquet_metadata(file)->row_groups.items[group];
    uint64_t stored = 0;
    for (uint32_t i = 0; i < report->n_columns; i++) {
        if (!verify_chunk(file, group, i, codec, report, err))
            return false;
        stored += (uint64_t)stated->columns.items[i].metadata.total_compressed_size;
    }
    report->rows += (uint64_t)stated->num_rows;
    report->row_groups++;
    if (stated->has_total_compressed_size &&
        !cpl_parquet_check_equal(stated->total_compressed_size, stored,
                                 "the row group's compressed size", err))
        return in_group(file, group, err);
    return check_group_bytes(file, group, report, err) && verify_order(file, group, report, err);
}

bool cpl_parquet_verify(const struct cpl_parquet_file *file, struct cpl_parquet_report *report,
                        struct cpl_error *err)
{
    const struct cpl_parquet_schema *levels = cpl_parquet_levels(file);
    struct cpl_codec_state codec = {0};
    *report = (struct cpl_parquet_report){.n_columns = levels->n_leaves};
    report->columns = cpl_alloc_zero(levels->n_leaves, sizeof *report->columns, err);
    if (!report->columns)
        return false;
    bool ok = true;
    for (uint32_t i = 0; i < levels->n_leaves; i++)
        report->columns[i].leaf = &levels->leaves[i];
    for (uint32_t i = 0; ok && i < cpl_parquet_metadata(file)->row_groups.n; i++)
        ok = verify_group(file, i, &codec, report, err);
    for (uint32_t i = 0; i < levels->n_leaves; i++) {
        report->pages += report->columns[i].pages;
        report->crcs += report->columns[i].crcs;
    }
    cpl_codec_state_release(&codec);
    if (ok && !cpl_parquet_check_equal(cpl_parquet_metadata(file)->num_rows, report->rows,
                                       "the footer's number of rows", err))
        return cpl_fail_in(err, cpl_parquet_name(file));
    return ok && verify_assembly(file, err) && cpl_parquet_verify_whole(file, report, err);
}

void cpl_parquet_report_release(struct cpl_parquet_report *report)
{
    cpl_free(report->columns);
    *report = (struct cpl_parquet_report){0};
}

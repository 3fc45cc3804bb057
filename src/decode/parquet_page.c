#include "decode/parquet_page.h"

#include <libdeflate.h>
#include <string.h>

enum {
    HEADER_STEP = 1 << 10,
    HEADER_MAX = 16 << 20, /* statistics may hold long strings */
    FOOTER = 8,
    OLD_WRITERS = 100, /* PARQUET-816: total_compressed_size lacked the dictionary page's header */
};

static bool malformed(struct cpl_error *err, const char *what)
{
    cpl_fail(err, CPL_E_DATA, "malformed page: %s", what);
    return false;
}

uint64_t cpl_parquet_chunk_start(const struct cpl_parquet_column_metadata *metadata)
{
    int64_t start = metadata->data_page_offset, dictionary = metadata->dictionary_page_offset;
    if (metadata->has_dictionary_page_offset && dictionary > 0 &&
        (dictionary < start || start == 0)) /* a chunk without data pages may say 0 */
        start = dictionary;
    return (uint64_t)start;
}

bool cpl_parquet_pages_init(struct cpl_parquet_pages *pages, struct cpl_reader *reader,
                            const struct cpl_parquet_column_metadata *metadata,
                            const struct cpl_parquet_leaf *leaf, struct cpl_codec_state *codec,
                            size_t window_step, struct cpl_error *err)
{
    uint64_t start = cpl_parquet_chunk_start(metadata), size = cpl_reader_size(reader);
    uint64_t length = (uint64_t)metadata->total_compressed_size;
    struct cpl_buffer window = pages->window;
    struct cpl_arena arena = pages->arena;
    window.size = 0;
    window.max = (size_t)1 << 31;
    *pages = (struct cpl_parquet_pages){.reader = reader,
                                        .metadata = metadata,
                                        .leaf = leaf,
                                        .codec = codec,
                                        .window_step = window_step,
                                        .window = window,
                                        .arena = arena};
    if (metadata->data_page_offset < 0 || metadata->total_compressed_size < 0 || size < FOOTER ||
        start > size - FOOTER || length > size - FOOTER - start)
        return cpl_fail(err, CPL_E_DATA,
                        "the column chunk lies at offset %lld with %lld bytes, outside the file",
                        (long long)start, (long long)length);
    pages->next = start;
    pages->end = start + length + OLD_WRITERS;
    if (pages->end > size - FOOTER)
        pages->end = size - FOOTER;
    return true;
}

void cpl_parquet_pages_release(struct cpl_parquet_pages *pages)
{
    cpl_buffer_release(&pages->window);
    cpl_arena_release(&pages->arena);
}

/* Bytes [offset, offset + size) of the file, valid until the next call; the caller has checked the
 * range. */
static const uint8_t *borrow(struct cpl_parquet_pages *pages, uint64_t offset, size_t size,
                             struct cpl_error *err)
{
    struct cpl_buffer *window = &pages->window;
    uint64_t skip = offset - pages->window_offset;
    if (offset >= pages->window_offset && skip <= window->size && size <= window->size - skip)
        return window->data + skip;
    uint64_t left = pages->end - offset;
    size_t want = size > pages->window_step ? size : pages->window_step;
    want = want > left ? (size_t)left : want;
    window->size = 0;
    if (!cpl_buffer_reserve(window, want, err) ||
        !cpl_reader_at(pages->reader, offset, window->data, want, &window->size, err))
        return NULL;
    pages->window_offset = offset;
    if (window->size < size) {
        cpl_fail(err, CPL_E_IO, "the file became shorter while it was read");
        return NULL;
    }
    return window->data;
}

/* A header's length is only known by parsing it, so a larger piece is tried when one does not do.
 */
static bool read_header(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                        struct cpl_error *err)
{
    uint64_t left = pages->end - pages->next;
    struct cpl_error found = {0};
    size_t used;
    if (left == 0)
        return malformed(err, "the column chunk ends before all its values came");
    for (size_t size = HEADER_STEP;; size *= 8) {
        bool last = size >= left || size > HEADER_MAX / 8;
        size = size < left ? size : (size_t)left;
        const uint8_t *data = borrow(pages, pages->next, size, err);
        if (!data)
            return false;
        cpl_arena_reset(&pages->arena);
        if (cpl_parquet_parse_page_header(data, size, &used, &pages->arena, &page->header,
                                          &found)) {
            page->offset = pages->next;
            page->header_size = (uint32_t)used;
            return true;
        }
        if (last || found.code != CPL_E_DATA)
            return cpl_fail(err, found.code, "%s", found.message);
    }
}

static bool check_sizes(struct cpl_parquet_pages *pages, const struct cpl_parquet_page *page,
                        struct cpl_error *err)
{
    const struct cpl_parquet_page_header *header = &page->header;
    uint64_t left = pages->end - pages->next - page->header_size;
    if (header->compressed_size < 0 || header->uncompressed_size < 0)
        return malformed(err, "its size is negative");
    if ((uint64_t)header->compressed_size > left)
        return malformed(err, "it passes the end of its column chunk");
    if (header->uncompressed_size > CPL_PARQUET_MAX_PAGE)
        return cpl_fail(err, CPL_E_LIMIT, "the page has %d bytes decompressed; the limit is %d",
                        (int)header->uncompressed_size, (int)CPL_PARQUET_MAX_PAGE);
    return true;
}

static bool check_crc(const struct cpl_parquet_page_header *header, const uint8_t *stored,
                      struct cpl_error *err)
{
    if (!header->has_crc)
        return true;
    uint32_t crc = libdeflate_crc32(0, stored, (size_t)header->compressed_size);
    if (crc != (uint32_t)header->crc)
        return cpl_fail(err, CPL_E_CORRUPT, "the page's CRC-32 is %08x, but its bytes give %08x",
                        (uint32_t)header->crc, crc);
    return true;
}

/* The page decompressed as a whole: v1 and dictionary pages. */
static bool expand_whole(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                         const uint8_t *stored, struct cpl_error *err)
{
    page->values = page->body;
    page->values_size = (size_t)page->header.uncompressed_size;
    return cpl_codec_decompress(pages->metadata->codec, pages->codec, stored,
                                (size_t)page->header.compressed_size, page->body, page->values_size,
                                err);
}

/* Levels stand in front, each with its length as 4 bytes. */
static bool take_levels(struct cpl_parquet_page *page, enum cpl_parquet_encoding encoding,
                        const uint8_t **levels, size_t *size, struct cpl_error *err)
{
    uint32_t length;
    if (encoding != CPL_PARQUET_RLE)
        return cpl_fail(err, CPL_E_UNSUPPORTED, "levels in the old encoding %s are not supported",
                        cpl_parquet_encoding_name(encoding));
    if (page->values_size < 4)
        return malformed(err, "its levels are cut off");
    memcpy(&length, page->values, 4);
    if (length > page->values_size - 4)
        return malformed(err, "its levels pass its end");
    *levels = page->values + 4;
    *size = length;
    page->values += 4 + (size_t)length;
    page->values_size -= 4 + (size_t)length;
    return true;
}

static bool open_v1(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                    const uint8_t *stored, struct cpl_error *err)
{
    const struct cpl_parquet_data_page *data = &page->header.data;
    if (!page->header.has_data || data->num_values < 0)
        return malformed(err, "its header has no valid number of values");
    page->num_values = (uint32_t)data->num_values;
    page->encoding = data->encoding;
    if (!expand_whole(pages, page, stored, err))
        return false;
    if (pages->leaf->max_rep && !take_levels(page, data->repetition_encoding, &page->repetition,
                                             &page->repetition_size, err))
        return false;
    return !pages->leaf->max_def || take_levels(page, data->definition_encoding, &page->definition,
                                                &page->definition_size, err);
}

/* Levels stand in front, never compressed; the header has their lengths. */
static bool open_v2(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                    const uint8_t *stored, struct cpl_error *err)
{
    const struct cpl_parquet_data_page_v2 *data = &page->header.data_v2;
    if (!page->header.has_data_v2 || data->num_values < 0)
        return malformed(err, "its header has no valid number of values");
    int64_t levels = (int64_t)data->repetition_bytes + data->definition_bytes;
    if (data->repetition_bytes < 0 || data->definition_bytes < 0 ||
        levels > page->header.compressed_size || levels > page->header.uncompressed_size)
        return malformed(err, "its levels pass its end");
    bool packed = !data->has_is_compressed || data->is_compressed;
    page->num_values = (uint32_t)data->num_values;
    page->encoding = data->encoding;
    if (levels)
        memcpy(page->body, stored, (size_t)levels);
    page->repetition = page->body;
    page->repetition_size = (size_t)data->repetition_bytes;
    page->definition = page->body + data->repetition_bytes;
    page->definition_size = (size_t)data->definition_bytes;
    page->values = page->body + levels;
    page->values_size = (size_t)(page->header.uncompressed_size - levels);
    return cpl_codec_decompress(packed ? pages->metadata->codec : CPL_CODEC_NONE, pages->codec,
                                stored + levels, (size_t)(page->header.compressed_size - levels),
                                page->body + levels, page->values_size, err);
}

static bool open_dictionary(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                            const uint8_t *stored, struct cpl_error *err)
{
    const struct cpl_parquet_dictionary_page *dictionary = &page->header.dictionary;
    if (!page->header.has_dictionary || dictionary->num_values < 0)
        return malformed(err, "its header has no valid number of values");
    if (dictionary->encoding != CPL_PARQUET_PLAIN &&
        dictionary->encoding != CPL_PARQUET_PLAIN_DICTIONARY)
        return cpl_fail(err, CPL_E_UNSUPPORTED, "the dictionary page has the encoding %s (%d)",
                        cpl_parquet_encoding_name(dictionary->encoding), (int)dictionary->encoding);
    page->num_values = (uint32_t)dictionary->num_values;
    page->encoding = CPL_PARQUET_PLAIN;
    return expand_whole(pages, page, stored, err);
}

static bool open_body(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                      struct cpl_error *err)
{
    const uint8_t *stored = borrow(pages, page->offset + page->header_size,
                                   (size_t)page->header.compressed_size, err);
    if (!stored || !check_crc(&page->header, stored, err))
        return false;
    page->body = cpl_alloc((size_t)page->header.uncompressed_size + 64, err);
    if (!page->body)
        return false;
    if (page->header.type == CPL_PARQUET_DATA_PAGE)
        return open_v1(pages, page, stored, err);
    if (page->header.type == CPL_PARQUET_DATA_PAGE_V2)
        return open_v2(pages, page, stored, err);
    return open_dictionary(pages, page, stored, err);
}

static bool is_wanted(enum cpl_parquet_page_type type)
{
    return type == CPL_PARQUET_DATA_PAGE || type == CPL_PARQUET_DATA_PAGE_V2 ||
           type == CPL_PARQUET_DICTIONARY_PAGE;
}

bool cpl_parquet_pages_next(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                            struct cpl_error *err)
{
    do {
        *page = (struct cpl_parquet_page){0};
        if (!read_header(pages, page, err) || !check_sizes(pages, page, err))
            return false;
        pages->next += page->header_size + (uint64_t)page->header.compressed_size;
    } while (!is_wanted(page->header.type));
    pages->n_pages++;
    bool ok = open_body(pages, page, err);
    if (!ok) {
        cpl_free(page->body);
        page->body = NULL;
    }
    return ok;
}

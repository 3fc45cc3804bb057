/* The pages of one Parquet column chunk, one after the other: read, checked, decompressed.
 *
 * Bytes are fetched through a window of bounded size, and just one page is decompressed at a time.
 * A page's CRC, where it has one, is checked over the stored bytes; sizes are checked against the
 * chunk before any memory is asked for. Errors do not name the place: the caller does (it knows the
 * names). Threads: belongs to one thread; the cpl_reader may be shared. */
#pragma once
#include "format/parquet_schema.h"
#include "storage/storage.h"

enum { CPL_PARQUET_MAX_PAGE = 512 << 20 }; /* bytes, decompressed */

struct cpl_parquet_page {
    struct cpl_parquet_page_header header; /* statistics are valid until the next page */
    uint64_t offset;                       /* of the header in the file */
    uint32_t header_size;
    uint32_t num_values; /* entries, nulls included */
    enum cpl_parquet_encoding encoding;
    const uint8_t *repetition, *definition, *values; /* levels: NULL when the column has none */
    size_t repetition_size, definition_size, values_size;
    uint8_t *body; /* holds the above; 64 readable bytes behind it. Free with cpl_free */
};

struct cpl_parquet_pages {
    struct cpl_reader *reader;
    const struct cpl_parquet_column_metadata *metadata;
    const struct cpl_parquet_leaf *leaf;
    struct cpl_codec_state *codec;
    uint64_t next, end; /* offsets in the file: the next page's header; no page passes `end` */
    uint64_t n_pages;   /* handed out so far */
    size_t window_step;
    struct cpl_buffer window;
    uint64_t window_offset;
    struct cpl_arena arena; /* of the current page's header */
};

/* `file_size` bounds the chunk; the window is at least `window_step` bytes. Everything is borrowed.
 */
bool cpl_parquet_pages_init(struct cpl_parquet_pages *pages, struct cpl_reader *reader,
                            const struct cpl_parquet_column_metadata *metadata,
                            const struct cpl_parquet_leaf *leaf, struct cpl_codec_state *codec,
                            size_t window_step, struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_pages_release(struct cpl_parquet_pages *pages);
/* The next dictionary or data page (others are passed over); page->body is the caller's. */
bool cpl_parquet_pages_next(struct cpl_parquet_pages *pages, struct cpl_parquet_page *page,
                            struct cpl_error *err) CPL_CHECKED;
/* First byte of a chunk: its dictionary page, or else its first data page. */
uint64_t cpl_parquet_chunk_start(const struct cpl_parquet_column_metadata *metadata);

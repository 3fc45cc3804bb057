/* What the parts of a column chunk's writer share.
 *
 *   add ──▶ page buffers (raw values, or codes once the dictionary is chosen) ──page full──▶ encode ─▶ compress ─▶ chunk.pages
 *   parquet_column.c         parquet_fill.c              first page: measure, choose         parquet_put_page.c
 *                                                        parquet_choose.c
 *
 * Threads: a column belongs to one. */
#pragma once
#include "encode/parquet.h"

enum column_mode { MODE_FIRST /* nothing chosen yet: raw */, MODE_DICTIONARY, MODE_RAW };

struct column_page { /* being filled */
    uint32_t n_levels, n_values, n_rows, n_nulls;
    uint8_t *def, *rep; /* only while has_def / has_rep */
    bool has_def;
    int64_t *numbers;
    uint32_t *codes, *lengths;
    struct cpl_buffer bytes;
    uint8_t *bools;
    uint32_t level_capacity, value_capacity, code_capacity;
    uint64_t min_key, max_key; /* first 8 bytes, big endian, of the strings' bounds */
    struct cpl_bounds bounds;
};

struct cpl_parquet_column {
    const struct cpl_parquet_leaf *leaf;
    const struct cpl_parquet_options *options;
    const struct cpl_parquet_kernels *kernels;
    struct cpl_parquet_scratch *scratch;
    enum cpl_leaf_class class;
    enum cpl_bound_order order;
    unsigned width; /* bytes of a number */
    enum column_mode mode;
    enum cpl_parquet_encoding encoding; /* in MODE_RAW */
    bool codec_chosen, dictionary_used;
    struct column_page page;
    struct cpl_int_dictionary ints;
    struct cpl_bytes_dictionary strings;
    uint32_t page_dictionary; /* entries when the page began */
    size_t page_dictionary_bytes;
    uint64_t rows; /* before this page */
    struct cpl_parquet_chunk chunk;
    struct cpl_bounds bounds, previous; /* of the chunk; of the page before */
    bool has_previous;
    bool wants_bloom;
    struct cpl_buffer hashes; /* for the bloom filter */
    uint64_t counted;         /* of its memory, in the budget */
};

static inline bool column_is_slices(enum cpl_leaf_class class)
{
    return class == CPL_LEAF_BYTES || class == CPL_LEAF_FIXED;
}

void cpl_column_clear_page(struct cpl_parquet_column *c);

/* parquet_fill.c */
bool cpl_column_add_levels(struct cpl_parquet_column *c, const uint8_t *def, const uint8_t *rep,
                           uint32_t n, uint32_t n_values, struct cpl_error *err) CPL_CHECKED;
bool cpl_column_add_values(struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                           uint32_t from, uint32_t n, struct cpl_error *err) CPL_CHECKED;
/* Room for the codes of all values of the first page, to try a dictionary on. */
bool cpl_column_code_room(struct cpl_parquet_column *c, struct cpl_error *err) CPL_CHECKED;
bool cpl_column_bound_slices(struct cpl_parquet_column *c, const struct cpl_slice *slices,
                             uint32_t n, struct cpl_error *err) CPL_CHECKED;

/* parquet_choose.c: dictionary or not, and the encoding, from the first page; `last`: there is no other. */
bool cpl_column_choose(struct cpl_parquet_column *c, bool last, struct cpl_error *err) CPL_CHECKED;

/* parquet_put_page.c */
bool cpl_column_encode_values(struct cpl_parquet_column *c, struct cpl_buffer *out,
                              struct cpl_error *err) CPL_CHECKED;
bool cpl_column_put_page(struct cpl_parquet_column *c, struct cpl_parquet_page_header *header,
                         const struct cpl_buffer *body, size_t levels, struct cpl_part_bytes *out,
                         struct cpl_error *err) CPL_CHECKED;
bool cpl_column_flush_page(struct cpl_parquet_column *c, bool last,
                           struct cpl_error *err) CPL_CHECKED;

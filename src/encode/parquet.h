/* The Parquet writer.
 *
 *   batch ─shred──▶ leaf values + levels ─column──▶ pages ─chunk──▶ part ─file──▶ bytes
 *   (parquet_shred)                    (parquet_column: choose, encode, compress)   (parquet.c)
 *
 * Each chunk's encoding is chosen by measuring its own first page, so that it is a function of the data: a
 * dictionary when it and its codes are estimated to be smaller than the exact size of the alternative, else delta
 * (integers), delta-length or delta (strings), byte stream split (floats) or plain. A codec that gains less than 5 % on the
 * first page is left out for that chunk. `encodings: compatible` keeps to PLAIN and dictionaries, for old readers.
 *
 * Follows parquet-format 2.11: Encodings.md, PageIndex.md, BloomFilter.md, parquet.thrift. */
#pragma once
#include "encode/encoder.h"
#include "encode/parquet_bounds.h"
#include "encode/parquet_dictionary.h"
#include "encode/parquet_sorted.h"
#include "encode/parquet_values.h"
#include "encode/part_bytes.h"
#include "format/parquet_schema.h"

enum cpl_parquet_dictionary_choice {
    CPL_DICTIONARY_AUTO,
    CPL_DICTIONARY_ALWAYS,
    CPL_DICTIONARY_NEVER
};
enum cpl_parquet_encoding_choice { CPL_ENCODINGS_AUTO, CPL_ENCODINGS_COMPATIBLE };

struct cpl_parquet_options {
    const char *compression;   /* "snappy", "zstd:3" */
    int dictionary, encodings; /* the enums above */
    int page_version;          /* 0 = v1, 1 = v2 */
    int64_t row_group_rows, page_rows;
    uint64_t page_bytes;
    bool statistics, page_index, page_crc;
    struct cpl_strings bloom_filters; /* column paths */
    struct cpl_strings sorted_by;     /* column paths with their directions */
    enum cpl_codec codec;             /* settled from `compression` when a builder is made */
    int level;
    bool wide; /* settled: so many columns that each gives its memory back after a row group */
};
extern const struct cpl_option cpl_parquet_options[];
/* "zstd:3" as a codec and its level (CPL_CODEC_DEFAULT_LEVEL when it names none). */
bool cpl_parquet_compression(const char *text, enum cpl_codec *codec, int *level,
                             struct cpl_error *err) CPL_CHECKED;
/* The column nearest to a word that is none, in `path`; NULL = none is near. */
const char *cpl_parquet_nearest(const struct cpl_parquet_schema *schema, const char *word,
                                char *path, size_t size);

struct cpl_page_record {
    uint64_t offset; /* in the chunk's pages */
    uint32_t size;   /* with header */
    uint64_t first_row, values, nulls, unencoded;
    struct cpl_bound_text bounds;
    enum cpl_parquet_encoding encoding;
    int min_order,
        max_order; /* compared with the page before: -1 smaller, 0 equal, 1 greater; 2 = unknown */
};

/* A finished column chunk: dictionary page (if any) and data pages, offsets from its own start. */
struct cpl_parquet_chunk {
    struct cpl_part_bytes dictionary, pages;
    struct cpl_buffer bloom;
    struct cpl_buffer records; /* struct cpl_page_record[] */
    uint32_t n_records;
    enum cpl_codec codec;
    uint64_t values, nulls, uncompressed, unencoded;
    struct cpl_bound_text bounds;
    uint64_t *def_histogram, *rep_histogram; /* max + 1 each; NULL for flat columns */
    struct cpl_buffer
        page_histograms; /* uint64_t, a page: repetition's, then definition's; as above */
};
void cpl_parquet_chunk_release(struct cpl_parquet_chunk *chunk);

/* What one leaf gets of a batch. Nulls are taken out of the values; levels are NULL when all are at their maximum / 0. */
struct cpl_leaf_values {
    const uint8_t *def, *rep;
    uint32_t n_levels, n_values;
    const int64_t *numbers;         /* ints, timestamps, decimals ≤ 18, float bits */
    const struct cpl_slice *slices; /* bytes and fixed */
    const uint8_t *bools;
};

enum cpl_leaf_class {
    CPL_LEAF_BOOL,
    CPL_LEAF_NUMBER,
    CPL_LEAF_FLOAT,
    CPL_LEAF_BYTES,
    CPL_LEAF_FIXED
};
enum cpl_leaf_class cpl_leaf_class(const struct cpl_parquet_leaf *leaf);

/* Lent to all columns of a builder: a page is written wholly before the next. */
struct cpl_parquet_scratch {
    struct cpl_codec_state codec;
    struct cpl_buffer header, body, packed;
    struct cpl_part_store store; /* of the part that is being built */
    bool give_back; /* the columns hold so much that each gives it back after its chunk */
};

struct cpl_parquet_column;
struct cpl_parquet_column *cpl_parquet_column_new(const struct cpl_parquet_leaf *leaf,
                                                  const struct cpl_parquet_options *options,
                                                  struct cpl_parquet_scratch *scratch,
                                                  struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_column_free(struct cpl_parquet_column *column);
/* What it holds for pages and dictionaries; counted in the store's budget. */
uint64_t cpl_parquet_column_memory(const struct cpl_parquet_column *column);
/* About how many bytes its chunk would have now; a function of its values. */
uint64_t cpl_parquet_column_size(const struct cpl_parquet_column *column);
bool cpl_parquet_column_add(struct cpl_parquet_column *column, const struct cpl_leaf_values *values,
                            struct cpl_error *err) CPL_CHECKED;
/* The chunk of everything added; the column is then empty again. */
bool cpl_parquet_column_finish(struct cpl_parquet_column *column, struct cpl_parquet_chunk *chunk,
                               struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_column_reset(struct cpl_parquet_column *column);

/* ---- shredding ---- */
struct cpl_shredder;
struct cpl_shredder *cpl_shredder_new(const struct cpl_parquet_schema *schema,
                                      struct cpl_error *err) CPL_CHECKED;
void cpl_shredder_free(struct cpl_shredder *shredder);
uint64_t cpl_shredder_memory(const struct cpl_shredder *shredder);
/* Rows named by selection (NULL: first, first+1 …; n of them) of the batch, leaf by leaf. */
typedef bool cpl_leaf_function(void *context, uint32_t leaf, const struct cpl_leaf_values *values,
                               struct cpl_error *err);
bool cpl_shred(struct cpl_shredder *shredder, const struct cpl_batch *batch,
               const uint32_t *selection, uint32_t first, uint32_t n, cpl_leaf_function *give,
               void *context, struct cpl_error *err) CPL_CHECKED;

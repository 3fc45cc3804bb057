/* Parquet's metadata as plain C structs, and their Thrift form (parquet-format, parquet.thrift).
 *
 * The structs mirror parquet.thrift field by field; what is optional there has a `has_NAME` here,
 * or is absent when its pointer is NULL (bytes), its n 0 (lists) or its tag 0 (logical type, column order).
 * Start from `= {0}`, fill in, write. Parsed metadata lives wholly in the arena that was given.
 *
 * A file: "PAR1", column chunks (page header + page …), column indexes, offset indexes, bloom
 * filters, FileMetaData, its length as 4 bytes little endian, "PAR1".
 *
 * Enum members may hold numbers unknown here after parsing hostile or newer files: compare, never
 * index with them unchecked. Geospatial statistics and encryption are left out (skipped in reading;
 * parse_file_metadata refuses encrypted files). Threads: nothing is shared. */
#pragma once
#include "batch/schema.h"
#include "format/codec.h"
#include "format/thrift_compact.h"

enum cpl_parquet_type {
    CPL_PARQUET_BOOLEAN = 0,
    CPL_PARQUET_INT32 = 1,
    CPL_PARQUET_INT64 = 2,
    CPL_PARQUET_INT96 = 3,
    CPL_PARQUET_FLOAT = 4,
    CPL_PARQUET_DOUBLE = 5,
    CPL_PARQUET_BYTE_ARRAY = 6,
    CPL_PARQUET_FIXED_LEN_BYTE_ARRAY = 7,
};
enum cpl_parquet_converted {
    CPL_PARQUET_CONVERTED_UTF8 = 0,
    CPL_PARQUET_CONVERTED_MAP = 1,
    CPL_PARQUET_CONVERTED_MAP_KEY_VALUE = 2,
    CPL_PARQUET_CONVERTED_LIST = 3,
    CPL_PARQUET_CONVERTED_ENUM = 4,
    CPL_PARQUET_CONVERTED_DECIMAL = 5,
    CPL_PARQUET_CONVERTED_DATE = 6,
    CPL_PARQUET_CONVERTED_TIME_MILLIS = 7,
    CPL_PARQUET_CONVERTED_TIME_MICROS = 8,
    CPL_PARQUET_CONVERTED_TIMESTAMP_MILLIS = 9,
    CPL_PARQUET_CONVERTED_TIMESTAMP_MICROS = 10,
    CPL_PARQUET_CONVERTED_UINT_8 = 11,
    CPL_PARQUET_CONVERTED_UINT_16 = 12,
    CPL_PARQUET_CONVERTED_UINT_32 = 13,
    CPL_PARQUET_CONVERTED_UINT_64 = 14,
    CPL_PARQUET_CONVERTED_INT_8 = 15,
    CPL_PARQUET_CONVERTED_INT_16 = 16,
    CPL_PARQUET_CONVERTED_INT_32 = 17,
    CPL_PARQUET_CONVERTED_INT_64 = 18,
    CPL_PARQUET_CONVERTED_JSON = 19,
    CPL_PARQUET_CONVERTED_BSON = 20,
    CPL_PARQUET_CONVERTED_INTERVAL = 21,
};
enum cpl_parquet_repetition {
    CPL_PARQUET_REQUIRED = 0,
    CPL_PARQUET_OPTIONAL = 1,
    CPL_PARQUET_REPEATED = 2,
};
enum cpl_parquet_encoding {
    CPL_PARQUET_PLAIN = 0,
    CPL_PARQUET_PLAIN_DICTIONARY = 2,
    CPL_PARQUET_RLE = 3,
    CPL_PARQUET_BIT_PACKED = 4,
    CPL_PARQUET_DELTA_BINARY_PACKED = 5,
    CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6,
    CPL_PARQUET_DELTA_BYTE_ARRAY = 7,
    CPL_PARQUET_RLE_DICTIONARY = 8,
    CPL_PARQUET_BYTE_STREAM_SPLIT = 9,
};
enum cpl_parquet_page_type {
    CPL_PARQUET_DATA_PAGE = 0,
    CPL_PARQUET_INDEX_PAGE = 1,
    CPL_PARQUET_DICTIONARY_PAGE = 2,
    CPL_PARQUET_DATA_PAGE_V2 = 3,
};
enum cpl_parquet_order {
    CPL_PARQUET_UNORDERED = 0,
    CPL_PARQUET_ASCENDING = 1,
    CPL_PARQUET_DESCENDING = 2,
};
enum cpl_parquet_logical_kind {
    CPL_PARQUET_LOGICAL_NONE = 0,
    CPL_PARQUET_LOGICAL_STRING = 1,
    CPL_PARQUET_LOGICAL_MAP = 2,
    CPL_PARQUET_LOGICAL_LIST = 3,
    CPL_PARQUET_LOGICAL_ENUM = 4,
    CPL_PARQUET_LOGICAL_DECIMAL = 5,
    CPL_PARQUET_LOGICAL_DATE = 6,
    CPL_PARQUET_LOGICAL_TIME = 7,
    CPL_PARQUET_LOGICAL_TIMESTAMP = 8,
    CPL_PARQUET_LOGICAL_INTEGER = 10,
    CPL_PARQUET_LOGICAL_UNKNOWN = 11,
    CPL_PARQUET_LOGICAL_JSON = 12,
    CPL_PARQUET_LOGICAL_BSON = 13,
    CPL_PARQUET_LOGICAL_UUID = 14,
    CPL_PARQUET_LOGICAL_FLOAT16 = 15,
};
enum cpl_parquet_unit { CPL_PARQUET_MILLIS = 1, CPL_PARQUET_MICROS = 2, CPL_PARQUET_NANOS = 3 };
enum { CPL_PARQUET_TYPE_ORDER = 1 };

/* Union LogicalType: `kind` tells which of the rest is meant. */
struct cpl_parquet_logical {
    int32_t kind;             /* enum cpl_parquet_logical_kind; 0 = none */
    int32_t unit;             /* TIME, TIMESTAMP: enum cpl_parquet_unit */
    int32_t scale, precision; /* DECIMAL */
    bool utc;                 /* TIME, TIMESTAMP: isAdjustedToUTC */
    bool is_signed;           /* INTEGER */
    int8_t bit_width;         /* INTEGER */
};
struct cpl_parquet_element { /* SchemaElement */
    bool has_type, has_type_length, has_repetition, has_num_children, has_converted, has_scale,
        has_precision, has_field_id;
    enum cpl_parquet_type type;
    int32_t type_length;
    enum cpl_parquet_repetition repetition;
    struct cpl_bytes name;
    int32_t num_children;
    enum cpl_parquet_converted converted;
    int32_t scale, precision, field_id;
    struct cpl_parquet_logical logical;
};
struct cpl_parquet_statistics {
    bool has_null_count, has_distinct_count, has_max_exact, has_min_exact, has_nan_count;
    bool max_exact, min_exact;
    struct cpl_bytes max, min; /* deprecated, signed comparison; written only by old writers */
    int64_t null_count, distinct_count;
    struct cpl_bytes max_value, min_value; /* PLAIN encoded, without a length in front */
    int64_t nan_count;
};
struct cpl_parquet_size_statistics {
    bool has_unencoded_bytes;
    int64_t unencoded_bytes; /* BYTE_ARRAY: sum of lengths, without the 4-byte prefixes */
    CPL_THRIFT_LIST(int64_t) repetition_histogram; /* max_rep + 1 counts */
    CPL_THRIFT_LIST(int64_t) definition_histogram; /* max_def + 1 counts */
};
struct cpl_parquet_key_value {
    struct cpl_bytes key, value;
};
struct cpl_parquet_sorting_column {
    int32_t column;
    bool descending, nulls_first;
};
struct cpl_parquet_encoding_stats {
    enum cpl_parquet_page_type page_type;
    enum cpl_parquet_encoding encoding;
    int32_t count;
};
struct cpl_parquet_column_metadata {
    bool has_index_page_offset, has_dictionary_page_offset, has_statistics, has_bloom_filter_offset,
        has_bloom_filter_length, has_size_statistics;
    enum cpl_parquet_type type;
    enum cpl_codec codec;
    CPL_THRIFT_LIST(enum cpl_parquet_encoding) encodings;
    CPL_THRIFT_LIST(struct cpl_bytes) path;
    int64_t num_values;                                     /* with nulls */
    int64_t total_uncompressed_size, total_compressed_size; /* with page headers */
    CPL_THRIFT_LIST(struct cpl_parquet_key_value) key_values;
    int64_t data_page_offset, index_page_offset, dictionary_page_offset;
    struct cpl_parquet_statistics statistics;
    CPL_THRIFT_LIST(struct cpl_parquet_encoding_stats) encoding_stats;
    int64_t bloom_filter_offset;
    int32_t bloom_filter_length;
    struct cpl_parquet_size_statistics size_statistics;
};
struct cpl_parquet_column_chunk {
    bool has_metadata, has_offset_index_offset, has_offset_index_length, has_column_index_offset,
        has_column_index_length;
    struct cpl_bytes file_path;
    int64_t file_offset; /* deprecated: write 0 */
    struct cpl_parquet_column_metadata metadata;
    int64_t offset_index_offset, column_index_offset;
    int32_t offset_index_length, column_index_length;
    struct cpl_bytes encrypted_metadata;
};
struct cpl_parquet_row_group {
    bool has_file_offset, has_total_compressed_size, has_ordinal;
    CPL_THRIFT_LIST(struct cpl_parquet_column_chunk) columns;
    int64_t total_byte_size; /* uncompressed */
    int64_t num_rows;
    CPL_THRIFT_LIST(struct cpl_parquet_sorting_column) sorting_columns;
    int64_t file_offset, total_compressed_size;
    int16_t ordinal;
};
struct cpl_parquet_column_order {
    int32_t kind; /* CPL_PARQUET_TYPE_ORDER */
};
struct cpl_parquet_file_metadata {
    int32_t version;
    CPL_THRIFT_LIST(struct cpl_parquet_element) schema;
    int64_t num_rows;
    CPL_THRIFT_LIST(struct cpl_parquet_row_group) row_groups;
    CPL_THRIFT_LIST(struct cpl_parquet_key_value) key_values;
    struct cpl_bytes created_by;
    CPL_THRIFT_LIST(struct cpl_parquet_column_order) column_orders;
    struct {
        int32_t kind;
    } encryption; /* read only: not 0 = the columns are encrypted */
};

struct cpl_parquet_data_page {
    int32_t num_values; /* with nulls */
    enum cpl_parquet_encoding encoding, definition_encoding, repetition_encoding;
    bool has_statistics;
    struct cpl_parquet_statistics statistics;
};
struct cpl_parquet_dictionary_page {
    int32_t num_values;
    enum cpl_parquet_encoding encoding;
    bool has_is_sorted, is_sorted;
};
struct cpl_parquet_data_page_v2 {
    int32_t num_values, num_nulls, num_rows;
    enum cpl_parquet_encoding encoding;
    int32_t definition_bytes, repetition_bytes;
    bool has_is_compressed, is_compressed; /* absent means true */
    bool has_statistics;
    struct cpl_parquet_statistics statistics;
};
struct cpl_parquet_page_header {
    bool has_crc, has_data, has_dictionary, has_data_v2;
    enum cpl_parquet_page_type type;
    int32_t uncompressed_size, compressed_size; /* without this header */
    int32_t crc; /* CRC-32 of the page's bytes as stored, levels included */
    struct cpl_parquet_data_page data;
    struct cpl_parquet_dictionary_page dictionary;
    struct cpl_parquet_data_page_v2 data_v2;
};
struct cpl_parquet_page_location {
    int64_t offset;
    int32_t size; /* with the header */
    int64_t first_row;
};
struct cpl_parquet_offset_index {
    CPL_THRIFT_LIST(struct cpl_parquet_page_location) pages;
    CPL_THRIFT_LIST(int64_t) unencoded_bytes;
};
struct cpl_parquet_column_index {
    CPL_THRIFT_LIST(bool) null_pages;
    CPL_THRIFT_LIST(struct cpl_bytes) min_values;
    CPL_THRIFT_LIST(struct cpl_bytes) max_values;
    enum cpl_parquet_order boundary_order;
    CPL_THRIFT_LIST(int64_t) null_counts;
    CPL_THRIFT_LIST(int64_t) repetition_histograms; /* pages × (max_rep + 1) */
    CPL_THRIFT_LIST(int64_t) definition_histograms; /* pages × (max_def + 1) */
    CPL_THRIFT_LIST(int64_t) nan_counts;
};
struct cpl_parquet_bloom_header { /* write_bloom_header sets the tags: split block, XXH64,
                                     uncompressed */
    int32_t num_bytes;
    int32_t algorithm, hash, compression; /* 1 each */
};

/* Append the Thrift form. Fail only for want of memory. */
bool cpl_parquet_write_file_metadata(const struct cpl_parquet_file_metadata *metadata,
                                     struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* The same without its row groups, of which there are `n_groups`: what stands before the first of them, and behind the last. */
bool cpl_parquet_write_around_groups(const struct cpl_parquet_file_metadata *metadata,
                                     uint32_t n_groups, struct cpl_buffer *before,
                                     struct cpl_buffer *after, struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_write_row_group(const struct cpl_parquet_row_group *group, struct cpl_buffer *out,
                                 struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_write_page_header(const struct cpl_parquet_page_header *header,
                                   struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_write_column_index(const struct cpl_parquet_column_index *index,
                                    struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_write_offset_index(const struct cpl_parquet_offset_index *index,
                                    struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_write_bloom_header(const struct cpl_parquet_bloom_header *header,
                                    struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;

/* Parse from data[0, size) into `arena`; *used (may be NULL) is the bytes taken. DATA errors say
 * what is wrong. */
bool cpl_parquet_parse_file_metadata(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                     struct cpl_parquet_file_metadata *metadata,
                                     struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_parse_row_group(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                 struct cpl_parquet_row_group *group,
                                 struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_parse_page_header(const uint8_t *data, size_t size, size_t *used,
                                   struct cpl_arena *arena, struct cpl_parquet_page_header *header,
                                   struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_parse_column_index(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                    struct cpl_parquet_column_index *index,
                                    struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_parse_offset_index(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                    struct cpl_parquet_offset_index *index,
                                    struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_parse_bloom_header(const uint8_t *data, size_t size, size_t *used,
                                    struct cpl_arena *arena,
                                    struct cpl_parquet_bloom_header *header,
                                    struct cpl_error *err) CPL_CHECKED;

/* Names for messages and layout descriptions: "INT64", "RLE_DICTIONARY", "DATA_PAGE_V2"; "?" when
 * unknown. */
const char *cpl_parquet_type_name(enum cpl_parquet_type type);
const char *cpl_parquet_encoding_name(enum cpl_parquet_encoding encoding);
const char *cpl_parquet_page_type_name(enum cpl_parquet_page_type type);

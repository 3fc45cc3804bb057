/* The tables of parquet.thrift: one line a field. */
#include "format/parquet.h"

#include <string.h>

/* Rows: (C struct, Thrift id, kind, C member). REQ is written always and demanded in reading; OPT
 * has a `has_` bool; OWN tells by its value (NULL or tag 0) that it is absent. */
#define ROW(s, number, k, member, ...)                                                             \
    {.name = #member,                                                                              \
     .id = number,                                                                                 \
     .kind = CPL_THRIFT_##k,                                                                       \
     .offset = offsetof(struct s, member),                                                         \
     __VA_ARGS__}
#define REQ(s, number, k, member) ROW(s, number, k, member, .required = true)
#define OWN(s, number, k, member) ROW(s, number, k, member, .required = false)
#define OPT(s, number, k, member)                                                                  \
    ROW(s, number, k, member, .presence = 1 + offsetof(struct s, has_##member))
#define REQ_IN(s, number, member, t) ROW(s, number, STRUCT, member, .required = true, .type = &t)
#define OWN_IN(s, number, member, t) ROW(s, number, STRUCT, member, .type = &t)
#define OPT_IN(s, number, member, t)                                                               \
    ROW(s, number, STRUCT, member, .presence = 1 + offsetof(struct s, has_##member), .type = &t)
#define REQ_LIST(s, number, member, e, t)                                                          \
    ROW(s, number, LIST_OF, member, .required = true, .element = CPL_THRIFT_##e, .type = t)
#define OWN_LIST(s, number, member, e, t)                                                          \
    ROW(s, number, LIST_OF, member, .element = CPL_THRIFT_##e, .type = t)
/* An alternative of a union whose fields lie in the union's own struct. */
#define ALT(number, label, t) {.name = label, .id = number, .kind = CPL_THRIFT_STRUCT, .type = &t}

#define TABLE(variable, label, s, union_, ...)                                                     \
    static const struct cpl_thrift_field variable##_fields[] = {__VA_ARGS__};                      \
    static const struct cpl_thrift_struct variable = {.name = label,                               \
                                                      .fields = variable##_fields,                 \
                                                      .n_fields = sizeof variable##_fields /       \
                                                                  sizeof variable##_fields[0],     \
                                                      .size = sizeof(struct s),                    \
                                                      .is_union = union_}
#define STRUCT(variable, label, s, ...) TABLE(variable, label, s, false, __VA_ARGS__)
#define UNION(variable, label, s, ...)  TABLE(variable, label, s, true, __VA_ARGS__)
/* A struct inside a union: no memory of its own. */
#define WITHIN(variable, label, ...)                                                               \
    static const struct cpl_thrift_field variable##_fields[] = {__VA_ARGS__};                      \
    static const struct cpl_thrift_struct variable = {.name = label,                               \
                                                      .fields = variable##_fields,                 \
                                                      .n_fields = sizeof variable##_fields /       \
                                                                  sizeof variable##_fields[0]}

static const struct cpl_thrift_struct empty = {.name = "(empty)"};

struct tag {
    int32_t kind;
};
UNION(time_unit, "TimeUnit", tag, ALT(1, "MILLIS", empty), ALT(2, "MICROS", empty),
      ALT(3, "NANOS", empty));

#define LOGICAL cpl_parquet_logical
WITHIN(decimal_type, "DecimalType", REQ(LOGICAL, 1, I32, scale), REQ(LOGICAL, 2, I32, precision));
WITHIN(time_type, "TimeType", REQ(LOGICAL, 1, BOOL, utc), REQ_IN(LOGICAL, 2, unit, time_unit));
WITHIN(int_type, "IntType", REQ(LOGICAL, 1, I8, bit_width), REQ(LOGICAL, 2, BOOL, is_signed));
UNION(logical_type, "LogicalType", LOGICAL, ALT(1, "STRING", empty), ALT(2, "MAP", empty),
      ALT(3, "LIST", empty), ALT(4, "ENUM", empty), ALT(5, "DECIMAL", decimal_type),
      ALT(6, "DATE", empty), ALT(7, "TIME", time_type), ALT(8, "TIMESTAMP", time_type),
      ALT(10, "INTEGER", int_type), ALT(11, "UNKNOWN", empty), ALT(12, "JSON", empty),
      ALT(13, "BSON", empty), ALT(14, "UUID", empty), ALT(15, "FLOAT16", empty));

#define ELEMENT cpl_parquet_element
STRUCT(schema_element, "SchemaElement", ELEMENT, OPT(ELEMENT, 1, I32, type),
       OPT(ELEMENT, 2, I32, type_length), OPT(ELEMENT, 3, I32, repetition),
       REQ(ELEMENT, 4, BYTES, name), OPT(ELEMENT, 5, I32, num_children),
       OPT(ELEMENT, 6, I32, converted), OPT(ELEMENT, 7, I32, scale),
       OPT(ELEMENT, 8, I32, precision), OPT(ELEMENT, 9, I32, field_id),
       OWN_IN(ELEMENT, 10, logical, logical_type));

#define STATISTICS cpl_parquet_statistics
STRUCT(statistics_type, "Statistics", STATISTICS, OWN(STATISTICS, 1, BYTES, max),
       OWN(STATISTICS, 2, BYTES, min), OPT(STATISTICS, 3, I64, null_count),
       OPT(STATISTICS, 4, I64, distinct_count), OWN(STATISTICS, 5, BYTES, max_value),
       OWN(STATISTICS, 6, BYTES, min_value), OPT(STATISTICS, 7, BOOL, max_exact),
       OPT(STATISTICS, 8, BOOL, min_exact), OPT(STATISTICS, 9, I64, nan_count));

#define SIZES cpl_parquet_size_statistics
STRUCT(size_statistics_type, "SizeStatistics", SIZES,
       ROW(SIZES, 1, I64, unencoded_bytes,
           .presence = 1 + offsetof(struct SIZES, has_unencoded_bytes)),
       OWN_LIST(SIZES, 2, repetition_histogram, I64, NULL),
       OWN_LIST(SIZES, 3, definition_histogram, I64, NULL));

#define KEY_VALUE cpl_parquet_key_value
STRUCT(key_value_type, "KeyValue", KEY_VALUE, REQ(KEY_VALUE, 1, BYTES, key),
       OWN(KEY_VALUE, 2, BYTES, value));

#define SORTING cpl_parquet_sorting_column
STRUCT(sorting_type, "SortingColumn", SORTING, REQ(SORTING, 1, I32, column),
       REQ(SORTING, 2, BOOL, descending), REQ(SORTING, 3, BOOL, nulls_first));

#define ENCODING_STATS cpl_parquet_encoding_stats
STRUCT(encoding_stats_type, "PageEncodingStats", ENCODING_STATS,
       REQ(ENCODING_STATS, 1, I32, page_type), REQ(ENCODING_STATS, 2, I32, encoding),
       REQ(ENCODING_STATS, 3, I32, count));

#define COLUMN cpl_parquet_column_metadata
STRUCT(column_metadata_type, "ColumnMetaData", COLUMN, REQ(COLUMN, 1, I32, type),
       REQ_LIST(COLUMN, 2, encodings, I32, NULL), REQ_LIST(COLUMN, 3, path, BYTES, NULL),
       REQ(COLUMN, 4, I32, codec), REQ(COLUMN, 5, I64, num_values),
       REQ(COLUMN, 6, I64, total_uncompressed_size), REQ(COLUMN, 7, I64, total_compressed_size),
       OWN_LIST(COLUMN, 8, key_values, STRUCT, &key_value_type),
       REQ(COLUMN, 9, I64, data_page_offset), OPT(COLUMN, 10, I64, index_page_offset),
       OPT(COLUMN, 11, I64, dictionary_page_offset),
       OPT_IN(COLUMN, 12, statistics, statistics_type),
       OWN_LIST(COLUMN, 13, encoding_stats, STRUCT, &encoding_stats_type),
       OPT(COLUMN, 14, I64, bloom_filter_offset), OPT(COLUMN, 15, I32, bloom_filter_length),
       OPT_IN(COLUMN, 16, size_statistics, size_statistics_type));

#define CHUNK cpl_parquet_column_chunk
STRUCT(column_chunk_type, "ColumnChunk", CHUNK, OWN(CHUNK, 1, BYTES, file_path),
       REQ(CHUNK, 2, I64, file_offset), OPT_IN(CHUNK, 3, metadata, column_metadata_type),
       OPT(CHUNK, 4, I64, offset_index_offset), OPT(CHUNK, 5, I32, offset_index_length),
       OPT(CHUNK, 6, I64, column_index_offset), OPT(CHUNK, 7, I32, column_index_length),
       OWN(CHUNK, 9, BYTES, encrypted_metadata));

#define ROW_GROUP cpl_parquet_row_group
STRUCT(row_group_type, "RowGroup", ROW_GROUP,
       REQ_LIST(ROW_GROUP, 1, columns, STRUCT, &column_chunk_type),
       REQ(ROW_GROUP, 2, I64, total_byte_size), REQ(ROW_GROUP, 3, I64, num_rows),
       OWN_LIST(ROW_GROUP, 4, sorting_columns, STRUCT, &sorting_type),
       OPT(ROW_GROUP, 5, I64, file_offset), OPT(ROW_GROUP, 6, I64, total_compressed_size),
       OPT(ROW_GROUP, 7, I16, ordinal));

UNION(column_order_type, "ColumnOrder", cpl_parquet_column_order, ALT(1, "TYPE_ORDER", empty));
UNION(encryption_type, "EncryptionAlgorithm", tag, ALT(1, "AES_GCM_V1", empty),
      ALT(2, "AES_GCM_CTR_V1", empty));

#define FILE_METADATA cpl_parquet_file_metadata
STRUCT(file_metadata_type, "FileMetaData", FILE_METADATA, REQ(FILE_METADATA, 1, I32, version),
       REQ_LIST(FILE_METADATA, 2, schema, STRUCT, &schema_element),
       REQ(FILE_METADATA, 3, I64, num_rows),
       REQ_LIST(FILE_METADATA, 4, row_groups, STRUCT, &row_group_type),
       OWN_LIST(FILE_METADATA, 5, key_values, STRUCT, &key_value_type),
       OWN(FILE_METADATA, 6, BYTES, created_by),
       OWN_LIST(FILE_METADATA, 7, column_orders, STRUCT, &column_order_type),
       OWN_IN(FILE_METADATA, 8, encryption, encryption_type));

#define DATA_PAGE cpl_parquet_data_page
STRUCT(data_page_type, "DataPageHeader", DATA_PAGE, REQ(DATA_PAGE, 1, I32, num_values),
       REQ(DATA_PAGE, 2, I32, encoding), REQ(DATA_PAGE, 3, I32, definition_encoding),
       REQ(DATA_PAGE, 4, I32, repetition_encoding),
       OPT_IN(DATA_PAGE, 5, statistics, statistics_type));

#define DICTIONARY cpl_parquet_dictionary_page
STRUCT(dictionary_page_type, "DictionaryPageHeader", DICTIONARY,
       REQ(DICTIONARY, 1, I32, num_values), REQ(DICTIONARY, 2, I32, encoding),
       OPT(DICTIONARY, 3, BOOL, is_sorted));

#define DATA_V2 cpl_parquet_data_page_v2
STRUCT(data_page_v2_type, "DataPageHeaderV2", DATA_V2, REQ(DATA_V2, 1, I32, num_values),
       REQ(DATA_V2, 2, I32, num_nulls), REQ(DATA_V2, 3, I32, num_rows),
       REQ(DATA_V2, 4, I32, encoding), REQ(DATA_V2, 5, I32, definition_bytes),
       REQ(DATA_V2, 6, I32, repetition_bytes), OPT(DATA_V2, 7, BOOL, is_compressed),
       OPT_IN(DATA_V2, 8, statistics, statistics_type));

#define PAGE cpl_parquet_page_header
STRUCT(page_header_type, "PageHeader", PAGE, REQ(PAGE, 1, I32, type),
       REQ(PAGE, 2, I32, uncompressed_size), REQ(PAGE, 3, I32, compressed_size),
       OPT(PAGE, 4, I32, crc), OPT_IN(PAGE, 5, data, data_page_type),
       OPT_IN(PAGE, 7, dictionary, dictionary_page_type),
       OPT_IN(PAGE, 8, data_v2, data_page_v2_type));

#define LOCATION cpl_parquet_page_location
STRUCT(location_type, "PageLocation", LOCATION, REQ(LOCATION, 1, I64, offset),
       REQ(LOCATION, 2, I32, size), REQ(LOCATION, 3, I64, first_row));

#define OFFSET_INDEX cpl_parquet_offset_index
STRUCT(offset_index_type, "OffsetIndex", OFFSET_INDEX,
       REQ_LIST(OFFSET_INDEX, 1, pages, STRUCT, &location_type),
       OWN_LIST(OFFSET_INDEX, 2, unencoded_bytes, I64, NULL));

#define COLUMN_INDEX cpl_parquet_column_index
STRUCT(column_index_type, "ColumnIndex", COLUMN_INDEX,
       REQ_LIST(COLUMN_INDEX, 1, null_pages, BOOL, NULL),
       REQ_LIST(COLUMN_INDEX, 2, min_values, BYTES, NULL),
       REQ_LIST(COLUMN_INDEX, 3, max_values, BYTES, NULL),
       REQ(COLUMN_INDEX, 4, I32, boundary_order), OWN_LIST(COLUMN_INDEX, 5, null_counts, I64, NULL),
       OWN_LIST(COLUMN_INDEX, 6, repetition_histograms, I64, NULL),
       OWN_LIST(COLUMN_INDEX, 7, definition_histograms, I64, NULL),
       OWN_LIST(COLUMN_INDEX, 8, nan_counts, I64, NULL));

UNION(bloom_choice, "BloomFilterAlgorithm, …Hash or …Compression", tag, ALT(1, "first", empty));
#define BLOOM cpl_parquet_bloom_header
STRUCT(bloom_type, "BloomFilterHeader", BLOOM, REQ(BLOOM, 1, I32, num_bytes),
       REQ_IN(BLOOM, 2, algorithm, bloom_choice), REQ_IN(BLOOM, 3, hash, bloom_choice),
       REQ_IN(BLOOM, 4, compression, bloom_choice));

/* ---- writing ---- */

bool cpl_parquet_write_file_metadata(const struct cpl_parquet_file_metadata *metadata,
                                     struct cpl_buffer *out, struct cpl_error *err)
{
    return cpl_thrift_write(&file_metadata_type, metadata, out, err);
}

bool cpl_parquet_write_row_group(const struct cpl_parquet_row_group *group, struct cpl_buffer *out,
                                 struct cpl_error *err)
{
    return cpl_thrift_write(&row_group_type, group, out, err);
}

/* A list of structs begins with a byte of its length, when that is below 15, and 0xC; else the length follows. */
static bool put_list_of_structs(uint32_t n, struct cpl_buffer *out, struct cpl_error *err)
{
    uint8_t head[6] = {(uint8_t)((n < 15 ? n : 15) << 4 | 0xC)};
    size_t size = 1;
    for (uint32_t left = n < 15 ? 0 : n; left; left >>= 7)
        head[size++] = (uint8_t)((left & 0x7F) | (left > 0x7F ? 0x80 : 0));
    return cpl_buffer_append(out, head, size, err);
}

bool cpl_parquet_write_around_groups(const struct cpl_parquet_file_metadata *metadata,
                                     uint32_t n_groups, struct cpl_buffer *before,
                                     struct cpl_buffer *after, struct cpl_error *err)
{
    enum { UP_TO_GROUPS = 4, LIST = 1, STOP = 1 };
    struct cpl_thrift_struct front = file_metadata_type;
    struct cpl_parquet_file_metadata none = *metadata;
    front.n_fields = UP_TO_GROUPS;
    none.row_groups.n = 0;
    if (!cpl_thrift_write(&front, &none, before, err) ||
        !cpl_thrift_write(&file_metadata_type, &none, after, err))
        return false;
    size_t groups = before->size - STOP;
    after->size -= groups;
    memmove(after->data, after->data + groups, after->size);
    before->size = groups - LIST;
    return put_list_of_structs(n_groups, before, err);
}

bool cpl_parquet_write_page_header(const struct cpl_parquet_page_header *header,
                                   struct cpl_buffer *out, struct cpl_error *err)
{
    return cpl_thrift_write(&page_header_type, header, out, err);
}

bool cpl_parquet_write_column_index(const struct cpl_parquet_column_index *index,
                                    struct cpl_buffer *out, struct cpl_error *err)
{
    return cpl_thrift_write(&column_index_type, index, out, err);
}

bool cpl_parquet_write_offset_index(const struct cpl_parquet_offset_index *index,
                                    struct cpl_buffer *out, struct cpl_error *err)
{
    return cpl_thrift_write(&offset_index_type, index, out, err);
}

bool cpl_parquet_write_bloom_header(const struct cpl_parquet_bloom_header *header,
                                    struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_parquet_bloom_header tagged = {
        .num_bytes = header->num_bytes, .algorithm = 1, .hash = 1, .compression = 1};
    return cpl_thrift_write(&bloom_type, &tagged, out, err);
}

/* ---- parsing ---- */

bool cpl_parquet_parse_file_metadata(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                     struct cpl_parquet_file_metadata *metadata,
                                     struct cpl_error *err)
{
    size_t used;
    if (!cpl_thrift_read(&file_metadata_type, data, size, &used, arena, metadata, err))
        return false;
    if (metadata->encryption.kind)
        return cpl_fail(err, CPL_E_UNSUPPORTED, "the Parquet file is encrypted; decrypt it first");
    return true;
}

bool cpl_parquet_parse_row_group(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                 struct cpl_parquet_row_group *group, struct cpl_error *err)
{
    size_t used;
    return cpl_thrift_read(&row_group_type, data, size, &used, arena, group, err);
}

bool cpl_parquet_parse_page_header(const uint8_t *data, size_t size, size_t *used,
                                   struct cpl_arena *arena, struct cpl_parquet_page_header *header,
                                   struct cpl_error *err)
{
    size_t taken;
    bool ok = cpl_thrift_read(&page_header_type, data, size, &taken, arena, header, err);
    if (used)
        *used = taken;
    return ok;
}

bool cpl_parquet_parse_column_index(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                    struct cpl_parquet_column_index *index, struct cpl_error *err)
{
    size_t used;
    return cpl_thrift_read(&column_index_type, data, size, &used, arena, index, err);
}

bool cpl_parquet_parse_offset_index(const uint8_t *data, size_t size, struct cpl_arena *arena,
                                    struct cpl_parquet_offset_index *index, struct cpl_error *err)
{
    size_t used;
    return cpl_thrift_read(&offset_index_type, data, size, &used, arena, index, err);
}

bool cpl_parquet_parse_bloom_header(const uint8_t *data, size_t size, size_t *used,
                                    struct cpl_arena *arena,
                                    struct cpl_parquet_bloom_header *header, struct cpl_error *err)
{
    size_t taken;
    bool ok = cpl_thrift_read(&bloom_type, data, size, &taken, arena, header, err);
    if (used)
        *used = taken;
    return ok;
}

/* ---- names ---- */

#define NAME_OF(table, index)                                                                      \
    ((size_t)(index) < sizeof table / sizeof table[0] && table[index] ? table[index] : "?")

const char *cpl_parquet_type_name(enum cpl_parquet_type type)
{
    static const char *const names[] = {"BOOLEAN", "INT32",  "INT64",      "INT96",
                                        "FLOAT",   "DOUBLE", "BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"};
    return NAME_OF(names, type);
}

const char *cpl_parquet_encoding_name(enum cpl_parquet_encoding encoding)
{
    static const char *const names[] = {"PLAIN",
                                        NULL,
                                        "PLAIN_DICTIONARY",
                                        "RLE",
                                        "BIT_PACKED",
                                        "DELTA_BINARY_PACKED",
                                        "DELTA_LENGTH_BYTE_ARRAY",
                                        "DELTA_BYTE_ARRAY",
                                        "RLE_DICTIONARY",
                                        "BYTE_STREAM_SPLIT",
                                        "ALP"};
    return NAME_OF(names, encoding);
}

const char *cpl_parquet_page_type_name(enum cpl_parquet_page_type type)
{
    static const char *const names[] = {"DATA_PAGE", "INDEX_PAGE", "DICTIONARY_PAGE",
                                        "DATA_PAGE_V2"};
    return NAME_OF(names, type);
}

/* The options of the Parquet writer, each declared once. */
#include "encode/parquet.h"

#define AT(member) offsetof(struct cpl_parquet_options, member)

const struct cpl_option cpl_parquet_options[] = {
    {.name = "compression", .type = CPL_OPTION_STRING, .offset = AT(compression), .default_text = "snappy",
     .summary = "Codec of the pages: snappy, zstd, gzip, brotli, lz4_raw or none, with a level behind a colon where there is one.", .example = "zstd:3"},
    {.name = "dictionary", .type = CPL_OPTION_ENUM, .offset = AT(dictionary), .default_text = "auto", .values = "auto|always|never",
     .summary = "Dictionaries: by measuring each chunk's first page, wherever they fit, or not at all."},
    {.name = "encodings", .type = CPL_OPTION_ENUM, .offset = AT(encodings), .default_text = "auto", .values = "auto|compatible",
     .summary = "auto also writes delta and byte-stream-split encodings; compatible keeps to plain and dictionary for old readers."},
    {.name = "page_version", .type = CPL_OPTION_ENUM, .offset = AT(page_version), .default_text = "v1", .values = "v1|v2", .summary = "Version of the data pages."},
    {.name = "row_group_rows", .type = CPL_OPTION_INT, .offset = AT(row_group_rows), .default_text = "262144", .min = 1, .max = 1 << 24,
     .summary = "Most rows in a row group."},
    {.name = "page_rows", .type = CPL_OPTION_INT, .offset = AT(page_rows), .default_text = "20480", .min = 1, .max = 1 << 22, .summary = "Most rows in a page."},
    {.name = "page_bytes", .type = CPL_OPTION_SIZE, .offset = AT(page_bytes), .default_text = "1MiB", .min = 1024, .max = 1 << 28,
     .summary = "A page of strings ends when it holds this much."},
    {.name = "statistics", .type = CPL_OPTION_BOOL, .offset = AT(statistics), .default_text = "true", .summary = "Least and greatest value and null count of each chunk."},
    {.name = "page_index", .type = CPL_OPTION_BOOL, .offset = AT(page_index), .default_text = "true", .summary = "Column and offset index, so that readers skip pages."},
    {.name = "page_crc", .type = CPL_OPTION_BOOL, .offset = AT(page_crc), .default_text = "true", .summary = "A CRC-32 in each page header."},
    {.name = "bloom_filters", .type = CPL_OPTION_STRINGS, .offset = AT(bloom_filters), .summary = "Columns (a.b for members) that get a bloom filter.",
     .example = "[order_id]"},
    {0},
};

/* The options of the Parquet writer, each declared once. */
#include "base/tree.h"
#include "encode/parquet.h"

#include <stdlib.h>
#include <string.h>

static bool unknown_codec(const char *text, size_t length, struct cpl_error *err)
{
    static const char *const names[] = {"snappy",  "zstd", "gzip", "brotli",
                                        "lz4_raw", "none", NULL};
    char word[16];
    length = length < sizeof word ? length : sizeof word - 1;
    memcpy(word, text, length);
    word[length] = 0;
    const char *near = cpl_nearest(word, names);
    return cpl_fail(err, CPL_E_CONFIG,
                    "`%.60s` is no compression; %s%s%sit is one of snappy, zstd, gzip, brotli, "
                    "lz4_raw and none",
                    text, near ? "did you mean `" : "", near ? near : "", near ? "`? Else " : "");
}

bool cpl_parquet_compression(const char *text, enum cpl_codec *codec, int *level,
                             struct cpl_error *err)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    *level = CPL_CODEC_DEFAULT_LEVEL;
    if (!cpl_codec_of_name(text, length, codec) || *codec == CPL_CODEC_LZO ||
        *codec == CPL_CODEC_LZ4)
        return unknown_codec(text, length, err);
    if (!colon)
        return true;
    int lowest, highest;
    char *end = NULL;
    long number = strtol(colon + 1, &end, 10);
    cpl_codec_levels(*codec, &lowest, &highest);
    if (lowest == highest)
        return cpl_fail(err, CPL_E_CONFIG, "%s has no levels: write it without `%.40s`",
                        cpl_codec_name(*codec), colon);
    if (strchr("-0123456789", colon[1]) == NULL || end == colon + 1 || *end || number < lowest ||
        number > highest || !colon[1])
        return cpl_fail(err, CPL_E_CONFIG,
                        "`%.60s`: behind the colon stands a level of %s, a whole number from %d to "
                        "%d",
                        text, cpl_codec_name(*codec), lowest, highest);
    *level = (int)number;
    return true;
}

static bool check_compression(const char *text, struct cpl_error *why)
{
    int level;
    enum cpl_codec codec;
    return cpl_parquet_compression(text, &codec, &level, why);
}

const char *cpl_parquet_nearest(const struct cpl_parquet_schema *schema, const char *word,
                                char *path, size_t size)
{
    for (uint32_t l = 0; l < schema->n_leaves; l++) {
        const char *candidate[] = {cpl_parquet_leaf_path(&schema->leaves[l], path, size), NULL};
        if (cpl_nearest(word, candidate))
            return path;
    }
    return NULL;
}

#define AT(member) offsetof(struct cpl_parquet_options, member)

const struct cpl_option cpl_parquet_options[] = {
    {.name = "compression",
     .type = CPL_OPTION_STRING,
     .offset = AT(compression),
     .default_text = "snappy",
     .summary = "Codec of the pages: snappy, zstd, gzip, brotli, lz4_raw or none, with a level "
                "behind a colon where there is one.",
     .example = "zstd:3",
     .check = check_compression,
     .pattern = "^(none|uncompressed|snappy|lz4_raw|gzip(:([1-9]|1[0-2]))?|"
                "brotli(:([0-9]|1[01]))?|zstd(:(-[1-7]|[0-9]|1[0-9]|2[0-2]))?)$"},
    {.name = "dictionary",
     .type = CPL_OPTION_ENUM,
     .offset = AT(dictionary),
     .default_text = "auto",
     .values = "auto|always|never",
     .summary =
         "Dictionaries: by measuring each chunk's first page, wherever they fit, or not at all."},
    {.name = "encodings",
     .type = CPL_OPTION_ENUM,
     .offset = AT(encodings),
     .default_text = "auto",
     .values = "auto|compatible",
     .summary = "auto also writes delta and byte-stream-split encodings; compatible keeps to plain "
                "and dictionary for old readers."},
    {.name = "page_version",
     .type = CPL_OPTION_ENUM,
     .offset = AT(page_version),
     .default_text = "v1",
     .values = "v1|v2",
     .summary = "Version of the data pages."},
    {.name = "row_group_rows",
     .type = CPL_OPTION_INT,
     .offset = AT(row_group_rows),
     .default_text = "262144",
     .min = 1,
     .max = 1 << 24,
     .summary = "Most rows in a row group."},
    {.name = "page_rows",
     .type = CPL_OPTION_INT,
     .offset = AT(page_rows),
     .default_text = "20480",
     .min = 1,
     .max = 1 << 22,
     .summary = "Most rows in a page."},
    {.name = "page_bytes",
     .type = CPL_OPTION_SIZE,
     .offset = AT(page_bytes),
     .default_text = "1MiB",
     .min = 1024,
     .max = 1 << 28,
     .summary = "A page of strings ends when it holds this much."},
    {.name = "statistics",
     .type = CPL_OPTION_BOOL,
     .offset = AT(statistics),
     .default_text = "true",
     .summary = "Least and greatest value and null count of each chunk."},
    {.name = "page_index",
     .type = CPL_OPTION_BOOL,
     .offset = AT(page_index),
     .default_text = "true",
     .summary = "Column and offset index, so that readers skip pages."},
    {.name = "page_crc",
     .type = CPL_OPTION_BOOL,
     .offset = AT(page_crc),
     .default_text = "true",
     .summary = "A CRC-32 in each page header."},
    {.name = "bloom_filters",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(bloom_filters),
     .flags = CPL_OPTION_COLUMNS,
     .summary = "Columns (a.b for members) that get a bloom filter.",
     .example = "[order_id]"},
    {.name = "sorted_by",
     .type = CPL_OPTION_STRINGS,
     .offset = AT(sorted_by),
     .flags = CPL_OPTION_COLUMNS,
     .summary = "The order that the rows already have: columns (a.b for members), with `desc` and "
                "`nulls first` behind the name where it is so (else ascending, nulls last). Proven "
                "on every row, and written into each row group for its readers; a row out of order "
                "fails the run. Nothing is sorted.",
     .example = "[customer_id, day desc]"},
    {0},
};

/* How a Parquet file is laid out, as JSON, for `cupel inspect`. Reads the footer and, where there are any, offset indexes;
 * no page.
 *
 *   {"format": "parquet", "version", "created_by", "rows", "size", "schema", "metadata": {key: value},
 *    "row_groups": [{"rows", "compressed", "uncompressed", "sorted_by" (where an order is claimed),
 *      "columns": [{"path", "type", "codec", "encodings": [], "pages", "values", "nulls", "min", "max",
 *                   "compressed", "uncompressed", "dictionary", "column_index", "offset_index", "bloom_filter"}]}]}
 * min and max are text as cupel prints values, null where there are none; pages is null without an offset index and
 * encoding statistics. Sizes are bytes. */
#pragma once
#include "base/tree.h"
#include "decode/parquet.h"

/* As an object under `key` (NULL at the top) of a JSON document being written. */
bool cpl_parquet_layout(const struct cpl_parquet_file *file, struct cpl_json_writer *json,
                        const char *key, struct cpl_error *err) CPL_CHECKED;
/* The order that a row group claims, as `sorted_by` is written: "day desc nulls first"; nothing when it claims none. Appends. */
bool cpl_parquet_sorted_by(const struct cpl_parquet_file *file, uint32_t group,
                           struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;

/* Reading Parquet files: random access through a cpl_reader, batches of up to 16 K rows out.
 *
 *     file = cpl_parquet_open(reader, "lake/orders.parquet", &err);
 *     scan = cpl_parquet_scan_new(file, &(struct cpl_parquet_scan_options){0}, &err);
 *     while (cpl_parquet_scan_next(scan, &batch, &err) && batch->rows)
 *         …
 * Read: flat and nested columns (structs, lists, maps, legacy lists), data pages v1 and v2, all
 * encodings but the deprecated BIT_PACKED levels, all codecs but LZO, INT96, FLOAT16 (as float).
 * Refused with a clear error: encrypted files, columns in other files, decimals over 38 digits.
 * Memory: a window of at most 256 KiB and one decompressed page for each column read, besides the
 * batch. A batch never spans row groups; it has fewer rows where rows are wide (about 8 MiB by the
 * row group's own figures). Errors begin with "object: row group g, column c, page p". CRCs are
 * checked wherever they stand. Threads: an open file is read-only and may serve any number of
 * scans; a scan belongs to one thread. */
#pragma once
#include "batch/batch.h"
#include "format/parquet_schema.h"
#include "storage/storage.h"

struct cpl_parquet_file;
/* Reads and checks the footer. The reader is borrowed and must outlive the file; `name` (copied) is
 * for messages. */
struct cpl_parquet_file *cpl_parquet_open(struct cpl_reader *reader, const char *name,
                                          struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_close(struct cpl_parquet_file *file);
const char *cpl_parquet_name(const struct cpl_parquet_file *file);
struct cpl_reader *cpl_parquet_reader(const struct cpl_parquet_file *file);
/* All columns of the file. */
const struct cpl_schema *cpl_parquet_file_schema(const struct cpl_parquet_file *file);
const struct cpl_parquet_file_metadata *cpl_parquet_metadata(const struct cpl_parquet_file *file);
/* Leaves and levels; its fields are those of cpl_parquet_file_schema. */
const struct cpl_parquet_schema *cpl_parquet_levels(const struct cpl_parquet_file *file);
/* The value of a footer's key, or absent bytes. */
struct cpl_bytes cpl_parquet_key_value(const struct cpl_parquet_file *file, const char *key);

struct cpl_parquet_scan_options {
    uint32_t first_row_group, n_row_groups; /* n 0 = to the last */
    const uint32_t *columns;                /* top-level fields wanted, in this order; NULL = all */
    uint32_t n_columns;
    uint32_t batch_rows; /* most rows a batch; 0 = 16,384 */
};
struct cpl_parquet_scan;
struct cpl_parquet_scan *cpl_parquet_scan_new(const struct cpl_parquet_file *file,
                                              const struct cpl_parquet_scan_options *options,
                                              struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_scan_free(struct cpl_parquet_scan *scan);
/* The columns that come out, in order. */
const struct cpl_schema *cpl_parquet_scan_schema(const struct cpl_parquet_scan *scan);
/* The next batch, valid until the next call; batch->rows == 0 means the end. batch->row_start is
 * NULL: rows have no bytes of their own. */
bool cpl_parquet_scan_next(struct cpl_parquet_scan *scan, struct cpl_batch **batch,
                           struct cpl_error *err) CPL_CHECKED;

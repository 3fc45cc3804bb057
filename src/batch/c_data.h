/* Batches and schemas as Arrow's C data interface (include/arrow_c_abi.h).
 *
 * An export is a copy that owns all its memory, in exact Arrow layout: booleans become bits, slices become
 * offsets and bytes, decimals 128-bit, times in seconds and milliseconds 32-bit. It outlives the batch, and each child
 * may be moved out and released by itself, as the specification asks. JSON and UUID columns carry the extension names
 * arrow.json and arrow.uuid, field ids the key PARQUET:field_id.
 *
 * Strings are utf8 with 32-bit offsets, so one export holds less than 2 GiB of them a column: ask cpl_export_fit
 * how many rows may go together. Thread-safe; release callbacks may run on any thread. */
#pragma once
#include "arrow_c_abi.h"
#include "batch/batch.h"

/* A struct type ("+s") with the schema's fields as children. */
bool cpl_export_schema(const struct cpl_schema *schema, struct ArrowSchema *out,
                       struct cpl_error *err) CPL_CHECKED;
/* One field. */
bool cpl_export_field(const struct cpl_field *field, struct ArrowSchema *out,
                      struct cpl_error *err) CPL_CHECKED;
/* Rows [from, from + n) as a struct array. LIMIT when a column's strings or list elements pass 2 GiB (2^31-1). */
bool cpl_export_batch(const struct cpl_batch *batch, uint32_t from, uint32_t n,
                      struct ArrowArray *out, struct cpl_error *err) CPL_CHECKED;
/* How many rows from `from` on fit in one export: all that are left but for huge strings; at least 1 if any is left. */
uint32_t cpl_export_fit(const struct cpl_batch *batch, uint32_t from);

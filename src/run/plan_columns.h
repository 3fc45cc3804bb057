/* The columns that a pipeline asks for, as schemas for inference.
 *
 * Those with a type hold, whatever the input says. Those without one (schema.select, --columns, columns declared by name alone) are
 * looked up among what is inferred; only where no row of the input is sound are they made up, as texts.
 * Threads: any. What returns a schema gives it to the caller to free. */
#pragma once
#include "config/pipeline.h"

/* Declared columns that have a type. NULL: there are none, or *failed. */
struct cpl_schema *cpl_typed_columns(const struct cpl_schema_config *config, bool *failed,
                                     struct cpl_error *err);
/* The columns that the pipeline names without a type, as texts, behind those of `typed` (may be NULL). NULL: there are none, or *failed. */
struct cpl_schema *cpl_named_columns(const struct cpl_schema_config *config,
                                     const struct cpl_schema *typed, bool *failed,
                                     struct cpl_error *err);
/* LIMIT: more columns than limits.max_columns (0: any number); names of more than CPL_NAMES_MAX bytes. */
bool cpl_check_column_count(const struct cpl_schema *schema, int64_t max_columns,
                            struct cpl_error *err) CPL_CHECKED;
bool cpl_check_column_names(const struct cpl_schema *schema, struct cpl_error *err) CPL_CHECKED;

/* The columns that a pipeline asks for, as schemas for inference.
 *
 * Those with a type hold, whatever the input says. Those without one (schema.select, --columns, columns declared by name alone) are
 * looked up among what is inferred; only where no row of the input is sound are they made up, as texts.
 * Threads: any. Both functions give the caller a schema to free. */
#pragma once
#include "config/pipeline.h"

/* Declared columns that have a type. NULL: there are none, or *failed. */
struct cpl_schema *cpl_typed_columns(const struct cpl_schema_config *config, bool *failed,
                                     struct cpl_error *err);
/* The columns that the pipeline names without a type, as texts, behind those of `typed` (may be NULL). NULL: there are none, or *failed. */
struct cpl_schema *cpl_named_columns(const struct cpl_schema_config *config,
                                     const struct cpl_schema *typed, bool *failed,
                                     struct cpl_error *err);

/* Errors that only the input brings to light stand in the pipeline's file, too.
 *
 * That a column is not there (schema, partition_by, an option of the format) is found when the input has been looked at, or when
 * writing begins. What was said then begins with the option (`sink.partition_by: …`, `parquet.sorted_by: …`) or names the column of the
 * schema; here it gets the file, line and column of that word.
 *
 * Threads: any. */
#pragma once
#include "config/pipeline.h"

/* The text of the error for a column that the schema section asks for and the input lacks begins with this, and a name in `…`. */
#define CPL_NO_COLUMN "the input has no column "

/* Does the error's text begin with an option of the source: "source.json.rows: …"? */
bool cpl_plan_is_of_source(const struct cpl_error *err);
/* Put the place before the message of *err, where it tells of a word of the pipeline; returns false. */
bool cpl_plan_fail_placed(const struct cpl_pipeline *pipeline, struct cpl_error *err);

/* The types that a dataset's columns have, so that rows added to it get the same.
 *
 * Files of one column in two types are no table: some readers refuse it, others bring the values to the first file's type and round
 * without a word. The receipts of the runs whose rows are still there tell the types; a column's is the one that the newest of them
 * gave it. Receipts of equal schemas are read once. What is read is hostile: a receipt counts only with its record's checksum.
 * Threads: as the log's. */
#pragma once
#include "batch/schema.h"
#include "run/log.h"

struct cpl_dataset_types {
    const char *dataset;
    struct cpl_schema *schema; /* of all columns that rows there have; NULL: none are known */
    const char *
        *runs; /* per field: the run that landed it so; in the schema's arena. NULL: not known */
    uint64_t unread; /* runs of which no receipt could be read */
};
/* The log must outlive the types. */
bool cpl_dataset_types_read(struct cpl_log *log, struct cpl_dataset_types *types,
                            struct cpl_error *err) CPL_CHECKED;
void cpl_dataset_types_release(struct cpl_dataset_types *types);
/* Are values of both stored alike? Whether they may be null is no matter, and members of a struct that only one has are none. */
bool cpl_types_agree(const struct cpl_type *a, const struct cpl_type *b);
/* Every column of `schema` that rows there have must have its type: TYPE, with both, for the first that has not. */
bool cpl_dataset_types_check(const struct cpl_dataset_types *types, const struct cpl_schema *schema,
                             struct cpl_error *err) CPL_CHECKED;
/* "amt is decimal(18,1) in lake (run R1)" for a column that is there. */
bool cpl_dataset_types_tell(const struct cpl_dataset_types *types, const char *column,
                            struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* What to do about a type that differs; ends a message. */
#define CPL_TYPES_ADVICE                                                                           \
    "Declare the column's type as it is there, replace all rows (sink.mode: overwrite), or let "   \
    "types "                                                                                       \
    "differ (sink.on_type_change: warn)"

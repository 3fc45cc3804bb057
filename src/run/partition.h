/* Partition keys: which directory a row belongs to.
 *
 * A key is a column, or a date part of one. Directories are named as Hive names them, one level a key:
 *
 *   country                 country=DE              the column itself; it is left out of the files, as Hive and Spark do,
 *                                                   because the directory says it
 *   year(ordered_at)        ordered_at_year=2026            \
 *   month(ordered_at)       ordered_at_month=2026-11         } the column stays in the files: its part says less
 *   day(ordered_at)         ordered_at_day=2026-11-21        } than it does
 *   hour(ordered_at)        ordered_at_hour=2026-11-21-13   /
 *
 * Parts of an instant (timestamp with a zone) are those of UTC. Characters that Hive escapes (controls, " # % ' * / : = ? \ { [ ] ^
 * and DEL) are written as %XX, in names and values. Null is __HIVE_DEFAULT_PARTITION__. An empty text makes
 * none: Hive and all that follow it read an empty value as null, so there is no directory that would give it back.
 * Nor does a text that is the word of null itself, or one that is too long for a directory's name. Rows with such a text are
 * rejected by the decoder (rule `partition`), to which the key's check is given.
 * Floating point, binary, JSON and nested columns make no keys.
 *
 * Threads: made by the plan, then read by any number of workers. */
#pragma once
#include "batch/batch.h"
#include "config/pipeline.h"
#include "decode/decoder.h"

enum cpl_key_part { CPL_KEY_VALUE, CPL_KEY_YEAR, CPL_KEY_MONTH, CPL_KEY_DAY, CPL_KEY_HOUR };

enum { CPL_PARTITION_TEXT_MAX = 1024, CPL_PARTITION_NAME_MAX = 255 };

struct cpl_partition_key {
    uint32_t column; /* of the schema that is decoded */
    enum cpl_key_part part;
    const char *name;             /* escaped, with the = behind it */
    struct cpl_text_check *check; /* string columns: what makes no directory; NULL = other kinds */
};
struct cpl_partition_plan {
    struct cpl_partition_key *keys;
    uint32_t n_keys;
    uint32_t *kept;            /* columns of the decoded schema that go into files */
    struct cpl_schema *schema; /* the files': kept columns */
    uint64_t most;             /* partitions in one run */
    struct cpl_arena arena;
};
/* NULL with an error when partition_by names no column of the schema, a column that makes no key, or leaves no column for the files. */
struct cpl_partition_plan *cpl_partition_plan_new(const struct cpl_schema *schema,
                                                  const struct cpl_sink_config *sink,
                                                  struct cpl_error *err) CPL_CHECKED;
void cpl_partition_plan_free(struct cpl_partition_plan *plan);

/* The keys' names, outermost first, appended: "country/ordered_at_month". */
bool cpl_partition_layout(const struct cpl_partition_plan *plan, struct cpl_buffer *out,
                          struct cpl_error *err) CPL_CHECKED;

/* A row's key in binary, appended: equal bytes, equal partition. */
bool cpl_partition_binary(const struct cpl_partition_plan *plan, const struct cpl_batch *batch,
                          uint32_t row, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* A row's directory, "country=DE/ordered_at_month=2026-11", appended. LIMIT or DATA when the file system or Hive could not name it. */
bool cpl_partition_text(const struct cpl_partition_plan *plan, const struct cpl_batch *batch,
                        uint32_t row, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* The error of a run with more partitions than max_open_partitions; false. */
bool cpl_partition_too_many(const struct cpl_partition_plan *plan, struct cpl_error *err);
/* Append with Hive's escapes. */
bool cpl_partition_escape(const void *text, size_t length, struct cpl_buffer *out,
                          struct cpl_error *err) CPL_CHECKED;

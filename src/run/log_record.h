/* One record of a dataset's log: what a commit decided.
 *
 * Encoded as one JSON object whose last member is the hash of all bytes before that member, so that
 * a record proves itself; `previous` chains it to the one before. Parsing is strict: an unknown
 * kind or version, a missing member or a wrong hash is CORRUPT, never skipped. Ownership: a
 * record's arrays and strings live in its arena. */
#pragma once
#include "base/memory.h"

enum { CPL_HASH_TEXT = 40, CPL_LOG_RECORD_MAX = 64 << 20 };

enum cpl_record_kind {
    CPL_RECORD_COMMIT, /* rows landed */
    CPL_RECORD_REPAIR, /* new staged copies for files of record `about` whose staged files were gone
                        */
    CPL_RECORD_LOST, /* files of record `about` that can never become visible; `removed` names them
                      */
    CPL_RECORD_REMOVE, /* retention: files removed, none added; or rejects that were replayed into another place */
};
enum cpl_file_role { CPL_FILE_DATA, CPL_FILE_REJECTS, CPL_FILE_RECEIPT };

struct cpl_file_entry {
    enum cpl_file_role role;
    const char *path;  /* relative to the dataset */
    const char *token; /* staged file, relative to the dataset */
    uint64_t size, rows;
    const char *checksum;  /* "xxh3:" + 32 hex digits */
    const char *partition; /* "a=1/b=x", "" = none */
    const char *grade;     /* "" = none */
    const char *table;     /* "" = the dataset's own */
};
struct cpl_lane_step {
    const char *lane;
    uint64_t from, next;
    uint64_t rows_in;
    uint64_t absent; /* positions in [from, next) that held no record */
};
struct cpl_named_count {
    const char *name;
    uint64_t n;
};
struct cpl_row_counts {
    uint64_t read, derived, landed, rejected, filtered, deduplicated;
};

struct cpl_phase_time {
    const char *name; /* "plan" "work" "commit" "publish" "fsync" … */
    double seconds;
};
/* All that a receipt says and the same plan does not repeat: the record holds it, too, so that a receipt can be made again. */
struct cpl_timings {
    int64_t started_ms, finished_ms; /* wall clock; 0 = not known */
    struct cpl_phase_time *phases;
    size_t n_phases;
};

struct cpl_log_record {
    enum cpl_record_kind kind;
    uint64_t seq;
    char previous[CPL_HASH_TEXT]; /* hash of record seq-1; "" for the first */
    char hash[CPL_HASH_TEXT];
    const char *nonce; /* names the writer: whoever reads back knows its own record */
    const char *attempt, *run_id, *pipeline, *program;
    int64_t now_ms;               /* the plan's clock, not the writer's */
    uint64_t about;               /* REPAIR, LOST: the record meant */
    const char *plan, *plan_hash; /* where the plan is stored, relative; "" = none */
    const char *config_hash, *schema_hash;
    struct cpl_lane_step *lanes;
    size_t n_lanes;
    struct cpl_file_entry *added;
    size_t n_added;
    const char **removed; /* paths; of earlier records */
    size_t n_removed;
    const char *
        *replayed; /* paths of reject files whose rows this record landed or rejected again */
    size_t n_replayed;
    struct cpl_row_counts rows;
    struct cpl_named_count *rejected_by_rule;
    size_t n_rules;
    struct cpl_timings timings;
    struct cpl_arena arena;
};

void cpl_log_record_release(struct cpl_log_record *record);
/* Encode; fills record->hash. LIMIT when larger than CPL_LOG_RECORD_MAX. */
bool cpl_log_record_encode(struct cpl_log_record *record, struct cpl_buffer *out,
                           struct cpl_error *err) CPL_CHECKED;
/* Parse and prove; `name` is for messages. */
bool cpl_log_record_parse(const char *text, size_t size, const char *name,
                          struct cpl_log_record *record, struct cpl_error *err) CPL_CHECKED;

/* "xxh3:" + 32 hex digits of XXH3-128. */
void cpl_hash_text(const void *data, size_t size, char out[CPL_HASH_TEXT]);
const char *cpl_record_kind_name(enum cpl_record_kind kind);
const char *cpl_file_role_name(enum cpl_file_role role);

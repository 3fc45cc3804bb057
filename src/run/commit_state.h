/* An attempt, inside: what commit.c and single_file.c share. Nobody else includes this. */
#pragma once
#include "run/commit.h"
#include "run/single_record.h"

enum attempt_stage { ATTEMPT_OPEN, ATTEMPT_UNKNOWN, ATTEMPT_COMMITTED };

struct cpl_attempt {
    struct cpl_storage *storage;
    struct cpl_arena arena; /* every string below that is not an array */
    const char *path, *pipeline, *receipt_path;
    const char *layout; /* NULL: not said, not checked */
    enum cpl_sink_mode mode;
    bool keeps_types;   /* and they are known of */
    uint64_t types_seq; /* records up to this one */
    bool single_file;
    bool replace_receipt;
    struct cpl_replays_beside
        replays;                  /* of a single file's own rejects, as its commit finds them */
    bool again;                   /* stages for a repair: log and staging are another's */
    bool made_home, made_dataset; /* there was no _cupel/, not even its dataset's folder */
    int64_t now_ms;
    const struct cpl_recover_hooks *hooks;
    char run_id[101], lane[112], nonce[33];
    char name[160];                 /* the attempt's: "<run id>-<16 hex digits>" */
    char staging[CPL_LOG_PATH_MAX]; /* full path */
    int64_t begun_s;                /* of the clock that counts suspension */
    enum attempt_stage stage;

    struct cpl_log *log; /* datasets only */
    struct cpl_recover_report recovered;
    struct cpl_prior prior;
    bool has_prior;
    const char *plan; /* relative; "" = none */
    char plan_hash[CPL_HASH_TEXT], schema_hash[CPL_HASH_TEXT];

    struct cpl_file_entry *files;
    struct cpl_staged *staged; /* one a file */
    size_t n_files, files_capacity;
    struct cpl_lane_step *lanes; /* [0] is the run's own */
    size_t n_lanes, lanes_capacity;
    const char **replayed;
    size_t n_replayed, replayed_capacity;
    char receipt[CPL_LOG_PATH_MAX]; /* full path; "" = none */

    struct cpl_lock *lock;               /* single file: from its commit on */
    struct cpl_single_record decided;    /* its steps; one alone has no record */
    struct cpl_staged receipt_elsewhere; /* a receipt that does not stand beside the file */
};

/* ---- commit.c ---- */
/* What the mode says of the target as it stands: CONFLICT when it may not be written. */
bool cpl_attempt_check_target(const struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;

/* ---- layout.c ---- */
bool cpl_attempt_check_layout(const struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;
/* Have the rows that others landed since the plan the types of ours? */
bool cpl_attempt_check_types(const struct cpl_attempt *attempt, const struct cpl_schema *schema,
                             struct cpl_error *err) CPL_CHECKED;

/* ---- attempt.c ---- */
/* Stage one small text; *staged is the caller's. */
bool cpl_attempt_stage_text(struct cpl_attempt *attempt, const char *staging,
                            const char *final_path, const struct cpl_buffer *text,
                            struct cpl_staged *staged, struct cpl_error *err) CPL_CHECKED;
/* Append to a growing array. */
bool cpl_attempt_grow(void **items, size_t *capacity, size_t n, size_t item_size,
                      struct cpl_error *err) CPL_CHECKED;

/* ---- single_file.c ---- */
/* The directory in which it stages, also when others are removing the one above. */
bool cpl_single_make_staging(struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;
bool cpl_single_begin(struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;
bool cpl_single_commit(struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                       enum cpl_commit_outcome *outcome, struct cpl_error *err) CPL_CHECKED;
/* What the commit decided: all of it, or what the next command on that file finishes. */
bool cpl_single_publish(struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;
/* Removes the staging, but of what was decided and is not finished. */
void cpl_single_close(struct cpl_attempt *attempt);

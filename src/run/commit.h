/* An attempt: from "nothing has been written" to "committed and visible", for one run.
 *
 *   begin ── recovers what earlier runs left, learns whether this run id has landed already
 *     │
 *   plan ─── stores the plan, durably (rule 3)
 *     │
 *   open, add ── staged files: invisible (rules 4 and 5)
 *     │
 *   commit ─ checks the books, stages the receipt, creates the log record: the decision (rules 6 to
 * 8) │ publish ─ consumes every token once, removes what the mode replaces, writes `.done` (rules
 * 10 to 12) │ close ── frees; before a commit it also removes the attempt's staging
 *
 * Two kinds of targets share these verbs. A *dataset* (a directory) has the full protocol above. A
 * *single file* (`cupel convert in out.parquet`) has no log and leaves no `_cupel` beside the
 * user's file: it is staged in a hidden directory beside its target, synced, and decided by a record there (or by the one rename, where
 * that is all); publish puts rejects (`<out>.rejects.parquet`, only when there are any), file and receipt (only when asked for) in
 * place. It holds a lock from its commit until it is closed. See single_file.c.
 *
 * Modes. ERROR: refused (CONFLICT) when the target holds data. OVERWRITE: the dataset's files are
 * removed by the same record that adds the new ones; a dataset with visible files that its log does
 * not know is refused, because they are not ours to delete. OVERWRITE_PARTITIONS: the same, for the
 * partitions that this run writes. APPEND adds. Single file: OVERWRITE replaces atomically; ERROR
 * and APPEND are refused (CONFLICT) when the file exists, OVERWRITE_PARTITIONS always (CONFIG).
 *
 * Names. A path is used once in a dataset's life, also after its removal: a late writer can then
 * never resurrect anything. cpl_attempt_stem gives a stem that keeps this.
 *
 * Threads: begin, add, commit, publish and close belong to one thread at a time (the ordered
 * stage); open may be called from any thread, and a writer once opened belongs to its user. */
#pragma once
#include "config/pipeline.h"
#include "run/log.h"
#include "run/receipt.h"
#include "run/recover.h"
#include "run/replay_beside.h"

struct cpl_attempt_options {
    struct cpl_storage *storage;
    const char *path; /* dataset directory, or the file when single_file */
    bool single_file;
    enum cpl_sink_mode mode;
    const char *run_id;       /* see cpl_run_id_valid */
    const char *pipeline;     /* its name */
    int64_t now_ms;           /* the plan's clock, milliseconds since 1970 UTC */
    const char *receipt_path; /* single file: where the receipt goes; NULL = none is written */
    bool replace_receipt;     /* whatever file stands there */
    const struct cpl_recover_hooks *hooks; /* may be NULL */
};

/* What an earlier run of the same run id left. */
struct cpl_prior {
    uint64_t seq;
    struct cpl_row_counts rows;
    char receipt[CPL_LOG_PATH_MAX]; /* full path; "" = none */
};

struct cpl_attempt;
/* 1..100 characters of [A-Za-z0-9_.-], not starting with '.' or '-'. */
bool cpl_run_id_valid(const char *run_id);
/* Probe (rule 9), recover (rule 13), check the mode. Options are copied; storage must outlive the
 * attempt. */
bool cpl_attempt_begin(const struct cpl_attempt_options *options, struct cpl_attempt **attempt,
                       struct cpl_error *err) CPL_CHECKED;
/* For recovery, which works a recorded run again (repair.c): an attempt that only stages, into `staging`, what run
 * `run_id` of this log would. The log is borrowed, and nothing is removed when it is closed. */
struct cpl_attempt *cpl_attempt_again(struct cpl_log *log, const char *run_id, const char *staging,
                                      struct cpl_error *err) CPL_CHECKED;
/* Not NULL: this run id is committed and published; do no work, report it and close. */
const struct cpl_prior *cpl_attempt_prior(const struct cpl_attempt *attempt);
/* What recovery found and did; never NULL. lost_files > 0 must make the process fail (CORRUPT) even
 * when this run goes well. */
const struct cpl_recover_report *cpl_attempt_recovered(const struct cpl_attempt *attempt);
/* Store the plan before work. Also gives the plan's hash ("xxh3:…"). Single file: only hashes. */
bool cpl_attempt_plan(struct cpl_attempt *attempt, const void *json, size_t size,
                      char hash[CPL_HASH_TEXT], struct cpl_error *err) CPL_CHECKED;

/* Stem for file names that no other run of this dataset uses: "<file_name>-<run id>". Files are
 * <stem>-00000.parquet and so on. */
bool cpl_attempt_stem(const struct cpl_attempt *attempt, const char *file_name, char out[256],
                      struct cpl_error *err) CPL_CHECKED;
/* Where reject file `ordinal` goes: "_cupel/rejects/<run id>-00000.parquet"; single file:
 * "<out>.rejects.parquet" (ordinal 0 only). */
bool cpl_attempt_rejects_path(const struct cpl_attempt *attempt, unsigned ordinal,
                              const char *extension, char out[CPL_LOG_PATH_MAX],
                              struct cpl_error *err) CPL_CHECKED;
/* A staged writer. `path` is relative to the dataset ("day=2026-11-01/part-x-00000.parquet");
 * single file: NULL = the target itself, else what cpl_attempt_rejects_path gave. ".." and absolute
 * paths are refused. */
struct cpl_writer *cpl_attempt_open(struct cpl_attempt *attempt, const char *path,
                                    struct cpl_error *err) CPL_CHECKED;
/* The attempt's own directory, made if need be: for files without a name. *dir NULL for a single file. */
bool cpl_attempt_scratch(struct cpl_attempt *attempt, const char **dir,
                         struct cpl_error *err) CPL_CHECKED;
struct cpl_attempt_file {
    enum cpl_file_role role;
    const char *path;      /* as given to open; copied */
    const char *partition; /* "a=1/b=x"; NULL = the folder that `path` names; copied */
    const char *grade, *table;
    uint64_t rows;
};
/* A finished file becomes part of the attempt. Takes *staged (zeroes it), also on failure. */
bool cpl_attempt_add(struct cpl_attempt *attempt, const struct cpl_attempt_file *file,
                     struct cpl_staged *staged, struct cpl_error *err) CPL_CHECKED;
/* How the files lie in folders: their keys, outermost first, "ingest_date/country"; "" = in none. A dataset whose
 * files stay lies in one way: CONFLICT when they lie in another. Checked again by the commit. */
/* Columns that rows there have must keep their types: the commit looks at what others have landed since. */
void cpl_attempt_keep_types(struct cpl_attempt *attempt);
bool cpl_attempt_layout(struct cpl_attempt *attempt, const char *layout,
                        struct cpl_error *err) CPL_CHECKED;
/* A further lane that this attempt moves (replay, streams). Fails with CONFLICT when it stands
 * elsewhere already. */
bool cpl_attempt_lane(struct cpl_attempt *attempt, const struct cpl_lane_step *step,
                      struct cpl_error *err) CPL_CHECKED;
/* This run lands, or rejects again, every row of the reject file `path` (relative to the dataset).
 */
bool cpl_attempt_replays(struct cpl_attempt *attempt, const char *path,
                         struct cpl_error *err) CPL_CHECKED;

/* The decision. Fills receipt->files, rejects, removed and previous from what was added; checks the
 * books (account.h, CPL_E_BOOKS) before anything is decided. true = DONE. REFUSED → false with
 * CONFLICT: another writer moved a lane of ours, nothing of this attempt will ever be visible.
 * UNKNOWN → false with UNKNOWN: call it again, or run the same run id again later; nothing is
 * deleted. Before a decision any other failure leaves nothing. */
bool cpl_attempt_commit(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                        enum cpl_commit_outcome *outcome, struct cpl_error *err) CPL_CHECKED;
/* Make it visible. When this fails the run is committed all the same: the next start finishes it.
 */
bool cpl_attempt_publish(struct cpl_attempt *attempt, struct cpl_error *err) CPL_CHECKED;
/* Has it been decided? Then a failure undoes nothing. */
bool cpl_attempt_committed(const struct cpl_attempt *attempt);
/* After commit: the replays of a single file that went with it. */
const struct cpl_replays_beside *cpl_attempt_replays_gone(const struct cpl_attempt *attempt);
/* After commit: full path of the receipt, "" = none. */
const char *cpl_attempt_receipt(const struct cpl_attempt *attempt);
/* NULL for a single file. For retention, after publish. */
struct cpl_log *cpl_attempt_log(struct cpl_attempt *attempt);
/* Frees; not committed → removes its staging (unless the outcome is unknown). Accepts NULL. */
void cpl_attempt_close(struct cpl_attempt *attempt);

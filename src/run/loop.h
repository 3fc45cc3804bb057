/* The run's state, and the stages of THE LOOP that share it (picture: loop.c).
 *
 * loop.c has the whole run, round.c the workers of a round, order.c the ordered stage, land.c what follows:
 * commit and what was landed; loop_replay.c what a replay adds.
 *
 * Threads: `mutex` guards claims, slots, turn and error; the holder of `draining` owns output, accounts and
 * the ordered stage's fields. */
#pragma once
#include "run/commit.h"
#include "run/output.h"
#include "run/run.h"
#include "run/split.h"

#include <pthread.h>

struct slot {
    bool ready;
    struct cpl_claim claim;
    struct cpl_work_result result;
};

/* The text of an input that is read in sections, from the first claim until no more can be claimed (passed) and
 * the last is taken. */
struct run_text {
    struct cpl_sections *sections;
    bool passed, taken;
};

struct run_state {
    const struct cpl_run_options *options;
    struct cpl_run_result *result;
    struct cpl_storage *storage;
    struct cpl_plan plan;
    struct cpl_dataset_types there; /* of the rows that this run's come to */
    struct cpl_attempt *attempt;
    struct cpl_replay_once *once; /* replay with an attempt */
    struct cpl_output output;
    struct cpl_account account;
    struct cpl_chain_counts chain; /* ordered stage: what the rows' steps and grades came to */
    struct cpl_progress_counters progress;
    _Atomic bool stop, doomed;
    bool read_whole;      /* every split has been taken */
    uint64_t bytes_total; /* of all inputs; 0: not known */
    int64_t now_ms;
    double started, counted_from; /* clocks: of the run; of the counters in `progress` */
    struct cpl_recover_hooks hooks;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t next, turn;      /* number of the next claim; of the one whose results are due */
    size_t next_split;      /* of the plan; and */
    uint64_t next_from;     /* where its next section begins */
    struct run_text *texts; /* per input */
    bool claiming;          /* somebody finds out whether there is a section there */
    bool draining;
    struct cpl_due due;
    unsigned running, threads, window;
    struct cpl_room room; /* what workers may hold together, beyond what each has anyway */
    struct slot *slots;
    struct cpl_error error; /* the first */

    /* ordered stage */
    struct cpl_buffer *needs;        /* of this round's splits that were widened */
    struct cpl_need_origin *origins; /* of each of them */
    size_t n_needs;
    uint64_t expected; /* where the next split of this input must start */
    uint64_t lines;    /* of this input, before the current split */
    bool *met;         /* one a column, as a split's report tells; NULL when no column is absent */
    uint64_t input_rejects;
    struct cpl_rejects_trace *trace; /* replay: of input `traced` */
    uint32_t traced;
};

/* loop.c */
/* The storage is borrowed, and so are options and result. */
struct run_state *cpl_run_state_new(const struct cpl_run_options *options,
                                    struct cpl_run_result *result, struct cpl_storage *storage,
                                    struct cpl_error *err) CPL_CHECKED;
void cpl_run_state_free(struct run_state *run);
/* Everything between the plan and the commit: rows in staged files, and the books. */
bool cpl_run_work(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
double cpl_run_clock(void); /* seconds, monotonic */
int64_t cpl_run_wall_ms(void);
void cpl_run_say(const struct run_state *run, const char *level, const char *format, ...)
    CPL_PRINTF(3, 4);
void cpl_run_progress(struct run_state *run, const char *phase);

/* round.c: rounds until one holds; then the output is finished. */
bool cpl_run_rounds(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
/* Of an input's text: it was passed, or its last section taken, whichever `flag` this is. */
void cpl_run_close_text(struct run_state *run, uint32_t input, bool *flag);

/* order.c: one delivery, in order; and the policy for rejects (`finished`: all rows are known). */
bool cpl_run_take(struct run_state *run, struct cpl_worker *worker, const struct cpl_claim *claim,
                  struct cpl_work_result *result, struct cpl_error *err) CPL_CHECKED;
bool cpl_run_reject_policy(struct run_state *run, bool finished, struct cpl_error *err) CPL_CHECKED;

/* remark.c */
/* The lines of strays that the sample's pieces from inside an input hold, when the split with them is accounted: it has bytes
 * [from, to), behind so many lines. */
bool cpl_run_locate_strays(struct run_state *run, uint32_t input, uint64_t from, uint64_t to,
                           struct cpl_error *err) CPL_CHECKED;
/* What people should know of the types that came out, for result and receipt; and to the log. */
bool cpl_run_remark(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
void cpl_run_say_remarks(const struct run_state *run);

/* land.c */
/* What the run id has left before, as the result; CONFLICT when another configuration did it. */
bool cpl_run_report_prior(struct run_state *run, const struct cpl_prior *prior,
                          struct cpl_error *err) CPL_CHECKED;
/* What steps and grades came to, for result and receipt: when all rows are in. */
bool cpl_run_tell_chain(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
/* All of a receipt that the work says: not its plan's hash, files and timings. `dialect` holds a text of it. */
bool cpl_run_receipt(struct run_state *run, struct cpl_buffer *dialect, struct cpl_receipt *receipt,
                     struct cpl_error *err) CPL_CHECKED;
/* Lines that were taken for a preamble are in the books as bytes of the header; whoever reads the output should know. */
bool cpl_run_say_preamble(const struct run_state *run, struct cpl_error *err) CPL_CHECKED;
bool cpl_run_commit(struct run_state *run, const char *plan_hash, double work_seconds,
                    struct cpl_error *err) CPL_CHECKED;
bool cpl_run_note_files(struct run_state *run, const struct cpl_file_entry *files, size_t n,
                        struct cpl_error *err) CPL_CHECKED;
/* Appending lands files beside others: readers that take the folder as one table want one schema. */
void cpl_run_warn_of_other_schema(const struct run_state *run);
void cpl_run_warn_of_absent_columns(const struct run_state *run);
/* Of a replay, each without effect in other runs (loop_replay.c). Before all: the files that were not replayed yet, and a file where
 * nothing is replaced; `options` and `pipeline` then say so. */
bool cpl_run_prepare_replay(struct run_state *run, struct cpl_run_options *options,
                            struct cpl_pipeline *pipeline, struct cpl_arena *arena,
                            struct cpl_error *err) CPL_CHECKED;
/* The attempt takes on the reject files, whose rows must not have landed anywhere. */
bool cpl_run_join_replay(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
/* Directly before the commit, and after it. */
bool cpl_run_claim_replay(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
void cpl_run_note_replay(struct run_state *run);
void cpl_run_say_replays_gone(const struct run_state *run);
/* The run had landed before, and may have been cut off there. */
void cpl_run_settle_prior_replay(struct run_state *run);
/* Dated folders that are older than the sink keeps go. */
bool cpl_run_retain(struct run_state *run, struct cpl_error *err) CPL_CHECKED;
/* Leftovers of killed runs; when it fails, the next run does it. */
void cpl_run_sweep(struct run_state *run);

/* A reject file is replayed once, whatever the sink.
 *
 * The dataset that rows land in refuses their reject file a second time by itself: the lane `rejects/<checksum>`. What binds different sinks is a
 * *claim*, a small file created exclusively before the decision that says where the rows go:
 *
 *   of a dataset's reject file    <dataset>/_cupel/replays/<digits of its checksum>.json
 *   of any other                  <reject file>.<8 digits>.replayed
 *
 *   work ── claim ── commit ── note in the log of the reject file's own dataset; the claim goes
 *
 * While a claim stands, the rows go nowhere but into its sink; a run that was cut off is run again with the same sink. The note is a record `remove` that
 * names the file as replayed and moves its lane, so that the file is no longer outstanding where it lies. A claim beside any other file stays: it is
 * all that remembers.
 *
 * Not known: that a copy of a reject file was replayed elsewhere, and what went to standard output.
 *
 * Threads: the run's calling thread. */
#pragma once
#include "run/commit.h"
#include "run/input.h"

struct cpl_replay_once;
struct cpl_replay_run { /* everything is borrowed */
    struct cpl_storage *storage;
    const struct cpl_pipeline *pipeline;
    const char *run_id;
    int64_t now_ms;
    struct cpl_log *log; /* of the sink; NULL = a single file */
    const struct cpl_inputs *inputs;
};
/* CONFLICT when one of the files was replayed before, or is being replayed into another place. Claims nothing yet. */
struct cpl_replay_once *cpl_replay_once_open(const struct cpl_replay_run *run,
                                             struct cpl_error *err) CPL_CHECKED;
/* Which of these files (not patterns) were replayed before; `run` has no inputs yet. A file that a run which was cut off still claims is not: the
 * run that takes it on will be refused, and told what to do. */
bool cpl_replay_once_sift(const struct cpl_replay_run *run, const struct cpl_object_list *files,
                          bool *replayed, struct cpl_error *err) CPL_CHECKED;
/* Directly before the commit. *unclaimed (may be NULL) is a file whose place cannot be written, so that only the sink will know of
 * its replay; NULL = none. */
bool cpl_replay_once_claim(struct cpl_replay_once *once, const char **unclaimed,
                           struct cpl_error *err) CPL_CHECKED;
/* After the commit. What fails here leaves the claims, which hold. */
bool cpl_replay_once_landed(struct cpl_replay_once *once, struct cpl_error *err) CPL_CHECKED;
/* Without a commit the claims of a single file go, too. Accepts NULL. */
void cpl_replay_once_free(struct cpl_replay_once *once);

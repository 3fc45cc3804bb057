/* What is done with rows between decoding and encoding: transforms in turn, then grades.
 *
 *   decode ──batch──▶ step ──▶ step ──▶ rules ──▶ grade, columns of its own ──▶ encode
 *                      │ faults   │ filtered │ rejected
 *                      └──────────┴──────────┴──▶ the decoder refuses the row: reject list, with its bytes
 *
 * A chain is bound to the decoded schema: made by the plan, and again whenever the schema widens. It knows the schema of the rows
 * that land. A row that a transform cannot do, or that breaks a rule of severity reject, goes back to the decoder, which counts
 * it as rejected and knows its place and bytes. Everything here is a function of the row, the configuration and the plan's clock.
 *
 * Columns added when rows are graded, as the section `quality` asks for them (all names of ours begin with `_`):
 *   _grade string                                    gold, silver, bronze
 *   _raw binary, null unless bronze                  or
 *   _object string, _position, _length int64, null unless bronze
 *
 * Threads: a chain is read-only and shared; a chain work is its worker's. */
#pragma once
#include "config/pipeline.h"
#include "decode/decoder.h"
#include "run/partition.h"

struct cpl_chain;
/* *chain is NULL when there is nothing to do. CONFIG errors name the place in the pipeline's file. */
bool cpl_chain_make(const struct cpl_pipeline *pipeline, const struct cpl_schema *decoded,
                    int64_t now_ms, struct cpl_chain **chain, struct cpl_error *err) CPL_CHECKED;
void cpl_chain_free(struct cpl_chain *chain);
/* Of the rows that land. */
const struct cpl_schema *cpl_chain_schema(const struct cpl_chain *chain);

/* What became of the rows of a delivery, or of a run. */
struct cpl_chain_counts {
    bool counted;       /* else all is zero, and nothing is owned */
    uint64_t *filtered; /* by step; owned */
    size_t n_steps;
    struct cpl_tally tally;
};
uint64_t cpl_chain_filtered(const struct cpl_chain_counts *counts);
bool cpl_chain_counts_add(struct cpl_chain_counts *to, const struct cpl_chain_counts *from,
                          struct cpl_error *err) CPL_CHECKED;
void cpl_chain_counts_release(struct cpl_chain_counts *counts);
/* For receipts and results, one JSON object appended: {filtered_by_step, grades, score, metrics, rules}; nothing when nothing was counted. */
bool cpl_chain_counts_json(const struct cpl_chain_counts *counts,
                           const struct cpl_pipeline *pipeline, struct cpl_buffer *out,
                           struct cpl_error *err) CPL_CHECKED;

struct cpl_chain_work;
struct cpl_chain_work *cpl_chain_work_new(const struct cpl_chain *chain,
                                          struct cpl_error *err) CPL_CHECKED;
void cpl_chain_work_free(struct cpl_chain_work *work);
/* Forget what was counted: the split begins. `object` is its input's name. */
void cpl_chain_work_begin(struct cpl_chain_work *work, const char *object);
/* From a batch of the decoder's to the rows that land, valid until the next call; maybe none. `keys`: what rows are partitioned by, or NULL. */
bool cpl_chain_work_apply(struct cpl_chain_work *work, struct cpl_decoder *decoder,
                          struct cpl_stream *stream, const struct cpl_partition_plan *keys,
                          struct cpl_batch *batch, struct cpl_batch **out,
                          struct cpl_error *err) CPL_CHECKED;
/* What was counted since begin or the last take; the caller releases it. */
bool cpl_chain_work_take(struct cpl_chain_work *work, struct cpl_chain_counts *counts,
                         struct cpl_error *err) CPL_CHECKED;
uint64_t cpl_chain_work_memory(const struct cpl_chain_work *work);

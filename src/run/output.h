/* What a run writes: data files that rotate by size, and reject files. Fed in split order by the ordered stage.
 *
 * Files stay staged; `commit`'s caller adds them to the attempt. A round whose schema must widen is dropped whole.
 * Threads: belongs to whoever holds the order's turn. */
#pragma once
#include "encode/encoder.h"
#include "quality/reject.h"
#include "run/commit.h"
#include "run/file_writer.h"
#include "run/partition_store.h"
#include "run/plan.h"
#include "run/reject_origins.h"

struct cpl_output {
    const struct cpl_plan *plan;
    struct cpl_attempt *attempt; /* NULL: standard output */
    const char *run_id;
    bool keep_run_id;                  /* a single file remembers it (landed.h) */
    char *const *first_reject;         /* of the run, when there is one; may be NULL */
    const struct cpl_account *account; /* of the inputs, whole when the output is finished */
    char stem[256], folder[64];        /* "ingest_date=2026-11-21/" or "" */
    struct cpl_staged_file *files;
    size_t n_files, capacity;
    struct cpl_arena names; /* their texts */
    uint64_t record_bytes;  /* that these files take in the commit's record, at least */
    uint64_t path_bytes;    /* of their paths below the dataset */
    /* the data file being written */
    struct cpl_file_writer *data, *rejects;
    unsigned data_ordinal, reject_ordinal;
    struct cpl_part_builder *reject_builder;
    void *reject_options;
    uint64_t reject_bytes;
    struct cpl_reject_origins origins; /* of the rows in `rejects` */
    struct cpl_arena arena;            /* of rejects' batches and options */
    uint64_t rows, reject_rows, bytes_out;
    /* partitioned datasets */
    struct cpl_partition_store store;
    unsigned threads;   /* that may write partitions at the end */
    _Atomic bool *stop; /* leave early; may be NULL */
};
bool cpl_output_init(struct cpl_output *output, int64_t now_ms, struct cpl_error *err) CPL_CHECKED;
/* Takes the part. */
bool cpl_output_part(struct cpl_output *output, struct cpl_part *part,
                     struct cpl_error *err) CPL_CHECKED;
/* What a split put down for partitions; does not take it. */
bool cpl_output_routed(struct cpl_output *output, const struct cpl_routed *routed,
                       struct cpl_error *err) CPL_CHECKED;
bool cpl_output_rejects(struct cpl_output *output, const struct cpl_reject_list *rejects,
                        size_t input, uint64_t first_line, struct cpl_error *err) CPL_CHECKED;
/* Hand over what was staged of file `i`. */
bool cpl_output_take(struct cpl_output *output, size_t i, struct cpl_staged *staged,
                     struct cpl_error *err) CPL_CHECKED;
/* What the commit of so many files holds, about, as measured; `path_bytes` of their paths below the dataset. */
uint64_t cpl_output_commit_memory(const struct cpl_output *output, uint64_t files,
                                  uint64_t path_bytes);
/* All files have been taken: what is known of them is only in the way of the commit. */
void cpl_output_forget(struct cpl_output *output);
/* Finish the open files. */
bool cpl_output_finish(struct cpl_output *output, struct cpl_error *err) CPL_CHECKED;
/* Forget everything staged. */
void cpl_output_drop(struct cpl_output *output);
void cpl_output_release(struct cpl_output *output);

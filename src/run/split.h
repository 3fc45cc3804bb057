/* Work on one split: bytes to an encoded part, rejects and a report. Touches nothing that is visible.
 *
 * Threads: a worker owns its builder and reuses it from split to split; the plan is shared and read-only. */
#pragma once
#include "quality/reject.h"
#include "run/partition_route.h"
#include "run/plan.h"
#include "run/room.h"
#include <stdatomic.h>

struct cpl_progress_counters {
    _Atomic uint64_t bytes, rows, rejects;
};

/* What progress was told of a split, to be taken back when it is worked again. */
struct cpl_counted {
    uint64_t bytes, rows, rejects;
};
void cpl_progress_take_back(struct cpl_progress_counters *progress, struct cpl_counted *counted);

/* One delivery of a split: all of it, or for streams the next CPL_SPLIT_BYTES of it. */
struct cpl_work_result {
    struct cpl_part **parts; /* in order; none: no rows */
    uint32_t n_parts;
    struct cpl_routed *routed; /* partitioned datasets: instead of parts */
    struct cpl_reject_list rejects;
    struct cpl_split_report report; /* of the whole split so far; facts and met NULL */
    struct cpl_buffer needs;        /* widened: what the schema must grow by */
    struct cpl_buffer met;          /* the report's, when the split is finished */
    struct cpl_chain_counts chain;  /* of this delivery: filtered, and graded */
    uint64_t rows;                  /* in the parts, or routed */
    struct cpl_counted counted;     /* of the split so far */
    bool last;                      /* the split is finished */
};
void cpl_work_result_release(struct cpl_work_result *result, const struct cpl_encoder_ops *encoder);

/* What a worker has claimed: a split of the plan, or a section of one. */
struct cpl_claim {
    struct cpl_split split;    /* `last` is not known of sections */
    size_t number;             /* in the order of results */
    struct cpl_sections *text; /* sections: what to read; borrowed */
    bool at_row_start;         /* that a row starts at split.from is known */
};

/* What the ordered stage waits for: where the claim of this number must start. `from` is set first. */
struct cpl_due {
    _Atomic size_t number;
    _Atomic uint64_t from;
};

/* A split's rows as several parts, where files are to be small. */
struct cpl_cutting {
    uint64_t target;         /* bytes of a part, about; 0 = one part */
    uint64_t passed;         /* text since the last look at what a part would have */
    struct cpl_part **parts; /* cut off so far */
    uint32_t n, capacity;
    uint32_t *numbers; /* 0, 1, 2 …: to select rows by */
    uint32_t n_numbers;
};

struct cpl_worker {
    const struct cpl_plan *plan;
    struct cpl_spill_file *spill;     /* partitioned datasets */
    struct cpl_part_builder *builder; /* this, or */
    struct cpl_router *router;        /* that */
    struct cpl_chain_work *chain;     /* NULL: rows land as they are decoded */
    struct cpl_cutting cutting;
    struct cpl_progress_counters *progress;
    _Atomic bool *stop; /* the run ends early: leave */
    _Atomic bool *
        doomed; /* a split (whose start is proven) needs a wider schema: decode on for needs, encode no more */
    const struct cpl_due *due;
    struct cpl_room *room;
    uint64_t from; /* where the split was begun, */
    bool at_row_start;
    uint64_t counted; /* of the decoder's memory, in the room's budget */
    bool active;      /* counted in the room */
    bool start_known; /* of what is worked on, or it does not matter */
    struct cpl_stream *stream;
    struct cpl_decoder *decoder;
    struct cpl_reject_list rejects;
    struct cpl_counted told;    /* of the split, in `progress` already */
    uint64_t delivered_rejects; /* of them, no longer in `rejects` */
};
void cpl_worker_release(struct cpl_worker *worker);
/* Begin what was claimed, with a builder or router if it has none, at `from` (the split's own, or a truer start). */
bool cpl_worker_begin(struct cpl_worker *worker, const struct cpl_claim *claim, uint64_t from,
                      bool at_row_start, struct cpl_error *err) CPL_CHECKED;
/* Work until the next delivery; result->last ends the split. */
bool cpl_worker_next(struct cpl_worker *worker, const struct cpl_claim *claim,
                     struct cpl_work_result *result, struct cpl_error *err) CPL_CHECKED;

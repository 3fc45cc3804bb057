/* Routing: a split's rows, put down by partition.
 *
 *   batch ──key of each row──▶ rows as bytes (batch/fragment.h), in the order they came
 *                                │ 32 MiB or 512 K rows: sort by partition (stable), cut into pieces of ≤ 1 MiB
 *                                ▼
 *                              fragments, LZ4 ──▶ the run's spill file;  what is where ──▶ struct cpl_routed
 *
 * Cuts are functions of the rows alone. The spill file has no name: a run that dies leaves nothing. What a rejected guess or a dropped
 * round has put into it is lost room, given back at the round's end; only what the ordered stage takes (partition_store.h) counts.
 * A row that has no directory (or one directory too many) does not fail the worker, whose split may begin at a wrong guess:
 * it stands in `refused`, and fails the run if the split is taken.
 *
 * Threads: a router belongs to a worker; the spill file is shared, and writing to it is safe from all of them. */
#pragma once
#include "run/partition.h"
#include <stdatomic.h>

/* What a worker needs that routes: the rows of one sort, their order, and what decoding takes. */
enum { CPL_ROUTER_MEMORY = 56 << 20 };

struct cpl_spill_file {
    int fd; /* -1: not made yet */
    uint64_t limit;
    _Atomic uint64_t end, freed;
};
/* Without a name, in `dir`, else in $TMPDIR or /tmp. */
bool cpl_spill_file_open(struct cpl_spill_file *spill, const char *dir, uint64_t limit,
                         struct cpl_error *err) CPL_CHECKED;
bool cpl_spill_file_put(struct cpl_spill_file *spill, const void *data, size_t size,
                        uint64_t *offset, struct cpl_error *err) CPL_CHECKED;
bool cpl_spill_file_get(struct cpl_spill_file *spill, uint64_t offset, void *data, size_t size,
                        struct cpl_error *err) CPL_CHECKED;
/* Bytes that nobody needs any more; best effort. */
void cpl_spill_file_free(struct cpl_spill_file *spill, uint64_t offset, uint64_t size);
/* Forget everything, best effort. No worker may be at work. */
void cpl_spill_file_clear(struct cpl_spill_file *spill);
void cpl_spill_file_close(struct cpl_spill_file *spill);

struct cpl_fragment {
    uint64_t offset; /* in the spill file */
    uint32_t partition;
    uint32_t packed, raw; /* bytes; equal: stored as they are */
    uint32_t rows;
    uint32_t check; /* of the raw bytes */
};
/* What one delivery of a split put down. */
struct cpl_routed {
    struct cpl_arena arena;
    const char **keys; /* directories; fragments count them from 0 */
    uint32_t n_keys, keys_capacity;
    struct cpl_fragment *fragments;
    size_t n_fragments, capacity;
    uint64_t rows;
    struct cpl_error refused;
};
void cpl_routed_free(struct cpl_routed *routed);

struct cpl_router;
struct cpl_router *cpl_router_new(const struct cpl_partition_plan *plan,
                                  struct cpl_spill_file *spill, struct cpl_error *err) CPL_CHECKED;
bool cpl_router_append(struct cpl_router *router, const struct cpl_batch *batch,
                       struct cpl_error *err) CPL_CHECKED;
/* Everything since the last finish; NULL when there were no rows. */
bool cpl_router_finish(struct cpl_router *router, struct cpl_routed **routed,
                       struct cpl_error *err) CPL_CHECKED;
void cpl_router_discard(struct cpl_router *router);
void cpl_router_free(struct cpl_router *router);

/* What the splits of a run have put down for each partition, in split order, and how it becomes files.
 *
 *   struct cpl_routed ──in order──▶ store: names → partitions, fragments ──4 GiB, a million fragments, or the end──▶
 *   partitions in the order of their names, each by one thread: fragments in split order → rows → part builder → files
 *
 * When it writes is a function of what was put in, so files do not depend on threads. Memory: 32 bytes a fragment, and for
 * each writing thread a part builder and two fragments.
 * Threads: belongs to whoever holds the order's turn; cpl_partition_store_write starts threads of its own and waits for them. */
#pragma once
#include "run/file_writer.h"
#include "run/name_index.h"
#include "run/partition_route.h"
#include "run/plan.h"

struct cpl_partition {
    const char *name; /* "country=DE/ordered_at_month=2026-11" */
    unsigned files;   /* begun so far */
};
struct cpl_partition_store {
    struct cpl_spill_file spill;
    struct cpl_name_index index;
    struct cpl_arena arena; /* names */
    struct cpl_partition *partitions;
    uint32_t n_partitions, capacity;
    uint64_t name_bytes;
    struct cpl_fragment *fragments; /* not yet in files */
    size_t n_fragments, fragments_capacity;
    uint64_t bytes; /* packed, of these fragments */
};
/* Where files go, and what they are. */
struct cpl_partition_target {
    const struct cpl_plan *plan;
    struct cpl_attempt *attempt;
    const char *folder, *stem; /* "" or "ingest_date=2026-11-21/" */
    unsigned threads;
    _Atomic bool *stop; /* leave early with INTERRUPTED; may be NULL */
    void *context;
    /* Takes the file. Called by one thread at a time, in no order. */
    bool (*keep)(void *context, struct cpl_staged_file *file, struct cpl_error *err);
};
/* Does not take `routed`. */
bool cpl_partition_store_add(struct cpl_partition_store *store,
                             const struct cpl_partition_plan *plan, const struct cpl_routed *routed,
                             struct cpl_error *err) CPL_CHECKED;
/* Tests only: how many packed bytes make a store full; 0 = 4 GiB, as always. */
void cpl_partition_store_limit(uint64_t bytes);
/* Is it time to write, before more is put in? */
bool cpl_partition_store_full(const struct cpl_partition_store *store);
/* All fragments into finished files; the store keeps names and counts only. */
bool cpl_partition_store_write(struct cpl_partition_store *store,
                               const struct cpl_partition_target *target,
                               struct cpl_error *err) CPL_CHECKED;
/* Forget fragments and partitions: the round does not count. No worker may be at work. */
void cpl_partition_store_clear(struct cpl_partition_store *store);
void cpl_partition_store_release(struct cpl_partition_store *store);

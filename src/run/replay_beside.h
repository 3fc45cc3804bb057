/* What replays landed of a single file's own rejects: rows that the file, made anew, holds or rejects again.
 *
 *   a.parquet.rejects.parquet ──replay──▶ a.replay-1b2c3d4e5f60.parquet        (replay_target.h)
 *      └ a.parquet.rejects.parquet.7f3a90c1.replayed: the claim, which says where its rows went  (replay_once.h)
 *
 * The claims are the proof: a file that merely has such a name is left alone. So are rows that went elsewhere (into a dataset, or beside
 * another file): nobody but their owner can take them out, so they are pointed out.
 *
 * They are looked for before the file is replaced, and go with what was decided of it (single_record.h).
 *
 * Threads: none of its own. */
#pragma once
#include "base/option.h"
#include "storage/storage.h"

struct cpl_replays_beside {
    struct cpl_strings files;     /* data of replays that are there */
    struct cpl_strings remove;    /* all that goes, in order: data, its rejects, the claim */
    struct cpl_strings elsewhere; /* where else rows of its rejects went */
};
/* Of the file at `path`, there or not, and of its replays' own rejects. Lives in the arena. */
bool cpl_replays_beside(struct cpl_storage *storage, const char *path, struct cpl_arena *arena,
                        struct cpl_replays_beside *out, struct cpl_error *err) CPL_CHECKED;

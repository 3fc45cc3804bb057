/* A replay of many reject files takes those that were not replayed before.
 *
 * `cupel replay lake/_cupel/rejects -p fixed.yaml`, some days after the last time: the folder holds old files besides new ones.
 * Before anything is planned the patterns become the files that they stand for, and those whose rows have landed somewhere
 * (replay_once.h) are left out. What happens to a file meanwhile is still found where the run takes it on, and refuses the run.
 *
 * A single file is left as it is: what takes it on says by which run it was replayed. So is everything when the run id has landed
 * before: that run tells its result again.
 *
 * Threads: the run's calling thread. */
#pragma once
#include "run/replay_once.h"

struct cpl_skipped {
    size_t n, of;
    const char *first; /* a path; lives in the arena */
};
/* `pipeline` replays; its source.paths may change, living in `arena`. CONFLICT when all of several files were
 * replayed before. */
bool cpl_replay_sift(struct cpl_storage *storage, struct cpl_pipeline *pipeline, const char *run_id,
                     int64_t now_ms, struct cpl_arena *arena, struct cpl_skipped *skipped,
                     struct cpl_error *err) CPL_CHECKED;

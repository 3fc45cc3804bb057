/* Where a replay into one file lands: never in the place of rows that have landed.
 *
 * A file cannot be appended to, and it holds the other rows of the source. So the repaired rows get a file of their own beside it,
 * `a.replay-1b2c3d4e5f60.parquet` for `a.parquet`, named after the bytes of the reject files: the same replay, run again, finds its own file there
 * and lands nothing twice. Only where neither the file nor rejects of it are, the rows land in the file that the pipeline names.
 *
 * Threads: any. */
#pragma once
#include "config/pipeline.h"
#include "storage/storage.h"

/* `pipeline` replays into a single file; *path lives in `arena`. CONFLICT when the rows have landed before. */
bool cpl_replay_target(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                       struct cpl_arena *arena, const char **path,
                       struct cpl_error *err) CPL_CHECKED;
/* Where a file's extension begins: ".csv.gz" is one. */
const char *cpl_replay_extension(const char *path);

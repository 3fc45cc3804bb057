/* What was decided for one file is finished: by the run that decided it, or by whoever comes next to that file.
 *
 *   lock of the hidden directory ─▶ commit.json ─▶ its steps, each at most once ─▶ fsync ─▶ commit.json goes
 *
 * All of a run's commit is done under the lock, so that of two runs one comes second and whole. The kernel gives the lock back when its
 * holder dies; a record that is found under the lock has no living writer. Where a file system knows no locks, the record's exclusive creation
 * decides, and tokens that work once keep a late helper from undoing anything.
 *
 * A file that somebody else put in the way is left alone (CONFLICT), and the record stays until it was moved away. What is neither staged
 * nor in its place is told of once (CORRUPT), and the record goes.
 *
 * Threads: any. */
#pragma once
#include "run/log.h"
#include "run/single_record.h"

/* The hidden directory beside `path`: "a/b.parquet" → "a/.b.parquet.cupel". */
bool cpl_single_root(const char *path, char root[CPL_LOG_PATH_MAX],
                     struct cpl_error *err) CPL_CHECKED;
/* `name` below it */
bool cpl_single_below(const char *root, const char *name, char path[CPL_LOG_PATH_MAX],
                      struct cpl_error *err) CPL_CHECKED;
/* Waits for a run that is at its commit, half a minute at most: CONFLICT. NULL and true: there is no such directory. */
bool cpl_single_lock(struct cpl_storage *storage, const char *path, struct cpl_lock **lock,
                     struct cpl_error *err) CPL_CHECKED;
/* Under the lock: finish what a run left, if one did. */
bool cpl_single_finish_left(struct cpl_storage *storage, const char *path, bool *found,
                            struct cpl_error *err) CPL_CHECKED;
/* Under the lock: all steps of a record, then their durability. */
bool cpl_single_steps(struct cpl_storage *storage, const char *path,
                      const struct cpl_single_record *record, struct cpl_error *err) CPL_CHECKED;
/* All of it, for whoever comes to a file; cheap when nothing is to do. */
bool cpl_single_settle(struct cpl_storage *storage, const char *path, bool *found,
                       struct cpl_error *err) CPL_CHECKED;
/* The same for the file that these rejects belong to ("x.rejects.parquet" → "x"), and for them as a target of their own. */
bool cpl_single_settle_both(struct cpl_storage *storage, const char *path,
                            struct cpl_error *err) CPL_CHECKED;
/* Under the lock, when all is done. */
bool cpl_single_forget(struct cpl_storage *storage, const char *path, const char *nonce,
                       struct cpl_error *err) CPL_CHECKED;

/* A dataset's log: the one place where it is decided what a dataset holds.
 *
 *   <dataset>/_cupel/log/00000000000000000001.json      record 1
 *   <dataset>/_cupel/log/00000000000000000001.done      record 1 has been published
 *   <dataset>/_cupel/log/00000000000000000002.json      record 2, holding record 1's hash
 *
 * Records are contiguous from 1, created exclusively, never changed. Each ends with its own hash
 * and holds its predecessor's, so that a changed, lost or foreign record is found (CORRUPT).
 * Opening reads and checks all of them and folds them into the *state*: which lane stands at which
 * position, and which files the dataset holds. A lane is one independently advancing position;
 * `from` and `next` of its records tile. A batch run is the lane `run/<run id>`, going from 0 to 1.
 *
 * An append has three outcomes, and the third is not an error to be hidden: it is not known whether
 * the record stands. Then nothing may be deleted; the same call made again, or the next start,
 * reads back and learns it.
 *
 * All paths in records are relative to the dataset, so that a dataset can be moved or copied.
 * The formats are described in docs/protocol.md.
 * Threads: a log belongs to one thread; any number of processes may share a dataset. */
#pragma once
#include "run/log_record.h"
#include "storage/storage.h"

enum { CPL_LOG_PATH_MAX = 4096 };

/* One file that some record added. */
struct cpl_log_file {
    struct cpl_file_entry entry; /* strings are owned by the log */
    uint64_t seq;                /* the record that added it */
    uint64_t removed_by;         /* the record that removed it; 0 = the dataset holds it */
    uint64_t lost_by;            /* the record that declared it lost; 0 = not */
    uint64_t replayed_by; /* reject files: the record that landed its rows; 0 = outstanding */
};

struct cpl_log;
/* Read and verify the log of `dataset` (a directory; need not exist yet: an empty log). */
bool cpl_log_open(struct cpl_storage *storage, const char *dataset, struct cpl_log **log,
                  struct cpl_error *err) CPL_CHECKED;
void cpl_log_free(struct cpl_log *log);
/* Read the records that others have appended since. */
bool cpl_log_refresh(struct cpl_log *log, struct cpl_error *err) CPL_CHECKED;

/* Make the records that were found durable (rule 8): before acting on them. Nothing to do for
 * readers. */
bool cpl_log_settle(struct cpl_log *log, struct cpl_error *err) CPL_CHECKED;

struct cpl_storage *cpl_log_storage(const struct cpl_log *log);
const char *cpl_log_dataset(const struct cpl_log *log);
/* `relative` below the dataset, into `out`; fails (LIMIT) only when too long. */
bool cpl_log_path(const struct cpl_log *log, const char *relative, char out[CPL_LOG_PATH_MAX],
                  struct cpl_error *err) CPL_CHECKED;

uint64_t
cpl_log_head(const struct cpl_log *log); /* sequence number of the last record; 0 = empty */
/* Record seq, 1..head; borrowed until the log is freed or refreshed. */
const struct cpl_log_record *cpl_log_record(const struct cpl_log *log, uint64_t seq);
/* Position at which a lane stands; 0 for one never seen. *seq (may be NULL): the record that moved
 * it last, 0 = none. */
uint64_t cpl_log_lane(const struct cpl_log *log, const char *lane, uint64_t *seq);
/* The file that was added under `path`, also when removed since; NULL = never seen. */
const struct cpl_log_file *cpl_log_find(const struct cpl_log *log, const char *path);
/* Every file ever added, in order of addition. */
size_t cpl_log_file_count(const struct cpl_log *log);
const struct cpl_log_file *cpl_log_file(const struct cpl_log *log, size_t i);
/* Hash of the newest receipt ("xxh3:…"), "" when there is none. */
const char *cpl_log_last_receipt(const struct cpl_log *log);

enum cpl_commit_outcome { CPL_COMMIT_DONE, CPL_COMMIT_REFUSED, CPL_COMMIT_UNKNOWN };
/* One attempt at record head+1. `record` gets its seq, previous hash and hash. DONE: it stands and
 * is folded into the state. REFUSED: another record took the number; it has been read, the caller
 * looks at the new state and decides (rule 7). UNKNOWN: false is returned, with CPL_E_UNKNOWN;
 * nothing may be deleted. false with REFUSED: it failed before anything was decided, and *err says
 * why. */
bool cpl_log_append(struct cpl_log *log, struct cpl_log_record *record,
                    enum cpl_commit_outcome *outcome, struct cpl_error *err) CPL_CHECKED;

/* 128 random bits as 32 hex digits and a NUL: names a writer. */
bool cpl_log_nonce(char nonce[33], struct cpl_error *err) CPL_CHECKED;

/* Has record seq been published wholly? */
bool cpl_log_is_done(struct cpl_log *log, uint64_t seq, bool *done,
                     struct cpl_error *err) CPL_CHECKED;
/* Does `<seq>.done`, which is there, hold what mark_done writes? `path` is its own. */
bool cpl_log_prove_done(struct cpl_log *log, uint64_t seq, char path[CPL_LOG_PATH_MAX],
                        bool *proven, struct cpl_error *err) CPL_CHECKED;
bool cpl_log_mark_done(struct cpl_log *log, uint64_t seq, struct cpl_error *err) CPL_CHECKED;

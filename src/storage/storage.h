/* Storage: where objects are read from and where files land.
 *
 * A storage is one const struct of functions (local.c here; s3 and webhdfs come with streams). The
 * protocol (run/) needs just these verbs: ranged reads, staged writes, exclusive creation, publishing
 * by a one-shot token. "Durable" means fsync of the file and of its directory. A failed fsync
 * poisons the writer: every later call fails, because retrying an fsync lies.
 * Every path is checked against the approved roots (if any) after symlinks and "..".
 * Threads: a cpl_storage may be used from any thread; a reader or writer belongs to one thread at a time,
 * except cpl_reader_at, which is positionless and may be called concurrently. */
#pragma once
#include "base/memory.h"

struct cpl_storage;

struct cpl_object_info {
    char *path; /* absolute or as listed; owned by the list */
    uint64_t size;
    int64_t mtime_ns;
    uint64_t device, inode; /* one file, whatever its names */
    char etag[72];          /* identity: for local files "size-mtime_ns-inode", NUL-terminated */
};
struct cpl_object_list {
    struct cpl_object_info *items; /* in name order (byte order of the path) */
    size_t n;
    size_t left_out;     /* files in directories that look like data, but for `_` or `.` in front */
    char *left_out_path; /* the first of them, or NULL */
    size_t doubles;      /* further names of files of the list: cpl_inputs_list drops them */
    char *double_path, *double_of;
};
void cpl_object_list_release(struct cpl_object_list *list);

struct cpl_storage_limits {
    const char *const *allowed_paths; /* NULL = anywhere; resolved once at opening */
    size_t n_allowed;
};

/* Local files. Free with cpl_storage_free. */
struct cpl_storage *cpl_storage_local(const struct cpl_storage_limits *limits,
                                      struct cpl_error *err) CPL_CHECKED;
void cpl_storage_free(struct cpl_storage *storage);

/* Existing objects for a path, directory (recursive, hidden and `_`-prefixed names left out) or glob
 * (`*` `?` `[a-z]` `{a,b}` and `**` for any depth), in name order, no doubles. Matching nothing is NOT_FOUND.
 * A path that exists is taken literally. As in a shell, names that begin with `.` match only a pattern that begins with `.`; so does
 * `_cupel` with `_`, and `**` goes into no directory whose name begins with either. A directory
 * that a glob matches is descended into only when the pattern ends in `/`. A link that leads nowhere or out of the roots is an error. */
bool cpl_storage_list(struct cpl_storage *storage, const char *pattern,
                      struct cpl_object_list *list, struct cpl_error *err) CPL_CHECKED;
bool cpl_storage_stat(struct cpl_storage *storage, const char *path, struct cpl_object_info *info,
                      struct cpl_error *err) CPL_CHECKED;
bool cpl_storage_exists(struct cpl_storage *storage, const char *path, bool *exists,
                        struct cpl_error *err) CPL_CHECKED;

/* What stands at a path itself: a link is not followed. */
enum cpl_place_kind {
    CPL_PLACE_FREE,
    CPL_PLACE_FILE,
    CPL_PLACE_DIRECTORY,
    CPL_PLACE_LINK,
    CPL_PLACE_DEVICE,
    CPL_PLACE_FIFO,
    CPL_PLACE_SOCKET
};
bool cpl_storage_kind(struct cpl_storage *storage, const char *path, enum cpl_place_kind *kind,
                      struct cpl_error *err) CPL_CHECKED;
/* Which file a path leads to, links followed: two paths of one identity are one file, hard links too. */
struct cpl_file_identity {
    bool there;
    uint64_t device, inode;
};
bool cpl_storage_identify(struct cpl_storage *storage, const char *path,
                          struct cpl_file_identity *identity, struct cpl_error *err) CPL_CHECKED;

/* ---- reading ---- */
struct cpl_reader;
struct cpl_reader *cpl_reader_open(struct cpl_storage *storage, const char *path,
                                   struct cpl_error *err) CPL_CHECKED;
void cpl_reader_close(struct cpl_reader *reader);
/* Whoever opens a reader holds it: its file is open. When nobody holds it, it rests, and its file may be closed; a further hold, or a
 * read, opens it again, and fails with DATA when another file stands there by now, or it was changed. Holds are counted; safe from
 * any thread. */
bool cpl_reader_hold(struct cpl_reader *reader, struct cpl_error *err) CPL_CHECKED;
void cpl_reader_rest(struct cpl_reader *reader);
uint64_t cpl_reader_size(const struct cpl_reader *reader);
/* Up to `size` bytes from `offset`; *got < size only at the end of the object. EINTR and short reads are handled. */
bool cpl_reader_at(struct cpl_reader *reader, uint64_t offset, void *data, size_t size, size_t *got,
                   struct cpl_error *err) CPL_CHECKED;
/* Whole small object (≤ max bytes) into a buffer. */
bool cpl_storage_read_all(struct cpl_storage *storage, const char *path, size_t max,
                          struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;

/* Size and "xxh3:…" of the file that stands there, by reading it. */
bool cpl_storage_checksum(struct cpl_storage *storage, const char *path, uint64_t *size,
                          char checksum[40], struct cpl_error *err) CPL_CHECKED;

/* ---- staged writing ---- */
/* A staged file is invisible until published. It lives under `staging_dir` (created) and will become `final_path` on
 * the same file system. Large sequential writes go through O_DIRECT in 1–4 MiB pieces where the file system takes it,
 * else buffered. An XXH3-128 checksum of all bytes is kept along the way. */
struct cpl_writer;
struct cpl_staged { /* everything that publishing needs; goes into the log record as the token */
    char *token;    /* path of the staged file */
    char *final_path;
    uint64_t size;
    char checksum[40]; /* "xxh3:" + 32 hex digits */
};
void cpl_staged_release(struct cpl_staged *staged);

struct cpl_writer *cpl_writer_open(struct cpl_storage *storage, const char *staging_dir,
                                   const char *final_path, struct cpl_error *err) CPL_CHECKED;
bool cpl_writer_write(struct cpl_writer *writer, const void *data, size_t size,
                      struct cpl_error *err) CPL_CHECKED;
uint64_t cpl_writer_offset(const struct cpl_writer *writer);
/* Flush, fsync the file, close. The staging directory's fsync is cpl_storage_sync_dir's (once for all files). */
bool cpl_writer_finish(struct cpl_writer *writer, struct cpl_staged *staged,
                       struct cpl_error *err) CPL_CHECKED;
/* Remove what was staged, free the writer. Always succeeds; accepts NULL. After finish: only frees. */
void cpl_writer_close(struct cpl_writer *writer);

enum cpl_publish_result { CPL_PUBLISHED, CPL_ALREADY_PUBLISHED, CPL_TOKEN_GONE, CPL_TARGET_TAKEN };
/* Consume the token: rename without overwriting (renameat2 RENAME_NOREPLACE, link+unlink where unsupported). Directories of the
 * target are created. ALREADY: token gone and the target has size and checksum. TAKEN: another file stands there. */
bool cpl_storage_publish(struct cpl_storage *storage, const struct cpl_staged *staged,
                         enum cpl_publish_result *result, struct cpl_error *err) CPL_CHECKED;
/* The same, over whatever file stands at the target: for single files whose user said so. Never for a dataset's files. */
bool cpl_storage_publish_over(struct cpl_storage *storage, const struct cpl_staged *staged,
                              struct cpl_error *err) CPL_CHECKED;

/* ---- small durable records ---- */
enum cpl_create_result { CPL_CREATED, CPL_EXISTS };
/* Exclusive creation of a whole file, durable when it returns: temporary file, fsync, no-replace rename, directory fsync. */
bool cpl_storage_create_exclusive(struct cpl_storage *storage, const char *path, const void *data,
                                  size_t size, enum cpl_create_result *result,
                                  struct cpl_error *err) CPL_CHECKED;
/* A new directory is durable after sync_dir of it (or of anything below): that syncs its new parents too. */
bool cpl_storage_make_dirs(struct cpl_storage *storage, const char *path,
                           struct cpl_error *err) CPL_CHECKED;
bool cpl_storage_sync_dir(struct cpl_storage *storage, const char *path,
                          struct cpl_error *err) CPL_CHECKED;
bool cpl_storage_remove(struct cpl_storage *storage, const char *path,
                        struct cpl_error *err) CPL_CHECKED; /* absent is fine */
/* A directory, only when nothing is in it; one that is absent or not empty is left as it is. */
bool cpl_storage_remove_empty_dir(struct cpl_storage *storage, const char *path,
                                  struct cpl_error *err) CPL_CHECKED;
bool cpl_storage_remove_tree(struct cpl_storage *storage, const char *path,
                             struct cpl_error *err) CPL_CHECKED;
/* ---- locks ---- */
/* One holder at a time, of all processes and threads, until it unlocks or dies. Waits up to `wait_ms`, then BUSY; NO_DIRECTORY when there
 * is none (any more). A file system that knows no locks lets everybody in: what is done under a lock must be safe without it, but for
 * the order in which it happens. */
struct cpl_lock;
enum cpl_lock_result { CPL_LOCKED, CPL_LOCK_BUSY, CPL_LOCK_NO_DIRECTORY };
bool cpl_storage_lock(struct cpl_storage *storage, const char *directory, unsigned wait_ms,
                      struct cpl_lock **lock, enum cpl_lock_result *result,
                      struct cpl_error *err) CPL_CHECKED;
void cpl_storage_unlock(struct cpl_lock *lock); /* accepts NULL */
/* The path with symlinks and ".." resolved as far as it exists; PERMISSION when outside the approved roots. Free with cpl_free. */
char *cpl_storage_resolve(struct cpl_storage *storage, const char *path,
                          struct cpl_error *err) CPL_CHECKED;

/* ---- scratch ---- */
/* A file without a name, for what does not fit into memory: it goes with its descriptor, also when the process is killed. In `dir` (NULL: none
 * wanted), else in $TMPDIR or /tmp. A descriptor, closed by close(2); -1 on failure. */
int cpl_scratch_open(const char *dir, struct cpl_error *err) CPL_CHECKED;
/* All of it, at an offset; safe from any thread. Reading behind the end is an error. */
bool cpl_scratch_put(int fd, uint64_t offset, const void *data, size_t size,
                     struct cpl_error *err) CPL_CHECKED;
bool cpl_scratch_get(int fd, uint64_t offset, void *data, size_t size,
                     struct cpl_error *err) CPL_CHECKED;
/* A scratch file that grows at its end, past the page cache, by a thread of its own once it is long. One thread. A failure to
 * write may be told by a later call. */
struct cpl_scratch_log;
struct cpl_scratch_log *cpl_scratch_log_open(const char *dir, struct cpl_error *err) CPL_CHECKED;
void cpl_scratch_log_close(struct cpl_scratch_log *log);
bool cpl_scratch_log_append(struct cpl_scratch_log *log, const void *data, size_t size,
                            struct cpl_error *err) CPL_CHECKED;
/* Bytes appended before; appending may go on afterwards. */
bool cpl_scratch_log_get(struct cpl_scratch_log *log, uint64_t offset, void *data, size_t size,
                         struct cpl_error *err) CPL_CHECKED;

/* Fault injection for tests: the n-th system call of this kind from now fails with errnum (EINTR and short writes included). */
enum cpl_fault_call {
    CPL_FAULT_OPEN,
    CPL_FAULT_READ,
    CPL_FAULT_WRITE,
    CPL_FAULT_SHORT_WRITE,
    CPL_FAULT_FSYNC,
    CPL_FAULT_RENAME,
    CPL_FAULT_MKDIR,
    CPL_FAULT_CLOSE,
    CPL_FAULT_COUNT
};
void cpl_storage_fault(enum cpl_fault_call call, uint64_t n, int errnum);
/* How many calls were still to go; 0 = it has failed, or was not armed. */
uint64_t cpl_storage_fault_left(enum cpl_fault_call call);

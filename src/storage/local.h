/* Local files, inside: what the files local_*.c share. Nobody else includes this.
 *
 * Every system call goes through cpl_call_*: it repeats on EINTR, continues short transfers, and
 * can be made to fail by tests (cpl_storage_fault). They return as the kernel does: −1 and errno.
 *
 * A *place* is a directory (as a descriptor) and a name in it. With approved roots, the directory
 * is reached by openat2(RESOLVE_NO_SYMLINKS) over a path that was resolved and checked before, so
 * that a symlink which is slipped in between the check and the use is refused and never followed.
 */
#pragma once
#include "storage/storage.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/types.h>

struct cpl_storage {
    char **roots; /* resolved, no trailing slash but for "/" itself; n_roots 0 and !restricted =
                     anywhere */
    size_t n_roots;
    bool restricted;
    pthread_mutex_t lock; /* guards unsynced */
    char **unsynced;      /* directories that got a new subdirectory and were not synced since */
    size_t n_unsynced, unsynced_capacity;
    _Atomic unsigned resting; /* readers that nobody holds and that stay open (local_read.c) */
    unsigned most_resting;
};

/* ---- local_call.c ---- */
int cpl_call_open(int dir, const char *path, int flags, mode_t mode);
int cpl_call_open_beneath(int dir, const char *path, int flags,
                          mode_t mode); /* no symlinks on the way */
int cpl_call_close(int fd);
ssize_t cpl_call_pread(int fd, void *data, size_t size,
                       off_t offset);                   /* one call; short is normal */
ssize_t cpl_call_read(int fd, void *data, size_t size); /* one call; short is normal */
ssize_t cpl_call_pwrite(int fd, const void *data, size_t size,
                        off_t offset); /* one call; short is normal */
int cpl_call_fsync(int fd);
int cpl_call_rename_new(int from_dir, const char *from, int to_dir,
                        const char *to); /* EEXIST when `to` is there */
int cpl_call_rename_over(int from_dir, const char *from, int to_dir, const char *to);
int cpl_call_mkdir(int dir, const char *path, mode_t mode);

/* ---- local_path.c ---- */
struct cpl_place {
    int dir;    /* AT_FDCWD or an O_PATH descriptor */
    char *name; /* to be used with dir; the last component is never followed */
};
/* The directory part must exist. NOT_FOUND when it does not. */
bool cpl_place_open(struct cpl_storage *storage, const char *path, struct cpl_place *place,
                    struct cpl_error *err) CPL_CHECKED;
void cpl_place_close(struct cpl_place *place);
/* Open what the path leads to, symlinks followed as far as the roots allow. −1 on failure, *err
 * set. */
int cpl_local_open(struct cpl_storage *storage, const char *path, int flags, struct cpl_error *err);
/* "a/b/c" → "a/b"; "c" → "."; "/c" → "/". Free with cpl_free. */
char *cpl_path_parent(const char *path, struct cpl_error *err) CPL_CHECKED;
const char *cpl_path_name(const char *path); /* the last component; borrowed */
char *cpl_path_join(const char *directory, const char *name, struct cpl_error *err) CPL_CHECKED;
/* 64 random bits as 16 hex digits and a NUL. */
bool cpl_path_nonce(char nonce[17], struct cpl_error *err) CPL_CHECKED;

/* ---- local.c ---- */
void cpl_local_info(const struct stat *status, struct cpl_object_info *info); /* all but the path */

/* ---- local_write.c ---- */
/* Create a new file and write it whole, synced. On failure nothing is left behind. */
bool cpl_local_write_new(struct cpl_place *place, const char *path, const void *data, size_t size,
                         struct cpl_error *err) CPL_CHECKED;

/* ---- local_behind.c ---- */
enum { CPL_WRITE_ALIGNMENT = 4096, CPL_WRITE_PIECE = 1 << 20 };
struct cpl_target {
    int fd;
    bool direct;      /* O_DIRECT is set */
    uint64_t written; /* bytes given to the kernel; aligned while direct */
};
/* Append aligned memory; O_DIRECT is cleared when the size or the file system asks for it. 0, or an errno. */
int cpl_target_put(struct cpl_target *target, const uint8_t *data, size_t size);
struct cpl_behind;
/* A thread that appends to the target, which is its own until it is stopped. NULL when it cannot be had. */
struct cpl_behind *cpl_behind_start(struct cpl_target *target);
/* Give a full buffer of CPL_WRITE_PIECE bytes and get an empty one; waits while all are on their way. An errno of an earlier
 * piece: nothing was exchanged. */
int cpl_behind_give(struct cpl_behind *behind, uint8_t **block, uint8_t **buffer);
/* Wait for all pieces, end the thread. 0, or the errno of the first that failed. */
int cpl_behind_stop(struct cpl_behind *behind);

/* ---- local_glob.c ---- */
bool cpl_glob_has_magic(const char *text);
/* Does one path component match? Linear in practice, never exponential. */
bool cpl_glob_match(const char *pattern, const char *name);
/* `a{b,c}d` → `abd`, `acd`, nested too. Each text is allocated; at most 4096 of them. */
bool cpl_glob_braces(const char *pattern, char ***texts, size_t *n,
                     struct cpl_error *err) CPL_CHECKED;
void cpl_glob_free(char **texts, size_t n);

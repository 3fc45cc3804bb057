/* Publishing and exclusive creation: the two verbs that the protocol's safety rests on.
 *
 * Both end in a rename that never overwrites. A token is consumed by it: whoever comes second finds
 * the token gone and looks at the target. Neither syncs more than it says: publish leaves the
 * target directory's sync to cpl_storage_sync_dir (once for all files of a directory),
 * create_exclusive is durable when it returns. */
#include "storage/local.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- publish ---- */

/* Token and target are one file: an earlier attempt was cut off between link and unlink. */
static bool same_file(const struct cpl_place *a, const struct cpl_place *b)
{
    struct stat one, two;
    return !fstatat(a->dir, a->name, &one, AT_SYMLINK_NOFOLLOW) &&
           !fstatat(b->dir, b->name, &two, AT_SYMLINK_NOFOLLOW) && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

static bool is_there(const struct cpl_place *place)
{
    struct stat status;
    return !fstatat(place->dir, place->name, &status, AT_SYMLINK_NOFOLLOW);
}

static bool compare_target(struct cpl_storage *storage, const struct cpl_staged *staged,
                           enum cpl_publish_result *result, struct cpl_error *err)
{
    uint64_t size;
    char checksum[40];
    if (!cpl_storage_checksum(storage, staged->final_path, &size, checksum, err))
        return false;
    bool same = size == staged->size && !strcmp(checksum, staged->checksum);
    *result = same ? CPL_ALREADY_PUBLISHED : CPL_TARGET_TAKEN;
    return true;
}

static bool publish_at(struct cpl_storage *storage, const struct cpl_staged *staged,
                       const struct cpl_place *token, const struct cpl_place *target,
                       enum cpl_publish_result *result, struct cpl_error *err)
{
    if (cpl_call_rename_new(token->dir, token->name, target->dir, target->name) == 0) {
        *result = CPL_PUBLISHED;
        return true;
    }
    int errnum = errno;
    if (errnum == EEXIST && same_file(token, target)) {
        *result = CPL_PUBLISHED;
        return !unlinkat(token->dir, token->name, 0) || errno == ENOENT ||
               cpl_fail_errno(err, errno, "cannot remove %s", staged->token);
    }
    if (errnum == EEXIST) {
        *result = CPL_TARGET_TAKEN;
        return true;
    }
    if (errnum == ENOENT && !is_there(token)) {
        *result = CPL_TOKEN_GONE;
        return !is_there(target) || compare_target(storage, staged, result, err);
    }
    if (errnum == EXDEV)
        return cpl_fail(err, CPL_E_CONFIG,
                        "%s and %s are on different file systems; the staging directory must be "
                        "beside the data",
                        staged->token, staged->final_path);
    return cpl_fail_errno(err, errnum, "cannot rename %s to %s", staged->token, staged->final_path);
}

/* The token's place; when its very directory was swept, a name that can't be there. */
static bool open_token(struct cpl_storage *storage, const struct cpl_staged *staged,
                       struct cpl_place *place, bool *gone, struct cpl_error *err)
{
    struct cpl_error why = {0};
    *gone = false;
    if (cpl_place_open(storage, staged->token, place, &why))
        return true;
    *gone = why.code == CPL_E_NOT_FOUND;
    if (!*gone && err)
        *err = why;
    return *gone;
}

bool cpl_storage_publish(struct cpl_storage *storage, const struct cpl_staged *staged,
                         enum cpl_publish_result *result, struct cpl_error *err)
{
    struct cpl_place token = {.dir = AT_FDCWD}, target = {.dir = AT_FDCWD};
    bool gone;
    char *directory = cpl_path_parent(staged->final_path, err);
    bool ok = directory && open_token(storage, staged, &token, &gone, err) &&
              cpl_storage_make_dirs(storage, directory, err) &&
              cpl_place_open(storage, staged->final_path, &target, err);
    if (ok && gone) {
        *result = CPL_TOKEN_GONE;
        ok = !is_there(&target) || compare_target(storage, staged, result, err);
    } else if (ok) {
        ok = publish_at(storage, staged, &token, &target, result, err);
    }
    cpl_place_close(&token);
    cpl_place_close(&target);
    cpl_free(directory);
    return ok;
}

bool cpl_storage_publish_over(struct cpl_storage *storage, const struct cpl_staged *staged,
                              struct cpl_error *err)
{
    struct cpl_place token = {.dir = AT_FDCWD}, target = {.dir = AT_FDCWD};
    bool ok = cpl_place_open(storage, staged->token, &token, err) &&
              cpl_place_open(storage, staged->final_path, &target, err);
    if (ok && cpl_call_rename_over(token.dir, token.name, target.dir, target.name) < 0)
        ok = cpl_fail_errno(err, errno, "cannot rename %s to %s", staged->token,
                            staged->final_path);
    cpl_place_close(&token);
    cpl_place_close(&target);
    return ok;
}

/* ---- exclusive creation ---- */

static bool create_in(struct cpl_storage *storage, const char *path, const char *temporary,
                      const void *data, size_t size, enum cpl_create_result *result,
                      struct cpl_error *err)
{
    struct cpl_place from = {.dir = AT_FDCWD}, to = {.dir = AT_FDCWD};
    bool ok = cpl_place_open(storage, path, &to, err);
    if (ok && is_there(&to)) { /* spares the work; the rename decides */
        *result = CPL_EXISTS;
        cpl_place_close(&to);
        return true;
    }
    bool made = ok && cpl_place_open(storage, temporary, &from, err) &&
                cpl_local_write_new(&from, temporary, data, size, err);
    ok = made;
    if (made) {
        *result = CPL_CREATED;
        if (cpl_call_rename_new(from.dir, from.name, to.dir, to.name) < 0) {
            *result = CPL_EXISTS;
            ok = errno == EEXIST || cpl_fail_errno(err, errno, "cannot create %s", path);
            unlinkat(from.dir, from.name, 0);
        }
    }
    cpl_place_close(&from);
    cpl_place_close(&to);
    return ok;
}

bool cpl_storage_create_exclusive(struct cpl_storage *storage, const char *path, const void *data,
                                  size_t size, enum cpl_create_result *result,
                                  struct cpl_error *err)
{
    char nonce[17];
    char *temporary = NULL;
    char *directory = cpl_path_parent(path, err);
    bool ok = directory && cpl_path_nonce(nonce, err) &&
              (temporary = cpl_format(err, "%s/.%s.tmp", directory, nonce)) != NULL &&
              cpl_storage_make_dirs(storage, directory, err) &&
              create_in(storage, path, temporary, data, size, result, err) &&
              cpl_storage_sync_dir(storage, directory, err);
    cpl_free(temporary);
    cpl_free(directory);
    return ok;
}

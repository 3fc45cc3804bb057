#include "run/log.h"

#include "run/crash_point.h"
#include "run/log_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

struct cpl_log {
    struct cpl_storage *storage;
    char *dataset;
    struct cpl_log_state state;
    uint8_t *done; /* one byte a record: seen to be published */
    size_t done_capacity;
    bool unsettled; /* records were found whose directory entry may not be durable */
};

struct cpl_storage *cpl_log_storage(const struct cpl_log *log)
{
    return log->storage;
}
const char *cpl_log_dataset(const struct cpl_log *log)
{
    return log->dataset;
}
uint64_t cpl_log_head(const struct cpl_log *log)
{
    return log->state.n_records;
}
size_t cpl_log_file_count(const struct cpl_log *log)
{
    return log->state.n_files;
}
const char *cpl_log_last_receipt(const struct cpl_log *log)
{
    return log->state.last_receipt;
}

const struct cpl_log_file *cpl_log_file(const struct cpl_log *log, size_t i)
{
    return &log->state.files[i];
}

const struct cpl_log_record *cpl_log_record(const struct cpl_log *log, uint64_t seq)
{
    return log->state.records[seq - 1];
}

uint64_t cpl_log_lane(const struct cpl_log *log, const char *lane, uint64_t *seq)
{
    const size_t *at = cpl_name_index_find(&log->state.lane_index, lane);
    if (seq)
        *seq = at ? log->state.lanes[*at].seq : 0;
    return at ? log->state.lanes[*at].next : 0;
}

const struct cpl_log_file *cpl_log_find(const struct cpl_log *log, const char *path)
{
    const size_t *at = cpl_name_index_find(&log->state.file_index, path);
    return at ? &log->state.files[*at] : NULL;
}

bool cpl_log_path(const struct cpl_log *log, const char *relative, char out[CPL_LOG_PATH_MAX],
                  struct cpl_error *err)
{
    int length = snprintf(out, CPL_LOG_PATH_MAX, "%s/%s", log->dataset, relative);
    return (length > 0 && length < CPL_LOG_PATH_MAX) ||
           cpl_fail(err, CPL_E_LIMIT, "the path %s/%s is longer than %d bytes", log->dataset,
                    relative, CPL_LOG_PATH_MAX - 1);
}

static bool record_path(const struct cpl_log *log, uint64_t seq, const char *suffix,
                        char out[CPL_LOG_PATH_MAX], struct cpl_error *err)
{
    char name[64];
    snprintf(name, sizeof name, "_cupel/log/%020" PRIu64 ".%s", seq, suffix);
    return cpl_log_path(log, name, out, err);
}

/* ---- reading ---- */

static bool read_record(const struct cpl_log *log, const char *path, struct cpl_log_record **record,
                        struct cpl_error *err)
{
    struct cpl_buffer text = {.max = CPL_LOG_RECORD_MAX + 1024};
    struct cpl_log_record *parsed = cpl_alloc_zero(1, sizeof *parsed, err);
    bool ok = parsed && cpl_storage_read_all(log->storage, path, CPL_LOG_RECORD_MAX, &text, err) &&
              cpl_log_record_parse((const char *)text.data, text.size, path, parsed, err);
    cpl_buffer_release(&text);
    if (!ok)
        cpl_free(parsed);
    *record = ok ? parsed : NULL;
    return ok;
}

static void free_record(struct cpl_log_record *record)
{
    if (!record)
        return;
    cpl_log_record_release(record);
    cpl_free(record);
}

/* Room in `done` for one record more than there are. */
static bool reserve_done(struct cpl_log *log, struct cpl_error *err)
{
    size_t wanted = log->state.n_records + 1;
    if (wanted <= log->done_capacity)
        return true;
    wanted += wanted / 2 + 16;
    uint8_t *done = cpl_realloc(log->done, wanted, err);
    if (!done)
        return false;
    memset(done + log->done_capacity, 0, wanted - log->done_capacity);
    log->done = done;
    log->done_capacity = wanted;
    return true;
}

/* Read the record after the head, if there is one. */
static bool advance(struct cpl_log *log, bool *found, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_log_record *record = NULL;
    if (!record_path(log, log->state.n_records + 1, "json", path, err) ||
        !cpl_storage_exists(log->storage, path, found, err))
        return false;
    if (!*found)
        return true;
    if (!read_record(log, path, &record, err) || !reserve_done(log, err) ||
        !cpl_log_state_admit(&log->state, record, err)) {
        free_record(record);
        return false;
    }
    cpl_log_state_apply(&log->state, record);
    log->unsettled = true;
    return true;
}

bool cpl_log_refresh(struct cpl_log *log, struct cpl_error *err)
{
    bool found = true;
    while (found)
        if (!advance(log, &found, err))
            return false;
    return true;
}

bool cpl_log_settle(struct cpl_log *log, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    if (!log->unsettled)
        return true;
    if (!cpl_log_path(log, "_cupel/log", path, err) ||
        !cpl_storage_sync_dir(log->storage, path, err))
        return false;
    log->unsettled = false;
    return true;
}

/* "…/00000000000000000012.json" → 12; 0 for every other name. */
static uint64_t listed_seq(const char *path, const char *suffix)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    uint64_t seq = 0;
    if (strlen(name) != 20 + strlen(suffix) || strcmp(name + 20, suffix) != 0)
        return 0;
    for (int i = 0; i < 20; i++)
        if (name[i] < '0' || name[i] > '9' || __builtin_mul_overflow(seq, 10, &seq) ||
            __builtin_add_overflow(seq, (uint64_t)(name[i] - '0'), &seq))
            return 0;
    return seq;
}

/* All numbers below the largest one listed must have been read: a hole means that somebody
 * removed records. A listing is no snapshot, so that it may be behind but is never relied on. */
static bool check_listing(struct cpl_log *log, const struct cpl_object_list *list,
                          struct cpl_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        uint64_t done = listed_seq(list->items[i].path, ".done");
        uint64_t seq = done ? done : listed_seq(list->items[i].path, ".json");
        if (seq > log->state.n_records)
            return cpl_fail(
                err, CPL_E_CORRUPT,
                "record %llu is missing in the log of %s, though %s is there: a part of the "
                "log was removed; bring it back from a copy",
                (unsigned long long)log->state.n_records + 1, log->dataset, list->items[i].path);
        if (done)
            log->done[done - 1] = 1;
    }
    return true;
}

static bool load(struct cpl_log *log, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_object_list list = {0};
    struct cpl_error why = {0};
    if (!cpl_log_path(log, "_cupel/log", path, err))
        return false;
    bool listed = cpl_storage_list(log->storage, path, &list, &why);
    if (!listed && why.code != CPL_E_NOT_FOUND)
        return cpl_fail_with(err, &why);
    bool ok = cpl_log_refresh(log, err) && (!listed || check_listing(log, &list, err));
    cpl_object_list_release(&list);
    return ok;
}

bool cpl_log_open(struct cpl_storage *storage, const char *dataset, struct cpl_log **log,
                  struct cpl_error *err)
{
    *log = NULL;
    struct cpl_log *opened = cpl_alloc_zero(1, sizeof *opened, err);
    if (!opened)
        return false;
    opened->storage = storage;
    opened->state.last_receipt = "";
    opened->dataset = cpl_strdup(dataset, err);
    if (!opened->dataset || !load(opened, err)) {
        cpl_log_free(opened);
        return false;
    }
    *log = opened;
    return true;
}

void cpl_log_free(struct cpl_log *log)
{
    if (!log)
        return;
    cpl_log_state_release(&log->state);
    cpl_free(log->done);
    cpl_free(log->dataset);
    cpl_free(log);
}

/* ---- appending ---- */

bool cpl_log_nonce(char nonce[33], struct cpl_error *err)
{
    uint64_t bits[2];
    if (getrandom(bits, sizeof bits, 0) != sizeof bits)
        return cpl_fail_errno(err, errno, "the system gave no random bytes");
    snprintf(nonce, 33, "%016" PRIx64 "%016" PRIx64, bits[0], bits[1]);
    return true;
}

/* Record seq stands, or may stand: is it ours? */
static bool read_back(struct cpl_log *log, uint64_t seq, const char *nonce,
                      enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    *outcome = CPL_COMMIT_UNKNOWN;
    if (!cpl_log_refresh(log, err))
        return false;
    if (log->state.n_records < seq)
        return cpl_fail(err, CPL_E_UNKNOWN, "record %" PRIu64 " of %s is not there", seq,
                        log->dataset);
    bool ours = !strcmp(log->state.records[seq - 1]->nonce, nonce);
    if (ours && !cpl_log_settle(log, err))
        return false;
    *outcome = ours ? CPL_COMMIT_DONE : CPL_COMMIT_REFUSED;
    return true;
}

/* Creating failed. What stands in storage decides. Where nothing stands, only errors that come
 * before the rename for certain mean that nothing has been decided. */
static bool after_failure(struct cpl_log *log, uint64_t seq, const char *nonce,
                          const struct cpl_error *why, enum cpl_commit_outcome *outcome,
                          struct cpl_error *err)
{
    struct cpl_error second = {0};
    if (read_back(log, seq, nonce, outcome, &second))
        return true;
    bool before_rename = why->code == CPL_E_SPACE || why->code == CPL_E_PERMISSION ||
                         why->code == CPL_E_MEMORY || why->code == CPL_E_NOT_FOUND;
    if (second.code == CPL_E_UNKNOWN && before_rename) {
        *outcome = CPL_COMMIT_REFUSED;
        return cpl_fail_with(err, why);
    }
    return cpl_fail(err, CPL_E_UNKNOWN,
                    "it is not known whether record %" PRIu64
                    " of %s was committed (%s); run the same command again to learn it",
                    seq, log->dataset, why->message);
}

/* The record as readers will see it, checked against the state, with room for it reserved. */
static bool prepare(struct cpl_log *log, struct cpl_log_record *record, struct cpl_buffer *text,
                    struct cpl_log_record **copy, struct cpl_error *err)
{
    record->seq = log->state.n_records + 1;
    const char *previous = log->state.n_records ? log->state.records[record->seq - 2]->hash : "";
    memcpy(record->previous, previous, strlen(previous) + 1);
    *copy = cpl_alloc_zero(1, sizeof **copy, err);
    return *copy && cpl_log_record_encode(record, text, err) &&
           cpl_log_record_parse((const char *)text->data, text->size, "the new record", *copy,
                                err) &&
           reserve_done(log, err) && cpl_log_state_admit(&log->state, *copy, err);
}

bool cpl_log_append(struct cpl_log *log, struct cpl_log_record *record,
                    enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_buffer text = {0};
    struct cpl_log_record *copy = NULL;
    struct cpl_error why = {0};
    enum cpl_create_result created = CPL_EXISTS;
    *outcome = CPL_COMMIT_REFUSED;
    bool ok = prepare(log, record, &text, &copy, err) &&
              record_path(log, record->seq, "json", path, err);
    if (!ok)
        goto out;
    cpl_crash_point("commit/before-record");
    ok = cpl_storage_create_exclusive(log->storage, path, text.data, text.size, &created, &why);
    cpl_crash_point("commit/after-record");
    if (ok && created == CPL_CREATED) {
        cpl_log_state_apply(&log->state, copy);
        copy = NULL;
        log->unsettled = false;
        *outcome = CPL_COMMIT_DONE;
    } else if (ok) {
        ok = read_back(log, record->seq, record->nonce, outcome, err);
    } else {
        ok = after_failure(log, record->seq, record->nonce, &why, outcome, err);
    }
out:
    free_record(copy);
    cpl_buffer_release(&text);
    return ok;
}

/* ---- published or not ---- */

bool cpl_log_is_done(struct cpl_log *log, uint64_t seq, bool *done, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    *done = log->done[seq - 1];
    if (*done)
        return true;
    if (!record_path(log, seq, "done", path, err) ||
        !cpl_storage_exists(log->storage, path, done, err))
        return false;
    log->done[seq - 1] = *done;
    return true;
}

enum { DONE_TEXT = 64 };

static size_t done_text(uint64_t seq, char text[DONE_TEXT])
{
    return (size_t)snprintf(text, DONE_TEXT, "{\"seq\":%" PRIu64 "}\n", seq);
}

bool cpl_log_prove_done(struct cpl_log *log, uint64_t seq, char path[CPL_LOG_PATH_MAX],
                        bool *proven, struct cpl_error *err)
{
    char wanted[DONE_TEXT];
    struct cpl_buffer text = {0};
    struct cpl_error why = {0};
    size_t length = done_text(seq, wanted);
    if (!record_path(log, seq, "done", path, err))
        return false;
    *proven = cpl_storage_read_all(log->storage, path, DONE_TEXT, &text, &why) &&
              text.size == length && !memcmp(text.data, wanted, length);
    cpl_buffer_release(&text);
    return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
}

bool cpl_log_mark_done(struct cpl_log *log, uint64_t seq, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX], text[DONE_TEXT];
    enum cpl_create_result created;
    size_t length = done_text(seq, text);
    if (!record_path(log, seq, "done", path, err) ||
        !cpl_storage_create_exclusive(log->storage, path, text, length, &created, err))
        return false;
    log->done[seq - 1] = 1;
    return true;
}

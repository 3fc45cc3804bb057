#include "run/replay_once.h"

#include "run/crash_point.h"
#include "run/stored.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CLAIM_BYTES = 64 << 10, MAX_ROUNDS = 100, PREFIX = 5 /* "xxh3:" */ };
static const char OWN[] = "."; /* a claim's place: the dataset that the claim lies in */

struct entry {
    const char *path;
    char checksum[40];
    char *file;           /* resolved */
    char *owner;          /* dataset, resolved; NULL = none */
    const char *relative; /* in it; borrowed from `file` */
    struct cpl_log *log;  /* the owner's; NULL when the run's attempt has it */
    bool owns_log;
    char *claim;      /* path */
    const char *into; /* what it says */
    bool created, unclaimed;
};
struct cpl_replay_once {
    struct cpl_replay_run run;
    char *sink; /* resolved */
    struct entry *entries;
    size_t n;
    bool committed;
};

static bool is_own(const struct cpl_replay_once *once, const struct entry *entry)
{
    return entry->owner && once->run.log && !strcmp(entry->owner, once->sink);
}

/* ---- whose file it is ---- */

static bool open_log(struct cpl_replay_once *once, struct entry *entry, struct cpl_error *err)
{
    const struct entry *last = entry > once->entries ? entry - 1 : NULL;
    if (is_own(once, entry))
        return true;
    if (last && last->log && last->owner && !strcmp(last->owner, entry->owner)) {
        entry->log = last->log;
        return true;
    }
    entry->owns_log = cpl_log_open(once->run.storage, entry->owner, &entry->log, err);
    return entry->owns_log;
}

/* …/_cupel/rejects/x.parquet of a dataset that has a log. */
static bool find_owner(struct cpl_replay_once *once, struct entry *entry, struct cpl_error *err)
{
    static const char folder[] = "/_cupel/rejects/";
    char *slash = strrchr(entry->file, '/');
    size_t length = sizeof folder - 2; /* up to that slash */
    if (!slash || (size_t)(slash - entry->file) <= length ||
        strncmp(slash - length, folder, length + 1) != 0)
        return true;
    entry->relative = slash - length + 1;
    entry->owner = cpl_strndup(entry->file, (size_t)(slash - length - entry->file), err);
    if (!entry->owner || !open_log(once, entry, err))
        return false;
    if (entry->log && !cpl_log_head(entry->log)) { /* a folder that looks like one */
        cpl_free(entry->owner);
        entry->owner = NULL;
    }
    return true;
}

static bool open_entry(struct cpl_replay_once *once, struct entry *entry, struct cpl_error *err)
{
    const char *digits = entry->checksum + PREFIX;
    entry->file = cpl_storage_resolve(once->run.storage, entry->path, err);
    if (!entry->file || !find_owner(once, entry, err))
        return false;
    entry->into = is_own(once, entry) ? OWN : once->sink;
    entry->claim = entry->owner ? cpl_format(err, "%s/_cupel/replays/%s.json", entry->owner, digits)
                                : cpl_format(err, "%s.%.8s.replayed", entry->file, digits);
    return entry->claim != NULL;
}

/* ---- what is known of it ---- */

/* In the dataset of that log. */
static bool has_landed(struct cpl_log *log, const struct entry *entry)
{
    char lane[64];
    snprintf(lane, sizeof lane, "rejects/%s", entry->checksum);
    return cpl_log_lane(log, lane, NULL);
}

static bool fail_replayed(const struct entry *entry, const struct cpl_log_file *file,
                          struct cpl_error *err)
{
    const struct cpl_log_record *record = cpl_log_record(entry->log, file->replayed_by);
    return cpl_fail(err, CPL_E_CONFLICT,
                    "%s was replayed already, by run %s of pipeline %s (record %llu of %s)",
                    entry->path, record->run_id, record->pipeline,
                    (unsigned long long)file->replayed_by, entry->owner);
}

/* The owner's log; when it is the sink's, the attempt looks. */
static bool check_log(const struct entry *entry, struct cpl_error *err)
{
    if (!entry->owner || !entry->log)
        return true;
    const struct cpl_log_file *file = cpl_log_find(entry->log, entry->relative);
    if (!file || file->entry.role != CPL_FILE_REJECTS)
        return cpl_fail(err, CPL_E_NOT_FOUND, "%s is no reject file of %s", entry->path,
                        entry->owner);
    return !file->replayed_by || fail_replayed(entry, file, err);
}

static bool fail_claimed(const struct entry *entry, const char *into, const char *run_id,
                         struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_CONFLICT,
                    "%s was replayed into %s by run %s, and rows land once. Was that run cut off, "
                    "run it again; or, when it is sure that its rows are not there, remove %s",
                    entry->path, !strcmp(into, OWN) ? entry->owner : into, run_id, entry->claim);
}

struct claim {
    bool there;
    const char *into, *run_id; /* live in the arena */
};

static bool parse_claim(const struct entry *entry, const struct cpl_buffer *text,
                        struct cpl_arena *arena, struct claim *claim, struct cpl_error *err)
{
    struct cpl_stored in = {.name = entry->claim, .arena = arena, .err = err};
    const struct cpl_node *top = cpl_stored_open(&in, (const char *)text->data, text->size);
    claim->there = true;
    claim->into = top ? cpl_stored_text(&in, top, "into") : "";
    claim->run_id = top ? cpl_stored_text(&in, top, "run_id") : "";
    cpl_stored_release(&in);
    return !in.failed;
}

static bool read_claim(const struct cpl_replay_once *once, const struct entry *entry,
                       struct cpl_arena *arena, struct claim *claim, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_error why = {0};
    *claim = (struct claim){.there = false};
    bool ok = cpl_storage_read_all(once->run.storage, entry->claim, MOST_CLAIM_BYTES, &text, &why);
    if (ok)
        ok = parse_claim(entry, &text, arena, claim, err);
    else
        ok = why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    cpl_buffer_release(&text);
    return ok;
}

/* *ours: into the same dataset, whose lane decides. */
static bool check_claim(const struct cpl_replay_once *once, const struct entry *entry, bool *ours,
                        struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct claim claim;
    bool ok = read_claim(once, entry, &arena, &claim, err);
    *ours = ok && claim.there && once->run.log && !strcmp(claim.into, entry->into);
    if (ok && claim.there && !*ours)
        ok = fail_claimed(entry, claim.into, claim.run_id, err);
    cpl_arena_release(&arena);
    return ok;
}

/* ---- the note ---- */

static bool append_note(const struct cpl_replay_once *once, const struct entry *entry,
                        uint64_t rows, enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    char lane[64], nonce[33];
    const char *replayed[] = {entry->relative};
    snprintf(lane, sizeof lane, "rejects/%s", entry->checksum);
    struct cpl_lane_step step = {.lane = lane, .from = 0, .next = 1, .rows_in = rows};
    if (!cpl_log_nonce(nonce, err))
        return false;
    struct cpl_log_record record = {.kind = CPL_RECORD_REMOVE,
                                    .nonce = nonce,
                                    .run_id = once->run.run_id,
                                    .pipeline = once->run.pipeline->name,
                                    .program = "cupel " CUPEL_VERSION,
                                    .now_ms = once->run.now_ms,
                                    .lanes = &step,
                                    .n_lanes = !cpl_log_lane(entry->log, lane, NULL),
                                    .replayed = replayed,
                                    .n_replayed = 1};
    return cpl_log_append(entry->log, &record, outcome, err) &&
           (*outcome != CPL_COMMIT_DONE || cpl_log_mark_done(entry->log, record.seq, err));
}

static bool note(const struct cpl_replay_once *once, const struct entry *entry,
                 struct cpl_error *err)
{
    enum cpl_commit_outcome outcome = CPL_COMMIT_REFUSED;
    if (!cpl_log_refresh(entry->log, err))
        return false;
    for (int round = 0; outcome != CPL_COMMIT_DONE && round < MAX_ROUNDS; round++) {
        const struct cpl_log_file *file = cpl_log_find(entry->log, entry->relative);
        if (!file || file->replayed_by)
            return true;
        if (!append_note(once, entry, file->entry.rows, &outcome, err))
            return false;
    }
    return outcome == CPL_COMMIT_DONE ||
           cpl_fail(err, CPL_E_CONFLICT, "%s: other writers took every number", entry->owner);
}

/* The rows stand where they belong; the log of the file's own dataset learns it. */
static bool settle(const struct cpl_replay_once *once, const struct entry *entry,
                   struct cpl_error *err)
{
    if (!entry->owner || entry->unclaimed)
        return true;
    return (!entry->log || note(once, entry, err)) &&
           cpl_storage_remove(once->run.storage, entry->claim, err);
}

/* A run that was cut off behind its commit has not told the owner. */
static bool settle_late(const struct cpl_replay_once *once, const struct entry *entry,
                        struct cpl_error *err)
{
    return !has_landed(once->run.log, entry) || settle(once, entry, err);
}

/* ---- the verbs ---- */

static bool check_entry(const struct cpl_replay_once *once, const struct entry *entry,
                        struct cpl_error *err)
{
    bool ours;
    return check_log(entry, err) && check_claim(once, entry, &ours, err) &&
           (!ours || settle_late(once, entry, err));
}

static bool open_all(struct cpl_replay_once *once, struct cpl_error *err)
{
    const struct cpl_inputs *inputs = once->run.inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const struct cpl_input *input = &inputs->items[i];
        if (!input->rejects || input->part)
            continue;
        struct entry *entry = &once->entries[once->n++];
        entry->path = input->path;
        snprintf(entry->checksum, sizeof entry->checksum, "%s",
                 cpl_rejects_info(input->rejects)->checksum);
        if (!open_entry(once, entry, err) || !check_entry(once, entry, err))
            return false;
    }
    return true;
}

static struct cpl_replay_once *once_new(const struct cpl_replay_run *run, size_t most,
                                        struct cpl_error *err)
{
    struct cpl_replay_once *once = cpl_alloc_zero(1, sizeof *once, err);
    if (!once)
        return NULL;
    once->run = *run;
    once->sink = cpl_storage_resolve(run->storage, run->pipeline->sink.path, err);
    once->entries = once->sink ? cpl_alloc_zero(most, sizeof *once->entries, err) : NULL;
    if (once->entries)
        return once;
    cpl_replay_once_free(once);
    return NULL;
}

struct cpl_replay_once *cpl_replay_once_open(const struct cpl_replay_run *run,
                                             struct cpl_error *err)
{
    struct cpl_replay_once *once = once_new(run, run->inputs->n, err);
    if (!once || open_all(once, err))
        return once;
    cpl_replay_once_free(once);
    return NULL;
}

/* ---- which were replayed ---- */

/* Are the rows where the claim says? A run that works now, or was cut off, has not landed them. */
static bool claim_has_landed(const struct cpl_replay_once *once, const struct entry *entry,
                             bool *landed, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct claim claim;
    struct cpl_log *log = NULL;
    enum cpl_place_kind kind = CPL_PLACE_FREE;
    *landed = false;
    bool ok = read_claim(once, entry, &arena, &claim, err);
    if (ok && claim.there && strcmp(claim.into, OWN) != 0)
        ok = cpl_storage_kind(once->run.storage, claim.into, &kind, err);
    if (ok && kind == CPL_PLACE_DIRECTORY) {
        ok = cpl_log_open(once->run.storage, claim.into, &log, err);
        *landed = ok && has_landed(log, entry);
        if (ok)
            cpl_log_free(log);
    } else {
        *landed = ok && kind != CPL_PLACE_FREE;
    }
    cpl_arena_release(&arena);
    return ok;
}

/* Where a run was cut off behind its commit, the file's own dataset is told now; what hinders that stays as it was. */
static void settle_landed(const struct cpl_replay_once *once, const struct entry *entry)
{
    struct cpl_error why;
    bool ours;
    if (check_claim(once, entry, &ours, &why) && ours && !settle(once, entry, &why))
        ours = false; /* the claim holds */
}

static bool was_replayed(const struct cpl_replay_once *once, const struct entry *entry,
                         bool *replayed, struct cpl_error *err)
{
    const struct cpl_log_file *file = entry->owner && entry->log
                                          ? cpl_log_find(entry->log, entry->relative)
                                          : NULL;
    *replayed = file && file->replayed_by;
    if (*replayed)
        return true;
    *replayed = once->run.log && has_landed(once->run.log, entry);
    if (!*replayed)
        return claim_has_landed(once, entry, replayed, err);
    settle_landed(once, entry);
    return true;
}

bool cpl_replay_once_sift(const struct cpl_replay_run *run, const struct cpl_object_list *files,
                          bool *replayed, struct cpl_error *err)
{
    struct cpl_replay_once *once = once_new(run, files->n, err);
    bool ok = once != NULL;
    for (size_t i = 0; ok && i < files->n; i++) {
        uint64_t size;
        struct entry *entry = &once->entries[once->n++];
        entry->path = files->items[i].path;
        ok = cpl_storage_checksum(run->storage, entry->path, &size, entry->checksum, err) &&
             open_entry(once, entry, err) && was_replayed(once, entry, &replayed[i], err);
    }
    cpl_replay_once_free(once);
    return ok;
}

/* ---- claims ---- */

static bool claim_text(const struct cpl_replay_once *once, const struct entry *entry,
                       struct cpl_buffer *text, struct cpl_error *err)
{
    struct cpl_json_writer json;
    cpl_json_begin(&json, text, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_uint(&json, "version", 1);
    cpl_json_string(&json, "rejects", entry->checksum);
    cpl_json_string(&json, "into", entry->into);
    cpl_json_string(&json, "run_id", once->run.run_id);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

static bool create_claim(struct cpl_replay_once *once, struct entry *entry,
                         const struct cpl_buffer *text, struct cpl_error *err)
{
    struct cpl_error why = {0};
    enum cpl_create_result result = CPL_EXISTS;
    bool ours = false;
    for (int round = 0; round < MAX_ROUNDS && !ours; round++) {
        if (!cpl_storage_create_exclusive(once->run.storage, entry->claim, text->data, text->size,
                                          &result, &why)) {
            entry->unclaimed = why.code == CPL_E_PERMISSION;
            return entry->unclaimed || cpl_fail_with(err, &why);
        }
        if (result == CPL_CREATED)
            return entry->created = true;
        if (!check_claim(once, entry, &ours, err)) /* or it has just gone: again */
            return false;
    }
    return ours || cpl_fail(err, CPL_E_CONFLICT, "%s comes and goes; try again", entry->claim);
}

/* The owner's log is read again behind the claim: whoever has noted a replay there has dropped its claim. */
static bool claim(struct cpl_replay_once *once, struct entry *entry, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = claim_text(once, entry, &text, err) && create_claim(once, entry, &text, err);
    cpl_buffer_release(&text);
    return ok && (!entry->log || cpl_log_refresh(entry->log, err)) && check_log(entry, err);
}

bool cpl_replay_once_claim(struct cpl_replay_once *once, const char **unclaimed,
                           struct cpl_error *err)
{
    if (unclaimed)
        *unclaimed = NULL;
    for (size_t i = 0; i < once->n; i++) {
        if (!claim(once, &once->entries[i], err))
            return false;
        if (unclaimed && once->entries[i].unclaimed)
            *unclaimed = once->entries[i].path;
    }
    cpl_crash_point("replay/claimed");
    return true;
}

bool cpl_replay_once_landed(struct cpl_replay_once *once, struct cpl_error *err)
{
    once->committed = true;
    cpl_crash_point("replay/landed");
    for (size_t i = 0; i < once->n; i++)
        if (!settle(once, &once->entries[i], err))
            return false;
    return true;
}

/* A dataset's claim stays for its sink, which others may have joined; a file's is this run's alone. */
static void drop_claim(const struct cpl_replay_once *once, const struct entry *entry)
{
    bool there = true;
    if (once->committed || once->run.log || !entry->created ||
        !cpl_storage_exists(once->run.storage, once->run.pipeline->sink.path, &there, NULL) ||
        there)
        return;
    bool removed = cpl_storage_remove(once->run.storage, entry->claim, NULL);
    (void)removed; /* it names its file, and how to go on */
}

void cpl_replay_once_free(struct cpl_replay_once *once)
{
    if (!once)
        return;
    for (size_t i = 0; i < once->n; i++) {
        struct entry *entry = &once->entries[i];
        drop_claim(once, entry);
        if (entry->owns_log)
            cpl_log_free(entry->log);
        cpl_free(entry->file);
        cpl_free(entry->owner);
        cpl_free(entry->claim);
    }
    cpl_free(once->entries);
    cpl_free(once->sink);
    cpl_free(once);
}

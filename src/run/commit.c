/* The decision: record head+1, created exclusively.
 *
 *   books ─▶ ┌ read the log ─ own record there? ─▶ done
 *            │ lanes where we left them? names unused? mode still allows it?  no ─▶ refused
 *            │ receipt (it names the receipt before it) ─▶ staged, staging directory synced
 *            └ create head+1 ── taken by another ─▶ again from the top */
#include "run/commit_state.h"

#include "run/crash_point.h"
#include "run/name_index.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MAX_ATTEMPT_AGE_S = 24 * 3600, MAX_ROUNDS = 1000 };

/* ---- what the mode allows ---- */

static bool is_live(const struct cpl_log_file *file)
{
    return file->entry.role == CPL_FILE_DATA && !file->removed_by && !file->lost_by;
}

static bool fail_foreign(const struct cpl_attempt *attempt, const char *path, struct cpl_error *err)
{
    if (attempt->mode == CPL_MODE_ERROR)
        return cpl_fail(
            err, CPL_E_CONFLICT,
            "%s holds data already (%s), and mode `error` refuses that; choose append or "
            "overwrite, or another path",
            attempt->path, path);
    return cpl_fail(
        err, CPL_E_CONFLICT,
        "%s was not written by cupel, and overwriting would mean to delete it; move it away, "
        "or choose mode append",
        path);
}

/* Visible files below `relative` ("" = all) that the log does not know. */
static bool check_foreign(const struct cpl_attempt *attempt, const char *relative,
                          struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_object_list list = {0};
    struct cpl_error why = {0};
    if (!cpl_log_path(attempt->log, relative, path, err))
        return false;
    if (!relative[0])
        snprintf(path, sizeof path, "%s", attempt->path);
    if (!cpl_storage_list(attempt->storage, path, &list, &why))
        return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
    bool ok = true;
    size_t prefix = strlen(attempt->path) + 1;
    for (size_t i = 0; ok && i < list.n; i++) {
        const struct cpl_log_file *file = cpl_log_find(attempt->log, list.items[i].path + prefix);
        if (!file || attempt->mode == CPL_MODE_ERROR)
            ok = fail_foreign(attempt, list.items[i].path, err);
    }
    cpl_object_list_release(&list);
    return ok;
}

static bool check_no_data(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    for (size_t i = 0; i < cpl_log_file_count(attempt->log); i++)
        if (is_live(cpl_log_file(attempt->log, i)))
            return fail_foreign(attempt, cpl_log_file(attempt->log, i)->entry.path, err);
    return true;
}

bool cpl_attempt_check_target(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    if (attempt->mode == CPL_MODE_ERROR && !check_no_data(attempt, err))
        return false;
    bool look = attempt->mode == CPL_MODE_ERROR || attempt->mode == CPL_MODE_OVERWRITE;
    return !look || check_foreign(attempt, "", err);
}

/* ---- what is removed ---- */

/* The record in the making, and what it needs while it is made. */
struct decision {
    struct cpl_log_record record;
    struct cpl_name_index partitions; /* that this attempt writes */
    struct cpl_file_entry *added;     /* the attempt's files, then the receipt */
    struct cpl_staged receipt;
    char receipt_path[160], receipt_token[512];
};

static void decision_release(struct decision *decision)
{
    cpl_free(decision->record.removed);
    cpl_free(decision->added);
    cpl_name_index_release(&decision->partitions);
    cpl_staged_release(&decision->receipt);
    *decision = (struct decision){0};
}

static bool collect_partitions(const struct cpl_attempt *attempt, struct decision *decision,
                               struct cpl_error *err)
{
    if (!cpl_name_index_reserve(&decision->partitions, attempt->n_files, err))
        return false;
    for (size_t i = 0; i < attempt->n_files; i++)
        if (attempt->files[i].role == CPL_FILE_DATA)
            cpl_name_index_add(&decision->partitions, attempt->files[i].partition, 0);
    return true;
}

static bool check_partitions(const struct cpl_attempt *attempt, const struct decision *decision,
                             struct cpl_error *err)
{
    for (size_t i = 0; i < decision->partitions.capacity; i++) {
        const char *partition = decision->partitions.slots[i].name;
        if (partition && !check_foreign(attempt, partition, err))
            return false;
    }
    return true;
}

static bool collect_removed(const struct cpl_attempt *attempt, struct decision *decision,
                            struct cpl_error *err)
{
    size_t n_files = cpl_log_file_count(attempt->log);
    bool all = attempt->mode == CPL_MODE_OVERWRITE;
    if (!all && attempt->mode != CPL_MODE_OVERWRITE_PARTITIONS)
        return true;
    const char **removed = cpl_alloc(n_files * sizeof *removed, err);
    if (!removed)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < n_files; i++) {
        const struct cpl_log_file *file = cpl_log_file(attempt->log, i);
        if (is_live(file) &&
            (all || cpl_name_index_find(&decision->partitions, file->entry.partition)))
            removed[n++] = file->entry.path;
    }
    decision->record.removed = removed;
    decision->record.n_removed = n;
    return true;
}

/* ---- the receipt ---- */

/* What we wrote must be what verify can read. */
static bool check_readable(const struct cpl_buffer *text, struct cpl_error *err)
{
    struct cpl_stored_receipt stored;
    if (text->size > CPL_LOG_RECORD_MAX)
        return cpl_fail(err, CPL_E_LIMIT,
                        "the receipt would take %zu bytes, and %d MiB are the limit: split the "
                        "input into several runs",
                        text->size, CPL_LOG_RECORD_MAX >> 20);
    if (!cpl_receipt_parse((const char *)text->data, text->size, "the receipt", &stored, err))
        return false;
    bool ok = cpl_account_check(&stored.account, stored.files, stored.n_files, err);
    cpl_stored_receipt_release(&stored);
    return ok;
}

static bool stage_receipt(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                          struct decision *decision, struct cpl_error *err)
{
    char target[CPL_LOG_PATH_MAX];
    struct cpl_buffer text = {0};
    receipt->previous = cpl_log_last_receipt(attempt->log);
    receipt->removed = decision->record.removed;
    receipt->n_removed = decision->record.n_removed;
    snprintf(decision->receipt_path, sizeof decision->receipt_path, "_cupel/receipts/%s.json",
             attempt->run_id);
    bool ok = cpl_log_path(attempt->log, decision->receipt_path, target, err) &&
              cpl_receipt_encode(receipt, &text, err) && check_readable(&text, err) &&
              cpl_attempt_stage_text(attempt, attempt->staging, target, &text, &decision->receipt,
                                     err);
    cpl_buffer_release(&text);
    if (!ok)
        return false;
    memcpy(attempt->receipt, target, sizeof attempt->receipt);
    snprintf(decision->receipt_token, sizeof decision->receipt_token, "_cupel/staging/%s/%s",
             attempt->name, strrchr(decision->receipt.token, '/') + 1);
    return true;
}

/* ---- the record ---- */

static bool make_record(const struct cpl_attempt *attempt, const struct cpl_receipt *receipt,
                        struct decision *decision, struct cpl_error *err)
{
    struct cpl_log_record *record = &decision->record;
    decision->added = cpl_alloc((attempt->n_files + 1) * sizeof *decision->added, err);
    if (!decision->added)
        return false;
    if (attempt->n_files)
        memcpy(decision->added, attempt->files, attempt->n_files * sizeof *decision->added);
    decision->added[attempt->n_files] = (struct cpl_file_entry){
        .role = CPL_FILE_RECEIPT,
        .path = decision->receipt_path,
        .token = decision->receipt_token,
        .size = decision->receipt.size,
        .checksum = decision->receipt.checksum,
    };
    record->kind = CPL_RECORD_COMMIT;
    record->nonce = attempt->nonce;
    record->attempt = attempt->name;
    record->run_id = attempt->run_id;
    record->pipeline = attempt->pipeline;
    record->program = "cupel " CUPEL_VERSION;
    record->now_ms = attempt->now_ms;
    record->plan = attempt->plan;
    record->plan_hash = attempt->plan_hash;
    record->config_hash = receipt->config_hash;
    record->schema_hash = attempt->schema_hash;
    record->lanes = attempt->lanes;
    record->n_lanes = attempt->n_lanes;
    record->added = decision->added;
    record->n_added = attempt->n_files + 1;
    record->replayed = attempt->replayed;
    record->n_replayed = attempt->n_replayed;
    record->rows = receipt->account->rows;
    record->rejected_by_rule = receipt->account->rejected_by_rule;
    record->n_rules = receipt->account->n_rules;
    record->timings = receipt->timings;
    return true;
}

/* ---- the checks of rule 7 ---- */

static bool is_ours(const struct cpl_attempt *attempt)
{
    uint64_t seq;
    return cpl_log_lane(attempt->log, attempt->lane, &seq) &&
           !strcmp(cpl_log_record(attempt->log, seq)->nonce, attempt->nonce);
}

static bool check_lanes(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    for (size_t i = 0; i < attempt->n_lanes; i++) {
        const struct cpl_lane_step *step = &attempt->lanes[i];
        uint64_t seq, now = cpl_log_lane(attempt->log, step->lane, &seq);
        if (now != step->from)
            return cpl_fail(
                err, CPL_E_CONFLICT,
                "another writer has moved %s of %s from %llu to %llu (record %llu); nothing "
                "that this process staged was or will be landed",
                step->lane, attempt->path, (unsigned long long)step->from, (unsigned long long)now,
                (unsigned long long)seq);
    }
    for (size_t i = 0; i < attempt->n_replayed; i++)
        if (cpl_log_find(attempt->log, attempt->replayed[i])->replayed_by)
            return cpl_fail(err, CPL_E_CONFLICT, "%s was replayed by another run meanwhile",
                            attempt->replayed[i]);
    return true;
}

/* The log cannot know of files that others put in a target's place; better seen now than after. */
static bool check_names(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    for (size_t i = 0; i < attempt->n_files; i++) {
        bool taken = cpl_log_find(attempt->log, attempt->files[i].path) != NULL;
        if (!taken &&
            !cpl_storage_exists(attempt->storage, attempt->staged[i].final_path, &taken, err))
            return false;
        if (taken)
            return cpl_fail(err, CPL_E_CONFLICT, "%s is there already, or its name was used before",
                            attempt->staged[i].final_path);
    }
    return true;
}

static bool check_age(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec - attempt->begun_s <= MAX_ATTEMPT_AGE_S ||
           cpl_fail(
               err, CPL_E_LIMIT,
               "this run began more than a day ago; its staging may have been swept, so that it "
               "may not commit. Split the input into runs of less than a day");
}

static bool prepare(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                    struct decision *decision, struct cpl_error *err)
{
    bool partitions = attempt->mode == CPL_MODE_OVERWRITE_PARTITIONS;
    return check_lanes(attempt, err) && check_names(attempt, err) &&
           cpl_attempt_check_target(attempt, err) && cpl_attempt_check_layout(attempt, err) &&
           cpl_attempt_check_types(attempt, receipt->schema, err) &&
           collect_partitions(attempt, decision, err) &&
           (!partitions || check_partitions(attempt, decision, err)) &&
           collect_removed(attempt, decision, err) &&
           stage_receipt(attempt, receipt, decision, err) &&
           make_record(attempt, receipt, decision, err) && check_age(attempt, err) &&
           cpl_storage_sync_dir(attempt->storage, attempt->staging, err);
}

/* One go at head+1. */
static bool try_commit(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                       enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    struct decision decision = {0};
    *outcome = CPL_COMMIT_REFUSED;
    bool ok = prepare(attempt, receipt, &decision, err);
    if (ok) {
        cpl_crash_point("commit/staged");
        ok = cpl_log_append(attempt->log, &decision.record, outcome, err);
    }
    if (*outcome == CPL_COMMIT_REFUSED && decision.receipt.token &&
        !cpl_storage_remove(attempt->storage, decision.receipt.token, ok ? err : NULL))
        ok = false;
    decision_release(&decision);
    return ok;
}

static bool commit_dataset(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                           enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    *outcome = attempt->stage == ATTEMPT_UNKNOWN ? CPL_COMMIT_UNKNOWN : CPL_COMMIT_REFUSED;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        if (!cpl_log_refresh(attempt->log, err))
            return false;
        if (is_ours(attempt)) {
            *outcome = CPL_COMMIT_DONE;
            return cpl_log_settle(attempt->log, err);
        }
        if (!try_commit(attempt, receipt, outcome, err))
            return false;
        if (*outcome == CPL_COMMIT_DONE)
            return true;
    }
    return cpl_fail(err, CPL_E_CONFLICT, "%s: other writers took every number; try again",
                    attempt->path);
}

/* One hash for the names and types of all columns. */
static bool hash_schema(const struct cpl_schema *schema, char hash[CPL_HASH_TEXT],
                        struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = true;
    for (uint32_t i = 0; ok && schema && i < schema->n_fields; i++)
        ok = cpl_buffer_append_text(&text, schema->fields[i].name, err) &&
             cpl_buffer_append_text(&text, ": ", err) &&
             cpl_type_format(&schema->fields[i].type, &text, err) &&
             cpl_buffer_append_text(&text, schema->fields[i].nullable ? "\n" : " not null\n", err);
    cpl_hash_text(text.data, text.size, hash);
    cpl_buffer_release(&text);
    return ok;
}

bool cpl_attempt_commit(struct cpl_attempt *attempt, struct cpl_receipt *receipt,
                        enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    *outcome = attempt->stage == ATTEMPT_UNKNOWN ? CPL_COMMIT_UNKNOWN : CPL_COMMIT_REFUSED;
    if (attempt->stage == ATTEMPT_COMMITTED || attempt->has_prior)
        return cpl_fail(err, CPL_E_INTERNAL, "run %s is committed already", attempt->run_id);
    receipt->run_id = attempt->run_id;
    receipt->plan_hash = attempt->plan_hash;
    receipt->now_ms = attempt->now_ms;
    receipt->files = attempt->files;
    receipt->n_files = attempt->n_files;
    receipt->replayed = attempt->replayed;
    receipt->n_replayed = attempt->n_replayed;
    attempt->lanes[0].rows_in = receipt->account->rows.read;
    if (!cpl_account_check(receipt->account, attempt->files, attempt->n_files, err) ||
        !hash_schema(receipt->schema, attempt->schema_hash, err))
        return false;
    bool ok = attempt->single_file ? cpl_single_commit(attempt, receipt, outcome, err)
                                   : commit_dataset(attempt, receipt, outcome, err);
    receipt->removed = NULL; /* what they point to is gone */
    receipt->n_removed = 0;
    if (*outcome == CPL_COMMIT_DONE)
        attempt->stage = ATTEMPT_COMMITTED;
    else if (*outcome == CPL_COMMIT_UNKNOWN)
        attempt->stage = ATTEMPT_UNKNOWN;
    return ok;
}

bool cpl_attempt_publish(struct cpl_attempt *attempt, struct cpl_error *err)
{
    struct cpl_recover_report report;
    if (attempt->stage != ATTEMPT_COMMITTED)
        return cpl_fail(err, CPL_E_INTERNAL, "run %s is not committed", attempt->run_id);
    if (attempt->single_file)
        return cpl_single_publish(attempt, err);
    cpl_crash_point("publish/begin");
    bool ok = cpl_recover(attempt->log, attempt->hooks, attempt->now_ms, &report, err);
    attempt->recovered.lost_files += report.lost_files;
    attempt->recovered.lost_rows += report.lost_rows;
    if (report.lost_files && !attempt->recovered.first_lost[0])
        memcpy(attempt->recovered.first_lost, report.first_lost, sizeof report.first_lost);
    return ok;
}

/* Verification of a whole dataset:
 *
 *   log chain ─▶ every file: bytes, then rows by decoding ─▶ every receipt: equations with the rows
 *   found ─▶ what is visible or staged and no record knows */
#include "base/plural.h"
#include "run/verify_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- files ---- */

static const struct cpl_file_entry *receipt_of(const struct cpl_log_record *record)
{
    for (size_t i = 0; i < record->n_added; i++)
        if (record->added[i].role == CPL_FILE_RECEIPT)
            return &record->added[i];
    return NULL;
}

static bool check_removed(struct verification *v, const struct cpl_log_file *file,
                          struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    bool done, exists = false;
    if (!cpl_log_is_done(v->log, file->removed_by, &done, err) ||
        !cpl_log_path(v->log, file->entry.path, path, err) ||
        (done && !cpl_storage_exists(v->storage, path, &exists, err)))
        return false;
    return !exists ||
           cpl_finding(v, "stray", path, err, "is visible, though record %" PRIu64 " removed it",
                       file->removed_by);
}

/* A file of a record that was not published may be staged still. */
static bool is_pending(struct verification *v, const struct cpl_log_file *file, bool *pending,
                       struct cpl_error *err)
{
    char token[CPL_LOG_PATH_MAX];
    bool done;
    *pending = false;
    if (!cpl_log_is_done(v->log, file->seq, &done, err))
        return false;
    return done || (cpl_log_path(v->log, file->entry.token, token, err) &&
                    cpl_storage_exists(v->storage, token, pending, err));
}

/* The receipt of the record that added a file, for how its rows are written; NULL when it cannot be read (which is found later). */
static bool told_of(struct verification *v, uint64_t seq, const struct cpl_stored_receipt **receipt,
                    struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_error why = {0};
    if (v->told_seq != seq) {
        const struct cpl_file_entry *entry = receipt_of(cpl_log_record(v->log, seq));
        cpl_stored_receipt_release(&v->told);
        v->told_seq = seq;
        if (entry &&
            (!cpl_log_path(v->log, entry->path, path, &why) ||
             !cpl_receipt_read(v->storage, path, &v->told, &why)) &&
            why.code == CPL_E_MEMORY)
            return cpl_fail_with(err, &why);
    }
    *receipt = v->told.format ? &v->told : NULL;
    return true;
}

static bool check_file(struct verification *v, size_t i, struct cpl_error *err)
{
    const struct cpl_stored_receipt *receipt = NULL;
    const struct cpl_log_file *file = cpl_log_file(v->log, i);
    char path[CPL_LOG_PATH_MAX], text[CPL_COUNTED_TEXT];
    bool pending;
    v->found_rows[i] = file->entry.rows; /* where they cannot be counted */
    if (file->removed_by)
        return check_removed(v, file, err);
    if (!cpl_log_path(v->log, file->entry.path, path, err) || !is_pending(v, file, &pending, err))
        return false;
    if (file->lost_by)
        return cpl_finding(v, "lost", path, err, "was declared lost by record %" PRIu64 ", with %s",
                           file->lost_by, cpl_counted(file->entry.rows, "row", text));
    if (pending)
        return true;
    if (!told_of(v, file->seq, &receipt, err) ||
        !cpl_verify_entry(v, path, &file->entry, receipt, &v->found_rows[i], err))
        return false;
    if (file->entry.role == CPL_FILE_REJECTS && !file->replayed_by)
        v->report->outstanding_rejects += v->found_rows[i];
    return true;
}

static bool check_files(struct verification *v, struct cpl_error *err)
{
    size_t n = cpl_log_file_count(v->log);
    v->found_rows = cpl_alloc_zero(n, sizeof *v->found_rows, err);
    if (!v->found_rows)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!check_file(v, i, err))
            return false;
    return true;
}

/* ---- records and receipts ---- */

static uint64_t found_rows(const struct verification *v, const struct cpl_file_entry *entry)
{
    const struct cpl_log_file *file = cpl_log_find(v->log, entry->path);
    return file ? v->found_rows[file - cpl_log_file(v->log, 0)] : entry->rows;
}

/* What the record decided and what the receipt tells must be the same files. */
static bool compare_files(struct verification *v, const struct cpl_log_record *record,
                          const struct cpl_stored_receipt *receipt, const char *path,
                          struct cpl_error *err)
{
    size_t told = 0;
    for (size_t i = 0; i < record->n_added; i++)
        told += record->added[i].role != CPL_FILE_RECEIPT;
    if (told != receipt->n_files)
        return cpl_finding(v, "receipt", path, err, "tells of %s, and record %" PRIu64 " added %zu",
                           CPL_COUNTED(receipt->n_files, "file"), record->seq, told);
    for (size_t i = 0; i < receipt->n_files; i++) {
        const struct cpl_file_entry *entry = &receipt->files[i];
        const struct cpl_log_file *file = cpl_log_find(v->log, entry->path);
        if (!file || file->seq != record->seq || file->entry.rows != entry->rows)
            return cpl_finding(v, "receipt", path, err,
                               "tells of %s otherwise than record %" PRIu64, entry->path,
                               record->seq);
    }
    return true;
}

/* The equations, with rows as they were counted in storage. */
static bool check_books(struct verification *v, const struct cpl_log_record *record,
                        struct cpl_stored_receipt *receipt, const char *path, struct cpl_error *err)
{
    struct cpl_error why = {0};
    const struct cpl_row_counts *told = &receipt->account.rows, *decided = &record->rows;
    for (size_t i = 0; i < receipt->n_files; i++)
        receipt->files[i].rows = found_rows(v, &receipt->files[i]);
    if (!cpl_account_check(&receipt->account, receipt->files, receipt->n_files, &why) &&
        !cpl_finding(v, "books", path, err, "%s", why.message))
        return false;
    if (told->read != decided->read || told->landed != decided->landed ||
        told->rejected != decided->rejected || told->filtered != decided->filtered ||
        told->derived != decided->derived || told->deduplicated != decided->deduplicated)
        return cpl_finding(v, "receipt", path, err, "counts rows otherwise than record %" PRIu64,
                           record->seq);
    if (strcmp(receipt->plan_hash, record->plan_hash) != 0)
        return cpl_finding(v, "receipt", path, err, "tells of another plan than record %" PRIu64,
                           record->seq);
    return true;
}

static bool read_receipt(struct verification *v, const char *path,
                         struct cpl_stored_receipt *receipt, bool *whole, struct cpl_error *err)
{
    struct cpl_error why = {0};
    *whole = cpl_receipt_read(v->storage, path, receipt, &why);
    if (*whole)
        return true;
    return why.code == CPL_E_MEMORY ? cpl_fail_with(err, &why)
                                    : cpl_finding(v, "receipt", path, err, "%s", why.message);
}

static bool check_receipt(struct verification *v, const struct cpl_log_record *record,
                          const char **previous, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_stored_receipt receipt = {0};
    const struct cpl_file_entry *entry = receipt_of(record);
    const struct cpl_log_file *file = entry ? cpl_log_find(v->log, entry->path) : NULL;
    bool pending, whole;
    if (!file)
        return record->kind != CPL_RECORD_COMMIT ||
               cpl_finding(v, "receipt", v->path, err, "has none for record %" PRIu64, record->seq);
    const char *before = *previous;
    *previous = file->entry.checksum;
    if (!is_pending(v, file, &pending, err) || !cpl_log_path(v->log, entry->path, path, err))
        return false;
    if (pending || file->lost_by)
        return true;
    if (!read_receipt(v, path, &receipt, &whole, err))
        return false;
    bool ok = true;
    if (whole) {
        v->report->receipts++;
        ok = (!strcmp(receipt.previous, before) ||
              cpl_finding(v, "receipt", path, err, "does not name the receipt before it")) &&
             compare_files(v, record, &receipt, path, err) &&
             check_books(v, record, &receipt, path, err);
    }
    cpl_stored_receipt_release(&receipt);
    return ok;
}

/* The plan was stored before the work, and the record names its hash. */
static bool check_plan(struct verification *v, const struct cpl_log_record *record,
                       struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX], hash[CPL_HASH_TEXT];
    uint64_t size;
    struct cpl_error why = {0};
    if (!record->plan[0])
        return true;
    if (!cpl_log_path(v->log, record->plan, path, err))
        return false;
    if (!cpl_storage_checksum(v->storage, path, &size, hash, &why))
        return why.code == CPL_E_MEMORY ? cpl_fail_with(err, &why)
                                        : cpl_finding(v, "plan", path, err, "%s", why.message);
    return !strcmp(hash, record->plan_hash) ||
           cpl_finding(v, "plan", path, err, "has hash %s, and record %" PRIu64 " tells of %s",
                       hash, record->seq, record->plan_hash);
}

static bool check_done(struct verification *v, uint64_t seq, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    bool proven;
    return cpl_log_prove_done(v->log, seq, path, &proven, err) &&
           (proven ||
            cpl_finding(v, "content", path, err,
                        "does not hold what says that record %" PRIu64 " is wholly visible", seq));
}

static bool check_records(struct verification *v, struct cpl_error *err)
{
    const char *previous = "";
    for (uint64_t seq = 1; seq <= cpl_log_head(v->log); seq++) {
        const struct cpl_log_record *record = cpl_log_record(v->log, seq);
        bool done;
        if (!cpl_log_is_done(v->log, seq, &done, err) || (done && !check_done(v, seq, err)) ||
            (!done &&
             !cpl_note(v, "unpublished", v->path, err,
                       "record %" PRIu64 " (run %s) is committed and not wholly visible; the "
                       "next run will finish it",
                       seq, record->run_id)))
            return false;
        if (record->kind == CPL_RECORD_COMMIT &&
            (!check_receipt(v, record, &previous, err) || !check_plan(v, record, err)))
            return false;
        v->report->records++;
    }
    return true;
}

/* ---- what no record knows ---- */

static bool list_or_nothing(struct verification *v, const char *path, struct cpl_object_list *list,
                            struct cpl_error *err)
{
    struct cpl_error why = {0};
    if (cpl_storage_list(v->storage, path, list, &why))
        return true;
    *list = (struct cpl_object_list){0};
    return why.code == CPL_E_NOT_FOUND || cpl_fail_with(err, &why);
}

/* All files of the dataset lie in folders (dated, partitions), so that one beside these is none of its table. */
static bool has_folders(const struct verification *v)
{
    bool some = false;
    for (size_t i = 0; i < cpl_log_file_count(v->log); i++) {
        const struct cpl_file_entry *entry = &cpl_log_file(v->log, i)->entry;
        if (entry->role == CPL_FILE_DATA && !strchr(entry->path, '/'))
            return false;
        some |= entry->role == CPL_FILE_DATA;
    }
    return some;
}

/* A whole single file that this program wrote: other datasets of a metadata group may lie beside the folders. */
static bool is_neighbour(struct verification *v, const char *path, bool *neighbour,
                         struct cpl_error *err)
{
    struct cpl_verify_report report;
    struct cpl_error why = {0};
    *neighbour = false;
    if (strchr(path + strlen(v->path) + 1, '/') || !has_folders(v))
        return true;
    if (!cpl_verify_parquet(v->storage, path, &report, &why))
        return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
    *neighbour = report.whole && !report.problems;
    cpl_verify_report_release(&report);
    return true;
}

static bool tell_stray(struct verification *v, const char *path, struct cpl_error *err)
{
    bool neighbour;
    if (!is_neighbour(v, path, &neighbour, err))
        return false;
    return neighbour
               ? cpl_note(v, "neighbour", path, err,
                          "lies beside the dataset's folders: a single file that cupel wrote, "
                          "whole by its own checksum, and no part of this dataset")
               : cpl_finding(v, "stray", path, err, "is here, and no record added it");
}

static bool check_stray(struct verification *v, const char *directory, struct cpl_error *err)
{
    struct cpl_object_list list;
    if (!list_or_nothing(v, directory, &list, err))
        return false;
    bool ok = true;
    size_t prefix = strlen(v->path) + 1;
    for (size_t i = 0; ok && i < list.n; i++)
        if (!cpl_log_find(v->log, list.items[i].path + prefix))
            ok = tell_stray(v, list.items[i].path, err);
    cpl_object_list_release(&list);
    return ok;
}

static bool note_staging(struct verification *v, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_object_list list;
    if (!cpl_log_path(v->log, "_cupel/staging", path, err) || !list_or_nothing(v, path, &list, err))
        return false;
    uint64_t bytes = 0;
    for (size_t i = 0; i < list.n; i++)
        bytes += list.items[i].size;
    bool ok = !list.n || cpl_note(v, "staging", path, err,
                                  "holds %s (%s) of runs that work now, or were killed",
                                  CPL_COUNTED(list.n, "file"), CPL_COUNTED(bytes, "byte"));
    cpl_object_list_release(&list);
    return ok;
}

static bool check_strays(struct verification *v, struct cpl_error *err)
{
    static const char *const ours[] = {"_cupel/rejects", "_cupel/receipts"};
    char path[CPL_LOG_PATH_MAX];
    if (!check_stray(v, v->path, err))
        return false;
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (!cpl_log_path(v->log, ours[i], path, err) || !check_stray(v, path, err))
            return false;
    return note_staging(v, err);
}

/* ---- all ---- */

static bool open_log(struct verification *v, struct cpl_error *err)
{
    struct cpl_error why = {0};
    if (cpl_log_open(v->storage, v->path, &v->log, &why)) {
        if (cpl_log_head(v->log))
            return true;
        bool exists;
        if (cpl_storage_exists(v->storage, v->path, &exists, NULL) && !exists)
            return cpl_fail(err, CPL_E_NOT_FOUND, "there is no file or folder %s", v->path);
        return cpl_fail(
            err, CPL_E_NOT_FOUND,
            "%s is no dataset that cupel wrote: it has no _cupel/log with records in it", v->path);
    }
    if (why.code == CPL_E_CORRUPT)
        return cpl_finding(v, "log", v->path, err, "%s", why.message);
    return cpl_fail_with(err, &why);
}

bool cpl_verify(struct cpl_storage *storage, const char *path, struct cpl_verify_report *report,
                struct cpl_error *err)
{
    *report = (struct cpl_verify_report){0};
    struct verification v = {.storage = storage, .report = report};
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    char *trimmed = cpl_strndup(path, length, err);
    v.path = trimmed;
    /* Without a log nothing is known of the files, so that its damage is all there is to say. */
    bool ok = trimmed && open_log(&v, err) &&
              (!v.log || (check_files(&v, err) && check_records(&v, err) && check_strays(&v, err)));
    cpl_free(v.found_rows);
    cpl_stored_receipt_release(&v.told);
    cpl_log_free(v.log);
    cpl_free(trimmed);
    if (!ok)
        cpl_verify_report_release(report);
    return ok;
}

/* Findings, and one file against what was promised of it. */
#include "base/plural.h"
#include "base/text.h"
#include "run/verify_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void cpl_verify_report_release(struct cpl_verify_report *report)
{
    cpl_free(report->findings);
    cpl_arena_release(&report->arena);
    *report = (struct cpl_verify_report){0};
}

/* ---- findings ---- */

static bool add_finding(struct verification *v, struct cpl_finding finding, const char *path,
                        struct cpl_error *err, const char *format, va_list args)
{
    char text[1200];
    struct cpl_verify_report *report = v->report;
    *(finding.problem ? &report->problems : &report->notes) += 1;
    size_t n = report->n_findings;
    if (n == CPL_FINDINGS_MAX)
        return true;
    cpl_text_vset(text, sizeof text, format, args);
    if (!(n & (n - 1))) { /* full at each power of two */
        struct cpl_finding *grown = cpl_realloc(report->findings, (n ? 2 * n : 1) * sizeof *grown,
                                                err);
        if (!grown)
            return false;
        report->findings = grown;
    }
    finding.path = cpl_arena_strndup(&report->arena, path, strlen(path), err);
    finding.text = finding.path ? cpl_arena_strndup(&report->arena, text, strlen(text), err) : NULL;
    if (!finding.text)
        return false;
    report->findings[report->n_findings++] = finding;
    return true;
}

bool cpl_finding(struct verification *v, const char *kind, const char *path, struct cpl_error *err,
                 const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = add_finding(v, (struct cpl_finding){.problem = true, .kind = kind}, path, err, format,
                          args);
    va_end(args);
    return ok;
}

bool cpl_note(struct verification *v, const char *kind, const char *path, struct cpl_error *err,
              const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = add_finding(v, (struct cpl_finding){.kind = kind}, path, err, format, args);
    va_end(args);
    return ok;
}

/* ---- one file ---- */

static bool check_rows(struct verification *v, const char *path, const struct cpl_file_entry *entry,
                       const struct cpl_stored_receipt *receipt, uint64_t *rows,
                       struct cpl_error *err)
{
    struct cpl_error why = {0};
    char text[CPL_COUNTED_TEXT];
    uint64_t found;
    bool known;
    if (!cpl_count_rows(v->storage, path, entry->role, receipt, &found, &known, &why)) {
        if (why.code == CPL_E_MEMORY)
            return cpl_fail_with(err, &why);
        *rows = 0;
        return cpl_finding(v, "content", path, err, "%s", why.message);
    }
    if (!known)
        return !receipt || !*receipt->format ||
               cpl_note(v, "rows", path, err,
                        "was not counted: its receipt does not say how its rows are written");
    *rows = found;
    if (entry->role == CPL_FILE_REJECTS)
        v->report->rejects += found;
    else
        v->report->rows += found;
    return found == entry->rows ||
           cpl_finding(v, entry->role == CPL_FILE_REJECTS ? "rejects" : "rows", path, err,
                       "holds %s, and %" PRIu64 " %s written", cpl_counted(found, "row", text),
                       entry->rows, cpl_were(entry->rows));
}

static bool check_bytes(struct verification *v, const char *path,
                        const struct cpl_file_entry *entry, bool *readable, struct cpl_error *err)
{
    char checksum[40], text[CPL_COUNTED_TEXT];
    uint64_t size;
    struct cpl_error why = {0};
    *readable = cpl_storage_checksum(v->storage, path, &size, checksum, &why);
    if (!*readable) {
        if (why.code == CPL_E_MEMORY)
            return cpl_fail_with(err, &why);
        return cpl_finding(v, why.code == CPL_E_NOT_FOUND ? "missing" : "content", path, err,
                           entry->rows ? "%s; %s %s written to it" : "%s", why.message,
                           cpl_counted(entry->rows, "row", text), cpl_were(entry->rows));
    }
    v->report->files++;
    v->report->bytes += size;
    if (size != entry->size)
        return cpl_finding(v, "size", path, err, "has %s, and %" PRIu64 " %s written",
                           cpl_counted(size, "byte", text), entry->size, cpl_were(entry->size));
    return !strcmp(checksum, entry->checksum) ||
           cpl_finding(v, "checksum", path, err, "has checksum %s, and %s was written", checksum,
                       entry->checksum);
}

bool cpl_verify_entry(struct verification *v, const char *path, const struct cpl_file_entry *entry,
                      const struct cpl_stored_receipt *receipt, uint64_t *rows,
                      struct cpl_error *err)
{
    bool readable;
    if (!check_bytes(v, path, entry, &readable, err))
        return false;
    if (!readable)
        *rows = 0;
    return !readable || entry->role == CPL_FILE_RECEIPT ||
           check_rows(v, path, entry, receipt, rows, err);
}

/* ---- a single file and its receipt ---- */

/* The receipt names files without their directory: they stand beside `path`. */
static bool check_beside(struct verification *v, struct cpl_stored_receipt *receipt,
                         struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    const char *slash = strrchr(v->path, '/');
    int directory = slash ? (int)(slash - v->path) + 1 : 0;
    for (size_t i = 0; i < receipt->n_files; i++) {
        struct cpl_file_entry *entry = &receipt->files[i];
        uint64_t rows = entry->rows;
        if (strchr(entry->path, '/') || snprintf(path, sizeof path, "%.*s%s", directory, v->path,
                                                 entry->path) >= (int)sizeof path)
            return cpl_fail(err, CPL_E_CORRUPT, "the receipt names the file %s", entry->path);
        if (!cpl_verify_entry(v, path, entry, receipt, &rows, err))
            return false;
        entry->rows = rows;
    }
    return true;
}

static bool is_told_of(const struct verification *v, const struct cpl_stored_receipt *receipt)
{
    const char *slash = strrchr(v->path, '/');
    const char *name = slash ? slash + 1 : v->path;
    for (size_t i = 0; i < receipt->n_files; i++)
        if (!strcmp(receipt->files[i].path, name))
            return true;
    return false;
}

bool cpl_verify_file(struct cpl_storage *storage, const char *path, const char *receipt_path,
                     bool inputs, struct cpl_verify_report *report, struct cpl_error *err)
{
    *report = (struct cpl_verify_report){0};
    struct verification v = {.storage = storage, .path = path, .report = report};
    struct cpl_stored_receipt receipt = {0};
    struct cpl_error why = {0};
    bool ok = cpl_receipt_read(storage, receipt_path, &receipt, err);
    if (ok && !is_told_of(&v, &receipt))
        ok = cpl_fail(err, CPL_E_USAGE, "the receipt %s does not tell of %s", receipt_path, path);
    ok = ok && check_beside(&v, &receipt, err);
    if (ok)
        report->receipts++;
    if (ok && !receipt.sealed)
        ok = cpl_note(&v, "receipt", receipt_path, err,
                      "was written by an earlier build, without a checksum of its own: what it "
                      "tells of inputs and settings is not proven");
    if (ok && !cpl_account_check(&receipt.account, receipt.files, receipt.n_files, &why))
        ok = cpl_finding(&v, "books", receipt_path, err, "%s", why.message);
    ok = ok && (!inputs || cpl_verify_told_inputs(&v, &receipt, receipt_path, err));
    cpl_stored_receipt_release(&receipt);
    if (!ok)
        cpl_verify_report_release(report);
    return ok;
}

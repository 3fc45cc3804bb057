/* Verification, inside: what verify.c, verify_file.c and verify_content.c share. */
#pragma once
#include "run/receipt.h"
#include "run/verify.h"

struct verification {
    struct cpl_storage *storage;
    const char *path;
    struct cpl_log *log;
    uint64_t *found_rows; /* one a file of the log */
    struct cpl_stored_receipt
        told; /* of the record `told_seq`, whose files are looked at; empty when it cannot be read */
    uint64_t told_seq;
    struct cpl_verify_report *report;
};

/* Both return false only when memory runs out. */
bool cpl_finding(struct verification *v, const char *kind, const char *path, struct cpl_error *err,
                 const char *format, ...) CPL_PRINTF(5, 6) CPL_CHECKED;
bool cpl_note(struct verification *v, const char *kind, const char *path, struct cpl_error *err,
              const char *format, ...) CPL_PRINTF(5, 6) CPL_CHECKED;
/* One file against its entry: size, checksum, rows. *rows: as counted, or left alone where they
 * cannot be. */
bool cpl_verify_entry(struct verification *v, const char *path, const struct cpl_file_entry *entry,
                      const struct cpl_stored_receipt *receipt, uint64_t *rows,
                      struct cpl_error *err) CPL_CHECKED;

/* ---- verify_inputs.c ---- */
/* The inputs of one receipt; `name` is what it is called. False only when memory runs out. */
bool cpl_verify_told_inputs(struct verification *v, const struct cpl_stored_receipt *receipt,
                            const char *name, struct cpl_error *err) CPL_CHECKED;

/* ---- verify_content.c ---- */
/* Rows of the file by decoding all of it, in the format that its receipt tells of (NULL = not known); Parquet is known by its name, too.
 * *known is false when they cannot be counted for want of that. What the file itself has wrong is an error of code
 * CORRUPT or DATA. */
bool cpl_count_rows(struct cpl_storage *storage, const char *path, enum cpl_file_role role,
                    const struct cpl_stored_receipt *receipt, uint64_t *rows, bool *known,
                    struct cpl_error *err) CPL_CHECKED;

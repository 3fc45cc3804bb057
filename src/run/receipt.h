/* The receipt of a run: JSON that says what was read, what became of every row, and what was
 * written.
 *
 * `<dataset>/_cupel/receipts/<run id>.json`; its checksum is in the log record, and it holds the
 * checksum of the receipt before it. What a rerun of the same plan repeats comes first; timings are
 * the last member but one, apart; the last is the checksum of all bytes before it. No secret ever gets here: the configuration appears as its hash only. */
#pragma once
#include "base/option.h"
#include "batch/schema.h"
#include "run/account.h"
#include "storage/storage.h"

struct cpl_receipt {
    /* filled by the loop */
    const char *run_id, *pipeline, *dialect; /* dialect: which kind of configuration */
    const char *config_hash, *plan_hash;
    const char *decoder; /* "csv" */
    const char
        *decoder_settings; /* JSON of the resolved dialect, from ops->describe; NULL = none */
    const char *format;    /* of the files: "parquet" */
    const char *encoder_settings;    /* JSON of its options; NULL = none */
    const struct cpl_schema *schema; /* of the files; may be NULL */
    int64_t now_ms;                  /* the plan's clock */
    struct cpl_account *account;
    const char *first_reject;   /* "file:line:column: field: message"; NULL = none */
    struct cpl_strings remarks; /* of columns' types (plan.h) */
    const char *chain;          /* JSON of what steps and grades came to (chain.h); NULL = none */
    struct cpl_timings timings;
    /* filled by cpl_attempt_commit */
    const struct cpl_file_entry *files; /* data and reject files */
    size_t n_files;
    const char **removed, **replayed;
    size_t n_removed, n_replayed;
    const char *previous; /* checksum of the receipt before; "" = none */
};
bool cpl_receipt_encode(const struct cpl_receipt *receipt, struct cpl_buffer *out,
                        struct cpl_error *err) CPL_CHECKED;

/* A stored receipt, as verify reads it. */
struct cpl_stored_receipt {
    const char *run_id, *plan_hash, *previous, *format;
    struct cpl_pairs encoder_settings; /* option names and values, as resolved then */
    struct cpl_account account;
    const char *first_reject;  /* NULL = none */
    bool sealed;               /* a checksum of its own proves it; only earlier builds wrote none */
    struct cpl_schema *schema; /* of the files; what has no type that can be read is left out */
    struct cpl_file_entry *files;
    size_t n_files;
    struct cpl_arena arena;
};
bool cpl_receipt_parse(const char *text, size_t size, const char *name,
                       struct cpl_stored_receipt *receipt, struct cpl_error *err) CPL_CHECKED;
/* The receipt at a path. */
bool cpl_receipt_read(struct cpl_storage *storage, const char *path,
                      struct cpl_stored_receipt *receipt, struct cpl_error *err) CPL_CHECKED;
void cpl_stored_receipt_release(struct cpl_stored_receipt *receipt);

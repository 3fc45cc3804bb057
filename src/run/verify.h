/* `cupel verify PATH`: recompute everything from storage, by reading it.
 *
 * Nothing that the program once counted is believed. The log's chain is checked record by record;
 * every file is read wholly: size, checksum, and (Parquet) every page's CRC and every row counted
 * by decoding; rejects are counted by reading reject files; each receipt's equations are checked
 * with the numbers found, not with the ones written. Also found: files that the log says are there
 * and are not, files visible to readers that no record added, records not yet published, staging
 * left by killed runs. A *problem* means that stored data is not what was promised (exit status of
 * CORRUPT). A *note* does not. Threads: one call, one thread; it only reads. */
#pragma once
#include "run/log.h"

struct cpl_finding {
    bool problem;
    const char *kind; /* stable word: "log" "missing" "size" "checksum" "rows" "content" "rejects"
                         "receipt" "plan" "books" "stray" "neighbour" "unpublished" "staging" "lost" "foreign" "input" */
    const char *path; /* of what it is about */
    const char *text; /* a sentence */
};
struct cpl_verify_report {
    uint64_t records, files, bytes, rows, rejects, receipts; /* what was read and found whole */
    uint64_t inputs;                                         /* read again by cpl_verify_inputs */
    uint64_t outstanding_rejects; /* rows in reject files not replayed yet */
    uint64_t problems, notes;
    bool alone; /* a file without a receipt: rejects were not looked at */
    bool whole; /* …that a checksum of its own covers byte for byte */
    struct cpl_finding
        *findings; /* in the order found; at most CPL_FINDINGS_MAX are kept, all are counted */
    size_t n_findings;
    struct cpl_arena arena;
};
enum { CPL_FINDINGS_MAX = 10000 };
/* `path`: a dataset. false only when verifying itself failed (no such dataset, no memory,
 * unreadable directory). */
bool cpl_verify(struct cpl_storage *storage, const char *path, struct cpl_verify_report *report,
                struct cpl_error *err) CPL_CHECKED;
/* After cpl_verify, with its report: are the inputs still the bytes that the receipts tell of? */
bool cpl_verify_inputs(struct cpl_storage *storage, const char *path,
                       struct cpl_verify_report *report, struct cpl_error *err) CPL_CHECKED;
/* A single file against the receipt that `cupel convert --receipt` wrote. `inputs`: are they still the bytes that it tells of, too? */
bool cpl_verify_file(struct cpl_storage *storage, const char *path, const char *receipt_path,
                     bool inputs, struct cpl_verify_report *report,
                     struct cpl_error *err) CPL_CHECKED;
/* A Parquet file without a receipt, against what it says of itself. What is wrong with its bytes is a problem of kind
 * "content"; UNSUPPORTED and LIMIT are errors in files of other writers only, since ours are within what is read. */
bool cpl_verify_parquet(struct cpl_storage *storage, const char *path,
                        struct cpl_verify_report *report, struct cpl_error *err) CPL_CHECKED;
void cpl_verify_report_release(struct cpl_verify_report *report);

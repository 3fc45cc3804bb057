/* The decision of a run whose target is one file, when it takes more than one step: file and rejects, perhaps a receipt, and
 * what goes with the file before (its rejects, replays of these).
 *
 *   .<name>.cupel/commit.json     beside the target; JSON with its own hash, as records of a dataset's log
 *   .<name>.cupel/<nonce>/…       what is staged: the tokens of the record's steps
 *
 * It is created exclusively and removed when all of its steps are done. Each step can be done again: its token works once, and what it
 * replaces is replaced only while it is the file that the run saw. Names are plain: everything stands in the target's directory.
 *
 * Threads: any. */
#pragma once
#include "run/log_record.h"
#include "storage/storage.h"

enum { CPL_SINGLE_RECORD_MAX = 4 << 20 };
#define CPL_SINGLE_RECORD "commit.json"

struct cpl_single_step {
    const char *name;  /* of the file, beside the target */
    const char *token; /* below the hidden directory; "" = the file goes */
    uint64_t size;
    const char *checksum;
    const char *replaces; /* etag of what stood there; "" = nothing */
};
struct cpl_single_record {
    const char *run_id, *nonce;
    struct cpl_single_step *steps;
    size_t n, capacity;
    struct cpl_arena arena; /* of the texts that were parsed */
};
/* Copies the step, not its texts. */
bool cpl_single_record_add(struct cpl_single_record *record, const struct cpl_single_step *step,
                           struct cpl_error *err) CPL_CHECKED;
/* LIMIT when it takes more than CPL_SINGLE_RECORD_MAX bytes. */
bool cpl_single_record_encode(const struct cpl_single_record *record, struct cpl_buffer *out,
                              struct cpl_error *err) CPL_CHECKED;
/* CORRUPT when it does not prove itself. */
bool cpl_single_record_parse(const char *text, size_t size, const char *name,
                             struct cpl_single_record *record, struct cpl_error *err) CPL_CHECKED;
void cpl_single_record_release(struct cpl_single_record *record);

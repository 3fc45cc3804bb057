/* From which objects the rows of a reject file came, in the file's order, and what its footer tells of them for a replay
 * (source/rejects_record.h).
 *
 * Threads: belongs to the ordered stage. */
#pragma once
#include "quality/reject.h"
#include "run/account.h"
#include "run/plan.h"

struct cpl_reject_run {
    size_t input;
    const char *object; /* NULL: the input itself; else where its rows first stood; borrowed */
    uint64_t rows;
};
struct cpl_reject_origins {
    struct cpl_reject_run *runs;
    size_t n, capacity;
};
void cpl_reject_origins_release(struct cpl_reject_origins *origins);
/* These rows of `input` come next. */
bool cpl_reject_origins_note(struct cpl_reject_origins *origins, size_t input,
                             const struct cpl_reject_list *rejects,
                             struct cpl_error *err) CPL_CHECKED;
/* The record, as JSON. Reads the inputs' headers again, whose lengths the account knows. */
bool cpl_reject_origins_write(const struct cpl_reject_origins *origins, const struct cpl_plan *plan,
                              const struct cpl_account *account, struct cpl_buffer *out,
                              struct cpl_error *err) CPL_CHECKED;

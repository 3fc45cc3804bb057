/* What a run may write over: nothing but files that are its output.
 *
 * A run writes new files and renames them into place, which replaces whatever stands there: a device, a FIFO, a link,
 * the very file that is read. So all of that is refused before any work, whatever the mode.
 *
 * Threads: any. Nothing is opened; only names are looked at. */
#pragma once
#include "run/plan.h"

struct cpl_target {
    const struct cpl_sink_config *sink;
    const char *
        receipt; /* where the receipt of a single file goes, or a copy of a dataset's; NULL = none */
    bool replace_receipt;
    const char *config; /* the file that the pipeline was read from; NULL = none */
};
/* One file that will be renamed into place: CONFIG unless it is a file, or nothing stands there. */
bool cpl_target_check_file(struct cpl_storage *storage, const char *path,
                           struct cpl_error *err) CPL_CHECKED;
/* Single files, their rejects and the receipt: none may be the file that configures the run, or its .env (CONFIG), and a receipt may not lie in a dataset either. CONFLICT when only the receipt is there already, and may not be replaced. */
bool cpl_target_check(struct cpl_storage *storage, const struct cpl_target *target,
                      struct cpl_error *err) CPL_CHECKED;
/* No input may be what the run writes, or lie in the dataset. CONFIG. */
bool cpl_target_check_inputs(struct cpl_storage *storage, const struct cpl_target *target,
                             const struct cpl_plan *plan, struct cpl_error *err) CPL_CHECKED;

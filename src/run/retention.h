/* Retention of dated folders: `keep: 30d`.
 *
 * A dated dataset has folders `<name>=YYYY-MM-DD` (name: ingest_date or run_date). A folder whose
 * date is more than `keep` days before the plan's date is removed, by a log record first and then
 * from storage, so that a reader of the log sees it go at once and a crash in between is finished
 * by recovery. Whole days of the plan's date are compared, so no time of day and no time zone can
 * matter; `keep` must be whole days. Only files that the log knows are removed. A folder that still
 * holds others stays, and is counted in `kept`. */
#pragma once
#include "run/log.h"

struct cpl_retention_report {
    uint64_t folders, files, rows; /* removed */
    uint64_t kept;                 /* folders due that hold files which are not ours */
};
/* `today`: the plan's partition date, days since 1970-01-01. CONFIG when keep_ms is not a positive
 * whole number of days. */
bool cpl_retention_apply(struct cpl_log *log, const char *name, int64_t keep_ms, int32_t today,
                         const char *run_id, int64_t now_ms, struct cpl_retention_report *report,
                         struct cpl_error *err) CPL_CHECKED;

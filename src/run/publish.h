/* Publish: make a committed record's files visible (rules 10 to 12). A redo, done by whoever comes
 * first.
 *
 * Every token is consumed once, by a rename that never overwrites, so that doing it again, by the
 * same or by another process, a late one included, changes nothing. Files added become visible
 * first, then files removed go, then `<seq>.done` says that nothing is left to do. Records are
 * published in order of their numbers. */
#pragma once
#include "run/log.h"

/* A file whose staged copy is gone and which is not visible either. */
struct cpl_missing {
    uint64_t seq;
    const struct cpl_file_entry *file;
};
struct cpl_publish_report {
    uint64_t published, already, removed;
    struct cpl_missing *missing; /* free with cpl_free */
    size_t n_missing;
};
void cpl_publish_report_release(struct cpl_publish_report *report);
/* Redo record `seq`. Files missing are reported, not an error; then `.done` is not written.
 * CONFLICT when another file stands in a target's place: it is named, and nothing is overwritten.
 */
bool cpl_publish_record(struct cpl_log *log, uint64_t seq, struct cpl_publish_report *report,
                        struct cpl_error *err) CPL_CHECKED;

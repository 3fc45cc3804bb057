/* One run as its user sees it: progress while it goes on, then the result as a summary or as JSON,
 * and what to do next. */
#pragma once
#include "command/console.h"
#include "config/settings.h"

struct cpl_outcome_options {
    const struct cpl_pipeline *pipeline;
    const char *run_id;                  /* NULL = made */
    const char *receipt_path;            /* of a single file, or a copy; NULL = none */
    bool replace_receipt;                /* a file that stands there */
    bool json;                           /* result object to standard output */
    const struct cpl_settings *settings; /* which flags gave what an error tells of; may be NULL */
    void (*explain)(struct cpl_error *err); /* add to an error what to do about it; may be NULL */
};
/* What the flags --run-id, --receipt, --force and --json say; the rest is empty. */
struct cpl_outcome_options cpl_outcome_flags(const struct cpl_arguments *arguments);
/* Runs the pipeline and tells; returns the exit status. */
int cpl_outcome(struct cpl_console *console, const struct cpl_outcome_options *options);

/* SIGINT, SIGTERM and SIGHUP set the flag, unless they are ignored; a second one kills. SIGPIPE is ignored: writes fail instead. */
_Atomic bool *cpl_stop_on_signals(void);

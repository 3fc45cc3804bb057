/* Errors are values.
 *
 * Every function that can fail takes `struct cpl_error *err` as its last argument and returns bool:
 * true = done, false = failed and *err says why. err may be NULL where the caller does not care.
 * The text says what happened, where, and what to do. A bad *row* is never an error: it is a reject
 * (quality/reject.h). The codes, their process exit statuses and their one-line explanations stand
 * in one table, error_codes.def; docs/reference/errors.md is generated from it.
 *
 * Threads: an error belongs to one thread. Nothing here allocates, so nothing here can fail. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum cpl_code {
#define X(name, exit_status, retriable, summary) CPL_E_##name,
#include "base/error_codes.def"
#undef X
    CPL_CODE_COUNT
};

struct cpl_error {
    enum cpl_code code;
    bool retriable;     /* trying the same again may succeed */
    char message[1000]; /* one or two sentences, UTF-8, no newline at the end */
};

/* Functions whose failure must be looked at. */
#define CPL_CHECKED      __attribute__((warn_unused_result))
#define CPL_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Fill *err (if not NULL) and return false, so that a failing function reads
 * `return cpl_fail(err, CPL_E_IO, "cannot read %s: %s", path, strerror(errno));` */
bool cpl_fail(struct cpl_error *err, enum cpl_code code, const char *format, ...) CPL_PRINTF(3, 4);
/* As cpl_fail, for CPL_E_IO and friends: appends strerror(errnum) and picks the code by errno
 * (ENOSPC → CPL_E_SPACE, ENOENT → CPL_E_NOT_FOUND, EACCES/EPERM → CPL_E_PERMISSION, else CPL_E_IO). */
bool cpl_fail_errno(struct cpl_error *err, int errnum, const char *format, ...) CPL_PRINTF(3, 4);
/* Give `why` on as the error of the caller; returns false. */
bool cpl_fail_with(struct cpl_error *err, const struct cpl_error *why);
/* Put "context: " before the message; returns false. */
bool cpl_fail_context(struct cpl_error *err, const char *format, ...) CPL_PRINTF(2, 3);
/* Say which file it happened in: put "path: " before the message, unless it names the path already (as what storage says does);
 * returns false. */
bool cpl_fail_in(struct cpl_error *err, const char *path);
/* Does the message name the path, or something below it? */
bool cpl_error_names(const char *message, const char *path);

const char *cpl_code_name(enum cpl_code code);    /* "CONFIG" */
const char *cpl_code_summary(enum cpl_code code); /* "the configuration is wrong" */
int cpl_code_exit_status(enum cpl_code code);     /* process exit status, documented in cupel(1) */

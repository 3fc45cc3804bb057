#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *summary;
    int exit_status;
    bool retriable;
} codes[CPL_CODE_COUNT] = {
#define X(code, status, retry, text)                                                               \
    [CPL_E_##code] = {.name = #code, .summary = text, .exit_status = status, .retriable = retry},
#include "base/error_codes.def"
#undef X
};

static void fill(struct cpl_error *err, enum cpl_code code, const char *format, va_list args)
{
    if (!err)
        return;
    err->code = code;
    err->retriable = codes[code].retriable;
    cpl_text_vset(err->message, sizeof err->message, format, args);
}

bool cpl_fail(struct cpl_error *err, enum cpl_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, code, format, args);
    va_end(args);
    return false;
}

static enum cpl_code code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return CPL_E_SPACE;
    case ENOENT:
    case ENOTDIR:
        return CPL_E_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return CPL_E_PERMISSION;
    case ENOMEM:
        return CPL_E_MEMORY;
    default:
        return CPL_E_IO;
    }
}

/* The reason stands also behind a path that fills the message. */
static void append_reason(struct cpl_error *err, int errnum)
{
    char buffer[128], reason[136];
    if (!err)
        return;
    snprintf(reason, sizeof reason, ": %s", strerror_r(errnum, buffer, sizeof buffer));
    size_t length = strlen(reason), room = sizeof err->message - 1 - length;
    size_t used = strnlen(err->message, room);
    memcpy(err->message + used, reason, length + 1);
    err->message[cpl_text_mend(err->message, strlen(err->message))] = 0;
}

bool cpl_fail_errno(struct cpl_error *err, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, code_of_errno(errnum), format, args);
    va_end(args);
    append_reason(err, errnum);
    return false;
}

bool cpl_fail_with(struct cpl_error *err, const struct cpl_error *why)
{
    if (err)
        *err = *why;
    return false;
}

bool cpl_fail_context(struct cpl_error *err, const char *format, ...)
{
    if (!err)
        return false;
    char before[sizeof err->message], context[400];
    memcpy(before, err->message, sizeof before);
    va_list args;
    va_start(args, format);
    cpl_text_vset(context, sizeof context, format, args);
    va_end(args);
    cpl_text_set(err->message, sizeof err->message, "%s: %s", context, before);
    return false;
}

/* Followed by what ends a name in a sentence ("cannot open a.csv: …", "cannot read a.csv at byte 7"), or by what lies in the folder. */
static bool name_ends(const char *rest)
{
    return !*rest || strchr(":;,/", *rest) || !strncmp(rest, " at byte ", 9);
}

bool cpl_error_names(const char *message, const char *path)
{
    size_t length = strlen(path);
    if (length && !strncmp(message, path, length) && !strncmp(message + length, " is ", 4))
        return true;
    for (const char *at = message; length && (at = strstr(at, path)); at++)
        if ((at == message || at[-1] == ' ') && name_ends(at + length))
            return true;
    return false;
}

bool cpl_fail_in(struct cpl_error *err, const char *path)
{
    if (!err || cpl_error_names(err->message, path))
        return false;
    return cpl_fail_context(err, "%s", path);
}

const char *cpl_code_name(enum cpl_code code)
{
    return codes[code].name;
}
const char *cpl_code_summary(enum cpl_code code)
{
    return codes[code].summary;
}
int cpl_code_exit_status(enum cpl_code code)
{
    return codes[code].exit_status;
}

#include "base/error.h"

#include <errno.h>
#include <stdint.h>
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

/* Bytes of the UTF-8 sequence that a lead byte announces; 1 = it is none. */
static size_t announced(uint8_t lead)
{
    return lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
}

/* A precision (%.80s) or the message's own end may have cut a character of the user's: what is left
 * of one becomes '?'. */
static void mend_cuts(char *message)
{
    char *to = message;
    for (const char *at = message; *at;) {
        size_t wanted = announced((uint8_t)*at), have = 1;
        while (have < wanted && ((uint8_t)at[have] & 0xC0) == 0x80)
            have++;
        bool cut = have > 1 ? have < wanted : wanted > 1;
        memmove(to, at, have);
        if (cut)
            *to = '?';
        to += cut ? 1 : have;
        at += have;
    }
    *to = 0;
}

static void fill(struct cpl_error *err, enum cpl_code code, const char *format, va_list args)
{
    if (!err)
        return;
    err->code = code;
    err->retriable = codes[code].retriable;
    vsnprintf(err->message, sizeof err->message, format, args);
    mend_cuts(err->message);
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

bool cpl_fail_errno(struct cpl_error *err, int errnum, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fill(err, code_of_errno(errnum), format, args);
    va_end(args);
    if (err) {
        size_t used = strlen(err->message);
        char text[128];
        snprintf(err->message + used, sizeof err->message - used, ": %s",
                 strerror_r(errnum, text, sizeof text));
    }
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
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    int used = snprintf(err->message, sizeof err->message, "%s: ", context);
    size_t at = used < 0 ? 0 : (size_t)used;
    size_t room = at < sizeof err->message ? sizeof err->message - at : 0;
    size_t length = strlen(before);
    if (length >= room)
        length = room ? room - 1 : 0;
    memcpy(err->message + at, before, length);
    err->message[at + length] = 0;
    return false;
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

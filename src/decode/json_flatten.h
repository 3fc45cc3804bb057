/* Names of flattened fields: {"user": {"id": 1}} is column `user.id`.
 *
 * A separator (or backslash) inside a key is written with a backslash before it, so that
 * {"user.id": 1} is column `user\.id` and nothing collides. Without a separator names are keys. */
#pragma once
#include "base/memory.h"

/* Append `separator` (unless it is the first) and the key with its separators escaped. */
bool json_flatten_name(struct cpl_buffer *out, const char *key, const char *separator, bool first,
                       struct cpl_error *err) CPL_CHECKED;
/* Take the first key off *name, unescaped into `part` (room for all of *name). *last: nothing is
 * left. Returns its length. */
size_t json_flatten_part(const char **name, const char *separator, char *part, bool *last);

/* Names and places of flattened fields: {"user": {"id": 1}} is column `user.id`.
 *
 * A name joins the keys as they are. A place (cpl_field.path, when the name does not say it) is the same with a backslash before each
 * separator or backslash inside a key, so that the keys can be told again: with `_`, {"user": {"first_name": …}} is column
 * `user_first_name` at `user_first\_name`. Two places that make one name cannot be told by it, and are refused (json_infer.c). Without a
 * separator names are keys. Threads: any. */
#pragma once
#include "batch/schema.h"

/* Append `separator` (unless it is the first) and the key with its separators escaped. */
bool json_flatten_place(struct cpl_buffer *out, const char *key, const char *separator, bool first,
                        struct cpl_error *err) CPL_CHECKED;
/* Take the first key off *place, unescaped into `part` (room for all of *place). *last: nothing is
 * left. Returns its length. */
size_t json_flatten_part(const char **place, const char *separator, char *part, bool *last);
/* The place of a top-level field. */
static inline const char *json_place_of(const struct cpl_field *field)
{
    return field->path ? field->path : field->name;
}
/* A place as a JSON Pointer (RFC 6901), for messages: cut at `size`. */
void json_flatten_pointer(const char *place, const char *separator, char *out, size_t size);

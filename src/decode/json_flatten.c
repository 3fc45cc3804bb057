#include "decode/json_flatten.h"
#include "base/text.h"
#include <string.h>

static bool at_separator(const char *text, const char *separator)
{
    return !strncmp(text, separator, strlen(separator));
}

/* Would a reader see a separator begin here, in `key` followed by a separator? */
static bool begins_separator(const char *key, const char *separator)
{
    size_t left = strlen(key), length = strlen(separator);
    if (left >= length)
        return at_separator(key, separator);
    return !strncmp(separator, key, left) && !strncmp(separator + left, separator, length - left);
}

bool json_flatten_place(struct cpl_buffer *out, const char *key, const char *separator, bool first,
                        struct cpl_error *err)
{
    if (!separator)
        return cpl_buffer_append_text(out, key, err);
    if (!first && !cpl_buffer_append_text(out, separator, err))
        return false;
    for (; *key; key++) {
        bool escape = *key == '\\' || begins_separator(key, separator);
        if ((escape && !cpl_buffer_append(out, "\\", 1, err)) ||
            !cpl_buffer_append(out, key, 1, err))
            return false;
    }
    return true;
}

size_t json_flatten_part(const char **place, const char *separator, char *part, bool *last)
{
    const char *at = *place;
    size_t length = 0;
    if (!separator) {
        length = strlen(at);
        memcpy(part, at, length + 1);
        *last = true;
        return length;
    }
    while (*at && !at_separator(at, separator)) {
        if (*at == '\\' && at[1])
            at++;
        part[length++] = *at++;
    }
    part[length] = 0;
    *last = !*at;
    *place = *last ? at : at + strlen(separator);
    return length;
}

void json_flatten_pointer(const char *place, const char *separator, char *out, size_t size)
{
    size_t at = 0, length = strlen(separator);
    bool begin = true;
    for (; *place && at + 3 < size; begin = false) {
        if (begin || at_separator(place, separator)) {
            place += begin ? 0 : length;
            out[at++] = '/';
            if (!begin)
                continue;
        }
        place += *place == '\\' && place[1];
        if (*place == '/' || *place == '~')
            out[at++] = '~';
        out[at++] = *place == '/' ? '1' : *place == '~' ? '0' : *place;
        place += *place != 0;
    }
    out[at] = 0;
    out[cpl_text_mend(out, at)] = 0;
}

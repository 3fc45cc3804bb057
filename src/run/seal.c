#include "run/seal.h"

#include <string.h>

bool cpl_seal_append(const struct cpl_seal *seal, struct cpl_buffer *out, size_t from,
                     char hash[CPL_HASH_TEXT], struct cpl_error *err)
{
    cpl_hash_text(out->data + from, out->size - from, hash);
    return cpl_buffer_printf(out, err, "%s%s%s", seal->head, hash, seal->end);
}

bool cpl_seal_proves(const struct cpl_seal *seal, const char *text, size_t size,
                     char hash[CPL_HASH_TEXT])
{
    size_t head = strlen(seal->head), end = strlen(seal->end);
    if (size < head + CPL_SEAL_HASH + end)
        return false;
    size_t body = size - head - CPL_SEAL_HASH - end;
    const char *stored = text + body + head;
    cpl_hash_text(text, body, hash);
    return !memcmp(text + body, seal->head, head) && !memcmp(stored, hash, CPL_SEAL_HASH) &&
           !memcmp(stored + CPL_SEAL_HASH, seal->end, end);
}

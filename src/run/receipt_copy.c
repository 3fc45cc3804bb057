#include "run/receipt_copy.h"

#include "run/log_record.h"

#include <string.h>

static bool is_same(struct cpl_storage *storage, const char *path, const struct cpl_buffer *text,
                    bool *same, struct cpl_error *err)
{
    struct cpl_buffer there = {0};
    struct cpl_error why = {0};
    *same = cpl_storage_read_all(storage, path, CPL_LOG_RECORD_MAX, &there, &why) &&
            there.size == text->size && !memcmp(there.data, text->data, text->size);
    cpl_buffer_release(&there);
    return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
}

static bool put(struct cpl_storage *storage, const char *to, const struct cpl_buffer *text,
                struct cpl_error *err)
{
    enum cpl_create_result result;
    return cpl_storage_create_exclusive(storage, to, text->data, text->size, &result, err) &&
           (result == CPL_CREATED ||
            cpl_fail(err, CPL_E_CONFLICT,
                     "%s is there already, and the receipt would replace it; ask for that "
                     "(--force), or choose another path",
                     to));
}

bool cpl_receipt_copy(struct cpl_storage *storage, const char *from, const char *to, bool replace,
                      struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool same = false;
    bool ok = cpl_storage_read_all(storage, from, CPL_LOG_RECORD_MAX, &text, err) &&
              is_same(storage, to, &text, &same, err);
    if (ok && !same)
        ok = (!replace || cpl_storage_remove(storage, to, err)) && put(storage, to, &text, err);
    cpl_buffer_release(&text);
    return ok;
}

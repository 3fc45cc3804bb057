/* A hostile log record, or one of a single file: whatever parses is written again, and parses to the same bytes. The hash is
 * put right first, or nothing but its check would be reached. */
#include "run/log_record.h"
#include "run/single_record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_single(const struct cpl_buffer *text)
{
    struct cpl_error err;
    struct cpl_buffer once = {0};
    struct cpl_single_record record, again;
    if (cpl_single_record_parse((const char *)text->data, text->size, "fuzz", &record, &err)) {
        if (!cpl_single_record_encode(&record, &once, &err) ||
            !cpl_single_record_parse((const char *)once.data, once.size, "again", &again, &err) ||
            record.n != again.n)
            abort();
        cpl_single_record_release(&again);
        cpl_single_record_release(&record);
    }
    cpl_buffer_release(&once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpl_error err;
    struct cpl_buffer text = {0}, once = {0}, twice = {0};
    struct cpl_log_record record, again;
    char hash[CPL_HASH_TEXT];
    cpl_hash_text(data, size, hash);
    if (!cpl_buffer_append(&text, data, size, &err) ||
        !cpl_buffer_printf(&text, &err, ",\"hash\":\"%s\"}\n", hash))
        abort();
    if (cpl_log_record_parse((const char *)text.data, text.size, "fuzz", &record, &err)) {
        if (!cpl_log_record_encode(&record, &once, &err) ||
            !cpl_log_record_parse((const char *)once.data, once.size, "again", &again, &err) ||
            !cpl_log_record_encode(&again, &twice, &err) || once.size != twice.size ||
            memcmp(once.data, twice.data, once.size) != 0)
            abort();
        cpl_log_record_release(&again);
        cpl_log_record_release(&record);
    }
    try_single(&text);
    cpl_buffer_release(&text);
    cpl_buffer_release(&once);
    cpl_buffer_release(&twice);
    return 0;
}

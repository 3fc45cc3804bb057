/* What a reject file's footer tells of its run, from hostile bytes: refused, or the same after a round trip. */
#include "source/rejects_record.h"

#include <stdlib.h>
#include <string.h>

static bool parse(const void *text, size_t size, struct cpl_arena *arena,
                  struct cpl_rejects_record *record, struct cpl_schema **schema)
{
    struct cpl_error err = {0};
    return cpl_rejects_record_parse(text, size, "fuzz", 3, arena, record, schema, &err);
}

/* What a dialect holds is its decoder's to write: here nothing. */
static bool name_dialects(struct cpl_rejects_record *record, struct cpl_arena *arena)
{
    record->dialects_json = cpl_arena_alloc(
        arena, record->n_dialects * sizeof *record->dialects_json, NULL);
    for (size_t i = 0; record->dialects_json && i < record->n_dialects; i++)
        record->dialects_json[i] = "{}";
    return record->dialects_json != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpl_arena arena = {0}, again = {0};
    struct cpl_buffer text = {0};
    struct cpl_rejects_record record, back;
    struct cpl_schema *schema, *back_schema = NULL;
    struct cpl_error err = {0};
    if (parse(data, size, &arena, &record, &schema)) {
        if (!name_dialects(&record, &arena))
            abort();
        if (!cpl_rejects_record_encode(&record, &text, &err) ||
            !parse(text.data, text.size, &again, &back, &back_schema) ||
            back.n_headers != record.n_headers || back.n_dialects != record.n_dialects ||
            back.n_objects != record.n_objects || strcmp(back.decoder, record.decoder) != 0)
            abort();
        for (size_t i = 0; i < record.n_headers; i++)
            if (back.headers[i].size != record.headers[i].size ||
                memcmp(back.headers[i].data, record.headers[i].data, record.headers[i].size) != 0)
                abort();
    }
    cpl_schema_free(schema);
    cpl_schema_free(back_schema);
    cpl_buffer_release(&text);
    cpl_arena_release(&arena);
    cpl_arena_release(&again);
    return 0;
}

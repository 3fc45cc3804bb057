#include "run/reject_origins.h"

#include "source/rejects_record.h"

#include <string.h>

#include <xxhash.h>

void cpl_reject_origins_release(struct cpl_reject_origins *origins)
{
    cpl_free(origins->runs);
    *origins = (struct cpl_reject_origins){0};
}

static bool note(struct cpl_reject_origins *origins, size_t input, const char *object,
                 struct cpl_error *err)
{
    struct cpl_reject_run *last = origins->n ? &origins->runs[origins->n - 1] : NULL;
    if (last && last->input == input && last->object == object) {
        last->rows++;
        return true;
    }
    if (origins->n == origins->capacity) {
        size_t capacity = origins->capacity ? 2 * origins->capacity : 16;
        struct cpl_reject_run *grown = cpl_realloc(origins->runs, capacity * sizeof *grown, err);
        if (!grown)
            return false;
        origins->runs = grown;
        origins->capacity = capacity;
    }
    origins->runs[origins->n++] = (struct cpl_reject_run){input, object, 1};
    return true;
}

bool cpl_reject_origins_note(struct cpl_reject_origins *origins, size_t input,
                             const struct cpl_reject_list *rejects, struct cpl_error *err)
{
    const struct cpl_reject_row *rows =
        (const struct cpl_reject_row *)(const void *)rejects->rows.data;
    for (uint64_t i = 0; i < rejects->n; i++)
        if (!note(origins, input, rows[i].object, err))
            return false;
    return true;
}

/* ---- the record ---- */

struct writing {
    const struct cpl_plan *plan;
    const struct cpl_account *account;
    struct cpl_arena arena; /* headers and dialects */
    struct cpl_rejects_record record;
    uint64_t *hashes, *dialect_hashes; /* of the headers; of the dialects */
    size_t header_bytes;
};

/* What stands before the rows of an input and is no comment or blank line: byte-order mark and preamble, and the header row.
 * *there is false when nobody knows it any more. */
static bool read_header(const struct writing *w, size_t i, struct cpl_buffer *out, bool *there,
                        struct cpl_error *err)
{
    const struct cpl_input *input = &w->plan->inputs.items[i];
    const struct cpl_input_account *account = &w->account->inputs[i];
    const struct cpl_header_row *row = &account->header_row;
    *there = false;
    if (input->rejects) {
        struct cpl_rejects_bytes header = cpl_rejects_part_header(input->rejects, input->part);
        *there = true;
        return !header.size || cpl_buffer_append(out, header.data, header.size, err);
    }
    if (account->header_bytes > CPL_REJECTS_HEADERS_MAX || row->size > account->header_bytes)
        return true;
    uint64_t above = account->header_bytes - row->size;
    if (!cpl_input_head(&w->plan->inputs, i, 0, (size_t)above, out, there, err))
        return false;
    return !*there || !row->size ||
           cpl_input_head(&w->plan->inputs, i, row->at, (size_t)row->size, out, there, err);
}

/* Many objects have the same header. */
static bool add_header(struct writing *w, const struct cpl_buffer *bytes, int64_t *index,
                       struct cpl_error *err)
{
    struct cpl_rejects_record *record = &w->record;
    uint64_t hash = XXH3_64bits(bytes->data, bytes->size);
    *index = CPL_NO_HEADER;
    for (size_t i = 0; i < record->n_headers; i++)
        if (w->hashes[i] == hash && record->headers[i].size == bytes->size &&
            (!bytes->size || !memcmp(record->headers[i].data, bytes->data, bytes->size))) {
            *index = (int64_t)i;
            return true;
        }
    if (w->header_bytes + bytes->size > CPL_REJECTS_HEADERS_MAX)
        return true;
    char *copy = cpl_arena_strndup(&w->arena, (const char *)bytes->data, bytes->size, err);
    if (!copy)
        return false;
    w->header_bytes += bytes->size;
    w->hashes[record->n_headers] = hash;
    record->headers[record->n_headers] = (struct cpl_rejects_bytes){.data = (const uint8_t *)copy,
                                                                    .size = bytes->size};
    *index = (int64_t)record->n_headers++;
    return true;
}

static bool find_header(struct writing *w, size_t input, int64_t *index, struct cpl_error *err)
{
    struct cpl_buffer bytes = {0};
    bool there = false;
    *index = CPL_NO_HEADER;
    bool ok = cpl_buffer_reserve(&bytes, 1, err) && read_header(w, input, &bytes, &there, err) &&
              (!there || add_header(w, &bytes, index, err));
    cpl_buffer_release(&bytes);
    return ok;
}

/* Most objects have the same dialect. */
static bool add_dialect(struct writing *w, const struct cpl_buffer *text, int64_t *index,
                        struct cpl_error *err)
{
    struct cpl_rejects_record *record = &w->record;
    uint64_t hash = XXH3_64bits(text->data, text->size);
    for (size_t i = 0; i < record->n_dialects; i++)
        if (w->dialect_hashes[i] == hash && strlen(record->dialects_json[i]) == text->size &&
            !memcmp(record->dialects_json[i], text->data, text->size)) {
            *index = (int64_t)i;
            return true;
        }
    char *copy = cpl_arena_strndup(&w->arena, (const char *)text->data, text->size, err);
    if (!copy)
        return false;
    w->dialect_hashes[record->n_dialects] = hash;
    record->dialects_json[record->n_dialects] = copy;
    *index = (int64_t)record->n_dialects++;
    return true;
}

static bool find_dialect(struct writing *w, size_t input, int64_t *index, struct cpl_error *err)
{
    const struct cpl_decoder_ops *decoder = w->plan->decoder;
    struct cpl_buffer text = {0};
    *index = CPL_NO_DIALECT;
    if (!decoder->describe)
        return true;
    bool ok = decoder->describe(cpl_plan_decode(w->plan, (uint32_t)input)->settings, &text, err) &&
              add_dialect(w, &text, index, err);
    cpl_buffer_release(&text);
    return ok;
}

static bool add_objects(struct writing *w, const struct cpl_reject_origins *origins,
                        struct cpl_error *err)
{
    struct cpl_rejects_record *record = &w->record;
    int64_t header = CPL_NO_HEADER, dialect = CPL_NO_DIALECT;
    for (size_t i = 0; i < origins->n; i++) {
        const struct cpl_reject_run *run = &origins->runs[i];
        const struct cpl_input *input = &w->plan->inputs.items[run->input];
        bool other = !i || run->input != origins->runs[i - 1].input;
        if (other && (!find_header(w, run->input, &header, err) ||
                      !find_dialect(w, run->input, &dialect, err)))
            return false;
        record->objects[record->n_objects++] = (struct cpl_rejects_from){
            .path = run->object ? run->object : input->path,
            .charset = input->charset.name,
            .header = header,
            .dialect = dialect,
            .rows = run->rows};
    }
    return true;
}

static bool allocate(struct writing *w, size_t n, struct cpl_error *err)
{
    struct cpl_rejects_record *record = &w->record;
    w->hashes = cpl_arena_alloc(&w->arena, n * sizeof *w->hashes, err);
    record->headers = cpl_arena_alloc(&w->arena, n * sizeof *record->headers, err);
    record->objects = cpl_arena_alloc(&w->arena, n * sizeof *record->objects, err);
    w->dialect_hashes = cpl_arena_alloc(&w->arena, n * sizeof *w->dialect_hashes, err);
    record->dialects_json = cpl_arena_alloc(&w->arena, n * sizeof *record->dialects_json, err);
    return w->hashes && record->headers && record->objects && w->dialect_hashes &&
           record->dialects_json;
}

bool cpl_reject_origins_write(const struct cpl_reject_origins *origins, const struct cpl_plan *plan,
                              const struct cpl_account *account, struct cpl_buffer *out,
                              struct cpl_error *err)
{
    struct writing w = {.plan = plan, .account = account};
    w.record.decoder = plan->decoder->name;
    w.record.schema = plan->schema;
    bool ok = allocate(&w, origins->n, err) && add_objects(&w, origins, err) &&
              cpl_rejects_record_encode(&w.record, out, err);
    cpl_arena_release(&w.arena);
    return ok;
}

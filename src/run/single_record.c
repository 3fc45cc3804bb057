#include "run/single_record.h"

#include "run/log_state.h"
#include "run/seal.h"
#include "run/stored.h"

#include <string.h>

enum { FORMAT_VERSION = 1 };
static const struct cpl_seal seal = {.head = ",\"hash\":\"", .end = "\"}\n"};

bool cpl_single_record_add(struct cpl_single_record *record, const struct cpl_single_step *step,
                           struct cpl_error *err)
{
    if (record->n == record->capacity) {
        size_t wanted = record->n ? 2 * record->n : 4;
        void *grown = cpl_realloc(record->steps, wanted * sizeof *record->steps, err);
        if (!grown)
            return false;
        record->steps = grown;
        record->capacity = wanted;
    }
    record->steps[record->n++] = *step;
    return true;
}

/* ---- writing ---- */

static void write_step(struct cpl_json_writer *writer, const struct cpl_single_step *step)
{
    cpl_json_object(writer, NULL);
    cpl_json_string(writer, "name", step->name);
    cpl_json_string(writer, "token", step->token);
    cpl_json_uint(writer, "size", step->size);
    cpl_json_string(writer, "checksum", step->checksum);
    cpl_json_string(writer, "replaces", step->replaces);
    cpl_json_close(writer);
}

bool cpl_single_record_encode(const struct cpl_single_record *record, struct cpl_buffer *out,
                              struct cpl_error *err)
{
    char hash[CPL_HASH_TEXT];
    size_t from = out->size;
    struct cpl_json_writer writer;
    cpl_json_begin(&writer, out, 0, err);
    cpl_json_object(&writer, NULL);
    cpl_json_uint(&writer, "version", FORMAT_VERSION);
    cpl_json_string(&writer, "run_id", record->run_id);
    cpl_json_string(&writer, "nonce", record->nonce);
    cpl_json_list(&writer, "steps");
    for (size_t i = 0; i < record->n; i++)
        write_step(&writer, &record->steps[i]);
    cpl_json_close(&writer);
    cpl_json_close(&writer);
    if (!cpl_json_end(&writer))
        return false;
    out->size--; /* the closing brace comes after the hash */
    return cpl_seal_append(&seal, out, from, hash, err) &&
           (out->size - from <= CPL_SINGLE_RECORD_MAX ||
            cpl_fail(err, CPL_E_LIMIT,
                     "replacing the file and the %zu others that go with it takes too large a "
                     "record; remove replays of its rejects first",
                     record->n - 1));
}

/* ---- reading ---- */

static void read_step(struct cpl_stored *in, const struct cpl_node *item,
                      struct cpl_single_step *step)
{
    step->name = cpl_stored_text(in, item, "name");
    step->token = cpl_stored_text(in, item, "token");
    step->size = cpl_stored_uint(in, item, "size");
    step->checksum = cpl_stored_text(in, item, "checksum");
    step->replaces = cpl_stored_text(in, item, "replaces");
    if (in->failed)
        return;
    if (strchr(step->name, '/') || !cpl_relative_path_valid(step->name) ||
        (*step->token && !cpl_relative_path_valid(step->token)))
        cpl_stored_fail(in, "it names files that do not stand beside it");
}

static void read_steps(struct cpl_stored *in, const struct cpl_node *top,
                       struct cpl_single_record *record)
{
    const struct cpl_node *list = cpl_stored_list(in, top, "steps");
    for (const struct cpl_node *item = list ? list->first : NULL; item && !in->failed;
         item = item->next) {
        struct cpl_single_step step;
        read_step(in, item, &step);
        if (!in->failed && !cpl_single_record_add(record, &step, in->err))
            in->failed = true;
    }
}

bool cpl_single_record_parse(const char *text, size_t size, const char *name,
                             struct cpl_single_record *record, struct cpl_error *err)
{
    char hash[CPL_HASH_TEXT];
    const struct cpl_node *top = NULL;
    *record = (struct cpl_single_record){0};
    struct cpl_stored in = {.name = name, .arena = &record->arena, .err = err};
    if (cpl_seal_proves(&seal, text, size, hash))
        top = cpl_stored_open(&in, text, size);
    else
        cpl_stored_fail(&in, "its bytes (%zu) do not have the hash that it ends with", size);
    if (top) {
        uint64_t version = cpl_stored_uint(&in, top, "version");
        if (!in.failed && version != FORMAT_VERSION)
            cpl_stored_fail(&in, "version %llu is not known to this program",
                            (unsigned long long)version);
        record->run_id = cpl_stored_text(&in, top, "run_id");
        record->nonce = cpl_stored_text(&in, top, "nonce");
        read_steps(&in, top, record);
    }
    cpl_stored_release(&in);
    if (in.failed)
        cpl_single_record_release(record);
    return !in.failed;
}

void cpl_single_record_release(struct cpl_single_record *record)
{
    cpl_arena_release(&record->arena);
    cpl_free(record->steps);
    *record = (struct cpl_single_record){0};
}

#include "run/log_record.h"
#include "run/record_parts.h"
#include "run/seal.h"

#include <stdio.h>
#include <string.h>

#include <xxhash.h>

enum { FORMAT_VERSION = 1 };
static const struct cpl_seal seal = {.head = ",\"hash\":\"", .end = "\"}\n"};

static const char *const kind_names[] = {
    [CPL_RECORD_COMMIT] = "commit",
    [CPL_RECORD_REPAIR] = "repair",
    [CPL_RECORD_LOST] = "lost",
    [CPL_RECORD_REMOVE] = "remove",
};
static const char *const role_names[] = {
    [CPL_FILE_DATA] = "data",
    [CPL_FILE_REJECTS] = "rejects",
    [CPL_FILE_RECEIPT] = "receipt",
};

const char *cpl_record_kind_name(enum cpl_record_kind kind)
{
    return kind_names[kind];
}
const char *cpl_file_role_name(enum cpl_file_role role)
{
    return role_names[role];
}

void cpl_hash_text(const void *data, size_t size, char out[CPL_HASH_TEXT])
{
    XXH128_hash_t hash = XXH3_128bits(data, size);
    snprintf(out, CPL_HASH_TEXT, "xxh3:%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}

void cpl_log_record_release(struct cpl_log_record *record)
{
    cpl_arena_release(&record->arena);
    *record = (struct cpl_log_record){0};
}

/* ---- writing ---- */

static void write_lanes(struct cpl_json_writer *writer, const struct cpl_log_record *record)
{
    cpl_json_list(writer, "lanes");
    for (size_t i = 0; i < record->n_lanes; i++) {
        const struct cpl_lane_step *step = &record->lanes[i];
        cpl_json_object(writer, NULL);
        cpl_json_string(writer, "lane", step->lane);
        cpl_json_uint(writer, "from", step->from);
        cpl_json_uint(writer, "next", step->next);
        cpl_json_uint(writer, "rows_in", step->rows_in);
        cpl_json_uint(writer, "absent", step->absent);
        cpl_json_close(writer);
    }
    cpl_json_close(writer);
}

static void write_files(struct cpl_json_writer *writer, const struct cpl_log_record *record)
{
    cpl_json_list(writer, "added");
    for (size_t i = 0; i < record->n_added; i++)
        cpl_put_file_entry(writer, &record->added[i], CPL_IN_RECORD);
    cpl_json_close(writer);
}

static bool write_body(const struct cpl_log_record *record, struct cpl_buffer *out,
                       struct cpl_error *err)
{
    struct cpl_json_writer writer;
    cpl_json_begin(&writer, out, 0, err);
    cpl_json_object(&writer, NULL);
    cpl_json_uint(&writer, "version", FORMAT_VERSION);
    cpl_json_string(&writer, "kind", kind_names[record->kind]);
    cpl_json_uint(&writer, "seq", record->seq);
    cpl_json_string(&writer, "previous", record->previous);
    cpl_json_string(&writer, "nonce", cpl_text_or_empty(record->nonce));
    cpl_json_string(&writer, "attempt", cpl_text_or_empty(record->attempt));
    cpl_json_string(&writer, "run_id", cpl_text_or_empty(record->run_id));
    cpl_json_string(&writer, "pipeline", cpl_text_or_empty(record->pipeline));
    cpl_json_string(&writer, "program", cpl_text_or_empty(record->program));
    cpl_json_int(&writer, "now_ms", record->now_ms);
    cpl_json_uint(&writer, "about", record->about);
    cpl_json_string(&writer, "plan", cpl_text_or_empty(record->plan));
    cpl_json_string(&writer, "plan_hash", cpl_text_or_empty(record->plan_hash));
    cpl_json_string(&writer, "config_hash", cpl_text_or_empty(record->config_hash));
    cpl_json_string(&writer, "schema_hash", cpl_text_or_empty(record->schema_hash));
    write_lanes(&writer, record);
    cpl_put_row_counts(&writer, &record->rows, record->rejected_by_rule, record->n_rules);
    write_files(&writer, record);
    cpl_put_texts(&writer, "removed", record->removed, record->n_removed);
    cpl_put_texts(&writer, "replayed", record->replayed, record->n_replayed);
    if (record->kind == CPL_RECORD_COMMIT)
        cpl_put_timings(&writer, &record->timings);
    cpl_json_close(&writer);
    return cpl_json_end(&writer);
}

bool cpl_log_record_encode(struct cpl_log_record *record, struct cpl_buffer *out,
                           struct cpl_error *err)
{
    size_t from = out->size;
    if (!write_body(record, out, err))
        return false;
    out->size--; /* the closing brace comes after the hash */
    if (!cpl_seal_append(&seal, out, from, record->hash, err))
        return false;
    return cpl_record_room_left(out->size - from, record->n_added + record->n_removed, err);
}

/* ---- reading ---- */

static bool prove(struct cpl_stored *in, const char *text, size_t size, char hash[CPL_HASH_TEXT])
{
    return cpl_seal_proves(&seal, text, size, hash) ||
           cpl_stored_fail(in, "its bytes (%zu) do not have the hash that it ends with", size);
}

static int find_name(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(names[i], name))
            return i;
    return -1;
}

static void read_lanes(struct cpl_stored *in, const struct cpl_node *top,
                       struct cpl_log_record *record)
{
    const struct cpl_node *list = cpl_stored_list(in, top, "lanes");
    record->lanes = cpl_stored_array(in, list, sizeof *record->lanes, &record->n_lanes);
    struct cpl_lane_step *step = record->lanes;
    for (const struct cpl_node *item = step ? list->first : NULL; item && !in->failed;
         item = item->next, step++) {
        step->lane = cpl_stored_text(in, item, "lane");
        step->from = cpl_stored_uint(in, item, "from");
        step->next = cpl_stored_uint(in, item, "next");
        step->rows_in = cpl_stored_uint(in, item, "rows_in");
        step->absent = cpl_stored_uint(in, item, "absent");
    }
}

static void read_header(struct cpl_stored *in, const struct cpl_node *top,
                        struct cpl_log_record *record)
{
    uint64_t version = cpl_stored_uint(in, top, "version");
    if (!in->failed && version != FORMAT_VERSION)
        cpl_stored_fail(in, "version %llu is not known to this program",
                        (unsigned long long)version);
    int kind = find_name(kind_names, 4, cpl_stored_text(in, top, "kind"));
    if (kind < 0)
        cpl_stored_fail(in, "unknown kind of record");
    record->kind = kind < 0 ? CPL_RECORD_COMMIT : (enum cpl_record_kind)kind;
    record->seq = cpl_stored_uint(in, top, "seq");
    cpl_stored_hash(in, top, "previous", record->previous, sizeof record->previous);
    record->nonce = cpl_stored_text(in, top, "nonce");
    record->attempt = cpl_stored_text(in, top, "attempt");
    record->run_id = cpl_stored_text(in, top, "run_id");
    record->pipeline = cpl_stored_text(in, top, "pipeline");
    record->program = cpl_stored_text(in, top, "program");
    record->now_ms = cpl_stored_int(in, top, "now_ms");
    record->about = cpl_stored_uint(in, top, "about");
    record->plan = cpl_stored_text(in, top, "plan");
    record->plan_hash = cpl_stored_text(in, top, "plan_hash");
    record->config_hash = cpl_stored_text(in, top, "config_hash");
    record->schema_hash = cpl_stored_text(in, top, "schema_hash");
}

bool cpl_log_record_parse(const char *text, size_t size, const char *name,
                          struct cpl_log_record *record, struct cpl_error *err)
{
    *record = (struct cpl_log_record){0};
    struct cpl_stored in = {.name = name, .arena = &record->arena, .err = err};
    struct cpl_files_taken added = {.in = &in, .teller = CPL_IN_RECORD}, none = {0};
    const struct cpl_tree_items files = {"added", cpl_take_files_item, &added};
    const struct cpl_node *top = NULL;
    if (prove(&in, text, size, record->hash))
        top = cpl_stored_open_items(&in, text, size, &files, 1);
    if (top) {
        read_header(&in, top, record);
        read_lanes(&in, top, record);
        record->rows = cpl_take_row_counts(&in, top, &record->rejected_by_rule, &record->n_rules);
        (void)cpl_stored_list(&in, top, "added"); /* it must be there */
        record->removed = cpl_stored_texts(&in, top, "removed", &record->n_removed);
        record->replayed = cpl_stored_texts(&in, top, "replayed", &record->n_replayed);
        record->timings = cpl_take_timings(&in, top);
    }
    record->added = cpl_join_files(&added, &none, &record->n_added);
    cpl_stored_release(&in);
    if (in.failed)
        cpl_log_record_release(record);
    return !in.failed;
}

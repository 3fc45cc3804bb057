#include "run/record_parts.h"

#include "base/option_value.h"

#include <string.h>

const char *cpl_text_or_empty(const char *text)
{
    return text ? text : "";
}

void cpl_put_texts(struct cpl_json_writer *writer, const char *key, const char *const *texts,
                   size_t n)
{
    cpl_json_list(writer, key);
    for (size_t i = 0; i < n; i++)
        cpl_json_string(writer, NULL, texts[i]);
    cpl_json_close(writer);
}

/* ---- rows ---- */

void cpl_put_row_counts(struct cpl_json_writer *writer, const struct cpl_row_counts *rows,
                        const struct cpl_named_count *rules, size_t n_rules)
{
    cpl_json_object(writer, "rows");
    cpl_json_uint(writer, "read", rows->read);
    cpl_json_uint(writer, "derived", rows->derived);
    cpl_json_uint(writer, "landed", rows->landed);
    cpl_json_uint(writer, "rejected", rows->rejected);
    cpl_json_uint(writer, "filtered", rows->filtered);
    cpl_json_uint(writer, "deduplicated", rows->deduplicated);
    cpl_json_close(writer);
    cpl_json_object(writer, "rejected_by_rule");
    for (size_t i = 0; i < n_rules; i++)
        cpl_json_uint(writer, rules[i].name, rules[i].n);
    cpl_json_close(writer);
}

struct cpl_row_counts cpl_take_row_counts(struct cpl_stored *in, const struct cpl_node *top,
                                          struct cpl_named_count **rules, size_t *n_rules)
{
    const struct cpl_node *rows = cpl_stored_map(in, top, "rows");
    struct cpl_row_counts counts = {
        .read = cpl_stored_uint(in, rows, "read"),
        .derived = cpl_stored_uint(in, rows, "derived"),
        .landed = cpl_stored_uint(in, rows, "landed"),
        .rejected = cpl_stored_uint(in, rows, "rejected"),
        .filtered = cpl_stored_uint(in, rows, "filtered"),
        .deduplicated = cpl_stored_uint(in, rows, "deduplicated"),
    };
    *rules = cpl_stored_counts(in, cpl_stored_map(in, top, "rejected_by_rule"), n_rules);
    return counts;
}

/* ---- times ---- */

void cpl_put_timings(struct cpl_json_writer *writer, const struct cpl_timings *timings)
{
    cpl_json_object(writer, "timings");
    cpl_json_int(writer, "started_ms", timings->started_ms);
    cpl_json_int(writer, "finished_ms", timings->finished_ms);
    cpl_json_object(writer, "seconds");
    for (size_t i = 0; i < timings->n_phases; i++)
        cpl_json_double(writer, timings->phases[i].name, timings->phases[i].seconds);
    cpl_json_close(writer);
    cpl_json_close(writer);
}

struct cpl_timings cpl_take_timings(struct cpl_stored *in, const struct cpl_node *top)
{
    struct cpl_timings timings = {0};
    const struct cpl_node *map = cpl_tree_get(top, "timings");
    if (!map || in->failed)
        return timings;
    timings.started_ms = cpl_stored_int(in, map, "started_ms");
    timings.finished_ms = cpl_stored_int(in, map, "finished_ms");
    const struct cpl_node *seconds = cpl_stored_map(in, map, "seconds");
    timings.phases = cpl_stored_array(in, seconds, sizeof *timings.phases, &timings.n_phases);
    struct cpl_phase_time *phase = timings.phases;
    for (const struct cpl_node *item = phase ? seconds->first : NULL; item; item = item->next) {
        phase->name = cpl_arena_strndup(in->arena, item->key, strlen(item->key), in->err);
        in->failed |= !phase->name;
        if (item->kind != CPL_NODE_SCALAR || !cpl_value_double(item->text, &phase->seconds))
            cpl_stored_fail(in, "`%s` is no number of seconds", item->key);
        phase++;
    }
    return timings;
}

/* ---- files ---- */

/* The one word in which the two differ. */
static const char *const size_key[] = {[CPL_IN_RECORD] = "size", [CPL_IN_RECEIPT] = "bytes"};

void cpl_put_file_entry(struct cpl_json_writer *writer, const struct cpl_file_entry *file,
                        enum cpl_teller teller)
{
    cpl_json_object(writer, NULL);
    cpl_json_string(writer, "path", file->path);
    cpl_json_uint(writer, "rows", file->rows);
    cpl_json_uint(writer, size_key[teller], file->size);
    cpl_json_string(writer, "checksum", file->checksum);
    cpl_json_string(writer, "partition", cpl_text_or_empty(file->partition));
    if (teller == CPL_IN_RECORD) {
        cpl_json_string(writer, "role", cpl_file_role_name(file->role));
        cpl_json_string(writer, "token", file->token);
        cpl_json_string(writer, "grade", cpl_text_or_empty(file->grade));
        cpl_json_string(writer, "table", cpl_text_or_empty(file->table));
    }
    cpl_json_close(writer);
}

static void take_role(struct cpl_stored *in, const struct cpl_node *item,
                      struct cpl_file_entry *file)
{
    const char *name = cpl_stored_text(in, item, "role");
    for (int role = CPL_FILE_DATA; role <= CPL_FILE_RECEIPT; role++)
        if (!strcmp(name, cpl_file_role_name((enum cpl_file_role)role))) {
            file->role = (enum cpl_file_role)role;
            return;
        }
    cpl_stored_fail(in, "a file has an unknown role");
}

void cpl_take_file_entry(struct cpl_stored *in, const struct cpl_node *item, enum cpl_teller teller,
                         struct cpl_file_entry *file)
{
    file->path = cpl_stored_text(in, item, "path");
    file->rows = cpl_stored_uint(in, item, "rows");
    file->size = cpl_stored_uint(in, item, size_key[teller]);
    file->checksum = cpl_stored_text(in, item, "checksum");
    file->partition = cpl_stored_text(in, item, "partition");
    if (teller == CPL_IN_RECEIPT)
        return;
    take_role(in, item, file);
    file->token = cpl_stored_text(in, item, "token");
    file->grade = cpl_stored_text(in, item, "grade");
    file->table = cpl_stored_text(in, item, "table");
}

static bool fail_memory(struct cpl_stored *in)
{
    in->failed = true;
    return false;
}

bool cpl_take_files_item(void *taken, const struct cpl_node *item)
{
    struct cpl_files_taken *t = taken;
    if (t->n == t->capacity) {
        size_t capacity = t->capacity ? 2 * t->capacity : 16;
        struct cpl_file_entry *files = cpl_realloc(t->files, capacity * sizeof *files, t->in->err);
        if (!files)
            return fail_memory(t->in);
        t->files = files;
        t->capacity = capacity;
    }
    t->files[t->n] = (struct cpl_file_entry){.role = t->role};
    cpl_take_file_entry(t->in, item, t->teller, &t->files[t->n++]);
    return !t->in->failed;
}

struct cpl_file_entry *cpl_join_files(struct cpl_files_taken *a, struct cpl_files_taken *b,
                                      size_t *n)
{
    struct cpl_stored *in = a->in;
    struct cpl_file_entry *all = NULL;
    *n = in->failed ? 0 : a->n + b->n;
    if (*n && !(all = cpl_arena_alloc(in->arena, *n * sizeof *all, in->err))) {
        fail_memory(in);
        *n = 0;
    }
    if (all && a->n)
        memcpy(all, a->files, a->n * sizeof *all);
    if (all && b->n)
        memcpy(all + a->n, b->files, b->n * sizeof *all);
    cpl_free(a->files);
    cpl_free(b->files);
    a->files = b->files = NULL;
    return all;
}

/* ---- room ---- */

/* The members' names and marks, a checksum, and a token but for its names. */
enum { ENTRY_BYTES = 200, INPUT_BYTES = 600 };

uint64_t cpl_file_entry_room(const char *path)
{
    return ENTRY_BYTES + strlen(path);
}

bool cpl_receipt_room_left(uint64_t bytes, uint64_t inputs, struct cpl_error *err)
{
    return bytes + inputs * INPUT_BYTES <= CPL_LOG_RECORD_MAX ||
           cpl_fail(err, CPL_E_LIMIT,
                    "%llu inputs are more than the receipt of one run can tell of (it may have %d "
                    "MiB); split them into several runs",
                    (unsigned long long)inputs, CPL_LOG_RECORD_MAX >> 20);
}

bool cpl_record_room_left(uint64_t bytes, uint64_t files, struct cpl_error *err)
{
    return bytes <= CPL_LOG_RECORD_MAX ||
           cpl_fail(err, CPL_E_LIMIT,
                    "%llu files are more than one commit can name (its record may have %d MiB); "
                    "use fewer partitions or larger files, or split the input into several runs",
                    (unsigned long long)files, CPL_LOG_RECORD_MAX >> 20);
}

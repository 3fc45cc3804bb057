#include "run/replay.h"

#include "run/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_REPLAYS = 16 };
static const char REJECTS_FOLDER[] = "/_cupel/rejects/";

static bool prepare(struct cpl_storage *storage, const char *path, const char *format,
                    struct cpl_rejects_source *source, struct cpl_arena *arena,
                    struct cpl_recorded *recorded, int depth, struct cpl_error *err);

/* ---- the header and the dialect ---- */

/* The dataset that a reject file lies in, and its receipt; false when it lies in none. */
static bool receipt_path(const char *path, const char *run_id, char out[CPL_LOG_PATH_MAX])
{
    const char *folder = strstr(path, REJECTS_FOLDER);
    if (!folder || !cpl_run_id_valid(run_id))
        return false;
    return snprintf(out, CPL_LOG_PATH_MAX, "%.*s/_cupel/receipts/%s.json", (int)(folder - path),
                    path, run_id) < CPL_LOG_PATH_MAX;
}

static const struct cpl_input_account *find_input(const struct cpl_stored_receipt *receipt,
                                                  const char *object)
{
    for (size_t i = 0; i < receipt->account.n_inputs; i++)
        if (!strcmp(receipt->account.inputs[i].path, object))
            return &receipt->account.inputs[i];
    return NULL;
}

static bool read_bytes(struct cpl_stream *stream, size_t size, struct cpl_buffer *out,
                       struct cpl_error *err)
{
    if (!cpl_buffer_reserve(out, size, err))
        return false;
    for (size_t got = 1; got && out->size < size; out->size += got)
        if (!cpl_stream_read(stream, out->data + out->size, size - out->size, &got, err))
            return false;
    return out->size == size || cpl_fail(err, CPL_E_DATA, "it is shorter than it was");
}

static bool read_object_head(struct cpl_storage *storage, const struct cpl_input_account *input,
                             struct cpl_buffer *header, struct cpl_error *err)
{
    uint8_t magic[CPL_SNIFF_BYTES];
    size_t got;
    struct cpl_reader *reader = cpl_reader_open(storage, input->path, err);
    struct cpl_stream *stream = NULL;
    bool ok = reader && cpl_reader_at(reader, 0, magic, sizeof magic, &got, err) &&
              (stream = cpl_stream_object(reader, 0, UINT64_MAX, err)) != NULL;
    if (ok && cpl_compression_sniff(magic, got) != CPL_PLAIN) {
        struct cpl_expansion_limits limits = {0};
        stream = cpl_stream_decompress(stream, cpl_compression_sniff(magic, got), limits, err);
        ok = stream != NULL;
    }
    ok = ok && read_bytes(stream, (size_t)input->header_bytes, header, err);
    cpl_stream_close(stream);
    cpl_reader_close(reader);
    return ok;
}

/* "….parquet#1": the second part of a reject file (input.h). */
static bool split_part(const char *name, char path[CPL_LOG_PATH_MAX], size_t *part)
{
    const char *mark = strrchr(name, '#');
    bool marked = mark && mark[1] && strspn(mark + 1, "0123456789") == strlen(mark + 1) &&
                  strlen(mark + 1) < 8;
    size_t length = marked ? (size_t)(mark - name) : strlen(name);
    *part = marked ? strtoul(mark + 1, NULL, 10) : 0;
    if (length >= CPL_LOG_PATH_MAX)
        return false;
    memcpy(path, name, length);
    path[length] = 0;
    return true;
}

static bool has_part(const struct cpl_rejects_source *source, size_t part, const char *path,
                     struct cpl_error *err)
{
    return part < cpl_rejects_parts(source) ||
           cpl_fail(err, CPL_E_DATA, "%s has only %zu parts: the headers of its objects changed",
                    path, cpl_rejects_parts(source));
}

/* Rows that were rejected in a replay: their object is a reject file, and its header the one that was put
 * before it then. */
static bool read_replayed_head(struct cpl_storage *storage, const struct cpl_input_account *input,
                               int depth, struct cpl_buffer *header, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_recorded unused = {0};
    struct cpl_stream *stream = NULL;
    char path[CPL_LOG_PATH_MAX];
    size_t part;
    if (!split_part(input->path, path, &part))
        return cpl_fail(err, CPL_E_CORRUPT, "%s is no name of a reject file", input->path);
    struct cpl_rejects_source *source = cpl_rejects_open(storage, path, err);
    bool ok = source && prepare(storage, path, "csv", source, &arena, &unused, depth, err) &&
              has_part(source, part, path, err) &&
              (stream = cpl_rejects_stream(source, part, err)) != NULL &&
              read_bytes(stream, (size_t)input->header_bytes, header, err);
    cpl_stream_close(stream);
    cpl_rejects_free(source);
    cpl_recorded_release(&unused);
    cpl_arena_release(&arena);
    return ok;
}

static bool read_head(struct cpl_storage *storage, const struct cpl_input_account *input, int depth,
                      struct cpl_buffer *header, struct cpl_error *err)
{
    bool again = strstr(input->path, REJECTS_FOLDER) != NULL;
    bool ok = again ? read_replayed_head(storage, input, depth + 1, header, err)
                    : read_object_head(storage, input, header, err);
    return ok || cpl_fail_context(err, "the rejected rows need the header of %s", input->path);
}

static bool take_header(struct cpl_storage *storage, const struct cpl_input_account *input,
                        struct cpl_rejects_source *source, size_t object, int depth,
                        struct cpl_error *err)
{
    struct cpl_buffer header = {.max = 64 << 20};
    bool ok = input->header_bytes <= header.max
                  ? !input->header_bytes || read_head(storage, input, depth, &header, err)
                  : cpl_fail(err, CPL_E_LIMIT, "the header of %s is too long", input->path);
    ok = ok &&
         cpl_rejects_set_header(source, object, header.data, header.size, input->charset, err);
    cpl_buffer_release(&header);
    return ok;
}

/* Each object has its own: their columns may stand in other orders. */
static bool take_headers(struct cpl_storage *storage, const struct cpl_stored_receipt *receipt,
                         const char *receipt_file, struct cpl_rejects_source *source, int depth,
                         struct cpl_error *err)
{
    const struct cpl_rejects_info *info = cpl_rejects_info(source);
    for (size_t i = 0; i < info->n_objects; i++) {
        const char *name = info->objects[i].name;
        const struct cpl_input_account *input = find_input(receipt, name);
        if (!input)
            return cpl_fail(err, CPL_E_CORRUPT, "%s does not tell of %s", receipt_file, name);
        if (!take_header(storage, input, source, i, depth, err))
            return false;
    }
    return true;
}

/* JSON needs no header, but rows of one charset a stream. */
static bool take_charsets(const struct cpl_stored_receipt *receipt,
                          struct cpl_rejects_source *source, struct cpl_error *err)
{
    const struct cpl_rejects_info *info = cpl_rejects_info(source);
    for (size_t i = 0; i < info->n_objects; i++) {
        const struct cpl_input_account *input = find_input(receipt, info->objects[i].name);
        if (!cpl_rejects_set_header(source, i, NULL, 0, input ? input->charset : "", err))
            return false;
    }
    return true;
}

/* ---- the dialect ---- */

static bool keep_settings(const struct cpl_pairs *settings, struct cpl_arena *arena,
                          struct cpl_pairs *recorded, struct cpl_error *err)
{
    recorded->n = 0;
    recorded->items = cpl_arena_alloc(arena, settings->n * sizeof *recorded->items, err);
    for (size_t i = 0; recorded->items && i < settings->n; i++) {
        const struct cpl_pair *from = &settings->items[i];
        struct cpl_pair copy = {.key = cpl_arena_strndup(arena, from->key, strlen(from->key), err)};
        copy.value = copy.key ? cpl_arena_strndup(arena, from->value, strlen(from->value), err)
                              : NULL;
        if (!copy.value)
            return false;
        recorded->items[recorded->n++] = copy;
    }
    return recorded->items != NULL;
}

bool cpl_replay_settings(const struct cpl_option *table, const struct cpl_pairs *recorded,
                         struct cpl_arena *arena, void *settings, struct cpl_error *err)
{
    for (size_t i = 0; i < recorded->n; i++)
        for (const struct cpl_option *option = table; option->name; option++) {
            bool known = !strcmp(option->name, recorded->items[i].key) && option->set_offset;
            if (known && !*(const bool *)((const char *)settings + option->set_offset) &&
                !cpl_option_set(table, option->name, recorded->items[i].value,
                                "the receipt's dialect", arena, settings, err))
                return false;
        }
    return true;
}

/* ---- types ---- */

void cpl_recorded_release(struct cpl_recorded *recorded)
{
    for (size_t i = 0; i < recorded->n_schemas; i++)
        cpl_schema_free(recorded->schemas[i]);
    cpl_free(recorded->schemas);
    *recorded = (struct cpl_recorded){0};
}

static bool keep_schema(const struct cpl_stored_receipt *receipt, struct cpl_recorded *recorded,
                        struct cpl_error *err)
{
    size_t n = recorded->n_schemas;
    if (!receipt->n_fields)
        return true;
    struct cpl_schema **grown = cpl_realloc(recorded->schemas, (n + 1) * sizeof *grown, err);
    if (!grown)
        return false;
    recorded->schemas = grown;
    grown[n] = cpl_schema_new(receipt->fields, (uint32_t)receipt->n_fields, err);
    recorded->n_schemas += grown[n] != NULL;
    return grown[n] != NULL;
}

/* What values of a type may be; false for nested types. */
static bool facts_of(const struct cpl_type *type, struct cpl_text_facts *facts)
{
    static const uint8_t digits[] = {
        [CPL_SECOND] = 0, [CPL_MILLI] = 3, [CPL_MICRO] = 6, [CPL_NANO] = 9};
    *facts = (struct cpl_text_facts){.class = CPL_CLASS_STRING};
    switch (type->kind) {
    case CPL_STRUCT:
    case CPL_LIST:
    case CPL_MAP:
        return false;
    case CPL_BOOL:
        facts->class = CPL_CLASS_BOOL;
        return true;
    case CPL_DECIMAL:
        *facts = (struct cpl_text_facts){.class = CPL_CLASS_DECIMAL,
                                         .int_digits = (uint8_t)(type->precision - type->scale),
                                         .scale = (uint8_t)type->scale,
                                         .not_double = type->scale > 9};
        return true;
    case CPL_F32:
    case CPL_F64:
        *facts = (struct cpl_text_facts){.class = CPL_CLASS_DOUBLE, .int_digits = 15};
        return true;
    case CPL_DATE:
        facts->class = CPL_CLASS_DATE;
        return true;
    case CPL_TIME:
        *facts = (struct cpl_text_facts){.class = CPL_CLASS_TIME, .fraction = digits[type->unit]};
        return true;
    case CPL_TIMESTAMP:
        *facts = (struct cpl_text_facts){.class = type->utc ? CPL_CLASS_TIMESTAMP_UTC
                                                            : CPL_CLASS_TIMESTAMP,
                                         .fraction = digits[type->unit]};
        return true;
    case CPL_UUID:
        facts->class = CPL_CLASS_UUID;
        return true;
    case CPL_STRING:
    case CPL_BINARY:
    case CPL_JSON:
        return true;
    default: /* integers of any width */
        *facts = (struct cpl_text_facts){.class = CPL_CLASS_INT, .int_digits = 19};
        return true;
    }
}

/* The recorded type where the sample asks for no more than it; else what holds both. */
static void start_from(const struct cpl_type *type, bool decimals, struct cpl_field *field,
                       struct cpl_column_plan *column)
{
    struct cpl_text_facts known;
    bool unknown = column->facts.class == CPL_CLASS_NULL && field->type.kind != CPL_STRING;
    if (!column->inferred || unknown || !facts_of(type, &known))
        return;
    struct cpl_text_facts both = cpl_text_join(known, column->facts);
    struct cpl_type without = cpl_text_type(known, decimals), with = cpl_text_type(both, decimals);
    column->facts = both;
    field->type = cpl_type_equal(&without, &with) ? *type : with;
}

void cpl_replay_types(const struct cpl_recorded *recorded, bool decimals, struct cpl_schema *schema,
                      struct cpl_column_plan *columns)
{
    for (size_t i = 0; i < recorded->n_schemas; i++)
        for (uint32_t c = 0; c < schema->n_fields; c++) {
            int at = cpl_schema_find(recorded->schemas[i], schema->fields[c].name);
            if (at >= 0)
                start_from(&recorded->schemas[i]->fields[at].type, decimals, &schema->fields[c],
                           &columns[c]);
        }
}

static bool prepare(struct cpl_storage *storage, const char *path, const char *format,
                    struct cpl_rejects_source *source, struct cpl_arena *arena,
                    struct cpl_recorded *recorded, int depth, struct cpl_error *err)
{
    const struct cpl_rejects_info *info = cpl_rejects_info(source);
    char file[CPL_LOG_PATH_MAX];
    struct cpl_stored_receipt receipt = {0};
    bool json = format && !strcmp(format, "json"), there = false;
    if (!info->rows)
        return true;
    if (depth > MOST_REPLAYS)
        return cpl_fail(err, CPL_E_LIMIT, "%s was rejected more than %d times", path, MOST_REPLAYS);
    bool named = receipt_path(path, info->run_id, file);
    if (!named && !json)
        return cpl_fail(
            err, CPL_E_UNSUPPORTED,
            "%s does not lie in a dataset's _cupel/rejects, so that the receipt of run %s, "
            "which tells of the header of %s, cannot be found",
            path, info->run_id, info->objects[0].name);
    if (json && named && !cpl_storage_exists(storage, file, &there, err))
        return false;
    if (json && !there) /* nothing stands before its rows */
        return true;
    bool ok = cpl_receipt_read(storage, file, &receipt, err) &&
              keep_schema(&receipt, recorded, err);
    if (ok && !strcmp(receipt.decoder, "json"))
        ok = take_charsets(&receipt, source, err);
    else if (ok && !strcmp(receipt.decoder, "csv") && !json)
        ok = take_headers(storage, &receipt, file, source, depth, err) &&
             keep_settings(&receipt.decoder_settings, arena, &recorded->settings, err);
    cpl_stored_receipt_release(&receipt);
    return ok;
}

bool cpl_replay_prepare(struct cpl_storage *storage, const char *path, const char *format,
                        struct cpl_rejects_source *source, struct cpl_arena *arena,
                        struct cpl_recorded *recorded, struct cpl_error *err)
{
    return prepare(storage, path, format, source, arena, recorded, 0, err);
}

/* ---- once ---- */

/* `path` below `dataset`, symlinks and ".." resolved; *relative NULL when it lies elsewhere. */
static bool below(struct cpl_storage *storage, const char *dataset, const char *path,
                  char **relative, struct cpl_error *err)
{
    char *folder = cpl_storage_resolve(storage, dataset, err);
    char *file = folder ? cpl_storage_resolve(storage, path, err) : NULL;
    bool ok = file != NULL;
    size_t length = ok ? strlen(folder) : 0;
    *relative = NULL;
    if (ok && !strncmp(file, folder, length) && file[length] == '/')
        ok = (*relative = cpl_strdup(file + length + 1, err)) != NULL;
    cpl_free(folder);
    cpl_free(file);
    return ok;
}

static bool join_one(struct cpl_attempt *attempt, struct cpl_storage *storage, const char *dataset,
                     const char *path, const struct cpl_rejects_info *info, struct cpl_error *err)
{
    char lane[64], *relative;
    snprintf(lane, sizeof lane, "rejects/%s", info->checksum);
    struct cpl_lane_step step = {.lane = lane, .from = 0, .next = 1, .rows_in = info->rows};
    if (!below(storage, dataset, path, &relative, err))
        return false;
    bool ok = (!relative || cpl_attempt_replays(attempt, relative, err)) &&
              cpl_attempt_lane(attempt, &step, err);
    cpl_free(relative);
    return ok;
}

bool cpl_replay_join(struct cpl_attempt *attempt, struct cpl_storage *storage, const char *dataset,
                     const struct cpl_inputs *inputs, struct cpl_error *err)
{
    for (size_t i = 0; attempt && i < inputs->n; i++) {
        const struct cpl_input *input = &inputs->items[i];
        if (input->rejects && !input->part &&
            !join_one(attempt, storage, dataset, input->path, cpl_rejects_info(input->rejects),
                      err))
            return false;
    }
    return true;
}

bool cpl_replay_check(const struct cpl_inputs *inputs, const struct cpl_account *account,
                      struct cpl_error *err)
{
    for (size_t i = 0; i < inputs->n; i++) {
        const struct cpl_rejects_source *rejects = inputs->items[i].rejects;
        uint64_t read = account->inputs[i].rows_read;
        uint64_t held = rejects ? cpl_rejects_part_rows(rejects, inputs->items[i].part) : read;
        if (read != held)
            return cpl_fail(
                err, CPL_E_DATA,
                "%s holds %llu rows, and the pipeline reads %llu from their bytes; state "
                "the dialect that they are in (for CSV: header, quote, delimiter)",
                inputs->items[i].path, (unsigned long long)held, (unsigned long long)read);
    }
    return true;
}

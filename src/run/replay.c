#include "run/replay.h"
#include "base/plural.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the dialect ---- */

static bool is_set(const struct cpl_option *table, const char *name, const void *settings)
{
    const struct cpl_option *option = cpl_option_find(table, name);
    return option && option->set_offset &&
           *(const bool *)((const char *)settings + option->set_offset);
}

static const char *setting_of(const struct cpl_pairs *pairs, const char *name)
{
    for (size_t i = 0; i < pairs->n; i++)
        if (!strcmp(pairs->items[i].key, name))
            return pairs->items[i].value ? pairs->items[i].value : "none";
    return "";
}

/* Rejected rows without a header have no leading lines: none of them is a comment that stood above the rows. */
static bool is_past_comment(const struct cpl_pairs *dialect, const char *name)
{
    return !strcmp(name, "comment") && !strcmp(setting_of(dialect, "comment_lines"), "leading") &&
           strcmp(setting_of(dialect, "header"), "yes") != 0;
}

/* Null: no such character. */
static bool keep_setting(const struct cpl_option *table, const struct cpl_pairs *dialect, size_t i,
                         struct cpl_arena *arena, void *settings, struct cpl_error *err)
{
    const struct cpl_pair *pair = &dialect->items[i];
    const struct cpl_option *option = cpl_option_find(table, pair->key);
    if (!option || !option->set_offset || is_set(table, pair->key, settings))
        return true;
    const char *value = pair->value ? pair->value : option->type == CPL_OPTION_CHAR ? "none" : NULL;
    value = is_past_comment(dialect, pair->key) ? "none" : value;
    return !value || cpl_option_set(table, option->name, value, "the dialect of the rejected rows",
                                    arena, settings, err);
}

/* Do the pipeline's own words cut rows into fields otherwise than they were cut? Then they have another width, too. */
static bool cuts_anew(const struct cpl_option *table, const struct cpl_pairs *dialect,
                      const void *settings)
{
    static const char *const marks[] = {"delimiter", "quote", "escape"};
    for (size_t i = 0; i < dialect->n; i++)
        for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
            const struct cpl_pair *pair = &dialect->items[i];
            if (strcmp(pair->key, marks[k]) != 0 || !is_set(table, marks[k], settings))
                continue;
            char own = *((const char *)settings + cpl_option_find(table, marks[k])->offset);
            if (own != (pair->value ? pair->value[0] : 0))
                return true;
        }
    return false;
}

/* Were quotes doubled, and does the pipeline name another quote? Then that one is doubled, and the old one means nothing. */
static bool doubles_another(const struct cpl_option *table, const struct cpl_pairs *dialect,
                            const void *settings)
{
    return is_set(table, "quote", settings) &&
           !strcmp(setting_of(dialect, "escape"), setting_of(dialect, "quote"));
}

/* What was said of a mark says nothing of the one that the pipeline itself names. */
struct overruled {
    const char *name;
    bool is;
};

static bool is_overruled(const struct overruled *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].is && !strcmp(list[i].name, name))
            return true;
    return false;
}

static bool keep_dialect_of(const struct cpl_option *table, const struct cpl_pairs *dialect,
                            struct cpl_arena *arena, void *settings, struct cpl_error *err)
{
    struct overruled list[] = {
        {.name = "columns", .is = cuts_anew(table, dialect, settings)},
        {.name = "escape", .is = doubles_another(table, dialect, settings)},
        {.name = "escape_before", .is = is_set(table, "escape", settings)},
        {.name = "comment_lines", .is = is_set(table, "comment", settings)},
        {.name = "thousands_columns", .is = is_set(table, "thousands", settings)}};
    for (size_t i = 0; i < dialect->n; i++)
        if (!is_overruled(list, sizeof list / sizeof *list, dialect->items[i].key) &&
            !keep_setting(table, dialect, i, arena, settings, err))
            return false;
    return true;
}

/* The way to the rows is the replay's own, whatever the pipeline says of its source: they stand one behind the other. */
static bool set_framing(const struct cpl_option *table, const struct cpl_input *input,
                        struct cpl_arena *arena, void *settings, struct cpl_error *err)
{
    static const char where[] = "the rows of a replay";
    bool spans = cpl_rejects_part_spans_lines(input->rejects, input->part);
    if (!cpl_option_find(table, "layout") || !cpl_option_find(table, "rows"))
        return true;
    return cpl_option_set(table, "rows", "", where, arena, settings, err) &&
           cpl_option_set(table, "layout", spans ? "documents" : "lines", where, arena, settings,
                          err);
}

bool cpl_replay_settings(const struct cpl_option *table, const struct cpl_input *input,
                         struct cpl_arena *arena, void *settings, struct cpl_error *err)
{
    if (!input->rejects)
        return true;
    if (input->dialect && !keep_dialect_of(table, input->dialect, arena, settings, err))
        return false;
    return set_framing(table, input, arena, settings, err);
}

/* Of the object, not of its rows. */
static bool is_of_rows(const char *name)
{
    return strcmp(name, "columns") != 0 && strcmp(name, "layout") != 0 &&
           strcmp(name, "rows") != 0 && strcmp(name, "row_is_value") != 0;
}

static const char *first_other(const struct cpl_pairs *a, const struct cpl_pairs *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (is_of_rows(a->items[i].key) &&
            strcmp(setting_of(a, a->items[i].key), setting_of(b, a->items[i].key)) != 0)
            return a->items[i].key;
    return NULL;
}

/* Each CSV object is read in a dialect of its own; what is said of JSON holds for all columns, and so for all rows. */
static bool keep_dialect(const struct cpl_rejects_record *record, const char *path,
                         struct cpl_recorded *recorded, struct cpl_error *err)
{
    for (size_t i = 0; strcmp(record->decoder, "csv") != 0 && i < record->n_dialects; i++) {
        const struct cpl_pairs *own = &record->dialects[i];
        const struct cpl_pairs *first = recorded->dialect ? recorded->dialect : own;
        const char *other = first_other(first, own);
        other = other ? other : first_other(own, first);
        recorded->dialect = first;
        if (other)
            return cpl_fail(err, CPL_E_CONFIG,
                            "the rows of %s were read in another dialect (%.60s) than those of "
                            "the file before it: replay them one by one",
                            path, other);
    }
    return true;
}

/* ---- types ---- */

void cpl_recorded_release(struct cpl_recorded *recorded)
{
    cpl_free(recorded->schemas);
    *recorded = (struct cpl_recorded){0};
}

static bool keep_schema(const struct cpl_schema *schema, struct cpl_recorded *recorded,
                        struct cpl_error *err)
{
    size_t n = recorded->n_schemas;
    if (!schema || !schema->n_fields)
        return true;
    const struct cpl_schema **grown = cpl_realloc(recorded->schemas, (n + 1) * sizeof *grown, err);
    if (!grown)
        return false;
    recorded->schemas = grown;
    grown[recorded->n_schemas++] = schema;
    return true;
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

void cpl_replay_start_from(const struct cpl_type *type, bool decimals, struct cpl_field *field,
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
                cpl_replay_start_from(&recorded->schemas[i]->fields[at].type, decimals,
                                      &schema->fields[c], &columns[c]);
        }
}

/* ---- the record ---- */

/* Early versions kept too little of a header below comments or blank lines: its columns would get wrong names. */
static bool check_header(const struct cpl_rejects_source *source,
                         const struct cpl_rejects_record *record, size_t i, const char *path,
                         struct cpl_error *err)
{
    const struct cpl_pairs *dialect = &record->dialects[record->objects[i].dialect];
    const char *comment = setting_of(dialect, "comment"), *header = setting_of(dialect, "header");
    if (!record->header_may_be_cut || strcmp(header, "yes") != 0)
        return true;
    size_t part = cpl_rejects_info(source)->objects[i].part;
    return cpl_rejects_header_is_whole(source, part,
                                       strtoull(setting_of(dialect, "skip_lines"), NULL, 10),
                                       strlen(comment) == 1 ? *comment : 0) ||
           cpl_fail(err, CPL_E_UNSUPPORTED,
                    "%s holds only a part of the header of %s, below comments or blank lines (an "
                    "early version of this program wrote it); run the source again",
                    path, record->objects[i].path);
}

/* Each object has a header of its own (their columns may stand in other orders), and perhaps a dialect. `same`: they are read by
 * the decoder that read them before. */
static bool set_frame(struct cpl_rejects_source *source, const struct cpl_rejects_record *record,
                      size_t i, bool headers, bool same, const char *path, struct cpl_error *err)
{
    const struct cpl_rejects_from *from = &record->objects[i];
    struct cpl_rejects_frame frame = {
        .charset = from->charset, .newline = '\n', .dialect = CPL_NO_DIALECT};
    if (headers && from->header == CPL_NO_HEADER)
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s does not hold what stands before the rows of %s (it was longer than "
                        "%d MiB, or passed by in a pipe); run the source again",
                        path, from->path, CPL_REJECTS_HEADERS_MAX >> 20);
    if (headers)
        frame.header = record->headers[from->header];
    if (same)
        frame.dialect = from->dialect;
    if (frame.dialect != CPL_NO_DIALECT &&
        !strcmp(setting_of(&record->dialects[frame.dialect], "newline"), "cr"))
        frame.newline = '\r';
    return cpl_rejects_set_frame(source, i, &frame, err) &&
           (!headers || frame.dialect == CPL_NO_DIALECT ||
            check_header(source, record, i, path, err));
}

static bool keep_decoder(const struct cpl_rejects_record *record, const char *path,
                         struct cpl_recorded *recorded, struct cpl_error *err)
{
    if (recorded->decoder && strcmp(recorded->decoder, record->decoder) != 0)
        return cpl_fail(err, CPL_E_CONFIG,
                        "%s holds rows of %s, and another of the files rows of %s: replay them one "
                        "by one",
                        path, record->decoder, recorded->decoder);
    recorded->decoder = record->decoder;
    return true;
}

bool cpl_replay_prepare(const char *path, const char *format, struct cpl_rejects_source *source,
                        struct cpl_recorded *recorded, struct cpl_error *err)
{
    const struct cpl_rejects_record *record = cpl_rejects_record(source);
    bool json = format && !strcmp(format, "json");
    if (!cpl_rejects_info(source)->rows)
        return true;
    if (!record)
        return json || cpl_fail(err, CPL_E_UNSUPPORTED,
                                "%s tells nothing of the format of its rows (another program wrote "
                                "it, or an early version of this one); run the source again",
                                path);
    bool headers = !strcmp(record->decoder, "csv") && !json;
    bool same = !format || !strcmp(format, "auto") || !strcmp(format, record->decoder);
    for (size_t i = 0; i < record->n_objects; i++)
        if (!set_frame(source, record, i, headers, same, path, err))
            return false;
    return keep_decoder(record, path, recorded, err) &&
           (!same || keep_dialect(record, path, recorded, err)) &&
           keep_schema(record->schema, recorded, err);
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

static bool check_lane(struct cpl_attempt *attempt, const char *lane, const char *path,
                       struct cpl_error *err)
{
    uint64_t seq = 0;
    struct cpl_log *log = cpl_attempt_log(attempt);
    return !log || !cpl_log_lane(log, lane, &seq) ||
           cpl_fail(err, CPL_E_CONFLICT,
                    "%s was replayed into %s already, by run %s (record %llu): its rows land once",
                    path, cpl_log_dataset(log), cpl_log_record(log, seq)->run_id,
                    (unsigned long long)seq);
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
              check_lane(attempt, lane, path, err) && cpl_attempt_lane(attempt, &step, err);
    cpl_free(relative);
    return ok;
}

/* Two files of the same bytes hold the same rows, wherever they lie. */
static bool check_copies(const struct cpl_inputs *inputs, size_t i, struct cpl_error *err)
{
    const struct cpl_input *input = &inputs->items[i];
    for (size_t k = 0; k < i; k++) {
        const struct cpl_input *other = &inputs->items[k];
        if (other->rejects && !other->part &&
            !strcmp(cpl_rejects_info(other->rejects)->checksum,
                    cpl_rejects_info(input->rejects)->checksum))
            return cpl_fail(err, CPL_E_CONFLICT,
                            "%s and %s hold the same rows, and rows land once: name one of them",
                            other->path, input->path);
    }
    return true;
}

bool cpl_replay_join(struct cpl_attempt *attempt, struct cpl_storage *storage, const char *dataset,
                     const struct cpl_inputs *inputs, struct cpl_error *err)
{
    for (size_t i = 0; attempt && i < inputs->n; i++) {
        const struct cpl_input *input = &inputs->items[i];
        if (input->rejects && !input->part &&
            (!check_copies(inputs, i, err) || !join_one(attempt, storage, dataset, input->path,
                                                        cpl_rejects_info(input->rejects), err)))
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
            return cpl_fail(err, CPL_E_DATA,
                            "%s holds %s, and the pipeline reads %llu from the bytes; state "
                            "the dialect that they are in (for CSV: header, quote, delimiter)",
                            inputs->items[i].path, CPL_COUNTED(held, "row"),
                            (unsigned long long)read);
    }
    return true;
}

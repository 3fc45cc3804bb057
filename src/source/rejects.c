#include "base/plural.h"
#include "base/text.h"
#include "source/rejects_state.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MOST_PARTS = 1000, MOST_OBJECTS = 1 << 20 };
static const struct {
    const char *name;
    enum cpl_kind kind;
} columns[REJECTS_COLUMNS] = {{"run_id", CPL_STRING}, {"object", CPL_STRING}, {"raw", CPL_BINARY},
                              {"length", CPL_I64},    {"position", CPL_I64},  {"line", CPL_I64}};

/* ---- the source ---- */

static bool find_columns(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    const struct cpl_schema *schema = cpl_parquet_file_schema(source->file);
    for (int i = 0; i < REJECTS_COLUMNS; i++) {
        int at = cpl_schema_find(schema, columns[i].name);
        if (at < 0 || schema->fields[at].type.kind != columns[i].kind)
            return cpl_fail(err, CPL_E_DATA,
                            "%s is no file of rejects: it has no column `%s` of the right type; "
                            "rejects lie in <dataset>/_cupel/rejects",
                            path, columns[i].name);
        source->columns[i] = (uint32_t)at;
    }
    return true;
}

static bool note_run(struct cpl_rejects_source *source, struct cpl_slice run_id, const char *path,
                     struct cpl_error *err)
{
    const char *known = source->info.run_id;
    if (!known)
        return (source->info.run_id = cpl_strndup((const char *)run_id.data, run_id.length, err)) !=
               NULL;
    if (strlen(known) == run_id.length && !memcmp(known, run_id.data, run_id.length))
        return true;
    return cpl_fail(err, CPL_E_DATA, "%s holds rows of several runs, which no run writes", path);
}

static bool is_object(const struct cpl_rejects_object *object, struct cpl_slice name)
{
    return strlen(object->name) == name.length && !memcmp(object->name, name.data, name.length);
}

static bool add_object(struct cpl_rejects_info *info, struct cpl_slice name, struct cpl_error *err)
{
    size_t n = info->n_objects;
    if (name.length && memchr(name.data, 0, name.length))
        return cpl_fail(err, CPL_E_DATA, "an object's name in a file of rejects holds a NUL");
    if (n == MOST_OBJECTS)
        return cpl_fail(err, CPL_E_LIMIT, "its rows come from more than %d objects", MOST_OBJECTS);
    if (!(n & (n - 1))) { /* a power of two: full */
        struct cpl_rejects_object *grown = cpl_realloc(info->objects,
                                                       (n ? 2 * n : 1) * sizeof *grown, err);
        if (!grown)
            return false;
        info->objects = grown;
    }
    info->objects[n] = (struct cpl_rejects_object){
        .name = cpl_strndup((const char *)name.data, name.length, err)};
    info->n_objects += info->objects[n].name != NULL;
    return info->objects[n].name != NULL;
}

static bool fail_record(const char *path, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_CORRUPT, "%s: its footer tells of other rows than it holds", path);
}

/* Without a record an object's rows end where another name begins; with one, where it says. */
static bool note_object(struct cpl_rejects_source *source, struct cpl_slice name, const char *path,
                        struct cpl_error *err)
{
    struct cpl_rejects_info *info = &source->info;
    size_t n = info->n_objects;
    struct cpl_rejects_object *last = n ? &info->objects[n - 1] : NULL;
    bool same = last && is_object(last, name);
    if (source->recorded) {
        bool ended = !last || last->rows == source->record.objects[n - 1].rows;
        if ((ended && n == source->record.n_objects) || (!ended && !same))
            return fail_record(path, err);
        same = !ended;
    }
    if (!same && !add_object(info, name, err))
        return false;
    info->objects[info->n_objects - 1].rows++;
    info->rows++;
    return true;
}

/* The record's objects without rows do not count. */
static bool read_record(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    struct cpl_bytes text = cpl_parquet_key_value(source->file, CPL_REJECTS_KEY);
    uint64_t rows = (uint64_t)cpl_parquet_metadata(source->file)->num_rows;
    struct cpl_rejects_record *record = &source->record;
    if (!text.data)
        return true;
    if (!cpl_rejects_record_parse(text.data, text.size, path, rows, &source->arena, record,
                                  &source->schema, err))
        return false;
    size_t n = 0;
    for (size_t i = 0; i < record->n_objects; i++)
        if (record->objects[i].rows)
            record->objects[n++] = record->objects[i];
    record->n_objects = n;
    source->recorded = true;
    return true;
}

/* Is the row's raw shorter than the row? */
static bool is_cut(const struct rejects_cursor *cursor)
{
    return (int64_t)rejects_cursor_text(cursor, REJECTS_RAW).length <
           rejects_cursor_number(cursor, REJECTS_LENGTH);
}

/* A line feed ends a row when nothing follows but the rest of a wide character. */
static bool spans_lines(struct cpl_slice raw)
{
    const uint8_t *feed = raw.length ? memchr(raw.data, '\n', raw.length) : NULL;
    while (feed && ++feed < raw.data + raw.length)
        if (*feed)
            return true;
    return false;
}

/* Rows of which not all bytes were kept. */
struct cut_rows {
    uint64_t n;
    int64_t position, longest; /* of the first one; of any */
    char object[256];          /* of the first one */
};

static void note_cut(struct cut_rows *cut, const struct rejects_cursor *cursor)
{
    struct cpl_slice object = rejects_cursor_text(cursor, REJECTS_OBJECT);
    int64_t length = rejects_cursor_number(cursor, REJECTS_LENGTH);
    if (!cut->n++) {
        cut->position = rejects_cursor_number(cursor, REJECTS_POSITION);
        cpl_text_set(cut->object, sizeof cut->object, "%.*s", (int)object.length,
                     (const char *)object.data);
    }
    cut->longest = length > cut->longest ? length : cut->longest;
}

static bool fail_cut(const struct cut_rows *cut, const char *path, struct cpl_error *err)
{
    return cpl_fail(
        err, CPL_E_UNSUPPORTED,
        "%s holds %s of which only the first bytes were kept (rule limit), so that it "
        "cannot be replayed: the first is at byte %lld of %s, the longest has %s; run the "
        "source again with limits.max_row_bytes above that",
        path, CPL_COUNTED(cut->n, "row"), (long long)cut->position, cut->object,
        CPL_COUNTED((uint64_t)cut->longest, "byte"));
}

/* Everything is read once, so that a damaged file is found before anything is done with it. */
static bool read_through(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    struct rejects_cursor cursor;
    uint64_t without_raw = 0;
    struct cut_rows cut = {0};
    bool ok = rejects_cursor_open(&cursor, source, err), more = ok;
    while (ok && more) {
        ok = rejects_cursor_next(&cursor, &more, err);
        if (!ok || !more)
            break;
        bool kept = cpl_is_valid(&cursor.batch->columns[REJECTS_RAW], cursor.row - 1);
        without_raw += !kept;
        if (kept && is_cut(&cursor))
            note_cut(&cut, &cursor);
        ok = note_run(source, rejects_cursor_text(&cursor, REJECTS_RUN_ID), path, err) &&
             note_object(source, rejects_cursor_text(&cursor, REJECTS_OBJECT), path, err);
        if (ok)
            source->info.objects[source->info.n_objects - 1].spans_lines |= spans_lines(
                rejects_cursor_text(&cursor, REJECTS_RAW));
    }
    rejects_cursor_close(&cursor);
    const struct cpl_rejects_info *info = &source->info;
    if (ok && source->recorded &&
        (info->n_objects != source->record.n_objects ||
         (info->n_objects && info->objects[info->n_objects - 1].rows !=
                                 source->record.objects[info->n_objects - 1].rows)))
        return fail_record(path, err);
    if (ok && without_raw)
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s holds %s whose original bytes were not kept, so that it cannot be "
                        "replayed; run the source again",
                        path, CPL_COUNTED(without_raw, "row"));
    if (ok && cut.n)
        return fail_cut(&cut, path, err);
    return ok;
}

struct cpl_rejects_source *cpl_rejects_open(struct cpl_storage *storage, const char *path,
                                            struct cpl_error *err)
{
    uint64_t size;
    struct cpl_rejects_source *source = cpl_alloc_zero(1, sizeof *source, err);
    if (!source)
        return NULL;
    bool ok = cpl_storage_checksum(storage, path, &size, source->info.checksum, err) &&
              (source->reader = cpl_reader_open(storage, path, err)) != NULL &&
              (source->file = cpl_parquet_open(source->reader, path, err)) != NULL &&
              find_columns(source, path, err) && read_record(source, path, err) &&
              read_through(source, path, err);
    if (ok) {
        cpl_reader_rest(source->reader); /* there may be thousands */
        return source;
    }
    cpl_rejects_free(source);
    return NULL;
}

const struct cpl_rejects_info *cpl_rejects_info(const struct cpl_rejects_source *source)
{
    return &source->info;
}

const struct cpl_rejects_record *cpl_rejects_record(const struct cpl_rejects_source *source)
{
    return source->recorded ? &source->record : NULL;
}

static size_t find_part(const struct cpl_rejects_source *source,
                        const struct cpl_rejects_frame *frame)
{
    size_t size = frame->header.size;
    for (size_t i = 0; i < source->n_parts; i++) {
        const struct rejects_part *part = &source->parts[i];
        if (part->dialect == frame->dialect && part->mark == frame->newline &&
            part->header.size == size &&
            (!size || !memcmp(part->header.data, frame->header.data, size)) &&
            !strcmp(part->charset, frame->charset))
            return i;
    }
    return source->n_parts;
}

/* UTF-16 and UTF-32, under any of their names ("utf16le", "UTF-16LE", "ucs2be"), end a row by a wide newline. */
static void set_newline(struct rejects_part *part)
{
    const char *name = part->charset;
    size_t length = strlen(name);
    bool wide = length > 3 && (!strncasecmp(name, "utf", 3) || !strncasecmp(name, "ucs", 3));
    bool two = wide && (strstr(name, "16") || strstr(name, "2"));
    bool four = wide && (strstr(name, "32") || strstr(name, "4"));
    bool big = wide && !strcasecmp(name + length - 2, "be");
    part->newline_size = four ? 4 : two ? 2 : 1;
    memset(part->newline, 0, sizeof part->newline);
    part->newline[big ? part->newline_size - 1 : 0] = (uint8_t)part->mark;
}

static bool add_part(struct cpl_rejects_source *source, const struct cpl_rejects_frame *frame,
                     struct cpl_error *err)
{
    size_t n = source->n_parts, size = frame->header.size;
    if (n == MOST_PARTS)
        return cpl_fail(err, CPL_E_LIMIT,
                        "its rows come from objects with more than %d headers and dialects",
                        MOST_PARTS);
    struct rejects_part *grown = cpl_realloc(source->parts, (n + 1) * sizeof *grown, err);
    if (!grown)
        return false;
    source->parts = grown;
    grown[n] = (struct rejects_part){.charset = cpl_strdup(frame->charset, err),
                                     .mark = frame->newline,
                                     .dialect = frame->dialect};
    if (!grown[n].charset)
        return false;
    set_newline(&grown[n]);
    source->n_parts++;
    return !size || cpl_buffer_append(&grown[n].header, frame->header.data, size, err);
}

bool cpl_rejects_set_frame(struct cpl_rejects_source *source, size_t i,
                           const struct cpl_rejects_frame *frame, struct cpl_error *err)
{
    size_t part = find_part(source, frame);
    if (part == source->n_parts && !add_part(source, frame, err))
        return false;
    source->info.objects[i].part = part;
    return true;
}

struct cpl_rejects_bytes cpl_rejects_part_header(const struct cpl_rejects_source *source,
                                                 size_t part)
{
    const struct cpl_buffer *header = part < source->n_parts ? &source->parts[part].header : NULL;
    return (struct cpl_rejects_bytes){.data = header ? header->data : NULL,
                                      .size = header ? header->size : 0};
}

/* Is the character at `at` of the header this one of ASCII? */
static bool is_char(const struct rejects_part *part, size_t at, char wanted)
{
    if (at + part->newline_size > part->header.size)
        return false;
    const uint8_t *data = part->header.data + at;
    for (size_t i = 0; i < part->newline_size; i++)
        if (data[i] != (part->newline[i] ? (uint8_t)wanted : 0))
            return false;
    return true;
}

static size_t mark_length(const struct rejects_part *part)
{
    static const uint8_t marks[][4] = {
        {0xEF, 0xBB, 0xBF}, {0xFF, 0xFE}, {0xFE, 0xFF}, {0xFF, 0xFE}, {0, 0, 0xFE, 0xFF}};
    static const size_t lengths[] = {3, 2, 2, 4, 4}, widths[] = {1, 2, 2, 4, 4};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (part->newline_size == widths[i] && part->header.size >= lengths[i] &&
            !memcmp(part->header.data, marks[i], lengths[i]))
            return lengths[i];
    return 0;
}

bool cpl_rejects_header_is_whole(const struct cpl_rejects_source *source, size_t part,
                                 uint64_t skip_lines, char comment)
{
    const struct rejects_part *format = rejects_part_of(source, part);
    size_t width = format->newline_size, size = format->header.size, at = mark_length(format);
    for (; skip_lines && at < size; at += width)
        skip_lines -= is_char(format, at, format->mark);
    bool ends = size > at && rejects_ends_row(format, format->header.data, size);
    bool blank = is_char(format, at, format->mark) ||
                 (is_char(format, at, '\r') && is_char(format, at + width, '\n'));
    return ends && !blank && !(comment && is_char(format, at, comment));
}

const char *cpl_rejects_part_charset(const struct cpl_rejects_source *source, size_t part)
{
    return part < source->n_parts ? source->parts[part].charset : "";
}

const struct cpl_pairs *cpl_rejects_part_dialect(const struct cpl_rejects_source *source,
                                                 size_t part)
{
    int64_t dialect = rejects_part_of(source, part)->dialect;
    return dialect == CPL_NO_DIALECT ? NULL : &source->record.dialects[dialect];
}

bool cpl_rejects_part_spans_lines(const struct cpl_rejects_source *source, size_t part)
{
    bool spans = false;
    for (size_t i = 0; i < source->info.n_objects; i++)
        spans |= source->info.objects[i].part == part && source->info.objects[i].spans_lines;
    return spans;
}

size_t cpl_rejects_parts(const struct cpl_rejects_source *source)
{
    return source->n_parts ? source->n_parts : 1;
}

uint64_t cpl_rejects_part_rows(const struct cpl_rejects_source *source, size_t part)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < source->info.n_objects; i++)
        rows += source->info.objects[i].part == part ? source->info.objects[i].rows : 0;
    return rows;
}

void cpl_rejects_free(struct cpl_rejects_source *source)
{
    if (!source)
        return;
    cpl_parquet_close(source->file);
    cpl_reader_close(source->reader);
    cpl_free(source->info.run_id);
    for (size_t i = 0; i < source->info.n_objects; i++)
        cpl_free(source->info.objects[i].name);
    cpl_free(source->info.objects);
    for (size_t i = 0; i < source->n_parts; i++) {
        cpl_buffer_release(&source->parts[i].header);
        cpl_free(source->parts[i].charset);
    }
    cpl_free(source->parts);
    cpl_schema_free(source->schema);
    cpl_arena_release(&source->arena);
    cpl_free(source);
}

#include "source/rejects.h"

#include "decode/parquet.h"
#include "quality/reject.h"

#include <string.h>
#include <strings.h>

/* The columns that replay reads, in this order. */
enum { RUN_ID, OBJECT, RAW, LENGTH, POSITION, LINE, COLUMNS };
enum { MOST_PARTS = 1000, MOST_OBJECTS = 1 << 20 };
static const struct {
    const char *name;
    enum cpl_kind kind;
} columns[COLUMNS] = {{"run_id", CPL_STRING}, {"object", CPL_STRING}, {"raw", CPL_BINARY},
                      {"length", CPL_I64},    {"position", CPL_I64},  {"line", CPL_I64}};

struct part {
    struct cpl_buffer header;
    char *charset;
    uint8_t newline[4]; /* in that charset */
    size_t newline_size;
};
struct cpl_rejects_source {
    struct cpl_reader *reader;
    struct cpl_parquet_file *file;
    struct cpl_rejects_info info;
    struct cpl_arena arena; /* the record's */
    struct cpl_rejects_record record;
    struct cpl_schema *schema; /* the record's */
    bool recorded;
    struct part *parts;
    size_t n_parts;            /* with a header */
    uint32_t columns[COLUMNS]; /* in the file */
};

/* ---- rows, one after another ---- */

struct cursor {
    const struct cpl_rejects_source *source;
    struct cpl_parquet_scan *scan;
    struct cpl_batch *batch;
    uint32_t row;   /* the next one of the batch */
    size_t object;  /* of the last row, once the objects are known */
    uint64_t given; /* rows of that object */
};

static bool cursor_open(struct cursor *cursor, const struct cpl_rejects_source *source,
                        struct cpl_error *err)
{
    struct cpl_parquet_scan_options options = {.columns = source->columns, .n_columns = COLUMNS};
    *cursor = (struct cursor){.source = source};
    cursor->scan = cpl_parquet_scan_new(source->file, &options, err);
    return cursor->scan != NULL;
}

static void cursor_close(struct cursor *cursor)
{
    cpl_parquet_scan_free(cursor->scan);
    *cursor = (struct cursor){0};
}

/* *more is false behind the last row. The row is cursor->batch's row cursor->row - 1. */
static bool cursor_next(struct cursor *cursor, bool *more, struct cpl_error *err)
{
    if (!cursor->batch || cursor->row == cursor->batch->rows) {
        cursor->row = 0;
        if (!cpl_parquet_scan_next(cursor->scan, &cursor->batch, err)) {
            cursor->batch = NULL;
            return false;
        }
    }
    *more = cursor->row < cursor->batch->rows;
    cursor->row += *more;
    return true;
}

/* The next row of a part; its object is cursor->object. */
static bool cursor_next_of(struct cursor *cursor, size_t part, bool *more, struct cpl_error *err)
{
    const struct cpl_rejects_info *info = &cursor->source->info;
    do {
        if (!cursor_next(cursor, more, err))
            return false;
        if (!*more)
            return true;
        while (cursor->object < info->n_objects &&
               cursor->given == info->objects[cursor->object].rows) {
            cursor->object++;
            cursor->given = 0;
        }
        if (cursor->object == info->n_objects)
            return cpl_fail(err, CPL_E_DATA, "the file of rejects changed while it was read");
        cursor->given++;
    } while (info->objects[cursor->object].part != part);
    return true;
}

static struct cpl_slice cursor_text(const struct cursor *cursor, int column)
{
    const struct cpl_column *from = &cursor->batch->columns[column];
    bool some = cpl_is_valid(from, cursor->row - 1) && from->slices[cursor->row - 1].length;
    return some ? from->slices[cursor->row - 1]
                : (struct cpl_slice){.data = (const uint8_t *)"", .length = 0};
}

/* ---- the source ---- */

static bool find_columns(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    const struct cpl_schema *schema = cpl_parquet_file_schema(source->file);
    for (int i = 0; i < COLUMNS; i++) {
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

static int64_t cursor_number(const struct cursor *cursor, int column)
{
    const struct cpl_column *from = &cursor->batch->columns[column];
    return cpl_is_valid(from, cursor->row - 1) ? from->i64[cursor->row - 1] : 0;
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
static bool is_cut(const struct cursor *cursor)
{
    return (int64_t)cursor_text(cursor, RAW).length < cursor_number(cursor, LENGTH);
}

/* Everything is read once, so that a damaged file is found before anything is done with it. */
static bool read_through(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    struct cursor cursor;
    uint64_t without_raw = 0, cut = 0;
    bool ok = cursor_open(&cursor, source, err), more = ok;
    while (ok && more) {
        ok = cursor_next(&cursor, &more, err);
        if (!ok || !more)
            break;
        bool kept = cpl_is_valid(&cursor.batch->columns[RAW], cursor.row - 1);
        without_raw += !kept;
        cut += kept && is_cut(&cursor);
        ok = note_run(source, cursor_text(&cursor, RUN_ID), path, err) &&
             note_object(source, cursor_text(&cursor, OBJECT), path, err);
    }
    cursor_close(&cursor);
    const struct cpl_rejects_info *info = &source->info;
    if (ok && source->recorded &&
        (info->n_objects != source->record.n_objects ||
         (info->n_objects && info->objects[info->n_objects - 1].rows !=
                                 source->record.objects[info->n_objects - 1].rows)))
        return fail_record(path, err);
    if (ok && without_raw)
        return cpl_fail(
            err, CPL_E_UNSUPPORTED,
            "%s holds %llu rows whose original bytes were not kept, so that it cannot be "
            "replayed; run the source again",
            path, (unsigned long long)without_raw);
    if (ok && cut)
        return cpl_fail(
            err, CPL_E_UNSUPPORTED,
            "%s holds %llu rows of which only the first bytes were kept (rule limit), so "
            "that it cannot be replayed; run the source again with a higher "
            "limits.max_row_bytes",
            path, (unsigned long long)cut);
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
    if (ok)
        return source;
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

static size_t find_part(const struct cpl_rejects_source *source, const void *header, size_t size,
                        const char *charset)
{
    for (size_t i = 0; i < source->n_parts; i++) {
        const struct part *part = &source->parts[i];
        if (part->header.size == size && (!size || !memcmp(part->header.data, header, size)) &&
            !strcmp(part->charset, charset))
            return i;
    }
    return source->n_parts;
}

/* UTF-16 and UTF-32, under any of their names ("utf16le", "UTF-16LE", "ucs2be"), end a row by a wide newline. */
static void set_newline(struct part *part)
{
    const char *name = part->charset;
    size_t length = strlen(name);
    bool wide = length > 3 && (!strncasecmp(name, "utf", 3) || !strncasecmp(name, "ucs", 3));
    bool two = wide && (strstr(name, "16") || strstr(name, "2"));
    bool four = wide && (strstr(name, "32") || strstr(name, "4"));
    bool big = wide && !strcasecmp(name + length - 2, "be");
    part->newline_size = four ? 4 : two ? 2 : 1;
    memset(part->newline, 0, sizeof part->newline);
    part->newline[big ? part->newline_size - 1 : 0] = '\n';
}

static bool ends_in_newline(const struct part *part, const uint8_t *data, size_t size)
{
    return size >= part->newline_size &&
           !memcmp(data + size - part->newline_size, part->newline, part->newline_size);
}

static bool add_part(struct cpl_rejects_source *source, const void *header, size_t size,
                     const char *charset, struct cpl_error *err)
{
    size_t n = source->n_parts;
    if (n == MOST_PARTS)
        return cpl_fail(err, CPL_E_LIMIT, "its rows come from objects with more than %d headers",
                        MOST_PARTS);
    struct part *grown = cpl_realloc(source->parts, (n + 1) * sizeof *grown, err);
    if (!grown)
        return false;
    source->parts = grown;
    grown[n] = (struct part){.charset = cpl_strdup(charset, err)};
    if (!grown[n].charset)
        return false;
    set_newline(&grown[n]);
    source->n_parts++;
    return !size || cpl_buffer_append(&grown[n].header, header, size, err);
}

bool cpl_rejects_set_header(struct cpl_rejects_source *source, size_t i, const void *header,
                            size_t size, const char *charset, struct cpl_error *err)
{
    size_t part = find_part(source, header, size, charset);
    if (part == source->n_parts && !add_part(source, header, size, charset, err))
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

const char *cpl_rejects_part_charset(const struct cpl_rejects_source *source, size_t part)
{
    return part < source->n_parts ? source->parts[part].charset : "";
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

static const struct part *format_of(const struct cpl_rejects_source *source, size_t part)
{
    static const struct part plain = {.charset = "", .newline = "\n", .newline_size = 1};
    return source->n_parts ? &source->parts[part] : &plain;
}

/* ---- the stream ---- */

struct rejects_stream {
    struct cpl_stream stream; /* first: the interface */
    struct cursor cursor;
    size_t part;
    const struct part *format;
    const uint8_t *data; /* what is left of the header or of the row */
    size_t left;
    bool newline; /* and one is due behind it */
    bool ended;
};

static bool next_piece(struct rejects_stream *stream, struct cpl_error *err)
{
    if (stream->newline) {
        stream->newline = false;
        stream->data = stream->format->newline;
        stream->left = stream->format->newline_size;
        return true;
    }
    bool more;
    if (!cursor_next_of(&stream->cursor, stream->part, &more, err))
        return false;
    stream->ended = !more;
    if (!more)
        return true;
    struct cpl_slice raw = cursor_text(&stream->cursor, RAW);
    stream->data = raw.data;
    stream->left = raw.length;
    stream->newline = !ends_in_newline(stream->format, raw.data, raw.length);
    return true;
}

static bool stream_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                        struct cpl_error *err)
{
    struct rejects_stream *stream = (struct rejects_stream *)base;
    uint8_t *out = data;
    *got = 0;
    while (*got < size && !stream->ended) {
        size_t room = size - *got;
        size_t n = stream->left < room ? stream->left : room;
        if (n)
            memcpy(out + *got, stream->data, n);
        stream->data += n;
        stream->left -= n;
        *got += n;
        if (!stream->left && !next_piece(stream, err))
            return false;
    }
    base->position += *got;
    return true;
}

static void stream_close(struct cpl_stream *base)
{
    struct rejects_stream *stream = (struct rejects_stream *)base;
    cursor_close(&stream->cursor);
    cpl_free(stream);
}

static const struct cpl_stream_ops stream_ops = {
    .name = "rejects",
    .read = stream_read,
    .close = stream_close,
};

struct cpl_stream *cpl_rejects_stream(const struct cpl_rejects_source *source, size_t part,
                                      struct cpl_error *err)
{
    struct rejects_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    if (!cursor_open(&stream->cursor, source, err)) {
        cpl_free(stream);
        return NULL;
    }
    stream->stream.ops = &stream_ops;
    stream->part = part;
    stream->format = format_of(source, part);
    stream->left = stream->format->header.size;
    stream->data = stream->left ? stream->format->header.data : (const uint8_t *)"";
    stream->newline = stream->left && !ends_in_newline(stream->format, stream->data, stream->left);
    return &stream->stream;
}

/* ---- where rows first stood ---- */

struct cpl_rejects_trace {
    const struct cpl_rejects_source *source;
    size_t part;
    struct cursor cursor;
    uint64_t start, end; /* of the last row, in the part's stream */
    bool ended;
};

static bool trace_begin(struct cpl_rejects_trace *trace, struct cpl_error *err)
{
    const struct part *format = format_of(trace->source, trace->part);
    size_t header = format->header.size;
    if (header && !ends_in_newline(format, format->header.data, header))
        header += format->newline_size;
    cursor_close(&trace->cursor);
    trace->start = trace->end = header;
    trace->ended = false;
    return cursor_open(&trace->cursor, trace->source, err);
}

struct cpl_rejects_trace *cpl_rejects_trace_new(const struct cpl_rejects_source *source,
                                                size_t part, struct cpl_error *err)
{
    struct cpl_rejects_trace *trace = cpl_alloc_zero(1, sizeof *trace, err);
    if (!trace)
        return NULL;
    trace->source = source;
    trace->part = part;
    if (trace_begin(trace, err))
        return trace;
    cpl_rejects_trace_free(trace);
    return NULL;
}

void cpl_rejects_trace_free(struct cpl_rejects_trace *trace)
{
    if (!trace)
        return;
    cursor_close(&trace->cursor);
    cpl_free(trace);
}

static bool trace_next(struct cpl_rejects_trace *trace, struct cpl_error *err)
{
    const struct part *format = format_of(trace->source, trace->part);
    bool more;
    if (!cursor_next_of(&trace->cursor, trace->part, &more, err))
        return false;
    trace->ended = !more;
    if (!more)
        return true;
    struct cpl_slice raw = cursor_text(&trace->cursor, RAW);
    trace->start = trace->end;
    trace->end += raw.length;
    if (!ends_in_newline(format, raw.data, raw.length))
        trace->end += format->newline_size;
    return true;
}

bool cpl_rejects_trace_find(struct cpl_rejects_trace *trace, uint64_t position,
                            struct cpl_rejects_origin *origin, struct cpl_error *err)
{
    if (position < trace->start && !trace_begin(trace, err))
        return false;
    while (position >= trace->end && !trace->ended)
        if (!trace_next(trace, err))
            return false;
    *origin = (struct cpl_rejects_origin){0};
    if (trace->ended || position < trace->start)
        return true;
    *origin = (struct cpl_rejects_origin){
        .object = trace->source->info.objects[trace->cursor.object].name,
        .position = (uint64_t)cursor_number(&trace->cursor, POSITION),
        .length = (uint64_t)cursor_number(&trace->cursor, LENGTH),
        .line = (uint64_t)cursor_number(&trace->cursor, LINE)};
    return true;
}

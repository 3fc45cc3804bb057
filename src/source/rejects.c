#include "source/rejects.h"

#include "decode/parquet.h"
#include "quality/reject.h"

#include <string.h>

/* The columns that replay reads, in this order. */
enum { RUN_ID, OBJECT, RAW, COLUMNS };
static const char *const column_names[COLUMNS] = {"run_id", "object", "raw"};

struct cpl_rejects_source {
    struct cpl_reader *reader;
    struct cpl_parquet_file *file;
    struct cpl_rejects_info info;
    struct cpl_buffer header;
    uint32_t columns[COLUMNS]; /* in the file */
};

/* ---- rows, one after another ---- */

struct cursor {
    const struct cpl_rejects_source *source;
    struct cpl_parquet_scan *scan;
    struct cpl_batch *batch;
    uint32_t row; /* the next one of the batch */
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

static struct cpl_slice cursor_text(const struct cursor *cursor, int column)
{
    return cursor->batch->columns[column].slices[cursor->row - 1];
}

/* ---- the source ---- */

static bool find_columns(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    const struct cpl_schema *schema = cpl_parquet_file_schema(source->file);
    for (int i = 0; i < COLUMNS; i++) {
        int at = cpl_schema_find(schema, column_names[i]);
        enum cpl_kind wanted = i == RAW ? CPL_BINARY : CPL_STRING;
        if (at < 0 || schema->fields[at].type.kind != wanted)
            return cpl_fail(err, CPL_E_DATA,
                            "%s is no file of rejects: it has no column `%s` of the right type; "
                            "rejects lie in <dataset>/_cupel/rejects",
                            path, column_names[i]);
        source->columns[i] = (uint32_t)at;
    }
    return true;
}

static bool note_first(struct cpl_rejects_source *source, const struct cursor *cursor,
                       struct cpl_error *err)
{
    struct cpl_slice run_id = cursor_text(cursor, RUN_ID), object = cursor_text(cursor, OBJECT);
    source->info.run_id = cpl_strndup((const char *)run_id.data, run_id.length, err);
    source->info.object = source->info.run_id
                              ? cpl_strndup((const char *)object.data, object.length, err)
                              : NULL;
    return source->info.object != NULL;
}

/* Everything is read once, so that a damaged file is found before anything is done with it. */
static bool read_through(struct cpl_rejects_source *source, const char *path, struct cpl_error *err)
{
    struct cursor cursor;
    uint64_t without_raw = 0;
    bool ok = cursor_open(&cursor, source, err), more = ok;
    while (ok && more) {
        ok = cursor_next(&cursor, &more, err);
        if (!ok || !more)
            break;
        without_raw += !cpl_is_valid(&cursor.batch->columns[RAW], cursor.row - 1);
        ok = source->info.rows++ || note_first(source, &cursor, err);
    }
    cursor_close(&cursor);
    if (ok && without_raw)
        return cpl_fail(
            err, CPL_E_UNSUPPORTED,
            "%s holds %llu rows whose original bytes were not kept, so that it cannot be "
            "replayed; run the source again",
            path, (unsigned long long)without_raw);
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
              find_columns(source, path, err) && read_through(source, path, err);
    if (ok)
        return source;
    cpl_rejects_free(source);
    return NULL;
}

const struct cpl_rejects_info *cpl_rejects_info(const struct cpl_rejects_source *source)
{
    return &source->info;
}

bool cpl_rejects_set_header(struct cpl_rejects_source *source, const void *header, size_t size,
                            struct cpl_error *err)
{
    source->header.size = 0;
    return cpl_buffer_append(&source->header, header, size, err);
}

void cpl_rejects_free(struct cpl_rejects_source *source)
{
    if (!source)
        return;
    cpl_parquet_close(source->file);
    cpl_reader_close(source->reader);
    cpl_free(source->info.run_id);
    cpl_free(source->info.object);
    cpl_buffer_release(&source->header);
    cpl_free(source);
}

/* ---- the stream ---- */

struct rejects_stream {
    struct cpl_stream stream; /* first: the interface */
    struct cursor cursor;
    const uint8_t *data; /* what is left of the header or of the row */
    size_t left;
    bool newline; /* and one is due behind it */
    bool ended;
};

static bool next_piece(struct rejects_stream *stream, struct cpl_error *err)
{
    if (stream->newline) {
        stream->newline = false;
        stream->data = (const uint8_t *)"\n";
        stream->left = 1;
        return true;
    }
    bool more;
    if (!cursor_next(&stream->cursor, &more, err))
        return false;
    stream->ended = !more;
    if (!more)
        return true;
    struct cpl_slice raw = cursor_text(&stream->cursor, RAW);
    stream->data = raw.data;
    stream->left = raw.length;
    stream->newline = !raw.length || raw.data[raw.length - 1] != '\n';
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

struct cpl_stream *cpl_rejects_stream(const struct cpl_rejects_source *source,
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
    stream->data = source->header.data ? source->header.data : (const uint8_t *)"";
    stream->left = source->header.size;
    stream->newline = stream->left && stream->data[stream->left - 1] != '\n';
    return &stream->stream;
}

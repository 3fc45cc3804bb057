/* The bytes of a part as a stream, and the trace that follows it. */
#include "source/rejects_state.h"

#include <string.h>

const struct rejects_part *rejects_part_of(const struct cpl_rejects_source *source, size_t part)
{
    static const struct rejects_part plain = {
        .charset = "", .newline = "\n", .newline_size = 1, .dialect = CPL_NO_DIALECT};
    return source->n_parts ? &source->parts[part] : &plain;
}

bool rejects_ends_row(const struct rejects_part *part, const uint8_t *data, size_t size)
{
    return size >= part->newline_size &&
           !memcmp(data + size - part->newline_size, part->newline, part->newline_size);
}

/* ---- the stream ---- */

struct rejects_stream {
    struct cpl_stream stream; /* first: the interface */
    struct rejects_cursor cursor;
    size_t part;
    const struct rejects_part *format;
    const uint8_t *data; /* what is left of the header or of the row */
    size_t left;
    bool newline; /* and one is due behind it */
    bool ended;
};

/* The newline that is due, or else the next row. */
static bool next_piece(struct rejects_stream *stream, struct cpl_error *err)
{
    if (stream->newline) {
        stream->newline = false;
        stream->data = stream->format->newline;
        stream->left = stream->format->newline_size;
        return true;
    }
    bool more;
    if (!rejects_cursor_next_of(&stream->cursor, stream->part, &more, err))
        return false;
    stream->ended = !more;
    if (!more)
        return true;
    struct cpl_slice raw = rejects_cursor_text(&stream->cursor, REJECTS_RAW);
    stream->data = raw.data;
    stream->left = raw.length;
    stream->newline = !rejects_ends_row(stream->format, raw.data, raw.length);
    return true;
}

/* Never past a row's end. */
static bool stream_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                        struct cpl_error *err)
{
    struct rejects_stream *stream = (struct rejects_stream *)base;
    uint8_t *out = data;
    *got = 0;
    if (!stream->left && !stream->ended && !next_piece(stream, err))
        return false;
    while (*got < size && !stream->ended) {
        size_t room = size - *got;
        size_t n = stream->left < room ? stream->left : room;
        if (n)
            memcpy(out + *got, stream->data, n);
        stream->data += n;
        stream->left -= n;
        *got += n;
        if (stream->left || !stream->newline)
            break;
        if (!next_piece(stream, err))
            return false;
    }
    base->position += *got;
    return true;
}

static bool stream_ends_row(const struct cpl_stream *base)
{
    const struct rejects_stream *stream = (const struct rejects_stream *)base;
    return !stream->left && !stream->newline;
}

static void stream_close(struct cpl_stream *base)
{
    struct rejects_stream *stream = (struct rejects_stream *)base;
    rejects_cursor_close(&stream->cursor);
    cpl_free(stream);
}

static const struct cpl_stream_ops stream_ops = {
    .name = "rejects",
    .read = stream_read,
    .ends_row = stream_ends_row,
    .close = stream_close,
};

struct cpl_stream *cpl_rejects_stream(const struct cpl_rejects_source *source, size_t part,
                                      struct cpl_error *err)
{
    struct rejects_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream)
        return NULL;
    if (!rejects_cursor_open(&stream->cursor, source, err)) {
        cpl_free(stream);
        return NULL;
    }
    stream->stream.ops = &stream_ops;
    stream->part = part;
    stream->format = rejects_part_of(source, part);
    stream->left = stream->format->header.size;
    stream->data = stream->left ? stream->format->header.data : (const uint8_t *)"";
    stream->newline = stream->left && !rejects_ends_row(stream->format, stream->data, stream->left);
    return &stream->stream;
}

/* ---- where rows first stood ---- */

struct cpl_rejects_trace {
    const struct cpl_rejects_source *source;
    size_t part;
    struct rejects_cursor cursor;
    uint64_t start, end; /* of the last row, in the part's stream */
    bool ended;
};

static bool trace_begin(struct cpl_rejects_trace *trace, struct cpl_error *err)
{
    const struct rejects_part *format = rejects_part_of(trace->source, trace->part);
    size_t header = format->header.size;
    if (header && !rejects_ends_row(format, format->header.data, header))
        header += format->newline_size;
    rejects_cursor_close(&trace->cursor);
    trace->start = trace->end = header;
    trace->ended = false;
    return rejects_cursor_open(&trace->cursor, trace->source, err);
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
    rejects_cursor_close(&trace->cursor);
    cpl_free(trace);
}

static bool trace_next(struct cpl_rejects_trace *trace, struct cpl_error *err)
{
    const struct rejects_part *format = rejects_part_of(trace->source, trace->part);
    bool more;
    if (!rejects_cursor_next_of(&trace->cursor, trace->part, &more, err))
        return false;
    trace->ended = !more;
    if (!more)
        return true;
    struct cpl_slice raw = rejects_cursor_text(&trace->cursor, REJECTS_RAW);
    trace->start = trace->end;
    trace->end += raw.length;
    if (!rejects_ends_row(format, raw.data, raw.length))
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
        .position = (uint64_t)rejects_cursor_number(&trace->cursor, REJECTS_POSITION),
        .length = (uint64_t)rejects_cursor_number(&trace->cursor, REJECTS_LENGTH),
        .line = (uint64_t)rejects_cursor_number(&trace->cursor, REJECTS_LINE)};
    return true;
}

#include "run/verify_text.h"

#include "decode/json_lex.h"
#include "storage/storage.h"

#include <inttypes.h>
#include <string.h>

enum { PIECE = 256 << 10, LONGEST_LINE = 1 << 30 };

static bool damaged(const char *path, uint64_t line, struct cpl_error *err, const char *what)
{
    return cpl_fail(err, CPL_E_CORRUPT, "%s:%" PRIu64 ": %s", path, line, what);
}

/* ---- JSON ---- */

/* The bytes at hand: whole lines, then the beginning of one; NULs behind them. */
struct lines {
    struct cpl_reader *reader;
    uint8_t *data;
    size_t size, capacity;
    uint64_t offset; /* of what is read next */
    bool whole;
};

/* Keep what begins at `from`, and read on. */
static bool read_on(struct lines *in, size_t from, struct cpl_error *err)
{
    in->size -= from;
    memmove(in->data, in->data + from, in->size);
    if (in->size == in->capacity) {
        if (in->capacity >= LONGEST_LINE)
            return cpl_fail(err, CPL_E_LIMIT, "a line is longer than 1 GiB");
        uint8_t *data = cpl_realloc(in->data, 2 * in->capacity + JSON_PADDING, err);
        if (!data)
            return false;
        in->data = data;
        in->capacity *= 2;
    }
    size_t got, room = in->capacity - in->size;
    if (!cpl_reader_at(in->reader, in->offset, in->data + in->size, room, &got, err))
        return false;
    in->offset += got;
    in->size += got;
    in->whole = got < room;
    memset(in->data + in->size, 0, JSON_PADDING);
    return true;
}

/* A line [p, end) of the file: a row, perhaps with the comma to the next one, or the bracket around an array. */
static bool take_line(const uint8_t *p, const uint8_t *end, bool *row)
{
    struct json_lex lex = {.end = end, .max_depth = JSON_DEPTH_MAX, .lines = true};
    *row = *p == '{';
    if (!*row)
        return end - p == 1 && (*p == '[' || *p == ']');
    const uint8_t *behind = json_skip(&lex, p, 0);
    return behind && behind + (*behind == ',') == end;
}

static bool count_lines(struct lines *in, const char *path, uint64_t *rows, struct cpl_error *err)
{
    uint64_t line = 1;
    size_t at = 0;
    do {
        if (!read_on(in, at, err))
            return false;
        for (at = 0; at < in->size; line++) {
            const uint8_t *p = in->data + at, *newline = memchr(p, '\n', in->size - at);
            bool row;
            if (!newline && in->whole)
                return damaged(path, line, err, "the last line is cut off");
            if (!newline)
                break;
            if (!take_line(p, newline, &row))
                return damaged(path, line, err, "is not a row as it was written");
            *rows += row;
            at += (size_t)(newline - p) + 1;
        }
    } while (!in->whole);
    return true;
}

bool cpl_count_json(struct cpl_reader *reader, const char *path, uint64_t *rows,
                    struct cpl_error *err)
{
    struct lines in = {.reader = reader, .capacity = PIECE};
    *rows = 0;
    in.data = cpl_alloc(PIECE + JSON_PADDING, err);
    bool ok = in.data && count_lines(&in, path, rows, err);
    cpl_free(in.data);
    return ok;
}

/* ---- CSV ---- */

struct records {
    const struct cpl_csv_layout *layout;
    enum { FIELD_START, PLAIN, QUOTED, QUOTE, RETURN } state; /* QUOTE: it closes, or is doubled */
    uint64_t line, first_line;                                /* at hand; of the record */
    uint64_t fields, width; /* of the record so far; of the first one */
    uint64_t n;
};

static const char *end_record(struct records *r)
{
    r->fields++;
    r->width = r->n ? r->width : r->fields;
    if (r->fields != r->width)
        return "the record has another number of fields than the first one";
    r->n++;
    r->fields = 0;
    r->first_line = r->line + 1;
    r->state = FIELD_START;
    return NULL;
}

/* A byte outside quotes; what is wrong with it, or NULL. */
static const char *plain_byte(struct records *r, uint8_t byte)
{
    if (byte == '\n')
        return end_record(r);
    if (r->state == RETURN)
        return "a carriage return stands alone";
    if (byte == r->layout->delimiter) {
        r->fields++;
        r->state = FIELD_START;
    } else if (byte == '\r') {
        r->state = RETURN;
    } else if (byte == r->layout->quote) {
        if (r->state != FIELD_START)
            return "a quote stands inside a field";
        r->state = QUOTED;
    } else if (r->state == QUOTE) {
        return "text follows a closing quote";
    } else {
        r->state = PLAIN;
    }
    return NULL;
}

static const char *take_byte(struct records *r, uint8_t byte)
{
    const char *wrong = NULL;
    if (r->state == QUOTED)
        r->state = byte == r->layout->quote ? QUOTE : QUOTED;
    else if (r->state == QUOTE && byte == r->layout->quote)
        r->state = QUOTED;
    else
        wrong = plain_byte(r, byte);
    r->line += byte == '\n';
    return wrong;
}

static const char *take_piece(struct records *r, const uint8_t *data, size_t size)
{
    const char *wrong = NULL;
    for (size_t i = 0; i < size && !wrong; i++)
        wrong = take_byte(r, data[i]);
    return wrong;
}

bool cpl_count_csv(struct cpl_reader *reader, const char *path, const struct cpl_csv_layout *layout,
                   uint64_t *rows, struct cpl_error *err)
{
    struct records r = {.layout = layout, .line = 1, .first_line = 1};
    uint8_t *piece = cpl_alloc(PIECE, err);
    const char *wrong = NULL;
    uint64_t at = 0;
    bool ok = piece != NULL;
    for (size_t got = PIECE; ok && !wrong && got == PIECE; at += got) {
        ok = cpl_reader_at(reader, at, piece, PIECE, &got, err);
        wrong = ok ? take_piece(&r, piece, got) : NULL;
    }
    cpl_free(piece);
    if (ok && !wrong && (r.state != FIELD_START || r.fields))
        wrong = "the last record is cut off";
    if (ok && !wrong && layout->header && !r.n)
        wrong = "the header is missing";
    if (wrong)
        return damaged(path, r.first_line, err, wrong);
    *rows = r.n - (layout->header && r.n);
    return ok;
}

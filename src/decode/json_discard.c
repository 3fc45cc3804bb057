/* Rows that are passed over as their bytes come: too long, or broken beyond finding their end. */
#include "decode/json_decoder.h"

enum { RAW_SHOWN = 65536 }; /* bytes kept of a row that is too long */

bool json_start_discarding(struct json_decoder *d, enum discarded what, struct cpl_error *err)
{
    struct json_discard *discard = &d->discard;
    *discard = (struct json_discard){.held = discard->held,
                                     .row = json_reject_of(d, json_block_end(&d->block))};
    uint64_t at = json_block_position(&d->block), ignored;
    discard->what = what;
    discard->held.size = 0;
    return cpl_stream_locate(d->block.bytes, at, at, &discard->row.position, &ignored, NULL, err) &&
           cpl_buffer_reserve(&discard->held, 1, err);
}

/* Behind the value's last byte, or NULL when it is not there yet. */
static const uint8_t *value_end(struct json_discard *discard, const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        if (discard->in_string) {
            discard->in_string = discard->escaped || *p != '"';
            discard->escaped = !discard->escaped && *p == '\\';
        } else if (*p == '"') {
            discard->in_string = true;
        } else if (*p == '{' || *p == '[') {
            discard->depth++;
        } else if ((*p == '}' || *p == ']') && !--discard->depth) {
            return p + 1;
        }
    }
    return NULL;
}

/* The start of a line that begins as rows do, or NULL; then *keep bytes at the end may be the start of one. */
static const uint8_t *next_alike(const struct json_decoder *d, const uint8_t *p, const uint8_t *end,
                                 size_t *keep)
{
    size_t length = d->alike.length;
    for (; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        size_t left = (size_t)(end - p);
        if (left >= length && !memcmp(p, d->alike.text, length))
            return p + length - 1;
        if (left < length) {
            *keep = left;
            return NULL;
        }
    }
    *keep = 0;
    return NULL;
}

static bool finish_discarding(struct json_decoder *d, bool found, struct cpl_error *err)
{
    struct json_discard *discard = &d->discard;
    discard->row.raw = discard->held.data;
    discard->row.raw_length = discard->held.size;
    if (found && discard->what == DISCARD_VALUE)
        json_frame_row_done(&d->frame);
    else if (found && discard->what == DISCARD_TO_ALIKE)
        d->frame.state = d->frame.array ? FRAME_NEXT : FRAME_START;
    else
        d->frame.state = FRAME_START; /* at the end, or lines */
    discard->what = DISCARD_NOTHING;
    d->report.object.reject += discard->row.length;
    return json_add_reject(d, &discard->row, err);
}

/* Keep [start, start + size), which begins at `position`, as far as the reject shows it. A character may be cut in two between
 * calls; then both lead to its bytes in the object, and they are kept once. */
static bool hold_bytes(struct json_decoder *d, const uint8_t *start, size_t size, uint64_t position,
                       struct cpl_error *err)
{
    struct json_discard *discard = &d->discard;
    struct cpl_buffer *held = &discard->held;
    size_t room = RAW_SHOWN - discard->shown, take = size < room ? size : room;
    size_t before = held->size;
    uint64_t from, to, end = discard->row.position + before;
    discard->shown += take;
    if (!take || !d->block.bytes->ops->locate)
        return !take || cpl_buffer_append(held, start, take, err);
    if (!cpl_stream_locate(d->block.bytes, position, position + take, &from, &to, held, err))
        return false;
    size_t again = end > from ? (size_t)(end - from) : 0;
    held->size -= again;
    memmove(held->data + before, held->data + before + again, held->size - before);
    return true;
}

/* [block.at, end) belongs to the reject. */
static bool discard_bytes(struct json_decoder *d, const uint8_t *end, struct cpl_error *err)
{
    const uint8_t *start = d->block.data + d->block.at;
    uint64_t position = json_block_position(&d->block), from, to;
    size_t size = (size_t)(end - start);
    json_pass_lines(d, start, end);
    if (!hold_bytes(d, start, size, position, err) ||
        !cpl_stream_locate(d->block.bytes, position, position + size, &from, &to, NULL, err))
        return false;
    json_consume(d, end, &d->report.reject_bytes);
    d->discard.row.length = to - d->discard.row.position;
    return true;
}

bool json_go_on_discarding(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *start = d->block.data + d->block.at, *end = json_block_end(&d->block);
    const uint8_t *stop = NULL;
    size_t keep = 0;
    if (d->discard.what == DISCARD_LINE)
        stop = memchr(start, '\n', (size_t)(end - start));
    else if (d->discard.what == DISCARD_VALUE)
        stop = value_end(&d->discard, start, end);
    else if (d->discard.what == DISCARD_TO_ALIKE)
        stop = next_alike(d, start, end, &keep);
    bool cut = !stop && !d->block.whole;
    *progress = cut ? NEED_BYTES : ROW_TAKEN;
    if (stop && d->discard.what == DISCARD_LINE)
        stop++; /* its newline is the row's */
    if (!discard_bytes(d, stop ? stop : cut ? end - keep : end, err))
        return false;
    return cut || finish_discarding(d, stop != NULL, err);
}

bool json_grow_or_discard(struct json_decoder *d, enum discarded what, enum progress *progress,
                          struct cpl_error *err)
{
    const uint8_t *start = d->block.data + d->block.at;
    json_take_back_row(d);
    *progress = NEED_BYTES;
    if (!json_block_is_full(&d->block))
        return true;
    *progress = ROW_TAKEN;
    json_fail(&d->walk.lex, JSON_LIMIT, start, "the row is longer than limits.max_row_bytes");
    bool container = *start == '{' || *start == '[';
    return json_start_discarding(d, what == DISCARD_VALUE && !container ? DISCARD_REST : what, err);
}

/* One split: blocks to rows, rows to batches, bad rows to rejects, misfits to needs. */
#include "base/text.h"
#include "decode/json.h"
#include "decode/json_block.h"
#include "decode/json_frame.h"
#include "decode/json_limit.h"
#include "decode/json_resync.h"
#include <stdio.h>

enum {
    BATCH_ROWS = 4096,
    RAW_SHOWN = 65536, /* bytes kept of a row that is too long */
    VALUE_SHOWN = 60,  /* bytes of a bad value in a message */
};

enum progress { ROW_TAKEN, NEED_BYTES, FINISHED, FAILED };

enum discarded { DISCARD_NOTHING, DISCARD_LINE, DISCARD_VALUE, DISCARD_TO_ALIKE, DISCARD_REST };

/* A row that is passed over as its bytes come: too long, or broken beyond finding its end. */
struct json_discard {
    enum discarded what;
    struct cpl_reject row;   /* complete but for its length */
    struct cpl_buffer held;  /* its first bytes, as they stand in the object */
    size_t shown;            /* bytes of the stream that they are */
    bool in_string, escaped; /* DISCARD_VALUE: where in the value */
    uint32_t depth;
};

/* The newline and the blanks that end at position `end`: what a row there has before it on its line. */
struct json_margin {
    uint64_t end;
    size_t length;    /* 0 = something else stands there, or too much */
    uint8_t text[63]; /* and a bracket, in json_alike */
};

struct json_decoder {
    struct cpl_decoder base;
    const struct cpl_decode_plan *plan;
    const struct cpl_json_settings *settings;
    struct cpl_reject_sink *rejects;
    uint64_t to;
    uint64_t ordinary; /* bytes of a row that need no look at any limit */
    bool finished;
    uint64_t line_start; /* where the line of the row at hand begins; not for JSON_LINES */
    bool seek_line;      /* the split starts in the middle of a line */
    bool rejected;       /* the last row was */
    struct json_discard discard;
    struct json_margin margin;
    struct json_alike alike; /* how the lines of rows begin */

    struct json_block block;
    struct json_frame frame;
    struct json_walk walk;
    struct json_node *root;
    int document; /* field that takes the row's text, or -1 */
    struct cpl_builder *builders;
    struct cpl_arena nodes, strings, needs_arena;
    struct json_rules rules;
    struct json_shaper shaper;
    struct json_shape need;

    struct cpl_batch batch;
    struct cpl_column *columns;
    uint32_t *row_start, *row_end, *row_line;
    bool *met; /* one a column; NULL: no column is absent from the samples */
    uint32_t rows, max_rows;
    struct cpl_split_report report;
    char message[512];
};

/* ---- opening and closing ---- */

uint64_t json_memory(const struct cpl_decoder *base)
{
    const struct json_decoder *d = (const struct json_decoder *)base;
    uint64_t bytes = d->block.capacity + d->strings.used + d->walk.scratch.used + d->nodes.used +
                     d->needs_arena.used;
    for (uint32_t i = 0; i < d->plan->schema->n_fields; i++)
        bytes += cpl_builder_memory(&d->builders[i]);
    return bytes;
}

void json_close(struct cpl_decoder *base)
{
    struct json_decoder *d = (struct json_decoder *)base;
    if (!d)
        return;
    for (uint32_t i = 0; d->builders && i < d->plan->schema->n_fields; i++)
        cpl_builder_release(&d->builders[i]);
    json_block_release(&d->block);
    cpl_arena_release(&d->nodes);
    cpl_arena_release(&d->strings);
    cpl_arena_release(&d->needs_arena);
    cpl_arena_release(&d->walk.scratch);
    cpl_buffer_release(&d->discard.held);
    cpl_free(d->builders);
    cpl_free(d->columns);
    cpl_free(d->row_start);
    cpl_free(d->row_end);
    cpl_free(d->row_line);
    cpl_free(d->met);
    cpl_free(d);
}

static bool open_columns(struct json_decoder *d, struct cpl_error *err)
{
    const struct cpl_schema *schema = d->plan->schema;
    size_t n = schema->n_fields ? schema->n_fields : 1;
    size_t rows = d->max_rows * sizeof *d->row_start;
    d->columns = cpl_alloc_zero(n, sizeof *d->columns, err);
    d->row_start = cpl_alloc(rows, err);
    d->row_end = cpl_alloc(rows, err);
    d->row_line = cpl_alloc(rows, err);
    d->builders = cpl_alloc_zero(n, sizeof *d->builders, err);
    if (!d->columns || !d->row_start || !d->row_end || !d->row_line || !d->builders)
        return false;
    bool absent = false;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        if (!cpl_builder_init(&d->builders[i], &schema->fields[i], d->max_rows, err))
            return false;
        absent |= d->plan->columns && d->plan->columns[i].absent;
    }
    return !absent || (d->met = cpl_alloc_zero(n, sizeof *d->met, err));
}

static bool open_tree(struct json_decoder *d, struct cpl_error *err)
{
    struct json_tree_plan tree = {.schema = d->plan->schema,
                                  .columns = d->plan->columns,
                                  .builders = d->builders,
                                  .separator = d->settings->flatten ? d->settings->separator : NULL,
                                  .document = d->document,
                                  .row_is_value = d->settings->row_is_value};
    d->root = json_node_tree(&tree, &d->nodes, err);
    if (!d->root || !json_frame_init(&d->frame, d->settings->layout == JSON_ARRAY,
                                     d->settings->rows, &d->nodes, err))
        return false;
    d->frame.first_wins = d->settings->duplicate_keys == JSON_DUPLICATES_FIRST;
    return true;
}

static void open_walk(struct json_decoder *d)
{
    uint32_t depth = d->plan->max_depth ? d->plan->max_depth : 128;
    enum json_unknown unknown = (enum json_unknown)d->settings->unknown_fields;
    bool left_out = d->plan->closed && unknown == JSON_UNKNOWN_ADD;
    d->walk = (struct json_walk){
        .lex = {.max_depth = depth < JSON_DEPTH_MAX ? depth : JSON_DEPTH_MAX,
                .lines = d->settings->layout == JSON_LINES},
        .arena = &d->strings,
        .duplicates = (enum json_duplicates)d->settings->duplicate_keys,
        .unknown = unknown,
        .unknown_top = left_out ? JSON_UNKNOWN_IGNORE : unknown,
    };
}

static uint64_t ordinary_row(const struct cpl_decode_plan *plan)
{
    uint64_t row = plan->max_row_bytes ? plan->max_row_bytes : UINT64_MAX;
    uint64_t field = plan->max_field_bytes ? plan->max_field_bytes : UINT64_MAX;
    return row < field ? row : field;
}

struct cpl_decoder *json_open(const struct cpl_decode_plan *plan, struct cpl_stream *bytes,
                              uint64_t from, uint64_t to, bool at_row_start,
                              struct cpl_reject_sink *rejects, struct cpl_error *err)
{
    struct json_decoder *d = cpl_alloc_zero(1, sizeof *d, err);
    if (!d)
        return NULL;
    d->base.ops = plan->ops;
    d->plan = plan;
    d->settings = plan->settings;
    d->rejects = rejects;
    d->to = d->settings->layout == JSON_LINES ? to : UINT64_MAX;
    d->seek_line = from && !at_row_start;
    d->max_rows = plan->batch_rows ? plan->batch_rows : BATCH_ROWS;
    d->document = json_document_field(d->settings, plan->schema);
    d->rules = json_rules_of(d->settings);
    d->shaper = (struct json_shaper){.arena = &d->needs_arena, .rules = &d->rules};
    d->report.true_start = from;
    d->ordinary = ordinary_row(plan);
    open_walk(d);
    uint64_t most = plan->max_row_bytes ? plan->max_row_bytes : 64 << 20;
    most = most < (1u << 30) ? most : 1u << 30;
    size_t block = d->settings->block_size ? d->settings->block_size : 512 << 10;
    if (json_block_init(&d->block, bytes, from, block, most + JSON_PADDING, err) &&
        open_columns(d, err) && open_tree(d, err))
        return &d->base;
    json_close(&d->base);
    return NULL;
}

/* ---- books ---- */

static uint64_t count_newlines(const uint8_t *from, const uint8_t *to)
{
    uint64_t n = 0;
    for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))); from++)
        n++;
    return n;
}

/* The lines in [from, to), which is at hand, are passed. */
static void pass_lines(struct json_decoder *d, const uint8_t *from, const uint8_t *to)
{
    uint64_t n = count_newlines(from, to);
    d->report.lines += n;
    if (n)
        d->line_start = d->block.base +
                        (uint64_t)((const uint8_t *)memrchr(from, '\n', (size_t)(to - from)) + 1 -
                                   d->block.data);
}

/* Consume [at, end), which is counted in *class. */
static void consume(struct json_decoder *d, const uint8_t *end, uint64_t *class)
{
    size_t length = (size_t)(end - (d->block.data + d->block.at));
    *class += length;
    d->block.at += length;
}

/* The same for what is no row: *object_class counts the object's bytes. */
static bool consume_aside(struct json_decoder *d, const uint8_t *end, uint64_t *class,
                          uint64_t *object_class, struct cpl_error *err)
{
    uint64_t from = json_block_position(&d->block);
    consume(d, end, class);
    return cpl_stream_count(d->block.bytes, from, json_block_position(&d->block), object_class,
                            err);
}

/* Separators end at p: does only the beginning of a line stand before it? They may have come in several blocks. */
static void note_margin(struct json_decoder *d, const uint8_t *p)
{
    struct json_margin *margin = &d->margin;
    const uint8_t *first = d->block.data + d->block.at, *line = p;
    while (line > first && (line[-1] == ' ' || line[-1] == '\t'))
        line--;
    size_t before = 0, blanks = (size_t)(p - line);
    if (line > first)
        before = line[-1] == '\n';
    else if (margin->end == json_block_position(&d->block))
        before = margin->length;
    margin->length = before && before + blanks <= sizeof margin->text ? before + blanks : 0;
    if (margin->length)
        memcpy(margin->text + before, line, blanks);
    margin->text[0] = '\n';
    margin->end = d->block.base + (uint64_t)(p - d->block.data);
}

/* Remember how the line of the row at block.at begins, if the row is a container at the beginning of its line. */
static void learn_alike(struct json_decoder *d)
{
    uint8_t bracket = d->block.data[d->block.at];
    size_t length = d->margin.length;
    if ((bracket != '{' && bracket != '[') || !length)
        return;
    memcpy(d->alike.text, d->margin.text, length);
    d->alike.text[length] = bracket;
    d->alike.length = length + 1;
}

static bool consume_separators(struct json_decoder *d, const uint8_t *end, struct cpl_error *err)
{
    struct cpl_split_report *r = &d->report;
    note_margin(d, end);
    pass_lines(d, d->block.data + d->block.at, end);
    bool first = !r->rows_read && !d->rows;
    return consume_aside(d, end, first ? &r->header_bytes : &r->blank_bytes,
                         first ? &r->object.header : &r->object.blank, err);
}

/* ---- bad rows ---- */

static const char *const rules[] = {
    [JSON_SYNTAX] = "syntax",
    [JSON_CHARSET] = "charset",
    [JSON_DEPTH] = "limit",
    [JSON_DUPLICATE] = "duplicate_key",
    [JSON_TYPE] = "type",
    [JSON_NULL] = "null",
    [JSON_UNKNOWN] = "unknown_field",
    [JSON_LIMIT] = "limit",
    [JSON_FIELD_LIMIT] = "limit",
    [JSON_PATH] = "syntax",
};

static bool names_column(enum json_fault fault)
{
    return fault == JSON_DUPLICATE || fault == JSON_TYPE || fault == JSON_NULL ||
           fault == JSON_UNKNOWN || fault == JSON_FIELD_LIMIT || fault == JSON_REFUSED;
}

/* The first bytes of the bad value, printable: whole characters when they are valid. */
static void show_value(const struct json_decoder *d, const uint8_t *end, char *out)
{
    size_t n = 0;
    struct json_lex check = d->walk.lex;
    const uint8_t *at = check.where;
    const uint8_t *behind = names_column(check.fault) && at < end ? json_skip(&check, at, 0) : NULL;
    if (behind && behind < end)
        end = behind;
    for (; at < end && n < VALUE_SHOWN && *at != '\n'; at++)
        out[n++] = *at >= 0x20 && *at != 0x7F ? (char)*at : '?';
    while (n && n == VALUE_SHOWN && ((uint8_t)out[n - 1] & 0xC0) == 0x80)
        n--;
    if (n && (uint8_t)out[n - 1] >= 0xC0)
        n--;
    while (n && out[n - 1] == ' ')
        n--;
    if (!cpl_utf8_valid((const uint8_t *)out, n))
        for (size_t i = 0; i < n; i++)
            out[i] = (uint8_t)out[i] < 0x80 ? out[i] : '?';
    out[n] = 0;
}

static const char *describe_fault(struct json_decoder *d, const uint8_t *end)
{
    const struct json_lex *lex = &d->walk.lex;
    const struct json_node *node = names_column(lex->fault) ? d->walk.node : NULL;
    char path[256] = "", shown[VALUE_SHOWN + 1];
    show_value(d, end, shown);
    if (node)
        json_node_path(node, path, sizeof path);
    if (node && node->column && !strcmp(path, node->column->name))
        *path = 0; /* the reject names its column already */
    cpl_text_set(d->message, sizeof d->message, "%s%s%s%s%s", path, *path ? ": " : "", lex->message,
                 *shown ? ": " : "", shown);
    return d->message;
}

/* Where in the row at block.at the walk failed. */
static struct cpl_fault place_fault(const struct json_decoder *d)
{
    const uint8_t *row = d->block.data + d->block.at, *at = d->walk.lex.where;
    if (!at || at < row || at > json_block_end(&d->block))
        return (struct cpl_fault){0};
    const uint8_t *newline = memrchr(row, '\n', (size_t)(at - row));
    bool lines = d->settings->layout == JSON_LINES;
    uint64_t before = lines || newline ? 0 : json_block_position(&d->block) - d->line_start;
    return (struct cpl_fault){
        .line = count_newlines(row, at),
        .column = before + (uint64_t)(at - (newline ? newline + 1 : row)) + 1,
    };
}

/* The reject of the row at block.at, of which [block.at, text_end) is at hand; its place is still
 * missing. */
static struct cpl_reject reject_of(struct json_decoder *d, const uint8_t *text_end)
{
    const struct json_lex *lex = &d->walk.lex;
    bool named = names_column(lex->fault) && d->walk.node && d->walk.node->column;
    return (struct cpl_reject){.line = d->report.lines,
                               .column = named ? d->walk.node->column->name : NULL,
                               .rule = lex->fault == JSON_REFUSED ? d->walk.node->check->rule
                                                                  : rules[lex->fault],
                               .fault = place_fault(d),
                               .message = describe_fault(d, text_end)};
}

static bool add_reject(struct json_decoder *d, const struct cpl_reject *row, struct cpl_error *err)
{
    d->report.rows_read++;
    d->report.rows_rejected++;
    d->rejected = true;
    return !d->rejects || d->rejects->add(d->rejects, row, err);
}

/* The object's bytes behind [block.at, end), which become the reject's. */
static bool place_reject(struct json_decoder *d, const uint8_t *end, struct cpl_reject *row,
                         struct cpl_buffer *raw, struct cpl_error *err)
{
    uint64_t from = json_block_position(&d->block), object_from, object_to;
    const uint8_t *start = d->block.data + d->block.at;
    size_t size = (size_t)(end - start);
    if (!cpl_stream_locate(d->block.bytes, from, from + size, &object_from, &object_to, raw, err))
        return false;
    row->position = object_from;
    row->length = object_to - object_from;
    row->raw = d->block.bytes->ops->locate ? raw->data : start;
    row->raw_length = d->block.bytes->ops->locate ? raw->size : size;
    d->report.object.reject += row->length;
    return true;
}

static void take_back_row(struct json_decoder *d)
{
    for (uint32_t i = 0; i < d->plan->schema->n_fields; i++)
        cpl_builder_truncate(&d->builders[i], d->rows);
}

/* Join the row at `start` into the needs; it is whole and valid JSON. */
static bool note_need(struct json_decoder *d, const uint8_t *start, struct cpl_error *err)
{
    struct json_lex lex = d->walk.lex;
    d->report.widened = true;
    d->rejected = false;
    d->report.rows_read++;
    d->report.rows_decoded++;
    return json_shape_observe(&d->shaper, &d->need, &lex, start, 0, err) != NULL;
}

/* What becomes of the row whose walk failed at a place that may widen. Types that are kept do not, but may gain fields. */
static enum cpl_type_conflict policy(const struct json_decoder *d)
{
    const struct json_node *node = d->walk.lex.fault == JSON_UNKNOWN ? NULL : d->walk.node;
    bool kept = node && node->column &&
                d->plan->columns[node->column - d->plan->schema->fields].kept;
    return kept && d->plan->on_type_conflict == CPL_CONFLICT_WIDEN ? CPL_CONFLICT_FAIL
                                                                   : d->plan->on_type_conflict;
}

/* The row at `start` ends at `end` and failed: is it a need rather than a reject? */
static bool is_need(const struct json_decoder *d)
{
    return d->walk.widenable && policy(d) == CPL_CONFLICT_WIDEN;
}

/* The row's value starts at `start`; its bytes [block.at, end), of which `text_end` ends the text,
 * are consumed. */
static bool bad_row(struct json_decoder *d, const uint8_t *start, const uint8_t *text_end,
                    const uint8_t *end, struct cpl_error *err)
{
    if (is_need(d)) {
        if (!note_need(d, start, err))
            return false;
        consume(d, end, &d->report.row_bytes);
        return true;
    }
    struct cpl_buffer raw = {.max = 8 * (size_t)(end - (d->block.data + d->block.at)) + 4096};
    struct cpl_reject row = reject_of(d, text_end);
    row.fault.conflict = d->walk.widenable && policy(d) == CPL_CONFLICT_FAIL;
    bool ok = place_reject(d, end, &row, &raw, err) && add_reject(d, &row, err);
    consume(d, end, &d->report.reject_bytes);
    cpl_buffer_release(&raw);
    return ok;
}

/* ---- good rows ---- */

/* Row [block.at, end), with its newline, was appended to the builders. */
static inline void take_row(struct json_decoder *d, const uint8_t *end)
{
    size_t at = d->block.at;
    d->row_start[d->rows] = (uint32_t)at;
    d->row_end[d->rows] = (uint32_t)(end - d->block.data);
    d->row_line[d->rows] = (uint32_t)(d->report.lines - d->batch.line_base);
    d->rows++;
    d->rejected = false;
    d->report.row_bytes += (uint64_t)(end - d->block.data) - at;
    d->block.at = (size_t)(end - d->block.data);
}

static bool put_document(struct json_decoder *d, const uint8_t *start, const uint8_t *end)
{
    return d->document < 0 || cpl_builder_slice(&d->builders[d->document], start,
                                                (uint32_t)(end - start), d->walk.err);
}

/* Append the row's value at p; NULL and a fault when it fails. */
static inline const uint8_t *walk_row(struct json_decoder *d, const uint8_t *p)
{
    const uint8_t *end = json_walk_row(&d->walk, d->root, p);
    if (end && !put_document(d, p, end))
        return json_fail(&d->walk.lex, JSON_MEMORY, p, "no memory");
    return end;
}

/* ---- rows that are passed over ---- */

/* From block.at on, pass over what `what` says; the first bytes are kept for the reject. */
static bool start_discarding(struct json_decoder *d, enum discarded what, struct cpl_error *err)
{
    struct json_discard *discard = &d->discard;
    *discard = (struct json_discard){.held = discard->held,
                                     .row = reject_of(d, json_block_end(&d->block))};
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
    return add_reject(d, &discard->row, err);
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
    pass_lines(d, start, end);
    if (!hold_bytes(d, start, size, position, err) ||
        !cpl_stream_locate(d->block.bytes, position, position + size, &from, &to, NULL, err))
        return false;
    consume(d, end, &d->report.reject_bytes);
    d->discard.row.length = to - d->discard.row.position;
    return true;
}

static bool discard(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
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

/* The row at hand is cut off: more bytes, unless it has grown over the limit. */
static bool grow_or_discard(struct json_decoder *d, enum discarded what, enum progress *progress,
                            struct cpl_error *err)
{
    const uint8_t *start = d->block.data + d->block.at;
    take_back_row(d);
    *progress = NEED_BYTES;
    if (!json_block_is_full(&d->block))
        return true;
    *progress = ROW_TAKEN;
    json_fail(&d->walk.lex, JSON_LIMIT, start, "the row is longer than limits.max_row_bytes");
    bool container = *start == '{' || *start == '[';
    return start_discarding(d, what == DISCARD_VALUE && !container ? DISCARD_REST : what, err);
}

/* ---- limits ---- */

/* Must the limits be asked about a row of these bytes? */
static inline bool is_long(const struct json_decoder *d, const uint8_t *row, const uint8_t *end)
{
    return (uint64_t)(end - row) > d->ordinary;
}

/* Is a field of the row's value at `start`, which is valid JSON and ends before `end`, too long? Then that is the row's fault. */
static bool has_long_field(struct json_decoder *d, const uint8_t *start, const uint8_t *end)
{
    uint64_t most = d->plan->max_field_bytes;
    return most && (uint64_t)(end - start) > most &&
           json_long_field(&d->walk, d->root, start, most);
}

/* Is the row [row, end), whose value begins at `start`, over a limit? Then that is its fault. */
static bool over_limit(struct json_decoder *d, const uint8_t *row, const uint8_t *start,
                       const uint8_t *end)
{
    if (!is_long(d, row, end))
        return false;
    uint64_t most = d->plan->max_row_bytes;
    if (!most || (uint64_t)(end - row) <= most)
        return has_long_field(d, start, end);
    json_fail(&d->walk.lex, JSON_LIMIT, row, "the row is longer than limits.max_row_bytes");
    return true;
}

/* ---- lines ---- */

/* A value that does not fit may hide that the line is no JSON at all, or over a limit, and then that is its fault. */
static void check_line(struct json_decoder *d, const uint8_t *start, const uint8_t *text_end)
{
    struct json_lex *lex = &d->walk.lex, check = *lex;
    if (!names_column(lex->fault))
        return;
    const uint8_t *end = json_skip(&check, start, 0);
    if (end && json_space(lex, end) == text_end) {
        has_long_field(d, start, text_end);
        return;
    }
    d->walk.widenable = false;
    if (end)
        json_fail(lex, JSON_SYNTAX, end, "something follows the row's value");
    else
        json_fail(lex, check.fault, check.where, check.message);
}

/* A line that is not simply one good value and a newline. `after`: where the walk stopped, NULL =
 * it failed. */
static bool odd_line(struct json_decoder *d, const uint8_t *start, const uint8_t *after,
                     const uint8_t *newline, struct cpl_error *err)
{
    struct json_lex *lex = &d->walk.lex;
    const uint8_t *line = d->block.data + d->block.at;
    const uint8_t *text_end = newline ? newline : json_block_end(&d->block);
    const uint8_t *behind = newline ? newline + 1 : text_end;
    if (start >= text_end) {
        take_back_row(d);
        d->report.lines += newline != NULL;
        return consume_aside(d, behind, &d->report.blank_bytes, &d->report.object.blank, err);
    }
    const uint8_t *rest = after ? json_space(lex, after) : NULL;
    if (rest && rest != text_end)
        json_fail(lex, JSON_SYNTAX, rest, "something follows the row's value");
    else if (rest && !over_limit(d, line, start, text_end)) {
        take_row(d, behind);
        d->report.lines += newline != NULL;
        return true;
    }
    take_back_row(d);
    check_line(d, start, text_end);
    bool ok = bad_row(d, start, text_end, behind, err);
    d->report.lines += newline != NULL;
    return ok;
}

static bool slow_line(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *line = d->block.data + d->block.at, *end = json_block_end(&d->block);
    const uint8_t *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline && !d->block.whole)
        return grow_or_discard(d, DISCARD_LINE, progress, err);
    take_back_row(d);
    const uint8_t *start = json_space(&d->walk.lex, line);
    const uint8_t *after = start < (newline ? newline : end) ? walk_row(d, start) : NULL;
    if (d->walk.lex.fault == JSON_MEMORY)
        return false;
    *progress = ROW_TAKEN;
    return odd_line(d, start, after, newline, err);
}

static bool next_line(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *p = d->block.data + d->block.at;
    const uint8_t *after = walk_row(d, p);
    if (__builtin_expect(!after || *after != '\n' || is_long(d, p, after), 0))
        return slow_line(d, progress, err);
    take_row(d, after + 1);
    d->report.lines++;
    *progress = ROW_TAKEN;
    return true;
}

/* The first row of a split that starts in the middle of a line begins behind the next newline. */
static bool seek_line(struct json_decoder *d, enum progress *progress)
{
    const uint8_t *start = d->block.data + d->block.at, *end = json_block_end(&d->block);
    const uint8_t *newline = start < end ? memchr(start, '\n', (size_t)(end - start)) : NULL;
    d->block.at = (size_t)((newline ? newline + 1 : end) - d->block.data);
    d->report.true_start = json_block_position(&d->block);
    d->seek_line = !newline && !d->block.whole;
    *progress = d->seek_line ? NEED_BYTES : ROW_TAKEN;
    return true;
}

/* ---- rows in arrays and documents ---- */

/* The bytes [block.at, stop) are no row, nor are they JSON. */
static bool reject_broken(struct json_decoder *d, const uint8_t *stop, struct cpl_error *err)
{
    const uint8_t *start = d->block.data + d->block.at;
    bool ok = bad_row(d, start, stop, stop, err);
    pass_lines(d, start, stop);
    return ok;
}

/* What stands at block.at is not JSON, or no row: go on where the next row seems to begin. */
static bool broken(struct json_decoder *d, bool in_value, enum progress *progress,
                   struct cpl_error *err)
{
    bool whole = d->block.whole;
    const uint8_t *stop = json_resync(&d->frame, &d->walk.lex, &d->alike, whole, in_value,
                                      d->block.data + d->block.at);
    d->walk.widenable = false;
    take_back_row(d);
    *progress = ROW_TAKEN;
    if (stop)
        return reject_broken(d, stop, err);
    if (whole) {
        d->frame.state = FRAME_START;
        return reject_broken(d, json_block_end(&d->block), err);
    }
    if (json_block_is_full(&d->block))
        return start_discarding(d, d->alike.length ? DISCARD_TO_ALIKE : DISCARD_REST, err);
    *progress = NEED_BYTES;
    return true;
}

/* A number or word that ends with the bytes at hand may be longer than it seems. */
static bool may_go_on(const struct json_decoder *d, const uint8_t *start, const uint8_t *end)
{
    return end >= json_block_end(&d->block) && *start != '{' && *start != '[' && *start != '"';
}

/* Is the array cut off behind its element that ends at `end`? No bytes tell of that but the element, so the fault is its own;
 * and a number may have been longer. `known`: enough bytes are at hand to tell. */
static bool is_cut_off(const struct json_decoder *d, const uint8_t *end, bool *known)
{
    enum json_frame_state state = d->frame.state;
    bool element = state == FRAME_FIRST || state == FRAME_NEXT || state == FRAME_UNSEPARATED;
    bool at_end = element && *end != ',' &&
                  json_space(&d->walk.lex, end) >= json_block_end(&d->block);
    *known = !at_end || d->block.whole || json_block_is_full(&d->block);
    return at_end && d->block.whole;
}

static void fail_cut_off(struct json_decoder *d, const uint8_t *at)
{
    d->walk.node = NULL;
    d->walk.widenable = false;
    json_fail(&d->walk.lex, JSON_SYNTAX, at,
              "the input ends behind this element, before the array of rows is closed");
}

/* A row whose walk failed. */
static bool odd_value(struct json_decoder *d, const uint8_t *start, enum progress *progress,
                      struct cpl_error *err)
{
    struct json_lex check = d->walk.lex;
    const uint8_t *end = json_skip(&check, start, 0);
    bool known = true, cut_off = end && is_cut_off(d, end, &known);
    bool cut = end ? may_go_on(d, start, end) : check.where >= check.end;
    if (!known || (cut && !d->block.whole))
        return grow_or_discard(d, DISCARD_VALUE, progress, err);
    *progress = ROW_TAKEN;
    if (!end) {
        json_fail(&d->walk.lex, check.fault, check.where, check.message);
        return broken(d, true, progress, err);
    }
    take_back_row(d);
    if (cut_off && names_column(d->walk.lex.fault))
        fail_cut_off(d, end);
    if (names_column(d->walk.lex.fault) && d->frame.state != FRAME_SURPLUS)
        has_long_field(d, start, end);
    bool ok = bad_row(d, start, end, end, err);
    pass_lines(d, start, end);
    json_frame_row_done(&d->frame);
    return ok;
}

/* The member that `rows` names stands twice in the document; at its second value. */
static bool surplus_value(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    d->walk.node = NULL;
    d->walk.widenable = false;
    json_fail(&d->walk.lex, JSON_DUPLICATE, d->block.data + d->block.at,
              "a document has the member that `rows` names twice; the first one's rows are read");
    return odd_value(d, d->block.data + d->block.at, progress, err);
}

/* An element that no ',' separates from the one before it: whole or not, it is rejected. */
static bool unseparated_value(struct json_decoder *d, enum progress *progress,
                              struct cpl_error *err)
{
    d->walk.node = NULL;
    d->walk.widenable = false;
    json_fail(&d->walk.lex, JSON_SYNTAX, d->block.data + d->block.at,
              "',' is missing in front of this element");
    return odd_value(d, d->block.data + d->block.at, progress, err);
}

/* The last element of an array that is cut off behind it. */
static bool last_value(struct json_decoder *d, const uint8_t *start, const uint8_t *end,
                       enum progress *progress, struct cpl_error *err)
{
    take_back_row(d);
    fail_cut_off(d, end);
    return odd_value(d, start, progress, err);
}

static bool value_row(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *p = d->block.data + d->block.at;
    const uint8_t *after = walk_row(d, p);
    if (d->walk.lex.fault == JSON_MEMORY)
        return false;
    if (after && may_go_on(d, p, after) && !d->block.whole)
        return grow_or_discard(d, DISCARD_VALUE, progress, err);
    if (!after || over_limit(d, p, p, after))
        return odd_value(d, p, progress, err);
    bool known, cut_off = is_cut_off(d, after, &known);
    if (!known)
        return grow_or_discard(d, DISCARD_VALUE, progress, err);
    if (cut_off)
        return last_value(d, p, after, progress, err);
    take_row(d, after);
    pass_lines(d, p, after);
    json_frame_row_done(&d->frame);
    *progress = ROW_TAKEN;
    return true;
}

/* To the first byte of a document, when one is due, or of what stands behind an element. */
static bool pass_blanks(struct json_decoder *d, struct cpl_error *err)
{
    bool due = d->frame.state == FRAME_START || d->frame.state == FRAME_FIRST ||
               d->frame.state == FRAME_BEHIND;
    return !due ||
           consume_separators(d, json_space(&d->walk.lex, d->block.data + d->block.at), err);
}

/* What stands between rows is broken; block.at is at it. */
static bool broken_between(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    bool at_end = d->block.at == d->block.size;
    if (at_end && d->rejected && d->frame.state != FRAME_START) {
        d->frame.state = FRAME_START; /* the array is cut off behind a row that is rejected */
        *progress = ROW_TAKEN;
        return true;
    }
    learn_alike(d);
    return broken(d, false, progress, err);
}

static bool next_value(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *p = d->block.data + d->block.at;
    switch (json_frame_advance(&d->frame, &d->walk.lex, d->block.whole, &p)) {
    case FRAME_ROW:
        if (!consume_separators(d, p, err))
            return false;
        learn_alike(d);
        return d->frame.state == FRAME_SURPLUS       ? surplus_value(d, progress, err)
               : d->frame.state == FRAME_UNSEPARATED ? unseparated_value(d, progress, err)
                                                     : value_row(d, progress, err);
    case FRAME_END:
        *progress = FINISHED;
        return consume_separators(d, p, err);
    case FRAME_NEED:
        return pass_blanks(d, err) &&
               grow_or_discard(d, d->frame.state == FRAME_START ? DISCARD_VALUE : DISCARD_REST,
                               progress, err);
    default:
        if (!consume_separators(d, p, err) || !pass_blanks(d, err))
            return false;
        return broken_between(d, progress, err);
    }
}

/* ---- batches ---- */

static bool skip_bom(struct json_decoder *d, struct cpl_error *err)
{
    return memcmp(d->block.data, "\xEF\xBB\xBF", 3) != 0 ||
           consume_aside(d, d->block.data + 3, &d->report.header_bytes, &d->report.object.header,
                         err);
}

/* The first line begins as others do behind their newline. */
static bool begin_object(struct json_decoder *d, struct cpl_error *err)
{
    bool ok = skip_bom(d, err);
    d->margin = (struct json_margin){
        .end = json_block_position(&d->block), .length = 1, .text = {'\n'}};
    return ok;
}

static bool fill(struct json_decoder *d, struct cpl_error *err)
{
    bool first = !d->block.size && !d->block.base;
    if (!json_block_fill(&d->block, err))
        return false;
    d->walk.lex.end = json_block_end(&d->block);
    return !first || begin_object(d, err);
}

/* Is there nothing more to read in this split? */
static bool at_end(const struct json_decoder *d)
{
    bool empty = d->block.at == d->block.size && d->block.whole;
    bool passed = json_block_position(&d->block) >= d->to && !d->seek_line;
    return d->discard.what == DISCARD_NOTHING &&
           (passed || (empty && d->settings->layout == JSON_LINES));
}

static bool next_row(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    *progress = FINISHED;
    if (at_end(d))
        return true;
    *progress = NEED_BYTES;
    if (d->block.at == d->block.size && !d->block.whole)
        return true;
    if (d->discard.what)
        return discard(d, progress, err);
    if (d->seek_line)
        return seek_line(d, progress);
    return d->settings->layout == JSON_LINES ? next_line(d, progress, err)
                                             : next_value(d, progress, err);
}

static void clear_batch(struct json_decoder *d)
{
    for (uint32_t i = 0; i < d->plan->schema->n_fields; i++)
        cpl_builder_clear(&d->builders[i]);
    cpl_arena_reset(&d->strings);
    cpl_arena_reset(&d->walk.scratch);
    d->rows = 0;
    d->batch.line_base = d->report.lines;
}

static void emit(struct json_decoder *d, struct cpl_batch **batch)
{
    for (uint32_t i = 0; i < d->plan->schema->n_fields; i++)
        d->columns[i] = *cpl_builder_finish(&d->builders[i]);
    d->report.rows_read += d->rows;
    d->report.rows_decoded += d->rows;
    d->batch = (struct cpl_batch){.schema = d->plan->schema,
                                  .columns = d->columns,
                                  .rows = d->rows,
                                  .origin_base = d->block.base,
                                  .row_start = d->row_start,
                                  .row_end = d->row_end,
                                  .row_line = d->row_line,
                                  .line_base = d->batch.line_base,
                                  .block = d->block.data};
    *batch = &d->batch;
}

bool json_read(struct cpl_decoder *base, struct cpl_batch **batch, struct cpl_error *err)
{
    struct json_decoder *d = (struct json_decoder *)base;
    enum progress progress = ROW_TAKEN;
    d->walk.err = err;
    clear_batch(d);
    while (d->rows < d->max_rows && progress != FINISHED) {
        if (!next_row(d, &progress, err))
            return false;
        if (progress != NEED_BYTES)
            continue;
        if (d->rows)
            break;
        if (!fill(d, err))
            return false;
    }
    emit(d, batch);
    return true;
}

/* A node that was met at all knows the object in which it was last. */
static void note_met(const struct json_decoder *d, const struct json_node *node)
{
    if (node->field && node->field == node->column) {
        d->met[node->field - d->plan->schema->fields] |= node->seen > 0;
        return;
    }
    for (uint32_t i = 0; i < node->n_children; i++)
        note_met(d, &node->children[i]);
}

void json_report(const struct cpl_decoder *base, struct cpl_split_report *report)
{
    const struct json_decoder *d = (const struct json_decoder *)base;
    *report = d->report;
    report->met = d->met;
    if (d->met)
        note_met(d, d->root);
    report->true_end = json_block_position(&d->block);
}

bool json_needs(const struct cpl_decoder *base, struct cpl_buffer *needs, struct cpl_error *err)
{
    const struct json_decoder *d = (const struct json_decoder *)base;
    return !d->report.widened || json_shape_save(&d->need, needs, err);
}

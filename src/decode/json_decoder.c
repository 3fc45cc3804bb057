/* One split: blocks to rows, rows to batches, bad rows to rejects, misfits to needs. */
#include "decode/json_decoder.h"
#include "decode/json_limit.h"

enum { BATCH_ROWS = 4096, BATCH_VALUES = 1 << 20, LEAST_ROWS = 64 };

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
    cpl_buffer_release(&d->late);
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

/* Members whose types hold, and those that are left out, need nothing of the schema. */
static bool open_top(struct json_decoder *d, struct cpl_error *err)
{
    const struct json_node *root = d->root;
    if (d->settings->row_is_value)
        return true;
    bool *declared = cpl_arena_alloc(&d->nodes, root->n_children + 1, err);
    if (!declared)
        return false;
    for (uint32_t i = 0; i < root->n_children; i++)
        declared[i] = root->children[i].column && !root->children[i].inferred;
    bool closed = d->plan->closed || d->settings->unknown_fields != JSON_UNKNOWN_ADD;
    d->top = (struct json_top){
        .keys = &root->keys, .declared = declared, .closed = closed && !d->settings->flatten};
    d->shaper.top = &d->top;
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

/* Many columns make short batches: each value has its place, also where the row has none. */
static uint32_t batch_rows(const struct cpl_decode_plan *plan)
{
    uint64_t names, fit = BATCH_VALUES / (1 + cpl_schema_leaves(plan->schema, &names));
    uint32_t rows = plan->batch_rows ? plan->batch_rows : BATCH_ROWS;
    fit = fit > LEAST_ROWS ? fit : LEAST_ROWS;
    return rows < fit ? rows : (uint32_t)fit;
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
    d->max_rows = batch_rows(plan);
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
        open_columns(d, err) && open_tree(d, err) && open_top(d, err))
        return &d->base;
    json_close(&d->base);
    return NULL;
}

/* ---- books ---- */

uint64_t json_count_newlines(const uint8_t *from, const uint8_t *to)
{
    uint64_t n = 0;
    for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))); from++)
        n++;
    return n;
}

void json_pass_lines(struct json_decoder *d, const uint8_t *from, const uint8_t *to)
{
    uint64_t n = json_count_newlines(from, to);
    d->report.lines += n;
    if (n)
        d->line_start = d->block.base +
                        (uint64_t)((const uint8_t *)memrchr(from, '\n', (size_t)(to - from)) + 1 -
                                   d->block.data);
}

/* The same for what is no row: *object_class counts the object's bytes. */
static bool consume_aside(struct json_decoder *d, const uint8_t *end, uint64_t *class,
                          uint64_t *object_class, struct cpl_error *err)
{
    uint64_t from = json_block_position(&d->block);
    json_consume(d, end, class);
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
    json_pass_lines(d, d->block.data + d->block.at, end);
    bool first = !r->rows_read && !d->rows;
    return consume_aside(d, end, first ? &r->header_bytes : &r->blank_bytes,
                         first ? &r->object.header : &r->object.blank, err);
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

/* Something stands behind a row in its line; another row, where files without a last newline were put one behind the other. */
static void fail_behind_row(struct json_lex *lex, const uint8_t *at)
{
    json_fail(lex, JSON_SYNTAX, at,
              *json_space(lex, at) == '{'
                  ? "another row follows in the line (source.json.layout: documents reads rows "
                    "that no newline parts)"
                  : "something follows the row's value");
}

/* A value that does not fit may hide that the line is no JSON at all, or over a limit, and then that is its fault. */
static void check_line(struct json_decoder *d, const uint8_t *start, const uint8_t *text_end)
{
    struct json_lex *lex = &d->walk.lex, check = *lex;
    if (!json_names_column(lex->fault))
        return;
    const uint8_t *end = json_skip(&check, start, 0);
    if (end && json_space(lex, end) == text_end) {
        has_long_field(d, start, text_end);
        return;
    }
    d->walk.widenable = false;
    if (end)
        fail_behind_row(lex, end);
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
        json_take_back_row(d);
        d->report.lines += newline != NULL;
        return consume_aside(d, behind, &d->report.blank_bytes, &d->report.object.blank, err);
    }
    const uint8_t *rest = after ? json_space(lex, after) : NULL;
    if (rest && rest != text_end)
        fail_behind_row(lex, rest);
    else if (rest && !over_limit(d, line, start, text_end)) {
        take_row(d, behind);
        d->report.lines += newline != NULL;
        return true;
    }
    json_take_back_row(d);
    check_line(d, start, text_end);
    bool ok = json_bad_row(d, start, text_end, behind, err);
    d->report.lines += newline != NULL;
    return ok;
}

static bool slow_line(struct json_decoder *d, enum progress *progress, struct cpl_error *err)
{
    const uint8_t *line = d->block.data + d->block.at, *end = json_block_end(&d->block);
    const uint8_t *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline && !d->block.whole)
        return json_grow_or_discard(d, DISCARD_LINE, progress, err);
    json_take_back_row(d);
    const uint8_t *start = json_document(&d->walk.lex, line);
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
    bool ok = json_bad_row(d, start, stop, stop, err);
    json_pass_lines(d, start, stop);
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
    json_take_back_row(d);
    *progress = ROW_TAKEN;
    if (stop)
        return reject_broken(d, stop, err);
    if (whole) {
        d->frame.state = FRAME_START;
        return reject_broken(d, json_block_end(&d->block), err);
    }
    if (json_block_is_full(&d->block))
        return json_start_discarding(d, d->alike.length ? DISCARD_TO_ALIKE : DISCARD_REST, err);
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
        return json_grow_or_discard(d, DISCARD_VALUE, progress, err);
    *progress = ROW_TAKEN;
    if (!end) {
        json_fail(&d->walk.lex, check.fault, check.where, check.message);
        return broken(d, true, progress, err);
    }
    json_take_back_row(d);
    if (cut_off && json_names_column(d->walk.lex.fault))
        fail_cut_off(d, end);
    if (json_names_column(d->walk.lex.fault) && d->frame.state != FRAME_SURPLUS)
        has_long_field(d, start, end);
    bool ok = json_bad_row(d, start, end, end, err);
    json_pass_lines(d, start, end);
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
    json_take_back_row(d);
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
        return json_grow_or_discard(d, DISCARD_VALUE, progress, err);
    if (!after || over_limit(d, p, p, after))
        return odd_value(d, p, progress, err);
    bool known, cut_off = is_cut_off(d, after, &known);
    if (!known)
        return json_grow_or_discard(d, DISCARD_VALUE, progress, err);
    if (cut_off)
        return last_value(d, p, after, progress, err);
    take_row(d, after);
    json_pass_lines(d, p, after);
    json_frame_row_done(&d->frame);
    *progress = ROW_TAKEN;
    return true;
}

/* To the first byte of a document, when one is due, or of what stands behind an element. */
static bool pass_blanks(struct json_decoder *d, struct cpl_error *err)
{
    bool due = d->frame.state == FRAME_START || d->frame.state == FRAME_FIRST ||
               d->frame.state == FRAME_BEHIND;
    const struct json_lex *lex = &d->walk.lex;
    const uint8_t *p = d->block.data + d->block.at;
    p = d->frame.state == FRAME_START ? json_document(lex, p) : json_space(lex, p);
    return !due || consume_separators(d, p, err);
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
               json_grow_or_discard(d, d->frame.state == FRAME_START ? DISCARD_VALUE : DISCARD_REST,
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
        return json_go_on_discarding(d, progress, err);
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
    uint64_t late = d->late.size;
    return !d->report.widened || (cpl_buffer_append(needs, &late, sizeof late, err) &&
                                  cpl_buffer_append(needs, d->late.data, d->late.size, err) &&
                                  json_shape_save(&d->need, needs, err));
}

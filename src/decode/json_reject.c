/* A bad row: the rule that it breaks, the place, the message, and the object's bytes; or what it needs of the types. */
#include "base/text.h"
#include "decode/json_decoder.h"

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

bool json_names_column(enum json_fault fault)
{
    return fault == JSON_DUPLICATE || fault == JSON_TYPE || fault == JSON_NULL ||
           fault == JSON_UNKNOWN || fault == JSON_FIELD_LIMIT || fault == JSON_REFUSED;
}

/* The first bytes of the bad value, printable: whole characters when they are valid. */
static void show_value(const struct json_decoder *d, const uint8_t *end, char *out)
{
    struct json_lex check = d->walk.lex;
    const uint8_t *at = check.where - (check.fault == JSON_UNKNOWN); /* a key from its quote on */
    const uint8_t *behind = json_names_column(check.fault) && at < end ? json_skip(&check, at, 0)
                                                                       : NULL;
    if (behind && behind < end)
        end = behind;
    json_show(at, end, out);
}

static const char *describe_fault(struct json_decoder *d, const uint8_t *end)
{
    const struct json_lex *lex = &d->walk.lex;
    const struct json_node *node = json_names_column(lex->fault) ? d->walk.node : NULL;
    char path[256] = "", shown[JSON_SHOWN];
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
        .line = json_count_newlines(row, at),
        .column = before + (uint64_t)(at - (newline ? newline + 1 : row)) + 1,
    };
}

struct cpl_reject json_reject_of(struct json_decoder *d, const uint8_t *text_end)
{
    const struct json_lex *lex = &d->walk.lex;
    bool named = json_names_column(lex->fault) && d->walk.node && d->walk.node->column;
    return (struct cpl_reject){.line = d->report.lines,
                               .column = named ? d->walk.node->column->name : NULL,
                               .rule = lex->fault == JSON_REFUSED ? d->walk.node->check->rule
                                                                  : rules[lex->fault],
                               .fault = place_fault(d),
                               .message = describe_fault(d, text_end)};
}

bool json_add_reject(struct json_decoder *d, const struct cpl_reject *row, struct cpl_error *err)
{
    d->report.rows_read++;
    d->report.rows_rejected++;
    d->rejected = true;
    return !d->rejects || d->rejects->add(d->rejects, row, err);
}

/* The object's bytes behind [from, end) of the block, which become the reject's. */
static bool place_reject(struct json_decoder *d, size_t from, size_t end, struct cpl_reject *row,
                         struct cpl_buffer *raw, struct cpl_error *err)
{
    uint64_t position = d->block.base + from, object_from, object_to;
    if (!cpl_stream_locate(d->block.bytes, position, position + (end - from), &object_from,
                           &object_to, raw, err))
        return false;
    bool located = d->block.bytes->ops->locate;
    row->position = object_from;
    row->length = object_to - object_from;
    row->raw = located ? raw->data : d->block.data + from;
    row->raw_length = located ? raw->size : end - from;
    d->report.object.reject += row->length;
    return true;
}

void json_take_back_row(struct json_decoder *d)
{
    for (uint32_t i = 0; i < d->plan->schema->n_fields; i++)
        cpl_builder_truncate(&d->builders[i], d->rows);
}

/* The value at [at, end) is the column's: note it, if it is the first for which none but json, or text, will do. */
static bool note_late(struct json_decoder *d, const struct cpl_field *column, const uint8_t *at,
                      const uint8_t *end, struct cpl_error *err)
{
    struct json_lex lex = d->walk.lex;
    const struct json_late *known = (const struct json_late *)(const void *)d->late.data;
    size_t n = d->late.size / sizeof *known;
    struct json_late late = {.column = (uint32_t)(column - d->plan->schema->fields)};
    const struct cpl_column_plan *plan = &d->plan->columns[late.column];
    if (n == JSON_MOST_STRAYS || !plan->inferred || plan->stray.value)
        return true;
    for (size_t i = 0; i < n; i++)
        if (known[i].column == late.column)
            return true;
    if (!json_leaves_type(&column->type, plan->facts, &lex, at))
        return true;
    late.line = d->report.lines + json_count_newlines(d->block.data + d->block.at, at);
    json_show(at, end, late.value);
    return cpl_buffer_append(&d->late, &late, sizeof late, err);
}

/* In all columns at the top of the row at `p`, which is whole and valid JSON. */
static bool note_row(struct json_decoder *d, const uint8_t *p, struct cpl_error *err)
{
    struct json_lex lex = d->walk.lex;
    bool done, first = true, plain, ok = true;
    if (*p != '{' || d->settings->row_is_value)
        return true;
    for (p++; ok && (p = json_next(&lex, p, '}', first, &done)) && !done; first = false) {
        const uint8_t *key = p, *end = json_string(&lex, p, &plain);
        const uint8_t *at = end ? json_colon(&lex, end + 1) : NULL;
        if (!at || !(p = json_skip(&lex, at, 1)))
            break;
        int32_t found = json_keys_find(&d->root->keys, key, (size_t)(end - key));
        const struct json_node *node = found >= 0 ? &d->root->children[found] : NULL;
        if (plain && node && node->column && node->field == node->column)
            ok = note_late(d, node->column, at, p, err);
    }
    return ok;
}

/* Join the row at `start` into the needs; it is whole and valid JSON. */
static bool note_need(struct json_decoder *d, const uint8_t *start, struct cpl_error *err)
{
    struct json_lex lex = d->walk.lex;
    d->report.widened = true;
    d->rejected = false;
    d->report.rows_read++;
    d->report.rows_decoded++;
    return json_shape_observe(&d->shaper, &d->need, &lex, start, 0, err) &&
           (d->settings->row_is_value || json_check_fields(&d->need, err));
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

bool json_bad_row(struct json_decoder *d, const uint8_t *start, const uint8_t *text_end,
                  const uint8_t *end, struct cpl_error *err)
{
    if (is_need(d)) {
        if (!note_row(d, start, err) || !note_need(d, start, err))
            return false;
        json_consume(d, end, &d->report.row_bytes);
        return true;
    }
    struct cpl_buffer raw = {.max = 8 * (size_t)(end - (d->block.data + d->block.at)) + 4096};
    struct cpl_reject row = json_reject_of(d, text_end);
    row.fault.conflict = d->walk.widenable && policy(d) == CPL_CONFLICT_FAIL;
    bool ok = place_reject(d, d->block.at, (size_t)(end - d->block.data), &row, &raw, err) &&
              json_add_reject(d, &row, err);
    json_consume(d, end, &d->report.reject_bytes);
    cpl_buffer_release(&raw);
    return ok;
}

bool json_refuse(struct cpl_decoder *decoder, const struct cpl_batch *batch, uint32_t row,
                 const struct cpl_reject *what, struct cpl_error *err)
{
    struct json_decoder *d = (struct json_decoder *)decoder;
    size_t from = batch->row_start[row], end = batch->row_end[row];
    struct cpl_buffer raw = {.max = 8 * (end - from) + 4096};
    struct cpl_reject reject = *what;
    reject.line = batch->line_base + batch->row_line[row];
    bool ok = place_reject(d, from, end, &reject, &raw, err) &&
              (!d->rejects || d->rejects->add(d->rejects, &reject, err));
    d->report.rows_decoded--;
    d->report.rows_rejected++;
    d->report.row_bytes -= end - from;
    d->report.reject_bytes += end - from;
    cpl_buffer_release(&raw);
    return ok;
}

/* The CSV decoder: blocks to tiles to columns. See csv.h for the picture. */
#include "batch/name_order.h"
#include "decode/csv_decoder.h"

#include <stdlib.h>
#include <string.h>

static bool field_memory(struct csv_decoder *d, uint32_t f, struct cpl_error *err)
{
    struct csv_field_state *state = &d->fields[f];
    size_t width = cpl_type_width(&d->plan->schema->fields[f].type), rows = d->block.tile_rows;
    if (!width)
        return cpl_fail(
            err, CPL_E_CONFIG,
            "column %.200s: CSV cells cannot be a nested type; declare it json or string",
            d->plan->schema->fields[f].name);
    state->values = cpl_alloc(rows * width + 64, err);
    state->validity = state->values ? cpl_alloc((rows + 7) / 8 + 8, err) : NULL;
    return state->validity != NULL;
}

/* In columns that do not have thousands, groups of digits are a number only with a decimal separator. */
static bool settle_styles(struct csv_decoder *d, struct cpl_error *err)
{
    struct cpl_name_order order;
    const struct cpl_strings *list = &d->dialect->thousands_columns;
    if (d->dialect->thousands_in_all || !d->dialect->thousands)
        return true;
    if (!cpl_name_order_init(&order, list->items, sizeof *list->items, (uint32_t)list->n, err))
        return false;
    for (uint32_t f = 0; f < d->n_fields; f++)
        d->fields[f].style.groups_with_point = cpl_name_order_find(
                                                   &order, d->plan->schema->fields[f].name) < 0;
    cpl_name_order_release(&order);
    return true;
}

static struct cpl_text_style style_of(const struct csv_decoder *d,
                                      const struct cpl_column_plan *column)
{
    struct cpl_text_style style = d->dialect->style;
    style.lenient = !column->inferred && d->dialect->lenient;
    if (column->format)
        style.date_format = style.time_format = style.timestamp_format = column->format;
    return style;
}

static bool find_sources(struct csv_decoder *d, struct cpl_error *err)
{
    struct cpl_name_order order;
    const struct cpl_csv_dialect *dialect = d->dialect;
    if (!cpl_name_order_init(&order, dialect->column_names, sizeof *dialect->column_names,
                             dialect->n_columns, err))
        return false;
    for (uint32_t f = 0; f < d->n_fields; f++) {
        int64_t at = cpl_name_order_find(&order, d->plan->schema->fields[f].name);
        d->fields[f].source = at < 0 ? UINT32_MAX : (uint32_t)at;
    }
    cpl_name_order_release(&order);
    d->ends_empty = cpl_csv_ends_rows_empty(dialect);
    for (uint32_t f = 0; f < d->n_fields; f++)
        d->ends_empty &= d->fields[f].source != dialect->n_columns - 1;
    return true;
}

static void csv_close(struct cpl_decoder *decoder)
{
    struct csv_decoder *d = (struct csv_decoder *)decoder;
    if (!d)
        return;
    for (uint32_t f = 0; d->fields && f < d->n_fields; f++) {
        cpl_free(d->fields[f].values);
        cpl_free(d->fields[f].validity);
    }
    cpl_free(d->fields);
    cpl_free(d->batch.columns);
    cpl_free(d->facts);
    cpl_free(d->bad);
    cpl_free(d->bad_rows);
    cpl_free(d->keep);
    cpl_arena_release(&d->arena);
    cpl_csv_block_release(&d->block);
    cpl_free(d);
}

/* A column that is text because no sample had a value for it: it may turn out to be something else. */
static bool is_undecided(const struct cpl_decode_plan *plan, uint32_t f)
{
    const struct cpl_column_plan *column = &plan->columns[f];
    return column->inferred && !column->kept && column->facts.class == CPL_CLASS_NULL &&
           plan->schema->fields[f].type.kind == CPL_STRING &&
           plan->on_type_conflict == CPL_CONFLICT_WIDEN;
}

/* Its values so far are all of a type. */
static bool has_type(const struct csv_field_state *state)
{
    return state->undecided && state->facts.class != CPL_CLASS_NULL;
}

static bool csv_memory(struct csv_decoder *d, struct cpl_error *err)
{
    uint32_t n = d->n_fields, rows = d->block.tile_rows;
    d->fields = cpl_alloc_zero(n, sizeof *d->fields, err);
    d->batch.columns = d->fields ? cpl_alloc_zero(n, sizeof *d->batch.columns, err) : NULL;
    d->facts = d->batch.columns ? cpl_alloc_zero(n, sizeof *d->facts, err) : NULL;
    d->bad = d->facts ? cpl_alloc(rows * sizeof *d->bad, err) : NULL;
    d->bad_rows = d->bad ? cpl_alloc_zero(1, (rows + 7) / 8, err) : NULL;
    d->keep = d->bad_rows ? cpl_alloc(rows * sizeof *d->keep, err) : NULL;
    if (!d->keep)
        return false;
    for (uint32_t f = 0; f < n; f++) {
        d->fields[f].style = style_of(d, &d->plan->columns[f]);
        d->fields[f].undecided = is_undecided(d->plan, f);
        if (!field_memory(d, f, err))
            return false;
    }
    return settle_styles(d, err) && find_sources(d, err);
}

static struct cpl_decoder *csv_open(const struct cpl_decode_plan *plan, struct cpl_stream *bytes,
                                    uint64_t from, uint64_t to, bool at_row_start,
                                    struct cpl_reject_sink *rejects, struct cpl_error *err)
{
    struct csv_decoder *d = cpl_alloc_zero(1, sizeof *d, err);
    if (!d)
        return NULL;
    const struct cpl_csv_dialect *dialect = plan->settings;
    d->base.ops = &cpl_decoder_csv;
    d->plan = plan;
    d->dialect = dialect;
    d->rejects = rejects;
    d->from = from;
    d->at_row_start = at_row_start;
    d->n_fields = plan->schema->n_fields;
    d->batch.schema = plan->schema;
    d->block = (struct cpl_csv_block){.dialect = dialect,
                                      .bytes = bytes,
                                      .max_field_bytes = plan->max_field_bytes,
                                      .max_row_bytes = plan->max_row_bytes ? plan->max_row_bytes
                                                                           : 8u << 20,
                                      .to = to,
                                      .context = d,
                                      .irregular = cpl_csv_reject_irregular,
                                      .giant = cpl_csv_reject_giant};
    if (!cpl_csv_block_init(&d->block, err))
        goto fail;
    if (plan->batch_rows && plan->batch_rows < d->block.tile_rows)
        d->block.tile_rows = plan->batch_rows;
    if (csv_memory(d, err))
        return &d->base;
fail:
    csv_close(&d->base);
    return NULL;
}

static bool csv_next(struct cpl_decoder *decoder, struct cpl_batch **batch, struct cpl_error *err)
{
    struct csv_decoder *d = (struct csv_decoder *)decoder;
    d->err = err;
    *batch = &d->batch;
    if (!d->started && !cpl_csv_start(d))
        return false;
    do {
        cpl_arena_reset(&d->arena);
        if (!cpl_csv_block_tile(&d->block, &d->tile, err))
            return false;
        if (!d->tile.rows) {
            d->batch.rows = 0;
            return true;
        }
        if (!cpl_csv_decode_tile(d))
            return false;
    } while (!d->batch.rows);
    return true;
}

static void csv_report(const struct cpl_decoder *decoder, struct cpl_split_report *report)
{
    const struct csv_decoder *d = (const struct csv_decoder *)decoder;
    const struct cpl_csv_block *block = &d->block;
    bool closer = false;
    for (uint32_t f = 0; f < d->n_fields; f++) {
        d->facts[f] = d->fields[f].facts;
        closer |= has_type(&d->fields[f]);
    }
    uint64_t rejected = d->rows_rejected + block->rows_rejected;
    *report = (struct cpl_split_report){
        .true_start = d->true_start,
        .true_end = block->base +
                    (block->virtual_newline && block->record_start == block->filled && block->filled
                         ? block->record_start - 1
                         : block->record_start),
        .rows_read = d->rows_decoded + rejected,
        .rows_decoded = d->rows_decoded,
        .rows_rejected = rejected,
        .header_bytes = block->header_bytes,
        .comment_bytes = block->comment_bytes,
        .blank_bytes = block->blank_bytes,
        .row_bytes = block->row_bytes,
        .reject_bytes = block->reject_bytes,
        .object = block->object,
        .header_row = block->header_row,
        .lines = block->lines_before + cpl_csv_block_lines(block, 0, block->record_start),
        .widened = d->widened,
        .closer = closer,
        .facts = d->facts,
    };
}

/* needs = what each widened column must hold, and the first value that makes it text. */
struct need {
    uint32_t field;
    bool has_stray;
    struct cpl_text_facts facts;
    uint64_t stray_line;
    char stray[sizeof((struct csv_field_state *)NULL)->stray];
};

static bool csv_needs(const struct cpl_decoder *decoder, struct cpl_buffer *needs,
                      struct cpl_error *err)
{
    const struct csv_decoder *d = (const struct csv_decoder *)decoder;
    for (uint32_t f = 0; f < d->n_fields; f++) {
        struct need need;
        memset(&need, 0, sizeof need);
        need.field = f;
        need.facts = d->fields[f].facts;
        need.has_stray = d->fields[f].has_stray;
        need.stray_line = d->fields[f].stray_line;
        memcpy(need.stray, d->fields[f].stray, sizeof need.stray);
        if ((d->fields[f].widened || has_type(&d->fields[f])) &&
            !cpl_buffer_append(needs, &need, sizeof need, err))
            return false;
    }
    return true;
}

/* The first one that makes the column text; it is kept as long as the settings. */
static bool keep_stray(const struct cpl_decode_plan *plan, const struct need *need, size_t source,
                       struct cpl_stray *stray, struct cpl_error *err)
{
    struct cpl_csv_dialect *dialect = plan->settings;
    if (!need->has_stray || stray->value)
        return true;
    *stray = (struct cpl_stray){
        .type = plan->schema->fields[need->field].type, .line = need->stray_line, .source = source};
    stray->value = cpl_arena_strndup(&dialect->arena, need->stray,
                                     strnlen(need->stray, sizeof need->stray), err);
    return stray->value != NULL;
}

static bool widen_by(const struct cpl_decode_plan *plan, const struct need *need, size_t source,
                     struct cpl_schema *schema, struct cpl_column_plan *columns,
                     struct cpl_error *err)
{
    if (need->field >= plan->schema->n_fields)
        return true;
    struct cpl_column_plan *column = &columns[need->field];
    struct cpl_field *field = &schema->fields[need->field];
    column->facts = cpl_text_join(column->facts, need->facts);
    struct cpl_type type = cpl_text_type(column->facts, field->type.kind != CPL_F64);
    /* a type that the facts give again, though it failed, could go round for ever: end at string */
    field->type = cpl_type_equal(&type, &plan->schema->fields[need->field].type)
                      ? (struct cpl_type){.kind = CPL_STRING}
                      : type;
    return keep_stray(plan, need, source, &column->stray, err);
}

static bool csv_widen(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                      struct cpl_schema **schema, struct cpl_column_plan **columns,
                      struct cpl_error *err)
{
    bool ok = false;
    *schema = cpl_schema_new(plan->schema->fields, plan->schema->n_fields, err);
    *columns = *schema ? cpl_alloc_zero(plan->schema->n_fields, sizeof **columns, err) : NULL;
    if (!*columns)
        goto out;
    memcpy(*columns, plan->columns, plan->schema->n_fields * sizeof **columns);
    ok = true;
    for (size_t i = 0; i < n; i++)
        for (size_t at = 0; ok && at + sizeof(struct need) <= needs[i].size;
             at += sizeof(struct need)) {
            struct need need;
            memcpy(&need, needs[i].data + at, sizeof need);
            ok = widen_by(plan, &need, i, *schema, *columns, err);
        }
out:
    if (!ok) {
        cpl_schema_free(*schema);
        cpl_free(*columns);
        *schema = NULL;
        *columns = NULL;
    }
    return ok;
}

static uint64_t csv_held(const struct cpl_decoder *base)
{
    const struct csv_decoder *d = (const struct csv_decoder *)base;
    return cpl_csv_block_memory(&d->block) + d->arena.used;
}

static const char *csv_doubt(const void *settings)
{
    return ((const struct cpl_csv_dialect *)settings)->header_doubt;
}

const struct cpl_decoder_ops cpl_decoder_csv = {
    .name = "csv",
    .summary = "Delimited text: RFC 4180 and its many relatives",
    .splittable = true,
    .options = cpl_csv_options,
    .settings_size = sizeof(struct cpl_csv_dialect),
    .sniff = cpl_csv_sniff,
    .infer = cpl_csv_infer,
    .release_settings = cpl_csv_release,
    .for_object = cpl_csv_for_object,
    .check_options = cpl_csv_check_options,
    .doubt = csv_doubt,
    .describe = cpl_csv_describe,
    .open = csv_open,
    .next = csv_next,
    .refuse = cpl_csv_refuse,
    .report = csv_report,
    .memory = csv_held,
    .needs = csv_needs,
    .widen = csv_widen,
    .close = csv_close,
};

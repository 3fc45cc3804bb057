/* An inspected input for people: dialect, columns, head. */
#include "base/plural.h"
#include "base/text.h"
#include "base/tree.h"
#include "command/grid.h"
#include "command/inspect.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
    MOST_COLUMNS = 250,
    PLAIN_WIDTH = 200, /* where there is no terminal */
    SAMPLE_SHOWN = 24
};

static bool set(struct cpl_grid *grid, size_t column, const char *text, struct cpl_error *err)
{
    return cpl_grid_set(grid, column, text, strlen(text), err);
}

static bool title(struct cpl_buffer *out, bool colour, const char *text, struct cpl_error *err)
{
    return cpl_buffer_append_text(out, cpl_colour(colour, CPL_BOLD), err) &&
           cpl_show(out, err, "%s", text) &&
           cpl_buffer_append_text(out, cpl_colour(colour, CPL_PLAIN_TEXT), err);
}

/* ---- inputs and dialect ---- */

static bool put_inputs(const struct cpl_plan *plan, struct cpl_buffer *out, struct cpl_error *err)
{
    char size[32];
    uint64_t bytes = 0;
    const struct cpl_inputs *inputs = &plan->inputs;
    for (size_t i = 0; i < inputs->n; i++)
        bytes += inputs->items[i].size == UINT64_MAX ? 0 : inputs->items[i].size;
    if (!inputs->n)
        return cpl_buffer_append_text(out, "\n", err);
    const struct cpl_input *first = &inputs->items[0];
    static const char *const certainty[] = {"by its byte order mark", "valid throughout the sample",
                                            "guessed"};
    bool ok = cpl_buffer_printf(out, err, "  %s", plan->decoder->name);
    if (ok && !first->is_stdin)
        ok = cpl_buffer_printf(out, err, ", %s", cpl_show_size(bytes, size));
    if (ok && inputs->n > 1)
        ok = cpl_buffer_printf(out, err, " in %s", CPL_COUNTED(inputs->n, "file"));
    if (ok && first->compression != CPL_PLAIN)
        ok = cpl_buffer_printf(out, err, ", %s", cpl_compression_name(first->compression));
    return ok && cpl_buffer_printf(out, err, ", %s (%s)\n", first->charset.name,
                                   certainty[first->charset.certainty]);
}

/* A character that does not show, by name. */
static const char *visible(const char *text)
{
    if (!strcmp(text, "\t"))
        return "tab";
    if (!strcmp(text, " "))
        return "space";
    return *text ? text : "\"\"";
}

/* One guess: `delimiter ;  (detected)`. */
static bool put_guess(const struct cpl_node *member, struct cpl_buffer *out, bool colour,
                      struct cpl_error *err)
{
    const struct cpl_node *from = cpl_tree_get(member, "from");
    const struct cpl_node *value = member->kind == CPL_NODE_MAP ? cpl_tree_get(member, "value")
                                                                : member;
    bool none = !value || value->kind == CPL_NODE_NULL;
    if (value && value->kind != CPL_NODE_SCALAR && !none)
        return true;
    return cpl_show(out, err, "  %-18s %-10s", member->key, none ? "none" : visible(value->text)) &&
           cpl_buffer_printf(out, err, "%s%s%s\n", cpl_colour(colour, CPL_DIM),
                             from && from->text ? from->text : "",
                             cpl_colour(colour, CPL_PLAIN_TEXT));
}

static bool put_dialect(const struct cpl_plan *plan, struct cpl_buffer *out, bool colour,
                        struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    const struct cpl_node *dialect;
    bool ok = cpl_plan_dialect(plan, plan->settings, &arena, &dialect, err);
    for (const struct cpl_node *at = ok && dialect ? dialect->first : NULL; ok && at; at = at->next)
        ok = put_guess(at, out, colour, err);
    cpl_arena_release(&arena);
    return ok;
}

/* ---- values ---- */

/* Could a text be taken for something else than its characters: no value, nothing at all, a quoted text? */
static bool is_mistakable(const char *text, size_t length)
{
    static const char blanks[] = " \t\r\n";
    return !length || (length == 4 && !strncasecmp(text, "null", 4)) ||
           (text[0] == '"' && text[length - 1] == '"') || strchr(blanks, text[0]) ||
           strchr(blanks, text[length - 1]);
}

/* A value's text, in quotes where it could be mistaken. */
static bool set_value(struct cpl_grid *grid, size_t column, enum cpl_kind kind, const char *text,
                      size_t length, struct cpl_error *err)
{
    if (kind != CPL_STRING || !is_mistakable(text, length))
        return cpl_grid_set(grid, column, text, length, err);
    char *quoted = cpl_format(err, "\"%.*s\"", (int)length, text);
    bool ok = quoted && cpl_grid_set(grid, column, quoted, strlen(quoted), err);
    cpl_free(quoted);
    return ok;
}

/* ---- columns ---- */

/* A long sample is cut between two characters. */
static size_t shown_length(const char *sample)
{
    size_t length = strnlen(sample, SAMPLE_SHOWN + 1);
    if (length <= SAMPLE_SHOWN)
        return length;
    for (length = SAMPLE_SHOWN; length && (sample[length] & 0xC0) == 0x80;)
        length--;
    return length;
}

static void samples_text(const struct cpl_inspection *it, uint32_t i,
                         const struct cpl_column_profile *column, char *text, size_t size)
{
    size_t at = 0;
    *text = 0;
    enum cpl_kind kind = cpl_rows_schema(it->rows)->fields[i].type.kind;
    for (unsigned k = 0; k < column->n_samples && at < size; k++) {
        const char *sample = column->samples[k], *quote = "";
        if (kind == CPL_STRING && is_mistakable(sample, strlen(sample)))
            quote = "\"";
        size_t length = shown_length(sample);
        at += (size_t)snprintf(text + at, size - at, "%s%s%.*s%s%s", k ? ", " : "", quote,
                               (int)length, sample, sample[length] ? "…" : "", quote);
    }
    text[cpl_text_mend(text, strlen(text))] = 0;
    if (!cpl_kind_is_nested(kind) || !it->n_head)
        return;
    struct cpl_slice cell = cpl_inspect_cell(it, 0, i);
    cpl_text_set(text, size, "%.*s", (int)(cell.length < size ? cell.length : size - 1),
                 (const char *)cell.data);
}

static bool put_column(struct cpl_grid *grid, const struct cpl_inspection *it, uint32_t i,
                       struct cpl_error *err)
{
    char text[400], count[32], distinct[40] = "";
    struct cpl_column_profile column;
    struct cpl_buffer type = {0};
    const struct cpl_field *field = &cpl_rows_schema(it->rows)->fields[i];
    bool ok = cpl_grid_row(grid, err) && cpl_profile_column(it->profile, i, &column, err) &&
              cpl_type_format(&field->type, &type, err) &&
              (field->nullable || cpl_buffer_append_text(&type, " not null", err)) &&
              cpl_buffer_text(&type, err);
    if (!ok)
        goto out;
    if (!cpl_kind_is_nested(field->type.kind))
        snprintf(distinct, sizeof distinct, "%s%s", column.distinct_exact ? "" : "~",
                 cpl_grouped(column.distinct, count));
    samples_text(it, i, &column, text, sizeof text);
    ok = set(grid, 0, field->name, err) && set(grid, 1, (const char *)type.data, err) &&
         set(grid, 2, cpl_grouped(column.nulls, count), err) && set(grid, 3, distinct, err) &&
         set(grid, 6, text, err);
    if (ok && column.has_bounds)
        ok = set_value(grid, 4, field->type.kind, column.min, strlen(column.min), err) &&
             set_value(grid, 5, field->type.kind, column.max, strlen(column.max), err);
out:
    cpl_buffer_release(&type);
    return ok;
}

static bool put_columns(const struct cpl_inspection *it, unsigned width, bool colour,
                        struct cpl_buffer *out, struct cpl_error *err)
{
    static const char *const titles[] = {"column", "type", "nulls",  "distinct",
                                         "min",    "max",  "samples"};
    struct cpl_grid grid;
    bool ok = cpl_grid_init(&grid, 7, err) && cpl_grid_row(&grid, err);
    for (size_t i = 0; ok && i < 7; i++)
        ok = set(&grid, i, titles[i], err);
    if (ok)
        grid.align[2] = grid.align[3] = CPL_RIGHT;
    uint32_t n = cpl_rows_schema(it->rows)->n_fields, shown = n < MOST_COLUMNS ? n : MOST_COLUMNS;
    for (uint32_t i = 0; ok && i < shown; i++)
        ok = put_column(&grid, it, i, err);
    ok = ok && cpl_grid_draw(&grid, width, colour, NULL, out, err);
    if (ok && shown < n)
        ok = cpl_buffer_printf(out, err, "  … and %s more (--json has them all)\n",
                               CPL_COUNTED(n - shown, "column"));
    cpl_grid_release(&grid);
    return ok;
}

/* A column of texts that some option would read as dates or numbers. */
static bool put_hint(const char *name, const struct cpl_column_profile *column,
                     struct cpl_buffer *out, struct cpl_error *err)
{
    static const struct {
        struct cpl_type type;
        const char *what, *name;
    } kinds[] = {{{.kind = CPL_DATE}, "dates", "date"},
                 {{.kind = CPL_TIMESTAMP, .unit = CPL_MICRO}, "timestamps", "timestamp(us)"},
                 {{.kind = CPL_DECIMAL, .precision = 18, .scale = 2}, "numbers", "decimal(18,2)"}};
    static const struct cpl_text_style plain;
    struct cpl_slice texts[CPL_PROFILE_SAMPLES];
    char hint[CPL_TEXT_HINT_MAX];
    for (unsigned i = 0; i < column->n_samples; i++)
        texts[i] = (struct cpl_slice){.data = (const uint8_t *)column->samples[i],
                                      .length = (uint32_t)strlen(column->samples[i])};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (cpl_text_hint(texts, column->n_samples, &kinds[k].type, &plain, hint))
            return cpl_show_line(out, err, "  %s: %s? declare --type '%s=%s', and source.csv.%s",
                                 name, kinds[k].what, name, kinds[k].name, hint);
    return true;
}

static bool put_hints(const struct cpl_inspection *it, struct cpl_buffer *out,
                      struct cpl_error *err)
{
    enum { MOST_HINTS = 8 };
    const struct cpl_plan *plan = cpl_rows_plan(it->rows);
    const struct cpl_schema *schema = cpl_rows_schema(it->rows);
    char remark[CPL_REMARK_MAX];
    size_t before = out->size;
    bool ok = true;
    if (!plan || strcmp(plan->decoder->name, "csv") != 0)
        return true;
    for (unsigned i = 0; ok && i < CPL_INPUT_REMARKS; i++)
        if (cpl_plan_remark_inputs(plan, i, remark))
            ok = cpl_show_line(out, err, "  %s", remark);
    before = out->size;
    for (uint32_t i = 0, n = 0; ok && n < MOST_HINTS && i < schema->n_fields; i++) {
        struct cpl_column_profile column;
        if (schema->fields[i].type.kind != CPL_STRING)
            continue;
        if (cpl_plan_remark(plan, i, remark))
            ok = cpl_show_line(out, err, "  %s", remark);
        else
            ok = cpl_profile_column(it->profile, i, &column, err) &&
                 put_hint(schema->fields[i].name, &column, out, err);
        n += out->size > before;
        before = out->size;
    }
    return ok;
}

static bool is_estimated(const struct cpl_inspection *it)
{
    struct cpl_column_profile column;
    struct cpl_error err;
    for (uint32_t i = 0; i < cpl_rows_schema(it->rows)->n_fields; i++)
        if (cpl_profile_column(it->profile, i, &column, &err) && !column.distinct_exact)
            return true;
    return false;
}

static bool put_counts(const struct cpl_inspection *it, struct cpl_buffer *out, bool colour,
                       struct cpl_error *err)
{
    char a[CPL_COUNTED_TEXT], b[CPL_COUNTED_TEXT];
    uint64_t rejected = cpl_rows_rejected(it->rows);
    bool ok = cpl_buffer_printf(out, err, "  %s; %s %s%s%s\n",
                                cpl_counted(cpl_rows_schema(it->rows)->n_fields, "column", a),
                                it->whole ? "all" : "the first",
                                cpl_counted(cpl_profile_rows(it->profile), "row", b),
                                it->whole ? "" : " looked at (--full: all)",
                                is_estimated(it) ? "; ~ is an estimate, ±1.6 %" : "");
    if (ok && rejected)
        ok = cpl_buffer_append_text(out, cpl_colour(colour, CPL_YELLOW), err) &&
             cpl_show(out, err, "  %s cannot be read; the first is %s",
                      cpl_counted(rejected, "row", a), it->first_reject) &&
             cpl_buffer_printf(out, err, "%s\n", cpl_colour(colour, CPL_PLAIN_TEXT));
    return ok;
}

/* ---- head ---- */

static bool is_number(enum cpl_kind kind)
{
    return kind >= CPL_I8 && kind <= CPL_DECIMAL;
}

static bool put_head(const struct cpl_inspection *it, unsigned width, bool colour,
                     struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_grid grid;
    size_t left_out = 0;
    const struct cpl_schema *schema = cpl_rows_schema(it->rows);
    bool ok = cpl_grid_init(&grid, schema->n_fields, err) && cpl_grid_row(&grid, err);
    for (uint32_t i = 0; ok && i < schema->n_fields; i++) {
        grid.align[i] = is_number(schema->fields[i].type.kind) ? CPL_RIGHT : CPL_LEFT;
        ok = set(&grid, i, schema->fields[i].name, err);
    }
    for (uint32_t row = 0; ok && row < it->n_head; row++) {
        ok = cpl_grid_row(&grid, err);
        for (uint32_t i = 0; ok && i < schema->n_fields; i++) {
            struct cpl_slice cell = cpl_inspect_cell(it, row, i);
            if (cell.extra)
                cpl_grid_set_null(&grid, i);
            else
                ok = set_value(&grid, i, schema->fields[i].type.kind, (const char *)cell.data,
                               cell.length, err);
        }
    }
    ok = ok && cpl_grid_draw(&grid, width, colour, &left_out, out, err);
    if (ok && left_out)
        ok = cpl_buffer_printf(out, err, "  … and %s more\n", CPL_COUNTED(left_out, "column"));
    cpl_grid_release(&grid);
    return ok;
}

bool cpl_inspect_text(const struct cpl_inspection *it, unsigned width, bool colour,
                      struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_plan *plan = cpl_rows_plan(it->rows);
    bool ok = title(out, colour, it->path, err) && cpl_buffer_append_text(out, "\n", err);
    if (plan)
        ok = ok && put_inputs(plan, out, err) && put_dialect(plan, out, colour, err);
    else
        ok = ok && cpl_inspect_layout_text(it, width, colour, out, err);
    ok = ok && put_counts(it, out, colour, err);
    if (ok && cpl_rows_schema(it->rows)->n_fields)
        ok = put_columns(it, width, colour, out, err) && put_hints(it, out, err) &&
             (!it->n_head || put_head(it, width ? width : PLAIN_WIDTH, colour, out, err));
    return ok;
}

#include "command/check_plan.h"
#include "base/tree.h"
#include "command/console.h"
#include "command/grid.h"
#include "run/plan_place.h"
#include "run/plan_types.h"
#include "run/target.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- what is read ---- */

static bool put_inputs(const struct cpl_plan *plan, struct cpl_buffer *out, struct cpl_error *err)
{
    enum { MOST = 12 };
    char size[32], a[CPL_COUNTED_TEXT], b[CPL_COUNTED_TEXT];
    const struct cpl_inputs *inputs = &plan->inputs;
    bool ok = cpl_buffer_printf(out, err, "  reads   %s, %s, %s\n", plan->decoder->name,
                                cpl_counted(inputs->n, "input", a),
                                cpl_counted(plan->n_splits, "split", b));
    for (size_t i = 0; ok && i < inputs->n && i < MOST; i++) {
        const struct cpl_input *input = &inputs->items[i];
        bool known = input->size != UINT64_MAX;
        ok = cpl_show_line(out, err, "          %s  %s, %s, %s",
                           input->is_stdin ? "standard input" : input->path,
                           known ? cpl_show_size(input->size, size) : "size unknown",
                           cpl_compression_name(input->compression), input->charset.name);
    }
    ok = ok && (inputs->n <= MOST ||
                cpl_buffer_printf(out, err, "          … and %zu more\n", inputs->n - MOST));
    char text[1000];
    for (unsigned i = 0; ok && cpl_inputs_remark(inputs, i, text, sizeof text); i++)
        ok = cpl_show_line(out, err, "  note    %s", text);
    return ok;
}

/* `delimiter ;  quote "  header yes (detected)` … */
static bool put_setting(const struct cpl_node *member, struct cpl_buffer *out,
                        struct cpl_error *err)
{
    const struct cpl_node *value = member->kind == CPL_NODE_MAP ? cpl_tree_get(member, "value")
                                                                : member;
    const struct cpl_node *from = cpl_tree_get(member, "from");
    if (!value || value->kind != CPL_NODE_SCALAR)
        return true;
    bool given = from && from->text && strcmp(from->text, "detected") != 0;
    return cpl_show(out, err, "%s %s%s  ", member->key, *value->text == '\t' ? "tab" : value->text,
                    given ? " (given)" : "");
}

static bool put_dialect(const struct cpl_plan *plan, struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    const struct cpl_node *dialect;
    bool ok = cpl_plan_dialect(plan, plan->settings, &arena, &dialect, err) &&
              cpl_buffer_append_text(out, "  as      ", err);
    for (const struct cpl_node *at = ok && dialect ? dialect->first : NULL; ok && at; at = at->next)
        ok = put_setting(at, out, err);
    cpl_arena_release(&arena);
    return ok && cpl_buffer_append_text(out, "\n", err);
}

/* ---- what is written ---- */

static bool put_target(const struct cpl_pipeline *pipeline, const struct cpl_plan *plan,
                       struct cpl_buffer *out, struct cpl_error *err)
{
    static const char *const modes[] = {
        [CPL_MODE_APPEND] = "appends",
        [CPL_MODE_OVERWRITE] = "replaces what is there",
        [CPL_MODE_OVERWRITE_PARTITIONS] = "replaces the partitions written to",
        [CPL_MODE_ERROR] = "fails when data is there"};
    const struct cpl_sink_config *sink = &pipeline->sink;
    bool pipe = !strcmp(sink->path, "-");
    bool ok = cpl_show_line(out, err, "  writes  %s, %s: %s%s%s", plan->encoder->name,
                            pipe ? "standard output" : sink->path,
                            pipe                ? "a pipe"
                            : sink->single_file ? "one file, "
                                                : "a dataset, ",
                            pipe ? "" : modes[sink->mode], sink->dated ? ", dated folders" : "");
    for (size_t i = 0; ok && i < sink->partition_by.n; i++)
        ok = cpl_show_line(out, err, "          partitioned by %s", sink->partition_by.items[i]);
    return ok &&
           (pipe || cpl_show_line(out, err, "  rejects %s%s", sink->path,
                                  sink->single_file ? ".rejects.parquet, when there are any"
                                                    : "/_cupel/rejects/, when there are any"));
}

/* ---- how faithfully each type maps ---- */

/* The Parquet twin of a type (parquet-format, LogicalTypes.md). */
static const char *parquet_type(const struct cpl_type *type, char text[64])
{
    static const char *const units[] = {"MILLIS", "MILLIS", "MICROS", "NANOS"};
    static const char *const names[CPL_KIND_COUNT] = {[CPL_BOOL] = "BOOLEAN",
                                                      [CPL_I8] = "INT32 (INT 8)",
                                                      [CPL_I16] = "INT32 (INT 16)",
                                                      [CPL_I32] = "INT32",
                                                      [CPL_I64] = "INT64",
                                                      [CPL_U8] = "INT32 (UINT 8)",
                                                      [CPL_U16] = "INT32 (UINT 16)",
                                                      [CPL_U32] = "INT32 (UINT 32)",
                                                      [CPL_U64] = "INT64 (UINT 64)",
                                                      [CPL_F32] = "FLOAT",
                                                      [CPL_F64] = "DOUBLE",
                                                      [CPL_STRING] = "BYTE_ARRAY (STRING)",
                                                      [CPL_BINARY] = "BYTE_ARRAY",
                                                      [CPL_JSON] = "BYTE_ARRAY (JSON)",
                                                      [CPL_UUID] = "FIXED(16) (UUID)",
                                                      [CPL_DATE] = "INT32 (DATE)",
                                                      [CPL_STRUCT] = "group",
                                                      [CPL_LIST] = "group (LIST)",
                                                      [CPL_MAP] = "group (MAP)"};
    if (type->kind == CPL_DECIMAL)
        snprintf(text, 64, "%s (DECIMAL(%d,%d))",
                 type->precision <= 9    ? "INT32"
                 : type->precision <= 18 ? "INT64"
                                         : "FIXED",
                 type->precision, type->scale);
    else if (type->kind == CPL_TIME)
        snprintf(text, 64, "%s (TIME %s)", type->unit <= CPL_MILLI ? "INT32" : "INT64",
                 units[type->unit]);
    else if (type->kind == CPL_TIMESTAMP)
        snprintf(text, 64, "INT64 (TIMESTAMP %s%s)", units[type->unit], type->utc ? ", UTC" : "");
    else
        snprintf(text, 64, "%s", names[type->kind]);
    return text;
}

/* Whole digits that every value of the type may have; 0 = no whole number or decimal. */
static int whole_digits(const struct cpl_type *type)
{
    static const int digits[CPL_KIND_COUNT] = {
        [CPL_I8] = 3, [CPL_I16] = 5, [CPL_I32] = 10, [CPL_I64] = 19,
        [CPL_U8] = 3, [CPL_U16] = 5, [CPL_U32] = 10, [CPL_U64] = 20};
    return type->kind == CPL_DECIMAL ? type->precision - type->scale : digits[type->kind];
}

/* Does `to` hold every value of `from`? */
static bool holds(const struct cpl_type *from, const struct cpl_type *to)
{
    bool whole = from->kind != CPL_DECIMAL || !from->scale;
    if (to->kind == CPL_DECIMAL && whole_digits(from))
        return whole_digits(from) <= whole_digits(to) && (whole || from->scale <= to->scale);
    if (from->kind >= CPL_I8 && from->kind <= CPL_I64 && to->kind >= CPL_I8 && to->kind <= CPL_I64)
        return from->kind <= to->kind;
    if (from->kind == CPL_TIMESTAMP && to->kind == CPL_TIMESTAMP)
        return from->utc == to->utc && from->unit <= to->unit;
    return from->kind == CPL_F32 && to->kind == CPL_F64;
}

static const char *faithfulness(const struct cpl_type *from, const struct cpl_type *to)
{
    if (!from || cpl_type_equal(from, to))
        return "exact";
    if (to->kind == CPL_STRING)
        return "exact, as text";
    if (holds(from, to))
        return "widened";
    return "checked: what it cannot give back is rejected";
}

static bool set_type(struct cpl_grid *grid, size_t column, const struct cpl_type *type,
                     struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = cpl_type_format(type, &text, err) &&
              cpl_grid_set(grid, column, (const char *)text.data, text.size, err);
    cpl_buffer_release(&text);
    return ok;
}

static bool set(struct cpl_grid *grid, size_t column, const char *text, struct cpl_error *err)
{
    return cpl_grid_set(grid, column, text, strlen(text), err);
}

static bool put_column(struct cpl_grid *grid, const struct cpl_plan *plan,
                       const struct cpl_plan *input, uint32_t i, struct cpl_error *err)
{
    char parquet[64];
    const struct cpl_field *field = &plan->schema->fields[i];
    int at = input ? cpl_schema_find(input->schema, field->name) : -1;
    bool declared = !plan->columns[i].inferred;
    const struct cpl_type *from = declared && at >= 0 ? &input->schema->fields[at].type : NULL;
    bool is_parquet = !strcmp(plan->encoder->name, "parquet");
    return cpl_grid_row(grid, err) && set(grid, 0, field->name, err) &&
           (plan->columns[i].absent ? set(grid, 1, "not there", err)
                                    : set_type(grid, 1, from ? from : &field->type, err)) &&
           set_type(grid, 2, &field->type, err) &&
           set(grid, 3, declared ? "declared" : "inferred", err) &&
           set(grid, 4, is_parquet ? parquet_type(&field->type, parquet) : "text", err) &&
           set(grid, 5,
               plan->columns[i].absent ? "null, unless later rows have it"
                                       : faithfulness(from, &field->type),
               err);
}

static bool put_columns(const struct cpl_plan *plan, const struct cpl_plan *input, unsigned width,
                        bool colour, struct cpl_buffer *out, struct cpl_error *err)
{
    static const char *const titles[] = {"column", "in the sample", "type",
                                         "",       "stored as",     "values"};
    struct cpl_grid grid;
    bool ok = cpl_grid_init(&grid, 6, err) && cpl_grid_row(&grid, err);
    for (size_t i = 0; ok && i < 6; i++)
        ok = set(&grid, i, titles[i], err);
    for (uint32_t i = 0; ok && i < plan->schema->n_fields; i++)
        ok = put_column(&grid, plan, input, i, err);
    ok = ok && cpl_grid_draw(&grid, width, colour, NULL, out, err);
    cpl_grid_release(&grid);
    return ok;
}

/* ---- what is done with rows before they land ---- */

static bool put_rules(const struct cpl_grading_config *grading, struct cpl_buffer *out,
                      struct cpl_error *err)
{
    bool ok = true;
    for (size_t i = 0; ok && i < grading->n_rules; i++)
        ok = cpl_show_line(out, err, "%s%s (%s, %s)", i ? "          " : "  rules   ",
                           grading->rules[i].id, cpl_severity_name(grading->rules[i].severity),
                           cpl_metric_name(grading->rules[i].metric));
    return ok;
}

static bool put_chain(const struct cpl_pipeline *pipeline, const struct cpl_plan *plan,
                      struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_transform_config *transform = &pipeline->transform;
    struct cpl_buffer type = {0};
    bool ok = true;
    if (!plan->chain)
        return true;
    for (size_t i = 0; ok && i < transform->n; i++)
        ok = cpl_show_line(out, err, "%s%s", i ? "          " : "  steps   ",
                           transform->steps[i].id);
    ok = ok && put_rules(&pipeline->quality.grading, out, err);
    for (uint32_t i = 0; ok && i < plan->landing->n_fields; i++) {
        const struct cpl_field *field = &plan->landing->fields[i];
        type.size = 0;
        const char *text = cpl_type_format(&field->type, &type, err) ? cpl_buffer_text(&type, err)
                                                                     : NULL;
        ok = text &&
             cpl_show_line(out, err, "%s%s %s", i ? "          " : "  lands   ", field->name, text);
    }
    cpl_buffer_release(&type);
    return ok;
}

/* ---- does the format take the columns ---- */

/* Begin to write, and stop: options that name columns are held against those that there are. */
static bool prove_encoder(const struct cpl_plan *plan, struct cpl_error *err)
{
    const struct cpl_schema *schema = plan->partitions ? plan->partitions->schema : plan->landing;
    struct cpl_part_builder *builder = plan->encoder->builder_new(schema, plan->encode_options,
                                                                  err);
    if (builder)
        plan->encoder->builder_free(builder);
    return builder != NULL;
}

/* ---- all of it ---- */

/* The plan as it would be if nothing were declared: what the sample itself looks like. Standard input is not read twice. */
static bool plan_input(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                       const struct cpl_plan *plan, struct cpl_pipeline *bare,
                       struct cpl_plan *input, bool *made, struct cpl_error *err)
{
    *made = false;
    if (!pipeline->schema.declared || (plan->inputs.n && plan->inputs.items[0].is_stdin))
        return true;
    *bare = *pipeline;
    bare->schema = (struct cpl_schema_config){.decimals = pipeline->schema.decimals};
    bare->transform = (struct cpl_transform_config){0};
    bare->quality = (struct cpl_quality_config){0};
    bare->sink.partition_by = (struct cpl_strings){0};
    *made = cpl_plan_make(storage, bare, NULL, 0, NULL, input, err);
    return *made;
}

/* The types of the rows that a run's would come to, if there are some. */
static bool look_at_types(struct cpl_storage *storage, const struct cpl_pipeline *pipeline,
                          struct cpl_log **log, struct cpl_dataset_types *there,
                          struct cpl_error *err)
{
    return !cpl_plan_joins_others(pipeline) || !pipeline->sink.path ||
           (cpl_log_open(storage, pipeline->sink.path, log, err) &&
            cpl_dataset_types_read(*log, there, err));
}

static void release_types(struct cpl_dataset_types *there, struct cpl_log *log)
{
    cpl_dataset_types_release(there);
    cpl_log_free(log);
}

/* The word of source.path that the message speaks of. */
static const struct cpl_node *path_in(const struct cpl_node *path, const char *message)
{
    if (path && path->kind == CPL_NODE_SCALAR)
        return strstr(message, path->text) ? path : NULL;
    for (const struct cpl_node *item = path ? path->first : NULL; item; item = item->next)
        if (item->kind == CPL_NODE_SCALAR && strstr(message, item->text))
            return item;
    return NULL;
}

/* Every error says where, and of which pipeline: there may be many. */
static bool fail_named(const struct cpl_pipeline *pipeline, struct cpl_error *err)
{
    const struct cpl_node *root = pipeline->root, *place;
    cpl_plan_fail_placed(pipeline, err);
    bool placed = root && root->file && !strncmp(err->message, root->file, strlen(root->file));
    if (!root || placed || !strncmp(err->message, "--", 2) || !strncmp(err->message, "CUPEL_", 6))
        return false;
    const struct cpl_error why = *err;
    place = path_in(cpl_tree_get(cpl_tree_get(root, "source"), "path"), why.message);
    return cpl_tree_fail(place ? place : root, err, why.code, "%s: %s", pipeline->name,
                         why.message);
}

bool cpl_check_plan(const struct cpl_pipeline *pipeline, unsigned width, bool colour,
                    struct cpl_buffer *out, struct cpl_error *err)
{
    bool made = false;
    struct cpl_pipeline bare;
    struct cpl_plan plan, input;
    struct cpl_log *log = NULL;
    struct cpl_dataset_types there = {0};
    struct cpl_storage *storage = cpl_pipeline_storage(pipeline, err);
    if (!storage)
        return fail_named(pipeline, err);
    if (!look_at_types(storage, pipeline, &log, &there, err) ||
        !cpl_plan_make(storage, pipeline, &there, (int64_t)time(NULL) * 1000, NULL, &plan, err)) {
        release_types(&there, log);
        cpl_storage_free(storage);
        return fail_named(pipeline, err);
    }
    const struct cpl_target target = {.sink = &pipeline->sink,
                                      .config = pipeline->root ? pipeline->root->file : NULL};
    bool ok = cpl_target_check(storage, &target, err) &&
              cpl_target_check_inputs(storage, &target, &plan, err) && prove_encoder(&plan, err) &&
              plan_input(storage, pipeline, &plan, &bare, &input, &made, err) &&
              cpl_buffer_append_text(out, cpl_colour(colour, CPL_BOLD), err) &&
              cpl_show(out, err, "%s", pipeline->name) &&
              cpl_buffer_printf(out, err, "%s\n", cpl_colour(colour, CPL_PLAIN_TEXT)) &&
              put_inputs(&plan, out, err) && put_dialect(&plan, out, err) &&
              put_target(pipeline, &plan, out, err) &&
              put_columns(&plan, made ? &input : NULL, width, colour, out, err) &&
              put_chain(pipeline, &plan, out, err);
    if (made)
        cpl_plan_release(&input);
    cpl_plan_release(&plan);
    release_types(&there, log);
    cpl_storage_free(storage);
    return ok || fail_named(pipeline, err);
}

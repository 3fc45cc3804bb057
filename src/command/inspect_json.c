/* An inspected input as one JSON object. */
#include "base/tree.h"
#include "command/inspect.h"

static void put_inputs(struct cpl_json_writer *json, const struct cpl_inputs *inputs)
{
    cpl_json_list(json, "inputs");
    for (size_t i = 0; i < inputs->n; i++) {
        const struct cpl_input *input = &inputs->items[i];
        cpl_json_object(json, NULL);
        cpl_json_string(json, "path", input->path);
        if (input->size != UINT64_MAX)
            cpl_json_uint(json, "bytes", input->size);
        cpl_json_string(json, "compression", cpl_compression_name(input->compression));
        cpl_json_string(json, "charset", input->charset.name);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

static bool put_dialect(struct cpl_json_writer *json, const struct cpl_plan *plan,
                        struct cpl_error *err)
{
    struct cpl_buffer dialect = {0};
    bool ok = !plan->decoder->describe || plan->decoder->describe(plan->settings, &dialect, err);
    const char *text = ok && dialect.size ? cpl_buffer_text(&dialect, err) : NULL;
    if (text)
        cpl_json_raw(json, "dialect", text);
    cpl_buffer_release(&dialect);
    return ok;
}

static bool put_column(struct cpl_json_writer *json, const struct cpl_inspection *it, uint32_t i,
                       struct cpl_error *err)
{
    struct cpl_column_profile column;
    struct cpl_buffer type = {0};
    const struct cpl_field *field = &cpl_rows_schema(it->rows)->fields[i];
    const struct cpl_plan *plan = cpl_rows_plan(it->rows);
    bool nested = cpl_kind_is_nested(field->type.kind);
    bool ok = cpl_profile_column(it->profile, i, &column, err) &&
              cpl_type_format(&field->type, &type, err) && cpl_buffer_text(&type, err);
    if (ok) {
        cpl_json_object(json, NULL);
        cpl_json_string(json, "name", field->name);
        cpl_json_string(json, "type", (const char *)type.data);
        if (plan)
            cpl_json_bool(json, "inferred", plan->columns[i].inferred);
        cpl_json_bool(json, "nullable", field->nullable);
        cpl_json_uint(json, "nulls", column.nulls);
        if (!nested)
            cpl_json_uint(json, "distinct", column.distinct);
        if (!nested)
            cpl_json_bool(json, "distinct_exact", column.distinct_exact);
        cpl_json_string(json, "min", column.has_bounds ? column.min : NULL);
        cpl_json_string(json, "max", column.has_bounds ? column.max : NULL);
        cpl_json_list(json, "samples");
        for (unsigned k = 0; k < column.n_samples; k++)
            cpl_json_string(json, NULL, column.samples[k]);
        cpl_json_close(json);
        cpl_json_close(json);
    }
    cpl_buffer_release(&type);
    return ok;
}

static void put_head(struct cpl_json_writer *json, const struct cpl_inspection *it)
{
    uint32_t n = cpl_rows_schema(it->rows)->n_fields;
    cpl_json_list(json, "head");
    for (uint32_t row = 0; row < it->n_head; row++) {
        cpl_json_list(json, NULL);
        for (uint32_t i = 0; i < n; i++) {
            struct cpl_slice cell = cpl_inspect_cell(it, row, i);
            if (cell.extra)
                cpl_json_string(json, NULL, NULL);
            else
                cpl_json_bytes(json, NULL, cell.data, cell.length);
        }
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

bool cpl_inspect_json(const struct cpl_inspection *it, struct cpl_buffer *out,
                      struct cpl_error *err)
{
    struct cpl_json_writer json;
    const struct cpl_plan *plan = cpl_rows_plan(it->rows);
    bool ok = true;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_string(&json, "path", it->path);
    cpl_json_string(&json, "format", plan ? plan->decoder->name : "parquet");
    if (plan) {
        put_inputs(&json, &plan->inputs);
        ok = put_dialect(&json, plan, err);
    }
    cpl_json_uint(&json, "rows_examined", cpl_profile_rows(it->profile));
    cpl_json_uint(&json, "rows_rejected", cpl_rows_rejected(it->rows));
    cpl_json_string(&json, "first_reject", *it->first_reject ? it->first_reject : NULL);
    cpl_json_bool(&json, "complete", it->whole);
    cpl_json_list(&json, "columns");
    for (uint32_t i = 0; ok && i < cpl_rows_schema(it->rows)->n_fields; i++)
        ok = put_column(&json, it, i, err);
    cpl_json_close(&json);
    put_head(&json, it);
    if (!plan)
        ok = ok && cpl_inspect_layout_json(it, &json, err);
    cpl_json_close(&json);
    return ok && cpl_json_end(&json);
}

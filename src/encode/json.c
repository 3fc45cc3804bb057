/* JSON out: one object a line (NDJSON), or one array. How each type is written stands in value_json.h.
 *
 * Members come in the schema's order, every one in every row (nulls as null) unless omit_nulls. Files have
 * no place for metadata: it is not written. */
#include "encode/put.h"
#include "encode/text_part.h"
#include "encode/value_json.h"

#include <string.h>

struct cpl_json_encode_options {
    int layout; /* LINES, ARRAY */
    int non_finite;
    bool omit_nulls;
};
enum layout { LINES, ARRAY };

static const struct cpl_option options[] = {
    {.name = "layout",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_json_encode_options, layout),
     .default_text = "lines",
     .values = "lines|array",
     .summary = "One object a line (NDJSON), or one array of objects."},
    {.name = "non_finite",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_json_encode_options, non_finite),
     .default_text = "string",
     .values = "string|null|fail",
     .summary = "NaN and infinities, which JSON numbers lack: as \"NaN\" and \"Infinity\", as null "
                "(which loses them), or fail."},
    {.name = "omit_nulls",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_json_encode_options, omit_nulls),
     .default_text = "false",
     .summary = "Leave out top-level members that are null."},
    {.name = NULL}};

struct json_builder {
    struct cpl_text_builder text;
    const struct cpl_json_encode_options *options;
    const struct cpl_schema *schema;
    struct cpl_buffer names; /* all members as "name": */
    uint32_t *name_end;      /* where each ends in .names */
};

static bool put_member(struct json_builder *builder, const struct cpl_column *column, uint32_t i,
                       uint32_t row, struct cpl_error *err)
{
    struct cpl_buffer *out = &builder->text.staging;
    uint32_t start = i ? builder->name_end[i - 1] : 0;
    return cpl_put(out, builder->names.data + start, builder->name_end[i] - start, err) &&
           cpl_json_put_value(out, column, row, (enum cpl_non_finite)builder->options->non_finite,
                              err);
}

static bool put_row(struct cpl_text_builder *text, const struct cpl_batch *batch, uint32_t row,
                    struct cpl_error *err)
{
    struct json_builder *builder = (struct json_builder *)text;
    struct cpl_buffer *out = &text->staging;
    bool lines = builder->options->layout == LINES, comma = false;
    if ((!lines && cpl_text_rows(text) && !cpl_put(out, ",\n", 2, err)) ||
        !cpl_put_char(out, '{', err))
        return false;
    for (uint32_t i = 0; i < builder->schema->n_fields; i++) {
        const struct cpl_column *column = &batch->columns[i];
        if (builder->options->omit_nulls && !cpl_is_valid(column, row))
            continue;
        if ((comma && !cpl_put_char(out, ',', err)) || !put_member(builder, column, i, row, err))
            return false;
        comma = true;
    }
    return cpl_put(out, "}\n", lines ? 2 : 1, err);
}

static bool put_names(struct json_builder *builder, struct cpl_error *err)
{
    const struct cpl_schema *schema = builder->schema;
    builder->name_end = cpl_alloc_zero(schema->n_fields, sizeof *builder->name_end, err);
    if (!builder->name_end)
        return false;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *name = schema->fields[i].name;
        if (!cpl_json_put_string(&builder->names, (const uint8_t *)name, strlen(name), err) ||
            !cpl_buffer_append(&builder->names, ":", 1, err))
            return false;
        builder->name_end[i] = (uint32_t)builder->names.size;
    }
    return true;
}

static void builder_free(struct cpl_part_builder *part_builder)
{
    struct json_builder *builder = (struct json_builder *)part_builder;
    if (!builder)
        return;
    cpl_text_builder_release(&builder->text);
    cpl_buffer_release(&builder->names);
    cpl_free(builder->name_end);
    cpl_free(builder);
}

static struct cpl_part_builder *builder_new(const struct cpl_schema *schema, const void *given,
                                            struct cpl_error *err)
{
    struct json_builder *builder = cpl_alloc_zero(1, sizeof *builder, err);
    if (!builder)
        return NULL;
    builder->text.put_row = put_row;
    builder->options = given;
    builder->schema = schema;
    if (put_names(builder, err))
        return (struct cpl_part_builder *)builder;
    builder_free((struct cpl_part_builder *)builder);
    return NULL;
}

/* ---- file ---- */

struct json_file {
    const struct cpl_json_encode_options *options;
    struct cpl_write_sink *sink;
    bool any_rows;
};

static bool put_text(struct json_file *file, const char *text, struct cpl_error *err)
{
    return file->sink->write(file->sink, text, strlen(text), err);
}

static void file_free(struct cpl_file_encoder *file)
{
    cpl_free(file);
}

static struct cpl_file_encoder *file_new(const struct cpl_schema *schema, const void *given,
                                         struct cpl_write_sink *sink,
                                         const struct cpl_pairs *metadata, struct cpl_error *err)
{
    (void)schema;
    (void)metadata;
    struct json_file *file = cpl_alloc_zero(1, sizeof *file, err);
    if (!file)
        return NULL;
    *file = (struct json_file){.options = given, .sink = sink};
    if (file->options->layout == LINES || put_text(file, "[\n", err))
        return (struct cpl_file_encoder *)file;
    cpl_free(file);
    return NULL;
}

static bool file_add(struct cpl_file_encoder *encoder, struct cpl_part *part, struct cpl_error *err)
{
    struct json_file *file = (struct json_file *)encoder;
    bool separator = file->options->layout == ARRAY && file->any_rows;
    file->any_rows = true;
    bool ok = (!separator || put_text(file, ",\n", err)) &&
              cpl_text_part_write(part, file->sink, err);
    cpl_text_part_free(part);
    return ok;
}

static bool file_finish(struct cpl_file_encoder *encoder, struct cpl_error *err)
{
    struct json_file *file = (struct json_file *)encoder;
    return file->options->layout == LINES || put_text(file, file->any_rows ? "\n]\n" : "]\n", err);
}

const struct cpl_encoder_ops cpl_encoder_json = {
    .name = "json",
    .summary = "JSON: an object a line (NDJSON), or one array",
    .extension = ".json",
    .options = options,
    .options_size = sizeof(struct cpl_json_encode_options),
    .builder_new = builder_new,
    .use_budget = cpl_text_use_budget,
    .append = cpl_text_append,
    .finish = cpl_text_finish,
    .cut = cpl_text_cut,
    .discard = cpl_text_discard,
    .builder_free = builder_free,
    .part_info = cpl_text_part_info,
    .part_free = cpl_text_part_free,
    .file_new = file_new,
    .file_add = file_add,
    .file_finish = file_finish,
    .file_free = file_free,
};

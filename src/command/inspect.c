/* `cupel inspect PATH…`: dialect, schema, what is in the columns, the first rows; a Parquet file's layout. */
#include "command/inspect.h"
#include "base/text.h"
#include "command/outcome.h"
#include "command/settings.h"
#include "encode/value_json.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cpl_flag inspect_flags[] = {
    {.name = "rows",
     .letter = 'n',
     .argument = "N",
     .summary = "Look at the first N rows; default 100000."},
    {.name = "full", .summary = "Look at every row."},
    {.name = "from",
     .argument = "FORMAT",
     .values = "auto|csv|json",
     .option = "source.format",
     .summary = "Format of the input; default: told by content."},
    {.name = "json", .summary = "Print one JSON object a path."},
    {.name = "set",
     .repeated = true,
     .argument = "SECTION.OPTION=VALUE",
     .summary = "Any option of a pipeline. Repeatable."},
    {.name = NULL},
};

/* ---- the head ---- */

struct cpl_slice cpl_inspect_cell(const struct cpl_inspection *it, uint32_t row, uint32_t column)
{
    size_t at = (size_t)row * cpl_rows_schema(it->rows)->n_fields + column;
    const uint32_t *ends = (const uint32_t *)(const void *)it->ends.data;
    uint32_t from = at ? ends[at - 1] >> 1 : 0;
    return (struct cpl_slice){
        .data = it->head.data + from, .length = (ends[at] >> 1) - from, .extra = ends[at] & 1};
}

enum { LONGEST = 300 };

static bool put_binary(struct cpl_buffer *out, const struct cpl_slice *bytes, struct cpl_error *err)
{
    char text[LONGEST + 1];
    cpl_bytes_text(bytes->data, bytes->length, text, sizeof text);
    return cpl_buffer_append_text(out, text, err);
}

/* A value as text; nested ones as JSON, null as NULL. */
static bool put_value(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row,
                      struct cpl_error *err)
{
    char text[CPL_TEXT_MAX];
    enum cpl_kind kind = column->field->type.kind;
    if (!cpl_is_valid(column, row))
        return cpl_buffer_append(out, "NULL", 4, err);
    if (kind == CPL_BINARY)
        return put_binary(out, &column->slices[row], err);
    if (cpl_kind_is_nested(kind))
        return cpl_json_put_value(out, column, row, CPL_NON_FINITE_STRING, err);
    if (cpl_kind_is_slice(kind))
        return cpl_buffer_append(out, column->slices[row].data, column->slices[row].length, err);
    return cpl_buffer_append(out, text, cpl_print_value(column, row, text), err);
}

static bool keep_head(struct cpl_inspection *it, const struct cpl_batch *batch,
                      struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = true;
    for (uint32_t row = 0; ok && row < batch->rows && it->n_head < CPL_INSPECT_HEAD; row++) {
        for (uint32_t i = 0; ok && i < batch->schema->n_fields; i++) {
            text.size = 0;
            ok = put_value(&text, &batch->columns[i], row, err);
            uint32_t length = text.size < LONGEST ? (uint32_t)text.size : LONGEST;
            while (length < text.size && length && (text.data[length] & 0xc0) == 0x80)
                length--;
            ok = ok && cpl_buffer_append(&it->head, text.data, length, err);
            uint32_t end = (uint32_t)it->head.size << 1 | !cpl_is_valid(&batch->columns[i], row);
            ok = ok && cpl_buffer_append(&it->ends, &end, sizeof end, err);
        }
        it->n_head++;
    }
    cpl_buffer_release(&text);
    return ok;
}

/* ---- looking ---- */

static void note_reject(void *context, const char *object, const struct cpl_reject *reject)
{
    struct cpl_inspection *it = context;
    if (*it->first_reject)
        return;
    char *text = cpl_reject_text(object, reject->line + 1, &reject->fault, reject->column,
                                 reject->message, strlen(reject->message), NULL);
    cpl_text_set(it->first_reject, sizeof it->first_reject, "%s", text ? text : object);
    cpl_free(text);
}

static bool look(struct cpl_inspection *it, struct cpl_error *err)
{
    struct cpl_batch *batch = NULL;
    it->profile = cpl_profile_new(cpl_rows_schema(it->rows), err);
    if (!it->profile)
        return false;
    do {
        if (!cpl_rows_next(it->rows, &batch, err))
            return false;
        if (batch->rows &&
            (!keep_head(it, batch, err) || !cpl_profile_add(it->profile, batch, err)))
            return false;
    } while (batch->rows);
    it->whole = !it->max_rows || cpl_profile_rows(it->profile) < it->max_rows;
    return true;
}

static bool load(const struct cpl_arguments *arguments, const char *path,
                 struct cpl_settings *settings, struct cpl_config *config, struct cpl_error *err)
{
    return cpl_settings_add_list(settings, "source.path", &path, 1, "PATH", err) &&
           cpl_settings_from_flags(settings, arguments, err) &&
           cpl_settings_load(settings, "inspect", config, err);
}

static bool show(const struct cpl_arguments *arguments, const struct cpl_inspection *it,
                 struct cpl_error *err)
{
    struct cpl_buffer out = {0};
    unsigned width = cpl_terminal_width(STDOUT_FILENO);
    bool ok = cpl_flag_given(arguments, "json")
                  ? cpl_inspect_json(it, &out, err) && cpl_buffer_append(&out, "\n", 1, err)
                  : cpl_inspect_text(it, width, cpl_colour_wanted(STDOUT_FILENO), &out, err);
    ok = ok && cpl_print(&out, err);
    cpl_buffer_release(&out);
    return ok;
}

static bool inspect(const struct cpl_arguments *arguments, const char *path, uint64_t max_rows,
                    struct cpl_error *err)
{
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    struct cpl_inspection it = {.path = path, .max_rows = max_rows};
    struct cpl_storage *storage = cpl_storage_local(&(struct cpl_storage_limits){0}, err);
    bool ok = storage && load(arguments, path, &settings, &config, err);
    it.storage = storage;
    if (ok) {
        struct cpl_rows_options options = {.pipeline = &config.pipelines[0],
                                           .max_rows = max_rows,
                                           .stop = cpl_stop_on_signals(),
                                           .context = &it,
                                           .reject = note_reject};
        it.rows = cpl_rows_open(storage, &options, err);
        if (!it.rows)
            cpl_settings_name_flag(&settings, err);
        ok = it.rows && look(&it, err) && show(arguments, &it, err);
    }
    cpl_profile_free(it.profile);
    cpl_rows_close(it.rows);
    cpl_buffer_release(&it.head);
    cpl_buffer_release(&it.ends);
    cpl_storage_free(storage);
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return ok;
}

static int run_inspect(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    uint64_t max_rows;
    if (!cpl_flag_number(arguments, "rows", 1, 100000, &max_rows, &err))
        return cpl_console_fail(NULL, &err);
    if (cpl_flag_given(arguments, "full"))
        max_rows = 0;
    int status = 0;
    for (size_t i = 0; i < arguments->n_words; i++) {
        if (inspect(arguments, arguments->words[i], max_rows, &err))
            continue;
        int now = cpl_console_fail(NULL, &err);
        status = status ? status : now;
    }
    return status;
}

const struct cpl_verb cpl_verb_inspect = {
    .name = "inspect",
    .summary = "Show dialect, schema, columns and the first rows of files.",
    .usage = "PATH…",
    .details = "For text, every guess is printed with where it came from; a flag overrides it. For "
               "Parquet, how the file is laid out. Each PATH is a file, directory, glob or `-`.",
    .examples = "cupel inspect orders.csv\n"
                "cupel inspect --full --json orders.csv\n"
                "cupel inspect lake/orders/_cupel/rejects\n",
    .groups = {{"Options", inspect_flags}, {"Reading CSV", cpl_csv_flags}},
    .min_words = 1,
    .max_words = -1,
    .run = run_inspect,
};

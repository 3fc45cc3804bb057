#include "decode/json.h"
#include "base/tree.h"
#include "decode/json_walk.h"

static const char *const layouts[] = {"auto", "lines", "array", "documents"};
static const char *const duplicate_words[] = {"reject", "first", "last"};
static const char *const unknown_words[] = {"add", "ignore", "reject"};

const struct cpl_option json_options[] = {
    {.name = "layout",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_json_settings, layout),
     .default_text = "auto",
     .values = "auto|lines|array|documents",
     .summary = "How rows lie in the input: one a line (NDJSON), in an array, or documents one "
                "after the other; auto looks at each file by itself."},
    {.name = "rows",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_json_settings, rows),
     .set_offset = offsetof(struct cpl_json_settings, rows_set),
     .summary = "Path to the array of rows inside a document: a JSON Pointer or a dotted path.",
     .example = "/data/items"},
    {.name = "flatten",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_json_settings, flatten),
     .set_offset = offsetof(struct cpl_json_settings, flatten_set),
     .default_text = "false",
     .summary = "Members of nested objects become columns of their own, as user.id."},
    {.name = "separator",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_json_settings, separator),
     .set_offset = offsetof(struct cpl_json_settings, separator_set),
     .default_text = ".",
     .summary = "Between the keys of a flattened name. Keys stay as they are, and two members that "
                "would get one name are an error.",
     .example = "_"},
    {.name = "keep_document",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_json_settings, keep_document),
     .set_offset = offsetof(struct cpl_json_settings, keep_document_set),
     .default_text = "false",
     .summary = "Keep each row's own text in a column called _doc."},
    {.name = "duplicate_keys",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_json_settings, duplicate_keys),
     .set_offset = offsetof(struct cpl_json_settings, duplicate_keys_set),
     .default_text = "reject",
     .values = "reject|first|last",
     .summary = "What to do with a row in which an object has a key twice: reject it, or keep the "
                "first or last value."},
    {.name = "unknown_fields",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_json_settings, unknown_fields),
     .set_offset = offsetof(struct cpl_json_settings, unknown_fields_set),
     .default_text = "add",
     .flags = CPL_OPTION_UNDECLARED,
     .values = "add|ignore|reject",
     .summary = "What to do with fields that the schema lacks: add them as columns, leave them "
                "out, or reject the row. The schema is the columns declared (schema.columns, "
                "--type), with or without a type; where there are none, those of the sample."},
    {.name = "infer_strings",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_json_settings, infer_strings),
     .set_offset = offsetof(struct cpl_json_settings, infer_strings_set),
     .default_text = "true",
     .summary = "Columns of which all strings are dates, timestamps or UUIDs get that type."},
    {.name = "map_keys",
     .type = CPL_OPTION_INT,
     .offset = offsetof(struct cpl_json_settings, map_keys),
     .set_offset = offsetof(struct cpl_json_settings, map_keys_set),
     .default_text = "200",
     .min = 1,
     .max = JSON_MEMBERS_MAX,
     .summary = "An object with more different keys than this, of which each row has fewer than a "
                "tenth, becomes a map."},
    {.name = "maps",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct cpl_json_settings, maps),
     .set_offset = offsetof(struct cpl_json_settings, maps_set),
     .summary = "Paths of objects that become maps whatever their keys.",
     .example = "user.attributes"},
    {.name = "block_size",
     .type = CPL_OPTION_SIZE,
     .offset = offsetof(struct cpl_json_settings, block_size),
     .default_text = "512KiB",
     .min = 1024,
     .max = 64 << 20,
     .flags = CPL_OPTION_ADVANCED,
     .summary = "Bytes read at a time."},
    {0},
};

static bool can_split(const void *settings)
{
    return ((const struct cpl_json_settings *)settings)->layout == JSON_LINES;
}

static void release_settings(void *erased)
{
    struct cpl_json_settings *settings = erased;
    cpl_arena_release(&settings->arena);
    settings->sampled = NULL;
}

static void describe_maps(struct cpl_json_writer *writer, const struct cpl_strings *maps)
{
    cpl_json_list(writer, "maps");
    for (size_t i = 0; i < maps->n; i++)
        cpl_json_string(writer, NULL, maps->items[i]);
    cpl_json_close(writer);
}

/* Hidden when it is no default and yet not set: whoever set it may not tell (plan.c). */
static const char *shown_separator(const struct cpl_json_settings *settings)
{
    bool shown = settings->separator_set || !strcmp(settings->separator, ".");
    return shown ? settings->separator : NULL;
}

/* How the rows are read; a replay takes over all but the way to them. */
static bool describe(const void *erased, struct cpl_buffer *json, struct cpl_error *err)
{
    const struct cpl_json_settings *settings = erased;
    bool has_rows = settings->rows_set && settings->rows && *settings->rows;
    struct cpl_json_writer writer;
    cpl_json_begin(&writer, json, 0, err);
    cpl_json_object(&writer, NULL);
    cpl_json_string(&writer, "layout", layouts[settings->layout]);
    cpl_json_string(&writer, "rows", has_rows ? settings->rows : NULL);
    cpl_json_bool(&writer, "flatten", settings->flatten);
    if (settings->flatten && shown_separator(settings))
        cpl_json_string(&writer, "separator", settings->separator);
    cpl_json_bool(&writer, "keep_document", settings->keep_document);
    cpl_json_string(&writer, "duplicate_keys", duplicate_words[settings->duplicate_keys]);
    cpl_json_string(&writer, "unknown_fields", unknown_words[settings->unknown_fields]);
    cpl_json_bool(&writer, "infer_strings", settings->infer_strings);
    if (settings->map_keys_set)
        cpl_json_int(&writer, "map_keys", settings->map_keys);
    if (settings->maps.n && settings->maps_set)
        describe_maps(&writer, &settings->maps);
    cpl_json_bool(&writer, "row_is_value", settings->row_is_value);
    cpl_json_close(&writer);
    return cpl_json_end(&writer);
}

/* Where columns are declared, fields that are not are added only if that is asked for. */
static bool leaves_out(const void *erased, const char *column)
{
    const struct cpl_json_settings *settings = erased;
    return settings->unknown_fields != JSON_UNKNOWN_ADD &&
           !(settings->keep_document && !strcmp(column, JSON_DOCUMENT_COLUMN));
}

const struct cpl_decoder_ops cpl_decoder_json = {
    .name = "json",
    .summary = "JSON: one row a line (NDJSON), an array, documents, or an array inside a document.",
    .splittable = true,
    .can_split = can_split,
    .options = json_options,
    .settings_size = sizeof(struct cpl_json_settings),
    .sniff = json_sniff,
    .infer = json_infer,
    .leaves_out = leaves_out,
    .release_settings = release_settings,
    .for_object = json_for_object,
    .describe = describe,
    .open = json_open,
    .next = json_read,
    .refuse = json_refuse,
    .report = json_report,
    .needs = json_needs,
    .join_needs = json_join_needs,
    .widen = json_widen,
    .memory = json_memory,
    .close = json_close,
};

/* JSON Schema (draft 2020-12) of the two dialects, from the option tables: for editors, and for whoever writes
 * configuration by program.
 *
 * It accepts what the loader accepts where JSON Schema can say so: a number may be written as text, any scalar may hold
 * ${…}, null means "not given". Rules between keys (`keep` needs `dated`) are the loader's alone. */
#include "base/tree.h"
#include "config/describe.h"
#include "config/metadata.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANY_SCALAR  "[\"string\",\"number\",\"boolean\",\"null\"]"
#define ITEM_SCALAR "[\"string\",\"number\",\"boolean\"]"
#define EMPTY                                                                                      \
    "[{\"type\":\"null\"},{\"const\":\"\"},{\"type\":\"array\",\"maxItems\":0},{\"type\":"         \
    "\"object\",\"maxProperties\":0}]"

static void put_null(struct cpl_json_writer *json, const struct cpl_option *option)
{
    if (option->flags & CPL_OPTION_REQUIRED)
        return;
    cpl_json_object(json, NULL);
    cpl_json_string(json, "type", "null");
    cpl_json_close(json);
}

/* (?i) written out, for ECMA has no such thing: `[aA][bB]`, but for letters of classes. */
static bool spell_out(const char *pattern, struct cpl_buffer *out, struct cpl_error *err)
{
    static const char any_case[] = "(?i)";
    bool either = !strncmp(pattern, any_case, sizeof any_case - 1), class = false;
    for (pattern += either ? sizeof any_case - 1 : 0; *pattern; pattern++) {
        class = *pattern == '[' || (class && *pattern != ']');
        bool letter = (*pattern >= 'a' && *pattern <= 'z') || (*pattern >= 'A' && *pattern <= 'Z');
        bool ok = either && letter && !class ? cpl_buffer_printf(out, err, "[%c%c]", *pattern,
                                                                 *pattern ^ 0x20)
                                             : cpl_buffer_append(out, pattern, 1, err);
        if (!ok)
            return false;
    }
    return true;
}

/* A text that matches `pattern` (NULL = none does), or holds ${…}. */
static void put_pattern(struct cpl_json_writer *json, const char *pattern)
{
    struct cpl_buffer text = {0};
    struct cpl_error *err = json->err;
    bool ok = (!pattern || spell_out(pattern, &text, err)) &&
              cpl_buffer_printf(&text, err, "%s\\$\\{", pattern ? "|" : "");
    const char *whole = ok ? cpl_buffer_text(&text, err) : NULL;
    cpl_json_object(json, NULL);
    cpl_json_string(json, "type", "string");
    cpl_json_string(json, "pattern", whole);
    cpl_json_close(json);
    json->failed |= !whole;
    cpl_buffer_release(&text);
}

/* A text option with a pattern: a number is right too where its text would be. */
static void put_text(struct cpl_json_writer *json, const char *pattern)
{
    regex_t compiled;
    bool number = false;
    if (*pattern != '(' && !regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB)) {
        number = !regexec(&compiled, "5", 0, NULL, 0);
        regfree(&compiled);
    }
    if (number)
        cpl_json_raw(json, NULL, "{\"type\":\"number\",\"minimum\":0}");
    put_pattern(json, pattern);
}

/* Whole numbers of at least n, with a fraction or not. */
static bool put_at_least(struct cpl_buffer *out, uint64_t n, struct cpl_error *err)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
    bool ok = n ? cpl_buffer_printf(out, err, "(%s|[1-9][0-9]{%d,}", digits, length)
                : cpl_buffer_append_text(out, "([0-9]+", err);
    for (int i = 0; ok && n && i < length; i++)
        if (digits[i] < '9')
            ok = cpl_buffer_printf(out, err, "|%.*s[%c-9][0-9]{%d}", i, digits, digits[i] + 1,
                                   length - i - 1);
    return ok && cpl_buffer_append_text(out, ")([.][0-9]+)? ?", err);
}

/* Sizes of at least the option's least, unit by unit; between two whole numbers of a unit it lets the smaller pass. */
static void put_size(struct cpl_json_writer *json, const struct cpl_option *option)
{
    static const char *const units[] = {"", "[kK][iI]?", "[mM][iI]?", "[gG][iI]?", "[tT][iI]?"};
    struct cpl_buffer text = {0};
    struct cpl_error *err = json->err;
    uint64_t least = option->min > 0 ? (uint64_t)option->min : 0;
    bool ok = cpl_buffer_append_text(&text, "^0*(", err);
    for (int u = 0; ok && u < 5; u++)
        ok = put_at_least(&text, least >> (10 * u), err) &&
             cpl_buffer_printf(&text, err, "%s[bB]?%s", units[u], u < 4 ? "|" : ")$");
    const char *pattern = ok ? cpl_buffer_text(&text, err) : NULL;
    json->failed |= !pattern;
    if (pattern)
        put_pattern(json, pattern);
    cpl_buffer_release(&text);
}

static void put_number(struct cpl_json_writer *json, const struct cpl_option *option)
{
    cpl_json_object(json, NULL);
    cpl_json_string(json, "type", option->type == CPL_OPTION_DOUBLE ? "number" : "integer");
    if (option->min || option->max)
        cpl_json_int(json, "minimum", option->min);
    else if (option->type == CPL_OPTION_SIZE)
        cpl_json_int(json, "minimum", 0);
    if (option->max && option->max != INT64_MAX)
        cpl_json_int(json, "maximum", option->max);
    cpl_json_close(json);
}

static bool is_word(const char *word, size_t length, const char *wanted)
{
    return length == strlen(wanted) && !memcmp(word, wanted, length);
}

static void put_enum(struct cpl_json_writer *json, const char *values)
{
    cpl_json_object(json, NULL);
    cpl_json_list(json, "enum");
    for (const char *word = values;;) {
        size_t length = strcspn(word, "|");
        cpl_json_bytes(json, NULL, word, length);
        if (is_word(word, length, "true") || is_word(word, length, "yes"))
            cpl_json_bool(json, NULL, true);
        if (is_word(word, length, "false") || is_word(word, length, "no"))
            cpl_json_bool(json, NULL, false);
        if (!word[length])
            break;
        word += length + 1;
    }
    cpl_json_close(json);
    cpl_json_close(json);
}

/* The alternatives of `anyOf`. */
static void put_alternatives(struct cpl_json_writer *json, const struct cpl_option *option)
{
    switch (option->type) {
    case CPL_OPTION_BOOL:
        cpl_json_raw(json, NULL, "{\"type\":\"boolean\"}");
        put_pattern(json, "^(true|false)$");
        break;
    case CPL_OPTION_INT:
        put_number(json, option);
        put_pattern(json, "^[+-]?[0-9]+$");
        break;
    case CPL_OPTION_SIZE:
        put_number(json, option);
        put_size(json, option);
        break;
    case CPL_OPTION_DURATION:
        cpl_json_raw(json, NULL, "{\"const\":0}");
        put_pattern(json, "^0$|^([0-9]+([.][0-9]+)?(ms|s|min|m|h|d|w))+$");
        break;
    case CPL_OPTION_DOUBLE:
        put_number(json, option);
        put_pattern(json, "^[-+.0-9eE]+$");
        break;
    case CPL_OPTION_ENUM:
        put_enum(json, option->values);
        put_pattern(json, NULL);
        break;
    case CPL_OPTION_STRINGS:
        cpl_json_raw(json, NULL, "{\"type\":" ITEM_SCALAR "}");
        cpl_json_raw(json, NULL, "{\"type\":\"array\",\"items\":{\"type\":" ITEM_SCALAR "}}");
        break;
    case CPL_OPTION_PAIRS:
        cpl_json_raw(json, NULL,
                     "{\"type\":\"object\",\"additionalProperties\":{\"type\":" ITEM_SCALAR "}}");
        break;
    default:
        if (option->pattern)
            put_text(json, option->pattern);
        else
            cpl_json_raw(json, NULL, "{\"type\":" ITEM_SCALAR "}");
    }
    put_null(json, option);
}

/* The default as JSON would write it. */
static void put_default(struct cpl_json_writer *json, const struct cpl_option *option)
{
    const char *text = option->default_text;
    bool plain = option->type == CPL_OPTION_BOOL || option->type == CPL_OPTION_INT ||
                 option->type == CPL_OPTION_DOUBLE;
    if (text && plain && *text != '+' && *text != '.')
        cpl_json_raw(json, "default", text);
    else if (text)
        cpl_json_string(json, "default", text);
}

/* `reference`: "#/$defs/…" for a node; NULL = by the row's type; "" = anything; "empty" = nothing at all. */
static void put_option(struct cpl_json_writer *json, const struct cpl_option *option,
                       const char *reference)
{
    cpl_json_object(json, option->name);
    if (option->summary)
        cpl_json_string(json, "description", option->summary);
    if (reference && !strcmp(reference, "empty")) {
        cpl_json_raw(json, "anyOf", EMPTY);
    } else if (reference && *reference) {
        cpl_json_list(json, "anyOf");
        cpl_json_object(json, NULL);
        cpl_json_string(json, "$ref", reference);
        cpl_json_close(json);
        put_null(json, option);
        cpl_json_close(json);
    } else if (!reference && option->type != CPL_OPTION_NODE) {
        cpl_json_list(json, "anyOf");
        put_alternatives(json, option);
        cpl_json_close(json);
    }
    put_default(json, option);
    if (option->example) {
        cpl_json_list(json, "examples");
        cpl_json_string(json, NULL, option->example);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

static void put_required(struct cpl_json_writer *json, const struct cpl_option *table)
{
    cpl_json_list(json, "required");
    for (const struct cpl_option *option = table; option->name; option++)
        if (option->flags & CPL_OPTION_REQUIRED)
            cpl_json_string(json, NULL, option->name);
    cpl_json_close(json);
}

/* What a node's key refers to: {table's path, key, reference}. */
struct link {
    const char *path, *key, *reference;
};
static const struct link links[] = {
    {"pipeline", "source", "#/$defs/source"},
    {"pipeline", "schema", "#/$defs/schema"},
    {"pipeline", "sink", "#/$defs/sink"},
    {"pipeline", "limits", "#/$defs/limits"},
    {"pipeline", "transform", "#/$defs/steps"},
    {"pipeline", "quality", "#/$defs/quality"},
    {"quality", "rules", "#/$defs/rules"},
    {"quality", "weights", "#/$defs/quality.weights"},
    {"quality", "thresholds", "#/$defs/quality.thresholds"},
    {"pipeline", "telemetry", "empty"},
    {"schema", "columns", "#/$defs/columns"},
    {"metadata", "source_config", "#/$defs/source_config"},
    {"metadata", "dataset_config", "#/$defs/datasets"},
    {"metadata", "limits", "#/$defs/limits"},
    {"metadata", "transformations", "empty"},
    {"metadata", "quality", "empty"},
    {"metadata", "telemetry", "empty"},
    {"source_config", "sec_config", "#/$defs/source_config.sec_config"},
    {"dataset_config[]", "source", "#/$defs/dataset_config.source"},
    {"dataset_config[]", "destination", "#/$defs/dataset_config.destination"},
    {"dataset_config[]", "transformations", "empty"},
    {"dataset_config[]", "quality", "empty"},
    {"dataset_config[]", "telemetry", "empty"},
    {"dataset_config[].source", "path", "#/$defs/texts"},
    {"dataset_config[].source", "features", "#/$defs/features"},
    {"dataset_config[].destination", "features", "#/$defs/features"},
    {"dataset_config[].destination", "partition_by", "#/$defs/texts"},
};

static const char *reference_of(const char *path, const struct cpl_option *option, char *text,
                                size_t size)
{
    if (option->type != CPL_OPTION_NODE)
        return NULL;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (!strcmp(links[i].path, path) && !strcmp(links[i].key, option->name))
            return links[i].reference;
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (!strcmp(row->name, option->name) &&
            (!strcmp(path, "source") || !strcmp(path, "sink"))) {
            snprintf(text, size, "#/$defs/%s.%s", path, option->name);
            return text;
        }
    return "";
}

/* Options of formats that may stand beside a level's own: any value will do for the schema. */
static void put_format_options(struct cpl_json_writer *json, const struct cpl_option *own,
                               enum cpl_component_kind kind)
{
    const char *seen[512];
    size_t n = 0;
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        if (row->kind != kind)
            continue;
        struct cpl_option itself = {
            .name = row->name, .type = CPL_OPTION_NODE, .summary = row->summary};
        for (const struct cpl_option *option = &itself; option && option->name && n < 512;
             option = option == &itself ? row->options : option + 1) {
            bool known = cpl_option_find(own, option->name) != NULL;
            for (size_t i = 0; i < n && !known; i++)
                known = !strcmp(seen[i], option->name);
            if (known)
                continue;
            seen[n++] = option->name;
            put_option(json, option, "");
        }
    }
}

/* A path as a name in $defs: a `[` would have to be escaped in references. */
static const char *definition_name(const char *path, char *text, size_t size)
{
    size_t n = 0;
    for (; *path && n + 1 < size; path++)
        if (*path != '[' && *path != ']')
            text[n++] = *path;
    text[n] = 0;
    return text;
}

static void put_object(struct cpl_json_writer *json, const char *key,
                       const struct cpl_described *described, enum cpl_component_kind formats)
{
    char reference[200], name[200];
    cpl_json_object(json, definition_name(key, name, sizeof name));
    cpl_json_string(json, "description", described->summary);
    cpl_json_string(json, "type", "object");
    cpl_json_object(json, "properties");
    for (const struct cpl_option *option = described->options; option->name; option++)
        put_option(json, option,
                   reference_of(described->path, option, reference, sizeof reference));
    if (formats != CPL_COMPONENT_KIND_COUNT)
        put_format_options(json, described->options, formats);
    cpl_json_close(json);
    if (!strcmp(described->path, "pipeline"))
        cpl_json_raw(json, "patternProperties", "{\"^x-\":true}");
    cpl_json_bool(json, "additionalProperties", false);
    put_required(json, described->options);
    cpl_json_close(json);
}

static void put_columns(struct cpl_json_writer *json)
{
    const struct cpl_described column = {
        .path = "column", .summary = "One column.", .options = cpl_column_options};
    put_object(json, "column", &column, CPL_COMPONENT_KIND_COUNT);
    cpl_json_object(json, "type_text");
    cpl_json_list(json, "anyOf");
    put_pattern(json, CPL_TYPE_PATTERN);
    cpl_json_raw(json, NULL, "{\"type\":\"null\"}");
    cpl_json_close(json);
    cpl_json_close(json);
    cpl_json_raw(json, "columns",
                 "{\"anyOf\":[{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"$ref\":"
                 "\"#/$defs/type_text\"},{\"$ref\":\"#/$defs/"
                 "column\"}]}},{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":" ITEM_SCALAR
                 "},{\"allOf\":[{\"$ref\":\"#/$defs/"
                 "column\"},{\"required\":[\"name\"]}]},{\"type\":\"object\",\"minProperties\":1,"
                 "\"maxProperties\":1,\"propertyNames\":{\"not\":{\"enum\":[\"name\",\"type\","
                 "\"nullable\",\"field_id\"]}},\"additionalProperties\":{\"anyOf\":[{\"$ref\":"
                 "\"#/$defs/type_text\"},{\"$ref\":\"#/$defs/column\"}]}}]}}]}");
}

/* A kind's value: its options, or the shorthand's own value. */
static void put_kind(struct cpl_json_writer *json, const struct cpl_component *row,
                     const char *path)
{
    char reference[200], name[200];
    const struct cpl_option *own = row->shorthand ? cpl_option_find(row->options, row->shorthand)
                                                  : NULL;
    snprintf(reference, sizeof reference, "%s.%s", path, row->name);
    snprintf(name, sizeof name, "#/$defs/%.150s", reference);
    cpl_json_object(json, row->name);
    cpl_json_string(json, "description", row->summary);
    cpl_json_list(json, "anyOf");
    cpl_json_object(json, NULL);
    cpl_json_string(json, "$ref", name);
    cpl_json_close(json);
    if (own)
        put_alternatives(json, own);
    cpl_json_close(json);
    cpl_json_close(json);
}

/* A list of items, each with one kind and what stands beside it. */
static void put_items(struct cpl_json_writer *json, const char *key, enum cpl_component_kind kind,
                      const struct cpl_option *common, const char *path)
{
    cpl_json_object(json, key);
    cpl_json_string(json, "type", "array");
    cpl_json_object(json, "items");
    cpl_json_string(json, "type", "object");
    cpl_json_object(json, "properties");
    for (const struct cpl_option *option = common; option->name; option++)
        put_option(json, option, NULL);
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (row->kind == kind)
            put_kind(json, row, path);
    cpl_json_close(json);
    cpl_json_bool(json, "additionalProperties", false);
    cpl_json_list(json, "oneOf");
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        if (row->kind != kind)
            continue;
        cpl_json_object(json, NULL);
        cpl_json_list(json, "required");
        cpl_json_string(json, NULL, row->name);
        cpl_json_close(json);
        cpl_json_close(json);
    }
    cpl_json_close(json);
    cpl_json_close(json);
    cpl_json_close(json);
}

static void put_head(struct cpl_json_writer *json, const char *title)
{
    cpl_json_object(json, NULL);
    cpl_json_string(json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    cpl_json_string(json, "title", title);
}

static void put_pipeline_schema(struct cpl_json_writer *json, const struct cpl_described_list *list)
{
    put_head(json, "Cupel pipeline file");
    cpl_json_raw(json, "if", "{\"required\":[\"pipelines\"]}");
    cpl_json_raw(json, "then", "{\"$ref\":\"#/$defs/pipelines\"}");
    cpl_json_raw(json, "else", "{\"$ref\":\"#/$defs/pipeline\"}");
    cpl_json_object(json, "$defs");
    cpl_json_raw(
        json, "pipelines",
        "{\"type\":\"object\",\"properties\":{\"pipelines\":{\"type\":\"array\",\"items\":{\"$"
        "ref\":"
        "\"#/$defs/"
        "pipeline\"}}},\"patternProperties\":{\"^x-\":true},\"additionalProperties\":false}");
    for (size_t i = 0; i < list->n; i++)
        put_object(json, list->items[i].path, &list->items[i], CPL_COMPONENT_KIND_COUNT);
    put_columns(json);
    put_items(json, "rules", CPL_COMPONENT_RULE, cpl_rule_item_options, "quality.rules");
    put_items(json, "steps", CPL_COMPONENT_TRANSFORM, cpl_transform_item_options, "transform");
    cpl_json_close(json);
    cpl_json_close(json);
}

static void put_metadata_schema(struct cpl_json_writer *json, const struct cpl_described_list *list,
                                const struct cpl_described *limits)
{
    put_head(json, "Ingestion metadata, as Cupel reads it");
    cpl_json_raw(json, "anyOf",
                 "[{\"$ref\":\"#/$defs/metadata\"},{\"type\":\"array\",\"items\":{\"$ref\":\"#/"
                 "$defs/metadata\"}}]");
    cpl_json_object(json, "$defs");
    for (size_t i = 0; i < list->n; i++) {
        bool source = !strcmp(list->items[i].path, "source_config") ||
                      !strcmp(list->items[i].path, "dataset_config[].source");
        bool sink = !strcmp(list->items[i].path, "dataset_config[].destination");
        put_object(json, list->items[i].path, &list->items[i],
                   source ? CPL_COMPONENT_DECODER
                   : sink ? CPL_COMPONENT_ENCODER
                          : CPL_COMPONENT_KIND_COUNT);
    }
    put_object(json, "limits", limits, CPL_COMPONENT_KIND_COUNT);
    cpl_json_raw(
        json, "datasets",
        "{\"anyOf\":[{\"$ref\":\"#/$defs/dataset_config\"},{\"type\":\"array\",\"items\":{\"$ref\":"
        "\"#/$defs/dataset_config\"}}]}");
    cpl_json_raw(json, "features",
                 "{\"anyOf\":[{\"type\":\"object\",\"maxProperties\":0},{\"type\":\"array\","
                 "\"items\":{\"anyOf\":[{\"type\":" ITEM_SCALAR
                 "},{\"$ref\":\"#/$defs/dataset_config.source.features\"}]}}]}");
    cpl_json_raw(json, "texts",
                 "{\"anyOf\":[{\"type\":" ITEM_SCALAR
                 "},{\"type\":\"array\",\"items\":{\"type\":" ITEM_SCALAR "}}]}");
    cpl_json_close(json);
    cpl_json_close(json);
}

bool cpl_describe_schema(enum cpl_dialect dialect, struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_described_list pipeline, metadata;
    struct cpl_json_writer json;
    bool ok = cpl_described_pipeline(&arena, &pipeline, err) &&
              cpl_described_metadata(&arena, &metadata, err);
    const struct cpl_described *limits = NULL;
    for (size_t i = 0; ok && i < pipeline.n; i++)
        if (!strcmp(pipeline.items[i].path, "limits"))
            limits = &pipeline.items[i];
    if (ok) {
        cpl_json_begin(&json, out, 1, err);
        if (dialect == CPL_DIALECT_PIPELINE)
            put_pipeline_schema(&json, &pipeline);
        else
            put_metadata_schema(&json, &metadata, limits);
        ok = cpl_json_end(&json) && cpl_buffer_append_text(out, "\n", err);
    }
    cpl_arena_release(&arena);
    return ok;
}

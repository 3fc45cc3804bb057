/* `cupel describe`: the listing for people, and the same for programs. */
#include "config/describe.h"
#include "base/tree.h"

#include <string.h>

/* ---- for people ---- */

/* Backquotes mark words on the reference pages; a terminal does without. */
static bool put_plain(struct cpl_buffer *out, const char *text, size_t length,
                      struct cpl_error *err)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != '`' && !cpl_buffer_append(out, text + i, 1, err))
            return false;
    return true;
}

static bool put_notes(const struct cpl_option *option, struct cpl_buffer *out,
                      struct cpl_error *err)
{
    char text[400];
    cpl_option_type_text(option, text, sizeof text);
    if (!put_plain(out, text, strlen(text), err))
        return false;
    if (*cpl_option_range_text(option, text, sizeof text) &&
        !cpl_buffer_printf(out, err, ", %s", text))
        return false;
    if (option->flags & CPL_OPTION_REQUIRED && !cpl_buffer_append_text(out, ", required", err))
        return false;
    if (option->flags & CPL_OPTION_SECRET && !cpl_buffer_append_text(out, ", secret", err))
        return false;
    if (option->default_text && !cpl_buffer_printf(out, err, "; default %s", option->default_text))
        return false;
    return !option->example || cpl_buffer_printf(out, err, "; e.g. %s", option->example);
}

/* Words in lines of up to WIDTH columns, each behind INDENT blanks; backquotes left out. */
static bool put_wrapped(struct cpl_buffer *out, const char *text, struct cpl_error *err)
{
    enum { INDENT = 23, WIDTH = 100 };
    size_t column = 0;
    while (*text) {
        size_t length = strcspn(text, " ");
        if (column && column + 1 + length > WIDTH) {
            column = 0;
            if (!cpl_buffer_append_text(out, "\n", err))
                return false;
        }
        if (!cpl_buffer_printf(out, err, "%*s", column ? 1 : INDENT, ""))
            return false;
        column += length + (column ? 1 : INDENT);
        if (!put_plain(out, text, length, err))
            return false;
        text += length;
        text += strspn(text, " ");
    }
    return cpl_buffer_append_text(out, "\n", err);
}

static bool put_option(const struct cpl_option *option, struct cpl_buffer *out,
                       struct cpl_error *err)
{
    return cpl_buffer_printf(out, err, "  %-20s ", option->name) && put_notes(option, out, err) &&
           cpl_buffer_append_text(out, "\n", err) &&
           put_wrapped(out, option->summary ? option->summary : "", err);
}

static bool put_table(const struct cpl_described *described, struct cpl_buffer *out,
                      struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "%s%s — ", out->size ? "\n" : "", described->path) ||
        !put_plain(out, described->summary, strlen(described->summary), err) ||
        !cpl_buffer_append_text(out, "\n", err))
        return false;
    for (const struct cpl_option *option = described->options; option->name; option++)
        if (!put_option(option, out, err))
            return false;
    return true;
}

/* Is `word` the table's path, or the last part of it? */
static bool is_meant(const struct cpl_described *described, const char *word)
{
    const char *dot = strrchr(described->path, '.');
    return !word || !strcmp(described->path, word) || (dot && !strcmp(dot + 1, word));
}

static bool unknown_word(const char *word, const struct cpl_described_list *list,
                         struct cpl_arena *arena, struct cpl_error *err)
{
    const char **names = cpl_arena_alloc(arena, (2 * list->n + 1) * sizeof *names, err);
    if (!names)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const char *dot = strrchr(list->items[i].path, '.');
        names[n++] = list->items[i].path;
        if (dot)
            names[n++] = dot + 1;
    }
    names[n] = NULL;
    const char *near = cpl_nearest(word, names);
    return cpl_fail(err, CPL_E_USAGE, "there is no section or component `%.80s`%s%s%s", word,
                    near ? "; did you mean `" : "; cupel describe lists them all", near ? near : "",
                    near ? "`?" : "");
}

bool cpl_describe_text(const char *word, struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_described_list list;
    size_t before = out->size;
    bool ok = cpl_described_pipeline(&arena, &list, err);
    for (size_t i = 0; ok && i < list.n; i++)
        if (is_meant(&list.items[i], word))
            ok = put_table(&list.items[i], out, err);
    if (ok && word && out->size == before)
        ok = unknown_word(word, &list, &arena, err);
    cpl_arena_release(&arena);
    return ok;
}

/* ---- for programs ---- */

static const char *const type_words[] = {
    [CPL_OPTION_BOOL] = "bool",       [CPL_OPTION_INT] = "int",
    [CPL_OPTION_SIZE] = "size",       [CPL_OPTION_DURATION] = "duration",
    [CPL_OPTION_DOUBLE] = "double",   [CPL_OPTION_STRING] = "string",
    [CPL_OPTION_CHAR] = "char",       [CPL_OPTION_ENUM] = "enum",
    [CPL_OPTION_STRINGS] = "strings", [CPL_OPTION_PAIRS] = "pairs",
    [CPL_OPTION_NODE] = "node",
};

static void put_values(struct cpl_json_writer *json, const char *values)
{
    cpl_json_list(json, "values");
    for (const char *word = values;;) {
        size_t length = strcspn(word, "|");
        cpl_json_bytes(json, NULL, word, length);
        if (!word[length])
            break;
        word += length + 1;
    }
    cpl_json_close(json);
}

static void put_json_option(struct cpl_json_writer *json, const char *section,
                            const struct cpl_option *option)
{
    char variable[200];
    cpl_json_object(json, NULL);
    cpl_json_string(json, "name", option->name);
    cpl_json_string(json, "type", type_words[option->type]);
    if (option->default_text)
        cpl_json_string(json, "default", option->default_text);
    if (option->values)
        put_values(json, option->values);
    if (option->min || option->max) {
        cpl_json_int(json, "min", option->min);
        cpl_json_int(json, "max", option->max);
    }
    cpl_json_bool(json, "required", option->flags & CPL_OPTION_REQUIRED);
    cpl_json_bool(json, "secret", option->flags & CPL_OPTION_SECRET);
    cpl_json_bool(json, "advanced", option->flags & CPL_OPTION_ADVANCED);
    cpl_json_string(json, "summary", option->summary ? option->summary : "");
    if (option->example)
        cpl_json_string(json, "example", option->example);
    if (*cpl_option_variable(section, option, variable, sizeof variable))
        cpl_json_string(json, "environment", variable);
    cpl_json_close(json);
}

static void put_json_tables(struct cpl_json_writer *json, const char *key,
                            const struct cpl_described_list *list)
{
    cpl_json_list(json, key);
    for (size_t i = 0; i < list->n; i++) {
        const struct cpl_described *described = &list->items[i];
        cpl_json_object(json, NULL);
        cpl_json_string(json, "path", described->path);
        cpl_json_string(json, "summary", described->summary);
        if (described->component)
            cpl_json_string(json, "kind", cpl_component_kind_name(described->component->kind));
        if (described->component && described->component->extension)
            cpl_json_string(json, "extension", described->component->extension);
        cpl_json_list(json, "options");
        for (const struct cpl_option *option = described->options; option->name; option++)
            put_json_option(json, described->path, option);
        cpl_json_close(json);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

static void put_json_errors(struct cpl_json_writer *json)
{
    cpl_json_list(json, "errors");
    for (int code = 0; code < CPL_CODE_COUNT; code++) {
        struct cpl_error sample;
        cpl_fail(&sample, (enum cpl_code)code, "%s", "");
        cpl_json_object(json, NULL);
        cpl_json_string(json, "name", cpl_code_name((enum cpl_code)code));
        cpl_json_int(json, "exit_status", cpl_code_exit_status((enum cpl_code)code));
        cpl_json_bool(json, "retriable", sample.retriable);
        cpl_json_string(json, "summary", cpl_code_summary((enum cpl_code)code));
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

bool cpl_describe_json(struct cpl_buffer *out, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_described_list pipeline, metadata;
    struct cpl_json_writer json;
    bool ok = cpl_described_pipeline(&arena, &pipeline, err) &&
              cpl_described_metadata(&arena, &metadata, err);
    if (ok) {
        cpl_json_begin(&json, out, 2, err);
        cpl_json_object(&json, NULL);
        cpl_json_string(&json, "version", CUPEL_VERSION);
        put_json_tables(&json, "pipeline", &pipeline);
        put_json_tables(&json, "metadata", &metadata);
        put_json_errors(&json);
        cpl_json_close(&json);
        ok = cpl_json_end(&json) && cpl_buffer_append_text(out, "\n", err);
    }
    cpl_arena_release(&arena);
    return ok;
}

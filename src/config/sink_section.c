/* Section `sink`: formats, what a path's ending means, and which keys exclude each other. */
#include "config/load.h"

#include <string.h>
#include <strings.h>

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && !strcasecmp(path + length - tail, ending);
}

/* The encoder whose files end as the path does, or NULL. */
static const struct cpl_component *encoder_of_path(const char *path)
{
    for (const struct cpl_component *row = cpl_components(); path && row->name; row++)
        if (row->kind == CPL_COMPONENT_ENCODER && row->extension && ends_with(path, row->extension))
            return row;
    return NULL;
}

/* Settle `format` by the options that are given, and check them. */
static bool check_formats(struct cpl_loading *loading, struct cpl_sink_section *section)
{
    struct cpl_sink_config *sink = &section->config;
    bool automatic = !strcmp(sink->format, "auto");
    size_t i = 0;
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        if (row->kind != CPL_COMPONENT_ENCODER || i == CPL_MOST_FORMATS)
            continue;
        const struct cpl_node *given = section->formats[i++];
        char where[64] = "sink.";
        strncat(where, row->name, sizeof where - sizeof "sink.");
        if (!given)
            continue;
        if (sink->format_options || (!automatic && strcmp(sink->format, row->name))) {
            cpl_tree_fail(given, loading->err, CPL_E_CONFIG,
                          "%s is given, but sink.format is %s; leave one of them out", where,
                          sink->format);
            return cpl_loading_wrong(loading);
        }
        sink->format = row->name;
        sink->format_options = given;
        if (!cpl_load_check_format(loading, row, given, where))
            return false;
    }
    return true;
}

static void settle(struct cpl_sink_section *section)
{
    struct cpl_sink_config *sink = &section->config;
    const struct cpl_component *by_path = encoder_of_path(sink->path);
    if (!strcmp(sink->format, "auto"))
        sink->format = by_path ? by_path->name : "parquet";
    if (!section->single_file_set)
        sink->single_file = sink->path && (!strcmp(sink->path, "-") ||
                                           (by_path && !strcmp(by_path->name, sink->format)));
    sink->mode = (enum cpl_sink_mode)section->mode;
    sink->on_type_change = (enum cpl_type_change)section->on_type_change;
    if (!section->mode_set && sink->single_file)
        sink->mode = CPL_MODE_OVERWRITE;
    static const char *const dated[] = {NULL, "ingest_date", "run_date"};
    sink->dated = dated[section->dated];
}

/* The first pair of keys that cannot stand together, as a sentence; NULL = none. *key is where to
 * point. */
static const char *conflict(const struct cpl_sink_config *sink, const char **key)
{
    bool standard_output = sink->path && !strcmp(sink->path, "-");
    *key = "path";
    if (sink->path && !*sink->path)
        return "sink.path is empty";
    *key = "single_file";
    if (standard_output && !sink->single_file)
        return "sink.single_file cannot be false for standard output";
    *key = "partition_by";
    if (sink->single_file && sink->partition_by.n)
        return "sink.partition_by makes many files, but sink.path is one file: give a directory";
    *key = "dated";
    if (sink->single_file && sink->dated)
        return "sink.dated makes folders, but sink.path is one file: give a directory";
    *key = "keep";
    if (sink->keep_ms && !sink->dated)
        return "sink.keep says how long dated folders stay: it needs sink.dated";
    *key = "mode";
    if (sink->single_file &&
        (sink->mode == CPL_MODE_APPEND || sink->mode == CPL_MODE_OVERWRITE_PARTITIONS))
        return "a single file is replaced (overwrite) or must not be there (error); to append, "
               "give a directory";
    if (sink->mode == CPL_MODE_OVERWRITE_PARTITIONS && !sink->partition_by.n && !sink->dated)
        return "sink.mode overwrite_partitions needs sink.partition_by or sink.dated";
    *key = "file_name";
    if (!*sink->file_name || strchr(sink->file_name, '/') || strchr("._", *sink->file_name))
        return "sink.file_name must be the beginning of a file's name: no `/`, no `.` or `_` in "
               "front";
    return NULL;
}

bool cpl_load_sink(struct cpl_loading *loading, const struct cpl_node *node,
                   struct cpl_sink_config *sink)
{
    struct cpl_sink_section section;
    if (!cpl_load_section(loading, CPL_SECTION_SINK, node, &section))
        return false;
    if (!cpl_load_check_name(loading, CPL_COMPONENT_ENCODER, section.config.format,
                             cpl_tree_get(node, "format"), "sink.format")) {
        section.config.format = "auto";
        if (!cpl_loading_wrong(loading))
            return false;
    }
    if (!check_formats(loading, &section))
        return false;
    settle(&section);
    const char *key, *sentence = conflict(&section.config, &key);
    if (sentence) {
        const struct cpl_node *place = cpl_tree_get(node, key);
        cpl_tree_fail(place ? place : node, loading->err, CPL_E_CONFIG, "%s", sentence);
        if (!cpl_loading_wrong(loading))
            return false;
    }
    *sink = section.config;
    return true;
}

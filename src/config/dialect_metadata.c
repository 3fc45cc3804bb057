/* Ingestion metadata JSON: one group of datasets, each of which becomes the tree of a pipeline
 * file.
 *
 *   {ocs_group_name, source_type, source_config {file_format …},
 *    dataset_config [{source {name, path, features [{name, dtype}]}, destination {name, path,
 * features}}]} → {name: group.dataset, source: {path, format, csv: {…}}, schema: {columns: […]},
 * sink: {path, single_file …}}
 *
 * The nodes of that tree keep the places of the metadata's own, so messages point into the user's
 * file; and there is one way from a tree to a pipeline (pipeline.c), with the same checks,
 * overrides and hash for both dialects.
 *
 * Decided here, and written in docs/reference/metadata.md: destination.features chooses and orders
 * by name (it renames nothing, and casts nothing but int to bigint and float to double); a single
 * file is replaced by each run. */
#include "config/metadata.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <xxhash.h>

/* One group while it is read. */
struct group {
    struct cpl_loading *loading;
    struct cpl_metadata_top top;
    struct cpl_metadata_source_config config;
    struct cpl_node *format_options; /* map: options of source_config for the files' format */
};
/* One dataset while it is translated. */
struct dataset {
    struct group *group;
    const struct cpl_node *entry;
    struct cpl_metadata_dataset parts;
    struct cpl_metadata_source source;
    struct cpl_metadata_destination destination;
    struct cpl_node *root;
};
/* ---- small steps ---- */

static bool parse(struct cpl_loading *loading, const struct cpl_option *table,
                  const struct cpl_node *node, const char *where, void *out)
{
    return cpl_options_parse_all(table, node, where, loading->arena, out,
                                 cpl_loading_problems(loading), loading->err);
}

static bool given(const char *text)
{
    return text && *text;
}

static const char *first_given(const char *a, const char *b, const char *c)
{
    return given(a) ? a : given(b) ? b : given(c) ? c : NULL;
}

static bool add_alias(struct cpl_loading *loading, struct cpl_node *map, const char *key,
                      const struct cpl_node *from)
{
    if (!from)
        return true;
    struct cpl_node *node = cpl_make_alias(loading, from, key);
    if (node)
        cpl_make_member(map, node);
    return node != NULL;
}

static struct cpl_node *add_map(struct cpl_loading *loading, struct cpl_node *map, const char *key,
                                const struct cpl_node *origin)
{
    struct cpl_node *node = cpl_make_node(loading, CPL_NODE_MAP, origin, key, NULL);
    if (node && map)
        cpl_make_member(map, node);
    return node;
}

/* "ndjson" and "JSON" are json. */
static const char *format_name(struct cpl_loading *loading, const char *text)
{
    if (!given(text))
        return NULL;
    char *name = cpl_arena_strndup(loading->arena, text, strlen(text), loading->err);
    for (char *c = name; c && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    if (name && (!strcmp(name, "ndjson") || !strcmp(name, "jsonl")))
        return "json";
    return name;
}

/* The one format that has all options of `map` that are not the level's own, or that is named there; NULL = none
 * or several. */
static const char *format_by_options(const struct cpl_node *map, const struct cpl_option *own)
{
    const char *name = NULL;
    for (const struct cpl_component *row = cpl_components(); map && row->name; row++) {
        size_t known = 0;
        for (const struct cpl_node *child = map->kind == CPL_NODE_MAP ? map->first : NULL;
             row->kind == CPL_COMPONENT_DECODER && child; child = child->next)
            known += !cpl_option_find(own, child->key) &&
                     (!strcmp(child->key, row->name) || cpl_option_find(row->options, child->key));
        if (known && name)
            return NULL;
        if (known)
            name = row->name;
    }
    return name;
}

/* The format's option nearest to a word that is neither of `table` nor of the format, or NULL. */
static const char *nearest_option(const struct cpl_option *table, const struct cpl_option *options,
                                  const char *word)
{
    const char *names[256];
    size_t n = 0;
    for (const struct cpl_option *row = table; row->name && n < 120; row++)
        names[n++] = row->name;
    for (const struct cpl_option *row = options; row && row->name && n < 255; row++)
        names[n++] = row->name;
    names[n] = NULL;
    const char *near = cpl_nearest(word, names);
    return near && options && cpl_option_find(options, near) ? near : NULL;
}

/* Report an option that looks like one of the format's. */
static bool report_near(struct cpl_loading *loading, const struct cpl_node *node, const char *near,
                        const struct cpl_component *format)
{
    cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                  "neither this map nor %s has an option `%.80s`; did you mean `%s`?", format->name,
                  node->key, near);
    return cpl_loading_wrong(loading);
}

/* Parts of `map` between its own options and those of the format that stand beside them or in a map
 * named as it is: the former go to *own, the latter into `format_options` (a member there is
 * replaced). */
static bool part_options(struct cpl_loading *loading, const struct cpl_node *map,
                         const struct cpl_option *table, const struct cpl_component *format,
                         struct cpl_node **own, struct cpl_node *format_options)
{
    *own = cpl_make_node(loading, map->kind, map, map->key, map->text);
    if (!*own)
        return false;
    struct cpl_node **tail = &(*own)->first;
    for (const struct cpl_node *child = map->first; child; child = child->next) {
        bool is_own = !format || map->kind != CPL_NODE_MAP || cpl_option_find(table, child->key);
        bool is_map = !is_own && !strcmp(child->key, format->name) && child->kind == CPL_NODE_MAP;
        bool is_option = !is_own && !is_map && format->options &&
                         cpl_option_find(format->options, child->key);
        for (const struct cpl_node *option = is_map ? child->first : NULL; option;
             option = option->next)
            if (!add_alias(loading, format_options, option->key, option))
                return false;
        if (is_option && !add_alias(loading, format_options, child->key, child))
            return false;
        if (is_map || is_option)
            continue;
        const char *near = is_own ? NULL : nearest_option(table, format->options, child->key);
        if (near && !report_near(loading, child, near, format))
            return false;
        if (near)
            continue;
        struct cpl_node *copy = cpl_make_alias(loading, child, child->key);
        if (!copy)
            return false;
        cpl_make_item(*own, &tail, copy);
    }
    return true;
}

/* ---- schema ---- */

static bool make_schema(struct dataset *dataset)
{
    struct cpl_loading *loading = dataset->group->loading;
    struct cpl_metadata_columns wanted = {
        .source = dataset->source.features,
        .destination = dataset->destination.features,
        .primary_key = &dataset->source.primary_key,
        .primary_key_place = cpl_tree_get(dataset->parts.source, "primary_key"),
        .origin = dataset->entry,
    };
    struct cpl_node *schema;
    if (!cpl_load_features(loading, &wanted, &schema))
        return false;
    if (schema)
        cpl_make_member(dataset->root, schema);
    return true;
}

/* ---- source ---- */

/* `path` below source_config.path when that is given and it is relative. */
static const char *joined(struct cpl_loading *loading, const char *base, const char *path)
{
    if (!given(base) || *path == '/' || !strcmp(path, "-"))
        return path;
    size_t size = strlen(base) + strlen(path) + 2;
    char *text = cpl_arena_alloc(loading->arena, size, loading->err);
    if (text)
        snprintf(text, size, "%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/", path);
    return text;
}

static bool add_paths(struct dataset *dataset, struct cpl_node *source)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_node *path = dataset->source.path;
    if (!path)
        return true;
    if (path->kind == CPL_NODE_MAP)
        return add_alias(loading, source, "path", path); /* refused by the section's table */
    struct cpl_node *list = cpl_make_node(loading, CPL_NODE_LIST, path, "path", NULL);
    if (!list)
        return false;
    cpl_make_member(source, list);
    struct cpl_node **tail = &list->first;
    const struct cpl_node *from = path->kind == CPL_NODE_LIST ? path->first : path;
    size_t n = path->kind == CPL_NODE_LIST ? path->n_children : 1;
    for (; n--; from = from->next) {
        struct cpl_node *item = cpl_make_alias(loading, from, NULL);
        if (!item)
            return false;
        if (item->kind == CPL_NODE_SCALAR && *item->text &&
            !(item->text = joined(loading, dataset->group->config.path, item->text)))
            return false;
        cpl_make_item(list, &tail, item);
    }
    return true;
}

static bool make_source(struct dataset *dataset, const char *format,
                        struct cpl_node *format_options)
{
    struct group *group = dataset->group;
    struct cpl_loading *loading = group->loading;
    const struct cpl_node *node = dataset->parts.source;
    struct cpl_node *source = add_map(loading, dataset->root, "source", node);
    if (!source || !add_paths(dataset, source))
        return false;
    const struct cpl_metadata_source *own = &dataset->source;
    const char *charset = first_given(
        own->charset, own->encoding,
        first_given(group->config.charset, group->config.encoding, NULL));
    const char *compression = first_given(own->compression, group->config.compression, NULL);
    const struct cpl_node *format_place = cpl_tree_get(node, "file_format");
    if (!format_place)
        format_place = cpl_tree_place_of(group->top.source_config, "file_format");
    if (!cpl_make_text(loading, source, "format", format, format_place ? format_place : node) ||
        !cpl_make_text(loading, source, "charset", charset, node) ||
        !cpl_make_text(loading, source, "compression", compression, node))
        return false;
    if (!format_options->n_children)
        return true;
    format_options->key = format;
    cpl_make_member(source, format_options);
    return true;
}

/* ---- sink ---- */

/* <path>/<name><extension>; NULL with an error when the name cannot be a file's. */
static const char *file_path(struct dataset *dataset, const char *format)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_metadata_destination *destination = &dataset->destination;
    const char *name = first_given(destination->name, dataset->source.name, NULL);
    if (strchr(name, '/') || *name == '.' || *name == '_') {
        cpl_tree_fail(cpl_tree_place_of(dataset->parts.destination, "name"), loading->err,
                      CPL_E_CONFIG,
                      "`%.80s` cannot be a file's name: no `/`, and no `.` or `_` in front", name);
        return NULL;
    }
    const struct cpl_component *encoder = cpl_component_find(CPL_COMPONENT_ENCODER, format);
    const char *extension = encoder && encoder->extension ? encoder->extension : ".parquet";
    size_t size = strlen(destination->path) + strlen(name) + strlen(extension) + 2;
    char *path = cpl_arena_alloc(loading->arena, size, loading->err);
    if (path)
        snprintf(path, size, "%s%s%s%s", destination->path,
                 destination->path[strlen(destination->path) - 1] == '/' ? "" : "/", name,
                 extension);
    return path;
}

static bool add_output(struct dataset *dataset, struct cpl_node *sink, const char *format)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_metadata_destination *destination = &dataset->destination;
    const struct cpl_node *node = dataset->parts.destination;
    static const char *const dated[] = {"ingest_date", "ingest_date", "run_date"};
    if (destination->output || destination->dated)
        return cpl_make_text(loading, sink, "path", destination->path,
                             cpl_tree_place_of(node, "path")) &&
               cpl_make_text(loading, sink, "single_file", "false", node) &&
               cpl_make_text(loading, sink, "dated", dated[destination->dated], node);
    const char *path = file_path(dataset, format);
    return path && cpl_make_text(loading, sink, "path", path, cpl_tree_place_of(node, "path")) &&
           cpl_make_text(loading, sink, "single_file", "true", node);
}

static bool make_sink(struct dataset *dataset, const char *format, struct cpl_node *format_options)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_metadata_destination *destination = &dataset->destination;
    const struct cpl_node *node = dataset->parts.destination;
    struct cpl_node *sink = add_map(loading, dataset->root, "sink", node);
    if (!sink ||
        !cpl_make_text(loading, sink, "format", format, cpl_tree_place_of(node, "file_format")) ||
        !add_output(dataset, sink, format) ||
        !add_alias(loading, sink, "keep", destination->keep) ||
        !add_alias(loading, sink, "mode", destination->mode) ||
        !add_alias(loading, sink, "partition_by", destination->partition_by) ||
        !add_alias(loading, sink, "target_file_size", destination->target_file_size))
        return false;
    if (!format_options->n_children)
        return true;
    format_options->key = format;
    cpl_make_member(sink, format_options);
    return true;
}

/* ---- datasets ---- */

/* group.dataset; what a pipeline's name cannot hold becomes `_`, and where that would make names alike (letters that
 * are not ASCII), a hash of the whole is put behind. */
static const char *pipeline_name(struct dataset *dataset)
{
    struct cpl_loading *loading = dataset->group->loading;
    const char *group = dataset->group->top.group, *name = dataset->source.name;
    size_t size = strlen(group) + strlen(name) + 12, length = size - 11;
    char *text = cpl_arena_alloc(loading->arena, size, loading->err);
    if (!text)
        return NULL;
    snprintf(text, size, "%s.%s", group, name);
    uint64_t hash = XXH3_64bits(text, length);
    bool foreign = length > 190;
    for (char *c = text; *c; c++) {
        foreign |= (unsigned char)*c >= 0x80;
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.", *c) ||
            (c == text && *c == '.'))
            *c = '_';
    }
    if (length > 190)
        length = 190;
    if (foreign)
        snprintf(text + length, 10, "-%08x", (unsigned)(hash & 0xffffffff));
    return text;
}

/* Read the source's and destination's keys; *format_options maps hold what belongs to their
 * formats. */
static bool read_parts(struct dataset *dataset, const char **format,
                       struct cpl_node *source_options, const char **sink_format,
                       struct cpl_node *sink_options)
{
    struct group *group = dataset->group;
    struct cpl_loading *loading = group->loading;
    const struct cpl_node *source = dataset->parts.source,
                          *destination = dataset->parts.destination;
    const struct cpl_node *word = cpl_tree_get(source, "file_format");
    struct cpl_node *own;
    const char *said = word && word->kind == CPL_NODE_SCALAR && *word->text
                           ? word->text
                           : group->config.file_format;
    *format = given(said) ? format_name(loading, said)
                          : format_by_options(source, cpl_metadata_source_options);
    const struct cpl_component *decoder = *format
                                              ? cpl_component_find(CPL_COMPONENT_DECODER, *format)
                                              : NULL;
    for (const struct cpl_node *option = group->format_options->first; option;
         option = option->next)
        if (!add_alias(loading, source_options, option->key, option))
            return false;
    if (!part_options(loading, source, cpl_metadata_source_options, decoder, &own,
                      source_options) ||
        !parse(loading, cpl_metadata_source_options, own, "source", &dataset->source))
        return false;
    word = cpl_tree_get(destination, "file_format");
    *sink_format = format_name(
        loading, word && word->kind == CPL_NODE_SCALAR && *word->text ? word->text : "parquet");
    const struct cpl_component *encoder =
        *sink_format ? cpl_component_find(CPL_COMPONENT_ENCODER, *sink_format) : NULL;
    return *sink_format &&
           part_options(loading, destination, cpl_metadata_destination_options, encoder, &own,
                        sink_options) &&
           parse(loading, cpl_metadata_destination_options, own, "destination",
                 &dataset->destination);
}

static bool refuse_parts(struct dataset *dataset)
{
    struct cpl_loading *loading = dataset->group->loading;
    return cpl_load_refuse(loading, dataset->parts.transformations) &&
           cpl_load_refuse(loading, dataset->parts.quality) &&
           cpl_load_refuse(loading, dataset->parts.telemetry);
}

static bool load_dataset(struct group *group, const struct cpl_node *entry)
{
    struct cpl_loading *loading = group->loading;
    struct dataset dataset = {.group = group, .entry = entry};
    size_t mistakes = loading->n_problems;
    if (!parse(loading, cpl_metadata_dataset_options, entry, "dataset_config", &dataset.parts) ||
        !refuse_parts(&dataset))
        return false;
    if (!dataset.parts.source || !dataset.parts.destination)
        return true; /* reported */
    const char *format, *sink_format;
    dataset.root = add_map(loading, NULL, NULL, entry);
    struct cpl_node *source_options = add_map(loading, NULL, NULL, dataset.parts.source);
    struct cpl_node *sink_options = add_map(loading, NULL, NULL, dataset.parts.destination);
    if (!dataset.root || !source_options || !sink_options ||
        !read_parts(&dataset, &format, source_options, &sink_format, sink_options))
        return false;
    if (!given(dataset.source.name) || !given(dataset.destination.path)) {
        if (loading->n_problems > mistakes)
            return true; /* reported */
        cpl_tree_fail(entry, loading->err, CPL_E_CONFIG,
                      "source.name and destination.path must not be empty");
        return cpl_loading_wrong(loading);
    }
    const char *name = pipeline_name(&dataset);
    if (!name ||
        !cpl_make_text(loading, dataset.root, "name", name,
                       cpl_tree_place_of(dataset.parts.source, "name")) ||
        !make_source(&dataset, format, source_options) || !make_schema(&dataset))
        return false;
    if (!make_sink(&dataset, sink_format, sink_options))
        return loading->err->code != CPL_E_MEMORY && cpl_loading_wrong(loading);
    return add_alias(loading, dataset.root, "limits", group->top.limits) &&
           cpl_load_pipeline(loading, dataset.root, "metadata", name);
}

/* ---- groups ---- */

static bool check_source_type(struct group *group, const struct cpl_node *root)
{
    static const char *const types[] = {"fs", "rdbms", "streaming", NULL};
    struct cpl_loading *loading = group->loading;
    const char *type = group->top.source_type;
    const struct cpl_node *node = cpl_tree_place_of(root, "source_type");
    if (!type || !strcasecmp(type, "fs"))
        return true;
    for (size_t i = 1; types[i]; i++)
        if (!strcasecmp(type, types[i])) {
            cpl_tree_fail(node, loading->err, CPL_E_UNSUPPORTED,
                          "source_type `%s` is not run by this version yet; `fs` is", types[i]);
            return cpl_loading_wrong(loading);
        }
    const char *near = cpl_nearest(type, types);
    cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "source_type cannot be `%.80s`; %s%s%s", type,
                  near ? "did you mean `" : "it is one of fs, rdbms, streaming", near ? near : "",
                  near ? "`?" : "");
    return cpl_loading_wrong(loading);
}

/* Words that only make sense with a database: ignoring them would read something else than was
 * meant. */
static bool check_local(struct group *group)
{
    struct cpl_loading *loading = group->loading;
    const struct cpl_metadata_source_config *config = &group->config;
    bool local = !given(config->host) || !strcmp(config->host, "localhost") ||
                 !strcmp(config->host, "127.0.0.1") || !strcmp(config->host, "::1");
    const char *key = !local                    ? "host"
                      : given(config->db_type)  ? "db_type"
                      : given(config->database) ? "database"
                                                : NULL;
    if (!key)
        return true;
    cpl_tree_fail(cpl_tree_place_of(group->top.source_config, key), loading->err, CPL_E_CONFIG,
                  "source_config.%s has no meaning with source_type fs; leave it out, or empty",
                  key);
    return cpl_loading_wrong(loading);
}

static bool read_source_config(struct group *group)
{
    struct cpl_loading *loading = group->loading;
    const struct cpl_node *node = group->top.source_config;
    group->format_options = add_map(loading, NULL, NULL, node);
    if (!group->format_options || !node)
        return group->format_options != NULL;
    const struct cpl_node *word = cpl_tree_get(node, "file_format");
    bool has_format = word && word->kind == CPL_NODE_SCALAR && *word->text;
    const char *format = has_format ? format_name(loading, word->text)
                                    : format_by_options(node, cpl_metadata_source_config_options);
    const struct cpl_component *decoder = format ? cpl_component_find(CPL_COMPONENT_DECODER, format)
                                                 : NULL;
    struct cpl_node *own;
    struct cpl_metadata_sec_config credentials;
    if (format && !cpl_load_check_name(loading, CPL_COMPONENT_DECODER, format, word,
                                       "source_config.file_format"))
        return cpl_loading_wrong(loading);
    if ((has_format && !format) ||
        !part_options(loading, node, cpl_metadata_source_config_options, decoder, &own,
                      group->format_options) ||
        !parse(loading, cpl_metadata_source_config_options, own, "source_config", &group->config))
        return false;
    if (!has_format)
        group->config.file_format = format;
    return (!group->config.sec_config ||
            parse(loading, cpl_metadata_sec_config_options, group->config.sec_config, "sec_config",
                  &credentials)) &&
           check_local(group);
}

/* Two datasets must not write over each other. */
static bool check_outputs(struct cpl_loading *loading, size_t first)
{
    size_t n = loading->n_pipelines - first, used = 0;
    struct cpl_named *named = cpl_alloc((n + 1) * sizeof *named, loading->err);
    if (!named)
        return false;
    for (size_t i = first; i < loading->n_pipelines; i++)
        if (loading->pipelines[i].sink.path)
            named[used++] = (struct cpl_named){
                .name = loading->pipelines[i].sink.path,
                .node = cpl_tree_place_of(cpl_tree_get(loading->roots[i], "sink"), "path")};
    bool ok = cpl_names_differ(loading, named, used, "output");
    cpl_free(named);
    return ok;
}

bool cpl_metadata_is(const struct cpl_node *root)
{
    return cpl_tree_get(root, "ocs_group_name") || cpl_tree_get(root, "dataset_config") ||
           cpl_tree_get(root, "source_config");
}

bool cpl_metadata_unwanted(struct cpl_loading *loading, const struct cpl_node *root)
{
    const char *wanted = loading->env->metadata_ocs;
    const struct cpl_node *group = cpl_tree_get(root, "ocs_group_name");
    if (!wanted || !group || group->kind != CPL_NODE_SCALAR || strstr(group->text, "${") ||
        !strcmp(group->text, wanted))
        return false;
    const char *candidates[] = {group->text, NULL};
    if (cpl_nearest(wanted, candidates))
        loading->nearest_group = group->text;
    return true;
}

bool cpl_load_metadata(struct cpl_loading *loading, struct cpl_node *root)
{
    struct group group = {.loading = loading};
    size_t first = loading->n_pipelines;
    if (!parse(loading, cpl_metadata_top_options, root, "the metadata", &group.top))
        return false;
    const struct cpl_node *list = group.top.dataset_config;
    if (!group.top.group || !list)
        return true; /* reported */
    if (!check_source_type(&group, root) || !cpl_load_refuse(loading, group.top.transformations) ||
        !cpl_load_refuse(loading, group.top.quality) ||
        !cpl_load_refuse(loading, group.top.telemetry) || !read_source_config(&group))
        return false;
    if (list->kind != CPL_NODE_LIST && list->kind != CPL_NODE_MAP) {
        cpl_tree_fail(list, loading->err, CPL_E_CONFIG, "dataset_config is a list of datasets");
        return cpl_loading_wrong(loading);
    }
    if (list->kind == CPL_NODE_MAP) /* one dataset without the list around it */
        return load_dataset(&group, list);
    for (const struct cpl_node *entry = list->first; entry; entry = entry->next)
        if (!load_dataset(&group, entry))
            return false;
    return check_outputs(loading, first);
}

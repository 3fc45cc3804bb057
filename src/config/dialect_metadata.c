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
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
struct feature {
    struct cpl_metadata_feature options;
    const char *type; /* in schema.h's notation; NULL = inferred */
    const struct cpl_node *node;
};
struct features {
    struct feature *items;
    size_t n;
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

/* Append a scalar member; an absent text adds nothing. */
static bool add_text(struct cpl_loading *loading, struct cpl_node *map, const char *key,
                     const char *text, const struct cpl_node *origin)
{
    if (!text)
        return true;
    struct cpl_node *node = cpl_make_node(loading, CPL_NODE_SCALAR, origin, key, text);
    if (node)
        cpl_make_member(map, node);
    return node != NULL;
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

static const struct cpl_node *place(const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = cpl_tree_get(map, key);
    return node ? node : map;
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

/* ---- features ---- */

static bool read_feature(struct cpl_loading *loading, const struct cpl_node *node,
                         struct feature *feature)
{
    *feature = (struct feature){.node = node};
    if (node->kind == CPL_NODE_SCALAR) {
        feature->options = (struct cpl_metadata_feature){.name = node->text, .nullable = true};
        return true;
    }
    if (!cpl_options_parse(cpl_metadata_feature_options, node, "a feature", loading->arena,
                           &feature->options, loading->err))
        return false;
    if (!*feature->options.name)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "a feature has an empty name");
    if (!given(feature->options.dtype))
        return true;
    struct cpl_type type;
    feature->type = cpl_metadata_type(feature->options.dtype, loading->arena, loading->err);
    return feature->type && cpl_load_type(loading, feature->type, "dtype of", feature->options.name,
                                          place(node, "dtype"), &type);
}

static bool check_feature_names(struct cpl_loading *loading, const struct features *features)
{
    struct cpl_named *named = cpl_alloc((features->n + 1) * sizeof *named, loading->err);
    if (!named)
        return false;
    for (size_t i = 0; i < features->n; i++)
        named[i] = (struct cpl_named){.name = features->items[i].options.name,
                                      .node = features->items[i].node};
    bool ok = cpl_names_differ(loading, named, features->n, "feature");
    cpl_free(named);
    return ok;
}

static bool read_features(struct cpl_loading *loading, const struct cpl_node *node,
                          struct features *features)
{
    *features = (struct features){.items = NULL};
    if (!node || (node->kind != CPL_NODE_LIST && !node->n_children && node->kind == CPL_NODE_MAP))
        return true;
    if (node->kind != CPL_NODE_LIST) {
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "features is a list of {name, dtype}, or of names");
        return cpl_loading_wrong(loading);
    }
    features->items = cpl_arena_alloc(
        loading->arena, (node->n_children + 1) * sizeof *features->items, loading->err);
    if (!features->items)
        return false;
    for (const struct cpl_node *child = node->first; child; child = child->next) {
        if (read_feature(loading, child, &features->items[features->n]))
            features->n++;
        else if (!cpl_loading_wrong(loading))
            return false;
    }
    return check_feature_names(loading, features);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct feature *)a)->options.name,
                  ((const struct feature *)b)->options.name);
}

/* Says that `name` is no feature of the source, with the nearest that is. */
static bool no_feature(struct cpl_loading *loading, const struct features *sorted, const char *name,
                       const struct cpl_node *node)
{
    const char **names = cpl_alloc((sorted->n + 1) * sizeof *names, loading->err);
    if (!names)
        return false;
    for (size_t i = 0; i < sorted->n; i++)
        names[i] = sorted->items[i].options.name;
    names[sorted->n] = NULL;
    const char *near = cpl_nearest(name, names);
    cpl_free(names);
    if (near)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                             "the source has no feature `%.80s`; did you mean `%.80s`?", name,
                             near);
    return cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "the source has no feature `%.80s`",
                         name);
}

static bool widens(const char *from, const char *to)
{
    return !strcmp(from, to) || (!strcmp(from, "int32") && !strcmp(to, "int64")) ||
           (!strcmp(from, "float") && !strcmp(to, "double"));
}

/* The source's feature that a destination's names, with the destination's wider type. */
static bool match_feature(struct cpl_loading *loading, const struct features *sorted,
                          struct feature *feature)
{
    const struct feature *source =
        sorted->n ? bsearch(feature, sorted->items, sorted->n, sizeof *feature, by_name) : NULL;
    if (!source)
        return no_feature(loading, sorted, feature->options.name, feature->node);
    if (feature->type && source->type && !widens(source->type, feature->type))
        return cpl_tree_fail(
            place(feature->node, "dtype"), loading->err, CPL_E_UNSUPPORTED,
            "`%.80s` is %.80s in the source: a cast is not run by this version yet",
            feature->options.name, source->type);
    if (!feature->type)
        feature->type = source->type;
    feature->options.nullable = feature->options.nullable && source->options.nullable;
    return true;
}

/* What is written: the destination's features, which must be the source's; else the source's. */
static bool settle_features(struct dataset *dataset, struct features *source,
                            struct features *columns)
{
    struct cpl_loading *loading = dataset->group->loading;
    if (!read_features(loading, dataset->source.features, source) ||
        !read_features(loading, dataset->destination.features, columns))
        return false;
    if (!columns->n || !source->n) {
        *columns = columns->n ? *columns : *source;
        return true;
    }
    struct features sorted = {.n = source->n};
    sorted.items = cpl_alloc(source->n * sizeof *sorted.items, loading->err);
    if (!sorted.items)
        return false;
    memcpy(sorted.items, source->items, source->n * sizeof *sorted.items);
    qsort(sorted.items, sorted.n, sizeof *sorted.items, by_name);
    bool ok = true;
    for (size_t i = 0; ok && i < columns->n; i++)
        ok = match_feature(loading, &sorted, &columns->items[i]) || cpl_loading_wrong(loading);
    cpl_free(sorted.items);
    return ok;
}

static bool add_column(struct cpl_loading *loading, const struct feature *feature,
                       struct cpl_node *list, struct cpl_node ***tail)
{
    struct cpl_node *column = add_map(loading, NULL, NULL, feature->node);
    if (!column)
        return false;
    cpl_make_item(list, tail, column);
    return add_text(loading, column, "name", feature->options.name, feature->node) &&
           add_text(loading, column, "type", feature->type, place(feature->node, "dtype")) &&
           add_text(loading, column, "nullable", feature->options.nullable ? NULL : "false",
                    feature->node);
}

static bool check_primary_key(struct dataset *dataset, const struct features *source)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_strings *key = &dataset->source.primary_key;
    const struct cpl_node *node = cpl_tree_get(dataset->parts.source, "primary_key");
    for (size_t i = 0; source->n && i < key->n; i++) {
        bool found = !*key->items[i];
        for (size_t j = 0; !found && j < source->n; j++)
            found = !strcasecmp(source->items[j].options.name, key->items[i]);
        if (!found && !no_feature(loading, source, key->items[i], node) &&
            !cpl_loading_wrong(loading))
            return false;
    }
    return true;
}

static bool make_schema(struct dataset *dataset)
{
    struct cpl_loading *loading = dataset->group->loading;
    struct features source, columns;
    if (!settle_features(dataset, &source, &columns) || !check_primary_key(dataset, &source))
        return false;
    if (!columns.n)
        return true;
    struct cpl_node *schema = add_map(loading, dataset->root, "schema", dataset->entry);
    struct cpl_node *list = schema ? cpl_make_node(loading, CPL_NODE_LIST, columns.items[0].node,
                                                   "columns", NULL)
                                   : NULL;
    if (!list)
        return false;
    cpl_make_member(schema, list);
    struct cpl_node **tail = &list->first;
    for (size_t i = 0; i < columns.n; i++)
        if (!add_column(loading, &columns.items[i], list, &tail))
            return false;
    return add_text(loading, schema, "only_declared", "true", dataset->entry);
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
        format_place = place(group->top.source_config, "file_format");
    if (!add_text(loading, source, "format", format, format_place ? format_place : node) ||
        !add_text(loading, source, "charset", charset, node) ||
        !add_text(loading, source, "compression", compression, node))
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
        cpl_tree_fail(place(dataset->parts.destination, "name"), loading->err, CPL_E_CONFIG,
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
        return add_text(loading, sink, "path", destination->path, place(node, "path")) &&
               add_text(loading, sink, "single_file", "false", node) &&
               add_text(loading, sink, "dated", dated[destination->dated], node);
    const char *path = file_path(dataset, format);
    return path && add_text(loading, sink, "path", path, place(node, "path")) &&
           add_text(loading, sink, "single_file", "true", node);
}

static bool make_sink(struct dataset *dataset, const char *format, struct cpl_node *format_options)
{
    struct cpl_loading *loading = dataset->group->loading;
    const struct cpl_metadata_destination *destination = &dataset->destination;
    const struct cpl_node *node = dataset->parts.destination;
    struct cpl_node *sink = add_map(loading, dataset->root, "sink", node);
    if (!sink || !add_text(loading, sink, "format", format, place(node, "file_format")) ||
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

/* Letters that a pipeline's name cannot have become `_`. */
static const char *pipeline_name(struct dataset *dataset)
{
    struct cpl_loading *loading = dataset->group->loading;
    const char *group = dataset->group->top.group, *name = dataset->source.name;
    size_t size = strlen(group) + strlen(name) + 2;
    char *text = cpl_arena_alloc(loading->arena, size, loading->err);
    if (!text)
        return NULL;
    snprintf(text, size, "%s.%s", group, name);
    for (char *c = text; *c; c++)
        if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.", *c) ||
            (c == text && *c == '.'))
            *c = '_';
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
    *format = format_name(loading, word && word->kind == CPL_NODE_SCALAR && *word->text
                                       ? word->text
                                       : group->config.file_format);
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
        !add_text(loading, dataset.root, "name", name, place(dataset.parts.source, "name")) ||
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
    const struct cpl_node *node = place(root, "source_type");
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
    cpl_tree_fail(place(group->top.source_config, key), loading->err, CPL_E_CONFIG,
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
    const char *format = has_format ? format_name(loading, word->text) : NULL;
    const struct cpl_component *decoder = format ? cpl_component_find(CPL_COMPONENT_DECODER, format)
                                                 : NULL;
    struct cpl_node *own;
    struct cpl_metadata_sec_config credentials;
    return !(has_format && !format) &&
           part_options(loading, node, cpl_metadata_source_config_options, decoder, &own,
                        group->format_options) &&
           parse(loading, cpl_metadata_source_config_options, own, "source_config",
                 &group->config) &&
           (!group->config.sec_config ||
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
                .node = place(cpl_tree_get(loading->roots[i], "sink"), "path")};
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

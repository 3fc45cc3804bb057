/* The pipeline dialect: one tree of sections becomes one struct cpl_pipeline. */
#include "config/pipeline.h"
#include "config/load.h"
#include "storage/storage.h"

#include <string.h>

static bool count_and_add(struct cpl_problems *problems, const struct cpl_error *problem)
{
    struct cpl_loading *loading = (struct cpl_loading *)problems;
    loading->n_problems++;
    loading->n_outside += !strncmp(problem->message, "CUPEL_", 6) ||
                          !strncmp(problem->message, "--set ", 6);
    return loading->problems->add(loading->problems, problem) &&
           loading->n_problems < CPL_MOST_PROBLEMS;
}

struct cpl_problems *cpl_loading_problems(struct cpl_loading *loading)
{
    loading->counting.add = count_and_add;
    return loading->problems ? &loading->counting : NULL;
}

bool cpl_loading_wrong(struct cpl_loading *loading)
{
    return cpl_problem_report(cpl_loading_problems(loading), loading->err);
}

struct cpl_pipeline *cpl_loading_add(struct cpl_loading *loading, const struct cpl_node *root)
{
    if (loading->n_pipelines == loading->capacity) {
        size_t capacity = loading->capacity ? 2 * loading->capacity : 8;
        struct cpl_pipeline *pipelines = cpl_arena_alloc(
            loading->arena, capacity * sizeof *pipelines, loading->err);
        const struct cpl_node **roots = cpl_arena_alloc(loading->arena, capacity * sizeof *roots,
                                                        loading->err);
        if (!pipelines || !roots)
            return NULL;
        if (loading->n_pipelines) {
            memcpy(pipelines, loading->pipelines, loading->n_pipelines * sizeof *pipelines);
            memcpy(roots, loading->roots, loading->n_pipelines * sizeof *roots);
        }
        loading->pipelines = pipelines;
        loading->roots = roots;
        loading->capacity = capacity;
    }
    struct cpl_pipeline *pipeline = &loading->pipelines[loading->n_pipelines];
    *pipeline = (struct cpl_pipeline){.root = root};
    loading->roots[loading->n_pipelines++] = root;
    return pipeline;
}

static bool is_empty(const struct cpl_node *node)
{
    if (node->kind == CPL_NODE_SCALAR)
        return !*node->text;
    return node->n_children == 0;
}

bool cpl_load_refuse(struct cpl_loading *loading, const struct cpl_node *section)
{
    if (!section || is_empty(section))
        return true;
    cpl_tree_fail(section, loading->err, CPL_E_UNSUPPORTED,
                  "`%s` is not run by this version yet; leave it out", section->key);
    return cpl_loading_wrong(loading);
}

static bool parse_section(struct cpl_loading *loading, const struct cpl_option *table,
                          const struct cpl_node *node, const char *where, void *out)
{
    return cpl_options_parse_all(table, node, where, loading->arena, out,
                                 cpl_loading_problems(loading), loading->err);
}

/* The format of the section's that has an option of this name, or NULL. */
static const struct cpl_component *format_with(enum cpl_section section, const char *key)
{
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (row->kind == cpl_section_formats(section) && row->options &&
            cpl_option_find(row->options, key))
            return row;
    return NULL;
}

/* `sink: {compression: zstd}` is meant for parquet: say so, and leave it out of *map. */
static bool check_misplaced(struct cpl_loading *loading, enum cpl_section section,
                            const struct cpl_node **map)
{
    const char *name = cpl_section_name(section);
    struct cpl_node *kept = cpl_make_node(loading, CPL_NODE_MAP, *map, (*map)->key, NULL);
    struct cpl_node **tail = kept ? &kept->first : NULL;
    for (const struct cpl_node *child = (*map)->first; kept && child; child = child->next) {
        bool own = cpl_option_find(loading->tables[section], child->key) != NULL;
        const struct cpl_component *format = own ? NULL : format_with(section, child->key);
        struct cpl_node *copy = cpl_make_alias(loading, child, child->key);
        if (!copy)
            return false;
        if (!format) {
            cpl_make_item(kept, &tail, copy);
            continue;
        }
        cpl_tree_fail(
            child, loading->err, CPL_E_CONFIG,
            "%s has no option `%s`, but the format has: write it as %s.%s, that is `%s: {%s: …}`",
            name, child->key, name, format->name, format->name, child->key);
        if (!cpl_loading_wrong(loading))
            return false;
    }
    *map = kept;
    return kept != NULL;
}

bool cpl_load_section(struct cpl_loading *loading, enum cpl_section section,
                      const struct cpl_node *node, void *out)
{
    memset(out, 0, cpl_section_size(section));
    bool formats = cpl_section_formats(section) != CPL_COMPONENT_KIND_COUNT;
    if (formats && node && node->kind == CPL_NODE_MAP && !check_misplaced(loading, section, &node))
        return false;
    return parse_section(loading, loading->tables[section], node, cpl_section_name(section), out);
}

bool cpl_load_check_format(struct cpl_loading *loading, const struct cpl_component *component,
                           const struct cpl_node *node, const char *where)
{
    static const struct cpl_option none[] = {{.name = NULL}};
    const char *key = NULL;
    struct cpl_error why;
    size_t problems = loading->n_problems;
    void *scratch = cpl_alloc_zero(1, component->options_size, loading->err);
    if (!scratch)
        return false;
    bool ok = parse_section(loading, component->options ? component->options : none, node, where,
                            scratch);
    if (ok && problems == loading->n_problems && component->check &&
        !component->check(scratch, &key, &why)) {
        cpl_tree_fail(cpl_tree_place_of(node, key), loading->err, why.code, "%s: %s", where,
                      why.message);
        ok = cpl_loading_wrong(loading);
    }
    cpl_free(scratch);
    return ok;
}

/* ---- names ---- */

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static bool is_name(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!is_name_byte(*c))
            return false;
    return *name && strlen(name) <= 200 && *name != '.';
}

static bool settle_name(struct cpl_loading *loading, struct cpl_pipeline *pipeline,
                        const struct cpl_node *root, const char *given, const char *fallback)
{
    const struct cpl_node *node = cpl_tree_get(root, "name");
    pipeline->name = given ? given : fallback;
    if (given && !is_name(given)) {
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      "name must be letters, digits, `_`, `-` and `.` (200 at most, no `.` in "
                      "front), not `%.80s`",
                      cpl_tree_shown(node));
        return cpl_loading_wrong(loading);
    }
    if (!given && loading->many) {
        cpl_tree_fail(root, loading->err, CPL_E_CONFIG,
                      "this file holds several pipelines: each needs a `name`");
        return cpl_loading_wrong(loading);
    }
    return true;
}

/* ---- a pipeline ---- */

/* Keys of the form x-… hold what anchors name; nothing reads them. */
static void drop_extensions(struct cpl_node *root)
{
    for (struct cpl_node **at = &root->first; *at;) {
        if (!strncmp((*at)->key, "x-", 2)) {
            *at = (*at)->next;
            root->n_children--;
        } else {
            at = &(*at)->next;
        }
    }
}

static bool load_top(struct cpl_loading *loading, const struct cpl_node *root,
                     struct cpl_top_section *top)
{
    size_t rows = 0;
    struct cpl_option table[16];
    memset(top, 0, sizeof *top);
    while (cpl_top_options[rows].name)
        rows++;
    memcpy(table, cpl_top_options, (rows + 1) * sizeof *table);
    for (size_t i = 0; loading->partial && i < rows; i++)
        table[i].flags &= ~CPL_OPTION_REQUIRED;
    return parse_section(loading, table, root, "the pipeline", top) &&
           cpl_load_refuse(loading, top->telemetry);
}

bool cpl_load_pipeline(struct cpl_loading *loading, struct cpl_node *root, const char *dialect,
                       const char *default_name)
{
    struct cpl_top_section top;
    if (root->kind != CPL_NODE_MAP) {
        cpl_tree_fail(root, loading->err, CPL_E_CONFIG,
                      "a pipeline is a map with the keys source and sink (and schema, limits)");
        return cpl_loading_wrong(loading);
    }
    drop_extensions(root);
    if (!cpl_load_overrides(loading, root) || !load_top(loading, root, &top))
        return false;
    struct cpl_pipeline *pipeline = cpl_loading_add(loading, root);
    if (!pipeline)
        return false;
    pipeline->dialect = dialect;
    const struct cpl_node *const *sections = top.sections;
    /* A section that is not there has been reported; its own required keys need not be. */
    bool whole = loading->partial || (sections[CPL_SECTION_SOURCE] && sections[CPL_SECTION_SINK]);
    return settle_name(loading, pipeline, root, top.name, default_name) &&
           (!whole || (cpl_load_source(loading, sections[CPL_SECTION_SOURCE], &pipeline->source) &&
                       cpl_load_sink(loading, sections[CPL_SECTION_SINK], &pipeline->sink))) &&
           cpl_load_schema(loading, sections[CPL_SECTION_SCHEMA], &pipeline->schema) &&
           cpl_load_transform(loading, top.transform, &pipeline->transform) &&
           cpl_load_quality(loading, sections[CPL_SECTION_QUALITY], &pipeline->quality) &&
           cpl_load_grade_folder(loading, sections[CPL_SECTION_QUALITY], pipeline) &&
           cpl_load_limits(loading, sections[CPL_SECTION_LIMITS], &pipeline->limits) &&
           cpl_load_check_columns(loading, pipeline) &&
           cpl_load_hash(loading, root, pipeline->config_hash);
}

static bool no_pipeline(const struct cpl_config *config, const char *file, const char *name,
                        struct cpl_error *err)
{
    const char **names = cpl_alloc((config->n_pipelines + 1) * sizeof *names, err);
    if (!names)
        return false;
    for (size_t i = 0; i < config->n_pipelines; i++)
        names[i] = config->pipelines[i].name;
    names[config->n_pipelines] = NULL;
    const char *near = cpl_nearest(name, names);
    cpl_fail(err, CPL_E_USAGE, "%s has no pipeline `%.80s`; it has `%s`%s", file, name,
             near ? near : names[0], config->n_pipelines > 1 ? " and others" : "");
    cpl_free(names);
    return false;
}

struct cpl_pipeline *cpl_config_find(const struct cpl_config *config, const char *file,
                                     const char *name, struct cpl_error *err)
{
    for (size_t i = 0; i < config->n_pipelines; i++)
        if (!strcmp(config->pipelines[i].name, name))
            return &config->pipelines[i];
    no_pipeline(config, file, name, err);
    return NULL;
}

struct cpl_storage *cpl_pipeline_storage(const struct cpl_pipeline *pipeline, struct cpl_error *err)
{
    const struct cpl_strings *allowed = &pipeline->limits.allowed_paths;
    struct cpl_storage_limits limits = {
        .allowed_paths = allowed->n ? (const char *const *)allowed->items : NULL,
        .n_allowed = allowed->n};
    return cpl_storage_local(&limits, err);
}

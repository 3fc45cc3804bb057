/* Section `source`. */
#include "config/load.h"

#include <string.h>

bool cpl_load_check_name(struct cpl_loading *loading, enum cpl_component_kind kind,
                         const char *name, const struct cpl_node *node, const char *where)
{
    const char *names[CPL_MOST_FORMATS + 2] = {"auto"};
    size_t n = 1;
    if (!strcmp(name, "auto") || cpl_component_find(kind, name))
        return true;
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (row->kind == kind && n <= CPL_MOST_FORMATS)
            names[n++] = row->name;
    const char *near = node && node->secret ? NULL : cpl_nearest(name, names);
    const char *shown = node && node->secret ? cpl_tree_shown(node) : name;
    if (near)
        return cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                             "%s cannot be `%.80s`; did you mean `%s`?", where, shown, near);
    return cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                         "%s cannot be `%.80s`; `cupel describe` lists the %ss of this build",
                         where, shown, cpl_component_kind_name(kind));
}

/* Which format's options are given when `format` is auto; checks them all. */
static bool check_formats(struct cpl_loading *loading, struct cpl_source_section *section)
{
    struct cpl_source_config *source = &section->config;
    bool automatic = !strcmp(source->format, "auto");
    size_t i = 0;
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        if (row->kind != CPL_COMPONENT_DECODER || i == CPL_MOST_FORMATS)
            continue;
        const struct cpl_node *given = section->formats[i++];
        char where[64] = "source.";
        strncat(where, row->name, sizeof where - sizeof "source.");
        if (!given)
            continue;
        if (source->format_options || (!automatic && strcmp(source->format, row->name))) {
            cpl_tree_fail(given, loading->err, CPL_E_CONFIG,
                          "%s is given, but source.format is %s; leave one of them out", where,
                          source->format);
            return cpl_loading_wrong(loading);
        }
        source->format = row->name;
        source->format_options = given;
        if (!cpl_load_check_format(loading, row, given, where))
            return false;
    }
    return true;
}

/* Standard input is read once, alone. */
static bool check_paths(struct cpl_loading *loading, const struct cpl_source_config *source,
                        const struct cpl_node *map)
{
    const struct cpl_node *node = cpl_tree_get(map, "path");
    if (node && !source->paths.n && !loading->partial) {
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG, "source.path is empty");
        return cpl_loading_wrong(loading);
    }
    for (size_t i = 0; i < source->paths.n; i++) {
        const char *path = source->paths.items[i];
        bool lone_pipe = strcmp(path, "-") || source->paths.n == 1;
        if (*path && lone_pipe)
            continue;
        cpl_tree_fail(node, loading->err, CPL_E_CONFIG,
                      *path ? "source.path: standard input (`-`) cannot stand beside other inputs"
                            : "source.path holds an empty path");
        return cpl_loading_wrong(loading);
    }
    return true;
}

bool cpl_load_source(struct cpl_loading *loading, const struct cpl_node *node,
                     struct cpl_source_config *source)
{
    static const char *const compressions[] = {"auto",  "none", "gzip", "zstd",
                                               "bzip2", "xz",   "lz4"};
    struct cpl_source_section section;
    if (!cpl_load_section(loading, CPL_SECTION_SOURCE, node, &section))
        return false;
    section.config.compression = compressions[section.compression];
    if (!cpl_load_check_name(loading, CPL_COMPONENT_DECODER, section.config.format,
                             cpl_tree_get(node, "format"), "source.format")) {
        section.config.format = "auto";
        if (!cpl_loading_wrong(loading))
            return false;
    }
    if (!check_formats(loading, &section) || !check_paths(loading, &section.config, node))
        return false;
    *source = section.config;
    return true;
}

/* A configuration as a plan keeps it, so that its work can be done again by whoever comes next.
 *
 * What is kept is the resolved tree, with the values of variables, environment and flags in their places, and without what never changes
 * what is written (limits.memory, .threads, .spill, .allowed_paths). Secrets are never kept: a tree that needs one is not kept
 * at all, and its work cannot be done again. Where data lies is no secret (receipts tell it).
 *
 * Read again, it is taken as it stands: a `$` in it is a `$`, and no variable of the environment comes before it. */
#include "config/load.h"

#include <string.h>

static bool holds_secret(const struct cpl_node *node)
{
    if (node->secret)
        return true;
    for (const struct cpl_node *child = node->first; child; child = child->next)
        if (holds_secret(child))
            return true;
    return false;
}

/* Options that are marked secret, whatever is written there. */
static bool sets_secret(const struct cpl_component *component, const struct cpl_node *options)
{
    for (const struct cpl_node *child = options->first; component->options && child;
         child = child->next) {
        const struct cpl_option *row = child->key ? cpl_option_find(component->options, child->key)
                                                  : NULL;
        if (row && row->flags & CPL_OPTION_SECRET)
            return true;
    }
    return false;
}

static bool sets_secret_option(enum cpl_section section, const struct cpl_node *format)
{
    const struct cpl_component *component = cpl_component_find(cpl_section_formats(section),
                                                               format->key);
    return component && sets_secret(component, format);
}

static bool step_sets_secret(const struct cpl_node *step)
{
    for (const struct cpl_node *kind = step->first; kind; kind = kind->next) {
        const struct cpl_component *row =
            kind->key ? cpl_component_find(CPL_COMPONENT_TRANSFORM, kind->key) : NULL;
        if (row && sets_secret(row, kind))
            return true;
    }
    return false;
}

static bool can_keep_steps(const struct cpl_node *list)
{
    for (const struct cpl_node *step = list ? list->first : NULL; step; step = step->next)
        if (holds_secret(step) || step_sets_secret(step))
            return false;
    return true;
}

/* Kept otherwise (paths), or not at all. */
static bool is_apart(enum cpl_section section, const char *key)
{
    static const char *const limits[] = {"memory", "threads", "spill", "allowed_paths"};
    if (section == CPL_SECTION_SOURCE || section == CPL_SECTION_SINK)
        return !strcmp(key, "path");
    for (size_t i = 0; section == CPL_SECTION_LIMITS && i < sizeof limits / sizeof *limits; i++)
        if (!strcmp(key, limits[i]))
            return true;
    return false;
}

static bool can_keep(const struct cpl_pipeline *pipeline)
{
    for (int s = 0; s < CPL_SECTION_COUNT; s++) {
        enum cpl_section section = (enum cpl_section)s;
        const struct cpl_node *map = cpl_tree_get(pipeline->root, cpl_section_name(section));
        for (const struct cpl_node *child = map ? map->first : NULL; child; child = child->next)
            if (!is_apart(section, child->key) &&
                (holds_secret(child) || sets_secret_option(section, child)))
                return false;
    }
    return can_keep_steps(cpl_tree_get(pipeline->root, "transform"));
}

static void put_paths(struct cpl_json_writer *json, const struct cpl_pipeline *pipeline,
                      enum cpl_section section)
{
    if (section == CPL_SECTION_SINK)
        cpl_json_string(json, "path", pipeline->sink.path);
    if (section != CPL_SECTION_SOURCE)
        return;
    cpl_json_list(json, "path");
    for (size_t i = 0; i < pipeline->source.paths.n; i++)
        cpl_json_string(json, NULL, pipeline->source.paths.items[i]);
    cpl_json_close(json);
}

void cpl_config_keep(const struct cpl_pipeline *pipeline, const char *key,
                     struct cpl_json_writer *json)
{
    if (!can_keep(pipeline)) {
        cpl_json_string(json, key, NULL);
        return;
    }
    cpl_json_object(json, key);
    cpl_json_string(json, "name", pipeline->name);
    for (int s = 0; s < CPL_SECTION_COUNT; s++) {
        enum cpl_section section = (enum cpl_section)s;
        const struct cpl_node *map = cpl_tree_get(pipeline->root, cpl_section_name(section));
        cpl_json_object(json, cpl_section_name(section));
        put_paths(json, pipeline, section);
        for (const struct cpl_node *child = map ? map->first : NULL; child; child = child->next)
            if (!is_apart(section, child->key))
                cpl_json_node(json, child);
        cpl_json_close(json);
    }
    const struct cpl_node *steps = cpl_tree_get(pipeline->root, "transform");
    if (steps)
        cpl_json_node(json, steps);
    cpl_json_close(json);
}

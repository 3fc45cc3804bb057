/* Section `transform`: a list of steps. */
#include "config/load.h"

#include <stdio.h>

static char *usual_id(struct cpl_loading *loading, const char *kind, size_t number)
{
    char text[100];
    int length = snprintf(text, sizeof text, "%s.%zu", kind, number);
    return cpl_arena_strndup(loading->arena, text, (size_t)length, loading->err);
}

bool cpl_load_transform(struct cpl_loading *loading, const struct cpl_node *list,
                        struct cpl_transform_config *transform)
{
    size_t n = 0;
    *transform = (struct cpl_transform_config){0};
    if (!list || list->kind == CPL_NODE_NULL)
        return true;
    if (list->kind != CPL_NODE_LIST) {
        cpl_tree_fail(list, loading->err, CPL_E_CONFIG,
                      "`transform` is a list of steps: `- rename: {old: new}`");
        return cpl_loading_wrong(loading);
    }
    struct cpl_transform_spec *steps = cpl_arena_alloc(
        loading->arena, (list->n_children + 1) * sizeof *steps, loading->err);
    if (!steps)
        return false;
    for (const struct cpl_node *node = list->first; node; node = node->next) {
        struct cpl_transform_item beside = {0};
        struct cpl_item item;
        if (!cpl_load_item(loading, node, CPL_COMPONENT_TRANSFORM, cpl_transform_item_options,
                           &beside, &item))
            return false;
        if (!item.component)
            continue;
        const char *id = beside.id ? beside.id : usual_id(loading, item.component->name, n + 1);
        if (!id)
            return false;
        steps[n++] = (struct cpl_transform_spec){
            .ops = item.component->ops, .options = item.options, .id = id, .node = item.node};
    }
    *transform = (struct cpl_transform_config){.steps = steps, .n = n};
    return true;
}

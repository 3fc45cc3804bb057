/* Looking components up in the registry's rows. */
#include "config/components.h"

#include <string.h>

const struct cpl_component *cpl_component_find(enum cpl_component_kind kind, const char *name)
{
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (row->kind == kind && !strcmp(row->name, name))
            return row;
    return NULL;
}

const char *cpl_component_kind_name(enum cpl_component_kind kind)
{
    static const char *const names[CPL_COMPONENT_KIND_COUNT] = {
        [CPL_COMPONENT_SOURCE] = "source",   [CPL_COMPONENT_DECODER] = "decoder",
        [CPL_COMPONENT_ENCODER] = "encoder", [CPL_COMPONENT_TRANSFORM] = "transform",
        [CPL_COMPONENT_RULE] = "rule",       [CPL_COMPONENT_SINK] = "sink",
    };
    return names[kind];
}

/* The one place that names components. A new one is its own files, and a line here. */
#include "config/components.h"

static const struct cpl_component components[] = {
    {.kind = CPL_COMPONENT_SOURCE,
     .name = "file",
     .summary = "Files, directories, globs and standard input."},
    {.kind = CPL_COMPONENT_SINK,
     .name = "files",
     .summary = "Data files in a directory, or one file, committed as a whole."},
    {.name = NULL},
};

const struct cpl_component *cpl_components(void)
{
    return components;
}

/* `cupel version` */
#include "command/console.h"
#include "config/components.h"

#include <string.h>

static const struct cpl_flag version_flags[] = {
    {.name = "verbose", .letter = 'v', .summary = "Also the formats that this build knows."},
    {.name = NULL},
};

static bool list(enum cpl_component_kind kind, const char *title, struct cpl_buffer *out,
                 struct cpl_error *err)
{
    if (!cpl_buffer_append_text(out, title, err))
        return false;
    for (const struct cpl_component *row = cpl_components(); row->name; row++)
        if (row->kind == kind && !cpl_buffer_printf(out, err, " %s", row->name))
            return false;
    return cpl_buffer_append_text(out, "\n", err);
}

static int run_version(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_buffer out = {0};
    bool ok = cpl_buffer_append_text(&out, "cupel " CUPEL_VERSION "\n", &err);
    if (ok && arguments->verb && cpl_flag_given(arguments, "verbose"))
        ok = list(CPL_COMPONENT_SOURCE, "sources ", &out, &err) &&
             list(CPL_COMPONENT_DECODER, "reads   ", &out, &err) &&
             list(CPL_COMPONENT_ENCODER, "writes  ", &out, &err) &&
             list(CPL_COMPONENT_SINK, "sinks   ", &out, &err);
    ok = ok && cpl_print(&out, &err);
    cpl_buffer_release(&out);
    return ok ? 0 : cpl_console_fail(NULL, &err);
}

const struct cpl_verb cpl_verb_version = {
    .name = "version",
    .summary = "Print the version.",
    .usage = "",
    .groups = {{"Options", version_flags}},
    .max_words = 0,
    .run = run_version,
};

/* `cupel describe`: what this build can do, from the option tables. */
#include "config/describe.h"
#include "command/console.h"

#include <string.h>

static const struct cpl_flag describe_flags[] = {
    {.name = "json", .summary = "Everything, as one JSON object."},
    {.name = "json-schema",
     .optional = true,
     .argument = "DIALECT",
     .values = "pipeline|metadata",
     .summary = "The JSON Schema of pipeline files, or of ingestion metadata."},
    {.name = "markdown",
     .optional = true,
     .argument = "PAGE",
     .values = "pipeline|metadata|errors|expressions",
     .summary = "A reference page."},
    {.name = "man", .summary = "The manual page cupel(1)."},
    {.name = NULL},
};

static bool is(const char *value, const char *word)
{
    return value && !strcmp(value, word);
}

static bool write_page(const struct cpl_arguments *arguments, struct cpl_buffer *out,
                       struct cpl_error *err)
{
    const char *schema = cpl_flag_value(arguments, "json-schema");
    const char *page = cpl_flag_value(arguments, "markdown");
    if (arguments->n_given > 1 || (arguments->n_given && arguments->n_words))
        return cpl_fail(err, CPL_E_USAGE, "one thing at a time: cupel describe %s",
                        arguments->verb->usage);
    if (cpl_flag_given(arguments, "json"))
        return cpl_describe_json(out, err);
    if (cpl_flag_given(arguments, "json-schema"))
        return cpl_describe_schema(
            is(schema, "metadata") ? CPL_DIALECT_METADATA : CPL_DIALECT_PIPELINE, out, err);
    if (cpl_flag_given(arguments, "markdown"))
        return cpl_describe_reference(is(page, "metadata")      ? CPL_REFERENCE_METADATA
                                      : is(page, "errors")      ? CPL_REFERENCE_ERRORS
                                      : is(page, "expressions") ? CPL_REFERENCE_EXPRESSIONS
                                                                : CPL_REFERENCE_PIPELINE,
                                      out, err);
    if (cpl_flag_given(arguments, "man"))
        return cpl_page_man(out, err);
    return cpl_describe_text(arguments->n_words ? arguments->words[0] : NULL, out, err);
}

static int run_describe(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_buffer out = {0};
    bool ok = write_page(arguments, &out, &err);
    if (ok && out.size && out.data[out.size - 1] != '\n')
        ok = cpl_buffer_append(&out, "\n", 1, &err);
    ok = ok && cpl_print(&out, &err);
    cpl_buffer_release(&out);
    return ok ? 0 : cpl_console_fail(NULL, &err);
}

const struct cpl_verb cpl_verb_describe = {
    .name = "describe",
    .summary = "List sections, formats and their options, for people or programs.",
    .usage = "[SECTION | FORMAT]",
    .details = "Without a word, everything. Editors complete and check pipeline files by the JSON "
               "Schema.",
    .examples = "cupel describe sink\n"
                "cupel describe source.csv\n"
                "cupel describe --json-schema > pipeline.schema.json\n",
    .groups = {{"Options", describe_flags}},
    .max_words = 1,
    .run = run_describe,
};

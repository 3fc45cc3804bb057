/* Transform standardise: texts without blanks around them, in one case. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

enum { CASE_KEEP, CASE_LOWER, CASE_UPPER };

struct standardise_options {
    struct cpl_strings columns;
    bool trim;
    int letters;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct standardise_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "Columns of texts.",
     .example = "[country, currency]"},
    {.name = "trim",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct standardise_options, trim),
     .default_text = "true",
     .summary = "Whether blanks at both ends go: spaces, no-break spaces, tabs and line ends."},
    {.name = "case",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct standardise_options, letters),
     .values = "keep|lower|upper",
     .default_text = "keep",
     .summary = "The case of letters, by Unicode's simple mapping; needs ICU (libicu72) when it is "
                "not kept."},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct standardise_options *o = of;
    *key = "columns";
    if (!o->columns.n)
        return cpl_fail(why, CPL_E_CONFIG, "no column is named");
    *key = "case";
    return o->trim || o->letters != CASE_KEEP ||
           cpl_fail(why, CPL_E_CONFIG, "neither blanks nor letters would change");
}

static bool write(const void *of, const struct cpl_field *field, const char *value,
                  struct cpl_buffer *text, struct cpl_error *err)
{
    (void)value;
    static const char *const cases[] = {
        [CASE_KEEP] = "", [CASE_LOWER] = "lower(", [CASE_UPPER] = "upper("};
    const struct standardise_options *o = of;
    return cpl_buffer_append_text(text, cases[o->letters], err) &&
           cpl_buffer_append_text(text, o->trim ? "trim(" : "", err) &&
           cpl_put_column(text, field->name, err) &&
           cpl_buffer_append_text(text, o->trim ? ", ' \t\r\n\xC2\xA0')" : "", err) &&
           cpl_buffer_append_text(text, o->letters == CASE_KEEP ? "" : ")", err);
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct standardise_options *o = of;
    *key = "columns";
    return cpl_calculate_each(&o->columns, write, o, in, env, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_standardise = {
    .name = "standardise",
    .summary = "Brings texts into one form: no blanks around them, letters of one case.",
    .example = "standardise: {columns: [country, currency], case: upper}",
    .options = options,
    .options_size = sizeof(struct standardise_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};

/* Transform mask: characters of values are covered. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <inttypes.h>
#include <stddef.h>

struct mask_options {
    struct cpl_strings columns;
    int64_t keep_last;
    const char *with;
};

static bool one_character(const char *text, struct cpl_error *why)
{
    size_t n = 0;
    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n == 1 || cpl_fail(why, CPL_E_CONFIG, "must be one character");
}

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct mask_options, columns),
     .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
     .summary = "Columns of plain values, which become texts; nulls stay null.",
     .example = "[iban]"},
    {.name = "keep_last",
     .type = CPL_OPTION_INT,
     .offset = offsetof(struct mask_options, keep_last),
     .default_text = "0",
     .min = 0,
     .max = 1000,
     .summary = "How many characters at the end stay to be read. A value that has no more than "
                "those is covered wholly."},
    {.name = "with",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct mask_options, with),
     .default_text = "*",
     .check = one_character,
     .summary = "The character that stands for each of the others."},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct mask_options *o = of;
    *key = "columns";
    return o->columns.n || cpl_fail(why, CPL_E_CONFIG, "no column is named");
}

/* lpad(if(length(s) > n, right(s, n), ''), length(s), '*'), s being the column's text */
static bool write(const void *of, const struct cpl_field *field, const char *value,
                  struct cpl_buffer *text, struct cpl_error *err)
{
    (void)value;
    const struct mask_options *o = of;
    return cpl_buffer_append_text(text, "lpad(if(length(", err) &&
           cpl_put_column_text(text, field, err) &&
           cpl_buffer_printf(text, err, ") > %" PRId64 ", right(", o->keep_last) &&
           cpl_put_column_text(text, field, err) &&
           cpl_buffer_printf(text, err, ", %" PRId64 "), ''), length(", o->keep_last) &&
           cpl_put_column_text(text, field, err) && cpl_buffer_append_text(text, "), ", err) &&
           cpl_put_text(text, o->with, err) && cpl_buffer_append_text(text, ")", err);
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct mask_options *o = of;
    *key = "columns";
    return cpl_calculate_each(&o->columns, write, o, in, env, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_mask = {
    .name = "mask",
    .summary = "Covers the characters of values, all or all but the last. Rows that are rejected, "
               "and quality.original, keep the bytes that came in.",
    .example = "mask: {columns: [iban], keep_last: 4}",
    .options = options,
    .options_size = sizeof(struct mask_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};

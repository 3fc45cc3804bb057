/* Transform cast: columns become other types. */
#include "transform/calculate.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

enum { ON_ERROR_REJECT, ON_ERROR_NULL };

struct cast_options {
    struct cpl_pairs columns;
    int on_error;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_PAIRS,
     .offset = offsetof(struct cast_options, columns),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Which column becomes which type.",
     .example = "{amount: 'decimal(15,2)'}"},
    {.name = "on_error",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cast_options, on_error),
     .values = "reject|null",
     .default_text = "reject",
     .summary = "What becomes of a row with a value that the type cannot hold exactly: it is "
                "rejected, or the value is null (in quotes: 'null')."},
    {.name = NULL}};

static bool check_options(const void *of, const char **key, struct cpl_error *why)
{
    const struct cast_options *o = of;
    struct cpl_arena arena = {0};
    struct cpl_type type;
    bool ok = o->columns.n || cpl_fail(why, CPL_E_CONFIG, "no column is named");
    *key = "columns";
    for (size_t i = 0; ok && i < o->columns.n; i++)
        ok = cpl_type_parse(o->columns.items[i].value, &arena, &type, why);
    cpl_arena_release(&arena);
    return ok;
}

/* The type is read and printed again: what stands in the expression is a type and nothing else. */
static bool write(const void *of, const struct cpl_field *field, const char *value,
                  struct cpl_buffer *text, struct cpl_error *err)
{
    (void)of;
    struct cpl_arena arena = {0};
    struct cpl_type type;
    bool ok = cpl_type_parse(value, &arena, &type, err) &&
              cpl_buffer_append_text(text, "cast(", err) &&
              cpl_put_column(text, field->name, err) && cpl_buffer_append_text(text, " as ", err) &&
              cpl_type_format(&type, text, err) && cpl_buffer_append_text(text, ")", err);
    cpl_arena_release(&arena);
    return ok;
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    const struct cast_options *o = of;
    *key = "columns";
    return cpl_calculate_written(&o->columns, write, o, o->on_error == ON_ERROR_NULL, in, env,
                                 transform, out, err);
}

const struct cpl_transform_ops cpl_transform_cast = {
    .name = "cast",
    .summary = "Turns columns into other types; no value is rounded or cut.",
    .example = "cast: {amount: 'decimal(15,2)', ordered_at: date}",
    .options = options,
    .options_size = sizeof(struct cast_options),
    .shorthand = "columns",
    .check_options = check_options,
    .bind = bind,
    .unbind = cpl_calculate_unbind,
    .apply = cpl_calculate_step,
};

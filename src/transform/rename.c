/* Transform rename: other names for columns. */
#include "transform/columns.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

struct rename_options {
    struct cpl_pairs columns;
};

static const struct cpl_option options[] = {
    {.name = "columns",
     .type = CPL_OPTION_PAIRS,
     .offset = offsetof(struct rename_options, columns),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Which column gets which name: `old: new`. Names may be swapped.",
     .example = "{cust: customer_id}"},
    {.name = NULL}};

/* All are found by their old names before any has a new one. */
static bool name_fields(const struct rename_options *o, const struct cpl_schema *in,
                        struct cpl_field *fields, uint32_t *from, struct cpl_error *err)
{
    for (uint32_t i = 0; i < in->n_fields; i++) {
        fields[i] = in->fields[i];
        from[i] = i;
    }
    for (size_t i = 0; i < o->columns.n; i++) {
        uint32_t column;
        if (!cpl_transform_column(in, o->columns.items[i].key, &column, err))
            return false;
        if (!*o->columns.items[i].value)
            return cpl_fail(err, CPL_E_CONFIG, "column `%.100s` needs a name",
                            o->columns.items[i].key);
        fields[column].name = o->columns.items[i].value;
    }
    return true;
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    (void)env;
    *key = "columns";
    uint32_t n = in->n_fields, *from = cpl_alloc((n + 1) * sizeof *from, err);
    struct cpl_field *fields = from ? cpl_alloc((n + 1) * sizeof *fields, err) : NULL;
    bool ok = fields && name_fields(of, in, fields, from, err) &&
              cpl_columns_bind(fields, from, n, transform, out, err);
    cpl_free(from);
    cpl_free(fields);
    return ok;
}

const struct cpl_transform_ops cpl_transform_rename = {
    .name = "rename",
    .summary = "Gives columns other names.",
    .example = "rename: {cust: customer_id, amt: amount}",
    .options = options,
    .options_size = sizeof(struct rename_options),
    .shorthand = "columns",
    .bind = bind,
    .unbind = cpl_columns_unbind,
    .apply = cpl_columns_step,
};

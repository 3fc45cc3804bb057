/* Transform select: the columns that stay, in their order. */
#include "transform/columns.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

struct select_options {
    struct cpl_strings columns;
};

static const struct cpl_option options[] = {{.name = "columns",
                                             .type = CPL_OPTION_STRINGS,
                                             .offset = offsetof(struct select_options, columns),
                                             .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
                                             .summary = "The columns that stay, in this order.",
                                             .example = "[order_id, amount]"},
                                            {.name = NULL}};

/* The columns named, in their order. */
static bool choose(const void *of, const struct cpl_schema *in, uint32_t *from, uint32_t *n,
                   struct cpl_error *err)
{
    const struct select_options *o = of;
    for (*n = 0; *n < o->columns.n; ++*n) {
        if (*n == in->n_fields)
            return cpl_fail(err, CPL_E_CONFIG, "a column is named twice");
        if (!cpl_transform_column(in, o->columns.items[*n], &from[*n], err))
            return false;
    }
    return true;
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    (void)env;
    *key = "columns";
    return cpl_columns_pick(in, choose, of, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_select = {
    .name = "select",
    .summary = "Keeps columns, in the order given, and leaves out all others.",
    .example = "select: [order_id, amount]",
    .options = options,
    .options_size = sizeof(struct select_options),
    .shorthand = "columns",
    .bind = bind,
    .unbind = cpl_columns_unbind,
    .apply = cpl_columns_step,
};

/* Transform drop: columns that are left out. */
#include "transform/columns.h"
#include "transform/transform_kinds.h"

#include <stddef.h>

struct drop_options {
    struct cpl_strings columns;
};

static const struct cpl_option options[] = {{.name = "columns",
                                             .type = CPL_OPTION_STRINGS,
                                             .offset = offsetof(struct drop_options, columns),
                                             .flags = CPL_OPTION_REQUIRED | CPL_OPTION_COLUMNS,
                                             .summary = "The columns that are left out.",
                                             .example = "[order_id, amount]"},
                                            {.name = NULL}};

/* All columns but those named. */
static bool choose(const void *of, const struct cpl_schema *in, uint32_t *from, uint32_t *n,
                   struct cpl_error *err)
{
    const struct drop_options *o = of;
    bool *gone = cpl_alloc_zero(in->n_fields + 1, sizeof *gone, err), ok = gone != NULL;
    for (size_t i = 0; ok && i < o->columns.n; i++) {
        uint32_t column;
        ok = cpl_transform_column(in, o->columns.items[i], &column, err);
        if (ok)
            gone[column] = true;
    }
    *n = 0;
    for (uint32_t i = 0; ok && i < in->n_fields; i++)
        if (!gone[i])
            from[(*n)++] = i;
    cpl_free(gone);
    return ok;
}

static bool bind(const void *of, const struct cpl_schema *in, const struct cpl_transform_env *env,
                 void **transform, struct cpl_schema **out, const char **key, struct cpl_error *err)
{
    (void)env;
    *key = "columns";
    return cpl_columns_pick(in, choose, of, transform, out, err);
}

const struct cpl_transform_ops cpl_transform_drop = {
    .name = "drop",
    .summary = "Leaves out columns, and keeps all others.",
    .example = "drop: [internal_note]",
    .options = options,
    .options_size = sizeof(struct drop_options),
    .shorthand = "columns",
    .bind = bind,
    .unbind = cpl_columns_unbind,
    .apply = cpl_columns_step,
};

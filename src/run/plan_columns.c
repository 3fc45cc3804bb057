#include "run/plan_columns.h"

#include <string.h>

struct cpl_schema *cpl_typed_columns(const struct cpl_schema_config *config, bool *failed,
                                     struct cpl_error *err)
{
    const struct cpl_schema *declared = config->declared;
    *failed = false;
    if (!declared)
        return NULL;
    struct cpl_field *fields = cpl_alloc(declared->n_fields * sizeof *fields, err);
    uint32_t n = 0;
    for (uint32_t i = 0; fields && i < declared->n_fields; i++)
        if (!config->untyped || !config->untyped[i])
            fields[n++] = declared->fields[i];
    struct cpl_schema *schema = fields && n ? cpl_schema_new(fields, n, err) : NULL;
    *failed = !fields || (n && !schema);
    cpl_free(fields);
    return schema;
}

struct cpl_schema *cpl_named_columns(const struct cpl_schema_config *config,
                                     const struct cpl_schema *typed, bool *failed,
                                     struct cpl_error *err)
{
    const struct cpl_schema *declared = config->declared;
    size_t n_typed = typed ? typed->n_fields : 0, n = n_typed;
    size_t most = n_typed + config->columns.n + (declared ? declared->n_fields : 0);
    struct cpl_field *fields = cpl_alloc_zero(most + 1, sizeof *fields, err);
    *failed = !fields;
    for (size_t i = 0; fields && i < n_typed; i++)
        fields[i] = typed->fields[i];
    struct cpl_field text = {.type = {.kind = CPL_STRING}, .nullable = true, .field_id = -1};
    for (size_t i = 0; fields && i < most - n_typed; i++) {
        text.name = i < config->columns.n ? config->columns.items[i]
                                          : declared->fields[i - config->columns.n].name;
        bool known = false;
        for (size_t k = 0; k < n && !known; k++)
            known = !strcmp(fields[k].name, text.name);
        if (!known)
            fields[n++] = text;
    }
    struct cpl_schema *schema = fields && n > n_typed ? cpl_schema_new(fields, (uint32_t)n, err)
                                                      : NULL;
    *failed |= fields && n > n_typed && !schema;
    cpl_free(fields);
    return schema;
}

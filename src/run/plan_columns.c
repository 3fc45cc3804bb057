#include "run/plan_columns.h"
#include "base/plural.h"
#include "base/text.h"

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

/* The column with the longest names, those within it included. */
static const char *longest_named(const struct cpl_schema *schema, uint64_t *bytes)
{
    const char *longest = "";
    *bytes = 0;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        uint64_t names = 0;
        cpl_type_leaves(&schema->fields[i].type, strlen(schema->fields[i].name), &names);
        if (names > *bytes) {
            *bytes = names;
            longest = schema->fields[i].name;
        }
    }
    return longest;
}

bool cpl_check_column_count(const struct cpl_schema *schema, int64_t max_columns,
                            struct cpl_error *err)
{
    return !max_columns || schema->n_fields <= (uint64_t)max_columns ||
           cpl_fail(err, CPL_E_LIMIT, "the input has %s, more than limits.max_columns (%lld)",
                    CPL_COUNTED(schema->n_fields, "column"), (long long)max_columns);
}

bool cpl_check_column_names(const struct cpl_schema *schema, struct cpl_error *err)
{
    uint64_t names, most;
    uint64_t leaves = cpl_schema_leaves(schema, &names);
    if (names <= CPL_NAMES_MAX)
        return true;
    char shown[80];
    const char *longest = longest_named(schema, &most);
    cpl_text_set(shown, sizeof shown, "%.60s%s", longest, strlen(longest) > 60 ? "…" : "");
    return cpl_fail(err, CPL_E_LIMIT,
                    "the names of %s take %llu KiB, more than the %d MiB that there are for them "
                    "(`%s` has %llu bytes, with what is nested in it): choose fewer columns "
                    "(schema.select, --columns), or declare one with much in it as json",
                    CPL_COUNTED(leaves, "column"), (unsigned long long)(names >> 10),
                    CPL_NAMES_MAX >> 20, shown, (unsigned long long)most);
}

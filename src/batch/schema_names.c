/* The error of a column that is not there. */
#include "base/tree.h"
#include "batch/schema.h"

#include <stdio.h>
#include <string.h>

/* The columns that there are, as far as a message has room. */
static void list_columns(const struct cpl_schema *schema, char *text, size_t size)
{
    enum { KEPT = 40 }; /* for "and N more" */
    size_t at = 0;
    uint32_t i = 0;
    for (; i < schema->n_fields; i++) {
        size_t length = strlen(schema->fields[i].name);
        if (at + length + 2 + KEPT > size)
            break;
        at += (size_t)snprintf(text + at, size - at, "%s%s", i ? ", " : "", schema->fields[i].name);
    }
    if (i < schema->n_fields)
        snprintf(text + at, size - at, "%s%u %s", i ? " and " : "", schema->n_fields - i,
                 i ? "more" : "columns with long names");
}

bool cpl_schema_no_column(const struct cpl_schema *schema, const char *lacks, const char *name,
                          struct cpl_error *err)
{
    char known[400] = "";
    const char **names = cpl_alloc((schema->n_fields + 1) * sizeof *names, err);
    if (!names)
        return false;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        names[i] = schema->fields[i].name;
    names[schema->n_fields] = NULL;
    const char *near = cpl_nearest(name, names);
    list_columns(schema, known, sizeof known);
    cpl_fail(err, CPL_E_CONFIG, "%s`%.100s`%s%.100s%s It has: %s", lacks, name,
             near ? "; did you mean `" : "", near ? near : "", near ? "`?" : ".", known);
    cpl_free(names);
    return false;
}

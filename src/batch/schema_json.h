/* A schema as JSON: `[{"name": "id", "type": "int64", "nullable": true, "field_id": 3}, …]`, as plans, receipts and reject files
 * hold it; types in the one notation of schema.h. */
#pragma once
#include "base/tree.h"
#include "batch/schema.h"

/* As member `key`. NULL is a schema without columns. */
void cpl_schema_put(struct cpl_json_writer *json, const char *key, const struct cpl_schema *schema);
/* From such a list (NULL: none). What has no name or no type that can be read is left out. NULL without memory. */
struct cpl_schema *cpl_schema_take(const struct cpl_node *list, struct cpl_error *err) CPL_CHECKED;

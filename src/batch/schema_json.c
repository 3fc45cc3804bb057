#include "batch/schema_json.h"

#include <string.h>

void cpl_schema_put(struct cpl_json_writer *json, const char *key, const struct cpl_schema *schema)
{
    struct cpl_buffer type = {0};
    cpl_json_list(json, key);
    for (uint32_t i = 0; schema && i < schema->n_fields && !json->failed; i++) {
        const struct cpl_field *field = &schema->fields[i];
        type.size = 0;
        if (!cpl_type_format(&field->type, &type, json->err)) {
            json->failed = true;
            break;
        }
        cpl_json_object(json, NULL);
        cpl_json_string(json, "name", field->name);
        cpl_json_bytes(json, "type", type.data, type.size);
        cpl_json_bool(json, "nullable", field->nullable);
        if (field->field_id >= 0)
            cpl_json_int(json, "field_id", field->field_id);
        cpl_json_close(json);
    }
    cpl_json_close(json);
    cpl_buffer_release(&type);
}

static const char *text_of(const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = cpl_tree_get(map, key);
    return node && node->kind == CPL_NODE_SCALAR ? node->text : NULL;
}

/* *some: there is a field. false only without memory. */
static bool take_field(const struct cpl_node *item, struct cpl_arena *arena,
                       struct cpl_field *field, bool *some, struct cpl_error *err)
{
    struct cpl_error why = {0};
    const char *type = text_of(item, "type"), *nullable = text_of(item, "nullable");
    *field = (struct cpl_field){.name = text_of(item, "name"),
                                .nullable = !nullable || !strcmp(nullable, "true"),
                                .field_id = -1};
    *some = field->name && type && cpl_type_parse(type, arena, &field->type, &why);
    return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
}

struct cpl_schema *cpl_schema_take(const struct cpl_node *list, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_schema *schema = NULL;
    size_t most = list && list->kind == CPL_NODE_LIST ? list->n_children : 0;
    struct cpl_field *fields = cpl_arena_alloc(&arena, most * sizeof *fields, err);
    uint32_t n = 0;
    bool ok = fields != NULL;
    for (const struct cpl_node *item = most ? list->first : NULL; ok && item; item = item->next) {
        bool some;
        ok = take_field(item, &arena, &fields[n], &some, err);
        n += ok && some;
    }
    if (ok)
        schema = cpl_schema_new(fields, n, err);
    cpl_arena_release(&arena);
    return schema;
}

#include "batch/schema.h"

#include <string.h>

/* ---- facts about kinds ---- */

bool cpl_kind_is_nested(enum cpl_kind kind)
{
    return kind == CPL_STRUCT || kind == CPL_LIST || kind == CPL_MAP;
}

bool cpl_kind_is_slice(enum cpl_kind kind)
{
    return kind == CPL_STRING || kind == CPL_BINARY || kind == CPL_JSON;
}

size_t cpl_type_width(const struct cpl_type *type)
{
    switch (type->kind) {
    case CPL_BOOL:
    case CPL_I8:
    case CPL_U8:
        return 1;
    case CPL_I16:
    case CPL_U16:
        return 2;
    case CPL_I32:
    case CPL_U32:
    case CPL_F32:
    case CPL_DATE:
        return 4;
    case CPL_I64:
    case CPL_U64:
    case CPL_F64:
    case CPL_TIME:
    case CPL_TIMESTAMP:
        return 8;
    case CPL_DECIMAL:
        return type->precision <= 18 ? 8 : 16;
    case CPL_STRING:
    case CPL_BINARY:
    case CPL_JSON:
    case CPL_UUID:
        return 16;
    default:
        return 0;
    }
}

/* ---- comparing ---- */

static bool fields_equal(const struct cpl_field *a, const struct cpl_field *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(a[i].name, b[i].name) != 0 || a[i].nullable != b[i].nullable ||
            a[i].field_id != b[i].field_id || !cpl_type_equal(&a[i].type, &b[i].type))
            return false;
    return true;
}

/* Members that a kind does not use (a string's unit) are no part of the comparison. */
bool cpl_type_equal(const struct cpl_type *a, const struct cpl_type *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case CPL_TIME:
        return a->unit == b->unit;
    case CPL_TIMESTAMP:
        return a->unit == b->unit && a->utc == b->utc;
    case CPL_DECIMAL:
        return a->precision == b->precision && a->scale == b->scale;
    default:
        return !cpl_kind_is_nested(a->kind) ||
               (a->n_children == b->n_children &&
                fields_equal(a->children, b->children, a->n_children));
    }
}

bool cpl_schema_equal(const struct cpl_schema *a, const struct cpl_schema *b)
{
    return a->n_fields == b->n_fields && fields_equal(a->fields, b->fields, a->n_fields);
}

int cpl_schema_find(const struct cpl_schema *schema, const char *name)
{
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (strcmp(schema->fields[i].name, name) == 0)
            return (int)i;
    return -1;
}

uint64_t cpl_type_leaves(const struct cpl_type *type, uint64_t name_bytes, uint64_t *names)
{
    uint64_t n = 0;
    if (!type->n_children)
        *names += name_bytes;
    for (uint32_t i = 0; i < type->n_children; i++)
        n += cpl_type_leaves(&type->children[i].type,
                             name_bytes + 1 + strlen(type->children[i].name), names);
    return type->n_children ? n : 1;
}

uint64_t cpl_schema_leaves(const struct cpl_schema *schema, uint64_t *names)
{
    uint64_t n = 0;
    *names = 0;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        n += cpl_type_leaves(&schema->fields[i].type, strlen(schema->fields[i].name), names);
    return n;
}

/* ---- copying ---- */

static bool copy_fields(struct cpl_arena *arena, const struct cpl_field *from, uint32_t n,
                        struct cpl_field **to, struct cpl_error *err)
{
    struct cpl_field *fields = cpl_arena_alloc(arena, (size_t)n * sizeof *fields, err);
    if (!fields)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        fields[i] = from[i];
        fields[i].type.children = NULL;
        fields[i].name = cpl_arena_strndup(arena, from[i].name, strlen(from[i].name), err);
        if (from[i].path)
            fields[i].path = cpl_arena_strndup(arena, from[i].path, strlen(from[i].path), err);
        if (!fields[i].name || (from[i].path && !fields[i].path))
            return false;
        const struct cpl_type *type = &from[i].type;
        if (!cpl_kind_is_nested(type->kind))
            fields[i].type.n_children = 0;
        else if (!copy_fields(arena, type->children, type->n_children, &fields[i].type.children,
                              err))
            return false;
    }
    *to = fields;
    return true;
}

struct cpl_schema *cpl_schema_new(const struct cpl_field *fields, uint32_t n, struct cpl_error *err)
{
    struct cpl_schema *schema = cpl_alloc_zero(1, sizeof *schema, err);
    if (!schema)
        return NULL;
    if (!copy_fields(&schema->arena, fields, n, &schema->fields, err)) {
        cpl_schema_free(schema);
        return NULL;
    }
    schema->n_fields = n;
    return schema;
}

void cpl_schema_free(struct cpl_schema *schema)
{
    if (!schema)
        return;
    cpl_arena_release(&schema->arena);
    cpl_free(schema);
}

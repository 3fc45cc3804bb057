/* Types and fields as ArrowSchema: format strings, extension names, children. */
#include "batch/c_data.h"

#include <stdio.h>
#include <string.h>

/* What one ArrowSchema owns besides its children. */
struct owned {
    char format[24];
    char *name;
    struct cpl_buffer metadata;
};

static void release_schema(struct ArrowSchema *schema)
{
    for (int64_t i = 0; schema->children && i < schema->n_children; i++) {
        struct ArrowSchema *child = schema->children[i];
        if (child && child->release)
            child->release(child);
        cpl_free(child);
    }
    cpl_free(schema->children);
    struct owned *owned = schema->private_data;
    cpl_buffer_release(&owned->metadata);
    cpl_free(owned->name);
    cpl_free(owned);
    schema->release = NULL;
}

/* ---- format strings ---- */

static const char *const plain_formats[CPL_KIND_COUNT] = {
    [CPL_BOOL] = "b",    [CPL_I8] = "c",    [CPL_I16] = "s",     [CPL_I32] = "i",
    [CPL_I64] = "l",     [CPL_U8] = "C",    [CPL_U16] = "S",     [CPL_U32] = "I",
    [CPL_U64] = "L",     [CPL_F32] = "f",   [CPL_F64] = "g",     [CPL_STRING] = "u",
    [CPL_BINARY] = "z",  [CPL_JSON] = "u",  [CPL_UUID] = "w:16", [CPL_DATE] = "tdD",
    [CPL_STRUCT] = "+s", [CPL_LIST] = "+l", [CPL_MAP] = "+m"};

static void write_format(const struct cpl_type *type, char *out, size_t size)
{
    static const char units[] = "smun";
    if (type->kind == CPL_DECIMAL)
        snprintf(out, size, "d:%d,%d", type->precision, type->scale);
    else if (type->kind == CPL_TIME)
        snprintf(out, size, "tt%c", units[type->unit]);
    else if (type->kind == CPL_TIMESTAMP)
        snprintf(out, size, "ts%c:%s", units[type->unit], type->utc ? "UTC" : "");
    else
        snprintf(out, size, "%s", plain_formats[type->kind]);
}

/* ---- metadata: count, then length and bytes of each key and value, as native int32 ---- */

static bool put_piece(struct cpl_buffer *out, const char *text, struct cpl_error *err)
{
    int32_t length = (int32_t)strlen(text);
    return cpl_buffer_append(out, &length, sizeof length, err) &&
           cpl_buffer_append(out, text, (size_t)length, err);
}

static bool put_pair(struct cpl_buffer *out, const char *key, const char *value,
                     struct cpl_error *err)
{
    return put_piece(out, key, err) && put_piece(out, value, err);
}

static bool write_metadata(const struct cpl_field *field, struct cpl_buffer *out,
                           struct cpl_error *err)
{
    const char *extension = field->type.kind == CPL_JSON   ? "arrow.json"
                            : field->type.kind == CPL_UUID ? "arrow.uuid"
                                                           : NULL;
    int32_t count = (extension ? 2 : 0) + (field->field_id >= 0);
    char id[16];
    snprintf(id, sizeof id, "%d", field->field_id);
    if (count == 0)
        return true;
    return cpl_buffer_append(out, &count, sizeof count, err) &&
           (!extension || (put_pair(out, "ARROW:extension:name", extension, err) &&
                           put_pair(out, "ARROW:extension:metadata", "", err))) &&
           (field->field_id < 0 || put_pair(out, "PARQUET:field_id", id, err));
}

/* ---- nodes ---- */

static bool export_node(const struct cpl_field *field, struct ArrowSchema *out,
                        struct cpl_error *err)
{
    struct owned *owned = cpl_alloc_zero(1, sizeof *owned, err);
    *out = (struct ArrowSchema){.release = owned ? release_schema : NULL, .private_data = owned};
    if (!owned)
        return false;
    owned->name = cpl_strdup(field->name, err);
    if (!owned->name || !write_metadata(field, &owned->metadata, err))
        return false;
    write_format(&field->type, owned->format, sizeof owned->format);
    out->format = owned->format;
    out->name = owned->name;
    out->metadata = owned->metadata.size ? (const char *)owned->metadata.data : NULL;
    out->flags = field->nullable ? ARROW_FLAG_NULLABLE : 0;
    return true;
}

static bool export_fields(const struct cpl_field *fields, uint32_t n, struct ArrowSchema *out,
                          struct cpl_error *err)
{
    out->children = cpl_alloc_zero(n, sizeof *out->children, err);
    if (!out->children)
        return false;
    for (uint32_t i = 0; i < n; i++) {
        out->n_children = i + 1;
        out->children[i] = cpl_alloc_zero(1, sizeof **out->children, err);
        if (!out->children[i] || !cpl_export_field(&fields[i], out->children[i], err))
            return false;
    }
    return true;
}

static bool export_children(const struct cpl_field *field, struct ArrowSchema *out,
                            struct cpl_error *err)
{
    const struct cpl_type *type = &field->type;
    if (!cpl_kind_is_nested(type->kind))
        return true;
    if (type->kind != CPL_MAP)
        return export_fields(type->children, type->n_children, out, err);
    /* A map's child is a struct of key and value. */
    struct cpl_field entries = {
        .name = "entries",
        .type = {.kind = CPL_STRUCT, .n_children = type->n_children, .children = type->children},
        .field_id = -1};
    return export_fields(&entries, 1, out, err);
}

bool cpl_export_field(const struct cpl_field *field, struct ArrowSchema *out, struct cpl_error *err)
{
    if (export_node(field, out, err) && export_children(field, out, err))
        return true;
    if (out->release)
        out->release(out);
    return false;
}

bool cpl_export_schema(const struct cpl_schema *schema, struct ArrowSchema *out,
                       struct cpl_error *err)
{
    struct cpl_field root = {
        .name = "",
        .type = {.kind = CPL_STRUCT, .n_children = schema->n_fields, .children = schema->fields},
        .field_id = -1};
    return cpl_export_field(&root, out, err);
}

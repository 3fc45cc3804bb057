#include "batch/builder.h"

#include <string.h>

enum { SLACK = 64 };

static bool has_offsets(enum cpl_kind kind)
{
    return kind == CPL_LIST || kind == CPL_MAP;
}

static bool init_children(struct cpl_builder *builder, uint32_t capacity, struct cpl_error *err)
{
    const struct cpl_type *type = &builder->column.field->type;
    size_t n = type->n_children;
    builder->children = cpl_alloc_zero(n, sizeof *builder->children, err);
    builder->column.children = cpl_alloc_zero(n, sizeof *builder->column.children, err);
    if (!builder->children || !builder->column.children)
        return false;
    for (uint32_t i = 0; i < type->n_children; i++) {
        builder->column.n_children = i + 1;
        if (!cpl_builder_init(&builder->children[i], &type->children[i], capacity, err))
            return false;
    }
    return true;
}

bool cpl_builder_init(struct cpl_builder *builder, const struct cpl_field *field, uint32_t capacity,
                      struct cpl_error *err)
{
    *builder = (struct cpl_builder){.column.field = field};
    if (cpl_builder_reserve(builder, capacity ? capacity : 1, err) &&
        (!cpl_kind_is_nested(field->type.kind) || init_children(builder, capacity, err)))
        return true;
    cpl_builder_release(builder);
    return false;
}

void cpl_builder_release(struct cpl_builder *builder)
{
    for (uint32_t i = 0; builder->children && i < builder->column.n_children; i++)
        cpl_builder_release(&builder->children[i]);
    cpl_free(builder->children);
    cpl_free(builder->column.children);
    cpl_free(builder->column.values);
    cpl_free(builder->column.offsets);
    cpl_free(builder->bits);
    *builder = (struct cpl_builder){0};
}

uint64_t cpl_builder_memory(const struct cpl_builder *builder)
{
    const struct cpl_type *type = &builder->column.field->type;
    size_t width = cpl_type_width(type) + (has_offsets(type->kind) ? sizeof(uint32_t) : 0);
    uint64_t bytes = builder->capacity * (uint64_t)width + builder->capacity / 8;
    for (uint32_t i = 0; builder->children && i < builder->column.n_children; i++)
        bytes += cpl_builder_memory(&builder->children[i]);
    return bytes;
}

static void set_nulls(struct cpl_builder *builder, uint32_t null_count)
{
    builder->column.null_count = null_count;
    builder->column.validity = null_count ? builder->bits : NULL;
}

void cpl_builder_clear(struct cpl_builder *builder)
{
    if (builder->column.null_count)
        memset(builder->bits, 0xFF, builder->capacity / 8);
    set_nulls(builder, 0);
    builder->column.length = 0;
    for (uint32_t i = 0; i < builder->column.n_children; i++)
        cpl_builder_clear(&builder->children[i]);
}

/* ---- growing ---- */

static bool grow(void **block, size_t size, struct cpl_error *err)
{
    void *bigger = cpl_realloc(*block, size + SLACK, err);
    if (bigger)
        *block = bigger;
    return bigger != NULL;
}

static bool grow_to(struct cpl_builder *builder, uint32_t capacity, struct cpl_error *err)
{
    struct cpl_column *column = &builder->column;
    size_t width = cpl_type_width(&column->field->type);
    if (width && !grow(&column->values, capacity * width, err))
        return false;
    if (has_offsets(column->field->type.kind)) {
        void *offsets = column->offsets;
        bool ok = grow(&offsets, ((size_t)capacity + 1) * sizeof *column->offsets, err);
        column->offsets = offsets;
        if (!ok)
            return false;
        column->offsets[0] = 0;
    }
    void *bits = builder->bits;
    bool ok = grow(&bits, capacity / 8, err);
    builder->bits = bits;
    if (!ok)
        return false;
    memset(builder->bits + builder->capacity / 8, 0xFF, (capacity - builder->capacity) / 8);
    if (column->validity)
        column->validity = builder->bits;
    builder->capacity = capacity;
    return true;
}

bool cpl_builder_reserve(struct cpl_builder *builder, uint32_t extra, struct cpl_error *err)
{
    uint32_t length = builder->column.length;
    if (extra <= builder->capacity - length)
        return true;
    if (extra > CPL_BUILDER_MAX - length)
        return cpl_fail(err, CPL_E_LIMIT, "column %s would hold more than %d values in one batch",
                        builder->column.field->name, CPL_BUILDER_MAX);
    uint32_t wanted = length + extra;
    uint32_t doubled = builder->capacity < CPL_BUILDER_MAX / 2 ? builder->capacity * 2 : wanted;
    uint32_t capacity = wanted > doubled ? wanted : doubled;
    bool ok = grow_to(builder, (capacity + 63) & ~63u, err);
    /* A failed growth may have moved the bitmap. */
    set_nulls(builder, builder->column.null_count);
    return ok;
}

/* ---- nulls, and taking back ---- */

static bool null_children(struct cpl_builder *builder, struct cpl_error *err)
{
    for (uint32_t i = 0; i < builder->column.n_children; i++)
        if (!cpl_builder_null(&builder->children[i], err))
            return false;
    return true;
}

static void zero_value(struct cpl_column *column, uint32_t row)
{
    if (cpl_kind_is_slice(column->field->type.kind)) {
        column->slices[row] = (struct cpl_slice){.data = cpl_no_bytes};
    } else if (has_offsets(column->field->type.kind)) {
        column->offsets[row + 1] = column->offsets[row];
    } else {
        size_t width = cpl_type_width(&column->field->type);
        if (width)
            memset(column->u8 + width * row, 0, width);
    }
}

bool cpl_builder_null(struct cpl_builder *builder, struct cpl_error *err)
{
    struct cpl_column *column = &builder->column;
    if (!cpl_builder_room(builder, err))
        return false;
    if (column->field->type.kind == CPL_STRUCT && !null_children(builder, err))
        return false;
    zero_value(column, column->length);
    cpl_bit_clear(builder->bits, column->length);
    column->length++;
    set_nulls(builder, column->null_count + 1);
    return true;
}

static void forget_nulls(struct cpl_builder *builder, uint32_t from)
{
    uint32_t nulls = builder->column.null_count;
    for (uint32_t i = from; nulls && i < builder->column.length; i++) {
        nulls -= !cpl_is_valid(&builder->column, i);
        cpl_bit_set(builder->bits, i);
    }
    set_nulls(builder, nulls);
}

void cpl_builder_truncate(struct cpl_builder *builder, uint32_t length)
{
    struct cpl_column *column = &builder->column;
    uint32_t kept = length < column->length ? length : column->length;
    forget_nulls(builder, kept);
    column->length = kept;
    bool offsets = has_offsets(column->field->type.kind);
    uint32_t child_length = offsets ? (uint32_t)column->offsets[kept] : length;
    for (uint32_t i = 0; i < column->n_children; i++)
        cpl_builder_truncate(&builder->children[i], child_length);
}

struct cpl_column *cpl_builder_finish(struct cpl_builder *builder)
{
    for (uint32_t i = 0; i < builder->column.n_children; i++)
        builder->column.children[i] = *cpl_builder_finish(&builder->children[i]);
    return &builder->column;
}

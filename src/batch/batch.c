#include "batch/batch.h"

#include <string.h>

const uint8_t cpl_no_bytes[64] __attribute__((aligned(64)));

/* ---- gathering in place: keep[] ascends, so a value is never overwritten before it was moved ----
 */

static void select_validity(struct cpl_column *column, const uint32_t *keep, uint32_t n)
{
    if (!column->validity)
        return;
    uint32_t nulls = 0;
    for (uint32_t i = 0; i < n; i++) {
        bool valid = cpl_is_valid(column, keep[i]);
        nulls += !valid;
        if (valid)
            cpl_bit_set(column->validity, i);
        else
            cpl_bit_clear(column->validity, i);
    }
    column->null_count = nulls;
    if (!nulls)
        column->validity = NULL;
}

static void select_values(struct cpl_column *column, const uint32_t *keep, uint32_t n)
{
    switch (cpl_type_width(&column->field->type)) {
    case 1:
        for (uint32_t i = 0; i < n; i++)
            column->u8[i] = column->u8[keep[i]];
        break;
    case 2:
        for (uint32_t i = 0; i < n; i++)
            column->u16[i] = column->u16[keep[i]];
        break;
    case 4:
        for (uint32_t i = 0; i < n; i++)
            column->u32[i] = column->u32[keep[i]];
        break;
    case 8:
        for (uint32_t i = 0; i < n; i++)
            column->u64[i] = column->u64[keep[i]];
        break;
    default:
        for (uint32_t i = 0; i < n; i++)
            memmove(column->uuid[i], column->uuid[keep[i]], 16);
        break;
    }
}

static bool select_column(struct cpl_column *column, const uint32_t *keep, uint32_t n,
                          struct cpl_arena *scratch, struct cpl_error *err);

static bool select_children(struct cpl_column *column, const uint32_t *keep, uint32_t n,
                            struct cpl_arena *scratch, struct cpl_error *err)
{
    for (uint32_t i = 0; i < column->n_children; i++)
        if (!select_column(&column->children[i], keep, n, scratch, err))
            return false;
    return true;
}

/* The elements of the kept lists, as a selection of the children. */
static bool select_lists(struct cpl_column *column, const uint32_t *keep, uint32_t n,
                         struct cpl_arena *scratch, struct cpl_error *err)
{
    int32_t *offsets = column->offsets;
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += (size_t)(offsets[keep[i] + 1] - offsets[keep[i]]);
    uint32_t *elements = cpl_arena_alloc(scratch, total * sizeof *elements, err);
    if (!elements)
        return false;
    uint32_t at = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t from = (uint32_t)offsets[keep[i]], to = (uint32_t)offsets[keep[i] + 1];
        offsets[i] = (int32_t)at;
        while (from < to)
            elements[at++] = from++;
    }
    offsets[n] = (int32_t)at;
    return select_children(column, elements, at, scratch, err);
}

static bool select_column(struct cpl_column *column, const uint32_t *keep, uint32_t n,
                          struct cpl_arena *scratch, struct cpl_error *err)
{
    select_validity(column, keep, n);
    column->length = n;
    switch (column->field->type.kind) {
    case CPL_STRUCT:
        return select_children(column, keep, n, scratch, err);
    case CPL_LIST:
    case CPL_MAP:
        return select_lists(column, keep, n, scratch, err);
    default:
        select_values(column, keep, n);
        return true;
    }
}

/* Origins may lie in memory that others share, so the kept ones are copied. */
static bool select_origin(const uint32_t **origin, const uint32_t *keep, uint32_t n,
                          struct cpl_arena *scratch, struct cpl_error *err)
{
    if (!*origin)
        return true;
    uint32_t *kept = cpl_arena_alloc(scratch, (size_t)n * sizeof *kept, err);
    if (!kept)
        return false;
    for (uint32_t i = 0; i < n; i++)
        kept[i] = (*origin)[keep[i]];
    *origin = kept;
    return true;
}

bool cpl_batch_select(struct cpl_batch *batch, const uint32_t *keep, uint32_t n,
                      struct cpl_arena *scratch, struct cpl_error *err)
{
    if (n == batch->rows)
        return true;
    if (!select_origin(&batch->row_start, keep, n, scratch, err) ||
        !select_origin(&batch->row_end, keep, n, scratch, err) ||
        !select_origin(&batch->row_line, keep, n, scratch, err))
        return false;
    for (uint32_t i = 0; i < batch->schema->n_fields; i++)
        if (!select_column(&batch->columns[i], keep, n, scratch, err))
            return false;
    batch->rows = n;
    return true;
}

/* ---- copies ---- */

enum { COPY_SLACK = 64 };

static bool copy_array(void **array, size_t size, struct cpl_arena *arena, struct cpl_error *err)
{
    if (!*array)
        return true;
    void *copy = cpl_arena_alloc(arena, size + COPY_SLACK, err);
    if (!copy)
        return false;
    memcpy(copy, *array, size);
    memset((uint8_t *)copy + size, 0, COPY_SLACK);
    *array = copy;
    return true;
}

static bool copy_children(struct cpl_column *copy, struct cpl_arena *arena, struct cpl_error *err)
{
    const struct cpl_column *from = copy->children;
    uint32_t n = copy->field->type.n_children;
    if (!from || !n)
        return true;
    copy->children = cpl_arena_alloc(arena, n * sizeof *copy->children, err);
    for (uint32_t i = 0; copy->children && i < n; i++)
        if (!cpl_column_copy(&from[i], &copy->children[i], arena, err))
            return false;
    return copy->children != NULL;
}

bool cpl_column_copy(const struct cpl_column *column, struct cpl_column *copy,
                     struct cpl_arena *arena, struct cpl_error *err)
{
    *copy = *column;
    size_t width = cpl_type_width(&column->field->type);
    void *validity = copy->validity, *offsets = copy->offsets;
    bool ok = copy_array(&validity, (column->length + 7) / 8, arena, err) &&
              copy_array(&offsets, (column->length + 1) * sizeof *copy->offsets, arena, err) &&
              (!width || copy_array(&copy->values, column->length * width, arena, err));
    copy->validity = validity;
    copy->offsets = offsets;
    return ok && copy_children(copy, arena, err);
}

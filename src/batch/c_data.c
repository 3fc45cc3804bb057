/* Batches as ArrowArray: every buffer is copied into Arrow's layout, every node owns its buffers. */
#include "batch/c_data.h"

#include <string.h>

/* What one ArrowArray owns besides its children. */
struct owned {
    const void *buffers[3];
};

/* Rows [from, from + n) of a column. */
struct range {
    uint32_t from, n;
};

static void release_array(struct ArrowArray *array)
{
    for (int64_t i = 0; array->children && i < array->n_children; i++) {
        struct ArrowArray *child = array->children[i];
        if (child && child->release)
            child->release(child);
        cpl_free(child);
    }
    cpl_free(array->children);
    struct owned *owned = array->private_data;
    for (int i = 0; i < 3; i++)
        cpl_free((void *)(uintptr_t)owned->buffers[i]);
    cpl_free(owned);
    array->release = NULL;
}

static bool new_node(struct ArrowArray *out, int64_t length, int n_buffers, struct cpl_error *err)
{
    struct owned *owned = cpl_alloc_zero(1, sizeof *owned, err);
    *out = (struct ArrowArray){0};
    if (!owned)
        return false;
    *out = (struct ArrowArray){.length = length,
                               .n_buffers = n_buffers,
                               .buffers = owned->buffers,
                               .release = release_array,
                               .private_data = owned};
    return true;
}

/* A zeroed buffer that the node owns. */
static void *new_buffer(struct ArrowArray *out, int index, size_t size, struct cpl_error *err)
{
    size_t padded = (size + 63) & ~(size_t)63;
    void *buffer = cpl_alloc(padded ? padded : 64, err);
    if (buffer)
        memset(buffer, 0, padded ? padded : 64);
    out->buffers[index] = buffer;
    return buffer;
}

/* ---- buffers ---- */

static bool put_validity(const struct cpl_column *column, struct range rows, struct ArrowArray *out,
                         struct cpl_error *err)
{
    uint32_t nulls = 0;
    for (uint32_t i = 0; column->null_count && i < rows.n; i++)
        nulls += !cpl_is_valid(column, rows.from + i);
    if (nulls == 0)
        return true;
    uint8_t *bits = new_buffer(out, 0, (rows.n + 7u) / 8, err);
    if (!bits)
        return false;
    for (uint32_t i = 0; i < rows.n; i++)
        if (cpl_is_valid(column, rows.from + i))
            cpl_bit_set(bits, i);
    out->null_count = nulls;
    return true;
}

static bool put_bits(const struct cpl_column *column, struct range rows, struct ArrowArray *out,
                     struct cpl_error *err)
{
    uint8_t *bits = new_buffer(out, 1, (rows.n + 7u) / 8, err);
    for (uint32_t i = 0; bits && i < rows.n; i++)
        if (column->u8[rows.from + i])
            cpl_bit_set(bits, i);
    return bits != NULL;
}

static bool put_wide_decimals(const struct cpl_column *column, struct range rows,
                              struct ArrowArray *out, struct cpl_error *err)
{
    cpl_int128 *wide = new_buffer(out, 1, (size_t)rows.n * sizeof *wide, err);
    for (uint32_t i = 0; wide && i < rows.n; i++)
        wide[i] = column->i64[rows.from + i];
    return wide != NULL;
}

/* Seconds and milliseconds of a day are 32-bit in Arrow. */
static bool put_short_times(const struct cpl_column *column, struct range rows,
                            struct ArrowArray *out, struct cpl_error *err)
{
    int32_t *times = new_buffer(out, 1, (size_t)rows.n * sizeof *times, err);
    for (uint32_t i = 0; times && i < rows.n; i++)
        times[i] = (int32_t)column->i64[rows.from + i];
    return times != NULL;
}

static bool put_same_width(const struct cpl_column *column, struct range rows,
                           struct ArrowArray *out, struct cpl_error *err)
{
    size_t width = cpl_type_width(&column->field->type);
    uint8_t *values = new_buffer(out, 1, rows.n * width, err);
    if (values && rows.n)
        memcpy(values, column->u8 + rows.from * width, rows.n * width);
    return values != NULL;
}

static bool too_big(const struct cpl_column *column, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_LIMIT,
                    "column %s holds more than 2 GiB in one batch, more than Arrow's 32-bit "
                    "offsets can name; use smaller batches",
                    column->field->name);
}

static bool put_slices(const struct cpl_column *column, struct range rows, struct ArrowArray *out,
                       struct cpl_error *err)
{
    int32_t *offsets = new_buffer(out, 1, ((size_t)rows.n + 1) * sizeof *offsets, err);
    if (!offsets)
        return false;
    uint64_t total = 0;
    for (uint32_t i = 0; i < rows.n; i++) {
        total += column->slices[rows.from + i].length;
        if (total > INT32_MAX)
            return too_big(column, err);
        offsets[i + 1] = (int32_t)total;
    }
    uint8_t *bytes = new_buffer(out, 2, total, err);
    if (!bytes)
        return false;
    for (uint32_t i = 0; i < rows.n; i++) {
        const struct cpl_slice *slice = &column->slices[rows.from + i];
        if (slice->length)
            memcpy(bytes + offsets[i], slice->data, slice->length);
    }
    return true;
}

static bool put_values(const struct cpl_column *column, struct range rows, struct ArrowArray *out,
                       struct cpl_error *err)
{
    const struct cpl_type *type = &column->field->type;
    if (cpl_kind_is_slice(type->kind))
        return put_slices(column, rows, out, err);
    if (type->kind == CPL_BOOL)
        return put_bits(column, rows, out, err);
    if (type->kind == CPL_DECIMAL && type->precision <= 18)
        return put_wide_decimals(column, rows, out, err);
    if (type->kind == CPL_TIME && type->unit <= CPL_MILLI)
        return put_short_times(column, rows, out, err);
    return put_same_width(column, rows, out, err);
}

/* ---- nested ---- */

static bool export_column(const struct cpl_column *column, struct range rows,
                          struct ArrowArray *out, struct cpl_error *err);

static bool new_children(struct ArrowArray *out, uint32_t n, struct cpl_error *err)
{
    out->children = cpl_alloc_zero(n, sizeof *out->children, err);
    for (uint32_t i = 0; out->children && i < n; i++) {
        out->n_children = i + 1;
        out->children[i] = cpl_alloc_zero(1, sizeof **out->children, err);
        if (!out->children[i])
            return false;
    }
    return out->children != NULL;
}

static bool export_columns(const struct cpl_column *columns, uint32_t n, struct range rows,
                           struct ArrowArray *out, struct cpl_error *err)
{
    if (!new_children(out, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!export_column(&columns[i], rows, out->children[i], err))
            return false;
    return true;
}

/* Key and value hang in a struct of their own. */
static bool export_entries(const struct cpl_column *map, struct range elements,
                           struct ArrowArray *out, struct cpl_error *err)
{
    return new_children(out, 1, err) && new_node(out->children[0], elements.n, 1, err) &&
           export_columns(map->children, map->n_children, elements, out->children[0], err);
}

static bool export_list(const struct cpl_column *column, struct range rows, struct ArrowArray *out,
                        struct cpl_error *err)
{
    int32_t *offsets = new_buffer(out, 1, ((size_t)rows.n + 1) * sizeof *offsets, err);
    if (!offsets)
        return false;
    int32_t first = column->offsets[rows.from];
    for (uint32_t i = 0; i <= rows.n; i++)
        offsets[i] = column->offsets[rows.from + i] - first;
    struct range elements = {.from = (uint32_t)first, .n = (uint32_t)offsets[rows.n]};
    return column->field->type.kind == CPL_MAP
               ? export_entries(column, elements, out, err)
               : export_columns(column->children, column->n_children, elements, out, err);
}

static int buffers_of(enum cpl_kind kind)
{
    return kind == CPL_STRUCT ? 1 : cpl_kind_is_slice(kind) ? 3 : 2;
}

static bool export_column(const struct cpl_column *column, struct range rows,
                          struct ArrowArray *out, struct cpl_error *err)
{
    enum cpl_kind kind = column->field->type.kind;
    if (!new_node(out, rows.n, buffers_of(kind), err) || !put_validity(column, rows, out, err))
        return false;
    if (kind == CPL_STRUCT)
        return export_columns(column->children, column->n_children, rows, out, err);
    return cpl_kind_is_nested(kind) ? export_list(column, rows, out, err)
                                    : put_values(column, rows, out, err);
}

bool cpl_export_batch(const struct cpl_batch *batch, uint32_t from, uint32_t n,
                      struct ArrowArray *out, struct cpl_error *err)
{
    struct range rows = {.from = from, .n = n};
    if (new_node(out, n, 1, err) &&
        export_columns(batch->columns, batch->schema->n_fields, rows, out, err))
        return true;
    if (out->release)
        out->release(out);
    return false;
}

/* ---- how much fits ---- */

/* The most bytes that one string column of the range (or one below it) needs. */
static uint64_t most_bytes(const struct cpl_column *column, struct range rows)
{
    uint64_t most = 0;
    enum cpl_kind kind = column->field->type.kind;
    if (cpl_kind_is_slice(kind))
        for (uint32_t i = 0; i < rows.n; i++)
            most += column->slices[rows.from + i].length;
    if (kind == CPL_LIST || kind == CPL_MAP) {
        int32_t first = column->offsets[rows.from], last = column->offsets[rows.from + rows.n];
        rows = (struct range){.from = (uint32_t)first, .n = (uint32_t)(last - first)};
    }
    for (uint32_t i = 0; i < column->n_children; i++) {
        uint64_t bytes = most_bytes(&column->children[i], rows);
        most = bytes > most ? bytes : most;
    }
    return most;
}

uint32_t cpl_export_fit(const struct cpl_batch *batch, uint32_t from)
{
    struct range rows = {.from = from, .n = batch->rows - from};
    for (uint32_t i = 0; i < batch->schema->n_fields; i++)
        while (rows.n > 1 && most_bytes(&batch->columns[i], rows) > INT32_MAX)
            rows.n /= 2;
    return rows.n;
}

#include "batch/row_order.h"

#include <string.h>

/* A value as it is compared. */
struct image {
    bool valid, is_bytes, is_real;
    cpl_int128 number;
    double real;
    struct cpl_slice bytes;
};
struct cpl_row_order {
    const struct cpl_order_key *keys;
    uint32_t n;
    bool begun;                        /* `last` holds a row */
    struct image *last, *now;          /* n each */
    const struct cpl_column **columns; /* of the batch at hand */
    struct cpl_buffer *kept;           /* where the bytes of `last` are between batches */
};

struct cpl_row_order *cpl_row_order_new(const struct cpl_order_key *keys, uint32_t n,
                                        struct cpl_error *err)
{
    struct cpl_row_order *order = cpl_alloc_zero(1, sizeof *order, err);
    if (!order)
        return NULL;
    *order = (struct cpl_row_order){.keys = keys, .n = n};
    if ((order->last = cpl_alloc_zero(n, sizeof *order->last, err)) &&
        (order->now = cpl_alloc_zero(n, sizeof *order->now, err)) &&
        (order->columns = cpl_alloc_zero(n, sizeof *order->columns, err)) &&
        (order->kept = cpl_alloc_zero(n, sizeof *order->kept, err)))
        return order;
    cpl_row_order_free(order);
    return NULL;
}

void cpl_row_order_free(struct cpl_row_order *order)
{
    if (!order)
        return;
    for (uint32_t k = 0; order->kept && k < order->n; k++)
        cpl_buffer_release(&order->kept[k]);
    cpl_free(order->kept);
    cpl_free(order->columns);
    cpl_free(order->now);
    cpl_free(order->last);
    cpl_free(order);
}

void cpl_row_order_restart(struct cpl_row_order *order)
{
    order->begun = false;
}

static const struct cpl_column *find(const struct cpl_batch *batch, const struct cpl_order_key *key)
{
    const struct cpl_column *column = &batch->columns[key->steps[0]];
    for (uint32_t i = 1; i < key->n_steps; i++)
        column = &column->children[key->steps[i]];
    return column;
}

static void load(const struct cpl_column *column, uint32_t row, struct image *image)
{
    const struct cpl_type *type = &column->field->type;
    *image = (struct image){.valid = cpl_is_valid(column, row),
                            .is_bytes = cpl_kind_is_slice(type->kind) || type->kind == CPL_UUID,
                            .is_real = type->kind == CPL_F32 || type->kind == CPL_F64};
    if (!image->valid)
        return;
    if (type->kind == CPL_UUID)
        image->bytes = (struct cpl_slice){.data = column->uuid[row], .length = 16};
    else if (image->is_bytes)
        image->bytes = column->slices[row];
    else if (image->is_real)
        image->real = type->kind == CPL_F32 ? (double)column->f32[row] : column->f64[row];
    else if (type->kind == CPL_U64)
        image->number = (cpl_int128)column->u64[row];
    else if (cpl_type_width(type) == 16)
        image->number = column->i128[row];
    else if (type->kind == CPL_BOOL || type->kind == CPL_U8)
        image->number = column->u8[row];
    else if (type->kind == CPL_U16)
        image->number = column->u16[row];
    else if (type->kind == CPL_U32)
        image->number = column->u32[row];
    else
        switch (cpl_type_width(type)) {
        case 1:
            image->number = column->i8[row];
            break;
        case 2:
            image->number = column->i16[row];
            break;
        case 4:
            image->number = column->i32[row];
            break;
        default:
            image->number = column->i64[row];
        }
}

static int compare_reals(double a, double b)
{
    bool a_nan = a != a, b_nan = b != b;
    if (a_nan || b_nan)
        return a_nan - b_nan;
    return (a > b) - (a < b);
}

static int compare_bytes(const struct cpl_slice *a, const struct cpl_slice *b)
{
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int sign = shorter ? memcmp(a->data, b->data, shorter) : 0;
    return sign ? sign : (a->length > b->length) - (a->length < b->length);
}

/* Positive: a belongs behind b. */
static int compare(const struct cpl_order_key *key, const struct image *a, const struct image *b)
{
    if (!a->valid || !b->valid)
        return key->nulls_first ? a->valid - b->valid : b->valid - a->valid;
    int sign = a->is_bytes  ? compare_bytes(&a->bytes, &b->bytes)
               : a->is_real ? compare_reals(a->real, b->real)
                            : (a->number > b->number) - (a->number < b->number);
    return key->descending ? -sign : sign;
}

static bool in_order(const struct cpl_row_order *order)
{
    for (uint32_t k = 0; order->begun && k < order->n; k++) {
        int sign = compare(&order->keys[k], &order->last[k], &order->now[k]);
        if (sign)
            return sign < 0;
    }
    return true;
}

/* The last row's bytes, which lie in the batch, to where they will last. */
static bool keep(struct cpl_row_order *order, struct cpl_error *err)
{
    for (uint32_t k = 0; k < order->n; k++) {
        struct cpl_slice *bytes = &order->last[k].bytes;
        if (!order->last[k].valid || !order->last[k].is_bytes)
            continue;
        order->kept[k].size = 0;
        if (!cpl_buffer_append(&order->kept[k], bytes->data, bytes->length, err))
            return false;
        bytes->data = order->kept[k].data;
    }
    return true;
}

bool cpl_row_order_add(struct cpl_row_order *order, const struct cpl_batch *batch,
                       const uint32_t *selection, uint32_t first, uint32_t n, uint32_t *stray,
                       struct cpl_error *err)
{
    *stray = UINT32_MAX;
    for (uint32_t k = 0; k < order->n; k++)
        order->columns[k] = find(batch, &order->keys[k]);
    for (uint32_t i = first; i < first + n; i++) {
        uint32_t row = selection ? selection[i] : i;
        for (uint32_t k = 0; k < order->n; k++)
            load(order->columns[k], row, &order->now[k]);
        if (*stray == UINT32_MAX && !in_order(order))
            *stray = i;
        struct image *last = order->last;
        order->last = order->now;
        order->now = last;
        order->begun = true;
    }
    return !n || keep(order, err);
}

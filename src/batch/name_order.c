#include "batch/name_order.h"

#include <stdlib.h>
#include <string.h>

static const char *name_at(const struct cpl_name_order *order, uint32_t i)
{
    const char *name;
    memcpy(&name, order->names + i * order->stride, sizeof name);
    return name;
}

static int compare(const void *a, const void *b, void *context)
{
    const struct cpl_name_order *order = context;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    int by_name = strcmp(name_at(order, x), name_at(order, y));
    return by_name ? by_name : x < y ? -1 : x > y;
}

bool cpl_name_order_init(struct cpl_name_order *order, const void *first, size_t stride, uint32_t n,
                         struct cpl_error *err)
{
    *order = (struct cpl_name_order){.names = first, .stride = stride, .n = n};
    order->order = cpl_alloc((n + (size_t)1) * sizeof *order->order, err);
    if (!order->order)
        return false;
    for (uint32_t i = 0; i < n; i++)
        order->order[i] = i;
    if (n)
        qsort_r(order->order, n, sizeof *order->order, compare, order);
    return true;
}

void cpl_name_order_release(struct cpl_name_order *order)
{
    cpl_free(order->order);
    *order = (struct cpl_name_order){0};
}

int64_t cpl_name_order_find(const struct cpl_name_order *order, const char *name)
{
    uint32_t low = 0, high = order->n;
    while (low < high) { /* the first name that is not before */
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(name_at(order, order->order[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < order->n && !strcmp(name_at(order, order->order[low]), name);
    return found ? (int64_t)order->order[low] : -1;
}

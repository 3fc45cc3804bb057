/* Finding many names among many: an order over borrowed names, searched by halves.
 *
 * For loops that would otherwise compare every name with every other, which 10,000 columns make 100 million.
 * Names must outlive the order and stay where they are. Threads: read-only once it is made. */
#pragma once
#include "base/memory.h"

struct cpl_name_order {
    const char *names; /* the first; the next one stands `stride` bytes behind */
    size_t stride;
    uint32_t *order; /* indices, by name and then by index */
    uint32_t n;
};
/* `first`: address of the first `const char *`. */
bool cpl_name_order_init(struct cpl_name_order *order, const void *first, size_t stride, uint32_t n,
                         struct cpl_error *err) CPL_CHECKED;
void cpl_name_order_release(struct cpl_name_order *order);
/* The first index with that name, or -1. */
int64_t cpl_name_order_find(const struct cpl_name_order *order, const char *name);

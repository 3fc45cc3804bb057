/* What a run's variable memory has come to, and what it may come to.
 *
 * Whoever holds memory that grows with the input (pages of a part, a row of several MiB) counts it here; whoever could
 * put it down elsewhere looks first whether it still fits. It decides where bytes wait and who waits, never
 * what is written.
 * Threads: any. */
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cpl_budget {
    _Atomic uint64_t held;
    _Atomic uint64_t most;      /* of everything */
    _Atomic uint64_t for_later; /* up to here there is room for bytes that could wait elsewhere */
};

/* Of somebody's memory `*counted` bytes are in `held`; now they are `bytes`. NULL budget: nobody asks. */
static inline void cpl_budget_count(struct cpl_budget *budget, uint64_t *counted, uint64_t bytes)
{
    if (bytes == *counted)
        return;
    if (budget)
        atomic_fetch_add_explicit(&budget->held, bytes - *counted, memory_order_relaxed);
    *counted = bytes;
}

/* May `bytes` more that could wait elsewhere be held? */
static inline bool cpl_budget_fits(struct cpl_budget *budget, uint64_t bytes)
{
    return !budget || atomic_load_explicit(&budget->held, memory_order_relaxed) + bytes <=
                          atomic_load_explicit(&budget->for_later, memory_order_relaxed);
}

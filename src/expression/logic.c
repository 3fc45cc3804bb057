/* and, or, is null: three-valued logic, and faults that only matter where the other side does not decide.
 *
 *   and     true   false  null   fault        or      true   false  null   fault
 *   true    true   false  null   fault        true    true   true   true   true
 *   false   false  false  false  false        false   true   false  null   fault
 *   null    null   false  null   fault        null    true   null   null   fault
 *   fault   fault  false  fault  fault        fault   true   fault  fault  fault */
#include "expression/expression_tree.h"
#include "expression/kernels.h"

#include <string.h>

/* What is decided, what is null, what is a fault so far; `decider` is false for and, true for or. */
struct chain {
    struct cpl_slot *out;
    uint32_t n;
    uint8_t decider;
    bool nulls, faults;
    uint8_t decided[CPL_TILE];
};

static void add_nulls(struct chain *chain, const struct cpl_vector *a)
{
    if (!a->nulls)
        return;
    if (chain->nulls)
        cpl_kernels()->or_bytes(a->nulls, chain->out->nulls, chain->out->nulls, chain->n);
    else
        memcpy(chain->out->nulls, a->nulls, chain->n);
    chain->nulls = true;
}

static void add_faults(struct chain *chain, const struct cpl_vector *a)
{
    if (!a->faults)
        return;
    if (!chain->faults)
        memset(chain->out->faults, 0, chain->n);
    for (uint32_t i = 0; i < chain->n; i++)
        if (!chain->out->faults[i])
            chain->out->faults[i] = a->faults[i];
    chain->faults = true;
}

/* Bytes may alias anything: only what is restricted, and counted by a local, becomes vector code. */
static void decide(const uint8_t *restrict values, uint8_t decider, uint8_t *restrict decided,
                   uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        decided[i] |= values[i] == decider;
}
static void decide_known(const uint8_t *restrict values, const uint8_t *restrict unknown,
                         uint8_t decider, uint8_t *restrict decided, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        decided[i] |= (values[i] == decider) & (unknown[i] == 0);
}

static void add_operand(struct chain *chain, const struct cpl_vector *a)
{
    uint8_t values[CPL_TILE];
    const uint8_t *from = a->u8;
    if (!a->step)
        from = memset(values, a->u8[0], chain->n);
    if (!a->nulls && !a->faults) {
        decide(from, chain->decider, chain->decided, chain->n);
        return;
    }
    if (!a->faults) {
        decide_known(from, a->nulls, chain->decider, chain->decided, chain->n);
    } else {
        uint8_t unknown[CPL_TILE];
        for (uint32_t i = 0; i < chain->n; i++)
            unknown[i] = a->faults[i] | (a->nulls ? a->nulls[i] : 0);
        decide_known(from, unknown, chain->decider, chain->decided, chain->n);
    }
    add_nulls(chain, a);
    add_faults(chain, a);
}

static bool all_ones(const uint8_t *restrict bytes, uint32_t n)
{
    uint8_t all = 1;
    for (uint32_t i = 0; i < n; i++)
        all &= bytes[i];
    return all;
}

static void flip(const uint8_t *restrict bytes, uint8_t with, uint8_t *restrict out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        out[i] = bytes[i] ^ with;
}

static void keep_nulls(uint8_t *restrict nulls, const uint8_t *restrict decided,
                       const uint8_t *restrict faults, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        nulls[i] &= decided[i] ^ 1;
    for (uint32_t i = 0; faults && i < n; i++)
        nulls[i] &= faults[i] == 0;
}

/* A fault is no null, and neither is where it is decided. */
static void finish(struct chain *chain)
{
    struct cpl_slot *out = chain->out;
    flip(chain->decided, !chain->decider, out->u8, chain->n);
    for (uint32_t i = 0; chain->faults && i < chain->n; i++)
        out->faults[i] = chain->decided[i] ? 0 : out->faults[i];
    if (chain->nulls)
        keep_nulls(out->nulls, chain->decided, chain->faults ? out->faults : NULL, chain->n);
    out->v.nulls = chain->nulls ? out->nulls : NULL;
    out->v.faults = chain->faults ? out->faults : NULL;
}

static bool run_chain(struct cpl_frame *frame, const struct cpl_term *term, uint8_t decider)
{
    struct chain chain = {.out = cpl_slot_of(frame, term), .n = frame->n, .decider = decider};
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (!cpl_term_run(frame, term->args[i]))
            return false;
        add_operand(&chain, &cpl_slot_of(frame, term->args[i])->v);
        if (all_ones(chain.decided, frame->n))
            break;
    }
    finish(&chain);
    return true;
}

bool cpl_run_and(struct cpl_frame *frame, const struct cpl_term *term)
{
    return run_chain(frame, term, 0);
}
bool cpl_run_or(struct cpl_frame *frame, const struct cpl_term *term)
{
    return run_chain(frame, term, 1);
}

/* A fault is neither null nor not: it stays one. */
bool cpl_run_is_null(struct cpl_frame *frame, const struct cpl_term *term)
{
    struct cpl_slot *out = cpl_slot_of(frame, term);
    if (!cpl_term_run(frame, term->args[0]))
        return false;
    const struct cpl_vector *a = &cpl_slot_of(frame, term->args[0])->v;
    if (a->nulls)
        for (uint32_t i = 0; i < frame->n; i++)
            out->u8[i] = a->nulls[i] ^ (uint8_t)term->negated;
    else
        memset(out->u8, term->negated, frame->n);
    out->v.faults = a->faults;
    return true;
}

/* Rows that take their value from one of several vectors; for choose.c and the functions that are made of it. */
#pragma once
#include "expression/expression_tree.h"

struct cpl_choice {
    const struct cpl_type *type;
    struct cpl_slot *out;
    uint32_t n;
    uint8_t open[CPL_TILE]; /* 1: no branch has taken the row yet */
};
void cpl_choice_start(struct cpl_choice *choice);
/* The rows of `take` get what `from` has. */
void cpl_choose(const struct cpl_choice *choice, const uint8_t *take, struct cpl_slot *from);
/* What nothing took is null. */
void cpl_choice_finish(struct cpl_choice *choice);
/* Types and runs a term whose args are (when, then)… [else]. */
struct cpl_term *cpl_bind_branches(struct cpl_binder *binder, struct cpl_term *term);
cpl_bind_function cpl_bind_coalesce, cpl_bind_nullif;

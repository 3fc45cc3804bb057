/* What `compile` leaves for `evaluate`. */
#pragma once
#include "expression/expression_tree.h"

struct cpl_owned {
    void *object;
    void (*free_it)(void *);
    struct cpl_owned *next;
};
struct cpl_expression {
    struct cpl_arena arena; /* holds all of it */
    const struct cpl_term *root;
    const struct cpl_term **slots; /* the term of each slot; slot 0 is nobody's */
    uint32_t n_slots;
    uint32_t *columns, n_columns;
    struct cpl_owned *owned;
    struct cpl_field field; /* of what comes out */
};

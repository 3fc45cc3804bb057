/* A chain's inside, for chain.c (binding) and chain_work.c (rows). */
#pragma once
#include "run/chain.h"

struct cpl_chain_step {
    const struct cpl_transform_spec *spec;
    void *transform;
    struct cpl_schema *schema; /* behind it */
};
struct cpl_chain {
    struct cpl_chain_step *steps;
    size_t n_steps;
    const struct cpl_quality_config *quality;
    struct cpl_grading *grading;     /* NULL: rows are not graded */
    const struct cpl_schema *graded; /* what rules see: the last step's, or the decoder's */
    struct cpl_schema *landing;      /* with the columns of grades; NULL: the same */
};
bool cpl_chain_counts_init(struct cpl_chain_counts *counts, size_t n_steps, size_t n_rules,
                           struct cpl_error *err) CPL_CHECKED;

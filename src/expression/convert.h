/* Conversions that the binder inserts: kernels of one argument. term->number is the power of ten or the factor. */
#pragma once
#include "expression/expression_tree.h"

cpl_kernel cpl_convert_double, cpl_convert_int64, cpl_convert_decimal;
cpl_kernel cpl_rescale, cpl_rescale_saturating; /* decimals: · 10^number */
cpl_kernel cpl_multiply;                        /* times and timestamps in a finer unit */
/* Any integer, time or date column as int64 values; in the slot's own memory unless it is int64 already. */
void cpl_load_i64(const struct cpl_vector *v, enum cpl_kind kind, int64_t *out, uint32_t n);

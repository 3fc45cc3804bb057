/* Numbers in kernels: for arithmetic.c and the functions over numbers. */
#pragma once
#include "expression/expression_tree.h"

/* Bits that the greatest magnitude of the vector's int64 values needs, 0..63. */
int cpl_vector_bits(const struct cpl_vector *v, uint32_t n);
/* A value of the result; a fault where it has more than 38 digits. Only for results that are wide. */
void cpl_call_put_wide(struct cpl_call *call, uint32_t i, bool ok, cpl_int128 value);
/* Faults where a double became infinite or no number though its operands were finite. */
void cpl_call_check_doubles(struct cpl_call *call);
/* Both arguments numbers, brought to one of int64, a decimal of one scale, or double: the term's args are replaced. */
enum cpl_number_class { CPL_NUMBERS_I64, CPL_NUMBERS_DECIMAL, CPL_NUMBERS_F64 };
bool cpl_bind_numbers(struct cpl_binder *binder, struct cpl_term *term, const char *what,
                      enum cpl_number_class *class) CPL_CHECKED;
bool cpl_bind_decimals(struct cpl_binder *binder, struct cpl_term *term, int *whole,
                       int *scale) CPL_CHECKED;
/* div(a, b): whole numbers. */
cpl_bind_function cpl_bind_div, cpl_bind_mod;

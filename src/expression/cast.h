/* Explicit conversions: cast.c binds them, cast_number.c and cast_text.c do them. A value that the type cannot hold is a fault. */
#pragma once
#include "expression/expression_tree.h"

/* term->type: the target; term->args[0]->type: the source. */
cpl_kernel cpl_cast_to_integer, cpl_cast_to_float,
    cpl_cast_to_decimal; /* from numbers and booleans */
cpl_kernel cpl_cast_to_text, cpl_cast_from_text, cpl_cast_same_text;

/* Patterns given as text literals. */
#pragma once
#include "expression/expression_tree.h"

/* Owned by the expression; NULL: an error, with the byte in the expression's text. */
struct cpl_pattern *cpl_bind_compiled(struct cpl_binder *binder, const struct cpl_term *literal,
                                      bool like);

/* Rules that are an expression: most kinds say in options what the language says in words.
 *
 *   range: {columns: [qty], min: 1, max: 9}   →   "qty" >= 1 and "qty" <= 9
 *
 * A row for which the expression is null is spared; one for which it cannot be calculated breaks the rule, and is told why.
 * Threads: as rule.h says. */
#pragma once
#include "expression/quoted.h"
#include "quality/rule.h"

struct cpl_expression_rule {
    struct cpl_expression *expression;
    const uint32_t *columns; /* that it reads; their values are told */
    uint32_t n_columns;
    bool makes_null; /* it may be null though none of its columns is */
    char *wanted;    /* "which is not between 1 and 9"; owned */
};
/* `text` must be of type boolean. `wanted` is copied. Mistakes are CPL_E_CONFIG. */
struct cpl_expression_rule *cpl_expression_rule_new(const char *text, const char *wanted,
                                                    const struct cpl_schema *schema,
                                                    const struct cpl_rule_env *env,
                                                    struct cpl_error *err) CPL_CHECKED;
/* The same as the end of a kind's bind: `written` says whether both texts could be written; both are released. */
bool cpl_expression_rule_bind(bool written, struct cpl_buffer *text, struct cpl_buffer *wanted,
                              const struct cpl_schema *schema, const struct cpl_rule_env *env,
                              void **rule, struct cpl_error *err) CPL_CHECKED;
/* ---- of cpl_rule_ops ---- */
void cpl_expression_rule_free(void *rule);
bool cpl_expression_rule_test(const void *rule, struct cpl_rule_scratch *scratch,
                              const struct cpl_batch *batch, struct cpl_verdict *verdict,
                              struct cpl_error *err);
bool cpl_expression_rule_explain(const void *rule, struct cpl_rule_scratch *scratch,
                                 const struct cpl_batch *batch, uint32_t row,
                                 struct cpl_buffer *text, struct cpl_error *err);

/* ---- writing an expression (columns: quoted.h) ---- */

/* A literal for a column of that type: numbers and booleans as they are (checked), everything else as a text. */
bool cpl_put_literal(struct cpl_buffer *text, const char *value, const struct cpl_type *type,
                     struct cpl_error *err) CPL_CHECKED;

/* The small typed language of rules and transforms.
 *
 *   ship_date >= order_date and abs(total - qty * price) < 0.01
 *
 * text ──parse──▶ tree ──bind to a schema──▶ expression ──evaluate a batch──▶ one value a row
 *
 * Grammar, lowest precedence first: `or`; `and`; `not`; = <> != < <= > >=, is [not] null, [not] in (…), [not] between x and y,
 * [not] like '…', [not] matches '…' (pattern.h); + - ||; * / %; unary -; then literals, columns, calls, case [x] when … then …
 * [else …] end, cast(x as type), try_cast(x as type), and ( … ). Keywords in either case.
 *   columns    name, "any name" (a double quote doubled), a.b for a member of a struct
 *   literals   1  1.50 (a decimal)  1e3 (a double)  'text' (a quote doubled)  true false null
 *              date '2026-01-31'  time '12:00:00'  timestamp '2026-01-31 12:00:00[Z]'
 *
 * Types are batch/schema.h's. Integers of any width are calculated as int64 (uint64 as decimal(20)). Sums and products of integers and
 * decimals are exact: + and - have the greater scale, * the sum of scales; a type that would need more than 38 digits is
 * capped there, and a value that has more is a fault. `/` gives a double, div(a, b) and % whole numbers. A decimal beside a double becomes a
 * double. Text is compared by bytes. Nothing is converted in silence beyond that: 'a' = 1 is refused when the expression is bound; a text
 * literal beside a date, time, timestamp or uuid is read as one.
 *
 * Doubles compare as IEEE 754 says: NaN is equal to nothing, not even itself. A name of several parts is first looked for as a column's
 * whole name (flattened documents have columns called a.b), then as members of a struct.
 *
 * A cast gives the same value in another type or a fault: it rounds nothing (round, floor and ceil do), but for doubles, which are the
 * nearest. A double is cast to a decimal by its shortest digits, or exactly where it is whole. try_cast gives null where cast would be a fault of its own.
 *
 * Nulls follow SQL's three-valued logic. What cannot be calculated (overflow, division by zero, a cast that does not fit, a pattern that
 * would take too long) is a *fault* of its row: never a null, never a wrong value. Faults pass through every operator but those that do not
 * need the operand: false and x, x and false, true or x, x or true, x in a list where another is equal, the branches of case, coalesce and
 * if that are not taken. Before a null beside it, a fault goes; `is null` of a fault is that fault.
 *
 * Bounds: a text of 64 KiB, CPL_EXPRESSION_DEPTH levels, 4,096 nodes; all found when it is compiled, with the byte where. Chains of
 * and, or and || are one level each, other operators a level for each sign.
 *
 * Threads: an expression is read-only and shared; an evaluator belongs to one worker. */
#pragma once
#include "batch/batch.h"

enum { CPL_EXPRESSION_DEPTH = 64 };

/* What an expression may look at besides the row: fixed by the plan, so that a range gives the same result again. */
struct cpl_expression_env {
    int64_t now_ms; /* now() and today() */
};

struct cpl_expression;
/* Compiled for rows of that schema, which must outlive it. A mistake is CPL_E_CONFIG; *at is its byte in `text`. The message
 * names the nearest right word for a column or function that is not there. */
struct cpl_expression *cpl_expression_compile(const char *text, const struct cpl_schema *schema,
                                              const struct cpl_expression_env *env, size_t *at,
                                              struct cpl_error *err) CPL_CHECKED;
void cpl_expression_free(struct cpl_expression *expression);
/* Is the text well formed? For `check`, where no schema is known yet. */
bool cpl_expression_check(const char *text, size_t *at, struct cpl_error *err) CPL_CHECKED;
const struct cpl_type *cpl_expression_type(const struct cpl_expression *expression);
/* May it be null though no fault occurs? */
bool cpl_expression_nullable(const struct cpl_expression *expression);
/* The top-level columns that it reads, ascending, each once. */
const uint32_t *cpl_expression_columns(const struct cpl_expression *expression, uint32_t *n);

struct cpl_evaluator;
struct cpl_evaluator *cpl_evaluator_new(struct cpl_error *err) CPL_CHECKED;
void cpl_evaluator_free(struct cpl_evaluator *evaluator);

struct cpl_values {
    struct cpl_column
        column; /* of the expression's type; slices point into the batch or the evaluator */
    const uint8_t *
        faults; /* one byte a row: 0, or enum cpl_fault_kind; NULL = none. The column is null there */
    uint32_t n_faults;
    bool borrowed; /* the expression is a column as it is: arrays are the batch's own, not a copy */
};
enum cpl_fault_kind {
    CPL_FAULT_NONE,
    CPL_FAULT_OVERFLOW,
    CPL_FAULT_ZERO,  /* divided by zero */
    CPL_FAULT_CAST,  /* a value that the type cannot hold */
    CPL_FAULT_EFFORT /* a pattern that takes too long */
};
/* "a division by zero" … */
const char *cpl_fault_text(enum cpl_fault_kind kind);
/* All rows of the batch; the values live until `cpl_evaluator_reset`, so several expressions of one batch can stand beside each other. */
bool cpl_evaluate(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                  const struct cpl_batch *batch, struct cpl_values *values,
                  struct cpl_error *err) CPL_CHECKED;
/* A boolean expression as a test: out[i] = 1 where it is true, 0 where it is false or null; faults as above (out is 0 there).
 * Comparisons of columns with columns and literals run over whole columns. `nulls`, when given, gets 1 where the
 * result is null. Both have batch->rows bytes, and 64 more. */
bool cpl_evaluate_test(struct cpl_evaluator *evaluator, const struct cpl_expression *expression,
                       const struct cpl_batch *batch, uint8_t *out, uint8_t *nulls,
                       struct cpl_values *faults, struct cpl_error *err) CPL_CHECKED;
/* Before the next batch: its memory is used again. */
void cpl_evaluator_reset(struct cpl_evaluator *evaluator);

/* The functions, for `cupel describe` and the reference page: rows of a table that ends with a NULL name. */
struct cpl_function_row {
    const char *name, *signature, *summary, *example, *result;
};
const struct cpl_function_row *cpl_expression_functions(void);

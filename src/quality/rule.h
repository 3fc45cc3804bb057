/* Rules: what a row must be, each a test over the columns of a batch.
 *
 * A kind of rule (not_null, range, set …) is one `const struct cpl_rule_ops` at its file's end and a line in src/registry.c. Its options
 * are a table like any component's. A configured rule is bound to the schema once, which finds columns, types and mistakes; then any
 * worker tests batches with it:
 *
 *   options ──bind(schema)──▶ rule ──test(batch)──▶ verdict: broken or not, and spared where the rule does not apply
 *
 * A null spares its row unless the kind says otherwise (not_null). A test must be a function of the row, the options and the environment:
 * never of other rows, the clock or the thread. Kinds that look at other rows (unique …) are made of two steps and stand in key_rule.h.
 *
 * Threads: a bound rule is read-only and shared; what a test needs to write is its worker's `struct cpl_rule_scratch`.
 * What can fail: bind for any mistake (CPL_E_CONFIG, *key names the option); test for lack of memory. */
#pragma once
#include "base/option.h"
#include "expression/expression.h"
#include "expression/pattern.h"

/* The worse, the smaller. */
enum cpl_grade { CPL_GRADE_REJECTED, CPL_GRADE_BRONZE, CPL_GRADE_SILVER, CPL_GRADE_GOLD };
enum { CPL_GRADES = CPL_GRADE_GOLD + 1 };
/* "rejected" "bronze" "silver" "gold" */
const char *cpl_grade_name(enum cpl_grade grade);
/* The severity that leaves a row this grade at best: "reject" "bronze" "silver" "warn" */
const char *cpl_severity_name(enum cpl_grade grade);

enum cpl_metric {
    CPL_METRIC_COMPLETENESS,
    CPL_METRIC_ACCURACY,
    CPL_METRIC_TIMELINESS,
    CPL_METRIC_COMPLIANCE,
    CPL_METRIC_CONSISTENCY
};
enum { CPL_METRICS = CPL_METRIC_CONSISTENCY + 1 };
/* "completeness" … "schema_compliance" … */
const char *cpl_metric_name(enum cpl_metric metric);

/* What rules may look at besides the row; fixed by the plan. */
struct cpl_rule_env {
    struct cpl_expression_env expression;
};
/* A worker's: an evaluator and a pattern scratch, whose results live until the batch is done, and memory that does, too. */
struct cpl_rule_scratch {
    struct cpl_evaluator *evaluator;
    struct cpl_pattern_scratch *patterns;
    struct cpl_arena arena;
    bool
        any_faults; /* for explain: some row of the batch could not be calculated (the verdict's) */
};

/* One byte a row, 0 or 1, room for 64 rows more; all 0 when the test begins. */
struct cpl_verdict {
    uint8_t *broken;
    uint8_t *spared; /* a row that is spared is not broken */
    bool any_broken, any_spared;
    bool any_faults; /* some row could not be calculated: explain looks which */
    float *
        score; /* NULL, or for kinds that know more than yes and no (`scores`): how well, 0..1; 1 where it was not set */
};

struct cpl_rule_ops {
    const char *name, *summary, *example; /* an example's YAML: a list item */
    const struct cpl_option *options;
    size_t options_size;
    const char *shorthand; /* the option that a value sets which is no map: `not_null: [a, b]` */
    bool per_column;       /* `columns` is a list, and each of them makes a rule of its own */
    bool scores;
    enum cpl_metric metric; /* unless the rule says another */
    /* Do options that are each right go together? *key: the option to point at. NULL = always. */
    bool (*check_options)(const void *options, const char **key, struct cpl_error *why);
    /* `column`: for kinds that are per column, the one meant. */
    bool (*bind)(const void *options, const char *column, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err);
    void (*unbind)(void *rule);
    bool (*test)(const void *rule, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                 struct cpl_verdict *verdict, struct cpl_error *err);
    /* Why this row breaks it, in words with its values: "quantity is -5, which is below 1". Appended. */
    bool (*explain)(const void *rule, struct cpl_rule_scratch *scratch,
                    const struct cpl_batch *batch, uint32_t row, struct cpl_buffer *text,
                    struct cpl_error *err);
};

/* ---- for kinds: shared parts (rule.c) ---- */

/* The column's index; an error that names the nearest and lists what is there. */
bool cpl_rule_column(const struct cpl_schema *schema, const char *name, uint32_t *column,
                     struct cpl_error *err) CPL_CHECKED;
/* Nulls of a column spare their rows. */
void cpl_verdict_spare_nulls(struct cpl_verdict *verdict, const struct cpl_column *column);
/* A value for people, as inspect shows it; long ones cut. Appended; null is `null`. */
bool cpl_rule_value_text(const struct cpl_column *column, uint32_t row, struct cpl_buffer *text,
                         struct cpl_error *err) CPL_CHECKED;

/* Grades: every row is assayed by the rules, and gets exactly one of gold, silver, bronze, rejected.
 *
 *   batch ──each rule──▶ verdicts ──▶ cap: the least severity of the rules that the row breaks
 *                                 └──▶ score: weighted mean of the metrics that apply to it ──▶ threshold
 *   grade = the lower of the two
 *
 * A rule belongs to one of five metrics. A row's metric is the mean of its rules' results (1 held, 0 broken, or a score between), over those that
 * apply to the row, each with its weight; the score is the mean of the metrics that apply, each with its weight, 1 when none does.
 * Rows that break nothing score 1, so only the others are reckoned one by one.
 *
 * A row of grade rejected is handed to the reject list with all that it breaks; no other row is dropped here.
 *
 * Threads: a grading (bound rules) is read-only and shared; a grader is a worker's. Tallies are summed by whoever holds
 * the order's turn, in split order, so that sums of scores are the same for any number of threads. */
#pragma once
#include "quality/rule.h"

/* One configured rule; made by config/quality_section.c. */
struct cpl_rule_spec {
    const struct cpl_rule_ops *ops;
    const void *options;
    const char *id;      /* given, or kind.column, made unique */
    const char *message; /* for people, instead of the kind's own words; NULL = those */
    const char *column;  /* per_column kinds; else NULL */
    enum cpl_grade
        severity; /* the best grade of a row that breaks it: REJECTED; BRONZE; SILVER; GOLD = a warning */
    enum cpl_metric metric;
    double weight;               /* within its metric; default 1 */
    const struct cpl_node *node; /* where it stands, for messages */
};
struct cpl_grading_config {
    const struct cpl_rule_spec *rules;
    size_t n_rules;
    double weight[CPL_METRICS]; /* of metrics; default 1 each */
    double gold, silver;        /* thresholds of the score; .95 and .8 */
};

struct cpl_grading;
struct cpl_grading *cpl_grading_new(const struct cpl_grading_config *config,
                                    const struct cpl_schema *schema, const struct cpl_rule_env *env,
                                    struct cpl_error *err) CPL_CHECKED;
void cpl_grading_free(struct cpl_grading *grading);

/* What a number of rows came to. Sums are exact: scores are counted in units of 2^-32. */
struct cpl_rule_tally {
    uint64_t tested, broken; /* tested: it applied */
};
struct cpl_metric_tally {
    uint64_t rows, sum; /* rows to which it applied; their results */
};
struct cpl_tally {
    uint64_t grades[CPL_GRADES];
    struct cpl_metric_tally metrics[CPL_METRICS], score;
    struct cpl_rule_tally *rules; /* config->n_rules of them; owned */
    size_t n_rules;
};
bool cpl_tally_init(struct cpl_tally *tally, size_t n_rules, struct cpl_error *err) CPL_CHECKED;
void cpl_tally_release(struct cpl_tally *tally);
void cpl_tally_add(struct cpl_tally *to, const struct cpl_tally *from);
void cpl_tally_clear(struct cpl_tally *tally);

struct cpl_grader;
struct cpl_grader *cpl_grader_new(const struct cpl_grading *grading,
                                  struct cpl_error *err) CPL_CHECKED;
void cpl_grader_free(struct cpl_grader *grader);
/* The batch's grades, one a row (enum cpl_grade), and scores (1 where `scores` is NULL), both until the next call; adds to `tally`. */
struct cpl_grades {
    const uint8_t *grade;
    const float *score; /* NULL: no row breaks anything */
    uint32_t n_rejected;
};
bool cpl_grader_test(struct cpl_grader *grader, const struct cpl_batch *batch,
                     struct cpl_tally *tally, struct cpl_grades *grades,
                     struct cpl_error *err) CPL_CHECKED;
/* Of the batch last tested: does the row break rule `rule`? */
bool cpl_grader_breaks(const struct cpl_grader *grader, uint32_t rule, uint32_t row);
/* What a row of the batch last tested breaks: ids separated by commas, and why, in sentences. Appended. */
bool cpl_grader_ids(const struct cpl_grader *grader, uint32_t row, struct cpl_buffer *ids,
                    struct cpl_error *err) CPL_CHECKED;
bool cpl_grader_explain(struct cpl_grader *grader, const struct cpl_batch *batch, uint32_t row,
                        struct cpl_buffer *text, struct cpl_error *err) CPL_CHECKED;
uint64_t cpl_grader_memory(const struct cpl_grader *grader);

/* Verdicts to grades (picture: grade.h).
 *
 * Most rows break nothing. So rules are tested column by column into bytes, joined by vector loops, and only
 * rows that break a rule, or are scored by one, are reckoned one by one. Verdicts that stayed zero are not cleared again. */
#include "quality/grade.h"

#include "base/tree.h"

#include <math.h>
#include <string.h>

enum { ROW_PADDING = 64 };
static const double SCORE_ONE = 4294967296.0; /* scores are summed in units of 2^-32 */

struct cpl_grading {
    const struct cpl_grading_config *config;
    void **rules; /* bound; NULL where binding did not get to */
};

struct cpl_grader {
    const struct cpl_grading *grading;
    struct cpl_rule_scratch scratch;
    struct cpl_verdict *verdicts;
    uint32_t capacity; /* rows that the arrays have room for */
    uint8_t *memory;   /* of all arrays below and in the verdicts */
    uint8_t *grade, *touched;
    float *score;
};

/* ---- binding ---- */

static bool bind_rule(struct cpl_grading *grading, size_t i, const struct cpl_schema *schema,
                      const struct cpl_rule_env *env, struct cpl_error *err)
{
    const struct cpl_rule_spec *spec = &grading->config->rules[i];
    const char *key = NULL;
    struct cpl_error why = {0};
    if (spec->ops->bind(spec->options, spec->column, schema, env, &grading->rules[i], &key, &why))
        return true;
    if (why.code != CPL_E_CONFIG)
        return cpl_fail_with(err, &why);
    const struct cpl_node *at = cpl_tree_option(spec->node, spec->ops->name, key);
    if (!at)
        return cpl_fail(err, CPL_E_CONFIG, "rule %s: %s", spec->id, why.message);
    return cpl_tree_fail(at, err, CPL_E_CONFIG, "rule %s: %s", spec->id, why.message);
}

struct cpl_grading *cpl_grading_new(const struct cpl_grading_config *config,
                                    const struct cpl_schema *schema, const struct cpl_rule_env *env,
                                    struct cpl_error *err)
{
    struct cpl_grading *grading = cpl_alloc_zero(1, sizeof *grading, err);
    if (!grading)
        return NULL;
    grading->config = config;
    grading->rules = cpl_alloc_zero(config->n_rules + 1, sizeof *grading->rules, err);
    bool ok = grading->rules != NULL;
    for (size_t i = 0; ok && i < config->n_rules; i++)
        ok = bind_rule(grading, i, schema, env, err);
    if (ok)
        return grading;
    cpl_grading_free(grading);
    return NULL;
}

void cpl_grading_free(struct cpl_grading *grading)
{
    if (!grading)
        return;
    for (size_t i = 0; grading->rules && i < grading->config->n_rules; i++)
        if (grading->rules[i])
            grading->config->rules[i].ops->unbind(grading->rules[i]);
    cpl_free(grading->rules);
    cpl_free(grading);
}

/* ---- tallies ---- */

bool cpl_tally_init(struct cpl_tally *tally, size_t n_rules, struct cpl_error *err)
{
    *tally = (struct cpl_tally){.n_rules = n_rules};
    tally->rules = cpl_alloc_zero(n_rules + 1, sizeof *tally->rules, err);
    return tally->rules != NULL;
}

void cpl_tally_release(struct cpl_tally *tally)
{
    cpl_free(tally->rules);
    *tally = (struct cpl_tally){0};
}

void cpl_tally_clear(struct cpl_tally *tally)
{
    struct cpl_rule_tally *rules = tally->rules;
    size_t n = tally->n_rules;
    *tally = (struct cpl_tally){.rules = rules, .n_rules = n};
    memset(rules, 0, n * sizeof *rules);
}

static void add_metric(struct cpl_metric_tally *to, const struct cpl_metric_tally *from)
{
    to->rows += from->rows;
    to->sum += from->sum;
}

void cpl_tally_add(struct cpl_tally *to, const struct cpl_tally *from)
{
    for (int g = 0; g < CPL_GRADES; g++)
        to->grades[g] += from->grades[g];
    for (int m = 0; m < CPL_METRICS; m++)
        add_metric(&to->metrics[m], &from->metrics[m]);
    add_metric(&to->score, &from->score);
    for (size_t i = 0; i < to->n_rules && i < from->n_rules; i++) {
        to->rules[i].tested += from->rules[i].tested;
        to->rules[i].broken += from->rules[i].broken;
    }
}

/* ---- a worker's arrays ---- */

struct cpl_grader *cpl_grader_new(const struct cpl_grading *grading, struct cpl_error *err)
{
    struct cpl_grader *grader = cpl_alloc_zero(1, sizeof *grader, err);
    if (!grader)
        return NULL;
    grader->grading = grading;
    grader->verdicts = cpl_alloc_zero(grading->config->n_rules + 1, sizeof *grader->verdicts, err);
    grader->scratch.evaluator = grader->verdicts ? cpl_evaluator_new(err) : NULL;
    grader->scratch.patterns = grader->scratch.evaluator ? cpl_pattern_scratch_new(err) : NULL;
    if (grader->scratch.patterns)
        return grader;
    cpl_grader_free(grader);
    return NULL;
}

void cpl_grader_free(struct cpl_grader *grader)
{
    if (!grader)
        return;
    cpl_evaluator_free(grader->scratch.evaluator);
    cpl_pattern_scratch_free(grader->scratch.patterns);
    cpl_arena_release(&grader->scratch.arena);
    cpl_free(grader->verdicts);
    cpl_free(grader->memory);
    cpl_free(grader);
}

static size_t scoring_rules(const struct cpl_grading_config *config)
{
    size_t n = 0;
    for (size_t i = 0; i < config->n_rules; i++)
        n += config->rules[i].ops->scores;
    return n;
}

/* One block for all arrays, zero: two bytes a row and rule, four more for rules that score, and three arrays of the rows. */
static bool make_room(struct cpl_grader *grader, uint32_t rows, struct cpl_error *err)
{
    const struct cpl_grading_config *config = grader->grading->config;
    if (rows <= grader->capacity)
        return true;
    size_t each = (size_t)rows + ROW_PADDING;
    uint8_t *memory = cpl_alloc_zero(2 * config->n_rules + 4 * scoring_rules(config) + 6, each,
                                     err);
    if (!memory)
        return false;
    cpl_free(grader->memory);
    grader->memory = memory;
    grader->capacity = rows;
    grader->score = (float *)(void *)memory;
    memory += 4 * each;
    for (size_t i = 0; i < config->n_rules; i++)
        if (config->rules[i].ops->scores) {
            grader->verdicts[i].score = (float *)(void *)memory;
            memory += 4 * each;
        }
    for (size_t i = 0; i < config->n_rules; i++) {
        grader->verdicts[i].broken = memory;
        grader->verdicts[i].spared = memory + each;
        grader->verdicts[i].any_broken = grader->verdicts[i].any_spared = false;
        memory += 2 * each;
    }
    grader->grade = memory;
    grader->touched = memory + each;
    return true;
}

uint64_t cpl_grader_memory(const struct cpl_grader *grader)
{
    const struct cpl_grading_config *config = grader->grading->config;
    return grader->scratch.arena.used + ((uint64_t)grader->capacity + ROW_PADDING) *
                                            (2 * config->n_rules + 4 * scoring_rules(config) + 6);
}

/* ---- testing ---- */

static uint64_t count_ones(const uint8_t *bytes, uint32_t n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum += bytes[i];
    return sum;
}

static void start_verdict(struct cpl_verdict *verdict, uint32_t capacity)
{
    if (verdict->any_broken)
        memset(verdict->broken, 0, capacity);
    if (verdict->any_spared)
        memset(verdict->spared, 0, capacity);
    verdict->any_broken = verdict->any_spared = false;
    for (uint32_t i = 0; verdict->score && i < capacity; i++)
        verdict->score[i] = 1;
}

/* The best grade that its broken rules leave a row; and whether anything has to be reckoned for it. */
static void join_verdict(struct cpl_grader *grader, const struct cpl_rule_spec *spec,
                         const struct cpl_verdict *verdict, uint32_t rows)
{
    uint8_t severity = (uint8_t)spec->severity, *grade = grader->grade, *touched = grader->touched;
    const uint8_t *broken = verdict->broken;
    for (uint32_t i = 0; verdict->any_broken && i < rows; i++) {
        uint8_t cap = (uint8_t)(severity | (uint8_t)(broken[i] - 1)); /* 0 → all ones */
        grade[i] = grade[i] < cap ? grade[i] : cap;
        touched[i] |= broken[i];
    }
    for (uint32_t i = 0; verdict->score && i < rows; i++)
        touched[i] |= (uint8_t)(verdict->score[i] < 1);
}

static bool test_rules(struct cpl_grader *grader, const struct cpl_batch *batch,
                       struct cpl_tally *tally, bool *any, struct cpl_error *err)
{
    const struct cpl_grading_config *config = grader->grading->config;
    for (size_t i = 0; i < config->n_rules; i++) {
        const struct cpl_rule_spec *spec = &config->rules[i];
        struct cpl_verdict *verdict = &grader->verdicts[i];
        start_verdict(verdict, grader->capacity);
        if (!spec->ops->test(grader->grading->rules[i], &grader->scratch, batch, verdict, err))
            return false;
        tally->rules[i].tested +=
            batch->rows - (verdict->any_spared ? count_ones(verdict->spared, batch->rows) : 0);
        if (verdict->any_broken)
            tally->rules[i].broken += count_ones(verdict->broken, batch->rows);
        *any |= verdict->any_broken || verdict->score;
        join_verdict(grader, spec, verdict, batch->rows);
    }
    return true;
}

/* ---- scores ---- */

struct reckoning {
    double sum[CPL_METRICS], weight[CPL_METRICS];
};

static double result_of(const struct cpl_verdict *verdict, uint32_t row)
{
    if (verdict->score)
        return verdict->score[row];
    return verdict->broken[row] ? 0 : 1;
}

static uint64_t fixed(double score)
{
    return (uint64_t)llround(score * SCORE_ONE);
}

static double score_row(const struct cpl_grader *grader, uint32_t row, struct cpl_tally *tally)
{
    const struct cpl_grading_config *config = grader->grading->config;
    struct reckoning r = {0};
    double sum = 0, weight = 0;
    for (size_t i = 0; i < config->n_rules; i++) {
        const struct cpl_rule_spec *spec = &config->rules[i];
        if (grader->verdicts[i].any_spared && grader->verdicts[i].spared[row])
            continue;
        r.sum[spec->metric] += spec->weight * result_of(&grader->verdicts[i], row);
        r.weight[spec->metric] += spec->weight;
    }
    for (int m = 0; m < CPL_METRICS; m++) {
        if (!(r.weight[m] > 0))
            continue;
        double metric = r.sum[m] / r.weight[m];
        tally->metrics[m].sum += fixed(metric);
        sum += config->weight[m] * metric;
        weight += config->weight[m];
    }
    return weight > 0 ? sum / weight : 1;
}

static enum cpl_grade grade_of(const struct cpl_grading_config *config, double score)
{
    double least = 1 / SCORE_ONE; /* sums of weights may miss a threshold by a last bit */
    return score + least >= config->gold     ? CPL_GRADE_GOLD
           : score + least >= config->silver ? CPL_GRADE_SILVER
                                             : CPL_GRADE_BRONZE;
}

/* Rows to which a metric applies: not spared by every rule of it. */
static uint64_t applies_to(const struct cpl_grader *grader, int metric, uint32_t rows)
{
    const struct cpl_grading_config *config = grader->grading->config;
    size_t n = 0;
    for (size_t i = 0; i < config->n_rules; i++) {
        if ((int)config->rules[i].metric != metric || !(config->rules[i].weight > 0))
            continue;
        if (!grader->verdicts[i].any_spared)
            return rows;
        n++;
    }
    uint64_t applies = 0;
    for (uint32_t row = 0; n && row < rows; row++) {
        bool some = false;
        for (size_t i = 0; i < config->n_rules && !some; i++)
            some = (int)config->rules[i].metric == metric && config->rules[i].weight > 0 &&
                   !grader->verdicts[i].spared[row];
        applies += some;
    }
    return applies;
}

/* All rows' metrics as if nothing were broken; rows that are reckoned take theirs back. */
static void tally_metrics(const struct cpl_grader *grader, uint32_t rows, struct cpl_tally *tally)
{
    for (int m = 0; m < CPL_METRICS; m++) {
        uint64_t n = applies_to(grader, m, rows);
        tally->metrics[m].rows += n;
        tally->metrics[m].sum += n << 32;
    }
    tally->score.rows += rows;
    tally->score.sum += (uint64_t)rows << 32;
}

static void take_back(const struct cpl_grader *grader, uint32_t row, struct cpl_tally *tally)
{
    const struct cpl_grading_config *config = grader->grading->config;
    bool applies[CPL_METRICS] = {false};
    for (size_t i = 0; i < config->n_rules; i++)
        applies[config->rules[i].metric] |= config->rules[i].weight > 0 &&
                                            !(grader->verdicts[i].any_spared &&
                                              grader->verdicts[i].spared[row]);
    for (int m = 0; m < CPL_METRICS; m++)
        tally->metrics[m].sum -= (uint64_t)applies[m] << 32;
    tally->score.sum -= UINT64_C(1) << 32;
}

static void score_rows(struct cpl_grader *grader, uint32_t rows, struct cpl_tally *tally)
{
    for (uint32_t i = 0; i < rows; i++)
        grader->score[i] = 1;
    for (uint32_t i = 0; i < rows; i++) {
        if (!grader->touched[i])
            continue;
        take_back(grader, i, tally);
        double score = score_row(grader, i, tally);
        enum cpl_grade grade = grade_of(grader->grading->config, score);
        tally->score.sum += fixed(score);
        grader->score[i] = (float)score;
        if (grader->grade[i] > grade)
            grader->grade[i] = (uint8_t)grade;
    }
}

bool cpl_grader_test(struct cpl_grader *grader, const struct cpl_batch *batch,
                     struct cpl_tally *tally, struct cpl_grades *grades, struct cpl_error *err)
{
    bool any = false;
    uint32_t rows = batch->rows;
    cpl_evaluator_reset(grader->scratch.evaluator);
    cpl_arena_reset(&grader->scratch.arena);
    if (!make_room(grader, rows, err))
        return false;
    memset(grader->grade, CPL_GRADE_GOLD, rows);
    memset(grader->touched, 0, rows);
    if (!test_rules(grader, batch, tally, &any, err))
        return false;
    tally_metrics(grader, rows, tally);
    if (any)
        score_rows(grader, rows, tally);
    uint64_t n[CPL_GRADES] = {0};
    for (uint32_t i = 0; any && i < rows; i++)
        n[grader->grade[i]]++;
    if (!any)
        n[CPL_GRADE_GOLD] = rows;
    for (int g = 0; g < CPL_GRADES; g++)
        tally->grades[g] += n[g];
    *grades = (struct cpl_grades){.grade = grader->grade,
                                  .score = any ? grader->score : NULL,
                                  .n_rejected = (uint32_t)n[CPL_GRADE_REJECTED]};
    return true;
}

/* ---- why ---- */

bool cpl_grader_breaks(const struct cpl_grader *grader, uint32_t rule, uint32_t row)
{
    return grader->verdicts[rule].any_broken && grader->verdicts[rule].broken[row];
}

bool cpl_grader_ids(const struct cpl_grader *grader, uint32_t row, struct cpl_buffer *ids,
                    struct cpl_error *err)
{
    const struct cpl_grading_config *config = grader->grading->config;
    bool first = true;
    for (uint32_t i = 0; i < config->n_rules; i++) {
        if (!cpl_grader_breaks(grader, i, row))
            continue;
        if (!cpl_buffer_printf(ids, err, "%s%s", first ? "" : ",", config->rules[i].id))
            return false;
        first = false;
    }
    return true;
}

bool cpl_grader_explain(struct cpl_grader *grader, const struct cpl_batch *batch, uint32_t row,
                        struct cpl_buffer *text, struct cpl_error *err)
{
    const struct cpl_grading_config *config = grader->grading->config;
    bool first = true, ok = true;
    for (uint32_t i = 0; ok && i < config->n_rules; i++) {
        const struct cpl_rule_spec *spec = &config->rules[i];
        if (!cpl_grader_breaks(grader, i, row))
            continue;
        grader->scratch.any_faults = grader->verdicts[i].any_faults;
        ok = cpl_buffer_append_text(text, first ? "" : "; ", err) &&
             (spec->message ? cpl_buffer_append_text(text, spec->message, err)
                            : spec->ops->explain(grader->grading->rules[i], &grader->scratch, batch,
                                                 row, text, err)) &&
             cpl_buffer_printf(text, err, " (%s)", spec->id);
        first = false;
    }
    return ok;
}

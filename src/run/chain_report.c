/* What a run's steps and grades came to, as JSON. */
#include "run/chain_state.h"

#include "base/tree.h"

/* The mean of scores that were counted in units of 2^-32; null of no rows. */
static void put_mean(struct cpl_json_writer *json, const char *key,
                     const struct cpl_metric_tally *tally)
{
    if (tally->rows)
        cpl_json_double(json, key, (double)tally->sum / (double)tally->rows / 4294967296.0);
    else
        cpl_json_raw(json, key, "null");
}

static void put_grades(struct cpl_json_writer *json, const struct cpl_tally *tally)
{
    cpl_json_object(json, "grades");
    for (int grade = CPL_GRADES - 1; grade >= 0; grade--)
        cpl_json_uint(json, cpl_grade_name((enum cpl_grade)grade), tally->grades[grade]);
    cpl_json_close(json);
    put_mean(json, "score", &tally->score);
    cpl_json_object(json, "metrics");
    for (int metric = 0; metric < CPL_METRICS; metric++) {
        cpl_json_object(json, cpl_metric_name((enum cpl_metric)metric));
        cpl_json_uint(json, "rows", tally->metrics[metric].rows);
        put_mean(json, "score", &tally->metrics[metric]);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

static void put_rules(struct cpl_json_writer *json, const struct cpl_grading_config *config,
                      const struct cpl_tally *tally)
{
    cpl_json_list(json, "rules");
    for (size_t i = 0; i < config->n_rules; i++) {
        const struct cpl_rule_spec *rule = &config->rules[i];
        cpl_json_object(json, NULL);
        cpl_json_string(json, "id", rule->id);
        cpl_json_string(json, "kind", rule->ops->name);
        cpl_json_string(json, "column", rule->column);
        cpl_json_string(json, "severity", cpl_severity_name(rule->severity));
        cpl_json_string(json, "metric", cpl_metric_name(rule->metric));
        cpl_json_uint(json, "tested", tally->rules[i].tested);
        cpl_json_uint(json, "broken", tally->rules[i].broken);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

bool cpl_chain_counts_json(const struct cpl_chain_counts *counts,
                           const struct cpl_pipeline *pipeline, struct cpl_buffer *out,
                           struct cpl_error *err)
{
    struct cpl_json_writer json;
    if (!counts->counted)
        return true;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_object(&json, "filtered_by_step");
    for (size_t i = 0; i < counts->n_steps; i++)
        if (pipeline->transform.steps[i].ops->filters)
            cpl_json_uint(&json, pipeline->transform.steps[i].id, counts->filtered[i]);
    cpl_json_close(&json);
    if (pipeline->quality.graded) {
        put_grades(&json, &counts->tally);
        put_rules(&json, &pipeline->quality.grading, &counts->tally);
    }
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

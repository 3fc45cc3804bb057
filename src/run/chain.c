/* Binding a chain of transforms and rules to a schema, and its counts (picture: chain.h). */
#include "run/chain_state.h"

#include "base/tree.h"

#include <string.h>

/* ---- binding ---- */

static bool placed(const struct cpl_transform_spec *spec, const char *key,
                   const struct cpl_error *why, struct cpl_error *err)
{
    const struct cpl_node *at = cpl_tree_option(spec->node, spec->ops->name, key);
    if (why->code != CPL_E_CONFIG || !at)
        return cpl_fail_with(err, why);
    return cpl_tree_fail(at, err, CPL_E_CONFIG, "transform %s: %s", spec->id, why->message);
}

static bool bind_steps(struct cpl_chain *chain, const struct cpl_pipeline *pipeline,
                       const struct cpl_schema **schema, int64_t now_ms, struct cpl_error *err)
{
    const struct cpl_transform_config *config = &pipeline->transform;
    const struct cpl_transform_env env = {.expression = {.now_ms = now_ms}};
    chain->steps = cpl_alloc_zero(config->n + 1, sizeof *chain->steps, err);
    for (size_t i = 0; chain->steps && i < config->n; i++) {
        struct cpl_chain_step *step = &chain->steps[chain->n_steps];
        const struct cpl_transform_spec *spec = &config->steps[i];
        const char *key = NULL;
        struct cpl_error why = {0};
        if (!spec->ops->bind(spec->options, *schema, &env, &step->transform, &step->schema, &key,
                             &why))
            return placed(spec, key, &why, err);
        step->spec = spec;
        *schema = step->schema;
        chain->n_steps++;
    }
    return chain->steps != NULL;
}

static bool is_free(const struct cpl_chain *chain, const struct cpl_field *field,
                    struct cpl_error *err)
{
    return cpl_schema_find(chain->graded, field->name) < 0 ||
           cpl_fail(err, CPL_E_CONFIG,
                    "the rows have a column `%s` already: quality adds one of that name; rename it "
                    "(transform), or set quality.grade and quality.original otherwise",
                    field->name);
}

/* The columns that grades add, behind all others. */
static bool add_columns(struct cpl_chain *chain, const struct cpl_quality_config *quality,
                        struct cpl_error *err)
{
    static const struct cpl_field grade = {
        .name = "_grade", .type = {.kind = CPL_STRING}, .field_id = -1};
    static const struct cpl_field raw = {
        .name = "_raw", .type = {.kind = CPL_BINARY}, .nullable = true, .field_id = -1};
    static const struct cpl_field place[] = {
        {.name = "_object", .type = {.kind = CPL_STRING}, .nullable = true, .field_id = -1},
        {.name = "_position", .type = {.kind = CPL_I64}, .nullable = true, .field_id = -1},
        {.name = "_length", .type = {.kind = CPL_I64}, .nullable = true, .field_id = -1}};
    uint32_t n = chain->graded->n_fields;
    struct cpl_field *fields = cpl_alloc((n + 4) * sizeof *fields, err);
    if (!fields)
        return false;
    memcpy(fields, chain->graded->fields, n * sizeof *fields);
    if (quality->grade != CPL_GRADE_NOT_TOLD)
        fields[n++] = grade;
    if (quality->original == CPL_ORIGINAL_BYTES)
        fields[n++] = raw;
    for (int i = 0; quality->original == CPL_ORIGINAL_PLACE && i < 3; i++)
        fields[n++] = place[i];
    bool ok = true;
    for (uint32_t i = chain->graded->n_fields; ok && i < n; i++)
        ok = is_free(chain, &fields[i], err);
    chain->landing = ok ? cpl_schema_new(fields, n, err) : NULL;
    cpl_free(fields);
    return chain->landing != NULL;
}

bool cpl_chain_make(const struct cpl_pipeline *pipeline, const struct cpl_schema *decoded,
                    int64_t now_ms, struct cpl_chain **made, struct cpl_error *err)
{
    const struct cpl_quality_config *quality = &pipeline->quality;
    const struct cpl_rule_env env = {.expression = {.now_ms = now_ms}};
    *made = NULL;
    if (!pipeline->transform.n && !quality->graded)
        return true;
    struct cpl_chain *chain = cpl_alloc_zero(1, sizeof *chain, err);
    if (!chain)
        return false;
    chain->quality = quality;
    chain->graded = decoded;
    bool ok = bind_steps(chain, pipeline, &chain->graded, now_ms, err);
    if (ok && quality->graded) {
        chain->grading = cpl_grading_new(&quality->grading, chain->graded, &env, err);
        ok = chain->grading && add_columns(chain, quality, err);
    }
    if (ok) {
        *made = chain;
        return true;
    }
    cpl_chain_free(chain);
    return false;
}

void cpl_chain_free(struct cpl_chain *chain)
{
    if (!chain)
        return;
    cpl_grading_free(chain->grading);
    cpl_schema_free(chain->landing);
    for (size_t i = 0; i < chain->n_steps; i++) {
        chain->steps[i].spec->ops->unbind(chain->steps[i].transform);
        cpl_schema_free(chain->steps[i].schema);
    }
    cpl_free(chain->steps);
    cpl_free(chain);
}

const struct cpl_schema *cpl_chain_schema(const struct cpl_chain *chain)
{
    return chain->landing ? chain->landing : chain->graded;
}

/* ---- counts ---- */

bool cpl_chain_counts_init(struct cpl_chain_counts *counts, size_t n_steps, size_t n_rules,
                           struct cpl_error *err)
{
    *counts = (struct cpl_chain_counts){.n_steps = n_steps};
    counts->filtered = cpl_alloc_zero(n_steps + 1, sizeof *counts->filtered, err);
    counts->counted = counts->filtered && cpl_tally_init(&counts->tally, n_rules, err);
    if (counts->counted)
        return true;
    cpl_chain_counts_release(counts);
    return false;
}

uint64_t cpl_chain_filtered(const struct cpl_chain_counts *counts)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < counts->n_steps; i++)
        sum += counts->filtered[i];
    return sum;
}

bool cpl_chain_counts_add(struct cpl_chain_counts *to, const struct cpl_chain_counts *from,
                          struct cpl_error *err)
{
    if (!from->counted)
        return true;
    if (!to->counted && !cpl_chain_counts_init(to, from->n_steps, from->tally.n_rules, err))
        return false;
    for (size_t i = 0; i < from->n_steps; i++)
        to->filtered[i] += from->filtered[i];
    cpl_tally_add(&to->tally, &from->tally);
    return true;
}

void cpl_chain_counts_release(struct cpl_chain_counts *counts)
{
    cpl_free(counts->filtered);
    cpl_tally_release(&counts->tally);
    *counts = (struct cpl_chain_counts){0};
}

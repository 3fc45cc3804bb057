/* Batches through a chain: steps, grades, and the columns that tell of them (picture: chain.h). */
#include "run/chain_state.h"

#include <string.h>

struct cpl_chain_work {
    const struct cpl_chain *chain;
    struct cpl_transform_scratch scratch;
    struct cpl_grader *grader;
    struct cpl_chain_counts counts;
    struct cpl_buffer text; /* a message */
    const char *object;
    /* of the batch at hand */
    struct cpl_decoder *decoder;
    struct cpl_stream *stream;
};

struct cpl_chain_work *cpl_chain_work_new(const struct cpl_chain *chain, struct cpl_error *err)
{
    struct cpl_chain_work *work = cpl_alloc_zero(1, sizeof *work, err);
    if (!work)
        return NULL;
    work->chain = chain;
    work->scratch.evaluator = cpl_evaluator_new(err);
    bool ok = work->scratch.evaluator &&
              cpl_chain_counts_init(&work->counts, chain->n_steps, chain->quality->grading.n_rules,
                                    err);
    if (ok && chain->grading)
        ok = (work->grader = cpl_grader_new(chain->grading, err)) != NULL;
    if (ok)
        return work;
    cpl_chain_work_free(work);
    return NULL;
}

void cpl_chain_work_free(struct cpl_chain_work *work)
{
    if (!work)
        return;
    cpl_grader_free(work->grader);
    cpl_evaluator_free(work->scratch.evaluator);
    cpl_arena_release(&work->scratch.arena);
    cpl_chain_counts_release(&work->counts);
    cpl_buffer_release(&work->text);
    cpl_free(work);
}

static void clear_counts(struct cpl_chain_counts *counts)
{
    memset(counts->filtered, 0, counts->n_steps * sizeof *counts->filtered);
    cpl_tally_clear(&counts->tally);
}

void cpl_chain_work_begin(struct cpl_chain_work *work, const char *object)
{
    work->object = object;
    clear_counts(&work->counts);
}

bool cpl_chain_work_take(struct cpl_chain_work *work, struct cpl_chain_counts *counts,
                         struct cpl_error *err)
{
    *counts = (struct cpl_chain_counts){0};
    if (!cpl_chain_counts_add(counts, &work->counts, err))
        return false;
    clear_counts(&work->counts);
    return true;
}

uint64_t cpl_chain_work_memory(const struct cpl_chain_work *work)
{
    return work->scratch.arena.used + (work->grader ? cpl_grader_memory(work->grader) : 0);
}

/* ---- steps ---- */

static bool refuse(struct cpl_chain_work *work, const struct cpl_batch *batch, uint32_t row,
                   const char *column, const char *rule, const char *message, struct cpl_error *err)
{
    const struct cpl_reject what = {.column = column, .rule = rule, .message = message};
    return work->decoder->ops->refuse(work->decoder, batch, row, &what, err);
}

static bool run_step(struct cpl_chain_work *work, size_t i, struct cpl_batch **batch,
                     struct cpl_error *err)
{
    const struct cpl_chain_step *step = &work->chain->steps[i];
    struct cpl_transformed result = {0};
    uint32_t before = (*batch)->rows;
    if (!step->spec->ops->apply(step->transform, &work->scratch, *batch, &result, err))
        return false;
    *batch = result.batch;
    for (uint32_t k = 0; k < result.n_faults; k++)
        if (!refuse(work, *batch, result.faults[k].row, result.faults[k].column, step->spec->id,
                    result.faults[k].message, err))
            return false;
    if (!result.keep)
        return true;
    if (step->spec->ops->filters)
        work->counts.filtered[i] += before - result.n_keep - result.n_faults;
    return cpl_batch_select(*batch, result.keep, result.n_keep, &work->scratch.arena, err);
}

/* ---- grades ---- */

/* The first rule of severity reject that the row breaks: what it is counted under. */
static const struct cpl_rule_spec *rejecting_rule(const struct cpl_chain_work *work, uint32_t row)
{
    const struct cpl_grading_config *config = &work->chain->quality->grading;
    for (uint32_t i = 0; i < config->n_rules; i++)
        if (config->rules[i].severity == CPL_GRADE_REJECTED &&
            cpl_grader_breaks(work->grader, i, row))
            return &config->rules[i];
    return NULL;
}

static bool reject_row(struct cpl_chain_work *work, const struct cpl_batch *batch, uint32_t row,
                       struct cpl_error *err)
{
    const struct cpl_rule_spec *rule = rejecting_rule(work, row);
    work->text.size = 0;
    if (!rule)
        return cpl_fail(err, CPL_E_INTERNAL, "a row is rejected by no rule");
    const char *message = cpl_grader_explain(work->grader, batch, row, &work->text, err)
                              ? cpl_buffer_text(&work->text, err)
                              : NULL;
    return message && refuse(work, batch, row, rule->column, rule->id, message, err);
}

/* The rejected rows go, and their grades with them: *grade is then of the rows that are left. */
static bool drop_rejected(struct cpl_chain_work *work, struct cpl_batch *batch,
                          const uint8_t **grade, struct cpl_error *err)
{
    uint32_t *keep = cpl_arena_alloc(&work->scratch.arena, batch->rows * sizeof *keep, err);
    uint8_t *left = cpl_arena_alloc(&work->scratch.arena, batch->rows, err);
    uint32_t n = 0;
    if (!keep || !left)
        return false;
    for (uint32_t i = 0; i < batch->rows; i++) {
        if ((*grade)[i] == CPL_GRADE_REJECTED) {
            if (!reject_row(work, batch, i, err))
                return false;
            continue;
        }
        left[n] = (*grade)[i];
        keep[n++] = i;
    }
    *grade = left;
    return cpl_batch_select(batch, keep, n, &work->scratch.arena, err);
}

/* ---- columns that tell of grades ---- */

static struct cpl_column *new_column(struct cpl_chain_work *work, struct cpl_batch *batch,
                                     uint32_t column, bool nullable, struct cpl_error *err)
{
    const struct cpl_field *field = &batch->schema->fields[column];
    struct cpl_arena *arena = &work->scratch.arena;
    struct cpl_column *made = &batch->columns[column];
    *made = (struct cpl_column){.field = field, .length = batch->rows};
    size_t size = cpl_type_width(&field->type) * batch->rows + 64;
    made->values = cpl_arena_alloc(arena, size, err);
    if (made->values && nullable) {
        memset(made->values, 0, size);
        made->null_count = batch->rows;
        made->validity = cpl_arena_alloc(arena, (batch->rows + 7) / 8 + 8, err);
        if (!made->validity)
            return NULL;
        memset(made->validity, 0, (batch->rows + 7) / 8);
        for (uint32_t i = 0; cpl_kind_is_slice(field->type.kind) && i < batch->rows; i++)
            made->slices[i].data = cpl_no_bytes;
    }
    return made->values ? made : NULL;
}

static bool put_grades(struct cpl_chain_work *work, struct cpl_batch *batch, uint32_t column,
                       const uint8_t *grade, struct cpl_error *err)
{
    /* 16 bytes behind each may be read */
    static const uint8_t words[CPL_GRADES][32] = {
        [CPL_GRADE_BRONZE] = "bronze", [CPL_GRADE_SILVER] = "silver", [CPL_GRADE_GOLD] = "gold"};
    static const uint32_t lengths[CPL_GRADES] = {0, 6, 6, 4};
    struct cpl_column *made = new_column(work, batch, column, false, err);
    for (uint32_t i = 0; made && i < batch->rows; i++)
        made->slices[i] = (struct cpl_slice){.data = words[grade[i]], .length = lengths[grade[i]]};
    return made != NULL;
}

static void set_valid(struct cpl_column *column, uint32_t row)
{
    cpl_bit_set(column->validity, row);
    column->null_count--;
}

/* The row's bytes as they stand in the object; in the arena where they had to be converted back. */
static bool original_bytes(struct cpl_chain_work *work, const struct cpl_batch *batch, uint32_t row,
                           struct cpl_slice *slice, struct cpl_error *err)
{
    uint64_t from = batch->origin_base + batch->row_start[row], object_from, object_to;
    uint32_t length = batch->row_end[row] - batch->row_start[row];
    struct cpl_buffer raw = {0};
    *slice = (struct cpl_slice){.data = batch->block + batch->row_start[row], .length = length};
    if (!work->stream->ops->locate)
        return true;
    uint8_t *copy = NULL;
    if (cpl_stream_locate(work->stream, from, from + length, &object_from, &object_to, &raw, err) &&
        (copy = cpl_arena_alloc(&work->scratch.arena, raw.size + 16, err))) {
        if (raw.size)
            memcpy(copy, raw.data, raw.size);
        *slice = (struct cpl_slice){.data = copy, .length = (uint32_t)raw.size};
    }
    cpl_buffer_release(&raw);
    return copy != NULL;
}

static bool put_bytes(struct cpl_chain_work *work, struct cpl_batch *batch, uint32_t column,
                      const uint8_t *grade, struct cpl_error *err)
{
    struct cpl_column *made = new_column(work, batch, column, true, err);
    for (uint32_t i = 0; made && i < batch->rows; i++) {
        if (grade[i] != CPL_GRADE_BRONZE)
            continue;
        if (!original_bytes(work, batch, i, &made->slices[i], err))
            return false;
        set_valid(made, i);
    }
    return made != NULL;
}

static bool put_places(struct cpl_chain_work *work, struct cpl_batch *batch, uint32_t column,
                       const uint8_t *grade, struct cpl_error *err)
{
    struct cpl_column *object = new_column(work, batch, column, true, err);
    struct cpl_column *position = object ? new_column(work, batch, column + 1, true, err) : NULL;
    struct cpl_column *length = position ? new_column(work, batch, column + 2, true, err) : NULL;
    uint32_t name = (uint32_t)strlen(work->object);
    char *padded = length ? cpl_arena_alloc(&work->scratch.arena, name + 17, err) : NULL;
    if (!padded)
        return false;
    memcpy(padded, work->object, name + 1);
    for (uint32_t i = 0; i < batch->rows; i++) {
        uint64_t from = batch->origin_base + batch->row_start[i];
        uint64_t to = batch->origin_base + batch->row_end[i], at, end;
        if (grade[i] != CPL_GRADE_BRONZE)
            continue;
        if (!cpl_stream_locate(work->stream, from, to, &at, &end, NULL, err))
            return false;
        object->slices[i] = (struct cpl_slice){.data = (const uint8_t *)padded, .length = name};
        position->i64[i] = (int64_t)at;
        length->i64[i] = (int64_t)(end - at);
        set_valid(object, i);
        set_valid(position, i);
        set_valid(length, i);
    }
    return true;
}

/* The rows with the columns that grades add. */
static bool tell_grades(struct cpl_chain_work *work, struct cpl_batch **batch, const uint8_t *grade,
                        struct cpl_error *err)
{
    const struct cpl_chain *chain = work->chain;
    const struct cpl_schema *landing = chain->landing;
    struct cpl_batch *out = cpl_arena_alloc(&work->scratch.arena, sizeof *out, err);
    struct cpl_column *columns = cpl_arena_alloc(&work->scratch.arena,
                                                 landing->n_fields * sizeof *columns, err);
    if (!out || !columns)
        return false;
    uint32_t n = chain->graded->n_fields;
    *out = **batch;
    out->schema = landing;
    out->columns = columns;
    for (uint32_t i = 0; i < n; i++) {
        columns[i] = (*batch)->columns[i];
        columns[i].field = &landing->fields[i];
    }
    *batch = out;
    if (chain->quality->grade != CPL_GRADE_NOT_TOLD && !put_grades(work, out, n++, grade, err))
        return false;
    if (chain->quality->original == CPL_ORIGINAL_BYTES)
        return put_bytes(work, out, n, grade, err);
    return chain->quality->original != CPL_ORIGINAL_PLACE || put_places(work, out, n, grade, err);
}

static bool grade_rows(struct cpl_chain_work *work, struct cpl_batch **batch, struct cpl_error *err)
{
    struct cpl_grades grades;
    if (!cpl_grader_test(work->grader, *batch, &work->counts.tally, &grades, err))
        return false;
    const uint8_t *grade = grades.grade;
    return (!grades.n_rejected || drop_rejected(work, *batch, &grade, err)) &&
           tell_grades(work, batch, grade, err);
}

/* ---- keys ---- */

/* Texts that make no directory: the decoder knows nothing of columns that were made since. */
static bool check_keys(struct cpl_chain_work *work, const struct cpl_partition_plan *keys,
                       struct cpl_batch *batch, struct cpl_error *err)
{
    uint32_t *keep = cpl_arena_alloc(&work->scratch.arena, (batch->rows + 1) * sizeof *keep, err);
    uint32_t n = 0;
    if (!keep)
        return false;
    for (uint32_t row = 0; row < batch->rows; row++) {
        const char *refused = NULL, *rule = NULL, *column = NULL;
        for (uint32_t k = 0; k < keys->n_keys && !refused; k++) {
            if (keys->keys[k].column >= batch->schema->n_fields)
                continue; /* a grade: always a word that makes one */
            const struct cpl_column *of = &batch->columns[keys->keys[k].column];
            const struct cpl_text_check *check = keys->keys[k].check;
            if (!check || !cpl_is_valid(of, row))
                continue;
            refused = check->refuse(check, of->slices[row].data, of->slices[row].length);
            rule = check->rule;
            column = of->field->name;
        }
        if (!refused)
            keep[n++] = row;
        else if (!refuse(work, batch, row, column, rule, refused, err))
            return false;
    }
    return n == batch->rows || cpl_batch_select(batch, keep, n, &work->scratch.arena, err);
}

bool cpl_chain_work_apply(struct cpl_chain_work *work, struct cpl_decoder *decoder,
                          struct cpl_stream *stream, const struct cpl_partition_plan *keys,
                          struct cpl_batch *batch, struct cpl_batch **out, struct cpl_error *err)
{
    work->decoder = decoder;
    work->stream = stream;
    cpl_arena_reset(&work->scratch.arena);
    cpl_evaluator_reset(work->scratch.evaluator);
    for (size_t i = 0; i < work->chain->n_steps && batch->rows; i++)
        if (!run_step(work, i, &batch, err))
            return false;
    if (batch->rows && keys && !check_keys(work, keys, batch, err))
        return false;
    if (batch->rows && work->grader && !grade_rows(work, &batch, err))
        return false;
    *out = batch;
    return true;
}

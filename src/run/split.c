#include "run/split.h"
#include "run/file_writer.h"

#include <string.h>

void cpl_work_result_release(struct cpl_work_result *result, const struct cpl_encoder_ops *encoder)
{
    for (uint32_t i = 0; i < result->n_parts; i++)
        if (result->parts[i])
            encoder->part_free(result->parts[i]);
    cpl_free(result->parts);
    cpl_routed_free(result->routed);
    cpl_reject_list_release(&result->rejects);
    cpl_buffer_release(&result->needs);
    cpl_buffer_release(&result->met);
    cpl_chain_counts_release(&result->chain);
    *result = (struct cpl_work_result){0};
}

/* What is done with its rows and where they go; made when they first come, and again after all was given back. */
static bool make_builder(struct cpl_worker *w, struct cpl_error *err)
{
    const struct cpl_plan *plan = w->plan;
    if (plan->chain && !w->chain && !(w->chain = cpl_chain_work_new(plan->chain, err)))
        return false;
    if (plan->partitions) {
        w->router = cpl_router_new(plan->partitions, w->spill, err);
        return w->router != NULL;
    }
    w->builder = plan->encoder->builder_new(plan->landing, plan->encode_options, err);
    if (w->builder)
        plan->encoder->use_budget(w->builder, &w->room->budget);
    if (!plan->pipeline->sink.single_file)
        w->cutting.target = cpl_part_target(plan->pipeline->sink.target_file_size);
    return w->builder != NULL;
}

enum { REJECT_MEMORY = 6 << 20 }; /* of one split's rejects; more wait in a scratch file */

static void start_rejects(struct cpl_worker *w)
{
    cpl_reject_list_init(&w->rejects, 0);
    w->rejects.most = REJECT_MEMORY;
}

/* Does it hold something that it could drop? */
static void set_active(struct cpl_worker *w, bool active)
{
    if (w->active == active)
        return;
    w->active = active;
    if (active)
        atomic_fetch_add(&w->room->active, 1);
    else
        atomic_fetch_sub(&w->room->active, 1);
}

static void end_split(struct cpl_worker *w)
{
    if (w->decoder)
        w->plan->decoder->close(w->decoder);
    cpl_stream_close(w->stream);
    w->decoder = NULL;
    w->stream = NULL;
    cpl_reject_list_release(&w->rejects);
    cpl_budget_count(&w->room->budget, &w->counted, 0);
    set_active(w, false);
}

static void drop_parts(struct cpl_worker *w)
{
    struct cpl_cutting *c = &w->cutting;
    for (uint32_t i = 0; i < c->n; i++)
        w->plan->encoder->part_free(c->parts[i]);
    cpl_free(c->parts);
    c->parts = NULL;
    c->n = c->capacity = 0;
    c->passed = 0;
}

/* Everything that it holds; others may look at `active` only when all of it is given back. */
void cpl_worker_release(struct cpl_worker *w)
{
    if (w->builder)
        w->plan->encoder->builder_free(w->builder);
    w->builder = NULL;
    cpl_router_free(w->router);
    w->router = NULL;
    cpl_chain_work_free(w->chain);
    w->chain = NULL;
    drop_parts(w);
    cpl_free(w->cutting.numbers);
    w->cutting = (struct cpl_cutting){0};
    end_split(w);
}

/* ---- where rows go: a part of a file, or the spill of their partitions ---- */

/* Takes the part; NULL is none. */
static bool keep_part(struct cpl_worker *w, struct cpl_part *part, struct cpl_error *err)
{
    struct cpl_cutting *c = &w->cutting;
    if (!part)
        return true;
    if (c->n == c->capacity) {
        uint32_t capacity = c->capacity ? 2 * c->capacity : 4;
        struct cpl_part **parts = cpl_realloc(c->parts, capacity * sizeof(struct cpl_part *), err);
        if (!parts) {
            w->plan->encoder->part_free(part);
            return false;
        }
        c->parts = parts;
        c->capacity = capacity;
    }
    c->parts[c->n++] = part;
    return true;
}

/* 0, 1, 2 … for the rows of a batch. */
static bool count_rows(struct cpl_cutting *c, uint32_t rows, struct cpl_error *err)
{
    if (rows <= c->n_numbers)
        return true;
    uint32_t *numbers = cpl_realloc(c->numbers, rows * sizeof *numbers, err);
    if (!numbers)
        return false;
    for (uint32_t i = c->n_numbers; i < rows; i++)
        numbers[i] = i;
    c->numbers = numbers;
    c->n_numbers = rows;
    return true;
}

static bool append_rows(struct cpl_worker *w, const struct cpl_batch *batch, uint32_t from,
                        uint32_t to, struct cpl_error *err)
{
    return w->plan->encoder->append(w->builder, batch, w->cutting.numbers + from, to - from, err);
}

enum { LOOKS = 8, LEAST_LOOK = 4096, USUAL_ROW = 64 };

/* Whether a part is full is asked at rows that only what stands before them in the split decides, not where batches end. */
static bool append_cut(struct cpl_worker *w, const struct cpl_batch *batch, struct cpl_error *err)
{
    struct cpl_cutting *c = &w->cutting;
    uint64_t look = c->target / LOOKS > LEAST_LOOK ? c->target / LOOKS : LEAST_LOOK;
    uint32_t from = 0;
    if (!count_rows(c, batch->rows, err))
        return false;
    for (uint32_t i = 0; i < batch->rows; i++) {
        struct cpl_part *part;
        c->passed += batch->row_start ? batch->row_end[i] - batch->row_start[i] : USUAL_ROW;
        if (c->passed < look)
            continue;
        c->passed = 0;
        if (!append_rows(w, batch, from, i + 1, err) ||
            !w->plan->encoder->cut(w->builder, c->target, &part, err) || !keep_part(w, part, err))
            return false;
        from = i + 1;
    }
    return from == batch->rows || append_rows(w, batch, from, batch->rows, err);
}

static bool append(struct cpl_worker *w, struct cpl_batch *batch, struct cpl_error *err)
{
    if (w->chain && !cpl_chain_work_apply(w->chain, w->decoder, w->stream, w->plan->partitions,
                                          batch, &batch, err))
        return false;
    if (!batch->rows)
        return true;
    if (w->router)
        return cpl_router_append(w->router, batch, err);
    return w->cutting.target ? append_cut(w, batch, err)
                             : w->plan->encoder->append(w->builder, batch, NULL, batch->rows, err);
}

static void discard(struct cpl_worker *w)
{
    drop_parts(w);
    if (w->router)
        cpl_router_discard(w->router);
    else
        w->plan->encoder->discard(w->builder);
}

static bool finish(struct cpl_worker *w, struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_encoder_ops *encoder = w->plan->encoder;
    if (w->router) {
        if (!cpl_router_finish(w->router, &result->routed, err))
            return false;
        result->rows = result->routed ? result->routed->rows : 0;
        return true;
    }
    struct cpl_part *part;
    if (!encoder->finish(w->builder, &part, err) || !keep_part(w, part, err))
        return false;
    result->parts = w->cutting.parts;
    result->n_parts = w->cutting.n;
    w->cutting.parts = NULL;
    w->cutting.n = w->cutting.capacity = 0;
    w->cutting.passed = 0;
    for (uint32_t i = 0; i < result->n_parts; i++)
        result->rows += encoder->part_info(result->parts[i]).rows;
    return true;
}

/* Rows that begin in a split end in front of this, but for those over the limit. */
static uint64_t furthest_row(const struct cpl_plan *plan, const struct cpl_split *split)
{
    return split->to + plan->decode.max_row_bytes + CPL_SPLIT_BYTES / 16;
}

/* A row's start that is known will not be looked for again, so sections that begin there are read once. */
static struct cpl_stream *open_stream(const struct cpl_plan *plan, const struct cpl_claim *claim,
                                      uint64_t from, bool at_row_start, struct cpl_error *err)
{
    const struct cpl_split *split = &claim->split;
    if (claim->text)
        return cpl_sections_open(claim->text, from, at_row_start ? split->to : 0,
                                 furthest_row(plan, split), err);
    return cpl_input_work_stream(&plan->inputs, split->input, from, split->to,
                                 cpl_plan_may_widen(plan), err);
}

bool cpl_worker_begin(struct cpl_worker *w, const struct cpl_claim *claim, uint64_t from,
                      bool at_row_start, struct cpl_error *err)
{
    const struct cpl_plan *plan = w->plan;
    const struct cpl_split *split = &claim->split;
    const struct cpl_input *input = &plan->inputs.items[split->input];
    end_split(w);
    if (!w->builder && !w->router && !make_builder(w, err))
        return false;
    discard(w);
    start_rejects(w);
    if (w->chain)
        cpl_chain_work_begin(w->chain, input->path);
    w->told = (struct cpl_counted){0};
    w->delivered_rejects = 0;
    w->from = from;
    w->at_row_start = at_row_start;
    set_active(w, true);
    w->start_known = at_row_start || !claim->text;
    w->stream = open_stream(plan, claim, from, at_row_start, err);
    w->decoder = w->stream
                     ? plan->decoder->open(cpl_plan_decode(plan, split->input), w->stream, from,
                                           split->to, at_row_start, &w->rejects.sink, err)
                     : NULL;
    return w->decoder || cpl_fail_in(err, input->path);
}

/* When all before has been taken, a section's start is right or it is not: if it is, nobody will read it again. */
static void check_start(struct cpl_worker *w, const struct cpl_claim *claim)
{
    struct cpl_split_report report;
    if (w->start_known || atomic_load(&w->due->number) != claim->number)
        return;
    w->start_known = true;
    w->plan->decoder->report(w->decoder, &report);
    if (report.true_start == atomic_load(&w->due->from))
        cpl_sections_give_up(w->stream, claim->split.to);
}

/* So many rows of the split have been decoded and rejected so far: what is new of them is progress. */
static void count(struct cpl_worker *w, uint64_t decoded, uint64_t rejected)
{
    atomic_fetch_add_explicit(&w->progress->rows, decoded - w->told.rows, memory_order_relaxed);
    atomic_fetch_add_explicit(&w->progress->rejects, rejected - w->told.rejects,
                              memory_order_relaxed);
    w->told.rows = decoded;
    w->told.rejects = rejected;
}

void cpl_progress_take_back(struct cpl_progress_counters *progress, struct cpl_counted *counted)
{
    atomic_fetch_sub(&progress->rows, counted->rows);
    atomic_fetch_sub(&progress->rejects, counted->rejects);
    atomic_fetch_sub(&progress->bytes, counted->bytes);
    *counted = (struct cpl_counted){0};
}

/* Behind a charset stage the decoder counted bytes of UTF-8. The receipt speaks of the object's: what is no
 * row was mapped back piece by piece, rows are what is left, and the two ways of counting must agree on whether
 * there is any. Such an input is one split, from 0. */
static bool report_in_object_bytes(struct cpl_worker *w, struct cpl_split_report *r,
                                   struct cpl_error *err)
{
    const struct cpl_object_bytes *object = &r->object;
    uint64_t ignored, end,
        aside = object->header + object->comment + object->blank + object->reject;
    r->text_bytes = r->true_end - r->true_start;
    if (!w->stream->ops->locate)
        return true;
    uint64_t parts = r->header_bytes + r->comment_bytes + r->blank_bytes + r->row_bytes +
                     r->reject_bytes;
    if (!cpl_stream_locate(w->stream, r->true_end, r->true_end, &ignored, &end, NULL, err))
        return false;
    if (r->true_start || parts != r->text_bytes || aside > end ||
        (aside < end) != (r->row_bytes > 0))
        return cpl_fail(err, CPL_E_BOOKS,
                        "the books do not balance: header, comment, blank, row and reject are %llu "
                        "of %llu bytes as UTF-8, and all but rows %llu of %llu bytes as stored",
                        (unsigned long long)parts, (unsigned long long)r->text_bytes,
                        (unsigned long long)aside, (unsigned long long)end);
    r->true_end = end;
    r->header_bytes = object->header;
    r->comment_bytes = object->comment;
    r->blank_bytes = object->blank;
    r->reject_bytes = object->reject;
    r->row_bytes = end - aside;
    return true;
}

/* Wider types ask for a second reading. */
static bool check_repeatable(const struct cpl_input *input, struct cpl_error *err)
{
    return cpl_input_repeatable(input) ||
           cpl_fail(
               err, CPL_E_LIMIT,
               "a value does not fit the types that the first rows suggest, and standard input "
               "was too long to be kept for a second reading (limits.spill, or the disk of "
               "TMPDIR); declare the columns, or set schema.on_type_conflict to reject");
}

/* A closer type is worth a second reading, but no failure: standard output cannot be taken back. */
static bool can_be_closer(const struct cpl_plan *plan, const struct cpl_split *split)
{
    return cpl_input_repeatable(&plan->inputs.items[split->input]) &&
           strcmp(plan->pipeline->sink.path, "-") != 0;
}

static bool deliver(struct cpl_worker *w, const struct cpl_split *split, bool last,
                    struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_plan *plan = w->plan;
    plan->decoder->report(w->decoder, &result->report);
    const bool *met = result->report.met;
    result->report.facts = NULL;
    result->report.met = NULL;
    if (last && met &&
        !cpl_buffer_append(&result->met, met, plan->schema->n_fields * sizeof *met, err))
        return false;
    if (last && !report_in_object_bytes(w, &result->report, err))
        return cpl_fail_in(err, plan->inputs.items[split->input].path);
    count(w, result->report.rows_decoded, result->report.rows_rejected);
    w->delivered_rejects = result->report.rows_rejected;
    result->counted = w->told;
    result->last = last;
    result->report.widened |= result->report.closer && can_be_closer(plan, split);
    bool widened = result->report.widened;
    if (widened && !check_repeatable(&plan->inputs.items[split->input], err))
        return false;
    if (widened && last && !plan->decoder->needs(w->decoder, &result->needs, err))
        return false;
    if (widened || atomic_load(w->doomed))
        discard(w);
    else if (!finish(w, result, err))
        return cpl_fail_in(err, plan->inputs.items[split->input].path);
    if (w->chain && !cpl_chain_work_take(w->chain, &result->chain, err))
        return false;
    result->rejects = w->rejects;
    start_rejects(w);
    /* the sink's address is the worker's own list: it stays */
    if (last && cpl_room_is_tight(w->room))
        cpl_worker_release(w); /* idle, it could not make room */
    else if (last)
        end_split(w);
    set_active(w, false);
    return true;
}

/* ---- room ---- */

static bool is_due(const struct cpl_worker *w, const struct cpl_claim *claim)
{
    return atomic_load(&w->due->number) == claim->number;
}

/* Can what was read of the claim be read again? */
static bool can_begin_again(const struct cpl_worker *w, const struct cpl_claim *claim)
{
    return !claim->split.stream && !(claim->text && w->at_row_start);
}

/* Give everything back, and begin again when all before has been taken. */
static bool begin_when_due(struct cpl_worker *w, const struct cpl_claim *claim,
                           struct cpl_error *err)
{
    bool first = claim->split.first;
    uint64_t from = w->from;
    cpl_progress_take_back(w->progress, &w->told);
    cpl_worker_release(w); /* a builder that is merely emptied keeps its pages' room */
    while (!is_due(w, claim) && !atomic_load(w->stop))
        cpl_room_pause();
    return cpl_worker_begin(w, claim, first ? from : atomic_load(&w->due->from),
                            first ? w->at_row_start : true, err);
}

/* The next batch, of a section that may have to be begun again: a row in front of it reaches into it (sections.h). */
static bool next_batch(struct cpl_worker *w, const struct cpl_claim *claim,
                       struct cpl_batch **batch, bool *again, struct cpl_error *err)
{
    struct cpl_error why = {0};
    *again = false;
    if (w->plan->decoder->next(w->decoder, batch, &why))
        return true;
    *again = claim->text && cpl_sections_lost(w->stream);
    if (*again)
        return begin_when_due(w, claim, err);
    cpl_fail_with(err, &why);
    return cpl_fail_in(err, w->plan->inputs.items[claim->split.input].path);
}

/* After each batch: is there room to go on? *again: the split has been begun anew. */
static bool keep_room(struct cpl_worker *w, const struct cpl_claim *claim, bool *again,
                      struct cpl_error *err)
{
    enum cpl_room_state state;
    *again = false;
    cpl_budget_count(&w->room->budget, &w->counted,
                     w->plan->decoder->memory(w->decoder) + w->rejects.rows.capacity +
                         w->rejects.bytes.capacity +
                         (w->chain ? cpl_chain_work_memory(w->chain) : 0));
    while (!is_due(w, claim) && (state = cpl_room_state(w->room)) != CPL_ROOM_ENOUGH) {
        *again = state == CPL_ROOM_DROP && can_begin_again(w, claim);
        if (atomic_load(w->stop))
            return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
        if (*again)
            return begin_when_due(w, claim, err);
        set_active(w, can_begin_again(w, claim));
        cpl_room_pause();
    }
    set_active(w, true);
    return !is_due(w, claim) || cpl_room_for_due(w->room, w->stop, err);
}

bool cpl_worker_next(struct cpl_worker *w, const struct cpl_claim *claim,
                     struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_split *split = &claim->split;
    *result = (struct cpl_work_result){0};
    uint64_t begun = w->stream->position, seen = begun;
    set_active(w, true);
    for (bool again = false;;) {
        struct cpl_batch *batch = NULL;
        if (atomic_load_explicit(w->stop, memory_order_relaxed))
            return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
        if (!next_batch(w, claim, &batch, &again, err))
            return false;
        if (again) {
            begun = seen = w->stream->position;
            continue;
        }
        atomic_fetch_add_explicit(&w->progress->bytes, w->stream->position - seen,
                                  memory_order_relaxed);
        w->told.bytes += w->stream->position - seen;
        seen = w->stream->position;
        count(w, w->told.rows + batch->rows, w->delivered_rejects + w->rejects.all);
        check_start(w, claim);
        if (!batch->rows)
            return deliver(w, split, true, result, err);
        if (!atomic_load_explicit(w->doomed, memory_order_relaxed) && !append(w, batch, err))
            return false;
        if (!keep_room(w, claim, &again, err))
            return false;
        if (again)
            begun = seen = w->stream->position;
        if (split->stream && seen - begun >= CPL_SPLIT_BYTES)
            return deliver(w, split, false, result, err);
    }
}

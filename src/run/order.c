/* The ordered stage: results of splits, in the order of their inputs, whoever worked them.
 *
 * Each split must start where its predecessor really ended, else it is worked again from there; a split that
 * needs wider types dooms the round. What holds is written and accounted.
 *
 * Threads: called by one thread at a time (loop.h: `draining`). */
#include "base/plural.h"
#include "run/loop.h"
#include "run/plan_types.h"

#include <stdlib.h>
#include <string.h>

static const char *input_path(const struct run_state *run, const struct cpl_split *split)
{
    return run->plan.inputs.items[split->input].path;
}

static char *text_of_reject(const struct run_state *run, const struct cpl_split *split,
                            const struct cpl_reject_list *rejects, const struct cpl_reject_row *row,
                            struct cpl_error *err)
{
    const char *object = row->object ? row->object : input_path(run, split);
    uint64_t line = row->object ? row->line : run->lines + row->line + 1;
    return cpl_reject_text(object, line, &row->fault, row->column,
                           (const char *)rejects->bytes.data + row->message_at, row->said_length,
                           err);
}

/* The value would need another type than the column has in the dataset. */
static void refuse_other_type(const struct run_state *run, const char *column, const char *text,
                              struct cpl_error *err)
{
    struct cpl_buffer there = {0};
    const char *told = cpl_dataset_types_tell(run->plan.there, column, &there, err)
                           ? cpl_buffer_text(&there, err)
                           : NULL;
    if (told)
        cpl_fail(err, CPL_E_TYPE, "%s; %s. Nothing has landed. " CPL_TYPES_ADVICE, text, told);
    cpl_buffer_release(&there);
}

/* By policy a value that its column's inferred type cannot hold ends the run. */
static bool refuse_conflict(const struct run_state *run, const struct cpl_split *split,
                            const struct cpl_reject_list *rejects, struct cpl_error *err)
{
    const struct cpl_reject_row *row =
        (const struct cpl_reject_row *)(const void *)rejects->rows.data;
    if (!rejects->conflict)
        return true;
    while (!row->fault.conflict)
        row++;
    struct cpl_reject_row shown = *row;
    bool kept = cpl_plan_keeps(&run->plan, row->column);
    shown.fault.conflict = !kept; /* which is told with other advice */
    char *text = text_of_reject(run, split, rejects, &shown, err);
    if (text && kept)
        refuse_other_type(run, row->column, text, err);
    else if (text)
        cpl_fail(err, CPL_E_TYPE, "%s", text);
    cpl_free(text);
    return false;
}

static bool note_first_reject(struct run_state *run, const struct cpl_split *split,
                              const struct cpl_reject_list *rejects, struct cpl_error *err)
{
    if (run->result->first_reject || !rejects->n)
        return true;
    const struct cpl_reject_row *row =
        (const struct cpl_reject_row *)(const void *)rejects->rows.data;
    run->result->first_reject = text_of_reject(run, split, rejects, row, err);
    return run->result->first_reject != NULL;
}

bool cpl_run_reject_policy(struct run_state *run, bool finished, struct cpl_error *err)
{
    const struct cpl_limits_config *limits = &run->plan.pipeline->limits;
    uint64_t rejected = run->account.rows.rejected, read = run->account.rows.read;
    if (!rejected || limits->on_reject == CPL_REJECT_KEEP)
        return true;
    const char *first = run->result->first_reject ? run->result->first_reject : "";
    char text[CPL_COUNTED_TEXT];
    if (limits->on_reject == CPL_REJECT_FAIL)
        return cpl_fail(err, CPL_E_REJECTS, "a row was rejected, and on_reject is fail: %s", first);
    if (limits->reject_limit_rows >= 0 && rejected > (uint64_t)limits->reject_limit_rows)
        return cpl_fail(err, CPL_E_REJECTS, "more than %s %s rejected (on_reject); the first: %s",
                        cpl_counted((uint64_t)limits->reject_limit_rows, "row", text),
                        cpl_were((uint64_t)limits->reject_limit_rows), first);
    if (finished && limits->reject_limit_share >= 0 &&
        (double)rejected > limits->reject_limit_share * (double)read)
        return cpl_fail(err, CPL_E_REJECTS,
                        "%llu of %s %s rejected, more than %.4g %% (on_reject); the first: %s",
                        (unsigned long long)rejected, cpl_counted(read, "row", text),
                        cpl_were(rejected), 100 * limits->reject_limit_share, first);
    return true;
}

static bool count_rejects(struct run_state *run, const struct cpl_reject_list *rejects,
                          struct cpl_error *err)
{
    const struct cpl_reject_row *rows =
        (const struct cpl_reject_row *)(const void *)rejects->rows.data;
    for (uint64_t i = 0; i < rejects->n;) {
        uint64_t same = 1;
        while (i + same < rejects->n && rows[i + same].rule == rows[i].rule)
            same++;
        if (!cpl_account_reject(&run->account, rows[i].rule, same, err))
            return false;
        i += same;
    }
    return true;
}

static int by_position(const void *a, const void *b)
{
    const struct cpl_reject_row *x = a, *y = b;
    return x->position < y->position ? -1 : x->position > y->position;
}

/* A row of a reject file that is rejected again keeps the place in which it first stood. */
static bool trace_rejects(struct run_state *run, const struct cpl_split *split,
                          struct cpl_reject_list *rejects, struct cpl_error *err)
{
    uint32_t i = split->input;
    const struct cpl_input *input = &run->plan.inputs.items[i];
    struct cpl_reject_row *rows = (struct cpl_reject_row *)(void *)rejects->rows.data;
    if (!input->rejects || !rejects->n)
        return true;
    if (run->trace && run->traced != i) {
        cpl_rejects_trace_free(run->trace);
        run->trace = NULL;
    }
    if (!run->trace && !(run->trace = cpl_rejects_trace_new(input->rejects, input->part, err)))
        return false;
    run->traced = i;
    for (uint64_t k = 0; k < rejects->n; k++) {
        struct cpl_rejects_origin origin;
        if (!cpl_rejects_trace_find(run->trace, rows[k].position, &origin, err))
            return false;
        if (!origin.object)
            continue;
        rows[k].object = origin.object;
        rows[k].position = origin.position;
        rows[k].length = origin.length;
        rows[k].line = origin.line;
    }
    return true;
}

struct rejects_of {
    struct run_state *run;
    const struct cpl_split *split;
};

static bool take_piece(void *context, struct cpl_reject_list *rejects, struct cpl_error *err)
{
    const struct rejects_of *of = context;
    struct run_state *run = of->run;
    const struct cpl_split *split = of->split;
    if (rejects->n > 1)
        qsort(rejects->rows.data, rejects->n, sizeof(struct cpl_reject_row), by_position);
    return trace_rejects(run, split, rejects, err) && refuse_conflict(run, split, rejects, err) &&
           note_first_reject(run, split, rejects, err) && count_rejects(run, rejects, err) &&
           cpl_output_rejects(&run->output, rejects, split->input, run->lines + 1, err) &&
           cpl_run_reject_policy(run, false, err);
}

static bool take_rejects(struct run_state *run, const struct cpl_split *split,
                         struct cpl_reject_list *rejects, struct cpl_error *err)
{
    struct rejects_of of = {run, split};
    return cpl_reject_list_each(rejects, take_piece, &of, err);
}

/* Work the split again from where its predecessor really ended. */
static bool work_again(struct run_state *run, struct cpl_worker *worker,
                       const struct cpl_claim *claim, struct cpl_work_result *result,
                       struct cpl_error *err)
{
    cpl_run_say(run, "debug",
                "%s: split %zu starts at %llu, not where it was guessed; worked again",
                input_path(run, &claim->split), claim->number, (unsigned long long)run->expected);
    cpl_progress_take_back(&run->progress, &result->counted);
    cpl_work_result_release(result, run->plan.encoder);
    return cpl_worker_begin(worker, claim, run->expected, true, err) &&
           cpl_worker_next(worker, claim, result, err);
}

static bool keep_needs(struct run_state *run, const struct cpl_split *split,
                       struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_decoder_ops *decoder = run->plan.decoder;
    if (run->n_needs && decoder->join_needs &&
        !decoder->join_needs(cpl_plan_decode(&run->plan, split->input), run->needs, &result->needs,
                             err))
        return cpl_fail_in(err, input_path(run, split));
    struct cpl_buffer *needs = cpl_realloc(run->needs, (run->n_needs + 1) * sizeof *needs, err);
    if (!needs)
        return false;
    run->needs = needs;
    struct cpl_need_origin *origins = cpl_realloc(run->origins,
                                                  (run->n_needs + 1) * sizeof *origins, err);
    if (!origins)
        return false;
    run->origins = origins;
    origins[run->n_needs] = (struct cpl_need_origin){.input = split->input, .lines = run->lines};
    /* A copy of what is left of them: the room that they had goes. */
    needs[run->n_needs] = (struct cpl_buffer){0};
    struct cpl_buffer *kept = &needs[run->n_needs++];
    if (result->needs.size && !cpl_buffer_append(kept, result->needs.data, result->needs.size, err))
        return false;
    cpl_buffer_release(&result->needs);
    if (!atomic_exchange(&run->doomed, true))
        cpl_run_say(run, "info",
                    "%s: the sample's types are too narrow; reading on to learn what is needed",
                    input_path(run, split));
    return true;
}

/* The object's length, where its stream ended; of a plain file its size must say the same. */
static bool take_length(const struct run_state *run, const struct cpl_split *split,
                        struct cpl_input_account *input, const struct cpl_split_report *report,
                        struct cpl_error *err)
{
    const struct cpl_input *from = &run->plan.inputs.items[split->input];
    input->decompressed = report->true_end;
    if (!from->reader || from->compression != CPL_PLAIN || from->size == input->decompressed)
        return true;
    return cpl_fail(err, CPL_E_BOOKS,
                    "%s: %s %s read, and it was listed with %llu: it changed while it was "
                    "read; run again",
                    from->path, CPL_COUNTED(input->decompressed, "byte"),
                    cpl_were(input->decompressed), (unsigned long long)from->size);
}

static bool account_split(struct run_state *run, const struct cpl_split *split, bool last,
                          const struct cpl_work_result *result, struct cpl_error *err)
{
    struct cpl_input_account *input = &run->account.inputs[split->input];
    run->account.rows.read += result->report.rows_read;
    if (!cpl_run_locate_strays(run, split->input, run->expected, result->report.true_end, err))
        return false;
    run->expected = result->report.true_end;
    run->lines += result->report.lines;
    if (last && !take_length(run, split, input, &result->report, err))
        return false;
    return cpl_account_split(input, &result->report, err);
}

/* Which of the columns that the samples lacked were there nevertheless. */
static bool take_met(struct run_state *run, const struct cpl_buffer *met, struct cpl_error *err)
{
    const bool *here = (const bool *)(const void *)met->data;
    if (!met->size)
        return true;
    if (!run->met && !(run->met = cpl_alloc_zero(met->size, 1, err)))
        return false;
    for (size_t i = 0; i < met->size / sizeof *here; i++)
        run->met[i] |= here[i];
    return true;
}

/* The end of a split, or of the last section of one: then its text can go. */
static bool end_split(struct run_state *run, const struct cpl_claim *claim,
                      const struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_split *split = &claim->split;
    bool last = claim->text ? !cpl_sections_reach(claim->text, split->to) : split->last;
    if (!take_met(run, &result->met, err) || !account_split(run, split, last, result, err))
        return false;
    atomic_store(&run->due.from, run->expected);
    atomic_store(&run->due.number, claim->number + 1);
    if (claim->text)
        cpl_sections_forget(claim->text, split->to);
    if (claim->text && last)
        cpl_run_close_text(run, split->input, &run->texts[split->input].taken);
    return true;
}

static bool put_parts(struct run_state *run, struct cpl_work_result *result, struct cpl_error *err)
{
    for (uint32_t i = 0; i < result->n_parts; i++) {
        struct cpl_part *part = result->parts[i];
        result->parts[i] = NULL;
        if (!cpl_output_part(&run->output, part, err))
            return false;
    }
    return true;
}

static bool take_rows(struct run_state *run, const struct cpl_split *split,
                      struct cpl_work_result *result, struct cpl_error *err)
{
    run->account.rows.landed += result->rows;
    run->account.rows.filtered += cpl_chain_filtered(&result->chain);
    return cpl_chain_counts_add(&run->chain, &result->chain, err) && put_parts(run, result, err) &&
           cpl_output_routed(&run->output, result->routed, err) &&
           take_rejects(run, split, &result->rejects, err);
}

/* One delivery, in order. */
bool cpl_run_take(struct run_state *run, struct cpl_worker *worker, const struct cpl_claim *claim,
                  struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_split *split = &claim->split;
    if (split->first)
        run->expected = run->lines = 0;
    if (!split->first && result->report.true_start != run->expected &&
        !work_again(run, worker, claim, result, err))
        return false;
    if (result->last && result->report.widened && !keep_needs(run, split, result, err))
        return false;
    if (!atomic_load(&run->doomed) && !take_rows(run, split, result, err))
        return false;
    return !result->last || end_split(run, claim, result, err);
}

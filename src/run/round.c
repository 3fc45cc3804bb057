/* A round: every split worked once, by threads that claim them in order (picture: loop.c).
 *
 * A worker runs at most `window` splits ahead of the ordered stage, which bounds memory. Whoever brings the split
 * whose turn it is drives the stage for all that wait behind it. When a type must widen nothing of the
 * round counts: the schema is joined with all that it needed, and the next begins. */
#include "base/plural.h"
#include "run/loop.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 64,
    SPLIT_MEMORY = 56 << 20,
    FIXED_MEMORY = 32 << 20,
    COLUMN_MEMORY = 10 << 10,
    NAME_COPIES = 9,          /* of columns' names: schemas, trees of keys, footers; and */
    SMALL_COPIES = 4,         /* of an input that is less than a split, in many columns */
    PROCESS_MEMORY = 8 << 20, /* besides what workers hold; and */
    WORKER_MEMORY = 8 << 20,  /* of theirs, what nobody counts */
    LEAST_ROOM = 4 << 20,
    HEAP_SHARE =
        6, /* one part of so many of what workers hold is the heap's own: holes and what it keeps */
    LONG_ROW = 4,      /* times its length: room that finished pages leave for one; and */
    LONG_ROW_WORK = 6, /* what working it takes in all; or */
    LONG_LIST_WORK =
        24 /* where it may be one long list: `1,` is a number and two levels, several times over */
};

static void fail_run(struct run_state *run, const struct cpl_error *err)
{
    pthread_mutex_lock(&run->mutex);
    if (run->error.code == CPL_E_NONE)
        run->error = *err;
    atomic_store(&run->stop, true);
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->mutex);
}

/* Results that are due, from the front of the queue. Called with the mutex held and draining set. */
static bool drain(struct run_state *run, struct cpl_worker *worker, struct cpl_error *err)
{
    bool ok = true;
    struct slot *slot;
    while (ok && (slot = &run->slots[run->turn % run->window])->ready) {
        struct cpl_work_result result = slot->result;
        struct cpl_claim claim = slot->claim;
        slot->ready = false;
        pthread_mutex_unlock(&run->mutex);
        ok = cpl_run_take(run, worker, &claim, &result, err);
        cpl_work_result_release(&result, run->plan.encoder);
        pthread_mutex_lock(&run->mutex);
        run->turn++;
        pthread_cond_broadcast(&run->changed);
    }
    return ok;
}

/* The split's last delivery waits in its slot; whoever can drives the queue. */
static bool submit_last(struct run_state *run, struct cpl_worker *worker,
                        const struct cpl_claim *claim, struct cpl_work_result *result,
                        struct cpl_error *err)
{
    bool ok = true;
    pthread_mutex_lock(&run->mutex);
    struct slot *slot = &run->slots[claim->number % run->window];
    slot->claim = *claim;
    slot->result = *result;
    slot->ready = true;
    *result = (struct cpl_work_result){0};
    if (!run->draining) {
        run->draining = true;
        ok = drain(run, worker, err);
        run->draining = false;
        pthread_cond_broadcast(&run->changed);
    }
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

/* A stream's delivery in between waits for its turn. */
static bool submit_part(struct run_state *run, struct cpl_worker *worker,
                        const struct cpl_claim *claim, struct cpl_work_result *result,
                        struct cpl_error *err)
{
    pthread_mutex_lock(&run->mutex);
    while ((run->turn != claim->number || run->draining) && !atomic_load(&run->stop))
        pthread_cond_wait(&run->changed, &run->mutex);
    bool mine = !atomic_load(&run->stop);
    run->draining |= mine;
    pthread_mutex_unlock(&run->mutex);
    if (!mine)
        return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
    bool ok = cpl_run_take(run, worker, claim, result, err);
    cpl_work_result_release(result, run->plan.encoder);
    pthread_mutex_lock(&run->mutex);
    run->draining = false;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

/* ---- workers ---- */

void cpl_run_close_text(struct run_state *run, uint32_t input, bool *flag)
{
    struct run_text *text = &run->texts[input];
    struct cpl_sections *done = NULL;
    pthread_mutex_lock(&run->mutex);
    *flag = true;
    if (text->passed && text->taken) {
        done = text->sections;
        text->sections = NULL;
    }
    pthread_mutex_unlock(&run->mutex);
    cpl_sections_free(done);
}

/* Is there a section at next_from? Its text is opened for the first, and read up to there for others. */
static bool find_section(struct run_state *run, uint32_t input, bool *there, struct cpl_error *err)
{
    struct run_text *text = &run->texts[input];
    *there = true;
    if (run->next_from) {
        *there = cpl_sections_reach(text->sections, run->next_from);
        return true;
    }
    bool ahead = run->threads == 1 && run->plan.inputs.threads > 1;
    text->sections = cpl_input_sections(&run->plan.inputs, input, cpl_plan_may_widen(&run->plan),
                                        ahead, err);
    return text->sections || cpl_fail_in(err, run->plan.inputs.items[input].path);
}

/* A section cut off the split at next_from. The start is known when all before has been taken. */
static void cut_section(struct run_state *run, struct cpl_claim *claim)
{
    struct cpl_split *split = &claim->split;
    split->from = run->next_from;
    split->to = split->from + CPL_SPLIT_BYTES;
    split->first = split->from == 0;
    claim->text = run->texts[split->input].sections;
    if (split->from && atomic_load(&run->due.number) == run->next) {
        claim->at_row_start = true;
        split->from = atomic_load(&run->due.from);
    }
    run->next_from += CPL_SPLIT_BYTES;
}

/* With the mutex held, by the one who claims. *some: it is yours. */
static bool take_claim(struct run_state *run, struct cpl_claim *claim, bool *some,
                       struct cpl_error *err)
{
    *claim = (struct cpl_claim){.split = run->plan.splits[run->next_split]};
    uint32_t input = claim->split.input;
    *some = true;
    if (claim->split.sections) {
        pthread_mutex_unlock(&run->mutex);
        bool ok = find_section(run, input, some, err);
        if (ok && !*some)
            cpl_run_close_text(run, input, &run->texts[input].passed);
        pthread_mutex_lock(&run->mutex);
        if (!ok)
            return false;
    }
    claim->at_row_start = claim->split.from == 0 && run->next_from == 0;
    if (*some && claim->split.sections)
        cut_section(run, claim);
    if (!*some || !claim->split.sections) {
        run->next_split++;
        run->next_from = 0;
    }
    if (*some)
        claim->number = run->next++;
    return true;
}

/* *some: there was something left to work on. */
static bool claim_next(struct run_state *run, struct cpl_claim *claim, bool *some,
                       struct cpl_error *err)
{
    bool ok = true;
    *some = false;
    pthread_mutex_lock(&run->mutex);
    while (ok && !*some && !atomic_load(&run->stop) && run->next_split < run->plan.n_splits) {
        if (run->claiming || run->next >= run->turn + run->window) {
            pthread_cond_wait(&run->changed, &run->mutex);
            continue;
        }
        run->claiming = true;
        ok = take_claim(run, claim, some, err);
        run->claiming = false;
        pthread_cond_broadcast(&run->changed);
    }
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

static bool work_claim(struct run_state *run, struct cpl_worker *worker,
                       const struct cpl_claim *claim, struct cpl_error *err)
{
    if (!cpl_worker_begin(worker, claim, claim->split.from, claim->at_row_start, err))
        return false;
    for (bool last = false; !last;) {
        struct cpl_work_result result;
        if (!cpl_worker_next(worker, claim, &result, err)) {
            cpl_work_result_release(&result, run->plan.encoder);
            return false;
        }
        last = result.last;
        bool ok = last ? submit_last(run, worker, claim, &result, err)
                       : submit_part(run, worker, claim, &result, err);
        cpl_work_result_release(&result, run->plan.encoder);
        if (!ok)
            return false;
    }
    return true;
}

static void *work(void *argument)
{
    struct run_state *run = argument;
    struct cpl_error err = {0};
    struct cpl_worker worker = {.plan = &run->plan,
                                .progress = &run->progress,
                                .stop = &run->stop,
                                .doomed = &run->doomed,
                                .due = &run->due,
                                .room = &run->room,
                                .spill = &run->output.store.spill};
    bool some = true, ok = true;
    while (ok && some) {
        struct cpl_claim claim;
        ok = claim_next(run, &claim, &some, &err) &&
             (!some || work_claim(run, &worker, &claim, &err));
    }
    if (!ok)
        fail_run(run, &err);
    cpl_worker_release(&worker);
    pthread_mutex_lock(&run->mutex);
    run->running--;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->mutex);
    return NULL;
}

/* ---- a round ---- */

/* What reading takes besides splits: sections that are not given up yet, a split each, and what inflates them. */
static bool count_reading(const struct run_state *run, uint64_t *each, uint64_t *fixed)
{
    const struct cpl_plan *plan = &run->plan;
    bool sections = false;
    uint64_t most = 0;
    for (size_t i = 0; i < plan->n_splits; i++)
        sections |= plan->splits[i].sections;
    for (size_t i = 0; i < plan->inputs.n; i++) {
        uint64_t memory = cpl_decompress_memory(plan->inputs.items[i].compression,
                                                plan->inputs.threads);
        most = memory > most ? memory : most;
    }
    *each += sections ? CPL_SPLIT_BYTES : 0;
    *fixed += most;
    return sections;
}

/* Bytes of the inputs; CPL_SPLIT_BYTES: so many, or more, or nobody knows. */
static uint64_t input_bytes(const struct run_state *run)
{
    uint64_t total = 0;
    for (size_t i = 0; i < run->plan.inputs.n && total < CPL_SPLIT_BYTES; i++) {
        const struct cpl_input *input = &run->plan.inputs.items[i];
        total = cpl_input_seekable(input) ? total + input->size : CPL_SPLIT_BYTES;
    }
    return total < CPL_SPLIT_BYTES ? total : CPL_SPLIT_BYTES;
}

/* What a run of one thread takes at least, as measured (docs/performance.md); many columns give their pages back early. Inputs of
 * less than a split take less, and hardly any where there are few columns. */
static uint64_t least_memory(const struct run_state *run)
{
    uint64_t columns = run->plan.schema->n_fields, narrow = columns < 256 ? columns : 256;
    uint64_t names, leaves = cpl_schema_leaves(run->plan.schema, &names);
    uint64_t bytes = input_bytes(run), called = names * NAME_COPIES;
    uint64_t least = ((uint64_t)34 << 20) + narrow * (100 << 10) + leaves * (13 << 10) + called;
    uint64_t routing = ((uint64_t)50 << 20) + leaves * (13 << 10) + called;
    uint64_t small = ((uint64_t)8 << 20) + leaves * (6 << 10) + called +
                     (leaves < 256 ? 0 : SMALL_COPIES * bytes);
    least = run->plan.partitions && routing > least ? routing : least;
    return bytes < CPL_SPLIT_BYTES && small < least ? small : least;
}

/* A limit that somebody set and that cannot be kept is refused, rather than passed over in silence. */
static bool check_memory(const struct run_state *run, struct cpl_error *err)
{
    uint64_t limit = run->plan.pipeline->limits.memory, least = least_memory(run);
    if (!limit || limit == CPL_USUAL_MEMORY || limit + limit / 10 >= least)
        return true;
    return cpl_fail(
        err, CPL_E_CONFIG,
        "limits.memory of %llu MiB is too little: with %s%s one thread takes about "
        "%llu MiB; raise it (--memory-limit)%s",
        (unsigned long long)(limit >> 20), CPL_COUNTED(run->plan.schema->n_fields, "column"),
        run->plan.partitions ? " and partitions" : "", (unsigned long long)(least >> 20) + 1,
        run->plan.schema->n_fields > 1 ? ", or read fewer columns" : "");
}

/* What is left of the limit when everything is counted that does not grow with the rows: `reading` is what inflates
 * them. */
static void set_room(struct run_state *run, uint64_t limit, uint64_t reading, bool sections)
{
    uint64_t names, columns = cpl_schema_leaves(run->plan.schema, &names);
    uint64_t taken = PROCESS_MEMORY + reading + names * NAME_COPIES +
                     run->threads * (WORKER_MEMORY + columns * COLUMN_MEMORY) +
                     (sections ? (run->threads - 1) * (uint64_t)CPL_SPLIT_BYTES : 0);
    uint64_t most = limit > taken + LEAST_ROOM ? limit - taken : LEAST_ROOM;
    most -= most / HEAP_SHARE;
    uint64_t row = run->plan.decode.max_row_bytes, half = most / 2;
    atomic_store(&run->room.budget.most, most);
    atomic_store(&run->room.budget.for_later,
                 most - (row < half / LONG_ROW ? LONG_ROW * row : half));
    run->room.hard = most + limit / 10;
    run->room.limit = limit;
}

static bool has_lists(const struct cpl_type *type)
{
    if (type->kind == CPL_LIST || type->kind == CPL_MAP)
        return true;
    for (uint32_t i = 0; i < type->n_children; i++)
        if (has_lists(&type->children[i].type))
            return true;
    return false;
}

/* Each thread may meet the longest row at the same time. */
static uint64_t threads_for_long_rows(const struct run_state *run, uint64_t memory)
{
    const struct cpl_schema *schema = run->plan.schema;
    uint64_t row = run->plan.decode.max_row_bytes, work = LONG_ROW_WORK;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (has_lists(&schema->fields[i].type))
            work = LONG_LIST_WORK;
    uint64_t threads = memory / work / (row ? row : 1);
    return threads ? threads : 1;
}

static void choose_threads(struct run_state *run)
{
    const struct cpl_limits_config *limits = &run->plan.pipeline->limits;
    int64_t wanted = limits->threads > 0 ? limits->threads : sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t memory = limits->memory ? limits->memory : CPL_USUAL_MEMORY;
    uint64_t each = run->plan.partitions ? CPL_ROUTER_MEMORY : SPLIT_MEMORY;
    uint64_t reading = 0, names;
    each += cpl_schema_leaves(run->plan.schema, &names) * COLUMN_MEMORY;
    bool sections = count_reading(run, &each, &reading);
    uint64_t fixed = FIXED_MEMORY + reading + names * NAME_COPIES;
    uint64_t fit = memory > fixed + each ? (memory - fixed) / each : 1;
    uint64_t rows = threads_for_long_rows(run, memory);
    fit = fit <= rows ? fit : rows;
    if (wanted < 1)
        wanted = 1;
    if (wanted > MOST_THREADS)
        wanted = MOST_THREADS;
    if ((uint64_t)wanted > fit)
        wanted = (int64_t)fit;
    if (!sections && (size_t)wanted > run->plan.n_splits)
        wanted = (int64_t)run->plan.n_splits;
    run->threads = (unsigned)wanted;
    run->window = run->threads + (fit > (uint64_t)wanted);
    set_room(run, memory, reading, sections);
}

static void wait_for_workers(struct run_state *run)
{
    pthread_mutex_lock(&run->mutex);
    while (run->running) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += 100000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&run->changed, &run->mutex, &until);
        if (run->options->stop && atomic_load(run->options->stop)) {
            atomic_store(&run->stop, true);
            pthread_cond_broadcast(&run->changed);
        }
        pthread_mutex_unlock(&run->mutex);
        cpl_run_progress(run, atomic_load(&run->doomed) ? "widen" : "work");
        pthread_mutex_lock(&run->mutex);
    }
    pthread_mutex_unlock(&run->mutex);
}

static bool start_accounts(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_inputs *inputs = &run->plan.inputs;
    cpl_free(run->account.inputs);
    cpl_free(run->met);
    run->met = NULL;
    cpl_account_release(&run->account);
    cpl_chain_counts_release(&run->chain);
    run->account = (struct cpl_account){.n_inputs = inputs->n};
    run->account.inputs = cpl_alloc_zero(inputs->n, sizeof *run->account.inputs, err);
    for (size_t i = 0; run->account.inputs && i < inputs->n; i++) {
        struct cpl_input *input = &inputs->items[i];
        cpl_content_hash_reset(&input->hash);
        input->checksum[0] = 0;
        run->account.inputs[i] = (struct cpl_input_account){
            .path = input->path,
            .size = input->size,
            .etag = input->etag,
            .checksum = input->checksum,
            .text = true,
            .compression = cpl_compression_name(input->compression),
            .charset = input->charset.name};
    }
    return run->account.inputs != NULL;
}

static bool run_threads(struct run_state *run, struct cpl_error *err)
{
    pthread_t threads[MOST_THREADS];
    unsigned started = 0;
    for (; started < run->threads; started++) {
        pthread_mutex_lock(&run->mutex);
        run->running++;
        pthread_mutex_unlock(&run->mutex);
        int failed = pthread_create(&threads[started], NULL, work, run);
        if (failed) {
            pthread_mutex_lock(&run->mutex);
            run->running--;
            pthread_mutex_unlock(&run->mutex);
            struct cpl_error problem = {0};
            cpl_fail_errno(&problem, failed, "cannot start a thread");
            if (!started)
                fail_run(run, &problem);
            break;
        }
    }
    wait_for_workers(run);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < run->window; i++)
        if (run->slots[i].ready)
            cpl_work_result_release(&run->slots[i].result, run->plan.encoder);
    bool failed = run->error.code != CPL_E_NONE && run->error.code != CPL_E_INTERRUPTED;
    if (failed)
        return cpl_fail_with(err, &run->error);
    if (atomic_load(&run->stop))
        return cpl_fail(
            err, CPL_E_INTERRUPTED,
            "stopped by a signal; nothing has been written: run the same command again");
    return true;
}

/* All splits once. *again: the schema has widened, and nothing of this round counts. */
static bool one_round(struct run_state *run, bool *again, struct cpl_error *err)
{
    bool ok = false;
    *again = false;
    if (!check_memory(run, err))
        return false;
    choose_threads(run);
    run->next = run->turn = run->next_split = 0;
    run->next_from = 0;
    atomic_store(&run->due.number, 0);
    atomic_store(&run->doomed, false);
    run->counted_from = cpl_run_clock();
    atomic_store(&run->progress.bytes, 0);
    atomic_store(&run->progress.rows, 0);
    atomic_store(&run->progress.rejects, 0);
    run->slots = cpl_alloc_zero(run->window, sizeof *run->slots, err);
    run->texts = run->slots ? cpl_alloc_zero(run->plan.inputs.n, sizeof *run->texts, err) : NULL;
    if (!run->texts || !start_accounts(run, err) || !run_threads(run, err))
        goto out;
    ok = true;
    if (atomic_load(&run->doomed)) {
        *again = true;
        if (!run->attempt && run->output.bytes_out)
            ok = cpl_fail(err, CPL_E_TYPE,
                          "a value does not fit the types that the sample suggests, and standard "
                          "output cannot be taken back; declare the column (--type)");
        else
            ok = cpl_plan_widen(&run->plan, run->needs, run->origins, run->n_needs, err);
        cpl_free(run->result->first_reject);
        run->result->first_reject = NULL;
        cpl_output_drop(&run->output);
    }
out:
    for (size_t i = 0; i < run->n_needs; i++)
        cpl_buffer_release(&run->needs[i]);
    for (size_t i = 0; run->texts && i < run->plan.inputs.n; i++)
        cpl_sections_free(run->texts[i].sections);
    cpl_free(run->needs);
    cpl_free(run->origins);
    cpl_free(run->texts);
    cpl_free(run->slots);
    run->needs = NULL;
    run->origins = NULL;
    run->n_needs = 0;
    run->texts = NULL;
    run->slots = NULL;
    return ok;
}

bool cpl_run_rounds(struct run_state *run, struct cpl_error *err)
{
    bool again = true;
    while (again) {
        if (!one_round(run, &again, err))
            return false;
        run->result->rounds = run->plan.rounds;
    }
    for (size_t i = 0; i < run->plan.inputs.n; i++) {
        struct cpl_input *input = &run->plan.inputs.items[i];
        cpl_content_hash_text(&input->hash, input->checksum);
    }
    run->output.threads = run->threads;
    run->read_whole = true;
    cpl_run_progress(run, "work");
    if (run->plan.partitions)
        cpl_run_progress(run, "partition");
    return cpl_run_reject_policy(run, true, err) && cpl_output_finish(&run->output, err);
}

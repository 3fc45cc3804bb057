/* THE LOOP.
 *
 *   plan ──splits──▶ workers ──parts, rejects, reports──▶ order ──▶ output (staged) ──▶ commit ──▶ publish
 *                    (split.c, one a thread)              │  seam: end(i) = start(i+1), else i+1 is worked again
 *                                                         │  books: account.c
 *                                                         ▼  a type must widen: drop the round, join, begin again
 *
 * Workers claim splits in order and hand results to the ordered stage, which one thread at a time drives: whoever
 * brings the split whose turn it is writes it and all that wait behind it. A worker runs at most `window`
 * splits ahead, which bounds memory. Nothing here decides a cut: those are functions of position (plan.c).
 *
 * Threads: `run_state.mutex` guards claims, slots, turn and error; the holder of `draining` owns output and
 * accounts. The calling thread waits and reports progress. */
#include "run/commit.h"
#include "run/output.h"
#include "run/replay.h"
#include "run/retention.h"
#include "run/run.h"
#include "run/split.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    MOST_THREADS = 64,
    SPLIT_MEMORY = 48 << 20,
    FIXED_MEMORY = 32 << 20,
    COLUMN_MEMORY = 10 << 10
};

struct slot {
    bool ready;
    struct cpl_work_result result;
};

struct run_state {
    const struct cpl_run_options *options;
    struct cpl_run_result *result;
    struct cpl_storage *storage;
    struct cpl_plan plan;
    struct cpl_attempt *attempt;
    struct cpl_output output;
    struct cpl_account account;
    struct cpl_progress_counters progress;
    _Atomic bool stop, doomed;
    int64_t now_ms;
    double started;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t next, turn; /* next split to claim; split whose results are due */
    bool draining;
    unsigned running, threads, window;
    struct slot *slots;
    struct cpl_error error; /* the first */

    /* ordered stage */
    struct cpl_buffer *needs; /* per split, of this round */
    uint64_t expected;        /* where the next split of this input must start */
    uint64_t lines;           /* of this input, before the current split */
    uint64_t input_rejects;
};

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int64_t wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void say(const struct run_state *run, const char *level, const char *format, ...)
    CPL_PRINTF(3, 4);
static void say(const struct run_state *run, const char *level, const char *format, ...)
{
    char text[1200];
    va_list args;
    if (!run->options->log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    run->options->log(run->options->context, level, text);
}

static void report_progress(struct run_state *run, const char *phase)
{
    if (!run->options->progress)
        return;
    uint64_t total = 0;
    for (size_t i = 0; i < run->plan.inputs.n; i++) {
        const struct cpl_input *input = &run->plan.inputs.items[i];
        total = !cpl_input_seekable(input) || total == UINT64_MAX ? UINT64_MAX
                                                                  : total + input->size;
    }
    struct cpl_progress progress = {.bytes_done = atomic_load(&run->progress.bytes),
                                    .bytes_total = total == UINT64_MAX ? 0 : total,
                                    .rows = atomic_load(&run->progress.rows),
                                    .rejects = atomic_load(&run->progress.rejects),
                                    .seconds = seconds_now() - run->started,
                                    .phase = phase};
    run->options->progress(run->options->context, &progress);
}

/* ---- the ordered stage ---- */

static const char *input_path(const struct run_state *run, size_t split)
{
    return run->plan.inputs.items[run->plan.splits[split].input].path;
}

static bool note_first_reject(struct run_state *run, size_t split,
                              const struct cpl_reject_list *rejects, struct cpl_error *err)
{
    if (run->result->first_reject || !rejects->n)
        return true;
    const struct cpl_reject_row *row =
        (const struct cpl_reject_row *)(const void *)rejects->rows.data;
    run->result->first_reject = cpl_format(err, "%s:%llu: %s%s%.*s", input_path(run, split),
                                           (unsigned long long)(run->lines + row->line + 1),
                                           row->column ? row->column : "", row->column ? ": " : "",
                                           (int)row->message_length,
                                           (const char *)rejects->bytes.data + row->message_at);
    return run->result->first_reject != NULL;
}

static bool reject_policy(struct run_state *run, bool finished, struct cpl_error *err)
{
    const struct cpl_limits_config *limits = &run->plan.pipeline->limits;
    uint64_t rejected = run->account.rows.rejected, read = run->account.rows.read;
    if (!rejected || limits->on_reject == CPL_REJECT_KEEP)
        return true;
    const char *first = run->result->first_reject ? run->result->first_reject : "";
    if (limits->on_reject == CPL_REJECT_FAIL)
        return cpl_fail(err, CPL_E_REJECTS, "a row was rejected, and on_reject is fail: %s", first);
    if (limits->reject_limit_rows >= 0 && rejected > (uint64_t)limits->reject_limit_rows)
        return cpl_fail(err, CPL_E_REJECTS,
                        "more than %lld rows were rejected (on_reject); the first: %s",
                        (long long)limits->reject_limit_rows, first);
    if (finished && limits->reject_limit_share >= 0 &&
        (double)rejected > limits->reject_limit_share * (double)read)
        return cpl_fail(
            err, CPL_E_REJECTS,
            "%llu of %llu rows were rejected, more than %.4g %% (on_reject); the first: %s",
            (unsigned long long)rejected, (unsigned long long)read,
            100 * limits->reject_limit_share, first);
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

static bool take_rejects(struct run_state *run, size_t split, struct cpl_reject_list *rejects,
                         struct cpl_error *err)
{
    if (rejects->n > 1)
        qsort(rejects->rows.data, rejects->n, sizeof(struct cpl_reject_row), by_position);
    return note_first_reject(run, split, rejects, err) && count_rejects(run, rejects, err) &&
           cpl_output_rejects(&run->output, rejects, input_path(run, split), run->lines + 1, err) &&
           reject_policy(run, false, err);
}

/* Work the split again from where its predecessor really ended. */
static bool work_again(struct run_state *run, struct cpl_worker *worker, size_t split,
                       struct cpl_work_result *result, struct cpl_error *err)
{
    say(run, "debug", "%s: split %zu starts at %llu, not where it was guessed; worked again",
        input_path(run, split), split, (unsigned long long)run->expected);
    cpl_work_result_release(result, run->plan.encoder);
    return cpl_worker_begin(worker, &run->plan.splits[split], run->expected, true, err) &&
           cpl_worker_next(worker, &run->plan.splits[split], result, err);
}

static bool keep_needs(struct run_state *run, size_t split, struct cpl_work_result *result)
{
    run->needs[split] = result->needs;
    result->needs = (struct cpl_buffer){0};
    if (!atomic_exchange(&run->doomed, true))
        say(run, "info",
            "%s: the sample's types are too narrow; reading on to learn what is needed",
            input_path(run, split));
    return true;
}

/* The object's length, where its stream ended; of a plain file its size must say the same. */
static bool take_length(const struct run_state *run, size_t split, struct cpl_input_account *input,
                        const struct cpl_split_report *report, struct cpl_error *err)
{
    const struct cpl_input *from = &run->plan.inputs.items[run->plan.splits[split].input];
    input->decompressed = report->true_end;
    if (!from->reader || from->compression != CPL_PLAIN || from->size == input->decompressed)
        return true;
    return cpl_fail(
        err, CPL_E_BOOKS,
        "%s: %llu bytes were read, and it was listed with %llu: it changed while it was "
        "read; run again",
        from->path, (unsigned long long)input->decompressed, (unsigned long long)from->size);
}

static bool account_split(struct run_state *run, size_t split, const struct cpl_work_result *result,
                          struct cpl_error *err)
{
    struct cpl_input_account *input = &run->account.inputs[run->plan.splits[split].input];
    run->account.rows.read += result->report.rows_read;
    run->expected = result->report.true_end;
    run->lines += result->report.lines;
    if (run->plan.splits[split].last && !take_length(run, split, input, &result->report, err))
        return false;
    return cpl_account_split(input, &result->report, err);
}

/* One delivery, in order. */
static bool take_result(struct run_state *run, struct cpl_worker *worker, size_t split,
                        struct cpl_work_result *result, struct cpl_error *err)
{
    const struct cpl_split *s = &run->plan.splits[split];
    if (s->first)
        run->expected = run->lines = 0;
    if (!s->first && result->report.true_start != run->expected &&
        !work_again(run, worker, split, result, err))
        return false;
    if (result->last && result->report.widened && !keep_needs(run, split, result))
        return false;
    if (!atomic_load(&run->doomed)) {
        struct cpl_part *part = result->part;
        result->part = NULL;
        run->account.rows.landed += result->rows;
        if (!cpl_output_part(&run->output, part, err) ||
            !cpl_output_routed(&run->output, result->routed, err) ||
            !take_rejects(run, split, &result->rejects, err))
            return false;
    }
    return !result->last || account_split(run, split, result, err);
}

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
        size_t split = run->turn;
        slot->ready = false;
        pthread_mutex_unlock(&run->mutex);
        ok = take_result(run, worker, split, &result, err);
        cpl_work_result_release(&result, run->plan.encoder);
        pthread_mutex_lock(&run->mutex);
        run->turn++;
        pthread_cond_broadcast(&run->changed);
    }
    return ok;
}

/* The split's last delivery waits in its slot; whoever can drives the queue. */
static bool submit_last(struct run_state *run, struct cpl_worker *worker, size_t split,
                        struct cpl_work_result *result, struct cpl_error *err)
{
    bool ok = true;
    pthread_mutex_lock(&run->mutex);
    struct slot *slot = &run->slots[split % run->window];
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
static bool submit_part(struct run_state *run, struct cpl_worker *worker, size_t split,
                        struct cpl_work_result *result, struct cpl_error *err)
{
    pthread_mutex_lock(&run->mutex);
    while ((run->turn != split || run->draining) && !atomic_load(&run->stop))
        pthread_cond_wait(&run->changed, &run->mutex);
    bool mine = !atomic_load(&run->stop);
    run->draining |= mine;
    pthread_mutex_unlock(&run->mutex);
    if (!mine)
        return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
    bool ok = take_result(run, worker, split, result, err);
    cpl_work_result_release(result, run->plan.encoder);
    pthread_mutex_lock(&run->mutex);
    run->draining = false;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->mutex);
    return ok;
}

/* ---- workers ---- */

static bool claim(struct run_state *run, size_t *split)
{
    pthread_mutex_lock(&run->mutex);
    while (run->next < run->plan.n_splits && run->next >= run->turn + run->window &&
           !atomic_load(&run->stop))
        pthread_cond_wait(&run->changed, &run->mutex);
    bool some = run->next < run->plan.n_splits && !atomic_load(&run->stop);
    if (some)
        *split = run->next++;
    pthread_mutex_unlock(&run->mutex);
    return some;
}

static bool work_split(struct run_state *run, struct cpl_worker *worker, size_t split,
                       struct cpl_error *err)
{
    const struct cpl_split *s = &run->plan.splits[split];
    if (!cpl_worker_begin(worker, s, s->from, s->from == 0, err))
        return false;
    for (bool last = false; !last;) {
        struct cpl_work_result result;
        if (!cpl_worker_next(worker, s, &result, err)) {
            cpl_work_result_release(&result, run->plan.encoder);
            return false;
        }
        last = result.last;
        bool ok = last ? submit_last(run, worker, split, &result, err)
                       : submit_part(run, worker, split, &result, err);
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
                                .spill = &run->output.store.spill};
    bool ok = cpl_worker_init(&worker, &err);
    size_t split;
    while (ok && claim(run, &split))
        ok = work_split(run, &worker, split, &err);
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

static void choose_threads(struct run_state *run)
{
    const struct cpl_limits_config *limits = &run->plan.pipeline->limits;
    int64_t wanted = limits->threads > 0 ? limits->threads : sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t memory = limits->memory ? limits->memory : (uint64_t)224 << 20;
    uint64_t each = run->plan.partitions ? CPL_ROUTER_MEMORY : SPLIT_MEMORY;
    each += (uint64_t)run->plan.schema->n_fields * COLUMN_MEMORY;
    uint64_t fit = memory > FIXED_MEMORY + each ? (memory - FIXED_MEMORY) / each : 1;
    if (wanted < 1)
        wanted = 1;
    if (wanted > MOST_THREADS)
        wanted = MOST_THREADS;
    if ((uint64_t)wanted > fit)
        wanted = (int64_t)fit;
    if ((size_t)wanted > run->plan.n_splits)
        wanted = (int64_t)run->plan.n_splits;
    run->threads = (unsigned)wanted;
    run->window = run->threads + (fit > (uint64_t)wanted);
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
        report_progress(run, atomic_load(&run->doomed) ? "widen" : "work");
        pthread_mutex_lock(&run->mutex);
    }
    pthread_mutex_unlock(&run->mutex);
}

static bool start_accounts(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_inputs *inputs = &run->plan.inputs;
    cpl_free(run->account.inputs);
    cpl_account_release(&run->account);
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
    choose_threads(run);
    run->next = run->turn = 0;
    atomic_store(&run->doomed, false);
    atomic_store(&run->progress.bytes, 0);
    atomic_store(&run->progress.rows, 0);
    atomic_store(&run->progress.rejects, 0);
    run->slots = cpl_alloc_zero(run->window, sizeof *run->slots, err);
    run->needs = run->slots ? cpl_alloc_zero(run->plan.n_splits, sizeof *run->needs, err) : NULL;
    if (!run->needs || !start_accounts(run, err) || !run_threads(run, err))
        goto out;
    ok = true;
    if (atomic_load(&run->doomed)) {
        *again = true;
        if (!run->attempt && run->output.bytes_out)
            ok = cpl_fail(err, CPL_E_TYPE,
                          "a value does not fit the types that the sample suggests, and standard "
                          "output cannot be taken back; declare the column (--type)");
        else
            ok = cpl_plan_widen(&run->plan, run->needs, run->plan.n_splits, err);
        cpl_free(run->result->first_reject);
        run->result->first_reject = NULL;
        cpl_output_drop(&run->output);
    }
out:
    for (size_t i = 0; run->needs && i < run->plan.n_splits; i++)
        cpl_buffer_release(&run->needs[i]);
    cpl_free(run->needs);
    cpl_free(run->slots);
    run->needs = NULL;
    run->slots = NULL;
    return ok;
}

static bool all_rounds(struct run_state *run, struct cpl_error *err)
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
    if (run->plan.partitions)
        report_progress(run, "partition");
    return reject_policy(run, true, err) && cpl_output_finish(&run->output, err);
}

/* ---- commit ---- */

static bool add_files(struct run_state *run, struct cpl_error *err)
{
    struct cpl_output *o = &run->output;
    for (size_t i = 0; i < o->n_files; i++) {
        struct cpl_staged_file *file = &o->files[i];
        char partition[64] = ""; /* empty: the folder that the path names */
        snprintf(partition, sizeof partition, "%.*s",
                 o->folder[0] && !run->plan.partitions ? (int)strlen(o->folder) - 1 : 0, o->folder);
        struct cpl_attempt_file entry = {
            .role = file->role,
            .path = file->path,
            .rows = file->rows,
            .partition = file->role == CPL_FILE_DATA && partition[0] ? partition : NULL};
        if (!cpl_attempt_add(run->attempt, &entry, &file->staged, err))
            return false;
    }
    return true;
}

static bool note_file(struct cpl_output_file **list, size_t *n, const char *path, uint64_t rows,
                      uint64_t bytes, const char *checksum, struct cpl_error *err)
{
    struct cpl_output_file *files = cpl_realloc(*list, (*n + 1) * sizeof *files, err);
    if (!files)
        return false;
    *list = files;
    files[*n] = (struct cpl_output_file){
        .path = cpl_strdup(path, err), .rows = rows, .bytes = bytes};
    snprintf(files[*n].checksum, sizeof files[*n].checksum, "%s", checksum ? checksum : "");
    return files[(*n)++].path != NULL;
}

static bool note_entry(struct run_state *run, const struct cpl_file_entry *file,
                       struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &run->options->pipeline->sink;
    struct cpl_run_result *result = run->result;
    char path[CPL_LOG_PATH_MAX];
    const char *slash = strrchr(sink->path, '/');
    if (sink->single_file && file->role == CPL_FILE_DATA)
        snprintf(path, sizeof path, "%s", sink->path);
    else if (sink->single_file) /* rejects lie beside their file */
        snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - sink->path) + 1 : 0, sink->path,
                 file->path);
    else
        snprintf(path, sizeof path, "%s/%s", sink->path, file->path);
    if (file->role == CPL_FILE_DATA)
        return note_file(&result->files, &result->n_files, path, file->rows, file->size,
                         file->checksum, err);
    return file->role != CPL_FILE_REJECTS || note_file(&result->rejects, &result->n_rejects, path,
                                                       file->rows, file->size, file->checksum, err);
}

static bool note_files(struct run_state *run, const struct cpl_file_entry *files, size_t n,
                       struct cpl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!note_entry(run, &files[i], err))
            return false;
    return true;
}

static bool commit(struct run_state *run, const char *plan_hash, double work_seconds,
                   struct cpl_error *err)
{
    struct cpl_buffer dialect = {0};
    const struct cpl_plan *plan = &run->plan;
    enum cpl_commit_outcome outcome;
    bool ok = (!plan->decoder->describe ||
               plan->decoder->describe(plan->settings, &dialect, err)) &&
              add_files(run, err);
    struct cpl_phase_time phases[] = {{"work", work_seconds}};
    struct cpl_receipt receipt = {
        .run_id = run->result->run_id,
        .pipeline = plan->pipeline->name,
        .dialect = plan->pipeline->dialect,
        .config_hash = plan->pipeline->config_hash,
        .plan_hash = plan_hash,
        .decoder = plan->decoder->name,
        .decoder_settings = ok && dialect.size ? cpl_buffer_text(&dialect, err) : NULL,
        .format = plan->encoder->name,
        .schema = plan->schema,
        .now_ms = run->now_ms,
        .account = &run->account,
        .finished_ms = wall_ms(),
        .phases = phases,
        .n_phases = 1,
        .previous = ""};
    receipt.started_ms = receipt.finished_ms - (int64_t)(1000 * (seconds_now() - run->started));
    ok = ok && cpl_attempt_commit(run->attempt, &receipt, &outcome, err) &&
         note_files(run, receipt.files, receipt.n_files, err);
    cpl_buffer_release(&dialect);
    return ok;
}

/* Appending lands files beside others: readers that take the folder as one table want one schema. */
static void warn_of_other_schema(const struct run_state *run)
{
    struct cpl_log *log = cpl_attempt_log(run->attempt);
    const struct cpl_pipeline *pipeline = run->plan.pipeline;
    if (!log || (pipeline->sink.mode != CPL_MODE_APPEND && !pipeline->source.rejects))
        return;
    const struct cpl_log_record *ours = cpl_log_record(log, cpl_log_head(log));
    for (uint64_t seq = cpl_log_head(log) - 1; seq; seq--) {
        const struct cpl_log_record *other = cpl_log_record(log, seq);
        if (other->kind != CPL_RECORD_COMMIT || !other->rows.landed)
            continue;
        if (strcmp(other->schema_hash, ours->schema_hash) != 0)
            say(run, "warning",
                "the columns or types of this run differ from those that run %s landed in %s: "
                "readers that take the folder as one table may refuse it. "
                "Declare the schema to keep it the same",
                other->run_id, run->plan.pipeline->sink.path);
        return;
    }
}

static bool balance_stdout(struct run_state *run, struct cpl_error *err)
{
    struct cpl_file_entry files[2] = {{.role = CPL_FILE_DATA, .rows = run->output.rows},
                                      {.role = CPL_FILE_REJECTS, .rows = run->output.reject_rows}};
    if (!cpl_account_check(&run->account, files, 2, err))
        return false;
    if (run->account.rows.rejected)
        return cpl_fail(err, CPL_E_REJECTS,
                        "%llu rows were rejected and standard output has no place for them; the "
                        "first: %s. Write to a file to keep them",
                        (unsigned long long)run->account.rows.rejected,
                        run->result->first_reject ? run->result->first_reject : "");
    return true;
}

static bool retain(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &run->plan.pipeline->sink;
    struct cpl_retention_report report;
    if (!sink->dated || !sink->keep_ms || !cpl_attempt_log(run->attempt))
        return true;
    int32_t today = (int32_t)(run->now_ms / 86400000 - (run->now_ms % 86400000 < 0));
    if (!cpl_retention_apply(cpl_attempt_log(run->attempt), sink->dated, sink->keep_ms, today,
                             run->result->run_id, run->now_ms, &report, err))
        return false;
    if (report.folders)
        say(run, "info", "retention: %llu dated folders with %llu rows removed",
            (unsigned long long)report.folders, (unsigned long long)report.rows);
    return true;
}

/* ---- the whole run ---- */

static bool make_run_id(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_run_options *options = run->options;
    if (options->run_id) {
        if (!cpl_run_id_valid(options->run_id))
            return cpl_fail(err, CPL_E_USAGE,
                            "the run id \"%.100s\" is not 1 to 100 characters of A-Z a-z 0-9 _ . -",
                            options->run_id);
        snprintf(run->result->run_id, sizeof run->result->run_id, "%s", options->run_id);
        return true;
    }
    uint8_t chance[4] = {0};
    time_t now = (time_t)(run->now_ms / 1000);
    struct tm utc;
    if (getrandom(chance, sizeof chance, 0) < 0)
        return cpl_fail(err, CPL_E_IO, "no random bytes for a run id");
    gmtime_r(&now, &utc);
    size_t n = strftime(run->result->run_id, sizeof run->result->run_id, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(run->result->run_id + n, sizeof run->result->run_id - n, "-%02x%02x%02x%02x",
             chance[0], chance[1], chance[2], chance[3]);
    return true;
}

static bool begin_attempt(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_pipeline *pipeline = run->options->pipeline;
    if (!strcmp(pipeline->sink.path, "-"))
        return true;
    struct cpl_attempt_options options = {.storage = run->storage,
                                          .path = pipeline->sink.path,
                                          .single_file = pipeline->sink.single_file,
                                          .mode = pipeline->sink.mode,
                                          .run_id = run->result->run_id,
                                          .pipeline = pipeline->name,
                                          .now_ms = run->now_ms,
                                          .receipt_path = run->options->receipt_path};
    if (pipeline->source.rejects && !options.single_file)
        options.mode = CPL_MODE_APPEND; /* repaired rows come to the others, whatever the mode */
    return cpl_attempt_begin(&options, &run->attempt, err);
}

/* Leftovers of killed runs; when it fails, the next run does it. */
static void sweep(struct run_state *run)
{
    uint64_t removed = 0;
    struct cpl_log *log = cpl_attempt_log(run->attempt);
    if (log && cpl_sweep(log, CPL_SWEEP_AGE_S, &removed, NULL) && removed)
        say(run, "info", "%llu leftovers of runs killed more than a week ago removed",
            (unsigned long long)removed);
}

static bool report_prior(struct run_state *run, const struct cpl_prior *prior,
                         struct cpl_error *err)
{
    struct cpl_log *log = cpl_attempt_log(run->attempt);
    const struct cpl_log_record *record = log ? cpl_log_record(log, prior->seq) : NULL;
    if (record && record->config_hash &&
        strcmp(record->config_hash, run->options->pipeline->config_hash) != 0)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "the run id %s has landed before, with another configuration (pipeline "
                        "%s); use a run id of its own",
                        run->result->run_id, record->pipeline);
    run->result->repeated = true;
    run->result->rows = prior->rows;
    if ((prior->receipt[0] && !(run->result->receipt = cpl_strdup(prior->receipt, err))) ||
        (record && !note_files(run, record->added, record->n_added, err)))
        return false;
    say(run, "info", "run %s has landed before; nothing was done", run->result->run_id);
    return true;
}

static bool do_run(struct run_state *run, struct cpl_error *err)
{
    char plan_hash[CPL_HASH_TEXT] = "";
    struct cpl_buffer json = {0};
    if (!begin_attempt(run, err))
        return false;
    const struct cpl_prior *prior = run->attempt ? cpl_attempt_prior(run->attempt) : NULL;
    if (prior)
        return report_prior(run, prior, err);
    report_progress(run, "plan");
    if (!cpl_plan_make(run->storage, run->options->pipeline, run->options->stop, &run->plan, err) ||
        !cpl_replay_join(run->attempt, run->storage, run->options->pipeline->sink.path,
                         &run->plan.inputs, err))
        return false;
    bool ok = cpl_plan_write(&run->plan, run->result->run_id, run->now_ms, &json, err) &&
              (!run->attempt ||
               cpl_attempt_plan(run->attempt, json.data, json.size, plan_hash, err));
    cpl_buffer_release(&json);
    run->output = (struct cpl_output){.plan = &run->plan,
                                      .attempt = run->attempt,
                                      .run_id = run->result->run_id,
                                      .store.spill.fd = -1,
                                      .stop = run->options->stop};
    double begun = seconds_now();
    ok = ok && cpl_output_init(&run->output, run->now_ms, err) && all_rounds(run, err) &&
         cpl_replay_check(&run->plan.inputs, &run->account, err);
    run->result->rows = run->account.rows;
    if (!ok)
        return false;
    if (!run->attempt)
        return balance_stdout(run, err);
    report_progress(run, "commit");
    if (!commit(run, plan_hash, seconds_now() - begun, err))
        return false;
    warn_of_other_schema(run);
    report_progress(run, "publish");
    if (!cpl_attempt_publish(run->attempt, err) || !retain(run, err))
        return false;
    const char *receipt = cpl_attempt_receipt(run->attempt);
    run->result->receipt = receipt && *receipt ? cpl_strdup(receipt, err) : NULL;
    sweep(run);
    return true;
}

static bool check_recovery(struct run_state *run, bool ok, struct cpl_error *err)
{
    const struct cpl_recover_report *report = run->attempt ? cpl_attempt_recovered(run->attempt)
                                                           : NULL;
    if (!report)
        return ok;
    if (report->records)
        say(run, "info", "recovered %llu commits of earlier runs",
            (unsigned long long)report->records);
    if (ok && report->lost_files)
        return cpl_fail(err, CPL_E_CORRUPT,
                        "recovery found %llu files of earlier runs lost (%llu rows; the first is "
                        "%s); this run landed",
                        (unsigned long long)report->lost_files,
                        (unsigned long long)report->lost_rows, report->first_lost);
    return ok;
}

static void copy_rules(struct run_state *run)
{
    run->result->rules = run->account.rejected_by_rule; /* take */
    run->result->n_rules = run->account.n_rules;
    run->account.rejected_by_rule = NULL;
    run->account.n_rules = run->account.rules_capacity = 0;
}

bool cpl_run(const struct cpl_run_options *options, struct cpl_run_result *result,
             struct cpl_error *err)
{
    struct cpl_error scratch = {0};
    err = err ? err : &scratch;
    *result = (struct cpl_run_result){0};
    struct run_state *run = cpl_alloc_zero(1, sizeof *run, err);
    if (!run)
        return false;
    run->options = options;
    run->result = result;
    run->now_ms = options->now_ms ? options->now_ms : wall_ms();
    run->started = seconds_now();
    pthread_mutex_init(&run->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    const struct cpl_strings *allowed = &options->pipeline->limits.allowed_paths;
    struct cpl_storage_limits limits = {
        .allowed_paths = allowed->n ? (const char *const *)allowed->items : NULL,
        .n_allowed = allowed->n};
    bool ok = make_run_id(run, err) && (run->storage = cpl_storage_local(&limits, err)) &&
              do_run(run, err);
    ok = check_recovery(run, ok, err);
    result->seconds = seconds_now() - run->started;
    cpl_output_release(&run->output);
    cpl_attempt_close(run->attempt);
    copy_rules(run);
    cpl_free(run->account.inputs);
    cpl_account_release(&run->account);
    if (run->plan.pipeline)
        cpl_plan_release(&run->plan);
    if (run->storage)
        cpl_storage_free(run->storage);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->mutex);
    cpl_free(run);
    return ok;
}

void cpl_run_result_release(struct cpl_run_result *result)
{
    for (size_t i = 0; i < result->n_files; i++)
        cpl_free(result->files[i].path);
    for (size_t i = 0; i < result->n_rejects; i++)
        cpl_free(result->rejects[i].path);
    cpl_free(result->files);
    cpl_free(result->rejects);
    cpl_free(result->rules);
    cpl_free(result->receipt);
    cpl_free(result->first_reject);
    *result = (struct cpl_run_result){0};
}

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
 * An input that can only be read in order is one split of the plan, and its sections are what is claimed (round.c).
 *
 * Threads: `run_state.mutex` guards claims, slots, turn and error; the holder of `draining` owns output and
 * accounts. The calling thread waits and reports progress. */
#include "run/loop.h"
#include "base/plural.h"
#include "base/text.h"
#include "run/landed.h"
#include "run/plan_place.h"
#include "run/plan_types.h"
#include "run/receipt_copy.h"
#include "run/record_parts.h"
#include "run/repair.h"
#include "run/replay.h"
#include "run/replay_once.h"
#include "run/single_settle.h"
#include "run/target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

double cpl_run_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int64_t cpl_run_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cpl_run_say(const struct run_state *run, const char *level, const char *format, ...)
    CPL_PRINTF(3, 4);
void cpl_run_say(const struct run_state *run, const char *level, const char *format, ...)
{
    char text[1200];
    va_list args;
    if (!run->options->log)
        return;
    va_start(args, format);
    cpl_text_vset(text, sizeof text, format, args);
    va_end(args);
    run->options->log(run->options->context, level, text);
}

/* Bytes of all inputs; 0: not known. */
static uint64_t bytes_of(const struct cpl_inputs *inputs)
{
    uint64_t total = 0;
    for (size_t i = 0; i < inputs->n; i++) {
        if (!cpl_input_seekable(&inputs->items[i]))
            return 0;
        total += inputs->items[i].size;
    }
    return total;
}

void cpl_run_progress(struct run_state *run, const char *phase)
{
    if (!run->options->progress)
        return;
    struct cpl_progress progress = {.bytes_done = atomic_load(&run->progress.bytes),
                                    .bytes_total = run->bytes_total,
                                    .rows = atomic_load(&run->progress.rows),
                                    .rejects = atomic_load(&run->progress.rejects),
                                    .seconds = cpl_run_clock() - run->started,
                                    .counted_seconds = cpl_run_clock() - run->counted_from,
                                    .whole = run->read_whole,
                                    .phase = phase};
    if (progress.whole && progress.bytes_total)
        progress.bytes_done = progress.bytes_total; /* splits read beyond their ends */
    run->options->progress(run->options->context, &progress);
}

static bool balance_stdout(struct run_state *run, struct cpl_error *err)
{
    struct cpl_file_entry files[2] = {{.role = CPL_FILE_DATA, .rows = run->output.rows},
                                      {.role = CPL_FILE_REJECTS, .rows = run->output.reject_rows}};
    if (!cpl_account_check(&run->account, files, 2, err))
        return false;
    if (run->account.rows.rejected)
        return cpl_fail(
            err, CPL_E_REJECTS,
            "%s %s rejected, and standard output has no place for rejects; the first: %s. "
            "Write to a file to keep them",
            CPL_COUNTED(run->account.rows.rejected, "row"), cpl_were(run->account.rows.rejected),
            run->result->first_reject ? run->result->first_reject : "");
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
                                          .receipt_path = run->options->receipt_path,
                                          .replace_receipt = run->options->replace_receipt,
                                          .hooks = &run->hooks};
    if (pipeline->source.rejects) /* repaired rows come to the others, whatever the mode */
        options.mode = options.single_file ? CPL_MODE_ERROR : CPL_MODE_APPEND;
    return cpl_attempt_begin(&options, &run->attempt, err);
}

/* Work whose receipt cannot be written would be lost. */
static bool check_inputs(const struct run_state *run, struct cpl_error *err)
{
    const struct cpl_inputs *inputs = &run->plan.inputs;
    uint64_t bytes = 0;
    for (size_t i = 0; i < inputs->n; i++)
        bytes += strlen(inputs->items[i].path);
    return cpl_receipt_room_left(bytes, inputs->n, err);
}

/* What the rows have that stay. */
static bool look_at_types(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &run->options->pipeline->sink;
    struct cpl_log *log = run->attempt ? cpl_attempt_log(run->attempt) : NULL;
    if (!log || !cpl_plan_joins_others(run->options->pipeline))
        return true;
    if (!cpl_dataset_types_read(log, &run->there, err))
        return false;
    if (sink->on_type_change == CPL_TYPE_CHANGE_REFUSE)
        cpl_attempt_keep_types(run->attempt);
    if (run->there.unread)
        cpl_run_say(run, "warning",
                    "the types of %s in %s are not known: receipts cannot be read (cupel verify "
                    "tells more)",
                    CPL_COUNTED(run->there.unread, "run"), sink->path);
    return true;
}

/* The keys of the folders that files will lie in; the attempt refuses what does not fit those that are there. */
static bool say_layout(struct run_state *run, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    const char *dated = run->plan.pipeline->sink.dated;
    const struct cpl_partition_plan *partitions = run->plan.partitions;
    bool ok = (!dated || cpl_buffer_append_text(&text, dated, err)) &&
              (!dated || !partitions || cpl_buffer_append_text(&text, "/", err)) &&
              (!partitions || cpl_partition_layout(partitions, &text, err));
    const char *layout = ok ? cpl_buffer_text(&text, err) : NULL;
    ok = layout && cpl_attempt_layout(run->attempt, layout, err);
    cpl_buffer_release(&text);
    return ok;
}

bool cpl_run_work(struct run_state *run, struct cpl_error *err)
{
    run->output = (struct cpl_output){.plan = &run->plan,
                                      .attempt = run->attempt,
                                      .run_id = run->result->run_id,
                                      .keep_run_id = run->options->run_id && run->attempt &&
                                                     run->plan.pipeline->sink.single_file,
                                      .first_reject = &run->result->first_reject,
                                      .account = &run->account,
                                      .store.spill.fd = -1,
                                      .stop = run->options->stop};
    bool ok = cpl_output_init(&run->output, run->now_ms, err) && cpl_run_rounds(run, err) &&
              cpl_run_tell_chain(run, err) &&
              cpl_replay_check(&run->plan.inputs, &run->account, err) && cpl_run_remark(run, err);
    run->result->rows = run->account.rows;
    return ok;
}

/* The file that the pipeline was read from; NULL: none that is known. */
static const char *configured_by(const struct cpl_pipeline *pipeline)
{
    return pipeline->root ? pipeline->root->file : NULL;
}

/* A dataset has its receipt; the user may want it somewhere else, too. */
static bool copy_receipt(const struct run_state *run, struct cpl_error *err)
{
    const char *to = run->options->receipt_path, *from = run->result->receipt;
    const struct cpl_target target = {.sink = &run->options->pipeline->sink,
                                      .receipt = to,
                                      .replace_receipt = true,
                                      .config = configured_by(run->options->pipeline)};
    if (!to || !from || target.sink->single_file)
        return true;
    if (!cpl_target_check(run->storage, &target, err) || /* a repeated run has not looked yet */
        !cpl_receipt_copy(run->storage, from, to, run->options->replace_receipt, err))
        return false;
    cpl_run_say(run, "info", "copied the receipt to %s", to);
    return true;
}

static void say_remarks(const struct run_state *run)
{
    char text[1000];
    for (unsigned i = 0; cpl_inputs_remark(&run->plan.inputs, i, text, sizeof text); i++)
        cpl_run_say(run, "warning", "%s", text);
}

static bool do_run(struct run_state *run, struct cpl_error *err)
{
    char plan_hash[CPL_HASH_TEXT] = "";
    struct cpl_buffer json = {0};
    bool landed;
    if (!cpl_landed_look(run, &landed, err))
        return false;
    if (landed)
        return true;
    if (!begin_attempt(run, err))
        return false;
    const struct cpl_prior *prior = run->attempt ? cpl_attempt_prior(run->attempt) : NULL;
    if (prior) {
        cpl_run_settle_prior_replay(run);
        return cpl_run_report_prior(run, prior, err) && copy_receipt(run, err);
    }
    const struct cpl_target target = {.sink = &run->options->pipeline->sink,
                                      .receipt = run->options->receipt_path,
                                      .replace_receipt = run->options->replace_receipt,
                                      .config = configured_by(run->options->pipeline)};
    if (!cpl_target_check(run->storage, &target, err))
        return false;
    cpl_run_progress(run, "plan");
    if (!look_at_types(run, err) ||
        !cpl_plan_make(run->storage, run->options->pipeline, &run->there, run->now_ms,
                       run->options->stop, &run->plan, err))
        return false;
    run->bytes_total = bytes_of(&run->plan.inputs);
    say_remarks(run);
    if (!cpl_target_check_inputs(run->storage, &target, &run->plan, err) ||
        !check_inputs(run, err) || (run->attempt && !say_layout(run, err)) ||
        !cpl_run_join_replay(run, err))
        return false;
    bool ok = cpl_plan_write(&run->plan, run->result->run_id, run->now_ms, &json, err) &&
              (!run->attempt ||
               cpl_attempt_plan(run->attempt, json.data, json.size, plan_hash, err));
    cpl_buffer_release(&json);
    double begun = cpl_run_clock();
    if (!ok || !cpl_run_work(run, err))
        return false;
    cpl_run_warn_of_absent_columns(run);
    cpl_run_say_remarks(run);
    if (!run->attempt)
        return cpl_run_say_preamble(run, err) && balance_stdout(run, err);
    cpl_run_progress(run, "commit");
    if (!cpl_run_claim_replay(run, err) ||
        !cpl_run_commit(run, plan_hash, cpl_run_clock() - begun, err))
        return false;
    cpl_run_note_replay(run);
    cpl_run_warn_of_other_schema(run);
    cpl_run_progress(run, "publish");
    if (!cpl_attempt_publish(run->attempt, err))
        return false;
    cpl_run_say_replays_gone(run);
    if (!cpl_run_retain(run, err))
        return false;
    const char *receipt = cpl_attempt_receipt(run->attempt);
    if (*receipt && !(run->result->receipt = cpl_strdup(receipt, err)))
        return false;
    cpl_run_sweep(run);
    return copy_receipt(run, err);
}

static bool check_recovery(struct run_state *run, bool ok, struct cpl_error *err)
{
    const struct cpl_recover_report *report = run->attempt ? cpl_attempt_recovered(run->attempt)
                                                           : NULL;
    char a[CPL_COUNTED_TEXT], b[CPL_COUNTED_TEXT];
    if (!report)
        return ok;
    if (report->repaired_files)
        cpl_run_say(run, "info", "worked again what had gone of earlier runs: %s",
                    cpl_counted(report->repaired_files, "file", a));
    if (report->records)
        cpl_run_say(run, "info", "recovered %s of earlier runs",
                    cpl_counted(report->records, "commit", a));
    if (!ok && report->lost_files) /* the failure comes first, but nothing is lost without a word */
        cpl_run_say(run, "error", "recovery found %s of earlier runs lost (%s)",
                    cpl_counted(report->lost_files, "file", a),
                    cpl_counted(report->lost_rows, "row", b));
    if (ok && report->lost_files)
        return cpl_fail(err, CPL_E_CORRUPT,
                        "recovery found %s of earlier runs lost (%s; the first is "
                        "%s); this run landed",
                        cpl_counted(report->lost_files, "file", a),
                        cpl_counted(report->lost_rows, "row", b), report->first_lost);
    return ok;
}

/* What failed behind the decision does not undo it, and who reads the error must know. */
static bool check_decision(struct run_state *run, bool ok, struct cpl_error *err)
{
    run->result->committed = run->attempt && cpl_attempt_committed(run->attempt);
    if (ok || !run->result->committed)
        return ok;
    return cpl_fail_context(err, "run %s is committed, and the same command will finish it",
                            run->result->run_id);
}

static void copy_rules(struct run_state *run)
{
    run->result->rules = run->account.rejected_by_rule; /* take */
    run->result->n_rules = run->account.n_rules;
    run->account.rejected_by_rule = NULL;
    run->account.n_rules = run->account.rules_capacity = 0;
}

struct run_state *cpl_run_state_new(const struct cpl_run_options *options,
                                    struct cpl_run_result *result, struct cpl_storage *storage,
                                    struct cpl_error *err)
{
    struct run_state *run = cpl_alloc_zero(1, sizeof *run, err);
    if (!run)
        return NULL;
    run->options = options;
    run->result = result;
    run->storage = storage;
    run->now_ms = options->now_ms ? options->now_ms : cpl_run_wall_ms();
    run->started = run->counted_from = cpl_run_clock();
    run->hooks = (struct cpl_recover_hooks){.context = run, .repair = cpl_repair};
    run->output.store.spill.fd = -1;
    pthread_mutex_init(&run->mutex, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return run;
}

void cpl_run_state_free(struct run_state *run)
{
    if (!run)
        return;
    cpl_rejects_trace_free(run->trace);
    cpl_replay_once_free(run->once);
    cpl_output_release(&run->output);
    cpl_attempt_close(run->attempt);
    copy_rules(run);
    cpl_free(run->account.inputs);
    cpl_free(run->met);
    cpl_account_release(&run->account);
    cpl_chain_counts_release(&run->chain);
    if (run->plan.pipeline)
        cpl_plan_release(&run->plan);
    cpl_dataset_types_release(&run->there);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->mutex);
    cpl_free(run);
}

/* Rejects that are replayed may be of a file whose run was cut off behind its decision. */
static bool settle_rejects(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_source_config *source = &run->options->pipeline->source;
    bool ok = true;
    for (size_t i = 0; ok && source->rejects && i < source->paths.n; i++) {
        struct cpl_object_list list = {0};
        const char *path = source->paths.items[i];
        ok = !strcmp(path, "-") || cpl_single_settle_both(run->storage, path, err);
        bool listed = ok && cpl_storage_list(run->storage, path, &list, NULL);
        for (size_t k = 0; ok && listed && k < list.n; k++)
            ok = cpl_single_settle_both(run->storage, list.items[k].path, err);
        cpl_object_list_release(&list);
    }
    return ok;
}

/* Before anything is looked at: what an earlier run had decided for the same file is there. */
static bool settle(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &run->options->pipeline->sink;
    bool found = false;
    if (!settle_rejects(run, err))
        return false;
    if (!sink->single_file || !strcmp(sink->path, "-"))
        return true;
    if (!cpl_single_settle(run->storage, sink->path, &found, err))
        return false;
    if (found)
        cpl_run_say(run, "info", "finished what an earlier run had decided for %s", sink->path);
    return true;
}

static bool run_in(struct cpl_storage *storage, const struct cpl_run_options *wanted,
                   struct cpl_run_result *result, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    struct cpl_run_options options = *wanted;
    struct cpl_pipeline pipeline;
    struct run_state *run = cpl_run_state_new(&options, result, storage, err);
    bool ok = run && make_run_id(run, err) && settle(run, err) &&
              cpl_run_prepare_replay(run, &options, &pipeline, &arena, err) &&
              (do_run(run, err) || cpl_plan_fail_placed(options.pipeline, err));
    ok = run && check_decision(run, ok, err);
    ok = run && check_recovery(run, ok, err);
    if (run)
        result->seconds = cpl_run_clock() - run->started;
    cpl_run_state_free(run);
    cpl_arena_release(&arena);
    return ok;
}

bool cpl_run(const struct cpl_run_options *options, struct cpl_run_result *result,
             struct cpl_error *err)
{
    struct cpl_error scratch = {0};
    err = err ? err : &scratch;
    *result = (struct cpl_run_result){0};
    struct cpl_storage *storage = cpl_pipeline_storage(options->pipeline, err);
    if (!storage)
        return false;
    bool ok = run_in(storage, options, result, err);
    cpl_storage_free(storage);
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
    cpl_arena_release(&result->names);
    cpl_free(result->receipt);
    cpl_free(result->first_reject);
    cpl_free(result->chain);
    *result = (struct cpl_run_result){0};
}

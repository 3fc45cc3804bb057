#include "run/repair.h"
#include "base/plural.h"

#include "run/commit_state.h"
#include "run/loop.h"
#include "run/stored_plan.h"

#include <stdio.h>
#include <string.h>

enum { MOST_LOST_SHOWN = 20 };

/* What a repair works with. */
struct repair {
    struct run_state *outer; /* the run that recovers */
    struct cpl_log *log;
    const struct cpl_log_record *record;
    const struct cpl_missing *missing;
    size_t n;
    const char *staging;
    struct cpl_staged *staged;
};

/* ---- the plan and its inputs ---- */

static bool read_plan(const struct repair *r, struct cpl_stored_plan *plan, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    if (!r->record->plan[0])
        return cpl_fail(err, CPL_E_NOT_FOUND, "its record names no plan");
    if (!cpl_log_path(r->log, r->record->plan, path, err) ||
        !cpl_stored_plan_read(r->outer->storage, path, r->record->plan_hash, plan, err))
        return false;
    return plan->config.n_pipelines ||
           cpl_fail(err, CPL_E_UNSUPPORTED,
                    "its configuration takes values from the environment or a secret, which are "
                    "not kept");
}

static bool check_input(struct cpl_storage *storage, const struct cpl_stored_input *input,
                        struct cpl_error *err)
{
    struct cpl_object_info info = {0};
    if (!strcmp(input->path, "-"))
        return cpl_fail(err, CPL_E_NOT_FOUND, "standard input cannot be read again");
    if (!cpl_storage_stat(storage, input->path, &info, err))
        return cpl_fail_context(err, "its input");
    bool same = info.size == input->size;
    cpl_free(info.path);
    return same ||
           cpl_fail(err, CPL_E_DATA, "its input %s has changed (%s, and %llu when it was read)",
                    input->path, CPL_COUNTED(info.size, "byte"), (unsigned long long)input->size);
}

/* The inputs by name: what a pattern matches may have become more. */
static bool take_inputs(const struct repair *r, struct cpl_stored_plan *plan,
                        struct cpl_pipeline *pipeline, struct cpl_error *err)
{
    const char **paths = cpl_arena_alloc(&plan->arena, plan->n_inputs * sizeof *paths, err);
    size_t n = 0;
    for (size_t i = 0; paths && i < plan->n_inputs; i++) {
        if (plan->inputs[i].part)
            continue;
        if (!check_input(r->outer->storage, &plan->inputs[i], err))
            return false;
        paths[n++] = plan->inputs[i].path;
    }
    pipeline->source.paths = (struct cpl_strings){.items = paths, .n = n};
    return paths != NULL;
}

static bool make_pipeline(const struct repair *r, struct cpl_stored_plan *plan,
                          struct cpl_error *err)
{
    struct cpl_pipeline *pipeline = &plan->config.pipelines[0];
    const struct cpl_limits_config *limits = &r->outer->options->pipeline->limits;
    pipeline->dialect = plan->configured_by;
    pipeline->source.rejects = plan->replay;
    pipeline->sink.path = cpl_log_dataset(r->log);
    pipeline->limits.memory = limits->memory;
    pipeline->limits.threads = limits->threads;
    pipeline->limits.spill = limits->spill;
    return take_inputs(r, plan, pipeline, err);
}

/* ---- the files ---- */

static bool is_same(const struct cpl_file_entry *entry, const struct cpl_staged *staged)
{
    return staged->size == entry->size && !strcmp(staged->checksum, entry->checksum);
}

static bool take_file(const struct repair *r, struct cpl_output *output, size_t k,
                      struct cpl_error *err)
{
    const struct cpl_staged_file *file = &output->files[k];
    for (size_t i = 0; i < r->n; i++) {
        const struct cpl_file_entry *entry = r->missing[i].file;
        if (entry->role == CPL_FILE_RECEIPT || strcmp(entry->path, file->path) != 0)
            continue;
        return entry->rows != file->rows || !is_same(entry, &file->staged) ||
               cpl_output_take(output, k, &r->staged[i], err);
    }
    return true;
}

/* The receipt before this one, as the run that wrote this one knew it. */
static const char *previous_receipt(const struct repair *r)
{
    const char *previous = "";
    for (uint64_t seq = 1; seq < r->record->seq; seq++) {
        const struct cpl_log_record *record = cpl_log_record(r->log, seq);
        for (size_t i = 0; i < record->n_added; i++)
            if (record->added[i].role == CPL_FILE_RECEIPT)
                previous = record->added[i].checksum;
    }
    return previous;
}

static bool encode_receipt(const struct repair *r, struct run_state *run, struct cpl_buffer *text,
                           struct cpl_error *err)
{
    const struct cpl_log_record *record = r->record;
    struct cpl_receipt receipt;
    struct cpl_buffer dialect = {0};
    struct cpl_file_entry *files = cpl_alloc(record->n_added * sizeof *files, err);
    bool ok = files && cpl_run_receipt(run, &dialect, &receipt, err);
    if (ok) {
        for (size_t i = 0; i < record->n_added; i++)
            if (record->added[i].role != CPL_FILE_RECEIPT)
                files[receipt.n_files++] = record->added[i];
        receipt.files = files;
        receipt.pipeline = record->pipeline;
        receipt.config_hash = record->config_hash;
        receipt.plan_hash = record->plan_hash;
        receipt.removed = record->removed;
        receipt.n_removed = record->n_removed;
        receipt.replayed = record->replayed;
        receipt.n_replayed = record->n_replayed;
        receipt.timings = record->timings;
        receipt.previous = previous_receipt(r);
        ok = cpl_receipt_encode(&receipt, text, err);
    }
    cpl_buffer_release(&dialect);
    cpl_free(files);
    return ok;
}

static bool take_receipt(const struct repair *r, struct run_state *run, size_t i,
                         struct cpl_error *err)
{
    const struct cpl_file_entry *entry = r->missing[i].file;
    char target[CPL_LOG_PATH_MAX], hash[CPL_HASH_TEXT];
    struct cpl_buffer text = {0};
    bool ok = encode_receipt(r, run, &text, err) && cpl_log_path(r->log, entry->path, target, err);
    if (ok) {
        cpl_hash_text(text.data, text.size, hash);
        ok = text.size != entry->size || strcmp(hash, entry->checksum) != 0 ||
             cpl_attempt_stage_text(run->attempt, r->staging, target, &text, &r->staged[i], err);
    }
    cpl_buffer_release(&text);
    return ok;
}

/* Inputs are as they were when they give the same bytes, whatever their times say now. */
static void restore_etags(struct run_state *run, const struct cpl_stored_plan *plan)
{
    for (size_t i = 0; i < run->plan.inputs.n && i < plan->n_inputs; i++)
        snprintf(run->plan.inputs.items[i].etag, sizeof run->plan.inputs.items[i].etag, "%s",
                 plan->inputs[i].etag);
}

static bool take_all(const struct repair *r, struct run_state *run,
                     const struct cpl_stored_plan *plan, struct cpl_error *err)
{
    restore_etags(run, plan);
    for (size_t k = 0; k < run->output.n_files; k++)
        if (!take_file(r, &run->output, k, err))
            return false;
    for (size_t i = 0; i < r->n; i++)
        if (r->missing[i].file->role == CPL_FILE_RECEIPT && !take_receipt(r, run, i, err))
            return false;
    return true;
}

/* ---- the work ---- */

static bool work(const struct repair *r, struct cpl_stored_plan *plan, struct cpl_error *err)
{
    struct cpl_run_result result = {0};
    struct cpl_run_options options = *r->outer->options;
    const struct cpl_dataset_types there = {.dataset = cpl_log_dataset(r->log),
                                            .schema = plan->types_there};
    snprintf(result.run_id, sizeof result.run_id, "%s", r->record->run_id);
    options.pipeline = &plan->config.pipelines[0];
    options.run_id = result.run_id;
    options.now_ms = r->record->now_ms;
    struct run_state *run = cpl_run_state_new(&options, &result, r->outer->storage, err);
    bool ok = run &&
              (run->attempt = cpl_attempt_again(r->log, result.run_id, r->staging, err)) != NULL &&
              cpl_plan_make(run->storage, options.pipeline, &there, options.now_ms, options.stop,
                            &run->plan, err) &&
              cpl_run_work(run, err) && take_all(r, run, plan, err);
    cpl_run_state_free(run);
    cpl_run_result_release(&result);
    return ok;
}

static void release_staged(const struct repair *r)
{
    for (size_t i = 0; i < r->n; i++)
        cpl_staged_release(&r->staged[i]);
}

/* May the same repair succeed another time? */
static bool may_pass(const struct cpl_error *why)
{
    return why->retriable || why->code == CPL_E_PERMISSION || why->code == CPL_E_INTERNAL;
}

static void say_lost(const struct repair *r, const char *why)
{
    size_t lost = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct cpl_file_entry *entry = r->missing[i].file;
        if (!r->staged[i].token && lost++ < MOST_LOST_SHOWN)
            cpl_run_say(r->outer, "error", "%s/%s of run %s is lost, with %s: %s",
                        cpl_log_dataset(r->log), entry->path, r->record->run_id,
                        CPL_COUNTED(entry->rows, "row"), why);
    }
    if (lost > MOST_LOST_SHOWN)
        cpl_run_say(r->outer, "error", "and %s more", CPL_COUNTED(lost - MOST_LOST_SHOWN, "file"));
}

bool cpl_repair(void *context, struct cpl_log *log, const struct cpl_log_record *record,
                const struct cpl_missing *missing, size_t n, const char *staging_dir,
                struct cpl_staged *staged, struct cpl_error *err)
{
    struct repair r = {.outer = context,
                       .log = log,
                       .record = record,
                       .missing = missing,
                       .n = n,
                       .staging = staging_dir,
                       .staged = staged};
    struct cpl_stored_plan plan = {0};
    struct cpl_error why = {0};
    cpl_run_say(r.outer, "warning",
                "%s that run %s committed %s deleted before becoming visible; its plan is "
                "worked again",
                CPL_COUNTED(n, "file"), record->run_id, cpl_were(n));
    bool ok = read_plan(&r, &plan, &why) && make_pipeline(&r, &plan, &why) && work(&r, &plan, &why);
    cpl_stored_plan_release(&plan);
    if (!ok)
        release_staged(&r);
    if (!ok && may_pass(&why)) {
        cpl_fail_with(err, &why);
        return cpl_fail_context(err,
                                "files that run %s committed were deleted before they became "
                                "visible, and working its plan again failed (run again; without "
                                "its plan, %s, they would be declared lost)",
                                record->run_id, record->plan);
    }
    say_lost(&r, ok ? "working it again gave other bytes" : why.message);
    return true;
}

/* What follows the work: the commit of what was staged, what the caller is told of it, and what old runs left.
 *
 * Threads: the run's calling thread, when all workers have ended. */
#include "base/plural.h"
#include "run/loop.h"
#include "run/retention.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        struct cpl_staged staged;
        if (!cpl_output_take(o, i, &staged, err) ||
            !cpl_attempt_add(run->attempt, &entry, &staged, err))
            return false;
    }
    cpl_output_forget(o);
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

bool cpl_run_note_files(struct run_state *run, const struct cpl_file_entry *files, size_t n,
                        struct cpl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (!note_entry(run, &files[i], err))
            return false;
    return true;
}

/* As JSON, with the names of the result: as long as the run's. */
static const char *encoder_settings(struct run_state *run, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    cpl_json_begin(&json, &text, 0, err);
    cpl_json_object(&json, NULL);
    cpl_options_write(run->plan.encoder->options, run->plan.encode_options, &json);
    cpl_json_close(&json);
    const char *kept = cpl_json_end(&json)
                           ? cpl_arena_strndup(&run->result->names, (const char *)text.data,
                                               text.size, err)
                           : NULL;
    cpl_buffer_release(&text);
    return kept;
}

/* What steps and grades came to, for result and receipt. */
bool cpl_run_tell_chain(struct run_state *run, struct cpl_error *err)
{
    struct cpl_buffer json = {0};
    struct cpl_run_result *result = run->result;
    if (!run->chain.counted)
        return true;
    const char *text = cpl_chain_counts_json(&run->chain, run->plan.pipeline, &json, err)
                           ? cpl_buffer_text(&json, err)
                           : NULL;
    cpl_free(result->chain);
    result->chain = text ? cpl_strdup(text, err) : NULL;
    result->graded = run->plan.pipeline->quality.graded;
    memcpy(result->grades, run->chain.tally.grades, sizeof result->grades);
    cpl_buffer_release(&json);
    return result->chain != NULL;
}

bool cpl_run_receipt(struct run_state *run, struct cpl_buffer *dialect, struct cpl_receipt *receipt,
                     struct cpl_error *err)
{
    const struct cpl_plan *plan = &run->plan;
    if (plan->decoder->describe && !plan->decoder->describe(plan->settings, dialect, err))
        return false;
    const char *settings = dialect->size ? cpl_buffer_text(dialect, err) : NULL;
    const char *encoded = encoder_settings(run, err);
    if (!encoded)
        return false;
    *receipt = (struct cpl_receipt){.run_id = run->result->run_id,
                                    .pipeline = plan->pipeline->name,
                                    .dialect = plan->pipeline->dialect,
                                    .config_hash = plan->pipeline->config_hash,
                                    .decoder = plan->decoder->name,
                                    .decoder_settings = settings,
                                    .format = plan->encoder->name,
                                    .encoder_settings = encoded,
                                    .schema = plan->landing,
                                    .now_ms = run->now_ms,
                                    .account = &run->account,
                                    .first_reject = run->result->first_reject,
                                    .remarks = run->result->remarks,
                                    .chain = run->result->chain,
                                    .previous = ""};
    return settings || !dialect->size;
}

/* How many lines the decoder took for a preamble, by what it says of its settings. */
static bool guessed_preamble(const struct cpl_plan *plan, const void *settings, long long *lines,
                             struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    const struct cpl_node *dialect;
    *lines = 0;
    bool ok = cpl_plan_dialect(plan, settings, &arena, &dialect, err);
    const struct cpl_node *skip = ok ? cpl_tree_get(dialect, "skip_lines") : NULL;
    const struct cpl_node *value = cpl_tree_get(skip, "value"), *from = cpl_tree_get(skip, "from");
    if (value && from && !strcmp(from->text, "detected"))
        *lines = atoll(value->text);
    cpl_arena_release(&arena);
    return ok;
}

bool cpl_run_say_preamble(const struct run_state *run, struct cpl_error *err)
{
    const struct cpl_plan *plan = &run->plan;
    size_t inputs = 0, first = 0;
    long long common = 0, lines = 0;
    if (!plan->decoder->describe || !plan->settings)
        return true;
    if (!guessed_preamble(plan, plan->settings, &common, err))
        return false;
    for (size_t i = 0; i < plan->inputs.n; i++) {
        const void *own = plan->decode_of ? plan->decode_of[i].settings : NULL;
        long long here = common;
        if (own && own != plan->settings && !guessed_preamble(plan, own, &here, err))
            return false;
        if (here && !inputs++)
            first = i, lines = here;
    }
    if (inputs > 1)
        cpl_run_say(run, "warning",
                    "%s have lines in front that were left out: taken for a preamble, "
                    "%lld in %s (--skip-lines 0 reads all)",
                    CPL_COUNTED(inputs, "input"), lines, plan->inputs.items[first].path);
    else if (inputs && plan->inputs.n > 1)
        cpl_run_say(run, "warning",
                    "%s: %s %s left out in front: taken for a preamble (--skip-lines 0 reads "
                    "all)",
                    plan->inputs.items[first].path, CPL_COUNTED((uint64_t)lines, "line"),
                    cpl_were((uint64_t)lines));
    else if (inputs)
        cpl_run_say(run, "warning",
                    "%s %s left out in front: taken for a preamble (--skip-lines 0 reads all)",
                    CPL_COUNTED((uint64_t)lines, "line"), cpl_were((uint64_t)lines));
    return true;
}

bool cpl_run_commit(struct run_state *run, const char *plan_hash, double work_seconds,
                    struct cpl_error *err)
{
    struct cpl_buffer dialect = {0};
    struct cpl_receipt receipt;
    enum cpl_commit_outcome outcome;
    struct cpl_phase_time phases[] = {{"work", work_seconds}};
    bool ok = cpl_run_receipt(run, &dialect, &receipt, err) && cpl_run_say_preamble(run, err) &&
              add_files(run, err);
    if (ok) {
        int64_t now = cpl_run_wall_ms();
        receipt.plan_hash = plan_hash;
        receipt.timings = (struct cpl_timings){
            .started_ms = now - (int64_t)(1000 * (cpl_run_clock() - run->started)),
            .finished_ms = now,
            .phases = phases,
            .n_phases = 1};
        ok = cpl_attempt_commit(run->attempt, &receipt, &outcome, err) &&
             cpl_run_note_files(run, receipt.files, receipt.n_files, err);
    }
    cpl_buffer_release(&dialect);
    return ok;
}

static bool copy_prior_rules(struct run_state *run, const struct cpl_log_record *record,
                             struct cpl_error *err)
{
    for (size_t i = 0; i < record->n_rules; i++) {
        const struct cpl_named_count *rule = &record->rejected_by_rule[i];
        const char *name = cpl_arena_strndup(&run->result->names, rule->name, strlen(rule->name),
                                             err);
        if (!name || !cpl_account_reject(&run->account, name, rule->n, err))
            return false;
    }
    return true;
}

/* What the record does not know stands in the receipt; one that is lost or damaged is verify's to report. */
static bool copy_first_reject(struct run_state *run, const char *path, struct cpl_error *err)
{
    struct cpl_stored_receipt receipt;
    struct cpl_error why = {0};
    if (!cpl_receipt_read(run->storage, path, &receipt, &why))
        return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
    bool ok = !receipt.first_reject ||
              (run->result->first_reject = cpl_strdup(receipt.first_reject, err)) != NULL;
    cpl_stored_receipt_release(&receipt);
    return ok;
}

bool cpl_run_report_prior(struct run_state *run, const struct cpl_prior *prior,
                          struct cpl_error *err)
{
    const struct cpl_log_record *record = cpl_log_record(cpl_attempt_log(run->attempt), prior->seq);
    if (record->config_hash &&
        strcmp(record->config_hash, run->options->pipeline->config_hash) != 0)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "the run id %s has landed before, with another configuration (pipeline "
                        "%s); use a run id of its own",
                        run->result->run_id, record->pipeline);
    run->result->repeated = true;
    run->result->rows = prior->rows;
    if (prior->receipt[0] && (!(run->result->receipt = cpl_strdup(prior->receipt, err)) ||
                              !copy_first_reject(run, prior->receipt, err)))
        return false;
    if (!copy_prior_rules(run, record, err) ||
        !cpl_run_note_files(run, record->added, record->n_added, err))
        return false;
    cpl_run_say(run, "info", "run %s has landed before; nothing was done", run->result->run_id);
    return true;
}

/* Appending lands files beside others: readers that take the folder as one table want one schema. */
void cpl_run_warn_of_other_schema(const struct run_state *run)
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
            cpl_run_say(
                run, "warning",
                "the columns or types of this run differ from those that run %s landed in %s: "
                "readers that take the folder as one table may refuse it. "
                "Declare the schema to keep it the same",
                other->run_id, run->plan.pipeline->sink.path);
        return;
    }
}

static bool is_absent(const struct run_state *run, uint32_t i)
{
    return run->plan.columns[i].absent && !(run->met && run->met[i]);
}

/* In JSON any row may lack any key: a column that all lack is legal, and most often misspelt. A replay has some rows out of many. */
void cpl_run_warn_of_absent_columns(const struct run_state *run)
{
    enum { NAMED = 10 };
    const struct cpl_plan *plan = &run->plan;
    uint32_t absent = 0;
    if (plan->pipeline->source.rejects || !run->account.rows.landed)
        return;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++) {
        const struct cpl_field *field = &plan->schema->fields[i];
        const char *near = plan->columns[i].nearest;
        if (is_absent(run, i) && absent++ < NAMED)
            cpl_run_say(run, "warning",
                        "the column `%.100s` is declared, but no row has it%s%.100s%s: it is null "
                        "in all%s%.100s%s",
                        field->name, field->path ? " at `" : "", field->path ? field->path : "",
                        field->path ? "`" : "", near ? "; did you mean `" : "", near ? near : "",
                        near ? "`?" : "");
    }
    if (absent > NAMED)
        cpl_run_say(run, "warning", "no row has %u more of the declared columns", absent - NAMED);
}

bool cpl_run_retain(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &run->plan.pipeline->sink;
    struct cpl_retention_report report;
    char folders[CPL_COUNTED_TEXT], rows[CPL_COUNTED_TEXT];
    if (!sink->dated || !sink->keep_ms || !cpl_attempt_log(run->attempt))
        return true;
    int32_t today = (int32_t)(run->now_ms / 86400000 - (run->now_ms % 86400000 < 0));
    if (!cpl_retention_apply(cpl_attempt_log(run->attempt), sink->dated, sink->keep_ms, today,
                             run->result->run_id, run->now_ms, &report, err))
        return false;
    if (report.folders)
        cpl_run_say(run, "info", "retention: %s with %s removed",
                    cpl_counted(report.folders, "dated folder", folders),
                    cpl_counted(report.rows, "row", rows));
    return true;
}

/* Leftovers of killed runs; when it fails, the next run does it. */
void cpl_run_sweep(struct run_state *run)
{
    uint64_t removed = 0;
    struct cpl_log *log = cpl_attempt_log(run->attempt);
    if (log && cpl_sweep(log, CPL_SWEEP_AGE_S, &removed, NULL) && removed)
        cpl_run_say(run, "info", "removed %s of runs killed more than a week ago",
                    CPL_COUNTED(removed, "leftover"));
}

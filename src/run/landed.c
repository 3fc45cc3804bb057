#include "run/landed.h"
#include "decode/parquet.h"
#include "run/record_parts.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

bool cpl_landed_write(struct cpl_output *o, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    struct cpl_json_writer json;
    const struct cpl_account *account = o->account;
    if (!o->keep_run_id || !o->data || !o->data->encoder->file_metadata)
        return true;
    cpl_json_begin(&json, &text, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_uint(&json, "version", 1);
    cpl_json_string(&json, "run_id", o->run_id);
    cpl_json_string(&json, "pipeline", o->plan->pipeline->name);
    cpl_json_string(&json, "config_hash", o->plan->pipeline->config_hash);
    cpl_put_row_counts(&json, &account->rows, account->rejected_by_rule, account->n_rules);
    cpl_json_string(&json, "first_reject",
                    o->first_reject && *o->first_reject ? *o->first_reject : "");
    cpl_json_close(&json);
    bool ok = cpl_json_end(&json) && o->data->encoder->file_metadata(o->data->file, CPL_LANDED_KEY,
                                                                     text.data, text.size, err);
    cpl_buffer_release(&text);
    return ok;
}

/* ---- reading ---- */

struct landed {
    const char *run_id, *pipeline, *config_hash, *first_reject;
    struct cpl_row_counts rows;
    struct cpl_named_count *rules;
    size_t n_rules;
    uint64_t size;
    struct cpl_arena arena;
};

static bool parse(const struct cpl_bytes *text, const char *name, struct landed *landed,
                  struct cpl_error *err)
{
    struct cpl_stored in = {.name = name, .arena = &landed->arena, .err = err};
    const struct cpl_node *top = cpl_stored_open(&in, (const char *)text->data, text->size);
    if (top && cpl_stored_uint(&in, top, "version") != 1)
        cpl_stored_fail(&in, "its %s is of another version", CPL_LANDED_KEY);
    landed->run_id = cpl_stored_text(&in, top, "run_id");
    landed->pipeline = cpl_stored_text(&in, top, "pipeline");
    landed->config_hash = cpl_stored_text(&in, top, "config_hash");
    landed->first_reject = cpl_stored_text(&in, top, "first_reject");
    landed->rows = cpl_take_row_counts(&in, top, &landed->rules, &landed->n_rules);
    cpl_stored_release(&in);
    return !in.failed;
}

/* A file that is not Parquet, or none of ours, has no run id; it is not this function's to complain. */
static bool read_landed(struct cpl_storage *storage, const char *path, struct landed *landed,
                        bool *found, struct cpl_error *err)
{
    struct cpl_error why = {0};
    char head[4] = "";
    size_t got = 0;
    *found = false;
    struct cpl_reader *reader = cpl_reader_open(storage, path, &why);
    struct cpl_parquet_file *file = NULL;
    if (reader && cpl_reader_at(reader, 0, head, sizeof head, &got, &why) && got == sizeof head &&
        !memcmp(head, "PAR1", sizeof head))
        file = cpl_parquet_open(reader, path, &why);
    if (file) {
        struct cpl_bytes text = cpl_parquet_key_value(file, CPL_LANDED_KEY);
        *found = text.data && parse(&text, path, landed, &why);
        landed->size = cpl_reader_size(reader);
    }
    cpl_parquet_close(file);
    cpl_reader_close(reader);
    return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
}

/* ---- what the caller is told ---- */

static bool note(struct run_state *run, enum cpl_file_role role, const char *path, uint64_t rows,
                 struct cpl_error *err)
{
    char checksum[40];
    const char *slash = strrchr(path, '/');
    struct cpl_file_entry entry = {.role = role, .path = slash ? slash + 1 : path, .rows = rows};
    if (!cpl_storage_checksum(run->storage, path, &entry.size, checksum, err))
        return false;
    entry.checksum = checksum;
    return cpl_run_note_files(run, &entry, 1, err);
}

static bool note_rejects(struct run_state *run, const struct landed *landed, struct cpl_error *err)
{
    bool there = false;
    char *path = cpl_format(err, "%s.rejects.parquet", run->options->pipeline->sink.path);
    bool ok = path && cpl_storage_exists(run->storage, path, &there, err);
    if (ok && there && landed->rows.rejected)
        ok = note(run, CPL_FILE_REJECTS, path, landed->rows.rejected, err);
    else if (ok && there)
        cpl_run_say(run, "warning", "%s is not of run %s, which rejected nothing", path,
                    landed->run_id);
    else if (ok && landed->rows.rejected)
        cpl_run_say(run, "warning", "the rows that run %s rejected are no longer in %s",
                    landed->run_id, path);
    cpl_free(path);
    return ok;
}

static bool note_receipt(struct run_state *run, struct cpl_error *err)
{
    struct cpl_stored_receipt receipt;
    struct cpl_error why = {0};
    const char *path = run->options->receipt_path;
    if (!path)
        return true;
    if (!cpl_receipt_read(run->storage, path, &receipt, &why)) {
        cpl_run_say(run, "warning", "%s has no receipt of run %s, and none can be written now",
                    path, run->result->run_id);
        return why.code != CPL_E_MEMORY || cpl_fail_with(err, &why);
    }
    bool ours = !strcmp(receipt.run_id, run->result->run_id);
    cpl_stored_receipt_release(&receipt);
    if (!ours)
        cpl_run_say(run, "warning", "%s is the receipt of another run than %s", path,
                    run->result->run_id);
    return !ours || (run->result->receipt = cpl_strdup(path, err)) != NULL;
}

static bool report(struct run_state *run, const struct landed *landed, struct cpl_error *err)
{
    struct cpl_run_result *result = run->result;
    result->repeated = true;
    result->rows = landed->rows;
    for (size_t i = 0; i < landed->n_rules; i++) {
        const struct cpl_named_count *rule = &landed->rules[i];
        const char *name = cpl_arena_strndup(&result->names, rule->name, strlen(rule->name), err);
        if (!name || !cpl_account_reject(&run->account, name, rule->n, err))
            return false;
    }
    if (*landed->first_reject && !(result->first_reject = cpl_strdup(landed->first_reject, err)))
        return false;
    return note(run, CPL_FILE_DATA, run->options->pipeline->sink.path, landed->rows.landed, err) &&
           note_rejects(run, landed, err) && note_receipt(run, err);
}

bool cpl_landed_look(struct run_state *run, bool *found, struct cpl_error *err)
{
    struct landed landed = {.run_id = NULL};
    const struct cpl_pipeline *pipeline = run->options->pipeline;
    *found = false;
    if (!run->options->run_id || !pipeline->sink.single_file || !strcmp(pipeline->sink.path, "-"))
        return true;
    bool ok = read_landed(run->storage, pipeline->sink.path, &landed, found, err);
    *found = ok && *found && !strcmp(landed.run_id, run->result->run_id);
    if (*found && strcmp(landed.config_hash, pipeline->config_hash) != 0)
        ok = cpl_fail(err, CPL_E_CONFLICT,
                      "the run id %s has landed %s before, with another configuration (pipeline "
                      "%s); use a run id of its own",
                      run->result->run_id, pipeline->sink.path, landed.pipeline);
    ok = ok && (!*found || report(run, &landed, err));
    cpl_arena_release(&landed.arena);
    return ok;
}

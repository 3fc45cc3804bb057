/* The result of a run as one JSON object: what `--json` prints and the library gives. */
#include "base/tree.h"
#include "run/run.h"

static void write_files(struct cpl_json_writer *json, const char *key,
                        const struct cpl_output_file *files, size_t n)
{
    cpl_json_list(json, key);
    for (size_t i = 0; i < n; i++) {
        cpl_json_object(json, NULL);
        cpl_json_string(json, "path", files[i].path);
        cpl_json_uint(json, "rows", files[i].rows);
        cpl_json_uint(json, "bytes", files[i].bytes);
        cpl_json_string(json, "checksum", files[i].checksum);
        cpl_json_close(json);
    }
    cpl_json_close(json);
}

static void write_error(struct cpl_json_writer *json, const struct cpl_error *problem)
{
    cpl_json_object(json, "error");
    cpl_json_string(json, "code", cpl_code_name(problem->code));
    cpl_json_int(json, "exit_status", cpl_code_exit_status(problem->code));
    cpl_json_bool(json, "retriable", problem->retriable);
    cpl_json_string(json, "message", problem->message);
    cpl_json_close(json);
}

bool cpl_run_result_write(const struct cpl_run_result *result, const char *pipeline,
                          const struct cpl_error *problem, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    struct cpl_json_writer json;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    cpl_json_string(&json, "run_id", *result->run_id ? result->run_id : NULL);
    cpl_json_string(&json, "pipeline", pipeline);
    cpl_json_uint(&json, "rows_read", result->rows.read);
    cpl_json_uint(&json, "rows_written", problem && !result->committed ? 0 : result->rows.landed);
    cpl_json_uint(&json, "rows_rejected", result->rows.rejected);
    cpl_json_uint(&json, "rows_filtered", result->rows.filtered);
    write_files(&json, "files", result->files, result->n_files);
    write_files(&json, "rejects", result->rejects, result->n_rejects);
    cpl_json_object(&json, "rejected_by_rule");
    for (size_t i = 0; i < result->n_rules; i++)
        cpl_json_uint(&json, result->rules[i].name, result->rules[i].n);
    cpl_json_close(&json);
    if (result->chain)
        cpl_json_raw(&json, "quality", result->chain);
    cpl_json_string(&json, "first_reject", result->first_reject);
    cpl_json_strings(&json, "remarks", &result->remarks);
    cpl_json_uint(&json, "rejects_skipped", result->rejects_skipped);
    cpl_json_string(&json, "receipt", result->receipt);
    cpl_json_bool(&json, "repeated", result->repeated);
    cpl_json_bool(&json, "committed", result->committed);
    cpl_json_double(&json, "seconds", result->seconds);
    if (problem)
        write_error(&json, problem);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

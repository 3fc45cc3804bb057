#include "command/outcome.h"
#include "base/plural.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool print_json(const struct cpl_pipeline *pipeline, const struct cpl_run_result *result,
                       const struct cpl_error *problem, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = cpl_run_result_write(result, pipeline->name, problem, &text, err) &&
              cpl_buffer_append(&text, "\n", 1, err) && cpl_print(&text, err);
    cpl_buffer_release(&text);
    return ok;
}

/* ---- directories ---- */

/* The first directory on the way to `path` that is not there; NULL when there is none. The path itself is to be written. */
static char *missing_directory(const char *path)
{
    char *way = cpl_strdup(path, NULL);
    for (char *slash = way ? strchr(way + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (slash[1] && access(way, F_OK) < 0 && errno == ENOENT)
            return way;
        *slash = '/';
    }
    cpl_free(way);
    return NULL;
}

/* ---- the summary ---- */

static void say_books(struct cpl_console *console, const struct cpl_row_counts *rows)
{
    char a[CPL_COUNTED_TEXT], b[32], c[32], d[32];
    if (rows->filtered)
        cpl_console_say(console, "info", "read %s = landed %s + rejected %s + filtered %s",
                        cpl_counted(rows->read, "row", a), cpl_grouped(rows->landed, b),
                        cpl_grouped(rows->rejected, c), cpl_grouped(rows->filtered, d));
    else
        cpl_console_say(console, "info", "read %s = landed %s + rejected %s",
                        cpl_counted(rows->read, "row", a), cpl_grouped(rows->landed, b),
                        cpl_grouped(rows->rejected, c));
}

static void say_grades(struct cpl_console *console, const struct cpl_run_result *result)
{
    uint64_t rows = 0;
    char text[3][64], number[32];
    for (int grade = 0; grade < CPL_GRADES; grade++)
        rows += result->grades[grade];
    if (!result->graded || !rows)
        return;
    for (int i = 0; i < 3; i++) {
        uint64_t n = result->grades[CPL_GRADE_GOLD - i];
        snprintf(text[i], sizeof text[i], "%s (%.1f %%)", cpl_grouped(n, number),
                 100 * (double)n / (double)rows);
    }
    cpl_console_say(console, "info", "graded gold %s, silver %s, bronze %s", text[0], text[1],
                    text[2]);
}

enum { MOST_FILES_SHOWN = 8 };

static void say_files(struct cpl_console *console, const struct cpl_run_result *result)
{
    char a[CPL_COUNTED_TEXT], b[32], more[CPL_COUNTED_TEXT];
    uint64_t rows = 0, bytes = 0;
    for (size_t i = 0; i < result->n_files; i++) {
        const struct cpl_output_file *file = &result->files[i];
        if (i < MOST_FILES_SHOWN)
            cpl_console_say(console, "info", "wrote %s (%s, %s)", file->path,
                            cpl_counted(file->rows, "row", a), cpl_show_size(file->bytes, b));
        rows += i < MOST_FILES_SHOWN ? 0 : file->rows;
        bytes += i < MOST_FILES_SHOWN ? 0 : file->bytes;
    }
    if (result->n_files > MOST_FILES_SHOWN)
        cpl_console_say(console, "info", "wrote %s more (%s, %s)",
                        cpl_counted(result->n_files - MOST_FILES_SHOWN, "file", more),
                        cpl_counted(rows, "row", a), cpl_show_size(bytes, b));
}

/* Readers that do not skip names with `_`, as DuckDB and Polars, need a pattern that leaves out _cupel/. */
static void say_pattern(struct cpl_console *console, const struct cpl_pipeline *pipeline,
                        const struct cpl_run_result *result)
{
    const struct cpl_sink_config *sink = &pipeline->sink;
    size_t folders = sink->partition_by.n + (sink->dated != NULL), length = strlen(sink->path);
    struct cpl_buffer text = {0};
    if (sink->single_file || !result->n_files || !strcmp(sink->path, "-"))
        return;
    const char *ending = strrchr(result->files[0].path, '.');
    while (length > 1 && sink->path[length - 1] == '/')
        length--;
    bool ok = cpl_buffer_append(&text, sink->path, length, NULL);
    for (size_t i = 0; ok && i < folders; i++)
        ok = cpl_buffer_append_text(&text, "/*=*", NULL);
    if (ok && ending && cpl_buffer_printf(&text, NULL, "/*%s", ending))
        cpl_console_say(console, "info", "read the table as %.*s", (int)text.size,
                        (const char *)text.data);
    cpl_buffer_release(&text);
}

static void say_rejects(struct cpl_console *console, const struct cpl_run_result *result)
{
    char text[400] = "", a[CPL_COUNTED_TEXT];
    size_t at = 0;
    if (!result->rows.rejected)
        return;
    for (size_t i = 0; i < result->n_rules && at < sizeof text - 60; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%.30s %s", i ? ", " : "",
                               result->rules[i].name, cpl_grouped(result->rules[i].n, a));
    cpl_console_say(console, "warning",
                    "%s %s rejected (%s) and kept:", cpl_counted(result->rows.rejected, "row", a),
                    cpl_were(result->rows.rejected), text);
    if (result->first_reject)
        cpl_console_say(console, "warning", "  the first is %s", result->first_reject);
    for (size_t i = 0; i < result->n_rejects; i++)
        cpl_console_say(console, "warning", "  see them with `cupel inspect %s`",
                        result->rejects[i].path);
}

static void say_done(struct cpl_console *console, const struct cpl_pipeline *pipeline,
                     const struct cpl_run_result *result)
{
    char a[32], b[32];
    double rate = (double)result->rows.read / (result->seconds > 1e-9 ? result->seconds : 1e-9);
    if (result->repeated) {
        cpl_console_say(console, "info", "%s: run %s landed before; nothing was done again",
                        pipeline->name, result->run_id);
        say_books(console, &result->rows);
        for (size_t i = 0; i < result->n_rejects; i++)
            cpl_console_say(console, "info", "rejects %s", result->rejects[i].path);
        if (result->receipt)
            cpl_console_say(console, "info", "receipt %s", result->receipt);
        return;
    }
    say_files(console, result);
    say_pattern(console, pipeline, result);
    say_rejects(console, result);
    say_books(console, &result->rows);
    say_grades(console, result);
    if (result->receipt)
        cpl_console_say(console, "info", "receipt %s", result->receipt);
    cpl_console_say(console, "info", "run %s took %s (%s rows/s)", result->run_id,
                    cpl_show_seconds(result->seconds, a), cpl_grouped((uint64_t)rate, b));
}

/* ---- the run ---- */

/* Standard output is a pipe that nobody reads any more. */
static bool reader_has_gone(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static int settle(struct cpl_console *console, const struct cpl_outcome_options *options,
                  const struct cpl_run_result *result, bool ok, const struct cpl_error *problem)
{
    struct cpl_error err = {0};
    cpl_console_clear(console);
    if (options->json && !print_json(options->pipeline, result, ok ? NULL : problem, &err))
        return cpl_console_fail(console, &err);
    if (!ok && !strcmp(options->pipeline->sink.path, "-") && reader_has_gone())
        return cpl_code_exit_status(CPL_E_IO); /* as `| head` does: no more to say */
    if (!ok)
        return cpl_console_fail(console, problem);
    say_done(console, options->pipeline, result);
    return 0;
}

struct cpl_outcome_options cpl_outcome_flags(const struct cpl_arguments *arguments)
{
    return (struct cpl_outcome_options){.run_id = cpl_flag_value(arguments, "run-id"),
                                        .receipt_path = cpl_flag_value(arguments, "receipt"),
                                        .replace_receipt = cpl_flag_given(arguments, "force"),
                                        .json = cpl_flag_given(arguments, "json")};
}

int cpl_outcome(struct cpl_console *console, const struct cpl_outcome_options *options)
{
    struct cpl_error err = {0};
    struct cpl_run_result result;
    struct cpl_run_options run = {.pipeline = options->pipeline,
                                  .run_id = options->run_id,
                                  .receipt_path = options->receipt_path,
                                  .replace_receipt = options->replace_receipt,
                                  .stop = cpl_stop_on_signals(),
                                  .context = console,
                                  .progress = cpl_console_progress,
                                  .log = cpl_console_log};
    console->run_id = result.run_id;
    char *missing = missing_directory(options->pipeline->sink.path);
    bool ok = cpl_run(&run, &result, &err);
    if (missing && !access(missing, F_OK))
        cpl_console_say(console, "info", "made the directory %s", missing);
    cpl_free(missing);
    if (!ok && options->settings)
        cpl_settings_name_flag(options->settings, &err);
    if (!ok && options->explain)
        options->explain(&err);
    int status = settle(console, options, &result, ok, &err);
    console->run_id = NULL;
    cpl_run_result_release(&result);
    return status;
}

/* libcupel: raw files in, typed Parquet (or Arrow) out, every byte accounted for.
 *
 *     cupel_error err;
 *     cupel *c = cupel_new(NULL, &err);
 *     const char *in[] = {"orders.csv"};
 *     if (!cupel_convert(c, in, 1, "orders.parquet", &err))
 *         fprintf(stderr, "%s\n", err.message);
 *     cupel_free(c);
 *
 * Rules of use
 *   - Every function that can fail returns bool, and takes a cupel_error (may be NULL) as its last argument: false =
 *     failed, and it says why in one or two sentences: what happened, where, and what to do.
 *   - An instance holds settings and callbacks; any number may live in one process. One instance is used by one
 *     thread at a time, except cupel_stop. Runs start their own worker threads; callbacks always come
 *     on the thread that called.
 *   - An argument that is NULL where nothing here says what NULL means is an error (USAGE), never a crash; cupel_free,
 *     cupel_free_text and cupel_stop do nothing with NULL, and cupel_result gives NULL.
 *   - A run that fails leaves nothing visible. The same run id lands at most once.
 *   - Text is UTF-8. Strings given are copied. Nothing is printed, no signal handler is installed, no environment
 *     variable is changed; CUPEL_… variables are read as by the program.
 *
 * Link with `pkg-config --cflags --libs cupel`. Licence: Apache-2.0. */
#ifndef CUPEL_H
#define CUPEL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arrow_c_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CUPEL_API __attribute__((visibility("default")))
#else
#define CUPEL_API
#endif

/* ---- errors ---- */

/* Why something failed. `code` is stable; cupel_code_name gives its word ("CONFIG"), and docs/reference/errors.md
 * the list. `exit_status` is what the program would have exited with. */
typedef struct cupel_error {
    int code; /* 0 = no error */
    int exit_status;
    bool retriable;     /* trying the same again may succeed */
    char message[1000]; /* NUL-terminated, no newline at the end */
} cupel_error;
CUPEL_API const char *cupel_code_name(int code);

/* "0.1.0" */
CUPEL_API const char *cupel_version(void);

/* ---- instances ---- */

/* What an instance tells while it works. Set `size` to sizeof(cupel_callbacks); members left NULL are not
 * called. */
typedef struct cupel_callbacks {
    size_t size;
    void *context; /* handed to each callback */
    /* About ten times a second. bytes_total 0 = not known. phase: "plan" "work" "commit" "publish". */
    void (*progress)(void *context, const char *phase, uint64_t bytes_done, uint64_t bytes_total,
                     uint64_t rows, uint64_t rejects, double seconds);
    /* level: "debug" "info" "warning" */
    void (*log)(void *context, const char *level, const char *message);
    /* A row that cupel_read left out: where it stood, and why. line is 1-based; column is NULL for the whole row. */
    void (*reject)(void *context, const char *object, uint64_t line, const char *column,
                   const char *rule, const char *message);
} cupel_callbacks;

typedef struct cupel cupel;
/* callbacks may be NULL; the table is copied. NULL only without memory. */
CUPEL_API cupel *cupel_new(const cupel_callbacks *callbacks, cupel_error *err);
/* Streams of the instance stay valid. NULL is fine. */
CUPEL_API void cupel_free(cupel *instance);

/* One option for all that the instance does from now on, stronger than a pipeline file and the environment:
 * ("limits.threads", "2"), ("source.csv.delimiter", ";"), ("schema.columns", "{price: \"decimal(15,2)\"}"), ("sink.mode",
 * "overwrite"). `cupel describe` lists them. A value of NULL takes the option back. Names and values are checked when they
 * are used. */
CUPEL_API bool cupel_set(cupel *instance, const char *option, const char *value, cupel_error *err);

/* Make what goes on stop soon (INTERRUPTED), with nothing visible. Safe from any thread and from signal handlers. The next
 * call works as usual. */
CUPEL_API void cupel_stop(cupel *instance);

/* ---- runs ---- */

/* Run the pipelines of a file (YAML, JSON, or ingestion metadata JSON; a directory of the latter), in order, up to the first that
 * fails. pipeline: only the one of this name; NULL = all. run_id: NULL = made. */
CUPEL_API bool cupel_run_file(cupel *instance, const char *path, const char *pipeline,
                              const char *run_id, cupel_error *err);
/* The same from text; `name` stands for the file in messages; NULL = "text". */
CUPEL_API bool cupel_run_text(cupel *instance, const char *text, size_t length, const char *name,
                              const char *pipeline, const char *run_id, cupel_error *err);
/* Files, directories and globs, at least one, into `output`: one file, its ending naming the format (.parquet .csv .ndjson), or a
 * dataset directory. A file that is there is replaced only with ("sink.mode", "overwrite"). */
CUPEL_API bool cupel_convert(cupel *instance, const char *const *inputs, size_t n_inputs,
                             const char *output, cupel_error *err);
/* The last run's result as JSON, also of one that failed: {"run_id", "pipeline", "rows_read", "rows_written",
 * "rows_rejected", "rows_filtered", "files": [], "rejects": [], "receipt", "seconds" …}; of several pipelines, that of the last one
 * run. Valid until the next call; NULL when nothing has run. */
CUPEL_API const char *cupel_result(const cupel *instance);

/* ---- reading as Arrow ---- */

/* The rows of a file, directory or glob (CSV, JSON, Parquet; compressed or not) as an Arrow C stream: import it with
 * pyarrow, nanoarrow, DuckDB, Polars … Types are proven on all rows before the first batch, so text is read twice unless
 * every column is declared. Partition columns that stand in the names of folders only (country=SE/…) are not given yet: such a
 * directory is refused (UNSUPPORTED), one of its folders is read. Rows that cannot be read are left out, and told to the `reject` callback; without
 * one, `log` is told their number at the end. The stream is independent of the instance, and belongs to one thread at a time; call its `release` when done. */
CUPEL_API bool cupel_read(cupel *instance, const char *path, struct ArrowArrayStream *stream,
                          cupel_error *err);

/* ---- what this build can do ---- */

/* "json" (everything), "schema" (JSON Schema of pipeline files), "metadata-schema" (of ingestion metadata), or
 * the name of a section or format, for people. Free with cupel_free_text; NULL on failure. */
CUPEL_API char *cupel_describe(const char *what, cupel_error *err);
CUPEL_API void cupel_free_text(char *text);

#ifdef __cplusplus
}
#endif
#endif

/* What the tests of run/ share: a temporary dataset, and runs that put rows of text into it. */
#pragma once
#include "run/commit.h"
#include "run/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    char root[64], dataset[96];
    struct cpl_storage *storage;
    struct cpl_error err;
};

static inline int bench_setup(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    /* In memory where there is such a place: thousands of fsyncs, and none of them is the point. */
    bool shared = !access("/dev/shm", W_OK);
    strcpy(bench->root, shared ? "/dev/shm/cupel-run-XXXXXX" : "/tmp/cupel-run-XXXXXX");
    if (!mkdtemp(bench->root))
        return -1;
    snprintf(bench->dataset, sizeof bench->dataset, "%s/ds", bench->root);
    bench->storage = cpl_storage_local(NULL, &bench->err);
    *state = bench;
    return bench->storage ? 0 : -1;
}

static inline int bench_teardown(void **state)
{
    struct bench *bench = *state;
    bool removed = cpl_storage_remove_tree(bench->storage, bench->root, NULL);
    cpl_storage_free(bench->storage);
    free(bench);
    return removed ? 0 : -1;
}

/* A run that lands `rows` lines in `partition` ("" = none), and rejects `rejected` more. */
struct run {
    const char *id, *partition;
    enum cpl_sink_mode mode;
    uint64_t rows, rejected;
    const char *single_file, *receipt_path;
};

static inline bool run_begin(struct bench *bench, const struct run *run,
                             struct cpl_attempt **attempt)
{
    struct cpl_attempt_options options = {
        .storage = bench->storage,
        .path = run->single_file ? run->single_file : bench->dataset,
        .single_file = run->single_file != NULL,
        .mode = run->mode,
        .run_id = run->id,
        .pipeline = "test",
        .now_ms = 1700000000000,
        .receipt_path = run->receipt_path,
        .replace_receipt = run->mode == CPL_MODE_OVERWRITE,
    };
    return cpl_attempt_begin(&options, attempt, &bench->err);
}

static inline bool run_write(struct cpl_attempt *attempt, const char *path,
                             const struct cpl_attempt_file *file, struct cpl_error *err)
{
    struct cpl_staged staged = {0};
    struct cpl_writer *writer = cpl_attempt_open(attempt, path, err);
    bool ok = writer != NULL;
    for (uint64_t i = 0; ok && i < file->rows; i++)
        ok = cpl_writer_write(writer, "a row\n", 6, err);
    ok = ok && cpl_writer_finish(writer, &staged, err) &&
         cpl_attempt_add(attempt, file, &staged, err);
    cpl_writer_close(writer);
    return ok;
}

static inline bool run_work(struct cpl_attempt *attempt, const struct run *run,
                            struct cpl_error *err)
{
    char stem[256], path[CPL_LOG_PATH_MAX], rejects[CPL_LOG_PATH_MAX], hash[CPL_HASH_TEXT];
    const char *partition = run->partition ? run->partition : "";
    if (!cpl_attempt_plan(attempt, "{}", 2, hash, err) ||
        !cpl_attempt_stem(attempt, "part", stem, err) ||
        !cpl_attempt_rejects_path(attempt, 0, run->single_file ? ".parquet" : ".txt", rejects, err))
        return false;
    snprintf(path, sizeof path, "%s%s%s-00000.txt", partition, partition[0] ? "/" : "", stem);
    struct cpl_attempt_file data = {
        .role = CPL_FILE_DATA, .path = path, .partition = partition, .rows = run->rows};
    struct cpl_attempt_file bad = {
        .role = CPL_FILE_REJECTS, .path = rejects, .rows = run->rejected};
    return run_write(attempt, run->single_file ? NULL : path, &data, err) &&
           (!run->rejected || run_write(attempt, rejects, &bad, err));
}

static inline bool run_commit(struct cpl_attempt *attempt, const struct run *run,
                              enum cpl_commit_outcome *outcome, struct cpl_error *err)
{
    uint64_t read = run->rows + run->rejected;
    struct cpl_input_account input = {.path = "in.csv",
                                      .size = read * 6,
                                      .etag = "e",
                                      .compression = "none",
                                      .charset = "UTF-8",
                                      .to = read * 6,
                                      .decompressed = read * 6,
                                      .text = true,
                                      .row_bytes = run->rows * 6,
                                      .reject_bytes = run->rejected * 6,
                                      .rows_read = read,
                                      .rows_decoded = run->rows,
                                      .rows_rejected = run->rejected};
    struct cpl_account account = {
        .inputs = &input, .n_inputs = 1, .rows = {.read = read, .landed = run->rows}};
    struct cpl_receipt receipt = {.pipeline = "test", .config_hash = "xxh3:0", .account = &account};
    bool ok = !run->rejected || cpl_account_reject(&account, "type", run->rejected, err);
    ok = ok && cpl_attempt_commit(attempt, &receipt, outcome, err);
    cpl_account_release(&account);
    return ok;
}

/* All of it; false as soon as one step fails. *prior says that it had landed before. */
static inline bool run_all(struct bench *bench, const struct run *run, bool *prior)
{
    struct cpl_attempt *attempt;
    enum cpl_commit_outcome outcome;
    bench->err = (struct cpl_error){0};
    *prior = false;
    if (!run_begin(bench, run, &attempt))
        return false;
    *prior = cpl_attempt_prior(attempt) != NULL;
    bool ok = *prior || (run_work(attempt, run, &bench->err) &&
                         run_commit(attempt, run, &outcome, &bench->err) &&
                         cpl_attempt_publish(attempt, &bench->err));
    cpl_attempt_close(attempt);
    return ok;
}

/* Rows in files that a reader of the folder sees. */
static inline uint64_t visible_rows(struct bench *bench)
{
    struct cpl_object_list list;
    uint64_t bytes = 0;
    if (!cpl_storage_list(bench->storage, bench->dataset, &list, NULL))
        return 0;
    for (size_t i = 0; i < list.n; i++)
        bytes += list.items[i].size;
    cpl_object_list_release(&list);
    return bytes / 6;
}

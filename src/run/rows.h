/* The rows of any input, batch after batch, on the calling thread: for `cupel inspect` and for the
 * library's Arrow streams.
 *
 *     rows = cpl_rows_open(storage, &(struct cpl_rows_options){.pipeline = p}, &err);
 *     while (cpl_rows_next(rows, &batch, &err) && batch->rows)
 *         …
 * Text (any decoder of the registry) and Parquet, told by content. Types are proven before the first
 * batch: the rows that will be given are decoded once without being given, and the schema widens until it holds
 * them, so that it stands for all batches. With declared types there is nothing to prove.
 * Inputs come in name order; several Parquet files must have one schema.
 *
 * Threads: one reader, one thread; any number of readers. */
#pragma once
#include "decode/parquet.h"
#include "quality/reject.h"
#include "run/plan.h"
#include <stdatomic.h>

struct cpl_rows_options {
    const struct cpl_pipeline *pipeline; /* its source, schema and limits; must outlive the rows */
    uint64_t max_rows;                   /* give no more than these; 0 = all */
    _Atomic bool *stop;                  /* may be NULL */
    void *context;
    /* A row that could not be decoded, when the rows are given (not while types are proven); may be NULL. */
    void (*reject)(void *context, const char *object, const struct cpl_reject *reject);
};
struct cpl_rows;
struct cpl_rows *cpl_rows_open(struct cpl_storage *storage, const struct cpl_rows_options *options,
                               struct cpl_error *err) CPL_CHECKED;
void cpl_rows_close(struct cpl_rows *rows);
const struct cpl_schema *cpl_rows_schema(const struct cpl_rows *rows);
/* The next batch, valid until the next call; rows == 0 means the end. */
bool cpl_rows_next(struct cpl_rows *rows, struct cpl_batch **batch,
                   struct cpl_error *err) CPL_CHECKED;
/* The plan of text inputs; NULL for Parquet. */
const struct cpl_plan *cpl_rows_plan(const struct cpl_rows *rows);
/* The Parquet files; empty for text. */
const struct cpl_object_list *cpl_rows_objects(const struct cpl_rows *rows);
/* Rows that could not be decoded, of those given so far. */
uint64_t cpl_rows_rejected(const struct cpl_rows *rows);

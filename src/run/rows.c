#include "run/rows.h"
#include "run/plan_place.h"

#include <string.h>

/* Where a pass over text inputs stands. */
struct pass {
    size_t input;
    struct cpl_stream *stream;
    struct cpl_decoder *decoder;
    bool proving;
    bool again; /* standard input must be readable once more */
};

struct cpl_rows {
    struct cpl_reject_sink sink; /* must be first */
    struct cpl_rows_options options;
    struct cpl_storage *storage;
    uint64_t given, rejected;
    struct cpl_batch end; /* no rows */
    struct cpl_batch cut; /* the last batch, when only some of its rows are wanted */

    bool planned;
    struct cpl_plan plan;
    struct pass pass;

    struct cpl_object_list objects; /* Parquet */
    size_t object;
    struct cpl_schema *schema;
    struct cpl_reader *reader;
    struct cpl_parquet_file *file;
    struct cpl_parquet_scan *scan;
};

/* ---- text ---- */

static bool note_reject(struct cpl_reject_sink *sink, const struct cpl_reject *reject,
                        struct cpl_error *err)
{
    struct cpl_rows *rows = (struct cpl_rows *)sink;
    const char *object = rows->plan.inputs.items[rows->pass.input].path;
    if (reject->fault.conflict) {
        char *text = cpl_reject_text(object, reject->line + 1, &reject->fault, reject->column,
                                     reject->message, strlen(reject->message), err);
        if (text)
            cpl_fail(err, CPL_E_TYPE, "%s", text);
        cpl_free(text);
        return false;
    }
    if (rows->pass.proving)
        return true;
    rows->rejected++;
    if (rows->options.reject)
        rows->options.reject(rows->options.context, object, reject);
    return true;
}

static void end_input(struct cpl_rows *rows)
{
    if (rows->pass.decoder)
        rows->plan.decoder->close(rows->pass.decoder);
    cpl_stream_close(rows->pass.stream);
    rows->pass.decoder = NULL;
    rows->pass.stream = NULL;
}

static bool begin_input(struct cpl_rows *rows, struct cpl_error *err)
{
    struct pass *pass = &rows->pass;
    const struct cpl_plan *plan = &rows->plan;
    pass->stream = cpl_input_stream(&plan->inputs, pass->input, 0, pass->again, false, err);
    pass->decoder = pass->stream
                        ? plan->decoder->open(cpl_plan_decode(plan, (uint32_t)pass->input),
                                              pass->stream, 0, UINT64_MAX, true, &rows->sink, err)
                        : NULL;
    return pass->decoder || cpl_fail_in(err, plan->inputs.items[pass->input].path);
}

static bool stopped(const struct cpl_rows *rows)
{
    return rows->options.stop && atomic_load_explicit(rows->options.stop, memory_order_relaxed);
}

/* The next batch of the pass; NULL in *batch at the end of the input that it stands in. */
static bool next_of_input(struct cpl_rows *rows, struct cpl_batch **batch, struct cpl_error *err)
{
    if (stopped(rows))
        return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
    if (!rows->pass.decoder && !begin_input(rows, err))
        return false;
    if (!rows->plan.decoder->next(rows->pass.decoder, batch, err))
        return cpl_fail_in(err, rows->plan.inputs.items[rows->pass.input].path);
    if (!(*batch)->rows)
        *batch = NULL;
    return true;
}

static bool enough(const struct cpl_rows *rows, uint64_t n)
{
    return rows->options.max_rows && n >= rows->options.max_rows;
}

static bool keep_needs(struct cpl_rows *rows, struct cpl_buffer *needs, bool *widened,
                       struct cpl_error *err)
{
    struct cpl_split_report report;
    if (!rows->pass.decoder)
        return true;
    rows->plan.decoder->report(rows->pass.decoder, &report);
    report.widened |= report.closer;
    *widened |= report.widened;
    return !report.widened || rows->plan.decoder->needs(rows->pass.decoder, needs, err);
}

/* One pass over what will be given; *widened: the schema had to grow. */
static bool prove_once(struct cpl_rows *rows, bool *widened, struct cpl_error *err)
{
    size_t n = rows->plan.inputs.n;
    uint64_t seen = 0;
    struct cpl_buffer *needs = cpl_alloc_zero(n + 1, sizeof *needs, err);
    struct cpl_need_origin *origins = needs ? cpl_alloc_zero(n + 1, sizeof *origins, err) : NULL;
    bool ok = origins != NULL;
    rows->pass = (struct pass){.proving = true, .again = true};
    *widened = false;
    for (size_t i = 0; ok && i < n && !enough(rows, seen); i++) {
        struct cpl_batch *batch = NULL;
        rows->pass.input = i;
        origins[i].input = (uint32_t)i;
        do {
            ok = next_of_input(rows, &batch, err);
            seen += ok && batch ? batch->rows : 0;
        } while (ok && batch && !enough(rows, seen));
        ok = ok && keep_needs(rows, &needs[i], widened, err);
        end_input(rows);
    }
    if (ok && *widened)
        ok = cpl_plan_widen(&rows->plan, needs, origins, n, err);
    for (size_t i = 0; needs && i < n; i++)
        cpl_buffer_release(&needs[i]);
    cpl_free(needs);
    cpl_free(origins);
    return ok;
}

static bool open_text(struct cpl_rows *rows, struct cpl_error *err)
{
    bool widened;
    if (!cpl_plan_make(rows->storage, rows->options.pipeline, NULL, 0, rows->options.stop,
                       &rows->plan, err))
        return cpl_plan_fail_placed(rows->options.pipeline, err);
    rows->planned = true;
    do {
        widened = false;
        if (cpl_plan_may_widen(&rows->plan) && !prove_once(rows, &widened, err))
            return false;
    } while (widened);
    rows->pass = (struct pass){.input = 0};
    return true;
}

static bool next_text(struct cpl_rows *rows, struct cpl_batch **batch, struct cpl_error *err)
{
    *batch = NULL;
    while (!*batch && rows->pass.input < rows->plan.inputs.n) {
        if (!next_of_input(rows, batch, err))
            return false;
        if (*batch)
            return true;
        end_input(rows);
        rows->pass.input++;
    }
    return true;
}

/* ---- Parquet ---- */

static void close_file(struct cpl_rows *rows)
{
    cpl_parquet_scan_free(rows->scan);
    cpl_parquet_close(rows->file);
    cpl_reader_close(rows->reader);
    rows->scan = NULL;
    rows->file = NULL;
    rows->reader = NULL;
}

static bool open_file(struct cpl_rows *rows, struct cpl_error *err)
{
    const char *path = rows->objects.items[rows->object].path;
    rows->reader = cpl_reader_open(rows->storage, path, err);
    rows->file = rows->reader ? cpl_parquet_open(rows->reader, path, err) : NULL;
    rows->scan = rows->file
                     ? cpl_parquet_scan_new(rows->file, &(struct cpl_parquet_scan_options){0}, err)
                     : NULL;
    if (!rows->scan)
        return false;
    const struct cpl_schema *schema = cpl_parquet_scan_schema(rows->scan);
    if (!rows->schema)
        rows->schema = cpl_schema_new(schema->fields, schema->n_fields, err);
    else if (!cpl_schema_equal(rows->schema, schema))
        return cpl_fail(err, CPL_E_TYPE, "%s has other columns or types than %s", path,
                        rows->objects.items[0].path);
    return rows->schema != NULL;
}

static bool next_parquet(struct cpl_rows *rows, struct cpl_batch **batch, struct cpl_error *err)
{
    *batch = NULL;
    while (rows->object < rows->objects.n) {
        if (stopped(rows))
            return cpl_fail(err, CPL_E_INTERRUPTED, "stopped");
        if ((!rows->scan && !open_file(rows, err)) ||
            !cpl_parquet_scan_next(rows->scan, batch, err))
            return false;
        if ((*batch)->rows)
            return true;
        *batch = NULL;
        close_file(rows);
        rows->object++;
    }
    return true;
}

/* Do the inputs begin as Parquet does? Then they stand in rows->objects. */
static bool find_parquet(struct cpl_rows *rows, bool *found, struct cpl_error *err)
{
    const struct cpl_source_config *source = &rows->options.pipeline->source;
    char head[4] = "";
    size_t got = 0;
    *found = false;
    if (source->paths.n != 1 || !strcmp(source->paths.items[0], "-") ||
        strcmp(source->format, "auto") != 0)
        return true;
    bool from_stdin;
    if (!cpl_inputs_list(rows->storage, source, &rows->objects, &from_stdin, err))
        return false;
    struct cpl_reader *reader = cpl_reader_open(rows->storage, rows->objects.items[0].path, err);
    bool ok = reader && cpl_reader_at(reader, 0, head, sizeof head, &got, err);
    cpl_reader_close(reader);
    *found = ok && got == sizeof head && !memcmp(head, "PAR1", sizeof head);
    return ok;
}

/* ---- both ---- */

struct cpl_rows *cpl_rows_open(struct cpl_storage *storage, const struct cpl_rows_options *options,
                               struct cpl_error *err)
{
    bool parquet;
    struct cpl_rows *rows = cpl_alloc_zero(1, sizeof *rows, err);
    if (!rows)
        return NULL;
    rows->sink.add = note_reject;
    rows->storage = storage;
    rows->options = *options;
    if (find_parquet(rows, &parquet, err) &&
        (parquet ? open_file(rows, err) : open_text(rows, err)))
        return rows;
    cpl_rows_close(rows);
    return NULL;
}

void cpl_rows_close(struct cpl_rows *rows)
{
    if (!rows)
        return;
    if (rows->planned) {
        end_input(rows);
        cpl_plan_release(&rows->plan);
    }
    close_file(rows);
    cpl_schema_free(rows->schema);
    cpl_object_list_release(&rows->objects);
    cpl_free(rows);
}

const struct cpl_schema *cpl_rows_schema(const struct cpl_rows *rows)
{
    return rows->planned ? rows->plan.schema : rows->schema;
}

const struct cpl_plan *cpl_rows_plan(const struct cpl_rows *rows)
{
    return rows->planned ? &rows->plan : NULL;
}

const struct cpl_object_list *cpl_rows_objects(const struct cpl_rows *rows)
{
    static const struct cpl_object_list none;
    return rows->planned ? &none : &rows->objects;
}

uint64_t cpl_rows_rejected(const struct cpl_rows *rows)
{
    return rows->rejected;
}

bool cpl_rows_next(struct cpl_rows *rows, struct cpl_batch **batch, struct cpl_error *err)
{
    uint64_t max = rows->options.max_rows;
    if (enough(rows, rows->given)) {
        *batch = &rows->end;
        return true;
    }
    if (!(rows->planned ? next_text(rows, batch, err) : next_parquet(rows, batch, err)))
        return false;
    if (!*batch) {
        rows->end.schema = cpl_rows_schema(rows);
        *batch = &rows->end;
        return true;
    }
    if (max && (*batch)->rows > max - rows->given) {
        rows->cut = **batch;
        rows->cut.rows = (uint32_t)(max - rows->given); /* columns are longer than that */
        *batch = &rows->cut;
    }
    rows->given += (*batch)->rows;
    return true;
}

/* For tests: decode a text as the run loop would, and print what came out.
 *
 * Rows are printed as JSON, one a line; rejects as "rule@position+length column". Every decode checks
 * the books: bytes and rows of all splits tile the text, and splits meet each other. */
#pragma once
#include "base/tree.h"
#include "decode/json.h"
#include <stdio.h>
#include <string.h>
#ifndef JSON_FIXTURE_ASSERTS /* fuzz targets bring their own */
#include <setjmp.h>
#include <stdarg.h>
/* behind those two */
#include <cmocka.h>
#endif

struct fixture {
    /* given */
    const char *options; /* as in a pipeline file, JSON; NULL = none */
    const struct cpl_schema *declared;
    enum cpl_type_conflict conflict;
    const uint64_t *cuts; /* where splits begin, besides 0 */
    size_t n_cuts;
    size_t read_size;  /* most bytes a read gives; 0 = any */
    size_t block_size; /* beyond the option's bounds; 0 = by the option */
    size_t sample;     /* bytes of the text that infer sees; 0 = all */
    uint64_t max_row_bytes, max_field_bytes;
    uint32_t max_depth, batch_rows;
    bool closed;
    /* found */
    struct cpl_json_settings settings;
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_buffer rows, rejects;
    struct cpl_split_report sum;
    unsigned rounds; /* of decoding, until the schema was wide enough */
    struct cpl_arena arena;
    struct cpl_error err;
};

/* ---- printing ---- */

static inline void put(struct cpl_buffer *out, const char *text)
{
    if (!cpl_buffer_append_text(out, text, NULL))
        out->max = 1; /* out of memory in a failing-allocator walk: the run fails anyway */
}

static inline void put_string(struct cpl_buffer *out, const uint8_t *text, size_t length)
{
    put(out, "\"");
    for (size_t i = 0; i < length; i++) {
        char escaped[8] = {(char)text[i], 0};
        if (text[i] < 0x20 || text[i] == '"' || text[i] == '\\')
            snprintf(escaped, sizeof escaped, "\\u%04x", text[i]);
        put(out, escaped);
    }
    put(out, "\"");
}

static inline void put_value(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row);

static inline void put_range(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row)
{
    bool map = column->field->type.kind == CPL_MAP;
    put(out, map ? "{" : "[");
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++) {
        put(out, i > column->offsets[row] ? "," : "");
        put_value(out, &column->children[0], (uint32_t)i);
        if (map) {
            put(out, ":");
            put_value(out, &column->children[1], (uint32_t)i);
        }
    }
    put(out, map ? "}" : "]");
}

static inline void put_struct(struct cpl_buffer *out, const struct cpl_column *columns, uint32_t n,
                              uint32_t row)
{
    put(out, "{");
    for (uint32_t i = 0; i < n; i++) {
        put(out, i ? "," : "");
        put_string(out, (const uint8_t *)columns[i].field->name, strlen(columns[i].field->name));
        put(out, ":");
        put_value(out, &columns[i], row);
    }
    put(out, "}");
}

static inline void put_value(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row)
{
    char text[CPL_TEXT_MAX + 1];
    assert_true(row < column->length);
    if (!cpl_is_valid(column, row)) {
        put(out, "null");
        return;
    }
    switch (column->field->type.kind) {
    case CPL_STRING:
    case CPL_BINARY:
        put_string(out, column->slices[row].data, column->slices[row].length);
        return;
    case CPL_JSON:
        if (!cpl_buffer_append(out, column->slices[row].data, column->slices[row].length, NULL))
            out->max = 1;
        return;
    case CPL_STRUCT:
        put_struct(out, column->children, column->n_children, row);
        return;
    case CPL_LIST:
    case CPL_MAP:
        put_range(out, column, row);
        return;
    default:
        text[cpl_print_value(column, row, text)] = 0;
        bool quoted = column->field->type.kind >= CPL_UUID;
        put(out, quoted ? "\"" : "");
        put(out, text);
        put(out, quoted ? "\"" : "");
    }
}

/* ---- a stream of small reads, and a sink ---- */

struct slow_stream {
    struct cpl_stream base;
    const uint8_t *text;
    size_t size, at, most;
};
static inline bool slow_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                             struct cpl_error *err)
{
    struct slow_stream *stream = (struct slow_stream *)base;
    (void)err;
    size_t left = stream->size - stream->at;
    *got = left < size ? left : size;
    if (stream->most && *got > stream->most)
        *got = stream->most;
    memcpy(data, stream->text + stream->at, *got);
    stream->at += *got;
    return true;
}
static const struct cpl_stream_ops slow_ops = {.name = "slow", .read = slow_read};

struct printing_sink {
    struct cpl_reject_sink base;
    struct cpl_buffer *out;
    const uint8_t *text;
};
static inline bool print_reject(struct cpl_reject_sink *base, const struct cpl_reject *reject,
                                struct cpl_error *err)
{
    struct printing_sink *sink = (struct printing_sink *)base;
    assert_true(reject->raw_length <= reject->length);
    size_t blank = 0;
    while (blank < reject->raw_length && strchr(" \t\r\n", reject->raw[blank]) &&
           reject->raw[blank])
        blank++;
    assert_true(blank < reject->raw_length); /* something stands there that can be replayed */
    assert_memory_equal(reject->raw, sink->text + reject->position, reject->raw_length);
    size_t said = strlen(reject->message);
    assert_true(said && reject->message[said - 1] != ' '); /* nothing is missing behind a colon */
    return cpl_buffer_printf(
        sink->out, err, "%s@%llu+%llu %s%s\n", reject->rule, (unsigned long long)reject->position,
        (unsigned long long)reject->length, reject->column ? reject->column : "-",
        reject->fault.conflict ? " conflict" : "");
}

/* ---- decoding ---- */

static inline void print_batch(struct fixture *f, const struct cpl_batch *batch,
                               const uint8_t *text)
{
    for (uint32_t row = 0; row < batch->rows; row++) {
        put_struct(&f->rows, batch->columns, batch->schema->n_fields, row);
        put(&f->rows, "\n");
        size_t length = batch->row_end[row] - batch->row_start[row];
        assert_memory_equal(batch->block + batch->row_start[row],
                            text + batch->origin_base + batch->row_start[row], length);
        assert_true(row == 0 || batch->row_start[row] >= batch->row_end[row - 1]);
    }
}

static inline void check_books(const struct cpl_split_report *r, uint64_t rows)
{
    assert_int_equal(r->true_end - r->true_start, r->header_bytes + r->comment_bytes +
                                                      r->blank_bytes + r->row_bytes +
                                                      r->reject_bytes);
    assert_int_equal(r->rows_read, r->rows_decoded + r->rows_rejected);
    assert_true(r->widened || r->rows_decoded == rows);
}

static inline bool decode_split(struct fixture *f, const struct cpl_decode_plan *plan,
                                const uint8_t *text, size_t size, uint64_t from, uint64_t to,
                                bool at_row, struct cpl_split_report *report,
                                struct cpl_buffer *need)
{
    struct slow_stream stream = {.base = {.ops = &slow_ops, .position = from},
                                 .text = text,
                                 .size = size,
                                 .at = from,
                                 .most = f->read_size};
    struct printing_sink sink = {.base = {.add = print_reject}, .out = &f->rejects, .text = text};
    struct cpl_batch *batch = NULL;
    uint64_t rows = 0;
    struct cpl_decoder *decoder = cpl_decoder_json.open(plan, &stream.base, from, to, at_row,
                                                        &sink.base, &f->err);
    bool ok = decoder != NULL;
    while (ok && (ok = cpl_decoder_json.next(decoder, &batch, &f->err)) && batch->rows) {
        rows += batch->rows;
        print_batch(f, batch, text);
    }
    if (ok) {
        cpl_decoder_json.report(decoder, report);
        check_books(report, rows);
        ok = cpl_decoder_json.needs(decoder, need, &f->err);
    }
    cpl_decoder_json.close(decoder);
    return ok;
}

static inline void add_report(struct cpl_split_report *sum, const struct cpl_split_report *r)
{
    sum->rows_read += r->rows_read;
    sum->rows_decoded += r->rows_decoded;
    sum->rows_rejected += r->rows_rejected;
    sum->header_bytes += r->header_bytes;
    sum->blank_bytes += r->blank_bytes;
    sum->row_bytes += r->row_bytes;
    sum->reject_bytes += r->reject_bytes;
    sum->lines += r->lines;
    sum->widened |= r->widened;
    sum->true_end = r->true_end;
}

/* All splits once. needs[i]: of split i. */
static inline bool decode_round(struct fixture *f, const struct cpl_decode_plan *plan,
                                const uint8_t *text, size_t size, struct cpl_buffer *needs)
{
    f->rows.size = f->rejects.size = 0;
    f->sum = (struct cpl_split_report){0};
    for (size_t i = 0; i <= f->n_cuts; i++) {
        struct cpl_split_report report;
        uint64_t from = i ? f->cuts[i - 1] : 0, to = i < f->n_cuts ? f->cuts[i] : UINT64_MAX;
        size_t rows = f->rows.size, rejects = f->rejects.size;
        if (!decode_split(f, plan, text, size, from, to, !i, &report, &needs[i]))
            return false;
        if (report.true_start !=
            f->sum.true_end) { /* the guess was wrong: again from the true start */
            f->rows.size = rows;
            f->rejects.size = rejects;
            needs[i].size = 0;
            uint64_t start = f->sum.true_end;
            if (start >= to)
                continue;
            if (!decode_split(f, plan, text, size, start, to, true, &report, &needs[i]))
                return false;
            assert_int_equal(report.true_start, start);
        }
        add_report(&f->sum, &report);
    }
    assert_int_equal(f->sum.true_end, size);
    return true;
}

/* Needs that are joined one after the other, as a run does, ask for the same schema. */
static inline bool joined_alike(struct fixture *f, const struct cpl_decode_plan *plan,
                                struct cpl_buffer *needs, const struct cpl_schema *wide)
{
    struct cpl_schema *schema = NULL;
    struct cpl_column_plan *columns = NULL;
    size_t first = 0;
    while (!needs[first].size)
        first++;
    bool ok = true;
    for (size_t i = first + 1; ok && i <= f->n_cuts; i++)
        ok = !needs[i].size || cpl_decoder_json.join_needs(plan, &needs[first], &needs[i], &f->err);
    ok = ok && cpl_decoder_json.widen(plan, needs, f->n_cuts + 1, &schema, &columns, &f->err);
    assert_true(!ok || cpl_schema_equal(schema, wide));
    cpl_schema_free(schema);
    cpl_free(columns);
    return ok;
}

static inline bool widen(struct fixture *f, struct cpl_decode_plan *plan, struct cpl_buffer *needs)
{
    struct cpl_schema *schema = NULL;
    struct cpl_column_plan *columns = NULL;
    if (!cpl_decoder_json.widen(plan, needs, f->n_cuts + 1, &schema, &columns, &f->err))
        return false;
    if (!joined_alike(f, plan, needs, schema)) {
        cpl_schema_free(schema);
        cpl_free(columns);
        return false;
    }
    cpl_schema_free(f->schema);
    cpl_free(f->columns);
    plan->schema = f->schema = schema;
    plan->columns = f->columns = columns;
    return true;
}

static inline bool decode_rounds(struct fixture *f, struct cpl_decode_plan *plan,
                                 const uint8_t *text, size_t size)
{
    struct cpl_buffer needs[64] = {{0}};
    bool ok = true;
    f->rounds = 0;
    do {
        assert_true(++f->rounds < 20);
        ok = decode_round(f, plan, text, size, needs);
        if (ok && f->sum.widened)
            ok = widen(f, plan, needs);
        for (size_t i = 0; i < 64; i++)
            cpl_buffer_release(&needs[i]);
        memset(needs, 0, sizeof needs);
    } while (ok && f->sum.widened);
    return ok;
}

/* False and f->err when something failed that is no row's fault. Call fixture_release after it in any case. */
static inline bool fixture_decode(struct fixture *f, const char *text, size_t size)
{
    size_t n_documents;
    struct cpl_node **options = NULL;
    if (f->options && !(options = cpl_tree_parse(f->options, strlen(f->options), "test", &f->arena,
                                                 &n_documents, &f->err)))
        return false;
    if (!cpl_options_parse(json_options, options ? options[0] : NULL, "json", &f->arena,
                           &f->settings, &f->err))
        return false;
    if (f->block_size)
        f->settings.block_size = f->block_size;
    size_t sampled = f->sample ? f->sample : size;
    struct cpl_sample sample = {
        .data = (const uint8_t *)text, .size = sampled, .at_start = true, .whole = sampled == size};
    if (!cpl_decoder_json.infer(&f->settings, &sample, 1, f->declared, true, &f->schema,
                                &f->columns, &f->err))
        return false;
    struct cpl_decode_plan plan = {.ops = &cpl_decoder_json,
                                   .settings = &f->settings,
                                   .schema = f->schema,
                                   .columns = f->columns,
                                   .on_type_conflict = f->conflict,
                                   .max_row_bytes = f->max_row_bytes,
                                   .max_field_bytes = f->max_field_bytes,
                                   .max_depth = f->max_depth,
                                   .batch_rows = f->batch_rows,
                                   .closed = f->closed};
    return decode_rounds(f, &plan, (const uint8_t *)text, size);
}

static inline void fixture_release(struct fixture *f)
{
    cpl_buffer_release(&f->rows);
    cpl_buffer_release(&f->rejects);
    cpl_schema_free(f->schema);
    cpl_free(f->columns);
    cpl_decoder_json.release_settings(&f->settings);
    cpl_arena_release(&f->arena);
    *f = (struct fixture){0};
}

/* Decode a text and compare. */
static inline void expect_with(struct fixture *f, const char *text, const char *rows,
                               const char *rejects)
{
    if (!fixture_decode(f, text, strlen(text)))
        fail_msg("%s", f->err.message);
    assert_string_equal(cpl_buffer_text(&f->rows, NULL), rows);
    assert_string_equal(cpl_buffer_text(&f->rejects, NULL), rejects);
    fixture_release(f);
}
static inline void expect(const char *options, const char *text, const char *rows,
                          const char *rejects)
{
    struct fixture f = {.options = options};
    expect_with(&f, text, rows, rejects);
}

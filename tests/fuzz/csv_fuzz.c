/* CSV: any bytes, any dialect. Decoded whole by one read, and in two splits by small reads, the second worked again
 * from the true start when the seam does not fit (as run/loop.c does): the same rows, rejects, lines and
 * schema; the books balance and every byte is in one of them. What was decoded, written as CSV and read
 * back as the same types, is the same rows. A part of the text is also read as a further object.
 *
 * Input: dialect, size of the sample, flags, cut, size of reads, rows a batch; then the text. */
#include "decode/csv.h"
#include "encode/encoder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

enum { KNOBS = 6, SLACK = 64, MOST_OPTIONS = 9, MOST_ROUNDS = 40 };

static const char *const dialects[][2 * MOST_OPTIONS + 1] = {
    {NULL},
    {"delimiter", ","},
    {"delimiter", ";", "decimal_point", ",", "thousands", "."},
    {"delimiter", "\\t", "quote", "none", "header", "no"},
    {"delimiter", "|", "quote", "'", "escape", "\\"},
    {"header", "no", "ragged", "pad"},
    {"header", "yes", "trim", "yes", "nulls", "NA,NULL"},
    {"newline", "cr"},
    {"newline", "lf", "comment", "#"},
    {"skip_lines", "2", "names", "a,b,c"},
    {"quoted_null", "true", "nulls", "x", "empty_is_null", "false"},
    {"date_format", "%d.%m.%Y", "timestamp_format", "%d.%m.%Y %H:%M", "true_words", "yes,1"},
    {"escape", "\\", "delimiter", ",", "quote", "\""},
    {"delimiter", " ", "lenient", "false"},
};

struct reject {
    uint64_t position, length;
    char rule[16], column[32];
};

struct table {
    struct cpl_arena arena;
    struct cpl_csv_dialect dialect;
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_decode_plan plan;
    size_t read_size;
    uint64_t cut; /* 0 = none */
    struct cpl_buffer rows, rejects;
    uint64_t bytes, lines, n_rows;
    bool widened;
    struct cpl_part_builder *copy; /* NULL, or where the rows also go */
};

/* ---- a stream of small reads ---- */

struct slow_stream {
    struct cpl_stream base;
    const uint8_t *text;
    size_t size, most;
};

static bool slow_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                      struct cpl_error *err)
{
    struct slow_stream *stream = (struct slow_stream *)base;
    (void)err;
    size_t left = stream->size - base->position;
    *got = left < size ? left : size;
    *got = *got < stream->most ? *got : stream->most;
    memcpy(data, stream->text + base->position, *got);
    base->position += *got;
    return true;
}
static const struct cpl_stream_ops slow_ops = {.name = "slow", .read = slow_read};

/* ---- printing ---- */

struct printing_sink {
    struct cpl_reject_sink base;
    struct table *table;
    const uint8_t *text;
    size_t size;
};

static bool print_reject(struct cpl_reject_sink *base, const struct cpl_reject *r,
                         struct cpl_error *err)
{
    struct printing_sink *sink = (struct printing_sink *)base;
    MUST(r->position + r->length <= sink->size && r->raw_length <= r->length);
    MUST(!r->raw_length || !memcmp(r->raw, sink->text + r->position, r->raw_length));
    struct reject reject = {.position = r->position, .length = r->length};
    snprintf(reject.rule, sizeof reject.rule, "%s", r->rule);
    snprintf(reject.column, sizeof reject.column, "%s", r->column ? r->column : "");
    return cpl_buffer_append(&sink->table->rejects, &reject, sizeof reject, err);
}

static int by_position(const void *a, const void *b)
{
    const struct reject *x = a, *y = b;
    return x->position < y->position ? -1 : x->position > y->position;
}

/* A block's ragged rows are rejected before its values are; the loop sorts them, too. No row is rejected twice. */
static void sort_rejects(struct table *t)
{
    struct reject *rejects = (struct reject *)(void *)t->rejects.data;
    size_t n = t->rejects.size / sizeof *rejects;
    if (n)
        qsort(rejects, n, sizeof *rejects, by_position);
    for (size_t i = 1; i < n; i++)
        MUST(rejects[i - 1].position + rejects[i - 1].length <= rejects[i].position);
}

static void print_cell(struct cpl_buffer *out, const struct cpl_column *column, uint32_t row)
{
    char text[CPL_TEXT_MAX];
    if (!cpl_is_valid(column, row)) {
        MUST(cpl_buffer_append_text(out, "~|", NULL));
    } else if (cpl_kind_is_slice(column->field->type.kind)) {
        const struct cpl_slice *slice = &column->slices[row];
        MUST(cpl_utf8_valid(slice->data, slice->length));
        MUST(cpl_buffer_printf(out, NULL, "%u:", (unsigned)slice->length));
        MUST(cpl_buffer_append(out, slice->data, slice->length, NULL));
        MUST(cpl_buffer_append_text(out, "|", NULL));
    } else {
        MUST(cpl_buffer_append(out, text, cpl_print_value(column, row, text), NULL));
        MUST(cpl_buffer_append_text(out, "|", NULL));
    }
}

static void print_batch(struct table *t, const struct cpl_batch *batch)
{
    t->n_rows += batch->rows;
    for (uint32_t row = 0; row < batch->rows; row++) {
        for (uint32_t f = 0; f < batch->schema->n_fields; f++)
            print_cell(&t->rows, &batch->columns[f], row);
        MUST(cpl_buffer_append_text(&t->rows, "\n", NULL));
    }
}

/* ---- decoding ---- */

static void check_books(const struct cpl_split_report *r, uint64_t rows)
{
    MUST(r->true_end - r->true_start ==
         r->header_bytes + r->comment_bytes + r->blank_bytes + r->row_bytes + r->reject_bytes);
    MUST(r->rows_read == r->rows_decoded + r->rows_rejected);
    MUST(r->widened || r->rows_decoded == rows);
}

static struct cpl_split_report decode_split(struct table *t, const uint8_t *text, size_t size,
                                            uint64_t from, uint64_t to, bool at_row,
                                            struct cpl_buffer *needs)
{
    struct slow_stream stream = {.base = {.ops = &slow_ops, .position = from},
                                 .text = text,
                                 .size = size,
                                 .most = t->read_size};
    struct printing_sink sink = {
        .base = {.add = print_reject}, .table = t, .text = text, .size = size};
    struct cpl_split_report report;
    struct cpl_batch *batch = NULL;
    uint64_t rows_before = t->n_rows;
    struct cpl_decoder *d = cpl_decoder_csv.open(&t->plan, &stream.base, from, to, at_row,
                                                 &sink.base, NULL);
    MUST(d);
    do {
        MUST(cpl_decoder_csv.next(d, &batch, NULL));
        print_batch(t, batch);
        MUST(!t->copy || cpl_encoder_csv.append(t->copy, batch, NULL, batch->rows, NULL));
    } while (batch->rows);
    cpl_decoder_csv.report(d, &report);
    check_books(&report, t->n_rows - rows_before);
    MUST(cpl_decoder_csv.needs(d, needs, NULL));
    cpl_decoder_csv.close(d);
    return report;
}

static void count(struct table *t, const struct cpl_split_report *r)
{
    t->bytes += r->true_end - r->true_start;
    t->lines += r->lines;
    t->widened |= r->widened;
}

static void decode_round(struct table *t, const uint8_t *text, size_t size,
                         struct cpl_buffer needs[2])
{
    t->rows.size = t->rejects.size = 0;
    t->bytes = t->lines = t->n_rows = 0;
    t->widened = false;
    struct cpl_split_report r = decode_split(t, text, size, 0, t->cut ? t->cut : UINT64_MAX, true,
                                             &needs[0]);
    MUST(r.true_start == 0);
    count(t, &r);
    if (t->cut) {
        uint64_t seam = r.true_end, n_rows = t->n_rows;
        size_t rows = t->rows.size, rejects = t->rejects.size;
        r = decode_split(t, text, size, t->cut, UINT64_MAX, false, &needs[1]);
        if (r.true_start != seam) {
            t->rows.size = rows;
            t->rejects.size = rejects;
            t->n_rows = n_rows;
            needs[1].size = 0;
            r = decode_split(t, text, size, seam, UINT64_MAX, true, &needs[1]);
            MUST(r.true_start == seam);
        }
        count(t, &r);
    }
    MUST(t->bytes == size && r.true_end == size);
    sort_rejects(t);
}

static void decode(struct table *t, const uint8_t *text, size_t size)
{
    for (unsigned rounds = 0;; rounds++) {
        struct cpl_buffer needs[2] = {{0}};
        struct cpl_schema *schema = NULL;
        struct cpl_column_plan *columns = NULL;
        MUST(rounds < MOST_ROUNDS);
        decode_round(t, text, size, needs);
        if (t->widened)
            MUST(cpl_decoder_csv.widen(&t->plan, needs, 2, &schema, &columns, NULL));
        cpl_buffer_release(&needs[0]);
        cpl_buffer_release(&needs[1]);
        if (!t->widened)
            return;
        cpl_schema_free(t->schema);
        cpl_free(t->columns);
        t->plan.schema = t->schema = schema;
        t->plan.columns = t->columns = columns;
    }
}

static bool begin(struct table *t, const char *const *options, const struct cpl_schema *declared,
                  const uint8_t *text, size_t size, size_t sampled)
{
    uint8_t *copy = calloc(1, sampled + SLACK);
    struct cpl_sample sample = {
        .data = copy, .size = sampled, .at_start = true, .whole = sampled == size};
    MUST(copy);
    memcpy(copy, text, sampled);
    MUST(cpl_options_parse(cpl_csv_options, NULL, "csv", &t->arena, &t->dialect, NULL));
    for (; *options; options += 2)
        MUST(cpl_option_set(cpl_csv_options, options[0], options[1], "csv", &t->arena, &t->dialect,
                            NULL));
    bool ok = cpl_csv_infer(&t->dialect, &sample, 1, declared, true, &t->schema, &t->columns, NULL);
    free(copy);
    t->plan.ops = &cpl_decoder_csv;
    t->plan.settings = &t->dialect;
    t->plan.schema = t->schema;
    t->plan.columns = t->columns;
    return ok;
}

static void end(struct table *t)
{
    cpl_csv_release(&t->dialect);
    cpl_schema_free(t->schema);
    cpl_free(t->columns);
    cpl_arena_release(&t->arena);
    cpl_buffer_release(&t->rows);
    cpl_buffer_release(&t->rejects);
}

static bool same(const struct cpl_buffer *a, const struct cpl_buffer *b)
{
    return a->size == b->size && (!a->size || !memcmp(a->data, b->data, a->size));
}

static void show(const char *what, const struct table *t)
{
    fprintf(stderr, "%s: %llu lines, delimiter %d, quote %d, escape %d, comment %d, newline %d\n",
            what, (unsigned long long)t->lines, t->dialect.delimiter, t->dialect.quote,
            t->dialect.escape, t->dialect.comment, t->dialect.newline);
    fprintf(stderr, "%.*s", (int)t->rows.size, (const char *)t->rows.data);
    const struct reject *rejects = (const struct reject *)(const void *)t->rejects.data;
    for (size_t i = 0; i < t->rejects.size / sizeof *rejects; i++)
        fprintf(stderr, "%s@%llu+%llu %s\n", rejects[i].rule,
                (unsigned long long)rejects[i].position, (unsigned long long)rejects[i].length,
                rejects[i].column);
}

static void compare(const struct table *a, const struct table *b)
{
    bool equal = same(&a->rows, &b->rows) && same(&a->rejects, &b->rejects) &&
                 a->lines == b->lines && cpl_schema_equal(a->schema, b->schema);
    if (!equal) {
        show("one", a);
        show("other", b);
    }
    MUST(equal);
}

/* ---- the round trip ---- */

struct buffer_sink {
    struct cpl_write_sink base;
    struct cpl_buffer bytes;
};

static bool keep(struct cpl_write_sink *base, const void *data, size_t size, struct cpl_error *err)
{
    return cpl_buffer_append(&((struct buffer_sink *)base)->bytes, data, size, err);
}

/* The table's rows as a CSV file. */
static struct cpl_buffer encoded(struct table *t, const uint8_t *text, size_t size)
{
    struct cpl_arena arena = {0};
    struct buffer_sink sink = {.base = {.write = keep}};
    struct cpl_part *part = NULL;
    void *options = calloc(1, cpl_encoder_csv.options_size);
    MUST(options && cpl_options_parse(cpl_encoder_csv.options, NULL, "csv", &arena, options, NULL));
    /* the null of a lone column must be a word: an empty line is no row */
    MUST(cpl_option_set(cpl_encoder_csv.options, "null_text", "\\N", "csv", &arena, options, NULL));
    t->copy = cpl_encoder_csv.builder_new(t->schema, options, NULL);
    MUST(t->copy);
    decode(t, text, size); /* wide enough by now: one round */
    MUST(cpl_encoder_csv.finish(t->copy, &part, NULL));
    struct cpl_file_encoder *file = cpl_encoder_csv.file_new(t->schema, options, &sink.base, NULL,
                                                             NULL);
    MUST(file && (!part || cpl_encoder_csv.file_add(file, part, NULL)));
    MUST(cpl_encoder_csv.file_finish(file, NULL));
    cpl_encoder_csv.file_free(file);
    cpl_encoder_csv.builder_free(t->copy);
    t->copy = NULL;
    cpl_arena_release(&arena);
    free(options);
    return sink.bytes;
}

static void round_trip(struct table *t, const uint8_t *text, size_t size)
{
    static const char *const plain[] = {
        "delimiter",     ",",       "quote", "\"",      "escape", "\"",         "header",
        "yes",           "newline", "lf",    "comment", "none",   "skip_lines", "0",
        "decimal_point", ".",       "nulls", "\\N",     NULL};
    struct cpl_buffer csv = encoded(t, text, size);
    struct table back = {.read_size = SIZE_MAX};
    MUST(begin(&back, plain, t->schema, csv.data, csv.size, csv.size));
    decode(&back, csv.data, csv.size);
    back.lines = t->lines;
    bool equal = same(&t->rows, &back.rows) && !back.rejects.size;
    if (!equal) {
        fprintf(stderr, "%.*s", (int)csv.size, (const char *)csv.data);
        show("read", t);
        show("read back", &back);
    }
    MUST(equal);
    end(&back);
    cpl_buffer_release(&csv);
}

/* ---- a further object ---- */

/* The text from `from` on as an object of its own, under what the first one settled: every byte of it is in the books, whether
 * from one read or from two splits. */
static void further_object(struct table *first, const uint8_t *text, size_t size)
{
    uint8_t *copy = calloc(1, size + SLACK);
    struct cpl_sample head = {.data = copy, .size = size, .at_start = true, .whole = true};
    void *own = NULL;
    MUST(copy);
    memcpy(copy, text, size);
    if (cpl_csv_for_object(&first->dialect, NULL, &head, first->schema, false, &own, NULL)) {
        struct cpl_schema *schema = cpl_schema_new(first->schema->fields, first->schema->n_fields,
                                                   NULL);
        struct cpl_column_plan *columns = cpl_alloc_zero(first->schema->n_fields + 1u,
                                                         sizeof *columns, NULL);
        MUST(schema && columns);
        memcpy(columns, first->columns, schema->n_fields * sizeof *columns);
        struct table t = {.plan = first->plan,
                          .schema = schema,
                          .columns = columns,
                          .read_size = first->read_size,
                          .cut = size > 1 ? size / 2 : 0};
        t.plan.schema = t.schema;
        t.plan.columns = t.columns;
        if (own)
            t.plan.settings = own;
        decode(&t, text, size);
        cpl_schema_free(t.schema);
        cpl_free(t.columns);
        cpl_buffer_release(&t.rows);
        cpl_buffer_release(&t.rejects);
    }
    if (own)
        cpl_csv_release(own);
    cpl_free(own);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < KNOBS || size > 20000)
        return 0;
    const uint8_t *knobs = data, *text = data + KNOBS;
    size -= KNOBS;
    const char *const *options = dialects[knobs[0] % (sizeof dialects / sizeof *dialects)];
    size_t sampled = knobs[1] && 8u * knobs[1] < size ? 8u * knobs[1] : size;
    struct table whole = {.read_size = SIZE_MAX}, parts = {.read_size = 1 + knobs[4]};
    bool ok = begin(&whole, options, NULL, text, size, sampled);
    MUST(begin(&parts, options, NULL, text, size, sampled) == ok);
    if (ok) {
        whole.plan.max_row_bytes = parts.plan.max_row_bytes = knobs[2] & 1 ? 100 : 0;
        whole.plan.on_type_conflict = parts.plan.on_type_conflict = knobs[2] & 2
                                                                        ? CPL_CONFLICT_REJECT
                                                                        : CPL_CONFLICT_WIDEN;
        parts.plan.batch_rows = knobs[5];
        parts.cut = size > 1 ? 1 + (knobs[3] | (knobs[2] & 0xF0u) << 4) % (size - 1) : 0;
        decode(&whole, text, size);
        decode(&parts, text, size);
        compare(&whole, &parts);
        round_trip(&whole, text, size);
        size_t from = size * knobs[3] / 256;
        further_object(&parts, text + from, size - from);
    }
    end(&whole);
    end(&parts);
    return 0;
}

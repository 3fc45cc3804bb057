/* CSV: any bytes, any dialect, any limits. Decoded whole, by one read into one block, and in up to four splits by small reads
 * into small blocks, a split worked again from the true start when its seam does not fit (as run/loop.c does): the same
 * rows, rejects (place, line, rule, bytes, words), books and schema; and every byte is in one of the books. What was decoded,
 * written as CSV and read back as the same types, is the same rows. A part of the text is also read as a further object.
 * Behind a charset stage, which gives characters cut in two and knows other offsets, there is one split.
 *
 * Input: dialect, size of the sample, flags, cut, size of reads, rows a batch, size of blocks, splits and charset; then the
 * text. */
#include "decode/csv.h"
#include "decode/stream_fixture.h"
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

enum {
    KNOBS = 8,
    MOST_TEXT = 20000,
    SLACK = 64,
    MOST_OPTIONS = 9,
    MOST_ROUNDS = 40,
    MOST_CUTS = 3
};

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
    {"escape", "\\", "escape_before", "quote"},
    {"comment", "#", "comment_lines", "leading"},
    {"header", "yes", "trailing_delimiter", "true"},
};

static const uint64_t row_limits[] = {0, 100, 20, 1000};
/* by bits of the last knob; mostly none */
static const char *const charsets[8] = {NULL, "ISO-8859-1", "UTF-16LE", "Big5-HKSCS"};

struct reject {
    uint64_t position, length, line;
    struct cpl_fault fault;
    uint64_t raw_length;
    char rule[16], column[32], message[200];
};

/* The object, and what its charset stage makes of it. */
struct input {
    const uint8_t *object, *text;
    size_t object_size, size;
    const char *charset;
};

struct table {
    struct cpl_arena arena;
    struct cpl_csv_dialect dialect;
    struct cpl_schema *schema;
    struct cpl_column_plan *columns;
    struct cpl_decode_plan plan;
    size_t read_size;
    uint64_t cuts[MOST_CUTS];
    unsigned n_cuts;
    struct cpl_buffer rows, rejects;
    struct cpl_split_report sum;
    uint64_t n_rows;
    bool failed;                   /* the header is over the limit */
    struct cpl_part_builder *copy; /* NULL, or where the rows also go */
};

static struct cpl_stream *open_stream(const struct table *t, const struct input *in, uint64_t from)
{
    struct cpl_stream *stream = pieces_new(in->object, in->object_size, t->read_size);
    stream->position = from;
    if (in->charset)
        stream = cpl_stream_transcode(stream, in->charset, NULL);
    MUST(stream);
    return stream;
}

/* ---- printing ---- */

struct printing_sink {
    struct cpl_reject_sink base;
    struct table *table;
    const struct input *in;
};

static bool print_reject(struct cpl_reject_sink *base, const struct cpl_reject *r,
                         struct cpl_error *err)
{
    struct printing_sink *sink = (struct printing_sink *)base;
    const struct input *in = sink->in;
    MUST(r->position + r->length <= in->object_size && r->raw_length <= r->length);
    MUST(!r->raw_length || !memcmp(r->raw, in->object + r->position, r->raw_length));
    struct reject reject = {.position = r->position,
                            .length = r->length,
                            .line = sink->table->sum.lines + r->line,
                            .raw_length = r->raw_length};
    reject.fault.line = r->fault.line;
    reject.fault.column = r->fault.column;
    snprintf(reject.rule, sizeof reject.rule, "%s", r->rule);
    snprintf(reject.column, sizeof reject.column, "%s", r->column ? r->column : "");
    snprintf(reject.message, sizeof reject.message, "%s", r->message);
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

/* False when the header is too long, and nothing else may fail. */
static bool read_batches(struct table *t, struct cpl_decoder *d)
{
    struct cpl_error err = {0};
    struct cpl_batch *batch = NULL;
    do {
        if (!cpl_decoder_csv.next(d, &batch, &err)) {
            MUST(err.code == CPL_E_LIMIT && t->plan.max_row_bytes && !t->n_rows &&
                 !t->rejects.size);
            return false;
        }
        print_batch(t, batch);
        MUST(!t->copy || cpl_encoder_csv.append(t->copy, batch, NULL, batch->rows, NULL));
    } while (batch->rows);
    return true;
}

static struct cpl_split_report decode_split(struct table *t, const struct input *in, uint64_t from,
                                            uint64_t to, bool at_row, struct cpl_buffer *needs)
{
    struct cpl_stream *stream = open_stream(t, in, from);
    struct printing_sink sink = {.base = {.add = print_reject}, .table = t, .in = in};
    struct cpl_split_report report = {0};
    uint64_t rows_before = t->n_rows;
    struct cpl_decoder *d = cpl_decoder_csv.open(&t->plan, stream, from, to, at_row, &sink.base,
                                                 NULL);
    MUST(d);
    t->failed = !read_batches(t, d);
    if (!t->failed) {
        cpl_decoder_csv.report(d, &report);
        check_books(&report, t->n_rows - rows_before);
        MUST(cpl_decoder_csv.needs(d, needs, NULL));
    }
    cpl_decoder_csv.close(d);
    cpl_stream_close(stream);
    return report;
}

/* A split that did not begin where the one before it ended is worked again. */
static struct cpl_split_report decode_next(struct table *t, const struct input *in, uint64_t seam,
                                           uint64_t from, uint64_t to, struct cpl_buffer *needs)
{
    uint64_t n_rows = t->n_rows;
    size_t rows = t->rows.size, rejects = t->rejects.size;
    struct cpl_split_report r = decode_split(t, in, from, to, false, needs);
    if (r.true_start == seam)
        return r;
    t->rows.size = rows;
    t->rejects.size = rejects;
    t->n_rows = n_rows;
    needs->size = 0;
    r = decode_split(t, in, seam, to, true, needs);
    MUST(r.true_start == seam);
    return r;
}

static void count(struct cpl_split_report *sum, const struct cpl_split_report *r)
{
    sum->true_end = r->true_end;
    sum->rows_decoded += r->rows_decoded;
    sum->rows_rejected += r->rows_rejected;
    sum->header_bytes += r->header_bytes;
    sum->comment_bytes += r->comment_bytes;
    sum->blank_bytes += r->blank_bytes;
    sum->row_bytes += r->row_bytes;
    sum->reject_bytes += r->reject_bytes;
    sum->object.header += r->object.header;
    sum->object.comment += r->object.comment;
    sum->object.blank += r->object.blank;
    sum->object.reject += r->object.reject;
    sum->lines += r->lines;
    sum->widened |= r->widened;
}

static void decode_round(struct table *t, const struct input *in, struct cpl_buffer *needs)
{
    t->rows.size = t->rejects.size = 0;
    t->n_rows = 0;
    t->sum = (struct cpl_split_report){0};
    for (unsigned i = 0; i <= t->n_cuts; i++) {
        uint64_t from = i ? t->cuts[i - 1] : 0, to = i < t->n_cuts ? t->cuts[i] : UINT64_MAX;
        uint64_t seam = t->sum.true_end;
        if (i && seam > to)
            continue; /* the split before went over all of this one */
        struct cpl_split_report r = i ? decode_next(t, in, seam, from, to, &needs[i])
                                      : decode_split(t, in, from, to, true, &needs[i]);
        if (t->failed)
            return;
        count(&t->sum, &r);
    }
    const struct cpl_split_report *s = &t->sum;
    MUST(s->true_end == in->size);
    MUST(s->header_bytes + s->comment_bytes + s->blank_bytes + s->row_bytes + s->reject_bytes ==
         in->size);
    sort_rejects(t);
}

static void decode(struct table *t, const struct input *in)
{
    for (unsigned rounds = 0;; rounds++) {
        struct cpl_buffer needs[MOST_CUTS + 1] = {{0}};
        struct cpl_schema *schema = NULL;
        struct cpl_column_plan *columns = NULL;
        MUST(rounds < MOST_ROUNDS);
        decode_round(t, in, needs);
        bool again = !t->failed && t->sum.widened;
        if (again)
            MUST(cpl_decoder_csv.widen(&t->plan, needs, t->n_cuts + 1, &schema, &columns, NULL));
        for (unsigned i = 0; i <= MOST_CUTS; i++)
            cpl_buffer_release(&needs[i]);
        if (!again)
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
    t->dialect.block_size = size + SLACK; /* one block */
    return ok;
}

/* Another reading of what `first` is: its dialect is borrowed, the schema may widen. */
static struct table like(const struct table *first)
{
    struct table t = {
        .plan = first->plan, .dialect = first->dialect, .read_size = first->read_size};
    t.schema = cpl_schema_new(first->schema->fields, first->schema->n_fields, NULL);
    t.columns = cpl_alloc_zero(first->schema->n_fields + 1u, sizeof *t.columns, NULL);
    MUST(t.schema && t.columns);
    memcpy(t.columns, first->columns, t.schema->n_fields * sizeof *t.columns);
    t.plan.schema = t.schema;
    t.plan.columns = t.columns;
    return t;
}

static void end_like(struct table *t)
{
    cpl_schema_free(t->schema);
    cpl_free(t->columns);
    cpl_buffer_release(&t->rows);
    cpl_buffer_release(&t->rejects);
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
            what, (unsigned long long)t->sum.lines, t->dialect.delimiter, t->dialect.quote,
            t->dialect.escape, t->dialect.comment, t->dialect.newline);
    fprintf(stderr, "%.*s", (int)t->rows.size, (const char *)t->rows.data);
    const struct reject *rejects = (const struct reject *)(const void *)t->rejects.data;
    for (size_t i = 0; i < t->rejects.size / sizeof *rejects; i++)
        fprintf(stderr, "%s@%llu+%llu line %llu raw %llu %s: %s\n", rejects[i].rule,
                (unsigned long long)rejects[i].position, (unsigned long long)rejects[i].length,
                (unsigned long long)rejects[i].line, (unsigned long long)rejects[i].raw_length,
                rejects[i].column, rejects[i].message);
}

/* The same books? (The facts of both are the schemas'.) */
static bool same_sum(const struct cpl_split_report *a, const struct cpl_split_report *b)
{
    return !memcmp(a, b, sizeof *a);
}

static void compare(const struct table *a, const struct table *b)
{
    bool equal = a->failed == b->failed;
    if (equal && !a->failed)
        equal = same(&a->rows, &b->rows) && same(&a->rejects, &b->rejects) &&
                same_sum(&a->sum, &b->sum) && cpl_schema_equal(a->schema, b->schema);
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
static struct cpl_buffer encoded(struct table *t, const struct input *in)
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
    decode(t, in); /* wide enough by now: one round */
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

static void round_trip(struct table *t, const struct input *in)
{
    static const char *const plain[] = {
        "delimiter",     ",",       "quote", "\"",      "escape", "\"",         "header",
        "yes",           "newline", "lf",    "comment", "none",   "skip_lines", "0",
        "decimal_point", ".",       "nulls", "\\N",     NULL};
    struct cpl_buffer csv = encoded(t, in);
    struct table back = {.read_size = SIZE_MAX};
    const struct input again = {
        .object = csv.data, .text = csv.data, .object_size = csv.size, .size = csv.size};
    MUST(begin(&back, plain, t->schema, csv.data, csv.size, csv.size));
    decode(&back, &again);
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

/* The text as an object of its own, under what the first one settled: every byte of it is in the books, whether from one read or
 * from two splits. */
static void further_object(struct table *first, const uint8_t *text, size_t size)
{
    uint8_t *copy = calloc(1, size + SLACK);
    struct cpl_sample head = {.data = copy, .size = size, .at_start = true, .whole = true};
    const struct input in = {.object = text, .text = text, .object_size = size, .size = size};
    void *own = NULL;
    MUST(copy);
    memcpy(copy, text, size);
    if (cpl_csv_for_object(&first->dialect, NULL, &head, first->schema, false, &own, NULL)) {
        struct table t = like(first);
        t.plan.settings = own ? own : &t.dialect;
        t.cuts[0] = size / 2;
        t.n_cuts = size > 1;
        decode(&t, &in);
        end_like(&t);
    }
    if (own)
        cpl_csv_release(own);
    cpl_free(own);
    free(copy);
}

/* ---- the target ---- */

static void set_limits(struct table *t, const uint8_t *knobs)
{
    t->plan.max_row_bytes = row_limits[(knobs[2] & 1) | (knobs[2] >> 1 & 2)];
    t->plan.max_field_bytes = knobs[2] & 8 ? 10 : 0;
    t->plan.on_type_conflict = knobs[2] & 2 ? CPL_CONFLICT_REJECT : CPL_CONFLICT_WIDEN;
}

/* The first cut anywhere, the others behind it. */
static void set_cuts(struct table *t, const uint8_t *knobs, size_t size)
{
    if (size < 2)
        return;
    uint64_t cut = 1 + (knobs[3] | (knobs[2] & 0xF0u) << 4) % (size - 1);
    for (; t->n_cuts < knobs[7] % (MOST_CUTS + 1) && cut < size; cut += 1 + knobs[3] % 61)
        t->cuts[t->n_cuts++] = cut;
}

static void check_parts(struct table *whole, const struct input *in, const uint8_t *knobs)
{
    struct table parts = like(whole);
    parts.plan.settings = &parts.dialect;
    parts.dialect.block_size = 16 + 2u * knobs[6];
    parts.plan.batch_rows = knobs[5];
    parts.read_size = 1 + knobs[4];
    if (!in->charset)
        set_cuts(&parts, knobs, in->size);
    decode(whole, in);
    decode(&parts, in);
    compare(whole, &parts);
    size_t from = in->size * knobs[3] / 256;
    if (!whole->failed && !in->charset)
        further_object(&parts, in->text + from, in->size - from);
    end_like(&parts);
}

static void check(const struct input *in, const uint8_t *knobs)
{
    const char *const *options = dialects[knobs[0] % (sizeof dialects / sizeof *dialects)];
    size_t sampled = knobs[1] && 8u * knobs[1] < in->size ? 8u * knobs[1] : in->size;
    struct table whole = {.read_size = SIZE_MAX};
    if (begin(&whole, options, NULL, in->text, in->size, sampled)) {
        set_limits(&whole, knobs);
        check_parts(&whole, in, knobs);
        if (!whole.failed)
            round_trip(&whole, in);
    }
    end(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < KNOBS || size > MOST_TEXT)
        return 0;
    struct input in = {
        .object = data + KNOBS, .object_size = size - KNOBS, .charset = charsets[data[7] >> 2 & 7]};
    struct cpl_buffer text = {0};
    const struct table reader = {.read_size = SIZE_MAX};
    struct cpl_stream *stream = open_stream(&reader, &in, 0);
    for (size_t got = 1; got; text.size += got) {
        MUST(cpl_buffer_reserve(&text, in.object_size + 1, NULL));
        MUST(cpl_stream_read(stream, text.data + text.size, in.object_size + 1, &got, NULL));
    }
    cpl_stream_close(stream);
    in.text = text.data;
    in.size = text.size;
    check(&in, data);
    cpl_buffer_release(&text);
    return 0;
}

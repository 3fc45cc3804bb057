/* A CSV's columns from samples: header, names, types.
 *
 * Every guess only proposes: types are proven on every row by the decoder, and rows that do not have the
 * settled width are rejected with their bytes. What the user set is never guessed. */
#include "batch/name_order.h"
#include "decode/csv_cell.h"
#include "decode/csv_names.h"
#include "decode/csv_sniff.h"
#include "decode/csv_stray.h"
#include "decode/csv_style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TYPE_RECORDS = 20000, MAX_COLUMNS = 100000 };

struct columns {
    struct cpl_text_facts *facts;
    struct cpl_csv_shapes *shapes;
    struct cpl_csv_families *families;
    bool *grouped;                /* groups of digits alone are numbers there */
    const struct csv_walk *first; /* the object's first record, which may be a header; NULL: none */
    bool repeats;                 /* it comes again among the next ones */
    uint32_t n;
    struct cpl_csv_stray strays[CPL_CSV_MOST_STRAYS];
    uint32_t n_strays; /* when there are some, they are looked for and nothing else */
    size_t sample;     /* which is being looked at */
    uint32_t rows;     /* classified at the start of an object */
    bool quoted_lines; /* some quoted field there holds a line end */
    uint32_t records;  /* seen there behind the header; those of another width are no rows */
};

static uint64_t lines_before(const struct csv_walk *walk)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < walk->start; i++)
        lines += walk->data[i] == walk->rules.newline;
    return lines;
}

static void note_strays(const struct csv_walk *walk, struct columns *columns, uint32_t column,
                        struct cpl_text_facts facts, const struct cpl_csv_text *text)
{
    for (uint32_t i = 0; i < columns->n_strays; i++) {
        struct cpl_csv_stray *stray = &columns->strays[i];
        if (stray->column == column &&
            cpl_csv_note_stray(stray, facts, text->data, text->length, columns->sample)) {
            stray->line = lines_before(walk);
            stray->position = walk->rules.newline == '\n' ? walk->start : UINT64_MAX;
        }
    }
}

static void note_value(const struct csv_walk *walk, struct columns *columns, uint32_t column,
                       struct cpl_text_facts facts, const struct cpl_csv_text *text)
{
    if (columns->n_strays) {
        note_strays(walk, columns, column, facts, text);
        return;
    }
    columns->facts[column] = cpl_text_join(columns->facts[column], facts);
    cpl_csv_count_shape(&columns->shapes[column], text->data, text->length);
    cpl_csv_count_family(&columns->families[column], facts.class);
}

static bool classify_record(const struct cpl_csv_dialect *d, const struct csv_walk *walk,
                            struct columns *columns, struct cpl_arena *arena, struct cpl_error *err)
{
    struct cpl_text_style strict = d->style;
    strict.groups_with_point = true;
    for (uint32_t c = 0; c < columns->n && c < walk->fields; c++) {
        const uint8_t *data;
        uint32_t length;
        struct cpl_csv_text text;
        const struct cpl_text_style *style = columns->grouped[c] ? &d->style : &strict;
        struct cpl_error problem = {0};
        cpl_csv_walk_cell(walk, c, &data, &length);
        enum cpl_csv_cell kind = cpl_csv_cell_text(d, data, length, arena, &text, &problem);
        if (problem.code != CPL_E_NONE)
            return cpl_fail(err, problem.code, "%s", problem.message);
        if (kind == CPL_CELL_NULL || kind == CPL_CELL_BAD_QUOTE)
            continue;
        note_value(walk, columns, c, cpl_text_classify(text.data, text.length, style), &text);
    }
    return true;
}

static bool has_line_end(const struct csv_walk *walk)
{
    return memchr(walk->data + walk->start, walk->rules.newline, walk->end - walk->start) != NULL;
}

static bool same_record(const struct csv_walk *a, const struct csv_walk *b)
{
    size_t length = a->end - a->start;
    return b->end - b->start == length && !memcmp(a->data + a->start, b->data + b->start, length);
}

/* A header once more: no row to tell types by. */
static bool is_repeat(const struct cpl_csv_dialect *d, const struct columns *columns,
                      const struct csv_walk *walk)
{
    return d->header != CPL_HEADER_NO && columns->first && same_record(columns->first, walk);
}

static bool classify_sample(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                            bool skip_header, struct columns *columns, struct cpl_error *err)
{
    struct csv_walk walk;
    struct cpl_arena arena = {0};
    if (!cpl_csv_walk_init(&walk, sample, cpl_csv_rules_of(d), err))
        return false;
    if (sample->at_start) {
        walk = cpl_csv_skip_preamble(walk, d);
        if (skip_header)
            cpl_csv_walk_next(&walk);
    } else {
        walk.rules.comment = walk.rules.comments_lead ? 0 : walk.rules.comment;
        if (!cpl_csv_fall_in_step(&walk, columns->n, columns->quoted_lines))
            walk.at = walk.size;
    }
    bool ok = true;
    for (uint32_t n = 0; ok && n < TYPE_RECORDS && cpl_csv_walk_next(&walk); n++) {
        columns->records += sample->at_start;
        columns->quoted_lines |= sample->at_start && has_line_end(&walk);
        bool repeat = is_repeat(d, columns, &walk);
        columns->repeats |= repeat && sample->at_start && n < SNIFF_RECORDS;
        bool fits = walk.fields == columns->n && !walk.bad;
        columns->rows += fits && sample->at_start;
        if (fits && !(repeat && walk.fields > 1))
            ok = classify_record(d, &walk, columns, &arena, err);
        cpl_arena_reset(&arena);
    }
    cpl_arena_release(&arena);
    cpl_csv_walk_release(&walk);
    return ok;
}

/* The header's c-th name, as it is to be called unless another is called so. */
static const char *header_name(struct cpl_csv_dialect *d, const struct csv_walk *header, uint32_t c,
                               struct cpl_error *err)
{
    struct cpl_csv_text text;
    const uint8_t *data;
    uint32_t length;
    cpl_csv_walk_cell(header, c, &data, &length);
    cpl_csv_cell_text(d, data, length, &d->arena, &text, NULL);
    return cpl_csv_name(&d->arena, (const char *)text.data, text.length, err);
}

bool cpl_csv_name_columns(struct cpl_csv_dialect *d, const struct csv_walk *header,
                          struct cpl_error *err)
{
    d->header_line = (struct cpl_slice){0};
    if (header && header->fields > 1) {
        uint32_t length = (uint32_t)(header->end - header->start);
        const char *copy = cpl_arena_strndup(&d->arena, (const char *)header->data + header->start,
                                             length, err);
        if (!copy)
            return false;
        d->header_line = (struct cpl_slice){.data = (const uint8_t *)copy, .length = length};
    }
    d->column_names = cpl_arena_alloc(&d->arena, (d->n_columns + 1) * sizeof *d->column_names, err);
    if (!d->column_names)
        return false;
    for (uint32_t c = 0; c < d->n_columns; c++) {
        const char *name = "";
        if (c < d->names.n)
            name = cpl_csv_name(&d->arena, d->names.items[c], strlen(d->names.items[c]), err);
        else if (header && c < header->fields)
            name = header_name(d, header, c, err);
        if (!(d->column_names[c] = name))
            return false;
    }
    return cpl_csv_names_unique(&d->arena, d->column_names, d->n_columns, err);
}

/* Rows end in a delimiter: what stands behind it is no column, unless it is named. */
static uint32_t named_columns(const struct cpl_csv_dialect *d,
                              const struct cpl_name_order *declared)
{
    uint32_t last = d->n_columns - 1;
    bool named = d->names.n > last || cpl_name_order_find(declared, d->column_names[last]) >= 0;
    return cpl_csv_ends_rows_empty(d) && !named ? last : d->n_columns;
}

/* What people should know of the inferred columns that are text. */
static bool explain_texts(struct cpl_csv_dialect *d, const struct columns *columns, bool decimals,
                          const struct cpl_schema *schema, struct cpl_column_plan *plans,
                          struct cpl_error *err)
{
    for (uint32_t c = 0; c < schema->n_fields; c++)
        if (plans[c].inferred && schema->fields[c].type.kind == CPL_STRING)
            plans[c].doubt = cpl_csv_doubtful_style(d, &columns->shapes[c], columns->grouped[c]);
    for (uint32_t i = 0; i < columns->n_strays; i++) {
        uint32_t c = columns->strays[i].column;
        struct cpl_column_plan *plan = &plans[c];
        if (c < schema->n_fields && plan->inferred && !plan->doubt &&
            !cpl_csv_keep_stray(&columns->strays[i], decimals, &d->arena, &plan->stray, err))
            return false;
    }
    for (uint32_t c = 0; c < schema->n_fields; c++) {
        const char *doubt = cpl_csv_doubtful_text(&columns->shapes[c]);
        if (doubt && plans[c].inferred && schema->fields[c].type.kind == CPL_STRING)
            plans[c].doubt = doubt; /* rather than a stray, which is kept: a policy may go by it */
    }
    return true;
}

static bool make_schema(struct cpl_csv_dialect *d, const struct columns *columns,
                        const struct cpl_schema *declared, bool decimals,
                        struct cpl_schema **schema, struct cpl_column_plan **plans,
                        struct cpl_error *err)
{
    struct cpl_field *fields = cpl_alloc_zero(d->n_columns, sizeof *fields, err);
    *plans = fields ? cpl_alloc_zero(d->n_columns, sizeof **plans, err) : NULL;
    struct cpl_name_order order = {0};
    bool ok = false;
    *schema = NULL;
    if (!*plans ||
        (declared && !cpl_name_order_init(&order, declared->fields, sizeof *declared->fields,
                                          declared->n_fields, err)))
        goto out;
    uint32_t n = named_columns(d, &order);
    for (uint32_t c = 0; c < n; c++) {
        int64_t at = cpl_name_order_find(&order, d->column_names[c]);
        if (at >= 0) {
            fields[c] = declared->fields[at];
            continue;
        }
        (*plans)[c] = (struct cpl_column_plan){.inferred = true, .facts = columns->facts[c]};
        fields[c] = (struct cpl_field){.name = d->column_names[c],
                                       .type = cpl_text_type(columns->facts[c], decimals),
                                       .nullable = true,
                                       .field_id = -1};
    }
    *schema = cpl_schema_new(fields, n, err);
    ok = *schema && explain_texts(d, columns, decimals, *schema, *plans, err);
out:
    cpl_name_order_release(&order);
    cpl_free(fields);
    if (!ok) {
        cpl_schema_free(*schema);
        cpl_free(*plans);
        *schema = NULL;
        *plans = NULL;
    }
    return ok;
}

/* What people should know of a guess, by whether the record was taken as a row, and by its look. */
static const char *const header_doubts[2][3] = {
    {[CPL_HEADER_LIKE_ROWS] = "its first line was taken as the header, though it looks like the "
                              "rows below it: set source.csv.header to no if it is a row",
     [CPL_HEADER_ALONE] = "its only line was taken as the header, and there are no rows: set "
                          "source.csv.header to no if it is a row"},
    {[CPL_HEADER_LIKE_NAMES] = "its first line was taken as a row, for source.csv.names is set and "
                               "nothing shows that it is a header: set source.csv.header to yes if "
                               "it is one, or to no"}};

static bool decide_header(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          const struct columns *rest, struct cpl_error *err)
{
    bool yes = false, proven = true;
    enum cpl_csv_header_look look = CPL_HEADER_LIKE_NAMES;
    if (d->header != CPL_HEADER_AUTO)
        return true;
    if (rest->first &&
        (!cpl_csv_is_header(d, sample, rest->first, rest->facts, rest->n, rest->repeats, &yes,
                            &proven, err) ||
         (yes && !proven && !cpl_csv_doubt_header(d, sample, rest->first, &look, err))))
        return false;
    bool row = yes && !proven && d->names.n;
    d->header = yes && !row ? CPL_HEADER_YES : CPL_HEADER_NO;
    d->header_doubt = header_doubts[row][look];
    return true;
}

/* Does another object begin with the first one's header? Columns in another order would be taken for one another. */
static bool same_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                        const struct csv_walk *first, bool *same, struct cpl_error *err)
{
    struct csv_walk walk;
    if (!cpl_csv_walk_init(&walk, sample, cpl_csv_rules_of(d), err))
        return false;
    walk = cpl_csv_skip_preamble(walk, d);
    *same = cpl_csv_walk_next(&walk) && same_record(first, &walk);
    cpl_csv_walk_release(&walk);
    return true;
}

/* What a further sample says of the types; another object's preamble is its own. */
static bool classify_further(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                             struct columns *columns, struct cpl_error *err)
{
    struct cpl_csv_dialect own = *d;
    struct cpl_sample text = cpl_csv_behind_mark(sample);
    bool header = d->header == CPL_HEADER_YES, named = header && columns->first, same = true;
    if (!sample->at_start)
        return classify_sample(d, sample, header, columns, err);
    if (!cpl_csv_settle_object(&own, &text, err) ||
        (named && !same_header(&own, &text, columns->first, &same, err)))
        return false;
    return !same || classify_sample(&own, &text, header, columns, err);
}

/* All samples, and whether the first row is a header. */
static bool classify_samples(struct cpl_csv_dialect *d, const struct cpl_sample *samples,
                             size_t n_samples, struct columns *columns, struct cpl_error *err)
{
    const struct csv_walk *first = columns->first;
    columns->sample = 0;
    if (!classify_sample(d, &samples[0], true, columns, err) ||
        !decide_header(d, &samples[0], columns, err))
        return false;
    if (!d->short_header_set && columns->facts[columns->n - 1].class != CPL_CLASS_NULL)
        d->short_header = false; /* a column without a name */
    if (d->header == CPL_HEADER_NO && first && first->fields == columns->n) {
        struct cpl_arena arena = {0};
        bool ok = classify_record(d, first, columns, &arena, err);
        cpl_arena_release(&arena);
        if (!ok)
            return false;
    }
    for (size_t i = 1; i < n_samples; i++) {
        columns->sample = i;
        if (!classify_further(d, &samples[i], columns, err))
            return false;
    }
    return true;
}

static bool columns_memory(struct columns *columns, struct cpl_error *err)
{
    size_t n = columns->n;
    columns->facts = cpl_alloc_zero(n, sizeof *columns->facts, err);
    columns->shapes = columns->facts ? cpl_alloc_zero(n, sizeof *columns->shapes, err) : NULL;
    columns->families = columns->shapes ? cpl_alloc_zero(n, sizeof *columns->families, err) : NULL;
    columns->grouped = columns->families ? cpl_alloc(n, err) : NULL;
    if (columns->grouped)
        memset(columns->grouped, true, n);
    return columns->grouped != NULL;
}

static void columns_release(struct columns *columns)
{
    cpl_free(columns->facts);
    cpl_free(columns->shapes);
    cpl_free(columns->families);
    cpl_free(columns->grouped);
}

static void forget_values(struct columns *columns)
{
    memset(columns->facts, 0, columns->n * sizeof *columns->facts);
    memset(columns->shapes, 0, columns->n * sizeof *columns->shapes);
    memset(columns->families, 0, columns->n * sizeof *columns->families);
    columns->rows = columns->records = 0;
}

static bool infer_columns(struct cpl_csv_dialect *d, const struct cpl_sample *samples,
                          size_t n_samples, struct columns *columns, struct cpl_error *err)
{
    bool changed;
    if (!columns_memory(columns, err) || !classify_samples(d, samples, n_samples, columns, err))
        return false;
    d->n_columns = columns->n;
    if (!cpl_csv_name_columns(d, d->header == CPL_HEADER_YES ? columns->first : NULL, err) ||
        !cpl_csv_adopt_style(d, columns->shapes, columns->grouped, &changed, err))
        return false;
    if (changed) {
        forget_values(columns);
        if (!classify_samples(d, samples, n_samples, columns, err))
            return false;
    }
    columns->n_strays = cpl_csv_choose_strays(columns->facts, columns->families, columns->n,
                                              columns->strays);
    uint32_t rows = columns->rows, records = columns->records;
    if (columns->n_strays && !classify_samples(d, samples, n_samples, columns, err))
        return false;
    columns->rows = rows;
    columns->records = records;
    return true;
}

/* Does the record name columns that rows of the usual width lack? Then these rows are short, not the names too many. */
static bool names_more(const struct cpl_csv_dialect *d, const struct csv_walk *first,
                       uint32_t usual)
{
    const uint8_t *data;
    uint32_t length;
    for (uint32_t c = 0; c < first->fields; c++) {
        cpl_csv_walk_cell(first, c, &data, &length);
        if (!length || cpl_csv_is_value(d, data, length))
            return false;
    }
    return first->fields > usual && d->header == CPL_HEADER_AUTO && !first->bad;
}

uint32_t cpl_csv_said_width(const struct cpl_csv_dialect *d, uint32_t fields)
{
    bool more = d->width_set && (d->width > fields || d->header == CPL_HEADER_NO);
    return more ? (uint32_t)d->width : fields;
}

/* The width that rows have: the header's where one is said to be, else the usual one. */
static bool count_columns(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          const struct csv_walk *first, uint32_t *n, struct cpl_error *err)
{
    struct csv_score score;
    struct cpl_sample rest = cpl_csv_behind_preamble(d, sample);
    if (!cpl_csv_score(&rest, cpl_csv_rules_of(d), &score, err))
        return false;
    bool wider = d->short_header_set && d->short_header, said = wider || d->width_set;
    *n = first ? cpl_csv_said_width(d, first->fields + wider) : 0;
    if (first && !said && score.fields > 1 && score.agreeing * 2 > score.records &&
        (d->header != CPL_HEADER_YES || d->short_header) && !names_more(d, first, score.fields))
        *n = score.fields;
    if (d->names.n > *n)
        *n = (uint32_t)d->names.n;
    return true;
}

/* Could a longer sample tell of types that this one does not? Rows that are all bad tell nothing: they are rejected, and columns of
 * which nothing is known are strings. */
static bool needs_longer(const struct cpl_sample *sample, const struct columns *columns)
{
    return !sample->whole && !sample->longest && !columns->rows && columns->records < TYPE_RECORDS;
}

static bool fail_no_row(const struct cpl_sample *sample, const struct csv_walk *walk,
                        struct cpl_error *err)
{
    if (sample->whole && walk->at < walk->size)
        return cpl_fail(err, CPL_E_DATA, "a quote in the first row is never closed");
    return cpl_fail(err, CPL_E_DATA,
                    sample->whole
                        ? "there is no row to take columns from: the input is empty%s"
                        : "no row ends within its first bytes: is this text with line ends?%.0s",
                    sample->size ? " but for blank lines and comments" : "");
}

bool cpl_csv_infer(void *settings, const struct cpl_sample *samples, size_t n_samples,
                   const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                   struct cpl_column_plan **plans, struct cpl_error *err)
{
    struct cpl_csv_dialect *d = settings;
    struct columns columns = {0};
    struct csv_walk walk = {0};
    bool ok = false;
    struct cpl_sample sample = cpl_csv_behind_mark(&samples[0]);
    struct cpl_sample list[16];
    n_samples = n_samples > 16 ? 16 : n_samples;
    memcpy(list, samples, n_samples * sizeof *list);
    list[0] = sample;

    if (!cpl_csv_settle_style(d, err) || !cpl_csv_settle_dialect(d, &sample, err) ||
        !cpl_csv_walk_init(&walk, &sample, cpl_csv_rules_of(d), err))
        goto out;
    walk = cpl_csv_skip_preamble(walk, d);
    bool have_first = cpl_csv_walk_next(&walk);
    columns.first = have_first ? &walk : NULL;
    if (!count_columns(d, &sample, have_first ? &walk : NULL, &columns.n, err))
        goto out;
    if (!columns.n) {
        fail_no_row(&sample, &walk, err);
        goto out;
    }
    if (columns.n > MAX_COLUMNS) {
        cpl_fail(err, CPL_E_LIMIT,
                 "the first row has %u fields, more than %d: is the delimiter right?", columns.n,
                 MAX_COLUMNS);
        goto out;
    }
    if (!infer_columns(d, list, n_samples, &columns, err))
        goto out;
    if (d->header == CPL_HEADER_YES && needs_longer(&sample, &columns)) {
        cpl_fail(err, CPL_E_DATA, "no row of %u fields follows the header in the first %zu bytes",
                 columns.n, sample.size);
        goto out;
    }
    ok = make_schema(d, &columns, declared, decimals, schema, plans, err);
out:
    cpl_csv_walk_release(&walk);
    columns_release(&columns);
    return ok;
}

void cpl_csv_release(void *settings)
{
    struct cpl_csv_dialect *d = settings;
    cpl_arena_release(&d->arena);
}

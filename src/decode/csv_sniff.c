/* What a CSV is, from samples: delimiter, quote, escape, newline, preamble, comments, header, names, types.
 *
 * Every guess only proposes: types are proven on every row by the decoder, and rows that do not have the
 * settled width are rejected with their bytes. What the user set is never guessed.
 * The delimiter is the candidate under which the most records have the same number (> 1) of fields. */
#include "base/tree.h"
#include "batch/name_order.h"
#include "decode/csv.h"
#include "decode/csv_cell.h"
#include "decode/csv_names.h"
#include "decode/csv_scan.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SNIFF_RECORDS = 200, TYPE_RECORDS = 20000, MAX_COLUMNS = 100000 };

static struct cpl_csv_rules rules_of(const struct cpl_csv_dialect *d)
{
    return (struct cpl_csv_rules){.delimiter = (uint8_t)d->delimiter,
                                  .quote = (uint8_t)d->quote,
                                  .escape = (uint8_t)d->escape,
                                  .newline = d->newline == CPL_NEWLINE_CR ? '\r' : '\n',
                                  .comment = (uint8_t)d->comment};
}

/* ---- walking records ---- */

struct walk {
    const uint8_t *data;
    size_t at, size;
    bool whole;
    struct cpl_csv_rules rules;
    struct cpl_csv_scan scan; /* positions of the current record */
    size_t start, end;        /* the current record without its newline */
    uint32_t fields;
    bool bad;
};

static bool walk_init(struct walk *walk, const struct cpl_sample *sample,
                      struct cpl_csv_rules rules, struct cpl_error *err)
{
    *walk = (struct walk){
        .data = sample->data, .size = sample->size, .whole = sample->whole, .rules = rules};
    walk->scan.positions = cpl_alloc((sample->size + 64) * sizeof(uint32_t), err);
    return walk->scan.positions != NULL;
}

static void walk_release(struct walk *walk)
{
    cpl_free(walk->scan.positions);
}

static bool is_blank_line(const struct walk *walk)
{
    return walk->end == walk->start;
}

/* The next record that is neither blank nor a comment. */
static bool walk_next(struct walk *walk)
{
    while (walk->at < walk->size) {
        size_t end = 0;
        walk->scan.n = 0;
        walk->start = walk->at;
        enum cpl_csv_record result = cpl_csv_record(&walk->scan, &walk->rules, walk->data, walk->at,
                                                    walk->size, &end);
        bool cut = result == CPL_RECORD_CUT || (result != CPL_RECORD_OK && end == walk->size &&
                                                walk->data[end - 1] != walk->rules.newline);
        if (result == CPL_RECORD_OPEN || (cut && !walk->whole))
            return false;
        if (cut)
            walk->scan.positions[walk->scan.n++] = (uint32_t)walk->size;
        walk->at = cut ? walk->size : end;
        walk->end = walk->scan.positions[walk->scan.n - 1];
        walk->fields = walk->scan.n;
        walk->bad = result == CPL_RECORD_BAD_QUOTE;
        if (walk->end > walk->start && walk->data[walk->end - 1] == '\r' &&
            walk->rules.newline == '\n')
            walk->end--;
        if (is_blank_line(walk) ||
            (walk->rules.comment && walk->data[walk->start] == walk->rules.comment))
            continue;
        return true;
    }
    return false;
}

static void walk_cell(const struct walk *walk, uint32_t c, const uint8_t **data, uint32_t *length)
{
    size_t start = c ? walk->scan.positions[c - 1] + 1 : walk->start;
    size_t end = c + 1 == walk->fields ? walk->end : walk->scan.positions[c];
    *data = walk->data + start;
    *length = end > start ? (uint32_t)(end - start) : 0;
}

/* ---- delimiter ---- */

struct score {
    uint32_t fields, agreeing, records, bad;
};

/* How consistent are the sample's records under these rules? */
static bool score_rules(const struct cpl_sample *sample, struct cpl_csv_rules rules,
                        struct score *score, struct cpl_error *err)
{
    uint32_t widths[SNIFF_RECORDS], n = 0;
    struct walk walk;
    *score = (struct score){0};
    if (!walk_init(&walk, sample, rules, err))
        return false;
    while (n < SNIFF_RECORDS && walk_next(&walk)) {
        score->bad += walk.bad;
        widths[n++] = walk.fields;
    }
    walk_release(&walk);
    score->records = n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t same = 0;
        for (uint32_t j = 0; j < n; j++)
            same += widths[j] == widths[i];
        if (same > score->agreeing || (same == score->agreeing && widths[i] > score->fields)) {
            score->agreeing = same;
            score->fields = widths[i];
        }
    }
    return true;
}

static double merit(const struct score *s)
{
    if (!s->records || s->fields < 2)
        return 0;
    double share = (double)s->agreeing / s->records;
    return share * share * (1 - (double)s->bad / s->records) *
           (1 + 0.02 * (s->fields < 20 ? s->fields : 20));
}

static bool is_delimiter(uint8_t byte)
{
    return byte == '\n' || byte == '\r' || memchr(",;\t|", byte, 4);
}

/* How often the mark stands where a field may begin. */
static unsigned opens_fields(const struct cpl_sample *sample, uint8_t mark)
{
    unsigned n = 0;
    for (size_t i = 0; i < sample->size; i++)
        n += sample->data[i] == mark && (i == 0 || is_delimiter(sample->data[i - 1]));
    return n;
}

/* Is a colon or blank nowhere a part of a time (10:30), an address (http:) or a date with its time? */
static bool separates_words(const struct cpl_sample *sample, char mark)
{
    for (size_t i = 1; i + 2 < sample->size; i++) {
        const uint8_t *at = sample->data + i;
        if (*at != (uint8_t)mark)
            continue;
        bool digits = isdigit(at[-1]) && isdigit(at[1]);
        if (digits || (mark == ':' && at[1] == '/'))
            return false;
    }
    return true;
}

static bool is_plain_word(const uint8_t *data, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum(data[i]) && data[i] != '_')
            return false;
    return length && !isdigit(data[0]);
}

/* A first line that is one plain word, above lines that are not a header of words: the name of the only column. */
static bool is_single_column(const struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    const uint8_t *data = sample->data, *end = data + sample->size;
    uint8_t newline = d->newline == CPL_NEWLINE_CR ? '\r' : '\n';
    const uint8_t *line_end = memchr(data, newline, sample->size);
    size_t length = line_end ? (size_t)(line_end - data) : 0;
    length -= length && data[length - 1] == '\r';
    if (d->delimiter_set || !is_plain_word(data, length) || line_end + 1 >= end)
        return false;
    const uint8_t *second = line_end + 1,
                  *second_end = memchr(second, newline, (size_t)(end - second));
    second_end = second_end ? second_end : end;
    if (second == second_end || *second == '\r')
        return false; /* a title and a blank line */
    for (const uint8_t *cell = second; cell < second_end;) {
        const uint8_t *stop = cell;
        while (stop < second_end && *stop != (uint8_t)d->delimiter && *stop != '\r')
            stop++;
        if (!is_plain_word(cell, (size_t)(stop - cell)))
            return true;
        cell = stop + 1;
    }
    return memchr(second, d->delimiter, (size_t)(second_end - second)) == NULL;
}

static bool find_delimiter(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err)
{
    static const char delimiters[] = {',', ';', '\t', '|', ':', ' '};
    static const char quotes[] = {'"', '\''};
    double best = 0;
    char delimiter = ',', quote = d->quote;
    size_t n_quotes = opens_fields(sample, '"') == 0 && opens_fields(sample, '\'') > 1 ? 2 : 1;
    for (size_t q = 0; q < n_quotes; q++)
        for (size_t i = 0; i < sizeof delimiters; i++) {
            struct cpl_csv_rules rules = rules_of(d);
            rules.delimiter = (uint8_t)(d->delimiter_set ? d->delimiter : delimiters[i]);
            rules.quote = (uint8_t)(d->quote_set ? d->quote : quotes[q]);
            rules.escape = d->escape_set ? rules.escape : rules.quote;
            struct score score;
            if (!score_rules(sample, rules, &score, err))
                return false;
            /* blanks and colons stand in ordinary text, in times and in addresses: they need more proof */
            bool doubtful = !d->delimiter_set && i >= 4 &&
                            (score.agreeing < score.records ||
                             !separates_words(sample, delimiters[i]));
            double value = doubtful ? 0 : merit(&score) * (i >= 4 ? 0.7 : 1) * (q ? 0.97 : 1);
            if (value > best + 1e-9) {
                best = value;
                delimiter = (char)rules.delimiter;
                quote = (char)rules.quote;
            }
        }
    d->delimiter = delimiter;
    if (!d->quote_set)
        d->quote = best > 0 ? quote : '"';
    if (best > 0 && is_single_column(d, sample))
        d->delimiter = CPL_CSV_NO_DELIMITER;
    return true;
}

/* \" inside quoted fields says that backslashes escape. */
static bool find_escape(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                        struct cpl_error *err)
{
    if (d->escape_set)
        return true;
    d->escape = d->quote;
    if (!d->quote)
        return true;
    bool suspicious = false;
    for (size_t i = 0; i + 2 < sample->size && !suspicious; i++)
        suspicious = sample->data[i] == '\\' && sample->data[i + 1] == (uint8_t)d->quote &&
                     sample->data[i + 2] != (uint8_t)d->delimiter && sample->data[i + 2] != '\n' &&
                     sample->data[i + 2] != '\r';
    if (!suspicious)
        return true;
    struct score doubling, backslash;
    struct cpl_csv_rules rules = rules_of(d);
    if (!score_rules(sample, rules, &doubling, err))
        return false;
    rules.escape = '\\';
    if (!score_rules(sample, rules, &backslash, err))
        return false;
    if (backslash.bad < doubling.bad || merit(&backslash) > merit(&doubling))
        d->escape = '\\';
    return true;
}

static void find_newline(struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    if (d->newline != CPL_NEWLINE_AUTO)
        return;
    bool lf = memchr(sample->data, '\n', sample->size),
         cr = memchr(sample->data, '\r', sample->size);
    d->newline = cr && !lf ? CPL_NEWLINE_CR : CPL_NEWLINE_LF;
}

/* Lines before the first record that has the usual width. */
static bool find_preamble(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          struct cpl_error *err)
{
    struct score score;
    struct walk walk;
    if (d->skip_set)
        return true;
    if (!score_rules(sample, rules_of(d), &score, err) ||
        !walk_init(&walk, sample, rules_of(d), err))
        return false;
    unsigned records = 0;
    bool found = false;
    while (score.fields > 1 && records < SNIFF_RECORDS && walk_next(&walk)) {
        if (walk.fields == score.fields) {
            found = true;
            break;
        }
        records++;
    }
    /* a longer run of other widths is data, not a preamble; so is a majority of it */
    if (found && records && records < 32 && score.agreeing > records)
        for (size_t i = 0; i < walk.start; i++)
            d->skip_lines += walk.data[i] == walk.rules.newline;
    walk_release(&walk);
    return true;
}

static void find_comment(struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    if (d->comment_set || !sample->size || sample->data[0] != '#')
        return;
    const uint8_t *line_end = memchr(sample->data, '\n', sample->size);
    size_t length = line_end ? (size_t)(line_end - sample->data) : sample->size;
    /* "#id,name" is a header; "# exported on …" with fewer fields is a comment: decided with the delimiter at hand */
    size_t first = 0, second = 0;
    for (size_t i = 0; i < length; i++)
        first += sample->data[i] == (uint8_t)d->delimiter;
    for (const uint8_t *at = line_end ? line_end + 1 : NULL;
         at && at < sample->data + sample->size && *at != '\n'; at++)
        second += *at == (uint8_t)d->delimiter;
    bool next_too = line_end && line_end + 1 < sample->data + sample->size && line_end[1] == '#';
    if (next_too || first < second)
        d->comment = '#';
}

/* ---- columns ---- */

struct column {
    struct cpl_text_facts facts, with_comma;
    uint32_t seen, points, commas; /* values; decimals written with either sign */
};

struct columns {
    struct column *items;
    uint32_t n;
    uint32_t rows; /* classified at the start of an object */
};

static struct walk skip_preamble(struct walk walk, const struct cpl_csv_dialect *d)
{
    for (int64_t i = 0; i < d->skip_lines && walk.at < walk.size; i++) {
        const uint8_t *newline = memchr(walk.data + walk.at, walk.rules.newline,
                                        walk.size - walk.at);
        walk.at = newline ? (size_t)(newline - walk.data) + 1 : walk.size;
    }
    return walk;
}

static bool classify_record(const struct cpl_csv_dialect *d, const struct walk *walk,
                            struct columns *columns, struct cpl_arena *arena, struct cpl_error *err)
{
    static const struct cpl_text_style comma = {.decimal_point = ','};
    for (uint32_t c = 0; c < columns->n && c < walk->fields; c++) {
        const uint8_t *data;
        uint32_t length;
        struct cpl_csv_text text;
        struct cpl_error problem = {0};
        walk_cell(walk, c, &data, &length);
        enum cpl_csv_cell kind = cpl_csv_cell_text(d, data, length, arena, &text, &problem);
        if (problem.code != CPL_E_NONE)
            return cpl_fail(err, problem.code, "%s", problem.message);
        if (kind == CPL_CELL_NULL || kind == CPL_CELL_BAD_QUOTE)
            continue;
        struct column *column = &columns->items[c];
        struct cpl_text_facts facts = cpl_text_classify(text.data, text.length, &d->style);
        column->seen++;
        column->facts = cpl_text_join(column->facts, facts);
        column->points += facts.class == CPL_CLASS_DECIMAL || facts.class == CPL_CLASS_DOUBLE;
        if (d->decimal_point)
            continue;
        struct cpl_text_facts other = cpl_text_classify(text.data, text.length, &comma);
        column->with_comma = cpl_text_join(column->with_comma, other);
        column->commas += facts.class == CPL_CLASS_STRING && other.class == CPL_CLASS_DECIMAL;
    }
    return true;
}

static bool classify_sample(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                            bool skip_header, struct columns *columns, struct cpl_error *err)
{
    struct walk walk;
    struct cpl_arena arena = {0};
    if (!walk_init(&walk, sample, rules_of(d), err))
        return false;
    if (sample->at_start) {
        walk = skip_preamble(walk, d);
        if (skip_header)
            walk_next(&walk);
    } else {
        const uint8_t *newline = memchr(walk.data, walk.rules.newline, walk.size);
        walk.at = newline ? (size_t)(newline - walk.data) + 1 : walk.size;
    }
    bool ok = true;
    for (uint32_t n = 0; ok && n < TYPE_RECORDS && walk_next(&walk); n++) {
        if (walk.fields == columns->n && !walk.bad) {
            columns->rows += sample->at_start;
            ok = classify_record(d, &walk, columns, &arena, err);
        }
        cpl_arena_reset(&arena);
    }
    cpl_arena_release(&arena);
    walk_release(&walk);
    return ok;
}

/* ---- header ---- */

static bool is_value_class(enum cpl_text_class class)
{
    return class != CPL_CLASS_STRING && class != CPL_CLASS_NULL;
}

/* Text that could be data, not a name, tells against a header; so does a first row that occurs again. */
static bool looks_like_header(const struct cpl_csv_dialect *d, const struct walk *first,
                              const struct columns *rest, struct cpl_arena *arena)
{
    uint32_t named = 0, against = 0, typed = 0;
    for (uint32_t c = 0; c < first->fields; c++) {
        const uint8_t *data;
        uint32_t length;
        struct cpl_csv_text text;
        walk_cell(first, c, &data, &length);
        enum cpl_csv_cell kind = cpl_csv_cell_text(d, data, length, arena, &text, NULL);
        if (kind != CPL_CELL_VALUE)
            continue;
        if (is_value_class(cpl_text_classify(text.data, text.length, &d->style).class))
            against++;
        else
            named++;
        if (c < rest->n && is_value_class(rest->items[c].facts.class))
            typed++;
    }
    if (against)
        return against * 4 < named && typed * 2 > first->fields;
    return named > 0;
}

static bool same_record_again(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                              const struct walk *first, struct cpl_error *err, bool *again)
{
    struct walk walk;
    *again = false;
    if (!walk_init(&walk, sample, rules_of(d), err))
        return false;
    walk = skip_preamble(walk, d);
    walk_next(&walk);
    size_t length = first->end - first->start;
    for (unsigned n = 0; n < SNIFF_RECORDS && !*again && walk_next(&walk); n++)
        *again = walk.end - walk.start == length &&
                 !memcmp(walk.data + walk.start, first->data + first->start, length);
    walk_release(&walk);
    return true;
}

/* The header's c-th name, as it is to be called unless another is called so. */
static const char *header_name(struct cpl_csv_dialect *d, const struct walk *header, uint32_t c,
                               struct cpl_error *err)
{
    struct cpl_csv_text text;
    const uint8_t *data;
    uint32_t length;
    walk_cell(header, c, &data, &length);
    cpl_csv_cell_text(d, data, length, &d->arena, &text, NULL);
    return cpl_csv_name(&d->arena, (const char *)text.data, text.length, err);
}

static bool name_columns(struct cpl_csv_dialect *d, const struct walk *header,
                         struct cpl_error *err)
{
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

/* ---- inference ---- */

static bool settle_style(struct cpl_csv_dialect *d, struct cpl_error *err)
{
    const char **lists[2] = {0};
    const struct cpl_strings *words[2] = {&d->true_words, &d->false_words};
    for (int i = 0; i < 2; i++) {
        if (!words[i]->n)
            continue;
        lists[i] = cpl_arena_alloc(&d->arena, (words[i]->n + 1) * sizeof *lists[i], err);
        if (!lists[i])
            return false;
        memcpy(lists[i], words[i]->items, words[i]->n * sizeof *lists[i]);
        lists[i][words[i]->n] = NULL;
    }
    d->style = (struct cpl_text_style){.decimal_point = d->decimal_point,
                                       .thousands = d->thousands,
                                       .date_format = d->date_format,
                                       .time_format = d->time_format,
                                       .timestamp_format = d->timestamp_format,
                                       .true_words = lists[0],
                                       .false_words = lists[1]};
    return true;
}

/* Excel's own first line: `sep=;` names the delimiter and is no row. */
static void obey_separator_line(struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    const uint8_t *data = sample->data;
    if (d->skip_set || sample->size < 6 ||
        (memcmp(data, "sep=", 4) != 0 && memcmp(data, "SEP=", 4) != 0) ||
        (data[5] != '\n' && data[5] != '\r'))
        return;
    if (!d->delimiter_set)
        d->delimiter = (char)data[4];
    d->delimiter_set = d->skip_set = true;
    d->skip_lines = 1;
}

static bool settle_dialect(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err)
{
    find_newline(d, sample);
    obey_separator_line(d, sample);
    if (!find_delimiter(d, sample, err) || !find_escape(d, sample, err))
        return false;
    find_comment(d, sample);
    return find_preamble(d, sample, err);
}

/* By vote, so that one bad value does not hide how the others are written. */
static void adopt_decimal_comma(struct cpl_csv_dialect *d, struct columns *columns)
{
    bool comma = false, point = false;
    if (d->decimal_point || d->delimiter == ',')
        return;
    for (uint32_t c = 0; c < columns->n; c++) {
        const struct column *column = &columns->items[c];
        comma |= column->commas && 2 * column->commas >= column->seen;
        point |= column->points && 2 * column->points >= column->seen;
    }
    if (!comma || point)
        return;
    d->decimal_point = d->style.decimal_point = ',';
    for (uint32_t c = 0; c < columns->n; c++)
        columns->items[c].facts = columns->items[c].with_comma;
}

static bool make_schema(const struct cpl_csv_dialect *d, const struct columns *columns,
                        const struct cpl_schema *declared, bool decimals,
                        struct cpl_schema **schema, struct cpl_column_plan **plans,
                        struct cpl_error *err)
{
    struct cpl_field *fields = cpl_alloc_zero(d->n_columns, sizeof *fields, err);
    *plans = fields ? cpl_alloc_zero(d->n_columns, sizeof **plans, err) : NULL;
    struct cpl_name_order order = {0};
    *schema = NULL;
    if (!*plans ||
        (declared && !cpl_name_order_init(&order, declared->fields, sizeof *declared->fields,
                                          declared->n_fields, err)))
        goto out;
    for (uint32_t c = 0; c < d->n_columns; c++) {
        int64_t at = cpl_name_order_find(&order, d->column_names[c]);
        if (at >= 0) {
            fields[c] = declared->fields[at];
            continue;
        }
        (*plans)[c] = (struct cpl_column_plan){.inferred = true, .facts = columns->items[c].facts};
        fields[c] = (struct cpl_field){.name = d->column_names[c],
                                       .type = cpl_text_type(columns->items[c].facts, decimals),
                                       .nullable = true,
                                       .field_id = -1};
    }
    *schema = cpl_schema_new(fields, d->n_columns, err);
out:
    cpl_name_order_release(&order);
    cpl_free(fields);
    if (!*schema) {
        cpl_free(*plans);
        *plans = NULL;
    }
    return *schema != NULL;
}

static bool decide_header(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          const struct walk *first, bool have_first, const struct columns *rest,
                          struct cpl_error *err)
{
    if (d->header != CPL_HEADER_AUTO)
        return true;
    struct cpl_arena arena = {0};
    bool again = false, yes = have_first && looks_like_header(d, first, rest, &arena);
    cpl_arena_release(&arena);
    if (yes && !same_record_again(d, sample, first, err, &again))
        return false;
    d->header = yes && !again ? CPL_HEADER_YES : CPL_HEADER_NO;
    return true;
}

/* Does another object begin with the first one's header? Columns in another order would be taken for one another. */
static bool same_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                        const struct walk *first, bool *same, struct cpl_error *err)
{
    struct walk walk;
    size_t length = first->end - first->start;
    if (!walk_init(&walk, sample, rules_of(d), err))
        return false;
    if (sample->size >= 3 && !memcmp(sample->data, "\xEF\xBB\xBF", 3))
        walk.at = 3;
    walk = skip_preamble(walk, d);
    *same = walk_next(&walk) && walk.end - walk.start == length &&
            !memcmp(walk.data + walk.start, first->data + first->start, length);
    walk_release(&walk);
    return true;
}

static bool infer_columns(struct cpl_csv_dialect *d, const struct cpl_sample *samples,
                          size_t n_samples, struct walk *first, bool have_first,
                          struct columns *columns, struct cpl_error *err)
{
    columns->items = cpl_alloc_zero(columns->n, sizeof *columns->items, err);
    if (!columns->items)
        return false;
    if (!classify_sample(d, &samples[0], true, columns, err) ||
        !decide_header(d, &samples[0], first, have_first, columns, err))
        return false;
    if (d->header == CPL_HEADER_NO && have_first && first->fields == columns->n) {
        struct cpl_arena arena = {0};
        bool ok = classify_record(d, first, columns, &arena, err);
        cpl_arena_release(&arena);
        if (!ok)
            return false;
    }
    for (size_t i = 1; i < n_samples; i++) {
        bool header = d->header == CPL_HEADER_YES, same = true;
        if (samples[i].at_start && header && !same_header(d, &samples[i], first, &same, err))
            return false;
        if (same && !classify_sample(d, &samples[i], header, columns, err))
            return false;
    }
    adopt_decimal_comma(d, columns);
    return true;
}

bool cpl_csv_infer(void *settings, const struct cpl_sample *samples, size_t n_samples,
                   const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                   struct cpl_column_plan **plans, struct cpl_error *err)
{
    struct cpl_csv_dialect *d = settings;
    struct columns columns = {0};
    struct walk walk = {0};
    bool ok = false;
    struct cpl_sample sample = samples[0];
    if (sample.size >= 3 && !memcmp(sample.data, "\xEF\xBB\xBF", 3))
        sample.data += 3, sample.size -= 3;
    struct cpl_sample list[16];
    n_samples = n_samples > 16 ? 16 : n_samples;
    memcpy(list, samples, n_samples * sizeof *list);
    list[0] = sample;

    if (!settle_style(d, err) || !settle_dialect(d, &sample, err) ||
        !walk_init(&walk, &sample, rules_of(d), err))
        goto out;
    walk = skip_preamble(walk, d);
    bool have_first = walk_next(&walk);
    struct score score;
    if (!score_rules(&sample, rules_of(d), &score, err))
        goto out;
    /* the header's width rules when there is one; else the usual width */
    columns.n = have_first ? walk.fields : 0;
    if (have_first && score.fields > 1 && score.agreeing * 2 > score.records &&
        d->header != CPL_HEADER_YES)
        columns.n = score.fields;
    if (d->names.n > columns.n)
        columns.n = (uint32_t)d->names.n;
    if (!columns.n) {
        cpl_fail(err, CPL_E_DATA,
                 sample.whole
                     ? "there is no row to take columns from: the input is empty%s"
                     : "no row ends within its first bytes: is this text with line ends?%.0s",
                 sample.size ? " but for blank lines and comments" : "");
        goto out;
    }
    if (columns.n > MAX_COLUMNS) {
        cpl_fail(err, CPL_E_LIMIT,
                 "the first row has %u fields, more than %d: is the delimiter right?", columns.n,
                 MAX_COLUMNS);
        goto out;
    }
    if (!infer_columns(d, list, n_samples, &walk, have_first, &columns, err))
        goto out;
    if (!sample.whole && columns.rows == 0 && d->header == CPL_HEADER_YES) {
        cpl_fail(err, CPL_E_DATA,
                 "no row of %u fields follows the header in the first %zu bytes: set "
                 "csv.delimiter, csv.quote or csv.header",
                 columns.n, sample.size);
        goto out;
    }
    d->n_columns = columns.n;
    ok = name_columns(d, d->header == CPL_HEADER_YES && have_first ? &walk : NULL, err) &&
         make_schema(d, &columns, declared, decimals, schema, plans, err);
out:
    walk_release(&walk);
    cpl_free(columns.items);
    return ok;
}

/* ---- further objects ---- */

static bool same_names(const struct cpl_csv_dialect *a, const struct cpl_csv_dialect *b)
{
    if (a->n_columns != b->n_columns)
        return false;
    for (uint32_t c = 0; c < a->n_columns; c++)
        if (strcmp(a->column_names[c], b->column_names[c]) != 0)
            return false;
    return true;
}

/* Columns in another order are found by name; a missing one is null where it may be; one that the schema lacks would be lost. */
static bool fits_names(const struct cpl_csv_dialect *d, const struct cpl_schema *schema,
                       bool closed, const struct cpl_name_order *own,
                       const struct cpl_name_order *theirs, struct cpl_error *err)
{
    uint32_t shared = 0;
    for (uint32_t c = 0; c < d->n_columns && !closed; c++)
        if (cpl_name_order_find(theirs, d->column_names[c]) < 0)
            return cpl_fail(err, CPL_E_DATA,
                            "its header has a column \"%.100s\" that the first input lacks; "
                            "convert it apart, or choose columns (--columns)",
                            d->column_names[c]);
    for (uint32_t f = 0; f < schema->n_fields; f++) {
        bool here = cpl_name_order_find(own, schema->fields[f].name) >= 0;
        shared += here;
        if (!schema->fields[f].nullable && !here)
            return cpl_fail(err, CPL_E_DATA,
                            "its header lacks the column \"%.100s\", which must not be null",
                            schema->fields[f].name);
    }
    return shared ||
           cpl_fail(err, CPL_E_DATA,
                    "its header has none of the first input's columns: is it of the same kind, and "
                    "has it the same delimiter?");
}

static bool fits_schema(const struct cpl_csv_dialect *d, const struct cpl_schema *schema,
                        bool closed, struct cpl_error *err)
{
    struct cpl_name_order own = {0}, theirs = {0};
    bool ok = cpl_name_order_init(&own, d->column_names, sizeof *d->column_names, d->n_columns,
                                  err) &&
              cpl_name_order_init(&theirs, schema->fields, sizeof *schema->fields, schema->n_fields,
                                  err) &&
              fits_names(d, schema, closed, &own, &theirs, err);
    cpl_name_order_release(&own);
    cpl_name_order_release(&theirs);
    return ok;
}

bool cpl_csv_for_object(const void *settings, const struct cpl_sample *head,
                        const struct cpl_schema *schema, bool closed, void **own,
                        struct cpl_error *err)
{
    const struct cpl_csv_dialect *first = settings;
    struct walk walk = {0};
    struct cpl_sample sample = *head;
    *own = NULL;
    if (first->header != CPL_HEADER_YES || first->names.n)
        return true;
    if (sample.size >= 3 && !memcmp(sample.data, "\xEF\xBB\xBF", 3))
        sample.data += 3, sample.size -= 3;
    struct cpl_csv_dialect *d = cpl_alloc(sizeof *d, err);
    if (!d)
        return false;
    *d = *first;
    d->arena = (struct cpl_arena){0};
    bool ok = walk_init(&walk, &sample, rules_of(d), err);
    if (ok) {
        walk = skip_preamble(walk, d);
        bool some = walk_next(&walk);
        d->n_columns = walk.fields;
        ok = !some || name_columns(d, &walk, err);
        if (ok && some && !same_names(first, d)) {
            ok = fits_schema(d, schema, closed, err);
            *own = d;
        }
    }
    walk_release(&walk);
    if (!ok || !*own) {
        cpl_csv_release(d);
        cpl_free(d);
        *own = NULL;
    }
    return ok;
}

void cpl_csv_release(void *settings)
{
    struct cpl_csv_dialect *d = settings;
    cpl_arena_release(&d->arena);
}

int cpl_csv_sniff(const uint8_t *head, size_t size, bool whole)
{
    struct cpl_csv_dialect d = {.quote = '"', .escape = '"'};
    struct cpl_sample sample = {.data = head,
                                .size = size > (64u << 10) ? 64u << 10 : size,
                                .at_start = true,
                                .whole = whole && size <= (64u << 10)};
    struct score score;
    find_newline(&d, &sample);
    if (!size || !find_delimiter(&d, &sample, NULL) ||
        !score_rules(&sample, rules_of(&d), &score, NULL))
        return 0;
    int value = (int)(merit(&score) * 60);
    return value > 80 ? 80 : value < 5 ? 5 : value;
}

static void describe_char(struct cpl_json_writer *json, const char *key, char value, bool set)
{
    char text[2] = {value, 0};
    cpl_json_object(json, key);
    cpl_json_string(json, "value", value ? text : NULL);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

static void describe_word(struct cpl_json_writer *json, const char *key, const char *value,
                          bool set)
{
    cpl_json_object(json, key);
    cpl_json_string(json, "value", value);
    cpl_json_string(json, "from", set ? "option" : "detected");
    cpl_json_close(json);
}

bool cpl_csv_describe(const void *settings, struct cpl_buffer *out, struct cpl_error *err)
{
    const struct cpl_csv_dialect *d = settings;
    struct cpl_json_writer json;
    cpl_json_begin(&json, out, 0, err);
    cpl_json_object(&json, NULL);
    describe_char(&json, "delimiter", d->delimiter, d->delimiter_set);
    describe_char(&json, "quote", d->quote, d->quote_set);
    describe_char(&json, "escape", d->escape, d->escape_set);
    describe_char(&json, "comment", d->comment, d->comment_set);
    describe_word(&json, "newline", d->newline == CPL_NEWLINE_CR ? "cr" : "lf", d->newline_set);
    describe_word(&json, "header", d->header == CPL_HEADER_YES ? "yes" : "no", d->header_set);
    describe_char(&json, "decimal_point", d->decimal_point ? d->decimal_point : '.', false);
    cpl_json_int(&json, "skip_lines", d->skip_lines);
    cpl_json_uint(&json, "columns", d->n_columns);
    cpl_json_close(&json);
    return cpl_json_end(&json);
}

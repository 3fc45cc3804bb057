/* What stands above a table and is none of it: Excel's separator line, comments, a preamble.
 *
 * A guess here leaves lines out, so it is made only of lines that do not look like rows, and only where the user
 * said neither where the header is nor how many lines to skip. Rows of another width are no preamble: they are
 * rejected, with their bytes. */
#include "decode/csv_cell.h"
#include "decode/csv_sniff.h"

#include <ctype.h>
#include <string.h>

enum { MOST_PREAMBLE = 20 };

struct cpl_sample cpl_csv_behind_preamble(const struct cpl_csv_dialect *d,
                                          const struct cpl_sample *sample)
{
    struct csv_walk walk = {
        .data = sample->data, .size = sample->size, .rules = cpl_csv_rules_of(d)};
    struct cpl_sample rest = *sample;
    walk = cpl_csv_skip_preamble(walk, d);
    rest.data += walk.at;
    rest.size -= walk.at;
    return rest;
}

/* Excel's own first line: `sep=;` names the delimiter and is no row. */
void cpl_csv_obey_separator_line(struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    const uint8_t *data = sample->data;
    if (d->skip_set || sample->size < 6 ||
        (memcmp(data, "sep=", 4) != 0 && memcmp(data, "SEP=", 4) != 0) ||
        (data[5] != '\n' && data[5] != '\r'))
        return;
    if (!d->delimiter_set)
        d->delimiter = (char)data[4];
    d->separator_line = true;
    d->skip_lines = 1;
}

/* ---- comments ---- */

struct line {
    const uint8_t *data;
    size_t length, delimiters;
};

/* The next line that is not blank; false at the sample's end. */
static bool next_line(const struct cpl_sample *sample, uint8_t newline, uint8_t delimiter,
                      size_t *at, struct line *line)
{
    while (*at < sample->size) {
        const uint8_t *start = sample->data + *at;
        const uint8_t *end = memchr(start, newline, sample->size - *at);
        size_t length = end ? (size_t)(end - start) : sample->size - *at;
        *at += length + (end != NULL);
        length -= length && start[length - 1] == '\r';
        if (!length)
            continue;
        *line = (struct line){.data = start, .length = length};
        for (size_t i = 0; i < length; i++)
            line->delimiters += start[i] == delimiter;
        return true;
    }
    return false;
}

/* "# made by hand", "#!", "##" and "#" alone; "#id" may be a name or a value. */
static bool is_remark(const struct line *line)
{
    return line->length == 1 || line->data[1] == ' ' || line->data[1] == '\t' ||
           line->data[1] == '#' || line->data[1] == '!';
}

int cpl_csv_comments_of(const struct cpl_csv_dialect *d)
{
    return d->comments_set ? d->comments : d->comment_set ? CPL_COMMENTS_ALL : CPL_COMMENTS_LEADING;
}

/* The first lines begin with #: are they comments above a table? "#id,name" is a header, and #tags may be values: they have as
 * many fields as what follows. */
uint8_t cpl_csv_comment(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                        uint8_t delimiter)
{
    uint8_t newline = d->newline == CPL_NEWLINE_CR ? '\r' : '\n';
    if (d->comment_set)
        return (uint8_t)d->comment;
    size_t at = 0, n = 0, most = 0;
    bool remarks = true;
    struct line line;
    while (next_line(sample, newline, delimiter, &at, &line)) {
        if (line.data[0] != '#')
            return n && (most < line.delimiters || (n > 1 && remarks)) ? '#' : 0;
        n++;
        most = line.delimiters > most ? line.delimiters : most;
        remarks &= is_remark(&line);
    }
    return 0;
}

/* ---- preamble ---- */

/* Rows that end in a delimiter, under a header that does not: it lacks one field, and the row's last is empty. */
static bool is_short_header(const struct csv_walk *row, uint32_t header_fields)
{
    const uint8_t *data;
    uint32_t length;
    if (header_fields + 1 != row->fields)
        return false;
    cpl_csv_walk_cell(row, row->fields - 1, &data, &length);
    return !length;
}

static int64_t lines_before(const struct csv_walk *walk, size_t end)
{
    int64_t n = 0;
    for (size_t i = 0; i < end; i++)
        n += walk->data[i] == walk->rules.newline;
    return n;
}

/* Are all delimiters of the record followed by blanks, as commas in a sentence are? */
static bool is_spaced(const struct csv_walk *walk)
{
    const uint8_t *data;
    uint32_t length;
    for (uint32_t c = 1; c < walk->fields; c++) {
        cpl_csv_walk_cell(walk, c, &data, &length);
        if (!length || data[0] != ' ')
            return false;
    }
    return true;
}

/* Is the cell without text, quoted or not? */
static bool is_empty(const struct csv_walk *walk, uint32_t c)
{
    const uint8_t *data;
    uint32_t length;
    cpl_csv_walk_cell(walk, c, &data, &length);
    return !length || (length == 2 && walk->rules.quote && data[0] == walk->rules.quote &&
                       data[1] == walk->rules.quote);
}

/* "Account statement;;;": all cells behind the first are empty, as spreadsheets fill lines up that are no rows. */
static bool is_filled_up(const struct csv_walk *walk)
{
    for (uint32_t c = 1; c < walk->fields; c++)
        if (!is_empty(walk, c))
            return false;
    return walk->fields > 1;
}

/* The lines above the table, as far as they have been seen. */
struct above {
    uint32_t records, fields, spaced; /* fields: of the last */
    bool words;                       /* one of them at least is no mere value */
    bool rows;                        /* one of them looks like a row */
    bool filled_up;                   /* one of them is as wide as rows, but filled up */
    size_t start;                     /* of the last */
};

static void look_above(const struct cpl_csv_dialect *d, const struct csv_walk *walk,
                       uint32_t columns, struct above *above)
{
    const uint8_t *data;
    uint32_t length, values = 0, empty = 0;
    bool filled_up = walk->fields == columns;
    for (uint32_t c = 0; c < walk->fields && c < columns; c++) {
        cpl_csv_walk_cell(walk, c, &data, &length);
        values += cpl_csv_is_value(d, data, length);
        empty += is_empty(walk, c);
    }
    above->records++;
    above->fields = walk->fields;
    above->start = walk->start;
    above->words |= values < (filled_up ? walk->fields - empty : walk->fields);
    above->filled_up |= filled_up;
    if (filled_up)
        return;
    above->spaced += walk->fields > 1;
    above->rows |= walk->fields >= columns || (walk->fields > 1 && (values || !is_spaced(walk)));
}

/* The record at which the table begins is the first of the usual width; lines that are filled up to it may be passed over. */
static bool find_table(const struct cpl_csv_dialect *d, struct csv_walk *walk, uint32_t columns,
                       bool over_filled_up, struct above *above, struct above *before_last)
{
    while (above->records <= MOST_PREAMBLE + 1 && cpl_csv_walk_next(walk)) {
        if (walk->fields == columns && !(over_filled_up && is_filled_up(walk)))
            return true;
        *before_last = *above;
        look_above(d, walk, columns, above);
    }
    return false;
}

/* Numbers, dates and times in whatever notation, quoted or not: names do not begin with a digit. */
static bool begins_with_digit(const struct csv_walk *walk, uint32_t c)
{
    const uint8_t *data;
    uint32_t length;
    cpl_csv_walk_cell(walk, c, &data, &length);
    if (length && walk->rules.quote && data[0] == walk->rules.quote)
        data++, length--;
    if (length && (data[0] == '-' || data[0] == '+'))
        data++, length--;
    return length && isdigit(data[0]);
}

enum { JUDGED_COLUMNS = 64 };

static bool is_column_of_digits(struct csv_walk walk, uint32_t c)
{
    uint32_t columns = walk.fields, digits = 0, seen = 0;
    for (unsigned n = 0; n < SNIFF_RECORDS && cpl_csv_walk_next(&walk); n++) {
        bool cell = walk.fields == columns && !is_empty(&walk, c);
        seen += cell;
        digits += cell && begins_with_digit(&walk, c);
    }
    return digits && 4 * digits >= 3 * seen;
}

/* Is each cell of the record a word, and below one of them something else? Then it is a header. */
static bool is_plain_header(const struct csv_walk *walk)
{
    bool digits = false;
    for (uint32_t c = 0; c < walk->fields; c++)
        if (is_empty(walk, c) || begins_with_digit(walk, c))
            return false;
    for (uint32_t c = 0; c < walk->fields && c < JUDGED_COLUMNS && !digits; c++)
        digits = is_column_of_digits(*walk, c);
    return digits;
}

/* Lines above a plain header that are filled up to the width of rows, perhaps among others. */
static bool find_filled_up(const struct cpl_csv_dialect *d, struct csv_walk walk,
                           const struct csv_score *score, int64_t *lines)
{
    struct above above = {0}, before_last = {0};
    bool found = find_table(d, &walk, score->fields, true, &above, &before_last) &&
                 above.filled_up && above.words && !above.rows && above.records <= MOST_PREAMBLE &&
                 score->agreeing > above.records && is_plain_header(&walk);
    if (found)
        *lines = lines_before(&walk, walk.start);
    return found;
}

static bool guesses_preamble(const struct cpl_csv_dialect *d)
{
    return !d->skip_set && !d->separator_line && !d->header_set;
}

bool cpl_csv_find_preamble(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err)
{
    struct csv_score score;
    struct csv_walk walk;
    struct above above = {0}, before_last = {0};
    d->comment = (char)cpl_csv_comment(d, sample, (uint8_t)d->delimiter);
    d->comments = cpl_csv_comments_of(d);
    if (!cpl_csv_score(sample, cpl_csv_rules_of(d), &score, err) ||
        !cpl_csv_walk_init(&walk, sample, cpl_csv_rules_of(d), err))
        return false;
    walk.rules.comments_lead = false; /* comments stand among the lines of a preamble, too */
    if (score.fields > 1 && guesses_preamble(d) &&
        find_filled_up(d, walk, &score, &d->skip_lines)) {
        d->short_header = d->short_header_set && d->short_header;
    } else if (score.fields > 1 &&
               find_table(d, &walk, score.fields, false, &above, &before_last)) {
        bool short_header = above.records && is_short_header(&walk, above.fields);
        size_t end = short_header ? above.start : walk.start;
        above = short_header ? before_last : above;
        bool prose = above.words && !above.rows && !(above.spaced && is_spaced(&walk));
        bool found = guesses_preamble(d) && prose && above.records <= MOST_PREAMBLE &&
                     score.agreeing > above.records;
        if (found)
            d->skip_lines = lines_before(&walk, end);
        if (!d->short_header_set)
            d->short_header = short_header && (found || !above.records); /* it is the first row */
    }
    cpl_csv_walk_release(&walk);
    return true;
}

/* A CSV's dialect from a sample: newline, delimiter, quote, escape; csv_preamble.c adds comment and preamble.
 *
 * What the user set is never guessed. The delimiter is the candidate under which the most records have the same
 * number (> 1) of fields. */
#include "decode/csv_sniff.h"

#include <ctype.h>
#include <string.h>

static bool score_records(const struct cpl_sample *sample, struct cpl_csv_rules rules,
                          struct csv_score *score, struct cpl_error *err)
{
    uint32_t widths[SNIFF_RECORDS], n = 0;
    struct csv_walk walk;
    *score = (struct csv_score){0};
    if (!cpl_csv_walk_init(&walk, sample, rules, err))
        return false;
    while (n < SNIFF_RECORDS && cpl_csv_walk_next(&walk)) {
        score->bad += walk.bad;
        widths[n++] = walk.fields;
    }
    cpl_csv_walk_release(&walk);
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

static double merit(const struct csv_score *s)
{
    if (!s->records || s->fields < 2)
        return 0;
    double share = (double)s->agreeing / s->records;
    return share * share * (1 - (double)s->bad / s->records) *
           (1 + 0.02 * (s->fields < 20 ? s->fields : 20));
}

/* Lines below the first row that begin with a detected comment mark are rows. Yet what they tell of the dialect is
 * worth nothing if they are no rows after all: they vote when the others agree with them. */
bool cpl_csv_score(const struct cpl_sample *sample, struct cpl_csv_rules rules,
                   struct csv_score *score, struct cpl_error *err)
{
    struct csv_score others;
    if (!score_records(sample, rules, score, err))
        return false;
    if (!rules.comment || !rules.comments_lead)
        return true;
    rules.comments_lead = false;
    if (!score_records(sample, rules, &others, err))
        return false;
    if (merit(&others) > merit(score))
        *score = others;
    return true;
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
    bool nameless = d->header_set && d->header == CPL_HEADER_NO;
    if (nameless || d->delimiter_set || d->separator_line || !is_plain_word(data, length) ||
        line_end + 1 >= end)
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

/* Under which no record has the width of another: the first line may still be a header of plain words. */
static char header_delimiter(const struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    static const char delimiters[] = {',', ';', '\t', '|'};
    uint8_t newline = d->newline == CPL_NEWLINE_CR ? '\r' : '\n';
    const uint8_t *end = memchr(sample->data, newline, sample->size);
    for (size_t i = 0; end && i < sizeof delimiters; i++) {
        const uint8_t *cell = sample->data, *stop;
        bool words = true;
        for (unsigned n = 0; words; cell = stop + 1, n++) {
            for (stop = cell; stop < end && *stop != (uint8_t)delimiters[i] && *stop != '\r';)
                stop++;
            words = is_plain_word(cell, (size_t)(stop - cell));
            if (words && (stop == end || *stop == '\r'))
                return n ? delimiters[i] : ',';
        }
    }
    return ',';
}

static bool find_delimiter(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err)
{
    static const char delimiters[] = {',', ';', '\t', '|', ':', ' '};
    static const char quotes[] = {'"', '\''};
    double best = 0;
    bool said = d->delimiter_set || d->separator_line;
    char delimiter = said ? d->delimiter : header_delimiter(d, sample), quote = d->quote;
    size_t n_quotes = opens_fields(sample, '"') == 0 && opens_fields(sample, '\'') > 1 ? 2 : 1;
    for (size_t q = 0; q < n_quotes; q++)
        for (size_t i = 0; i < sizeof delimiters; i++) {
            struct cpl_csv_rules rules = cpl_csv_rules_of(d);
            rules.delimiter = (uint8_t)(said ? d->delimiter : delimiters[i]);
            rules.quote = (uint8_t)(d->quote_set ? d->quote : quotes[q]);
            rules.escape = d->escape_set ? rules.escape : rules.quote;
            rules.comment = cpl_csv_comment(d, sample, rules.delimiter);
            rules.comments_lead = cpl_csv_comments_of(d) == CPL_COMMENTS_LEADING;
            struct csv_score score;
            if (!cpl_csv_score(sample, rules, &score, err))
                return false;
            /* blanks and colons stand in ordinary text, in times and in addresses: they need more proof */
            bool doubtful = !said && i >= 4 &&
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

/* \" inside quoted fields says that backslashes escape quotes; of other characters it says nothing (Spark leaves every
 * other backslash as it is). */
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
    struct csv_score doubling, backslash;
    struct cpl_csv_rules rules = cpl_csv_rules_of(d);
    if (!cpl_csv_score(sample, rules, &doubling, err))
        return false;
    rules.escape = '\\';
    rules.escapes_quotes_only = true;
    if (!cpl_csv_score(sample, rules, &backslash, err))
        return false;
    if (backslash.bad < doubling.bad || merit(&backslash) > merit(&doubling))
        d->escape = '\\';
    if (!d->escapes_set && d->escape == '\\')
        d->escapes = CPL_ESCAPES_QUOTE;
    return true;
}

struct newlines {
    size_t lf, lone_cr; /* outside quotes; the first LF decides, so no more are counted */
    bool open;          /* ended inside quotes */
};

/* The delimiter is not known yet: a quote opens wherever a field may begin. */
static struct newlines look_for_newlines(const struct cpl_csv_dialect *d,
                                         const struct cpl_sample *sample)
{
    struct newlines n = {0};
    const uint8_t *data = sample->data;
    uint8_t quote = (uint8_t)d->quote, escape = d->escape_set ? (uint8_t)d->escape : 0;
    for (size_t i = 0; i < sample->size && !n.lf; i++) {
        if (n.open && escape && escape != quote && data[i] == escape)
            i++;
        else if (quote && data[i] == quote)
            n.open = !n.open && (i == 0 || data[i - 1] == quote || is_delimiter(data[i - 1]) ||
                                 (d->delimiter_set && data[i - 1] == (uint8_t)d->delimiter));
        else if (!n.open && data[i] == '\n')
            n.lf++;
        else if (!n.open && data[i] == '\r')
            n.lone_cr += i + 1 < sample->size ? data[i + 1] != '\n' : sample->whole;
    }
    return n;
}

/* Quoted fields may hold line breaks of another kind. */
static void find_newline(struct cpl_csv_dialect *d, const struct cpl_sample *sample)
{
    if (d->newline != CPL_NEWLINE_AUTO)
        return;
    struct newlines n = look_for_newlines(d, sample);
    bool lf = n.lf, cr = n.lone_cr;
    if (n.open && !lf && !cr) {
        lf = memchr(sample->data, '\n', sample->size);
        cr = memchr(sample->data, '\r', sample->size);
    }
    d->newline = cr && !lf ? CPL_NEWLINE_CR : CPL_NEWLINE_LF;
}

bool cpl_csv_settle_dialect(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                            struct cpl_error *err)
{
    find_newline(d, sample);
    cpl_csv_obey_separator_line(d, sample);
    struct cpl_sample rest = cpl_csv_behind_preamble(d, sample);
    if (!find_delimiter(d, &rest, err))
        return false;
    d->comment = (char)cpl_csv_comment(d, &rest, (uint8_t)d->delimiter);
    d->comments = cpl_csv_comments_of(d);
    return find_escape(d, &rest, err) && cpl_csv_find_preamble(d, &rest, err);
}

bool cpl_csv_settle_object(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err)
{
    d->short_header = d->short_header_set && d->short_header;
    d->separator_line = false;
    d->skip_lines = d->skip_set ? d->skip_lines : 0;
    d->comment = d->comment_set ? d->comment : 0;
    if (!d->newline_set)
        d->newline = CPL_NEWLINE_AUTO;
    find_newline(d, sample);
    cpl_csv_obey_separator_line(d, sample);
    struct cpl_sample rest = cpl_csv_behind_preamble(d, sample);
    return cpl_csv_find_preamble(d, &rest, err);
}

int cpl_csv_sniff(const uint8_t *head, size_t size, bool whole)
{
    struct cpl_csv_dialect d = {.quote = '"', .escape = '"'};
    struct cpl_sample sample = {.data = head,
                                .size = size > (64u << 10) ? 64u << 10 : size,
                                .at_start = true,
                                .whole = whole && size <= (64u << 10)};
    struct csv_score score;
    struct cpl_error why = {0};
    find_newline(&d, &sample);
    if (!size || !find_delimiter(&d, &sample, &why) ||
        !cpl_csv_score(&sample, cpl_csv_rules_of(&d), &score, &why))
        return why.code == CPL_E_MEMORY ? -1 : 0;
    int value = (int)(merit(&score) * 60);
    return value > 80 ? 80 : value < 5 ? 5 : value;
}

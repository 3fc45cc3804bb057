/* Walks a sample record by record, under rules that are only tried. */
#include "decode/csv_sniff.h"

#include <string.h>

struct cpl_csv_rules cpl_csv_rules_of(const struct cpl_csv_dialect *d)
{
    return (struct cpl_csv_rules){.delimiter = (uint8_t)d->delimiter,
                                  .quote = (uint8_t)d->quote,
                                  .escape = (uint8_t)d->escape,
                                  .newline = d->newline == CPL_NEWLINE_CR ? '\r' : '\n',
                                  .comment = (uint8_t)d->comment,
                                  .escapes_quotes_only = d->escapes == CPL_ESCAPES_QUOTE,
                                  .comments_lead = d->comments == CPL_COMMENTS_LEADING};
}

bool cpl_csv_ends_rows_empty(const struct cpl_csv_dialect *d)
{
    return d->short_header && d->header == CPL_HEADER_YES && d->n_columns > 1;
}

bool cpl_csv_walk_init(struct csv_walk *walk, const struct cpl_sample *sample,
                       struct cpl_csv_rules rules, struct cpl_error *err)
{
    *walk = (struct csv_walk){
        .data = sample->data, .size = sample->size, .whole = sample->whole, .rules = rules};
    walk->scan.positions = cpl_alloc((sample->size + 64) * sizeof(uint32_t), err);
    return walk->scan.positions != NULL;
}

void cpl_csv_walk_release(struct csv_walk *walk)
{
    cpl_free(walk->scan.positions);
}

static bool is_blank_line(const struct csv_walk *walk)
{
    return walk->end == walk->start;
}

/* The next record that is neither blank nor a comment. */
bool cpl_csv_walk_next(struct csv_walk *walk)
{
    while (walk->at < walk->size) {
        size_t end = 0;
        walk->scan.n = walk->scan.rows = 0;
        walk->start = walk->at;
        enum cpl_csv_record result = cpl_csv_record(&walk->scan, &walk->rules, walk->data, walk->at,
                                                    walk->size, &end);
        bool cut = !walk->scan.rows;
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
        walk->rules.comment = walk->rules.comments_lead ? 0 : walk->rules.comment;
        return true;
    }
    return false;
}

void cpl_csv_walk_cell(const struct csv_walk *walk, uint32_t c, const uint8_t **data,
                       uint32_t *length)
{
    size_t start = c ? walk->scan.positions[c - 1] + 1 : walk->start;
    size_t end = c + 1 == walk->fields ? walk->end : walk->scan.positions[c];
    *data = walk->data + start;
    *length = end > start ? (uint32_t)(end - start) : 0;
}

struct cpl_sample cpl_csv_behind_mark(const struct cpl_sample *sample)
{
    struct cpl_sample rest = *sample;
    if (rest.size >= 3 && !memcmp(rest.data, "\xEF\xBB\xBF", 3))
        rest.data += 3, rest.size -= 3;
    return rest;
}

struct csv_walk cpl_csv_skip_preamble(struct csv_walk walk, const struct cpl_csv_dialect *d)
{
    for (int64_t i = 0; i < d->skip_lines && walk.at < walk.size; i++) {
        const uint8_t *newline = memchr(walk.data + walk.at, walk.rules.newline,
                                        walk.size - walk.at);
        walk.at = newline ? (size_t)(newline - walk.data) + 1 : walk.size;
    }
    return walk;
}

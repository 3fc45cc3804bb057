/* Is the first record a header?
 *
 * Text tells for it, cells that could be data tell against it, except years or days in a row above columns of other numbers (a
 * pivot table).
 * A first record that comes again is data, unless its words stand above columns that are typed without it: then files were put
 * one behind the other with their headers. Such a repeat is never data: it is left out of what is said of the types,
 * and rejected as soon as a cell of it does not fit its column (csv_tile.c).
 *
 * Where the user gives the names, a first record that is nothing but text is a row: to leave it out could lose one. */
#include "decode/csv_cell.h"
#include "decode/csv_sniff.h"
#include "format/text_scan.h"

#include <string.h>
#include <strings.h>

enum {
    FIRST_YEAR = 1900,
    LAST_YEAR = 2100,
    FIRST_DAY = -25567, /* of the first year and of the last, since 1970-01-01 */
    LAST_DAY = 47846
};

bool cpl_csv_is_value(const struct cpl_csv_dialect *d, const uint8_t *data, size_t length)
{
    struct cpl_text_facts facts = cpl_text_classify(data, length, &d->style);
    return facts.class != CPL_CLASS_STRING && facts.class != CPL_CLASS_NULL;
}

static bool is_typed(const struct cpl_text_facts *facts)
{
    return facts->class != CPL_CLASS_STRING && facts->class != CPL_CLASS_NULL;
}

/* What the cells of the first record are. */
struct cells {
    uint32_t named, against; /* words; what could be data */
    uint32_t typed;          /* columns that hold no text below */
    uint32_t typed_words;    /* of them those under a word */
};

static struct cells look_at_cells(const struct cpl_csv_dialect *d, const struct csv_walk *first,
                                  const struct cpl_text_facts *facts, uint32_t n)
{
    struct cpl_arena arena = {0};
    struct cells cells = {0};
    for (uint32_t c = 0; c < first->fields; c++) {
        const uint8_t *data;
        uint32_t length;
        struct cpl_csv_text text;
        cpl_csv_walk_cell(first, c, &data, &length);
        if (cpl_csv_cell_text(d, data, length, &arena, &text, NULL) != CPL_CELL_VALUE)
            continue;
        bool value = cpl_csv_is_value(d, text.data, text.length);
        bool typed = c < n && is_typed(&facts[c]);
        cells.against += value;
        cells.named += !value;
        cells.typed += typed;
        cells.typed_words += typed && !value;
    }
    cpl_arena_release(&arena);
    return cells;
}

/* ---- years and dates ---- */

/* A cell's year, or its day, counted on behind the last year; 0: it is neither. */
static int period_of(const struct cpl_csv_dialect *d, const struct csv_walk *walk, uint32_t c)
{
    const uint8_t *data;
    uint32_t length;
    int32_t days;
    int year = 0;
    cpl_csv_walk_cell(walk, c, &data, &length);
    if (length > 2 && walk->rules.quote && data[0] == walk->rules.quote &&
        data[length - 1] == walk->rules.quote)
        data++, length -= 2;
    if (cpl_parse_date(data, length, &d->style, &days) == CPL_TEXT_EXACT)
        return days >= FIRST_DAY && days <= LAST_DAY ? days - FIRST_DAY + LAST_YEAR + 1 : 0;
    for (uint32_t i = 0; i < length && length == 4; i++) {
        if (data[i] < '0' || data[i] > '9')
            return 0;
        year = 10 * year + data[i] - '0';
    }
    return year >= FIRST_YEAR && year <= LAST_YEAR ? year : 0;
}

/* Years follow each other by the same step, days only in one direction: months differ. */
static bool goes_on(int before, int step, int period)
{
    int from_before = period - before;
    if (before <= LAST_YEAR)
        return period <= LAST_YEAR &&
               (step ? from_before == step : from_before == 1 || from_before == -1);
    return period > LAST_YEAR && from_before && (!step || (from_before > 0) == (step > 0));
}

/* Are there years or days, in a row, up or down, and behind a first cell that is none? */
static bool counts_periods(const struct cpl_csv_dialect *d, const struct csv_walk *first,
                           uint32_t *periods)
{
    int before = 0, step = 0;
    *periods = 0;
    for (uint32_t c = 0; c < first->fields; c++) {
        int period = period_of(d, first, c);
        if (!period)
            continue;
        if (*periods && !goes_on(before, step, period))
            return false;
        step = *periods ? period - before : 0;
        before = period;
        ++*periods;
    }
    return *periods > 1 && !period_of(d, first, 0);
}

static bool same_cell(const struct csv_walk *a, const struct csv_walk *b, uint32_t c)
{
    const uint8_t *one, *other;
    uint32_t length, other_length;
    cpl_csv_walk_cell(a, c, &one, &length);
    cpl_csv_walk_cell(b, c, &other, &other_length);
    return length == other_length && !memcmp(one, other, length);
}

/* Do the records below tell what no header is: its first word again, or mostly periods under its periods? */
static bool periods_are_data(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                             const struct csv_walk *first, bool *data, struct cpl_error *err)
{
    struct csv_walk walk;
    uint32_t periods = 0, others = 0;
    bool again = false;
    if (!cpl_csv_walk_init(&walk, sample, cpl_csv_rules_of(d), err))
        return false;
    walk = cpl_csv_skip_preamble(walk, d);
    cpl_csv_walk_next(&walk);
    for (unsigned n = 0; n < SNIFF_RECORDS && cpl_csv_walk_next(&walk); n++) {
        bool repeat = walk.end - walk.start == first->end - first->start &&
                      !memcmp(walk.data + walk.start, first->data + first->start,
                              first->end - first->start);
        again |= !repeat && same_cell(&walk, first, 0);
        for (uint32_t c = 1; !repeat && c < walk.fields && c < first->fields; c++)
            if (period_of(d, first, c))
                period_of(d, &walk, c) ? periods++ : others++;
    }
    cpl_csv_walk_release(&walk);
    *data = again || periods >= others;
    return true;
}

/* A pivot table: words and years or days above numbers of another kind. */
static bool is_pivot(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                     const struct csv_walk *first, const struct cpl_text_facts *facts, uint32_t n,
                     const struct cells *cells, bool *pivot, struct cpl_error *err)
{
    uint32_t periods;
    bool data = true;
    *pivot = cells->named && first->fields == n && counts_periods(d, first, &periods) &&
             periods == cells->against && cells->named + periods == first->fields;
    for (uint32_t c = 0; c < n && *pivot; c++)
        *pivot = !period_of(d, first, c) || facts[c].class == CPL_CLASS_NULL ||
                 facts[c].class == CPL_CLASS_INT || facts[c].class == CPL_CLASS_DECIMAL ||
                 facts[c].class == CPL_CLASS_DOUBLE;
    if (*pivot && !periods_are_data(d, sample, first, &data, err))
        return false;
    *pivot = *pivot && !data;
    return true;
}

/* ---- the whole ---- */

/* Names are all there, and differ. */
static bool are_names(const struct csv_walk *first, const struct cells *cells)
{
    if (first->fields < 2 || first->fields > SNIFF_RECORDS || cells->named < first->fields)
        return false;
    for (uint32_t c = 1; c < first->fields; c++)
        for (uint32_t b = 0; b < c; b++) {
            const uint8_t *one, *other;
            uint32_t length, other_length;
            cpl_csv_walk_cell(first, b, &one, &length);
            cpl_csv_walk_cell(first, c, &other, &other_length);
            if (length == other_length && !memcmp(one, other, length))
                return false;
        }
    return true;
}

/* Does the record say the names that the user gave, in any case of letters? */
static bool says_names(const struct cpl_csv_dialect *d, const struct csv_walk *first)
{
    struct cpl_arena arena = {0};
    bool same = true;
    uint32_t said = 0;
    for (uint32_t c = 0; same && c < d->names.n && c < first->fields; c++) {
        const uint8_t *data;
        uint32_t length;
        struct cpl_csv_text text;
        cpl_csv_walk_cell(first, c, &data, &length);
        if (cpl_csv_cell_text(d, data, length, &arena, &text, NULL) != CPL_CELL_VALUE)
            break;
        size_t size = text.length;
        cpl_trim(&text.data, &size);
        same = size == strlen(d->names.items[c]) &&
               !strncasecmp((const char *)text.data, d->names.items[c], size);
        said += same;
    }
    cpl_arena_release(&arena);
    return said && said == d->names.n;
}

bool cpl_csv_is_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                       const struct csv_walk *first, const struct cpl_text_facts *facts, uint32_t n,
                       bool again, bool *yes, bool *proven, struct cpl_error *err)
{
    struct cells cells = look_at_cells(d, first, facts, n);
    bool pivot = false;
    *yes = cells.named > 0;
    if (cells.against) {
        *yes = cells.against * 4 < cells.named && cells.typed * 2 > first->fields;
        if (!*yes && !is_pivot(d, sample, first, facts, n, &cells, &pivot, err))
            return false;
        *yes |= pivot;
    }
    if (again)
        *yes = *yes && cells.typed_words && are_names(first, &cells);
    *proven = pivot || cells.typed_words || says_names(d, first);
    return true;
}

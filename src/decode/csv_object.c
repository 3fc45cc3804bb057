/* A further object of a run: what it has for itself.
 *
 * Its newline, comments and preamble are its own. Delimiter and quotes are the first object's as long as its header, or without
 * one its rows' width, fits under them; else, where the user said nothing of them, they are looked for anew. In a replay the object's
 * whole dialect is known. */
#include "batch/name_order.h"
#include "decode/csv_sniff.h"
#include "decode/csv_style.h"

#include <string.h>

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
                       const struct cpl_name_order *theirs, uint32_t *shared, struct cpl_error *err)
{
    for (uint32_t f = 0; f < schema->n_fields; f++)
        *shared += cpl_name_order_find(own, schema->fields[f].name) >= 0;
    if (!*shared)
        return cpl_fail(err, CPL_E_DATA,
                        "its header has none of the first input's columns (it begins with "
                        "\"%.100s\"): is it of the same kind, and has it the same delimiter?",
                        d->column_names[0]);
    uint32_t named = d->n_columns - cpl_csv_ends_rows_empty(d);
    for (uint32_t c = 0; c < named && !closed; c++)
        if (cpl_name_order_find(theirs, d->column_names[c]) < 0)
            return cpl_fail(err, CPL_E_DATA,
                            "its header has a column \"%.100s\" that the first input lacks; "
                            "convert it apart, or choose columns (--columns)",
                            d->column_names[c]);
    for (uint32_t f = 0; f < schema->n_fields; f++) {
        bool here = cpl_name_order_find(own, schema->fields[f].name) >= 0;
        if (!schema->fields[f].nullable && !here)
            return cpl_fail(err, CPL_E_DATA,
                            "its header lacks the column \"%.100s\", which must not be null",
                            schema->fields[f].name);
    }
    return true;
}

static bool fits_schema(const struct cpl_csv_dialect *d, const struct cpl_schema *schema,
                        bool closed, uint32_t *shared, struct cpl_error *err)
{
    struct cpl_name_order own = {0}, theirs = {0};
    bool ok = cpl_name_order_init(&own, d->column_names, sizeof *d->column_names, d->n_columns,
                                  err) &&
              cpl_name_order_init(&theirs, schema->fields, sizeof *schema->fields, schema->n_fields,
                                  err) &&
              fits_names(d, schema, closed, &own, &theirs, shared, err);
    cpl_name_order_release(&own);
    cpl_name_order_release(&theirs);
    return ok;
}

/* What an object looks like under a dialect. */
struct view {
    struct cpl_csv_dialect *dialect;
    uint32_t shared; /* columns that the schema has, too */
    bool fits, some; /* some: there is a row */
    struct cpl_error why;
};

static bool is_usual(const struct csv_score *score, uint32_t columns)
{
    return score->fields == columns && score->agreeing * 2 > score->records;
}

static bool view_rows(struct view *view, const struct csv_score *score)
{
    view->fits = !view->some || is_usual(score, view->dialect->n_columns);
    return true;
}

/* A header may lack names that the first object's lacked, too: then rows are as wide as there. */
static bool view_header(struct view *view, const struct csv_walk *header,
                        const struct csv_score *score, const struct cpl_schema *schema, bool closed,
                        struct cpl_error *err)
{
    struct cpl_csv_dialect *d = view->dialect;
    bool said = d->width_set || (d->header_set && !d->short_header);
    if (!view->some) {
        view->fits = true;
        return true;
    }
    if (!d->n_columns) /* all is said */
        d->n_columns = cpl_csv_said_width(d, header->fields + d->short_header);
    else if (said || header->fields > d->n_columns || !is_usual(score, d->n_columns))
        d->n_columns = cpl_csv_said_width(d, header->fields);
    if (!cpl_csv_name_columns(d, header, err))
        return false;
    view->fits = fits_schema(d, schema, closed, &view->shared, &view->why);
    if (view->why.code == CPL_E_MEMORY)
        return cpl_fail(err, CPL_E_MEMORY, "%s", view->why.message);
    return true;
}

/* A first row that does not end in the sample is no row to judge by. */
static bool fail_open(const struct cpl_sample *sample, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_DATA,
                    sample->whole ? "a quote in its first row is never closed"
                                  : "its first row does not end within %zu bytes",
                    sample->size);
}

static bool view_object(struct view *view, const struct cpl_sample *sample,
                        const struct cpl_schema *schema, bool closed, struct cpl_error *err)
{
    struct cpl_csv_dialect *d = view->dialect;
    struct csv_walk walk = {0};
    struct csv_score score;
    struct cpl_sample rest = cpl_csv_behind_preamble(d, sample);
    if (!cpl_csv_walk_init(&walk, &rest, cpl_csv_rules_of(d), err))
        return false;
    view->some = cpl_csv_walk_next(&walk);
    bool header = d->header == CPL_HEADER_YES && !d->names.n;
    bool ok = cpl_csv_score(&rest, cpl_csv_rules_of(d), &score, err);
    if (ok && header && !view->some && walk.at < walk.size)
        ok = fail_open(sample, err);
    ok = ok &&
         (header ? view_header(view, &walk, &score, schema, closed, err) : view_rows(view, &score));
    cpl_csv_walk_release(&walk);
    return ok;
}

static struct cpl_csv_dialect *copy_dialect(const struct cpl_csv_dialect *first,
                                            struct cpl_error *err)
{
    struct cpl_csv_dialect *d = cpl_alloc(sizeof *d, err);
    if (d) {
        *d = *first;
        d->arena = (struct cpl_arena){0};
    }
    return d;
}

static void free_dialect(struct cpl_csv_dialect *d)
{
    if (d)
        cpl_csv_release(d);
    cpl_free(d);
}

static void forget_detected(struct cpl_csv_dialect *d)
{
    d->quote = d->quote_set ? d->quote : '"';
    d->escape = d->escape_set ? d->escape : '"';
    d->escapes = d->escapes_set ? d->escapes : CPL_ESCAPES_ANY;
    d->comment = d->comment_set ? d->comment : 0;
    d->newline = d->newline_set ? d->newline : CPL_NEWLINE_AUTO;
    d->skip_lines = d->skip_set ? d->skip_lines : 0;
    d->short_header = d->short_header_set && d->short_header;
    d->separator_line = false;
}

/* The object as a dialect of its own would have it; that view is kept when it fits, or is at least nearer. */
static bool view_anew(struct view *view, const struct cpl_csv_dialect *first,
                      const struct cpl_sample *sample, const struct cpl_schema *schema, bool closed,
                      struct cpl_error *err)
{
    struct view other = {.dialect = copy_dialect(first, err)};
    if (!other.dialect)
        return false;
    forget_detected(other.dialect);
    bool ok = cpl_csv_settle_dialect(other.dialect, sample, err) &&
              view_object(&other, sample, schema, closed, err);
    if (ok && (other.fits || other.shared > view->shared)) {
        free_dialect(view->dialect);
        *view = other;
    } else {
        free_dialect(other.dialect);
    }
    return ok;
}

static bool same_dialect(const struct cpl_csv_dialect *a, const struct cpl_csv_dialect *b)
{
    return a->delimiter == b->delimiter && a->quote == b->quote && a->escape == b->escape &&
           a->escapes == b->escapes && a->comment == b->comment && a->comments == b->comments &&
           a->short_header == b->short_header && a->newline == b->newline &&
           a->skip_lines == b->skip_lines && a->header_line.length == b->header_line.length &&
           (!a->header_line.length ||
            !memcmp(a->header_line.data, b->header_line.data, a->header_line.length)) &&
           same_names(a, b);
}

/* The dialect that is said of an object; rows without a header have the first object's columns. */
static struct cpl_csv_dialect *said_dialect(const struct cpl_csv_dialect *said,
                                            const struct cpl_csv_dialect *first,
                                            const struct cpl_sample *sample, struct cpl_error *err)
{
    struct cpl_csv_dialect *d = copy_dialect(said, err);
    if (d && (!cpl_csv_settle_style(d, err) || !cpl_csv_settle_dialect(d, sample, err))) {
        free_dialect(d);
        return NULL;
    }
    if (d && d->header == CPL_HEADER_AUTO)
        d->header = first->header;
    if (d && (d->header != CPL_HEADER_YES || d->names.n)) {
        d->n_columns = first->n_columns;
        d->column_names = first->column_names;
    }
    return d;
}

static struct cpl_csv_dialect *further_dialect(const struct cpl_csv_dialect *first,
                                               const struct cpl_sample *sample,
                                               struct cpl_error *err)
{
    struct cpl_csv_dialect *d = copy_dialect(first, err);
    if (d && cpl_csv_settle_object(d, sample, err))
        return d;
    free_dialect(d);
    return NULL;
}

bool cpl_csv_for_object(const void *settings, const void *said, const struct cpl_sample *head,
                        const struct cpl_schema *schema, bool closed, void **own,
                        struct cpl_error *err)
{
    const struct cpl_csv_dialect *first = settings;
    struct cpl_sample sample = cpl_csv_behind_mark(head);
    struct view view = {.dialect = said ? said_dialect(said, first, &sample, err)
                                        : further_dialect(first, &sample, err)};
    *own = NULL;
    bool ok = view.dialect && view_object(&view, &sample, schema, closed, err) &&
              (view.fits || said || view_anew(&view, first, &sample, schema, closed, err));
    bool header = ok && view.dialect->header == CPL_HEADER_YES && !view.dialect->names.n;
    if (ok && !view.fits && header)
        ok = cpl_fail(err, view.why.code, "%s", view.why.message);
    if (ok && (said || !same_dialect(first, view.dialect))) {
        *own = view.dialect;
        view.dialect = NULL;
    }
    free_dialect(view.dialect);
    return ok;
}

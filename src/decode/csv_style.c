/* How a CSV's numbers are written: by the options, and by what its own numbers prove.
 *
 * "1,234" proves nothing: a thousand in one country, one and a quarter in another. A comma is the decimal separator when
 * some number can be read in no other way (1,5 or 1.234,50), and no other column proves a point to be it: a file is written in
 * one country. What stands between digits is another matter: 1.100 is a version beside the price 1.234,50, and 602 123 456 a
 * telephone number. Groups of digits are a number in columns that have groups together with a decimal separator; elsewhere
 * only the values that have both are, on every row. */
#include "decode/csv_style.h"
#include "batch/name_order.h"

#include <string.h>

bool cpl_csv_settle_style(struct cpl_csv_dialect *d, struct cpl_error *err)
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
    if (d->thousands == '.' && !d->decimal_point)
        d->decimal_point = ','; /* what else could it be */
    d->style = (struct cpl_text_style){.decimal_point = d->decimal_point,
                                       .thousands = d->thousands,
                                       .date_format = d->date_format,
                                       .time_format = d->time_format,
                                       .timestamp_format = d->timestamp_format,
                                       .true_words = lists[0],
                                       .false_words = lists[1]};
    d->thousands_in_all = !d->thousands || !d->thousands_columns_set;
    return true;
}

static const char separators[CPL_CSV_SEPARATORS] = {'.', ',', ' ', '\''};

static size_t index_of(char separator)
{
    size_t i = 0;
    while (separators[i] != separator)
        i++;
    return i;
}

void cpl_csv_count_shape(struct cpl_csv_shapes *shapes, const uint8_t *text, size_t length)
{
    struct cpl_number_shape shape = cpl_number_shape(text, length);
    shapes->seen++;
    shapes->marked += length >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);
    shapes->returns += length && text[length - 1] == '\r';
    shapes->numbers += shape.number;
    if (shape.decimal) {
        shapes->decimals[index_of(shape.decimal)]++;
        shapes->proofs[index_of(shape.decimal)] += shape.proven;
    }
    if (!shape.groups)
        return;
    size_t i = index_of(shape.groups);
    shapes->groups[i] += shape.decimal || shape.short_lead || shape.groups == '.';
    shapes->grouped_decimals[i] += shape.decimal && shape.proven;
    shapes->codes[i] += !shape.decimal && !shape.short_lead && shape.groups != '.';
}

/* By vote, so that one bad value does not hide how the others are written. */
static bool proves_decimal(const struct cpl_csv_shapes *shapes, char point)
{
    size_t i = index_of(point);
    return shapes->proofs[i] && 2 * (uint64_t)shapes->decimals[i] >= shapes->seen;
}

/* Values of a column that prove the separator to stand between its thousands. */
static uint32_t grouped_by(const struct cpl_csv_shapes *shapes, size_t i)
{
    return 2 * (uint64_t)shapes->numbers < shapes->seen ? 0 : shapes->grouped_decimals[i];
}

/* The one that most numbers have; none when two are as frequent. */
static char find_thousands(const struct cpl_csv_shapes *columns, uint32_t n, char point)
{
    uint64_t most = 0;
    char found = 0;
    for (size_t i = 0; i < CPL_CSV_SEPARATORS; i++) {
        uint64_t values = 0;
        for (uint32_t c = 0; separators[i] != point && c < n; c++)
            values += grouped_by(&columns[c], i);
        if (values && values >= most) {
            found = values > most ? separators[i] : 0;
            most = values;
        }
    }
    return found;
}

/* Between commas as delimiters a decimal comma would need quotes: it is not guessed there. */
static char find_decimal_point(const struct cpl_csv_dialect *d,
                               const struct cpl_csv_shapes *columns, uint32_t n)
{
    bool comma = false, point = false;
    if (d->delimiter == ',' || d->thousands == ',')
        return 0;
    for (uint32_t c = 0; c < n; c++) {
        comma |= proves_decimal(&columns[c], ',');
        point |= proves_decimal(&columns[c], '.');
    }
    return comma == point ? 0 : comma ? ',' : '.';
}

/* Of the columns, those whose names are listed. */
static bool look_up_grouped(const struct cpl_csv_dialect *d, bool *grouped, struct cpl_error *err)
{
    struct cpl_name_order order;
    const struct cpl_strings *list = &d->thousands_columns;
    if (!cpl_name_order_init(&order, list->items, sizeof *list->items, (uint32_t)list->n, err))
        return false;
    for (uint32_t c = 0; c < d->n_columns; c++)
        grouped[c] = cpl_name_order_find(&order, d->column_names[c]) >= 0;
    cpl_name_order_release(&order);
    return true;
}

static bool list_grouped(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns,
                         bool *grouped, struct cpl_error *err)
{
    size_t i = index_of(d->thousands);
    const char **names = cpl_arena_alloc(&d->arena, (d->n_columns + 1) * sizeof *names, err);
    if (!names)
        return false;
    d->thousands_columns = (struct cpl_strings){.items = names};
    for (uint32_t c = 0; c < d->n_columns; c++) {
        grouped[c] = grouped_by(&columns[c], i) > 0;
        if (grouped[c])
            names[d->thousands_columns.n++] = d->column_names[c];
    }
    return true;
}

/* Which columns have the thousands that are set, or that some column proves. */
static bool settle_grouped(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns,
                           bool *grouped, struct cpl_error *err)
{
    d->thousands_in_all = !d->thousands || (d->thousands_set && !d->thousands_columns_set);
    if (d->thousands_in_all)
        return true;
    return d->thousands_columns_set ? look_up_grouped(d, grouped, err)
                                    : list_grouped(d, columns, grouped, err);
}

static void complete_style(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns)
{
    char point = d->decimal_point ? d->decimal_point : find_decimal_point(d, columns, d->n_columns);
    if (point != ',' && point != '.')
        return;
    if (!d->thousands_set && !d->thousands && (point == ',' || d->delimiter != ','))
        d->thousands = d->style.thousands = find_thousands(columns, d->n_columns, point);
    if (point == ',')
        d->decimal_point = d->style.decimal_point = point;
}

bool cpl_csv_adopt_style(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns,
                         bool *grouped, bool *changed, struct cpl_error *err)
{
    char point = d->decimal_point, thousands = d->thousands;
    complete_style(d, columns);
    *changed = d->decimal_point != point || d->thousands != thousands || d->thousands_columns_set;
    return settle_grouped(d, columns, grouped, err);
}

/* ---- what stays text ---- */

const char *cpl_csv_doubtful_text(const struct cpl_csv_shapes *shapes)
{
    if (shapes->marked)
        return "some value begins with a byte-order mark (U+FEFF), which stays part of it: files "
               "that have one were put one behind the other; give them one by one, or without it";
    if (shapes->returns && shapes->returns == shapes->seen)
        return "each value ends in a carriage return, which stays part of it: the lines end in CR "
               "CR LF, as of a file whose line ends were converted twice; convert them back";
    return NULL;
}

static const char *doubtful_commas(const struct cpl_csv_shapes *shapes, size_t comma)
{
    if (shapes->proofs[comma])
        return "its numbers with a comma stay text: set source.csv.decimal_point to ',' if it is "
               "the decimal separator";
    if (shapes->groups[comma])
        return "its numbers with commas stay text: set source.csv.thousands to ',' if they stand "
               "between thousands";
    return "its numbers with a comma stay text, for nothing proves what it separates: set "
           "source.csv.thousands to ',' to read 1,234 as 1234, or source.csv.decimal_point to read "
           "it as 1.234";
}

#define UNPROVEN(marks, mark, example)                                                             \
    "its numbers with " marks " stay text, for none of them has a decimal separator, too, which "  \
    "would prove that the " marks " stand between thousands: to read " example                     \
    " as 1234, set source.csv.thousands to " mark " (and source.csv.thousands_columns, where "     \
    "that is not so in all columns)"

const char *cpl_csv_doubtful_style(const struct cpl_csv_dialect *d,
                                   const struct cpl_csv_shapes *shapes, bool grouped)
{
    static const char *const unproven[CPL_CSV_SEPARATORS] = {
        UNPROVEN("points", "'.'", "1.234"), UNPROVEN("commas", "','", "1,234"),
        UNPROVEN("spaces", "space", "1 234"), UNPROVEN("apostrophes", "\"'\"", "1'234")};
    char point = d->decimal_point ? d->decimal_point : '.';
    for (size_t i = 0; i < CPL_CSV_SEPARATORS; i++) {
        bool known = d->thousands == separators[i];
        uint64_t values = (uint64_t)shapes->decimals[i] + shapes->groups[i] +
                          (known ? shapes->codes[i] : 0);
        if (!values || 2 * values < shapes->seen || separators[i] == point || (known && grouped) ||
            (d->thousands_set && !d->thousands) || (separators[i] == '.' && !d->decimal_point))
            continue;
        return separators[i] == ',' && !known ? doubtful_commas(shapes, i) : unproven[i];
    }
    return NULL;
}

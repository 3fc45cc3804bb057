/* How a CSV's numbers are written: by the options, and by what its own numbers prove.
 *
 * "1,234" proves nothing: a thousand in one country, one and a quarter in another. A comma is the decimal separator when
 * some number can be read in no other way (1,5 or 1.234,50), and no other column proves a point to be it. Points, spaces
 * and apostrophes then stand between thousands where they are written so; what fits the style nowhere is text. */
#include "decode/csv_style.h"

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
    d->style = (struct cpl_text_style){.decimal_point = d->decimal_point,
                                       .thousands = d->thousands,
                                       .date_format = d->date_format,
                                       .time_format = d->time_format,
                                       .timestamp_format = d->timestamp_format,
                                       .true_words = lists[0],
                                       .false_words = lists[1]};
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
}

/* By vote, so that one bad value does not hide how the others are written. */
static bool proves_decimal(const struct cpl_csv_shapes *shapes, char point)
{
    size_t i = index_of(point);
    return shapes->proofs[i] && 2 * (uint64_t)shapes->decimals[i] >= shapes->seen;
}

/* Values of a column that have the separator between their thousands, when the decimal separator is known. A point alone
 * says so only where the column has no decimal commas: among 1,50 and 2,75 a 1.234 may be a slip. */
static uint32_t grouped_by(const struct cpl_csv_shapes *shapes, size_t i, char point)
{
    if (2 * (uint64_t)shapes->numbers < shapes->seen)
        return 0;
    if (point == '.')
        return shapes->grouped_decimals[i];
    bool either = separators[i] == '.' && !shapes->proofs[i] && !shapes->decimals[index_of(point)];
    return shapes->groups[i] + (either ? shapes->decimals[i] : 0);
}

/* The one that most numbers have; none when two are as frequent. */
static char find_thousands(const struct cpl_csv_shapes *columns, uint32_t n, char point)
{
    uint64_t most = 0;
    char found = 0;
    for (size_t i = 0; i < CPL_CSV_SEPARATORS; i++) {
        uint64_t values = 0;
        for (uint32_t c = 0; separators[i] != point && c < n; c++)
            values += grouped_by(&columns[c], i, point);
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

bool cpl_csv_adopt_style(struct cpl_csv_dialect *d, const struct cpl_csv_shapes *columns,
                         uint32_t n)
{
    char point = d->decimal_point ? d->decimal_point : find_decimal_point(d, columns, n);
    char thousands = d->thousands;
    if (point != ',' && point != '.')
        return false;
    if (!d->thousands_set && !thousands && (point == ',' || d->delimiter != ','))
        thousands = find_thousands(columns, n, point);
    bool changed = thousands != d->thousands || (point == ',' && d->decimal_point != ',');
    if (point == ',')
        d->decimal_point = d->style.decimal_point = point;
    d->thousands = d->style.thousands = thousands;
    return changed;
}

const char *cpl_csv_doubtful_style(const struct cpl_csv_dialect *d,
                                   const struct cpl_csv_shapes *shapes)
{
    size_t comma = index_of(',');
    uint64_t commas = (uint64_t)shapes->decimals[comma] + shapes->groups[comma];
    if (d->decimal_point == ',' || d->thousands == ',' || !commas || 2 * commas < shapes->seen)
        return NULL;
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

#include "command/grid.h"
#include "base/text.h"
#include "command/console.h"

#include <stdlib.h>
#include <string.h>

enum { WIDEST_CELL = 48, NARROWEST = 4, LONGEST_CELL = 400 };

/* ---- widths ---- */

/* The character at `text`, and how many bytes it takes; a byte that begins none is itself. */
static uint32_t character(const char *text, size_t length, size_t *bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    uint32_t value = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    if (n > length || s[0] >= 0xf8 || (s[0] >= 0x80 && s[0] < 0xc0)) {
        *bytes = 1;
        return s[0];
    }
    for (size_t i = 1; i < n; i++)
        value = value << 6 | (s[i] & 0x3fu);
    *bytes = n;
    return value;
}

/* Columns that it takes: UAX #11's wide ranges, roughly, and the combining blocks. */
static unsigned character_width(uint32_t c)
{
    if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f))
        return 0;
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

static size_t text_width(const char *text)
{
    size_t width = 0, length = strlen(text), n;
    for (size_t i = 0; i < length; i += n)
        width += character_width(character(text + i, length - i, &n));
    return width;
}

/* Bytes of `text` that fit into `width` columns. */
static size_t fitting(const char *text, size_t width)
{
    size_t length = strlen(text), n, i = 0, used = 0;
    for (; i < length; i += n) {
        used += character_width(character(text + i, length - i, &n));
        if (used > width)
            break;
    }
    return i;
}

/* ---- cells ---- */

bool cpl_grid_init(struct cpl_grid *grid, size_t n_columns, struct cpl_error *err)
{
    *grid = (struct cpl_grid){.n_columns = n_columns};
    grid->align = cpl_alloc_zero(n_columns + 1, sizeof *grid->align, err);
    return grid->align != NULL;
}

void cpl_grid_release(struct cpl_grid *grid)
{
    cpl_free(grid->cells);
    cpl_free(grid->align);
    cpl_arena_release(&grid->arena);
    *grid = (struct cpl_grid){.n_columns = 0};
}

bool cpl_grid_row(struct cpl_grid *grid, struct cpl_error *err)
{
    size_t n = grid->n_columns;
    if (grid->n_rows == grid->capacity) {
        size_t capacity = grid->capacity ? 2 * grid->capacity : 16;
        const char **cells = cpl_realloc(grid->cells, (capacity * n + 1) * sizeof *cells, err);
        if (!cells)
            return false;
        grid->cells = cells;
        grid->capacity = capacity;
    }
    for (size_t i = 0; i < n; i++)
        grid->cells[grid->n_rows * n + i] = "";
    grid->n_rows++;
    return true;
}

bool cpl_grid_set(struct cpl_grid *grid, size_t column, const char *text, size_t length,
                  struct cpl_error *err)
{
    char *copy = cpl_arena_strndup(&grid->arena, text,
                                   length < LONGEST_CELL ? length : LONGEST_CELL, err);
    if (!copy)
        return false;
    for (char *c = copy; *c; c++)
        if (*c == '\n' || *c == '\t')
            *c = ' ';
    cpl_text_printable(copy, strlen(copy));
    grid->cells[(grid->n_rows - 1) * grid->n_columns + column] = copy;
    return true;
}

static const char null_cell[] = "NULL"; /* known by its address */

void cpl_grid_set_null(struct cpl_grid *grid, size_t column)
{
    grid->cells[(grid->n_rows - 1) * grid->n_columns + column] = null_cell;
}

/* ---- layout ---- */

static void natural_widths(const struct cpl_grid *grid, size_t *widths)
{
    for (size_t column = 0; column < grid->n_columns; column++) {
        widths[column] = 1;
        for (size_t row = 0; row < grid->n_rows; row++) {
            size_t width = text_width(grid->cells[row * grid->n_columns + column]);
            width = width > WIDEST_CELL ? WIDEST_CELL : width;
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
}

static size_t total_width(const size_t *widths, size_t n)
{
    size_t total = 1;
    for (size_t i = 0; i < n; i++)
        total += widths[i] + 3;
    return total;
}

/* Narrow the widest columns until all fit, but none below a third of what it wants; what then is too much is left out. Returns
 * how many columns are shown. */
static size_t fit(size_t *widths, size_t n, unsigned width)
{
    enum { KEPT = 12 };
    while (width && total_width(widths, n) > width) {
        size_t widest = 0;
        for (size_t i = 1; i < n; i++)
            if (widths[i] > widths[widest])
                widest = i;
        if (widths[widest] > KEPT || (n == 1 && widths[widest] > NARROWEST))
            widths[widest]--;
        else if (n > 1)
            n--;
        else
            break;
    }
    return n;
}

/* ---- drawing ---- */

struct drawing {
    const struct cpl_grid *grid;
    const size_t *widths;
    size_t n;
    bool colour;
    struct cpl_buffer *out;
    struct cpl_error *err;
};

static bool put(const struct drawing *d, const char *text)
{
    return cpl_buffer_append_text(d->out, text, d->err);
}

static bool draw_rule(const struct drawing *d, const char *left, const char *middle,
                      const char *right)
{
    bool ok = put(d, cpl_colour(d->colour, CPL_DIM)) && put(d, left);
    for (size_t i = 0; ok && i < d->n; i++) {
        for (size_t k = 0; ok && k < d->widths[i] + 2; k++)
            ok = put(d, "─");
        ok = ok && put(d, i + 1 < d->n ? middle : right);
    }
    return ok && put(d, cpl_colour(d->colour, CPL_PLAIN_TEXT)) && put(d, "\n");
}

static bool draw_cell(const struct drawing *d, const char *text, size_t width, bool right)
{
    size_t bytes = strlen(text), taken = text_width(text);
    bool cut = taken > width;
    if (cut) {
        bytes = fitting(text, width - 1);
        char *head = cpl_strndup(text, bytes, d->err);
        if (!head)
            return false;
        taken = text_width(head) + 1;
        cpl_free(head);
    }
    int blanks = (int)(width - taken);
    return cpl_buffer_printf(d->out, d->err, " %*s%.*s%s%*s ", right ? blanks : 0, "", (int)bytes,
                             text, cut ? "…" : "", right ? 0 : blanks, "");
}

static bool draw_row(const struct drawing *d, size_t row)
{
    const char *dim = cpl_colour(d->colour, CPL_DIM);
    const char *plain = cpl_colour(d->colour, CPL_PLAIN_TEXT);
    const char *const *cells = d->grid->cells + row * d->grid->n_columns;
    bool ok = put(d, dim) && put(d, "│") && put(d, plain);
    for (size_t i = 0; ok && i < d->n; i++) {
        const char *shade = !row                    ? cpl_colour(d->colour, CPL_BOLD)
                            : cells[i] == null_cell ? dim
                                                    : "";
        ok = put(d, shade) &&
             draw_cell(d, cells[i], d->widths[i], d->grid->align[i] == CPL_RIGHT) &&
             put(d, plain) && put(d, dim) && put(d, "│") && put(d, plain);
    }
    return ok && put(d, "\n");
}

bool cpl_grid_draw(const struct cpl_grid *grid, unsigned width, bool colour, size_t *left_out,
                   struct cpl_buffer *out, struct cpl_error *err)
{
    size_t *widths = cpl_alloc((grid->n_columns + 1) * sizeof *widths, err);
    if (!widths)
        return false;
    natural_widths(grid, widths);
    struct drawing d = {.grid = grid, .widths = widths, .colour = colour, .out = out, .err = err};
    d.n = fit(widths, grid->n_columns, width);
    bool ok = draw_rule(&d, "┌", "┬", "┐");
    for (size_t row = 0; ok && row < grid->n_rows; row++)
        ok = draw_row(&d, row) && (row || draw_rule(&d, "├", "┼", "┤"));
    ok = ok && draw_rule(&d, "└", "┴", "┘");
    if (left_out)
        *left_out = grid->n_columns - d.n;
    cpl_free(widths);
    return ok;
}

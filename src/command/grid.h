/* A table on a terminal: cells of text in columns that are fitted to a width.
 *
 * Text is UTF-8; wide (East Asian) characters count two columns, combining ones none. Cells that do not fit are cut with
 * an ellipsis; columns that do not fit are left out, and counted. */
#pragma once
#include "base/memory.h"

enum cpl_align { CPL_LEFT, CPL_RIGHT };
struct cpl_grid {
    struct cpl_arena arena;
    size_t n_columns, n_rows, capacity;
    const char **cells; /* n_rows × n_columns; row 0 is the header */
    enum cpl_align *align;
};
bool cpl_grid_init(struct cpl_grid *grid, size_t n_columns, struct cpl_error *err) CPL_CHECKED;
void cpl_grid_release(struct cpl_grid *grid);
/* A new row of empty cells, to be filled by cpl_grid_set. */
bool cpl_grid_row(struct cpl_grid *grid, struct cpl_error *err) CPL_CHECKED;
/* Into the last row; copied, control characters made visible. */
bool cpl_grid_set(struct cpl_grid *grid, size_t column, const char *text, size_t length,
                  struct cpl_error *err) CPL_CHECKED;
/* "NULL", dim, into the last row: no value. */
void cpl_grid_set_null(struct cpl_grid *grid, size_t column);
/* Append to `out`; width 0 = as wide as it is. *left_out (may be NULL): columns that did not fit. */
bool cpl_grid_draw(const struct cpl_grid *grid, unsigned width, bool colour, size_t *left_out,
                   struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;

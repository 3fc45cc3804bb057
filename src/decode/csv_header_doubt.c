/* Is it only a guess that the first record is a header?
 *
 * Above columns that are all text nothing proves a header: any record of words would do. It is more than a guess where its cells look
 * otherwise than those below them. They look alike where a cell comes again in its column, where it has digits in the places in which
 * the others have them (addresses, dates, item7 above item8), or where all cells of the file are of one look. */
#include "decode/csv_cell.h"
#include "decode/csv_sniff.h"

#include <ctype.h>
#include <string.h>

enum { LOOK_MAX = 48, NAME_MAX = 64 };

/* How a text looks: its runs of digits, small and capital letters as 9, a and A, what is not ASCII as u, everything else as it is. */
struct look {
    char text[LOOK_MAX];
    uint32_t length;
    bool digits;
};

struct first_cell {
    const uint8_t *data; /* in the arena, or in the sample */
    uint32_t length;
    struct look look;
    uint32_t seen, alike, same; /* values below it; of them those that look like it, or are it */
};

static char kind_of(uint8_t c)
{
    return isdigit(c) ? '9' : isupper(c) ? 'A' : islower(c) ? 'a' : c >= 0x80 ? 'u' : (char)c;
}

static struct look look_of(const uint8_t *data, uint32_t length)
{
    struct look look = {0};
    for (uint32_t i = 0; i < length && look.length < LOOK_MAX; i++) {
        char kind = kind_of(data[i]);
        bool run = look.length && look.text[look.length - 1] == kind &&
                   (kind == '9' || kind == 'a' || kind == 'A' || kind == 'u');
        look.digits |= kind == '9';
        if (!run)
            look.text[look.length++] = kind;
    }
    return look;
}

static bool take_cell(const struct cpl_csv_dialect *d, const struct csv_walk *walk, uint32_t c,
                      struct cpl_arena *arena, struct cpl_csv_text *text)
{
    const uint8_t *data;
    uint32_t length;
    cpl_csv_walk_cell(walk, c, &data, &length);
    return cpl_csv_cell_text(d, data, length, arena, text, NULL) == CPL_CELL_VALUE && text->length;
}

static void take_first(const struct cpl_csv_dialect *d, const struct csv_walk *first,
                       struct cpl_arena *arena, struct first_cell *cells)
{
    for (uint32_t c = 0; c < first->fields; c++) {
        struct cpl_csv_text text;
        if (take_cell(d, first, c, arena, &text))
            cells[c] = (struct first_cell){
                .data = text.data, .length = text.length, .look = look_of(text.data, text.length)};
    }
}

static void compare(const struct cpl_csv_dialect *d, const struct csv_walk *row, uint32_t fields,
                    struct first_cell *cells)
{
    struct cpl_arena arena = {0};
    for (uint32_t c = 0; c < row->fields && c < fields; c++) {
        struct first_cell *cell = &cells[c];
        struct cpl_csv_text text;
        if (!cell->length || !take_cell(d, row, c, &arena, &text))
            continue;
        struct look look = look_of(text.data, text.length);
        cell->seen++;
        cell->alike += look.length == cell->look.length &&
                       !memcmp(look.text, cell->look.text, look.length);
        cell->same += text.length == cell->length && !memcmp(text.data, cell->data, cell->length);
    }
    cpl_arena_release(&arena);
}

/* ---- what it comes to ---- */

static bool is_name(const struct first_cell *cell)
{
    for (uint32_t i = 0; i < cell->length; i++)
        if (!isalnum(cell->data[i]) && cell->data[i] < 0x80 && !strchr(" _-./()%#", cell->data[i]))
            return false;
    return cell->length <= NAME_MAX;
}

static bool are_names(const struct first_cell *cells, uint32_t n)
{
    for (uint32_t c = 0; c < n; c++)
        if (!is_name(&cells[c]))
            return false;
    return true;
}

static bool looks_like_rows(const struct first_cell *cells, uint32_t n)
{
    uint32_t seen = 0;
    bool all = true;
    for (uint32_t c = 0; c < n; c++) {
        const struct first_cell *cell = &cells[c];
        if (cell->same || (cell->look.digits && cell->seen && cell->alike * 2 >= cell->seen))
            return true;
        all &= cell->alike == cell->seen;
        seen += cell->seen;
    }
    return all && seen;
}

bool cpl_csv_doubt_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          const struct csv_walk *first, enum cpl_csv_header_look *look,
                          struct cpl_error *err)
{
    struct csv_walk walk = {0};
    struct cpl_arena arena = {0};
    uint32_t rows = 0;
    struct first_cell *cells = cpl_alloc_zero(first->fields + 1, sizeof *cells, err);
    bool ok = cells && cpl_csv_walk_init(&walk, sample, cpl_csv_rules_of(d), err);
    if (ok) {
        take_first(d, first, &arena, cells);
        walk = cpl_csv_skip_preamble(walk, d);
        cpl_csv_walk_next(&walk);
        for (; rows < SNIFF_RECORDS && cpl_csv_walk_next(&walk); rows++)
            compare(d, &walk, first->fields, cells);
        bool like = rows ? looks_like_rows(cells, first->fields) : !are_names(cells, first->fields);
        *look = !like ? CPL_HEADER_LIKE_NAMES : rows ? CPL_HEADER_LIKE_ROWS : CPL_HEADER_ALONE;
    }
    cpl_csv_walk_release(&walk);
    cpl_arena_release(&arena);
    cpl_free(cells);
    return ok;
}

/* Tables: fitted to a width, whatever characters stand in them. */
#include "command/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void fill(struct cpl_grid *grid, const char *const *cells, size_t rows, size_t columns)
{
    struct cpl_error err;
    assert_true(cpl_grid_init(grid, columns, &err));
    for (size_t row = 0; row < rows; row++) {
        assert_true(cpl_grid_row(grid, &err));
        for (size_t i = 0; i < columns; i++) {
            const char *text = cells[row * columns + i];
            assert_true(cpl_grid_set(grid, i, text, strlen(text), &err));
        }
    }
}

/* Terminal columns of every line; all must be alike. Wide characters here are three bytes long. */
static size_t line_width(const char *line, size_t length)
{
    size_t width = 0;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        width += (c & 0xc0) != 0x80;
        width += c >= 0xe4 && c <= 0xe9; /* CJK in these tests */
    }
    return width;
}

static void draw(const struct cpl_grid *grid, unsigned width, size_t *left_out,
                 struct cpl_buffer *out)
{
    struct cpl_error err;
    out->size = 0;
    assert_true(cpl_grid_draw(grid, width, false, left_out, out, &err));
    const char *text = cpl_buffer_text(out, &err);
    size_t first = line_width(text, strcspn(text, "\n"));
    assert_true(!width || first <= width);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_int_equal(line_width(line, strcspn(line, "\n")), first);
}

static void fits_any_width(void **state)
{
    (void)state;
    static const char *const cells[] = {"name", "日本",   "a long header that is cut somewhere",
                                        "ü",    "中文字", "x"};
    struct cpl_grid grid;
    struct cpl_buffer out = {0};
    size_t left_out;
    fill(&grid, cells, 2, 3);
    draw(&grid, 0, &left_out, &out);
    assert_int_equal(left_out, 0);
    assert_non_null(strstr((const char *)out.data, "a long header that is cut somewhere"));
    for (unsigned width = 12; width < 80; width++)
        draw(&grid, width, &left_out, &out);
    draw(&grid, 12, &left_out, &out);
    assert_true(left_out > 0);
    cpl_buffer_release(&out);
    cpl_grid_release(&grid);
}

static void control_and_broken_characters_do_no_harm(void **state)
{
    (void)state;
    static const char *const cells[] = {"a\033[31mb", "\xff\xc3", "\n\t", "\xf0\x9f"};
    struct cpl_grid grid;
    struct cpl_buffer out = {0};
    struct cpl_error err;
    fill(&grid, cells, 2, 2);
    assert_true(cpl_grid_draw(&grid, 20, false, NULL, &out, &err));
    assert_null(memchr(out.data, 033, out.size));
    cpl_buffer_release(&out);
    cpl_grid_release(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_any_width),
        cmocka_unit_test(control_and_broken_characters_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

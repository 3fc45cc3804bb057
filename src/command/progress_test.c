/* The bar on terminals of several widths: whole figures, never wider than the terminal. */
#include "command/console.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* What one report draws on a terminal so many columns wide. */
static void drawn(unsigned columns, const struct cpl_progress *progress, char *text, size_t size)
{
    struct winsize window = {.ws_row = 24, .ws_col = (unsigned short)columns};
    int master = posix_openpt(O_RDWR | O_NOCTTY), saved = dup(STDERR_FILENO);
    if (master < 0 || grantpt(master) || unlockpt(master)) {
        print_message("SKIP: this system gives no terminals (/dev/pts is not mounted)\n");
        skip();
    }
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0 && !ioctl(terminal, TIOCSWINSZ, &window));
    struct cpl_console console = {.bar = true, .last_shown = -1};
    dup2(terminal, STDERR_FILENO);
    cpl_console_progress(&console, progress);
    dup2(saved, STDERR_FILENO);
    ssize_t n = read(master, text, size - 1);
    assert_true(n > 4);
    text[n] = 0;
    assert_memory_equal(text, "\r", 1);
    assert_string_equal(text + n - 3, "\033[K");
    memmove(text, text + 1, (size_t)n);
    text[n - 4] = 0;
    close(terminal);
    close(master);
    close(saved);
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += (*text & 0xC0) != 0x80;
    return n;
}

static void bar_fits(void **state)
{
    (void)state;
    const struct cpl_progress half = {.bytes_done = 400000000,
                                      .bytes_total = 800000000,
                                      .rows = 3000000,
                                      .rejects = 1234567,
                                      .counted_seconds = 8,
                                      .phase = "work"};
    static const char figures[] =
        " 50 %  3.0 M rows  50 MB/s  375 k rows/s  ETA 8 s  1,234,567 rejected";
    char text[1000];
    for (unsigned columns = 12; columns < 200; columns++) {
        drawn(columns, &half, text, sizeof text);
        assert_true(characters(text) < columns);
        const char *percent = strstr(text, " 50 %");
        assert_non_null(percent);
        assert_memory_equal(figures, percent, strlen(percent)); /* cut between figures only */
        assert_true(!strcmp(percent, figures) ||
                    strstr(figures + strlen(percent), "  ") == figures + strlen(percent));
        bool bar = strstr(text, "█") != NULL;
        assert_int_equal(bar, columns >= strlen(figures) + 3 + 8);
    }
}

static void nothing_is_claimed_that_is_not_known(void **state)
{
    (void)state;
    char text[1000];
    const struct cpl_progress pipe = {
        .bytes_done = 4200000, .rows = 3000, .counted_seconds = 1, .phase = "work"};
    drawn(80, &pipe, text, sizeof text);
    assert_string_equal(text, "3000 rows  4.2 MB/s  3000 rows/s");
    const struct cpl_progress commit = {.counted_seconds = 1, .phase = "commit"};
    drawn(80, &commit, text, sizeof text);
    assert_string_equal(text, "commit …");
    const struct cpl_progress nearly = {
        .bytes_done = 999, .bytes_total = 1000, .counted_seconds = 9, .phase = "work"};
    drawn(80, &nearly, text, sizeof text);
    assert_non_null(strstr(text, "ETA < 1 s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bar_fits),
        cmocka_unit_test(nothing_is_claimed_that_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Progress: a bar that is redrawn at most ten times a second, or a line every ten seconds.
 *
 *   ██████████▌              42 %  3.1 M rows  310 MB/s  5.9 M rows/s  ETA 4 s  12 rejected
 *
 * On a narrow terminal the bar is shorter, or left out; figures that do not fit are left out from the right.
 *
 * When all has been read the figures are shown once more, if they were shown before: then they are the result's.
 *
 * Where the total is not known (a pipe) there is no percentage and no ETA. */
#include "command/console.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WIDEST_BAR = 24, NARROWEST_BAR = 8, LONGEST = 400 };
static const double bar_seconds = 0.1, line_seconds = 10;

struct figures {
    double share; /* 0..1; < 0 = unknown */
    double rows_s, mb_s, left;
};

static struct figures figures_of(const struct cpl_progress *progress)
{
    struct figures f = {.share = -1, .left = -1};
    double seconds = progress->counted_seconds > 1e-6 ? progress->counted_seconds : 1e-6;
    f.rows_s = (double)progress->rows / seconds;
    f.mb_s = (double)progress->bytes_done / seconds / 1e6;
    if (progress->bytes_total) {
        f.share = (double)progress->bytes_done / (double)progress->bytes_total;
        f.share = f.share > 1 ? 1 : f.share;
        f.left = f.share > 0.01 ? seconds * (1 - f.share) / f.share : -1;
    }
    return f;
}

/* Eighths of a cell, so that the bar moves smoothly. */
static void draw_bar(double share, unsigned width, char *text)
{
    static const char *const parts[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
    int eighths = (int)(share * (double)(width * 8));
    *text = 0;
    for (unsigned i = 0; i < width; i++) {
        int here = eighths - 8 * (int)i;
        strcat(text, parts[here < 0 ? 0 : here > 8 ? 8 : here]);
    }
}

static const char *short_count(double n, char text[32])
{
    if (n >= 1e9)
        snprintf(text, 32, "%.2f G ", n / 1e9);
    else if (n >= 1e6)
        snprintf(text, 32, "%.1f M ", n / 1e6);
    else if (n >= 1e4)
        snprintf(text, 32, "%.0f k ", n / 1e3);
    else
        snprintf(text, 32, "%.0f ", n);
    return text;
}

/* "4 s" "12 min" "3 h 20 min": no finer than an estimate is. */
static void show_left(double seconds, char text[48])
{
    uint64_t s = seconds < 1e8 ? (uint64_t)(seconds + 0.5) : 100000000;
    if (s < 1)
        snprintf(text, 48, "  ETA < 1 s");
    else if (s < 100)
        snprintf(text, 48, "  ETA %d s", (int)s);
    else if (s < 6000)
        snprintf(text, 48, "  ETA %d min", (int)(s + 30) / 60);
    else
        snprintf(text, 48, "  ETA %d h %02d min", (int)(s / 3600), (int)(s / 60) % 60);
}

/* The figures, without the bar. */
static void describe(const struct cpl_progress *progress, const struct figures *f, char *text,
                     size_t size)
{
    char a[32], b[32], left[48] = "", share[16] = "", rejects[48] = "";
    if (f->share >= 0)
        snprintf(share, sizeof share, "%3.0f %%  ", f->share * 100);
    if (f->left >= 0)
        show_left(f->left, left);
    if (progress->rejects)
        snprintf(rejects, sizeof rejects, "  %s rejected", cpl_grouped(progress->rejects, a));
    snprintf(text, size, "%s%srows  %.*f MB/s  %srows/s%s%s", share,
             short_count((double)progress->rows, a), f->mb_s < 10 ? 1 : 0, f->mb_s,
             short_count(f->rows_s, b), left, rejects);
}

/* The two blanks before the last figure, or NULL. */
static char *last_gap(char *text)
{
    char *found = NULL;
    for (char *at = text; (at = strstr(at, "  ")) != NULL; at += 2)
        found = at > text ? at : found;
    return found;
}

static void show_bar(struct cpl_console *console, const struct cpl_progress *progress)
{
    char bar[WIDEST_BAR * 4 + 1] = "", text[LONGEST], line[LONGEST + 200];
    struct figures f = figures_of(progress);
    bool working = !strcmp(progress->phase, "work") || !strcmp(progress->phase, "widen");
    unsigned width = cpl_terminal_width(STDERR_FILENO);
    describe(progress, &f, text, sizeof text);
    size_t room = width > strlen(text) + 3 ? width - strlen(text) - 3 : 0;
    if (f.share >= 0 && room >= NARROWEST_BAR)
        draw_bar(f.share, room < WIDEST_BAR ? (unsigned)room : WIDEST_BAR, bar);
    for (char *gap = NULL; strlen(text) > width - 1 && (gap = last_gap(text));)
        *gap = 0;
    if (!working)
        snprintf(text, sizeof text, "%s …", progress->phase);
    int n = snprintf(line, sizeof line, "\r%s%s%s%s%.*s\033[K",
                     cpl_colour(console->colour, CPL_CYAN), working ? bar : "",
                     cpl_colour(console->colour, CPL_PLAIN_TEXT), *bar && working ? "  " : "",
                     (int)(width > 1 ? width - 1 : 79), text);
    console->bar_shown = true;
    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        console->bar = false;
}

static void show_line(struct cpl_console *console, const struct cpl_progress *progress)
{
    char text[LONGEST];
    struct figures f = figures_of(progress);
    describe(progress, &f, text, sizeof text);
    cpl_console_figures(console, text + strspn(text, " "), progress);
}

void cpl_console_progress(void *context, const struct cpl_progress *progress)
{
    struct cpl_console *console = context;
    double due = console->last_shown + (console->bar ? bar_seconds : line_seconds);
    bool last = progress->whole && console->last_shown > 0 && !strcmp(progress->phase, "work");
    if (progress->seconds < due && progress->seconds >= console->last_shown && !last)
        return;
    console->last_shown = progress->seconds;
    if (console->bar)
        show_bar(console, progress);
    else if (console->lines)
        show_line(console, progress);
}

void cpl_console_clear(struct cpl_console *console)
{
    static const char clear[] = "\r\033[K";
    if (console->bar_shown && write(STDERR_FILENO, clear, sizeof clear - 1) < 0)
        console->bar = false;
    console->bar_shown = false;
}

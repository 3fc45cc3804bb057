/* What people and log collectors see: messages, progress and results.
 *
 * Messages and progress go to standard error, results (--json, data of `-`) to standard output.
 * Colours and the progress bar are for terminals; NO_COLOR and TERM=dumb are honoured. With
 * `--log-format json` every line is one object {time, level, run_id, message …}, without run_id
 * where there is no run.
 * Whatever comes from data is made printable before it reaches a terminal.
 *
 * Threads: main thread only. */
#pragma once
#include "base/plural.h"
#include "command/command.h"
#include "run/run.h"

struct cpl_console {
    bool quiet;    /* errors only */
    bool json_log; /* --log-format json */
    bool colour;   /* standard error is a terminal that shows colours */
    bool bar;      /* draw a bar; else plain lines now and then, if `lines` */
    bool lines;
    const char *run_id; /* of the run going on, or NULL */
    bool bar_shown;
    double last_shown;
};
extern const struct cpl_flag cpl_console_flags[]; /* --quiet --log-format --progress */
void cpl_console_init(struct cpl_console *console, const struct cpl_arguments *arguments);

/* Before a command line is understood: does it ask for lines of JSON? */
void cpl_console_init_words(struct cpl_console *console, int argc, char **argv);

/* One line: `level` is "debug" "info" "warning" "error". */
void cpl_console_say(struct cpl_console *console, const char *level, const char *format, ...)
    CPL_PRINTF(3, 4);
/* The error as the last word; returns the exit status of its code. `console` may be NULL. */
int cpl_console_fail(struct cpl_console *console, const struct cpl_error *err);
/* Callbacks of a run; their context is the console. */
void cpl_console_progress(void *console, const struct cpl_progress *progress);
void cpl_console_log(void *console, const char *level, const char *message);
/* A line about progress: the text, and in JSON the figures. */
void cpl_console_figures(struct cpl_console *console, const char *text,
                         const struct cpl_progress *progress);
/* Take the bar away. */
void cpl_console_clear(struct cpl_console *console);

/* For reports on standard output: append text, whatever comes from data made printable; a line gets its end. No colours in the
 * format. */
bool cpl_show(struct cpl_buffer *out, struct cpl_error *err, const char *format, ...)
    CPL_PRINTF(3, 4);
bool cpl_show_line(struct cpl_buffer *out, struct cpl_error *err, const char *format, ...)
    CPL_PRINTF(3, 4);

/* A colour's escape sequence when colours are on, else "". */
enum cpl_colour { CPL_PLAIN_TEXT, CPL_BOLD, CPL_DIM, CPL_RED, CPL_GREEN, CPL_YELLOW, CPL_CYAN };
const char *cpl_colour(bool on, enum cpl_colour colour);
/* Does this descriptor show colours? */
bool cpl_colour_wanted(int fd);
/* Columns of the terminal at `fd`; 0 when it is none. */
unsigned cpl_terminal_width(int fd);

/* 12.3 MiB · 1.25 s, into `text`, which is returned. */
const char *cpl_show_size(uint64_t bytes, char text[32]);
const char *cpl_show_seconds(double seconds, char text[32]);

/* All of `data` to standard output. A reader who went away (EPIPE) is no error. */
bool cpl_print(const struct cpl_buffer *data, struct cpl_error *err) CPL_CHECKED;

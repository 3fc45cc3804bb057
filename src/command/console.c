/* Messages: lines for people, or one JSON object a line. */
#include "command/console.h"
#include "base/text.h"
#include "base/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct cpl_flag cpl_console_flags[] = {
    {.name = "quiet", .letter = 'q', .summary = "Say nothing but errors."},
    {.name = "progress",
     .argument = "WHEN",
     .values = "auto|yes|no",
     .summary = "Show progress: a bar on a terminal, else a line every 10 seconds."},
    {.name = "log-format",
     .argument = "FORMAT",
     .values = "text|json",
     .summary = "How messages are written to standard error; json: one object a line."},
    {.name = NULL},
};

void cpl_console_init(struct cpl_console *console, const struct cpl_arguments *arguments)
{
    const char *format = cpl_flag_value(arguments, "log-format");
    const char *progress = cpl_flag_value(arguments, "progress");
    const char *kind = getenv("TERM");
    bool terminal = cpl_terminal_width(STDERR_FILENO) > 0 && kind && strcmp(kind, "dumb") != 0;
    *console = (struct cpl_console){.quiet = cpl_flag_given(arguments, "quiet"),
                                    .json_log = format && !strcmp(format, "json"),
                                    .colour = cpl_colour_wanted(STDERR_FILENO)};
    bool wanted = !console->quiet && !(progress && !strcmp(progress, "no"));
    console->bar = wanted && terminal && !console->json_log;
    console->lines = wanted && !console->bar;
    console->colour &= !console->json_log;
}

void cpl_console_init_words(struct cpl_console *console, int argc, char **argv)
{
    static const char flag[] = "--log-format";
    *console = (struct cpl_console){.colour = cpl_colour_wanted(STDERR_FILENO)};
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strncmp(argv[i], flag, sizeof flag - 1) != 0)
            continue;
        const char *rest = argv[i] + sizeof flag - 1;
        const char *value = *rest == '=' ? rest + 1 : !*rest && i + 1 < argc ? argv[i + 1] : "";
        console->json_log = !strcmp(value, "json");
    }
    console->colour &= !console->json_log;
}

/* One write a line, so that lines of several processes do not mix. */
static void put_line(struct cpl_buffer *line)
{
    struct cpl_error err;
    if (!cpl_buffer_append(line, "\n", 1, &err))
        return;
    for (size_t at = 0; at < line->size;) {
        ssize_t n = write(STDERR_FILENO, line->data + at, line->size - at);
        if (n <= 0)
            return; /* nobody listens: there is nowhere to say so */
        at += (size_t)n;
    }
}

static void time_text(char text[40])
{
    struct timespec now;
    struct tm utc;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t n = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text + n, 40 - n, ".%03ldZ", now.tv_nsec / 1000000);
}

static void put_progress(struct cpl_json_writer *json, const struct cpl_progress *progress)
{
    cpl_json_object(json, "progress");
    cpl_json_string(json, "phase", progress->phase);
    cpl_json_uint(json, "bytes_done", progress->bytes_done);
    if (progress->bytes_total)
        cpl_json_uint(json, "bytes_total", progress->bytes_total);
    cpl_json_uint(json, "rows", progress->rows);
    cpl_json_uint(json, "rejects", progress->rejects);
    cpl_json_double(json, "seconds", progress->seconds);
    cpl_json_close(json);
}

static void say_json(const struct cpl_console *console, const char *level, const char *message,
                     const struct cpl_error *problem, const struct cpl_progress *progress)
{
    struct cpl_error err;
    struct cpl_buffer line = {0};
    struct cpl_json_writer json;
    char time[40];
    time_text(time);
    cpl_json_begin(&json, &line, 0, &err);
    cpl_json_object(&json, NULL);
    cpl_json_string(&json, "time", time);
    cpl_json_string(&json, "level", level);
    if (console->run_id && *console->run_id)
        cpl_json_string(&json, "run_id", console->run_id);
    if (problem)
        cpl_json_string(&json, "code", cpl_code_name(problem->code));
    cpl_json_string(&json, "message", message);
    if (progress)
        put_progress(&json, progress);
    cpl_json_close(&json);
    if (cpl_json_end(&json))
        put_line(&line);
    cpl_buffer_release(&line);
}

static void say_text(const struct cpl_console *console, const char *level, const char *message)
{
    struct cpl_error err;
    struct cpl_buffer line = {0};
    bool plain = !strcmp(level, "info"), colour = console->colour;
    enum cpl_colour shade = !strcmp(level, "error")     ? CPL_RED
                            : !strcmp(level, "warning") ? CPL_YELLOW
                                                        : CPL_DIM;
    bool ok = plain ? cpl_buffer_reserve(&line, 1, &err)
                    : cpl_buffer_printf(&line, &err, "cupel: %s%s:%s ", cpl_colour(colour, shade),
                                        level, cpl_colour(colour, CPL_PLAIN_TEXT));
    size_t from = line.size;
    if (ok && cpl_buffer_append_text(&line, message, &err)) {
        cpl_text_printable((char *)line.data + from, line.size - from);
        put_line(&line);
    }
    cpl_buffer_release(&line);
}

void cpl_console_say(struct cpl_console *console, const char *level, const char *format, ...)
{
    char message[1400];
    va_list args;
    bool is_error = !strcmp(level, "error");
    if ((console->quiet && !is_error) || (!console->json_log && !strcmp(level, "debug")))
        return;
    va_start(args, format);
    cpl_text_vset(message, sizeof message, format, args);
    va_end(args);
    cpl_console_clear(console);
    if (console->json_log)
        say_json(console, level, message, NULL, NULL);
    else
        say_text(console, level, message);
}

void cpl_console_figures(struct cpl_console *console, const char *text,
                         const struct cpl_progress *progress)
{
    if (console->json_log)
        say_json(console, "info", text, NULL, progress);
    else
        say_text(console, "info", text);
}

int cpl_console_fail(struct cpl_console *console, const struct cpl_error *err)
{
    struct cpl_console plain = {.colour = cpl_colour_wanted(STDERR_FILENO)};
    console = console ? console : &plain;
    cpl_console_clear(console);
    if (console->json_log)
        say_json(console, "error", err->message, err, NULL);
    else
        say_text(console, "error", err->message);
    return cpl_code_exit_status(err->code);
}

void cpl_console_log(void *console, const char *level, const char *message)
{
    cpl_console_say(console, level, "%s", message);
}

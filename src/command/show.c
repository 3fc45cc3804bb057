/* Numbers, colours and widths as people read them. */
#include "base/text.h"
#include "command/console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *cpl_colour(bool on, enum cpl_colour colour)
{
    static const char *const codes[] = {"\033[0m",  "\033[1m",  "\033[2m", "\033[31m",
                                        "\033[32m", "\033[33m", "\033[36m"};
    return on ? codes[colour] : "";
}

bool cpl_colour_wanted(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(fd);
}

unsigned cpl_terminal_width(int fd)
{
    struct winsize size = {0};
    if (!isatty(fd))
        return 0;
    if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
        return size.ws_col;
    return 80;
}

static bool show(struct cpl_buffer *out, struct cpl_error *err, const char *format, va_list args)
{
    size_t from = out->size;
    if (!cpl_buffer_vprintf(out, err, format, args))
        return false;
    cpl_text_printable((char *)out->data + from, out->size - from);
    return true;
}

bool cpl_show(struct cpl_buffer *out, struct cpl_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = show(out, err, format, args);
    va_end(args);
    return ok;
}

bool cpl_show_line(struct cpl_buffer *out, struct cpl_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool ok = show(out, err, format, args) && cpl_buffer_append(out, "\n", 1, err);
    va_end(args);
    return ok;
}

const char *cpl_show_size(uint64_t bytes, char text[32])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double value = (double)bytes;
    unsigned unit = 0;
    while (value >= 1000 && unit < 6) {
        value /= 1024;
        unit++;
    }
    snprintf(text, 32, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

const char *cpl_show_seconds(double seconds, char text[32])
{
    if (seconds < 1)
        snprintf(text, 32, "%.0f ms", seconds * 1000);
    else if (seconds < 100)
        snprintf(text, 32, "%.1f s", seconds);
    else if (seconds < 6000)
        snprintf(text, 32, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else if (seconds < 1e8)
        snprintf(text, 32, "%d h %02d min", (int)(seconds / 3600), (int)(seconds / 60) % 60);
    else
        snprintf(text, 32, "for ever");
    return text;
}

bool cpl_print(const struct cpl_buffer *data, struct cpl_error *err)
{
    for (size_t at = 0; at < data->size;) {
        ssize_t n = write(STDOUT_FILENO, data->data + at, data->size - at);
        if (n < 0 && errno == EPIPE)
            return true; /* whoever read this has seen enough */
        if (n < 0 && errno != EINTR)
            return cpl_fail_errno(err, errno, "cannot write to standard output");
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

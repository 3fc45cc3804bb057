/* The .env file beside a configuration: NAME=value lines for what the environment does not set.
 *
 * Understood: blank lines, # comments, an `export` in front, values plain (blanks and a " #comment"
 * at the end are cut), in '…' (taken as they are) or in "…" (with \n \r \t \" \\ \$), quoted ones
 * over several lines. Nothing is expanded. Anything else is an error with its line: a half-read
 * secret is worse than none. */
#include "config/interpolate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DOTENV = 1 << 20, MAX_NAMES = 10000 };

struct dotenv {
    struct cpl_variables *variables;
    const char *next;
    const char *name; /* of the file */
    unsigned line;
    size_t capacity;
    struct cpl_error *err;
};

static bool wrong(const struct dotenv *d, const char *what)
{
    return cpl_fail(d->err, CPL_E_CONFIG, "%s:%u: %s; a line is NAME=value", d->name, d->line,
                    what);
}

static bool is_name_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

static void skip_blanks(struct dotenv *d)
{
    while (*d->next == ' ' || *d->next == '\t')
        d->next++;
}

static bool keep(struct dotenv *d, const char *key, const char *value)
{
    struct cpl_pairs *pairs = &d->variables->dotenv;
    if (pairs->n == MAX_NAMES)
        return wrong(d, "more than 10000 names");
    if (pairs->n == d->capacity) {
        size_t capacity = d->capacity ? 2 * d->capacity : 16;
        struct cpl_pair *items = cpl_arena_alloc(d->variables->arena, capacity * sizeof *items,
                                                 d->err);
        if (!items)
            return false;
        if (pairs->n)
            memcpy(items, pairs->items, pairs->n * sizeof *items);
        pairs->items = items;
        d->capacity = capacity;
    }
    pairs->items[pairs->n++] = (struct cpl_pair){.key = key, .value = value};
    return true;
}

/* The character that a backslash in "…" stands for; others keep the backslash. */
static char unescape(char c)
{
    switch (c) {
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case '"':
    case '\\':
    case '$':
        return c;
    default:
        return 0;
    }
}

static const char *read_quoted(struct dotenv *d)
{
    char quote = *d->next++;
    const char *end = d->next;
    while (*end && *end != quote)
        end += quote == '"' && *end == '\\' && end[1] ? 2 : 1;
    size_t room = (size_t)(end - d->next);
    char *value = cpl_arena_alloc(d->variables->arena, room + 1, d->err), *out = value;
    if (!value)
        return NULL;
    if (!*end) {
        wrong(d, "a quote is not closed");
        return NULL;
    }
    while (d->next < end) {
        char c = *d->next++;
        d->line += c == '\n';
        char escaped = quote == '"' && c == '\\' ? unescape(*d->next) : 0;
        d->next += escaped != 0;
        *out++ = escaped ? escaped : c;
    }
    *out = 0;
    d->next = end + 1;
    return value;
}

static const char *read_plain(struct dotenv *d)
{
    const char *start = d->next;
    size_t length = strcspn(start, "\r\n");
    d->next += length;
    for (size_t i = 1; i < length; i++)
        if (start[i] == '#' && (start[i - 1] == ' ' || start[i - 1] == '\t'))
            length = i;
    while (length && (start[length - 1] == ' ' || start[length - 1] == '\t'))
        length--;
    return cpl_arena_strndup(d->variables->arena, start, length, d->err);
}

static bool read_assignment(struct dotenv *d)
{
    if (!strncmp(d->next, "export ", 7))
        d->next += 7;
    skip_blanks(d);
    const char *start = d->next;
    while (is_name_byte(*d->next))
        d->next++;
    size_t length = (size_t)(d->next - start);
    skip_blanks(d);
    if (!length || *d->next != '=')
        return wrong(d, "no `NAME=` here");
    d->next++;
    skip_blanks(d);
    const char *key = cpl_arena_strndup(d->variables->arena, start, length, d->err);
    bool quoted = *d->next == '"' || *d->next == '\'';
    const char *value = key ? (quoted ? read_quoted(d) : read_plain(d)) : NULL;
    return value && keep(d, key, value);
}

static bool read_line(struct dotenv *d)
{
    skip_blanks(d);
    if (!strchr("#\r\n", *d->next) && !read_assignment(d))
        return false;
    skip_blanks(d);
    if (*d->next == '#')
        d->next += strcspn(d->next, "\r\n");
    if (*d->next && *d->next != '\n' && *d->next != '\r')
        return wrong(d, "something stands behind the value");
    d->next += *d->next == '\r';
    if (*d->next == '\n') {
        d->next++;
        d->line++;
    }
    return true;
}

bool cpl_variables_parse_dotenv(struct cpl_variables *variables, const char *text, const char *name,
                                struct cpl_error *err)
{
    struct dotenv d = {.variables = variables, .next = text, .name = name, .line = 1, .err = err};
    if (!strncmp(text, "\xef\xbb\xbf", 3))
        d.next += 3;
    while (*d.next)
        if (!read_line(&d))
            return false;
    return true;
}

/* The whole file, NUL-terminated, in *text; *text == NULL when there is none. */
static bool read_file(const char *path, struct cpl_buffer *buffer, const char **text,
                      struct cpl_error *err)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ||
               cpl_fail_errno(err, errno, "cannot read %s", path);
    bool ok = false;
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        cpl_fail(err, CPL_E_CONFIG, "%s is not a file", path);
        goto out;
    }
    for (;;) {
        if (!cpl_buffer_reserve(buffer, 4096, err))
            goto out;
        ssize_t got = read(fd, buffer->data + buffer->size, 4096);
        if (got < 0 && errno != EINTR) {
            cpl_fail_errno(err, errno, "cannot read %s", path);
            goto out;
        }
        if (got == 0)
            break;
        buffer->size += got > 0 ? (size_t)got : 0;
    }
    *text = cpl_buffer_text(buffer, err);
    ok = *text != NULL;
    if (ok && strlen(*text) != buffer->size)
        ok = cpl_fail(err, CPL_E_CONFIG, "%s holds a NUL byte", path);
out:
    close(fd);
    return ok;
}

bool cpl_variables_read_dotenv(struct cpl_variables *variables, const char *directory,
                               struct cpl_error *err)
{
    struct cpl_buffer buffer = {.max = MAX_DOTENV};
    const char *text = NULL;
    char *path = cpl_format(err, "%s/.env", directory);
    bool ok = path && read_file(path, &buffer, &text, err);
    if (ok && text)
        ok = cpl_variables_parse_dotenv(variables, text, path, err);
    cpl_buffer_release(&buffer);
    cpl_free(path);
    return ok;
}

const char *cpl_variables_get(const struct cpl_variables *variables, const char *name)
{
    const char *value = getenv(name);
    if (value)
        return value;
    for (size_t i = variables->dotenv.n; i--;)
        if (!strcmp(variables->dotenv.items[i].key, name))
            return variables->dotenv.items[i].value;
    return strcmp(name, "CUPEL_CONFIG_DIR") ? NULL : variables->config_dir;
}

/* Secrets from files and programs: ${file:…} and ${exec:…}.
 *
 * Both are bounded in size, and a program in time; neither can hang the load: only regular files
 * are read, and a program that runs too long is killed with its children (it has a process group of
 * its own). There is no shell, so no character of the command has any power but blanks, quotes and
 * the backslash. */
#include "base/plural.h"
#include "config/interpolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64 };
extern char **environ;

/* The buffer as a text without newlines at its end. */
static const char *finish(struct cpl_buffer *buffer, struct cpl_arena *arena, const char *what,
                          const char *name, struct cpl_error *err)
{
    size_t size = buffer->size;
    while (size && (buffer->data[size - 1] == '\n' || buffer->data[size - 1] == '\r'))
        size--;
    if (size && memchr(buffer->data, 0, size)) {
        cpl_fail(err, CPL_E_CONFIG, "%s %.200s gave a NUL byte; a text is needed", what, name);
        return NULL;
    }
    return cpl_arena_strndup(arena, size ? (const char *)buffer->data : "", size, err);
}

/* One read into the buffer; *end at the end of the file. */
static bool read_some(int fd, struct cpl_buffer *buffer, bool *end, struct cpl_error *err)
{
    if (!cpl_buffer_reserve(buffer, 4096, err))
        return false;
    ssize_t got = read(fd, buffer->data + buffer->size, 4096);
    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return cpl_fail_errno(err, errno, "reading failed");
    *end = got == 0;
    buffer->size += got > 0 ? (size_t)got : 0;
    return true;
}

const char *cpl_secret_file(const char *path, struct cpl_arena *arena, struct cpl_error *err)
{
    struct cpl_buffer buffer = {.max = CPL_SECRET_MAX_BYTES + 8192};
    const char *text = NULL;
    bool end = false;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        cpl_fail_errno(err, errno, "cannot read ${file:%.200s}", path);
        return NULL;
    }
    if (fstat(fd, &info) || !S_ISREG(info.st_mode)) {
        cpl_fail(err, CPL_E_CONFIG, "${file:%.200s} is not a regular file", path);
        goto out;
    }
    while (!end && buffer.size <= CPL_SECRET_MAX_BYTES)
        if (!read_some(fd, &buffer, &end, err))
            goto out;
    if (!end)
        cpl_fail(err, CPL_E_LIMIT, "${file:%.200s} is longer than %d bytes", path,
                 CPL_SECRET_MAX_BYTES);
    else
        text = finish(&buffer, arena, "file", path, err);
out:
    close(fd);
    cpl_buffer_release(&buffer);
    return text;
}

/* ---- programs ---- */

/* The next word of *from into *out (NUL-terminated); false when a quote is not closed. */
static bool next_word(const char **from, char **out)
{
    const char *at = *from;
    char *to = *out, quote = 0;
    for (; *at && (quote || (*at != ' ' && *at != '\t')); at++) {
        if (quote && *at == quote)
            quote = 0;
        else if (!quote && (*at == '"' || *at == '\''))
            quote = *at;
        else if (*at == '\\' && quote != '\'' && at[1])
            *to++ = *++at;
        else
            *to++ = *at;
    }
    *to++ = 0;
    *from = at;
    *out = to;
    return !quote;
}

/* Words of `command` in argv, which ends with NULL; they live in `storage` (length + 1 bytes are
 * enough: a word's NUL takes the place of the blank behind it). */
static bool split_words(const char *command, char *storage, char *argv[MAX_WORDS + 1],
                        struct cpl_error *err)
{
    size_t n = 0;
    for (command += strspn(command, " \t"); *command; command += strspn(command, " \t")) {
        if (n == MAX_WORDS)
            return cpl_fail(err, CPL_E_CONFIG, "${exec:…} has more than %d words", MAX_WORDS);
        argv[n++] = storage;
        if (!next_word(&command, &storage))
            return cpl_fail(err, CPL_E_CONFIG, "${exec:…} has a quote that is not closed");
    }
    argv[n] = NULL;
    return n || cpl_fail(err, CPL_E_CONFIG, "${exec:} names no program");
}

static bool spawn(char **argv, int output, int errors, pid_t *pid, struct cpl_error *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    if (posix_spawn_file_actions_init(&actions))
        return cpl_fail(err, CPL_E_MEMORY, "out of memory");
    if (posix_spawnattr_init(&attributes)) {
        posix_spawn_file_actions_destroy(&actions);
        return cpl_fail(err, CPL_E_MEMORY, "out of memory");
    }
    int status = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!status)
        status = posix_spawn_file_actions_adddup2(&actions, output, 1);
    if (!status)
        status = posix_spawn_file_actions_adddup2(&actions, errors, 2);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (!status)
        status = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return !status || cpl_fail_errno(err, status, "cannot run %.200s", argv[0]);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A program at work, and what came from it. */
struct program {
    const char *name;
    pid_t pid;
    int output, errors;       /* our ends of its standard output and error; -1 = at their end */
    struct cpl_buffer *taken; /* of its output */
    uint64_t n_errors;        /* bytes on standard error: counted, never shown */
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool take_output(struct program *program, struct cpl_error *err)
{
    bool end = false;
    if (!read_some(program->output, program->taken, &end, err))
        return false;
    if (end)
        close_end(&program->output);
    return program->taken->size <= CPL_SECRET_MAX_BYTES ||
           cpl_fail(err, CPL_E_LIMIT, "%.200s printed more than %d bytes", program->name,
                    CPL_SECRET_MAX_BYTES);
}

static void count_errors(struct program *program)
{
    char bytes[4096];
    ssize_t got = read(program->errors, bytes, sizeof bytes);
    if (got > 0)
        program->n_errors += (uint64_t)got;
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(&program->errors);
}

/* Everything the program prints, until it closes its outputs, is too long, or too slow. */
static bool collect(struct program *program, struct cpl_error *err)
{
    int64_t deadline = now_ms() + CPL_EXEC_SECONDS * 1000;
    while (program->output >= 0 || program->errors >= 0) {
        int64_t left = deadline - now_ms();
        struct pollfd fds[] = {{.fd = program->output, .events = POLLIN},
                               {.fd = program->errors, .events = POLLIN}};
        int ready = left > 0 ? poll(fds, 2, (int)left) : 0;
        if (ready == 0)
            return cpl_fail(err, CPL_E_LIMIT, "%.200s did not end within %d seconds", program->name,
                            CPL_EXEC_SECONDS);
        if (ready < 0 && errno != EINTR)
            return cpl_fail_errno(err, errno, "waiting for %.200s failed", program->name);
        if (ready > 0 && fds[0].revents && !take_output(program, err))
            return false;
        if (ready > 0 && fds[1].revents)
            count_errors(program);
    }
    return true;
}

/* Wait up to the deadline that `collect` left; a program that closed its output but lingers is
 * killed. */
static bool reap(const struct program *program, bool kill_it, struct cpl_error *err)
{
    int status = 0;
    char note[120] = "";
    pid_t pid = program->pid;
    const char *name = program->name;
    int64_t deadline = now_ms() + CPL_EXEC_SECONDS * 1000;
    while (!kill_it) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            break;
        if (ended < 0 && errno != EINTR)
            return cpl_fail_errno(err, errno, "waiting for %.200s failed", name);
        kill_it = now_ms() > deadline;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (kill_it) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return cpl_fail(err, CPL_E_LIMIT, "%.200s did not end within %d seconds", name,
                        CPL_EXEC_SECONDS);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (program->n_errors)
        snprintf(note, sizeof note,
                 "; it wrote %s to standard error, not shown because it may hold a secret",
                 CPL_COUNTED(program->n_errors, "byte"));
    return cpl_fail(err, CPL_E_CONFIG, "%.200s failed (%s %d)%s", name,
                    WIFEXITED(status) ? "exit status" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), note);
}

static bool run(char **argv, struct cpl_buffer *buffer, struct cpl_error *err)
{
    int output[2] = {-1, -1}, errors[2] = {-1, -1};
    struct program program = {.name = argv[0], .taken = buffer};
    bool ok = false;
    if (pipe2(output, O_CLOEXEC) || pipe2(errors, O_CLOEXEC)) {
        cpl_fail_errno(err, errno, "cannot make a pipe");
        goto out;
    }
    bool started = spawn(argv, output[1], errors[1], &program.pid, err);
    close_end(&output[1]);
    close_end(&errors[1]);
    program.output = output[0];
    program.errors = errors[0];
    output[0] = errors[0] = -1;
    ok = started && collect(&program, err);
    close_end(&program.output);
    close_end(&program.errors);
    if (started)
        ok = reap(&program, !ok, ok ? err : NULL) && ok;
out:
    for (int i = 0; i < 2; i++) {
        close_end(&output[i]);
        close_end(&errors[i]);
    }
    return ok;
}

const char *cpl_secret_exec(const char *command, struct cpl_arena *arena, struct cpl_error *err)
{
    char *argv[MAX_WORDS + 1];
    struct cpl_buffer buffer = {.max = CPL_SECRET_MAX_BYTES + 8192};
    const char *text = NULL;
    char *words = cpl_alloc(strlen(command) + 2, err);
    if (words && split_words(command, words, argv, err) && run(argv, &buffer, err))
        text = finish(&buffer, arena, "program", argv[0], err);
    cpl_free(words);
    cpl_buffer_release(&buffer);
    return text;
}

/* Secrets from files and programs: ${file:…} and ${exec:…}.
 *
 * Both are bounded in size, and a program in time; neither can hang the load: only regular files
 * are read, and a program that runs too long is killed with its children (it has a process group of
 * its own). There is no shell, so no character of the command has any power but blanks, quotes and
 * the backslash. */
#include "config/interpolate.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
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

static bool spawn(char **argv, int output, pid_t *pid, struct cpl_error *err)
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

/* Everything the program prints, until it closes its output, is too long, or too slow. */
static bool collect(int fd, const char *program, struct cpl_buffer *buffer, struct cpl_error *err)
{
    int64_t deadline = now_ms() + CPL_EXEC_SECONDS * 1000;
    for (bool end = false; !end;) {
        int64_t left = deadline - now_ms();
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
        if (ready == 0)
            return cpl_fail(err, CPL_E_LIMIT, "%.200s did not end within %d seconds", program,
                            CPL_EXEC_SECONDS);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready < 0)
            return cpl_fail_errno(err, errno, "waiting for %.200s failed", program);
        if (!read_some(fd, buffer, &end, err))
            return false;
        if (buffer->size > CPL_SECRET_MAX_BYTES)
            return cpl_fail(err, CPL_E_LIMIT, "%.200s printed more than %d bytes", program,
                            CPL_SECRET_MAX_BYTES);
    }
    return true;
}

/* Wait up to the deadline that `collect` left; a program that closed its output but lingers is
 * killed. */
static bool reap(pid_t pid, bool kill_it, const char *program, struct cpl_error *err)
{
    int status = 0;
    int64_t deadline = now_ms() + CPL_EXEC_SECONDS * 1000;
    while (!kill_it) {
        pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid)
            break;
        if (ended < 0 && errno != EINTR)
            return cpl_fail_errno(err, errno, "waiting for %.200s failed", program);
        kill_it = now_ms() > deadline;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    if (kill_it) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            continue;
        return cpl_fail(err, CPL_E_LIMIT, "%.200s did not end within %d seconds", program,
                        CPL_EXEC_SECONDS);
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    return cpl_fail(err, CPL_E_CONFIG, "%.200s failed (%s %d)", program,
                    WIFEXITED(status) ? "exit status" : "signal",
                    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static bool run(char **argv, struct cpl_buffer *buffer, struct cpl_error *err)
{
    int ends[2];
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC))
        return cpl_fail_errno(err, errno, "cannot make a pipe");
    bool started = spawn(argv, ends[1], &pid, err);
    close(ends[1]);
    bool ok = started && collect(ends[0], argv[0], buffer, err);
    close(ends[0]);
    if (!started)
        return false;
    return reap(pid, !ok, argv[0], ok ? err : NULL) && ok;
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

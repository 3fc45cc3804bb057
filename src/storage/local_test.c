/* Local storage: listing, roots, staged writing, publishing, and every system call failing once. */
#include "storage/local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char home[256];
static struct cpl_storage *anywhere;

/* ---- helpers ---- */

static const char *at(const char *name)
{
    static char paths[8][512];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", home, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static bool there(const char *name)
{
    struct stat status;
    return !lstat(at(name), &status);
}

static size_t open_descriptors(void)
{
    size_t n = 0;
    DIR *entries = opendir("/proc/self/fd");
    while (readdir(entries))
        n++;
    closedir(entries);
    return n;
}

static size_t files_in(const char *name)
{
    size_t n = 0;
    DIR *entries = opendir(at(name));
    if (!entries)
        return 0;
    for (struct dirent *entry; (entry = readdir(entries));)
        n += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(entries);
    return n;
}

static int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR") ? getenv("TMPDIR") : "/var/tmp";
    snprintf(home, sizeof home, "%s/cupel-local-XXXXXX", base);
    struct cpl_error err;
    anywhere = cpl_storage_local(NULL, &err);
    return !mkdtemp(home) || !anywhere;
}

static int tear_down(void **state)
{
    (void)state;
    struct cpl_error err;
    bool ok = cpl_storage_remove_tree(anywhere, home, &err);
    struct stat status;
    ok = ok && lstat(home, &status) != 0;
    cpl_storage_free(anywhere);
    return !ok;
}

/* Names behind home, joined by spaces; "!CODE" on failure. */
static const char *listed(const char *pattern)
{
    static char text[1024];
    struct cpl_object_list list;
    struct cpl_error err = {0};
    text[0] = 0;
    if (!cpl_storage_list(anywhere, at(pattern), &list, &err)) {
        snprintf(text, sizeof text, "!%s", cpl_code_name(err.code));
        return text;
    }
    for (size_t i = 0; i < list.n; i++) {
        strcat(text, i ? " " : "");
        strcat(text, list.items[i].path + strlen(home) + 1);
    }
    cpl_object_list_release(&list);
    return text;
}

/* ---- listing ---- */

static void lists_in_name_order_without_hidden(void **state)
{
    (void)state;
    mkdir(at("d"), 0777);
    mkdir(at("d/sub"), 0777);
    mkdir(at("d/_cupel"), 0777);
    mkdir(at("d/.git"), 0777);
    put("d/b.csv", "1");
    put("d/a.csv", "22");
    put("d/a[1].csv", "3");
    put("d/sub/c.csv", "4");
    put("d/sub/d.json", "4");
    put("d/_SUCCESS", "");
    put("d/.hidden.csv", "");
    put("d/_cupel/x.csv", "");
    put("d/.git/y.csv", "");
    assert_string_equal(listed("d"), "d/a.csv d/a[1].csv d/b.csv d/sub/c.csv d/sub/d.json");
    assert_string_equal(listed("d/*.csv"), "d/a.csv d/a[1].csv d/b.csv");
    assert_string_equal(listed("d/**/*.csv"), "d/a.csv d/a[1].csv d/b.csv d/sub/c.csv");
    assert_string_equal(listed("d/**"),
                        "d/_SUCCESS d/a.csv d/a[1].csv d/b.csv d/sub/c.csv d/sub/d.json");
    assert_string_equal(listed("d/*S"), "d/_SUCCESS");
    assert_string_equal(listed("d/*/x.csv"), "!NOT_FOUND");
    assert_string_equal(listed("d/.h*"), "d/.hidden.csv");
    assert_string_equal(listed("d/{b,a,a}.csv"), "d/a.csv d/b.csv");
    assert_string_equal(listed("d/{sub/{c.csv,d.json},b.csv}"), "d/b.csv d/sub/c.csv d/sub/d.json");
    assert_string_equal(listed("d/[!a].csv"), "d/b.csv");
    assert_string_equal(listed("d/?.csv"), "d/a.csv d/b.csv");
    assert_string_equal(listed("d/a[1].csv"), "d/a[1].csv"); /* stands there literally */
    assert_string_equal(listed("d/a\\[1].csv"), "d/a[1].csv");
    assert_string_equal(listed("d/_c*/*"), "d/_cupel/x.csv");
    assert_string_equal(listed("d/s*/"), "d/sub/c.csv d/sub/d.json");
    assert_string_equal(listed("d/s*"), "!NOT_FOUND");
    assert_string_equal(listed("d/nothing.csv"), "!NOT_FOUND");
    assert_string_equal(listed("*/sub/*.json"), "d/sub/d.json");
    assert_string_equal(listed("d/sub/../b.csv"), "d/sub/../b.csv");
}

static void tells_of_data_left_out_of_directories(void **state)
{
    struct cpl_error err = {0};
    struct cpl_object_list list;
    (void)state;
    mkdir(at("left"), 0777);
    mkdir(at("left/_dir.csv"), 0777);
    put("left/a.csv", "1");
    put("left/_b.CSV.gz", "1");
    put("left/.c.json", "1");
    put("left/._a.csv", "macOS");
    put("left/_SUCCESS", "");
    put("left/_dir.csv/d.csv", "1");
    assert_true(cpl_storage_list(anywhere, at("left"), &list, &err));
    assert_int_equal(list.n, 1);
    assert_int_equal(list.left_out, 3);
    assert_string_equal(list.left_out_path, at("left/.c.json"));
    cpl_object_list_release(&list);
    mkdir(at("left/_cupel"), 0777);
    put("left/_cupel/log.json", "1");
    assert_true(cpl_storage_list(anywhere, at("left/**/*.csv"), &list, &err));
    assert_int_equal(list.n, 1);
    assert_int_equal(list.left_out, 1);
    assert_string_equal(list.left_out_path, at("left/_dir.csv/d.csv"));
    cpl_object_list_release(&list);
    assert_true(cpl_storage_list(anywhere, at("left/*"), &list, &err));
    assert_int_equal(list.n, 3);
    assert_int_equal(list.left_out, 0);
    cpl_object_list_release(&list);
}

static void survives_loops(void **state)
{
    (void)state;
    mkdir(at("loop"), 0777);
    mkdir(at("loop/in"), 0777);
    put("loop/in/f", "1");
    assert_int_equal(symlink("..", at("loop/in/up")), 0);
    assert_int_equal(symlink(".", at("loop/self")), 0);
    assert_string_equal(listed("loop"), "loop/in/f");
    assert_string_equal(listed("loop/**/f"), "loop/in/f");
    assert_int_equal(symlink("nowhere", at("loop/dangling")), 0);
    assert_string_equal(listed("loop"), "!NOT_FOUND");
    unlink(at("loop/dangling"));
    assert_int_equal(symlink("round", at("loop/round")), 0);
    assert_string_equal(listed("loop"), "!IO");
}

static void stat_has_identity(void **state)
{
    (void)state;
    struct cpl_error err;
    struct cpl_object_info info;
    put("s", "12345");
    assert_true(cpl_storage_stat(anywhere, at("s"), &info, &err));
    assert_int_equal(info.size, 5);
    assert_int_equal(strncmp(info.etag, "5-", 2), 0);
    cpl_free(info.path);
    bool exists;
    assert_true(cpl_storage_exists(anywhere, at("s"), &exists, &err) && exists);
    assert_true(cpl_storage_exists(anywhere, at("no/s"), &exists, &err) && !exists);
}

/* ---- reading ---- */

static void reads_ranges(void **state)
{
    (void)state;
    struct cpl_error err;
    put("r", "0123456789");
    struct cpl_reader *reader = cpl_reader_open(anywhere, at("r"), &err);
    assert_non_null(reader);
    char data[16] = {0};
    size_t got;
    cpl_storage_fault(CPL_FAULT_READ, 1, EINTR);
    assert_true(cpl_reader_at(reader, 4, data, 3, &got, &err));
    assert_int_equal(got, 3);
    assert_memory_equal(data, "456", 3);
    assert_true(cpl_reader_at(reader, 8, data, 9, &got, &err));
    assert_int_equal(got, 2);
    assert_true(cpl_reader_at(reader, 99, data, 9, &got, &err));
    assert_int_equal(got, 0);
    assert_false(cpl_reader_at(reader, UINT64_MAX - 1, data, 9, &got, &err));
    cpl_storage_fault(CPL_FAULT_READ, 1, EIO);
    assert_false(cpl_reader_at(reader, 0, data, 3, &got, &err));
    assert_int_equal(err.code, CPL_E_IO);
    cpl_reader_close(reader);
    assert_null(cpl_reader_open(anywhere, home, &err));
    assert_int_equal(mkfifo(at("fifo"), 0600), 0);
    assert_null(cpl_reader_open(anywhere, at("fifo"), &err)); /* and does not hang */
    assert_int_equal(err.code, CPL_E_UNSUPPORTED);
    struct cpl_buffer all = {0};
    assert_true(cpl_storage_read_all(anywhere, at("r"), 10, &all, &err));
    assert_int_equal(all.size, 10);
    assert_false(cpl_storage_read_all(anywhere, at("r"), 9, &all, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    cpl_buffer_release(&all);
}

/* ---- approved roots ---- */

static void roots_hold(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    mkdir(at("in"), 0777);
    mkdir(at("in/deep"), 0777);
    mkdir(at("out"), 0777);
    mkdir(at("inside"), 0777); /* shares a prefix with the root */
    put("in/a", "1");
    put("out/b", "2");
    put("inside/c", "3");
    assert_int_equal(symlink("../out", at("in/link")), 0);
    assert_int_equal(symlink("../out/new", at("in/dangling")), 0);
    assert_int_equal(symlink("in", at("way_in")), 0);
    const char *roots[] = {at("in")};
    struct cpl_storage_limits limits = {.allowed_paths = roots, .n_allowed = 1};
    struct cpl_storage *storage = cpl_storage_local(&limits, &err);
    assert_non_null(storage);

    static const char *const refused[] = {"out/b",
                                          "in/../out/b",
                                          "in/link/b",
                                          "in/deep/../../out/b",
                                          "in/link/new/er",
                                          "in/dangling",
                                          "inside/c",
                                          ".",
                                          "in/nothing/../../out/b",
                                          "in/link/../in/../out/b"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        err = (struct cpl_error){0};
        char *resolved = cpl_storage_resolve(storage, at(refused[i]), &err);
        assert_null(resolved);
        assert_int_equal(err.code, CPL_E_PERMISSION);
        assert_null(cpl_reader_open(storage, at(refused[i]), &err));
        assert_int_equal(err.code, CPL_E_PERMISSION);
    }
    static const char *const allowed[] = {"in",       "in/a",        "in/new/er",
                                          "way_in/a", "out/../in/a", "in/link/../in/a"};
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        char *resolved = cpl_storage_resolve(storage, at(allowed[i]), &err);
        assert_non_null(resolved);
        cpl_free(resolved);
    }
    struct cpl_reader *reader = cpl_reader_open(storage, at("way_in/a"), &err);
    assert_non_null(reader);
    cpl_reader_close(reader);
    enum cpl_create_result created;
    assert_false(cpl_storage_create_exclusive(storage, at("in/link/x"), "x", 1, &created, &err));
    assert_int_equal(err.code, CPL_E_PERMISSION);
    assert_false(cpl_storage_make_dirs(storage, at("in/link/d"), &err));
    assert_false(cpl_storage_remove(storage, at("out/b"), &err));
    assert_false(cpl_storage_remove_tree(storage, at("in/link/b"), &err));
    assert_null(cpl_writer_open(storage, at("in/stage"), at("out/x"), &err));
    assert_null(cpl_writer_open(storage, at("out/stage"), at("in/x"), &err));
    assert_true(cpl_storage_create_exclusive(storage, at("in/n/x"), "x", 1, &created, &err));
    assert_false(there("out/x") || there("out/d") || there("out/stage"));
    struct cpl_object_list list;
    assert_false(cpl_storage_list(storage, at("in"), &list,
                                  &err)); /* a link leads out: said, not left out */
    assert_int_equal(err.code, CPL_E_PERMISSION);
    assert_true(cpl_storage_list(storage, at("in/*a"), &list, &err));
    assert_int_equal(list.n, 1);
    cpl_object_list_release(&list);
    cpl_storage_free(storage);
    struct cpl_storage_limits nothing = {.allowed_paths = roots, .n_allowed = 0};
    storage = cpl_storage_local(&nothing, &err);
    assert_non_null(storage);
    assert_null(cpl_storage_resolve(storage, at("in/a"), &err));
    cpl_storage_free(storage);
}

/* What was resolved and checked is opened without following any link, so that a change in between is refused. */
static void links_slipped_in_are_refused(void **state)
{
    (void)state;
    mkdir(at("real"), 0777);
    put("real/f", "1");
    assert_int_equal(symlink("real", at("slipped")), 0);
    assert_int_equal(symlink("f", at("real/g")), 0);
    assert_int_equal(cpl_call_open_beneath(AT_FDCWD, at("slipped/f"), O_RDONLY, 0), -1);
    assert_int_equal(errno, ELOOP);
    assert_int_equal(cpl_call_open_beneath(AT_FDCWD, at("real/g"), O_RDONLY, 0), -1);
    assert_int_equal(errno, ELOOP);
    /* a kernel or sandbox without openat2 */
    cpl_storage_fault(CPL_FAULT_OPEN, 1, ENOSYS);
    assert_int_equal(cpl_call_open_beneath(AT_FDCWD, at("slipped/f"), O_RDONLY, 0), -1);
    assert_int_equal(errno, ELOOP);
    cpl_storage_fault(CPL_FAULT_OPEN, 1, ENOSYS);
    int fd = cpl_call_open_beneath(AT_FDCWD, at("real/f"), O_RDONLY, 0);
    assert_true(fd >= 0);
    close(fd);
}

/* ---- staged writing ---- */

static void fill_pattern(uint8_t *data, size_t size)
{
    uint32_t x = 12345;
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)((x = x * 1103515245u + 12345u) >> 16);
}

/* Stage `size` bytes in pieces; the writer's answer. */
static bool stage(const uint8_t *data, size_t size, size_t piece, struct cpl_staged *staged,
                  struct cpl_error *err)
{
    *staged = (struct cpl_staged){0};
    struct cpl_writer *writer = cpl_writer_open(anywhere, at("stage/run"), at("lake/f.parquet"),
                                                err);
    if (!writer)
        return false;
    bool ok = true;
    for (size_t done = 0; ok && done < size; done += piece) {
        size_t n = size - done < piece ? size - done : piece;
        ok = cpl_writer_write(writer, data + done, n, err);
        if (ok)
            assert_int_equal(cpl_writer_offset(writer), done + n);
    }
    ok = ok && cpl_writer_finish(writer, staged, err);
    if (!ok) { /* poisoned for good */
        struct cpl_error again = {0};
        assert_false(cpl_writer_write(writer, "x", 1, &again));
        assert_string_equal(again.message, err->message);
        assert_false(cpl_writer_finish(writer, staged, &again));
    }
    cpl_writer_close(writer);
    return ok;
}

static void check_file(const char *name, const uint8_t *data, size_t size)
{
    struct cpl_buffer all = {0};
    struct cpl_error err;
    assert_true(cpl_storage_read_all(anywhere, at(name), size + 1, &all, &err));
    assert_int_equal(all.size, size);
    if (size)
        assert_memory_equal(all.data, data, size);
    cpl_buffer_release(&all);
}

static void writes_any_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     1,       4095,          4096,           65536,
                                   65537, 1 << 20, (1 << 20) + 7, 3145728 + 4097, 9 << 20};
    uint8_t *data = malloc(9 << 20);
    fill_pattern(data, 9 << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct cpl_staged staged;
        struct cpl_error err;
        enum cpl_publish_result result;
        assert_true(stage(data, sizes[i], i % 2 ? 1000 : 300001, &staged, &err));
        assert_int_equal(staged.size, sizes[i]);
        assert_false(there("lake/f.parquet"));
        assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
        assert_int_equal(result, CPL_PUBLISHED);
        check_file("lake/f.parquet", data, sizes[i]);
        uint64_t size;
        char checksum[40];
        assert_true(cpl_storage_checksum(anywhere, at("lake/f.parquet"), &size, checksum, &err));
        assert_string_equal(checksum, staged.checksum);
        assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
        assert_int_equal(result, CPL_ALREADY_PUBLISHED);
        put("lake/f.parquet", "another");
        assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
        assert_int_equal(result, CPL_TARGET_TAKEN);
        assert_true(cpl_storage_remove(anywhere, at("lake/f.parquet"), &err));
        assert_true(cpl_storage_remove(anywhere, at("lake/f.parquet"), &err));
        assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
        assert_int_equal(result, CPL_TOKEN_GONE);
        cpl_staged_release(&staged);
    }
    free(data);
}

static void checksum_is_xxh3(void **state)
{
    (void)state;
    struct cpl_staged staged;
    struct cpl_error err;
    assert_true(stage((const uint8_t *)"", 0, 1, &staged, &err));
    assert_string_equal(staged.checksum, "xxh3:99aa06d3014798d86001c324468d497f");
    assert_true(cpl_storage_remove(anywhere, staged.token, &err));
    cpl_staged_release(&staged);
}

static void close_without_finish_removes(void **state)
{
    (void)state;
    struct cpl_error err;
    struct cpl_writer *writer = cpl_writer_open(anywhere, at("gone"), at("lake/x"), &err);
    assert_non_null(writer);
    assert_true(cpl_writer_write(writer, "abc", 3, &err));
    assert_int_equal(files_in("gone"), 1);
    cpl_writer_close(writer);
    assert_int_equal(files_in("gone"), 0);
    cpl_writer_close(NULL);
}

static void never_overwrites(void **state)
{
    (void)state;
    struct cpl_staged staged;
    struct cpl_error err;
    enum cpl_publish_result result;
    assert_true(stage((const uint8_t *)"new", 3, 3, &staged, &err));
    put("lake/f.parquet", "old");
    assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
    assert_int_equal(result, CPL_TARGET_TAKEN);
    check_file("lake/f.parquet", (const uint8_t *)"old", 3);
    assert_true(cpl_storage_remove(anywhere, at("lake/f.parquet"), &err));
    /* cut off between link and unlink */
    assert_int_equal(link(staged.token, at("lake/f.parquet")), 0);
    assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
    assert_int_equal(result, CPL_PUBLISHED);
    assert_int_equal(access(staged.token, F_OK), -1);
    assert_true(cpl_storage_remove(anywhere, at("lake/f.parquet"), &err));
    cpl_staged_release(&staged);
    /* a file system without renameat2's flag */
    assert_true(stage((const uint8_t *)"new", 3, 3, &staged, &err));
    cpl_storage_fault(CPL_FAULT_RENAME, 1, EINVAL);
    assert_true(cpl_storage_publish(anywhere, &staged, &result, &err));
    assert_int_equal(result, CPL_PUBLISHED);
    check_file("lake/f.parquet", (const uint8_t *)"new", 3);
    assert_true(cpl_storage_remove(anywhere, at("lake/f.parquet"), &err));
    cpl_staged_release(&staged);
}

static void create_exclusive_once(void **state)
{
    (void)state;
    struct cpl_error err;
    enum cpl_create_result result;
    assert_true(cpl_storage_create_exclusive(anywhere, at("log/1.json"), "one", 3, &result, &err));
    assert_int_equal(result, CPL_CREATED);
    assert_true(cpl_storage_create_exclusive(anywhere, at("log/1.json"), "two", 3, &result, &err));
    assert_int_equal(result, CPL_EXISTS);
    check_file("log/1.json", (const uint8_t *)"one", 3);
    assert_int_equal(files_in("log"), 1);
    /* lost in the rename itself, and by link */
    cpl_storage_fault(CPL_FAULT_RENAME, 1, EEXIST);
    assert_true(cpl_storage_create_exclusive(anywhere, at("log/2.json"), "x", 1, &result, &err));
    assert_int_equal(result, CPL_EXISTS);
    cpl_storage_fault(CPL_FAULT_RENAME, 1, EINVAL);
    assert_true(cpl_storage_create_exclusive(anywhere, at("log/3.json"), "y", 1, &result, &err));
    assert_int_equal(result, CPL_CREATED);
    assert_int_equal(files_in("log"), 2);
}

/* ---- faults ---- */

enum { FAULT_BYTES = 4300000 };

/* The whole way of one file with one fault armed. True = published. */
static bool whole_way(const uint8_t *data, struct cpl_error *err)
{
    struct cpl_staged staged;
    enum cpl_publish_result result;
    bool ok = stage(data, FAULT_BYTES, 300001, &staged, err);
    ok = ok && cpl_storage_sync_dir(anywhere, at("stage/run"), err) &&
         cpl_storage_publish(anywhere, &staged, &result, err) &&
         cpl_storage_sync_dir(anywhere, at("lake"), err);
    if (staged.token) /* twice, for the armed fault may hit the first */
        assert_true(cpl_storage_remove(anywhere, staged.token, NULL) ||
                    cpl_storage_remove(anywhere, staged.token, NULL));
    cpl_staged_release(&staged);
    return ok;
}

static void every_call_fails_once(void **state)
{
    (void)state;
    static const enum cpl_fault_call calls[] = {
        CPL_FAULT_OPEN,   CPL_FAULT_WRITE, CPL_FAULT_SHORT_WRITE, CPL_FAULT_FSYNC,
        CPL_FAULT_RENAME, CPL_FAULT_MKDIR, CPL_FAULT_CLOSE};
    static const int errnums[] = {ENOSPC, EIO, EINTR};
    uint8_t *data = malloc(FAULT_BYTES);
    fill_pattern(data, FAULT_BYTES);
    size_t descriptors = open_descriptors();
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (size_t e = 0; e < 3; e++) {
            int failures = 0;
            bool only_error_code_differs = errnums[e] == ENOSPC && calls[c] != CPL_FAULT_WRITE;
            if (only_error_code_differs)
                continue;
            for (uint64_t n = 1; n <= 9; n++) {
                struct cpl_error err = {0};
                assert_true(cpl_storage_remove_tree(anywhere, at("lake"), &err));
                assert_true(cpl_storage_remove_tree(anywhere, at("stage"), &err));
                cpl_storage_fault(calls[c], n, errnums[e]);
                bool ok = whole_way(data, &err);
                cpl_storage_fault(calls[c], 0, 0);
                failures += !ok;
                if (!ok)
                    assert_int_equal(err.code, errnums[e] == ENOSPC ? CPL_E_SPACE : CPL_E_IO);
                if (ok || there("lake/f.parquet"))
                    check_file("lake/f.parquet", data, FAULT_BYTES); /* visible means whole */
                assert_true(files_in("lake") <= 1);
                assert_int_equal(files_in("stage/run"), 0);
            }
            if (errnums[e] == EINTR || calls[c] == CPL_FAULT_SHORT_WRITE)
                assert_int_equal(failures, 0);
            else
                assert_true(failures > 0);
        }
    }
    assert_int_equal(open_descriptors(), descriptors);
    free(data);
}

static void direct_refused_is_buffered(void **state)
{
    (void)state;
    uint8_t *data = malloc(FAULT_BYTES);
    fill_pattern(data, FAULT_BYTES);
    for (uint64_t n = 1; n <= 3; n++) {
        struct cpl_error err;
        assert_true(cpl_storage_remove_tree(anywhere, at("lake"), &err));
        cpl_storage_fault(CPL_FAULT_WRITE, n, EINVAL); /* at a write */
        assert_true(whole_way(data, &err));
        check_file("lake/f.parquet", data, FAULT_BYTES);
        cpl_storage_fault(CPL_FAULT_WRITE, 0, 0);
    }
    free(data);
}

static void create_exclusive_faults(void **state)
{
    (void)state;
    static const enum cpl_fault_call calls[] = {CPL_FAULT_OPEN,   CPL_FAULT_WRITE, CPL_FAULT_FSYNC,
                                                CPL_FAULT_RENAME, CPL_FAULT_MKDIR, CPL_FAULT_CLOSE};
    size_t descriptors = open_descriptors();
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++) {
        for (uint64_t n = 1; n <= 4; n++) {
            struct cpl_error err = {0};
            enum cpl_create_result result;
            assert_true(cpl_storage_remove_tree(anywhere, at("log"), &err));
            cpl_storage_fault(calls[c], n, EIO);
            bool ok = cpl_storage_create_exclusive(anywhere, at("log/r.json"), "record", 6, &result,
                                                   &err);
            cpl_storage_fault(calls[c], 0, 0);
            if (ok || there("log/r.json"))
                check_file("log/r.json", (const uint8_t *)"record", 6);
            assert_int_equal(files_in("log"), there("log/r.json"));
        }
    }
    assert_int_equal(open_descriptors(), descriptors);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    uint8_t *data = malloc(FAULT_BYTES);
    fill_pattern(data, FAULT_BYTES);
    const char *roots[] = {home};
    struct cpl_storage_limits limits = {.allowed_paths = roots, .n_allowed = 1};
    put("plain", "x");
    struct cpl_storage *before = anywhere;
    size_t descriptors = open_descriptors();
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct cpl_error err = {0};
        struct cpl_object_list list;
        assert_true(cpl_storage_remove_tree(before, at("lake"), &err));
        cpl_memory_fail_at(n);
        struct cpl_storage *storage = cpl_storage_local(&limits, &err);
        anywhere = storage;
        done = storage && whole_way(data, &err) &&
               cpl_storage_list(storage, at("{lake,pl*}/**"), &list, &err);
        cpl_memory_fail_at(0);
        if (done)
            cpl_object_list_release(&list);
        else
            assert_int_equal(err.code, CPL_E_MEMORY);
        cpl_storage_free(storage);
        anywhere = before;
        assert_true(cpl_storage_remove_tree(before, at("stage"), &err));
        assert_true(n < 1000);
    }
    assert_int_equal(open_descriptors(), descriptors);
    free(data);
}

static void remove_tree_stays_inside(void **state)
{
    (void)state;
    struct cpl_error err;
    mkdir(at("keep"), 0777);
    put("keep/me", "1");
    mkdir(at("away"), 0777);
    assert_int_equal(symlink(at("keep"), at("away/link")), 0);
    put("away/f", "1");
    assert_true(cpl_storage_remove_tree(anywhere, at("away/"), &err));
    assert_false(there("away"));
    assert_true(there("keep/me"));
    assert_true(cpl_storage_remove_tree(anywhere, at("away/x/y"), &err));
    assert_false(cpl_storage_remove_tree(anywhere, "/", &err));
}

/* ---- readers that rest ---- */

static void expect_text(struct cpl_reader *reader, const char *text)
{
    char data[32];
    size_t got;
    struct cpl_error err = {0};
    assert_true(cpl_reader_at(reader, 0, data, sizeof data, &got, &err));
    assert_int_equal(got, strlen(text));
    assert_memory_equal(data, text, got);
}

static void a_resting_reader_is_opened_again(void **state)
{
    struct cpl_error err = {0};
    (void)state;
    put("rest.csv", "a\n1\n");
    struct cpl_storage *storage = cpl_storage_local(NULL, &err);
    assert_non_null(storage);
    storage->most_resting = 1;
    size_t before = open_descriptors();
    struct cpl_reader *first = cpl_reader_open(storage, at("rest.csv"), &err);
    struct cpl_reader *second = cpl_reader_open(storage, at("rest.csv"), &err);
    assert_int_equal(open_descriptors(), before + 2);
    cpl_reader_rest(first);
    cpl_reader_rest(second); /* the budget is one */
    assert_int_equal(open_descriptors(), before + 1);
    expect_text(first, "a\n1\n");
    expect_text(second, "a\n1\n");
    assert_int_equal(open_descriptors(), before + 1);
    assert_true(cpl_reader_hold(second, &err));
    assert_true(cpl_reader_hold(second, &err));
    cpl_reader_rest(second);
    assert_int_equal(open_descriptors(), before + 2);
    cpl_reader_close(second);
    cpl_reader_close(first);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(atomic_load(&storage->resting), 0);
    cpl_storage_free(storage);
}

static void expect_changed(struct cpl_reader *reader)
{
    char data[32];
    size_t got;
    struct cpl_error err = {0};
    assert_false(cpl_reader_at(reader, 0, data, sizeof data, &got, &err));
    assert_int_equal(err.code, CPL_E_DATA);
    assert_non_null(strstr(err.message, "changed or replaced"));
    assert_non_null(strstr(err.message, "rest.csv"));
}

static void a_resting_reader_that_changed_is_refused(void **state)
{
    struct cpl_error err = {0};
    struct stat status;
    (void)state;
    struct cpl_storage *storage = cpl_storage_local(NULL, &err);
    storage->most_resting = 0;
    put("rest.csv", "a\n1\n");
    struct cpl_reader *reader = cpl_reader_open(storage, at("rest.csv"), &err);
    cpl_reader_rest(reader);
    expect_text(reader, "a\n1\n");
    put("other.csv", "a\n2\n"); /* as long, and as old */
    assert_int_equal(stat(at("rest.csv"), &status), 0);
    struct timespec times[2] = {status.st_atim, status.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, at("other.csv"), times, 0), 0);
    assert_int_equal(rename(at("other.csv"), at("rest.csv")), 0);
    expect_changed(reader);
    cpl_reader_close(reader);

    reader = cpl_reader_open(storage, at("rest.csv"), &err);
    cpl_reader_rest(reader);
    put("rest.csv", "a\n2\n3\n");
    expect_changed(reader);
    unlink(at("rest.csv"));
    assert_false(cpl_reader_hold(reader, &err));
    assert_int_equal(err.code, CPL_E_NOT_FOUND);
    cpl_reader_close(reader);
    cpl_storage_free(storage);
}

/* ---- locks ---- */

static void a_lock_has_one_holder(void **state)
{
    (void)state;
    struct cpl_lock *one, *two;
    enum cpl_lock_result result;
    struct cpl_error err = {0};
    size_t before = open_descriptors();
    assert_true(cpl_storage_lock(anywhere, at("locked"), 0, &one, &result, &err));
    assert_int_equal(result, CPL_LOCK_NO_DIRECTORY);
    assert_int_equal(mkdir(at("locked"), 0755), 0);
    assert_true(cpl_storage_lock(anywhere, at("locked"), 0, &one, &result, &err));
    assert_int_equal(result, CPL_LOCKED);
    assert_true(cpl_storage_lock(anywhere, at("locked"), 20, &two, &result, &err));
    assert_int_equal(result, CPL_LOCK_BUSY);
    assert_null(two);
    cpl_storage_unlock(one);
    assert_true(cpl_storage_lock(anywhere, at("locked"), 0, &two, &result, &err));
    assert_int_equal(result, CPL_LOCKED);
    cpl_storage_unlock(two);
    assert_int_equal(rmdir(at("locked")), 0);
    assert_int_equal(open_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_in_name_order_without_hidden),
        cmocka_unit_test(tells_of_data_left_out_of_directories),
        cmocka_unit_test(survives_loops),
        cmocka_unit_test(stat_has_identity),
        cmocka_unit_test(reads_ranges),
        cmocka_unit_test(roots_hold),
        cmocka_unit_test(links_slipped_in_are_refused),
        cmocka_unit_test(writes_any_size),
        cmocka_unit_test(checksum_is_xxh3),
        cmocka_unit_test(close_without_finish_removes),
        cmocka_unit_test(never_overwrites),
        cmocka_unit_test(create_exclusive_once),
        cmocka_unit_test(every_call_fails_once),
        cmocka_unit_test(direct_refused_is_buffered),
        cmocka_unit_test(create_exclusive_faults),
        cmocka_unit_test(every_allocation_fails_once),
        cmocka_unit_test(a_lock_has_one_holder),
        cmocka_unit_test(remove_tree_stays_inside),
        cmocka_unit_test(a_resting_reader_is_opened_again),
        cmocka_unit_test(a_resting_reader_that_changed_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* ${…}: variables, defaults, files, programs, .env; what is refused, and that values are not read
 * again. */
#include "config/interpolate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sys/stat.h>

struct fixture {
    struct cpl_arena arena;
    struct cpl_variables variables;
    struct cpl_node node;
    struct cpl_error err;
};

static bool takes_secret(const struct cpl_node *node)
{
    return !node->key || strcmp(node->key, "open") != 0;
}

static bool expand(struct fixture *f, const char *text)
{
    f->variables.arena = &f->arena;
    f->variables.takes_secret = takes_secret;
    f->node = (struct cpl_node){.kind = CPL_NODE_SCALAR, .text = text, .quoted = true};
    return cpl_interpolate(&f->node, &f->variables, NULL, &f->err);
}

static void expect(const char *text, const char *result)
{
    struct fixture f = {0};
    if (!expand(&f, text))
        fail_msg("%s", f.err.message);
    assert_string_equal(f.node.text, result);
    cpl_arena_release(&f.arena);
}

static void expect_error(const char *text, bool allow_exec, enum cpl_code code, const char *part)
{
    struct fixture f = {.variables = {.allow_exec = allow_exec}};
    assert_false(expand(&f, text));
    if (!strstr(f.err.message, part))
        fail_msg("`%s` does not hold `%s`", f.err.message, part);
    assert_int_equal(f.err.code, code);
    cpl_arena_release(&f.arena);
}

static void test_variables(void **state)
{
    (void)state;
    setenv("CPL_T_A", "one", 1);
    setenv("CPL_T_EMPTY", "", 1);
    setenv("CPL_T_EVIL", "${CPL_T_A} $$ ${exec:id}", 1);
    unsetenv("CPL_T_NONE");
    expect("x${CPL_T_A}y", "xoney");
    expect("${CPL_T_A}${CPL_T_A}", "oneone");
    expect("${CPL_T_NONE:-d}", "d");
    expect("${CPL_T_EMPTY:-d}", "d");
    expect("${CPL_T_EMPTY}", "");
    expect("${CPL_T_NONE:-}", "");
    expect("${CPL_T_NONE:-a${CPL_T_A:-b}c}", "aonec");
    expect("$$ $x ^a$ $", "$ $x ^a$ $");
    expect("$${CPL_T_A}", "${CPL_T_A}");
    expect("${CPL_T_EVIL}", "${CPL_T_A} $$ ${exec:id}");
    expect_error("${CPL_T_NONE}", false, CPL_E_CONFIG, "the environment has no CPL_T_NONE");
    expect_error("${CPL_T_A", false, CPL_E_CONFIG, "without its }");
    expect_error("${}", false, CPL_E_CONFIG, "is not known");
    expect_error("${a-b}", false, CPL_E_CONFIG, "is not known");
    expect_error("${A:?secret}", false, CPL_E_CONFIG, "${A:…} is not known");
    expect_error("${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-x}}}}}}}}}}", false,
                 CPL_E_LIMIT, "nested deeper");
}

static void test_marks(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_true(expand(&f, "a$$b"));
    assert_false(f.node.secret);
    assert_true(expand(&f, "${CPL_T_A}"));
    assert_true(f.node.secret);
    assert_string_equal(cpl_tree_shown(&f.node), "${CPL_T_A}");
    f.node = (struct cpl_node){.kind = CPL_NODE_SCALAR, .text = "${CPL_T_NONE:-}"};
    assert_true(cpl_interpolate(&f.node, &f.variables, NULL, &f.err));
    assert_int_equal(f.node.kind, CPL_NODE_NULL);
    cpl_arena_release(&f.arena);
}

static void write_file(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
}

static void test_files(void **state)
{
    const char *dir = *state;
    char path[300], text[400];
    snprintf(path, sizeof path, "%s/secret", dir);
    write_file(path, "pass ${word}\n\n", 14);
    snprintf(text, sizeof text, "<${file:%s}>", path);
    expect(text, "<pass ${word}>");
    write_file(path, "a\0b", 3);
    expect_error(text, false, CPL_E_CONFIG, "NUL byte");
    char *big = calloc(1, 70000);
    memset(big, 'x', 70000);
    write_file(path, big, 70000);
    free(big);
    expect_error(text, false, CPL_E_LIMIT, "longer than 65536 bytes");
    snprintf(text, sizeof text, "${file:%s/fifo}", dir);
    snprintf(path, sizeof path, "%s/fifo", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_error(text, false, CPL_E_CONFIG, "is not a regular file");
    expect_error("${file:/nonexistent/x}", false, CPL_E_NOT_FOUND, "cannot read");
}

static void test_programs(void **state)
{
    (void)state;
    expect_error("${exec:echo hi}", false, CPL_E_PERMISSION, "--allow-exec");
    struct fixture f = {.variables = {.allow_exec = true}};
    assert_true(expand(&f, "${exec:printf '%s|' \"a b\" c\\ d $HOME ; `id`}"));
    assert_string_equal(f.node.text, "a b|c d|$HOME|;|`id`|");
    assert_true(f.node.secret);
    cpl_arena_release(&f.arena);
    expect_error("${exec:false}", true, CPL_E_CONFIG, "exit status 1");
    expect_error("${exec:/nonexistent/program}", true, CPL_E_NOT_FOUND, "cannot run");
    expect_error("${exec:echo 'a}", true, CPL_E_CONFIG, "quote that is not closed");
    expect_error("${exec: }", true, CPL_E_CONFIG, "names no program");
    expect_error("${exec:sh -c 'echo hidden >&2; exit 3'}", true, CPL_E_CONFIG,
                 "sh failed (exit status 3); it wrote 7 bytes to standard error, not shown");
    expect_error("${exec:sh -c 'head -c 300000 /dev/zero >&2; exit 3'}", true, CPL_E_CONFIG,
                 "300,000 bytes");
    expect_error("${exec:head -c 100000 /dev/zero}", true, CPL_E_LIMIT, "printed more than");
}

/* Refused by its place, before anything is read or run. */
static void test_places(void **state)
{
    static const char *const texts[] = {"${file:/nonexistent/x}", "${exec:/nonexistent/x}",
                                        "${CPL_T_NONE:-${file:/nonexistent/x}}"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct fixture f = {.variables = {.arena = &f.arena, .allow_exec = true}};
        struct cpl_node node = {.kind = CPL_NODE_SCALAR, .key = "open", .text = texts[i]};
        assert_false(cpl_interpolate(&node, &f.variables, NULL, &f.err));
        assert_int_equal(f.err.code, CPL_E_CONFIG);
        f.variables.takes_secret = takes_secret;
        assert_false(cpl_interpolate(&node, &f.variables, NULL, &f.err));
        assert_non_null(strstr(f.err.message, "would be a secret where values are shown"));
        assert_non_null(strstr(f.err.message, ":/nonexistent/x}"));
        cpl_arena_release(&f.arena);
    }
}

static void test_dotenv(void **state)
{
    (void)state;
    struct fixture f = {.variables = {.arena = &f.arena}};
    setenv("CPL_T_A", "one", 1);
    const char *text =
        "\xef\xbb\xbf# comment\r\nCPL_T_X=plain value # note\nexport CPL_T_Y = 'a $b \\n'\n"
        "CPL_T_Z=\"l1\\nl2\nl3\\\"\" # c\nCPL_T_A=two\nCPL_T_E=\nCPL_T_X2=a#b\n";
    if (!cpl_variables_parse_dotenv(&f.variables, text, ".env", &f.err))
        fail_msg("%s", f.err.message);
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_X"), "plain value");
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_Y"), "a $b \\n");
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_Z"), "l1\nl2\nl3\"");
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_A"),
                        "one"); /* the environment wins */
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_E"), "");
    assert_string_equal(cpl_variables_get(&f.variables, "CPL_T_X2"), "a#b");
    assert_null(cpl_variables_get(&f.variables, "CPL_T_NONE"));
    assert_false(cpl_variables_parse_dotenv(&f.variables, "A=1\nB\n", ".env", &f.err));
    assert_string_equal(f.err.message, ".env:2: no `NAME=` here; a line is NAME=value");
    assert_false(cpl_variables_parse_dotenv(&f.variables, "A='x\n", ".env", &f.err));
    assert_false(cpl_variables_parse_dotenv(&f.variables, "A='x'y\n", ".env", &f.err));
    cpl_arena_release(&f.arena);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 100);
        struct fixture f = {.variables = {.allow_exec = true}};
        cpl_memory_fail_at(n);
        done = expand(&f, "${CPL_T_A} ${CPL_T_NONE:-x} ${exec:echo y} ${file:/etc/hostname}");
        cpl_memory_fail_at(0);
        assert_true(done || f.err.code == CPL_E_MEMORY);
        cpl_arena_release(&f.arena);
    }
}

static int make_directory(void **state)
{
    static char dir[] = "/tmp/cupel_interpolate_XXXXXX";
    *state = mkdtemp(dir);
    return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
    const char *dir = *state, *names[] = {"secret", "fifo"};
    char path[300];
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_variables), cmocka_unit_test(test_marks),
        cmocka_unit_test(test_files),     cmocka_unit_test(test_programs),
        cmocka_unit_test(test_places),    cmocka_unit_test(test_dotenv),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

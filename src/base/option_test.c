/* Options by table: every type, defaults, ranges, messages; and the walk over failing allocations.
 */
#include "base/option.h"
#include "base/option_value.h"
#include "base/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    bool on, rows_set;
    int64_t rows, wait;
    uint64_t size;
    double share;
    const char *name, *must;
    char delimiter;
    int mode;
    struct cpl_strings words;
    struct cpl_pairs pairs;
    const struct cpl_node *node;
};
#define AT(member) .offset = offsetof(struct sample, member)
static const struct cpl_option table[] = {
    {.name = "on", .type = CPL_OPTION_BOOL, AT(on), .default_text = "true"},
    {.name = "rows",
     .type = CPL_OPTION_INT,
     AT(rows),
     .set_offset = offsetof(struct sample, rows_set),
     .default_text = "7",
     .min = 1,
     .max = 10},
    {.name = "wait", .type = CPL_OPTION_DURATION, AT(wait), .default_text = "1m"},
    {.name = "size",
     .type = CPL_OPTION_SIZE,
     AT(size),
     .default_text = "64KiB",
     .min = 1,
     .max = INT64_MAX},
    {.name = "share", .type = CPL_OPTION_DOUBLE, AT(share), .default_text = "0.5"},
    {.name = "name", .type = CPL_OPTION_STRING, AT(name)},
    {.name = "password", .type = CPL_OPTION_INT, AT(rows), .flags = CPL_OPTION_SECRET},
    {.name = "delimiter", .type = CPL_OPTION_CHAR, AT(delimiter), .default_text = "comma"},
    {.name = "mode",
     .type = CPL_OPTION_ENUM,
     AT(mode),
     .values = "auto|append|overwrite",
     .default_text = "auto"},
    {.name = "words", .type = CPL_OPTION_STRINGS, AT(words), .default_text = "x,y"},
    {.name = "pairs", .type = CPL_OPTION_PAIRS, AT(pairs)},
    {.name = "node", .type = CPL_OPTION_NODE, AT(node)},
    {.name = NULL},
};
static const struct cpl_option strict[] = {
    {.name = "must",
     .type = CPL_OPTION_STRING,
     AT(must),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "what must be given"},
    {.name = NULL},
};

struct fixture {
    struct cpl_arena arena;
    struct sample sample;
    struct cpl_error err;
};

static bool parse_with(struct fixture *f, const struct cpl_option *rows, const char *yaml)
{
    memset(f, 0, sizeof *f);
    size_t n;
    struct cpl_node **roots = cpl_tree_parse(yaml, strlen(yaml), "p.yaml", &f->arena, &n, &f->err);
    return roots &&
           cpl_options_parse(rows, n ? roots[0] : NULL, "sink", &f->arena, &f->sample, &f->err);
}

static void expect_error(const struct cpl_option *rows, const char *yaml, const char *message)
{
    struct fixture f;
    assert_false(parse_with(&f, rows, yaml));
    assert_string_equal(f.err.message, message);
    assert_int_equal(f.err.code, CPL_E_CONFIG);
    cpl_arena_release(&f.arena);
}

static void test_defaults(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(parse_with(&f, table, ""));
    assert_true(f.sample.on);
    assert_false(f.sample.rows_set);
    assert_int_equal(f.sample.wait, 60000);
    assert_int_equal(f.sample.size, 65536);
    assert_true(f.sample.share == 0.5);
    assert_null(f.sample.name);
    assert_int_equal(f.sample.delimiter, ',');
    assert_int_equal(f.sample.words.n, 2);
    assert_string_equal(f.sample.words.items[1], "y");
    cpl_arena_release(&f.arena);
}

static void test_values(void **state)
{
    (void)state;
    struct fixture f;
    assert_true(parse_with(
        &f, table,
        "on: false\nrows: \"3\"\nwait: 1h30m\nsize: 1.5GiB\nshare: 1e-3\nname: 5\n"
        "delimiter: '\\t'\nmode: append\nwords: [a, 'b,c']\npairs: {k: v}\nnode: [1]\n"));
    assert_false(f.sample.on);
    assert_true(f.sample.rows_set);
    assert_int_equal(f.sample.rows, 3);
    assert_int_equal(f.sample.wait, 5400000);
    assert_int_equal(f.sample.size, 1610612736);
    assert_true(f.sample.share == 0.001);
    assert_string_equal(f.sample.name, "5");
    assert_int_equal(f.sample.delimiter, '\t');
    assert_int_equal(f.sample.mode, 1);
    assert_string_equal(f.sample.words.items[1], "b,c");
    assert_string_equal(f.sample.pairs.items[0].key, "k");
    assert_int_equal(f.sample.node->kind, CPL_NODE_LIST);
    cpl_arena_release(&f.arena);
    assert_true(parse_with(&f, table, "words: one\nrows: ~\n"));
    assert_int_equal(f.sample.words.n, 1);
    assert_false(f.sample.rows_set);
    cpl_arena_release(&f.arena);
}

static void test_messages(void **state)
{
    (void)state;
    expect_error(table, "rowz: 1", "p.yaml:1:1: sink has no option `rowz`; did you mean `rows`?");
    expect_error(strict, "must: a\nzzz: 1", "p.yaml:2:1: sink has no option `zzz`; it knows must");
    expect_error(table, "\nrows: 11", "p.yaml:2:1: sink.rows must be between 1 and 10, not `11`");
    expect_error(table, "rows: 1.5", "p.yaml:1:1: sink.rows must be a whole number, not `1.5`");
    expect_error(table, "rows: 9223372036854775808",
                 "p.yaml:1:1: sink.rows must be a whole number, not `9223372036854775808`");
    expect_error(table, "on: maybe", "p.yaml:1:1: sink.on must be true or false, not `maybe`");
    expect_error(table, "size: 0", "p.yaml:1:1: sink.size must be at least 1 bytes, not `0`");
    expect_error(table, "size: 99999999999999999999TB",
                 "p.yaml:1:1: sink.size must be a size such as 64KiB, 1MB or 1024, not "
                 "`99999999999999999999TB`");
    expect_error(table, "size: 0.3",
                 "p.yaml:1:1: sink.size must be a size such as 64KiB, 1MB or 1024, not `0.3`");
    expect_error(
        table, "wait: 10",
        "p.yaml:1:1: sink.wait must be a duration such as 500ms, 10s, 5m, 1h or 30d, not `10`");
    expect_error(table, "mode: apend",
                 "p.yaml:1:1: sink.mode cannot be `apend`; did you mean `append`? (one of "
                 "auto|append|overwrite)");
    expect_error(table, "delimiter: ab",
                 "p.yaml:1:1: sink.delimiter must be one ASCII character, or \\t, tab, comma, "
                 "semicolon, pipe, space, none, not `ab`");
    expect_error(table, "words: {a: b}",
                 "p.yaml:1:1: sink.words must be a text or a list of texts, not a map");
    expect_error(table, "name: [a]", "p.yaml:1:1: sink.name must be one value, not a list");
    expect_error(table, "password: hunter2",
                 "p.yaml:1:1: sink.password must be a whole number, not `(secret)`");
    expect_error(table, "[1]", "p.yaml:1:1: sink must be a map of options, not a list");
    expect_error(strict, "{}", "p.yaml:1:1: sink lacks `must`: what must be given");
}

struct collector {
    struct cpl_problems problems;
    int n;
};

static bool collect(struct cpl_problems *problems, const struct cpl_error *problem)
{
    (void)problem;
    ((struct collector *)problems)->n++;
    return true;
}

static void test_all_problems(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct collector collector = {.problems = {.add = collect}};
    const char *yaml = "rowz: 1\nrows: 99\non: maybe\nname: x\n";
    size_t n;
    struct cpl_node **roots = cpl_tree_parse(yaml, strlen(yaml), "p.yaml", &f.arena, &n, &f.err);
    assert_non_null(roots);
    assert_true(cpl_options_parse_all(table, roots[0], "sink", &f.arena, &f.sample,
                                      &collector.problems, &f.err));
    assert_int_equal(collector.n, 3);
    assert_string_equal(f.sample.name, "x");
    cpl_arena_release(&f.arena);
}

static void test_yes_and_true(void **state)
{
    (void)state;
    int index;
    assert_true(cpl_value_enum("auto|yes|no", "true", &index));
    assert_int_equal(index, 1);
    assert_true(cpl_value_enum("auto|yes|no", "false", &index));
    assert_int_equal(index, 2);
    assert_true(cpl_value_enum("no|yes", "on", &index));
    assert_int_equal(index, 1);
    assert_true(cpl_value_enum("auto|yes|no", "Off", &index));
    assert_int_equal(index, 2);
    assert_true(cpl_value_enum("auto|on|off", "off", &index)); /* a word of its own */
    assert_int_equal(index, 2);
    assert_false(cpl_value_enum("auto|on|off", "true", &index));
    assert_false(cpl_value_enum("auto|yes", "ye", &index));
}

static void test_set(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_true(cpl_option_set(table, "rows", "4", "--set sink", &f.arena, &f.sample, &f.err));
    assert_int_equal(f.sample.rows, 4);
    assert_true(f.sample.rows_set);
    assert_true(cpl_option_set(table, "words", "a,,b", "--set sink", &f.arena, &f.sample, &f.err));
    assert_int_equal(f.sample.words.n, 3);
    assert_string_equal(f.sample.words.items[1], "");
    assert_true(
        cpl_option_set(table, "words", "['a,b']", "--set sink", &f.arena, &f.sample, &f.err));
    assert_string_equal(f.sample.words.items[0], "a,b");
    assert_true(cpl_option_set(table, "words", "", "--set sink", &f.arena, &f.sample, &f.err));
    assert_int_equal(f.sample.words.n, 0);
    assert_true(
        cpl_option_set(table, "pairs", "{a: b}", "--set sink", &f.arena, &f.sample, &f.err));
    assert_string_equal(f.sample.pairs.items[0].value, "b");
    assert_false(cpl_option_set(table, "rows", "40", "--set sink", &f.arena, &f.sample, &f.err));
    assert_string_equal(f.err.message, "--set sink.rows must be between 1 and 10, not `40`");
    assert_false(cpl_option_set(table, "sise", "40", "--set sink", &f.arena, &f.sample, &f.err));
    assert_string_equal(f.err.message, "--set sink has no option `sise`; did you mean `size`?");
    cpl_arena_release(&f.arena);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 1000);
        struct fixture f = {0};
        cpl_memory_fail_at(n);
        done = parse_with(&f, table, "name: x\nwords: [a, b]\npairs: {k: v}\n");
        cpl_memory_fail_at(0);
        assert_true(done || f.err.code == CPL_E_MEMORY);
        cpl_arena_release(&f.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),  cmocka_unit_test(test_values),
        cmocka_unit_test(test_messages),  cmocka_unit_test(test_all_problems),
        cmocka_unit_test(test_set),       cmocka_unit_test(test_yes_and_true),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The way to the rows: an error where no document has it, and rejects where some have. */
#include "decode/json_fixture.h"
#include "decode/json_rows.h"

struct piece {
    const char *text;
    bool cut, middle;
};

static bool exist(const char *rows, const struct piece *pieces, size_t n, bool complete,
                  struct cpl_error *err)
{
    struct cpl_sample samples[8] = {{0}};
    struct cpl_json_settings settings = {.rows = rows};
    for (size_t i = 0; i < n; i++)
        samples[i] = (struct cpl_sample){.data = (const uint8_t *)pieces[i].text,
                                         .size = strlen(pieces[i].text),
                                         .at_start = !pieces[i].middle,
                                         .whole = !pieces[i].cut};
    samples[0].complete = complete;
    *err = (struct cpl_error){0};
    return json_rows_exist(&settings, samples, n, err);
}

static void expect_there(const char *rows, const char *text)
{
    struct cpl_error err;
    if (!exist(rows, &(struct piece){text, false, false}, 1, true, &err))
        fail_msg("%s: %s", text, err.message);
}

static void expect_missing(const char *rows, const char *text, const char *message)
{
    struct cpl_error err;
    assert_false(exist(rows, &(struct piece){text, false, false}, 1, true, &err));
    assert_int_equal(err.code, CPL_E_CONFIG);
    assert_string_equal(err.message, message);
}

static void paths_that_are_there(void **state)
{
    (void)state;
    expect_there("", "{\"a\":1}");
    expect_there("a", "{\"a\":[]}");
    expect_there("a", "{\"a\":null}");
    expect_there("/a/0/b", "{\"a\":[{\"b\":[]}]}");
    expect_there("a", "{\"b\":1}\n{\"a\":[1]}"); /* one document of two */
    expect_there("a", "");
    expect_there("a", " \n");
    expect_there("a", "{\"b\":1");    /* broken: rejected as such */
    expect_there("a", "{\"b\":1} }"); /* so is what follows */
    expect_there("a.b", "{\"a\":");
    expect_there("a", "\xEF\xBB\xBF{\"a\":[]}");
}

static void paths_that_nobody_has(void **state)
{
    (void)state;
    expect_missing("data.items", "{\"data\":{\"item\":[],\"x\\\"\":1},\"n\":2}",
                   "source.json.rows: `data.items` is in no document: `data` has `item`; did you "
                   "mean `item`?");
    expect_missing("rows", "{\"data\":[],\"count\":2}",
                   "source.json.rows: `rows` is in no document: the document has `data`, `count`");
    expect_missing("/a/b/c", "\n{\"a\":{\"b\":{}}}",
                   "source.json.rows: `/a/b/c` is in no document: `a.b` has no key");
    expect_missing("a.b", "{\"a\":[{\"b\":1}]}",
                   "source.json.rows: `a.b` is in no document: `a` is an array, and has no such "
                   "element");
    expect_missing("/a/1", "{\"a\":[7]}",
                   "source.json.rows: `/a/1` is in no document: `a` is an array, and has no such "
                   "element");
    expect_missing("a.b", "{\"a\":null}{\"c\":2}",
                   "source.json.rows: `a.b` is in no document: `a` is neither an object nor an "
                   "array");
    expect_missing("a", "7",
                   "source.json.rows: `a` is in no document: the document is neither an object "
                   "nor an array");
}

/* What was not seen may have the path. */
static void what_is_not_seen_decides_nothing(void **state)
{
    (void)state;
    struct cpl_error err;
    struct piece pieces[] = {{"{\"b\":1}", false, false}, {"{\"c\":1}", false, false}};
    assert_false(exist("a", pieces, 2, true, &err));
    assert_true(exist("a", pieces, 2, false, &err));
    pieces[1].cut = true;
    assert_true(exist("a", pieces, 2, true, &err));
    pieces[1] = (struct piece){"{\"a\":1}", false, true};
    assert_false(exist("a", pieces, 2, true, &err)); /* from the middle: no document begins there */
    pieces[1].middle = false;
    assert_true(exist("a", pieces, 2, true, &err));
}

static void many_and_long_keys(void **state)
{
    (void)state;
    struct cpl_error err;
    struct cpl_buffer text = {0};
    assert_true(cpl_buffer_append_text(&text, "{", NULL));
    for (int i = 0; i < 200; i++)
        assert_true(cpl_buffer_printf(&text, NULL, "\"%0*d\":{\"é\":[1]},", 20 + i, i));
    assert_true(cpl_buffer_append_text(&text, "\"z\":1}", NULL));
    const struct piece piece = {cpl_buffer_text(&text, NULL), false, false};
    assert_false(exist("y", &piece, 1, true, &err));
    assert_non_null(strstr(err.message, "`00000000000000000000`"));
    cpl_buffer_release(&text);
}

static void every_allocation_fails_once(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    const struct piece piece = {"{\"b\":1}", false, false};
    bool done = false;
    for (uint64_t i = 1; !done; i++) {
        cpl_memory_fail_at(i);
        assert_false(exist("a.b", &piece, 1, true, &err));
        done = err.code != CPL_E_MEMORY;
        cpl_memory_fail_at(0);
        assert_true(i < 100);
    }
    assert_int_equal(err.code, CPL_E_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_that_are_there),
        cmocka_unit_test(paths_that_nobody_has),
        cmocka_unit_test(what_is_not_seen_decides_nothing),
        cmocka_unit_test(many_and_long_keys),
        cmocka_unit_test(every_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The build's own registry: every table is sound, and sections can be made of it. */
#include "config/components.h"
#include "config/describe.h"
#include "config/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check_row(const char *path, const struct cpl_option *option)
{
    if (!option->summary || !*option->summary)
        fail_msg("%s.%s has no summary", path, option->name);
    if (option->type == CPL_OPTION_ENUM && !option->values)
        fail_msg("%s.%s has no values", path, option->name);
    if (option->min > option->max)
        fail_msg("%s.%s: its range is empty", path, option->name);
    for (const struct cpl_option *other = option + 1; other->name; other++)
        assert_string_not_equal(option->name, other->name);
}

static void test_tables(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct cpl_described_list lists[2];
    assert_true(cpl_described_pipeline(&arena, &lists[0], NULL));
    assert_true(cpl_described_metadata(&arena, &lists[1], NULL));
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k].n; i++)
            for (const struct cpl_option *row = lists[k].items[i].options; row->name; row++)
                check_row(lists[k].items[i].path, row);
    cpl_arena_release(&arena);
}

static void test_components(void **state)
{
    (void)state;
    const struct cpl_component *before = NULL;
    for (const struct cpl_component *row = cpl_components(); row->name; before = row++) {
        struct cpl_arena arena = {0};
        struct cpl_error err;
        void *options = cpl_alloc_zero(1, row->options_size, NULL);
        struct cpl_option rows[64]; /* none required: the defaults are looked at */
        size_t n = 0;
        while (row->options && row->options[n].name)
            n++;
        assert_true(n < 64);
        for (size_t i = 0; row->options && i <= n; i++) {
            rows[i] = row->options[i];
            rows[i].flags &= ~CPL_OPTION_REQUIRED;
        }
        if (row->options && !cpl_options_parse(rows, NULL, row->name, &arena, options, &err))
            fail_msg("%s", err.message); /* a default that its own row refuses */
        cpl_free(options);
        cpl_arena_release(&arena);
        if (before && before->kind == row->kind)
            assert_true(strcmp(before->name, row->name) < 0);
        if (row->kind == CPL_COMPONENT_ENCODER)
            assert_non_null(row->extension);
    }
}

/* What anybody's metadata says of its CSV files. */
static void test_real_words(void **state)
{
    (void)state;
    const char *text = "{\"ocs_group_name\": \"g\", \"source_type\": \"fs\", \"source_config\": "
                       "{\"file_format\": \"csv\", "
                       "\"delimiter\": \"|\", \"header\": true, \"encoding\": \"utf-8\"}, "
                       "\"dataset_config\": [{\"source\": {\"name\": "
                       "\"a\", \"path\": \"p\"}, \"destination\": {\"path\": \"d\", "
                       "\"compression\": \"snappy\"}}]}";
    struct cpl_config config;
    struct cpl_error err;
    if (!cpl_config_parse(text, strlen(text), "m.json", NULL, &config, &err))
        fail_msg("%s", err.message);
    assert_string_equal(config.pipelines[0].sink.path, "d/a.parquet");
    cpl_config_release(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_real_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

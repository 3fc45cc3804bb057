/* What describe says: listings name every option, and the schemas judge documents as the loader does. */
#include "base/tree.h"
#include "config/config_fixture.h"
#include "config/describe.h"
#include "config/fake_registry.h"
#include "config/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *text_of(bool ok, struct cpl_buffer *out, const struct cpl_error *err)
{
    if (!ok)
        fail_msg("%s", err->message);
    return cpl_buffer_text(out, NULL);
}

static void test_text(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_error err;
    const char *text = text_of(cpl_describe_text(NULL, &out, &err), &out, &err);
    assert_non_null(strstr(text, "sink.parquet — Parquet."));
    assert_non_null(strstr(text, "whole number, 1 to 22; default 3"));
    assert_null(strchr(text, '`'));
    out.size = 0;
    text = text_of(cpl_describe_text("csv", &out, &err), &out, &err);
    assert_memory_equal(text, "source.csv", 10);
    assert_non_null(strstr(text, "\nsink.csv"));
    assert_null(strstr(text, "sink.parquet"));
    out.size = 0;
    assert_false(cpl_describe_text("parqet", &out, &err));
    assert_string_equal(err.message,
                        "there is no section or component `parqet`; did you mean `parquet`?");
    cpl_buffer_release(&out);
}

static void test_json(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_error err;
    struct cpl_arena arena = {0};
    size_t n;
    text_of(cpl_describe_json(&out, &err), &out, &err);
    struct cpl_node **roots = cpl_tree_parse((const char *)out.data, out.size, "d.json", &arena, &n,
                                             &err);
    if (!roots)
        fail_msg("%s", err.message);
    const struct cpl_node *errors = cpl_tree_get(roots[0], "errors");
    assert_int_equal(errors->n_children, CPL_CODE_COUNT);
    assert_non_null(strstr((const char *)out.data, "\"environment\": \"CUPEL_SINK_PATH\""));
    cpl_arena_release(&arena);
    cpl_buffer_release(&out);
}

static void test_reference(void **state)
{
    (void)state;
    struct cpl_buffer out = {0};
    struct cpl_error err;
    const char *text = text_of(cpl_describe_reference(CPL_REFERENCE_PIPELINE, &out, &err), &out,
                               &err);
    assert_non_null(strstr(text, "## `sink.parquet`"));
    assert_non_null(strstr(
        text, "| `compression` | one of `snappy`, `zstd`, `none` | `snappy` | The codec. |"));
    out.size = 0;
    text = text_of(cpl_describe_reference(CPL_REFERENCE_METADATA, &out, &err), &out, &err);
    assert_non_null(strstr(text, "| `ocs_group_name` | text | required |"));
    out.size = 0;
    text = text_of(cpl_describe_reference(CPL_REFERENCE_ERRORS, &out, &err), &out, &err);
    assert_non_null(strstr(text, "| `CONFIG` | 3 | no |"));
    cpl_buffer_release(&out);
}

/* ---- schemas, judged by an implementation that is not ours ---- */

struct judged {
    enum cpl_dialect dialect;
    bool valid;
    const char *document;
};
/* The loader must agree with each, too. */
static const struct judged documents[] = {
    {CPL_DIALECT_PIPELINE, true, "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}}"},
    {CPL_DIALECT_PIPELINE, true,
     "{\"x-a\": 1, \"pipelines\": [{\"name\": \"n\", \"source\": {\"path\": [\"a\"]}, \"sink\": "
     "{\"path\": \"b\"}}]}"},
    {CPL_DIALECT_PIPELINE, true,
     "{\"source\": {\"path\": \"a\", \"csv\": {\"delimiter\": \";\", \"header\": "
     "\"${CPL_T_NO:-true}\"}}, \"sink\": {\"path\": \"b\", \"dated\": "
     "\"run_date\", \"keep\": \"30d\", \"target_file_size\": \"64 MiB\", \"parquet\": {\"level\": "
     "22}}, \"schema\": {\"columns\": {\"a\": "
     "\"int64\", \"b\": {\"type\": \"date\"}, \"c\": null}, \"select\": \"a\"}, \"limits\": "
     "{\"threads\": \"2\", \"memory\": 1000000000}, "
     "\"quality\": {\"rules\": [{\"not_null\": [\"a\"], \"severity\": \"reject\"}, {\"check\": \"a "
     "> 1\"}], "
     "\"weights\": {\"accuracy\": 2}}, \"transform\": [{\"rename\": {\"a\": \"z\"}}, {\"filter\": "
     "\"z > 1\", \"id\": \"f\"}]}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"quality\": {\"rules\": "
     "[{\"nul\": \"x\"}]}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"quality\": {\"weights\": "
     "{\"speed\": 1}}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"transform\": [{\"filter\": "
     "{\"conditon\": \"x\"}}]}"},
    {CPL_DIALECT_PIPELINE, false, "{\"source\": {\"path\": \"a\"}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"foo\": 1}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\", \"mode\": \"apend\"}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\", \"parquet\": {\"level\": 23}}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"quality\": {\"x\": 1}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\", \"keep\": \"30\"}}"},
    {CPL_DIALECT_PIPELINE, false,
     "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}, \"schema\": {\"columns\": "
     "[{\"type\": \"date\"}]}}"},
    {CPL_DIALECT_METADATA, true,
     "{\"ocs_group_name\": \"s\", \"source_type\": \"fs\", \"source_config\": {\"file_format\": "
     "\"csv\", \"delimiter\": \";\", \"port\": null}, "
     "\"dataset_config\": [{\"source\": {\"name\": \"a\", \"path\": [\"p\"], \"primary_key\": "
     "\"x\", \"features\": [{\"name\": \"x\", \"dtype\": "
     "\"int\"}]}, \"transformations\": [], \"destination\": {\"path\": \"d\", \"features\": "
     "[\"x\"], \"compression\": \"zstd\"}}]}"},
    {CPL_DIALECT_METADATA, false, "{\"ocs_group_name\": \"s\", \"source_type\": \"fs\"}"},
    {CPL_DIALECT_METADATA, false,
     "{\"ocs_group_name\": \"s\", \"source_type\": \"fs\", \"dataset_config\": [{\"source\": "
     "{\"name\": \"a\", \"path\": \"p\"}, "
     "\"destination\": {\"path\": \"d\"}, \"transformations\": [1]}]}"},
    {CPL_DIALECT_METADATA, false,
     "{\"ocs_group_name\": \"s\", \"source_type\": \"fs\", \"dataset_config\": [{\"source\": "
     "{\"name\": \"a\", \"pth\": \"p\"}, "
     "\"destination\": {\"path\": \"d\"}}]}"},
};
enum { DOCUMENTS = sizeof documents / sizeof *documents };

static void test_loader_agrees(void **state)
{
    (void)state;
    for (size_t i = 0; i < DOCUMENTS; i++) {
        struct cpl_config config;
        struct cpl_error err = {0};
        bool ok = cpl_config_parse(documents[i].document, strlen(documents[i].document), "d.json",
                                   NULL, &config, &err);
        if (ok != documents[i].valid)
            fail_msg("document %zu: %s", i, err.message);
        if (ok)
            cpl_config_release(&config);
    }
}

static const char script[] =
    "import json, sys\n"
    "try:\n"
    "    import jsonschema\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "wrong = 0\n"
    "for name in ('pipeline', 'metadata'):\n"
    "    schema = json.load(open(sys.argv[1] + '/' + name))\n"
    "    jsonschema.Draft202012Validator.check_schema(schema)\n"
    "    judge = jsonschema.Draft202012Validator(schema)\n"
    "    for line in open(sys.argv[1] + '/documents'):\n"
    "        dialect, valid, document = line.split(' ', 2)\n"
    "        if dialect == name and judge.is_valid(json.loads(document)) != (valid == '1'):\n"
    "            print('schema disagrees:', valid, document)\n"
    "            wrong += 1\n"
    "sys.exit(1 if wrong else 0)\n";

static void test_schema_judged(void **state)
{
    (void)state;
    char dir[] = "/tmp/cupel_describe_XXXXXX", command[1000];
    assert_non_null(mkdtemp(dir));
    static const char *const names[] = {"pipeline", "metadata"};
    struct cpl_buffer lines = {0};
    struct cpl_error err;
    for (size_t i = 0; i < 2; i++) {
        struct cpl_buffer out = {0};
        write_file(dir, names[i],
                   text_of(cpl_describe_schema((enum cpl_dialect)i, &out, &err), &out, &err));
        cpl_buffer_release(&out);
    }
    for (size_t i = 0; i < DOCUMENTS; i++)
        assert_true(cpl_buffer_printf(&lines, &err, "%s %d %s\n", names[documents[i].dialect],
                                      documents[i].valid, documents[i].document));
    write_file(dir, "documents", cpl_buffer_text(&lines, NULL));
    write_file(dir, "judge.py", script);
    cpl_buffer_release(&lines);
    const char *python = getenv("CUPEL_PYTHON");
    snprintf(command, sizeof command, "%s %s/judge.py %s", python ? python : "python3", dir, dir);
    int status = system(command);
    snprintf(command, sizeof command, "rm -r %s", dir);
    assert_int_equal(system(command), 0);
    if (status != 0 && (status >> 8 == 77 || status >> 8 == 127)) {
        printf("no python with jsonschema: the schemas were not judged, skipped\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 500);
        struct cpl_buffer out = {0};
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        done = cpl_describe_text(NULL, &out, &err) && cpl_describe_json(&out, &err) &&
               cpl_describe_schema(CPL_DIALECT_PIPELINE, &out, &err) &&
               cpl_describe_schema(CPL_DIALECT_METADATA, &out, &err) &&
               cpl_describe_reference(CPL_REFERENCE_PIPELINE, &out, &err);
        cpl_memory_fail_at(0);
        assert_true(done || err.code == CPL_E_MEMORY);
        cpl_buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_json),
        cmocka_unit_test(test_reference),     cmocka_unit_test(test_loader_agrees),
        cmocka_unit_test(test_schema_judged), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

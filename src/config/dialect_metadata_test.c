/* Ingestion metadata JSON: what each key becomes, and what is refused where. */
#include "config/config_fixture.h"
#include "config/fake_registry.h"
#include "config/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool load(const char *text, const char *ocs, struct cpl_config *config,
                 struct cpl_error *err)
{
    struct cpl_config_env env = {.metadata_ocs = ocs};
    return cpl_config_parse(text, strlen(text), "m.json", &env, config, err);
}

static void expect_error(const char *text, const char *message)
{
    struct cpl_config config;
    struct cpl_error err = {0};
    assert_false(load(text, NULL, &config, &err));
    expect_message(err.message, message);
}

#define GROUP(rest) "{\"ocs_group_name\": \"sales\", \"source_type\": \"fs\",\n" rest "}"
#define DATASET(source, more)                                                                      \
    GROUP("\"dataset_config\": [{\"source\": {\"name\": \"orders\", \"path\": \"in\"" source       \
          "},\n"                                                                                   \
          "\"destination\": {\"path\": \"lake\"" more "}}]")

static void test_whole(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    const char *text =
        "{\"ocs_group_name\": \"sales\", \"source_type\": \"fs\",\n"
        "\"source_config\": {\"file_format\": \"CSV\", \"delimiter\": \";\", \"host\": \"\", "
        "\"port\": null, \"db_type\": \"\",\n"
        "  \"database\": null, \"sec_config\": {\"user\": \"u\", \"password\": \"p\"}, "
        "\"encoding\": \"latin1\", \"path\": \"/data\"},\n"
        "\"dataset_config\": [\n"
        " {\"source\": {\"name\": \"Orders\", \"primary_key\": \"id\", \"path\": \"orders/*.csv\", "
        "\"features\": [\n"
        "    {\"name\": \"id\", \"dtype\": \"bigint\"}, {\"name\": \"qty\", \"dtype\": \"INT\"}, "
        "{\"name\": \"price\", \"dtype\": \"decimal(15,2)\"},\n"
        "    {\"name\": \"at\", \"dtype\": \"datetime\"}, {\"name\": \"note\", \"dtype\": "
        "\"text\"}, {\"name\": \"ok\", \"dtype\": \"boolean\"}]},\n"
        "  \"transformations\": [], \"quality\": {}, \n"
        "  \"destination\": {\"name\": \"orders\", \"path\": \"/lake/\", \"compression\": "
        "\"zstd\",\n"
        "    \"features\": [{\"name\": \"qty\", \"dtype\": \"bigint\"}, \"id\"]}},\n"
        " {\"source\": {\"name\": \"customers of us\", \"path\": [\"/x/c.csv\", \"d.csv\"]},\n"
        "  \"destination\": {\"path\": \"/lake\", \"output\": \"dated\", \"keep\": \"30d\"}}]}";
    if (!load(text, NULL, &config, &err))
        fail_msg("%s", err.message);
    assert_int_equal(config.n_pipelines, 2);
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_string_equal(p->name, "sales.Orders");
    assert_string_equal(p->dialect, "metadata");
    assert_string_equal(p->source.paths.items[0], "/data/orders/*.csv");
    assert_string_equal(p->source.format, "csv");
    assert_string_equal(p->source.charset, "latin1");
    assert_string_equal(cpl_tree_get(p->source.format_options, "delimiter")->text, ";");
    assert_true(p->schema.only_declared);
    assert_int_equal(p->schema.columns.n, 2);
    assert_string_equal(p->schema.columns.items[0], "qty");
    assert_int_equal(p->schema.declared->fields[0].type.kind, CPL_I64);
    assert_string_equal(p->sink.path, "/lake/orders.parquet");
    assert_true(p->sink.single_file);
    assert_int_equal(p->sink.mode, CPL_MODE_OVERWRITE);
    assert_string_equal(cpl_tree_get(p->sink.format_options, "compression")->text, "zstd");
    p = &config.pipelines[1];
    assert_string_equal(p->name, "sales.customers_of_us");
    assert_int_equal(p->source.paths.n, 2);
    assert_string_equal(p->source.paths.items[0], "/x/c.csv");
    assert_string_equal(p->source.paths.items[1], "/data/d.csv");
    assert_null(p->schema.declared);
    assert_string_equal(p->sink.path, "/lake");
    assert_string_equal(p->sink.dated, "ingest_date");
    assert_true(p->sink.keep_ms == INT64_C(30) * 86400000);
    cpl_config_release(&config);
}

static void test_dtypes(void **state)
{
    (void)state;
    static const struct {
        const char *dtype;
        enum cpl_kind kind;
    } dtypes[] = {{"int", CPL_I32},     {"integer", CPL_I32},          {"bigint", CPL_I64},
                  {"float", CPL_F32},   {"double", CPL_F64},           {"string", CPL_STRING},
                  {"text", CPL_STRING}, {"datetime", CPL_TIMESTAMP},   {"timestamp", CPL_TIMESTAMP},
                  {"date", CPL_DATE},   {"decimal(9,2)", CPL_DECIMAL}, {"boolean", CPL_BOOL}};
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        char text[500];
        struct cpl_config config;
        struct cpl_error err;
        snprintf(text, sizeof text,
                 DATASET(", \"features\": [{\"name\": \"a\", \"dtype\": \"%s\"}]", ""),
                 dtypes[i].dtype);
        if (!load(text, NULL, &config, &err))
            fail_msg("%s", err.message);
        assert_int_equal(config.pipelines[0].schema.declared->fields[0].type.kind, dtypes[i].kind);
        cpl_config_release(&config);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    expect_error("{\"ocs_group_name\": \"s\", \"source_type\": \"rdbms\", \"dataset_config\": []}",
                 "m.json:1:25: source_type `rdbms` is not run by this version yet; `fs` is");
    expect_error(
        "{\"ocs_group_name\": \"s\", \"source_type\": \"streaming\", \"dataset_config\": []}",
        "m.json:1:25: source_type `streaming` is not run by this version yet; `fs` is");
    expect_error("{\"ocs_group_name\": \"s\", \"source_type\": \"fss\", \"dataset_config\": []}",
                 "m.json:1:25: source_type cannot be `fss`; did you mean `fs`?");
    expect_error(
        "{\"ocs_group_nam\": \"s\", \"source_type\": \"fs\", \"dataset_config\": []}",
        "m.json:1:2: the metadata has no option `ocs_group_nam`; did you mean `ocs_group_name`?");
    expect_error(GROUP("\"dataset_config\": [], \"quality\": [1]"),
                 "m.json:2:23: `quality` is not run by this version yet; leave it out");
    expect_error(
        GROUP("\"dataset_config\": [{\"source\": {\"name\": \"o\", \"path\": "
              "\"p\"},\n\"transformations\": [{\"x\": 1}], \"destination\": {\"path\": \"d\"}}]"),
        "m.json:3:1: `transformations` is not run by this version yet; leave it out");
    expect_error(DATASET(", \"fetures\": []", ""),
                 "m.json:2:64: source has no option `fetures`; did you mean `features`?");
    expect_error(DATASET(", \"features\": [{\"name\": \"a\", \"dtyp\": \"int\"}]", ""),
                 "m.json:2:91: a feature has no option `dtyp`; did you mean `dtype`?");
    expect_error(DATASET(", \"features\": [{\"name\": \"a\", \"dtype\": \"int\"}, {\"name\": "
                         "\"A\", \"dtype\": \"int\"}]",
                         ""),
                 "m.json:2:108: the feature `A` is there already (`a` at m.json:2); letters' case "
                 "does not tell names apart");
    expect_error(DATASET(", \"features\": [{\"name\": \"a\", \"dtype\": \"itn\"}]", ""),
                 "m.json:2:91: the dtype of `a`: …");
    expect_error(DATASET(", \"features\": [{\"name\": \"order_id\", \"dtype\": \"int\"}]",
                         ", \"features\": [\"oder_id\"]"),
                 "m.json:3:46: the source has no feature `oder_id`; did you mean `order_id`?");
    expect_error(DATASET(", \"features\": [{\"name\": \"a\", \"dtype\": \"string\"}]",
                         ", \"features\": [{\"name\": \"a\", \"dtype\": \"int\"}]"),
                 "m.json:3:60: `a` is string in the source: a cast is not run by this version yet");
    expect_error(
        DATASET(
            ", \"primary_key\": [\"idd\"], \"features\": [{\"name\": \"idx\", \"dtype\": \"int\"}]",
            ""),
        "m.json:2:64: the source has no feature `idd`; did you mean `idx`?");
    expect_error(GROUP("\"source_config\": {\"host\": \"nn1\"}, \"dataset_config\": []"),
                 "m.json:2:19: source_config.host has no meaning with source_type fs; leave it "
                 "out, or empty");
    expect_error(GROUP("\"source_config\": {\"file_format\": \"csv\", \"delimeter\": \";\"}, "
                       "\"dataset_config\": []"),
                 "m.json:2:41: neither this map nor csv has an option `delimeter`; did you mean "
                 "`delimiter`?");
}

static void test_doubles(void **state)
{
    (void)state;
    expect_error(GROUP("\"dataset_config\": [{\"source\": {\"name\": \"a\", \"path\": \"p\"}, "
                       "\"destination\": {\"path\": \"d\"}},\n"
                       "{\"source\": {\"name\": \"A\", \"path\": \"p\"}, \"destination\": "
                       "{\"path\": \"e\"}}]"),
                 "m.json:3:13: the pipeline `sales.A` is there already (`sales.a` at m.json:2); "
                 "letters' case does not "
                 "tell names apart");
    expect_error(GROUP("\"dataset_config\": [{\"source\": {\"name\": \"a\", \"path\": \"p\"}, "
                       "\"destination\": {\"path\": \"d\", \"output\": \"dated\"}},\n"
                       "{\"source\": {\"name\": \"b\", \"path\": \"p\"}, \"destination\": "
                       "{\"path\": \"d\", \"output\": \"dated\"}}]"),
                 "m.json:3:56: the output `d` is there already (`d` at m.json:2); letters' case "
                 "does not tell names apart");
}

#define NAMED(group, dataset)                                                                      \
    "{\"ocs_group_name\": \"" group                                                                \
    "\", \"source_type\": \"fs\", \"dataset_config\": [{\"source\": {\"name\": \"" dataset         \
    "\", \"path\": \"${CPL_T_IN}/x\"}, \"destination\": {\"path\": \"" dataset "\"}}]}"

static void test_directory(void **state)
{
    const char *dir = *state;
    struct cpl_config config;
    struct cpl_error err;
    struct cpl_config_env env = {.metadata_ocs = "sales"};
    write_file(dir, "b.json", NAMED("sales", "two"));
    write_file(dir, "a.json", NAMED("sales", "one"));
    write_file(dir, "c.json", NAMED("other", "three"));
    write_file(dir, "notes.txt", "x");
    write_file(dir, ".env", "CPL_T_IN=/from/dotenv\n");
    if (!cpl_config_load(dir, &env, &config, &err))
        fail_msg("%s", err.message);
    assert_int_equal(config.n_pipelines, 2);
    assert_string_equal(config.pipelines[0].name, "sales.one");
    assert_string_equal(config.pipelines[0].source.paths.items[0], "/from/dotenv/x");
    cpl_config_release(&config);
    assert_true(cpl_config_load(dir, NULL, &config, &err));
    assert_int_equal(config.n_pipelines, 3);
    cpl_config_release(&config);
    env.metadata_ocs = "sale";
    assert_false(cpl_config_load(dir, &env, &config, &err));
    assert_non_null(strstr(err.message, "no ocs_group_name is `sale`; did you mean `sales`?"));
    write_file(dir, "c.json", "{\"source\": {\"path\": \"a\"}, \"sink\": {\"path\": \"b\"}}");
    assert_false(cpl_config_load(dir, NULL, &config, &err));
    assert_non_null(strstr(err.message, "c.json:1:1: this is no ingestion metadata"));
}

struct collector {
    struct cpl_problems problems;
    int n;
    char first[1000], last[1000];
};

static bool collect(struct cpl_problems *problems, const struct cpl_error *problem)
{
    struct collector *collector = (struct collector *)problems;
    snprintf(collector->n++ ? collector->last : collector->first, 1000, "%s", problem->message);
    return true;
}

static void test_check_reports_all(void **state)
{
    const char *dir = *state;
    struct collector collector = {.problems = {.add = collect}};
    char path[300];
    struct cpl_config config;
    struct cpl_error err;
    snprintf(path, sizeof path, "%s/c.json", dir);
    write_file(dir, "c.json",
               "{\"ocs_group_name\": \"s\", \"source_type\": \"fs\", \"typo\": 1, \"telemetry\": "
               "{\"x\": 1},\n"
               "\"dataset_config\": [{\"source\": {\"name\": \"a\", \"pth\": \"p\", \"features\": "
               "[{\"name\": \"a\", \"dtype\": \"itn\"}, {}]},\n"
               "\"destination\": {\"path\": \"d\", \"mode\": \"apend\"}}]}");
    assert_false(cpl_config_check(path, NULL, &collector.problems, &config, &err));
    assert_int_equal(collector.n, 8);
    assert_non_null(strstr(collector.first, "has no option `typo`"));
    assert_non_null(strstr(collector.last, "sink.mode cannot be `apend`"));
    assert_non_null(strstr(err.message, "8 mistakes"));
    write_file(dir, "c.json", NAMED("other", "three"));
    collector.n = 0;
    assert_true(cpl_config_check(path, NULL, &collector.problems, &config, &err));
    assert_int_equal(config.n_pipelines, 1);
    assert_int_equal(collector.n, 0);
    cpl_config_release(&config);
}

static void test_no_memory(void **state)
{
    (void)state;
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 2000);
        struct cpl_config config;
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        done = load(DATASET(", \"primary_key\": \"a\", \"features\": [{\"name\": \"a\", \"dtype\": "
                            "\"int\"}, {\"name\": \"b\"}]",
                            ", \"features\": [\"b\", \"a\"]"),
                    NULL, &config, &err);
        cpl_memory_fail_at(0);
        assert_true(done || err.code == CPL_E_MEMORY);
        if (done)
            cpl_config_release(&config);
    }
}

static int make_directory(void **state)
{
    static char dir[] = "/tmp/cupel_metadata_XXXXXX";
    *state = mkdtemp(dir);
    return *state ? 0 : -1;
}

static int remove_directory(void **state)
{
    const char *dir = *state, *names[] = {"a.json", "b.json", "c.json", "notes.txt", ".env"};
    char path[300];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),     cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_refusals),  cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_directory), cmocka_unit_test(test_check_reports_all),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}

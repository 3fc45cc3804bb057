/* The pipeline dialect: sections, overrides, interpolation, hash, and what is refused where. */
#include "config/config_fixture.h"
#include "config/fake_registry.h"
#include "config/pipeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool load(const char *text, const char *const *flags, struct cpl_config *config,
                 struct cpl_error *err)
{
    struct cpl_config_env env = {.flags = flags};
    return cpl_config_parse(text, strlen(text), "orders.yaml", &env, config, err);
}

static void expect_error(const char *text, const char *message)
{
    struct cpl_config config;
    struct cpl_error err = {0};
    assert_false(load(text, NULL, &config, &err));
    expect_message(err.message, message);
}

static void expect_flag_error(const char *flag, const char *message)
{
    const char *flags[] = {flag, NULL};
    struct cpl_config config;
    struct cpl_error err = {0};
    assert_false(load("source: {path: a}\nsink: {path: b}\n", flags, &config, &err));
    assert_string_equal(err.message, message);
}

static void test_defaults(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    if (!load("source: {path: in/*.csv}\nsink: {path: lake}\n", NULL, &config, &err))
        fail_msg("%s", err.message);
    assert_int_equal(config.n_pipelines, 1);
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_string_equal(p->name, "orders");
    assert_string_equal(p->dialect, "pipeline");
    assert_int_equal(p->source.paths.n, 1);
    assert_string_equal(p->source.paths.items[0], "in/*.csv");
    assert_string_equal(p->source.format, "auto");
    assert_string_equal(p->source.compression, "auto");
    assert_string_equal(p->sink.format, "parquet");
    assert_false(p->sink.single_file);
    assert_int_equal(p->sink.mode, CPL_MODE_APPEND);
    assert_null(p->sink.dated);
    assert_int_equal(p->sink.target_file_size, 512 << 20);
    assert_null(p->schema.declared);
    assert_true(p->schema.decimals);
    assert_int_equal(p->limits.memory, 224 << 20);
    assert_int_equal(p->limits.spill, UINT64_C(64) << 30);
    assert_int_equal(p->limits.on_reject, CPL_REJECT_KEEP);
    assert_int_equal(p->limits.reject_limit_rows, -1);
    assert_memory_equal(p->config_hash, "xxh3:", 5);
    assert_int_equal(strlen(p->config_hash), 37);
    cpl_config_release(&config);
}

static void test_everything(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    if (!load(
            "name: sales.orders\n"
            "source:\n  path: [a.csv, b.csv]\n  charset: windows-1252\n  compression: gzip\n"
            "  csv: {delimiter: ';', header: false}\n"
            "schema:\n  columns: {id: int64 not null, price: {type: 'decimal(15,2)', nullable: "
            "false, field_id: 7}, note: }\n"
            "  select: [price, id, day]\n  decimals: false\n  on_type_conflict: reject\n"
            "sink:\n  path: lake/orders\n  partition_by: month(day)\n  mode: overwrite_partitions\n"
            "  dated: run_date\n  keep: 30d\n  parquet: {compression: zstd}\n"
            "limits: {memory: 1GiB, threads: 2, allowed_paths: [/data], on_reject: limit(0.5%)}\n"
            "quality:\ntransform: []\n",
            NULL, &config, &err))
        fail_msg("%s", err.message);
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_string_equal(p->name, "sales.orders");
    assert_string_equal(p->source.format, "csv");
    assert_string_equal(cpl_tree_get(p->source.format_options, "delimiter")->text, ";");
    assert_string_equal(p->source.compression, "gzip");
    assert_int_equal(p->schema.declared->n_fields, 3);
    assert_false(p->schema.declared->fields[0].nullable);
    assert_int_equal(p->schema.declared->fields[1].type.precision, 15);
    assert_int_equal(p->schema.declared->fields[1].field_id, 7);
    assert_false(p->schema.untyped[1]);
    assert_true(p->schema.untyped[2]);
    assert_int_equal(p->schema.columns.n, 3);
    assert_string_equal(p->schema.columns.items[0], "price");
    assert_int_equal(p->schema.on_type_conflict, CPL_WIDEN_REJECT);
    assert_string_equal(p->sink.dated, "run_date");
    assert_true(p->sink.keep_ms == INT64_C(30) * 86400000);
    assert_int_equal(p->sink.mode, CPL_MODE_OVERWRITE_PARTITIONS);
    assert_int_equal(p->limits.on_reject, CPL_REJECT_LIMIT);
    assert_true(p->limits.reject_limit_share == 0.005);
    cpl_config_release(&config);
}

static void test_column_list(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    assert_true(load("source: {path: a}\nsink: {path: out.csv}\nschema: {columns: [b, {name: a, "
                     "type: date}, c: int64]}",
                     NULL, &config, &err));
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_int_equal(p->schema.columns.n, 3);
    assert_int_equal(p->schema.declared->fields[2].type.kind, CPL_I64);
    assert_string_equal(p->schema.columns.items[0], "b");
    assert_true(p->schema.untyped[0]);
    assert_int_equal(p->schema.declared->fields[1].type.kind, CPL_DATE);
    assert_string_equal(p->sink.format, "csv");
    assert_true(p->sink.single_file);
    assert_int_equal(p->sink.mode, CPL_MODE_OVERWRITE);
    cpl_config_release(&config);
}

static void test_several(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    assert_true(load("name: a\nsource: {path: a}\nsink: {path: x}\n---\nname: b\nsource: {path: "
                     "b}\nsink: {path: y}\n",
                     NULL, &config, &err));
    assert_int_equal(config.n_pipelines, 2);
    assert_string_equal(config.pipelines[1].name, "b");
    cpl_config_release(&config);
    assert_true(
        load("x-base: &s {path: lake}\npipelines:\n- {name: a, source: {path: a}, sink: *s}\n"
             "- {name: b, source: {path: b}, sink: *s}\n",
             NULL, &config, &err));
    assert_int_equal(config.n_pipelines, 2);
    assert_string_equal(config.pipelines[1].sink.path, "lake");
    cpl_config_release(&config);
    expect_error("pipelines:\n- {source: {path: a}, sink: {path: b}}\n- {source: {path: a}, sink: "
                 "{path: b}}\n",
                 "orders.yaml:2:3: this file holds several pipelines: each needs a `name`");
    expect_error("name: a\nsource: {path: a}\nsink: {path: x}\n---\nname: A\nsource: {path: "
                 "b}\nsink: {path: y}\n",
                 "orders.yaml:5:1: the pipeline `A` is there already (`a` at orders.yaml:1); "
                 "letters' case does not tell "
                 "names apart");
    expect_error(
        "pipelines: []\nsink: {}\n",
        "orders.yaml:2:1: a file with `pipelines` has no option `sink`; it knows pipelines");
    expect_error("", "orders.yaml holds no pipeline");
}

static void test_refusals(void **state)
{
    (void)state;
    expect_error("source: {path: a}\nsink: {path: b}\ntelemetry: {otlp: x}\n",
                 "orders.yaml:3:1: `telemetry` is not run by this version yet; leave it out");
    expect_error("source: {path: a}\nsink: {path: b}\ntransform: [x]\n",
                 "orders.yaml:3:13: a transform is written as its kind with its options: `kind: "
                 "{option: value}`");
    expect_error("source: {path: a}\nsink: {path: b}\ntelemetry: yes\n",
                 "orders.yaml:3:1: `telemetry` is not run by this version yet; leave it out");
    expect_error("sorce: {path: a}\nsink: {path: b}\n",
                 "orders.yaml:1:1: the pipeline has no option `sorce`; did you mean `source`?");
    expect_error("source: {path: a}\n",
                 "orders.yaml:1:1: the pipeline lacks `sink`: Where rows land.");
    expect_error("source: {path: a, fromat: csv}\nsink: {path: b}\n",
                 "orders.yaml:1:19: source has no option `fromat`; did you mean `format`?");
    expect_error("source: {path: a, format: cvs}\nsink: {path: b}\n",
                 "orders.yaml:1:19: source.format cannot be `cvs`; did you mean `csv`?");
    expect_error(
        "source:\n  path: a\n  csv: {delimeter: x}\nsink: {path: b}\n",
        "orders.yaml:3:9: source.csv has no option `delimeter`; did you mean `delimiter`?");
    expect_error(
        "source: {path: a, format: json, csv: {header: true}}\nsink: {path: b}\n",
        "orders.yaml:1:33: source.csv is given, but source.format is json; leave one of them out");
    expect_error("source: {path: a}\nsink: {path: b}\nschema: {columns: {x: dat}}\n",
                 "orders.yaml:3:20: the type of column `x`: …");
    expect_error(
        "source: {path: [a, '-']}\nsink: {path: b}\n",
        "orders.yaml:1:10: source.path: standard input (`-`) cannot stand beside other inputs");
    expect_error("source: {path: a}\nsink: {path: b.parquet, partition_by: c}\n",
                 "orders.yaml:2:25: sink.partition_by makes many files, but sink.path is one file: "
                 "give a directory");
    expect_error(
        "source: {path: a}\nsink: {path: b, keep: 30d}\n",
        "orders.yaml:2:17: sink.keep says how long dated folders stay: it needs sink.dated");
    expect_error("source: {path: a}\nsink: {path: b}\nlimits: {on_reject: limit(2)%}\n",
                 "orders.yaml:3:10: limits.on_reject must be keep, fail, 100 or 0.5% (or "
                 "limit(100), limit(0.5%)), not `limit(2)%`");
    expect_error("name: a/b\nsource: {path: a}\nsink: {path: b}\n",
                 "orders.yaml:1:1: name must be letters, digits, `_`, `-` and `.` (200 at most, no "
                 "`.` in front), not `a/b`");
    expect_error(
        "- 1\n",
        "orders.yaml:1:3: a pipeline is a map with the keys source and sink (and schema, limits)");
}

static void test_flags(void **state)
{
    (void)state;
    const char *flags[] = {"sink.path=out",   "source.csv.delimiter=|",  "limits.threads=3",
                           "source.path=x,y", "schema.columns.id=int64", NULL};
    struct cpl_config config;
    struct cpl_error err;
    if (!load("source: {path: a}\nsink: {path: b}\n", flags, &config, &err))
        fail_msg("%s", err.message);
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_string_equal(p->sink.path, "out");
    assert_int_equal(p->limits.threads, 3);
    assert_int_equal(p->source.paths.n, 2);
    assert_string_equal(p->source.format, "csv");
    assert_string_equal(p->schema.declared->fields[0].name, "id");
    cpl_config_release(&config);
    expect_flag_error("sink.paht=x",
                      "--set sink.paht: sink has no option `paht`; did you mean `path`?");
    expect_flag_error("snk.path=x",
                      "--set snk.path: a pipeline has no option `snk`; did you mean `sink`?");
    expect_flag_error("limits.threads=many",
                      "--set limits.threads: limits.threads must be a whole number, not `many`");
    expect_flag_error("sink.path",
                      "--set sink.path: write section.option=value, as sink.path=lake");
    expect_flag_error(
        "sink=x", "--set sink: an option is written section.option, as sink.path or limits.memory");
}

static void test_environment(void **state)
{
    (void)state;
    setenv("CUPEL_SINK_PATH", "from-env", 1);
    setenv("CUPEL_LIMITS_THREADS", "5", 1);
    setenv("CUPEL_SOURCE_PATH", "", 1);
    const char *flags[] = {"limits.threads=3", NULL};
    struct cpl_config config;
    struct cpl_error err;
    assert_true(load("source: {path: a}\nsink: {path: b}\n", flags, &config, &err));
    assert_string_equal(config.pipelines[0].sink.path, "from-env");
    assert_int_equal(config.pipelines[0].limits.threads, 3);
    assert_string_equal(config.pipelines[0].source.paths.items[0], "a");
    cpl_config_release(&config);
    setenv("CUPEL_LIMITS_THREADS", "hunter2", 1);
    expect_error("source: {path: a}\nsink: {path: b}\n",
                 "CUPEL_LIMITS_THREADS: limits.threads must be a whole number, not `hunter2`");
    unsetenv("CUPEL_SINK_PATH");
    unsetenv("CUPEL_LIMITS_THREADS");
    unsetenv("CUPEL_SOURCE_PATH");
}

static void hash_of(const char *text, const char *const *flags, char hash[40])
{
    struct cpl_config config;
    struct cpl_error err;
    if (!load(text, flags, &config, &err))
        fail_msg("%s", err.message);
    memcpy(hash, config.pipelines[0].config_hash, 40);
    cpl_config_release(&config);
}

static void test_hash(void **state)
{
    (void)state;
    char a[40], b[40];
    const char *text = "source: {path: a}\nsink: {path: '${CPL_TEST_OUT}'}\n";
    const char *threads[] = {"limits.threads=7", NULL}, *path[] = {"sink.path=z", NULL};
    setenv("CPL_TEST_OUT", "one", 1);
    hash_of(text, NULL, a);
    setenv("CPL_TEST_OUT", "two", 1);
    hash_of(text, NULL, b);
    assert_string_equal(a, b); /* the environment's values do not enter */
    hash_of(text, threads, b);
    assert_string_equal(a, b); /* nor what never changes what is written */
    hash_of(text, path, b);
    assert_string_not_equal(a, b);
    hash_of("source: {path: a}\nsink: {path: b}\n", NULL, a);
    hash_of("source:\n  path: 'a' # no matter\nsink:\n  path: \"b\"\n", NULL, b);
    assert_string_equal(a, b);
    hash_of("source: {path: a, csv: {token: x}}\nsink: {path: b}\n", NULL, a);
    hash_of("source: {path: a, csv: {token: y}}\nsink: {path: b}\n", NULL, b);
    assert_string_equal(a, b); /* an option marked secret does not enter */
    hash_of("source: {path: a}\nsink: {path: b}\nschema: {columns: {token: date}}\n", NULL, a);
    hash_of("source: {path: a}\nsink: {path: b}\nschema: {columns: {token: int64}}\n", NULL, b);
    assert_string_not_equal(a, b); /* a column of the same name does */
}

/* Keeps the pipeline of `text` and takes it back. The tree and the configuration are the caller's. */
static bool keep_and_take(const char *text, const char *const *flags, struct cpl_buffer *kept,
                          struct cpl_arena *arena, struct cpl_config *back)
{
    struct cpl_config config;
    struct cpl_error err;
    struct cpl_json_writer json;
    if (!load(text, flags, &config, &err))
        fail_msg("%s", err.message);
    cpl_json_begin(&json, kept, 0, &err);
    cpl_json_object(&json, NULL);
    cpl_config_keep(&config.pipelines[0], "config", &json);
    cpl_json_close(&json);
    assert_true(cpl_json_end(&json));
    cpl_config_release(&config);
    struct cpl_node *top = cpl_tree_parse_json((const char *)kept->data, kept->size, "kept.json",
                                               1000, arena, &err);
    assert_non_null(top);
    if (top->first->kind == CPL_NODE_NULL)
        return false;
    if (!cpl_config_take(top->first, back, &err))
        fail_msg("%s", err.message);
    return true;
}

static void test_what_is_kept(void **state)
{
    (void)state;
    struct cpl_buffer kept = {0};
    struct cpl_arena arena = {0};
    struct cpl_config back;
    const char *flags[] = {"sink.parquet.level=7", NULL};
    const char *text =
        "name: p1\nsource: {path: [a, '$b${CPL_TEST_DIR}'], csv: {delimiter: ';', header: false}}\n"
        "schema: {select: [day, id], columns: {id: int64 not null, day: {type: date, format: "
        "'%d.%m.%Y'}}, on_type_conflict: reject}\n"
        "sink: {path: lake, partition_by: [day], mode: overwrite, dated: run_date, keep: 3d}\n"
        "limits: {threads: 3, on_reject: limit(0.5%), max_row_bytes: 1MiB}\n";
    setenv("CPL_TEST_DIR", "dir", 1);
    assert_true(keep_and_take(text, flags, &kept, &arena, &back));
    setenv("CUPEL_LIMITS_MAX_ROW_BYTES", "5MiB", 1); /* the run's, not this environment's */
    cpl_config_release(&back);
    kept.size = 0;
    unsetenv("CUPEL_LIMITS_MAX_ROW_BYTES");
    assert_true(keep_and_take(text, flags, &kept, &arena, &back));
    const struct cpl_pipeline *p = &back.pipelines[0];
    assert_string_equal(p->name, "p1");
    assert_int_equal(p->source.paths.n, 2);
    assert_string_equal(p->source.paths.items[1], "$bdir");
    assert_string_equal(p->source.format, "csv");
    assert_string_equal(cpl_tree_get(p->source.format_options, "delimiter")->text, ";");
    assert_string_equal(cpl_tree_get(p->sink.format_options, "level")->text, "7");
    assert_int_equal(p->schema.declared->n_fields, 2);
    assert_false(p->schema.declared->fields[0].nullable);
    assert_string_equal(p->schema.formats[1], "%d.%m.%Y");
    assert_string_equal(p->schema.columns.items[0], "day");
    assert_int_equal(p->schema.on_type_conflict, CPL_WIDEN_REJECT);
    assert_int_equal(p->sink.mode, CPL_MODE_OVERWRITE);
    assert_string_equal(p->sink.dated, "run_date");
    assert_int_equal(p->sink.keep_ms, 3 * 86400000LL);
    assert_int_equal(p->limits.threads, 0); /* never changes what is written */
    assert_int_equal(p->limits.max_row_bytes, 1 << 20);
    assert_true(p->limits.reject_limit_share == 0.005);
    cpl_config_release(&back);
    cpl_arena_release(&arena);
    cpl_buffer_release(&kept);
}

static void test_the_environment_does_not_reach_what_was_kept(void **state)
{
    (void)state;
    struct cpl_buffer kept = {0};
    struct cpl_arena arena = {0};
    struct cpl_config back;
    struct cpl_error err;
    static const char text[] = "{\"name\":\"x\",\"source\":{\"path\":[\"${NO_SUCH}\"]},\"schema\":"
                               "{},\"sink\":{\"path\":\"b\"},\"limits\":{}}";
    setenv("CUPEL_LIMITS_MAX_DEPTH", "7", 1);
    struct cpl_node *top = cpl_tree_parse_json(text, sizeof text - 1, "x.json", 100, &arena, &err);
    assert_true(top && cpl_config_take(top, &back, &err));
    unsetenv("CUPEL_LIMITS_MAX_DEPTH");
    assert_int_equal(back.pipelines[0].limits.max_depth, 128);
    assert_string_equal(back.pipelines[0].source.paths.items[0], "${NO_SUCH}");
    cpl_config_release(&back);
    cpl_arena_release(&arena);
    cpl_buffer_release(&kept);
}

static void test_secrets_are_not_kept(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "source: {path: a, csv: {delimiter: '${CPL_TEST_D}'}}\nsink: {path: b}\n",
        "source: {path: a, csv: {token: hush}}\nsink: {path: b}\n",
        "source: {path: a}\nsink: {path: b}\nschema: {columns: {'${CPL_TEST_D}': date}}\n",
    };
    setenv("CPL_TEST_D", ";", 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct cpl_buffer kept = {0};
        struct cpl_arena arena = {0};
        struct cpl_config back;
        bool taken = keep_and_take(texts[i], NULL, &kept, &arena, &back);
        if (i < 2)
            assert_false(taken);
        if (taken)
            cpl_config_release(&back);
        assert_null(memmem(kept.data, kept.size, "hush", 4));
        cpl_arena_release(&arena);
        cpl_buffer_release(&kept);
    }
}

static void test_secrets_are_not_shown(void **state)
{
    (void)state;
    setenv("CPL_TEST_SECRET", "hunter2", 1);
    expect_error(
        "source: {path: a}\nsink: {path: b}\nlimits: {threads: '${CPL_TEST_SECRET}'}\n",
        "orders.yaml:3:10: limits.threads must be a whole number, not `${CPL_TEST_SECRET}`");
    expect_error("source: {path: a, format: '${CPL_TEST_SECRET}'}\nsink: {path: b}\n",
                 "orders.yaml:1:19: source.format cannot be `${CPL_TEST_SECRET}`; `cupel describe` "
                 "lists the decoders of "
                 "this build");
    expect_error("name: '${CPL_TEST_SECRET}/'\nsource: {path: a}\nsink: {path: b}\n",
                 "orders.yaml:1:1: name must be letters, digits, `_`, `-` and `.` (200 at most, no "
                 "`.` in front), not "
                 "`${CPL_TEST_SECRET}/`");
    expect_error("source: {path: a, compression: '${CPL_TEST_SECRET}'}\nsink: {path: b}\n",
                 "orders.yaml:1:19: source.compression cannot be `${CPL_TEST_SECRET}`; it is one "
                 "of auto|none|gzip|zstd|bzip2|xz|lz4");
    expect_error(
        "source: {path: a}\nsink: {path: b}\nschema: {columns: {x: '${CPL_TEST_SECRET}'}}\n",
        "orders.yaml:3:20: the type of column `x` cannot be `${CPL_TEST_SECRET}`");
}

static void test_default_config(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    if (!cpl_config_default("convert", &config, &err))
        fail_msg("%s", err.message);
    assert_string_equal(config.pipelines[0].name, "convert");
    assert_string_equal(config.pipelines[0].dialect, "command line");
    assert_null(config.pipelines[0].sink.path);
    assert_int_equal(config.pipelines[0].limits.max_depth, 128);
    cpl_config_release(&config);
}

static void test_command(void **state)
{
    (void)state;
    struct cpl_config config;
    struct cpl_error err;
    const char *flags[] = {"sink.path=out.parquet", "sink.parquet.compression=zstd",
                           "schema.columns.\"a.b=c\"=date", NULL};
    struct cpl_config_env env = {.flags = flags};
    if (!cpl_config_command("convert", &env, &config, &err))
        fail_msg("%s", err.message);
    const struct cpl_pipeline *p = &config.pipelines[0];
    assert_true(p->sink.single_file);
    assert_string_equal(cpl_tree_get(p->sink.format_options, "compression")->text, "zstd");
    assert_string_equal(p->schema.declared->fields[0].name, "a.b=c");
    cpl_config_release(&config);
    expect_flag_error("sink.\"path=x",
                      "--set sink.\"path=x: write section.option=value, as sink.path=lake");
    expect_flag_error(
        "sink..path=x",
        "--set sink..path: an option is written section.option, as sink.path or limits.memory");
    expect_flag_error(
        "sink.path.=x",
        "--set sink.path.: an option is written section.option, as sink.path or limits.memory");
}

static void test_no_memory(void **state)
{
    (void)state;
    const char *flags[] = {"sink.path=out", "source.path=x,y", NULL};
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        assert_in_range(n, 1, 2000);
        struct cpl_config config;
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        done = load("name: a\nsource: {path: a, csv: {header: true}}\nsink: {path: '${HOME:-x}'}\n"
                    "schema: {columns: [a, b], select: [a]}\nlimits: {allowed_paths: [/]}\n",
                    flags, &config, &err);
        cpl_memory_fail_at(0);
        assert_true(done || err.code == CPL_E_MEMORY);
        if (done)
            cpl_config_release(&config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_everything),
        cmocka_unit_test(test_column_list),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_what_is_kept),
        cmocka_unit_test(test_the_environment_does_not_reach_what_was_kept),
        cmocka_unit_test(test_secrets_are_not_kept),
        cmocka_unit_test(test_secrets_are_not_shown),
        cmocka_unit_test(test_default_config),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

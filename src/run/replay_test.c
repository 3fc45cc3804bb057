/* From raw file to rejects, and from rejects to the rows they should have been: once. */
#include "run/replay.h"

#include "batch/schema_json.h"
#include "decode/parquet.h"
#include "run/attempt_test.h"
#include "run/run.h"

static const char broken[] = "schema: {columns: {id: int64, amount: int64}}\n";
static const char fixed[] = "schema: {columns: {id: int64, amount: int64}}\n";

/* Into the bench's directory; `path` is where it stands. */
static void write_input(struct bench *bench, const char *name, const char *text, char path[200])
{
    snprintf(path, 200, "%s/%s", bench->root, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static uint64_t failing; /* allocation of the next runs; 0 = none */

/* One pipeline from `source` into the dataset; options of the source's CSV dialect in `csv`. */
static bool run_pipeline(struct bench *bench, const char *source, bool rejects, const char *csv,
                         const char *schema, const char *run_id, struct cpl_run_result *result)
{
    char text[1000];
    struct cpl_config config;
    snprintf(text, sizeof text,
             "name: orders\nsource: {path: %s, format: csv%s}\n"
             "sink: {path: %s/, on_type_change: warn}\n%s",
             source, csv, bench->dataset, schema);
    bench->err = (struct cpl_error){0};
    *result = (struct cpl_run_result){0};
    if (!cpl_config_parse(text, strlen(text), "test.yaml", &(struct cpl_config_env){0}, &config,
                          &bench->err))
        fail_msg("%s", bench->err.message);
    config.pipelines[0].source.rejects = rejects;
    struct cpl_run_options options = {
        .pipeline = &config.pipelines[0], .run_id = run_id, .now_ms = 1700000000000};
    cpl_memory_fail_at(failing);
    bool ok = cpl_run(&options, result, &bench->err);
    cpl_memory_fail_at(0);
    cpl_config_release(&config);
    return ok;
}

static struct cpl_row_counts run_well(struct bench *bench, const char *source, bool rejects,
                                      const char *csv, const char *schema, const char *run_id)
{
    struct cpl_run_result result;
    if (!run_pipeline(bench, source, rejects, csv, schema, run_id, &result))
        fail_msg("%s", bench->err.message);
    struct cpl_row_counts rows = result.rows;
    cpl_run_result_release(&result);
    return rows;
}

static void expect_refused(struct bench *bench, const char *rejects, const char *csv,
                           const char *run_id, enum cpl_code wanted)
{
    struct cpl_run_result result;
    assert_false(run_pipeline(bench, rejects, true, csv, fixed, run_id, &result));
    assert_int_equal(bench->err.code, wanted);
    cpl_run_result_release(&result);
}

/* Where the rows lie that a run rejected. */
static const char *rejects_of(struct bench *bench, const char *run_id, char path[200])
{
    snprintf(path, 200, "%s/_cupel/rejects/%s-00000.parquet", bench->dataset, run_id);
    return path;
}

static void make_directory(struct bench *bench, const char *name, char path[200])
{
    snprintf(path, 200, "%s/%s", bench->root, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void assert_books(struct bench *bench, uint64_t rows, uint64_t outstanding)
{
    struct cpl_verify_report report;
    assert_true(cpl_verify(bench->storage, bench->dataset, &report, &bench->err));
    for (size_t i = 0; i < report.n_findings; i++)
        print_message("%s %s\n", report.findings[i].path, report.findings[i].text);
    assert_int_equal(report.problems, 0);
    assert_int_equal(report.rows, rows);
    assert_int_equal(report.outstanding_rejects, outstanding);
    cpl_verify_report_release(&report);
}

static void repaired_rows_land_once(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], rejects[200];
    rejects_of(bench, "first", rejects);
    write_input(bench, "in.csv", "id;amount\n1;10\n2;n/a\n3;30\n4;what\n5;n/a\n6;60\n", in);
    rows = run_well(bench, in, false, "", broken, "first");
    assert_int_equal(rows.landed, 3);
    assert_int_equal(rows.rejected, 3);
    assert_books(bench, 3, 3);

    rows = run_well(bench, rejects, true, ", csv: {nulls: ['n/a']}", fixed, "second");
    assert_int_equal(rows.read, 3);
    assert_int_equal(rows.landed, 2);
    assert_int_equal(rows.rejected, 1);
    assert_books(bench, 5, 1); /* 6 source rows: 5 landed, 1 outstanding */

    expect_refused(bench, rejects, ", csv: {nulls: ['n/a']}", "third", CPL_E_CONFLICT);
    assert_non_null(strstr(bench->err.message, "second"));
    assert_books(bench, 5, 1);

    /* What was rejected again can be repaired again. */
    rejects_of(bench, "second", rejects);
    rows = run_well(bench, rejects, true, ", csv: {nulls: ['what']}", fixed, "fourth");
    assert_int_equal(rows.landed, 1);
    assert_books(bench, 6, 0);
}

/* One row more or less than there were is no replay. */
static void a_wrong_dialect_is_refused(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], rejects[200];
    rejects_of(bench, "first", rejects);
    write_input(bench, "in.csv", "id,amount\n1,10\n2,n/a\n", in);
    rows = run_well(bench, in, false, "", broken, "first");
    assert_int_equal(rows.rejected, 1);
    expect_refused(bench, rejects, ", csv: {header: no, names: [id, amount]}", "second",
                   CPL_E_DATA);
    assert_books(bench, 1, 1);
}

/* The reject file remembers all that is needed: neither the object nor the receipt need be there. */
static void nothing_but_the_reject_file_is_needed(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], path[200];
    rejects_of(bench, "first", path);
    write_input(bench, "in.csv", "amount;id\n10;1\nn/a;2\n", in);
    rows = run_well(bench, in, false, "", broken, "first");
    unlink(in);
    char receipt[200];
    snprintf(receipt, sizeof receipt, "%s/_cupel/receipts/first.json", bench->dataset);
    assert_int_equal(rename(receipt, in), 0);
    rows = run_well(bench, path, true, ", csv: {nulls: ['n/a']}", fixed, "second");
    assert_int_equal(rows.landed, 1);
    assert_int_equal(rename(in, receipt), 0);
    assert_books(bench, 2, 0);
}

struct place {
    char object[200];
    int64_t position, length, line;
};

/* The places of a reject file's rows; returns how many. */
static size_t places_of(struct bench *bench, const char *run_id, struct place *places)
{
    char path[200];
    size_t n = 0;
    struct cpl_batch *batch;
    rejects_of(bench, run_id, path);
    struct cpl_reader *reader = cpl_reader_open(bench->storage, path, &bench->err);
    struct cpl_parquet_file *file = cpl_parquet_open(reader, path, &bench->err);
    struct cpl_parquet_scan *scan = cpl_parquet_scan_new(
        file, &(struct cpl_parquet_scan_options){0}, &bench->err);
    assert_non_null(scan);
    while (cpl_parquet_scan_next(scan, &batch, &bench->err) && batch->rows)
        for (uint32_t i = 0; i < batch->rows; i++, n++) {
            struct cpl_slice object = batch->columns[1].slices[i];
            snprintf(places[n].object, sizeof places[n].object, "%.*s", (int)object.length,
                     (const char *)object.data);
            places[n].position = batch->columns[2].i64[i];
            places[n].length = batch->columns[3].i64[i];
            places[n].line = batch->columns[4].i64[i];
        }
    cpl_parquet_scan_free(scan);
    cpl_parquet_close(file);
    cpl_reader_close(reader);
    return n;
}

/* Whoever rejects it, how often ever, a row's reject points at its bytes in the object in which it first stood. */
static void rejects_of_rejects_point_at_the_first_bytes(void **state)
{
    struct bench *bench = *state;
    struct cpl_run_result result;
    struct cpl_row_counts rows;
    struct place first[20], again[20];
    static const char a[] = "id,amount\n1,10\n2,bad\n3,30\n4,\"wor\nse\"\n",
                      b[] = "amount,id\nbad,5";
    char in[200], path[200], rejects[200];
    make_directory(bench, "in", in);
    write_input(bench, "in/a.csv", a, path);
    write_input(bench, "in/b.csv", b, path);
    rows = run_well(bench, in, false, "", broken, "r0");
    assert_int_equal(places_of(bench, "r0", first), 3);
    for (int k = 1; k < 4; k++) {
        char id[8], text[400];
        snprintf(id, sizeof id, "r%d", k - 1);
        rejects_of(bench, id, rejects);
        snprintf(id, sizeof id, "r%d", k);
        if (!run_pipeline(bench, rejects, true, "", fixed, id, &result))
            fail_msg("%s", bench->err.message);
        assert_int_equal(result.rows.rejected, 3);
        snprintf(text, sizeof text, "%s/a.csv:3", in);
        assert_non_null(strstr(result.first_reject, text));
        cpl_run_result_release(&result);
        assert_int_equal(places_of(bench, id, again), 3);
        for (int i = 0; i < 3; i++) {
            assert_string_equal(again[i].object, first[i].object);
            assert_int_equal(again[i].position, first[i].position);
            assert_int_equal(again[i].length, first[i].length);
            assert_int_equal(again[i].line, first[i].line);
        }
    }
    assert_memory_equal(a + first[0].position, "2,bad\n", (size_t)first[0].length);
    assert_memory_equal(a + first[1].position, "4,\"wor\nse\"\n", (size_t)first[1].length);
    assert_memory_equal(b + first[2].position, "bad,5", (size_t)first[2].length);
    assert_int_equal(first[1].line, 5);
    assert_books(bench, 2, 3);
    rejects_of(bench, "r3", rejects);
    rows = run_well(bench, rejects, true, "", "schema: {columns: {id: int64, amount: string}}\n",
                    "r4");
    assert_int_equal(rows.landed, 3); /* each behind its own header, still */
    assert_books(bench, 5, 0);
}

/* Columns in another order in the second object: each row goes by its own header, in the replay of a replay, too. */
static void each_object_has_its_own_header(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], path[200], rejects[200];
    make_directory(bench, "in", in);
    write_input(bench, "in/a.csv", "id,amount\n1,10\n2,n/a\n3,30\n4,what\n", path);
    write_input(bench, "in/b.csv", "amount,id\n50,5\nn/a,6\nwhat,7\n", path);
    rejects_of(bench, "first", rejects);
    rows = run_well(bench, in, false, "", broken, "first");
    assert_int_equal(rows.rejected, 4);

    /* were 6 taken for an amount, nothing would be rejected for `what`, and the null would stand in id */
    static const char strict[] = "schema: {columns: {id: int64 not null, amount: int64}}\n";
    rows = run_well(bench, rejects, true, ", csv: {nulls: ['n/a']}", strict, "second");
    assert_int_equal(rows.read, 4);
    assert_int_equal(rows.landed, 2);
    assert_int_equal(rows.rejected, 2);
    assert_books(bench, 5, 2);

    rejects_of(bench, "second", rejects);
    rows = run_well(bench, rejects, true, ", csv: {nulls: ['what']}", strict, "third");
    assert_int_equal(rows.landed, 2);
    assert_books(bench, 7, 0);
}

/* One header, two charsets: neither's rows are read by the other's. */
static void each_object_has_its_own_charset(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], path[200], rejects[200];
    make_directory(bench, "in", in);
    write_input(bench, "in/a.csv", "id,amount\n1,10\n2,caf\xc3\xa9\n", path);
    write_input(bench, "in/b.csv", "id,amount\n3,30\n4,caf\xe9\n5,na\xefve\n", path);
    rejects_of(bench, "first", rejects);
    rows = run_well(bench, in, false, "", broken, "first");
    assert_int_equal(rows.rejected, 3);
    /* all are the word for null only when both charsets are kept apart */
    rows = run_well(bench, rejects, true, ", csv: {nulls: ['caf\xc3\xa9', 'na\xc3\xafve']}", fixed,
                    "second");
    assert_int_equal(rows.landed, 3);
    assert_books(bench, 5, 0);
}

/* Of a folder what was replayed is left out; whatever allocation fails on the way, the next try lands the rest. */
static void a_folder_lands_what_is_left_of_it(void **state)
{
    struct bench *bench = *state;
    struct cpl_run_result result;
    char in[200], folder[200], path[200], run_id[sizeof result.run_id] = "";
    snprintf(folder, sizeof folder, "%s/_cupel/rejects", bench->dataset);
    write_input(bench, "in.csv", "id,amount\n1,10\n2,n/a\n", in);
    run_well(bench, in, false, "", broken, "a");
    write_input(bench, "in.csv", "id,amount\n3,n/a\n4,n/a\n", in);
    run_well(bench, in, false, "", broken, "b");
    rejects_of(bench, "a", path);
    run_well(bench, path, true, ", csv: {nulls: ['n/a']}", fixed, "c");
    bool landed = false;
    for (uint64_t n = 1, step = 1; !landed; n += step, step += n > 40) {
        failing = n;
        bool ok = run_pipeline(bench, folder, true, ", csv: {nulls: ['n/a']}", fixed, NULL,
                               &result);
        landed = result.committed;
        assert_true(ok ? landed : bench->err.code == CPL_E_MEMORY || landed);
        assert_true(!ok || (result.rejects_skipped == 1 && result.rows.landed == 2));
        snprintf(run_id, sizeof run_id, "%s", result.run_id);
        cpl_run_result_release(&result);
    }
    failing = 0;
    /* failed behind its commit, it is finished by the same run id */
    assert_true(
        run_pipeline(bench, folder, true, ", csv: {nulls: ['n/a']}", fixed, run_id, &result));
    assert_true(result.repeated);
    cpl_run_result_release(&result);
    expect_refused(bench, folder, "", NULL, CPL_E_CONFLICT);
    write_input(bench, "in.csv", "id,amount\n", in);
    run_well(bench, in, false, "", fixed,
             "d"); /* finishes it, when memory ran out behind the commit */
    assert_books(bench, 4, 0);
}

/* The types of columns in one data file of the dataset. */
static void assert_types(struct bench *bench, const char *run_id, const char *wanted)
{
    char path[300];
    struct cpl_buffer text = {0};
    snprintf(path, sizeof path, "%s/_cupel/receipts/%s.json", bench->dataset, run_id);
    struct cpl_arena arena = {0};
    struct cpl_buffer types = {0};
    assert_true(cpl_storage_read_all(bench->storage, path, 1 << 20, &text, &bench->err));
    struct cpl_node *top = cpl_tree_parse_json((const char *)text.data, text.size, path, 10000,
                                               &arena, &bench->err);
    struct cpl_schema *schema = cpl_schema_take(cpl_tree_get(top, "schema"), &bench->err);
    assert_non_null(schema);
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        assert_true(cpl_buffer_append_text(&types, i ? " " : "", &bench->err));
        assert_true(cpl_type_format(&schema->fields[i].type, &types, &bench->err));
    }
    assert_string_equal(cpl_buffer_text(&types, &bench->err), wanted);
    cpl_schema_free(schema);
    cpl_arena_release(&arena);
    cpl_buffer_release(&types);
    cpl_buffer_release(&text);
}

/* What the repaired pipeline does not declare is typed as in the dataset, and no few rows make it narrower; it widens where it must. */
static void types_start_where_they_were(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], rejects[200];
    rejects_of(bench, "first", rejects);
    write_input(bench, "in.csv",
                "id,text,day,price,n\n1,x,2024-01-02,1.25,1\n2,5,,3,2\n3,7\n4,8,,2.5,1.5,9\n", in);
    rows = run_well(bench, in, false, "", "schema: {columns: {n: double}}\n", "first");
    assert_int_equal(rows.rejected, 2);
    assert_types(bench, "first", "int64 string date decimal(18,2) double");
    rows = run_well(bench, rejects, true, ", csv: {ragged: pad}", "", "second");
    assert_types(bench, "second", "int64 string date decimal(18,2) double");
}

static void types_widen_where_they_must(void **state)
{
    struct bench *bench = *state;
    struct cpl_row_counts rows;
    char in[200], rejects[200];
    rejects_of(bench, "first", rejects);
    write_input(bench, "in.csv", "id,amount\n1,10\n2,0.5\n", in);
    rows = run_well(bench, in, false, "", broken, "first");
    assert_int_equal(rows.rejected, 1);
    rows = run_well(bench, rejects, true, "", "", "second");
    assert_int_equal(rows.landed, 1);
    assert_types(bench, "second", "int64 decimal(38,1)");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(repaired_rows_land_once),
        T(a_wrong_dialect_is_refused),
        T(a_folder_lands_what_is_left_of_it),
        T(each_object_has_its_own_header),
        T(each_object_has_its_own_charset),
        T(types_start_where_they_were),
        T(types_widen_where_they_must),
        T(nothing_but_the_reject_file_is_needed),
        T(rejects_of_rejects_point_at_the_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Everything that can fail in a whole run fails once: each allocation, each system call of storage, in each of its ways.
 *
 * A small run of each kind is made to fail at the n-th place, for every n. What it answers must be true: success means that the rows
 * are there and that the books balance, as verify counts them; a failure has the code of its cause, and unless it says that the run is committed (or that
 * nobody knows) nothing has changed and nothing is left over. The same run, done again, lands exactly once.
 *
 * Of allocations, which are thousands and repeat, a sample is taken, but all with CUPEL_TEST_FULL=1. */
#include "whole.h"

#include "run/partition_store.h"

#include <dirent.h>
#include <errno.h>

struct scenario {
    const char *name;
    struct job before, job; /* before.config NULL: the dataset is new */
    uint64_t rows_before, rejects_before, rows, rejects;
    bool flush; /* partitions are written after every input, not at the end alone */
};

static const struct scenario scenarios[] = {
    {.name = "CSV with rejects, first use",
     .job = {.config = "name: j\nsource: {path: '@/orders.csv'}\nschema: {columns: {id: int64}}\n"
                       "sink: {path: '@/ds'}\nlimits: {threads: 1}\n",
             .run_id = "new"},
     .rows = 4,
     .rejects = 2},
    {.name = "JSON, replacing",
     .before = {.config = "name: j\nsource: {path: '@/events.ndjson'}\nsink: {path: '@/ds'}\n",
                .run_id = "old"},
     .job = {.config = "name: j\nsource: {path: '@/events.ndjson'}\n"
                       "sink: {path: '@/ds', mode: overwrite}\nlimits: {threads: 1}\n",
             .run_id = "new"},
     .rows_before = 3,
     .rejects_before = 1,
     .rows = 3,
     .rejects = 2},
    {.name = "partitions",
     .before = {.config = "name: j\nsource: {path: '@/orders.csv'}\n"
                          "schema: {columns: {id: string}}\n"
                          "sink: {path: '@/ds', partition_by: country}\n",
                .run_id = "old"},
     .job = {.config = "name: j\nsource: {path: '@/orders.csv'}\nschema: {columns: {id: string}}\n"
                       "sink: {path: '@/ds', partition_by: country, mode: "
                       "overwrite_partitions}\nlimits: {threads: 1}\n",
             .run_id = "new"},
     .rows_before = 5,
     .rejects_before = 1,
     .rows = 5,
     .rejects = 2},
    {.name = "widening",
     .job = {.config = "name: j\nsource: {path: '@/many'}\nsink: {path: '@/ds'}\n"
                       "limits: {threads: 1}\n",
             .run_id = "new"},
     .rows = 12},
    {.name = "partitions written on the way",
     .job = {.config = "name: j\nsource: {path: '@/many'}\nsink: {path: '@/ds', partition_by: n}\n"
                       "limits: {threads: 1}\n",
             .run_id = "new"},
     .rows = 12,
     .flush = true},
    {.name = "compressed, UTF-16",
     .job = {.config = "name: j\nsource: {path: '@/wide.csv.gz'}\nsink: {path: '@/ds'}\n"
                       "limits: {threads: 1}\n",
             .run_id = "new"},
     .rows = 2,
     .rejects = 1},
    {.name = "replay",
     .before = {.config = "name: j\nsource: {path: '@/orders.csv'}\n"
                          "schema: {columns: {id: int64}}\nsink: {path: '@/ds'}\n",
                .run_id = "old"},
     .job = {.config = "name: j\nsource: {path: '@/ds/_cupel/rejects/old-00000.parquet', csv: "
                       "{ragged: pad}}\nschema: {columns: {id: int64}}\n"
                       "sink: {path: '@/ds'}\nlimits: {threads: 1}\n",
             .run_id = "new",
             .rejects = true},
     .rows_before = 4,
     .rejects_before = 2,
     .rows = 5,
     .rejects = 1},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* "id,n\n1,é\n2\n3,x\n" in UTF-16 with a byte order mark, by gzip. */
static const unsigned char wide_gz[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xfb, 0xff, 0x2f, 0x93, 0x21,
    0x85, 0x41, 0x87, 0x21, 0x8f, 0x81, 0x8b, 0xc1, 0x10, 0x48, 0xbf, 0x04, 0xd2, 0x46, 0x40,
    0x6c, 0x0c, 0x64, 0x57, 0x00, 0x69, 0x00, 0x5c, 0x71, 0x48, 0x5a, 0x20, 0x00, 0x00, 0x00};

static void write_inputs(struct bench *bench)
{
    char path[100];
    write_input(bench, "orders.csv",
                "id,country,amount\n1,DE,10\n2,FR,20\nx,DE,30\n4,IT,40\n5,DE\n6,FR,60\n");
    write_input(
        bench, "events.ndjson",
        "{\"id\":1,\"a\":{\"b\":[1,2]}}\n{\"id\":oops}\n{\"id\":2.5,\"a\":null}\n{\"id\":3}\n");
    snprintf(path, sizeof path, "%s/wide.csv.gz", bench->root);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(wide_gz, 1, sizeof wide_gz, file), sizeof wide_gz);
    assert_int_equal(fclose(file), 0);
    snprintf(path, sizeof path, "%s/many", bench->root);
    mkdir(path, 0755);
    for (int i = 0; i < 12; i++) { /* the eleventh is not sampled */
        snprintf(path, sizeof path, "many/%02d.csv", i);
        write_input(bench, path, i == 10 ? "id,n\n1,wide\n" : "id,n\n1,2\n");
    }
}

static void begin_anew(struct bench *bench, const struct scenario *scenario)
{
    remove_below(bench, "ds");
    cpl_partition_store_limit(scenario->flush);
    if (scenario->before.config)
        run_well(bench, &scenario->before);
}

/* ---- judging ---- */

static int open_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static bool is_there(struct bench *bench, const char *name)
{
    char path[300];
    bool there;
    snprintf(path, sizeof path, "%s/%s", bench->dataset, name);
    assert_true(cpl_storage_exists(bench->storage, path, &there, &bench->err));
    return there;
}

/* Names in a directory, but `.` and `..`; 0 when it is not there. */
static int entries(struct bench *bench, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", bench->dataset, name);
    DIR *dir = opendir(path);
    int n = -2;
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return dir ? n : 0;
}

static void assert_state(struct bench *bench, const struct scenario *scenario, bool landed)
{
    uint64_t rows = landed ? scenario->rows : scenario->rows_before;
    uint64_t rejects = landed ? scenario->rejects : scenario->rejects_before;
    if (is_there(bench, "_cupel/log/00000000000000000001.json"))
        assert_verified(bench, rows, rejects, 0);
    else
        assert_int_equal(visible_rows(bench), 0);
}

/* A failure that came before the decision leaves nothing. */
static void assert_clean(struct bench *bench, const struct scenario *scenario)
{
    assert_state(bench, scenario, false);
    assert_int_equal(entries(bench, "_cupel/staging"), 0);
    assert_int_equal(entries(bench, "_cupel/plans"), scenario->before.config ? 1 : 0);
}

static void disarm(void)
{
    for (int call = 0; call < CPL_FAULT_COUNT; call++)
        cpl_storage_fault((enum cpl_fault_call)call, 0, 0);
    cpl_memory_fail_at(0);
}

static const char *place; /* for messages */
static uint64_t place_n;

static void on_failure(struct bench *bench, const struct scenario *scenario,
                       const struct cpl_error *err, enum cpl_code wanted)
{
    bool said = err->code == CPL_E_UNKNOWN || strstr(err->message, "committed") ||
                strstr(err->message, "landed");
    bool landed = is_there(bench, "_cupel/log/00000000000000000001.json") &&
                  has_landed(bench, "new");
    if (!err->message[0] || (err->code != wanted && err->code != CPL_E_UNKNOWN))
        fail_msg("%s: %s %llu: code %s: %s", scenario->name, place, (unsigned long long)place_n,
                 cpl_code_name(err->code), err->message);
    if (landed && !said)
        fail_msg("%s: %s %llu: committed, and does not say so: %s", scenario->name, place,
                 (unsigned long long)place_n, err->message);
    if (!landed && err->code != CPL_E_UNKNOWN)
        assert_clean(bench, scenario);
}

/* One run with its fault armed, judged, and done again. Returns whether it failed. */
static bool run_and_judge(struct bench *bench, const struct scenario *scenario,
                          const struct cpl_config *config, enum cpl_code wanted)
{
    struct cpl_run_result result;
    bool ok = run_config(bench, config, "new", &result);
    struct cpl_error err = bench->err;
    disarm();
    cpl_run_result_release(&result);
    if (ok)
        assert_state(bench, scenario, true);
    else
        on_failure(bench, scenario, &err, wanted);
    if (!run_config(bench, config, "new", &result))
        fail_msg("%s: %s %llu (%s): the second run: %s", scenario->name, place,
                 (unsigned long long)place_n, err.message, bench->err.message);
    assert_int_equal(result.rows.landed + result.rows.rejected, result.rows.read);
    cpl_run_result_release(&result);
    assert_state(bench, scenario, true);
    return !ok;
}

/* ---- allocations ---- */

static uint64_t stride(uint64_t n, uint64_t count)
{
    const char *full = getenv("CUPEL_TEST_FULL");
    if (full && *full == '1')
        return 1;
    return n < 100 ? 3 : count / 120 + 1;
}

static void each_allocation_fails(void **state)
{
    struct bench *bench = *state;
    write_inputs(bench);
    for (int i = 0; i < SCENARIOS; i++) {
        struct cpl_config config;
        struct cpl_run_result result;
        load_job(bench, &scenarios[i].job, &config);
        begin_anew(bench, &scenarios[i]);
        uint64_t first = cpl_memory_allocations(), failures = 0;
        if (!run_config(bench, &config, "new", &result))
            fail_msg("%s: %s", scenarios[i].name, bench->err.message);
        uint64_t count = cpl_memory_allocations() - first;
        cpl_run_result_release(&result);
        assert_state(bench, &scenarios[i], true);
        int files = open_files();
        place = "allocation";
        for (uint64_t n = 1; n <= count; n += stride(n, count)) {
            begin_anew(bench, &scenarios[i]);
            place_n = n;
            cpl_memory_fail_at(n);
            failures += run_and_judge(bench, &scenarios[i], &config, CPL_E_MEMORY);
        }
        assert_int_equal(open_files(), files);
        assert_true(failures > 50);
        cpl_config_release(&config);
    }
}

/* ---- system calls ---- */

/* Until no call of the kind was left to fail. */
static void fail_each(struct bench *bench, const struct scenario *scenario, size_t f)
{
    struct cpl_config config;
    uint64_t failures = 0, left = 0;
    load_job(bench, &scenario->job, &config);
    place = faults[f].name;
    for (uint64_t n = 1; !left; n++) {
        begin_anew(bench, scenario);
        place_n = n;
        cpl_storage_fault(faults[f].call, n, faults[f].errnum);
        struct cpl_run_result result;
        bool ok = run_config(bench, &config, "new", &result);
        struct cpl_error err = bench->err;
        left = cpl_storage_fault_left(faults[f].call);
        disarm();
        cpl_run_result_release(&result);
        failures += !ok;
        if (ok)
            assert_state(bench, scenario, true);
        else if (faults[f].code == CPL_E_NONE)
            fail_msg("%s: %s %llu: %s", scenario->name, place, (unsigned long long)n, err.message);
        else
            on_failure(bench, scenario, &err, faults[f].code);
        if (!run_config(bench, &config, "new", &result))
            fail_msg("%s: %s %llu (%s): the second run: %s", scenario->name, place,
                     (unsigned long long)n, err.message, bench->err.message);
        cpl_run_result_release(&result);
        assert_state(bench, scenario, true);
    }
    if (faults[f].code != CPL_E_NONE && !failures && faults[f].call != CPL_FAULT_MKDIR)
        fail_msg("%s: %s: nothing failed", scenario->name, place);
    cpl_config_release(&config);
}

static void each_call_fails(void **state)
{
    struct bench *bench = *state;
    write_inputs(bench);
    int files = open_files();
    for (int i = 0; i < SCENARIOS; i++)
        for (size_t f = 0; f < FAULTS; f++)
            fail_each(bench, &scenarios[i], f);
    assert_int_equal(open_files(), files);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(each_allocation_fails),
        T(each_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What progress ends with is what the run gives, also where splits began at wrong guesses and were worked again. */
#include "run/run.h"

#include "run/attempt_test.h"

struct told {
    struct cpl_progress last; /* of the reading */
    unsigned wholes;
};

static void tell(void *context, const struct cpl_progress *progress)
{
    struct told *told = context;
    if (strcmp(progress->phase, "work") != 0)
        return;
    told->last = *progress;
    told->wholes += progress->whole;
}

static void ignore(void *context, const char *level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
}

/* A quoted field over the place where the second split begins: its lines look like rows, some of them like wrong ones. */
static uint64_t write_input(const char *path)
{
    enum { SPLIT = 32 << 20, FIELD = 2 << 20 };
    FILE *file = fopen(path, "w");
    uint64_t rows = 0;
    assert_non_null(file);
    fputs("id,text\n", file);
    for (; ftell(file) < SPLIT - FIELD / 2; rows++)
        fprintf(file, "%d,some text that fills the rows of this file\n", (int)rows);
    fprintf(file, "%d,\"", (int)rows++);
    for (int i = 0; i < FIELD / 10; i++)
        fputs(i % 1000 ? "1,a\n12,b\n" : "1,a,x\n2,b\n", file);
    fputs("\"\n", file);
    for (int i = 0; i < 1000; i++, rows++)
        fprintf(file, "%d,more\n", (int)rows);
    assert_int_equal(fclose(file), 0);
    return rows;
}

static void run_it(struct bench *bench, const char *in, const char *threads, struct told *told,
                   struct cpl_run_result *result)
{
    char text[600];
    struct cpl_config config;
    snprintf(text, sizeof text,
             "name: p\nsource: {path: %s}\nsink: {path: %s, mode: overwrite}\nlimits: {threads: "
             "%s}\n",
             in, bench->dataset, threads);
    if (!cpl_config_parse(text, strlen(text), "p.yaml", &(struct cpl_config_env){0}, &config,
                          &bench->err))
        fail_msg("%s", bench->err.message);
    struct cpl_run_options options = {.pipeline = &config.pipelines[0],
                                      .now_ms = 1700000000000,
                                      .context = told,
                                      .progress = tell,
                                      .log = ignore};
    if (!cpl_run(&options, result, &bench->err))
        fail_msg("%s", bench->err.message);
    cpl_config_release(&config);
}

static void progress_ends_with_the_result(void **state)
{
    struct bench *bench = *state;
    char in[100];
    snprintf(in, sizeof in, "%s/in.csv", bench->root);
    uint64_t rows = write_input(in);
    static const char *const threads[] = {"1", "2"};
    for (size_t i = 0; i < 2; i++) {
        struct told told = {.wholes = 0};
        struct cpl_run_result result = {.seconds = 0};
        run_it(bench, in, threads[i], &told, &result);
        assert_int_equal(result.rows.landed, rows);
        assert_int_equal(result.rows.rejected, 0);
        assert_int_equal(told.wholes, 1);
        assert_true(told.last.whole);
        assert_int_equal(told.last.rows, result.rows.landed);
        assert_int_equal(told.last.rejects, 0);
        assert_int_equal(told.last.bytes_done, told.last.bytes_total);
        cpl_run_result_release(&result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(progress_ends_with_the_result, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

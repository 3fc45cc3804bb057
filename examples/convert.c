/* Convert files with libcupel, with progress and the result.
 *
 *     cc convert.c $(pkg-config --cflags --libs cupel) -o convert
 *     ./convert orders.csv orders.parquet */
#include <cupel.h>
#include <stdio.h>

static void on_progress(void *context, const char *phase, uint64_t bytes_done, uint64_t bytes_total,
                        uint64_t rows, uint64_t rejects, double seconds)
{
    (void)context;
    (void)bytes_total;
    fprintf(stderr, "%-8s %llu rows, %llu rejected, %.1f MB, %.1f s\n", phase,
            (unsigned long long)rows, (unsigned long long)rejects, (double)bytes_done / 1e6,
            seconds);
}

static void on_log(void *context, const char *level, const char *message)
{
    (void)context;
    fprintf(stderr, "%s: %s\n", level, message);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: %s INPUT... OUTPUT\n", argv[0]);
        return 2;
    }
    cupel_error err = {0};
    cupel_callbacks callbacks = {.size = sizeof callbacks, .progress = on_progress, .log = on_log};
    cupel *instance = cupel_new(&callbacks, &err);
    bool ok = instance && cupel_set(instance, "sink.mode", "overwrite", &err) &&
              cupel_convert(instance, (const char *const *)argv + 1, (size_t)argc - 2,
                            argv[argc - 1], &err);
    if (ok)
        printf("%s\n", cupel_result(instance));
    else
        fprintf(stderr, "%s: %s\n", cupel_code_name(err.code), err.message);
    cupel_free(instance);
    return ok ? 0 : err.exit_status;
}

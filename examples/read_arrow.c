/* Read any input as Arrow record batches with libcupel: its columns, and how many values of each are null.
 *
 *     cc read_arrow.c $(pkg-config --cflags --libs cupel) -o read_arrow
 *     ./read_arrow orders.csv */
#include <cupel.h>
#include <stdio.h>
#include <stdlib.h>

static void on_reject(void *context, const char *object, uint64_t line, const char *column,
                      const char *rule, const char *message)
{
    uint64_t *rejects = context;
    ++*rejects;
    fprintf(stderr, "%s:%llu: %s%s%s (%s)\n", object, (unsigned long long)line,
            column ? column : "", column ? ": " : "", message, rule);
}

/* Count rows and nulls of every batch; 0 when the stream ended well. */
static int count(struct ArrowArrayStream *stream, int64_t n_columns, int64_t *rows, int64_t *nulls)
{
    for (;;) {
        struct ArrowArray batch;
        int failed = stream->get_next(stream, &batch);
        if (failed || !batch.release)
            return failed;
        *rows += batch.length;
        for (int64_t i = 0; i < n_columns; i++)
            nulls[i] += batch.children[i]->null_count;
        batch.release(&batch);
    }
}

static int print(struct ArrowArrayStream *stream, const uint64_t *rejects)
{
    struct ArrowSchema schema;
    int64_t rows = 0;
    if (stream->get_schema(stream, &schema)) {
        fprintf(stderr, "%s\n", stream->get_last_error(stream));
        return 1;
    }
    int64_t *nulls = calloc((size_t)schema.n_children + 1, sizeof *nulls);
    int failed = !nulls || count(stream, schema.n_children, &rows, nulls);
    if (failed)
        fprintf(stderr, "%s\n", stream->get_last_error(stream));
    for (int64_t i = 0; !failed && i < schema.n_children; i++)
        printf("%-20s %-8s %lld nulls\n", schema.children[i]->name, schema.children[i]->format,
               (long long)nulls[i]);
    if (!failed)
        printf("%lld rows, %llu rejected\n", (long long)rows, (unsigned long long)*rejects);
    free(nulls);
    schema.release(&schema);
    return failed;
}

int main(int argc, char **argv)
{
    cupel_error err = {0};
    struct ArrowArrayStream stream;
    uint64_t rejects = 0;
    cupel_callbacks callbacks = {
        .size = sizeof callbacks, .context = &rejects, .reject = on_reject};
    cupel *instance = cupel_new(&callbacks, &err);
    if (argc != 2 || !instance || !cupel_read(instance, argv[1], &stream, &err)) {
        fprintf(stderr, "%s\n", argc == 2 ? err.message : "usage: read_arrow PATH");
        cupel_free(instance);
        return argc == 2 ? err.exit_status : 2;
    }
    int failed = print(&stream, &rejects);
    stream.release(&stream);
    cupel_free(instance);
    return failed;
}

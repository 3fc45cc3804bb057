/* decode_json FILE [rows-path]: decode a JSON file into batches and drop them; rows, MB/s of CPU
 * time.
 *
 * Measures the decoder alone (reading from the page cache, parsing, building columns), on one
 * thread. Built with -DCUPEL_BENCH=ON. */
#include "base/option.h"
#include "decode/json.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SAMPLE = 1 << 20 };

static bool print_reject(struct cpl_reject_sink *sink, const struct cpl_reject *reject,
                         struct cpl_error *err)
{
    (void)sink;
    (void)err;
    fprintf(stderr, "reject at byte %llu: %s: %s\n", (unsigned long long)reject->position,
            reject->rule, reject->message);
    return true;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool infer(struct cpl_decode_plan *plan, int fd, struct cpl_schema **schema,
                  struct cpl_error *err)
{
    static uint8_t head[SAMPLE + 64];
    ssize_t got = pread(fd, head, SAMPLE, 0);
    if (got < 0)
        return cpl_fail(err, CPL_E_IO, "cannot read the file");
    struct cpl_sample sample = {
        .data = head, .size = (size_t)got, .at_start = true, .whole = got < SAMPLE};
    if (!cpl_decoder_json.infer(plan->settings, &sample, 1, NULL, true, schema, &plan->columns,
                                err))
        return false;
    plan->schema = *schema;
    return true;
}

static void print_schema(const struct cpl_schema *schema)
{
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        struct cpl_buffer text = {0};
        if (cpl_type_format(&schema->fields[i].type, &text, NULL))
            printf("%s %s\n", schema->fields[i].name, cpl_buffer_text(&text, NULL));
        cpl_buffer_release(&text);
    }
}

static bool decode(const struct cpl_decode_plan *plan, struct cpl_stream *stream,
                   struct cpl_error *err)
{
    struct cpl_reject_sink sink = {.add = print_reject};
    struct cpl_batch *batch;
    struct cpl_split_report report;
    double start = cpu_seconds();
    struct cpl_decoder *decoder = cpl_decoder_json.open(plan, stream, 0, UINT64_MAX, true, &sink,
                                                        err);
    bool ok = decoder != NULL;
    while ((ok = ok && cpl_decoder_json.next(decoder, &batch, err)) && batch->rows)
        ;
    double seconds = cpu_seconds() - start;
    if (ok) {
        cpl_decoder_json.report(decoder, &report);
        double mb = (double)(report.true_end - report.true_start) / 1e6;
        printf("%llu rows, %llu rejected%s, %.1f MB in %.3f CPU-s: %.0f MB/s\n",
               (unsigned long long)report.rows_decoded, (unsigned long long)report.rows_rejected,
               report.widened ? ", the schema must widen" : "", mb, seconds, mb / seconds);
    }
    cpl_decoder_json.close(decoder);
    return ok;
}

int main(int argc, char **argv)
{
    struct cpl_error err = {0};
    struct cpl_json_settings settings = {0};
    struct cpl_arena arena = {0};
    struct cpl_schema *schema = NULL;
    struct cpl_decode_plan plan = {.ops = &cpl_decoder_json, .settings = &settings};
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
    struct cpl_stream *stream = fd >= 0 ? cpl_stream_fd(fd, &err) : NULL;
    bool ok = stream && cpl_options_parse(json_options, NULL, "json", &arena, &settings, &err);
    settings.rows = argc > 2 ? argv[2] : NULL;
    ok = ok && infer(&plan, fd, &schema, &err);
    if (ok)
        print_schema(schema);
    ok = ok && decode(&plan, stream, &err);
    if (!ok)
        fprintf(stderr, "decode_json: %s\n",
                fd < 0 ? "usage: decode_json FILE [rows-path]" : err.message);
    cpl_stream_close(stream);
    cpl_decoder_json.release_settings(&settings);
    cpl_schema_free(schema);
    cpl_free(plan.columns);
    cpl_arena_release(&arena);
    return ok ? 0 : 1;
}

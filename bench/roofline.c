/* roofline FILE [REPEATS] — what each stage takes on one thread, beside what this machine allows.
 *
 * The first 32 MiB of a CSV file (whole rows) are kept in memory. Each stage includes the ones above it:
 *
 *   scan     the structural index alone (decode/csv_scan.h)
 *   decode   scan, cut, parse all columns into batches
 *   encode   and encode as Parquet, no codec
 *   snappy   and compress
 *
 * Limits are taken on the same bytes: memcpy, read from the page cache, and codecs over the pages that
 * `encode` made and over the CSV text, in blocks of 1 MiB. Each figure is the fastest of REPEATS
 * (default 25), as a rate in bytes of its own input; the core's clock is taken by a chain of dependent additions.
 * Prints one JSON object. Built with -DCUPEL_BENCH=ON. */
#include "base/option.h"
#include "decode/csv.h"
#include "decode/csv_block.h"
#include "encode/encoder.h"
#include "format/codec.h"

#include <fcntl.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 32 << 20, SAMPLE = 1 << 20, SLACK = 64, BLOCK = 1 << 20 };

struct bench {
    const char *path;
    int repeats;
    uint8_t *memory, *text; /* text = memory + SLACK, SLACK readable bytes around it */
    uint8_t *other;         /* as large: where memcpy and read go to */
    size_t size;
    uint32_t *positions;
    struct cpl_csv_dialect dialect;
    struct cpl_decode_plan plan;
    struct cpl_schema *schema;
    struct cpl_arena arena;
    void *options; /* of the encoder */
    bool encode;
    struct cpl_buffer file; /* what the encoder made */
    struct cpl_buffer compressed;
    const uint8_t *codec_input;
    size_t codec_size;
    enum cpl_codec codec;
    int level;
    bool library;
    struct cpl_codec_state codecs;
};
typedef bool step(struct bench *bench, struct cpl_error *err);

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The fastest of the repeats, in seconds; negative when it failed. */
static double fastest(struct bench *bench, step *run, struct cpl_error *err)
{
    double best = -1;
    for (int i = 0; i < bench->repeats; i++) {
        double begun = seconds();
        if (!run(bench, err))
            return -1;
        double took = seconds() - begun;
        best = best < 0 || took < best ? took : best;
    }
    return best;
}

/* ---- the input ---- */

static bool load(struct bench *bench, struct cpl_error *err)
{
    int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    bench->memory = cpl_alloc(PIECE + 2 * SLACK, err);
    bench->other = cpl_alloc(PIECE + 2 * SLACK, err);
    bench->positions = cpl_alloc(((size_t)PIECE + SLACK) * sizeof(uint32_t), err);
    ssize_t got = -1;
    if (fd >= 0 && bench->memory && bench->other && bench->positions) {
        memset(bench->memory, '\n', PIECE + 2 * SLACK);
        memset(bench->other, 0, PIECE + 2 * SLACK);
        bench->text = bench->memory + SLACK;
        got = pread(fd, bench->text, PIECE, 0);
    }
    if (fd >= 0)
        close(fd);
    while (got > 0 && bench->text[got - 1] != '\n')
        got--;
    bench->size = got > 0 ? (size_t)got : 0;
    return bench->size || cpl_fail(err, CPL_E_IO, "cannot read rows from %s", bench->path);
}

static bool infer(struct bench *bench, struct cpl_error *err)
{
    struct cpl_sample sample = {.data = bench->text,
                                .size = bench->size < SAMPLE ? bench->size : SAMPLE,
                                .at_start = true,
                                .whole = bench->size < SAMPLE};
    bench->plan.ops = &cpl_decoder_csv;
    bench->plan.settings = &bench->dialect;
    if (!cpl_options_parse(cpl_csv_options, NULL, "csv", &bench->arena, &bench->dialect, err) ||
        !cpl_decoder_csv.infer(&bench->dialect, &sample, 1, NULL, true, &bench->schema,
                               &bench->plan.columns, err))
        return false;
    bench->plan.schema = bench->schema;
    bench->options = cpl_alloc_zero(1, cpl_encoder_parquet.options_size, err);
    return bench->options != NULL;
}

/* ---- stages ---- */

static bool scan(struct bench *bench, struct cpl_error *err)
{
    struct cpl_csv_scan state = {.delimiter = (uint8_t)bench->dialect.delimiter,
                                 .quote = (uint8_t)bench->dialect.quote,
                                 .newline = '\n',
                                 .positions = bench->positions};
    for (size_t at = 0; at < bench->size; at += CPL_CSV_BLOCK) {
        size_t to = at + CPL_CSV_BLOCK < bench->size ? at + CPL_CSV_BLOCK : bench->size;
        state.n = 0; /* as the decoder does: the index of a block stays in the cache */
        if (cpl_csv_scan(&state, bench->text, at, to, true) != to)
            return cpl_fail(err, CPL_E_DATA, "%s has irregular quotes", bench->path);
    }
    return true;
}

static bool no_reject(struct cpl_reject_sink *sink, const struct cpl_reject *reject,
                      struct cpl_error *err)
{
    (void)sink;
    return cpl_fail(err, CPL_E_DATA, "a row was rejected: %s", reject->message);
}

struct kept {
    struct cpl_write_sink sink;
    struct cpl_buffer *file;
};

static bool keep(struct cpl_write_sink *sink, const void *data, size_t size, struct cpl_error *err)
{
    return cpl_buffer_append(((struct kept *)sink)->file, data, size, err);
}

/* The part into a file in memory, and what the codecs will be tried on. */
static bool close_file(struct bench *bench, struct cpl_part *part, struct cpl_error *err)
{
    struct kept kept = {.sink.write = keep, .file = &bench->file};
    struct cpl_pairs none = {0};
    bench->file.size = 0;
    struct cpl_file_encoder *file = cpl_encoder_parquet.file_new(bench->schema, bench->options,
                                                                 &kept.sink, &none, err);
    if (!file) {
        cpl_encoder_parquet.part_free(part);
        return false;
    }
    bool ok = cpl_encoder_parquet.file_add(file, part, err) &&
              cpl_encoder_parquet.file_finish(file, err);
    cpl_encoder_parquet.file_free(file);
    return ok;
}

static bool drain(struct bench *bench, struct cpl_decoder *decoder,
                  struct cpl_part_builder *builder, struct cpl_error *err)
{
    struct cpl_batch *batch = NULL;
    struct cpl_part *part = NULL;
    struct cpl_split_report report;
    while (cpl_decoder_csv.next(decoder, &batch, err) && batch->rows)
        if (builder && !cpl_encoder_parquet.append(builder, batch, NULL, batch->rows, err))
            return false;
    if (!batch || batch->rows)
        return false;
    cpl_decoder_csv.report(decoder, &report);
    if (report.widened)
        return cpl_fail(err, CPL_E_TYPE, "the types of the first MiB do not fit the rest");
    if (!builder)
        return true;
    return cpl_encoder_parquet.finish(builder, &part, err) && close_file(bench, part, err);
}

static bool decode(struct bench *bench, struct cpl_error *err)
{
    struct cpl_reject_sink rejects = {.add = no_reject};
    struct cpl_part_builder *builder = NULL;
    struct cpl_decoder *decoder = NULL;
    struct cpl_stream *stream = cpl_stream_memory(bench->text, bench->size, err);
    bool ok = stream != NULL;
    if (ok && bench->encode)
        ok = (builder = cpl_encoder_parquet.builder_new(bench->schema, bench->options, err)) !=
             NULL;
    ok = ok && (decoder = cpl_decoder_csv.open(&bench->plan, stream, 0, UINT64_MAX, true, &rejects,
                                               err)) != NULL;
    ok = ok && drain(bench, decoder, builder, err);
    if (decoder)
        cpl_decoder_csv.close(decoder);
    if (builder)
        cpl_encoder_parquet.builder_free(builder);
    cpl_stream_close(stream);
    return ok;
}

static double encoded(struct bench *bench, const char *compression, struct cpl_error *err)
{
    bench->encode = true;
    if (!cpl_options_parse(cpl_encoder_parquet.options, NULL, "parquet", &bench->arena,
                           bench->options, err) ||
        !cpl_option_set(cpl_encoder_parquet.options, "compression", compression, "parquet",
                        &bench->arena, bench->options, err))
        return -1;
    return fastest(bench, decode, err);
}

/* ---- limits ---- */

static bool copy(struct bench *bench, struct cpl_error *err)
{
    (void)err;
    memcpy(bench->other, bench->text, bench->size);
    __asm__ volatile("" ::"r"(bench->other) : "memory");
    return true;
}

static bool read_cached(struct bench *bench, struct cpl_error *err)
{
    int fd = open(bench->path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;
    for (size_t at = 0; fd >= 0 && got > 0 && at < bench->size; at += (size_t)got)
        got = pread(fd, bench->other, CPL_CSV_BLOCK, (off_t)at); /* into the cache, as we do */
    if (fd >= 0)
        close(fd);
    return (fd >= 0 && got > 0) || cpl_fail(err, CPL_E_IO, "cannot read %s", bench->path);
}

/* One page: by us, or by Snappy's own library, which ours is to be measured against. */
static bool compress_page(struct bench *bench, const uint8_t *data, size_t size,
                          struct cpl_error *err)
{
    size_t room = snappy_max_compressed_length(size);
    bench->compressed.size = 0;
    if (!bench->library)
        return cpl_codec_compress(bench->codec, bench->level, &bench->codecs, data, size,
                                  &bench->compressed, err);
    if (!cpl_buffer_reserve(&bench->compressed, room, err) ||
        snappy_compress((const char *)data, size, (char *)bench->compressed.data, &room) !=
            SNAPPY_OK)
        return false;
    bench->compressed.size = room;
    return true;
}

static bool compress(struct bench *bench, struct cpl_error *err)
{
    size_t total = 0;
    for (size_t at = 0; at < bench->codec_size; at += BLOCK) {
        size_t n = bench->codec_size - at < BLOCK ? bench->codec_size - at : BLOCK;
        if (!compress_page(bench, bench->codec_input + at, n, err))
            return false;
        total += bench->compressed.size;
    }
    __asm__ volatile("" ::"r"(total));
    return true;
}

static double codec_rate(struct bench *bench, enum cpl_codec codec, int level, const uint8_t *data,
                         size_t size, struct cpl_error *err)
{
    bench->codec = codec;
    bench->level = level;
    bench->codec_input = data;
    bench->codec_size = size;
    double took = fastest(bench, compress, err);
    return took > 0 ? (double)size / took : 0;
}

/* Each addition waits for the one before: one a cycle. */
static bool chain(struct bench *bench, struct cpl_error *err)
{
    (void)bench;
    (void)err;
    uint64_t sum = 0;
    for (int i = 0; i < 1000000; i++) {
        __asm__ volatile("add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\t"
                         "add $1, %0\n\tadd $1, %0\n\tadd $1, %0\n\tadd $1, %0"
                         : "+r"(sum));
    }
    return sum == 8000000;
}

/* ---- the report ---- */

static bool print_stages(struct bench *bench, struct cpl_error *err)
{
    double scanned = fastest(bench, scan, err), decoded = fastest(bench, decode, err);
    double stored = decoded > 0 ? encoded(bench, "none", err) : -1;
    if (scanned < 0 || stored < 0)
        return false;
    struct cpl_buffer plain = bench->file;
    bench->file = (struct cpl_buffer){0};
    double snappy = encoded(bench, "snappy", err);
    bool ok = snappy > 0;
    printf("{\"bytes\": %zu, \"repeats\": %d, \"stages\": {\"scan\": %.6f, \"decode\": %.6f, "
           "\"encode\": %.6f, \"snappy\": %.6f},\n",
           bench->size, bench->repeats, scanned, decoded, stored, snappy);
    printf(" \"encoded_bytes\": %zu, \"snappy_bytes\": %zu,\n \"limits\": {", plain.size,
           bench->file.size);
    static const struct {
        const char *name;
        enum cpl_codec codec;
        int level;
        bool library;
    } codecs[] = {{"snappy", CPL_CODEC_SNAPPY, 0, false},
                  {"library snappy", CPL_CODEC_SNAPPY, 0, true},
                  {"zstd-1", CPL_CODEC_ZSTD, 1, false},
                  {"lz4", CPL_CODEC_LZ4_RAW, 0, false}};
    for (size_t i = 0; ok && i < sizeof codecs / sizeof codecs[0]; i++) {
        bench->library = codecs[i].library;
        double pages = codec_rate(bench, codecs[i].codec, codecs[i].level, plain.data, plain.size,
                                  err);
        double text = codec_rate(bench, codecs[i].codec, codecs[i].level, bench->text, bench->size,
                                 err);
        ok = pages > 0 && text > 0;
        printf("\"%s on pages\": %.0f, \"%s on text\": %.0f, ", codecs[i].name, pages,
               codecs[i].name, text);
    }
    cpl_buffer_release(&plain);
    return ok;
}

static bool print_limits(struct bench *bench, struct cpl_error *err)
{
    double copied = fastest(bench, copy, err), cached = fastest(bench, read_cached, err),
           added = fastest(bench, chain, err);
    if (copied < 0 || cached < 0 || added < 0)
        return false;
    printf("\"memcpy\": %.0f, \"page cache read\": %.0f}, \"clock\": %.0f}\n",
           (double)bench->size / copied, (double)bench->size / cached, 8e6 / added);
    return true;
}

static void release(struct bench *bench)
{
    cpl_free(bench->memory);
    cpl_free(bench->other);
    cpl_free(bench->positions);
    cpl_decoder_csv.release_settings(&bench->dialect);
    cpl_schema_free(bench->schema);
    cpl_free(bench->plan.columns);
    cpl_free(bench->options);
    cpl_buffer_release(&bench->file);
    cpl_buffer_release(&bench->compressed);
    cpl_codec_state_release(&bench->codecs);
    cpl_arena_release(&bench->arena);
}

int main(int argc, char **argv)
{
    struct cpl_error err = {0};
    struct bench bench = {.path = argc > 1 ? argv[1] : NULL,
                          .repeats = argc > 2 ? atoi(argv[2]) : 25};
    if (!bench.path || bench.repeats < 1)
        return fputs("usage: roofline FILE [REPEATS]\n", stderr), 2;
    bool ok = load(&bench, &err) && infer(&bench, &err) && print_stages(&bench, &err) &&
              print_limits(&bench, &err);
    if (!ok)
        fprintf(stderr, "roofline: %s\n", err.message);
    release(&bench);
    return ok ? 0 : 1;
}

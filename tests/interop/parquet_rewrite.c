/* parquet_rewrite IN OUT [option=value …] — a Parquet file through our reader and our writer.
 *
 * Options are the writer's own. Every 10,000 rows make a part of their own, as splits do. */
#include "decode/parquet.h"
#include "encode/encoder.h"

#include <stdio.h>
#include <string.h>

enum { PART_ROWS = 10000 };

struct file_sink {
    struct cpl_write_sink sink;
    FILE *out;
};

static bool write_out(struct cpl_write_sink *sink, const void *data, size_t size,
                      struct cpl_error *err)
{
    FILE *out = ((struct file_sink *)sink)->out;
    return fwrite(data, 1, size, out) == size || cpl_fail(err, CPL_E_IO, "cannot write");
}

static bool set_options(int n, char **words, struct cpl_arena *arena, void *options,
                        struct cpl_error *err)
{
    const struct cpl_option *table = cpl_encoder_parquet.options;
    if (!cpl_options_parse(table, NULL, "parquet", arena, options, err))
        return false;
    for (int i = 0; i < n; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals)
            return cpl_fail(err, CPL_E_USAGE, "option=value was expected, not %s", words[i]);
        *equals = 0;
        if (!cpl_option_set(table, words[i], equals + 1, "parquet", arena, options, err))
            return false;
    }
    return true;
}

static bool end_part(struct cpl_part_builder *builder, struct cpl_file_encoder *file,
                     struct cpl_error *err)
{
    struct cpl_part *part = NULL;
    return cpl_encoder_parquet.finish(builder, &part, err) &&
           (!part || cpl_encoder_parquet.file_add(file, part, err));
}

static bool copy_rows(struct cpl_parquet_scan *scan, struct cpl_part_builder *builder,
                      struct cpl_file_encoder *file, struct cpl_error *err)
{
    uint64_t in_part = 0;
    for (;;) {
        struct cpl_batch *batch;
        if (!cpl_parquet_scan_next(scan, &batch, err))
            return false;
        if (batch->rows == 0)
            return end_part(builder, file, err) && cpl_encoder_parquet.file_finish(file, err);
        if (!cpl_encoder_parquet.append(builder, batch, NULL, batch->rows, err))
            return false;
        in_part += batch->rows;
        if (in_part >= PART_ROWS) {
            in_part = 0;
            if (!end_part(builder, file, err))
                return false;
        }
    }
}

static bool rewrite(const struct cpl_parquet_file *in, FILE *out, const void *options,
                    struct cpl_error *err)
{
    static struct cpl_pair pairs[] = {{"cupel.test", "rewritten"}};
    struct cpl_pairs metadata = {.items = pairs, .n = 1};
    struct file_sink sink = {.sink = {.write = write_out}, .out = out};
    const struct cpl_schema *schema = cpl_parquet_file_schema(in);
    struct cpl_parquet_scan *scan = cpl_parquet_scan_new(in, &(struct cpl_parquet_scan_options){0},
                                                         err);
    struct cpl_part_builder *builder = NULL;
    struct cpl_file_encoder *file = NULL;
    bool ok = scan && (builder = cpl_encoder_parquet.builder_new(schema, options, err)) &&
              (file = cpl_encoder_parquet.file_new(schema, options, &sink.sink, &metadata, err)) &&
              copy_rows(scan, builder, file, err);
    if (file)
        cpl_encoder_parquet.file_free(file);
    if (builder)
        cpl_encoder_parquet.builder_free(builder);
    cpl_parquet_scan_free(scan);
    return ok;
}

int main(int argc, char **argv)
{
    struct cpl_error err = {0};
    struct cpl_storage *storage = NULL;
    struct cpl_reader *reader = NULL;
    struct cpl_parquet_file *in = NULL;
    struct cpl_arena arena = {0};
    void *options = NULL;
    FILE *out = NULL;
    bool ok = false;
    if (argc < 3)
        return fprintf(stderr, "usage: parquet_rewrite IN OUT [option=value …]\n"), 2;
    options = cpl_alloc_zero(1, cpl_encoder_parquet.options_size, &err);
    storage = cpl_storage_local(&(struct cpl_storage_limits){0}, &err);
    if (!options || !storage || !set_options(argc - 3, argv + 3, &arena, options, &err) ||
        !(reader = cpl_reader_open(storage, argv[1], &err)) ||
        !(in = cpl_parquet_open(reader, argv[1], &err)))
        goto out;
    out = fopen(argv[2], "wb");
    ok = out ? rewrite(in, out, options, &err)
             : cpl_fail(&err, CPL_E_IO, "cannot create %s", argv[2]);
    if (out && fclose(out) && ok)
        ok = cpl_fail(&err, CPL_E_IO, "cannot write %s", argv[2]);
out:
    cpl_parquet_close(in);
    if (reader)
        cpl_reader_close(reader);
    if (storage)
        cpl_storage_free(storage);
    cpl_arena_release(&arena);
    cpl_free(options);
    if (!ok)
        fprintf(stderr, "%s: %s\n", cpl_code_name(err.code), err.message);
    return ok ? 0 : 1;
}

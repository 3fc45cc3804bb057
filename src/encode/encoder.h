/* Encoders: batches in, files out, in two steps so that any number of workers fill one file.
 *
 * A worker makes a *part* from the batches of one split: bytes that stand by themselves (Parquet row
 * groups, lines of CSV or NDJSON) plus what the file's end must know of them. The file writer puts parts
 * behind each other in split order. Bytes are functions of (schema, options, rows) alone.
 *
 * Threads: a cpl_part_builder belongs to one worker; cpl_file_encoder to whoever holds the order's turn. */
#pragma once
#include "base/budget.h"
#include "base/option.h"
#include "batch/batch.h"

struct cpl_part;
struct cpl_write_sink;
struct cpl_part_info {
    uint64_t rows;
    uint64_t bytes;
};

struct cpl_encoder_ops {
    const char *name, *summary, *extension; /* "parquet", ".parquet" */
    const struct cpl_option *options;
    size_t options_size;
    /* Do options that are each right go together? *key: the one to point at. NULL = always. */
    bool (*check_options)(const void *options, const char **key, struct cpl_error *why);

    /* ---- worker ---- */
    struct cpl_part_builder *(*builder_new)(const struct cpl_schema *schema, const void *options,
                                            struct cpl_error *err);
    /* Count what grows with the rows in this budget from now on (before the first append), and put finished bytes down in a
     * scratch file when it has no room for them. */
    void (*use_budget)(struct cpl_part_builder *builder, struct cpl_budget *budget);
    /* Rows named by selection (ascending; NULL = all). */
    bool (*append)(struct cpl_part_builder *builder, const struct cpl_batch *batch,
                   const uint32_t *selection, uint32_t n, struct cpl_error *err);
    /* Everything appended since the last finish; the builder is ready for the next split. NULL part when no rows. */
    bool (*finish)(struct cpl_part_builder *builder, struct cpl_part **part, struct cpl_error *err);
    /* The same, if what was appended since the last part would make about so many bytes or more; NULL part when not yet. Decided
     * by the rows alone, wherever batches end. The split goes on: what `finish` proves of it is still to be proven. */
    bool (*cut)(struct cpl_part_builder *builder, uint64_t bytes, struct cpl_part **part,
                struct cpl_error *err);
    void (*discard)(struct cpl_part_builder *builder); /* forget what was appended */
    void (*builder_free)(struct cpl_part_builder *builder);
    struct cpl_part_info (*part_info)(const struct cpl_part *part);
    void (*part_free)(struct cpl_part *part);

    /* ---- file ---- */
    /* `write` receives bytes in order. metadata: key-value pairs for the footer (run's schema id …). */
    struct cpl_file_encoder *(*file_new)(const struct cpl_schema *schema, const void *options,
                                         struct cpl_write_sink *sink,
                                         const struct cpl_pairs *metadata, struct cpl_error *err);
    bool (*file_add)(struct cpl_file_encoder *file, struct cpl_part *part,
                     struct cpl_error *err); /* takes the part, also on failure */
    /* One more pair for the footer, copied: before file_finish. NULL: the format has no place for any. */
    bool (*file_metadata)(struct cpl_file_encoder *file, const char *key, const void *value,
                          size_t size, struct cpl_error *err);
    bool (*file_finish)(struct cpl_file_encoder *file, struct cpl_error *err);
    void (*file_free)(struct cpl_file_encoder *file);
};
struct cpl_write_sink {
    bool (*write)(struct cpl_write_sink *sink, const void *data, size_t size,
                  struct cpl_error *err);
};

extern const struct cpl_encoder_ops cpl_encoder_parquet, cpl_encoder_csv, cpl_encoder_json;

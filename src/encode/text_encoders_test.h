/* What the tests of csv.c and json.c share: a batch with every type, options from text, a sink into a buffer. */
#pragma once
#include "batch/builder.h"
#include "encode/encoder.h"
#include "format/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One column a string of "name: type"; rows are appended by text, "\1" = null. Lists and structs are appended by
 * the test itself. */
struct sample {
    struct cpl_arena arena;
    struct cpl_field root;
    struct cpl_schema schema;
    struct cpl_builder builder;
    struct cpl_batch batch;
};

static inline void sample_init(struct sample *sample, const char *struct_type)
{
    *sample = (struct sample){.root.name = "root"};
    assert_true(cpl_type_parse(struct_type, &sample->arena, &sample->root.type, NULL));
    sample->schema = (struct cpl_schema){.fields = sample->root.type.children,
                                         .n_fields = sample->root.type.n_children};
    assert_true(cpl_builder_init(&sample->builder, &sample->root, 4, NULL));
}

static inline void sample_release(struct sample *sample)
{
    cpl_builder_release(&sample->builder);
    cpl_arena_release(&sample->arena);
}

static inline struct cpl_builder *sample_column(struct sample *sample, uint32_t i)
{
    return &sample->builder.children[i];
}

static inline void put_string(struct cpl_builder *column, const char *text)
{
    assert_true(text
                    ? cpl_builder_slice(column, (const uint8_t *)text, (uint32_t)strlen(text), NULL)
                    : cpl_builder_null(column, NULL));
}

static inline const struct cpl_batch *sample_batch(struct sample *sample)
{
    struct cpl_column *root = cpl_builder_finish(&sample->builder);
    sample->batch = (struct cpl_batch){
        .schema = &sample->schema, .columns = root->children, .rows = root->children[0].length};
    return &sample->batch;
}

struct buffer_sink {
    struct cpl_write_sink sink;
    struct cpl_buffer bytes;
};

static inline bool buffer_write(struct cpl_write_sink *sink, const void *data, size_t size,
                                struct cpl_error *err)
{
    return cpl_buffer_append(&((struct buffer_sink *)sink)->bytes, data, size, err);
}

/* Encode the batch in two parts (the split after `first` rows) and give the file's text, or NULL and err. */
static inline bool encode(const struct cpl_encoder_ops *ops, const struct cpl_batch *batch,
                          const void *options, uint32_t first, struct buffer_sink *sink,
                          struct cpl_error *err)
{
    uint32_t rows[2][64];
    uint32_t n[2] = {0};
    for (uint32_t i = 0; i < batch->rows; i++)
        rows[i >= first][n[i >= first]++] = i;
    sink->sink.write = buffer_write;
    struct cpl_part_builder *builder = ops->builder_new(batch->schema, options, err);
    struct cpl_file_encoder *file =
        builder ? ops->file_new(batch->schema, options, &sink->sink, NULL, err) : NULL;
    bool ok = file != NULL;
    for (int p = 0; ok && p < 2; p++) {
        struct cpl_part *part = NULL;
        ok = ops->append(builder, batch, rows[p], n[p], err) && ops->finish(builder, &part, err) &&
             (!part || ops->part_info(part).rows == n[p]) &&
             (!part || ops->file_add(file, part, err));
    }
    ok = ok && ops->file_finish(file, err);
    if (file)
        ops->file_free(file);
    if (builder)
        ops->builder_free(builder);
    return ok;
}

/* `settings` is "name=value" pairs with blanks between. */
static inline void parse_settings(const struct cpl_encoder_ops *ops, const char *settings,
                                  struct cpl_arena *arena, void *options)
{
    char copy[200], *save = NULL;
    snprintf(copy, sizeof copy, "%s", settings);
    assert_true(cpl_options_parse(ops->options, NULL, "test", arena, options, NULL));
    for (char *pair = strtok_r(copy, " ", &save); pair; pair = strtok_r(NULL, " ", &save)) {
        char *value = strchr(pair, '=');
        *value++ = 0;
        assert_true(cpl_option_set(ops->options, pair, value, "test", arena, options, NULL));
    }
}

static inline void check_encoded(const struct cpl_encoder_ops *ops, struct sample *sample,
                                 const char *settings, const char *want)
{
    union {
        char bytes[256];
        void *align;
    } options = {{0}};
    struct cpl_arena arena = {0};
    parse_settings(ops, settings, &arena, &options);
    const struct cpl_batch *batch = sample_batch(sample);
    for (uint32_t first = 0; first <= batch->rows; first++) {
        struct buffer_sink sink = {0};
        struct cpl_error err = {0};
        if (!encode(ops, batch, &options, first, &sink, &err))
            fail_msg("%s", err.message);
        assert_string_equal(cpl_buffer_text(&sink.bytes, NULL), want);
        cpl_buffer_release(&sink.bytes);
    }
    cpl_arena_release(&arena);
}

static inline void check_refused(const struct cpl_encoder_ops *ops, struct sample *sample,
                                 const char *settings, enum cpl_code code, const char *part)
{
    union {
        char bytes[256];
        void *align;
    } options = {{0}};
    struct cpl_arena arena = {0};
    struct buffer_sink sink = {0};
    struct cpl_error err = {0};
    parse_settings(ops, settings, &arena, &options);
    assert_false(encode(ops, sample_batch(sample), &options, 0, &sink, &err));
    assert_int_equal(err.code, code);
    if (!strstr(err.message, part))
        fail_msg("\"%s\" lacks \"%s\"", err.message, part);
    cpl_buffer_release(&sink.bytes);
    cpl_arena_release(&arena);
}

/* Every allocation fails once; what was written until then is dropped with the sink. */
static inline void check_failing_allocations(const struct cpl_encoder_ops *ops,
                                             struct sample *sample)
{
    union {
        char bytes[256];
        void *align;
    } options = {{0}};
    struct cpl_arena arena = {0};
    parse_settings(ops, "", &arena, &options);
    const struct cpl_batch *batch = sample_batch(sample);
    bool ok = false;
    for (uint64_t n = 1; !ok; n++) {
        struct buffer_sink sink = {0};
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        ok = encode(ops, batch, &options, 1, &sink, &err);
        cpl_memory_fail_at(0);
        assert_true(ok || err.code == CPL_E_MEMORY);
        cpl_buffer_release(&sink.bytes);
    }
    cpl_arena_release(&arena);
}

/* The Parquet writer without a reader: bytes are functions of rows and options alone, every allocation may fail, claims
 * of an order are proven. That the bytes are right, tests/interop asks others and our own reader. */
#include "encode/parquet.h"
#include "encode/text_encoders_test.h"

enum { ROWS = 900 };

static const char everything[] =
    "struct<a: boolean, b: int8, c: uint16, d: int32, e: uint64, f: float, g: double, h: "
    "decimal(9,2), "
    "i: decimal(38,3), k: string, l: binary, n: uuid, o: date, r: timestamp(us,utc), "
    "t: struct<x: int64 not null, y: list<string>>, u: list<list<int32>>, v: map<string, struct<z: "
    "double>>>";
static uint64_t seed;

static uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- rows ---- */

static void append_fixed(struct cpl_builder *b)
{
    enum cpl_kind kind = b->column.field->type.kind;
    size_t width = cpl_type_width(&b->column.field->type);
    assert_true(cpl_builder_room(b, NULL));
    uint8_t *to = b->column.u8 + width * b->column.length++;
    memset(to, 0, width);
    for (size_t i = 0; i < (width < 3 ? width : 3); i++)
        to[i] = (uint8_t)chance(kind == CPL_BOOL ? 2 : 9);
}

static void append_value(struct cpl_builder *b, bool required)
{
    static const uint8_t text[64] = "The quick brown fox jumps over the lazy dog.";
    enum cpl_kind kind = b->column.field->type.kind;
    if (!required && b->column.field->nullable && chance(7) == 0) {
        assert_true(cpl_builder_null(b, NULL));
    } else if (cpl_kind_is_slice(kind)) {
        assert_true(cpl_builder_slice(b, text + chance(3), chance(40), NULL));
    } else if (kind == CPL_STRUCT) {
        for (uint32_t i = 0; i < b->column.n_children; i++)
            append_value(&b->children[i], false);
        assert_true(cpl_builder_struct(b, NULL));
    } else if (kind == CPL_LIST || kind == CPL_MAP) {
        for (uint32_t n = chance(4); n; n--)
            for (uint32_t i = 0; i < b->column.n_children; i++)
                append_value(&b->children[i], kind == CPL_MAP && i == 0);
        assert_true(cpl_builder_list(b, NULL));
    } else {
        append_fixed(b);
    }
}

static const struct cpl_batch *random_rows(struct sample *sample, uint32_t rows)
{
    sample_init(sample, everything);
    seed = 88172645463325252u;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t c = 0; c < sample->schema.n_fields; c++)
            append_value(sample_column(sample, c), false);
    return sample_batch(sample);
}

/* ---- files ---- */

/* "name=value" settings, NULL at the end. */
static struct cpl_parquet_options options_of(struct cpl_arena *arena, const char *const *settings)
{
    struct cpl_parquet_options options = {0};
    struct cpl_error err = {0};
    assert_true(cpl_options_parse(cpl_parquet_options, NULL, "parquet", arena, &options, &err));
    for (; *settings; settings++) {
        char name[64];
        const char *value = strchr(*settings, '=') + 1;
        snprintf(name, sizeof name, "%.*s", (int)(value - 1 - *settings), *settings);
        if (!cpl_option_set(cpl_parquet_options, name, value, "parquet", arena, &options, &err))
            fail_msg("%s", err.message);
    }
    return options;
}

static bool append_cut(struct cpl_part_builder *builder, const struct cpl_batch *batch,
                       uint32_t cut, struct cpl_error *err)
{
    uint32_t selection[ROWS];
    for (uint32_t from = 0; from < batch->rows; from += cut) {
        uint32_t n = batch->rows - from < cut ? batch->rows - from : cut;
        for (uint32_t i = 0; i < n; i++)
            selection[i] = from + i;
        if (!cpl_encoder_parquet.append(builder, batch, selection, n, err))
            return false;
    }
    return true;
}

static bool finish_file(const struct cpl_schema *schema, const struct cpl_parquet_options *options,
                        struct cpl_part *part, struct buffer_sink *out, struct cpl_error *err)
{
    struct cpl_file_encoder *file = cpl_encoder_parquet.file_new(schema, options, &out->sink, NULL,
                                                                 err);
    if (!file) {
        cpl_encoder_parquet.part_free(part);
        return false;
    }
    bool ok = (!part || cpl_encoder_parquet.file_add(file, part, err)) &&
              cpl_encoder_parquet.file_finish(file, err);
    cpl_encoder_parquet.file_free(file);
    return ok;
}

/* The whole file, its rows appended `cut` at a time. */
static bool encode_cut(const struct cpl_batch *batch, const struct cpl_parquet_options *options,
                       uint32_t cut, struct buffer_sink *out, struct cpl_error *err)
{
    struct cpl_part *part = NULL;
    out->sink.write = buffer_write;
    out->bytes.size = 0;
    struct cpl_part_builder *builder = cpl_encoder_parquet.builder_new(batch->schema, options, err);
    if (!builder)
        return false;
    bool ok = append_cut(builder, batch, cut, err) &&
              cpl_encoder_parquet.finish(builder, &part, err);
    cpl_encoder_parquet.builder_free(builder);
    return ok && finish_file(batch->schema, options, part, out, err);
}

/* ---- tests ---- */

static const char *const variants[][6] = {
    {NULL},
    {"page_rows=50", "row_group_rows=300", "bloom_filters=[k, e]", NULL},
    {"compression=zstd:1", "page_version=v2", "page_rows=70", "dictionary=never", NULL},
    {"compression=none", "encodings=compatible", "page_bytes=1024", "dictionary=always", NULL},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void test_bytes_do_not_depend_on_batches(void **state)
{
    (void)state;
    static const uint32_t cuts[] = {1, 7, 64, 333};
    struct sample sample;
    const struct cpl_batch *batch = random_rows(&sample, ROWS);
    struct buffer_sink whole = {0}, pieces = {0};
    for (int v = 0; v < VARIANTS; v++) {
        struct cpl_parquet_options options = options_of(&sample.arena, variants[v]);
        assert_true(encode_cut(batch, &options, ROWS, &whole, NULL));
        assert_memory_equal(whole.bytes.data + whole.bytes.size - 4, "PAR1", 4);
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            assert_true(encode_cut(batch, &options, cuts[i], &pieces, NULL));
            assert_int_equal(pieces.bytes.size, whole.bytes.size);
            assert_memory_equal(pieces.bytes.data, whole.bytes.data, whole.bytes.size);
        }
    }
    cpl_buffer_release(&whole.bytes);
    cpl_buffer_release(&pieces.bytes);
    sample_release(&sample);
}

/* What was discarded leaves no trace. */
static void test_a_discarded_split_changes_nothing(void **state)
{
    (void)state;
    struct sample sample;
    const struct cpl_batch *batch = random_rows(&sample, 400);
    struct buffer_sink clean = {0}, after = {.sink.write = buffer_write};
    struct cpl_part *part = NULL;
    struct cpl_parquet_options options = options_of(&sample.arena, variants[1]);
    assert_true(encode_cut(batch, &options, 400, &clean, NULL));
    struct cpl_part_builder *builder = cpl_encoder_parquet.builder_new(batch->schema, &options,
                                                                       NULL);
    assert_non_null(builder);
    assert_true(cpl_encoder_parquet.append(builder, batch, NULL, batch->rows, NULL));
    cpl_encoder_parquet.discard(builder);
    assert_true(cpl_encoder_parquet.append(builder, batch, NULL, batch->rows, NULL));
    assert_true(cpl_encoder_parquet.finish(builder, &part, NULL));
    assert_int_equal(cpl_encoder_parquet.part_info(part).rows, 400);
    cpl_encoder_parquet.builder_free(builder);
    assert_true(finish_file(batch->schema, &options, part, &after, NULL));
    assert_int_equal(after.bytes.size, clean.bytes.size);
    assert_memory_equal(after.bytes.data, clean.bytes.data, clean.bytes.size);
    cpl_buffer_release(&clean.bytes);
    cpl_buffer_release(&after.bytes);
    sample_release(&sample);
}

static void test_every_allocation_may_fail(void **state)
{
    (void)state;
    struct sample sample;
    const struct cpl_batch *batch = random_rows(&sample, 120);
    struct buffer_sink clean = {0}, bytes = {0};
    for (int v = 0; v < VARIANTS; v++) {
        struct cpl_parquet_options options = options_of(&sample.arena, variants[v]);
        bool ok = encode_cut(batch, &options, 50, &clean, NULL);
        assert_true(ok);
        uint64_t before = cpl_memory_allocations();
        assert_true(encode_cut(batch, &options, 50, &bytes, NULL));
        uint64_t n = cpl_memory_allocations() - before;
        for (uint64_t at = 1; at <= n; at++) {
            struct cpl_error err = {0};
            cpl_memory_fail_at(at);
            ok = encode_cut(batch, &options, 50, &bytes, &err);
            cpl_memory_fail_at(0);
            if (!ok) {
                assert_int_equal(err.code, CPL_E_MEMORY);
                continue;
            }
            assert_int_equal(bytes.bytes.size, clean.bytes.size); /* it could be done without */
            assert_memory_equal(bytes.bytes.data, clean.bytes.data, clean.bytes.size);
        }
    }
    cpl_buffer_release(&clean.bytes);
    cpl_buffer_release(&bytes.bytes);
    sample_release(&sample);
}

static bool sorted(const char *claim, const int64_t *ids, uint32_t n, struct cpl_error *err)
{
    struct sample sample;
    struct buffer_sink out = {0};
    uint32_t starts[16];
    const char *const settings[] = {claim, NULL};
    sample_init(&sample, "struct<id: int64, at: struct<day: date>>");
    for (uint32_t i = 0; i < n; i++) {
        starts[i] = 10 * i;
        assert_true(cpl_builder_i64(sample_column(&sample, 0), ids[i], NULL));
        assert_true(cpl_builder_i32(&sample_column(&sample, 1)->children[0], (int32_t)i, NULL));
        assert_true(cpl_builder_struct(sample_column(&sample, 1), NULL));
    }
    struct cpl_batch batch = *sample_batch(&sample);
    batch.row_start = starts;
    batch.origin_base = 1000;
    struct cpl_parquet_options options = options_of(&sample.arena, settings);
    bool ok = encode_cut(&batch, &options, 2, &out, err);
    cpl_buffer_release(&out.bytes);
    sample_release(&sample);
    return ok;
}

static void test_claims_of_an_order_are_proven(void **state)
{
    (void)state;
    static const int64_t rising[] = {1, 1, 5, 9}, wrong[] = {1, 5, 9, 3};
    struct cpl_error err = {0};
    assert_true(sorted("sorted_by=[id, at.day]", rising, 4, &err));
    assert_true(sorted("sorted_by=at.day ASC NULLS FIRST", wrong, 4, &err));
    assert_false(sorted("sorted_by=id", wrong, 4, &err));
    assert_int_equal(err.code, CPL_E_DATA);
    assert_non_null(strstr(err.message, "the row at byte 1030 "));
    assert_false(sorted("sorted_by=id desc", rising, 4, &err));
    assert_non_null(strstr(err.message, "the row at byte 1020 "));
}

static void test_claims_that_mean_nothing(void **state)
{
    (void)state;
    static const int64_t rising[] = {1, 2};
    static const char *const claims[][2] = {{"sorted_by=nope", "no column \"nope\""},
                                            {"sorted_by=at", "no column"},
                                            {"sorted_by=[id, id desc]", "twice"},
                                            {"sorted_by=id up", "no column \"id up\""}};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        struct cpl_error err = {0};
        assert_false(sorted(claims[i][0], rising, 2, &err));
        assert_int_equal(err.code, CPL_E_CONFIG);
        if (!strstr(err.message, claims[i][1]))
            fail_msg("%s", err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes_do_not_depend_on_batches),
        cmocka_unit_test(test_a_discarded_split_changes_nothing),
        cmocka_unit_test(test_every_allocation_may_fail),
        cmocka_unit_test(test_claims_of_an_order_are_proven),
        cmocka_unit_test(test_claims_that_mean_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

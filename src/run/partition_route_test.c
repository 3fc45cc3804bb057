/* From batches to fragments and back: every row once, in order, in its partition; what is refused; failing memory. */
#include "batch/fragment.h"
#include "format/codec.h"
#include "run/partition_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 1000, KEYS = 10 };
static struct cpl_field fields[2] = {
    {.name = "key", .type.kind = CPL_I32, .nullable = true, .field_id = -1},
    {.name = "value", .type.kind = CPL_I64, .nullable = true, .field_id = -1}};
static struct cpl_schema schema = {.fields = fields, .n_fields = 2};

static struct cpl_partition_plan *plan_of(int64_t most)
{
    const char *keys[] = {"key"};
    struct cpl_sink_config sink = {.max_open_partitions = most};
    sink.partition_by.items = (void *)keys;
    sink.partition_by.n = 1;
    struct cpl_partition_plan *plan = cpl_partition_plan_new(&schema, &sink, NULL);
    assert_non_null(plan);
    return plan;
}

/* Rows first, first + 1, …: the value counts them, the key is value % keys. */
static bool append(struct cpl_router *router, int64_t first, int32_t keys, struct cpl_error *err)
{
    int32_t key[ROWS];
    int64_t value[ROWS];
    for (int i = 0; i < ROWS; i++) {
        value[i] = first + i;
        key[i] = (int32_t)(value[i] % keys);
    }
    struct cpl_column columns[2] = {{.field = &fields[0], .length = ROWS, .i32 = key},
                                    {.field = &fields[1], .length = ROWS, .i64 = value}};
    struct cpl_batch batch = {.schema = &schema, .columns = columns, .rows = ROWS};
    return cpl_router_append(router, &batch, err);
}

static struct cpl_spill_file open_spill(uint64_t limit)
{
    struct cpl_spill_file spill = {.fd = -1};
    assert_true(cpl_spill_file_open(&spill, NULL, limit, NULL));
    return spill;
}

/* The values of one fragment, which must go on where the partition's last ended. */
static void check_fragment(struct cpl_spill_file *spill, const struct cpl_partition_plan *plan,
                           const struct cpl_fragment *f, int64_t *expected)
{
    struct cpl_codec_state codec = {0};
    struct cpl_fragment_reader reader;
    struct cpl_buffer packed = {0}, raw = {0};
    size_t at = 0;
    assert_true(cpl_buffer_reserve(&packed, f->packed, NULL));
    assert_true(cpl_buffer_reserve(&raw, f->raw, NULL));
    assert_true(cpl_spill_file_get(spill, f->offset, packed.data, f->packed, NULL));
    if (f->packed == f->raw)
        memcpy(raw.data, packed.data, f->raw);
    else
        assert_true(cpl_codec_decompress(CPL_CODEC_LZ4_RAW, &codec, packed.data, f->packed,
                                         raw.data, f->raw, NULL));
    assert_true(cpl_fragment_reader_init(&reader, plan->schema, NULL));
    assert_true(cpl_fragment_read(&reader, raw.data, f->raw, &at, f->rows + 1, NULL));
    assert_int_equal(reader.batch.rows, f->rows);
    for (uint32_t i = 0; i < f->rows; i++, *expected += KEYS)
        assert_int_equal(reader.batch.columns[0].i64[i], *expected);
    cpl_fragment_reader_release(&reader);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&raw);
    cpl_codec_state_release(&codec);
}

/* Enough rows for two sorts, in two deliveries. */
static void every_row_once_in_order(void **state)
{
    (void)state;
    enum { BATCHES = 600 };
    struct cpl_partition_plan *plan = plan_of(KEYS);
    struct cpl_spill_file spill = open_spill(1 << 30);
    struct cpl_partition_store store = {0};
    struct cpl_router *router = cpl_router_new(plan, &spill, NULL);
    struct cpl_routed *routed;
    int64_t expected[KEYS], rows = 0;
    store.spill.fd = -1;
    for (int delivery = 0; delivery < 2; delivery++) {
        for (int64_t b = 0; b < BATCHES; b++)
            assert_true(append(router, (delivery * BATCHES + b) * ROWS, KEYS, NULL));
        assert_true(cpl_router_finish(router, &routed, NULL));
        assert_int_equal(routed->rows, BATCHES * ROWS);
        assert_int_equal(routed->n_keys, KEYS);
        assert_true(cpl_partition_store_add(&store, plan, routed, NULL));
        cpl_routed_free(routed);
    }
    assert_int_equal(store.n_partitions, KEYS);
    for (int64_t k = 0; k < KEYS; k++)
        expected[k] = k;
    for (size_t i = 0; i < store.n_fragments; i++) {
        const struct cpl_fragment *f = &store.fragments[i];
        char name[32];
        rows += f->rows;
        check_fragment(&spill, plan, f, &expected[f->partition]);
        snprintf(name, sizeof name, "key=%u", f->partition);
        assert_string_equal(store.partitions[f->partition].name, name);
    }
    assert_int_equal(rows, 2 * BATCHES * ROWS);
    assert_true(cpl_router_finish(router, &routed, NULL));
    assert_null(routed); /* no rows since */
    cpl_router_free(router);
    cpl_partition_store_release(&store);
    cpl_spill_file_close(&spill);
    cpl_partition_plan_free(plan);
}

/* A worker whose split begins at a wrong guess must not fail the run: the refusal waits for the split to be taken. */
static void too_many(void **state)
{
    (void)state;
    struct cpl_partition_plan *plan = plan_of(5);
    struct cpl_spill_file spill = open_spill(1 << 20);
    struct cpl_partition_store store = {.spill.fd = -1};
    struct cpl_router *router = cpl_router_new(plan, &spill, NULL);
    struct cpl_routed *routed;
    struct cpl_error err = {0};
    assert_true(append(router, 0, 6, NULL));
    assert_true(append(router, ROWS, 6, NULL));
    assert_true(cpl_router_finish(router, &routed, NULL));
    assert_int_equal(routed->refused.code, CPL_E_LIMIT);
    assert_false(cpl_partition_store_add(&store, plan, routed, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "max_open_partitions"));
    cpl_routed_free(routed);
    /* few in each delivery, too many in all */
    assert_true(append(router, 0, 3, NULL));
    assert_true(cpl_router_finish(router, &routed, NULL));
    assert_true(cpl_partition_store_add(&store, plan, routed, NULL));
    for (uint32_t k = 0; k < routed->n_keys; k++)
        routed->keys[k] = k == 0 ? "key=7" : k == 1 ? "key=8" : "key=9";
    assert_false(cpl_partition_store_add(&store, plan, routed, &err));
    cpl_routed_free(routed);
    cpl_router_free(router);
    cpl_partition_store_release(&store);
    cpl_spill_file_close(&spill);
    cpl_partition_plan_free(plan);
}

static void spill_is_bounded(void **state)
{
    (void)state;
    uint8_t bytes[1000] = {0};
    uint64_t at;
    struct cpl_error err = {0};
    struct cpl_spill_file spill = open_spill(1500);
    assert_true(cpl_spill_file_put(&spill, bytes, sizeof bytes, &at, NULL));
    assert_int_equal(at, 0);
    assert_false(cpl_spill_file_put(&spill, bytes, sizeof bytes, &at, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_false(cpl_spill_file_get(&spill, 5000, bytes, sizeof bytes, &err));
    cpl_spill_file_clear(&spill);
    assert_true(cpl_spill_file_put(&spill, bytes, sizeof bytes, &at, NULL));
    cpl_spill_file_close(&spill);
}

static bool route(const struct cpl_partition_plan *plan, struct cpl_spill_file *spill,
                  struct cpl_partition_store *store, struct cpl_error *err)
{
    struct cpl_routed *routed = NULL;
    struct cpl_router *router = cpl_router_new(plan, spill, err);
    bool ok = router && append(router, 0, 300, err) && cpl_router_finish(router, &routed, err) &&
              cpl_partition_store_add(store, plan, routed, err);
    cpl_routed_free(routed);
    cpl_router_free(router);
    return ok;
}

static void memory_fails(void **state)
{
    (void)state;
    struct cpl_partition_plan *plan = plan_of(1000);
    struct cpl_spill_file spill = open_spill(1 << 30);
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct cpl_partition_store store = {.spill.fd = -1};
        struct cpl_error err = {0};
        cpl_memory_fail_at(n);
        done = route(plan, &spill, &store, &err);
        cpl_memory_fail_at(0);
        assert_int_equal(err.code, done ? CPL_E_NONE : CPL_E_MEMORY);
        if (done)
            assert_int_equal(store.n_partitions, 300);
        cpl_partition_store_release(&store);
    }
    cpl_spill_file_close(&spill);
    cpl_partition_plan_free(plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_once_in_order), cmocka_unit_test(too_many),
        cmocka_unit_test(spill_is_bounded), cmocka_unit_test(memory_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

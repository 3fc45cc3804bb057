/* JSON: any bytes, any settings. Decoded whole and decoded in splits, by small reads and small
 * blocks: the same rows, the same rejects, the same schema; and always balanced books. */
#include <stdint.h>
#include <stdlib.h>
#define JSON_FIXTURE_ASSERTS
#define assert_true(x)                  ((x) ? (void)0 : abort())
#define assert_false(x)                 assert_true(!(x))
#define assert_non_null(x)              assert_true((x) != NULL)
#define assert_int_equal(a, b)          assert_true((uint64_t)(a) == (uint64_t)(b))
#define assert_memory_equal(a, b, size) assert_true((size) == 0 || !memcmp(a, b, size))
#define assert_string_equal(a, b)       assert_true(!strcmp(a, b))
#define fail_msg(...)                   abort()
#include "decode/json_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const options[] = {
    NULL,
    "{\"layout\": \"lines\"}",
    "{\"layout\": \"array\"}",
    "{\"layout\": \"documents\"}",
    "{\"rows\": \"r\"}",
    "{\"rows\": \"/0/a\", \"duplicate_keys\": \"last\"}",
    "{\"flatten\": true, \"separator\": \"__\", \"duplicate_keys\": \"first\"}",
    "{\"flatten\": true, \"keep_document\": true}",
    "{\"maps\": [\"m\", \"a\"], \"unknown_fields\": \"ignore\"}",
    "{\"map_keys\": 1, \"infer_strings\": false, \"duplicate_keys\": \"last\"}",
};

static struct fixture fixture_of(const uint8_t *knobs, size_t size)
{
    return (struct fixture){.options = options[knobs[0] % (sizeof options / sizeof *options)],
                            .sample = knobs[1] < size ? knobs[1] : 0,
                            .conflict = knobs[2] & 1 ? CPL_CONFLICT_REJECT : CPL_CONFLICT_WIDEN,
                            .closed = knobs[2] & 2,
                            .max_depth = knobs[2] & 4 ? 5 : 0};
}

static void show(const char *what, const struct fixture *f)
{
    fprintf(stderr, "%s, %u rounds, %llu lines\n%.*s%.*s", what, f->rounds,
            (unsigned long long)f->sum.lines, (int)f->rows.size, (const char *)f->rows.data,
            (int)f->rejects.size, (const char *)f->rejects.data);
}

static void compare(struct fixture *a, struct fixture *b)
{
    bool same = a->rows.size == b->rows.size && a->rejects.size == b->rejects.size &&
                cpl_schema_equal(a->schema, b->schema);
    if (!same) {
        show("whole", a);
        show("in parts", b);
    }
    assert_true(cpl_schema_equal(a->schema, b->schema));
    assert_int_equal(a->rows.size, b->rows.size);
    assert_memory_equal(a->rows.data, b->rows.data, a->rows.size);
    assert_int_equal(a->rejects.size, b->rejects.size);
    assert_memory_equal(a->rejects.data, b->rejects.data, a->rejects.size);
    assert_int_equal(a->sum.lines, b->sum.lines);
}

enum { KNOBS = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < KNOBS || size > 20000)
        return 0;
    const uint8_t *text = data + KNOBS;
    size -= KNOBS;
    uint64_t cuts[] = {1 + data[3] % (size + 1)};
    struct fixture whole = fixture_of(data, size), parts = fixture_of(data, size);
    bool ok = fixture_decode(&whole, (const char *)text, size);
    parts.read_size = 1 + data[4] % 40;
    parts.block_size = 16 + data[5];
    parts.batch_rows = 1 + data[5] % 3;
    parts.cuts = cuts;
    parts.n_cuts = ok && whole.settings.layout == JSON_LINES && cuts[0] < size;
    assert_true(fixture_decode(&parts, (const char *)text, size) == ok);
    if (ok)
        compare(&whole, &parts);
    fixture_release(&whole);
    fixture_release(&parts);
    return 0;
}

#include "base/cpu.h"
#include "format/snappy.h"

#include <setjmp.h>
#include <snappy-c.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct cpl_snappy_scratch scratch;

/* The library reads back what was compressed, from memory that ends where the input ends. */
static void check(const uint8_t *data, size_t size)
{
    uint8_t *in = malloc(size ? size : 1), *back = malloc(size ? size : 1);
    uint8_t *out = malloc(cpl_snappy_bound(size));
    memcpy(in, data, size);
    size_t packed = cpl_snappy_compress(in, size, out, &scratch), length = size;
    assert_true(packed > 0 && packed <= cpl_snappy_bound(size));
    assert_int_equal(snappy_uncompress((char *)out, packed, (char *)back, &length), SNAPPY_OK);
    assert_int_equal(length, size);
    assert_memory_equal(back, data, size);
    free(in);
    free(back);
    free(out);
}

/* Words in no order, so that short matches abound, with stretches of other kinds. */
static void fill(uint8_t *data, size_t size, unsigned seed)
{
    static const char *const words[] = {"carefully", "final ", "deposits", " sly", "among",
                                        "requests ", "the ",   "sleep",    "."};
    srand(seed);
    for (size_t at = 0; at < size;) {
        const char *word = words[rand() % 9];
        size_t n = strlen(word), left = size - at;
        if (rand() % 4000 == 0) {
            n = (size_t)rand() % 3000;
            n = n < left ? n : left;
            bool noise = rand() % 2;
            for (size_t i = 0; i < n; i++)
                data[at + i] = noise ? (uint8_t)rand() : 'z';
        } else {
            memcpy(data + at, word, n = n < left ? n : left);
        }
        at += n;
    }
}

static void every_kind_and_size(void **state)
{
    (void)state;
    enum { MOST = 700000 };
    uint8_t *data = malloc(MOST);
    for (unsigned round = 0; round < 60; round++) {
        size_t size = round < 20 ? round : (size_t)rand() % MOST;
        fill(data, size, round);
        check(data, size);
    }
    for (size_t size = CPL_SNAPPY_ROUND - 35; size < CPL_SNAPPY_ROUND + 35; size++) {
        fill(data, size, 7);
        check(data, size);
    }
    memset(data, 'a', MOST);
    check(data, MOST);
    for (size_t i = 0; i < MOST; i++)
        data[i] = (uint8_t)rand();
    check(data, MOST);
    free(data);
}

/* Both bodies, on rounds of every size. */
static void bodies_agree(void **state)
{
    (void)state;
    enum { MOST = CPL_SNAPPY_ROUND, ROOM = CPL_SNAPPY_LANES * CPL_SNAPPY_FRAGMENT_MOST };
    if (cpl_cpu_level() < CPL_CPU_AVX512)
        skip();
    uint8_t *data = malloc(MOST), *a = malloc(ROOM), *b = malloc(ROOM);
    for (unsigned round = 0; round < 300; round++) {
        size_t size = round < 200 ? 4 * round : (size_t)rand() % MOST + 1;
        fill(data, size, round);
        size_t n = (size_t)(cpl_snappy_round(data, size, a, &scratch) - a);
        size_t m = (size_t)(cpl_snappy_round_avx512(data, size, b, &scratch) - b);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
    }
    free(data);
    free(a);
    free(b);
}

static void words_shrink(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    uint8_t *data = malloc(SIZE), *out = malloc(cpl_snappy_bound(SIZE));
    fill(data, SIZE, 3);
    size_t own = cpl_snappy_compress(data, SIZE, out, &scratch), room = cpl_snappy_bound(SIZE);
    assert_int_equal(snappy_compress((char *)data, SIZE, (char *)out, &room), SNAPPY_OK);
    assert_true(own < room + room / 20);
    free(data);
    free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_and_size),
        cmocka_unit_test(bodies_agree),
        cmocka_unit_test(words_shrink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

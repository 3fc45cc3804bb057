/* Bounds of text that is longer than they may be: still bounds, still UTF-8. */
#include "encode/parquet_bounds.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

static struct cpl_bound_text bound(const uint8_t *data, size_t size, bool utf8)
{
    struct cpl_bounds bounds = {0};
    struct cpl_bound_text text;
    struct cpl_slice value = {.data = data, .length = (uint32_t)size};
    struct cpl_error err;
    assert_true(cpl_bounds_add_slice(&bounds, CPL_ORDER_BYTES, &value, &err));
    cpl_bounds_write(&bounds, CPL_ORDER_BYTES, 0, utf8, &text);
    cpl_bounds_release(&bounds);
    return text;
}

static int compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    int difference = memcmp(a, b, a_size < b_size ? a_size : b_size);
    return difference ? difference : (a_size > b_size) - (a_size < b_size);
}

static size_t put(uint32_t code, uint8_t *out)
{
    if (code < 0x80)
        return (size_t)(out[0] = (uint8_t)code, 1);
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length; i-- > 1; code >>= 6)
        out[i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)((0xF00 >> length & 0xFF) | code);
    return length;
}

/* Is each character the one and shortest way to write a code point that is no surrogate? */
static bool is_utf8(const uint8_t *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        uint8_t lead = text[at], again[4];
        size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        uint32_t code = length == 1 ? lead : lead & (0x7Fu >> length);
        if (at + length > size)
            return false;
        for (size_t i = 1; i < length; i++)
            code = code << 6 | (text[at + i] & 0x3F);
        if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) || put(code, again) != length ||
            memcmp(again, text + at, length) != 0)
            return false;
        at += length;
    }
    return true;
}

/* Code points at which carrying begins or ends are drawn often. */
static uint32_t draw(uint64_t *state)
{
    static const uint32_t edges[] = {'a',    0x7F,   0x80,   0xBF,    0x7FF,   0x800,    0xFFF,
                                     0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x10FFFF, 0x10FFFF};
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    uint32_t random = (uint32_t)(*state >> 33);
    if (random % 4)
        return edges[random / 4 % (sizeof edges / sizeof *edges)];
    uint32_t code = random / 4 % 0x110000;
    return code >= 0xD800 && code < 0xE000 ? 0xFFFD : code;
}

static void text_is_bounded(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t value[100];
        size_t size = 0;
        while (size < 90)
            size += put(draw(&seed), value + size);
        assert_true(is_utf8(value, size));
        struct cpl_bound_text text = bound(value, size, true);
        assert_true(text.any && !text.min_exact && text.min_size > CPL_BOUND_BYTES - 4);
        assert_true(compare(text.min, text.min_size, value, size) <= 0);
        assert_true(is_utf8(text.min, text.min_size));
        assert_false(text.no_max); /* some character can grow */
        assert_true(!text.max_exact && text.max_size <= CPL_BOUND_BYTES);
        assert_true(compare(text.max, text.max_size, value, size) > 0);
        assert_true(is_utf8(text.max, text.max_size));
    }
}

static void without_a_greatest(void **state)
{
    (void)state;
    uint8_t value[80];
    for (size_t at = 0; at < sizeof value;)
        at += put(0x10FFFF, value + at);
    struct cpl_bound_text text = bound(value, sizeof value, true);
    assert_true(text.any && text.no_max && text.min_size == CPL_BOUND_BYTES);
    memset(value, 0xFF, sizeof value);
    text = bound(value, sizeof value, false);
    assert_true(text.any && text.no_max && text.min_size == CPL_BOUND_BYTES);
    value[3] = 0x10;
    text = bound(value, sizeof value, false);
    assert_true(!text.no_max && text.max_size == 4 && text.max[3] == 0x11);
}

static struct cpl_bound_text bound_doubles(const double *values, uint32_t n, double joined)
{
    struct cpl_bounds bounds = {0}, other = {0};
    struct cpl_bound_text text;
    struct cpl_error err;
    int64_t bits[4], more;
    memcpy(bits, values, n * sizeof *bits);
    memcpy(&more, &joined, sizeof more);
    cpl_bounds_add_floats(&bounds, CPL_ORDER_F64, bits, n);
    cpl_bounds_add_floats(&other, CPL_ORDER_F64, &more, 1);
    assert_true(cpl_bounds_join(&bounds, CPL_ORDER_F64, &other, &err));
    cpl_bounds_write(&bounds, CPL_ORDER_F64, 8, false, &text);
    return text;
}

static void none_beside_a_nan(void **state)
{
    (void)state;
    const double with[] = {1, NAN, -3}, without[] = {1, 0, -3};
    struct cpl_bound_text text = bound_doubles(without, 3, 2);
    double min, max;
    memcpy(&min, text.min, 8);
    memcpy(&max, text.max, 8);
    assert_true(text.any && min == -3 && max == 2);
    assert_false(bound_doubles(with, 3, 2).any);
    assert_false(bound_doubles(without, 3, NAN).any); /* another page's */
    text = bound_doubles(with, 3, 2);
    assert_true(text.min_size == 0 && text.max_size == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_bounded),
        cmocka_unit_test(without_a_greatest),
        cmocka_unit_test(none_beside_a_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

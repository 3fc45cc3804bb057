/* UTF-8 validation: every class of what is invalid, at every place of a block, the same in all
 * variants. */
#include "decode/utf8.h"

#include "decode/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* Written from the definition (decode, then compare), not like the code under test. */
static bool reference(const uint8_t *p, size_t size)
{
    for (size_t i = 0; i < size;) {
        uint8_t lead = p[i++];
        int more = lead < 0x80       ? 0
                   : lead >> 5 == 6  ? 1
                   : lead >> 4 == 14 ? 2
                   : lead >> 3 == 30 ? 3
                                     : -1;
        if (more < 0)
            return false;
        uint32_t code = more ? lead & (0x3Fu >> more) : lead;
        for (int k = 0; k < more; k++) {
            if (i == size || (p[i] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (p[i++] & 0x3F);
        }
        static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
        if (code < least[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
            return false;
    }
    return true;
}

static void check(const uint8_t *data, size_t size)
{
    bool expected = reference(data, size);
    assert_int_equal(cpl_utf8_valid_portable(data, size), expected);
    assert_int_equal(cpl_utf8_valid(data, size), expected);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        assert_int_equal(cpl_utf8_valid_avx2(data, size), expected);
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi2"))
        assert_int_equal(cpl_utf8_valid_avx512(data, size), expected);
#endif
}

static void classes_at_every_place(void **state)
{
    (void)state;
    static const char *const samples[] = {"\x80",
                                          "\xBF",
                                          "\xC0\x80",
                                          "\xC1\xBF",
                                          "\xC2",
                                          "\xC2\x80",
                                          "\xDF\xBF",
                                          "\xC2\x41",
                                          "\xE0\x9F\xBF",
                                          "\xE0\xA0\x80",
                                          "\xE0\xA0",
                                          "\xED\x9F\xBF",
                                          "\xED\xA0\x80",
                                          "\xED\xBF\xBF",
                                          "\xEE\x80\x80",
                                          "\xEF\xBF\xBF",
                                          "\xF0\x8F\xBF\xBF",
                                          "\xF0\x90\x80\x80",
                                          "\xF0\x90\x80",
                                          "\xF4\x8F\xBF\xBF",
                                          "\xF4\x90\x80\x80",
                                          "\xF5\x80\x80\x80",
                                          "\xF8\x88\x80\x80\x80",
                                          "\xFE",
                                          "\xFF",
                                          "\xE4\xBD\xA0\x80",
                                          "\xF0\x9F\x98\x80",
                                          "\xE4\xBD\xE4\xBD\xA0",
                                          "\xF0\x9F\x98\x41"};
    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
        size_t length = strlen(samples[s]);
        for (size_t place = 0; place < 300; place += place > 70 && place < 240 ? 13 : 1) {
            for (size_t behind = 0; behind < 300; behind += behind > 3 ? 97 : 1) {
                size_t size = place + length + behind;
                uint8_t *data = malloc(size); /* exact, so that ASan sees overruns */
                memset(data, 'a', size);
                memcpy(data + place, samples[s], length);
                check(data, size);
                free(data);
            }
        }
    }
}

static void every_pair_and_lead(void **state)
{
    (void)state;
    uint8_t data[80];
    for (unsigned first = 0x7F; first < 0x100; first++)
        for (unsigned second = 0; second < 0x100; second++) {
            memset(data, ' ', sizeof data);
            data[62] = (uint8_t)first;
            data[63] = (uint8_t)second;
            data[64] = 0x80;
            check(data, sizeof data);
            data[65] = 0xBF;
            check(data, sizeof data);
            check(data, 65);
            check(data, 64);
        }
}

static uint32_t random_state = 1;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

static size_t put_character(uint8_t *p, uint32_t code)
{
    if (code < 0x80)
        return p[0] = (uint8_t)code, 1;
    if (code < 0x800)
        return p[0] = (uint8_t)(0xC0 | code >> 6), p[1] = (uint8_t)(0x80 | (code & 63)), 2;
    if (code < 0x10000) {
        p[0] = (uint8_t)(0xE0 | code >> 12);
        p[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        p[2] = (uint8_t)(0x80 | (code & 63));
        return 3;
    }
    p[0] = (uint8_t)(0xF0 | code >> 18);
    p[1] = (uint8_t)(0x80 | (code >> 12 & 63));
    p[2] = (uint8_t)(0x80 | (code >> 6 & 63));
    p[3] = (uint8_t)(0x80 | (code & 63));
    return 4;
}

static void random_text_with_one_change(void **state)
{
    (void)state;
    static const uint32_t below[] = {0x80, 0x800, 0xD800, 0x110000};
    for (int round = 0; round < 20000; round++) {
        uint8_t text[800];
        size_t size = 0, want = random_below(700);
        while (size < want) {
            uint32_t code = random_below(below[random_below(4)]);
            if (code < 0xD800 || code > 0xDFFF)
                size += put_character(text + size, code);
        }
        check(text, size);
        if (size) {
            text[random_below((uint32_t)size)] = (uint8_t)random_below(256);
            check(text, size);
            check(text, size - 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_at_every_place),
        cmocka_unit_test(every_pair_and_lead),
        cmocka_unit_test(random_text_with_one_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

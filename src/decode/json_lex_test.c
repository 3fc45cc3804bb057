/* The lexer alone: UTF-8 against every sequence, the string scan at every offset, escapes. */
#include "decode/json_lex.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
/* behind those */
#include <cmocka.h>

static struct json_lex lexer(const uint8_t *end)
{
    return (struct json_lex){.end = end, .max_depth = 100};
}

/* The scan of 16 bytes, byte by byte. */
static void stops_are_found_at_every_place(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++)
        for (int at = 0; at < 16; at++) {
            uint8_t text[16];
            uint32_t high;
            memset(text, 'x', sizeof text);
            text[at] = (uint8_t)byte;
            uint32_t stops = json_stops(text, &high);
            bool stop = byte == '"' || byte == '\\' || byte < 0x20;
            assert_int_equal(stops, stop ? 1u << at : 0);
            assert_int_equal(high, byte >= 0x80 ? 1u << at : 0);
        }
}

static void same_leads(void **state)
{
    (void)state;
    uint8_t a[16], b[16];
    for (uint32_t length = 0; length <= 16; length++)
        for (uint32_t at = 0; at < 16; at++) {
            memset(a, 'k', sizeof a);
            memset(b, 'k', sizeof b);
            assert_true(json_same16(a, b, length));
            b[at] ^= 0x80;
            assert_int_equal(json_same16(a, b, length), at >= length);
        }
}

/* A decoder written as the definition reads: the code point, and whether this is its only encoding. */
static bool plain_utf8(const uint8_t *p, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < length;) {
        size_t n = p[i] < 0x80       ? 1
                   : p[i] >> 5 == 6  ? 2
                   : p[i] >> 4 == 14 ? 3
                   : p[i] >> 3 == 30 ? 4
                                     : 0;
        if (!n || i + n > length)
            return false;
        uint32_t point = n == 1 ? p[i] : p[i] & (0x7Fu >> n);
        for (size_t j = 1; j < n; j++) {
            if (p[i + j] >> 6 != 2)
                return false;
            point = point << 6 | (p[i + j] & 0x3F);
        }
        if (point < least[n] || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000))
            return false;
        i += n;
    }
    return true;
}

static void utf8_of_all_short_sequences(void **state)
{
    (void)state;
    static const uint8_t edges[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
    const size_t n = sizeof edges;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t third = 0; third < n; third++)
                for (size_t fourth = 0; fourth < n; fourth++) {
                    uint8_t text[20] = "12345678....12345678";
                    const uint8_t sequence[] = {(uint8_t)first, (uint8_t)second, edges[third],
                                                edges[fourth]};
                    memcpy(text + 8, sequence, 4);
                    bool valid = plain_utf8(text, 20);
                    if (json_utf8(text, text + 20) != valid)
                        fail_msg("%02x %02x %02x %02x", first, second, edges[third], edges[fourth]);
                }
}

static void check_string(const char *json, size_t size, const char *value, size_t value_size)
{
    uint8_t text[256] = {0}, out[256];
    bool plain;
    memcpy(text, json, size);
    struct json_lex lex = lexer(text + size);
    const uint8_t *end = json_string(&lex, text, &plain);
    assert_int_equal(end != NULL, value != NULL);
    if (!end)
        return;
    assert_int_equal(end - text, size - 1);
    assert_int_equal(json_unescape(text, end, out), value_size);
    assert_memory_equal(out, value, value_size);
}
#define STRING(json, value) check_string(json, sizeof json - 1, value, sizeof value - 1)
#define NO_STRING(json)     check_string(json, sizeof json - 1, NULL, 0)

static void strings(void **state)
{
    (void)state;
    STRING("\"", "");
    STRING("a\\n\\t\\r\\b\\f\\/\\\\\\\"z\"", "a\n\t\r\b\f/\\\"z");
    STRING("\\u0041\\u00e9\\u6771\\ud83d\\uDE00\"", "A\xC3\xA9\xE6\x9D\xB1\xF0\x9F\x98\x80");
    STRING("\\u0000\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
           "\0\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
    STRING("a long string whose quote comes late, after 16 and 32 bytes\"",
           "a long string whose quote comes late, after 16 and 32 bytes");
    NO_STRING("\\x\"");
    NO_STRING("\\u12g4\"");
    NO_STRING("\\ud83d\"");
    NO_STRING("\\ud83d\\u0041\"");
    NO_STRING("\\ude00\"");
    NO_STRING("tab\there\"");
    NO_STRING("not closed");
    NO_STRING("\xC3\"");
    NO_STRING("\xED\xA0\x80\"");
    NO_STRING("\\n\xFF\"");
}

/* However a value is cut, the fault says so by standing at the end. */
static void cuts(void **state)
{
    (void)state;
    const char *json = "{\"a\\u00e9\\ud83d\\ude00\": [1.5e+10, true, false, null, {\"\": "
                       "\"\xE6\x9D\xB1\"}], \"b\": \"\"}";
    size_t size = strlen(json);
    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t text[256] = {0};
        memcpy(text, json, cut);
        struct json_lex lex = lexer(text + cut);
        const uint8_t *end = json_skip(&lex, text, 0);
        assert_int_equal(end == text + size, cut == size);
        assert_true(end || lex.where >= lex.end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stops_are_found_at_every_place),
        cmocka_unit_test(same_leads),
        cmocka_unit_test(utf8_of_all_short_sequences),
        cmocka_unit_test(strings),
        cmocka_unit_test(cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

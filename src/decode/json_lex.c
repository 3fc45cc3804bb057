#include "decode/json_lex.h"

/* ---- UTF-8 ---- */

/* Length of the sequence at p, 0 if it is none (Unicode 15, table 3-7). Reads up to 3 bytes behind
 * p. */
static size_t utf8_sequence(const uint8_t *p)
{
    uint8_t lead = p[0], low = 0x80, high = 0xBF;
    if (lead < 0x80)
        return 1;
    size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (lead == 0xE0)
        low = 0xA0;
    if (lead == 0xED)
        high = 0x9F;
    if (lead == 0xF0)
        low = 0x90;
    if (lead == 0xF4)
        high = 0x8F;
    if (!length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

static bool ascii8(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return !(word & 0x8080808080808080u);
}

bool json_utf8(const uint8_t *from, const uint8_t *to)
{
    while (from < to) {
        if (to - from >= 8 && ascii8(from)) {
            from += 8;
            continue;
        }
        size_t length = utf8_sequence(from);
        if (!length || length > (size_t)(to - from))
            return false;
        from += length;
    }
    return true;
}

/* ---- escapes ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The four hex digits at p, or -1. */
static int32_t hex4(const uint8_t *p)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool is_lead_surrogate(int32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}
static bool is_trail_surrogate(int32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

/* The escape at p ('\\'): returns behind it. */
static const uint8_t *check_escape(struct json_lex *lex, const uint8_t *p)
{
    if (p[1] != 'u') {
        if (p[1] && strchr("\"\\/bfnrt", p[1]))
            return p + 2;
        return json_fail(lex, JSON_SYNTAX, p + 1, "an unknown escape in a string");
    }
    int32_t unit = hex4(p + 2);
    if (unit < 0)
        return json_fail(lex, JSON_SYNTAX, p + 6 > lex->end ? lex->end : p + 2,
                         "\\u needs four hexadecimal digits");
    if (is_trail_surrogate(unit))
        return json_fail(lex, JSON_CHARSET, p, "a lone trailing surrogate (\\uDC00 to \\uDFFF)");
    if (!is_lead_surrogate(unit))
        return p + 6;
    if (p[6] == '\\' && p[7] == 'u' && is_trail_surrogate(hex4(p + 8)))
        return p + 12;
    /* A cut right behind the lead may still become a pair. */
    const uint8_t *where = p + 12 > lex->end ? lex->end : p;
    return json_fail(lex, JSON_CHARSET, where, "a lone leading surrogate (\\uD800 to \\uDBFF)");
}

const uint8_t *json_string_rest(struct json_lex *lex, const uint8_t *text, const uint8_t *p)
{
    bool high, any = false;
    for (const uint8_t *at = text; at < p; at++)
        any |= *at >= 0x80;
    while (*p == '\\') {
        p = check_escape(lex, p);
        if (!p)
            return NULL;
        p = json_plain(p, &high);
        any |= high;
    }
    if (*p != '"')
        return json_fail(lex, JSON_SYNTAX, p,
                         "a control character inside a string, or no closing quote");
    if (any && !json_utf8(text, p))
        return json_fail(lex, JSON_CHARSET, text, "a string is not valid UTF-8");
    return p;
}

static size_t put_utf8(int32_t point, uint8_t *out)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (uint8_t)(0xC0 | point >> 6);
        out[1] = (uint8_t)(0x80 | (point & 0x3F));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (uint8_t)(0xE0 | point >> 12);
        out[1] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (point & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | point >> 18);
    out[1] = (uint8_t)(0x80 | (point >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (point >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (point & 0x3F));
    return 4;
}

static uint8_t simple_escape(uint8_t c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

size_t json_unescape(const uint8_t *from, const uint8_t *to, uint8_t *out)
{
    uint8_t *start = out;
    while (from < to) {
        const uint8_t *stop = memchr(from, '\\', (size_t)(to - from));
        size_t plain = (size_t)((stop ? stop : to) - from);
        memcpy(out, from, plain);
        out += plain;
        if (!stop)
            break;
        if (stop[1] != 'u') {
            *out++ = simple_escape(stop[1]);
            from = stop + 2;
            continue;
        }
        int32_t point = hex4(stop + 2);
        from = stop + 6;
        if (is_lead_surrogate(point)) {
            point = 0x10000 + ((point - 0xD800) << 10) + (hex4(stop + 8) - 0xDC00);
            from = stop + 12;
        }
        out += put_utf8(point, out);
    }
    return (size_t)(out - start);
}

/* ---- values ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static const uint8_t *digits(struct json_lex *lex, const uint8_t *p)
{
    if (!is_digit(*p))
        return json_fail(lex, JSON_SYNTAX, p, "a digit is missing");
    while (is_digit(*p))
        p++;
    return p;
}

const uint8_t *json_number(struct json_lex *lex, const uint8_t *p, bool *integer)
{
    *integer = true;
    p += *p == '-';
    if (*p == '0' && is_digit(p[1]))
        return json_fail(lex, JSON_SYNTAX, p, "a number has a leading zero");
    p = digits(lex, p);
    if (p && *p == '.') {
        *integer = false;
        p = digits(lex, p + 1);
    }
    if (p && (*p == 'e' || *p == 'E')) {
        *integer = false;
        p += p[1] == '+' || p[1] == '-' ? 2 : 1;
        p = digits(lex, p);
    }
    return p;
}

const uint8_t *json_word(struct json_lex *lex, const uint8_t *p, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (p[i] != (uint8_t)word[i])
            return json_fail(lex, JSON_SYNTAX, p + i, "a value is none of JSON's");
    return p + length;
}

const uint8_t *json_colon(struct json_lex *lex, const uint8_t *p)
{
    p = json_space(lex, p);
    if (*p != ':')
        return json_fail(lex, JSON_SYNTAX, p, "':' is missing behind a key");
    return json_space(lex, p + 1);
}

const uint8_t *json_next(struct json_lex *lex, const uint8_t *p, uint8_t close, bool first,
                         bool *done)
{
    p = json_space(lex, p);
    *done = *p == close;
    if (*done)
        return p + 1;
    if (!first) {
        if (*p != ',')
            return json_fail(lex, JSON_SYNTAX, p, "',' or a closing bracket is missing");
        p = json_space(lex, p + 1);
    }
    if (close == ']')
        return p;
    if (*p != '"')
        return json_fail(lex, JSON_SYNTAX, p, "a key (in double quotes) is missing");
    return p + 1;
}

static const uint8_t *skip_container(struct json_lex *lex, const uint8_t *p, uint8_t close,
                                     uint32_t depth)
{
    if (depth >= lex->max_depth)
        return json_fail(lex, JSON_DEPTH, p, "nested deeper than max_depth allows");
    bool done, plain, first = true;
    for (p++; (p = json_next(lex, p, close, first, &done)) && !done; first = false) {
        if (close == '}') {
            p = json_string(lex, p, &plain);
            if (!p || !(p = json_colon(lex, p + 1)))
                return NULL;
        }
        p = json_skip(lex, p, depth + 1);
        if (!p)
            return NULL;
    }
    return p;
}

const uint8_t *json_skip(struct json_lex *lex, const uint8_t *p, uint32_t depth)
{
    bool ignored;
    switch (*p) {
    case '{':
        return skip_container(lex, p, '}', depth);
    case '[':
        return skip_container(lex, p, ']', depth);
    case '"':
        p = json_string(lex, p + 1, &ignored);
        return p ? p + 1 : NULL;
    case 't':
        return json_word(lex, p, "true", 4);
    case 'f':
        return json_word(lex, p, "false", 5);
    case 'n':
        return json_word(lex, p, "null", 4);
    default:
        if (*p == '-' || is_digit(*p))
            return json_number(lex, p, &ignored);
        return json_fail(lex, JSON_SYNTAX, p, "a value is missing or none of JSON's");
    }
}

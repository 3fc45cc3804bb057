#include "format/json_text.h"

#include <string.h>

struct text {
    const uint8_t *at, *end;
};

static void skip_blanks(struct text *t)
{
    while (t->at < t->end && (*t->at == ' ' || *t->at == '\t' || *t->at == '\n' || *t->at == '\r'))
        t->at++;
}

static bool take(struct text *t, uint8_t byte)
{
    bool there = t->at < t->end && *t->at == byte;
    t->at += there;
    return there;
}

static bool take_word(struct text *t, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(t->end - t->at) < length || memcmp(t->at, word, length) != 0)
        return false;
    t->at += length;
    return true;
}

static bool is_hex(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f') ||
           (byte >= 'A' && byte <= 'F');
}

static bool take_escape(struct text *t)
{
    if (t->at >= t->end)
        return false;
    uint8_t kind = *t->at++;
    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind);
    for (int i = 0; i < 4; i++, t->at++)
        if (t->at >= t->end || !is_hex(*t->at))
            return false;
    return true;
}

static bool take_string(struct text *t)
{
    if (!take(t, '"'))
        return false;
    while (t->at < t->end) {
        uint8_t byte = *t->at++;
        if (byte == '"')
            return true;
        if (byte < 0x20 || (byte == '\\' && !take_escape(t)))
            return false;
    }
    return false;
}

static bool take_digits(struct text *t)
{
    const uint8_t *start = t->at;
    while (t->at < t->end && *t->at >= '0' && *t->at <= '9')
        t->at++;
    return t->at > start;
}

static bool take_number(struct text *t)
{
    take(t, '-');
    if (!take(t, '0') && !take_digits(t))
        return false;
    if (take(t, '.') && !take_digits(t))
        return false;
    if (t->at < t->end && (*t->at == 'e' || *t->at == 'E')) {
        t->at++;
        if (!take(t, '+'))
            take(t, '-');
        return take_digits(t);
    }
    return true;
}

static bool take_scalar(struct text *t)
{
    if (t->at >= t->end)
        return false;
    switch (*t->at) {
    case '"':
        return take_string(t);
    case 't':
        return take_word(t, "true");
    case 'f':
        return take_word(t, "false");
    case 'n':
        return take_word(t, "null");
    default:
        return take_number(t);
    }
}

/* `"key" :` in front of a member. */
static bool take_key(struct text *t)
{
    skip_blanks(t);
    if (!take_string(t))
        return false;
    skip_blanks(t);
    return take(t, ':');
}

/* Behind a value: commas lead to the next, brackets close what is open. *more: another value follows. */
static bool close_values(struct text *t, uint8_t *open, size_t *depth, bool *more)
{
    *more = false;
    while (*depth) {
        bool object = open[*depth - 1] == '{';
        skip_blanks(t);
        if (take(t, ',')) {
            *more = true;
            return !object || take_key(t);
        }
        if (!take(t, object ? '}' : ']'))
            return false;
        --*depth;
    }
    return true;
}

bool cpl_json_text_valid(const uint8_t *text, size_t size)
{
    struct text t = {text, text + size};
    uint8_t open[CPL_JSON_TEXT_DEPTH];
    size_t depth = 0;
    bool more = true;
    while (more) {
        skip_blanks(&t);
        bool object = take(&t, '{');
        if (object || take(&t, '[')) {
            if (depth == CPL_JSON_TEXT_DEPTH)
                return false;
            open[depth++] = object ? '{' : '[';
            skip_blanks(&t);
            if (!take(&t, object ? '}' : ']')) {
                if (object && !take_key(&t))
                    return false;
                continue;
            }
            depth--;
        } else if (!take_scalar(&t)) {
            return false;
        }
        if (!close_values(&t, open, &depth, &more))
            return false;
    }
    skip_blanks(&t);
    return t.at == t.end;
}

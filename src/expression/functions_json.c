/* json_text: a path like $.a.b[0] or $["a b"] into a column of JSON. The value's text is found by one walk from its begin; what lies beside
 * the path is skipped without a look into it. Values are valid JSON (batch/schema.h); were one not, the walk ends at its end. */
#include "expression/characters.h"
#include "expression/functions.h"

#include <string.h>

enum { STEPS_MAX = 64 };
struct step {
    const uint8_t *key; /* NULL: an index */
    uint32_t length, index;
};
struct json_path {
    uint32_t n;
    struct step steps[STEPS_MAX];
};

/* ---- walking ---- */

struct walk {
    const uint8_t *at, *end;
};

static void skip_blanks(struct walk *walk)
{
    while (walk->at < walk->end &&
           (*walk->at == ' ' || *walk->at == '\t' || *walk->at == '\n' || *walk->at == '\r'))
        walk->at++;
}

/* Behind the closing quote. */
static void skip_string(struct walk *walk)
{
    for (walk->at++; walk->at < walk->end && *walk->at != '"'; walk->at++)
        if (*walk->at == '\\' && walk->at + 1 < walk->end)
            walk->at++;
    walk->at += walk->at < walk->end;
}

/* A whole value, whatever is nested in it. */
static void skip_value(struct walk *walk)
{
    size_t depth = 0;
    do {
        skip_blanks(walk);
        if (walk->at >= walk->end)
            return;
        uint8_t byte = *walk->at;
        if (byte == '"') {
            skip_string(walk);
            continue;
        }
        if ((byte == ',' || byte == ']' || byte == '}') && !depth)
            return; /* not valid */
        depth += byte == '{' || byte == '[';
        depth -= byte == '}' || byte == ']';
        walk->at++;
        if (byte != ',' && byte != ':' && !strchr("{}[]", byte))
            while (walk->at < walk->end && !strchr(",]} \t\r\n", *walk->at))
                walk->at++;
    } while (depth);
}

static bool take(struct walk *walk, uint8_t byte)
{
    skip_blanks(walk);
    bool there = walk->at < walk->end && *walk->at == byte;
    walk->at += there;
    return there;
}

/* ---- strings ---- */

static uint32_t hex4(const uint8_t *at)
{
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = at[i];
        code = code << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return code & 0xFFFF;
}

/* \uXXXX at `at` (behind the u), a pair of surrogates taken together; one alone becomes U+FFFD, which is what it means in UTF-8. */
static const uint8_t *unescape_code(const uint8_t *at, const uint8_t *end, uint8_t **to)
{
    if (end - at < 4)
        return end;
    uint32_t code = hex4(at);
    at += 4;
    if (code >= 0xD800 && code < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = hex4(at + 2);
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            at += 6;
        }
    }
    *to += cpl_put_character(code >= 0xD800 && code < 0xE000 ? 0xFFFD : code, *to);
    return at;
}

/* The string's characters (between its quotes) to `to`, which has room for as many bytes; returns how many there are. */
static size_t unescape(const uint8_t *at, const uint8_t *end, uint8_t *to)
{
    static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
    uint8_t *start = to;
    while (at < end) {
        if (*at != '\\' || at + 1 == end) {
            *to++ = *at++;
            continue;
        }
        uint8_t kind = at[1];
        const char *name = kind ? strchr(names, kind) : NULL;
        at += 2;
        if (kind == 'u')
            at = unescape_code(at, end, &to);
        else
            *to++ = name ? (uint8_t)meant[name - names] : kind;
    }
    return (size_t)(to - start);
}

/* Is the string in [from, to), quotes included, that key? */
static bool is_key(const uint8_t *from, const uint8_t *to, const struct step *step)
{
    uint8_t plain[256];
    size_t length = (size_t)(to - from) - 2;
    if (!memchr(from, '\\', (size_t)(to - from)))
        return length == step->length && memcmp(from + 1, step->key, length) == 0;
    if (length > sizeof plain) /* an escaped key that long is none of a path's */
        return false;
    return unescape(from + 1, to - 1, plain) == step->length &&
           memcmp(plain, step->key, step->length) == 0;
}

/* ---- steps ---- */

static bool enter_member(struct walk *walk, const struct step *step)
{
    if (!take(walk, '{'))
        return false;
    while (skip_blanks(walk), walk->at < walk->end && *walk->at == '"') {
        const uint8_t *from = walk->at;
        skip_string(walk);
        bool found = walk->at - from >= 2 && is_key(from, walk->at, step);
        if (!take(walk, ':'))
            return false;
        if (found)
            return true;
        skip_value(walk);
        if (!take(walk, ','))
            return false;
    }
    return false;
}

static bool enter_element(struct walk *walk, uint32_t index)
{
    if (!take(walk, '['))
        return false;
    skip_blanks(walk);
    if (walk->at < walk->end && *walk->at == ']')
        return false;
    for (; index; index--) {
        skip_value(walk);
        if (!take(walk, ','))
            return false;
    }
    return true;
}

static bool follow(const struct json_path *path, struct walk *walk)
{
    for (uint32_t i = 0; i < path->n; i++) {
        const struct step *step = &path->steps[i];
        if (!(step->key ? enter_member(walk, step) : enter_element(walk, step->index)))
            return false;
    }
    skip_blanks(walk);
    return walk->at < walk->end;
}

static bool put_row(struct cpl_call *call, uint32_t i, const struct cpl_slice *text)
{
    struct walk walk = {text->data, text->data + text->length};
    call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
    if (!follow(call->term->extra, &walk) || *walk.at == 'n') {
        cpl_call_null(call, i);
        return true;
    }
    const uint8_t *from = walk.at;
    bool string = *from == '"';
    skip_value(&walk);
    size_t size = (size_t)(walk.at - from);
    if (!string || !memchr(from, '\\', size)) {
        uint32_t quote = string && size >= 2;
        call->out->slices[i] = (struct cpl_slice){.data = from + quote,
                                                  .length = (uint32_t)size - 2 * quote};
        return true;
    }
    uint8_t *to = cpl_call_text(call, i, size);
    if (to)
        call->out->slices[i].length = (uint32_t)unescape(from + 1, from + size - 1, to);
    return to != NULL;
}

static bool json_text(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        if (!put_row(call, i, cpl_arg_text(a, i)))
            return false;
    return true;
}

/* ---- the path ---- */

static const uint8_t *parse_index(const uint8_t *at, struct step *step)
{
    uint64_t index = 0;
    const uint8_t *start = at;
    while (*at >= '0' && *at <= '9' && index < 1000000000)
        index = index * 10 + (*at++ - '0');
    step->index = (uint32_t)index;
    return at == start || *at != ']' || index > 1000000000 ? NULL : at + 1;
}

/* ["any key"] */
static const uint8_t *parse_quoted(const uint8_t *at, struct step *step)
{
    const char *quote = strchr((const char *)at + 1, '"');
    if (!quote || quote[1] != ']')
        return NULL;
    step->key = at + 1;
    step->length = (uint32_t)(quote - (const char *)at - 1);
    return (const uint8_t *)quote + 2;
}

static const uint8_t *parse_step(const uint8_t *at, struct step *step)
{
    if (*at == '[')
        return at[1] == '"' ? parse_quoted(at + 1, step) : parse_index(at + 1, step);
    if (*at != '.')
        return NULL;
    step->key = at + 1;
    step->length = (uint32_t)strcspn((const char *)step->key, ".[");
    return step->length ? step->key + step->length : NULL;
}

static struct json_path *parse_path(struct cpl_binder *binder, const struct cpl_term *literal)
{
    struct json_path *path = cpl_arena_alloc(binder->arena, sizeof *path, binder->err);
    const uint8_t *text = literal->value.slice.data, *at = text;
    if (!path)
        return NULL;
    *path = (struct json_path){0};
    at = *at == '$' ? at + 1 : NULL;
    while (at && *at && path->n < STEPS_MAX)
        at = parse_step(at, &path->steps[path->n++]);
    if (at && !*at)
        return path;
    cpl_term_fail(binder, literal->at,
                  "'%.60s' is no path: $ and then .key, [index] or [\"any key\"], at most %d",
                  (const char *)text, STEPS_MAX);
    return NULL;
}

struct cpl_term *cpl_bind_json_text(struct cpl_binder *binder, struct cpl_term *call)
{
    if (cpl_is_null_literal(call->args[0]))
        return cpl_bind_coerce(binder, call->args[0], &(struct cpl_type){.kind = CPL_STRING},
                               false);
    if (call->args[0]->type.kind != CPL_JSON)
        return cpl_arg_refused(binder, call, 0,
                               "a json value (cast(… as json) makes one of a text)");
    if (!cpl_arg_constant_text(binder, call, 1) ||
        !(call->extra = parse_path(binder, call->args[1])))
        return NULL;
    call->n_args = 1;
    call->nullable = true;
    return cpl_bind_strict(binder, call, (struct cpl_type){.kind = CPL_STRING}, json_text);
}

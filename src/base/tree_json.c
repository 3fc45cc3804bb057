/* Strict JSON (RFC 8259) into a tree.
 *
 * Configuration that machines write must mean the same to every program that reads it, so nothing
 * is tolerated that parsers disagree about: doubled keys, lone surrogates, invalid UTF-8, U+0000,
 * trailing commas, comments, leading zeros. A leading UTF-8 byte order mark is skipped (RFC 8259
 * §8.1 allows it). Recursion is bounded by CPL_TREE_MAX_DEPTH. Numbers keep their text: nothing is
 * rounded here. */
#include "base/tree_builder.h"

#include <string.h>

struct reader {
    struct cpl_tree_builder *builder;
    const char *next, *end;
    const char *placed;          /* up to where `place` has been counted */
    struct cpl_tree_place place; /* of *placed */
};

/* The place of `at`, which never goes back: each byte of the text is counted once. */
static struct cpl_tree_place place_of(struct reader *reader, const char *at)
{
    for (; reader->placed < at; reader->placed++) {
        unsigned char c = (unsigned char)*reader->placed;
        if (c == '\n') {
            reader->place.line++;
            reader->place.column = 1;
        } else if ((c & 0xc0) != 0x80) {
            reader->place.column++;
        }
    }
    return reader->place;
}

#define FAIL(reader, ...)                                                                          \
    cpl_tree_fail_at((reader)->builder, place_of(reader, (reader)->next), __VA_ARGS__)

static void skip_blanks(struct reader *reader)
{
    while (reader->next < reader->end && (*reader->next == ' ' || *reader->next == '\t' ||
                                          *reader->next == '\n' || *reader->next == '\r'))
        reader->next++;
}

static bool unexpected(struct reader *reader, const char *wanted)
{
    if (reader->next >= reader->end)
        return FAIL(reader, "the JSON text ends where %s should stand", wanted);
    unsigned char c = (unsigned char)*reader->next;
    if (c > 0x20 && c < 0x7f)
        return FAIL(reader, "`%c` stands where %s should stand", c, wanted);
    return FAIL(reader, "byte 0x%02x stands where %s should stand", c, wanted);
}

/* ---- strings ---- */

/* Length of the valid UTF-8 sequence at `s`, 0 when invalid (RFC 3629 §4: no overlongs, no
 * surrogates). */
static size_t utf8_length(const unsigned char *s, size_t room)
{
    unsigned char c = s[0];
    size_t length = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (!length || length > room)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool wrong = (c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) ||
                 (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f);
    return wrong ? 0 : length;
}

static char *put_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
    } else if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
        *out++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *out++ = (char)(0xe0 | code >> 12);
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code >> 18);
        *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code & 0x3f));
    }
    return out;
}

/* Four hex digits at next (behind `\u`). */
static bool read_hex4(struct reader *reader, uint32_t *code)
{
    *code = 0;
    for (int i = 0; i < 4; i++, reader->next++) {
        if (reader->next >= reader->end)
            return unexpected(reader, "a hex digit");
        char c = *reader->next;
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return unexpected(reader, "a hex digit");
        *code = *code << 4 | (uint32_t)digit;
    }
    return true;
}

static bool read_unicode_escape(struct reader *reader, char **out)
{
    const char *escape = reader->next - 2;
    uint32_t code, low;
    if (!read_hex4(reader, &code))
        return false;
    if (code == 0)
        return FAIL(reader, "U+0000 cannot stand in a text here");
    if (code >= 0xd800 && code < 0xdc00 && reader->end - reader->next >= 2 &&
        reader->next[0] == '\\' && reader->next[1] == 'u') {
        reader->next += 2;
        if (!read_hex4(reader, &low))
            return false;
        if (low >= 0xdc00 && low < 0xe000)
            code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code >= 0xd800 && code < 0xe000)
        return FAIL(reader, "%.6s is half a surrogate pair", escape);
    *out = put_utf8(*out, code);
    return true;
}

static bool read_escape(struct reader *reader, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    reader->next++;
    if (reader->next >= reader->end)
        return unexpected(reader, "the rest of an escape");
    char c = *reader->next;
    const char *name = c ? strchr(names, c) : NULL;
    if (name) {
        reader->next++;
        *(*out)++ = values[name - names];
        return true;
    }
    if (c != 'u')
        return unexpected(reader, "one of \" \\ / b f n r t u behind a backslash");
    reader->next++;
    return read_unicode_escape(reader, out);
}

static bool read_character(struct reader *reader, char **out)
{
    unsigned char c = (unsigned char)*reader->next;
    if (c == '\\')
        return read_escape(reader, out);
    if (c < 0x20)
        return FAIL(reader, "a control character (0x%02x) in a string must be escaped", c);
    size_t length = utf8_length((const unsigned char *)reader->next,
                                (size_t)(reader->end - reader->next));
    if (!length)
        return FAIL(reader, "byte 0x%02x is not valid UTF-8 here", c);
    memcpy(*out, reader->next, length);
    *out += length;
    reader->next += length;
    return true;
}

/* An upper bound of the string's length: up to its closing quote. */
static size_t string_room(const struct reader *reader)
{
    const char *at = reader->next;
    while (at < reader->end && *at != '"')
        at += *at == '\\' && reader->end - at > 1 ? 2 : 1;
    return (size_t)((at < reader->end ? at : reader->end) - reader->next);
}

/* A string at next, which is a quote; NULL on failure. */
static const char *read_string(struct reader *reader)
{
    reader->next++;
    char *text = cpl_arena_alloc(reader->builder->arena, string_room(reader) + 1,
                                 reader->builder->err);
    if (!text)
        return NULL;
    char *out = text;
    while (reader->next < reader->end && *reader->next != '"')
        if (!read_character(reader, &out))
            return NULL;
    if (reader->next >= reader->end) {
        unexpected(reader, "a closing quote");
        return NULL;
    }
    reader->next++;
    *out = 0;
    return text;
}

/* ---- numbers and words ---- */

static bool is_digit(const struct reader *reader)
{
    return reader->next < reader->end && *reader->next >= '0' && *reader->next <= '9';
}

static bool skip_digits(struct reader *reader)
{
    if (!is_digit(reader))
        return unexpected(reader, "a digit");
    while (is_digit(reader))
        reader->next++;
    return true;
}

static bool skip_one_of(struct reader *reader, const char *set)
{
    if (reader->next >= reader->end || !*reader->next || !strchr(set, *reader->next))
        return false;
    reader->next++;
    return true;
}

static bool skip_number(struct reader *reader)
{
    skip_one_of(reader, "-");
    bool zero = reader->next < reader->end && *reader->next == '0';
    if (zero)
        reader->next++;
    else if (!skip_digits(reader))
        return false;
    if (zero && is_digit(reader))
        return FAIL(reader, "a JSON number must not start with 0");
    if (skip_one_of(reader, ".") && !skip_digits(reader))
        return false;
    if (skip_one_of(reader, "eE")) {
        skip_one_of(reader, "+-");
        return skip_digits(reader);
    }
    return true;
}

static bool skip_word(struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(reader->end - reader->next) < length || memcmp(reader->next, word, length))
        return false;
    reader->next += length;
    return true;
}

/* ---- values ---- */

static struct cpl_node *read_value(struct reader *reader, int depth);

static bool read_plain(struct reader *reader, struct cpl_node *node)
{
    const char *start = reader->next;
    if (skip_word(reader, "null")) {
        node->kind = CPL_NODE_NULL;
        return true;
    }
    if (!skip_word(reader, "true") && !skip_word(reader, "false")) {
        char c = reader->next < reader->end ? *reader->next : 0;
        if (c != '-' && !(c >= '0' && c <= '9'))
            return unexpected(reader, "a value");
        if (!skip_number(reader))
            return false;
    }
    node->text = cpl_arena_strndup(reader->builder->arena, start, (size_t)(reader->next - start),
                                   reader->builder->err);
    return node->text != NULL;
}

/* Behind an item: true when another follows, and next stands at it; *failed when neither comma nor
 * end. */
static bool another(struct reader *reader, char closing, bool *failed)
{
    skip_blanks(reader);
    if (reader->next < reader->end && *reader->next == closing) {
        reader->next++;
        return false;
    }
    if (reader->next < reader->end && *reader->next == ',') {
        reader->next++;
        skip_blanks(reader);
        return true;
    }
    *failed = true;
    return unexpected(reader, closing == '}' ? "`,` or `}`" : "`,` or `]`");
}

static bool at_closing(struct reader *reader, char closing)
{
    reader->next++;
    skip_blanks(reader);
    if (reader->next >= reader->end || *reader->next != closing)
        return false;
    reader->next++;
    return true;
}

static bool read_list(struct reader *reader, struct cpl_node *list, int depth)
{
    struct cpl_node **tail = &list->first;
    if (at_closing(reader, ']'))
        return true;
    bool failed = false;
    do {
        struct cpl_node *item = read_value(reader, depth + 1);
        if (!item)
            return false;
        cpl_tree_append(list, &tail, item);
    } while (another(reader, ']', &failed));
    return !failed;
}

/* Each item in memory of its own, which serves the next. */
static bool hand_out(struct reader *reader, struct cpl_node *list,
                     const struct cpl_tree_items *items, int depth)
{
    struct cpl_arena own = {0}, *shared = reader->builder->arena;
    bool failed = false, ok = true;
    if (at_closing(reader, ']'))
        return true;
    reader->builder->arena = &own;
    do {
        cpl_arena_reset(&own);
        struct cpl_node *item = read_value(reader, depth + 1);
        list->n_children++;
        ok = item && items->take(items->context, item);
    } while (ok && another(reader, ']', &failed));
    reader->builder->arena = shared;
    cpl_arena_release(&own);
    return ok && !failed;
}

/* A member of the top map whose items somebody wants one by one. */
static struct cpl_node *read_items(struct reader *reader, const char *key, int depth, bool *theirs)
{
    const struct cpl_tree_builder *builder = reader->builder;
    const struct cpl_tree_items *items = NULL;
    for (size_t i = 0; depth == 1 && i < builder->n_items && !items; i++)
        items = !strcmp(builder->items[i].key, key) ? &builder->items[i] : NULL;
    *theirs = items && reader->next < reader->end && *reader->next == '[';
    if (!*theirs)
        return NULL;
    struct cpl_node *list = cpl_tree_node(reader->builder, CPL_NODE_LIST,
                                          place_of(reader, reader->next));
    return list && hand_out(reader, list, items, depth + 1) ? list : NULL;
}

static bool read_member(struct reader *reader, struct cpl_node *map, struct cpl_node ***tail,
                        int depth)
{
    if (reader->next >= reader->end || *reader->next != '"')
        return unexpected(reader, "a key in double quotes");
    struct cpl_tree_place place = place_of(reader, reader->next);
    const char *key = read_string(reader);
    if (!key)
        return false;
    skip_blanks(reader);
    if (reader->next >= reader->end || *reader->next != ':')
        return unexpected(reader, "`:`");
    reader->next++;
    skip_blanks(reader);
    bool theirs;
    struct cpl_node *value = read_items(reader, key, depth, &theirs);
    if (!theirs)
        value = read_value(reader, depth + 1);
    if (!value)
        return false;
    value->key = key;
    value->line = place.line;
    value->column = place.column;
    cpl_tree_append(map, tail, value);
    return true;
}

static bool read_map(struct reader *reader, struct cpl_node *map, int depth)
{
    struct cpl_node **tail = &map->first;
    if (at_closing(reader, '}'))
        return true;
    bool failed = false;
    do {
        if (!read_member(reader, map, &tail, depth))
            return false;
    } while (another(reader, '}', &failed));
    return !failed && cpl_tree_check_keys(reader->builder, map);
}

static struct cpl_node *read_value(struct reader *reader, int depth)
{
    if (depth > CPL_TREE_MAX_DEPTH) {
        FAIL(reader, "nested deeper than %d levels", CPL_TREE_MAX_DEPTH);
        return NULL;
    }
    struct cpl_node *node = cpl_tree_node(reader->builder, CPL_NODE_SCALAR,
                                          place_of(reader, reader->next));
    if (!node)
        return NULL;
    char c = reader->next < reader->end ? *reader->next : 0;
    bool ok;
    if (c == '{') {
        node->kind = CPL_NODE_MAP;
        ok = read_map(reader, node, depth);
    } else if (c == '[') {
        node->kind = CPL_NODE_LIST;
        ok = read_list(reader, node, depth);
    } else if (c == '"') {
        node->quoted = true;
        ok = (node->text = read_string(reader)) != NULL;
    } else {
        ok = read_plain(reader, node);
    }
    return ok ? node : NULL;
}

bool cpl_tree_read_json(struct cpl_tree_builder *builder, const char *text, size_t length,
                        struct cpl_node **document)
{
    struct reader reader = {.builder = builder,
                            .next = text,
                            .end = text + length,
                            .placed = text,
                            .place = {.line = 1, .column = 1}};
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        reader.placed = reader.next = text + 3;
    skip_blanks(&reader);
    *document = read_value(&reader, 1);
    if (!*document)
        return false;
    skip_blanks(&reader);
    if (reader.next < reader.end)
        return unexpected(&reader, "the end of the JSON text");
    return true;
}

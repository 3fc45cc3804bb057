/* Writing JSON: commas, indentation and escapes, with one check at the end.
 *
 * The first failure sticks (writer->failed) and later calls do nothing. Output is always valid
 * UTF-8: what is not becomes U+FFFD. Numbers that JSON cannot hold (NaN, infinities) become null.
 */
#include "base/tree.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cpl_json_begin(struct cpl_json_writer *writer, struct cpl_buffer *out, int indent,
                    struct cpl_error *err)
{
    *writer = (struct cpl_json_writer){.out = out, .err = err, .indent = indent};
}

static void put(struct cpl_json_writer *writer, const void *data, size_t size)
{
    if (!writer->failed)
        writer->failed = !cpl_buffer_append(writer->out, data, size, writer->err);
}

static void put_text(struct cpl_json_writer *writer, const char *text)
{
    put(writer, text, strlen(text));
}

static void new_line(struct cpl_json_writer *writer)
{
    if (!writer->indent)
        return;
    put(writer, "\n", 1);
    for (int i = 0; i < writer->indent * writer->depth; i++)
        put(writer, " ", 1);
}

/* ---- strings ---- */

static bool continues(const unsigned char *s, size_t n, size_t room)
{
    for (size_t i = 1; i < n; i++)
        if (i >= room || (s[i] & 0xc0) != 0x80)
            return false;
    return true;
}

/* Bytes of the valid UTF-8 character at `s`, 0 when there is none (RFC 3629 §4). */
static size_t character_length(const unsigned char *s, size_t room)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] >= 0xc2 && s[0] < 0xe0)
        return continues(s, 2, room) ? 2 : 0;
    if (s[0] >= 0xe0 && s[0] < 0xf0 && continues(s, 3, room))
        return (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ? 0 : 3;
    if (s[0] >= 0xf0 && s[0] < 0xf5 && continues(s, 4, room))
        return (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f) ? 0 : 4;
    return 0;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_escaped(struct cpl_json_writer *writer, unsigned char c)
{
    static const char names[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
    const char *name = c ? strchr(names, c) : NULL;
    char text[8];
    if (name)
        snprintf(text, sizeof text, "\\%c", letters[name - names]);
    else
        snprintf(text, sizeof text, "\\u%04x", c);
    put_text(writer, text);
}

static void put_string(struct cpl_json_writer *writer, const unsigned char *s, size_t size)
{
    put(writer, "\"", 1);
    for (size_t i = 0; i < size;) {
        size_t from = i;
        while (i < size && is_plain(s[i]))
            i++;
        put(writer, s + from, i - from);
        if (i == size)
            break;
        size_t length = character_length(s + i, size - i);
        if (length > 1)
            put(writer, s + i, length);
        else if (length == 1)
            put_escaped(writer, s[i]);
        else
            put(writer, "\xef\xbf\xbd", 3);
        i += length ? length : 1;
    }
    put(writer, "\"", 1);
}

/* ---- structure ---- */

/* What stands before every value: comma, line break, key. */
static void before(struct cpl_json_writer *writer, const char *key)
{
    if (writer->comma)
        put(writer, ",", 1);
    if (writer->depth)
        new_line(writer);
    if (key) {
        put_string(writer, (const unsigned char *)key, strlen(key));
        put(writer, ": ", writer->indent ? 2 : 1);
    }
    writer->comma = true;
}

static void open_bracket(struct cpl_json_writer *writer, const char *key, bool is_list)
{
    before(writer, key);
    put(writer, is_list ? "[" : "{", 1);
    if (writer->depth < 64)
        writer->lists = (writer->lists & ~(UINT64_C(1) << writer->depth)) | (uint64_t)is_list
                                                                                << writer->depth;
    writer->depth++;
    writer->comma = false;
}

void cpl_json_object(struct cpl_json_writer *writer, const char *key)
{
    open_bracket(writer, key, false);
}

void cpl_json_list(struct cpl_json_writer *writer, const char *key)
{
    open_bracket(writer, key, true);
}

void cpl_json_close(struct cpl_json_writer *writer)
{
    if (writer->depth <= 0 || writer->depth > 64) {
        if (!writer->failed)
            cpl_fail(writer->err, CPL_E_INTERNAL, "JSON nested wrongly, or deeper than 64 levels");
        writer->failed = true;
        return;
    }
    bool had_members = writer->comma;
    writer->depth--;
    if (had_members)
        new_line(writer);
    put(writer, writer->lists >> writer->depth & 1 ? "]" : "}", 1);
    writer->comma = true;
}

void cpl_json_node(struct cpl_json_writer *writer, const struct cpl_node *node)
{
    switch (node->kind) {
    case CPL_NODE_NULL:
    case CPL_NODE_SCALAR:
        cpl_json_string(writer, node->key, node->kind == CPL_NODE_NULL ? NULL : node->text);
        return;
    case CPL_NODE_LIST:
        cpl_json_list(writer, node->key);
        break;
    case CPL_NODE_MAP:
        cpl_json_object(writer, node->key);
        break;
    }
    for (const struct cpl_node *child = node->first; child; child = child->next)
        cpl_json_node(writer, child);
    cpl_json_close(writer);
}

bool cpl_json_end(struct cpl_json_writer *writer)
{
    if (!writer->failed && writer->depth)
        writer->failed = !cpl_fail(writer->err, CPL_E_INTERNAL, "JSON left open");
    return !writer->failed;
}

/* ---- values ---- */

void cpl_json_bytes(struct cpl_json_writer *writer, const char *key, const void *data, size_t size)
{
    before(writer, key);
    put_string(writer, data, size);
}

void cpl_json_string(struct cpl_json_writer *writer, const char *key, const char *value)
{
    if (!value)
        cpl_json_raw(writer, key, "null");
    else
        cpl_json_bytes(writer, key, value, strlen(value));
}

void cpl_json_int(struct cpl_json_writer *writer, const char *key, int64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    cpl_json_raw(writer, key, text);
}

void cpl_json_uint(struct cpl_json_writer *writer, const char *key, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, value);
    cpl_json_raw(writer, key, text);
}

/* The shortest of 15, 16 or 17 digits that gives the double back. */
void cpl_json_double(struct cpl_json_writer *writer, const char *key, double value)
{
    if (!isfinite(value)) {
        cpl_json_raw(writer, key, "null");
        return;
    }
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    for (char *c = text; *c; c++) /* a host program's locale may print a comma */
        if (*c == ',')
            *c = '.';
    cpl_json_raw(writer, key, text);
}

void cpl_json_bool(struct cpl_json_writer *writer, const char *key, bool value)
{
    cpl_json_raw(writer, key, value ? "true" : "false");
}

void cpl_json_raw(struct cpl_json_writer *writer, const char *key, const char *json)
{
    before(writer, key);
    put_text(writer, json);
}

#include "run/stored.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool cpl_stored_fail(struct cpl_stored *in, const char *format, ...)
{
    if (in->failed)
        return false;
    in->failed = true;
    char text[600];
    va_list args;
    va_start(args, format);
    cpl_text_vset(text, sizeof text, format, args);
    va_end(args);
    return cpl_fail(in->err, CPL_E_CORRUPT, "%s: %s; the file was damaged or changed", in->name,
                    text);
}

/* The place alone, as "3:14: …": the name comes in front of it all. */
static const char *without_name(const struct cpl_stored *in, const char *message)
{
    size_t length = strlen(in->name);
    bool named = !strncmp(message, in->name, length) && message[length] == ':';
    return message + (named ? length + 1 : 0);
}

const struct cpl_node *cpl_stored_open(struct cpl_stored *in, const char *text, size_t size)
{
    return cpl_stored_open_items(in, text, size, NULL, 0);
}

const struct cpl_node *cpl_stored_open_items(struct cpl_stored *in, const char *text, size_t size,
                                             const struct cpl_tree_items *items, size_t n_items)
{
    struct cpl_error why = {0};
    const struct cpl_node *document = cpl_tree_parse_json_items(
        text, size, in->name, CPL_STORED_NODES, items, n_items, &in->scratch, &why);
    if (!document && (why.code == CPL_E_MEMORY || why.code == CPL_E_LIMIT)) {
        in->failed = true;
        if (in->err)
            *in->err = why;
        return NULL;
    }
    if (!document || document->kind != CPL_NODE_MAP) {
        cpl_stored_fail(in, "not one JSON object%s%s", document ? "" : ": ",
                        document ? "" : without_name(in, why.message));
        return NULL;
    }
    return document;
}

void cpl_stored_release(struct cpl_stored *in)
{
    cpl_arena_release(&in->scratch);
}

static const struct cpl_node *member(struct cpl_stored *in, const struct cpl_node *map,
                                     const char *key, enum cpl_node_kind kind)
{
    if (in->failed || !map)
        return NULL;
    const struct cpl_node *node = cpl_tree_get(map, key);
    if (node && node->kind == kind)
        return node;
    cpl_stored_fail(in, "member `%s` is %s", key, node ? "of the wrong kind" : "missing");
    return NULL;
}

static const char *copy_text(struct cpl_stored *in, const char *text)
{
    char *copy = cpl_arena_strndup(in->arena, text, strlen(text), in->err);
    if (!copy)
        in->failed = true;
    return copy ? copy : "";
}

const char *cpl_stored_text(struct cpl_stored *in, const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = member(in, map, key, CPL_NODE_SCALAR);
    if (!node)
        return "";
    if (!node->quoted) {
        cpl_stored_fail(in, "member `%s` is no string", key);
        return "";
    }
    return copy_text(in, node->text);
}

void cpl_stored_hash(struct cpl_stored *in, const struct cpl_node *map, const char *key, char *out,
                     size_t room)
{
    out[0] = 0;
    const struct cpl_node *node = member(in, map, key, CPL_NODE_SCALAR);
    if (!node)
        return;
    size_t length = strlen(node->text);
    if (length >= room)
        cpl_stored_fail(in, "member `%s` is too long", key);
    else
        memcpy(out, node->text, length + 1);
}

static bool parse_digits(const char *text, uint64_t *value)
{
    uint64_t result = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, (uint64_t)(*text - '0'), &result))
            return false;
    }
    *value = result;
    return true;
}

uint64_t cpl_stored_uint(struct cpl_stored *in, const struct cpl_node *map, const char *key)
{
    uint64_t value = 0;
    const struct cpl_node *node = member(in, map, key, CPL_NODE_SCALAR);
    if (node && (node->quoted || !parse_digits(node->text, &value)))
        cpl_stored_fail(in, "member `%s` is no whole number", key);
    return value;
}

int64_t cpl_stored_int(struct cpl_stored *in, const struct cpl_node *map, const char *key)
{
    uint64_t value = 0;
    const struct cpl_node *node = member(in, map, key, CPL_NODE_SCALAR);
    if (!node)
        return 0;
    bool negative = node->text[0] == '-';
    if (node->quoted || !parse_digits(node->text + negative, &value) || value > INT64_MAX) {
        cpl_stored_fail(in, "member `%s` is no whole number", key);
        return 0;
    }
    return negative ? -(int64_t)value : (int64_t)value;
}

bool cpl_stored_bool(struct cpl_stored *in, const struct cpl_node *map, const char *key)
{
    const struct cpl_node *node = member(in, map, key, CPL_NODE_SCALAR);
    bool yes = node && !strcmp(node->text, "true");
    if (node && !yes && strcmp(node->text, "false") != 0)
        cpl_stored_fail(in, "member `%s` is neither true nor false", key);
    return yes;
}

const struct cpl_node *cpl_stored_map(struct cpl_stored *in, const struct cpl_node *map,
                                      const char *key)
{
    return member(in, map, key, CPL_NODE_MAP);
}

const struct cpl_node *cpl_stored_list(struct cpl_stored *in, const struct cpl_node *map,
                                       const char *key)
{
    return member(in, map, key, CPL_NODE_LIST);
}

void *cpl_stored_array(struct cpl_stored *in, const struct cpl_node *node, size_t item_size,
                       size_t *n)
{
    *n = 0;
    if (in->failed || !node || !node->n_children)
        return NULL;
    void *items = cpl_arena_alloc(in->arena, node->n_children * item_size, in->err);
    if (!items) {
        in->failed = true;
        return NULL;
    }
    memset(items, 0, node->n_children * item_size);
    *n = node->n_children;
    return items;
}

const char **cpl_stored_texts(struct cpl_stored *in, const struct cpl_node *map, const char *key,
                              size_t *n)
{
    const struct cpl_node *list = cpl_stored_list(in, map, key);
    const char **texts = cpl_stored_array(in, list, sizeof *texts, n);
    size_t i = 0;
    for (const struct cpl_node *child = texts ? list->first : NULL; child; child = child->next) {
        if (child->kind != CPL_NODE_SCALAR || !child->quoted) {
            cpl_stored_fail(in, "`%s` holds something that is no string", key);
            break;
        }
        texts[i++] = copy_text(in, child->text);
    }
    return texts;
}

struct cpl_named_count *cpl_stored_counts(struct cpl_stored *in, const struct cpl_node *map,
                                          size_t *n)
{
    struct cpl_named_count *counts = cpl_stored_array(in, map, sizeof *counts, n);
    size_t i = 0;
    for (const struct cpl_node *child = counts ? map->first : NULL; child; child = child->next) {
        counts[i].name = copy_text(in, child->key);
        if (child->kind != CPL_NODE_SCALAR || child->quoted ||
            !parse_digits(child->text, &counts[i++].n)) {
            cpl_stored_fail(in, "`%s` is no whole number", child->key);
            break;
        }
    }
    return counts;
}

/* The tree itself: making and finding nodes, messages with places, and which reader a text needs.
 * The readers are tree_yaml.c and tree_json.c. */
#include "base/option.h"
#include "base/text.h"
#include "base/tree_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct cpl_node *cpl_tree_node(struct cpl_tree_builder *builder, enum cpl_node_kind kind,
                               struct cpl_tree_place place)
{
    if (++builder->n_nodes > builder->max_nodes) {
        cpl_fail(builder->err, CPL_E_LIMIT,
                 "%s:%u:%u: more than %zu values, aliases expanded; split the file", builder->file,
                 place.line, place.column, builder->max_nodes);
        return NULL;
    }
    struct cpl_node *node = cpl_arena_alloc(builder->arena, sizeof *node, builder->err);
    if (node)
        *node = (struct cpl_node){
            .kind = kind, .file = builder->file, .line = place.line, .column = place.column};
    return node;
}

void cpl_tree_append(struct cpl_node *parent, struct cpl_node ***tail, struct cpl_node *child)
{
    child->parent = parent;
    **tail = child;
    *tail = &child->next;
    parent->n_children++;
}

/* By key, then by place, so that of two equal keys the later stands second. */
static int by_key(const void *a, const void *b)
{
    const struct cpl_node *x = *(struct cpl_node *const *)a, *y = *(struct cpl_node *const *)b;
    int order = strcmp(x->key, y->key);
    if (order)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : x->column > y->column;
}

bool cpl_tree_check_keys(struct cpl_tree_builder *builder, const struct cpl_node *map)
{
    if (map->n_children < 2)
        return true;
    const struct cpl_node **sorted = cpl_alloc(map->n_children * sizeof *sorted, builder->err);
    if (!sorted)
        return false;
    size_t n = 0;
    for (const struct cpl_node *child = map->first; child; child = child->next)
        sorted[n++] = child;
    qsort(sorted, n, sizeof *sorted, by_key);
    bool ok = true;
    for (size_t i = 1; ok && i < n; i++)
        if (!strcmp(sorted[i - 1]->key, sorted[i]->key))
            ok = cpl_tree_fail(sorted[i], builder->err, CPL_E_CONFIG,
                               "`%.80s` is given twice, first on line %u", sorted[i]->key,
                               sorted[i - 1]->line) ||
                 cpl_problem_report(builder->problems, builder->err);
    cpl_free(sorted);
    return ok;
}

/* Values come from anywhere: no control character of theirs reaches a terminal or log. */
static bool fail_placed(const char *file, struct cpl_tree_place place, struct cpl_error *err,
                        enum cpl_code code, const char *format, va_list args)
{
    if (!err)
        return false;
    char text[sizeof err->message];
    cpl_text_vset(text, sizeof text, format, args);
    if (!file)
        cpl_fail(err, code, "%s", text);
    else if (!place.line)
        cpl_fail(err, code, "%s: %s", file, text);
    else
        cpl_fail(err, code, "%s:%u:%u: %s", file, place.line, place.column, text);
    cpl_text_printable(err->message, strlen(err->message));
    return false;
}

bool cpl_tree_fail_at(struct cpl_tree_builder *builder, struct cpl_tree_place place,
                      const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fail_placed(builder->file, place, builder->err, CPL_E_CONFIG, format, args);
    va_end(args);
    return false;
}

bool cpl_tree_fail(const struct cpl_node *node, struct cpl_error *err, enum cpl_code code,
                   const char *format, ...)
{
    struct cpl_tree_place place = {0};
    if (node)
        place = (struct cpl_tree_place){.line = node->line, .column = node->column};
    va_list args;
    va_start(args, format);
    fail_placed(node ? node->file : NULL, place, err, code, format, args);
    va_end(args);
    return false;
}

const char *cpl_tree_shown(const struct cpl_node *node)
{
    if (!node || !node->text)
        return "";
    if (!node->secret)
        return node->text;
    return node->written ? node->written : "(secret)";
}

const struct cpl_node *cpl_tree_get(const struct cpl_node *map, const char *key)
{
    if (!map || map->kind != CPL_NODE_MAP)
        return NULL;
    for (const struct cpl_node *child = map->first; child; child = child->next)
        if (!strcmp(child->key, key))
            return child;
    return NULL;
}

const struct cpl_node *cpl_tree_option(const struct cpl_node *item, const char *kind,
                                       const char *key)
{
    const struct cpl_node *value = cpl_tree_get(item, kind);
    const struct cpl_node *option = key ? cpl_tree_get(value, key) : NULL;
    return option ? option : value ? value : item;
}

static size_t index_of(const struct cpl_node *node)
{
    size_t index = 0;
    for (const struct cpl_node *child = node->parent->first; child != node; child = child->next)
        index++;
    return index;
}

bool cpl_tree_path(const struct cpl_node *node, struct cpl_buffer *out, struct cpl_error *err)
{
    if (!node || !node->parent)
        return true;
    if (!cpl_tree_path(node->parent, out, err))
        return false;
    if (!node->key)
        return cpl_buffer_printf(out, err, "[%zu]", index_of(node));
    return cpl_buffer_printf(out, err, "%s%s", node->parent->parent ? "." : "", node->key);
}

/* ---- which reader ---- */

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), tail = strlen(ending);
    return length >= tail && !strcasecmp(name + length - tail, ending);
}

static bool looks_like_json(const char *text, size_t length)
{
    size_t i = 0;
    if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
        i = 3;
    bool bracket = false;
    for (; i < length && strchr("{[ \t\r\n", text[i]) && text[i]; i++)
        bracket |= text[i] == '{' || text[i] == '[';
    return bracket && i < length && (text[i] == '"' || text[i] == '}' || text[i] == ']');
}

static bool is_json(const char *file, const char *text, size_t length)
{
    if (ends_with(file, ".json"))
        return true;
    if (ends_with(file, ".yaml") || ends_with(file, ".yml"))
        return false;
    return looks_like_json(text, length);
}

struct cpl_node **cpl_tree_parse(const char *text, size_t length, const char *file,
                                 struct cpl_arena *arena, size_t *n_documents,
                                 struct cpl_error *err)
{
    return cpl_tree_parse_all(text, length, file, NULL, arena, n_documents, err);
}

struct cpl_node **cpl_tree_parse_all(const char *text, size_t length, const char *file,
                                     struct cpl_problems *problems, struct cpl_arena *arena,
                                     size_t *n_documents, struct cpl_error *err)
{
    *n_documents = 0;
    if (length > CPL_TREE_MAX_BYTES) {
        cpl_fail(err, CPL_E_LIMIT, "%s: %zu bytes; a configuration may have %d MiB at most", file,
                 length, CPL_TREE_MAX_BYTES >> 20);
        return NULL;
    }
    struct cpl_tree_builder builder = {
        .arena = arena, .err = err, .problems = problems, .max_nodes = CPL_TREE_MAX_NODES};
    builder.file = cpl_arena_strndup(arena, file, strlen(file), err);
    if (!builder.file)
        return NULL;
    struct cpl_node *documents = NULL;
    bool ok = is_json(file, text, length) ? cpl_tree_read_json(&builder, text, length, &documents)
                                          : cpl_tree_read_yaml(&builder, text, length, &documents);
    if (!ok)
        return NULL;
    size_t n = 0;
    for (struct cpl_node *document = documents; document; document = document->next)
        n++;
    struct cpl_node **roots = cpl_arena_alloc(arena, (n + 1) * sizeof *roots, err);
    if (!roots)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        roots[i] = documents;
        documents = documents->next;
        roots[i]->next = NULL;
    }
    roots[n] = NULL;
    *n_documents = n;
    return roots;
}

struct cpl_node *cpl_tree_parse_json(const char *text, size_t length, const char *file,
                                     size_t max_nodes, struct cpl_arena *arena,
                                     struct cpl_error *err)
{
    return cpl_tree_parse_json_items(text, length, file, max_nodes, NULL, 0, arena, err);
}

struct cpl_node *cpl_tree_parse_json_items(const char *text, size_t length, const char *file,
                                           size_t max_nodes, const struct cpl_tree_items *items,
                                           size_t n_items, struct cpl_arena *arena,
                                           struct cpl_error *err)
{
    struct cpl_node *document = NULL;
    struct cpl_tree_builder builder = {
        .arena = arena, .err = err, .max_nodes = max_nodes, .items = items, .n_items = n_items};
    builder.file = cpl_arena_strndup(arena, file, strlen(file), err);
    return builder.file && cpl_tree_read_json(&builder, text, length, &document) ? document : NULL;
}

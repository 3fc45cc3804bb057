/* YAML into a tree, over libyaml's events, which carry line and column.
 *
 * Anchors and aliases: an alias becomes a copy of what it names, counted against the limit of
 * nodes, so that a "billion laughs" file is an error and not a lost machine. Merge keys (`<<`) add
 * the members that a map does not have. Tags beyond the core types are refused: silently dropping
 * one would change what the writer meant. Only scalars may be keys. */
#include "base/tree_builder.h"

#include <string.h>
#include <yaml.h>

struct anchor {
    const char *name;
    struct cpl_node *node;
    bool complete; /* false while inside the anchored node */
};
struct reader {
    struct cpl_tree_builder *builder;
    yaml_parser_t parser;
    struct anchor anchors[CPL_TREE_MAX_ANCHORS];
    size_t n_anchors;
};

static struct cpl_tree_place place_of(yaml_mark_t mark)
{
    return (struct cpl_tree_place){.line = (uint32_t)mark.line + 1,
                                   .column = (uint32_t)mark.column + 1};
}

static bool syntax_error(struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return cpl_fail(reader->builder->err, CPL_E_MEMORY, "out of memory while reading %s",
                        reader->builder->file);
    const char *problem = parser->problem ? parser->problem : "this is not YAML";
    if (parser->error == YAML_READER_ERROR)
        return cpl_tree_fail_at(reader->builder, (struct cpl_tree_place){0},
                                "%s (at byte %zu); YAML must be UTF-8 or UTF-16", problem,
                                parser->problem_offset);
    const char *context = parser->context ? parser->context : "";
    return cpl_tree_fail_at(reader->builder, place_of(parser->problem_mark), "%s%s%s", problem,
                            *context ? ", " : "", context);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
    return yaml_parser_parse(&reader->parser, event) || syntax_error(reader);
}

/* ---- tags and plain scalars ---- */

static bool is_null_word(const char *text)
{
    return !*text || !strcmp(text, "~") || !strcmp(text, "null") || !strcmp(text, "Null") ||
           !strcmp(text, "NULL");
}

/* Is `tag` absent or the core tag `name`? "!" alone says "by kind". */
static bool tag_is(const yaml_char_t *tag, const char *name)
{
    static const char core[] = "tag:yaml.org,2002:";
    const char *text = (const char *)tag;
    return !strncmp(text, core, sizeof core - 1) && !strcmp(text + sizeof core - 1, name);
}

static bool unknown_tag(struct reader *reader, const yaml_event_t *event, const yaml_char_t *tag)
{
    return cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                            "the tag %.80s has no meaning here; leave it out", (const char *)tag);
}

static bool check_collection_tag(struct reader *reader, const yaml_event_t *event,
                                 const yaml_char_t *tag, const char *name)
{
    if (!tag || !strcmp((const char *)tag, "!") || tag_is(tag, name))
        return true;
    return unknown_tag(reader, event, tag);
}

static bool resolve_scalar(struct reader *reader, const yaml_event_t *event, struct cpl_node *node)
{
    const yaml_char_t *tag = event->data.scalar.tag;
    node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (!tag) {
        if (!node->quoted && is_null_word(node->text))
            node->kind = CPL_NODE_NULL;
    } else if (!strcmp((const char *)tag, "!") || tag_is(tag, "str")) {
        node->quoted = true;
    } else if (tag_is(tag, "null")) {
        node->kind = CPL_NODE_NULL;
    } else if (tag_is(tag, "int") || tag_is(tag, "float") || tag_is(tag, "bool")) {
        node->quoted = false;
    } else {
        return unknown_tag(reader, event, tag);
    }
    return true;
}

static const char *scalar_text(struct reader *reader, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, 0, length)) {
        cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                         "U+0000 cannot stand in a text here");
        return NULL;
    }
    return cpl_arena_strndup(reader->builder->arena, text, length, reader->builder->err);
}

/* ---- anchors ---- */

static struct anchor *find_anchor(struct reader *reader, const char *name)
{
    for (size_t i = reader->n_anchors; i--;)
        if (!strcmp(reader->anchors[i].name, name))
            return &reader->anchors[i];
    return NULL;
}

/* Remember `node` under the event's anchor, if it has one; *slot is its index, or SIZE_MAX. */
static bool set_anchor(struct reader *reader, const yaml_event_t *event, const yaml_char_t *name,
                       struct cpl_node *node, size_t *slot)
{
    *slot = SIZE_MAX;
    if (!name)
        return true;
    if (reader->n_anchors == CPL_TREE_MAX_ANCHORS)
        return cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                                "more than %d anchors in one document", CPL_TREE_MAX_ANCHORS);
    const char *text = (const char *)name;
    const char *copy = cpl_arena_strndup(reader->builder->arena, text, strlen(text),
                                         reader->builder->err);
    if (!copy)
        return false;
    *slot = reader->n_anchors++;
    reader->anchors[*slot] = (struct anchor){.name = copy, .node = node};
    return true;
}

static void complete_anchor(struct reader *reader, size_t slot)
{
    if (slot != SIZE_MAX)
        reader->anchors[slot].complete = true;
}

static struct cpl_node *copy_node(struct reader *reader, const struct cpl_node *from, int depth)
{
    struct cpl_tree_place place = {.line = from->line, .column = from->column};
    if (depth > CPL_TREE_MAX_DEPTH) {
        cpl_tree_fail_at(reader->builder, place, "nested deeper than %d levels",
                         CPL_TREE_MAX_DEPTH);
        return NULL;
    }
    struct cpl_node *copy = cpl_tree_node(reader->builder, from->kind, place);
    if (!copy)
        return NULL;
    copy->quoted = from->quoted;
    copy->key = from->key;
    copy->text = from->text;
    struct cpl_node **tail = &copy->first;
    for (const struct cpl_node *child = from->first; child; child = child->next) {
        struct cpl_node *child_copy = copy_node(reader, child, depth + 1);
        if (!child_copy)
            return NULL;
        cpl_tree_append(copy, &tail, child_copy);
    }
    return copy;
}

static const struct cpl_node *anchored(struct reader *reader, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    const struct anchor *anchor = find_anchor(reader, name);
    if (!anchor)
        cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                         "*%.80s names no anchor (&%.80s) before it", name, name);
    else if (!anchor->complete)
        cpl_tree_fail_at(reader->builder, place_of(event->start_mark), "*%.80s contains itself",
                         name);
    return anchor && anchor->complete ? anchor->node : NULL;
}

static struct cpl_node *read_alias(struct reader *reader, const yaml_event_t *event, int depth)
{
    const struct cpl_node *original = anchored(reader, event);
    struct cpl_node *copy = original ? copy_node(reader, original, depth) : NULL;
    if (copy) {
        struct cpl_tree_place place = place_of(event->start_mark);
        copy->key = NULL;
        copy->line = place.line;
        copy->column = place.column;
    }
    return copy;
}

/* ---- values ---- */

static struct cpl_node *read_node(struct reader *reader, yaml_event_t *event, int depth);

static struct cpl_node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
    size_t slot;
    struct cpl_node *node = cpl_tree_node(reader->builder, CPL_NODE_SCALAR,
                                          place_of(event->start_mark));
    if (!node || !(node->text = scalar_text(reader, event)) ||
        !resolve_scalar(reader, event, node) ||
        !set_anchor(reader, event, event->data.scalar.anchor, node, &slot))
        return NULL;
    if (node->kind == CPL_NODE_NULL)
        node->text = NULL;
    complete_anchor(reader, slot);
    return node;
}

/* Items until the end event; takes `list` as begun. */
static bool read_items(struct reader *reader, struct cpl_node *list, int depth)
{
    struct cpl_node **tail = &list->first;
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return true;
        }
        struct cpl_node *item = read_node(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (!item)
            return false;
        cpl_tree_append(list, &tail, item);
    }
}

/* The text of a key, which may be an alias of a scalar; "" for an empty one. */
static const char *read_key(struct reader *reader, const yaml_event_t *event)
{
    const struct cpl_node *key = NULL;
    if (event->type == YAML_SCALAR_EVENT)
        key = read_scalar(reader, event);
    else if (event->type == YAML_ALIAS_EVENT)
        key = anchored(reader, event);
    else
        cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                         "a key must be a plain word or text, not a list or map");
    if (!key)
        return NULL;
    if (key->kind == CPL_NODE_NULL)
        return event->type == YAML_SCALAR_EVENT && event->data.scalar.length
                   ? cpl_arena_strndup(reader->builder->arena,
                                       (const char *)event->data.scalar.value,
                                       event->data.scalar.length, reader->builder->err)
                   : "";
    if (key->kind == CPL_NODE_SCALAR)
        return key->text;
    cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                     "a key must be a plain word or text, not a list or map");
    return NULL;
}

static bool has_key(const struct cpl_node *map, const char *key)
{
    for (const struct cpl_node *child = map->first; child; child = child->next)
        if (!strcmp(child->key, key))
            return true;
    return false;
}

/* Add copies of the members of `from` that `map` lacks. */
static bool merge_map(struct reader *reader, struct cpl_node *map, const struct cpl_node *from,
                      int depth)
{
    if (from->kind != CPL_NODE_MAP)
        return cpl_tree_fail(from, reader->builder->err, CPL_E_CONFIG,
                             "`<<` merges a map, or a list of maps");
    if ((uint64_t)from->n_children * map->n_children > CPL_TREE_MAX_NODES)
        return cpl_tree_fail(from, reader->builder->err, CPL_E_LIMIT,
                             "the maps merged here are too large");
    struct cpl_node **tail = &map->first;
    while (*tail)
        tail = &(*tail)->next;
    for (const struct cpl_node *child = from->first; child; child = child->next) {
        if (has_key(map, child->key))
            continue;
        struct cpl_node *copy = copy_node(reader, child, depth + 1);
        if (!copy)
            return false;
        cpl_tree_append(map, &tail, copy);
    }
    return true;
}

static bool merge_into(struct reader *reader, struct cpl_node *map, const struct cpl_node *from,
                       int depth)
{
    if (from->kind != CPL_NODE_LIST)
        return merge_map(reader, map, from, depth);
    for (const struct cpl_node *item = from->first; item; item = item->next)
        if (!merge_map(reader, map, item, depth))
            return false;
    return true;
}

static bool read_members(struct reader *reader, struct cpl_node *map, int depth)
{
    struct cpl_node **tail = &map->first;
    struct cpl_node *merge = NULL;
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        struct cpl_tree_place place = place_of(event.start_mark);
        bool plain = event.type == YAML_SCALAR_EVENT &&
                     event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        const char *key = read_key(reader, &event);
        yaml_event_delete(&event);
        if (!key || !next_event(reader, &event))
            return false;
        struct cpl_node *value = read_node(reader, &event, depth + 1);
        yaml_event_delete(&event);
        if (!value)
            return false;
        value->key = key;
        value->line = place.line;
        value->column = place.column;
        if (plain && !strcmp(key, "<<") && merge)
            return cpl_tree_fail(value, reader->builder->err, CPL_E_CONFIG,
                                 "`<<` is given twice; merge a list of maps: `<<: [*a, *b]`");
        if (plain && !strcmp(key, "<<"))
            merge = value;
        else
            cpl_tree_append(map, &tail, value);
    }
    return cpl_tree_check_keys(reader->builder, map) &&
           (!merge || merge_into(reader, map, merge, depth));
}

static struct cpl_node *read_collection(struct reader *reader, const yaml_event_t *event, int depth)
{
    bool is_map = event->type == YAML_MAPPING_START_EVENT;
    const yaml_char_t *tag = is_map ? event->data.mapping_start.tag
                                    : event->data.sequence_start.tag;
    const yaml_char_t *anchor = is_map ? event->data.mapping_start.anchor
                                       : event->data.sequence_start.anchor;
    size_t slot;
    struct cpl_node *node = cpl_tree_node(reader->builder, is_map ? CPL_NODE_MAP : CPL_NODE_LIST,
                                          place_of(event->start_mark));
    if (!node || !check_collection_tag(reader, event, tag, is_map ? "map" : "seq") ||
        !set_anchor(reader, event, anchor, node, &slot))
        return NULL;
    if (!(is_map ? read_members(reader, node, depth) : read_items(reader, node, depth)))
        return NULL;
    complete_anchor(reader, slot);
    return node;
}

static struct cpl_node *read_node(struct reader *reader, yaml_event_t *event, int depth)
{
    if (depth > CPL_TREE_MAX_DEPTH) {
        cpl_tree_fail_at(reader->builder, place_of(event->start_mark),
                         "nested deeper than %d levels", CPL_TREE_MAX_DEPTH);
        return NULL;
    }
    if (event->type == YAML_ALIAS_EVENT)
        return read_alias(reader, event, depth);
    if (event->type == YAML_SCALAR_EVENT)
        return read_scalar(reader, event);
    return read_collection(reader, event, depth);
}

/* ---- documents ---- */

/* The document whose start event has been seen. */
static struct cpl_node *read_document(struct reader *reader)
{
    yaml_event_t event;
    reader->n_anchors = 0;
    if (!next_event(reader, &event))
        return NULL;
    struct cpl_node *root = read_node(reader, &event, 1);
    yaml_event_delete(&event);
    if (!root || !next_event(reader, &event)) /* the document's end */
        return NULL;
    yaml_event_delete(&event);
    return root;
}

static bool read_stream(struct reader *reader, struct cpl_node **documents)
{
    struct cpl_node **tail = documents;
    for (;;) {
        yaml_event_t event;
        if (!next_event(reader, &event))
            return false;
        yaml_event_type_t type = event.type;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT)
            return true;
        if (type != YAML_DOCUMENT_START_EVENT)
            continue;
        struct cpl_node *root = read_document(reader);
        if (!root)
            return false;
        *tail = root;
        tail = &root->next;
    }
}

bool cpl_tree_read_yaml(struct cpl_tree_builder *builder, const char *text, size_t length,
                        struct cpl_node **documents)
{
    struct reader *reader = cpl_alloc_zero(1, sizeof *reader, builder->err);
    if (!reader)
        return false;
    reader->builder = builder;
    bool ok = false;
    if (!yaml_parser_initialize(&reader->parser)) {
        cpl_fail(builder->err, CPL_E_MEMORY, "out of memory while reading %s", builder->file);
        goto out;
    }
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, length);
    *documents = NULL;
    ok = read_stream(reader, documents);
    yaml_parser_delete(&reader->parser);
out:
    cpl_free(reader);
    return ok;
}

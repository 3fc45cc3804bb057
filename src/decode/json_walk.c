#include "decode/json_walk.h"
#include "decode/json_scalar.h"

/* Containers stay out of value(), so that a scalar pays for no more than a jump. */
#define NOINLINE __attribute__((noinline))

static const uint8_t *value(struct json_walk *walk, struct json_node *node, const uint8_t *p);

static const uint8_t *fault(struct json_walk *walk, enum json_fault kind,
                            const struct json_node *node, const uint8_t *p, bool widenable,
                            const char *message)
{
    walk->node = node;
    walk->widenable = widenable;
    return json_fail(&walk->lex, kind, p, message);
}

/* ---- keys ---- */

static inline bool same_lead(const struct json_node *field, const uint8_t *p)
{
    uint32_t length = field->lead_length;
    if (__builtin_expect(length <= 16, 1))
        return json_same16(field->lead, p, length);
    return length <= JSON_LEAD_MAX && !memcmp(field->lead, p, length);
}

/* The member whose lead stands at p: the one expected, or the one after it. */
static inline struct json_node *predicted(struct json_node *field, const uint8_t *p)
{
    if (field && __builtin_expect(same_lead(field, p), 1))
        return field;
    if (field && field->next && same_lead(field->next, p))
        return field->next;
    return NULL;
}

/* `lead` stands before a value of this member; `previous` (NULL: none) came before it. */
static void learn(struct json_node *object, struct json_node *previous, struct json_node *field,
                  const uint8_t *lead, const uint8_t *at)
{
    size_t length = (size_t)(at - lead);
    field->lead_length = length <= JSON_LEAD_MAX ? (uint8_t)length : JSON_NO_LEAD;
    if (length <= JSON_LEAD_MAX)
        memcpy(field->lead, lead, length);
    *(previous ? &previous->next : &object->first) = field;
}

/* May a key that the schema lacks be passed over? (No column can be called by a
 * name with a NUL: below the top its object then becomes json, at the top the row is rejected.)
 */
static bool unknown_field(struct json_walk *walk, const struct json_node *object, const uint8_t *at,
                          const uint8_t *name, size_t length)
{
    enum json_unknown policy = object->column ? walk->unknown : walk->unknown_top;
    if (policy == JSON_UNKNOWN_IGNORE)
        return true;
    bool nameable = object->parent || !memchr(name, 0, length);
    bool widenable = policy == JSON_UNKNOWN_ADD && object->inferred && nameable;
    return fault(walk, JSON_UNKNOWN, object, at, widenable, "a field that the schema lacks");
}

/* The member called by the key text [key, end); *field NULL: the schema has none. */
static bool find_key(struct json_walk *walk, struct json_node *object, const uint8_t *key,
                     const uint8_t *end, bool plain, struct json_node **field)
{
    const uint8_t *p = key;
    size_t length = (size_t)(end - p);
    *field = NULL;
    if (!plain) {
        uint8_t *copy = cpl_arena_alloc(&walk->scratch, length, walk->err);
        if (!copy)
            return json_no_memory(walk, p);
        length = json_unescape(p, end, copy);
        p = copy;
    }
    int32_t found = json_keys_find(&object->keys, p, length);
    if (found >= 0)
        *field = &object->children[found];
    return found >= 0 || unknown_field(walk, object, key, p, length);
}

/* Read a key that was not predicted; p behind '{' or ','. Returns the start of its value. */
static const uint8_t *read_key(struct json_walk *walk, struct json_node *object,
                               struct json_node *previous, const uint8_t *p,
                               struct json_node **field)
{
    bool plain;
    const uint8_t *lead = p;
    p = json_space(&walk->lex, p);
    if (*p != '"')
        return json_fail(&walk->lex, JSON_SYNTAX, p, "a key (in double quotes) is missing");
    const uint8_t *key = p + 1, *end = json_string(&walk->lex, key, &plain);
    if (!end)
        return NULL;
    p = json_colon(&walk->lex, end + 1);
    if (!p || !find_key(walk, object, key, end, plain, field))
        return NULL;
    if (p >= walk->lex.end) /* learn nothing from what is cut off */
        return json_fail(&walk->lex, JSON_SYNTAX, p, "a value is missing");
    if (*field)
        learn(object, previous, *field, lead, p);
    return p;
}

/* ---- objects ---- */

/* Undo the last value of a member. */
static void take_back(struct json_node *node)
{
    if (node->builder)
        cpl_builder_truncate(node->builder, node->builder->column.length - 1);
    else if (node->op == JSON_OP_OBJECT)
        for (uint32_t i = 0; i < node->n_children; i++)
            take_back(&node->children[i]);
}

static const uint8_t *duplicate(struct json_walk *walk, struct json_node *field, const uint8_t *p)
{
    switch (walk->duplicates) {
    case JSON_DUPLICATES_FIRST:
        return json_skip(&walk->lex, p, field->depth);
    case JSON_DUPLICATES_LAST:
        take_back(field);
        return value(walk, field, p);
    default:
        return fault(walk, JSON_DUPLICATE, field, p, false, "a key stands twice in one object");
    }
}

static bool fill_missing(struct json_walk *walk, struct json_node *object, const uint8_t *p)
{
    for (uint32_t i = 0; i < object->n_children; i++) {
        struct json_node *child = &object->children[i];
        if (child->seen != object->instance && !json_put_null(walk, child, p))
            return false;
    }
    return true;
}

/* Behind the separator at p; *more: another member or element follows. */
static inline const uint8_t *separator(struct json_walk *walk, const uint8_t *p, uint8_t close,
                                       bool *more)
{
    if (__builtin_expect(*p != ',' && *p != close, 0))
        p = json_space(&walk->lex, p);
    *more = *p == ',';
    if (*p == ',' || *p == close)
        return p + 1;
    return json_fail(&walk->lex, JSON_SYNTAX, p, "',' or a closing bracket is missing");
}

/* The members of an object, p behind '{' or white space behind it, not at '}'. */
static const uint8_t *members(struct json_walk *walk, struct json_node *object, const uint8_t *p)
{
    uint64_t instance = ++object->instance;
    uint32_t found = 0;
    struct json_node *previous = NULL, *candidate = object->first;
    bool more = true;
    while (more) {
        struct json_node *field = predicted(candidate, p);
        p = __builtin_expect(field != NULL, 1) ? p + field->lead_length
                                               : read_key(walk, object, previous, p, &field);
        if (!p)
            return NULL;
        if (__builtin_expect(*p <= ' ',
                             0)) /* a row spaced otherwise than the one that was learnt */
            p = json_space(&walk->lex, p);
        if (!field) {
            p = json_skip(&walk->lex, p, object->depth + 1);
        } else if (__builtin_expect(field->seen == instance, 0)) {
            p = duplicate(walk, field, p);
        } else {
            field->seen = instance;
            found++;
            p = value(walk, field, p);
        }
        if (!p || !(p = separator(walk, p, '}', &more)))
            return NULL;
        if (field) {
            previous = field;
            candidate = field->next;
        }
    }
    return found == object->n_children || fill_missing(walk, object, p) ? p : NULL;
}

NOINLINE static const uint8_t *object_value(struct json_walk *walk, struct json_node *object,
                                            const uint8_t *p)
{
    if (*p != '{')
        return json_put_other(walk, object, p);
    if (object->depth >= walk->lex.max_depth)
        return json_fail(&walk->lex, JSON_DEPTH, p, "nested deeper than max_depth allows");
    const uint8_t *inside = p + 1, *at = inside;
    if (__builtin_expect(*at != '"', 0))
        at = json_space(&walk->lex, at);
    if (*at == '}') {
        object->instance++;
        p = fill_missing(walk, object, p) ? at + 1 : NULL;
    } else {
        p = members(walk, object, inside);
    }
    if (p && object->builder && !cpl_builder_struct(object->builder, walk->err))
        return json_no_memory(walk, p);
    return p;
}

/* ---- lists and maps ---- */

NOINLINE static const uint8_t *list_value(struct json_walk *walk, struct json_node *list,
                                          const uint8_t *p)
{
    if (*p != '[')
        return json_put_other(walk, list, p);
    if (list->depth >= walk->lex.max_depth)
        return json_fail(&walk->lex, JSON_DEPTH, p, "nested deeper than max_depth allows");
    p = json_space(&walk->lex, p + 1);
    bool more = *p != ']';
    p += !more;
    while (more) {
        p = value(walk, &list->children[0], json_space(&walk->lex, p));
        if (!p || !(p = separator(walk, p, ']', &more)))
            return NULL;
    }
    return cpl_builder_list(list->builder, walk->err) ? p : json_no_memory(walk, p);
}

static bool same_slice(const struct cpl_slice *a, const struct cpl_slice *b)
{
    return a->length == b->length && !memcmp(a->data, b->data, a->length);
}

/* Is the key appended last to the map already among its keys from `first` on? Short maps by looking
 * at each. */
static bool key_is_double(const struct cpl_column *keys, uint32_t first)
{
    const struct cpl_slice *last = &keys->slices[keys->length - 1];
    for (uint32_t i = first; i + 1 < keys->length; i++)
        if (same_slice(&keys->slices[i], last))
            return true;
    return false;
}

/* The same for long maps, by a table of names. 1 = double, 0 = not, -1 = no memory. */
static int key_is_known(struct json_walk *walk, struct json_keys *names,
                        const struct cpl_column *keys, uint32_t first)
{
    for (uint32_t i = first + names->n; i < keys->length; i++) {
        const struct cpl_slice *key = &keys->slices[i];
        if (json_keys_find(names, key->data, key->length) >= 0)
            return 1;
        if (!json_keys_add(names, &walk->scratch, key->data, key->length, walk->err))
            return -1;
    }
    return 0;
}

enum { SHORT_MAP = 16 };

static const uint8_t *check_map_key(struct json_walk *walk, struct json_node *map,
                                    struct json_keys *names, uint32_t first, const uint8_t *p)
{
    const struct cpl_column *keys = &map->builder->children[0].column;
    int known = keys->length - first <= SHORT_MAP ? key_is_double(keys, first)
                                                  : key_is_known(walk, names, keys, first);
    if (known < 0)
        return json_no_memory(walk, p);
    return known ? fault(walk, JSON_DUPLICATE, map, p, false, "a key stands twice in one object")
                 : p;
}

/* One entry, p at white space before the key. A map keeps no two entries of one key, so a double
 * one is rejected whatever the policy. */
static const uint8_t *map_entry(struct json_walk *walk, struct json_node *map,
                                struct json_keys *names, uint32_t first, const uint8_t *p)
{
    p = json_space(&walk->lex, p);
    if (*p != '"')
        return json_fail(&walk->lex, JSON_SYNTAX, p, "a key (in double quotes) is missing");
    p = value(walk, &map->children[0], p);
    if (!p || !check_map_key(walk, map, names, first, p))
        return NULL;
    p = json_colon(&walk->lex, p);
    return p ? value(walk, &map->children[1], p) : NULL;
}

NOINLINE static const uint8_t *map_value(struct json_walk *walk, struct json_node *map,
                                         const uint8_t *p)
{
    if (*p != '{')
        return json_put_other(walk, map, p);
    if (map->depth >= walk->lex.max_depth)
        return json_fail(&walk->lex, JSON_DEPTH, p, "nested deeper than max_depth allows");
    uint32_t first = map->builder->children[0].column.length;
    struct json_keys names = {0};
    p = json_space(&walk->lex, p + 1);
    bool more = *p != '}';
    p += !more;
    while (more) {
        p = map_entry(walk, map, &names, first, p);
        if (!p || !(p = separator(walk, p, '}', &more)))
            return NULL;
    }
    return cpl_builder_list(map->builder, walk->err) ? p : json_no_memory(walk, p);
}

/* ---- any value ---- */

static const uint8_t *value(struct json_walk *walk, struct json_node *node, const uint8_t *p)
{
    switch ((enum json_op)node->op) {
    case JSON_OP_OBJECT:
        return object_value(walk, node, p);
    case JSON_OP_LIST:
        return list_value(walk, node, p);
    case JSON_OP_MAP:
        return map_value(walk, node, p);
    case JSON_OP_BOOL:
        return json_put_bool(walk, node, p);
    case JSON_OP_INT:
        return json_put_int(walk, node, p);
    case JSON_OP_DECIMAL64:
        return json_put_decimal(walk, node, p);
    case JSON_OP_DOUBLE:
        return json_put_double(walk, node, p);
    case JSON_OP_UINT:
    case JSON_OP_DECIMAL128:
    case JSON_OP_FLOAT:
        return json_put_number(walk, node, p);
    case JSON_OP_STRING:
        return json_put_string(walk, node, p);
    case JSON_OP_BINARY:
        return json_put_binary(walk, node, p);
    case JSON_OP_UUID:
    case JSON_OP_DATE:
    case JSON_OP_TIME:
    case JSON_OP_TIMESTAMP:
        return json_put_timelike(walk, node, p);
    case JSON_OP_DOCUMENT:
        return json_put_document(walk, node, p);
    case JSON_OP_SKIP:
        return json_skip(&walk->lex, p, node->depth);
    }
    return json_fail(&walk->lex, JSON_SYNTAX, p, "no such type");
}

/* A row that is no object has nothing that columns could be called by. */
static const uint8_t *no_object(struct json_walk *walk, const struct json_node *root,
                                const uint8_t *p)
{
    return json_skip(&walk->lex, p, 0)
               ? fault(walk, JSON_TYPE, root, p, false, "the row is not an object")
               : NULL;
}

const uint8_t *json_walk_row(struct json_walk *walk, struct json_node *root, const uint8_t *p)
{
    walk->node = root;
    walk->widenable = false;
    walk->lex.fault = JSON_OK;
    if (__builtin_expect(*p != '{' && !root->builder, 0))
        return no_object(walk, root, p);
    return value(walk, root, p);
}

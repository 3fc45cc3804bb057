#include "decode/json_limit.h"

enum { LONGEST_ESCAPED_NAME = 256 };

struct measure {
    struct json_walk *walk;
    uint64_t most;
};

/* Behind the value at p, all of whose fields are short enough; NULL = one is not. */
static const uint8_t *measure_value(const struct measure *measure, const struct json_node *node,
                                    const uint8_t *p);

static const uint8_t *measure_text(const struct measure *measure, const struct json_node *node,
                                   const uint8_t *p, const uint8_t *end)
{
    if ((uint64_t)(end - p) <= measure->most)
        return end;
    measure->walk->node = node;
    measure->walk->widenable = false;
    return json_fail(&measure->walk->lex, JSON_FIELD_LIMIT, p,
                     "a field is longer than limits.max_field_bytes");
}

/* The node of the member called [key, end), or the object's own: the schema lacks it. */
static const struct json_node *member(const struct json_node *object, const uint8_t *key,
                                      const uint8_t *end, bool plain)
{
    uint8_t name[LONGEST_ESCAPED_NAME];
    size_t length = (size_t)(end - key);
    if (object->op == JSON_OP_MAP)
        return &object->children[1];
    if (object->op != JSON_OP_OBJECT || (!plain && length > sizeof name))
        return object;
    if (!plain) {
        length = json_unescape(key, end, name);
        key = name;
    }
    int32_t found = json_keys_find(&object->keys, key, length);
    return found < 0 ? object : &object->children[found];
}

static const uint8_t *measure_members(const struct measure *measure, const struct json_node *object,
                                      const uint8_t *p)
{
    struct json_lex *lex = &measure->walk->lex;
    bool done, plain, first = true;
    for (p++; (p = json_next(lex, p, '}', first, &done)) && !done; first = false) {
        const uint8_t *key = p, *end = json_string(lex, p, &plain);
        if (!end || !measure_text(measure, object, key, end) || !(p = json_colon(lex, end + 1)))
            return NULL;
        p = measure_value(measure, member(object, key, end, plain), p);
        if (!p)
            return NULL;
    }
    return p;
}

static const uint8_t *measure_elements(const struct measure *measure, const struct json_node *list,
                                       const uint8_t *p)
{
    const struct json_node *element = list->op == JSON_OP_LIST ? &list->children[0] : list;
    bool done, first = true;
    for (p++; (p = json_next(&measure->walk->lex, p, ']', first, &done)) && !done; first = false)
        if (!(p = measure_value(measure, element, p)))
            return NULL;
    return p;
}

static const uint8_t *measure_value(const struct measure *measure, const struct json_node *node,
                                    const uint8_t *p)
{
    bool ignored;
    if (*p == '{' && node->op != JSON_OP_DOCUMENT)
        return measure_members(measure, node, p);
    if (*p == '[' && node->op != JSON_OP_DOCUMENT)
        return measure_elements(measure, node, p);
    if (*p == '"') {
        const uint8_t *end = json_string(&measure->walk->lex, p + 1, &ignored);
        return end && measure_text(measure, node, p + 1, end) ? end + 1 : NULL;
    }
    const uint8_t *end = json_skip(&measure->walk->lex, p, node->depth);
    return end ? measure_text(measure, node, p, end) : NULL;
}

bool json_long_field(struct json_walk *walk, const struct json_node *root, const uint8_t *p,
                     uint64_t most)
{
    const struct measure measure = {.walk = walk, .most = most};
    return !measure_value(&measure, root, p) && walk->lex.fault == JSON_FIELD_LIMIT;
}

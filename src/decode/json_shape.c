#include "decode/json_shape.h"
#include <stdio.h>

static const struct cpl_text_style plain_style;

/* ---- members ---- */

/* A node more? Beyond the bound everything is json. */
static bool may_grow(struct json_shaper *shaper)
{
    return shaper->nodes++ < JSON_SHAPE_NODES;
}

static struct json_shape *new_shape(struct json_shaper *shaper, struct cpl_error *err)
{
    struct json_shape *shape = cpl_arena_alloc(shaper->arena, sizeof *shape, err);
    if (shape)
        *shape = (struct json_shape){.seen = may_grow(shaper) ? 0 : JSON_SEEN_ANY};
    return shape;
}

static bool need_element(struct json_shaper *shaper, struct json_shape *shape,
                         struct cpl_error *err)
{
    if (!shape->element)
        shape->element = new_shape(shaper, err);
    return shape->element != NULL;
}

static bool grow_members(struct json_shaper *shaper, struct json_shape *shape,
                         struct cpl_error *err)
{
    uint32_t capacity = shape->capacity ? shape->capacity * 2 : 4;
    struct json_shape *members = cpl_arena_alloc(shaper->arena, capacity * sizeof *members, err);
    if (!members)
        return false;
    if (shape->keys.n)
        memcpy(members, shape->members, shape->keys.n * sizeof *members);
    shape->members = members;
    shape->capacity = capacity;
    return true;
}

struct json_shape *json_shape_member(struct json_shaper *shaper, struct json_shape *shape,
                                     const void *name, size_t length, struct cpl_error *err)
{
    int32_t found = json_keys_find(&shape->keys, name, length);
    if (found >= 0)
        return &shape->members[found];
    if (shape->keys.n == shape->capacity && !grow_members(shaper, shape, err))
        return NULL;
    if (!json_keys_add(&shape->keys, shaper->arena, name, length, err))
        return NULL;
    struct json_shape *member = &shape->members[shape->keys.n - 1];
    *member = (struct json_shape){.seen = may_grow(shaper) ? 0 : JSON_SEEN_ANY};
    return member;
}

/* From now on a map: all members join into one. */
static bool to_map(struct json_shaper *shaper, struct json_shape *shape, struct cpl_error *err)
{
    if (shape->map)
        return true;
    shape->map = true;
    if (!need_element(shaper, shape, err))
        return false;
    for (uint32_t i = 0; i < shape->keys.n; i++)
        if (!json_shape_join(shaper, shape->element, &shape->members[i], err))
            return false;
    shape->keys = (struct json_keys){0};
    shape->capacity = 0;
    return true;
}

/* May the object have a member of this name? If it is one more, its bytes are counted. */
static bool may_have(struct json_shaper *shaper, const struct json_shape *shape, const void *name,
                     size_t length)
{
    if (shape->map || json_keys_find(&shape->keys, name, length) >= 0)
        return true;
    if (shaper->name_bytes + length > JSON_NAMES_MAX)
        return false;
    shaper->name_bytes += length;
    return true;
}

/* The shape that values under this key join; NULL when memory ran out. */
static struct json_shape *value_shape(struct json_shaper *shaper, struct json_shape *shape,
                                      const void *name, size_t length, struct cpl_error *err)
{
    if (shape->keys.n >= JSON_MEMBERS_MAX && json_keys_find(&shape->keys, name, length) < 0 &&
        !to_map(shaper, shape, err))
        return NULL;
    if (shape->map)
        return need_element(shaper, shape, err) ? shape->element : NULL;
    return json_shape_member(shaper, shape, name, length, err);
}

/* ---- observing ---- */

static struct cpl_text_facts string_facts(const struct json_rules *rules, const uint8_t *text,
                                          size_t length)
{
    const struct cpl_text_facts string = {.class = CPL_CLASS_STRING};
    if (!rules->infer_strings || !length || length > CPL_TEXT_MAX)
        return string;
    struct cpl_text_facts facts = cpl_text_classify(text, length, &plain_style);
    switch (facts.class) {
    case CPL_CLASS_DATE:
    case CPL_CLASS_TIMESTAMP:
    case CPL_CLASS_TIMESTAMP_UTC:
    case CPL_CLASS_UUID:
        return facts;
    default:
        return string;
    }
}

static const uint8_t *observe_string(struct json_shaper *shaper, struct json_shape *shape,
                                     struct json_lex *lex, const uint8_t *p)
{
    bool plain;
    const uint8_t *end = json_string(lex, p + 1, &plain);
    struct cpl_text_facts facts = {.class = CPL_CLASS_STRING};
    if (plain)
        facts = string_facts(shaper->rules, p + 1, (size_t)(end - p - 1));
    shape->seen |= JSON_SEEN_STRING;
    shape->string = cpl_text_join(shape->string, facts);
    shape->typed_strings |= facts.class != CPL_CLASS_STRING;
    return end + 1;
}

static const uint8_t *observe_number(struct json_shape *shape, struct json_lex *lex,
                                     const uint8_t *p)
{
    bool integer;
    const uint8_t *end = json_number(lex, p, &integer);
    shape->seen |= JSON_SEEN_NUMBER;
    shape->number = cpl_text_join(shape->number,
                                  cpl_text_classify(p, (size_t)(end - p), &plain_style));
    return end;
}

static const uint8_t *observe_array(struct json_shaper *shaper, struct json_shape *shape,
                                    struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                    struct cpl_error *err)
{
    bool done, first = true;
    shape->seen |= JSON_SEEN_ARRAY;
    if (!need_element(shaper, shape, err))
        return NULL;
    for (p++; (p = json_next(lex, p, ']', first, &done)) && !done; first = false) {
        p = json_shape_observe(shaper, shape->element, lex, p, depth + 1, err);
        if (!p)
            return NULL;
    }
    return p;
}

static bool passes_over(const struct json_top *top, const uint8_t *key, size_t length)
{
    int32_t found = top ? json_keys_find(top->keys, key, length) : JSON_NO_KEY;
    return top && (found < 0 ? top->closed : top->declared[found]);
}

/* The value of member `key`, p at its start. */
static const uint8_t *observe_named(struct json_shaper *shaper, struct json_shape *shape,
                                    struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                    const uint8_t *key, size_t length, struct cpl_error *err)
{
    if (memchr(key, 0,
               length)) { /* no column can be called so: the object stays text, a row is rejected */
        shape->seen |= depth ? JSON_SEEN_ANY : 0;
        return json_skip(lex, p, depth);
    }
    if (!depth && passes_over(shaper->top, key, length))
        return json_skip(lex, p, depth);
    if (!may_have(shaper, shape, key, length)) {
        shape->seen |= depth || !shaper->sample ? JSON_SEEN_ANY : 0;
        return json_skip(lex, p, depth);
    }
    shape->occurrences++;
    struct json_shape *value = value_shape(shaper, shape, key, length, err);
    return value ? json_shape_observe(shaper, value, lex, p, depth + 1, err) : NULL;
}

/* A member: p behind the opening quote of its key. */
static const uint8_t *observe_member(struct json_shaper *shaper, struct json_shape *shape,
                                     struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                     struct cpl_error *err)
{
    bool plain;
    const uint8_t *key = p, *end = json_string(lex, p, &plain);
    p = json_colon(lex, end + 1);
    if (plain)
        return observe_named(shaper, shape, lex, p, depth, key, (size_t)(end - key), err);
    uint8_t *unescaped = cpl_alloc((size_t)(end - key), err);
    if (!unescaped)
        return NULL;
    size_t length = json_unescape(key, end, unescaped);
    p = observe_named(shaper, shape, lex, p, depth, unescaped, length, err);
    cpl_free(unescaped);
    return p;
}

static const uint8_t *observe_object(struct json_shaper *shaper, struct json_shape *shape,
                                     struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                     struct cpl_error *err)
{
    bool done, first = true;
    shape->seen |= JSON_SEEN_OBJECT;
    shape->objects++;
    for (p++; (p = json_next(lex, p, '}', first, &done)) && !done; first = false) {
        p = observe_member(shaper, shape, lex, p, depth, err);
        if (!p)
            return NULL;
    }
    return p;
}

const uint8_t *json_shape_observe(struct json_shaper *shaper, struct json_shape *shape,
                                  struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                  struct cpl_error *err)
{
    if (depth >= JSON_SHAPE_DEPTH)
        shape->seen |= JSON_SEEN_ANY;
    if (shape->seen & JSON_SEEN_ANY)
        return json_skip(lex, p, depth);
    switch (*p) {
    case '{':
        return observe_object(shaper, shape, lex, p, depth, err);
    case '[':
        return observe_array(shaper, shape, lex, p, depth, err);
    case '"':
        return observe_string(shaper, shape, lex, p);
    case 't':
    case 'f':
        shape->seen |= JSON_SEEN_BOOL;
        return json_skip(lex, p, depth);
    case 'n':
        shape->seen |= JSON_SEEN_NULL;
        return json_skip(lex, p, depth);
    default:
        return observe_number(shape, lex, p);
    }
}

/* ---- joining ---- */

static bool join_members(struct json_shaper *shaper, struct json_shape *into,
                         const struct json_shape *from, struct cpl_error *err)
{
    if (from->map && !to_map(shaper, into, err))
        return false;
    for (uint32_t i = 0; i < from->keys.n; i++) {
        const struct json_key *key = &from->keys.items[i];
        if (!may_have(shaper, into, key->text, key->length)) {
            into->seen |= JSON_SEEN_ANY;
            return true;
        }
        struct json_shape *value = value_shape(shaper, into, key->text, key->length, err);
        if (!value || !json_shape_join(shaper, value, &from->members[i], err))
            return false;
    }
    return true;
}

bool json_shape_join(struct json_shaper *shaper, struct json_shape *into,
                     const struct json_shape *from, struct cpl_error *err)
{
    into->seen |= from->seen;
    into->number = cpl_text_join(into->number, from->number);
    into->string = cpl_text_join(into->string, from->string);
    into->objects += from->objects;
    into->occurrences += from->occurrences;
    if (!join_members(shaper, into, from, err))
        return false;
    if (!from->element)
        return true;
    return need_element(shaper, into, err) &&
           json_shape_join(shaper, into->element, from->element, err);
}

/* ---- to a type ---- */

static bool is_listed(const struct json_rules *rules, const char *path)
{
    for (size_t i = 0; path && i < rules->n_maps; i++)
        if (!strcmp(rules->maps[i], path))
            return true;
    return false;
}

static bool keys_without_bound(const struct json_rules *rules, const struct json_shape *shape)
{
    return shape->keys.n > rules->map_keys &&
           shape->occurrences / shape->keys.n * 10 < shape->objects;
}

bool json_shape_is_struct(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                          bool *is_struct, struct cpl_error *err)
{
    *is_struct = false;
    if ((shape->seen & ~JSON_SEEN_NULL) != JSON_SEEN_OBJECT)
        return true;
    bool as_map = is_listed(shaper->rules, path) || keys_without_bound(shaper->rules, shape);
    if (as_map && !to_map(shaper, shape, err))
        return false;
    *is_struct = !shape->map && shape->keys.n > 0;
    return true;
}

static struct cpl_field *new_fields(struct json_shaper *shaper, struct cpl_type *type, uint32_t n,
                                    struct cpl_error *err)
{
    struct cpl_field *fields = cpl_arena_alloc(shaper->arena, n * sizeof *fields, err);
    if (fields)
        memset(fields, 0, n * sizeof *fields);
    type->children = fields;
    type->n_children = n;
    return fields;
}

/* Is some listed path so long? Else nothing below is listed, and long names need no copies. */
static bool lists_longer(const struct json_rules *rules, size_t length)
{
    for (size_t i = 0; i < rules->n_maps; i++)
        if (strlen(rules->maps[i]) >= length)
            return true;
    return false;
}

static bool child_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                       const char *name, struct cpl_field *field, struct cpl_error *err)
{
    *field = (struct cpl_field){.name = name, .nullable = true, .field_id = -1};
    size_t length = path ? strlen(path) + 1 + strlen(name) : 0;
    if (!path || !lists_longer(shaper->rules, length))
        return json_shape_type(shaper, shape, NULL, &field->type, err);
    char *below = cpl_arena_alloc(shaper->arena, length + 1, err);
    if (!below)
        return false;
    snprintf(below, length + 1, "%s.%s", path, name);
    return json_shape_type(shaper, shape, below, &field->type, err);
}

static bool struct_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                        struct cpl_type *type, struct cpl_error *err)
{
    type->kind = CPL_STRUCT;
    struct cpl_field *fields = new_fields(shaper, type, shape->keys.n, err);
    for (uint32_t i = 0; fields && i < shape->keys.n; i++)
        if (!child_type(shaper, &shape->members[i], path, shape->keys.items[i].text, &fields[i],
                        err))
            return false;
    return fields != NULL;
}

static bool map_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                     struct cpl_type *type, struct cpl_error *err)
{
    type->kind = CPL_MAP;
    struct cpl_field *fields = new_fields(shaper, type, 2, err);
    if (!fields || !need_element(shaper, shape, err))
        return false;
    fields[0] = (struct cpl_field){.name = "key", .type = {.kind = CPL_STRING}, .field_id = -1};
    return child_type(shaper, shape->element, path, "value", &fields[1], err);
}

static bool list_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                      struct cpl_type *type, struct cpl_error *err)
{
    type->kind = CPL_LIST;
    struct cpl_field *fields = new_fields(shaper, type, 1, err);
    return fields && need_element(shaper, shape, err) &&
           child_type(shaper, shape->element, path, "element", &fields[0], err);
}

static bool object_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                        struct cpl_type *type, struct cpl_error *err)
{
    bool is_struct;
    if (!json_shape_is_struct(shaper, shape, path, &is_struct, err))
        return false;
    if (is_struct)
        return struct_type(shaper, shape, path, type, err);
    if (shape->map)
        return map_type(shaper, shape, path, type, err);
    type->kind = CPL_JSON; /* {} only */
    return true;
}

/* Numbers of which no type gives all digits back stay text: as json, not as string. */
static struct cpl_type number_type(const struct json_shape *shape, const struct json_rules *rules)
{
    struct cpl_type type = cpl_text_type(shape->number, rules->decimals);
    if (type.kind == CPL_STRING)
        type = (struct cpl_type){.kind = CPL_JSON};
    return type;
}

bool json_shape_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                     struct cpl_type *type, struct cpl_error *err)
{
    *type = (struct cpl_type){.kind = CPL_JSON};
    switch (shape->seen & ~JSON_SEEN_NULL) {
    case 0:
        type->kind = CPL_STRING;
        return true;
    case JSON_SEEN_BOOL:
        type->kind = CPL_BOOL;
        return true;
    case JSON_SEEN_NUMBER:
        *type = number_type(shape, shaper->rules);
        return true;
    case JSON_SEEN_STRING:
        *type = cpl_text_type(shape->string, shaper->rules->decimals);
        return true;
    case JSON_SEEN_OBJECT:
        return object_type(shaper, shape, path, type, err);
    case JSON_SEEN_ARRAY:
        return list_type(shaper, shape, path, type, err);
    default:
        return true;
    }
}

/* ---- from a type ---- */

static const uint8_t unit_digits[] = {
    [CPL_SECOND] = 0, [CPL_MILLI] = 3, [CPL_MICRO] = 6, [CPL_NANO] = 9};

static void string_of(struct json_shape *shape, struct cpl_text_facts facts)
{
    shape->seen |= JSON_SEEN_STRING;
    shape->string = facts;
}

static void number_of(struct json_shape *shape, struct cpl_text_facts facts)
{
    shape->seen |= JSON_SEEN_NUMBER;
    shape->number = facts;
}

static void scalar_of(const struct cpl_type *type, struct json_shape *shape)
{
    switch (type->kind) {
    case CPL_BOOL:
        shape->seen |= JSON_SEEN_BOOL;
        break;
    case CPL_DECIMAL:
        number_of(shape,
                  (struct cpl_text_facts){.class = type->scale ? CPL_CLASS_DECIMAL : CPL_CLASS_INT,
                                          .int_digits = (uint8_t)(type->precision - type->scale),
                                          .scale = (uint8_t)type->scale});
        break;
    case CPL_F32:
    case CPL_F64:
        number_of(shape, (struct cpl_text_facts){.class = CPL_CLASS_DOUBLE, .int_digits = 15});
        break;
    case CPL_DATE:
        string_of(shape, (struct cpl_text_facts){.class = CPL_CLASS_DATE});
        break;
    case CPL_TIMESTAMP:
        string_of(shape, (struct cpl_text_facts){.class = type->utc ? CPL_CLASS_TIMESTAMP_UTC
                                                                    : CPL_CLASS_TIMESTAMP,
                                                 .fraction = unit_digits[type->unit]});
        break;
    case CPL_UUID:
        string_of(shape, (struct cpl_text_facts){.class = CPL_CLASS_UUID});
        break;
    case CPL_JSON:
        shape->seen |= JSON_SEEN_ANY;
        break;
    case CPL_STRING:
    case CPL_BINARY:
    case CPL_TIME:
        string_of(shape, (struct cpl_text_facts){.class = CPL_CLASS_STRING});
        break;
    default: /* integers of any width */
        number_of(shape, (struct cpl_text_facts){.class = CPL_CLASS_INT, .int_digits = 18});
        break;
    }
}

static struct json_shape *known_member(struct json_shape *known, const char *name)
{
    int32_t at = known ? json_keys_find(&known->keys, name, strlen(name)) : JSON_NO_KEY;
    return at >= 0 ? &known->members[at] : NULL;
}

static bool struct_of(struct json_shaper *shaper, const struct cpl_type *type,
                      struct json_shape *known, struct json_shape *shape, struct cpl_error *err)
{
    shape->seen |= JSON_SEEN_OBJECT;
    shape->objects = known ? known->objects : 0;
    shape->occurrences = known ? known->occurrences : 0;
    for (uint32_t i = 0; i < type->n_children; i++) {
        const struct cpl_field *field = &type->children[i];
        struct json_shape *member = json_shape_member(shaper, shape, field->name,
                                                      strlen(field->name), err);
        if (!member || !json_shape_of_type(shaper, &field->type, known_member(known, field->name),
                                           member, err))
            return false;
    }
    return true;
}

static bool element_of(struct json_shaper *shaper, const struct cpl_type *type,
                       struct json_shape *known, struct json_shape *shape, struct cpl_error *err)
{
    shape->map = type->kind == CPL_MAP;
    shape->seen |= shape->map ? JSON_SEEN_OBJECT : JSON_SEEN_ARRAY;
    if (!need_element(shaper, shape, err))
        return false;
    const struct cpl_field *element = &type->children[type->n_children - 1];
    return json_shape_of_type(shaper, &element->type, known ? known->element : NULL, shape->element,
                              err);
}

bool json_shape_of_type(struct json_shaper *shaper, const struct cpl_type *type,
                        struct json_shape *known, struct json_shape *shape, struct cpl_error *err)
{
    if (type->kind == CPL_STRUCT)
        return struct_of(shaper, type, known, shape, err);
    if (type->kind == CPL_LIST || type->kind == CPL_MAP)
        return element_of(shaper, type, known, shape, err);
    struct cpl_type of_known;
    if (known && !json_shape_type(shaper, known, "", &of_known, err))
        return false;
    if (known && cpl_type_equal(&of_known, type))
        return json_shape_join(shaper, shape, known, err);
    scalar_of(type, shape);
    return true;
}

/* ---- as bytes ---- */

/* One node: this, then its members (each: length, name, node), then its element if has_element. */
struct saved_node {
    struct cpl_text_facts number, string;
    uint64_t objects, occurrences;
    uint32_t n_members;
    uint8_t seen, map, has_element, zero;
};

bool json_shape_save(const struct json_shape *shape, struct cpl_buffer *out, struct cpl_error *err)
{
    struct saved_node node;
    memset(&node, 0, sizeof node);
    node.number = shape->number;
    node.string = shape->string;
    node.objects = shape->objects;
    node.occurrences = shape->occurrences;
    node.n_members = shape->keys.n;
    node.seen = shape->seen;
    node.map = shape->map;
    node.has_element = shape->element != NULL;
    if (!cpl_buffer_append(out, &node, sizeof node, err))
        return false;
    for (uint32_t i = 0; i < shape->keys.n; i++) {
        const struct json_key *key = &shape->keys.items[i];
        if (!cpl_buffer_append(out, &key->length, sizeof key->length, err) ||
            !cpl_buffer_append(out, key->text, key->length, err) ||
            !json_shape_save(&shape->members[i], out, err))
            return false;
    }
    return !shape->element || json_shape_save(shape->element, out, err);
}

struct saved {
    const uint8_t *at, *end;
};

static const uint8_t *take(struct saved *saved, size_t size, struct cpl_error *err)
{
    const uint8_t *at = saved->at;
    if ((size_t)(saved->end - at) < size) {
        cpl_fail(err, CPL_E_CORRUPT, "what a split needed from the schema is cut off");
        return NULL;
    }
    saved->at += size;
    return at;
}

static bool load(struct json_shaper *shaper, struct saved *saved, uint32_t depth,
                 struct json_shape *shape, struct cpl_error *err);

static bool load_member(struct json_shaper *shaper, struct saved *saved, uint32_t depth,
                        struct json_shape *shape, struct cpl_error *err)
{
    uint32_t length;
    const uint8_t *at = take(saved, sizeof length, err);
    if (!at)
        return false;
    memcpy(&length, at, sizeof length);
    const uint8_t *name = take(saved, length, err);
    struct json_shape *member = name ? json_shape_member(shaper, shape, name, length, err) : NULL;
    return member && load(shaper, saved, depth + 1, member, err);
}

static bool load(struct json_shaper *shaper, struct saved *saved, uint32_t depth,
                 struct json_shape *shape, struct cpl_error *err)
{
    struct saved_node node;
    const uint8_t *at = take(saved, sizeof node, err);
    if (!at)
        return false;
    memcpy(&node, at, sizeof node);
    if (depth > JSON_SHAPE_DEPTH + 1 || node.n_members > JSON_MEMBERS_MAX ||
        node.number.class > CPL_CLASS_STRING || node.string.class > CPL_CLASS_STRING)
        return cpl_fail(err, CPL_E_CORRUPT, "what a split needed from the schema is damaged");
    shape->seen = node.seen;
    shape->map = node.map != 0;
    shape->number = node.number;
    shape->string = node.string;
    shape->objects = node.objects;
    shape->occurrences = node.occurrences;
    for (uint32_t i = 0; i < node.n_members; i++)
        if (!load_member(shaper, saved, depth, shape, err))
            return false;
    if (!node.has_element)
        return true;
    return need_element(shaper, shape, err) && load(shaper, saved, depth + 1, shape->element, err);
}

bool json_shape_load(struct json_shaper *shaper, const struct cpl_buffer *bytes,
                     struct json_shape *shape, struct cpl_error *err)
{
    struct saved saved = {.at = bytes->data, .end = bytes->data + bytes->size};
    return load(shaper, &saved, 0, shape, err);
}

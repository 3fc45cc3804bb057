#include "format/parquet_schema.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DEPTH = 300 };

int32_t cpl_parquet_decimal_length(int precision)
{
    static const uint8_t digits_of_bytes[] = {0,  2,  4,  6,  9,  11, 14, 16, 18,
                                              21, 23, 26, 28, 31, 33, 35, 38};
    int32_t bytes = 1;
    while (bytes < 16 && digits_of_bytes[bytes] < precision)
        bytes++;
    return bytes;
}

const char *cpl_parquet_leaf_path(const struct cpl_parquet_leaf *leaf, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < leaf->n_path && used < size; i++) {
        int n = snprintf(text + used, size - used, "%s%.*s", i ? "." : "", (int)leaf->path[i].size,
                         (const char *)leaf->path[i].data);
        used += n < 0 ? 0 : (size_t)n;
    }
    text[cpl_text_mend(text, strlen(text))] = 0;
    return text;
}

/* ---- from fields to elements ---- */

struct emitter {
    struct cpl_parquet_element *elements;
    uint32_t n;
    struct cpl_error *err;
};

static uint32_t count_elements(const struct cpl_field *field)
{
    bool repeated = field->type.kind == CPL_LIST || field->type.kind == CPL_MAP;
    uint32_t n = repeated ? 2 : 1;
    for (uint32_t i = 0; i < field->type.n_children; i++)
        n += count_elements(&field->type.children[i]);
    return n;
}

static struct cpl_parquet_element *emit(struct emitter *to, const char *name,
                                        enum cpl_parquet_repetition repetition)
{
    struct cpl_parquet_element *element = &to->elements[to->n++];
    *element = (struct cpl_parquet_element){
        .name = cpl_bytes_of(name), .has_repetition = true, .repetition = repetition};
    return element;
}

static void set_type(struct cpl_parquet_element *element, enum cpl_parquet_type type)
{
    element->has_type = true;
    element->type = type;
}

static void set_fixed(struct cpl_parquet_element *element, int32_t length)
{
    set_type(element, CPL_PARQUET_FIXED_LEN_BYTE_ARRAY);
    element->has_type_length = true;
    element->type_length = length;
}

static void set_converted(struct cpl_parquet_element *element, enum cpl_parquet_converted converted)
{
    element->has_converted = true;
    element->converted = converted;
}

static void set_children(struct cpl_parquet_element *element, uint32_t n)
{
    element->has_num_children = true;
    element->num_children = (int32_t)n;
}

static void set_integer(struct cpl_parquet_element *element, int bits, bool is_signed,
                        enum cpl_parquet_converted converted)
{
    set_type(element, bits == 64 ? CPL_PARQUET_INT64 : CPL_PARQUET_INT32);
    element->logical = (struct cpl_parquet_logical){
        .kind = CPL_PARQUET_LOGICAL_INTEGER, .bit_width = (int8_t)bits, .is_signed = is_signed};
    set_converted(element, converted);
}

static void set_decimal(struct cpl_parquet_element *element, const struct cpl_type *type)
{
    if (type->precision <= 9)
        set_type(element, CPL_PARQUET_INT32);
    else if (type->precision <= 18)
        set_type(element, CPL_PARQUET_INT64);
    else
        set_fixed(element, cpl_parquet_decimal_length(type->precision));
    set_converted(element, CPL_PARQUET_CONVERTED_DECIMAL);
    element->has_scale = element->has_precision = true;
    element->scale = type->scale;
    element->precision = type->precision;
    element->logical = (struct cpl_parquet_logical){
        .kind = CPL_PARQUET_LOGICAL_DECIMAL, .scale = type->scale, .precision = type->precision};
}

static int32_t unit_of(enum cpl_unit unit)
{
    return unit == CPL_NANO    ? CPL_PARQUET_NANOS
           : unit == CPL_MICRO ? CPL_PARQUET_MICROS
                               : CPL_PARQUET_MILLIS;
}

static void set_time(struct cpl_parquet_element *element, const struct cpl_type *type)
{
    int32_t unit = unit_of(type->unit);
    set_type(element, unit == CPL_PARQUET_MILLIS ? CPL_PARQUET_INT32 : CPL_PARQUET_INT64);
    element->logical = (struct cpl_parquet_logical){.kind = CPL_PARQUET_LOGICAL_TIME, .unit = unit};
}

/* The converted types mean instants, so local timestamps have none. */
static void set_timestamp(struct cpl_parquet_element *element, const struct cpl_type *type)
{
    int32_t unit = unit_of(type->unit);
    set_type(element, CPL_PARQUET_INT64);
    element->logical = (struct cpl_parquet_logical){
        .kind = CPL_PARQUET_LOGICAL_TIMESTAMP, .unit = unit, .utc = type->utc};
    if (type->utc && unit == CPL_PARQUET_MILLIS)
        set_converted(element, CPL_PARQUET_CONVERTED_TIMESTAMP_MILLIS);
    if (type->utc && unit == CPL_PARQUET_MICROS)
        set_converted(element, CPL_PARQUET_CONVERTED_TIMESTAMP_MICROS);
}

static void set_annotated(struct cpl_parquet_element *element, enum cpl_parquet_type type,
                          enum cpl_parquet_logical_kind logical,
                          enum cpl_parquet_converted converted)
{
    set_type(element, type);
    element->logical.kind = (int32_t)logical;
    set_converted(element, converted);
}

static void set_leaf(struct cpl_parquet_element *element, const struct cpl_type *type)
{
    switch (type->kind) {
    case CPL_BOOL:
        set_type(element, CPL_PARQUET_BOOLEAN);
        break;
    case CPL_I8:
        set_integer(element, 8, true, CPL_PARQUET_CONVERTED_INT_8);
        break;
    case CPL_I16:
        set_integer(element, 16, true, CPL_PARQUET_CONVERTED_INT_16);
        break;
    case CPL_I32:
        set_type(element, CPL_PARQUET_INT32);
        break;
    case CPL_I64:
        set_type(element, CPL_PARQUET_INT64);
        break;
    case CPL_U8:
        set_integer(element, 8, false, CPL_PARQUET_CONVERTED_UINT_8);
        break;
    case CPL_U16:
        set_integer(element, 16, false, CPL_PARQUET_CONVERTED_UINT_16);
        break;
    case CPL_U32:
        set_integer(element, 32, false, CPL_PARQUET_CONVERTED_UINT_32);
        break;
    case CPL_U64:
        set_integer(element, 64, false, CPL_PARQUET_CONVERTED_UINT_64);
        break;
    case CPL_F32:
        set_type(element, CPL_PARQUET_FLOAT);
        break;
    case CPL_F64:
        set_type(element, CPL_PARQUET_DOUBLE);
        break;
    case CPL_DECIMAL:
        set_decimal(element, type);
        break;
    case CPL_STRING:
        set_annotated(element, CPL_PARQUET_BYTE_ARRAY, CPL_PARQUET_LOGICAL_STRING,
                      CPL_PARQUET_CONVERTED_UTF8);
        break;
    case CPL_JSON:
        set_annotated(element, CPL_PARQUET_BYTE_ARRAY, CPL_PARQUET_LOGICAL_JSON,
                      CPL_PARQUET_CONVERTED_JSON);
        break;
    case CPL_UUID:
        set_fixed(element, 16);
        element->logical.kind = CPL_PARQUET_LOGICAL_UUID;
        break;
    case CPL_DATE:
        set_annotated(element, CPL_PARQUET_INT32, CPL_PARQUET_LOGICAL_DATE,
                      CPL_PARQUET_CONVERTED_DATE);
        break;
    case CPL_TIME:
        set_time(element, type);
        break;
    case CPL_TIMESTAMP:
        set_timestamp(element, type);
        break;
    default:
        set_type(element, CPL_PARQUET_BYTE_ARRAY);
        break;
    }
}

static bool emit_field(struct emitter *to, const struct cpl_field *field, const char *name,
                       bool required, int depth);

/* The group that holds one element of a list, or one entry of a map. */
static bool emit_repeated(struct emitter *to, const struct cpl_field *field,
                          struct cpl_parquet_element *element, int depth)
{
    bool map = field->type.kind == CPL_MAP;
    const struct cpl_field *children = field->type.children;
    element->logical.kind = map ? CPL_PARQUET_LOGICAL_MAP : CPL_PARQUET_LOGICAL_LIST;
    set_converted(element, map ? CPL_PARQUET_CONVERTED_MAP : CPL_PARQUET_CONVERTED_LIST);
    set_children(element, 1);
    set_children(emit(to, map ? "key_value" : "list", CPL_PARQUET_REPEATED), map ? 2 : 1);
    if (!map)
        return emit_field(to, &children[0], "element", !children[0].nullable, depth);
    return emit_field(to, &children[0], "key", true, depth) &&
           emit_field(to, &children[1], "value", !children[1].nullable, depth);
}

static bool emit_struct(struct emitter *to, const struct cpl_field *field,
                        struct cpl_parquet_element *element, int depth)
{
    const struct cpl_type *type = &field->type;
    if (type->n_children == 0)
        return cpl_fail(to->err, CPL_E_UNSUPPORTED,
                        "Parquet cannot hold the struct '%s', which has no members; leave the "
                        "column out, or store it as json",
                        field->name);
    set_children(element, type->n_children);
    for (uint32_t i = 0; i < type->n_children; i++) {
        const struct cpl_field *child = &type->children[i];
        if (!emit_field(to, child, child->name, !child->nullable, depth))
            return false;
    }
    return true;
}

static bool emit_field(struct emitter *to, const struct cpl_field *field, const char *name,
                       bool required, int depth)
{
    if (depth > MAX_DEPTH)
        return cpl_fail(to->err, CPL_E_LIMIT, "types are nested more than %d levels deep",
                        MAX_DEPTH);
    struct cpl_parquet_element *element = emit(
        to, name, required ? CPL_PARQUET_REQUIRED : CPL_PARQUET_OPTIONAL);
    element->has_field_id = field->field_id >= 0;
    element->field_id = field->field_id;
    if (field->type.kind == CPL_STRUCT)
        return emit_struct(to, field, element, depth + 1);
    if (cpl_kind_is_nested(field->type.kind))
        return emit_repeated(to, field, element, depth + 1);
    set_leaf(element, &field->type);
    return true;
}

static bool emit_schema(const struct cpl_schema *schema, struct cpl_arena *arena,
                        struct cpl_parquet_schema *out, struct cpl_error *err)
{
    uint32_t n = 1;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        n += count_elements(&schema->fields[i]);
    struct emitter to = {.err = err};
    to.elements = cpl_arena_alloc(arena, n * sizeof *to.elements, err);
    if (!to.elements)
        return false;
    struct cpl_parquet_element *root = emit(&to, "schema", CPL_PARQUET_REQUIRED);
    root->has_repetition = false;
    set_children(root, schema->n_fields);
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct cpl_field *field = &schema->fields[i];
        if (!emit_field(&to, field, field->name, !field->nullable, 1))
            return false;
    }
    out->elements = to.elements;
    out->n_elements = to.n;
    out->fields = schema->fields;
    out->n_fields = schema->n_fields;
    return true;
}

/* ---- leaves and their paths, from elements; common to both ways ---- */

struct walker {
    const struct cpl_parquet_element *elements;
    uint32_t n, next;
    struct cpl_arena *arena;
    struct cpl_parquet_leaf *leaves;
    uint32_t n_leaves;
    struct cpl_bytes path[MAX_DEPTH + 8];
    struct cpl_error *err;
};

static bool is_group(const struct cpl_parquet_element *element)
{
    return !element->has_type;
}

static bool add_leaf(struct walker *walk, const struct cpl_parquet_element *element, uint32_t depth)
{
    struct cpl_bytes *path = cpl_arena_alloc(walk->arena, depth * sizeof *path + 1, walk->err);
    if (!path)
        return false;
    memcpy(path, walk->path, depth * sizeof *path);
    walk->leaves[walk->n_leaves] = (struct cpl_parquet_leaf){
        .element = element,
        .path = path,
        .n_path = depth,
        .column = walk->n_leaves,
        .type = element->type,
        .type_length = element->has_type_length ? element->type_length : 0};
    walk->n_leaves++;
    return true;
}

static bool check_element(struct walker *walk, const struct cpl_parquet_element *element)
{
    const char *name = (const char *)element->name.data;
    if (memchr(name, 0, element->name.size))
        return cpl_fail(walk->err, CPL_E_DATA, "the Parquet schema has a name with a NUL byte: %s",
                        name);
    if (is_group(element) && (!element->has_num_children || element->num_children <= 0))
        return cpl_fail(walk->err, CPL_E_DATA,
                        "the Parquet schema's element '%s' has neither a type nor children", name);
    if (!is_group(element) && (uint32_t)element->type > CPL_PARQUET_FIXED_LEN_BYTE_ARRAY)
        return cpl_fail(walk->err, CPL_E_DATA,
                        "the Parquet schema's element '%s' has the unknown type %d", name,
                        (int)element->type);
    if (!element->has_repetition || (uint32_t)element->repetition > CPL_PARQUET_REPEATED)
        return cpl_fail(walk->err, CPL_E_DATA,
                        "the Parquet schema's element '%s' has no valid repetition type", name);
    if (element->has_type && element->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY &&
        (!element->has_type_length || element->type_length < 0))
        return cpl_fail(walk->err, CPL_E_DATA,
                        "the Parquet schema's element '%s' has no valid type length", name);
    return true;
}

static bool walk_element(struct walker *walk, uint32_t depth)
{
    if (walk->next == walk->n)
        return cpl_fail(walk->err, CPL_E_DATA,
                        "the Parquet schema announces more children than it has elements");
    if (depth >= MAX_DEPTH)
        return cpl_fail(walk->err, CPL_E_LIMIT,
                        "the Parquet schema is nested more than %d levels deep", MAX_DEPTH);
    const struct cpl_parquet_element *element = &walk->elements[walk->next++];
    if (!check_element(walk, element))
        return false;
    walk->path[depth] = element->name;
    if (!is_group(element))
        return add_leaf(walk, element, depth + 1);
    for (int32_t i = 0; i < element->num_children; i++)
        if (!walk_element(walk, depth + 1))
            return false;
    return true;
}

static bool find_leaves(struct cpl_parquet_schema *schema, struct cpl_arena *arena,
                        struct cpl_error *err)
{
    struct walker walk = {
        .elements = schema->elements, .n = schema->n_elements, .arena = arena, .err = err};
    walk.leaves = cpl_arena_alloc(arena, (walk.n + 1) * sizeof *walk.leaves, err);
    if (!walk.leaves)
        return false;
    const struct cpl_parquet_element *root = schema->elements;
    if (walk.n == 0 || !is_group(root) || (root->has_num_children && root->num_children < 0))
        return cpl_fail(err, CPL_E_DATA, "the Parquet schema has no root group");
    walk.next = 1;
    for (int32_t i = 0; root->has_num_children && i < root->num_children; i++)
        if (!walk_element(&walk, 0))
            return false;
    if (walk.next != walk.n)
        return cpl_fail(err, CPL_E_DATA, "the Parquet schema has elements that are nobody's child");
    schema->leaves = walk.leaves;
    schema->n_leaves = walk.n_leaves;
    return true;
}

/* ---- levels, from fields; common to both ways ---- */

struct leveller {
    struct cpl_arena *arena;
    struct cpl_parquet_leaf *leaves;
    uint32_t next_leaf;
    bool keys_required;
    struct cpl_error *err;
};

/* What a field's surroundings say of it. */
struct level {
    int def, rep;
    bool nullable_struct; /* the last step to `def` was a struct that may be null */
    bool is_map;
};

static struct cpl_parquet_node *level_fields(struct leveller *to, const struct cpl_field *fields,
                                             uint32_t n, struct level above);

static bool level_field(struct leveller *to, struct cpl_parquet_node *node,
                        const struct cpl_field *field, struct level above, bool required)
{
    const struct cpl_type *type = &field->type;
    int def = above.def + !required, rep = above.rep;
    *node = (struct cpl_parquet_node){
        .field = field, .def = (int16_t)def, .rep = (int16_t)rep, .leaf = to->next_leaf};
    if (!cpl_kind_is_nested(type->kind)) {
        struct cpl_parquet_leaf *leaf = &to->leaves[to->next_leaf++];
        leaf->field = field;
        leaf->max_def = (int16_t)def;
        leaf->max_rep = (int16_t)rep;
        leaf->in_nullable_struct = required && above.nullable_struct;
    } else {
        bool repeated = type->kind != CPL_STRUCT;
        def += repeated;
        node->rep = (int16_t)(rep + repeated);
        node->element_def = (int16_t)def;
        struct level level = {.def = def,
                              .rep = node->rep,
                              .nullable_struct = !repeated && (!required || above.nullable_struct),
                              .is_map = type->kind == CPL_MAP};
        node->children = level_fields(to, type->children, type->n_children, level);
        if (!node->children)
            return false;
    }
    node->n_leaves = to->next_leaf - node->leaf;
    return true;
}

static struct cpl_parquet_node *level_fields(struct leveller *to, const struct cpl_field *fields,
                                             uint32_t n, struct level above)
{
    struct cpl_parquet_node *nodes = cpl_arena_alloc(to->arena, n * sizeof *nodes + 1, to->err);
    for (uint32_t i = 0; nodes && i < n; i++) {
        bool required = !fields[i].nullable || (above.is_map && i == 0 && to->keys_required);
        if (!level_field(to, &nodes[i], &fields[i], above, required))
            return NULL;
    }
    return nodes;
}

static bool set_levels(struct cpl_parquet_schema *schema, bool keys_required,
                       struct cpl_arena *arena, struct cpl_error *err)
{
    struct leveller to = {
        .arena = arena, .leaves = schema->leaves, .keys_required = keys_required, .err = err};
    schema->nodes = level_fields(&to, schema->fields, schema->n_fields, (struct level){0});
    return schema->nodes != NULL;
}

bool cpl_parquet_schema_of(const struct cpl_schema *schema, struct cpl_arena *arena,
                           struct cpl_parquet_schema *out, struct cpl_error *err)
{
    *out = (struct cpl_parquet_schema){0};
    return emit_schema(schema, arena, out, err) && find_leaves(out, arena, err) &&
           set_levels(out, true, arena, err);
}

uint32_t cpl_parquet_leaf_steps(const struct cpl_parquet_schema *schema, uint32_t leaf,
                                uint32_t *steps)
{
    const struct cpl_parquet_node *nodes = schema->nodes;
    uint32_t n = schema->n_fields, n_steps = 0;
    while (n) {
        uint32_t i = 0;
        while (i + 1 < n && nodes[i + 1].leaf <= leaf)
            i++;
        steps[n_steps++] = i;
        n = nodes[i].field->type.n_children;
        nodes = nodes[i].children;
    }
    return n_steps;
}

/* ---- from elements to fields ---- */

struct builder {
    const struct cpl_parquet_element *next; /* find_leaves has proven that they are a tree */
    struct cpl_parquet_leaf *leaf;
    struct cpl_arena *arena;
    struct cpl_error *err;
};

/* The logical type that an element has, or that its converted type stands for. */
static struct cpl_parquet_logical logical_of(const struct cpl_parquet_element *element)
{
    static const int8_t kinds[] = {
        [CPL_PARQUET_CONVERTED_UTF8] = CPL_PARQUET_LOGICAL_STRING,
        [CPL_PARQUET_CONVERTED_MAP] = CPL_PARQUET_LOGICAL_MAP,
        [CPL_PARQUET_CONVERTED_MAP_KEY_VALUE] = CPL_PARQUET_LOGICAL_MAP,
        [CPL_PARQUET_CONVERTED_LIST] = CPL_PARQUET_LOGICAL_LIST,
        [CPL_PARQUET_CONVERTED_ENUM] = CPL_PARQUET_LOGICAL_ENUM,
        [CPL_PARQUET_CONVERTED_DECIMAL] = CPL_PARQUET_LOGICAL_DECIMAL,
        [CPL_PARQUET_CONVERTED_DATE] = CPL_PARQUET_LOGICAL_DATE,
        [CPL_PARQUET_CONVERTED_TIME_MILLIS] = CPL_PARQUET_LOGICAL_TIME,
        [CPL_PARQUET_CONVERTED_TIME_MICROS] = CPL_PARQUET_LOGICAL_TIME,
        [CPL_PARQUET_CONVERTED_TIMESTAMP_MILLIS] = CPL_PARQUET_LOGICAL_TIMESTAMP,
        [CPL_PARQUET_CONVERTED_TIMESTAMP_MICROS] = CPL_PARQUET_LOGICAL_TIMESTAMP,
        [CPL_PARQUET_CONVERTED_UINT_8] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_UINT_16] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_UINT_32] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_UINT_64] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_INT_8] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_INT_16] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_INT_32] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_INT_64] = CPL_PARQUET_LOGICAL_INTEGER,
        [CPL_PARQUET_CONVERTED_JSON] = CPL_PARQUET_LOGICAL_JSON,
        [CPL_PARQUET_CONVERTED_BSON] = CPL_PARQUET_LOGICAL_BSON,
    };
    uint32_t converted = (uint32_t)element->converted;
    if (element->logical.kind || !element->has_converted || converted >= sizeof kinds)
        return element->logical;
    bool is_signed = converted >= CPL_PARQUET_CONVERTED_INT_8;
    uint32_t first = is_signed ? CPL_PARQUET_CONVERTED_INT_8 : CPL_PARQUET_CONVERTED_UINT_8;
    bool millis = converted == CPL_PARQUET_CONVERTED_TIME_MILLIS ||
                  converted == CPL_PARQUET_CONVERTED_TIMESTAMP_MILLIS;
    struct cpl_parquet_logical logical = {.kind = kinds[converted],
                                          .scale = element->has_scale ? element->scale : 0,
                                          .precision = element->has_precision ? element->precision
                                                                              : 0,
                                          .unit = millis ? CPL_PARQUET_MILLIS : CPL_PARQUET_MICROS,
                                          .utc = true};
    if (logical.kind == CPL_PARQUET_LOGICAL_INTEGER) {
        logical.is_signed = is_signed;
        logical.bit_width = (int8_t)(8 << (converted - first));
    }
    return logical;
}

static enum cpl_unit unit_from(int32_t unit)
{
    return unit == CPL_PARQUET_MILLIS   ? CPL_MILLI
           : unit == CPL_PARQUET_MICROS ? CPL_MICRO
                                        : CPL_NANO;
}

static enum cpl_kind integer_kind(const struct cpl_parquet_logical *logical, int bits)
{
    enum cpl_kind plain = bits == 64 ? CPL_I64 : CPL_I32;
    if (logical->kind != CPL_PARQUET_LOGICAL_INTEGER || (logical->bit_width == 64) != (bits == 64))
        return plain;
    switch (logical->bit_width) {
    case 8:
        return logical->is_signed ? CPL_I8 : CPL_U8;
    case 16:
        return logical->is_signed ? CPL_I16 : CPL_U16;
    case 32:
        return logical->is_signed ? CPL_I32 : CPL_U32;
    case 64:
        return logical->is_signed ? CPL_I64 : CPL_U64;
    default:
        return plain;
    }
}

static void integer_type(const struct cpl_parquet_logical *logical, int bits, struct cpl_type *type)
{
    bool millis = logical->unit == CPL_PARQUET_MILLIS;
    type->kind = integer_kind(logical, bits);
    if (logical->kind == CPL_PARQUET_LOGICAL_DATE && bits == 32)
        type->kind = CPL_DATE;
    if (logical->kind == CPL_PARQUET_LOGICAL_TIME && millis == (bits == 32))
        type->kind = CPL_TIME;
    if (logical->kind == CPL_PARQUET_LOGICAL_TIMESTAMP && bits == 64) {
        type->kind = CPL_TIMESTAMP;
        type->utc = logical->utc;
    }
    if (type->kind == CPL_TIME || type->kind == CPL_TIMESTAMP)
        type->unit = unit_from(logical->unit);
}

static void bytes_type(const struct cpl_parquet_logical *logical, bool fixed, int32_t length,
                       struct cpl_type *type)
{
    type->kind = CPL_BINARY;
    if (fixed && logical->kind == CPL_PARQUET_LOGICAL_UUID && length == 16)
        type->kind = CPL_UUID;
    if (fixed && logical->kind == CPL_PARQUET_LOGICAL_FLOAT16 && length == 2)
        type->kind = CPL_F32;
    if (logical->kind == CPL_PARQUET_LOGICAL_STRING || logical->kind == CPL_PARQUET_LOGICAL_ENUM)
        type->kind = fixed ? CPL_BINARY : CPL_STRING;
    if (logical->kind == CPL_PARQUET_LOGICAL_JSON)
        type->kind = fixed ? CPL_BINARY : CPL_JSON;
}

static const char *decimal_type(const struct cpl_parquet_logical *logical, struct cpl_type *type)
{
    if (logical->precision < 1 || logical->scale < 0 || logical->scale > logical->precision)
        return "its decimal precision and scale are invalid";
    if (logical->precision > 38)
        return "decimals of more than 38 digits cannot be held";
    type->kind = CPL_DECIMAL;
    type->precision = (uint8_t)logical->precision;
    type->scale = (int8_t)logical->scale;
    return NULL;
}

/* NULL, or why the column cannot be read; the type then is that of the bytes. */
static const char *leaf_type(const struct cpl_parquet_element *element, struct cpl_type *type)
{
    struct cpl_parquet_logical logical = logical_of(element);
    bool fixed = element->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY;
    switch (element->type) {
    case CPL_PARQUET_BOOLEAN:
        type->kind = CPL_BOOL;
        return NULL;
    case CPL_PARQUET_FLOAT:
        type->kind = CPL_F32;
        return NULL;
    case CPL_PARQUET_DOUBLE:
        type->kind = CPL_F64;
        return NULL;
    case CPL_PARQUET_INT96:
        *type = (struct cpl_type){.kind = CPL_TIMESTAMP, .unit = CPL_NANO};
        return NULL;
    case CPL_PARQUET_INT32:
        integer_type(&logical, 32, type);
        break;
    case CPL_PARQUET_INT64:
        integer_type(&logical, 64, type);
        break;
    default:
        bytes_type(&logical, fixed, element->type_length, type);
    }
    return logical.kind == CPL_PARQUET_LOGICAL_DECIMAL ? decimal_type(&logical, type) : NULL;
}

static bool build_field(struct builder *in, struct cpl_field *field);

static bool build_children(struct builder *in, uint32_t n, struct cpl_type *type)
{
    type->children = cpl_arena_alloc(in->arena, n * sizeof *type->children + 1, in->err);
    if (!type->children)
        return false;
    type->n_children = n;
    for (uint32_t i = 0; i < n; i++)
        if (!build_field(in, &type->children[i]))
            return false;
    return true;
}

static bool name_is(const struct cpl_parquet_element *element, const char *name)
{
    return !strcmp((const char *)element->name.data, name);
}

/* The rules of LogicalTypes.md for lists of old writers: is the repeated element itself the list's
 * element? */
static bool is_two_level(const struct cpl_parquet_element *list,
                         const struct cpl_parquet_element *repeated)
{
    char tuple[256];
    if (!is_group(repeated) || repeated->num_children > 1)
        return true;
    if (repeated[1].repetition == CPL_PARQUET_REPEATED)
        return true;
    snprintf(tuple, sizeof tuple, "%s_tuple", (const char *)list->name.data);
    return name_is(repeated, "array") || name_is(repeated, tuple);
}

static bool build_element(struct builder *in, struct cpl_field *field, bool as_list_element);

/* What a repeated element stands for: a list that is never null, of elements that are never null.
 */
static bool build_bare_list(struct builder *in, struct cpl_field *field)
{
    struct cpl_field *element = cpl_arena_alloc(in->arena, sizeof *element, in->err);
    if (!element)
        return false;
    field->type = (struct cpl_type){.kind = CPL_LIST, .n_children = 1, .children = element};
    field->nullable = false;
    return build_element(in, element, true);
}

static bool build_list(struct builder *in, const struct cpl_parquet_element *list,
                       struct cpl_field *field)
{
    const struct cpl_parquet_element *repeated = in->next;
    field->type.kind = CPL_LIST;
    if (!is_two_level(list, repeated)) {
        in->next++;
        return build_children(in, 1, &field->type);
    }
    struct cpl_field *element = cpl_arena_alloc(in->arena, sizeof *element, in->err);
    if (!element)
        return false;
    field->type.n_children = 1;
    field->type.children = element;
    return build_element(in, element, true);
}

static bool build_map(struct builder *in, struct cpl_field *field)
{
    uint32_t n = (uint32_t)in->next->num_children;
    in->next++;
    field->type.kind = n == 2 ? CPL_MAP : CPL_LIST;
    return build_children(in, n, &field->type);
}

/* A list or map must hold exactly one repeated child; a map's is a group of a key and perhaps a
 * value. */
static int repeated_kind(const struct cpl_parquet_element *element)
{
    int kind = logical_of(element).kind;
    const struct cpl_parquet_element *child = element + 1;
    if (element->num_children != 1 || child->repetition != CPL_PARQUET_REPEATED)
        return 0;
    if (kind == CPL_PARQUET_LOGICAL_MAP && (!is_group(child) || child->num_children > 2 ||
                                            child[1].repetition == CPL_PARQUET_REPEATED))
        return 0;
    return kind == CPL_PARQUET_LOGICAL_MAP || kind == CPL_PARQUET_LOGICAL_LIST ? kind : 0;
}

static bool build_element(struct builder *in, struct cpl_field *field, bool as_list_element)
{
    const struct cpl_parquet_element *element = in->next;
    *field = (struct cpl_field){.name = (const char *)element->name.data,
                                .nullable = element->repetition == CPL_PARQUET_OPTIONAL,
                                .field_id = element->has_field_id ? element->field_id : -1};
    if (element->repetition == CPL_PARQUET_REPEATED && !as_list_element)
        return build_bare_list(in, field);
    in->next++;
    if (!is_group(element)) {
        in->leaf->unreadable = leaf_type(element, &field->type);
        in->leaf++;
        return true;
    }
    int kind = repeated_kind(element);
    if (kind == CPL_PARQUET_LOGICAL_LIST)
        return build_list(in, element, field);
    if (kind == CPL_PARQUET_LOGICAL_MAP)
        return build_map(in, field);
    field->type.kind = CPL_STRUCT;
    return build_children(in, (uint32_t)element->num_children, &field->type);
}

static bool build_field(struct builder *in, struct cpl_field *field)
{
    return build_element(in, field, false);
}

bool cpl_parquet_schema_parse(const struct cpl_parquet_element *elements, uint32_t n,
                              struct cpl_arena *arena, struct cpl_parquet_schema *out,
                              struct cpl_error *err)
{
    *out = (struct cpl_parquet_schema){.elements = elements, .n_elements = n};
    if (!find_leaves(out, arena, err))
        return false;
    struct cpl_type root = {.kind = CPL_STRUCT};
    struct builder in = {.next = elements + 1, .leaf = out->leaves, .arena = arena, .err = err};
    uint32_t n_fields = elements->has_num_children ? (uint32_t)elements->num_children : 0;
    if (!build_children(&in, n_fields, &root))
        return false;
    out->fields = root.children;
    out->n_fields = n_fields;
    return set_levels(out, false, arena, err);
}

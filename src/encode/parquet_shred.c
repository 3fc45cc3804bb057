/* Shredding: nested columns to leaf values with definition and repetition levels (the Dremel encoding).
 *
 * For each leaf, walk from the root field down: `entries` start as the rows, lists multiply them, nulls end them.
 * Flat columns and structs without nulls take no walk at all: their values are handed on as they lie. */
#include "encode/parquet.h"

#include <string.h>

struct path_step {
    const struct cpl_parquet_node *node;
    uint32_t child;
}; /* child: which of the node's children comes next */
struct leaf_path {
    const struct cpl_parquet_leaf *leaf;
    uint32_t top;
    struct path_step *steps;
    uint32_t n_steps;
};

struct entries {
    uint32_t *index;
    uint8_t *def, *rep;
    bool *alive;
    uint32_t n, capacity;
};

struct cpl_shredder {
    struct cpl_arena arena;
    struct leaf_path *paths;
    uint32_t n_leaves;
    struct entries entries[2];
    struct cpl_buffer values; /* converted values of the current leaf */
    uint32_t *index;          /* of valid values */
    uint32_t index_capacity;
};

/* ---- paths ---- */

static bool add_paths(struct cpl_shredder *s, const struct cpl_parquet_schema *schema, uint32_t top,
                      struct path_step *above, uint32_t depth, const struct cpl_parquet_node *node,
                      struct cpl_error *err)
{
    if (depth >= 64)
        return cpl_fail(err, CPL_E_LIMIT, "columns may be nested 64 levels deep");
    above[depth] = (struct path_step){.node = node};
    if (!node->field->type.n_children) {
        struct leaf_path *path = &s->paths[node->leaf];
        path->leaf = &schema->leaves[node->leaf];
        path->top = top;
        path->n_steps = depth + 1;
        path->steps = cpl_arena_alloc(&s->arena, path->n_steps * sizeof *path->steps, err);
        if (path->steps)
            memcpy(path->steps, above, path->n_steps * sizeof *path->steps);
        return path->steps != NULL;
    }
    for (uint32_t i = 0; i < node->field->type.n_children; i++) {
        above[depth].child = i;
        if (!add_paths(s, schema, top, above, depth + 1, &node->children[i], err))
            return false;
    }
    return true;
}

struct cpl_shredder *cpl_shredder_new(const struct cpl_parquet_schema *schema,
                                      struct cpl_error *err)
{
    struct cpl_shredder *s = cpl_alloc_zero(1, sizeof *s, err);
    struct path_step above[64];
    if (!s)
        return NULL;
    s->n_leaves = schema->n_leaves;
    s->paths = cpl_alloc_zero(schema->n_leaves, sizeof *s->paths, err);
    bool ok = s->paths != NULL;
    for (uint32_t f = 0; ok && f < schema->n_fields; f++)
        ok = add_paths(s, schema, f, above, 0, &schema->nodes[f], err);
    if (ok)
        return s;
    cpl_shredder_free(s);
    return NULL;
}

static void free_entries(struct entries *e)
{
    cpl_free(e->index);
    cpl_free(e->def);
    cpl_free(e->rep);
    cpl_free(e->alive);
}

uint64_t cpl_shredder_memory(const struct cpl_shredder *s)
{
    uint64_t entries = (uint64_t)s->entries[0].capacity + s->entries[1].capacity;
    return entries * (sizeof *s->index + 3) + s->values.capacity +
           s->index_capacity * sizeof *s->index;
}

void cpl_shredder_free(struct cpl_shredder *s)
{
    if (!s)
        return;
    cpl_arena_release(&s->arena);
    cpl_free(s->paths);
    free_entries(&s->entries[0]);
    free_entries(&s->entries[1]);
    cpl_buffer_release(&s->values);
    cpl_free(s->index);
    cpl_free(s);
}

/* ---- levels ---- */

static bool room(struct entries *e, uint64_t n, struct cpl_error *err)
{
    if (n <= e->capacity)
        return true;
    if (n > UINT32_MAX / 2)
        return cpl_fail(err, CPL_E_LIMIT, "a batch has too many list elements");
    uint32_t capacity = e->capacity ? e->capacity : 1024;
    while (capacity < n)
        capacity *= 2;
    uint32_t *index = cpl_realloc(e->index, capacity * sizeof *index, err);
    e->index = index ? index : e->index;
    uint8_t *def = index ? cpl_realloc(e->def, capacity, err) : NULL;
    e->def = def ? def : e->def;
    uint8_t *rep = def ? cpl_realloc(e->rep, capacity, err) : NULL;
    e->rep = rep ? rep : e->rep;
    bool *alive = rep ? cpl_realloc(e->alive, capacity * sizeof *alive, err) : NULL;
    e->alive = alive ? alive : e->alive;
    if (alive)
        e->capacity = capacity;
    return alive != NULL;
}

static void end_nulls(struct entries *e, const struct cpl_parquet_node *node,
                      const struct cpl_column *column)
{
    for (uint32_t i = 0; i < e->n; i++) {
        if (!e->alive[i])
            continue;
        if (cpl_is_valid(column, e->index[i]))
            e->def[i] = (uint8_t)node->def;
        else
            e->alive[i] = false;
    }
}

static bool multiply(const struct entries *from, struct entries *to,
                     const struct cpl_parquet_node *node, const struct cpl_column *column,
                     struct cpl_error *err)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        int32_t count = from->alive[i]
                            ? column->offsets[from->index[i] + 1] - column->offsets[from->index[i]]
                            : 0;
        total += count > 0 ? (uint64_t)count : 1;
    }
    if (!room(to, total, err))
        return false;
    to->n = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        int32_t first = from->alive[i] ? column->offsets[from->index[i]] : 0;
        int32_t count = from->alive[i] ? column->offsets[from->index[i] + 1] - first : 0;
        for (int32_t k = 0; k < (count > 0 ? count : 1); k++) {
            to->index[to->n] = (uint32_t)(first + k);
            to->alive[to->n] = count > 0;
            to->def[to->n] = count > 0 ? (uint8_t)node->element_def : from->def[i];
            to->rep[to->n] = k ? (uint8_t)node->rep : from->rep[i];
            to->n++;
        }
    }
    return true;
}

static bool walk(struct cpl_shredder *s, const struct leaf_path *path,
                 const struct cpl_column *column, const uint32_t *selection, uint32_t first,
                 uint32_t n, struct entries **result, const struct cpl_column **leaf,
                 struct cpl_error *err)
{
    struct entries *now = &s->entries[0], *next = &s->entries[1];
    if (!room(now, n, err))
        return false;
    now->n = n;
    for (uint32_t i = 0; i < n; i++) {
        now->index[i] = selection ? selection[i] : first + i;
        now->def[i] = now->rep[i] = 0;
        now->alive[i] = true;
    }
    for (uint32_t d = 0; d < path->n_steps; d++) {
        const struct path_step *step = &path->steps[d];
        end_nulls(now, step->node, column);
        enum cpl_kind kind = step->node->field->type.kind;
        if (kind == CPL_LIST || kind == CPL_MAP) {
            if (!multiply(now, next, step->node, column, err))
                return false;
            struct entries *swap = now;
            now = next;
            next = swap;
        }
        if (d + 1 < path->n_steps)
            column = &column->children[step->child];
    }
    *result = now;
    *leaf = column;
    return true;
}

/* ---- values ---- */

static bool index_room(struct cpl_shredder *s, uint32_t n, struct cpl_error *err)
{
    if (n <= s->index_capacity)
        return true;
    uint32_t *index = cpl_realloc(s->index, n * sizeof *index, err);
    if (!index)
        return false;
    s->index = index;
    s->index_capacity = n;
    return true;
}

/* Row i of the values: i itself, or as the index says. */
#define AT(i) (index ? index[i] : first + (i))
#define WIDEN(member)                                                                              \
    for (uint32_t i = 0; i < n; i++)                                                               \
        out[i] = (int64_t)column->member[AT(i)];                                                   \
    break

static void widen(const struct cpl_column *column, const uint32_t *index, uint32_t first,
                  uint32_t n, int64_t *out)
{
    const struct cpl_type *type = &column->field->type;
    switch (type->kind) {
    case CPL_I8:
        WIDEN(i8);
    case CPL_I16:
        WIDEN(i16);
    case CPL_U8:
        WIDEN(u8);
    case CPL_U16:
        WIDEN(u16);
    case CPL_U32:
    case CPL_F32:
        WIDEN(u32);
    case CPL_I32:
    case CPL_DATE:
        WIDEN(i32);
    default:
        WIDEN(i64);
    }
}

/* Seconds are stored as milliseconds: exact, but for the ends of time. */
static bool seconds_to_millis(int64_t *values, uint32_t n, const struct cpl_field *field,
                              struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++)
        if (__builtin_mul_overflow(values[i], 1000, &values[i]))
            return cpl_fail(err, CPL_E_TYPE,
                            "column %s: a time in seconds does not fit Parquet's milliseconds",
                            field->name);
    return true;
}

static bool numbers(struct cpl_shredder *s, const struct cpl_column *column, const uint32_t *index,
                    uint32_t first, uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    const struct cpl_type *type = &column->field->type;
    bool seconds = (type->kind == CPL_TIME || type->kind == CPL_TIMESTAMP) &&
                   type->unit == CPL_SECOND;
    if (!index && !seconds && cpl_type_width(type) == 8) {
        v->numbers = column->i64 + first;
        return true;
    }
    s->values.size = 0;
    if (!cpl_buffer_reserve(&s->values, (size_t)n * 8, err))
        return false;
    int64_t *out = (int64_t *)(void *)s->values.data;
    widen(column, index, first, n, out);
    v->numbers = out;
    return !seconds || seconds_to_millis(out, n, column->field, err);
}

/* Big endian two's complement of `width` bytes. */
static void put_decimal(__int128_t value, int32_t width, uint8_t *out)
{
    for (int32_t i = width; i-- > 0; value >>= 8)
        out[i] = (uint8_t)value;
}

static bool slices(struct cpl_shredder *s, const struct leaf_path *path,
                   const struct cpl_column *column, const uint32_t *index, uint32_t first,
                   uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    if (!index && cpl_kind_is_slice(column->field->type.kind)) {
        v->slices = column->slices + first;
        return true;
    }
    size_t width = (size_t)path->leaf->type_length;
    s->values.size = 0;
    if (!cpl_buffer_reserve(&s->values, n * (sizeof(struct cpl_slice) + width) + 16, err))
        return false;
    struct cpl_slice *out = (struct cpl_slice *)(void *)s->values.data;
    uint8_t *bytes = (uint8_t *)(out + n);
    v->slices = out;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = AT(i);
        if (column->field->type.kind == CPL_UUID) {
            out[i] = (struct cpl_slice){.data = column->uuid[at], .length = 16};
        } else if (column->field->type.kind == CPL_DECIMAL) {
            put_decimal(column->i128[at], path->leaf->type_length, bytes);
            out[i] = (struct cpl_slice){.data = bytes, .length = (uint32_t)width};
            bytes += width;
        } else {
            out[i] = column->slices[at];
        }
    }
    return true;
}

static bool bools(struct cpl_shredder *s, const struct cpl_column *column, const uint32_t *index,
                  uint32_t first, uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    if (!index) {
        v->bools = column->u8 + first;
        return true;
    }
    s->values.size = 0;
    if (!cpl_buffer_reserve(&s->values, n, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        s->values.data[i] = column->u8[index[i]];
    v->bools = s->values.data;
    return true;
}

static bool leaf_values(struct cpl_shredder *s, const struct leaf_path *path,
                        const struct cpl_column *column, const uint32_t *index, uint32_t first,
                        uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    v->n_values = n;
    switch (cpl_leaf_class(path->leaf)) {
    case CPL_LEAF_BOOL:
        return bools(s, column, index, first, n, v, err);
    case CPL_LEAF_BYTES:
    case CPL_LEAF_FIXED:
        return slices(s, path, column, index, first, n, v, err);
    default:
        return numbers(s, column, index, first, n, v, err);
    }
}

/* ---- a leaf ---- */

/* The leaf's column when nothing above it is null or a list; else NULL. */
static const struct cpl_column *plain_leaf(const struct leaf_path *path,
                                           const struct cpl_column *column)
{
    for (uint32_t d = 0; d + 1 < path->n_steps; d++) {
        if (path->steps[d].node->field->type.kind != CPL_STRUCT || column->null_count)
            return NULL;
        column = &column->children[path->steps[d].child];
    }
    return column;
}

static bool shred_plain(struct cpl_shredder *s, const struct leaf_path *path,
                        const struct cpl_column *column, const uint32_t *selection, uint32_t first,
                        uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    v->n_levels = n;
    if (!column->null_count)
        return leaf_values(s, path, column, selection, first, n, v, err);
    struct entries *e = &s->entries[0];
    if (!room(e, n, err) || !index_room(s, n, err))
        return false;
    uint32_t valid = 0;
    uint8_t max = (uint8_t)path->leaf->max_def;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = selection ? selection[i] : first + i;
        bool there = cpl_is_valid(column, row);
        s->index[valid] = row;
        valid += there;
        e->def[i] = (uint8_t)(max - !there);
    }
    v->def = e->def;
    return leaf_values(s, path, column, s->index, 0, valid, v, err);
}

static bool shred_nested(struct cpl_shredder *s, const struct leaf_path *path,
                         const struct cpl_column *column, const uint32_t *selection, uint32_t first,
                         uint32_t n, struct cpl_leaf_values *v, struct cpl_error *err)
{
    struct entries *e = NULL;
    const struct cpl_column *leaf = NULL;
    if (!walk(s, path, column, selection, first, n, &e, &leaf, err) || !index_room(s, e->n, err))
        return false;
    uint32_t valid = 0;
    for (uint32_t i = 0; i < e->n; i++)
        if (e->alive[i])
            s->index[valid++] = e->index[i];
    v->n_levels = e->n;
    v->def = e->def;
    v->rep = path->leaf->max_rep ? e->rep : NULL;
    return leaf_values(s, path, leaf, s->index, 0, valid, v, err);
}

bool cpl_shred(struct cpl_shredder *s, const struct cpl_batch *batch, const uint32_t *selection,
               uint32_t first, uint32_t n, cpl_leaf_function *give, void *context,
               struct cpl_error *err)
{
    for (uint32_t l = 0; l < s->n_leaves; l++) {
        const struct leaf_path *path = &s->paths[l];
        const struct cpl_column *top = &batch->columns[path->top], *plain = plain_leaf(path, top);
        if (path->steps[path->n_steps - 1].node->field->type.n_children)
            plain = NULL;
        struct cpl_leaf_values v = {0};
        bool ok = plain ? shred_plain(s, path, plain, selection, first, n, &v, err)
                        : shred_nested(s, path, top, selection, first, n, &v, err);
        if (!ok || !give(context, l, &v, err))
            return false;
    }
    return true;
}

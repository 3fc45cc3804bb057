#include "decode/parquet_assemble.h"
#include "base/plural.h"

#include <string.h>

/* The list that encloses a node: its entries with repetition ≤ rep and definition ≥ def are the
 * node's slots. */
struct scope {
    uint32_t rep, def;
};

struct assembly {
    struct cpl_leaf_reader *const *columns;
    struct cpl_arena *arena;
    struct cpl_error *err;
};

struct levels {
    const uint16_t *rep, *def; /* NULL: all 0; all at the maximum */
    uint32_t n;
};

static struct levels levels_of(const struct cpl_leaf_reader *column)
{
    return (struct levels){
        .rep = column->leaf->max_rep ? (const uint16_t *)(void *)column->repetition.data : NULL,
        .def = column->leaf->max_def ? (const uint16_t *)(void *)column->definition.data : NULL,
        .n = column->n_entries};
}

static bool is_slot(const struct levels *levels, uint32_t i, struct scope scope)
{
    return (!levels->rep || levels->rep[i] <= scope.rep) &&
           (!levels->def || levels->def[i] >= scope.def);
}

static uint32_t count_slots(const struct levels *levels, struct scope scope)
{
    uint32_t n = 0;
    if (!levels->def)
        return levels->n;
    for (uint32_t i = 0; i < levels->n; i++)
        n += is_slot(levels, i, scope);
    return n;
}

/* length and validity: the slots whose definition level reaches the node's. */
static bool set_validity(struct assembly *to, const struct cpl_parquet_node *node,
                         const struct levels *levels, struct scope scope, struct cpl_column *out)
{
    uint32_t slot = 0;
    if (!levels->def || (uint32_t)node->def <= scope.def)
        return true;
    out->validity = cpl_arena_alloc(to->arena, ((size_t)out->length + 7) / 8 + 1, to->err);
    if (!out->validity)
        return false;
    memset(out->validity, 0, ((size_t)out->length + 7) / 8 + 1);
    for (uint32_t i = 0; i < levels->n; i++) {
        if (!is_slot(levels, i, scope))
            continue;
        if (levels->def[i] >= (uint32_t)node->def)
            cpl_bit_set(out->validity, slot);
        else
            out->null_count++;
        slot++;
    }
    if (out->null_count == 0)
        out->validity = NULL;
    return true;
}

/* Dense values at the front are moved to their slots, from the last one on; nulls become zero. */
static void spread(struct cpl_column *out, size_t width, uint32_t n_values)
{
    uint8_t *values = out->values;
    for (uint32_t i = out->length; i-- > 0;) {
        uint8_t *slot = values + width * i;
        if (cpl_is_valid(out, i)) {
            if (--n_values != i)
                memcpy(slot, values + width * n_values, width);
        } else {
            memset(slot, 0, width);
        }
    }
}

/* Room for a column's values, aligned for vector code and 128-bit decimals. */
static void *alloc_values(struct assembly *to, size_t size)
{
    uint8_t *block = cpl_arena_alloc(to->arena, size + 64, to->err);
    return block ? (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63) : NULL;
}

static bool assemble_leaf(struct assembly *to, const struct cpl_leaf_reader *column,
                          struct cpl_column *out)
{
    size_t width = cpl_type_width(&out->field->type);
    if (column->n_values != out->length - out->null_count)
        return cpl_fail(to->err, CPL_E_DATA, "malformed column: its levels contradict each other");
    out->values = alloc_values(to, width * out->length);
    if (!out->values || !cpl_parquet_convert(column->leaf, column->values.data, column->n_values,
                                             out->values, to->err))
        return false;
    if (out->null_count)
        spread(out, width, column->n_values);
    return true;
}

static bool set_offsets(struct assembly *to, const struct cpl_parquet_node *node,
                        const struct levels *levels, struct scope scope, struct cpl_column *out)
{
    struct scope inner = {.rep = (uint32_t)node->rep, .def = (uint32_t)node->element_def};
    uint32_t slot = 0, n = 0;
    out->offsets = cpl_arena_alloc(to->arena, ((size_t)out->length + 1) * sizeof *out->offsets,
                                   to->err);
    if (!out->offsets)
        return false;
    for (uint32_t i = 0; i < levels->n; i++) {
        if (is_slot(levels, i, scope))
            out->offsets[slot++] = (int32_t)n;
        n += is_slot(levels, i, inner);
    }
    out->offsets[slot] = (int32_t)n;
    return true;
}

static bool assemble_node(struct assembly *to, const struct cpl_parquet_node *node,
                          struct scope scope, uint32_t expected, struct cpl_column *out);

static bool assemble_children(struct assembly *to, const struct cpl_parquet_node *node,
                              struct scope scope, uint32_t expected, struct cpl_column *out)
{
    out->n_children = node->field->type.n_children;
    out->children = cpl_arena_alloc(to->arena, out->n_children * sizeof *out->children, to->err);
    if (!out->children)
        return false;
    for (uint32_t i = 0; i < out->n_children; i++)
        if (!assemble_node(to, &node->children[i], scope, expected, &out->children[i]))
            return false;
    return true;
}

static bool assemble_node(struct assembly *to, const struct cpl_parquet_node *node,
                          struct scope scope, uint32_t expected, struct cpl_column *out)
{
    const struct cpl_leaf_reader *lead = to->columns[node->leaf];
    struct levels levels = levels_of(lead);
    *out = (struct cpl_column){.field = node->field, .length = count_slots(&levels, scope)};
    if (out->length != expected)
        return cpl_fail(to->err, CPL_E_DATA, "malformed columns: '%s' has %s where %u %s expected",
                        node->field->name, CPL_COUNTED(out->length, "value"), expected,
                        cpl_were(expected));
    if (!set_validity(to, node, &levels, scope, out))
        return false;
    if (!cpl_kind_is_nested(node->field->type.kind))
        return assemble_leaf(to, lead, out);
    if (node->field->type.kind == CPL_STRUCT)
        return assemble_children(to, node, scope, expected, out);
    if (!set_offsets(to, node, &levels, scope, out))
        return false;
    struct scope inner = {.rep = (uint32_t)node->rep, .def = (uint32_t)node->element_def};
    return assemble_children(to, node, inner, (uint32_t)out->offsets[out->length], out);
}

bool cpl_parquet_assemble(const struct cpl_parquet_node *node,
                          struct cpl_leaf_reader *const *columns, uint32_t rows,
                          struct cpl_arena *arena, struct cpl_column *out, struct cpl_error *err)
{
    struct assembly to = {.columns = columns, .arena = arena, .err = err};
    return assemble_node(&to, node, (struct scope){0}, rows, out);
}

#include "decode/json_node.h"
#include "base/text.h"
#include "decode/json_flatten.h"
#include <stdio.h>
#include <string.h>

static const struct {
    uint8_t op, width;
    int64_t min;
    uint64_t max;
} ops[CPL_KIND_COUNT] = {
    [CPL_BOOL] = {.op = JSON_OP_BOOL},
    [CPL_I8] = {.op = JSON_OP_INT, .width = 1, .min = INT8_MIN, .max = INT8_MAX},
    [CPL_I16] = {.op = JSON_OP_INT, .width = 2, .min = INT16_MIN, .max = INT16_MAX},
    [CPL_I32] = {.op = JSON_OP_INT, .width = 4, .min = INT32_MIN, .max = INT32_MAX},
    [CPL_I64] = {.op = JSON_OP_INT, .width = 8, .min = INT64_MIN, .max = INT64_MAX},
    [CPL_U8] = {.op = JSON_OP_UINT, .width = 1, .max = UINT8_MAX},
    [CPL_U16] = {.op = JSON_OP_UINT, .width = 2, .max = UINT16_MAX},
    [CPL_U32] = {.op = JSON_OP_UINT, .width = 4, .max = UINT32_MAX},
    [CPL_U64] = {.op = JSON_OP_UINT, .width = 8, .max = UINT64_MAX},
    [CPL_F32] = {.op = JSON_OP_FLOAT},
    [CPL_F64] = {.op = JSON_OP_DOUBLE},
    [CPL_DECIMAL] = {.op = JSON_OP_DECIMAL64},
    [CPL_STRING] = {.op = JSON_OP_STRING},
    [CPL_BINARY] = {.op = JSON_OP_BINARY},
    [CPL_JSON] = {.op = JSON_OP_DOCUMENT},
    [CPL_UUID] = {.op = JSON_OP_UUID},
    [CPL_DATE] = {.op = JSON_OP_DATE},
    [CPL_TIME] = {.op = JSON_OP_TIME},
    [CPL_TIMESTAMP] = {.op = JSON_OP_TIMESTAMP},
    [CPL_STRUCT] = {.op = JSON_OP_OBJECT},
    [CPL_LIST] = {.op = JSON_OP_LIST},
    [CPL_MAP] = {.op = JSON_OP_MAP},
};

static void settle(struct json_node *node, const struct cpl_type *type)
{
    node->op = ops[type->kind].op;
    node->width = ops[type->kind].width;
    node->min = ops[type->kind].min;
    node->max = ops[type->kind].max;
    node->precision = type->precision;
    node->scale = (uint8_t)type->scale;
    if (type->kind == CPL_DECIMAL && type->precision > 18)
        node->op = JSON_OP_DECIMAL128;
}

static bool grow_children(struct json_node *node, struct cpl_arena *arena, struct cpl_error *err)
{
    uint32_t capacity = node->capacity ? node->capacity * 2 : 8;
    struct json_node *children = cpl_arena_alloc(arena, capacity * sizeof *children, err);
    if (!children)
        return false;
    if (node->n_children)
        memcpy(children, node->children, node->n_children * sizeof *children);
    node->children = children;
    node->capacity = capacity;
    return true;
}

/* A new member called `name`; NULL when memory ran out. */
static struct json_node *add_child(struct json_node *node, const void *name, size_t length,
                                   struct cpl_arena *arena, struct cpl_error *err)
{
    if (node->n_children == node->capacity && !grow_children(node, arena, err))
        return NULL;
    if (!json_keys_add(&node->keys, arena, name, length, err))
        return NULL;
    struct json_node *child = &node->children[node->n_children++];
    memset(child, 0, sizeof *child);
    child->lead_length = JSON_NO_LEAD;
    child->name = node->keys.items[node->keys.n - 1].text;
    child->parent = node;
    child->depth = node->depth + 1;
    return child;
}

static bool fill(struct json_node *node, const struct cpl_field *field, struct cpl_builder *builder,
                 const struct json_node *like, struct cpl_arena *arena, struct cpl_error *err)
{
    settle(node, &field->type);
    node->nullable = field->nullable;
    node->inferred = like->inferred;
    node->builder = builder;
    node->field = field;
    node->column = like->column;
    node->format = like->format;
    node->check = like->check;
    for (uint32_t i = 0; i < field->type.n_children; i++) {
        const struct cpl_field *inner = &field->type.children[i];
        struct json_node *child = add_child(node, inner->name, strlen(inner->name), arena, err);
        if (!child || !fill(child, inner, &builder->children[i], like, arena, err))
            return false;
    }
    return true;
}

/* The member that stands at the place of a top-level field: itself, or for flattened ones below. */
static struct json_node *place(struct json_node *root, const char *name, const char *separator,
                               struct cpl_arena *arena, struct cpl_error *err)
{
    struct json_node *node = root;
    char *part = cpl_arena_alloc(arena, strlen(name) + 1, err);
    for (bool last = false; part && node && !last;) {
        size_t length = json_flatten_part(&name, separator, part, &last);
        int32_t found = json_keys_find(&node->keys, part, length);
        bool inner = found >= 0 && !last && !node->children[found].column;
        if (found >= 0 && !inner) {
            cpl_fail(err, CPL_E_CONFIG,
                     "two columns stand for the same JSON field %s: rename or drop one", part);
            return NULL;
        }
        node = inner ? &node->children[found] : add_child(node, part, length, arena, err);
        if (node && !last) {
            node->op = JSON_OP_OBJECT;
            node->nullable = true;
            node->inferred = true;
        }
    }
    return part ? node : NULL;
}

static bool add_column(const struct json_tree_plan *plan, uint32_t i, struct json_node *root,
                       struct cpl_arena *arena, struct cpl_error *err)
{
    const struct cpl_field *field = &plan->schema->fields[i];
    struct json_node *node = place(root, json_place_of(field), plan->separator, arena, err);
    if (!node)
        return false;
    struct json_node like = {
        .column = field,
        .format = plan->columns ? plan->columns[i].format : NULL,
        .check = plan->columns && field->type.kind == CPL_STRING ? plan->columns[i].check : NULL,
        .inferred = plan->columns && plan->columns[i].inferred};
    if (!fill(node, field, &plan->builders[i], &like, arena, err))
        return false;
    if (plan->columns && plan->columns[i].skip) {
        node->op = JSON_OP_SKIP;
        node->builder = NULL;
        node->n_children = 0;
    }
    return true;
}

/* Growing the tree moved nodes: set every way back once it stands. */
static void set_parents(struct json_node *node)
{
    for (uint32_t i = 0; i < node->n_children; i++) {
        node->children[i].parent = node;
        set_parents(&node->children[i]);
    }
}

struct json_node *json_node_tree(const struct json_tree_plan *plan, struct cpl_arena *arena,
                                 struct cpl_error *err)
{
    struct json_node *root = cpl_arena_alloc(arena, sizeof *root, err);
    if (!root)
        return NULL;
    memset(root, 0, sizeof *root);
    root->op = JSON_OP_OBJECT;
    root->inferred = true;
    root->name = "";
    root->lead_length = JSON_NO_LEAD;
    for (uint32_t i = 0; i < plan->schema->n_fields; i++)
        if ((int)i != plan->document && !add_column(plan, i, root, arena, err))
            return NULL;
    set_parents(root);
    if (plan->row_is_value && root->n_children)
        root = &root->children[0];
    return root;
}

void json_node_path(const struct json_node *node, char *out, size_t size)
{
    const char *names[64];
    size_t n = 0, used = 0;
    for (; node && node->parent && n < 64; node = node->parent)
        names[n++] = node->name;
    out[0] = 0;
    while (n > 0 && used < size - 1) {
        int wrote = snprintf(out + used, size - used, "%s%s", used ? "." : "", names[--n]);
        used += wrote < 0 ? 0 : (size_t)wrote;
    }
    out[cpl_text_mend(out, strlen(out))] = 0;
}

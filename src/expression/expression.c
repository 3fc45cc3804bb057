/* From text to a plan: parsed, bound, its slots numbered and its columns listed. */
#include "expression/expression_plan.h"

#include <stdlib.h>
#include <string.h>

static const size_t ARENA_MAX = (size_t)64 << 20; /* long texts may come of constants */

/* ---- numbering ---- */

/* Each term once, however many share it: its slot is the mark that it was seen. */
static void count_terms(struct cpl_term *term, uint32_t *n, uint32_t *columns)
{
    if (term->slot)
        return;
    for (uint32_t i = 0; i < term->n_args; i++)
        count_terms(term->args[i], n, columns);
    *columns += term->kind == CPL_TERM_COLUMN;
    term->slot = ++*n;
}

static void list_terms(struct cpl_expression *expression, const struct cpl_term *term)
{
    if (expression->slots[term->slot])
        return;
    expression->slots[term->slot] = term;
    for (uint32_t i = 0; i < term->n_args; i++)
        list_terms(expression, term->args[i]);
    if (term->kind == CPL_TERM_COLUMN)
        expression->columns[expression->n_columns++] = term->path[0];
}

static int order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void sort_columns(struct cpl_expression *expression)
{
    uint32_t n = 0, *columns = expression->columns;
    qsort(columns, expression->n_columns, sizeof *columns, order);
    for (uint32_t i = 0; i < expression->n_columns; i++)
        if (!n || columns[n - 1] != columns[i])
            columns[n++] = columns[i];
    expression->n_columns = n;
}

static bool number(struct cpl_expression *expression, struct cpl_term *root, struct cpl_error *err)
{
    uint32_t n = 0, columns = 0;
    count_terms(root, &n, &columns);
    expression->n_slots = n + 1;
    expression->slots = cpl_arena_alloc(&expression->arena, (n + 1) * sizeof(void *), err);
    expression->columns = cpl_arena_alloc(&expression->arena, columns * sizeof(uint32_t), err);
    if (!expression->slots || !expression->columns)
        return false;
    memset(expression->slots, 0, (n + 1) * sizeof(void *));
    list_terms(expression, root);
    sort_columns(expression);
    expression->root = root;
    expression->field = (struct cpl_field){
        .name = "", .type = root->type, .nullable = root->nullable, .field_id = -1};
    return true;
}

/* ---- the interface ---- */

static struct cpl_expression *expression_new(struct cpl_error *err)
{
    struct cpl_expression *expression = cpl_alloc_zero(1, sizeof *expression, err);
    if (expression)
        expression->arena.max = ARENA_MAX;
    return expression;
}

void cpl_expression_free(struct cpl_expression *expression)
{
    if (!expression)
        return;
    for (struct cpl_owned *owned = expression->owned; owned; owned = owned->next)
        owned->free_it(owned->object);
    cpl_arena_release(&expression->arena);
    cpl_free(expression);
}

struct cpl_expression *cpl_expression_compile(const char *text, const struct cpl_schema *schema,
                                              const struct cpl_expression_env *env, size_t *at,
                                              struct cpl_error *err)
{
    struct cpl_expression *expression = expression_new(err);
    *at = 0;
    if (!expression)
        return NULL;
    struct cpl_binder binder = {.text = text,
                                .schema = schema,
                                .env = env,
                                .expression = expression,
                                .arena = &expression->arena,
                                .at = at,
                                .err = err};
    struct cpl_term *term = cpl_expression_parse(&binder);
    binder.parsed = true;
    term = term ? cpl_bind(&binder, term) : NULL;
    cpl_pattern_scratch_free(binder.scratch);
    if (term && number(expression, term, err))
        return expression;
    cpl_expression_free(expression);
    return NULL;
}

bool cpl_expression_check(const char *text, size_t *at, struct cpl_error *err)
{
    struct cpl_arena arena = {0};
    *at = 0;
    struct cpl_binder binder = {.text = text, .arena = &arena, .at = at, .err = err};
    bool ok = cpl_expression_parse(&binder) != NULL;
    cpl_arena_release(&arena);
    return ok;
}

const struct cpl_type *cpl_expression_type(const struct cpl_expression *expression)
{
    return &expression->root->type;
}
bool cpl_expression_nullable(const struct cpl_expression *expression)
{
    return expression->root->nullable;
}
const uint32_t *cpl_expression_columns(const struct cpl_expression *expression, uint32_t *n)
{
    *n = expression->n_columns;
    return expression->columns;
}

/* A term whose arguments are constants is calculated once, by its own function, and becomes a literal. One that gives a fault stays as it
 * is: the fault belongs to rows, and perhaps to none. */
#include "expression/expression_plan.h"

#include <string.h>

enum { FEW = 8 };

static bool all_constant(const struct cpl_term *term)
{
    for (uint32_t i = 0; i < term->n_args; i++)
        if (term->args[i]->kind != CPL_TERM_LITERAL)
            return false;
    return term->n_args > 0;
}

static bool make_slot(struct cpl_binder *binder, struct cpl_slot *slot)
{
    *slot = (struct cpl_slot){0};
    uint8_t *memory = cpl_arena_alloc_wide(binder->arena, 16 + 2 * CPL_TILE, binder->err);
    if (!memory)
        return false;
    memset(memory, 0, 16 + 2 * CPL_TILE);
    slot->data = memory;
    slot->nulls = memory + 16;
    slot->faults = memory + 16 + CPL_TILE;
    return true;
}

/* Like all literals' texts it ends with a NUL, for those who read it as a C string. */
static struct cpl_term *put_text(struct cpl_binder *binder, struct cpl_term *made,
                                 const struct cpl_slice *text)
{
    const char *copy = cpl_arena_strndup(binder->arena, (const char *)text->data, text->length,
                                         binder->err);
    made->value.slice = (struct cpl_slice){.data = (const uint8_t *)copy, .length = text->length};
    return copy ? made : NULL;
}

static struct cpl_term *literal(struct cpl_binder *binder, const struct cpl_term *term,
                                const struct cpl_vector *v)
{
    struct cpl_term *made = cpl_term_new(binder, CPL_TERM_LITERAL, term->at, 0);
    if (!made)
        return NULL;
    made->type = term->type;
    made->run = cpl_run_constant;
    made->is_null = made->nullable = v->nulls && v->nulls[0];
    if (made->is_null)
        return made;
    if (cpl_kind_is_slice(term->type.kind))
        return put_text(binder, made, v->slices);
    if (term->type.kind == CPL_DECIMAL)
        made->value.i128 = cpl_arg_decimal(v, 0);
    else
        memcpy(&made->value, v->data, cpl_slot_width(&term->type));
    return made;
}

/* The arguments are calculated, and the term, with slots of their own for the moment. */
struct cpl_term *cpl_fold(struct cpl_binder *binder, struct cpl_term *term)
{
    if (!all_constant(term) || term->n_args > FEW || cpl_kind_is_nested(term->type.kind))
        return term;
    struct cpl_slot slots[FEW + 2];
    struct cpl_frame frame = {.n = 1,
                              .stamp = 1,
                              .slots = slots,
                              .arena = binder->arena,
                              .scratch = binder->scratch,
                              .err = binder->err};
    if (!make_slot(binder, &slots[FEW + 1]))
        return NULL;
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (!make_slot(binder, &slots[i + 1]))
            return NULL;
        term->args[i]->slot = i + 1;
    }
    term->slot = FEW + 1;
    bool ok = cpl_term_run(&frame, term);
    const struct cpl_vector *v = &slots[FEW + 1].v;
    struct cpl_term *result = !ok                         ? NULL
                              : v->faults && v->faults[0] ? term
                                                          : literal(binder, term, v);
    term->slot = 0;
    for (uint32_t i = 0; i < term->n_args; i++)
        term->args[i]->slot = 0;
    return result;
}

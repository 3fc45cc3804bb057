/* if, least, greatest. */
#include "expression/choose.h"
#include "expression/compare.h"
#include "expression/functions.h"

#include <string.h>

struct cpl_term *cpl_bind_if(struct cpl_binder *binder, struct cpl_term *call)
{
    return cpl_bind_branches(binder, call);
}

/* ---- least, greatest: term->number is -1 or 1 ---- */

static bool text_before(const struct cpl_slice *a, const struct cpl_slice *b)
{
    uint32_t n = a->length < b->length ? a->length : b->length;
    int order = n ? memcmp(a->data, b->data, n) : 0;
    return order ? order < 0 : a->length < b->length;
}

/* Does b stand in front of a? */
static bool before(const struct cpl_vector *b, const struct cpl_vector *a, enum cpl_kind kind,
                   uint32_t i)
{
    uint32_t x = i * b->step, y = i * a->step;
    switch (kind) {
    case CPL_BOOL:
        return b->u8[x] < a->u8[y];
    case CPL_DATE:
        return b->i32[x] < a->i32[y];
    case CPL_F64:
        return b->f64[x] < a->f64[y];
    case CPL_DECIMAL:
        return cpl_arg_decimal(b, i) < cpl_arg_decimal(a, i);
    case CPL_STRING:
    case CPL_BINARY:
        return text_before(&b->slices[x], &a->slices[y]);
    case CPL_UUID:
        return memcmp(b->u8 + 16 * (size_t)x, a->u8 + 16 * (size_t)y, 16) < 0;
    default:
        return b->i64[x] < a->i64[y];
    }
}

static void put(struct cpl_call *call, const struct cpl_vector *a, uint32_t i, size_t width)
{
    if (call->out->v.wide)
        call->out->i128[i] = cpl_arg_decimal(a, i);
    else
        memcpy(call->out->u8 + i * width, a->u8 + (size_t)i * a->step * width, width);
}

static bool choose_extreme(struct cpl_call *call)
{
    const struct cpl_type *type = &call->term->type;
    size_t width = type->kind == CPL_DECIMAL ? 8 : cpl_type_width(type);
    for (uint32_t j = 0; j < call->term->n_args; j++)
        call->out->v.wide |= cpl_call_arg(call, j)->wide;
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_vector *best = cpl_call_arg(call, 0);
        for (uint32_t j = 1; j < call->term->n_args; j++) {
            const struct cpl_vector *other = cpl_call_arg(call, j);
            if (call->term->number < 0 ? before(other, best, type->kind, i)
                                       : before(best, other, type->kind, i))
                best = other;
        }
        put(call, best, i, width);
    }
    return true;
}

static struct cpl_term *bind_extreme(struct cpl_binder *binder, struct cpl_term *call,
                                     int64_t direction)
{
    struct cpl_type type;
    if (!cpl_bind_common(binder, call->args, call->n_args, "order", &type))
        return NULL;
    if (cpl_kind_is_integer(type.kind) && type.kind != CPL_U64)
        type = (struct cpl_type){.kind = CPL_I64};
    else if (type.kind == CPL_U64)
        type = cpl_decimal_type(20, 0);
    else if (type.kind == CPL_F32)
        type = (struct cpl_type){.kind = CPL_F64};
    if (cpl_kind_is_nested(type.kind) || type.kind == CPL_JSON)
        return cpl_arg_refused(binder, call, 0, "values that have an order");
    for (uint32_t i = 0; i < call->n_args; i++)
        if (!(call->args[i] = cpl_bind_coerce(binder, call->args[i], &type, false)))
            return NULL;
    call->number = direction;
    return cpl_bind_strict(binder, call, type, choose_extreme);
}

struct cpl_term *cpl_bind_least(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_extreme(binder, call, -1);
}
struct cpl_term *cpl_bind_greatest(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_extreme(binder, call, 1);
}

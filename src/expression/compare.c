/* = <> < <= > >=: over numbers by the loops of kernels.h, over texts by their first eight bytes and memcmp. */
#include "expression/compare.h"
#include "expression/kernels.h"

#include <string.h>

/* a op b is b mirrored[op] a. */
static const enum cpl_op mirrored[6] = {CPL_OP_EQ, CPL_OP_NE, CPL_OP_GT,
                                        CPL_OP_GE, CPL_OP_LT, CPL_OP_LE};

static bool holds(enum cpl_op op, int order)
{
    switch (op) {
    case CPL_OP_EQ:
        return order == 0;
    case CPL_OP_NE:
        return order != 0;
    case CPL_OP_LT:
        return order < 0;
    case CPL_OP_LE:
        return order <= 0;
    case CPL_OP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* ---- numbers ---- */

static void compare_numbers(struct cpl_call *call, enum cpl_class class)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    enum cpl_op op = call->term->op;
    if (!a->step && b->step)
        cpl_kernels()->compare[class][mirrored[op]](b->data, a->data, 0, call->out->u8, call->n);
    else
        cpl_kernels()->compare[class][op](a->data, b->data, b->step, call->out->u8, call->n);
}
static bool compare_u8(struct cpl_call *call)
{
    compare_numbers(call, CPL_CLASS_U8);
    return true;
}
static bool compare_i32(struct cpl_call *call)
{
    compare_numbers(call, CPL_CLASS_I32);
    return true;
}
static bool compare_i64(struct cpl_call *call)
{
    compare_numbers(call, CPL_CLASS_I64);
    return true;
}
static bool compare_f64(struct cpl_call *call)
{
    compare_numbers(call, CPL_CLASS_F64);
    return true;
}

static bool compare_decimals(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    if (!a->wide && !b->wide)
        return compare_i64(call);
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 x = cpl_arg_decimal(a, i), y = cpl_arg_decimal(b, i);
        call->out->u8[i] = holds(call->term->op, (x > y) - (x < y));
    }
    return true;
}

/* Integers of other widths, and float: as int64 and double. */
static bool compare_small(struct cpl_call *call)
{
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
        uint64_t x = ((const uint64_t *)a->data)[i * a->step],
                 y = ((const uint64_t *)b->data)[i * b->step];
        call->out->u8[i] = holds(call->term->op, (x > y) - (x < y));
    }
    return true;
}

static bool compare_uuids(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->u8[i] = holds(call->term->op,
                                 memcmp(a->u8 + 16 * i * a->step, b->u8 + 16 * i * b->step, 16));
    return true;
}

/* ---- texts ---- */

static int compare_rest(const struct cpl_slice *a, const struct cpl_slice *b)
{
    uint32_t n = a->length < b->length ? a->length : b->length;
    int order = n > 8 ? memcmp(a->data + 8, b->data + 8, n - 8) : 0;
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

bool cpl_text_equal(const struct cpl_slice *a, uint64_t a_prefix, const struct cpl_slice *b,
                    uint64_t b_prefix)
{
    return a->length == b->length && a_prefix == b_prefix &&
           (a->length <= 8 || memcmp(a->data + 8, b->data + 8, a->length - 8) == 0);
}

static void equal_texts(struct cpl_call *call, bool equal)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    const struct cpl_slice *y = b->slices;
    uint64_t prefix = cpl_text_prefix(y);
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *x = cpl_arg_text(a, i);
        if (b->step) {
            y = &b->slices[i];
            prefix = x->length == y->length ? cpl_text_prefix(y) : 0;
        }
        bool same = x->length == y->length && cpl_text_equal(x, cpl_text_prefix(x), y, prefix);
        call->out->u8[i] = same == equal;
    }
}

static bool compare_texts(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    if (call->term->op <= CPL_OP_NE) {
        equal_texts(call, call->term->op == CPL_OP_EQ);
        return true;
    }
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *x = cpl_arg_text(a, i), *y = cpl_arg_text(b, i);
        uint64_t p = cpl_text_prefix(x), q = cpl_text_prefix(y);
        int order = p != q ? (p > q) - (p < q) : compare_rest(x, y);
        call->out->u8[i] = holds(call->term->op, order);
    }
    return true;
}

/* ---- binding ---- */

static cpl_kernel *kernel_for(enum cpl_kind kind)
{
    static cpl_kernel *const kernels[CPL_KIND_COUNT] = {
        [CPL_BOOL] = compare_u8,          [CPL_U8] = compare_u8,
        [CPL_I32] = compare_i32,          [CPL_DATE] = compare_i32,
        [CPL_I64] = compare_i64,          [CPL_TIME] = compare_i64,
        [CPL_TIMESTAMP] = compare_i64,    [CPL_F64] = compare_f64,
        [CPL_DECIMAL] = compare_decimals, [CPL_STRING] = compare_texts,
        [CPL_BINARY] = compare_texts,     [CPL_UUID] = compare_uuids,
        [CPL_U64] = compare_small,
    };
    return kernels[kind];
}

static struct cpl_term *widened(struct cpl_binder *binder, struct cpl_term *term)
{
    enum cpl_kind kind = term->type.kind;
    if (kind == CPL_I8 || kind == CPL_I16 || kind == CPL_U16 || kind == CPL_U32)
        return cpl_bind_coerce(binder, term, &(struct cpl_type){.kind = CPL_I64}, false);
    if (kind == CPL_F32)
        return cpl_bind_coerce(binder, term, &(struct cpl_type){.kind = CPL_F64}, false);
    return term;
}

struct cpl_term *cpl_bind_compare(struct cpl_binder *binder, size_t at, enum cpl_op op,
                                  struct cpl_term *left, struct cpl_term *right)
{
    char shown[96];
    struct cpl_term *term = cpl_term_new(binder, CPL_TERM_OPERATOR, at, 2);
    if (!term || !(left = widened(binder, left)) || !(right = widened(binder, right)))
        return NULL;
    cpl_kernel *kernel = kernel_for(left->type.kind);
    if (!kernel)
        return CPL_TERM_FAIL(
            binder, at, "%s values cannot be compared%s", cpl_type_shown(&left->type, shown),
            left->type.kind == CPL_JSON ? ": cast(… as string) compares their texts" : "");
    term->op = op;
    term->args[0] = left;
    term->args[1] = right;
    return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_BOOL}, kernel);
}

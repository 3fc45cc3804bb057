#include "expression/convert.h"
#include "expression/decimal.h"
#include "expression/kernels.h"

#define LOAD(type)                                                                                 \
    {                                                                                              \
        const type *from = v->data;                                                                \
        for (uint32_t i = 0; i < (v->step ? n : 1); i++)                                           \
            out[i] = (int64_t)from[i];                                                             \
    }

void cpl_load_i64(const struct cpl_vector *v, enum cpl_kind kind, int64_t *out, uint32_t n)
{
    switch (kind) {
    case CPL_BOOL:
    case CPL_U8:
        LOAD(uint8_t)
        break;
    case CPL_I8:
        LOAD(int8_t)
        break;
    case CPL_I16:
        LOAD(int16_t)
        break;
    case CPL_U16:
        LOAD(uint16_t)
        break;
    case CPL_U32:
        LOAD(uint32_t)
        break;
    case CPL_I32:
    case CPL_DATE:
        LOAD(int32_t)
        break;
    default:
        LOAD(int64_t)
        break;
    }
}

bool cpl_convert_int64(struct cpl_call *call)
{
    cpl_load_i64(cpl_call_arg(call, 0), call->term->args[0]->type.kind, call->out->i64, call->n);
    return true;
}

/* An unsigned integer of 64 bits is negative as a signed one when it needs more. */
static void load_u64(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool wide = false;
    for (uint32_t i = 0; i < call->n; i++)
        wide |= a->i64[i * a->step] < 0;
    call->out->v.wide = wide;
    for (uint32_t i = 0; i < call->n; i++)
        if (wide)
            call->out->i128[i] = (uint64_t)a->i64[i * a->step];
        else
            call->out->i64[i] = a->i64[i * a->step];
}

bool cpl_convert_decimal(struct cpl_call *call)
{
    enum cpl_kind kind = call->term->args[0]->type.kind;
    if (kind == CPL_U64)
        load_u64(call);
    else
        cpl_load_i64(cpl_call_arg(call, 0), kind, call->out->i64, call->n);
    return true;
}

/* ---- doubles ---- */

static void decimals_to_double(struct cpl_call *call, const struct cpl_vector *a, int scale)
{
    if (!a->wide && a->step && scale <= 22 &&
        cpl_kernels()->magnitudes(a->i64, call->n) >> 53 == 0) {
        cpl_kernels()->to_double(a->i64, (double)cpl_pow10_i128(scale), call->out->f64, call->n);
        return;
    }
    for (uint32_t i = 0; i < call->n; i++)
        call->out->f64[i] = cpl_decimal_double(cpl_arg_decimal(a, i), scale);
}

bool cpl_convert_double(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *type = &call->term->args[0]->type;
    if (type->kind == CPL_DECIMAL) {
        decimals_to_double(call, a, type->scale);
        return true;
    }
    for (uint32_t i = 0; i < call->n; i++) {
        uint32_t at = i * a->step;
        if (type->kind == CPL_F32)
            call->out->f64[i] = ((const float *)a->data)[at];
        else if (type->kind == CPL_F64)
            call->out->f64[i] = a->f64[at];
        else if (type->kind == CPL_U64)
            call->out->f64[i] = (double)((const uint64_t *)a->data)[at];
        else if (type->kind == CPL_I64)
            call->out->f64[i] = (double)a->i64[at];
    }
    if (type->kind >= CPL_F32 || type->kind == CPL_U64 || type->kind == CPL_I64)
        return true;
    int64_t small[CPL_TILE];
    cpl_load_i64(a, type->kind, small, call->n);
    cpl_kernels()->to_double(small, 1, call->out->f64, call->n);
    return true;
}

/* ---- scales and units ---- */

static int top_bit(uint64_t bits)
{
    return bits ? 64 - __builtin_clzll(bits) : 0;
}

static cpl_int128 greatest(cpl_int128 like)
{
    return like < 0 ? -CPL_I128_MAX : CPL_I128_MAX;
}

static bool rescale(struct cpl_call *call, bool saturate)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    cpl_int128 power = cpl_pow10_i128((int)call->term->number);
    const struct cpl_kernels *kernels = cpl_kernels();
    if (!a->wide && call->term->number <= 18) {
        int64_t factor = (int64_t)power;
        if (top_bit(kernels->magnitudes(a->i64, call->n)) + top_bit((uint64_t)factor) <= 63) {
            kernels->mul(a->i64, 1, &factor, 0, call->out->i64, call->n);
            return true;
        }
    }
    call->out->v.wide = true;
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 value = cpl_arg_decimal(a, i);
        if (cpl_mul_i128(value, power, &call->out->i128[i]) &&
            (saturate || cpl_decimal_fits(call->out->i128[i], 38)))
            continue;
        call->out->i128[i] = saturate ? greatest(value) : 0;
        if (!saturate)
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

bool cpl_rescale(struct cpl_call *call)
{
    return rescale(call, false);
}
bool cpl_rescale_saturating(struct cpl_call *call)
{
    return rescale(call, true);
}

bool cpl_multiply(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        if (__builtin_mul_overflow(cpl_arg_i64(a, i), call->term->number, &call->out->i64[i])) {
            call->out->i64[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        }
    return true;
}

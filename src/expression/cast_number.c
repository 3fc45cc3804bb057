/* Casts between numbers. Nothing is rounded: 1.5 is no integer (round, floor and ceil make it one). */
#include "expression/cast.h"
#include "expression/convert.h"
#include "expression/decimal.h"
#include "format/text.h"

#include <math.h>

/* ---- any number as an exact value ---- */

struct number {
    cpl_int128 value; /* · 10^-scale */
    int scale;
    bool ok; /* false: a double that is no decimal of 38 digits */
};

static struct number from_double(double value)
{
    struct number number = {.ok = false};
    if (value == floor(value) && fabs(value) < 1e38)
        return (struct number){.value = (cpl_int128)value, .ok = true};
    for (int scale = 1; scale <= 38 && !number.ok; scale++) {
        number.ok = cpl_double_decimal(value, scale, &number.value);
        number.scale = scale;
    }
    return number;
}

/* By the shortest digits of the float, not of the double that it is. */
static struct number from_float(float value)
{
    char text[CPL_TEXT_MAX + 32]; /* 32 bytes behind may be read */
    double digits = value;
    if (value - value == 0 && value != floorf(value)) {
        size_t n = cpl_print_float(value, text);
        if (cpl_parse_double((const uint8_t *)text, n, &(struct cpl_text_style){0}, &digits) !=
            CPL_TEXT_EXACT)
            digits = value;
    }
    return from_double(digits);
}

static struct number read(const struct cpl_vector *v, const struct cpl_type *type, uint32_t i)
{
    uint32_t at = i * v->step;
    struct cpl_vector one = *v;
    int64_t value;
    switch (type->kind) {
    case CPL_DECIMAL:
        return (struct number){.value = cpl_arg_decimal(v, i), .scale = type->scale, .ok = true};
    case CPL_F64:
        return from_double(v->f64[at]);
    case CPL_F32:
        return from_float(((const float *)v->data)[at]);
    case CPL_U64:
        return (struct number){.value = ((const uint64_t *)v->data)[at], .ok = true};
    default:
        one.data = v->u8 + at * cpl_type_width(type);
        one.step = 0;
        cpl_load_i64(&one, type->kind, &value, 1);
        return (struct number){.value = value, .ok = true};
    }
}

/* Brought to `scale`; false: digits would be lost. */
static bool at_scale(struct number *number, int scale)
{
    if (number->scale <= scale)
        return cpl_mul_i128(number->value, cpl_pow10_i128(scale - number->scale), &number->value);
    cpl_int128 power = cpl_pow10_i128(number->scale - scale);
    bool exact = number->value % power == 0;
    number->value /= power;
    return exact;
}

/* ---- integers ---- */

static void put_integer(struct cpl_slot *out, enum cpl_kind kind, uint32_t i, cpl_int128 value)
{
    switch (cpl_type_width(&(struct cpl_type){.kind = kind})) {
    case 1:
        out->u8[i] = (uint8_t)value;
        break;
    case 2:
        ((uint16_t *)out->data)[i] = (uint16_t)value;
        break;
    case 4:
        ((uint32_t *)out->data)[i] = (uint32_t)value;
        break;
    default:
        ((uint64_t *)out->data)[i] = (uint64_t)value;
        break;
    }
}

static void bounds(enum cpl_kind kind, cpl_int128 *least, cpl_int128 *most)
{
    int bits = 8 * (int)cpl_type_width(&(struct cpl_type){.kind = kind});
    bool sign = kind <= CPL_I64;
    *least = sign ? -((cpl_int128)1 << (bits - 1)) : 0;
    *most = ((cpl_int128)1 << (bits - sign)) - 1;
}

bool cpl_cast_to_integer(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *from = &call->term->args[0]->type;
    enum cpl_kind kind = call->term->type.kind;
    cpl_int128 least, most;
    bounds(kind, &least, &most);
    for (uint32_t i = 0; i < call->n; i++) {
        struct number number = read(a, from, i);
        bool ok = number.ok && at_scale(&number, 0) && number.value >= least &&
                  number.value <= most;
        put_integer(call->out, kind, i, ok ? number.value : 0);
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

/* ---- decimals ---- */

bool cpl_cast_to_decimal(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *from = &call->term->args[0]->type, *to = &call->term->type;
    call->out->v.wide = to->precision > 18;
    for (uint32_t i = 0; i < call->n; i++) {
        struct number number = read(a, from, i);
        bool ok = number.ok && at_scale(&number, to->scale) &&
                  cpl_decimal_fits(number.value, to->precision);
        if (call->out->v.wide)
            call->out->i128[i] = ok ? number.value : 0;
        else
            call->out->i64[i] = ok ? (int64_t)number.value : 0;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

/* ---- doubles: the nearest ---- */

static double as_double(const struct cpl_vector *a, const struct cpl_type *from, uint32_t i)
{
    if (from->kind == CPL_F64)
        return a->f64[i * a->step];
    if (from->kind == CPL_F32)
        return ((const float *)a->data)[i * a->step];
    struct number number = read(a, from, i);
    return from->kind == CPL_DECIMAL ? cpl_decimal_double(number.value, number.scale)
                                     : (double)number.value;
}

bool cpl_cast_to_float(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *from = &call->term->args[0]->type;
    for (uint32_t i = 0; i < call->n; i++) {
        double value = as_double(a, from, i);
        bool ok = true;
        if (call->term->type.kind == CPL_F64) {
            call->out->f64[i] = value;
            continue;
        }
        ok = !isfinite(value) ||
             fabs(value) < 3.4028235677973366e38; /* the next value would be infinite */
        ((float *)call->out->data)[i] = ok ? (float)value : 0;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

/* abs ceil floor round sign, least greatest, sqrt power ln exp. */
#include "expression/decimal.h"
#include "expression/functions.h"
#include "expression/kernels.h"

#include <math.h>

static const struct cpl_type int64_type = {.kind = CPL_I64}, double_type = {.kind = CPL_F64};

/* ---- abs ---- */

static bool abs_numbers(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool decimal = call->term->type.kind == CPL_DECIMAL;
    if (!a->wide && cpl_vector_bits(a, call->n) <= 62) {
        cpl_kernels()->abs(a->i64, call->out->i64, call->n);
        return true;
    }
    call->out->v.wide = decimal;
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 value = cpl_arg_decimal(a, i);
        bool ok = value >= -CPL_I128_MAX && (decimal || value != INT64_MIN);
        value = !ok ? 0 : value < 0 ? -value : value;
        if (decimal)
            cpl_call_put_wide(call, i, ok, value);
        else
            call->out->i64[i] = (int64_t)value;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

static bool abs_doubles(struct cpl_call *call)
{
    cpl_kernels()->abs_f64(cpl_call_arg(call, 0)->f64, call->out->f64, call->n);
    return true;
}

/* One number as int64, a decimal of its own, or a double. */
static bool bind_number(struct cpl_binder *binder, struct cpl_term *call,
                        enum cpl_number_class *class)
{
    if (!cpl_bind_numbers(binder, call, call->function->row.name, class))
        return false;
    if (*class != CPL_NUMBERS_DECIMAL)
        return true;
    struct cpl_type type = cpl_decimal_of(call->args[0]);
    call->args[0] = cpl_bind_coerce(binder, call->args[0], &type, false);
    return call->args[0] != NULL;
}

struct cpl_term *cpl_bind_abs(struct cpl_binder *binder, struct cpl_term *call)
{
    enum cpl_number_class class;
    if (!bind_number(binder, call, &class))
        return NULL;
    return cpl_bind_strict(binder, call, call->args[0]->type,
                           class == CPL_NUMBERS_F64 ? abs_doubles : abs_numbers);
}

/* ---- sign ---- */

static bool sign_numbers(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 value = cpl_arg_decimal(a, i);
        call->out->i64[i] = (value > 0) - (value < 0);
    }
    return true;
}
static bool sign_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        double value = a->f64[i * a->step];
        call->out->i64[i] = (value > 0) - (value < 0);
        if (isnan(value))
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

struct cpl_term *cpl_bind_sign(struct cpl_binder *binder, struct cpl_term *call)
{
    enum cpl_number_class class;
    if (!bind_number(binder, call, &class))
        return NULL;
    return cpl_bind_strict(binder, call, int64_type,
                           class == CPL_NUMBERS_F64 ? sign_doubles : sign_numbers);
}

/* ---- ceil, floor, round ---- */

/* How a quotient without its fraction becomes the rounded one. */
enum rounding { DOWN, UP, HALF_AWAY };

static cpl_int128 rounded(cpl_int128 value, cpl_int128 power, enum rounding rounding)
{
    cpl_int128 whole = value / power, rest = value % power;
    switch (rounding) {
    case DOWN:
        return whole - (rest < 0);
    case UP:
        return whole + (rest > 0);
    default: /* is twice the rest a power? */
        return rest >= 0 ? whole + (rest >= power - rest) : whole - (-rest >= power + rest);
    }
}

/* term->number: digits that go; term->value.i32: zeros that come in their place (rounded to tens). */
static bool round_numbers(struct cpl_call *call, enum rounding rounding)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool decimal = call->term->type.kind == CPL_DECIMAL, none = call->term->number > 38;
    cpl_int128 power = cpl_pow10_i128(none ? 38 : (int)call->term->number);
    cpl_int128 tens = cpl_pow10_i128(call->term->value.i32);
    call->out->v.wide = decimal;
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 value = none ? 0 : rounded(cpl_arg_decimal(a, i), power, rounding);
        bool ok = cpl_mul_i128(value, tens, &value);
        if (decimal) {
            cpl_call_put_wide(call, i, ok, value);
            continue;
        }
        ok = ok && cpl_fits_i64(value);
        call->out->i64[i] = ok ? (int64_t)value : 0;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

static bool floor_numbers(struct cpl_call *call)
{
    return round_numbers(call, DOWN);
}
static bool ceil_numbers(struct cpl_call *call)
{
    return round_numbers(call, UP);
}
static bool half_numbers(struct cpl_call *call)
{
    return round_numbers(call, HALF_AWAY);
}

static bool round_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    int64_t digits = call->term->number;
    double power = pow(10, (double)(digits < 0 ? -digits : digits));
    for (uint32_t i = 0; i < call->n; i++) {
        double value = a->f64[i * a->step], scaled = digits < 0 ? value / power : value * power;
        if (isfinite(scaled) && fabs(scaled) < 0x1p52) /* beyond, there is no fraction */
            value = digits < 0 ? round(scaled) * power : round(scaled) / power;
        call->out->f64[i] = value;
    }
    cpl_call_check_doubles(call);
    return true;
}
static bool floor_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->f64[i] = floor(a->f64[i * a->step]);
    return true;
}
static bool ceil_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->f64[i] = ceil(a->f64[i * a->step]);
    return true;
}

/* To `digits` behind the point; whole numbers have none and stay when it is not negative. */
static struct cpl_term *bind_rounding(struct cpl_binder *binder, struct cpl_term *call,
                                      int64_t digits, cpl_kernel *numbers, cpl_kernel *doubles)
{
    enum cpl_number_class class;
    call->n_args = 1;
    if (!bind_number(binder, call, &class))
        return NULL;
    struct cpl_type type = call->args[0]->type;
    if (class == CPL_NUMBERS_F64) {
        call->number = digits;
        return cpl_bind_strict(binder, call, double_type, doubles);
    }
    int scale = type.kind == CPL_DECIMAL ? type.scale : 0;
    if (digits >= scale)
        return call->args[0];
    call->number = scale - digits;
    call->value.i32 = digits < 0 ? (int32_t)-digits : 0;
    if (type.kind == CPL_DECIMAL)
        type = cpl_decimal_type(type.precision - scale + 1 + (digits > 0 ? (int)digits : 0),
                                digits > 0 ? (int)digits : 0);
    return cpl_bind_strict(binder, call, type, numbers);
}

struct cpl_term *cpl_bind_floor(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_rounding(binder, call, 0, floor_numbers, floor_doubles);
}
struct cpl_term *cpl_bind_ceil(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_rounding(binder, call, 0, ceil_numbers, ceil_doubles);
}
struct cpl_term *cpl_bind_round(struct cpl_binder *binder, struct cpl_term *call)
{
    int64_t digits = 0;
    if (call->n_args == 2 && !cpl_arg_constant_integer(binder, call, 1, -38, 38, &digits))
        return NULL;
    return bind_rounding(binder, call, digits, half_numbers, round_doubles);
}

/* ---- sqrt, power, ln, exp ---- */

#define OF_DOUBLES(name, expression, wrong)                                                        \
    static bool name(struct cpl_call *call)                                                        \
    {                                                                                              \
        const struct cpl_vector *a = cpl_call_arg(call, 0);                                        \
        for (uint32_t i = 0; i < call->n; i++) {                                                   \
            double x = a->f64[i * a->step];                                                        \
            bool bad = wrong;                                                                      \
            call->out->f64[i] = bad ? 0 : expression;                                              \
            if (bad)                                                                               \
                cpl_call_raise(call, i, CPL_FAULT_CAST);                                           \
        }                                                                                          \
        cpl_call_check_doubles(call);                                                              \
        return true;                                                                               \
    }
OF_DOUBLES(sqrt_doubles, sqrt(x), x < 0)
OF_DOUBLES(ln_doubles, log(x), x <= 0)
OF_DOUBLES(exp_doubles, exp(x), false)

static bool power_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->f64[i] = pow(a->f64[i * a->step], b->f64[i * b->step]);
    cpl_call_check_doubles(call);
    return true;
}

static struct cpl_term *bind_doubles(struct cpl_binder *binder, struct cpl_term *call,
                                     cpl_kernel *kernel)
{
    enum cpl_number_class ignored;
    if (!cpl_bind_numbers(binder, call, call->function->row.name, &ignored))
        return NULL;
    for (uint32_t i = 0; i < call->n_args; i++)
        if (!(call->args[i] = cpl_bind_coerce(binder, call->args[i], &double_type, false)))
            return NULL;
    return cpl_bind_strict(binder, call, double_type, kernel);
}

struct cpl_term *cpl_bind_sqrt(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_doubles(binder, call, sqrt_doubles);
}
struct cpl_term *cpl_bind_ln(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_doubles(binder, call, ln_doubles);
}
struct cpl_term *cpl_bind_exp(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_doubles(binder, call, exp_doubles);
}
struct cpl_term *cpl_bind_power(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_doubles(binder, call, power_doubles);
}

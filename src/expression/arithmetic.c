/* + - * / % and unary minus.
 *
 * Decimals and integers are exact. A tile is calculated in int64 when the magnitudes of its operands prove that nothing can overflow,
 * else value by value with a look at each, and decimals go on in 128 bits from there. */
#include "expression/arithmetic.h"
#include "expression/decimal.h"
#include "expression/kernels.h"

#include <math.h>

int cpl_vector_bits(const struct cpl_vector *v, uint32_t n)
{
    uint64_t bits = cpl_kernels()->magnitudes(v->i64, v->step ? n : 1);
    return bits ? 64 - __builtin_clzll(bits) : 0;
}

void cpl_call_put_wide(struct cpl_call *call, uint32_t i, bool ok, cpl_int128 value)
{
    ok = ok && cpl_decimal_fits(value, 38);
    call->out->i128[i] = ok ? value : 0;
    if (!ok)
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
}

/* ---- int64 ---- */

static bool step_i64(enum cpl_op op, int64_t x, int64_t y, int64_t *out)
{
    return op == CPL_OP_ADD   ? !__builtin_add_overflow(x, y, out)
           : op == CPL_OP_SUB ? !__builtin_sub_overflow(x, y, out)
                              : !__builtin_mul_overflow(x, y, out);
}

/* Can nothing overflow? A magnitude of b bits is below 2^b. */
static bool is_safe(enum cpl_op op, int a_bits, int b_bits)
{
    return op == CPL_OP_MUL ? a_bits + b_bits <= 62 : a_bits < 62 && b_bits < 62;
}

static void loop_i64(struct cpl_call *call, const struct cpl_vector *a, const struct cpl_vector *b)
{
    const struct cpl_kernels *kernels = cpl_kernels();
    enum cpl_op op = call->term->op;
    cpl_i64_loop *loop = op == CPL_OP_ADD   ? kernels->add
                         : op == CPL_OP_SUB ? kernels->sub
                                            : kernels->mul;
    loop(a->i64, a->step, b->i64, b->step, call->out->i64, call->n);
}

static bool calculate_i64(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    enum cpl_op op = call->term->op;
    if (is_safe(op, cpl_vector_bits(a, call->n), cpl_vector_bits(b, call->n))) {
        loop_i64(call, a, b);
        return true;
    }
    for (uint32_t i = 0; i < call->n; i++)
        if (!step_i64(op, cpl_arg_i64(a, i), cpl_arg_i64(b, i), &call->out->i64[i])) {
            call->out->i64[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        }
    return true;
}

/* ---- decimals ---- */

static bool step_i128(enum cpl_op op, cpl_int128 x, cpl_int128 y, cpl_int128 *out)
{
    return op == CPL_OP_ADD   ? cpl_add_i128(x, y, out)
           : op == CPL_OP_SUB ? cpl_sub_i128(x, y, out)
                              : cpl_mul_i128(x, y, out);
}

/* The tile in int64 with a look at each value; false: one does not fit. */
static bool try_i64(struct cpl_call *call, const struct cpl_vector *a, const struct cpl_vector *b)
{
    bool all = true;
    for (uint32_t i = 0; all && i < call->n; i++)
        all = step_i64(call->term->op, cpl_arg_i64(a, i), cpl_arg_i64(b, i), &call->out->i64[i]);
    return all;
}

static bool calculate_decimals(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    enum cpl_op op = call->term->op;
    if (!a->wide && !b->wide) {
        if (is_safe(op, cpl_vector_bits(a, call->n), cpl_vector_bits(b, call->n))) {
            loop_i64(call, a, b);
            return true;
        }
        if (try_i64(call, a, b))
            return true;
    }
    call->out->v.wide = true;
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 value;
        bool ok = step_i128(op, cpl_arg_decimal(a, i), cpl_arg_decimal(b, i), &value);
        cpl_call_put_wide(call, i, ok, value);
    }
    return true;
}

/* ---- doubles ---- */

void cpl_call_check_doubles(struct cpl_call *call)
{
    double *out = call->out->f64;
    bool finite = true;
    for (uint32_t i = 0; i < call->n; i++)
        finite &= out[i] - out[i] == 0;
    for (uint32_t i = 0; !finite && i < call->n; i++) {
        bool operands = true;
        for (uint32_t j = 0; j < call->term->n_args; j++) {
            const struct cpl_vector *a = cpl_call_arg(call, j);
            if (call->term->args[j]->type.kind == CPL_F64)
                operands &= isfinite(a->f64[i * a->step]) != 0;
        }
        if (operands && !isfinite(out[i])) {
            out[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        }
    }
}

static bool divide_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    cpl_kernels()->div_f64(a->f64, a->step, b->f64, b->step, call->out->f64, call->n);
    for (uint32_t i = 0; i < call->n; i++)
        if (b->f64[i * b->step] == 0) {
            call->out->f64[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_ZERO);
        }
    cpl_call_check_doubles(call);
    return true;
}

static bool calculate_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    const struct cpl_kernels *kernels = cpl_kernels();
    enum cpl_op op = call->term->op;
    cpl_f64_loop *loop = op == CPL_OP_ADD   ? kernels->add_f64
                         : op == CPL_OP_SUB ? kernels->sub_f64
                                            : kernels->mul_f64;
    loop(a->f64, a->step, b->f64, b->step, call->out->f64, call->n);
    cpl_call_check_doubles(call);
    return true;
}

/* ---- whole quotients and remainders ---- */

/* term->number: 0 the quotient, 1 the remainder. */
static bool divide_whole(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++) {
        int64_t x = cpl_arg_i64(a, i), y = cpl_arg_i64(b, i);
        bool overflow = y == -1 && x == INT64_MIN && !call->term->number;
        call->out->i64[i] = 0;
        if (y == 0 || overflow)
            cpl_call_raise(call, i, y ? CPL_FAULT_OVERFLOW : CPL_FAULT_ZERO);
        else if (y != -1)
            call->out->i64[i] = call->term->number ? x % y : x / y;
        else if (!call->term->number)
            call->out->i64[i] = -x;
    }
    return true;
}

static bool divide_decimals(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    call->out->v.wide = true;
    for (uint32_t i = 0; i < call->n; i++) {
        cpl_int128 x = cpl_arg_decimal(a, i), y = cpl_arg_decimal(b, i);
        call->out->i128[i] = 0;
        if (y == 0)
            cpl_call_raise(call, i, CPL_FAULT_ZERO);
        else if (y == -1)
            cpl_call_put_wide(call, i, true, call->term->number ? 0 : -x);
        else
            cpl_call_put_wide(call, i, true, call->term->number ? x % y : x / y);
    }
    return true;
}

static bool mod_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    for (uint32_t i = 0; i < call->n; i++) {
        double y = b->f64[i * b->step];
        call->out->f64[i] = y == 0 ? 0 : fmod(a->f64[i * a->step], y);
        if (y == 0)
            cpl_call_raise(call, i, CPL_FAULT_ZERO);
    }
    cpl_call_check_doubles(call);
    return true;
}

/* ---- unary minus ---- */

static bool negate_numbers(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    bool decimal = call->term->type.kind == CPL_DECIMAL;
    if (decimal && (a->wide || cpl_vector_bits(a, call->n) > 62)) {
        call->out->v.wide = true;
        for (uint32_t i = 0; i < call->n; i++)
            cpl_call_put_wide(call, i, cpl_arg_decimal(a, i) >= -CPL_I128_MAX,
                              -(cpl_arg_decimal(a, i) + 1) + 1);
        return true;
    }
    for (uint32_t i = 0; i < call->n; i++)
        if (__builtin_sub_overflow((int64_t)0, cpl_arg_i64(a, i), &call->out->i64[i])) {
            call->out->i64[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        }
    return true;
}

static bool negate_doubles(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++)
        call->out->f64[i] = -a->f64[i * a->step];
    return true;
}

/* ---- binding ---- */

static bool is_decimal(const struct cpl_term *term)
{
    return term->type.kind == CPL_DECIMAL || term->type.kind == CPL_U64;
}
static bool is_double(const struct cpl_term *term)
{
    return term->type.kind == CPL_F64 || term->type.kind == CPL_F32;
}

static bool all_numbers(struct cpl_binder *binder, struct cpl_term *term, const char *what)
{
    char shown[96];
    for (uint32_t i = 0; i < term->n_args; i++) {
        enum cpl_kind kind = term->args[i]->type.kind;
        if (cpl_kind_is_number(kind) || cpl_is_null_literal(term->args[i]))
            continue;
        const char *advice = kind == CPL_DATE || kind == CPL_TIMESTAMP
                                 ? ": date_add and date_diff calculate with dates"
                             : kind == CPL_STRING ? ": || joins texts, cast(… as type) reads one"
                                                  : "";
        return cpl_term_fail(binder, term->args[i]->at, "%s needs numbers, not %s%s", what,
                             cpl_type_shown(&term->args[i]->type, shown), advice);
    }
    return true;
}

/* A null literal becomes one of the other's type. */
static bool settle_nulls(struct cpl_binder *binder, struct cpl_term *term)
{
    struct cpl_type type = {.kind = CPL_I64};
    for (uint32_t i = 0; i < term->n_args; i++)
        if (!cpl_is_null_literal(term->args[i]))
            type = term->args[i]->type;
    for (uint32_t i = 0; i < term->n_args; i++)
        if (cpl_is_null_literal(term->args[i]) &&
            !(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, false)))
            return false;
    return true;
}

bool cpl_bind_numbers(struct cpl_binder *binder, struct cpl_term *term, const char *what,
                      enum cpl_number_class *class)
{
    struct cpl_type type = {.kind = CPL_I64};
    *class = CPL_NUMBERS_I64;
    if (!all_numbers(binder, term, what) || !settle_nulls(binder, term))
        return false;
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (is_double(term->args[i]))
            *class = CPL_NUMBERS_F64;
        else if (is_decimal(term->args[i]) && *class == CPL_NUMBERS_I64)
            *class = CPL_NUMBERS_DECIMAL;
    }
    if (*class == CPL_NUMBERS_DECIMAL)
        return true; /* scales are the operator's business */
    if (*class == CPL_NUMBERS_F64)
        type.kind = CPL_F64;
    for (uint32_t i = 0; i < term->n_args; i++)
        if (!(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, false)))
            return false;
    return true;
}

/* The greatest scale, and digits in front of the point; arguments brought to that scale. */
bool cpl_bind_decimals(struct cpl_binder *binder, struct cpl_term *term, int *whole, int *scale)
{
    *whole = *scale = 0;
    for (uint32_t i = 0; i < term->n_args; i++) {
        struct cpl_type type = cpl_decimal_of(term->args[i]);
        *scale = type.scale > *scale ? type.scale : *scale;
        *whole = type.precision - type.scale > *whole ? type.precision - type.scale : *whole;
    }
    struct cpl_type type = cpl_decimal_type(*whole + *scale, *scale);
    for (uint32_t i = 0; i < term->n_args; i++)
        if (!(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, false)))
            return false;
    return true;
}

static struct cpl_term *bind_product(struct cpl_binder *binder, struct cpl_term *term)
{
    struct cpl_type a = cpl_decimal_of(term->args[0]), b = cpl_decimal_of(term->args[1]);
    if (a.scale + b.scale > 38)
        return CPL_TERM_FAIL(binder, term->at,
                             "the product would have %d digits behind the point, and 38 are "
                             "the most: round(x, n) or cast one factor before",
                             a.scale + b.scale);
    if (!(term->args[0] = cpl_bind_coerce(binder, term->args[0], &a, false)) ||
        !(term->args[1] = cpl_bind_coerce(binder, term->args[1], &b, false)))
        return NULL;
    return cpl_bind_strict(binder, term,
                           cpl_decimal_type(a.precision + b.precision, a.scale + b.scale),
                           calculate_decimals);
}

static struct cpl_term *bind_divide(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_type type = {.kind = CPL_F64};
    for (uint32_t i = 0; i < 2; i++)
        if (!(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, false)))
            return NULL;
    return cpl_bind_strict(binder, term, type, divide_doubles);
}

static struct cpl_term *bind_whole(struct cpl_binder *binder, struct cpl_term *term, bool remainder)
{
    enum cpl_number_class class;
    int whole, scale;
    term->number = remainder;
    if (!cpl_bind_numbers(binder, term, remainder ? "%" : "div", &class))
        return NULL;
    if (class == CPL_NUMBERS_F64 && !remainder)
        return CPL_TERM_FAIL(binder, term->at,
                             "div takes whole numbers and decimals: for doubles there is /");
    if (class == CPL_NUMBERS_F64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_F64}, mod_doubles);
    if (class == CPL_NUMBERS_I64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_I64}, divide_whole);
    if (!cpl_bind_decimals(binder, term, &whole, &scale))
        return NULL;
    return cpl_bind_strict(binder, term, cpl_decimal_type(whole + scale, remainder ? scale : 0),
                           divide_decimals);
}

struct cpl_term *cpl_bind_div(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_whole(binder, call, false);
}
struct cpl_term *cpl_bind_mod(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_whole(binder, call, true);
}

struct cpl_term *cpl_bind_arithmetic(struct cpl_binder *binder, struct cpl_term *term)
{
    enum cpl_number_class class;
    int whole, scale;
    if (term->op == CPL_OP_MOD)
        return bind_whole(binder, term, true);
    const char *what = term->op == CPL_OP_ADD   ? "+"
                       : term->op == CPL_OP_SUB ? "-"
                       : term->op == CPL_OP_MUL ? "*"
                                                : "/";
    if (!cpl_bind_numbers(binder, term, what, &class))
        return NULL;
    if (term->op == CPL_OP_DIVIDE)
        return bind_divide(binder, term);
    if (class == CPL_NUMBERS_F64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_F64}, calculate_doubles);
    if (class == CPL_NUMBERS_I64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_I64}, calculate_i64);
    if (term->op == CPL_OP_MUL)
        return bind_product(binder, term);
    if (!cpl_bind_decimals(binder, term, &whole, &scale))
        return NULL;
    return cpl_bind_strict(binder, term, cpl_decimal_type(whole + scale + 1, scale),
                           calculate_decimals);
}

struct cpl_term *cpl_bind_negate(struct cpl_binder *binder, struct cpl_term *term)
{
    enum cpl_number_class class;
    if (!cpl_bind_numbers(binder, term, "-", &class))
        return NULL;
    if (class == CPL_NUMBERS_F64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_F64}, negate_doubles);
    if (class == CPL_NUMBERS_I64)
        return cpl_bind_strict(binder, term, (struct cpl_type){.kind = CPL_I64}, negate_numbers);
    struct cpl_type type = cpl_decimal_of(term->args[0]);
    if (!(term->args[0] = cpl_bind_coerce(binder, term->args[0], &type, false)))
        return NULL;
    return cpl_bind_strict(binder, term, type, negate_numbers);
}

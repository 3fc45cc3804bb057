/* cast and try_cast: which casts there are, and those between dates and times.
 *
 *   numbers, boolean → numbers   exact, or a fault; doubles the nearest
 *   anything simple ↔ string     the notation of format/text.h
 *   string ↔ binary, json        the same bytes, checked
 *   date → timestamp             its midnight       timestamp → date, time    its day, its time of day
 *   time, timestamp in another unit                 a fault when it is not exact
 *   timestamp with a zone ↔ without                 the same clock in UTC */
#include "expression/cast.h"

#include <string.h>

/* ---- moments ---- */

static bool same_values(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    size_t width = cpl_slot_width(&call->term->type);
    for (uint32_t i = 0; i < call->n; i++)
        memcpy(call->out->u8 + i * width, a->u8 + (size_t)i * a->step * width, width);
    call->out->v.wide = a->wide;
    return true;
}

static bool change_unit(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    int64_t from = cpl_units_a_second(call->term->args[0]->type.unit),
            to = cpl_units_a_second(call->term->type.unit);
    for (uint32_t i = 0; i < call->n; i++) {
        int64_t value = cpl_arg_i64(a, i), result;
        bool ok = to >= from ? !__builtin_mul_overflow(value, to / from, &result)
                             : value % (from / to) == 0;
        if (to < from)
            result = value / (from / to);
        call->out->i64[i] = ok ? result : 0;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

static bool date_to_timestamp(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    int64_t day = 86400 * cpl_units_a_second(call->term->type.unit);
    for (uint32_t i = 0; i < call->n; i++)
        if (__builtin_mul_overflow((int64_t)a->i32[i * a->step], day, &call->out->i64[i])) {
            call->out->i64[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_CAST);
        }
    return true;
}

static bool timestamp_to_date(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    int64_t day = 86400 * cpl_units_a_second(call->term->args[0]->type.unit);
    for (uint32_t i = 0; i < call->n; i++) {
        int64_t days = cpl_floor_div(cpl_arg_i64(a, i), day);
        bool ok = days == (int32_t)days;
        call->out->i32[i] = ok ? (int32_t)days : 0;
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

static bool timestamp_to_time(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    int64_t from = cpl_units_a_second(call->term->args[0]->type.unit),
            to = cpl_units_a_second(call->term->type.unit);
    for (uint32_t i = 0; i < call->n; i++) {
        int64_t value = cpl_arg_i64(a, i), day = 86400 * from;
        int64_t time = value - cpl_floor_div(value, day) * day;
        bool ok = to >= from || time % (from / to) == 0;
        call->out->i64[i] = !ok ? 0 : to >= from ? time * (to / from) : time / (from / to);
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

static cpl_kernel *moment_kernel(const struct cpl_type *from, const struct cpl_type *to)
{
    if (from->kind == CPL_DATE && to->kind == CPL_TIMESTAMP)
        return date_to_timestamp;
    if (from->kind == CPL_TIMESTAMP && to->kind == CPL_DATE)
        return timestamp_to_date;
    if (from->kind == CPL_TIMESTAMP && to->kind == CPL_TIME)
        return timestamp_to_time;
    return from->kind == to->kind && from->kind != CPL_DATE ? change_unit : NULL;
}

/* ---- binding ---- */

static cpl_kernel *number_kernel(const struct cpl_type *to)
{
    if (cpl_kind_is_integer(to->kind))
        return cpl_cast_to_integer;
    return to->kind == CPL_DECIMAL ? cpl_cast_to_decimal : cpl_cast_to_float;
}

static cpl_kernel *kernel_for(const struct cpl_type *from, const struct cpl_type *to)
{
    if (cpl_kind_is_nested(from->kind) || cpl_kind_is_nested(to->kind))
        return NULL;
    if (cpl_type_equal(from, to))
        return same_values;
    if (cpl_kind_is_slice(from->kind) && cpl_kind_is_slice(to->kind))
        return cpl_cast_same_text;
    if (to->kind == CPL_STRING)
        return cpl_cast_to_text;
    if (from->kind == CPL_STRING)
        return cpl_cast_from_text;
    if ((cpl_kind_is_number(from->kind) || from->kind == CPL_BOOL) && cpl_kind_is_number(to->kind))
        return number_kernel(to);
    return cpl_kind_is_moment(from->kind) && cpl_kind_is_moment(to->kind) ? moment_kernel(from, to)
                                                                          : NULL;
}

struct cpl_term *cpl_bind_cast(struct cpl_binder *binder, struct cpl_term *term)
{
    char from[96], to[96];
    struct cpl_term *arg = term->args[0];
    if (cpl_is_null_literal(arg)) {
        if (cpl_kind_is_nested(term->type.kind))
            return CPL_TERM_FAIL(binder, term->at, "null can be cast to simple types only");
        return cpl_bind_coerce(binder, arg, &term->type, false);
    }
    cpl_kernel *kernel = kernel_for(&arg->type, &term->type);
    if (!kernel)
        return CPL_TERM_FAIL(binder, term->at, "%s cannot be cast to %s",
                             cpl_type_shown(&arg->type, from), cpl_type_shown(&term->type, to));
    term->nullable = term->is_try;
    return cpl_bind_strict(binder, term, term->type, kernel);
}

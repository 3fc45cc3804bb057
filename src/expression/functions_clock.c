/* Texts as dates, and the plan's clock. */
#include "expression/functions.h"
#include "format/text.h"

#include <string.h>

/* ---- to_date, to_timestamp ---- */

static bool read_text(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    const struct cpl_type *type = &call->term->type;
    struct cpl_text_style style = {.date_format = call->term->extra,
                                   .timestamp_format = call->term->extra,
                                   .lenient = !call->term->extra};
    for (uint32_t i = 0; i < call->n; i++) {
        const struct cpl_slice *text = cpl_arg_text(a, i);
        bool ok;
        if (type->kind == CPL_DATE) {
            call->out->i32[i] = 0;
            ok = cpl_parse_date(text->data, text->length, &style, &call->out->i32[i]) ==
                 CPL_TEXT_EXACT;
        } else {
            call->out->i64[i] = 0;
            ok = cpl_parse_timestamp(text->data, text->length, &style, type->unit, type->utc,
                                     &call->out->i64[i]) == CPL_TEXT_EXACT;
        }
        if (!ok)
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

static struct cpl_term *bind_reader(struct cpl_binder *binder, struct cpl_term *call,
                                    struct cpl_type type, enum cpl_text_format what)
{
    struct cpl_error why;
    if (!cpl_arg_is_text(binder, call, 0))
        return NULL;
    if (call->n_args == 2) {
        const struct cpl_slice *format = cpl_arg_constant_text(binder, call, 1);
        if (!format)
            return NULL;
        if (!cpl_text_format_check((const char *)format->data, what, &why))
            return CPL_TERM_FAIL(binder, call->args[1]->at, "%s", why.message);
        call->extra = format->data;
        type.utc = what == CPL_FORMAT_TIMESTAMP && strstr((const char *)format->data, "%z");
        call->n_args = 1;
    }
    return cpl_bind_strict(binder, call, type, read_text);
}

struct cpl_term *cpl_bind_to_date(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_reader(binder, call, (struct cpl_type){.kind = CPL_DATE}, CPL_FORMAT_DATE);
}
struct cpl_term *cpl_bind_to_timestamp(struct cpl_binder *binder, struct cpl_term *call)
{
    return bind_reader(binder, call, (struct cpl_type){.kind = CPL_TIMESTAMP, .unit = CPL_MICRO},
                       CPL_FORMAT_TIMESTAMP);
}

/* ---- now, today ---- */

static struct cpl_term *constant(struct cpl_binder *binder, const struct cpl_term *call,
                                 struct cpl_type type)
{
    struct cpl_term *term = cpl_term_new(binder, CPL_TERM_LITERAL, call->at, 0);
    if (!term)
        return NULL;
    term->type = type;
    term->run = cpl_run_constant;
    return term;
}

struct cpl_term *cpl_bind_now(struct cpl_binder *binder, struct cpl_term *call)
{
    struct cpl_type type = {.kind = CPL_TIMESTAMP, .unit = CPL_MILLI, .utc = true};
    struct cpl_term *term = constant(binder, call, type);
    if (term)
        term->value.i64 = binder->env->now_ms;
    return term;
}
struct cpl_term *cpl_bind_today(struct cpl_binder *binder, struct cpl_term *call)
{
    struct cpl_term *term = constant(binder, call, (struct cpl_type){.kind = CPL_DATE});
    if (term)
        term->value.i32 = (int32_t)cpl_floor_div(binder->env->now_ms, (int64_t)86400000);
    return term;
}

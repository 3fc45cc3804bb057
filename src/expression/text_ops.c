/* ||, like, matches. */
#include "expression/text_ops.h"

#include <string.h>

/* ---- || ---- */

static bool join_row(struct cpl_call *call, uint32_t i)
{
    size_t size = 0;
    for (uint32_t j = 0; j < call->term->n_args; j++)
        size += cpl_arg_text(cpl_call_arg(call, j), i)->length;
    if (size > CPL_TEXT_VALUE_MAX) {
        call->out->slices[i] = (struct cpl_slice){.data = cpl_no_bytes};
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
        return true;
    }
    uint8_t *to = cpl_call_text(call, i, size);
    for (uint32_t j = 0; to && j < call->term->n_args; j++) {
        const struct cpl_slice *part = cpl_arg_text(cpl_call_arg(call, j), i);
        memcpy(to, part->data, part->length);
        to += part->length;
    }
    return to != NULL;
}

static bool join(struct cpl_call *call)
{
    for (uint32_t i = 0; i < call->n; i++)
        if (!join_row(call, i))
            return false;
    return true;
}

struct cpl_term *cpl_bind_concat(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_type type = {.kind = CPL_STRING};
    char shown[96];
    for (uint32_t i = 0; i < term->n_args; i++) {
        if (term->args[i]->type.kind != CPL_STRING && !cpl_is_null_literal(term->args[i]))
            return CPL_TERM_FAIL(binder, term->args[i]->at,
                                 "texts are joined, not %s: cast(… as string)",
                                 cpl_type_shown(&term->args[i]->type, shown));
        if (!(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, false)))
            return NULL;
    }
    return cpl_bind_strict(binder, term, type, join);
}

/* ---- like, matches ---- */

static bool test(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    uint32_t effort = 0;
    if (!cpl_pattern_test(call->term->extra, call->frame->scratch, a->slices, call->n,
                          call->out->u8, &effort, call->frame->err))
        return false;
    for (uint32_t i = 0; effort && i < call->n; i++)
        if (call->out->u8[i] == CPL_PATTERN_EFFORT) {
            call->out->u8[i] = 0;
            cpl_call_raise(call, i, CPL_FAULT_EFFORT);
        }
    return true;
}

static void free_pattern(void *pattern)
{
    cpl_pattern_free(pattern);
}

/* The byte of an error within a literal, whose doubled quotes are one here. */
static size_t byte_in_text(const struct cpl_binder *binder, const struct cpl_term *literal,
                           size_t at)
{
    const char *from = binder->text + literal->at + 1;
    for (; at && *from; at--, from++)
        from += from[0] == '\'' && from[1] == '\'';
    return (size_t)(from - binder->text);
}

struct cpl_pattern *cpl_bind_compiled(struct cpl_binder *binder, const struct cpl_term *literal,
                                      bool like)
{
    struct cpl_error why = {0};
    const struct cpl_slice *text = &literal->value.slice;
    size_t at = 0;
    if (!binder->scratch && !(binder->scratch = cpl_pattern_scratch_new(binder->err)))
        return NULL;
    struct cpl_pattern *pattern =
        like ? cpl_pattern_like((const char *)text->data, text->length, false, &at, &why)
             : cpl_pattern_compile((const char *)text->data, text->length, false, &at, &why);
    if (!pattern && why.code == CPL_E_CONFIG)
        cpl_term_fail(binder, byte_in_text(binder, literal, at), "%s", why.message);
    else if (!pattern)
        cpl_fail_with(binder->err, &why);
    return pattern && cpl_expression_own(binder, pattern, free_pattern) ? pattern : NULL;
}

struct cpl_term *cpl_bind_pattern(struct cpl_binder *binder, struct cpl_term *term)
{
    const struct cpl_type boolean = {.kind = CPL_BOOL};
    char shown[96];
    const char *what = term->op == CPL_OP_LIKE ? "like" : "matches";
    struct cpl_term *text = term->args[0];
    if (cpl_is_null_literal(text))
        text = cpl_bind_coerce(binder, text, &(struct cpl_type){.kind = CPL_STRING}, false);
    if (!text)
        return NULL;
    if (text->type.kind != CPL_STRING)
        return CPL_TERM_FAIL(binder, text->at, "%s tests texts, not %s: cast(… as string)", what,
                             cpl_type_shown(&text->type, shown));
    term->extra = cpl_bind_compiled(binder, term->args[1], term->op == CPL_OP_LIKE);
    if (!term->extra)
        return NULL;
    term->args[0] = text;
    term->n_args = 1;
    return cpl_bind_strict(binder, term, boolean, test);
}

/* Which types can stand beside each other, and the conversions that are made without being asked for. */
#include "expression/convert.h"
#include "expression/decimal.h"
#include "expression/expression_tree.h"
#include "format/text.h"

#include <string.h>

/* ---- the common type ---- */

static bool clash(struct cpl_binder *binder, const struct cpl_term *a, const struct cpl_type *b,
                  const char *what)
{
    char left[96], right[96];
    const char *advice = a->type.kind == CPL_TIMESTAMP && b->kind == CPL_TIMESTAMP
                             ? "one has a zone and the other has none: "
                             : "";
    return cpl_term_fail(binder, a->at, "cannot %s %s and %s: %scast(… as type) says what is meant",
                         what, cpl_type_shown(b, left), cpl_type_shown(&a->type, right), advice);
}

/* `type` widened so that the term fits as well. */
static bool join_numbers(struct cpl_type *type, const struct cpl_term *first,
                         const struct cpl_term *term)
{
    bool floating = term->type.kind == CPL_F32 || term->type.kind == CPL_F64 ||
                    type->kind == CPL_F64;
    if (floating) {
        *type = (struct cpl_type){.kind = CPL_F64};
    } else if (type->kind == CPL_DECIMAL || term->type.kind == CPL_DECIMAL ||
               term->type.kind == CPL_U64) {
        struct cpl_type a = type->kind == CPL_DECIMAL ? *type : cpl_decimal_of(first);
        struct cpl_type b = cpl_decimal_of(term);
        int scale = a.scale > b.scale ? a.scale : b.scale;
        int whole = a.precision - a.scale > b.precision - b.scale ? a.precision - a.scale
                                                                  : b.precision - b.scale;
        *type = cpl_decimal_type(whole + scale, scale);
    }
    return true;
}

static struct cpl_type calculated(const struct cpl_type *type)
{
    if (type->kind == CPL_U64)
        return cpl_decimal_type(20, 0);
    if (cpl_kind_is_integer(type->kind))
        return (struct cpl_type){.kind = CPL_I64};
    if (type->kind == CPL_F32)
        return (struct cpl_type){.kind = CPL_F64};
    return *type;
}

static bool join(struct cpl_binder *binder, struct cpl_type *type, const struct cpl_term *first,
                 const struct cpl_term *term, const char *what)
{
    if (cpl_type_equal(type, &term->type))
        return true;
    struct cpl_type now = calculated(type);
    if (cpl_kind_is_number(type->kind) && cpl_kind_is_number(term->type.kind)) {
        *type = now;
        return join_numbers(type, first, term);
    }
    if (type->kind != term->type.kind || !cpl_kind_is_moment(type->kind) ||
        type->utc != term->type.utc)
        return clash(binder, term, type, what);
    if (type->unit < term->type.unit)
        type->unit = term->type.unit;
    return true;
}

/* The first term that is neither null nor a text literal, or the first literal. */
static struct cpl_term *leader(struct cpl_term **terms, uint32_t n)
{
    struct cpl_term *literal = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (cpl_is_null_literal(terms[i]))
            continue;
        if (!cpl_is_text_literal(terms[i]))
            return terms[i];
        if (!literal)
            literal = terms[i];
    }
    return literal ? literal : terms[0];
}

static bool reads_text(const struct cpl_type *type)
{
    return cpl_kind_is_moment(type->kind) || type->kind == CPL_UUID;
}

bool cpl_bind_common(struct cpl_binder *binder, struct cpl_term **terms, uint32_t n,
                     const char *what, struct cpl_type *type)
{
    struct cpl_term *first = leader(terms, n);
    *type = first->type;
    for (uint32_t i = 0; i < n; i++) {
        if (cpl_is_null_literal(terms[i]))
            continue;
        if (cpl_is_text_literal(terms[i]) && reads_text(&first->type)) {
            terms[i] = cpl_bind_text_literal(binder, terms[i], &first->type);
            if (!terms[i])
                return false;
        }
        if (!join(binder, type, first, terms[i], what))
            return false;
    }
    return true;
}

struct cpl_term *cpl_bind_common_all(struct cpl_binder *binder, struct cpl_term *term,
                                     uint32_t first, bool saturate, const char *what)
{
    struct cpl_type type;
    if (!cpl_bind_common(binder, term->args + first, term->n_args - first, what, &type))
        return NULL;
    for (uint32_t i = first; i < term->n_args; i++)
        if (!(term->args[i] = cpl_bind_coerce(binder, term->args[i], &type, saturate)))
            return NULL;
    return term;
}

/* ---- conversions ---- */

static bool read_text(const struct cpl_slice *text, struct cpl_type *type, union cpl_value *value)
{
    const struct cpl_text_style style = {.lenient = true};
    switch (type->kind) {
    case CPL_DATE:
        return cpl_parse_date(text->data, text->length, &style, &value->i32) == CPL_TEXT_EXACT;
    case CPL_UUID:
        return cpl_parse_uuid(text->data, text->length, false, value->uuid) == CPL_TEXT_EXACT;
    default:
        break;
    }
    for (int unit = (int)type->unit; unit <= CPL_NANO; unit++) {
        type->unit = (enum cpl_unit)unit;
        enum cpl_text_result result = type->kind == CPL_TIME
                                          ? cpl_parse_time(text->data, text->length, &style,
                                                           type->unit, &value->i64)
                                          : cpl_parse_timestamp(text->data, text->length, &style,
                                                                type->unit, type->utc, &value->i64);
        if (result == CPL_TEXT_EXACT)
            return true;
    }
    return false;
}

struct cpl_term *cpl_bind_text_literal(struct cpl_binder *binder, struct cpl_term *term,
                                       const struct cpl_type *type)
{
    char shown[96];
    struct cpl_term *read = cpl_term_new(binder, CPL_TERM_LITERAL, term->at, 0);
    if (!read)
        return NULL;
    read->type = (struct cpl_type){.kind = type->kind, .unit = type->unit, .utc = type->utc};
    read->run = cpl_run_constant;
    if (!read_text(&term->value.slice, &read->type, &read->value))
        return CPL_TERM_FAIL(binder, term->at, "'%.60s' is no %s%s",
                             (const char *)term->value.slice.data, cpl_type_shown(type, shown),
                             type->kind == CPL_TIMESTAMP && type->utc ? ": with its zone, as in "
                                                                        "2026-01-31T12:00:00Z"
                                                                      : "");
    return read;
}

/* A literal whose value is known converts without a fault, or not at all. */
struct cpl_term *cpl_bind_coerce(struct cpl_binder *binder, struct cpl_term *term,
                                 const struct cpl_type *type, bool saturate)
{
    char from[96], to[96];
    if (!term || cpl_type_equal(&term->type, type))
        if (!term || !cpl_is_null_literal(term))
            return term;
    if (cpl_is_null_literal(term)) {
        struct cpl_term *null = cpl_term_new(binder, CPL_TERM_LITERAL, term->at, 0);
        if (!null)
            return NULL;
        null->is_null = null->nullable = true;
        null->type = *type;
        null->run = cpl_run_constant;
        return null;
    }
    if (cpl_is_text_literal(term) && reads_text(type))
        return cpl_bind_text_literal(binder, term, type);
    if (type->kind == CPL_F64 && cpl_kind_is_number(term->type.kind))
        return cpl_bind_unary(binder, term, *type, cpl_convert_double, 0);
    if (type->kind == CPL_I64 && cpl_kind_is_integer(term->type.kind) && term->type.kind != CPL_U64)
        return cpl_bind_unary(binder, term, *type, cpl_convert_int64, 0);
    if (type->kind == CPL_DECIMAL && cpl_kind_is_number(term->type.kind)) {
        struct cpl_type own = cpl_decimal_of(term);
        if (term->type.kind != CPL_DECIMAL)
            term = cpl_bind_unary(binder, term, own, cpl_convert_decimal, 0);
        if (!term || own.scale == type->scale)
            return term;
        return cpl_bind_unary(binder, term, *type, saturate ? cpl_rescale_saturating : cpl_rescale,
                              type->scale - own.scale);
    }
    if (cpl_kind_is_moment(type->kind) && term->type.kind == type->kind)
        return cpl_bind_unary(binder, term, *type, cpl_multiply,
                              cpl_units_a_second(type->unit) / cpl_units_a_second(term->type.unit));
    return CPL_TERM_FAIL(binder, term->at,
                         "%s is needed here, not %s: cast(… as type) says what is meant",
                         cpl_type_shown(type, to), cpl_type_shown(&term->type, from));
}

bool cpl_bind_boolean(struct cpl_binder *binder, struct cpl_term **term, const char *what)
{
    char shown[96];
    if ((*term)->type.kind != CPL_BOOL && !cpl_is_null_literal(*term))
        return cpl_term_fail(binder, (*term)->at, "%s needs a boolean, not %s", what,
                             cpl_type_shown(&(*term)->type, shown));
    *term = cpl_bind_coerce(binder, *term, &(struct cpl_type){.kind = CPL_BOOL}, false);
    return *term != NULL;
}

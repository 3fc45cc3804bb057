/* Terms in the arena, and errors with their byte. */
#include "expression/expression_tree.h"

#include <stdio.h>
#include <string.h>

bool cpl_term_fail(struct cpl_binder *binder, size_t at, const char *format, ...)
{
    char text[700];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *binder->at = at;
    return cpl_fail(binder->err, CPL_E_CONFIG, "%s", text);
}

struct cpl_term *cpl_term_new(struct cpl_binder *binder, enum cpl_term_kind kind, size_t at,
                              uint32_t n_args)
{
    if (binder->terms >= CPL_TERMS_MAX && !binder->parsed)
        return CPL_TERM_FAIL(binder, at, "more than %d operators and operands", CPL_TERMS_MAX);
    struct cpl_term *term = cpl_arena_alloc_wide(binder->arena, sizeof *term, binder->err);
    struct cpl_term **args =
        n_args ? cpl_arena_alloc(binder->arena, n_args * sizeof *args, binder->err) : NULL;
    if (!term || (n_args && !args))
        return NULL;
    for (uint32_t i = 0; i < n_args; i++)
        args[i] = NULL;
    binder->terms++;
    *term = (struct cpl_term){.kind = kind,
                              .op = CPL_OP_NONE,
                              .at = (uint32_t)at,
                              .height = 1,
                              .n_args = n_args,
                              .args = args};
    return term;
}

const char *cpl_type_shown(const struct cpl_type *type, char out[96])
{
    struct cpl_buffer text = {0};
    const char *shown = cpl_type_format(type, &text, NULL) ? cpl_buffer_text(&text, NULL) : NULL;
    snprintf(out, 96, "%s", shown ? shown : "?");
    cpl_buffer_release(&text);
    return out;
}

bool cpl_kind_is_integer(enum cpl_kind kind)
{
    return kind >= CPL_I8 && kind <= CPL_U64;
}
bool cpl_kind_is_number(enum cpl_kind kind)
{
    return kind >= CPL_I8 && kind <= CPL_DECIMAL;
}

bool cpl_kind_is_moment(enum cpl_kind kind)
{
    return kind == CPL_DATE || kind == CPL_TIME || kind == CPL_TIMESTAMP;
}

int64_t cpl_units_a_second(enum cpl_unit unit)
{
    static const int64_t units[] = {1, 1000, 1000000, 1000000000};
    return units[unit];
}

struct cpl_type cpl_decimal_type(int precision, int scale)
{
    return (struct cpl_type){.kind = CPL_DECIMAL,
                             .precision = (uint8_t)(precision > 38 ? 38 : precision),
                             .scale = (int8_t)scale};
}

static int literal_digits(int64_t value)
{
    int n = 1;
    while (value /= 10)
        n++;
    return n;
}

struct cpl_type cpl_decimal_of(const struct cpl_term *term)
{
    static const uint8_t digits[CPL_KIND_COUNT] = {
        [CPL_I8] = 3,  [CPL_I16] = 5,  [CPL_I32] = 10, [CPL_I64] = 19, [CPL_U8] = 3,
        [CPL_U16] = 5, [CPL_U32] = 10, [CPL_U64] = 20, [CPL_BOOL] = 1};
    if (term->type.kind == CPL_DECIMAL)
        return term->type;
    if (term->kind == CPL_TERM_LITERAL && term->type.kind == CPL_I64)
        return cpl_decimal_type(literal_digits(term->value.i64), 0);
    return cpl_decimal_type(digits[term->type.kind], 0);
}

bool cpl_is_null_literal(const struct cpl_term *term)
{
    return term->kind == CPL_TERM_LITERAL && term->is_null;
}
bool cpl_is_text_literal(const struct cpl_term *term)
{
    return term->kind == CPL_TERM_LITERAL && !term->is_null && term->type.kind == CPL_STRING;
}

size_t cpl_slot_width(const struct cpl_type *type)
{
    size_t width = type->kind == CPL_DECIMAL ? 16 : cpl_type_width(type);
    return width ? width : 16;
}

/* Literals: numbers, texts, and date '…', time '…', timestamp '…'. */
#include "expression/parse.h"
#include "format/text.h"

#include <stdio.h>
#include <string.h>

static const struct cpl_text_style strict = {0};

static struct cpl_term *literal(struct cpl_parser *parser, size_t at, struct cpl_type type)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_LITERAL, at, 0);
    if (term)
        term->type = type;
    return term;
}

/* Digits before and behind the point, without leading zeros. */
static void count_digits(const char *text, size_t length, int *whole, int *scale)
{
    const char *point = memchr(text, '.', length);
    size_t n = point ? (size_t)(point - text) : length, skip = 0;
    while (skip < n && text[skip] == '0')
        skip++;
    *whole = n - skip > 99 ? 99 : (int)(n - skip);
    size_t fraction = point ? length - n - 1 : 0;
    *scale = fraction > 99 ? 99 : (int)fraction;
}

static struct cpl_term *decimal(struct cpl_parser *parser, size_t at, const char *text,
                                size_t length, bool negative)
{
    int whole, scale;
    cpl_int128 value;
    struct cpl_text_style style = {.lenient = true};
    count_digits(text, length, &whole, &scale);
    if (whole + scale > 38 || cpl_parse_decimal128((const uint8_t *)text, length, &style, 38, scale,
                                                   &value) != CPL_TEXT_EXACT)
        return CPL_TERM_FAIL(parser->binder, at,
                             "a number of more than 38 digits; with an exponent (1e3) "
                             "it is a double");
    struct cpl_term *term = literal(parser, at,
                                    cpl_decimal_type(whole + scale ? whole + scale : 1, scale));
    if (term)
        term->value.i128 = negative ? -value : value;
    return term;
}

static struct cpl_term *double_(struct cpl_parser *parser, size_t at, const char *text,
                                size_t length, bool negative)
{
    double value = 0;
    struct cpl_text_style style = {.lenient = true};
    enum cpl_text_result result = cpl_parse_double((const uint8_t *)text, length, &style, &value);
    if (result == CPL_TEXT_NO || value - value != 0)
        return CPL_TERM_FAIL(parser->binder, at, "a number that no double can hold");
    struct cpl_term *term = literal(parser, at, (struct cpl_type){.kind = CPL_F64});
    if (term)
        term->value.f64 = negative ? -value : value;
    return term;
}

struct cpl_term *cpl_parse_number(struct cpl_parser *parser, size_t at, bool negative)
{
    const struct cpl_token token = parser->lexer.token;
    const char *text = parser->binder->text + token.at;
    char digits[64];
    int64_t value;
    struct cpl_term *term;
    if (memchr(text, 'e', token.length) || memchr(text, 'E', token.length))
        term = double_(parser, at, text, token.length, negative);
    else if (memchr(text, '.', token.length) || token.length > 40)
        term = decimal(parser, at, text, token.length, negative);
    else {
        const struct cpl_text_style style = {.lenient = true};
        int n = snprintf(digits, sizeof digits, "%s%.*s", negative ? "-" : "", (int)token.length,
                         text);
        if (cpl_parse_int((const uint8_t *)digits, (size_t)n, &style, INT64_MIN, INT64_MAX,
                          &value) != CPL_TEXT_EXACT) {
            term = decimal(parser, at, text, token.length, negative);
        } else if ((term = literal(parser, at, (struct cpl_type){.kind = CPL_I64}))) {
            term->value.i64 = value;
        }
    }
    return term && cpl_lex_next(&parser->lexer) ? term : NULL;
}

struct cpl_term *cpl_parse_text(struct cpl_parser *parser)
{
    struct cpl_term *term = literal(parser, parser->lexer.token.at,
                                    (struct cpl_type){.kind = CPL_STRING});
    size_t length;
    const char *text = term ? cpl_token_unquoted(&parser->lexer, &length) : NULL;
    if (!text)
        return NULL;
    term->value.slice = (struct cpl_slice){.data = (const uint8_t *)text,
                                           .length = (uint32_t)length};
    return cpl_lex_next(&parser->lexer) ? term : NULL;
}

/* ---- dates and times ---- */

static bool read_date(struct cpl_term *term, const uint8_t *text, size_t length)
{
    return cpl_parse_date(text, length, &strict, &term->value.i32) == CPL_TEXT_EXACT;
}

/* In the coarsest unit that holds it. */
static bool read_time(struct cpl_term *term, const uint8_t *text, size_t length)
{
    for (int unit = CPL_SECOND; unit <= CPL_NANO; unit++) {
        term->type.unit = (enum cpl_unit)unit;
        if (cpl_parse_time(text, length, &strict, term->type.unit, &term->value.i64) ==
            CPL_TEXT_EXACT)
            return true;
    }
    return false;
}

static bool read_timestamp(struct cpl_term *term, const uint8_t *text, size_t length)
{
    const struct cpl_text_style style = {.lenient = true};
    for (int utc = 0; utc <= 1; utc++)
        for (int unit = CPL_SECOND; unit <= CPL_NANO; unit++) {
            term->type.unit = (enum cpl_unit)unit;
            term->type.utc = utc;
            if (cpl_parse_timestamp(text, length, &style, term->type.unit, utc, &term->value.i64) ==
                CPL_TEXT_EXACT)
                return true;
        }
    return false;
}

struct cpl_term *cpl_parse_typed_text(struct cpl_parser *parser, enum cpl_kind kind, size_t at)
{
    size_t text_at = parser->lexer.token.at, length;
    struct cpl_term *term = literal(parser, at, (struct cpl_type){.kind = kind});
    const uint8_t *text = term ? (const uint8_t *)cpl_token_unquoted(&parser->lexer, &length)
                               : NULL;
    if (!text)
        return NULL;
    if (kind == CPL_DATE && !read_date(term, text, length))
        return CPL_TERM_FAIL(parser->binder, text_at,
                             "'%.40s' is no date: it is written as "
                             "date '2026-01-31'",
                             text);
    if (kind == CPL_TIME && !read_time(term, text, length))
        return CPL_TERM_FAIL(parser->binder, text_at,
                             "'%.40s' is no time: it is written as time '12:00:00'", text);
    if (kind == CPL_TIMESTAMP && !read_timestamp(term, text, length))
        return CPL_TERM_FAIL(parser->binder, text_at,
                             "'%.40s' is no timestamp: it is written as "
                             "timestamp '2026-01-31 12:00:00', or with a Z behind it",
                             text);
    return cpl_lex_next(&parser->lexer) ? term : NULL;
}

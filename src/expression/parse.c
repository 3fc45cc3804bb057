/* The grammar, one function a level of precedence; the tree stands in the arena.
 *
 * Bounds: parentheses, calls and signs nest CPL_EXPRESSION_DEPTH deep, and so many levels has the tree; chains of `and`, `or` and ||
 * become one term, so that a list of a thousand conditions is one level. */
#include "expression/parse.h"
#include "expression/characters.h"

#include <string.h>

static struct cpl_term *parse_unary(struct cpl_parser *parser);

/* ---- terms ---- */

static struct cpl_term *operator_(struct cpl_parser *parser, enum cpl_op op, size_t at,
                                  struct cpl_term *left, struct cpl_term *right)
{
    if (!left || !right)
        return NULL;
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_OPERATOR, at,
                                         right == left ? 1 : 2);
    if (!term)
        return NULL;
    term->op = op;
    term->args[0] = left;
    if (right != left)
        term->args[1] = right;
    return cpl_parse_finish(parser, term);
}
static struct cpl_term *unary(struct cpl_parser *parser, enum cpl_op op, size_t at,
                              struct cpl_term *arg)
{
    return operator_(parser, op, at, arg, arg);
}

/* ---- operators, highest precedence first ---- */

static struct cpl_term *parse_unary(struct cpl_parser *parser)
{
    size_t at = parser->lexer.token.at;
    struct cpl_term *term = NULL;
    if (!cpl_parse_is_sign(parser, "-"))
        return cpl_parse_primary(parser);
    if (cpl_parse_enter(parser) && cpl_parse_next(parser))
        term = parser->lexer.token.kind == CPL_TOKEN_NUMBER
                   ? cpl_parse_number(parser, at, true)
                   : unary(parser, CPL_OP_NEG, at, parse_unary(parser));
    parser->depth--;
    return term;
}

static struct cpl_term *parse_product(struct cpl_parser *parser)
{
    struct cpl_term *left = parse_unary(parser);
    while (left) {
        enum cpl_op op = cpl_parse_is_sign(parser, "*")   ? CPL_OP_MUL
                         : cpl_parse_is_sign(parser, "/") ? CPL_OP_DIVIDE
                         : cpl_parse_is_sign(parser, "%") ? CPL_OP_MOD
                                                          : CPL_OP_NONE;
        size_t at = parser->lexer.token.at;
        if (op == CPL_OP_NONE)
            break;
        left = cpl_parse_next(parser) ? operator_(parser, op, at, left, parse_unary(parser)) : NULL;
    }
    return left;
}

/* One more operand of a chain of `op`, which is one term. */
static struct cpl_term *chain(struct cpl_parser *parser, enum cpl_op op, size_t at,
                              struct cpl_term *left, struct cpl_term *right, bool begun)
{
    if (!begun)
        return operator_(parser, op, at, left, right);
    return cpl_parse_add(parser, left, right) ? cpl_parse_finish(parser, left) : NULL;
}

static struct cpl_term *parse_sum(struct cpl_parser *parser)
{
    struct cpl_term *left = parse_product(parser), *begun = NULL;
    while (left) {
        enum cpl_op op = cpl_parse_is_sign(parser, "+")    ? CPL_OP_ADD
                         : cpl_parse_is_sign(parser, "-")  ? CPL_OP_SUB
                         : cpl_parse_is_sign(parser, "||") ? CPL_OP_CONCAT
                                                           : CPL_OP_NONE;
        size_t at = parser->lexer.token.at;
        if (op == CPL_OP_NONE)
            break;
        if (!cpl_parse_next(parser))
            return NULL;
        if (op == CPL_OP_CONCAT)
            begun = left = chain(parser, op, at, left, parse_product(parser), begun == left);
        else
            left = operator_(parser, op, at, left, parse_product(parser));
    }
    return left;
}

/* x in (a, b, …): args are x, a, b, … */
static struct cpl_term *parse_in(struct cpl_parser *parser, size_t at, struct cpl_term *left)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_OPERATOR, at, 0);
    if (!term || !cpl_parse_the_sign(parser, "(", "'('") || !cpl_parse_add(parser, term, left))
        return NULL;
    term->op = CPL_OP_IN;
    for (;;) {
        if (!cpl_parse_add(parser, term, cpl_parse_whole(parser)))
            return NULL;
        if (!cpl_parse_is_sign(parser, ","))
            break;
        if (!cpl_parse_next(parser))
            return NULL;
    }
    return cpl_parse_the_sign(parser, ")", "',' or ')'") ? cpl_parse_finish(parser, term) : NULL;
}

static struct cpl_term *parse_between(struct cpl_parser *parser, size_t at, struct cpl_term *left)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_OPERATOR, at, 0);
    if (!term || !cpl_parse_add(parser, term, left) ||
        !cpl_parse_add(parser, term, parse_sum(parser)) || !cpl_parse_the_word(parser, "and") ||
        !cpl_parse_add(parser, term, parse_sum(parser)))
        return NULL;
    term->op = CPL_OP_BETWEEN;
    return cpl_parse_finish(parser, term);
}

static struct cpl_term *parse_like(struct cpl_parser *parser, enum cpl_op op, size_t at,
                                   struct cpl_term *left)
{
    if (parser->lexer.token.kind != CPL_TOKEN_TEXT)
        return cpl_parse_expected(parser, "a pattern as a text in quotes"), NULL;
    return operator_(parser, op, at, left, cpl_parse_text(parser));
}

/* is [not] null */
static struct cpl_term *parse_is(struct cpl_parser *parser, size_t at, struct cpl_term *left)
{
    bool negated;
    if (!cpl_parse_take(parser, "not", &negated) || !cpl_parse_the_word(parser, "null"))
        return NULL;
    struct cpl_term *term = unary(parser, CPL_OP_IS_NULL, at, left);
    if (term)
        term->negated = negated;
    return term;
}

static enum cpl_op comparison_sign(const struct cpl_parser *parser)
{
    static const char *const signs[] = {"=", "<>", "<", "<=", ">", ">="};
    for (int i = 0; i < 6; i++)
        if (cpl_parse_is_sign(parser, signs[i]))
            return (enum cpl_op)(CPL_OP_EQ + i);
    return CPL_OP_NONE;
}

/* in, between, like, matches, behind an optional not; `left` when none of them is there. */
static struct cpl_term *parse_test_words(struct cpl_parser *parser, struct cpl_term *left)
{
    size_t at = parser->lexer.token.at;
    bool negated, in, between, like, matches = false;
    struct cpl_term *term = NULL;
    if (!cpl_parse_take(parser, "not", &negated) || !cpl_parse_take(parser, "in", &in) ||
        !cpl_parse_take(parser, "between", &between) || !cpl_parse_take(parser, "like", &like) ||
        (!in && !between && !like && !cpl_parse_take(parser, "matches", &matches)))
        return NULL;
    if (in)
        term = parse_in(parser, at, left);
    else if (between)
        term = parse_between(parser, at, left);
    else if (like || matches)
        term = parse_like(parser, like ? CPL_OP_LIKE : CPL_OP_MATCHES, at, left);
    else
        return negated ? (cpl_parse_expected(parser, "in, between, like or matches"), NULL) : left;
    if (term)
        term->negated = negated;
    return term;
}

static struct cpl_term *parse_comparison(struct cpl_parser *parser)
{
    struct cpl_term *left = parse_sum(parser);
    if (!left)
        return NULL;
    size_t at = parser->lexer.token.at;
    enum cpl_op op = comparison_sign(parser);
    bool is = false;
    struct cpl_term *term;
    if (op != CPL_OP_NONE)
        term = cpl_parse_next(parser) ? operator_(parser, op, at, left, parse_sum(parser)) : NULL;
    else if (!cpl_parse_take(parser, "is", &is))
        return NULL;
    else
        term = is ? parse_is(parser, at, left) : parse_test_words(parser, left);
    if (term && (comparison_sign(parser) != CPL_OP_NONE ||
                 (term != left && cpl_parse_is_word(parser, "is"))))
        return CPL_TERM_FAIL(
            parser->binder, parser->lexer.token.at,
            "comparisons stand one behind the other: join them by and, or use parentheses");
    return term;
}

static struct cpl_term *parse_not(struct cpl_parser *parser)
{
    size_t at = parser->lexer.token.at;
    bool negated;
    struct cpl_term *term = NULL;
    if (!cpl_parse_enter(parser) || !cpl_parse_take(parser, "not", &negated))
        return NULL;
    term = negated ? unary(parser, CPL_OP_NOT, at, parse_not(parser)) : parse_comparison(parser);
    parser->depth--;
    return term;
}

static struct cpl_term *parse_and(struct cpl_parser *parser)
{
    struct cpl_term *left = parse_not(parser);
    for (bool begun = false; left && cpl_parse_is_word(parser, "and"); begun = true) {
        size_t at = parser->lexer.token.at;
        left = cpl_parse_next(parser)
                   ? chain(parser, CPL_OP_AND, at, left, parse_not(parser), begun)
                   : NULL;
    }
    return left;
}

struct cpl_term *cpl_parse_whole(struct cpl_parser *parser)
{
    struct cpl_term *left = parse_and(parser);
    for (bool begun = false; left && cpl_parse_is_word(parser, "or"); begun = true) {
        size_t at = parser->lexer.token.at;
        left = cpl_parse_next(parser) ? chain(parser, CPL_OP_OR, at, left, parse_and(parser), begun)
                                      : NULL;
    }
    return left;
}

struct cpl_term *cpl_expression_parse(struct cpl_binder *binder)
{
    struct cpl_parser parser = {.lexer.binder = binder, .binder = binder};
    if (strnlen(binder->text, CPL_EXPRESSION_BYTES + 1) > CPL_EXPRESSION_BYTES)
        return CPL_TERM_FAIL(binder, CPL_EXPRESSION_BYTES, "an expression has at most 64 KiB");
    size_t length = strlen(binder->text),
           valid = cpl_valid_characters((const uint8_t *)binder->text, length);
    if (valid < length)
        return CPL_TERM_FAIL(binder, valid, "the text is not UTF-8 here");
    if (!cpl_parse_next(&parser))
        return NULL;
    struct cpl_term *term = cpl_parse_whole(&parser);
    if (term && parser.lexer.token.kind != CPL_TOKEN_END)
        return cpl_parse_expected(&parser, "an operator or the end"), NULL;
    return term;
}

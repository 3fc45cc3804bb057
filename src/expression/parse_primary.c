/* Values: columns, constants, calls, casts, case; and what all of the grammar's functions are made of. */
#include "expression/parse.h"

#include <stdio.h>
#include <string.h>

/* ---- words ---- */

/* Takes the word if it is the next; *there. False: an error. */
bool cpl_parse_take(struct cpl_parser *parser, const char *word, bool *there)
{
    *there = cpl_parse_is_word(parser, word);
    return !*there || cpl_parse_next(parser);
}

static void shown_token(const struct cpl_parser *parser, char out[48])
{
    const struct cpl_token *token = &parser->lexer.token;
    if (token->kind == CPL_TOKEN_END)
        snprintf(out, 48, "the end");
    else
        snprintf(out, 48, "'%.*s'", token->length > 30 ? 30 : (int)token->length,
                 parser->binder->text + token->at);
}

bool cpl_parse_expected(struct cpl_parser *parser, const char *what)
{
    char shown[48];
    shown_token(parser, shown);
    return cpl_term_fail(parser->binder, parser->lexer.token.at, "%s was expected, not %s", what,
                         shown);
}

bool cpl_parse_the_word(struct cpl_parser *parser, const char *word)
{
    return cpl_parse_is_word(parser, word) ? cpl_parse_next(parser)
                                           : cpl_parse_expected(parser, word);
}
bool cpl_parse_the_sign(struct cpl_parser *parser, const char *sign, const char *shown)
{
    return cpl_parse_is_sign(parser, sign) ? cpl_parse_next(parser)
                                           : cpl_parse_expected(parser, shown);
}

bool cpl_parse_enter(struct cpl_parser *parser)
{
    if (++parser->depth <= CPL_EXPRESSION_DEPTH)
        return true;
    return cpl_term_fail(parser->binder, parser->lexer.token.at, "more than %d levels of nesting",
                         CPL_EXPRESSION_DEPTH);
}

/* ---- terms ---- */

/* Sets the height from the arguments. */
struct cpl_term *cpl_parse_finish(struct cpl_parser *parser, struct cpl_term *term)
{
    for (uint32_t i = 0; i < term->n_args; i++)
        if (term->height <= term->args[i]->height)
            term->height = term->args[i]->height + 1;
    if (term->height > CPL_EXPRESSION_DEPTH)
        return CPL_TERM_FAIL(parser->binder, term->at, "more than %d levels of operators",
                             CPL_EXPRESSION_DEPTH);
    return term;
}

/* Room for one more argument; capacity doubles, old arrays stay in the arena. */
bool cpl_parse_add(struct cpl_parser *parser, struct cpl_term *term, struct cpl_term *arg)
{
    uint32_t n = term->n_args;
    if (!arg)
        return false;
    if ((n & (n - 1)) == 0) {
        struct cpl_term **more = cpl_arena_alloc(
            parser->binder->arena, (n ? 2 * (size_t)n : 1) * sizeof *more, parser->binder->err);
        if (!more)
            return false;
        if (n)
            memcpy(more, term->args, n * sizeof *more);
        term->args = more;
    }
    term->args[term->n_args++] = arg;
    return true;
}

/* ---- calls, casts ---- */

static bool is_reserved(const struct cpl_parser *parser)
{
    static const char *const words[] = {"and",  "or",      "not",  "is",   "in",   "between",
                                        "like", "matches", "case", "when", "then", "else",
                                        "end",  "null",    "as",   NULL};
    for (size_t i = 0; words[i]; i++)
        if (cpl_parse_is_word(parser, words[i]))
            return true;
    return false;
}

static bool check_count(struct cpl_parser *parser, const struct cpl_term *term)
{
    const struct cpl_function *function = term->function;
    if (term->n_args >= function->least && term->n_args <= function->most)
        return true;
    return cpl_term_fail(
        parser->binder, term->at, "%s takes %s%u argument%s, not %u: %s", function->row.name,
        function->least == function->most ? "" : "at least ",
        term->n_args < function->least ? function->least : function->most,
        (term->n_args < function->least ? function->least : function->most) == 1 ? "" : "s",
        term->n_args, function->row.signature);
}

static struct cpl_term *parse_call(struct cpl_parser *parser, const char *name, size_t at)
{
    const struct cpl_function *function = cpl_function_find(name);
    if (!function) {
        const char *near = cpl_function_nearest(name);
        return CPL_TERM_FAIL(parser->binder, at,
                             near ? "there is no function '%.60s'; is '%s' meant?"
                                  : "there is no function '%.60s'",
                             name, near);
    }
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_CALL, at, 0);
    if (!term || !cpl_parse_next(parser))
        return NULL;
    term->function = function;
    if (!cpl_parse_is_sign(parser, ")"))
        for (;;) {
            if (!cpl_parse_add(parser, term, cpl_parse_whole(parser)))
                return NULL;
            if (!cpl_parse_is_sign(parser, ","))
                break;
            if (!cpl_parse_next(parser))
                return NULL;
        }
    if (!cpl_parse_the_sign(parser, ")", "',' or ')'") || !check_count(parser, term))
        return NULL;
    return cpl_parse_finish(parser, term);
}

/* Up to the parenthesis that closes the cast, which becomes the next token. */
static bool parse_type(struct cpl_parser *parser, struct cpl_type *type)
{
    const char *text = parser->binder->text;
    size_t start = parser->lexer.token.at, end = start;
    struct cpl_error why;
    for (int open = 0; text[end] && (open || text[end] != ')'); end++)
        open += (text[end] == '(') - (text[end] == ')');
    char *name = cpl_arena_strndup(parser->binder->arena, text + start, end - start,
                                   parser->binder->err);
    if (!name)
        return false;
    if (!cpl_type_parse(name, parser->binder->arena, type, &why))
        return why.code == CPL_E_CONFIG ? cpl_term_fail(parser->binder, start, "%s", why.message)
                                        : cpl_fail_with(parser->binder->err, &why);
    parser->lexer.next = end;
    return cpl_parse_next(parser);
}

static struct cpl_term *parse_cast(struct cpl_parser *parser, size_t at, bool is_try)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_CAST, at, 1);
    if (!term || !cpl_parse_next(parser))
        return NULL;
    term->is_try = is_try;
    term->args[0] = cpl_parse_whole(parser);
    if (!term->args[0] || !cpl_parse_the_word(parser, "as") || !parse_type(parser, &term->type) ||
        !cpl_parse_the_sign(parser, ")", "')'"))
        return NULL;
    return cpl_parse_finish(parser, term);
}

static struct cpl_term *parse_case(struct cpl_parser *parser, size_t at)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_CASE, at, 0);
    bool when;
    if (!term || !cpl_parse_next(parser))
        return NULL;
    term->has_operand = !cpl_parse_is_word(parser, "when");
    if (term->has_operand && !cpl_parse_add(parser, term, cpl_parse_whole(parser)))
        return NULL;
    if (!cpl_parse_is_word(parser, "when"))
        return cpl_parse_expected(parser, "when"), NULL;
    for (;;) {
        if (!cpl_parse_take(parser, "when", &when))
            return NULL;
        if (!when)
            break;
        if (!cpl_parse_add(parser, term, cpl_parse_whole(parser)) ||
            !cpl_parse_the_word(parser, "then") ||
            !cpl_parse_add(parser, term, cpl_parse_whole(parser)))
            return NULL;
    }
    if (!cpl_parse_take(parser, "else", &term->has_else) ||
        (term->has_else && !cpl_parse_add(parser, term, cpl_parse_whole(parser))) ||
        !cpl_parse_the_word(parser, "end"))
        return NULL;
    return cpl_parse_finish(parser, term);
}

/* a.b.c, any part quoted: the parts joined by NUL. `first` is the first one. */
static struct cpl_term *parse_column(struct cpl_parser *parser, const char *first, size_t length,
                                     size_t at)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_COLUMN, at, 0);
    struct cpl_buffer names = {0};
    struct cpl_error *err = parser->binder->err;
    bool ok = term && cpl_buffer_append(&names, first, length + 1, err);
    if (ok)
        term->n_parts = 1;
    while (ok && cpl_parse_is_sign(parser, ".")) {
        ok = cpl_parse_next(parser);
        const struct cpl_token token = parser->lexer.token;
        if (!ok)
            break;
        size_t part = token.length;
        const char *name = parser->binder->text + token.at;
        if (token.kind == CPL_TOKEN_QUOTED)
            name = cpl_token_unquoted(&parser->lexer, &part);
        else if (token.kind != CPL_TOKEN_NAME)
            ok = cpl_parse_expected(parser, "a member's name");
        ok = ok && name && cpl_buffer_append(&names, name, part, err) &&
             cpl_buffer_append(&names, "", 1, err) && cpl_parse_next(parser);
        if (ok)
            term->n_parts++;
    }
    if (ok)
        term->name = cpl_arena_strndup(parser->binder->arena, (const char *)names.data, names.size,
                                       err);
    cpl_buffer_release(&names);
    return ok && term->name ? term : NULL;
}

static struct cpl_term *parse_constant(struct cpl_parser *parser, bool is_null, bool value)
{
    struct cpl_term *term = cpl_term_new(parser->binder, CPL_TERM_LITERAL, parser->lexer.token.at,
                                         0);
    if (!term)
        return NULL;
    term->is_null = is_null;
    term->value.u8 = value;
    return cpl_parse_next(parser) ? term : NULL;
}

/* A bare word: a constant, a typed text, a call, or a column. */
static struct cpl_term *parse_word(struct cpl_parser *parser)
{
    static const struct {
        const char *word;
        enum cpl_kind kind;
    } typed[] = {{"date", CPL_DATE}, {"time", CPL_TIME}, {"timestamp", CPL_TIMESTAMP}};
    size_t at = parser->lexer.token.at, length = parser->lexer.token.length;
    bool is_true = cpl_parse_is_word(parser, "true"), is_null = cpl_parse_is_word(parser, "null");
    if (is_true || is_null || cpl_parse_is_word(parser, "false"))
        return parse_constant(parser, is_null, is_true);
    if (cpl_parse_is_word(parser, "case"))
        return parse_case(parser, at);
    if (is_reserved(parser))
        return cpl_parse_expected(parser, "a value"), NULL;
    const char *name = cpl_arena_strndup(parser->binder->arena, parser->binder->text + at, length,
                                         parser->binder->err);
    int kind = -1;
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++)
        if (cpl_parse_is_word(parser, typed[i].word))
            kind = (int)typed[i].kind;
    bool cast = cpl_parse_is_word(parser, "cast"), try_cast = cpl_parse_is_word(parser, "try_cast");
    if (!name || !cpl_parse_next(parser))
        return NULL;
    if (kind >= 0 && parser->lexer.token.kind == CPL_TOKEN_TEXT)
        return cpl_parse_typed_text(parser, (enum cpl_kind)kind, at);
    if (!cpl_parse_is_sign(parser, "("))
        return parse_column(parser, name, length, at);
    return cast || try_cast ? parse_cast(parser, at, try_cast) : parse_call(parser, name, at);
}

static struct cpl_term *parse_quoted_column(struct cpl_parser *parser)
{
    size_t at = parser->lexer.token.at, length;
    const char *name = cpl_token_unquoted(&parser->lexer, &length);
    return name && cpl_parse_next(parser) ? parse_column(parser, name, length, at) : NULL;
}

struct cpl_term *cpl_parse_primary(struct cpl_parser *parser)
{
    struct cpl_term *term;
    switch (parser->lexer.token.kind) {
    case CPL_TOKEN_NUMBER:
        return cpl_parse_number(parser, parser->lexer.token.at, false);
    case CPL_TOKEN_TEXT:
        return cpl_parse_text(parser);
    case CPL_TOKEN_QUOTED:
        return parse_quoted_column(parser);
    case CPL_TOKEN_NAME:
        return parse_word(parser);
    default:
        break;
    }
    if (!cpl_parse_is_sign(parser, "("))
        return cpl_parse_expected(parser, "a value"), NULL;
    term = cpl_parse_next(parser) ? cpl_parse_whole(parser) : NULL;
    return term && cpl_parse_the_sign(parser, ")", "')'") ? term : NULL;
}

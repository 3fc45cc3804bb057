/* The words and signs of an expression's text, one at a time; for parse.c.
 *
 * A token points into the text. What no token can begin with, and quotes that are not closed, are errors with their byte. */
#pragma once
#include "expression/expression_tree.h"

enum cpl_token_kind {
    CPL_TOKEN_END,
    CPL_TOKEN_NAME,   /* a bare word: a name or a keyword */
    CPL_TOKEN_QUOTED, /* "any name" */
    CPL_TOKEN_NUMBER,
    CPL_TOKEN_TEXT, /* 'text' */
    CPL_TOKEN_SIGN  /* .sign: one character, or two as in <= */
};
struct cpl_token {
    enum cpl_token_kind kind;
    size_t at, length;
    char sign[3];
};
struct cpl_lexer {
    struct cpl_binder *binder;
    size_t next; /* byte behind .token */
    struct cpl_token token;
};
/* On to the next token. */
bool cpl_lex_next(struct cpl_lexer *lexer) CPL_CHECKED;
bool cpl_token_is_word(const struct cpl_lexer *lexer, const char *keyword);
static inline bool cpl_token_is_sign(const struct cpl_lexer *lexer, const char *sign)
{
    const struct cpl_token *token = &lexer->token;
    return token->kind == CPL_TOKEN_SIGN && token->sign[0] == sign[0] && token->sign[1] == sign[1];
}
/* What stands between the quotes, doubled ones made single; in the arena. */
char *cpl_token_unquoted(const struct cpl_lexer *lexer, size_t *length);

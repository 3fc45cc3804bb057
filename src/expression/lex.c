#include "expression/lex.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}
static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static bool is_name_char(char c)
{
    return is_name_start(c) || is_digit(c) || c == '$';
}

static size_t skip_blanks(const char *text, size_t at)
{
    while (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r')
        at++;
    return at;
}

static size_t digits_end(const char *text, size_t at)
{
    while (is_digit(text[at]))
        at++;
    return at;
}

/* 1, 1.5, .5, 1e-3: the byte behind it. */
static size_t number_end(const char *text, size_t at)
{
    at = digits_end(text, at);
    if (text[at] == '.' && is_digit(text[at + 1]))
        at = digits_end(text, at + 1);
    if (text[at] == 'e' || text[at] == 'E') {
        size_t exponent = at + 1 + (text[at + 1] == '-' || text[at + 1] == '+');
        if (is_digit(text[exponent]))
            at = digits_end(text, exponent);
    }
    return at;
}

/* Behind the closing quote, or `start` when there is none. */
static size_t quoted_end(const char *text, size_t start)
{
    for (size_t at = start + 1; text[at]; at++)
        if (text[at] == text[start] && text[++at] != text[start])
            return at;
    return start;
}

static bool lex_quoted(struct cpl_lexer *lexer, const char *text, size_t at)
{
    lexer->next = quoted_end(text, at);
    lexer->token.kind = text[at] == '"' ? CPL_TOKEN_QUOTED : CPL_TOKEN_TEXT;
    if (lexer->next == at)
        return cpl_term_fail(lexer->binder, at, "a quote is not closed: a %s ends with %c",
                             text[at] == '"' ? "name" : "text", text[at]);
    return true;
}

static bool lex_number(struct cpl_lexer *lexer, const char *text, size_t at)
{
    lexer->token.kind = CPL_TOKEN_NUMBER;
    lexer->next = number_end(text, at);
    if (!is_name_char(text[lexer->next]))
        return true;
    return cpl_term_fail(
        lexer->binder, lexer->next,
        "'%c' stands right behind a number; a column whose name begins with a digit is "
        "written in double quotes",
        text[lexer->next]);
}

static bool lex_sign(struct cpl_lexer *lexer, const char *text, size_t at)
{
    static const char *const pairs[] = {"<>", "<=", ">=", "||", NULL};
    lexer->token.kind = CPL_TOKEN_SIGN;
    memset(lexer->token.sign, 0, sizeof lexer->token.sign);
    lexer->token.sign[0] = text[at];
    lexer->next = at + 1;
    for (size_t i = 0; pairs[i]; i++)
        if (strncmp(text + at, pairs[i], 2) == 0) {
            lexer->token.sign[1] = text[at + 1];
            lexer->next = at + 2;
            return true;
        }
    if (strncmp(text + at, "!=", 2) == 0)
        return cpl_term_fail(lexer->binder, at, "'!=' is written <> here");
    if (strncmp(text + at, "==", 2) == 0)
        return cpl_term_fail(lexer->binder, at, "'==' is written = here");
    if (strchr("=<>+-*/%(),.", text[at]))
        return true;
    char shown[16];
    snprintf(shown, sizeof shown, (unsigned char)text[at] < 0x20 ? "0x%02X" : "'%c'", text[at]);
    return cpl_term_fail(lexer->binder, at, "%s has no meaning here", shown);
}

bool cpl_lex_next(struct cpl_lexer *lexer)
{
    const char *text = lexer->binder->text;
    size_t at = skip_blanks(text, lexer->next);
    bool ok = true;
    lexer->token.at = at;
    lexer->next = at;
    if (!text[at]) {
        lexer->token.kind = CPL_TOKEN_END;
    } else if (is_name_start(text[at])) {
        lexer->token.kind = CPL_TOKEN_NAME;
        while (is_name_char(text[lexer->next]))
            lexer->next++;
    } else if (text[at] == '"' || text[at] == '\'') {
        ok = lex_quoted(lexer, text, at);
    } else if (is_digit(text[at]) || (text[at] == '.' && is_digit(text[at + 1]))) {
        ok = lex_number(lexer, text, at);
    } else {
        ok = lex_sign(lexer, text, at);
    }
    lexer->token.length = lexer->next - at;
    return ok;
}

bool cpl_token_is_word(const struct cpl_lexer *lexer, const char *keyword)
{
    const struct cpl_token *token = &lexer->token;
    return token->kind == CPL_TOKEN_NAME && token->length == strlen(keyword) &&
           strncasecmp(lexer->binder->text + token->at, keyword, token->length) == 0;
}

char *cpl_token_unquoted(const struct cpl_lexer *lexer, size_t *length)
{
    const char *from = lexer->binder->text + lexer->token.at + 1;
    const char *end = lexer->binder->text + lexer->next - 1;
    char *text = cpl_arena_alloc(lexer->binder->arena, (size_t)(end - from) + 1,
                                 lexer->binder->err);
    char *to = text;
    if (!text)
        return NULL;
    while (from < end) {
        from += from[0] == end[0] && from + 1 < end; /* the first of two quotes */
        *to++ = *from++;
    }
    *to = 0;
    *length = (size_t)(to - text);
    return text;
}

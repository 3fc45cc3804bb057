/* What parse.c (operators), parse_primary.c (values) and parse_literal.c share. */
#pragma once
#include "expression/lex.h"

struct cpl_parser {
    struct cpl_lexer lexer;
    struct cpl_binder *binder;
    uint32_t depth;
};
/* At a number; `negative`: a minus stood in front of it, at that byte. */
struct cpl_term *cpl_parse_number(struct cpl_parser *parser, size_t at, bool negative);
struct cpl_term *cpl_parse_text(struct cpl_parser *parser);
/* At a text behind the word date, time or timestamp. */
struct cpl_term *cpl_parse_typed_text(struct cpl_parser *parser, enum cpl_kind kind, size_t at);

static inline bool cpl_parse_is_word(const struct cpl_parser *parser, const char *word)
{
    return cpl_token_is_word(&parser->lexer, word);
}
static inline bool cpl_parse_is_sign(const struct cpl_parser *parser, const char *sign)
{
    return cpl_token_is_sign(&parser->lexer, sign);
}
CPL_CHECKED static inline bool cpl_parse_next(struct cpl_parser *parser)
{
    return cpl_lex_next(&parser->lexer);
}
/* Takes the word if it is the next; *there. False: an error. */
bool cpl_parse_take(struct cpl_parser *parser, const char *word, bool *there) CPL_CHECKED;
/* That word or sign must be the next, and is taken. */
bool cpl_parse_the_word(struct cpl_parser *parser, const char *word) CPL_CHECKED;
bool cpl_parse_the_sign(struct cpl_parser *parser, const char *sign, const char *shown) CPL_CHECKED;
/* "%s was expected, not …"; returns false. */
bool cpl_parse_expected(struct cpl_parser *parser, const char *what);
/* One level deeper; the caller takes it back from parser->depth. */
bool cpl_parse_enter(struct cpl_parser *parser) CPL_CHECKED;
/* Sets the height from the arguments; NULL: too many levels. */
struct cpl_term *cpl_parse_finish(struct cpl_parser *parser, struct cpl_term *term);
/* One more argument; NULL is an error that was reported. */
bool cpl_parse_add(struct cpl_parser *parser, struct cpl_term *term,
                   struct cpl_term *arg) CPL_CHECKED;

struct cpl_term *cpl_parse_whole(struct cpl_parser *parser); /* from `or` down */
struct cpl_term *cpl_parse_primary(struct cpl_parser *parser);

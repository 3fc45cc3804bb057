/* JSON text, RFC 8259: what every part of the decoder must agree on.
 *
 * All functions read forward from `p` and return where they stopped, or NULL after noting a fault.
 * They never check for the end while they scan: behind `end` stand at least 64 NUL bytes, a NUL is
 * legal nowhere, so every scan stops there. A fault at or behind `end` therefore means "cut off":
 * the caller fetches more bytes and begins the row anew.
 *
 * Strings are checked as they are skipped: control characters, escapes, lone surrogates, UTF-8.
 * The scan takes 16 bytes at a time (SSE2, or portable words: the same result from both).
 * Threads: a lexer belongs to one thread. Nothing here allocates. */
#pragma once
#include "base/memory.h"
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <string.h>

enum { JSON_PADDING = 64, JSON_DEPTH_MAX = 1024 };

enum json_fault {
    JSON_OK,
    JSON_SYNTAX,      /* not JSON */
    JSON_CHARSET,     /* invalid UTF-8, lone surrogate */
    JSON_DEPTH,       /* nested deeper than the limit */
    JSON_DUPLICATE,   /* a key twice in one object */
    JSON_TYPE,        /* a value that is not of the column's type */
    JSON_NULL,        /* null or missing where a value is required */
    JSON_UNKNOWN,     /* a field that the schema lacks */
    JSON_LIMIT,       /* a row over its size limit */
    JSON_FIELD_LIMIT, /* a value over its size limit */
    JSON_REFUSED,     /* a text that the column's check refuses */
    JSON_PATH,        /* a document lacks the way to the rows */
    JSON_MEMORY,      /* no row's fault: the error says what */
};

struct json_lex {
    const uint8_t *end; /* of the bytes at hand */
    uint32_t max_depth; /* at most JSON_DEPTH_MAX */
    bool lines;         /* a newline ends the row, so it is no white space inside it */
    enum json_fault fault;
    const uint8_t *where; /* of the fault */
    const char *message;  /* static text */
};

static inline const uint8_t *json_fail(struct json_lex *lex, enum json_fault fault,
                                       const uint8_t *where, const char *message)
{
    lex->fault = fault;
    lex->where = where;
    lex->message = message;
    return NULL;
}

static inline bool json_is_space(const struct json_lex *lex, uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || (c == '\n' && !lex->lines);
}

static inline const uint8_t *json_space(const struct json_lex *lex, const uint8_t *p)
{
    while (json_is_space(lex, *p))
        p++;
    return p;
}

/* Before a document: RFC 7464 puts a record separator there. */
static inline const uint8_t *json_document(const struct json_lex *lex, const uint8_t *p)
{
    while (json_is_space(lex, *p) || *p == 0x1E)
        p++;
    return p;
}

/* ---- strings ---- */

/* Of the 16 bytes at p, one bit each: those that end or interrupt a string ('"', '\\', control
 * characters), and in `high` those beyond ASCII. */
#ifdef __SSE2__
static inline uint32_t json_stops(const uint8_t *p, uint32_t *high)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1F)), bytes);
    *high = (uint32_t)_mm_movemask_epi8(bytes);
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, escape), control));
}
static inline bool json_same16(const uint8_t *a, const uint8_t *b, uint32_t length)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
    __m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);
    uint32_t differ = ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y));
    return !(differ & ((1u << length) - 1));
}
#else
static inline uint32_t json_stops(const uint8_t *p, uint32_t *high)
{
    uint32_t stops = 0, beyond = 0;
    for (uint32_t i = 0; i < 16; i++) {
        stops |= (uint32_t)(p[i] == '"' || p[i] == '\\' || p[i] < 0x20) << i;
        beyond |= (uint32_t)(p[i] >> 7) << i;
    }
    *high = beyond;
    return stops;
}
static inline bool json_same16(const uint8_t *a, const uint8_t *b, uint32_t length)
{
    return !memcmp(a, b, length);
}
#endif

/* From behind the opening quote to the first '"', '\\' or control character. *high: some byte
 * before it is beyond ASCII. */
static inline const uint8_t *json_plain(const uint8_t *p, bool *high)
{
    uint32_t beyond, seen = 0, stops;
    while (!(stops = json_stops(p, &beyond))) {
        seen |= beyond;
        p += 16;
    }
    *high = (seen | (beyond & (stops ^ (stops - 1)))) != 0;
    return p + __builtin_ctz(stops);
}

/* Is [from, to) UTF-8? */
bool json_utf8(const uint8_t *from, const uint8_t *to);
/* The rest of a string that json_plain stopped in, `text` being its first byte: goes to the closing
 * quote over all escapes, checking everything. */
const uint8_t *json_string_rest(struct json_lex *lex, const uint8_t *text, const uint8_t *p);

/* p behind the opening quote; returns the closing quote. *plain: no escapes, so the bytes are the
 * value. */
static inline const uint8_t *json_string(struct json_lex *lex, const uint8_t *p, bool *plain)
{
    bool high;
    const uint8_t *stop = json_plain(p, &high);
    *plain = *stop == '"';
    if (__builtin_expect(*plain && !high, 1))
        return stop;
    if (!*plain)
        return json_string_rest(lex, p, stop);
    return json_utf8(p, stop) ? stop
                              : json_fail(lex, JSON_CHARSET, p, "a string is not valid UTF-8");
}

/* Resolve the escapes of the string [from, to), checked before, into `out` (room for to - from
 * bytes). Returns the length. */
size_t json_unescape(const uint8_t *from, const uint8_t *to, uint8_t *out);

/* ---- values ---- */

/* Behind the number at p (RFC 8259 §6). *integer: neither fraction nor exponent. */
const uint8_t *json_number(struct json_lex *lex, const uint8_t *p, bool *integer);
/* Behind true, false or null at p. */
const uint8_t *json_word(struct json_lex *lex, const uint8_t *p, const char *word, size_t length);
/* Behind the value at p (no white space before it), checking all of it. `depth` containers are open
 * around it. */
const uint8_t *json_skip(struct json_lex *lex, const uint8_t *p, uint32_t depth);
/* Behind a ':' with white space around it. */
const uint8_t *json_colon(struct json_lex *lex, const uint8_t *p);

/* Walking a container: `p` behind '{' or '[' at first, behind a member or element later. Gives the
 * start of the next one (for objects: behind the opening quote of its key), or the position behind
 * the closing bracket with *done. */
const uint8_t *json_next(struct json_lex *lex, const uint8_t *p, uint8_t close, bool first,
                         bool *done);

/* Validating UTF-8: the variants behind cpl_utf8_valid (stream.h). All give the same answer. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool cpl_utf8_valid_portable(const uint8_t *data, size_t size);
#if defined(__x86_64__)
bool cpl_utf8_valid_avx2(const uint8_t *data, size_t size);
bool cpl_utf8_valid_avx512(const uint8_t *data, size_t size); /* needs F and BW */
#endif

/* The vector variants look up three nibbles — the byte before (high, low) and the byte itself
 * (high) — and intersect what each says may be wrong with the pair. (Keiser and Lemire, "Validating
 * UTF-8 in less than one instruction per byte", 2021.) */
enum {
    CPL_UTF8_TOO_SHORT = 1 << 0,  /* a lead byte, then no continuation */
    CPL_UTF8_TOO_LONG = 1 << 1,   /* ASCII, then a continuation */
    CPL_UTF8_OVERLONG_3 = 1 << 2, /* E0 80–9F */
    CPL_UTF8_TOO_LARGE = 1 << 3,  /* F4 90–BF, F5–FF 90–BF */
    CPL_UTF8_SURROGATE = 1 << 4,  /* ED A0–BF */
    CPL_UTF8_OVERLONG_2 = 1 << 5, /* C0, C1 */
    CPL_UTF8_BIT_6 = 1 << 6,      /* F0 80–8F (overlong), F5–FF 80–8F (too large) */
    CPL_UTF8_TWO_CONTS = 1 << 7,  /* two continuations: right only behind E0–FF, see there */
    CPL_UTF8_CARRY = CPL_UTF8_TOO_SHORT | CPL_UTF8_TOO_LONG | CPL_UTF8_TWO_CONTS,
};
/* clang-format off */
#define CPL_UTF8_FIRST_HIGH                                                                                            \
    CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG,                                        \
    CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG, CPL_UTF8_TOO_LONG,                                        \
    CPL_UTF8_TWO_CONTS, CPL_UTF8_TWO_CONTS, CPL_UTF8_TWO_CONTS, CPL_UTF8_TWO_CONTS,                                    \
    CPL_UTF8_TOO_SHORT | CPL_UTF8_OVERLONG_2, CPL_UTF8_TOO_SHORT,                                                      \
    CPL_UTF8_TOO_SHORT | CPL_UTF8_OVERLONG_3 | CPL_UTF8_SURROGATE,                                                     \
    CPL_UTF8_TOO_SHORT | CPL_UTF8_TOO_LARGE | CPL_UTF8_BIT_6
#define CPL_UTF8_LARGE (CPL_UTF8_CARRY | CPL_UTF8_TOO_LARGE | CPL_UTF8_BIT_6)
#define CPL_UTF8_FIRST_LOW                                                                                             \
    CPL_UTF8_CARRY | CPL_UTF8_OVERLONG_3 | CPL_UTF8_OVERLONG_2 | CPL_UTF8_BIT_6,                                       \
    CPL_UTF8_CARRY | CPL_UTF8_OVERLONG_2, CPL_UTF8_CARRY, CPL_UTF8_CARRY,                                              \
    CPL_UTF8_CARRY | CPL_UTF8_TOO_LARGE, CPL_UTF8_LARGE, CPL_UTF8_LARGE, CPL_UTF8_LARGE,                               \
    CPL_UTF8_LARGE, CPL_UTF8_LARGE, CPL_UTF8_LARGE, CPL_UTF8_LARGE,                                                    \
    CPL_UTF8_LARGE, CPL_UTF8_LARGE | CPL_UTF8_SURROGATE, CPL_UTF8_LARGE, CPL_UTF8_LARGE
#define CPL_UTF8_CONT (CPL_UTF8_TOO_LONG | CPL_UTF8_OVERLONG_2 | CPL_UTF8_TWO_CONTS)
#define CPL_UTF8_SECOND_HIGH                                                                                           \
    CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT,                                    \
    CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT,                                    \
    CPL_UTF8_CONT | CPL_UTF8_OVERLONG_3 | CPL_UTF8_BIT_6,                                                              \
    CPL_UTF8_CONT | CPL_UTF8_OVERLONG_3 | CPL_UTF8_TOO_LARGE,                                                          \
    CPL_UTF8_CONT | CPL_UTF8_SURROGATE | CPL_UTF8_TOO_LARGE,                                                           \
    CPL_UTF8_CONT | CPL_UTF8_SURROGATE | CPL_UTF8_TOO_LARGE,                                                           \
    CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT, CPL_UTF8_TOO_SHORT
/* clang-format on */

/* Characters (code points) of UTF-8 texts. A byte that belongs to no character counts with the one before it, or as one. Threads: any. */
#pragma once
#include "batch/batch.h"

static inline bool cpl_starts_character(uint8_t byte)
{
    return (byte & 0xC0) != 0x80;
}
/* Bytes of the character at `at`, which lies in the text. */
static inline uint32_t cpl_character_size(const struct cpl_slice *text, uint32_t at)
{
    uint32_t n = 1;
    while (at + n < text->length && !cpl_starts_character(text->data[at + n]))
        n++;
    return n;
}
/* How many begin in the text; stray bytes at its begin are one more. */
static inline uint32_t cpl_count_characters(const struct cpl_slice *text)
{
    uint32_t n = text->length && !cpl_starts_character(text->data[0]);
    for (uint32_t i = 0; i < text->length; i++)
        n += cpl_starts_character(text->data[i]);
    return n;
}
/* Writes a character, at most 4 bytes; returns how many. */
static inline size_t cpl_put_character(uint32_t code, uint8_t *out)
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = n; i > 1; code >>= 6)
        out[--i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)(n == 1 ? code : code | (0xF00u >> n & 0xFF));
    return n;
}
/* Bytes of the valid character at `at`, of which `rest` ≥ 1 are there; 0: it is not valid. */
size_t cpl_read_character(const uint8_t *at, size_t rest, uint32_t *code);
/* The first byte that is not UTF-8, or the length. */
size_t cpl_valid_characters(const uint8_t *text, size_t length);

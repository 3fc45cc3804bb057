/* Texts beside each other. */
#pragma once
#include "expression/expression_tree.h"

#include <string.h>

/* The first eight bytes, the first byte highest, zeros behind a shorter text. 16 bytes behind a slice may be read. */
static inline uint64_t cpl_text_prefix(const struct cpl_slice *text)
{
    uint32_t length = text->length < 8 ? text->length : 8;
    uint64_t bytes;
    memcpy(&bytes, text->data, sizeof bytes);
    return __builtin_bswap64(bytes) & ~(UINT64_MAX >> 4 * length >> 4 * length);
}
bool cpl_text_equal(const struct cpl_slice *a, uint64_t a_prefix, const struct cpl_slice *b,
                    uint64_t b_prefix);

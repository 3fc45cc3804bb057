/* Compression in the Snappy format (github.com/google/snappy, format_description.txt), tuned for text columns.
 *
 * Why not the library alone: its compressor takes one match after the other, and waits for each: where the next
 * search starts depends on how long the last match was. Here six fragments are searched in turns, without a branch that
 * cannot be foretold, and what was found is written as elements in a second step, sixteen at a time. Where matches
 * are rare, or long and regular (the processor foretells the library's branches), as 16 KiB from the middle of the
 * buffer show, it goes to the library. Decompressing is the library's. docs/performance.md has the figures.
 *
 * The parse is a function of the bytes alone, the same on every machine; fragments never refer to
 * each other. Threads: each caller has its own scratch. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    CPL_SNAPPY_LANES = 6,
    CPL_SNAPPY_FRAGMENT = 1 << 16, /* a lane's bytes at most: offsets fit 16 bits */
    CPL_SNAPPY_ROUND = CPL_SNAPPY_LANES * CPL_SNAPPY_FRAGMENT,
    CPL_SNAPPY_TABLE_BITS = 13,
    CPL_SNAPPY_STEPS = 512, /* of each lane before they are written */
    CPL_SNAPPY_TAIL = 72,   /* bytes at a fragment's end that are not searched */
    /* a fragment's elements; a store of 64 bytes may begin at their end */
    CPL_SNAPPY_FRAGMENT_MOST = CPL_SNAPPY_FRAGMENT + CPL_SNAPPY_FRAGMENT / 6 + 128
};

struct cpl_snappy_scratch {
    /* where a hash was seen last */
    uint16_t table[CPL_SNAPPY_LANES][1 << CPL_SNAPPY_TABLE_BITS];
    /* what the steps found: offset, length << 16 (a miss below 4); the place; as many more as are read at a time */
    uint32_t found[CPL_SNAPPY_LANES][CPL_SNAPPY_STEPS + 16];
    uint32_t place[CPL_SNAPPY_LANES][CPL_SNAPPY_STEPS + 16];
    uint8_t out[CPL_SNAPPY_LANES][CPL_SNAPPY_FRAGMENT_MOST];
};

/* Room that `out` must have. */
size_t cpl_snappy_bound(size_t size);
/* Returns the compressed size; 0: the library failed, which it does not for sizes below 4 GiB. */
size_t cpl_snappy_compress(const uint8_t *in, size_t size, uint8_t *out,
                           struct cpl_snappy_scratch *scratch);

/* Up to CPL_SNAPPY_ROUND bytes from `in` as elements to `out`; returns their end. */
uint8_t *cpl_snappy_round(const uint8_t *in, size_t size, uint8_t *out,
                          struct cpl_snappy_scratch *scratch);
uint8_t *cpl_snappy_round_avx512(const uint8_t *in, size_t size, uint8_t *out,
                                 struct cpl_snappy_scratch *scratch);

/* Compression in the Snappy format (github.com/google/snappy, format_description.txt), tuned for text columns.
 *
 * Why not the library alone: its compressor takes one match after the other, and waits for each: where the next
 * search starts depends on how long the last match was. Here two fragments are searched in turns, without branches
 * that cannot be foretold, which takes a quarter less time on words in no order. Where matches are rare, or long and
 * regular (the processor foretells the library's branches), as 16 KiB from the middle of the buffer show, it goes to the
 * library. Decompressing is the library's.
 *
 * The parse is a function of the bytes alone, the same on every machine; fragments never refer to
 * each other. Threads: each caller has its own scratch. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum {
    CPL_SNAPPY_FRAGMENT = 1 << 16, /* offsets fit 16 bits */
    CPL_SNAPPY_TABLE_BITS = 13,
    CPL_SNAPPY_TAIL = 40, /* bytes at a fragment's end that are not searched */
    CPL_SNAPPY_FRAGMENT_MOST = CPL_SNAPPY_FRAGMENT + CPL_SNAPPY_FRAGMENT / 6 + 64
};

struct cpl_snappy_scratch {
    uint16_t tables[2][(1 << CPL_SNAPPY_TABLE_BITS) + 64]; /* where a hash was seen last */
    uint8_t second[CPL_SNAPPY_FRAGMENT_MOST]; /* the pair's second fragment, compressed */
};

/* Room that `out` must have. */
size_t cpl_snappy_bound(size_t size);
/* Returns the compressed size; 0: the library failed, which it does not for sizes below 4 GiB. */
size_t cpl_snappy_compress(const uint8_t *in, size_t size, uint8_t *out,
                           struct cpl_snappy_scratch *scratch);

/* Two fragments of 1 to 64 KiB, `first` bytes from `in` and `second` behind them, as elements to out; returns their end. */
uint8_t *cpl_snappy_pair(const uint8_t *in, size_t first, size_t second, uint8_t *out,
                         struct cpl_snappy_scratch *scratch);
uint8_t *cpl_snappy_pair_avx2(const uint8_t *in, size_t first, size_t second, uint8_t *out,
                              struct cpl_snappy_scratch *scratch);

/* One search step of the Snappy compressor, for snappy.c and snappy_avx2.c, which bring `equal_bytes`:
 * how many of the next 32 bytes at two places are equal.
 *
 * A step always writes what a match would give (literal tag, 16 literal bytes, copy tag) and moves the output on only
 * if there was one: choosing by masks costs less than a mispredicted branch. Matches of 32 bytes and more,
 * and more than 16 literals before a match, are rare and go another way. */
#pragma once
#include "format/snappy.h"

#include <string.h>

struct snappy_lane {
    const uint8_t *at, *literals; /* next search; first byte not yet written */
    uint8_t *out;
};
struct snappy_fragment {
    const uint8_t *start, *limit, *end; /* no search from limit on */
    uint16_t *table;
};

static inline uint8_t *snappy_literal(uint8_t *out, const uint8_t *from, size_t length)
{
    size_t n = length - 1;
    if (n < 60) {
        *out++ = (uint8_t)(n << 2);
    } else if (n < 256) {
        *out++ = 60 << 2;
        *out++ = (uint8_t)n;
    } else {
        *out++ = 61 << 2;
        *out++ = (uint8_t)n;
        *out++ = (uint8_t)(n >> 8);
    }
    memcpy(out, from, length);
    return out + length;
}

static inline uint8_t *snappy_long_copy(uint8_t *out, size_t offset, size_t length)
{
    *out++ = (uint8_t)((length - 1) << 2 | 2);
    *out++ = (uint8_t)offset;
    *out++ = (uint8_t)(offset >> 8);
    return out;
}

static inline uint8_t *snappy_copy(uint8_t *out, size_t offset, size_t length)
{
    for (; length >= 68; length -= 64)
        out = snappy_long_copy(out, offset, 64);
    if (length > 64) { /* at least 4 are left */
        out = snappy_long_copy(out, offset, 60);
        length -= 60;
    }
    if (length >= 12 || offset >= 2048)
        return snappy_long_copy(out, offset, length);
    *out++ = (uint8_t)(offset >> 8 << 5 | (length - 4) << 2 | 1);
    *out++ = (uint8_t)offset;
    return out;
}

/* A long match, or many literals before it. */
static __attribute__((noinline)) struct snappy_lane
snappy_rare(struct snappy_lane lane, const struct snappy_fragment *f, size_t offset, size_t length)
{
    const uint8_t *from = lane.at - offset;
    size_t most = (size_t)(f->limit - lane.at);
    for (uint64_t more = length & 32; more == 32 && length < most; length += more)
        more = equal_bytes(lane.at + length, from + length);
    if (lane.at > lane.literals)
        lane.out = snappy_literal(lane.out, lane.literals, (size_t)(lane.at - lane.literals));
    lane.out = snappy_copy(lane.out, offset, length);
    lane.at = lane.literals = lane.at + length;
    return lane;
}

/* a, or b where the mask is all ones. */
static inline uint64_t snappy_choose(uint64_t a, uint64_t b, uint64_t mask)
{
    return a ^ ((a ^ b) & mask);
}

static inline __attribute__((always_inline)) void snappy_step(struct snappy_lane *lane,
                                                              const struct snappy_fragment *f)
{
    uint64_t word;
    memcpy(&word, lane->at, sizeof word);
    uint64_t hash = (word << 24) * 0x9E3779B185EBCA87ull >> (64 - CPL_SNAPPY_TABLE_BITS);
    uint64_t position = (uint64_t)(lane->at - f->start), offset = position - f->table[hash];
    f->table[hash] = (uint16_t)position;
    uint64_t length = equal_bytes(lane->at, lane->at - offset);
    uint64_t literals = (uint64_t)(lane->at - lane->literals);
    uint64_t miss = (uint64_t)((int64_t)(length - 4) >> 63);
    if (__builtin_expect((length == 32) | ((literals & ~miss) > 16), 0)) {
        *lane = snappy_rare(*lane, f, offset, length);
        return;
    }
    uint8_t *out = lane->out;
    memcpy(out + 1, lane->literals, 16);
    *out = (uint8_t)(4 * literals - 4);
    out += literals + (literals != 0);
    uint64_t is_short = ((length - 12) & (offset - 2048)) >> 63; /* both negative */
    uint32_t copy = (uint32_t)snappy_choose(
        4 * length - 2 + (offset << 8),
        (offset >> 8 << 5) + 4 * length - 15 + ((offset & 255) << 8), 0 - is_short);
    memcpy(out, &copy, sizeof copy);
    out += 3 - is_short;
    uint64_t next = (uint64_t)(uintptr_t)lane->at +
                    snappy_choose(length, 1 + (literals >> 5), miss);
    lane->out = (uint8_t *)(uintptr_t)snappy_choose((uintptr_t)out, (uintptr_t)lane->out, miss);
    lane->literals = (const uint8_t *)(uintptr_t)snappy_choose(next, (uintptr_t)lane->literals,
                                                               miss);
    lane->at = (const uint8_t *)(uintptr_t)next;
}

static inline struct snappy_fragment snappy_begin(const uint8_t *start, size_t size,
                                                  uint16_t *table)
{
    memset(table, 0, sizeof(uint16_t) << CPL_SNAPPY_TABLE_BITS);
    return (struct snappy_fragment){
        .start = start,
        .limit = size > CPL_SNAPPY_TAIL + 1 ? start + size - CPL_SNAPPY_TAIL : start,
        .end = start + size,
        .table = table};
}

static inline uint8_t *snappy_finish(struct snappy_lane lane, const struct snappy_fragment *f)
{
    while (lane.at < f->limit)
        snappy_step(&lane, f);
    return lane.literals < f->end
               ? snappy_literal(lane.out, lane.literals, (size_t)(f->end - lane.literals))
               : lane.out;
}

static inline uint8_t *snappy_two(const uint8_t *in, size_t first, size_t second, uint8_t *out,
                                  struct cpl_snappy_scratch *scratch)
{
    struct snappy_fragment f0 = snappy_begin(in, first, scratch->tables[0]),
                           f1 = snappy_begin(in + first, second, scratch->tables[1]);
    struct snappy_lane l0 = {in + 1, in, out}, l1 = {in + first + 1, in + first, scratch->second};
    while (l0.at < f0.limit && l1.at < f1.limit) {
        snappy_step(&l0, &f0);
        snappy_step(&l1, &f1);
    }
    out = snappy_finish(l0, &f0);
    size_t size = (size_t)(snappy_finish(l1, &f1) - scratch->second);
    memcpy(out, scratch->second, size);
    return out + size;
}

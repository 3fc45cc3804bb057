/* One round of the Snappy compressor, for snappy.c and snappy_avx512.c, which bring
 *   equal_bytes    how many of the next 32 bytes at two places are equal;
 *   put_copies     copies as elements, up to sixteen, until a miss: how many, and how many misses follow.
 *
 * Search: each lane takes a step in turn. A step looks its five bytes up, notes offset and length, and moves on by the
 * length, or by `skip` if it is below four. Nothing in it is decided by a branch, so the steps of six lanes overlap.
 * Matches end after 32 bytes; a longer one goes on in the next step. After CPL_SNAPPY_STEPS steps what was noted
 * is written. Where little is found, `skip` doubles: data without matches takes few steps. */
#pragma once
#include "format/snappy.h"

#include <stdbool.h>
#include <string.h>

enum { SNAPPY_LEAST = 4, SNAPPY_MOST_SKIP = 32 };

/* Bytes from the input's start. */
struct snappy_lane {
    uint64_t at, literals; /* next search; first byte not yet written */
    uint64_t limit, end;   /* no search from limit on */
    uint8_t *out;
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

/* Returns where the lane's next search is. */
static inline __attribute__((always_inline)) uint64_t snappy_step(const uint8_t *in, uint64_t at,
                                                                  uint64_t skip, uint16_t *table,
                                                                  uint32_t *found, uint32_t *place)
{
    uint64_t word;
    memcpy(&word, in + at, sizeof word);
    uint64_t hash = (word << 24) * 0x9E3779B185EBCA87ull >> (64 - CPL_SNAPPY_TABLE_BITS);
    uint32_t offset = ((uint32_t)at - table[hash]) & 0xffff;
    table[hash] = (uint16_t)at;
    uint32_t length = equal_bytes(in + at, in + at - offset);
    *found = offset | length << 16;
    *place = (uint32_t)at;
    /* both in registers, and as likely as not: a conditional move */
    return at + (__builtin_expect_with_probability(length < SNAPPY_LEAST, 1, 0.5) ? skip : length);
}

/* Every lane takes up to CPL_SNAPPY_STEPS steps, until one is at its limit. Returns how many. */
static size_t snappy_search(const uint8_t *in, uint64_t skip, struct snappy_lane *lanes,
                            struct cpl_snappy_scratch *s)
{
    uint64_t at[CPL_SNAPPY_LANES];
    size_t step = 0;
#pragma GCC unroll 8
    for (int i = 0; i < CPL_SNAPPY_LANES; i++)
        at[i] = lanes[i].at;
    for (; step < CPL_SNAPPY_STEPS; step++) {
        unsigned ends = 0;
#pragma GCC unroll 8
        for (int i = 0; i < CPL_SNAPPY_LANES; i++)
            ends |= at[i] >= lanes[i].limit;
        if (ends)
            break;
#pragma GCC unroll 8
        for (int i = 0; i < CPL_SNAPPY_LANES; i++)
            at[i] = snappy_step(in, at[i], skip, s->table[i], &s->found[i][step],
                                &s->place[i][step]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < CPL_SNAPPY_LANES; i++)
        lanes[i].at = at[i];
    return step;
}

/* What n steps of a lane found, as elements. Literals stay pending until the next copy. */
static inline void snappy_put(const uint8_t *in, struct snappy_lane *lane, const uint32_t *found,
                              uint32_t *place, size_t n)
{
    uint8_t *out = lane->out;
    uint64_t literals = lane->literals;
    place[n] = (uint32_t)lane->at;
    for (size_t i = 0; i < n;) {
        if (found[i] < SNAPPY_LEAST << 16) {
            i++;
            continue;
        }
        size_t before = place[i] - literals, misses;
        if (__builtin_expect(before > 16, 0)) {
            out = snappy_literal(out, in + literals, before);
        } else { /* none as a rule: written all the same, the next element is put over it */
            memcpy(out + 1, in + literals, 16);
            *out = (uint8_t)(4 * before - 4);
            out += before + (before != 0);
        }
        i += put_copies(found + i, n - i, &out, &misses);
        literals = place[i];
        i += misses;
    }
    lane->out = out;
    lane->literals = literals;
}

static inline bool snappy_all_search(const struct snappy_lane *lanes)
{
    bool all = true;
    for (int i = 0; i < CPL_SNAPPY_LANES; i++)
        all &= lanes[i].at < lanes[i].limit;
    return all;
}

static inline uint64_t snappy_bytes_done(const struct snappy_lane *lanes)
{
    uint64_t sum = 0;
    for (int i = 0; i < CPL_SNAPPY_LANES; i++)
        sum += lanes[i].at;
    return sum;
}

/* All lanes, until the first has nothing left to search. Returns the last `skip`. */
static uint64_t snappy_together(const uint8_t *in, struct snappy_lane *lanes,
                                struct cpl_snappy_scratch *s)
{
    uint64_t skip = 1;
    while (snappy_all_search(lanes)) {
        uint64_t before = snappy_bytes_done(lanes);
        size_t n = snappy_search(in, skip, lanes, s);
        for (int i = 0; i < CPL_SNAPPY_LANES; i++)
            snappy_put(in, &lanes[i], s->found[i], s->place[i], n);
        if (snappy_bytes_done(lanes) - before >= 2 * skip * n * CPL_SNAPPY_LANES)
            skip = 1;
        else if (skip < SNAPPY_MOST_SKIP)
            skip *= 2;
    }
    return skip;
}

/* One lane's rest. */
static void snappy_alone(const uint8_t *in, uint64_t skip, struct snappy_lane *lane, int i,
                         struct cpl_snappy_scratch *s)
{
    while (lane->at < lane->limit) {
        size_t n = 0;
        for (; n < CPL_SNAPPY_STEPS && lane->at < lane->limit; n++)
            lane->at = snappy_step(in, lane->at, skip, s->table[i], &s->found[i][n],
                                   &s->place[i][n]);
        snappy_put(in, lane, s->found[i], s->place[i], n);
    }
    if (lane->literals < lane->end)
        lane->out = snappy_literal(lane->out, in + lane->literals, lane->end - lane->literals);
}

static inline struct snappy_lane snappy_begin(size_t size, int i, struct cpl_snappy_scratch *s)
{
    uint64_t start = size * (uint64_t)i / CPL_SNAPPY_LANES;
    uint64_t end = size * (uint64_t)(i + 1) / CPL_SNAPPY_LANES;
    for (size_t hash = 0; hash < 1 << CPL_SNAPPY_TABLE_BITS; hash++)
        s->table[i][hash] = (uint16_t)start;
    return (struct snappy_lane){
        .at = start + 1, /* a place before it is in the table */
        .literals = start,
        .limit = end - start > CPL_SNAPPY_TAIL ? end - CPL_SNAPPY_TAIL : start,
        .end = end,
        .out = s->out[i],
    };
}

static inline uint8_t *snappy_round(const uint8_t *in, size_t size, uint8_t *out,
                                    struct cpl_snappy_scratch *s)
{
    struct snappy_lane lanes[CPL_SNAPPY_LANES];
    for (int i = 0; i < CPL_SNAPPY_LANES; i++)
        lanes[i] = snappy_begin(size, i, s);
    uint64_t skip = snappy_together(in, lanes, s);
    for (int i = 0; i < CPL_SNAPPY_LANES; i++) {
        snappy_alone(in, skip, &lanes[i], i, s);
        size_t n = (size_t)(lanes[i].out - s->out[i]);
        memcpy(out, s->out[i], n);
        out += n;
    }
    return out;
}

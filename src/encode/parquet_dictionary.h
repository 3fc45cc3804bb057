/* Dictionaries of one column chunk: values to codes in the order of first occurrence.
 *
 * Integers (and bit patterns of floats): a table of codes around the first page's values where their
 * range allows, else open addressing. Byte strings: open addressing on (first 16 bytes, last 8, length).
 * A dictionary that is full says so, and the chunk goes on without it: codes of the current page are turned back.
 * Memory: ≤ 64 Ki entries; strings ≤ 1 MiB of bytes. One thread. */
#pragma once
#include "batch/batch.h"

enum { CPL_DICTIONARY_ENTRIES = 1 << 16, CPL_DICTIONARY_BYTES = 1 << 20 };

struct cpl_int_dictionary {
    int64_t *values; /* by code */
    uint32_t n, capacity;
    uint32_t *slots;  /* open addressing: code + 1; 0 = free */
    uint32_t n_slots; /* a power of two; 0 while the direct table is in use */
    uint16_t *direct; /* code + 1 by value - base; at most 32 Ki entries */
    int64_t base;
    uint32_t n_direct; /* entries of the direct table */
};
void cpl_int_dictionary_release(struct cpl_int_dictionary *d);
uint64_t cpl_int_dictionary_memory(const struct cpl_int_dictionary *d);
/* Empty. n_direct > 0: values within [base, base + n_direct) go through a table. */
bool cpl_int_dictionary_start(struct cpl_int_dictionary *d, uint32_t n_direct, int64_t base,
                              struct cpl_error *err) CPL_CHECKED;
/* Codes for values[0, n). *done < n when the next value does not fit any more. False: out of memory. */
bool cpl_int_dictionary_add(struct cpl_int_dictionary *d, const int64_t *values, uint32_t n,
                            uint32_t *codes, uint32_t *done, struct cpl_error *err) CPL_CHECKED;

struct cpl_bytes_entry {
    uint64_t low, high; /* the first 16 bytes, zero behind the end */
    uint64_t tail;      /* the last 8 of more than 16, else 0 */
    uint32_t offset, length;
};
struct cpl_bytes_dictionary {
    struct cpl_bytes_entry *entries;
    uint32_t n, capacity;
    uint32_t *slots, n_slots;
    struct cpl_buffer bytes;
};
void cpl_bytes_dictionary_release(struct cpl_bytes_dictionary *d);
uint64_t cpl_bytes_dictionary_memory(const struct cpl_bytes_dictionary *d);
bool cpl_bytes_dictionary_start(struct cpl_bytes_dictionary *d, struct cpl_error *err) CPL_CHECKED;
bool cpl_bytes_dictionary_add(struct cpl_bytes_dictionary *d, const struct cpl_slice *values,
                              uint32_t n, uint32_t *codes, uint32_t *done,
                              struct cpl_error *err) CPL_CHECKED;

/* How many distinct values `n_all` values will have, seeing that `n` of them had `distinct` (coupon collector). */
double cpl_dictionary_estimate(double n, double distinct, double n_all);

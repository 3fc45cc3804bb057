#include "encode/parquet_dictionary.h"

#include <math.h>
#include <string.h>

enum { FIRST_SLOTS = 1 << 8 };

static inline uint64_t mix(uint64_t x)
{
    x *= 0x9E3779B97F4A7C15ull;
    return x ^ x >> 32;
}

static bool grow_array(void **array, uint32_t *capacity, size_t width, struct cpl_error *err)
{
    uint32_t more = *capacity ? 2 * *capacity : 32;
    void *bigger = cpl_realloc(*array, more * width, err);
    if (!bigger)
        return false;
    *array = bigger;
    *capacity = more;
    return true;
}

/* ---- integers ---- */

void cpl_int_dictionary_release(struct cpl_int_dictionary *d)
{
    cpl_free(d->values);
    cpl_free(d->slots);
    cpl_free(d->direct);
    *d = (struct cpl_int_dictionary){0};
}

uint64_t cpl_int_dictionary_memory(const struct cpl_int_dictionary *d)
{
    return 8 * (uint64_t)d->capacity + 4 * (uint64_t)d->n_slots + 2 * (uint64_t)d->n_direct;
}

bool cpl_int_dictionary_start(struct cpl_int_dictionary *d, uint32_t n_direct, int64_t base,
                              struct cpl_error *err)
{
    d->n = 0;
    d->base = base;
    if (n_direct) {
        d->n_slots = 0;
        if (n_direct != d->n_direct) {
            cpl_free(d->direct);
            d->n_direct = 0;
            d->direct = cpl_alloc(n_direct * sizeof *d->direct, err);
            if (!d->direct)
                return false;
            d->n_direct = n_direct;
        }
        memset(d->direct, 0, n_direct * sizeof *d->direct);
        return true;
    }
    if (!d->n_slots) {
        cpl_free(d->slots);
        d->slots = cpl_alloc(FIRST_SLOTS * sizeof *d->slots, err);
        if (!d->slots)
            return false;
        d->n_slots = FIRST_SLOTS;
    }
    memset(d->slots, 0, d->n_slots * sizeof *d->slots);
    return true;
}

static bool rehash_ints(struct cpl_int_dictionary *d, uint32_t n_slots, struct cpl_error *err)
{
    uint32_t *slots = cpl_alloc_zero(n_slots, sizeof *slots, err);
    if (!slots)
        return false;
    for (uint32_t code = 0; code < d->n; code++) {
        uint32_t at = (uint32_t)mix((uint64_t)d->values[code]) & (n_slots - 1);
        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = code + 1;
    }
    cpl_free(d->slots);
    d->slots = slots;
    d->n_slots = n_slots;
    return true;
}

static bool new_int(struct cpl_int_dictionary *d, int64_t value, struct cpl_error *err)
{
    if (d->n == d->capacity &&
        !grow_array((void **)&d->values, &d->capacity, sizeof *d->values, err))
        return false;
    d->values[d->n++] = value;
    return true;
}

static bool add_direct(struct cpl_int_dictionary *d, const int64_t *values, uint32_t n,
                       uint32_t *codes, uint32_t *done, struct cpl_error *err)
{
    uint16_t *direct = d->direct;
    uint64_t base = (uint64_t)d->base, n_direct = d->n_direct;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = (uint64_t)values[i] - base;
        if (__builtin_expect(at >= n_direct, 0)) {
            *done = i;
            return true;
        }
        uint32_t code = direct[at];
        if (__builtin_expect(!code, 0)) {
            if (!new_int(d, values[i], err))
                return false;
            code = d->n;
            direct[at] = (uint16_t)code;
        }
        codes[i] = code - 1;
    }
    *done = n;
    return true;
}

static bool add_hashed(struct cpl_int_dictionary *d, const int64_t *values, uint32_t n,
                       uint32_t *codes, uint32_t *done, struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t mask = d->n_slots - 1, at = (uint32_t)mix((uint64_t)values[i]) & mask, slot;
        while ((slot = d->slots[at]) && d->values[slot - 1] != values[i])
            at = (at + 1) & mask;
        if (__builtin_expect(!slot, 0)) {
            if (d->n == CPL_DICTIONARY_ENTRIES) {
                *done = i;
                return true;
            }
            if (!new_int(d, values[i], err))
                return false;
            d->slots[at] = slot = d->n;
            if (2 * d->n > d->n_slots && !rehash_ints(d, 4 * d->n_slots, err))
                return false;
        }
        codes[i] = slot - 1;
    }
    *done = n;
    return true;
}

/* The first value outside the direct table: go on by hashing, the codes stay. */
static bool leave_direct(struct cpl_int_dictionary *d, struct cpl_error *err)
{
    uint32_t n_slots = FIRST_SLOTS;
    while (n_slots < 2 * d->n)
        n_slots *= 2;
    return rehash_ints(d, n_slots, err);
}

bool cpl_int_dictionary_add(struct cpl_int_dictionary *d, const int64_t *values, uint32_t n,
                            uint32_t *codes, uint32_t *done, struct cpl_error *err)
{
    *done = 0;
    if (!d->n_slots) {
        if (!add_direct(d, values, n, codes, done, err))
            return false;
        if (*done == n)
            return true;
        if (!leave_direct(d, err))
            return false;
    }
    uint32_t more = 0;
    bool ok = add_hashed(d, values + *done, n - *done, codes + *done, &more, err);
    *done += more;
    return ok;
}

/* ---- byte strings ---- */

void cpl_bytes_dictionary_release(struct cpl_bytes_dictionary *d)
{
    cpl_free(d->entries);
    cpl_free(d->slots);
    cpl_buffer_release(&d->bytes);
    *d = (struct cpl_bytes_dictionary){0};
}

uint64_t cpl_bytes_dictionary_memory(const struct cpl_bytes_dictionary *d)
{
    return d->capacity * sizeof *d->entries + 4 * (uint64_t)d->n_slots + d->bytes.capacity;
}

bool cpl_bytes_dictionary_start(struct cpl_bytes_dictionary *d, struct cpl_error *err)
{
    d->n = 0;
    d->bytes.size = 0;
    if (!d->n_slots) {
        d->slots = cpl_alloc(FIRST_SLOTS * sizeof *d->slots, err);
        if (!d->slots)
            return false;
        d->n_slots = FIRST_SLOTS;
    }
    memset(d->slots, 0, d->n_slots * sizeof *d->slots);
    return true;
}

struct ends {
    uint64_t low, high, tail; /* as in cpl_bytes_entry */
};

/* 16 bytes behind a slice are readable. Without a branch: lengths vary. */
static inline struct ends ends_of(const struct cpl_slice *slice)
{
    static const uint8_t keep[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    bool is_long = slice->length > 16;
    const uint8_t *mask_at = keep + 16 - (is_long ? 16 : slice->length);
    struct ends ends, mask;
    memcpy(&ends, slice->data, 16);
    memcpy(&mask, mask_at, 16);
    memcpy(&ends.tail, is_long ? slice->data + slice->length - 8 : keep + 16, 8);
    ends.low &= mask.low;
    ends.high &= mask.high;
    return ends;
}

static inline uint64_t hash_of(const struct ends *e, uint32_t length)
{
    return mix((e->low ^ e->tail * 0x9FB21C651E98DF25ull ^ length) +
               e->high * 0xC2B2AE3D27D4EB4Full);
}

static bool rehash_bytes(struct cpl_bytes_dictionary *d, uint32_t n_slots, struct cpl_error *err)
{
    uint32_t *slots = cpl_alloc_zero(n_slots, sizeof *slots, err);
    if (!slots)
        return false;
    for (uint32_t code = 0; code < d->n; code++) {
        const struct cpl_bytes_entry *e = &d->entries[code];
        struct ends ends = {e->low, e->high, e->tail};
        uint32_t at = (uint32_t)hash_of(&ends, e->length) & (n_slots - 1);
        while (slots[at])
            at = (at + 1) & (n_slots - 1);
        slots[at] = code + 1;
    }
    cpl_free(d->slots);
    d->slots = slots;
    d->n_slots = n_slots;
    return true;
}

static inline bool same(const struct cpl_bytes_dictionary *d, const struct cpl_bytes_entry *e,
                        const struct ends *ends, const struct cpl_slice *slice)
{
    if ((e->low ^ ends->low) | (e->high ^ ends->high) | (e->tail ^ ends->tail) |
        (e->length ^ slice->length))
        return false;
    return slice->length <= 24 ||
           !memcmp(d->bytes.data + e->offset + 16, slice->data + 16, slice->length - 24);
}

static bool new_bytes(struct cpl_bytes_dictionary *d, const struct ends *ends,
                      const struct cpl_slice *slice, struct cpl_error *err)
{
    if (d->n == d->capacity &&
        !grow_array((void **)&d->entries, &d->capacity, sizeof *d->entries, err))
        return false;
    d->entries[d->n++] = (struct cpl_bytes_entry){.low = ends->low,
                                                  .high = ends->high,
                                                  .tail = ends->tail,
                                                  .offset = (uint32_t)d->bytes.size,
                                                  .length = slice->length};
    return cpl_buffer_append(&d->bytes, slice->data, slice->length, err);
}

/* Codes of values up to eight bytes that are where their hash says: in most columns, nearly all. Returns how many were
 * before the first that is not so. */
static uint32_t known_short(const struct cpl_bytes_dictionary *d, const struct cpl_slice *values,
                            uint32_t n, uint32_t *codes)
{
    static const uint8_t keep[16] = {255, 255, 255, 255, 255, 255, 255, 255};
    uint32_t mask = d->n_slots - 1, i = 0;
    for (; i < n; i++) {
        uint32_t length = values[i].length;
        if (__builtin_expect(length > 8, 0))
            break;
        struct ends ends = {0};
        uint64_t kept;
        memcpy(&ends.low, values[i].data, 8);
        memcpy(&kept, keep + 8 - length, 8);
        ends.low &= kept;
        uint32_t slot = d->slots[(uint32_t)hash_of(&ends, length) & mask];
        if (__builtin_expect(!slot, 0))
            break;
        const struct cpl_bytes_entry *entry = &d->entries[slot - 1];
        if (__builtin_expect(entry->low != ends.low || entry->length != length, 0))
            break;
        codes[i] = slot - 1;
    }
    return i;
}

/* The code of a value, a new one if need be; *full when there is none left. */
static bool code_of(struct cpl_bytes_dictionary *d, const struct cpl_slice *value, uint32_t *code,
                    bool *full, struct cpl_error *err)
{
    struct ends ends = ends_of(value);
    uint32_t mask = d->n_slots - 1, at = (uint32_t)hash_of(&ends, value->length) & mask, slot;
    while ((slot = d->slots[at]) && !same(d, &d->entries[slot - 1], &ends, value))
        at = (at + 1) & mask;
    *code = slot ? slot - 1 : d->n;
    if (__builtin_expect(slot != 0, 1))
        return true;
    *full = d->n == CPL_DICTIONARY_ENTRIES || value->length > CPL_DICTIONARY_BYTES - d->bytes.size;
    if (*full)
        return true;
    if (!new_bytes(d, &ends, value, err))
        return false;
    d->slots[at] = d->n;
    return 2 * d->n <= d->n_slots || rehash_bytes(d, 4 * d->n_slots, err);
}

bool cpl_bytes_dictionary_add(struct cpl_bytes_dictionary *d, const struct cpl_slice *values,
                              uint32_t n, uint32_t *codes, uint32_t *done, struct cpl_error *err)
{
    bool full = false, is_short = true;
    uint32_t i = 0;
    while (i < n) {
        if (is_short)
            i += known_short(d, values + i, n - i, codes + i);
        if (i == n)
            break;
        is_short = is_short && values[i].length <= 8;
        if (!code_of(d, &values[i], &codes[i], &full, err))
            return false;
        if (full)
            break;
        i++;
    }
    *done = i;
    return true;
}

/* distinct = pool (1 - e^(-n/pool)), solved for the pool by bisection. */
double cpl_dictionary_estimate(double n, double distinct, double n_all)
{
    if (distinct >= n)
        return n_all;
    double low = distinct, high = 1e12;
    for (int i = 0; i < 100 && high - low > low * 1e-6; i++) {
        double pool = (low + high) / 2;
        if (-pool * expm1(-n / pool) < distinct)
            low = pool;
        else
            high = pool;
    }
    return -low * expm1(-n_all / low);
}

/* A page being filled: levels, raw values or codes, and their bounds. */
#include "encode/parquet_column.h"

#include <string.h>

static bool grow(void **array, size_t width, uint32_t capacity, struct cpl_error *err)
{
    void *bigger = cpl_realloc(*array, (size_t)capacity * width + 64, err);
    if (!bigger)
        return false;
    *array = bigger;
    return true;
}

/* Room for `extra` more values, raw or as codes: a column needs one of them at a time. */
static bool value_room(struct cpl_parquet_column *c, uint32_t extra, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    bool coded = c->mode == MODE_DICTIONARY;
    uint32_t *have = coded ? &p->code_capacity : &p->value_capacity;
    if (p->n_values + extra <= *have)
        return true;
    uint32_t capacity = *have ? 2 * *have : 64;
    while (capacity < p->n_values + extra)
        capacity *= 2;
    bool ok;
    if (coded)
        ok = grow((void **)&p->codes, 4, capacity, err);
    else if (c->class == CPL_LEAF_BOOL)
        ok = grow((void **)&p->bools, 1, capacity, err);
    else if (column_is_slices(c->class))
        ok = grow((void **)&p->lengths, 4, capacity, err);
    else
        ok = grow((void **)&p->numbers, 8, capacity, err);
    if (ok)
        *have = capacity;
    return ok;
}

/* Codes for all values of the first page, to try a dictionary on. */
bool cpl_column_code_room(struct cpl_parquet_column *c, struct cpl_error *err)
{
    enum column_mode mode = c->mode;
    uint32_t n = c->page.n_values;
    c->mode = MODE_DICTIONARY;
    c->page.n_values = 0;
    bool ok = value_room(c, n, err);
    c->mode = mode;
    c->page.n_values = n;
    return ok;
}

static bool level_room(struct cpl_parquet_column *c, uint32_t extra, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    if (p->n_levels + extra <= p->level_capacity)
        return true;
    uint32_t capacity = p->level_capacity ? 2 * p->level_capacity : 1024;
    while (capacity < p->n_levels + extra)
        capacity *= 2;
    if (!grow((void **)&p->def, 1, capacity, err) || !grow((void **)&p->rep, 1, capacity, err))
        return false;
    p->level_capacity = capacity;
    return true;
}

bool cpl_column_add_levels(struct cpl_parquet_column *c, const uint8_t *def, const uint8_t *rep,
                           uint32_t n, uint32_t n_values, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    uint8_t max_def = (uint8_t)c->leaf->max_def;
    if (p->has_def || def) {
        if (!level_room(c, n, err))
            return false;
        if (!p->has_def) {
            memset(p->def, max_def, p->n_levels);
            memset(p->rep, 0, p->n_levels);
        }
        p->has_def = true;
        if (def)
            memcpy(p->def + p->n_levels, def, n);
        else
            memset(p->def + p->n_levels, max_def, n);
        if (rep)
            memcpy(p->rep + p->n_levels, rep, n);
        else
            memset(p->rep + p->n_levels, 0, n);
    }
    if (rep)
        for (uint32_t i = 0; i < n; i++)
            p->n_rows += rep[i] == 0;
    else
        p->n_rows += n;
    p->n_levels += n;
    p->n_nulls += n - n_values;
    return true;
}

static inline uint64_t key_of(const struct cpl_slice *slice)
{
    uint64_t word;
    memcpy(&word, slice->data, 8);
    word = __builtin_bswap64(word);
    return slice->length >= 8 ? word : slice->length ? word & ~0ull << (64 - 8 * slice->length) : 0;
}

/* Only a value whose first bytes reach a bound can move it. */
bool cpl_column_bound_slices(struct cpl_parquet_column *c, const struct cpl_slice *slices,
                             uint32_t n, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t key = key_of(&slices[i]);
        if (c->order == CPL_ORDER_FIXED_SIGNED)
            key ^= 1ull << 63;
        if (p->bounds.any && key > p->min_key && key < p->max_key)
            continue;
        if (!p->bounds.any)
            p->min_key = p->max_key = key;
        p->min_key = key < p->min_key ? key : p->min_key;
        p->max_key = key > p->max_key ? key : p->max_key;
        if (!cpl_bounds_add_slice(&p->bounds, c->order, &slices[i], err))
            return false;
    }
    return true;
}

static void bound_numbers(struct cpl_parquet_column *c, const int64_t *numbers, uint32_t n)
{
    struct cpl_bounds *bounds = &c->page.bounds;
    if (!n)
        return;
    if (c->class == CPL_LEAF_FLOAT) {
        cpl_bounds_add_floats(bounds, c->order, numbers, n);
        return;
    }
    if (!bounds->any)
        bounds->min = bounds->max = numbers[0];
    bounds->any = true;
    if (c->order != CPL_ORDER_UNSIGNED) {
        c->kernels->bounds(numbers, n, &bounds->min, &bounds->max);
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        bounds->min = (uint64_t)numbers[i] < (uint64_t)bounds->min ? numbers[i] : bounds->min;
        bounds->max = (uint64_t)numbers[i] > (uint64_t)bounds->max ? numbers[i] : bounds->max;
    }
}

static bool raw_slices(struct cpl_parquet_column *c, const struct cpl_slice *slices, uint32_t n,
                       struct cpl_error *err)
{
    struct column_page *p = &c->page;
    size_t total = 0;
    for (uint32_t i = 0; i < n; i++)
        total += slices[i].length;
    if (!cpl_buffer_reserve(&p->bytes, total + 32, err))
        return false;
    uint8_t *to = p->bytes.data + p->bytes.size;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t length = slices[i].length;
        p->lengths[p->n_values + i] = length;
        if (length <= 32) { /* the slack behind both ends allows whole blocks */
            memcpy(to, slices[i].data, 16);
            if (length > 16)
                memcpy(to + 16, slices[i].data + 16, 16);
        } else {
            memcpy(to, slices[i].data, length);
        }
        to += length;
    }
    p->bytes.size += total;
    return true;
}

/* The current page's codes back to values: the dictionary is full. Entries that only this page has are dropped. */
static bool leave_dictionary(struct cpl_parquet_column *c, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    c->mode = MODE_RAW;
    uint32_t n_coded = p->n_values;
    p->n_values = 0;
    bool room = value_room(c, n_coded, err);
    p->n_values = n_coded;
    if (!room)
        return false;
    if (!column_is_slices(c->class)) {
        for (uint32_t i = 0; i < p->n_values; i++)
            p->numbers[i] = c->ints.values[p->codes[i]];
        c->ints.n = c->page_dictionary;
        return true;
    }
    for (uint32_t i = 0; i < p->n_values; i++) {
        const struct cpl_bytes_entry *e = &c->strings.entries[p->codes[i]];
        p->lengths[i] = e->length;
        if (!cpl_buffer_append(&p->bytes, c->strings.bytes.data + e->offset, e->length, err))
            return false;
    }
    c->strings.n = c->page_dictionary;
    c->strings.bytes.size = c->page_dictionary_bytes;
    return true;
}

static bool add_coded(struct cpl_parquet_column *c, const struct cpl_leaf_values *v, uint32_t from,
                      uint32_t n, uint32_t *done, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    uint32_t *codes = p->codes + p->n_values;
    bool ok = column_is_slices(c->class)
                  ? cpl_bytes_dictionary_add(&c->strings, v->slices + from, n, codes, done, err)
                  : cpl_int_dictionary_add(&c->ints, v->numbers + from, n, codes, done, err);
    if (!ok)
        return false;
    p->n_values += *done;
    return *done == n || leave_dictionary(c, err);
}

bool cpl_column_add_values(struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                           uint32_t from, uint32_t n, struct cpl_error *err)
{
    struct column_page *p = &c->page;
    if (!n)
        return true;
    if (!value_room(c, n, err))
        return false;
    if (c->class == CPL_LEAF_BOOL) {
        memcpy(p->bools + p->n_values, v->bools + from, n);
        p->n_values += n;
        return true;
    }
    if (!column_is_slices(c->class))
        bound_numbers(c, v->numbers + from, n);
    else if (c->mode != MODE_DICTIONARY && !cpl_column_bound_slices(c, v->slices + from, n, err))
        return false;
    if (c->mode == MODE_DICTIONARY) {
        uint32_t done = 0;
        if (!add_coded(c, v, from, n, &done, err))
            return false;
        if (done == n)
            return true;
        if (!value_room(c, n - done, err))
            return false;
        if (column_is_slices(c->class)) { /* the page's bounds were to come from its codes */
            const uint8_t *at = p->bytes.data;
            for (uint32_t i = 0; i < p->n_values; i++) {
                struct cpl_slice slice = {.data = at, .length = p->lengths[i]};
                if (!cpl_column_bound_slices(c, &slice, 1, err))
                    return false;
                at += p->lengths[i];
            }
            if (!cpl_column_bound_slices(c, v->slices + from + done, n - done, err))
                return false;
        }
        from += done;
        n -= done;
    }
    if (column_is_slices(c->class)) {
        if (!raw_slices(c, v->slices + from, n, err))
            return false;
    } else {
        memcpy(p->numbers + p->n_values, v->numbers + from, (size_t)n * 8);
    }
    p->n_values += n;
    return true;
}

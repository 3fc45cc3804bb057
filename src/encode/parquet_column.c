/* One column chunk: values into pages, the choice of encoding and codec, statistics and page index.
 *
 *   add ──▶ page buffers (raw values, or codes once the dictionary is chosen) ──page full──▶ encode ─▶ compress ─▶ chunk.pages
 *                                                     first page: measure, choose
 * Page cuts depend on the values alone, never on how they were cut into batches. */
#include "encode/parquet.h"
#include "encode/parquet_bloom.h"

#include <libdeflate.h>
#include <string.h>

enum mode { MODE_FIRST /* nothing chosen yet: raw */, MODE_DICTIONARY, MODE_RAW };

struct page { /* being filled */
    uint32_t n_levels, n_values, n_rows, n_nulls;
    uint8_t *def, *rep; /* only while has_def / has_rep */
    bool has_def;
    int64_t *numbers;
    uint32_t *codes, *lengths;
    struct cpl_buffer bytes;
    uint8_t *bools;
    uint32_t level_capacity, value_capacity, code_capacity;
    uint64_t min_key, max_key; /* first 8 bytes, big endian, of the strings' bounds */
    struct cpl_bounds bounds;
};

struct cpl_parquet_column {
    const struct cpl_parquet_leaf *leaf;
    const struct cpl_parquet_options *options;
    const struct cpl_parquet_kernels *kernels;
    struct cpl_parquet_scratch *scratch;
    enum cpl_leaf_class class;
    enum cpl_bound_order order;
    unsigned width; /* bytes of a number */
    enum mode mode;
    enum cpl_parquet_encoding encoding; /* in MODE_RAW */
    bool codec_chosen, dictionary_used;
    struct page page;
    struct cpl_int_dictionary ints;
    struct cpl_bytes_dictionary strings;
    uint32_t page_dictionary; /* entries when the page began */
    size_t page_dictionary_bytes;
    uint64_t rows; /* before this page */
    struct cpl_parquet_chunk chunk;
    struct cpl_bounds bounds, previous; /* of the chunk; of the page before */
    bool has_previous;
    bool wants_bloom;
    struct cpl_buffer hashes; /* for the bloom filter */
};

enum cpl_leaf_class cpl_leaf_class(const struct cpl_parquet_leaf *leaf)
{
    switch (leaf->type) {
    case CPL_PARQUET_BOOLEAN:
        return CPL_LEAF_BOOL;
    case CPL_PARQUET_FLOAT:
    case CPL_PARQUET_DOUBLE:
        return CPL_LEAF_FLOAT;
    case CPL_PARQUET_BYTE_ARRAY:
        return CPL_LEAF_BYTES;
    case CPL_PARQUET_FIXED_LEN_BYTE_ARRAY:
        return CPL_LEAF_FIXED;
    default:
        return CPL_LEAF_NUMBER;
    }
}

static bool is_slices(enum cpl_leaf_class class)
{
    return class == CPL_LEAF_BYTES || class == CPL_LEAF_FIXED;
}

static enum cpl_bound_order order_of(const struct cpl_parquet_leaf *leaf)
{
    enum cpl_kind kind = leaf->field->type.kind;
    switch (cpl_leaf_class(leaf)) {
    case CPL_LEAF_BOOL:
        return CPL_ORDER_BOOL;
    case CPL_LEAF_FLOAT:
        return leaf->type == CPL_PARQUET_FLOAT ? CPL_ORDER_F32 : CPL_ORDER_F64;
    case CPL_LEAF_NUMBER:
        return kind == CPL_U8 || kind == CPL_U16 || kind == CPL_U32 || kind == CPL_U64
                   ? CPL_ORDER_UNSIGNED
                   : CPL_ORDER_SIGNED;
    default:
        return kind == CPL_DECIMAL ? CPL_ORDER_FIXED_SIGNED : CPL_ORDER_BYTES;
    }
}

static unsigned number_width(const struct cpl_parquet_leaf *leaf)
{
    switch (leaf->type) {
    case CPL_PARQUET_BOOLEAN:
        return 1;
    case CPL_PARQUET_INT32:
    case CPL_PARQUET_FLOAT:
        return 4;
    default:
        return 8;
    }
}

void cpl_parquet_chunk_release(struct cpl_parquet_chunk *chunk)
{
    cpl_buffer_release(&chunk->dictionary);
    cpl_buffer_release(&chunk->pages);
    cpl_buffer_release(&chunk->bloom);
    cpl_buffer_release(&chunk->records);
    cpl_buffer_release(&chunk->page_histograms);
    cpl_free(chunk->def_histogram);
    cpl_free(chunk->rep_histogram);
    *chunk = (struct cpl_parquet_chunk){0};
}

struct cpl_parquet_column *cpl_parquet_column_new(const struct cpl_parquet_leaf *leaf,
                                                  const struct cpl_parquet_options *options,
                                                  struct cpl_parquet_scratch *scratch,
                                                  struct cpl_error *err)
{
    struct cpl_parquet_column *c = cpl_alloc_zero(1, sizeof *c, err);
    if (!c)
        return NULL;
    c->leaf = leaf;
    c->options = options;
    c->scratch = scratch;
    c->kernels = cpl_parquet_kernels();
    c->class = cpl_leaf_class(leaf);
    c->order = order_of(leaf);
    c->width = number_width(leaf);
    char path[512];
    cpl_parquet_leaf_path(leaf, path, sizeof path);
    for (size_t i = 0; i < options->bloom_filters.n; i++)
        c->wants_bloom |= !strcmp(path, options->bloom_filters.items[i]);
    cpl_parquet_column_reset(c);
    return c;
}

/* Everything that grew while pages were filled. */
static void give_memory_back(struct cpl_parquet_column *c)
{
    struct page *p = &c->page;
    cpl_free(p->def);
    cpl_free(p->rep);
    cpl_free(p->numbers);
    cpl_free(p->codes);
    cpl_free(p->lengths);
    cpl_free(p->bools);
    cpl_buffer_release(&p->bytes);
    cpl_bounds_release(&p->bounds);
    *p = (struct page){0};
    cpl_int_dictionary_release(&c->ints);
    cpl_bytes_dictionary_release(&c->strings);
    cpl_bounds_release(&c->bounds);
    cpl_bounds_release(&c->previous);
    cpl_buffer_release(&c->hashes);
}

void cpl_parquet_column_free(struct cpl_parquet_column *c)
{
    if (!c)
        return;
    give_memory_back(c);
    cpl_parquet_chunk_release(&c->chunk);
    cpl_free(c);
}

static void clear_page(struct cpl_parquet_column *c)
{
    struct page *p = &c->page;
    p->n_levels = p->n_values = p->n_rows = p->n_nulls = 0;
    p->has_def = c->leaf->max_rep > 0;
    p->bytes.size = 0;
    cpl_bounds_clear(&p->bounds);
    c->page_dictionary = c->class == CPL_LEAF_NUMBER || c->class == CPL_LEAF_FLOAT ? c->ints.n
                                                                                   : c->strings.n;
    c->page_dictionary_bytes = c->strings.bytes.size;
}

void cpl_parquet_column_reset(struct cpl_parquet_column *c)
{
    cpl_parquet_chunk_release(&c->chunk);
    c->mode = c->class == CPL_LEAF_BOOL ? MODE_RAW : MODE_FIRST;
    c->encoding = c->class == CPL_LEAF_BOOL && c->options->encodings == CPL_ENCODINGS_AUTO
                      ? CPL_PARQUET_RLE
                      : CPL_PARQUET_PLAIN;
    c->codec_chosen = c->dictionary_used = c->has_previous = false;
    c->rows = 0;
    c->chunk.codec = c->options->codec;
    cpl_bounds_clear(&c->bounds);
    c->hashes.size = 0;
    clear_page(c);
}

/* ---- filling a page ---- */

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
    struct page *p = &c->page;
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
    else if (is_slices(c->class))
        ok = grow((void **)&p->lengths, 4, capacity, err);
    else
        ok = grow((void **)&p->numbers, 8, capacity, err);
    if (ok)
        *have = capacity;
    return ok;
}

/* Codes for all values of the first page, to try a dictionary on. */
static bool code_room(struct cpl_parquet_column *c, struct cpl_error *err)
{
    enum mode mode = c->mode;
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
    struct page *p = &c->page;
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

static bool add_levels(struct cpl_parquet_column *c, const uint8_t *def, const uint8_t *rep,
                       uint32_t n, uint32_t n_values, struct cpl_error *err)
{
    struct page *p = &c->page;
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
static bool bound_slices(struct cpl_parquet_column *c, const struct cpl_slice *slices, uint32_t n,
                         struct cpl_error *err)
{
    struct page *p = &c->page;
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
    struct page *p = &c->page;
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
    struct page *p = &c->page;
    c->mode = MODE_RAW;
    uint32_t n_coded = p->n_values;
    p->n_values = 0;
    bool room = value_room(c, n_coded, err);
    p->n_values = n_coded;
    if (!room)
        return false;
    if (!is_slices(c->class)) {
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
    struct page *p = &c->page;
    uint32_t *codes = p->codes + p->n_values;
    bool ok = is_slices(c->class)
                  ? cpl_bytes_dictionary_add(&c->strings, v->slices + from, n, codes, done, err)
                  : cpl_int_dictionary_add(&c->ints, v->numbers + from, n, codes, done, err);
    if (!ok)
        return false;
    p->n_values += *done;
    return *done == n || leave_dictionary(c, err);
}

static bool add_values(struct cpl_parquet_column *c, const struct cpl_leaf_values *v, uint32_t from,
                       uint32_t n, struct cpl_error *err)
{
    struct page *p = &c->page;
    if (!n)
        return true;
    if (!value_room(c, n, err))
        return false;
    if (c->class == CPL_LEAF_BOOL) {
        memcpy(p->bools + p->n_values, v->bools + from, n);
        p->n_values += n;
        return true;
    }
    if (!is_slices(c->class))
        bound_numbers(c, v->numbers + from, n);
    else if (c->mode != MODE_DICTIONARY && !bound_slices(c, v->slices + from, n, err))
        return false;
    if (c->mode == MODE_DICTIONARY) {
        uint32_t done = 0;
        if (!add_coded(c, v, from, n, &done, err))
            return false;
        if (done == n)
            return true;
        if (!value_room(c, n - done, err))
            return false;
        if (is_slices(c->class)) { /* the page's bounds were to come from its codes */
            const uint8_t *at = p->bytes.data;
            for (uint32_t i = 0; i < p->n_values; i++) {
                struct cpl_slice slice = {.data = at, .length = p->lengths[i]};
                if (!bound_slices(c, &slice, 1, err))
                    return false;
                at += p->lengths[i];
            }
            if (!bound_slices(c, v->slices + from + done, n - done, err))
                return false;
        }
        from += done;
        n -= done;
    }
    if (is_slices(c->class)) {
        if (!raw_slices(c, v->slices + from, n, err))
            return false;
    } else {
        memcpy(p->numbers + p->n_values, v->numbers + from, (size_t)n * 8);
    }
    p->n_values += n;
    return true;
}

/* ---- choosing ---- */

/* Plain and dictionaries alone: asked for, or because of Polars (2.1), which panics on a required value in a nullable struct
 * when its pages are of another encoding and only some of them have nulls. Every other reader takes them; such columns
 * are rare enough to be a little larger. */
static bool plain_only(const struct cpl_parquet_column *c)
{
    return c->options->encodings == CPL_ENCODINGS_COMPATIBLE || c->leaf->in_nullable_struct;
}

static double rows_expected(const struct cpl_parquet_column *c, bool last)
{
    double n = c->page.n_values;
    double full = (double)c->options->row_group_rows /
                  (double)(c->page.n_rows ? c->page.n_rows : 1) * n;
    return last || full < n ? n : full;
}

/* Entries of a table that holds the page's n values and as many again around them; 0 when they lie too far apart, or are too
 * few for so large a table. */
static uint32_t direct_table(const struct cpl_bounds *bounds, uint32_t n, int64_t *base)
{
    uint64_t range = (uint64_t)bounds->max - (uint64_t)bounds->min;
    uint32_t entries = 256;
    if (range >= 30000)
        return 0;
    while (entries < 2 * range && entries < 1u << 15)
        entries *= 2;
    if (entries > 8 * (uint64_t)n)
        return 0;
    int64_t margin = (int64_t)((entries - range) / 2);
    if (bounds->min < INT64_MIN + margin) /* the end of the number line */
        return 0;
    *base = bounds->min - margin;
    return entries;
}

/* Runs from all over the first page are looked at before a dictionary is tried on the whole of it: where hardly a value comes
 * twice even among these, none can pay. Codes go to p->codes. */
enum { RUNS = 8, RUN = 256, RUNS_LEAST = 4 * RUNS * RUN };

static bool hardly_repeats(const struct cpl_parquet_column *c, uint32_t distinct)
{
    return c->options->dictionary != CPL_DICTIONARY_ALWAYS && 10 * distinct > 9 * RUNS * RUN;
}

static bool sample_numbers(struct cpl_parquet_column *c, bool *worth, struct cpl_error *err)
{
    struct page *p = &c->page;
    uint32_t n = p->n_values, done;
    *worth = true;
    if (n < RUNS_LEAST)
        return true;
    if (!cpl_int_dictionary_start(&c->ints, 0, 0, err))
        return false;
    for (uint32_t i = 0; i < RUNS; i++)
        if (!cpl_int_dictionary_add(&c->ints, p->numbers + i * (n / RUNS), RUN, p->codes, &done,
                                    err))
            return false;
    *worth = !hardly_repeats(c, c->ints.n);
    return true;
}

static bool sample_slices(struct cpl_parquet_column *c, const struct cpl_slice *slices, bool *worth,
                          struct cpl_error *err)
{
    uint32_t n = c->page.n_values, done;
    *worth = true;
    if (n < RUNS_LEAST)
        return true;
    if (!cpl_bytes_dictionary_start(&c->strings, err))
        return false;
    for (uint32_t i = 0; i < RUNS; i++)
        if (!cpl_bytes_dictionary_add(&c->strings, slices + i * (n / RUNS), RUN, c->page.codes,
                                      &done, err))
            return false;
    *worth = !hardly_repeats(c, c->strings.n);
    return true;
}

static bool choose_numbers(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    struct page *p = &c->page;
    uint32_t n = p->n_values, done = 0;
    bool is_int = c->class == CPL_LEAF_NUMBER;
    double all = rows_expected(c, last), scale = all / (n ? n : 1);
    double raw = all * c->width;
    c->encoding = CPL_PARQUET_PLAIN;
    if (is_int && !plain_only(c)) {
        double delta = (double)cpl_delta_size(c->kernels, p->numbers, n) * scale;
        if (delta < raw) {
            raw = delta;
            c->encoding = CPL_PARQUET_DELTA_BINARY_PACKED;
        }
    }
    c->mode = MODE_RAW;
    if (c->options->dictionary == CPL_DICTIONARY_NEVER || !n)
        return true;
    int64_t base = 0;
    uint32_t n_direct = is_int && c->order == CPL_ORDER_SIGNED ? direct_table(&p->bounds, n, &base)
                                                               : 0;
    bool worth = true;
    if (!code_room(c, err) || (!n_direct && !sample_numbers(c, &worth, err)))
        return false;
    if (!worth) {
        c->ints.n = 0;
        return true;
    }
    if (!cpl_int_dictionary_start(&c->ints, n_direct, base, err) ||
        !cpl_int_dictionary_add(&c->ints, p->numbers, n, p->codes, &done, err))
        return false;
    double distinct = cpl_dictionary_estimate(n, c->ints.n, all);
    double size = distinct * c->width +
                  all * cpl_bit_width((uint32_t)(distinct < 2 ? 0 : distinct - 1)) / 8;
    bool wanted = done == n && distinct <= (double)CPL_DICTIONARY_ENTRIES &&
                  (2 * c->ints.n <= n || n < 64) && size < raw;
    if (wanted || (c->options->dictionary == CPL_DICTIONARY_ALWAYS && done == n))
        c->mode = MODE_DICTIONARY;
    else
        c->ints.n = 0;
    return true;
}

static bool choose_slices(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    struct page *p = &c->page;
    uint32_t n = p->n_values, done = 0;
    double all = rows_expected(c, last), bytes = (double)p->bytes.size;
    c->mode = MODE_RAW;
    c->encoding = CPL_PARQUET_PLAIN;
    if (c->class == CPL_LEAF_BYTES && !plain_only(c)) {
        bool sorted = n > 1 &&
                      (double)cpl_shared_prefixes(p->bytes.data, p->lengths, n) > 0.4 * bytes;
        c->encoding = sorted ? CPL_PARQUET_DELTA_BYTE_ARRAY : CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY;
    }
    if (c->options->dictionary == CPL_DICTIONARY_NEVER || !n)
        return true;
    struct cpl_slice *slices = cpl_alloc(n * sizeof *slices, err);
    if (!slices)
        return false;
    const uint8_t *at = p->bytes.data;
    for (uint32_t i = 0; i < n; i++) {
        slices[i] = (struct cpl_slice){.data = at, .length = p->lengths[i]};
        at += p->lengths[i];
    }
    bool worth = true;
    bool ok = code_room(c, err) && sample_slices(c, slices, &worth, err) &&
              (!worth || (cpl_bytes_dictionary_start(&c->strings, err) &&
                          cpl_bytes_dictionary_add(&c->strings, slices, n, p->codes, &done, err)));
    cpl_free(slices);
    if (!ok || !worth) {
        c->strings.n = 0;
        return ok;
    }
    double distinct = cpl_dictionary_estimate(n, c->strings.n, all);
    double entry = (double)c->strings.bytes.size / (c->strings.n ? c->strings.n : 1) + 4;
    double size = distinct * entry +
                  all * cpl_bit_width((uint32_t)(distinct < 2 ? 0 : distinct - 1)) / 8;
    double codec_gain = c->options->codec == CPL_CODEC_NONE ? 1 : 0.6;
    bool wanted = done == n && distinct <= (double)CPL_DICTIONARY_ENTRIES &&
                  (2 * c->strings.n <= n || n < 64) && size < codec_gain * (bytes * all / n + all);
    if (wanted || (c->options->dictionary == CPL_DICTIONARY_ALWAYS && done == n))
        c->mode = MODE_DICTIONARY;
    else
        c->strings.n = 0;
    return true;
}

static bool encode_values(struct cpl_parquet_column *c, struct cpl_buffer *out,
                          struct cpl_error *err);

/* Plain or byte stream split for floats: whichever compresses the first page better. */
static bool choose_float_layout(struct cpl_parquet_column *c, struct cpl_error *err)
{
    size_t sizes[2] = {0};
    static const enum cpl_parquet_encoding layouts[2] = {CPL_PARQUET_PLAIN,
                                                         CPL_PARQUET_BYTE_STREAM_SPLIT};
    if (c->options->codec == CPL_CODEC_NONE)
        return true;
    struct cpl_buffer body = {0}, packed = {0};
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        body.size = packed.size = 0;
        c->encoding = layouts[i];
        ok = encode_values(c, &body, err) &&
             cpl_codec_compress(c->options->codec, c->options->level, &c->scratch->codec, body.data,
                                body.size, &packed, err);
        sizes[i] = packed.size;
    }
    cpl_buffer_release(&body);
    cpl_buffer_release(&packed);
    c->encoding = sizes[1] < sizes[0] - sizes[0] / 50 ? CPL_PARQUET_BYTE_STREAM_SPLIT
                                                      : CPL_PARQUET_PLAIN;
    return ok;
}

static bool choose(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    if (c->mode != MODE_FIRST || !c->page.n_values)
        return true;
    if (is_slices(c->class))
        return choose_slices(c, last, err);
    if (!choose_numbers(c, last, err))
        return false;
    if (c->class == CPL_LEAF_FLOAT && c->mode == MODE_RAW && !plain_only(c))
        return choose_float_layout(c, err);
    return true;
}

/* ---- writing a page ---- */

static bool encode_bools(const struct cpl_parquet_column *c, struct cpl_buffer *out,
                         struct cpl_error *err)
{
    const struct page *p = &c->page;
    if (c->encoding == CPL_PARQUET_PLAIN) {
        if (!cpl_buffer_reserve(out, p->n_values / 8 + 1, err))
            return false;
        memset(out->data + out->size, 0, p->n_values / 8 + 1);
        for (uint32_t i = 0; i < p->n_values; i++)
            if (p->bools[i])
                cpl_bit_set(out->data + out->size, i);
        out->size += (p->n_values + 7) / 8;
        return true;
    }
    size_t length_at = out->size;
    if (!cpl_buffer_append(out, "\0\0\0\0", 4, err) ||
        !cpl_put_levels(c->kernels, p->bools, p->n_values, 1, out, err))
        return false;
    uint32_t length = (uint32_t)(out->size - length_at - 4);
    memcpy(out->data + length_at, &length, 4);
    return true;
}

static bool encode_values(struct cpl_parquet_column *c, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    struct page *p = &c->page;
    if (c->class == CPL_LEAF_BOOL)
        return encode_bools(c, out, err);
    if (c->mode == MODE_DICTIONARY) {
        uint32_t entries = is_slices(c->class) ? c->strings.n : c->ints.n;
        uint8_t width = (uint8_t)cpl_bit_width(entries ? entries - 1 : 0);
        c->dictionary_used = true;
        return cpl_buffer_append(out, &width, 1, err) &&
               cpl_put_hybrid(c->kernels, p->codes, p->n_values, width, out, err);
    }
    switch (c->encoding) {
    case CPL_PARQUET_DELTA_BINARY_PACKED:
        return cpl_put_delta(c->kernels, p->numbers, p->n_values, c->width, out, err);
    case CPL_PARQUET_BYTE_STREAM_SPLIT:
        return cpl_put_stream_split(p->numbers, p->n_values, c->width, out, err);
    case CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return cpl_put_delta_length(c->kernels, p->bytes.data, p->bytes.size, p->lengths,
                                    p->n_values, out, err);
    case CPL_PARQUET_DELTA_BYTE_ARRAY:
        return cpl_put_delta_bytes(c->kernels, p->bytes.data, p->lengths, p->n_values, out, err);
    default:
        if (c->class == CPL_LEAF_FIXED)
            return cpl_buffer_append(out, p->bytes.data, p->bytes.size, err);
        if (c->class == CPL_LEAF_BYTES)
            return cpl_put_plain_bytes(p->bytes.data, p->lengths, p->n_values, out, err);
        return cpl_put_plain(p->numbers, p->n_values, c->width, out, err);
    }
}

static bool put_one_level(struct cpl_parquet_column *c, const uint8_t *levels, unsigned max,
                          struct cpl_buffer *out, uint32_t *size, struct cpl_error *err)
{
    bool v1 = c->options->page_version == 0;
    size_t at = out->size;
    *size = 0;
    if (!max)
        return true;
    if (v1 && !cpl_buffer_append(out, "\0\0\0\0", 4, err))
        return false;
    bool ok = levels ? cpl_put_levels(c->kernels, levels, c->page.n_levels, max, out, err)
                     : cpl_put_constant_levels(max, c->page.n_levels, max, out, err);
    if (!ok)
        return false;
    *size = (uint32_t)(out->size - at);
    if (v1) {
        uint32_t length = *size - 4;
        memcpy(out->data + at, &length, 4);
    }
    return true;
}

/* Strings' bounds and total length of a dictionary page's values, from the codes that occur. */
static bool bound_codes(struct cpl_parquet_column *c, uint64_t *unencoded, struct cpl_error *err)
{
    struct page *p = &c->page;
    uint32_t entries = c->strings.n;
    uint8_t *seen = cpl_alloc_zero(entries + 1, 1, err);
    if (!seen)
        return false;
    for (uint32_t i = 0; i < p->n_values; i++) {
        seen[p->codes[i]] = 1;
        *unencoded += c->strings.entries[p->codes[i]].length;
    }
    bool ok = true;
    for (uint32_t code = 0; ok && code < entries; code++)
        if (seen[code]) {
            struct cpl_slice slice = {.data = c->strings.bytes.data +
                                              c->strings.entries[code].offset,
                                      .length = c->strings.entries[code].length};
            ok = bound_slices(c, &slice, 1, err);
        }
    cpl_free(seen);
    return ok;
}

static void bound_bools(struct cpl_parquet_column *c)
{
    struct page *p = &c->page;
    uint32_t trues = 0;
    for (uint32_t i = 0; i < p->n_values; i++)
        trues += p->bools[i];
    p->bounds.any = p->n_values > 0;
    p->bounds.min = trues == p->n_values;
    p->bounds.max = trues > 0;
}

/* The page's levels into its own histograms, and those into the chunk's. */
static bool count_levels(struct cpl_parquet_column *c, struct cpl_error *err)
{
    const struct page *p = &c->page;
    size_t n_rep = (size_t)c->leaf->max_rep + 1, n_def = (size_t)c->leaf->max_def + 1;
    struct cpl_buffer *out = &c->chunk.page_histograms;
    if (!c->chunk.def_histogram)
        return true;
    if (!cpl_buffer_reserve(out, (n_rep + n_def) * sizeof(uint64_t), err))
        return false;
    uint64_t *rep = (uint64_t *)(void *)(out->data + out->size), *def = rep + n_rep;
    memset(rep, 0, (n_rep + n_def) * sizeof *rep);
    for (uint32_t i = 0; p->has_def && i < p->n_levels; i++) {
        rep[p->rep[i]]++;
        def[p->def[i]]++;
    }
    if (!p->has_def) {
        rep[0] = p->n_levels;
        def[n_def - 1] = p->n_levels;
    }
    for (size_t i = 0; i < n_rep; i++)
        c->chunk.rep_histogram[i] += rep[i];
    for (size_t i = 0; i < n_def; i++)
        c->chunk.def_histogram[i] += def[i];
    out->size += (n_rep + n_def) * sizeof *rep;
    return true;
}

/* The page's line in the index, and its part in the chunk's statistics. */
static bool record_page(struct cpl_parquet_column *c, uint64_t offset, uint64_t unencoded,
                        enum cpl_parquet_encoding encoding, struct cpl_error *err)
{
    struct page *p = &c->page;
    struct cpl_parquet_chunk *chunk = &c->chunk;
    struct cpl_page_record record = {.offset = offset,
                                     .size = (uint32_t)(chunk->pages.size - offset),
                                     .first_row = c->rows,
                                     .values = p->n_levels,
                                     .nulls = p->n_nulls,
                                     .unencoded = unencoded,
                                     .encoding = encoding,
                                     .min_order = 2,
                                     .max_order = 2};
    bool utf8 = c->leaf->field->type.kind == CPL_STRING || c->leaf->field->type.kind == CPL_JSON;
    cpl_bounds_write(&p->bounds, c->order, c->width, utf8, &record.bounds);
    if (p->bounds.any && c->has_previous) {
        record.min_order = cpl_bounds_compare(c->order, &p->bounds, false, &c->previous, false);
        record.max_order = cpl_bounds_compare(c->order, &p->bounds, true, &c->previous, true);
    }
    if (!cpl_buffer_append(&chunk->records, &record, sizeof record, err) ||
        !cpl_bounds_join(&c->bounds, c->order, &p->bounds, err))
        return false;
    if (p->bounds.any) {
        cpl_bounds_clear(&c->previous);
        c->has_previous = true;
        if (!cpl_bounds_join(&c->previous, c->order, &p->bounds, err))
            return false;
    }
    chunk->n_records++;
    chunk->values += p->n_levels;
    chunk->nulls += p->n_nulls;
    chunk->unencoded += unencoded;
    return true;
}

/* Header, checksum, stored bytes. `levels` of them stand uncompressed in front (v2). */
static bool put_page(struct cpl_parquet_column *c, struct cpl_parquet_page_header *header,
                     const struct cpl_buffer *body, size_t levels, struct cpl_buffer *out,
                     struct cpl_error *err)
{
    const struct cpl_buffer *stored = body;
    if (c->chunk.codec != CPL_CODEC_NONE) {
        c->scratch->packed.size = 0;
        if (!cpl_buffer_append(&c->scratch->packed, body->data, levels, err) ||
            !cpl_codec_compress(c->chunk.codec, c->options->level, &c->scratch->codec,
                                body->data + levels, body->size - levels, &c->scratch->packed, err))
            return false;
        stored = &c->scratch->packed;
        if (!c->codec_chosen && (double)stored->size > 0.95 * (double)body->size) {
            c->chunk.codec = CPL_CODEC_NONE;
            stored = body;
        }
        c->codec_chosen = true;
    }
    if (body->size > INT32_MAX || stored->size > INT32_MAX)
        return cpl_fail(err, CPL_E_LIMIT, "a page of column %s would pass 2 GiB",
                        c->leaf->field->name);
    header->uncompressed_size = (int32_t)body->size;
    header->compressed_size = (int32_t)stored->size;
    header->data_v2.has_is_compressed = true;
    header->data_v2.is_compressed = c->chunk.codec != CPL_CODEC_NONE;
    if (c->options->page_crc) {
        header->has_crc = true;
        header->crc = (int32_t)libdeflate_crc32(0, stored->data, stored->size);
    }
    size_t before = out->size;
    if (!cpl_parquet_write_page_header(header, out, err))
        return false;
    c->chunk.uncompressed += out->size - before + body->size;
    return cpl_buffer_append(out, stored->data, stored->size, err);
}

static bool flush_page(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    struct page *p = &c->page;
    if (!p->n_levels)
        return true;
    if (!choose(c, last, err))
        return false;
    uint64_t unencoded = c->class == CPL_LEAF_BYTES ? p->bytes.size : 0;
    if (c->class == CPL_LEAF_BOOL)
        bound_bools(c);
    if (c->mode == MODE_DICTIONARY && is_slices(c->class)) {
        uint64_t total = 0;
        if (!bound_codes(c, &total, err))
            return false;
        unencoded = c->class == CPL_LEAF_BYTES ? total : 0;
    }
    c->scratch->body.size = 0;
    uint32_t rep_size, def_size;
    if (!put_one_level(c, p->rep, (unsigned)c->leaf->max_rep, &c->scratch->body, &rep_size, err) ||
        !put_one_level(c, p->has_def ? p->def : NULL, (unsigned)c->leaf->max_def, &c->scratch->body,
                       &def_size, err))
        return false;
    size_t levels = c->scratch->body.size;
    if (!encode_values(c, &c->scratch->body, err))
        return false;
    enum cpl_parquet_encoding encoding = c->mode == MODE_DICTIONARY ? CPL_PARQUET_RLE_DICTIONARY
                                                                    : c->encoding;
    struct cpl_parquet_page_header header = {0};
    if (c->options->page_version == 0) {
        header.type = CPL_PARQUET_DATA_PAGE;
        header.has_data = true;
        header.data = (struct cpl_parquet_data_page){.num_values = (int32_t)p->n_levels,
                                                     .encoding = encoding,
                                                     .definition_encoding = CPL_PARQUET_RLE,
                                                     .repetition_encoding = CPL_PARQUET_RLE};
        levels = 0;
    } else {
        header.type = CPL_PARQUET_DATA_PAGE_V2;
        header.has_data_v2 = true;
        header.data_v2 = (struct cpl_parquet_data_page_v2){.num_values = (int32_t)p->n_levels,
                                                           .num_nulls = (int32_t)p->n_nulls,
                                                           .num_rows = (int32_t)p->n_rows,
                                                           .encoding = encoding,
                                                           .definition_bytes = (int32_t)def_size,
                                                           .repetition_bytes = (int32_t)rep_size};
    }
    uint64_t offset = c->chunk.pages.size;
    if (!put_page(c, &header, &c->scratch->body, levels, &c->chunk.pages, err) ||
        !record_page(c, offset, unencoded, encoding, err) || !count_levels(c, err))
        return false;
    c->rows += p->n_rows;
    clear_page(c);
    return true;
}

/* ---- adding ---- */

static bool page_full(const struct cpl_parquet_column *c)
{
    return c->page.n_levels >= (uint32_t)c->options->page_rows ||
           c->page.bytes.size >= c->options->page_bytes;
}

/* How many levels from `at` go into this page before it must be looked at again. Large strings shorten the step. */
static uint32_t step(const struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                     uint32_t at, uint32_t value_at)
{
    uint32_t left = v->n_levels - at, room = (uint32_t)c->options->page_rows - c->page.n_levels;
    uint32_t n = left < room ? left : room;
    if (v->rep) /* nested: up to the next row start at or behind the room's end */
        for (n = n < 1 ? 1 : n; n < left && v->rep[at + n] != 0; n++)
            ;
    if (!is_slices(c->class) || c->mode == MODE_DICTIONARY)
        return n;
    uint64_t bytes = c->page.bytes.size;
    uint32_t value = value_at;
    for (uint32_t i = 0; i < n; i++) {
        bool valid = !v->def || v->def[at + i] == c->leaf->max_def;
        if (i && bytes >= c->options->page_bytes && (!v->rep || v->rep[at + i] == 0))
            return i;
        bytes += valid ? v->slices[value++].length : 0;
    }
    return n;
}

static uint32_t count_valid(const struct cpl_parquet_column *c, const uint8_t *def, uint32_t n)
{
    if (!def)
        return n;
    uint32_t valid = 0;
    for (uint32_t i = 0; i < n; i++)
        valid += def[i] == c->leaf->max_def;
    return valid;
}

static bool start_histograms(struct cpl_parquet_column *c, struct cpl_error *err)
{
    if (c->leaf->max_rep == 0 && c->leaf->max_def <= 1)
        return true;
    c->chunk.def_histogram = cpl_alloc_zero((size_t)c->leaf->max_def + 1, sizeof(uint64_t), err);
    c->chunk.rep_histogram = c->chunk.def_histogram ? cpl_alloc_zero((size_t)c->leaf->max_rep + 1,
                                                                     sizeof(uint64_t), err)
                                                    : NULL;
    return c->chunk.rep_histogram != NULL;
}

bool cpl_parquet_column_add(struct cpl_parquet_column *c, const struct cpl_leaf_values *v,
                            struct cpl_error *err)
{
    uint32_t value = 0;
    if (!c->chunk.def_histogram && !start_histograms(c, err))
        return false;
    if (c->wants_bloom && !cpl_bloom_collect(&c->hashes, v, c->class, c->width, err))
        return false;
    for (uint32_t at = 0; at < v->n_levels;) {
        /* a nested page may only end where a row does */
        bool row_start = !v->rep || v->rep[at] == 0;
        if (page_full(c) && row_start && !flush_page(c, false, err))
            return false;
        uint32_t n = step(c, v, at, value);
        const uint8_t *def = v->def ? v->def + at : NULL;
        uint32_t valid = count_valid(c, def, n);
        if (!add_values(c, v, value, valid, err) ||
            !add_levels(c, def, v->rep ? v->rep + at : NULL, n, valid, err))
            return false;
        at += n;
        value += valid;
    }
    return true;
}

/* ---- finishing ---- */

static bool put_dictionary(struct cpl_parquet_column *c, struct cpl_error *err)
{
    uint32_t entries = is_slices(c->class) ? c->strings.n : c->ints.n;
    struct cpl_buffer *body = &c->scratch->body;
    body->size = 0;
    bool ok = true;
    if (!is_slices(c->class))
        ok = cpl_put_plain(c->ints.values, entries, c->width, body, err);
    for (uint32_t i = 0; ok && is_slices(c->class) && i < entries; i++) {
        const struct cpl_bytes_entry *e = &c->strings.entries[i];
        if (c->class == CPL_LEAF_BYTES)
            ok = cpl_buffer_append(body, &e->length, 4, err);
        ok = ok && cpl_buffer_append(body, c->strings.bytes.data + e->offset, e->length, err);
    }
    struct cpl_parquet_page_header header = {
        .type = CPL_PARQUET_DICTIONARY_PAGE,
        .has_dictionary = true,
        .dictionary = {.num_values = (int32_t)entries, .encoding = CPL_PARQUET_PLAIN}};
    c->codec_chosen = true;
    return ok && put_page(c, &header, body, 0, &c->chunk.dictionary, err);
}

bool cpl_parquet_column_finish(struct cpl_parquet_column *c, struct cpl_parquet_chunk *chunk,
                               struct cpl_error *err)
{
    *chunk = (struct cpl_parquet_chunk){0};
    if (!flush_page(c, c->chunk.n_records == 0, err) ||
        (c->dictionary_used && !put_dictionary(c, err)))
        return false;
    if (c->wants_bloom && !cpl_bloom_write(&c->hashes, &c->chunk.bloom, err))
        return false;
    bool utf8 = c->leaf->field->type.kind == CPL_STRING || c->leaf->field->type.kind == CPL_JSON;
    cpl_bounds_write(&c->bounds, c->order, c->width, utf8, &c->chunk.bounds);
    *chunk = c->chunk;
    c->chunk = (struct cpl_parquet_chunk){0};
    if (c->options->wide)
        give_memory_back(c);
    cpl_parquet_column_reset(c);
    return true;
}

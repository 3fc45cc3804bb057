/* The choice of a chunk's encoding, by measuring its first page: a function of the data. */
#include "encode/parquet_column.h"

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
    struct column_page *p = &c->page;
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
    struct column_page *p = &c->page;
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
    if (!cpl_column_code_room(c, err) || (!n_direct && !sample_numbers(c, &worth, err)))
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
    struct column_page *p = &c->page;
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
    bool ok = cpl_column_code_room(c, err) && sample_slices(c, slices, &worth, err) &&
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
        ok = cpl_column_encode_values(c, &body, err) &&
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

bool cpl_column_choose(struct cpl_parquet_column *c, bool last, struct cpl_error *err)
{
    if (c->mode != MODE_FIRST || !c->page.n_values)
        return true;
    if (column_is_slices(c->class))
        return choose_slices(c, last, err);
    if (!choose_numbers(c, last, err))
        return false;
    if (c->class == CPL_LEAF_FLOAT && c->mode == MODE_RAW && !plain_only(c))
        return choose_float_layout(c, err);
    return true;
}

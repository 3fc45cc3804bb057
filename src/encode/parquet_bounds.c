#include "encode/parquet_bounds.h"

#include <math.h>
#include <string.h>

void cpl_bounds_release(struct cpl_bounds *bounds)
{
    cpl_buffer_release(&bounds->min_bytes);
    cpl_buffer_release(&bounds->max_bytes);
    *bounds = (struct cpl_bounds){0};
}

void cpl_bounds_clear(struct cpl_bounds *bounds)
{
    bounds->any = false;
    bounds->nans = 0;
    bounds->min_bytes.size = bounds->max_bytes.size = 0;
}

static int compare_bytes(enum cpl_bound_order order, const uint8_t *a, size_t a_size,
                         const uint8_t *b, size_t b_size)
{
    if (order == CPL_ORDER_FIXED_SIGNED && a_size && b_size && ((a[0] ^ b[0]) & 0x80))
        return a[0] & 0x80 ? -1 : 1;
    size_t least = a_size < b_size ? a_size : b_size;
    int difference = least ? memcmp(a, b, least) : 0;
    if (difference)
        return difference < 0 ? -1 : 1;
    return a_size < b_size ? -1 : a_size > b_size;
}

static bool set_bytes(struct cpl_buffer *buffer, const uint8_t *data, size_t size,
                      struct cpl_error *err)
{
    buffer->size = 0;
    return cpl_buffer_append(buffer, data, size, err);
}

/* Of a long value, no more than what is written of it can be asked for, and that it is longer. */
static size_t kept(size_t size)
{
    return size <= CPL_BOUND_BYTES ? size : CPL_BOUND_BYTES + 1;
}

bool cpl_bounds_add_slice(struct cpl_bounds *bounds, enum cpl_bound_order order,
                          const struct cpl_slice *value, struct cpl_error *err)
{
    bool first = !bounds->any;
    size_t length = kept(value->length);
    struct cpl_buffer *min = &bounds->min_bytes, *max = &bounds->max_bytes;
    bounds->any = true;
    if ((first || compare_bytes(order, value->data, length, min->data, min->size) < 0) &&
        !set_bytes(min, value->data, length, err))
        return false;
    return !(first || compare_bytes(order, value->data, length, max->data, max->size) > 0) ||
           set_bytes(max, value->data, length, err);
}

static double float_of(enum cpl_bound_order order, int64_t bits)
{
    if (order == CPL_ORDER_F32) {
        float narrow;
        uint32_t low = (uint32_t)bits;
        memcpy(&narrow, &low, 4);
        return (double)narrow;
    }
    double wide;
    memcpy(&wide, &bits, 8);
    return wide;
}

void cpl_bounds_add_floats(struct cpl_bounds *bounds, enum cpl_bound_order order,
                           const int64_t *bits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        double value = float_of(order, bits[i]);
        if (isnan(value)) {
            bounds->nans++;
            continue;
        }
        if (!bounds->any || value < float_of(order, bounds->min) ||
            (value == 0 && signbit(value) && float_of(order, bounds->min) == 0))
            bounds->min = bits[i];
        if (!bounds->any || value > float_of(order, bounds->max) ||
            (value == 0 && !signbit(value) && float_of(order, bounds->max) == 0))
            bounds->max = bits[i];
        bounds->any = true;
    }
}

static int compare_numbers(enum cpl_bound_order order, int64_t a, int64_t b)
{
    if (order == CPL_ORDER_UNSIGNED)
        return (uint64_t)a<(uint64_t)b ? -1 : (uint64_t)a>(uint64_t) b;
    if (order == CPL_ORDER_F32 || order == CPL_ORDER_F64) {
        double x = float_of(order, a), y = float_of(order, b);
        return x < y ? -1 : x > y;
    }
    return a < b ? -1 : a > b;
}

static bool is_bytes(enum cpl_bound_order order)
{
    return order == CPL_ORDER_BYTES || order == CPL_ORDER_FIXED_SIGNED;
}

int cpl_bounds_compare(enum cpl_bound_order order, const struct cpl_bounds *a, bool a_max,
                       const struct cpl_bounds *b, bool b_max)
{
    if (!is_bytes(order))
        return compare_numbers(order, a_max ? a->max : a->min, b_max ? b->max : b->min);
    const struct cpl_buffer *x = a_max ? &a->max_bytes : &a->min_bytes,
                            *y = b_max ? &b->max_bytes : &b->min_bytes;
    return compare_bytes(order, x->data, x->size, y->data, y->size);
}

bool cpl_bounds_join(struct cpl_bounds *bounds, enum cpl_bound_order order,
                     const struct cpl_bounds *other, struct cpl_error *err)
{
    bounds->nans += other->nans;
    if (!other->any)
        return true;
    bool first = !bounds->any;
    bool less = first || cpl_bounds_compare(order, other, false, bounds, false) < 0;
    bool more = first || cpl_bounds_compare(order, other, true, bounds, true) > 0;
    bounds->any = true;
    if (less) {
        bounds->min = other->min;
        if (is_bytes(order) &&
            !set_bytes(&bounds->min_bytes, other->min_bytes.data, other->min_bytes.size, err))
            return false;
    }
    if (more) {
        bounds->max = other->max;
        if (is_bytes(order) &&
            !set_bytes(&bounds->max_bytes, other->max_bytes.data, other->max_bytes.size, err))
            return false;
    }
    return true;
}

/* A zero as lower bound is -0.0, as upper +0.0, whatever the data held. */
static int64_t settle_zero(enum cpl_bound_order order, int64_t bits, bool negative)
{
    if ((order == CPL_ORDER_F32 || order == CPL_ORDER_F64) && float_of(order, bits) == 0) {
        if (!negative)
            return 0;
        return order == CPL_ORDER_F32 ? (int64_t)0x80000000 : INT64_MIN;
    }
    return bits;
}

static size_t character_start(const uint8_t *data, size_t at)
{
    while (at && (data[at] & 0xC0) == 0x80)
        at--;
    return at;
}

/* The character [data, data + size) becomes the next one of at most as many bytes, in place. False:
 * there is none. Valid UTF-8 sorts by bytes as its code points do. */
static bool next_character(uint8_t *data, size_t size)
{
    static const uint8_t leads[] = {0, 0x7F, 0xDF, 0xEF, 0xF4}; /* the last one of each length */
    if (size == 3 && data[0] == 0xED && data[1] == 0x9F && data[2] == 0xBF) {
        memcpy(data, "\xEE\x80\x80", 3); /* over the surrogates */
        return true;
    }
    if (size == 4 && !memcmp(data, "\xF4\x8F\xBF\xBF", 4))
        return false; /* U+10FFFF */
    size_t at = size - 1;
    for (; at && data[at] == 0xBF; at--)
        data[at] = 0x80;
    if (!at && data[0] >= leads[size])
        return false;
    data[at]++;
    return true;
}

/* Cut a greatest value, of which `size` bytes are kept, so that it still is one: what can grow
 * grows, and what follows goes. 0 = nothing in it can grow. */
static size_t cut_max(const uint8_t *data, size_t size, bool utf8, uint8_t *out)
{
    memcpy(out, data, size);
    for (size_t end = size, at; end; end = at) {
        at = utf8 ? character_start(out, end - 1) : end - 1;
        if (utf8 ? end - at <= 4 && next_character(out + at, end - at) : out[at] < 0xFF) {
            out[at] += !utf8;
            return end;
        }
    }
    return 0;
}

static void write_bytes(const struct cpl_bounds *bounds, bool utf8, struct cpl_bound_text *text)
{
    const struct cpl_buffer *min = &bounds->min_bytes, *max = &bounds->max_bytes;
    size_t size = min->size;
    text->min_exact = text->max_exact = true;
    if (size > CPL_BOUND_BYTES) {
        size = utf8 ? character_start(min->data, CPL_BOUND_BYTES) : CPL_BOUND_BYTES;
        text->min_exact = false;
    }
    if (size)
        memcpy(text->min, min->data, size);
    text->min_size = (uint8_t)size;
    size = max->size;
    if (size > CPL_BOUND_BYTES) {
        size = utf8 ? character_start(max->data, CPL_BOUND_BYTES) : CPL_BOUND_BYTES;
        size = cut_max(max->data, size, utf8, text->max);
        text->max_exact = false;
        text->no_max = !size;
    } else if (size) {
        memcpy(text->max, max->data, size);
    }
    text->max_size = (uint8_t)size;
}

void cpl_bounds_write(const struct cpl_bounds *bounds, enum cpl_bound_order order, unsigned width,
                      bool utf8, struct cpl_bound_text *text)
{
    bool any = bounds->any && !bounds->nans;
    *text = (struct cpl_bound_text){.any = any, .min_exact = true, .max_exact = true};
    if (!any)
        return;
    if (is_bytes(order)) {
        write_bytes(bounds, utf8, text);
        return;
    }
    int64_t min = settle_zero(order, bounds->min, true),
            max = settle_zero(order, bounds->max, false);
    memcpy(text->min, &min, width);
    memcpy(text->max, &max, width);
    text->min_size = text->max_size = (uint8_t)width;
}

#include "format/parquet_encoding.h"

#include <string.h>

static bool malformed(struct cpl_error *err, const char *what)
{
    cpl_fail(err, CPL_E_DATA, "malformed page: %s", what);
    return false;
}

uint32_t cpl_parquet_bit_width(uint32_t max)
{
    return max ? 32 - (uint32_t)__builtin_clz(max) : 0;
}

/* ---- RLE / bit-packed hybrid ---- */

void cpl_rle_decoder_init(struct cpl_rle_decoder *decoder, const uint8_t *data, size_t size,
                          uint32_t width)
{
    *decoder = (struct cpl_rle_decoder){
        .next = data, .end = size ? data + size : data, .width = width};
}

static bool run_header(struct cpl_rle_decoder *decoder, uint32_t *header, struct cpl_error *err)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        if (decoder->next == decoder->end)
            return malformed(err, "the RLE data end too early");
        uint8_t byte = *decoder->next++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *header = (uint32_t)value;
            return value <= UINT32_MAX || malformed(err, "an RLE run is too long");
        }
    }
    return malformed(err, "an RLE run is too long");
}

/* A packed run may be announced longer than its bytes reach (the last of a page, in some writers).
 */
static bool start_packed(struct cpl_rle_decoder *decoder, uint32_t groups, struct cpl_error *err)
{
    size_t left = (size_t)(decoder->end - decoder->next);
    uint64_t bytes = (uint64_t)groups * decoder->width;
    uint64_t values = (uint64_t)groups * 8;
    if (bytes > left) {
        bytes = left;
        values = left * 8 / decoder->width;
    }
    if (values == 0 || values > UINT32_MAX)
        return malformed(err, "a bit-packed run has an invalid length");
    decoder->packed = true;
    decoder->run_left = (uint32_t)values;
    decoder->run = decoder->next;
    decoder->run_end = decoder->next += bytes;
    decoder->run_bit = 0;
    return true;
}

static bool start_repeated(struct cpl_rle_decoder *decoder, uint32_t n, struct cpl_error *err)
{
    uint32_t bytes = (decoder->width + 7) / 8;
    if (n == 0 || (size_t)(decoder->end - decoder->next) < bytes)
        return malformed(err, "an RLE run has an invalid length");
    decoder->packed = false;
    decoder->run_left = n;
    decoder->value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        decoder->value |= (uint32_t)*decoder->next++ << 8 * i;
    if (decoder->width < 32 && decoder->value >> decoder->width)
        return malformed(err, "an RLE run's value has more bits than its width");
    return true;
}

static bool start_run(struct cpl_rle_decoder *decoder, struct cpl_error *err)
{
    uint32_t header;
    if (!run_header(decoder, &header, err))
        return false;
    return header & 1 ? start_packed(decoder, header >> 1, err)
                      : start_repeated(decoder, header >> 1, err);
}

/* Up to 57 bits from bit `at` on; bytes behind `end` count as zero. */
static uint64_t load_bits(const uint8_t *data, const uint8_t *end, uint64_t at)
{
    uint64_t word = 0;
    const uint8_t *from = data + (at >> 3);
    size_t left = (size_t)(end - from);
    memcpy(&word, from, left < 8 ? left : 8);
    return word >> (at & 7);
}

static void unpack(struct cpl_rle_decoder *decoder, uint32_t *out, uint32_t n)
{
    uint64_t mask = ((uint64_t)1 << decoder->width) - 1;
    for (uint32_t i = 0; i < n; i++, decoder->run_bit += decoder->width)
        out[i] = (uint32_t)(load_bits(decoder->run, decoder->run_end, decoder->run_bit) & mask);
}

bool cpl_rle_decoder_read(struct cpl_rle_decoder *decoder, uint32_t *out, uint32_t n,
                          struct cpl_error *err)
{
    if (decoder->width == 0) {
        memset(out, 0, n * sizeof *out);
        return true;
    }
    while (n) {
        if (decoder->run_left == 0 && !start_run(decoder, err))
            return false;
        uint32_t take = n < decoder->run_left ? n : decoder->run_left;
        if (decoder->packed)
            unpack(decoder, out, take);
        else
            for (uint32_t i = 0; i < take; i++)
                out[i] = decoder->value;
        decoder->run_left -= take;
        out += take;
        n -= take;
    }
    return true;
}

/* ---- starting a value section ---- */

uint32_t cpl_parquet_value_width(enum cpl_parquet_type type, int32_t type_length)
{
    switch (type) {
    case CPL_PARQUET_BOOLEAN:
        return 1;
    case CPL_PARQUET_INT32:
    case CPL_PARQUET_FLOAT:
        return 4;
    case CPL_PARQUET_INT64:
    case CPL_PARQUET_DOUBLE:
        return 8;
    case CPL_PARQUET_INT96:
        return 12;
    case CPL_PARQUET_BYTE_ARRAY:
        return sizeof(struct cpl_slice);
    case CPL_PARQUET_FIXED_LEN_BYTE_ARRAY:
        break;
    }
    return (uint32_t)type_length;
}

static bool fits(enum cpl_parquet_encoding encoding, enum cpl_parquet_type type)
{
    bool integer = type == CPL_PARQUET_INT32 || type == CPL_PARQUET_INT64;
    bool floating = type == CPL_PARQUET_FLOAT || type == CPL_PARQUET_DOUBLE;
    bool fixed = type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY;
    switch (encoding) {
    case CPL_PARQUET_PLAIN:
        return true;
    case CPL_PARQUET_PLAIN_DICTIONARY:
    case CPL_PARQUET_RLE_DICTIONARY:
        return type != CPL_PARQUET_BOOLEAN;
    case CPL_PARQUET_RLE:
        return type == CPL_PARQUET_BOOLEAN;
    case CPL_PARQUET_DELTA_BINARY_PACKED:
        return integer;
    case CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return type == CPL_PARQUET_BYTE_ARRAY;
    case CPL_PARQUET_DELTA_BYTE_ARRAY:
        return type == CPL_PARQUET_BYTE_ARRAY || fixed;
    case CPL_PARQUET_BYTE_STREAM_SPLIT:
        return integer || floating || fixed;
    default:
        return false;
    }
}

static bool start_indices(struct cpl_parquet_values *values, struct cpl_error *err)
{
    if (!values->dictionary)
        return malformed(err, "it uses a dictionary, but no dictionary page came before it");
    if (values->next == values->end) { /* a page of nulls only */
        cpl_rle_decoder_init(&values->rle, values->next, 0, 1);
        return true;
    }
    uint32_t width = *values->next++;
    if (width > 32)
        return malformed(err, "dictionary indices have more than 32 bits");
    cpl_rle_decoder_init(&values->rle, values->next, (size_t)(values->end - values->next), width);
    return true;
}

static bool start_booleans(struct cpl_parquet_values *values, struct cpl_error *err)
{
    size_t left = (size_t)(values->end - values->next);
    uint32_t length = 0;
    if (left >= 4)
        memcpy(&length, values->next, 4);
    if (left && (left < 4 || length > left - 4))
        return malformed(err, "the length of RLE booleans passes the page's end");
    cpl_rle_decoder_init(&values->rle, values->next + (left ? 4 : 0), length, 1);
    return true;
}

/* The lengths come first; the bytes start where the lengths end. */
static bool start_lengths(struct cpl_parquet_values *values, struct cpl_error *err)
{
    return cpl_delta_decoder_init(&values->delta, values->next,
                                  (size_t)(values->end - values->next), err) &&
           cpl_delta_decoder_end(&values->delta, &values->next, err);
}

static bool start_prefixes(struct cpl_parquet_values *values, struct cpl_error *err)
{
    return cpl_delta_decoder_init(&values->prefixes, values->next,
                                  (size_t)(values->end - values->next), err) &&
           cpl_delta_decoder_end(&values->prefixes, &values->next, err) &&
           start_lengths(values, err);
}

static bool start_streams(struct cpl_parquet_values *values, struct cpl_error *err)
{
    size_t size = (size_t)(values->end - values->next);
    if (values->width == 0 ? size != 0
                           : size % values->width != 0 || size / values->width > UINT32_MAX)
        return malformed(err, "the byte streams have no common length");
    values->n = values->width ? (uint32_t)(size / values->width) : UINT32_MAX;
    return true;
}

bool cpl_parquet_values_init(struct cpl_parquet_values *values, enum cpl_parquet_encoding encoding,
                             enum cpl_parquet_type type, int32_t type_length, const uint8_t *data,
                             size_t size, const struct cpl_parquet_dictionary *dictionary,
                             struct cpl_error *err)
{
    struct cpl_buffer previous = values->previous;
    previous.size = 0;
    *values = (struct cpl_parquet_values){.encoding = encoding,
                                          .type = type,
                                          .width = cpl_parquet_value_width(type, type_length),
                                          .next = data,
                                          .end = size ? data + size : data,
                                          .dictionary = dictionary,
                                          .previous = previous};
    if (!fits(encoding, type))
        return cpl_fail(err, CPL_E_UNSUPPORTED, "the encoding %s (%d) is not known for %s values",
                        cpl_parquet_encoding_name(encoding), (int)encoding,
                        cpl_parquet_type_name(type));
    if (encoding == CPL_PARQUET_PLAIN_DICTIONARY)
        values->encoding = CPL_PARQUET_RLE_DICTIONARY;
    switch (values->encoding) {
    case CPL_PARQUET_RLE_DICTIONARY:
        return start_indices(values, err);
    case CPL_PARQUET_RLE:
        return start_booleans(values, err);
    case CPL_PARQUET_DELTA_BINARY_PACKED:
        return size == 0 || cpl_delta_decoder_init(&values->delta, data, size, err);
    case CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return size == 0 || start_lengths(values, err);
    case CPL_PARQUET_DELTA_BYTE_ARRAY:
        return size == 0 || start_prefixes(values, err);
    case CPL_PARQUET_BYTE_STREAM_SPLIT:
        return start_streams(values, err);
    default:
        return true;
    }
}

void cpl_parquet_values_release(struct cpl_parquet_values *values)
{
    cpl_buffer_release(&values->previous);
}

/* ---- reading values ---- */

static bool read_plain_booleans(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                                struct cpl_error *err)
{
    uint64_t have = (uint64_t)(values->end - values->next) * 8 - values->bit;
    if (n > have)
        return malformed(err, "it has fewer booleans than its header says");
    for (uint32_t i = 0; i < n; i++) {
        out[i] = *values->next >> values->bit & 1;
        values->bit = (values->bit + 1) & 7;
        values->next += values->bit == 0;
    }
    return true;
}

static bool read_plain_slices(struct cpl_parquet_values *values, struct cpl_slice *out, uint32_t n,
                              struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++) {
        size_t left = (size_t)(values->end - values->next);
        uint32_t length;
        if (left < 4)
            return malformed(err, "it has fewer values than its header says");
        memcpy(&length, values->next, 4);
        if (length > left - 4)
            return malformed(err, "a value's length passes the page's end");
        out[i] = (struct cpl_slice){.data = values->next + 4, .length = length};
        values->next += 4 + (size_t)length;
    }
    return true;
}

static bool read_plain(struct cpl_parquet_values *values, void *out, uint32_t n,
                       struct cpl_error *err)
{
    if (values->type == CPL_PARQUET_BOOLEAN)
        return read_plain_booleans(values, out, n, err);
    if (values->type == CPL_PARQUET_BYTE_ARRAY)
        return read_plain_slices(values, out, n, err);
    size_t size = (size_t)n * values->width;
    if (size > (size_t)(values->end - values->next))
        return malformed(err, "it has fewer values than its header says");
    if (size)
        memcpy(out, values->next, size);
    values->next += size;
    return true;
}

enum { STEP = 256 }; /* indices or lengths decoded at once */

static void gather(const struct cpl_parquet_values *values, uint8_t *out, const uint32_t *indices,
                   uint32_t n)
{
    const uint8_t *from = values->dictionary->values;
    size_t width = values->width;
    if (width == 4)
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 4 * (size_t)i, from + 4 * (size_t)indices[i], 4);
    else if (width == 8)
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 8 * (size_t)i, from + 8 * (size_t)indices[i], 8);
    else if (width == 16)
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 16 * (size_t)i, from + 16 * (size_t)indices[i], 16);
    else if (width)
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + width * i, from + width * indices[i], width);
}

static bool read_dictionary(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                            struct cpl_error *err)
{
    uint32_t indices[STEP];
    for (uint32_t take; n; n -= take, out += (size_t)take * values->width) {
        take = n < STEP ? n : STEP;
        if (!cpl_rle_decoder_read(&values->rle, indices, take, err))
            return false;
        for (uint32_t i = 0; i < take; i++)
            if (indices[i] >= values->dictionary->n)
                return cpl_fail(err, CPL_E_DATA,
                                "malformed page: dictionary index %u, but the dictionary has %u "
                                "values",
                                indices[i], values->dictionary->n);
        gather(values, out, indices, take);
    }
    return true;
}

static bool read_rle_booleans(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                              struct cpl_error *err)
{
    uint32_t bits[STEP];
    for (uint32_t take; n; n -= take, out += take) {
        take = n < STEP ? n : STEP;
        if (!cpl_rle_decoder_read(&values->rle, bits, take, err))
            return false;
        for (uint32_t i = 0; i < take; i++)
            out[i] = (uint8_t)bits[i];
    }
    return true;
}

static bool read_deltas(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                        struct cpl_error *err)
{
    int64_t wide[STEP];
    for (uint32_t take; n; n -= take, out += (size_t)take * values->width) {
        take = n < STEP ? n : STEP;
        if (!cpl_delta_decoder_read(&values->delta, wide, take, err))
            return false;
        if (values->width == 8)
            memcpy(out, wide, take * sizeof *wide);
        for (uint32_t i = 0; values->width == 4 && i < take; i++)
            memcpy(out + 4 * (size_t)i, &(int32_t){(int32_t)wide[i]}, 4);
    }
    return true;
}

/* The next `length` bytes of the section, or an error when there are fewer. */
static bool take_bytes(struct cpl_parquet_values *values, int64_t length, struct cpl_slice *slice,
                       struct cpl_error *err)
{
    if (length < 0 || length > values->end - values->next)
        return malformed(err, "a value's length passes the page's end");
    if (length > UINT32_MAX)
        return malformed(err, "a value is longer than 4 GiB");
    *slice = (struct cpl_slice){.data = values->next, .length = (uint32_t)length};
    values->next += length;
    return true;
}

static bool read_delta_lengths(struct cpl_parquet_values *values, struct cpl_slice *out, uint32_t n,
                               struct cpl_error *err)
{
    int64_t lengths[STEP];
    for (uint32_t take; n; n -= take, out += take) {
        take = n < STEP ? n : STEP;
        if (!cpl_delta_decoder_read(&values->delta, lengths, take, err))
            return false;
        for (uint32_t i = 0; i < take; i++)
            if (!take_bytes(values, lengths[i], &out[i], err))
                return false;
    }
    return true;
}

/* previous = previous[0, prefix) + suffix */
static bool join_previous(struct cpl_parquet_values *values, int64_t prefix,
                          const struct cpl_slice *suffix, struct cpl_error *err)
{
    if (prefix < 0 || (uint64_t)prefix > values->previous.size)
        return malformed(err, "a prefix is longer than the value before");
    values->previous.size = (size_t)prefix;
    return cpl_buffer_append(&values->previous, suffix->data, suffix->length, err);
}

static bool read_delta_strings(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                               struct cpl_arena *arena, struct cpl_error *err)
{
    for (uint32_t i = 0; i < n; i++, out += values->width) {
        int64_t prefix, length;
        struct cpl_slice value;
        if (!cpl_delta_decoder_read(&values->prefixes, &prefix, 1, err) ||
            !cpl_delta_decoder_read(&values->delta, &length, 1, err) ||
            !take_bytes(values, length, &value, err) || !join_previous(values, prefix, &value, err))
            return false;
        size_t size = values->previous.size;
        if (values->type == CPL_PARQUET_FIXED_LEN_BYTE_ARRAY) {
            if (size != values->width)
                return malformed(err, "a value has not the length of its type");
            memcpy(out, values->previous.data, size);
            continue;
        }
        char *copy = cpl_arena_strndup(arena, (const char *)values->previous.data, size, err);
        if (!copy)
            return false;
        value = (struct cpl_slice){.data = (uint8_t *)copy, .length = (uint32_t)size};
        memcpy(out, &value, sizeof value);
    }
    return true;
}

static bool read_streams(struct cpl_parquet_values *values, uint8_t *out, uint32_t n,
                         struct cpl_error *err)
{
    if (n > values->n - values->given)
        return malformed(err, "it has fewer values than its header says");
    for (uint32_t stream = 0; stream < values->width; stream++) {
        const uint8_t *from = values->next + (size_t)stream * values->n + values->given;
        for (uint32_t i = 0; i < n; i++)
            out[(size_t)i * values->width + stream] = from[i];
    }
    values->given += n;
    return true;
}

bool cpl_parquet_values_read(struct cpl_parquet_values *values, void *out, uint32_t n,
                             struct cpl_arena *arena, struct cpl_error *err)
{
    if (n == 0)
        return true;
    switch (values->encoding) {
    case CPL_PARQUET_RLE_DICTIONARY:
        return read_dictionary(values, out, n, err);
    case CPL_PARQUET_RLE:
        return read_rle_booleans(values, out, n, err);
    case CPL_PARQUET_DELTA_BINARY_PACKED:
        return read_deltas(values, out, n, err);
    case CPL_PARQUET_DELTA_LENGTH_BYTE_ARRAY:
        return read_delta_lengths(values, out, n, err);
    case CPL_PARQUET_DELTA_BYTE_ARRAY:
        return read_delta_strings(values, out, n, arena, err);
    case CPL_PARQUET_BYTE_STREAM_SPLIT:
        return read_streams(values, out, n, err);
    default:
        return read_plain(values, out, n, err);
    }
}

/* Decoders of Parquet's encodings (parquet-format Encodings.md), a few values at a time.
 *
 * A cpl_parquet_values stands over the value section of one page and hands out *physical* values as
 * often as asked, so that a page of any number of rows costs no more memory than one batch does:
 *   BOOLEAN u8 · INT32 i32 · INT64 i64 · INT96 12 bytes · FLOAT · DOUBLE · BYTE_ARRAY struct
 *   cpl_slice · FIXED_LEN_BYTE_ARRAY type_length bytes
 * Slices point into the page or the dictionary, or (DELTA_BYTE_ARRAY) into the arena given.
 *
 * Input is hostile: every length is checked against what is left, and asking for more values than
 * the section holds is a DATA error. Threads: a decoder belongs to one thread. */
#pragma once
#include "batch/batch.h"
#include "format/parquet.h"

/* ---- RLE / bit-packed hybrid: levels, dictionary indices, booleans ---- */
struct cpl_rle_decoder {
    const uint8_t *next, *end;
    uint32_t width;    /* bits a value, 0..32 */
    uint32_t run_left; /* values left in the current run */
    uint32_t value;    /* RLE run: its value */
    bool packed;       /* the current run is bit-packed, from `run` on */
    const uint8_t *run, *run_end;
    uint64_t run_bit;
};
void cpl_rle_decoder_init(struct cpl_rle_decoder *decoder, const uint8_t *data, size_t size,
                          uint32_t width);
bool cpl_rle_decoder_read(struct cpl_rle_decoder *decoder, uint32_t *out, uint32_t n,
                          struct cpl_error *err) CPL_CHECKED;
/* Bits that hold 0..max. */
uint32_t cpl_parquet_bit_width(uint32_t max);

/* ---- DELTA_BINARY_PACKED ---- */
struct cpl_delta_decoder {
    const uint8_t *next, *end;
    uint32_t total, given;     /* values announced, values handed out */
    uint32_t minis, mini_size; /* miniblocks a block, values a miniblock */
    uint32_t mini, mini_left;  /* current miniblock, values left in it */
    const uint8_t *widths, *mini_data;
    uint64_t mini_bit;
    uint64_t min_delta, last;
};
bool cpl_delta_decoder_init(struct cpl_delta_decoder *decoder, const uint8_t *data, size_t size,
                            struct cpl_error *err) CPL_CHECKED;
bool cpl_delta_decoder_read(struct cpl_delta_decoder *decoder, int64_t *out, uint32_t n,
                            struct cpl_error *err) CPL_CHECKED;
/* Where the section ends, found by passing over all values; the decoder itself stays where it is.
 */
bool cpl_delta_decoder_end(const struct cpl_delta_decoder *decoder, const uint8_t **end,
                           struct cpl_error *err) CPL_CHECKED;

/* ---- the value section of a page ---- */
struct cpl_parquet_dictionary {
    const void *values; /* physical values */
    uint32_t n;
};
struct cpl_parquet_values {
    enum cpl_parquet_encoding encoding;
    enum cpl_parquet_type type;
    uint32_t width;            /* bytes a physical value takes */
    const uint8_t *next, *end; /* PLAIN, and the bytes of DELTA_LENGTH / DELTA_BYTE_ARRAY */
    uint32_t bit;              /* PLAIN booleans */
    uint32_t n, given;         /* BYTE_STREAM_SPLIT: values in the section, handed out */
    const struct cpl_parquet_dictionary *dictionary;
    struct cpl_rle_decoder rle;
    struct cpl_delta_decoder delta, prefixes; /* values or lengths; prefix lengths */
    struct cpl_buffer previous;               /* DELTA_BYTE_ARRAY: the last value */
};
/* Bytes of one physical value. */
uint32_t cpl_parquet_value_width(enum cpl_parquet_type type, int32_t type_length);
/* `dictionary` may be NULL when no dictionary page was seen. UNSUPPORTED when the encoding does not
 * fit the type. */
bool cpl_parquet_values_init(struct cpl_parquet_values *values, enum cpl_parquet_encoding encoding,
                             enum cpl_parquet_type type, int32_t type_length, const uint8_t *data,
                             size_t size, const struct cpl_parquet_dictionary *dictionary,
                             struct cpl_error *err) CPL_CHECKED;
bool cpl_parquet_values_read(struct cpl_parquet_values *values, void *out, uint32_t n,
                             struct cpl_arena *arena, struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_values_release(struct cpl_parquet_values *values);

/* Record batches: a few thousand rows, column by column, small enough to stay in the L2 cache.
 *
 * Columns are in Arrow's layout but for three choices that save copies: booleans take one byte,
 * strings are (pointer, length) slices into input blocks or the batch's arena, and decimals of up
 * to 18 digits are 64-bit. c_data.h turns a batch into exact Arrow arrays.
 *
 * Nulls: `validity` is an LSB-first bitmap, NULL when null_count is 0. Values under a null are
 * defined (zero or empty) so that kernels may run over them. A struct's children have the
 * struct's length; where the struct is null its children are null as well.
 *
 * Origin: row i came from bytes [row_start[i], row_end[i]) of the decompressed object `object`,
 * relative to origin_base. That tiles the input for text formats, and is what rejects quote.
 *
 * Lifetime: a batch's slices, arrays and origins are valid until the decoder's next call. One thread. */
#pragma once
#include "batch/schema.h"

struct cpl_slice {
    const uint8_t *data; /* 16 bytes beyond data+length may be read, never relied on */
    uint32_t length;
    uint32_t extra; /* free for the column's producer; consumers ignore it */
};
/* Where the slice of an empty or null value may point. */
extern const uint8_t cpl_no_bytes[64];

struct cpl_column {
    const struct cpl_field *field;
    uint32_t length;
    uint32_t null_count;
    uint8_t *validity;
    union {
        void *values;
        uint8_t *u8;
        int8_t *i8;
        int16_t *i16;
        uint16_t *u16;
        int32_t *i32;
        uint32_t *u32;
        int64_t *i64;
        uint64_t *u64;
        float *f32;
        double *f64;
        cpl_int128 *i128;
        uint8_t (*uuid)[16];
        struct cpl_slice *slices;
    };
    int32_t *offsets; /* LIST, MAP: length + 1 entries into the children, offsets[0] = 0 */
    struct cpl_column *children;
    uint32_t n_children;
};

struct cpl_batch {
    const struct cpl_schema *schema;
    struct cpl_column *columns; /* schema->n_fields of them */
    uint32_t rows;
    uint32_t object; /* ordinal of the input object in the plan */
    uint64_t origin_base;
    const uint32_t *row_start, *row_end; /* NULL when the source has no byte positions */
    uint64_t line_base;       /* line number of row_line 0, counted within the split, from 0 */
    const uint32_t *row_line; /* newlines before each row since line_base; NULL = unknown */
    const uint8_t *block;     /* bytes at origin_base, so that raw row i = block + row_start[i] */
};

static inline bool cpl_is_valid(const struct cpl_column *column, uint32_t i)
{
    return !column->validity || (column->validity[i >> 3] >> (i & 7) & 1);
}
static inline void cpl_bit_set(uint8_t *bits, uint32_t i)
{
    bits[i >> 3] = (uint8_t)(bits[i >> 3] | 1u << (i & 7));
}
static inline void cpl_bit_clear(uint8_t *bits, uint32_t i)
{
    bits[i >> 3] = (uint8_t)(bits[i >> 3] & ~(1u << (i & 7)));
}

/* Keep the `n` rows named in `keep` (ascending) and drop the others, in place: columns, nested
 * children and origins alike. `scratch` lends memory for nested columns and origins, as long as the
 * batch lives. After a failure the batch is unusable. */
bool cpl_batch_select(struct cpl_batch *batch, const uint32_t *keep, uint32_t n,
                      struct cpl_arena *scratch, struct cpl_error *err) CPL_CHECKED;
/* The column with arrays of its own in `arena`, bytes of texts excepted. A batch needs one where a column stands in it twice: rows are
 * selected in place. */
bool cpl_column_copy(const struct cpl_column *column, struct cpl_column *copy,
                     struct cpl_arena *arena, struct cpl_error *err) CPL_CHECKED;

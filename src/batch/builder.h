/* Builds columns value by value, for decoders whose input is not column-shaped (JSON, Avro, XML).
 *
 * One builder a leaf or nested field, children inside; capacity grows up to CPL_BUILDER_MAX values.
 * Values that arrive as text are copied nowhere: a slice must outlive the batch (input block or the
 * arena). Order of use for a row: append exactly one value (or null) to every child of the root.
 * A struct: one value (or null) to each child, then cpl_builder_struct. A list or map: any number
 * of values to the children (a map's key and value alike), then cpl_builder_list. When a batch is
 * complete, cpl_builder_finish gives the column; the builder keeps owning it.
 *
 * The validity bitmap is kept all ones beyond what was appended as null, so a value that is not
 * null costs one store and one increment. Threads: a builder belongs to one thread. */
#pragma once
#include "batch/batch.h"

enum { CPL_BUILDER_MAX = 1 << 30 };

struct cpl_builder {
    struct cpl_column column; /* what has been built; column.length is the count */
    uint32_t capacity;
    struct cpl_builder *children;
    uint8_t *bits; /* validity of `capacity` values; column.validity points here once a null came */
};

bool cpl_builder_init(struct cpl_builder *builder, const struct cpl_field *field, uint32_t capacity,
                      struct cpl_error *err) CPL_CHECKED;
void cpl_builder_release(struct cpl_builder *builder);
/* Bytes that it and its children have room in. */
uint64_t cpl_builder_memory(const struct cpl_builder *builder);
void cpl_builder_clear(struct cpl_builder *builder); /* length 0, memory kept */
/* Room for `extra` more values (validity, values, offsets); children are not grown. */
bool cpl_builder_reserve(struct cpl_builder *builder, uint32_t extra,
                         struct cpl_error *err) CPL_CHECKED;
/* A null, with nulls in struct children and nothing in list or map children. */
bool cpl_builder_null(struct cpl_builder *builder, struct cpl_error *err) CPL_CHECKED;
/* Take back every value behind row `length` (a row that turned out bad). Children of lists go back
 * to where row `length` began, so values of an unfinished list go as well. Children of a struct may
 * be shorter than `length` only if the struct is too. */
void cpl_builder_truncate(struct cpl_builder *builder, uint32_t length);
/* The column as built so far, children joined in; valid until the next append, clear or release. */
struct cpl_column *cpl_builder_finish(struct cpl_builder *builder);

static inline bool cpl_builder_room(struct cpl_builder *builder, struct cpl_error *err)
{
    return __builtin_expect(builder->column.length < builder->capacity, 1) ||
           cpl_builder_reserve(builder, 1, err);
}

/* One value. The caller picks the function by the type's width in a batch (see schema.h):
 * cpl_builder_u8 for BOOL and U8, _i32 for I32 and DATE, _i64 for I64, TIME, TIMESTAMP and decimals
 * of up to 18 digits, _i128 for the wider ones. */
#define CPL_BUILDER_APPEND(member, c_type)                                                         \
    CPL_CHECKED static inline bool cpl_builder_##member(struct cpl_builder *builder, c_type value, \
                                                        struct cpl_error *err)                     \
    {                                                                                              \
        if (!cpl_builder_room(builder, err))                                                       \
            return false;                                                                          \
        builder->column.member[builder->column.length++] = value;                                  \
        return true;                                                                               \
    }
CPL_BUILDER_APPEND(u8, uint8_t)
CPL_BUILDER_APPEND(i8, int8_t)
CPL_BUILDER_APPEND(u16, uint16_t)
CPL_BUILDER_APPEND(i16, int16_t)
CPL_BUILDER_APPEND(u32, uint32_t)
CPL_BUILDER_APPEND(i32, int32_t)
CPL_BUILDER_APPEND(u64, uint64_t)
CPL_BUILDER_APPEND(i64, int64_t)
CPL_BUILDER_APPEND(f32, float)
CPL_BUILDER_APPEND(f64, double)
CPL_BUILDER_APPEND(i128, cpl_int128)
#undef CPL_BUILDER_APPEND

CPL_CHECKED static inline bool cpl_builder_slice(struct cpl_builder *builder, const uint8_t *data,
                                                 uint32_t length, struct cpl_error *err)
{
    if (!cpl_builder_room(builder, err))
        return false;
    builder->column.slices[builder->column.length++] = (struct cpl_slice){.data = data,
                                                                          .length = length};
    return true;
}

CPL_CHECKED static inline bool cpl_builder_uuid(struct cpl_builder *builder, const uint8_t uuid[16],
                                                struct cpl_error *err)
{
    if (!cpl_builder_room(builder, err))
        return false;
    uint8_t *to = builder->column.uuid[builder->column.length++];
    for (int i = 0; i < 16; i++)
        to[i] = uuid[i];
    return true;
}

/* A struct that is not null, after one value was appended to each child. */
CPL_CHECKED static inline bool cpl_builder_struct(struct cpl_builder *builder,
                                                  struct cpl_error *err)
{
    if (!cpl_builder_room(builder, err))
        return false;
    builder->column.length++;
    return true;
}

/* A list or map that is not null: what was appended to the children since the one before. */
CPL_CHECKED static inline bool cpl_builder_list(struct cpl_builder *builder, struct cpl_error *err)
{
    if (!cpl_builder_room(builder, err))
        return false;
    uint32_t end = builder->children[0].column.length; /* ≤ CPL_BUILDER_MAX < INT32_MAX */
    builder->column.offsets[++builder->column.length] = (int32_t)end;
    return true;
}

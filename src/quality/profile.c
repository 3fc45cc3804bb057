#include "quality/profile.h"
#include "base/text.h"
#include "decode/decoder.h"
#include "format/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum {
    EXACT_LIMIT = 65536,
    EXACT_COLUMNS = 64,
    FIRST_SLOTS = 256,
    REGISTERS = 4096,
    REGISTER_BITS = 12,
    LONGEST_BOUND = 4096 /* bytes of a string that are kept for comparing */
};

/* How values of a kind compare and are kept. */
enum order { BY_INTEGER, BY_DOUBLE, BY_BYTES, UNORDERED };

struct bound {
    cpl_int128 integer;
    double number;
    struct cpl_buffer bytes;
};
struct column {
    const struct cpl_field *field;
    enum order order;
    uint64_t values, nulls;
    uint64_t *slots; /* open addressing; 0 = free */
    uint32_t n_slots, n_distinct, limit;
    uint8_t *registers; /* NULL while counting is exact */
    bool has_bounds;
    struct bound min, max;
    char samples[CPL_PROFILE_SAMPLES][CPL_PROFILE_TEXT];
    unsigned n_samples;
};
struct cpl_profile {
    struct column *columns;
    uint32_t n_columns;
    uint64_t rows;
};

/* ---- values ---- */

static enum order order_of(enum cpl_kind kind)
{
    switch (kind) {
    case CPL_F32:
    case CPL_F64:
        return BY_DOUBLE;
    case CPL_STRING:
    case CPL_BINARY:
    case CPL_JSON:
    case CPL_UUID:
        return BY_BYTES;
    case CPL_STRUCT:
    case CPL_LIST:
    case CPL_MAP:
        return UNORDERED;
    default:
        return BY_INTEGER;
    }
}

static cpl_int128 integer_at(const struct cpl_column *column, uint32_t row)
{
    const struct cpl_type *type = &column->field->type;
    bool is_unsigned = type->kind == CPL_BOOL || (type->kind >= CPL_U8 && type->kind <= CPL_U64);
    switch (cpl_type_width(type)) {
    case 1:
        return is_unsigned ? column->u8[row] : column->i8[row];
    case 2:
        return is_unsigned ? column->u16[row] : column->i16[row];
    case 4:
        return is_unsigned ? (cpl_int128)column->u32[row] : (cpl_int128)column->i32[row];
    case 8:
        return is_unsigned ? (cpl_int128)column->u64[row] : (cpl_int128)column->i64[row];
    default:
        return column->i128[row];
    }
}

static double double_at(const struct cpl_column *column, uint32_t row)
{
    return column->field->type.kind == CPL_F32 ? (double)column->f32[row] : column->f64[row];
}

static struct cpl_slice bytes_at(const struct cpl_column *column, uint32_t row)
{
    if (column->field->type.kind == CPL_UUID)
        return (struct cpl_slice){.data = column->uuid[row], .length = 16};
    return column->slices[row];
}

/* Bytes of at most `size - 1`, cut at a character, the cut marked by an ellipsis; control characters become '?'. */
static void cut_text(const uint8_t *data, size_t length, char *out, size_t size)
{
    static const char ellipsis[] = "…";
    bool cut = length > size - 1;
    size_t n = cut ? size - sizeof ellipsis : length;
    while (cut && n && (data[n] & 0xc0) == 0x80)
        n--;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)data[i];
    cpl_text_printable(out, n);
    if (cut)
        memcpy(out + n, ellipsis, sizeof ellipsis - 1);
    out[n + (cut ? sizeof ellipsis - 1 : 0)] = 0;
}

/* Bytes of the character at `data`; 0 when there is none, or when it would be read as an escape. */
static size_t shown_as_is(const uint8_t *data, size_t left)
{
    uint8_t lead = data[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    bool escape = lead == '\\' && left > 1 && data[1] == 'x';
    return lead && !escape && length <= left && cpl_utf8_valid(data, length) ? length : 0;
}

size_t cpl_bytes_text(const uint8_t *data, size_t length, char *out, size_t size)
{
    size_t done = 0, at = 0;
    while (done < length) {
        size_t as_is = shown_as_is(data + done, length - done), wide = as_is ? as_is : 4;
        if (at + wide >= size)
            break;
        if (as_is)
            memcpy(out + at, data + done, as_is);
        else
            snprintf(out + at, size - at, "\\x%02X", data[done]);
        at += wide;
        done += as_is ? as_is : 1;
    }
    out[at] = 0;
    return done;
}

static void binary_text(const uint8_t *data, size_t length, char *out, size_t size)
{
    static const char ellipsis[] = "…";
    bool cut = cpl_bytes_text(data, length, out, size) < length;
    if (cut)
        cpl_bytes_text(data, length, out, size + 1 - sizeof ellipsis);
    size_t n = strlen(out);
    cpl_text_printable(out, n);
    if (cut)
        memcpy(out + n, ellipsis, sizeof ellipsis);
}

static void value_text(const struct cpl_column *column, uint32_t row, char *out, size_t size)
{
    char text[CPL_TEXT_MAX];
    enum cpl_kind kind = column->field->type.kind;
    if (kind == CPL_BINARY)
        binary_text(column->slices[row].data, column->slices[row].length, out, size);
    else if (cpl_kind_is_slice(kind))
        cut_text(column->slices[row].data, column->slices[row].length, out, size);
    else
        cut_text((const uint8_t *)text, cpl_print_value(column, row, text), out, size);
}

/* ---- distinct values ---- */

static uint64_t hash_at(const struct column *c, const struct cpl_column *column, uint32_t row)
{
    uint64_t hash;
    if (c->order == BY_BYTES) {
        struct cpl_slice bytes = bytes_at(column, row);
        hash = XXH3_64bits(bytes.data, bytes.length);
    } else if (c->order == BY_DOUBLE) {
        double value = double_at(column, row);
        hash = XXH3_64bits(&value, sizeof value);
    } else {
        cpl_int128 value = integer_at(column, row);
        hash = XXH3_64bits(&value, sizeof value);
    }
    return hash ? hash : 1;
}

static void place(uint64_t *slots, uint32_t n_slots, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (n_slots - 1);
    while (slots[at])
        at = (at + 1) & (n_slots - 1);
    slots[at] = hash;
}

static bool grow(struct column *c, struct cpl_error *err)
{
    uint32_t n = c->n_slots ? 4 * c->n_slots : FIRST_SLOTS;
    uint64_t *slots = cpl_alloc_zero(n, sizeof *slots, err);
    if (!slots)
        return false;
    for (uint32_t i = 0; i < c->n_slots; i++)
        if (c->slots[i])
            place(slots, n, c->slots[i]);
    cpl_free(c->slots);
    c->slots = slots;
    c->n_slots = n;
    return true;
}

static void note_register(struct column *c, uint64_t hash)
{
    uint32_t at = (uint32_t)(hash >> (64 - REGISTER_BITS));
    uint64_t rest = hash << REGISTER_BITS;
    uint8_t rank = (uint8_t)(rest ? __builtin_clzll(rest) + 1 : 64 - REGISTER_BITS + 1);
    if (rank > c->registers[at])
        c->registers[at] = rank;
}

/* From exact to estimated. */
static bool begin_estimate(struct column *c, struct cpl_error *err)
{
    c->registers = cpl_alloc_zero(REGISTERS, 1, err);
    if (!c->registers)
        return false;
    for (uint32_t i = 0; i < c->n_slots; i++)
        if (c->slots[i])
            note_register(c, c->slots[i]);
    cpl_free(c->slots);
    c->slots = NULL;
    c->n_slots = 0;
    return true;
}

/* *fresh: this value was not seen before (unknown, so false, once counting is estimated). */
static bool note_distinct(struct column *c, uint64_t hash, bool *fresh, struct cpl_error *err)
{
    *fresh = false;
    if (c->registers) {
        note_register(c, hash);
        return true;
    }
    if (c->n_distinct * 2 >= c->n_slots && !grow(c, err))
        return false;
    uint32_t at = (uint32_t)hash & (c->n_slots - 1);
    while (c->slots[at] && c->slots[at] != hash)
        at = (at + 1) & (c->n_slots - 1);
    *fresh = !c->slots[at];
    c->slots[at] = hash;
    c->n_distinct += *fresh;
    return c->n_distinct <= c->limit || begin_estimate(c, err);
}

static uint64_t estimate(const struct column *c)
{
    double sum = 0, m = REGISTERS;
    uint32_t empty = 0;
    for (uint32_t i = 0; i < REGISTERS; i++) {
        sum += ldexp(1, -c->registers[i]);
        empty += !c->registers[i];
    }
    double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    if (raw <= 2.5 * m && empty)
        raw = m * log(m / empty);
    uint64_t values = c->values - c->nulls, n = (uint64_t)(raw + 0.5);
    return n < values ? n : values;
}

/* ---- bounds ---- */

static int compare_bytes(const struct cpl_slice *a, const struct cpl_buffer *b)
{
    size_t n = a->length < b->size ? a->length : b->size;
    int order = n ? memcmp(a->data, b->data, n) : 0;
    return order ? order : (a->length > b->size) - (a->length < b->size);
}

static bool keep_bytes(struct cpl_buffer *bound, const struct cpl_slice *bytes,
                       struct cpl_error *err)
{
    bound->size = 0;
    return cpl_buffer_append(bound, bytes->data,
                             bytes->length < LONGEST_BOUND ? bytes->length : LONGEST_BOUND, err);
}

static bool bound_bytes(struct column *c, const struct cpl_column *column, uint32_t row,
                        struct cpl_error *err)
{
    struct cpl_slice bytes = bytes_at(column, row);
    bool first = !c->has_bounds;
    c->has_bounds = true;
    return ((!first && compare_bytes(&bytes, &c->min.bytes) >= 0) ||
            keep_bytes(&c->min.bytes, &bytes, err)) &&
           ((!first && compare_bytes(&bytes, &c->max.bytes) <= 0) ||
            keep_bytes(&c->max.bytes, &bytes, err));
}

static bool note_bounds(struct column *c, const struct cpl_column *column, uint32_t row,
                        struct cpl_error *err)
{
    if (c->order == BY_BYTES)
        return bound_bytes(c, column, row, err);
    if (c->order == BY_DOUBLE) {
        double value = double_at(column, row);
        if (isnan(value))
            return true;
        c->min.number = !c->has_bounds || value < c->min.number ? value : c->min.number;
        c->max.number = !c->has_bounds || value > c->max.number ? value : c->max.number;
    } else {
        cpl_int128 value = integer_at(column, row);
        c->min.integer = !c->has_bounds || value < c->min.integer ? value : c->min.integer;
        c->max.integer = !c->has_bounds || value > c->max.integer ? value : c->max.integer;
    }
    c->has_bounds = true;
    return true;
}

/* A bound as text: a column of one value, printed as any other. */
static void bound_text(const struct column *c, const struct bound *bound, char *out, size_t size)
{
    _Alignas(16) uint8_t value[16] = {0};
    struct cpl_slice slice = {.data = bound->bytes.data, .length = (uint32_t)bound->bytes.size};
    struct cpl_column column = {.field = c->field, .length = 1, .values = value};
    size_t width = cpl_type_width(&c->field->type);
    float single = (float)bound->number;
    if (c->field->type.kind == CPL_UUID)
        memcpy(value, bound->bytes.data, 16);
    else if (c->order == BY_BYTES)
        column.slices = &slice;
    else if (c->order == BY_DOUBLE)
        memcpy(value, width == 4 ? (const void *)&single : (const void *)&bound->number, width);
    else
        memcpy(value, &bound->integer, width); /* little-endian: the low bytes */
    value_text(&column, 0, out, size);
}

/* ---- the profile ---- */

struct cpl_profile *cpl_profile_new(const struct cpl_schema *schema, struct cpl_error *err)
{
    struct cpl_profile *profile = cpl_alloc_zero(1, sizeof *profile, err);
    if (!profile)
        return NULL;
    uint32_t n = schema->n_fields;
    profile->columns = cpl_alloc_zero(n, sizeof *profile->columns, err);
    if (!profile->columns) {
        cpl_free(profile);
        return NULL;
    }
    profile->n_columns = n;
    for (uint32_t i = 0; i < n; i++) {
        struct column *c = &profile->columns[i];
        c->field = &schema->fields[i];
        c->order = order_of(c->field->type.kind);
        c->limit = n > EXACT_COLUMNS ? EXACT_LIMIT / (n / EXACT_COLUMNS + 1) + 1 : EXACT_LIMIT;
    }
    return profile;
}

static bool add_value(struct column *c, const struct cpl_column *column, uint32_t row,
                      struct cpl_error *err)
{
    bool fresh;
    if (!note_distinct(c, hash_at(c, column, row), &fresh, err))
        return false;
    if (fresh && c->n_samples < CPL_PROFILE_SAMPLES)
        value_text(column, row, c->samples[c->n_samples++], CPL_PROFILE_TEXT);
    return (!fresh && !c->registers) || note_bounds(c, column, row, err);
}

static bool add_column(struct column *c, const struct cpl_column *column, uint32_t rows,
                       struct cpl_error *err)
{
    for (uint32_t row = 0; row < rows; row++) {
        if (!cpl_is_valid(column, row))
            c->nulls++;
        else if (c->order != UNORDERED && !add_value(c, column, row, err))
            return false;
    }
    c->values += rows;
    return true;
}

bool cpl_profile_add(struct cpl_profile *profile, const struct cpl_batch *batch,
                     struct cpl_error *err)
{
    for (uint32_t i = 0; i < profile->n_columns; i++)
        if (!add_column(&profile->columns[i], &batch->columns[i], batch->rows, err))
            return false;
    profile->rows += batch->rows;
    return true;
}

bool cpl_profile_column(const struct cpl_profile *profile, uint32_t column,
                        struct cpl_column_profile *out, struct cpl_error *err)
{
    if (column >= profile->n_columns)
        return cpl_fail(err, CPL_E_INTERNAL, "no column %u in the profile", column);
    const struct column *c = &profile->columns[column];
    *out = (struct cpl_column_profile){.values = c->values,
                                       .nulls = c->nulls,
                                       .distinct = c->registers ? estimate(c) : c->n_distinct,
                                       .distinct_exact = !c->registers,
                                       .has_bounds = c->has_bounds,
                                       .n_samples = c->n_samples};
    memcpy(out->samples, c->samples, sizeof out->samples);
    if (c->has_bounds) {
        bound_text(c, &c->min, out->min, sizeof out->min);
        bound_text(c, &c->max, out->max, sizeof out->max);
    }
    return true;
}

uint64_t cpl_profile_rows(const struct cpl_profile *profile)
{
    return profile->rows;
}

void cpl_profile_free(struct cpl_profile *profile)
{
    if (!profile)
        return;
    for (uint32_t i = 0; i < profile->n_columns; i++) {
        struct column *c = &profile->columns[i];
        cpl_free(c->slots);
        cpl_free(c->registers);
        cpl_buffer_release(&c->min.bytes);
        cpl_buffer_release(&c->max.bytes);
    }
    cpl_free(profile->columns);
    cpl_free(profile);
}

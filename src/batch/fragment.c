/* Writing goes in three steps, so that the inner loops run over one column: how long each row is, where each row
 * begins, and column by column the values to where their row has come to. */
#include "batch/fragment.h"

#include <string.h>

static const uint32_t null_length = UINT32_MAX;

static uint32_t row_of(const uint32_t *selection, uint32_t i)
{
    return selection ? selection[i] : i;
}

/* ---- lengths ---- */

static size_t value_size(const struct cpl_column *column, uint32_t row);

static size_t elements_size(const struct cpl_column *column, uint32_t row)
{
    size_t size = 0;
    for (int32_t i = column->offsets[row]; i < column->offsets[row + 1]; i++)
        for (uint32_t c = 0; c < column->n_children; c++)
            size += value_size(&column->children[c], (uint32_t)i);
    return size;
}

static size_t members_size(const struct cpl_column *column, uint32_t row)
{
    size_t size = 0;
    for (uint32_t c = 0; c < column->n_children; c++)
        size += value_size(&column->children[c], row);
    return size;
}

static size_t value_size(const struct cpl_column *column, uint32_t row)
{
    const struct cpl_type *type = &column->field->type;
    bool valid = cpl_is_valid(column, row);
    if (cpl_kind_is_slice(type->kind))
        return sizeof null_length + (valid ? column->slices[row].length : 0);
    if (type->kind == CPL_STRUCT)
        return 1 + (valid ? members_size(column, row) : 0);
    if (cpl_kind_is_nested(type->kind))
        return sizeof null_length + (valid ? elements_size(column, row) : 0);
    return 1 + (valid ? cpl_type_width(type) : 0);
}

static void add_sizes(const struct cpl_column *column, const uint32_t *selection, uint32_t n,
                      size_t *sizes)
{
    bool plain = !column->validity && !cpl_kind_is_nested(column->field->type.kind);
    size_t width = cpl_type_width(&column->field->type);
    if (plain && cpl_kind_is_slice(column->field->type.kind))
        for (uint32_t i = 0; i < n; i++)
            sizes[i] += sizeof null_length + column->slices[row_of(selection, i)].length;
    else if (plain)
        for (uint32_t i = 0; i < n; i++)
            sizes[i] += 1 + width;
    else
        for (uint32_t i = 0; i < n; i++)
            sizes[i] += value_size(column, row_of(selection, i));
}

/* ---- values ---- */

static uint8_t *put_value(const struct cpl_column *column, uint32_t row, uint8_t *to);

static uint8_t *put_length(uint8_t *to, uint32_t length)
{
    memcpy(to, &length, sizeof length);
    return to + sizeof length;
}

static uint8_t *put_slice(const struct cpl_slice *slice, uint8_t *to)
{
    to = put_length(to, slice->length);
    memcpy(to, slice->data, slice->length);
    return to + slice->length;
}

static uint8_t *put_elements(const struct cpl_column *column, uint32_t row, uint8_t *to)
{
    int32_t from = column->offsets[row], end = column->offsets[row + 1];
    to = put_length(to, (uint32_t)(end - from));
    for (int32_t i = from; i < end; i++)
        for (uint32_t c = 0; c < column->n_children; c++)
            to = put_value(&column->children[c], (uint32_t)i, to);
    return to;
}

static uint8_t *put_members(const struct cpl_column *column, uint32_t row, uint8_t *to)
{
    *to++ = 1;
    for (uint32_t c = 0; c < column->n_children; c++)
        to = put_value(&column->children[c], row, to);
    return to;
}

static uint8_t *put_value(const struct cpl_column *column, uint32_t row, uint8_t *to)
{
    const struct cpl_type *type = &column->field->type;
    size_t width = cpl_type_width(type);
    bool counted = cpl_kind_is_slice(type->kind) || type->kind == CPL_LIST || type->kind == CPL_MAP;
    if (!cpl_is_valid(column, row)) {
        if (counted)
            return put_length(to, null_length);
        *to = 0;
        return to + 1;
    }
    if (cpl_kind_is_slice(type->kind))
        return put_slice(&column->slices[row], to);
    if (counted)
        return put_elements(column, row, to);
    if (type->kind == CPL_STRUCT)
        return put_members(column, row, to);
    *to++ = 1;
    memcpy(to, column->u8 + width * row, width);
    return to + width;
}

/* One loop a width, so that each copies by a plain store. */
#define PUT_FIXED(width)                                                                           \
    case width:                                                                                    \
        for (uint32_t i = 0; i < n; i++) {                                                         \
            uint8_t *to = base + places[i];                                                        \
            *to = 1;                                                                               \
            memcpy(to + 1, column->u8 + (size_t)width * row_of(selection, i), width);              \
            places[i] += 1 + width;                                                                \
        }                                                                                          \
        return

static void put_column(const struct cpl_column *column, const uint32_t *selection, uint32_t n,
                       uint8_t *base, size_t *places)
{
    enum cpl_kind kind = column->field->type.kind;
    if (!column->validity && !cpl_kind_is_slice(kind))
        switch (cpl_type_width(&column->field->type)) {
            PUT_FIXED(1);
            PUT_FIXED(2);
            PUT_FIXED(4);
            PUT_FIXED(8);
            PUT_FIXED(16);
        default:
            break;
        }
    if (!column->validity && cpl_kind_is_slice(kind))
        for (uint32_t i = 0; i < n; i++)
            places[i] =
                (size_t)(put_slice(&column->slices[row_of(selection, i)], base + places[i]) - base);
    else
        for (uint32_t i = 0; i < n; i++)
            places[i] = (size_t)(put_value(column, row_of(selection, i), base + places[i]) - base);
}

/* From lengths to beginnings, in place; the sum is given back. */
static size_t begin_rows(size_t *sizes, uint32_t n, size_t from)
{
    size_t at = from;
    for (uint32_t i = 0; i < n; i++) {
        size_t size = sizes[i];
        sizes[i] = at;
        at += size;
    }
    return at;
}

bool cpl_fragment_write(const struct cpl_batch *batch, const uint32_t *selection, uint32_t n,
                        struct cpl_buffer *out, size_t *ends, struct cpl_error *err)
{
    uint32_t n_fields = batch->schema->n_fields;
    size_t *places = ends ? ends : cpl_alloc((size_t)n * sizeof *places, err);
    if (!places)
        return false;
    memset(places, 0, (size_t)n * sizeof *places);
    for (uint32_t c = 0; c < n_fields; c++)
        add_sizes(&batch->columns[c], selection, n, places);
    size_t end = begin_rows(places, n, out->size);
    bool ok = cpl_buffer_reserve(out, end - out->size, err);
    if (ok) {
        for (uint32_t c = 0; c < n_fields; c++)
            put_column(&batch->columns[c], selection, n, out->data, places);
        out->size = end; /* each row's place has become its end */
    }
    if (!ends)
        cpl_free(places);
    return ok;
}

/* ---- reading ---- */

struct cursor {
    const uint8_t *at, *end;
};

static bool damaged(struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_CORRUPT, "rows that this run had put down come back damaged");
}

static bool take_length(struct cursor *c, uint32_t *length, struct cpl_error *err)
{
    if ((size_t)(c->end - c->at) < sizeof *length)
        return damaged(err);
    memcpy(length, c->at, sizeof *length);
    c->at += sizeof *length;
    return *length == null_length || *length <= (size_t)(c->end - c->at) || damaged(err);
}

static bool take_value(struct cursor *c, struct cpl_builder *to, struct cpl_error *err);

static bool take_slice(struct cursor *c, struct cpl_builder *to, struct cpl_error *err)
{
    uint32_t length = 0;
    if (!take_length(c, &length, err))
        return false;
    if (length == null_length)
        return cpl_builder_null(to, err);
    const uint8_t *data = c->at;
    c->at += length;
    return cpl_builder_slice(to, data, length, err);
}

/* An element takes a byte at least, so a count beyond what is left was refused by take_length. */
static bool take_elements(struct cursor *c, struct cpl_builder *to, struct cpl_error *err)
{
    uint32_t count = 0;
    if (!take_length(c, &count, err))
        return false;
    if (count == null_length)
        return cpl_builder_null(to, err);
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < to->column.n_children; k++)
            if (!take_value(c, &to->children[k], err))
                return false;
    return cpl_builder_list(to, err);
}

static bool take_members(struct cursor *c, struct cpl_builder *to, struct cpl_error *err)
{
    for (uint32_t k = 0; k < to->column.n_children; k++)
        if (!take_value(c, &to->children[k], err))
            return false;
    return cpl_builder_struct(to, err);
}

static bool take_fixed(struct cursor *c, struct cpl_builder *to, struct cpl_error *err)
{
    size_t width = cpl_type_width(&to->column.field->type);
    if ((size_t)(c->end - c->at) < width)
        return damaged(err);
    if (!cpl_builder_room(to, err))
        return false;
    uint8_t *place = to->column.u8 + width * to->column.length++;
    if (width == 8)
        memcpy(place, c->at, 8);
    else if (width == 4)
        memcpy(place, c->at, 4);
    else
        memcpy(place, c->at, width);
    c->at += width;
    return true;
}

static bool take_value(struct cursor *c, struct cpl_builder *to, struct cpl_error *err)
{
    enum cpl_kind kind = to->column.field->type.kind;
    if (cpl_kind_is_slice(kind))
        return take_slice(c, to, err);
    if (kind == CPL_LIST || kind == CPL_MAP)
        return take_elements(c, to, err);
    if (c->at == c->end || *c->at > 1)
        return damaged(err);
    if (!*c->at++)
        return cpl_builder_null(to, err);
    return kind == CPL_STRUCT ? take_members(c, to, err) : take_fixed(c, to, err);
}

bool cpl_fragment_reader_init(struct cpl_fragment_reader *reader, const struct cpl_schema *schema,
                              struct cpl_error *err)
{
    *reader = (struct cpl_fragment_reader){.root_field = {.name = "row",
                                                          .type = {.kind = CPL_STRUCT,
                                                                   .n_children = schema->n_fields,
                                                                   .children = schema->fields}},
                                           .batch.schema = schema};
    return cpl_builder_init(&reader->root, &reader->root_field, 256, err);
}

void cpl_fragment_reader_release(struct cpl_fragment_reader *reader)
{
    cpl_builder_release(&reader->root);
    *reader = (struct cpl_fragment_reader){0};
}

bool cpl_fragment_read(struct cpl_fragment_reader *reader, const uint8_t *data, size_t size,
                       size_t *at, uint32_t most, struct cpl_error *err)
{
    struct cursor c = {data + *at, data + size};
    cpl_builder_clear(&reader->root);
    for (uint32_t i = 0; i < most && c.at < c.end; i++)
        if (!take_members(&c, &reader->root, err))
            return false;
    struct cpl_column *root = cpl_builder_finish(&reader->root);
    reader->batch.columns = root->children;
    reader->batch.rows = root->length;
    *at = (size_t)(c.at - data);
    return true;
}

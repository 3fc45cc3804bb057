#include "format/thrift_compact.h"

#include <string.h>

enum wire_type {
    WIRE_STOP,
    WIRE_TRUE,
    WIRE_FALSE,
    WIRE_I8,
    WIRE_I16,
    WIRE_I32,
    WIRE_I64,
    WIRE_DOUBLE,
    WIRE_BINARY,
    WIRE_LIST,
    WIRE_SET,
    WIRE_MAP,
    WIRE_STRUCT,
};
enum { MAX_DEPTH = 32 };

/* Every list, of whatever type, has this shape. */
struct any_list {
    void *items;
    uint32_t n;
};

static const uint8_t wire_of_kind[] = {
    [CPL_THRIFT_BOOL] = WIRE_TRUE,    [CPL_THRIFT_I8] = WIRE_I8,
    [CPL_THRIFT_I16] = WIRE_I16,      [CPL_THRIFT_I32] = WIRE_I32,
    [CPL_THRIFT_I64] = WIRE_I64,      [CPL_THRIFT_DOUBLE] = WIRE_DOUBLE,
    [CPL_THRIFT_BYTES] = WIRE_BINARY, [CPL_THRIFT_STRUCT] = WIRE_STRUCT,
    [CPL_THRIFT_LIST_OF] = WIRE_LIST,
};

struct cpl_bytes cpl_bytes_of(const char *text)
{
    return (struct cpl_bytes){.data = (const uint8_t *)text,
                              .size = text ? (uint32_t)strlen(text) : 0};
}

static size_t size_of_kind(enum cpl_thrift_kind kind, const struct cpl_thrift_struct *type)
{
    switch (kind) {
    case CPL_THRIFT_BOOL:
        return sizeof(bool);
    case CPL_THRIFT_I8:
        return 1;
    case CPL_THRIFT_I16:
        return 2;
    case CPL_THRIFT_I32:
        return 4;
    case CPL_THRIFT_I64:
    case CPL_THRIFT_DOUBLE:
        return 8;
    case CPL_THRIFT_BYTES:
        return sizeof(struct cpl_bytes);
    case CPL_THRIFT_STRUCT:
        return type->size;
    case CPL_THRIFT_LIST_OF:
        break;
    }
    return sizeof(struct any_list);
}

/* ---- reading ---- */

struct reader {
    const uint8_t *start, *next, *end;
    struct cpl_arena *arena;
    unsigned depth;
    const char *struct_name, *field_name; /* for messages */
    struct cpl_error *err;
};

static bool malformed(struct reader *in, const char *what)
{
    cpl_fail(in->err, CPL_E_DATA, "malformed Thrift data in %s.%s at byte %zu: %s", in->struct_name,
             in->field_name, (size_t)(in->next - in->start), what);
    return false;
}

static size_t left(const struct reader *in)
{
    return (size_t)(in->end - in->next);
}

static bool read_byte(struct reader *in, uint8_t *byte)
{
    if (in->next == in->end)
        return malformed(in, "the data ends too early");
    *byte = *in->next++;
    return true;
}

static bool read_varint(struct reader *in, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!read_byte(in, &byte))
            return false;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return shift < 63 || byte < 2 || malformed(in, "an integer has more than 64 bits");
    }
    return malformed(in, "an integer has more than 64 bits");
}

static bool read_zigzag(struct reader *in, int64_t *value)
{
    uint64_t raw;
    if (!read_varint(in, &raw))
        return false;
    *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
    return true;
}

static bool read_length(struct reader *in, uint32_t *length)
{
    uint64_t value;
    if (!read_varint(in, &value))
        return false;
    if (value > left(in))
        return malformed(in, "a length passes the end of the data");
    if (value > UINT32_MAX - 1)
        return malformed(in, "a length passes 4 GiB");
    *length = (uint32_t)value;
    return true;
}

/* Elements take at least one byte each, so a count can be checked before memory is asked for. */
static bool read_list_header(struct reader *in, uint8_t *wire, uint32_t *n)
{
    uint8_t head;
    if (!read_byte(in, &head))
        return false;
    *wire = head & 15;
    *n = head >> 4;
    if (*n == 15)
        return read_length(in, n);
    return *n <= left(in) || malformed(in, "a list passes the end of the data");
}

/* A field's header; *id is the last one's on entry. WIRE_STOP ends the struct. */
static bool read_field_header(struct reader *in, uint8_t *wire, int64_t *id)
{
    uint8_t head;
    if (!read_byte(in, &head))
        return false;
    *wire = head & 15;
    if (*wire == WIRE_STOP)
        return true;
    if (head >> 4) {
        *id += head >> 4;
    } else if (!read_zigzag(in, id)) {
        return false;
    }
    return (*id >= 0 && *id <= INT16_MAX) || malformed(in, "a field number is out of range");
}

static bool skip(struct reader *in, uint8_t wire);

static bool skip_struct(struct reader *in)
{
    uint8_t wire;
    for (int64_t id = 0;;) {
        if (!read_field_header(in, &wire, &id))
            return false;
        if (wire == WIRE_STOP)
            return true;
        if (wire != WIRE_TRUE && wire != WIRE_FALSE && !skip(in, wire))
            return false;
    }
}

static bool skip_list(struct reader *in)
{
    uint8_t wire;
    uint32_t n;
    if (!read_list_header(in, &wire, &n))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!skip(in, wire))
            return false;
    return true;
}

static bool skip_map(struct reader *in)
{
    uint32_t n;
    uint8_t types;
    if (!read_length(in, &n))
        return false;
    if (n == 0)
        return true;
    if (!read_byte(in, &types))
        return false;
    for (uint32_t i = 0; i < n; i++)
        if (!skip(in, types >> 4) || !skip(in, types & 15))
            return false;
    return true;
}

static bool skip_bytes(struct reader *in, size_t n)
{
    if (n > left(in))
        return malformed(in, "the data ends too early");
    in->next += n;
    return true;
}

static bool skip_nested(struct reader *in, uint8_t wire)
{
    if (++in->depth > MAX_DEPTH)
        return malformed(in, "structs are nested too deeply");
    bool ok = wire == WIRE_STRUCT ? skip_struct(in)
              : wire == WIRE_MAP  ? skip_map(in)
                                  : skip_list(in);
    in->depth--;
    return ok;
}

/* A value as it stands in a list: booleans take a byte there. */
static bool skip(struct reader *in, uint8_t wire)
{
    int64_t integer;
    uint32_t length;
    switch (wire) {
    case WIRE_TRUE:
    case WIRE_FALSE:
    case WIRE_I8:
        return skip_bytes(in, 1);
    case WIRE_I16:
    case WIRE_I32:
    case WIRE_I64:
        return read_zigzag(in, &integer);
    case WIRE_DOUBLE:
        return skip_bytes(in, 8);
    case WIRE_BINARY:
        return read_length(in, &length) && skip_bytes(in, length);
    case WIRE_LIST:
    case WIRE_SET:
    case WIRE_MAP:
    case WIRE_STRUCT:
        return skip_nested(in, wire);
    default:
        return malformed(in, "unknown type of value");
    }
}

static bool is_integer(uint8_t wire)
{
    return wire >= WIRE_I8 && wire <= WIRE_I64;
}

static bool read_integer(struct reader *in, enum cpl_thrift_kind kind, uint8_t wire, void *out)
{
    int64_t value;
    if (!is_integer(wire))
        return malformed(in, "an integer was expected");
    if (wire == WIRE_I8) {
        uint8_t byte;
        if (!read_byte(in, &byte))
            return false;
        value = (int8_t)byte;
    } else if (!read_zigzag(in, &value)) {
        return false;
    }
    int8_t i8 = (int8_t)value;
    int16_t i16 = (int16_t)value;
    int32_t i32 = (int32_t)value;
    bool fits = kind == CPL_THRIFT_I8    ? i8 == value
                : kind == CPL_THRIFT_I16 ? i16 == value
                : kind == CPL_THRIFT_I32 ? i32 == value
                                         : true;
    if (!fits)
        return malformed(in, "an integer is out of range");
    memcpy(out,
           kind == CPL_THRIFT_I8    ? (void *)&i8
           : kind == CPL_THRIFT_I16 ? (void *)&i16
           : kind == CPL_THRIFT_I32 ? (void *)&i32
                                    : (void *)&value,
           size_of_kind(kind, NULL));
    return true;
}

static bool read_bytes(struct reader *in, void *out)
{
    struct cpl_bytes bytes;
    if (!read_length(in, &bytes.size))
        return false;
    bytes.data = (uint8_t *)cpl_arena_strndup(in->arena, (const char *)in->next, bytes.size,
                                              in->err);
    if (!bytes.data)
        return false;
    in->next += bytes.size;
    memcpy(out, &bytes, sizeof bytes);
    return true;
}

static bool read_double(struct reader *in, void *out)
{
    if (left(in) < 8)
        return malformed(in, "the data ends too early");
    memcpy(out, in->next, 8);
    in->next += 8;
    return true;
}

static bool read_struct(struct reader *in, const struct cpl_thrift_struct *type, void *out);
static bool read_list(struct reader *in, const struct cpl_thrift_field *field, void *out);

static bool read_value(struct reader *in, const struct cpl_thrift_field *field,
                       enum cpl_thrift_kind kind, uint8_t wire, void *out)
{
    if (kind <= CPL_THRIFT_I64 && kind != CPL_THRIFT_BOOL)
        return read_integer(in, kind, wire, out);
    if (kind == CPL_THRIFT_BOOL) {
        *(bool *)out = wire == WIRE_TRUE;
        return true;
    }
    if (wire != wire_of_kind[kind])
        return malformed(in, "the value's type is not the field's");
    switch (kind) {
    case CPL_THRIFT_DOUBLE:
        return read_double(in, out);
    case CPL_THRIFT_BYTES:
        return read_bytes(in, out);
    case CPL_THRIFT_STRUCT:
        return read_struct(in, field->type, out);
    default:
        return read_list(in, field, out);
    }
}

/* In lists a boolean is a byte: 1 true, 2 (or 0, from older writers) false. */
static bool read_element(struct reader *in, const struct cpl_thrift_field *field, uint8_t wire,
                         void *out)
{
    uint8_t byte;
    if (field->element != CPL_THRIFT_BOOL)
        return read_value(in, field, field->element, wire, out);
    if (wire != WIRE_TRUE && wire != WIRE_FALSE)
        return malformed(in, "booleans were expected");
    if (!read_byte(in, &byte))
        return false;
    *(bool *)out = byte == 1;
    return byte <= 2 || malformed(in, "a boolean was expected");
}

static bool read_list(struct reader *in, const struct cpl_thrift_field *field, void *out)
{
    struct any_list list;
    uint8_t wire;
    if (!read_list_header(in, &wire, &list.n))
        return false;
    size_t size = size_of_kind(field->element, field->type);
    list.items = cpl_arena_alloc(in->arena, size * list.n + 1, in->err); /* never NULL when empty */
    if (!list.items)
        return false;
    for (uint32_t i = 0; i < list.n; i++)
        if (!read_element(in, field, wire, (uint8_t *)list.items + size * i))
            return false;
    memcpy(out, &list, sizeof list);
    return true;
}

static const struct cpl_thrift_field *field_of_id(const struct cpl_thrift_struct *type, int64_t id)
{
    for (uint32_t i = 0; i < type->n_fields; i++)
        if (type->fields[i].id == id)
            return &type->fields[i];
    return NULL;
}

static bool check_required(struct reader *in, const struct cpl_thrift_struct *type, uint32_t seen)
{
    for (uint32_t i = 0; i < type->n_fields; i++) {
        const struct cpl_thrift_field *field = &type->fields[i];
        in->field_name = field->name;
        if (field->required && !(seen >> field->id & 1))
            return malformed(in, "a required field is missing");
    }
    return true;
}

static bool matches(enum cpl_thrift_kind kind, uint8_t wire)
{
    if (kind == CPL_THRIFT_BOOL)
        return wire == WIRE_TRUE || wire == WIRE_FALSE;
    if (kind <= CPL_THRIFT_I64)
        return is_integer(wire);
    return wire == wire_of_kind[kind];
}

static bool read_fields(struct reader *in, const struct cpl_thrift_struct *type, uint8_t *out)
{
    uint32_t seen = 0;
    uint8_t wire;
    for (int64_t id = 0;;) {
        in->struct_name = type->name;
        in->field_name = "(field)";
        if (!read_field_header(in, &wire, &id))
            return false;
        if (wire == WIRE_STOP)
            return check_required(in, type, type->is_union ? UINT32_MAX : seen);
        if (type->is_union)
            *(int32_t *)(void *)out = (int32_t)id;
        const struct cpl_thrift_field *field = field_of_id(type, id);
        if (!field || !matches(field->kind, wire)) { /* as Thrift has it: not ours, pass over it */
            if (wire != WIRE_TRUE && wire != WIRE_FALSE && !skip(in, wire))
                return false;
            continue;
        }
        in->field_name = field->name;
        if (!read_value(in, field, field->kind, wire, out + field->offset))
            return false;
        seen |= 1u << field->id;
        if (field->presence)
            *(bool *)(out + field->presence - 1) = true;
    }
}

static bool read_struct(struct reader *in, const struct cpl_thrift_struct *type, void *out)
{
    const char *outer_struct = in->struct_name, *outer_field = in->field_name;
    if (++in->depth > MAX_DEPTH)
        return malformed(in, "structs are nested too deeply");
    if (type->size)
        memset(out, 0, type->size);
    if (!read_fields(in, type, out))
        return false;
    in->depth--;
    in->struct_name = outer_struct;
    in->field_name = outer_field;
    return true;
}

bool cpl_thrift_read(const struct cpl_thrift_struct *type, const uint8_t *data, size_t size,
                     size_t *used, struct cpl_arena *arena, void *out, struct cpl_error *err)
{
    struct reader in = {.start = data,
                        .next = data,
                        .end = data + size,
                        .arena = arena,
                        .struct_name = type->name,
                        .field_name = "(field)",
                        .err = err};
    bool ok = read_struct(&in, type, out);
    *used = (size_t)(in.next - data);
    return ok;
}

/* ---- writing ---- */

struct writer {
    struct cpl_buffer *out;
    struct cpl_error *err;
};

static bool put_byte(struct writer *to, unsigned byte)
{
    return cpl_buffer_append(to->out, &(uint8_t){(uint8_t)byte}, 1, to->err);
}

static bool put_varint(struct writer *to, uint64_t value)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[n++] = (uint8_t)(value | 0x80);
    bytes[n++] = (uint8_t)value;
    return cpl_buffer_append(to->out, bytes, n, to->err);
}

static bool put_zigzag(struct writer *to, int64_t value)
{
    return put_varint(to, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static int64_t load_integer(enum cpl_thrift_kind kind, const void *value)
{
    int16_t i16;
    int32_t i32;
    int64_t i64;
    switch (kind) {
    case CPL_THRIFT_I8:
        return *(const int8_t *)value;
    case CPL_THRIFT_I16:
        memcpy(&i16, value, sizeof i16);
        return i16;
    case CPL_THRIFT_I32:
        memcpy(&i32, value, sizeof i32);
        return i32;
    default:
        memcpy(&i64, value, sizeof i64);
        return i64;
    }
}

static bool put_bytes(struct writer *to, const void *value)
{
    struct cpl_bytes bytes;
    memcpy(&bytes, value, sizeof bytes);
    return put_varint(to, bytes.size) &&
           cpl_buffer_append(to->out, bytes.data, bytes.size, to->err);
}

static bool put_struct(struct writer *to, const struct cpl_thrift_struct *type,
                       const uint8_t *value);
static bool put_list(struct writer *to, const struct cpl_thrift_field *field, const void *value);

static bool put_value(struct writer *to, const struct cpl_thrift_field *field,
                      enum cpl_thrift_kind kind, const void *value)
{
    switch (kind) {
    case CPL_THRIFT_BOOL: /* in a list; a field's boolean is in its header */
        return put_byte(to, *(const bool *)value ? 1 : 2);
    case CPL_THRIFT_I8:
        return put_byte(to, *(const uint8_t *)value);
    case CPL_THRIFT_I16:
    case CPL_THRIFT_I32:
    case CPL_THRIFT_I64:
        return put_zigzag(to, load_integer(kind, value));
    case CPL_THRIFT_DOUBLE:
        return cpl_buffer_append(to->out, value, 8, to->err);
    case CPL_THRIFT_BYTES:
        return put_bytes(to, value);
    case CPL_THRIFT_STRUCT:
        return put_struct(to, field->type, value);
    case CPL_THRIFT_LIST_OF:
        break;
    }
    return put_list(to, field, value);
}

static bool put_list(struct writer *to, const struct cpl_thrift_field *field, const void *value)
{
    struct any_list list;
    memcpy(&list, value, sizeof list);
    unsigned wire = wire_of_kind[field->element];
    bool ok = list.n < 15 ? put_byte(to, list.n << 4 | wire)
                          : put_byte(to, 0xf0 | wire) && put_varint(to, list.n);
    size_t size = size_of_kind(field->element, field->type);
    for (uint32_t i = 0; ok && i < list.n; i++)
        ok = put_value(to, field, field->element, (const uint8_t *)list.items + size * i);
    return ok;
}

static bool is_present(const struct cpl_thrift_field *field, const uint8_t *value)
{
    const void *pointer;
    if (field->required)
        return true;
    if (field->presence)
        return *(const bool *)(value + field->presence - 1);
    if (field->kind == CPL_THRIFT_LIST_OF) {
        struct any_list list;
        memcpy(&list, value + field->offset, sizeof list);
        return list.n > 0;
    }
    if (field->kind == CPL_THRIFT_BYTES) {
        memcpy(&pointer, value + field->offset, sizeof pointer);
        return pointer != NULL;
    }
    if (field->kind == CPL_THRIFT_STRUCT && field->type->is_union)
        return load_integer(CPL_THRIFT_I32, value + field->offset) != 0;
    return false;
}

static bool put_field(struct writer *to, const struct cpl_thrift_field *field, const uint8_t *value,
                      unsigned *last_id)
{
    unsigned wire = wire_of_kind[field->kind];
    if (field->kind == CPL_THRIFT_BOOL && !*(const bool *)(value + field->offset))
        wire = WIRE_FALSE;
    unsigned delta = field->id - *last_id;
    *last_id = field->id;
    bool ok = delta <= 15 ? put_byte(to, delta << 4 | wire)
                          : put_byte(to, wire) && put_zigzag(to, field->id);
    if (!ok || field->kind == CPL_THRIFT_BOOL)
        return ok;
    return put_value(to, field, field->kind, value + field->offset);
}

static bool put_union(struct writer *to, const struct cpl_thrift_struct *type, const uint8_t *value)
{
    int64_t tag = load_integer(CPL_THRIFT_I32, value);
    const struct cpl_thrift_field *field = field_of_id(type, tag);
    unsigned last_id = 0;
    if (!field)
        return cpl_fail(to->err, CPL_E_INTERNAL, "the Thrift union %s has no alternative %lld",
                        type->name, (long long)tag);
    return put_field(to, field, value, &last_id) && put_byte(to, WIRE_STOP);
}

static bool put_struct(struct writer *to, const struct cpl_thrift_struct *type,
                       const uint8_t *value)
{
    unsigned last_id = 0;
    if (type->is_union)
        return put_union(to, type, value);
    for (uint32_t i = 0; i < type->n_fields; i++)
        if (is_present(&type->fields[i], value) &&
            !put_field(to, &type->fields[i], value, &last_id))
            return false;
    return put_byte(to, WIRE_STOP);
}

bool cpl_thrift_write(const struct cpl_thrift_struct *type, const void *value,
                      struct cpl_buffer *out, struct cpl_error *err)
{
    struct writer to = {.out = out, .err = err};
    return put_struct(&to, type, value);
}

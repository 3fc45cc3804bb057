/* Thrift's compact protocol (thrift-compact-protocol.md), driven by tables.
 *
 * A Thrift struct is described once, as a table of fields that point into a plain C struct by
 * offset; cpl_thrift_read and cpl_thrift_write walk the table. So a field's number, type and place
 * stand in exactly one line, and there is no code per struct.
 *
 * In memory: integers, enums (32 bits) and bool as themselves; binary and string as struct
 * cpl_bytes; list<T> as CPL_THRIFT_LIST(T); structs inline. An optional scalar or struct has a bool
 * beside it, `has_NAME`; optional bytes are absent when their pointer is NULL, and lists
 * when they are empty. A union is
 * a struct whose first member is an int32_t tag: the number of the alternative, 0 = none; the
 * alternatives' fields lie behind it and may share places.
 *
 * Reading takes hostile input: nothing is believed before it is checked against the bytes that are
 * left, fields that are unknown or of another type are skipped to a depth of 32, memory comes from the caller's arena and ends
 * at its .max. Errors are DATA with the struct, field and byte offset. Sets and maps are only
 * skipped. Threads: tables are constant; the rest belongs to the caller. */
#pragma once
#include "base/memory.h"

struct cpl_bytes {
    const uint8_t *data; /* from cpl_thrift_read: in the arena, and a NUL stands behind it */
    uint32_t size;
};
/* The bytes of a C string, borrowed; NULL gives absent bytes. */
struct cpl_bytes cpl_bytes_of(const char *text);

#define CPL_THRIFT_LIST(type)                                                                      \
    struct {                                                                                       \
        type *items;                                                                               \
        uint32_t n;                                                                                \
    }

enum cpl_thrift_kind {
    CPL_THRIFT_BOOL,
    CPL_THRIFT_I8,
    CPL_THRIFT_I16,
    CPL_THRIFT_I32,
    CPL_THRIFT_I64,
    CPL_THRIFT_DOUBLE,
    CPL_THRIFT_BYTES,
    CPL_THRIFT_STRUCT,
    CPL_THRIFT_LIST_OF,
};

struct cpl_thrift_struct;
struct cpl_thrift_field {
    const char *name;
    uint8_t id;      /* 1..31 */
    uint8_t kind;    /* enum cpl_thrift_kind */
    uint8_t element; /* LIST_OF: the elements' kind */
    bool required;
    uint16_t offset;
    uint16_t presence; /* 1 + offset of the bool has_NAME; 0 = the value itself tells */
    const struct cpl_thrift_struct *type; /* STRUCT, and LIST_OF structs */
};
struct cpl_thrift_struct {
    const char *name;
    const struct cpl_thrift_field *fields; /* ascending ids */
    uint32_t n_fields;
    uint32_t size;
    bool is_union;
};

/* One struct from data[0, size). *out (type->size bytes) is overwritten; *used is the bytes it
 * took. */
bool cpl_thrift_read(const struct cpl_thrift_struct *type, const uint8_t *data, size_t size,
                     size_t *used, struct cpl_arena *arena, void *out,
                     struct cpl_error *err) CPL_CHECKED;
/* Append one struct. Fails only for want of memory, or a union's tag without a row (INTERNAL). */
bool cpl_thrift_write(const struct cpl_thrift_struct *type, const void *value,
                      struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;

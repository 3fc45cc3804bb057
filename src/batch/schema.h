/* Types, fields and schemas.
 *
 * A schema is a list of fields; a field is a name, a type, and whether it may be null. Nested types
 * hold their children as fields (struct: its members; list: one child; map: two, key and value).
 * A schema is built once and then only read, so any number of threads may share it.
 *
 * In-memory width of each kind (struct cpl_column.values) and its Arrow and Parquet twins:
 *   kind       value in a batch              Arrow                 Parquet
 *   BOOL       u8 0/1                        bool                  BOOLEAN
 *   I8..U64    native width                  int8..uint64          INT32/INT64 + INTEGER
 *   F32 F64    float, double                 float, double         FLOAT, DOUBLE
 *   DECIMAL    precision ≤ 18: i64 unscaled  decimal128(p,s)       INT32 (≤9), INT64 (≤18),
 *              else __int128 unscaled                              FIXED_LEN_BYTE_ARRAY
 *   STRING     struct cpl_slice, UTF-8       utf8                  BYTE_ARRAY + STRING
 *   BINARY     struct cpl_slice              binary                BYTE_ARRAY
 *   JSON       struct cpl_slice, valid JSON  utf8 (arrow.json)     BYTE_ARRAY + JSON
 *   UUID       16 bytes, big endian          fixed 16 (arrow.uuid) FIXED(16) + UUID
 *   DATE       i32 days since 1970-01-01     date32                INT32 + DATE
 *   TIME       i64 in .unit since midnight   time32/64             INT32/INT64 + TIME
 *   TIMESTAMP  i64 in .unit since 1970 (UTC when .utc) timestamp   INT64 + TIMESTAMP
 *   STRUCT     children                      struct                group
 *   LIST       i32 offsets, 1 child          list                  3-level list
 *   MAP        i32 offsets, children key, value  map               3-level map
 * Second-unit timestamps have no Parquet twin: the writer stores milliseconds (exact). */
#pragma once
#include "base/memory.h"

__extension__ typedef __int128 cpl_int128;
__extension__ typedef unsigned __int128 cpl_uint128;

enum cpl_kind {
    CPL_BOOL,
    CPL_I8,
    CPL_I16,
    CPL_I32,
    CPL_I64,
    CPL_U8,
    CPL_U16,
    CPL_U32,
    CPL_U64,
    CPL_F32,
    CPL_F64,
    CPL_DECIMAL,
    CPL_STRING,
    CPL_BINARY,
    CPL_JSON,
    CPL_UUID,
    CPL_DATE,
    CPL_TIME,
    CPL_TIMESTAMP,
    CPL_STRUCT,
    CPL_LIST,
    CPL_MAP,
    CPL_KIND_COUNT
};
enum cpl_unit { CPL_SECOND, CPL_MILLI, CPL_MICRO, CPL_NANO };

struct cpl_field;
struct cpl_type {
    enum cpl_kind kind;
    enum cpl_unit unit;  /* TIME, TIMESTAMP */
    bool utc;            /* TIMESTAMP: an instant (written with a zone), else local time */
    uint8_t precision;   /* DECIMAL: 1..38 */
    int8_t scale;        /* DECIMAL: 0..precision */
    uint32_t n_children; /* STRUCT, LIST (1), MAP (2) */
    struct cpl_field *children;
};
struct cpl_field {
    const char *name; /* UTF-8, NUL-terminated; "element", "key", "value" inside lists and maps */
    struct cpl_type type;
    bool nullable;
    int32_t field_id; /* Parquet/Iceberg field id; -1 = none */
    const char *
        path; /* where its values stand in the source, in the decoder's notation; NULL: the name says it. Not part of the type:
                         neither compared nor stored */
};
struct cpl_schema {
    struct cpl_field *fields;
    uint32_t n_fields;
    struct cpl_arena arena; /* holds all of the above */
};

/* Deep copy of `n` fields into a new schema. NULL on failure. */
struct cpl_schema *cpl_schema_new(const struct cpl_field *fields, uint32_t n,
                                  struct cpl_error *err) CPL_CHECKED;
void cpl_schema_free(struct cpl_schema *schema);
bool cpl_type_equal(const struct cpl_type *a, const struct cpl_type *b);
bool cpl_schema_equal(const struct cpl_schema *a, const struct cpl_schema *b);
enum { CPL_NAMES_MAX = 4 << 20 }; /* bytes of a schema's names, as below */
/* The columns that hold values: a nested field's are those within it. *names: bytes of their names, each with those it lies in, as files
 * repeat them. */
uint64_t cpl_type_leaves(const struct cpl_type *type, uint64_t name_bytes, uint64_t *names);
uint64_t cpl_schema_leaves(const struct cpl_schema *schema, uint64_t *names);
/* Index of the field called `name` (exact), or -1. */
int cpl_schema_find(const struct cpl_schema *schema, const char *name);
/* The CONFIG error of a name that is none of the schema's: `lacks` ("the input has no column "), the name, the nearest, and
 * what there is. Always false. */
bool cpl_schema_no_column(const struct cpl_schema *schema, const char *lacks, const char *name,
                          struct cpl_error *err);
/* Bytes one value takes in cpl_column.values; 0 for STRUCT, LIST, MAP. */
size_t cpl_type_width(const struct cpl_type *type);
bool cpl_kind_is_nested(enum cpl_kind kind);
bool cpl_kind_is_slice(enum cpl_kind kind); /* STRING, BINARY, JSON */

/* The one notation of types, for configuration, help, receipts and messages:
 *   boolean int8 … int64 uint8 … uint64 float double decimal(p,s) string binary json uuid date
 *   time(s|ms|us|ns) timestamp(s|ms|us|ns[,utc]) struct<name: type, …> list<type> map<key, value>
 * A trailing `not null` makes a member required. Aliases on input only: bool, int (int32), integer,
 * bigint/long (int64), smallint, tinyint, real, text/varchar(n), datetime (timestamp(us)), bytes, numeric(p,s). */
bool cpl_type_format(const struct cpl_type *type, struct cpl_buffer *out,
                     struct cpl_error *err) CPL_CHECKED;
/* What every text of a type matches, as ECMA writes it after (?i): for JSON Schemas. cpl_type_parse looks closer. */
#define CPL_TYPE_PATTERN                                                                           \
    "(?i)^ *(boolean|bool|u?int(8|16|32|64)|tinyint|smallint|int|integer|bigint|long|float|real|"  \
    "double|decimal|numeric|string|text|varchar|binary|bytes|json|uuid|date|time|timestamp|"       \
    "datetime|struct|list|array|map)( *[(<].*)?( +not null)? *$"
/* Children are allocated in `arena`. The error text names the position and the nearest right word. */
bool cpl_type_parse(const char *text, struct cpl_arena *arena, struct cpl_type *type,
                    struct cpl_error *err) CPL_CHECKED;

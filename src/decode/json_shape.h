/* Shapes: what a set of JSON values needs from a type.
 *
 * Inference observes values into a shape; shapes join (commutative and associative but for the
 * order of members, which is that of first occurrence); a shape gives a type and a type gives back
 * a shape. So the sample, the rows that did not fit, and the schema of the plan are all one kind of
 * thing.
 *
 * Rules, documented for users in docs:
 *   only null or nothing seen      → string
 *   true, false                    → boolean
 *   numbers                        → as text in CSV: int64, decimal, double; none exact → json
 *   strings                        → date, timestamp, uuid when all are and infer_strings; else
 * string objects                        → struct; map when keys vary without bound (below); {} only
 * → json arrays                         → list mixed kinds                    → json: the value's
 * text, unchanged Keys vary without bound: more than map_keys distinct keys, and an object has
 * fewer than a tenth of them on average; or the path is listed in `maps`.
 *
 * Everything lives in an arena. Bounds: JSON_SHAPE_NODES nodes a shape tree and JSON_SHAPE_DEPTH
 * levels (what lies beyond is json), JSON_MEMBERS_MAX members (beyond: map), JSON_NAMES_MAX bytes
 * of keys (an object that would bring more is json). Threads: one thread while it is built. */
#pragma once
#include "batch/schema.h"
#include "decode/json_keys.h"
#include "decode/json_lex.h"
#include "format/text.h"

enum {
    JSON_SEEN_NULL = 1,
    JSON_SEEN_BOOL = 2,
    JSON_SEEN_NUMBER = 4,
    JSON_SEEN_STRING = 8,
    JSON_SEEN_OBJECT = 16,
    JSON_SEEN_ARRAY = 32,
    JSON_SEEN_ANY = 64, /* only json will do */
    JSON_SHAPE_NODES = 200000,
    JSON_SHAPE_DEPTH = 64,
    JSON_MEMBERS_MAX = 10000,
    JSON_NAMES_MAX = CPL_NAMES_MAX,
};

struct json_shape {
    uint8_t seen;
    bool map;           /* members are joined into `element` */
    bool typed_strings; /* some string is a date, timestamp or uuid */
    struct cpl_text_facts number, string;
    uint64_t objects, occurrences; /* objects seen, and members in them */
    struct json_keys keys;
    struct json_shape *members; /* keys.n of them */
    uint32_t capacity;
    struct json_shape *element; /* of arrays, or of map values; NULL = none seen */
};

/* How shapes are made into types; from the settings. */
struct json_rules {
    bool infer_strings, decimals;
    uint32_t map_keys;
    const char *const *maps; /* paths that are maps, n_maps of them */
    size_t n_maps;
};

/* Of a row's members, those whose values nobody needs to look at. */
struct json_top {
    const struct json_keys *keys; /* the members that the schema has */
    const bool *declared;         /* one a key: its type holds, whatever the value */
    bool closed;                  /* no others are wanted */
};

struct json_shaper {
    struct cpl_arena *arena;
    const struct json_rules *rules;
    const struct json_top *top; /* NULL: all are looked at */
    bool
        sample; /* a row's keys beyond the bound may be passed over: others may want none of them */
    uint32_t nodes;
    uint64_t name_bytes; /* of the keys that were observed or joined */
};

/* Join the value at p, which json_skip accepted, into the shape. Returns behind it; NULL only when
 * memory ran out. */
const uint8_t *json_shape_observe(struct json_shaper *shaper, struct json_shape *shape,
                                  struct json_lex *lex, const uint8_t *p, uint32_t depth,
                                  struct cpl_error *err);
bool json_shape_join(struct json_shaper *shaper, struct json_shape *into,
                     const struct json_shape *from, struct cpl_error *err) CPL_CHECKED;
/* The type that holds all of it; nested names are allocated in the shaper's arena. */
bool json_shape_type(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                     struct cpl_type *type, struct cpl_error *err) CPL_CHECKED;
/* The shape of which `type` is the type; finer where `known` (may be NULL) has exactly this type.
 */
bool json_shape_of_type(struct json_shaper *shaper, const struct cpl_type *type,
                        struct json_shape *known, struct json_shape *shape,
                        struct cpl_error *err) CPL_CHECKED;
/* Member `name` of an object's shape, added when absent. NULL when memory ran out. */
struct json_shape *json_shape_member(struct json_shaper *shaper, struct json_shape *shape,
                                     const void *name, size_t length, struct cpl_error *err);
/* Is it an object that becomes a struct? (Settles the map rule.) */
bool json_shape_is_struct(struct json_shaper *shaper, struct json_shape *shape, const char *path,
                          bool *is_struct, struct cpl_error *err) CPL_CHECKED;
/* As bytes, and back (checked: bytes may have crossed processes). */
bool json_shape_save(const struct json_shape *shape, struct cpl_buffer *out,
                     struct cpl_error *err) CPL_CHECKED;
bool json_shape_load(struct json_shaper *shaper, const struct cpl_buffer *bytes,
                     struct json_shape *shape, struct cpl_error *err) CPL_CHECKED;

/* Values because of which a column is json, or text, though nearly all others are of one type: for the remark on it
 * (struct cpl_stray).
 *
 *   in the samples   candidates ─look at the rows once more─▶ the first value that is not of the usual family
 *   behind them      the row that asks for a wider schema ─▶ the first value that none but json, or text, holds
 *
 * Only columns that stand at the top of a row are looked at in samples. Threads: none of its own. */
#pragma once
#include "decode/decoder.h"
#include "decode/json_shape.h"

enum { JSON_SHOWN = 64, JSON_MOST_STRAYS = 16, JSON_FAMILIES = 8 };

/* A value as it stands, up to 60 bytes of it: whole characters, printable. */
void json_show(const uint8_t *at, const uint8_t *end, char out[JSON_SHOWN]);

/* ---- in samples ---- */

struct json_family {
    uint64_t n;
    struct cpl_text_facts facts;
    uint64_t line, position; /* of the first value: newlines and bytes before it in the sample */
    size_t sample;
    char value[JSON_SHOWN];
};
struct json_candidate {
    const char *key;
    size_t length;
    uint32_t column;
    struct json_family families[JSON_FAMILIES];
};
struct json_strays {
    struct json_candidate items[JSON_MOST_STRAYS];
    uint32_t n;
    bool infer_strings;
    size_t sample;       /* which is being looked at, */
    const uint8_t *text; /* and where it begins */
};
/* Might a value of such a shape be one of a few that make the column json, or text? */
bool json_may_have_strays(const struct json_shape *shape);
/* The row at p, which json_skip accepted. */
void json_look_at_row(struct json_strays *strays, struct json_lex *lex, const uint8_t *p);
/* The stray of the candidate, if it has one: into *kept, the value into the arena. */
bool json_keep_stray(const struct json_candidate *candidate, bool decimals, struct cpl_arena *arena,
                     struct cpl_stray *kept, struct cpl_error *err) CPL_CHECKED;

/* ---- behind them ---- */

struct json_late {
    uint32_t column, zero;
    uint64_t line; /* newlines before it in the split */
    char value[JSON_SHOWN];
};
/* Does no type but json, or text, hold both such values and the one at p? */
bool json_leaves_type(const struct cpl_type *type, struct cpl_text_facts facts,
                      struct json_lex *lex, const uint8_t *p);
/* What json_needs put behind each other: struct json_late[], and the shape. Views. */
bool json_split_need(const struct cpl_buffer *need, struct cpl_buffer *late,
                     struct cpl_buffer *shape, struct cpl_error *err) CPL_CHECKED;
/* The strays of the columns that are json, or text, by these needs; their values live as long as the settings. */
bool json_keep_late(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                    const struct cpl_schema *schema, struct cpl_column_plan *columns,
                    struct cpl_error *err) CPL_CHECKED;

/* A JSON decoder's inside, for the files that share its work:
 *   json_decoder.c   rows from blocks, batches, books
 *   json_reject.c    a bad row: what is wrong with it, where, and its bytes in the object
 *   json_discard.c   rows that are passed over as their bytes come
 * One thread. What can fail is memory and the stream. */
#pragma once
#include "decode/json.h"
#include "decode/json_block.h"
#include "decode/json_frame.h"
#include "decode/json_resync.h"
#include "decode/json_stray.h"
#include "decode/json_walk.h"

enum progress { ROW_TAKEN, NEED_BYTES, FINISHED, FAILED };

enum discarded { DISCARD_NOTHING, DISCARD_LINE, DISCARD_VALUE, DISCARD_TO_ALIKE, DISCARD_REST };

/* A row that is passed over as its bytes come: too long, or broken beyond finding its end. */
struct json_discard {
    enum discarded what;
    struct cpl_reject row;   /* complete but for its length */
    struct cpl_buffer held;  /* its first bytes, as they stand in the object */
    size_t shown;            /* bytes of the stream that they are */
    bool in_string, escaped; /* DISCARD_VALUE: where in the value */
    uint32_t depth;
};

/* The newline and the blanks that end at position `end`: what a row there has before it on its line. */
struct json_margin {
    uint64_t end;
    size_t length;    /* 0 = something else stands there, or too much */
    uint8_t text[63]; /* and a bracket, in json_alike */
};

struct json_decoder {
    struct cpl_decoder base;
    const struct cpl_decode_plan *plan;
    const struct cpl_json_settings *settings;
    struct cpl_reject_sink *rejects;
    uint64_t to;
    uint64_t ordinary; /* bytes of a row that need no look at any limit */
    bool finished;
    uint64_t line_start; /* where the line of the row at hand begins; not for JSON_LINES */
    bool seek_line;      /* the split starts in the middle of a line */
    bool rejected;       /* the last row was */
    struct json_discard discard;
    struct json_margin margin;
    struct json_alike alike; /* how the lines of rows begin */

    struct json_block block;
    struct json_frame frame;
    struct json_walk walk;
    struct json_node *root;
    int document; /* field that takes the row's text, or -1 */
    struct cpl_builder *builders;
    struct cpl_arena nodes, strings, needs_arena;
    struct json_rules rules;
    struct json_shaper shaper;
    struct json_shape need;
    struct json_top top;    /* what needs do not look at */
    struct cpl_buffer late; /* struct json_late[] */

    struct cpl_batch batch;
    struct cpl_column *columns;
    uint32_t *row_start, *row_end, *row_line;
    bool *met; /* one a column; NULL: no column is absent from the samples */
    uint32_t rows, max_rows;
    struct cpl_split_report report;
    char message[512];
};

/* Newlines in [from, to). */
uint64_t json_count_newlines(const uint8_t *from, const uint8_t *to);
/* The lines in [from, to), which is at hand, are passed. */
void json_pass_lines(struct json_decoder *d, const uint8_t *from, const uint8_t *to);

/* Consume [at, end), which is counted in *class. */
static inline void json_consume(struct json_decoder *d, const uint8_t *end, uint64_t *class)
{
    size_t length = (size_t)(end - (d->block.data + d->block.at));
    *class += length;
    d->block.at += length;
}

/* json_reject.c: the reject of the row at block.at, of which [block.at, text_end) is at hand; its place is still missing. */
struct cpl_reject json_reject_of(struct json_decoder *d, const uint8_t *text_end);
/* Is the fault one of a value, whose column the walk knows? */
bool json_names_column(enum json_fault fault);
bool json_add_reject(struct json_decoder *d, const struct cpl_reject *row,
                     struct cpl_error *err) CPL_CHECKED;
/* Nothing of the row at hand stays in the columns. */
void json_take_back_row(struct json_decoder *d);
/* The row's value starts at `start`; its bytes [block.at, end), of which `text_end` ends the text, are consumed. */
bool json_bad_row(struct json_decoder *d, const uint8_t *start, const uint8_t *text_end,
                  const uint8_t *end, struct cpl_error *err) CPL_CHECKED;

/* json_discard.c: from block.at on, pass over what `what` says; the first bytes are kept for the reject. */
bool json_start_discarding(struct json_decoder *d, enum discarded what,
                           struct cpl_error *err) CPL_CHECKED;
/* Go on with it over the bytes at hand. */
bool json_go_on_discarding(struct json_decoder *d, enum progress *progress,
                           struct cpl_error *err) CPL_CHECKED;
/* The row at hand is cut off: more bytes, unless it has grown over the limit. */
bool json_grow_or_discard(struct json_decoder *d, enum discarded what, enum progress *progress,
                          struct cpl_error *err) CPL_CHECKED;

/* What the parts of the CSV decoder share.
 *
 *   bytes ──csv_block.c──▶ tiles of regular rows ──csv_tile.c──▶ columns of values
 *                          irregular rows, cells that do not fit ──csv_reject.c──▶ rejects
 *   csv_start.c: the first row of a split; csv.c: the component.
 *
 * Threads: a decoder belongs to one. */
#pragma once
#include "decode/csv.h"
#include "decode/csv_block.h"
#include "decode/csv_cell.h"

#define WHOLE_ROW UINT32_MAX /* csv_bad_cell.start: no cell of it */

struct csv_bad_cell {
    uint32_t row, field, start, end;
    bool quote, null, conflict;
    bool extra;          /* something stands behind the row's last delimiter */
    bool header;         /* the whole row is the header once more */
    const char *refused; /* by the column's check */
};

struct csv_field_state {
    uint32_t source; /* which cell of the row; UINT32_MAX = none: always null */
    bool strip;      /* cells are mostly quoted: strip before the kernel */
    bool widened;
    bool undecided;    /* text only because no sample had a value: `facts` are what it could be */
    uint8_t *validity; /* tile_rows bits */
    void *values;
    struct cpl_text_facts facts;
    struct cpl_text_style style; /* how its values are written */
    bool has_stray;
    uint64_t
        stray_line; /* newlines in the split before the row of the first value that makes the column text */
    char stray[64]; /* that value, for people */
};

struct csv_decoder {
    struct cpl_decoder base;
    const struct cpl_decode_plan *plan;
    const struct cpl_csv_dialect *dialect;
    struct cpl_reject_sink *rejects;
    struct cpl_csv_block block;
    struct cpl_csv_tile tile;
    struct csv_field_state *fields;
    struct cpl_batch batch;
    struct cpl_arena arena; /* unescaped text of the current batch */
    struct cpl_text_facts *facts;
    struct csv_bad_cell *bad; /* first bad cell of each bad row of the tile */
    uint8_t *bad_rows;
    uint32_t n_bad, *keep;
    uint64_t from, true_start, rows_decoded, rows_rejected;
    bool at_row_start, started, widened;
    bool ends_empty; /* rows end in a delimiter, and what stands behind it is no column */
    uint32_t n_fields;
    struct {
        uint64_t base,
            lines; /* newlines in the block's first `to` bytes, when it began at `base` */
        uint32_t to;
    } counted;
    struct cpl_error *err; /* of the current call */
};

/* csv_reject.c */
bool cpl_csv_reject_irregular(void *context, enum cpl_csv_oddity oddity, uint32_t from, uint32_t to,
                              uint32_t fields, struct cpl_error *err) CPL_CHECKED;
bool cpl_csv_reject_giant(void *context, const struct cpl_csv_giant *giant,
                          struct cpl_error *err) CPL_CHECKED;
bool cpl_csv_reject_cell(struct csv_decoder *d, const struct csv_bad_cell *bad) CPL_CHECKED;
bool cpl_csv_refuse(struct cpl_decoder *decoder, const struct cpl_batch *batch, uint32_t row,
                    const struct cpl_reject *what, struct cpl_error *err) CPL_CHECKED;
/* Newlines in the split before a byte of the block. */
uint64_t cpl_csv_lines_before(struct csv_decoder *d, uint32_t at);
/* A cell's first bytes, fit for a message. */
void cpl_csv_quote_cell(const uint8_t *data, uint32_t length, char out[64]);

/* csv_tile.c: all columns of d->tile to d->batch; rows with bad cells are rejected and dropped. Problems go to d->err. */
bool cpl_csv_decode_tile(struct csv_decoder *d) CPL_CHECKED;

/* csv_start.c: to the first row that is the split's. */
bool cpl_csv_start(struct csv_decoder *d) CPL_CHECKED;

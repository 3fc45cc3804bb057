/* Blocks of CSV: read, indexed, and cut into tiles of regular rows.
 *
 *   data:  [64 bytes slack][carry: the cut row of the block before][fresh bytes ...][slack]
 *           ^data           ^0 = base                                ^filled
 * A block always starts at a row start, so no scan state crosses blocks. A row larger than the
 * block makes the block grow, up to max_row_bytes; a larger one is rejected (rule "limit", csv_giant).
 * Irregular rows never reach the columns: the cutter hands them to `irregular`. */
#pragma once
#include "decode/csv.h"
#include "decode/csv_giant.h"
#include "decode/csv_scan.h"

enum { CPL_CSV_BLOCK = 256 << 10 };

enum cpl_csv_oddity {
    CPL_ODD_RAGGED,
    CPL_ODD_QUOTE,
    CPL_ODD_OPEN_QUOTE,
    CPL_ODD_ESCAPE,
    CPL_ODD_CHARSET,
    CPL_ODD_LIMIT,
    CPL_ODD_FIELD_LIMIT
};

/* Rows with the right number of fields. Cell c of row r ends at ends[r * stride + c]; it starts behind the end before it, the first
 * at row_start[r]. */
struct cpl_csv_tile {
    const uint32_t *ends;
    const uint32_t *row_start, *row_end; /* of the raw row; row_end is behind its newline */
    uint32_t stride, rows;
};

/* A record with bad quotes, or with an escaped end. */
struct cpl_csv_odd {
    uint32_t start;
    enum cpl_csv_oddity oddity;
};

struct cpl_csv_block {
    /* given by the caller */
    const struct cpl_csv_dialect *dialect;
    struct cpl_stream *bytes;
    uint64_t max_field_bytes;   /* 0 = none */
    uint64_t max_row_bytes, to; /* rows starting behind `to` are not ours */
    uint32_t tile_rows;
    void *context;
    bool (*irregular)(void *context, enum cpl_csv_oddity oddity, uint32_t from, uint32_t to,
                      uint32_t fields, struct cpl_error *err);
    bool (*giant)(void *context, const struct cpl_csv_giant *giant, struct cpl_error *err);

    uint8_t *memory, *data; /* data = memory + 64 */
    uint64_t base;          /* decompressed offset of data[0] */
    size_t capacity, filled;
    size_t usable; /* complete records end here */
    bool at_end, virtual_newline, finished;
    uint64_t *row_ends; /* where the stream told that rows end, as offsets like `base`, ascending */
    size_t n_row_ends, row_ends_capacity;
    struct cpl_csv_scan scan;
    struct cpl_csv_rules rules;
    bool regular;          /* every record has n_columns fields: tiles point into the index */
    uint32_t touched;      /* the most separators in a block so far */
    uint32_t cursor;       /* next separator not yet handed out */
    uint32_t record_start; /* offset of the next record not yet handed out */
    uint32_t *ends, *row_start, *row_end; /* of tiles that had to be compacted */
    size_t tile_capacity;
    struct cpl_csv_odd *odd; /* records with bad quotes, ascending */
    uint32_t n_odd, odd_cursor, odd_capacity;
    uint64_t lines_before; /* newlines in front of data[0], since the split's true start */
    /* books */
    uint64_t comment_bytes, blank_bytes, row_bytes, reject_bytes, header_bytes, rows_rejected;
    struct cpl_object_bytes object; /* .reject: whoever places the reject adds to it */
    struct cpl_header_row header_row;
};

bool cpl_csv_block_init(struct cpl_csv_block *block, struct cpl_error *err) CPL_CHECKED;
void cpl_csv_block_release(struct cpl_csv_block *block);
/* Read on until the block holds at least one whole record, or the input ends. */
bool cpl_csv_block_fill(struct cpl_csv_block *block, struct cpl_error *err) CPL_CHECKED;
/* What it holds; room that nothing was ever put in is no memory. */
uint64_t cpl_csv_block_memory(const struct cpl_csv_block *block);
/* Index what is filled, from offset `from` (a row start). */
bool cpl_csv_block_index(struct cpl_csv_block *block, size_t from,
                         struct cpl_error *err) CPL_CHECKED;
/* One record by the scalar machine, from its first byte at `start`; its separators go behind the index. OPEN: its quote is never
 * closed, so that only its line is taken. CUT: its end is not in the block, or the input has ended inside a giant. OPEN
 * and CUT add nothing to the index. */
enum cpl_csv_record cpl_csv_block_record(struct cpl_csv_block *block, size_t start, size_t *end);
/* The next tile; rows == 0 when the split's rows are finished. Reads on as needed: earlier tiles are then gone. */
bool cpl_csv_block_tile(struct cpl_csv_block *block, struct cpl_csv_tile *tile,
                        struct cpl_error *err) CPL_CHECKED;
/* Read until the block is full or the input ends; grow it first when it is full already. */
bool cpl_csv_block_read(struct cpl_csv_block *block, struct cpl_error *err) CPL_CHECKED;
/* Drop bytes before `offset`, which becomes data[0]. */
void cpl_csv_block_advance(struct cpl_csv_block *block, size_t offset);
/* [from, to) of data is a comment, blank or header: add what it is in the object to *object_class. */
bool cpl_csv_block_count(struct cpl_csv_block *block, size_t from, size_t to,
                         uint64_t *object_class, struct cpl_error *err) CPL_CHECKED;
/* Where in the object the character at offset `at` of data begins. */
bool cpl_csv_block_object_offset(const struct cpl_csv_block *block, size_t at, uint64_t *offset,
                                 struct cpl_error *err) CPL_CHECKED;
/* The bytes so far: note it when the stream tells that a row ends behind them. It counts only where a newline stands. */
bool cpl_csv_block_note_row_end(struct cpl_csv_block *block, struct cpl_error *err) CPL_CHECKED;
/* The rows before data[0] are gone. */
void cpl_csv_block_forget_row_ends(struct cpl_csv_block *block);
/* Where the row that holds `at` ends for certain; `filled` without a virtual newline when the block does not tell. */
size_t cpl_csv_block_row_end(const struct cpl_csv_block *block, size_t at, bool *known);
/* Lines end as rows do: CR newlines are counted where rows end with CR. */
uint64_t cpl_csv_block_lines(const struct cpl_csv_block *block, size_t from, size_t to);

/* A reject file as a source, inside: what rejects.c (the file and its objects), rejects_cursor.c (its rows) and rejects_stream.c (their
 * bytes, and where they first stood) share. Nobody else includes this. */
#pragma once
#include "decode/parquet.h"
#include "source/rejects.h"

/* The columns that replay reads, in this order. */
enum rejects_column {
    REJECTS_RUN_ID,
    REJECTS_OBJECT,
    REJECTS_RAW,
    REJECTS_LENGTH,
    REJECTS_POSITION,
    REJECTS_LINE,
    REJECTS_COLUMNS
};

struct rejects_part {
    struct cpl_buffer header;
    char *charset;
    char mark;          /* \n or \r */
    uint8_t newline[4]; /* the mark in that charset */
    size_t newline_size;
    int64_t dialect; /* in the record */
};
struct cpl_rejects_source {
    struct cpl_reader *reader;
    struct cpl_parquet_file *file;
    struct cpl_rejects_info info;
    struct cpl_arena arena; /* the record's */
    struct cpl_rejects_record record;
    struct cpl_schema *schema; /* the record's */
    bool recorded;
    struct rejects_part *parts;
    size_t n_parts;                    /* with a frame */
    uint32_t columns[REJECTS_COLUMNS]; /* in the file */
};

/* The part's header, charset and newline; without headers all rows are one plain part. */
const struct rejects_part *rejects_part_of(const struct cpl_rejects_source *source, size_t part);
bool rejects_ends_row(const struct rejects_part *part, const uint8_t *data, size_t size);

/* Rows, one after another. */
struct rejects_cursor {
    const struct cpl_rejects_source *source;
    struct cpl_parquet_scan *scan;
    struct cpl_batch *batch;
    uint32_t row;   /* the next one of the batch */
    size_t object;  /* of the last row, once the objects are known */
    uint64_t given; /* rows of that object */
};
bool rejects_cursor_open(struct rejects_cursor *cursor, const struct cpl_rejects_source *source,
                         struct cpl_error *err) CPL_CHECKED;
void rejects_cursor_close(struct rejects_cursor *cursor);
/* *more is false behind the last row. The row is cursor->batch's row cursor->row - 1. */
bool rejects_cursor_next(struct rejects_cursor *cursor, bool *more,
                         struct cpl_error *err) CPL_CHECKED;
/* The next row of a part; its object is cursor->object. */
bool rejects_cursor_next_of(struct rejects_cursor *cursor, size_t part, bool *more,
                            struct cpl_error *err) CPL_CHECKED;
/* Never NULL: null is empty. */
struct cpl_slice rejects_cursor_text(const struct rejects_cursor *cursor,
                                     enum rejects_column column);
int64_t rejects_cursor_number(const struct rejects_cursor *cursor, enum rejects_column column);

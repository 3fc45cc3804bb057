/* Rejects as a source: `cupel replay REJECTS --pipeline FIXED`.
 *
 * A reject file holds, for each row, its original bytes and where they stood. Replay gives them
 * again, in file order, to the decoder of the repaired pipeline, as one stream of bytes in the decoder's own framing:
 *
 *     header (the source's own header line, when its format has one)
 *     raw bytes of row 1, and a newline (of the object's charset) when they do not end in one
 *     raw bytes of row 2 …
 *
 * Rows of several objects whose headers differ make several such streams, the *parts* of the source: objects of one
 * header, charset and dialect share a part. All three stand in the file itself (rejects_record.h).
 *
 * A file with rows whose bytes were not kept, or not all (raw is null, or shorter than the row) is refused: they cannot be replayed, and must
 * not be forgotten. Nothing of its size is held in memory, but the names of the objects and their
 * headers.
 *
 * Origins. A row that is rejected once more must point at its original bytes, not at the file that they were replayed from: a trace follows a part's
 * stream and tells of each position in it where that row first stood.
 *
 * Once. A replaying run moves the lane `rejects/<checksum of the file>` from 0 to 1 besides its own, so that a
 * second replay is refused, whatever its run id (and its sink: run/replay_once.h); and its log record names the file as *replayed*. The
 * file stays where it is (nothing is destroyed), but its rows are no longer outstanding: they have landed, been
 * filtered, or stand in the reject file of the replaying run. So Σ landed + Σ filtered + Σ outstanding
 * rejects = Σ source rows, over all runs.
 *
 * Threads: a source belongs to one thread at a time, but each stream of it may be read by another. */
#pragma once
#include "decode/stream.h"
#include "source/rejects_record.h"
#include "storage/storage.h"

struct cpl_rejects_source;
struct cpl_rejects_object {
    char *name;
    uint64_t rows; /* that stand together; more rows of the same object may follow as another one */
    size_t part;   /* 0 until a frame is set */
    bool spans_lines; /* some row has a line feed before its end */
};
/* What the rows of an object need around them. */
struct cpl_rejects_frame {
    struct cpl_rejects_bytes header; /* what stands before them */
    const char *charset;             /* "": not known */
    char newline;                    /* ends a row: \n or \r */
    int64_t dialect;                 /* index in the record, or CPL_NO_DIALECT */
};
struct cpl_rejects_info {
    uint64_t rows;
    char checksum[40]; /* of the file: names the lane */
    char *run_id;      /* of all rows; owned by the source. NULL when there are no rows */
    struct cpl_rejects_object *objects; /* in the order of their first rows */
    size_t n_objects;
};
/* Opens one reject file and reads it through once. */
struct cpl_rejects_source *cpl_rejects_open(struct cpl_storage *storage, const char *path,
                                            struct cpl_error *err) CPL_CHECKED;
const struct cpl_rejects_info *cpl_rejects_info(const struct cpl_rejects_source *source);
/* What the file tells of the run that wrote it; objects stand as in the info. NULL: nothing. */
const struct cpl_rejects_record *cpl_rejects_record(const struct cpl_rejects_source *source);
/* For all objects in their order, or for none: without frames all rows are one part. What the frame points at is copied. */
bool cpl_rejects_set_frame(struct cpl_rejects_source *source, size_t i,
                           const struct cpl_rejects_frame *frame,
                           struct cpl_error *err) CPL_CHECKED;
/* What stands before the rows of a part. */
struct cpl_rejects_bytes cpl_rejects_part_header(const struct cpl_rejects_source *source,
                                                 size_t part);
/* "" = not known. */
/* Is a header row the last thing in it, behind `skip_lines` lines and neither blank nor a comment (0 = there are none)? Other headers
 * were cut off by early versions. */
bool cpl_rejects_header_is_whole(const struct cpl_rejects_source *source, size_t part,
                                 uint64_t skip_lines, char comment);
const char *cpl_rejects_part_charset(const struct cpl_rejects_source *source, size_t part);
/* How the rows were read: option names and values; NULL = not known. */
const struct cpl_pairs *cpl_rejects_part_dialect(const struct cpl_rejects_source *source,
                                                 size_t part);
/* Does a row of the part hold a line feed before its end? */
bool cpl_rejects_part_spans_lines(const struct cpl_rejects_source *source, size_t part);
size_t cpl_rejects_parts(const struct cpl_rejects_source *source);
uint64_t cpl_rejects_part_rows(const struct cpl_rejects_source *source, size_t part);
/* The rows of one part as a stream; any number of them, each to be closed before the source is freed. */
struct cpl_stream *cpl_rejects_stream(const struct cpl_rejects_source *source, size_t part,
                                      struct cpl_error *err) CPL_CHECKED;
/* Where a row of a part first stood. */
struct cpl_rejects_origin {
    const char *object; /* owned by the source */
    uint64_t position, length, line;
};
struct cpl_rejects_trace;
struct cpl_rejects_trace *cpl_rejects_trace_new(const struct cpl_rejects_source *source,
                                                size_t part, struct cpl_error *err) CPL_CHECKED;
void cpl_rejects_trace_free(struct cpl_rejects_trace *trace);
/* Of the row in which `position` of the part's stream lies (origin->object NULL: in none). Going on is cheap; going back begins anew. */
bool cpl_rejects_trace_find(struct cpl_rejects_trace *trace, uint64_t position,
                            struct cpl_rejects_origin *origin, struct cpl_error *err) CPL_CHECKED;
void cpl_rejects_free(struct cpl_rejects_source *source);

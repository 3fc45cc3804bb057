/* Rejects as a source: `cupel replay REJECTS --pipeline FIXED`.
 *
 * A reject file holds, for each row, its original bytes and where they stood. Replay gives them
 * again, in file order, to the decoder of the repaired pipeline. The stream is text in the
 * decoder's own framing: the header line of the dialect first (when it has one), then each row's
 * raw bytes, followed by a newline when they do not end with one. Rows whose original bytes were
 * not kept (raw is null: masked columns) cannot be replayed; they are counted and stay rejected.
 * Positions in the stream are mapped back, so that a row that is rejected again still names its
 * first object, position and line.
 *
 * Once. The run moves the lane `rejects/<checksum of the reject file>` from 0 to 1 besides its own,
 * so that a second replay of the same file is refused, whatever its run id; and its log record
 * names the reject file as *replayed*. The file stays where it is (nothing is destroyed), but its
 * rows are no longer outstanding: they have landed, been filtered, or stand in the reject file of
 * the replaying run. So Σ landed + Σ filtered + Σ outstanding rejects = Σ source rows, over all
 * runs. */
#pragma once
#include "decode/stream.h"
#include "storage/storage.h"

struct cpl_rejects_source;
struct cpl_rejects_info {
    uint64_t rows;        /* in the file */
    uint64_t without_raw; /* of them, not replayable */
    char checksum[40];    /* of the file: names the lane */
};
/* Opens one reject file. `header`: bytes put in front (the dialect's header line), may be NULL. */
bool cpl_rejects_open(struct cpl_storage *storage, const char *path, const void *header,
                      size_t header_size, struct cpl_rejects_source **source,
                      struct cpl_rejects_info *info, struct cpl_error *err) CPL_CHECKED;
/* The rows as one stream; to be closed before the source is freed. */
struct cpl_stream *cpl_rejects_stream(struct cpl_rejects_source *source,
                                      struct cpl_error *err) CPL_CHECKED;
/* Where the bytes at `position` of the stream first stood. Strings are borrowed from the source. */
bool cpl_rejects_origin(const struct cpl_rejects_source *source, uint64_t position,
                        const char **object, uint64_t *object_position, uint64_t *line);
void cpl_rejects_free(struct cpl_rejects_source *source);

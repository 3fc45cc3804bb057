/* Fragments: rows of a batch as bytes, and back.
 *
 * What a run must put down for a while (rows on their way to their partition) leaves a batch row by row:
 *
 *   fixed width   u8 present, value in the machine's byte order     (a null: the 0 alone)
 *   slices        u32 length, bytes                                 (a null: length 0xFFFFFFFF)
 *   lists, maps   u32 count, then element by element, a map's key before its value
 *   structs       u8 present, then member by member
 *
 * Rows stand behind each other without a frame, so fragments of one schema may be joined, cut between rows and put into another
 * order. The notation never outlives a run and carries neither version nor schema: reader and writer must have
 * the same one. Reading is bounded by the bytes that are there; damaged bytes give CPL_E_CORRUPT, never a wild access.
 *
 * Origins (row_start and so on) are not kept. Threads: a reader belongs to one thread; writing shares nothing. */
#pragma once
#include "batch/builder.h"

/* Append the rows that `selection` names (NULL = the first n). When `ends` is not NULL, ends[i] becomes out->size behind row i. */
bool cpl_fragment_write(const struct cpl_batch *batch, const uint32_t *selection, uint32_t n,
                        struct cpl_buffer *out, size_t *ends, struct cpl_error *err) CPL_CHECKED;

/* Keeps its memory from batch to batch. */
struct cpl_fragment_reader {
    struct cpl_field root_field;
    struct cpl_builder root;
    struct cpl_batch batch;
};
/* The schema is borrowed. */
bool cpl_fragment_reader_init(struct cpl_fragment_reader *reader, const struct cpl_schema *schema,
                              struct cpl_error *err) CPL_CHECKED;
void cpl_fragment_reader_release(struct cpl_fragment_reader *reader);
/* The next rows of [*at, size), at most `most`, as reader->batch; *at moves on. The batch is valid until the next call, its
 * slices point into `data`, behind which 16 more bytes must be readable. */
bool cpl_fragment_read(struct cpl_fragment_reader *reader, const uint8_t *data, size_t size,
                       size_t *at, uint32_t most, struct cpl_error *err) CPL_CHECKED;

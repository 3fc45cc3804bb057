/* Builds columns value by value, for decoders whose input is not column-shaped (JSON, Avro, XML).
 *
 * One builder a leaf or nested field, children inside; capacity grows up to a row limit. Values that
 * arrive as text are copied nowhere: a slice must outlive the batch (input block or the arena).
 * Order of use for a row: append exactly one value (or null) to every child of the root.
 * Threads: a builder belongs to one thread. */
#pragma once
#include "batch/batch.h"

struct cpl_builder {
    struct cpl_column column;  /* what has been built; column.length is the count */
    uint32_t capacity;
    struct cpl_builder *children;
};

bool cpl_builder_init(struct cpl_builder *builder, const struct cpl_field *field, uint32_t capacity, struct cpl_error *err) CPL_CHECKED;
void cpl_builder_release(struct cpl_builder *builder);
void cpl_builder_clear(struct cpl_builder *builder); /* length 0, memory kept */
/* Room for `extra` more values (validity, values, offsets); children are not grown. */
bool cpl_builder_reserve(struct cpl_builder *builder, uint32_t extra, struct cpl_error *err) CPL_CHECKED;
/* A null, with nulls in struct children and nothing in list or map children. */
bool cpl_builder_null(struct cpl_builder *builder, struct cpl_error *err) CPL_CHECKED;
/* Take back every value behind row `length` (a row that turned out bad). */
void cpl_builder_truncate(struct cpl_builder *builder, uint32_t length);

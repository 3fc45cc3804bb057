/* Parts of text formats (CSV, JSON): finished bytes, kept as blocks until the file takes them.
 *
 *   rows ──put_row──▶ staging (one buffer, ≤ about 1 MiB) ──▶ block ─ block ─ … = part ──▶ sink
 *
 * A format embeds cpl_text_builder as the first member of its own builder and supplies put_row; the rest of
 * the encoder's worker side is here. Memory: the part's bytes, as far as the run's budget goes, plus the staging buffer. */
#pragma once
#include "encode/encoder.h"

struct cpl_text_builder;
typedef bool cpl_put_row(struct cpl_text_builder *builder, const struct cpl_batch *batch,
                         uint32_t row, struct cpl_error *err);

struct cpl_text_builder {
    cpl_put_row *put_row; /* appends one row to .staging */
    struct cpl_buffer staging;
    struct cpl_text_part *part; /* what has been appended since the last finish; NULL = nothing */
    struct cpl_budget *budget;  /* NULL: none */
};

void cpl_text_use_budget(struct cpl_part_builder *builder, struct cpl_budget *budget);
/* The members of cpl_encoder_ops; the builder is the format's own, seen by its first member. */
bool cpl_text_append(struct cpl_part_builder *builder, const struct cpl_batch *batch,
                     const uint32_t *selection, uint32_t n, struct cpl_error *err) CPL_CHECKED;
bool cpl_text_finish(struct cpl_part_builder *builder, struct cpl_part **part,
                     struct cpl_error *err) CPL_CHECKED;
bool cpl_text_cut(struct cpl_part_builder *builder, uint64_t bytes, struct cpl_part **part,
                  struct cpl_error *err) CPL_CHECKED;
void cpl_text_discard(struct cpl_part_builder *builder);
struct cpl_part_info cpl_text_part_info(const struct cpl_part *part);
void cpl_text_part_free(struct cpl_part *part);
/* Rows appended since the last finish, so that a row may know whether it is a part's first. */
uint64_t cpl_text_rows(const struct cpl_text_builder *builder);
void cpl_text_builder_release(struct cpl_text_builder *builder);
/* All of the part's bytes, in order, to the sink. */
bool cpl_text_part_write(const struct cpl_part *part, struct cpl_write_sink *sink,
                         struct cpl_error *err) CPL_CHECKED;

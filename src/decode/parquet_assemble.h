/* From levels and physical values to the columns of a batch (Dremel's assembly, without recursion
 * over rows).
 *
 * Each node of the schema tree owns the entries of its first leaf that lie within its enclosing
 * list's elements: these are its slots; definition levels tell which are null, repetition levels
 * how many elements each list has. Leaves of one struct must agree in number of slots, or the file
 * is damaged. Memory comes from the batch's arena. Threads: one. */
#pragma once
#include "decode/parquet_column.h"

/* `columns` are indexed by leaf. Fills *out for the field of `node`, which must come out with
 * `rows` rows. */
bool cpl_parquet_assemble(const struct cpl_parquet_node *node,
                          struct cpl_leaf_reader *const *columns, uint32_t rows,
                          struct cpl_arena *arena, struct cpl_column *out,
                          struct cpl_error *err) CPL_CHECKED;
/* Physical values as they stand in a batch's column of the leaf's field: `n` of them,
 * cpl_type_width bytes each. */
bool cpl_parquet_convert(const struct cpl_parquet_leaf *leaf, const void *physical, uint32_t n,
                         void *out, struct cpl_error *err) CPL_CHECKED;

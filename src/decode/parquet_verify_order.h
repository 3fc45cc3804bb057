/* Are the rows of a row group in the order that its sorting columns claim? */
#pragma once
#include "decode/parquet.h"

/* Reads the sorting columns of one row group. CORRUPT, with the first row out of order, when the claim is false or
 * names no column that rows could have an order by. Other errors are those of reading. */
bool cpl_parquet_verify_order(const struct cpl_parquet_file *file, uint32_t group,
                              struct cpl_error *err) CPL_CHECKED;

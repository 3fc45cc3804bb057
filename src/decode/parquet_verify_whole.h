/* Verification of a Parquet file as a whole: what no page and no column can tell. */
#pragma once
#include "decode/parquet_verify.h"

/* A failed check of what other writers are careless about: an error in our own files, else a remark (true). */
bool cpl_parquet_remark(const struct cpl_parquet_file *file, struct cpl_parquet_report *report,
                        const char *where, const char *name, const struct cpl_error *found,
                        struct cpl_error *err) CPL_CHECKED;
/* The first magic; the checksum of all bytes, which our own files must have. */
bool cpl_parquet_verify_whole(const struct cpl_parquet_file *file,
                              struct cpl_parquet_report *report, struct cpl_error *err) CPL_CHECKED;

/* The checksum of a whole Parquet file, in its own footer: the key-value pair cupel.checksum.
 *
 * Page CRCs cover the bodies of pages; nothing in the format covers page headers, indexes or the footer, which holds
 * the columns' names. The value is "xxh3:" and the 32 hexadecimal digits of XXH3-128 over every byte of the file from
 * the first magic to the last, with these digits themselves taken as zeros. It is the last pair, so that its place is
 * found from the end. A program that rewrites the file and copies pairs leaves a value that no longer holds, but names
 * itself in created_by: the checksum counts in files that name cupel, also with a damaged name. Threads: any. */
#pragma once
#include "format/parquet.h"

#define CPL_PARQUET_CHECKSUM "cupel.checksum"
enum {
    CPL_PARQUET_CHECKSUM_DIGITS = 32,
    CPL_PARQUET_CHECKSUM_TEXT = 5 + CPL_PARQUET_CHECKSUM_DIGITS, /* with "xxh3:" */
};

/* The digits in a serialised footer, or SIZE_MAX when there are none. */
size_t cpl_parquet_checksum_place(const uint8_t *footer, size_t size);
/* Does the footer say that cupel wrote the file, give or take some damaged bytes of the name? */
bool cpl_parquet_is_ours(const struct cpl_parquet_file_metadata *metadata);
/* …or do the footer's bytes, whatever they are parsed as? */
bool cpl_parquet_bytes_are_ours(const uint8_t *footer, size_t size);

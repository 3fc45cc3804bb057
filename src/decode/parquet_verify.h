/* Does a Parquet file say the truth about itself? Reads every byte of every page to find out.
 *
 * Recounted from the pages and compared with what page headers, footer, column index, offset index,
 * size statistics and bloom filters say: rows, values, nulls, page and chunk sizes, encodings, CRCs,
 * level histograms, minimum and maximum (bounds must hold; where they claim to be exact, they must be
 * attained), boundary order, page places, membership in the bloom filter, the order of the sorting columns. Every value
 * is also converted (UTF-8, ranges), and nested columns are assembled.
 * Files that cupel wrote have a checksum over all their bytes (format/parquet_checksum.h), which must be there and hold;
 * in others, the names and types of columns, and what is said of them in words of their own, cannot be proven.
 * Not checked: distinct counts, and null counts of repeated columns more closely
 * than their possible range (writers differ on whether an empty list counts).
 *
 * Other writers are careless about things that few readers rely on: the list of encodings, the
 * encoding statistics, unencoded sizes, and sorting columns. Contradictions there are only remarked upon, unless cupel
 * itself has written the file.
 *
 * The first other contradiction is an error, CORRUPT (or DATA when the file cannot even be decoded), that
 * names object, row group, column and page. Threads: one; the file may be shared. */
#pragma once
#include "decode/parquet.h"

struct cpl_parquet_column_report {
    const struct cpl_parquet_leaf *leaf;
    uint64_t entries; /* values and nulls */
    uint64_t nulls;   /* entries without a value, empty lists included */
    uint64_t pages, dictionary_pages;
    uint64_t crcs;  /* pages that have a CRC; each was right */
    uint64_t bytes; /* as stored, with page headers */
};
struct cpl_parquet_report {
    uint64_t rows, row_groups, pages, crcs;
    bool whole;       /* a checksum proved every byte */
    uint64_t remarks; /* carelessness of other writers; the first one in words */
    char first_remark[256];
    uint64_t histograms,
        orders; /* chunks with histograms of their pages' levels; row groups with sorting columns */
    uint64_t indexes; /* column and offset indexes, and bloom filters, that were checked */
    struct cpl_parquet_column_report *columns; /* by leaf */
    uint32_t n_columns;
};
/* Fills *report, also as far as it came on failure. Release it in both cases. */
bool cpl_parquet_verify(const struct cpl_parquet_file *file, struct cpl_parquet_report *report,
                        struct cpl_error *err) CPL_CHECKED;
void cpl_parquet_report_release(struct cpl_parquet_report *report);

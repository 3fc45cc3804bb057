/* The structural index of CSV: where fields and rows end, 64 bytes at a time.
 *
 * Quote marks toggle "inside"; a prefix XOR over the 64-bit quote mask gives the inside mask, and
 * separators outside remain. That is exact as long as every quote that opens stands at a field's
 * start (or doubles a closing one), and every quote that closes is followed by a separator or its double. The
 * vector code checks both; where a chunk breaks them it stops, and the caller goes on with the
 * scalar machine, record by record, which knows the exceptions.
 *
 * Three compilations of csv_scan_impl.h (AVX-512, AVX2, portable) give the same index. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpl_csv_scan {
    uint8_t delimiter, quote, newline; /* quote 0 = none */
    uint32_t
        *positions; /* of separators outside quotes, ascending; capacity ≥ bytes scanned + 64 */
    uint32_t n;
    uint32_t rows;    /* how many of them are newlines */
    uint64_t inside;  /* all ones while inside quotes at the end of what was scanned, else 0 */
    bool after_quote; /* the last byte scanned closes a quote, so the next decides */
    bool non_ascii;
    bool carriage_returns;
    bool doubled; /* any doubled quote */
};
/* Scan data[from, to); `from` is at a multiple of 64 behind a row start's chunk or anything else: no alignment
 * is asked. Bytes beyond `to` up to 64 must be readable. Returns `to`, or the offset of the 64-byte step
 * that holds an irregular quote (nothing of that step has been indexed). The byte before `from` counts as a separator
 * when inside == 0 and !after_quote and `field_start` is set. */
size_t cpl_csv_scan(struct cpl_csv_scan *scan, const uint8_t *data, size_t from, size_t to,
                    bool field_start);

/* One record by the scalar machine, from its first byte. Appends its separators; a comment line has one, its newline. Result: */
enum cpl_csv_record {
    CPL_RECORD_OK,
    CPL_RECORD_BAD_QUOTE,
    CPL_RECORD_OPEN /* data ended inside quotes */,
    CPL_RECORD_CUT /* data ended */,
    CPL_RECORD_ESCAPED /* of cpl_csv_block_record: an escape stands before the newline that must end it */
};
struct cpl_csv_rules {
    uint8_t delimiter, quote, escape, newline, comment;
    bool escapes_quotes_only; /* and the escape acts inside quotes alone */
    bool comments_lead; /* the walk over records drops the mark at the first that is no comment */
};
/* Does the byte, outside quotes, make the next one ordinary? */
static inline bool cpl_csv_escapes_outside(const struct cpl_csv_rules *rules, uint8_t byte)
{
    return rules->escape && rules->escape != rules->quote && byte == rules->escape &&
           !rules->escapes_quotes_only;
}

enum cpl_csv_record cpl_csv_record(struct cpl_csv_scan *scan, const struct cpl_csv_rules *rules,
                                   const uint8_t *data, size_t from, size_t to, size_t *end);

typedef size_t cpl_csv_scan_function(struct cpl_csv_scan *, const uint8_t *, size_t, size_t, bool);
cpl_csv_scan_function cpl_csv_scan_avx512, cpl_csv_scan_avx2, cpl_csv_scan_portable;

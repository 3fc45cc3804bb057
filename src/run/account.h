/* The books: every source row ends exactly once, and the numbers must say so.
 *
 *   each text input:  header + comment + blank + row + reject bytes = the decompressed object's
 * bytes each input:       rows read = rows decoded + rows rejected by the decoder the run: Σ
 * inputs' rows read = read read + derived = landed + rejected + filtered + deduplicated Σ rows of
 * data files = landed        (rows as the encoder wrote them) Σ rows of reject files = rejected Σ
 * rejected by rule = rejected A run whose books do not balance fails with CPL_E_BOOKS before
 * anything is decided; `cupel verify` checks the same equations again from what storage holds.
 * Derived rows (explode) are rows beyond the one that each source row is, so they stand on the
 * other side. Threads: an account belongs to one thread (the ordered stage adds the splits'
 * reports). */
#pragma once
#include "decode/decoder.h"
#include "run/log_record.h"

/* One input object, summed over its splits. */
struct cpl_input_account {
    const char *path; /* all strings are borrowed, and must live as long as the receipt is used */
    uint64_t size;    /* of the stored object; UINT64_MAX = unknown (a pipe) */
    const char *etag; /* "" = none */
    const char
        *checksum; /* of the stored bytes (content_hash.h) when all were read; "" = not computed */
    const char *compression; /* "none" "gzip" … */
    const char *charset;     /* "UTF-8" …; "" = not text */
    uint64_t from, to;       /* positions read: bytes of the decompressed object */
    uint64_t decompressed;   /* length of the decompressed object, as its stream gave it */
    uint64_t text_bytes;     /* the same as UTF-8: what the decoder read */
    bool text;               /* the byte equation applies */
    uint64_t header_bytes, comment_bytes, blank_bytes, row_bytes, reject_bytes;
    struct cpl_header_row header_row; /* in no receipt; size 0 = none, or not known any more */
    uint64_t rows_read, rows_decoded, rows_rejected;
};
/* Add a finished split. Splits are added in order: from/to grow with them, and a hole is
 * CPL_E_BOOKS. */
bool cpl_account_split(struct cpl_input_account *input, const struct cpl_split_report *report,
                       struct cpl_error *err) CPL_CHECKED;

struct cpl_account {
    struct cpl_input_account *inputs; /* borrowed */
    size_t n_inputs;
    struct cpl_row_counts rows;
    struct cpl_named_count *rejected_by_rule; /* owned; names are static or schema-owned */
    size_t n_rules, rules_capacity;
};
void cpl_account_release(struct cpl_account *account);
/* n more rows rejected by `rule`: adds to rows.rejected, too. */
bool cpl_account_reject(struct cpl_account *account, const char *rule, uint64_t n,
                        struct cpl_error *err) CPL_CHECKED;
/* All equations; the first that does not hold is named with its two numbers. */
bool cpl_account_check(const struct cpl_account *account, const struct cpl_file_entry *files,
                       size_t n_files, struct cpl_error *err) CPL_CHECKED;

/* CSV: RFC 4180, and what the world really writes.
 *
 *   bytes ─fill──▶ block ─scan──▶ separator index ─cut──▶ regular rows ─column kernels──▶ batch
 *                  256 KiB        u32 positions    │ragged, blank,      one loop a column
 *                  + carry        (csv_scan.h)     ▼comment lines       (csv_column.h)
 *                                              rejects
 * A block is read, its separators outside quotes are indexed 64 bytes at a time, rows with the right
 * number of fields are laid out with a constant stride, and each column is parsed by one tight loop.
 *
 * A quote opens a field only as the field's first byte; elsewhere it is an ordinary character. A field that goes on after its closing quote is
 * rejected (rule "quote"). A quote that is never closed rejects its own line, not the rest of the file. What is a
 * record follows from the bytes and the limits alone, never from where blocks or splits end (csv_index.c).
 *
 * Files: csv_sniff.c (dialect), csv_preamble.c (comments and preamble), csv_step.c (samples from the middle),
 * csv_header.c (is the first record a header?), csv_infer.c (types from samples), csv_object.c (further objects),
 * csv_scan*.c and csv_index.c (index), csv_column*.c
 * (kernels), csv.c (the decoder). */
#pragma once
#include "decode/decoder.h"

enum cpl_csv_newline { CPL_NEWLINE_AUTO, CPL_NEWLINE_LF, CPL_NEWLINE_CR };
/* The delimiter of a file with one column: the unit separator, which no text holds. */
enum { CPL_CSV_NO_DELIMITER = 0x1F };
enum cpl_csv_header { CPL_HEADER_AUTO, CPL_HEADER_YES, CPL_HEADER_NO };
enum cpl_csv_trim { CPL_TRIM_NO, CPL_TRIM_YES };
/* Where an escape acts: on whatever follows it, or inside quotes on a quote alone. */
enum cpl_csv_escapes { CPL_ESCAPES_ANY, CPL_ESCAPES_QUOTE };
/* Which lines may be comments: all, or those alone that stand above the header and the first row. */
enum cpl_csv_comments { CPL_COMMENTS_ALL, CPL_COMMENTS_LEADING };
enum cpl_csv_ragged { CPL_RAGGED_REJECT, CPL_RAGGED_PAD };

/* The settings: what the user set (…_set), completed by sniffing. */
struct cpl_csv_dialect {
    char delimiter, quote, escape, comment; /* 0 = none; escape == quote is RFC 4180's doubling */
    bool delimiter_set, quote_set, escape_set, comment_set, newline_set, header_set, skip_set;
    bool names_set, ragged_set, trim_set, nulls_set, empty_is_null_set, quoted_null_set;
    bool decimal_point_set, thousands_set, date_format_set, time_format_set, timestamp_format_set;
    bool true_words_set, false_words_set, lenient_set, short_header_set;
    bool thousands_columns_set;
    bool short_header;   /* rows end in a delimiter, the header does not: nothing is behind it */
    bool separator_line; /* detected: the first line is Excel's `sep=;` */
    bool escapes_set, comments_set;
    int escapes;        /* enum cpl_csv_escapes; QUOTE where the escape was detected */
    int comments;       /* enum cpl_csv_comments; LEADING where the mark was detected */
    int newline;        /* enum cpl_csv_newline; LF also takes CRLF */
    int header;         /* enum cpl_csv_header */
    int ragged;         /* PAD: missing last fields are null */
    int trim;           /* blanks around unquoted strings */
    int64_t skip_lines; /* preamble before header or data */
    int64_t width;      /* fields in a row, at least those of the header */
    bool width_set;
    struct cpl_strings names; /* column names given by the user */
    struct cpl_strings nulls; /* unquoted texts that mean null besides the empty one */
    bool empty_is_null;       /* the unquoted empty field is null (default) */
    bool quoted_null;         /* quoted fields may be null too */
    char decimal_point, thousands;
    struct cpl_strings thousands_columns; /* of the user, or found; see thousands_in_all */
    const char *date_format, *time_format, *timestamp_format;
    struct cpl_strings true_words, false_words;
    bool lenient; /* declared numbers may be written +5, 007, 1. (inferred ones never) */

    /* settled by sniffing */
    struct cpl_text_style style; /* of inferred columns; declared ones add `lenient` */
    bool
        thousands_in_all; /* else thousands_columns alone are read so, and in others what has a decimal separator, too */
    const char *header_doubt;     /* why the header is only a guess, in words; NULL = it is more */
    uint32_t n_columns;           /* fields in a row */
    struct cpl_slice header_line; /* without its newline, where it has several fields; else empty */
    const char **column_names;    /* of all fields in a row, made unique */
    size_t block_size;      /* 0 = 256 KiB; no option: tests set others, of 16 bytes at least */
    struct cpl_arena arena; /* of what sniffing made */
};
extern const struct cpl_option cpl_csv_options[];

bool cpl_csv_infer(void *settings, const struct cpl_sample *samples, size_t n_samples,
                   const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                   struct cpl_column_plan **columns, struct cpl_error *err);
bool cpl_csv_for_object(const void *settings, const void *said, const struct cpl_sample *head,
                        const struct cpl_schema *schema, bool closed, void **own,
                        struct cpl_error *err);
/* Are rows one field longer than the header, their last delimiter having nothing behind it? */
bool cpl_csv_ends_rows_empty(const struct cpl_csv_dialect *d);
int cpl_csv_sniff(const uint8_t *head, size_t size, bool whole);
/* Delimiter, quote, escape and comment must differ, as decoder.h's check_options. */
bool cpl_csv_check_options(const void *settings, const char **key, struct cpl_error *why);
bool cpl_csv_describe(const void *settings, struct cpl_buffer *json, struct cpl_error *err);
void cpl_csv_release(void *settings);

/* Samples of CSV, record by record, and what they say of the dialect.
 *
 * Threads: none of its own; all state is the caller's. */
#pragma once
#include "decode/csv.h"
#include "decode/csv_scan.h"

enum { SNIFF_RECORDS = 200 }; /* looked at for the dialect */

struct csv_walk {
    const uint8_t *data;
    size_t at, size;
    bool whole;
    struct cpl_csv_rules rules;
    struct cpl_csv_scan scan; /* positions of the current record */
    size_t start, end;        /* the current record without its newline */
    uint32_t fields;
    bool bad;
};

struct cpl_csv_rules cpl_csv_rules_of(const struct cpl_csv_dialect *d);
bool cpl_csv_walk_init(struct csv_walk *walk, const struct cpl_sample *sample,
                       struct cpl_csv_rules rules, struct cpl_error *err) CPL_CHECKED;
void cpl_csv_walk_release(struct csv_walk *walk);
/* The next record that is no comment and not blank; false at the sample's end. */
bool cpl_csv_walk_next(struct csv_walk *walk);
void cpl_csv_walk_cell(const struct csv_walk *walk, uint32_t c, const uint8_t **data,
                       uint32_t *length);
/* The sample without a byte-order mark. */
struct cpl_sample cpl_csv_behind_mark(const struct cpl_sample *sample);
struct csv_walk cpl_csv_skip_preamble(struct csv_walk walk, const struct cpl_csv_dialect *d);

/* csv_step.c. Move a walk over a sample from an object's middle to the first record that is a row for sure; false when there is
 * none. `lines_in_quotes`: quoted fields of the object's start hold line ends. */
bool cpl_csv_fall_in_step(struct csv_walk *walk, uint32_t columns, bool lines_in_quotes);

struct csv_score {
    uint32_t fields, agreeing, records, bad;
};

/* How well the records of a sample agree on their number of fields. */
bool cpl_csv_score(const struct cpl_sample *sample, struct cpl_csv_rules rules,
                   struct csv_score *score, struct cpl_error *err) CPL_CHECKED;
/* All that the user did not set: newline, delimiter, quote, escape, comment, preamble. */
bool cpl_csv_settle_dialect(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                            struct cpl_error *err) CPL_CHECKED;
/* A settled dialect as a further object has it: newline, comment, separator line and preamble are its own. */
bool cpl_csv_settle_object(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err) CPL_CHECKED;

/* csv_preamble.c. What begins at the object's start without byte-order mark: */
void cpl_csv_obey_separator_line(struct cpl_csv_dialect *d, const struct cpl_sample *sample);
/* The sample without the lines to skip. */
struct cpl_sample cpl_csv_behind_preamble(const struct cpl_csv_dialect *d,
                                          const struct cpl_sample *sample);
/* The comment mark under this delimiter: the user's, or # where the sample begins with comments; 0 = none. */
uint8_t cpl_csv_comment(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                        uint8_t delimiter);
/* A mark that is only detected holds for the lines above the table: further down it may begin a value. */
int cpl_csv_comments_of(const struct cpl_csv_dialect *d);
/* Comment mark, lines to skip (unless told), and whether the header lacks the rows' last delimiter. */
bool cpl_csv_find_preamble(struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                           struct cpl_error *err) CPL_CHECKED;

/* csv_header.c. Is the first record a header above columns of these facts, got without it and its repeats? `again`: there are some.
 * *proven: it is one by more than being text. */
bool cpl_csv_is_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                       const struct csv_walk *first, const struct cpl_text_facts *facts, uint32_t n,
                       bool again, bool *yes, bool *proven, struct cpl_error *err) CPL_CHECKED;
/* csv_header_doubt.c. A first record above text: does it look like names, like the rows below it, or is it all there is, and looks
 * like no names? */
enum cpl_csv_header_look { CPL_HEADER_LIKE_NAMES, CPL_HEADER_LIKE_ROWS, CPL_HEADER_ALONE };
bool cpl_csv_doubt_header(const struct cpl_csv_dialect *d, const struct cpl_sample *sample,
                          const struct csv_walk *first, enum cpl_csv_header_look *look,
                          struct cpl_error *err) CPL_CHECKED;
/* Could the text be anything but text? */
bool cpl_csv_is_value(const struct cpl_csv_dialect *d, const uint8_t *data, size_t length);

/* csv_infer.c. The width of rows, where it is said, under a first row or header of so many fields. */
uint32_t cpl_csv_said_width(const struct cpl_csv_dialect *d, uint32_t fields);
/* Name all d->n_columns, after the record when it is a header (else NULL). */
bool cpl_csv_name_columns(struct cpl_csv_dialect *d, const struct csv_walk *header,
                          struct cpl_error *err) CPL_CHECKED;

/* What records of the log and receipts both hold, and how it is written and read: file entries, counts of rows,
 * lists of paths.
 *
 * A receipt tells what a record decided, so that the two must never drift apart: each part has one writer and one reader. A record
 * knows more of a file than a receipt does (its role, token, grade and table).
 *
 * Room. A record is written after all work, so that a run must learn early that its files will not fit: cpl_file_entry_room is no more
 * than what a file takes. */
#pragma once
#include "base/tree.h"
#include "run/stored.h"

enum cpl_teller { CPL_IN_RECORD, CPL_IN_RECEIPT };

const char *cpl_text_or_empty(const char *text);
void cpl_put_texts(struct cpl_json_writer *writer, const char *key, const char *const *texts,
                   size_t n);
/* The members `rows` and `rejected_by_rule`. */
void cpl_put_row_counts(struct cpl_json_writer *writer, const struct cpl_row_counts *rows,
                        const struct cpl_named_count *rules, size_t n_rules);
struct cpl_row_counts cpl_take_row_counts(struct cpl_stored *in, const struct cpl_node *top,
                                          struct cpl_named_count **rules, size_t *n_rules);
/* The member `timings`; taken from where it stands, else zero. */
void cpl_put_timings(struct cpl_json_writer *writer, const struct cpl_timings *timings);
struct cpl_timings cpl_take_timings(struct cpl_stored *in, const struct cpl_node *top);
/* One item of a list of files. In a receipt the list says the role, which the reader sets beforehand. */
void cpl_put_file_entry(struct cpl_json_writer *writer, const struct cpl_file_entry *file,
                        enum cpl_teller teller);
/* File entries that are handed out one by one (tree.h): take is cpl_take_files_item, its context one of these. */
struct cpl_files_taken {
    struct cpl_stored *in;
    enum cpl_teller teller;
    enum cpl_file_role role; /* of all, where entries do not tell */
    struct cpl_file_entry *files;
    size_t n, capacity;
};
bool cpl_take_files_item(void *taken, const struct cpl_node *item);
/* Both, behind each other, in the arena of `in`; what they held is given back. NULL for none, or a failure. */
struct cpl_file_entry *cpl_join_files(struct cpl_files_taken *a, struct cpl_files_taken *b,
                                      size_t *n);
void cpl_take_file_entry(struct cpl_stored *in, const struct cpl_node *item, enum cpl_teller teller,
                         struct cpl_file_entry *file);

/* Bytes that a file of this path takes in a record, at least. */
uint64_t cpl_file_entry_room(const char *path);
/* LIMIT when a receipt cannot tell of `inputs` inputs with paths of `bytes` in all. */
bool cpl_receipt_room_left(uint64_t bytes, uint64_t inputs, struct cpl_error *err) CPL_CHECKED;
/* LIMIT when `bytes` of `files` files are more than a record holds. */
bool cpl_record_room_left(uint64_t bytes, uint64_t files, struct cpl_error *err) CPL_CHECKED;

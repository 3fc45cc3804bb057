/* Rejects: rows that did not land, with reason, place and original bytes.
 *
 * A worker collects the rejects of one split here, in columns; the run's ordered stage adds what
 * only it knows (run id, object name, the split's first line) and encodes them into
 * <dataset>/_cupel/rejects/<run id>-NNNNN.parquet through the ordinary encoder.
 * Columns of that file: run_id string, object string, position int64, length int64, line int64
 * (1-based, of the row's first byte), column string null, rule string, message string, raw binary
 * null. position and length are bytes of the decompressed object. A message without a column ends with the place in
 * the row, "(column 17)", when it is known. Threads: a list belongs to one
 * worker, then to the ordered stage. */
#pragma once
#include "decode/decoder.h"

struct cpl_reject_list {
    struct cpl_reject_sink sink; /* give this to the decoder */
    struct cpl_buffer rows;      /* struct cpl_reject_row[] */
    struct cpl_buffer bytes;     /* texts and raw bytes, referred to by offset */
    uint64_t n;
    bool conflict; /* some row's fault is one */
    uint64_t all;  /* n, and the rows that were put down */
    size_t
        most; /* 0, or how many bytes stay in memory: more are put down in a scratch file, piece by piece */
    int file;                 /* its descriptor and 1; 0: none */
    struct cpl_buffer pieces; /* of the file */
};
struct cpl_reject_row {
    uint64_t position, length, line;
    struct cpl_fault fault;
    uint64_t message_at, raw_at; /* offsets into bytes; raw_at UINT64_MAX = not kept (null) */
    uint32_t message_length, raw_length;
    uint32_t said_length;      /* of the message without the place, which the file needs */
    const char *column, *rule; /* static or schema-owned; column NULL = the whole row */
    const char
        *object; /* NULL, or where the row first stood: then `line` is its line there, 1-based */
};
/* "object:line:column: field: message" of a row that begins in line `line` (1-based); `field` may be NULL. For a conflict
 * it says what to do, too. The caller frees it. */
char *cpl_reject_text(const char *object, uint64_t line, const struct cpl_fault *fault,
                      const char *field, const char *message, size_t message_length,
                      struct cpl_error *err);
void cpl_reject_list_init(struct cpl_reject_list *list, uint64_t max_bytes);
void cpl_reject_list_release(struct cpl_reject_list *list);
void cpl_reject_list_clear(struct cpl_reject_list *list);
/* The list piece by piece, in the order of adding, the last one being itself. */
typedef bool cpl_reject_function(void *context, struct cpl_reject_list *piece,
                                 struct cpl_error *err);
bool cpl_reject_list_each(struct cpl_reject_list *list, cpl_reject_function *take, void *context,
                          struct cpl_error *err) CPL_CHECKED;
/* The schema of reject files; a static object. */
const struct cpl_schema *cpl_reject_schema(void);
/* Rows [from, from+n) as a batch of that schema, strings pointing into the list and the names
 * given. `arena` holds arrays. */
bool cpl_reject_batch(const struct cpl_reject_list *list, uint64_t from, uint32_t n,
                      const char *run_id, const char *object, uint64_t first_line,
                      struct cpl_arena *arena, struct cpl_batch *batch,
                      struct cpl_error *err) CPL_CHECKED;

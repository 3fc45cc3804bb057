/* JSON (RFC 8259): rows from lines, from an array, from documents one after the other, or from an
 * array inside a document.
 *
 *   stream ─▶ block ─frame─▶ row ─walk─▶ columns ─▶ batch
 *             (json_block)   (json_frame)  (json_walk)  │a row that fails
 *                                                        ├─▶ needs (inferred: the schema must grow)
 *                                                        └─▶ reject (position, bytes, path, reason)
 *
 * Layouts. lines: one row a line, splittable at newlines (none can stand inside a JSON string).
 * array: `[row, row …]`, or the array at `rows` inside a document. documents: rows one after the
 * other, with or without white space between. Array and documents are read as one split; one row at
 * a time is in memory, never the array. Unless it is set, each object's layout is told from its own head.
 *
 * After a row that is not JSON, lines go on at the next newline. The other layouts go on behind the
 * broken row, or at the next thing that can only be a row (json_resync); only if there is none in
 * max_row_bytes is the rest one reject. An element that no comma separates from the one before it is
 * rejected, whole as it may be; so is the last one where the input ends before the array is closed.
 * So a reject always holds bytes that can be replayed, and each is one row of the books. A member that leads to `rows` and stands twice in a document is a reject
 * too (duplicate_keys: first passes over it in silence).
 *
 * Books: a row's bytes include its newline (lines); elsewhere what stands between rows is
 * blank_bytes, and what stands before the first one (BOM, `[`, the way to `rows`) is header_bytes.
 *
 * Values: a number is a number and a string is a string (a declared int64 does not take "5").
 * Duplicate keys reject the row unless told otherwise. A row over max_row_bytes is rejected with
 * its first 64 KiB. Binary columns take base64. */
#pragma once
#include "decode/decoder.h"
#include "decode/json_shape.h"

#define JSON_DOCUMENT_COLUMN "_doc"

enum json_layout { JSON_AUTO, JSON_LINES, JSON_ARRAY, JSON_DOCUMENTS };

struct cpl_json_settings {
    int layout;       /* enum json_layout */
    const char *rows; /* JSON Pointer, or a.b.c */
    bool rows_set;
    bool flatten;
    const char *separator;
    bool keep_document; /* the row's text in column _doc */
    int duplicate_keys; /* enum json_duplicates */
    int unknown_fields; /* enum json_unknown */
    bool infer_strings;
    int64_t map_keys;
    struct cpl_strings maps;
    uint64_t block_size;
    bool flatten_set, separator_set, keep_document_set, duplicate_keys_set, unknown_fields_set;
    bool infer_strings_set, map_keys_set, maps_set;

    /* settled by infer */
    bool layout_found; /* by looking at the first object: others may have another */
    bool decimals;
    bool row_is_value;          /* rows are no objects: one column, `value` */
    struct json_shape *sampled; /* what the samples needed; NULL before */
    struct cpl_arena arena;     /* holds it */
};
extern const struct cpl_option json_options[];

int json_sniff(const uint8_t *head, size_t size, bool whole);
bool json_infer(void *settings, const struct cpl_sample *samples, size_t n_samples,
                const struct cpl_schema *declared, bool decimals, struct cpl_schema **schema,
                struct cpl_column_plan **columns, struct cpl_error *err);
bool json_join_needs(const struct cpl_decode_plan *plan, struct cpl_buffer *first,
                     struct cpl_buffer *next, struct cpl_error *err);
bool json_widen(const struct cpl_decode_plan *plan, const struct cpl_buffer *needs, size_t n,
                struct cpl_schema **schema, struct cpl_column_plan **columns,
                struct cpl_error *err);
bool json_for_object(const void *settings, const void *said, const struct cpl_sample *head,
                     const struct cpl_schema *schema, bool closed, void **own,
                     struct cpl_error *err);
struct json_rules json_rules_of(const struct cpl_json_settings *settings);
/* May these be the fields of rows? LIMIT: they are too many, or their names too long. */
bool json_check_fields(const struct json_shape *rows, struct cpl_error *err) CPL_CHECKED;
/* Field of the schema that takes the document, or -1. */
int json_document_field(const struct cpl_json_settings *settings, const struct cpl_schema *schema);
/* The decoder proper (json_decoder.c). */
struct cpl_decoder *json_open(const struct cpl_decode_plan *plan, struct cpl_stream *bytes,
                              uint64_t from, uint64_t to, bool at_row_start,
                              struct cpl_reject_sink *rejects, struct cpl_error *err);
bool json_read(struct cpl_decoder *decoder, struct cpl_batch **batch, struct cpl_error *err);
bool json_refuse(struct cpl_decoder *decoder, const struct cpl_batch *batch, uint32_t row,
                 const struct cpl_reject *what, struct cpl_error *err);
void json_report(const struct cpl_decoder *decoder, struct cpl_split_report *report);
bool json_needs(const struct cpl_decoder *decoder, struct cpl_buffer *needs, struct cpl_error *err);
uint64_t json_memory(const struct cpl_decoder *decoder);
void json_close(struct cpl_decoder *decoder);

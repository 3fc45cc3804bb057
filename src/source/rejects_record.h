/* What a reject file remembers of the run that wrote it, so that its rows can be read again without anything else: neither the run's receipt
 * nor the objects need be there any more.
 *
 * It is JSON under the key `cupel.replay` of the file's footer:
 *
 *     {"version": 3, "decoder": "csv", "dialects": [{…as resolved…}, …], "schema": […of the run's files…],
 *      "headers": ["69642c6e0a", …],                       bytes before the first row, as hexadecimal digits, in the object's charset
 *      "objects": [{"path": "in/a.csv", "charset": "UTF-8", "dialect": 0, "header": 0, "rows": 17}, …]}
 *
 * Objects stand in the order of their rows, which are told by their counts: `rows` of the first, then of the second …. `header` is null when nothing
 * stood there that the rows need, or when it was too long to be kept (then they cannot be replayed); `dialect` is missing where there is none. In version 1 all objects had one dialect, `settings`. Up to version 2
 * a header below comments or blank lines was cut off: as many bytes were kept as it has, from the object's start. Everything read is hostile.
 * Threads: a record belongs to one thread. */
#pragma once
#include "base/option.h"
#include "batch/schema.h"

#define CPL_REJECTS_KEY "cupel.replay"

struct cpl_rejects_bytes {
    const uint8_t *data;
    size_t size;
};
enum { CPL_NO_HEADER = -1, CPL_NO_DIALECT = -1, CPL_REJECTS_HEADERS_MAX = 8 << 20 };
struct cpl_rejects_from {
    const char *path, *charset;
    int64_t header;  /* index, or CPL_NO_HEADER */
    int64_t dialect; /* index, or CPL_NO_DIALECT */
    uint64_t rows;
};
struct cpl_rejects_record {
    const char *decoder;
    const char **dialects_json; /* writing */
    struct cpl_pairs *dialects; /* reading: option names and values; NULL = null */
    size_t n_dialects;
    const struct cpl_schema *schema;
    struct cpl_rejects_bytes *headers;
    size_t n_headers;
    bool header_may_be_cut; /* reading: a version up to 2 */
    struct cpl_rejects_from *objects;
    size_t n_objects;
};
bool cpl_rejects_record_encode(const struct cpl_rejects_record *record, struct cpl_buffer *out,
                               struct cpl_error *err) CPL_CHECKED;
/* Everything but the schema lives in `arena`; the schema is the caller's to free. CORRUPT when it is no such record, or its rows are not `rows`. */
bool cpl_rejects_record_parse(const void *text, size_t size, const char *name, uint64_t rows,
                              struct cpl_arena *arena, struct cpl_rejects_record *record,
                              struct cpl_schema **schema, struct cpl_error *err) CPL_CHECKED;

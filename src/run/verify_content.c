/* Rows as they can be counted in storage, by format. */
#include "decode/parquet_verify.h"
#include "run/verify_state.h"

#include <string.h>

static bool count_parquet(struct cpl_reader *reader, const char *path, uint64_t *rows,
                          struct cpl_error *err)
{
    struct cpl_parquet_file *file = cpl_parquet_open(reader, path, err);
    if (!file)
        return false;
    struct cpl_parquet_report report = {0};
    bool ok = cpl_parquet_verify(file, &report, err);
    *rows = report.rows;
    cpl_parquet_report_release(&report);
    cpl_parquet_close(file);
    return ok;
}

/* JSON as the encoder writes it, in either layout: a line that begins with a brace is a row. */
static bool count_lines(struct cpl_reader *reader, uint64_t *rows, struct cpl_error *err)
{
    enum { PIECE = 256 << 10 };
    uint8_t *piece = cpl_alloc(PIECE, err);
    bool ok = piece != NULL, begins = true; /* the next byte begins a line */
    uint64_t at = 0;
    for (size_t got = PIECE; ok && got == PIECE; at += got) {
        ok = cpl_reader_at(reader, at, piece, PIECE, &got, err);
        const uint8_t *end = piece + (ok ? got : 0);
        for (const uint8_t *next = piece; next < end;) {
            const uint8_t *newline = memchr(next, '\n', (size_t)(end - next));
            *rows += begins && *next == '{';
            begins = newline != NULL;
            next = newline ? newline + 1 : end;
        }
    }
    cpl_free(piece);
    return ok;
}

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), n = strlen(suffix);
    return length >= n && !strcmp(path + length - n, suffix);
}

bool cpl_count_rows(struct cpl_storage *storage, const char *path, uint64_t *rows, bool *known,
                    struct cpl_error *err)
{
    bool parquet = ends_in(path, ".parquet"),
         lines = ends_in(path, ".json") || ends_in(path, ".ndjson") || ends_in(path, ".jsonl");
    *rows = 0;
    *known = parquet || lines;
    if (!*known)
        return true;
    struct cpl_reader *reader = cpl_reader_open(storage, path, err);
    bool ok = reader &&
              (parquet ? count_parquet(reader, path, rows, err) : count_lines(reader, rows, err));
    cpl_reader_close(reader);
    return ok;
}

/* A Parquet file without a receipt: does it say the truth about itself? */
#include "decode/parquet_verify.h"
#include "run/verify_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TAIL = 1 << 20 };

/* The end of a file that cannot be opened: does it name cupel as its writer, or its checksum? */
static bool tail_names_us(struct cpl_reader *reader)
{
    uint64_t size = cpl_reader_size(reader), from = size > TAIL ? size - TAIL : 0;
    size_t got = 0;
    uint8_t *tail = cpl_alloc((size_t)(size - from) + 1, NULL);
    bool ours = tail && cpl_reader_at(reader, from, tail, (size_t)(size - from), &got, NULL) &&
                (memmem(tail, got, "cupel version ", 14) ||
                 memmem(tail, got, "cupel.checksum", 14));
    cpl_free(tail);
    return ours;
}

/* What fails for other reasons than the file's bytes, or perhaps only for what this version cannot read. */
static bool is_damage(enum cpl_code code, struct cpl_reader *reader)
{
    if (code == CPL_E_CORRUPT || code == CPL_E_DATA)
        return true;
    return (code == CPL_E_UNSUPPORTED || code == CPL_E_LIMIT) && tail_names_us(reader);
}

static bool damaged(struct verification *v, struct cpl_error *why, struct cpl_error *err)
{
    size_t n = strlen(v->path);
    bool named = !strncmp(why->message, v->path, n) && !strncmp(why->message + n, ": ", 2);
    return cpl_finding(v, "content", v->path, err, "%s", why->message + (named ? n + 2 : 0));
}

/* How much of the file the checks could reach. */
static bool note_reach(struct verification *v, const struct cpl_parquet_file *file,
                       const struct cpl_parquet_report *found, struct cpl_error *err)
{
    const struct cpl_bytes *by = &cpl_parquet_metadata(file)->created_by;
    if (found->remarks && !cpl_note(v, "foreign", v->path, err, "%s (%" PRIu64 " such)",
                                    found->first_remark, found->remarks))
        return false;
    return found->whole || cpl_note(v, "foreign", v->path, err,
                                    "has no checksum over all its bytes, as it was written by "
                                    "%.*s: names and types of columns, "
                                    "page headers and pages without a checksum (%" PRIu64
                                    " of %" PRIu64 ") are only known not to contradict each other",
                                    by->data ? (int)(by->size < 100 ? by->size : 100) : 7,
                                    by->data ? (const char *)by->data : "unknown",
                                    found->pages - found->crcs, found->pages);
}

/* The rejects of the run that wrote the file stand beside it; only a receipt tells what they should be. */
static bool note_rejects(struct verification *v, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    if (snprintf(path, sizeof path, "%s.rejects.parquet", v->path) >= (int)sizeof path)
        return true;
    struct cpl_reader *reader = cpl_reader_open(v->storage, path, NULL);
    cpl_reader_close(reader);
    return !reader || cpl_note(v, "rejects", path, err,
                               "was not looked at: verify it by itself, or name the receipt");
}

static bool verify_open(struct verification *v, struct cpl_reader *reader, struct cpl_error *err)
{
    struct cpl_parquet_report found = {0};
    struct cpl_error why = {0};
    struct cpl_parquet_file *file = cpl_parquet_open(reader, v->path, &why);
    bool sound = file && cpl_parquet_verify(file, &found, &why), ok = false;
    v->report->rows = found.rows;
    if (sound) {
        v->report->files = 1;
        v->report->bytes = cpl_reader_size(reader);
        v->report->whole = found.whole;
        ok = note_reach(v, file, &found, err) && note_rejects(v, err);
    } else if (is_damage(why.code, reader)) {
        ok = damaged(v, &why, err);
    } else {
        cpl_fail_with(err, &why);
    }
    cpl_parquet_report_release(&found);
    cpl_parquet_close(file);
    return ok;
}

static bool looks_like_parquet(struct cpl_reader *reader, const char *path)
{
    char magic[4] = "";
    size_t got, length = strlen(path), n = strlen(".parquet");
    struct cpl_error ignored;
    return (length > n && !strcmp(path + length - n, ".parquet")) ||
           (cpl_reader_at(reader, 0, magic, sizeof magic, &got, &ignored) &&
            !memcmp(magic, "PAR1", sizeof magic));
}

bool cpl_verify_parquet(struct cpl_storage *storage, const char *path,
                        struct cpl_verify_report *report, struct cpl_error *err)
{
    *report = (struct cpl_verify_report){.alone = true};
    struct verification v = {.storage = storage, .path = path, .report = report};
    struct cpl_reader *reader = cpl_reader_open(storage, path, err);
    bool ok = reader;
    if (ok && !looks_like_parquet(reader, path))
        ok = cpl_fail(err, CPL_E_USAGE,
                      "%s is not Parquet, which alone tells what it should be: name its receipt "
                      "(--receipt FILE), or the dataset's directory",
                      path);
    ok = ok && verify_open(&v, reader, err);
    cpl_reader_close(reader);
    if (!ok)
        cpl_verify_report_release(report);
    return ok;
}

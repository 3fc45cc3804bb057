/* Are the inputs still the bytes that the receipts tell of? Whoever asks has kept them: a changed one is a problem,
 * one that is gone is noted. */
#include "decode/content_hash.h"
#include "run/verify_state.h"

#include <string.h>

enum { PIECE = 256 << 10 };

/* The checksum of all that the reader gives, as work took it. */
static bool hash_object(struct cpl_reader *reader, char text[CPL_CONTENT_HASH_TEXT],
                        struct cpl_error *err)
{
    struct cpl_content_hash hash = {0};
    uint8_t *piece = cpl_alloc(PIECE, err);
    struct cpl_stream *stream = piece && cpl_content_hash_init(&hash, cpl_reader_size(reader), err)
                                    ? cpl_stream_object(reader, 0, UINT64_MAX, err)
                                    : NULL;
    stream = stream ? cpl_stream_hash(stream, &hash, UINT64_MAX, err) : NULL;
    bool ok = stream != NULL;
    for (size_t got = 1; ok && got;)
        ok = cpl_stream_read(stream, piece, PIECE, &got, err);
    cpl_content_hash_text(&hash, text);
    cpl_stream_close(stream);
    cpl_content_hash_release(&hash);
    cpl_free(piece);
    return ok;
}

static bool check_input(struct verification *v, const struct cpl_input_account *input,
                        const char *receipt, struct cpl_error *err)
{
    char text[CPL_CONTENT_HASH_TEXT];
    struct cpl_error why = {0};
    if (!input->checksum || !*input->checksum)
        return true;
    struct cpl_reader *reader = cpl_reader_open(v->storage, input->path, &why);
    bool read = reader && hash_object(reader, text, &why);
    cpl_reader_close(reader);
    if (!read)
        return why.code == CPL_E_MEMORY
                   ? cpl_fail_with(err, &why)
                   : cpl_note(v, "input", input->path, err, "cannot be compared with %s: %s",
                              receipt, why.message);
    v->report->inputs++;
    return !strcmp(text, input->checksum) ||
           cpl_finding(v, "input", input->path, err, "is %s now, and was %s when it was read (%s)",
                       text, input->checksum, receipt);
}

bool cpl_verify_told_inputs(struct verification *v, const struct cpl_stored_receipt *receipt,
                            const char *name, struct cpl_error *err)
{
    for (size_t i = 0; i < receipt->account.n_inputs; i++)
        if (!check_input(v, &receipt->account.inputs[i], name, err))
            return false;
    return true;
}

static bool check_receipt(struct verification *v, const char *name, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    struct cpl_error why = {0};
    struct cpl_stored_receipt receipt = {0};
    if (!cpl_log_path(v->log, name, path, err))
        return false;
    /* a receipt that cannot be read is cpl_verify's finding */
    bool whole = cpl_receipt_read(v->storage, path, &receipt, &why);
    bool ok = !whole || cpl_verify_told_inputs(v, &receipt, name, err);
    if (whole)
        cpl_stored_receipt_release(&receipt);
    return ok && (why.code != CPL_E_MEMORY || cpl_fail_with(err, &why));
}

bool cpl_verify_inputs(struct cpl_storage *storage, const char *path,
                       struct cpl_verify_report *report, struct cpl_error *err)
{
    struct verification v = {.storage = storage, .path = path, .report = report};
    if (!cpl_log_open(storage, path, &v.log, err))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < cpl_log_file_count(v.log); i++) {
        const struct cpl_log_file *file = cpl_log_file(v.log, i);
        if (file->entry.role == CPL_FILE_RECEIPT && !file->lost_by && !file->removed_by)
            ok = check_receipt(&v, file->entry.path, err);
    }
    cpl_log_free(v.log);
    return ok;
}

/* One dataset, one layout of folders.
 *
 * Readers take the keys of a Hive-style folder as columns, so that files in `country=DE/` and in `month=2026-11/` cannot be one table:
 * most readers refuse such a folder, and others read wrong columns. So who adds files to those that stay must lay them
 * out by the same keys. The files of the log tell how they lie; files that nobody recorded are not looked at. */
#include "run/commit_state.h"
#include "run/dataset_types.h"

#include <string.h>

/* "country=DE/month=2026-11" → "country/month" */
static bool layout_of(const char *partition, struct cpl_buffer *out, struct cpl_error *err)
{
    out->size = 0;
    for (const char *at = partition; *at;) {
        size_t length = strcspn(at, "/"), key = strcspn(at, "=/");
        if ((out->size && !cpl_buffer_append(out, "/", 1, err)) ||
            !cpl_buffer_append(out, at, key, err))
            return false;
        at += length + (at[length] == '/');
    }
    return true;
}

/* The newest data file that will lie beside ours; NULL = none. */
static const struct cpl_log_file *neighbour(const struct cpl_attempt *attempt)
{
    for (size_t i = cpl_log_file_count(attempt->log); i-- > 0;) {
        const struct cpl_log_file *file = cpl_log_file(attempt->log, i);
        if (file->entry.role == CPL_FILE_DATA && !file->removed_by && !file->lost_by)
            return file;
    }
    return NULL;
}

static const char *in_words(const char *layout)
{
    return *layout ? layout : "no folders";
}

bool cpl_attempt_check_layout(const struct cpl_attempt *attempt, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool beside = attempt->log && attempt->layout && attempt->mode != CPL_MODE_OVERWRITE;
    const struct cpl_log_file *file = beside ? neighbour(attempt) : NULL;
    if (!file)
        return true;
    bool ok = layout_of(file->entry.partition, &text, err);
    const char *there = ok ? cpl_buffer_text(&text, err) : NULL;
    if (there && strcmp(there, attempt->layout) != 0)
        ok = cpl_fail(
            err, CPL_E_CONFLICT,
            "run %s landed files in %s by %s, and this run would add files by %s; no "
            "reader could take them as one table. Set sink.partition_by and sink.dated as "
            "they were, replace all with mode overwrite, or choose another path",
            cpl_log_record(attempt->log, file->seq)->run_id, attempt->path, in_words(there),
            in_words(attempt->layout));
    cpl_buffer_release(&text);
    return ok && there;
}

void cpl_attempt_keep_types(struct cpl_attempt *attempt)
{
    attempt->keeps_types = attempt->log != NULL;
    attempt->types_seq = attempt->log ? cpl_log_head(attempt->log) : 0;
}

bool cpl_attempt_check_types(const struct cpl_attempt *attempt, const struct cpl_schema *schema,
                             struct cpl_error *err)
{
    struct cpl_dataset_types types;
    if (!attempt->keeps_types || cpl_log_head(attempt->log) == attempt->types_seq)
        return true;
    bool ok = cpl_dataset_types_read(attempt->log, &types, err) &&
              (cpl_dataset_types_check(&types, schema, err) ||
               cpl_fail_context(err,
                                "another run has landed meanwhile, and nothing of this one has"));
    cpl_dataset_types_release(&types);
    return ok;
}

bool cpl_attempt_layout(struct cpl_attempt *attempt, const char *layout, struct cpl_error *err)
{
    attempt->layout = cpl_arena_strndup(&attempt->arena, layout, strlen(layout), err);
    return attempt->layout && cpl_attempt_check_layout(attempt, err);
}

#include "run/output.h"
#include "config/components.h"
#include "run/landed.h"
#include "run/record_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REJECT_PART_BYTES = 16 << 20, REJECT_BATCH = 4096 };

static bool grow_files(struct cpl_output *o, struct cpl_error *err)
{
    if (o->n_files < o->capacity)
        return true;
    size_t capacity = o->capacity ? 2 * o->capacity : 16;
    struct cpl_staged_file *files = cpl_realloc(o->files, capacity * sizeof *files, err);
    if (!files)
        return false;
    o->files = files;
    o->capacity = capacity;
    return true;
}

static char *keep_text(struct cpl_output *o, const char *text, bool *ok, struct cpl_error *err)
{
    char *copy = *ok && text ? cpl_arena_strndup(&o->names, text, strlen(text), err) : NULL;
    *ok = *ok && (copy || !text);
    return copy;
}

/* Texts of a hundred thousand files, each between what its file was made with, would leave holes that nothing fits. */
static bool pack_texts(struct cpl_output *o, const struct cpl_staged_file *file,
                       struct cpl_staged_file *packed, struct cpl_error *err)
{
    bool ok = true;
    *packed = *file;
    packed->path = keep_text(o, file->path, &ok, err);
    packed->partition = keep_text(o, file->partition, &ok, err);
    packed->staged.token = keep_text(o, file->staged.token, &ok, err);
    packed->staged.final_path = keep_text(o, file->staged.final_path, &ok, err);
    return ok;
}

/* ---- what the commit takes ---- */

enum {
    COMMIT_MEMORY = 12 << 20, /* the program and its plan, when the work is done */
    FILE_MEMORY = 900,        /* of each file: entries, record and receipt; and of each byte */
    FOLDER_COPIES = 3,        /* of the dataset's path, */
    STEM_COPIES = 6,          /* of the name's stem besides those in */
    PATH_COPIES = 8,          /* the path below it */
    ENDING = sizeof "/-00000.parquet" - 1
};

uint64_t cpl_output_commit_memory(const struct cpl_output *o, uint64_t files, uint64_t path_bytes)
{
    return COMMIT_MEMORY + PATH_COPIES * path_bytes +
           files * (FILE_MEMORY + FOLDER_COPIES * strlen(o->plan->pipeline->sink.path) +
                    STEM_COPIES * strlen(o->stem));
}

/* All files stand in one record, so they must fit memory together: seen as soon as there are too many. */
static bool check_commit(const struct cpl_output *o, uint64_t files, uint64_t path_bytes,
                         struct cpl_error *err)
{
    uint64_t limit = o->plan->pipeline->limits.memory, need;
    limit = limit ? limit : CPL_USUAL_MEMORY;
    need = cpl_output_commit_memory(o, files, path_bytes);
    if (need <= limit + limit / 10)
        return true;
    return cpl_fail(err, CPL_E_LIMIT,
                    "the rows make %llu files so far, and to commit so many takes about %llu MiB: "
                    "more than limits.memory of %llu MiB. Raise it (--memory-limit %lluMiB at "
                    "least), partition by less, or split the input into several runs",
                    (unsigned long long)files, (unsigned long long)(need >> 20) + 1,
                    (unsigned long long)(limit >> 20),
                    (unsigned long long)(need / 11 * 10 >> 20) + 1);
}

/* Takes the file. Fails as soon as the files are too many for the commit. */
static bool keep_staged(void *context, struct cpl_staged_file *file, struct cpl_error *err)
{
    struct cpl_output *o = context;
    o->record_bytes += cpl_file_entry_room(file->path ? file->path : "");
    o->path_bytes += strlen(file->path ? file->path : "");
    bool ok = cpl_record_room_left(o->record_bytes, o->n_files + 1, err) &&
              check_commit(o, o->n_files + 1, o->path_bytes, err) && grow_files(o, err) &&
              pack_texts(o, file, &o->files[o->n_files], err);
    o->n_files += ok;
    if (!ok)
        unlink(file->staged.token);
    cpl_staged_file_release(file);
    return ok;
}

bool cpl_output_take(struct cpl_output *o, size_t i, struct cpl_staged *staged,
                     struct cpl_error *err)
{
    struct cpl_staged *ours = &o->files[i].staged;
    *staged = *ours;
    staged->token = cpl_strdup(ours->token, err);
    staged->final_path = staged->token ? cpl_strdup(ours->final_path, err) : NULL;
    if (!staged->final_path) {
        cpl_staged_release(staged);
        return false;
    }
    ours->token = NULL;
    return true;
}

static bool finish_file(struct cpl_output *o, struct cpl_file_writer **slot,
                        enum cpl_file_role role, struct cpl_error *err)
{
    struct cpl_file_writer *w = *slot;
    struct cpl_staged_file file;
    if (!w)
        return true;
    *slot = NULL;
    return cpl_file_writer_finish(w, role, &file, err) &&
           (!file.staged.token || keep_staged(o, &file, err));
}

/* ---- data ---- */

static bool open_spill(struct cpl_output *o, struct cpl_error *err)
{
    const char *dir;
    return !o->plan->partitions ||
           (cpl_attempt_scratch(o->attempt, &dir, err) &&
            cpl_spill_file_open(&o->store.spill, dir, o->plan->pipeline->limits.spill, err));
}

bool cpl_output_init(struct cpl_output *o, int64_t now_ms, struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &o->plan->pipeline->sink;
    const struct cpl_component *parquet = cpl_component_find(CPL_COMPONENT_ENCODER, "parquet");
    const char *name = sink->file_name && *sink->file_name ? sink->file_name : "part";
    if (o->attempt && !sink->single_file && !cpl_attempt_stem(o->attempt, name, o->stem, err))
        return false;
    if (sink->dated) {
        int year;
        unsigned month, day;
        int64_t days = now_ms / 86400000 - (now_ms % 86400000 < 0);
        cpl_civil_from_days((int32_t)days, &year, &month, &day);
        snprintf(o->folder, sizeof o->folder, "%.32s=%04d-%02u-%02u/", sink->dated, year, month,
                 day);
    }
    if (!parquet)
        return cpl_fail(err, CPL_E_INTERNAL, "there is no Parquet writer in this build");
    const struct cpl_encoder_ops *ops = parquet->ops;
    o->reject_options = cpl_alloc_zero(1, ops->options_size, err);
    return o->reject_options && open_spill(o, err) &&
           cpl_options_parse(ops->options, NULL, "rejects", &o->arena, o->reject_options, err);
}

static bool open_data(struct cpl_output *o, struct cpl_error *err)
{
    const struct cpl_plan *plan = o->plan;
    char path[512];
    snprintf(path, sizeof path, "%s%s-%05u%s", o->folder, o->stem, o->data_ordinal++,
             plan->encoder->extension);
    bool single = plan->pipeline->sink.single_file || !o->attempt;
    o->data = cpl_file_writer_open(o->attempt, single ? NULL : path, plan->encoder, plan->landing,
                                   plan->encode_options, err);
    return o->data != NULL;
}

bool cpl_output_part(struct cpl_output *o, struct cpl_part *part, struct cpl_error *err)
{
    const struct cpl_encoder_ops *encoder = o->plan->encoder;
    if (!part)
        return true;
    if (!o->data && !open_data(o, err)) {
        encoder->part_free(part);
        return false;
    }
    o->rows += encoder->part_info(part).rows;
    if (!cpl_file_writer_add(o->data, part, err))
        return false;
    o->bytes_out = o->data->bytes;
    const struct cpl_sink_config *sink = &o->plan->pipeline->sink;
    if (!sink->single_file && o->attempt && cpl_file_writer_full(o->data, sink->target_file_size))
        return finish_file(o, &o->data, CPL_FILE_DATA, err);
    return true;
}

/* ---- partitions ---- */

static int by_path(const void *a, const void *b)
{
    const struct cpl_staged_file *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static bool write_partitions(struct cpl_output *o, unsigned threads, struct cpl_error *err)
{
    size_t begin = o->n_files;
    struct cpl_partition_target target = {.plan = o->plan,
                                          .attempt = o->attempt,
                                          .folder = o->folder,
                                          .stem = o->stem,
                                          .threads = threads,
                                          .stop = o->stop,
                                          .context = o,
                                          .keep = keep_staged};
    bool ok = cpl_partition_store_write(&o->store, &target, err);
    if (o->n_files > begin)
        qsort(o->files + begin, o->n_files - begin, sizeof *o->files, by_path);
    return ok;
}

/* Each partition will have a file at least. */
static bool check_partitions(const struct cpl_output *o, struct cpl_error *err)
{
    uint64_t n = o->store.n_partitions;
    return cpl_record_room_left(n * cpl_file_entry_room(o->stem), n, err);
}

bool cpl_output_routed(struct cpl_output *o, const struct cpl_routed *routed, struct cpl_error *err)
{
    if (!routed)
        return true;
    o->rows += routed->rows;
    /* one thread: the workers still hold the memory of theirs */
    return cpl_partition_store_add(&o->store, o->plan->partitions, routed, err) &&
           check_partitions(o, err) &&
           check_commit(o, o->store.n_partitions,
                        o->store.name_bytes +
                            o->store.n_partitions *
                                (uint64_t)(strlen(o->folder) + strlen(o->stem) + ENDING),
                        err) &&
           (!cpl_partition_store_full(&o->store) || write_partitions(o, 1, err));
}

/* ---- rejects ---- */

static const struct cpl_encoder_ops *reject_encoder(void)
{
    return cpl_component_find(CPL_COMPONENT_ENCODER, "parquet")->ops;
}

static bool open_rejects(struct cpl_output *o, struct cpl_error *err)
{
    char path[CPL_LOG_PATH_MAX];
    if (!o->reject_builder && !(o->reject_builder = reject_encoder()->builder_new(
                                    cpl_reject_schema(), o->reject_options, err)))
        return false;
    if (!cpl_attempt_rejects_path(o->attempt, o->reject_ordinal++, ".parquet", path, err))
        return false;
    o->rejects = cpl_file_writer_open(o->attempt, path, reject_encoder(), cpl_reject_schema(),
                                      o->reject_options, err);
    return o->rejects != NULL;
}

static bool flush_rejects(struct cpl_output *o, struct cpl_error *err)
{
    struct cpl_part *part = NULL;
    o->reject_bytes = 0;
    return reject_encoder()->finish(o->reject_builder, &part, err) &&
           (!part || reject_encoder()->file_add(o->rejects->file, part, err));
}

bool cpl_output_rejects(struct cpl_output *o, const struct cpl_reject_list *rejects, size_t input,
                        uint64_t first_line, struct cpl_error *err)
{
    const char *object = o->plan->inputs.items[input].path;
    o->reject_rows += rejects->n;
    if (!rejects->n || !o->attempt)
        return true;
    if (!o->rejects && !open_rejects(o, err))
        return false;
    struct cpl_arena arena = {0};
    bool ok = true;
    for (uint64_t from = 0; ok && from < rejects->n; from += REJECT_BATCH) {
        struct cpl_batch batch;
        uint32_t n = rejects->n - from < REJECT_BATCH ? (uint32_t)(rejects->n - from)
                                                      : REJECT_BATCH;
        cpl_arena_reset(&arena);
        ok = cpl_reject_batch(rejects, from, n, o->run_id, object, first_line, &arena, &batch,
                              err) &&
             reject_encoder()->append(o->reject_builder, &batch, NULL, n, err);
    }
    cpl_arena_release(&arena);
    ok = ok && cpl_reject_origins_note(&o->origins, input, rejects, err);
    o->rejects->rows += rejects->n;
    o->reject_bytes += rejects->bytes.size;
    return ok && (o->reject_bytes < REJECT_PART_BYTES || flush_rejects(o, err));
}

/* The footer tells what a replay must know. */
static bool remember_origins(struct cpl_output *o, struct cpl_error *err)
{
    struct cpl_buffer text = {0};
    bool ok = cpl_reject_origins_write(&o->origins, o->plan, o->account, &text, err) &&
              reject_encoder()->file_metadata(o->rejects->file, CPL_REJECTS_KEY, text.data,
                                              text.size, err);
    cpl_buffer_release(&text);
    return ok;
}

/* ---- the end ---- */

bool cpl_output_finish(struct cpl_output *o, struct cpl_error *err)
{
    bool single = o->plan->pipeline->sink.single_file || !o->attempt;
    if (!o->data && single && !o->n_files &&
        !open_data(o, err)) /* no rows: an empty file with its schema */
        return false;
    if (!cpl_landed_write(o, err) || !finish_file(o, &o->data, CPL_FILE_DATA, err) ||
        !write_partitions(o, o->threads, err))
        return false;
    return !o->rejects || (flush_rejects(o, err) && remember_origins(o, err) &&
                           finish_file(o, &o->rejects, CPL_FILE_REJECTS, err));
}

void cpl_output_drop(struct cpl_output *o)
{
    cpl_file_writer_close(o->data);
    cpl_file_writer_close(o->rejects);
    o->data = o->rejects = NULL;
    for (size_t i = 0; i < o->n_files; i++)
        if (o->files[i].staged.token)
            unlink(o->files[i].staged.token);
    o->n_files = 0;
    cpl_arena_release(&o->names);
    o->record_bytes = o->path_bytes = 0;
    cpl_partition_store_clear(&o->store);
    cpl_reject_origins_release(&o->origins);
    o->rows = o->reject_rows = o->reject_bytes = 0;
    o->data_ordinal = o->reject_ordinal = 0;
    if (o->reject_builder)
        reject_encoder()->discard(o->reject_builder);
}

void cpl_output_forget(struct cpl_output *o)
{
    cpl_free(o->files);
    o->files = NULL;
    o->n_files = o->capacity = 0;
    cpl_arena_release(&o->names);
    cpl_partition_store_clear(&o->store);
}

void cpl_output_release(struct cpl_output *o)
{
    cpl_output_drop(o);
    if (o->reject_builder)
        reject_encoder()->builder_free(o->reject_builder);
    cpl_partition_store_release(&o->store);
    cpl_free(o->files);
    cpl_free(o->reject_options);
    cpl_arena_release(&o->arena);
}

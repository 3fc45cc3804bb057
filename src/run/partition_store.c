#include "run/partition_store.h"
#include "batch/fragment.h"
#include "format/codec.h"
#include "run/crash_point.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

enum {
    MOST_WRITERS = 64,
    FULL_FRAGMENTS = 1 << 20,
    PART_BYTES = 32 << 20, /* put-down bytes that one part takes at most */
    BATCH_ROWS = 4096
};
static const uint64_t full_bytes = (uint64_t)4 << 30;
static _Atomic uint64_t test_limit;

void cpl_partition_store_limit(uint64_t bytes)
{
    atomic_store(&test_limit, bytes);
}

/* ---- putting in ---- */

static bool grow(void **array, size_t n, size_t size, struct cpl_error *err)
{
    void *grown = cpl_realloc(*array, n * size, err);
    if (grown)
        *array = grown;
    return grown != NULL;
}

static bool add_partition(struct cpl_partition_store *store, const struct cpl_partition_plan *plan,
                          const char *name, uint32_t *number, struct cpl_error *err)
{
    size_t *known = cpl_name_index_find(&store->index, name);
    if (known) {
        *number = (uint32_t)*known;
        return true;
    }
    if (store->n_partitions >= plan->most)
        return cpl_partition_too_many(plan, err);
    if (store->n_partitions == store->capacity) {
        uint32_t capacity = store->capacity ? 2 * store->capacity : 64;
        if (!grow((void **)&store->partitions, capacity, sizeof *store->partitions, err))
            return false;
        store->capacity = capacity;
    }
    name = cpl_arena_strndup(&store->arena, name, strlen(name), err);
    if (!name || !cpl_name_index_reserve(&store->index, 1, err))
        return false;
    *number = store->n_partitions++;
    store->partitions[*number] = (struct cpl_partition){.name = name};
    cpl_name_index_add(&store->index, name, *number);
    store->name_bytes += strlen(name);
    return true;
}

static bool fragment_room(struct cpl_partition_store *store, size_t extra, struct cpl_error *err)
{
    size_t wanted = store->n_fragments + extra, capacity = store->fragments_capacity;
    if (wanted <= capacity)
        return true;
    capacity = capacity + capacity / 2;
    capacity = capacity < wanted ? wanted : capacity;
    if (!grow((void **)&store->fragments, capacity, sizeof *store->fragments, err))
        return false;
    store->fragments_capacity = capacity;
    return true;
}

bool cpl_partition_store_add(struct cpl_partition_store *store,
                             const struct cpl_partition_plan *plan, const struct cpl_routed *routed,
                             struct cpl_error *err)
{
    if (routed->refused.code != CPL_E_NONE)
        return cpl_fail_with(err, &routed->refused);
    uint32_t *numbers = cpl_alloc(routed->n_keys * sizeof *numbers, err);
    bool ok = numbers && fragment_room(store, routed->n_fragments, err);
    for (uint32_t k = 0; ok && k < routed->n_keys; k++)
        ok = add_partition(store, plan, routed->keys[k], &numbers[k], err);
    for (size_t i = 0; ok && i < routed->n_fragments; i++) {
        struct cpl_fragment *fragment = &store->fragments[store->n_fragments++];
        *fragment = routed->fragments[i];
        fragment->partition = numbers[fragment->partition];
        store->bytes += fragment->packed;
    }
    cpl_free(numbers);
    return ok;
}

bool cpl_partition_store_full(const struct cpl_partition_store *store)
{
    uint64_t limit = atomic_load(&test_limit);
    return store->n_fragments >= FULL_FRAGMENTS || store->bytes >= (limit ? limit : full_bytes);
}

void cpl_partition_store_clear(struct cpl_partition_store *store)
{
    cpl_name_index_release(&store->index);
    cpl_arena_release(&store->arena);
    cpl_free(store->partitions);
    cpl_free(store->fragments);
    store->partitions = NULL;
    store->fragments = NULL;
    store->n_partitions = store->capacity = 0;
    store->n_fragments = store->fragments_capacity = 0;
    store->bytes = store->name_bytes = 0;
    cpl_spill_file_clear(&store->spill);
}

void cpl_partition_store_release(struct cpl_partition_store *store)
{
    cpl_partition_store_clear(store);
    cpl_spill_file_close(&store->spill);
}

/* ---- writing ---- */

struct queued {
    const char *name;
    uint32_t partition;
    size_t from, to; /* of order[] */
};
struct job {
    struct cpl_partition_store *store;
    const struct cpl_partition_target *target;
    uint32_t *order; /* fragments, by partition, then as they came */
    struct queued *queue;
    uint32_t n_queue, next;
    pthread_mutex_t mutex; /* next, error, keep() */
    struct cpl_error error;
};
/* What one thread writes with. */
struct writing {
    struct job *job;
    struct cpl_part_builder *builder;
    struct cpl_fragment_reader reader;
    struct cpl_buffer packed, raw;
    struct cpl_codec_state codec;
    struct cpl_file_writer *file;
    uint64_t pending; /* put-down bytes in the builder */
};

static bool load(struct writing *w, const struct cpl_fragment *fragment, struct cpl_error *err)
{
    bool stored = fragment->packed == fragment->raw;
    struct cpl_buffer *first = stored ? &w->raw : &w->packed;
    w->packed.size = w->raw.size = 0;
    if (!cpl_buffer_reserve(&w->raw, fragment->raw, err) ||
        !cpl_buffer_reserve(first, fragment->packed, err) ||
        !cpl_spill_file_get(&w->job->store->spill, fragment->offset, first->data, fragment->packed,
                            err))
        return false;
    if (!stored && !cpl_codec_decompress(CPL_CODEC_LZ4_RAW, &w->codec, w->packed.data,
                                         fragment->packed, w->raw.data, fragment->raw, err))
        return false;
    w->raw.size = fragment->raw;
    return (uint32_t)XXH3_64bits(w->raw.data, fragment->raw) == fragment->check ||
           cpl_fail(err, CPL_E_CORRUPT,
                    "the spill file came back with other bytes than were written: the disk (or "
                    "memory) is faulty");
}

/* The builder's rows become a part of the open file. */
static bool end_part(struct writing *w, struct cpl_error *err)
{
    struct cpl_part *part = NULL;
    w->pending = 0;
    return w->job->target->plan->encoder->finish(w->builder, &part, err) &&
           cpl_file_writer_add(w->file, part, err);
}

/* The same, if these rows make so many bytes already. */
static bool cut_part(struct writing *w, uint64_t bytes, struct cpl_error *err)
{
    struct cpl_part *part = NULL;
    if (!w->job->target->plan->encoder->cut(w->builder, bytes, &part, err))
        return false;
    w->pending = part ? 0 : w->pending;
    return cpl_file_writer_add(w->file, part, err);
}

static bool open_file(struct writing *w, struct cpl_partition *partition, struct cpl_error *err)
{
    const struct cpl_partition_target *t = w->job->target;
    char path[CPL_LOG_PATH_MAX];
    snprintf(path, sizeof path, "%s%s/%s-%05u%s", t->folder, partition->name, t->stem,
             partition->files++, t->plan->encoder->extension);
    w->file = cpl_file_writer_open(t->attempt, path, t->plan->encoder, t->plan->partitions->schema,
                                   t->plan->encode_options, err);
    return w->file != NULL;
}

static bool end_file(struct writing *w, struct cpl_error *err)
{
    const struct cpl_partition_target *t = w->job->target;
    struct cpl_staged_file staged = {0};
    struct cpl_file_writer *file = w->file;
    if (!file || !end_part(w, err))
        return !file;
    w->file = NULL;
    cpl_crash_point("partition/before-file");
    if (!cpl_file_writer_finish(file, CPL_FILE_DATA, &staged, err))
        return false;
    cpl_crash_point("partition/after-file");
    pthread_mutex_lock(&w->job->mutex);
    bool ok = t->keep(t->context, &staged, err);
    pthread_mutex_unlock(&w->job->mutex);
    return ok;
}

/* What the rows added so far end: a part, a file. */
static bool end_full(struct writing *w, struct cpl_error *err)
{
    uint64_t target = w->job->target->plan->pipeline->sink.target_file_size;
    uint64_t part = cpl_part_target(target);
    if ((part && !cut_part(w, part, err)) || (w->pending >= PART_BYTES && !end_part(w, err)))
        return false;
    return !cpl_file_writer_full(w->file, target) || end_file(w, err);
}

/* So many rows of a fragment at once that a part of a small file does not grow much too large. */
static uint32_t rows_at_once(const struct writing *w, const struct cpl_fragment *fragment)
{
    uint64_t part = cpl_part_target(w->job->target->plan->pipeline->sink.target_file_size);
    uint64_t bytes = fragment->raw / (fragment->rows ? fragment->rows : 1) + 1;
    uint64_t rows = part ? part / 8 / bytes : BATCH_ROWS;
    return rows < 1 ? 1 : rows < BATCH_ROWS ? (uint32_t)rows : BATCH_ROWS;
}

static bool add_fragment(struct writing *w, struct cpl_partition *partition,
                         const struct cpl_fragment *fragment, struct cpl_error *err)
{
    const struct cpl_encoder_ops *encoder = w->job->target->plan->encoder;
    uint32_t rows = 0, most = rows_at_once(w, fragment);
    if (!load(w, fragment, err))
        return false;
    for (size_t at = 0, from = 0; at < w->raw.size; from = at) {
        if ((!w->file && !open_file(w, partition, err)) ||
            !cpl_fragment_read(&w->reader, w->raw.data, w->raw.size, &at, most, err) ||
            !encoder->append(w->builder, &w->reader.batch, NULL, w->reader.batch.rows, err))
            return false;
        rows += w->reader.batch.rows;
        w->pending += at - from;
        if (!end_full(w, err))
            return false;
    }
    return rows == fragment->rows ||
           cpl_fail(err, CPL_E_INTERNAL, "a fragment of %u rows gave back %u", fragment->rows,
                    rows);
}

static bool write_partition(struct writing *w, const struct queued *queued, struct cpl_error *err)
{
    const struct job *job = w->job;
    struct cpl_partition *partition = &job->store->partitions[queued->partition];
    for (size_t i = queued->from; i < queued->to; i++)
        if (!add_fragment(w, partition, &job->store->fragments[job->order[i]], err))
            return false;
    return end_file(w, err);
}

static bool next_partition(struct job *job, const struct queued **queued)
{
    pthread_mutex_lock(&job->mutex);
    _Atomic bool *stop = job->target->stop;
    if (stop && atomic_load(stop) && job->error.code == CPL_E_NONE)
        cpl_fail(&job->error, CPL_E_INTERRUPTED,
                 "stopped by a signal; nothing has been written: run the same command again");
    bool some = job->next < job->n_queue && job->error.code == CPL_E_NONE;
    if (some)
        *queued = &job->queue[job->next++];
    pthread_mutex_unlock(&job->mutex);
    return some;
}

static void *write_partitions(void *argument)
{
    struct job *job = argument;
    const struct cpl_plan *plan = job->target->plan;
    struct writing w = {.job = job};
    struct cpl_error err = {0};
    const struct queued *queued;
    bool ok = cpl_fragment_reader_init(&w.reader, plan->partitions->schema, &err) &&
              (w.builder = plan->encoder->builder_new(plan->partitions->schema,
                                                      plan->encode_options, &err));
    while (ok && next_partition(job, &queued))
        ok = write_partition(&w, queued, &err) ||
             cpl_fail_context(&err, "partition %s", queued->name);
    if (!ok) {
        pthread_mutex_lock(&job->mutex);
        if (job->error.code == CPL_E_NONE)
            job->error = err;
        pthread_mutex_unlock(&job->mutex);
    }
    cpl_file_writer_close(w.file);
    if (w.builder)
        plan->encoder->builder_free(w.builder);
    cpl_fragment_reader_release(&w.reader);
    cpl_buffer_release(&w.packed);
    cpl_buffer_release(&w.raw);
    cpl_codec_state_release(&w.codec);
    return NULL;
}

/* The calling thread is one of them; fewer than wanted will do. */
static void run_writers(struct job *job)
{
    pthread_t threads[MOST_WRITERS];
    unsigned started = 0, wanted = job->target->threads;
    wanted = wanted < MOST_WRITERS ? wanted : MOST_WRITERS;
    wanted = wanted < job->n_queue ? wanted : job->n_queue;
    while (started + 1 < wanted && !pthread_create(&threads[started], NULL, write_partitions, job))
        started++;
    write_partitions(job);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
}

static int by_name(const void *a, const void *b)
{
    const struct queued *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Fragments by partition, partitions by name. */
static bool make_queue(struct job *job, struct cpl_error *err)
{
    const struct cpl_partition_store *store = job->store;
    size_t n = store->n_fragments;
    size_t *ends = cpl_alloc_zero((size_t)store->n_partitions + 1, sizeof *ends, err);
    job->order = ends ? cpl_alloc(n * sizeof *job->order, err) : NULL;
    job->queue = job->order ? cpl_alloc(store->n_partitions * sizeof *job->queue, err) : NULL;
    if (!job->queue) {
        cpl_free(ends);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        ends[store->fragments[i].partition + 1]++;
    for (uint32_t p = 0; p < store->n_partitions; p++)
        ends[p + 1] += ends[p]; /* ends[p] is p's beginning */
    for (uint32_t p = 0; p < store->n_partitions; p++)
        if (ends[p + 1] > ends[p])
            job->queue[job->n_queue++] = (struct queued){.name = store->partitions[p].name,
                                                         .partition = p,
                                                         .from = ends[p],
                                                         .to = ends[p + 1]};
    for (size_t i = 0; i < n; i++)
        job->order[ends[store->fragments[i].partition]++] = (uint32_t)i;
    qsort(job->queue, job->n_queue, sizeof *job->queue, by_name);
    cpl_free(ends);
    return true;
}

/* Fragments mostly lie behind each other as they came: few calls. */
static void give_back(struct cpl_partition_store *store)
{
    uint64_t from = 0, to = 0;
    for (size_t i = 0; i < store->n_fragments; i++) {
        const struct cpl_fragment *fragment = &store->fragments[i];
        if (fragment->offset != to) {
            cpl_spill_file_free(&store->spill, from, to - from);
            from = fragment->offset;
        }
        to = fragment->offset + fragment->packed;
    }
    cpl_spill_file_free(&store->spill, from, to - from);
    store->n_fragments = 0;
    store->bytes = 0;
}

bool cpl_partition_store_write(struct cpl_partition_store *store,
                               const struct cpl_partition_target *target, struct cpl_error *err)
{
    if (!store->n_fragments)
        return true;
    struct job job = {.store = store, .target = target};
    bool ok = make_queue(&job, err);
    if (ok) {
        pthread_mutex_init(&job.mutex, NULL);
        run_writers(&job);
        pthread_mutex_destroy(&job.mutex);
        give_back(store);
        ok = job.error.code == CPL_E_NONE || cpl_fail_with(err, &job.error);
    }
    cpl_free(job.order);
    cpl_free(job.queue);
    return ok;
}

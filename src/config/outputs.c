/* What the pipelines of one run write: no two of them may write one file, or the later would replace what the earlier
 * landed, and both would say that all went well.
 *
 * A single file stands for two: itself and its rejects. Datasets may share a directory as long as they all append, because
 * their log keeps them apart. Paths are compared as they resolve today: `.` and `..` taken out, symlinks followed
 * as far as they exist. Nothing is opened. */
#include "config/load.h"
#include "storage/storage.h"

#include <stdlib.h>
#include <string.h>

static const char rejects_ending[] = ".rejects.parquet";

struct output {
    char *place; /* resolved; owned */
    size_t pipeline;
    const struct cpl_sink_config *sink;
    const struct cpl_node *node; /* where the path is said */
    bool rejects;
};
struct outputs {
    struct output *items;
    size_t n;
};

static void release(struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->n; i++)
        cpl_free(outputs->items[i].place);
    cpl_free(outputs->items);
}

/* The path itself when the way there cannot be looked at; NULL without memory. */
static char *place_of(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    struct cpl_error why = {0};
    char *place = cpl_storage_resolve(storage, path, &why);
    if (!place && why.code == CPL_E_MEMORY)
        cpl_fail_with(err, &why);
    return place || why.code == CPL_E_MEMORY ? place : cpl_strdup(path, err);
}

static bool add(struct outputs *outputs, struct cpl_storage *storage, const struct output *output,
                struct cpl_error *err)
{
    struct output *added = &outputs->items[outputs->n];
    char *path = output->rejects ? cpl_format(err, "%s%s", output->sink->path, rejects_ending)
                                 : cpl_strdup(output->sink->path, err);
    *added = *output;
    added->place = path ? place_of(storage, path, err) : NULL;
    cpl_free(path);
    outputs->n += added->place != NULL;
    return added->place != NULL;
}

static bool collect(struct cpl_loading *loading, struct cpl_storage *storage,
                    struct outputs *outputs)
{
    bool ok = true;
    const char *only = loading->env->only;
    for (size_t i = 0; ok && i < loading->n_pipelines; i++) {
        const struct cpl_pipeline *pipeline = &loading->pipelines[i];
        const struct cpl_sink_config *sink = &pipeline->sink;
        if (!sink->path || !*sink->path || !strcmp(sink->path, "-") ||
            (only && pipeline->name && strcmp(only, pipeline->name) != 0))
            continue;
        const struct cpl_node *section = cpl_tree_get(loading->roots[i], "sink");
        struct output output = {.pipeline = i,
                                .sink = sink,
                                .node = section ? cpl_tree_place_of(section, "path")
                                                : loading->roots[i]};
        ok = add(outputs, storage, &output, loading->err);
        output.rejects = true;
        ok = ok && (!sink->single_file || add(outputs, storage, &output, loading->err));
    }
    return ok;
}

static int by_place(const void *a, const void *b)
{
    const struct output *x = a, *y = b;
    int order = strcmp(x->place, y->place);
    if (order)
        return order;
    return x->pipeline < y->pipeline ? -1 : x->pipeline > y->pipeline;
}

static bool replaces(const struct cpl_sink_config *sink)
{
    return sink->mode == CPL_MODE_OVERWRITE || sink->mode == CPL_MODE_OVERWRITE_PARTITIONS;
}

static bool same_text(const char *a, const char *b)
{
    return a && b && !strcmp(a, b);
}

/* Of one place. Two datasets of one metadata file that say the same path have been reported there. */
static bool collide(const struct cpl_loading *loading, const struct output *a,
                    const struct output *b)
{
    bool metadata = same_text(loading->pipelines[a->pipeline].dialect, "metadata") &&
                    same_text(a->node->file, b->node->file) && !a->rejects && !b->rejects;
    if ((metadata && same_text(a->sink->path, b->sink->path)) || (a->rejects && b->rejects))
        return false; /* the files themselves collide, too */
    return a->sink->single_file || b->sink->single_file || replaces(a->sink) || replaces(b->sink);
}

static bool report(struct cpl_loading *loading, const struct output *first,
                   const struct output *second)
{
    const struct cpl_pipeline *pipelines = loading->pipelines;
    const struct cpl_node *node = first->node;
    bool datasets = !first->sink->single_file && !second->sink->single_file;
    cpl_tree_fail(second->node, loading->err, CPL_E_CONFIG,
                  "pipeline %s would write %.300s%s, which pipeline %s%s writes too (%s:%u): %s",
                  pipelines[second->pipeline].name,
                  second->node->secret ? cpl_tree_shown(second->node) : second->sink->path,
                  second->rejects ? rejects_ending : "", pipelines[first->pipeline].name,
                  first->rejects ? ", for its rejects," : "", node->file ? node->file : "?",
                  node->line,
                  datasets ? "one would remove what the other has landed; let both append, or give "
                             "each a path of its own"
                           : "one would replace what the other has landed; give each a path of its "
                             "own");
    return cpl_loading_wrong(loading);
}

/* items[from, to) are of one place: each that collides with one before it is reported once. */
static bool check_place(struct cpl_loading *loading, const struct output *items, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            if (!collide(loading, &items[j], &items[i]))
                continue;
            if (!report(loading, &items[j], &items[i]))
                return false;
            break;
        }
    return true;
}

static bool check_all(struct cpl_loading *loading, const struct outputs *outputs)
{
    for (size_t from = 0, to; from < outputs->n; from = to) {
        for (to = from + 1; to < outputs->n; to++)
            if (strcmp(outputs->items[from].place, outputs->items[to].place) != 0)
                break;
        if (!check_place(loading, &outputs->items[from], to - from))
            return false;
    }
    return true;
}

bool cpl_load_check_outputs(struct cpl_loading *loading)
{
    struct cpl_storage_limits anywhere = {.allowed_paths = NULL};
    struct outputs outputs = {.items = NULL};
    if (loading->n_pipelines < 2)
        return true;
    struct cpl_storage *storage = cpl_storage_local(&anywhere, loading->err);
    outputs.items = cpl_alloc_zero(2 * loading->n_pipelines, sizeof *outputs.items, loading->err);
    bool ok = storage && outputs.items && collect(loading, storage, &outputs);
    if (ok && outputs.n > 1)
        qsort(outputs.items, outputs.n, sizeof *outputs.items, by_place);
    ok = ok && check_all(loading, &outputs);
    release(&outputs);
    cpl_storage_free(storage);
    return ok;
}

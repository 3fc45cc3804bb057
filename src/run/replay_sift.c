#include "run/replay_sift.h"

#include "base/plural.h"

#include <stdio.h>
#include <string.h>

static bool run_has_landed(struct cpl_log *log, const char *run_id)
{
    char lane[128];
    snprintf(lane, sizeof lane, "run/%.110s", run_id);
    return cpl_log_lane(log, lane, NULL);
}

/* Keep the others, in the arena. */
static bool keep(const struct cpl_object_list *files, const bool *replayed,
                 struct cpl_strings *paths, struct cpl_arena *arena, struct cpl_skipped *skipped,
                 struct cpl_error *err)
{
    const char **kept = cpl_arena_alloc(arena, files->n * sizeof *kept, err);
    size_t n = 0;
    for (size_t i = 0; kept && i < files->n; i++) {
        const char *path = files->items[i].path;
        const char *copy = cpl_arena_strndup(arena, path, strlen(path), err);
        if (!copy)
            return false;
        if (!replayed[i])
            kept[n++] = copy;
        else if (!skipped->n++)
            skipped->first = copy;
    }
    skipped->of = files->n;
    if (kept && !n)
        return cpl_fail(err, CPL_E_CONFLICT,
                        "all %s were replayed before, and rows land once; the first is %s",
                        CPL_COUNTED(files->n, "reject file"), skipped->first);
    if (kept && skipped->n)
        *paths = (struct cpl_strings){.items = kept, .n = n};
    return kept != NULL;
}

static bool sift(const struct cpl_replay_run *run, const struct cpl_object_list *files,
                 struct cpl_strings *paths, struct cpl_arena *arena, struct cpl_skipped *skipped,
                 struct cpl_error *err)
{
    bool *replayed = cpl_alloc_zero(files->n, sizeof *replayed, err);
    bool ok = replayed && cpl_replay_once_sift(run, files, replayed, err) &&
              keep(files, replayed, paths, arena, skipped, err);
    cpl_free(replayed);
    return ok;
}

bool cpl_replay_sift(struct cpl_storage *storage, struct cpl_pipeline *pipeline, const char *run_id,
                     int64_t now_ms, struct cpl_arena *arena, struct cpl_skipped *skipped,
                     struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &pipeline->sink;
    struct cpl_object_list files;
    struct cpl_log *log = NULL;
    bool from_stdin, dataset = !sink->single_file && strcmp(sink->path, "-") != 0;
    *skipped = (struct cpl_skipped){.n = 0};
    if (!cpl_inputs_list(storage, &pipeline->source, &files, &from_stdin, err))
        return false;
    bool several = files.n > 1;
    bool ok = !several || !dataset || cpl_log_open(storage, sink->path, &log, err);
    struct cpl_replay_run run = {
        .storage = storage, .pipeline = pipeline, .run_id = run_id, .now_ms = now_ms, .log = log};
    if (ok && several && !(log && run_has_landed(log, run_id)))
        ok = sift(&run, &files, &pipeline->source.paths, arena, skipped, err);
    cpl_log_free(log);
    cpl_object_list_release(&files);
    return ok;
}

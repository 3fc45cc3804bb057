/* A replay in the loop: which reject files it takes, where their rows land, and that they land once. */
#include "base/plural.h"
#include "run/loop.h"
#include "run/replay.h"
#include "run/replay_once.h"
#include "run/replay_sift.h"
#include "run/replay_target.h"

#include <string.h>

static void say_skipped(const struct run_state *run, const struct cpl_skipped *skipped)
{
    char text[CPL_COUNTED_TEXT];
    if (skipped->n == 1)
        cpl_run_say(run, "info", "%s was replayed before: it is left out of the %s", skipped->first,
                    cpl_counted(skipped->of, "file", text));
    else if (skipped->n)
        cpl_run_say(
            run, "info", "%llu of the %s were replayed before and are left out; the first is %s",
            (unsigned long long)skipped->n, cpl_counted(skipped->of, "file", text), skipped->first);
}

/* A replay takes what was not replayed before; into one file it lands where nothing is replaced. */
bool cpl_run_prepare_replay(struct run_state *run, struct cpl_run_options *options,
                            struct cpl_pipeline *pipeline, struct cpl_arena *arena,
                            struct cpl_error *err)
{
    const struct cpl_sink_config *sink = &options->pipeline->sink;
    struct cpl_skipped skipped;
    if (!options->pipeline->source.rejects)
        return true;
    *pipeline = *options->pipeline;
    options->pipeline = pipeline;
    if (!cpl_replay_sift(run->storage, pipeline, run->result->run_id, run->now_ms, arena, &skipped,
                         err))
        return false;
    run->result->rejects_skipped = skipped.n;
    say_skipped(run, &skipped);
    return !sink->single_file || !strcmp(sink->path, "-") ||
           cpl_replay_target(run->storage, pipeline, arena, &pipeline->sink.path, err);
}

/* The attempt takes on the reject files, whose rows must not have landed anywhere. */
bool cpl_run_join_replay(struct run_state *run, struct cpl_error *err)
{
    const struct cpl_pipeline *pipeline = run->options->pipeline;
    if (!run->attempt || !pipeline->source.rejects)
        return true;
    struct cpl_replay_run replay = {.storage = run->storage,
                                    .pipeline = pipeline,
                                    .run_id = run->result->run_id,
                                    .now_ms = run->now_ms,
                                    .log = cpl_attempt_log(run->attempt),
                                    .inputs = &run->plan.inputs};
    return (run->once = cpl_replay_once_open(&replay, err)) != NULL &&
           cpl_replay_join(run->attempt, run->storage, pipeline->sink.path, &run->plan.inputs, err);
}

/* A replay that was cut off behind its commit tells now where its rejects lie; whatever hinders that stays as it was. */
void cpl_run_settle_prior_replay(struct run_state *run)
{
    const struct cpl_pipeline *pipeline = run->options->pipeline;
    struct cpl_inputs inputs = {0};
    struct cpl_error why = {0};
    if (!pipeline->source.rejects ||
        !cpl_inputs_open(run->storage, &pipeline->source, &pipeline->limits, run->options->stop,
                         &inputs, &why))
        return;
    struct cpl_replay_run replay = {.storage = run->storage,
                                    .pipeline = pipeline,
                                    .run_id = run->result->run_id,
                                    .now_ms = run->now_ms,
                                    .log = cpl_attempt_log(run->attempt),
                                    .inputs = &inputs};
    cpl_replay_once_free(cpl_replay_once_open(&replay, &why));
    cpl_inputs_release(&inputs);
}

bool cpl_run_claim_replay(struct run_state *run, struct cpl_error *err)
{
    const char *unclaimed = NULL;
    if (run->once && !cpl_replay_once_claim(run->once, &unclaimed, err))
        return false;
    if (unclaimed)
        cpl_run_say(run, "warning",
                    "nothing may be written beside %s: only %s will know that it was replayed",
                    unclaimed, run->options->pipeline->sink.path);
    return true;
}

void cpl_run_note_replay(struct run_state *run)
{
    struct cpl_error why = {0};
    if (run->once && !cpl_replay_once_landed(run->once, &why))
        cpl_run_say(run, "warning",
                    "the rows have landed, but where their rejects lie that could not be noted: %s",
                    why.message);
}

void cpl_run_say_replays_gone(const struct run_state *run)
{
    const struct cpl_replays_beside *replays = cpl_attempt_replays_gone(run->attempt);
    const char *file = run->options->pipeline->sink.path;
    for (size_t i = 0; i < replays->files.n; i++)
        cpl_run_say(run, "warning",
                    "%s was removed: it held rows that a replay repaired of the %s that was "
                    "replaced; what this run rejects can be replayed again",
                    replays->files.items[i], file);
    for (size_t i = 0; i < replays->elsewhere.n; i++)
        cpl_run_say(run, "warning",
                    "rejects of the %s that was replaced were replayed into %s: these rows are "
                    "still there, and may be in the new file, too",
                    file, replays->elsewhere.items[i]);
}

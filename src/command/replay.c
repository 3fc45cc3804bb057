/* `cupel replay REJECTS --pipeline FILE`: rejected rows once more, through a repaired pipeline. */
#include "base/plural.h"
#include "command/outcome.h"
#include "command/settings.h"

#include <string.h>

static const struct cpl_flag replay_flags[] = {
    {.name = "pipeline",
     .letter = 'p',
     .argument = "FILE",
     .summary = "The repaired pipeline; rows land in its sink."},
    {.name = "name",
     .argument = "NAME",
     .summary = "Which of the file's pipelines, when it holds several."},
    {.name = "run-id",
     .argument = "ID",
     .summary = "Name of this run. A run id lands once: run again what was cut off. (A single CSV "
                "or JSON file cannot keep an id, and is written again.)"},
    {.name = "allow-exec", .summary = "Let ${exec:…} in the configuration run programs."},
    {.name = "receipt",
     .argument = "FILE",
     .summary =
         "Write the receipt here: a single file's, or a copy of the one that a dataset keeps."},
    {.name = "force", .letter = 'f', .summary = "Replace the receipt FILE if it is there."},
    {.name = "json", .summary = "Print the result as one JSON object."},
    {.name = NULL},
};

/* The one pipeline meant. */
static struct cpl_pipeline *choose(const struct cpl_config *config, const char *file,
                                   const char *name, struct cpl_error *err)
{
    if (name)
        return cpl_config_find(config, file, name, err);
    if (config->n_pipelines == 1)
        return &config->pipelines[0];
    cpl_fail(err, CPL_E_USAGE, "%s holds %s: say --name, as --name %s", file,
             CPL_COUNTED(config->n_pipelines, "pipeline"), config->pipelines[0].name);
    return NULL;
}

static struct cpl_pipeline *load(struct cpl_settings *settings,
                                 const struct cpl_arguments *arguments, struct cpl_config *config,
                                 struct cpl_error *err)
{
    const char *file = cpl_flag_value(arguments, "pipeline");
    if (!file) {
        cpl_fail(err, CPL_E_USAGE, "say the repaired pipeline: cupel replay %s",
                 arguments->verb->usage);
        return NULL;
    }
    if (!cpl_settings_from_flags(settings, arguments, err))
        return NULL;
    struct cpl_config_env env = {.flags = settings->items,
                                 .allow_exec = cpl_flag_given(arguments, "allow-exec"),
                                 .only = cpl_flag_value(arguments, "name")};
    if (!cpl_config_load(file, &env, config, err)) {
        cpl_settings_name_flag(settings, err);
        return NULL;
    }
    struct cpl_pipeline *pipeline = choose(config, file, cpl_flag_value(arguments, "name"), err);
    if (pipeline) {
        pipeline->source.rejects = true;
        pipeline->source.paths = (struct cpl_strings){.items = arguments->words,
                                                      .n = arguments->n_words};
    }
    return pipeline;
}

static int run_replay(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    struct cpl_console console;
    cpl_console_init(&console, arguments);
    cpl_settings_warn(&console);
    struct cpl_pipeline *pipeline = load(&settings, arguments, &config, &err);
    struct cpl_outcome_options options = cpl_outcome_flags(arguments);
    options.pipeline = pipeline;
    options.settings = &settings;
    int status = pipeline ? cpl_outcome(&console, &options) : cpl_console_fail(&console, &err);
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return status;
}

const struct cpl_verb cpl_verb_replay = {
    .name = "replay",
    .summary = "Land rejected rows through a repaired pipeline, once.",
    .usage = "REJECTS… --pipeline FILE",
    .details = "REJECTS are reject files as a run names them, of a dataset or of a single file. "
               "Their rows' original bytes are read again, in the dialect of the run that rejected "
               "them, but for what FILE says itself; the source need not be there. Repaired rows "
               "come to the others of the sink. Where the sink is one file that is there already, "
               "nothing of it is replaced: they land beside it, in NAME.replay-DIGITS.parquet. "
               "What still cannot be read is rejected again, with its first place. A reject file "
               "is replayed once, whatever the sink: of several (a directory, a pattern) those "
               "that were replayed before are left out, which a line and rejects_skipped in "
               "--json tell; when none is left, the command is refused (exit status 15). Beside "
               "one that is of no dataset, FILE.DIGITS.replayed remembers where its rows went.",
    .examples = "cupel replay lake/orders/_cupel/rejects/20261101T000000Z-00000.parquet --pipeline "
                "orders-fixed.yaml\n"
                "cupel replay lake/orders/_cupel/rejects --pipeline orders-fixed.yaml\n",
    .groups = {{"Replay", replay_flags},
               {"The run", cpl_run_flags},
               {"Messages", cpl_console_flags}},
    .min_words = 1,
    .max_words = -1,
    .run = run_replay,
};

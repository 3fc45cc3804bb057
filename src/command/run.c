/* `cupel run FILE`: every pipeline of a configuration, in order. */
#include "base/plural.h"
#include "base/tree.h"
#include "command/outcome.h"
#include "command/settings.h"

#include <string.h>

static const struct cpl_flag run_flags[] = {
    {.name = "pipeline", .argument = "NAME", .summary = "Only the pipeline of this name."},
    {.name = "run-id",
     .argument = "ID",
     .summary = "Name of this run. A run id lands once: run again what was cut off. (A single CSV "
                "or JSON file cannot keep an id, and is written again.)"},
    {.name = "metadata",
     .argument = "DIR",
     .summary = "A directory of ingestion metadata (*.json), in place of FILE."},
    {.name = "ocs", .argument = "NAME", .summary = "Only the group (ocs_group_name) of this name."},
    {.name = "allow-exec", .summary = "Let ${exec:…} in the configuration run programs."},
    {.name = "keep-going",
     .letter = 'k',
     .summary = "Run the other pipelines after one has failed."},
    {.name = "receipt",
     .argument = "FILE",
     .summary =
         "Write the receipt here: a single file's, or a copy of the one that a dataset keeps."},
    {.name = "force", .letter = 'f', .summary = "Replace the receipt FILE if it is there."},
    {.name = "json", .summary = "Print the result as one JSON object a pipeline."},
    {.name = NULL},
};

static bool load(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                 struct cpl_config *config, struct cpl_error *err)
{
    const char *directory = cpl_flag_value(arguments, "metadata");
    const char *file = directory ? directory : arguments->n_words ? arguments->words[0] : NULL;
    if (!file || (directory && arguments->n_words))
        return cpl_fail(err, CPL_E_USAGE, "say one file, or --metadata DIR: cupel run %s",
                        arguments->verb->usage);
    if (!cpl_settings_from_flags(settings, arguments, err))
        return false;
    struct cpl_config_env env = {.flags = settings->items,
                                 .allow_exec = cpl_flag_given(arguments, "allow-exec"),
                                 .metadata_ocs = cpl_flag_value(arguments, "ocs"),
                                 .only = cpl_flag_value(arguments, "pipeline")};
    if (!cpl_config_load(file, &env, config, err)) {
        cpl_settings_name_flag(settings, err);
        return false;
    }
    if (config->n_pipelines > 1 && cpl_flag_given(arguments, "receipt") &&
        !cpl_flag_given(arguments, "pipeline"))
        return cpl_fail(err, CPL_E_USAGE,
                        "--receipt is the path of one receipt, and %s holds %s: say "
                        "which one runs with --pipeline",
                        file, CPL_COUNTED(config->n_pipelines, "pipeline"));
    const char *name = cpl_flag_value(arguments, "pipeline");
    return !name || cpl_config_find(config, file, name, err);
}

static int run_pipelines(struct cpl_console *console, const struct cpl_arguments *arguments,
                         const struct cpl_config *config, const struct cpl_settings *settings)
{
    const char *only = cpl_flag_value(arguments, "pipeline");
    bool keep_going = cpl_flag_given(arguments, "keep-going");
    int status = 0;
    for (size_t i = 0; i < config->n_pipelines; i++) {
        const struct cpl_pipeline *pipeline = &config->pipelines[i];
        if (only && strcmp(pipeline->name, only) != 0)
            continue;
        struct cpl_outcome_options options = cpl_outcome_flags(arguments);
        options.pipeline = pipeline;
        options.settings = settings;
        if (config->n_pipelines > 1 && !only)
            cpl_console_say(console, "info", "pipeline %s (%zu of %zu)", pipeline->name, i + 1,
                            config->n_pipelines);
        int now = cpl_outcome(console, &options);
        status = status ? status : now;
        bool stopped = now == cpl_code_exit_status(CPL_E_INTERRUPTED);
        if (now && (stopped || !keep_going) && i + 1 < config->n_pipelines && !only)
            cpl_console_say(console, "warning", "%s behind it not run%s",
                            CPL_COUNTED(config->n_pipelines - i - 1, "pipeline"),
                            stopped ? "" : " (--keep-going runs them all the same)");
        if (now && (stopped || !keep_going))
            break;
    }
    return status;
}

static int run_run(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    struct cpl_console console;
    cpl_console_init(&console, arguments);
    cpl_settings_warn(&console);
    int status = load(&settings, arguments, &config, &err)
                     ? run_pipelines(&console, arguments, &config, &settings)
                     : cpl_console_fail(&console, &err);
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return status;
}

const struct cpl_verb cpl_verb_run = {
    .name = "run",
    .summary = "Run the pipelines of a file, in order.",
    .usage = "FILE | --metadata DIR [--ocs NAME]",
    .details =
        "FILE is a pipeline file (YAML or JSON; `cupel describe` lists its keys) or an ingestion "
        "metadata JSON; `-` is standard input. Flags come before the environment, the environment "
        "before the file.\n"
        "A run that was cut off leaves nothing visible: run it again. With the same --run-id it "
        "lands "
        "at most once, however often it is started: datasets know it by their log, single Parquet "
        "files by their footer; single CSV and JSON files cannot know it.",
    .examples = "cupel run orders.yaml\n"
                "cupel run orders.yaml --pipeline returns --set sink.mode=overwrite\n"
                "cupel run --metadata conf/ --ocs sales\n",
    .groups = {{"Which pipelines", run_flags},
               {"The run", cpl_run_flags},
               {"Messages", cpl_console_flags}},
    .min_words = 0,
    .max_words = 1,
    .run = run_run,
};

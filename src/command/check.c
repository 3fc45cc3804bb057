/* `cupel check FILE`: every mistake of a configuration, with its place. */
#include "command/check_plan.h"
#include "command/console.h"
#include "command/settings.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct cpl_flag check_flags[] = {
    {.name = "metadata",
     .argument = "DIR",
     .summary = "A directory of ingestion metadata (*.json), in place of FILE."},
    {.name = "ocs", .argument = "NAME", .summary = "Only the group (ocs_group_name) of this name."},
    {.name = "allow-exec", .summary = "Let ${exec:…} in the configuration run programs."},
    {.name = "plan",
     .summary = "Also open the source, and print what a run would read and write, and how each "
                "type maps."},
    {.name = NULL},
};

/* Prints mistakes as they are found. */
struct printer {
    struct cpl_problems problems; /* must be first */
    struct cpl_console *console;
    const struct cpl_settings *settings;
    enum cpl_code first;
};

static bool print_problem(struct cpl_problems *problems, const struct cpl_error *problem)
{
    struct printer *printer = (struct printer *)problems;
    struct cpl_error named = *problem;
    cpl_settings_name_flag(printer->settings, &named);
    if (printer->first == CPL_E_NONE)
        printer->first = named.code;
    cpl_console_fail(printer->console, &named);
    return true;
}

static bool print_plan(const struct cpl_pipeline *pipeline, struct cpl_error *err)
{
    struct cpl_buffer out = {0};
    bool ok = cpl_check_plan(pipeline, cpl_terminal_width(STDOUT_FILENO),
                             cpl_colour_wanted(STDOUT_FILENO), &out, err) &&
              cpl_print(&out, err);
    cpl_buffer_release(&out);
    return ok;
}

/* The plan of every pipeline, to standard output. One that cannot be made is told of, and the others are. */
static bool print_plans(const struct cpl_config *config, struct cpl_console *console,
                        const char *file, struct cpl_error *err)
{
    size_t failed = 0;
    enum cpl_code first = CPL_E_NONE;
    for (size_t i = 0; i < config->n_pipelines; i++) {
        if (print_plan(&config->pipelines[i], err))
            continue;
        if (config->n_pipelines == 1)
            return false;
        first = failed++ ? first : err->code;
        cpl_console_fail(console, err);
    }
    return !failed || cpl_fail(err, first, "%s: of %s %zu cannot be planned", file,
                               CPL_COUNTED(config->n_pipelines, "pipeline"), failed);
}

static int check_file(struct cpl_console *console, const struct cpl_arguments *arguments,
                      const char *file, struct cpl_settings *settings)
{
    struct cpl_error err = {0};
    struct cpl_config_env env = {.flags = settings->items,
                                 .allow_exec = cpl_flag_given(arguments, "allow-exec"),
                                 .metadata_ocs = cpl_flag_value(arguments, "ocs")};
    struct printer printer = {
        .problems = {.add = print_problem}, .console = console, .settings = settings};
    char text[CPL_COUNTED_TEXT];
    struct cpl_config config;
    if (!cpl_config_check(file, &env, &printer.problems, &config, &err)) {
        if (printer.first != CPL_E_NONE)
            err.code = printer.first;
        return cpl_console_fail(console, &err);
    }
    bool ok = !cpl_flag_given(arguments, "plan") || print_plans(&config, console, file, &err);
    if (ok)
        cpl_console_say(console, "info", "%s: %s, no mistake",
                        strcmp(file, "-") ? file : "standard input",
                        cpl_counted(config.n_pipelines, "pipeline", text));
    cpl_config_release(&config);
    return ok ? 0 : cpl_console_fail(console, &err);
}

static int run_check(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_settings settings = {0};
    struct cpl_console console;
    const char *directory = cpl_flag_value(arguments, "metadata");
    const char *file = directory ? directory : arguments->n_words ? arguments->words[0] : NULL;
    int status;
    cpl_console_init(&console, arguments);
    cpl_settings_warn(&console);
    if (!file || (directory && arguments->n_words)) {
        cpl_fail(&err, CPL_E_USAGE, "say one file, or --metadata DIR: cupel check %s",
                 arguments->verb->usage);
        status = cpl_console_fail(&console, &err);
    } else if (!cpl_settings_from_flags(&settings, arguments, &err)) {
        status = cpl_console_fail(&console, &err);
    } else {
        status = check_file(&console, arguments, file, &settings);
    }
    cpl_settings_release(&settings);
    return status;
}

const struct cpl_verb cpl_verb_check = {
    .name = "check",
    .summary = "Check a pipeline file; with --plan, say what a run would do.",
    .usage = "FILE | --metadata DIR [--ocs NAME]",
    .details =
        "Every mistake is printed with file, line and column, and the nearest right word for a "
        "wrong one. No network; no input is opened, save for --plan.",
    .examples = "cupel check orders.yaml\n"
                "cupel check --plan orders.yaml\n",
    .groups = {{"What to check", check_flags},
               {"The run", cpl_run_flags},
               {"Messages", cpl_console_flags}},
    .max_words = 1,
    .run = run_check,
};

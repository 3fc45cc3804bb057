/* `cupel convert IN… OUT`: one pipeline from the command line's words. */
#include "command/outcome.h"
#include "command/settings.h"
#include "config/components.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct cpl_flag convert_flags[] = {
    {.name = "from",
     .argument = "FORMAT",
     .values = "auto|csv|tsv|json|ndjson|jsonl",
     .summary = "Format of the inputs; default: told by content."},
    {.name = "to",
     .argument = "FORMAT",
     .values = "parquet|csv|tsv|json|ndjson|jsonl",
     .summary = "Format of OUT; default: told by its ending."},
    {.name = "columns",
     .argument = "A,B,…",
     .option = "schema.select",
     .summary = "The columns to keep, in this order."},
    {.name = "type",
     .repeated = true,
     .argument = "COLUMN=TYPE",
     .summary = "Declare a column's type, as `price=decimal(15,2)`. Repeatable."},
    {.name = "compression",
     .argument = "CODEC",
     .suggested = "snappy|zstd|gzip|brotli|lz4_raw|none",
     .option = "sink.parquet.compression",
     .summary = "Parquet's codec: snappy, zstd:3, gzip, brotli, lz4_raw, none."},
    {.name = "partition-by",
     .argument = "A,B,…",
     .option = "sink.partition_by",
     .summary = "One directory a value of these columns (OUT is a directory)."},
    {.name = "force",
     .letter = 'f',
     .summary = "Replace OUT, its rejects and the receipt FILE if they are there."},
    {.name = "receipt",
     .argument = "FILE",
     .summary =
         "Write the receipt here: a single file's (`cupel verify` reads it), or a copy of the "
         "one that a dataset keeps."},
    {.name = "json", .summary = "Print the result as one JSON object."},
    {.name = "run-id",
     .argument = "ID",
     .summary = "Name of this run; the same id lands once. (A single CSV or JSON file cannot keep "
                "an id, and is written again.)"},
    {.name = NULL},
};

/* ---- formats ---- */

static bool ends_with(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length > tail && !strcasecmp(path + length - tail, ending);
}

/* What a format's name or an ending stands for: the component, and its option. */
struct format {
    const char *name, *component, *option;
};
static const struct format formats[] = {
    {"parquet", "parquet", NULL}, {"csv", "csv", NULL},     {"tsv", "csv", "delimiter"},
    {"json", "json", NULL},       {"ndjson", "json", NULL}, {"jsonl", "json", NULL},
    {NULL, NULL, NULL},
};

static const struct format *format_named(const char *name)
{
    const struct format *format = formats;
    while (format->name && strcmp(format->name, name) != 0)
        format++;
    return format->name ? format : NULL;
}

static const struct format *format_of_path(const char *path)
{
    char ending[16];
    for (const struct format *format = formats; format->name; format++) {
        snprintf(ending, sizeof ending, ".%s", format->name);
        if (ends_with(path, ending))
            return format;
    }
    return NULL;
}

static bool add_format(struct cpl_settings *settings, const char *section,
                       const struct format *format, const char *flag, struct cpl_error *err)
{
    char option[64];
    snprintf(option, sizeof option, "%s.format", section);
    if (!cpl_settings_add(settings, option, format->component, flag, err))
        return false;
    snprintf(option, sizeof option, "%s.%s.%s", section, format->component,
             format->option ? format->option : "");
    return !format->option || cpl_settings_add(settings, option, "tab", flag, err);
}

/* ---- OUT ---- */

static bool is_directory(const char *path)
{
    struct stat info;
    return (*path && path[strlen(path) - 1] == '/') ||
           (!stat(path, &info) && S_ISDIR(info.st_mode));
}

/* A dataset's path without the slashes at its end. */
static bool add_path(struct cpl_settings *settings, const char *out, struct cpl_error *err)
{
    size_t length = strlen(out);
    while (length > 1 && out[length - 1] == '/')
        length--;
    const char *path = cpl_arena_strndup(&settings->arena, out, length, err);
    return path && cpl_settings_add(settings, "sink.path", path, "OUT", err);
}

static bool check_encoder(const struct format *format, struct cpl_error *err)
{
    if (cpl_component_find(CPL_COMPONENT_ENCODER, format->component))
        return true;
    return cpl_fail(err, CPL_E_UNSUPPORTED, "this build cannot write %s", format->name);
}

static bool no_format(const char *out, struct cpl_error *err)
{
    if (!strcmp(out, "-"))
        return cpl_fail(err, CPL_E_USAGE,
                        "standard output has no name to tell the format by: say --to csv, "
                        "--to json or --to parquet");
    return cpl_fail(err, CPL_E_USAGE,
                    "%.200s: its ending names no format that can be written; end it with .parquet, "
                    ".csv, .tsv, .json, .ndjson or .jsonl, say --to FORMAT, or end it with / for a "
                    "dataset directory",
                    out);
}

static bool add_out(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                    const char *out, struct cpl_error *err)
{
    const char *to = cpl_flag_value(arguments, "to");
    bool directory = strcmp(out, "-") != 0 && is_directory(out);
    const struct format *format = to ? format_named(to) : directory ? NULL : format_of_path(out);
    if (!format && !directory)
        return no_format(out, err);
    if (format && !check_encoder(format, err))
        return false;
    if (!strcmp(out, "-") && !strcmp(format->component, "parquet") && isatty(STDOUT_FILENO))
        return cpl_fail(err, CPL_E_USAGE,
                        "Parquet is not for a terminal: redirect standard output, or say --to csv");
    bool replace = cpl_flag_given(arguments, "force");
    const char *variable = getenv("CUPEL_SINK_MODE");
    bool mode_is_said = directory && !replace && variable && *variable;
    return add_path(settings, out, err) &&
           cpl_settings_add(settings, "sink.single_file", directory ? "false" : "true", "OUT",
                            err) &&
           (mode_is_said || cpl_settings_add(settings, "sink.mode", replace ? "overwrite" : "error",
                                             "--force", err)) &&
           (!format || add_format(settings, "sink", format, "--to", err));
}

static bool add_in(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                   struct cpl_error *err)
{
    const char *from = cpl_flag_value(arguments, "from");
    const struct format *format = from ? format_named(from) : NULL;
    return cpl_settings_add_list(settings, "source.path", arguments->words, arguments->n_words - 1,
                                 "IN", err) &&
           (!format || add_format(settings, "source", format, "--from", err));
}

static void hint_at_force(struct cpl_error *err)
{
    size_t length = strlen(err->message);
    bool by_force = strstr(err->message, "overwr") != NULL;
    if (err->code == CPL_E_CONFLICT && by_force)
        snprintf(err->message + length, sizeof err->message - length, " (--force replaces it)");
}

static bool load(struct cpl_settings *settings, const struct cpl_arguments *arguments,
                 struct cpl_config *config, struct cpl_error *err)
{
    if (arguments->n_words < 2)
        return cpl_fail(err, CPL_E_USAGE, "`%s` to what? cupel convert IN… OUT",
                        arguments->words[0]);
    return add_in(settings, arguments, err) &&
           add_out(settings, arguments, arguments->words[arguments->n_words - 1], err) &&
           cpl_settings_from_flags(settings, arguments, err) &&
           cpl_settings_load(settings, "convert", config, err);
}

static int run_convert(const struct cpl_arguments *arguments)
{
    struct cpl_error err = {0};
    struct cpl_settings settings = {0};
    struct cpl_config config = {.pipelines = NULL};
    struct cpl_console console;
    int status;
    cpl_console_init(&console, arguments);
    cpl_settings_warn(&console);
    if (!load(&settings, arguments, &config, &err)) {
        status = cpl_console_fail(&console, &err);
        goto out;
    }
    struct cpl_outcome_options options = cpl_outcome_flags(arguments);
    options.pipeline = &config.pipelines[0];
    options.settings = &settings;
    options.explain = hint_at_force;
    if (options.json && !strcmp(options.pipeline->sink.path, "-")) {
        cpl_fail(&err, CPL_E_USAGE, "--json and OUT `-` both want standard output");
        status = cpl_console_fail(&console, &err);
        goto out;
    }
    status = cpl_outcome(&console, &options);
out:
    cpl_config_release(&config);
    cpl_settings_release(&settings);
    return status;
}

const struct cpl_verb cpl_verb_convert = {
    .name = "convert",
    .summary = "Convert files: CSV and JSON to Parquet, CSV or JSON.",
    .usage = "IN… OUT",
    .details =
        "IN are files, directories and globs, or `-` for standard input; `.gz .zst .bz2 .xz .lz4` "
        "are "
        "unpacked by content. Dialect, character set and column types are told from samples, and "
        "the "
        "types are proven on every row: a value that does not fit widens its column, it is never "
        "changed.\n"
        "OUT is one file (its ending names the format; .json, .ndjson and .jsonl alike are NDJSON, "
        "one object a line, and `--set sink.json.layout=array` makes one array), `-` for standard "
        "output, or a directory "
        "(ending in `/`) for a dataset. It appears whole or not at all. Rows that cannot be read "
        "are "
        "kept beside it, with the reason: OUT.rejects.parquet. Directories on the way to OUT that "
        "are not there are made, and named.",
    .examples = "cupel convert orders.csv orders.parquet\n"
                "cupel convert 'logs/*.ndjson.gz' lake/logs/\n"
                "cupel convert --type price='decimal(15,2)' --compression zstd:3 a.csv b.csv "
                "all.parquet\n"
                "zcat big.csv.gz | cupel convert - out.parquet\n"
                "cupel convert data.csv - --to json | head\n",
    .groups = {{"Conversion", convert_flags},
               {"Reading CSV", cpl_csv_flags},
               {"The run", cpl_run_flags},
               {"Messages", cpl_console_flags}},
    .min_words = 1,
    .max_words = -1,
    .run = run_convert,
};

/* The rows of metadata.h. */
#include "config/metadata.h"

#include <string.h>

#define TEXT(struct_name, member, key, words)                                                      \
    {.name = key,                                                                                  \
     .type = CPL_OPTION_STRING,                                                                    \
     .offset = offsetof(struct struct_name, member),                                               \
     .summary = words}
#define NODE(struct_name, member, key, words)                                                      \
    {.name = key,                                                                                  \
     .type = CPL_OPTION_NODE,                                                                      \
     .offset = offsetof(struct struct_name, member),                                               \
     .summary = words}
#define REFUSED "Not run by this version yet: refused unless empty."

const struct cpl_option cpl_metadata_top_options[] = {
    {.name = "ocs_group_name",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_top, group),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The group's name: what --ocs chooses, and the first part of each pipeline's name.",
     .example = "sales"},
    {.name = "source_type",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_top, source_type),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "`fs` (files). `rdbms` and `streaming` are not run by this version yet.",
     .example = "fs",
     .pattern = "(?i)^(fs|rdbms|streaming)$"},
    NODE(cpl_metadata_top, source_config, "source_config", "What all datasets' sources share."),
    {.name = "dataset_config",
     .type = CPL_OPTION_NODE,
     .offset = offsetof(struct cpl_metadata_top, dataset_config),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The datasets: each becomes a pipeline."},
    NODE(cpl_metadata_top, limits, "limits", "As the section `limits` of a pipeline file."),
    TEXT(cpl_metadata_top, description, "description", "For readers; nothing depends on it."),
    TEXT(cpl_metadata_top, version, "version", "For readers; nothing depends on it."),
    NODE(cpl_metadata_top, transformations, "transformations", REFUSED),
    NODE(cpl_metadata_top, quality, "quality", REFUSED),
    NODE(cpl_metadata_top, telemetry, "telemetry", REFUSED),
    {.name = NULL},
};

const struct cpl_option cpl_metadata_source_config_options[] = {
    TEXT(cpl_metadata_source_config, file_format, "file_format",
         "The files' format (csv, json, …); left out: told by content. The format's own options "
         "may stand beside it "
         "(`delimiter`, `header`) or in a map of its name (`csv: {…}`)."),
    TEXT(cpl_metadata_source_config, path, "path",
         "A directory from which the datasets' relative paths start."),
    TEXT(cpl_metadata_source_config, charset, "charset", "As source.charset of a pipeline file."),
    TEXT(cpl_metadata_source_config, encoding, "encoding", "Another word for charset."),
    TEXT(cpl_metadata_source_config, compression, "compression",
         "As source.compression of a pipeline file."),
    TEXT(cpl_metadata_source_config, host, "host",
         "For rdbms and streaming; with fs it must be empty or this machine."),
    TEXT(cpl_metadata_source_config, port, "port", "For rdbms and streaming."),
    TEXT(cpl_metadata_source_config, db_type, "db_type", "For rdbms; with fs it must be empty."),
    TEXT(cpl_metadata_source_config, database, "database", "For rdbms; with fs it must be empty."),
    NODE(cpl_metadata_source_config, sec_config, "sec_config",
         "Credentials for rdbms and streaming; local files need none."),
    {.name = NULL},
};

const struct cpl_option cpl_metadata_sec_config_options[] = {
    {.name = "user",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_sec_config, user),
     .flags = CPL_OPTION_SECRET,
     .summary = "The user's name."},
    {.name = "password",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_sec_config, password),
     .flags = CPL_OPTION_SECRET,
     .summary = "Better `${file:/run/secrets/x}` than the password itself."},
    {.name = NULL},
};

const struct cpl_option cpl_metadata_dataset_options[] = {
    {.name = "source",
     .type = CPL_OPTION_NODE,
     .offset = offsetof(struct cpl_metadata_dataset, source),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What is read."},
    {.name = "destination",
     .type = CPL_OPTION_NODE,
     .offset = offsetof(struct cpl_metadata_dataset, destination),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "What is written."},
    NODE(cpl_metadata_dataset, transformations, "transformations", REFUSED),
    NODE(cpl_metadata_dataset, quality, "quality", REFUSED),
    NODE(cpl_metadata_dataset, telemetry, "telemetry", REFUSED),
    TEXT(cpl_metadata_dataset, description, "description", "For readers; nothing depends on it."),
    {.name = NULL},
};

const struct cpl_option cpl_metadata_source_options[] = {
    {.name = "name",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_source, name),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The dataset's name; no two of a group may differ by letters' case alone.",
     .example = "orders"},
    {.name = "path",
     .type = CPL_OPTION_NODE,
     .offset = offsetof(struct cpl_metadata_source, path),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "File, directory or glob, one or a list, as source.path of a pipeline file.",
     .example = "/data/in/orders/*.csv"},
    {.name = "primary_key",
     .type = CPL_OPTION_STRINGS,
     .offset = offsetof(struct cpl_metadata_source, primary_key),
     .summary = "Names of features. Checked to exist; whether they are unique is not checked by "
                "this version."},
    NODE(cpl_metadata_source, features, "features",
         "The columns to keep, in order, each with name and dtype; left out: all, with inferred "
         "types."),
    TEXT(cpl_metadata_source, file_format, "file_format", "Overrides source_config.file_format."),
    TEXT(cpl_metadata_source, charset, "charset", "Overrides source_config.charset."),
    TEXT(cpl_metadata_source, encoding, "encoding", "Another word for charset."),
    TEXT(cpl_metadata_source, compression, "compression", "Overrides source_config.compression."),
    TEXT(cpl_metadata_source, description, "description", "For readers; nothing depends on it."),
    {.name = NULL},
};

const struct cpl_option cpl_metadata_feature_options[] = {
    {.name = "name",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_feature, name),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The column's name."},
    {.name = "dtype",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_feature, dtype),
     .summary = "int integer bigint float double string text datetime timestamp date decimal(p,s) "
                "boolean, or any "
                "type of a pipeline file; left out: inferred.",
     .example = "decimal(15,2)",
     .pattern = CPL_TYPE_PATTERN "|^$"},
    {.name = "nullable",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_metadata_feature, nullable),
     .default_text = "true",
     .summary = "Whether it may be null; false: a row without a value is rejected."},
    {.name = "primary_key",
     .type = CPL_OPTION_BOOL,
     .offset = offsetof(struct cpl_metadata_feature, primary_key),
     .default_text = "false",
     .summary = "For readers; uniqueness is not checked by this version."},
    TEXT(cpl_metadata_feature, description, "description", "For readers; nothing depends on it."),
    {.name = NULL},
};

const struct cpl_option cpl_metadata_destination_options[] = {
    TEXT(cpl_metadata_destination, name, "name",
         "The file's name without its ending; left out: the source's name."),
    {.name = "path",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_metadata_destination, path),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The directory: `<path>/<name>.parquet`, or dated folders in it.",
     .example = "/data/lake/sales"},
    NODE(cpl_metadata_destination, features, "features",
         "Names, or name and dtype: which of the source's features are written, and in which "
         "order; left out: all."),
    TEXT(cpl_metadata_destination, file_format, "file_format",
         "parquet (default), csv or json. The format's own options may stand beside it "
         "(`compression`) or in "
         "a map of its name (`parquet: {…}`)."),
    {.name = "output",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_metadata_destination, output),
     .values = "file|dated",
     .default_text = "file",
     .summary = "`file`: one file, replaced by each run. `dated`: "
                "`<path>/ingest_date=YYYY-MM-DD/part-*`."},
    {.name = "dated",
     .type = CPL_OPTION_ENUM,
     .offset = offsetof(struct cpl_metadata_destination, dated),
     .values = "none|ingest_date|run_date",
     .default_text = "none",
     .summary = "The name of the dated folders; given, it implies `output: dated`."},
    NODE(cpl_metadata_destination, keep, "keep", "As sink.keep of a pipeline file."),
    NODE(cpl_metadata_destination, mode, "mode", "As sink.mode of a pipeline file."),
    NODE(cpl_metadata_destination, partition_by, "partition_by",
         "As sink.partition_by of a pipeline file; needs dated folders."),
    NODE(cpl_metadata_destination, target_file_size, "target_file_size",
         "As sink.target_file_size of a pipeline file."),
    TEXT(cpl_metadata_destination, description, "description",
         "For readers; nothing depends on it."),
    {.name = NULL},
};

const char *cpl_metadata_type(const char *dtype, struct cpl_arena *arena, struct cpl_error *err)
{
    static const struct {
        const char *dtype, *type;
    } types[] = {
        {"int", "int32"},   {"integer", "int32"},          {"bigint", "int64"},
        {"float", "float"}, {"double", "double"},          {"string", "string"},
        {"text", "string"}, {"datetime", "timestamp(us)"}, {"timestamp", "timestamp(us)"},
        {"date", "date"},   {"boolean", "boolean"},        {"bool", "boolean"},
    };
    char *text = cpl_arena_strndup(arena, dtype, strlen(dtype), err);
    for (char *c = text; c && *c && *c != '<'; c++) /* names inside struct<…> keep their case */
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    for (size_t i = 0; text && i < sizeof types / sizeof *types; i++)
        if (!strcmp(text, types[i].dtype))
            return types[i].type;
    return text;
}

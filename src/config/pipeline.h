/* A pipeline, resolved: what a configuration of any dialect becomes before anything runs.
 *
 * config/ makes it (pipeline YAML/JSON, ingestion metadata JSON, or the flags of `cupel convert`),
 * run/ executes it. Everything hangs in one arena; secrets appear only where a component needs
 * them. Sections that no component runs yet are refused while parsing, with their word and place.
 */
#pragma once
#include "base/option.h"
#include "base/tree.h"
#include "batch/schema.h"
#include "quality/grade.h"
#include "transform/transform.h"

enum cpl_sink_mode {
    CPL_MODE_APPEND,
    CPL_MODE_OVERWRITE,
    CPL_MODE_OVERWRITE_PARTITIONS,
    CPL_MODE_ERROR
};
enum cpl_reject_policy { CPL_REJECT_KEEP, CPL_REJECT_FAIL, CPL_REJECT_LIMIT };
/* Columns whose types differ from those that rows in the dataset have. */
enum cpl_type_change { CPL_TYPE_CHANGE_REFUSE, CPL_TYPE_CHANGE_WARN };
enum cpl_widen_policy { CPL_WIDEN, CPL_WIDEN_REJECT, CPL_WIDEN_FAIL };

struct cpl_source_config {    /* section `source` */
    struct cpl_strings paths; /* files, directories, globs; "-" = standard input */
    const char *format;       /* "auto" "csv" "json" … */
    const char *charset;      /* "auto" or an IANA name */
    const char *compression;  /* "auto" "none" "gzip" … */
    bool rejects; /* paths are reject files: their rows' bytes are read again (replay) */
    const struct cpl_node
        *format_options; /* member named as the format: `csv: {delimiter: ";"}`; NULL = none */
};
struct cpl_schema_config {             /* section `schema` */
    const struct cpl_schema *declared; /* columns with declared types, or NULL. A column of kind
                                          STRING named without a type has `untyped` set */
    const bool *untyped;               /* per declared column: type is to be inferred */
    const char *const *formats;        /* per declared column: how its dates are written, or NULL */
    struct cpl_strings columns;        /* keep these, in this order; n == 0 = all (set by --columns,
                                          `columns:` and features) */
    bool only_declared; /* undeclared columns of the input are left out (metadata dialect) */
    bool decimals;      /* infer decimals (default true) */
    enum cpl_widen_policy on_type_conflict;
};
struct cpl_sink_config { /* section `sink` */
    const char *path;   /* a directory (dataset), one file for single_file, "-" = standard output */
    const char *format; /* "parquet" "csv" "json" */
    const struct cpl_node *format_options; /* `parquet: {compression: zstd:3}` */
    struct cpl_strings partition_by;       /* columns, or year(c) month(c) day(c) hour(c) */
    bool single_file;                      /* exactly one output file at `path` */
    const char
        *dated; /* "ingest_date" / "run_date": a dated folder of that name below path, or NULL */
    int64_t keep_ms; /* retention of dated folders; 0 = for ever */
    uint64_t target_file_size;
    enum cpl_sink_mode mode;
    enum cpl_type_change on_type_change;
    int64_t max_open_partitions;
    const char *file_name; /* stem of data files; default "part" */
};
struct cpl_limits_config { /* section `limits` */
    uint64_t memory;       /* default 224 MiB */
    int64_t threads;       /* 0 = the machine's */
    struct cpl_strings allowed_paths;
    uint64_t max_row_bytes, max_field_bytes;
    int64_t max_columns, max_depth;
    uint64_t max_expansion_ratio;
    uint64_t spill; /* bytes that a pipe may spill to disk; default 64 GiB */
    enum cpl_reject_policy on_reject;
    int64_t reject_limit_rows; /* -1 = none */
    double reject_limit_share; /* 0..1; < 0 = none */
};
/* How a row's grade is told: in a column, by the folder its file lies in, or not at all. */
enum cpl_grade_output { CPL_GRADE_IN_COLUMN, CPL_GRADE_IN_FOLDER, CPL_GRADE_NOT_TOLD };
/* What a row that is bronze keeps of the source. */
enum cpl_original { CPL_ORIGINAL_NONE, CPL_ORIGINAL_BYTES, CPL_ORIGINAL_PLACE };
struct cpl_quality_config { /* section `quality` */
    bool graded;            /* there is such a section */
    struct cpl_grading_config grading;
    enum cpl_grade_output grade;
    enum cpl_original original;
};
struct cpl_transform_spec {
    const struct cpl_transform_ops *ops;
    const void *options;
    const char *id; /* given, or kind and number */
    const struct cpl_node *node;
};
struct cpl_transform_config { /* section `transform` */
    const struct cpl_transform_spec *steps;
    size_t n;
};
struct cpl_pipeline {
    const char *name;            /* explicit or the file's stem; [A-Za-z0-9_.-]+ */
    const char *dialect;         /* "pipeline" "metadata" "command line" */
    const struct cpl_node *root; /* for messages */
    struct cpl_source_config source;
    struct cpl_schema_config schema;
    struct cpl_transform_config transform;
    struct cpl_quality_config quality;
    struct cpl_sink_config sink;
    struct cpl_limits_config limits;
    char config_hash[40]; /* "xxh3:…" over the resolved configuration, secrets left out */
};
struct cpl_config { /* what one file (or command line) holds */
    struct cpl_arena arena;
    struct cpl_pipeline *pipelines;
    size_t n_pipelines;
};
struct cpl_config_env { /* where values may come from */
    const char *const
        *flags; /* "sink.path=/x" overrides (flag > environment > file); NULL-terminated, or NULL */
    bool allow_exec;          /* ${exec:…} */
    const char *metadata_ocs; /* with a metadata directory: the group wanted; NULL = all */
    const char
        *only; /* the one pipeline that will run; NULL = all: then no two may write one file */
    bool kept; /* the text is cpl_config_keep's: no variables, no environment */
};
/* The pipeline of that name; USAGE, with the nearest, when `file` has none. */
struct cpl_pipeline *cpl_config_find(const struct cpl_config *config, const char *file,
                                     const char *name, struct cpl_error *err) CPL_CHECKED;
struct cpl_storage;
/* Storage within the pipeline's approved roots; free with cpl_storage_free. */
struct cpl_storage *cpl_pipeline_storage(const struct cpl_pipeline *pipeline,
                                         struct cpl_error *err) CPL_CHECKED;
/* A pipeline file or metadata JSON, by content. No network, no input is opened. */
bool cpl_config_load(const char *path, const struct cpl_config_env *env, struct cpl_config *config,
                     struct cpl_error *err) CPL_CHECKED;
bool cpl_config_parse(const char *text, size_t length, const char *name,
                      const struct cpl_config_env *env, struct cpl_config *config,
                      struct cpl_error *err) CPL_CHECKED;
/* As cpl_config_load, but every mistake is handed to `problems`; true when there was none. Else *err
 * counts them, and nothing is loaded. */
bool cpl_config_check(const char *path, const struct cpl_config_env *env,
                      struct cpl_problems *problems, struct cpl_config *config,
                      struct cpl_error *err) CPL_CHECKED;
void cpl_config_release(struct cpl_config *config);
/* The first variable of the environment from index *at on whose name looks like one that overrides an option
 * but is none: "CUPEL_LIMITS_THREDS", and the nearest that is, or the flag that does ("--set source.csv.trim"), both in
 * `arena`. False at the end. */
bool cpl_config_stray_variable(size_t *at, struct cpl_arena *arena, const char **name,
                               const char **nearest);
/* The resolved configuration as member `key`, from which cpl_config_take makes the same pipeline again; null when it needs a
 * secret, which is not kept. */
void cpl_config_keep(const struct cpl_pipeline *pipeline, const char *key,
                     struct cpl_json_writer *json);
/* From the tree of what was kept, which must live as long as the configuration. */
bool cpl_config_take(struct cpl_node *kept, struct cpl_config *config,
                     struct cpl_error *err) CPL_CHECKED;
/* One pipeline from a command line's words, with all defaults; the caller then fills in paths. */
bool cpl_config_default(const char *name, struct cpl_config *config,
                        struct cpl_error *err) CPL_CHECKED;
/* As cpl_config_default, with the flags of `env` applied: a command's own words said as "sink.parquet.compression=zstd:3". */
bool cpl_config_command(const char *name, const struct cpl_config_env *env,
                        struct cpl_config *config, struct cpl_error *err) CPL_CHECKED;

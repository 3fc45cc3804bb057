/* The sections' own keys. A key is declared here once; see sections.h. */
#include "config/sections.h"
#include "decode/stream.h"

#include <string.h>

#define IN_SOURCE(member)  .offset = offsetof(struct cpl_source_section, member)
#define IN_SCHEMA(member)  .offset = offsetof(struct cpl_schema_section, member)
#define IN_SINK(member)    .offset = offsetof(struct cpl_sink_section, member)
#define IN_LIMITS(member)  .offset = offsetof(struct cpl_limits_section, member)
#define IN_COLUMN(member)  .offset = offsetof(struct cpl_column_section, member)
#define IN_QUALITY(member) .offset = offsetof(struct cpl_quality_section, member)
#define IN_RULE(member)    .offset = offsetof(struct cpl_rule_item, member)
#define IN_TOP(member)     .offset = offsetof(struct cpl_top_section, member)

static bool check_charset(const char *text, struct cpl_error *why)
{
    return !strcmp(text, "auto") || cpl_charset_check(text, why);
}

const struct cpl_option cpl_top_options[] = {
    {.name = "name",
     .type = CPL_OPTION_STRING,
     IN_TOP(name),
     .summary = "The pipeline's name: letters, digits, `_`, `-` and `.`. Default: the file's name "
                "without its "
                "ending. Required when a file holds several pipelines.",
     .example = "orders"},
    {.name = "source",
     .type = CPL_OPTION_NODE,
     IN_TOP(sections[CPL_SECTION_SOURCE]),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Where rows come from."},
    {.name = "schema",
     .type = CPL_OPTION_NODE,
     IN_TOP(sections[CPL_SECTION_SCHEMA]),
     .summary = "Which columns there are, and of which types. Left out: inferred, and proven on "
                "every row."},
    {.name = "transform",
     .type = CPL_OPTION_NODE,
     IN_TOP(transform),
     .summary = "What is done with rows before they are graded and land: a list of steps, each a "
                "transform with its options."},
    {.name = "quality",
     .type = CPL_OPTION_NODE,
     IN_TOP(sections[CPL_SECTION_QUALITY]),
     .summary = "What rows must be, and how they are graded: gold, silver, bronze or rejected."},
    {.name = "sink",
     .type = CPL_OPTION_NODE,
     IN_TOP(sections[CPL_SECTION_SINK]),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Where rows land."},
    {.name = "limits",
     .type = CPL_OPTION_NODE,
     IN_TOP(sections[CPL_SECTION_LIMITS]),
     .summary = "Memory, threads, approved directories, and how much may be rejected."},
    {.name = "telemetry",
     .type = CPL_OPTION_NODE,
     IN_TOP(telemetry),
     .flags = CPL_OPTION_ADVANCED,
     .summary = "Not run by this version yet: a file that has one is refused."},
    {.name = NULL},
};

static const struct cpl_option source_options[] = {
    {.name = "type",
     .type = CPL_OPTION_ENUM,
     IN_SOURCE(type),
     .values = "file",
     .default_text = "file",
     .summary = "The kind of source."},
    {.name = "path",
     .type = CPL_OPTION_STRINGS,
     IN_SOURCE(config.paths),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "Files, directories (with all below them but names that begin with `_` or `.`) "
                "and globs (`*` `?` `[a-z]` `{a,b}` `**`, as a shell's: they leave out names with "
                "`.` in front, only; but `**` enters no directory with `_` in front), one or a "
                "list; `-` is standard input. A file that is meant "
                "twice is read once. A relative path starts where cupel is started.",
     .example = "data/orders-*.csv"},
    {.name = "format",
     .type = CPL_OPTION_STRING,
     IN_SOURCE(config.format),
     .default_text = "auto",
     .summary =
         "How the bytes are read; `auto` tells by content, or by which format's options are given. "
         "What is no text (an archive, an image, an HTML page …) is refused.",
     .example = "csv"},
    {.name = "charset",
     .type = CPL_OPTION_STRING,
     IN_SOURCE(config.charset),
     .default_text = "auto",
     .check = check_charset,
     .summary = "An IANA name, or `auto`: by byte order mark, then by content.",
     .example = "windows-1252"},
    {.name = "compression",
     .type = CPL_OPTION_ENUM,
     IN_SOURCE(compression),
     .values = "auto|none|gzip|zstd|bzip2|xz|lz4",
     .default_text = "auto",
     .summary = "How the files are compressed; `auto` tells by content, never by name."},
    {.name = NULL},
};

static const struct cpl_option schema_options[] = {
    {.name = "columns",
     .type = CPL_OPTION_NODE,
     IN_SCHEMA(columns),
     .summary = "As a map, the types of the columns named: the others are inferred and kept. As a "
                "list of names "
                "(or of maps with `name`), the columns to keep, in this order.",
     .example = "{id: int64, price: \"decimal(15,2)\", day: date}"},
    {.name = "select",
     .type = CPL_OPTION_STRINGS,
     IN_SCHEMA(select),
     .set_offset = offsetof(struct cpl_schema_section, select_set),
     .summary = "The columns to keep, in this order; left out: all.",
     .example = "[id, price]"},
    {.name = "only_declared",
     .type = CPL_OPTION_BOOL,
     IN_SCHEMA(config.only_declared),
     .default_text = "false",
     .summary = "Leave out columns of the input that `columns` does not name."},
    {.name = "decimals",
     .type = CPL_OPTION_BOOL,
     IN_SCHEMA(config.decimals),
     .default_text = "true",
     .summary = "Infer decimals for numbers with a point; false: doubles where they lose nothing."},
    {.name = "on_type_conflict",
     .type = CPL_OPTION_ENUM,
     IN_SCHEMA(on_type_conflict),
     .values = "widen|reject|fail",
     .default_text = "widen",
     .summary = "What happens to a value that does not fit its column's inferred type: the column "
                "widens, the row "
                "is rejected, or the run fails. Where the column does not widen, its type is what "
                "the inputs' first rows have: in CSV nearly all of them (nine in ten, or all but "
                "one), in JSON all."},
    {.name = NULL},
};

const struct cpl_option cpl_column_options[] = {
    {.name = "name",
     .type = CPL_OPTION_STRING,
     IN_COLUMN(name),
     .summary = "The column's name, in a list of columns.",
     .example = "price"},
    {.name = "type",
     .type = CPL_OPTION_STRING,
     IN_COLUMN(type),
     .summary = "Its type; left out: inferred.",
     .example = "decimal(15,2)",
     .pattern = CPL_TYPE_PATTERN},
    {.name = "format",
     .type = CPL_OPTION_STRING,
     IN_COLUMN(format),
     .summary =
         "How dates, times or timestamps are written in this column of CSV, or in strings of "
         "JSON: %Y %y %m %d %H %I %M %S %f %p %b %B %z %j and literal text. Left out: as the "
         "source's options say, else ISO 8601.",
     .example = "%d.%m.%Y"},
    {.name = "nullable",
     .type = CPL_OPTION_BOOL,
     IN_COLUMN(nullable),
     .default_text = "true",
     .summary = "Whether it may be null; false: a row without a value is rejected."},
    {.name = "field_id",
     .type = CPL_OPTION_INT,
     IN_COLUMN(field_id),
     .default_text = "-1",
     .min = -1,
     .max = INT32_MAX,
     .flags = CPL_OPTION_ADVANCED,
     .summary = "Parquet's field id; -1 is none."},
    {.name = NULL},
};

static const struct cpl_option sink_options[] = {
    {.name = "type",
     .type = CPL_OPTION_ENUM,
     IN_SINK(type),
     .values = "files",
     .default_text = "files",
     .summary = "The kind of sink."},
    {.name = "path",
     .type = CPL_OPTION_STRING,
     IN_SINK(config.path),
     .flags = CPL_OPTION_REQUIRED,
     .summary = "The dataset's directory, or one file: a name that ends as the format's files do "
                "is a file. `-` "
                "is standard output. A relative path starts where cupel is started.",
     .example = "lake/orders"},
    {.name = "format",
     .type = CPL_OPTION_STRING,
     IN_SINK(config.format),
     .default_text = "auto",
     .summary = "What is written; `auto`: by which format's options are given, by the ending of "
                "`path`, else "
                "parquet.",
     .example = "parquet"},
    {.name = "partition_by",
     .type = CPL_OPTION_STRINGS,
     IN_SINK(config.partition_by),
     .summary =
         "Columns, or `year(c)` `month(c)` `day(c)` `hour(c)` of a date or timestamp column: one "
         "directory a value, as Hive names them (`country=DE/ordered_at_month=2026-11`). A column "
         "that makes a directory is left out of the files.",
     .example = "[country, month(ordered_at)]"},
    {.name = "single_file",
     .type = CPL_OPTION_BOOL,
     IN_SINK(config.single_file),
     .set_offset = offsetof(struct cpl_sink_section, single_file_set),
     .summary = "Exactly one file, at `path`. Default: whether `path` ends as the format's files "
                "do, or is `-`."},
    {.name = "dated",
     .type = CPL_OPTION_ENUM,
     IN_SINK(dated),
     .values = "none|ingest_date|run_date",
     .default_text = "none",
     .summary = "Put the files into a folder of the run's date (UTC) below `path`, as "
                "`ingest_date=2026-11-01`."},
    {.name = "keep",
     .type = CPL_OPTION_DURATION,
     IN_SINK(config.keep_ms),
     .default_text = "0",
     .summary = "How long dated folders are kept; 0 is for ever. Needs `dated`.",
     .example = "30d"},
    {.name = "target_file_size",
     .type = CPL_OPTION_SIZE,
     IN_SINK(config.target_file_size),
     .default_text = "512MiB",
     .min = 1 << 16,
     .max = INT64_MAX,
     .summary = "How large data files are, about: the next one begins where this one is nearest to "
                "it, and row groups are half of it where they would be larger. The last file (of a "
                "partition, of a run) is what is left."},
    {.name = "mode",
     .type = CPL_OPTION_ENUM,
     IN_SINK(mode),
     .set_offset = offsetof(struct cpl_sink_section, mode_set),
     .values = "append|overwrite|overwrite_partitions|error",
     .default_text = "append",
     .summary = "What happens to what is there: kept, replaced, replaced in the partitions written "
                "to, or the "
                "run fails. Default for a single file: overwrite."},
    {.name = "on_type_change",
     .type = CPL_OPTION_ENUM,
     IN_SINK(on_type_change),
     .values = "refuse|warn",
     .default_text = "refuse",
     .summary =
         "Parquet rows that come to others take the types of the columns that are there. A value "
         "or "
         "a declared type that these do not fit: the run fails before anything lands, or the types "
         "of the files differ and the run warns."},
    {.name = "max_open_partitions",
     .type = CPL_OPTION_INT,
     IN_SINK(config.max_open_partitions),
     .default_text = "10000",
     .min = 1,
     .max = 1000000,
     .flags = CPL_OPTION_ADVANCED,
     .summary = "The run fails when its rows fall into more partitions."},
    {.name = "file_name",
     .type = CPL_OPTION_STRING,
     IN_SINK(config.file_name),
     .default_text = "part",
     .flags = CPL_OPTION_ADVANCED,
     .summary = "How the names of data files begin."},
    {.name = NULL},
};

static const struct cpl_option limits_options[] = {
    {.name = "memory",
     .type = CPL_OPTION_SIZE,
     IN_LIMITS(config.memory),
     .default_text = "224MiB",
     .min = 32 << 20,
     .max = INT64_MAX,
     .summary =
         "What the run may hold in memory. It slows a run down; it never changes what is written. "
         "Inputs "
         "of 32 MiB and more take 32MiB with up to 10 columns, 41MiB with 100, 66MiB with 1,000; a "
         "run that needs more than it may have says how much."},
    {.name = "threads",
     .type = CPL_OPTION_INT,
     IN_LIMITS(config.threads),
     .default_text = "0",
     .min = 0,
     .max = 1024,
     .summary =
         "Worker threads; 0 is as many as the machine has. It never changes what is written."},
    {.name = "allowed_paths",
     .type = CPL_OPTION_STRINGS,
     IN_LIMITS(config.allowed_paths),
     .summary =
         "Approved directories: no data outside them is read or written, symlinks and `..` "
         "resolved. What must be put down for the time of a run goes into files without a name in "
         "`TMPDIR`. Left out: anywhere.",
     .example = "[/data/in, /data/lake]"},
    {.name = "max_row_bytes",
     .type = CPL_OPTION_SIZE,
     IN_LIMITS(config.max_row_bytes),
     .default_text = "4MiB",
     .min = 1,
     .max = 1 << 30,
     .summary = "A longer row is rejected."},
    {.name = "max_field_bytes",
     .type = CPL_OPTION_SIZE,
     IN_LIMITS(config.max_field_bytes),
     .default_text = "4MiB",
     .min = 1,
     .max = 1 << 30,
     .summary = "A row with a longer field (of CSV; a string, number or key of JSON) is rejected."},
    {.name = "max_columns",
     .type = CPL_OPTION_INT,
     IN_LIMITS(config.max_columns),
     .default_text = "20000",
     .min = 1,
     .max = 1000000,
     .summary = "Inputs with more columns are refused."},
    {.name = "max_depth",
     .type = CPL_OPTION_INT,
     IN_LIMITS(config.max_depth),
     .default_text = "128",
     .min = 1,
     .max = 1024,
     .summary = "How deep values may be nested."},
    {.name = "max_expansion_ratio",
     .type = CPL_OPTION_INT,
     IN_LIMITS(config.max_expansion_ratio),
     .default_text = "1000",
     .min = 1,
     .max = INT32_MAX,
     .summary = "How many times its size a compressed input may become (after the first 64 MiB)."},
    {.name = "spill",
     .type = CPL_OPTION_SIZE,
     IN_LIMITS(config.spill),
     .default_text = "64GiB",
     .summary =
         "How much of a pipe may be put on disk, so that it can be read again should a type have "
         "to widen; of a longer one nothing is kept, and widening fails."},
    {.name = "on_reject",
     .type = CPL_OPTION_STRING,
     IN_LIMITS(on_reject),
     .default_text = "keep",
     .summary =
         "What rejected rows do to the run: `keep` them aside and go on, `fail` at the first, or "
         "`limit(100)`, `limit(0.5%)` (or `100`, `0.5%`): fail when there are more.",
     .example = "limit(1%)",
     .pattern = "^(keep|fail|limit[(][0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?%?[)]|"
                "[0-9]+([.][0-9]+)?%?)$"},
    {.name = NULL},
};

static const struct cpl_option quality_options[] = {
    {.name = "rules",
     .type = CPL_OPTION_NODE,
     IN_QUALITY(rules),
     .summary = "What a row must be: a list of rules, each a kind with its options."},
    {.name = "weights",
     .type = CPL_OPTION_NODE,
     IN_QUALITY(weights),
     .summary = "How much each metric counts in a row's score."},
    {.name = "thresholds",
     .type = CPL_OPTION_NODE,
     IN_QUALITY(thresholds),
     .summary = "The least score of each grade."},
    {.name = "grade",
     .type = CPL_OPTION_ENUM,
     IN_QUALITY(grade),
     .values = "column|folder|none",
     .default_text = "column",
     .summary = "How a row's grade is told: in a `column` called _grade, by a `folder` for each "
                "grade (`_grade=gold`), or not at all."},
    {.name = "original",
     .type = CPL_OPTION_ENUM,
     IN_QUALITY(original),
     .values = "none|bytes|place",
     .default_text = "none",
     .summary =
         "What a bronze row keeps of the source: its `bytes` in a column _raw, or the `place` "
         "where it stands (_object, _position, _length)."},
    {.name = NULL},
};
const struct cpl_option cpl_rule_item_options[] = {
    {.name = "id",
     .type = CPL_OPTION_STRING,
     IN_RULE(id),
     .summary = "The rule's name in counts, rejects and receipts. Default: its kind and column."},
    {.name = "severity",
     .type = CPL_OPTION_ENUM,
     IN_RULE(severity),
     .values = "reject|bronze|silver|warn",
     .default_text = "silver",
     .summary = "The best grade of a row that breaks the rule; `warn` counts it, and lowers the "
                "score alone."},
    {.name = "message",
     .type = CPL_OPTION_STRING,
     IN_RULE(message),
     .summary = "What people are told of a row that breaks it. Default: the values, and what they "
                "are not."},
    {.name = "metric",
     .type = CPL_OPTION_ENUM,
     IN_RULE(metric),
     .set_offset = offsetof(struct cpl_rule_item, metric_set),
     .values = "completeness|accuracy|timeliness|schema_compliance|consistency",
     .default_text = "completeness",
     .summary = "The metric to which it belongs. Left out: its kind's."},
    {.name = "weight",
     .type = CPL_OPTION_DOUBLE,
     IN_RULE(weight),
     .default_text = "1",
     .summary = "How much it counts within its metric; 0: not at all."},
    {.name = NULL},
};
const struct cpl_option cpl_transform_item_options[] = {
    {.name = "id",
     .type = CPL_OPTION_STRING,
     .offset = offsetof(struct cpl_transform_item, id),
     .summary = "The step's name in counts and messages. Default: its kind and number."},
    {.name = NULL},
};
#define WEIGHT(metric, index, words)                                                               \
    {.name = metric,                                                                               \
     .type = CPL_OPTION_DOUBLE,                                                                    \
     .offset = (index) * sizeof(double),                                                           \
     .default_text = "1",                                                                          \
     .summary = words}
const struct cpl_option cpl_weight_options[] = {
    WEIGHT("completeness", CPL_METRIC_COMPLETENESS, "Values that must stand there, do."),
    WEIGHT("accuracy", CPL_METRIC_ACCURACY, "Values are what such values can be."),
    WEIGHT("timeliness", CPL_METRIC_TIMELINESS, "Rows are as new as is expected."),
    WEIGHT("schema_compliance", CPL_METRIC_COMPLIANCE, "Values are of the types that were agreed."),
    WEIGHT("consistency", CPL_METRIC_CONSISTENCY, "Values agree with each other."),
    {.name = NULL},
};
#undef WEIGHT
const struct cpl_option cpl_threshold_options[] = {
    {.name = "gold",
     .type = CPL_OPTION_DOUBLE,
     .offset = 0,
     .default_text = "0.95",
     .summary = "The least score of a gold row."},
    {.name = "silver",
     .type = CPL_OPTION_DOUBLE,
     .offset = sizeof(double),
     .default_text = "0.8",
     .summary = "The least score of a silver row; below it, a row is bronze."},
    {.name = NULL},
};

static const struct {
    const char *name;
    const struct cpl_option *rows;
    size_t size, formats_offset;
    enum cpl_component_kind formats;
} sections[CPL_SECTION_COUNT] = {
    [CPL_SECTION_SOURCE] = {.name = "source",
                            .rows = source_options,
                            .size = sizeof(struct cpl_source_section),
                            .formats_offset = offsetof(struct cpl_source_section, formats),
                            .formats = CPL_COMPONENT_DECODER},
    [CPL_SECTION_SCHEMA] = {.name = "schema",
                            .rows = schema_options,
                            .size = sizeof(struct cpl_schema_section),
                            .formats = CPL_COMPONENT_KIND_COUNT},
    [CPL_SECTION_QUALITY] = {.name = "quality",
                             .rows = quality_options,
                             .size = sizeof(struct cpl_quality_section),
                             .formats = CPL_COMPONENT_KIND_COUNT},
    [CPL_SECTION_SINK] = {.name = "sink",
                          .rows = sink_options,
                          .size = sizeof(struct cpl_sink_section),
                          .formats_offset = offsetof(struct cpl_sink_section, formats),
                          .formats = CPL_COMPONENT_ENCODER},
    [CPL_SECTION_LIMITS] = {.name = "limits",
                            .rows = limits_options,
                            .size = sizeof(struct cpl_limits_section),
                            .formats = CPL_COMPONENT_KIND_COUNT},
};

const char *cpl_section_name(enum cpl_section section)
{
    return sections[section].name;
}
size_t cpl_section_size(enum cpl_section section)
{
    return sections[section].size;
}
enum cpl_component_kind cpl_section_formats(enum cpl_section section)
{
    return sections[section].formats;
}

enum cpl_section cpl_section_find(const char *name, size_t length)
{
    int section = 0;
    while (section < CPL_SECTION_COUNT && (strlen(sections[section].name) != length ||
                                           memcmp(sections[section].name, name, length)))
        section++;
    return (enum cpl_section)section;
}

static size_t count_rows(const struct cpl_option *rows)
{
    size_t n = 0;
    while (rows[n].name)
        n++;
    return n;
}

/* Rows for the format keys behind `table`; they point into the section's `formats`. */
static size_t add_formats(enum cpl_section section, struct cpl_option *table, size_t n)
{
    size_t format = 0;
    for (const struct cpl_component *row = cpl_components(); row->name; row++) {
        if (row->kind != sections[section].formats || format == CPL_MOST_FORMATS)
            continue;
        table[n++] = (struct cpl_option){
            .name = row->name,
            .type = CPL_OPTION_NODE,
            .offset = sections[section].formats_offset + format++ * sizeof(struct cpl_node *),
            .summary = row->summary,
        };
    }
    return n;
}

const struct cpl_option *cpl_section_table(enum cpl_section section, bool required,
                                           struct cpl_arena *arena, struct cpl_error *err)
{
    size_t n = count_rows(sections[section].rows);
    struct cpl_option *table = cpl_arena_alloc(arena, (n + CPL_MOST_FORMATS + 1) * sizeof *table,
                                               err);
    if (!table)
        return NULL;
    memcpy(table, sections[section].rows, n * sizeof *table);
    for (size_t i = 0; !required && i < n; i++)
        table[i].flags &= ~CPL_OPTION_REQUIRED;
    n = add_formats(section, table, n);
    table[n] = (struct cpl_option){.name = NULL};
    return table;
}

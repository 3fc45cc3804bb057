/* The keys of a pipeline file's sections, as option tables: what is parsed, described and put into
 * the JSON Schema.
 *
 * `source` and `sink` have a key more for each format that this build knows (`csv: {…}`), so their
 * tables are made from fixed rows and the registry's. Threads: tables are read-only once made. */
#pragma once
#include "config/components.h"
#include "config/pipeline.h"

enum cpl_section {
    CPL_SECTION_SOURCE,
    CPL_SECTION_SCHEMA,
    CPL_SECTION_QUALITY,
    CPL_SECTION_SINK,
    CPL_SECTION_LIMITS,
    CPL_SECTION_COUNT
};
enum { CPL_MOST_FORMATS = 24 };

/* What the rows of each section fill; pipeline.h's structs are their first members. */
struct cpl_source_section {
    struct cpl_source_config config;
    int type, compression;
    const struct cpl_node *formats[CPL_MOST_FORMATS]; /* in the registry's order of decoders */
};
struct cpl_schema_section {
    struct cpl_schema_config config;
    const struct cpl_node *columns;
    struct cpl_strings select;
    int on_type_conflict;
    bool select_set;
};
struct cpl_sink_section {
    struct cpl_sink_config config;
    int type, dated, mode, on_type_change;
    bool mode_set, single_file_set;
    const struct cpl_node *formats[CPL_MOST_FORMATS]; /* in the registry's order of encoders */
};
struct cpl_limits_section {
    struct cpl_limits_config config;
    const char *on_reject;
};
struct cpl_quality_section {
    struct cpl_quality_config config;
    int grade, original;
    const struct cpl_node *rules, *weights, *thresholds;
};
/* What may stand beside a rule's kind: `- {range: {…}, id: …, severity: …}`. */
struct cpl_rule_item {
    const char *id, *message;
    int severity, metric;
    bool metric_set;
    double weight;
};
/* What may stand beside a transform's kind. */
struct cpl_transform_item {
    const char *id;
};
/* One column of `schema.columns` in its long form. */
struct cpl_column_section {
    const char *name, *type, *format;
    bool nullable;
    int64_t field_id;
};
/* The file's top level. */
struct cpl_top_section {
    const char *name;
    const struct cpl_node *sections[CPL_SECTION_COUNT];
    const struct cpl_node *transform, *telemetry;
};
extern const struct cpl_option cpl_column_options[], cpl_top_options[];
extern const struct cpl_option cpl_rule_item_options[], cpl_transform_item_options[],
    cpl_weight_options[], cpl_threshold_options[];

const char *cpl_section_name(enum cpl_section section);
/* SECTION_COUNT when there is none of that name. */
enum cpl_section cpl_section_find(const char *name, size_t length);
size_t cpl_section_size(enum cpl_section section);
/* The section's rows, format keys included, in `arena`. `required` false takes the REQUIRED flags
 * off. */
const struct cpl_option *cpl_section_table(enum cpl_section section, bool required,
                                           struct cpl_arena *arena,
                                           struct cpl_error *err) CPL_CHECKED;
/* The kind of component whose names are format keys of the section; KIND_COUNT = none. */
enum cpl_component_kind cpl_section_formats(enum cpl_section section);

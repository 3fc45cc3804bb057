/* The keys of ingestion metadata JSON, level by level, as option tables: read by
 * dialect_metadata.c, printed by describe. */
#pragma once
#include "config/load.h"

struct cpl_metadata_top {
    const char *group, *source_type, *description, *version;
    const struct cpl_node *source_config, *dataset_config, *limits;
    const struct cpl_node *transformations, *quality, *telemetry;
};
struct cpl_metadata_source_config {
    const char *file_format, *path, *charset, *encoding, *compression;
    const char *host, *port, *db_type, *database;
    const struct cpl_node *sec_config;
};
struct cpl_metadata_sec_config {
    const char *user, *password;
};
struct cpl_metadata_dataset {
    const struct cpl_node *source, *destination, *transformations, *quality, *telemetry;
    const char *description;
};
struct cpl_metadata_source {
    const char *name, *file_format, *charset, *encoding, *compression, *description;
    struct cpl_strings primary_key;
    const struct cpl_node *path, *features;
};
struct cpl_metadata_feature {
    const char *name, *dtype, *description;
    bool nullable, primary_key;
};
struct cpl_metadata_destination {
    const char *name, *path, *file_format, *description;
    const struct cpl_node *features, *partition_by, *mode, *keep, *target_file_size;
    int output, dated;
};
extern const struct cpl_option cpl_metadata_top_options[], cpl_metadata_source_config_options[],
    cpl_metadata_sec_config_options[], cpl_metadata_dataset_options[],
    cpl_metadata_source_options[], cpl_metadata_feature_options[],
    cpl_metadata_destination_options[];
/* The notation of schema.h for a dtype ("int" → "int32", "datetime" → "timestamp(us)"), in the
 * arena. */
const char *cpl_metadata_type(const char *dtype, struct cpl_arena *arena, struct cpl_error *err);

/* metadata_features.c: the features of a dataset as the node of a section `schema`; *schema is NULL when there are none. */
struct cpl_metadata_columns {
    const struct cpl_node *source, *destination; /* lists of features */
    const struct cpl_strings *primary_key;
    const struct cpl_node *primary_key_place, *origin;
};
bool cpl_load_features(struct cpl_loading *loading, const struct cpl_metadata_columns *wanted,
                       struct cpl_node **schema) CPL_CHECKED;

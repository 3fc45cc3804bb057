/* What this build can do, said from the option tables alone: `cupel describe`, JSON Schemas, reference pages.
 *
 * Nothing here is written by hand that a table knows; so docs/reference and the schemas cannot go stale unseen
 * (tools/generate --check). Every function appends to `out`. Output is a function of the build. */
#pragma once
#include "config/components.h"

enum cpl_dialect { CPL_DIALECT_PIPELINE, CPL_DIALECT_METADATA };
enum cpl_reference {
    CPL_REFERENCE_PIPELINE,
    CPL_REFERENCE_METADATA,
    CPL_REFERENCE_ERRORS,
    CPL_REFERENCE_EXPRESSIONS
};

/* For people. `word` NULL = everything; else a section ("sink"), a component ("csv"), or both ("source.csv").
 * An unknown word is a USAGE error with the nearest. */
bool cpl_describe_text(const char *word, struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* For programs: sections, metadata levels, components with their options, errors. */
bool cpl_describe_json(struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* JSON Schema, draft 2020-12, of one dialect's files. */
bool cpl_describe_schema(enum cpl_dialect dialect, struct cpl_buffer *out,
                         struct cpl_error *err) CPL_CHECKED;
/* Markdown: docs/reference/{pipeline,metadata,errors,expressions}.md. */
bool cpl_describe_reference(enum cpl_reference page, struct cpl_buffer *out,
                            struct cpl_error *err) CPL_CHECKED;

/* ---- what the generators share: described.c ---- */

/* One table and where it stands: "source", "source.csv", "dataset_config[].source". */
struct cpl_described {
    const char *path, *summary;
    const struct cpl_option *options;
    const struct cpl_component *component; /* NULL = a section */
};
struct cpl_described_list {
    struct cpl_described *items;
    size_t n;
};
/* The pipeline file's top, its sections, and each format's options behind its section. In `arena`. */
bool cpl_described_pipeline(struct cpl_arena *arena, struct cpl_described_list *list,
                            struct cpl_error *err) CPL_CHECKED;
bool cpl_described_metadata(struct cpl_arena *arena, struct cpl_described_list *list,
                            struct cpl_error *err) CPL_CHECKED;
/* "integer", "size", "one of a, b" … into `text`. */
const char *cpl_option_type_text(const struct cpl_option *option, char *text, size_t size);
/* "1 … 22", "at least 1", or "" when there is no range. */
const char *cpl_option_range_text(const struct cpl_option *option, char *text, size_t size);
/* CUPEL_SINK_PATH; "" when the option has no variable. */
const char *cpl_option_variable(const char *section, const struct cpl_option *option, char *text,
                                size_t size);
